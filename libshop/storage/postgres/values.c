/* SPDX-License-Identifier: MIT */
/* Reading binary results. */
#include "values.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int64_t shop_pg_number(const PGresult *result, int row, int column)
{
    const char *data = PQgetvalue(result, row, column);
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (PQgetlength(result, row, column)) {
    case 2:
        memcpy(&two, data, sizeof two);
        return (int16_t)be16toh(two);
    case 4:
        memcpy(&four, data, sizeof four);
        return (int32_t)be32toh(four);
    case 8:
        memcpy(&eight, data, sizeof eight);
        return (int64_t)be64toh(eight);
    default:
        return 0;
    }
}

bool shop_pg_decimal(const PGresult *result, int row, int column, int64_t *number)
{
    char *end = NULL;
    errno = 0;
    long long read = strtoll(PQgetvalue(result, row, column), &end, 10);
    *number = read;
    return errno == 0 && *end == '\0';
}

size_t shop_pg_cell_size(const PGresult *result, int row, int column, uint32_t kind)
{
    return kind == SHOP_VALUE_INT ? 0 : (size_t)PQgetlength(result, row, column) + 1;
}

shop_value shop_pg_cell(const PGresult *result, int row, int column, uint32_t kind, char **room)
{
    if (PQgetisnull(result, row, column))
        return (shop_value){.type = SHOP_VALUE_NULL};
    if (kind == SHOP_VALUE_INT)
        return (shop_value){.type = SHOP_VALUE_INT, .num = shop_pg_number(result, row, column)};
    size_t size = (size_t)PQgetlength(result, row, column);
    char *copy = *room;
    memcpy(copy, PQgetvalue(result, row, column), size);
    copy[size] = '\0';
    *room += size + 1;
    return (shop_value){.type = kind, .size = (uint32_t)size, .data = copy};
}
