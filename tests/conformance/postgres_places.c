/* SPDX-License-Identifier: MIT */
/* Making, spoiling and looking at schemas. */
#include "postgres_places.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../postgres/place.h"

static int fresh_schema(void *user, char *url, size_t size)
{
    char database[512];
    (void)snprintf(database, sizeof database, "%s%s", postgres_place_database(), (const char *)user);
    postgres_place_make(database, url, size);
    return 0;
}

static void remove_schema(void *user, const char *url)
{
    (void)user;
    postgres_place_drop(url);
}

/* Behind a pooler a connection has no search_path of its own: a place is a database. */
static int fresh_database(void *user, char *url, size_t size)
{
    static unsigned made;
    char name[32];
    char sql[96];
    (void)user;
    (void)snprintf(name, sizeof name, "kit_%ld_%u", (long)getpid(), ++made);
    (void)snprintf(sql, sizeof sql, "CREATE DATABASE %s", name);
    (void)postgres_place_run(postgres_place_database(), sql);
    const char *host = strstr(postgres_place_database(), "?host=");
    int length = snprintf(url, size, "postgresql://shop@/%s%s&port=6432&shop_prepare=off", name, host ? host : "?");
    return length < (int)size ? 0 : -1;
}

static void remove_database(void *user, const char *url)
{
    (void)user;
    char sql[96];
    const char *name = strchr(url, '@') + 2;
    (void)snprintf(sql, sizeof sql, "DROP DATABASE IF EXISTS %.*s WITH (FORCE)", (int)strcspn(name, "?"), name);
    (void)postgres_place_run(postgres_place_database(), sql);
}

static int spoil_schema(void *user, const char *url)
{
    (void)user;
    (void)postgres_place_run(url, "CREATE TABLE item (day date, entry text);"
                                  "INSERT INTO item VALUES ('2026-01-01', 'Dear diary, today I sold nothing.')");
    return 0;
}

/* All that there is in the schema, by the catalog, and how often anything was written to it. */
static uint64_t fingerprint_of_schema(void *user, const char *url)
{
    (void)user;
    char sql[1200];
    const char *name = postgres_place_schema(url);
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
    return (uint64_t)postgres_place_run(url, sql);
}

int postgres_places(shop_conformance_options *options, char *parameters)
{
    if (!getenv("SHOP_TEST_POSTGRES")) {
        puts("== postgres: SHOP_TEST_POSTGRES names no database");
        return 1;
    }
    options->user = parameters;
    options->fresh = parameters ? fresh_schema : fresh_database;
    options->remove = parameters ? remove_schema : remove_database;
    options->spoil = spoil_schema;
    options->fingerprint = fingerprint_of_schema;
    return 0;
}
