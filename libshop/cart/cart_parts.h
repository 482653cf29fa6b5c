/* SPDX-License-Identifier: MIT */
/* What other domains may use of carts and the catalogue's rows in them: a cart as checkout needs it, and batch parts. */
#ifndef SHOP_CART_PARTS_H
#define SHOP_CART_PARTS_H

#include "../storage/store.h"

typedef struct shop_cart_line { /* one item with the product as it is now */
    int64_t item_id;
    int64_t product_id;
    const char *name;
    const char *slug;
    int64_t quantity;
    int64_t price; /* the snapshot */
    int64_t stock;
    int64_t product_is_active;
} shop_cart_line;

typedef struct shop_cart_content {
    int64_t cart_id; /* 0: the user has no cart yet */
    int64_t version;
    size_t count;
    const shop_cart_line *lines; /* by product id, ascending: the order in which batches touch products */
} shop_cart_content;

/* Reads a user's cart in one snapshot. */
shop_status shop_cart_part_read(shop_ctx *cx, int64_t user, shop_cart_content *out);

/* Empties exactly that cart: guarded by its version. */
void shop_cart_part_clear(shop_batch *b, const shop_cart_content *cart, int64_t now);

/* Takes a product out of every cart (it is being deleted). */
void shop_cart_part_forget_product(shop_batch *b, int64_t product_id);

#endif
