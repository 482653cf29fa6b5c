/* SPDX-License-Identifier: MIT */
/* Giving money back: reserved first, then asked of the gateway, then recorded (refund_state.c). Never more than was paid. */
#include <sodium.h>
#include <string.h>

#include "../storage/due.h"
#include "payment.h"

typedef struct refund_saga {
    int64_t payment;
    int64_t amount; /* SHOP_UNSET: the rest */
    const char *reason;
    const char *key;
    int64_t refund; /* the row */
    int64_t attempt;
    int64_t asked_since; /* the key of this attempt may have been used since */
    const char *intent;
    const char *currency;
    const char *status;
    const char *gateway_id; /* NULL: the gateway has not answered yet */
} refund_saga;

/* ------------------------------------------------------------------------------------------------ reserving */

static void load_saga(refund_saga *saga, const shop_rows *rows, uint32_t i)
{
    const char *reason = shop_row_text(rows, i, REFUND_REASON);
    saga->payment = shop_row_int(rows, i, REFUND_PAYMENT);
    saga->amount = shop_row_int(rows, i, REFUND_AMOUNT);
    saga->reason = reason && reason[0] ? reason : NULL;
    saga->key = shop_row_text(rows, i, REFUND_GATEWAY_KEY);
    saga->refund = shop_row_int(rows, i, REFUND_ID);
    saga->attempt = shop_row_int(rows, i, REFUND_ATTEMPT);
    saga->asked_since = shop_row_int(rows, i, REFUND_UPDATED_AT);
    saga->status = shop_row_text(rows, i, REFUND_STATUS);
    saga->gateway_id = shop_row_text(rows, i, REFUND_GATEWAY_ID);
}

/* A request without a key that went unanswered is known by what it asks for. */
static int is_unanswered(const refund_saga *wanted, const shop_rows *rows, uint32_t i, int64_t left)
{
    int64_t amount = shop_row_int(rows, i, REFUND_AMOUNT);
    int is_stuck = strcmp(shop_row_text(rows, i, REFUND_STATUS), REFUND_PENDING) == 0 &&
                   !shop_row_text(rows, i, REFUND_GATEWAY_ID) && shop_row_int(rows, i, REFUND_LOOKS) > 0;
    return is_stuck && (wanted->amount == SHOP_UNSET ? left == 0 : wanted->amount == amount);
}

/*
 * A refund that was begun by this same request: under its key, or, when it has none, one that the gateway left unanswered. What failed
 * may be begun again.
 */
static shop_status find_begun(shop_ctx *cx, refund_saga *saga, int64_t left, int *found)
{
    shop_query *q = shop_query_new(cx);
    int read = shop_query_read(q, TABLE_REFUND);
    shop_where_int(q, REFUND_PAYMENT, SHOP_PRED_EQ, saga->payment);
    shop_where_text(q, REFUND_STATUS, SHOP_PRED_NE, REFUND_FAILED);
    shop_status status = shop_query_run(q);
    if (status != SHOP_OK)
        return status;
    const shop_rows *rows = shop_query_rows(q, read);
    *found = 0;
    for (uint32_t i = 0; i < rows->count && !*found; i++) {
        *found = strcmp(shop_row_text(rows, i, REFUND_GATEWAY_KEY), saga->key) == 0 ||
                 (!cx->idempotency_key && is_unanswered(saga, rows, i, left));
        if (*found)
            load_saga(saga, rows, i);
    }
    return SHOP_OK;
}

static shop_status check_refundable(shop_ctx *cx, const shop_payment *p, int64_t amount)
{
    if (!p->is_successful)
        return shop_fail(cx, SHOP_CONFLICT, "payment_not_refundable", "This payment is %s: there is nothing to give back.",
                         p->status);
    int64_t left = p->amount - p->amount_refunded;
    if (left == 0)
        return shop_fail(cx, SHOP_CONFLICT, "payment_not_refundable", "Everything of this payment was given back already.");
    if (!p->can_be_refunded)
        return shop_fail(cx, SHOP_CONFLICT, "payment_disputed",
                         "The payer complained about this payment: what becomes of the money is decided by the bank.");
    if (amount > left) {
        char text[SHOP_MONEY_SIZE];
        (void)shop_money_format(left, p->currency, text);
        shop_field_fail(cx, "amount", "Must be at most %s: more is not left.", text);
    } else if (amount != SHOP_UNSET) {
        (void)shop_gateway_check_amount(cx, "amount", amount);
    }
    return shop_fields_status(cx);
}

