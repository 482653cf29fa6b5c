/* SPDX-License-Identifier: MIT */
/* The threads that do what is due, every second: one that needs only storage, one that may wait for the payment gateway. */
#include "job_runner.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include <shop/jobs.h>

#include "../app/log.h"

static const uint32_t kinds_of_threads[] = {SHOP_JOBS_STORAGE, SHOP_JOBS_GATEWAY};

#define THREADS (sizeof kinds_of_threads / sizeof kinds_of_threads[0])

typedef struct job_thread {
    job_runner *runner;
    uint32_t kinds;
    shop_ctx *cx;
    pthread_t thread;
    int running;
} job_thread;

struct job_runner {
    pthread_mutex_t lock;
    pthread_cond_t woken;
    int stopping; /* with lock */
    job_thread threads[THREADS];
};

/* Waits a second, or until it is told to stop; 1: go on. */
static int wait_a_second(job_runner *r)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 1;
    pthread_mutex_lock(&r->lock);
    while (!r->stopping && pthread_cond_timedwait(&r->woken, &r->lock, &until) == 0) {
    }
    int going_on = !r->stopping;
    pthread_mutex_unlock(&r->lock);
    return going_on;
}

static int is_stopping(job_runner *r)
{
    pthread_mutex_lock(&r->lock);
    int stopping = r->stopping;
    pthread_mutex_unlock(&r->lock);
    return stopping;
}

static void run_due(job_thread *t)
{
    int64_t done = 0;
    do {
        shop_ctx_reset(t->cx);
        shop_status status = shop_jobs_run_kinds(t->cx, t->kinds, &done);
        if (status != SHOP_OK) {
            log_write(SHOP_LOG_WARNING, "jobs: %s: %s", shop_status_name(status), shop_ctx_error_detail(t->cx));
            return;
        }
    } while (done > 0 && !is_stopping(t->runner));
}

static void *run(void *state)
{
    job_thread *t = state;
    do {
        run_due(t);
        log_flush();
    } while (wait_a_second(t->runner));
    return NULL;
}

static int start_thread(job_runner *r, job_thread *t, uint32_t kinds, shop *s)
{
    t->runner = r;
    t->kinds = kinds;
    t->cx = shop_ctx_new(s);
    t->running = t->cx != NULL && pthread_create(&t->thread, NULL, run, t) == 0;
    return t->running;
}

job_runner *job_runner_start(shop *s)
{
    job_runner *r = calloc(1, sizeof *r);
    pthread_condattr_t attributes;
    if (r == NULL) {
        return NULL;
    }
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->woken, &attributes);
    pthread_condattr_destroy(&attributes);
    for (size_t i = 0; i < THREADS; i++) {
        if (!start_thread(r, &r->threads[i], kinds_of_threads[i], s)) {
            job_runner_stop(r);
            return NULL;
        }
    }
    return r;
}

void job_runner_ask_to_stop(job_runner *r)
{
    if (r == NULL) {
        return;
    }
    pthread_mutex_lock(&r->lock);
    r->stopping = 1;
    pthread_cond_broadcast(&r->woken);
    pthread_mutex_unlock(&r->lock);
}

void job_runner_stop(job_runner *r)
{
    if (r == NULL) {
        return;
    }
    job_runner_ask_to_stop(r);
    for (size_t i = 0; i < THREADS; i++) {
        if (r->threads[i].running) {
            pthread_join(r->threads[i].thread, NULL);
        }
        shop_ctx_free(r->threads[i].cx);
    }
    pthread_cond_destroy(&r->woken);
    pthread_mutex_destroy(&r->lock);
    free(r);
}
