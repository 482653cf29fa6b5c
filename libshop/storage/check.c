/* SPDX-License-Identifier: MIT */
/* Well-formed calls and columns' own rules, once for all backends. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "../core/text.h"

static int32_t invalid(shop_fault *fault, uint32_t op, const char *detail)
{
    return shop_fault_set(fault, SHOP_STORAGE_INVALID, op, detail);
}

uint32_t shop_check_kind(uint16_t column_type)
{
    switch (column_type) {
    case SHOP_COLUMN_TEXT:
        return SHOP_VALUE_TEXT;
    case SHOP_COLUMN_BLOB:
        return SHOP_VALUE_BLOB;
    default:
        return SHOP_VALUE_INT;
    }
}

static uint32_t kind_of(const shop_table *table, uint16_t column)
{
    return shop_check_kind(table->columns[column].type);
}

/* ------------------------------------------------------------------------------------------------ the schema */

static const char *column_defect(const shop_schema *schema, const shop_column *column, bool is_id)
{
    if (!column->name)
        return "a column without a name";
    if (column->type < SHOP_COLUMN_INT || column->type > SHOP_COLUMN_BLOB)
        return "unknown column type";
    if (column->references != SHOP_NO_TABLE && (column->references >= schema->table_count || column->type != SHOP_COLUMN_INT))
        return "a reference that names no table";
    if (is_id && (column->type != SHOP_COLUMN_INT || column->flags || strcmp(column->name, "id") != 0))
        return "column 0 is not the id";
    return NULL;
}

static bool is_number(const shop_column *column)
{
    return shop_check_kind(column->type) == SHOP_VALUE_INT;
}

static const char *bound_defect(const shop_table *table, const shop_column *column)
{
    if (column->at_most &&
        (column->at_most >= table->column_count || !is_number(column) || !is_number(&table->columns[column->at_most])))
        return "a column bound by what is no number of its table";
    return NULL;
}

static const char *index_defect(const shop_table *table, const shop_index *index)
{
    if (!index->name || index->column_count < 1 || index->column_count > SHOP_MAX_KEY)
        return "an index of no or too many columns";
    for (uint16_t i = 0; i < index->column_count; i++) {
        if (index->columns[i] >= table->column_count)
            return "an index of an unknown column";
    }
    if ((index->flags & SHOP_INDEX_WORDS) &&
        (index->column_count != 1 || table->columns[index->columns[0]].type != SHOP_COLUMN_TEXT))
        return "an index of words that is not over one text column";
    return NULL;
}

static const char *table_defect(const shop_schema *schema, const shop_table *table)
{
    if (!table->name || !table->columns || table->column_count < 1 || table->column_count > SHOP_MAX_COLUMNS)
        return "a table without a name, or with no or too many columns";
    const char *defect = NULL;
    for (uint32_t i = 0; i < table->column_count && !defect; i++)
        defect = column_defect(schema, &table->columns[i], i == 0);
    for (uint32_t i = 0; i < table->column_count && !defect; i++)
        defect = bound_defect(table, &table->columns[i]);
    for (uint32_t i = 0; i < table->index_count && !defect; i++)
        defect = index_defect(table, &table->indexes[i]);
    return defect;
}

int32_t shop_check_schema(const shop_schema *schema, shop_fault *fault)
{
    if (!schema || !schema->version || schema->table_count >= SHOP_NO_TABLE || (schema->table_count && !schema->tables))
        return invalid(fault, 0, "no schema");
    for (uint32_t i = 0; i < schema->table_count; i++) {
        const char *defect = table_defect(schema, &schema->tables[i]);
        if (defect)
            return invalid(fault, i, defect);
    }
    return SHOP_STORAGE_OK;
}

/* ------------------------------------------------------------------------------------------------ values */

static bool has_word(const char *const *words, const shop_value *value)
{
    for (; *words; words++) {
        if (strlen(*words) == value->size && memcmp(*words, value->data, value->size) == 0)
            return true;
    }
    return false;
}

