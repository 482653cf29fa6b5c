/* SPDX-License-Identifier: MIT */
/* Paying, asking how it stands, giving up: each a saga of recorded intention, gateway call, recorded result. */
#include <sodium.h>
#include <string.h>

#include "payment.h"

/* ------------------------------------------------------------------------------------------------ confirming */

/* Keeps the answer under the request's key; everything else was recorded before. */
static shop_status answer_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const int64_t *id = args;
    shop_payment *p;
    shop_status status = shop_payment_read(cx, &(payment_key){.id = *id}, &p);
    if (status != SHOP_OK)
        return status;
    if (cx->idempotency_key) {
        shop_batch_check(b, TABLE_PAYMENT, 1);
        shop_guard_int(b, PAYMENT_ID, SHOP_PRED_EQ, p->id);
        shop_guard_int(b, PAYMENT_VERSION, SHOP_PRED_EQ, p->version);
    }
    *answer = p;
    return SHOP_OK;
}

shop_status shop_payment_give_answer(shop_ctx *cx, int64_t id, const shop_payment **out)
{
    const void *answer = NULL;
    shop_status status = shop_change_run(cx, &shop_payment_type, answer_attempt, &id, &answer);
    if (status == SHOP_OK && out)
        *out = answer;
    return status;
}

/* The intention: whatever becomes of this call, the reconciler looks before long. */
static shop_status expect_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const int64_t *id = args;
    int64_t due = shop_payment_due(cx, 0);
    shop_payment *p;
    (void)answer;
    shop_status status = shop_payment_read(cx, &(payment_key){.id = *id}, &p);
    if (status != SHOP_OK || p->due_at <= due)
        return status;
    shop_batch_update(b, TABLE_PAYMENT, 1);
    shop_set_int(b, PAYMENT_DUE_AT, due);
    shop_set_int(b, PAYMENT_LOOKS, 0);
    shop_guard_int(b, PAYMENT_ID, SHOP_PRED_EQ, p->id);
    return SHOP_OK;
}

static shop_status expect_news(shop_ctx *cx, const shop_payment *p)
{
    int64_t id = p->id;
    return p->due_at <= shop_payment_due(cx, 0) ? SHOP_OK : shop_change_step(cx, expect_attempt, &id);
}

static shop_status fetch_if_made(shop_ctx *cx, const shop_payment *p)
{
    return p->intent_id ? shop_payment_fetch_state(cx, p, NULL, NULL) : SHOP_OK; /* not there yet */
}

/* Another card is another request. The method's text may be too long for a key. */
static const char *confirm_key(shop_ctx *cx, const shop_payment *p, const char *method)
{
    unsigned char hash[crypto_generichash_BYTES];
    char hex[2 * 8 + 1]; /* its beginning is enough */
    (void)crypto_generichash(hash, sizeof hash, (const unsigned char *)method, strlen(method), NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, 8);
    const char *step = shop_arena_printf(cx->arena, "confirm_%s", hex);
    return step ? shop_payment_step_key(cx, p, step) : NULL;
}

static int32_t ask_confirm(shop_ctx *cx, const shop_payment *p, const char *method, shop_gateway_intent *intent)
{
    const char *key = confirm_key(cx, p, method);
    if (key)
        return shop_gateway_confirm(cx, key, p->intent_id, method, intent);
    shop_fail_no_memory(cx);
    return SHOP_GATEWAY_NO_MEMORY;
}

/* The bank said no. That is recorded, and the next attempt, with the same card too, is another request. */
static shop_status take_refusal(shop_ctx *cx, shop_payment *p, const shop_gateway_intent *intent)
{
    const char *detail = cx->detail;
    const char *decline_code = cx->decline_code;
    int64_t seen = p->version;
    shop_status status = intent->id ? shop_payment_take_state(cx, p->id, intent, NULL, &p) : fetch_if_made(cx, p);
    if (status == SHOP_OK && p->version == seen)
        status = shop_payment_touch(cx, &p);
    if (status != SHOP_OK)
        return status;
    status = shop_fail(cx, SHOP_DECLINED, "card_declined", "%s", detail ? detail : "");
    cx->decline_code = decline_code;
    return status;
}

/* It would not: it was paid, cancelled or changed elsewhere meanwhile. How it stands is the answer, when that is paid or under way. */
static shop_status take_contradiction(shop_ctx *cx, shop_payment *p)
{
    const char *code = cx->code;
    const char *detail = cx->detail;
    shop_status refusal = cx->status;
    shop_status status = shop_payment_fetch_state(cx, p, NULL, &p);
    if (status != SHOP_OK || p->is_successful || strcmp(p->status, PAYMENT_PROCESSING) == 0)
        return status;
    return shop_fail(cx, refusal, code, "%s", detail ? detail : "");
}

