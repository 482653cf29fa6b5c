/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the SQLite backend (and of others) share: a small schema in two versions, and batches and reads in a line each. Plain C, so that
 * programs without Criterion can use it too.
 */
#ifndef TESTS_UNIT_SQLITE_SUPPORT_H
#define TESTS_UNIT_SQLITE_SUPPORT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../libshop/core/arena.h"
#include "../../libshop/storage/shape.h"
#include "../../libshop/storage/sqlite/sqlite.h"

#ifndef TINY_STORAGE /* tests of another backend say which before they include this */
#define TINY_STORAGE shop_storage_sqlite()
#endif

/* ------------------------------------------------------------------------------------------------ schema */

enum { THING, OWNER };
enum { THING_ID, THING_NAME, THING_AMOUNT, THING_KIND, THING_WORDS, THING_COLOUR, THING_OWNER };
enum { OWNER_ID, OWNER_NAME };

static const char *const tiny_kinds_old[] = {"new", NULL};
static const char *const tiny_kinds[] = {"new", "used", NULL};

#define TINY_COLUMN(name, type, flags, references, allowed, text)                                                              \
    {                                                                                                                          \
        name, type, flags, references, 0, allowed, 0, text, NULL                                                               \
    }
#define TINY_FIRST_COLUMNS(kinds)                                                                                              \
    TINY_COLUMN("id", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, NULL, NULL),                                                          \
        TINY_COLUMN("name", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, NULL, NULL),                                                   \
        TINY_COLUMN("amount", SHOP_COLUMN_INT, SHOP_COLUMN_NON_NEGATIVE, SHOP_NO_TABLE, NULL, NULL),                           \
        TINY_COLUMN("kind", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, kinds, "new"),                                                 \
        TINY_COLUMN("words", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, NULL, NULL)

static const shop_column tiny_thing_old[] = {TINY_FIRST_COLUMNS(tiny_kinds_old)};
static const shop_column tiny_thing[] = {
    TINY_FIRST_COLUMNS(tiny_kinds),
    TINY_COLUMN("colour", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, NULL, "red"),
    TINY_COLUMN("owner", SHOP_COLUMN_INT, SHOP_COLUMN_NULLABLE, OWNER, NULL, NULL),
};
static const shop_column tiny_owner[] = {
    TINY_COLUMN("id", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, NULL, NULL),
    TINY_COLUMN("name", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, NULL, NULL),
};
static const shop_index tiny_thing_indexes[] = {
    {"thing_name", SHOP_INDEX_UNIQUE, 1, {THING_NAME}},
    {"thing_words", SHOP_INDEX_WORDS, 1, {THING_WORDS}}, /* these two came with version 2 */
    {"thing_owner", 0, 1, {THING_OWNER}},
};
static const shop_table tiny_tables_old[] = {{"thing", tiny_thing_old, 5, tiny_thing_indexes, 1, NULL}};
static const shop_table tiny_tables[] = {
    {"thing", tiny_thing, 7, tiny_thing_indexes, 3, NULL},
    {"owner", tiny_owner, 2, NULL, 0, NULL},
};
static const shop_schema tiny_schema_old = {1, 1, tiny_tables_old};
static const shop_schema tiny_schema = {2, 2, tiny_tables};

/* ------------------------------------------------------------------------------------------------ places */

typedef struct tiny_place {
    char folder[64];
    char path[96];
    char url[112];
} tiny_place;

/* A folder of its own in the system's place for such. */
static inline void tiny_place_make(tiny_place *p)
{
    (void)snprintf(p->folder, sizeof p->folder, "/tmp/shop-sqlite-XXXXXX");
    if (!mkdtemp(p->folder))
        abort();
    (void)snprintf(p->path, sizeof p->path, "%s/shop.db", p->folder);
    (void)snprintf(p->url, sizeof p->url, "sqlite:%s", p->path);
}

static inline void tiny_place_remove(const tiny_place *p)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s%s", p->path, endings[i]);
        (void)unlink(path);
    }
    (void)rmdir(p->folder);
}

/* The instance, or NULL with the fault set. */
static inline void *tiny_open_as(const char *url, const shop_schema *schema, const shop_storage_host *host, shop_fault *fault)
{
    void *self = NULL;
    (void)TINY_STORAGE->open(url, schema, host, &self, fault);
    return self;
}

static inline void *tiny_open(const tiny_place *p)
{
    shop_fault fault;
    void *self = tiny_open_as(p->url, &tiny_schema, NULL, &fault);
    if (!self)
        fprintf(stderr, "open: %s\n", fault.detail);
    return self;
}

static inline void tiny_close(void *self)
{
    TINY_STORAGE->close(self);
}

/* ------------------------------------------------------------------------------------------------ batches */

#define TINY_OPS 8
#define TINY_PARTS 6

typedef struct tiny_batch {
    uint32_t count;
    shop_op ops[TINY_OPS];
    shop_set sets[TINY_OPS][TINY_PARTS];
    shop_pred preds[TINY_OPS][TINY_PARTS];
    shop_value values[TINY_OPS][TINY_PARTS];
} tiny_batch;

static inline void tiny_op(tiny_batch *b, uint16_t kind, uint16_t table, int64_t expect)
{
    uint32_t at = b->count++;
    b->ops[at] = (shop_op){.kind = kind, .table = table, .expect = expect, .sets = b->sets[at], .preds = b->preds[at]};
}

static inline void tiny_set(tiny_batch *b, uint16_t column, uint16_t how, shop_value value)
{
    shop_op *op = &b->ops[b->count - 1];
    b->sets[b->count - 1][op->set_count++] = (shop_set){.column = column, .how = how, .value = value};
}

