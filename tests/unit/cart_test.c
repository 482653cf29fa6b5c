/* SPDX-License-Identifier: MIT */
/* What carts promise: prices as put in, limits, stock that is there, one cart a user. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "support.h"

static shop *s;
static shop_ctx *system_cx;
static shop_ctx *cx; /* ann's */
static int64_t ann;
static int64_t category;

static void open_shop(void)
{
    s = test_shop_open();
    system_cx = test_ctx(s, SHOP_ACTOR_SYSTEM);
    ann = test_user(s, "ann@example.com", 0);
    cx = test_ctx(s, ann);
    shop_category_input in = SHOP_CATEGORY_INPUT_INIT;
    in.name = "Cups";
    in.slug = "cups";
    const shop_category *made;
    cr_assert_eq(shop_category_create(system_cx, &in, &made), SHOP_OK, "%s", shop_ctx_error_detail(system_cx));
    category = shop_category_id(made);
}

static void close_shop(void)
{
    shop_ctx_free(cx);
    shop_ctx_free(system_cx);
    test_shop_close(s);
}

TestSuite(cart, .init = open_shop, .fini = close_shop);

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

static void change_product(const char *slug, int64_t price, int64_t stock, int64_t is_active)
{
    shop_product_input in = SHOP_PRODUCT_INPUT_INIT;
    in.price = price;
    in.stock_quantity = stock;
    in.is_active = is_active;
    const shop_product *changed;
    cr_assert_eq(shop_product_update(system_cx, slug, &in, 0, &changed), SHOP_OK, "%s", shop_ctx_error_detail(system_cx));
}

static const shop_cart *add(int64_t product, int64_t quantity)
{
    const shop_cart *cart = NULL;
    cr_assert_eq(shop_cart_add(cx, product, quantity, &cart), SHOP_OK, "%s", shop_ctx_error_detail(cx));
    return cart;
}

static const shop_cart *get(void)
{
    const shop_cart *cart = NULL;
    cr_assert_eq(shop_cart_get(cx, &cart), SHOP_OK, "%s", shop_ctx_error_detail(cx));
    return cart;
}

static const char *cart_json(shop_ctx *c, const shop_cart *cart)
{
    const char *json;
    size_t length;
    cr_assert_eq(shop_cart_to_json(c, cart, &json, &length), SHOP_OK);
    return json;
}

static void refused(shop_status got, shop_status wanted, const char *code)
{
    cr_assert_eq(got, wanted, "%s instead of %s: %s", shop_status_name(got), shop_status_name(wanted),
                 shop_ctx_error_detail(cx));
    cr_assert_str_eq(shop_ctx_error_code(cx), code);
}

/* ------------------------------------------------------------------------------------------------ reading */

Test(cart, a_cart_that_was_never_used_is_shown_empty_and_not_written)
{
    char expected[256];
    (void)snprintf(expected, sizeof expected,
                   "{\"id\":%lld,\"user\":%lld,\"items\":[],\"total_items\":0,\"cart_total\":\"0.00\",\"created_at\":null,"
                   "\"updated_at\":null}",
                   (long long)shop_cart_id(get()), (long long)ann);
    cr_assert_str_eq(cart_json(cx, get()), expected);
    cr_assert_gt(shop_cart_id(get()), 0);
    cr_assert_eq(shop_cart_created_at(get()), SHOP_UNSET);
}

Test(cart, the_id_shown_before_is_the_id_the_cart_gets)
{
    int64_t id = shop_cart_id(get());
    cr_assert_eq(shop_cart_id(add(make_product("mug", 100, 5), 1)), id);
    cr_assert_eq(shop_cart_id(get()), id);
}

