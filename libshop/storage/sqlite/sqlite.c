/* SPDX-License-Identifier: MIT */
/* The SQLite backend's vtable: opening and closing files, and handing calls to readers and the writer. */
#include "sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "../../core/mem.h"
#include "../check.h"
#include "reader.h"
#include "schema_sqlite.h"
#include "writer.h"

#define SCHEME "sqlite:"
#define OWN_LIMIT INT64_C(5000000) /* microseconds, for calls without a deadline */

typedef struct instance {
    const shop_schema *schema;
    bool read_only;
    shop_sqlite_connection main; /* the writer's; of a reader when opened for reading only */
    shop_sqlite_counts *counts;
    shop_sqlite_readers *readers;
    shop_sqlite_writer *writer;
} instance;

/* ------------------------------------------------------------------------------------------------ open, close */

/* The path behind the scheme, so written that SQLite takes it for nothing but a path. NULL: memory is out. */
static char *path_of(const char *url)
{
    const char *path = url + strlen(SCHEME);
    return sqlite3_mprintf("%s%s", path[0] == '/' ? "" : "./", path);
}

static void sqlite_close(void *self)
{
    instance *me = self;
    if (!me)
        return;
    shop_sqlite_writer_stop(me->writer);
    shop_sqlite_readers_free(me->readers); /* before the writer's connection: the last to close moves the log into the file */
    shop_sqlite_counts_free(me->counts);
    shop_sqlite_disconnect(&me->main);
    shop_mem_free(me);
}

/* Makes an empty file for its owner only; SQLite would let all read it. One that is there already is as good. */
static int32_t make_file(const char *path, shop_fault *fault)
{
    int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file >= 0)
        (void)close(file);
    else if (errno != EEXIST)
        return shop_fault_set(fault, SHOP_STORAGE_UNAVAILABLE, 0,
                              "the file cannot be made: no such directory, or no permission");
    return SHOP_STORAGE_OK;
}

static int32_t connect_reader(instance *me, const char *path, shop_sqlite_place place, shop_fault *fault)
{
    if (place == SHOP_SQLITE_FRESH)
        return shop_fault_set(fault, SHOP_STORAGE_ABSENT, 0, "no shop is there to read from");
    if (place == SHOP_SQLITE_OLDER)
        return shop_fault_set(fault, SHOP_STORAGE_OLDER, 0, "made by an older libshop");
    return shop_sqlite_connect(&me->main, path, SHOP_SQLITE_READS, fault);
}

static int32_t connect_writer(instance *me, const char *path, shop_sqlite_place place, shop_fault *fault)
{
    int32_t outcome = place == SHOP_SQLITE_FRESH ? make_file(path, fault) : SHOP_STORAGE_OK;
    if (outcome == SHOP_STORAGE_OK)
        outcome = shop_sqlite_connect(&me->main, path, SHOP_SQLITE_WRITES, fault);
    if (outcome == SHOP_STORAGE_OK && sqlite3_db_readonly(me->main.db, "main") != 0)
        outcome = shop_fault_set(fault, SHOP_STORAGE_UNAVAILABLE, 0, "the file may not be written to");
    if (outcome == SHOP_STORAGE_OK)
        outcome = shop_sqlite_use_log(&me->main, fault);
    if (outcome == SHOP_STORAGE_OK && place != SHOP_SQLITE_CURRENT)
        outcome = shop_sqlite_settle(&me->main, me->schema, fault);
    return outcome;
}

/* The first read also makes the WAL index, which the counts look into. */
static int32_t start(instance *me, const shop_storage_host *host, shop_fault *fault)
{
    int64_t version;
    int code = shop_sqlite_step_fixed(&me->main, "SELECT count(*) FROM sqlite_schema", &version);
    if (code != SQLITE_OK)
        return shop_sqlite_fail(fault, code, 0);
    const char *path = sqlite3_db_filename(me->main.db, "main"); /* absolute: the program may go to another directory */
    me->counts = shop_sqlite_counts_new(me->schema, me->main.db);
    me->readers = me->counts ? shop_sqlite_readers_new(path, me->schema, me->counts) : NULL;
    if (me->readers && !me->read_only)
        me->writer = shop_sqlite_writer_start(&me->main, me->schema, me->counts, host);
    if (!me->readers || (!me->read_only && !me->writer))
        return shop_fault_set(fault, SHOP_STORAGE_NO_MEMORY, 0, "out of memory or threads");
    return SHOP_STORAGE_OK;
}

