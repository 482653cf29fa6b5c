/* SPDX-License-Identifier: MIT */
/*
 * Batches. Why READ COMMITTED, and what is locked:
 *
 * Every statement of a batch sees what was committed before it, and waits for whoever holds a row that it wants; then its predicates are
 * tested again on the row as it is now. So a guard on ONE row (its id, or all columns of a unique key, is given) that expects it to pass
 * is exact, and a crowd around one product waits in line instead of failing: SERIALIZABLE or REPEATABLE READ would refuse all but the
 * first. A CHECK locks the row that it counted, or another batch could change it before this one commits.
 *
 * What cannot be locked are rows that are not there (yet). A guard that counts many rows, or expects none, would not notice one that
 * another batch adds meanwhile. Two ways out, taken before the first statement and in the order of tables:
 *   - all rows of one parent (a column that references another table is given, and nothing else: the items of a cart): the parent's row
 *     is locked FOR UPDATE. Whoever adds a row to it locks it too, FOR KEY SHARE, for the foreign key, before it can commit;
 *   - anything else: the table is locked against all writers (SHARE ROW EXCLUSIVE), but not against readers.
 * Both are rare: emptying a cart, deleting a category.
 *
 * Deadlocks (40P01) remain possible between batches that touch rows in different orders; they are told as CONFLICT.
 */
#include "batch_postgres.h"

#include <stdlib.h>
#include <string.h>

#include "../check.h"
#include "outcome.h"
#include "statement.h"
#include "values.h"

#define NO_OP SHOP_PG_START /* the number of a lock */
#define POSITION (UINT32_MAX - 2) /* the number of the question for the position */
#define TRIES 2

typedef struct batch {
    const shop_schema *schema;
    const shop_op_list *list;
    shop_fault *fault;
    int32_t outcome;
    bool is_told; /* the server itself said that it failed: nothing happened */
    uint64_t *position; /* NULL: nobody wants to know */
} batch;

/* ------------------------------------------------------------------------------------------------ locks */

static const shop_pred *equality(const shop_op *op, uint16_t column)
{
    for (uint16_t i = 0; i < op->pred_count; i++) {
        const shop_pred *pred = &op->preds[i];
        if (pred->column == column && pred->op == SHOP_PRED_EQ && pred->other == SHOP_NO_COLUMN)
            return pred;
    }
    return NULL;
}

static bool has_key(const shop_op *op, const shop_index *index)
{
    bool has = index->flags & SHOP_INDEX_UNIQUE;
    for (uint16_t i = 0; i < index->column_count && has; i++)
        has = equality(op, index->columns[i]) != NULL;
    return has;
}

/* Can at most one row pass? */
static bool is_of_one_row(const shop_table *table, const shop_op *op)
{
    bool is = equality(op, 0) != NULL;
    for (uint32_t i = 0; i < table->index_count && !is; i++)
        is = has_key(op, &table->indexes[i]);
    return is;
}

/* Would a row that is added meanwhile make a difference? */
static bool counts_absence(const batch *b, const shop_op *op)
{
    if (op->kind == SHOP_OP_INSERT || op->expect == SHOP_EXPECT_ANY)
        return false;
    return op->expect == 0 || !is_of_one_row(&b->schema->tables[op->table], op);
}

/* The predicate, if it is the only one, that names the parent of the rows; NULL: there is another. With more, a row that has the parent
   already could be changed so that it passes. */
static const shop_pred *parent_of(const batch *b, const shop_op *op)
{
    const shop_table *table = &b->schema->tables[op->table];
    const shop_pred *pred = op->pred_count == 1 ? equality(op, op->preds[0].column) : NULL;
    bool is_parent = pred && table->columns[pred->column].references != SHOP_NO_TABLE && pred->values[0].type == SHOP_VALUE_INT;
    return is_parent ? pred : NULL;
}

static bool send_parent_lock(const batch *b, shop_pg_connection *c, const shop_op *op, const shop_pred *pred)
{
    uint16_t parent = b->schema->tables[op->table].columns[pred->column].references;
    shop_pg_sql_start(&c->sql);
    shop_pg_put(&c->sql, "SELECT 1 FROM ");
    shop_pg_put_name(&c->sql, b->schema->tables[parent].name);
    shop_pg_put(&c->sql, " WHERE \"id\" = ");
    shop_pg_bind_int(&c->sql, pred->values[0].num);
    shop_pg_put(&c->sql, " FOR UPDATE");
    return shop_pg_send(c, NO_OP);
}