Test(cart, json_is_exactly_the_contracts)
{
    int64_t mug = make_product("mug", 999, 5);
    const shop_cart *cart = add(mug, 2);
    const shop_line *line = shop_cart_item(cart, 0);
    char expected[512];
    (void)snprintf(
        expected, sizeof expected,
        "{\"id\":%lld,\"user\":%lld,\"items\":[{\"id\":%lld,\"product\":{\"id\":%lld,\"name\":\"a mug\",\"slug\":\"mug\","
        "\"price\":\"9.99\",\"stock_quantity\":5,\"is_active\":true},\"quantity\":2,\"price_snapshot\":\"9.99\","
        "\"item_total\":\"19.98\",\"created_at\":\"2026-01-01T00:00:00.000000Z\"}],\"total_items\":2,"
        "\"cart_total\":\"19.98\",\"created_at\":\"2026-01-01T00:00:00.000000Z\","
        "\"updated_at\":\"2026-01-01T00:00:00.000000Z\"}",
        (long long)shop_cart_id(cart), (long long)ann, (long long)shop_line_id(line), (long long)mug);
    cr_assert_str_eq(cart_json(cx, cart), expected);
    cr_assert_str_eq(cart_json(cx, get()), expected, "what a change answers is what is read after it");
}

Test(cart, what_a_change_answers_is_what_is_read_after_it)
{
    int64_t mug = make_product("mug", 999, 50);
    int64_t cup = make_product("cup", 100, 50);
    add(mug, 2);
    test_clock_advance(1000000);
    add(cup, 3);
    test_clock_advance(1000000);
    const shop_cart *cart = add(mug, 4);
    cr_assert_str_eq(cart_json(cx, cart), cart_json(cx, get()));
    cr_assert_eq(shop_cart_item_count(cart), 2);
    cr_assert_eq(shop_cart_total_items(cart), 9);
    cr_assert_eq(shop_cart_total(cart), 6 * 999 + 3 * 100);
    cr_assert_eq(shop_cart_created_at(cart), TEST_TIME);
    cr_assert_eq(shop_cart_updated_at(cart), TEST_TIME + 2000000);
    cr_assert_eq(shop_line_created_at(shop_cart_item(cart, 0)), TEST_TIME);
    cr_assert_null(shop_cart_item(cart, 2));
}

Test(cart, accessors_tell_what_the_json_tells)
{
    int64_t mug = make_product("mug", 999, 5);
    const shop_line *line = shop_cart_item(add(mug, 2), 0);
    cr_assert_eq(shop_line_product_id(line), mug);
    cr_assert_str_eq(shop_line_product_name(line), "a mug");
    cr_assert_str_eq(shop_line_product_slug(line), "mug");
    cr_assert_eq(shop_line_product_price(line), 999);
    cr_assert_eq(shop_line_product_stock(line), 5);
    cr_assert_eq(shop_line_product_is_active(line), 1);
    cr_assert_eq(shop_line_quantity(line), 2);
    cr_assert_eq(shop_line_price(line), 999);
    cr_assert_eq(shop_line_total(line), 1998);
}

Test(cart, nobody_has_a_cart_and_neither_has_the_program)
{
    const shop_cart *cart = NULL;
    shop_ctx_set_actor(cx, SHOP_ACTOR_NOBODY);
    refused(shop_cart_get(cx, &cart), SHOP_UNAUTHENTICATED, "authentication_required");
    refused(shop_cart_add(cx, 1, 1, &cart), SHOP_UNAUTHENTICATED, "authentication_required");
    refused(shop_cart_update_item(cx, 1, 1, NULL), SHOP_UNAUTHENTICATED, "authentication_required");
    refused(shop_cart_remove_item(cx, 1), SHOP_UNAUTHENTICATED, "authentication_required");
    refused(shop_cart_clear(cx), SHOP_UNAUTHENTICATED, "authentication_required");
    shop_ctx_set_actor(cx, SHOP_ACTOR_SYSTEM);
    refused(shop_cart_get(cx, &cart), SHOP_FORBIDDEN, "no_cart");
}

/* ------------------------------------------------------------------------------------------------ adding */

Test(cart, quantity_is_one_when_not_given)
{
    cr_assert_eq(shop_cart_total_items(add(make_product("mug", 100, 5), SHOP_UNSET)), 1);
}

