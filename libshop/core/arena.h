/* SPDX-License-Identifier: MIT */
/* Memory that goes all at once: what a context returns lives here. One thread at a time. */
#ifndef SHOP_CORE_ARENA_H
#define SHOP_CORE_ARENA_H

#include <stddef.h>

typedef struct shop_arena shop_arena;
typedef struct shop_arena_mark {
    void *chunk;
    size_t used;
} shop_arena_mark;

shop_arena *shop_arena_new(void);
void shop_arena_free(shop_arena *a);
void shop_arena_reset(shop_arena *a); /* keeps one chunk for the next use */

void *shop_arena_alloc(shop_arena *a, size_t size); /* aligned 16, uninitialised; NULL when memory is out */
void *shop_arena_zalloc(shop_arena *a, size_t size);
char *shop_arena_strndup(shop_arena *a, const char *s, size_t len); /* NUL-terminated copy */
char *shop_arena_strdup(shop_arena *a, const char *s);
char *shop_arena_printf(shop_arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Everything allocated after the mark goes at the rewind. */
shop_arena_mark shop_arena_set_mark(const shop_arena *a);
void shop_arena_rewind(shop_arena *a, shop_arena_mark mark);

/* For shop_storage_call.alloc. */
void *shop_arena_alloc_for_storage(void *arena, size_t size);

#endif
