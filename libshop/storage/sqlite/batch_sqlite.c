/* SPDX-License-Identifier: MIT */
/* Running the operations of a batch, and telling what went wrong as the interface does. */
#include "batch_sqlite.h"

#include <string.h>

#include "../../core/mem.h"
#include "../check.h"

/* ------------------------------------------------------------------------------------------------ preview */

static bool list_has_ref(const shop_value *values, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (values[i].type == SHOP_VALUE_REF)
            return true;
    }
    return false;
}

static bool op_has_ref(const shop_op *op)
{
    for (uint16_t i = 0; i < op->set_count; i++) {
        if (op->sets[i].value.type == SHOP_VALUE_REF)
            return true;
    }
    for (uint16_t i = 0; i < op->pred_count; i++) {
        if (list_has_ref(op->preds[i].values, op->preds[i].value_count))
            return true;
    }
    return false;
}

/* Sums and references are for SQLite to judge. */
static const char *op_defect(const shop_table *table, const shop_op *op)
{
    const char *defect = NULL;
    for (uint16_t i = 0; i < op->set_count && !defect; i++) {
        const shop_set *set = &op->sets[i];
        if (set->how == SHOP_SET_TO && set->value.type != SHOP_VALUE_REF)
            defect = shop_check_value(&table->columns[set->column], &set->value);
    }
    return defect;
}

void shop_sqlite_preview_batch(const shop_schema *schema, const shop_op_list *list, shop_sqlite_preview *preview)
{
    *preview = (shop_sqlite_preview){.bad_op = list->count};
    for (uint32_t i = 0; i < list->count; i++) {
        const shop_op *op = &list->ops[i];
        preview->has_refs = preview->has_refs || op_has_ref(op);
        if (preview->bad_op < list->count)
            continue;
        preview->bad_detail = op_defect(&schema->tables[op->table], op);
        if (preview->bad_detail)
            preview->bad_op = i;
    }
}

/* ------------------------------------------------------------------------------------------------ telling */

typedef struct batch {
    shop_sqlite_runner *runner;
    shop_sqlite_scope scope;
    const shop_op_list *list;
    const shop_sqlite_preview *preview;
    shop_fault *fault;
    uint32_t at;
    uint32_t dangling_since; /* the operation that left a reference dangling */
    bool dangling;
} batch;

static int32_t fail(batch *b, int32_t outcome, const char *detail)
{
    return shop_fault_set(b->fault, outcome, b->at, detail);
}

static int32_t tell_touched(batch *b, int64_t touched)
{
    fail(b, SHOP_STORAGE_GUARD, "another number of rows passed than expected");
    if (b->fault)
        b->fault->touched = touched;
    return SHOP_STORAGE_GUARD;
}

/* Does the message end in this index's columns: "UNIQUE constraint failed: cart_item.cart_id, cart_item.product_id"? */
static bool is_index_of(const shop_table *table, const shop_index *index, const char *message)
{
    if (!(index->flags & SHOP_INDEX_UNIQUE))
        return false;
    sqlite3_str *columns = sqlite3_str_new(NULL);
    for (uint16_t i = 0; i < index->column_count; i++)
        sqlite3_str_appendf(columns, "%s%s.%s", i ? ", " : "failed: ", table->name, table->columns[index->columns[i]].name);
    char *text = sqlite3_str_finish(columns);
    size_t length = text ? strlen(text) : 0;
    size_t size = strlen(message);
    bool is = text && size >= length && strcmp(message + size - length, text) == 0;
    sqlite3_free(text);
    return is;
}

static int32_t tell_unique(batch *b, const shop_op *op, const char *message)
{
    const shop_table *table = &b->runner->schema->tables[op->table];
    fail(b, SHOP_STORAGE_UNIQUE, "a unique key is taken");
    for (uint32_t i = 0; i < table->index_count && b->fault; i++) {
        if (is_index_of(table, &table->indexes[i], message)) {
            b->fault->index = i;
            break;
        }
    }
    return SHOP_STORAGE_UNIQUE;
}

