/* SPDX-License-Identifier: MIT */
/* SQL text of reads and operations; values are bound as they are written. */
#include "statement.h"

#include <string.h>

#include "../check.h"
#include "words.h"

#define NESTED_MAX 64u /* subselects of earlier reads in one statement */
#define LITERAL_LIMIT_MAX 1000 /* page sizes are few, and a planner that knows the number finds the index */

typedef struct writer {
    const shop_pg_scope *scope;
    const shop_table *table;
    shop_pg_sql *sql;
    uint32_t *nested;
} writer;

static const char *const comparisons[] = {
    [SHOP_PRED_EQ] = " = ",  [SHOP_PRED_NE] = " <> ", [SHOP_PRED_LT] = " < ",
    [SHOP_PRED_LE] = " <= ", [SHOP_PRED_GT] = " > ",  [SHOP_PRED_GE] = " >= ",
};

static void put(const writer *w, const char *text)
{
    shop_pg_put(w->sql, text);
}

static void put_column(const writer *w, uint16_t column)
{
    shop_pg_put_name(w->sql, w->table->columns[column].name);
}

static uint32_t kind_of(const writer *w, uint16_t column)
{
    return shop_check_kind(w->table->columns[column].type);
}

/* ------------------------------------------------------------------------------------------------ values */

/* What the row with the id that an earlier operation named holds now: a subselect, which sees what was before the statement. */
static void put_ref(const writer *w, const shop_value *ref)
{
    const shop_op *source = &w->scope->ops[ref->num];
    const shop_table *table = &w->scope->schema->tables[source->table];
    const shop_value *id = shop_check_named_id(source);
    put(w, "(SELECT ");
    shop_pg_put_name(w->sql, table->columns[ref->size].name);
    put(w, " FROM ");
    shop_pg_put_name(w->sql, table->name);
    put(w, " WHERE \"id\" = ");
    if (id->type == SHOP_VALUE_REF)
        put_ref(w, id);
    else
        shop_pg_bind_value(w->sql, id, SHOP_VALUE_INT);
    put(w, ")");
}

static void put_value(const writer *w, const shop_value *value, uint32_t kind)
{
    if (value->type == SHOP_VALUE_REF)
        put_ref(w, value);
    else
        shop_pg_bind_value(w->sql, value, kind);
}

static bool is_odd_text(const shop_value *value)
{
    return value->type == SHOP_VALUE_TEXT && !shop_pg_is_text(value);
}

/* ------------------------------------------------------------------------------------------------ predicates */

/* A sum beyond bigint would be an error: as numeric it is a number that does not pass. */
static void put_sum_comparison(const writer *w, const shop_pred *pred)
{
    put(w, "(");
    put_column(w, pred->column);
    put(w, comparisons[pred->op]);
    put_column(w, pred->other);
    put(w, "::numeric + ");
    put_value(w, pred->values, SHOP_VALUE_INT);
    put(w, " AND ");
    put_column(w, pred->other);
    put(w, "::numeric + ");
    put_value(w, pred->values, SHOP_VALUE_INT);
    put(w, " BETWEEN -9223372036854775808 AND 9223372036854775807)");
}

/* A text that is not UTF-8 cannot be sent as one; it has its place among texts, byte by byte, all the same. */
static void put_odd_comparison(const writer *w, const shop_pred *pred)
{
    put(w, "convert_to(");
    put_column(w, pred->column);
    put(w, ", 'UTF8')");
    put(w, comparisons[pred->op]);
    shop_pg_bind_value(w->sql, pred->values, SHOP_VALUE_BLOB);
}

static void put_comparison(const writer *w, const shop_pred *pred)
{
    if (pred->other != SHOP_NO_COLUMN) {
        put_sum_comparison(w, pred);
        return;
    }
    if (is_odd_text(pred->values)) {
        put_odd_comparison(w, pred);
        return;
    }
    put_column(w, pred->column);
    put(w, comparisons[pred->op]);
    put_value(w, pred->values, kind_of(w, pred->column));
}

static void put_in(const writer *w, const shop_pred *pred)
{
    uint32_t kind = kind_of(w, pred->column);
    put(w, "(");
    for (uint32_t i = 0; i < pred->value_count; i++) {
        if (pred->values[i].type != SHOP_VALUE_REF)
            continue;
        put_column(w, pred->column);
        put(w, " = ");
        put_ref(w, &pred->values[i]);
        put(w, " OR ");
    }
    put_column(w, pred->column);
    put(w, " = ANY(");
    shop_pg_bind_list(w->sql, pred->values, pred->value_count, kind);
    put(w, "))");
}

