/* SPDX-License-Identifier: MIT */
/* The one thread of an instance that writes. Callers leave batches in its queue and wait; it commits what has gathered together. */
#ifndef SHOP_STORAGE_SQLITE_WRITER_H
#define SHOP_STORAGE_SQLITE_WRITER_H

#include "batch_sqlite.h"

typedef struct shop_sqlite_writer shop_sqlite_writer;

/* Starts the thread. The connection belongs to it until the stop. NULL: memory or threads are out. */
shop_sqlite_writer *shop_sqlite_writer_start(shop_sqlite_connection *connection, const shop_schema *schema,
                                             shop_sqlite_counts *counts, const shop_storage_host *host);
/* Does what is in the queue, and ends the thread. NULL is fine. */
void shop_sqlite_writer_stop(shop_sqlite_writer *writer);

/* Each waits until it is done, and durable, or the deadline passes before it was begun. Any thread. */
int32_t shop_sqlite_apply(shop_sqlite_writer *writer, const shop_op_list *list, int64_t deadline, shop_fault *fault);
int32_t shop_sqlite_allocate(shop_sqlite_writer *writer, const char *table, uint32_t count, int64_t deadline, int64_t *first,
                             shop_fault *fault);
/* Ids up to this one are passed over. */
int32_t shop_sqlite_reserve(shop_sqlite_writer *writer, const char *table, int64_t id, int64_t deadline, shop_fault *fault);

/* OK at once when the last commit went well; else tries a small one. Any thread. */
int32_t shop_sqlite_writer_ping(shop_sqlite_writer *writer, int64_t deadline, shop_fault *fault);

#endif