/* By a function: LOCK TABLE itself wants a BEGIN before it. */
static bool send_table_lock(const batch *b, shop_pg_connection *c, uint32_t table)
{
    const char *name = b->schema->tables[table].name;
    shop_pg_sql_start(&c->sql);
    shop_pg_put(&c->sql, "SELECT shop_lock(");
    shop_pg_bind_text(&c->sql, name, strlen(name));
    shop_pg_put(&c->sql, ")");
    return shop_pg_send(c, NO_OP);
}

/* Tables first, each once and in their order, then parents in the order of the operations. */
static bool send_locks(const batch *b, shop_pg_connection *c)
{
    bool sent = true;
    bool parents = false;
    uint32_t next = 0; /* the least table not looked at */
    while (sent && next < b->schema->table_count) {
        uint32_t found = b->schema->table_count;
        for (uint32_t i = 0; i < b->list->count; i++) {
            const shop_op *op = &b->list->ops[i];
            if (op->table < next || op->table >= found || !counts_absence(b, op))
                continue;
            if (parent_of(b, op))
                parents = true;
            else
                found = op->table;
        }
        if (found < b->schema->table_count)
            sent = send_table_lock(b, c, found);
        next = found + 1;
    }
    for (uint32_t i = 0; parents && sent && i < b->list->count; i++) {
        const shop_op *op = &b->list->ops[i];
        const shop_pred *parent = counts_absence(b, op) ? parent_of(b, op) : NULL;
        if (parent)
            sent = send_parent_lock(b, c, op, parent);
    }
    return sent;
}

/* ------------------------------------------------------------------------------------------------ sending */

static bool changes_table(const batch *b, uint16_t table)
{
    for (uint32_t i = 0; i < b->list->count; i++) {
        if (b->list->ops[i].table == table && b->list->ops[i].kind != SHOP_OP_CHECK)
            return true;
    }
    return false;
}

static bool send_op(const batch *b, shop_pg_connection *c, uint32_t place)
{
    const shop_op *op = &b->list->ops[place];
    const shop_pg_scope scope = {.schema = b->schema, .ops = b->list->ops, .place = place};
    if (op->kind == SHOP_OP_CHECK && op->expect == SHOP_EXPECT_ANY && !shop_check_named_id(op))
        return true; /* asks for nothing, and nothing can refer to it */
    if (shop_pg_is_refused(b->schema, op))
        shop_pg_write_refused(&scope, &c->sql);
    else
        shop_pg_write_op(&scope, op->kind == SHOP_OP_CHECK && changes_table(b, op->table), &c->sql);
    return shop_pg_send(c, place);
}

static bool send_all(const batch *b, shop_pg_connection *c)
{
    bool sent = send_locks(b, c);
    for (uint32_t i = 0; i < b->list->count && sent; i++)
        sent = send_op(b, c, i);
    return sent;
}

/* ------------------------------------------------------------------------------------------------ telling */

static int32_t fail(batch *b, int32_t outcome, const char *detail)
{
    b->outcome = shop_fault_set(b->fault, outcome, 0, detail);
    return b->outcome;
}

static void tell_guard(batch *b, const PGresult *result)
{
    const char *passed = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    b->fault->touched = passed ? strtoll(passed, NULL, 10) : 0;
}

static void tell_unique(batch *b, const shop_op *op, const PGresult *result)
{
    const char *name = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
    const shop_table *table = &b->schema->tables[op->table];
    for (uint32_t i = 0; name && i < table->index_count; i++) {
        if (strcmp(table->indexes[i].name, name) == 0)
            b->fault->index = i;
    }
}

/* The last operation that set a reference of the table that the server names, or deleted what such a reference may have led to. */
static uint32_t guess_reference(const batch *b, const PGresult *result)
{
    const char *name = PQresultErrorField(result, PG_DIAG_TABLE_NAME);
    uint32_t guess = 0;
    for (uint32_t i = 0; name && i < b->list->count; i++) {
        const shop_op *op = &b->list->ops[i];
        bool is_child =
            op->kind != SHOP_OP_DELETE && op->kind != SHOP_OP_CHECK && strcmp(b->schema->tables[op->table].name, name) == 0;
        if (is_child || op->kind == SHOP_OP_DELETE)
            guess = i;
    }
    return guess;
}

static bool is_fatal(const PGresult *result)
{
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    return severity && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0);
}

/*
 * What the server has made durable when the batch has been committed: synchronous_commit is on, so the commit is in it. A link that breaks
 * before this comes leaves the batch unknown, and its mark will tell.
 */
