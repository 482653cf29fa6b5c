/* SPDX-License-Identifier: MIT */
/* Opening a connection within a given time. */
#ifndef SHOP_STORAGE_POSTGRES_DIAL_H
#define SHOP_STORAGE_POSTGRES_DIAL_H

#include <stdbool.h>
#include <stdint.h>

#include <libpq-fe.h>

/*
 * As PQconnectdbParams(names, values, 1) with `url` among the values, but done at `deadline` at the latest (only the look-up of a host's
 * name cannot be cut short). Several hosts of the URL are tried in turn, each for its share of what is left and at most the URL's
 * connect_timeout (5 seconds). `url` NULL: the values name one host. NULL: out of memory. *late: the last one that was tried said nothing in time. PQfinish it.
 */
PGconn *shop_pg_dial(const char *const *names, const char *const *values, const char *url, int64_t deadline, bool *late);

/* Dials the host of a connection once more, with the settings that it has got meanwhile. False: it said nothing in time. */
bool shop_pg_dial_again(PGconn *pg, int64_t deadline);

#endif
