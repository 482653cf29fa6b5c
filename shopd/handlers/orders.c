/* SPDX-License-Identifier: MIT */
/* /orders: buying what is in the cart, and what becomes of it, over HTTP. */
#include "../app/call.h"

#include <inttypes.h>

static shop_status place_order(call *c)
{
    shop_order_input in = SHOP_ORDER_INPUT_INIT;
    const shop_order *order = NULL;
    shop_status status = call_body(c, &in);
    if (status == SHOP_OK)
        status = shop_order_place(c->cx, &in, &order);
    if (status != SHOP_OK)
        return status;
    return reply_created(c, order, "/orders/%" PRId64 "/", shop_order_id(order));
}

static shop_status list_orders(call *c)
{
    shop_order_filter in = SHOP_ORDER_FILTER_INIT;
    const shop_page *page = NULL;
    shop_status status = call_query(c, &in);
    if (status == SHOP_OK)
        status = shop_order_list(c->cx, &in, &page);
    return status == SHOP_OK ? reply_page(c, page) : status;
}

static shop_status list_all_orders(call *c)
{
    shop_order_admin_filter in = SHOP_ORDER_ADMIN_FILTER_INIT;
    const shop_page *page = NULL;
    shop_status status = call_query(c, &in);
    if (status == SHOP_OK)
        status = shop_order_list_all(c->cx, &in, &page);
    return status == SHOP_OK ? reply_page(c, page) : status;
}

static shop_status get_order(call *c)
{
    const shop_order *order = NULL;
    int64_t id;
    shop_status status = call_path_id(c, 0, &id);
    if (status == SHOP_OK)
        status = shop_order_get(c->cx, id, &order);
    return status == SHOP_OK ? reply_object(c, order) : status;
}

static shop_status cancel_order(call *c)
{
    int64_t id;
    shop_status status = call_path_id(c, 0, &id);
    if (status == SHOP_OK)
        status = shop_order_cancel(c->cx, id, NULL);
    return status == SHOP_OK ? reply_words(c, "message", "Your order is cancelled.") : status;
}

static shop_status set_order_status(call *c)
{
    shop_order_status_input in = SHOP_ORDER_STATUS_INPUT_INIT;
    const shop_order *order = NULL;
    int64_t id;
    shop_status status = call_path_id(c, 0, &id);
    if (status == SHOP_OK)
        status = call_body(c, &in);
    if (status == SHOP_OK)
        status = shop_order_set_status(c->cx, id, in.status, &order);
    return status == SHOP_OK ? reply_object(c, order) : status;
}

const route routes_orders[] = {
    {HTTP_POST, "/orders", place_order, ACCESS_USER, 201, 0, "write", "orders", "order_place", "Buy what is in the cart", NULL,
     "order_input", "order"},
    {HTTP_POST, "/orders/checkout", place_order, ACCESS_USER, 201, 0, "write", "orders", "order_checkout",
     "Buy what is in the cart", NULL, "order_input", "order"},
    {HTTP_GET, "/orders", list_orders, ACCESS_USER, 200, 0, "read", "orders", "order_list", "The own orders, newest first",
     "order_filter", NULL, "order[]"},
    {HTTP_GET, "/orders/{id}", get_order, ACCESS_USER, 200, 0, "read", "orders", "order_get",
     "An own order; any order for staff", NULL, NULL, "order"},
    {HTTP_POST, "/orders/{id}/cancel", cancel_order, ACCESS_USER, 200, ROUTE_NO_BODY | ROUTE_GATEWAY, "write", "orders",
     "order_cancel", "Cancel an own order that is pending or processing", NULL, NULL, NULL},
    {HTTP_GET, "/orders/admin", list_all_orders, ACCESS_STAFF, 200, 0, "read", "orders", "order_list_all",
     "Everyone's orders, newest first", "order_admin_filter", NULL, "order[]"},
    {HTTP_PATCH, "/orders/{id}/status", set_order_status, ACCESS_STAFF, 200, ROUTE_GATEWAY, "write", "orders",
     "order_set_status", "Move an order to its next status", NULL, "order_status_input", "order"},
    {HTTP_POST, "/orders/admin/{id}/status", set_order_status, ACCESS_STAFF, 200, ROUTE_GATEWAY, "write", "orders",
     "order_admin_set_status", "Move an order to its next status", NULL, "order_status_input", "order"},
    {0, NULL, NULL, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};
