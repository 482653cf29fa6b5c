/* SPDX-License-Identifier: MIT */
/* A place of a test's own in a PostgreSQL database: a schema that is made for it, named by a URL, and dropped after. */
#ifndef TESTS_POSTGRES_PLACE_H
#define TESTS_POSTGRES_PLACE_H

#include <stddef.h>
#include <stdint.h>

/* The database that SHOP_TEST_POSTGRES names. Ends the program when it names none. */
const char *postgres_place_database(void);

/* Makes one in the database, and writes its URL. Ends the program when it cannot. */
void postgres_place_make(const char *database, char *url, size_t size);
void postgres_place_drop(const char *url);
const char *postgres_place_schema(const char *url);

/* Runs statements where the URL leads; the first value of the last one's result as a number, 0 when there is none. Ends the program when
   they fail. */
int64_t postgres_place_run(const char *url, const char *sql);

#endif