const char *shop_check_value(const shop_column *column, const shop_value *value)
{
    if (value->type == SHOP_VALUE_NULL)
        return column->flags & SHOP_COLUMN_NULLABLE ? NULL : "NULL in a column that may not be NULL";
    if (value->type != shop_check_kind(column->type))
        return "a value of the wrong type";
    if (column->type == SHOP_COLUMN_BOOL && value->num != 0 && value->num != 1)
        return "a truth value other than 0 and 1";
    if (value->type == SHOP_VALUE_INT && (column->flags & SHOP_COLUMN_NON_NEGATIVE) && value->num < 0)
        return "a negative value in a column that may not be negative";
    if (value->type == SHOP_VALUE_INT && (column->flags & SHOP_COLUMN_POSITIVE) && value->num < 1)
        return "a value below 1 in a column that must be positive";
    if (value->type != SHOP_VALUE_TEXT)
        return NULL;
    if (memchr(value->data, '\0', value->size) || !shop_utf8_valid(value->data, value->size))
        return "a text that is not UTF-8, or has a NUL";
    if (column->allowed && !has_word(column->allowed, value))
        return "a word that is not allowed";
    return NULL;
}

const char *shop_check_row(const shop_table *table, const shop_value *row)
{
    for (uint32_t i = 0; i < table->column_count; i++) {
        uint16_t bound = table->columns[i].at_most;
        if (bound && row[i].type == SHOP_VALUE_INT && row[bound].type == SHOP_VALUE_INT && row[i].num > row[bound].num)
            return "a value greater than the column that bounds it";
    }
    return NULL;
}

shop_value shop_check_default(const shop_column *column)
{
    uint32_t kind = shop_check_kind(column->type);
    if (kind == SHOP_VALUE_TEXT && column->default_text)
        return (shop_value){.type = kind, .size = (uint32_t)strlen(column->default_text), .data = column->default_text};
    if (kind == SHOP_VALUE_INT && (!(column->flags & SHOP_COLUMN_NULLABLE) || column->default_num != 0))
        return (shop_value){.type = kind, .num = column->default_num};
    if (column->flags & SHOP_COLUMN_NULLABLE)
        return (shop_value){.type = SHOP_VALUE_NULL};
    return (shop_value){.type = kind, .data = ""};
}

/* A value that can be read without harm; what it holds is another question. */
static bool is_sound(const shop_value *value)
{
    switch (value->type) {
    case SHOP_VALUE_NULL:
    case SHOP_VALUE_INT:
        return true;
    case SHOP_VALUE_TEXT:
        return value->data != NULL;
    case SHOP_VALUE_BLOB:
        return value->data != NULL || value->size == 0;
    default:
        return false;
    }
}

/* ------------------------------------------------------------------------------------------------ predicates */

/* What the checks of one read or operation need to know: `reads` for a query, `ops` for a batch; `place` is its number therein. */
typedef struct scope {
    const shop_schema *schema;
    const shop_table *table;
    const shop_read *reads;
    const shop_op *ops;
    uint32_t place;
} scope;

const shop_value *shop_check_named_id(const shop_op *op)
{
    if (op->kind == SHOP_OP_INSERT) {
        for (uint16_t i = 0; i < op->set_count; i++) {
            if (op->sets[i].column == 0)
                return &op->sets[i].value;
        }
        return NULL;
    }
    if (op->kind == SHOP_OP_DELETE)
        return NULL;
    for (uint16_t i = 0; i < op->pred_count; i++) {
        const shop_pred *pred = &op->preds[i];
        if (pred->column == 0 && pred->op == SHOP_PRED_EQ && pred->other == SHOP_NO_COLUMN)
            return &pred->values[0];
    }
    return NULL;
}

static const char *ref_defect(const scope *in, const shop_value *value, uint32_t kind)
{
    if (!in->ops || value->num < 0 || value->num >= (int64_t)in->place)
        return "a reference to a value of no earlier operation";
    const shop_op *source = &in->ops[value->num];
    const shop_table *table = &in->schema->tables[source->table];
    if (value->size >= table->column_count || kind_of(table, (uint16_t)value->size) != kind)
        return "a reference to a value of an unfit column";
    return shop_check_named_id(source) ? NULL : "a reference to a value of no single row";
}

