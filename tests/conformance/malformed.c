/* SPDX-License-Identifier: MIT */
/* Calls that break the interface are refused with INVALID, and nothing happens. */
#include "kit.h"

#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* ------------------------------------------------------------------------------------------------ queries */

typedef struct bad_read {
    const char *what;
    uint16_t table;
    uint16_t column; /* of a predicate; SHOP_NO_COLUMN: no predicate */
    uint16_t op;
    uint16_t other;
    uint16_t read;
    uint32_t value_count;
    shop_value value;
} bad_read;

#define NUMBER                                                                                                                 \
    {                                                                                                                          \
        .type = SHOP_VALUE_INT, .num = 1                                                                                       \
    }
#define A_TEXT                                                                                                                 \
    {                                                                                                                          \
        .type = SHOP_VALUE_TEXT, .size = 1, .data = "a"                                                                        \
    }

static const bad_read bad_reads[] = {
    {"a table that is not there", KIT_TABLES, SHOP_NO_COLUMN, 0, 0, 0, 0, NUMBER},
    {"the greatest table number", SHOP_NO_TABLE, SHOP_NO_COLUMN, 0, 0, 0, 0, NUMBER},
    {"a column that is not there", COUNTER, COUNTER_COLUMNS, SHOP_PRED_EQ, SHOP_NO_COLUMN, 0, 1, NUMBER},
    {"a column beyond all", COUNTER, 5000, SHOP_PRED_NULL, SHOP_NO_COLUMN, 0, 0, NUMBER},
    {"predicate 0", COUNTER, 1, 0, SHOP_NO_COLUMN, 0, 1, NUMBER},
    {"predicate 12", COUNTER, 1, 12, SHOP_NO_COLUMN, 0, 1, NUMBER},
    {"predicate 100", COUNTER, 1, 100, SHOP_NO_COLUMN, 0, 1, NUMBER},
    {"EQ with no value", COUNTER, 1, SHOP_PRED_EQ, SHOP_NO_COLUMN, 0, 0, NUMBER},
    {"EQ with two values", COUNTER, 1, SHOP_PRED_EQ, SHOP_NO_COLUMN, 0, 2, NUMBER},
    {"a column held against one that is not there", COUNTER, 1, SHOP_PRED_EQ, COUNTER_COLUMNS, 0, 1, NUMBER},
    {"texts held against each other", ITEM, ITEM_SKU, SHOP_PRED_EQ, ITEM_NOTE, 0, 1, NUMBER},
    {"a number held against a text", COUNTER, COUNTER_VALUE, SHOP_PRED_EQ, SHOP_NO_COLUMN, 0, 1, A_TEXT},
    {"a value of type 9", COUNTER, 1, SHOP_PRED_EQ, SHOP_NO_COLUMN, 0, 1, {.type = 9}},
    {"a VALUE_REF in a query", COUNTER, 1, SHOP_PRED_EQ, SHOP_NO_COLUMN, 0, 1, {.type = SHOP_VALUE_REF, .size = 1}},
    {"MATCH without an index of words", ITEM, ITEM_NOTE, SHOP_PRED_MATCH, SHOP_NO_COLUMN, 0, 1, A_TEXT},
    {"MATCH of a number", ITEM, ITEM_WORDS, SHOP_PRED_MATCH, SHOP_NO_COLUMN, 0, 1, NUMBER},
    {"IN_READ of the read itself", COUNTER, 1, SHOP_PRED_IN_READ, 1, 1, 0, NUMBER},
    {"IN_READ of a later read", COUNTER, 1, SHOP_PRED_IN_READ, 1, 2, 0, NUMBER},
    {"IN_READ of read 60000", COUNTER, 1, SHOP_PRED_IN_READ, 1, 60000, 0, NUMBER},
    {"IN_READ of a column that is not there", COUNTER, 1, SHOP_PRED_IN_READ, MAKER_COLUMNS, 0, 0, NUMBER},
};

static void refuse_reads(kit *k, kit_read **reads, uint32_t count, uint32_t guilty, const char *what)
{
    shop_rows rows[32];
    shop_fault fault;
    int32_t outcome = kit_query(k->vt, k->self, &k->memory, reads, count, rows, &fault);
    if (!expect(k, outcome == SHOP_STORAGE_INVALID && fault.outcome == outcome, "%s: %s", what, outcome_name(outcome)))
        return;
    expect(k, guilty == UINT32_MAX || fault.op == guilty, "%s: read %u is blamed", what, (unsigned)fault.op);
}

