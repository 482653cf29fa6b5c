/* SPDX-License-Identifier: MIT */
/* Looking at, making and upgrading the tables in a database. */
#include "schema_postgres.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../check.h"
#include "connection.h"
#include "outcome.h"
#include "spelling.h"
#include "words.h"

#define OWN_LOCK "1936224112" /* "shop": the first half of the advisory lock's key; the second is the schema's number */
#define CONNECT_LIMIT INT64_C(15000000) /* microseconds */
#define LOCK_TRIES 5
#define LOCK_LIMIT INT64_C(60000000) /* microseconds to wait for another process that makes or upgrades the same place */
#define LOCK_PAUSE_MS 20
#define LOOK_LIMIT INT64_C(5000000) /* microseconds for a statement that only looks */

typedef enum place { PLACE_FRESH, PLACE_OLDER, PLACE_CURRENT } place;

typedef struct settling {
    PGconn *pg;
    const shop_schema *schema;
    shop_fault *fault;
    bool read_only;
    bool making; /* takes as long as it takes */
    shop_pg_sql sql;
} settling;

/* ------------------------------------------------------------------------------------------------ asking */

static int32_t refuse(settling *s, int32_t outcome, const char *detail)
{
    return shop_fault_set(s->fault, outcome, 0, detail);
}

/* What stands in the way while nothing is known to be wrong with the place is trouble, not damage. */
static int32_t fail(settling *s, const PGresult *result)
{
    int32_t outcome = shop_pg_fail(s->fault, result, 0);
    if (outcome != SHOP_STORAGE_NO_MEMORY && outcome != SHOP_STORAGE_CONFLICT)
        outcome = SHOP_STORAGE_UNAVAILABLE;
    s->fault->outcome = outcome;
    return outcome;
}

/* Runs what was written; *result (may be NULL) is to be cleared by the caller. */
static int32_t run_sql(settling *s, PGresult **result)
{
    if (!shop_pg_sql_finish(&s->sql))
        return refuse(s, SHOP_STORAGE_NO_MEMORY, "out of memory");
    const shop_pg_sql *sql = &s->sql;
    int sent =
        PQsendQueryParams(s->pg, sql->text, sql->count, sql->types, sql->values, sql->lengths, sql->formats, 0); /* as text */
    PGresult *got = shop_pg_await(s->pg, sent, s->making ? INT64_MAX : shop_monotonic_now() + LOOK_LIMIT);
    ExecStatusType status = PQresultStatus(got);
    int32_t outcome = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? SHOP_STORAGE_OK : fail(s, got);
    if (result && outcome == SHOP_STORAGE_OK)
        *result = got;
    else
        PQclear(got);
    return outcome;
}

static int32_t run_text(settling *s, const char *text)
{
    shop_pg_sql_start(&s->sql);
    shop_pg_put(&s->sql, text);
    return run_sql(s, NULL);
}

/* ------------------------------------------------------------------------------------------------ looking */

static const char *const own_tables[] = {"shop_meta", "shop_sequence"};

/* The relations of our names in the schema, with their columns: name, kind, column, type; an index: whether it is valid; a table: may we read,
   and change it? */
static int32_t ask_relations(settling *s, PGresult **relations)
{
    shop_pg_sql *sql = &s->sql;
    shop_pg_sql_start(sql);
    shop_pg_put(sql, "SELECT c.relname, c.relkind, a.attname, a.atttypid::bigint, coalesce(i.indisvalid, true),"
                     " c.relkind <> 'r' OR has_table_privilege(c.oid, 'SELECT'),"
                     " c.relkind <> 'r' OR has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')"
                     " AND has_table_privilege(c.oid, 'DELETE')"
                     " FROM pg_catalog.pg_class c"
                     " LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
                     " LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid"
                     " WHERE c.relnamespace = to_regnamespace(quote_ident(current_schema()))::oid AND c.relname IN (");
    for (size_t i = 0; i < sizeof own_tables / sizeof own_tables[0]; i++) {
        shop_pg_put(sql, i ? ", " : "");
        shop_pg_put_literal(sql, own_tables[i]);
    }
    for (uint32_t t = 0; t < s->schema->table_count; t++) {
        const shop_table *table = &s->schema->tables[t];
        shop_pg_put(sql, ", ");
        shop_pg_put_literal(sql, table->name);
        for (uint32_t i = 0; i < table->index_count; i++) {
            shop_pg_put(sql, ", ");
            shop_pg_put_literal(sql, table->indexes[i].name);
        }
    }
    shop_pg_put(sql, ")");
    return run_sql(s, relations);
}

