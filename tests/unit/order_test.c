/* SPDX-License-Identifier: MIT */
/* What orders promise: all or nothing, stock never sold twice nor lost, statuses that move once and only where they may. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "../../libshop/order/order_parts.h"
#include "support.h"

#define SECOND INT64_C(1000000)
#define ORDER_TTL 1800

static shop *s;
static shop_ctx *system_cx;
static shop_ctx *cx; /* ann's */
static shop_ctx *staff_cx; /* sue's */
static int64_t ann;
static int64_t category;

static void open_with_ttl(int64_t ttl)
{
    shop_options options;
    test_options(&options);
    options.order_ttl = ttl;
    s = test_shop_open_with(&options);
    system_cx = test_ctx(s, SHOP_ACTOR_SYSTEM);
    ann = test_user(s, "ann@example.com", 0);
    cx = test_ctx(s, ann);
    staff_cx = test_ctx(s, test_user(s, "sue@example.com", 1));
    shop_category_input in = SHOP_CATEGORY_INPUT_INIT;
    in.name = "Cups";
    in.slug = "cups";
    const shop_category *made;
    cr_assert_eq(shop_category_create(system_cx, &in, &made), SHOP_OK, "%s", shop_ctx_error_detail(system_cx));
    category = shop_category_id(made);
}

static void open_shop(void)
{
    open_with_ttl(ORDER_TTL);
}

static void close_shop(void)
{
    shop_ctx_free(cx);
    shop_ctx_free(staff_cx);
    shop_ctx_free(system_cx);
    test_shop_close(s);
}

TestSuite(order, .init = open_shop, .fini = close_shop);

/* ------------------------------------------------------------------------------------------------ doing things */

static int64_t make_product(const char *slug, int64_t price, int64_t stock)
{
    char name[64];
    (void)snprintf(name, sizeof name, "a %s", slug);
    shop_product_input in = SHOP_PRODUCT_INPUT_INIT;
    in.name = name;
    in.slug = slug;
    in.description = "";
    in.price = price;
    in.stock_quantity = stock;
    in.category_id = category;
    const shop_product *made;
    cr_assert_eq(shop_product_create(system_cx, &in, &made), SHOP_OK, "%s", shop_ctx_error_detail(system_cx));
    return shop_product_id(made);
}

static void change_product(const char *slug, const shop_product_input *in)
{
    const shop_product *changed;
    cr_assert_eq(shop_product_update(system_cx, slug, in, 0, &changed), SHOP_OK, "%s", shop_ctx_error_detail(system_cx));
}

static int64_t stock(const char *slug)
{
    const shop_product *product;
    cr_assert_eq(shop_product_get(system_cx, slug, &product), SHOP_OK, "%s", shop_ctx_error_detail(system_cx));
    return shop_product_stock_quantity(product);
}

static void add(shop_ctx *c, int64_t product, int64_t quantity)
{
    cr_assert_eq(shop_cart_add(c, product, quantity, NULL), SHOP_OK, "%s", shop_ctx_error_detail(c));
}

static int64_t pieces_in_cart(shop_ctx *c)
{
    const shop_cart *cart;
    cr_assert_eq(shop_cart_get(c, &cart), SHOP_OK);
    return shop_cart_total_items(cart);
}

static shop_status try_place(shop_ctx *c, const shop_order **order)
{
    shop_order_input in = SHOP_ORDER_INPUT_INIT;
    in.shipping_address = "1 Main Street";
    return shop_order_place(c, &in, order);
}

static const shop_order *place(shop_ctx *c)
{
    const shop_order *order = NULL;
    cr_assert_eq(try_place(c, &order), SHOP_OK, "%s", shop_ctx_error_detail(c));
    return order;
}

static int64_t place_one(int64_t product, int64_t quantity)
{
    add(cx, product, quantity);
    return shop_order_id(place(cx));
}

static const shop_order *get(int64_t id)
{
    const shop_order *order = NULL;
    cr_assert_eq(shop_order_get(system_cx, id, &order), SHOP_OK, "%s", shop_ctx_error_detail(system_cx));
    return order;
}

static const char *status_of(int64_t id)
{
    return shop_order_status(get(id));
}

static void set_status(int64_t id, const char *status)
{
    cr_assert_eq(shop_order_set_status(staff_cx, id, status, NULL), SHOP_OK, "%s", shop_ctx_error_detail(staff_cx));
}

static const char *order_json(shop_ctx *c, const shop_order *order)
{
    const char *json;
    size_t length;
    cr_assert_eq(shop_order_to_json(c, order, &json, &length), SHOP_OK);
    return json;
}

static void refused(const shop_ctx *c, shop_status got, shop_status wanted, const char *code)
{
    cr_assert_eq(got, wanted, "%s instead of %s: %s", shop_status_name(got), shop_status_name(wanted),
                 shop_ctx_error_detail(c));
    cr_assert_str_eq(shop_ctx_error_code(c), code);
}

