/* SPDX-License-Identifier: MIT */
/* Hashing of passwords by libsodium, under permits: each hash takes memory by the megabyte and time by the tens of milliseconds. */
#include "password.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <time.h>

#define WAITING_PER_PERMIT 64 /* beyond that a caller would wait longer than is any use */

struct shop_password_pool {
    pthread_mutex_t lock;
    pthread_cond_t freed;
    int64_t permits; /* left */
    int64_t waiting;
    int64_t waiting_max;
    uint64_t computed;
    unsigned long long passes;
    size_t memory;
    char nobody[SHOP_PASSWORD_HASH]; /* what an unknown e-mail's password is held against */
};

_Static_assert(SHOP_PASSWORD_HASH >= crypto_pwhash_STRBYTES, "a hash fits");

/* ------------------------------------------------------------------------------------------------ pool */

static int init_waiting(struct shop_password_pool *pool)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return 0;
    int ok = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 && pthread_cond_init(&pool->freed, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    if (ok && pthread_mutex_init(&pool->lock, NULL) != 0) {
        pthread_cond_destroy(&pool->freed);
        ok = 0;
    }
    return ok;
}

/* The password of nobody is random: no password fits its hash. */
static int init_nobody(struct shop_password_pool *pool)
{
    char random[32];
    randombytes_buf(random, sizeof random);
    int rc =
        crypto_pwhash_str_alg(pool->nobody, random, sizeof random, pool->passes, pool->memory, crypto_pwhash_ALG_ARGON2ID13);
    sodium_memzero(random, sizeof random);
    return rc == 0;
}

struct shop_password_pool *shop_password_pool_new(const shop_options *options)
{
    if (sodium_init() < 0 || options->password_memory_kib < 1 || options->password_memory_kib > INT64_C(4194304) ||
        options->password_passes < 1 || options->password_passes > INT64_C(1000) || options->password_threads < 1 ||
        options->password_threads > INT64_C(1024))
        return NULL;
    struct shop_password_pool *pool = shop_mem_zalloc(1, sizeof *pool);
    if (!pool)
        return NULL;
    pool->permits = options->password_threads;
    pool->waiting_max = options->password_threads * WAITING_PER_PERMIT;
    pool->passes = (unsigned long long)options->password_passes;
    pool->memory = (size_t)options->password_memory_kib * 1024;
    if (!init_nobody(pool) || !init_waiting(pool)) {
        shop_mem_free(pool);
        return NULL;
    }
    return pool;
}

void shop_password_pool_free(struct shop_password_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_destroy(&pool->lock);
    pthread_cond_destroy(&pool->freed);
    shop_mem_free(pool);
}

uint64_t shop_password_pool_computed(struct shop_password_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    uint64_t computed = pool->computed;
    pthread_mutex_unlock(&pool->lock);
    return computed;
}

/* ------------------------------------------------------------------------------------------------ permits */

static struct timespec deadline_of(const shop_ctx *cx)
{
    int64_t at = shop_monotonic_now() + cx->shop->options.call_timeout_ms * 1000;
    return (struct timespec){.tv_sec = (time_t)(at / 1000000), .tv_nsec = (long)(at % 1000000) * 1000};
}

/* With the lock held: waits until there is a permit to take; false when there are too many waiting or the time is over. */
static int wait_for_permit(struct shop_password_pool *pool, const struct timespec *deadline)
{
    if (pool->permits > 0)
        return 1;
    if (pool->waiting >= pool->waiting_max)
        return 0;
    pool->waiting++;
    while (pool->permits == 0 && pthread_cond_timedwait(&pool->freed, &pool->lock, deadline) == 0)
        ;
    pool->waiting--;
    return pool->permits > 0;
}

static shop_status take_permit(shop_ctx *cx)
{
    struct shop_password_pool *pool = cx->shop->passwords;
    struct timespec deadline = deadline_of(cx);
    cx->deadline = 0; /* what comes after the hash has its own time */
    pthread_mutex_lock(&pool->lock);
    int taken = wait_for_permit(pool, &deadline);
    pool->permits -= taken;
    pthread_mutex_unlock(&pool->lock);
    return taken ? SHOP_OK
                 : shop_fail(cx, SHOP_BUSY, "password_queue_full", "Too many people are logging in at once. Please try again.");
}

/* After a hash was computed. */
static void give_permit(struct shop_password_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->permits++;
    pool->computed++;
    pthread_cond_signal(&pool->freed);
    pthread_mutex_unlock(&pool->lock);
}

/* ------------------------------------------------------------------------------------------------ hashes */

shop_status shop_password_hash(shop_ctx *cx, const char *password, char hash[static SHOP_PASSWORD_HASH])
{
    struct shop_password_pool *pool = cx->shop->passwords;
    shop_status status = take_permit(cx);
    if (status != SHOP_OK)
        return status;
    int rc = crypto_pwhash_str_alg(hash, password, strlen(password), pool->passes, pool->memory, crypto_pwhash_ALG_ARGON2ID13);
    give_permit(pool);
    return rc == 0 ? SHOP_OK : shop_fail_no_memory(cx);
}

/* -1: not a hash of ours; 0: made with today's cost; 1: with another. */
static int cost_of(const struct shop_password_pool *pool, const char *hash)
{
    if (strlen(hash) >= crypto_pwhash_STRBYTES)
        return -1;
    return crypto_pwhash_str_needs_rehash(hash, pool->passes, pool->memory);
}

shop_status shop_password_verify(shop_ctx *cx, const char *hash, const char *password, int *matches)
{
    struct shop_password_pool *pool = cx->shop->passwords;
    *matches = 0;
    shop_status status = take_permit(cx);
    if (status != SHOP_OK)
        return status;
    int is_hash = hash && cost_of(pool, hash) >= 0;
    errno = 0;
    int rc = crypto_pwhash_str_verify(is_hash ? hash : pool->nobody, password, strlen(password));
    int refused = errno == EINVAL; /* else it could not be computed */
    give_permit(pool);
    if (rc != 0 && !refused)
        return shop_fail_no_memory(cx);
    *matches = rc == 0 && is_hash;
    return SHOP_OK;
}

int shop_password_is_outdated(const shop_ctx *cx, const char *hash)
{
    return cost_of(cx->shop->passwords, hash) > 0;
}
