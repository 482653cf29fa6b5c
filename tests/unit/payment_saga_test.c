/* SPDX-License-Identifier: MIT */
/* What the payment sagas promise while gateways decline, refuse, stay away, lose answers and change their mind. */
#include <stdio.h>
#include <string.h>

#include "payment_support.h"

TestSuite(saga, .init = payment_shop_open, .fini = payment_shop_close, .timeout = 120);
TestSuite(saga_patient, .init = payment_shop_open_patient, .fini = payment_shop_close, .timeout = 240);

/* ------------------------------------------------------------------------------------------------ meanwhile */

static void cancel_order(void *order)
{
    ok(system_cx, shop_order_cancel(system_cx, *(int64_t *)order, NULL));
}

static void pay_in_the_browser(void *order)
{
    mock_pay(mock_intent_of(*(int64_t *)order));
}

static void hold_in_the_browser(void *order)
{
    mock_becomes(mock_intent_of(*(int64_t *)order), "requires_capture", "");
}

static void run_jobs_too(void *unused)
{
    (void)unused;
    ok(system_cx, jobs());
}

/* ------------------------------------------------------------------------------------------------ beginning */

static void continues_as_one_intent(mock_turn turn)
{
    int64_t order = place_order();
    char first[256];
    mock_next(MOCK_CREATE, turn);
    refused(ann, try_create(ann, order, NULL), SHOP_UNAVAILABLE, "gateway_unavailable");
    cr_assert_eq(shop_ctx_error_retryable(ann), 1);
    (void)snprintf(first, sizeof first, "%s", mock_last_key(MOCK_CREATE));
    int64_t payment = begin(order);
    cr_assert_str_eq(mock_last_key(MOCK_CREATE), first, "the same key");
    cr_assert_eq(mock_intents(), 1);
    cr_assert_str_eq(intent_of(payment), mock_intent_at(0));
    books_agree(order);
}

Test(saga, a_creation_whose_answer_is_lost_goes_on_as_one_intent)
{
    continues_as_one_intent(MOCK_LOSES);
}

Test(saga, a_creation_that_never_arrived_goes_on_as_one_intent)
{
    continues_as_one_intent(MOCK_AWAY);
}

Test(saga, a_spent_key_is_replaced_when_nothing_was_made)
{
    int64_t order = place_order();
    mock_next(MOCK_CREATE, MOCK_SPENDS);
    (void)begin(order);
    cr_assert_eq(mock_count(MOCK_FIND), 1, "it is looked for first");
    cr_assert_eq(mock_count(MOCK_CREATE), 2);
    cr_assert_str_neq(mock_key_at(0), mock_key_at(1));
    books_agree(order);
}

Test(saga, behind_a_spent_key_the_made_intent_is_found)
{
    int64_t order = place_order();
    mock_next(MOCK_CREATE, MOCK_WORKS_AND_SPENDS);
    int64_t payment = begin(order);
    cr_assert_eq(mock_intents(), 1);
    cr_assert_str_eq(intent_of(payment), mock_intent_at(0));
}

Test(saga, behind_a_spent_key_nothing_is_made_while_it_cannot_be_looked_for)
{
    int64_t order = place_order();
    mock_next(MOCK_CREATE, MOCK_WORKS_AND_SPENDS);
    mock_next(MOCK_FIND, MOCK_AWAY);
    refused(ann, try_create(ann, order, NULL), SHOP_UNAVAILABLE, "gateway_unavailable");
    cr_assert_eq(mock_intents(), 1);
    (void)begin(order);
    cr_assert_eq(mock_intents(), 1);
    books_agree(order);
}

Test(saga, keys_that_are_spent_again_and_again_never_make_two_intents)
{
    int64_t order = place_order();
    for (int i = 0; i < 3; i++)
        mock_next(MOCK_CREATE, MOCK_SPENDS);
    mock_next(MOCK_CREATE, MOCK_WORKS_AND_SPENDS);
    for (int i = 0; i < 5 && try_create(ann, order, NULL) != SHOP_OK; i++)
        cr_assert_eq(shop_ctx_error_status(ann), SHOP_UNAVAILABLE);
    ok(ann, try_create(ann, order, NULL));
    cr_assert_eq(mock_intents(), 1);
    books_agree(order);
}

static void is_contradicted(mock_call call, mock_turn turn)
{
    const shop_payment *p;
    int64_t order = place_order();
    mock_next(call, turn);
    refused(ann, try_create(ann, order, NULL), SHOP_GATEWAY, "gateway_contradiction");
    ok(ann, shop_payment_of_order(ann, order, &p));
    cr_assert_null(shop_payment_intent_id(p), "it is not recorded");
    cr_assert_str_eq(shop_payment_status(p), "pending");
}

Test(saga, an_intent_over_another_amount_is_not_recorded)
{
    is_contradicted(MOCK_CREATE, MOCK_OTHER_AMOUNT);
}

Test(saga, an_intent_in_another_currency_is_not_recorded)
{
    is_contradicted(MOCK_CREATE, MOCK_OTHER_CURRENCY);
}

Test(saga, a_found_intent_over_another_amount_is_not_recorded)
{
    mock_next(MOCK_CREATE, MOCK_WORKS_AND_SPENDS);
    is_contradicted(MOCK_FIND, MOCK_OTHER_AMOUNT);
}

Test(saga, money_over_another_amount_is_not_booked)
{
    int64_t order = place_order();
    int64_t payment = begin(order);
    mock_pay(mock_intent_of(order));
    mock_next(MOCK_RETRIEVE, MOCK_OTHER_AMOUNT);
    shop_sync_input in = SHOP_SYNC_INPUT_INIT;
    in.payment_intent_id = mock_intent_of(order);
    refused(ann, shop_payment_sync(ann, &in, NULL), SHOP_GATEWAY, "gateway_contradiction");
    stands(payment, "pending", 0);
    order_is(order, "pending");
}

