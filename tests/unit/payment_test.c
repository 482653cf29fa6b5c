/* SPDX-License-Identifier: MIT */
/* What payments promise: one an order, money that moves once, statuses that go forward, and crashes that are finished later. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include <shop/sys/storage.h>

#include "../../libshop/gateway/webhook.h"
#include "../../libshop/payment/payment.h"
#include "support.h"

#define SECOND INT64_C(1000000)
#define ORDER_TTL 1800
#define SECRETS "whsec_first,whsec_second"

static shop *s;
static shop_ctx *system_cx;
static shop_ctx *cx; /* ann's */
static shop_ctx *bob_cx;
static shop_ctx *staff_cx;
static int64_t product;

/* ------------------------------------------------------------------------------------------------ a backend that fails once */

static const shop_storage_vtable *inner;
static shop_storage_vtable faulty;
static int batches_before_failure = -1; /* -1: never */

static int32_t faulty_open(const char *url, const shop_schema *schema, const shop_storage_host *host, void **self,
                           shop_fault *fault)
{
    return inner->open(url + strlen("paytest:"), schema, host, self, fault);
}

static int32_t faulty_apply(void *self, const shop_storage_call *call, const shop_op_list *list, shop_fault *fault)
{
    if (batches_before_failure > 0) {
        batches_before_failure--;
    } else if (batches_before_failure == 0) {
        fault->outcome = SHOP_STORAGE_UNAVAILABLE; /* and all that follows: the process is gone */
        return SHOP_STORAGE_UNAVAILABLE;
    }
    return inner->apply(self, call, list, fault);
}

/* ------------------------------------------------------------------------------------------------ the shop */

static void make_goods(void)
{
    shop_category_input shelf = SHOP_CATEGORY_INPUT_INIT;
    shelf.name = "Cups";
    shelf.slug = "cups";
    const shop_category *category;
    cr_assert_eq(shop_category_create(system_cx, &shelf, &category), SHOP_OK);
    shop_product_input in = SHOP_PRODUCT_INPUT_INIT;
    in.name = "Cup";
    in.slug = "cup";
    in.description = "";
    in.price = 1000;
    in.stock_quantity = 100;
    in.category_id = shop_category_id(category);
    const shop_product *made;
    cr_assert_eq(shop_product_create(system_cx, &in, &made), SHOP_OK);
    product = shop_product_id(made);
}

static void open_with(int64_t owner_refunds)
{
    static char url[160];
    shop_options options;
    test_options(&options);
    inner = shop_storage_find(options.database);
    cr_assert_not_null(inner);
    faulty = *inner;
    faulty.name = "paytest";
    faulty.open = faulty_open;
    faulty.apply = faulty_apply;
    batches_before_failure = -1;
    (void)shop_storage_register(&faulty); /* refused when it is there already */
    (void)snprintf(url, sizeof url, "paytest:%s", options.database);
    options.database = url;
    options.order_ttl = ORDER_TTL;
    options.webhook_secret = SECRETS;
    options.owner_refunds = owner_refunds;
    s = test_shop_open_with(&options);
    system_cx = test_ctx(s, SHOP_ACTOR_SYSTEM);
    cx = test_ctx(s, test_user(s, "ann@example.com", 0));
    bob_cx = test_ctx(s, test_user(s, "bob@example.com", 0));
    staff_cx = test_ctx(s, test_user(s, "sue@example.com", 1));
    make_goods();
}

static void open_shop(void)
{
    open_with(0);
}

static void close_shop(void)
{
    shop_ctx_free(cx);
    shop_ctx_free(bob_cx);
    shop_ctx_free(staff_cx);
    shop_ctx_free(system_cx);
    test_shop_close(s);
}

TestSuite(payment, .init = open_shop, .fini = close_shop, .timeout = 120);

/* ------------------------------------------------------------------------------------------------ doing things */

static void refused(const shop_ctx *c, shop_status got, shop_status wanted, const char *code)
{
    cr_assert_eq(got, wanted, "%s instead of %s: %s", shop_status_name(got), shop_status_name(wanted),
                 shop_ctx_error_detail(c));
    cr_assert_str_eq(shop_ctx_error_code(c), code);
}

static void ok(const shop_ctx *c, shop_status got)
{
    cr_assert_eq(got, SHOP_OK, "%s: %s", shop_ctx_error_code(c), shop_ctx_error_detail(c));
}

