/* SPDX-License-Identifier: MIT */
/* Queries: one round trip, one snapshot. */
#ifndef SHOP_STORAGE_POSTGRES_READER_H
#define SHOP_STORAGE_POSTGRES_READER_H

#include "pool.h"

typedef struct shop_pg_query_list {
    const shop_schema *schema;
    const shop_read *reads;
    uint32_t count;
    shop_rows *rows;
    const char *near; /* NULL; or an index, of whose words those are asked for that are spelled like the … */
    const shop_value *words; /* … read's word (spelling.h), in place of its rows */
} shop_pg_query_list;

/* How far a standby has come, in bytes of the primary's write-ahead log; 0: the server is no standby. */
#define SHOP_PG_REPLAYED                                                                                                       \
    "SELECT CASE WHEN pg_is_in_recovery() THEN coalesce((pg_last_wal_replay_lsn() - '0/0')::int8, 0) ELSE 0 END"

/*
 * A checked query. A lost link is no outcome yet: the query is sent once more. `replayed` (may be NULL) gets what SHOP_PG_REPLAYED said
 * just before, in the same round trip: the rows show at least that.
 */
int32_t shop_pg_query(shop_pg_pool *pool, const shop_storage_call *call, int64_t deadline, const shop_pg_query_list *list,
                      uint64_t *replayed, shop_fault *fault);

#endif
