/* SPDX-License-Identifier: MIT */
/* What payments promise: paid once, never refunded beyond what was paid, news applied forward only, nothing left half done. */
#include <criterion/criterion.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "../../libshop/gateway/gateway.h"
#include "../../libshop/order/order_parts.h"
#include "../../libshop/payment/payment_parts.h"
#include "../../libshop/storage/store.h"
#include "support.h"

#define SECOND INT64_C(1000000)
#define PRICE 1000
#define SIGNATURE_SIZE 128
#define STOCK 10
#define OLD_SECRET "whsec_old"
#define NEW_SECRET "whsec_new"

static shop *s;
static shop_ctx *system_cx;
static shop_ctx *cx; /* ann's */
static shop_ctx *bob_cx;
static shop_ctx *staff_cx; /* sue's */
static int64_t product_id;

static void open_shop(void)
{
    shop_options options;
    test_options(&options);
    options.webhook_secret = OLD_SECRET "," NEW_SECRET;
    s = test_shop_open_with(&options);
    system_cx = test_ctx(s, SHOP_ACTOR_SYSTEM);
    cx = test_ctx(s, test_user(s, "ann@example.com", 0));
    bob_cx = test_ctx(s, test_user(s, "bob@example.com", 0));
    staff_cx = test_ctx(s, test_user(s, "sue@example.com", 1));
    shop_category_input category = SHOP_CATEGORY_INPUT_INIT;
    category.name = "Cups";
    category.slug = "cups";
    const shop_category *shelf;
    cr_assert_eq(shop_category_create(system_cx, &category, &shelf), SHOP_OK);
    shop_product_input in = SHOP_PRODUCT_INPUT_INIT;
    in.name = "Cup";
    in.slug = "cup";
    in.description = "";
    in.price = PRICE;
    in.stock_quantity = STOCK;
    in.category_id = shop_category_id(shelf);
    const shop_product *made;
    cr_assert_eq(shop_product_create(system_cx, &in, &made), SHOP_OK, "%s", shop_ctx_error_detail(system_cx));
    product_id = shop_product_id(made);
}

static void close_shop(void)
{
    shop_ctx_free(cx);
    shop_ctx_free(bob_cx);
    shop_ctx_free(staff_cx);
    shop_ctx_free(system_cx);
    test_shop_close(s);
}

TestSuite(payment, .init = open_shop, .fini = close_shop);

/* ------------------------------------------------------------------------------------------------ doing things */

#define must(cx_, call) cr_assert_eq((call), SHOP_OK, "%s: %s", shop_ctx_error_code(cx_), shop_ctx_error_detail(cx_))
#define fails(cx_, call, status_, code_)                                                                                       \
    do {                                                                                                                       \
        cr_assert_eq((call), (status_), "%s: %s", shop_ctx_error_code(cx_), shop_ctx_error_detail(cx_));                       \
        cr_assert_str_eq(shop_ctx_error_code(cx_), (code_));                                                                   \
    } while (0)

static int64_t stock(void)
{
    const shop_product *product;
    must(system_cx, shop_product_get(system_cx, "cup", &product));
    return shop_product_stock_quantity(product);
}

static int64_t place_order(void)
{
    must(cx, shop_cart_add(cx, product_id, 2, NULL));
    shop_order_input in = SHOP_ORDER_INPUT_INIT;
    in.shipping_address = "1 Street";
    const shop_order *order;
    must(cx, shop_order_place(cx, &in, &order));
    return shop_order_id(order);
}

static shop_status begin(shop_ctx *who, int64_t order_id, const shop_intent **intent)
{
    shop_intent_input in = SHOP_INTENT_INPUT_INIT;
    in.order_id = order_id;
    return shop_payment_create_intent(who, &in, intent);
}

/* A payment of a new order: its id. */
static int64_t begin_new(void)
{
    const shop_intent *intent;
    must(cx, begin(cx, place_order(), &intent));
    return shop_payment_id(shop_intent_payment(intent));
}

static shop_status confirm(int64_t payment_id, const char *method, const shop_payment **payment)
{
    shop_confirm_input in = SHOP_CONFIRM_INPUT_INIT;
    in.payment_id = payment_id;
    in.payment_method = method;
    return shop_payment_confirm(cx, &in, payment);
}

