/* SPDX-License-Identifier: MIT */
/* What the tests of the payment sagas share. */
#include "payment_support.h"

#include <stdio.h>
#include <string.h>

#include <shop/sys/storage.h>

shop *test_shop;
shop_ctx *system_cx;
shop_ctx *ann;
shop_ctx *bob;
shop_ctx *sue;
int64_t cup;

static int64_t shelf;

/* ------------------------------------------------------------------------------------------------ storage that dies */

static const shop_storage_vtable *inner;
static shop_storage_vtable mortal;
static int batches_left = -1; /* -1: for ever */
static int is_dead;

static int32_t mortal_open(const char *url, const shop_schema *schema, const shop_storage_host *host, void **self,
                           shop_fault *fault)
{
    return inner->open(url + strlen("mortal:"), schema, host, self, fault);
}

static int32_t mortal_apply(void *self, const shop_storage_call *call, const shop_op_list *list, shop_fault *fault)
{
    is_dead = is_dead || batches_left == 0;
    if (is_dead)
        return fault->outcome = SHOP_STORAGE_UNAVAILABLE;
    if (batches_left > 0)
        batches_left--;
    return inner->apply(self, call, list, fault);
}

void storage_dies_after(int batches)
{
    batches_left = batches;
    is_dead = 0;
}

int storage_is_dead(void)
{
    return is_dead;
}

void storage_revives(void)
{
    storage_dies_after(-1);
}

static const char *mortal_url(const char *database)
{
    static char url[160];
    inner = shop_storage_find(database);
    cr_assert_not_null(inner);
    mortal = *inner;
    mortal.name = "mortal";
    mortal.open = mortal_open;
    mortal.apply = mortal_apply;
    (void)shop_storage_register(&mortal); /* refused when it is there already */
    (void)snprintf(url, sizeof url, "mortal:%s", database);
    return url;
}

/* ------------------------------------------------------------------------------------------------ the shop */

static void make_shelf(void)
{
    shop_category_input in = SHOP_CATEGORY_INPUT_INIT;
    const shop_category *category;
    in.name = "Cups";
    in.slug = "cups";
    ok(system_cx, shop_category_create(system_cx, &in, &category));
    shelf = shop_category_id(category);
}

int64_t make_product(const char *slug, int64_t price)
{
    shop_product_input in = SHOP_PRODUCT_INPUT_INIT;
    const shop_product *made;
    in.name = slug;
    in.slug = slug;
    in.description = "";
    in.price = price;
    in.stock_quantity = STOCK;
    in.category_id = shelf;
    ok(system_cx, shop_product_create(system_cx, &in, &made));
    return shop_product_id(made);
}

void payment_shop_open_with(void (*change)(shop_options *options))
{
    shop_options options;
    mock_register();
    mock_reset();
    storage_revives();
    test_options(&options);
    options.database = mortal_url(options.database);
    options.gateway = "mock";
    options.gateway_secret = MOCK_SECRET;
    options.webhook_secret = MOCK_WEBHOOK_SECRET;
    options.order_ttl = ORDER_TTL;
    if (change)
        change(&options);
    test_shop = test_shop_open_with(&options);
    system_cx = test_ctx(test_shop, SHOP_ACTOR_SYSTEM);
    ann = test_ctx(test_shop, test_user(test_shop, "ann@example.com", 0));
    bob = test_ctx(test_shop, test_user(test_shop, "bob@example.com", 0));
    sue = test_ctx(test_shop, test_user(test_shop, "sue@example.com", 1));
    make_shelf();
    cup = make_product("cup", PRICE);
}

void payment_shop_open(void)
{
    payment_shop_open_with(NULL);
}

static void set_patient(shop_options *options)
{
    options->order_ttl = 0;
}

void payment_shop_open_patient(void)
{
    payment_shop_open_with(set_patient);
}

void payment_shop_close(void)
{
    shop_ctx_free(ann);
    shop_ctx_free(bob);
    shop_ctx_free(sue);
    shop_ctx_free(system_cx);
    test_shop_close(test_shop);
    cr_assert_null(mock_problem(), "%s", mock_problem());
}

/* ------------------------------------------------------------------------------------------------ doing */

void ok(const shop_ctx *cx, shop_status got)
{
    cr_assert_eq(got, SHOP_OK, "%s: %s", shop_ctx_error_code(cx), shop_ctx_error_detail(cx));
}

void refused(const shop_ctx *cx, shop_status got, shop_status wanted, const char *code)
{
    cr_assert_eq(got, wanted, "%s (%s) instead of %s: %s", shop_status_name(got), shop_ctx_error_code(cx),
                 shop_status_name(wanted), shop_ctx_error_detail(cx));
    cr_assert_str_eq(shop_ctx_error_code(cx), code);
}

int64_t place_order_of(int64_t product, int64_t quantity)
{
    shop_order_input in = SHOP_ORDER_INPUT_INIT;
    const shop_order *order;
    in.shipping_address = "1 Main Street";
    ok(ann, shop_cart_add(ann, product, quantity, NULL));
    ok(ann, shop_order_place(ann, &in, &order));
    return shop_order_id(order);
}

int64_t place_order(void)
{
    return place_order_of(cup, 1);
}

shop_status try_create(shop_ctx *cx, int64_t order, const shop_intent **out)
{
    shop_intent_input in = SHOP_INTENT_INPUT_INIT;
    const shop_intent *ignored;
    in.order_id = order;
    return shop_payment_create_intent(cx, &in, out ? out : &ignored);
}

