/* SPDX-License-Identifier: MIT */
/*
 * What every change promises when storage misbehaves and when requests are sent twice. A backend that wraps the tested one
 * and fails on demand stands in for a network that does.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <shop/sys/storage.h>

#include "support.h"

/* ------------------------------------------------------------------------------------------------ a backend that fails on demand */

static const shop_storage_vtable *inner;
static int fail_times; /* so many calls of apply fail from now on … */
static int32_t fail_with; /* … with this outcome … */
static int apply_before_fail; /* … after doing the work all the same */
static int apply_calls;
static void (*before_apply)(void); /* somebody who is faster; once */
static void (*before_query)(void); /* likewise, after so many queries */
static int queries_before_it;
static int comes_late; /* a batch that failed arrives all the same, after the next one */
static const shop_op_list *late_list;
static int32_t late_outcome;

static int32_t faulty_open(const char *url, const shop_schema *schema, const shop_storage_host *host, void **self,
                           shop_fault *fault)
{
    const char *real = strchr(url, ':') + 1;
    inner = shop_storage_find(real);
    return inner->open(real, schema, host, self, fault);
}

static void faulty_close(void *self)
{
    inner->close(self);
}

static int32_t faulty_query(void *self, const shop_storage_call *call, const shop_read *reads, uint32_t count, shop_rows *rows,
                            shop_fault *fault)
{
    if (before_query && queries_before_it-- == 0) {
        void (*faster)(void) = before_query;
        before_query = NULL;
        faster();
    }
    return inner->query(self, call, reads, count, rows, fault);
}

static int32_t faulty_apply(void *self, const shop_storage_call *call, const shop_op_list *list, shop_fault *fault)
{
    apply_calls++;
    if (before_apply) {
        void (*faster)(void) = before_apply;
        before_apply = NULL;
        faster();
    }
    if (fail_times == 0) {
        int32_t outcome = inner->apply(self, call, list, fault);
        if (late_list)
            late_outcome = inner->apply(self, call, late_list, NULL);
        late_list = NULL;
        return outcome;
    }
    fail_times--;
    if (comes_late) {
        static shop_op_list kept;
        kept = *list;
        late_list = &kept;
    }
    if (apply_before_fail)
        cr_assert_eq(inner->apply(self, call, list, fault), SHOP_STORAGE_OK);
    fault->outcome = fail_with;
    return fail_with;
}

static int32_t faulty_allocate(void *self, uint32_t table, uint32_t count, int64_t *first, shop_fault *fault)
{
    return inner->allocate(self, table, count, first, fault);
}

static int32_t faulty_ping(void *self, shop_fault *fault)
{
    return inner->ping(self, fault);
}

static const shop_storage_vtable faulty = {
    .struct_size = sizeof faulty,
    .version = SHOP_STORAGE_VERSION,
    .capabilities =
        SHOP_CAN_ORDER | SHOP_CAN_MATCH | SHOP_CAN_AGGREGATE | SHOP_CAN_IN_READ | SHOP_CAN_RANK | SHOP_MAY_LOSE_LINK,
    .name = "faulty",
    .open = faulty_open,
    .close = faulty_close,
    .query = faulty_query,
    .apply = faulty_apply,
    .allocate = faulty_allocate,
    .ping = faulty_ping,
};

/* ------------------------------------------------------------------------------------------------ the shop over it */

static shop *s;
static shop_ctx *cx;

static void open_shop(void)
{
    static char url[160];
    shop_options options;
    test_options(&options);
    snprintf(url, sizeof url, "faulty:%s", options.database);
    options.database = url;
    cr_assert_eq(shop_storage_register(&faulty), SHOP_OK);
    s = test_shop_open_with(&options);
    cx = test_ctx(s, SHOP_ACTOR_SYSTEM);
    fail_times = 0;
    apply_before_fail = 0;
    apply_calls = 0;
}

static void close_shop(void)
{
    shop_ctx_free(cx);
    test_shop_close(s);
}

TestSuite(change, .init = open_shop, .fini = close_shop, .timeout = 60);

static shop_status make(shop_ctx *with, const char *slug, const shop_category **out)
{
    shop_category_input in = SHOP_CATEGORY_INPUT_INIT;
    in.name = slug;
    in.slug = slug;
    return shop_category_create(with, &in, out);
}

