/* SPDX-License-Identifier: MIT */
/* Words that are spelled alike. */
#include "spelling.h"

#include <stdlib.h>
#include <string.h>

#include "connection.h"

#define LOOK_LIMIT INT64_C(5000000) /* microseconds */
#define EXTENSION_LOCK "pg_advisory_xact_lock(1936224112, 0)" /* one for all shops of a database */

/* What is kept of a text's words: those that somebody may mistype. */
#define WORTH_KEEPING "char_length(word) BETWEEN 3 AND 60 AND word !~ '[0-9]'"

/* ------------------------------------------------------------------------------------------------ asking */

/* A transaction of statements without parameters: wholly or not at all. The last of them is the COMMIT. */
static bool run_at_once(PGconn *pg, const shop_pg_sql *sql)
{
    PGresult *result = sql->failed ? NULL : shop_pg_await(pg, PQsendQuery(pg, sql->text), INT64_MAX);
    bool done = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    if (!done && PQstatus(pg) == CONNECTION_OK)
        PQclear(PQexec(pg, "ROLLBACK"));
    return done;
}

/*
 * Columns: the version it was made for; the extension's schema, quoted, NULL when it is not there; can it be made; the index; may we read
 * the words; the function; may we make things here; where an extension goes, quoted: not into a shop's own schema if there is
 * another, which would take it away from all other shops when it is dropped; ours, quoted.
 */
static const char look[] =
    "WITH own AS (SELECT quote_ident(current_schema()) AS name),"
    " there AS (SELECT (SELECT quote_ident(nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace"
    " WHERE extname = 'pg_trgm') AS extension)"
    " SELECT coalesce((SELECT value FROM shop_meta WHERE key = 'spelling'), 0), extension,"
    " extension IS NULL AND EXISTS (SELECT 1 FROM pg_available_extension_versions WHERE name = 'pg_trgm' AND"
    " (trusted AND has_database_privilege(current_database(), 'CREATE')"
    " OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user))),"
    " to_regclass(name || '.shop_word_near') IS NOT NULL,"
    " coalesce(has_table_privilege(to_regclass(name || '.shop_word'), 'SELECT'), false),"
    " to_regprocedure(name || '.shop_near(text,text)') IS NOT NULL,"
    " has_schema_privilege(current_schema(), 'CREATE')"
    " AND pg_has_role((SELECT relowner FROM pg_class WHERE oid = to_regclass(name || '.shop_meta')), 'USAGE'),"
    " coalesce((SELECT quote_ident(nspname) FROM pg_namespace WHERE nspname = 'public'), name), name FROM own, there";

enum { MADE_FOR, EXTENSION, CAN_EXTEND, HAS_INDEX, CAN_READ, HAS_FUNCTION, CAN_MAKE, EXTENSION_PLACE, OWN };

static bool is_so(const PGresult *found, int column)
{
    return PQgetvalue(found, 0, column)[0] == 't';
}

/* NULL: it could not be asked. */
static PGresult *ask(PGconn *pg)
{
    PGresult *found = shop_pg_await(pg, PQsendQuery(pg, look), shop_monotonic_now() + LOOK_LIMIT);
    if (PQresultStatus(found) == PGRES_TUPLES_OK && PQntuples(found) == 1)
        return found;
    PQclear(found);
    return NULL;
}

static shop_pg_spelling judge(const PGresult *found, const shop_schema *schema)
{
    bool has_extension = !PQgetisnull(found, 0, EXTENSION);
    bool is_there = has_extension && is_so(found, HAS_INDEX) && is_so(found, HAS_FUNCTION);
    bool is_current = is_there && strtoul(PQgetvalue(found, 0, MADE_FOR), NULL, 10) >= schema->version;
    if (!is_current && is_so(found, CAN_MAKE) && (has_extension || is_so(found, CAN_EXTEND)))
        return SHOP_PG_SPELLING_WANTED;
    return is_there && is_so(found, CAN_READ) ? SHOP_PG_SPELLING_READY : SHOP_PG_SPELLING_NONE;
}

shop_pg_spelling shop_pg_spelling_look(PGconn *pg, const shop_schema *schema)
{
    PGresult *found = ask(pg);
    shop_pg_spelling state = found ? judge(found, schema) : SHOP_PG_SPELLING_NONE;
    PQclear(found);
    return state;
}

