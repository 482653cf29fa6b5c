/* SPDX-License-Identifier: MIT */
/* What refunds promise: never more than was paid, never twice for one wish, never forgotten, and what failed is free again. */
#include <stdio.h>
#include <string.h>

#include "payment_support.h"

TestSuite(refund, .init = payment_shop_open_patient, .fini = payment_shop_close, .timeout = 120);

static shop_status told_of_refund(const char *event, int64_t payment, const char *refund)
{
    return tell(event, SHOP_GATEWAY_ABOUT_REFUND, intent_of(payment), refund);
}

static shop_status told_of_dispute(const char *event, int64_t payment, const char *status)
{
    const char *intent = intent_of(payment);
    return tell(event, SHOP_GATEWAY_ABOUT_DISPUTE, intent, mock_complain(intent, status));
}

static const char *last_refund(int64_t payment)
{
    const char *intent = intent_of(payment);
    return mock_refund_at(intent, mock_refund_count(intent) - 1);
}

/* Both sides have given back as much. */
static void gave_back(int64_t payment, const char *status, int64_t amount)
{
    stands(payment, status, amount);
    cr_assert_eq(mock_given_back(intent_of(payment)), amount);
}

static void ship(int64_t order)
{
    ok(sue, shop_order_set_status(sue, order, "shipped", NULL));
}

/* ------------------------------------------------------------------------------------------------ reserving */

static void see_reservation(void *payment)
{
    stands(*(int64_t *)payment, "succeeded", 300);
}

Test(refund, what_goes_back_is_reserved_before_the_gateway_is_asked)
{
    int64_t payment = paid(place_order());
    mock_meanwhile(MOCK_REFUND, see_reservation, &payment);
    ok(sue, try_refund(payment, 300));
    gave_back(payment, "partially_refunded", 300);
    cr_assert_eq(mock_count(MOCK_REFUND), 1);
}

static void ask_for_too_much(void *payment)
{
    const shop_payment *p;
    shop_refund_input in = SHOP_REFUND_INPUT_INIT;
    in.payment_id = *(int64_t *)payment;
    in.amount = 701;
    cr_assert_eq(shop_payment_refund(system_cx, &in, &p), SHOP_INVALID);
    cr_assert_str_eq(shop_ctx_error_field(system_cx, 0), "amount");
    in.amount = 700;
    ok(system_cx, shop_payment_refund(system_cx, &in, &p));
}

Test(refund, refunds_under_way_count_when_another_is_asked_for)
{
    int64_t payment = paid(place_order());
    mock_meanwhile(MOCK_REFUND, ask_for_too_much, &payment);
    ok(sue, try_refund(payment, 300));
    gave_back(payment, "refunded", PRICE);
    cr_assert_eq(mock_refund_count(intent_of(payment)), 2);
}

Test(refund, parts_add_up_and_never_exceed_what_was_paid)
{
    int64_t payment = paid(place_order());
    ok(sue, try_refund(payment, 300));
    ok(sue, try_refund(payment, 300));
    gave_back(payment, "partially_refunded", 600);
    cr_assert_eq(try_refund(payment, 401), SHOP_INVALID);
    cr_assert_str_eq(shop_ctx_error_field(sue, 0), "amount");
    cr_assert_eq(mock_count(MOCK_REFUND), 2, "the gateway is not even asked");
    ok(sue, try_refund(payment, SHOP_UNSET));
    gave_back(payment, "refunded", PRICE);
    refused(sue, try_refund(payment, 1), SHOP_CONFLICT, "payment_not_refundable");
}

Test(refund, what_is_not_paid_is_not_given_back)
{
    int64_t payment = begin(place_order());
    refused(sue, try_refund(payment, 1), SHOP_CONFLICT, "payment_not_refundable");
    cr_assert_eq(mock_count(MOCK_REFUND), 0);
}

/* ------------------------------------------------------------------------------------------------ refused, failed, late */

Test(refund, what_is_refused_is_free_again_and_may_be_asked_for_again_under_its_key)
{
    int64_t payment = paid(place_order());
    mock_next(MOCK_REFUND, MOCK_REFUSES);
    with_key(sue, "k");
    refused(sue, try_refund(payment, 300), SHOP_CONFLICT, "refund_failed");
    cr_assert_not_null(strstr(shop_ctx_error_detail(sue), "Not today."));
    gave_back(payment, "succeeded", 0);
    with_key(sue, "k");
    ok(sue, try_refund(payment, 300));
    gave_back(payment, "partially_refunded", 300);
}

