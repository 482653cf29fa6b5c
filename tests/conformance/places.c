/* SPDX-License-Identifier: MIT */
/* Opening, ids, what outlives close, upgrades, places that are refused, deadlines. */
#include "kit.h"

#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static uint64_t fingerprint(kit *k)
{
    return k->options->fingerprint ? k->options->fingerprint(k->options->user, k->url) : 0;
}

static int64_t allocate(kit *k, uint32_t table, uint32_t count)
{
    shop_fault fault;
    int64_t first = 0;
    int32_t outcome = k->vt->allocate(k->self, table, count, &first, &fault);
    expect(k, outcome == SHOP_STORAGE_OK && fault.outcome == outcome, "allocate: %s", outcome_name(outcome));
    expect(k, first >= 1, "the first id is %lld", (long long)first);
    return first;
}

static void a_fresh_place_is_empty(kit *k)
{
    for (uint16_t t = 0; t < KIT_TABLES; t++)
        expect(k, count_rows(k, t) == 0, "table %u has rows", (unsigned)t);
    shop_fault fault;
    int32_t outcome = k->vt->ping(k->self, &fault);
    expect(k, outcome == SHOP_STORAGE_OK && fault.outcome == outcome, "ping: %s", outcome_name(outcome));
}

static void ids_do_not_overlap(kit *k)
{
    static const uint32_t counts[] = {1, 1, 100, 1, 100000, 7, 1};
    int64_t next = 0;
    for (size_t i = 0; i < LENGTH(counts); i++) {
        int64_t first = allocate(k, ITEM, counts[i]);
        expect(k, first >= next, "ids from %lld on, though all before %lld were given", (long long)first, (long long)next);
        next = first + counts[i];
        expect(k, next <= INT64_C(1) << 53, "an id beyond 2^53-1");
    }
    int64_t other = allocate(k, COUNTER, 10);
    kit_batch *b = batch_new(&k->memory);
    for (int64_t i = 0; i < 10; i++)
        insert_counter(b, other + i, 0, 0, NULL);
    apply_ok(k, b);
}

static void ids_of_deleted_rows_stay_given(kit *k)
{
    int64_t id = allocate(k, COUNTER, 1);
    kit_batch *b = batch_new(&k->memory);
    insert_counter(b, id, 0, 0, NULL);
    apply_ok(k, b);
    b = batch_new(&k->memory);
    delete_one(b, COUNTER, id, 1);
    apply_ok(k, b);
    expect(k, allocate(k, COUNTER, 1) > id, "a deleted row's id is given again");
}

/* ------------------------------------------------------------------------------------------------ what outlives close */

static void reopen(kit *k, const shop_schema *schema)
{
    close_place(k, k->self);
    k->self = open_place(k, schema, 0, SHOP_STORAGE_OK);
}

static void rows_outlive_close(kit *k)
{
    seed_items(k, 5);
    kit_batch *b = batch_new(&k->memory);
    update_one(b, ITEM, 3, 1);
    set_value(b, ITEM_DATA, SHOP_SET_TO, value_blob("\0\xff", 2));
    set_text(b, ITEM_WORDS, "lasting words");
    delete_one(b, ITEM, 4, 1);
    apply_ok(k, b);
    b = batch_new(&k->memory);
    delete_one(b, ITEM, 5, 1);
    check_one(b, ITEM, 5, 1);
    apply_failing(k, b, SHOP_STORAGE_GUARD, 1, NULL);
    reopen(k, kit_schema());
    if (!k->self)
        return;
    kit_read *r = read_of(&k->memory, ITEM);
    shop_rows rows = read_rows(k, r);
    expect_ids(k, &rows, true, "1 2 3 5");
    const shop_value *row = read_row(k, ITEM, 3);
    if (row)
        expect_value(k, &row[ITEM_DATA], value_blob("\0\xff", 2), "a blob after reopening");
    b = batch_new(&k->memory);
    insert_item(b, 9, "sku-05");
    apply_failing(k, b, SHOP_STORAGE_UNIQUE, 0, NULL);
    b = batch_new(&k->memory);
    delete_one(b, MAKER, 1, 1);
    apply_expecting(k, b, SHOP_STORAGE_REFERENCE, NULL);
    if (!(k->vt->capabilities & SHOP_CAN_MATCH))
        return;
    r = read_of(&k->memory, ITEM);
    where_text(&r->where, ITEM_WORDS, SHOP_PRED_MATCH, "last wor");
    rows = read_rows(k, r);
    expect_ids(k, &rows, true, "3");
}