static shop_status confirm_with(shop_ctx *cx, shop_payment *p, const char *method)
{
    shop_gateway_intent intent = {.id = NULL};
    if (p->is_successful || strcmp(p->status, PAYMENT_PROCESSING) == 0)
        return SHOP_OK; /* there is nothing to confirm any more */
    if (!p->intent_id || strcmp(p->status, PAYMENT_CANCELLED) == 0)
        return shop_fail(cx, SHOP_CONFLICT, "payment_not_ready", "This payment is %s and cannot be confirmed.", p->status);
    if (p->is_expiring || strcmp(p->order->status, "cancelled") == 0)
        return shop_fail(cx, SHOP_CONFLICT, "payment_not_ready", "The order of this payment is given up: it cannot be paid.");
    shop_status status = expect_news(cx, p);
    if (status != SHOP_OK)
        return status;
    int32_t outcome = ask_confirm(cx, p, method, &intent);
    if (outcome == SHOP_GATEWAY_KEY_SPENT) {
        status = shop_payment_touch(cx, &p);
        if (status != SHOP_OK)
            return status;
        outcome = ask_confirm(cx, p, method, &intent);
    }
    if (outcome == SHOP_GATEWAY_DECLINED)
        return take_refusal(cx, p, &intent);
    if (outcome == SHOP_GATEWAY_REFUSED)
        return take_contradiction(cx, p);
    return outcome == SHOP_GATEWAY_OK ? shop_payment_take_state(cx, p->id, &intent, NULL, NULL) : cx->status;
}

static shop_status which_payment(shop_ctx *cx, const shop_confirm_input *in, payment_key *key)
{
    shop_status status = shop_input_check(cx, &shop_confirm_input_type, in, 0);
    if (status != SHOP_OK)
        return status;
    if (in->payment_id == SHOP_UNSET && !in->payment_intent_id)
        shop_field_fail(cx, "payment_id", "Is required, or payment_intent_id.");
    *key = (payment_key){.id = in->payment_id, .intent = in->payment_id == SHOP_UNSET ? in->payment_intent_id : NULL};
    return shop_fields_status(cx);
}

/* Shared beginning: who asks, was it asked before. */
static shop_status begin_change(shop_ctx *cx, const shop_payment **out, int *replayed)
{
    const void *answer = NULL;
    shop_status status = shop_change_replay(cx, &shop_payment_type, &answer, replayed);
    if (*replayed && out)
        *out = answer;
    return status;
}

shop_status shop_payment_confirm(shop_ctx *cx, const shop_confirm_input *in, const shop_payment **out)
{
    shop_ctx_begin(cx);
    payment_key key;
    shop_payment *p = NULL;
    int replayed = 0;
    shop_status status = shop_require_user(cx);
    if (status == SHOP_OK)
        status = which_payment(cx, in, &key);
    if (status == SHOP_OK)
        status = begin_change(cx, out, &replayed);
    if (status != SHOP_OK || replayed)
        return status;
    status = shop_payment_read_visible(cx, &key, &p);
    if (status == SHOP_OK)
        status = in->payment_method ? confirm_with(cx, p, in->payment_method) : fetch_if_made(cx, p);
    return status == SHOP_OK ? shop_payment_give_answer(cx, p->id, out) : status;
}

shop_status shop_payment_sync(shop_ctx *cx, const shop_sync_input *in, const shop_payment **out)
{
    shop_ctx_begin(cx);
    shop_payment *p = NULL;
    int replayed = 0;
    shop_status status = shop_require_user(cx);
    if (status == SHOP_OK)
        status = shop_input_check(cx, &shop_sync_input_type, in, 0);
    if (status == SHOP_OK)
        status = begin_change(cx, out, &replayed);
    if (status != SHOP_OK || replayed)
        return status;
    status = shop_payment_read_visible(cx, &(payment_key){.intent = in->payment_intent_id}, &p);
    if (status == SHOP_OK)
        status = fetch_if_made(cx, p);
    return status == SHOP_OK ? shop_payment_give_answer(cx, p->id, out) : status;
}

/* ------------------------------------------------------------------------------------------------ cancelling */

/* A payment that the gateway never heard of needs nobody's consent. Its order goes with it. */
static shop_status forget_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const int64_t *id = args;
    shop_payment *p;
    (void)answer;
    shop_status status = shop_payment_read(cx, &(payment_key){.id = *id}, &p);
    if (status != SHOP_OK || p->intent_id || !p->is_pending)
        return status;
    if (strcmp(p->order->status, "pending") == 0)
        status = shop_order_part_cancel(cx, b, p->order);
    (void)shop_payment_update(cx, b, p);
    shop_set_text(b, PAYMENT_STATUS, PAYMENT_CANCELLED);
    shop_set_int(b, PAYMENT_DUE_AT, SHOP_DUE_NEVER);
    return status;
}

/* What was made and never recorded must be cancelled too: an intent without its owner. */
static shop_status forget_or_adopt(shop_ctx *cx, shop_payment **p)
{
    shop_status status = shop_payment_adopt(cx, p);
    if (status != SHOP_NOT_FOUND)
        return status;
    shop_ctx_begin(cx);
    status = shop_change_step(cx, forget_attempt, &(*p)->id);
    return status == SHOP_OK ? shop_payment_read(cx, &(payment_key){.id = (*p)->id}, p) : status;
}