Test(refund, what_fails_at_once_is_free_again)
{
    static const char *const statuses[] = {"failed", "canceled"};
    for (size_t i = 0; i < 2; i++) {
        int64_t payment = paid(place_order());
        mock_new_refunds_are(statuses[i]);
        refused(sue, try_refund(payment, 300), SHOP_CONFLICT, "refund_failed");
        gave_back(payment, "succeeded", 0);
    }
}

static void is_on_its_way(int64_t *payment, const char *status)
{
    *payment = paid(place_order());
    mock_new_refunds_are(status);
    ok(sue, try_refund(*payment, 300));
    stands(*payment, "succeeded", 300);
    cr_assert_eq(try_refund(*payment, 701), SHOP_INVALID, "what is on its way counts");
}

Test(refund, what_is_pending_at_the_gateway_is_done_by_the_jobs)
{
    int64_t payment;
    is_on_its_way(&payment, "pending");
    test_clock_advance(61 * SECOND);
    jobs_rest();
    stands(payment, "succeeded", 300);
    mock_refund_becomes(last_refund(payment), "succeeded");
    hours_of_jobs(1);
    gave_back(payment, "partially_refunded", 300);
    cr_assert_eq(mock_count(MOCK_REFUND), 1, "it is asked for once");
}

Test(refund, what_is_pending_at_the_gateway_is_done_by_a_message)
{
    int64_t payment;
    is_on_its_way(&payment, "requires_action");
    mock_refund_becomes(last_refund(payment), "succeeded");
    ok(system_cx, told_of_refund("evt_1", payment, last_refund(payment)));
    gave_back(payment, "partially_refunded", 300);
}

Test(refund, what_is_pending_and_fails_is_free_again)
{
    int64_t payment;
    is_on_its_way(&payment, "pending");
    mock_refund_becomes(last_refund(payment), "failed");
    hours_of_jobs(1);
    gave_back(payment, "succeeded", 0);
}

Test(refund, what_came_back_later_is_free_again)
{
    int64_t payment = paid(place_order());
    ok(sue, try_refund(payment, 300));
    ok(sue, try_refund(payment, 200));
    mock_refund_becomes(last_refund(payment), "failed");
    ok(system_cx, told_of_refund("evt_1", payment, last_refund(payment)));
    gave_back(payment, "partially_refunded", 300);
    const char *first = mock_refund_at(intent_of(payment), 0);
    mock_refund_becomes(first, "failed");
    ok(system_cx, told_of_refund("evt_2", payment, first));
    gave_back(payment, "succeeded", 0);
    mock_refund_becomes(first, "succeeded"); /* what failed stays so */
    ok(system_cx, told_of_refund("evt_3", payment, first));
    stands(payment, "succeeded", 0);
    mock_refund_becomes(first, "failed");
    ok(sue, try_refund(payment, PRICE));
    gave_back(payment, "refunded", PRICE);
}

Test(refund, what_came_back_of_a_cancelled_order_is_sent_again)
{
    int64_t order = place_order();
    int64_t payment = paid(order);
    ok(ann, shop_order_cancel(ann, order, NULL));
    gave_back(payment, "refunded", PRICE);
    mock_refund_becomes(last_refund(payment), "failed");
    ok(system_cx, told_of_refund("evt_1", payment, last_refund(payment)));
    gave_back(payment, "succeeded", 0);
    hours_of_jobs(2);
    gave_back(payment, "refunded", PRICE);
    cr_assert_eq(mock_refund_count(intent_of(payment)), 2);
    cr_assert_eq(stock(), STOCK, "the stock came back once");
    books_agree(order);
}

Test(refund, a_cancelled_orders_money_goes_back_when_the_gateway_relents)
{
    static const mock_turn turns[] = {MOCK_REFUSES, MOCK_AWAY, MOCK_BUSY, MOCK_LOSES, MOCK_MISCONFIGURED, MOCK_SPENDS};
    for (size_t i = 0; i < sizeof turns / sizeof turns[0]; i++) {
        int64_t order = place_order();
        int64_t payment = paid(order);
        for (int k = 0; k < 3; k++)
            mock_next(MOCK_REFUND, turns[i]);
        ok(ann, shop_order_cancel(ann, order, NULL));
        hours_of_jobs(6);
        gave_back(payment, "refunded", PRICE);
        cr_assert_eq(mock_refund_count(intent_of(payment)), 1);
        cr_assert_eq(stock(), STOCK);
    }
}

