/* SPDX-License-Identifier: MIT */
/* Building and running reads. */
#include <string.h>

#include "check.h"
#include "emulate.h"
#include "position.h"
#include "shape.h"
#include "store.h"

#define READS_MAX 16
#define PREDS_MAX 12
#define ORDER_MAX 4
#define AGGREGATES_MAX 8
#define QUERY_ATTEMPTS 5

typedef struct read_builder {
    shop_read read;
    shop_pred preds[PREDS_MAX];
    shop_value values[PREDS_MAX]; /* the single value of each predicate that has one */
    shop_order_by order[ORDER_MAX];
    shop_aggregate aggregates[AGGREGATES_MAX];
} read_builder;

struct shop_query {
    shop_ctx *cx;
    shop_status status; /* the first thing that went wrong while building */
    int may_be_stale;
    int count;
    read_builder *reads[READS_MAX];
    shop_rows rows[READS_MAX];
};

shop_query *shop_query_new(shop_ctx *cx)
{
    shop_query *q = shop_arena_alloc(cx->arena, sizeof *q);
    if (!q) {
        shop_fail_no_memory(cx);
        return NULL;
    }
    q->cx = cx;
    q->status = SHOP_OK;
    q->may_be_stale = 0;
    q->count = 0;
    return q;
}

static read_builder *current(shop_query *q)
{
    return q && q->status == SHOP_OK && q->count > 0 ? q->reads[q->count - 1] : NULL;
}

int shop_query_read(shop_query *q, uint16_t table)
{
    if (!q || q->status != SHOP_OK)
        return 0;
    read_builder *r = q->count < READS_MAX ? shop_arena_alloc(q->cx->arena, sizeof *r) : NULL;
    if (!r) {
        q->status = q->count < READS_MAX ? SHOP_NO_MEMORY : SHOP_INTERNAL;
        return 0;
    }
    r->read = (shop_read){
        .table = table,
        .group_by = SHOP_NO_COLUMN,
        .columns = UINT64_MAX >> (64 - shop_schema_current()->tables[table].column_count),
        .preds = r->preds,
        .order = r->order,
        .limit = -1,
        .aggregates = r->aggregates,
    };
    q->reads[q->count] = r;
    return q->count++;
}

static shop_pred *add_pred(shop_query *q, uint16_t column, uint16_t op)
{
    read_builder *r = current(q);
    if (!r)
        return NULL;
    if (r->read.pred_count == PREDS_MAX) {
        q->status = SHOP_INTERNAL;
        return NULL;
    }
    shop_pred *p = &r->preds[r->read.pred_count++];
    *p = (shop_pred){.column = column, .op = op, .other = SHOP_NO_COLUMN};
    return p;
}

static void add_value_pred(shop_query *q, uint16_t column, uint16_t op, shop_value value)
{
    shop_pred *p = add_pred(q, column, op);
    if (!p)
        return;
    read_builder *r = q->reads[q->count - 1];
    shop_value *slot = &r->values[p - r->preds];
    *slot = value;
    p->values = slot;
    p->value_count = 1;
}

void shop_where_int(shop_query *q, uint16_t column, uint16_t op, int64_t value)
{
    add_value_pred(q, column, op, (shop_value){.type = SHOP_VALUE_INT, .num = value});
}

void shop_where_text(shop_query *q, uint16_t column, uint16_t op, const char *value)
{
    add_value_pred(q, column, op, shop_value_text(value));
}

void shop_where_null(shop_query *q, uint16_t column, uint16_t op)
{
    (void)add_pred(q, column, op);
}

/* Counts are rounded up to powers of two by repeating a value, so that few shapes need preparing. */
void shop_where_ints(shop_query *q, uint16_t column, const int64_t *values, size_t count)
{
    shop_pred *p = add_pred(q, column, SHOP_PRED_IN);
    if (!p || count == 0)
        return;
    size_t padded = 1;
    while (padded < count)
        padded *= 2;
    shop_value *copy = count <= UINT32_MAX / 2 ? shop_arena_alloc(q->cx->arena, padded * sizeof *copy) : NULL;
    if (!copy) {
        q->status = SHOP_NO_MEMORY;
        return;
    }
    for (size_t i = 0; i < padded; i++)
        copy[i] = (shop_value){.type = SHOP_VALUE_INT, .num = values[i < count ? i : count - 1]};
    p->values = copy;
    p->value_count = (uint32_t)padded;
}

void shop_where_in_read(shop_query *q, uint16_t column, int read, uint16_t other)
{
    shop_pred *p = add_pred(q, column, SHOP_PRED_IN_READ);
    if (!p)
        return;
    p->read = (uint16_t)read;
    p->other = other;
    q->reads[read]->read.columns |= UINT64_C(1) << other;
}

void shop_query_order(shop_query *q, uint16_t column, int descending)
{
    read_builder *r = current(q);
    if (!r)
        return;
    if (r->read.order_count == ORDER_MAX) {
        q->status = SHOP_INTERNAL;
        return;
    }
    r->order[r->read.order_count++] = (shop_order_by){.column = column, .descending = descending ? 1 : 0};
    r->read.columns |= UINT64_C(1) << column;
}

void shop_query_rank(shop_query *q, uint16_t column, int descending)
{
    read_builder *r = current(q);
    shop_query_order(q, column, descending);
    if (r && q->status == SHOP_OK)
        r->order[r->read.order_count - 1].by_rank = 1;
}

void shop_query_after(shop_query *q, const shop_value *values)
{
    read_builder *r = current(q);
    if (r)
        r->read.after = values;
}

void shop_query_limit(shop_query *q, int64_t limit, int64_t offset)
{
    read_builder *r = current(q);
    if (!r)
        return;
    r->read.limit = limit;
    r->read.offset = offset;
}

