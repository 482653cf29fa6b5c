/* SPDX-License-Identifier: MIT */
/* The record of a copy in its target: whose copy it is, and whether it is finished. Each batch of the copy is guarded by it. */
#include "copy.h"

#include <string.h>
#include <time.h>

#include "../emulate.h"
#include "../schema.h"
#include "../shape.h"

#define RECORD_ID 1

static int64_t now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static shop_value number(int64_t value)
{
    return (shop_value){.type = SHOP_VALUE_INT, .num = value};
}

/* ------------------------------------------------------------------------------------------------ reading */

int32_t shop_copy_read_record(const shop_storage_vtable *vt, void *self, const shop_schema *schema, uint16_t table,
                              int64_t limit, shop_arena *arena, shop_copy_record *record, shop_fault *fault)
{
    shop_read read = {.table = table, .group_by = SHOP_NO_COLUMN, .columns = (UINT64_C(1) << COPY_COLUMNS) - 1, .limit = -1};
    read.shape = shop_shape_of_read(&read);
    const shop_storage_call call = {
        .struct_size = sizeof call,
        .alloc = shop_arena_alloc_for_storage,
        .arena = arena,
        .deadline = shop_monotonic_now() + limit,
    };
    shop_rows rows = {.count = 0};
    *record = (shop_copy_record){.is_there = false};
    *fault = (shop_fault){.outcome = SHOP_STORAGE_OK};
    int32_t outcome = shop_emulate_query(vt, self, &call, schema, &read, 1, &rows, fault);
    if (outcome != SHOP_STORAGE_OK || rows.count == 0)
        return outcome;
    const shop_value *row = rows.values;
    *record = (shop_copy_record){
        .is_there = true,
        .is_finished = row[COPY_FINISHED_AT].type != SHOP_VALUE_NULL,
        .source = row[COPY_SOURCE].data,
    };
    return outcome;
}

static shop_status read_patiently(shop_copy_job *job, const shop_copy_place *place, shop_arena *arena, shop_copy_record *record)
{
    shop_copy_trouble trouble = {.until = 0};
    shop_status status = SHOP_OK;
    shop_fault fault;
    while (status == SHOP_OK && shop_copy_read_record(place->vt, place->self, job->schema, job->record, SHOP_COPY_READ_LIMIT,
                                                      arena, record, &fault) != SHOP_STORAGE_OK)
        status = shop_copy_pause(job, &trouble, place, &fault);
    return status;
}

/* ------------------------------------------------------------------------------------------------ writing */

static int32_t apply(shop_copy_job *job, shop_arena *arena, shop_op *ops, uint32_t count, shop_fault *fault)
{
    for (uint32_t i = 0; i < count; i++)
        ops[i].shape = shop_shape_of_op(&ops[i]);
    const shop_op_list list = {.shape = shop_shape_of_list(ops, count), .count = count, .ops = ops};
    return shop_copy_apply(job, arena, &list, fault);
}

/* In one batch: no table has a row, and the record is there. */
static int32_t insert_record(shop_copy_job *job, shop_arena *arena, shop_fault *fault)
{
    const uint32_t tables = job->schema->table_count;
    shop_op *ops = shop_arena_zalloc(arena, (tables + 1) * sizeof *ops);
    if (!ops)
        return fault->outcome = SHOP_STORAGE_NO_MEMORY;
    const char *name = job->from.name;
    const shop_set sets[] = {
        {.column = COPY_ID, .how = SHOP_SET_TO, .value = number(RECORD_ID)},
        {.column = COPY_SOURCE, .how = SHOP_SET_TO, .value = shop_value_text(name)},
        {.column = COPY_STARTED_AT, .how = SHOP_SET_TO, .value = number(now())},
    };
    for (uint32_t t = 0; t < tables; t++)
        ops[t] = (shop_op){.kind = SHOP_OP_CHECK, .table = (uint16_t)t, .expect = 0};
    ops[tables] = (shop_op){
        .kind = SHOP_OP_INSERT, .table = job->record, .set_count = sizeof sets / sizeof sets[0], .expect = 1, .sets = sets};
    return apply(job, arena, ops, tables + 1, fault);
}

shop_op shop_copy_guard(const shop_copy_job *job, shop_pred *preds, shop_value *values)
{
    values[0] = number(RECORD_ID);
    preds[0] = (shop_pred){.column = COPY_ID, .op = SHOP_PRED_EQ, .other = SHOP_NO_COLUMN, .value_count = 1, .values = values};
    preds[1] = (shop_pred){.column = COPY_FINISHED_AT, .op = SHOP_PRED_NULL, .other = SHOP_NO_COLUMN};
    return (shop_op){.kind = SHOP_OP_CHECK, .table = job->record, .pred_count = 2, .expect = 1, .preds = preds};
}

/* ------------------------------------------------------------------------------------------------ claiming */

