/* SPDX-License-Identifier: MIT */
/* One batch, run within the writer's transaction. */
#ifndef SHOP_STORAGE_SQLITE_BATCH_H
#define SHOP_STORAGE_SQLITE_BATCH_H

#include <stdbool.h>

#include "counts.h"
#include "statement.h"

/* What can be found out about a batch before it runs, by the thread that brings it. */
typedef struct shop_sqlite_preview {
    bool has_refs;
    uint32_t bad_op; /* the first operation that sets a value its column may not hold; the count when there is none */
    const char *bad_detail;
} shop_sqlite_preview;

void shop_sqlite_preview_batch(const shop_schema *schema, const shop_op_list *list, shop_sqlite_preview *preview);

/* What the writer needs to run batches. */
typedef struct shop_sqlite_runner {
    shop_sqlite_connection *connection;
    const shop_schema *schema;
    shop_sqlite_counts *counts;
    int64_t *named; /* ids that operations named, for VALUE_REF; grows */
    size_t named_room;
} shop_sqlite_runner;

void shop_sqlite_runner_end(shop_sqlite_runner *runner);

/*
 * Runs the operations in order until one fails. SHOP_STORAGE_OK, or the outcome with the fault set: what was done so far is then for
 * the caller to roll back. SQLite may have rolled back all by itself: sqlite3_get_autocommit tells.
 */
int32_t shop_sqlite_run_batch(shop_sqlite_runner *runner, const shop_op_list *list, const shop_sqlite_preview *preview,
                              shop_fault *fault);

#endif