static int64_t categories(void)
{
    shop_category_filter filter = SHOP_CATEGORY_FILTER_INIT;
    const shop_page *page = NULL;
    cr_assert_eq(shop_category_list(cx, &filter, &page), SHOP_OK);
    return shop_page_total(page);
}

static void fail_next(int times, int32_t outcome, int after_the_work)
{
    fail_times = times;
    fail_with = outcome;
    apply_before_fail = after_the_work;
}

/* ------------------------------------------------------------------------------------------------ failing storage */

Test(change, a_backend_without_a_required_slot_or_with_a_taken_name_is_refused)
{
    shop_storage_vtable broken = faulty;
    broken.name = "broken";
    broken.apply = NULL;
    cr_assert_eq(shop_storage_register(&broken), SHOP_INVALID);
    broken = faulty;
    cr_assert_eq(shop_storage_register(&broken), SHOP_INVALID);
    broken.name = "sqlite";
    cr_assert_eq(shop_storage_register(&broken), SHOP_INVALID);
    broken.name = "newer";
    broken.version = SHOP_STORAGE_VERSION + 1;
    cr_assert_eq(shop_storage_register(&broken), SHOP_INVALID);
}

Test(change, a_conflict_is_tried_again_until_it_succeeds)
{
    const shop_category *c;
    fail_next(3, SHOP_STORAGE_CONFLICT, 0);
    cr_assert_eq(make(cx, "a", &c), SHOP_OK);
    cr_assert_eq(apply_calls, 4);
    cr_assert_eq(categories(), 1);
}

Test(change, endless_conflicts_end_as_busy_with_nothing_changed)
{
    const shop_category *c;
    fail_next(1000, SHOP_STORAGE_CONFLICT, 0);
    cr_assert_eq(make(cx, "a", &c), SHOP_BUSY);
    cr_assert_eq(shop_ctx_error_retryable(cx), 1);
    cr_assert_leq(apply_calls, 100);
    fail_next(0, 0, 0);
    cr_assert_eq(categories(), 0);
}

Test(change, unavailable_storage_is_told_and_not_hammered)
{
    const shop_category *c;
    fail_next(1, SHOP_STORAGE_UNAVAILABLE, 0);
    cr_assert_eq(make(cx, "a", &c), SHOP_UNAVAILABLE);
    cr_assert_str_eq(shop_ctx_error_code(cx), "storage_unavailable");
    cr_assert_eq(apply_calls, 1);
    cr_assert_eq(make(cx, "a", &c), SHOP_OK, "the same request succeeds later");
}

Test(change, a_lost_commit_that_happened_is_recognised_and_not_repeated)
{
    const shop_category *c = NULL;
    fail_next(1, SHOP_STORAGE_UNKNOWN, 1);
    cr_assert_eq(make(cx, "a", &c), SHOP_OK);
    cr_assert_str_eq(shop_category_slug(c), "a");
    cr_assert_eq(apply_calls, 2, "the batch, and the question whether it happened");
    cr_assert_eq(categories(), 1);
}

Test(change, a_lost_commit_that_did_not_happen_is_made_again)
{
    const shop_category *c;
    fail_next(1, SHOP_STORAGE_UNKNOWN, 0);
    cr_assert_eq(make(cx, "a", &c), SHOP_OK);
    cr_assert_eq(apply_calls, 3);
    cr_assert_eq(categories(), 1);
}

Test(change, a_lost_commit_that_was_found_not_to_have_happened_does_not_happen_later)
{
    const shop_category *c;
    fail_next(1, SHOP_STORAGE_UNKNOWN, 0);
    comes_late = 1;
    cr_assert_eq(make(cx, "a", &c), SHOP_OK);
    cr_assert_eq(apply_calls, 3, "the batch, the question, the batch again");
    cr_assert_eq(late_outcome, SHOP_STORAGE_UNIQUE, "it came between the last two, and only its mark was in its way");
    cr_assert_eq(categories(), 1);
}

Test(change, of_a_lost_commit_that_nobody_can_ask_about_nothing_is_said)
{
    const shop_category *c;
    fail_next(2, SHOP_STORAGE_UNKNOWN, 0);
    cr_assert_eq(make(cx, "a", &c), SHOP_UNAVAILABLE);
    cr_assert_str_eq(shop_ctx_error_code(cx), "outcome_unknown");
    cr_assert_eq(apply_calls, 2);
    cr_assert_eq(make(cx, "a", &c), SHOP_OK);
}

