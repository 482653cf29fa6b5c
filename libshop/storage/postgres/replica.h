/* SPDX-License-Identifier: MIT */
/*
 * Reads that may be stale, on streaming standbys.
 *
 * How far a server is, is a position of the primary's write-ahead log; clocks are not compared. The primary's is asked several times in
 * the time that an answer may be old: a replica that has replayed what the primary had, say, four seconds ago shows all that is older than
 * that. A primary on which nothing happens stands still, and its replicas are fresh.
 *
 * Whether a replica will do is guessed from what was last heard of it, and then proven: with the rows, in the same round trip, comes how
 * far the server was. A guess that was wrong costs that round trip; nothing is remembered that a rebuilt or exchanged server could belie.
 *
 * Servers are looked at by threads of their own, so that no request waits for one that does not answer. While the primary does not
 * answer, replicas that hold all that was last seen of it go on serving.
 */
#ifndef SHOP_STORAGE_POSTGRES_REPLICA_H
#define SHOP_STORAGE_POSTGRES_REPLICA_H

#include "pool.h"
#include "reader.h"

typedef struct shop_pg_replicas shop_pg_replicas;

/* Of the address's replicas, at least one. All three must outlive it; `host` may be NULL. NULL: out of memory, or of threads. */
shop_pg_replicas *shop_pg_replicas_new(const shop_pg_address *address, shop_pg_pool *primary, const shop_storage_host *host);
void shop_pg_replicas_free(shop_pg_replicas *set);

/*
 * A checked query that may be stale, on a replica that is fresh enough and holds the call's position. False: there is none, or it failed:
 * the primary is to be asked, and *fault means nothing. A server that hangs costs its first victims about two seconds, others nothing.
 */
bool shop_pg_replicas_query(shop_pg_replicas *set, const shop_storage_call *call, int64_t deadline,
                            const shop_pg_query_list *list, shop_fault *fault);

void shop_pg_replicas_count(shop_pg_replicas *set, shop_storage_replicas *out);

#endif
