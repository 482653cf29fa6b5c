/* SPDX-License-Identifier: MIT */
/*
 * Carts: what a customer means to buy. One a user; it is there from the first item on, and an empty one is shown before.
 *
 * The price of an item is the product's at the moment it was first put in, and stays. Every function acts for the
 * context's actor, who must be a user (SHOP_UNAUTHENTICATED; SHOP_FORBIDDEN for SHOP_ACTOR_SYSTEM, which has no cart).
 * Each may also return SHOP_BUSY, SHOP_UNAVAILABLE, SHOP_NO_MEMORY and SHOP_INTERNAL, and the changes what
 * shop_ctx_set_idempotency_key and shop_ctx_set_if_match bring with them. Handles live in the context that returned
 * them. A context is used by one thread at a time; different contexts may do all of this to one cart at once.
 */
#ifndef SHOP_CART_H
#define SHOP_CART_H

#include <shop/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SHOP_CART_ITEMS_MAX 100 /* different products in one cart */
#define SHOP_CART_QUANTITY_MAX 10000 /* pieces of one product in one cart */

typedef struct shop_cart shop_cart;
typedef struct shop_line shop_line; /* an item of a cart, or of an order (see <shop/order.h>) */

/* ------------------------------------------------------------------------------------------------ changes */

/*
 * Puts `quantity` (1..SHOP_CART_QUANTITY_MAX; SHOP_UNSET: 1) pieces of a product into the cart; an item that is there
 * already grows and keeps its price. *cart becomes the whole cart.
 * SHOP_OK; SHOP_NOT_FOUND "product_not_found"; SHOP_INVALID: "validation_error", "product_inactive", "insufficient_stock"
 * (the detail says how many there are), "quantity_too_large", "cart_full", "amount_too_large".
 */
SHOP_API shop_status shop_cart_add(shop_ctx *cx, int64_t product_id, int64_t quantity, const shop_cart **cart);

/*
 * Sets the quantity (0..SHOP_CART_QUANTITY_MAX) of an item of the own cart; 0 removes it (and *item is what it was, with
 * quantity 0). `item` may be NULL. If-Match is held against the item.
 * SHOP_OK; SHOP_NOT_FOUND "cart_item_not_found"; SHOP_INVALID as shop_cart_add; SHOP_PRECONDITION.
 */
SHOP_API shop_status shop_cart_update_item(shop_ctx *cx, int64_t item_id, int64_t quantity, const shop_line **item);

/* Takes an item out of the own cart. SHOP_OK; SHOP_NOT_FOUND "cart_item_not_found"; SHOP_PRECONDITION. */
SHOP_API shop_status shop_cart_remove_item(shop_ctx *cx, int64_t item_id);

/* Takes everything out; fine when nothing is in. If-Match is held against the cart. SHOP_OK; SHOP_PRECONDITION. */
SHOP_API shop_status shop_cart_clear(shop_ctx *cx);

/* ------------------------------------------------------------------------------------------------ reads */

/* The own cart; an empty one when nothing was put in yet (nothing is written). SHOP_OK. */
SHOP_API shop_status shop_cart_get(shop_ctx *cx, const shop_cart **cart);

SHOP_API int64_t shop_cart_id(const shop_cart *cart); /* known before the cart is used for the first time */
SHOP_API int64_t shop_cart_user(const shop_cart *cart);
SHOP_API size_t shop_cart_item_count(const shop_cart *cart); /* items, each another product */
SHOP_API const shop_line *shop_cart_item(const shop_cart *cart, size_t i); /* NULL beyond the end */
SHOP_API int64_t shop_cart_total_items(const shop_cart *cart); /* pieces */
SHOP_API int64_t shop_cart_total(const shop_cart *cart); /* minor units of the shop's currency */
SHOP_API int64_t shop_cart_created_at(const shop_cart *cart); /* SHOP_UNSET: never used yet */
SHOP_API int64_t shop_cart_updated_at(const shop_cart *cart); /* likewise */

/* {"id","user","items","total_items","cart_total","created_at","updated_at"}. SHOP_OK, SHOP_NO_MEMORY, SHOP_MISUSE. */
SHOP_API shop_status shop_cart_to_json(shop_ctx *cx, const shop_cart *cart, const char **json, size_t *length);

/* ------------------------------------------------------------------------------------------------ items */

/*
 * A line: some pieces of a product at a price. In a cart the product is shown as it is now. In an order its name, slug and
 * price are those it was bought with; stock and is_active are today's, 0 when the product is gone.
 */
SHOP_API int64_t shop_line_id(const shop_line *line);
SHOP_API int64_t shop_line_product_id(const shop_line *line);
SHOP_API const char *shop_line_product_name(const shop_line *line);
SHOP_API const char *shop_line_product_slug(const shop_line *line);
SHOP_API int64_t shop_line_product_price(const shop_line *line); /* minor units */
SHOP_API int64_t shop_line_product_stock(const shop_line *line);
SHOP_API int32_t shop_line_product_is_active(const shop_line *line); /* 1 or 0 */
SHOP_API int64_t shop_line_quantity(const shop_line *line);
SHOP_API int64_t shop_line_price(const shop_line *line); /* of one piece, as it was put into the cart; minor units */
SHOP_API int64_t shop_line_total(const shop_line *line); /* quantity * price */
SHOP_API int64_t shop_line_created_at(const shop_line *line);

/* {"id","product","quantity","price_snapshot","item_total","created_at"}. SHOP_OK, SHOP_NO_MEMORY, SHOP_MISUSE. */
SHOP_API shop_status shop_line_to_json(shop_ctx *cx, const shop_line *line, const char **json, size_t *length);

/* ------------------------------------------------------------------------------------------------ inputs */

/* What shop_cart_add takes, as "cart_item_input" describes it: for callers that decode JSON (shop_from_json). */
typedef struct shop_cart_item_input {
    size_t struct_size;
    int64_t product_id;
    int64_t quantity;
} shop_cart_item_input;

#define SHOP_CART_ITEM_INPUT_INIT                                                                                              \
    {                                                                                                                          \
        sizeof(shop_cart_item_input), SHOP_UNSET, SHOP_UNSET                                                                   \
    }
SHOP_API void shop_cart_item_input_init(shop_cart_item_input *in);

/* What shop_cart_update_item takes: "cart_quantity_input". */
typedef struct shop_cart_quantity_input {
    size_t struct_size;
    int64_t quantity;
} shop_cart_quantity_input;

#define SHOP_CART_QUANTITY_INPUT_INIT                                                                                          \
    {                                                                                                                          \
        sizeof(shop_cart_quantity_input), SHOP_UNSET                                                                           \
    }
SHOP_API void shop_cart_quantity_input_init(shop_cart_quantity_input *in);

#ifdef __cplusplus
}
#endif

#endif
