/* SPDX-License-Identifier: MIT */
/*
 * Rules and changes of carts. Every change raises the cart's version and is guarded by the version that was read, so that
 * what was decided from the whole cart (sums, limits) holds when it is applied.
 */
#include "cart.h"
#include "cart_parts.h"

/* One change: what was asked for, by whom. */
typedef struct cart_change {
    int64_t user;
    int64_t product_id;
    int64_t item_id;
    int64_t quantity;
} cart_change;

static shop_status require_owner(shop_ctx *cx)
{
    shop_status status = shop_require_user(cx);
    if (status == SHOP_OK && cx->actor == SHOP_ACTOR_SYSTEM)
        return shop_fail(cx, SHOP_FORBIDDEN, "no_cart", "The program itself has no cart: act as a user.");
    return status;
}

/* ------------------------------------------------------------------------------------------------ rules */

/* `sentence` is from the arena: NULL when memory is out. */
static shop_status fail_quantity(shop_ctx *cx, const char *code, const char *sentence)
{
    if (!sentence)
        return shop_fail_no_memory(cx);
    shop_field_fail(cx, "quantity", "%s", sentence);
    return shop_fail(cx, SHOP_INVALID, code, "%s", sentence);
}

/* `wanted` pieces in all of a product as it was read. */
static shop_status check_offer(shop_ctx *cx, const shop_product_brief *product, int64_t wanted)
{
    if (!product->is_active)
        return shop_fail(cx, SHOP_INVALID, "product_inactive", "\"%s\" is not sold at present.", product->name);
    if (wanted > SHOP_CART_QUANTITY_MAX)
        return fail_quantity(
            cx, "quantity_too_large",
            shop_arena_printf(cx->arena, "At most %d pieces of one product fit into a cart.", SHOP_CART_QUANTITY_MAX));
    if (wanted > product->stock_quantity)
        return fail_quantity(cx, "insufficient_stock",
                             shop_arena_printf(cx->arena, "Only %lld of \"%s\" in stock; %lld wanted.",
                                               (long long)product->stock_quantity, product->name, (long long)wanted));
    return SHOP_OK;
}

/* The sums of the cart as it will be. */
static shop_status add_up(shop_ctx *cx, shop_cart *cart)
{
    cart->total_items = 0;
    for (size_t i = 0; i < cart->lines.count; i++)
        cart->total_items += cart->own[i].quantity;
    if (!shop_lines_sum(cart->own, cart->lines.count, &cart->total))
        return shop_fail(cx, SHOP_INVALID, "amount_too_large", "The cart's total is too large.");
    return SHOP_OK;
}

static shop_status set_quantity(shop_ctx *cx, shop_line *line, int64_t quantity)
{
    line->quantity = quantity;
    if (!shop_line_count_total(line))
        return shop_fail(cx, SHOP_INVALID, "amount_too_large", "The item's total is too large.");
    return SHOP_OK;
}

/* ------------------------------------------------------------------------------------------------ batch parts */

static void touch_cart(shop_batch *b, int64_t cart_id, int64_t version, int64_t now)
{
    shop_batch_update(b, TABLE_CART, 1);
    shop_set_add(b, CART_VERSION, 1);
    shop_set_int(b, CART_UPDATED_AT, now);
    shop_guard_int(b, CART_ID, SHOP_PRED_EQ, cart_id);
    shop_guard_int(b, CART_VERSION, SHOP_PRED_EQ, version);
}

/* The cart changes, or is made: two who make it at once meet at its id. */
static void put_cart(shop_batch *b, shop_cart *cart, int64_t now)
{
    cart->updated_at = now;
    if (cart->version > 0) {
        touch_cart(b, cart->id, cart->version, now);
        return;
    }
    cart->created_at = now;
    shop_batch_insert(b, TABLE_CART, cart->id);
    shop_set_int(b, CART_USER, cart->user);
    shop_set_int(b, CART_VERSION, 1);
    shop_set_int(b, CART_CREATED_AT, now);
    shop_set_int(b, CART_UPDATED_AT, now);
}

static void insert_line(shop_batch *b, const shop_cart *cart, const shop_line *line)
{
    shop_batch_insert(b, TABLE_CART_ITEM, line->id);
    shop_set_int(b, CART_ITEM_CART, cart->id);
    shop_set_int(b, CART_ITEM_PRODUCT, line->product->id);
    shop_set_int(b, CART_ITEM_QUANTITY, line->quantity);
    shop_set_int(b, CART_ITEM_PRICE, line->price);
    shop_set_int(b, CART_ITEM_CREATED_AT, line->created_at);
}

