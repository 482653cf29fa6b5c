/* SPDX-License-Identifier: MIT */
/* Rows and treaps. A treap's shape follows from pseudo-random priorities of its rows, which keeps it balanced. */
#include "tree.h"

#include <string.h>

#include "../../core/mem.h"
#include "../eval.h"

static bool row_size(uint32_t tree_count, const shop_value *values, uint32_t column_count, size_t *size)
{
    *size = sizeof(shop_row) + tree_count * sizeof(shop_row_links) + column_count * sizeof(shop_value);
    for (uint32_t i = 0; i < column_count; i++) {
        bool has_bytes = values[i].type == SHOP_VALUE_TEXT || values[i].type == SHOP_VALUE_BLOB;
        if (has_bytes && __builtin_add_overflow(*size, (size_t)values[i].size + 1, size))
            return false;
    }
    return true;
}

shop_row *shop_row_new(uint32_t tree_count, const shop_value *values, uint32_t column_count)
{
    size_t size;
    shop_row *row = row_size(tree_count, values, column_count, &size) ? shop_mem_alloc(size) : NULL;
    if (!row)
        return NULL;
    memset(row->links, 0, tree_count * sizeof(shop_row_links));
    row->values = (shop_value *)(void *)(row->links + tree_count);
    memcpy(row->values, values, column_count * sizeof(shop_value));
    char *bytes = (char *)(row->values + column_count);
    for (uint32_t i = 0; i < column_count; i++) {
        shop_value *value = &row->values[i];
        if (value->type != SHOP_VALUE_TEXT && value->type != SHOP_VALUE_BLOB)
            continue;
        if (value->size)
            memcpy(bytes, value->data, value->size);
        bytes[value->size] = '\0';
        value->data = bytes;
        bytes += (size_t)value->size + 1;
    }
    return row;
}

/* ------------------------------------------------------------------------------------------------ order */

static int compare_keys(const shop_tree *tree, const shop_row *a, const shop_row *b)
{
    for (uint16_t i = 0; i < tree->column_count; i++) {
        int difference = shop_eval_compare(&a->values[tree->columns[i]], &b->values[tree->columns[i]]);
        if (difference)
            return difference;
    }
    return 0;
}

static int compare_in_tree(const shop_tree *tree, const shop_row *a, const shop_row *b)
{
    int difference = compare_keys(tree, a, b);
    return difference ? difference : shop_eval_compare(&a->values[0], &b->values[0]);
}

static int compare_to_key(const shop_tree *tree, const shop_row *row, const shop_value *key, uint32_t key_count)
{
    for (uint32_t i = 0; i < key_count; i++) {
        int difference = shop_eval_compare(&row->values[tree->columns[i]], &key[i]);
        if (difference)
            return difference;
    }
    return 0;
}

/* The finalizer of splitmix64. */
static uint64_t priority(const shop_tree *tree, const shop_row *row)
{
    uint64_t x = (uint64_t)row->values[0].num + (uint64_t)tree->slot * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* ------------------------------------------------------------------------------------------------ shape */

static shop_row_links *links_of(const shop_tree *tree, shop_row *row)
{
    return &row->links[tree->slot];
}

/* Puts `child` (which may be NULL) where `row` hangs. */
static void hang_instead(shop_tree *tree, shop_row *row, shop_row *child)
{
    shop_row *parent = links_of(tree, row)->parent;
    if (!parent)
        tree->root = child;
    else if (links_of(tree, parent)->left == row)
        links_of(tree, parent)->left = child;
    else
        links_of(tree, parent)->right = child;
    if (child)
        links_of(tree, child)->parent = parent;
}

/* The row and its parent change places; the order stays. */
static void rotate_up(shop_tree *tree, shop_row *row)
{
    shop_row_links *mine = links_of(tree, row);
    shop_row *parent = mine->parent;
    shop_row_links *above = links_of(tree, parent);
    hang_instead(tree, parent, row);
    shop_row *moved;
    if (above->left == row) {
        moved = mine->right;
        above->left = moved;
        mine->right = parent;
    } else {
        moved = mine->left;
        above->right = moved;
        mine->left = parent;
    }
    if (moved)
        links_of(tree, moved)->parent = parent;
    above->parent = row;
}

void shop_tree_insert(shop_tree *tree, shop_row *row)
{
    shop_row *parent = NULL;
    shop_row **place = &tree->root;
    while (*place) {
        parent = *place;
        shop_row_links *links = links_of(tree, parent);
        place = compare_in_tree(tree, row, parent) < 0 ? &links->left : &links->right;
    }
    *place = row;
    *links_of(tree, row) = (shop_row_links){.parent = parent};
    while (links_of(tree, row)->parent && priority(tree, row) > priority(tree, links_of(tree, row)->parent))
        rotate_up(tree, row);
}

void shop_tree_remove(shop_tree *tree, shop_row *row)
{
    shop_row_links *links = links_of(tree, row);
    while (links->left && links->right)
        rotate_up(tree, priority(tree, links->left) > priority(tree, links->right) ? links->left : links->right);
    hang_instead(tree, row, links->left ? links->left : links->right);
    *links = (shop_row_links){.parent = NULL};
}

/* ------------------------------------------------------------------------------------------------ walking */

shop_row *shop_tree_seek(const shop_tree *tree, const shop_value *key, uint32_t key_count)
{
    shop_row *found = NULL;
    for (shop_row *row = tree->root; row;) {
        if (compare_to_key(tree, row, key, key_count) >= 0) {
            found = row;
            row = links_of(tree, row)->left;
        } else {
            row = links_of(tree, row)->right;
        }
    }
    return found;
}

shop_row *shop_tree_next(const shop_tree *tree, shop_row *row)
{
    if (links_of(tree, row)->right) {
        row = links_of(tree, row)->right;
        while (links_of(tree, row)->left)
            row = links_of(tree, row)->left;
        return row;
    }
    shop_row *parent = links_of(tree, row)->parent;
    while (parent && links_of(tree, parent)->right == row) {
        row = parent;
        parent = links_of(tree, row)->parent;
    }
    return parent;
}

shop_row *shop_tree_previous(const shop_tree *tree, shop_row *row)
{
    if (links_of(tree, row)->left) {
        row = links_of(tree, row)->left;
        while (links_of(tree, row)->right)
            row = links_of(tree, row)->right;
        return row;
    }
    shop_row *parent = links_of(tree, row)->parent;
    while (parent && links_of(tree, parent)->left == row) {
        row = parent;
        parent = links_of(tree, row)->parent;
    }
    return parent;
}

int shop_tree_is_at(const shop_tree *tree, const shop_row *row, const shop_value *key, uint32_t key_count)
{
    return compare_to_key(tree, row, key, key_count) == 0;
}

int shop_tree_has_twin(const shop_tree *tree, shop_row *row)
{
    for (uint16_t i = 0; i < tree->column_count; i++) {
        if (row->values[tree->columns[i]].type == SHOP_VALUE_NULL)
            return 0;
    }
    const shop_row *next = shop_tree_next(tree, row);
    const shop_row *previous = shop_tree_previous(tree, row);
    return (next && compare_keys(tree, row, next) == 0) || (previous && compare_keys(tree, row, previous) == 0);
}

void shop_tree_free_rows(shop_tree *tree)
{
    shop_row *row = tree->root;
    while (row) {
        shop_row_links *links = links_of(tree, row);
        shop_row *child = links->left ? links->left : links->right;
        if (child) {
            row = child;
            continue;
        }
        shop_row *parent = links->parent;
        hang_instead(tree, row, NULL);
        shop_mem_free(row);
        row = parent;
    }
}