static void put_match(const writer *w, const shop_pred *pred)
{
    const char *column = w->table->columns[pred->column].name;
    if (pred->values->type != SHOP_VALUE_REF) {
        shop_pg_put_match(w->sql, column, pred->values);
        return;
    }
    put_ref(w, pred->values);
    put(w, " IS NOT NULL AND ");
    shop_pg_put_scan_start(w->sql, column);
    put(w, "(SELECT array_agg(convert_to(word, 'UTF8')) FROM unnest(string_to_array(");
    put_ref(w, pred->values);
    put(w, ", ' ')) AS wanted(word))");
    shop_pg_put_scan_end(w->sql);
}

static void write_source(const writer *w, const shop_pred *pred);

static void put_pred(const writer *w, const shop_pred *pred)
{
    switch (pred->op) {
    case SHOP_PRED_IN:
        put_in(w, pred);
        break;
    case SHOP_PRED_IN_READ:
        put_column(w, pred->column);
        put(w, " IN (");
        write_source(w, pred);
        put(w, ")");
        break;
    case SHOP_PRED_NULL:
        put_column(w, pred->column);
        put(w, " IS NULL");
        break;
    case SHOP_PRED_NOT_NULL:
        put_column(w, pred->column);
        put(w, " IS NOT NULL");
        break;
    case SHOP_PRED_MATCH:
        put_match(w, pred);
        break;
    default:
        put_comparison(w, pred);
        break;
    }
}

static void put_preds(const writer *w, const shop_pred *preds, uint16_t count)
{
    for (uint16_t i = 0; i < count; i++) {
        put(w, i ? " AND " : " WHERE ");
        put_pred(w, &preds[i]);
    }
}

/* ------------------------------------------------------------------------------------------------ reads */

/* What the rows are ordered by. */
static void put_key(const writer *w, const shop_read *read, uint16_t place)
{
    const shop_order_by *by = &read->order[place];
    if (by->by_rank)
        shop_pg_put_rank(w->sql, w->table->columns[by->column].name, shop_check_ranked_words(read->preds, read->pred_count));
    else
        put_column(w, by->column);
}

static bool is_nullable(const writer *w, const shop_order_by *by)
{
    return !by->by_rank && (w->table->columns[by->column].flags & SHOP_COLUMN_NULLABLE);
}

static uint32_t key_kind(const writer *w, const shop_order_by *by)
{
    return by->by_rank ? SHOP_VALUE_INT : kind_of(w, by->column);
}

/* One direction throughout and no NULLs: a comparison of row values, which an index serves. */
static bool is_plain_order(const writer *w, const shop_read *read)
{
    for (uint16_t i = 0; i < read->order_count; i++) {
        if (read->order[i].descending != read->order[0].descending || is_nullable(w, &read->order[i]) ||
            is_odd_text(&read->after[i]))
            return false;
    }
    return true;
}

static void put_plain_after(const writer *w, const shop_read *read)
{
    for (uint16_t i = 0; i < read->order_count; i++) {
        put(w, i ? ", " : "(");
        put_key(w, read, i);
    }
    put(w, read->order[0].descending ? ") < " : ") > ");
    for (uint16_t i = 0; i < read->order_count; i++) {
        put(w, i ? ", " : "(");
        put_value(w, &read->after[i], key_kind(w, &read->order[i]));
    }
    put(w, ")");
}

static void put_key_comparison(const writer *w, const shop_read *read, uint16_t place, uint16_t op)
{
    const shop_pred pred = {.column = read->order[place].column,
                            .op = op,
                            .other = SHOP_NO_COLUMN,
                            .value_count = 1,
                            .values = &read->after[place]};
    if (!read->order[place].by_rank) {
        put_comparison(w, &pred);
        return;
    }
    put_key(w, read, place);
    put(w, comparisons[op]);
    put_value(w, pred.values, SHOP_VALUE_INT);
}

/* beyond the first column's value, or equal to it and (beyond the second's, or …); NULLs are at the end of a descending order. */
static void put_mixed_after(const writer *w, const shop_read *read)
{
    for (uint16_t i = 0; i < read->order_count; i++) {
        const shop_order_by *by = &read->order[i];
        put(w, "(");
        put_key_comparison(w, read, i, by->descending ? SHOP_PRED_LT : SHOP_PRED_GT);
        if (by->descending && is_nullable(w, by)) {
            put(w, " OR ");
            put_column(w, by->column);
            put(w, " IS NULL");
        }
        if (i + 1 < read->order_count) {
            put(w, " OR ");
            put_key_comparison(w, read, i, SHOP_PRED_EQ);
            put(w, " AND ");
        }
    }
    for (uint16_t i = 0; i < read->order_count; i++)
        put(w, ")");
}

