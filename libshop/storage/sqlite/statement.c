/* SPDX-License-Identifier: MIT */
/* SQL text of shapes, and the binding of values in the same order. */
#include "statement.h"

#include <string.h>

#include "../check.h"
#include "values.h"
#include "words.h"

/* ------------------------------------------------------------------------------------------------ keys */

enum { KEY_READ = 1, KEY_OP, KEY_COUNT, KEY_REF };

#define LIST_PARAMETERS_MAX 32u /* longer lists are read through the table of values */
#define LIST_AS_TABLE UINT32_MAX
#define SPLIT "4294967295" /* the low half of a number */

static uint64_t mix(uint64_t h, uint64_t word)
{
    h = (h ^ word) * UINT64_C(1099511628211);
    return h ^ (h >> 29);
}

static shop_sqlite_list list_of(const shop_sqlite_scope *scope, const shop_pred *pred)
{
    if (pred->op == SHOP_PRED_IN)
        return (shop_sqlite_list){.first = pred->values, .count = pred->value_count, .stride = 1};
    const shop_rows *rows = &scope->rows[pred->read];
    return (shop_sqlite_list){
        .first = rows->count ? rows->values + pred->other : NULL, .count = rows->count, .stride = rows->width};
}

static int has_ref(const shop_sqlite_list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->first[(size_t)i * list->stride].type == SHOP_VALUE_REF)
            return 1;
    }
    return 0;
}

/* How many parameters a list gets: powers of two, so that few statements serve all lengths. */
static uint32_t list_form(const shop_sqlite_scope *scope, const shop_sqlite_list *list)
{
    if (list->count > LIST_PARAMETERS_MAX && !(scope->named && has_ref(list)))
        return LIST_AS_TABLE;
    uint32_t padded = list->count ? 1 : 0;
    while (padded < list->count)
        padded *= 2;
    return padded;
}

/* What of a predicate's values changes its SQL, beyond the shape. */
static uint32_t form_of(const shop_sqlite_scope *scope, const shop_pred *pred)
{
    if (pred->op == SHOP_PRED_IN || pred->op == SHOP_PRED_IN_READ) {
        const shop_sqlite_list list = list_of(scope, pred);
        return list_form(scope, &list);
    }
    return pred->op == SHOP_PRED_MATCH ? (uint32_t)shop_sqlite_match_kind(pred->values) : 0;
}

static uint64_t mix_forms(const shop_sqlite_scope *scope, uint64_t key, const shop_pred *preds, uint16_t count)
{
    for (uint16_t i = 0; i < count; i++)
        key = mix(key, form_of(scope, &preds[i]));
    return key;
}

/* ------------------------------------------------------------------------------------------------ text: predicates */

/* Parameters are numbered, so that a value can be used twice. */
typedef struct writer {
    const shop_sqlite_scope *scope;
    const shop_table *table;
    sqlite3_str *sql;
    int parameters;
    int words; /* the parameter that holds the words of ranks */
} writer;

static const char *const comparisons[] = {
    [SHOP_PRED_EQ] = "=",  [SHOP_PRED_NE] = "<>", [SHOP_PRED_LT] = "<",
    [SHOP_PRED_LE] = "<=", [SHOP_PRED_GT] = ">",  [SHOP_PRED_GE] = ">=",
};

static const char *name_of(const writer *w, uint16_t column)
{
    return w->table->columns[column].name;
}

/* SQLite would turn a sum beyond 64 bits into a floating-point number: that must not pass. */
static void write_comparison(writer *w, const shop_pred *pred)
{
    int p = ++w->parameters;
    const char *left = name_of(w, pred->column);
    const char *sign = comparisons[pred->op];
    if (pred->other == SHOP_NO_COLUMN) {
        sqlite3_str_appendf(w->sql, "\"%w\" %s ?%d", left, sign, p);
        return;
    }
    const char *right = name_of(w, pred->other);
    sqlite3_str_appendf(w->sql, "(\"%w\" %s \"%w\" + ?%d AND typeof(\"%w\" + ?%d) = 'integer')", left, sign, right, p, right,
                        p);
}

