/* SPDX-License-Identifier: MIT */
/* The Stripe gateway: payment intents of Stripe's API, version 1. */
#ifndef SHOP_GATEWAY_STRIPE_H
#define SHOP_GATEWAY_STRIPE_H

#include <shop/sys/gateway.h>

/* Its vtable, "stripe". Static. Thread-safe. */
const shop_gateway_vtable *shop_gateway_stripe(void);

#endif
