/* SPDX-License-Identifier: MIT */
/* Operations, guards, unique keys, references; and that a batch happens wholly or not at all. */
#include "kit.h"

#include <stdio.h>
#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static void expect_counter(kit *k, int64_t id, int64_t value)
{
    const shop_value *row = read_row(k, COUNTER, id);
    if (expect(k, row != NULL, "counter %lld is not there", (long long)id))
        expect_value(k, &row[COUNTER_VALUE], value_int(value), "a counter");
}

static void seed_counters(kit *k, int64_t count)
{
    kit_batch *b = batch_new(&k->memory);
    for (int64_t i = 1; i <= count; i++)
        insert_counter(b, i, i * 10, 5, NULL);
    apply_ok(k, b);
}

/* ------------------------------------------------------------------------------------------------ operations */

static void update_sets_and_adds(kit *k)
{
    seed_counters(k, 3);
    kit_batch *b = batch_new(&k->memory);
    update_one(b, COUNTER, 1, 1);
    set_int(b, COUNTER_VALUE, 7);
    set_add(b, COUNTER_LEFT, 3);
    update_one(b, COUNTER, 2, 1);
    set_add(b, COUNTER_VALUE, -100);
    set_text(b, COUNTER_LABEL, "two");
    apply_ok(k, b);
    expect_counter(k, 1, 7);
    expect_counter(k, 2, -80);
    expect_counter(k, 3, 30);
    const shop_value *row = read_row(k, COUNTER, 1);
    if (row)
        expect_value(k, &row[COUNTER_LEFT], value_int(8), "a sum");
    row = read_row(k, COUNTER, 2);
    if (row)
        expect_value(k, &row[COUNTER_LABEL], value_text("two"), "a text");
}

static void update_and_delete_many(kit *k)
{
    seed_counters(k, 10);
    kit_batch *b = batch_new(&k->memory);
    batch_op(b, SHOP_OP_UPDATE, COUNTER, 4);
    where_int(guard(b), COUNTER_VALUE, SHOP_PRED_GT, 60);
    set_add(b, COUNTER_VALUE, 1000);
    batch_op(b, SHOP_OP_DELETE, COUNTER, 3);
    where_int(guard(b), COUNTER_VALUE, SHOP_PRED_LE, 30);
    batch_op(b, SHOP_OP_CHECK, COUNTER, 7);
    apply_ok(k, b);
    kit_read *r = read_of(&k->memory, COUNTER);
    shop_rows rows = read_rows(k, r);
    expect_ids(k, &rows, true, "4 5 6 7 8 9 10");
    expect_counter(k, 6, 60);
    expect_counter(k, 7, 1070);
}

static void every_predicate_guards(kit *k)
{
    seed_counters(k, 4);
    const shop_value some[] = {value_int(10), value_int(40), value_int(99)};
    kit_batch *b = batch_new(&k->memory);
    batch_op(b, SHOP_OP_CHECK, COUNTER, 2);
    where_in(guard(b), COUNTER_VALUE, some, 3);
    batch_op(b, SHOP_OP_CHECK, COUNTER, 0);
    where_in(guard(b), COUNTER_VALUE, NULL, 0);
    batch_op(b, SHOP_OP_CHECK, COUNTER, 3);
    where_int(guard(b), COUNTER_VALUE, SHOP_PRED_NE, 20);
    batch_op(b, SHOP_OP_CHECK, COUNTER, 4);
    where_null(guard(b), COUNTER_LABEL, SHOP_PRED_NULL);
    batch_op(b, SHOP_OP_CHECK, COUNTER, 0);
    where_null(guard(b), COUNTER_LABEL, SHOP_PRED_NOT_NULL);
    batch_op(b, SHOP_OP_CHECK, COUNTER, 1);
    where_column(guard(b), COUNTER_VALUE, SHOP_PRED_LE, COUNTER_LEFT, value_int(5));
    batch_op(b, SHOP_OP_CHECK, COUNTER, 0);
    where_value(guard(b), COUNTER_LABEL, SHOP_PRED_EQ, value_null());
    batch_op(b, SHOP_OP_CHECK, COUNTER, 2);
    where_int(guard(b), COUNTER_VALUE, SHOP_PRED_GE, 20);
    where_int(guard(b), COUNTER_VALUE, SHOP_PRED_LT, 40);
    apply_ok(k, b);
}

