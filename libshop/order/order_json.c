/* SPDX-License-Identifier: MIT */
/* Orders, described once: their JSON, their inputs, their accessors. */
#include "order.h"

#include <stddef.h>

#include "../storage/page.h"
#include "order_parts.h"

#define NO_LIMIT SHOP_UNSET, SHOP_UNSET, NULL
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *const shop_order_statuses[] = {ORDER_PENDING,   ORDER_PROCESSING, ORDER_SHIPPED,
                                           ORDER_DELIVERED, ORDER_CANCELLED,  NULL};

/* name, kind, flags, column, offset, min, max, words, of, doc */
static const shop_field item_fields[] = {
    {"id", SHOP_KIND_INT, 0, SHOP_NO_COLUMN, offsetof(shop_line, id), NO_LIMIT, NULL, "the item's id"},
    {"product", SHOP_KIND_OBJECT, 0, SHOP_NO_COLUMN, offsetof(shop_line, product), NO_LIMIT, &shop_product_brief_type,
     "the product with name, slug and price as it was bought; stock_quantity and is_active are "
     "today's, 0 and false when it is gone"},
    {"quantity", SHOP_KIND_INT, 0, SHOP_NO_COLUMN, offsetof(shop_line, quantity), NO_LIMIT, NULL, "pieces"},
    {"price_snapshot", SHOP_KIND_MONEY, 0, SHOP_NO_COLUMN, offsetof(shop_line, price), NO_LIMIT, NULL,
     "the price of one piece that was agreed: the cart's"},
    {"item_total", SHOP_KIND_MONEY, 0, SHOP_NO_COLUMN, offsetof(shop_line, total), NO_LIMIT, NULL,
     "quantity times price_snapshot"},
    {"created_at", SHOP_KIND_TIME, 0, SHOP_NO_COLUMN, offsetof(shop_line, created_at), NO_LIMIT, NULL, "when it was bought"},
};

const shop_type shop_order_item_type = {
    .name = "order_item",
    .doc = "An item of an order, as it was bought.",
    .fields = item_fields,
    .field_count = COUNT(item_fields),
    .size = sizeof(shop_line),
    .currency_offset = offsetof(shop_line, currency),
};

static const shop_field order_fields[] = {
    {"id", SHOP_KIND_INT, 0, ORDER_ID, offsetof(shop_order, id), NO_LIMIT, NULL, "the order's id"},
    {"user", SHOP_KIND_INT, 0, ORDER_USER, offsetof(shop_order, user), NO_LIMIT, NULL, "id of the user who placed it"},
    {"status", SHOP_KIND_TEXT, 0, ORDER_STATUS, offsetof(shop_order, status), SHOP_UNSET, SHOP_UNSET, shop_order_statuses, NULL,
     "pending (placed, not paid), processing (paid, or accepted by staff), shipped, delivered, or "
     "cancelled"},
    {"shipping_address", SHOP_KIND_TEXT, 0, ORDER_SHIPPING_ADDRESS, offsetof(shop_order, shipping_address), NO_LIMIT, NULL,
     "where it goes"},
    {"items", SHOP_KIND_LIST, 0, SHOP_NO_COLUMN, offsetof(shop_order, lines), NO_LIMIT, &shop_order_item_type,
     "what was bought"},
    {"total_price", SHOP_KIND_MONEY, 0, ORDER_TOTAL, offsetof(shop_order, total), NO_LIMIT, NULL,
     "the sum of the items' totals"},
    {"total_amount", SHOP_KIND_MONEY, 0, ORDER_TOTAL, offsetof(shop_order, total), NO_LIMIT, NULL,
     "what is to be paid: always total_price"},
    {"currency", SHOP_KIND_TEXT, 0, ORDER_CURRENCY, offsetof(shop_order, currency_code), NO_LIMIT, NULL,
     "ISO 4217, lower case"},
    {"created_at", SHOP_KIND_TIME, 0, ORDER_CREATED_AT, offsetof(shop_order, created_at), NO_LIMIT, NULL, "when it was placed"},
    {"updated_at", SHOP_KIND_TIME, 0, ORDER_UPDATED_AT, offsetof(shop_order, updated_at), NO_LIMIT, NULL,
     "when its status last changed"},
    {"payment", SHOP_KIND_OBJECT, SHOP_FIELD_NULLABLE, SHOP_NO_COLUMN, offsetof(shop_order, payment), NO_LIMIT,
     &shop_payment_brief_type, "its payment; null before there is one"},
};