/* A payment as the payment domain would have made it. */
typedef struct payment_row {
    int64_t id;
    int64_t order;
    const char *status;
} payment_row;

static shop_status insert_payment(shop_ctx *c, void *args, shop_batch *b, const void **answer)
{
    payment_row *row = args;
    (void)answer;
    row->id = shop_new_id(c, TABLE_PAYMENT);
    shop_batch_insert(b, TABLE_PAYMENT, row->id);
    shop_set_int(b, PAYMENT_ORDER, row->order);
    shop_set_int(b, PAYMENT_USER, ann);
    shop_set_text(b, PAYMENT_STATUS, row->status);
    shop_set_int(b, PAYMENT_AMOUNT, 100);
    shop_set_int(b, PAYMENT_REFUNDED, 0);
    shop_set_text(b, PAYMENT_CURRENCY, "usd");
    shop_set_text(b, PAYMENT_GATEWAY_KEY, "key");
    shop_set_text(b, PAYMENT_FAILURE_MESSAGE, "");
    shop_set_int(b, PAYMENT_VERSION, 1);
    shop_set_int(b, PAYMENT_CREATED_AT, shop_now(s));
    shop_set_int(b, PAYMENT_UPDATED_AT, shop_now(s));
    return SHOP_OK;
}

static shop_status update_payment(shop_ctx *c, void *args, shop_batch *b, const void **answer)
{
    const payment_row *row = args;
    (void)c;
    (void)answer;
    shop_batch_update(b, TABLE_PAYMENT, 1);
    shop_set_text(b, PAYMENT_STATUS, row->status);
    shop_guard_int(b, PAYMENT_ID, SHOP_PRED_EQ, row->id);
    return SHOP_OK;
}

static payment_row make_payment(int64_t order, const char *status)
{
    payment_row row = {.order = order, .status = status};
    cr_assert_eq(shop_change_step(system_cx, insert_payment, &row), SHOP_OK, "%s", shop_ctx_error_detail(system_cx));
    return row;
}

static int64_t expire(void)
{
    int64_t done = -1;
    cr_assert_eq(shop_order_expire(system_cx, 100, &done), SHOP_OK, "%s", shop_ctx_error_detail(system_cx));
    return done;
}

/* ------------------------------------------------------------------------------------------------ placing */

Test(order, json_is_exactly_the_contracts)
{
    int64_t mug = make_product("mug", 999, 5);
    add(cx, mug, 2);
    test_clock_advance(SECOND);
    const shop_order *order = place(cx);
    char expected[700];
    (void)snprintf(
        expected, sizeof expected,
        "{\"id\":%lld,\"user\":%lld,\"status\":\"pending\",\"shipping_address\":\"1 Main Street\",\"items\":[{\"id\":%lld,"
        "\"product\":{\"id\":%lld,\"name\":\"a mug\",\"slug\":\"mug\",\"price\":\"9.99\",\"stock_quantity\":3,"
        "\"is_active\":true},\"quantity\":2,\"price_snapshot\":\"9.99\",\"item_total\":\"19.98\","
        "\"created_at\":\"2026-01-01T00:00:01.000000Z\"}],\"total_price\":\"19.98\",\"total_amount\":\"19.98\","
        "\"currency\":\"usd\",\"created_at\":\"2026-01-01T00:00:01.000000Z\","
        "\"updated_at\":\"2026-01-01T00:00:01.000000Z\",\"payment\":null}",
        (long long)shop_order_id(order), (long long)ann, (long long)shop_line_id(shop_order_item(order, 0)), (long long)mug);
    cr_assert_str_eq(order_json(cx, order), expected);
    cr_assert_str_eq(order_json(system_cx, get(shop_order_id(order))), expected, "read again");
}

Test(order, placing_takes_stock_and_empties_the_cart)
{
    add(cx, make_product("mug", 999, 5), 2);
    add(cx, make_product("cup", 100, 3), 3);
    const shop_order *order = place(cx);
    cr_assert_eq(shop_order_item_count(order), 2);
    cr_assert_null(shop_order_item(order, 2));
    cr_assert_eq(shop_order_total(order), 2 * 999 + 300);
    cr_assert_eq(shop_order_user(order), ann);
    cr_assert_str_eq(shop_order_currency(order), "usd");
    cr_assert_str_eq(shop_order_shipping_address(order), "1 Main Street");
    cr_assert_eq(shop_order_payment_id(order), 0);
    cr_assert_null(shop_order_payment_status(order));
    cr_assert_eq(stock("mug"), 3);
    cr_assert_eq(stock("cup"), 0);
    cr_assert_eq(pieces_in_cart(cx), 0);
}