static void is_found_after_a_day(mock_turn turn)
{
    int64_t order = place_order();
    mock_next(MOCK_CREATE, turn);
    (void)try_create(ann, order, NULL);
    test_clock_advance(23 * HOUR);
    mock_forget_keys();
    (void)begin(order);
    cr_assert_eq(mock_count(MOCK_FIND), 1, "what a forgotten key made is looked for");
    cr_assert_eq(mock_intents(), 1);
    books_agree(order);
}

Test(saga_patient, an_old_key_is_not_used_blindly_after_a_lost_answer)
{
    is_found_after_a_day(MOCK_LOSES);
}

Test(saga_patient, an_old_key_is_not_used_blindly_after_an_absence)
{
    is_found_after_a_day(MOCK_AWAY);
}

Test(saga, there_is_nothing_to_pay_for_an_order_over_nothing)
{
    int64_t order = place_order_of(make_product("gift", 0), 1);
    refused(ann, try_create(ann, order, NULL), SHOP_INVALID, "nothing_to_pay");
    cr_assert_eq(mock_total(), 0);
}

Test(saga, a_payment_is_in_the_orders_currency)
{
    shop_intent_input in = SHOP_INTENT_INPUT_INIT;
    const shop_intent *intent;
    in.order_id = place_order();
    in.currency = "eur";
    cr_assert_eq(shop_payment_create_intent(ann, &in, &intent), SHOP_INVALID);
    cr_assert_str_eq(shop_ctx_error_field(ann, 0), "currency");
    cr_assert_eq(mock_total(), 0);
    in.currency = "USD";
    ok(ann, shop_payment_create_intent(ann, &in, &intent));
}

Test(saga, a_key_in_the_body_marks_that_call_alone)
{
    shop_intent_input in = SHOP_INTENT_INPUT_INIT;
    const shop_intent *intent;
    in.order_id = INT64_C(999999);
    in.idempotency_key = "k";
    cr_assert_eq(shop_payment_create_intent(ann, &in, &intent), SHOP_NOT_FOUND);
    in.order_id = place_order();
    ok(ann, shop_payment_create_intent(ann, &in, &intent));
    cr_assert_eq(shop_ctx_replayed(ann), 0);
    ok(ann, shop_payment_create_intent(ann, &in, &intent));
    cr_assert_eq(shop_ctx_replayed(ann), 1);
    in.order_id = place_order();
    cr_assert_eq(shop_payment_create_intent(ann, &in, &intent), SHOP_KEY_REUSED);
    cr_assert_eq(mock_count(MOCK_CREATE), 1);
}

Test(saga, a_key_in_the_body_is_ignored_beside_that_of_the_request)
{
    shop_intent_input in = SHOP_INTENT_INPUT_INIT;
    const shop_intent *intent;
    in.order_id = place_order();
    in.idempotency_key = "k";
    for (int i = 0; i < 2; i++) {
        with_key(ann, i == 0 ? "first" : "second");
        ok(ann, shop_payment_create_intent(ann, &in, &intent));
        cr_assert_eq(shop_ctx_replayed(ann), 0);
    }
}

static void is_cancelled_under_way(void (*when)(mock_call, void (*)(void *), void *), int is_gateway_away)
{
    int64_t order = place_order();
    when(MOCK_CREATE, cancel_order, &order);
    if (is_gateway_away)
        mock_always(MOCK_CANCEL, MOCK_AWAY);
    with_key(ann, "k");
    refused(ann, try_create(ann, order, NULL), SHOP_CONFLICT, "order_not_payable");
    if (is_gateway_away) {
        mock_always(MOCK_CANCEL, MOCK_WORKS);
        hours_of_jobs(2);
        int asked = mock_total();
        hours_of_jobs(4);
        cr_assert_eq(mock_total(), asked, "what is done is left alone");
    }
    cr_assert_str_eq(mock_status(mock_intent_of(order)), "canceled");
    cr_assert_eq(stock(), STOCK);
    books_agree(order);
    with_key(ann, "k");
    refused(ann, try_create(ann, order, NULL), SHOP_CONFLICT, "order_not_payable");
    cr_assert_eq(shop_ctx_replayed(ann), 0, "no answer is kept");
    cr_assert_eq(mock_intents(), 1);
}

Test(saga, an_order_that_is_cancelled_while_its_intent_is_asked_for_is_not_paid)
{
    is_cancelled_under_way(mock_meanwhile, 0);
}

Test(saga, an_order_that_is_cancelled_when_its_intent_was_just_made_is_not_paid)
{
    is_cancelled_under_way(mock_afterwards, 0);
}

Test(saga, an_intent_of_a_cancelled_order_is_cancelled_as_soon_as_the_gateway_is_back)
{
    is_cancelled_under_way(mock_meanwhile, 1);
}

Test(saga, a_just_made_intent_of_a_cancelled_order_is_cancelled_as_soon_as_the_gateway_is_back)
{
    is_cancelled_under_way(mock_afterwards, 1);
}

Test(saga, a_creation_without_a_result_is_finished_by_the_jobs)
{
    static const mock_turn turns[] = {MOCK_LOSES, MOCK_AWAY, MOCK_BUSY};
    for (size_t i = 0; i < sizeof turns / sizeof turns[0]; i++) {
        const shop_payment *p;
        int64_t order = place_order();
        mock_next(MOCK_CREATE, turns[i]);
        cr_assert_neq(try_create(ann, order, NULL), SHOP_OK);
        test_clock_advance(61 * SECOND);
        jobs_rest();
        ok(ann, shop_payment_of_order(ann, order, &p));
        cr_assert_not_null(shop_payment_intent_id(p));
        books_agree(order);
    }
}

static void run_jobs_a_minute_later(void *unused)
{
    (void)unused;
    test_clock_advance(61 * SECOND);
    jobs_rest();
}

