/* SPDX-License-Identifier: MIT */
/* What is promised of the gateway's messages: proven, recorded by id, applied once, whatever their order; a fault of ours loses none. */
#include <stdio.h>
#include <string.h>

#include "payment_support.h"

TestSuite(webhook, .init = payment_shop_open_patient, .fini = payment_shop_close, .timeout = 120);

static shop_status receive(const char *body, const char *header)
{
    return shop_payment_webhook(system_cx, body, strlen(body), header);
}

/* A known message needs nothing to be written. */
static int is_recorded(const char *event)
{
    storage_dies_after(0);
    shop_status status = tell(event, SHOP_GATEWAY_ABOUT_NOTHING, NULL, NULL);
    storage_revives();
    cr_assert(status == SHOP_OK || status == SHOP_UNAVAILABLE);
    return status == SHOP_OK;
}

/* ------------------------------------------------------------------------------------------------ who speaks, and what */

Test(webhook, only_what_is_signed_is_taken)
{
    char body[MOCK_EVENT_SIZE];
    char header[MOCK_HEADER_SIZE];
    int64_t now = shop_now(test_shop);
    mock_event("evt_1", "mock.changed", SHOP_GATEWAY_ABOUT_NOTHING, NULL, NULL, body);
    refused(system_cx, receive(body, NULL), SHOP_INVALID, "invalid_signature");
    refused(system_cx, receive(body, ""), SHOP_INVALID, "invalid_signature");
    refused(system_cx, receive(body, "nonsense"), SHOP_INVALID, "invalid_signature");
    mock_sign("forged", body, now, header);
    refused(system_cx, receive(body, header), SHOP_INVALID, "invalid_signature");
    cr_assert_null(strstr(shop_ctx_error_detail(system_cx), MOCK_WEBHOOK_SECRET));
    mock_sign(MOCK_WEBHOOK_SECRET, body, now - HOUR, header);
    refused(system_cx, receive(body, header), SHOP_INVALID, "invalid_signature");
    mock_sign(MOCK_WEBHOOK_SECRET, "another", now, header);
    refused(system_cx, receive(body, header), SHOP_INVALID, "invalid_signature");
    cr_assert_eq(is_recorded("evt_1"), 0);
    mock_sign(MOCK_WEBHOOK_SECRET, body, now, header);
    ok(system_cx, receive(body, header));
    refused(system_cx, shop_payment_webhook(system_cx, NULL, 0, header), SHOP_MISUSE, "misuse");
}

Test(webhook, what_is_signed_and_no_event_is_refused)
{
    static const char *const bodies[] = {"", "nonsense", "mock", "mock evt_1 type", "{}"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        char header[MOCK_HEADER_SIZE];
        mock_sign(MOCK_WEBHOOK_SECRET, bodies[i], shop_now(test_shop), header);
        refused(system_cx, receive(bodies[i], header), SHOP_INVALID, "invalid_event");
    }
}

Test(webhook, what_concerns_nobody_is_recorded_and_acknowledged)
{
    static const struct {
        int32_t about;
        const char *intent;
        const char *object;
    } rows[] = {
        {SHOP_GATEWAY_ABOUT_NOTHING, NULL, NULL},
        {SHOP_GATEWAY_ABOUT_NOTHING, "pi_mock_1", NULL},
        {SHOP_GATEWAY_ABOUT_INTENT, "pi_of_somebody_else", NULL},
        {SHOP_GATEWAY_ABOUT_INTENT, NULL, NULL},
        {SHOP_GATEWAY_ABOUT_REFUND, "pi_of_somebody_else", "re_1"},
        {SHOP_GATEWAY_ABOUT_REFUND, NULL, "re_1"},
        {SHOP_GATEWAY_ABOUT_DISPUTE, "pi_of_somebody_else", "dp_1"},
        {SHOP_GATEWAY_ABOUT_DISPUTE, "pi_mock_1", NULL},
        {99, "pi_mock_1", NULL},
    };
    int64_t payment = begin(place_order());
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char event[32];
        (void)snprintf(event, sizeof event, "evt_%zu", i);
        ok(system_cx, tell(event, rows[i].about, rows[i].intent, rows[i].object));
        cr_assert_eq(is_recorded(event), 1);
    }
    stands(payment, "pending", 0);
}

/* ------------------------------------------------------------------------------------------------ once */

Test(webhook, an_event_is_applied_once)
{
    int64_t order = place_order();
    int64_t payment = begin(order);
    mock_pay(mock_intent_of(order));
    for (int i = 0; i < 3; i++)
        ok(system_cx, tell("evt_1", SHOP_GATEWAY_ABOUT_INTENT, mock_intent_of(order), NULL));
    stands(payment, "succeeded", 0);
    order_is(order, "processing");
    cr_assert_eq(mock_count(MOCK_RETRIEVE), 1, "a known event asks nobody");
}

static int64_t updated_at(int64_t payment)
{
    return shop_payment_updated_at(payment_of(payment));
}

