/* SPDX-License-Identifier: MIT */
/*
 * Words that are spelled alike, by the extension pg_trgm where it is there or can be made.
 *
 * Beside the tables of a shop stand then: shop_word (each word of the columns with a WORDS index, under the index's name; words are added
 * and never taken away), the trigger shop_learn_INDEX of each such table, and the functions shop_learn and shop_near. shop_meta says
 * under 'spelling' for which version of the schema all of it was made. A shop without it lacks nothing else.
 */
#ifndef SHOP_STORAGE_POSTGRES_SPELLING_H
#define SHOP_STORAGE_POSTGRES_SPELLING_H

#include <stdbool.h>

#include "sql.h"

typedef enum shop_pg_spelling {
    SHOP_PG_SPELLING_NONE, /* it is not there, and nothing can be done about it */
    SHOP_PG_SPELLING_WANTED, /* it can be made, or made anew */
    SHOP_PG_SPELLING_READY,
} shop_pg_spelling;

/* What of it is there, on a bare connection. Asks nothing that the server would call an error. */
shop_pg_spelling shop_pg_spelling_look(PGconn *pg, const shop_schema *schema);

/* Makes what is wanted, online; alone in this place. What cannot be made is left for the next start. */
void shop_pg_spelling_make(PGconn *pg, const shop_schema *schema);

/* Writes the question for the words of an index that are spelled much like one: text, the most alike first. */
void shop_pg_put_near(shop_pg_sql *sql, const char *index, const shop_value *word);

#endif
