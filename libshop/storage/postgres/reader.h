/* SPDX-License-Identifier: MIT */
/* Queries: one round trip, one snapshot. */
#ifndef SHOP_STORAGE_POSTGRES_READER_H
#define SHOP_STORAGE_POSTGRES_READER_H

#include "pool.h"

/* A checked query. A lost link is no outcome yet: the query is sent once more. */
int32_t shop_pg_query(shop_pg_pool *pool, const shop_schema *schema, const shop_storage_call *call, int64_t deadline,
                      const shop_read *reads, uint32_t count, shop_rows *rows, shop_fault *fault);

#endif
