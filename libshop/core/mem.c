/* SPDX-License-Identifier: MIT */
/* The library's memory: one replaceable set of functions (shop_set_allocator). */
#include "mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <shop/base.h>

static void *(*mem_allocate)(size_t) = malloc;
static void *(*mem_reallocate)(void *, size_t) = realloc;
static void (*mem_release)(void *) = free;

shop_status shop_set_allocator(void *(*allocate)(size_t), void *(*reallocate)(void *, size_t), void (*release)(void *))
{
    if (!allocate || !reallocate || !release)
        return SHOP_MISUSE;
    mem_allocate = allocate;
    mem_reallocate = reallocate;
    mem_release = release;
    return SHOP_OK;
}

void *shop_mem_alloc(size_t size)
{
    return mem_allocate(size ? size : 1);
}

void *shop_mem_zalloc(size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    void *p = shop_mem_alloc(total);
    if (p)
        memset(p, 0, total);
    return p;
}

void *shop_mem_realloc(void *p, size_t size)
{
    return mem_reallocate(p, size ? size : 1);
}

void shop_mem_free(void *p)
{
    mem_release(p);
}

char *shop_mem_strdup(const char *s)
{
    if (!s)
        return NULL;
    size_t size = strlen(s) + 1;
    char *copy = shop_mem_alloc(size);
    if (copy)
        memcpy(copy, s, size);
    return copy;
}