/* ------------------------------------------------------------------------------------------------ once */

static void goes_on_once(mock_turn turn, const char *key)
{
    int64_t payment = paid(place_order());
    mock_next(MOCK_REFUND, turn);
    if (key)
        with_key(sue, key);
    refused(sue, try_refund(payment, 300), SHOP_UNAVAILABLE, "gateway_unavailable");
    stands(payment, "succeeded", 300);
    if (key)
        with_key(sue, key);
    ok(sue, try_refund(payment, 300));
    gave_back(payment, "partially_refunded", 300);
    cr_assert_eq(mock_refund_count(intent_of(payment)), 1);
    hours_of_jobs(2);
    gave_back(payment, "partially_refunded", 300);
}

Test(refund, a_lost_answer_goes_on_under_its_key)
{
    goes_on_once(MOCK_LOSES, "k1");
    goes_on_once(MOCK_AWAY, "k2");
}

Test(refund, a_lost_answer_goes_on_without_a_key_too)
{
    goes_on_once(MOCK_LOSES, NULL);
    goes_on_once(MOCK_AWAY, NULL);
}

Test(refund, all_of_it_goes_on_without_a_key_too)
{
    int64_t payment = paid(place_order());
    mock_next(MOCK_REFUND, MOCK_LOSES);
    refused(sue, try_refund(payment, SHOP_UNSET), SHOP_UNAVAILABLE, "gateway_unavailable");
    ok(sue, try_refund(payment, SHOP_UNSET));
    gave_back(payment, "refunded", PRICE);
    cr_assert_eq(mock_refund_count(intent_of(payment)), 1);
}

Test(refund, another_amount_is_another_wish)
{
    int64_t payment = paid(place_order());
    mock_next(MOCK_REFUND, MOCK_LOSES);
    refused(sue, try_refund(payment, 300), SHOP_UNAVAILABLE, "gateway_unavailable");
    ok(sue, try_refund(payment, 200));
    hours_of_jobs(2);
    gave_back(payment, "partially_refunded", 500);
}

Test(refund, the_same_amount_again_after_an_answer_is_another_wish)
{
    int64_t payment = paid(place_order());
    ok(sue, try_refund(payment, 300));
    ok(sue, try_refund(payment, 300));
    gave_back(payment, "partially_refunded", 600);
}

static void ask_for_as_much(void *payment)
{
    const shop_payment *p;
    shop_refund_input in = SHOP_REFUND_INPUT_INIT;
    in.payment_id = *(int64_t *)payment;
    in.amount = 300;
    ok(system_cx, shop_payment_refund(system_cx, &in, &p));
}

Test(refund, the_same_amount_at_once_is_another_wish)
{
    int64_t payment = paid(place_order());
    mock_meanwhile(MOCK_REFUND, ask_for_as_much, &payment);
    ok(sue, try_refund(payment, 300));
    gave_back(payment, "partially_refunded", 600);
}

Test(refund, one_key_gives_back_once)
{
    int64_t payment = paid(place_order());
    for (int i = 0; i < 3; i++) {
        with_key(sue, "k");
        ok(sue, try_refund(payment, 300));
        cr_assert_eq(shop_ctx_replayed(sue), i > 0);
    }
    gave_back(payment, "partially_refunded", 300);
    cr_assert_eq(mock_count(MOCK_REFUND), 1);
}

Test(refund, an_unanswered_refund_is_finished_by_the_jobs)
{
    static const mock_turn turns[] = {MOCK_LOSES, MOCK_AWAY, MOCK_BUSY, MOCK_MISCONFIGURED};
    for (size_t i = 0; i < sizeof turns / sizeof turns[0]; i++) {
        int64_t payment = paid(place_order());
        mock_next(MOCK_REFUND, turns[i]);
        cr_assert_neq(try_refund(payment, 300), SHOP_OK);
        test_clock_advance(61 * SECOND);
        jobs_rest();
        gave_back(payment, "partially_refunded", 300);
    }
}

Test(refund, behind_a_spent_key_it_is_looked_for_and_adopted)
{
    int64_t payment = paid(place_order());
    mock_next(MOCK_REFUND, MOCK_WORKS_AND_SPENDS);
    ok(sue, try_refund(payment, 300));
    gave_back(payment, "partially_refunded", 300);
    cr_assert_eq(mock_count(MOCK_REFUNDS), 1);
    cr_assert_eq(mock_count(MOCK_REFUND), 1);
}