Test(saga, a_slow_creation_that_meets_its_job_makes_one_intent)
{
    int64_t order = place_order();
    mock_meanwhile(MOCK_CREATE, run_jobs_a_minute_later, NULL);
    (void)begin(order);
    cr_assert_eq(mock_intents(), 1);
    books_agree(order);
}

/* Somebody else makes one under another key: a day later, as a process that slept would see it. */
static void begin_a_day_later(void *order)
{
    const shop_intent *intent;
    shop_ctx *cx = test_ctx(test_shop, shop_ctx_actor(ann));
    test_clock_advance(DAY);
    mock_forget_keys();
    ok(cx, try_create(cx, *(int64_t *)order, &intent));
    shop_ctx_free(cx);
}

Test(saga_patient, an_intent_that_came_too_late_is_cancelled)
{
    int64_t order = place_order();
    mock_meanwhile(MOCK_CREATE, begin_a_day_later, &order);
    int64_t payment = begin(order);
    cr_assert_eq(mock_intents(), 2);
    cr_assert_eq(mock_live_intents(order), 1);
    cr_assert_str_neq(mock_status(intent_of(payment)), "canceled", "the one that the customer was told of lives");
    books_agree(order);
}

/* ------------------------------------------------------------------------------------------------ confirming */

Test(saga, a_declined_card_is_another_request_each_time)
{
    char first[256];
    int64_t payment = begin(place_order());
    refused(ann, try_confirm(payment, MOCK_DECLINED), SHOP_DECLINED, "card_declined");
    (void)snprintf(first, sizeof first, "%s", mock_last_key(MOCK_CONFIRM));
    refused(ann, try_confirm(payment, MOCK_DECLINED), SHOP_DECLINED, "card_declined");
    cr_assert_str_neq(mock_last_key(MOCK_CONFIRM), first, "the bank is asked again, not the first answer repeated");
    cr_assert_eq(mock_count(MOCK_CONFIRM), 2);
}

Test(saga, a_decline_tells_the_banks_word_and_a_sentence_for_the_customer)
{
    int64_t order = place_order();
    int64_t payment = begin(order);
    refused(ann, try_confirm(payment, MOCK_DECLINED), SHOP_DECLINED, "card_declined");
    cr_assert_str_eq(shop_ctx_error_decline_code(ann), "generic_decline");
    cr_assert_str_eq(shop_ctx_error_detail(ann), "Your card was declined.");
    refused(ann, try_confirm(payment, MOCK_POOR), SHOP_DECLINED, "card_declined");
    cr_assert_str_eq(shop_ctx_error_decline_code(ann), "insufficient_funds");
    stands(payment, "failed", 0);
    cr_assert_str_eq(shop_payment_failure_message(payment_of(payment)), "Your card has insufficient funds.");
    ok(ann, try_confirm(payment, MOCK_PAYS));
    cr_assert_str_eq(shop_ctx_error_decline_code(ann), "");
    stands(payment, "succeeded", 0);
    order_is(order, "processing");
    books_agree(order);
}

/* A gateway that says no and cannot say how the payment stands. */
Test(saga, after_a_decline_without_the_intent_the_next_attempt_is_another_request)
{
    char first[256];
    int64_t payment = begin(place_order());
    mock_next(MOCK_CONFIRM, MOCK_DECLINES);
    refused(ann, try_confirm(payment, MOCK_PAYS), SHOP_DECLINED, "card_declined");
    cr_assert_str_eq(shop_ctx_error_decline_code(ann), "do_not_honor");
    (void)snprintf(first, sizeof first, "%s", mock_last_key(MOCK_CONFIRM));
    ok(ann, try_confirm(payment, MOCK_PAYS));
    cr_assert_str_neq(mock_last_key(MOCK_CONFIRM), first);
    stands(payment, "succeeded", 0);
}

Test(saga, a_confirmation_whose_answer_is_lost_pays_once)
{
    char first[256];
    int64_t order = place_order();
    int64_t payment = begin(order);
    mock_next(MOCK_CONFIRM, MOCK_LOSES);
    refused(ann, try_confirm(payment, MOCK_PAYS), SHOP_UNAVAILABLE, "gateway_unavailable");
    (void)snprintf(first, sizeof first, "%s", mock_last_key(MOCK_CONFIRM));
    ok(ann, try_confirm(payment, MOCK_PAYS));
    cr_assert_str_eq(mock_last_key(MOCK_CONFIRM), first, "the same key");
    cr_assert_eq(mock_held(order), PRICE);
    books_agree(order);
}

Test(saga, a_confirmation_whose_key_is_spent_is_asked_again_under_another)
{
    static const mock_turn turns[] = {MOCK_SPENDS, MOCK_WORKS_AND_SPENDS};
    for (size_t i = 0; i < sizeof turns / sizeof turns[0]; i++) {
        int64_t order = place_order();
        int64_t payment = begin(order);
        mock_next(MOCK_CONFIRM, turns[i]);
        ok(ann, try_confirm(payment, MOCK_PAYS));
        stands(payment, "succeeded", 0);
        books_agree(order);
    }
}

static void is_told(mock_turn turn, shop_status wanted, const char *code, int32_t is_retryable, int64_t retry_after)
{
    int64_t payment = begin(place_order());
    mock_next(MOCK_CONFIRM, turn);
    refused(ann, try_confirm(payment, MOCK_PAYS), wanted, code);
    cr_assert_eq(shop_ctx_error_retryable(ann), is_retryable);
    cr_assert_eq(shop_ctx_error_retry_after(ann), retry_after);
    cr_assert_null(strstr(shop_ctx_error_detail(ann), MOCK_SECRET), "nothing secret is told");
    cr_assert_null(strstr(shop_ctx_error_detail(ann), "mock"));
    stands(payment, "pending", 0);
    ok(ann, try_confirm(payment, MOCK_PAYS));
}

