/* SPDX-License-Identifier: MIT */
/* Storage that goes away and comes back: told once each, however many calls fail meanwhile. */
#ifndef SHOP_STORAGE_TROUBLE_H
#define SHOP_STORAGE_TROUBLE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <shop/sys/storage.h>

typedef struct shop_trouble {
    atomic_bool is; /* the rest only with the lock */
    pthread_mutex_t lock;
    int64_t began; /* shop_monotonic_now() */
    int64_t last;
    uint64_t failures;
} shop_trouble;

void shop_trouble_init(shop_trouble *trouble);
void shop_trouble_free(shop_trouble *trouble);

/* To be called after each call of storage: `what` it was, and how it ended. UNAVAILABLE is logged when it is the first. */
void shop_trouble_note(struct shop *s, const char *what, const shop_fault *fault);

#endif