Test(order, an_empty_cart_cannot_be_bought)
{
    refused(cx, try_place(cx, NULL), SHOP_INVALID, "cart_empty");
    place_one(make_product("mug", 999, 5), 1);
    refused(cx, try_place(cx, NULL), SHOP_INVALID, "cart_empty");
}

Test(order, every_item_that_is_short_is_named_and_nothing_happens)
{
    shop_product_input fewer = SHOP_PRODUCT_INPUT_INIT;
    fewer.stock_quantity = 1;
    add(cx, make_product("mug", 999, 5), 2);
    add(cx, make_product("cup", 100, 3), 3);
    add(cx, make_product("bowl", 100, 3), 3);
    change_product("mug", &fewer);
    change_product("cup", &fewer);
    const shop_cart *cart;
    cr_assert_eq(shop_cart_get(cx, &cart), SHOP_OK);
    char field[32];
    (void)snprintf(field, sizeof field, "items.%lld", (long long)shop_line_id(shop_cart_item(cart, 0)));
    refused(cx, try_place(cx, NULL), SHOP_INVALID, "insufficient_stock");
    cr_assert_eq(shop_ctx_error_field_count(cx), 2);
    cr_assert_str_eq(shop_ctx_error_field(cx, 0), field);
    cr_assert_not_null(strstr(shop_ctx_error_message(cx, 0), "Only 1 of \"a mug\""));
    cr_assert_not_null(strstr(shop_ctx_error_detail(cx), "Only 1 of \"a mug\""));
    cr_assert_not_null(strstr(shop_ctx_error_message(cx, 1), "\"a cup\""));
    cr_assert_eq(stock("bowl"), 3);
    cr_assert_eq(pieces_in_cart(cx), 8);
}

Test(order, an_inactive_product_cannot_be_bought)
{
    shop_product_input off = SHOP_PRODUCT_INPUT_INIT;
    off.is_active = 0;
    add(cx, make_product("mug", 999, 5), 2);
    change_product("mug", &off);
    refused(cx, try_place(cx, NULL), SHOP_INVALID, "product_inactive");
    cr_assert_eq(stock("mug"), 5);
    cr_assert_eq(pieces_in_cart(cx), 2);
}

Test(order, the_price_is_the_carts)
{
    shop_product_input dearer = SHOP_PRODUCT_INPUT_INIT;
    dearer.price = 5000;
    add(cx, make_product("mug", 999, 5), 2);
    change_product("mug", &dearer);
    const shop_order *order = place(cx);
    cr_assert_eq(shop_order_total(order), 1998);
    cr_assert_eq(shop_line_price(shop_order_item(order, 0)), 999);
    cr_assert_eq(shop_line_product_price(shop_order_item(order, 0)), 999);
}

Test(order, the_shipping_address_has_1_to_1000_characters)
{
    static char text[4 * SHOP_ORDER_ADDRESS_MAX + 8];
    int64_t mug = make_product("mug", 999, 5);
    shop_order_input in = SHOP_ORDER_INPUT_INIT;
    add(cx, mug, 1);
    refused(cx, shop_order_place(cx, &in, NULL), SHOP_INVALID, "validation_error");
    cr_assert_str_eq(shop_ctx_error_field(cx, 0), "shipping_address");
    in.shipping_address = "";
    refused(cx, shop_order_place(cx, &in, NULL), SHOP_INVALID, "validation_error");
    memset(text, 'a', SHOP_ORDER_ADDRESS_MAX + 1);
    in.shipping_address = text;
    refused(cx, shop_order_place(cx, &in, NULL), SHOP_INVALID, "validation_error");
    for (size_t i = 0; i < SHOP_ORDER_ADDRESS_MAX; i++)
        memcpy(text + 2 * i, "\xc3\xa9", 3);
    cr_assert_eq(shop_order_place(cx, &in, NULL), SHOP_OK, "%s", shop_ctx_error_detail(cx));
    add(cx, mug, 1);
    in.shipping_address = "Ann\n1 Main Street\nTown";
    cr_assert_eq(shop_order_place(cx, &in, NULL), SHOP_OK, "%s", shop_ctx_error_detail(cx));
    in.struct_size = 1;
    cr_assert_eq(shop_order_place(cx, &in, NULL), SHOP_MISUSE);
}

Test(order, the_program_and_nobody_cannot_buy)
{
    refused(system_cx, try_place(system_cx, NULL), SHOP_FORBIDDEN, "no_cart");
    shop_ctx_set_actor(cx, SHOP_ACTOR_NOBODY);
    refused(cx, try_place(cx, NULL), SHOP_UNAUTHENTICATED, "authentication_required");
    refused(cx, shop_order_get(cx, 1, NULL), SHOP_UNAUTHENTICATED, "authentication_required");
    refused(cx, shop_order_list(cx, NULL, NULL), SHOP_UNAUTHENTICATED, "authentication_required");
    refused(cx, shop_order_cancel(cx, 1, NULL), SHOP_UNAUTHENTICATED, "authentication_required");
}