static void ids_outlive_close(kit *k)
{
    int64_t next = 0;
    for (int i = 0; i < 4 && k->self; i++) {
        int64_t first = allocate(k, ITEM, 10);
        expect(k, first >= next, "id %lld is given again after reopening", (long long)first);
        next = first + 10;
        reopen(k, kit_schema());
    }
}

/* ------------------------------------------------------------------------------------------------ upgrades */

static void expect_old_counter(kit *k, int64_t id)
{
    const shop_value *row = read_row(k, COUNTER, id);
    if (!expect(k, row != NULL, "an old row is gone"))
        return;
    expect_value(k, &row[COUNTER_VALUE], value_int(id * 10), "an old column");
    expect_value(k, &row[COUNTER_MEMO], value_null(), "a new column that may be NULL");
    expect_value(k, &row[COUNTER_MOOD], value_text("it's calm"), "a new column with a default text");
    expect_value(k, &row[COUNTER_SCORE], value_int(-7), "a new column with a default number");
    expect_value(k, &row[COUNTER_PLAIN], value_text(""), "a new text column without a default");
}

static void seed_and_upgrade(kit *k)
{
    kit_batch *b = batch_new(&k->memory);
    for (int64_t i = 1; i <= 3; i++)
        insert_counter(b, i, i * 10, 0, i == 1 ? "one" : NULL);
    apply_ok(k, b);
    reopen(k, kit_schema_2());
}

static void schema_grows(kit *k)
{
    int64_t given = allocate(k, COUNTER, 5);
    seed_and_upgrade(k);
    if (!k->self)
        return;
    for (int64_t i = 1; i <= 3; i++)
        expect_old_counter(k, i);
    expect(k, allocate(k, COUNTER, 1) >= given + 5, "an id is given again after the upgrade");
    int64_t novelty = allocate(k, NOVELTY, 1);
    kit_batch *b = batch_new(&k->memory);
    insert_row(b, NOVELTY, novelty);
    set_int(b, NOVELTY_COUNTER, 2);
    set_text(b, NOVELTY_NAME, "new");
    insert_counter(b, 1000, 1, 1, "thousand");
    set_int(b, COUNTER_SCORE, 3);
    update_one(b, COUNTER, 2, 1);
    where_int(guard(b), COUNTER_SCORE, SHOP_PRED_EQ, -7);
    set_add(b, COUNTER_SCORE, 1);
    apply_ok(k, b);
    b = batch_new(&k->memory);
    insert_row(b, NOVELTY, novelty + 1000);
    set_int(b, NOVELTY_COUNTER, 1);
    set_text(b, NOVELTY_NAME, "new");
    apply_failing(k, b, SHOP_STORAGE_UNIQUE, 0, NULL);
    b = batch_new(&k->memory);
    delete_one(b, COUNTER, 2, 1);
    apply_expecting(k, b, SHOP_STORAGE_REFERENCE, NULL);
    reopen(k, kit_schema_2());
    if (!k->self)
        return;
    expect_old_counter(k, 1);
    kit_read *r = read_of(&k->memory, COUNTER);
    where_int(&r->where, COUNTER_SCORE, SHOP_PRED_GT, -7);
    shop_rows rows = read_rows(k, r);
    expect_ids(k, &rows, true, "2 1000");
}

