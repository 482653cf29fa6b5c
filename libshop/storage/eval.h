/* SPDX-License-Identifier: MIT */
/* What predicates, orders, pages and aggregates mean: the rules of <shop/sys/storage.h> over rows in memory. Pure functions. */
#ifndef SHOP_STORAGE_EVAL_H
#define SHOP_STORAGE_EVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <shop/sys/storage.h>

/*
 * A row is an array of values, one a column. Predicates given to this file are well-formed (check.h), VALUE_REFs are replaced by what they
 * stand for, and IN and IN_READ by this operation, whose values shop_eval_sort_values made ascending and distinct.
 */
#define SHOP_EVAL_IN_SORTED 100u

/* Below 0, 0, above 0. NULL comes before all; numbers by size; texts and blobs by bytes. */
int shop_eval_compare(const shop_value *a, const shop_value *b);

/* Sorts, drops NULLs and repetitions; returns how many are left. */
uint32_t shop_eval_sort_values(shop_value *values, uint32_t count);

bool shop_eval_passes(const shop_value *row, const shop_pred *preds, size_t count);

/* How well the text meets the words (see shop_order_by); 0 when either is NULL. */
int64_t shop_eval_rank(const shop_value *text, const shop_value *words);

/*
 * Brings the rows that order, after, offset and limit of the read select to the front of `rows`, in order; returns their number.
 * Needs no memory.
 */
size_t shop_eval_page(const shop_read *read, const shop_value **rows, size_t count);

/* How many rows the aggregated read returns; sorts `rows` by its group. */
size_t shop_eval_group_count(const shop_read *read, const shop_value **rows, size_t count);

/* Values that a row of the aggregated read's result has. */
uint32_t shop_eval_width(const shop_read *read);

/*
 * The aggregates of rows that shop_eval_group_count sorted, into group_count * width values (a group's own value is not copied, it
 * points to where the row's does). False when a sum is beyond int64.
 */
bool shop_eval_aggregate(const shop_read *read, const shop_value **rows, size_t count, shop_value *out);

#endif