static int32_t open_path(instance *me, const char *path, const shop_storage_host *host, shop_fault *fault)
{
    shop_sqlite_place place;
    int32_t outcome = shop_sqlite_look(path, me->schema, &place, fault);
    if (outcome != SHOP_STORAGE_OK)
        return outcome;
    outcome = me->read_only ? connect_reader(me, path, place, fault) : connect_writer(me, path, place, fault);
    return outcome == SHOP_STORAGE_OK ? start(me, host, fault) : outcome;
}

/*
 * One at a time in a process: SQLite shares a file's -shm between all connections of a process, so one that is looked at read-only
 * would make another's, opened at that moment, read-only too.
 */
static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;

static int32_t sqlite_open(const char *url, const shop_schema *schema, const shop_storage_host *host, void **self,
                           shop_fault *fault)
{
    shop_fault unwanted;
    fault = fault ? fault : &unwanted;
    if (!url || strncmp(url, SCHEME, strlen(SCHEME)) != 0 || !url[strlen(SCHEME)] || !self)
        return shop_fault_set(fault, SHOP_STORAGE_INVALID, 0, "not a URL of the SQLite backend: sqlite:PATH");
    if (shop_check_schema(schema, fault) != SHOP_STORAGE_OK)
        return SHOP_STORAGE_INVALID;
    instance *me = shop_mem_zalloc(1, sizeof *me);
    char *path = path_of(url);
    int32_t outcome = shop_fault_set(fault, SHOP_STORAGE_NO_MEMORY, 0, "out of memory");
    if (me && path) {
        me->schema = schema;
        me->read_only = host && (host->flags & SHOP_STORAGE_READ_ONLY);
        pthread_mutex_lock(&opening);
        outcome = open_path(me, path, host, fault);
        pthread_mutex_unlock(&opening);
    }
    if (path && outcome != SHOP_STORAGE_OK)
        shop_fault_place(fault, path);
    sqlite3_free(path);
    if (outcome != SHOP_STORAGE_OK) {
        sqlite_close(me);
        return outcome;
    }
    *self = me;
    return shop_fault_none(fault);
}

/* ------------------------------------------------------------------------------------------------ calls */

static int64_t deadline_of(const shop_storage_call *call)
{
    return call->deadline ? call->deadline : shop_monotonic_now() + OWN_LIMIT;
}

static int32_t sqlite_query(void *self, const shop_storage_call *call, const shop_read *reads, uint32_t count, shop_rows *rows,
                            shop_fault *fault)
{
    instance *me = self;
    shop_fault unwanted;
    fault = fault ? fault : &unwanted;
    if (shop_check_query(me->schema, call, reads, count, rows, fault) != SHOP_STORAGE_OK)
        return SHOP_STORAGE_INVALID;
    shop_fault_none(fault);
    return shop_sqlite_query(me->readers, call, deadline_of(call), reads, count, rows, fault);
}

static int32_t refuse_to_write(shop_fault *fault)
{
    return shop_fault_set(fault, SHOP_STORAGE_INVALID, 0, "opened for reading only");
}

static int32_t sqlite_apply(void *self, const shop_storage_call *call, const shop_op_list *list, shop_fault *fault)
{
    instance *me = self;
    shop_fault unwanted;
    fault = fault ? fault : &unwanted;
    if (shop_check_batch(me->schema, call, list, fault) != SHOP_STORAGE_OK)
        return SHOP_STORAGE_INVALID;
    if (me->read_only)
        return refuse_to_write(fault);
    shop_fault_none(fault);
    return shop_sqlite_apply(me->writer, list, deadline_of(call), fault);
}

