/* SPDX-License-Identifier: MIT */
/* Handing out connections, with a deadline; those that the server has left are dropped before anything is sent on them. */
#include "pool.h"

#include <pthread.h>

#include "../../core/mem.h"
#include "../check.h"
#include "../wait.h"

#define SLOW                                                                                                                   \
    INT64_C(500000) /* microseconds: a connection that failed after longer than this was not refused, it was not answered */
#define PROBE INT64_C(1000000) /* how often somebody tries whether a server that did not answer does so again */

struct shop_pg_pool {
    const shop_pg_address *address;
    pthread_mutex_t lock;
    pthread_cond_t returned;
    shop_pg_connection *free_ones;
    uint32_t count; /* made, or being made */
    uint32_t waiting;
    /* A server that does not answer: all but one caller a PROBE are told so at once, or each would hang for a whole deadline. */
    bool is_silent;
    int64_t next_probe;
    int64_t answered_at; /* the last good end of a call */
    shop_fault failure; /* what the last one found */
};

shop_pg_pool *shop_pg_pool_new(const shop_pg_address *address)
{
    shop_pg_pool *pool = shop_mem_zalloc(1, sizeof *pool);
    if (!pool)
        return NULL;
    pool->address = address;
    if (shop_cond_init(&pool->returned) != 0) {
        shop_mem_free(pool);
        return NULL;
    }
    pthread_mutex_init(&pool->lock, NULL);
    return pool;
}

static void close_all(shop_pg_connection *list)
{
    while (list) {
        shop_pg_connection *c = list;
        list = c->next;
        shop_pg_disconnect(c);
    }
}

void shop_pg_pool_free(shop_pg_pool *pool)
{
    if (!pool)
        return;
    close_all(pool->free_ones);
    pthread_cond_destroy(&pool->returned);
    pthread_mutex_destroy(&pool->lock);
    shop_mem_free(pool);
}

/* With the lock held. True: this caller finds out whether the server answers again. */
static bool may_probe(shop_pg_pool *pool)
{
    int64_t now = shop_monotonic_now();
    if (now < pool->next_probe)
        return false;
    pool->next_probe = now + PROBE;
    return true;
}

/* Is the server known not to answer, and is another caller finding out? */
static bool is_refused(shop_pg_pool *pool, shop_fault *fault)
{
    pthread_mutex_lock(&pool->lock);
    bool is = pool->is_silent && !may_probe(pool);
    if (is)
        *fault = pool->failure;
    pthread_mutex_unlock(&pool->lock);
    return is;
}

/* What began before the server was last heard says nothing of it now. The other connections would not be answered, either. */
static void note_silence(shop_pg_pool *pool, int64_t began, int64_t next_probe, const shop_fault *fault)
{
    shop_pg_connection *useless = NULL;
    pthread_mutex_lock(&pool->lock);
    if (began >= pool->answered_at) {
        if (!pool->is_silent)
            pool->next_probe = next_probe;
        pool->is_silent = true;
        pool->failure = *fault;
        useless = pool->free_ones;
        pool->free_ones = NULL;
        for (shop_pg_connection *c = useless; c; c = c->next)
            pool->count--;
        pthread_cond_broadcast(&pool->returned);
    }
    pthread_mutex_unlock(&pool->lock);
    close_all(useless);
}

/* Waits for one to be free, or for the right to make one (*taken NULL). False: the deadline passed, or the server fell silent. */
static bool wait_for_one(shop_pg_pool *pool, int64_t deadline, shop_pg_connection **taken)
{
    int late = 0;
    pthread_mutex_lock(&pool->lock);
    pool->waiting++;
    while (!pool->free_ones && pool->count >= pool->address->pool && !late && !pool->is_silent)
        late = shop_cond_wait(&pool->returned, &pool->lock, deadline);
    pool->waiting--;
    *taken = pool->free_ones;
    bool got = true;
    if (*taken)
        pool->free_ones = (*taken)->next;
    else if (pool->count < pool->address->pool)
        pool->count++;
    else
        got = false;
    pthread_mutex_unlock(&pool->lock);
    return got;
}

static void lose_one(shop_pg_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->count--;
    pthread_cond_signal(&pool->returned);
    pthread_mutex_unlock(&pool->lock);
}

static int32_t make_one(shop_pg_pool *pool, int64_t deadline, shop_pg_connection **made, shop_fault *fault)
{
    int64_t began = shop_monotonic_now();
    int32_t outcome = shop_pg_connect(pool->address, deadline, made, fault);
    if (outcome == SHOP_STORAGE_UNAVAILABLE && shop_monotonic_now() - began >= SLOW)
        note_silence(pool, began, shop_monotonic_now() + PROBE, fault);
    if (outcome != SHOP_STORAGE_OK)
        lose_one(pool);
    return outcome;
}

static int32_t give(shop_pg_connection *c)
{
    c->taken_at = shop_monotonic_now();
    return SHOP_STORAGE_OK;
}

int32_t shop_pg_take(shop_pg_pool *pool, int64_t deadline, shop_pg_connection **taken, shop_fault *fault)
{
    if (is_refused(pool, fault))
        return fault->outcome;
    do {
        if (!wait_for_one(pool, deadline, taken))
            return is_refused(pool, fault) ? fault->outcome
                                           : shop_fault_set(fault, SHOP_STORAGE_UNAVAILABLE, 0,
                                                            "overload: the deadline passed while all connections were busy");
        if (*taken && shop_pg_is_alive(*taken))
            return give(*taken);
        if (*taken) {
            shop_pg_disconnect(*taken);
            lose_one(pool);
        }
    } while (*taken);
    int32_t outcome = make_one(pool, deadline, taken, fault);
    return outcome == SHOP_STORAGE_OK ? give(*taken) : outcome;
}

void shop_pg_return(shop_pg_pool *pool, shop_pg_connection *c)
{
    if (c->broken) {
        if (c->late) {
            shop_fault fault;
            (void)shop_fault_set(&fault, SHOP_STORAGE_UNAVAILABLE, 0, "timeout: the server does not answer");
            note_silence(pool, c->taken_at, 0, &fault); /* perhaps it was only this link: the next caller finds out */
        }
        shop_pg_disconnect(c);
        lose_one(pool);
        return;
    }
    pthread_mutex_lock(&pool->lock);
    pool->is_silent = false;
    pool->answered_at = shop_monotonic_now();
    c->next = pool->free_ones;
    pool->free_ones = c;
    if (pool->waiting)
        pthread_cond_signal(&pool->returned);
    pthread_mutex_unlock(&pool->lock);
}
