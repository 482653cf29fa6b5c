/* SPDX-License-Identifier: MIT */
/*
 * How a domain reads and changes rows: builders over the two verbs of a backend.
 *
 *   shop_query *q = shop_query_new(cx);
 *   int carts = shop_query_read(q, TABLE_CART);
 *   shop_where_int(q, CART_USER, SHOP_PRED_EQ, user);
 *   int items = shop_query_read(q, TABLE_CART_ITEM);
 *   shop_where_in_read(q, CART_ITEM_CART, carts, CART_ID);
 *   if (shop_query_run(q) != SHOP_OK) return cx->status;
 *   const shop_rows *rows = shop_query_rows(q, items);
 *
 * A builder lives in the context's arena; a failed allocation is remembered and told by run/commit.
 */
#ifndef SHOP_STORAGE_STORE_H
#define SHOP_STORAGE_STORE_H

#include "../core/ctx.h"
#include "../core/type.h"
#include "schema.h"

/* ------------------------------------------------------------------------------------------------ reading */

typedef struct shop_query shop_query;

shop_query *shop_query_new(shop_ctx *cx); /* never NULL-checked by callers: NULL is taken by every function below */

/* Begins a read of a table; the where…, order, limit calls that follow belong to it. Returns its number. */
int shop_query_read(shop_query *q, uint16_t table);
void shop_where_int(shop_query *q, uint16_t column, uint16_t op, int64_t value);
void shop_where_text(shop_query *q, uint16_t column, uint16_t op, const char *value); /* also SHOP_PRED_MATCH */
void shop_where_null(shop_query *q, uint16_t column, uint16_t op); /* NULL or NOT_NULL */
void shop_where_ints(shop_query *q, uint16_t column, const int64_t *values, size_t count); /* IN */
void shop_where_in_read(shop_query *q, uint16_t column, int read, uint16_t other);
void shop_query_order(shop_query *q, uint16_t column, int descending);
void shop_query_rank(shop_query *q, uint16_t column, int descending); /* by how well the column meets the words of the MATCH */
void shop_query_after(shop_query *q, const shop_value *values); /* one value an order column */
void shop_query_limit(shop_query *q, int64_t limit, int64_t offset);
void shop_query_columns(shop_query *q, uint64_t columns); /* bits, beside those of the order; default: all */
void shop_query_aggregate(shop_query *q, uint16_t fn, uint16_t column);
void shop_query_group_by(shop_query *q, uint16_t column);

/* The rows may come from a replica that is a little behind: what everybody may see, for somebody who is not staff. Inside a change, and
   for the program itself, it means nothing. */
void shop_query_may_be_stale(shop_query *q);

/* Runs all reads in one snapshot. SHOP_OK, SHOP_UNAVAILABLE, SHOP_NO_MEMORY, SHOP_INTERNAL; the error is told in the context. */
shop_status shop_query_run(shop_query *q);
const shop_rows *shop_query_rows(const shop_query *q, int read);

/* Does the storage know words that are spelled alike (its vtable's nearest)? It may still know none. */
int shop_query_has_nearest(const shop_ctx *cx);

/*
 * For each of `count` (1..16) words those of the column that are spelled much like it, most alike first: rows[i] has one TEXT each. 0: it
 * knows none, or cannot say now; that is no error.
 */
int shop_query_nearest(shop_ctx *cx, uint16_t table, uint16_t column, const char *const *words, uint32_t count,
                       int is_stale_good, shop_rows *rows);

/* A value of a row; the row's number must be below rows->count. NULL numbers are SHOP_UNSET, NULL texts are NULL. */
int64_t shop_row_int(const shop_rows *rows, uint32_t row, uint16_t column);
const char *shop_row_text(const shop_rows *rows, uint32_t row, uint16_t column);
const shop_value *shop_row(const shop_rows *rows, uint32_t row);

/* ------------------------------------------------------------------------------------------------ changing */

typedef struct shop_batch shop_batch;

/* Each begins an operation; the set… and guard… calls that follow belong to it. Returns its number, for shop_set_ref. */
int shop_batch_insert(shop_batch *b, uint16_t table, int64_t id);
int shop_batch_update(shop_batch *b, uint16_t table, int64_t expect);
int shop_batch_delete(shop_batch *b, uint16_t table, int64_t expect);
int shop_batch_check(shop_batch *b, uint16_t table, int64_t expect);

void shop_set_int(shop_batch *b, uint16_t column, int64_t value); /* also BOOL, TIME, MONEY */
void shop_set_text(shop_batch *b, uint16_t column, const char *value); /* NULL sets NULL */
void shop_set_blob(shop_batch *b, uint16_t column, const void *data, size_t size);
void shop_set_null(shop_batch *b, uint16_t column);
void shop_set_add(shop_batch *b, uint16_t column, int64_t value);
void shop_set_ref(shop_batch *b, uint16_t column, int op, uint16_t other);

void shop_guard_int(shop_batch *b, uint16_t column, uint16_t op, int64_t value);
void shop_guard_text(shop_batch *b, uint16_t column, uint16_t op, const char *value);
void shop_guard_null(shop_batch *b, uint16_t column, uint16_t op); /* NULL or NOT_NULL */
void shop_guard_column(shop_batch *b, uint16_t column, uint16_t op, uint16_t other, int64_t plus); /* column op other + plus */

/* A new id of a table, from a block kept in the process; SHOP_UNSET (and the error told) when there is none to be had. */
int64_t shop_new_id(shop_ctx *cx, uint16_t table);

/* ------------------------------------------------------------------------------------------------ a change */

/*
 * One attempt at a change: reads what it needs, decides, puts operations into the (empty) batch and sets *answer to the handle that
 * describes the outcome (built beforehand: ids are allocated, rows known). An error it returns is final. When it returns SHOP_OK with an
 * empty batch nothing needs to change.
 *
 * On a guard, unique key or conflict the batch did not happen because somebody was faster: the attempt is made again from
 * fresh reads — so each rule must be decided from what was read, and guarded by what was decided.
 */
typedef shop_status (*shop_attempt)(shop_ctx *cx, void *args, shop_batch *b, const void **answer);

/*
 * Runs a change: replays the stored answer when the context's idempotency key was used before; else makes attempts (bounded, with
 * jitter) until one is applied, with the answer stored under the key in the same batch. *out (may be NULL) becomes the answer.
 * `type` describes the answer; NULL when the change has none (`out` is then NULL too).
 */
shop_status shop_change_run(shop_ctx *cx, const shop_type *type, shop_attempt attempt, void *args, const void **out);

/*
 * For a change that is more than one batch (a saga): shop_change_replay at its start (*replayed = 1 with *out set when the key has an
 * answer already), shop_change_step for the inner steps (no key, no replay), shop_change_run for the last one, which stores the answer.
 */
shop_status shop_change_replay(shop_ctx *cx, const shop_type *type, const void **out, int *replayed);
shop_status shop_change_step(shop_ctx *cx, shop_attempt attempt, void *args);

/* Holds the handle's entity tag against the context's If-Match, if one is set: SHOP_OK or SHOP_PRECONDITION. For use in attempts that
   change an existing object, before deciding; the batch must guard the version that was read. */
shop_status shop_if_match(shop_ctx *cx, const shop_type *type, const void *handle);

#endif
