/* SPDX-License-Identifier: MIT */
/* Inside of an order. */
#ifndef SHOP_ORDER_ORDER_H
#define SHOP_ORDER_ORDER_H

#include <shop/order.h>

#include "../cart/cart.h"
#include "../payment/payment_parts.h"

#define ORDER_PENDING "pending"
#define ORDER_PROCESSING "processing"
#define ORDER_SHIPPED "shipped"
#define ORDER_DELIVERED "delivered"
#define ORDER_CANCELLED "cancelled"

struct shop_order {
    int64_t id;
    int64_t user;
    const char *status;
    const char *shipping_address;
    shop_list lines;
    shop_line *own; /* the lines, for who built the order */
    int64_t total;
    const char *currency_code;
    int64_t created_at;
    int64_t updated_at;
    const shop_payment_brief *payment; /* NULL: none */
    const shop_currency *currency;
    int64_t version;
    int64_t expires_at; /* SHOP_UNSET: never */
};

extern const shop_type shop_order_type;
extern const shop_type shop_order_item_type;
extern const shop_type shop_order_input_type;
extern const shop_type shop_order_status_input_type;
extern const shop_type shop_order_filter_type;
extern const shop_type shop_order_admin_filter_type;

/* The words of a status, NULL-terminated. */
extern const char *const shop_order_statuses[];

/* 1 when an order may move from one status to the other. */
int shop_order_may_become(const char *from, const char *to);

/* Tells "invalid_transition" with the moves that are allowed, and returns SHOP_INVALID. */
shop_status shop_order_fail_transition(shop_ctx *cx, const char *from, const char *to);

/* Reads one order, whoever's, with items, products and payment in one snapshot. SHOP_NOT_FOUND "order_not_found". */
shop_status shop_order_read(shop_ctx *cx, int64_t order_id, shop_order **out);

shop_status shop_order_fail_not_found(shop_ctx *cx);

/*
 * Moves an order that was read to another status: adds the operations, guarded by the status and version that were read,
 * and shows the move in the handle. Stock comes back when it is cancelled. SHOP_OK; SHOP_INVALID "invalid_transition".
 */
shop_status shop_order_move(shop_ctx *cx, shop_batch *b, shop_order *order, const char *to);

/*
 * After an order was cancelled: what was or is being paid follows. Not the caller's concern when that cannot be done now:
 * the reconciler goes on. Leaves no error in the context.
 */
void shop_order_settle(shop_ctx *cx, int64_t order_id);

#endif
