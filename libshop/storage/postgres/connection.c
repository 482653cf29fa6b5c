/* SPDX-License-Identifier: MIT */
/* Connections, their prepared statements and pipelines. */
#include "connection.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "../../core/mem.h"
#include "../check.h"
#include "dial.h"
#include "outcome.h"

#define LEAST_VERSION 130000
#define GRACE INT64_C(1000000) /* microseconds that a server gets to tell of its own that the time is over */
#define NULLS_MAX 8 /* ends of results in a row without a result: libpq and we disagree about what is on its way */

enum { STEP_GARBAGE = 1, STEP_TIMEOUT, STEP_ASIDE, STEP_PREPARE, STEP_STATEMENT, STEP_SYNC, STEP_NEXT };

static atomic_uint_fast64_t round_trips;

uint64_t shop_pg_round_trips(void)
{
    return atomic_load(&round_trips);
}

/* ------------------------------------------------------------------------------------------------ connecting */

/* Ours come first: what the URL says of the same replaces them; what follows the URL it cannot change. NULL says nothing. */
static PGconn *connect_to(const shop_pg_address *address, int64_t deadline, bool *late)
{
    const shop_pg_host *host = address->host;
    char passfile[1100];
    char name[64]; /* in pg_stat_activity, unless the URL says another */
    (void)snprintf(name, sizeof name, "%.40s (libshop)", program_invocation_short_name);
    (void)snprintf(passfile, sizeof passfile, "%s/", address->open_passfile ? address->open_passfile : ""); /* no such file */
    const char *const names[] = {"keepalives_idle",
                                 "keepalives_interval",
                                 "keepalives_count",
                                 "tcp_user_timeout",
                                 "target_session_attrs",
                                 "dbname",
                                 "fallback_application_name",
                                 "client_encoding",
                                 "passfile",
                                 "host",
                                 "port",
                                 "target_session_attrs",
                                 NULL};
    const char *const values[] = {"30",
                                  "10",
                                  "3",
                                  "15000",
                                  address->read_only ? "any" : "read-write",
                                  address->url,
                                  name,
                                  "UTF8",
                                  address->open_passfile ? passfile : NULL,
                                  host ? host->name : NULL,
                                  host ? host->port : NULL,
                                  host ? "any" : NULL,
                                  NULL};
    return shop_pg_dial(names, values, host ? NULL : address->url, deadline, late);
}

static int32_t refuse(shop_fault *fault, const char *detail)
{
    return shop_fault_set(fault, SHOP_STORAGE_UNAVAILABLE, 0, detail);
}

static int32_t refuse_found(shop_fault *fault, const char *wanted, const char *found)
{
    char detail[120];
    (void)snprintf(detail, sizeof detail, "%s, and this is %.40s", wanted, found ? found : "unknown");
    return refuse(fault, detail);
}

static int32_t judge_server(PGconn *pg, const shop_pg_address *address, shop_fault *fault)
{
    if (PQstatus(pg) != CONNECTION_OK)
        return shop_pg_fail_connect(fault, pg, strchr(address->where, ',') != NULL);
    if (PQserverVersion(pg) < LEAST_VERSION)
        return refuse_found(fault, "version: PostgreSQL 13 or later is needed", PQparameterStatus(pg, "server_version"));
    const char *encoding = PQparameterStatus(pg, "server_encoding");
    if (!encoding || strcmp(encoding, "UTF8") != 0)
        return refuse_found(fault, "encoding: a database of encoding UTF8 is needed", encoding);
    return SHOP_STORAGE_OK;
}

/* False: it broke, or none came in time. */
static bool wait_for_answer(PGconn *pg, int64_t until)
{
    while (PQisBusy(pg)) {
        struct pollfd waiting = {.fd = PQsocket(pg), .events = POLLIN};
        int64_t left = until - shop_monotonic_now();
        if (left <= 0)
            return false;
        int ready = poll(&waiting, 1, left > INT64_C(60000000) ? 60000 : (int)(left / 1000 + 1));
        if ((ready < 0 && errno != EINTR) || (ready > 0 && !PQconsumeInput(pg)))
            return false;
    }
    return true;
}