/* The reservation: a refund under way, and its amount set aside. Guarded: never more than was paid. */
static void reserve(shop_ctx *cx, shop_batch *b, const refund_saga *saga, const shop_payment *p, int64_t amount)
{
    int64_t now = shop_now(cx->shop);
    shop_batch_insert(b, TABLE_REFUND, saga->refund);
    shop_set_int(b, REFUND_PAYMENT, p->id);
    shop_set_int(b, REFUND_AMOUNT, amount);
    shop_set_text(b, REFUND_REASON, saga->reason ? saga->reason : "");
    shop_set_text(b, REFUND_STATUS, REFUND_PENDING);
    shop_set_null(b, REFUND_GATEWAY_ID);
    shop_set_text(b, REFUND_GATEWAY_KEY, saga->key);
    shop_set_int(b, REFUND_CREATED_AT, now);
    shop_set_int(b, REFUND_UPDATED_AT, now);
    shop_set_int(b, REFUND_DUE_AT, shop_payment_due(cx, 0));
    shop_set_int(b, REFUND_LOOKS, 0);
    shop_set_int(b, REFUND_ATTEMPT, 0);
    (void)shop_payment_update(cx, b, p);
    shop_set_add(b, PAYMENT_REFUNDED, amount);
    shop_guard_column(b, PAYMENT_REFUNDED, SHOP_PRED_LE, PAYMENT_AMOUNT, -amount);
}

static shop_status reserve_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    refund_saga *saga = args;
    shop_payment *p;
    int found = 0;
    (void)answer;
    shop_status status = shop_payment_read(cx, &(payment_key){.id = saga->payment}, &p);
    if (status == SHOP_OK)
        status = find_begun(cx, saga, p->amount - p->amount_refunded, &found);
    if (status != SHOP_OK || found)
        return status;
    status = check_refundable(cx, p, saga->amount);
    if (status != SHOP_OK)
        return status;
    saga->refund = shop_new_id(cx, TABLE_REFUND);
    if (saga->refund == SHOP_UNSET)
        return cx->status;
    reserve(cx, b, saga, p, saga->amount == SHOP_UNSET ? p->amount - p->amount_refunded : saga->amount);
    return SHOP_OK;
}

shop_status shop_refund_reserve_rest(shop_ctx *cx, shop_batch *b, const shop_payment *p)
{
    refund_saga saga = {.payment = p->id};
    if (!p->can_be_refunded)
        return SHOP_OK;
    saga.key = shop_random_hex(cx, 16);
    saga.refund = saga.key ? shop_new_id(cx, TABLE_REFUND) : SHOP_UNSET;
    if (saga.refund == SHOP_UNSET)
        return saga.key ? cx->status : shop_fail_no_memory(cx);
    reserve(cx, b, &saga, p, p->amount - p->amount_refunded);
    return SHOP_OK;
}

/* ------------------------------------------------------------------------------------------------ asking */

static shop_status read_saga(shop_ctx *cx, refund_saga *saga)
{
    shop_query *q = shop_query_new(cx);
    int read = shop_query_read(q, TABLE_REFUND);
    shop_where_int(q, REFUND_ID, SHOP_PRED_EQ, saga->refund);
    int payments = shop_query_read(q, TABLE_PAYMENT);
    shop_where_in_read(q, PAYMENT_ID, read, REFUND_PAYMENT);
    shop_status status = shop_query_run(q);
    if (status != SHOP_OK)
        return status;
    if (shop_query_rows(q, read)->count == 0 || shop_query_rows(q, payments)->count == 0)
        return shop_fail(cx, SHOP_INTERNAL, "internal_error", "A refund that was begun is gone.");
    load_saga(saga, shop_query_rows(q, read), 0);
    saga->intent = shop_row_text(shop_query_rows(q, payments), 0, PAYMENT_INTENT);
    saga->currency = shop_row_text(shop_query_rows(q, payments), 0, PAYMENT_CURRENCY);
    return SHOP_OK;
}

static shop_status next_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const refund_saga *saga = args;
    (void)answer;
    shop_batch_update(b, TABLE_REFUND, SHOP_EXPECT_ANY); /* somebody else may have done it: then that counts */
    shop_set_add(b, REFUND_ATTEMPT, 1);
    shop_set_int(b, REFUND_UPDATED_AT, shop_now(cx->shop));
    shop_guard_int(b, REFUND_ID, SHOP_PRED_EQ, saga->refund);
    shop_guard_int(b, REFUND_ATTEMPT, SHOP_PRED_EQ, saga->attempt);
    return SHOP_OK;
}