static shop_status judge(const shop_copy_job *job, const shop_copy_record *record, bool *finished)
{
    if (strcmp(record->source, job->from.name) != 0)
        return shop_copy_fail(SHOP_CONFLICT, "%s holds %s copy of another shop, %s: give an empty place", job->to.name,
                              record->is_finished ? "a" : "an unfinished", record->source);
    *finished = record->is_finished;
    return SHOP_OK;
}

static shop_status refuse_rows(const shop_copy_job *job, const shop_fault *fault)
{
    const char *table = fault->op < job->schema->table_count ? job->schema->tables[fault->op].name : "?";
    return shop_copy_fail(SHOP_CONFLICT, "%s is not empty: its table %s has rows. Give an empty place", job->to.name, table);
}

/* Until the record is there, ours or another's. */
static shop_status take_place(shop_copy_job *job, shop_arena *arena, shop_copy_record *record)
{
    shop_copy_trouble trouble = {.until = 0};
    shop_status status = read_patiently(job, &job->to, arena, record);
    while (status == SHOP_OK && !record->is_there) {
        shop_fault fault = {.outcome = SHOP_STORAGE_OK};
        int32_t outcome = insert_record(job, arena, &fault);
        if (outcome == SHOP_STORAGE_GUARD && fault.op != job->record)
            return refuse_rows(job, &fault);
        if (outcome != SHOP_STORAGE_OK && outcome != SHOP_STORAGE_GUARD && outcome != SHOP_STORAGE_UNIQUE)
            status = shop_copy_pause(job, &trouble, &job->to, &fault);
        if (status == SHOP_OK)
            status = read_patiently(job, &job->to, arena, record);
    }
    return status;
}

static shop_status delete_record(shop_copy_job *job, shop_arena *arena)
{
    shop_pred preds[2];
    shop_value values[2];
    shop_op op = shop_copy_guard(job, preds, values);
    op.kind = SHOP_OP_DELETE;
    shop_fault fault = {.outcome = SHOP_STORAGE_OK};
    (void)apply(job, arena, &op, 1, &fault);
    return shop_copy_fail(SHOP_INVALID, "source and target are the same place: %s", job->to.name);
}

/*
 * The source is read before and after: one that is no copy under way itself, and then is one, is the target (an empty shop, or it would
 * have been refused) under another URL.
 */
static shop_status claim(shop_copy_job *job, shop_arena *arena, bool *finished)
{
    shop_copy_record record;
    shop_status status = read_patiently(job, &job->from, arena, &record);
    if (status != SHOP_OK)
        return status;
    if (record.is_there && !record.is_finished)
        return shop_copy_fail(SHOP_CONFLICT, "%s is itself an unfinished copy, of %s", job->from.name, record.source);
    status = take_place(job, arena, &record);
    if (status == SHOP_OK)
        status = judge(job, &record, finished);
    if (status == SHOP_OK && !*finished)
        status = read_patiently(job, &job->from, arena, &record);
    if (status == SHOP_OK && !*finished && record.is_there && !record.is_finished)
        status = delete_record(job, arena);
    return status;
}

shop_status shop_copy_claim(shop_copy_job *job, bool *finished)
{
    shop_arena *arena = shop_arena_new();
    if (!arena)
        return shop_copy_fail_no_memory();
    shop_status status = claim(job, arena, finished);
    shop_arena_free(arena);
    return status;
}

/* ------------------------------------------------------------------------------------------------ finishing */

/* An UPDATE whose first outcome is not known meets its own work when it is tried again: so it is read whether it is done. */
static shop_status finish(shop_copy_job *job, shop_arena *arena)
{
    shop_copy_trouble trouble = {.until = 0};
    shop_pred preds[2];
    shop_value values[2];
    shop_op op = shop_copy_guard(job, preds, values);
    const shop_set set = {.column = COPY_FINISHED_AT, .how = SHOP_SET_TO, .value = number(now())};
    op.kind = SHOP_OP_UPDATE;
    op.sets = &set;
    op.set_count = 1;
    shop_copy_record record = {.is_there = true};
    shop_status status = SHOP_OK;
    while (status == SHOP_OK && record.is_there && !record.is_finished) {
        shop_fault fault = {.outcome = SHOP_STORAGE_OK};
        int32_t outcome = apply(job, arena, &op, 1, &fault);
        if (outcome == SHOP_STORAGE_OK)
            return SHOP_OK;
        if (outcome != SHOP_STORAGE_GUARD)
            status = shop_copy_pause(job, &trouble, &job->to, &fault);
        if (status == SHOP_OK)
            status = read_patiently(job, &job->to, arena, &record);
    }
    if (status == SHOP_OK && !record.is_there)
        return shop_copy_fail(SHOP_CONFLICT, "somebody emptied %s while it was copied to", job->to.name);
    return status;
}

shop_status shop_copy_finish(shop_copy_job *job)
{
    shop_arena *arena = shop_arena_new();
    if (!arena)
        return shop_copy_fail_no_memory();
    shop_status status = finish(job, arena);
    shop_arena_free(arena);
    return status;
}
