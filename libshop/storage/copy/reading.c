/* SPDX-License-Identifier: MIT */
/* Calling the places of a copy: patience with one that does not answer, and reading a table in chunks whose memory is bounded. */
#include <poll.h>

#include "../emulate.h"
#include "../shape.h"
#include "copy.h"

#define FIRST_PAUSE INT64_C(50000) /* microseconds */
#define LONGEST_PAUSE INT64_C(2000000)
#define SLICE INT64_C(100000) /* how often one who waits asks whether to go on */

#define FIRST_ROWS 250 /* of a chunk */
#define MOST_ROWS 1000
#define CHUNK_WANTED ((size_t)2 << 20)
#define CHUNK_LIMIT ((size_t)32 << 20) /* a single row may be larger */

/* ------------------------------------------------------------------------------------------------ patience */

static bool passes(int32_t outcome)
{
    return outcome == SHOP_STORAGE_CONFLICT || outcome == SHOP_STORAGE_UNAVAILABLE || outcome == SHOP_STORAGE_UNKNOWN;
}

static shop_status wait_until(shop_copy_job *job, const char *trouble, int64_t until)
{
    const int32_t phase = job->progress.phase;
    shop_status status = SHOP_OK;
    job->progress.phase = SHOP_COPY_WAIT;
    job->progress.trouble = trouble;
    while (status == SHOP_OK && shop_monotonic_now() < until) {
        int64_t left = until - shop_monotonic_now();
        (void)poll(NULL, 0, (int)((left < SLICE ? left : SLICE) / 1000) + 1);
        status = shop_copy_tell(job);
    }
    job->progress.phase = phase;
    job->progress.trouble = NULL;
    return status;
}

shop_status shop_copy_pause(shop_copy_job *job, shop_copy_trouble *trouble, const shop_copy_place *place,
                            const shop_fault *fault)
{
    if (fault->outcome == SHOP_STORAGE_NO_MEMORY)
        return shop_copy_fail_no_memory();
    if (!passes(fault->outcome))
        return shop_copy_fail(SHOP_INTERNAL, "%s refuses (%d): %s", place->name, (int)fault->outcome, fault->detail);
    int64_t now = shop_monotonic_now();
    if (!trouble->until)
        *trouble = (shop_copy_trouble){.until = now + job->patience, .pause = FIRST_PAUSE};
    if (now >= trouble->until) {
        shop_reason_note_fault(fault);
        return shop_copy_fail(SHOP_UNAVAILABLE, "%s does not answer: %s", place->name, fault->detail);
    }
    int64_t until = now + trouble->pause;
    trouble->pause = trouble->pause * 2 < LONGEST_PAUSE ? trouble->pause * 2 : LONGEST_PAUSE;
    return wait_until(job, fault->detail, until < trouble->until ? until : trouble->until);
}

int32_t shop_copy_apply(shop_copy_job *job, shop_arena *arena, const shop_op_list *list, shop_fault *fault)
{
    const shop_storage_call call = {
        .struct_size = sizeof call,
        .alloc = shop_arena_alloc_for_storage,
        .arena = arena,
        .deadline = shop_monotonic_now() + SHOP_COPY_BATCH_LIMIT,
    };
    *fault = (shop_fault){.outcome = SHOP_STORAGE_OK};
    fault->outcome = job->to.vt->apply(job->to.self, &call, list, fault);
    return fault->outcome;
}

/* ------------------------------------------------------------------------------------------------ one read */

/* Memory that ends: a chunk of unexpectedly large rows is then read again, in parts. */
typedef struct purse {
    shop_arena *arena;
    size_t left;
    bool is_short;
} purse;

static void *take(void *arena, size_t size)
{
    purse *p = arena;
    p->is_short = p->is_short || size > p->left;
    if (p->is_short)
        return NULL;
    p->left -= size;
    return shop_arena_alloc(p->arena, size);
}

/* SHOP_OK with is_short set: the rows do not fit. */
static shop_status query(shop_copy_job *job, const shop_copy_place *place, const shop_read *read, purse *memory,
                         shop_rows *rows)
{
    const size_t room = memory->left;
    shop_copy_trouble trouble = {.until = 0};
    shop_status status = SHOP_OK;
    while (status == SHOP_OK) {
        shop_fault fault = {.outcome = SHOP_STORAGE_OK};
        const shop_storage_call call = {
            .struct_size = sizeof call,
            .alloc = take,
            .arena = memory,
            .deadline = shop_monotonic_now() + SHOP_COPY_READ_LIMIT,
        };
        fault.outcome = shop_emulate_query(place->vt, place->self, &call, job->schema, read, 1, rows, &fault);
        if (fault.outcome == SHOP_STORAGE_OK || memory->is_short)
            return SHOP_OK;
        status = shop_copy_pause(job, &trouble, place, &fault);
        shop_arena_reset(memory->arena);
        memory->left = room;
    }
    return status;
}