static int64_t place_order(shop_ctx *c)
{
    const shop_order *order;
    shop_order_input in = SHOP_ORDER_INPUT_INIT;
    in.shipping_address = "1 Main Street";
    ok(c, shop_cart_add(c, product, 1, NULL));
    ok(c, shop_order_place(c, &in, &order));
    return shop_order_id(order);
}

static const char *order_status(int64_t id)
{
    const shop_order *order;
    ok(system_cx, shop_order_get(system_cx, id, &order));
    return shop_order_status(order);
}

static int64_t stock(void)
{
    const shop_product *p;
    ok(system_cx, shop_product_get(system_cx, "cup", &p));
    return shop_product_stock_quantity(p);
}

static shop_status try_intent(shop_ctx *c, int64_t order, const shop_intent **out)
{
    shop_intent_input in = SHOP_INTENT_INPUT_INIT;
    in.order_id = order;
    return shop_payment_create_intent(c, &in, out);
}

static int64_t begin(int64_t order)
{
    const shop_intent *intent;
    ok(cx, try_intent(cx, order, &intent));
    return shop_payment_id(shop_intent_payment(intent));
}

static shop_status try_confirm(shop_ctx *c, int64_t id, const char *method)
{
    const shop_payment *p;
    shop_confirm_input in = SHOP_CONFIRM_INPUT_INIT;
    in.payment_id = id;
    in.payment_method = method;
    return shop_payment_confirm(c, &in, &p);
}

static int64_t paid(int64_t order)
{
    int64_t id = begin(order);
    ok(cx, try_confirm(cx, id, "pm_card_visa"));
    return id;
}

static shop_status try_refund(shop_ctx *c, int64_t id, int64_t amount)
{
    const shop_payment *p;
    shop_refund_input in = SHOP_REFUND_INPUT_INIT;
    in.payment_id = id;
    in.amount = amount;
    return shop_payment_refund(c, &in, &p);
}

static shop_status try_cancel(shop_ctx *c, int64_t id)
{
    const shop_payment *p;
    shop_payment_cancel_input in = SHOP_PAYMENT_CANCEL_INPUT_INIT;
    in.payment_id = id;
    return shop_payment_cancel(c, &in, &p);
}

static const shop_payment *payment(int64_t id)
{
    const shop_payment *p;
    ok(system_cx, shop_payment_get(system_cx, id, &p));
    return p;
}

static void stands(int64_t id, const char *status, int64_t refunded)
{
    const shop_payment *p = payment(id);
    cr_assert_str_eq(shop_payment_status(p), status);
    cr_assert_eq(shop_payment_amount_refunded(p), refunded);
}

static shop_gateway_intent at_gateway(int64_t id)
{
    shop_gateway_intent intent;
    cr_assert_eq(shop_gateway_retrieve(system_cx, shop_payment_intent_id(payment(id)), &intent), SHOP_GATEWAY_OK);
    return intent;
}

static int64_t refunded_there(int64_t id)
{
    shop_gateway_refunds refunds;
    int64_t sum = 0;
    cr_assert_eq(shop_gateway_list_refunds(system_cx, shop_payment_intent_id(payment(id)), &refunds), SHOP_GATEWAY_OK);
    for (size_t i = 0; i < refunds.count; i++)
        sum += refunds.items[i].amount;
    return sum;
}

/* The customer's browser pays, without the shop. */
static void pay_elsewhere(const char *name)
{
    shop_gateway_intent intent;
    cr_assert_eq(shop_gateway_confirm(system_cx, "elsewhere", name, "pm_card_visa", &intent), SHOP_GATEWAY_OK);
}

static void run_jobs(void)
{
    int64_t done = 1;
    for (int i = 0; i < 100 && done > 0; i++)
        ok(system_cx, shop_jobs_run(system_cx, &done));
    cr_assert_eq(done, 0, "the jobs come to rest");
}

/* ------------------------------------------------------------------------------------------------ beginning */

Test(payment, an_order_has_one_payment_and_its_open_intent_is_used_again)
{
    const shop_intent *a;
    const shop_intent *b;
    int64_t order = place_order(cx);
    ok(cx, try_intent(cx, order, &a));
    ok(cx, try_intent(cx, order, &b));
    cr_assert_eq(shop_payment_id(shop_intent_payment(a)), shop_payment_id(shop_intent_payment(b)));
    cr_assert_str_eq(shop_intent_client_secret(a), shop_intent_client_secret(b));
    cr_assert_str_eq(shop_intent_publishable_key(a), "pk_test_shop");
    cr_assert_eq(shop_payment_amount(shop_intent_payment(a)), 1000);
    cr_assert_str_eq(shop_payment_status(shop_intent_payment(a)), "pending");
}

