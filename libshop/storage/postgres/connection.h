/* SPDX-License-Identifier: MIT */
/*
 * One connection: statements go out together, their results come back together. Always in pipeline mode and non-blocking: a blocking
 * pipeline can deadlock when both sides wait for the other to read.
 *
 * A call is: shop_pg_begin; for each statement write connection->sql and shop_pg_send it; shop_pg_run. All of it is one round trip and,
 * unless a statement says BEGIN, one implicit transaction that the end of shop_pg_run commits.
 */
#ifndef SHOP_STORAGE_POSTGRES_CONNECTION_H
#define SHOP_STORAGE_POSTGRES_CONNECTION_H

#include "address.h"
#include "sql.h"

/* Prepared statements of a connection: the least recently used of a set makes room. */
#define SHOP_PG_SETS 64u
#define SHOP_PG_WAYS 4u
#define SHOP_PG_GARBAGE 64u

typedef struct shop_pg_cached {
    uint64_t hash;
    uint64_t used;
    char *text; /* NULL: free */
    uint32_t name;
} shop_pg_cached;

/* One thing on its way, in the order in which results come back. */
typedef struct shop_pg_step {
    uint32_t kind;
    uint32_t number; /* of a statement: the caller's; of a setting: its value; of garbage: the statement's name */
    uint32_t name; /* of the statement that is prepared, … */
    shop_pg_cached *entry; /* … and its place */
} shop_pg_step;

typedef struct shop_pg_connection {
    struct shop_pg_connection *next; /* of the pool's free ones */
    PGconn *pg;
    shop_pg_sql sql;
    shop_pg_step *steps;
    uint32_t step_count;
    uint32_t step_room;
    shop_pg_cached statements[SHOP_PG_SETS][SHOP_PG_WAYS];
    uint64_t clock;
    uint32_t last_name;
    uint32_t garbage[SHOP_PG_GARBAGE]; /* statements to be deallocated */
    uint32_t garbage_count;
    uint32_t timeout; /* statement_timeout in force, milliseconds */
    bool prepare;
    bool broken; /* not to be used again */
    bool late; /* … because the server said nothing in time */
    int64_t taken_at; /* when the pool gave it away */
} shop_pg_connection;

/* A bare connection, blocking and without a pipeline, for work on the schema; PQfinish it. As shop_pg_connect. */
int32_t shop_pg_connect_bare(const shop_pg_address *address, int64_t deadline, PGconn **made, shop_fault *fault);

/*
 * The last result of a statement that was sent (or not: 0) on such a connection, to be cleared; NULL: none came until then, and the
 * connection is good for nothing more.
 */
PGresult *shop_pg_await(PGconn *pg, int sent, int64_t until);

/* SHOP_STORAGE_OK, or UNAVAILABLE (also: not until the deadline) or NO_MEMORY with a fault that says the reason class first. */
int32_t shop_pg_connect(const shop_pg_address *address, int64_t deadline, shop_pg_connection **made, shop_fault *fault);
void shop_pg_disconnect(shop_pg_connection *c);

/* Has the server not hung up? Looks only at what has arrived. */
bool shop_pg_is_alive(const shop_pg_connection *c);

/* `start` (may be NULL) is the statement that begins a transaction; its result is given to `take` under SHOP_PG_START when it fails. */
void shop_pg_begin(shop_pg_connection *c, int64_t deadline, const char *start);

#define SHOP_PG_START (UINT32_MAX - 1)

/* Ends the transaction so far and begins the next one, in the same round trip: what fails in one does not touch the other. */
void shop_pg_next(shop_pg_connection *c, int64_t deadline, const char *start);

/* Queues connection->sql. Its results are given to `take` under this number. False: out of memory, or the link is gone. */
bool shop_pg_send(shop_pg_connection *c, uint32_t number);
/* Writes a statement without parameters, and queues it. */
bool shop_pg_send_text(shop_pg_connection *c, uint32_t number, const char *text);

#define SHOP_PG_COMMIT UINT32_MAX /* the number of an error that came when all statements were done */
#define SHOP_PG_NEXT (UINT32_MAX - 3) /* … of one after shop_pg_next, when what was before it has been committed */

typedef enum shop_pg_end {
    SHOP_PG_DONE, /* every result has come: what failed was told to `take` */
    SHOP_PG_UNSENT, /* the link broke (or memory ran out) before all was sent: nothing can have been committed */
    SHOP_PG_LOST, /* the link broke when all was sent */
    SHOP_PG_LATE, /* the deadline passed, and the server did not stop by itself: as LOST */
} shop_pg_end;

/*
 * Sends what was queued and reads all results. `take` gets one result for each statement up to the first that failed (an error result),
 * and need not clear it. Unless DONE the connection is broken.
 */
shop_pg_end shop_pg_run(shop_pg_connection *c, int64_t deadline,
                        void (*take)(void *context, uint32_t number, const PGresult *result), void *context);

/* How many times this process has waited for a server since it began; for tests. */
uint64_t shop_pg_round_trips(void);

#endif
