/* SPDX-License-Identifier: MIT */
/* Counters of requests: one row a route, written without a lock. */
#ifndef SHOPD_METRICS_H
#define SHOPD_METRICS_H

#include <stdint.h>

#include "json_out.h"
#include "router.h"

typedef struct metrics metrics;

/* Rows for every route and one for what no route answered. NULL: no memory. */
metrics *metrics_new(size_t routes);
void metrics_free(metrics *m);

/* Counts one request; index router_count() is "no route". Thread-safe. */
void metrics_count(metrics *m, size_t index, int status, int64_t duration_us);

/* Appends the rows as Prometheus text. */
void metrics_write(const metrics *m, const router *routes, json_out *out);

#endif
