/* SPDX-License-Identifier: MIT */
/* The SQL of reads and operations: made once for each shape and connection, then only bound. */
#ifndef SHOP_STORAGE_SQLITE_STATEMENT_H
#define SHOP_STORAGE_SQLITE_STATEMENT_H

#include "connection.h"

/* What values may refer to. */
typedef struct shop_sqlite_scope {
    shop_sqlite_connection *connection;
    const shop_schema *schema;
    const shop_rows *rows; /* query: what the earlier reads returned, for IN_READ */
    const shop_op *ops; /* batch: for VALUE_REF … */
    const int64_t *named; /* … the id that each operation so far named; NULL: the batch has no VALUE_REF */
} shop_sqlite_scope;

/*
 * Each finds or makes a statement, with all its values bound. To be stepped, then reset, before the next is asked for. The values must
 * live until then. They return an SQLite result code.
 */
int shop_sqlite_read_statement(const shop_sqlite_scope *scope, const shop_read *read, sqlite3_stmt **statement);
int shop_sqlite_op_statement(const shop_sqlite_scope *scope, const shop_op *op, sqlite3_stmt **statement);
/* How many rows pass the operation's predicates. */
int shop_sqlite_count_statement(const shop_sqlite_scope *scope, const shop_op *op, sqlite3_stmt **statement);

/* What a VALUE_REF to a number stands for; *found is 0 when it is NULL. An SQLite result code. */
int shop_sqlite_resolve(const shop_sqlite_scope *scope, const shop_value *ref, int64_t *value, int *found);

/* The sum of a column is selected as two (high and low halves), so that it is exact: how many columns an aggregate takes. */
int shop_sqlite_aggregate_width(const shop_aggregate *aggregate);

#endif