static void write_list(writer *w, const shop_pred *pred, uint32_t form)
{
    sqlite3_str_appendf(w->sql, "\"%w\" IN (", name_of(w, pred->column));
    if (form == LIST_AS_TABLE) {
        sqlite3_str_appendf(w->sql, "SELECT value FROM " SHOP_SQLITE_VALUES "(?%d)", ++w->parameters);
    } else {
        for (uint32_t i = 0; i < form; i++)
            sqlite3_str_appendf(w->sql, "%s?%d", i ? "," : "", ++w->parameters);
    }
    sqlite3_str_appendchar(w->sql, 1, ')');
}

static const char *words_index(const shop_table *table, uint16_t column)
{
    for (uint32_t i = 0; i < table->index_count; i++) {
        if ((table->indexes[i].flags & SHOP_INDEX_WORDS) && table->indexes[i].columns[0] == column)
            return table->indexes[i].name;
    }
    return "";
}

static void write_match(writer *w, const shop_pred *pred, uint32_t form)
{
    const char *column = name_of(w, pred->column);
    const char *index = words_index(w->table, pred->column);
    switch (form) {
    case SHOP_SQLITE_MATCH_NOTHING:
        sqlite3_str_appendall(w->sql, "0");
        break;
    case SHOP_SQLITE_MATCH_ALL:
        sqlite3_str_appendf(w->sql, "\"%w\" IS NOT NULL", column);
        break;
    case SHOP_SQLITE_MATCH_INDEX:
        sqlite3_str_appendf(w->sql, "\"id\" IN (SELECT rowid FROM \"%w\" WHERE \"%w\" MATCH ?%d)", index, index,
                            ++w->parameters);
        break;
    default:
        sqlite3_str_appendf(w->sql, SHOP_SQLITE_MATCH_FUNCTION "(\"%w\", ?%d)", column, ++w->parameters);
        break;
    }
}

static void write_pred(writer *w, const shop_pred *pred)
{
    switch (pred->op) {
    case SHOP_PRED_IN:
    case SHOP_PRED_IN_READ:
        write_list(w, pred, form_of(w->scope, pred));
        break;
    case SHOP_PRED_NULL:
        sqlite3_str_appendf(w->sql, "\"%w\" IS NULL", name_of(w, pred->column));
        break;
    case SHOP_PRED_NOT_NULL:
        sqlite3_str_appendf(w->sql, "\"%w\" IS NOT NULL", name_of(w, pred->column));
        break;
    case SHOP_PRED_MATCH:
        write_match(w, pred, form_of(w->scope, pred));
        break;
    default:
        write_comparison(w, pred);
        break;
    }
}

static void write_preds(writer *w, const shop_pred *preds, uint16_t count)
{
    for (uint16_t i = 0; i < count; i++) {
        sqlite3_str_appendall(w->sql, i ? " AND " : " WHERE ");
        write_pred(w, &preds[i]);
    }
}

static char *finish(writer *w)
{
    return sqlite3_str_finish(w->sql);
}

/* ------------------------------------------------------------------------------------------------ text: reads */

int shop_sqlite_aggregate_width(const shop_aggregate *aggregate)
{
    return aggregate->fn == SHOP_AGGREGATE_SUM ? 2 : 1;
}

static void write_aggregate(writer *w, const shop_aggregate *aggregate)
{
    const char *column = aggregate->fn == SHOP_AGGREGATE_COUNT ? NULL : name_of(w, aggregate->column);
    switch (aggregate->fn) {
    case SHOP_AGGREGATE_COUNT:
        sqlite3_str_appendall(w->sql, "count(*)");
        break;
    case SHOP_AGGREGATE_SUM:
        sqlite3_str_appendf(w->sql, "sum(\"%w\" >> 32), sum(\"%w\" & " SPLIT ")", column, column);
        break;
    case SHOP_AGGREGATE_MIN:
        sqlite3_str_appendf(w->sql, "min(\"%w\")", column);
        break;
    default:
        sqlite3_str_appendf(w->sql, "max(\"%w\")", column);
        break;
    }
}

