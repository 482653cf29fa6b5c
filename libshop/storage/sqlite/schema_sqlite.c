/* SPDX-License-Identifier: MIT */
/* Looking at, making and upgrading an SQLite file. */
#include "schema_sqlite.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "../check.h"

#define LOOKS 50 /* a file that is this young is refused after so many looks only: another process may just be making it */
#define YOUNG_SECONDS 2
#define LOOK_AGAIN_MS 20
#define SMALLEST_PAGE 512
#define SETTLE_LIMIT INT64_C(10000000) /* microseconds to wait for another process that makes or upgrades the same file */

/* ------------------------------------------------------------------------------------------------ asking */

/* The one number that the SQL returns. */
static int ask_number(sqlite3 *db, const char *sql, int64_t *number)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
        *number = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
        code = code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
    }
    (void)sqlite3_finalize(statement);
    return code;
}

typedef struct identity {
    int64_t application;
    int64_t version;
    int64_t things; /* tables, indexes, … */
} identity;

static int ask_identity(sqlite3 *db, identity *it)
{
    int code = ask_number(db, "SELECT count(*) FROM sqlite_schema", &it->things);
    if (code == SQLITE_OK)
        code = ask_number(db, "PRAGMA application_id", &it->application);
    if (code == SQLITE_OK)
        code = ask_number(db, "PRAGMA user_version", &it->version);
    return code;
}

/* Can each table be read, with all its columns? Touches the root page of each. */
static int try_tables(sqlite3 *db, const shop_schema *schema)
{
    int code = SQLITE_OK;
    for (uint32_t i = 0; i < schema->table_count && code == SQLITE_OK; i++) {
        const shop_table *table = &schema->tables[i];
        sqlite3_str *sql = sqlite3_str_new(NULL);
        sqlite3_str_appendall(sql, "SELECT count(*) FROM (SELECT ");
        for (uint32_t c = 0; c < table->column_count; c++)
            sqlite3_str_appendf(sql, "%s%Q.\"%w\"", c ? "," : "", table->name, table->columns[c].name);
        sqlite3_str_appendf(sql, " FROM \"%w\" LIMIT 1)", table->name);
        char *text = sqlite3_str_finish(sql);
        int64_t ignored;
        code = text ? ask_number(db, text, &ignored) : SQLITE_NOMEM;
        sqlite3_free(text);
    }
    return code;
}

/* ------------------------------------------------------------------------------------------------ judging */

static int32_t refuse(shop_fault *fault, int32_t outcome, const char *detail)
{
    return shop_fault_set(fault, outcome, 0, detail);
}

static int32_t refuse_code(shop_fault *fault, int code)
{
    switch (code & 0xff) {
    case SQLITE_NOTADB:
        return refuse(fault, SHOP_STORAGE_FOREIGN, "not an SQLite file");
    case SQLITE_CORRUPT:
        return refuse(fault, SHOP_STORAGE_FOREIGN, "damaged: the file's structure is broken");
    case SQLITE_ERROR:
        return refuse(fault, SHOP_STORAGE_FOREIGN, "damaged: a table or column is missing");
    default:
        return shop_sqlite_fail(fault, code, 0);
    }
}

static int32_t judge(const identity *it, const shop_schema *schema, shop_sqlite_place *place, shop_fault *fault)
{
    if (it->application == 0 && it->things == 0 && it->version == 0) {
        *place = SHOP_SQLITE_FRESH;
        return SHOP_STORAGE_OK;
    }
    if (it->application != SHOP_SQLITE_APPLICATION_ID)
        return refuse(fault, SHOP_STORAGE_FOREIGN, "an SQLite file of another program");
    if (it->version > schema->version)
        return refuse(fault, SHOP_STORAGE_NEWER, "made by a newer libshop");
    if (it->version < 1)
        return refuse(fault, SHOP_STORAGE_FOREIGN, "damaged: a shop without a version");
    *place = it->version < schema->version ? SHOP_SQLITE_OLDER : SHOP_SQLITE_CURRENT;
    return SHOP_STORAGE_OK;
}

static int32_t identify(sqlite3 *db, const shop_schema *schema, shop_sqlite_place *place, shop_fault *fault)
{
    identity it;
    int code = ask_identity(db, &it);
    return code == SQLITE_OK ? judge(&it, schema, place, fault) : refuse_code(fault, code);
}

static int32_t examine(sqlite3 *db, const shop_schema *schema, shop_sqlite_place *place, shop_fault *fault)
{
    int32_t outcome = identify(db, schema, place, fault);
    if (outcome != SHOP_STORAGE_OK || *place != SHOP_SQLITE_CURRENT)
        return outcome;
    int code = try_tables(db, schema);
    return code == SQLITE_OK ? SHOP_STORAGE_OK : refuse_code(fault, code);
}

