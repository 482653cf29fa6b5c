/* SPDX-License-Identifier: MIT */
/* Rows whose time has come: what jobs work through. */
#ifndef SHOP_STORAGE_DUE_H
#define SHOP_STORAGE_DUE_H

#include "store.h"

/*
 * A query for the ids of at most `limit` rows whose time column says now or earlier, the longest overdue first. The caller may add
 * predicates before shop_due_run.
 */
shop_query *shop_due_new(shop_ctx *cx, uint16_t table, uint16_t time_column, int64_t limit);

/* Runs it: *ids is an array of *count in the arena. As shop_query_run. */
shop_status shop_due_run(shop_ctx *cx, shop_query *q, const int64_t **ids, size_t *count);

#endif
