/* SPDX-License-Identifier: MIT */
/* Giving money back: reserved first, then asked of the gateway, then recorded. Never more than was paid. */
#include <sodium.h>
#include <string.h>

#include "payment.h"

typedef struct refund_saga {
    int64_t payment;
    int64_t amount; /* SHOP_UNSET: the rest */
    const char *reason;
    const char *key;
    int64_t refund; /* the row */
    const char *intent;
    const char *status;
    shop_gateway_refund made;
} refund_saga;

/* ------------------------------------------------------------------------------------------------ reserving */

/* A refund that was begun under this key already: the same request again, or the reconciler. */
static shop_status find_begun(shop_ctx *cx, refund_saga *saga, int *found)
{
    shop_query *q = shop_query_new(cx);
    int read = shop_query_read(q, TABLE_REFUND);
    shop_where_int(q, REFUND_PAYMENT, SHOP_PRED_EQ, saga->payment);
    shop_where_text(q, REFUND_GATEWAY_KEY, SHOP_PRED_EQ, saga->key);
    shop_where_text(q, REFUND_STATUS, SHOP_PRED_NE, REFUND_FAILED); /* what failed may be begun again under its key */
    shop_status status = shop_query_run(q);
    if (status != SHOP_OK)
        return status;
    const shop_rows *rows = shop_query_rows(q, read);
    *found = rows->count > 0;
    if (*found) {
        saga->refund = shop_row_int(rows, 0, REFUND_ID);
        saga->amount = shop_row_int(rows, 0, REFUND_AMOUNT);
        saga->status = shop_row_text(rows, 0, REFUND_STATUS);
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
    if (amount > left) {
        char text[SHOP_MONEY_SIZE];
        shop_money_format(left, p->currency, text);
        shop_field_fail(cx, "amount", "Must be at most %s: more is not left.", text);
    }
    return shop_fields_status(cx);
}

/* The reservation: a refund under way, and its amount set aside. Guarded: never more than was paid. */
static void reserve(shop_ctx *cx, shop_batch *b, const refund_saga *saga, const shop_payment *p, int64_t amount)
{
    int64_t now = shop_now(cx->shop);
    shop_batch_insert(b, TABLE_REFUND, saga->refund);
    shop_set_int(b, REFUND_PAYMENT, saga->payment);
    shop_set_int(b, REFUND_AMOUNT, amount);
    shop_set_text(b, REFUND_REASON, saga->reason ? saga->reason : "");
    shop_set_text(b, REFUND_STATUS, REFUND_PENDING);
    shop_set_null(b, REFUND_GATEWAY_ID);
    shop_set_text(b, REFUND_GATEWAY_KEY, saga->key);
    shop_set_int(b, REFUND_CREATED_AT, now);
    shop_set_int(b, REFUND_UPDATED_AT, now);
    shop_payment_update(cx, b, p);
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
        status = find_begun(cx, saga, &found);
    if (status != SHOP_OK)
        return status;
    saga->intent = p->intent_id;
    if (found)
        return SHOP_OK;
    status = check_refundable(cx, p, saga->amount);
    if (status != SHOP_OK)
        return status;
    int64_t amount = saga->amount == SHOP_UNSET ? p->amount - p->amount_refunded : saga->amount;
    saga->refund = shop_new_id(cx, TABLE_REFUND);
    if (saga->refund == SHOP_UNSET)
        return cx->status;
    saga->status = REFUND_PENDING;
    reserve(cx, b, saga, p, amount);
    return SHOP_OK;
}

/* The key under which a cancelled order's payment goes back: one, so that it goes back once. */
static const char *settle_key(shop_ctx *cx, const shop_payment *p)
{
    return shop_arena_printf(cx->arena, "%s_settle", p->gateway_key);
}

shop_status shop_refund_reserve_rest(shop_ctx *cx, shop_batch *b, const shop_payment *p)
{
    refund_saga saga = {.payment = p->id, .key = settle_key(cx, p)};
    if (!p->can_be_refunded)
        return SHOP_OK;
    saga.refund = saga.key ? shop_new_id(cx, TABLE_REFUND) : SHOP_UNSET;
    if (saga.refund == SHOP_UNSET)
        return saga.key ? cx->status : shop_fail_no_memory(cx);
    reserve(cx, b, &saga, p, p->amount - p->amount_refunded);
    return SHOP_OK;
}

/* ------------------------------------------------------------------------------------------------ recording */

/* The refunds of a payment that are under way, this one aside. */
static shop_status count_pending(shop_ctx *cx, const refund_saga *saga, int64_t *pending)
{
    shop_query *q = shop_query_new(cx);
    int read = shop_query_read(q, TABLE_REFUND);
    shop_where_int(q, REFUND_PAYMENT, SHOP_PRED_EQ, saga->payment);
    shop_where_text(q, REFUND_STATUS, SHOP_PRED_EQ, REFUND_PENDING);
    shop_where_int(q, REFUND_ID, SHOP_PRED_NE, saga->refund);
    shop_query_aggregate(q, SHOP_AGGREGATE_COUNT, 0);
    shop_status status = shop_query_run(q);
    if (status == SHOP_OK)
        *pending = shop_query_rows(q, read)->values[0].num;
    return status;
}

static void move_refund(shop_ctx *cx, shop_batch *b, const refund_saga *saga, const char *status)
{
    shop_batch_update(b, TABLE_REFUND, 1);
    shop_set_text(b, REFUND_STATUS, status);
    shop_set_int(b, REFUND_UPDATED_AT, shop_now(cx->shop));
    if (saga->made.id)
        shop_set_text(b, REFUND_GATEWAY_ID, saga->made.id);
    shop_guard_int(b, REFUND_ID, SHOP_PRED_EQ, saga->refund);
    shop_guard_text(b, REFUND_STATUS, SHOP_PRED_EQ, REFUND_PENDING);
}

static shop_status is_open(shop_ctx *cx, int64_t refund, int *open)
{
    shop_query *q = shop_query_new(cx);
    int read = shop_query_read(q, TABLE_REFUND);
    shop_where_int(q, REFUND_ID, SHOP_PRED_EQ, refund);
    shop_where_text(q, REFUND_STATUS, SHOP_PRED_EQ, REFUND_PENDING);
    shop_status status = shop_query_run(q);
    if (status == SHOP_OK)
        *open = shop_query_rows(q, read)->count > 0;
    return status;
}

/* The money went back: refunded only when all of it is and nothing is under way. */
static shop_status done_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const refund_saga *saga = args;
    shop_payment *p;
    int open = 0;
    int64_t pending = 0;
    shop_status status = shop_payment_read(cx, &(payment_key){.id = saga->payment}, &p);
    if (status == SHOP_OK)
        status = is_open(cx, saga->refund, &open);
    if (status == SHOP_OK)
        status = count_pending(cx, saga, &pending);
    *answer = p;
    if (status != SHOP_OK || !open)
        return status;
    p->status = p->amount_refunded == p->amount && pending == 0 ? PAYMENT_REFUNDED_ALL : PAYMENT_PARTIALLY_REFUNDED;
    p->updated_at = shop_now(cx->shop);
    shop_payment_derive(p);
    move_refund(cx, b, saga, REFUND_SUCCEEDED);
    shop_payment_update(cx, b, p);
    shop_set_text(b, PAYMENT_STATUS, p->status);
    return SHOP_OK;
}