/* ------------------------------------------------------------------------------------------------ making */

/* Two shops of a database may want it at once, and IF NOT EXISTS alone would fail for one of them. */
static bool make_extension(PGconn *pg, shop_pg_sql *sql, const PGresult *found)
{
    shop_pg_sql_start(sql);
    shop_pg_put(sql, "BEGIN; SELECT " EXTENSION_LOCK "; CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA ");
    shop_pg_put(sql, PQgetvalue(found, 0, EXTENSION_PLACE));
    shop_pg_put(sql, "; COMMIT");
    return run_at_once(pg, sql);
}

static void put_words_table(shop_pg_sql *sql, const PGresult *found)
{
    shop_pg_put(sql,
                "CREATE TABLE IF NOT EXISTS shop_word (source text COLLATE \"C\" NOT NULL, word text COLLATE \"C\" NOT NULL);"
                " CREATE INDEX IF NOT EXISTS shop_word_known ON shop_word (source, word);"
                " CREATE INDEX IF NOT EXISTS shop_word_near ON shop_word USING gin (word ");
    shop_pg_put(sql, PQgetvalue(found, 0, EXTENSION));
    shop_pg_put(sql, ".gin_trgm_ops) WITH (fastupdate = off);"); /* a list of what is pending would be read by each search */
}

/*
 * Functions find things by a search_path of their own: whoever calls may have another, a restore has none. shop_learn has its maker's
 * rights, so that who may change a product need not have any on the words; of a word that two learn at once there may be two rows:
 * that harms nobody, and nobody waits. It looks up word by word (a join would be planned once, while there are few words, and read all
 * of them when there are many: LIMIT keeps it from becoming one). The threshold of pg_trgm is as low as one wrong letter in four
 * makes it.
 */
static void put_functions(shop_pg_sql *sql, const PGresult *found)
{
    const char *own = PQgetvalue(found, 0, OWN);
    shop_pg_put(sql, " CREATE OR REPLACE FUNCTION shop_learn() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER"
                     " SET enable_seqscan = off SET search_path = pg_catalog, ");
    shop_pg_put(sql, own);
    shop_pg_put(
        sql,
        ", pg_temp AS $$BEGIN"
        " INSERT INTO shop_word (source, word) SELECT TG_ARGV[0], word"
        " FROM unnest(string_to_array(to_jsonb(NEW) ->> TG_ARGV[1], ' ')) AS has(word) WHERE " WORTH_KEEPING
        " AND (SELECT 1 FROM shop_word AS known WHERE known.source = TG_ARGV[0] AND known.word = has.word LIMIT 1) IS NULL;"
        " RETURN NULL; END$$;"
        " CREATE OR REPLACE FUNCTION shop_near(place text, sought text) RETURNS SETOF text LANGUAGE plpgsql"
        " SET search_path = pg_catalog, ");
    shop_pg_put(sql, own);
    shop_pg_put(sql, ", ");
    shop_pg_put(sql, PQgetvalue(found, 0, EXTENSION));
    shop_pg_put(sql, ", pg_temp AS $$BEGIN"
                     " PERFORM set_config('pg_trgm.similarity_threshold', '0.1', true);"
                     " RETURN QUERY SELECT word FROM shop_word WHERE source = place AND word % sought"
                     " AND char_length(word) BETWEEN char_length(sought) - 2 AND char_length(sought) + 2"
                     " GROUP BY word ORDER BY similarity(word, sought) DESC, word LIMIT ");
    shop_pg_put_int(sql, SHOP_NEAREST_WORDS);
    shop_pg_put(sql, "; END$$;");
}

