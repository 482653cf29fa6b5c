/* SPDX-License-Identifier: MIT */
/* Who must see what of the shop's storage at least, when replicas answer. */
#ifndef SHOP_STORAGE_POSITION_H
#define SHOP_STORAGE_POSITION_H

#include <stdbool.h>

#include "../core/ctx.h"

/* When the shop's storage has replicas. False: out of memory. */
bool shop_positions_open(struct shop *s);
void shop_positions_free(struct shop_positions *positions);

/* A change of the context has been applied; 0: there is no knowing where. */
void shop_position_note(shop_ctx *cx, uint64_t position);

/* What a read of the context must show at least; 0: anything will do. */
uint64_t shop_position_needed(const shop_ctx *cx);

#endif
