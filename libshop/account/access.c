/* SPDX-License-Identifier: MIT */
/* Who is staff: read fresh for each change that needs it, so that a right that was taken away is gone at once. */
#include "../storage/store.h"

shop_status shop_require_staff(shop_ctx *cx)
{
    if (cx->actor == SHOP_ACTOR_SYSTEM)
        return SHOP_OK;
    shop_status status = shop_require_user(cx);
    if (status != SHOP_OK)
        return status;
    shop_query *q = shop_query_new(cx);
    int read = shop_query_read(q, TABLE_USER);
    shop_where_int(q, USER_ID, SHOP_PRED_EQ, cx->actor);
    shop_where_int(q, USER_IS_STAFF, SHOP_PRED_EQ, 1);
    shop_where_int(q, USER_IS_ACTIVE, SHOP_PRED_EQ, 1);
    shop_query_columns(q, UINT64_C(1) << USER_ID);
    status = shop_query_run(q);
    if (status != SHOP_OK)
        return status;
    if (shop_query_rows(q, read)->count == 1)
        return SHOP_OK;
    return shop_fail(cx, SHOP_FORBIDDEN, "staff_only", "This is for the shop's staff only.");
}
