/* SPDX-License-Identifier: MIT */
/* A bounded pool of connections, made when they are needed; last returned, first taken: few are used when few are needed. */
#ifndef SHOP_STORAGE_POSTGRES_POOL_H
#define SHOP_STORAGE_POSTGRES_POOL_H

#include "connection.h"

typedef struct shop_pg_pool shop_pg_pool;

/* `address` must outlive the pool. NULL: out of memory. */
shop_pg_pool *shop_pg_pool_new(const shop_pg_address *address);
void shop_pg_pool_free(shop_pg_pool *pool);

/* SHOP_STORAGE_OK; UNAVAILABLE when none came free before the deadline, or none can be made; NO_MEMORY. */
int32_t shop_pg_take(shop_pg_pool *pool, int64_t deadline, shop_pg_connection **taken, shop_fault *fault);
/* Closes a broken one. */
void shop_pg_return(shop_pg_pool *pool, shop_pg_connection *c);

#endif
