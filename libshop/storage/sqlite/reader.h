/* SPDX-License-Identifier: MIT */
/* Reading: a pool of connections, and queries over them. */
#ifndef SHOP_STORAGE_SQLITE_READER_H
#define SHOP_STORAGE_SQLITE_READER_H

#include "counts.h"

typedef struct shop_sqlite_readers shop_sqlite_readers;

/* Connections to `path` are opened as they are needed. `counts` may be NULL: nothing is remembered. NULL: memory is out. */
shop_sqlite_readers *shop_sqlite_readers_new(const char *path, const shop_schema *schema, shop_sqlite_counts *counts);
void shop_sqlite_readers_free(shop_sqlite_readers *readers);

/* A well-formed query (shop_check_query). Any thread. */
int32_t shop_sqlite_query(shop_sqlite_readers *readers, const shop_storage_call *call, int64_t deadline, const shop_read *reads,
                          uint32_t count, shop_rows *rows, shop_fault *fault);

/* OK when the file can be read and holds a shop of this schema, or a newer one. Any thread. */
int32_t shop_sqlite_readers_ping(shop_sqlite_readers *readers, int64_t deadline, shop_fault *fault);

#endif
