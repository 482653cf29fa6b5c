/* SPDX-License-Identifier: MIT */
/* Ids are handed out in blocks, so that a batch can name the rows it makes. A block's rest is lost at the end of a process. */
#ifndef SHOP_STORAGE_IDS_H
#define SHOP_STORAGE_IDS_H

#include "../core/ctx.h"

struct shop_ids *shop_ids_new(void);
void shop_ids_free(struct shop_ids *ids);

#endif
