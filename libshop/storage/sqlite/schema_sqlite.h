/* SPDX-License-Identifier: MIT */
/* The shop's tables in an SQLite file: is it a shop's, of which version; making it; bringing it up to date. */
#ifndef SHOP_STORAGE_SQLITE_SCHEMA_H
#define SHOP_STORAGE_SQLITE_SCHEMA_H

#include "connection.h"

#define SHOP_SQLITE_APPLICATION_ID 0x73686f70 /* "shop", at byte 68 of the file */

/* The ids handed out so far. Its row '' belongs to no table: see shop_sqlite_writer. */
#define SHOP_SQLITE_SEQUENCE "shop_sequence"

typedef enum shop_sqlite_place {
    SHOP_SQLITE_FRESH, /* no file, or an empty one */
    SHOP_SQLITE_OLDER, /* a shop of an older schema */
    SHOP_SQLITE_CURRENT, /* a shop of this schema */
} shop_sqlite_place;

/*
 * Looks what is at the path without changing a byte of it or making a file beside it. SHOP_STORAGE_OK, _FOREIGN, _NEWER, _UNAVAILABLE,
 * _NO_MEMORY.
 */
int32_t shop_sqlite_look(const char *path, const shop_schema *schema, shop_sqlite_place *place, shop_fault *fault);

/* Makes the file be written through a log (WAL); it may be so already. Waits for others that use it. */
int32_t shop_sqlite_use_log(shop_sqlite_connection *c, shop_fault *fault);

/* Makes the connection's file a shop of this schema, whatever it was (FRESH or OLDER), in one transaction. Several may try at once. */
int32_t shop_sqlite_settle(shop_sqlite_connection *c, const shop_schema *schema, shop_fault *fault);

#endif