static void bad_reads_are_refused(kit *k)
{
    for (size_t i = 0; i < LENGTH(bad_reads); i++) {
        const bad_read *bad = &bad_reads[i];
        kit_read *reads[3] = {read_of(&k->memory, MAKER), read_of(&k->memory, bad->table), read_of(&k->memory, MAKER)};
        if (bad->column != SHOP_NO_COLUMN) {
            shop_value *values = kit_take(&k->memory, 4 * sizeof *values);
            values[0] = values[1] = bad->value;
            where_null(&reads[1]->where, bad->column, bad->op);
            shop_pred *pred = &reads[1]->where.preds[0];
            pred->other = bad->other;
            pred->read = bad->read;
            pred->value_count = bad->value_count;
            pred->values = values;
        }
        refuse_reads(k, reads, 3, 1, bad->what);
    }
}

static void bad_orders_are_refused(kit *k)
{
    kit_read *r = read_of(&k->memory, COUNTER);
    order_by(r, COUNTER_COLUMNS, false);
    refuse_reads(k, &r, 1, 0, "an order by a column that is not there");
    r = read_of(&k->memory, COUNTER);
    order_by(r, COUNTER_VALUE, false);
    r->order[0].descending = 2;
    refuse_reads(k, &r, 1, 0, "a direction that is not there");
    r = read_of(&k->memory, COUNTER);
    r->read.limit = -2;
    refuse_reads(k, &r, 1, 0, "a limit of -2");
    r = read_of(&k->memory, COUNTER);
    r->read.offset = -1;
    refuse_reads(k, &r, 1, 0, "an offset of -1");
    r = read_of(&k->memory, COUNTER);
    order_by(r, COUNTER_VALUE, false);
    r->after[0] = value_null();
    r->read.after = r->after;
    refuse_reads(k, &r, 1, 0, "after NULL");
}

static kit_read *ranked_items(kit *k, uint16_t column, const char *words)
{
    kit_read *r = read_of(&k->memory, ITEM);
    if (words)
        where_text(&r->where, ITEM_WORDS, SHOP_PRED_MATCH, words);
    order_by_rank(r, column, true);
    return r;
}

static void bad_ranks_are_refused(kit *k)
{
    kit_read *r = ranked_items(k, ITEM_WORDS, NULL);
    refuse_reads(k, &r, 1, 0, "a rank without a match");
    r = ranked_items(k, ITEM_STOCK, "red");
    refuse_reads(k, &r, 1, 0, "a rank of a number");
    r = ranked_items(k, ITEM_DATA, "red");
    refuse_reads(k, &r, 1, 0, "a rank of a blob");
    r = ranked_items(k, ITEM_WORDS, "red \xff");
    refuse_reads(k, &r, 1, 0, "a rank by what is not UTF-8");
    r = ranked_items(k, ITEM_WORDS, "red");
    r->order[0].by_rank = 2;
    refuse_reads(k, &r, 1, 0, "a rank of 2");
    r = ranked_items(k, ITEM_WORDS, "red");
    r->after[0] = value_text("red");
    r->read.after = r->after;
    refuse_reads(k, &r, 1, 0, "after a text instead of a rank");
}

static void bad_aggregates_are_refused(kit *k)
{
    kit_read *r = read_of(&k->memory, COUNTER);
    aggregate(r, 0, 0);
    refuse_reads(k, &r, 1, 0, "aggregate 0");
    r = read_of(&k->memory, COUNTER);
    aggregate(r, 5, 0);
    refuse_reads(k, &r, 1, 0, "aggregate 5");
    r = read_of(&k->memory, COUNTER);
    aggregate(r, SHOP_AGGREGATE_SUM, COUNTER_COLUMNS);
    refuse_reads(k, &r, 1, 0, "a sum of a column that is not there");
    r = read_of(&k->memory, COUNTER);
    aggregate(r, SHOP_AGGREGATE_MAX, COUNTER_LABEL);
    refuse_reads(k, &r, 1, 0, "the greatest text");
    r = read_of(&k->memory, COUNTER);
    aggregate(r, SHOP_AGGREGATE_COUNT, 0);
    r->read.group_by = COUNTER_COLUMNS;
    refuse_reads(k, &r, 1, 0, "groups by a column that is not there");
    kit_read *reads[2] = {read_of(&k->memory, COUNTER), read_of(&k->memory, COUNTER)};
    aggregate(reads[0], SHOP_AGGREGATE_COUNT, 0);
    where_in_read(&reads[1]->where, 0, 0, 0);
    refuse_reads(k, reads, 2, 1, "IN_READ of an aggregate");
}

