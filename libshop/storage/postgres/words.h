/* SPDX-License-Identifier: MIT */
/*
 * SHOP_PRED_MATCH in PostgreSQL. The lexemes of a row are exactly what stands between spaces (SHOP_PG_VECTOR makes a tsvector of them,
 * without parser, stems or stop words), and a query is made of prefixes, which PostgreSQL compares byte by byte.
 */
#ifndef SHOP_STORAGE_POSTGRES_WORDS_H
#define SHOP_STORAGE_POSTGRES_WORDS_H

#include "sql.h"

#define SHOP_PG_VECTOR "shop_vector" /* a function that schema_postgres.c makes; a GIN index is over it */
#define SHOP_PG_WORD_MAX 255 /* characters of a word that it takes: a lexeme must stay below 2 kB */

/* Writes the condition that `column` has words that begin with those of the value. */
void shop_pg_put_match(shop_pg_sql *sql, const char *column, const shop_value *words);

/* Writes the column's rank by the words (UTF-8); see shop_order_by. */
void shop_pg_put_rank(shop_pg_sql *sql, const char *column, const shop_value *words);

/* Begins and ends the condition around an expression that the caller writes: the words are known to the server only. */
void shop_pg_put_scan_start(shop_pg_sql *sql, const char *column);
void shop_pg_put_scan_end(shop_pg_sql *sql);

#endif
