/* SPDX-License-Identifier: MIT */
/* A thread that does something every second until it is told to stop. */
#include "ticker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

struct ticker {
    void (*tick)(const ticker *t, void *state);
    void *state;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    atomic_int stopping;
};

/* Waits a second, or until it is told to stop; 1: go on. */
static int wait_a_second(ticker *t)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 1;
    pthread_mutex_lock(&t->lock);
    while (!t->stopping && pthread_cond_timedwait(&t->woken, &t->lock, &until) == 0) {
    }
    pthread_mutex_unlock(&t->lock);
    return !t->stopping;
}

static void *run(void *state)
{
    ticker *t = state;
    do {
        t->tick(t, t->state);
    } while (wait_a_second(t));
    return NULL;
}

static void ticker_free(ticker *t)
{
    pthread_cond_destroy(&t->woken);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

ticker *ticker_start(void (*tick)(const ticker *t, void *state), void *state)
{
    ticker *t = calloc(1, sizeof *t);
    pthread_condattr_t attributes;
    if (t == NULL) {
        return NULL;
    }
    t->tick = tick;
    t->state = state;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->woken, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&t->thread, NULL, run, t) != 0) {
        ticker_free(t);
        return NULL;
    }
    return t;
}

void ticker_ask_to_stop(ticker *t)
{
    if (t == NULL) {
        return;
    }
    pthread_mutex_lock(&t->lock);
    t->stopping = 1;
    pthread_cond_broadcast(&t->woken);
    pthread_mutex_unlock(&t->lock);
}

int ticker_is_stopping(const ticker *t)
{
    return t->stopping;
}

void ticker_stop(ticker *t)
{
    if (t == NULL) {
        return;
    }
    ticker_ask_to_stop(t);
    pthread_join(t->thread, NULL);
    ticker_free(t);
}
