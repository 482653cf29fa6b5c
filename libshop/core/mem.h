/* SPDX-License-Identifier: MIT */
/* The library's memory: one replaceable set of functions (shop_set_allocator). */
#ifndef SHOP_CORE_MEM_H
#define SHOP_CORE_MEM_H

#include <stddef.h>

void *shop_mem_alloc(size_t size); /* NULL when memory is out; never for size 0 */
void *shop_mem_zalloc(size_t count, size_t size); /* zeroed; overflow of count * size checked */
void *shop_mem_realloc(void *p, size_t size);
void shop_mem_free(void *p);
char *shop_mem_strdup(const char *s); /* NULL stays NULL */

#endif