static void operations_see_earlier_ones(kit *k)
{
    kit_batch *b = batch_new(&k->memory);
    insert_counter(b, 1, 5, 0, NULL);
    update_one(b, COUNTER, 1, 1);
    where_int(guard(b), COUNTER_VALUE, SHOP_PRED_EQ, 5);
    set_add(b, COUNTER_VALUE, 1);
    update_one(b, COUNTER, 1, 0);
    where_int(guard(b), COUNTER_VALUE, SHOP_PRED_EQ, 5);
    set_add(b, COUNTER_VALUE, 100);
    update_one(b, COUNTER, 1, 1);
    where_int(guard(b), COUNTER_VALUE, SHOP_PRED_EQ, 6);
    set_add(b, COUNTER_VALUE, 10);
    insert_counter(b, 2, 0, 0, "x");
    delete_one(b, COUNTER, 2, 1);
    insert_counter(b, 2, 7, 0, "x");
    insert_counter(b, 3, 8, 0, NULL);
    delete_one(b, COUNTER, 3, 1);
    check_one(b, COUNTER, 3, 0);
    batch_op(b, SHOP_OP_CHECK, COUNTER, 2);
    apply_ok(k, b);
    expect_counter(k, 1, 16);
    expect_counter(k, 2, 7);
    expect(k, !read_row(k, COUNTER, 3), "a deleted row is there");
}

static void guard_names_operation_and_rows(kit *k)
{
    seed_counters(k, 5);
    static const uint16_t ops[] = {SHOP_OP_UPDATE, SHOP_OP_DELETE, SHOP_OP_CHECK};
    for (size_t i = 0; i < LENGTH(ops); i++) {
        for (int64_t expected = 0; expected < 6; expected++) {
            shop_fault fault;
            kit_batch *b = batch_new(&k->memory);
            insert_counter(b, 77, 0, 0, NULL);
            check_one(b, COUNTER, 1, 1);
            batch_op(b, ops[i], COUNTER, expected);
            where_int(guard(b), COUNTER_VALUE, SHOP_PRED_GE, 30);
            where_int(guard(b), COUNTER_VALUE, SHOP_PRED_LE, 50);
            if (ops[i] == SHOP_OP_UPDATE)
                set_add(b, COUNTER_VALUE, 0);
            check_one(b, COUNTER, 1, 0); /* this one always fails */
            bool fits = expected == 3;
            if (!apply_failing(k, b, SHOP_STORAGE_GUARD, fits ? 3 : 2, &fault))
                continue;
            expect(k, fault.touched == (fits ? 1 : 3), "touched is %lld", (long long)fault.touched);
        }
    }
    kit_read *r = read_of(&k->memory, COUNTER);
    shop_rows rows = read_rows(k, r);
    expect_ids(k, &rows, true, "1 2 3 4 5");
}

static void any_number_is_fine(kit *k)
{
    seed_counters(k, 3);
    kit_batch *b = batch_new(&k->memory);
    batch_op(b, SHOP_OP_UPDATE, COUNTER, SHOP_EXPECT_ANY);
    where_int(guard(b), COUNTER_VALUE, SHOP_PRED_GT, 1000);
    set_add(b, COUNTER_VALUE, 1);
    batch_op(b, SHOP_OP_UPDATE, COUNTER, SHOP_EXPECT_ANY);
    set_add(b, COUNTER_VALUE, 1);
    batch_op(b, SHOP_OP_CHECK, COUNTER, SHOP_EXPECT_ANY);
    delete_one(b, COUNTER, 99, SHOP_EXPECT_ANY);
    delete_one(b, COUNTER, 3, SHOP_EXPECT_ANY);
    apply_ok(k, b);
    expect_counter(k, 1, 11);
    expect_counter(k, 2, 21);
    expect(k, count_rows(k, COUNTER) == 2, "a row too many or too few");
}

static void nothing_passes_a_bare_guard(kit *k)
{
    kit_batch *b = batch_new(&k->memory);
    batch_op(b, SHOP_OP_CHECK, COUNTER, 1);
    shop_fault fault;
    if (apply_failing(k, b, SHOP_STORAGE_GUARD, 0, &fault))
        expect(k, fault.touched == 0, "touched is %lld in an empty table", (long long)fault.touched);
}