static int64_t pay_new(void)
{
    int64_t id = begin_new();
    must(cx, confirm(id, "pm_card_visa", &(const shop_payment *){NULL}));
    return id;
}

static shop_status refund(shop_ctx *who, int64_t payment_id, int64_t amount, const shop_payment **payment)
{
    shop_refund_input in = SHOP_REFUND_INPUT_INIT;
    in.payment_id = payment_id;
    in.amount = amount;
    return shop_payment_refund(who, &in, payment);
}

static const shop_payment *read_payment(int64_t id)
{
    const shop_payment *payment;
    must(system_cx, shop_payment_get(system_cx, id, &payment));
    return payment;
}

static void expect_payment(int64_t id, const char *status, int64_t refunded, const char *order_status)
{
    const shop_payment *payment = read_payment(id);
    cr_assert_str_eq(shop_payment_status(payment), status);
    cr_assert_eq(shop_payment_amount_refunded(payment), refunded);
    cr_assert_str_eq(shop_payment_order_status(payment), order_status);
}

/* The intent as somebody else changes it: at the gateway, behind our back. */
static void confirm_at_gateway(int64_t payment_id)
{
    shop_gateway_intent intent;
    const char *name = shop_payment_intent_id(read_payment(payment_id));
    must(system_cx, s->gateway->calls->confirm(system_cx, name, "pm_card_visa", "k", &intent));
}

static void sign(const char *secret, int64_t seconds, const char *body, char out[static SIGNATURE_SIZE])
{
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    char hex[2 * sizeof mac + 1];
    char text[1024];
    int length = snprintf(text, sizeof text, "%lld.%s", (long long)seconds, body);
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, (const unsigned char *)secret, strlen(secret));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)text, (unsigned long long)length);
    crypto_auth_hmacsha256_final(&state, mac);
    (void)sodium_bin2hex(hex, sizeof hex, mac, sizeof mac);
    (void)snprintf(out, SIGNATURE_SIZE, "t=%lld,v0=00,v1=%s", (long long)seconds, hex);
}

static const char *event_body(const char *event, int64_t payment_id)
{
    static char body[512];
    (void)snprintf(body, sizeof body,
                   "{\"id\":\"%s\",\"type\":\"payment_intent.succeeded\",\"data\":{\"object\":{\"object\":"
                   "\"payment_intent\",\"id\":\"%s\"}}}",
                   event, shop_payment_intent_id(read_payment(payment_id)));
    return body;
}

static shop_status send_signed(const char *secret, int64_t seconds_from_now, const char *body)
{
    char signature[SIGNATURE_SIZE];
    sign(secret, shop_now(s) / SECOND + seconds_from_now, body, signature);
    return shop_payment_webhook(bob_cx, body, strlen(body), signature);
}

static uint32_t count_rows(uint16_t table)
{
    shop_query *q = shop_query_new(system_cx);
    int read = shop_query_read(q, table);
    must(system_cx, shop_query_run(q));
    return shop_query_rows(q, read)->count;
}

/* ------------------------------------------------------------------------------------------------ paying */

Test(payment, a_confirmed_payment_pays_its_order)
{
    int64_t order_id = place_order();
    const shop_intent *intent;
    must(cx, begin(cx, order_id, &intent));
    cr_assert_str_eq(shop_intent_publishable_key(intent), "pk_test_shop");
    cr_assert(strstr(shop_intent_client_secret(intent), "_secret_"));
    int64_t id = shop_payment_id(shop_intent_payment(intent));
    const shop_payment *payment;
    must(cx, confirm(id, "pm_card_visa", &payment));
    cr_assert_str_eq(shop_payment_status(payment), "succeeded");
    cr_assert_eq(shop_payment_amount(payment), 2 * PRICE);
    expect_payment(id, "succeeded", 0, "processing");
    fails(cx, begin(cx, order_id, &(const shop_intent *){NULL}), SHOP_CONFLICT, "already_paid");
}

Test(payment, an_open_payment_is_given_again)
{
    int64_t order_id = place_order();
    const shop_intent *first;
    const shop_intent *second;
    must(cx, begin(cx, order_id, &first));
    must(cx, begin(cx, order_id, &second));
    cr_assert_str_eq(shop_intent_client_secret(first), shop_intent_client_secret(second));
    cr_assert_eq(count_rows(TABLE_TEST_INTENT), 1);
}