static int32_t ask(shop_ctx *cx, const refund_saga *saga, const char *tag, shop_gateway_refund *made)
{
    shop_gateway_return what = {
        .intent = saga->intent, .amount = saga->amount, .currency = saga->currency, .reason = saga->reason, .tag = tag};
    const char *key = shop_arena_printf(cx->arena, "refund_%s_%lld", tag, (long long)saga->attempt);
    if (key)
        return shop_gateway_refund_ask(cx, key, &what, made);
    shop_fail_no_memory(cx);
    return SHOP_GATEWAY_NO_MEMORY;
}

static int has_tag(const shop_gateway_refunds *refunds, const char *tag)
{
    for (size_t i = 0; i < refunds->count; i++)
        if (refunds->items[i].tag && strcmp(refunds->items[i].tag, tag) == 0)
            return 1;
    return 0;
}

/*
 * A key that may be forgotten, or is bound to an old failure, would give back twice or never: so what there is is looked at first, and
 * only when this refund is not among it is it to be asked for, under another key.
 */
static shop_status look_before_asking(shop_ctx *cx, refund_saga *saga, const char *tag, int *is_there)
{
    shop_gateway_refunds refunds = {.count = 0};
    if (shop_gateway_list_refunds(cx, saga->intent, &refunds) != SHOP_GATEWAY_OK)
        return cx->status;
    shop_status status = shop_refund_take(cx, saga->payment, &refunds, NULL);
    int is_crowded = status == SHOP_UNAVAILABLE && strcmp(cx->code, SHOP_REFUNDS_OVERLAP) == 0;
    *is_there = has_tag(&refunds, tag);
    if (*is_there || (status != SHOP_OK && !is_crowded))
        return status;
    /* Crowded: what somebody took elsewhere fits only when the gateway refuses this one, so it must be asked. */
    status = shop_change_step(cx, next_attempt, saga);
    return status == SHOP_OK ? read_saga(cx, saga) : status;
}

/*
 * The gateway will not do it: what was reserved is free again. Perhaps because somebody gave back elsewhere, and no message told: what
 * it knows of is taken, so that the next request is for what is really left.
 */
static shop_status release(shop_ctx *cx, const refund_saga *saga, const char *tag)
{
    const char *detail = cx->detail;
    shop_gateway_refund failed = {.intent = saga->intent, .status = "failed", .tag = tag, .amount = saga->amount};
    shop_gateway_refunds one = {.items = &failed, .count = 1};
    shop_status status = shop_refund_take(cx, saga->payment, &one, NULL);
    if (status != SHOP_OK)
        return status;
    if (shop_refund_fetch(cx, saga->payment, saga->intent, NULL) != SHOP_OK)
        shop_log(cx->shop, SHOP_LOG_WARNING, "refund %lld was refused, and why cannot be seen now: %s", (long long)saga->refund,
                 shop_ctx_error_detail(cx));
    shop_ctx_begin(cx);
    return shop_fail(cx, SHOP_CONFLICT, "refund_failed", "The payment gateway refused: %s",
                     detail ? detail : "no reason given");
}

static shop_status vain_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const refund_saga *saga = args;
    (void)cx;
    (void)answer;
    shop_batch_update(b, TABLE_REFUND, SHOP_EXPECT_ANY);
    shop_set_add(b, REFUND_LOOKS, 1);
    shop_guard_int(b, REFUND_ID, SHOP_PRED_EQ, saga->refund);
    return SHOP_OK;
}

/* Unanswered: whoever asks for the same again continues this one. The gateway's error stays told. */
static shop_status note_vain(shop_ctx *cx, refund_saga *saga)
{
    const struct shop_ctx told = *cx;
    if (shop_change_step(cx, vain_attempt, saga) != SHOP_OK)
        return cx->status;
    (void)shop_fail(cx, told.status, told.code, "%s", told.detail ? told.detail : "");
    cx->retryable = told.retryable;
    cx->retry_after = told.retry_after;
    return told.status;
}

static int is_final(int32_t outcome)
{
    return outcome == SHOP_GATEWAY_REFUSED || outcome == SHOP_GATEWAY_DECLINED || outcome == SHOP_GATEWAY_NOT_FOUND;
}