static void newer_place_is_refused(kit *k)
{
    seed_and_upgrade(k);
    if (!k->self)
        return;
    close_place(k, k->self);
    uint64_t before = fingerprint(k);
    k->self = open_place(k, kit_schema(), 0, SHOP_STORAGE_NEWER);
    if (k->self)
        return;
    expect(k, fingerprint(k) == before, "the refused place was changed");
    k->self = open_place(k, kit_schema_2(), 0, SHOP_STORAGE_OK);
    for (int64_t i = 1; i <= 3 && k->self; i++)
        expect_old_counter(k, i);
}

static void foreign_place_is_refused(kit *k)
{
    if (!k->options->spoil || k->options->spoil(k->options->user, k->url) != 0) {
        skip(k, "no foreign place can be made");
        return;
    }
    uint64_t before = fingerprint(k);
    for (int i = 0; i < 2; i++)
        close_place(k, open_place(k, kit_schema(), 0, SHOP_STORAGE_FOREIGN));
    expect(k, fingerprint(k) == before, "the refused place was changed");
}

static void foreign_urls_are_refused(kit *k)
{
    static const char *const urls[] = {"", ":", "nobody-serves-this:x", "no scheme"};
    for (size_t i = 0; i < LENGTH(urls); i++) {
        shop_fault fault;
        void *self = NULL;
        const shop_storage_host host = {.struct_size = sizeof host};
        int32_t outcome = k->vt->open(urls[i], kit_schema(), &host, &self, &fault);
        expect(k, outcome != SHOP_STORAGE_OK && fault.outcome == outcome && !self, "URL \"%s\": %s", urls[i],
               outcome_name(outcome));
        if (outcome == SHOP_STORAGE_OK)
            close_place(k, self);
    }
}

/* ------------------------------------------------------------------------------------------------ reading only */

static void read_only_changes_nothing(kit *k)
{
    seed_items(k, 2);
    close_place(k, k->self);
    k->self = open_place(k, kit_schema(), SHOP_STORAGE_READ_ONLY, SHOP_STORAGE_OK);
    if (!k->self)
        return;
    expect(k, count_rows(k, ITEM) == 2, "the rows are not there");
    kit_batch *b = batch_new(&k->memory);
    insert_item(b, 3, "three");
    shop_fault fault;
    expect(k, kit_apply(k->vt, k->self, &k->memory, b, &fault) != SHOP_STORAGE_OK, "a row was inserted");
    int64_t first;
    expect(k, k->vt->allocate(k->self, ITEM, 1, &first, &fault) != SHOP_STORAGE_OK, "an id was given");
    reopen(k, kit_schema());
    expect(k, !k->self || count_rows(k, ITEM) == 2, "the rows have changed");
}

static void reserved_ids_are_passed_over(kit *k)
{
    shop_fault fault;
    int64_t highest = -1;
    if (!has_slot(k, offsetof(shop_storage_vtable, reserve))) {
        skip(k, "reserve is not there");
        return;
    }
    expect(k, k->vt->reserve(k->self, ITEM, 0, &highest, &fault) == SHOP_STORAGE_OK && highest == 0,
           "fresh: the highest is %lld", (long long)highest);
    int64_t first = allocate(k, ITEM, 3);
    expect(k, k->vt->reserve(k->self, ITEM, 0, &highest, &fault) == SHOP_STORAGE_OK && highest == first + 2,
           "the highest id given is not told");
    const int64_t above = INT64_C(9007199254740000); /* close to the last */
    expect(k, k->vt->reserve(k->self, ITEM, above, &highest, &fault) == SHOP_STORAGE_OK && highest == above,
           "the highest is %lld", (long long)highest);
    expect(k, k->vt->reserve(k->self, ITEM, 7, &highest, &fault) == SHOP_STORAGE_OK && highest == above, "it went back");
    expect(k, allocate(k, ITEM, 1) == above + 1, "an id below was given");
    expect(k, k->vt->reserve(k->self, ITEM, INT64_C(1) << 53, &highest, &fault) == SHOP_STORAGE_INVALID, "beyond the last id");
    expect(k, k->vt->reserve(k->self, ITEM, -1, &highest, &fault) == SHOP_STORAGE_INVALID, "below the first id");
    expect(k, allocate(k, MAKER, 1) == 1, "another table's ids were passed over");
}