Test(payment, a_request_with_a_key_gets_its_first_answer_again)
{
    shop_intent_input in = SHOP_INTENT_INPUT_INIT;
    in.order_id = place_order();
    in.idempotency_key = "key-1";
    const shop_intent *intent;
    must(cx, shop_payment_create_intent(cx, &in, &intent));
    int64_t id = shop_payment_id(shop_intent_payment(intent));
    must(cx, confirm(id, "pm_card_visa", &(const shop_payment *){NULL}));
    must(cx, shop_payment_create_intent(cx, &in, &intent));
    cr_assert(shop_ctx_replayed(cx));
    cr_assert_str_eq(shop_payment_status(shop_intent_payment(intent)), "pending");
    in.order_id = place_order();
    fails(cx, shop_payment_create_intent(cx, &in, &(const shop_intent *){NULL}), SHOP_KEY_REUSED, "idempotency_key_reused");
}

Test(payment, only_an_own_pending_order_in_its_own_currency_can_be_paid)
{
    int64_t order_id = place_order();
    fails(bob_cx, begin(bob_cx, order_id, &(const shop_intent *){NULL}), SHOP_NOT_FOUND, "order_not_found");
    shop_intent_input in = SHOP_INTENT_INPUT_INIT;
    in.order_id = order_id;
    in.currency = "eur";
    fails(cx, shop_payment_create_intent(cx, &in, &(const shop_intent *){NULL}), SHOP_INVALID, "validation_error");
    must(cx, shop_order_cancel(cx, order_id, NULL));
    fails(cx, begin(cx, order_id, &(const shop_intent *){NULL}), SHOP_CONFLICT, "order_not_payable");
}

Test(payment, a_declined_card_fails_and_another_one_pays)
{
    int64_t id = begin_new();
    fails(cx, confirm(id, "pm_card_chargeDeclinedInsufficientFunds", &(const shop_payment *){NULL}), SHOP_DECLINED,
          "card_declined");
    cr_assert_str_eq(shop_ctx_error_detail(cx), "Your card has insufficient funds.");
    expect_payment(id, "failed", 0, "pending");
    cr_assert_str_eq(shop_payment_failure_message(read_payment(id)), "Your card has insufficient funds.");
    must(cx, confirm(id, "pm_card_authenticationRequired", &(const shop_payment *){NULL}));
    expect_payment(id, "pending", 0, "pending");
    must(cx, confirm(id, "pm_card_visa", &(const shop_payment *){NULL}));
    expect_payment(id, "succeeded", 0, "processing");
    cr_assert_str_eq(shop_payment_failure_message(read_payment(id)), "");
}

Test(payment, others_do_not_learn_of_a_payment_and_staff_does)
{
    int64_t id = begin_new();
    const shop_page *page;
    shop_payment_filter any = SHOP_PAYMENT_FILTER_INIT;
    fails(bob_cx, shop_payment_get(bob_cx, id, &(const shop_payment *){NULL}), SHOP_NOT_FOUND, "payment_not_found");
    shop_payment_cancel_input in = SHOP_PAYMENT_CANCEL_INPUT_INIT;
    in.payment_id = id;
    fails(bob_cx, shop_payment_cancel(bob_cx, &in, &(const shop_payment *){NULL}), SHOP_NOT_FOUND, "payment_not_found");
    must(bob_cx, shop_payment_list(bob_cx, &any, &page));
    cr_assert_eq(shop_page_count(page), 0);
    must(staff_cx, shop_payment_get(staff_cx, id, &(const shop_payment *){NULL}));
    must(staff_cx, shop_payment_list(staff_cx, &any, &page));
    cr_assert_eq(shop_payment_id(shop_payment_at(page, 0)), id);
}

/* ------------------------------------------------------------------------------------------------ cancelling and refunding */

