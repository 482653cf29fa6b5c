/* SPDX-License-Identifier: MIT */
/* What other domains may use of orders: reads and batch parts. The rules of an order's life are here and nowhere else. */
#ifndef SHOP_ORDER_PARTS_H
#define SHOP_ORDER_PARTS_H

#include "../storage/store.h"

/* The beginning of an order, as other objects show it. */
typedef struct shop_order_brief {
    int64_t id;
    int64_t user;
    const char *status;
    int64_t total_amount;
    const shop_currency *currency;
    int64_t version;
    int64_t created_at;
} shop_order_brief;

/* JSON of it: {id, status, total_amount, created_at}. */
extern const shop_type shop_order_brief_type;

/* Adds a read of the order with that id / of those that column `other` of an earlier read names. Returns the read's number. */
int shop_order_part_read(shop_query *q, int64_t order_id);
int shop_order_part_read_in(shop_query *q, int read, uint16_t other);

/* After the query ran: the order with that id among the read's rows; 0 when it is not there. */
int shop_order_part_find(shop_ctx *cx, const shop_query *q, int read, int64_t order_id, shop_order_brief *out);

/* pending → processing because it is paid; guarded: expects that it still is pending. No expiry any more. */
void shop_order_part_paid(shop_batch *b, const shop_order_brief *order, int64_t now);

/*
 * Cancels an order that is not shipped yet, with its stock: because no money can come for it, or all of it went back. What it means for
 * the payment is the caller's affair. `seen` is the order as the caller decided from it. SHOP_OK; SHOP_INVALID "invalid_transition".
 */
shop_status shop_order_part_cancel(shop_ctx *cx, shop_batch *b, const shop_order_brief *seen);

/* CHECK that the order still has the status it was read with. */
void shop_order_part_unchanged(shop_batch *b, const shop_order_brief *order);

/*
 * Cancels an order, whoever asks: pending or processing only; stock goes back exactly once; then what was or is being paid is settled
 * (shop_payment_settle_cancelled; a gateway that is away does not undo the cancelling: the reconciler goes on).
 * SHOP_OK also when it was cancelled before; SHOP_INVALID "invalid_transition"; SHOP_NOT_FOUND. No check of the actor.
 */
shop_status shop_order_cancel_any(shop_ctx *cx, int64_t order_id);

/*
 * Job: up to `limit` pending orders whose time is over are cancelled; where money might still come that is left to the payment's
 * reconciler, which asks the gateway first. *done: how many.
 */
shop_status shop_order_expire(shop_ctx *cx, int64_t limit, int64_t *done);

#endif
