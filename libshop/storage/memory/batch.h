/* SPDX-License-Identifier: MIT */
/* A batch against a place of the memory backend. */
#ifndef SHOP_STORAGE_MEMORY_BATCH_H
#define SHOP_STORAGE_MEMORY_BATCH_H

#include "../../core/arena.h"
#include "place.h"

/* Predicates with every IN sorted, ready for shop_memory_scan; in the arena. NULL: out of memory. */
shop_pred *shop_memory_copy_preds(shop_arena *arena, const shop_pred *preds, uint32_t count);

/* Under the place's write lock; the list is well-formed. Wholly or not at all. */
int32_t shop_memory_apply(shop_memory_place *place, const shop_schema *schema, shop_arena *scratch, int64_t deadline,
                          const shop_op_list *list, shop_fault *fault);

#endif