/* The gateway will not do it: what was reserved is free again. */
static shop_status release_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const refund_saga *saga = args;
    int open = 0;
    (void)answer;
    shop_status status = is_open(cx, saga->refund, &open);
    if (status != SHOP_OK || !open)
        return status;
    move_refund(cx, b, saga, REFUND_FAILED);
    shop_batch_update(b, TABLE_PAYMENT, 1);
    shop_set_add(b, PAYMENT_REFUNDED, -saga->made.amount);
    shop_set_add(b, PAYMENT_VERSION, 1);
    shop_guard_int(b, PAYMENT_ID, SHOP_PRED_EQ, saga->payment);
    return SHOP_OK;
}

static int is_final(shop_status status)
{
    return status == SHOP_INVALID || status == SHOP_DECLINED || status == SHOP_NOT_FOUND;
}

/* The gateway took the request and says that no money goes. */
static int has_failed(const shop_gateway_refund *made)
{
    return strcmp(made->status, "failed") == 0 || strcmp(made->status, "canceled") == 0;
}

/* How much was reserved: known by the row, also when the caller asked for the rest. */
static shop_status read_reserved(shop_ctx *cx, refund_saga *saga)
{
    int found = 0;
    shop_status status = find_begun(cx, saga, &found);
    if (status == SHOP_OK && !found)
        return shop_fail(cx, SHOP_CONFLICT, "refund_failed", "This refund was refused by the payment gateway.");
    return status;
}

