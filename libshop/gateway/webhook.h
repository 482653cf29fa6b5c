/* SPDX-License-Identifier: MIT */
/* A gateway's messages: Stripe's signature scheme, and what is read of an event. */
#ifndef SHOP_GATEWAY_WEBHOOK_H
#define SHOP_GATEWAY_WEBHOOK_H

#include "../core/ctx.h"

#define SHOP_WEBHOOK_TOLERANCE INT64_C(300) /* seconds, either way */

typedef struct shop_gateway_event {
    const char *id;
    const char *type;
    const char *intent; /* the intent it is about; NULL when it is about none */
} shop_gateway_event;

/*
 * Whether the header ("t=UNIX,v1=HEX[,v1=HEX…]") signs these very bytes with one of the comma-separated secrets, and is not older or
 * newer than the tolerance at `now` (microseconds). Compares in constant time.
 */
int shop_webhook_verify(const char *secrets, const char *header, const void *body, size_t length, int64_t now);

/* The header for a body, in the arena; NULL when memory is out. */
const char *shop_webhook_sign(shop_ctx *cx, const char *secret, const void *body, size_t length, int64_t now);

/* SHOP_OK; SHOP_INVALID "invalid_event"; SHOP_NO_MEMORY. Texts live in the arena. */
shop_status shop_webhook_decode(shop_ctx *cx, const char *body, size_t length, shop_gateway_event *out);

/* The secrets of this shop, comma-separated. */
const char *shop_webhook_secrets(const struct shop *s);

#endif