Test(order, what_was_bought_is_shown_after_the_product_has_changed_and_gone)
{
    shop_product_input other = SHOP_PRODUCT_INPUT_INIT;
    other.name = "Renamed";
    other.slug = "renamed";
    int64_t mug = make_product("mug", 999, 5);
    int64_t id = place_one(mug, 2);
    change_product("mug", &other);
    const shop_line *line = shop_order_item(get(id), 0);
    cr_assert_str_eq(shop_line_product_name(line), "a mug");
    cr_assert_str_eq(shop_line_product_slug(line), "mug");
    cr_assert_eq(shop_line_product_stock(line), 3);
    cr_assert_eq(shop_product_delete(system_cx, "renamed"), SHOP_OK);
    line = shop_order_item(get(id), 0);
    cr_assert_eq(shop_line_product_id(line), mug);
    cr_assert_str_eq(shop_line_product_name(line), "a mug");
    cr_assert_eq(shop_line_product_price(line), 999);
    cr_assert_eq(shop_line_product_stock(line), 0);
    cr_assert_eq(shop_line_product_is_active(line), 0);
    cr_assert_eq(shop_order_cancel(cx, id, NULL), SHOP_OK, "cancelling passes over what is gone");
}

Test(order, a_request_sent_twice_buys_once_and_answers_the_same)
{
    int64_t mug = make_product("mug", 999, 5);
    add(cx, mug, 2);
    cr_assert_eq(shop_ctx_set_idempotency_key(cx, "key-1", "body", 4), SHOP_OK);
    const char *first = order_json(cx, place(cx));
    add(cx, mug, 1); /* a cart that could be bought again */
    shop_ctx *again = test_ctx(s, ann);
    cr_assert_eq(shop_ctx_set_idempotency_key(again, "key-1", "body", 4), SHOP_OK);
    cr_assert_str_eq(order_json(again, place(again)), first);
    cr_assert_eq(shop_ctx_replayed(again), 1);
    shop_ctx_free(again);
    cr_assert_eq(stock("mug"), 3);
    cr_assert_eq(pieces_in_cart(cx), 1);
}

/* ------------------------------------------------------------------------------------------------ moving on */

static const char *const statuses[] = {"pending", "processing", "shipped", "delivered", "cancelled"};

/* The moves on the way to each status. */
static const char *const ways[5][4] = {{NULL},
                                       {"processing", NULL},
                                       {"processing", "shipped", NULL},
                                       {"processing", "shipped", "delivered", NULL},
                                       {"cancelled", NULL}};

static int64_t order_with_status(int64_t product, size_t status)
{
    int64_t id = place_one(product, 1);
    for (size_t i = 0; ways[status][i]; i++)
        set_status(id, ways[status][i]);
    return id;
}

Test(order, statuses_move_only_where_they_may)
{
    static const char *const allowed[5] = {"processing or cancelled", "shipped or cancelled", "delivered", NULL, NULL};
    static const int may[5][5] = {{0, 1, 0, 0, 1}, {0, 0, 1, 0, 1}, {0, 0, 0, 1, 0}, {0, 0, 0, 0, 0}, {0, 0, 0, 0, 0}};
    int64_t mug = make_product("mug", 999, 1000);
    for (size_t from = 0; from < 5; from++)
        for (size_t to = 0; to < 5; to++) {
            int64_t id = order_with_status(mug, from);
            const shop_order *order = NULL;
            shop_status status = shop_order_set_status(staff_cx, id, statuses[to], &order);
            if (may[from][to]) {
                cr_assert_eq(status, SHOP_OK, "%s to %s: %s", statuses[from], statuses[to], shop_ctx_error_detail(staff_cx));
                cr_assert_str_eq(shop_order_status(order), statuses[to]);
                cr_assert_str_eq(status_of(id), statuses[to]);
                continue;
            }
            refused(staff_cx, status, SHOP_INVALID, "invalid_transition");
            cr_assert_not_null(strstr(shop_ctx_error_detail(staff_cx), allowed[from] ? allowed[from] : "final"), "%s",
                               shop_ctx_error_detail(staff_cx));
            cr_assert_str_eq(status_of(id), statuses[from]);
        }
}

static int64_t expiry_of(int64_t id)
{
    shop_query *q = shop_query_new(system_cx);
    int read = shop_order_part_read(q, id);
    cr_assert_eq(shop_query_run(q), SHOP_OK);
    return shop_row_int(shop_query_rows(q, read), 0, ORDER_EXPIRES_AT);
}

