/* SPDX-License-Identifier: MIT */
/* Reads of a query, sent together. */
#include "reader.h"

#include "../check.h"
#include "outcome.h"
#include "spelling.h"
#include "statement.h"
#include "values.h"

#define NO_READ SHOP_PG_START /* the number of COMMIT and ROLLBACK, too */
#define REPLAYED (UINT32_MAX - 2) /* the number of the question how far the server is */
#define TRIES 2

typedef struct reading {
    const shop_storage_call *call;
    const shop_schema *schema;
    const shop_read *reads;
    uint32_t count;
    shop_rows *rows;
    const char *near;
    const shop_value *words;
    shop_fault *fault;
    int32_t outcome;
    uint64_t *replayed;
} reading;

/* ------------------------------------------------------------------------------------------------ rows */

static uint32_t width_of(const reading *r, const shop_read *read)
{
    if (!read->aggregate_count)
        return r->schema->tables[read->table].column_count;
    return (uint32_t)read->aggregate_count + (read->group_by != SHOP_NO_COLUMN ? 1u : 0u);
}

static uint32_t kind_of(const reading *r, const shop_read *read, uint32_t column)
{
    return shop_check_kind(r->schema->tables[read->table].columns[column].type);
}

static bool is_wanted(const shop_read *read, uint32_t column)
{
    return (read->columns >> column) & 1;
}

static size_t bytes_of(const reading *r, const shop_read *read, const PGresult *result)
{
    size_t bytes = 0;
    int rows = PQntuples(result);
    int place = 0;
    for (uint32_t c = 0; c < r->schema->tables[read->table].column_count; c++) {
        if (!is_wanted(read, c))
            continue;
        uint32_t kind = kind_of(r, read, c);
        for (int row = 0; row < rows && kind != SHOP_VALUE_INT; row++)
            bytes += shop_pg_cell_size(result, row, place, kind);
        place++;
    }
    return bytes;
}

static void take_row(const reading *r, const shop_read *read, const PGresult *result, int row, shop_value *out, char **room)
{
    uint32_t width = width_of(r, read);
    int place = 0;
    for (uint32_t c = 0; c < width; c++) {
        if (is_wanted(read, c))
            out[c] = shop_pg_cell(result, row, place++, kind_of(r, read, c), room);
        else
            out[c] = (shop_value){.type = SHOP_VALUE_NULL};
    }
}

/* False: a sum is beyond 64 bits. */
static bool take_aggregates(const reading *r, const shop_read *read, const PGresult *result, int row, shop_value *out,
                            char **room)
{
    int place = 0;
    if (read->group_by != SHOP_NO_COLUMN)
        *out++ = shop_pg_cell(result, row, place++, kind_of(r, read, read->group_by), room);
    for (uint16_t i = 0; i < read->aggregate_count; i++, out++, place++) {
        if (read->aggregates[i].fn != SHOP_AGGREGATE_SUM) {
            *out = shop_pg_cell(result, row, place, SHOP_VALUE_INT, room);
            continue;
        }
        out->type = SHOP_VALUE_INT;
        if (!shop_pg_decimal(result, row, place, &out->num))
            return false;
    }
    return true;
}

static size_t group_bytes(const reading *r, const shop_read *read, const PGresult *result)
{
    size_t bytes = 0;
    if (read->group_by == SHOP_NO_COLUMN)
        return 0;
    for (int row = 0; row < PQntuples(result); row++)
        bytes += shop_pg_cell_size(result, row, 0, kind_of(r, read, read->group_by));
    return bytes;
}

static int32_t fail(reading *r, int32_t outcome, uint32_t number, const char *detail)
{
    r->outcome = shop_fault_set(r->fault, outcome, number, detail);
    return r->outcome;
}

/* All of a read's rows in one piece of the caller's memory, and their bytes in another. */
static int32_t take_rows(reading *r, uint32_t number, const PGresult *result)
{
    const shop_read *read = &r->reads[number];
    uint32_t width = width_of(r, read);
    int count = PQntuples(result);
    size_t bytes = read->aggregate_count ? group_bytes(r, read, result) : bytes_of(r, read, result);
    size_t size = (size_t)count * width * sizeof(shop_value);
    shop_value *values = size ? r->call->alloc(r->call->arena, size) : NULL;
    char *room = bytes ? r->call->alloc(r->call->arena, bytes) : NULL;
    if ((size && !values) || (bytes && !room))
        return fail(r, SHOP_STORAGE_NO_MEMORY, number, "out of memory");
    for (int row = 0; row < count; row++) {
        shop_value *out = values + (size_t)row * width;
        if (!read->aggregate_count)
            take_row(r, read, result, row, out, &room);
        else if (!take_aggregates(r, read, result, row, out, &room))
            return fail(r, SHOP_STORAGE_INVALID, number, "a sum beyond 64 bits");
    }
    r->rows[number] = (shop_rows){.count = (uint32_t)count, .width = width, .values = values};
    return SHOP_STORAGE_OK;
}

