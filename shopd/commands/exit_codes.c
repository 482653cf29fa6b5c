/* SPDX-License-Identifier: MIT */
/* What shopd ends with: the codes and what they mean, and which one a reason of the database's is, with what a person can do about it. */
#include <stddef.h>

#include "commands.h"

/* docs/configuration.md has the same list. */
static const struct meaning {
    int code;
    const char *text;
} meanings[] = {
    {EXIT_DONE, "done"},
    {EXIT_FAILED, "failed"},
    {EXIT_USAGE, "usage: a flag, a word or a setting that cannot be"},
    {EXIT_DATABASE, "the file cannot be opened, or what is in the database is no shop, damaged, a newer shop, or half a copy"},
    {EXIT_ADDRESS, "the address cannot be listened on"},
    {EXIT_UNREACHABLE, "the database server does not answer, or is starting or stopping (passes)"},
    {EXIT_NAME, "the name of its host leads nowhere (passes)"},
    {EXIT_STANDBY, "it takes no changes: a standby (passes)"},
    {EXIT_OVERLOAD, "it has too many connections, or no disk or memory left (passes)"},
    {EXIT_URL, "the database URL is wrong"},
    {EXIT_LOGIN, "user or password are refused"},
    {EXIT_NO_DATABASE, "there is no such database"},
    {EXIT_RIGHT, "the user has not all rights that are needed"},
    {EXIT_TLS, "encryption or certificates do not fit"},
    {EXIT_VERSION, "the server is too old, or no PostgreSQL"},
    {EXIT_ENCODING, "the database's encoding is not UTF8"},
    {EXIT_SCHEMA, "there is no schema for the tables"},
};

static const struct row {
    shop_reason reason;
    int code;
    const char *advice; /* "": the sentence before it says it all */
} rows[] = {
    {SHOP_REASON_URL, EXIT_URL,
     "correct DATABASE_URL (postgresql://USER:PASSWORD@HOST:PORT/DATABASE?PARAMETER=VALUE, or sqlite:PATH)"},
    {SHOP_REASON_ADDRESS, EXIT_NAME, "correct the host in DATABASE_URL, or its entry in the DNS"},
    {SHOP_REASON_UNREACHABLE, EXIT_UNREACHABLE, "start the server there, or correct host and port in DATABASE_URL"},
    {SHOP_REASON_AUTHENTICATION, EXIT_LOGIN, "correct user and password in DATABASE_URL, or the server's pg_hba.conf"},
    {SHOP_REASON_DATABASE, EXIT_NO_DATABASE, "correct the database's name in DATABASE_URL, or create it there"},
    {SHOP_REASON_SCHEMA, EXIT_SCHEMA,
     "create the schema, or set the search_path of DATABASE_URL or of the user to one that is there"},
    {SHOP_REASON_RIGHT, EXIT_RIGHT, "grant it, or make this user the owner of the database"},
    {SHOP_REASON_TLS, EXIT_TLS,
     "look at sslmode, sslrootcert, sslcert and sslkey in DATABASE_URL, and at the server's certificate"},
    {SHOP_REASON_ENCODING, EXIT_ENCODING, "create another: CREATE DATABASE shop ENCODING 'UTF8' TEMPLATE template0"},
    {SHOP_REASON_VERSION, EXIT_VERSION, "upgrade the server"},
    {SHOP_REASON_PROTOCOL, EXIT_VERSION, "correct host and port in DATABASE_URL: what answers there is no PostgreSQL server"},
    {SHOP_REASON_STANDBY, EXIT_STANDBY, "name the primary in DATABASE_URL too (host1,host2), or promote this one"},
    {SHOP_REASON_OVERLOAD, EXIT_OVERLOAD, "raise max_connections there, lower shop_pool here, or put a pooler in between"},
    {SHOP_REASON_SHUTDOWN, EXIT_UNREACHABLE, "wait for the server, or start it"},
    {SHOP_REASON_CONNECTION, EXIT_UNREACHABLE, "look at the server's log"},
    {SHOP_REASON_TIMEOUT, EXIT_UNREACHABLE, "look whether the server, or a pooler before it, hangs"},
    {SHOP_REASON_RESOURCES, EXIT_OVERLOAD, "look at the server's disk and memory"},
    {SHOP_REASON_POOLER, EXIT_URL, "add shop_prepare=off to DATABASE_URL"},
    {SHOP_REASON_FOREIGN, EXIT_DATABASE, "name another place in DATABASE_URL; this one was left as it is"},
    {SHOP_REASON_NEWER, EXIT_DATABASE, "use a shopd that is at least as new; the shop was left as it is"},
    {SHOP_REASON_DAMAGED, EXIT_DATABASE, "restore a backup; what is there was left as it is"},
    {SHOP_REASON_UNFINISHED, EXIT_DATABASE, "finish it by the same shopd migrate --from … --to … again"},
    {SHOP_REASON_OTHER, EXIT_DATABASE, ""},
};

static const struct row *row_of(shop_reason reason)
{
    size_t i = 0;
    while (i + 1 < sizeof rows / sizeof rows[0] && rows[i].reason != reason) {
        i++;
    }
    return &rows[i];
}

int exit_code_of(shop_reason reason)
{
    return row_of(reason)->code;
}

const char *exit_advice(shop_reason reason)
{
    return row_of(reason)->advice;
}

void exit_print_help(FILE *to)
{
    fputs("\nExit codes:\n", to);
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        fprintf(to, "  %2d  %s\n", meanings[i].code, meanings[i].text);
    }
    fputs("What passes was waited for (SHOP_DATABASE_WAIT): starting again later may help. With any other a person must act.\n",
          to);
}