static bool is_text(const PGresult *result, int row, int column, const char *text)
{
    return strcmp(PQgetvalue(result, row, column), text) == 0;
}

/* `column` NULL: any. `type` 0: any. */
static bool has(const PGresult *relations, const char *relation, char kind, const char *column, Oid type)
{
    for (int row = 0; row < PQntuples(relations); row++) {
        if (is_text(relations, row, 0, relation) && PQgetvalue(relations, row, 1)[0] == kind &&
            (!column || is_text(relations, row, 2, column)) &&
            (!type || strtoul(PQgetvalue(relations, row, 3), NULL, 10) == type) && is_text(relations, row, 4, "t"))
            return true;
    }
    return false;
}

static const struct {
    const char *name;
    Oid oid;
} types[] = {
    [SHOP_COLUMN_INT] = {"bigint", SHOP_PG_INT8},
    [SHOP_COLUMN_BOOL] = {"smallint", 21},
    [SHOP_COLUMN_TIME] = {"bigint", SHOP_PG_INT8},
    [SHOP_COLUMN_MONEY] = {"bigint", SHOP_PG_INT8},
    [SHOP_COLUMN_TEXT] = {"text COLLATE \"C\"", SHOP_PG_TEXT},
    [SHOP_COLUMN_BLOB] = {"bytea", SHOP_PG_BYTEA},
};

/* Every column with its type, every unique key: what else there is, an administrator may have added or dropped. */
static const char *find_damage(const shop_schema *schema, const PGresult *relations)
{
    for (uint32_t t = 0; t < schema->table_count; t++) {
        const shop_table *table = &schema->tables[t];
        for (uint32_t c = 0; c < table->column_count; c++) {
            if (!has(relations, table->name, 'r', table->columns[c].name, types[table->columns[c].type].oid))
                return "damaged: a table or column is missing, or of another type";
        }
        for (uint32_t i = 0; i < table->index_count; i++) {
            if ((table->indexes[i].flags & SHOP_INDEX_UNIQUE) && !has(relations, table->indexes[i].name, 'i', NULL, 0))
                return "damaged: a unique key is missing";
        }
    }
    return NULL;
}

/* What would otherwise be found out in the middle of a sale. */
static int32_t judge_rights(settling *s, const PGresult *relations)
{
    for (int row = 0; row < PQntuples(relations); row++) {
        bool reads = is_text(relations, row, 5, "t");
        if (reads && (s->read_only || is_text(relations, row, 6, "t")))
            continue;
        char detail[160];
        (void)snprintf(detail, sizeof detail, "right: the user may not %s table %.64s", reads ? "change" : "read",
                       PQgetvalue(relations, row, 0));
        return refuse(s, SHOP_STORAGE_UNAVAILABLE, detail);
    }
    return SHOP_STORAGE_OK;
}

/* The version that the place tells of itself; 0: none. */
static int32_t ask_version(settling *s, unsigned long *version)
{
    PGresult *result = NULL;
    shop_pg_sql_start(&s->sql);
    shop_pg_put(&s->sql, "SELECT value FROM shop_meta WHERE key = 'schema_version'");
    int32_t outcome = run_sql(s, &result);
    *version = outcome == SHOP_STORAGE_OK && PQntuples(result) == 1 ? strtoul(PQgetvalue(result, 0, 0), NULL, 10) : 0;
    PQclear(result);
    return outcome;
}