static const char *intent_with_key(int64_t order)
{
    const shop_intent *intent;
    const char *json;
    size_t length;
    ok(cx, shop_ctx_set_idempotency_key(cx, "k", &order, sizeof order));
    ok(cx, try_intent(cx, order, &intent));
    ok(cx, shop_to_json(cx, &shop_intent_type, intent, &json, &length));
    return json;
}

Test(payment, a_repeated_request_gets_the_first_answer_byte_for_byte)
{
    int64_t order = place_order(cx);
    const char *first = intent_with_key(order);
    test_clock_advance(SECOND);
    ok(cx, try_confirm(cx, shop_payment_id(payment(1)), "pm_card_visa"));
    cr_assert_str_eq(intent_with_key(order), first);
    cr_assert_eq(shop_ctx_replayed(cx), 1);
}

Test(payment, somebody_elses_payment_is_not_found_and_staff_sees_it)
{
    const shop_payment *p;
    const shop_intent *intent;
    int64_t order = place_order(cx);
    int64_t id = begin(order);
    refused(bob_cx, shop_payment_get(bob_cx, id, &p), SHOP_NOT_FOUND, "payment_not_found");
    refused(bob_cx, shop_payment_of_order(bob_cx, order, &p), SHOP_NOT_FOUND, "payment_not_found");
    refused(bob_cx, try_confirm(bob_cx, id, "pm_card_visa"), SHOP_NOT_FOUND, "payment_not_found");
    refused(bob_cx, try_cancel(bob_cx, id), SHOP_NOT_FOUND, "payment_not_found");
    refused(bob_cx, try_refund(bob_cx, id, 1), SHOP_NOT_FOUND, "payment_not_found");
    refused(bob_cx, try_intent(bob_cx, order, &intent), SHOP_NOT_FOUND, "order_not_found");
    ok(staff_cx, shop_payment_get(staff_cx, id, &p));
    ok(staff_cx, shop_payment_of_order(staff_cx, order, &p));
}

/* ------------------------------------------------------------------------------------------------ confirming */

Test(payment, a_declined_payment_is_failed_and_succeeds_when_tried_again)
{
    int64_t order = place_order(cx);
    int64_t id = begin(order);
    refused(cx, try_confirm(cx, id, "pm_card_chargeDeclined"), SHOP_DECLINED, "card_declined");
    stands(id, "failed", 0);
    cr_assert_str_eq(shop_payment_failure_message(payment(id)), "Your card was declined.");
    cr_assert_str_eq(order_status(order), "pending");
    ok(cx, try_confirm(cx, id, "pm_card_visa"));
    stands(id, "succeeded", 0);
    cr_assert_str_eq(order_status(order), "processing");
}

Test(payment, what_waits_for_the_customer_stays_pending)
{
    int64_t id = begin(place_order(cx));
    ok(cx, try_confirm(cx, id, "pm_card_authenticationRequired"));
    stands(id, "pending", 0);
}

Test(payment, what_is_paid_cannot_be_begun_or_cancelled)
{
    const shop_intent *intent;
    int64_t order = place_order(cx);
    int64_t id = paid(order);
    cr_assert_neq(try_intent(cx, order, &intent), SHOP_OK);
    refused(cx, try_cancel(cx, id), SHOP_CONFLICT, "payment_not_cancellable");
    stands(id, "succeeded", 0);
}

Test(payment, sync_applies_what_the_gateway_says)
{
    const shop_payment *p;
    int64_t order = place_order(cx);
    int64_t id = begin(order);
    shop_sync_input in = SHOP_SYNC_INPUT_INIT;
    in.payment_intent_id = shop_payment_intent_id(payment(id));
    pay_elsewhere(in.payment_intent_id);
    stands(id, "pending", 0);
    refused(bob_cx, shop_payment_sync(bob_cx, &in, &p), SHOP_NOT_FOUND, "payment_not_found");
    ok(cx, shop_payment_sync(cx, &in, &p));
    stands(id, "succeeded", 0);
    cr_assert_str_eq(order_status(order), "processing");
}