static void put_after(const writer *w, const shop_read *read)
{
    if (!read->after)
        return;
    put(w, read->pred_count ? " AND " : " WHERE ");
    if (is_plain_order(w, read))
        put_plain_after(w, read);
    else
        put_mixed_after(w, read);
}

/* Where NULLs are said to be only where they can be: indexes of other columns know of none. */
static void put_order(const writer *w, const shop_read *read)
{
    for (uint16_t i = 0; i < read->order_count; i++) {
        const shop_order_by *by = &read->order[i];
        put(w, i ? ", " : " ORDER BY ");
        put_key(w, read, i);
        if (by->descending)
            put(w, is_nullable(w, by) ? " DESC NULLS LAST" : " DESC");
        else if (is_nullable(w, by))
            put(w, " NULLS FIRST");
    }
}

static void put_limit(const writer *w, const shop_read *read)
{
    if (read->limit >= 0) {
        put(w, " LIMIT ");
        if (read->limit <= LITERAL_LIMIT_MAX)
            shop_pg_put_int(w->sql, read->limit);
        else
            shop_pg_bind_int(w->sql, read->limit);
    }
    if (read->offset > 0) {
        put(w, " OFFSET ");
        shop_pg_bind_int(w->sql, read->offset);
    }
}

static void put_source_table(const writer *w, const shop_read *read)
{
    put(w, " FROM ");
    shop_pg_put_name(w->sql, w->table->name);
    put_preds(w, read->preds, read->pred_count);
    put_after(w, read);
}

/* What stands behind the list of columns. */
static void put_rest(const writer *w, const shop_read *read)
{
    put_source_table(w, read);
    if (read->aggregate_count && read->group_by != SHOP_NO_COLUMN) {
        put(w, " GROUP BY ");
        put_column(w, read->group_by);
        put(w, " ORDER BY ");
        put_column(w, read->group_by);
        put(w, " NULLS FIRST");
    }
    put_order(w, read);
    put_limit(w, read);
}

/* The earlier read that the predicate names, as a subselect of the column that it asks for; in order only where that decides which rows
   there are. */
static void write_source(const writer *w, const shop_pred *pred)
{
    const shop_read *source = &w->scope->reads[pred->read];
    writer inner = *w;
    inner.table = &w->scope->schema->tables[source->table];
    if (++*w->nested > NESTED_MAX)
        return;
    put(&inner, "SELECT ");
    put_column(&inner, pred->other);
    if (source->limit >= 0 || source->offset > 0)
        put_rest(&inner, source);
    else
        put_source_table(&inner, source);
}

/* A sum comes as text: numeric, which knows no bounds, is awkward in binary. */
static void put_aggregate(const writer *w, const shop_aggregate *aggregate)
{
    if (aggregate->fn == SHOP_AGGREGATE_COUNT) {
        put(w, "count(*)");
        return;
    }
    put(w, aggregate->fn == SHOP_AGGREGATE_SUM ? "coalesce(sum(" : aggregate->fn == SHOP_AGGREGATE_MIN ? "min(" : "max(");
    put_column(w, aggregate->column);
    put(w, aggregate->fn == SHOP_AGGREGATE_SUM ? "), 0)::text" : ")");
}

static void put_selected(const writer *w, const shop_read *read)
{
    const char *joint = " ";
    if (read->aggregate_count && read->group_by != SHOP_NO_COLUMN) {
        put(w, joint);
        put_column(w, read->group_by);
        joint = ", ";
    }
    for (uint16_t i = 0; i < read->aggregate_count; i++, joint = ", ") {
        put(w, joint);
        put_aggregate(w, &read->aggregates[i]);
    }
    for (uint32_t c = 0; !read->aggregate_count && c < w->table->column_count; c++) {
        if ((read->columns >> c) & 1) {
            put(w, joint);
            put_column(w, (uint16_t)c);
            joint = ", ";
        }
    }
}

bool shop_pg_write_read(const shop_pg_scope *scope, shop_pg_sql *sql)
{
    const shop_read *read = &scope->reads[scope->place];
    uint32_t nested = 0;
    const writer w = {.scope = scope, .table = &scope->schema->tables[read->table], .sql = sql, .nested = &nested};
    shop_pg_sql_start(sql);
    put(&w, "SELECT");
    put_selected(&w, read);
    put_rest(&w, read);
    return nested <= NESTED_MAX;
}

/* ------------------------------------------------------------------------------------------------ operations */

