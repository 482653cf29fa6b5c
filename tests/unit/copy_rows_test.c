/* SPDX-License-Identifier: MIT */
/* What a copy promises of any schema: every value, references in any direction, and the same result whatever fails on the way. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../libshop/storage/copy/copy.h"
#include "../../libshop/storage/schema.h"
#include "copy_support.h"

/* ------------------------------------------------------------------------------------------------ a schema of our own */

/* Children before parents, rows of their own table above, and a circle of two tables. */
enum { LEAF, BRANCH, TREE, RECORD, TABLES };
enum { LEAF_ID, LEAF_BRANCH, LEAF_TEXT, LEAF_WORD, LEAF_BYTES, LEAF_NUMBER, LEAF_FLAG, LEAF_SEEN, LEAF_COLUMNS };
enum { BRANCH_ID, BRANCH_PARENT, BRANCH_BOSS, BRANCH_TREE, BRANCH_COLUMNS };
enum { TREE_ID, TREE_NAME, TREE_FIRST, TREE_COLUMNS };

#define COLUMN(name, type, flags, references)                                                                                  \
    {                                                                                                                          \
        name, type, flags, references, 0, NULL, 0, NULL, NULL                                                                  \
    }
#define NULLABLE SHOP_COLUMN_NULLABLE

static const shop_column leaf[] = {
    COLUMN("id", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE),
    COLUMN("branch", SHOP_COLUMN_INT, 0, BRANCH),
    COLUMN("text", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE),
    COLUMN("word", SHOP_COLUMN_TEXT, NULLABLE, SHOP_NO_TABLE),
    COLUMN("bytes", SHOP_COLUMN_BLOB, NULLABLE, SHOP_NO_TABLE),
    COLUMN("number", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE),
    COLUMN("flag", SHOP_COLUMN_BOOL, 0, SHOP_NO_TABLE),
    COLUMN("seen", SHOP_COLUMN_TIME, NULLABLE, SHOP_NO_TABLE),
};
static const shop_column branch[] = {
    COLUMN("id", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE),
    COLUMN("parent", SHOP_COLUMN_INT, NULLABLE, BRANCH),
    COLUMN("boss", SHOP_COLUMN_INT, 0, BRANCH),
    COLUMN("tree", SHOP_COLUMN_INT, NULLABLE, TREE),
};
static const shop_column tree[] = {
    COLUMN("id", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE),
    COLUMN("name", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE),
    COLUMN("first_branch", SHOP_COLUMN_INT, NULLABLE, BRANCH),
};
static const shop_column record[] = {
    COLUMN("id", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE),
    COLUMN("source", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE),
    COLUMN("started_at", SHOP_COLUMN_TIME, 0, SHOP_NO_TABLE),
    COLUMN("finished_at", SHOP_COLUMN_TIME, NULLABLE, SHOP_NO_TABLE),
};
static const shop_index tree_indexes[] = {{"tree_name", SHOP_INDEX_UNIQUE, 1, {TREE_NAME}}};
static const shop_table tables[] = {
    [LEAF] = {"leaf", leaf, LEAF_COLUMNS, NULL, 0, NULL},
    [BRANCH] = {"branch", branch, BRANCH_COLUMNS, NULL, 0, NULL},
    [TREE] = {"tree", tree, TREE_COLUMNS, tree_indexes, 1, NULL},
    [RECORD] = {"copy", record, COPY_COLUMNS, NULL, 0, NULL},
};
static const shop_schema wood = {1, TABLES, tables};

/* ------------------------------------------------------------------------------------------------ filling it */

static const char *from; /* places */
static const char *to;
static void *source; /* an instance on the first, kept open */

static shop_value number(int64_t value)
{
    return (shop_value){.type = SHOP_VALUE_INT, .num = value};
}

static shop_value null(void)
{
    return (shop_value){.type = SHOP_VALUE_NULL};
}

