/* SPDX-License-Identifier: MIT */
/* Queries in one snapshot each, on connections that are handed out and taken back. */
#include "reader.h"

#include <pthread.h>
#include <string.h>

#include "../../core/mem.h"
#include "../check.h"
#include "statement.h"
#include "../wait.h"

#define READERS_MAX 16
#define CELLS_KEPT 4096u /* room for rows that a reader keeps from one query to the next */

__extension__ typedef __int128 wide;

typedef struct reader {
    shop_sqlite_connection connection;
    struct reader *next; /* of the free ones */
    shop_value *cells; /* rows on their way */
    size_t room;
} reader;

struct shop_sqlite_readers {
    char *path;
    const shop_schema *schema;
    shop_sqlite_counts *counts;
    pthread_mutex_t lock;
    pthread_cond_t returned;
    reader *free_ones; /* last returned first: its memory is warm, and few are used when few are needed */
    int count; /* made so far */
    int waiting;
};

/* ------------------------------------------------------------------------------------------------ the pool */

shop_sqlite_readers *shop_sqlite_readers_new(const char *path, const shop_schema *schema, shop_sqlite_counts *counts)
{
    shop_sqlite_readers *readers = shop_mem_zalloc(1, sizeof *readers);
    if (!readers)
        return NULL;
    readers->path = shop_mem_strdup(path);
    readers->schema = schema;
    readers->counts = counts;
    if (!readers->path || shop_cond_init(&readers->returned) != 0) {
        shop_mem_free(readers->path);
        shop_mem_free(readers);
        return NULL;
    }
    pthread_mutex_init(&readers->lock, NULL);
    return readers;
}

static void free_reader(reader *r)
{
    shop_sqlite_disconnect(&r->connection);
    shop_mem_free(r->cells);
    shop_mem_free(r);
}

void shop_sqlite_readers_free(shop_sqlite_readers *readers)
{
    if (!readers)
        return;
    while (readers->free_ones) {
        reader *r = readers->free_ones;
        readers->free_ones = r->next;
        free_reader(r);
    }
    pthread_cond_destroy(&readers->returned);
    pthread_mutex_destroy(&readers->lock);
    shop_mem_free(readers->path);
    shop_mem_free(readers);
}

static int32_t make_reader(const shop_sqlite_readers *readers, reader **made, shop_fault *fault)
{
    *made = shop_mem_zalloc(1, sizeof **made);
    if (!*made)
        return shop_fault_set(fault, SHOP_STORAGE_NO_MEMORY, 0, "out of memory");
    int32_t outcome = shop_sqlite_connect(&(*made)->connection, readers->path, SHOP_SQLITE_READS, fault);
    if (outcome != SHOP_STORAGE_OK)
        shop_mem_free(*made);
    return outcome;
}

/* Waits for one to be free, or for the right to make one (*taken NULL). False: the deadline passed. */
static int wait_for_reader(shop_sqlite_readers *readers, int64_t deadline, reader **taken)
{
    int late = 0;
    pthread_mutex_lock(&readers->lock);
    readers->waiting++;
    while (!readers->free_ones && readers->count >= READERS_MAX && !late)
        late = shop_cond_wait(&readers->returned, &readers->lock, deadline);
    readers->waiting--;
    *taken = readers->free_ones;
    int got = 1;
    if (*taken)
        readers->free_ones = (*taken)->next;
    else if (readers->count < READERS_MAX)
        readers->count++;
    else
        got = 0;
    pthread_mutex_unlock(&readers->lock);
    return got;
}

static void lose_reader(shop_sqlite_readers *readers)
{
    pthread_mutex_lock(&readers->lock);
    readers->count--;
    pthread_cond_signal(&readers->returned);
    pthread_mutex_unlock(&readers->lock);
}

static int32_t take_reader(shop_sqlite_readers *readers, int64_t deadline, reader **taken, shop_fault *fault)
{
    if (!wait_for_reader(readers, deadline, taken))
        return shop_fault_set(fault, SHOP_STORAGE_UNAVAILABLE, 0, "the deadline passed while all connections were busy");
    if (!*taken) {
        int32_t outcome = make_reader(readers, taken, fault);
        if (outcome != SHOP_STORAGE_OK) {
            lose_reader(readers);
            return outcome;
        }
    }
    (*taken)->connection.deadline = deadline;
    return SHOP_STORAGE_OK;
}

