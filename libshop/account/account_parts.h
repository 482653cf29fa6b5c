/* SPDX-License-Identifier: MIT */
/* What other parts of the library may use of accounts. */
#ifndef SHOP_ACCOUNT_PARTS_H
#define SHOP_ACCOUNT_PARTS_H

#include "../core/ctx.h"

/* Job: deletes up to `limit` sessions whose time is over. *done: how many were due. */
shop_status shop_account_clean(shop_ctx *cx, int64_t limit, int64_t *done);

#endif
