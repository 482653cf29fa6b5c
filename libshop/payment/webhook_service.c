/* SPDX-License-Identifier: MIT */
/* The gateway's messages: verified, recorded by id, applied once. What counts is how the gateway says the payment stands now. */
#include <string.h>

#include "../gateway/webhook.h"
#include "payment.h"

/* An event that is about no payment of ours is recorded too, so that it is known when it comes again. */
static shop_status record_only(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const shop_gateway_event *event = args;
    int known = 0;
    (void)answer;
    shop_status status = shop_event_is_known(cx, event->id, &known);
    return status == SHOP_OK && !known ? shop_event_add(cx, b, event->id, event->type) : status;
}

static int is_handled(const shop_gateway_event *event)
{
    return event->intent && (strncmp(event->type, "payment_intent.", 15) == 0 || strncmp(event->type, "charge.", 7) == 0);
}

/* The event says that something happened; how it stands, the gateway is asked: so the order of arrival does not matter. */
static shop_status apply_event(shop_ctx *cx, const shop_gateway_event *event)
{
    shop_payment *p = NULL;
    shop_gateway_intent intent;
    shop_status status =
        is_handled(event) ? shop_payment_read(cx, &(payment_key){.intent = event->intent}, &p) : SHOP_NOT_FOUND;
    if (status == SHOP_NOT_FOUND) {
        shop_gateway_event copy = *event;
        shop_ctx_begin(cx);
        return shop_change_step(cx, record_only, &copy);
    }
    if (status == SHOP_OK)
        status = cx->shop->gateway->calls->retrieve(cx, p->intent_id, &intent);
    if (status == SHOP_NOT_FOUND) /* the gateway's fault: it tells of what it does not know */
        return shop_fail(cx, SHOP_GATEWAY, "gateway_contradiction",
                         "The payment gateway does not know the payment that it tells of.");
    if (status == SHOP_OK)
        status = shop_payment_record(cx, p->id, &intent, event->id, event->type, &p);
    if (status == SHOP_OK)
        shop_payment_follow_up(cx, p);
    return status;
}

shop_status shop_payment_webhook(shop_ctx *cx, const char *body, size_t length, const char *signature)
{
    shop_ctx_begin(cx);
    if (!body)
        return shop_fail(cx, SHOP_MISUSE, "misuse", "shop_payment_webhook needs a body.");
    if (!shop_webhook_verify(shop_webhook_secrets(cx->shop), signature, body, length, shop_now(cx->shop)))
        return shop_fail(cx, SHOP_INVALID, "invalid_signature", "The message is not signed as it must be.");
    shop_gateway_event event;
    shop_status status = shop_webhook_decode(cx, body, length, &event);
    return status == SHOP_OK ? apply_event(cx, &event) : status;
}
