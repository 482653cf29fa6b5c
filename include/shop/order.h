/* SPDX-License-Identifier: MIT */
/*
 * Orders: what was bought, as it was bought, and what becomes of it.
 *
 *   pending → processing → shipped → delivered
 *   pending, processing → cancelled
 *
 * An order is pending until it is paid or accepted by staff. Cancelling gives the stock back exactly once, and cancels or
 * refunds the payment. A pending order that nobody pays is cancelled when options.order_ttl is over (shop_jobs_run); one
 * over nothing (total 0) waits for staff.
 *
 * Every function acts for the context's actor (SHOP_UNAUTHENTICATED without one) and may also return SHOP_BUSY,
 * SHOP_UNAVAILABLE, SHOP_NO_MEMORY and SHOP_INTERNAL, and the changes what shop_ctx_set_idempotency_key and
 * shop_ctx_set_if_match bring with them. Handles live in the context that returned them. A context is used by one thread at
 * a time; different contexts may do all of this at once.
 */
#ifndef SHOP_ORDER_H
#define SHOP_ORDER_H

#include <shop/base.h>
#include <shop/cart.h>
#include <shop/type.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SHOP_ORDER_ADDRESS_MAX 1000 /* characters of a shipping address */

typedef struct shop_order shop_order;

/* ------------------------------------------------------------------------------------------------ inputs */

/* "order_input". */
typedef struct shop_order_input {
    size_t struct_size;
    const char *shipping_address; /* 1..SHOP_ORDER_ADDRESS_MAX characters, may have lines; required */
} shop_order_input;

#define SHOP_ORDER_INPUT_INIT                                                                                                  \
    {                                                                                                                          \
        sizeof(shop_order_input), NULL                                                                                         \
    }
SHOP_API void shop_order_input_init(shop_order_input *in);

/* "order_status_input": what shop_order_set_status takes, for callers that decode JSON. */
typedef struct shop_order_status_input {
    size_t struct_size;
    const char *status; /* required */
} shop_order_status_input;

#define SHOP_ORDER_STATUS_INPUT_INIT                                                                                           \
    {                                                                                                                          \
        sizeof(shop_order_status_input), NULL                                                                                  \
    }
SHOP_API void shop_order_status_input_init(shop_order_status_input *in);

/* "order_filter": which of the own orders. */
typedef struct shop_order_filter {
    size_t struct_size;
    const char *status; /* NULL: any */
    int64_t page;
    int64_t page_size;
    const char *cursor;
} shop_order_filter;

#define SHOP_ORDER_FILTER_INIT                                                                                                 \
    {                                                                                                                          \
        sizeof(shop_order_filter), NULL, SHOP_UNSET, SHOP_UNSET, NULL                                                          \
    }
SHOP_API void shop_order_filter_init(shop_order_filter *in);

/* "order_admin_filter": which of everyone's orders. */
typedef struct shop_order_admin_filter {
    size_t struct_size;
    const char *status; /* NULL: any */
    int64_t user; /* SHOP_UNSET: anybody's */
    int64_t created_after; /* placed at this time or later; SHOP_UNSET: no limit */
    int64_t created_before; /* placed before this time; SHOP_UNSET: no limit */
    int64_t page;
    int64_t page_size;
    const char *cursor;
} shop_order_admin_filter;

#define SHOP_ORDER_ADMIN_FILTER_INIT                                                                                           \
    {                                                                                                                          \
        sizeof(shop_order_admin_filter), NULL, SHOP_UNSET, SHOP_UNSET, SHOP_UNSET, SHOP_UNSET, SHOP_UNSET, NULL                \
    }
SHOP_API void shop_order_admin_filter_init(shop_order_admin_filter *in);

/* ------------------------------------------------------------------------------------------------ changes */

