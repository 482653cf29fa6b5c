/* SPDX-License-Identifier: MIT */
/* Whether storage answers: asked every second beside the requests, so that an answer about it never waits. */
#ifndef SHOPD_HEALTH_H
#define SHOPD_HEALTH_H

#include <shop/base.h>

typedef struct health health;

/* NULL when memory or threads are out. */
health *health_start(shop *s);

/* SHOP_REASON_NONE: it answers. At once, any thread. */
shop_reason health_reason(const health *h);

/* NULL is fine, here and below. Begins to end, without waiting. */
void health_ask_to_stop(health *h);
void health_stop(health *h);

#endif
