/* SPDX-License-Identifier: MIT */
/*
 * A read that the backend cannot do is sent without what it cannot do: without those predicates, and then without order, limit and
 * aggregates too, since these come after the predicates. The rows that come back are tested, ordered and summed up here.
 */
#include "emulate.h"

#include <string.h>

#include "check.h"
#include "eval.h"

#define READING (SHOP_CAN_ORDER | SHOP_CAN_MATCH | SHOP_CAN_AGGREGATE | SHOP_CAN_IN_READ | SHOP_CAN_RANK)

typedef struct emulation {
    const shop_storage_call *call;
    uint32_t capabilities;
    bool local[SHOP_MAX_READS]; /* finished here */
    shop_read plain[SHOP_MAX_READS]; /* what is sent */
    shop_pred *left[SHOP_MAX_READS]; /* predicates that were not sent … */
    uint16_t left_count[SHOP_MAX_READS];
} emulation;

static void *take(const emulation *e, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    return e->call->alloc(e->call->arena, total ? total : 1);
}

/* ------------------------------------------------------------------------------------------------ taking a query apart */

static bool can_send(const emulation *e, const shop_pred *pred)
{
    switch (pred->op) {
    case SHOP_PRED_MATCH:
        return (e->capabilities & SHOP_CAN_MATCH) != 0;
    case SHOP_PRED_IN_READ: /* the backend would take the rows of what was sent */
        return (e->capabilities & SHOP_CAN_IN_READ) && !e->local[pred->read];
    default:
        return true;
    }
}

static bool is_local(const emulation *e, const shop_read *read)
{
    bool pages = read->order_count || read->after || read->limit != -1 || read->offset != 0;
    if ((pages && !(e->capabilities & SHOP_CAN_ORDER)) || (read->aggregate_count && !(e->capabilities & SHOP_CAN_AGGREGATE)))
        return true;
    for (uint16_t i = 0; i < read->order_count; i++) {
        if (read->order[i].by_rank && !(e->capabilities & SHOP_CAN_RANK))
            return true;
    }
    for (uint16_t i = 0; i < read->pred_count; i++) {
        if (!can_send(e, &read->preds[i]))
            return true;
    }
    return false;
}

static uint64_t column_bit(uint16_t column)
{
    return UINT64_C(1) << column;
}

/* Columns that the rest of the work looks at; the read names those of its order and group itself. */
static uint64_t columns_needed(const shop_read *read, const shop_pred *left, uint16_t left_count)
{
    uint64_t columns = read->columns | (read->aggregate_count ? column_bit(0) : 0);
    for (uint16_t i = 0; i < left_count; i++)
        columns |= column_bit(left[i].column);
    for (uint16_t i = 0; i < read->aggregate_count; i++) {
        if (read->aggregates[i].fn != SHOP_AGGREGATE_COUNT)
            columns |= column_bit(read->aggregates[i].column);
    }
    return columns;
}

/* Splits the predicates; `shape` takes in which ones were kept back, as that depends on other reads too. */
static bool split_preds(emulation *e, uint32_t number, const shop_read *read, uint64_t *shape)
{
    shop_pred *sent = take(e, read->pred_count, sizeof *sent);
    shop_pred *left = take(e, read->pred_count, sizeof *left);
    if (!sent || !left)
        return false;
    uint16_t sent_count = 0;
    uint16_t left_count = 0;
    for (uint16_t i = 0; i < read->pred_count; i++) {
        if (can_send(e, &read->preds[i])) {
            sent[sent_count++] = read->preds[i];
            continue;
        }
        left[left_count++] = read->preds[i];
        *shape = (*shape ^ (i + 1u)) * UINT64_C(0x100000001b3);
    }
    e->plain[number].preds = sent;
    e->plain[number].pred_count = sent_count;
    e->left[number] = left;
    e->left_count[number] = left_count;
    return true;
}

static bool take_apart(emulation *e, uint32_t number, const shop_read *read)
{
    e->plain[number] = *read;
    e->local[number] = is_local(e, read);
    if (!e->local[number])
        return true;
    uint64_t shape = (read->shape ^ UINT64_C(0x656d756c61746564)) * UINT64_C(0x100000001b3);
    shop_read *plain = &e->plain[number];
    *plain = (shop_read){.table = read->table, .group_by = SHOP_NO_COLUMN, .limit = -1};
    if (!split_preds(e, number, read, &shape))
        return false;
    plain->shape = shape;
    plain->columns = columns_needed(read, e->left[number], e->left_count[number]);
    return true;
}

/* ------------------------------------------------------------------------------------------------ finishing a read */

