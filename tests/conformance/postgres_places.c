/* SPDX-License-Identifier: MIT */
/* Making, spoiling and looking at schemas, by libpq itself. */
#include "postgres_places.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned made_places;

/* Runs the statement; the first value of its result, 0 when there is none. Ends the program when it fails. */
static uint64_t run(const char *sql)
{
    PGconn *pg = PQconnectdb(getenv("SHOP_TEST_POSTGRES"));
    PGresult *result = PQexec(pg, sql);
    uint64_t number = 0;
    if (PQresultStatus(result) == PGRES_TUPLES_OK) {
        number = (uint64_t)strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    } else if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        fprintf(stderr, "the kit's own statement failed: %s", PQerrorMessage(pg));
        exit(2);
    }
    PQclear(result);
    PQfinish(pg);
    return number;
}

static const char *schema_of(const char *url)
{
    const char *name = strstr(url, "search_path%3D");
    return name ? name + strlen("search_path%3D") : "";
}

static int fresh_schema(void *user, char *url, size_t size)
{
    (void)user;
    const char *database = getenv("SHOP_TEST_POSTGRES");
    char name[64];
    char sql[128];
    (void)snprintf(name, sizeof name, "kit_%ld_%u", (long)getpid(), ++made_places);
    (void)snprintf(sql, sizeof sql, "CREATE SCHEMA %s", name);
    int length =
        snprintf(url, size, "%s%coptions=-csearch_path%%3D%s", database, strchr(database, '?') ? '&' : '?', name);
    if (length >= (int)size)
        return -1;
    (void)run(sql);
    return 0;
}

static void remove_schema(void *user, const char *url)
{
    (void)user;
    char sql[128];
    (void)snprintf(sql, sizeof sql, "SET client_min_messages = warning; DROP SCHEMA IF EXISTS %s CASCADE", schema_of(url));
    (void)run(sql);
}

static int spoil_schema(void *user, const char *url)
{
    (void)user;
    char sql[256];
    (void)snprintf(sql, sizeof sql,
                   "CREATE TABLE %s.item (day date, entry text);"
                   "INSERT INTO %s.item VALUES ('2026-01-01', 'Dear diary, today I sold nothing.')",
                   schema_of(url), schema_of(url));
    (void)run(sql);
    return 0;
}

/* All that there is in the schema, by the catalog, and how often anything was written to it. */
static uint64_t fingerprint_of_schema(void *user, const char *url)
{
    (void)user;
    char sql[1200];
    const char *name = schema_of(url);
    (void)snprintf(sql, sizeof sql,
                   "SELECT hashtextextended(coalesce(string_agg(line, '|' ORDER BY line), ''), 7) FROM ("
                   "SELECT format('%%s %%s %%s %%s', c.relname, c.relkind, c.xmin, pg_relation_size(c.oid)) AS line"
                   " FROM pg_class c WHERE c.relnamespace = '%s'::regnamespace UNION ALL "
                   "SELECT format('%%s %%s %%s %%s', a.attrelid, a.attname, a.atttypid, a.xmin)"
                   " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
                   " WHERE c.relnamespace = '%s'::regnamespace UNION ALL "
                   "SELECT format('%%s %%s', p.proname, p.xmin) FROM pg_proc p"
                   " WHERE p.pronamespace = '%s'::regnamespace UNION ALL "
                   "SELECT format('%%s %%s', o.conname, o.xmin) FROM pg_constraint o"
                   " WHERE o.connamespace = '%s'::regnamespace) AS lines",
                   name, name, name, name);
    return run(sql);
}

int postgres_places(shop_conformance_options *options)
{
    if (!getenv("SHOP_TEST_POSTGRES")) {
        puts("== postgres: SHOP_TEST_POSTGRES names no database");
        return 1;
    }
    options->fresh = fresh_schema;
    options->remove = remove_schema;
    options->spoil = spoil_schema;
    options->fingerprint = fingerprint_of_schema;
    return 0;
}
