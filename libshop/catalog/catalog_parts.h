/* SPDX-License-Identifier: MIT */
/* What other domains may use of the catalogue: a product's beginning, and the guards of stock. */
#ifndef SHOP_CATALOG_PARTS_H
#define SHOP_CATALOG_PARTS_H

#include "../storage/store.h"

typedef struct shop_product_brief { /* as carts show it: {id, name, slug, price, stock_quantity, is_active} */
    int64_t id;
    const char *name;
    const char *slug;
    int64_t price;
    int64_t stock_quantity;
    int64_t is_active;
    const shop_currency *currency;
} shop_product_brief;

extern const shop_type shop_product_brief_type;

/* Adds a read of the product with that id / of those that column `other` of an earlier read names. Returns the read's number. */
int shop_product_part_read(shop_query *q, int64_t product_id);
int shop_product_part_read_in(shop_query *q, int read, uint16_t other);

/* After the query ran: the product with that id among the read's rows; 0 when it is not there. Inactive ones are found too. */
int shop_product_part_find(shop_ctx *cx, const shop_query *q, int read, int64_t product_id, shop_product_brief *out);

/* Guard: never oversell. Takes `quantity` from the stock of an active product; expects that there is enough. */
void shop_product_part_take(shop_batch *b, int64_t product_id, int64_t quantity);

/* Stock comes back; a product that is gone since is passed over. */
void shop_product_part_return(shop_batch *b, int64_t product_id, int64_t quantity);

/* CHECK: active, at least that stock, and still at that price. */
void shop_product_part_offered(shop_batch *b, int64_t product_id, int64_t quantity, int64_t price);

/* A job: products made before a column was there get what it holds. */
shop_status shop_catalog_upkeep(shop_ctx *cx, int64_t limit, int64_t *done);

#endif
