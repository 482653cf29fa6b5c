/* SPDX-License-Identifier: MIT */
/* Batches: every changed row is replaced by another, and the log of replacements is walked back when something fails. */
#include "batch.h"

#include <string.h>

#include "../../core/mem.h"
#include "../eval.h"

/* `before` NULL: inserted; `after` NULL: deleted. */
typedef struct change {
    uint32_t op;
    uint16_t table;
    shop_row *before;
    shop_row *after;
} change;

typedef struct batch {
    shop_memory_place *place;
    const shop_schema *schema;
    const shop_op_list *list;
    shop_arena *scratch;
    int64_t deadline;
    shop_fault *fault;
    uint32_t at; /* the operation under way */
    int64_t *named; /* id of the row that each operation so far names, for VALUE_REF; 0: none */
    change *log;
    size_t log_count;
    size_t log_capacity;
} batch;

static int32_t fail(batch *b, int32_t outcome, const char *detail)
{
    return shop_fault_set(b->fault, outcome, b->at, detail);
}

static int32_t no_memory(batch *b)
{
    return fail(b, SHOP_STORAGE_NO_MEMORY, "out of memory");
}

/* ------------------------------------------------------------------------------------------------ the log */

static int32_t log_change(batch *b, uint16_t table, shop_row *before, shop_row *after)
{
    if (b->log_count == b->log_capacity) {
        size_t capacity = b->log_capacity ? b->log_capacity * 2 : 32;
        change *grown = shop_mem_realloc(b->log, capacity * sizeof *grown);
        if (!grown)
            return no_memory(b);
        b->log = grown;
        b->log_capacity = capacity;
    }
    b->log[b->log_count++] = (change){.op = b->at, .table = table, .before = before, .after = after};
    if (before)
        shop_memory_take_down(&b->place->tables[table], before);
    if (after)
        shop_memory_hang(&b->place->tables[table], after);
    return SHOP_STORAGE_OK;
}

static void undo(batch *b)
{
    for (size_t i = b->log_count; i-- > 0;) {
        const change *c = &b->log[i];
        if (c->after) {
            shop_memory_take_down(&b->place->tables[c->table], c->after);
            shop_mem_free(c->after);
        }
        if (c->before)
            shop_memory_hang(&b->place->tables[c->table], c->before);
    }
}

static void keep(batch *b)
{
    for (size_t i = 0; i < b->log_count; i++)
        shop_mem_free(b->log[i].before);
}

/* ------------------------------------------------------------------------------------------------ values */

/* What a VALUE_REF stands for now; any other value stands for itself. */
static shop_value resolve(const batch *b, const shop_value *value)
{
    if (value->type != SHOP_VALUE_REF)
        return *value;
    const shop_row *row = shop_memory_find(b->place, b->list->ops[value->num].table, b->named[value->num]);
    return row ? row->values[value->size] : (shop_value){.type = SHOP_VALUE_NULL};
}

shop_pred *shop_memory_copy_preds(shop_arena *arena, const shop_pred *preds, uint32_t count)
{
    shop_pred *copies = shop_arena_alloc(arena, count * sizeof *copies);
    for (uint32_t i = 0; copies && i < count; i++) {
        copies[i] = preds[i];
        if (preds[i].op != SHOP_PRED_IN)
            continue;
        shop_value *values = shop_arena_alloc(arena, preds[i].value_count * sizeof *values);
        if (!values)
            return NULL;
        if (preds[i].value_count)
            memcpy(values, preds[i].values, preds[i].value_count * sizeof *values);
        copies[i].op = SHOP_EVAL_IN_SORTED;
        copies[i].values = values;
        copies[i].value_count = shop_eval_sort_values(values, preds[i].value_count);
    }
    return copies;
}

/* A predicate's values with what its references stand for. */
static bool resolve_values(batch *b, shop_pred *pred)
{
    bool has_ref = false;
    for (uint32_t i = 0; i < pred->value_count && !has_ref; i++)
        has_ref = pred->values[i].type == SHOP_VALUE_REF;
    if (!has_ref)
        return true;
    shop_value *values = shop_arena_alloc(b->scratch, pred->value_count * sizeof *values);
    if (!values)
        return false;
    for (uint32_t i = 0; i < pred->value_count; i++)
        values[i] = resolve(b, &pred->values[i]);
    pred->values = values;
    return true;
}

static shop_pred *resolve_preds(batch *b, const shop_op *op)
{
    shop_pred *resolved = shop_arena_alloc(b->scratch, op->pred_count * sizeof *resolved);
    for (uint16_t i = 0; resolved && i < op->pred_count; i++) {
        resolved[i] = op->preds[i];
        if (!resolve_values(b, &resolved[i]))
            return NULL;
    }
    return resolved ? shop_memory_copy_preds(b->scratch, resolved, op->pred_count) : NULL;
}

/* ------------------------------------------------------------------------------------------------ operations */