int64_t begin(int64_t order)
{
    const shop_intent *intent;
    ok(ann, try_create(ann, order, &intent));
    return shop_payment_id(shop_intent_payment(intent));
}

shop_status try_confirm(int64_t payment, const char *method)
{
    shop_confirm_input in = SHOP_CONFIRM_INPUT_INIT;
    const shop_payment *p;
    in.payment_id = payment;
    in.payment_method = method;
    return shop_payment_confirm(ann, &in, &p);
}

int64_t paid(int64_t order)
{
    int64_t payment = begin(order);
    ok(ann, try_confirm(payment, MOCK_PAYS));
    stands(payment, "succeeded", 0);
    return payment;
}

shop_status try_cancel(int64_t payment)
{
    shop_payment_cancel_input in = SHOP_PAYMENT_CANCEL_INPUT_INIT;
    const shop_payment *p;
    in.payment_id = payment;
    return shop_payment_cancel(ann, &in, &p);
}

shop_status try_refund(int64_t payment, int64_t amount)
{
    shop_refund_input in = SHOP_REFUND_INPUT_INIT;
    const shop_payment *p;
    in.payment_id = payment;
    in.amount = amount;
    return shop_payment_refund(sue, &in, &p);
}

void with_key(shop_ctx *cx, const char *key)
{
    ok(cx, shop_ctx_set_idempotency_key(cx, key, "r", 1));
}

shop_status jobs(void)
{
    shop_ctx *cx = test_ctx(test_shop, SHOP_ACTOR_SYSTEM);
    shop_status status = shop_jobs_run(cx, NULL);
    shop_ctx_free(cx);
    return status;
}

void jobs_rest(void)
{
    shop_ctx *cx = test_ctx(test_shop, SHOP_ACTOR_SYSTEM);
    int64_t done = 1;
    for (int i = 0; i < 100 && done > 0; i++)
        ok(cx, shop_jobs_run(cx, &done));
    cr_assert_eq(done, 0, "the jobs come to rest");
    shop_ctx_free(cx);
}

void hours_of_jobs(int hours)
{
    for (int i = 0; i < 60 * hours; i++) {
        test_clock_advance(MINUTE);
        (void)jobs();
    }
}

shop_status tell(const char *event, int32_t about, const char *intent, const char *object)
{
    char body[MOCK_EVENT_SIZE];
    char header[MOCK_HEADER_SIZE];
    mock_event(event, "mock.changed", about, intent, object, body);
    mock_sign(MOCK_WEBHOOK_SECRET, body, shop_now(test_shop), header);
    return shop_payment_webhook(system_cx, body, strlen(body), header);
}

/* ------------------------------------------------------------------------------------------------ saying */

const shop_payment *payment_of(int64_t payment)
{
    const shop_payment *p;
    ok(system_cx, shop_payment_get(system_cx, payment, &p));
    return p;
}

const char *intent_of(int64_t payment)
{
    const char *intent = shop_payment_intent_id(payment_of(payment));
    cr_assert_not_null(intent);
    return intent;
}

void stands(int64_t payment, const char *status, int64_t given_back)
{
    const shop_payment *p = payment_of(payment);
    cr_assert_str_eq(shop_payment_status(p), status);
    cr_assert_eq(shop_payment_amount_refunded(p), given_back, "%lld is given back, not %lld",
                 (long long)shop_payment_amount_refunded(p), (long long)given_back);
}

void order_is(int64_t order, const char *status)
{
    const shop_order *o;
    ok(system_cx, shop_order_get(system_cx, order, &o));
    cr_assert_str_eq(shop_order_status(o), status);
}

int64_t stock(void)
{
    const shop_product *p;
    ok(system_cx, shop_product_get(system_cx, "cup", &p));
    return shop_product_stock_quantity(p);
}

static int is_one_of(const char *word, const char *const words[])
{
    for (size_t i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0)
            return 1;
    return 0;
}

void books_agree(int64_t order)
{
    static const char *const captured[] = {"succeeded", "partially_refunded", "refunded", NULL};
    const shop_payment *p;
    const shop_order *o;
    ok(system_cx, shop_order_get(system_cx, order, &o));
    int is_off = strcmp(shop_order_status(o), "cancelled") == 0;
    cr_assert_leq(mock_live_intents(order), 1, "two intents live");
    if (is_off)
        cr_assert_eq(mock_held(order), 0, "a cancelled order keeps money");
    shop_status status = shop_payment_of_order(system_cx, order, &p);
    if (status == SHOP_NOT_FOUND) {
        cr_assert_eq(mock_live_intents(order), 0, "an intent that nobody knows");
        return;
    }
    ok(system_cx, status);
    const char *name = shop_payment_intent_id(p);
    int is_known_paid = is_one_of(shop_payment_status(p), captured);
    int is_paid = name && strcmp(mock_status(name), "succeeded") == 0;
    cr_assert_eq(is_known_paid, is_paid, "the shop says %s, the gateway %s", shop_payment_status(p),
                 name ? mock_status(name) : "nothing");
    cr_assert_eq(shop_payment_amount_refunded(p), name ? mock_given_back(name) : 0);
    cr_assert(!name || mock_amount(name) == shop_payment_amount(p));
    if (is_off)
        cr_assert_eq(mock_live_intents(order), is_paid, "money could still come for a cancelled order");
    else
        cr_assert_eq(strcmp(shop_order_status(o), "processing") == 0, is_paid);
}
