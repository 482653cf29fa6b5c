/* SPDX-License-Identifier: MIT */
/* Finding the rows whose time has come. */
#include "due.h"

#define ID 0 /* column 0 of every table */

shop_query *shop_due_new(shop_ctx *cx, uint16_t table, uint16_t time_column, int64_t limit)
{
    shop_query *q = shop_query_new(cx);
    (void)shop_query_read(q, table);
    shop_where_int(q, time_column, SHOP_PRED_LE, shop_now(cx->shop));
    shop_query_order(q, time_column, 0);
    shop_query_limit(q, limit, 0);
    shop_query_columns(q, UINT64_C(1) << ID | UINT64_C(1) << time_column);
    return q;
}

shop_status shop_due_run(shop_ctx *cx, shop_query *q, const int64_t **ids, size_t *count)
{
    shop_status status = shop_query_run(q);
    if (status != SHOP_OK)
        return status;
    const shop_rows *rows = shop_query_rows(q, 0);
    int64_t *found = shop_arena_alloc(cx->arena, (rows->count + 1) * sizeof *found);
    if (!found)
        return shop_fail_no_memory(cx);
    for (uint32_t i = 0; i < rows->count; i++)
        found[i] = shop_row_int(rows, i, ID);
    *ids = found;
    *count = rows->count;
    return SHOP_OK;
}