Test(order, only_a_pending_order_has_an_end_of_its_time)
{
    int64_t id = place_one(make_product("mug", 999, 5), 1);
    cr_assert_eq(expiry_of(id), TEST_TIME + ORDER_TTL * SECOND);
    set_status(id, "processing");
    cr_assert_eq(expiry_of(id), SHOP_UNSET);
}

Test(order, a_move_is_stamped)
{
    int64_t id = place_one(make_product("mug", 999, 5), 1);
    test_clock_advance(SECOND);
    set_status(id, "processing");
    cr_assert_eq(shop_order_created_at(get(id)), TEST_TIME);
    cr_assert_eq(shop_order_updated_at(get(id)), TEST_TIME + SECOND);
}

Test(order, cancelling_gives_the_stock_back_exactly_once)
{
    int64_t mug = make_product("mug", 999, 5);
    for (size_t from = 0; from < 2; from++) {
        int64_t id = order_with_status(mug, from);
        const shop_order *order = NULL;
        cr_assert_eq(stock("mug"), 4);
        cr_assert_eq(shop_order_cancel(cx, id, &order), SHOP_OK, "%s", shop_ctx_error_detail(cx));
        cr_assert_str_eq(shop_order_status(order), "cancelled");
        cr_assert_eq(stock("mug"), 5);
        refused(cx, shop_order_cancel(cx, id, NULL), SHOP_INVALID, "invalid_transition");
        refused(staff_cx, shop_order_set_status(staff_cx, id, "cancelled", NULL), SHOP_INVALID, "invalid_transition");
        cr_assert_eq(shop_order_cancel_any(system_cx, id), SHOP_OK, "it is cancelled, as wanted");
        cr_assert_eq(stock("mug"), 5);
    }
}

Test(order, staff_that_cancels_gives_the_stock_back)
{
    int64_t mug = make_product("mug", 999, 5);
    int64_t id = place_one(mug, 3);
    set_status(id, "cancelled");
    cr_assert_eq(stock("mug"), 5);
    refused(cx, shop_order_cancel(cx, id, NULL), SHOP_INVALID, "invalid_transition");
}

Test(order, what_was_shipped_cannot_be_cancelled)
{
    int64_t mug = make_product("mug", 999, 5);
    int64_t id = order_with_status(mug, 2);
    refused(cx, shop_order_cancel(cx, id, NULL), SHOP_INVALID, "invalid_transition");
    cr_assert_eq(shop_order_cancel_any(system_cx, id), SHOP_INVALID);
    cr_assert_eq(stock("mug"), 4);
}

Test(order, a_cancel_sent_twice_under_one_key_answers_twice)
{
    int64_t id = place_one(make_product("mug", 999, 5), 3);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(shop_ctx_set_idempotency_key(cx, "cancel-1", "c", 1), SHOP_OK);
        cr_assert_eq(shop_order_cancel(cx, id, NULL), SHOP_OK, "%s", shop_ctx_error_detail(cx));
        cr_assert_eq(shop_ctx_replayed(cx), i);
    }
    cr_assert_eq(stock("mug"), 5);
}

Test(order, cancelling_settles_an_open_payment)
{
    int64_t id = place_one(make_product("mug", 999, 5), 3);
    payment_row row = make_payment(id, "pending");
    cr_assert_eq(shop_order_payment_id(get(id)), row.id);
    cr_assert_eq(shop_order_cancel(cx, id, NULL), SHOP_OK);
    cr_assert_str_eq(shop_order_payment_status(get(id)), "cancelled");
}

Test(order, only_staff_sets_a_status)
{
    int64_t id = place_one(make_product("mug", 999, 5), 1);
    refused(cx, shop_order_set_status(cx, id, "processing", NULL), SHOP_FORBIDDEN, "staff_only");
    cr_assert_str_eq(status_of(id), "pending");
    refused(staff_cx, shop_order_set_status(staff_cx, id, "lost", NULL), SHOP_INVALID, "validation_error");
    refused(staff_cx, shop_order_set_status(staff_cx, id, NULL, NULL), SHOP_INVALID, "validation_error");
    refused(staff_cx, shop_order_set_status(staff_cx, id + 1000, "processing", NULL), SHOP_NOT_FOUND, "order_not_found");
}

Test(order, a_stale_if_match_keeps_a_status_from_moving)
{
    int64_t id = place_one(make_product("mug", 999, 5), 1);
    char etag[SHOP_ETAG_SIZE];
    const char *json = order_json(system_cx, get(id));
    shop_etag(json, strlen(json), etag);
    cr_assert_eq(shop_ctx_set_if_match(staff_cx, etag), SHOP_OK);
    set_status(id, "processing");
    cr_assert_eq(shop_ctx_set_if_match(staff_cx, etag), SHOP_OK);
    refused(staff_cx, shop_order_set_status(staff_cx, id, "shipped", NULL), SHOP_PRECONDITION, "precondition_failed");
    cr_assert_str_eq(status_of(id), "processing");
}