Test(saga, a_busy_gateway_is_told_with_when_to_come_again)
{
    is_told(MOCK_BUSY, SHOP_CONFLICT, "gateway_busy", 1, 7);
}

Test(saga, an_absent_gateway_is_told)
{
    is_told(MOCK_AWAY, SHOP_UNAVAILABLE, "gateway_unavailable", 1, 0);
}

Test(saga, a_misconfigured_gateway_is_told_without_its_secrets)
{
    is_told(MOCK_MISCONFIGURED, SHOP_GATEWAY, "gateway_misconfigured", 1, 0);
}

Test(saga, an_unknown_method_is_told)
{
    int64_t payment = begin(place_order());
    refused(ann, try_confirm(payment, "pm_never_heard_of"), SHOP_INVALID, "unknown_payment_method");
    stands(payment, "pending", 0);
    ok(ann, try_confirm(payment, MOCK_PAYS));
}

Test(saga, what_is_not_at_the_gateway_yet_cannot_be_confirmed)
{
    const shop_payment *p;
    int64_t order = place_order();
    mock_next(MOCK_CREATE, MOCK_AWAY);
    cr_assert_neq(try_create(ann, order, NULL), SHOP_OK);
    ok(ann, shop_payment_of_order(ann, order, &p));
    int64_t payment = shop_payment_id(p);
    refused(ann, try_confirm(payment, MOCK_PAYS), SHOP_CONFLICT, "payment_not_ready");
    ok(ann, try_create(ann, order, NULL));
    ok(ann, try_confirm(payment, MOCK_PAYS));
}

Test(saga, what_is_cancelled_cannot_be_confirmed)
{
    int64_t payment = begin(place_order());
    ok(ann, try_cancel(payment));
    refused(ann, try_confirm(payment, MOCK_PAYS), SHOP_CONFLICT, "payment_not_ready");
    cr_assert_eq(mock_count(MOCK_CONFIRM), 0);
}

Test(saga, what_is_given_up_cannot_be_confirmed_while_the_gateway_does_not_know_it_yet)
{
    int64_t cancelled = place_order();
    int64_t first = begin(cancelled);
    int64_t expiring = place_order();
    int64_t second = begin(expiring);
    mock_always(MOCK_CANCEL, MOCK_AWAY);
    ok(ann, shop_order_cancel(ann, cancelled, NULL));
    refused(ann, try_confirm(first, MOCK_PAYS), SHOP_CONFLICT, "payment_not_ready");
    test_clock_advance(ORDER_TTL * SECOND);
    (void)jobs();
    refused(ann, try_confirm(second, MOCK_PAYS), SHOP_CONFLICT, "payment_not_ready");
    cr_assert_eq(mock_count(MOCK_CONFIRM), 0);
    mock_always(MOCK_CANCEL, MOCK_WORKS);
    hours_of_jobs(2);
    books_agree(cancelled);
    books_agree(expiring);
}

Test(saga, what_was_paid_elsewhere_is_answered_as_paid)
{
    int64_t order = place_order();
    int64_t payment = begin(order);
    mock_pay(mock_intent_of(order));
    ok(ann, try_confirm(payment, MOCK_PAYS));
    stands(payment, "succeeded", 0);
    order_is(order, "processing");
    order = place_order();
    payment = begin(order);
    mock_meanwhile(MOCK_CONFIRM, pay_in_the_browser, &order);
    ok(ann, try_confirm(payment, MOCK_PAYS));
    stands(payment, "succeeded", 0);
    ok(ann, try_confirm(payment, MOCK_PAYS));
    cr_assert_eq(mock_count(MOCK_CONFIRM), 2, "what is paid is not asked for again");
}

Test(saga, what_waits_for_the_customer_stays_pending_until_it_is_paid)
{
    int64_t order = place_order();
    int64_t payment = begin(order);
    ok(ann, try_confirm(payment, MOCK_ASKS));
    stands(payment, "pending", 0);
    order_is(order, "pending");
    mock_pay(mock_intent_of(order));
    test_clock_advance(61 * SECOND);
    jobs_rest();
    order_is(order, "processing");
}

Test(saga, money_that_is_only_held_is_captured)
{
    int64_t order = place_order();
    int64_t payment = begin(order);
    ok(ann, try_confirm(payment, MOCK_HOLDS));
    cr_assert_str_eq(mock_status(mock_intent_of(order)), "succeeded");
    stands(payment, "succeeded", 0);
    books_agree(order);
}

Test(saga, a_capture_that_went_wrong_is_finished_by_the_jobs)
{
    static const mock_turn turns[] = {MOCK_LOSES, MOCK_AWAY, MOCK_SPENDS, MOCK_WORKS_AND_SPENDS, MOCK_BUSY};
    for (size_t i = 0; i < sizeof turns / sizeof turns[0]; i++) {
        int64_t order = place_order();
        int64_t payment = begin(order);
        mock_next(MOCK_CAPTURE, turns[i]);
        ok(ann, try_confirm(payment, MOCK_HOLDS));
        stands(payment, "processing", 0);
        test_clock_advance(3 * MINUTE);
        jobs_rest();
        stands(payment, "succeeded", 0);
        books_agree(order);
    }
}

Test(saga, money_held_for_an_order_that_was_cancelled_meanwhile_is_let_go)
{
    int64_t order = place_order();
    int64_t payment = begin(order);
    mock_next(MOCK_CANCEL, MOCK_AWAY);
    mock_afterwards(MOCK_CONFIRM, cancel_order, &order);
    (void)try_confirm(payment, MOCK_HOLDS);
    cr_assert_eq(mock_count(MOCK_CAPTURE), 0);
    hours_of_jobs(1);
    cr_assert_eq(mock_count(MOCK_CAPTURE), 0);
    cr_assert_str_eq(mock_status(mock_intent_of(order)), "canceled");
    stands(payment, "cancelled", 0);
    books_agree(order);
}