static int32_t judge(settling *s, const PGresult *relations, place *found)
{
    *found = PLACE_FRESH;
    if (PQntuples(relations) == 0)
        return SHOP_STORAGE_OK;
    if (!has(relations, "shop_meta", 'r', "key", SHOP_PG_TEXT) || !has(relations, "shop_meta", 'r', "value", SHOP_PG_INT8))
        return refuse(s, SHOP_STORAGE_FOREIGN, "the schema has tables of these names that are not a shop's");
    unsigned long version = 0;
    int32_t outcome = judge_rights(s, relations);
    if (outcome == SHOP_STORAGE_OK)
        outcome = ask_version(s, &version);
    if (outcome != SHOP_STORAGE_OK)
        return outcome;
    if (version > s->schema->version)
        return refuse(s, SHOP_STORAGE_NEWER, "made by a newer libshop");
    if (version < 1)
        return refuse(s, SHOP_STORAGE_FOREIGN, "damaged: a shop without a version");
    *found = version < s->schema->version ? PLACE_OLDER : PLACE_CURRENT;
    const char *damage = *found == PLACE_CURRENT ? find_damage(s->schema, relations) : NULL;
    return damage ? refuse(s, SHOP_STORAGE_FOREIGN, damage) : SHOP_STORAGE_OK;
}

static int32_t look_for_schema(settling *s)
{
    PGresult *result = NULL;
    shop_pg_sql_start(&s->sql);
    shop_pg_put(&s->sql, "SELECT current_schema()");
    int32_t outcome = run_sql(s, &result);
    if (outcome == SHOP_STORAGE_OK && PQgetisnull(result, 0, 0))
        outcome = refuse(s, SHOP_STORAGE_UNAVAILABLE, "schema: none of the search_path is there, or may be used");
    PQclear(result);
    return outcome;
}

static int32_t look(settling *s, place *found)
{
    PGresult *relations = NULL;
    int32_t outcome = look_for_schema(s);
    if (outcome == SHOP_STORAGE_OK)
        outcome = ask_relations(s, &relations);
    if (outcome == SHOP_STORAGE_OK)
        outcome = judge(s, relations, found);
    PQclear(relations);
    return outcome;
}

/* ------------------------------------------------------------------------------------------------ making: tables */

static void put_default(shop_pg_sql *sql, const shop_column *column)
{
    const shop_value value = shop_check_default(column);
    if (value.type == SHOP_VALUE_NULL)
        return;
    shop_pg_put(sql, " DEFAULT ");
    if (value.type == SHOP_VALUE_INT) { /* quoted, so that a minus sign is part of the number */
        shop_pg_put(sql, "'");
        shop_pg_put_int(sql, value.num);
        shop_pg_put(sql, "'");
    } else {
        shop_pg_put_literal(sql, value.data);
    }
}

static void put_column(shop_pg_sql *sql, const shop_column *column)
{
    shop_pg_put_name(sql, column->name);
    shop_pg_put(sql, " ");
    shop_pg_put(sql, types[column->type].name);
    if (!(column->flags & SHOP_COLUMN_NULLABLE))
        shop_pg_put(sql, " NOT NULL");
    put_default(sql, column);
}

static bool has_rule(const shop_column *column)
{
    return column->type == SHOP_COLUMN_BOOL || (column->flags & (SHOP_COLUMN_NON_NEGATIVE | SHOP_COLUMN_POSITIVE)) ||
           column->at_most || column->allowed;
}

/* "name condition", joined to those before it. */
static void put_condition(shop_pg_sql *sql, const char **joint, const shop_column *column, const char *condition)
{
    shop_pg_put(sql, *joint);
    shop_pg_put_name(sql, column->name);
    shop_pg_put(sql, condition);
    *joint = " AND ";
}

