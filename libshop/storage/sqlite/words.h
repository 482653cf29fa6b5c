/* SPDX-License-Identifier: MIT */
/*
 * SHOP_PRED_MATCH in SQLite: an FTS5 tokenizer whose words are exactly what stands between spaces, byte by byte (the built-in ones
 * fold case and cut at punctuation), and the query text that finds all rows with words of given beginnings.
 */
#ifndef SHOP_STORAGE_SQLITE_WORDS_H
#define SHOP_STORAGE_SQLITE_WORDS_H

#include <sqlite3.h>

#include <shop/sys/storage.h>

#define SHOP_SQLITE_TOKENIZER "shop_words"
#define SHOP_SQLITE_MATCH_FUNCTION "shop_match" /* (column, words): the same by looking at the text, without an index */

#define SHOP_SQLITE_RANK_FUNCTION "shop_rank" /* (column, words): see shop_order_by */

/* Makes the tokenizer and the functions known to a connection; an SQLite result code. */
int shop_sqlite_words_install(sqlite3 *db);

typedef enum shop_sqlite_match {
    SHOP_SQLITE_MATCH_NOTHING, /* the words are NULL */
    SHOP_SQLITE_MATCH_ALL, /* there are no words */
    SHOP_SQLITE_MATCH_INDEX, /* the index answers */
    SHOP_SQLITE_MATCH_SCAN, /* only the function does: the words are beyond what FTS5 takes, or not known yet (VALUE_REF) */
} shop_sqlite_match;

/* How the words can be found. */
shop_sqlite_match shop_sqlite_match_kind(const shop_value *words);

/* The FTS5 query for MATCH_INDEX, to be freed by sqlite3_free; NULL when memory is out. */
char *shop_sqlite_match_query(const shop_value *words);

#endif