/* ------------------------------------------------------------------------------------------------ cancelling */

Test(payment, cancelling_cancels_the_order_and_gives_the_stock_back_once)
{
    int64_t order = place_order(cx);
    int64_t id = begin(order);
    cr_assert_eq(stock(), 99);
    ok(cx, try_cancel(cx, id));
    ok(cx, try_cancel(cx, id));
    stands(id, "cancelled", 0);
    cr_assert_str_eq(order_status(order), "cancelled");
    cr_assert_str_eq(at_gateway(id).status, "canceled");
    cr_assert_eq(stock(), 100);
}

Test(payment, an_expired_order_cancels_its_payment_at_the_gateway)
{
    int64_t order = place_order(cx);
    int64_t id = begin(order);
    test_clock_advance(ORDER_TTL * SECOND);
    run_jobs();
    cr_assert_str_eq(order_status(order), "cancelled");
    stands(id, "cancelled", 0);
    cr_assert_str_eq(at_gateway(id).status, "canceled");
    cr_assert_eq(stock(), 100);
}

Test(payment, cancelling_a_paid_order_gives_all_of_it_back)
{
    int64_t order = place_order(cx);
    int64_t id = paid(order);
    ok(cx, shop_order_cancel(cx, order, NULL));
    run_jobs();
    stands(id, "refunded", 1000);
    cr_assert_eq(refunded_there(id), 1000);
    cr_assert_eq(stock(), 100);
}

/* ------------------------------------------------------------------------------------------------ refunds */

Test(payment, partial_refunds_add_up_and_never_exceed_the_amount)
{
    int64_t id = paid(place_order(cx));
    cr_assert_eq(try_refund(staff_cx, id, 0), SHOP_INVALID);
    cr_assert_eq(try_refund(staff_cx, id, -1), SHOP_INVALID);
    cr_assert_eq(try_refund(staff_cx, id, 1001), SHOP_INVALID);
    cr_assert_str_eq(shop_ctx_error_field(staff_cx, 0), "amount");
    ok(staff_cx, try_refund(staff_cx, id, 300));
    stands(id, "partially_refunded", 300);
    cr_assert_eq(try_refund(staff_cx, id, 701), SHOP_INVALID);
    ok(staff_cx, try_refund(staff_cx, id, SHOP_UNSET));
    stands(id, "refunded", 1000);
    cr_assert_eq(refunded_there(id), 1000);
    refused(staff_cx, try_refund(staff_cx, id, 1), SHOP_CONFLICT, "payment_not_refundable");
}

Test(payment, customers_may_not_refund_and_unpaid_payments_hold_nothing)
{
    int64_t id = begin(place_order(cx));
    cr_assert_eq(try_refund(cx, id, 1), SHOP_FORBIDDEN);
    refused(staff_cx, try_refund(staff_cx, id, 1), SHOP_CONFLICT, "payment_not_refundable");
}

Test(payment, the_owner_may_refund_where_the_shop_allows_it)
{
    close_shop();
    open_with(1);
    int64_t id = paid(place_order(cx));
    ok(cx, try_refund(cx, id, 400));
    cr_assert_eq(try_refund(bob_cx, id, 1), SHOP_NOT_FOUND);
    stands(id, "partially_refunded", 400);
}

Test(payment, a_repeated_refund_gives_back_once)
{
    int64_t id = paid(place_order(cx));
    for (int i = 0; i < 2; i++) {
        ok(staff_cx, shop_ctx_set_idempotency_key(staff_cx, "r", "300", 3));
        ok(staff_cx, try_refund(staff_cx, id, 300));
        cr_assert_eq(shop_ctx_replayed(staff_cx), i);
    }
    stands(id, "partially_refunded", 300);
    cr_assert_eq(refunded_there(id), 300);
}

/* ------------------------------------------------------------------------------------------------ lists and numbers */