/* "CONSTRAINT name CHECK (…)": one a column. Short, because the server reads the text anew for each change of a row. */
static void put_rule(shop_pg_sql *sql, const shop_table *table, const shop_column *column)
{
    const char *joint = "";
    shop_pg_put(sql, "CONSTRAINT \"");
    shop_pg_put(sql, table->name);
    shop_pg_put(sql, "_");
    shop_pg_put(sql, column->name);
    shop_pg_put(sql, "_check\" CHECK (");
    if (column->type == SHOP_COLUMN_BOOL)
        put_condition(sql, &joint, column, " IN (0, 1)");
    if (column->flags & SHOP_COLUMN_NON_NEGATIVE)
        put_condition(sql, &joint, column, " >= 0");
    if (column->flags & SHOP_COLUMN_POSITIVE)
        put_condition(sql, &joint, column, " > 0");
    if (column->at_most) {
        put_condition(sql, &joint, column, " <= ");
        shop_pg_put_name(sql, table->columns[column->at_most].name);
    }
    for (const char *const *word = column->allowed; word && *word; word++) {
        if (word == column->allowed)
            put_condition(sql, &joint, column, " IN (");
        else
            shop_pg_put(sql, ", ");
        shop_pg_put_literal(sql, *word);
    }
    shop_pg_put(sql, column->allowed ? "))" : ")");
}

static int32_t create_table(settling *s, const shop_table *table)
{
    shop_pg_sql *sql = &s->sql;
    shop_pg_sql_start(sql);
    shop_pg_put(sql, "CREATE TABLE ");
    shop_pg_put_name(sql, table->name);
    shop_pg_put(sql, " (\"id\" bigint PRIMARY KEY CHECK (\"id\" BETWEEN 1 AND ");
    shop_pg_put_int(sql, SHOP_MAX_ID);
    shop_pg_put(sql, ")");
    for (uint32_t i = 1; i < table->column_count; i++) {
        shop_pg_put(sql, ", ");
        put_column(sql, &table->columns[i]);
    }
    for (uint32_t i = 1; i < table->column_count; i++) {
        if (!has_rule(&table->columns[i]))
            continue;
        shop_pg_put(sql, ", ");
        put_rule(sql, table, &table->columns[i]);
    }
    shop_pg_put(sql, ") WITH (fillfactor = 90)"); /* room for a changed row beside the old one: no index is touched then */
    return run_sql(s, NULL);
}

static void start_alter(settling *s, const shop_table *table, const char *what)
{
    shop_pg_sql_start(&s->sql);
    shop_pg_put(&s->sql, "ALTER TABLE ");
    shop_pg_put_name(&s->sql, table->name);
    shop_pg_put(&s->sql, what);
}

/* NOT VALID: rows that were there before the column hold its default, which need not be a row. New rows are checked all the same. */
static int32_t add_reference(settling *s, const shop_table *table, const shop_column *column, bool is_new_table)
{
    shop_pg_sql *sql = &s->sql;
    start_alter(s, table, " ADD CONSTRAINT \"");
    shop_pg_put(sql, table->name);
    shop_pg_put(sql, "_");
    shop_pg_put(sql, column->name);
    shop_pg_put(sql, "_fkey\" FOREIGN KEY (");
    shop_pg_put_name(sql, column->name);
    shop_pg_put(sql, ") REFERENCES ");
    shop_pg_put_name(sql, s->schema->tables[column->references].name);
    shop_pg_put(sql, " (\"id\") DEFERRABLE INITIALLY DEFERRED");
    shop_pg_put(sql, is_new_table ? "" : " NOT VALID");
    return run_sql(s, NULL);
}

static int32_t add_column(settling *s, const shop_table *table, const shop_column *column)
{
    start_alter(s, table, " ADD COLUMN ");
    put_column(&s->sql, column);
    return run_sql(s, NULL);
}

/* Rules of old columns may have changed too: another allowed word. */
static int32_t renew_rule(settling *s, const shop_table *table, const shop_column *column)
{
    shop_pg_sql *sql = &s->sql;
    start_alter(s, table, " DROP CONSTRAINT IF EXISTS \"");
    shop_pg_put(sql, table->name);
    shop_pg_put(sql, "_");
    shop_pg_put(sql, column->name);
    shop_pg_put(sql, "_check\", ADD ");
    put_rule(sql, table, column);
    shop_pg_put(sql, " NOT VALID");
    return run_sql(s, NULL);
}

