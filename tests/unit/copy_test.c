/* SPDX-License-Identifier: MIT */
/* What the copy of a shop promises, through the public API: the same shop, which goes on selling; and nothing is sold from half of one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../libshop/storage/schema.h"
#include "copy_support.h"

#define ORDERS 12

static shop *till; /* the shop that is open */
static shop_ctx *system_cx;
static shop_ctx *ann;
static shop_ctx *sue;
static int64_t ann_id;
static int64_t sue_id;
static char refresh[2048]; /* the first refresh token of ann's */
static const char *from;

/* ------------------------------------------------------------------------------------------------ the shop */

static shop_status try_open(const char *url)
{
    shop_options options;
    test_options(&options);
    options.database = url;
    return shop_open(&options, &till);
}

static void open_till(const char *url)
{
    shop_options options;
    test_options(&options);
    options.database = url;
    till = test_shop_open_with(&options);
    system_cx = test_ctx(till, SHOP_ACTOR_SYSTEM);
}

static void act(void)
{
    ann = test_ctx(till, ann_id);
    sue = test_ctx(till, sue_id);
}

static void close_till(void)
{
    shop_ctx_free(ann);
    shop_ctx_free(sue);
    shop_ctx_free(system_cx);
    shop_close(till); /* places are removed at the end */
    ann = sue = system_cx = NULL;
}

static void ok(const shop_ctx *cx, shop_status got)
{
    cr_assert_eq(got, SHOP_OK, "%s: %s", shop_ctx_error_code(cx), shop_ctx_error_detail(cx));
}

static int64_t make_product(const char *slug, int64_t category)
{
    shop_product_input in = SHOP_PRODUCT_INPUT_INIT;
    shop_image_input image = SHOP_IMAGE_INPUT_INIT;
    const shop_product *made;
    in.name = slug;
    in.slug = slug;
    in.description = "A thing of beauty: \xc3\xa9t\xc3\xa9, \xf0\x9f\x8d\x8e";
    in.price = 1000;
    in.stock_quantity = 100;
    in.category_id = category;
    ok(system_cx, shop_product_create(system_cx, &in, &made));
    int64_t id = shop_product_id(made);
    image.image_url = "https://img.example/1.png";
    ok(system_cx, shop_image_add(system_cx, slug, &image, &made));
    image.image_url = "https://img.example/2.png";
    image.is_primary = 1;
    ok(system_cx, shop_image_add(system_cx, slug, &image, &made));
    return id;
}

static int64_t place_order(int64_t product, int64_t quantity, const char *key)
{
    shop_order_input in = SHOP_ORDER_INPUT_INIT;
    const shop_order *order;
    in.shipping_address = "1 Main Street";
    ok(ann, shop_cart_add(ann, product, quantity, NULL));
    ok(ann, shop_ctx_set_idempotency_key(ann, key, "r", 1));
    ok(ann, shop_order_place(ann, &in, &order));
    return shop_order_id(order);
}

static int64_t pay(int64_t order)
{
    shop_intent_input in = SHOP_INTENT_INPUT_INIT;
    shop_confirm_input confirm = SHOP_CONFIRM_INPUT_INIT;
    const shop_intent *intent;
    const shop_payment *payment;
    in.order_id = order;
    ok(ann, shop_payment_create_intent(ann, &in, &intent));
    confirm.payment_id = shop_payment_id(shop_intent_payment(intent));
    confirm.payment_method = "pm_card_visa";
    ok(ann, shop_payment_confirm(ann, &confirm, &payment));
    return confirm.payment_id;
}

static void refund(int64_t payment, int64_t amount)
{
    shop_refund_input in = SHOP_REFUND_INPUT_INIT;
    const shop_payment *p;
    in.payment_id = payment;
    in.amount = amount;
    ok(sue, shop_payment_refund(sue, &in, &p));
}