/* From reservation to what the gateway makes of it. Continues wherever it was left. */
static shop_status carry_out(shop_ctx *cx, refund_saga *saga)
{
    int is_there = 0;
    shop_gateway_refund made = {.id = NULL};
    shop_status status = read_saga(cx, saga);
    if (status != SHOP_OK || strcmp(saga->status, REFUND_PENDING) != 0)
        return status;
    if (saga->gateway_id) /* it knows: only how it stands is to be asked */
        return shop_refund_fetch(cx, saga->payment, saga->intent, NULL);
    const char *tag = shop_refund_tag(cx, saga->refund, saga->key);
    if (!tag)
        return shop_fail_no_memory(cx);
    int32_t outcome = SHOP_GATEWAY_KEY_SPENT;
    if (shop_now(cx->shop) - saga->asked_since < GATEWAY_KEY_LIFE)
        outcome = ask(cx, saga, tag, &made);
    if (outcome == SHOP_GATEWAY_KEY_SPENT) {
        status = look_before_asking(cx, saga, tag, &is_there);
        if (status != SHOP_OK || is_there || strcmp(saga->status, REFUND_PENDING) != 0)
            return status;
        outcome = ask(cx, saga, tag, &made);
    }
    if (is_final(outcome))
        return release(cx, saga, tag);
    if (outcome != SHOP_GATEWAY_OK)
        return note_vain(cx, saga);
    made.tag = tag; /* whatever the gateway kept of it: this is its answer to that */
    shop_gateway_refunds one = {.items = &made, .count = 1};
    status = shop_refund_take(cx, saga->payment, &one, NULL);
    if (status == SHOP_OK && (strcmp(made.status, "failed") == 0 || strcmp(made.status, "canceled") == 0))
        return shop_fail(cx, SHOP_CONFLICT, "refund_failed", "The payment gateway could not give it back.");
    return status;
}

/* ------------------------------------------------------------------------------------------------ a cancelled order's */

static shop_status rest_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const int64_t *id = args;
    shop_payment *p;
    (void)answer;
    shop_status status = shop_payment_read(cx, &(payment_key){.id = *id}, &p);
    if (status != SHOP_OK || strcmp(p->order->status, "cancelled") != 0)
        return status;
    return shop_refund_reserve_rest(cx, b, p);
}

static shop_status carry_out_all(shop_ctx *cx, int64_t payment)
{
    shop_query *q = shop_query_new(cx);
    int read = shop_query_read(q, TABLE_REFUND);
    shop_where_int(q, REFUND_PAYMENT, SHOP_PRED_EQ, payment);
    shop_where_text(q, REFUND_STATUS, SHOP_PRED_EQ, REFUND_PENDING);
    shop_status status = shop_query_run(q);
    const shop_rows *rows = status == SHOP_OK ? shop_query_rows(q, read) : NULL;
    for (uint32_t i = 0; status == SHOP_OK && i < rows->count; i++) {
        refund_saga saga = {.refund = shop_row_int(rows, i, REFUND_ID)};
        status = carry_out(cx, &saga);
    }
    return status;
}

shop_status shop_refund_settle(shop_ctx *cx, const shop_payment *p)
{
    int64_t id = p->id;
    shop_status status = p->can_be_refunded ? shop_change_step(cx, rest_attempt, &id) : SHOP_OK;
    return status == SHOP_OK ? carry_out_all(cx, id) : status;
}

/* ------------------------------------------------------------------------------------------------ the public call */

/* A request with an idempotency key has one gateway key, so that its repetition continues instead of giving back twice. */
static const char *gateway_key(shop_ctx *cx, int64_t payment)
{
    if (!cx->idempotency_key)
        return shop_random_hex(cx, 16);
    unsigned char hash[16];
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, cx->shop->request_key, sizeof cx->shop->request_key, sizeof hash);
    (void)crypto_generichash_update(&state, (const unsigned char *)&cx->actor, sizeof cx->actor);
    (void)crypto_generichash_update(&state, (const unsigned char *)&payment, sizeof payment);
    (void)crypto_generichash_update(&state, (const unsigned char *)cx->idempotency_key, strlen(cx->idempotency_key));
    (void)crypto_generichash_final(&state, hash, sizeof hash);
    char *text = shop_arena_alloc(cx->arena, 2 * sizeof hash + 1);
    return text ? sodium_bin2hex(text, 2 * sizeof hash + 1, hash, sizeof hash) : NULL;
}

static shop_status check_allowed(shop_ctx *cx, const shop_payment *p)
{
    if (p->user == cx->actor && cx->shop->options.owner_refunds)
        return SHOP_OK;
    return shop_require_staff(cx);
}