Test(payment, cancelling_cancels_the_order_and_brings_stock_back)
{
    int64_t id = begin_new();
    cr_assert_eq(stock(), STOCK - 2);
    shop_payment_cancel_input in = SHOP_PAYMENT_CANCEL_INPUT_INIT;
    in.payment_id = id;
    const shop_payment *payment;
    must(cx, shop_payment_cancel(cx, &in, &payment));
    cr_assert_str_eq(shop_payment_status(payment), "cancelled");
    cr_assert_str_eq(shop_payment_order_status(payment), "cancelled");
    expect_payment(id, "cancelled", 0, "cancelled");
    cr_assert_eq(stock(), STOCK);
    must(cx, shop_payment_cancel(cx, &in, &payment));
    cr_assert_eq(stock(), STOCK);
    const shop_payment *late = NULL;
    (void)confirm(id, "pm_card_visa", &late);
    expect_payment(id, "cancelled", 0, "cancelled");
}

Test(payment, cancelling_what_was_paid_meanwhile_finds_it_paid)
{
    int64_t id = begin_new();
    confirm_at_gateway(id);
    shop_payment_cancel_input in = SHOP_PAYMENT_CANCEL_INPUT_INIT;
    in.payment_id = id;
    fails(cx, shop_payment_cancel(cx, &in, &(const shop_payment *){NULL}), SHOP_CONFLICT, "payment_not_cancellable");
    expect_payment(id, "succeeded", 0, "processing");
}

Test(payment, refunds_add_up_and_never_pass_what_was_paid)
{
    int64_t id = pay_new();
    fails(cx, refund(cx, id, 100, &(const shop_payment *){NULL}), SHOP_FORBIDDEN, "staff_only");
    must(staff_cx, refund(staff_cx, id, 500, &(const shop_payment *){NULL}));
    expect_payment(id, "partially_refunded", 500, "processing");
    fails(staff_cx, refund(staff_cx, id, 2 * PRICE - 499, &(const shop_payment *){NULL}), SHOP_INVALID, "validation_error");
    cr_assert_str_eq(shop_ctx_error_field(staff_cx, 0), "amount");
    must(staff_cx, refund(staff_cx, id, SHOP_UNSET, &(const shop_payment *){NULL}));
    expect_payment(id, "refunded", 2 * PRICE, "processing");
    fails(staff_cx, refund(staff_cx, id, SHOP_UNSET, &(const shop_payment *){NULL}), SHOP_CONFLICT, "payment_not_refundable");
}

Test(payment, a_refund_sent_twice_with_a_key_is_one)
{
    int64_t id = pay_new();
    for (int i = 0; i < 2; i++) {
        must(staff_cx, shop_ctx_set_idempotency_key(staff_cx, "r", "x", 1));
        must(staff_cx, refund(staff_cx, id, 500, &(const shop_payment *){NULL}));
        cr_assert_eq(shop_ctx_replayed(staff_cx), i);
    }
    expect_payment(id, "partially_refunded", 500, "processing");
}

Test(payment, cancelling_a_paid_order_gives_the_money_back)
{
    int64_t id = pay_new();
    must(staff_cx, refund(staff_cx, id, 500, &(const shop_payment *){NULL}));
    must(cx, shop_order_cancel(cx, shop_payment_order_id(read_payment(id)), NULL));
    expect_payment(id, "refunded", 2 * PRICE, "cancelled");
    cr_assert_eq(count_rows(TABLE_TEST_REFUND), 2);
    cr_assert_eq(stock(), STOCK);
}

/* ------------------------------------------------------------------------------------------------ events */

Test(payment, an_event_is_applied_once_under_each_secret)
{
    int64_t id = begin_new();
    confirm_at_gateway(id);
    must(bob_cx, send_signed(NEW_SECRET, 0, event_body("evt_1", id)));
    expect_payment(id, "succeeded", 0, "processing");
    int64_t updated = shop_payment_updated_at(read_payment(id));
    test_clock_advance(SECOND);
    must(bob_cx, send_signed(OLD_SECRET, 0, event_body("evt_1", id)));
    must(bob_cx, send_signed(OLD_SECRET, 0, event_body("evt_2", id)));
    cr_assert_eq(shop_payment_updated_at(read_payment(id)), updated);
    cr_assert_eq(count_rows(TABLE_EVENT), 2);
}

Test(payment, a_late_event_does_not_move_a_payment_backwards)
{
    int64_t id = pay_new();
    must(staff_cx, refund(staff_cx, id, SHOP_UNSET, &(const shop_payment *){NULL}));
    must(bob_cx, send_signed(NEW_SECRET, 0, event_body("evt_late", id)));
    expect_payment(id, "refunded", 2 * PRICE, "processing");
}