Test(saga, money_held_for_an_order_that_is_expiring_is_let_go)
{
    int64_t order = place_order();
    int64_t payment = begin(order);
    mock_always(MOCK_CANCEL, MOCK_AWAY);
    test_clock_advance(ORDER_TTL * SECOND);
    (void)jobs();
    mock_always(MOCK_CANCEL, MOCK_WORKS);
    hold_in_the_browser(&order);
    ok(system_cx, tell("evt_held", SHOP_GATEWAY_ABOUT_INTENT, mock_intent_of(order), NULL));
    cr_assert_eq(mock_count(MOCK_CAPTURE), 0);
    stands(payment, "cancelled", 0);
    order_is(order, "cancelled");
    cr_assert_eq(stock(), STOCK);
    books_agree(order);
}

Test(saga, a_method_as_long_as_can_be_makes_a_good_key)
{
    char method[256];
    memset(method, 'x', sizeof method);
    memcpy(method, MOCK_LONG, strlen(MOCK_LONG));
    for (size_t length = sizeof method - 1; length > 200; length--) {
        int64_t payment = begin(place_order());
        method[length] = '\0';
        shop_status status = try_confirm(payment, method);
        if (status == SHOP_OK)
            break; /* payment_shop_close asserts that its key was one */
        cr_assert_eq(status, SHOP_INVALID);
    }
    cr_assert_eq(mock_count(MOCK_CONFIRM), 1);
    cr_assert_null(mock_problem());
}

/* ------------------------------------------------------------------------------------------------ without anybody */

Test(saga, an_order_that_was_paid_appears_as_paid_without_anybody_telling)
{
    int64_t order = place_order();
    int64_t payment = begin(order);
    mock_pay(mock_intent_of(order));
    test_clock_advance(60 * SECOND);
    jobs_rest();
    stands(payment, "succeeded", 0);
    order_is(order, "processing");
    int asked = mock_total();
    hours_of_jobs(24);
    cr_assert_eq(mock_total(), asked, "what is done is left alone");
}

Test(saga_patient, what_does_not_end_is_looked_at_ever_more_rarely)
{
    int last = 0;
    int gap = 0;
    int looks = 0;
    (void)begin(place_order());
    for (int minute = 1; minute <= 24 * 60; minute++) {
        test_clock_advance(MINUTE);
        ok(system_cx, jobs());
        int fresh = mock_count(MOCK_RETRIEVE) - looks;
        if (fresh == 0)
            continue;
        cr_assert_eq(fresh, 1, "once at a time");
        cr_assert(looks > 0 || minute == 1, "the first look is after a minute");
        cr_assert_geq(minute - last, gap);
        gap = minute - last;
        cr_assert_leq(gap, 60, "at least once an hour");
        last = minute;
        looks++;
    }
    cr_assert_eq(gap, 60, "in the end once an hour");
    cr_assert_geq(looks, 24);
    cr_assert_leq(looks, 31);
}

/* What is looked at rarely by then is looked at soon again when something is done with it. */
Test(saga_patient, the_jobs_look_soon_after_each_step)
{
    int64_t order = place_order();
    int64_t payment = begin(order);
    int64_t other = begin(place_order());
    hours_of_jobs(10);
    mock_next(MOCK_CONFIRM, MOCK_LOSES);
    refused(ann, try_confirm(payment, MOCK_PAYS), SHOP_UNAVAILABLE, "gateway_unavailable");
    mock_next(MOCK_CANCEL, MOCK_LOSES);
    refused(ann, try_cancel(other), SHOP_UNAVAILABLE, "gateway_unavailable");
    test_clock_advance(61 * SECOND);
    jobs_rest();
    stands(payment, "succeeded", 0);
    order_is(order, "processing");
    stands(other, "cancelled", 0);
}

Test(saga, two_job_runners_do_not_both_look)
{
    (void)begin(place_order());
    (void)begin(place_order());
    test_clock_advance(61 * SECOND);
    mock_meanwhile(MOCK_RETRIEVE, run_jobs_too, NULL); /* while one is looked at, the other one's turn is taken */
    jobs_rest();
    cr_assert_eq(mock_count(MOCK_RETRIEVE), 2, "each is looked at once");
}

Test(saga, one_payment_that_cannot_be_looked_at_does_not_keep_the_others)
{
    int64_t orders[3];
    for (size_t i = 0; i < 3; i++) {
        orders[i] = place_order();
        (void)begin(orders[i]);
        mock_pay(mock_intent_of(orders[i]));
    }
    test_clock_advance(61 * SECOND);
    mock_next(MOCK_RETRIEVE, MOCK_AWAY);
    (void)jobs();
    (void)jobs(); /* the first one's turn is over */
    int paid_count = 0;
    for (size_t i = 0; i < 3; i++) {
        const shop_order *o;
        ok(system_cx, shop_order_get(system_cx, orders[i], &o));
        paid_count += strcmp(shop_order_status(o), "processing") == 0;
    }
    cr_assert_eq(paid_count, 2);
    hours_of_jobs(1);
    for (size_t i = 0; i < 3; i++)
        order_is(orders[i], "processing");
}

/* ------------------------------------------------------------------------------------------------ expiring */

static void see_that_it_waits(void *order)
{
    order_is(*(int64_t *)order, "pending");
    cr_assert_eq(stock(), STOCK - 1);
}

Test(saga, an_order_expires_when_the_gateway_says_that_no_money_can_come)
{
    int64_t order = place_order();
    int64_t payment = begin(order);
    test_clock_advance(ORDER_TTL * SECOND);
    mock_meanwhile(MOCK_CANCEL, see_that_it_waits, &order);
    jobs_rest();
    cr_assert_eq(mock_count(MOCK_CANCEL), 1);
    cr_assert_str_eq(mock_status(mock_intent_of(order)), "canceled");
    stands(payment, "cancelled", 0);
    order_is(order, "cancelled");
    cr_assert_eq(stock(), STOCK);
    hours_of_jobs(3);
    cr_assert_eq(stock(), STOCK, "the stock comes back once");
    cr_assert_eq(mock_count(MOCK_CANCEL), 1);
}