Test(refund, behind_a_spent_key_it_is_asked_for_under_another_when_it_is_not_there)
{
    int64_t payment = paid(place_order());
    mock_next(MOCK_REFUND, MOCK_SPENDS);
    ok(sue, try_refund(payment, 300));
    gave_back(payment, "partially_refunded", 300);
    cr_assert_eq(mock_refund_count(intent_of(payment)), 1);
    cr_assert_eq(mock_count(MOCK_REFUND), 2);
}

Test(refund, what_is_adopted_while_it_is_on_its_way_is_not_asked_for_again)
{
    int64_t payment = paid(place_order());
    mock_new_refunds_are("pending");
    mock_next(MOCK_REFUND, MOCK_WORKS_AND_SPENDS);
    ok(sue, try_refund(payment, 300));
    gave_back(payment, "succeeded", 300);
    cr_assert_eq(mock_refund_count(intent_of(payment)), 1);
}

Test(refund, what_was_called_refused_and_is_there_counts)
{
    int64_t payment = paid(place_order());
    mock_next(MOCK_REFUND, MOCK_WORKS_AND_REFUSES);
    (void)try_refund(payment, 300);
    gave_back(payment, "partially_refunded", 300);
}

Test(refund, behind_a_spent_key_nothing_is_asked_for_while_it_cannot_be_looked_for)
{
    int64_t payment = paid(place_order());
    mock_next(MOCK_REFUND, MOCK_WORKS_AND_SPENDS);
    mock_next(MOCK_REFUNDS, MOCK_AWAY);
    cr_assert_eq(try_refund(payment, 300), SHOP_UNAVAILABLE);
    cr_assert_eq(mock_count(MOCK_REFUND), 1);
    hours_of_jobs(2);
    gave_back(payment, "partially_refunded", 300);
    cr_assert_eq(mock_refund_count(intent_of(payment)), 1);
}

Test(refund, an_old_key_is_not_used_blindly)
{
    static const mock_turn turns[] = {MOCK_LOSES, MOCK_AWAY};
    for (size_t i = 0; i < 2; i++) {
        int64_t payment = paid(place_order());
        mock_next(MOCK_REFUND, turns[i]);
        cr_assert_eq(try_refund(payment, 300), SHOP_UNAVAILABLE);
        test_clock_advance(23 * HOUR);
        mock_forget_keys();
        int looks = mock_count(MOCK_REFUNDS);
        ok(sue, try_refund(payment, 300));
        cr_assert_eq(mock_count(MOCK_REFUNDS), looks + 1);
        gave_back(payment, "partially_refunded", 300);
        cr_assert_eq(mock_refund_count(intent_of(payment)), 1);
    }
}

static void run_jobs_a_minute_later(void *unused)
{
    (void)unused;
    test_clock_advance(61 * SECOND);
    jobs_rest();
}

Test(refund, a_slow_refund_that_meets_its_job_gives_back_once)
{
    int64_t payment = paid(place_order());
    mock_meanwhile(MOCK_REFUND, run_jobs_a_minute_later, NULL);
    ok(sue, try_refund(payment, 300));
    gave_back(payment, "partially_refunded", 300);
    cr_assert_eq(mock_refund_count(intent_of(payment)), 1);
}

/* ------------------------------------------------------------------------------------------------ by other hands */

Test(refund, what_a_person_gives_back_at_the_gateway_is_counted)
{
    int64_t order = place_order();
    int64_t payment = paid(order);
    const char *part = mock_refund_by_hand(intent_of(payment), 400);
    ok(system_cx, told_of_refund("evt_1", payment, part));
    gave_back(payment, "partially_refunded", 400);
    cr_assert_eq(try_refund(payment, 601), SHOP_INVALID);
    ok(sue, try_refund(payment, 100));
    const char *rest = mock_refund_by_hand(intent_of(payment), 500);
    ok(system_cx, told_of_refund("evt_2", payment, rest));
    gave_back(payment, "refunded", PRICE);
    order_is(order, "cancelled");
    cr_assert_eq(stock(), STOCK);
    mock_refund_becomes(part, "failed");
    ok(system_cx, told_of_refund("evt_3", payment, part));
    hours_of_jobs(2);
    gave_back(payment, "refunded", PRICE);
    cr_assert_eq(stock(), STOCK);
}

