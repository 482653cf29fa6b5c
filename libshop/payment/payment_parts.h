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

/* 1 when money may be on its way: an order with such a payment must not expire. */
int shop_payment_part_under_way(const shop_payment_brief *payment);

/*
 * In the batch that cancels an order: what was paid for it is reserved to go back, so that nothing is forgotten whatever happens next.
 * Nothing when nothing was paid.
 */
shop_status shop_payment_part_give_back(shop_ctx *cx, shop_batch *b, int64_t order_id);

/*
 * After its order was cancelled: cancels the payment at the gateway, or refunds what was captured. Safe to call any number of times.
 * SHOP_OK when there is nothing left to do; else the gateway's or storage's error (the reconciler will call again).
 */
shop_status shop_payment_settle_cancelled(shop_ctx *cx, int64_t order_id);

/* Job: finishes up to `limit` payments and refunds that a crash or a gateway's absence left half done. *done: how many. */
shop_status shop_payment_reconcile(shop_ctx *cx, int64_t limit, int64_t *done);

/* Job: lets the test gateway deliver up to `limit` of its events. *done: how many. */
shop_status shop_payment_deliver_test_events(shop_ctx *cx, int64_t limit, int64_t *done);

#endif