Test(payment, forged_and_old_events_are_refused)
{
    int64_t id = begin_new();
    confirm_at_gateway(id);
    const char *body = event_body("evt_1", id);
    char good[SIGNATURE_SIZE];
    sign(NEW_SECRET, shop_now(s) / SECOND, body, good);
    fails(bob_cx, send_signed("whsec_other", 0, body), SHOP_INVALID, "invalid_signature");
    fails(bob_cx, send_signed(NEW_SECRET, -301, body), SHOP_INVALID, "invalid_signature");
    fails(bob_cx, send_signed(NEW_SECRET, 301, body), SHOP_INVALID, "invalid_signature");
    fails(bob_cx, shop_payment_webhook(bob_cx, body, strlen(body) - 1, good), SHOP_INVALID, "invalid_signature");
    fails(bob_cx, shop_payment_webhook(bob_cx, body, strlen(body), NULL), SHOP_INVALID, "invalid_signature");
    good[strlen(good) - 1] = '\0';
    fails(bob_cx, shop_payment_webhook(bob_cx, body, strlen(body), good), SHOP_INVALID, "invalid_signature");
    fails(bob_cx, send_signed(NEW_SECRET, 0, "{}"), SHOP_INVALID, "invalid_event");
    expect_payment(id, "pending", 0, "pending");
    must(bob_cx, send_signed(NEW_SECRET, -300, body));
}

Test(payment, an_event_of_an_unknown_kind_is_acknowledged)
{
    must(bob_cx, send_signed(NEW_SECRET, 0, "{\"id\":\"evt_9\",\"type\":\"balance.available\",\"data\":{\"object\":{}}}"));
    must(bob_cx, send_signed(NEW_SECRET, 0, "{\"id\":\"evt_9\",\"type\":\"balance.available\",\"data\":{\"object\":{}}}"));
    cr_assert_eq(count_rows(TABLE_EVENT), 1);
}

Test(payment, the_test_gateway_tells_what_happened_there)
{
    int64_t id = begin_new();
    confirm_at_gateway(id);
    int64_t done;
    must(system_cx, shop_payment_deliver_test_events(system_cx, 100, &done));
    cr_assert_eq(done, 2);
    expect_payment(id, "succeeded", 0, "processing");
    must(system_cx, shop_payment_deliver_test_events(system_cx, 100, &done));
    cr_assert_eq(done, 0);
    cr_assert_eq(count_rows(TABLE_TEST_EVENT), 0);
}

Test(payment, syncing_fetches_what_happened_at_the_gateway)
{
    int64_t id = begin_new();
    confirm_at_gateway(id);
    shop_sync_input in = SHOP_SYNC_INPUT_INIT;
    in.payment_intent_id = shop_payment_intent_id(read_payment(id));
    fails(bob_cx, shop_payment_sync(bob_cx, &in, &(const shop_payment *){NULL}), SHOP_NOT_FOUND, "payment_not_found");
    must(cx, shop_payment_sync(cx, &in, &(const shop_payment *){NULL}));
    expect_payment(id, "succeeded", 0, "processing");
}

/* ------------------------------------------------------------------------------------------------ crashes */

static shop_status attempt_forget_intent(shop_ctx *who, void *args, shop_batch *b, const void **answer)
{
    const int64_t *id = args;
    (void)who;
    (void)answer;
    shop_batch_update(b, TABLE_PAYMENT, 1);
    shop_set_null(b, PAYMENT_INTENT);
    shop_set_null(b, PAYMENT_CLIENT_SECRET);
    shop_guard_int(b, PAYMENT_ID, SHOP_PRED_EQ, *id);
    return SHOP_OK;
}

Test(payment, an_intent_that_a_crash_left_unrecorded_is_found_again)
{
    int64_t id = begin_new();
    char intent[64];
    (void)snprintf(intent, sizeof intent, "%s", shop_payment_intent_id(read_payment(id)));
    must(system_cx, shop_change_step(system_cx, attempt_forget_intent, &id));
    int64_t done;
    must(system_cx, shop_payment_reconcile(system_cx, 100, &done));
    cr_assert_eq(done, 0, "who began it may still be at it");
    test_clock_advance(61 * SECOND);
    must(system_cx, shop_payment_reconcile(system_cx, 100, &done));
    cr_assert_eq(done, 1);
    cr_assert_str_eq(shop_payment_intent_id(read_payment(id)), intent);
    cr_assert_eq(count_rows(TABLE_TEST_INTENT), 1);
}

