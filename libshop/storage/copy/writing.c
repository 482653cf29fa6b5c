/* SPDX-License-Identifier: MIT */
/* Writing rows into the target: in the order of ids, so that the highest one there says how far the table is. */
#include <string.h>

#include "../check.h"
#include "../shape.h"
#include "copy.h"

#define STEP_MAX 100000 /* ids that a backend without `reserve` gives at once */
#define STEPS_MAX 100000

typedef struct table_copy {
    shop_copy_job *job;
    const shop_copy_plan *plan;
    const shop_table *table;
    shop_arena *arena;
    shop_copy_cursor from;
} table_copy;

static shop_status begin(table_copy *t, shop_copy_job *job, const shop_copy_plan *plan)
{
    *t = (table_copy){.job = job, .plan = plan, .table = &job->schema->tables[plan->table], .arena = shop_arena_new()};
    return t->arena ? SHOP_OK : shop_copy_fail_no_memory();
}

static void end(table_copy *t)
{
    shop_copy_cursor_close(&t->from);
    shop_arena_free(t->arena);
}

static shop_status fail_row(const table_copy *t, const shop_op_list *list, const shop_fault *fault)
{
    const shop_value *id = fault->op > 0 && fault->op < list->count ? shop_check_named_id(&list->ops[fault->op]) : NULL;
    return shop_copy_fail(SHOP_INTERNAL, "%s does not take row %lld of the table %s (%d): %s", t->job->to.name,
                          (long long)(id ? id->num : 0), t->table->name, (int)fault->outcome, fault->detail);
}

static shop_status fail_guard(const table_copy *t)
{
    return shop_copy_fail(SHOP_CONFLICT, "another process finished or removed the copy at %s meanwhile", t->job->to.name);
}

static bool is_of_row(int32_t outcome)
{
    return outcome == SHOP_STORAGE_UNIQUE || outcome == SHOP_STORAGE_REFERENCE || outcome == SHOP_STORAGE_CONSTRAINT ||
           outcome == SHOP_STORAGE_INVALID;
}

/* A batch of `count` operations behind the guard; NULL: memory is out. */
static shop_op *new_ops(table_copy *t, uint32_t count)
{
    shop_arena_reset(t->arena);
    shop_pred *preds = shop_arena_alloc(t->arena, 2 * sizeof *preds);
    shop_value *values = shop_arena_alloc(t->arena, 2 * sizeof *values);
    shop_op *ops = shop_arena_alloc(t->arena, (1 + (size_t)count) * sizeof *ops);
    if (!preds || !values || !ops)
        return NULL;
    ops[0] = shop_copy_guard(t->job, preds, values);
    return ops;
}

static shop_op_list list_of(shop_op *ops, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        ops[i].shape = shop_shape_of_op(&ops[i]);
    return (shop_op_list){.shape = shop_shape_of_list(ops, count), .count = count, .ops = ops};
}

/* Writes one chunk of the source after the other, and tells how far it is. */
static shop_status write_chunks(table_copy *t, shop_status (*write_chunk)(table_copy *t))
{
    shop_copy_progress *progress = &t->job->progress;
    progress->table = t->table->name;
    progress->total = t->from.count;
    shop_status status = shop_copy_tell(t->job);
    if (status == SHOP_OK)
        status = shop_copy_cursor_next(&t->from);
    while (status == SHOP_OK && t->from.rows.count) {
        status = write_chunk(t);
        progress->done += t->from.rows.count;
        if (status == SHOP_OK)
            status = shop_copy_tell(t->job);
        if (status == SHOP_OK)
            status = shop_copy_cursor_next(&t->from);
    }
    return status;
}

/* ------------------------------------------------------------------------------------------------ rows */

static bool has_bit(uint64_t bits, uint32_t column)
{
    return (bits >> column) & 1;
}

/* Does the reference have to wait until all rows are there? One to the row itself, or to an earlier one, has not. */
static bool waits(const shop_copy_plan *plan, const shop_value *row, uint32_t column)
{
    const shop_value *value = &row[column];
    if (value->type != SHOP_VALUE_INT)
        return false;
    return has_bit(plan->later, column) || (has_bit(plan->own, column) && value->num > row[0].num);
}

/* What stands there meanwhile: NULL, or the row itself where NULL may not be. */
static shop_value first_value(const table_copy *t, const shop_value *row, uint32_t column)
{
    if (!waits(t->plan, row, column))
        return row[column];
    if (t->table->columns[column].flags & SHOP_COLUMN_NULLABLE)
        return (shop_value){.type = SHOP_VALUE_NULL};
    return row[0];
}