static void return_reader(shop_sqlite_readers *readers, reader *r)
{
    if (r->room > CELLS_KEPT) {
        shop_mem_free(r->cells);
        r->cells = NULL;
        r->room = 0;
    }
    pthread_mutex_lock(&readers->lock);
    r->next = readers->free_ones;
    readers->free_ones = r;
    if (readers->waiting)
        pthread_cond_signal(&readers->returned);
    pthread_mutex_unlock(&readers->lock);
}

/* ------------------------------------------------------------------------------------------------ one read's rows */

typedef struct reading {
    const shop_storage_call *call;
    const shop_schema *schema;
    shop_sqlite_counts *counts;
    const shop_read *reads;
    shop_rows *rows;
    reader *reader;
    shop_fault *fault;
    shop_sqlite_stamp stamps[SHOP_MAX_READS]; /* of the remembered counts, from before the snapshot */
} reading;

static int32_t fail(reading *r, int code, uint32_t number)
{
    if (code == SQLITE_INTERRUPT || (code & 0xff) == SQLITE_BUSY)
        return shop_fault_set(r->fault, SHOP_STORAGE_UNAVAILABLE, number, "the deadline passed");
    return shop_sqlite_fail(r->fault, code, number);
}

static int32_t fail_memory(reading *r, uint32_t number)
{
    return shop_fault_set(r->fault, SHOP_STORAGE_NO_MEMORY, number, "out of memory");
}

static shop_value *cells_for(reader *r, size_t needed)
{
    if (needed > r->room) {
        size_t room = r->room ? r->room : 512;
        while (room < needed)
            room *= 2;
        shop_value *grown = room > SIZE_MAX / sizeof *grown ? NULL : shop_mem_realloc(r->cells, room * sizeof *grown);
        if (!grown)
            return NULL;
        r->cells = grown;
        r->room = room;
    }
    return r->cells;
}

/* Copies bytes into the caller's memory. False: there is none. */
static int take_bytes(const shop_storage_call *call, const void *bytes, int size, uint32_t type, shop_value *value)
{
    char *copy = call->alloc(call->arena, (size_t)size + 1);
    if (!copy)
        return 0;
    if (size)
        memcpy(copy, bytes, (size_t)size);
    copy[size] = '\0';
    *value = (shop_value){.type = type, .size = (uint32_t)size, .data = copy};
    return 1;
}

static int take_cell(const shop_storage_call *call, sqlite3_stmt *statement, int column, shop_value *value)
{
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
        *value = (shop_value){.type = SHOP_VALUE_INT, .num = sqlite3_column_int64(statement, column)};
        return 1;
    case SQLITE_TEXT: {
        const void *text = sqlite3_column_text(statement, column);
        return text && take_bytes(call, text, sqlite3_column_bytes(statement, column), SHOP_VALUE_TEXT, value);
    }
    case SQLITE_BLOB: {
        const void *blob = sqlite3_column_blob(statement, column);
        return take_bytes(call, blob, sqlite3_column_bytes(statement, column), SHOP_VALUE_BLOB, value);
    }
    default:
        *value = (shop_value){.type = SHOP_VALUE_NULL};
        return 1;
    }
}

static int take_row(const reading *r, const shop_read *read, sqlite3_stmt *statement, shop_value *row, uint32_t width)
{
    int selected = 0;
    int taken = 1;
    for (uint32_t c = 0; c < width && taken; c++) {
        if ((read->columns >> c) & 1)
            taken = take_cell(r->call, statement, selected++, &row[c]);
        else
            row[c] = (shop_value){.type = SHOP_VALUE_NULL};
    }
    return taken;
}

static int32_t take_sum(reading *r, sqlite3_stmt *statement, int column, uint32_t number, shop_value *value)
{
    int64_t high = sqlite3_column_int64(statement, column); /* NULL, the sum of nothing, reads as 0 */
    int64_t low = sqlite3_column_int64(statement, column + 1);
    wide sum = (wide)high * (INT64_C(1) << 32) + low;
    if (sum < INT64_MIN || sum > INT64_MAX)
        return shop_fault_set(r->fault, SHOP_STORAGE_INVALID, number, "a sum beyond 64 bits");
    *value = (shop_value){.type = SHOP_VALUE_INT, .num = (int64_t)sum};
    return SHOP_STORAGE_OK;
}

