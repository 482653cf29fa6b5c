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
    {"XX", SHOP_STORAGE_UNAVAILABLE, "damage"},
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
    const char *state = shop_pg_state(result);
    const char *said = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    char detail[200];
    (void)snprintf(detail, sizeof detail, "%s: %.140s (%s)", reason_of(state), said ? said : "the link is gone", state);
    return shop_fault_set(fault, shop_pg_outcome(state), op, detail);
}

/* ------------------------------------------------------------------------------------------------ connecting */

/* libpq gives no code for these, only text, in English unless the program chose otherwise: what is not known is "unreachable". */
static const struct {
    const char *text;
    const char *reason;
} phrases[] = {
    {"authentication failed", "authentication"},
    {"no password supplied", "authentication"},
    {"no pg_hba.conf entry", "authentication"},
    {"role \"", "authentication"},
    {"database \"", "database"},
    {"too many c", "overload"}, /* clients, connections */
    {"remaining connection slots", "overload"},
    {"the database system is", "shutdown"},
    {"read-only", "standby"},
    {"not in hot standby", "standby"},
    {"SSL", "tls"},
    {"certificate", "tls"},
    {"permission denied", "right"},
    {"could not translate host name", "address"},
    {"invalid", "url"},
};

static const char *reason_of_text(const char *text)
{
    for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++) {
        if (strstr(text, phrases[i].text))
            return phrases[i].reason;
    }
    return "unreachable";
}

/* One line; line ends become spaces. libpq's messages hold host, port, user and database, never the password. */
int32_t shop_pg_fail_connect(shop_fault *fault, const PGconn *conn)
{
    const char *text = PQerrorMessage(conn);
    char detail[200];
    (void)snprintf(detail, sizeof detail, "%s: %s", reason_of_text(text), *text ? text : "out of memory");
    size_t length = strlen(detail);
    while (length > 0 && detail[length - 1] == '\n')
        detail[--length] = '\0';
    for (size_t i = 0; i < length; i++) {
        if (detail[i] == '\n' || detail[i] == '\t')
            detail[i] = ' ';
    }
    return shop_fault_set(fault, SHOP_STORAGE_UNAVAILABLE, 0, detail);
}