PGresult *shop_pg_await(PGconn *pg, int sent, int64_t until)
{
    PGresult *last = NULL;
    while (sent && wait_for_answer(pg, until)) {
        PGresult *result = PQgetResult(pg);
        if (!result)
            return last;
        PQclear(last);
        last = result;
    }
    PQclear(last);
    return NULL;
}

/*
 * A database may have been told otherwise: what is committed must be durable, and a batch wants to see what others committed between
 * its statements. Behind a pooler each batch says so for itself (send_timeout).
 *
 * Every read of ours has its index. A plan that was made while a table was small, and is kept, must not scan all of it when it has grown, or
 * is full of dead rows as the carts' are. (The compiler would take a scan that there is no index for to be very long.)
 */
static int32_t settle_session(shop_pg_connection *c, int64_t deadline, shop_fault *fault)
{
    if (!c->prepare)
        return SHOP_STORAGE_OK;
    int sent = PQsendQuery(c->pg, "SELECT set_config('default_transaction_isolation', 'read committed', false),"
                                  " set_config('enable_seqscan', 'off', false), set_config('jit', 'off', false),"
                                  " CASE current_setting('synchronous_commit') WHEN 'off' THEN"
                                  " set_config('synchronous_commit', 'on', false) END");
    PGresult *result = shop_pg_await(c->pg, sent, deadline);
    int32_t outcome = PQresultStatus(result) == PGRES_TUPLES_OK ? SHOP_STORAGE_OK : shop_pg_fail(fault, result, 0);
    PQclear(result);
    return outcome;
}

static void ignore_notice(void *unused, const PGresult *result)
{
    (void)unused;
    (void)result;
}

/* A server that speaks another language is asked once more, so that it tells codes. */
static void ask_for_codes(PGconn *pg, int64_t deadline, bool *late)
{
    (void)PQsetErrorVerbosity(pg, PQERRORS_VERBOSE);
    *late = !shop_pg_dial_again(pg, deadline);
    (void)PQsetErrorVerbosity(pg, PQERRORS_DEFAULT);
}

int32_t shop_pg_connect_bare(const shop_pg_address *address, int64_t deadline, PGconn **made, shop_fault *fault)
{
    bool late;
    *made = connect_to(address, deadline, &late);
    if (!*made)
        return shop_fault_set(fault, SHOP_STORAGE_NO_MEMORY, 0, "out of memory");
    (void)PQsetNoticeReceiver(*made, ignore_notice, NULL); /* libpq would print them */
    if (!late && PQstatus(*made) != CONNECTION_OK && !shop_pg_is_known_failure(*made))
        ask_for_codes(*made, deadline, &late);
    int32_t outcome = late ? refuse(fault, "unreachable: the server does not answer") : judge_server(*made, address, fault);
    if (outcome != SHOP_STORAGE_OK) {
        PQfinish(*made);
        *made = NULL;
    }
    return outcome;
}

static int32_t open_connection(shop_pg_connection *c, const shop_pg_address *address, int64_t deadline, shop_fault *fault)
{
    c->prepare = address->prepare;
    int32_t outcome = shop_pg_connect_bare(address, deadline, &c->pg, fault);
    if (outcome == SHOP_STORAGE_OK)
        outcome = settle_session(c, deadline, fault);
    if (outcome == SHOP_STORAGE_OK && (!PQenterPipelineMode(c->pg) || PQsetnonblocking(c->pg, 1) != 0))
        outcome = refuse(fault, "connection: no pipeline can be made");
    return outcome;
}

int32_t shop_pg_connect(const shop_pg_address *address, int64_t deadline, shop_pg_connection **made, shop_fault *fault)
{
    shop_pg_connection *c = shop_mem_zalloc(1, sizeof *c);
    if (!c)
        return shop_fault_set(fault, SHOP_STORAGE_NO_MEMORY, 0, "out of memory");
    int32_t outcome = open_connection(c, address, deadline, fault);
    if (outcome == SHOP_STORAGE_OK)
        *made = c;
    else
        shop_pg_disconnect(c);
    return outcome;
}

void shop_pg_disconnect(shop_pg_connection *c)
{
    if (!c)
        return;
    PQfinish(c->pg);
    for (uint32_t set = 0; set < SHOP_PG_SETS; set++) {
        for (uint32_t way = 0; way < SHOP_PG_WAYS; way++)
            shop_mem_free(c->statements[set][way].text);
    }
    shop_pg_sql_free(&c->sql);
    shop_mem_free(c->steps);
    shop_mem_free(c);
}

