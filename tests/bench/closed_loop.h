/* SPDX-License-Identifier: MIT */
/* A closed loop: so many callers, each making the next call when the last one is answered, for so long. */
#ifndef TESTS_BENCH_CLOSED_LOOP_H
#define TESTS_BENCH_CLOSED_LOOP_H

#include <stdint.h>

#define STEPS_MAX 8

/* What one caller does, one flow after another. Returns 0 when a flow failed. `step` is to be called after each step of it. */
typedef struct caller caller;
struct caller {
    int number;
    void *state;
    uint64_t random;
    int64_t last_us;
    int64_t *latencies; /* of every step, in order */
    int64_t latency_count;
    int64_t latency_room;
    int64_t flows;
    int64_t failures;
    const struct closed_loop *loop;
};

typedef struct closed_loop {
    int callers;
    double seconds;
    void *(*start)(int number, void *args); /* a caller's own state */
    int (*flow)(caller *c);
    void (*stop)(void *state);
    void *args;
} closed_loop;

typedef struct closed_loop_result {
    double seconds;
    int64_t flows;
    int64_t failures;
    double flows_per_second;
    double steps_per_second;
    int64_t p50_us;
    int64_t p99_us;
} closed_loop_result;

closed_loop_result closed_loop_run(const closed_loop *loop);

void caller_step(caller *c);
uint32_t caller_random(caller *c, uint32_t below);
int64_t bench_now_us(void);

#endif