Test(payment, lists_are_newest_first_filtered_and_ones_own)
{
    const shop_page *page;
    shop_payment_filter filter = SHOP_PAYMENT_FILTER_INIT;
    int64_t first = paid(place_order(cx));
    test_clock_advance(SECOND);
    int64_t second = begin(place_order(cx));
    ok(cx, shop_payment_list(cx, &filter, &page));
    cr_assert_eq(shop_page_total(page), 2);
    cr_assert_eq(shop_payment_id(shop_payment_at(page, 0)), second);
    cr_assert_eq(shop_payment_id(shop_payment_at(page, 1)), first);
    cr_assert_null(shop_payment_at(page, 2));
    ok(bob_cx, shop_payment_list(bob_cx, &filter, &page));
    cr_assert_eq(shop_page_total(page), 0);
    filter.status = "succeeded";
    ok(staff_cx, shop_payment_list(staff_cx, &filter, &page));
    cr_assert_eq(shop_page_total(page), 1);
    filter.status = "lost";
    cr_assert_eq(shop_payment_list(cx, &filter, &page), SHOP_INVALID);
}

Test(payment, statistics_count_what_was_paid_and_not_given_back)
{
    const shop_payment_statistics *st;
    int64_t id = paid(place_order(cx));
    (void)begin(place_order(cx));
    ok(staff_cx, try_refund(staff_cx, id, 250));
    ok(cx, shop_payment_statistics_get(cx, &st));
    cr_assert_eq(shop_payment_statistics_total_payments(st), 2);
    cr_assert_eq(shop_payment_statistics_total_spent(st), 750);
}

/* ------------------------------------------------------------------------------------------------ webhooks */

static const char *event_of(const char *name, const char *type, const char *intent)
{
    static char body[512];
    (void)snprintf(body, sizeof body,
                   "{\"id\":\"%s\",\"type\":\"%s\",\"data\":{\"object\":{\"id\":\"%s\",\"object\":\"payment_intent\"}}}", name,
                   type, intent);
    return body;
}

static const char *sign(const char *secret, const char *body, int64_t at)
{
    static char header[SHOP_WEBHOOK_HEADER_SIZE];
    shop_webhook_sign(secret, body, strlen(body), at, header);
    return header;
}

static shop_status receive(const char *body, const char *header)
{
    return shop_payment_webhook(system_cx, body, strlen(body), header);
}