/* A server that is quiet has said nothing; one that is gone has: an error, or the end. */
bool shop_pg_is_alive(const shop_pg_connection *c)
{
    struct pollfd waiting = {.fd = PQsocket(c->pg), .events = POLLIN};
    return !c->broken && PQstatus(c->pg) == CONNECTION_OK && poll(&waiting, 1, 0) == 0;
}

/* ------------------------------------------------------------------------------------------------ queueing */

static shop_pg_step *add_step(shop_pg_connection *c, uint32_t kind, uint32_t number)
{
    if (c->step_count == c->step_room) {
        uint32_t room = c->step_room ? c->step_room * 2 : 64;
        shop_pg_step *grown = shop_mem_realloc(c->steps, room * sizeof *grown);
        if (!grown) {
            c->broken = true;
            return NULL;
        }
        c->steps = grown;
        c->step_room = room;
    }
    shop_pg_step *step = &c->steps[c->step_count++];
    *step = (shop_pg_step){.kind = kind, .number = number};
    return step;
}

static bool queued(shop_pg_connection *c, int sent, uint32_t kind, uint32_t number)
{
    if (!sent)
        c->broken = true;
    return sent && add_step(c, kind, number);
}

static bool sync_as(shop_pg_connection *c, uint32_t kind)
{
    return queued(c, PQpipelineSync(c->pg), kind, 0);
}

static bool sync_here(shop_pg_connection *c)
{
    return sync_as(c, STEP_SYNC);
}

static bool send_unnamed(shop_pg_connection *c, uint32_t kind, uint32_t number)
{
    const shop_pg_sql *sql = &c->sql;
    int sent = shop_pg_sql_finish(&c->sql) &&
               PQsendQueryParams(c->pg, sql->text, sql->count, sql->types, sql->values, sql->lengths, sql->formats, 1);
    return queued(c, sent, kind, number);
}

/* Each has a Sync of its own, so that it stands for itself. */
static void send_garbage(shop_pg_connection *c)
{
    while (c->garbage_count && !c->broken) {
        uint32_t name = c->garbage[--c->garbage_count];
        shop_pg_sql_start(&c->sql);
        shop_pg_put(&c->sql, "DEALLOCATE shop_");
        shop_pg_put_int(&c->sql, name);
        if (send_unnamed(c, STEP_GARBAGE, name))
            (void)sync_here(c);
    }
}

/* Few different limits, so that they seldom change: three binary digits, rounded down, of what is left. */
static uint32_t timeout_of(int64_t deadline)
{
    int64_t left = (deadline - shop_monotonic_now()) / 1000 + 10;
    if (left < 1)
        return 1;
    uint32_t limit = left > 3600000 ? 3600000 : (uint32_t)left;
    uint32_t unit = 1;
    while (limit / unit >= 8)
        unit *= 2;
    return limit / unit * unit;
}

/* Behind a pooler a setting may not outlive its transaction: others get the connection next. */
static void send_timeout(shop_pg_connection *c, int64_t deadline)
{
    uint32_t timeout = timeout_of(deadline);
    if (c->prepare && timeout == c->timeout)
        return;
    shop_pg_sql_start(&c->sql);
    shop_pg_put(&c->sql, c->prepare ? "SET statement_timeout = " : "SELECT set_config('statement_timeout', '");
    shop_pg_put_int(&c->sql, timeout);
    if (!c->prepare)
        shop_pg_put(&c->sql, "', true), CASE current_setting('synchronous_commit') WHEN 'off' THEN"
                             " set_config('synchronous_commit', 'on', true) END");
    if (send_unnamed(c, c->prepare ? STEP_TIMEOUT : STEP_ASIDE, timeout) && c->prepare)
        (void)sync_here(c);
}

/* ------------------------------------------------------------------------------------------------ prepared statements */

static uint64_t hash_of(const char *text, size_t size)
{
    uint64_t h = UINT64_C(14695981039346656037);
    uint64_t word;
    for (; size >= sizeof word; text += sizeof word, size -= sizeof word) {
        memcpy(&word, text, sizeof word);
        h = (h ^ word) * UINT64_C(1099511628211);
        h ^= h >> 29;
    }
    word = 0;
    memcpy(&word, text, size);
    h = (h ^ word) * UINT64_C(1099511628211);
    return h ^ (h >> 32);
}

