/* SPDX-License-Identifier: MIT */
/*
 * How payments call the shop's gateway (include/shop/sys/gateway.h): each function calls one slot of the vtable and tells a failure in the
 * context, as shop_fail does; then cx->status is the status to return. They return the outcome, SHOP_GATEWAY_…, because what to do
 * next often hangs on it. Never to be called inside an attempt.
 */
#ifndef SHOP_GATEWAY_GATEWAY_H
#define SHOP_GATEWAY_GATEWAY_H

#include <shop/sys/gateway.h>

#include "../core/ctx.h"

struct shop_gateway {
    const shop_gateway_vtable *calls;
    void *self;
    shop_gateway_host host;
    shop_gateway_money money; /* what can be charged in the shop's currency */
};

/* The gateway of a shop that is being opened: sets s->gateway. SHOP_GATEWAY_OK, or why not: fault->message says it for a person. */
int32_t shop_gateway_open(struct shop *s, shop_gateway_fault *fault);
void shop_gateway_close(struct shop_gateway *gateway); /* NULL is fine */

int32_t shop_gateway_create(shop_ctx *cx, const char *key, const shop_gateway_order *order, shop_gateway_intent *out);
int32_t shop_gateway_find_made(shop_ctx *cx, const shop_gateway_order *order, shop_gateway_intent *out);
int32_t shop_gateway_retrieve(shop_ctx *cx, const char *intent, shop_gateway_intent *out);
int32_t shop_gateway_confirm(shop_ctx *cx, const char *key, const char *intent, const char *method, shop_gateway_intent *out);
int32_t shop_gateway_capture(shop_ctx *cx, const char *key, const char *intent, shop_gateway_intent *out);
int32_t shop_gateway_cancel(shop_ctx *cx, const char *key, const char *intent, shop_gateway_intent *out);
int32_t shop_gateway_refund_ask(shop_ctx *cx, const char *key, const shop_gateway_return *what, shop_gateway_refund *out);
int32_t shop_gateway_list_refunds(shop_ctx *cx, const char *intent, shop_gateway_refunds *out);
int32_t shop_gateway_get_dispute(shop_ctx *cx, const char *dispute, shop_gateway_dispute *out);
/* Refused: "invalid_signature", "invalid_event". */
int32_t shop_gateway_verify(shop_ctx *cx, const void *body, size_t length, const char *header);
int32_t shop_gateway_decode(shop_ctx *cx, const char *body, size_t length, shop_gateway_event *out);
int32_t shop_gateway_work(shop_ctx *cx, int64_t limit, int64_t *done);

/* 1 when the gateway can express this amount of the shop's currency; else the field is told to be wrong. */
int shop_gateway_check_amount(shop_ctx *cx, const char *field, int64_t amount);

/* The same for what is to be charged at once, which has limits too: SHOP_OK, or SHOP_INVALID with a code of its own. */
shop_status shop_gateway_check_charge(shop_ctx *cx, const shop_currency *currency, int64_t amount);

#endif
