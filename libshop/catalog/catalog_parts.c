/* SPDX-License-Identifier: MIT */
/* What other domains may use of the catalogue: a product's beginning, and the guards of stock. */
#include "catalog.h"

#define BRIEF                                                                                                                  \
    (UINT64_C(1) << PRODUCT_NAME | UINT64_C(1) << PRODUCT_SLUG | UINT64_C(1) << PRODUCT_PRICE | UINT64_C(1) << PRODUCT_STOCK | \
     UINT64_C(1) << PRODUCT_IS_ACTIVE)

int shop_product_part_read(shop_query *q, int64_t product_id)
{
    int read = shop_query_read(q, TABLE_PRODUCT);
    shop_where_int(q, PRODUCT_ID, SHOP_PRED_EQ, product_id);
    shop_query_columns(q, BRIEF);
    return read;
}

int shop_product_part_read_in(shop_query *q, int read, uint16_t other)
{
    int products = shop_query_read(q, TABLE_PRODUCT);
    shop_where_in_read(q, PRODUCT_ID, read, other);
    shop_query_columns(q, BRIEF);
    return products;
}

int shop_product_part_find(shop_ctx *cx, const shop_query *q, int read, int64_t product_id, shop_product_brief *out)
{
    const shop_rows *rows = shop_query_rows(q, read);
    for (uint32_t i = 0; i < rows->count; i++) {
        if (shop_row_int(rows, i, PRODUCT_ID) != product_id)
            continue;
        *out = (shop_product_brief){.currency = cx->shop->currency};
        shop_type_load(&shop_product_brief_type, shop_row(rows, i), out);
        return 1;
    }
    return 0;
}

void shop_product_part_take(shop_batch *b, int64_t product_id, int64_t quantity)
{
    shop_batch_update(b, TABLE_PRODUCT, 1);
    shop_set_add(b, PRODUCT_STOCK, -quantity);
    shop_set_add(b, PRODUCT_VERSION, 1);
    shop_guard_int(b, PRODUCT_ID, SHOP_PRED_EQ, product_id);
    shop_guard_int(b, PRODUCT_IS_ACTIVE, SHOP_PRED_EQ, 1);
    shop_guard_int(b, PRODUCT_STOCK, SHOP_PRED_GE, quantity);
}

void shop_product_part_return(shop_batch *b, int64_t product_id, int64_t quantity)
{
    shop_batch_update(b, TABLE_PRODUCT, SHOP_EXPECT_ANY);
    shop_set_add(b, PRODUCT_STOCK, quantity);
    shop_set_add(b, PRODUCT_VERSION, 1);
    shop_guard_int(b, PRODUCT_ID, SHOP_PRED_EQ, product_id);
}

void shop_product_part_offered(shop_batch *b, int64_t product_id, int64_t quantity, int64_t price)
{
    shop_batch_check(b, TABLE_PRODUCT, 1);
    shop_guard_int(b, PRODUCT_ID, SHOP_PRED_EQ, product_id);
    shop_guard_int(b, PRODUCT_IS_ACTIVE, SHOP_PRED_EQ, 1);
    shop_guard_int(b, PRODUCT_STOCK, SHOP_PRED_GE, quantity);
    shop_guard_int(b, PRODUCT_PRICE, SHOP_PRED_EQ, price);
}
