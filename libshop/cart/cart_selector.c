/* SPDX-License-Identifier: MIT */
/* Reading carts: one query, whatever lies in them. */
#include "cart.h"
#include "cart_parts.h"

#include <stdlib.h>

/* A cart and where its parts are in the query that reads it. */
typedef struct cart_reads {
    int cart;
    int items;
    int products;
    int product; /* -1: no product was asked for */
} cart_reads;

/* A cart's id is its user's: it is known before the cart is there, and finds the items without reading the cart first. */
static cart_reads add_reads(shop_query *q, int64_t user, int64_t product_id)
{
    cart_reads r = {.product = -1};
    r.cart = shop_query_read(q, TABLE_CART);
    shop_where_int(q, CART_ID, SHOP_PRED_EQ, user);
    r.items = shop_query_read(q, TABLE_CART_ITEM);
    shop_where_int(q, CART_ITEM_CART, SHOP_PRED_EQ, user);
    shop_query_order(q, CART_ITEM_ID, 0);
    r.products = shop_product_part_read_in(q, r.items, CART_ITEM_PRODUCT);
    if (product_id != 0)
        r.product = shop_product_part_read(q, product_id);
    return r;
}

static shop_status fail_damaged(shop_ctx *cx, int64_t user)
{
    shop_log(cx->shop, SHOP_LOG_ERROR, "the cart of user %lld cannot be added up", (long long)user);
    return shop_fail(cx, SHOP_INTERNAL, "internal_error", "Something went wrong on our side.");
}

/* The lines of the items that were read; 0 when a product is missing or a sum does not fit, which no change allows. */
static int fill_lines(shop_ctx *cx, const shop_query *q, const cart_reads *r, shop_line *lines, shop_product_brief *products)
{
    const shop_rows *items = shop_query_rows(q, r->items);
    for (uint32_t i = 0; i < items->count; i++) {
        int64_t product = shop_row_int(items, i, CART_ITEM_PRODUCT);
        if (!shop_product_part_find(cx, q, r->products, product, &products[i]))
            return 0;
        lines[i] = (shop_line){
            .id = shop_row_int(items, i, CART_ITEM_ID),
            .product = &products[i],
            .quantity = shop_row_int(items, i, CART_ITEM_QUANTITY),
            .price = shop_row_int(items, i, CART_ITEM_PRICE),
            .created_at = shop_row_int(items, i, CART_ITEM_CREATED_AT),
            .currency = cx->shop->currency,
            .product_is_there = 1,
        };
        if (!shop_line_count_total(&lines[i]))
            return 0;
    }
    return 1;
}

static shop_status load_cart(shop_ctx *cx, const shop_query *q, const cart_reads *r, int64_t user, shop_cart *cart)
{
    const shop_rows *carts = shop_query_rows(q, r->cart);
    *cart = (shop_cart){
        .id = user, .user = user, .created_at = SHOP_UNSET, .updated_at = SHOP_UNSET, .currency = cx->shop->currency};
    if (carts->count > 0) {
        shop_type_load(&shop_cart_type, shop_row(carts, 0), cart);
        cart->version = shop_row_int(carts, 0, CART_VERSION);
    }
    size_t count = shop_query_rows(q, r->items)->count;
    shop_line *lines = shop_arena_alloc(cx->arena, (count + 1) * sizeof *lines);
    shop_product_brief *products = shop_arena_alloc(cx->arena, (count + 1) * sizeof *products);
    if (!lines || !products)
        return shop_fail_no_memory(cx);
    if (!fill_lines(cx, q, r, lines, products) || !shop_lines_sum(lines, count, &cart->total))
        return fail_damaged(cx, user);
    for (size_t i = 0; i < count; i++)
        cart->total_items += lines[i].quantity;
    cart->lines = (shop_list){.items = lines, .count = count};
    cart->own = lines;
    return SHOP_OK;
}

shop_status shop_cart_read(shop_ctx *cx, int64_t user, int64_t product_id, shop_cart **cart, shop_product_brief *product,
                           int *found)
{
    shop_query *q = shop_query_new(cx);
    cart_reads r = add_reads(q, user, product_id);
    shop_status status = shop_query_run(q);
    if (status != SHOP_OK)
        return status;
    if (product_id != 0)
        *found = shop_product_part_find(cx, q, r.product, product_id, product);
    *cart = shop_arena_alloc(cx->arena, sizeof **cart);
    return *cart ? load_cart(cx, q, &r, user, *cart) : shop_fail_no_memory(cx);
}

/* ------------------------------------------------------------------------------------------------ parts */

static int by_product(const void *a, const void *b)
{
    int64_t x = ((const shop_cart_line *)a)->product_id;
    int64_t y = ((const shop_cart_line *)b)->product_id;
    return (x > y) - (x < y);
}

shop_status shop_cart_part_read(shop_ctx *cx, int64_t user, shop_cart_content *out)
{
    shop_cart *cart;
    shop_status status = shop_cart_read(cx, user, 0, &cart, NULL, NULL);
    if (status != SHOP_OK)
        return status;
    size_t count = cart->lines.count;
    shop_cart_line *lines = shop_arena_alloc(cx->arena, (count + 1) * sizeof *lines);
    if (!lines)
        return shop_fail_no_memory(cx);
    for (size_t i = 0; i < count; i++) {
        const shop_line *line = shop_cart_item(cart, i);
        lines[i] = (shop_cart_line){
            .item_id = line->id,
            .product_id = line->product->id,
            .name = line->product->name,
            .slug = line->product->slug,
            .quantity = line->quantity,
            .price = line->price,
            .stock = line->product->stock_quantity,
            .product_is_active = line->product->is_active,
        };
    }
    qsort(lines, count, sizeof *lines, by_product);
    *out = (shop_cart_content){
        .cart_id = cart->version > 0 ? cart->id : 0, .version = cart->version, .count = count, .lines = lines};
    return SHOP_OK;
}
