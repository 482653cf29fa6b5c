/* SPDX-License-Identifier: MIT */
/* The thread that does what is due, every second. */
#include "job_runner.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include <shop/jobs.h>

#include "../app/log.h"

struct job_runner {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    int stopping;
    shop_ctx *cx;
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

static void run_due(job_runner *r)
{
    int64_t done = 0;
    do {
        shop_ctx_reset(r->cx);
        shop_status status = shop_jobs_run(r->cx, &done);
        if (status != SHOP_OK) {
            log_write(SHOP_LOG_WARNING, "jobs: %s: %s", shop_status_name(status), shop_ctx_error_detail(r->cx));
            return;
        }
    } while (done > 0 && !is_stopping(r));
}

static void *run(void *state)
{
    job_runner *r = state;
    do {
        run_due(r);
        log_flush();
    } while (wait_a_second(r));
    return NULL;
}

static void free_runner(job_runner *r)
{
    shop_ctx_free(r->cx);
    pthread_cond_destroy(&r->woken);
    pthread_mutex_destroy(&r->lock);
    free(r);
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
    r->cx = shop_ctx_new(s);
    if (r->cx == NULL || pthread_create(&r->thread, NULL, run, r) != 0) {
        free_runner(r);
        return NULL;
    }
    return r;
}

void job_runner_stop(job_runner *r)
{
    if (r == NULL) {
        return;
    }
    pthread_mutex_lock(&r->lock);
    r->stopping = 1;
    pthread_cond_signal(&r->woken);
    pthread_mutex_unlock(&r->lock);
    pthread_join(r->thread, NULL);
    free_runner(r);
}