void shop_query_columns(shop_query *q, uint64_t columns)
{
    read_builder *r = current(q);
    if (!r)
        return;
    r->read.columns = columns | 1; /* the id costs nothing and joins everything */
    for (uint16_t i = 0; i < r->read.order_count; i++)
        r->read.columns |= UINT64_C(1) << r->order[i].column;
}

void shop_query_aggregate(shop_query *q, uint16_t fn, uint16_t column)
{
    read_builder *r = current(q);
    if (!r)
        return;
    if (r->read.aggregate_count == AGGREGATES_MAX) {
        q->status = SHOP_INTERNAL;
        return;
    }
    r->aggregates[r->read.aggregate_count++] = (shop_aggregate){.fn = fn, .column = column};
}

void shop_query_group_by(shop_query *q, uint16_t column)
{
    read_builder *r = current(q);
    if (!r)
        return;
    r->read.group_by = column;
    r->read.columns |= UINT64_C(1) << column;
}

static int may_be_stale(const shop_ctx *cx)
{
    return !cx->changing && cx->actor != SHOP_ACTOR_SYSTEM;
}

void shop_query_may_be_stale(shop_query *q)
{
    if (q)
        q->may_be_stale = may_be_stale(q->cx);
}

/* ------------------------------------------------------------------------------------------------ running */

static shop_storage_call reading_call(shop_ctx *cx, int is_stale_good, uint64_t *position)
{
    *position = is_stale_good ? shop_position_needed(cx) : SHOP_POSITION_LATEST;
    return (shop_storage_call){
        .struct_size = sizeof(shop_storage_call),
        .alloc = shop_arena_alloc_for_storage,
        .arena = cx->arena,
        .deadline = shop_ctx_deadline(cx),
        .flags = is_stale_good ? SHOP_CALL_MAY_BE_STALE : 0,
        .position = position,
    };
}

static shop_status fail_query(shop_ctx *cx, const shop_fault *fault)
{
    if (fault->outcome == SHOP_STORAGE_NO_MEMORY)
        return shop_fail_no_memory(cx);
    if (fault->outcome == SHOP_STORAGE_CONFLICT)
        return shop_fail(cx, SHOP_BUSY, "storage_busy", "Too much is going on at once. Please try again.");
    if (fault->outcome == SHOP_STORAGE_UNAVAILABLE)
        return shop_fail(cx, SHOP_UNAVAILABLE, "storage_unavailable", "The shop's storage cannot be reached right now.");
    shop_log(cx->shop, SHOP_LOG_ERROR, "storage: query failed, outcome %d: %s", (int)fault->outcome, fault->detail);
    return shop_fail(cx, SHOP_INTERNAL, "internal_error", "Something went wrong on our side.");
}

shop_status shop_query_run(shop_query *q)
{
    if (!q)
        return SHOP_NO_MEMORY; /* told by shop_query_new */
    shop_ctx *cx = q->cx;
    if (q->status == SHOP_NO_MEMORY)
        return shop_fail_no_memory(cx);
    if (q->status != SHOP_OK)
        return shop_fail(cx, SHOP_INTERNAL, "internal_error", "A query has too many parts.");
    shop_read reads[READS_MAX];
    for (int i = 0; i < q->count; i++) {
        reads[i] = q->reads[i]->read;
        reads[i].shape = shop_shape_of_read(&reads[i]);
    }
    uint64_t position;
    const shop_storage_call call = reading_call(cx, q->may_be_stale, &position);
    shop_fault fault = {.outcome = SHOP_STORAGE_CONFLICT};
    for (int attempt = 0; attempt < QUERY_ATTEMPTS && fault.outcome == SHOP_STORAGE_CONFLICT; attempt++) {
        memset(&fault, 0, sizeof fault);
        fault.outcome = shop_emulate_query(cx->shop->storage, cx->shop->storage_self, &call, shop_schema_current(), reads,
                                           (uint32_t)q->count, q->rows, &fault);
    }
    shop_trouble_note(cx->shop, "query", &fault);
    return fault.outcome == SHOP_STORAGE_OK ? SHOP_OK : fail_query(cx, &fault);
}

int shop_query_has_nearest(const shop_ctx *cx)
{
    return shop_check_slot(cx->shop->storage, offsetof(shop_storage_vtable, nearest));
}

int shop_query_nearest(shop_ctx *cx, uint16_t table, uint16_t column, const char *const *words, uint32_t count,
                       int is_stale_good, shop_rows *rows)
{
    if (!shop_query_has_nearest(cx) || count > READS_MAX)
        return 0;
    shop_value values[READS_MAX];
    for (uint32_t i = 0; i < count; i++)
        values[i] = shop_value_text(words[i]);
    uint64_t position;
    const shop_storage_call call = reading_call(cx, is_stale_good && may_be_stale(cx), &position);
    shop_fault fault = {.outcome = SHOP_STORAGE_OK};
    const struct shop *s = cx->shop;
    return s->storage->nearest(s->storage_self, &call, table, column, values, count, rows, &fault) == SHOP_STORAGE_OK;
}

const shop_rows *shop_query_rows(const shop_query *q, int read)
{
    return &q->rows[read];
}

const shop_value *shop_row(const shop_rows *rows, uint32_t row)
{
    return rows->values + (size_t)row * rows->width;
}

int64_t shop_row_int(const shop_rows *rows, uint32_t row, uint16_t column)
{
    const shop_value *v = shop_row(rows, row) + column;
    return v->type == SHOP_VALUE_INT ? v->num : SHOP_UNSET;
}

const char *shop_row_text(const shop_rows *rows, uint32_t row, uint16_t column)
{
    const shop_value *v = shop_row(rows, row) + column;
    return v->type == SHOP_VALUE_TEXT ? v->data : NULL;
}