static void bad_counts_are_refused(kit *k)
{
    kit_read *reads[17];
    for (size_t i = 0; i < LENGTH(reads); i++)
        reads[i] = read_of(&k->memory, COUNTER);
    refuse_reads(k, reads, 0, UINT32_MAX, "no reads");
    refuse_reads(k, reads, 17, UINT32_MAX, "17 reads");
}

/* ------------------------------------------------------------------------------------------------ batches */

/* The bad operation is the last; one that is good comes before it, and must not happen. */
static void refuse_batch(kit *k, const kit_batch *b, const char *what)
{
    shop_fault fault;
    int32_t outcome = kit_apply(k->vt, k->self, &k->memory, b, &fault);
    if (expect(k, outcome == SHOP_STORAGE_INVALID && fault.outcome == outcome, "%s: %s", what, outcome_name(outcome)))
        expect(k, fault.op == b->count - 1, "%s: operation %u is blamed", what, (unsigned)fault.op);
    expect(k, count_rows(k, COUNTER) == 1, "%s: something has happened", what);
}

static kit_batch *good_beginning(kit *k)
{
    kit_batch *b = batch_new(&k->memory);
    insert_counter(b, 2, 0, 0, "two");
    return b;
}

static void bad_operations_are_refused(kit *k)
{
    kit_batch *b = batch_new(&k->memory);
    insert_counter(b, 1, 0, 0, "one");
    apply_ok(k, b);
    b = good_beginning(k);
    batch_op(b, 0, COUNTER, 1);
    refuse_batch(k, b, "operation 0");
    b = good_beginning(k);
    batch_op(b, 5, COUNTER, 1);
    refuse_batch(k, b, "operation 5");
    b = good_beginning(k);
    batch_op(b, SHOP_OP_CHECK, KIT_TABLES, 0);
    refuse_batch(k, b, "a table that is not there");
    b = good_beginning(k);
    batch_op(b, SHOP_OP_CHECK, COUNTER, -2);
    refuse_batch(k, b, "expecting -2 rows");
    b = good_beginning(k);
    update_one(b, COUNTER, 1, 1);
    set_int(b, COUNTER_COLUMNS, 1);
    refuse_batch(k, b, "setting a column that is not there");
    b = good_beginning(k);
    update_one(b, COUNTER, 1, 1);
    set_value(b, COUNTER_VALUE, 3, value_int(1));
    refuse_batch(k, b, "a way to set that is not there");
    b = good_beginning(k);
    update_one(b, COUNTER, 1, 1);
    set_add(b, COUNTER_LABEL, 1);
    refuse_batch(k, b, "adding to a text");
    b = good_beginning(k);
    update_one(b, COUNTER, 1, 1);
    set_value(b, COUNTER_VALUE, SHOP_SET_ADD, value_text("1"));
    refuse_batch(k, b, "adding a text");
}

static void bad_guards_are_refused(kit *k)
{
    kit_batch *b = batch_new(&k->memory);
    insert_counter(b, 1, 0, 0, "one");
    apply_ok(k, b);
    b = good_beginning(k);
    batch_op(b, SHOP_OP_CHECK, COUNTER, 0);
    where_int(guard(b), COUNTER_COLUMNS, SHOP_PRED_EQ, 1);
    refuse_batch(k, b, "a guard on a column that is not there");
    b = good_beginning(k);
    batch_op(b, SHOP_OP_DELETE, COUNTER, 0);
    where_int(guard(b), COUNTER_VALUE, 77, 1);
    refuse_batch(k, b, "a guard with predicate 77");
    b = good_beginning(k);
    batch_op(b, SHOP_OP_CHECK, COUNTER, 0);
    where_in_read(guard(b), COUNTER_VALUE, 0, 0);
    refuse_batch(k, b, "IN_READ in a batch");
    b = good_beginning(k);
    batch_op(b, SHOP_OP_CHECK, COUNTER, 0);
    where_text(guard(b), COUNTER_VALUE, SHOP_PRED_EQ, "0");
    refuse_batch(k, b, "a number guarded by a text");
}