Test(refund, what_a_person_gave_back_and_did_not_arrive_is_free_again)
{
    int64_t order = place_order();
    int64_t payment = paid(order);
    const char *refund = mock_refund_by_hand(intent_of(payment), PRICE);
    mock_refund_becomes(refund, "pending");
    ok(system_cx, told_of_refund("evt_1", payment, refund));
    stands(payment, "succeeded", PRICE);
    mock_refund_becomes(refund, "failed");
    hours_of_jobs(1);
    gave_back(payment, "succeeded", 0);
    order_is(order, "processing");
}

Test(refund, a_refusal_makes_known_what_was_given_back_by_hand)
{
    int64_t payment = paid(place_order());
    (void)mock_refund_by_hand(intent_of(payment), 400); /* and its message never comes */
    refused(sue, try_refund(payment, 700), SHOP_CONFLICT, "refund_failed");
    gave_back(payment, "partially_refunded", 400);
    ok(sue, try_refund(payment, 600));
    gave_back(payment, "refunded", PRICE);
}

Test(refund, what_was_given_back_by_hand_and_never_told_does_not_keep_a_cancelled_orders_rest)
{
    int64_t order = place_order();
    int64_t payment = paid(order);
    (void)mock_refund_by_hand(intent_of(payment), 400);
    ok(ann, shop_order_cancel(ann, order, NULL));
    hours_of_jobs(3);
    gave_back(payment, "refunded", PRICE);
    cr_assert_eq(mock_refund_count(intent_of(payment)), 2);
    cr_assert_eq(stock(), STOCK);
    books_agree(order);
}

static int64_t overlapping; /* the payment */

static void give_back_by_hand(void *unused)
{
    (void)unused;
    const char *refund = mock_refund_by_hand(mock_intent_at(0), 600);
    refused(system_cx, told_of_refund("evt_hand", overlapping, refund), SHOP_UNAVAILABLE, "refunds_overlap");
    stands(overlapping, "succeeded", 700);
}

Test(refund, refunds_that_overlap_never_count_for_more_than_was_paid)
{
    overlapping = paid(place_order());
    mock_meanwhile(MOCK_REFUND, give_back_by_hand, NULL);
    refused(sue, try_refund(overlapping, 700), SHOP_CONFLICT, "refund_failed");
    ok(system_cx, told_of_refund("evt_hand", overlapping, last_refund(overlapping)));
    gave_back(overlapping, "partially_refunded", 600);
}

/* ------------------------------------------------------------------------------------------------ the order */

Test(refund, all_back_of_an_order_that_was_not_shipped_cancels_it_once)
{
    int64_t order = place_order();
    int64_t payment = paid(order);
    ok(sue, try_refund(payment, 999));
    order_is(order, "processing");
    cr_assert_eq(stock(), STOCK - 1);
    ok(sue, try_refund(payment, 1));
    order_is(order, "cancelled");
    cr_assert_eq(stock(), STOCK);
    ok(system_cx, told_of_refund("evt_1", payment, last_refund(payment)));
    ok(system_cx, tell("evt_2", SHOP_GATEWAY_ABOUT_INTENT, intent_of(payment), NULL));
    hours_of_jobs(2);
    cr_assert_eq(stock(), STOCK, "the stock comes back once");
    books_agree(order);
}

Test(refund, all_back_of_a_shipped_order_leaves_it_and_its_stock)
{
    int64_t order = place_order();
    int64_t payment = paid(order);
    ship(order);
    ok(sue, try_refund(payment, SHOP_UNSET));
    gave_back(payment, "refunded", PRICE);
    order_is(order, "shipped");
    hours_of_jobs(1);
    cr_assert_eq(stock(), STOCK - 1);
    mock_refund_becomes(last_refund(payment), "failed");
    ok(system_cx, told_of_refund("evt_1", payment, last_refund(payment)));
    gave_back(payment, "succeeded", 0);
    hours_of_jobs(2);
    gave_back(payment, "succeeded", 0); /* nobody wants it back any more than before */
}

Test(refund, what_was_given_back_in_part_is_completed_when_the_order_is_cancelled)
{
    int64_t order = place_order();
    int64_t payment = paid(order);
    ok(sue, try_refund(payment, 300));
    ok(ann, shop_order_cancel(ann, order, NULL));
    gave_back(payment, "refunded", PRICE);
    cr_assert_eq(stock(), STOCK);
    books_agree(order);
}

