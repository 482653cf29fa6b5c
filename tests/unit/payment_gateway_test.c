/* SPDX-License-Identifier: MIT */
/* What payments make of a gateway that declines twice, refuses, fails late, or knows better than we do. */
#include <criterion/criterion.h>
#include <string.h>

#include "../../libshop/gateway/gateway.h"
#include "support.h"

#define PRICE 1000
#define QUIET (INT64_C(3600) * 1000000) /* after this a half-done payment is nobody's work any more */
#define KEY_SIZE 256

static shop *s;
static shop_ctx *system_cx;
static shop_ctx *cx; /* the customer's */
static int64_t product_id;
static const shop_gateway_vtable *real;
static shop_gateway_vtable other; /* the gateway as a test wants it */
static char confirm_keys[4][KEY_SIZE];
static size_t confirm_count;

#define must(cx_, call) cr_assert_eq((call), SHOP_OK, "%s: %s", shop_ctx_error_code(cx_), shop_ctx_error_detail(cx_))

static void open_shop(void)
{
    s = test_shop_open();
    real = s->gateway->calls;
    other = *real;
    confirm_count = 0;
    s->gateway->calls = &other;
    system_cx = test_ctx(s, SHOP_ACTOR_SYSTEM);
    cx = test_ctx(s, test_user(s, "ann@example.com", 0));
    shop_category_input shelf = SHOP_CATEGORY_INPUT_INIT;
    const shop_category *category;
    shelf.name = "Cups";
    shelf.slug = "cups";
    must(system_cx, shop_category_create(system_cx, &shelf, &category));
    shop_product_input in = SHOP_PRODUCT_INPUT_INIT;
    const shop_product *product;
    in.name = "Cup";
    in.slug = "cup";
    in.description = "";
    in.price = PRICE;
    in.stock_quantity = 10;
    in.category_id = shop_category_id(category);
    must(system_cx, shop_product_create(system_cx, &in, &product));
    product_id = shop_product_id(product);
}

static void close_shop(void)
{
    s->gateway->calls = real;
    shop_ctx_free(cx);
    shop_ctx_free(system_cx);
    test_shop_close(s);
}

TestSuite(payment_gateway, .init = open_shop, .fini = close_shop);

static int64_t place_order(void)
{
    const shop_order *order;
    shop_order_input in = SHOP_ORDER_INPUT_INIT;
    in.shipping_address = "1 Street";
    must(cx, shop_cart_add(cx, product_id, 1, NULL));
    must(cx, shop_order_place(cx, &in, &order));
    return shop_order_id(order);
}

static int64_t begin(int64_t order_id)
{
    const shop_intent *intent;
    shop_intent_input in = SHOP_INTENT_INPUT_INIT;
    in.order_id = order_id;
    must(cx, shop_payment_create_intent(cx, &in, &intent));
    return shop_payment_id(shop_intent_payment(intent));
}

static shop_status confirm(int64_t payment_id, const char *method)
{
    const shop_payment *payment;
    shop_confirm_input in = SHOP_CONFIRM_INPUT_INIT;
    in.payment_id = payment_id;
    in.payment_method = method;
    return shop_payment_confirm(cx, &in, &payment);
}

static shop_status give_back(int64_t payment_id, const char *key)
{
    const shop_payment *payment;
    shop_refund_input in = SHOP_REFUND_INPUT_INIT;
    in.payment_id = payment_id;
    if (key)
        must(system_cx, shop_ctx_set_idempotency_key(system_cx, key, "r", 1));
    return shop_payment_refund(system_cx, &in, &payment);
}

static void expect(int64_t payment_id, const char *status, int64_t refunded)
{
    const shop_payment *payment;
    must(system_cx, shop_payment_get(system_cx, payment_id, &payment));
    cr_expect_str_eq(shop_payment_status(payment), status);
    cr_expect_eq(shop_payment_amount_refunded(payment), refunded);
}

static shop_status run_jobs(void)
{
    int64_t done = 1;
    shop_status status = SHOP_OK;
    shop_ctx *jobs = test_ctx(s, SHOP_ACTOR_SYSTEM);
    test_clock_advance(QUIET);
    for (int i = 0; i < 20 && done > 0 && status == SHOP_OK; i++)
        status = shop_jobs_run(jobs, &done);
    shop_ctx_free(jobs);
    return status;
}

/* ------------------------------------------------------------------------------------------------ odd gateways */

static shop_status noting_confirm(shop_ctx *c, const char *intent, const char *method, const char *key,
                                  shop_gateway_intent *out)
{
    cr_assert_lt(strlen(key), sizeof confirm_keys[0]);
    memcpy(confirm_keys[confirm_count++], key, strlen(key) + 1);
    return real->confirm(c, intent, method, key, out);
}