static void update_line(shop_batch *b, const shop_line *line)
{
    shop_batch_update(b, TABLE_CART_ITEM, 1);
    shop_set_int(b, CART_ITEM_QUANTITY, line->quantity);
    shop_guard_int(b, CART_ITEM_ID, SHOP_PRED_EQ, line->id);
}

static void delete_line(shop_batch *b, const shop_line *line)
{
    shop_batch_delete(b, TABLE_CART_ITEM, 1);
    shop_guard_int(b, CART_ITEM_ID, SHOP_PRED_EQ, line->id);
}

/* The items are not counted: who adds or changes one raises the cart's version, and a product that goes takes its items along. */
void shop_cart_part_clear(shop_batch *b, const shop_cart_content *cart, int64_t now)
{
    touch_cart(b, cart->cart_id, cart->version, now);
    shop_batch_delete(b, TABLE_CART_ITEM, SHOP_EXPECT_ANY);
    shop_guard_int(b, CART_ITEM_CART, SHOP_PRED_EQ, cart->cart_id);
}

void shop_cart_part_forget_product(shop_batch *b, int64_t product_id)
{
    shop_batch_delete(b, TABLE_CART_ITEM, SHOP_EXPECT_ANY);
    shop_guard_int(b, CART_ITEM_PRODUCT, SHOP_PRED_EQ, product_id);
}

/* ------------------------------------------------------------------------------------------------ finding lines */

static shop_line *find_line(const shop_cart *cart, int64_t item_id, int64_t product_id)
{
    for (size_t i = 0; i < cart->lines.count; i++)
        if (cart->own[i].id == item_id || cart->own[i].product->id == product_id)
            return &cart->own[i];
    return NULL;
}

static shop_status fail_no_item(shop_ctx *cx)
{
    return shop_fail(cx, SHOP_NOT_FOUND, "cart_item_not_found", "There is no such item in your cart.");
}

/* ------------------------------------------------------------------------------------------------ adding */

/* The product's first line: its price is today's. */
static shop_status append_line(shop_ctx *cx, shop_cart *cart, const shop_product_brief *product, shop_line **out)
{
    if (cart->lines.count >= SHOP_CART_ITEMS_MAX)
        return shop_fail(cx, SHOP_INVALID, "cart_full", "A cart holds at most %d different products.", SHOP_CART_ITEMS_MAX);
    int64_t id = shop_new_id(cx, TABLE_CART_ITEM);
    if (id == SHOP_UNSET)
        return cx->status;
    shop_line *line = &cart->own[cart->lines.count++];
    *line = (shop_line){.id = id,
                        .product = product,
                        .price = product->price,
                        .created_at = shop_now(cx->shop),
                        .currency = cx->shop->currency,
                        .product_is_there = 1};
    *out = line;
    return SHOP_OK;
}

static shop_status read_for_add(shop_ctx *cx, const cart_change *change, shop_cart **cart, const shop_product_brief **product)
{
    shop_product_brief *found = shop_arena_alloc(cx->arena, sizeof *found);
    int is_there = 0;
    if (!found)
        return shop_fail_no_memory(cx);
    shop_status status = shop_cart_read(cx, change->user, change->product_id, cart, found, &is_there);
    if (status == SHOP_OK && !is_there)
        return shop_fail(cx, SHOP_NOT_FOUND, "product_not_found", "There is no such product.");
    *product = found;
    return status;
}

static shop_status attempt_add(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const cart_change *change = args;
    const shop_product_brief *product = NULL;
    shop_cart *cart;
    shop_status status = read_for_add(cx, change, &cart, &product);
    if (status != SHOP_OK)
        return status;
    shop_line *line = find_line(cart, 0, change->product_id);
    int is_new = line == NULL;
    int64_t wanted = change->quantity + (is_new ? 0 : line->quantity);
    status = check_offer(cx, product, wanted);
    if (status == SHOP_OK && is_new)
        status = append_line(cx, cart, product, &line);
    if (status == SHOP_OK)
        status = set_quantity(cx, line, wanted);
    if (status == SHOP_OK)
        status = add_up(cx, cart);
    if (status != SHOP_OK)
        return status;
    shop_product_part_offered(b, product->id, wanted, product->price);
    put_cart(b, cart, shop_now(cx->shop));
    if (is_new)
        insert_line(b, cart, line);
    else
        update_line(b, line);
    *answer = cart;
    return SHOP_OK;
}