/* The outcome that an SQLite result code means; `message` is of the moment of the error. */
static int32_t tell_code(batch *b, const shop_op *op, int code, const char *message)
{
    switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
        return tell_unique(b, op, message);
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return fail(b, SHOP_STORAGE_UNIQUE, "the id is taken");
    case SQLITE_CONSTRAINT_NOTNULL:
        return fail(b, SHOP_STORAGE_CONSTRAINT, "NULL in a column that may not be NULL");
    case SQLITE_CONSTRAINT_CHECK:
        return fail(b, SHOP_STORAGE_CONSTRAINT, "a value that its column may not hold");
    case SQLITE_CONSTRAINT_DATATYPE:
        return fail(b, SHOP_STORAGE_CONSTRAINT, "a value of the wrong type, or a sum beyond 64 bits");
    default:
        return shop_sqlite_fail(b->fault, code, b->at);
    }
}

/* ------------------------------------------------------------------------------------------------ operations */

/* Steps a statement that returns one number. */
static int step_number(sqlite3_stmt *statement, int64_t *number)
{
    int code = sqlite3_step(statement);
    *number = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    int reset = sqlite3_reset(statement);
    return code == SQLITE_ROW ? SQLITE_OK : reset;
}

static int count_passing(batch *b, const shop_op *op, int64_t *passing)
{
    sqlite3_stmt *statement = NULL;
    int code = shop_sqlite_count_statement(&b->scope, op, &statement);
    return code == SQLITE_OK ? step_number(statement, passing) : code;
}

static bool is_expected(const shop_op *op, int64_t touched)
{
    return op->expect == SHOP_EXPECT_ANY || op->expect == touched;
}

static int32_t run_check(batch *b, const shop_op *op)
{
    sqlite3_stmt *statement = NULL;
    int64_t passing = 0;
    int code = shop_sqlite_op_statement(&b->scope, op, &statement);
    if (code == SQLITE_OK)
        code = step_number(statement, &passing);
    if (code != SQLITE_OK)
        return tell_code(b, op, code, "");
    return is_expected(op, passing) ? SHOP_STORAGE_OK : tell_touched(b, passing);
}

/* An operation that broke a rule of a column or key has done nothing yet; a guard that fails too is told first. */
static int32_t tell_broken_rule(batch *b, const shop_op *op, int code)
{
    char *message = sqlite3_mprintf("%s", sqlite3_errmsg(b->runner->connection->db));
    int64_t passing = 0;
    int counted = SQLITE_OK;
    if (op->kind != SHOP_OP_INSERT && (code & 0xff) == SQLITE_CONSTRAINT)
        counted = count_passing(b, op, &passing);
    int32_t outcome;
    if (counted != SQLITE_OK)
        outcome = tell_code(b, op, counted, "");
    else if (op->kind != SHOP_OP_INSERT && (code & 0xff) == SQLITE_CONSTRAINT && !is_expected(op, passing))
        outcome = tell_touched(b, passing);
    else
        outcome = tell_code(b, op, code, message ? message : "");
    sqlite3_free(message);
    return outcome;
}

static void touch_counts(batch *b, const shop_op *op)
{
    uint64_t columns = 0;
    for (uint16_t i = 0; op->kind == SHOP_OP_UPDATE && i < op->set_count; i++)
        columns |= UINT64_C(1) << op->sets[i].column;
    shop_sqlite_counts_touch(b->runner->counts, op->table, columns);
}

static int32_t run_change(batch *b, const shop_op *op)
{
    sqlite3 *db = b->runner->connection->db;
    sqlite3_stmt *statement = NULL;
    int code = shop_sqlite_op_statement(&b->scope, op, &statement);
    if (code != SQLITE_OK)
        return tell_code(b, op, code, "");
    code = sqlite3_step(statement);
    int64_t touched = code == SQLITE_DONE ? sqlite3_changes64(db) : 0;
    code = sqlite3_reset(statement);
    if (code != SQLITE_OK)
        return tell_broken_rule(b, op, code);
    if (touched)
        touch_counts(b, op);
    return op->kind == SHOP_OP_INSERT || is_expected(op, touched) ? SHOP_STORAGE_OK : tell_touched(b, touched);
}

