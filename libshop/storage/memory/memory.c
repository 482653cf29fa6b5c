/* SPDX-License-Identifier: MIT */
/* The memory backend's vtable: opening places, queries under a read lock, batches under a write lock. */
#include "memory.h"

#include <string.h>

#include "../../core/mem.h"
#include "../eval.h"
#include "batch.h"

#define SCHEME "memory:"

typedef struct instance {
    shop_memory_place *place;
    const shop_schema *schema;
    bool read_only;
} instance;

/* The places that have a name. */
static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;
static shop_memory_place *shared_places;

/* ------------------------------------------------------------------------------------------------ open, close */

static shop_memory_place *find_shared(const char *name)
{
    shop_memory_place *place = shared_places;
    while (place && strcmp(place->name, name) != 0)
        place = place->next;
    return place;
}

static int32_t misfit(const shop_memory_place *place, const shop_schema *schema, shop_fault *fault)
{
    if (place->version > schema->version)
        return shop_fault_set(fault, SHOP_STORAGE_NEWER, 0, "the place is in use with a newer schema");
    return shop_fault_set(fault, SHOP_STORAGE_FOREIGN, 0, "the place is in use with another schema");
}

/* Finds or makes the place; `name` NULL: one of its own. */
static int32_t take_place(const char *name, bool read_only, const shop_schema *schema, shop_memory_place **taken,
                          shop_fault *fault)
{
    shop_memory_place *place = name ? find_shared(name) : NULL;
    if (place && !shop_memory_place_fits(place, schema))
        return misfit(place, schema, fault);
    if (!place && read_only)
        return shop_fault_set(fault, SHOP_STORAGE_ABSENT, 0, "no such place to read from");
    if (!place) {
        place = shop_memory_place_new(schema, name);
        if (!place)
            return shop_fault_set(fault, SHOP_STORAGE_NO_MEMORY, 0, "out of memory");
        if (name) {
            place->next = shared_places;
            shared_places = place;
        }
    }
    place->users++;
    *taken = place;
    return SHOP_STORAGE_OK;
}

static void leave_place(shop_memory_place *place)
{
    if (--place->users > 0)
        return;
    for (shop_memory_place **link = &shared_places; *link; link = &(*link)->next) {
        if (*link == place) {
            *link = place->next;
            break;
        }
    }
    shop_memory_place_free(place);
}

static int32_t memory_open(const char *url, const shop_schema *schema, const shop_storage_host *host, void **self,
                           shop_fault *fault)
{
    if (!url || strncmp(url, SCHEME, strlen(SCHEME)) != 0 || !self)
        return shop_fault_set(fault, SHOP_STORAGE_INVALID, 0, "not a URL of the memory backend");
    if (shop_check_schema(schema, fault) != SHOP_STORAGE_OK)
        return SHOP_STORAGE_INVALID;
    const char *name = url + strlen(SCHEME);
    instance *made = shop_mem_zalloc(1, sizeof *made);
    if (!made)
        return shop_fault_set(fault, SHOP_STORAGE_NO_MEMORY, 0, "out of memory");
    made->schema = schema;
    made->read_only = host && (host->flags & SHOP_STORAGE_READ_ONLY);
    pthread_mutex_lock(&shared_lock);
    int32_t outcome = take_place(*name ? name : NULL, made->read_only, schema, &made->place, fault);
    pthread_mutex_unlock(&shared_lock);
    if (outcome != SHOP_STORAGE_OK) {
        shop_mem_free(made);
        return outcome;
    }
    *self = made;
    return shop_fault_none(fault);
}

static void memory_close(void *self)
{
    instance *me = self;
    if (!me)
        return;
    pthread_mutex_lock(&shared_lock);
    leave_place(me->place);
    pthread_mutex_unlock(&shared_lock);
    shop_mem_free(me);
}

/* ------------------------------------------------------------------------------------------------ query */

typedef struct reading {
    const shop_memory_place *place;
    const shop_schema *schema;
    const shop_storage_call *call;
    const shop_read *reads;
    shop_arena *scratch;
    shop_memory_list lists[SHOP_MAX_READS]; /* the rows that each read so far selected */
} reading;

/* What IN_READ stands for: the column's values in the rows of an earlier read. */
static bool fill_in_read(reading *r, shop_pred *pred)
{
    const shop_memory_list *source = &r->lists[pred->read];
    shop_value *values = shop_arena_alloc(r->scratch, source->count * sizeof *values);
    if (!values)
        return false;
    for (size_t i = 0; i < source->count; i++)
        values[i] = source->rows[i][pred->other];
    pred->op = SHOP_EVAL_IN_SORTED;
    pred->values = values;
    pred->value_count = shop_eval_sort_values(values, (uint32_t)source->count);
    return true;
}