shop_status shop_cart_add(shop_ctx *cx, int64_t product_id, int64_t quantity, const shop_cart **cart)
{
    shop_ctx_begin(cx);
    shop_cart_item_input in = {sizeof in, product_id, quantity == SHOP_UNSET ? 1 : quantity};
    shop_status status = require_owner(cx);
    if (status == SHOP_OK)
        status = shop_input_check(cx, &shop_cart_item_input_type, &in, 0);
    if (status != SHOP_OK)
        return status;
    cart_change change = {.user = cx->actor, .product_id = in.product_id, .quantity = in.quantity};
    const void *answer = NULL;
    status = shop_change_run(cx, &shop_cart_type, attempt_add, &change, &answer);
    if (status == SHOP_OK && cart)
        *cart = answer;
    return status;
}

/* ------------------------------------------------------------------------------------------------ changing an item */

static shop_status read_item(shop_ctx *cx, const cart_change *change, shop_cart **cart, shop_line **line)
{
    shop_status status = shop_cart_read(cx, change->user, 0, cart, NULL, NULL);
    if (status != SHOP_OK)
        return status;
    *line = find_line(*cart, change->item_id, 0);
    return *line ? shop_if_match(cx, &shop_cart_item_type, *line) : fail_no_item(cx);
}

static shop_status attempt_remove(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    shop_cart *cart;
    shop_line *line;
    shop_status status = read_item(cx, args, &cart, &line);
    if (status != SHOP_OK)
        return status;
    put_cart(b, cart, shop_now(cx->shop));
    delete_line(b, line);
    line->quantity = 0; /* as it is now: none of it */
    line->total = 0;
    *answer = line;
    return SHOP_OK;
}

static shop_status attempt_update(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const cart_change *change = args;
    shop_cart *cart;
    shop_line *line;
    shop_status status = read_item(cx, change, &cart, &line);
    if (status == SHOP_OK)
        status = check_offer(cx, line->product, change->quantity);
    if (status == SHOP_OK)
        status = set_quantity(cx, line, change->quantity);
    if (status == SHOP_OK)
        status = add_up(cx, cart);
    if (status != SHOP_OK)
        return status;
    shop_product_part_offered(b, line->product->id, change->quantity, line->product->price);
    put_cart(b, cart, shop_now(cx->shop));
    update_line(b, line);
    *answer = line;
    return SHOP_OK;
}

shop_status shop_cart_update_item(shop_ctx *cx, int64_t item_id, int64_t quantity, const shop_line **item)
{
    shop_ctx_begin(cx);
    shop_cart_quantity_input in = {sizeof in, quantity};
    shop_status status = require_owner(cx);
    if (status == SHOP_OK)
        status = shop_input_check(cx, &shop_cart_quantity_input_type, &in, 0);
    if (status != SHOP_OK)
        return status;
    if (item_id < 1)
        return fail_no_item(cx);
    cart_change change = {.user = cx->actor, .item_id = item_id, .quantity = quantity};
    const void *answer = NULL;
    status = shop_change_run(cx, &shop_cart_item_type, quantity == 0 ? attempt_remove : attempt_update, &change, &answer);
    if (status == SHOP_OK && item)
        *item = answer;
    return status;
}

shop_status shop_cart_remove_item(shop_ctx *cx, int64_t item_id)
{
    shop_ctx_begin(cx);
    shop_status status = require_owner(cx);
    if (status != SHOP_OK)
        return status;
    if (item_id < 1)
        return fail_no_item(cx);
    cart_change change = {.user = cx->actor, .item_id = item_id};
    return shop_change_run(cx, NULL, attempt_remove, &change, NULL);
}

/* ------------------------------------------------------------------------------------------------ clearing, reading */

static shop_status attempt_clear(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const cart_change *change = args;
    shop_cart *cart;
    *answer = NULL;
    shop_status status = shop_cart_read(cx, change->user, 0, &cart, NULL, NULL);
    if (status == SHOP_OK)
        status = shop_if_match(cx, &shop_cart_type, cart);
    if (status != SHOP_OK || cart->lines.count == 0)
        return status;
    shop_cart_content content = {.cart_id = cart->id, .version = cart->version, .count = cart->lines.count};
    shop_cart_part_clear(b, &content, shop_now(cx->shop));
    return SHOP_OK;
}

shop_status shop_cart_clear(shop_ctx *cx)
{
    shop_ctx_begin(cx);
    shop_status status = require_owner(cx);
    if (status != SHOP_OK)
        return status;
    cart_change change = {.user = cx->actor};
    return shop_change_run(cx, NULL, attempt_clear, &change, NULL);
}

shop_status shop_cart_get(shop_ctx *cx, const shop_cart **cart)
{
    shop_ctx_begin(cx);
    shop_status status = require_owner(cx);
    if (status != SHOP_OK)
        return status;
    shop_cart *found;
    status = shop_cart_read(cx, cx->actor, 0, &found, NULL, NULL);
    if (status == SHOP_OK && cart)
        *cart = found;
    return status;
}
