/* SPDX-License-Identifier: MIT */
/*
 * A till in one file: opens a shop, stocks it, sells, and prints the receipt. No server.
 *
 *   cc till.c $(pkg-config --cflags --libs libshop) -o till && ./till
 */
#include <stdio.h>
#include <stdlib.h>

#include <shop/shop.h>

static void must(shop_ctx *cx, shop_status status, const char *what)
{
    if (status == SHOP_OK)
        return;
    fprintf(stderr, "%s: %s (%s)\n", what, shop_ctx_error_detail(cx), shop_ctx_error_code(cx));
    exit(EXIT_FAILURE);
}

static void stock_up(shop_ctx *cx)
{
    shop_category_input category_in = SHOP_CATEGORY_INPUT_INIT;
    category_in.name = "Bakery";
    category_in.slug = "bakery";
    const shop_category *category;
    must(cx, shop_category_create(cx, &category_in, &category), "category");

    shop_product_input in = SHOP_PRODUCT_INPUT_INIT;
    in.name = "Rye loaf";
    in.slug = "rye-loaf";
    in.description = "Baked this morning.";
    in.price = 450; /* minor units: 4.50 */
    in.stock_quantity = 12;
    in.category_id = shop_category_id(category);
    const shop_product *product;
    must(cx, shop_product_create(cx, &in, &product), "product");
}

static int64_t sign_up(shop_ctx *cx)
{
    shop_register_input in = SHOP_REGISTER_INPUT_INIT;
    in.email = "anna@example.com";
    in.first_name = "Anna";
    in.last_name = "Berg";
    in.password = in.password2 = "nine wooden spoons";
    const shop_session *session;
    must(cx, shop_account_register(cx, &in, &session), "register");
    return shop_user_id(shop_session_user(session));
}

static void sell(shop_ctx *cx)
{
    const shop_product *loaf;
    const shop_cart *cart;
    const shop_order *order;
    must(cx, shop_product_get(cx, "rye-loaf", &loaf), "product");
    must(cx, shop_cart_add(cx, shop_product_id(loaf), 2, &cart), "cart");

    shop_order_input in = SHOP_ORDER_INPUT_INIT;
    in.shipping_address = "Picked up at the counter";
    must(cx, shop_order_place(cx, &in, &order), "order");

    const char *json;
    size_t length;
    must(cx, shop_to_json(cx, shop_type_find("order"), order, &json, &length), "receipt");
    puts(json);
}

int main(void)
{
    shop_options options = SHOP_OPTIONS_INIT;
    options.database = "memory:";
    shop *s;
    if (shop_open(&options, &s) != SHOP_OK) {
        fprintf(stderr, "%s\n", shop_open_error());
        return EXIT_FAILURE;
    }
    shop_ctx *cx = shop_ctx_new(s);
    if (!cx)
        return EXIT_FAILURE;
    shop_ctx_set_actor(cx, SHOP_ACTOR_SYSTEM);
    stock_up(cx);
    int64_t anna = sign_up(cx);
    shop_ctx_reset(cx); /* everything returned so far goes at once */
    shop_ctx_set_actor(cx, anna);
    sell(cx);
    shop_ctx_free(cx);
    shop_close(s);
    return EXIT_SUCCESS;
}