/* A log without its index (somebody copied two files of three) cannot be read without making one: the file itself must tell. */
static int32_t examine_without_log(sqlite3 *db, const shop_schema *schema, shop_sqlite_place *place, shop_fault *fault)
{
    int32_t outcome = identify(db, schema, place, fault);
    if (outcome == SHOP_STORAGE_OK && *place == SHOP_SQLITE_FRESH)
        return refuse(fault, SHOP_STORAGE_FOREIGN, "not known to be a shop: an empty file beside a log");
    return outcome;
}

/* ------------------------------------------------------------------------------------------------ looking */

/* The size of the file beside `path`; -1: there is none. */
static off_t size_beside(const char *path, const char *suffix)
{
    char *name = sqlite3_mprintf("%s%s", path, suffix);
    struct stat status;
    off_t size = name && stat(name, &status) == 0 ? status.st_size : -1;
    sqlite3_free(name);
    return size;
}

/* `path` as a file: URI: what has a meaning in one is written as %XX. */
static char *uri_of(const char *path, const char *parameters)
{
    sqlite3_str *uri = sqlite3_str_new(NULL);
    sqlite3_str_appendall(uri, "file:");
    for (; *path; path++) {
        unsigned char byte = (unsigned char)*path;
        if (byte == '%' || byte == '?' || byte == '#')
            sqlite3_str_appendf(uri, "%%%02X", byte);
        else
            sqlite3_str_appendchar(uri, 1, *path);
    }
    sqlite3_str_appendall(uri, parameters);
    return sqlite3_str_finish(uri);
}

/*
 * Without a log beside it the file is read as immutable: no lock, no -wal, no -shm. With one, its pages must be read through it;
 * a read-only connection that may not make a -shm leaves all as it is.
 */
static int32_t look_once(const char *path, const shop_schema *schema, shop_sqlite_place *place, shop_fault *fault)
{
    int has_log = size_beside(path, "-wal") > 0;
    int has_index = size_beside(path, "-shm") >= 0;
    char *uri = uri_of(path, has_log && has_index ? "?mode=ro&readonly_shm=1" : "?immutable=1");
    if (!uri)
        return refuse(fault, SHOP_STORAGE_NO_MEMORY, "out of memory");
    sqlite3 *db = NULL;
    int code =
        sqlite3_open_v2(uri, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI | SQLITE_OPEN_EXRESCODE, NULL);
    sqlite3_free(uri);
    (void)sqlite3_busy_timeout(db, LOOK_AGAIN_MS);
    int32_t outcome;
    if (code != SQLITE_OK)
        outcome = refuse_code(fault, code);
    else if (has_log && !has_index)
        outcome = examine_without_log(db, schema, place, fault);
    else
        outcome = examine(db, schema, place, fault);
    (void)sqlite3_close(db);
    return outcome;
}

static int is_young(const struct stat *status)
{
    time_t now = time(NULL);
    return status->st_mtime <= now + YOUNG_SECONDS && now - status->st_mtime <= YOUNG_SECONDS;
}

int32_t shop_sqlite_look(const char *path, const shop_schema *schema, shop_sqlite_place *place, shop_fault *fault)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        if (errno != ENOENT)
            return refuse(fault, SHOP_STORAGE_UNAVAILABLE, "the file cannot be reached");
        *place = SHOP_SQLITE_FRESH;
        return SHOP_STORAGE_OK;
    }
    if (!S_ISREG(status.st_mode))
        return refuse(fault, SHOP_STORAGE_FOREIGN, "not a file");
    if (status.st_size == 0) {
        *place = SHOP_SQLITE_FRESH;
        return SHOP_STORAGE_OK;
    }
    if (status.st_size < SMALLEST_PAGE) /* SQLite would take it for empty */
        return refuse(fault, SHOP_STORAGE_FOREIGN, "not an SQLite file");
    int32_t outcome = look_once(path, schema, place, fault);
    int looks = is_young(&status) ? LOOKS : 1;
    for (int i = 1; i < looks && (outcome == SHOP_STORAGE_FOREIGN || outcome == SHOP_STORAGE_UNAVAILABLE); i++) {
        (void)poll(NULL, 0, LOOK_AGAIN_MS);
        outcome = look_once(path, schema, place, fault);
    }
    return outcome;
}

/* ------------------------------------------------------------------------------------------------ making: columns and tables */