static shop_pred *ready_preds(reading *r, const shop_read *read)
{
    shop_pred *preds = shop_memory_copy_preds(r->scratch, read->preds, read->pred_count);
    for (uint16_t i = 0; preds && i < read->pred_count; i++) {
        if (preds[i].op == SHOP_PRED_IN_READ && !fill_in_read(r, &preds[i]))
            return NULL;
    }
    return preds;
}

static char *copy_bytes(shop_value *value, char *bytes)
{
    if (value->size)
        memcpy(bytes, value->data, value->size);
    bytes[value->size] = '\0';
    value->data = bytes;
    return bytes + value->size + 1;
}

static bool has_bytes(const shop_value *value)
{
    return value->type == SHOP_VALUE_TEXT || value->type == SHOP_VALUE_BLOB;
}

/* Moves the bytes that the values point to into the caller's memory. */
static bool own_bytes(const reading *r, shop_value *values, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += has_bytes(&values[i]) ? (size_t)values[i].size + 1 : 0;
    char *bytes = size ? r->call->alloc(r->call->arena, size) : NULL;
    if (size && !bytes)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (has_bytes(&values[i]))
            bytes = copy_bytes(&values[i], bytes);
    }
    return true;
}

/* Room for the result in the caller's memory; NULL with rows->count 0 when there is nothing to hold. */
static int32_t make_room(const reading *r, size_t count, uint32_t width, shop_value **values, shop_rows *rows)
{
    size_t size;
    *values = NULL;
    if (count > UINT32_MAX || __builtin_mul_overflow(count * width, sizeof **values, &size))
        return SHOP_STORAGE_NO_MEMORY;
    if (size && !(*values = r->call->alloc(r->call->arena, size)))
        return SHOP_STORAGE_NO_MEMORY;
    *rows = (shop_rows){.count = (uint32_t)count, .width = width, .values = *values};
    return SHOP_STORAGE_OK;
}

static int32_t give_rows(const reading *r, const shop_read *read, const shop_memory_list *list, shop_rows *rows)
{
    uint32_t width = r->schema->tables[read->table].column_count;
    shop_value *values;
    int32_t outcome = make_room(r, list->count, width, &values, rows);
    if (outcome != SHOP_STORAGE_OK)
        return outcome;
    for (size_t i = 0; i < list->count; i++) {
        for (uint32_t c = 0; c < width; c++) {
            bool wanted = (read->columns >> c) & 1;
            values[i * width + c] = wanted ? list->rows[i][c] : (shop_value){.type = SHOP_VALUE_NULL};
        }
    }
    return own_bytes(r, values, list->count * width) ? SHOP_STORAGE_OK : SHOP_STORAGE_NO_MEMORY;
}

static int32_t give_aggregates(const reading *r, const shop_read *read, const shop_memory_list *list, shop_rows *rows)
{
    size_t groups = shop_eval_group_count(read, list->rows, list->count);
    uint32_t width = shop_eval_width(read);
    shop_value *values;
    int32_t outcome = make_room(r, groups, width, &values, rows);
    if (outcome != SHOP_STORAGE_OK)
        return outcome;
    if (!shop_eval_aggregate(read, list->rows, list->count, values))
        return SHOP_STORAGE_INVALID;
    return own_bytes(r, values, groups * width) ? SHOP_STORAGE_OK : SHOP_STORAGE_NO_MEMORY;
}

static int32_t run_read(reading *r, uint32_t number, shop_rows *rows)
{
    const shop_read *read = &r->reads[number];
    shop_memory_list *list = &r->lists[number];
    shop_pred *preds = ready_preds(r, read);
    if (!preds)
        return SHOP_STORAGE_NO_MEMORY;
    int32_t outcome = shop_memory_scan(&r->place->tables[read->table], preds, read->pred_count, r->call->deadline, list);
    if (outcome != SHOP_STORAGE_OK)
        return outcome;
    if (read->aggregate_count)
        return give_aggregates(r, read, list, rows);
    list->count = shop_eval_page(read, list->rows, list->count);
    return give_rows(r, read, list, rows);
}

static const char *query_detail(int32_t outcome)
{
    switch (outcome) {
    case SHOP_STORAGE_NO_MEMORY:
        return "out of memory";
    case SHOP_STORAGE_INVALID:
        return "a sum beyond 64 bits";
    default:
        return "the deadline passed";
    }
}

static bool is_late(const shop_storage_call *call)
{
    return call->deadline && shop_monotonic_now() >= call->deadline;
}

static int32_t run_reads(reading *r, uint32_t count, shop_rows *rows, shop_fault *fault)
{
    int32_t outcome = SHOP_STORAGE_OK;
    for (uint32_t i = 0; i < count && outcome == SHOP_STORAGE_OK; i++) {
        outcome = is_late(r->call) ? SHOP_STORAGE_UNAVAILABLE : run_read(r, i, &rows[i]);
        if (outcome != SHOP_STORAGE_OK)
            shop_fault_set(fault, outcome, i, query_detail(outcome));
    }
    for (uint32_t i = 0; i < count; i++)
        shop_mem_free(r->lists[i].rows);
    return outcome;
}