static void log_in(void)
{
    shop_login_input in = SHOP_LOGIN_INPUT_INIT;
    const shop_session *session;
    in.email = "ann@example.com";
    in.password = TEST_PASSWORD;
    ok(system_cx, shop_account_login(system_cx, &in, &session));
    cr_assert_eq(shop_user_id(shop_session_user(session)), ann_id);
    if (!refresh[0])
        (void)snprintf(refresh, sizeof refresh, "%s", shop_tokens_refresh(shop_session_tokens(session)));
}

/* Orders that wait, are paid, paid back in part and whole, on their way, cancelled; and a full cart. */
static void fill(void)
{
    shop_category_input shelf = SHOP_CATEGORY_INPUT_INIT;
    const shop_category *category;
    shelf.name = "Cups";
    shelf.slug = "cups";
    ok(system_cx, shop_category_create(system_cx, &shelf, &category));
    int64_t shelf_id = shop_category_id(category);
    int64_t cup = make_product("cup", shelf_id);
    int64_t mug = make_product("mug", shelf_id);
    (void)make_product("gone", shelf_id);
    ok(system_cx, shop_product_delete(system_cx, "gone"));
    for (int i = 0; i < ORDERS; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "key-%d", i);
        test_clock_advance(1000000);
        int64_t order = place_order(i % 2 ? cup : mug, 1 + i % 3, key);
        if (i % 4 == 1)
            ok(ann, shop_order_cancel(ann, order, NULL));
        if (i % 4 < 2)
            continue;
        int64_t payment = pay(order);
        if (i % 4 == 3)
            refund(payment, i == 3 ? SHOP_UNSET : 300);
        else
            ok(sue, shop_order_set_status(sue, order, "shipped", NULL));
    }
    ok(ann, shop_cart_add(ann, cup, 7, NULL));
    log_in();
}

static void set_up(void)
{
    frail_reset();
    from = copy_place(shop_schema_current());
    open_till(from);
    ann_id = test_user(till, "ann@example.com", 0);
    sue_id = test_user(till, "sue@example.com", 1);
    act();
    fill();
}

TestSuite(copy, .init = set_up, .timeout = 120);

/* ------------------------------------------------------------------------------------------------ what is seen of it */

static void add_page(FILE *out, shop_ctx *cx, shop_status status, const shop_page *const *page)
{
    const char *json;
    size_t length;
    ok(cx, status);
    ok(cx, shop_page_to_json(cx, *page, NULL, NULL, &json, &length));
    fprintf(out, "%s\n", json);
}

/* Everything that the public API shows, as JSON. */
static char *look(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    shop_product_filter products = SHOP_PRODUCT_FILTER_INIT;
    shop_category_filter categories = SHOP_CATEGORY_FILTER_INIT;
    shop_order_admin_filter orders = SHOP_ORDER_ADMIN_FILTER_INIT;
    shop_payment_filter payments = SHOP_PAYMENT_FILTER_INIT;
    products.page_size = categories.page_size = orders.page_size = payments.page_size = 100;
    const shop_page *page;
    add_page(out, sue, shop_product_list(sue, &products, &page), &page);
    add_page(out, sue, shop_category_list(sue, &categories, &page), &page);
    add_page(out, sue, shop_order_list_all(sue, &orders, &page), &page);
    cr_assert_eq(shop_page_count(page), ORDERS);
    add_page(out, sue, shop_payment_list(sue, &payments, &page), &page);
    cr_assert_eq(shop_page_count(page), ORDERS / 2);
    products.search = "bea";
    add_page(out, sue, shop_product_list(sue, &products, &page), &page);
    cr_assert_eq(shop_page_count(page), 2, "the words are found");
    const shop_cart *cart;
    const shop_user *user;
    const char *json;
    size_t length;
    ok(ann, shop_cart_get(ann, &cart));
    ok(ann, shop_cart_to_json(ann, cart, &json, &length));
    fprintf(out, "%s\n", json);
    for (int i = 0; i < 2; i++) {
        ok(system_cx, shop_account_get(system_cx, i ? ann_id : sue_id, &user));
        ok(system_cx, shop_user_to_json(system_cx, user, &json, &length));
        fprintf(out, "%s\n", json);
    }
    (void)fclose(out);
    return text;
}

