/* SPDX-License-Identifier: MIT */
/* Which replica may answer, and who keeps an eye on them. */
#include "replica.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "../../core/mem.h"
#include "../check.h"
#include "../wait.h"
#include "batch_postgres.h"

#define SECOND INT64_C(1000000)
#define PATIENCE SECOND /* for one answer of a replica, or of anybody who is looked at */
#define FIRST_TICK INT64_C(50000)
#define SAMPLES 16u
#define PARTS 8 /* of the lag: so far apart are samples that are kept, and a full ring covers it */

typedef struct replica {
    struct shop_pg_replicas *set;
    shop_pg_address address; /* its texts are the set's address's */
    shop_pg_pool *pool;
    pthread_t watcher;
    char name[64];
    uint64_t replayed; /* what was last heard of it */
    bool in_use;
    bool was_in_use; /* as far as the log knows … */
    bool was_told; /* … if it knows anything */
    int32_t news_level;
    char news[320]; /* since the log was written; "": none */
    bool is_ahead; /* of the primary: it follows another one */
} replica;

/* What the primary had made durable at a time, or a little later. */
typedef struct sample {
    int64_t at;
    uint64_t position;
} sample;

struct shop_pg_replicas {
    const shop_pg_address *address;
    const shop_storage_host *host;
    shop_pg_pool *primary;
    int64_t lag; /* microseconds */
    int64_t tick;
    pthread_t watcher; /* of the primary */
    uint32_t watchers; /* that were started, the primary's first */
    pthread_mutex_t lock; /* of all that follows, and of what is heard of each replica */
    pthread_cond_t ended;
    bool ending;
    sample samples[SAMPLES]; /* a ring */
    uint64_t sample_count; /* ever */
    sample newest;
    uint32_t turn;
    uint64_t replica_reads;
    uint64_t primary_reads;
    uint32_t count;
    replica replicas[SHOP_PG_REPLICAS];
};

/* ------------------------------------------------------------------------------------------------ judging; the lock is held */

/*
 * What a replica must have replayed: the oldest sample that is not older than the lag. Without one the primary has not answered for so
 * long; then it is the newest there is. None at all: no replica will do.
 */
static uint64_t needed_now(const shop_pg_replicas *set)
{
    int64_t oldest = shop_monotonic_now() - set->lag;
    uint64_t kept = set->sample_count < SAMPLES ? set->sample_count : SAMPLES;
    for (uint64_t i = set->sample_count - kept; i < set->sample_count; i++) {
        if (set->samples[i % SAMPLES].at >= oldest)
            return set->samples[i % SAMPLES].position;
    }
    return set->newest.at ? set->newest.position : SHOP_POSITION_LATEST;
}

/* For the log, which is written without the lock. */
static void tell(replica *r, int32_t level, const char *what, const char *why)
{
    r->news_level = level;
    (void)snprintf(r->news, sizeof r->news, "replica %s: %s%.200s", r->name, what, why);
}

static void unlock_and_log(replica *r)
{
    const shop_storage_host *host = r->set->host;
    char news[sizeof r->news];
    int32_t level = r->news_level;
    memcpy(news, r->news, sizeof news);
    r->news[0] = '\0';
    pthread_mutex_unlock(&r->set->lock);
    if (news[0] && host && host->log)
        host->log(host->user, level, news);
}

static void leave_aside(replica *r, const char *why)
{
    r->in_use = false;
    if (r->was_in_use || !r->was_told)
        tell(r, SHOP_LOG_WARNING, "left aside: ", why);
    r->was_in_use = false;
    r->was_told = true;
}

static void take_in_use(replica *r)
{
    r->in_use = true;
    if (!r->was_in_use || !r->was_told)
        tell(r, SHOP_LOG_INFO, "in use", "");
    r->was_in_use = true;
    r->was_told = true;
}

/* What follows from how far it is. */
static void judge(replica *r, uint64_t replayed)
{
    r->replayed = replayed;
    if (!r->set->newest.at)
        r->in_use = false; /* nothing is known of the primary yet */
    else if (!replayed)
        leave_aside(r, "standby: the server is not one");
    else if (r->is_ahead)
        leave_aside(r, "ahead: it has what the primary has not");
    else if (replayed < needed_now(r->set))
        leave_aside(r, "stale: it is further behind than shop_replica_lag");
    else
        take_in_use(r);
}

