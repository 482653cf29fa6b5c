/* SPDX-License-Identifier: MIT */
/* SQLSTATEs by class. */
#include "outcome.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../check.h"

/* The first that begins the code counts. */
static const struct {
    const char *beginning;
    int32_t outcome;
    const char *reason;
} classes[] = {
    {SHOP_PG_GUARD, SHOP_STORAGE_GUARD, "guard"},
    {SHOP_PG_REFUSED, SHOP_STORAGE_CONSTRAINT, "constraint"},
    {"40", SHOP_STORAGE_CONFLICT, "conflict"}, /* serialization failure, deadlock */
    {"55P03", SHOP_STORAGE_CONFLICT, "conflict"}, /* a lock was not to be had in time */
    {"23505", SHOP_STORAGE_UNIQUE, "unique"},
    {"23503", SHOP_STORAGE_REFERENCE, "reference"},
    {"23", SHOP_STORAGE_CONSTRAINT, "constraint"},
    {"22003", SHOP_STORAGE_CONSTRAINT, "constraint"}, /* a sum beyond the type */
    {"54000", SHOP_STORAGE_CONSTRAINT, "constraint"}, /* a text too long for its index */
    {"57014", SHOP_STORAGE_UNAVAILABLE, "timeout"},
    {"57", SHOP_STORAGE_UNAVAILABLE, "shutdown"},
    {"53300", SHOP_STORAGE_UNAVAILABLE, "overload"},
    {"53", SHOP_STORAGE_UNAVAILABLE, "resources"},
    {"08", SHOP_STORAGE_UNAVAILABLE, "connection"},
    {"25006", SHOP_STORAGE_UNAVAILABLE, "standby"},
    {"28", SHOP_STORAGE_UNAVAILABLE, "authentication"},
    {"3D", SHOP_STORAGE_UNAVAILABLE, "database"},
    {"42501", SHOP_STORAGE_UNAVAILABLE, "right"},
    {"58", SHOP_STORAGE_UNAVAILABLE, "resources"},
    {"XX", SHOP_STORAGE_UNAVAILABLE, "damaged"},
    {"26000", SHOP_STORAGE_UNAVAILABLE, "pooler"}, /* our prepared statement is not there */
    {"42P05", SHOP_STORAGE_UNAVAILABLE, "pooler"}, /* … or somebody else's is */
    {"42", SHOP_STORAGE_INVALID, "defect"},
};

static size_t class_of(const char *sqlstate)
{
    size_t i = 0;
    while (i < sizeof classes / sizeof classes[0] && strncmp(sqlstate, classes[i].beginning, strlen(classes[i].beginning)) != 0)
        i++;
    return i;
}

int32_t shop_pg_outcome(const char *sqlstate)
{
    size_t place = class_of(sqlstate);
    return place < sizeof classes / sizeof classes[0] ? classes[place].outcome : SHOP_STORAGE_UNAVAILABLE;
}

const char *shop_pg_state(const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state ? state : "";
}

static const char *reason_of(const char *sqlstate)
{
    size_t place = class_of(sqlstate);
    return place < sizeof classes / sizeof classes[0] ? classes[place].reason : "connection";
}

const char *shop_pg_outcome_class(const PGresult *result)
{
    return reason_of(shop_pg_state(result));
}

/*
 * The primary message names things (a constraint, a column), never values: those stand in the detail. A text that could not be read
 * as a number stands in it too, but no such text is ever sent.
 */
int32_t shop_pg_fail(shop_fault *fault, const PGresult *result, uint32_t op)
{
    if (!result)
        return shop_fault_set(fault, SHOP_STORAGE_UNAVAILABLE, op, "timeout: no answer came");
    const char *state = shop_pg_state(result);
    const char *said = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    char detail[200];
    (void)snprintf(detail, sizeof detail, "%s: %.140s (%s)", reason_of(state), said ? said : "the link is gone", state);
    return shop_fault_set(fault, shop_pg_outcome(state), op, detail);
}

/* ------------------------------------------------------------------------------------------------ connecting */

