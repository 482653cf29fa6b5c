/* SPDX-License-Identifier: MIT */
/* A gateway's messages in Stripe's form: signatures, and what is read of an event. Pure functions: any thread, any time. */
#ifndef SHOP_GATEWAY_WEBHOOK_H
#define SHOP_GATEWAY_WEBHOOK_H

#include <shop/sys/gateway.h>

#define SHOP_WEBHOOK_TOLERANCE INT64_C(300) /* seconds, either way */
#define SHOP_WEBHOOK_HEADER_SIZE 96 /* "t=", a time, ",v1=", 64 hex digits, and the NUL */

/*
 * Whether the header ("t=UNIX,v1=HEX[,v1=HEX…]") signs these very bytes with one of the comma-separated secrets, and is not older or
 * newer than the tolerance at `now` (microseconds). Compares in constant time.
 */
int shop_webhook_verify(const char *secrets, const char *header, const void *body, size_t length, int64_t now);

/* The header for a body, by the first of the secrets. */
void shop_webhook_sign(const char *secrets, const void *body, size_t length, int64_t now,
                       char out[static SHOP_WEBHOOK_HEADER_SIZE]);

/* What a gateway's decode does: SHOP_GATEWAY_OK, _REFUSED or _NO_MEMORY. */
int32_t shop_webhook_decode(const shop_gateway_call *call, const char *body, size_t length, shop_gateway_event *out,
                            shop_gateway_fault *fault);

#endif
