/* SPDX-License-Identifier: MIT */
/*
 * Rules and changes of orders. A status moves once: each move is guarded by the status and version it was decided from.
 * Stock is taken and given back in the batch that makes or cancels the order, product by product in the order of their ids.
 */
#include <string.h>

#include "../cart/cart_parts.h"
#include "../catalog/catalog_parts.h"
#include "order.h"
#include "order_parts.h"

#define US_PER_SECOND INT64_C(1000000)

/* ------------------------------------------------------------------------------------------------ placing: rules */

typedef struct order_placing {
    int64_t user;
    const char *address;
} order_placing;

static void fail_item(shop_ctx *cx, const shop_cart_line *line)
{
    const char *field = shop_arena_printf(cx->arena, "items.%lld", (long long)line->item_id);
    if (!field)
        field = "items";
    if (!line->product_is_active)
        shop_field_fail(cx, field, "\"%s\" is not sold at present.", line->name);
    else
        shop_field_fail(cx, field, "Only %lld of \"%s\" in stock; %lld wanted.", (long long)line->stock, line->name,
                        (long long)line->quantity);
}

/* Every item that cannot be bought is named, not only the first. */
static shop_status check_content(shop_ctx *cx, const shop_cart_content *cart)
{
    if (cart->count == 0)
        return shop_fail(cx, SHOP_INVALID, "cart_empty", "Your cart is empty.");
    int inactive = 0;
    for (size_t i = 0; i < cart->count; i++) {
        const shop_cart_line *line = &cart->lines[i];
        inactive |= !line->product_is_active;
        if (!line->product_is_active || line->stock < line->quantity)
            fail_item(cx, line);
    }
    if (cx->field_count == 0)
        return SHOP_OK;
    if (!cx->first_field)
        return shop_fail_no_memory(cx);
    const char *code = inactive ? "product_inactive" : "insufficient_stock";
    if (cx->field_count == 1)
        return shop_fail(cx, SHOP_INVALID, code, "%s", cx->first_field->message);
    return shop_fail(cx, SHOP_INVALID, code, "%s (%zu items of your cart cannot be bought.)", cx->first_field->message,
                     cx->field_count);
}

/* ------------------------------------------------------------------------------------------------ placing: the order */

static shop_status make_line(shop_ctx *cx, const shop_cart_line *bought, int64_t now, shop_line *line,
                             shop_product_brief *product)
{
    int64_t id = shop_new_id(cx, TABLE_ORDER_ITEM);
    if (id == SHOP_UNSET)
        return cx->status;
    *product = (shop_product_brief){
        .id = bought->product_id,
        .name = bought->name,
        .slug = bought->slug,
        .price = bought->price,
        .stock_quantity = bought->stock - bought->quantity,
        .is_active = bought->product_is_active,
        .currency = cx->shop->currency,
    };
    *line = (shop_line){.id = id,
                        .product = product,
                        .quantity = bought->quantity,
                        .price = bought->price,
                        .created_at = now,
                        .currency = cx->shop->currency,
                        .product_is_there = 1};
    if (!shop_line_count_total(line))
        return shop_fail(cx, SHOP_INVALID, "amount_too_large", "An item's total is too large.");
    return SHOP_OK;
}

static shop_status make_lines(shop_ctx *cx, const shop_cart_content *cart, shop_order *order)
{
    shop_line *lines = shop_arena_alloc(cx->arena, cart->count * sizeof *lines);
    shop_product_brief *products = shop_arena_alloc(cx->arena, cart->count * sizeof *products);
    if (!lines || !products)
        return shop_fail_no_memory(cx);
    for (size_t i = 0; i < cart->count; i++) {
        shop_status status = make_line(cx, &cart->lines[i], order->created_at, &lines[i], &products[i]);
        if (status != SHOP_OK)
            return status;
    }
    order->lines = (shop_list){.items = lines, .count = cart->count};
    order->own = lines;
    if (!shop_lines_sum(lines, cart->count, &order->total))
        return shop_fail(cx, SHOP_INVALID, "amount_too_large", "The order's total is too large.");
    return SHOP_OK;
}

/* When an unpaid order's time is over; one over nothing needs no payment. */
static int64_t expiry(const shop_ctx *cx, const shop_order *order)
{
    int64_t span;
    int64_t end;
    int64_t ttl = cx->shop->options.order_ttl;
    if (ttl == 0 || order->total == 0 || __builtin_mul_overflow(ttl, US_PER_SECOND, &span) ||
        __builtin_add_overflow(order->created_at, span, &end))
        return SHOP_UNSET;
    return end;
}

static shop_status make_order(shop_ctx *cx, const order_placing *placing, const shop_cart_content *cart, shop_order **out)
{
    shop_order *order = shop_arena_zalloc(cx->arena, sizeof *order);
    if (!order)
        return shop_fail_no_memory(cx);
    order->id = shop_new_id(cx, TABLE_ORDER);
    if (order->id == SHOP_UNSET)
        return cx->status;
    order->user = placing->user;
    order->status = ORDER_PENDING;
    order->shipping_address = placing->address;
    order->currency = cx->shop->currency;
    order->currency_code = cx->shop->currency->code;
    order->version = 1;
    order->created_at = order->updated_at = shop_now(cx->shop);
    *out = order;
    shop_status status = make_lines(cx, cart, order);
    order->expires_at = expiry(cx, order);
    return status;
}