/*
 * Of libpq's own messages there is no code, only text, in English unless the program chose otherwise; the server's may be in any language
 * (shop_pg_connect_bare asks for their codes then). The first that is found counts: what a person must do something about beats what
 * may pass, when several hosts tell different things.
 */
static const struct {
    const char *text;
    const char *reason;
} phrases[] = {
    {"received invalid response", "protocol"},
    {"expected authentication request", "protocol"},
    {"unsupported frontend protocol", "version"},
    {"too many c", "overload"}, /* clients, connections */
    {"remaining connection slots", "overload"},
    {"authentication failed", "authentication"},
    {"no password supplied", "authentication"},
    {"no pg_hba.conf entry", "authentication"},
    {"permission denied", "right"},
    {"role \"", "authentication"},
    {"no such user", "authentication"}, /* PgBouncer's words, here and below */
    {"no such database", "database"},
    {"database \"", "database"},
    {"the database system is", "shutdown"},
    {"terminating connection", "shutdown"},
    {"read-only", "standby"},
    {"not in hot standby", "standby"},
    {"could not translate host name", "address"},
    {"SSL", "tls"},
    {"certificate", "tls"},
    {"private key", "tls"},
    {"channel binding", "tls"},
    {"GSSAPI", "tls"},
    {"Connection refused", "unreachable"},
    {"failed: No such file", "unreachable"},
    {"timeout expired", "unreachable"},
    {"server closed the connection", "unreachable"},
    {"invalid", "url"},
    {"unrecognized", "url"},
    {"could not match", "url"},
    {"too long", "url"},
};

#define PHRASES (sizeof phrases / sizeof phrases[0])

static size_t phrase_of(const char *text)
{
    size_t i = 0;
    while (i < PHRASES && !strstr(text, phrases[i].text))
        i++;
    return i;
}

bool shop_pg_is_known_failure(const PGconn *conn)
{
    return phrase_of(PQerrorMessage(conn)) < PHRASES;
}

/* The code in "FATAL:  28P01: …", which libpq writes when it is told to be verbose; false: there is none. */
static bool find_code(const char *text, char code[6])
{
    for (const char *at = strstr(text, ": "); at; at = strstr(at + 1, ": ")) {
        const char *word = at + 1 + strspn(at + 1, " ");
        if (strspn(word, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5 && word[5] == ':' &&
            strcspn(word, "0123456789") < 5) { /* all but "FATAL" */
            memcpy(code, word, 5);
            code[5] = '\0';
            return true;
        }
    }
    return false;
}

/* The line that holds what was found; of an only host without "connection to server at …, port … failed: ": where is told otherwise. */
static void take_line(const char *text, const char *found, bool with_host, char *line, size_t size)
{
    const char *start = found;
    while (start > text && start[-1] != '\n')
        start--;
    size_t length = strcspn(start, "\n");
    static const char failed[] = " failed: ";
    const char *cause = strstr(start, failed);
    if (!with_host && cause && cause < start + length) {
        cause += sizeof failed - 1;
        cause += strncmp(cause, "FATAL:  ", 8) == 0 ? 8 : 0;
        length -= (size_t)(cause - start);
        start = cause;
    }
    (void)snprintf(line, size, "%.*s", (int)length, start);
    for (char *at = line; *at; at++)
        *at = *at == '\t' ? ' ' : *at;
}

/* One line. libpq's messages hold host, port, user and database, never the password. */
int32_t shop_pg_fail_connect(shop_fault *fault, const PGconn *conn, bool with_host)
{
    const char *text = PQerrorMessage(conn);
    size_t place = phrase_of(text);
    const char *reason = place < PHRASES ? phrases[place].reason : "unreachable";
    char code[6];
    char line[160];
    char detail[200];
    if (place == PHRASES && find_code(text, code))
        reason = reason_of(code);
    take_line(text, place < PHRASES ? strstr(text, phrases[place].text) : text, with_host, line, sizeof line);
    (void)snprintf(detail, sizeof detail, "%s: %s", reason, line[0] ? line : "out of memory");
    return shop_fault_set(fault, SHOP_STORAGE_UNAVAILABLE, 0, detail);
}