static void copies(const char *source, const char *target)
{
    shop_copy_input in = SHOP_COPY_INPUT_INIT;
    shop_copy_result result;
    in.from = source;
    in.to = target;
    cr_assert_eq(shop_copy(&in, &result), SHOP_OK, "%s", shop_copy_error());
    cr_assert_str_empty(shop_copy_error());
    cr_assert_eq(result.tables, TABLE_COUNT - 1);
    cr_assert_eq(result.rows, result.copied);
    cr_assert_geq(result.rows, 60);
}

/* It shows the same, and goes on where the other stopped. */
static void goes_on(const char *url, const char *before, int64_t newest)
{
    open_till(url);
    act();
    char *after = look();
    cr_assert_str_eq(before, after);
    free(after);
    const shop_tokens *tokens;
    ok(system_cx, shop_account_refresh(system_cx, refresh, &tokens)); /* of a session that was begun in the source */
    const shop_order *order;
    shop_order_input in = SHOP_ORDER_INPUT_INIT;
    in.shipping_address = "1 Main Street";
    ok(ann, shop_ctx_set_idempotency_key(ann, "key-0", "r", 1));
    ok(ann, shop_order_place(ann, &in, &order));
    cr_assert(shop_ctx_replayed(ann), "an idempotency key holds beyond the copy");
    ok(ann, shop_order_place(ann, &in, &order)); /* the full cart */
    cr_assert_gt(shop_order_id(order), newest);
    const shop_product *cup;
    ok(system_cx, shop_product_get(system_cx, "cup", &cup));
    int64_t stock = shop_product_stock_quantity(cup);
    int64_t payment = pay(shop_order_id(order));
    refund(payment, 100);
    cr_assert_geq(stock, 0);
    cr_assert_neq(make_product("jug", shop_category_id(shop_product_category(cup))), 0);
    log_in();
    close_till();
}

static int64_t last_order(void)
{
    shop_order_admin_filter orders = SHOP_ORDER_ADMIN_FILTER_INIT;
    const shop_page *page;
    ok(sue, shop_order_list_all(sue, &orders, &page));
    return shop_order_id(shop_order_at(page, 0));
}

Test(copy, is_the_same_shop_and_goes_on_selling)
{
    const char *sqlite = copy_place_of("sqlite:", shop_schema_current());
    const char *back = copy_place(shop_schema_current());
    char *before = look();
    int64_t last = last_order();
    close_till();
    copies(from, sqlite);
    copies(sqlite, back);
    goes_on(back, before, last);
    goes_on(sqlite, before, last);
    free(before);
}

/* ------------------------------------------------------------------------------------------------ what is refused */

static int32_t stop_in_the_middle(void *user, const shop_copy_progress *p)
{
    (void)user;
    cr_assert_eq(p->struct_size, sizeof *p);
    return strcmp(p->table, "orders") == 0;
}

static void leave_half(const char *target)
{
    shop_copy_input in;
    shop_copy_input_init(&in);
    in.from = from;
    in.to = target;
    in.progress = stop_in_the_middle;
    cr_assert_eq(shop_copy(&in, NULL), SHOP_UNAVAILABLE, "%s", shop_copy_error());
}

Test(copy, half_a_shop_is_not_opened)
{
    const char *target = copy_place(shop_schema_current());
    close_till();
    leave_half(target);
    cr_assert_eq(try_open(target), SHOP_CONFLICT);
    cr_assert_null(till);
    cr_assert_eq(shop_last_reason(), SHOP_REASON_UNFINISHED);
    cr_assert_not_null(strstr(shop_open_error(), "unfinished: "), "%s", shop_open_error());
    shop_copy_input in = SHOP_COPY_INPUT_INIT;
    in.from = from;
    in.to = target;
    cr_assert_eq(shop_copy(&in, NULL), SHOP_OK, "%s", shop_copy_error());
    open_till(target);
    close_till();
}

