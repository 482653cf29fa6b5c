/* SPDX-License-Identifier: MIT */
/* What a backend asks before it works: is the call well-formed, and does a value keep its column's own rule? Pure functions. */
#ifndef SHOP_STORAGE_CHECK_H
#define SHOP_STORAGE_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <shop/sys/storage.h>

#include "fault.h"

#define SHOP_MAX_READS 16u
#define SHOP_MAX_COLUMNS 64u
#define SHOP_MAX_KEY 4u /* columns of an index */
#define SHOP_MAX_ID ((INT64_C(1) << 53) - 1)
#define SHOP_MAX_ALLOCATE 100000u

/* SHOP_VALUE_INT, _TEXT or _BLOB: what a column of this type holds. */
uint32_t shop_check_kind(uint16_t column_type);

/* SHOP_STORAGE_OK or SHOP_STORAGE_INVALID with the fault set. */
int32_t shop_check_schema(const shop_schema *schema, shop_fault *fault);
int32_t shop_check_query(const shop_schema *schema, const shop_storage_call *call, const shop_read *reads, uint32_t count,
                         const shop_rows *rows, shop_fault *fault);
int32_t shop_check_batch(const shop_schema *schema, const shop_storage_call *call, const shop_op_list *list, shop_fault *fault);

/* The WORDS index whose words `nearest` is asked for; NULL: the call is malformed, or there is none. */
const shop_index *shop_check_nearest(const shop_schema *schema, const shop_storage_call *call, uint32_t table, uint32_t column,
                                     const shop_value *words, uint32_t count, const shop_rows *rows);

/* Is there this optional slot, which begins at `place` of the table? A table of an older header may end before it. */
bool shop_check_slot(const shop_storage_vtable *vt, size_t place);

bool shop_check_reserve(const shop_schema *schema, uint32_t table, int64_t id, const int64_t *highest);

/* What stands at the call's end, if the caller has it. */
bool shop_call_may_be_stale(const shop_storage_call *call);
uint64_t *shop_call_position(const shop_storage_call *call); /* NULL: none */

/* Does this operation name one row by its id (INSERT, or an EQ predicate on `id`), so that a VALUE_REF may point to it? The value of that
   id, or NULL. */
const shop_value *shop_check_named_id(const shop_op *op);

/* The words of the first MATCH among the predicates, which ranks are counted by; NULL: there is none. */
const shop_value *shop_check_ranked_words(const shop_pred *preds, uint16_t count);

/* Why the column may not hold the value (SHOP_STORAGE_CONSTRAINT); NULL when it may. */
const char *shop_check_value(const shop_column *column, const shop_value *value);

/* … or the row, whose values each keep their column's rule. */
const char *shop_check_row(const shop_table *table, const shop_value *row);

/* What a column of a row holds that does not set it. */
shop_value shop_check_default(const shop_column *column);

#endif
