/* SPDX-License-Identifier: MIT */
/* /payments over HTTP. */
#include "../app/call.h"

static shop_status config_get(call *c)
{
    const shop_payment_config *config = NULL;
    shop_status status = shop_payment_config_get(c->cx, &config);
    return status == SHOP_OK ? reply_object(c, config) : status;
}

static shop_status create_intent(call *c)
{
    shop_intent_input in = SHOP_INTENT_INPUT_INIT;
    const shop_intent *intent = NULL;
    shop_status status = call_body(c, &in);
    if (status == SHOP_OK)
        status = shop_payment_create_intent(c->cx, &in, &intent);
    if (status != SHOP_OK)
        return status;
    return reply_created(c, intent, "/payments/%lld/", (long long)shop_payment_id(shop_intent_payment(intent)));
}

static shop_status confirm(call *c)
{
    shop_confirm_input in = SHOP_CONFIRM_INPUT_INIT;
    const shop_payment *payment = NULL;
    shop_status status = call_body(c, &in);
    if (status == SHOP_OK)
        status = shop_payment_confirm(c->cx, &in, &payment);
    return status == SHOP_OK ? reply_object(c, payment) : status;
}

static shop_status list(call *c)
{
    shop_payment_filter filter = SHOP_PAYMENT_FILTER_INIT;
    const shop_page *page = NULL;
    shop_status status = call_query(c, &filter);
    if (status == SHOP_OK)
        status = shop_payment_list(c->cx, &filter, &page);
    return status == SHOP_OK ? reply_page(c, page) : status;
}

static shop_status get(call *c)
{
    int64_t id;
    const shop_payment *payment = NULL;
    shop_status status = call_path_id(c, 0, &id);
    if (status == SHOP_OK)
        status = shop_payment_get(c->cx, id, &payment);
    return status == SHOP_OK ? reply_object(c, payment) : status;
}

static shop_status get_of_order(call *c)
{
    int64_t id;
    const shop_payment *payment = NULL;
    shop_status status = call_path_id(c, 0, &id);
    if (status == SHOP_OK)
        status = shop_payment_of_order(c->cx, id, &payment);
    return status == SHOP_OK ? reply_object(c, payment) : status;
}

static shop_status cancel(call *c)
{
    shop_payment_cancel_input in = SHOP_PAYMENT_CANCEL_INPUT_INIT;
    const shop_payment *payment = NULL;
    shop_status status = call_body(c, &in);
    if (status == SHOP_OK)
        status = shop_payment_cancel(c->cx, &in, &payment);
    return status == SHOP_OK ? reply_object(c, payment) : status;
}

static shop_status refund(call *c)
{
    shop_refund_input in = SHOP_REFUND_INPUT_INIT;
    const shop_payment *payment = NULL;
    shop_status status = call_body(c, &in);
    if (status == SHOP_OK)
        status = shop_payment_refund(c->cx, &in, &payment);
    return status == SHOP_OK ? reply_object(c, payment) : status;
}

static shop_status sync_status(call *c)
{
    shop_sync_input in = SHOP_SYNC_INPUT_INIT;
    const shop_payment *payment = NULL;
    shop_status status = call_body(c, &in);
    if (status == SHOP_OK)
        status = shop_payment_sync(c->cx, &in, &payment);
    return status == SHOP_OK ? reply_object(c, payment) : status;
}

static shop_status statistics(call *c)
{
    const shop_payment_statistics *s = NULL;
    shop_status status = shop_payment_statistics_get(c->cx, &s);
    return status == SHOP_OK ? reply_object(c, s) : status;
}

static shop_status webhook(call *c)
{
    const char *signature = http_request_header(c->http, "Stripe-Signature");
    shop_status status = shop_payment_webhook(c->cx, c->http->body, c->http->body_len, signature);
    static const char received[] = "{\"received\":true}";
    return status == SHOP_OK ? reply_json(c, received, sizeof received - 1) : status;
}

#define TAG "payments"

/* method, pattern, handler, access, status, flags, rate class, tag, operation, summary, query, request, response */
const route routes_payments[] = {
    {HTTP_GET, "/payments/config", config_get, ACCESS_USER, 200, 0, "read", TAG, "payment_config",
     "What a client needs to talk to the gateway", NULL, NULL, "payment_config"},
    {HTTP_POST, "/payments/create-intent", create_intent, ACCESS_USER, 201, ROUTE_GATEWAY, "payment", TAG,
     "payment_create_intent", "Begin to pay an order; an open payment of it is used again", NULL, "payment_intent_input",
     "payment_intent"},
    {HTTP_POST, "/payments/confirm", confirm, ACCESS_USER, 200, ROUTE_GATEWAY, "payment", TAG, "payment_confirm",
     "Confirm a payment at the gateway, or fetch its state", NULL, "payment_confirm_input", "payment"},
    {HTTP_GET, "/payments", list, ACCESS_USER, 200, 0, "read", TAG, "payment_list",
     "The own payments (staff: all), newest first", "payment_filter", NULL, "payment[]"},
    {HTTP_GET, "/payments/{id}", get, ACCESS_USER, 200, 0, "read", TAG, "payment_get", "One payment", NULL, NULL, "payment"},
    {HTTP_GET, "/payments/{id}/status", get, ACCESS_USER, 200, 0, "read", TAG, "payment_status", "How a payment stands", NULL,
     NULL, "payment"},
    {HTTP_GET, "/payments/order/{order_id}", get_of_order, ACCESS_USER, 200, 0, "read", TAG, "payment_of_order",
     "The payment of an order", NULL, NULL, "payment"},
    {HTTP_POST, "/payments/cancel", cancel, ACCESS_USER, 200, ROUTE_GATEWAY, "payment", TAG, "payment_cancel",
     "Cancel a payment that is not made yet, and its order", NULL, "payment_cancel_input", "payment"},
    {HTTP_POST, "/payments/refund", refund, ACCESS_USER, 200, ROUTE_GATEWAY, "payment", TAG, "payment_refund",
     "Give money back, all of it or a part", NULL, "payment_refund_input", "payment"},
    {HTTP_POST, "/payments/sync-status", sync_status, ACCESS_USER, 200, ROUTE_GATEWAY, "payment", TAG, "payment_sync",
     "Fetch a payment's state from the gateway", NULL, "payment_sync_input", "payment"},
    {HTTP_GET, "/payments/statistics", statistics, ACCESS_USER, 200, 0, "read", TAG, "payment_statistics",
     "The own payments, counted", NULL, NULL, "payment_statistics"},
    {HTTP_POST, "/payments/webhook", webhook, ACCESS_GATEWAY, 200, ROUTE_RAW_BODY | ROUTE_GATEWAY, "webhook", TAG,
     "payment_webhook", "For the payment gateway: its signed messages", NULL, NULL, "application/json"},
    {0},
};
