/* SPDX-License-Identifier: MIT */
/* Handing out connections, with a deadline; those that the server has left are dropped before anything is sent on them. */
#include "pool.h"

#include <pthread.h>

#include "../../core/mem.h"
#include "../check.h"
#include "../wait.h"

#define SLOW                                                                                                                   \
    INT64_C(500000) /* microseconds: a connection that failed after longer than this was not refused, it was not answered … */
#define PAUSE INT64_C(1000000) /* … and for so long nobody else waits for the same */

struct shop_pg_pool {
    const shop_pg_address *address;
    pthread_mutex_t lock;
    pthread_cond_t returned;
    shop_pg_connection *free_ones;
    uint32_t count; /* made, or being made */
    uint32_t waiting;
    int64_t paused_until;
    shop_fault failure; /* why */
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

void shop_pg_pool_free(shop_pg_pool *pool)
{
    if (!pool)
        return;
    while (pool->free_ones) {
        shop_pg_connection *c = pool->free_ones;
        pool->free_ones = c->next;
        shop_pg_disconnect(c);
    }
    pthread_cond_destroy(&pool->returned);
    pthread_mutex_destroy(&pool->lock);
    shop_mem_free(pool);
}

/* Waits for one to be free, or for the right to make one (*taken NULL). False: the deadline passed. */
static bool wait_for_one(shop_pg_pool *pool, int64_t deadline, shop_pg_connection **taken)
{
    int late = 0;
    pthread_mutex_lock(&pool->lock);
    pool->waiting++;
    while (!pool->free_ones && pool->count >= pool->address->pool && !late)
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

/* Callers must not all hang, one timeout each, on a server that does not answer: they are told at once what the last one found. */
static bool is_paused(shop_pg_pool *pool, shop_fault *fault)
{
    pthread_mutex_lock(&pool->lock);
    bool is = shop_monotonic_now() < pool->paused_until;
    if (is)
        *fault = pool->failure;
    pthread_mutex_unlock(&pool->lock);
    return is;
}

static void note_failure(shop_pg_pool *pool, int64_t began, const shop_fault *fault)
{
    int64_t now = shop_monotonic_now();
    if (fault->outcome != SHOP_STORAGE_UNAVAILABLE || now - began < SLOW)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->paused_until = now + PAUSE;
    pool->failure = *fault;
    pthread_mutex_unlock(&pool->lock);
}

static int32_t make_one(shop_pg_pool *pool, shop_pg_connection **made, shop_fault *fault)
{
    int64_t began = shop_monotonic_now();
    int32_t outcome = is_paused(pool, fault) ? fault->outcome : shop_pg_connect(pool->address, made, fault);
    if (outcome != SHOP_STORAGE_OK) {
        note_failure(pool, began, fault);
        lose_one(pool);
    }
    return outcome;
}

int32_t shop_pg_take(shop_pg_pool *pool, int64_t deadline, shop_pg_connection **taken, shop_fault *fault)
{
    do {
        if (!wait_for_one(pool, deadline, taken))
            return shop_fault_set(fault, SHOP_STORAGE_UNAVAILABLE, 0,
                                  "overload: the deadline passed while all connections were busy");
        if (*taken && shop_pg_is_alive(*taken))
            return SHOP_STORAGE_OK;
        if (*taken) {
            shop_pg_disconnect(*taken);
            lose_one(pool);
        }
    } while (*taken);
    return make_one(pool, taken, fault);
}

void shop_pg_return(shop_pg_pool *pool, shop_pg_connection *c)
{
    if (c->broken) {
        shop_pg_disconnect(c);
        lose_one(pool);
        return;
    }
    pthread_mutex_lock(&pool->lock);
    c->next = pool->free_ones;
    pool->free_ones = c;
    if (pool->waiting)
        pthread_cond_signal(&pool->returned);
    pthread_mutex_unlock(&pool->lock);
}
