/* SPDX-License-Identifier: MIT */
/* Where the memory backend keeps rows: the place, its tables, and how the rows that pass predicates are found. */
#ifndef SHOP_STORAGE_MEMORY_PLACE_H
#define SHOP_STORAGE_MEMORY_PLACE_H

#include <pthread.h>

#include "tree.h"

typedef struct shop_memory_table {
    shop_tree *trees; /* the first is by id; then one an index, and one a reference that no index begins with */
    uint32_t tree_count;
    uint32_t column_count;
    size_t row_count;
    int64_t next_id;
} shop_memory_table;

/* Column `column` of `from` holds ids of `to`; `tree` begins with that column. */
typedef struct shop_memory_reference {
    uint16_t from;
    uint16_t column;
    uint16_t to;
    uint16_t tree;
} shop_memory_reference;

typedef struct shop_memory_place {
    pthread_rwlock_t lock; /* rows and ids */
    char *name; /* NULL: not shared */
    size_t users;
    struct shop_memory_place *next;
    uint32_t version;
    uint32_t table_count;
    uint32_t reference_count;
    shop_memory_table *tables;
    shop_memory_reference *references;
} shop_memory_place;

/* The rows of a read or an operation, in no order. */
typedef struct shop_memory_list {
    const shop_value **rows;
    size_t count;
    size_t capacity;
} shop_memory_list;

/* An empty place; NULL: out of memory. */
shop_memory_place *shop_memory_place_new(const shop_schema *schema, const char *name);
void shop_memory_place_free(shop_memory_place *place);

/* Was the place made for this schema? */
bool shop_memory_place_fits(const shop_memory_place *place, const shop_schema *schema);

/* Under the lock. */
shop_row *shop_memory_find(const shop_memory_place *place, uint16_t table, int64_t id);
void shop_memory_hang(shop_memory_table *table, shop_row *row);
void shop_memory_take_down(shop_memory_table *table, shop_row *row);

/*
 * Adds the rows that pass (see eval.h for what `preds` may contain; IN is SHOP_EVAL_IN_SORTED). SHOP_STORAGE_OK, SHOP_STORAGE_NO_MEMORY,
 * or SHOP_STORAGE_UNAVAILABLE when the deadline (0: none) passes. The list's rows are freed with shop_mem_free.
 */
int32_t shop_memory_scan(const shop_memory_table *table, const shop_pred *preds, uint32_t pred_count, int64_t deadline,
                         shop_memory_list *found);

#endif