shop_status shop_copy_look(shop_copy_job *job, const shop_copy_place *place, uint16_t table, int64_t *count, int64_t *highest)
{
    static const shop_aggregate wanted[] = {{.fn = SHOP_AGGREGATE_COUNT}, {.fn = SHOP_AGGREGATE_MAX}};
    shop_read read = {
        .table = table, .group_by = SHOP_NO_COLUMN, .aggregate_count = 2, .columns = 1, .limit = -1, .aggregates = wanted};
    read.shape = shop_shape_of_read(&read);
    purse memory = {.arena = shop_arena_new(), .left = SIZE_MAX};
    if (!memory.arena)
        return shop_copy_fail_no_memory();
    shop_rows rows;
    shop_status status = query(job, place, &read, &memory, &rows);
    if (status == SHOP_OK) {
        *count = rows.values[0].num;
        *highest = rows.values[1].type == SHOP_VALUE_INT ? rows.values[1].num : 0;
    }
    shop_arena_free(memory.arena);
    return status;
}

uint64_t shop_copy_columns(const shop_schema *schema, uint16_t table)
{
    return UINT64_MAX >> (64 - schema->tables[table].column_count);
}

/* ------------------------------------------------------------------------------------------------ chunk by chunk */

shop_status shop_copy_cursor_open(shop_copy_cursor *c, shop_copy_job *job, const shop_copy_place *place, uint16_t table,
                                  uint64_t columns, int64_t after)
{
    *c = (shop_copy_cursor){
        .job = job,
        .place = place,
        .table = table,
        .columns = columns,
        .arena = shop_arena_new(),
        .last = after,
        .limit = FIRST_ROWS,
        .span = FIRST_ROWS,
    };
    if (!c->arena)
        return shop_copy_fail_no_memory();
    return shop_copy_look(job, place, table, &c->count, &c->highest);
}

void shop_copy_cursor_close(shop_copy_cursor *c)
{
    shop_arena_free(c->arena);
    c->arena = NULL;
}

static bool can_limit(const shop_copy_cursor *c)
{
    return (c->place->vt->capabilities & SHOP_CAN_ORDER) != 0;
}

/* A backend that cannot limit is asked for a span of ids: else it would send the rest of the table each time. */
static int64_t end_of_span(const shop_copy_cursor *c)
{
    return c->highest - c->last > c->span ? c->last + c->span : c->highest;
}

static shop_status read_chunk(shop_copy_cursor *c, purse *memory)
{
    const shop_value bounds[] = {{.type = SHOP_VALUE_INT, .num = c->last}, {.type = SHOP_VALUE_INT, .num = end_of_span(c)}};
    const shop_pred preds[] = {
        {.column = 0, .op = SHOP_PRED_GT, .other = SHOP_NO_COLUMN, .value_count = 1, .values = &bounds[0]},
        {.column = 0, .op = SHOP_PRED_LE, .other = SHOP_NO_COLUMN, .value_count = 1, .values = &bounds[1]},
    };
    const shop_order_by order = {.column = 0};
    shop_read read = {
        .table = c->table,
        .group_by = SHOP_NO_COLUMN,
        .pred_count = can_limit(c) ? 1 : 2,
        .order_count = 1,
        .columns = c->columns | 1,
        .preds = preds,
        .order = &order,
        .limit = can_limit(c) ? c->limit : -1,
    };
    read.shape = shop_shape_of_read(&read);
    return query(c->job, c->place, &read, memory, &c->rows);
}

/* The next chunk is to be about as large as is wanted. */
static void adapt(shop_copy_cursor *c, size_t used)
{
    if (used > 2 * CHUNK_WANTED && c->limit > 1)
        c->limit /= 2;
    else if (used < CHUNK_WANTED / 2 && c->limit < MOST_ROWS)
        c->limit = c->limit * 2 < MOST_ROWS ? c->limit * 2 : MOST_ROWS;
}

static void advance(shop_copy_cursor *c)
{
    if (can_limit(c)) {
        c->ended = c->rows.count < (uint64_t)c->limit;
        if (c->rows.count)
            c->last = c->rows.values[(size_t)(c->rows.count - 1) * c->rows.width].num;
        return;
    }
    c->last = end_of_span(c);
    c->ended = c->last >= c->highest;
    c->span = c->rows.count ? c->limit : c->span * 8;
}

shop_status shop_copy_cursor_next(shop_copy_cursor *c)
{
    c->rows = (shop_rows){.count = 0};
    while (!c->rows.count && !c->ended) {
        const size_t room = c->limit > 1 ? CHUNK_LIMIT : SIZE_MAX;
        purse memory = {.arena = c->arena, .left = room};
        shop_arena_reset(c->arena);
        shop_status status = read_chunk(c, &memory);
        if (status != SHOP_OK)
            return status;
        if (memory.is_short) {
            c->rows.count = 0;
            c->limit = c->limit > 4 ? c->limit / 4 : 1;
            c->span = c->limit;
            continue;
        }
        advance(c);
        adapt(c, room - memory.left);
    }
    return SHOP_OK;
}
