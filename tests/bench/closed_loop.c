/* SPDX-License-Identifier: MIT */
/* A closed loop of threads, and what it measured. */
#include "closed_loop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

static atomic_int stopping;

int64_t bench_now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

uint32_t caller_random(caller *c, uint32_t below)
{
    c->random ^= c->random << 13;
    c->random ^= c->random >> 7;
    c->random ^= c->random << 17;
    return (uint32_t)(c->random % below);
}

void caller_step(caller *c)
{
    int64_t now = bench_now_us();
    if (c->latency_count == c->latency_room) {
        c->latency_room = c->latency_room ? c->latency_room * 2 : 4096;
        c->latencies = realloc(c->latencies, (size_t)c->latency_room * sizeof *c->latencies);
        if (!c->latencies)
            abort();
    }
    c->latencies[c->latency_count++] = now - c->last_us;
    c->last_us = now;
}

static void *run_caller(void *arg)
{
    caller *c = arg;
    c->state = c->loop->start(c->number, c->loop->args);
    c->last_us = bench_now_us();
    while (!atomic_load_explicit(&stopping, memory_order_relaxed)) {
        if (c->loop->flow(c))
            c->flows++;
        else
            c->failures++;
    }
    c->loop->stop(c->state);
    return NULL;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static closed_loop_result sum_up(caller *callers, int count, double seconds)
{
    closed_loop_result r = {.seconds = seconds};
    int64_t steps = 0;
    for (int i = 0; i < count; i++)
        steps += callers[i].latency_count;
    int64_t *all = malloc((size_t)(steps + 1) * sizeof *all);
    if (!all)
        abort();
    int64_t at = 0;
    for (int i = 0; i < count; i++) {
        r.flows += callers[i].flows;
        r.failures += callers[i].failures;
        for (int64_t k = 0; k < callers[i].latency_count; k++)
            all[at++] = callers[i].latencies[k];
        free(callers[i].latencies);
    }
    qsort(all, (size_t)steps, sizeof *all, compare);
    if (steps > 0) {
        r.p50_us = all[steps / 2];
        r.p99_us = all[steps * 99 / 100];
    }
    free(all);
    r.flows_per_second = (double)r.flows / seconds;
    r.steps_per_second = (double)steps / seconds;
    return r;
}

closed_loop_result closed_loop_run(const closed_loop *loop)
{
    caller *callers = calloc((size_t)loop->callers, sizeof *callers);
    pthread_t *threads = calloc((size_t)loop->callers, sizeof *threads);
    if (!callers || !threads)
        abort();
    atomic_store(&stopping, 0);
    int64_t began = bench_now_us();
    for (int i = 0; i < loop->callers; i++) {
        callers[i] = (caller){.number = i, .random = 88172645463325252ull + (uint64_t)i * 7919, .loop = loop};
        if (pthread_create(&threads[i], NULL, run_caller, &callers[i]) != 0)
            abort();
    }
    struct timespec t = {.tv_sec = (time_t)loop->seconds,
                         .tv_nsec = (long)((loop->seconds - (double)(time_t)loop->seconds) * 1e9)};
    (void)nanosleep(&t, NULL);
    atomic_store(&stopping, 1);
    for (int i = 0; i < loop->callers; i++)
        pthread_join(threads[i], NULL);
    closed_loop_result r = sum_up(callers, loop->callers, (double)(bench_now_us() - began) / 1e6);
    free(callers);
    free(threads);
    return r;
}
