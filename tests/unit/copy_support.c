/* SPDX-License-Identifier: MIT */
/* What the tests of copies share. */
#include "copy_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../libshop/core/arena.h"
#include "../../libshop/storage/shape.h"

/* ------------------------------------------------------------------------------------------------ places */

#define MEMORY_MAX 256

/* A place in memory goes with its last user: this one. */
static void *kept[MEMORY_MAX];
static unsigned kept_count;

static void drop_kept(void)
{
    while (kept_count > 0)
        raw_close("memory:", kept[--kept_count]);
}

const char *copy_place_of(const char *backend, const shop_schema *schema)
{
    static char names[MEMORY_MAX][32];
    if (backend && strcmp(backend, "memory:") != 0)
        return test_fresh_place(backend);
    cr_assert_lt(kept_count, MEMORY_MAX);
    if (kept_count == 0)
        (void)atexit(drop_kept);
    char *name = names[kept_count];
    (void)snprintf(name, sizeof names[0], "memory:copy-%u", kept_count);
    kept[kept_count++] = raw_open(name, schema);
    return name;
}

const char *copy_place(const shop_schema *schema)
{
    return copy_place_of(getenv("SHOP_TEST_DATABASE"), schema);
}

/* ------------------------------------------------------------------------------------------------ a backend that fails */

#define SCHEME "frail:"

struct frail frail;
static shop_storage_vtable table;
static uint32_t capabilities = UINT32_MAX;

typedef struct instance {
    const shop_storage_vtable *inner;
    void *self;
} instance;

static int32_t frail_open(const char *url, const shop_schema *schema, const shop_storage_host *host, void **self,
                          shop_fault *fault)
{
    instance *me = calloc(1, sizeof *me);
    cr_assert_not_null(me);
    me->inner = shop_storage_find(url + strlen(SCHEME));
    int32_t outcome = me->inner->open(url + strlen(SCHEME), schema, host, &me->self, fault);
    if (outcome == SHOP_STORAGE_OK)
        *self = me;
    else
        free(me);
    return outcome;
}

static void frail_close(void *self)
{
    instance *me = self;
    me->inner->close(me->self);
    free(me);
}

static bool is_dead(void)
{
    return frail.has_failed && frail.way == FRAIL_DIES;
}

static int32_t refuse(shop_fault *fault, int32_t outcome)
{
    *fault = (shop_fault){.outcome = outcome, .detail = "frail"};
    return outcome;
}

typedef struct measure {
    const shop_storage_call *call;
    size_t size;
} measure;

static void *take(void *arena, size_t size)
{
    measure *m = arena;
    void *taken = m->call->alloc(m->call->arena, size);
    m->size += taken ? size : 0;
    return taken;
}

static bool needs_order(const shop_read *read)
{
    return read->order_count || read->limit != -1;
}

static int32_t frail_query(void *self, const shop_storage_call *call, const shop_read *reads, uint32_t count, shop_rows *rows,
                           shop_fault *fault)
{
    instance *me = self;
    if (is_dead())
        return refuse(fault, SHOP_STORAGE_UNAVAILABLE);
    for (uint32_t i = 0; i < count; i++) {
        if ((needs_order(&reads[i]) && !(table.capabilities & SHOP_CAN_ORDER)) ||
            (reads[i].aggregate_count && !(table.capabilities & SHOP_CAN_AGGREGATE)))
            return refuse(fault, SHOP_STORAGE_INVALID);
    }
    measure m = {.call = call};
    shop_storage_call measured = *call;
    measured.alloc = take;
    measured.arena = &m;
    int32_t outcome = me->inner->query(me->self, &measured, reads, count, rows, fault);
    frail.largest = m.size > frail.largest ? m.size : frail.largest;
    return outcome;
}

static int32_t frail_apply(void *self, const shop_storage_call *call, const shop_op_list *list, shop_fault *fault)
{
    instance *me = self;
    bool fails = ++frail.batches == frail.fail_at && !frail.has_failed;
    frail.has_failed = frail.has_failed || fails;
    if (is_dead() || (fails && frail.way == FRAIL_REFUSES))
        return refuse(fault, SHOP_STORAGE_UNAVAILABLE);
    if (fails && frail.way == FRAIL_LOSES_BEFORE)
        return refuse(fault, SHOP_STORAGE_UNKNOWN);
    int32_t outcome = me->inner->apply(me->self, call, list, fault);
    return fails && outcome == SHOP_STORAGE_OK ? refuse(fault, SHOP_STORAGE_UNKNOWN) : outcome;
}

static int32_t frail_allocate(void *self, uint32_t of, uint32_t count, int64_t *first, shop_fault *fault)
{
    instance *me = self;
    return me->inner->allocate(me->self, of, count, first, fault);
}

static int32_t frail_ping(void *self, shop_fault *fault)
{
    instance *me = self;
    return me->inner->ping(me->self, fault);
}

