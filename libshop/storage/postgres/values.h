/* SPDX-License-Identifier: MIT */
/* Values out of binary results. */
#ifndef SHOP_STORAGE_POSTGRES_VALUES_H
#define SHOP_STORAGE_POSTGRES_VALUES_H

#include <libpq-fe.h>
#include <stdbool.h>

#include <shop/sys/storage.h>

/* A number of 2, 4 or 8 bytes; 0 for NULL. */
int64_t shop_pg_number(const PGresult *result, int row, int column);

/* A number that came as text, as sums do (numeric knows no bounds). False: beyond int64. */
bool shop_pg_decimal(const PGresult *result, int row, int column, int64_t *number);

/* How many bytes shop_pg_cell will write for it. */
size_t shop_pg_cell_size(const PGresult *result, int row, int column, uint32_t kind);

/* A value of this kind; bytes are copied to *room, which moves behind them. */
shop_value shop_pg_cell(const PGresult *result, int row, int column, uint32_t kind, char **room);

#endif