static int32_t settle_column(settling *s, const shop_table *table, const shop_column *column, const PGresult *relations)
{
    if (has(relations, table->name, 'r', column->name, 0))
        return SHOP_STORAGE_OK;
    int32_t outcome = add_column(s, table, column);
    return outcome == SHOP_STORAGE_OK && column->references != SHOP_NO_TABLE ? add_reference(s, table, column, false) : outcome;
}

/* Rules after all columns: one may name another. */
static int32_t settle_columns(settling *s, const shop_table *table, const PGresult *relations)
{
    int32_t outcome = SHOP_STORAGE_OK;
    for (uint32_t i = 1; i < table->column_count && outcome == SHOP_STORAGE_OK; i++)
        outcome = settle_column(s, table, &table->columns[i], relations);
    for (uint32_t i = 1; i < table->column_count && outcome == SHOP_STORAGE_OK; i++) {
        if (has_rule(&table->columns[i]))
            outcome = renew_rule(s, table, &table->columns[i]);
    }
    return outcome;
}

static int32_t start_counter(settling *s, const shop_table *table)
{
    shop_pg_sql_start(&s->sql);
    shop_pg_put(&s->sql, "INSERT INTO shop_sequence (name, next) VALUES (");
    shop_pg_put_literal(&s->sql, table->name);
    shop_pg_put(&s->sql, ", 1) ON CONFLICT DO NOTHING");
    return run_sql(s, NULL);
}

static int32_t settle_references(settling *s, const shop_table *table)
{
    int32_t outcome = SHOP_STORAGE_OK;
    for (uint32_t i = 1; i < table->column_count && outcome == SHOP_STORAGE_OK; i++) {
        if (table->columns[i].references != SHOP_NO_TABLE)
            outcome = add_reference(s, table, &table->columns[i], true);
    }
    return outcome;
}

/* ------------------------------------------------------------------------------------------------ making: indexes */

static void put_index(shop_pg_sql *sql, const shop_table *table, const shop_index *index, bool online)
{
    bool words = index->flags & SHOP_INDEX_WORDS;
    shop_pg_put(sql, index->flags & SHOP_INDEX_UNIQUE ? "CREATE UNIQUE INDEX " : "CREATE INDEX ");
    shop_pg_put(sql, online ? "CONCURRENTLY " : "");
    shop_pg_put_name(sql, index->name);
    shop_pg_put(sql, " ON ");
    shop_pg_put_name(sql, table->name);
    shop_pg_put(sql, words ? " USING gin " : " ");
    for (uint16_t i = 0; i < index->column_count; i++) {
        const shop_column *column = &table->columns[index->columns[i]];
        shop_pg_put(sql, i ? ", " : words ? "(" SHOP_PG_VECTOR "(" : "(");
        shop_pg_put_name(sql, column->name);
        shop_pg_put(sql, !words && (column->flags & SHOP_COLUMN_NULLABLE) ? " NULLS FIRST" : "");
    }
    shop_pg_put(sql, words ? "))" : ")");
}

static int32_t drop_index(settling *s, const shop_index *index)
{
    shop_pg_sql_start(&s->sql);
    shop_pg_put(&s->sql, "DROP INDEX CONCURRENTLY IF EXISTS ");
    shop_pg_put_name(&s->sql, index->name);
    return run_sql(s, NULL);
}

/* What is left of a unique index that could not be made would go on refusing rows, so it is dropped; the fault stays. */
static int32_t refuse_index(settling *s, const shop_index *index, int32_t outcome)
{
    if (!(index->flags & SHOP_INDEX_UNIQUE) || !strstr(s->fault->detail, "(23505)"))
        return outcome;
    char detail[200];
    (void)snprintf(detail, sizeof detail, "schema: rows with equal keys are in the way of the unique index %.100s",
                   index->name);
    (void)drop_index(s, index);
    return refuse(s, SHOP_STORAGE_UNAVAILABLE, detail);
}