/* ------------------------------------------------------------------------------------------------ references to values */

static void values_of_earlier_operations(kit *k)
{
    kit_batch *b = batch_new(&k->memory);
    insert_maker(b, 4, "four");
    set_int(b, MAKER_RATING, 9);
    insert_item(b, 5, "five");
    set_ref(b, ITEM_MAKER, 0, MAKER_ID);
    set_ref(b, ITEM_BALANCE, 0, MAKER_RATING);
    set_ref(b, ITEM_NOTE, 0, MAKER_NAME);
    set_int(b, ITEM_PRICE, 250);
    insert_row(b, LINE, 6);
    set_ref(b, LINE_ITEM, 1, ITEM_ID);
    set_ref(b, LINE_TOTAL, 1, ITEM_PRICE);
    apply_ok(k, b);
    const shop_value *row = read_row(k, ITEM, 5);
    if (expect(k, row != NULL, "the item is not there")) {
        expect_value(k, &row[ITEM_MAKER], value_int(4), "an id by reference");
        expect_value(k, &row[ITEM_BALANCE], value_int(9), "a number by reference");
        expect_value(k, &row[ITEM_NOTE], value_text("four"), "a text by reference");
    }
    row = read_row(k, LINE, 6);
    if (expect(k, row != NULL, "the line is not there"))
        expect_value(k, &row[LINE_TOTAL], value_int(250), "an amount by reference");
}

static void references_see_the_moment(kit *k)
{
    seed_counters(k, 3);
    kit_batch *b = batch_new(&k->memory);
    check_one(b, COUNTER, 1, 1);
    update_one(b, COUNTER, 1, 1);
    set_int(b, COUNTER_VALUE, 500);
    update_one(b, COUNTER, 2, 1);
    set_ref(b, COUNTER_VALUE, 0, COUNTER_VALUE);
    update_one(b, COUNTER, 3, 1);
    set_value(b, COUNTER_VALUE, SHOP_SET_ADD, value_ref(1, COUNTER_VALUE));
    update_one(b, COUNTER, 1, 1);
    set_int(b, COUNTER_VALUE, 1);
    insert_counter(b, 9, 0, 0, NULL);
    set_ref(b, COUNTER_VALUE, 1, COUNTER_VALUE);
    apply_ok(k, b);
    expect_counter(k, 2, 500);
    expect_counter(k, 3, 530);
    expect_counter(k, 9, 1);
}

/* The operation may change the very row that it refers to: the reference stands for what it held before. */
static void references_see_what_was_before(kit *k)
{
    seed_counters(k, 4);
    kit_batch *b = batch_new(&k->memory);
    check_one(b, COUNTER, 2, 1);
    batch_op(b, SHOP_OP_UPDATE, COUNTER, 4);
    set_value(b, COUNTER_VALUE, SHOP_SET_ADD, value_ref(0, COUNTER_VALUE));
    apply_ok(k, b);
    for (int64_t i = 1; i <= 4; i++)
        expect_counter(k, i, i * 10 + 20);
}

static void references_in_predicates(kit *k)
{
    seed_counters(k, 4);
    kit_batch *b = batch_new(&k->memory);
    check_one(b, COUNTER, 2, 1);
    batch_op(b, SHOP_OP_CHECK, COUNTER, 2);
    where_ref(guard(b), COUNTER_VALUE, SHOP_PRED_GT, 0, COUNTER_VALUE);
    batch_op(b, SHOP_OP_UPDATE, COUNTER, 1);
    where_ref(guard(b), COUNTER_ID, SHOP_PRED_EQ, 0, COUNTER_ID);
    set_add(b, COUNTER_VALUE, 15);
    batch_op(b, SHOP_OP_CHECK, COUNTER, 1);
    where_ref(guard(b), COUNTER_VALUE, SHOP_PRED_GT, 0, COUNTER_VALUE);
    batch_op(b, SHOP_OP_UPDATE, COUNTER, 1);
    where_ref(guard(b), COUNTER_VALUE, SHOP_PRED_EQ, 2, COUNTER_VALUE); /* the row whose id an earlier one named by reference */
    set_int(b, COUNTER_VALUE, -1);
    shop_value *in = kit_take(&k->memory, 2 * sizeof *in);
    in[0] = value_int(30);
    in[1] = value_ref(0, COUNTER_VALUE);
    batch_op(b, SHOP_OP_CHECK, COUNTER, 2);
    where_in(guard(b), COUNTER_VALUE, in, 2);
    apply_ok(k, b);
    expect_counter(k, 2, -1);
}