static bool write_insert(const table_copy *t, const shop_value *row, shop_op *op)
{
    const uint32_t width = t->table->column_count;
    shop_set *sets = shop_arena_alloc(t->arena, width * sizeof *sets);
    if (!sets)
        return false;
    for (uint32_t c = 0; c < width; c++)
        sets[c] = (shop_set){.column = (uint16_t)c, .how = SHOP_SET_TO, .value = first_value(t, row, c)};
    *op = (shop_op){.kind = SHOP_OP_INSERT, .table = t->plan->table, .set_count = (uint16_t)width, .expect = 1, .sets = sets};
    return true;
}

/* Rows of the chunk from number `first` on. */
static shop_status write_inserts(table_copy *t, uint32_t first, shop_op_list *list)
{
    const shop_rows *rows = &t->from.rows;
    shop_op *ops = new_ops(t, rows->count - first);
    if (!ops)
        return shop_copy_fail_no_memory();
    for (uint32_t i = first; i < rows->count; i++) {
        if (!write_insert(t, &rows->values[(size_t)i * rows->width], &ops[1 + i - first]))
            return shop_copy_fail_no_memory();
    }
    *list = list_of(ops, 1 + rows->count - first);
    return SHOP_OK;
}

/* Moves *first behind the rows that the target has: after an outcome that nobody knows, or when another process does the same copy. */
static shop_status skip_rows(table_copy *t, uint32_t *first)
{
    const shop_rows *rows = &t->from.rows;
    int64_t count;
    int64_t highest;
    shop_status status = shop_copy_look(t->job, &t->job->to, t->plan->table, &count, &highest);
    while (status == SHOP_OK && *first < rows->count && rows->values[(size_t)*first * rows->width].num <= highest)
        ++*first;
    return status;
}

static shop_status insert_chunk(table_copy *t)
{
    shop_copy_trouble trouble = {.until = 0};
    shop_status status = SHOP_OK;
    uint32_t first = 0;
    while (status == SHOP_OK && first < t->from.rows.count) {
        shop_op_list list;
        status = write_inserts(t, first, &list);
        if (status != SHOP_OK)
            return status;
        shop_fault fault;
        int32_t outcome = shop_copy_apply(t->job, t->arena, &list, &fault);
        if (outcome == SHOP_STORAGE_OK) {
            t->job->result.copied += t->from.rows.count - first;
            return SHOP_OK;
        }
        if (outcome == SHOP_STORAGE_GUARD)
            return fail_guard(t);
        const uint32_t before = first;
        if (outcome == SHOP_STORAGE_UNIQUE || outcome == SHOP_STORAGE_UNKNOWN)
            status = skip_rows(t, &first);
        if (status == SHOP_OK && is_of_row(outcome) && first == before)
            return fail_row(t, &list, &fault);
        if (status == SHOP_OK && !is_of_row(outcome) && first == before)
            status = shop_copy_pause(t->job, &trouble, &t->job->to, &fault);
    }
    return status;
}

shop_status shop_copy_rows(shop_copy_job *job, const shop_copy_plan *plan)
{
    table_copy t;
    int64_t count = 0;
    int64_t highest = 0;
    shop_status status = begin(&t, job, plan);
    if (status == SHOP_OK)
        status = shop_copy_look(job, &job->to, plan->table, &count, &highest);
    if (status == SHOP_OK)
        status =
            shop_copy_cursor_open(&t.from, job, &job->from, plan->table, shop_copy_columns(job->schema, plan->table), highest);
    job->progress.phase = SHOP_COPY_ROWS;
    job->progress.done = count;
    if (status == SHOP_OK)
        status = write_chunks(&t, insert_chunk);
    end(&t);
    return status;
}

/* ------------------------------------------------------------------------------------------------ references */

static bool write_update(const table_copy *t, const shop_value *row, shop_op *op)
{
    const uint32_t width = t->table->column_count;
    shop_set *sets = shop_arena_alloc(t->arena, width * sizeof *sets);
    shop_pred *pred = shop_arena_alloc(t->arena, sizeof *pred);
    if (!sets || !pred)
        return false;
    uint16_t count = 0;
    for (uint32_t c = 1; c < width; c++) {
        if (waits(t->plan, row, c))
            sets[count++] = (shop_set){.column = (uint16_t)c, .how = SHOP_SET_TO, .value = row[c]};
    }
    *pred = (shop_pred){.column = 0, .op = SHOP_PRED_EQ, .other = SHOP_NO_COLUMN, .value_count = 1, .values = &row[0]};
    *op = (shop_op){.kind = SHOP_OP_UPDATE,
                    .table = t->plan->table,
                    .set_count = count,
                    .pred_count = 1,
                    .expect = 1,
                    .sets = sets,
                    .preds = pred};
    return true;
}

