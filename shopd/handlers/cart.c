/* SPDX-License-Identifier: MIT */
/* /cart: the own cart over HTTP. */
#include "../app/call.h"

static shop_status get_cart(call *c)
{
    const shop_cart *cart = NULL;
    shop_status status = shop_cart_get(c->cx, &cart);
    return status == SHOP_OK ? reply_object(c, cart) : status;
}

static shop_status add_item(call *c)
{
    shop_cart_item_input in = SHOP_CART_ITEM_INPUT_INIT;
    const shop_cart *cart = NULL;
    shop_status status = call_body(c, &in);
    if (status == SHOP_OK)
        status = shop_cart_add(c->cx, in.product_id, in.quantity, &cart);
    return status == SHOP_OK ? reply_object(c, cart) : status;
}

static shop_status reply_removed(call *c)
{
    return reply_words(c, "message", "The item was removed from your cart.");
}

static shop_status update_item(call *c)
{
    shop_cart_quantity_input in = SHOP_CART_QUANTITY_INPUT_INIT;
    const shop_line *item = NULL;
    int64_t id;
    shop_status status = call_path_id(c, 0, &id);
    if (status == SHOP_OK)
        status = call_body(c, &in);
    if (status == SHOP_OK)
        status = shop_cart_update_item(c->cx, id, in.quantity, &item);
    return status == SHOP_OK ? reply_object(c, item) : status;
}

static shop_status remove_item(call *c)
{
    int64_t id;
    shop_status status = call_path_id(c, 0, &id);
    if (status == SHOP_OK)
        status = shop_cart_remove_item(c->cx, id);
    return status == SHOP_OK ? reply_removed(c) : status;
}

static shop_status clear_cart(call *c)
{
    shop_status status = shop_cart_clear(c->cx);
    return status == SHOP_OK ? reply_words(c, "message", "Your cart is empty now.") : status;
}

const route routes_cart[] = {
    {HTTP_GET, "/cart", get_cart, ACCESS_USER, 200, 0, "read", "cart", "cart_get", "The own cart", NULL, NULL, "cart"},
    {HTTP_POST, "/cart/items", add_item, ACCESS_USER, 200, 0, "write", "cart", "cart_add",
     "Put pieces of a product into the cart; an item already there grows", NULL, "cart_item_input", "cart"},
    {HTTP_PUT, "/cart/items/{id}", update_item, ACCESS_USER, 200, 0, "write", "cart", "cart_replace_item",
     "Set the quantity of an item; 0 removes it", NULL, "cart_quantity_input", "cart_item"},
    {HTTP_PATCH, "/cart/items/{id}", update_item, ACCESS_USER, 200, 0, "write", "cart", "cart_update_item",
     "Set the quantity of an item; 0 removes it", NULL, "cart_quantity_input", "cart_item"},
    {HTTP_DELETE, "/cart/items/{id}", remove_item, ACCESS_USER, 200, 0, "write", "cart", "cart_remove_item",
     "Take an item out of the cart", NULL, NULL, NULL},
    {HTTP_POST, "/cart/clear", clear_cart, ACCESS_USER, 200, ROUTE_NO_BODY, "write", "cart", "cart_clear",
     "Take everything out of the cart", NULL, NULL, NULL},
    {HTTP_DELETE, "/cart/clear", clear_cart, ACCESS_USER, 200, 0, "write", "cart", "cart_delete",
     "Take everything out of the cart", NULL, NULL, NULL},
    {0, NULL, NULL, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};
