/* SPDX-License-Identifier: MIT */
/* SQLite connections and their prepared statements. */
#include "connection.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "../check.h"
#include "values.h"
#include "words.h"

#define OPEN_LIMIT INT64_C(10000000) /* microseconds to wait for others that open or close the same file */
#define STEPS_BETWEEN_LOOKS 4000 /* virtual machine instructions between two looks at the clock */

/*
 * secure_delete is FAST (Debian's default is ON): what was deleted is zeroed where that costs no further page to write.
 * The page cache is small, because memory at rest counts and the system's cache is right behind it.
 */
static const char settings_of_reader[] = "PRAGMA temp_store = MEMORY;"
                                         "PRAGMA query_only = ON;"
                                         "PRAGMA cache_size = -512;";
static const char settings_of_writer[] = "PRAGMA temp_store = MEMORY;"
                                         "PRAGMA synchronous = FULL;"
                                         "PRAGMA foreign_keys = ON;"
                                         "PRAGMA secure_delete = FAST;"
                                         "PRAGMA cache_size = -4096;"
                                         "PRAGMA wal_autocheckpoint = 0;"
                                         "PRAGMA journal_size_limit = 33554432;";

int32_t shop_sqlite_outcome(int code)
{
    switch (code & 0xff) {
    case SQLITE_NOMEM:
        return SHOP_STORAGE_NO_MEMORY;
    case SQLITE_CONSTRAINT:
        return (code == SQLITE_CONSTRAINT_FOREIGNKEY) ? SHOP_STORAGE_REFERENCE : SHOP_STORAGE_CONSTRAINT;
    case SQLITE_TOOBIG:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
        return SHOP_STORAGE_INVALID;
    default:
        return SHOP_STORAGE_UNAVAILABLE;
    }
}

int32_t shop_sqlite_fail(shop_fault *fault, int code, uint32_t op)
{
    char detail[120];
    (void)snprintf(detail, sizeof detail, "SQLite: %s (%d)", sqlite3_errstr(code), code);
    return shop_fault_set(fault, shop_sqlite_outcome(code), op, detail);
}

/* ------------------------------------------------------------------------------------------------ opening */

static bool is_late(const shop_sqlite_connection *c)
{
    return c->deadline && shop_monotonic_now() >= c->deadline;
}

static int stop_when_late(void *connection)
{
    return is_late(connection);
}

/* Locks that readers meet (recovery, the last close of another process) last for moments. */
static int wait_until_late(void *connection, int count)
{
    (void)count;
    if (is_late(connection))
        return 0;
    (void)poll(NULL, 0, 1);
    return 1;
}

static int configure(shop_sqlite_connection *c, shop_sqlite_role role)
{
    int code = sqlite3_busy_handler(c->db, wait_until_late, c);
    if (code == SQLITE_OK)
        code = shop_sqlite_run(c, role == SHOP_SQLITE_WRITES ? settings_of_writer : settings_of_reader);
    if (code == SQLITE_OK)
        code = shop_sqlite_words_install(c->db);
    if (code == SQLITE_OK)
        code = shop_sqlite_values_install(c->db);
    if (role == SHOP_SQLITE_READS)
        sqlite3_progress_handler(c->db, STEPS_BETWEEN_LOOKS, stop_when_late, c);
    return code;
}

int32_t shop_sqlite_connect(shop_sqlite_connection *c, const char *path, shop_sqlite_role role, shop_fault *fault)
{
    memset(c, 0, sizeof *c);
    c->deadline = shop_monotonic_now() + OPEN_LIMIT;
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    flags |= role == SHOP_SQLITE_WRITES ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    int code = sqlite3_open_v2(path, &c->db, flags, NULL);
    if (code == SQLITE_OK)
        code = configure(c, role);
    if (code == SQLITE_OK)
        return SHOP_STORAGE_OK;
    shop_sqlite_fail(fault, code, 0);
    shop_sqlite_disconnect(c);
    return fault->outcome;
}

void shop_sqlite_disconnect(shop_sqlite_connection *c)
{
    for (uint32_t set = 0; set < SHOP_SQLITE_SETS; set++) {
        for (uint32_t way = 0; way < SHOP_SQLITE_WAYS; way++)
            (void)sqlite3_finalize(c->statements[set][way].statement);
    }
    (void)sqlite3_close_v2(c->db);
    memset(c, 0, sizeof *c);
}

int shop_sqlite_run(shop_sqlite_connection *c, const char *sql)
{
    return sqlite3_exec(c->db, sql, NULL, NULL, NULL);
}

/* ------------------------------------------------------------------------------------------------ prepared statements */

static shop_sqlite_cached *set_of(shop_sqlite_connection *c, uint64_t key)
{
    return c->statements[(key ^ (key >> 32)) % SHOP_SQLITE_SETS];
}

sqlite3_stmt *shop_sqlite_find(shop_sqlite_connection *c, uint64_t key)
{
    shop_sqlite_cached *set = set_of(c, key);
    for (uint32_t way = 0; way < SHOP_SQLITE_WAYS; way++) {
        if (set[way].key == key && set[way].statement) {
            set[way].used = ++c->clock;
            return set[way].statement;
        }
    }
    return NULL;
}

static void keep(shop_sqlite_connection *c, uint64_t key, sqlite3_stmt *statement)
{
    shop_sqlite_cached *oldest = set_of(c, key);
    for (uint32_t way = 1; way < SHOP_SQLITE_WAYS; way++) {
        shop_sqlite_cached *other = set_of(c, key) + way;
        if (other->used < oldest->used)
            oldest = other;
    }
    (void)sqlite3_finalize(oldest->statement);
    *oldest = (shop_sqlite_cached){.key = key, .used = ++c->clock, .statement = statement};
    c->prepared++;
}

int shop_sqlite_make(shop_sqlite_connection *c, uint64_t key, char *text, sqlite3_stmt **statement)
{
    if (!text)
        return SQLITE_NOMEM;
    int code = sqlite3_prepare_v3(c->db, text, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
    sqlite3_free(text);
    if (code == SQLITE_OK)
        keep(c, key, *statement);
    return code;
}

int shop_sqlite_step_fixed(shop_sqlite_connection *c, const char *text, int64_t *value)
{
    uint64_t key = (uint64_t)(uintptr_t)text; /* fixed texts are told apart by their place */
    sqlite3_stmt *statement = shop_sqlite_find(c, key);
    int code = statement ? SQLITE_OK : shop_sqlite_make(c, key, sqlite3_mprintf("%s", text), &statement);
    if (code != SQLITE_OK)
        return code;
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW && value)
        *value = sqlite3_column_int64(statement, 0);
    int reset = sqlite3_reset(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : reset;
}