static void take_position(batch *b, const PGresult *result)
{
    if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1)
        *b->position = (uint64_t)shop_pg_number(result, 0, 0);
}

static void take(void *context, uint32_t number, const PGresult *result)
{
    batch *b = context;
    if (number == POSITION)
        take_position(b, result);
    if (number == POSITION || number == SHOP_PG_NEXT)
        return;
    if (PQresultStatus(result) != PGRES_FATAL_ERROR || b->outcome != SHOP_STORAGE_OK)
        return;
    bool is_op = number < b->list->count;
    b->outcome = shop_pg_fail(b->fault, result, is_op ? number : 0);
    if (b->outcome == SHOP_STORAGE_GUARD)
        tell_guard(b, result);
    else if (b->outcome == SHOP_STORAGE_UNIQUE && is_op)
        tell_unique(b, &b->list->ops[number], result);
    else if (b->outcome == SHOP_STORAGE_REFERENCE)
        b->fault->op = guess_reference(b, result);
    /* A server that ends while it commits may have committed. No code at all: it is libpq that says so, of a link that broke. */
    b->is_told = *shop_pg_state(result) && (number != SHOP_PG_COMMIT || !is_fatal(result));
}

/* ------------------------------------------------------------------------------------------------ the batch */

/* True: nothing was sent, it may be tried on another connection. */
static bool run_once(batch *b, shop_pg_connection *c, int64_t deadline)
{
    b->outcome = SHOP_STORAGE_OK;
    b->is_told = false;
    shop_pg_begin(c, deadline, NULL);
    if (!send_all(b, c)) {
        c->broken = true;
        (void)fail(b, c->sql.failed ? SHOP_STORAGE_NO_MEMORY : SHOP_STORAGE_UNAVAILABLE,
                   "connection: the batch could not be sent");
        return !c->sql.failed;
    }
    if (b->position) {
        *b->position = SHOP_POSITION_LATEST;
        shop_pg_next(c, deadline, NULL);
        (void)shop_pg_send_text(c, POSITION, SHOP_PG_FLUSHED);
    }
    shop_pg_end end = shop_pg_run(c, deadline, take, b);
    if (end == SHOP_PG_DONE || b->is_told)
        return false;
    if (end == SHOP_PG_UNSENT)
        (void)fail(b, SHOP_STORAGE_UNAVAILABLE, "connection: the link broke before the batch was sent");
    else
        (void)fail(b, SHOP_STORAGE_UNKNOWN,
                   end == SHOP_PG_LATE ? "timeout: the server does not answer" : "connection: the link broke");
    return end == SHOP_PG_UNSENT;
}

static int32_t run(shop_pg_pool *pool, batch *b, int64_t deadline)
{
    bool again = true;
    for (int i = 0; i < TRIES && again; i++) {
        if (shop_monotonic_now() >= deadline)
            return fail(b, SHOP_STORAGE_UNAVAILABLE, "timeout: the deadline passed");
        shop_pg_connection *c;
        b->outcome = shop_pg_take(pool, deadline, &c, b->fault);
        if (b->outcome != SHOP_STORAGE_OK)
            return b->outcome;
        again = run_once(b, c, deadline);
        shop_pg_return(pool, c);
    }
    return b->outcome == SHOP_STORAGE_OK ? shop_fault_none(b->fault) : b->outcome;
}

int32_t shop_pg_apply(shop_pg_pool *pool, const shop_schema *schema, int64_t deadline, const shop_op_list *list,
                      uint64_t *position, shop_fault *fault)
{
    batch b = {.schema = schema, .list = list, .position = position, .fault = fault};
    return run(pool, &b, deadline);
}

/* ------------------------------------------------------------------------------------------------ ids, ping */

typedef struct answer {
    shop_fault *fault;
    int32_t outcome;
    int64_t number;
} answer;

static void take_number(void *context, uint32_t number, const PGresult *result)
{
    (void)number;
    answer *a = context;
    if (a->outcome != SHOP_STORAGE_OK)
        return;
    if (PQresultStatus(result) == PGRES_FATAL_ERROR)
        a->outcome = shop_pg_fail(a->fault, result, 0);
    else if (PQntuples(result) == 1)
        a->number = shop_pg_number(result, 0, 0);
}

