/* SPDX-License-Identifier: MIT */
/* The memory backend where the conformance kit cannot look: memory that runs out, places shared by name, many rows. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <shop/base.h>
#include <shop/sys/storage.h>

#include "../../libshop/core/arena.h"
#include "../../libshop/storage/memory/memory.h"

/* ------------------------------------------------------------------------------------------------ a small schema */

enum { OWNER, THING };
enum { OWNER_ID, OWNER_NAME };
enum { THING_ID, THING_OWNER, THING_NAME, THING_WORDS, THING_STOCK };

static const shop_column owner_columns[] = {
    {"id", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"name", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
};
static const shop_column thing_columns[] = {
    {"id", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"owner_id", SHOP_COLUMN_INT, 0, OWNER, 0, NULL, 0, NULL, NULL},
    {"name", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"words", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"stock", SHOP_COLUMN_INT, SHOP_COLUMN_NON_NEGATIVE, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
};
static const shop_index thing_indexes[] = {
    {"thing_name", SHOP_INDEX_UNIQUE, 1, {THING_NAME}},
    {"thing_words", SHOP_INDEX_WORDS, 1, {THING_WORDS}},
};
static const shop_table tables[] = {
    {"owner", owner_columns, 2, NULL, 0, NULL},
    {"thing", thing_columns, 5, thing_indexes, 2, NULL},
};
static const shop_schema schema = {.version = 1, .table_count = 2, .tables = tables};
static const shop_schema next_schema = {.version = 2, .table_count = 2, .tables = tables};

/* ------------------------------------------------------------------------------------------------ memory that runs out */

static long allocations_left = -1; /* below 0: no end */

static int is_out(void)
{
    if (allocations_left < 0)
        return 0;
    if (allocations_left == 0)
        return 1;
    allocations_left--;
    return 0;
}

static void *scarce_alloc(size_t size)
{
    return is_out() ? NULL : malloc(size);
}

static void *scarce_realloc(void *p, size_t size)
{
    return is_out() ? NULL : realloc(p, size);
}

static void make_memory_scarce(void)
{
    allocations_left = -1;
    shop_set_allocator(scarce_alloc, scarce_realloc, free);
}

TestSuite(memory_backend, .init = make_memory_scarce, .timeout = 60);

/* ------------------------------------------------------------------------------------------------ calls */

static const shop_storage_host host = {.struct_size = sizeof host};

static void *open_place(const char *url, const shop_schema *described, int32_t expected)
{
    shop_fault fault;
    void *self = NULL;
    int32_t outcome = shop_storage_memory()->open(url, described, &host, &self, &fault);
    cr_assert_eq(outcome, expected, "%s", fault.detail);
    cr_assert_eq(fault.outcome, expected);
    return self;
}

static shop_value number(int64_t n)
{
    return (shop_value){.type = SHOP_VALUE_INT, .num = n};
}

static shop_value text(const char *s)
{
    return (shop_value){.type = SHOP_VALUE_TEXT, .size = (uint32_t)strlen(s), .data = s};
}

static int32_t apply(void *self, const shop_op *ops, uint32_t count)
{
    shop_arena *arena = shop_arena_new();
    if (!arena)
        return SHOP_STORAGE_NO_MEMORY;
    const shop_storage_call call = {.struct_size = sizeof call, .alloc = shop_arena_alloc_for_storage, .arena = arena};
    const shop_op_list list = {.count = count, .ops = ops};
    shop_fault fault;
    int32_t outcome = shop_storage_memory()->apply(self, &call, &list, &fault);
    cr_assert_eq(fault.outcome, outcome);
    shop_arena_free(arena);
    return outcome;
}

static int32_t insert_owner(void *self, int64_t id, const char *name)
{
    const shop_set sets[] = {{.column = OWNER_ID, .how = SHOP_SET_TO, .value = number(id)},
                             {.column = OWNER_NAME, .how = SHOP_SET_TO, .value = text(name)}};
    const shop_op op = {.kind = SHOP_OP_INSERT, .table = OWNER, .set_count = 2, .sets = sets};
    return apply(self, &op, 1);
}

/* Rows that pass, and (when `out` is given) the sum of their ids. */
static int32_t count(void *self, uint16_t table, const shop_pred *preds, uint16_t pred_count, uint32_t *rows_out, int64_t *sum)
{
    shop_arena *arena = shop_arena_new();
    if (!arena)
        return SHOP_STORAGE_NO_MEMORY;
    const shop_storage_call call = {.struct_size = sizeof call, .alloc = shop_arena_alloc_for_storage, .arena = arena};
    const shop_order_by order = {.column = 0, .descending = 1};
    const shop_read read = {.table = table,
                            .group_by = SHOP_NO_COLUMN,
                            .columns = 31,
                            .limit = -1,
                            .preds = preds,
                            .pred_count = pred_count,
                            .order = &order,
                            .order_count = 1};
    shop_rows rows = {.count = 0};
    shop_fault fault;
    int32_t outcome = shop_storage_memory()->query(self, &call, &read, 1, &rows, &fault);
    cr_assert_eq(fault.outcome, outcome);
    if (outcome == SHOP_STORAGE_OK) {
        *rows_out = rows.count;
        for (uint32_t i = 0; sum && i < rows.count; i++)
            *sum += rows.values[(size_t)i * rows.width].num;
    }
    shop_arena_free(arena);
    return outcome;
}

static uint32_t count_all(void *self, uint16_t table)
{
    uint32_t rows = 0;
    cr_assert_eq(count(self, table, NULL, 0, &rows, NULL), SHOP_STORAGE_OK);
    return rows;
}

/* ------------------------------------------------------------------------------------------------ out of memory */

Test(memory_backend, opening_without_memory_fails_cleanly)
{
    shop_fault fault;
    int32_t outcome = SHOP_STORAGE_NO_MEMORY;
    long left = 0;
    for (; outcome != SHOP_STORAGE_OK; left++) {
        void *self = NULL;
        allocations_left = left;
        outcome = shop_storage_memory()->open("memory:poor", &schema, &host, &self, &fault);
        allocations_left = -1;
        cr_assert_eq(outcome == SHOP_STORAGE_OK, self != NULL);
        cr_assert(outcome == SHOP_STORAGE_OK || outcome == SHOP_STORAGE_NO_MEMORY);
        if (self)
            shop_storage_memory()->close(self);
    }
    cr_assert_gt(left, 4, "every allocation failed once");
}

/* Inserts, updates all, deletes some, with references to values and an IN. */
static int32_t apply_a_mixed_batch(void *self)
{
    const shop_set owner[] = {{.column = 0, .how = SHOP_SET_TO, .value = number(9)},
                              {.column = OWNER_NAME, .how = SHOP_SET_TO, .value = text("nine")}};
    const shop_set thing[] = {
        {.column = 0, .how = SHOP_SET_TO, .value = number(5)},
        {.column = THING_OWNER, .how = SHOP_SET_TO, .value = {.type = SHOP_VALUE_REF, .size = 0, .num = 0}},
        {.column = THING_NAME, .how = SHOP_SET_TO, .value = text("five")}};
    const shop_set more = {.column = THING_STOCK, .how = SHOP_SET_ADD, .value = number(1)};
    const shop_value ids[] = {number(1), {.type = SHOP_VALUE_REF, .size = 0, .num = 1}, number(77)};
    const shop_pred among = {.column = 0, .op = SHOP_PRED_IN, .other = SHOP_NO_COLUMN, .value_count = 3, .values = ids};
    const shop_op ops[] = {
        {.kind = SHOP_OP_INSERT, .table = OWNER, .set_count = 2, .sets = owner},
        {.kind = SHOP_OP_INSERT, .table = THING, .set_count = 3, .sets = thing},
        {.kind = SHOP_OP_UPDATE, .table = THING, .set_count = 1, .sets = &more, .expect = SHOP_EXPECT_ANY},
        {.kind = SHOP_OP_UPDATE, .table = THING, .set_count = 1, .sets = &more, .expect = SHOP_EXPECT_ANY},
        {.kind = SHOP_OP_DELETE, .table = THING, .pred_count = 1, .preds = &among, .expect = 3},
    };
    return apply(self, ops, 5);
}

static void *open_with_things(void)
{
    void *self = open_place("memory:", &schema, SHOP_STORAGE_OK);
    cr_assert_eq(insert_owner(self, 1, "one"), SHOP_STORAGE_OK);
    for (int64_t i = 1; i <= 100; i++) {
        char name[24];
        (void)snprintf(name, sizeof name, "thing %d", (int)i);
        const shop_set sets[] = {{.column = 0, .how = SHOP_SET_TO, .value = number(i == 5 ? 500 : i)},
                                 {.column = THING_OWNER, .how = SHOP_SET_TO, .value = number(1)},
                                 {.column = THING_NAME, .how = SHOP_SET_TO, .value = text(name)}};
        const shop_op op = {.kind = SHOP_OP_INSERT, .table = THING, .set_count = 3, .sets = sets};
        cr_assert_eq(apply(self, &op, 1), SHOP_STORAGE_OK);
    }
    return self;
}

static uint32_t count_with_stock(void *self, int64_t stock)
{
    const shop_value value = number(stock);
    const shop_pred pred = {
        .column = THING_STOCK, .op = SHOP_PRED_EQ, .other = SHOP_NO_COLUMN, .value_count = 1, .values = &value};
    uint32_t rows = 0;
    cr_assert_eq(count(self, THING, &pred, 1, &rows, NULL), SHOP_STORAGE_OK);
    return rows;
}

Test(memory_backend, a_batch_without_memory_changes_nothing)
{
    void *self = open_with_things();
    int32_t outcome = SHOP_STORAGE_NO_MEMORY;
    long left = 0;
    for (; outcome != SHOP_STORAGE_OK; left++) {
        allocations_left = left;
        outcome = apply_a_mixed_batch(self);
        allocations_left = -1;
        if (outcome == SHOP_STORAGE_OK)
            break;
        cr_assert_eq(outcome, SHOP_STORAGE_NO_MEMORY);
        cr_assert_eq(count_all(self, OWNER), 1);
        cr_assert_eq(count_all(self, THING), 100);
        cr_assert_eq(count_with_stock(self, 0), 100);
    }
    cr_assert_gt(left, 200, "every row that is replaced needs memory");
    cr_assert_eq(count_all(self, OWNER), 2);
    cr_assert_eq(count_all(self, THING), 98);
    cr_assert_eq(count_with_stock(self, 2), 98);
    shop_storage_memory()->close(self);
}

Test(memory_backend, a_query_without_memory_says_so)
{
    void *self = open_with_things();
    int32_t outcome = SHOP_STORAGE_NO_MEMORY;
    long left = 0;
    for (; outcome != SHOP_STORAGE_OK; left++) {
        uint32_t rows = 0;
        allocations_left = left;
        outcome = count(self, THING, NULL, 0, &rows, NULL);
        allocations_left = -1;
        cr_assert(outcome == SHOP_STORAGE_NO_MEMORY || rows == 100);
    }
    cr_assert_gt(left, 3);
    shop_storage_memory()->close(self);
}

/* ------------------------------------------------------------------------------------------------ sharing */

Test(memory_backend, instances_of_one_name_share_a_place)
{
    void *a = open_place("memory:till", &schema, SHOP_STORAGE_OK);
    void *b = open_place("memory:till", &schema, SHOP_STORAGE_OK);
    void *other = open_place("memory:till2", &schema, SHOP_STORAGE_OK);
    void *own = open_place("memory:", &schema, SHOP_STORAGE_OK);
    cr_assert_eq(insert_owner(a, 1, "one"), SHOP_STORAGE_OK);
    cr_assert_eq(insert_owner(b, 1, "one"), SHOP_STORAGE_UNIQUE);
    cr_assert_eq(count_all(b, OWNER), 1);
    cr_assert_eq(count_all(other, OWNER), 0);
    cr_assert_eq(count_all(own, OWNER), 0);
    shop_storage_memory()->close(a);
    cr_assert_eq(count_all(b, OWNER), 1);
    shop_storage_memory()->close(b);
    shop_storage_memory()->close(other);
    shop_storage_memory()->close(own);
}

Test(memory_backend, a_named_place_goes_with_its_last_instance)
{
    void *a = open_place("memory:till", &schema, SHOP_STORAGE_OK);
    cr_assert_eq(insert_owner(a, 1, "one"), SHOP_STORAGE_OK);
    shop_storage_memory()->close(a);
    a = open_place("memory:till", &schema, SHOP_STORAGE_OK);
    cr_assert_eq(count_all(a, OWNER), 0);
    shop_storage_memory()->close(a);
}

Test(memory_backend, an_unnamed_place_is_shared_with_nobody)
{
    void *a = open_place("memory:", &schema, SHOP_STORAGE_OK);
    void *b = open_place("memory:", &schema, SHOP_STORAGE_OK);
    cr_assert_eq(insert_owner(a, 1, "one"), SHOP_STORAGE_OK);
    cr_assert_eq(count_all(b, OWNER), 0);
    shop_storage_memory()->close(a);
    shop_storage_memory()->close(b);
}

Test(memory_backend, a_named_place_keeps_to_its_schema)
{
    void *a = open_place("memory:till", &next_schema, SHOP_STORAGE_OK);
    (void)open_place("memory:till", &schema, SHOP_STORAGE_NEWER);
    shop_storage_memory()->close(a);
    a = open_place("memory:till", &schema, SHOP_STORAGE_OK);
    (void)open_place("memory:till", &next_schema, SHOP_STORAGE_FOREIGN);
    shop_storage_memory()->close(a);
}

Test(memory_backend, an_instance_for_reading_only_reads)
{
    const shop_storage_host reader = {.struct_size = sizeof reader, .flags = SHOP_STORAGE_READ_ONLY};
    shop_fault fault;
    void *self = NULL;
    cr_assert_eq(shop_storage_memory()->open("memory:till", &schema, &reader, &self, &fault), SHOP_STORAGE_ABSENT);
    void *writer = open_place("memory:till", &schema, SHOP_STORAGE_OK);
    cr_assert_eq(insert_owner(writer, 1, "one"), SHOP_STORAGE_OK);
    cr_assert_eq(shop_storage_memory()->open("memory:till", &schema, &reader, &self, &fault), SHOP_STORAGE_OK);
    cr_assert_eq(insert_owner(self, 2, "two"), SHOP_STORAGE_INVALID);
    cr_assert_eq(count_all(self, OWNER), 1);
    shop_storage_memory()->close(self);
    shop_storage_memory()->close(writer);
}

/* ------------------------------------------------------------------------------------------------ many rows */

/* 20000 look-ups in 20000 rows: without trees these would be 400 million rows to test. */
Test(memory_backend, looking_up_does_not_scan)
{
    enum { ROWS = 20000 };
    void *self = open_place("memory:", &schema, SHOP_STORAGE_OK);
    cr_assert_eq(insert_owner(self, 1, "one"), SHOP_STORAGE_OK);
    shop_set(*sets)[3] = calloc(ROWS, sizeof *sets);
    shop_op *ops = calloc(ROWS, sizeof *ops);
    char(*names)[16] = calloc(ROWS, sizeof *names);
    cr_assert(sets && ops && names);
    for (int i = 0; i < ROWS; i++) {
        (void)snprintf(names[i], sizeof names[i], "n%d", i);
        sets[i][0] = (shop_set){.column = 0, .how = SHOP_SET_TO, .value = number(i + 1)};
        sets[i][1] = (shop_set){.column = THING_OWNER, .how = SHOP_SET_TO, .value = number(1)};
        sets[i][2] = (shop_set){.column = THING_NAME, .how = SHOP_SET_TO, .value = text(names[i])};
        ops[i] = (shop_op){.kind = SHOP_OP_INSERT, .table = THING, .set_count = 3, .sets = sets[i]};
    }
    cr_assert_eq(apply(self, ops, ROWS), SHOP_STORAGE_OK);
    for (int i = 0; i < ROWS; i++) {
        const shop_value values[] = {text(names[i]), text("nobody")};
        const shop_pred pred = {.column = THING_NAME,
                                .op = i % 2 ? SHOP_PRED_EQ : SHOP_PRED_IN,
                                .other = SHOP_NO_COLUMN,
                                .value_count = i % 2 ? 1 : 2,
                                .values = values};
        uint32_t rows = 0;
        int64_t sum = 0;
        cr_assert_eq(count(self, THING, &pred, 1, &rows, &sum), SHOP_STORAGE_OK);
        cr_assert(rows == 1 && sum == i + 1);
    }
    free(sets);
    free(ops);
    free(names);
    shop_storage_memory()->close(self);
}