shop_status shop_payment_give_up(shop_ctx *cx, shop_payment **p)
{
    shop_status status = SHOP_OK;
    if (!(*p)->intent_id && (*p)->is_pending)
        status = forget_or_adopt(cx, p);
    if (status == SHOP_OK && (*p)->intent_id && !(*p)->is_successful)
        status = shop_payment_cancel_there(cx, p);
    return status;
}

shop_status shop_payment_settle_cancelled(shop_ctx *cx, int64_t order_id)
{
    shop_payment *p = NULL;
    shop_status status = shop_payment_read(cx, &(payment_key){.order = order_id}, &p);
    if (status == SHOP_NOT_FOUND) {
        shop_ctx_begin(cx);
        return SHOP_OK; /* nothing was ever to be paid */
    }
    if (status != SHOP_OK || strcmp(p->order->status, "cancelled") != 0)
        return status;
    if (!p->is_successful && strcmp(p->status, PAYMENT_CANCELLED) != 0)
        status = shop_payment_give_up(cx, &p);
    return status == SHOP_OK && p->is_successful ? shop_refund_settle(cx, p) : status;
}

/* ------------------------------------------------------------------------------------------------ parts of orders' batches */

shop_status shop_payment_part_order_cancelled(shop_ctx *cx, shop_batch *b, int64_t order_id)
{
    shop_payment *p = NULL;
    shop_status status = shop_payment_read(cx, &(payment_key){.order = order_id}, &p);
    if (status == SHOP_NOT_FOUND) {
        shop_ctx_begin(cx);
        return SHOP_OK;
    }
    if (status != SHOP_OK || strcmp(p->status, PAYMENT_CANCELLED) == 0)
        return status;
    if (p->is_successful)
        return shop_refund_reserve_rest(cx, b, p);
    (void)shop_payment_update(cx, b, p);
    shop_set_int(b, PAYMENT_DUE_AT, shop_payment_due(cx, 0)); /* if who cancels it does not come to it */
    shop_set_int(b, PAYMENT_LOOKS, 0);
    return SHOP_OK;
}

shop_status shop_payment_part_expire(shop_ctx *cx, shop_batch *b, int64_t order_id)
{
    shop_payment *p = NULL;
    shop_status status = shop_payment_read(cx, &(payment_key){.order = order_id}, &p);
    if (status != SHOP_OK)
        return status;
    if (p->is_successful || strcmp(p->status, PAYMENT_CANCELLED) == 0)
        return shop_payment_not_found(cx);
    (void)shop_payment_update(cx, b, p);
    shop_set_int(b, PAYMENT_IS_EXPIRING, 1);
    shop_set_int(b, PAYMENT_DUE_AT, shop_now(cx->shop));
    shop_set_int(b, PAYMENT_LOOKS, 0);
    return SHOP_OK;
}

/* ------------------------------------------------------------------------------------------------ the customer gives up */

static shop_status fail_not_cancellable(shop_ctx *cx, const shop_payment *p)
{
    return shop_fail(cx, SHOP_CONFLICT, "payment_not_cancellable", "This payment is %s; it can only be refunded.", p->status);
}

/* The gateway first: an order is given up when no money can come for it any more. */
static shop_status cancel_payment(shop_ctx *cx, shop_payment *p)
{
    if (p->user != cx->actor && cx->actor != SHOP_ACTOR_SYSTEM)
        return shop_fail(cx, SHOP_FORBIDDEN, "owner_only", "Only the customer cancels a payment; staff cancels the order.");
    if (p->is_successful || strcmp(p->status, PAYMENT_PROCESSING) == 0)
        return fail_not_cancellable(cx, p);
    shop_status status = SHOP_OK;
    if (strcmp(p->status, PAYMENT_CANCELLED) != 0) {
        status = expect_news(cx, p);
        if (status == SHOP_OK)
            status = shop_payment_give_up(cx, &p);
        if (status == SHOP_OK && strcmp(p->status, PAYMENT_CANCELLED) != 0)
            return fail_not_cancellable(cx, p);
    }
    if (status == SHOP_OK && strcmp(p->order->status, "processing") == 0) /* staff had accepted it unpaid */
        status = shop_order_cancel_any(cx, p->order->id);
    return status;
}

shop_status shop_payment_cancel(shop_ctx *cx, const shop_payment_cancel_input *in, const shop_payment **out)
{
    shop_ctx_begin(cx);
    shop_payment *p = NULL;
    int replayed = 0;
    shop_status status = shop_require_user(cx);
    if (status == SHOP_OK)
        status = shop_input_check(cx, &shop_payment_cancel_input_type, in, 0);
    if (status == SHOP_OK)
        status = begin_change(cx, out, &replayed);
    if (status != SHOP_OK || replayed)
        return status;
    status = shop_payment_read_visible(cx, &(payment_key){.id = in->payment_id}, &p);
    if (status == SHOP_OK)
        status = cancel_payment(cx, p);
    return status == SHOP_OK ? shop_payment_give_answer(cx, p->id, out) : status;
}
