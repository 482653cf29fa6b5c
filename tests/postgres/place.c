/* SPDX-License-Identifier: MIT */
/* Schemas for tests, by libpq itself. */
#include "place.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SEARCH_PATH "options=-csearch_path%3D"

static void ignore_notice(void *unused, const PGresult *result)
{
    (void)unused;
    (void)result;
}

/* Without the backend's own parameter, which libpq does not know. */
static PGconn *connect_to(const char *url)
{
    static const char own[] = "&shop_prepare=off";
    char plain[1024];
    const char *found = strstr(url, own);
    (void)snprintf(plain, sizeof plain, "%.*s%s", found ? (int)(found - url) : (int)strlen(url), url,
                   found ? found + strlen(own) : "");
    return PQconnectdb(plain);
}

int64_t postgres_place_run(const char *url, const char *sql)
{
    PGconn *pg = connect_to(url);
    (void)PQsetNoticeReceiver(pg, ignore_notice, NULL);
    PGresult *result = PQexec(pg, sql);
    int64_t number = 0;
    if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) > 0) {
        number = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    } else if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK) {
        fprintf(stderr, "the test's own statement failed: %s", PQerrorMessage(pg));
        exit(2);
    }
    PQclear(result);
    PQfinish(pg);
    return number;
}

const char *postgres_place_database(void)
{
    const char *url = getenv("SHOP_TEST_POSTGRES");
    if (!url) {
        fputs("SHOP_TEST_POSTGRES names no database\n", stderr);
        exit(2);
    }
    return url;
}

void postgres_place_make(const char *database, char *url, size_t size)
{
    static unsigned made;
    struct timespec now;
    char sql[128];
    (void)clock_gettime(CLOCK_REALTIME, &now);
    int length = snprintf(url, size, "%s%c%st%ld_%ld_%u", database, strchr(database, '?') ? '&' : '?', SEARCH_PATH,
                          (long)getpid(), now.tv_nsec, ++made);
    if (length >= (int)size) {
        fputs("the database's URL is too long\n", stderr);
        exit(2);
    }
    (void)snprintf(sql, sizeof sql, "CREATE SCHEMA %s", postgres_place_schema(url));
    (void)postgres_place_run(database, sql);
}

const char *postgres_place_schema(const char *url)
{
    const char *name = strstr(url, SEARCH_PATH);
    return name ? name + strlen(SEARCH_PATH) : "public";
}

void postgres_place_drop(const char *url)
{
    char sql[128];
    (void)snprintf(sql, sizeof sql, "DROP SCHEMA IF EXISTS %s CASCADE", postgres_place_schema(url));
    (void)postgres_place_run(url, sql);
}
