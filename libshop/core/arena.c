/* SPDX-License-Identifier: MIT */
/* Memory that goes all at once: a chain of chunks, filled from the front. */
#include "arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "mem.h"

#define ALIGNMENT ((size_t)16)
#define FIRST_CHUNK ((size_t)16 * 1024)
#define LARGEST_STEP ((size_t)1024 * 1024)

typedef struct chunk {
    struct chunk *previous;
    size_t size;
    size_t used;
    size_t unused; /* keeps the data aligned */
    unsigned char data[];
} chunk;

struct shop_arena {
    chunk *last;
};

static chunk *chunk_new(size_t size, chunk *previous)
{
    if (size > SIZE_MAX - sizeof(chunk))
        return NULL;
    chunk *c = shop_mem_alloc(sizeof(chunk) + size);
    if (!c)
        return NULL;
    *c = (chunk){.previous = previous, .size = size};
    return c;
}

shop_arena *shop_arena_new(void)
{
    shop_arena *a = shop_mem_alloc(sizeof *a);
    if (!a)
        return NULL;
    a->last = chunk_new(FIRST_CHUNK, NULL);
    if (!a->last) {
        shop_mem_free(a);
        return NULL;
    }
    return a;
}

static void drop_last(shop_arena *a)
{
    chunk *c = a->last;
    a->last = c->previous;
    shop_mem_free(c);
}

void shop_arena_reset(shop_arena *a)
{
    while (a->last->previous)
        drop_last(a);
    a->last->used = 0;
}

void shop_arena_free(shop_arena *a)
{
    if (!a)
        return;
    while (a->last)
        drop_last(a);
    shop_mem_free(a);
}

void *shop_arena_alloc(shop_arena *a, size_t size)
{
    if (size > SIZE_MAX - ALIGNMENT)
        return NULL;
    size = (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    chunk *c = a->last;
    if (size > c->size - c->used) {
        size_t step = c->size < LARGEST_STEP ? c->size * 2 : LARGEST_STEP;
        c = chunk_new(size > step ? size : step, a->last);
        if (!c)
            return NULL;
        a->last = c;
    }
    void *p = c->data + c->used;
    c->used += size;
    return p;
}

void *shop_arena_zalloc(shop_arena *a, size_t size)
{
    void *p = shop_arena_alloc(a, size);
    if (p)
        memset(p, 0, size);
    return p;
}

char *shop_arena_strndup(shop_arena *a, const char *s, size_t len)
{
    if (len == SIZE_MAX)
        return NULL;
    char *copy = shop_arena_alloc(a, len + 1);
    if (!copy)
        return NULL;
    if (len)
        memcpy(copy, s, len);
    copy[len] = '\0';
    return copy;
}

char *shop_arena_strdup(shop_arena *a, const char *s)
{
    return shop_arena_strndup(a, s, strlen(s));
}

static char *arena_vprintf(shop_arena *a, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

static char *arena_vprintf(shop_arena *a, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    char *text = length < 0 ? NULL : shop_arena_alloc(a, (size_t)length + 1);
    if (text)
        (void)vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

char *shop_arena_printf(shop_arena *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(a, format, args);
    va_end(args);
    return text;
}

shop_arena_mark shop_arena_set_mark(const shop_arena *a)
{
    return (shop_arena_mark){.chunk = a->last, .used = a->last->used};
}

void shop_arena_rewind(shop_arena *a, shop_arena_mark mark)
{
    while (a->last != mark.chunk)
        drop_last(a);
    a->last->used = mark.used;
}

void *shop_arena_alloc_for_storage(void *arena, size_t size)
{
    return shop_arena_alloc(arena, size);
}