static shop_status pay(shop_ctx *c, void *args, shop_batch *b, const void **answer)
{
    (void)c;
    (void)answer;
    shop_order_part_paid(b, args, shop_now(s));
    return SHOP_OK;
}

static shop_order_brief brief_of(int64_t id)
{
    shop_order_brief brief;
    shop_query *q = shop_query_new(system_cx);
    int read = shop_order_part_read(q, id);
    cr_assert_eq(shop_query_run(q), SHOP_OK);
    cr_assert_eq(shop_order_part_find(system_cx, q, read, id, &brief), 1);
    cr_assert_eq(shop_order_part_find(system_cx, q, read, id + 1, &brief), 0);
    return brief;
}

Test(order, payment_moves_a_pending_order_and_only_that)
{
    int64_t mug = make_product("mug", 999, 5);
    int64_t id = place_one(mug, 1);
    shop_order_brief brief = brief_of(id);
    cr_assert_eq(brief.total_amount, 999);
    cr_assert_eq(shop_change_step(system_cx, pay, &brief), SHOP_OK);
    cr_assert_str_eq(status_of(id), "processing");
    test_clock_advance((ORDER_TTL + 1) * SECOND);
    cr_assert_eq(expire(), 0, "a paid order does not expire");
    id = place_one(mug, 1);
    brief = brief_of(id);
    cr_assert_eq(shop_order_cancel(cx, id, NULL), SHOP_OK);
    cr_assert_eq(shop_change_step(system_cx, pay, &brief), SHOP_BUSY, "a cancelled order cannot be paid");
    cr_assert_str_eq(status_of(id), "cancelled");
}

/* ------------------------------------------------------------------------------------------------ reading */

Test(order, others_do_not_learn_that_an_order_exists)
{
    int64_t id = place_one(make_product("mug", 999, 5), 1);
    shop_ctx *bob = test_ctx(s, test_user(s, "bob@example.com", 0));
    refused(bob, shop_order_get(bob, id, NULL), SHOP_NOT_FOUND, "order_not_found");
    refused(bob, shop_order_cancel(bob, id, NULL), SHOP_NOT_FOUND, "order_not_found");
    refused(bob, shop_order_get(bob, id + 1000, NULL), SHOP_NOT_FOUND, "order_not_found");
    refused(bob, shop_order_get(bob, -1, NULL), SHOP_NOT_FOUND, "order_not_found");
    const shop_page *page;
    cr_assert_eq(shop_order_list(bob, NULL, &page), SHOP_OK);
    cr_assert_eq(shop_page_total(page), 0);
    shop_ctx_free(bob);
    cr_assert_eq(shop_order_get(cx, id, NULL), SHOP_OK);
    cr_assert_eq(shop_order_get(staff_cx, id, NULL), SHOP_OK);
    refused(staff_cx, shop_order_cancel(staff_cx, id, NULL), SHOP_NOT_FOUND, "order_not_found");
}

Test(order, own_orders_come_newest_first_in_pages)
{
    int64_t mug = make_product("mug", 999, 50);
    int64_t cup = make_product("cup", 100, 50);
    int64_t ids[5];
    for (int i = 0; i < 5; i++) {
        add(cx, cup, i + 1);
        ids[i] = place_one(mug, 1);
        test_clock_advance(SECOND);
    }
    shop_order_filter in = SHOP_ORDER_FILTER_INIT;
    const shop_page *page;
    in.page_size = 2;
    in.page = 2;
    cr_assert_eq(shop_order_list(cx, &in, &page), SHOP_OK);
    cr_assert_eq(shop_page_total(page), 5);
    cr_assert_eq(shop_page_count(page), 2);
    for (size_t i = 0; i < 2; i++) {
        const shop_order *order = shop_order_at(page, i);
        cr_assert_eq(shop_order_id(order), ids[2 - i]);
        cr_assert_str_eq(order_json(cx, order), order_json(cx, get(ids[2 - i])), "as it is read alone");
    }
    cr_assert_null(shop_order_at(page, 2));
    in.page = 4;
    refused(cx, shop_order_list(cx, &in, &page), SHOP_NOT_FOUND, "page_not_found");
    in.page = SHOP_UNSET;
    in.cursor = "";
    cr_assert_eq(shop_order_list(cx, &in, &page), SHOP_OK);
    in.cursor = shop_page_next_cursor(page);
    cr_assert_eq(shop_order_list(cx, &in, &page), SHOP_OK);
    cr_assert_eq(shop_order_id(shop_order_at(page, 0)), ids[2]);
}