Test(payment, a_message_is_taken_only_with_a_fresh_signature_of_its_bytes)
{
    const char *body = event_of("evt_1", "customer.created", "x");
    int64_t now = shop_now(s);
    static const char *const bad[] = {NULL, "", "garbage", "t=,v1=", "v1=00", "t=1767225600", "t=1767225600,v1=00"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refused(system_cx, receive(body, bad[i]), SHOP_INVALID, "invalid_signature");
    refused(system_cx, receive(body, sign("whsec_forged", body, now)), SHOP_INVALID, "invalid_signature");
    refused(system_cx, receive(body, sign("whsec_first", body, now - 301 * SECOND)), SHOP_INVALID, "invalid_signature");
    refused(system_cx, receive(body, sign("whsec_first", body, now + 301 * SECOND)), SHOP_INVALID, "invalid_signature");
    refused(system_cx, receive("{}", sign("whsec_first", body, now)), SHOP_INVALID, "invalid_signature");
    ok(system_cx, receive(body, sign("whsec_first", body, now - 300 * SECOND)));
    ok(system_cx, receive(body, sign("whsec_second", body, now)));
}

Test(payment, one_right_signature_of_several_is_enough)
{
    char header[512];
    const char *body = event_of("evt_1", "customer.created", "x");
    const char *good = sign("whsec_second", body, shop_now(s));
    size_t time = strcspn(good, ",");
    (void)snprintf(header, sizeof header, "%.*s,v0=ab,v1=%064d%s", (int)time, good, 0, good + time);
    ok(system_cx, receive(body, header));
}

Test(payment, an_event_that_is_none_is_told_and_an_unknown_one_is_acknowledged)
{
    static const char *const bad[] = {"", "nonsense", "[]", "{}", "{\"id\":\"evt_1\"}", "{\"id\":1,\"type\":\"a\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refused(system_cx, receive(bad[i], sign("whsec_first", bad[i], shop_now(s))), SHOP_INVALID, "invalid_event");
    const char *body = event_of("evt_2", "payment_intent.succeeded", "pi_of_somebody");
    ok(system_cx, receive(body, sign("whsec_first", body, shop_now(s))));
    body = event_of("evt_3", "balance.available", "pi_of_somebody");
    ok(system_cx, receive(body, sign("whsec_first", body, shop_now(s))));
}

Test(payment, events_are_applied_once_and_late_ones_move_nothing_back)
{
    int64_t order = place_order(cx);
    int64_t id = begin(order);
    const char *name = shop_payment_intent_id(payment(id));
    pay_elsewhere(name);
    const char *body = event_of("evt_1", "payment_intent.succeeded", name);
    ok(system_cx, receive(body, sign("whsec_first", body, shop_now(s))));
    stands(id, "succeeded", 0);
    cr_assert_str_eq(order_status(order), "processing");
    test_clock_advance(SECOND);
    int64_t updated_at = shop_payment_updated_at(payment(id));
    ok(system_cx, receive(body, sign("whsec_first", body, shop_now(s))));
    body = event_of("evt_0", "payment_intent.payment_failed", name);
    ok(system_cx, receive(body, sign("whsec_first", body, shop_now(s))));
    stands(id, "succeeded", 0);
    cr_assert_eq(shop_payment_updated_at(payment(id)), updated_at);
}

Test(payment, the_test_gateways_events_arrive_by_the_jobs)
{
    int64_t order = place_order(cx);
    int64_t id = begin(order);
    const char *name = shop_payment_intent_id(payment(id));
    pay_elsewhere(name);
    run_jobs();
    stands(id, "succeeded", 0);
    cr_assert_str_eq(order_status(order), "processing");
}

/* ------------------------------------------------------------------------------------------------ crashes */

#define BATCHES_MAX 40

typedef enum crash_step { CREATE, CONFIRM, REFUND, CANCEL } crash_step;

static shop_status do_step(crash_step step, int64_t order, int64_t id)
{
    const shop_intent *intent;
    if (step == CREATE)
        return try_intent(cx, order, &intent);
    if (step == CONFIRM)
        return try_confirm(cx, id, "pm_card_visa");
    return step == REFUND ? try_refund(staff_cx, id, 300) : shop_order_cancel(cx, order, NULL);
}

/* The shop and the gateway agree, and a cancelled order keeps no money. */
static void agree(int64_t order)
{
    const shop_payment *p;
    shop_status status = shop_payment_of_order(system_cx, order, &p);
    if (status == SHOP_NOT_FOUND)
        return;
    ok(system_cx, status);
    int64_t id = shop_payment_id(p);
    shop_gateway_intent there = at_gateway(id);
    p = payment(id);
    int is_paid = strcmp(there.status, "succeeded") == 0;
    int is_known = strcmp(shop_payment_status(p), "succeeded") == 0 ||
                   strcmp(shop_payment_status(p), "partially_refunded") == 0 || strcmp(shop_payment_status(p), "refunded") == 0;
    cr_assert_eq(is_paid, is_known, "the gateway says %s, the shop %s", there.status, shop_payment_status(p));
    cr_assert_eq(refunded_there(id), shop_payment_amount_refunded(p));
    cr_assert_eq(there.amount, shop_payment_amount(p));
    if (strcmp(shop_payment_order_status(p), "cancelled") == 0)
        cr_assert(!is_paid || refunded_there(id) == there.amount, "a cancelled order keeps no money");
    else
        cr_assert_eq(strcmp(shop_payment_order_status(p), "processing") == 0, is_paid);
}

/* Interrupts a step before its n-th batch. 1 when it was interrupted. */
static int interrupt(crash_step step, int n)
{
    int64_t order = place_order(cx);
    int64_t id = step == CREATE ? 0 : step == CONFIRM ? begin(order) : paid(order);
    batches_before_failure = n;
    shop_status status = do_step(step, order, id);
    int was_interrupted = batches_before_failure == 0;
    batches_before_failure = -1;
    if (!was_interrupted)
        ok(cx, status);
    test_clock_advance(61 * SECOND);
    run_jobs();
    test_clock_advance(61 * SECOND);
    run_jobs();
    agree(order);
    return was_interrupted;
}

static void interrupt_everywhere(crash_step step)
{
    int n = 0;
    while (n < BATCHES_MAX && interrupt(step, n))
        n++;
    cr_assert_gt(n, 0);
    cr_assert_lt(n, BATCHES_MAX, "the step ends");
}

Test(payment, a_crash_while_beginning_leaves_one_intent)
{
    interrupt_everywhere(CREATE);
}

Test(payment, a_crash_while_confirming_is_finished)
{
    interrupt_everywhere(CONFIRM);
}

Test(payment, a_crash_while_refunding_gives_back_once_or_not_at_all)
{
    interrupt_everywhere(REFUND);
}

Test(payment, a_crash_while_cancelling_keeps_no_money)
{
    interrupt_everywhere(CANCEL);
}
