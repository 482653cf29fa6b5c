/* SPDX-License-Identifier: MIT */
/* The threads that do what is due, every second: one that needs only storage, one that may wait for the payment gateway. */
#include "job_runner.h"

#include <stdlib.h>
#include <string.h>

#include <shop/jobs.h>

#include "../app/log.h"
#include "../app/ticker.h"

static const uint32_t kinds_of_threads[] = {SHOP_JOBS_STORAGE, SHOP_JOBS_GATEWAY};

#define THREADS (sizeof kinds_of_threads / sizeof kinds_of_threads[0])

typedef struct job_thread {
    uint32_t kinds;
    shop_ctx *cx;
    ticker *ticker;
} job_thread;

struct job_runner {
    job_thread threads[THREADS];
};

/* Storage that is away is told by the library, once. */
static void tell(const job_thread *t, shop_status status)
{
    int32_t level = strcmp(shop_ctx_error_code(t->cx), "storage_unavailable") == 0 ? SHOP_LOG_DEBUG : SHOP_LOG_WARNING;
    log_write(level, "jobs: %s: %s", shop_status_name(status), shop_ctx_error_detail(t->cx));
}

static void run_due(const ticker *ticks, void *state)
{
    job_thread *t = state;
    int64_t done = 0;
    shop_status status = SHOP_OK;
    do {
        shop_ctx_reset(t->cx);
        status = shop_jobs_run_kinds(t->cx, t->kinds, &done);
    } while (status == SHOP_OK && done > 0 && !ticker_is_stopping(ticks));
    if (status != SHOP_OK) {
        tell(t, status);
    }
    log_flush();
}

static int start_thread(job_thread *t, uint32_t kinds, shop *s)
{
    t->kinds = kinds;
    t->cx = shop_ctx_new(s);
    t->ticker = t->cx != NULL ? ticker_start(run_due, t) : NULL;
    return t->ticker != NULL;
}

job_runner *job_runner_start(shop *s)
{
    job_runner *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < THREADS; i++) {
        if (!start_thread(&r->threads[i], kinds_of_threads[i], s)) {
            job_runner_stop(r);
            return NULL;
        }
    }
    return r;
}

void job_runner_ask_to_stop(job_runner *r)
{
    for (size_t i = 0; r != NULL && i < THREADS; i++) {
        ticker_ask_to_stop(r->threads[i].ticker);
    }
}

void job_runner_stop(job_runner *r)
{
    if (r == NULL) {
        return;
    }
    job_runner_ask_to_stop(r);
    for (size_t i = 0; i < THREADS; i++) {
        ticker_stop(r->threads[i].ticker);
        shop_ctx_free(r->threads[i].cx);
    }
    free(r);
}