static const char *const type_names[] = {
    [SHOP_COLUMN_INT] = "INTEGER",   [SHOP_COLUMN_BOOL] = "INTEGER", [SHOP_COLUMN_TIME] = "INTEGER",
    [SHOP_COLUMN_MONEY] = "INTEGER", [SHOP_COLUMN_TEXT] = "TEXT",    [SHOP_COLUMN_BLOB] = "BLOB",
};

static void write_default(sqlite3_str *sql, const shop_column *column)
{
    const shop_value value = shop_check_default(column);
    if (value.type == SHOP_VALUE_INT)
        sqlite3_str_appendf(sql, " DEFAULT (%lld)", (long long)value.num);
    else if (value.type == SHOP_VALUE_TEXT)
        sqlite3_str_appendf(sql, " DEFAULT %Q", value.data);
    else if (value.type == SHOP_VALUE_BLOB)
        sqlite3_str_appendall(sql, " DEFAULT X''");
}

static void write_checks(sqlite3_str *sql, const shop_table *table, const shop_column *column)
{
    if (column->type == SHOP_COLUMN_BOOL)
        sqlite3_str_appendf(sql, " CHECK (\"%w\" IN (0, 1))", column->name);
    if ((column->flags & SHOP_COLUMN_NON_NEGATIVE) && column->type <= SHOP_COLUMN_MONEY)
        sqlite3_str_appendf(sql, " CHECK (\"%w\" >= 0)", column->name);
    if (column->flags & SHOP_COLUMN_POSITIVE)
        sqlite3_str_appendf(sql, " CHECK (\"%w\" > 0)", column->name);
    if (column->at_most)
        sqlite3_str_appendf(sql, " CHECK (\"%w\" <= \"%w\")", column->name, table->columns[column->at_most].name);
    if (!column->allowed || column->type != SHOP_COLUMN_TEXT)
        return;
    sqlite3_str_appendf(sql, " CHECK (\"%w\" IN (", column->name);
    for (const char *const *word = column->allowed; *word; word++)
        sqlite3_str_appendf(sql, "%s%Q", word == column->allowed ? "" : ", ", *word);
    sqlite3_str_appendall(sql, "))");
}

static void write_column(sqlite3_str *sql, const shop_schema *schema, const shop_table *table, const shop_column *column)
{
    sqlite3_str_appendf(sql, "\"%w\" %s", column->name, type_names[column->type]);
    if (!(column->flags & SHOP_COLUMN_NULLABLE))
        sqlite3_str_appendall(sql, " NOT NULL");
    write_default(sql, column);
    write_checks(sql, table, column);
    if (column->references != SHOP_NO_TABLE)
        sqlite3_str_appendf(sql, " REFERENCES \"%w\" (\"id\") DEFERRABLE INITIALLY DEFERRED",
                            schema->tables[column->references].name);
}

static char *table_text(const shop_schema *schema, const shop_table *table)
{
    sqlite3_str *sql = sqlite3_str_new(NULL);
    sqlite3_str_appendf(sql, "CREATE TABLE \"%w\" (\"id\" INTEGER PRIMARY KEY NOT NULL CHECK (\"id\" BETWEEN 1 AND %lld)",
                        table->name, (long long)SHOP_MAX_ID);
    for (uint32_t i = 1; i < table->column_count; i++) {
        sqlite3_str_appendall(sql, ", ");
        write_column(sql, schema, table, &table->columns[i]);
    }
    sqlite3_str_appendall(sql, ") STRICT");
    return sqlite3_str_finish(sql);
}

/* ------------------------------------------------------------------------------------------------ making: indexes */

/*
 * FTS5 over the table's own text (external content): only word lists are stored, without positions (detail) and sizes. Triggers
 * keep it; an UPDATE of other columns does not touch it. Beginnings of two and three characters have lists of their own.
 */