/* Predicates hold a column only against values of its kind, or NULL. */
static const char *operand_defect(const scope *in, const shop_value *value, uint32_t kind)
{
    if (value->type == SHOP_VALUE_REF)
        return ref_defect(in, value, kind);
    if (!is_sound(value) || (value->type != SHOP_VALUE_NULL && value->type != kind))
        return "a value that cannot be compared with its column";
    return NULL;
}

static const char *comparison_defect(const scope *in, const shop_pred *pred)
{
    uint32_t kind = kind_of(in->table, pred->column);
    if (pred->value_count != 1)
        return "a comparison with other than one value";
    if (pred->other == SHOP_NO_COLUMN)
        return operand_defect(in, pred->values, kind);
    if (pred->other >= in->table->column_count)
        return "a comparison with an unknown column";
    if (kind != SHOP_VALUE_INT || kind_of(in->table, pred->other) != SHOP_VALUE_INT || pred->values[0].type == SHOP_VALUE_NULL)
        return "a sum of what are not numbers";
    return operand_defect(in, pred->values, SHOP_VALUE_INT);
}

static const char *in_defect(const scope *in, const shop_pred *pred)
{
    uint32_t kind = kind_of(in->table, pred->column);
    const char *defect = NULL;
    for (uint32_t i = 0; i < pred->value_count && !defect; i++)
        defect = operand_defect(in, &pred->values[i], kind);
    return defect;
}

static const char *in_read_defect(const scope *in, const shop_pred *pred)
{
    if (!in->reads || pred->read >= in->place || in->reads[pred->read].aggregate_count)
        return "rows of no earlier read";
    const shop_table *source = &in->schema->tables[in->reads[pred->read].table];
    if (pred->other >= source->column_count || kind_of(source, pred->other) != kind_of(in->table, pred->column))
        return "an unfit column of an earlier read";
    return NULL;
}

static const char *match_defect(const scope *in, const shop_pred *pred)
{
    bool indexed = false;
    for (uint32_t i = 0; i < in->table->index_count; i++) {
        const shop_index *index = &in->table->indexes[i];
        indexed = indexed || ((index->flags & SHOP_INDEX_WORDS) && index->columns[0] == pred->column);
    }
    if (!indexed || pred->value_count != 1)
        return "a match without an index of words, or with other than one text";
    return operand_defect(in, pred->values, SHOP_VALUE_TEXT);
}

static const char *pred_defect(const scope *in, const shop_pred *pred)
{
    if (pred->column >= in->table->column_count)
        return "a predicate on an unknown column";
    if (pred->value_count && !pred->values)
        return "a predicate without its values";
    switch (pred->op) {
    case SHOP_PRED_EQ:
    case SHOP_PRED_NE:
    case SHOP_PRED_LT:
    case SHOP_PRED_LE:
    case SHOP_PRED_GT:
    case SHOP_PRED_GE:
        return comparison_defect(in, pred);
    case SHOP_PRED_IN:
        return in_defect(in, pred);
    case SHOP_PRED_NULL:
    case SHOP_PRED_NOT_NULL:
        return NULL;
    case SHOP_PRED_IN_READ:
        return in_read_defect(in, pred);
    case SHOP_PRED_MATCH:
        return match_defect(in, pred);
    default:
        return "an unknown predicate";
    }
}

static const char *preds_defect(const scope *in, const shop_pred *preds, uint16_t count)
{
    if (count && !preds)
        return "predicates are missing";
    const char *defect = NULL;
    for (uint16_t i = 0; i < count && !defect; i++)
        defect = pred_defect(in, &preds[i]);
    return defect;
}

/* ------------------------------------------------------------------------------------------------ query */

const shop_value *shop_check_ranked_words(const shop_pred *preds, uint16_t count)
{
    for (uint16_t i = 0; i < count; i++) {
        if (preds[i].op == SHOP_PRED_MATCH)
            return preds[i].values;
    }
    return NULL;
}

static const char *rank_defect(const shop_table *table, const shop_read *read, uint16_t column)
{
    const shop_value *words = shop_check_ranked_words(read->preds, read->pred_count);
    if (!words || table->columns[column].type != SHOP_COLUMN_TEXT)
        return "a rank without words to match, or of what is no text";
    if (words->type == SHOP_VALUE_TEXT &&
        (memchr(words->data, '\0', words->size) || !shop_utf8_valid(words->data, words->size)))
        return "a rank by words that are not UTF-8, or have a NUL";
    return NULL;
}