static void reserved_ids_outlive_close(kit *k)
{
    shop_fault fault;
    int64_t highest = 0;
    if (!has_slot(k, offsetof(shop_storage_vtable, reserve))) {
        skip(k, "reserve is not there");
        return;
    }
    expect(k, k->vt->reserve(k->self, ITEM, 5000, &highest, &fault) == SHOP_STORAGE_OK, "%s", fault.detail);
    close_place(k, k->self);
    k->self = open_place(k, kit_schema(), SHOP_STORAGE_READ_ONLY, SHOP_STORAGE_OK);
    if (!k->self)
        return;
    highest = 0;
    expect(k, k->vt->reserve(k->self, ITEM, 0, &highest, &fault) == SHOP_STORAGE_OK && highest == 5000, "the highest is %lld",
           (long long)highest);
    expect(k, k->vt->reserve(k->self, ITEM, 6000, &highest, &fault) != SHOP_STORAGE_OK, "reserved while reading only");
    reopen(k, kit_schema());
    expect(k, !k->self || allocate(k, ITEM, 1) == 5001, "an id below was given");
}

static void read_only_creates_nothing(kit *k)
{
    uint64_t before = fingerprint(k);
    const shop_storage_host host = {.struct_size = sizeof host, .flags = SHOP_STORAGE_READ_ONLY};
    shop_fault fault;
    void *self = NULL;
    int32_t outcome = k->vt->open(k->url, kit_schema(), &host, &self, &fault);
    expect(k, outcome == SHOP_STORAGE_ABSENT && !self, "a place that is not there, opened for reading: %s",
           outcome_name(outcome));
    if (outcome == SHOP_STORAGE_OK)
        close_place(k, self);
    expect(k, fingerprint(k) == before, "a place was created");
}

static void read_only_upgrades_nothing(kit *k)
{
    seed_items(k, 1);
    close_place(k, k->self);
    k->self = NULL;
    uint64_t before = fingerprint(k);
    const shop_storage_host host = {.struct_size = sizeof host, .flags = SHOP_STORAGE_READ_ONLY};
    shop_fault fault;
    void *self = NULL;
    int32_t outcome = k->vt->open(k->url, kit_schema_2(), &host, &self, &fault);
    expect(k, outcome == SHOP_STORAGE_OLDER, "an older place, opened for reading: %s", outcome_name(outcome));
    if (outcome == SHOP_STORAGE_OK)
        close_place(k, self);
    expect(k, fingerprint(k) == before, "the place was changed");
    k->self = open_place(k, kit_schema(), 0, SHOP_STORAGE_OK);
}

/* ------------------------------------------------------------------------------------------------ several instances */

static void instances_share_rows(kit *k)
{
    seed_items(k, 1);
    void *first = k->self;
    void *second = open_place(k, kit_schema(), 0, SHOP_STORAGE_OK);
    if (!second)
        return;
    int64_t next = 0;
    for (int i = 0; i < 6; i++) {
        k->self = i % 2 ? first : second;
        int64_t id = allocate(k, COUNTER, 3);
        expect(k, id >= next, "two instances were given id %lld", (long long)id);
        next = id + 3;
        kit_batch *b = batch_new(&k->memory);
        insert_counter(b, id, i, 0, NULL);
        apply_ok(k, b);
        k->self = i % 2 ? second : first;
        expect(k, read_row(k, COUNTER, id) != NULL, "an instance does not see what another wrote");
    }
    k->self = first;
    kit_batch *b = batch_new(&k->memory);
    insert_item(b, 5, "sku-01");
    apply_failing(k, b, SHOP_STORAGE_UNIQUE, 0, NULL);
    k->self = second;
    apply_failing(k, b, SHOP_STORAGE_UNIQUE, 0, NULL);
    close_place(k, second);
    k->self = first;
    expect(k, count_rows(k, COUNTER) == 6, "rows went with one of two instances");
}