/* Begins it, or continues what the same request began before. */
static shop_status run_refund(shop_ctx *cx, const shop_refund_input *in, const shop_payment **out)
{
    refund_saga saga = {
        .payment = in->payment_id, .amount = in->amount, .reason = in->reason, .key = gateway_key(cx, in->payment_id)};
    shop_status status = saga.key ? shop_change_step(cx, reserve_attempt, &saga) : shop_fail_no_memory(cx);
    if (status == SHOP_OK)
        status = carry_out(cx, &saga);
    return status == SHOP_OK ? shop_payment_give_answer(cx, in->payment_id, out) : status;
}

shop_status shop_payment_refund(shop_ctx *cx, const shop_refund_input *in, const shop_payment **out)
{
    shop_ctx_begin(cx);
    shop_payment *p = NULL;
    const void *answer = NULL;
    int replayed = 0;
    shop_status status = shop_require_user(cx);
    if (status == SHOP_OK)
        status = shop_input_check(cx, &shop_refund_input_type, in, 0);
    if (status == SHOP_OK)
        status = shop_payment_read_visible(cx, &(payment_key){.id = in->payment_id}, &p);
    if (status == SHOP_OK)
        status = check_allowed(cx, p);
    if (status == SHOP_OK)
        status = shop_change_replay(cx, &shop_payment_type, &answer, &replayed);
    if (status == SHOP_OK && !replayed)
        return run_refund(cx, in, out);
    if (status == SHOP_OK && out)
        *out = answer;
    return status;
}

/* ------------------------------------------------------------------------------------------------ what a crash left */

typedef struct turn {
    int64_t refund;
    int is_mine;
} turn;

/* As a payment's turn: the next look is set before this one. */
static shop_status claim_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    turn *t = args;
    (void)answer;
    t->is_mine = 0;
    shop_query *q = shop_query_new(cx);
    int read = shop_query_read(q, TABLE_REFUND);
    shop_where_int(q, REFUND_ID, SHOP_PRED_EQ, t->refund);
    shop_where_int(q, REFUND_DUE_AT, SHOP_PRED_LE, shop_now(cx->shop));
    shop_status status = shop_query_run(q);
    const shop_rows *rows = status == SHOP_OK ? shop_query_rows(q, read) : NULL;
    if (status != SHOP_OK || rows->count == 0)
        return status;
    t->is_mine = 1;
    int is_over = strcmp(shop_row_text(rows, 0, REFUND_STATUS), REFUND_PENDING) != 0;
    shop_batch_update(b, TABLE_REFUND, 1);
    shop_set_int(b, REFUND_DUE_AT, is_over ? SHOP_DUE_NEVER : shop_payment_due(cx, shop_row_int(rows, 0, REFUND_LOOKS)));
    shop_set_add(b, REFUND_LOOKS, 1);
    shop_guard_int(b, REFUND_ID, SHOP_PRED_EQ, t->refund);
    shop_guard_int(b, REFUND_DUE_AT, SHOP_PRED_EQ, shop_row_int(rows, 0, REFUND_DUE_AT));
    return SHOP_OK;
}

static shop_status reconcile_one(shop_ctx *cx, int64_t refund, int64_t *done)
{
    turn t = {.refund = refund};
    refund_saga saga = {.refund = refund};
    shop_status status = shop_change_step(cx, claim_attempt, &t);
    if (status != SHOP_OK || !t.is_mine)
        return status;
    status = carry_out(cx, &saga);
    *done += status == SHOP_OK;
    return status;
}

shop_status shop_refund_reconcile(shop_ctx *cx, int64_t limit, int64_t *done)
{
    const int64_t *ids = NULL;
    size_t count = 0;
    *done = 0;
    shop_status status = shop_due_run(cx, shop_due_new(cx, TABLE_REFUND, REFUND_DUE_AT, limit), &ids, &count);
    int64_t until = shop_monotonic_now() + PORTION_TIME;
    for (size_t i = 0; status == SHOP_OK && i < count && shop_monotonic_now() < until; i++) {
        status = reconcile_one(cx, ids[i], done);
        if (shop_payment_is_away(status))
            return status;
        if (status != SHOP_OK) /* one that cannot be finished must not keep the others */
            shop_log(cx->shop, SHOP_LOG_WARNING, "refund %lld: %s: %s", (long long)ids[i], shop_ctx_error_code(cx),
                     shop_ctx_error_detail(cx));
        status = SHOP_OK;
        shop_ctx_begin(cx);
    }
    return status;
}