static int32_t memory_query(void *self, const shop_storage_call *call, const shop_read *reads, uint32_t count, shop_rows *rows,
                            shop_fault *fault)
{
    instance *me = self;
    if (shop_check_query(me->schema, call, reads, count, rows, fault) != SHOP_STORAGE_OK)
        return SHOP_STORAGE_INVALID;
    shop_fault_none(fault);
    shop_arena *scratch = shop_arena_new();
    if (!scratch)
        return shop_fault_set(fault, SHOP_STORAGE_NO_MEMORY, 0, "out of memory");
    reading r = {.place = me->place, .schema = me->schema, .call = call, .reads = reads, .scratch = scratch};
    pthread_rwlock_rdlock(&me->place->lock);
    int32_t outcome = run_reads(&r, count, rows, fault);
    pthread_rwlock_unlock(&me->place->lock);
    shop_arena_free(scratch);
    return outcome;
}

/* ------------------------------------------------------------------------------------------------ the rest */

static int32_t memory_apply(void *self, const shop_storage_call *call, const shop_op_list *list, shop_fault *fault)
{
    instance *me = self;
    shop_fault unwanted;
    if (!fault)
        fault = &unwanted;
    if (shop_check_batch(me->schema, call, list, fault) != SHOP_STORAGE_OK)
        return SHOP_STORAGE_INVALID;
    if (me->read_only)
        return shop_fault_set(fault, SHOP_STORAGE_INVALID, 0, "opened for reading only");
    shop_fault_none(fault);
    shop_arena *scratch = shop_arena_new();
    if (!scratch)
        return shop_fault_set(fault, SHOP_STORAGE_NO_MEMORY, 0, "out of memory");
    int32_t outcome;
    pthread_rwlock_wrlock(&me->place->lock);
    if (is_late(call))
        outcome = shop_fault_set(fault, SHOP_STORAGE_UNAVAILABLE, 0, "the deadline passed");
    else
        outcome = shop_memory_apply(me->place, me->schema, scratch, call->deadline, list, fault);
    pthread_rwlock_unlock(&me->place->lock);
    shop_arena_free(scratch);
    return outcome;
}

static int32_t memory_allocate(void *self, uint32_t table, uint32_t count, int64_t *first, shop_fault *fault)
{
    instance *me = self;
    if (table >= me->schema->table_count || count < 1 || count > SHOP_MAX_ALLOCATE || !first || me->read_only)
        return shop_fault_set(fault, SHOP_STORAGE_INVALID, 0, "ids of an unknown table, none, too many, or read-only");
    int64_t *next_id = &me->place->tables[table].next_id;
    pthread_rwlock_wrlock(&me->place->lock);
    bool enough = *next_id <= SHOP_MAX_ID - (int64_t)count + 1;
    if (enough) {
        *first = *next_id;
        *next_id += count;
    }
    pthread_rwlock_unlock(&me->place->lock);
    return enough ? shop_fault_none(fault) : shop_fault_set(fault, SHOP_STORAGE_UNAVAILABLE, 0, "no ids are left");
}

static int32_t memory_reserve(void *self, uint32_t table, int64_t id, int64_t *highest, shop_fault *fault)
{
    instance *me = self;
    if (!shop_check_reserve(me->schema, table, id, highest) || (id && me->read_only))
        return shop_fault_set(fault, SHOP_STORAGE_INVALID, 0, "ids of an unknown table, beyond the last one, or read-only");
    int64_t *next_id = &me->place->tables[table].next_id;
    pthread_rwlock_wrlock(&me->place->lock);
    if (*next_id <= id)
        *next_id = id + 1;
    *highest = *next_id - 1;
    pthread_rwlock_unlock(&me->place->lock);
    return shop_fault_none(fault);
}

static int32_t memory_ping(void *self, shop_fault *fault)
{
    (void)self;
    return shop_fault_none(fault);
}

static const shop_storage_vtable memory_vtable = {
    .struct_size = sizeof(shop_storage_vtable),
    .version = SHOP_STORAGE_VERSION,
    .capabilities = SHOP_CAN_ORDER | SHOP_CAN_MATCH | SHOP_CAN_AGGREGATE | SHOP_CAN_IN_READ | SHOP_CAN_RANK,
    .name = "memory",
    .open = memory_open,
    .close = memory_close,
    .query = memory_query,
    .apply = memory_apply,
    .allocate = memory_allocate,
    .ping = memory_ping,
    .reserve = memory_reserve,
};

const shop_storage_vtable *shop_storage_memory(void)
{
    return &memory_vtable;
}
