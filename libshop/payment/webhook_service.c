/* SPDX-License-Identifier: MIT */
/*
 * The gateway's messages: verified, recorded by id, applied once. A message says that something happened; how things stand, the gateway
 * is asked: so the order in which messages come does not matter.
 */
#include <string.h>

#include "payment.h"

/* An event that changes nothing here is recorded too, so that it is known when it comes again. */
static shop_status record_only(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const shop_gateway_event *event = args;
    int known = 0;
    (void)answer;
    shop_status status = shop_event_is_known(cx, event, &known);
    return status == SHOP_OK && !known ? shop_event_add(cx, b, event) : status;
}

/* ------------------------------------------------------------------------------------------------ disputes */

typedef struct complaint {
    int64_t payment;
    const char *status;
    const shop_gateway_event *event;
} complaint;

static shop_status dispute_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const complaint *c = args;
    shop_payment *p;
    int known = 0;
    (void)answer;
    shop_status status = shop_payment_read(cx, &(payment_key){.id = c->payment}, &p);
    if (status == SHOP_OK)
        status = shop_event_is_known(cx, c->event, &known);
    if (status != SHOP_OK || known)
        return status;
    status = shop_event_add(cx, b, c->event);
    if (status != SHOP_OK || (p->dispute_status && strcmp(p->dispute_status, c->status) == 0))
        return status;
    (void)shop_payment_update(cx, b, p);
    shop_set_text(b, PAYMENT_DISPUTE, c->status);
    if (!shop_dispute_holds(c->status)) /* what a cancelled order still has can go back now */
        shop_set_int(b, PAYMENT_DUE_AT, shop_now(cx->shop));
    return SHOP_OK;
}

static shop_status take_dispute(shop_ctx *cx, const shop_payment *p, const shop_gateway_event *event)
{
    shop_gateway_dispute dispute;
    if (shop_gateway_get_dispute(cx, event->object, &dispute) != SHOP_GATEWAY_OK)
        return cx->status;
    complaint c = {.payment = p->id, .status = dispute.status, .event = event};
    shop_log(cx->shop, SHOP_LOG_WARNING, "payment %lld is disputed: %s", (long long)p->id, dispute.status);
    return shop_change_step(cx, dispute_attempt, &c);
}

/* ------------------------------------------------------------------------------------------------ refunds and states */

/*
 * Money that goes back has come before: a message that is faster than that of the payment must not be lost. But what was only held, and
 * never taken, goes back without a refund: then nothing is to be counted.
 */
static shop_status take_refunds(shop_ctx *cx, shop_payment *p, shop_gateway_event *event)
{
    shop_status status = p->is_successful ? SHOP_OK : shop_payment_fetch_state(cx, p, NULL, &p);
    if (status != SHOP_OK)
        return status;
    return p->is_successful ? shop_refund_fetch(cx, p->id, p->intent_id, event) : shop_change_step(cx, record_only, event);
}

static shop_status take_event(shop_ctx *cx, shop_payment *p, shop_gateway_event *event)
{
    if (event->about == SHOP_GATEWAY_ABOUT_DISPUTE)
        return take_dispute(cx, p, event);
    if (event->about == SHOP_GATEWAY_ABOUT_REFUND)
        return take_refunds(cx, p, event);
    return shop_payment_fetch_state(cx, p, event, NULL);
}

/* ------------------------------------------------------------------------------------------------ messages */

static shop_status apply_event(shop_ctx *cx, shop_gateway_event *event)
{
    shop_payment *p = NULL;
    int known = 0;
    shop_status status = shop_event_is_known(cx, event, &known);
    if (status != SHOP_OK || known)
        return status; /* it was applied: the gateway need not be asked */
    int is_ours = event->about != SHOP_GATEWAY_ABOUT_NOTHING && event->intent &&
                  (event->about != SHOP_GATEWAY_ABOUT_DISPUTE || event->object);
    status = is_ours ? shop_payment_read(cx, &(payment_key){.intent = event->intent}, &p) : SHOP_NOT_FOUND;
    if (status == SHOP_OK)
        return take_event(cx, p, event);
    if (status != SHOP_NOT_FOUND)
        return status;
    shop_ctx_begin(cx);
    return shop_change_step(cx, record_only, event);
}

shop_status shop_payment_webhook(shop_ctx *cx, const char *body, size_t length, const char *signature)
{
    shop_ctx_begin(cx);
    if (!body)
        return shop_fail(cx, SHOP_MISUSE, "misuse", "shop_payment_webhook needs a body.");
    shop_gateway_event event = {.id = NULL};
    if (shop_gateway_verify(cx, body, length, signature) != SHOP_GATEWAY_OK ||
        shop_gateway_decode(cx, body, length, &event) != SHOP_GATEWAY_OK)
        return cx->status;
    return apply_event(cx, &event);
}