static int32_t frail_reserve(void *self, uint32_t of, int64_t id, int64_t *highest, shop_fault *fault)
{
    instance *me = self;
    return is_dead() ? refuse(fault, SHOP_STORAGE_UNAVAILABLE) : me->inner->reserve(me->self, of, id, highest, fault);
}

/* What stands behind the end of a table that was built before there was a reserve is not its. */
static int32_t not_a_slot(void *self, uint32_t of, int64_t id, int64_t *highest, shop_fault *fault)
{
    (void)self;
    (void)of;
    (void)id;
    (void)highest;
    return refuse(fault, SHOP_STORAGE_INVALID);
}

void frail_reset(void)
{
    frail = (struct frail){.fail_at = 0};
    capabilities = UINT32_MAX;
}

void frail_limit(uint32_t wanted)
{
    capabilities = wanted;
}

const char *frail_url(const char *place)
{
    static char urls[2][600];
    static unsigned next;
    char *url = urls[next++ % 2];
    table = (shop_storage_vtable){
        .struct_size = sizeof table,
        .version = SHOP_STORAGE_VERSION,
        .capabilities = shop_storage_find(place)->capabilities & capabilities,
        .name = "frail",
        .open = frail_open,
        .close = frail_close,
        .query = frail_query,
        .apply = frail_apply,
        .allocate = frail_allocate,
        .ping = frail_ping,
        .reserve = frail_reserve,
    };
    if (capabilities != UINT32_MAX) {
        table.struct_size = offsetof(shop_storage_vtable, reserve);
        table.reserve = not_a_slot;
    }
    (void)shop_storage_register(&table); /* refused when it is there already */
    (void)snprintf(url, sizeof urls[0], SCHEME "%s", place);
    return url;
}

/* ------------------------------------------------------------------------------------------------ raw places */

void *raw_open(const char *url, const shop_schema *schema)
{
    shop_fault fault = {.outcome = SHOP_STORAGE_OK};
    void *self = NULL;
    cr_assert_eq(shop_storage_find(url)->open(url, schema, NULL, &self, &fault), SHOP_STORAGE_OK, "%s: %s", url, fault.detail);
    return self;
}

void raw_close(const char *url, void *self)
{
    shop_storage_find(url)->close(self);
}

int32_t raw_apply(const char *url, void *self, shop_op *ops, uint32_t count, shop_fault *fault)
{
    shop_arena *arena = shop_arena_new();
    const shop_storage_call call = {.struct_size = sizeof call, .alloc = shop_arena_alloc_for_storage, .arena = arena};
    for (uint32_t i = 0; i < count; i++)
        ops[i].shape = shop_shape_of_op(&ops[i]);
    const shop_op_list list = {.shape = shop_shape_of_list(ops, count), .count = count, .ops = ops};
    int32_t outcome = shop_storage_find(url)->apply(self, &call, &list, fault);
    shop_arena_free(arena);
    return outcome;
}

static void dump_value(FILE *out, const shop_value *value)
{
    switch (value->type) {
    case SHOP_VALUE_NULL:
        fputs(" -", out);
        break;
    case SHOP_VALUE_INT:
        fprintf(out, " %lld", (long long)value->num);
        break;
    default:
        fprintf(out, " %u:%u:", (unsigned)value->type, (unsigned)value->size);
        if (value->size)
            (void)fwrite(value->data, 1, value->size, out);
    }
}

static void dump_table(FILE *out, const char *url, void *self, const shop_schema *schema, uint16_t number)
{
    shop_arena *arena = shop_arena_new();
    const shop_storage_call call = {.struct_size = sizeof call, .alloc = shop_arena_alloc_for_storage, .arena = arena};
    const shop_order_by order = {.column = 0};
    shop_read read = {.table = number,
                      .group_by = SHOP_NO_COLUMN,
                      .order_count = 1,
                      .columns = UINT64_MAX >> (64 - schema->tables[number].column_count),
                      .order = &order,
                      .limit = -1};
    shop_rows rows;
    shop_fault fault = {.outcome = SHOP_STORAGE_OK};
    read.shape = shop_shape_of_read(&read);
    cr_assert_eq(shop_storage_find(url)->query(self, &call, &read, 1, &rows, &fault), SHOP_STORAGE_OK, "%s", fault.detail);
    fprintf(out, "%s\n", schema->tables[number].name);
    for (uint32_t i = 0; i < rows.count; i++) {
        for (uint32_t c = 0; c < rows.width; c++)
            dump_value(out, &rows.values[(size_t)i * rows.width + c]);
        fputc('\n', out);
    }
    shop_arena_free(arena);
}

char *raw_dump(const char *url, const shop_schema *schema, uint16_t record)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    cr_assert_not_null(out);
    void *self = raw_open(url, schema);
    for (uint16_t t = 0; t < schema->table_count; t++) {
        if (t != record)
            dump_table(out, url, self, schema, t);
    }
    raw_close(url, self);
    (void)fclose(out);
    return text;
}
