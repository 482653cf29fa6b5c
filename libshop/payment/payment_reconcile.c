/* SPDX-License-Identifier: MIT */
/* What nobody waits for: payments that a crash, an absent gateway or a lost message left unfinished are looked at until they are done. */
#include <string.h>

#include "../storage/due.h"
#include "payment.h"

/* ------------------------------------------------------------------------------------------------ whose turn it is */

typedef struct turn {
    int64_t id;
    int is_mine;
    shop_payment *payment;
} turn;

/* Sets the next look before this one: so two processes do not look at once, and a crash while looking loses nothing. */
static shop_status claim_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    turn *t = args;
    (void)answer;
    t->is_mine = 0;
    shop_status status = shop_payment_read(cx, &(payment_key){.id = t->id}, &t->payment);
    if (status != SHOP_OK || t->payment->due_at > shop_now(cx->shop))
        return status;
    t->is_mine = 1;
    shop_batch_update(b, TABLE_PAYMENT, 1);
    shop_set_int(b, PAYMENT_DUE_AT, shop_payment_due(cx, t->payment->looks));
    shop_set_add(b, PAYMENT_LOOKS, 1);
    shop_guard_int(b, PAYMENT_ID, SHOP_PRED_EQ, t->id);
    shop_guard_int(b, PAYMENT_DUE_AT, SHOP_PRED_EQ, t->payment->due_at);
    return SHOP_OK;
}

/* Nothing can happen to it any more that nobody tells us. */
static int is_finished(const shop_payment *p)
{
    int is_cancelled = strcmp(p->order->status, "cancelled") == 0;
    if (strcmp(p->status, PAYMENT_CANCELLED) == 0)
        return 1;
    return p->is_successful && !(is_cancelled && p->can_be_refunded);
}

static shop_status rest_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const int64_t *id = args;
    shop_payment *p;
    (void)answer;
    shop_status status = shop_payment_read(cx, &(payment_key){.id = *id}, &p);
    if (status != SHOP_OK || !is_finished(p) || p->due_at == SHOP_DUE_NEVER)
        return status;
    shop_batch_update(b, TABLE_PAYMENT, 1);
    shop_set_int(b, PAYMENT_DUE_AT, SHOP_DUE_NEVER);
    shop_guard_int(b, PAYMENT_ID, SHOP_PRED_EQ, p->id);
    shop_guard_int(b, PAYMENT_VERSION, SHOP_PRED_EQ, p->version);
    return SHOP_OK;
}

/* ------------------------------------------------------------------------------------------------ one payment */

/* Its time is over: no money may come any more. While the bank still works on it nothing can be said. */
static shop_status look_at_expiring(shop_ctx *cx, shop_payment *p)
{
    if (p->intent_id && strcmp(p->status, PAYMENT_PROCESSING) == 0)
        return shop_payment_fetch_state(cx, p, NULL, NULL);
    return shop_payment_give_up(cx, &p);
}

static shop_status look_at(shop_ctx *cx, shop_payment *p)
{
    if (p->is_successful && strcmp(p->order->status, "cancelled") == 0)
        return shop_refund_settle(cx, p);
    if (p->is_successful)
        return SHOP_OK;
    if (strcmp(p->status, PAYMENT_CANCELLED) == 0) /* with an intent that came when it was cancelled already */
        return p->intent_id ? shop_payment_cancel_there(cx, &p) : SHOP_OK;
    if (strcmp(p->order->status, "cancelled") == 0)
        return shop_payment_settle_cancelled(cx, p->order->id);
    if (p->is_expiring)
        return look_at_expiring(cx, p);
    return p->intent_id ? shop_payment_fetch_state(cx, p, NULL, NULL) : shop_payment_make_intent(cx, &p);
}

static shop_status reconcile_one(shop_ctx *cx, int64_t id, int64_t *done)
{
    turn t = {.id = id};
    shop_status status = shop_change_step(cx, claim_attempt, &t);
    if (status != SHOP_OK || !t.is_mine)
        return status;
    status = look_at(cx, t.payment);
    if (status == SHOP_OK)
        status = shop_change_step(cx, rest_attempt, &id);
    *done += status == SHOP_OK;
    return status;
}

/* ------------------------------------------------------------------------------------------------ the jobs */

int shop_payment_is_away(shop_status status)
{
    return status == SHOP_UNAVAILABLE || status == SHOP_NO_MEMORY;
}

shop_status shop_payment_reconcile(shop_ctx *cx, int64_t limit, int64_t *done)
{
    const int64_t *ids = NULL;
    size_t count = 0;
    shop_status status = shop_refund_reconcile(cx, limit, done);
    if (status == SHOP_OK)
        status = shop_due_run(cx, shop_due_new(cx, TABLE_PAYMENT, PAYMENT_DUE_AT, limit), &ids, &count);
    int64_t until = shop_monotonic_now() + PORTION_TIME;
    for (size_t i = 0; status == SHOP_OK && i < count && shop_monotonic_now() < until; i++) {
        shop_arena_mark mark = shop_arena_set_mark(cx->arena);
        shop_ctx_begin(cx);
        status = reconcile_one(cx, ids[i], done);
        if (shop_payment_is_away(status))
            return status;
        if (status != SHOP_OK) /* one that cannot be finished must not keep the others */
            shop_log(cx->shop, cx->retryable || status == SHOP_CONFLICT ? SHOP_LOG_WARNING : SHOP_LOG_ERROR,
                     "payment %lld: %s: %s", (long long)ids[i], shop_ctx_error_code(cx), shop_ctx_error_detail(cx));
        status = SHOP_OK;
        shop_arena_rewind(cx->arena, mark);
    }
    return status;
}

shop_status shop_payment_gateway_work(shop_ctx *cx, int64_t limit, int64_t *done)
{
    return shop_gateway_work(cx, limit, done) == SHOP_GATEWAY_OK ? SHOP_OK : cx->status;
}