static void refuse_ref(kit *k, uint32_t op, uint32_t column, const char *what)
{
    kit_batch *b = good_beginning(k);
    batch_op(b, SHOP_OP_CHECK, COUNTER, SHOP_EXPECT_ANY);
    delete_one(b, COUNTER, 44, 0);
    insert_counter(b, 3, 0, 0, NULL);
    set_ref(b, COUNTER_VALUE, op, column);
    refuse_batch(k, b, what);
    b = good_beginning(k);
    batch_op(b, SHOP_OP_CHECK, COUNTER, SHOP_EXPECT_ANY);
    delete_one(b, COUNTER, 44, 0);
    batch_op(b, SHOP_OP_CHECK, COUNTER, SHOP_EXPECT_ANY);
    where_ref(guard(b), COUNTER_VALUE, SHOP_PRED_EQ, op, column);
    refuse_batch(k, b, what);
}

static void bad_references_are_refused(kit *k)
{
    kit_batch *b = batch_new(&k->memory);
    insert_counter(b, 1, 0, 0, "one");
    apply_ok(k, b);
    refuse_ref(k, 3, COUNTER_VALUE, "a reference to the operation itself");
    refuse_ref(k, 4, COUNTER_VALUE, "a reference to a later operation");
    refuse_ref(k, 1000000, COUNTER_VALUE, "a reference to no operation");
    refuse_ref(k, 0, COUNTER_COLUMNS, "a reference to a column that is not there");
    refuse_ref(k, 0, 0xFFFFFFFFu, "a reference to a column beyond all");
    refuse_ref(k, 1, COUNTER_VALUE, "a reference to a check of many rows");
    refuse_ref(k, 2, COUNTER_VALUE, "a reference to a deletion");
    refuse_ref(k, 0, COUNTER_LABEL, "a reference to a text, for a number");
}

/* ------------------------------------------------------------------------------------------------ ids */

static void bad_allocations_are_refused(kit *k)
{
    static const struct {
        uint32_t table;
        uint32_t count;
    } bad[] = {{COUNTER, 0}, {COUNTER, 100001}, {COUNTER, UINT32_MAX}, {KIT_TABLES, 1}, {UINT32_MAX, 1}};
    for (size_t i = 0; i < LENGTH(bad); i++) {
        shop_fault fault;
        memset(&fault, 0xAA, sizeof fault);
        int64_t first = -77;
        int32_t outcome = k->vt->allocate(k->self, bad[i].table, bad[i].count, &first, &fault);
        expect(k, outcome == SHOP_STORAGE_INVALID && fault.outcome == outcome, "%u ids of table %u: %s", (unsigned)bad[i].count,
               (unsigned)bad[i].table, outcome_name(outcome));
    }
}

static const kit_requirement requirements[] = {
    {"a malformed predicate or table in a query is INVALID, and its read is named", bad_reads_are_refused, 0, 0},
    {"a malformed order or page is INVALID", bad_orders_are_refused, SHOP_CAN_ORDER, 0},
    {"a malformed rank is INVALID", bad_ranks_are_refused, SHOP_CAN_MATCH | SHOP_CAN_ORDER | SHOP_CAN_RANK, 0},
    {"a malformed aggregate is INVALID", bad_aggregates_are_refused, SHOP_CAN_AGGREGATE | SHOP_CAN_IN_READ, 0},
    {"0 and 17 reads are INVALID", bad_counts_are_refused, 0, 0},
    {"a malformed operation is INVALID, and is named", bad_operations_are_refused, 0, 0},
    {"a malformed guard is INVALID, and is named", bad_guards_are_refused, 0, 0},
    {"a malformed reference is INVALID, and is named", bad_references_are_refused, 0, 0},
    {"ids of no table, none and too many are INVALID", bad_allocations_are_refused, 0, 0},
};

const kit_chapter kit_malformed = {"malformed calls", requirements, LENGTH(requirements)};
