/* SPDX-License-Identifier: MIT */
/* One SQL statement being written: its text, and its parameters in PostgreSQL's binary form. */
#ifndef SHOP_STORAGE_POSTGRES_SQL_H
#define SHOP_STORAGE_POSTGRES_SQL_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

#include <shop/sys/storage.h>

/* Type numbers that PostgreSQL never changes. */
#define SHOP_PG_INT8 20u
#define SHOP_PG_TEXT 25u
#define SHOP_PG_BYTEA 17u

/* Where a parameter's bytes are: the caller's own, or at an offset of `bytes`, which moves as it grows. */
typedef struct shop_pg_param {
    const char *data;
    size_t offset;
    int length;
    bool is_null;
} shop_pg_param;

/* Kept from one statement to the next: its memory is warm. Zeroed is empty. */
typedef struct shop_pg_sql {
    char *text; /* ends in NUL */
    size_t size;
    size_t room;
    char *bytes;
    size_t used;
    size_t bytes_room;
    shop_pg_param *params;
    Oid *types; /* as many as params, like the next three, which shop_pg_sql_finish fills */
    const char **values;
    int *lengths;
    int *formats;
    int count;
    int param_room;
    bool failed; /* memory ran out, or too many parameters */
} shop_pg_sql;

void shop_pg_sql_start(shop_pg_sql *sql);
void shop_pg_sql_free(shop_pg_sql *sql);
/* Makes the arrays that libpq wants; false when anything failed since the start. */
bool shop_pg_sql_finish(shop_pg_sql *sql);

/* Text. Names are quoted; a literal is a quoted string. */
void shop_pg_put(shop_pg_sql *sql, const char *text);
void shop_pg_put_name(shop_pg_sql *sql, const char *name);
void shop_pg_put_literal(shop_pg_sql *sql, const char *text);
void shop_pg_put_int(shop_pg_sql *sql, int64_t number);

/* Each writes "$n" and binds its value. `kind` is SHOP_VALUE_INT, _TEXT or _BLOB; bytes are not copied: they outlive the sending. */
void shop_pg_bind_int(shop_pg_sql *sql, int64_t number);
void shop_pg_bind_text(shop_pg_sql *sql, const char *data, size_t size);
void shop_pg_bind_value(shop_pg_sql *sql, const shop_value *value, uint32_t kind);
/* A text or array whose bytes are put together here: start, add…, bind. An array is of bytea. */
size_t shop_pg_bytes_start(const shop_pg_sql *sql);
void shop_pg_bytes_add(shop_pg_sql *sql, const char *data, size_t size);
void shop_pg_bytes_bind(shop_pg_sql *sql, Oid type, size_t offset);

/* An array of all values (no VALUE_REF among them). A text that PostgreSQL cannot hold is left out: no column equals it. */
void shop_pg_bind_list(shop_pg_sql *sql, const shop_value *values, uint32_t count, uint32_t kind);

/* Can PostgreSQL hold this text: UTF-8 without NUL? */
bool shop_pg_is_text(const shop_value *value);

#endif