static void put_insert(const writer *w, const shop_op *op)
{
    put(w, "INSERT INTO ");
    shop_pg_put_name(w->sql, w->table->name);
    for (uint16_t i = 0; i < op->set_count; i++) {
        put(w, i ? ", " : " (");
        put_column(w, op->sets[i].column);
    }
    for (uint16_t i = 0; i < op->set_count; i++) {
        put(w, i ? ", " : ") VALUES (");
        put_value(w, &op->sets[i].value, kind_of(w, op->sets[i].column));
    }
    put(w, ")");
}

static void put_update(const writer *w, const shop_op *op)
{
    put(w, "UPDATE ");
    shop_pg_put_name(w->sql, w->table->name);
    for (uint16_t i = 0; i < op->set_count; i++) {
        const shop_set *set = &op->sets[i];
        put(w, i ? ", " : " SET ");
        put_column(w, set->column);
        put(w, " = ");
        if (set->how == SHOP_SET_ADD) {
            put_column(w, set->column);
            put(w, " + ");
        }
        put_value(w, &set->value, kind_of(w, set->column));
    }
    put_preds(w, op->preds, op->pred_count);
}

static void put_change(const writer *w, const shop_op *op)
{
    if (op->kind == SHOP_OP_UPDATE) {
        put_update(w, op);
        return;
    }
    put(w, "DELETE FROM ");
    shop_pg_put_name(w->sql, w->table->name);
    put_preds(w, op->preds, op->pred_count);
}

/* The rows are locked: shared with others that check, unless this batch will change the table (two that share would then wait for
   each other). */
static void put_counted(const writer *w, const shop_op *op, bool will_change)
{
    put(w, "SELECT 1 FROM ");
    shop_pg_put_name(w->sql, w->table->name);
    put_preds(w, op->preds, op->pred_count);
    put(w, will_change ? " FOR NO KEY UPDATE" : " FOR SHARE");
}

/* The function is called only when the number is not the expected one. */
static void put_guard(const writer *w, const shop_op *op)
{
    put(w, "SELECT CASE WHEN count(*) <> ");
    shop_pg_bind_int(w->sql, op->expect);
    put(w, " THEN shop_guard(count(*)) END FROM ");
}

static void put_guarded_change(const writer *w, const shop_op *op)
{
    if (op->expect == SHOP_EXPECT_ANY) {
        put_change(w, op);
        return;
    }
    put(w, "WITH touched AS (");
    put_change(w, op);
    put(w, " RETURNING 1) ");
    put_guard(w, op);
    put(w, "touched");
}

static void put_check(const writer *w, const shop_op *op, bool will_change)
{
    if (op->expect == SHOP_EXPECT_ANY) {
        put_counted(w, op, will_change);
        return;
    }
    put_guard(w, op);
    put(w, "(");
    put_counted(w, op, will_change);
    put(w, ") AS passed");
}

void shop_pg_write_op(const shop_pg_scope *scope, bool will_change, shop_pg_sql *sql)
{
    const shop_op *op = &scope->ops[scope->place];
    const writer w = {.scope = scope, .table = &scope->schema->tables[op->table], .sql = sql};
    shop_pg_sql_start(sql);
    if (op->kind == SHOP_OP_INSERT)
        put_insert(&w, op);
    else if (op->kind == SHOP_OP_CHECK)
        put_check(&w, op, will_change);
    else
        put_guarded_change(&w, op);
}

/* ------------------------------------------------------------------------------------------------ refusals */

static bool is_sendable(const shop_column *column, const shop_value *value)
{
    if (value->type == SHOP_VALUE_NULL || value->type == SHOP_VALUE_REF)
        return true;
    return value->type == shop_check_kind(column->type) && (value->type != SHOP_VALUE_TEXT || shop_pg_is_text(value));
}

bool shop_pg_is_refused(const shop_schema *schema, const shop_op *op)
{
    const shop_column *columns = schema->tables[op->table].columns;
    for (uint16_t i = 0; i < op->set_count; i++) {
        if (!is_sendable(&columns[op->sets[i].column], &op->sets[i].value))
            return true;
    }
    return false;
}

void shop_pg_write_refused(const shop_pg_scope *scope, shop_pg_sql *sql)
{
    const shop_op *op = &scope->ops[scope->place];
    const writer w = {.scope = scope, .table = &scope->schema->tables[op->table], .sql = sql};
    shop_pg_sql_start(sql);
    if (op->kind == SHOP_OP_INSERT) {
        put(&w, "SELECT shop_refuse()");
        return;
    }
    put(&w, "SELECT CASE WHEN ");
    shop_pg_bind_int(sql, op->expect);
    put(&w, " NOT IN (-1, count(*)) THEN shop_guard(count(*)) WHEN count(*) > 0 THEN shop_refuse() END FROM (");
    put_counted(&w, op, true);
    put(&w, ") AS passed");
}