static void references_to_null(kit *k)
{
    seed_items(k, 2);
    kit_batch *b = batch_new(&k->memory);
    check_one(b, ITEM, 1, 1);
    update_one(b, ITEM, 2, 1);
    set_text(b, ITEM_NOTE, "x");
    update_one(b, ITEM, 2, 1);
    set_ref(b, ITEM_NOTE, 0, ITEM_NOTE);
    batch_op(b, SHOP_OP_CHECK, ITEM, 0);
    where_ref(guard(b), ITEM_NOTE, SHOP_PRED_EQ, 0, ITEM_NOTE);
    batch_op(b, SHOP_OP_CHECK, ITEM, 0);
    where_ref(guard(b), ITEM_NOTE, SHOP_PRED_NE, 0, ITEM_NOTE);
    apply_ok(k, b);
    const shop_value *row = read_row(k, ITEM, 2);
    if (row)
        expect_value(k, &row[ITEM_NOTE], value_null(), "NULL by reference");
    b = batch_new(&k->memory);
    check_one(b, ITEM, 1, 1);
    update_one(b, ITEM, 2, 1);
    set_ref(b, ITEM_SKU, 0, ITEM_NOTE);
    apply_failing(k, b, SHOP_STORAGE_CONSTRAINT, 1, NULL);
}

/* ------------------------------------------------------------------------------------------------ unique keys */

static void id_is_unique(kit *k)
{
    shop_fault fault;
    seed_counters(k, 2);
    kit_batch *b = batch_new(&k->memory);
    check_one(b, COUNTER, 1, 1);
    insert_counter(b, 2, 0, 0, NULL);
    if (apply_failing(k, b, SHOP_STORAGE_UNIQUE, 1, &fault))
        expect(k, fault.index == SHOP_NO_COLUMN, "index %u is blamed for the id", (unsigned)fault.index);
    b = batch_new(&k->memory);
    insert_counter(b, 3, 0, 0, NULL);
    insert_counter(b, 3, 0, 0, NULL);
    apply_failing(k, b, SHOP_STORAGE_UNIQUE, 1, NULL);
    expect(k, count_rows(k, COUNTER) == 2, "a refused row is there");
}

static void unique_key_of_one_column(kit *k)
{
    shop_fault fault;
    seed_items(k, 3);
    kit_batch *b = batch_new(&k->memory);
    insert_item(b, 10, "sku-10");
    insert_item(b, 11, "sku-02");
    if (apply_failing(k, b, SHOP_STORAGE_UNIQUE, 1, &fault))
        expect(k, fault.index == ITEM_BY_SKU, "index %u is blamed", (unsigned)fault.index);
    b = batch_new(&k->memory);
    update_one(b, ITEM, 1, 1);
    set_text(b, ITEM_SKU, "sku-03");
    if (apply_failing(k, b, SHOP_STORAGE_UNIQUE, 0, &fault))
        expect(k, fault.index == ITEM_BY_SKU, "index %u is blamed", (unsigned)fault.index);
    b = batch_new(&k->memory);
    update_one(b, ITEM, 1, 1);
    set_text(b, ITEM_SKU, "SKU-03"); /* other bytes */
    update_one(b, ITEM, 2, 1);
    set_text(b, ITEM_SKU, "sku-02"); /* its own */
    insert_item(b, 12, "sku-03 ");
    insert_item(b, 13, "");
    apply_ok(k, b);
    b = batch_new(&k->memory);
    insert_item(b, 14, "");
    apply_failing(k, b, SHOP_STORAGE_UNIQUE, 0, NULL);
}

static void place_item(kit_batch *b, int64_t id, shop_value shelf, shop_value code)
{
    update_one(b, ITEM, id, 1);
    set_value(b, ITEM_SHELF, SHOP_SET_TO, shelf);
    set_value(b, ITEM_CODE, SHOP_SET_TO, code);
}

