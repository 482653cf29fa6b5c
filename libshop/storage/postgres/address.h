/* SPDX-License-Identifier: MIT */
/* A postgresql:// URL: the parameters that are ours (shop_…), and the rest, which libpq reads. */
#ifndef SHOP_STORAGE_POSTGRES_ADDRESS_H
#define SHOP_STORAGE_POSTGRES_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include <shop/sys/storage.h>

#define SHOP_PG_REPLICAS 8u /* at most */

/* A server, told apart from the URL's own. */
typedef struct shop_pg_host {
    char *name; /* a host's, its address, or the folder of a socket */
    char port[8];
} shop_pg_host;

typedef struct shop_pg_address {
    char *url; /* without our parameters; may hold a password: never told, wiped when freed */
    uint32_t pool; /* shop_pool=N, 1..1000: connections at most */
    bool prepare; /* shop_prepare=on|off: off behind a pooler that hands a connection to others after each transaction */
    bool read_only; /* from the host's flags: any server will do */
    char *
        open_passfile; /* the password file when others may read it: libpq must not look at it (it would print that); else NULL */
    char where[96]; /* user@hosts:ports/database, for messages */
    const shop_pg_host *host; /* NULL: the URL's own */
    shop_pg_host replicas[SHOP_PG_REPLICAS]; /* shop_replicas=host[:port],… */
    uint32_t replica_count;
    uint32_t replica_lag; /* shop_replica_lag=N, 1..3600 seconds: how old a replica's answer may be */
} shop_pg_address;

/* Is this a URL of ours? */
bool shop_pg_address_is(const char *url);

/* SHOP_STORAGE_OK; INVALID ("url: …") or NO_MEMORY with the fault set. Free it in any case. */
int32_t shop_pg_address_read(const char *url, shop_pg_address *address, shop_fault *fault);
void shop_pg_address_free(shop_pg_address *address);

#endif