static void write_selected(writer *w, const shop_read *read)
{
    const char *comma = "";
    if (read->aggregate_count && read->group_by != SHOP_NO_COLUMN) {
        sqlite3_str_appendf(w->sql, "\"%w\"", name_of(w, read->group_by));
        comma = ",";
    }
    for (uint16_t i = 0; i < read->aggregate_count; i++, comma = ",") {
        sqlite3_str_appendall(w->sql, comma);
        write_aggregate(w, &read->aggregates[i]);
    }
    if (read->aggregate_count)
        return;
    for (uint32_t c = 0; c < w->table->column_count; c++) {
        if ((read->columns >> c) & 1) {
            sqlite3_str_appendf(w->sql, "%s\"%w\"", comma, w->table->columns[c].name);
            comma = ",";
        }
    }
    if (!*comma)
        sqlite3_str_appendall(w->sql, "NULL"); /* rows are counted even when no column is wanted */
}

/* The words of the read's ranks; NULL: it is not ordered by any. */
static const shop_value *ranked_words(const shop_read *read)
{
    for (uint16_t i = 0; i < read->order_count; i++) {
        if (read->order[i].by_rank)
            return shop_check_ranked_words(read->preds, read->pred_count);
    }
    return NULL;
}

/* What the rows are ordered by. */
static void write_key(writer *w, const shop_order_by *by)
{
    if (by->by_rank)
        sqlite3_str_appendf(w->sql, SHOP_SQLITE_RANK_FUNCTION "(\"%w\", ?%d)", name_of(w, by->column), w->words);
    else
        sqlite3_str_appendf(w->sql, "\"%w\"", name_of(w, by->column));
}

static int is_nullable(const writer *w, const shop_order_by *by)
{
    return !by->by_rank && (w->table->columns[by->column].flags & SHOP_COLUMN_NULLABLE);
}

/* One direction throughout and no NULLs: a comparison of row values, which an index serves. */
static int is_plain_order(const writer *w, const shop_read *read)
{
    for (uint16_t i = 0; i < read->order_count; i++) {
        if (read->order[i].descending != read->order[0].descending || is_nullable(w, &read->order[i]))
            return 0;
    }
    return 1;
}

static void write_plain_after(writer *w, const shop_read *read)
{
    for (uint16_t i = 0; i < read->order_count; i++) {
        sqlite3_str_appendall(w->sql, i ? "," : "(");
        write_key(w, &read->order[i]);
    }
    sqlite3_str_appendf(w->sql, ") %s ", read->order[0].descending ? "<" : ">");
    for (uint16_t i = 0; i < read->order_count; i++)
        sqlite3_str_appendf(w->sql, "%s?%d", i ? "," : "(", ++w->parameters);
    sqlite3_str_appendchar(w->sql, 1, ')');
}

/* beyond the first column's value, or equal to it and (beyond the second's, or …); NULLs are at the end of a descending order. */
static void write_mixed_after(writer *w, const shop_read *read)
{
    for (uint16_t i = 0; i < read->order_count; i++) {
        const shop_order_by *by = &read->order[i];
        int p = ++w->parameters;
        sqlite3_str_appendall(w->sql, "(");
        write_key(w, by);
        sqlite3_str_appendf(w->sql, " %s ?%d", by->descending ? "<" : ">", p);
        if (by->descending && is_nullable(w, by))
            sqlite3_str_appendf(w->sql, " OR \"%w\" IS NULL", name_of(w, by->column));
        if (i + 1 < read->order_count) {
            sqlite3_str_appendall(w->sql, " OR ");
            write_key(w, by);
            sqlite3_str_appendf(w->sql, " = ?%d AND ", p);
        }
    }
    sqlite3_str_appendchar(w->sql, read->order_count, ')');
}