static shop_value text(const char *value)
{
    return (shop_value){.type = SHOP_VALUE_TEXT, .size = (uint32_t)strlen(value), .data = value};
}

static shop_value bytes(const void *data, uint32_t size)
{
    return (shop_value){.type = SHOP_VALUE_BLOB, .size = size, .data = data};
}

static int32_t try_insert(const char *url, void *self, uint16_t table, const shop_value *values)
{
    shop_set sets[LEAF_COLUMNS];
    uint16_t count = (uint16_t)tables[table].column_count;
    for (uint16_t c = 0; c < count; c++)
        sets[c] = (shop_set){.column = c, .how = SHOP_SET_TO, .value = values[c]};
    shop_op op = {.kind = SHOP_OP_INSERT, .table = table, .set_count = count, .expect = 1, .sets = sets};
    shop_fault fault;
    return raw_apply(url, self, &op, 1, &fault);
}

static void insert(uint16_t table, const shop_value *values)
{
    cr_assert_eq(try_insert(from, source, table, values), SHOP_STORAGE_OK);
}

static void update(const char *url, void *self, uint16_t table, int64_t id, uint16_t column, shop_value value)
{
    const shop_value key = number(id);
    const shop_pred pred = {.column = 0, .op = SHOP_PRED_EQ, .other = SHOP_NO_COLUMN, .value_count = 1, .values = &key};
    const shop_set set = {.column = column, .how = SHOP_SET_TO, .value = value};
    shop_op op = {
        .kind = SHOP_OP_UPDATE, .table = table, .set_count = 1, .pred_count = 1, .expect = 1, .sets = &set, .preds = &pred};
    shop_fault fault;
    cr_assert_eq(raw_apply(url, self, &op, 1, &fault), SHOP_STORAGE_OK, "%s", fault.detail);
}

static void insert_leaf(int64_t id, const char *words)
{
    const shop_value row[] = {number(id), number(1), text(words), null(), null(), number(-id), number(id % 2), null()};
    insert(LEAF, row);
}

static void insert_branch(int64_t id, shop_value parent)
{
    const shop_value row[] = {number(id), parent, number(id), null()};
    insert(BRANCH, row);
}

#define LEAVES 300 /* two chunks */

static void fill_leaves(void)
{
    enum { AT_ONCE = 100 };
    static shop_op ops[AT_ONCE];
    static shop_set sets[AT_ONCE][LEAF_COLUMNS];
    for (int64_t first = 1; first <= LEAVES; first += AT_ONCE) {
        for (int64_t i = 0; i < AT_ONCE; i++) {
            const shop_value row[] = {number(first + i), number(1),     text("leaf"), null(), null(),
                                      number(i),         number(i % 2), number(first)};
            for (uint16_t c = 0; c < LEAF_COLUMNS; c++)
                sets[i][c] = (shop_set){.column = c, .how = SHOP_SET_TO, .value = row[c]};
            ops[i] = (shop_op){.kind = SHOP_OP_INSERT, .table = LEAF, .set_count = LEAF_COLUMNS, .expect = 1, .sets = sets[i]};
        }
        shop_fault fault;
        cr_assert_eq(raw_apply(from, source, ops, AT_ONCE, &fault), SHOP_STORAGE_OK, "%s", fault.detail);
    }
}

/* Parents and bosses with lower and higher ids, and a tree whose first branch has that tree. */
static void fill_branches(void)
{
    for (int64_t id = 1; id <= 5; id++)
        insert_branch(id, null());
    const shop_value oak[] = {number(7), text("oak"), number(4)};
    const shop_value elm[] = {number(9), text("elm"), null()};
    insert(TREE, oak);
    insert(TREE, elm);
    update(from, source, BRANCH, 1, BRANCH_PARENT, number(5));
    update(from, source, BRANCH, 5, BRANCH_PARENT, number(2));
    update(from, source, BRANCH, 3, BRANCH_PARENT, number(3));
    update(from, source, BRANCH, 2, BRANCH_BOSS, number(4));
    update(from, source, BRANCH, 4, BRANCH_BOSS, number(1));
    update(from, source, BRANCH, 4, BRANCH_TREE, number(7));
    update(from, source, BRANCH, 1, BRANCH_TREE, number(9));
}