static void take(void *context, uint32_t number, const PGresult *result)
{
    reading *r = context;
    ExecStatusType status = PQresultStatus(result);
    if (r->outcome != SHOP_STORAGE_OK)
        return;
    if (status == PGRES_FATAL_ERROR)
        r->outcome = shop_pg_fail(r->fault, result, number < r->count ? number : 0);
    else if (status == PGRES_TUPLES_OK && number < r->count)
        (void)take_rows(r, number, result);
    else if (status == PGRES_TUPLES_OK && number == REPLAYED && PQntuples(result) == 1)
        *r->replayed = (uint64_t)shop_pg_number(result, 0, 0);
}

/* ------------------------------------------------------------------------------------------------ the query */

static bool write_read(const reading *r, uint32_t number, shop_pg_sql *sql)
{
    const shop_pg_scope scope = {.schema = r->schema, .reads = r->reads, .place = number};
    if (!r->near)
        return shop_pg_write_read(&scope, sql);
    shop_pg_sql_start(sql);
    shop_pg_put_near(sql, r->near, &r->words[number]);
    return true;
}

/* A single statement is a snapshot of its own; more need a transaction that keeps one. */
static bool send_all(reading *r, shop_pg_connection *c)
{
    bool sent = true;
    for (uint32_t i = 0; i < r->count && sent; i++) {
        if (!write_read(r, i, &c->sql)) {
            c->broken = true; /* with what was queued before */
            (void)fail(r, SHOP_STORAGE_INVALID, i, "reads that follow from each other in too many ways");
            return false;
        }
        sent = shop_pg_send(c, i);
    }
    if (sent && r->count > 1)
        sent = shop_pg_send_text(c, NO_READ, "COMMIT");
    if (!sent)
        (void)fail(r, SHOP_STORAGE_UNAVAILABLE, 0, "connection: the query could not be sent");
    return sent;
}

/* A read that failed leaves its transaction open. */
static void roll_back(shop_pg_connection *c, int64_t deadline)
{
    if (c->broken || PQtransactionStatus(c->pg) == PQTRANS_IDLE)
        return;
    reading nothing = {.count = 0};
    shop_pg_begin(c, deadline, "ROLLBACK");
    if (!c->broken)
        (void)shop_pg_run(c, deadline, take, &nothing);
    c->broken = c->broken || PQtransactionStatus(c->pg) != PQTRANS_IDLE;
}

/* How far the server is must be asked before the snapshot is taken: in a transaction of its own. */
static void begin(reading *r, shop_pg_connection *c, int64_t deadline)
{
    const char *start = r->count > 1 ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" : NULL;
    if (!r->replayed) {
        shop_pg_begin(c, deadline, start);
        return;
    }
    *r->replayed = 0;
    shop_pg_begin(c, deadline, NULL);
    (void)shop_pg_send_text(c, REPLAYED, SHOP_PG_REPLAYED);
    shop_pg_next(c, deadline, start);
}

/* True: it may be tried again on another connection. */
static bool run_once(reading *r, shop_pg_connection *c, int64_t deadline)
{
    r->outcome = SHOP_STORAGE_OK;
    begin(r, c, deadline);
    if (!send_all(r, c))
        return r->outcome == SHOP_STORAGE_UNAVAILABLE;
    shop_pg_end end = shop_pg_run(c, deadline, take, r);
    if (end == SHOP_PG_DONE) {
        roll_back(c, deadline);
        return false;
    }
    if (end == SHOP_PG_LATE)
        (void)fail(r, SHOP_STORAGE_UNAVAILABLE, 0, "timeout: the server does not answer");
    else
        (void)fail(r, SHOP_STORAGE_UNAVAILABLE, 0, "connection: the link broke");
    return end != SHOP_PG_LATE;
}

int32_t shop_pg_query(shop_pg_pool *pool, const shop_storage_call *call, int64_t deadline, const shop_pg_query_list *list,
                      uint64_t *replayed, shop_fault *fault)
{
    reading r = {.call = call,
                 .schema = list->schema,
                 .reads = list->reads,
                 .count = list->count,
                 .rows = list->rows,
                 .near = list->near,
                 .words = list->words,
                 .fault = fault,
                 .replayed = replayed};
    bool again = true;
    for (int i = 0; i < TRIES && again; i++) {
        if (shop_monotonic_now() >= deadline)
            return fail(&r, SHOP_STORAGE_UNAVAILABLE, 0, "timeout: the deadline passed");
        shop_pg_connection *c;
        r.outcome = shop_pg_take(pool, deadline, &c, fault);
        if (r.outcome != SHOP_STORAGE_OK)
            return r.outcome;
        again = run_once(&r, c, deadline);
        shop_pg_return(pool, c);
    }
    return r.outcome == SHOP_STORAGE_OK ? shop_fault_none(fault) : r.outcome;
}