static void name_of(uint32_t number, char *name, size_t size)
{
    (void)snprintf(name, size, "shop_%u", (unsigned)number);
}

/* What the server still holds is deallocated later. A connection with too much of it is not used again. */
static void forget(shop_pg_connection *c, shop_pg_cached *entry)
{
    shop_mem_free(entry->text);
    entry->text = NULL;
    if (c->garbage_count < SHOP_PG_GARBAGE)
        c->garbage[c->garbage_count++] = entry->name;
    else
        c->broken = true;
}

/* A free place of the set, or the one that was not used for longest. */
static uint32_t way_to_fill(const shop_pg_cached *set)
{
    uint32_t oldest = 0;
    for (uint32_t way = 0; way < SHOP_PG_WAYS; way++) {
        if (!set[way].text)
            return way;
        if (set[way].used < set[oldest].used)
            oldest = way;
    }
    return oldest;
}

static bool prepare(shop_pg_connection *c, shop_pg_cached *entry, uint64_t hash)
{
    if (entry->text)
        forget(c, entry);
    *entry = (shop_pg_cached){.hash = hash, .text = shop_mem_strdup(c->sql.text), .name = ++c->last_name};
    char name[16];
    name_of(entry->name, name, sizeof name);
    return entry->text && PQsendPrepare(c->pg, name, c->sql.text, c->sql.count, c->sql.types);
}

/* The text is the key: whatever makes a difference to the server is in it. */
static bool send_prepared(shop_pg_connection *c, uint32_t number)
{
    uint64_t hash = hash_of(c->sql.text, c->sql.size);
    shop_pg_cached *set = c->statements[hash % SHOP_PG_SETS];
    uint32_t way = 0;
    while (way < SHOP_PG_WAYS && !(set[way].text && set[way].hash == hash && strcmp(set[way].text, c->sql.text) == 0))
        way++;
    if (way == SHOP_PG_WAYS) {
        way = way_to_fill(set);
        if (!queued(c, prepare(c, &set[way], hash), STEP_PREPARE, number))
            return false;
        c->steps[c->step_count - 1].name = set[way].name;
        c->steps[c->step_count - 1].entry = &set[way];
    }
    set[way].used = ++c->clock;
    char name[16];
    name_of(set[way].name, name, sizeof name);
    const shop_pg_sql *sql = &c->sql;
    int sent = PQsendQueryPrepared(c->pg, name, sql->count, sql->values, sql->lengths, sql->formats, 1);
    return queued(c, sent, STEP_STATEMENT, number);
}

bool shop_pg_send(shop_pg_connection *c, uint32_t number)
{
    if (c->broken)
        return false;
    if (!c->prepare)
        return send_unnamed(c, STEP_STATEMENT, number);
    if (shop_pg_sql_finish(&c->sql))
        return send_prepared(c, number);
    c->broken = true; /* of what was queued nothing may happen */
    return false;
}

bool shop_pg_send_text(shop_pg_connection *c, uint32_t number, const char *text)
{
    shop_pg_sql_start(&c->sql);
    shop_pg_put(&c->sql, text);
    return shop_pg_send(c, number);
}

/* Behind a pooler the limit is part of the transaction, and an isolation level can be chosen only before anything else is done in it. */
static void begin_transaction(shop_pg_connection *c, int64_t deadline, const char *start)
{
    if (start)
        (void)shop_pg_send_text(c, SHOP_PG_START, start);
    if (!c->prepare)
        send_timeout(c, deadline);
}

void shop_pg_begin(shop_pg_connection *c, int64_t deadline, const char *start)
{
    c->step_count = 0;
    if (c->prepare) {
        send_garbage(c);
        send_timeout(c, deadline);
    }
    begin_transaction(c, deadline, start);
}

void shop_pg_next(shop_pg_connection *c, int64_t deadline, const char *start)
{
    if (!c->broken && sync_as(c, STEP_NEXT))
        begin_transaction(c, deadline, start);
}

/* ------------------------------------------------------------------------------------------------ running */

