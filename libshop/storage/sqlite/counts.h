/* SPDX-License-Identifier: MIT */
/*
 * Remembered counts: "how many active products" is asked with every page of a list, and costs nothing while nothing changes it.
 *
 * Only reads that are one COUNT without groups and without IN_READ are remembered, under their shape and exact values.
 */
#ifndef SHOP_STORAGE_SQLITE_COUNTS_H
#define SHOP_STORAGE_SQLITE_COUNTS_H

#include <sqlite3.h>
#include <stdbool.h>

#include <shop/sys/storage.h>

typedef struct shop_sqlite_counts shop_sqlite_counts;

/* `db` is a connection in WAL mode that has read at least once and lives longer than the counts. NULL: memory is out. */
shop_sqlite_counts *shop_sqlite_counts_new(const shop_schema *schema, sqlite3 *db);
void shop_sqlite_counts_free(shop_sqlite_counts *counts);

/* ---- the writer's side: one thread */

typedef enum shop_sqlite_commit {
    SHOP_SQLITE_COMMIT_WROTE, /* it added to the log */
    SHOP_SQLITE_COMMIT_EMPTY, /* there was nothing to write: rows were set to what they were */
    SHOP_SQLITE_COMMIT_FAILED,
} shop_sqlite_commit;

/* A change that the running transaction made: rows came or went (columns 0), or these columns (bits) of rows changed. */
void shop_sqlite_counts_touch(shop_sqlite_counts *counts, uint16_t table, uint64_t columns);
/* Around a COMMIT that changes rows; the writer holds SQLite's write lock at `begin`. */
void shop_sqlite_counts_begin(shop_sqlite_counts *counts);
void shop_sqlite_counts_end(shop_sqlite_counts *counts, shop_sqlite_commit how);
/* Instead of both when the transaction is rolled back. */
void shop_sqlite_counts_forget(shop_sqlite_counts *counts);

/* ---- the readers' side: any thread */

/* The state of what a count depends on, at a moment. */
typedef struct shop_sqlite_stamp {
    uint64_t own; /* changes of ours to its table and columns */
    uint32_t foreign; /* commits of others */
    bool settled; /* no commit of ours that matters is under way */
} shop_sqlite_stamp;

bool shop_sqlite_counts_can(const shop_read *read);
shop_sqlite_stamp shop_sqlite_counts_stamp(shop_sqlite_counts *counts, const shop_read *read);
/* `before` was taken before a snapshot began, `now` within it: true when the stamp is that of the snapshot. */
bool shop_sqlite_counts_holds(const shop_sqlite_stamp *before, const shop_sqlite_stamp *now);

bool shop_sqlite_counts_find(shop_sqlite_counts *counts, const shop_read *read, const shop_sqlite_stamp *stamp, int64_t *count);
void shop_sqlite_counts_keep(shop_sqlite_counts *counts, const shop_read *read, const shop_sqlite_stamp *stamp, int64_t count);

#endif