static const char *order_defect(const shop_table *table, const shop_read *read)
{
    if (read->order_count && !read->order)
        return "the order is missing";
    if (read->limit < -1 || read->offset < 0)
        return "a negative limit or offset";
    if (read->after && !read->order_count)
        return "a place to go on after, without an order";
    for (uint16_t i = 0; i < read->order_count; i++) {
        const shop_order_by *by = &read->order[i];
        if (by->column >= table->column_count || by->descending > 1 || by->by_rank > 1)
            return "an order by an unknown column";
        const char *defect = by->by_rank ? rank_defect(table, read, by->column) : NULL;
        if (defect)
            return defect;
        uint32_t kind = by->by_rank ? SHOP_VALUE_INT : kind_of(table, by->column);
        if (read->after && (!is_sound(&read->after[i]) || read->after[i].type != kind))
            return "a place to go on after that is of the wrong type";
    }
    return NULL;
}

static const char *aggregate_defect(const shop_table *table, const shop_read *read)
{
    if (!read->aggregate_count)
        return read->group_by == SHOP_NO_COLUMN ? NULL : "groups without aggregates";
    if (!read->aggregates)
        return "aggregates are missing";
    if (read->order_count || read->after || read->limit != -1 || read->offset != 0)
        return "aggregates with an order, a limit or an offset";
    if (read->group_by != SHOP_NO_COLUMN && read->group_by >= table->column_count)
        return "groups by an unknown column";
    for (uint16_t i = 0; i < read->aggregate_count; i++) {
        const shop_aggregate *aggregate = &read->aggregates[i];
        if (aggregate->fn < SHOP_AGGREGATE_COUNT || aggregate->fn > SHOP_AGGREGATE_MAX)
            return "an unknown aggregate";
        if (aggregate->fn != SHOP_AGGREGATE_COUNT &&
            (aggregate->column >= table->column_count || kind_of(table, aggregate->column) != SHOP_VALUE_INT))
            return "an aggregate of what is not a number";
    }
    return NULL;
}

static const char *read_defect(const shop_schema *schema, const shop_read *reads, uint32_t place)
{
    const shop_read *read = &reads[place];
    if (read->table >= schema->table_count)
        return "a read of an unknown table";
    const scope in = {.schema = schema, .table = &schema->tables[read->table], .reads = reads, .place = place};
    const char *defect = preds_defect(&in, read->preds, read->pred_count);
    if (!defect)
        defect = order_defect(in.table, read);
    return defect ? defect : aggregate_defect(in.table, read);
}

static bool is_call(const shop_storage_call *call)
{
    return call && call->struct_size >= offsetof(shop_storage_call, flags) && call->alloc;
}

bool shop_call_may_be_stale(const shop_storage_call *call)
{
    return call->struct_size >= offsetof(shop_storage_call, reserved) && (call->flags & SHOP_CALL_MAY_BE_STALE);
}

uint64_t *shop_call_position(const shop_storage_call *call)
{
    return call->struct_size >= sizeof *call ? call->position : NULL;
}

int32_t shop_check_query(const shop_schema *schema, const shop_storage_call *call, const shop_read *reads, uint32_t count,
                         const shop_rows *rows, shop_fault *fault)
{
    if (!is_call(call) || !reads || !rows || count < 1 || count > SHOP_MAX_READS)
        return invalid(fault, 0, "a query of no or too many reads, or without memory");
    for (uint32_t i = 0; i < count; i++) {
        const char *defect = read_defect(schema, reads, i);
        if (defect)
            return invalid(fault, i, defect);
    }
    return SHOP_STORAGE_OK;
}

/* ------------------------------------------------------------------------------------------------ nearest */

static bool is_word(const shop_value *word)
{
    return word->type == SHOP_VALUE_TEXT && word->data && word->size >= 1 && word->size <= SHOP_NEAREST_SIZE &&
           !memchr(word->data, ' ', word->size) && !memchr(word->data, '\0', word->size) &&
           shop_utf8_valid(word->data, word->size);
}

