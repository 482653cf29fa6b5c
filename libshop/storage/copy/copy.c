/* SPDX-License-Identifier: MIT */
/*
 * A copy from beginning to end: claim the empty target by a record in it, rows table by table, ids, compare, finish the record.
 *
 * What happened so far is in the target itself: rows are inserted in the order of ids, so the highest id there says where to go on, and
 * each batch is guarded by the record. Nothing else is kept anywhere, so nothing can disagree after a crash.
 */
#include "copy.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../../core/mem.h"
#include "../schema.h"

#define PATIENCE_MS 60000
#define PATIENCE_MAX_MS 86400000

static _Thread_local char copy_error[640];

/* ------------------------------------------------------------------------------------------------ telling */

const char *shop_copy_error(void)
{
    return copy_error;
}

shop_status shop_copy_fail(shop_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(copy_error, sizeof copy_error, format, args);
    va_end(args);
    return status;
}

shop_status shop_copy_fail_no_memory(void)
{
    return shop_copy_fail(SHOP_NO_MEMORY, "out of memory");
}

shop_status shop_copy_tell(shop_copy_job *job)
{
    if (!job->in->progress || job->in->progress(job->in->user, &job->progress) == 0)
        return SHOP_OK;
    return shop_copy_fail(SHOP_UNAVAILABLE, "ended before it was finished: the same call goes on where this one stopped");
}

/* ------------------------------------------------------------------------------------------------ steps */

static shop_status copy_all(shop_copy_job *job, const shop_copy_plan *plans, uint32_t count)
{
    shop_status status = SHOP_OK;
    for (uint32_t i = 0; i < count && status == SHOP_OK; i++)
        status = shop_copy_rows(job, &plans[i]);
    for (uint32_t i = 0; i < count && status == SHOP_OK; i++)
        status = shop_copy_references(job, &plans[i]);
    for (uint32_t i = 0; i < count && status == SHOP_OK; i++)
        status = shop_copy_ids(job, plans[i].table);
    return status;
}

/* Adds what to do about it to what was said of two sides that differ. */
static shop_status explain(const shop_copy_job *job, shop_status status, bool finished)
{
    char found[sizeof copy_error];
    if (status != SHOP_CONFLICT)
        return status;
    memcpy(found, copy_error, sizeof found);
    if (finished)
        return shop_copy_fail(SHOP_CONFLICT,
                              "%s was copied to %s before, and one of them has changed since (%.200s). Nothing was done",
                              job->from.name, job->to.name, found);
    return shop_copy_fail(
        SHOP_CONFLICT,
        "%.200s: one of them was changed during the copy. End every program that uses %s, empty %s, and copy again", found,
        job->from.name, job->to.name);
}

/* Was a row added or removed in a table after it was compared? Cheap, and every sale adds rows. */
static shop_status look_again(shop_copy_job *job, const shop_copy_plan *plans, uint32_t tables, const int64_t *counts)
{
    shop_status status = SHOP_OK;
    for (uint32_t i = 0; i < tables && status == SHOP_OK; i++) {
        int64_t count = 0;
        int64_t highest;
        status = shop_copy_look(job, &job->from, plans[i].table, &count, &highest);
        if (status == SHOP_OK && count != counts[i])
            status = shop_copy_fail(SHOP_CONFLICT, "the table %s of the source has changed",
                                    job->schema->tables[plans[i].table].name);
    }
    return status;
}

static shop_status compare_all(shop_copy_job *job, const shop_copy_plan *plans, uint32_t tables)
{
    int64_t *counts = shop_mem_zalloc(tables ? tables : 1, sizeof *counts);
    if (!counts)
        return shop_copy_fail_no_memory();
    shop_status status = SHOP_OK;
    job->result.rows = 0;
    for (uint32_t i = 0; i < tables && status == SHOP_OK; i++) {
        status = shop_copy_verify(job, plans[i].table, &counts[i]);
        job->result.rows += counts[i];
    }
    if (status == SHOP_OK)
        status = look_again(job, plans, tables, counts);
    shop_mem_free(counts);
    return status;
}

static shop_status run_plans(shop_copy_job *job, shop_copy_plan *plans)
{
    uint32_t tables = 0;
    bool finished = false;
    shop_status status = shop_copy_order(job, plans, &tables);
    if (status == SHOP_OK)
        status = shop_copy_claim(job, &finished);
    if (status == SHOP_OK && !finished)
        status = copy_all(job, plans, tables);
    if (status == SHOP_OK)
        status = explain(job, compare_all(job, plans, tables), finished);
    if (status == SHOP_OK && !finished)
        status = shop_copy_finish(job);
    job->result.tables = tables;
    return status;
}

shop_status shop_copy_run(const shop_schema *schema, uint16_t record, const shop_copy_input *in, shop_copy_result *result)
{
    shop_copy_job job = {
        .schema = schema,
        .record = record,
        .in = in,
        .patience = (in->patience_ms == SHOP_UNSET ? PATIENCE_MS : in->patience_ms) * 1000,
        .progress = {.struct_size = sizeof job.progress, .phase = SHOP_COPY_ROWS, .table = ""},
    };
    shop_copy_plan *plans = shop_mem_zalloc(schema->table_count, sizeof *plans);
    shop_status status = plans ? shop_copy_open_places(&job) : shop_copy_fail_no_memory();
    job.progress.from = job.from.name;
    job.progress.to = job.to.name;
    if (status == SHOP_OK)
        status = run_plans(&job, plans);
    if (status == SHOP_OK && result)
        *result = job.result;
    shop_copy_close_places(&job);
    shop_mem_free(plans);
    return status;
}

/* ------------------------------------------------------------------------------------------------ the call */

void shop_copy_input_init(shop_copy_input *in)
{
    *in = (shop_copy_input)SHOP_COPY_INPUT_INIT;
}

shop_status shop_copy(const shop_copy_input *in, shop_copy_result *result)
{
    copy_error[0] = '\0';
    shop_reason_note(SHOP_REASON_NONE);
    if (!in || in->struct_size != sizeof *in)
        return shop_copy_fail(SHOP_MISUSE, "the input was not made by SHOP_COPY_INPUT_INIT");
    if (!in->from || !in->to)
        return shop_copy_fail(SHOP_INVALID, "a copy needs the URLs of its source and of its target");
    if (in->patience_ms != SHOP_UNSET && (in->patience_ms < 0 || in->patience_ms > PATIENCE_MAX_MS))
        return shop_copy_fail(SHOP_INVALID, "patience_ms must be from 0 to %d", PATIENCE_MAX_MS);
    if (sodium_init() < 0)
        return shop_copy_fail(SHOP_INTERNAL, "libsodium cannot be initialised");
    return shop_copy_run(shop_schema_current(), TABLE_COPY, in, result);
}