/* Asks the gateway; what it refuses for good is released. */
static shop_status ask_gateway(shop_ctx *cx, refund_saga *saga)
{
    shop_status status = read_reserved(cx, saga);
    if (status != SHOP_OK || strcmp(saga->status, REFUND_PENDING) != 0)
        return status;
    status = cx->shop->gateway->calls->refund(cx, saga->intent, saga->amount, saga->reason, saga->key, &saga->made);
    if (!is_final(status) && !(status == SHOP_OK && has_failed(&saga->made)))
        return status;
    const char *detail = cx->detail;
    saga->made = (shop_gateway_refund){.amount = saga->amount};
    status = shop_change_step(cx, release_attempt, saga);
    if (status != SHOP_OK)
        return status;
    return shop_fail(cx, SHOP_CONFLICT, "refund_failed", "The payment gateway refused: %s",
                     detail ? detail : "no reason given");
}

/* The whole way of a refund that nobody waits for: begun, or to be continued. */
static shop_status carry_out(shop_ctx *cx, refund_saga *saga)
{
    shop_status status = shop_change_step(cx, reserve_attempt, saga);
    if (status == SHOP_OK)
        status = ask_gateway(cx, saga);
    return status == SHOP_OK ? shop_change_step(cx, done_attempt, saga) : status;
}

shop_status shop_refund_settle(shop_ctx *cx, const shop_payment *p)
{
    refund_saga saga = {.payment = p->id, .amount = SHOP_UNSET, .key = settle_key(cx, p)};
    int found = 0;
    shop_status status = saga.key ? find_begun(cx, &saga, &found) : shop_fail_no_memory(cx);
    if (status != SHOP_OK || (!found && !p->can_be_refunded))
        return status;
    return carry_out(cx, &saga);
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
    if (status == SHOP_OK && !replayed) {
        refund_saga saga = {
            .payment = in->payment_id, .amount = in->amount, .reason = in->reason, .key = gateway_key(cx, in->payment_id)};
        status = saga.key ? shop_change_step(cx, reserve_attempt, &saga) : shop_fail_no_memory(cx);
        if (status == SHOP_OK)
            status = ask_gateway(cx, &saga);
        if (status == SHOP_OK)
            status = shop_change_run(cx, &shop_payment_type, done_attempt, &saga, &answer);
    }
    if (status == SHOP_OK && out)
        *out = answer;
    return status;
}

/* ------------------------------------------------------------------------------------------------ what a crash left */

shop_status shop_refund_reconcile(shop_ctx *cx, int64_t limit, int64_t *done)
{
    *done = 0;
    shop_query *q = shop_query_new(cx);
    int read = shop_query_read(q, TABLE_REFUND);
    shop_where_text(q, REFUND_STATUS, SHOP_PRED_EQ, REFUND_PENDING);
    shop_where_int(q, REFUND_UPDATED_AT, SHOP_PRED_LT, shop_now(cx->shop) - QUIET_TIME);
    shop_query_order(q, REFUND_UPDATED_AT, 0);
    shop_query_limit(q, limit, 0);
    shop_status status = shop_query_run(q);
    if (status != SHOP_OK)
        return status;
    shop_status first = SHOP_OK;
    const shop_rows *rows = shop_query_rows(q, read);
    for (uint32_t i = 0; i < rows->count; i++) {
        refund_saga saga = {.payment = shop_row_int(rows, i, REFUND_PAYMENT),
                            .amount = shop_row_int(rows, i, REFUND_AMOUNT),
                            .reason = shop_row_text(rows, i, REFUND_REASON),
                            .key = shop_row_text(rows, i, REFUND_GATEWAY_KEY)};
        status = carry_out(cx, &saga);
        *done += status == SHOP_OK;
        if (first == SHOP_OK)
            first = status;
    }
    return first;
}