/* One that an interrupted run left half-made is made anew. */
static int32_t settle_index(settling *s, const shop_table *table, const shop_index *index, const PGresult *relations,
                            bool online)
{
    if (has(relations, index->name, 'i', NULL, 0))
        return SHOP_STORAGE_OK;
    int32_t outcome = online ? drop_index(s, index) : SHOP_STORAGE_OK;
    if (outcome != SHOP_STORAGE_OK)
        return outcome;
    shop_pg_sql_start(&s->sql);
    put_index(&s->sql, table, index, online);
    outcome = run_sql(s, NULL);
    return outcome == SHOP_STORAGE_OK || !online ? outcome : refuse_index(s, index, outcome);
}

/* Those of new tables within the transaction that makes these; those of tables with rows after it, one by one, while others work. */
static int32_t settle_indexes(settling *s, const PGresult *relations, bool online)
{
    int32_t outcome = SHOP_STORAGE_OK;
    for (uint32_t t = 0; t < s->schema->table_count; t++) {
        const shop_table *table = &s->schema->tables[t];
        if (has(relations, table->name, 'r', NULL, 0) != online)
            continue;
        for (uint32_t i = 0; i < table->index_count && outcome == SHOP_STORAGE_OK; i++)
            outcome = settle_index(s, table, &table->indexes[i], relations, online);
    }
    return outcome;
}

/* ------------------------------------------------------------------------------------------------ making: all */

/* RAISE happens inside the server, so that the rest of the pipeline is not run. */
static const char *const functions[] = {
    " FUNCTION shop_guard(passed bigint) RETURNS bigint LANGUAGE plpgsql AS $$BEGIN"
    " RAISE EXCEPTION 'another number of rows passed than expected' USING ERRCODE = '" SHOP_PG_GUARD
    "', DETAIL = passed::text; END$$",
    " FUNCTION shop_refuse() RETURNS bigint LANGUAGE plpgsql AS $$BEGIN"
    " RAISE EXCEPTION 'a value of the wrong type, or a text that is not UTF-8 or has a NUL' USING ERRCODE = '" SHOP_PG_REFUSED
    "'; END$$",
    " FUNCTION shop_lock(name text) RETURNS void LANGUAGE plpgsql AS $$BEGIN"
    " EXECUTE format('LOCK TABLE %I IN SHARE ROW EXCLUSIVE MODE', name); END$$",
    " FUNCTION " SHOP_PG_VECTOR "(words text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$"
    " SELECT array_to_tsvector(ARRAY(SELECT left(word, 255) FROM unnest(string_to_array(words, ' ')) AS has(word)"
    " WHERE word <> ''))$$",
};
_Static_assert(SHOP_PG_WORD_MAX == 255, "as in " SHOP_PG_VECTOR);

/* In an empty place a function of the same name is somebody else's. */
static int32_t create_functions(settling *s, bool is_fresh)
{
    int32_t outcome = SHOP_STORAGE_OK;
    for (size_t i = 0; i < sizeof functions / sizeof functions[0] && outcome == SHOP_STORAGE_OK; i++) {
        shop_pg_sql_start(&s->sql);
        shop_pg_put(&s->sql, is_fresh ? "CREATE" : "CREATE OR REPLACE");
        shop_pg_put(&s->sql, functions[i]);
        outcome = run_sql(s, NULL);
    }
    if (is_fresh && outcome == SHOP_STORAGE_UNAVAILABLE && strstr(s->fault->detail, "(42723)"))
        outcome = refuse(s, SHOP_STORAGE_FOREIGN, "the schema has functions of these names that are not a shop's");
    return outcome;
}

static int32_t create_own_tables(settling *s)
{
    int32_t outcome = run_text(s, "CREATE TABLE shop_meta (key text COLLATE \"C\" PRIMARY KEY, value bigint NOT NULL)");
    if (outcome == SHOP_STORAGE_OK)
        outcome = run_text(s, "CREATE TABLE shop_sequence (name text COLLATE \"C\" PRIMARY KEY,"
                              " next bigint NOT NULL CHECK (next <= 9007199254740992)) WITH (fillfactor = 50)");
    return outcome;
}