static inline shop_value tiny_int(int64_t number)
{
    return (shop_value){.type = SHOP_VALUE_INT, .num = number};
}

static inline void tiny_set_int(tiny_batch *b, uint16_t column, int64_t number)
{
    tiny_set(b, column, SHOP_SET_TO, tiny_int(number));
}

static inline void tiny_set_text(tiny_batch *b, uint16_t column, const char *text)
{
    tiny_set(b, column, SHOP_SET_TO, shop_value_text(text));
}

static inline void tiny_guard(tiny_batch *b, uint16_t column, uint16_t op, int64_t number)
{
    uint32_t at = b->count - 1;
    uint16_t p = b->ops[at].pred_count++;
    b->values[at][p] = tiny_int(number);
    b->preds[at][p] =
        (shop_pred){.column = column, .op = op, .other = SHOP_NO_COLUMN, .value_count = 1, .values = &b->values[at][p]};
}

static inline void tiny_insert(tiny_batch *b, uint16_t table, int64_t id, const char *name)
{
    tiny_op(b, SHOP_OP_INSERT, table, 1);
    tiny_set_int(b, 0, id);
    tiny_set_text(b, 1, name);
}

static inline void tiny_on_id(tiny_batch *b, uint16_t kind, uint16_t table, int64_t id)
{
    tiny_op(b, kind, table, 1);
    tiny_guard(b, 0, SHOP_PRED_EQ, id);
}

static inline int32_t tiny_apply_until(void *self, tiny_batch *b, int64_t deadline, shop_fault *fault)
{
    shop_arena *arena = shop_arena_new();
    const shop_storage_call call = {
        .struct_size = sizeof call, .alloc = shop_arena_alloc_for_storage, .arena = arena, .deadline = deadline};
    for (uint32_t i = 0; i < b->count; i++)
        b->ops[i].shape = shop_shape_of_op(&b->ops[i]);
    const shop_op_list list = {.shape = shop_shape_of_list(b->ops, b->count), .count = b->count, .ops = b->ops};
    int32_t outcome = TINY_STORAGE->apply(self, &call, &list, fault);
    shop_arena_free(arena);
    return outcome;
}

static inline int32_t tiny_apply(void *self, tiny_batch *b, shop_fault *fault)
{
    return tiny_apply_until(self, b, 0, fault);
}

/* One row of THING. */
static inline int32_t tiny_add(void *self, int64_t id, int64_t amount, const char *words)
{
    char name[32];
    shop_fault fault;
    tiny_batch b = {.count = 0};
    (void)snprintf(name, sizeof name, "thing %lld", (long long)id);
    tiny_insert(&b, THING, id, name);
    tiny_set_int(&b, THING_AMOUNT, amount);
    tiny_set_text(&b, THING_WORDS, words);
    return tiny_apply(self, &b, &fault);
}

/* ------------------------------------------------------------------------------------------------ reads */

/* Runs reads in one snapshot; the rows live in the arena. */
static inline int32_t tiny_query(void *self, shop_arena *arena, shop_read *reads, uint32_t count, shop_rows *rows)
{
    shop_fault fault;
    const shop_storage_call call = {.struct_size = sizeof call, .alloc = shop_arena_alloc_for_storage, .arena = arena};
    for (uint32_t i = 0; i < count; i++)
        reads[i].shape = shop_shape_of_read(&reads[i]);
    return TINY_STORAGE->query(self, &call, reads, count, rows, &fault);
}

static inline shop_read tiny_read(uint16_t table, const shop_pred *preds, uint16_t count)
{
    return (shop_read){.table = table,
                       .group_by = SHOP_NO_COLUMN,
                       .pred_count = count,
                       .columns = UINT64_MAX >> (64 - tiny_tables[table].column_count),
                       .preds = preds,
                       .limit = -1};
}

static const shop_aggregate tiny_counting = {.fn = SHOP_AGGREGATE_COUNT};

static inline shop_read tiny_counted(uint16_t table, const shop_pred *preds, uint16_t count)
{
    shop_read read = tiny_read(table, preds, count);
    read.columns = 0;
    read.aggregate_count = 1;
    read.aggregates = &tiny_counting;
    return read;
}

/* How many rows of the table pass; -1: it cannot be read. */
static inline int64_t tiny_count(void *self, uint16_t table, const shop_pred *preds, uint16_t count)
{
    shop_arena *arena = shop_arena_new();
    shop_read read = tiny_counted(table, preds, count);
    shop_rows rows;
    int64_t number = tiny_query(self, arena, &read, 1, &rows) == SHOP_STORAGE_OK ? rows.values[0].num : -1;
    shop_arena_free(arena);
    return number;
}

/* A number of the row with the id; INT64_MIN: there is no such row. */
static inline int64_t tiny_number(void *self, uint16_t table, int64_t id, uint16_t column)
{
    shop_arena *arena = shop_arena_new();
    const shop_value value = tiny_int(id);
    const shop_pred pred = {.column = 0, .op = SHOP_PRED_EQ, .other = SHOP_NO_COLUMN, .value_count = 1, .values = &value};
    shop_read read = tiny_read(table, &pred, 1);
    shop_rows rows;
    int found = tiny_query(self, arena, &read, 1, &rows) == SHOP_STORAGE_OK && rows.count == 1;
    int64_t number = found ? rows.values[column].num : INT64_MIN;
    shop_arena_free(arena);
    return number;
}

#endif