Test(order, lists_are_filtered)
{
    int64_t mug = make_product("mug", 999, 50);
    int64_t first = place_one(mug, 1);
    test_clock_advance(SECOND);
    int64_t second = place_one(mug, 1);
    set_status(first, "processing");
    shop_order_filter in = SHOP_ORDER_FILTER_INIT;
    const shop_page *page;
    in.status = "processing";
    cr_assert_eq(shop_order_list(cx, &in, &page), SHOP_OK);
    cr_assert_eq(shop_page_total(page), 1);
    cr_assert_eq(shop_order_id(shop_order_at(page, 0)), first);
    in.status = "lost";
    refused(cx, shop_order_list(cx, &in, &page), SHOP_INVALID, "validation_error");
    in.status = NULL;
    in.page_size = 101;
    refused(cx, shop_order_list(cx, &in, &page), SHOP_INVALID, "validation_error");

    refused(cx, shop_order_list_all(cx, NULL, &page), SHOP_FORBIDDEN, "staff_only");
    shop_order_admin_filter all = SHOP_ORDER_ADMIN_FILTER_INIT;
    cr_assert_eq(shop_order_list_all(staff_cx, &all, &page), SHOP_OK);
    cr_assert_eq(shop_page_total(page), 2);
    all.created_after = TEST_TIME + SECOND;
    cr_assert_eq(shop_order_list_all(staff_cx, &all, &page), SHOP_OK);
    cr_assert_eq(shop_page_total(page), 1);
    cr_assert_eq(shop_order_id(shop_order_at(page, 0)), second);
    all.created_after = SHOP_UNSET;
    all.created_before = TEST_TIME + SECOND;
    cr_assert_eq(shop_order_list_all(staff_cx, &all, &page), SHOP_OK);
    cr_assert_eq(shop_page_total(page), 1);
    cr_assert_eq(shop_order_id(shop_order_at(page, 0)), first);
    all.created_before = SHOP_UNSET;
    all.user = ann + 1;
    cr_assert_eq(shop_order_list_all(staff_cx, &all, &page), SHOP_OK);
    cr_assert_eq(shop_page_total(page), 0);
    all.user = ann;
    all.status = "pending";
    cr_assert_eq(shop_order_list_all(staff_cx, &all, &page), SHOP_OK);
    cr_assert_eq(shop_page_total(page), 1);
}

static shop_storage_vtable counting;
static const shop_storage_vtable *counted;
static int queries;
static int batches;

static int32_t count_query(void *self, const shop_storage_call *call, const shop_read *reads, uint32_t count, shop_rows *rows,
                           shop_fault *fault)
{
    queries++;
    return counted->query(self, call, reads, count, rows, fault);
}

static int32_t count_apply(void *self, const shop_storage_call *call, const shop_op_list *list, shop_fault *fault)
{
    batches++;
    return counted->apply(self, call, list, fault);
}

Test(order, every_call_is_one_query_and_at_most_one_batch)
{
    int64_t mug = make_product("mug", 999, 50);
    for (int i = 0; i < 5; i++)
        place_one(mug, 1);
    counted = s->storage;
    counting = *counted;
    counting.query = count_query;
    counting.apply = count_apply;
    s->storage = &counting;
    const shop_page *page;
    cr_assert_eq(shop_order_list(cx, NULL, &page), SHOP_OK);
    cr_assert_eq(shop_page_count(page), 5);
    cr_assert_eq(queries, 1, "a list of any length");
    add(cx, mug, 1);
    cr_assert_eq(queries, 2);
    cr_assert_eq(batches, 1);
    place(cx);
    cr_assert_eq(queries, 3);
    cr_assert_eq(batches, 2);
    pieces_in_cart(cx);
    cr_assert_eq(queries, 4);
    s->storage = counted;
}

/* ------------------------------------------------------------------------------------------------ expiry */

Test(order, an_unpaid_order_expires_when_its_time_is_over)
{
    int64_t mug = make_product("mug", 999, 5);
    int64_t id = place_one(mug, 2);
    test_clock_advance(ORDER_TTL * SECOND - 1);
    cr_assert_eq(expire(), 0);
    cr_assert_str_eq(status_of(id), "pending");
    test_clock_advance(1);
    cr_assert_eq(expire(), 1);
    cr_assert_str_eq(status_of(id), "cancelled");
    cr_assert_eq(stock("mug"), 5);
    cr_assert_eq(expire(), 0);
    cr_assert_eq(stock("mug"), 5);
}

Test(order, the_jobs_let_orders_expire)
{
    int64_t id = place_one(make_product("mug", 999, 5), 2);
    test_clock_advance(ORDER_TTL * SECOND);
    cr_assert_eq(shop_jobs_run(system_cx, NULL), SHOP_OK);
    cr_assert_str_eq(status_of(id), "cancelled");
}