/* An operation that would set a bad value does so to the rows that pass, if any do. */
static int32_t run_bad(batch *b, const shop_op *op)
{
    int64_t passing = 1;
    int code = op->kind == SHOP_OP_UPDATE ? count_passing(b, op, &passing) : SQLITE_OK;
    if (code != SQLITE_OK)
        return tell_code(b, op, code, "");
    if (op->kind == SHOP_OP_UPDATE && !is_expected(op, passing))
        return tell_touched(b, passing);
    return passing ? fail(b, SHOP_STORAGE_CONSTRAINT, b->preview->bad_detail) : SHOP_STORAGE_OK;
}

/* ------------------------------------------------------------------------------------------------ references */

/* The id that the operation names, for the VALUE_REFs to it; a row without an id must not get one from SQLite. */
static int32_t take_name(batch *b, const shop_op *op)
{
    const shop_value *id = shop_check_named_id(op);
    int64_t number = 0;
    int found = id && id->type == SHOP_VALUE_INT;
    if (found)
        number = id->num;
    if (id && id->type == SHOP_VALUE_REF) {
        int code = shop_sqlite_resolve(&b->scope, id, &number, &found);
        if (code != SQLITE_OK)
            return tell_code(b, op, code, "");
    }
    if (op->kind == SHOP_OP_INSERT && !found)
        return fail(b, SHOP_STORAGE_CONSTRAINT, "NULL in a column that may not be NULL");
    b->runner->named[b->at] = number;
    return SHOP_STORAGE_OK;
}

static bool make_names(shop_sqlite_runner *runner, uint32_t count)
{
    if (count <= runner->named_room)
        return true;
    int64_t *grown = shop_mem_realloc(runner->named, count * sizeof *grown);
    if (!grown)
        return false;
    runner->named = grown;
    runner->named_room = count;
    return true;
}

void shop_sqlite_runner_end(shop_sqlite_runner *runner)
{
    shop_mem_free(runner->named);
    runner->named = NULL;
    runner->named_room = 0;
}

/* SQLite counts the references that dangle; which operation is to blame is the one since when they do. */
static void watch_references(batch *b)
{
    int dangling = 0;
    int unused = 0;
    (void)sqlite3_db_status(b->runner->connection->db, SQLITE_DBSTATUS_DEFERRED_FKS, &dangling, &unused, 0);
    if (dangling && !b->dangling)
        b->dangling_since = b->at;
    b->dangling = dangling != 0;
}

/* ------------------------------------------------------------------------------------------------ the whole */

static int32_t run_op(batch *b, const shop_op *op)
{
    if (b->preview->has_refs) {
        int32_t outcome = take_name(b, op);
        if (outcome != SHOP_STORAGE_OK)
            return outcome;
    }
    if (b->at == b->preview->bad_op)
        return run_bad(b, op);
    if (op->kind == SHOP_OP_CHECK)
        return run_check(b, op);
    int32_t outcome = run_change(b, op);
    watch_references(b);
    return outcome;
}

int32_t shop_sqlite_run_batch(shop_sqlite_runner *runner, const shop_op_list *list, const shop_sqlite_preview *preview,
                              shop_fault *fault)
{
    batch b = {.runner = runner, .list = list, .preview = preview, .fault = fault};
    if (preview->has_refs && !make_names(runner, list->count))
        return fail(&b, SHOP_STORAGE_NO_MEMORY, "out of memory");
    b.scope = (shop_sqlite_scope){.connection = runner->connection,
                                  .schema = runner->schema,
                                  .ops = list->ops,
                                  .named = preview->has_refs ? runner->named : NULL};
    for (; b.at < list->count; b.at++) {
        int32_t outcome = run_op(&b, &list->ops[b.at]);
        if (outcome != SHOP_STORAGE_OK)
            return outcome;
    }
    if (!b.dangling)
        return SHOP_STORAGE_OK;
    b.at = b.dangling_since;
    return fail(&b, SHOP_STORAGE_REFERENCE, "a row refers to one that is not there");
}