static void set_up(void)
{
    frail_reset();
    from = copy_place(&wood);
    to = copy_place(&wood);
    source = raw_open(from, &wood);
    fill_branches();
}

static void tear_down(void)
{
    raw_close(from, source);
}

TestSuite(copy_rows, .init = set_up, .fini = tear_down, .timeout = 120);

/* ------------------------------------------------------------------------------------------------ copying it */

static shop_copy_result result;

static shop_status copy_with(const char *source_url, const char *target_url, int64_t patience_ms,
                             int32_t (*progress)(void *, const shop_copy_progress *))
{
    shop_copy_input in = SHOP_COPY_INPUT_INIT;
    in.from = source_url;
    in.to = target_url;
    in.patience_ms = patience_ms;
    in.progress = progress;
    return shop_copy_run(&wood, RECORD, &in, &result);
}

static shop_status copy(const char *source_url, const char *target_url)
{
    return copy_with(source_url, target_url, 5000, NULL);
}

static void copies(const char *source_url, const char *target_url)
{
    cr_assert_eq(copy(source_url, target_url), SHOP_OK, "%s", shop_copy_error());
}

static void is_refused(shop_status got, shop_status status, const char *words)
{
    cr_assert_eq(got, status, "%s: %s", shop_status_name(got), shop_copy_error());
    cr_assert_not_null(strstr(shop_copy_error(), words), "%s", shop_copy_error());
}

/* Row by row, read without the code under test. */
static void are_equal(const char *a, const char *b)
{
    char *left = raw_dump(a, &wood, RECORD);
    char *right = raw_dump(b, &wood, RECORD);
    cr_assert_str_eq(left, right);
    free(left);
    free(right);
}

/* ------------------------------------------------------------------------------------------------ values and references */

