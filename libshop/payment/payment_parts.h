/* SPDX-License-Identifier: MIT */
/* What other domains may use of payments: reads and sagas. */
#ifndef SHOP_PAYMENT_PARTS_H
#define SHOP_PAYMENT_PARTS_H

#include "../storage/store.h"

typedef struct shop_payment_brief {
    int64_t id;
    int64_t order;
    const char *status;
} shop_payment_brief;

/* JSON of it: {id, status}. */
extern const shop_type shop_payment_brief_type;

/* Adds a read of the payments of the orders that column `other` of an earlier read names. Returns the read's number. */
int shop_payment_part_read_in(shop_query *q, int read, uint16_t other);

/* After the query ran: the payment of that order, from the arena; NULL when it has none. */
const shop_payment_brief *shop_payment_part_find(shop_ctx *cx, const shop_query *q, int read, int64_t order_id);

/*
 * In the batch that cancels an order: what was paid for it is reserved to go back, what is being paid will be cancelled: nothing is
 * forgotten whatever happens next. Nothing when there is no payment.
 */
shop_status shop_payment_part_order_cancelled(shop_ctx *cx, shop_batch *b, int64_t order_id);

/*
 * In the batch in which an order's time is over and its payment could still be made: from now on the reconciler asks the gateway, and
 * cancels the order as soon as no money can come. SHOP_NOT_FOUND: the order has no payment that could.
 */
shop_status shop_payment_part_expire(shop_ctx *cx, shop_batch *b, int64_t order_id);

/*
 * After its order was cancelled: cancels the payment at the gateway, or refunds what was captured. Safe to call any number of times.
 * SHOP_OK when there is nothing left to do; else the gateway's or storage's error (the reconciler will call again).
 */
shop_status shop_payment_settle_cancelled(shop_ctx *cx, int64_t order_id);

/* Job: goes on with up to `limit` payments and refunds that are due to be looked at. *done: how many. */
shop_status shop_payment_reconcile(shop_ctx *cx, int64_t limit, int64_t *done);

/* Job: lets the gateway do up to `limit` pieces of work of its own. *done: how many. */
shop_status shop_payment_gateway_work(shop_ctx *cx, int64_t limit, int64_t *done);

#endif