/* Others may read the table meanwhile, and change it as soon as the trigger is there. */
static void put_trigger(shop_pg_sql *sql, const shop_table *table, const shop_index *index)
{
    shop_pg_put(sql, " DO $do$BEGIN IF NOT EXISTS (SELECT 1 FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
                     " WHERE c.relnamespace = to_regnamespace(quote_ident(current_schema()))::oid AND c.relname = ");
    shop_pg_put_literal(sql, table->name);
    shop_pg_put(sql, " AND t.tgname = 'shop_learn_");
    shop_pg_put(sql, index->name);
    shop_pg_put(sql, "') THEN CREATE TRIGGER shop_learn_");
    shop_pg_put(sql, index->name);
    shop_pg_put(sql, " AFTER INSERT OR UPDATE OF ");
    shop_pg_put_name(sql, table->columns[index->columns[0]].name);
    shop_pg_put(sql, " ON ");
    shop_pg_put_name(sql, table->name);
    shop_pg_put(sql, " FOR EACH ROW EXECUTE FUNCTION shop_learn(");
    shop_pg_put_literal(sql, index->name);
    shop_pg_put(sql, ", ");
    shop_pg_put_literal(sql, table->columns[index->columns[0]].name);
    shop_pg_put(sql, "); END IF; END$do$;");
}

/* After the trigger: no word falls between. */
static void put_filling(shop_pg_sql *sql, const shop_table *table, const shop_index *index)
{
    shop_pg_put(sql, " INSERT INTO shop_word (source, word) SELECT DISTINCT ");
    shop_pg_put_literal(sql, index->name);
    shop_pg_put(sql, ", word FROM ");
    shop_pg_put_name(sql, table->name);
    shop_pg_put(sql, ", unnest(string_to_array(");
    shop_pg_put_name(sql, table->columns[index->columns[0]].name);
    shop_pg_put(sql, ", ' ')) AS has(word) WHERE " WORTH_KEEPING
                     " AND NOT EXISTS (SELECT 1 FROM shop_word AS known WHERE known.word = has.word AND known.source = ");
    shop_pg_put_literal(sql, index->name);
    shop_pg_put(sql, ");");
}

static void put_each(shop_pg_sql *sql, const shop_schema *schema,
                     void (*put)(shop_pg_sql *sql, const shop_table *table, const shop_index *index))
{
    for (uint32_t t = 0; t < schema->table_count; t++) {
        const shop_table *table = &schema->tables[t];
        for (uint32_t i = 0; i < table->index_count; i++) {
            if (table->indexes[i].flags & SHOP_INDEX_WORDS)
                put(sql, table, &table->indexes[i]);
        }
    }
}

static bool make_objects(PGconn *pg, shop_pg_sql *sql, const shop_schema *schema, const PGresult *found)
{
    shop_pg_sql_start(sql);
    shop_pg_put(sql, "BEGIN; SET LOCAL lock_timeout = '2s'; ");
    put_words_table(sql, found);
    put_functions(sql, found);
    put_each(sql, schema, put_trigger);
    shop_pg_put(sql, " COMMIT");
    return run_at_once(pg, sql);
}

static bool fill(PGconn *pg, shop_pg_sql *sql, const shop_schema *schema)
{
    shop_pg_sql_start(sql);
    shop_pg_put(sql, "BEGIN;");
    put_each(sql, schema, put_filling);
    shop_pg_put(sql, " INSERT INTO shop_meta (key, value) VALUES ('spelling', ");
    shop_pg_put_int(sql, schema->version);
    shop_pg_put(sql, ") ON CONFLICT (key) DO UPDATE SET value = excluded.value; COMMIT");
    return run_at_once(pg, sql);
}

void shop_pg_spelling_make(PGconn *pg, const shop_schema *schema)
{
    shop_pg_sql sql = {.text = NULL};
    PGresult *found = ask(pg);
    bool goes_on = found && judge(found, schema) == SHOP_PG_SPELLING_WANTED;
    if (goes_on && PQgetisnull(found, 0, EXTENSION)) {
        goes_on = make_extension(pg, &sql, found);
        PQclear(found);
        found = goes_on ? ask(pg) : NULL;
        goes_on = found && !PQgetisnull(found, 0, EXTENSION);
    }
    if (goes_on && make_objects(pg, &sql, schema, found))
        (void)fill(pg, &sql, schema);
    PQclear(found);
    shop_pg_sql_free(&sql);
}

/* ------------------------------------------------------------------------------------------------ words */

void shop_pg_put_near(shop_pg_sql *sql, const char *index, const shop_value *word)
{
    shop_pg_put(sql, "SELECT word FROM shop_near(");
    shop_pg_put_literal(sql, index);
    shop_pg_put(sql, ", ");
    shop_pg_bind_text(sql, word->data, word->size);
    shop_pg_put(sql, ") AS near(word)");
}