static int32_t set_version(settling *s)
{
    shop_pg_sql_start(&s->sql);
    shop_pg_put(&s->sql, "INSERT INTO shop_meta (key, value) VALUES ('schema_version', ");
    shop_pg_put_int(&s->sql, s->schema->version);
    shop_pg_put(&s->sql, ") ON CONFLICT (key) DO UPDATE SET value = excluded.value");
    return run_sql(s, NULL);
}

/* Tables, then what refers to them. */
static int32_t settle_tables(settling *s, const PGresult *relations)
{
    int32_t outcome = SHOP_STORAGE_OK;
    for (uint32_t t = 0; t < s->schema->table_count && outcome == SHOP_STORAGE_OK; t++) {
        if (!has(relations, s->schema->tables[t].name, 'r', NULL, 0))
            outcome = create_table(s, &s->schema->tables[t]);
        if (outcome == SHOP_STORAGE_OK)
            outcome = start_counter(s, &s->schema->tables[t]);
    }
    for (uint32_t t = 0; t < s->schema->table_count && outcome == SHOP_STORAGE_OK; t++) {
        const shop_table *table = &s->schema->tables[t];
        bool is_there = has(relations, table->name, 'r', NULL, 0);
        outcome = is_there ? settle_columns(s, table, relations) : settle_references(s, table);
    }
    return outcome;
}

/* In one transaction: all of a fresh place, or what an upgrade adds and can be added in a moment. */
static int32_t settle_at_once(settling *s, const PGresult *relations, bool is_fresh)
{
    /* A table that somebody holds for long must not make all others wait behind us. */
    int32_t outcome = run_text(s, "BEGIN");
    if (outcome == SHOP_STORAGE_OK)
        outcome = run_text(s, "SET LOCAL lock_timeout = '2s'");
    if (outcome == SHOP_STORAGE_OK && is_fresh)
        outcome = create_own_tables(s);
    if (outcome == SHOP_STORAGE_OK)
        outcome = create_functions(s, is_fresh);
    if (outcome == SHOP_STORAGE_OK)
        outcome = settle_tables(s, relations);
    if (outcome == SHOP_STORAGE_OK)
        outcome = settle_indexes(s, relations, false);
    if (outcome == SHOP_STORAGE_OK && is_fresh)
        outcome = set_version(s);
    if (outcome == SHOP_STORAGE_OK)
        return run_text(s, "COMMIT");
    PQclear(PQexec(s->pg, "ROLLBACK"));
    return outcome;
}

static int32_t settle_patiently(settling *s, const PGresult *relations, bool is_fresh)
{
    int32_t outcome = SHOP_STORAGE_CONFLICT;
    for (int i = 0; i < LOCK_TRIES && outcome == SHOP_STORAGE_CONFLICT; i++)
        outcome = settle_at_once(s, relations, is_fresh);
    return outcome;
}

/* The version rises last: an upgrade that was interrupted goes on at the next start. */
static int32_t make(settling *s, place found)
{
    PGresult *relations = NULL;
    s->making = true;
    int32_t outcome = ask_relations(s, &relations);
    if (outcome == SHOP_STORAGE_OK)
        outcome = settle_patiently(s, relations, found == PLACE_FRESH);
    if (outcome == SHOP_STORAGE_OK && found == PLACE_OLDER)
        outcome = settle_indexes(s, relations, true);
    if (outcome == SHOP_STORAGE_OK && found == PLACE_OLDER)
        outcome = set_version(s);
    PQclear(relations);
    return outcome;
}

/* ------------------------------------------------------------------------------------------------ making: one at a time */

/* *got: whether it is ours; when it is not, the transaction is over. */
static int32_t try_lock(settling *locker, bool *got)
{
    int sent = PQsendQuery(locker->pg, "BEGIN; SELECT pg_try_advisory_xact_lock(" OWN_LOCK
                                       ", to_regnamespace(quote_ident(current_schema()))::oid::bigint::bit(32)::int)");
    PGresult *result = shop_pg_await(locker->pg, sent, shop_monotonic_now() + LOOK_LIMIT);
    int32_t outcome = PQresultStatus(result) == PGRES_TUPLES_OK ? SHOP_STORAGE_OK : fail(locker, result);
    *got = outcome == SHOP_STORAGE_OK && is_text(result, 0, 0, "t");
    PQclear(result);
    if (outcome == SHOP_STORAGE_OK && !*got)
        PQclear(PQexec(locker->pg, "ROLLBACK"));
    return outcome;
}

