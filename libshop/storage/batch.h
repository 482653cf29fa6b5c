/* SPDX-License-Identifier: MIT */
/* Inside of a batch under construction, for the change that applies it. */
#ifndef SHOP_STORAGE_BATCH_H
#define SHOP_STORAGE_BATCH_H

#include "store.h"

shop_batch *shop_batch_new(shop_ctx *cx); /* NULL (told) when memory is out */
uint32_t shop_batch_count(const shop_batch *b);

/* What went wrong while building: SHOP_OK, SHOP_NO_MEMORY or SHOP_INTERNAL. */
shop_status shop_batch_status(const shop_batch *b);

/* The finished list, in the arena; count 0 and ops NULL when memory is out. */
shop_op_list shop_batch_list(shop_batch *b);

#endif