static char *words_text(const shop_table *table, const shop_index *index)
{
    const char *name = index->name;
    const char *column = table->columns[index->columns[0]].name;
    return sqlite3_mprintf(
        "CREATE VIRTUAL TABLE \"%w\" USING fts5(\"%w\", content=%Q, content_rowid='id', tokenize='shop_words',"
        " detail='none', columnsize=0, prefix='2 3');"
        "CREATE TRIGGER \"%w_insert\" AFTER INSERT ON \"%w\" BEGIN"
        " INSERT INTO \"%w\"(rowid, \"%w\") VALUES (new.\"id\", new.\"%w\"); END;"
        "CREATE TRIGGER \"%w_delete\" AFTER DELETE ON \"%w\" BEGIN"
        " INSERT INTO \"%w\"(\"%w\", rowid, \"%w\") VALUES ('delete', old.\"id\", old.\"%w\"); END;"
        "CREATE TRIGGER \"%w_update\" AFTER UPDATE OF \"%w\" ON \"%w\" WHEN old.\"%w\" IS NOT new.\"%w\" BEGIN"
        " INSERT INTO \"%w\"(\"%w\", rowid, \"%w\") VALUES ('delete', old.\"id\", old.\"%w\");"
        " INSERT INTO \"%w\"(rowid, \"%w\") VALUES (new.\"id\", new.\"%w\"); END;"
        "INSERT INTO \"%w\"(\"%w\") VALUES ('rebuild');",
        name, column, table->name, name, table->name, name, column, column, name, table->name, name, name, column, column, name,
        column, table->name, column, column, name, name, column, column, name, column, column, name, name);
}

static char *index_text(const shop_table *table, const shop_index *index)
{
    if (index->flags & SHOP_INDEX_WORDS)
        return words_text(table, index);
    sqlite3_str *sql = sqlite3_str_new(NULL);
    sqlite3_str_appendf(sql, "CREATE %sINDEX \"%w\" ON \"%w\" ", index->flags & SHOP_INDEX_UNIQUE ? "UNIQUE " : "", index->name,
                        table->name);
    for (uint16_t i = 0; i < index->column_count; i++)
        sqlite3_str_appendf(sql, "%s\"%w\"", i ? "," : "(", table->columns[index->columns[i]].name);
    sqlite3_str_appendchar(sql, 1, ')');
    return sqlite3_str_finish(sql);
}

/* ------------------------------------------------------------------------------------------------ making: what is missing */

/* Runs the text, and frees it. */
static int run_text(shop_sqlite_connection *c, char *text)
{
    int code = text ? shop_sqlite_run(c, text) : SQLITE_NOMEM;
    sqlite3_free(text);
    return code;
}

static int count_of(shop_sqlite_connection *c, char *sql, int64_t *count)
{
    int code = sql ? ask_number(c->db, sql, count) : SQLITE_NOMEM;
    sqlite3_free(sql);
    return code;
}

static int has_thing(shop_sqlite_connection *c, const char *name, int64_t *found)
{
    return count_of(c, sqlite3_mprintf("SELECT count(*) FROM sqlite_schema WHERE name = %Q", name), found);
}

static int add_columns(shop_sqlite_connection *c, const shop_schema *schema, const shop_table *table)
{
    int64_t there = 0;
    int code = count_of(c, sqlite3_mprintf("SELECT count(*) FROM pragma_table_info(%Q)", table->name), &there);
    for (uint32_t i = (uint32_t)there; i < table->column_count && code == SQLITE_OK; i++) {
        sqlite3_str *sql = sqlite3_str_new(NULL);
        sqlite3_str_appendf(sql, "ALTER TABLE \"%w\" ADD COLUMN ", table->name);
        write_column(sql, schema, table, &table->columns[i]);
        code = run_text(c, sqlite3_str_finish(sql));
    }
    return code;
}

/*
 * Rules of old columns may have changed too: another allowed word. The text of the table is all that says so, and SQLite's manual
 * ("ALTER TABLE", 7) gives this way to change it.
 */
static int renew_text(shop_sqlite_connection *c, const shop_schema *schema, const shop_table *table)
{
    char *text = table_text(schema, table);
    if (!text)
        return SQLITE_NOMEM;
    char *sql = sqlite3_mprintf("UPDATE sqlite_schema SET sql = %Q WHERE type = 'table' AND name = %Q", text, table->name);
    sqlite3_free(text);
    return run_text(c, sql);
}

static int settle_table(shop_sqlite_connection *c, const shop_schema *schema, const shop_table *table)
{
    int64_t found = 0;
    int code = has_thing(c, table->name, &found);
    if (code == SQLITE_OK && !found)
        return run_text(c, table_text(schema, table));
    if (code == SQLITE_OK)
        code = add_columns(c, schema, table);
    return code == SQLITE_OK ? renew_text(c, schema, table) : code;
}

/* Last first: SQLite looks at the newest index first, so a row that breaks several keys is told by the first. */
static int settle_indexes(shop_sqlite_connection *c, const shop_table *table)
{
    int code = SQLITE_OK;
    for (uint32_t i = table->index_count; i-- > 0 && code == SQLITE_OK;) {
        int64_t found = 0;
        code = has_thing(c, table->indexes[i].name, &found);
        if (code == SQLITE_OK && !found)
            code = run_text(c, index_text(table, &table->indexes[i]));
    }
    return code;
}

