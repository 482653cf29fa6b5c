/* SPDX-License-Identifier: MIT */
/* Whether storage answers: asked every second beside the requests, so that an answer about it never waits. */
#include "health.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "app.h"
#include "ticker.h"

#define PATIENCE_US 2000000 /* storage that takes longer does not answer */

struct health {
    shop *shop;
    ticker *ticker;
    atomic_int reason; /* what the last answer was */
    _Atomic int64_t asked_us; /* when it was asked; 0: no question is under way */
};

static void ask(const ticker *ticks, void *state)
{
    health *h = state;
    (void)ticks;
    atomic_store(&h->asked_us, app_monotonic_us());
    shop_status status = shop_ping(h->shop);
    atomic_store(&h->reason, status == SHOP_OK ? SHOP_REASON_NONE : shop_last_reason());
    atomic_store(&h->asked_us, 0);
}

health *health_start(shop *s)
{
    health *h = calloc(1, sizeof *h);
    if (h == NULL) {
        return NULL;
    }
    h->shop = s;
    h->ticker = ticker_start(ask, h);
    if (h->ticker == NULL) {
        free(h);
        return NULL;
    }
    return h;
}

shop_reason health_reason(const health *h)
{
    int64_t asked_us = atomic_load(&h->asked_us);
    shop_reason reason = atomic_load(&h->reason);
    int is_late = asked_us != 0 && app_monotonic_us() - asked_us > PATIENCE_US;
    return reason == SHOP_REASON_NONE && is_late ? SHOP_REASON_TIMEOUT : reason;
}

void health_ask_to_stop(health *h)
{
    if (h != NULL) {
        ticker_ask_to_stop(h->ticker);
    }
}

void health_stop(health *h)
{
    if (h != NULL) {
        ticker_stop(h->ticker);
        free(h);
    }
}