static void places_are_apart(kit *k)
{
    char other[512] = "";
    char own[512];
    memcpy(own, k->url, sizeof own);
    if (!expect(k, k->options->fresh(k->options->user, other, sizeof other) == 0, "no fresh place"))
        return;
    seed_items(k, 2);
    void *mine = k->self;
    memcpy(k->url, other, sizeof k->url);
    k->self = open_place(k, kit_schema(), 0, SHOP_STORAGE_OK);
    if (k->self)
        expect(k, count_rows(k, ITEM) == 0, "one place shows the rows of another");
    close_place(k, k->self);
    if (k->options->remove)
        k->options->remove(k->options->user, other);
    memcpy(k->url, own, sizeof k->url);
    k->self = mine;
}

/* ------------------------------------------------------------------------------------------------ deadlines */

static void a_passed_deadline_stops(kit *k)
{
    seed_items(k, 1);
    k->memory.call.deadline = shop_monotonic_now() - 1;
    shop_fault fault;
    kit_batch *b = batch_new(&k->memory);
    insert_item(b, 2, "two");
    int32_t outcome = kit_apply(k->vt, k->self, &k->memory, b, &fault);
    expect(k, outcome == SHOP_STORAGE_UNAVAILABLE && fault.outcome == outcome, "apply: %s", outcome_name(outcome));
    kit_read *r = read_of(&k->memory, ITEM);
    shop_rows rows;
    outcome = kit_query(k->vt, k->self, &k->memory, &r, 1, &rows, &fault);
    expect(k, outcome == SHOP_STORAGE_UNAVAILABLE && fault.outcome == outcome, "query: %s", outcome_name(outcome));
    k->memory.call.deadline = shop_monotonic_now() + INT64_C(60000000);
    expect(k, count_rows(k, ITEM) == 1, "a late batch has happened");
    apply_ok(k, b);
    k->memory.call.deadline = 0;
    expect(k, count_rows(k, ITEM) == 2, "a batch in time has not happened");
}

/* Gives memory for a few blocks only. */
typedef struct scarce {
    kit_memory *memory;
    int left;
} scarce;

static void *take_scarce(void *arena, size_t size)
{
    scarce *s = arena;
    return s->left-- > 0 ? s->memory->call.alloc(s->memory->call.arena, size) : NULL;
}

static void no_memory_for_results(kit *k)
{
    seed_items(k, 20);
    bool done = false;
    for (int blocks = 0; blocks < 500 && !done; blocks++) {
        scarce s = {.memory = &k->memory, .left = blocks};
        kit_memory poor = k->memory;
        poor.call.alloc = take_scarce;
        poor.call.arena = &s;
        kit_read *r = read_of(&k->memory, ITEM);
        r->read.shape = 1;
        shop_rows rows;
        shop_fault fault;
        int32_t outcome = k->vt->query(k->self, &poor.call, &r->read, 1, &rows, &fault);
        done = outcome == SHOP_STORAGE_OK;
        if (!done)
            expect(k, outcome == SHOP_STORAGE_NO_MEMORY && fault.outcome == outcome, "without memory: %s",
                   outcome_name(outcome));
    }
    expect(k, done, "500 blocks of memory do not suffice for 20 rows");
    expect(k, count_rows(k, ITEM) == 20, "the instance does not recover");
}

/* ------------------------------------------------------------------------------------------------ replicas */