/* Puts the values of an earlier read (finished: `rows`) in the place of an IN_READ. */
static bool fill_in_read(const emulation *e, shop_pred *pred, const shop_rows *rows)
{
    const shop_rows *source = &rows[pred->read];
    shop_value *values = take(e, source->count, sizeof *values);
    if (!values)
        return false;
    for (uint32_t i = 0; i < source->count; i++)
        values[i] = source->values[(size_t)i * source->width + pred->other];
    pred->op = SHOP_EVAL_IN_SORTED;
    pred->values = values;
    pred->value_count = shop_eval_sort_values(values, source->count);
    return true;
}

/* The rows that pass what was kept back; NULL: out of memory. */
static const shop_value **rows_that_pass(const emulation *e, uint32_t number, const shop_rows *rows, size_t *count)
{
    const shop_rows *sent = &rows[number];
    const shop_value **passed = take(e, sent->count, sizeof *passed);
    *count = 0;
    for (uint32_t i = 0; passed && i < sent->count; i++) {
        const shop_value *row = &sent->values[(size_t)i * sent->width];
        if (shop_eval_passes(row, e->left[number], e->left_count[number]))
            passed[(*count)++] = row;
    }
    return passed;
}

static int32_t aggregate(const emulation *e, const shop_read *read, const shop_value **passed, size_t count, shop_rows *out)
{
    size_t groups = shop_eval_group_count(read, passed, count);
    uint32_t width = shop_eval_width(read);
    shop_value *values = take(e, groups * width, sizeof *values);
    if (!values)
        return SHOP_STORAGE_NO_MEMORY;
    if (!shop_eval_aggregate(read, passed, count, values))
        return SHOP_STORAGE_INVALID;
    *out = (shop_rows){.count = (uint32_t)groups, .width = width, .values = values};
    return SHOP_STORAGE_OK;
}

static int32_t page(const emulation *e, const shop_read *read, const shop_value **passed, size_t count, shop_rows *out)
{
    count = shop_eval_page(read, passed, count);
    uint32_t width = out->width;
    shop_value *values = take(e, count * width, sizeof *values);
    if (!values)
        return SHOP_STORAGE_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        memcpy(&values[i * width], passed[i], width * sizeof *values);
    *out = (shop_rows){.count = (uint32_t)count, .width = width, .values = values};
    return SHOP_STORAGE_OK;
}

static int32_t finish(const emulation *e, uint32_t number, const shop_read *read, shop_rows *rows)
{
    for (uint16_t i = 0; i < e->left_count[number]; i++) {
        shop_pred *pred = &e->left[number][i];
        if (pred->op == SHOP_PRED_IN_READ && !fill_in_read(e, pred, rows))
            return SHOP_STORAGE_NO_MEMORY;
    }
    size_t count;
    const shop_value **passed = rows_that_pass(e, number, rows, &count);
    if (!passed)
        return SHOP_STORAGE_NO_MEMORY;
    if (read->aggregate_count)
        return aggregate(e, read, passed, count, &rows[number]);
    return page(e, read, passed, count, &rows[number]);
}

/* ------------------------------------------------------------------------------------------------ the whole */

static int32_t tell(shop_fault *fault, int32_t outcome, uint32_t number)
{
    const char *detail = outcome == SHOP_STORAGE_INVALID ? "a sum beyond 64 bits" : "out of memory";
    return shop_fault_set(fault, outcome, number, detail);
}

int32_t shop_emulate_query(const shop_storage_vtable *vt, void *self, const shop_storage_call *call, const shop_schema *schema,
                           const shop_read *reads, uint32_t count, shop_rows *rows, shop_fault *fault)
{
    if ((vt->capabilities & READING) == READING)
        return vt->query(self, call, reads, count, rows, fault);
    if (shop_check_query(schema, call, reads, count, rows, fault) != SHOP_STORAGE_OK)
        return SHOP_STORAGE_INVALID;
    emulation e = {.call = call, .capabilities = vt->capabilities};
    for (uint32_t i = 0; i < count; i++) {
        if (!take_apart(&e, i, &reads[i]))
            return tell(fault, SHOP_STORAGE_NO_MEMORY, i);
    }
    int32_t outcome = vt->query(self, call, e.plain, count, rows, fault);
    for (uint32_t i = 0; i < count && outcome == SHOP_STORAGE_OK; i++) {
        if (!e.local[i])
            continue;
        outcome = finish(&e, i, &reads[i], rows);
        if (outcome != SHOP_STORAGE_OK)
            tell(fault, outcome, i);
    }
    return outcome;
}