Test(copy_rows, every_value_arrives_as_it_was)
{
    static char long_text[300001];
    static char zeroes[70000];
    memset(long_text, 'x', sizeof long_text - 1);
    const shop_value rows[][LEAF_COLUMNS] = {
        {number(1), number(1), text(""), null(), null(), number(INT64_MIN), number(0), null()},
        {number(2), number(1), text("'\"\\ %_\n\t;--"), text(""), bytes(NULL, 0), number(INT64_MAX), number(1), number(0)},
        {number(3), number(5), text("\xf0\x9f\x8d\x8e \xc3\xa9"), text("NULL"), bytes("\0\x01\xff", 3), number(0), number(1),
         number(-1)},
        {number(400), number(3), text(long_text), null(), bytes(zeroes, sizeof zeroes), number(-1), number(0), null()},
        {number((INT64_C(1) << 53) - 1), number(2), text("last"), null(), null(), number(1), number(1), number(1)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        insert(LEAF, rows[i]);
    copies(from, to);
    are_equal(from, to);
    cr_assert_eq(result.rows, 12);
    cr_assert_eq(result.copied, 12);
    cr_assert_eq(result.tables, 3);
}

Test(copy_rows, references_to_later_rows_and_in_circles_arrive)
{
    copies(from, to);
    are_equal(from, to);
}

/* More rows than one chunk takes: what they refer to comes in another batch. */
Test(copy_rows, references_to_rows_of_later_chunks_arrive)
{
    enum { FIRST = 6, LAST = 700, COUNT = LAST - FIRST + 1 };
    static shop_op ops[COUNT];
    static shop_set sets[COUNT][BRANCH_COLUMNS];
    for (int64_t id = FIRST; id <= LAST; id++) {
        shop_set *set = sets[id - FIRST];
        const shop_value row[] = {number(id), number(LAST + FIRST - id), number(LAST), null()};
        for (uint16_t c = 0; c < BRANCH_COLUMNS; c++)
            set[c] = (shop_set){.column = c, .how = SHOP_SET_TO, .value = row[c]};
        ops[id - FIRST] =
            (shop_op){.kind = SHOP_OP_INSERT, .table = BRANCH, .set_count = BRANCH_COLUMNS, .expect = 1, .sets = set};
    }
    shop_fault fault;
    cr_assert_eq(raw_apply(from, source, ops, COUNT, &fault), SHOP_STORAGE_OK, "%s", fault.detail);
    copies(from, to);
    are_equal(from, to);
}

Test(copy_rows, a_circle_of_references_that_may_not_be_null_is_told)
{
    static const shop_column a[] = {COLUMN("id", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE), COLUMN("b", SHOP_COLUMN_INT, 0, 1)};
    static const shop_column b[] = {COLUMN("id", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE), COLUMN("a", SHOP_COLUMN_INT, 0, 0)};
    static const shop_table circle_tables[] = {
        {"a", a, 2, NULL, 0, NULL}, {"b", b, 2, NULL, 0, NULL}, {"copy", record, COPY_COLUMNS, NULL, 0, NULL}};
    static const shop_schema circle = {1, 3, circle_tables};
    shop_copy_input in = SHOP_COPY_INPUT_INIT;
    in.from = copy_place(&circle);
    in.to = copy_place(&circle);
    raw_close(in.from, raw_open(in.from, &circle));
    is_refused(shop_copy_run(&circle, 2, &in, NULL), SHOP_INTERNAL, "circle");
}

Test(copy_rows, rows_too_large_for_one_chunk_are_taken_in_parts)
{
    enum { SIZE = 2 << 20, ROWS = 18 };
    char *large = calloc(1, SIZE);
    for (int64_t id = 1; id <= ROWS; id++) {
        large[0] = (char)id;
        const shop_value row[] = {number(id), number(1), text(""), null(), bytes(large, SIZE), number(0), number(0), null()};
        insert(LEAF, row);
    }
    free(large);
    to = copy_place_of("memory:", &wood);
    copies(frail_url(from), to);
    cr_assert_geq(frail.largest, SIZE);
    cr_assert_leq(frail.largest, 32 << 20, "%zu bytes at once", frail.largest);
    are_equal(from, to);
}

/* ------------------------------------------------------------------------------------------------ interruptions */

static void fails_once_at_every_batch(frail_way way)
{
    fill_leaves();
    for (int n = 1;; n++) {
        const char *target = copy_place_of("memory:", &wood); /* what fails is not its doing */
        frail_reset();
        frail.fail_at = n;
        frail.way = way;
        copies(from, frail_url(target));
        if (!frail.has_failed)
            break;
        are_equal(from, target);
        cr_assert_leq(n, 50);
    }
    cr_assert_eq(frail.batches, 7, "the record, three tables in four parts, references, the end: %d", frail.batches);
}

Test(copy_rows, a_batch_that_is_refused_is_made_again)
{
    fails_once_at_every_batch(FRAIL_REFUSES);
}

Test(copy_rows, a_batch_of_unknown_outcome_that_did_not_happen_is_made_again)
{
    fails_once_at_every_batch(FRAIL_LOSES_BEFORE);
}

Test(copy_rows, a_batch_of_unknown_outcome_that_happened_is_not_made_twice)
{
    fails_once_at_every_batch(FRAIL_LOSES_AFTER);
}

Test(copy_rows, one_that_died_at_any_batch_goes_on_and_ends_the_same)
{
    fill_leaves();
    bool died = true;
    for (int n = 1; died; n++) {
        const char *target = copy_place_of("memory:", &wood); /* what fails is not its doing */
        frail_reset();
        frail.fail_at = n;
        frail.way = FRAIL_DIES;
        shop_status status = copy_with(from, frail_url(target), 0, NULL);
        died = frail.has_failed;
        cr_assert_eq(status, died ? SHOP_UNAVAILABLE : SHOP_OK, "%s", shop_copy_error());
        frail_reset();
        copies(from, frail_url(target)); /* its record is under this name's source, whatever the target is called */
        are_equal(from, target);
        cr_assert_leq(n, 50);
    }
    cr_assert_eq(result.copied, 0, "a finished copy is only compared");
}

static int steps_left;

static int32_t stop_after_steps(void *user, const shop_copy_progress *p)
{
    (void)user;
    cr_assert_not_null(p->table);
    cr_assert_leq(p->done, p->total);
    return steps_left-- == 0;
}

Test(copy_rows, one_that_was_ended_at_any_step_goes_on_and_ends_the_same)
{
    fill_leaves();
    bool ended = true;
    int64_t all = LEAVES + 7;
    for (int n = 0; ended; n += 3) {
        const char *target = copy_place(&wood);
        steps_left = n;
        shop_status status = copy_with(from, target, 0, stop_after_steps);
        ended = status != SHOP_OK;
        if (ended)
            is_refused(status, SHOP_UNAVAILABLE, "ended");
        copies(from, target);
        are_equal(from, target);
        cr_assert_eq(result.rows, all);
        cr_assert_leq(n, 100);
    }
}

Test(copy_rows, an_outage_longer_than_the_patience_ends_it)
{
    frail.fail_at = 2;
    frail.way = FRAIL_DIES;
    is_refused(copy_with(from, frail_url(to), 200, NULL), SHOP_UNAVAILABLE, "does not answer");
}

/* ------------------------------------------------------------------------------------------------ ids */

static int64_t next_id(const char *url, uint16_t table)
{
    void *self = raw_open(url, &wood);
    shop_fault fault;
    int64_t first = 0;
    cr_assert_eq(shop_storage_find(url)->allocate(self, table, 1, &first, &fault), SHOP_STORAGE_OK, "%s", fault.detail);
    raw_close(url, self);
    return first;
}

static void give_ids(uint16_t table, uint32_t count)
{
    shop_fault fault;
    int64_t first;
    cr_assert_eq(shop_storage_find(from)->allocate(source, table, count, &first, &fault), SHOP_STORAGE_OK);
}

Test(copy_rows, ids_that_were_ever_given_are_not_given_again)
{
    give_ids(LEAF, 500); /* more than there are rows: their rows are gone */
    copies(from, to);
    cr_assert_eq(next_id(to, LEAF), 501);
    cr_assert_gt(next_id(to, TREE), 9, "above the highest row, though it was never allocated");
    cr_assert_gt(next_id(to, BRANCH), 5);
}

Test(copy_rows, ids_close_to_the_last_one_are_passed_over)
{
    insert_leaf((INT64_C(1) << 53) - 2, "high");
    copies(from, to);
    cr_assert_eq(next_id(to, LEAF), (INT64_C(1) << 53) - 1);
}

Test(copy_rows, a_backend_that_cannot_pass_over_ids_gives_them_away)
{
    insert_leaf(250000, "far");
    frail_limit(SHOP_CAN_ORDER | SHOP_CAN_AGGREGATE);
    copies(frail_url(from), frail_url(to));
    cr_assert_gt(next_id(to, LEAF), 250000);
}

/* ------------------------------------------------------------------------------------------------ backends that can do little */

Test(copy_rows, backends_without_any_capability_are_copied_from_and_to)
{
    fill_leaves();
    insert_leaf(INT64_C(1) << 20, "far away");
    frail_limit(0);
    copies(frail_url(from), to);
    are_equal(from, to);
    const char *back = copy_place(&wood);
    copies(to, frail_url(back));
    are_equal(from, back);
}

Test(copy_rows, ids_far_apart_are_no_long_way)
{
    insert_leaf(1, "first");
    insert_leaf(INT64_C(1) << 40, "middle");
    insert_leaf((INT64_C(1) << 52) + 12345, "last");
    frail_limit(SHOP_CAN_AGGREGATE);
    shop_copy_input in = SHOP_COPY_INPUT_INIT;
    in.from = frail_url(from);
    in.to = to;
    cr_assert_eq(shop_copy_run(&wood, RECORD, &in, NULL), SHOP_OK, "%s", shop_copy_error());
    are_equal(from, to);
}

/* ------------------------------------------------------------------------------------------------ refusals */

static char *both(void)
{
    char *a = raw_dump(from, &wood, TABLES);
    char *b = raw_dump(to, &wood, TABLES);
    char *whole = malloc(strlen(a) + strlen(b) + 1);
    strcpy(whole, a);
    strcat(whole, b);
    free(a);
    free(b);
    return whole;
}

Test(copy_rows, a_target_that_is_not_empty_is_left_alone)
{
    void *self = raw_open(to, &wood);
    const shop_value row[] = {number(77), text("mine"), null()};
    cr_assert_eq(try_insert(to, self, TREE, row), SHOP_STORAGE_OK);
    raw_close(to, self);
    char *before = both();
    is_refused(copy(from, to), SHOP_CONFLICT, "its table tree has rows");
    char *after = both();
    cr_assert_str_eq(before, after);
    free(before);
    free(after);
}

Test(copy_rows, an_unfinished_copy_of_another_source_is_left_alone)
{
    const char *other = copy_place(&wood);
    raw_close(other, raw_open(other, &wood));
    steps_left = 3;
    cr_assert_eq(copy_with(from, to, 0, stop_after_steps), SHOP_UNAVAILABLE);
    is_refused(copy(other, to), SHOP_CONFLICT, "an unfinished copy of another shop");
    is_refused(copy(to, other), SHOP_CONFLICT, "itself an unfinished copy");
    copies(from, to);
    is_refused(copy(other, to), SHOP_CONFLICT, "a copy of another shop");
    are_equal(from, to);
}

Test(copy_rows, a_source_that_is_the_target_is_refused)
{
    is_refused(copy(from, from), SHOP_INVALID, "same place");
    is_refused(copy(to, frail_url(to)), to[0] == 'm' ? SHOP_INVALID : SHOP_CONFLICT, to[0] == 'm' ? "same place" : "no shop");
    raw_close(to, raw_open(to, &wood)); /* empty, so that rows do not give it away */
    is_refused(copy(to, frail_url(to)), SHOP_INVALID, "same place");
    char *left = raw_dump(to, &wood, TABLES);
    cr_assert_str_eq(left, "leaf\nbranch\ntree\ncopy\n", "its record is taken away again");
    free(left);
}

Test(copy_rows, a_finished_copy_that_was_used_since_is_told)
{
    copies(from, to);
    void *self = raw_open(to, &wood);
    update(to, self, TREE, 7, TREE_NAME, text("ash"));
    raw_close(to, self);
    is_refused(copy(from, to), SHOP_CONFLICT, "was copied to");
}

/* ------------------------------------------------------------------------------------------------ a source that moves */

static int32_t moved;

static int32_t move_a_branch(void *user, const shop_copy_progress *p)
{
    (void)user;
    if (!moved && p->phase == SHOP_COPY_ROWS && strcmp(p->table, "leaf") == 0) { /* branches are copied then */
        update(from, source, BRANCH, 3, BRANCH_BOSS, number(1));
        moved = 1;
    }
    return 0;
}

static int32_t add_a_branch(void *user, const shop_copy_progress *p)
{
    (void)user;
    if (!moved && p->checksum && strcmp(p->table, "leaf") == 0) { /* branches are compared then */
        insert_branch(6, null());
        moved = 1;
    }
    return 0;
}

static void is_not_delivered(int32_t (*progress)(void *, const shop_copy_progress *))
{
    moved = 0;
    is_refused(copy_with(from, to, 5000, progress), SHOP_CONFLICT, "was changed during the copy");
    cr_assert(moved);
    cr_assert_not_null(strstr(shop_copy_error(), "branch"), "%s", shop_copy_error());
    shop_copy_record found;
    shop_fault fault;
    shop_arena *arena = shop_arena_new();
    void *self = raw_open(to, &wood);
    (void)shop_copy_read_record(shop_storage_find(to), self, &wood, RECORD, 5000000, arena, &found, &fault);
    cr_assert(found.is_there && !found.is_finished, "it must not be opened");
    raw_close(to, self);
    shop_arena_free(arena);
}

Test(copy_rows, a_row_that_changed_meanwhile_is_found)
{
    is_not_delivered(move_a_branch);
}

Test(copy_rows, a_row_that_came_after_its_table_was_compared_is_found)
{
    is_not_delivered(add_a_branch);
}

/* ------------------------------------------------------------------------------------------------ others at the target */

static int32_t remove_the_record(void *user, const shop_copy_progress *p)
{
    (void)user;
    if (!moved && strcmp(p->table, "leaf") == 0) {
        void *self = raw_open(to, &wood);
        shop_op op = {.kind = SHOP_OP_DELETE, .table = RECORD, .expect = 1};
        shop_fault fault;
        cr_assert_eq(raw_apply(to, self, &op, 1, &fault), SHOP_STORAGE_OK, "%s", fault.detail);
        raw_close(to, self);
        moved = 1;
    }
    return 0;
}

Test(copy_rows, nothing_is_written_once_the_record_is_gone)
{
    fill_leaves();
    moved = 0;
    is_refused(copy_with(from, to, 5000, remove_the_record), SHOP_CONFLICT, "finished or removed the copy");
    is_refused(copy(from, to), SHOP_CONFLICT, "not empty");
    char *left = raw_dump(to, &wood, TABLES);
    cr_assert_null(strstr(left, "4:leaf"), "a leaf was written");
    free(left);
}

static void *copy_as_well(void *status)
{
    shop_copy_input in = SHOP_COPY_INPUT_INIT;
    in.from = from;
    in.to = to;
    *(shop_status *)status = shop_copy_run(&wood, RECORD, &in, NULL);
    return NULL;
}

Test(copy_rows, two_copies_at_once_make_one)
{
    pthread_t threads[2];
    shop_status statuses[2];
    fill_leaves();
    for (int i = 0; i < 2; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, copy_as_well, &statuses[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 2; i++) /* the slower one may be told that the other has finished */
        cr_assert(statuses[i] == SHOP_OK || statuses[i] == SHOP_CONFLICT, "%s", shop_status_name(statuses[i]));
    cr_assert(statuses[0] == SHOP_OK || statuses[1] == SHOP_OK);
    are_equal(from, to);
}

/* ------------------------------------------------------------------------------------------------ passwords */

Test(copy_names, hold_no_password)
{
    static const char *const names[][2] = {
        {"postgresql://shop:geheim@db.example/shop", "postgresql://shop:***@db.example/shop"},
        {"postgresql://shop@db.example:5432/shop", "postgresql://shop@db.example:5432/shop"},
        {"postgresql://shop:ge@heim@db.example/shop", "postgresql://shop:***@db.example/shop"},
        {"postgresql://shop:ge/heim@db.example/shop", "postgresql://shop:***@db.example/shop"},
        {"postgresql://shop:ge?he@im@db.example/shop", "postgresql://shop:***"},
        {"postgresql:///shop?user=shop&password=geheim&host=db", "postgresql:///shop?user=shop&password=***&host=db"},
        {"postgresql://h:1/shop?sslpassword=geheim@x", "postgresql://h:***"},
        {"postgresql://u:geheim@h/shop?passfile=x&Password=geheim", "postgresql://u:***@h/shop?passfile=x&Password=***"},
        {"memory:till", "memory:till"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *name = shop_copy_name(names[i][0]);
        cr_expect_str_eq(name, names[i][1], "%s", name);
        cr_expect_null(strstr(name, "geheim"));
        free(name);
    }
}