static int settle_all(shop_sqlite_connection *c, const shop_schema *schema)
{
    int code = shop_sqlite_run(c, "CREATE TABLE IF NOT EXISTS \"" SHOP_SQLITE_SEQUENCE "\""
                                  " (\"name\" TEXT PRIMARY KEY NOT NULL, \"next\" INTEGER NOT NULL"
                                  " CHECK (\"next\" <= 9007199254740992)) STRICT, WITHOUT ROWID");
    for (uint32_t i = 0; i < schema->table_count && code == SQLITE_OK; i++)
        code = settle_table(c, schema, &schema->tables[i]);
    for (uint32_t i = 0; i < schema->table_count && code == SQLITE_OK; i++)
        code = settle_indexes(c, &schema->tables[i]);
    int64_t cookie = 0;
    if (code == SQLITE_OK)
        code = ask_number(c->db, "PRAGMA schema_version", &cookie);
    if (code == SQLITE_OK) /* a changed schema_version makes other connections read the tables' texts again */
        code =
            run_text(c, sqlite3_mprintf("PRAGMA schema_version = %lld; PRAGMA application_id = %d; PRAGMA user_version = %u;",
                                        (long long)cookie + 1, SHOP_SQLITE_APPLICATION_ID, schema->version));
    return code;
}

/* ------------------------------------------------------------------------------------------------ making: one at a time */

/* SQLITE_PROTOCOL: SQLite gave up waiting for others that recover the log of one that was killed. */
static int is_busy(int code)
{
    return (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED || (code & 0xff) == SQLITE_PROTOCOL;
}

/* Tries until the others that work on the file are done. */
static int persist(shop_sqlite_connection *c, const char *sql, int64_t until)
{
    int code = shop_sqlite_run(c, sql);
    while (is_busy(code) && shop_monotonic_now() < until) {
        (void)poll(NULL, 0, 2);
        code = shop_sqlite_run(c, sql);
    }
    return code;
}

int32_t shop_sqlite_use_log(shop_sqlite_connection *c, shop_fault *fault)
{
    int64_t logged = 0;
    int code = persist(c, "PRAGMA journal_mode = WAL", shop_monotonic_now() + SETTLE_LIMIT);
    if (code == SQLITE_OK)
        code = ask_number(c->db, "SELECT journal_mode = 'wal' FROM pragma_journal_mode", &logged);
    if (code != SQLITE_OK)
        return shop_sqlite_fail(fault, code, 0);
    return logged ? SHOP_STORAGE_OK
                  : refuse(fault, SHOP_STORAGE_UNAVAILABLE, "the file system cannot share memory, as WAL needs");
}

/* Within the transaction: what was seen before may be out of date. */
static int32_t settle_locked(shop_sqlite_connection *c, const shop_schema *schema, shop_fault *fault)
{
    shop_sqlite_place place;
    int32_t outcome = examine(c->db, schema, &place, fault);
    if (outcome != SHOP_STORAGE_OK || place == SHOP_SQLITE_CURRENT)
        return outcome;
    int code = settle_all(c, schema);
    return code == SQLITE_OK ? SHOP_STORAGE_OK : refuse_code(fault, code);
}

int32_t shop_sqlite_settle(shop_sqlite_connection *c, const shop_schema *schema, shop_fault *fault)
{
    int64_t until = shop_monotonic_now() + SETTLE_LIMIT;
    /* References are off: a new column's default need not be a row. Within a transaction the setting would be ignored. */
    int code = shop_sqlite_run(c, "PRAGMA foreign_keys = OFF; PRAGMA writable_schema = ON;");
    if (code == SQLITE_OK)
        code = persist(c, "BEGIN IMMEDIATE", until);
    if (code != SQLITE_OK)
        return shop_sqlite_fail(fault, code, 0);
    int32_t outcome = settle_locked(c, schema, fault);
    code = shop_sqlite_run(c, outcome == SHOP_STORAGE_OK ? "COMMIT" : "ROLLBACK");
    if (code != SQLITE_OK && outcome == SHOP_STORAGE_OK) {
        outcome = shop_sqlite_fail(fault, code, 0);
        (void)shop_sqlite_run(c, "ROLLBACK");
    }
    code = shop_sqlite_run(c, "PRAGMA writable_schema = RESET; PRAGMA foreign_keys = ON;");
    if (code == SQLITE_OK) /* into the file itself, where the next look finds it; not being able to now does not matter */
        (void)sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return code == SQLITE_OK || outcome != SHOP_STORAGE_OK ? outcome : shop_sqlite_fail(fault, code, 0);
}
