/* SPDX-License-Identifier: MIT */
/* What PostgreSQL's error codes mean to the interface, and how errors are told without secrets. */
#ifndef SHOP_STORAGE_POSTGRES_OUTCOME_H
#define SHOP_STORAGE_POSTGRES_OUTCOME_H

#include <stdbool.h>

#include <libpq-fe.h>

#include <shop/sys/storage.h>

/* Raised by the functions that schema_postgres.c makes. */
#define SHOP_PG_GUARD "SHP01" /* DETAIL: how many rows passed */
#define SHOP_PG_REFUSED "SHP02" /* a value that no column can hold */

/* By the class of an SQLSTATE; "" (no code: the link itself) is UNAVAILABLE. */
int32_t shop_pg_outcome(const char *sqlstate);

/* The reason class of an error result, as its fault's detail begins: "conflict", "timeout", "pooler"… */
const char *shop_pg_outcome_class(const PGresult *result);

/* The code of a result: never NULL. */
const char *shop_pg_state(const PGresult *result);

/* Sets the fault from an error result: outcome, "reason class: what PostgreSQL said first (code)". */
int32_t shop_pg_fail(shop_fault *fault, const PGresult *result, uint32_t op);

/* Why a connection could not be made: one line, "reason class: …", no password. `with_host`: at which of several. Returns UNAVAILABLE. */
int32_t shop_pg_fail_connect(shop_fault *fault, const PGconn *conn, bool with_host);

/* Is it one of the reasons that are told apart by the message's words? */
bool shop_pg_is_known_failure(const PGconn *conn);

#endif