/* One statement that `write` writes and that returns a number. */
static int32_t ask(shop_pg_pool *pool, int64_t deadline, void (*write)(shop_pg_sql *sql, const void *what), const void *what,
                   answer *a)
{
    shop_pg_end end = SHOP_PG_UNSENT;
    for (int i = 0; i < TRIES && (end == SHOP_PG_UNSENT || end == SHOP_PG_LOST); i++) {
        shop_pg_connection *c;
        a->outcome = shop_pg_take(pool, deadline, &c, a->fault);
        if (a->outcome != SHOP_STORAGE_OK)
            return a->outcome;
        shop_pg_begin(c, deadline, NULL);
        shop_pg_sql_start(&c->sql);
        write(&c->sql, what);
        end = shop_pg_send(c, 0) ? shop_pg_run(c, deadline, take_number, a) : SHOP_PG_UNSENT;
        shop_pg_return(pool, c);
    }
    if (end != SHOP_PG_DONE)
        a->outcome = shop_fault_set(a->fault, SHOP_STORAGE_UNAVAILABLE, 0,
                                    end == SHOP_PG_LATE ? "timeout: the server does not answer" : "connection: the link broke");
    return a->outcome;
}

typedef struct block {
    const char *table;
    uint32_t count;
} block;

/* A row a table: a sequence can hand out neighbours only in steps that are fixed beforehand. */
static void write_allocate(shop_pg_sql *sql, const void *what)
{
    const block *wanted = what;
    shop_pg_put(sql, "UPDATE shop_sequence SET next = next + ");
    shop_pg_bind_int(sql, wanted->count);
    shop_pg_put(sql, " WHERE name = ");
    shop_pg_bind_text(sql, wanted->table, strlen(wanted->table));
    shop_pg_put(sql, " RETURNING next - ");
    shop_pg_bind_int(sql, wanted->count);
}

/* An answer that was lost costs a block of ids, which nobody gets then. */
int32_t shop_pg_allocate(shop_pg_pool *pool, const char *table, uint32_t count, int64_t deadline, int64_t *first,
                         shop_fault *fault)
{
    const block wanted = {.table = table, .count = count};
    answer a = {.fault = fault};
    if (ask(pool, deadline, write_allocate, &wanted, &a) != SHOP_STORAGE_OK)
        return a.outcome;
    if (a.number < 1)
        return shop_fault_set(fault, SHOP_STORAGE_UNAVAILABLE, 0, "damaged: the counter of a table's ids is missing");
    *first = a.number;
    return shop_fault_none(fault);
}

typedef struct reservation {
    const char *table;
    int64_t id;
} reservation;

static void write_reserve(shop_pg_sql *sql, const void *what)
{
    const reservation *wanted = what;
    shop_pg_put(sql, wanted->id ? "UPDATE shop_sequence SET next = greatest(next, " : "SELECT next - 1 FROM shop_sequence");
    if (wanted->id) {
        shop_pg_bind_int(sql, wanted->id + 1);
        shop_pg_put(sql, ")");
    }
    shop_pg_put(sql, " WHERE name = ");
    shop_pg_bind_text(sql, wanted->table, strlen(wanted->table));
    shop_pg_put(sql, wanted->id ? " RETURNING next - 1" : "");
}

int32_t shop_pg_reserve(shop_pg_pool *pool, const char *table, int64_t id, int64_t deadline, int64_t *highest,
                        shop_fault *fault)
{
    const reservation wanted = {.table = table, .id = id};
    answer a = {.fault = fault, .number = -1};
    if (ask(pool, deadline, write_reserve, &wanted, &a) != SHOP_STORAGE_OK)
        return a.outcome;
    if (a.number < 0)
        return shop_fault_set(fault, SHOP_STORAGE_UNAVAILABLE, 0, "damaged: the counter of a table's ids is missing");
    *highest = a.number;
    return shop_fault_none(fault);
}

static void write_text(shop_pg_sql *sql, const void *what)
{
    shop_pg_put(sql, what);
}

int32_t shop_pg_ask(shop_pg_pool *pool, const char *text, int64_t deadline, int64_t *number, shop_fault *fault)
{
    answer a = {.fault = fault};
    int32_t outcome = ask(pool, deadline, write_text, text, &a);
    *number = a.number;
    return outcome;
}

int32_t shop_pg_ping(shop_pg_pool *pool, bool read_only, int64_t deadline, shop_fault *fault)
{
    int64_t is_standby;
    int32_t outcome = shop_pg_ask(pool, "SELECT (pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on')::int4",
                                  deadline, &is_standby, fault);
    if (outcome != SHOP_STORAGE_OK)
        return outcome;
    if (is_standby && !read_only)
        return shop_fault_set(fault, SHOP_STORAGE_UNAVAILABLE, 0, "standby: the server takes no changes");
    return shop_fault_none(fault);
}
