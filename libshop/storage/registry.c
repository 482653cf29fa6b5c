/* SPDX-License-Identifier: MIT */
/* The backends that this process knows: the built-in ones, and those that the program registers. */
#include <shop/sys/storage.h>

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "memory/memory.h"
#ifdef SHOP_POSTGRES
#include "postgres/postgres.h"
#endif
#include "sqlite/sqlite.h"

#define REGISTERED_MAX 16

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const shop_storage_vtable *registered[REGISTERED_MAX];
static size_t registered_count;

int64_t shop_monotonic_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int is_called(const char *name, const char *scheme, size_t length)
{
    return strlen(name) == length && memcmp(name, scheme, length) == 0;
}

static const shop_storage_vtable *find_locked(const char *scheme, size_t length)
{
    const struct {
        const char *name;
        const shop_storage_vtable *vtable;
    } built_in[] = {
        {"memory", shop_storage_memory()},
        {"sqlite", shop_storage_sqlite()},
#ifdef SHOP_POSTGRES
        {"postgresql", shop_storage_postgresql()},
        {"postgres", shop_storage_postgresql()}, /* libpq's URLs may begin with either */
#endif
    };
    for (size_t i = 0; i < sizeof built_in / sizeof built_in[0]; i++)
        if (is_called(built_in[i].name, scheme, length))
            return built_in[i].vtable;
    for (size_t i = 0; i < registered_count; i++)
        if (is_called(registered[i]->name, scheme, length))
            return registered[i];
    return NULL;
}

const shop_storage_vtable *shop_storage_find(const char *url)
{
    const char *colon = url ? strchr(url, ':') : NULL;
    if (!colon)
        return NULL;
    pthread_mutex_lock(&lock);
    const shop_storage_vtable *found = find_locked(url, (size_t)(colon - url));
    pthread_mutex_unlock(&lock);
    return found;
}

static int is_complete(const shop_storage_vtable *v)
{
    return v && v->struct_size >= offsetof(shop_storage_vtable, watch) && v->version >= 1 &&
           v->version <= SHOP_STORAGE_VERSION && v->name && v->name[0] && v->open && v->close && v->query && v->apply &&
           v->allocate && v->ping;
}

shop_status shop_storage_register(const shop_storage_vtable *vtable)
{
    if (!is_complete(vtable))
        return SHOP_INVALID;
    pthread_mutex_lock(&lock);
    shop_status status = SHOP_INVALID;
    if (registered_count < REGISTERED_MAX && !find_locked(vtable->name, strlen(vtable->name))) {
        registered[registered_count++] = vtable;
        status = SHOP_OK;
    }
    pthread_mutex_unlock(&lock);
    return status;
}