Test(cart, an_item_already_there_grows_and_keeps_its_first_price)
{
    int64_t mug = make_product("mug", 1000, 10);
    add(mug, 1);
    change_product("mug", 2000, SHOP_UNSET, SHOP_UNSET);
    const shop_cart *cart = add(mug, 2);
    cr_assert_eq(shop_cart_item_count(cart), 1);
    const shop_line *line = shop_cart_item(cart, 0);
    cr_assert_eq(shop_line_quantity(line), 3);
    cr_assert_eq(shop_line_price(line), 1000);
    cr_assert_eq(shop_line_product_price(line), 2000);
    cr_assert_eq(shop_cart_total(cart), 3000);
}

Test(cart, a_product_that_was_taken_out_comes_back_at_todays_price)
{
    int64_t mug = make_product("mug", 1000, 10);
    const shop_cart *cart = add(mug, 1);
    cr_assert_eq(shop_cart_remove_item(cx, shop_line_id(shop_cart_item(cart, 0))), SHOP_OK);
    change_product("mug", 2000, SHOP_UNSET, SHOP_UNSET);
    cr_assert_eq(shop_line_price(shop_cart_item(add(mug, 1), 0)), 2000);
}

Test(cart, quantities_out_of_range_are_refused)
{
    static const int64_t bad[] = {0, -1, SHOP_CART_QUANTITY_MAX + 1, INT64_MAX, INT64_MIN + 1};
    int64_t mug = make_product("mug", 100, 1000000);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        refused(shop_cart_add(cx, mug, bad[i], NULL), SHOP_INVALID, "validation_error");
        cr_assert_str_eq(shop_ctx_error_field(cx, 0), "quantity");
    }
    refused(shop_cart_add(cx, 0, 1, NULL), SHOP_INVALID, "validation_error");
    refused(shop_cart_add(cx, SHOP_UNSET, 1, NULL), SHOP_INVALID, "validation_error");
    cr_assert_eq(shop_cart_item_count(get()), 0);
}

Test(cart, an_item_grows_to_the_limit_and_not_beyond)
{
    int64_t mug = make_product("mug", 100, 1000000);
    add(mug, SHOP_CART_QUANTITY_MAX - 1);
    add(mug, 1);
    refused(shop_cart_add(cx, mug, 1, NULL), SHOP_INVALID, "quantity_too_large");
    cr_assert_str_eq(shop_ctx_error_field(cx, 0), "quantity");
    cr_assert_eq(shop_cart_total_items(get()), SHOP_CART_QUANTITY_MAX);
}

Test(cart, more_than_is_in_stock_is_refused_with_how_many_there_are)
{
    int64_t mug = make_product("mug", 100, 5);
    refused(shop_cart_add(cx, mug, 6, NULL), SHOP_INVALID, "insufficient_stock");
    cr_assert_not_null(strstr(shop_ctx_error_detail(cx), "Only 5 "));
    cr_assert_str_eq(shop_ctx_error_field(cx, 0), "quantity");
    cr_assert_not_null(strstr(shop_ctx_error_message(cx, 0), "Only 5 "));
    add(mug, 3);
    refused(shop_cart_add(cx, mug, 3, NULL), SHOP_INVALID, "insufficient_stock");
    cr_assert_eq(shop_cart_total_items(get()), 3);
    cr_assert_eq(shop_cart_total_items(add(mug, 2)), 5);
}

Test(cart, inactive_and_unknown_products_are_refused)
{
    int64_t mug = make_product("mug", 100, 5);
    change_product("mug", SHOP_UNSET, SHOP_UNSET, 0);
    refused(shop_cart_add(cx, mug, 1, NULL), SHOP_INVALID, "product_inactive");
    refused(shop_cart_add(cx, mug + 1000, 1, NULL), SHOP_NOT_FOUND, "product_not_found");
    cr_assert_eq(shop_cart_item_count(get()), 0);
}

Test(cart, a_product_that_is_deleted_leaves_the_cart)
{
    int64_t mug = make_product("mug", 100, 5);
    add(mug, 1);
    add(make_product("cup", 100, 5), 1);
    cr_assert_eq(shop_product_delete(system_cx, "mug"), SHOP_OK, "%s", shop_ctx_error_detail(system_cx));
    cr_assert_eq(shop_cart_item_count(get()), 1);
    cr_assert_str_eq(shop_line_product_slug(shop_cart_item(get(), 0)), "cup");
}