/* The sets with what references stand for before the operation changes its first row. NULL: out of memory. */
static shop_set *resolve_sets(batch *b, const shop_op *op)
{
    shop_set *sets = shop_arena_alloc(b->scratch, op->set_count * sizeof *sets);
    for (uint16_t i = 0; sets && i < op->set_count; i++) {
        sets[i] = op->sets[i];
        sets[i].value = resolve(b, &op->sets[i].value);
    }
    return sets;
}

/* Computes one set into the row; the column's own rule is checked. */
static int32_t set_value(batch *b, const shop_table *table, const shop_set *set, shop_value *row)
{
    shop_value value = set->value;
    const shop_value *old = &row[set->column];
    if (set->how == SHOP_SET_ADD && (old->type == SHOP_VALUE_NULL || value.type == SHOP_VALUE_NULL))
        value = (shop_value){.type = SHOP_VALUE_NULL};
    else if (set->how == SHOP_SET_ADD && __builtin_add_overflow(old->num, value.num, &value.num))
        return fail(b, SHOP_STORAGE_CONSTRAINT, "a sum beyond 64 bits");
    const char *defect = shop_check_value(&table->columns[set->column], &value);
    if (defect)
        return fail(b, SHOP_STORAGE_CONSTRAINT, defect);
    row[set->column] = value;
    return SHOP_STORAGE_OK;
}

static int32_t set_values(batch *b, const shop_op *op, const shop_set *sets, shop_value *row)
{
    const shop_table *table = &b->schema->tables[op->table];
    int32_t outcome = SHOP_STORAGE_OK;
    for (uint16_t i = 0; i < op->set_count && outcome == SHOP_STORAGE_OK; i++)
        outcome = set_value(b, table, &sets[i], row);
    const char *defect = outcome == SHOP_STORAGE_OK ? shop_check_row(table, row) : NULL;
    return defect ? fail(b, SHOP_STORAGE_CONSTRAINT, defect) : outcome;
}

/* Replaces a row (NULL: adds one) by one that holds the values. */
static int32_t put_row(batch *b, uint16_t table, shop_row *before, const shop_value *values)
{
    const shop_memory_table *home = &b->place->tables[table];
    shop_row *after = shop_row_new(home->tree_count, values, home->column_count);
    if (!after)
        return no_memory(b);
    int32_t outcome = log_change(b, table, before, after);
    if (outcome != SHOP_STORAGE_OK)
        shop_mem_free(after);
    return outcome;
}

static int32_t taken(batch *b, uint32_t index)
{
    fail(b, SHOP_STORAGE_UNIQUE, index == SHOP_NO_COLUMN ? "the id is taken" : "a unique key is taken");
    b->fault->index = index;
    return SHOP_STORAGE_UNIQUE;
}

/* Unique keys of the rows that the log has from `first` on. */
static int32_t check_unique(batch *b, size_t first)
{
    for (size_t i = first; i < b->log_count; i++) {
        const shop_memory_table *table = &b->place->tables[b->log[i].table];
        for (uint32_t t = 1; t < table->tree_count && b->log[i].after; t++) {
            if (table->trees[t].unique && shop_tree_has_twin(&table->trees[t], b->log[i].after))
                return taken(b, table->trees[t].index);
        }
    }
    return SHOP_STORAGE_OK;
}

/* Values of columns that are not set must keep the rule too: a reference may have no default. */
static int32_t insert(batch *b, const shop_op *op)
{
    const shop_table *table = &b->schema->tables[op->table];
    shop_value row[SHOP_MAX_COLUMNS];
    for (uint32_t i = 0; i < table->column_count; i++)
        row[i] = shop_check_default(&table->columns[i]);
    const shop_set *sets = resolve_sets(b, op);
    int32_t outcome = sets ? set_values(b, op, sets, row) : no_memory(b);
    if (outcome != SHOP_STORAGE_OK)
        return outcome;
    for (uint32_t i = 0; i < table->column_count; i++) {
        const char *defect = shop_check_value(&table->columns[i], &row[i]);
        if (defect)
            return fail(b, SHOP_STORAGE_CONSTRAINT, defect);
    }
    if (row[0].num < 1 || row[0].num > SHOP_MAX_ID)
        return fail(b, SHOP_STORAGE_CONSTRAINT, "an id out of range");
    if (shop_memory_find(b->place, op->table, row[0].num))
        return taken(b, SHOP_NO_COLUMN);
    size_t first = b->log_count;
    outcome = put_row(b, op->table, NULL, row);
    return outcome == SHOP_STORAGE_OK ? check_unique(b, first) : outcome;
}

static int32_t change_found(batch *b, const shop_op *op, const shop_memory_list *found)
{
    const shop_table *table = &b->schema->tables[op->table];
    shop_value values[SHOP_MAX_COLUMNS];
    size_t first = b->log_count;
    const shop_set *sets = resolve_sets(b, op);
    int32_t outcome = sets ? SHOP_STORAGE_OK : no_memory(b);
    for (size_t i = 0; i < found->count && outcome == SHOP_STORAGE_OK; i++) {
        shop_row *row = shop_memory_find(b->place, op->table, found->rows[i][0].num);
        if (op->kind == SHOP_OP_DELETE) {
            outcome = log_change(b, op->table, row, NULL);
            continue;
        }
        memcpy(values, row->values, table->column_count * sizeof *values);
        outcome = set_values(b, op, sets, values);
        if (outcome == SHOP_STORAGE_OK)
            outcome = put_row(b, op->table, row, values);
    }
    return outcome == SHOP_STORAGE_OK ? check_unique(b, first) : outcome;
}

