/* SPDX-License-Identifier: MIT */
/*
 * The payment gateway port: what payments need of a gateway, and nothing of how one does it. Statuses are Stripe's words.
 *
 * A call tells its error in the context: SHOP_DECLINED (the customer's bank said no; *out still describes the intent),
 * SHOP_INVALID (the gateway says that the request makes no sense), SHOP_UNAVAILABLE (try again with the same key), SHOP_GATEWAY.
 * A gateway is never called inside an attempt, and every call that changes something carries an idempotency key: the same key
 * makes it happen once, however often it is called.
 */
#ifndef SHOP_GATEWAY_GATEWAY_H
#define SHOP_GATEWAY_GATEWAY_H

#include "../core/ctx.h"

typedef struct shop_gateway_intent {
    const char *id; /* "pi_…" */
    const char *client_secret;
    const char *status; /* requires_payment_method, requires_action, processing, succeeded, canceled, … */
    int64_t amount;
    int64_t refunded;
    const char *currency;
    const char *failure_message; /* of the last attempt, for the customer; "" when there is none */
} shop_gateway_intent;

typedef struct shop_gateway_refund {
    const char *id;
    const char *status; /* pending, succeeded, failed */
    int64_t amount;
} shop_gateway_refund;

#define SHOP_GATEWAY_VERSION 1u

typedef struct shop_gateway_vtable {
    size_t struct_size;
    uint32_t version;
    const char *name;
    shop_status (*create)(shop_ctx *cx, int64_t order, int64_t amount, const char *currency, const char *key,
                          shop_gateway_intent *out);
    shop_status (*retrieve)(shop_ctx *cx, const char *intent, shop_gateway_intent *out);
    shop_status (*confirm)(shop_ctx *cx, const char *intent, const char *method, const char *key, shop_gateway_intent *out);
    shop_status (*cancel)(shop_ctx *cx, const char *intent, const char *key, shop_gateway_intent *out);
    shop_status (*refund)(shop_ctx *cx, const char *intent, int64_t amount, const char *reason, const char *key,
                          shop_gateway_refund *out);
    /* Optional. Work of the gateway's own that is due: *done things at most `limit`. */
    shop_status (*work)(shop_ctx *cx, int64_t limit, int64_t *done);
    /* ---- end of version 1 ---- */
} shop_gateway_vtable;

struct shop_gateway {
    const shop_gateway_vtable *calls;
};

/* The gateway of a shop that is being opened; NULL when memory is out. */
struct shop_gateway *shop_gateway_open(struct shop *s);
void shop_gateway_close(struct shop_gateway *gateway); /* NULL is fine */

#endif