const shop_type shop_order_type = {
    .name = "order",
    .doc = "An order.",
    .fields = order_fields,
    .field_count = COUNT(order_fields),
    .size = sizeof(shop_order),
    .currency_offset = offsetof(shop_order, currency),
};

static const shop_field brief_fields[] = {
    {"id", SHOP_KIND_INT, 0, ORDER_ID, offsetof(shop_order_brief, id), NO_LIMIT, NULL, "the order's id"},
    {"status", SHOP_KIND_TEXT, 0, ORDER_STATUS, offsetof(shop_order_brief, status), SHOP_UNSET, SHOP_UNSET, shop_order_statuses,
     NULL, "its status"},
    {"total_amount", SHOP_KIND_MONEY, 0, ORDER_TOTAL, offsetof(shop_order_brief, total_amount), NO_LIMIT, NULL,
     "what is to be paid"},
    {"created_at", SHOP_KIND_TIME, 0, ORDER_CREATED_AT, offsetof(shop_order_brief, created_at), NO_LIMIT, NULL,
     "when it was placed"},
};

const shop_type shop_order_brief_type = {
    .name = "order_brief",
    .doc = "The beginning of an order.",
    .fields = brief_fields,
    .field_count = COUNT(brief_fields),
    .size = sizeof(shop_order_brief),
    .currency_offset = offsetof(shop_order_brief, currency),
};

/* ------------------------------------------------------------------------------------------------ inputs */

static const shop_field input_fields[] = {
    {"shipping_address", SHOP_KIND_TEXT, SHOP_FIELD_REQUIRED | SHOP_FIELD_MULTILINE, SHOP_NO_COLUMN,
     offsetof(shop_order_input, shipping_address), 1, SHOP_ORDER_ADDRESS_MAX, NULL, NULL, "where it shall go; may have lines"},
};

const shop_type shop_order_input_type = {
    .name = "order_input",
    .doc = "What is needed to buy what is in the cart.",
    .fields = input_fields,
    .field_count = COUNT(input_fields),
    .size = sizeof(shop_order_input),
};

static const shop_field status_input_fields[] = {
    {"status", SHOP_KIND_TEXT, SHOP_FIELD_REQUIRED, SHOP_NO_COLUMN, offsetof(shop_order_status_input, status), SHOP_UNSET,
     SHOP_UNSET, shop_order_statuses, NULL,
     "the status it shall have; pending may become processing or cancelled, processing shipped or "
     "cancelled, shipped delivered"},
};

const shop_type shop_order_status_input_type = {
    .name = "order_status_input",
    .doc = "An order's next status.",
    .fields = status_input_fields,
    .field_count = COUNT(status_input_fields),
    .size = sizeof(shop_order_status_input),
};

static const char page_doc[] = "the page's number, from 1";
static const char page_size_doc[] = "orders a page; 10 when left out";
static const char cursor_doc[] = "pages by position instead of number: empty for the first page, then as next and previous say";

static const shop_field filter_fields[] = {
    {"status", SHOP_KIND_TEXT, 0, SHOP_NO_COLUMN, offsetof(shop_order_filter, status), SHOP_UNSET, SHOP_UNSET,
     shop_order_statuses, NULL, "only orders of this status"},
    {"page", SHOP_KIND_INT, 0, SHOP_NO_COLUMN, offsetof(shop_order_filter, page), 1, SHOP_UNSET, NULL, NULL, page_doc},
    {"page_size", SHOP_KIND_INT, 0, SHOP_NO_COLUMN, offsetof(shop_order_filter, page_size), 1, SHOP_PAGE_SIZE_MAX, NULL, NULL,
     page_size_doc},
    {"cursor", SHOP_KIND_TEXT, SHOP_FIELD_BLANK, SHOP_NO_COLUMN, offsetof(shop_order_filter, cursor), NO_LIMIT, NULL,
     cursor_doc},
};