static void expect_stale_rows(kit *k, uint64_t position, uint32_t count)
{
    k->memory.call.flags = SHOP_CALL_MAY_BE_STALE;
    k->memory.call.position = &position;
    expect(k, count_rows(k, ITEM) == count, "a read that may be stale does not show what its position holds");
    k->memory.call.flags = 0;
    k->memory.call.position = NULL;
}

static void positions_hold_what_was_applied(kit *k)
{
    seed_items(k, 1);
    for (uint32_t i = 2; i <= 4; i++) {
        uint64_t position = 0;
        kit_batch *b = batch_new(&k->memory);
        insert_item(b, i, i == 2 ? "two" : i == 3 ? "three" : "four");
        k->memory.call.position = &position;
        apply_ok(k, b);
        k->memory.call.position = NULL;
        expect_stale_rows(k, position, i);
        expect_stale_rows(k, SHOP_POSITION_LATEST, i);
    }
}

/* Whoever was built before the call grew passes nothing behind its deadline. */
static void a_call_of_the_first_size_is_taken(kit *k)
{
    uint64_t nowhere = 7;
    k->memory.call.struct_size = offsetof(shop_storage_call, flags);
    k->memory.call.flags = UINT32_MAX;
    k->memory.call.position = &nowhere;
    seed_items(k, 2);
    expect(k, count_rows(k, ITEM) == 2, "the batch has not happened");
    expect(k, nowhere == 7, "what stands behind the call was written to");
    k->memory.call.struct_size = sizeof k->memory.call;
    k->memory.call.flags = 0;
    k->memory.call.position = NULL;
}

static const kit_requirement requirements[] = {
    {"a fresh place is empty, and answers", a_fresh_place_is_empty, 0, 0},
    {"allocated ids do not overlap, and can be inserted", ids_do_not_overlap, 0, 0},
    {"the id of a deleted row is not given again", ids_of_deleted_rows_stay_given, 0, 0},
    {"rows, keys and references outlive close", rows_outlive_close, SHOP_CAN_PERSIST, 0},
    {"ids are not given again after reopening", ids_outlive_close, SHOP_CAN_PERSIST, 0},
    {"reserved ids are passed over", reserved_ids_are_passed_over, 0, 0},
    {"reserved ids stay so after reopening, and are read when opened for reading only", reserved_ids_outlive_close,
     SHOP_CAN_PERSIST, 0},
    {"a newer schema adds tables, columns and indexes; old rows hold the defaults", schema_grows, SHOP_CAN_PERSIST, 0},
    {"a place of a newer schema is refused and left untouched", newer_place_is_refused, SHOP_CAN_PERSIST, 0},
    {"a foreign place is refused and left untouched", foreign_place_is_refused, 0, KIT_UNOPENED},
    {"a URL of another scheme is refused", foreign_urls_are_refused, 0, 0},
    {"a place opened for reading only is read, and not changed", read_only_changes_nothing, SHOP_CAN_PERSIST, 0},
    {"opening for reading only creates nothing", read_only_creates_nothing, SHOP_CAN_PERSIST, KIT_UNOPENED},
    {"opening for reading only upgrades nothing", read_only_upgrades_nothing, SHOP_CAN_PERSIST, 0},
    {"instances on one place see each other's rows", instances_share_rows, SHOP_CAN_SHARE, 0},
    {"instances on two places do not", places_are_apart, 0, 0},
    {"a call whose deadline passed is UNAVAILABLE, and nothing happens", a_passed_deadline_stops, 0, 0},
    {"a read that may be stale shows what its position holds", positions_hold_what_was_applied, 0, 0},
    {"a call without what was added to it later is taken", a_call_of_the_first_size_is_taken, 0, 0},
    {"a query that gets no memory says NO_MEMORY", no_memory_for_results, 0, 0},
};

const kit_chapter kit_places = {"places", requirements, LENGTH(requirements)};
