/* SPDX-License-Identifier: MIT */
/* One SQLite connection: its settings, the statements it keeps prepared, and what its errors mean. One thread at a time. */
#ifndef SHOP_STORAGE_SQLITE_CONNECTION_H
#define SHOP_STORAGE_SQLITE_CONNECTION_H

#include <sqlite3.h>
#include <stdbool.h>

#include <shop/sys/storage.h>

#define SHOP_SQLITE_SETS 32u
#define SHOP_SQLITE_WAYS 8u /* 256 statements a connection at most */

typedef struct shop_sqlite_cached {
    uint64_t key;
    uint64_t used;
    sqlite3_stmt *statement;
} shop_sqlite_cached;

typedef struct shop_sqlite_connection {
    sqlite3 *db;
    int64_t deadline; /* when to give up what runs now, and waiting for locks; 0: never. Opening sets one of its own */
    uint64_t clock; /* of the statements' use */
    uint64_t prepared; /* how many statements were ever made: for the tests */
    shop_sqlite_cached statements[SHOP_SQLITE_SETS][SHOP_SQLITE_WAYS];
} shop_sqlite_connection;

typedef enum shop_sqlite_role { SHOP_SQLITE_READS, SHOP_SQLITE_WRITES } shop_sqlite_role;

/* Opens the file at `path`; a writing connection creates it. On failure the connection is closed and the fault set. */
int32_t shop_sqlite_connect(shop_sqlite_connection *c, const char *path, shop_sqlite_role role, shop_fault *fault);

/* Closes; one that was never opened (all zero) is fine. */
void shop_sqlite_disconnect(shop_sqlite_connection *c);

/* Runs SQL text that returns no rows; an SQLite result code. */
int shop_sqlite_run(shop_sqlite_connection *c, const char *sql);

/* The statement kept under the key, or NULL. */
sqlite3_stmt *shop_sqlite_find(shop_sqlite_connection *c, uint64_t key);

/* Prepares `text` (freed here; NULL: memory was out) and keeps it under the key: an SQLite result code. The statement lives at least
   until SHOP_SQLITE_WAYS - 1 others were made. */
int shop_sqlite_make(shop_sqlite_connection *c, uint64_t key, char *text, sqlite3_stmt **statement);

/* As the two above, for fixed texts that return at most one integer; `value` may be NULL. An SQLite result code: ROW or DONE are OK. */
int shop_sqlite_step_fixed(shop_sqlite_connection *c, const char *text, int64_t *value);

/* The SHOP_STORAGE_ outcome of an SQLite result code that is an error. */
int32_t shop_sqlite_outcome(int code);

/* Sets the fault from an SQLite result code that is an error. */
int32_t shop_sqlite_fail(shop_fault *fault, int code, uint32_t op);

#endif
