/* SPDX-License-Identifier: MIT */
/* The PostgreSQL backend's vtable: opening and closing, and handing calls to connections. */
#include "postgres.h"

#include <stdatomic.h>

#include "../../core/mem.h"
#include "../check.h"
#include "batch_postgres.h"
#include "reader.h"
#include "replica.h"
#include "schema_postgres.h"

#define OWN_LIMIT INT64_C(5000000) /* microseconds, for calls without a deadline, when nobody said another */
#define CAPABILITIES                                                                                                           \
    (SHOP_CAN_ORDER | SHOP_CAN_MATCH | SHOP_CAN_AGGREGATE | SHOP_CAN_IN_READ | SHOP_CAN_RANK | SHOP_CAN_PERSIST |              \
     SHOP_CAN_SHARE | SHOP_MAY_LOSE_LINK)

typedef struct instance {
    const shop_schema *schema;
    shop_pg_address address;
    shop_pg_pool *pool;
    int64_t limit; /* microseconds, for calls without a deadline */
    shop_pg_replicas *replicas; /* NULL: none */
    atomic_bool spells; /* words that are spelled alike can be asked for */
} instance;

/* ------------------------------------------------------------------------------------------------ open, close */

static void postgres_close(void *self)
{
    instance *me = self;
    if (!me)
        return;
    shop_pg_replicas_free(me->replicas);
    shop_pg_pool_free(me->pool);
    shop_pg_address_free(&me->address);
    shop_mem_free(me);
}

static int32_t open_url(instance *me, const char *url, const shop_storage_host *host, shop_fault *fault)
{
    int32_t outcome = shop_pg_address_read(url, &me->address, fault);
    if (outcome != SHOP_STORAGE_OK)
        return outcome;
    me->address.read_only = host && (host->flags & SHOP_STORAGE_READ_ONLY);
    bool spells = false;
    outcome = shop_pg_settle(&me->address, me->schema, &spells, fault);
    atomic_store(&me->spells, spells);
    if (me->address.open_passfile && host && host->log &&
        (outcome == SHOP_STORAGE_OK || fault->reason == SHOP_REASON_AUTHENTICATION))
        host->log(host->user, SHOP_LOG_WARNING, "the password file is not used: others may read it (chmod 600 would help)");
    if (outcome != SHOP_STORAGE_OK)
        return outcome;
    me->pool = shop_pg_pool_new(&me->address);
    bool made = me->pool != NULL;
    if (made && me->address.replica_count && !me->address.read_only) {
        me->replicas = shop_pg_replicas_new(&me->address, me->pool, host);
        made = me->replicas != NULL;
    }
    return made ? SHOP_STORAGE_OK : shop_fault_set(fault, SHOP_STORAGE_NO_MEMORY, 0, "out of memory");
}

static int32_t postgres_open(const char *url, const shop_schema *schema, const shop_storage_host *host, void **self,
                             shop_fault *fault)
{
    shop_fault unwanted;
    fault = fault ? fault : &unwanted;
    if (!shop_pg_address_is(url) || !self)
        return shop_fault_set(fault, SHOP_STORAGE_INVALID, 0, "not a URL of the PostgreSQL backend: postgresql://…");
    if (shop_check_schema(schema, fault) != SHOP_STORAGE_OK)
        return SHOP_STORAGE_INVALID;
    instance *me = shop_mem_zalloc(1, sizeof *me);
    if (!me)
        return shop_fault_set(fault, SHOP_STORAGE_NO_MEMORY, 0, "out of memory");
    me->schema = schema;
    me->limit = host && host->struct_size >= offsetof(shop_storage_host, limit) + sizeof host->limit && host->limit > 0
                    ? host->limit
                    : OWN_LIMIT;
    int32_t outcome = open_url(me, url, host, fault);
    if (outcome != SHOP_STORAGE_OK) {
        if (me->address.where[0])
            shop_fault_place(fault, me->address.where);
        postgres_close(me);
        return outcome;
    }
    *self = me;
    return shop_fault_none(fault);
}

/* ------------------------------------------------------------------------------------------------ calls */

static int64_t own_deadline(const instance *me)
{
    return shop_monotonic_now() + me->limit;
}

static int64_t deadline_of(const instance *me, const shop_storage_call *call)
{
    return call->deadline ? call->deadline : own_deadline(me);
}

static int32_t run_query(instance *me, const shop_storage_call *call, const shop_pg_query_list *list, shop_fault *fault)
{
    int64_t deadline = deadline_of(me, call);
    if (me->replicas && shop_call_may_be_stale(call) && shop_pg_replicas_query(me->replicas, call, deadline, list, fault))
        return shop_fault_none(fault);
    return shop_pg_query(me->pool, call, deadline, list, NULL, fault);
}

static int32_t postgres_query(void *self, const shop_storage_call *call, const shop_read *reads, uint32_t count,
                              shop_rows *rows, shop_fault *fault)
{
    instance *me = self;
    shop_fault unwanted;
    fault = fault ? fault : &unwanted;
    if (shop_check_query(me->schema, call, reads, count, rows, fault) != SHOP_STORAGE_OK)
        return SHOP_STORAGE_INVALID;
    const shop_pg_query_list list = {.schema = me->schema, .reads = reads, .count = count, .rows = rows};
    return run_query(me, call, &list, fault);
}