static void refused(const char *source, const char *target, shop_status wanted, const char *words)
{
    shop_copy_input in = SHOP_COPY_INPUT_INIT;
    in.from = source;
    in.to = target;
    cr_assert_eq(shop_copy(&in, NULL), wanted, "%s", shop_copy_error());
    cr_assert_not_null(strstr(shop_copy_error(), words), "%s", shop_copy_error());
}

Test(copy, what_cannot_be_copied_is_told)
{
    const char *target = copy_place_of("sqlite:", shop_schema_current());
    close_till();
    refused(NULL, target, SHOP_INVALID, "URL");
    refused(from, NULL, SHOP_INVALID, "URL");
    refused("oracle:x", target, SHOP_INVALID, "oracle:x");
    refused(from, "oracle://me:secret@x", SHOP_INVALID, "oracle://me:***@x");
    refused(target, from, SHOP_CONFLICT, "no shop at");
    refused(from, from, SHOP_INVALID, "same place");
    refused(from, "sqlite:/no/such/folder/shop.db", SHOP_UNAVAILABLE, "cannot be opened");
    shop_copy_input in = SHOP_COPY_INPUT_INIT;
    in.struct_size--;
    cr_assert_eq(shop_copy(&in, NULL), SHOP_MISUSE);
    cr_assert_eq(shop_copy(NULL, NULL), SHOP_MISUSE);
    in = (shop_copy_input)SHOP_COPY_INPUT_INIT;
    in.from = from;
    in.to = target;
    in.patience_ms = -1;
    cr_assert_eq(shop_copy(&in, NULL), SHOP_INVALID);
}

Test(copy, the_same_file_by_another_path_is_the_same_place)
{
    const char *file = copy_place_of("sqlite:", shop_schema_current());
    char other[600];
    char linked[300];
    close_till();
    open_till(file);
    close_till();
    (void)snprintf(other, sizeof other, "sqlite:/tmp/../%s", file + strlen("sqlite:"));
    refused(file, other, SHOP_INVALID, "same place");
    (void)snprintf(linked, sizeof linked, "%s-link", file + strlen("sqlite:"));
    cr_assert_eq(link(file + strlen("sqlite:"), linked), 0);
    (void)snprintf(other, sizeof other, "sqlite:%s", linked);
    refused(file, other, SHOP_INVALID, "same place");
    (void)unlink(linked);
}

/* ------------------------------------------------------------------------------------------------ versions */

static shop_schema older_schema(void)
{
    shop_schema older = *shop_schema_current();
    older.version = 2; /* before there was a table of copies */
    older.table_count = TABLE_COPY;
    return older;
}

Test(copy, shops_of_another_version_are_refused_and_left_alone)
{
    const char *wanted = getenv("SHOP_TEST_DATABASE");
    shop_schema older = older_schema();
    shop_schema newer = *shop_schema_current();
    newer.version++;
    close_till();
    if (!wanted || strcmp(wanted, "memory:") == 0) /* it keeps nothing from one version to the next */
        wanted = "sqlite:";
    const char *old = copy_place_of(wanted, &older);
    const char *new = copy_place_of(wanted, &newer);
    raw_close(old, raw_open(old, &older));
    raw_close(new, raw_open(new, &newer));
    refused(old, copy_place_of(wanted, NULL), SHOP_CONFLICT, "older version: upgrade it first");
    refused(from, old, SHOP_CONFLICT, "older version, and not empty");
    refused(new, copy_place_of(wanted, NULL), SHOP_CONFLICT, "not a shop of this version");
    refused(from, new, SHOP_CONFLICT, "not a shop of this version");
    raw_close(old, raw_open(old, &older)); /* a version that was raised would be refused */
    raw_close(new, raw_open(new, &newer));
}

Test(copy, a_shop_of_the_version_before_is_upgraded)
{
    const char *wanted = getenv("SHOP_TEST_DATABASE");
    if (!wanted || strcmp(wanted, "memory:") == 0)
        wanted = "sqlite:";
    shop_schema older = older_schema();
    close_till();
    const char *old = copy_place_of(wanted, &older);
    raw_close(old, raw_open(old, &older));
    open_till(old);
    close_till();
    refused(old, old, SHOP_INVALID, "same place");
}
