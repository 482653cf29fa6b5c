/* SPDX-License-Identifier: MIT */
/* Inside of a cart and of a line, the item of carts and orders. */
#ifndef SHOP_CART_CART_H
#define SHOP_CART_CART_H

#include <shop/cart.h>

#include "../catalog/catalog_parts.h"
#include "../core/type.h"

struct shop_line {
    int64_t id;
    const shop_product_brief *product;
    int64_t quantity;
    int64_t price;
    int64_t total;
    int64_t created_at;
    const shop_currency *currency;
    int product_is_there; /* orders: 0 when the product is gone since */
};

struct shop_cart {
    int64_t id;
    int64_t user;
    shop_list lines;
    shop_line *own; /* the lines, for who built the cart: room for one more */
    int64_t total_items;
    int64_t total;
    int64_t created_at;
    int64_t updated_at;
    const shop_currency *currency;
    int64_t version; /* 0: not in storage yet */
};

extern const shop_type shop_cart_type;
extern const shop_type shop_cart_item_type;
extern const shop_type shop_cart_item_input_type;
extern const shop_type shop_cart_quantity_input_type;

/* Sets the line's total from its price and quantity; 0 when it does not fit. */
int shop_line_count_total(shop_line *line);

/* Adds up `count` lines; 0 when the sum does not fit. */
int shop_lines_sum(const shop_line *lines, size_t count, int64_t *total);

/*
 * Reads the cart of a user in one snapshot, an empty one when there is none. Its lines array is the caller's to change and
 * has room for one more. When `product_id` is not 0 the query also reads that product: *found says whether it is there.
 */
shop_status shop_cart_read(shop_ctx *cx, int64_t user, int64_t product_id, shop_cart **cart, shop_product_brief *product,
                           int *found);

#endif