/* What the rows of the answer look like to the reader. */
static const shop_column near_columns[] = {{.name = "word", .type = SHOP_COLUMN_TEXT, .references = SHOP_NO_TABLE}};
static const shop_table near_tables[] = {{.name = "near", .columns = near_columns, .column_count = 1}};
static const shop_schema near_schema = {.version = 1, .table_count = 1, .tables = near_tables};

static void tell_no_words(shop_rows *rows, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        rows[i] = (shop_rows){.width = 1};
}

/* What an administrator took away meanwhile is not asked for again. */
static int32_t postgres_nearest(void *self, const shop_storage_call *call, uint32_t table, uint32_t column,
                                const shop_value *words, uint32_t count, shop_rows *rows, shop_fault *fault)
{
    instance *me = self;
    shop_fault unwanted;
    fault = fault ? fault : &unwanted;
    const shop_index *index = shop_check_nearest(me->schema, call, table, column, words, count, rows);
    if (!index)
        return shop_fault_set(fault, SHOP_STORAGE_INVALID, 0, "words that cannot be asked for, or of a column without any");
    tell_no_words(rows, count);
    if (!atomic_load(&me->spells))
        return shop_fault_none(fault);
    shop_read reads[SHOP_MAX_READS];
    for (uint32_t i = 0; i < count; i++)
        reads[i] = (shop_read){.group_by = SHOP_NO_COLUMN, .columns = 1, .limit = -1};
    const shop_pg_query_list list = {
        .schema = &near_schema, .reads = reads, .count = count, .rows = rows, .near = index->name, .words = words};
    int32_t outcome = run_query(me, call, &list, fault);
    if (outcome != SHOP_STORAGE_INVALID)
        return outcome;
    atomic_store(&me->spells, false);
    tell_no_words(rows, count);
    return shop_fault_none(fault);
}

static int32_t refuse_to_write(shop_fault *fault)
{
    return shop_fault_set(fault, SHOP_STORAGE_INVALID, 0, "opened for reading only");
}

static int32_t postgres_apply(void *self, const shop_storage_call *call, const shop_op_list *list, shop_fault *fault)
{
    instance *me = self;
    shop_fault unwanted;
    fault = fault ? fault : &unwanted;
    if (shop_check_batch(me->schema, call, list, fault) != SHOP_STORAGE_OK)
        return SHOP_STORAGE_INVALID;
    if (me->address.read_only)
        return refuse_to_write(fault);
    uint64_t *position = me->replicas ? shop_call_position(call) : NULL;
    return shop_pg_apply(me->pool, me->schema, deadline_of(me, call), list, position, fault);
}

static int32_t postgres_allocate(void *self, uint32_t table, uint32_t count, int64_t *first, shop_fault *fault)
{
    instance *me = self;
    shop_fault unwanted;
    fault = fault ? fault : &unwanted;
    if (table >= me->schema->table_count || count < 1 || count > SHOP_MAX_ALLOCATE || !first)
        return shop_fault_set(fault, SHOP_STORAGE_INVALID, 0, "an unknown table, or no or too many ids");
    if (me->address.read_only)
        return refuse_to_write(fault);
    return shop_pg_allocate(me->pool, me->schema->tables[table].name, count, own_deadline(me), first, fault);
}

static int32_t postgres_reserve(void *self, uint32_t table, int64_t id, int64_t *highest, shop_fault *fault)
{
    instance *me = self;
    shop_fault unwanted;
    fault = fault ? fault : &unwanted;
    if (!shop_check_reserve(me->schema, table, id, highest))
        return shop_fault_set(fault, SHOP_STORAGE_INVALID, 0, "an unknown table, or an id beyond the last one");
    if (me->address.read_only && id)
        return refuse_to_write(fault);
    return shop_pg_reserve(me->pool, me->schema->tables[table].name, id, shop_monotonic_now() + OWN_LIMIT, highest, fault);
}

static int32_t postgres_ping(void *self, shop_fault *fault)
{
    instance *me = self;
    shop_fault unwanted;
    fault = fault ? fault : &unwanted;
    return shop_pg_ping(me->pool, me->address.read_only, own_deadline(me), fault);
}

static void postgres_replicas(void *self, shop_storage_replicas *out)
{
    instance *me = self;
    if (!out || out->struct_size < sizeof *out)
        return;
    *out = (shop_storage_replicas){.struct_size = out->struct_size};
    if (me->replicas)
        shop_pg_replicas_count(me->replicas, out);
}

const shop_storage_vtable *shop_storage_postgresql(void)
{
    static const shop_storage_vtable vtable = {
        .struct_size = sizeof vtable,
        .version = SHOP_STORAGE_VERSION,
        .capabilities = CAPABILITIES,
        .name = "postgresql",
        .open = postgres_open,
        .close = postgres_close,
        .query = postgres_query,
        .apply = postgres_apply,
        .allocate = postgres_allocate,
        .ping = postgres_ping,
        .reserve = postgres_reserve,
        .replicas = postgres_replicas,
        .nearest = postgres_nearest,
    };
    return &vtable;
}