/* ------------------------------------------------------------------------------------------------ placing: the batch */

static void insert_line(shop_batch *b, const shop_order *order, const shop_line *line)
{
    shop_batch_insert(b, TABLE_ORDER_ITEM, line->id);
    shop_set_int(b, ORDER_ITEM_ORDER, order->id);
    shop_set_int(b, ORDER_ITEM_PRODUCT, line->product->id);
    shop_set_text(b, ORDER_ITEM_NAME, line->product->name);
    shop_set_text(b, ORDER_ITEM_SLUG, line->product->slug);
    shop_set_int(b, ORDER_ITEM_QUANTITY, line->quantity);
    shop_set_int(b, ORDER_ITEM_PRICE, line->price);
    shop_set_int(b, ORDER_ITEM_CREATED_AT, line->created_at);
}

static void insert_order(shop_batch *b, const shop_order *order)
{
    shop_batch_insert(b, TABLE_ORDER, order->id);
    shop_set_int(b, ORDER_USER, order->user);
    shop_set_text(b, ORDER_STATUS, order->status);
    shop_set_text(b, ORDER_SHIPPING_ADDRESS, order->shipping_address);
    shop_set_int(b, ORDER_TOTAL, order->total);
    shop_set_text(b, ORDER_CURRENCY, order->currency_code);
    if (order->expires_at == SHOP_UNSET)
        shop_set_null(b, ORDER_EXPIRES_AT);
    else
        shop_set_int(b, ORDER_EXPIRES_AT, order->expires_at);
    shop_set_int(b, ORDER_VERSION, order->version);
    shop_set_int(b, ORDER_CREATED_AT, order->created_at);
    shop_set_int(b, ORDER_UPDATED_AT, order->updated_at);
    for (size_t i = 0; i < order->lines.count; i++)
        insert_line(b, order, &order->own[i]);
}

static shop_status attempt_place(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const order_placing *placing = args;
    shop_cart_content cart;
    shop_order *order = NULL;
    shop_status status = shop_cart_part_read(cx, placing->user, &cart);
    if (status == SHOP_OK)
        status = check_content(cx, &cart);
    if (status == SHOP_OK)
        status = make_order(cx, placing, &cart, &order);
    if (status != SHOP_OK)
        return status;
    for (size_t i = 0; i < cart.count; i++)
        shop_product_part_take(b, cart.lines[i].product_id, cart.lines[i].quantity);
    shop_cart_part_clear(b, &cart, order->created_at);
    insert_order(b, order);
    *answer = order;
    return SHOP_OK;
}

shop_status shop_order_place(shop_ctx *cx, const shop_order_input *in, const shop_order **order)
{
    shop_ctx_begin(cx);
    shop_status status = shop_require_user(cx);
    if (status == SHOP_OK && cx->actor == SHOP_ACTOR_SYSTEM)
        return shop_fail(cx, SHOP_FORBIDDEN, "no_cart", "The program itself has no cart: act as a user.");
    if (status == SHOP_OK)
        status = shop_input_check(cx, &shop_order_input_type, in, 0);
    if (status != SHOP_OK)
        return status;
    order_placing placing = {.user = cx->actor, .address = in->shipping_address};
    const void *answer = NULL;
    status = shop_change_run(cx, &shop_order_type, attempt_place, &placing, &answer);
    if (status == SHOP_OK && order)
        *order = answer;
    return status;
}

/* ------------------------------------------------------------------------------------------------ moving on */

static void return_stock(shop_batch *b, shop_order *order)
{
    for (size_t i = 0; i < order->lines.count; i++) {
        const shop_line *line = &order->own[i];
        shop_product_part_return(b, line->product->id, line->quantity);
    }
}

static void update_status(shop_batch *b, const char *status, int64_t now)
{
    shop_batch_update(b, TABLE_ORDER, 1);
    shop_set_text(b, ORDER_STATUS, status);
    shop_set_null(b, ORDER_EXPIRES_AT);
    shop_set_add(b, ORDER_VERSION, 1);
    shop_set_int(b, ORDER_UPDATED_AT, now);
}

/* The move itself; the payment is not looked at. */
static shop_status move_order(shop_ctx *cx, shop_batch *b, shop_order *order, const char *to)
{
    if (!shop_order_may_become(order->status, to))
        return shop_order_fail_transition(cx, order->status, to);
    int64_t now = shop_now(cx->shop);
    if (strcmp(to, ORDER_CANCELLED) == 0)
        return_stock(b, order);
    update_status(b, to, now);
    shop_guard_int(b, ORDER_ID, SHOP_PRED_EQ, order->id);
    shop_guard_text(b, ORDER_STATUS, SHOP_PRED_EQ, order->status);
    shop_guard_int(b, ORDER_VERSION, SHOP_PRED_EQ, order->version);
    order->status = to;
    order->updated_at = now;
    return SHOP_OK;
}

