/* SPDX-License-Identifier: MIT */
/*
 * The PostgreSQL backend: a shop in a database, "postgresql://…" or "postgres://…", as libpq reads it (several hosts, TLS modes,
 * options=-csearch_path=…), with parameters of our own: shop_pool=N (connections at most; 16), shop_prepare=off (behind a pooler
 * that hands a connection to others after each transaction), and shop_replicas=HOST,… with shop_replica_lag=SECONDS (replica.h).
 *
 * A query is one round trip, a batch is one round trip (batch_postgres.c says how it is guarded). What is durable: a batch whose apply
 * returned SHOP_STORAGE_OK is committed with synchronous_commit on, or as the database says where it says more.
 *
 * Any number of instances, processes and machines may share a database; each shop has a schema of its own.
 *
 * Where the interface leaves a choice this backend does what the SQLite backend does: unique keys hold after each row of an operation;
 * references are checked at the end of a batch. Of several faults of one operation the one is told that PostgreSQL meets first.
 *
 * BOOL columns are smallint (0 or 1) and times bigint: both may be compared with and added to numbers, and every int64 is a time.
 */
#ifndef SHOP_STORAGE_POSTGRES_H
#define SHOP_STORAGE_POSTGRES_H

#include <shop/sys/storage.h>

const shop_storage_vtable *shop_storage_postgresql(void);

#endif
