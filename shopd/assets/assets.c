/* SPDX-License-Identifier: MIT
 * assets.c: looks up embedded files in the table that embed.cmake generates. */
#include "assets.h"

#include <stdlib.h>
#include <string.h>

#include "assets_table.h"

static int compare_path(const void *key, const void *element)
{
    const char *path = key;
    const asset *candidate = element;
    return strcmp(path, candidate->path);
}

const asset *asset_find(const char *path)
{
    if (path == NULL) {
        return NULL;
    }
    return bsearch(path, asset_table, asset_table_length, sizeof asset_table[0], compare_path);
}

size_t asset_count(void)
{
    return asset_table_length;
}

const asset *asset_at(size_t i)
{
    return i < asset_table_length ? &asset_table[i] : NULL;
}
