/* SPDX-License-Identifier: MIT */
/* A worker pool: a bounded queue of jobs, and threads that run the app's handler on them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

struct pool {
    http_app app;
    size_t limit;
    pthread_mutex_t lock;
    pthread_cond_t work; /* jobs were queued, or the pool closes */
    pthread_cond_t started; /* a worker is up, or has failed to start */
    struct job_list queue;
    size_t idle, busy; /* workers */
    size_t waking; /* idle ones that were signalled and have not woken yet */
    int up, failed; /* workers */
    int closed, abandon;
    pthread_t *threads;
    int thread_count;
};

/* With the lock. NULL: the pool is closed and its queue is empty. */
static struct job *next_job(struct pool *pool)
{
    while (pool->queue.first == NULL && !pool->closed) {
        pool->idle++;
        pthread_cond_wait(&pool->work, &pool->lock);
        pool->idle--;
        if (pool->waking > 0)
            pool->waking--;
    }
    return http_job_list_take(&pool->queue);
}

static void run(struct pool *pool, void *state, struct job *job, int abandon)
{
    if (abandon || http_clock_us() > job->request.deadline_us)
        job->refusal = &http_refusal_overload;
    else
        pool->app.handle(state, &job->request, &job->response);
    http_listener_done(job->listener, job);
}

static void serve(struct pool *pool, void *state)
{
    struct job *job;
    pthread_mutex_lock(&pool->lock);
    while ((job = next_job(pool)) != NULL) {
        int abandon = pool->abandon;
        pool->busy++;
        pthread_mutex_unlock(&pool->lock);
        run(pool, state, job, abandon);
        pthread_mutex_lock(&pool->lock);
        pool->busy--;
    }
    pthread_mutex_unlock(&pool->lock);
}

static void *worker(void *arg)
{
    struct pool *pool = arg;
    void *state = pool->app.worker_start(pool->app.app);
    pthread_mutex_lock(&pool->lock);
    if (state != NULL)
        pool->up++;
    else
        pool->failed++;
    pthread_cond_signal(&pool->started);
    pthread_mutex_unlock(&pool->lock);
    if (state == NULL)
        return NULL;
    serve(pool, state);
    pool->app.worker_stop(state);
    return NULL;
}

static int start_threads(struct pool *pool, const char *name_of_all, int count)
{
    pool->threads = calloc((size_t)count, sizeof *pool->threads);
    if (pool->threads == NULL)
        return -1;
    for (int i = 0; i < count; i++) {
        if (pthread_create(&pool->threads[i], NULL, worker, pool) != 0)
            return -1;
        char name[16];
        snprintf(name, sizeof name, "%.10s-%d", name_of_all, i % 1000);
        pthread_setname_np(pool->threads[i], name);
        pool->thread_count++;
    }
    pthread_mutex_lock(&pool->lock);
    while (pool->up + pool->failed < count)
        pthread_cond_wait(&pool->started, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
    return pool->failed > 0 ? -1 : 0;
}

struct pool *http_pool_start(int which, const http_options *options, const http_app *app, char *err, size_t errlen)
{
    static const char *const names[HTTP_POOLS] = {"http-work", "http-slow", "http-probe"};
    const http_pool_options *o = &options->pools[which];
    struct pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL) {
        snprintf(err, errlen, "no memory for the workers");
        return NULL;
    }
    pool->app = *app;
    pool->limit = o->queue_limit;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->started, NULL);
    if (start_threads(pool, names[which], o->workers) != 0) {
        snprintf(err, errlen, "only %d of %d workers started", pool->up, o->workers);
        http_pool_close(pool, 1);
        http_pool_join(pool);
        http_pool_free(pool);
        return NULL;
    }
    return pool;
}

void http_pool_add(struct pool *pool, struct job_list *jobs)
{
    pthread_mutex_lock(&pool->lock);
    while (jobs->first != NULL && !pool->closed && pool->queue.count < pool->limit)
        http_job_list_add(&pool->queue, http_job_list_take(jobs));
    /* Each worker that is on its way takes one; only the rest needs more of them. */
    size_t rest = pool->queue.count > pool->waking ? pool->queue.count - pool->waking : 0;
    size_t asleep = pool->idle - pool->waking;
    size_t wake = rest < asleep ? rest : asleep;
    pool->waking += wake;
    pthread_mutex_unlock(&pool->lock);
    for (; wake > 0; wake--)
        pthread_cond_signal(&pool->work);
}

void http_pool_close(struct pool *pool, int abandon)
{
    pthread_mutex_lock(&pool->lock);
    pool->closed = 1;
    pool->abandon = abandon;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
}

void http_pool_join(struct pool *pool)
{
    for (int i = 0; i < pool->thread_count; i++)
        pthread_join(pool->threads[i], NULL);
    pool->thread_count = 0;
}

void http_pool_free(struct pool *pool)
{
    pthread_cond_destroy(&pool->started);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
    free(pool->threads);
    free(pool);
}

void http_pool_stats(struct pool *pool, uint64_t *queue_length, uint64_t *workers_busy)
{
    pthread_mutex_lock(&pool->lock);
    *queue_length = pool->queue.count;
    *workers_busy = pool->busy;
    pthread_mutex_unlock(&pool->lock);
}
