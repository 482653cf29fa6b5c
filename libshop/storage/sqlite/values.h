/* SPDX-License-Identifier: MIT */
/* A list of values as a table that SQL can read: `column IN (SELECT value FROM shop_values(?))`, for lists of any length. */
#ifndef SHOP_STORAGE_SQLITE_VALUES_H
#define SHOP_STORAGE_SQLITE_VALUES_H

#include <sqlite3.h>

#include <shop/sys/storage.h>

#define SHOP_SQLITE_VALUES "shop_values"

/* Values that lie `stride` apart: a list, or a column of rows. */
typedef struct shop_sqlite_list {
    const shop_value *first;
    uint32_t count;
    uint32_t stride;
} shop_sqlite_list;

/* Makes the table known to a connection; an SQLite result code. */
int shop_sqlite_values_install(sqlite3 *db);

/* Binds a copy of the list's head; the values must live until the statement is reset. An SQLite result code. */
int shop_sqlite_values_bind(sqlite3_stmt *statement, int parameter, const shop_sqlite_list *list);

#endif