Test(saga, an_order_that_is_paid_in_the_last_moment_is_paid)
{
    int64_t order = place_order();
    int64_t payment = begin(order);
    test_clock_advance(ORDER_TTL * SECOND);
    mock_meanwhile(MOCK_CANCEL, pay_in_the_browser, &order);
    jobs_rest();
    stands(payment, "succeeded", 0);
    order_is(order, "processing");
    cr_assert_eq(stock(), STOCK - 1);
    hours_of_jobs(2);
    cr_assert_eq(mock_given_back(mock_intent_of(order)), 0);
    books_agree(order);
}

Test(saga, what_the_bank_still_works_on_does_not_expire_until_it_fails)
{
    int64_t order = place_order();
    int64_t payment = begin(order);
    ok(ann, try_confirm(payment, MOCK_SLOW));
    hours_of_jobs(72);
    cr_assert_eq(mock_count(MOCK_CANCEL), 0, "it is not even tried");
    stands(payment, "processing", 0);
    order_is(order, "pending");
    cr_assert_eq(stock(), STOCK - 1);
    mock_becomes(mock_intent_of(order), "requires_payment_method", "Your bank said no.");
    hours_of_jobs(3);
    stands(payment, "cancelled", 0);
    order_is(order, "cancelled");
    cr_assert_eq(stock(), STOCK);
    books_agree(order);
}

Test(saga, what_the_bank_still_works_on_is_paid_when_it_succeeds)
{
    int64_t order = place_order();
    int64_t payment = begin(order);
    ok(ann, try_confirm(payment, MOCK_SLOW));
    hours_of_jobs(48);
    mock_becomes(mock_intent_of(order), "succeeded", "");
    hours_of_jobs(2);
    stands(payment, "succeeded", 0);
    order_is(order, "processing");
}

Test(saga, while_the_gateway_is_away_an_order_neither_expires_nor_gives_its_stock_back)
{
    int64_t order = place_order();
    (void)begin(order);
    mock_dies_after(0, MOCK_AWAY);
    hours_of_jobs(5);
    order_is(order, "pending");
    cr_assert_eq(stock(), STOCK - 1);
    mock_revive();
    hours_of_jobs(2);
    order_is(order, "cancelled");
    cr_assert_eq(stock(), STOCK);
    books_agree(order);
}

Test(saga, an_order_whose_intent_was_never_recorded_expires_with_it)
{
    static const mock_turn turns[] = {MOCK_LOSES, MOCK_AWAY};
    for (size_t i = 0; i < 2; i++) {
        int64_t order = place_order();
        mock_next(MOCK_CREATE, turns[i]);
        cr_assert_neq(try_create(ann, order, NULL), SHOP_OK);
        test_clock_advance(ORDER_TTL * SECOND);
        hours_of_jobs(2);
        order_is(order, "cancelled");
        cr_assert_eq(stock(), STOCK);
        books_agree(order);
    }
}

Test(saga, an_order_that_is_expiring_cannot_be_begun_to_be_paid)
{
    int64_t order = place_order();
    (void)begin(order);
    mock_always(MOCK_CANCEL, MOCK_AWAY);
    test_clock_advance(ORDER_TTL * SECOND);
    (void)jobs();
    refused(ann, try_create(ann, order, NULL), SHOP_CONFLICT, "order_not_payable");
}

#define CROWD 110 /* more than one portion of the jobs */

Test(saga, many_orders_that_cannot_expire_do_not_keep_the_others)
{
    shop_product_input more = SHOP_PRODUCT_INPUT_INIT;
    more.stock_quantity = 1000;
    ok(system_cx, shop_product_update(system_cx, "cup", &more, 0, NULL));
    for (int i = 0; i < CROWD; i++)
        ok(ann, try_confirm(begin(place_order()), MOCK_SLOW));
    test_clock_advance(SECOND);
    int64_t unpaid = place_order();
    int64_t open = place_order();
    (void)begin(open);
    test_clock_advance(ORDER_TTL * SECOND);
    jobs_rest();
    order_is(unpaid, "cancelled");
    order_is(open, "cancelled");
    cr_assert_eq(stock(), 1000 - CROWD);
}

Test(saga, orders_without_a_payment_expire_while_the_gateway_is_away)
{
    int64_t open = place_order();
    (void)begin(open);
    int64_t unpaid = place_order();
    mock_dies_after(0, MOCK_AWAY);
    test_clock_advance(ORDER_TTL * SECOND);
    (void)jobs();
    order_is(unpaid, "cancelled");
    order_is(open, "pending");
}

/* ------------------------------------------------------------------------------------------------ cancelling */

Test(saga, a_cancelled_orders_money_goes_back_by_itself)
{
    int64_t order = place_order();
    int64_t payment = paid(order);
    ok(ann, shop_order_cancel(ann, order, NULL));
    jobs_rest();
    stands(payment, "refunded", PRICE);
    cr_assert_eq(stock(), STOCK);
    books_agree(order);
}

Test(saga, money_that_comes_while_an_order_is_cancelled_goes_back_by_itself)
{
    int64_t order = place_order();
    int64_t payment = begin(order);
    mock_meanwhile(MOCK_CANCEL, pay_in_the_browser, &order);
    ok(ann, shop_order_cancel(ann, order, NULL));
    hours_of_jobs(1);
    stands(payment, "refunded", PRICE);
    order_is(order, "cancelled");
    cr_assert_eq(stock(), STOCK);
    books_agree(order);
}

