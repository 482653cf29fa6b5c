/* SPDX-License-Identifier: MIT */
/* Storage that goes away and comes back: told once each, however many calls fail meanwhile. */
#include "trouble.h"

#include "../core/ctx.h"

#define CALM INT64_C(1000000) /* microseconds without a failure after which a success is the end of it */

void shop_trouble_init(shop_trouble *trouble)
{
    atomic_init(&trouble->is, false);
    pthread_mutex_init(&trouble->lock, NULL);
}

void shop_trouble_free(shop_trouble *trouble)
{
    pthread_mutex_destroy(&trouble->lock);
}

static void note_failure(struct shop *s, const char *what, const shop_fault *fault)
{
    shop_trouble *t = &s->trouble;
    int64_t now = shop_monotonic_now();
    pthread_mutex_lock(&t->lock);
    bool is_first = !atomic_load(&t->is);
    if (is_first) {
        t->began = now;
        t->failures = 0;
    }
    t->last = now;
    t->failures++;
    atomic_store(&t->is, true);
    pthread_mutex_unlock(&t->lock);
    shop_log(s, is_first ? SHOP_LOG_ERROR : SHOP_LOG_DEBUG, "storage: %s failed: %s%s", what, fault->detail,
             is_first ? " (told once, until it answers again)" : "");
}

static void note_success(struct shop *s)
{
    shop_trouble *t = &s->trouble;
    int64_t now = shop_monotonic_now();
    pthread_mutex_lock(&t->lock);
    bool is_over = atomic_load(&t->is) && now - t->last >= CALM;
    int64_t lasted = (now - t->began) / 1000;
    uint64_t failures = t->failures;
    if (is_over)
        atomic_store(&t->is, false);
    pthread_mutex_unlock(&t->lock);
    if (is_over)
        shop_log(s, SHOP_LOG_WARNING, "storage: answers again after %lld.%03lld seconds, in which %llu calls failed",
                 (long long)(lasted / 1000), (long long)(lasted % 1000), (unsigned long long)failures);
}

void shop_trouble_note(struct shop *s, const char *what, const shop_fault *fault)
{
    if (fault->outcome == SHOP_STORAGE_UNAVAILABLE)
        note_failure(s, what, fault);
    else if (fault->outcome == SHOP_STORAGE_OK && atomic_load_explicit(&s->trouble.is, memory_order_relaxed))
        note_success(s);
}
