/* SPDX-License-Identifier: MIT */
/* Lists in pages: by number with a count, or by cursor at a cost that does not grow with depth. */
#ifndef SHOP_STORAGE_PAGE_H
#define SHOP_STORAGE_PAGE_H

#include "store.h"

/* Every list's input ends in the first three fields (see SHOP_PAGE_FIELDS in types of inputs). */
typedef struct shop_page_input {
    int64_t page; /* from 1; SHOP_UNSET: 1 */
    int64_t page_size; /* 1..100; SHOP_UNSET: 10 */
    const char *cursor; /* NULL: by number; "": the first page by cursor */
    const char *words; /* NULL, or those of the filter's MATCH: rows whose column `rank` meets them best come first, and then in
                          the ordering's order */
    uint16_t rank;
    const char *carried; /* NULL, or what the page's cursors carry for the list: shop_page_carried gives it back */
} shop_page_input;

#define SHOP_PAGE_SIZE_DEFAULT 10
#define SHOP_PAGE_SIZE_MAX 100

/* One way to order a list. The id is always added as the last column, in the same direction. */
typedef struct shop_ordering {
    const char *name; /* "-created_at"; NULL ends a table of orderings */
    uint16_t column;
    uint16_t descending;
} shop_ordering;

typedef struct shop_page_read {
    int count_read; /* -1 when paged by cursor */
    int rows_read; /* what other reads refer to: the rows of this page and perhaps one more (see shop_page_rows) */
    shop_page_input in;
    const shop_ordering *ordering;
    int backward; /* a previous-cursor: rows come in reverse */
    uint16_t table;
} shop_page_read;

/*
 * Adds to the query what a page needs: `filter` is called once for each read (count and rows) to add the list's predicates.
 * SHOP_OK; SHOP_INVALID (page, page_size, cursor out of order; the error is told).
 */
shop_status shop_page_begin(shop_ctx *cx, shop_query *q, uint16_t table, const shop_ordering *ordering,
                            const shop_page_input *in, void (*filter)(shop_query *q, const void *args), const void *args,
                            shop_page_read *out);

/*
 * After shop_query_run: the rows that are on the page, in their order. *rows: array of *count pointers to rows (values).
 * SHOP_NOT_FOUND "page_not_found" beyond the end (page 1 of an empty list is fine). *page gets everything but its items.
 */
shop_status shop_page_rows(shop_ctx *cx, const shop_query *q, const shop_page_read *read, const shop_value *const **rows,
                           size_t *count, shop_page **page);

/* After shop_query_run: is it the first page of a list without rows? */
int shop_page_is_empty_list(const shop_query *q, const shop_page_read *read);

/* What the list gave its cursors to carry, from one of them that a client sent: any text. NULL: nothing, or it is no cursor. */
const char *shop_page_carried(shop_ctx *cx, const char *cursor);

/* Gives the page its items: an array of `count` structs of `type`, in the arena. */
void shop_page_set_items(shop_page *page, const shop_type *type, const void *items);

/* Item i, or NULL beyond the end or when the page holds another type. */
const void *shop_page_item(const shop_page *page, const shop_type *type, size_t i);

/* Finds an ordering by name in a NULL-ended table; NULL when there is none. A NULL name is the table's first. */
const shop_ordering *shop_ordering_find(const shop_ordering *table, const char *name);

#endif