Test(saga, money_that_the_bank_still_worked_on_goes_back_when_it_comes)
{
    int64_t order = place_order();
    int64_t payment = begin(order);
    ok(ann, try_confirm(payment, MOCK_SLOW));
    ok(ann, shop_order_cancel(ann, order, NULL));
    hours_of_jobs(30);
    mock_becomes(mock_intent_of(order), "succeeded", "");
    hours_of_jobs(2);
    stands(payment, "refunded", PRICE);
    cr_assert_eq(stock(), STOCK);
    books_agree(order);
}

Test(saga, an_order_that_is_cancelled_before_its_intent_was_recorded_leaves_none_open)
{
    static const mock_turn turns[] = {MOCK_LOSES, MOCK_AWAY, MOCK_SPENDS, MOCK_WORKS_AND_SPENDS};
    for (size_t i = 0; i < sizeof turns / sizeof turns[0]; i++) {
        int64_t order = place_order();
        mock_next(MOCK_CREATE, turns[i]);
        mock_next(MOCK_FIND, MOCK_AWAY);
        (void)try_create(ann, order, NULL);
        ok(ann, shop_order_cancel(ann, order, NULL));
        hours_of_jobs(2);
        cr_assert_eq(mock_live_intents(order), 0);
        cr_assert_eq(stock(), STOCK);
    }
}

Test(saga, only_the_customer_cancels_a_payment)
{
    const shop_payment *p;
    int64_t order = place_order();
    shop_payment_cancel_input in = SHOP_PAYMENT_CANCEL_INPUT_INIT;
    in.payment_id = begin(order);
    refused(bob, shop_payment_cancel(bob, &in, &p), SHOP_NOT_FOUND, "payment_not_found");
    refused(sue, shop_payment_cancel(sue, &in, &p), SHOP_FORBIDDEN, "owner_only");
    cr_assert_eq(mock_count(MOCK_CANCEL), 0);
    ok(ann, shop_payment_cancel(ann, &in, &p));
    cr_assert_str_eq(shop_payment_status(p), "cancelled");
    cr_assert_str_eq(shop_payment_order_status(p), "cancelled");
    cr_assert_eq(stock(), STOCK);
}

Test(saga, what_is_paid_or_under_way_is_not_cancelled)
{
    int64_t order = place_order();
    refused(ann, try_cancel(paid(order)), SHOP_CONFLICT, "payment_not_cancellable");
    int64_t slow = begin(place_order());
    ok(ann, try_confirm(slow, MOCK_SLOW));
    refused(ann, try_cancel(slow), SHOP_CONFLICT, "payment_not_cancellable");
    cr_assert_eq(mock_count(MOCK_CANCEL), 0);
}

Test(saga, what_is_paid_or_under_way_meanwhile_is_not_cancelled)
{
    int64_t order = place_order();
    int64_t payment = begin(order);
    mock_meanwhile(MOCK_CANCEL, pay_in_the_browser, &order);
    refused(ann, try_cancel(payment), SHOP_CONFLICT, "payment_not_cancellable");
    stands(payment, "succeeded", 0);
    order_is(order, "processing");
    order = place_order();
    payment = begin(order);
    mock_becomes(mock_intent_of(order), "processing", "");
    refused(ann, try_cancel(payment), SHOP_CONFLICT, "payment_not_cancellable");
    stands(payment, "processing", 0);
    order_is(order, "pending");
}

Test(saga, a_cancellation_whose_answer_is_lost_is_finished)
{
    static const mock_turn turns[] = {MOCK_LOSES, MOCK_WORKS_AND_SPENDS, MOCK_SPENDS, MOCK_BUSY};
    for (size_t i = 0; i < sizeof turns / sizeof turns[0]; i++) {
        int64_t order = place_order();
        int64_t payment = begin(order);
        mock_next(MOCK_CANCEL, turns[i]);
        if (try_cancel(payment) != SHOP_OK)
            ok(ann, try_cancel(payment));
        stands(payment, "cancelled", 0);
        cr_assert_eq(stock(), STOCK);
        books_agree(order);
    }
}

/* ------------------------------------------------------------------------------------------------ crashes */

#define STEPS_MAX 40

/* What the same request again makes of it, besides that it succeeds. */
typedef enum repetition { NOT_REPEATED, LEFT_TO_THE_JOBS, COMPLETE } repetition;

typedef struct crash_case {
    void (*prepare)(int64_t order); /* NULL: nothing */
    shop_status (*act)(int64_t order);
    void (*check)(int64_t order); /* NULL: only that the books agree */
    repetition again;
} crash_case;

static int64_t payment_of_order(int64_t order)
{
    const shop_payment *p;
    ok(system_cx, shop_payment_of_order(system_cx, order, &p));
    return shop_payment_id(p);
}

static void do_begin(int64_t order)
{
    (void)begin(order);
}

static void do_pay(int64_t order)
{
    (void)paid(order);
}

/* The order is cancelled, the gateway is away, and before it is back the money comes. */
static void do_pay_too_late(int64_t order)
{
    (void)begin(order);
    mock_next(MOCK_CANCEL, MOCK_AWAY);
    ok(ann, shop_order_cancel(ann, order, NULL));
    mock_pay(mock_intent_of(order));
}

static shop_status act_tell(int64_t order)
{
    char event[32];
    (void)snprintf(event, sizeof event, "evt_%lld", (long long)order);
    return tell(event, SHOP_GATEWAY_ABOUT_INTENT, mock_intent_of(order), NULL);
}

static shop_status act_create(int64_t order)
{
    return try_create(ann, order, NULL);
}

static shop_status act_confirm(int64_t order)
{
    return try_confirm(payment_of_order(order), MOCK_PAYS);
}

static shop_status act_hold(int64_t order)
{
    return try_confirm(payment_of_order(order), MOCK_HOLDS);
}

static shop_status act_refund(int64_t order)
{
    char key[32];
    (void)snprintf(key, sizeof key, "refund_%lld", (long long)order);
    with_key(sue, key);
    shop_status status = try_refund(payment_of_order(order), 300);
    (void)shop_ctx_set_idempotency_key(sue, NULL, NULL, 0);
    return status;
}