/* Those rows of the chunk that have something to be set; list->count 1: none. */
static shop_status write_updates(table_copy *t, shop_op_list *list)
{
    const shop_rows *rows = &t->from.rows;
    shop_op *ops = new_ops(t, rows->count);
    uint32_t count = 1;
    if (!ops)
        return shop_copy_fail_no_memory();
    for (uint32_t i = 0; i < rows->count; i++) {
        if (!write_update(t, &rows->values[(size_t)i * rows->width], &ops[count]))
            return shop_copy_fail_no_memory();
        count += ops[count].set_count > 0;
    }
    *list = list_of(ops, count);
    return SHOP_OK;
}

/* Doing it twice does no harm: an unknown outcome needs no look. */
static shop_status update_chunk(table_copy *t)
{
    shop_copy_trouble trouble = {.until = 0};
    shop_op_list list;
    shop_status status = write_updates(t, &list);
    while (status == SHOP_OK && list.count > 1) {
        shop_fault fault;
        int32_t outcome = shop_copy_apply(t->job, t->arena, &list, &fault);
        if (outcome == SHOP_STORAGE_OK)
            return SHOP_OK;
        if (outcome == SHOP_STORAGE_GUARD)
            return fail_guard(t);
        if (is_of_row(outcome))
            return fail_row(t, &list, &fault);
        status = shop_copy_pause(t->job, &trouble, &t->job->to, &fault);
    }
    return status;
}

shop_status shop_copy_references(shop_copy_job *job, const shop_copy_plan *plan)
{
    if (!plan->later && !plan->own)
        return SHOP_OK;
    table_copy t;
    shop_status status = begin(&t, job, plan);
    if (status == SHOP_OK)
        status = shop_copy_cursor_open(&t.from, job, &job->from, plan->table, 1 | plan->later | plan->own, 0);
    job->progress.phase = SHOP_COPY_REFERENCES;
    job->progress.done = 0;
    if (status == SHOP_OK)
        status = write_chunks(&t, update_chunk);
    end(&t);
    return status;
}

/* ------------------------------------------------------------------------------------------------ ids */

/* A backend without `reserve` is made to give all ids up to that one, which nobody takes. */
static int32_t give_away(const shop_copy_place *place, uint16_t table, int64_t id, shop_fault *fault)
{
    int64_t given = 0;
    int32_t outcome = SHOP_STORAGE_OK;
    for (int steps = 0; outcome == SHOP_STORAGE_OK && given < id; steps++) {
        int64_t left = id - given;
        if (steps > 0 && left / STEP_MAX > STEPS_MAX)
            return shop_fault_set(fault, SHOP_STORAGE_INVALID, 0, "its ids are too far behind, and it cannot pass over any");
        uint32_t count = steps == 0 ? 1 : (uint32_t)(left < STEP_MAX ? left : STEP_MAX);
        int64_t first = 0;
        outcome = place->vt->allocate(place->self, table, count, &first, fault);
        given = first + count - 1;
    }
    return outcome;
}

static int32_t reserve(const shop_copy_place *place, uint16_t table, int64_t id, int64_t *highest, shop_fault *fault)
{
    *fault = (shop_fault){.outcome = SHOP_STORAGE_OK};
    if (shop_check_slot(place->vt, offsetof(shop_storage_vtable, reserve)))
        fault->outcome = place->vt->reserve(place->self, table, id, highest, fault);
    else if (id)
        fault->outcome = give_away(place, table, id, fault);
    return fault->outcome;
}

/* What was ever given in the source, to a row that may be gone, is not given again in the target: a token may still name it. */
shop_status shop_copy_ids(shop_copy_job *job, uint16_t table)
{
    shop_copy_trouble trouble = {.until = 0};
    int64_t count;
    int64_t highest = 0;
    int64_t given = 0;
    shop_fault fault;
    shop_status status = shop_copy_look(job, &job->from, table, &count, &highest);
    while (status == SHOP_OK && reserve(&job->from, table, 0, &given, &fault) != SHOP_STORAGE_OK)
        status = shop_copy_pause(job, &trouble, &job->from, &fault);
    highest = given > highest ? given : highest;
    trouble = (shop_copy_trouble){.until = 0};
    while (status == SHOP_OK && highest && reserve(&job->to, table, highest, &given, &fault) != SHOP_STORAGE_OK)
        status = shop_copy_pause(job, &trouble, &job->to, &fault);
    return status;
}
