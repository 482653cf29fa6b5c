/* SPDX-License-Identifier: MIT */
/* Handing out connections, with a deadline; those that the server has left are dropped before anything is sent on them. */
#include "pool.h"

#include <pthread.h>

#include "../../core/mem.h"
#include "../check.h"
#include "../wait.h"

struct shop_pg_pool {
    const shop_pg_address *address;
    pthread_mutex_t lock;
    pthread_cond_t returned;
    shop_pg_connection *free_ones;
    uint32_t count; /* made, or being made */
    uint32_t waiting;
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
    int32_t outcome = shop_pg_connect(pool->address, taken, fault);
    if (outcome != SHOP_STORAGE_OK)
        lose_one(pool);
    return outcome;
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