static shop_status act_refund_all(int64_t order)
{
    return try_refund(payment_of_order(order), SHOP_UNSET);
}

static shop_status act_cancel_order(int64_t order)
{
    return shop_order_cancel(ann, order, NULL);
}

static shop_status act_cancel_payment(int64_t order)
{
    return try_cancel(payment_of_order(order));
}

static shop_status act_expire(int64_t order)
{
    (void)order;
    test_clock_advance(ORDER_TTL * SECOND);
    shop_status status = jobs();
    return status == SHOP_OK ? jobs() : status;
}

static void one_intent(int64_t order)
{
    const shop_payment *p;
    if (shop_payment_of_order(system_cx, order, &p) == SHOP_OK)
        cr_assert_not_null(shop_payment_intent_id(p));
}

static void a_part_at_most_once(int64_t order)
{
    int64_t given = mock_given_back(mock_intent_of(order));
    cr_assert(given == 0 || given == 300, "%lld is given back", (long long)given);
    order_is(order, "processing");
}

static void is_cancelled(int64_t order)
{
    order_is(order, "cancelled");
}

static void settle_down(void)
{
    storage_revives();
    mock_revive();
    for (int i = 0; i < 16; i++) {
        test_clock_advance(10 * MINUTE);
        (void)jobs();
        (void)jobs();
    }
}

static int is_sold(int64_t order)
{
    const shop_order *o;
    ok(system_cx, shop_order_get(system_cx, order, &o));
    return strcmp(shop_order_status(o), "cancelled") != 0;
}

/* The same request again, as its client sends it when it got no answer. */
static void ask_again(const crash_case *c, int64_t order)
{
    storage_revives();
    mock_revive();
    shop_status status = c->act(order);
    cr_assert_eq(status, SHOP_OK, "again: %s", shop_status_name(status));
    if (c->again == COMPLETE)
        books_agree(order);
}

/* 1 when the step was interrupted. */
static int play(const crash_case *c, void (*arm)(int n), int n, int is_asked_again)
{
    int64_t before = stock();
    int64_t order = place_order();
    if (c->prepare)
        c->prepare(order);
    arm(n);
    shop_status status = c->act(order);
    int was_hit = storage_is_dead() || mock_is_dead();
    if (is_asked_again)
        ask_again(c, order);
    settle_down();
    books_agree(order);
    if (c->check)
        c->check(order);
    cr_assert_eq(stock(), before - is_sold(order), "stock is away exactly when it is sold");
    cr_assert(was_hit || status == SHOP_OK, "%s", shop_status_name(status));
    return was_hit;
}

static void gateway_goes_away(int n)
{
    mock_dies_after(n, MOCK_AWAY);
}

static void gateway_loses(int n)
{
    mock_dies_after(n, MOCK_LOSES);
}

static void gateway_loses_and_spends(int n)
{
    mock_dies_after(n, MOCK_WORKS_AND_SPENDS);
}

static void interrupt_everywhere(crash_case c)
{
    static void (*const arms[])(int) = {storage_dies_after, gateway_goes_away, gateway_loses, gateway_loses_and_spends};
    const size_t count = sizeof arms / sizeof arms[0];
    for (size_t i = 0; i < (c.again == NOT_REPEATED ? count : 2 * count); i++) {
        int n = 0;
        while (n < STEPS_MAX && play(&c, arms[i % count], n, i >= count))
            n++;
        cr_assert_gt(n, 0, "the step is interrupted at least once");
        cr_assert_lt(n, STEPS_MAX, "the step ends");
    }
}

Test(saga_patient, a_crash_while_beginning_leaves_one_intent)
{
    interrupt_everywhere((crash_case){NULL, act_create, one_intent, COMPLETE});
}

Test(saga_patient, a_crash_while_confirming_is_finished)
{
    interrupt_everywhere((crash_case){do_begin, act_confirm, NULL, COMPLETE});
}

Test(saga_patient, a_crash_while_capturing_is_finished)
{
    interrupt_everywhere((crash_case){do_begin, act_hold, NULL, LEFT_TO_THE_JOBS});
}

Test(saga_patient, a_crash_while_refunding_gives_back_once_or_not_at_all)
{
    interrupt_everywhere((crash_case){do_pay, act_refund, a_part_at_most_once, COMPLETE});
}

Test(saga_patient, a_crash_while_refunding_all_leaves_all_or_nothing)
{
    interrupt_everywhere((crash_case){do_pay, act_refund_all, NULL, NOT_REPEATED});
}

Test(saga_patient, a_crash_while_cancelling_an_unpaid_order_leaves_no_open_intent)
{
    interrupt_everywhere((crash_case){do_begin, act_cancel_order, NULL, NOT_REPEATED});
}

Test(saga_patient, a_crash_while_cancelling_a_paid_order_keeps_no_money)
{
    interrupt_everywhere((crash_case){do_pay, act_cancel_order, NULL, NOT_REPEATED});
}

Test(saga_patient, a_crash_while_money_comes_for_a_cancelled_order_keeps_none)
{
    interrupt_everywhere((crash_case){do_pay_too_late, act_tell, is_cancelled, LEFT_TO_THE_JOBS});
}

Test(saga_patient, money_that_comes_for_a_cancelled_order_goes_back_at_once)
{
    int64_t order = place_order();
    do_pay_too_late(order);
    ok(system_cx, act_tell(order));
    stands(payment_of_order(order), "refunded", PRICE);
    books_agree(order);
}

Test(saga_patient, a_crash_while_cancelling_a_payment_is_finished)
{
    interrupt_everywhere((crash_case){do_begin, act_cancel_payment, NULL, COMPLETE});
}

Test(saga, a_crash_while_an_order_expires_is_finished)
{
    interrupt_everywhere((crash_case){do_begin, act_expire, is_cancelled, NOT_REPEATED});
}
