/* SPDX-License-Identifier: MIT */
/* Counters of requests: one row a route, written without a lock. */
#include "metrics.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

#define CLASSES 6 /* 0: never; 1xx to 5xx */

/* Upper ends of the histogram's buckets, in microseconds, and as Prometheus writes them. */
static const struct bucket {
    int64_t most_us;
    const char *seconds;
} buckets[] = {
    {250, "0.00025"}, {500, "0.0005"}, {1000, "0.001"},  {2500, "0.0025"}, {5000, "0.005"}, {10000, "0.01"},  {25000, "0.025"},
    {50000, "0.05"},  {100000, "0.1"}, {250000, "0.25"}, {500000, "0.5"},  {1000000, "1"},  {2500000, "2.5"}, {5000000, "5"},
};

#define BUCKETS (sizeof buckets / sizeof buckets[0])

typedef struct row {
    _Atomic uint64_t by_class[CLASSES];
    _Atomic uint64_t by_bucket[BUCKETS + 1];
    _Atomic uint64_t total_us;
} row;

struct metrics {
    size_t count;
    row rows[];
};

metrics *metrics_new(size_t routes)
{
    metrics *m = calloc(1, sizeof *m + (routes + 1) * sizeof(row));
    if (m != NULL) {
        m->count = routes + 1;
    }
    return m;
}

void metrics_free(metrics *m)
{
    free(m);
}

void metrics_count(metrics *m, size_t index, int status, int64_t duration_us)
{
    row *r = &m->rows[index < m->count ? index : m->count - 1];
    int class = status / 100;
    size_t b = 0;
    while (b < BUCKETS && duration_us > buckets[b].most_us) {
        b++;
    }
    atomic_fetch_add_explicit(&r->by_class[class > 0 && class < CLASSES ? class : 5], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&r->by_bucket[b], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&r->total_us, duration_us > 0 ? (uint64_t)duration_us : 0, memory_order_relaxed);
}

static uint64_t value_of(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void write_labels(json_out *out, const router *routes, size_t i)
{
    const route *r = router_at(routes, i);
    json_out_rawf(out, "{method=\"%s\",route=\"%s\"", r == NULL ? "" : http_method_name(r->method),
                  r == NULL ? "none" : r->pattern);
}

static uint64_t requests_of(const row *r)
{
    uint64_t total = 0;
    for (size_t b = 0; b <= BUCKETS; b++) {
        total += value_of(&r->by_bucket[b]);
    }
    return total;
}

static void write_counts(const metrics *m, const router *routes, json_out *out)
{
    json_out_rawf(out, "# HELP shopd_requests_total Requests answered.\n# TYPE shopd_requests_total counter\n");
    for (size_t i = 0; i < m->count; i++) {
        for (int class = 1; class < CLASSES; class ++) {
            uint64_t value = value_of(&m->rows[i].by_class[class]);
            if (value > 0) {
                json_out_rawf(out, "shopd_requests_total");
                write_labels(out, routes, i);
                json_out_rawf(out, ",status=\"%dxx\"} %" PRIu64 "\n", class, value);
            }
        }
    }
}

static void write_bucket(const row *r, const router *routes, size_t i, json_out *out)
{
    uint64_t sum = 0;
    for (size_t b = 0; b <= BUCKETS; b++) {
        sum += value_of(&r->by_bucket[b]);
        json_out_rawf(out, "shopd_request_seconds_bucket");
        write_labels(out, routes, i);
        json_out_rawf(out, ",le=\"%s\"} %" PRIu64 "\n", b < BUCKETS ? buckets[b].seconds : "+Inf", sum);
    }
    json_out_rawf(out, "shopd_request_seconds_sum");
    write_labels(out, routes, i);
    uint64_t total_us = value_of(&r->total_us);
    json_out_rawf(out, "} %" PRIu64 ".%06" PRIu64 "\n", total_us / 1000000, total_us % 1000000);
    json_out_rawf(out, "shopd_request_seconds_count");
    write_labels(out, routes, i);
    json_out_rawf(out, "} %" PRIu64 "\n", sum);
}

void metrics_write(const metrics *m, const router *routes, json_out *out)
{
    write_counts(m, routes, out);
    json_out_rawf(out, "# HELP shopd_request_seconds From a request's last byte to its answer.\n"
                       "# TYPE shopd_request_seconds histogram\n");
    for (size_t i = 0; i < m->count; i++) {
        if (requests_of(&m->rows[i]) > 0) {
            write_bucket(&m->rows[i], routes, i, out);
        }
    }
}