static shop_status refusing_refund(shop_ctx *c, const char *intent, int64_t amount, const char *reason, const char *key,
                                   shop_gateway_refund *out)
{
    (void)intent, (void)amount, (void)reason, (void)key, (void)out;
    return shop_fail(c, SHOP_INVALID, "refund_refused", "Not today.");
}

static shop_status failing_refund(shop_ctx *c, const char *intent, int64_t amount, const char *reason, const char *key,
                                  shop_gateway_refund *out)
{
    (void)c, (void)intent, (void)reason, (void)key;
    *out = (shop_gateway_refund){.id = "re_1", .status = "failed", .amount = amount};
    return SHOP_OK;
}

static shop_status refusing_cancel(shop_ctx *c, const char *intent, const char *key, shop_gateway_intent *out)
{
    (void)intent, (void)key, (void)out;
    return shop_fail(c, SHOP_INVALID, "payment_not_cancellable", "Too late.");
}

static shop_status processing_retrieve(shop_ctx *c, const char *intent, shop_gateway_intent *out)
{
    shop_status status = real->retrieve(c, intent, out);
    out->status = "processing";
    return status;
}

/* ------------------------------------------------------------------------------------------------ what is promised */

Test(payment_gateway, a_second_decline_tells_its_own_reason)
{
    int64_t id = begin(place_order());
    const shop_payment *payment;
    cr_assert_eq(confirm(id, "pm_card_chargeDeclined"), SHOP_DECLINED);
    cr_assert_eq(confirm(id, "pm_card_chargeDeclinedInsufficientFunds"), SHOP_DECLINED);
    must(cx, shop_payment_get(cx, id, &payment));
    cr_expect_str_eq(shop_payment_failure_message(payment), "Your card has insufficient funds.");
}

Test(payment_gateway, another_card_is_another_request_to_the_gateway)
{
    int64_t id = begin(place_order());
    other.confirm = noting_confirm;
    cr_assert_eq(confirm(id, "pm_card_chargeDeclined"), SHOP_DECLINED);
    cr_assert_eq(confirm(id, "pm_card_chargeDeclinedLostCard"), SHOP_DECLINED);
    must(cx, confirm(id, "pm_card_visa"));
    cr_expect_str_neq(confirm_keys[0], confirm_keys[1]);
    cr_expect_str_neq(confirm_keys[1], confirm_keys[2]);
}

Test(payment_gateway, a_key_in_the_body_marks_that_call_alone)
{
    const shop_intent *intent;
    shop_intent_input in = SHOP_INTENT_INPUT_INIT;
    in.order_id = INT64_C(999999);
    in.idempotency_key = "k";
    cr_assert_eq(shop_payment_create_intent(cx, &in, &intent), SHOP_NOT_FOUND);
    in.order_id = place_order();
    must(cx, shop_payment_create_intent(cx, &in, &intent));
}

Test(payment_gateway, a_refused_refund_can_be_asked_for_again_under_its_key)
{
    int64_t id = begin(place_order());
    must(cx, confirm(id, "pm_card_visa"));
    other.refund = refusing_refund;
    cr_assert_eq(give_back(id, "k"), SHOP_CONFLICT);
    expect(id, "succeeded", 0);
    other.refund = real->refund;
    must(system_cx, give_back(id, "k"));
    expect(id, "refunded", PRICE);
}

Test(payment_gateway, a_cancelled_orders_money_goes_back_when_the_gateway_relents)
{
    int64_t order_id = place_order();
    int64_t id = begin(order_id);
    must(cx, confirm(id, "pm_card_visa"));
    other.refund = refusing_refund;
    must(cx, shop_order_cancel(cx, order_id, NULL));
    other.refund = real->refund;
    cr_expect_eq(run_jobs(), SHOP_OK);
    expect(id, "refunded", PRICE);
}

Test(payment_gateway, a_refund_that_failed_is_not_given_back)
{
    int64_t id = begin(place_order());
    must(cx, confirm(id, "pm_card_visa"));
    other.refund = failing_refund;
    cr_expect_eq(give_back(id, NULL), SHOP_CONFLICT);
    expect(id, "succeeded", 0);
}

Test(payment_gateway, what_the_gateway_processes_is_not_cancelled)
{
    int64_t id = begin(place_order());
    const shop_payment *payment;
    shop_payment_cancel_input in = SHOP_PAYMENT_CANCEL_INPUT_INIT;
    in.payment_id = id;
    other.cancel = refusing_cancel;
    other.retrieve = processing_retrieve;
    cr_expect_eq(shop_payment_cancel(cx, &in, &payment), SHOP_CONFLICT);
    must(cx, shop_payment_get(cx, id, &payment));
    cr_expect_str_eq(shop_payment_order_status(payment), "pending");
}
