/* SPDX-License-Identifier: MIT */
/*
 * The test gateway: behaves as Stripe does with its test cards, and moves no money. Its side of the world lives in tables of its own,
 * so that it survives restarts and is shared by processes; what changes there is told by signed webhook events, as Stripe tells it.
 */
#ifndef SHOP_GATEWAY_TEST_GATEWAY_H
#define SHOP_GATEWAY_TEST_GATEWAY_H

#include <shop/sys/gateway.h>

#include "../../core/ctx.h"

const shop_gateway_vtable *shop_gateway_test(void);

/* Delivers up to `limit` events that are due, signed with the first of the secrets. */
shop_status shop_test_gateway_deliver(shop_ctx *cx, const char *secrets, int64_t limit, int64_t *done);

#endif