/* The next in turn of those that are known to have come far enough. */
static replica *choose(shop_pg_replicas *set, uint64_t needed)
{
    uint32_t first = set->turn++;
    for (uint32_t i = 0; i < set->count; i++) {
        replica *r = &set->replicas[(first + i) % set->count];
        if (r->in_use && !r->is_ahead && r->replayed >= needed)
            return r;
    }
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ asking */

static uint64_t needed_of(shop_pg_replicas *set, const shop_storage_call *call)
{
    const uint64_t *position = shop_call_position(call);
    uint64_t needed = needed_now(set);
    return position && *position > needed ? *position : needed;
}

/*
 * A query that was cancelled, because it was in the way of the replay or took too long, says nothing about the server; nor does one that
 * found all connections busy.
 */
static bool is_server_gone(const shop_fault *fault)
{
    return fault->outcome == SHOP_STORAGE_UNAVAILABLE && strncmp(fault->detail, "timeout: cancel", 15) != 0 &&
           strncmp(fault->detail, "overload: ", 10) != 0;
}

static bool ask(shop_pg_replicas *set, replica *r, uint64_t needed, const shop_storage_call *call, int64_t deadline,
                const shop_pg_query_list *list, shop_fault *fault)
{
    uint64_t replayed = 0;
    int32_t outcome = shop_pg_query(r->pool, call, deadline, list, &replayed, fault);
    pthread_mutex_lock(&set->lock);
    if (outcome == SHOP_STORAGE_OK)
        judge(r, replayed);
    else if (is_server_gone(fault))
        leave_aside(r, fault->detail);
    bool answered = outcome == SHOP_STORAGE_OK && r->in_use && replayed >= needed;
    set->replica_reads += answered;
    set->primary_reads += !answered;
    unlock_and_log(r);
    return answered;
}

bool shop_pg_replicas_query(shop_pg_replicas *set, const shop_storage_call *call, int64_t deadline,
                            const shop_pg_query_list *list, shop_fault *fault)
{
    int64_t limit = shop_monotonic_now() + PATIENCE;
    pthread_mutex_lock(&set->lock);
    uint64_t needed = needed_of(set, call);
    replica *chosen = choose(set, needed);
    set->primary_reads += !chosen;
    pthread_mutex_unlock(&set->lock);
    return chosen && ask(set, chosen, needed, call, deadline < limit ? deadline : limit, list, fault);
}

void shop_pg_replicas_count(shop_pg_replicas *set, shop_storage_replicas *out)
{
    pthread_mutex_lock(&set->lock);
    out->count = set->count;
    for (uint32_t i = 0; i < set->count; i++)
        out->in_use += set->replicas[i].in_use;
    out->replica_reads = set->replica_reads;
    out->primary_reads = set->primary_reads;
    pthread_mutex_unlock(&set->lock);
}

/* ------------------------------------------------------------------------------------------------ watching */

/* Until the next look: soon, as long as the primary has not been seen. False: it is over. */
static bool wait_tick(shop_pg_replicas *set)
{
    pthread_mutex_lock(&set->lock);
    int64_t until = shop_monotonic_now() + (set->newest.at ? set->tick : FIRST_TICK);
    while (!set->ending && shop_monotonic_now() < until)
        (void)shop_cond_wait(&set->ended, &set->lock, until);
    bool goes_on = !set->ending;
    pthread_mutex_unlock(&set->lock);
    return goes_on;
}

/* A primary that is behind where it was is another one: what was known of the old one says nothing. */
static void keep_sample(shop_pg_replicas *set, sample taken)
{
    if (taken.position < set->newest.position)
        set->sample_count = 0;
    set->newest = taken;
    const sample *last = set->sample_count ? &set->samples[(set->sample_count - 1) % SAMPLES] : NULL;
    if (!last || taken.at - last->at >= set->lag / PARTS)
        set->samples[set->sample_count++ % SAMPLES] = taken;
}

static void look_at_primary(shop_pg_replicas *set)
{
    uint64_t replayed[SHOP_PG_REPLICAS];
    pthread_mutex_lock(&set->lock);
    for (uint32_t i = 0; i < set->count; i++)
        replayed[i] = set->replicas[i].replayed;
    pthread_mutex_unlock(&set->lock);
    shop_fault fault;
    int64_t position = 0;
    int64_t now = shop_monotonic_now();
    if (shop_pg_ask(set->primary, SHOP_PG_FLUSHED, now + PATIENCE, &position, &fault) != SHOP_STORAGE_OK || position < 1)
        return;
    pthread_mutex_lock(&set->lock);
    keep_sample(set, (sample){.at = now, .position = (uint64_t)position});
    for (uint32_t i = 0; i < set->count; i++)
        set->replicas[i].is_ahead = replayed[i] > (uint64_t)position;
    pthread_mutex_unlock(&set->lock);
}

static void *watch_primary(void *argument)
{
    shop_pg_replicas *set = argument;
    do
        look_at_primary(set);
    while (wait_tick(set));
    return NULL;
}

static void look_at(replica *r)
{
    shop_fault fault;
    int64_t replayed = 0;
    int32_t outcome = shop_pg_ask(r->pool, SHOP_PG_REPLAYED, shop_monotonic_now() + PATIENCE, &replayed, &fault);
    pthread_mutex_lock(&r->set->lock);
    if (outcome == SHOP_STORAGE_OK)
        judge(r, (uint64_t)replayed);
    else if (is_server_gone(&fault))
        leave_aside(r, fault.detail);
    unlock_and_log(r);
}

static void *watch_replica(void *argument)
{
    replica *r = argument;
    do
        look_at(r);
    while (wait_tick(r->set));
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ life */

static bool start_replica(shop_pg_replicas *set, const shop_pg_host *host)
{
    replica *r = &set->replicas[set->count];
    r->set = set;
    r->address = *set->address;
    r->address.host = host;
    r->address.read_only = true;
    (void)snprintf(r->name, sizeof r->name, "%s:%s", host->name, host->port);
    (void)snprintf(r->address.where, sizeof r->address.where, "%.60s:%s", host->name, host->port);
    r->pool = shop_pg_pool_new(&r->address);
    set->count += r->pool != NULL;
    return r->pool != NULL;
}

static bool start_watchers(shop_pg_replicas *set)
{
    if (pthread_create(&set->watcher, NULL, watch_primary, set) != 0)
        return false;
    set->watchers = 1;
    for (uint32_t i = 0; i < set->count; i++) {
        if (pthread_create(&set->replicas[i].watcher, NULL, watch_replica, &set->replicas[i]) != 0)
            return false;
        set->watchers++;
    }
    return true;
}

shop_pg_replicas *shop_pg_replicas_new(const shop_pg_address *address, shop_pg_pool *primary, const shop_storage_host *host)
{
    shop_pg_replicas *set = shop_mem_zalloc(1, sizeof *set);
    if (!set)
        return NULL;
    set->address = address;
    set->host = host;
    set->primary = primary;
    set->lag = address->replica_lag * SECOND;
    set->tick = set->lag / 4 < SECOND ? set->lag / 4 : SECOND;
    if (shop_cond_init(&set->ended) != 0) {
        shop_mem_free(set);
        return NULL;
    }
    pthread_mutex_init(&set->lock, NULL);
    bool started = true;
    for (uint32_t i = 0; i < address->replica_count && started; i++)
        started = start_replica(set, &address->replicas[i]);
    if (!started || !start_watchers(set)) {
        shop_pg_replicas_free(set);
        return NULL;
    }
    return set;
}

void shop_pg_replicas_free(shop_pg_replicas *set)
{
    if (!set)
        return;
    pthread_mutex_lock(&set->lock);
    set->ending = true;
    pthread_cond_broadcast(&set->ended);
    pthread_mutex_unlock(&set->lock);
    if (set->watchers)
        pthread_join(set->watcher, NULL);
    for (uint32_t i = 0; i + 1 < set->watchers; i++)
        pthread_join(set->replicas[i].watcher, NULL);
    for (uint32_t i = 0; i < set->count; i++)
        shop_pg_pool_free(set->replicas[i].pool);
    pthread_cond_destroy(&set->ended);
    pthread_mutex_destroy(&set->lock);
    shop_mem_free(set);
}