const shop_index *shop_check_nearest(const shop_schema *schema, const shop_storage_call *call, uint32_t table, uint32_t column,
                                     const shop_value *words, uint32_t count, const shop_rows *rows)
{
    if (!is_call(call) || !words || !rows || count < 1 || count > SHOP_MAX_READS || table >= schema->table_count)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        if (!is_word(&words[i]))
            return NULL;
    }
    const shop_table *t = &schema->tables[table];
    for (uint32_t i = 0; i < t->index_count; i++) {
        if ((t->indexes[i].flags & SHOP_INDEX_WORDS) && t->indexes[i].columns[0] == column)
            return &t->indexes[i];
    }
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ batch */

static const char *set_defect(const scope *in, const shop_op *op, uint16_t place)
{
    const shop_set *set = &op->sets[place];
    if (set->column >= in->table->column_count)
        return "an unknown column is set";
    for (uint16_t i = 0; i < place; i++) {
        if (op->sets[i].column == set->column)
            return "a column is set twice";
    }
    uint32_t kind = kind_of(in->table, set->column);
    if (op->kind == SHOP_OP_UPDATE && set->column == 0)
        return "an id is changed";
    if (set->how != SHOP_SET_TO && set->how != SHOP_SET_ADD)
        return "an unknown way to set";
    if (set->how == SHOP_SET_ADD && (op->kind != SHOP_OP_UPDATE || kind != SHOP_VALUE_INT ||
                                     (set->value.type != SHOP_VALUE_INT && set->value.type != SHOP_VALUE_REF)))
        return "an addition to what is not a number, or of what is none";
    if (set->value.type == SHOP_VALUE_REF)
        return ref_defect(in, &set->value, kind);
    return is_sound(&set->value) ? NULL : "a value of unknown type";
}

static const char *sets_defect(const scope *in, const shop_op *op)
{
    bool sets = op->kind == SHOP_OP_INSERT || op->kind == SHOP_OP_UPDATE;
    if (sets != (op->set_count > 0) || (op->set_count && !op->sets))
        return "values are set where none can be, or are missing";
    const char *defect = NULL;
    for (uint16_t i = 0; i < op->set_count && !defect; i++)
        defect = set_defect(in, op, i);
    if (!defect && op->kind == SHOP_OP_INSERT && !shop_check_named_id(op))
        defect = "a row without an id";
    return defect;
}

static const char *op_defect(const shop_schema *schema, const shop_op *ops, uint32_t place)
{
    const shop_op *op = &ops[place];
    if (op->kind < SHOP_OP_INSERT || op->kind > SHOP_OP_CHECK)
        return "an unknown operation";
    if (op->table >= schema->table_count)
        return "an operation on an unknown table";
    if (op->kind == SHOP_OP_INSERT && op->pred_count)
        return "an insertion with predicates";
    if (op->kind != SHOP_OP_INSERT && op->expect < SHOP_EXPECT_ANY)
        return "a negative number of rows is expected";
    const scope in = {.schema = schema, .table = &schema->tables[op->table], .ops = ops, .place = place};
    const char *defect = sets_defect(&in, op);
    return defect ? defect : preds_defect(&in, op->preds, op->pred_count);
}

bool shop_check_slot(const shop_storage_vtable *vt, size_t place)
{
    void (*slot)(void) = NULL;
    if (vt->struct_size >= place + sizeof slot)
        memcpy(&slot, (const char *)vt + place, sizeof slot);
    return slot != NULL;
}

bool shop_check_reserve(const shop_schema *schema, uint32_t table, int64_t id, const int64_t *highest)
{
    return table < schema->table_count && id >= 0 && id <= SHOP_MAX_ID && highest;
}

int32_t shop_check_batch(const shop_schema *schema, const shop_storage_call *call, const shop_op_list *list, shop_fault *fault)
{
    if (!is_call(call) || !list || (list->count && !list->ops))
        return invalid(fault, 0, "a batch without its operations");
    for (uint32_t i = 0; i < list->count; i++) {
        const char *defect = op_defect(schema, list->ops, i);
        if (defect)
            return invalid(fault, i, defect);
    }
    return SHOP_STORAGE_OK;
}
