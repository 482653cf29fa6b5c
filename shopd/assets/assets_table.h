/* SPDX-License-Identifier: MIT
 * assets_table.h: what embed.cmake generates and assets.c searches; nobody else includes it. */
#ifndef SHOPD_ASSETS_TABLE_H
#define SHOPD_ASSETS_TABLE_H

#include "assets.h"

/* Sorted by path in byte order, without duplicates. */
extern const asset asset_table[];
extern const size_t asset_table_length;

#endif