static void write_order(writer *w, const shop_read *read)
{
    for (uint16_t i = 0; i < read->order_count; i++) {
        sqlite3_str_appendall(w->sql, i ? "," : " ORDER BY ");
        write_key(w, &read->order[i]);
        sqlite3_str_appendall(w->sql, read->order[i].descending ? " DESC" : "");
    }
}

static int is_limited(const shop_read *read)
{
    return read->limit >= 0 || read->offset > 0;
}

static char *read_text(const shop_sqlite_scope *scope, const shop_read *read)
{
    const shop_table *table = &scope->schema->tables[read->table];
    writer w = {.scope = scope, .table = table, .sql = sqlite3_str_new(NULL)};
    sqlite3_str_appendall(w.sql, "SELECT ");
    write_selected(&w, read);
    sqlite3_str_appendf(w.sql, " FROM \"%w\"", table->name);
    write_preds(&w, read->preds, read->pred_count);
    w.words = ranked_words(read) ? ++w.parameters : 0;
    if (read->after) {
        sqlite3_str_appendall(w.sql, read->pred_count ? " AND " : " WHERE ");
        if (is_plain_order(&w, read))
            write_plain_after(&w, read);
        else
            write_mixed_after(&w, read);
    }
    if (read->aggregate_count && read->group_by != SHOP_NO_COLUMN) {
        const char *group = name_of(&w, read->group_by);
        sqlite3_str_appendf(w.sql, " GROUP BY \"%w\" ORDER BY \"%w\"", group, group);
    }
    write_order(&w, read);
    if (is_limited(read)) {
        int p = w.parameters;
        sqlite3_str_appendf(w.sql, " LIMIT ?%d OFFSET ?%d", p + 1, p + 2);
    }
    return finish(&w);
}

/* ------------------------------------------------------------------------------------------------ text: operations */

static void write_insert(writer *w, const shop_op *op)
{
    sqlite3_str_appendf(w->sql, "INSERT INTO \"%w\" ", w->table->name);
    for (uint16_t i = 0; i < op->set_count; i++)
        sqlite3_str_appendf(w->sql, "%s\"%w\"", i ? "," : "(", name_of(w, op->sets[i].column));
    sqlite3_str_appendall(w->sql, ") VALUES ");
    for (uint16_t i = 0; i < op->set_count; i++)
        sqlite3_str_appendf(w->sql, "%s?%d", i ? "," : "(", ++w->parameters);
    sqlite3_str_appendchar(w->sql, 1, ')');
}

static void write_update(writer *w, const shop_op *op)
{
    sqlite3_str_appendf(w->sql, "UPDATE \"%w\" SET ", w->table->name);
    for (uint16_t i = 0; i < op->set_count; i++) {
        const char *column = name_of(w, op->sets[i].column);
        sqlite3_str_appendf(w->sql, "%s\"%w\" = ", i ? "," : "", column);
        if (op->sets[i].how == SHOP_SET_ADD)
            sqlite3_str_appendf(w->sql, "\"%w\" + ", column);
        sqlite3_str_appendf(w->sql, "?%d", ++w->parameters);
    }
}

static char *op_text(const shop_sqlite_scope *scope, const shop_op *op)
{
    const shop_table *table = &scope->schema->tables[op->table];
    writer w = {.scope = scope, .table = table, .sql = sqlite3_str_new(NULL)};
    switch (op->kind) {
    case SHOP_OP_INSERT:
        write_insert(&w, op);
        break;
    case SHOP_OP_UPDATE:
        write_update(&w, op);
        break;
    case SHOP_OP_DELETE:
        sqlite3_str_appendf(w.sql, "DELETE FROM \"%w\"", table->name);
        break;
    default:
        sqlite3_str_appendf(w.sql, "SELECT count(*) FROM \"%w\"", table->name);
        break;
    }
    write_preds(&w, op->preds, op->pred_count);
    return finish(&w);
}

