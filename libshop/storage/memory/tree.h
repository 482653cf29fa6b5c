/* SPDX-License-Identifier: MIT */
/* The memory backend's rows and the ordered trees they hang in: every row carries its own links, so hanging it never needs memory. */
#ifndef SHOP_STORAGE_MEMORY_TREE_H
#define SHOP_STORAGE_MEMORY_TREE_H

#include "../check.h"

typedef struct shop_row shop_row;

typedef struct shop_row_links {
    shop_row *parent;
    shop_row *left;
    shop_row *right;
} shop_row_links;

/* Never changed once made: an update hangs another row in its place. */
struct shop_row {
    shop_value *values;
    shop_row_links links[]; /* one a tree of its table */
};

/* A treap, ordered by the key's columns and then by id; rows with equal keys may hang in it, unique or not. */
typedef struct shop_tree {
    shop_row *root;
    uint32_t slot; /* which of a row's links are this tree's */
    uint32_t index; /* place in the table's indexes; SHOP_NO_COLUMN when it is none of them */
    uint16_t unique;
    uint16_t column_count;
    uint16_t columns[SHOP_MAX_KEY];
} shop_tree;

/* A row that holds copies of the values; NULL: out of memory. Freed with shop_mem_free. */
shop_row *shop_row_new(uint32_t tree_count, const shop_value *values, uint32_t column_count);

void shop_tree_insert(shop_tree *tree, shop_row *row);
void shop_tree_remove(shop_tree *tree, shop_row *row);

/* The first row whose leading columns are not below the key's; NULL: none. */
shop_row *shop_tree_seek(const shop_tree *tree, const shop_value *key, uint32_t key_count);

/* Neighbours in the order; NULL at the ends. */
shop_row *shop_tree_next(const shop_tree *tree, shop_row *row);
shop_row *shop_tree_previous(const shop_tree *tree, shop_row *row);

/* Do the leading columns of the row equal the key's? */
int shop_tree_is_at(const shop_tree *tree, const shop_row *row, const shop_value *key, uint32_t key_count);

/* A row other than this one with an equal key, NULLs being equal to nothing. */
int shop_tree_has_twin(const shop_tree *tree, shop_row *row);

/* Frees every row of the tree; other trees with the same rows must not be used any more. */
void shop_tree_free_rows(shop_tree *tree);

#endif
