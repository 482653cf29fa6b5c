/* SPDX-License-Identifier: MIT */
/*
 * Looking at, making and upgrading the tables of a shop in a database: all of them in the first schema of the connection's search_path.
 *
 * Beside the tables: shop_meta (the version), shop_sequence (the next ids), and the functions shop_guard, shop_refuse, shop_lock and
 * shop_vector; and what spelling.h tells of.
 */
#ifndef SHOP_STORAGE_POSTGRES_SCHEMA_POSTGRES_H
#define SHOP_STORAGE_POSTGRES_SCHEMA_POSTGRES_H

#include "address.h"

/*
 * Opens the place: looks (changing nothing) whether it is empty, a shop, or something else; makes or upgrades what is missing, unless
 * the address is for reading only. Online: others may work meanwhile, also with the older schema. Many may do it at once: one does.
 * *spells: whether words that are spelled alike can be asked for. SHOP_STORAGE_OK, FOREIGN, NEWER, UNAVAILABLE, NO_MEMORY.
 */
int32_t shop_pg_settle(const shop_pg_address *address, const shop_schema *schema, bool *spells, shop_fault *fault);

#endif