static char *count_text(const shop_sqlite_scope *scope, const shop_op *op)
{
    shop_op counted = *op;
    counted.kind = SHOP_OP_CHECK;
    return op_text(scope, &counted);
}

/* ------------------------------------------------------------------------------------------------ references to values */

static int ref_statement(const shop_sqlite_scope *scope, const shop_value *ref, sqlite3_stmt **statement)
{
    uint16_t number = scope->ops[ref->num].table;
    uint64_t key = mix(mix(KEY_REF, number), ref->size);
    int code = SQLITE_OK;
    *statement = shop_sqlite_find(scope->connection, key);
    if (!*statement) {
        const shop_table *table = &scope->schema->tables[number];
        char *text =
            sqlite3_mprintf("SELECT \"%w\" FROM \"%w\" WHERE \"id\" = ?1", table->columns[ref->size].name, table->name);
        code = shop_sqlite_make(scope->connection, key, text, statement);
    }
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(*statement, 1, scope->named[ref->num]);
    if (code == SQLITE_OK)
        code = sqlite3_step(*statement);
    return code;
}

/* A row that is not there leaves NULL. */
static int bind_ref(const shop_sqlite_scope *scope, sqlite3_stmt *statement, int p, const shop_value *ref)
{
    sqlite3_stmt *source = NULL;
    int code = ref_statement(scope, ref, &source);
    if (code == SQLITE_ROW)
        code = sqlite3_bind_value(statement, p, sqlite3_column_value(source, 0));
    else if (code == SQLITE_DONE)
        code = sqlite3_bind_null(statement, p);
    (void)sqlite3_reset(source);
    return code;
}