static void unique_key_of_two_columns(kit *k)
{
    shop_fault fault;
    seed_items(k, 5);
    kit_batch *b = batch_new(&k->memory);
    place_item(b, 1, value_int(1), value_text("a"));
    place_item(b, 2, value_int(1), value_text("b"));
    place_item(b, 3, value_int(2), value_text("a"));
    apply_ok(k, b);
    b = batch_new(&k->memory);
    place_item(b, 4, value_int(2), value_text("b"));
    place_item(b, 5, value_int(1), value_text("b"));
    if (apply_failing(k, b, SHOP_STORAGE_UNIQUE, 1, &fault))
        expect(k, fault.index == ITEM_BY_PLACE, "index %u is blamed", (unsigned)fault.index);
    b = batch_new(&k->memory);
    update_one(b, ITEM, 3, 1);
    set_int(b, ITEM_SHELF, 1);
    if (apply_failing(k, b, SHOP_STORAGE_UNIQUE, 0, &fault))
        expect(k, fault.index == ITEM_BY_PLACE, "index %u is blamed", (unsigned)fault.index);
}

static void nulls_equal_none(kit *k)
{
    seed_items(k, 6);
    kit_batch *b = batch_new(&k->memory);
    place_item(b, 1, value_null(), value_text("a"));
    place_item(b, 2, value_null(), value_text("a"));
    place_item(b, 3, value_int(1), value_null());
    place_item(b, 4, value_int(1), value_null());
    insert_counter(b, 1, 0, 0, NULL);
    insert_counter(b, 2, 0, 0, NULL);
    insert_counter(b, 3, 0, 0, "");
    apply_ok(k, b);
    b = batch_new(&k->memory);
    insert_counter(b, 4, 0, 0, "");
    apply_failing(k, b, SHOP_STORAGE_UNIQUE, 0, NULL);
    b = batch_new(&k->memory);
    update_one(b, ITEM, 4, 1);
    set_text(b, ITEM_CODE, "c");
    update_one(b, ITEM, 3, 1);
    set_text(b, ITEM_CODE, "c");
    apply_failing(k, b, SHOP_STORAGE_UNIQUE, 1, NULL);
}

static void keys_are_free_again(kit *k)
{
    seed_items(k, 2);
    kit_batch *b = batch_new(&k->memory);
    delete_one(b, ITEM, 1, 1);
    insert_item(b, 3, "sku-01");
    update_one(b, ITEM, 2, 1);
    set_text(b, ITEM_SKU, "moved");
    insert_item(b, 4, "sku-02");
    apply_ok(k, b);
    b = batch_new(&k->memory);
    update_one(b, ITEM, 3, 1);
    set_text(b, ITEM_SKU, "swap");
    update_one(b, ITEM, 4, 1);
    set_text(b, ITEM_SKU, "sku-01");
    update_one(b, ITEM, 3, 1);
    set_text(b, ITEM_SKU, "sku-02");
    apply_ok(k, b);
    const shop_value *row = read_row(k, ITEM, 4);
    if (row)
        expect_value(k, &row[ITEM_SKU], value_text("sku-01"), "a swapped key");
}

static void two_rows_cannot_get_one_key(kit *k)
{
    seed_items(k, 3);
    kit_batch *b = batch_new(&k->memory);
    batch_op(b, SHOP_OP_UPDATE, ITEM, SHOP_EXPECT_ANY);
    where_int(guard(b), ITEM_ID, SHOP_PRED_GE, 2);
    set_text(b, ITEM_SKU, "same");
    apply_failing(k, b, SHOP_STORAGE_UNIQUE, 0, NULL);
    const shop_value *row = read_row(k, ITEM, 2);
    if (row)
        expect_value(k, &row[ITEM_SKU], value_text("sku-02"), "a key after a refused update");
}

/* ------------------------------------------------------------------------------------------------ references */

static void references_must_lead_somewhere(kit *k)
{
    seed_items(k, 1);
    kit_batch *b = batch_new(&k->memory);
    insert_item(b, 2, "two");
    set_int(b, ITEM_MAKER, 99);
    apply_expecting(k, b, SHOP_STORAGE_REFERENCE, NULL);
    b = batch_new(&k->memory);
    update_one(b, ITEM, 1, 1);
    set_int(b, ITEM_PARENT, 77);
    apply_expecting(k, b, SHOP_STORAGE_REFERENCE, NULL);
    b = batch_new(&k->memory);
    insert_maker(b, 2, "two");
    insert_item(b, 2, "two");
    set_int(b, ITEM_MAKER, 2);
    set_int(b, ITEM_PARENT, 1);
    insert_row(b, LINE, 1);
    set_int(b, LINE_ITEM, 2);
    apply_ok(k, b);
    b = batch_new(&k->memory);
    insert_item(b, 3, "three");
    insert_row(b, LINE, 2); /* its default leads nowhere */
    apply_expecting(k, b, SHOP_STORAGE_REFERENCE, NULL);
    expect(k, !read_row(k, ITEM, 3), "an operation before the refused one has happened");
}