static void somebody_takes_a(void)
{
    shop_ctx *other = test_ctx(s, SHOP_ACTOR_SYSTEM);
    const shop_category *c;
    cr_assert_eq(make(other, "a", &c), SHOP_OK);
    shop_ctx_free(other);
}

Test(change, who_loses_a_race_decides_again_from_fresh_reads)
{
    const shop_category *c;
    before_apply = somebody_takes_a;
    cr_assert_eq(make(cx, "a", &c), SHOP_INVALID);
    cr_assert_str_eq(shop_ctx_error_field(cx, 0), "slug");
    cr_assert_eq(categories(), 1);
}

/* ------------------------------------------------------------------------------------------------ sent twice */

static shop_status make_with_key(shop_ctx *with, const char *key, const char *slug, const shop_category **out)
{
    cr_assert_eq(shop_ctx_set_idempotency_key(with, key, slug, strlen(slug)), SHOP_OK);
    return make(with, slug, out);
}

static const char *json_of(const shop_category *c)
{
    const char *json = NULL;
    size_t length;
    cr_assert_eq(shop_to_json(cx, shop_type_find("category"), c, &json, &length), SHOP_OK);
    return json;
}

Test(change, the_same_request_gets_the_first_answer_byte_for_byte)
{
    const shop_category *c;
    cr_assert_eq(make_with_key(cx, "k1", "a", &c), SHOP_OK);
    cr_assert_eq(shop_ctx_replayed(cx), 0);
    const char *first = json_of(c);
    cr_assert_eq(make_with_key(cx, "k1", "a", &c), SHOP_OK);
    cr_assert_eq(shop_ctx_replayed(cx), 1);
    cr_assert_str_eq(json_of(c), first);
    cr_assert_eq(categories(), 1);
}

Test(change, a_key_belongs_to_one_request_and_one_actor)
{
    const shop_category *c;
    cr_assert_eq(make_with_key(cx, "k1", "a", &c), SHOP_OK);
    cr_assert_eq(make_with_key(cx, "k1", "b", &c), SHOP_KEY_REUSED);
    shop_ctx *other = test_ctx(s, test_user(s, "other@example.com", 1));
    cr_assert_eq(make_with_key(other, "k1", "b", &c), SHOP_OK);
    shop_ctx_free(other);
    cr_assert_eq(categories(), 2);
}

Test(change, a_key_serves_one_change_only)
{
    const shop_category *c;
    cr_assert_eq(make_with_key(cx, "k1", "a", &c), SHOP_OK);
    cr_assert_eq(make(cx, "b", &c), SHOP_OK, "the key is used up");
    cr_assert_eq(shop_ctx_replayed(cx), 0);
    cr_assert_eq(categories(), 2);
}

Test(change, a_request_that_changed_nothing_leaves_no_key)
{
    const shop_category *c;
    cr_assert_eq(make(cx, "a", &c), SHOP_OK);
    cr_assert_eq(make_with_key(cx, "k1", "a", &c), SHOP_INVALID);
    fail_next(1, SHOP_STORAGE_UNAVAILABLE, 0);
    cr_assert_eq(make_with_key(cx, "k1", "b", &c), SHOP_UNAVAILABLE);
    cr_assert_eq(make_with_key(cx, "k1", "b", &c), SHOP_OK);
    cr_assert_eq(shop_ctx_replayed(cx), 0);
}

static void the_same_request_wins(void)
{
    shop_ctx *other = test_ctx(s, SHOP_ACTOR_SYSTEM);
    const shop_category *c;
    cr_assert_eq(make_with_key(other, "k1", "a", &c), SHOP_OK);
    shop_ctx_free(other);
}

Test(change, of_two_equal_requests_at_once_one_makes_the_change_and_both_get_its_answer)
{
    const shop_category *c = NULL;
    before_apply = the_same_request_wins;
    cr_assert_eq(make_with_key(cx, "k1", "a", &c), SHOP_OK, "%s", shop_ctx_error_detail(cx));
    cr_assert_eq(shop_ctx_replayed(cx), 1);
    cr_assert_str_eq(shop_category_slug(c), "a");
    cr_assert_eq(categories(), 1);
}

Test(change, a_failure_that_the_same_request_caused_by_being_faster_is_answered_with_its_answer)
{
    const shop_category *c = NULL;
    before_query = the_same_request_wins;
    queries_before_it = 1; /* after the look for the key, before the reads of the attempt */
    cr_assert_eq(make_with_key(cx, "k1", "a", &c), SHOP_OK, "%s", shop_ctx_error_detail(cx));
    cr_assert_eq(shop_ctx_replayed(cx), 1);
    cr_assert_str_eq(shop_category_slug(c), "a");
    cr_assert_eq(categories(), 1);
}