int shop_sqlite_resolve(const shop_sqlite_scope *scope, const shop_value *ref, int64_t *value, int *found)
{
    sqlite3_stmt *source = NULL;
    int code = ref_statement(scope, ref, &source);
    *found = code == SQLITE_ROW && sqlite3_column_type(source, 0) == SQLITE_INTEGER;
    *value = *found ? sqlite3_column_int64(source, 0) : 0;
    (void)sqlite3_reset(source);
    return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

/* ------------------------------------------------------------------------------------------------ binding */

typedef struct binder {
    const shop_sqlite_scope *scope;
    sqlite3_stmt *statement;
    int parameters;
    int code;
} binder;

/* Bytes are not copied: they outlive the step. */
static void bind_value(binder *b, const shop_value *value)
{
    if (b->code != SQLITE_OK)
        return;
    int p = ++b->parameters;
    switch (value->type) {
    case SHOP_VALUE_INT:
        b->code = sqlite3_bind_int64(b->statement, p, value->num);
        break;
    case SHOP_VALUE_TEXT:
        b->code = sqlite3_bind_text64(b->statement, p, value->data, value->size, SQLITE_STATIC, SQLITE_UTF8);
        break;
    case SHOP_VALUE_BLOB:
        b->code = sqlite3_bind_blob64(b->statement, p, value->size ? value->data : "", value->size, SQLITE_STATIC);
        break;
    case SHOP_VALUE_REF:
        b->code = bind_ref(b->scope, b->statement, p, value);
        break;
    default:
        b->code = sqlite3_bind_null(b->statement, p);
        break;
    }
}

static void bind_list(binder *b, const shop_pred *pred)
{
    const shop_sqlite_list list = list_of(b->scope, pred);
    uint32_t form = list_form(b->scope, &list);
    if (form == LIST_AS_TABLE) {
        if (b->code == SQLITE_OK)
            b->code = shop_sqlite_values_bind(b->statement, ++b->parameters, &list);
        return;
    }
    for (uint32_t i = 0; i < form; i++)
        bind_value(b, &list.first[(size_t)(i < list.count ? i : list.count - 1) * list.stride]);
}

static void bind_match(binder *b, const shop_pred *pred)
{
    switch (shop_sqlite_match_kind(pred->values)) {
    case SHOP_SQLITE_MATCH_INDEX: {
        char *query = shop_sqlite_match_query(pred->values);
        if (!query)
            b->code = SQLITE_NOMEM;
        else if (b->code == SQLITE_OK)
            b->code = sqlite3_bind_text(b->statement, ++b->parameters, query, -1, sqlite3_free);
        else
            sqlite3_free(query);
        break;
    }
    case SHOP_SQLITE_MATCH_SCAN:
        bind_value(b, pred->values);
        break;
    default:
        break;
    }
}

static void bind_preds(binder *b, const shop_pred *preds, uint16_t count)
{
    for (uint16_t i = 0; i < count; i++) {
        const shop_pred *pred = &preds[i];
        if (pred->op == SHOP_PRED_IN || pred->op == SHOP_PRED_IN_READ)
            bind_list(b, pred);
        else if (pred->op == SHOP_PRED_MATCH)
            bind_match(b, pred);
        else if (pred->op != SHOP_PRED_NULL && pred->op != SHOP_PRED_NOT_NULL)
            bind_value(b, pred->values);
    }
}

static void bind_number(binder *b, int64_t number)
{
    if (b->code == SQLITE_OK)
        b->code = sqlite3_bind_int64(b->statement, ++b->parameters, number);
}

/* ------------------------------------------------------------------------------------------------ statements */

int shop_sqlite_read_statement(const shop_sqlite_scope *scope, const shop_read *read, sqlite3_stmt **statement)
{
    uint64_t key = mix(mix(read->shape, KEY_READ), (uint64_t)is_limited(read));
    key = mix_forms(scope, key, read->preds, read->pred_count);
    int code = SQLITE_OK;
    *statement = shop_sqlite_find(scope->connection, key);
    if (!*statement)
        code = shop_sqlite_make(scope->connection, key, read_text(scope, read), statement);
    binder b = {.scope = scope, .statement = *statement, .code = code};
    bind_preds(&b, read->preds, read->pred_count);
    if (ranked_words(read))
        bind_value(&b, ranked_words(read));
    for (uint16_t i = 0; read->after && i < read->order_count; i++)
        bind_value(&b, &read->after[i]);
    if (is_limited(read)) {
        bind_number(&b, read->limit);
        bind_number(&b, read->offset);
    }
    return b.code;
}

int shop_sqlite_op_statement(const shop_sqlite_scope *scope, const shop_op *op, sqlite3_stmt **statement)
{
    uint64_t key = mix_forms(scope, mix(op->shape, KEY_OP), op->preds, op->pred_count);
    int code = SQLITE_OK;
    *statement = shop_sqlite_find(scope->connection, key);
    if (!*statement)
        code = shop_sqlite_make(scope->connection, key, op_text(scope, op), statement);
    binder b = {.scope = scope, .statement = *statement, .code = code};
    for (uint16_t i = 0; i < op->set_count; i++)
        bind_value(&b, &op->sets[i].value);
    bind_preds(&b, op->preds, op->pred_count);
    return b.code;
}

int shop_sqlite_count_statement(const shop_sqlite_scope *scope, const shop_op *op, sqlite3_stmt **statement)
{
    uint64_t key = mix_forms(scope, mix(op->shape, KEY_COUNT), op->preds, op->pred_count);
    int code = SQLITE_OK;
    *statement = shop_sqlite_find(scope->connection, key);
    if (!*statement)
        code = shop_sqlite_make(scope->connection, key, count_text(scope, op), statement);
    binder b = {.scope = scope, .statement = *statement, .code = code};
    bind_preds(&b, op->preds, op->pred_count);
    return b.code;
}
