/* SPDX-License-Identifier: MIT */
/* The job that cancels orders which nobody paid in time. */
#include <string.h>

#include "../storage/due.h"
#include "order.h"
#include "order_parts.h"

typedef struct order_expiring {
    int64_t order_id;
    int64_t now;
    int is_done; /* the last attempt cancelled it, or left it to its payment */
} order_expiring;

/* Looked at again: since it was found it may have been paid, cancelled or handed over. */
static int is_due(const shop_order *order, int64_t now)
{
    return strcmp(order->status, ORDER_PENDING) == 0 && order->expires_at != SHOP_UNSET && order->expires_at <= now;
}

/* From here on its payment carries the matter: the order has no time any more. The version stays: nothing that anybody is shown changes. */
static void hand_over(shop_batch *b, const shop_order *order)
{
    shop_batch_update(b, TABLE_ORDER, 1);
    shop_set_null(b, ORDER_EXPIRES_AT);
    shop_guard_int(b, ORDER_ID, SHOP_PRED_EQ, order->id);
    shop_guard_text(b, ORDER_STATUS, SHOP_PRED_EQ, ORDER_PENDING);
}

static shop_status attempt_expire(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    order_expiring *e = args;
    shop_order *order = NULL;
    *answer = NULL;
    e->is_done = 0;
    shop_status status = shop_order_read(cx, e->order_id, &order);
    if (status != SHOP_OK || !is_due(order, e->now))
        return status;
    e->is_done = 1;
    status = order->payment ? shop_payment_part_expire(cx, b, order->id) : SHOP_NOT_FOUND;
    if (status == SHOP_OK)
        hand_over(b, order);
    if (status != SHOP_NOT_FOUND)
        return status;
    shop_ctx_begin(cx);
    return shop_order_move(cx, b, order, ORDER_CANCELLED);
}

static shop_status expire_one(shop_ctx *cx, int64_t order_id, int64_t now, int64_t *done)
{
    order_expiring e = {.order_id = order_id, .now = now};
    shop_status status = shop_change_step(cx, attempt_expire, &e);
    *done += status == SHOP_OK && e.is_done;
    return status;
}

shop_status shop_order_expire(shop_ctx *cx, int64_t limit, int64_t *done)
{
    int64_t now = shop_now(cx->shop);
    const int64_t *ids = NULL;
    size_t count = 0;
    *done = 0;
    shop_query *q = shop_due_new(cx, TABLE_ORDER, ORDER_EXPIRES_AT, limit);
    shop_where_text(q, ORDER_STATUS, SHOP_PRED_EQ, ORDER_PENDING);
    shop_status status = shop_due_run(cx, q, &ids, &count);
    for (size_t i = 0; status == SHOP_OK && i < count; i++) {
        shop_arena_mark mark = shop_arena_set_mark(cx->arena);
        status = expire_one(cx, ids[i], now, done);
        if (status == SHOP_UNAVAILABLE || status == SHOP_NO_MEMORY)
            return status;
        if (status != SHOP_OK) /* one that cannot be cancelled must not keep the others */
            shop_log(cx->shop, SHOP_LOG_ERROR, "order %lld cannot expire: %s", (long long)ids[i], shop_ctx_error_code(cx));
        shop_ctx_begin(cx);
        shop_arena_rewind(cx->arena, mark);
        status = SHOP_OK;
    }
    return status;
}