/*
 * Buys what is in the own cart, all or nothing: every item is checked (active, in stock), stock falls, the order appears,
 * the cart empties. Prices are the cart's. *order (`order` may be NULL) becomes the new, pending order.
 * SHOP_OK; SHOP_INVALID: "validation_error", "cart_empty", "product_inactive", "insufficient_stock" (fields
 * "items.ID" say which items and how many there are), "amount_too_large"; SHOP_FORBIDDEN for SHOP_ACTOR_SYSTEM.
 */
SHOP_API shop_status shop_order_place(shop_ctx *cx, const shop_order_input *in, const shop_order **order);

/*
 * Cancels an own order that is pending or processing: stock comes back, and what was paid. When the payment gateway is away
 * the order is cancelled all the same and the money follows later. *order (`order` may be NULL) becomes the order with its
 * payment as it was at that moment.
 * SHOP_OK; SHOP_NOT_FOUND "order_not_found"; SHOP_INVALID "invalid_transition".
 */
SHOP_API shop_status shop_order_cancel(shop_ctx *cx, int64_t order_id, const shop_order **order);

/*
 * Moves anybody's order on, for staff. `cancelled` does what shop_order_cancel does. The detail of "invalid_transition" names
 * the moves that are allowed.
 * SHOP_OK; SHOP_FORBIDDEN; SHOP_NOT_FOUND "order_not_found"; SHOP_INVALID: "validation_error" (no such status),
 * "invalid_transition"; SHOP_PRECONDITION.
 */
SHOP_API shop_status shop_order_set_status(shop_ctx *cx, int64_t order_id, const char *status, const shop_order **order);

/* ------------------------------------------------------------------------------------------------ reads */

/* An own order; any order for staff. SHOP_OK; SHOP_NOT_FOUND "order_not_found". */
SHOP_API shop_status shop_order_get(shop_ctx *cx, int64_t order_id, const shop_order **order);

/* The own orders, newest first. `in` may be NULL. SHOP_OK; SHOP_INVALID "validation_error"; SHOP_NOT_FOUND "page_not_found". */
SHOP_API shop_status shop_order_list(shop_ctx *cx, const shop_order_filter *in, const shop_page **page);

/* Everyone's orders, newest first, for staff. `in` may be NULL. As shop_order_list; SHOP_FORBIDDEN. */
SHOP_API shop_status shop_order_list_all(shop_ctx *cx, const shop_order_admin_filter *in, const shop_page **page);

/* Order i of a page of orders; NULL beyond the end. */
SHOP_API const shop_order *shop_order_at(const shop_page *page, size_t i);

SHOP_API int64_t shop_order_id(const shop_order *order);
SHOP_API int64_t shop_order_user(const shop_order *order);
SHOP_API const char *shop_order_status(const shop_order *order); /* "pending" … "cancelled" */
SHOP_API const char *shop_order_shipping_address(const shop_order *order);
SHOP_API size_t shop_order_item_count(const shop_order *order);
SHOP_API const shop_line *shop_order_item(const shop_order *order, size_t i); /* NULL beyond the end */
SHOP_API int64_t shop_order_total(const shop_order *order); /* minor units of its currency */
SHOP_API const char *shop_order_currency(const shop_order *order); /* "usd" */
SHOP_API int64_t shop_order_created_at(const shop_order *order);
SHOP_API int64_t shop_order_updated_at(const shop_order *order);
SHOP_API int64_t shop_order_payment_id(const shop_order *order); /* 0: it has none */
SHOP_API const char *shop_order_payment_status(const shop_order *order); /* NULL: it has none */

/*
 * {"id","user","status","shipping_address","items","total_price","total_amount","currency","created_at","updated_at",
 * "payment"}. SHOP_OK, SHOP_NO_MEMORY, SHOP_MISUSE.
 */
SHOP_API shop_status shop_order_to_json(shop_ctx *cx, const shop_order *order, const char **json, size_t *length);

#ifdef __cplusplus
}
#endif

#endif
