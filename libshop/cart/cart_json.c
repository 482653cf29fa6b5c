/* SPDX-License-Identifier: MIT */
/* Carts, described once: their JSON, their inputs, their accessors. */
#include <stddef.h>

#include "cart.h"

#define NO_LIMIT SHOP_UNSET, SHOP_UNSET, NULL

/* name, kind, flags, column, offset, min, max, words, of, doc */
static const shop_field item_fields[] = {
    {"id", SHOP_KIND_INT, 0, SHOP_NO_COLUMN, offsetof(shop_line, id), NO_LIMIT, NULL, "the item's id"},
    {"product", SHOP_KIND_OBJECT, 0, SHOP_NO_COLUMN, offsetof(shop_line, product), NO_LIMIT, &shop_product_brief_type,
     "the product as it is now"},
    {"quantity", SHOP_KIND_INT, 0, SHOP_NO_COLUMN, offsetof(shop_line, quantity), NO_LIMIT, NULL, "pieces"},
    {"price_snapshot", SHOP_KIND_MONEY, 0, SHOP_NO_COLUMN, offsetof(shop_line, price), NO_LIMIT, NULL,
     "the price of one piece when the product was first put in"},
    {"item_total", SHOP_KIND_MONEY, 0, SHOP_NO_COLUMN, offsetof(shop_line, total), NO_LIMIT, NULL,
     "quantity times price_snapshot"},
    {"created_at", SHOP_KIND_TIME, 0, SHOP_NO_COLUMN, offsetof(shop_line, created_at), NO_LIMIT, NULL,
     "when the product was first put in"},
};

const shop_type shop_cart_item_type = {
    .name = "cart_item",
    .doc = "An item of a cart.",
    .fields = item_fields,
    .field_count = sizeof item_fields / sizeof item_fields[0],
    .size = sizeof(shop_line),
    .currency_offset = offsetof(shop_line, currency),
};

static const shop_field cart_fields[] = {
    {"id", SHOP_KIND_INT, 0, CART_ID, offsetof(shop_cart, id), NO_LIMIT, NULL, "the cart's id"},
    {"user", SHOP_KIND_INT, 0, CART_USER, offsetof(shop_cart, user), NO_LIMIT, NULL, "id of the user whose cart it is"},
    {"items", SHOP_KIND_LIST, 0, SHOP_NO_COLUMN, offsetof(shop_cart, lines), NO_LIMIT, &shop_cart_item_type,
     "what is in it, each product once, first put in first"},
    {"total_items", SHOP_KIND_INT, 0, SHOP_NO_COLUMN, offsetof(shop_cart, total_items), NO_LIMIT, NULL,
     "pieces of all products together"},
    {"cart_total", SHOP_KIND_MONEY, 0, SHOP_NO_COLUMN, offsetof(shop_cart, total), NO_LIMIT, NULL,
     "the sum of the items' totals"},
    {"created_at", SHOP_KIND_TIME, SHOP_FIELD_NULLABLE, CART_CREATED_AT, offsetof(shop_cart, created_at), NO_LIMIT, NULL,
     "when something was put in for the first time; null before"},
    {"updated_at", SHOP_KIND_TIME, SHOP_FIELD_NULLABLE, CART_UPDATED_AT, offsetof(shop_cart, updated_at), NO_LIMIT, NULL,
     "when it last changed; null before it was used"},
};

const shop_type shop_cart_type = {
    .name = "cart",
    .doc = "A user's cart.",
    .fields = cart_fields,
    .field_count = sizeof cart_fields / sizeof cart_fields[0],
    .size = sizeof(shop_cart),
    .currency_offset = offsetof(shop_cart, currency),
};

/* ------------------------------------------------------------------------------------------------ inputs */

static const shop_field item_input_fields[] = {
    {"product_id", SHOP_KIND_INT, SHOP_FIELD_REQUIRED, SHOP_NO_COLUMN, offsetof(shop_cart_item_input, product_id), 1,
     SHOP_UNSET, NULL, NULL, "the product to put in"},
    {"quantity", SHOP_KIND_INT, 0, SHOP_NO_COLUMN, offsetof(shop_cart_item_input, quantity), 1, SHOP_CART_QUANTITY_MAX, NULL,
     NULL, "how many pieces more; 1 when left out"},
};

const shop_type shop_cart_item_input_type = {
    .name = "cart_item_input",
    .doc = "What is put into a cart.",
    .fields = item_input_fields,
    .field_count = sizeof item_input_fields / sizeof item_input_fields[0],
    .size = sizeof(shop_cart_item_input),
};

static const shop_field quantity_input_fields[] = {
    {"quantity", SHOP_KIND_INT, SHOP_FIELD_REQUIRED, SHOP_NO_COLUMN, offsetof(shop_cart_quantity_input, quantity), 0,
     SHOP_CART_QUANTITY_MAX, NULL, NULL, "how many pieces from now on; 0 removes the item"},
};

const shop_type shop_cart_quantity_input_type = {
    .name = "cart_quantity_input",
    .doc = "The new quantity of a cart's item.",
    .fields = quantity_input_fields,
    .field_count = sizeof quantity_input_fields / sizeof quantity_input_fields[0],
    .size = sizeof(shop_cart_quantity_input),
};

void shop_cart_item_input_init(shop_cart_item_input *in)
{
    *in = (shop_cart_item_input)SHOP_CART_ITEM_INPUT_INIT;
}

void shop_cart_quantity_input_init(shop_cart_quantity_input *in)
{
    *in = (shop_cart_quantity_input)SHOP_CART_QUANTITY_INPUT_INIT;
}

/* ------------------------------------------------------------------------------------------------ accessors */

int64_t shop_cart_id(const shop_cart *cart)
{
    return cart->id;
}

int64_t shop_cart_user(const shop_cart *cart)
{
    return cart->user;
}

size_t shop_cart_item_count(const shop_cart *cart)
{
    return cart->lines.count;
}

const shop_line *shop_cart_item(const shop_cart *cart, size_t i)
{
    return i < cart->lines.count ? (const shop_line *)cart->lines.items + i : NULL;
}

int64_t shop_cart_total_items(const shop_cart *cart)
{
    return cart->total_items;
}

int64_t shop_cart_total(const shop_cart *cart)
{
    return cart->total;
}

int64_t shop_cart_created_at(const shop_cart *cart)
{
    return cart->created_at;
}

int64_t shop_cart_updated_at(const shop_cart *cart)
{
    return cart->updated_at;
}

shop_status shop_cart_to_json(shop_ctx *cx, const shop_cart *cart, const char **json, size_t *length)
{
    return shop_to_json(cx, &shop_cart_type, cart, json, length);
}