Test(webhook, twins_of_one_change_move_once)
{
    int64_t order = place_order();
    int64_t payment = begin(order);
    mock_pay(mock_intent_of(order));
    ok(system_cx, tell("evt_1", SHOP_GATEWAY_ABOUT_INTENT, mock_intent_of(order), NULL));
    int64_t first = updated_at(payment);
    test_clock_advance(SECOND);
    ok(system_cx, tell("evt_2", SHOP_GATEWAY_ABOUT_INTENT, mock_intent_of(order), NULL));
    cr_assert_eq(updated_at(payment), first);
    const char *refund = mock_refund_by_hand(mock_intent_of(order), 300);
    ok(system_cx, tell("evt_3", SHOP_GATEWAY_ABOUT_REFUND, mock_intent_of(order), refund));
    ok(system_cx, tell("evt_4", SHOP_GATEWAY_ABOUT_REFUND, mock_intent_of(order), refund));
    stands(payment, "partially_refunded", 300);
    cr_assert_eq(is_recorded("evt_2"), 1);
    cr_assert_eq(is_recorded("evt_4"), 1);
}

static void deliver_the_same(void *order)
{
    shop_ctx *mine = system_cx;
    system_cx = test_ctx(test_shop, SHOP_ACTOR_SYSTEM);
    ok(system_cx, tell("evt_1", SHOP_GATEWAY_ABOUT_INTENT, mock_intent_of(*(int64_t *)order), NULL));
    shop_ctx_free(system_cx);
    system_cx = mine;
}

Test(webhook, two_deliveries_at_once_apply_once)
{
    int64_t order = place_order();
    int64_t payment = begin(order);
    mock_pay(mock_intent_of(order));
    mock_meanwhile(MOCK_RETRIEVE, deliver_the_same, &order);
    ok(system_cx, tell("evt_1", SHOP_GATEWAY_ABOUT_INTENT, mock_intent_of(order), NULL));
    stands(payment, "succeeded", 0);
    books_agree(order);
}

/* ------------------------------------------------------------------------------------------------ any order */

typedef struct message {
    int32_t about;
    void (*happens)(const char *intent); /* what it tells of; NULL: it comes when that is long over */
} message;

static void processes(const char *intent)
{
    mock_becomes(intent, "processing", "");
}

static void fails(const char *intent)
{
    mock_becomes(intent, "requires_payment_method", "Your card was declined.");
}

static void succeeds(const char *intent)
{
    mock_becomes(intent, "succeeded", "");
}

static void gives_part_back(const char *intent)
{
    (void)mock_refund_by_hand(intent, 300);
}

#define MESSAGES 5

static const message messages[MESSAGES] = {
    {SHOP_GATEWAY_ABOUT_INTENT, processes},       {SHOP_GATEWAY_ABOUT_INTENT, fails}, {SHOP_GATEWAY_ABOUT_INTENT, succeeds},
    {SHOP_GATEWAY_ABOUT_REFUND, gives_part_back}, {SHOP_GATEWAY_ABOUT_REFUND, NULL},
};

static void deliver(int64_t order, int which)
{
    char event[48];
    (void)snprintf(event, sizeof event, "evt_%lld_%d", (long long)order, which);
    ok(system_cx, tell(event, messages[which].about, mock_intent_of(order), NULL));
}

/* The world goes its way up to `known` messages, then those that were late come in, in the order `order_of`. */
static void arrive(const int order_of[MESSAGES])
{
    int64_t order = place_order();
    int64_t payment = begin(order);
    int happened = 0;
    for (int i = 0; i < MESSAGES; i++) {
        /* A message comes after what it tells of, and what was before that has happened too. */
        for (; happened <= order_of[i]; happened++)
            if (messages[happened].happens)
                messages[happened].happens(mock_intent_of(order));
        deliver(order, order_of[i]);
    }
    stands(payment, "partially_refunded", 300);
    order_is(order, "processing");
    books_agree(order);
}

static int next_permutation(int p[MESSAGES])
{
    int i = MESSAGES - 2;
    while (i >= 0 && p[i] > p[i + 1])
        i--;
    if (i < 0)
        return 0;
    int j = MESSAGES - 1;
    while (p[j] < p[i])
        j--;
    int t = p[i];
    p[i] = p[j];
    p[j] = t;
    for (int a = i + 1, b = MESSAGES - 1; a < b; a++, b--) {
        t = p[a];
        p[a] = p[b];
        p[b] = t;
    }
    return 1;
}

Test(webhook, messages_in_any_order_end_alike)
{
    int p[MESSAGES] = {0, 1, 2, 3, 4};
    int count = 0;
    shop_product_input more = SHOP_PRODUCT_INPUT_INIT;
    more.stock_quantity = 1000;
    ok(system_cx, shop_product_update(system_cx, "cup", &more, 0, NULL));
    do {
        arrive(p);
        count++;
    } while (next_permutation(p));
    cr_assert_eq(count, 120);
}