static void what_is_referred_to_stays(kit *k)
{
    seed_items(k, 2);
    kit_batch *b = batch_new(&k->memory);
    update_one(b, ITEM, 2, 1);
    set_int(b, ITEM_PARENT, 1);
    insert_row(b, LINE, 1);
    set_int(b, LINE_ITEM, 2);
    apply_ok(k, b);
    static const struct {
        uint16_t table;
        int64_t id;
    } kept[] = {{MAKER, 1}, {ITEM, 1}, {ITEM, 2}};
    for (size_t i = 0; i < LENGTH(kept); i++) {
        b = batch_new(&k->memory);
        insert_counter(b, 1, 0, 0, NULL);
        delete_one(b, kept[i].table, kept[i].id, 1);
        apply_expecting(k, b, SHOP_STORAGE_REFERENCE, NULL);
        expect(k, read_row(k, kept[i].table, kept[i].id) != NULL, "a row that is referred to is gone");
        expect(k, !read_row(k, COUNTER, 1), "an operation before the refused one has happened");
    }
    b = batch_new(&k->memory);
    delete_one(b, LINE, 1, 1);
    delete_one(b, ITEM, 2, 1);
    delete_one(b, ITEM, 1, 1);
    delete_one(b, MAKER, 1, 1);
    apply_ok(k, b);
    expect(k, count_rows(k, ITEM) == 0, "an item is left");
}

static void null_refers_to_nothing(kit *k)
{
    seed_items(k, 2);
    kit_batch *b = batch_new(&k->memory);
    update_one(b, ITEM, 2, 1);
    set_int(b, ITEM_PARENT, 1);
    update_one(b, ITEM, 2, 1);
    set_null(b, ITEM_PARENT);
    delete_one(b, ITEM, 1, 1);
    apply_ok(k, b);
}

/* ------------------------------------------------------------------------------------------------ wholly or not at all */

enum { STEPS = 9 };

/* Operations of every kind on several tables; the one at `bad` is bound to fail with the outcome. */
static kit_batch *batch_failing_at(kit *k, uint32_t bad, int32_t outcome)
{
    kit_batch *b = batch_new(&k->memory);
    for (uint32_t i = 0; i < STEPS; i++) {
        if (i == bad && outcome == SHOP_STORAGE_GUARD) {
            check_one(b, COUNTER, 1, 0);
        } else if (i == bad && outcome == SHOP_STORAGE_UNIQUE) {
            insert_item(b, 50, "sku-01");
        } else if (i == bad) {
            update_one(b, COUNTER, 1, 1);
            set_int(b, COUNTER_LEFT, -1);
        } else if (i % 3 == 0) {
            insert_item(b, 20 + i, i == 0 ? "n0" : i == 3 ? "n3" : "n6");
            set_text(b, ITEM_WORDS, "new words");
        } else if (i % 3 == 1) {
            update_one(b, COUNTER, 2, 1);
            set_add(b, COUNTER_VALUE, 1);
        } else {
            delete_one(b, ITEM, i, 1);
        }
    }
    return b;
}

static void expect_unchanged(kit *k, uint32_t bad)
{
    kit_read *r = read_of(&k->memory, ITEM);
    shop_rows rows = read_rows(k, r);
    if (!expect_ids(k, &rows, true, "1 2 3 4 5 6 7 8"))
        expect(k, false, "… after operation %u failed", (unsigned)bad);
    expect_counter(k, 2, 20);
}