const shop_type shop_order_filter_type = {
    .name = "order_filter",
    .doc = "Which of the own orders.",
    .fields = filter_fields,
    .field_count = COUNT(filter_fields),
    .size = sizeof(shop_order_filter),
};

static const shop_field admin_filter_fields[] = {
    {"status", SHOP_KIND_TEXT, 0, SHOP_NO_COLUMN, offsetof(shop_order_admin_filter, status), SHOP_UNSET, SHOP_UNSET,
     shop_order_statuses, NULL, "only orders of this status"},
    {"user", SHOP_KIND_INT, 0, SHOP_NO_COLUMN, offsetof(shop_order_admin_filter, user), 1, SHOP_UNSET, NULL, NULL,
     "only orders of the user with this id"},
    {"created_after", SHOP_KIND_TIME, 0, SHOP_NO_COLUMN, offsetof(shop_order_admin_filter, created_after), NO_LIMIT, NULL,
     "only orders placed at this time or later"},
    {"created_before", SHOP_KIND_TIME, 0, SHOP_NO_COLUMN, offsetof(shop_order_admin_filter, created_before), NO_LIMIT, NULL,
     "only orders placed before this time"},
    {"page", SHOP_KIND_INT, 0, SHOP_NO_COLUMN, offsetof(shop_order_admin_filter, page), 1, SHOP_UNSET, NULL, NULL, page_doc},
    {"page_size", SHOP_KIND_INT, 0, SHOP_NO_COLUMN, offsetof(shop_order_admin_filter, page_size), 1, SHOP_PAGE_SIZE_MAX, NULL,
     NULL, page_size_doc},
    {"cursor", SHOP_KIND_TEXT, SHOP_FIELD_BLANK, SHOP_NO_COLUMN, offsetof(shop_order_admin_filter, cursor), NO_LIMIT, NULL,
     cursor_doc},
};

const shop_type shop_order_admin_filter_type = {
    .name = "order_admin_filter",
    .doc = "Which of everyone's orders.",
    .fields = admin_filter_fields,
    .field_count = COUNT(admin_filter_fields),
    .size = sizeof(shop_order_admin_filter),
};

void shop_order_input_init(shop_order_input *in)
{
    *in = (shop_order_input)SHOP_ORDER_INPUT_INIT;
}

void shop_order_status_input_init(shop_order_status_input *in)
{
    *in = (shop_order_status_input)SHOP_ORDER_STATUS_INPUT_INIT;
}

void shop_order_filter_init(shop_order_filter *in)
{
    *in = (shop_order_filter)SHOP_ORDER_FILTER_INIT;
}

void shop_order_admin_filter_init(shop_order_admin_filter *in)
{
    *in = (shop_order_admin_filter)SHOP_ORDER_ADMIN_FILTER_INIT;
}

/* ------------------------------------------------------------------------------------------------ accessors */

const shop_order *shop_order_at(const shop_page *page, size_t i)
{
    return shop_page_item(page, &shop_order_type, i);
}

int64_t shop_order_id(const shop_order *order)
{
    return order->id;
}

int64_t shop_order_user(const shop_order *order)
{
    return order->user;
}

const char *shop_order_status(const shop_order *order)
{
    return order->status;
}

const char *shop_order_shipping_address(const shop_order *order)
{
    return order->shipping_address;
}

size_t shop_order_item_count(const shop_order *order)
{
    return order->lines.count;
}

const shop_line *shop_order_item(const shop_order *order, size_t i)
{
    return i < order->lines.count ? (const shop_line *)order->lines.items + i : NULL;
}

int64_t shop_order_total(const shop_order *order)
{
    return order->total;
}

const char *shop_order_currency(const shop_order *order)
{
    return order->currency_code;
}

int64_t shop_order_created_at(const shop_order *order)
{
    return order->created_at;
}

int64_t shop_order_updated_at(const shop_order *order)
{
    return order->updated_at;
}

int64_t shop_order_payment_id(const shop_order *order)
{
    return order->payment ? order->payment->id : 0;
}

const char *shop_order_payment_status(const shop_order *order)
{
    return order->payment ? order->payment->status : NULL;
}

shop_status shop_order_to_json(shop_ctx *cx, const shop_order *order, const char **json, size_t *length)
{
    return shop_to_json(cx, &shop_order_type, order, json, length);
}