Test(change, a_key_is_forgotten_after_its_time_and_can_be_used_again)
{
    const shop_category *c;
    cr_assert_eq(make_with_key(cx, "k1", "a", &c), SHOP_OK);
    test_clock_advance(INT64_C(24) * 3600 * 1000000 - 1);
    cr_assert_eq(make_with_key(cx, "k1", "b", &c), SHOP_KEY_REUSED);
    test_clock_advance(1);
    cr_assert_eq(make_with_key(cx, "k1", "b", &c), SHOP_OK);
    cr_assert_eq(shop_ctx_replayed(cx), 0);
    cr_assert_eq(categories(), 2);
}

Test(change, a_key_must_be_visible_ascii_of_at_most_255_characters)
{
    char key[257];
    memset(key, 'k', sizeof key);
    key[256] = '\0';
    cr_assert_eq(shop_ctx_set_idempotency_key(cx, key, "", 0), SHOP_INVALID);
    key[255] = '\0';
    cr_assert_eq(shop_ctx_set_idempotency_key(cx, key, "", 0), SHOP_OK);
    cr_assert_eq(shop_ctx_set_idempotency_key(cx, "", "", 0), SHOP_INVALID);
    cr_assert_eq(shop_ctx_set_idempotency_key(cx, "a b", "", 0), SHOP_INVALID);
    cr_assert_eq(shop_ctx_set_idempotency_key(cx, "\xc3\xa9", "", 0), SHOP_INVALID);
}

/* ------------------------------------------------------------------------------------------------ memory that runs out */

static int allocations_left;

static void *failing_malloc(size_t size)
{
    return allocations_left-- == 0 ? NULL : malloc(size);
}

static void *failing_realloc(void *p, size_t size)
{
    return allocations_left-- == 0 ? NULL : realloc(p, size);
}

/* A product with a long text: the context needs more memory than it began with. */
static shop_status make_product(shop_ctx *with, int number, int64_t category)
{
    static char description[10001];
    char slug[16];
    for (size_t i = 0; i < sizeof description - 1; i++)
        description[i] = i % 6 == 5 ? ' ' : (char)('a' + i % 26);
    snprintf(slug, sizeof slug, "p%d", number);
    shop_product_input in = SHOP_PRODUCT_INPUT_INIT;
    in.name = slug;
    in.slug = slug;
    in.description = description;
    in.price = 1;
    in.stock_quantity = 1;
    in.category_id = category;
    const shop_product *p;
    return shop_product_create(with, &in, &p);
}

static int64_t products(void)
{
    shop_product_filter filter = SHOP_PRODUCT_FILTER_INIT;
    const shop_page *page = NULL;
    cr_assert_eq(shop_product_list(cx, &filter, &page), SHOP_OK);
    return shop_page_total(page);
}

Test(change, an_allocation_that_fails_anywhere_is_a_clean_error_and_nothing_is_half_done)
{
    const shop_category *category;
    cr_assert_eq(make(cx, "a", &category), SHOP_OK);
    int64_t category_id = shop_category_id(category);
    cr_assert_eq(shop_set_allocator(failing_malloc, failing_realloc, free), SHOP_OK);
    int failed = 0;
    for (int n = 0; n < 200; n++) {
        allocations_left = -1;
        shop_ctx_reset(cx);
        shop_ctx_set_actor(cx, SHOP_ACTOR_SYSTEM);
        shop_ctx *fresh = test_ctx(s, SHOP_ACTOR_SYSTEM);
        int64_t before = products();
        allocations_left = n;
        shop_status status = make_product(fresh, n, category_id);
        int ran_out = allocations_left < 0;
        allocations_left = -1;
        cr_assert_eq(products(), before + (status == SHOP_OK), "allocation %d", n);
        cr_assert(status == SHOP_OK || status == SHOP_NO_MEMORY || status == SHOP_UNAVAILABLE, "allocation %d: %d", n,
                  (int)status);
        failed += ran_out;
        shop_ctx_free(fresh);
        if (!ran_out)
            break;
    }
    cr_assert_gt(failed, 0, "the test made none fail");
    cr_assert_eq(shop_set_allocator(malloc, realloc, free), SHOP_OK);
}