Test(refund, a_part_that_fails_after_its_order_was_cancelled_is_sent_again)
{
    int64_t order = place_order();
    int64_t payment = paid(order);
    mock_new_refunds_are("pending");
    ok(sue, try_refund(payment, 300));
    mock_new_refunds_are("succeeded");
    ok(ann, shop_order_cancel(ann, order, NULL));
    gave_back(payment, "partially_refunded", PRICE);
    mock_refund_becomes(mock_refund_at(intent_of(payment), 0), "failed");
    hours_of_jobs(3);
    gave_back(payment, "refunded", PRICE);
    cr_assert_eq(mock_refund_count(intent_of(payment)), 3);
    cr_assert_eq(stock(), STOCK);
}

/* What is only on its way may come back: the stock waits for it. */
Test(refund, what_is_still_on_its_way_does_not_cancel_the_order)
{
    int64_t order = place_order();
    int64_t payment = paid(order);
    mock_new_refunds_are("pending");
    ok(sue, try_refund(payment, SHOP_UNSET));
    order_is(order, "processing");
    cr_assert_eq(stock(), STOCK - 1);
    mock_refund_becomes(last_refund(payment), "succeeded");
    hours_of_jobs(1);
    order_is(order, "cancelled");
    cr_assert_eq(stock(), STOCK);
}

/* ------------------------------------------------------------------------------------------------ disputes */

Test(refund, while_the_bank_decides_nothing_is_given_back)
{
    static const struct {
        const char *status;
        int is_holding;
    } rows[] = {
        {"warning_needs_response", 0},
        {"warning_under_review", 0},
        {"warning_closed", 0},
        {"needs_response", 1},
        {"under_review", 1},
        {"won", 0},
        {"lost", 1},
        {"prevented", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char event[32];
        int64_t payment = paid(place_order());
        cr_assert_null(shop_payment_dispute_status(payment_of(payment)));
        (void)snprintf(event, sizeof event, "evt_%zu", i);
        ok(system_cx, told_of_dispute(event, payment, rows[i].status));
        cr_assert_str_eq(shop_payment_dispute_status(payment_of(payment)), rows[i].status);
        int asked = mock_count(MOCK_REFUND);
        if (rows[i].is_holding)
            refused(sue, try_refund(payment, 300), SHOP_CONFLICT, "payment_disputed");
        else
            ok(sue, try_refund(payment, 300));
        cr_assert_eq(mock_count(MOCK_REFUND), asked + !rows[i].is_holding);
    }
}

Test(refund, a_cancelled_orders_money_goes_back_when_the_bank_has_decided)
{
    int64_t order = place_order();
    int64_t payment = paid(order);
    ok(system_cx, told_of_dispute("evt_1", payment, "needs_response"));
    ok(ann, shop_order_cancel(ann, order, NULL));
    hours_of_jobs(3);
    gave_back(payment, "succeeded", 0);
    cr_assert_eq(mock_count(MOCK_REFUND), 0);
    ok(system_cx, told_of_dispute("evt_2", payment, "under_review"));
    ok(system_cx, told_of_dispute("evt_3", payment, "won"));
    hours_of_jobs(1);
    gave_back(payment, "refunded", PRICE);
    cr_assert_eq(stock(), STOCK);
    books_agree(order);
}

Test(refund, a_complaint_that_came_before_its_message_releases_what_was_asked_for)
{
    int64_t payment = paid(place_order());
    (void)mock_complain(intent_of(payment), "needs_response");
    refused(sue, try_refund(payment, 300), SHOP_CONFLICT, "refund_failed");
    gave_back(payment, "succeeded", 0);
}

Test(refund, a_cancelled_orders_money_that_the_bank_took_hold_of_goes_back_when_it_is_let_go)
{
    int64_t order = place_order();
    int64_t payment = paid(order);
    (void)mock_complain(intent_of(payment), "needs_response"); /* its message is slow */
    ok(ann, shop_order_cancel(ann, order, NULL));
    hours_of_jobs(3);
    ok(system_cx, told_of_dispute("evt_1", payment, "needs_response"));
    hours_of_jobs(3);
    gave_back(payment, "succeeded", 0);
    ok(system_cx, told_of_dispute("evt_2", payment, "won"));
    hours_of_jobs(1);
    gave_back(payment, "refunded", PRICE);
}