static int32_t take_aggregates(reading *r, const shop_read *read, sqlite3_stmt *statement, uint32_t number, shop_value *row)
{
    int column = 0;
    if (read->group_by != SHOP_NO_COLUMN && !take_cell(r->call, statement, column++, row++))
        return fail_memory(r, number);
    for (uint16_t i = 0; i < read->aggregate_count; i++, row++) {
        int32_t outcome = SHOP_STORAGE_OK;
        if (read->aggregates[i].fn == SHOP_AGGREGATE_SUM)
            outcome = take_sum(r, statement, column, number, row);
        else if (!take_cell(r->call, statement, column, row))
            outcome = fail_memory(r, number);
        if (outcome != SHOP_STORAGE_OK)
            return outcome;
        column += shop_sqlite_aggregate_width(&read->aggregates[i]);
    }
    return SHOP_STORAGE_OK;
}

static uint32_t width_of(const reading *r, const shop_read *read)
{
    if (!read->aggregate_count)
        return r->schema->tables[read->table].column_count;
    return (uint32_t)read->aggregate_count + (read->group_by != SHOP_NO_COLUMN ? 1u : 0u);
}

/* Moves the rows into the caller's memory. */
static int32_t give_rows(reading *r, uint32_t number, size_t count, uint32_t width)
{
    size_t size = count * width * sizeof(shop_value);
    shop_value *values = NULL;
    if (size) {
        values = r->call->alloc(r->call->arena, size);
        if (!values)
            return fail_memory(r, number);
        memcpy(values, r->reader->cells, size);
    }
    r->rows[number] = (shop_rows){.count = (uint32_t)count, .width = width, .values = values};
    return SHOP_STORAGE_OK;
}

static int32_t step_rows(reading *r, uint32_t number, sqlite3_stmt *statement)
{
    const shop_read *read = &r->reads[number];
    uint32_t width = width_of(r, read);
    size_t count = 0;
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        shop_value *cells = count < UINT32_MAX ? cells_for(r->reader, (count + 1) * width) : NULL;
        if (!cells)
            return fail_memory(r, number);
        shop_value *row = cells + count++ * width;
        int32_t outcome = SHOP_STORAGE_OK;
        if (read->aggregate_count)
            outcome = take_aggregates(r, read, statement, number, row);
        else if (!take_row(r, read, statement, row, width))
            outcome = fail_memory(r, number);
        if (outcome != SHOP_STORAGE_OK)
            return outcome;
    }
    return code == SQLITE_DONE ? give_rows(r, number, count, width) : fail(r, code, number);
}

static int32_t run_read(reading *r, uint32_t number)
{
    const shop_sqlite_scope scope = {.connection = &r->reader->connection, .schema = r->schema, .rows = r->rows};
    sqlite3_stmt *statement = NULL;
    int code = shop_sqlite_read_statement(&scope, &r->reads[number], &statement);
    int32_t outcome = code == SQLITE_OK ? step_rows(r, number, statement) : fail(r, code, number);
    (void)sqlite3_reset(statement);
    return outcome;
}

/* ------------------------------------------------------------------------------------------------ remembered counts */

static int is_remembered(const reading *r, uint32_t number)
{
    return r->counts && shop_sqlite_counts_can(&r->reads[number]);
}

static int32_t give_count(reading *r, uint32_t number, int64_t count)
{
    shop_value *value = r->call->alloc(r->call->arena, sizeof *value);
    if (!value)
        return fail_memory(r, number);
    *value = (shop_value){.type = SHOP_VALUE_INT, .num = count};
    r->rows[number] = (shop_rows){.count = 1, .width = 1, .values = value};
    return SHOP_STORAGE_OK;
}

/* Within the snapshot, or as the statement that makes it. */
static int32_t run_count(reading *r, uint32_t number)
{
    const shop_read *read = &r->reads[number];
    int32_t outcome = run_read(r, number);
    const shop_sqlite_stamp now = shop_sqlite_counts_stamp(r->counts, read);
    if (outcome == SHOP_STORAGE_OK && shop_sqlite_counts_holds(&r->stamps[number], &now))
        shop_sqlite_counts_keep(r->counts, read, &now, r->rows[number].values[0].num);
    return outcome;
}