typedef struct running {
    shop_pg_connection *c;
    void (*take)(void *context, uint32_t number, const PGresult *result);
    void *context;
    int64_t deadline;
    bool sent; /* the kernel has all of it, as far as libpq tells */
    bool late;
    bool next; /* the transaction after the first has begun */
} running;

static int wait_time(int64_t until)
{
    int64_t left = until - shop_monotonic_now();
    return left <= 0 ? 0 : left > INT64_C(60000000) ? 60000 : (int)(left / 1000 + 1);
}

/* Waits until libpq has a result, writing what is still to be written. False: the link is gone, or it is late. */
static bool wait_for_result(running *r)
{
    PGconn *pg = r->c->pg;
    for (;;) {
        int left = PQflush(pg);
        if (left < 0)
            return false;
        r->sent = r->sent || left == 0;
        if (!PQisBusy(pg))
            return true;
        struct pollfd waiting = {.fd = PQsocket(pg), .events = (short)(POLLIN | (left ? POLLOUT : 0))};
        int ready = poll(&waiting, 1, wait_time(r->deadline + GRACE));
        r->late = ready == 0;
        if (r->late || (ready < 0 && errno != EINTR))
            return false;
        if (ready > 0 && (waiting.revents & ~POLLOUT) && !PQconsumeInput(pg))
            return false;
    }
}

/* What the server did not prepare is not there; its place may have got another statement meanwhile. */
static void take_prepare(running *r, const shop_pg_step *step, const PGresult *result)
{
    if (PQresultStatus(result) == PGRES_COMMAND_OK)
        return;
    if (step->entry->name == step->name) {
        shop_mem_free(step->entry->text);
        step->entry->text = NULL;
    }
    if (PQresultStatus(result) == PGRES_FATAL_ERROR)
        r->take(r->context, step->number, result);
}

static void take_result(running *r, const shop_pg_step *step, const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    bool aborted = status == PGRES_PIPELINE_ABORTED;
    if (status == PGRES_FATAL_ERROR && strcmp(shop_pg_outcome_class(result), "pooler") == 0)
        r->c->broken = true;
    switch (step->kind) {
    case STEP_TIMEOUT:
        r->c->timeout = status == PGRES_COMMAND_OK ? step->number : 0;
        break;
    case STEP_PREPARE:
        take_prepare(r, step, result);
        break;
    case STEP_STATEMENT:
        if (!aborted)
            r->take(r->context, step->number, result);
        break;
    case STEP_SYNC:
    case STEP_NEXT:
    case STEP_ASIDE:
        if (status == PGRES_FATAL_ERROR)
            r->take(r->context, r->next ? SHOP_PG_NEXT : SHOP_PG_COMMIT, result);
        break;
    default:
        break;
    }
}

/* Goes on to the next step when this one's results have ended. False: there is no going on. */
static bool read_step(running *r, const shop_pg_step *step)
{
    bool is_sync = step->kind == STEP_SYNC || step->kind == STEP_NEXT;
    bool any = false;
    for (int nulls = 0; nulls < NULLS_MAX;) {
        if (!wait_for_result(r))
            return false;
        PGresult *result = PQgetResult(r->c->pg);
        if (!result) {
            if (any && !is_sync)
                return true;
            nulls++;
            continue;
        }
        bool synced = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
        if (!synced)
            take_result(r, step, result);
        any = true;
        PQclear(result);
        if (PQstatus(r->c->pg) == CONNECTION_BAD)
            return false;
        if (synced) {
            r->next = r->next || step->kind == STEP_NEXT;
            return is_sync;
        }
    }
    return false;
}

shop_pg_end shop_pg_run(shop_pg_connection *c, int64_t deadline,
                        void (*take)(void *context, uint32_t number, const PGresult *result), void *context)
{
    running r = {.c = c, .take = take, .context = context, .deadline = deadline};
    if (c->broken || !sync_here(c)) {
        c->broken = true;
        return SHOP_PG_UNSENT;
    }
    atomic_fetch_add(&round_trips, 1);
    bool going = true;
    for (uint32_t i = 0; i < c->step_count && going; i++)
        going = read_step(&r, &c->steps[i]);
    if (going)
        return SHOP_PG_DONE;
    c->broken = true;
    c->late = r.late;
    return r.late ? SHOP_PG_LATE : r.sent ? SHOP_PG_LOST : SHOP_PG_UNSENT;
}