Test(cart, a_cart_holds_a_hundred_products_and_no_more)
{
    int64_t first = 0;
    for (int i = 0; i < SHOP_CART_ITEMS_MAX; i++) {
        char slug[32];
        (void)snprintf(slug, sizeof slug, "product-%d", i);
        int64_t id = make_product(slug, 1, 5);
        first = first ? first : id;
        add(id, 1);
    }
    refused(shop_cart_add(cx, make_product("one-more", 1, 5), 1, NULL), SHOP_INVALID, "cart_full");
    cr_assert_eq(shop_cart_item_count(add(first, 1)), SHOP_CART_ITEMS_MAX, "what is in may still grow");
}

Test(cart, users_have_carts_of_their_own)
{
    int64_t mug = make_product("mug", 100, 5);
    const shop_line *line = shop_cart_item(add(mug, 1), 0);
    shop_ctx *other = test_ctx(s, test_user(s, "bob@example.com", 0));
    const shop_cart *cart = NULL;
    cr_assert_eq(shop_cart_get(other, &cart), SHOP_OK);
    cr_assert_eq(shop_cart_item_count(cart), 0);
    cr_assert_eq(shop_cart_update_item(other, shop_line_id(line), 2, NULL), SHOP_NOT_FOUND);
    cr_assert_eq(shop_cart_remove_item(other, shop_line_id(line)), SHOP_NOT_FOUND);
    cr_assert_eq(shop_cart_clear(other), SHOP_OK);
    cr_assert_eq(shop_cart_total_items(get()), 1);
    shop_ctx_free(other);
}

/* ------------------------------------------------------------------------------------------------ changing */

Test(cart, an_items_quantity_is_set)
{
    const shop_cart *cart = add(make_product("mug", 250, 9), 2);
    const shop_line *item = NULL;
    int64_t id = shop_line_id(shop_cart_item(cart, 0));
    cr_assert_eq(shop_cart_update_item(cx, id, 9, &item), SHOP_OK);
    cr_assert_eq(shop_line_id(item), id);
    cr_assert_eq(shop_line_quantity(item), 9);
    cr_assert_eq(shop_line_total(item), 2250);
    cr_assert_eq(shop_cart_total(get()), 2250);
}

Test(cart, quantity_zero_removes_the_item)
{
    const shop_cart *cart = add(make_product("mug", 250, 9), 2);
    const shop_line *item = shop_cart_item(cart, 0);
    int64_t id = shop_line_id(item);
    cr_assert_eq(shop_cart_update_item(cx, id, 0, &item), SHOP_OK);
    cr_assert_eq(shop_line_quantity(item), 0);
    cr_assert_eq(shop_line_total(item), 0);
    cr_assert_eq(shop_cart_item_count(get()), 0);
    refused(shop_cart_update_item(cx, id, 1, &item), SHOP_NOT_FOUND, "cart_item_not_found");
}

Test(cart, an_update_obeys_the_rules_of_adding)
{
    const shop_cart *cart = add(make_product("mug", 250, 9), 2);
    int64_t id = shop_line_id(shop_cart_item(cart, 0));
    refused(shop_cart_update_item(cx, id, 10, NULL), SHOP_INVALID, "insufficient_stock");
    refused(shop_cart_update_item(cx, id, -1, NULL), SHOP_INVALID, "validation_error");
    refused(shop_cart_update_item(cx, id, SHOP_UNSET, NULL), SHOP_INVALID, "validation_error");
    refused(shop_cart_update_item(cx, id, SHOP_CART_QUANTITY_MAX + 1, NULL), SHOP_INVALID, "validation_error");
    change_product("mug", SHOP_UNSET, SHOP_UNSET, 0);
    refused(shop_cart_update_item(cx, id, 1, NULL), SHOP_INVALID, "product_inactive");
    cr_assert_eq(shop_cart_total_items(get()), 2);
    cr_assert_eq(shop_cart_update_item(cx, id, 0, NULL), SHOP_OK, "it can always be taken out");
}