static int32_t sqlite_allocate(void *self, uint32_t table, uint32_t count, int64_t *first, shop_fault *fault)
{
    instance *me = self;
    shop_fault unwanted;
    fault = fault ? fault : &unwanted;
    if (table >= me->schema->table_count || count < 1 || count > SHOP_MAX_ALLOCATE || !first)
        return shop_fault_set(fault, SHOP_STORAGE_INVALID, 0, "an unknown table, or no or too many ids");
    if (me->read_only)
        return refuse_to_write(fault);
    shop_fault_none(fault);
    return shop_sqlite_allocate(me->writer, me->schema->tables[table].name, count, shop_monotonic_now() + OWN_LIMIT, first,
                                fault);
}

/* By a connection of its own: it is asked for rarely, and the others are in use. */
static int32_t read_highest(const instance *me, const char *table, int64_t *highest, shop_fault *fault)
{
    shop_sqlite_connection *c = shop_mem_zalloc(1, sizeof *c);
    char *sql = sqlite3_mprintf("SELECT \"next\" - 1 FROM \"" SHOP_SQLITE_SEQUENCE "\" WHERE \"name\" = %Q", table);
    int32_t outcome = shop_fault_set(fault, SHOP_STORAGE_NO_MEMORY, 0, "out of memory");
    if (c && sql)
        outcome = shop_sqlite_connect(c, sqlite3_db_filename(me->main.db, "main"), SHOP_SQLITE_READS, fault);
    if (outcome == SHOP_STORAGE_OK) {
        *highest = 0;
        int code = shop_sqlite_step_fixed(c, sql, highest);
        outcome = code == SQLITE_OK ? shop_fault_none(fault) : shop_sqlite_fail(fault, code, 0);
        shop_sqlite_disconnect(c);
    }
    sqlite3_free(sql);
    shop_mem_free(c);
    return outcome;
}

static int32_t sqlite_reserve(void *self, uint32_t table, int64_t id, int64_t *highest, shop_fault *fault)
{
    instance *me = self;
    shop_fault unwanted;
    fault = fault ? fault : &unwanted;
    if (!shop_check_reserve(me->schema, table, id, highest))
        return shop_fault_set(fault, SHOP_STORAGE_INVALID, 0, "an unknown table, or an id beyond the last one");
    if (me->read_only && id)
        return refuse_to_write(fault);
    const char *name = me->schema->tables[table].name;
    if (id) {
        shop_fault_none(fault);
        int32_t outcome = shop_sqlite_reserve(me->writer, name, id, shop_monotonic_now() + OWN_LIMIT, fault);
        if (outcome != SHOP_STORAGE_OK)
            return outcome;
    }
    return read_highest(me, name, highest, fault);
}

static int32_t sqlite_ping(void *self, shop_fault *fault)
{
    instance *me = self;
    shop_fault unwanted;
    fault = fault ? fault : &unwanted;
    shop_fault_none(fault);
    int64_t deadline = shop_monotonic_now() + OWN_LIMIT;
    int32_t outcome = shop_sqlite_readers_ping(me->readers, deadline, fault);
    if (outcome != SHOP_STORAGE_OK || me->read_only)
        return outcome;
    return shop_sqlite_writer_ping(me->writer, deadline, fault);
}

const shop_storage_vtable *shop_storage_sqlite(void)
{
    static const shop_storage_vtable vtable = {
        .struct_size = sizeof vtable,
        .version = SHOP_STORAGE_VERSION,
        .capabilities = SHOP_CAN_ORDER | SHOP_CAN_MATCH | SHOP_CAN_AGGREGATE | SHOP_CAN_IN_READ | SHOP_CAN_RANK |
                        SHOP_CAN_PERSIST | SHOP_CAN_SHARE,
        .name = "sqlite",
        .open = sqlite_open,
        .close = sqlite_close,
        .query = sqlite_query,
        .apply = sqlite_apply,
        .allocate = sqlite_allocate,
        .ping = sqlite_ping,
        .reserve = sqlite_reserve,
    };
    return &vtable;
}