static int32_t run_on_found(batch *b, const shop_op *op, const shop_memory_list *found)
{
    if (op->expect != SHOP_EXPECT_ANY && (uint64_t)op->expect != found->count) {
        fail(b, SHOP_STORAGE_GUARD, "another number of rows passed than expected");
        b->fault->touched = (int64_t)found->count;
        return SHOP_STORAGE_GUARD;
    }
    return op->kind == SHOP_OP_CHECK ? SHOP_STORAGE_OK : change_found(b, op, found);
}

static int32_t run_guarded(batch *b, const shop_op *op)
{
    shop_pred *preds = resolve_preds(b, op);
    if (!preds)
        return no_memory(b);
    shop_memory_list found = {.rows = NULL};
    int32_t outcome = shop_memory_scan(&b->place->tables[op->table], preds, op->pred_count, b->deadline, &found);
    if (outcome == SHOP_STORAGE_OK)
        outcome = run_on_found(b, op, &found);
    else
        fail(b, outcome, "out of memory, or the deadline passed");
    shop_mem_free(found.rows);
    return outcome;
}

static int32_t run_op(batch *b, const shop_op *op)
{
    shop_arena_mark mark = shop_arena_set_mark(b->scratch);
    const shop_value *id = shop_check_named_id(op);
    if (id) {
        shop_value resolved = resolve(b, id);
        b->named[b->at] = resolved.type == SHOP_VALUE_INT ? resolved.num : 0;
    }
    int32_t outcome = op->kind == SHOP_OP_INSERT ? insert(b, op) : run_guarded(b, op);
    shop_arena_rewind(b->scratch, mark);
    return outcome;
}

/* ------------------------------------------------------------------------------------------------ references */

static bool has_referrer(const shop_memory_place *place, uint16_t table, int64_t id)
{
    const shop_value key = {.type = SHOP_VALUE_INT, .num = id};
    for (uint32_t i = 0; i < place->reference_count; i++) {
        const shop_memory_reference *reference = &place->references[i];
        if (reference->to != table)
            continue;
        const shop_tree *tree = &place->tables[reference->from].trees[reference->tree];
        const shop_row *row = shop_tree_seek(tree, &key, 1);
        if (row && shop_tree_is_at(tree, row, &key, 1))
            return true;
    }
    return false;
}

static bool dangles(const batch *b, uint16_t table, const shop_row *row)
{
    const shop_table *described = &b->schema->tables[table];
    for (uint32_t i = 0; i < described->column_count; i++) {
        uint16_t to = described->columns[i].references;
        if (to != SHOP_NO_TABLE && row->values[i].type != SHOP_VALUE_NULL &&
            !shop_memory_find(b->place, to, row->values[i].num))
            return true;
    }
    return false;
}

/* At the end of the batch: what it made refers to rows that are there, and what it deleted is referred to by none. */
static int32_t check_references(batch *b)
{
    for (size_t i = 0; i < b->log_count; i++) {
        const change *c = &b->log[i];
        const shop_row *known = c->after ? c->after : c->before;
        const shop_row *now = shop_memory_find(b->place, c->table, known->values[0].num);
        b->at = c->op;
        if (now && now == c->after && dangles(b, c->table, now))
            return fail(b, SHOP_STORAGE_REFERENCE, "a row refers to one that is not there");
        if (!now && !c->after && has_referrer(b->place, c->table, known->values[0].num))
            return fail(b, SHOP_STORAGE_REFERENCE, "a deleted row is still referred to");
    }
    return SHOP_STORAGE_OK;
}

/* ------------------------------------------------------------------------------------------------ the whole */

static int32_t run_all(batch *b)
{
    for (b->at = 0; b->at < b->list->count; b->at++) {
        int32_t outcome = run_op(b, &b->list->ops[b->at]);
        if (outcome != SHOP_STORAGE_OK)
            return outcome;
    }
    return check_references(b);
}

int32_t shop_memory_apply(shop_memory_place *place, const shop_schema *schema, shop_arena *scratch, int64_t deadline,
                          const shop_op_list *list, shop_fault *fault)
{
    batch b = {.place = place, .schema = schema, .list = list, .scratch = scratch, .deadline = deadline, .fault = fault};
    b.named = shop_arena_zalloc(scratch, list->count * sizeof *b.named);
    if (!b.named)
        return no_memory(&b);
    int32_t outcome = run_all(&b);
    if (outcome == SHOP_STORAGE_OK)
        keep(&b);
    else
        undo(&b);
    shop_mem_free(b.log);
    return outcome;
}
