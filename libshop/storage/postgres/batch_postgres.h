/* SPDX-License-Identifier: MIT */
/* Batches: one round trip, one transaction, guarded inside the server. */
#ifndef SHOP_STORAGE_POSTGRES_BATCH_POSTGRES_H
#define SHOP_STORAGE_POSTGRES_BATCH_POSTGRES_H

#include "pool.h"

/* How far the write-ahead log of a primary is durable: bytes since its beginning. */
#define SHOP_PG_FLUSHED "SELECT (pg_current_wal_flush_lsn() - '0/0')::int8"

/* A checked batch. `position` (may be NULL) gets what SHOP_PG_FLUSHED says after the commit, in the same round trip. */
int32_t shop_pg_apply(shop_pg_pool *pool, const shop_schema *schema, int64_t deadline, const shop_op_list *list,
                      uint64_t *position, shop_fault *fault);

/* Also one round trip each. */
int32_t shop_pg_allocate(shop_pg_pool *pool, const char *table, uint32_t count, int64_t deadline, int64_t *first,
                         shop_fault *fault);
int32_t shop_pg_reserve(shop_pg_pool *pool, const char *table, int64_t id, int64_t deadline, int64_t *highest,
                        shop_fault *fault);
int32_t shop_pg_ask(shop_pg_pool *pool, const char *text, int64_t deadline, int64_t *number, shop_fault *fault);
int32_t shop_pg_ping(shop_pg_pool *pool, bool read_only, int64_t deadline, shop_fault *fault);

#endif
