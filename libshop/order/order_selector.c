/* SPDX-License-Identifier: MIT */
/* Reading orders: one query, however many of them, with items, products and payments. */
#include <string.h>

#include "../catalog/catalog_parts.h"
#include "../storage/page.h"
#include "order.h"
#include "order_parts.h"

/* Where the parts of the orders are in a query. */
typedef struct order_reads {
    int orders;
    int items;
    int products;
    int payments;
} order_reads;

/* What belongs to the orders of read `orders`. */
static order_reads add_parts(shop_query *q, int orders)
{
    order_reads r = {.orders = orders};
    r.items = shop_query_read(q, TABLE_ORDER_ITEM);
    shop_where_in_read(q, ORDER_ITEM_ORDER, orders, ORDER_ID);
    shop_query_order(q, ORDER_ITEM_ORDER, 0);
    shop_query_order(q, ORDER_ITEM_PRODUCT, 0); /* the order in which batches touch products */
    r.products = shop_product_part_read_in(q, r.items, ORDER_ITEM_PRODUCT);
    r.payments = shop_payment_part_read_in(q, orders, ORDER_ID);
    return r;
}

/* The place of an order's first item among the items, which are sorted by order. */
static uint32_t first_item(const shop_rows *items, int64_t order_id)
{
    uint32_t low = 0;
    uint32_t high = items->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (shop_row_int(items, middle, ORDER_ITEM_ORDER) < order_id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The product with name, slug and price as bought, and with the stock of today. */
static void load_line(shop_ctx *cx, const shop_query *q, const order_reads *r, uint32_t item, shop_line *line,
                      shop_product_brief *product)
{
    const shop_rows *items = shop_query_rows(q, r->items);
    int64_t product_id = shop_row_int(items, item, ORDER_ITEM_PRODUCT);
    shop_product_brief today;
    int is_there = shop_product_part_find(cx, q, r->products, product_id, &today);
    *line = (shop_line){
        .id = shop_row_int(items, item, ORDER_ITEM_ID),
        .product = product,
        .quantity = shop_row_int(items, item, ORDER_ITEM_QUANTITY),
        .price = shop_row_int(items, item, ORDER_ITEM_PRICE),
        .created_at = shop_row_int(items, item, ORDER_ITEM_CREATED_AT),
        .product_is_there = is_there,
    };
    *product = (shop_product_brief){
        .id = product_id,
        .name = shop_row_text(items, item, ORDER_ITEM_NAME),
        .slug = shop_row_text(items, item, ORDER_ITEM_SLUG),
        .price = line->price,
        .stock_quantity = is_there ? today.stock_quantity : 0,
        .is_active = is_there ? today.is_active : 0,
    };
}

static shop_status load_lines(shop_ctx *cx, const shop_query *q, const order_reads *r, shop_order *order)
{
    const shop_rows *items = shop_query_rows(q, r->items);
    uint32_t first = first_item(items, order->id);
    uint32_t end = first;
    while (end < items->count && shop_row_int(items, end, ORDER_ITEM_ORDER) == order->id)
        end++;
    size_t count = end - first;
    shop_line *lines = shop_arena_alloc(cx->arena, (count + 1) * sizeof *lines);
    shop_product_brief *products = shop_arena_alloc(cx->arena, (count + 1) * sizeof *products);
    if (!lines || !products)
        return shop_fail_no_memory(cx);
    for (uint32_t i = 0; i < count; i++) {
        load_line(cx, q, r, first + i, &lines[i], &products[i]);
        lines[i].currency = order->currency;
        products[i].currency = order->currency;
        if (!shop_line_count_total(&lines[i]))
            return shop_fail(cx, SHOP_INTERNAL, "internal_error", "Something went wrong on our side.");
    }
    order->lines = (shop_list){.items = lines, .count = count};
    order->own = lines;
    return SHOP_OK;
}

static const shop_currency *currency_of(const shop_ctx *cx, const char *code)
{
    const shop_currency *own = cx->shop->currency;
    return strcmp(code, own->code) == 0 ? own : shop_currency_find(code, strlen(code));
}

static shop_status load_order(shop_ctx *cx, const shop_query *q, const order_reads *r, const shop_value *row, shop_order *order)
{
    const shop_rows one = {.count = 1, .width = ORDER_COLUMNS, .values = row};
    *order =
        (shop_order){.version = shop_row_int(&one, 0, ORDER_VERSION), .expires_at = shop_row_int(&one, 0, ORDER_EXPIRES_AT)};
    shop_type_load(&shop_order_type, row, order);
    order->currency = currency_of(cx, order->currency_code);
    order->payment = shop_payment_part_find(cx, q, r->payments, order->id);
    return load_lines(cx, q, r, order);
}

/* ------------------------------------------------------------------------------------------------ one */

shop_status shop_order_fail_not_found(shop_ctx *cx)
{
    return shop_fail(cx, SHOP_NOT_FOUND, "order_not_found", "There is no such order.");
}

shop_status shop_order_read(shop_ctx *cx, int64_t order_id, shop_order **out)
{
    shop_query *q = shop_query_new(cx);
    order_reads r = add_parts(q, shop_order_part_read(q, order_id));
    shop_status status = shop_query_run(q);
    if (status != SHOP_OK)
        return status;
    const shop_rows *rows = shop_query_rows(q, r.orders);
    if (rows->count == 0)
        return shop_order_fail_not_found(cx);
    *out = shop_arena_alloc(cx->arena, sizeof **out);
    return *out ? load_order(cx, q, &r, shop_row(rows, 0), *out) : shop_fail_no_memory(cx);
}

/* Who is neither the owner nor staff does not learn that the order exists. */
static shop_status check_reader(shop_ctx *cx, const shop_order *order)
{
    if (order->user == cx->actor)
        return SHOP_OK;
    shop_status status = shop_require_staff(cx);
    if (status == SHOP_FORBIDDEN || status == SHOP_UNAUTHENTICATED)
        return shop_order_fail_not_found(cx);
    return status;
}

shop_status shop_order_get(shop_ctx *cx, int64_t order_id, const shop_order **order)
{
    shop_ctx_begin(cx);
    shop_order *found;
    shop_status status = shop_require_user(cx);
    if (status == SHOP_OK)
        status = shop_order_read(cx, order_id, &found);
    if (status == SHOP_OK)
        status = check_reader(cx, found);
    if (status == SHOP_OK && order)
        *order = found;
    return status;
}

/* ------------------------------------------------------------------------------------------------ lists */

static const shop_ordering newest_first = {"-created_at", ORDER_CREATED_AT, 1};

static void filter_orders(shop_query *q, const void *args)
{
    const shop_order_admin_filter *in = args;
    if (in->user != SHOP_UNSET)
        shop_where_int(q, ORDER_USER, SHOP_PRED_EQ, in->user);
    if (in->status)
        shop_where_text(q, ORDER_STATUS, SHOP_PRED_EQ, in->status);
    if (in->created_after != SHOP_UNSET)
        shop_where_int(q, ORDER_CREATED_AT, SHOP_PRED_GE, in->created_after);
    if (in->created_before != SHOP_UNSET)
        shop_where_int(q, ORDER_CREATED_AT, SHOP_PRED_LT, in->created_before);
}

static shop_status load_page(shop_ctx *cx, const shop_query *q, const order_reads *r, const shop_page_read *read,
                             const shop_page **out)
{
    const shop_value *const *rows;
    size_t count;
    shop_page *page;
    shop_status status = shop_page_rows(cx, q, read, &rows, &count, &page);
    if (status != SHOP_OK)
        return status;
    shop_order *orders = shop_arena_alloc(cx->arena, (count + 1) * sizeof *orders);
    if (!orders)
        return shop_fail_no_memory(cx);
    for (size_t i = 0; i < count && status == SHOP_OK; i++)
        status = load_order(cx, q, r, rows[i], &orders[i]);
    shop_page_set_items(page, &shop_order_type, orders);
    if (status == SHOP_OK && out)
        *out = page;
    return status;
}

static shop_status list_orders(shop_ctx *cx, const shop_order_admin_filter *in, const shop_page **page)
{
    const shop_page_input paging = {.page = in->page, .page_size = in->page_size, .cursor = in->cursor};
    shop_page_read read;
    shop_query *q = shop_query_new(cx);
    shop_status status = shop_page_begin(cx, q, TABLE_ORDER, &newest_first, &paging, filter_orders, in, &read);
    if (status != SHOP_OK)
        return status;
    order_reads r = add_parts(q, read.rows_read);
    status = shop_query_run(q);
    return status == SHOP_OK ? load_page(cx, q, &r, &read, page) : status;
}

shop_status shop_order_list(shop_ctx *cx, const shop_order_filter *in, const shop_page **page)
{
    static const shop_order_filter any = SHOP_ORDER_FILTER_INIT;
    shop_ctx_begin(cx);
    in = in ? in : &any;
    shop_status status = shop_require_user(cx);
    if (status == SHOP_OK)
        status = shop_input_check(cx, &shop_order_filter_type, in, 0);
    if (status != SHOP_OK)
        return status;
    shop_order_admin_filter all = SHOP_ORDER_ADMIN_FILTER_INIT;
    all.status = in->status;
    all.user = cx->actor;
    all.page = in->page;
    all.page_size = in->page_size;
    all.cursor = in->cursor;
    return list_orders(cx, &all, page);
}

shop_status shop_order_list_all(shop_ctx *cx, const shop_order_admin_filter *in, const shop_page **page)
{
    static const shop_order_admin_filter any = SHOP_ORDER_ADMIN_FILTER_INIT;
    shop_ctx_begin(cx);
    in = in ? in : &any;
    shop_status status = shop_require_staff(cx);
    if (status == SHOP_OK)
        status = shop_input_check(cx, &shop_order_admin_filter_type, in, 0);
    return status == SHOP_OK ? list_orders(cx, in, page) : status;
}

/* ------------------------------------------------------------------------------------------------ parts */

int shop_order_part_read(shop_query *q, int64_t order_id)
{
    int read = shop_query_read(q, TABLE_ORDER);
    shop_where_int(q, ORDER_ID, SHOP_PRED_EQ, order_id);
    return read;
}

int shop_order_part_read_in(shop_query *q, int read, uint16_t other)
{
    int own = shop_query_read(q, TABLE_ORDER);
    shop_where_in_read(q, ORDER_ID, read, other);
    return own;
}

int shop_order_part_find(shop_ctx *cx, const shop_query *q, int read, int64_t order_id, shop_order_brief *out)
{
    const shop_rows *rows = shop_query_rows(q, read);
    for (uint32_t i = 0; i < rows->count; i++) {
        if (shop_row_int(rows, i, ORDER_ID) != order_id)
            continue;
        *out = (shop_order_brief){
            .id = order_id,
            .user = shop_row_int(rows, i, ORDER_USER),
            .status = shop_row_text(rows, i, ORDER_STATUS),
            .total_amount = shop_row_int(rows, i, ORDER_TOTAL),
            .currency = currency_of(cx, shop_row_text(rows, i, ORDER_CURRENCY)),
            .version = shop_row_int(rows, i, ORDER_VERSION),
            .created_at = shop_row_int(rows, i, ORDER_CREATED_AT),
        };
        return 1;
    }
    return 0;
}