shop_status shop_order_move(shop_ctx *cx, shop_batch *b, shop_order *order, const char *to)
{
    shop_status status = move_order(cx, b, order, to);
    if (status == SHOP_OK && strcmp(to, ORDER_CANCELLED) == 0 && order->payment)
        status = shop_payment_part_order_cancelled(cx, b, order->id);
    return status;
}

typedef struct order_move {
    int64_t order_id;
    int64_t owner; /* 0: anybody's order */
    const char *to;
} order_move;

static shop_status attempt_move(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const order_move *move = args;
    shop_order *order = NULL;
    shop_status status = shop_order_read(cx, move->order_id, &order);
    if (status == SHOP_OK && move->owner != 0 && order->user != move->owner)
        return shop_order_fail_not_found(cx);
    if (status == SHOP_OK)
        status = shop_if_match(cx, &shop_order_type, order);
    if (status == SHOP_OK)
        status = shop_order_move(cx, b, order, move->to);
    *answer = order;
    return status;
}

void shop_order_settle(shop_ctx *cx, int64_t order_id)
{
    if (shop_payment_settle_cancelled(cx, order_id) == SHOP_OK)
        return;
    shop_log(cx->shop, SHOP_LOG_WARNING, "order %lld is cancelled, its payment not settled yet: %s", (long long)order_id,
             shop_ctx_error_code(cx));
    shop_ctx_begin(cx);
}

static shop_status run_move(shop_ctx *cx, order_move *move, const shop_order **order)
{
    const void *answer = NULL;
    shop_status status = shop_change_run(cx, &shop_order_type, attempt_move, move, &answer);
    if (status != SHOP_OK)
        return status;
    if (!cx->replayed && strcmp(move->to, ORDER_CANCELLED) == 0)
        shop_order_settle(cx, move->order_id);
    if (order)
        *order = answer;
    return SHOP_OK;
}

shop_status shop_order_cancel(shop_ctx *cx, int64_t order_id, const shop_order **order)
{
    shop_ctx_begin(cx);
    shop_status status = shop_require_user(cx);
    if (status != SHOP_OK)
        return status;
    order_move move = {.order_id = order_id, .owner = cx->actor, .to = ORDER_CANCELLED};
    if (cx->actor == SHOP_ACTOR_SYSTEM)
        move.owner = 0;
    return run_move(cx, &move, order);
}

shop_status shop_order_set_status(shop_ctx *cx, int64_t order_id, const char *status, const shop_order **order)
{
    shop_ctx_begin(cx);
    shop_order_status_input in = {sizeof in, status};
    shop_status result = shop_require_staff(cx);
    if (result == SHOP_OK)
        result = shop_input_check(cx, &shop_order_status_input_type, &in, 0);
    if (result != SHOP_OK)
        return result;
    order_move move = {.order_id = order_id, .to = status};
    return run_move(cx, &move, order);
}

/* ------------------------------------------------------------------------------------------------ for other domains */

void shop_order_part_paid(shop_batch *b, const shop_order_brief *order, int64_t now)
{
    update_status(b, ORDER_PROCESSING, now);
    shop_guard_int(b, ORDER_ID, SHOP_PRED_EQ, order->id);
    shop_guard_text(b, ORDER_STATUS, SHOP_PRED_EQ, ORDER_PENDING);
}

shop_status shop_order_part_cancel(shop_ctx *cx, shop_batch *b, const shop_order_brief *seen)
{
    shop_order *order = NULL;
    shop_status status = shop_order_read(cx, seen->id, &order);
    if (status != SHOP_OK)
        return status;
    if (strcmp(order->status, seen->status) == 0)
        return move_order(cx, b, order, ORDER_CANCELLED);
    shop_order_part_unchanged(b, seen); /* somebody was faster: the batch fails, and all is decided again */
    return SHOP_OK;
}

void shop_order_part_unchanged(shop_batch *b, const shop_order_brief *order)
{
    shop_batch_check(b, TABLE_ORDER, 1);
    shop_guard_int(b, ORDER_ID, SHOP_PRED_EQ, order->id);
    shop_guard_text(b, ORDER_STATUS, SHOP_PRED_EQ, order->status);
}

static shop_status attempt_cancel_any(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const int64_t *order_id = args;
    shop_order *order = NULL;
    *answer = NULL;
    shop_status status = shop_order_read(cx, *order_id, &order);
    if (status != SHOP_OK || strcmp(order->status, ORDER_CANCELLED) == 0)
        return status;
    return shop_order_move(cx, b, order, ORDER_CANCELLED);
}

shop_status shop_order_cancel_any(shop_ctx *cx, int64_t order_id)
{
    shop_status status = shop_change_step(cx, attempt_cancel_any, &order_id);
    if (status == SHOP_OK)
        shop_order_settle(cx, order_id);
    return status;
}
