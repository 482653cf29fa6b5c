/* SPDX-License-Identifier: MIT */
/* Lines: the items of carts and orders; their sums and accessors. */
#include "cart.h"

int shop_line_count_total(shop_line *line)
{
    return shop_money_mul(line->price, line->quantity, &line->total);
}

int shop_lines_sum(const shop_line *lines, size_t count, int64_t *total)
{
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        if (!shop_money_add(sum, lines[i].total, &sum))
            return 0;
    *total = sum;
    return 1;
}

int64_t shop_line_id(const shop_line *line)
{
    return line->id;
}

int64_t shop_line_product_id(const shop_line *line)
{
    return line->product->id;
}

const char *shop_line_product_name(const shop_line *line)
{
    return line->product->name;
}

const char *shop_line_product_slug(const shop_line *line)
{
    return line->product->slug;
}

int64_t shop_line_product_price(const shop_line *line)
{
    return line->product->price;
}

int64_t shop_line_product_stock(const shop_line *line)
{
    return line->product->stock_quantity;
}

int32_t shop_line_product_is_active(const shop_line *line)
{
    return line->product->is_active ? 1 : 0;
}

int64_t shop_line_quantity(const shop_line *line)
{
    return line->quantity;
}

int64_t shop_line_price(const shop_line *line)
{
    return line->price;
}

int64_t shop_line_total(const shop_line *line)
{
    return line->total;
}

int64_t shop_line_created_at(const shop_line *line)
{
    return line->created_at;
}

shop_status shop_line_to_json(shop_ctx *cx, const shop_line *line, const char **json, size_t *length)
{
    return shop_to_json(cx, &shop_cart_item_type, line, json, length);
}