static void nothing_of_a_failed_batch(kit *k)
{
    static const int32_t outcomes[] = {SHOP_STORAGE_GUARD, SHOP_STORAGE_UNIQUE, SHOP_STORAGE_CONSTRAINT};
    seed_items(k, 8);
    seed_counters(k, 2);
    for (size_t i = 0; i < LENGTH(outcomes); i++) {
        for (uint32_t bad = 0; bad < STEPS; bad++) {
            apply_failing(k, batch_failing_at(k, bad, outcomes[i]), outcomes[i], bad, NULL);
            expect_unchanged(k, bad);
        }
    }
    apply_ok(k, batch_failing_at(k, STEPS, SHOP_STORAGE_GUARD));
    kit_read *r = read_of(&k->memory, ITEM);
    shop_rows rows = read_rows(k, r);
    expect_ids(k, &rows, true, "1 3 4 6 7 20 23 26");
    expect_counter(k, 2, 23);
}

static void many_operations(kit *k)
{
    kit_batch *b = batch_new(&k->memory);
    for (int64_t i = 1; i <= 300; i++)
        insert_counter(b, i, i, 0, NULL);
    update_one(b, COUNTER, 300, 1);
    set_add(b, COUNTER_VALUE, 1);
    apply_ok(k, b);
    expect(k, count_rows(k, COUNTER) == 300, "not every row is there");
    b = batch_new(&k->memory);
    for (int64_t i = 1; i <= 300; i++) {
        update_one(b, COUNTER, i, 1);
        set_add(b, COUNTER_VALUE, 1);
    }
    check_one(b, COUNTER, 1, 0);
    apply_failing(k, b, SHOP_STORAGE_GUARD, 300, NULL);
    expect_counter(k, 1, 1);
    expect_counter(k, 300, 301);
}

static void a_failed_batch_can_be_repaired(kit *k)
{
    seed_counters(k, 1);
    for (int i = 0; i < 20; i++) {
        kit_batch *b = batch_new(&k->memory);
        update_one(b, COUNTER, 1, 1);
        where_int(guard(b), COUNTER_VALUE, SHOP_PRED_EQ, i % 2 ? 10 + i / 2 : 9);
        set_add(b, COUNTER_VALUE, 1);
        apply_expecting(k, b, i % 2 ? SHOP_STORAGE_OK : SHOP_STORAGE_GUARD, NULL);
    }
    expect_counter(k, 1, 20);
}

static const kit_requirement requirements[] = {
    {"an update sets and adds, in the row that is meant", update_sets_and_adds, 0, 0},
    {"an update and a deletion may touch many rows", update_and_delete_many, 0, 0},
    {"every predicate guards operations", every_predicate_guards, 0, 0},
    {"operations see the effects of those before them", operations_see_earlier_ones, 0, 0},
    {"a guard that fails names its operation and counts the rows", guard_names_operation_and_rows, 0, 0},
    {"SHOP_EXPECT_ANY takes any number of rows", any_number_is_fine, 0, 0},
    {"a check of an empty table counts 0", nothing_passes_a_bare_guard, 0, 0},
    {"an operation may take values of rows that earlier ones made", values_of_earlier_operations, 0, 0},
    {"a reference stands for the value at that moment", references_see_the_moment, 0, 0},
    {"a reference to a row that the operation itself changes stands for the old value", references_see_what_was_before, 0, 0},
    {"predicates may refer to earlier operations", references_in_predicates, 0, 0},
    {"a reference to NULL is NULL", references_to_null, 0, 0},
    {"an id is taken once", id_is_unique, 0, 0},
    {"a unique key is taken once, by bytes", unique_key_of_one_column, 0, 0},
    {"a unique key of two columns is taken once", unique_key_of_two_columns, 0, 0},
    {"a unique key with NULL in it equals none", nulls_equal_none, 0, 0},
    {"a unique key is free when its row gave it up", keys_are_free_again, 0, 0},
    {"two rows cannot get one key by one update", two_rows_cannot_get_one_key, 0, 0},
    {"a reference must lead to a row", references_must_lead_somewhere, 0, 0},
    {"a row that is referred to cannot be deleted", what_is_referred_to_stays, 0, 0},
    {"NULL refers to nothing", null_refers_to_nothing, 0, 0},
    {"a batch with a failing operation leaves nothing, wherever that stands", nothing_of_a_failed_batch, 0, 0},
    {"a batch may have hundreds of operations", many_operations, 0, 0},
    {"after a failed batch the next one works", a_failed_batch_can_be_repaired, 0, 0},
};

const kit_chapter kit_batches = {"batches", requirements, LENGTH(requirements)};