static int32_t recall_or_count(reading *r, uint32_t number)
{
    const shop_read *read = &r->reads[number];
    const shop_sqlite_stamp now = shop_sqlite_counts_stamp(r->counts, read);
    int64_t count;
    if (shop_sqlite_counts_holds(&r->stamps[number], &now) && shop_sqlite_counts_find(r->counts, read, &now, &count))
        return give_count(r, number, count);
    return run_count(r, number);
}

/* ------------------------------------------------------------------------------------------------ queries */

/* Counts come last, when the other reads have begun the snapshot; no other read can refer to their rows. */
static int32_t run_all(reading *r, uint32_t count)
{
    int32_t outcome = SHOP_STORAGE_OK;
    uint32_t remembered = 0;
    for (uint32_t i = 0; i < count && outcome == SHOP_STORAGE_OK; i++) {
        if (is_remembered(r, i))
            remembered |= 1u << i;
        else
            outcome = run_read(r, i);
    }
    if (remembered == (count < 32 ? (1u << count) - 1 : UINT32_MAX)) { /* only counts: the first makes the snapshot */
        outcome = run_count(r, 0);
        remembered &= ~1u;
    }
    for (uint32_t i = 0; i < count && outcome == SHOP_STORAGE_OK; i++) {
        if ((remembered >> i) & 1)
            outcome = recall_or_count(r, i);
    }
    return outcome;
}

/* A single statement is a snapshot of its own; more need a transaction. */
static int32_t run_snapshot(reading *r, uint32_t count)
{
    if (count == 1)
        return is_remembered(r, 0) ? run_count(r, 0) : run_read(r, 0);
    int code = shop_sqlite_step_fixed(&r->reader->connection, "BEGIN", NULL);
    if (code != SQLITE_OK)
        return fail(r, code, 0);
    int32_t outcome = run_all(r, count);
    code = shop_sqlite_step_fixed(&r->reader->connection, "COMMIT", NULL);
    if (code != SQLITE_OK) { /* nothing was written: the rows are good, but the snapshot must end */
        (void)shop_sqlite_run(&r->reader->connection, "ROLLBACK");
        return outcome == SHOP_STORAGE_OK ? fail(r, code, 0) : outcome;
    }
    return outcome;
}

int32_t shop_sqlite_query(shop_sqlite_readers *readers, const shop_storage_call *call, int64_t deadline, const shop_read *reads,
                          uint32_t count, shop_rows *rows, shop_fault *fault)
{
    reading r = {
        .call = call, .schema = readers->schema, .counts = readers->counts, .reads = reads, .rows = rows, .fault = fault};
    if (shop_monotonic_now() >= deadline)
        return shop_fault_set(fault, SHOP_STORAGE_UNAVAILABLE, 0, "the deadline passed");
    for (uint32_t i = 0; i < count; i++) {
        if (is_remembered(&r, i))
            r.stamps[i] = shop_sqlite_counts_stamp(r.counts, &reads[i]);
    }
    int64_t known;
    if (count == 1 && is_remembered(&r, 0) && shop_sqlite_counts_find(r.counts, reads, &r.stamps[0], &known))
        return give_count(&r, 0, known);
    int32_t outcome = take_reader(readers, deadline, &r.reader, fault);
    if (outcome != SHOP_STORAGE_OK)
        return outcome;
    outcome = run_snapshot(&r, count);
    return_reader(readers, r.reader);
    return outcome;
}

int32_t shop_sqlite_readers_ping(shop_sqlite_readers *readers, int64_t deadline, shop_fault *fault)
{
    reader *r;
    int64_t version = 0;
    int32_t outcome = take_reader(readers, deadline, &r, fault);
    if (outcome != SHOP_STORAGE_OK)
        return outcome;
    int code = shop_sqlite_step_fixed(&r->connection, "PRAGMA user_version", &version);
    return_reader(readers, r);
    if (code != SQLITE_OK)
        return shop_sqlite_fail(fault, code, 0);
    if (version < (int64_t)readers->schema->version)
        return shop_fault_set(fault, SHOP_STORAGE_UNAVAILABLE, 0, "the file is not a shop of this version any more");
    return SHOP_STORAGE_OK;
}