Test(cart, items_that_are_not_there_are_not_found)
{
    add(make_product("mug", 250, 9), 2);
    static const int64_t ids[] = {0, -1, 999999, INT64_MAX};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        refused(shop_cart_update_item(cx, ids[i], 1, NULL), SHOP_NOT_FOUND, "cart_item_not_found");
        refused(shop_cart_remove_item(cx, ids[i]), SHOP_NOT_FOUND, "cart_item_not_found");
    }
}

Test(cart, clearing_takes_everything_out_and_may_be_repeated)
{
    cr_assert_eq(shop_cart_clear(cx), SHOP_OK, "before there is a cart");
    add(make_product("mug", 250, 9), 2);
    add(make_product("cup", 250, 9), 2);
    cr_assert_eq(shop_cart_clear(cx), SHOP_OK);
    cr_assert_eq(shop_cart_item_count(get()), 0);
    cr_assert_eq(shop_cart_total(get()), 0);
    cr_assert_eq(shop_cart_clear(cx), SHOP_OK);
}

/* ------------------------------------------------------------------------------------------------ retries, conditions */

Test(cart, a_request_sent_twice_adds_once_and_answers_the_same)
{
    int64_t mug = make_product("mug", 250, 9);
    cr_assert_eq(shop_ctx_set_idempotency_key(cx, "key-1", "body", 4), SHOP_OK);
    const char *first = cart_json(cx, add(mug, 2));
    cr_assert_eq(shop_ctx_replayed(cx), 0);
    shop_ctx *again = test_ctx(s, ann);
    const shop_cart *cart = NULL;
    cr_assert_eq(shop_ctx_set_idempotency_key(again, "key-1", "body", 4), SHOP_OK);
    cr_assert_eq(shop_cart_add(again, mug, 2, &cart), SHOP_OK);
    cr_assert_eq(shop_ctx_replayed(again), 1);
    cr_assert_str_eq(cart_json(again, cart), first);
    cr_assert_eq(shop_ctx_set_idempotency_key(again, "key-1", "BODY", 4), SHOP_OK);
    cr_assert_eq(shop_cart_add(again, mug, 2, &cart), SHOP_KEY_REUSED);
    shop_ctx_free(again);
    cr_assert_eq(shop_cart_total_items(get()), 2);
}

Test(cart, a_stale_if_match_keeps_an_item_from_changing)
{
    const shop_line *item = shop_cart_item(add(make_product("mug", 250, 9), 2), 0);
    int64_t id = shop_line_id(item);
    const char *json;
    size_t length;
    char etag[SHOP_ETAG_SIZE];
    cr_assert_eq(shop_line_to_json(cx, item, &json, &length), SHOP_OK);
    shop_etag(json, length, etag);
    cr_assert_eq(shop_ctx_set_if_match(cx, etag), SHOP_OK);
    cr_assert_eq(shop_cart_update_item(cx, id, 3, NULL), SHOP_OK);
    cr_assert_eq(shop_ctx_set_if_match(cx, etag), SHOP_OK);
    refused(shop_cart_update_item(cx, id, 4, NULL), SHOP_PRECONDITION, "precondition_failed");
    cr_assert_eq(shop_ctx_set_if_match(cx, etag), SHOP_OK);
    refused(shop_cart_remove_item(cx, id), SHOP_PRECONDITION, "precondition_failed");
    cr_assert_eq(shop_ctx_set_if_match(cx, etag), SHOP_OK);
    refused(shop_cart_clear(cx), SHOP_PRECONDITION, "precondition_failed");
    cr_assert_eq(shop_cart_total_items(get()), 3);
}

Test(cart, init_functions_do_what_the_macros_do)
{
    shop_cart_item_input a = SHOP_CART_ITEM_INPUT_INIT;
    shop_cart_item_input b = {0, 1, 1};
    shop_cart_item_input_init(&b);
    cr_assert_eq(memcmp(&a, &b, sizeof a), 0);
    shop_cart_quantity_input c = SHOP_CART_QUANTITY_INPUT_INIT;
    shop_cart_quantity_input d = {0, 1};
    shop_cart_quantity_input_init(&d);
    cr_assert_eq(memcmp(&c, &d, sizeof c), 0);
}