Test(webhook, late_news_move_nothing_back)
{
    int64_t order = place_order();
    int64_t payment = paid(order);
    mock_becomes(mock_intent_of(order), "processing", ""); /* a gateway that answers from an old copy */
    ok(system_cx, tell("evt_1", SHOP_GATEWAY_ABOUT_INTENT, mock_intent_of(order), NULL));
    mock_becomes(mock_intent_of(order), "requires_payment_method", "Declined.");
    ok(system_cx, tell("evt_2", SHOP_GATEWAY_ABOUT_INTENT, mock_intent_of(order), NULL));
    stands(payment, "succeeded", 0);
    order_is(order, "processing");
    mock_becomes(mock_intent_of(order), "succeeded", "");
}

/* ------------------------------------------------------------------------------------------------ our faults */

Test(webhook, a_fault_while_applying_leaves_the_event_to_be_sent_again)
{
    int64_t order = place_order();
    int64_t payment = begin(order);
    mock_pay(mock_intent_of(order));
    storage_dies_after(0);
    cr_assert_eq(tell("evt_1", SHOP_GATEWAY_ABOUT_INTENT, mock_intent_of(order), NULL), SHOP_UNAVAILABLE);
    storage_revives();
    cr_assert_eq(is_recorded("evt_1"), 0);
    stands(payment, "pending", 0);
    ok(system_cx, tell("evt_1", SHOP_GATEWAY_ABOUT_INTENT, mock_intent_of(order), NULL));
    cr_assert_eq(is_recorded("evt_1"), 1);
    stands(payment, "succeeded", 0);
    order_is(order, "processing");
}

static void is_left_over(const char *event, mock_call call, mock_turn turn, int32_t about, int64_t payment, const char *object)
{
    mock_next(call, turn);
    cr_assert_neq(tell(event, about, intent_of(payment), object), SHOP_OK);
    cr_assert_eq(is_recorded(event), 0);
    ok(system_cx, tell(event, about, intent_of(payment), object));
    cr_assert_eq(is_recorded(event), 1);
}

Test(webhook, a_gateway_that_cannot_be_asked_leaves_the_event_to_be_sent_again)
{
    int64_t order = place_order();
    int64_t payment = begin(order);
    mock_pay(intent_of(payment));
    is_left_over("evt_1", MOCK_RETRIEVE, MOCK_AWAY, SHOP_GATEWAY_ABOUT_INTENT, payment, NULL);
    stands(payment, "succeeded", 0);
    is_left_over("evt_2", MOCK_REFUNDS, MOCK_BUSY, SHOP_GATEWAY_ABOUT_REFUND, payment,
                 mock_refund_by_hand(intent_of(payment), 100));
    stands(payment, "partially_refunded", 100);
    is_left_over("evt_3", MOCK_DISPUTE, MOCK_AWAY, SHOP_GATEWAY_ABOUT_DISPUTE, payment,
                 mock_complain(intent_of(payment), "needs_response"));
    cr_assert_str_eq(shop_payment_dispute_status(payment_of(payment)), "needs_response");
}

Test(webhook, an_event_and_what_it_moves_are_written_together)
{
    for (int n = 0; n < 10; n++) {
        char event[32];
        int64_t order = place_order();
        int64_t payment = begin(order);
        mock_becomes(intent_of(payment), "requires_capture", "");
        (void)snprintf(event, sizeof event, "evt_%d", n);
        storage_dies_after(n);
        shop_status status = tell(event, SHOP_GATEWAY_ABOUT_INTENT, intent_of(payment), NULL);
        int was_hit = storage_is_dead();
        storage_revives();
        cr_assert_eq(is_recorded(event), strcmp(shop_payment_status(payment_of(payment)), "pending") != 0);
        cr_assert(n > 0 || status == SHOP_UNAVAILABLE);
        hours_of_jobs(1);
        stands(payment, "succeeded", 0);
        if (!was_hit)
            return;
    }
    cr_assert_fail("it never ends");
}

Test(webhook, an_intent_that_is_not_recorded_yet_is_found_by_the_jobs)
{
    const shop_payment *p;
    int64_t order = place_order();
    mock_next(MOCK_CREATE, MOCK_LOSES);
    cr_assert_neq(try_create(ann, order, NULL), SHOP_OK);
    mock_pay(mock_intent_of(order));
    ok(system_cx, tell("evt_1", SHOP_GATEWAY_ABOUT_INTENT, mock_intent_of(order), NULL));
    hours_of_jobs(1);
    ok(ann, shop_payment_of_order(ann, order, &p));
    cr_assert_str_eq(shop_payment_status(p), "succeeded");
    order_is(order, "processing");
}

Test(webhook, events_are_forgotten_after_a_month)
{
    ok(system_cx, tell("evt_1", SHOP_GATEWAY_ABOUT_NOTHING, NULL, NULL));
    test_clock_advance(30 * DAY);
    jobs_rest();
    cr_assert_eq(is_recorded("evt_1"), 1);
    test_clock_advance(SECOND);
    jobs_rest();
    cr_assert_eq(is_recorded("evt_1"), 0);
}