/*
 * The lock is a transaction's, not a session's, so that it holds behind a pooler too; and another connection's, because an index cannot
 * be made online within a transaction. Making one waits for all who hold a snapshot: so nobody may wait for the lock inside the server,
 * and the extended protocol (run_sql), which keeps the last statement's snapshot in an idle transaction, will not do.
 */
static int32_t lock(settling *locker)
{
    int64_t until = shop_monotonic_now() + LOCK_LIMIT;
    bool got = false;
    int32_t outcome = try_lock(locker, &got);
    while (outcome == SHOP_STORAGE_OK && !got && shop_monotonic_now() < until) {
        (void)poll(NULL, 0, LOCK_PAUSE_MS);
        outcome = try_lock(locker, &got);
    }
    if (outcome == SHOP_STORAGE_OK && !got)
        outcome = refuse(locker, SHOP_STORAGE_UNAVAILABLE, "timeout: another process has been upgrading the schema for long");
    return outcome;
}

static int32_t make_alone(settling *s, const shop_pg_address *address)
{
    settling locker = {.schema = s->schema, .fault = s->fault};
    int32_t outcome = shop_pg_connect_bare(address, shop_monotonic_now() + CONNECT_LIMIT, &locker.pg, s->fault);
    if (outcome == SHOP_STORAGE_OK)
        outcome = lock(&locker);
    place found = PLACE_FRESH;
    if (outcome == SHOP_STORAGE_OK)
        outcome = look(s, &found); /* again: another may have been faster */
    if (outcome == SHOP_STORAGE_OK && found != PLACE_CURRENT)
        outcome = make(s, found);
    if (outcome == SHOP_STORAGE_OK)
        shop_pg_spelling_make(s->pg, s->schema);
    PQfinish(locker.pg);
    shop_pg_sql_free(&locker.sql);
    return outcome;
}

static int32_t refuse_to_make(settling *s, place found)
{
    if (found == PLACE_FRESH)
        return refuse(s, SHOP_STORAGE_ABSENT, "schema: no shop is there to read from");
    return refuse(s, SHOP_STORAGE_OLDER, "schema: made by an older libshop");
}

/* A shop that is complete goes on without, when it cannot be had. */
static bool settle_spelling(settling *s, const shop_pg_address *address)
{
    shop_pg_spelling state = shop_pg_spelling_look(s->pg, s->schema);
    if (state == SHOP_PG_SPELLING_WANTED && !address->read_only) {
        (void)make_alone(s, address);
        (void)shop_fault_none(s->fault);
        state = shop_pg_spelling_look(s->pg, s->schema);
    }
    return state == SHOP_PG_SPELLING_READY;
}

int32_t shop_pg_settle(const shop_pg_address *address, const shop_schema *schema, bool *spells, shop_fault *fault)
{
    settling s = {.schema = schema, .fault = fault, .read_only = address->read_only};
    place found = PLACE_FRESH;
    int32_t outcome = shop_pg_connect_bare(address, shop_monotonic_now() + CONNECT_LIMIT, &s.pg, fault);
    if (outcome == SHOP_STORAGE_OK)
        outcome = look(&s, &found);
    if (outcome == SHOP_STORAGE_OK && found != PLACE_CURRENT)
        outcome = address->read_only ? refuse_to_make(&s, found) : make_alone(&s, address);
    *spells = outcome == SHOP_STORAGE_OK && settle_spelling(&s, address);
    PQfinish(s.pg);
    shop_pg_sql_free(&s.sql);
    if (outcome == SHOP_STORAGE_CONFLICT) /* it stays so for longer than a caller would try */
        fault->outcome = outcome = SHOP_STORAGE_UNAVAILABLE;
    return outcome;
}