Test(order, expiry_is_done_in_portions_the_oldest_first)
{
    int64_t mug = make_product("mug", 999, 5);
    int64_t ids[3];
    for (int i = 0; i < 3; i++) {
        ids[i] = place_one(mug, 1);
        test_clock_advance(SECOND);
    }
    test_clock_advance(ORDER_TTL * SECOND);
    int64_t done;
    cr_assert_eq(shop_order_expire(system_cx, 2, &done), SHOP_OK);
    cr_assert_eq(done, 2);
    cr_assert_str_eq(status_of(ids[1]), "cancelled");
    cr_assert_str_eq(status_of(ids[2]), "pending");
    cr_assert_eq(expire(), 1);
}

Test(order, accepted_and_free_orders_do_not_expire)
{
    int64_t accepted = place_one(make_product("mug", 999, 5), 2);
    int64_t free_one = place_one(make_product("gift", 0, 5), 1);
    set_status(accepted, "processing");
    test_clock_advance(1000 * ORDER_TTL * SECOND);
    cr_assert_eq(expire(), 0);
    cr_assert_str_eq(status_of(accepted), "processing");
    cr_assert_str_eq(status_of(free_one), "pending");
}

Test(order_forever, without_a_time_to_live_nothing_expires, .fini = close_shop)
{
    open_with_ttl(0);
    int64_t id = place_one(make_product("mug", 999, 5), 2);
    test_clock_advance(INT64_C(3600) * 24 * 365 * SECOND);
    cr_assert_eq(expire(), 0);
    cr_assert_str_eq(status_of(id), "pending");
}

Test(order, an_order_whose_money_may_still_come_is_left_to_its_payment_and_blocks_no_other)
{
    int64_t mug = make_product("mug", 999, 5);
    int64_t paying = place_one(mug, 1);
    (void)make_payment(paying, "processing");
    test_clock_advance(SECOND);
    int64_t unpaid = place_one(mug, 1);
    test_clock_advance(ORDER_TTL * SECOND);
    int64_t done;
    cr_assert_eq(shop_order_expire(system_cx, 1, &done), SHOP_OK);
    cr_assert_str_eq(status_of(paying), "pending");
    cr_assert_str_eq(status_of(unpaid), "pending", "the longest overdue first");
    cr_assert_eq(shop_order_expire(system_cx, 1, &done), SHOP_OK);
    cr_assert_str_eq(status_of(unpaid), "cancelled");
    cr_assert_eq(expire(), 0, "neither is found again");
    cr_assert_str_eq(status_of(paying), "pending");
    cr_assert_eq(stock("mug"), 4);
}

static int32_t expire_at_second_query(void *self, const shop_storage_call *call, const shop_read *reads, uint32_t count,
                                      shop_rows *rows, shop_fault *fault)
{
    if (++queries == 2) {
        shop_ctx *other = test_ctx(s, SHOP_ACTOR_SYSTEM);
        int64_t done;
        cr_assert_eq(shop_order_expire(other, 100, &done), SHOP_OK);
        shop_ctx_free(other);
    }
    return counted->query(self, call, reads, count, rows, fault);
}

Test(order, what_another_process_left_to_the_payment_does_not_expire)
{
    int64_t id = place_one(make_product("mug", 999, 5), 1);
    payment_row row = make_payment(id, "processing");
    test_clock_advance(ORDER_TTL * SECOND);
    counted = s->storage;
    counting = *counted;
    counting.query = expire_at_second_query;
    s->storage = &counting;
    (void)expire();
    s->storage = counted;
    cr_assert_gt(queries, 2);
    row.status = "failed";
    cr_assert_eq(shop_change_step(system_cx, update_payment, &row), SHOP_OK);
    cr_assert_eq(expire(), 0);
    cr_assert_str_eq(status_of(id), "pending");
}

Test(order, init_functions_do_what_the_macros_do)
{
    shop_order_input a = SHOP_ORDER_INPUT_INIT;
    shop_order_input b = {0, "x"};
    shop_order_input_init(&b);
    cr_assert_eq(memcmp(&a, &b, sizeof a), 0);
    shop_order_status_input c = SHOP_ORDER_STATUS_INPUT_INIT;
    shop_order_status_input d = {0, "x"};
    shop_order_status_input_init(&d);
    cr_assert_eq(memcmp(&c, &d, sizeof c), 0);
    shop_order_filter e = SHOP_ORDER_FILTER_INIT;
    shop_order_filter f = {0, "x", 1, 1, "x"};
    shop_order_filter_init(&f);
    cr_assert_eq(memcmp(&e, &f, sizeof e), 0);
    shop_order_admin_filter g = SHOP_ORDER_ADMIN_FILTER_INIT;
    shop_order_admin_filter h = {0, "x", 1, 1, 1, 1, 1, "x"};
    shop_order_admin_filter_init(&h);
    cr_assert_eq(memcmp(&g, &h, sizeof g), 0);
}