static shop_status attempt_cancel_bare(shop_ctx *who, void *args, shop_batch *b, const void **answer)
{
    const int64_t *order_id = args;
    (void)who;
    (void)answer;
    shop_batch_update(b, TABLE_ORDER, 1);
    shop_set_text(b, ORDER_STATUS, "cancelled");
    shop_guard_int(b, ORDER_ID, SHOP_PRED_EQ, *order_id);
    return SHOP_OK;
}

Test(payment, payments_of_orders_whose_cancelling_was_cut_off_are_settled)
{
    int64_t open = begin_new();
    int64_t paid_unseen = begin_new();
    confirm_at_gateway(paid_unseen);
    const int64_t payments[] = {open, paid_unseen};
    for (size_t i = 0; i < 2; i++) {
        int64_t order_id = shop_payment_order_id(read_payment(payments[i]));
        must(system_cx, shop_change_step(system_cx, attempt_cancel_bare, &order_id));
    }
    test_clock_advance(61 * SECOND);
    int64_t done;
    must(system_cx, shop_payment_reconcile(system_cx, 100, &done));
    cr_assert_eq(done, 2);
    expect_payment(open, "cancelled", 0, "cancelled");
    expect_payment(paid_unseen, "refunded", 2 * PRICE, "cancelled");
    must(system_cx, shop_payment_reconcile(system_cx, 100, &done));
    cr_assert_eq(done, 0);
}

/* The refund as it is when the crash comes after the gateway did it and before we knew. */
static shop_status attempt_reopen_refund(shop_ctx *who, void *args, shop_batch *b, const void **answer)
{
    const int64_t *payment_id = args;
    (void)who;
    (void)answer;
    shop_batch_update(b, TABLE_REFUND, 1);
    shop_set_text(b, REFUND_STATUS, "pending");
    shop_set_null(b, REFUND_GATEWAY_ID);
    shop_guard_int(b, REFUND_PAYMENT, SHOP_PRED_EQ, *payment_id);
    shop_batch_update(b, TABLE_PAYMENT, 1);
    shop_set_text(b, PAYMENT_STATUS, "succeeded");
    shop_guard_int(b, PAYMENT_ID, SHOP_PRED_EQ, *payment_id);
    return SHOP_OK;
}

Test(payment, a_refund_that_a_crash_cut_off_is_finished_once)
{
    int64_t id = pay_new();
    must(staff_cx, refund(staff_cx, id, 500, &(const shop_payment *){NULL}));
    must(system_cx, shop_change_step(system_cx, attempt_reopen_refund, &id));
    test_clock_advance(61 * SECOND);
    int64_t done;
    must(system_cx, shop_payment_reconcile(system_cx, 100, &done));
    cr_assert_eq(done, 1);
    expect_payment(id, "partially_refunded", 500, "processing");
    cr_assert_eq(count_rows(TABLE_TEST_REFUND), 1);
}

Test(payment, an_expired_order_takes_its_payment_along)
{
    int64_t id = begin_new();
    test_clock_advance(1801 * SECOND);
    must(system_cx, shop_jobs_run(system_cx, NULL));
    expect_payment(id, "cancelled", 0, "cancelled");
    cr_assert_eq(stock(), STOCK);
}

Test(payment, figures_count_what_was_spent)
{
    int64_t id = pay_new();
    (void)begin_new();
    must(staff_cx, refund(staff_cx, id, 500, &(const shop_payment *){NULL}));
    const shop_payment_statistics *totals;
    must(cx, shop_payment_statistics_get(cx, &totals));
    cr_assert_eq(shop_payment_statistics_total_payments(totals), 2);
    cr_assert_eq(shop_payment_statistics_total_spent(totals), 2 * PRICE - 500);
    must(bob_cx, shop_payment_statistics_get(bob_cx, &totals));
    cr_assert_eq(shop_payment_statistics_total_payments(totals), 0);
}
