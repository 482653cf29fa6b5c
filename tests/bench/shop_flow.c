/* SPDX-License-Identifier: MIT */
/*
 * The checkout flow through libshop, in process: add, add, read the cart, check out.
 * shop_flow DATABASE-URL [CALLERS] [SECONDS] [PRODUCTS] prints one line of JSON. Products that an earlier run made are used again; the
 * buyers are always new.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <shop/shop.h>

#include "closed_loop.h"

#define SENTENCE "A high-quality product with many features "
#define DESCRIPTION SENTENCE SENTENCE SENTENCE SENTENCE SENTENCE

typedef struct bench {
    shop *s;
    int64_t first_product;
    uint32_t products;
} bench;

typedef struct buyer {
    shop_ctx *cx;
    int64_t user;
    const bench *b;
} buyer;

static void must(shop_ctx *cx, shop_status status)
{
    if (status == SHOP_OK)
        return;
    fprintf(stderr, "shop_flow: %s\n", shop_ctx_error_detail(cx));
    exit(1);
}

static bool is_filled(bench *b, shop_ctx *cx)
{
    const shop_product *product;
    if (shop_product_get(cx, "product-1", &product) != SHOP_OK)
        return false;
    b->first_product = shop_product_id(product);
    return true;
}

static void fill(bench *b, shop_ctx *cx)
{
    shop_category_input category_in = SHOP_CATEGORY_INPUT_INIT;
    category_in.name = "Bench";
    category_in.slug = "bench";
    const shop_category *category;
    must(cx, shop_category_create(cx, &category_in, &category));
    int64_t category_id = shop_category_id(category);
    for (uint32_t i = 0; i < b->products; i++) {
        char slug[32];
        snprintf(slug, sizeof slug, "product-%u", i + 1);
        shop_product_input in = SHOP_PRODUCT_INPUT_INIT;
        in.name = slug;
        in.slug = slug;
        in.description = DESCRIPTION;
        in.price = (int64_t)(i % 500 + 1) * 100 + 99;
        in.stock_quantity = 1000000000;
        in.category_id = category_id;
        const shop_product *product;
        must(cx, shop_product_create(cx, &in, &product));
        if (i == 0)
            b->first_product = shop_product_id(product);
        shop_ctx_reset(cx);
        shop_ctx_set_actor(cx, SHOP_ACTOR_SYSTEM);
    }
}

static void *buyer_start(int number, void *args)
{
    const bench *b = args;
    buyer *me = calloc(1, sizeof *me);
    if (!me)
        abort();
    me->b = b;
    me->cx = shop_ctx_new(b->s);
    char email[64];
    snprintf(email, sizeof email, "buyer-%ld-%d@example.com", (long)getpid(), number);
    shop_register_input in = SHOP_REGISTER_INPUT_INIT;
    in.email = email;
    in.first_name = "Bench";
    in.last_name = "Mark";
    in.password = in.password2 = "nine wooden spoons";
    const shop_session *session;
    must(me->cx, shop_account_register(me->cx, &in, &session));
    me->user = shop_user_id(shop_session_user(session));
    return me;
}

static void buyer_stop(void *state)
{
    buyer *me = state;
    shop_ctx_free(me->cx);
    free(me);
}

static void next_call(buyer *me)
{
    shop_ctx_reset(me->cx);
    shop_ctx_set_actor(me->cx, me->user);
}

static int add(caller *c, int64_t quantity)
{
    buyer *me = c->state;
    const shop_cart *cart;
    next_call(me);
    shop_status status = shop_cart_add(me->cx, me->b->first_product + caller_random(c, me->b->products), quantity, &cart);
    caller_step(c);
    return status == SHOP_OK;
}

static int flow(caller *c)
{
    buyer *me = c->state;
    const shop_cart *cart;
    const shop_order *order;
    if (!add(c, 1) || !add(c, 2))
        return 0;
    next_call(me);
    if (shop_cart_get(me->cx, &cart) != SHOP_OK)
        return 0;
    caller_step(c);
    next_call(me);
    shop_order_input in = SHOP_ORDER_INPUT_INIT;
    in.shipping_address = "1 Main St";
    shop_status status = shop_order_place(me->cx, &in, &order);
    caller_step(c);
    if (status != SHOP_OK)
        fprintf(stderr, "shop_flow: %s\n", shop_ctx_error_detail(me->cx));
    return status == SHOP_OK;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: shop_flow DATABASE-URL [CALLERS] [SECONDS] [PRODUCTS]\n");
        return 2;
    }
    bench b = {.products = argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 10) : 10000};
    shop_options o = SHOP_OPTIONS_INIT;
    o.database = argv[1];
    o.password_memory_kib = 8;
    o.password_passes = 1;
    if (shop_open(&o, &b.s) != SHOP_OK) {
        fprintf(stderr, "shop_flow: %s\n", shop_open_error());
        return 1;
    }
    shop_ctx *cx = shop_ctx_new(b.s);
    shop_ctx_set_actor(cx, SHOP_ACTOR_SYSTEM);
    if (!is_filled(&b, cx))
        fill(&b, cx);
    shop_ctx_free(cx);
    closed_loop loop = {.callers = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 32,
                        .seconds = argc > 3 ? strtod(argv[3], NULL) : 5,
                        .start = buyer_start,
                        .flow = flow,
                        .stop = buyer_stop,
                        .args = &b};
    closed_loop_result r = closed_loop_run(&loop);
    shop_close(b.s);
    printf("{\"flows_per_second\": %.1f, \"p50_us\": %lld, \"p99_us\": %lld, \"failures\": %lld}\n", r.flows_per_second,
           (long long)r.p50_us, (long long)r.p99_us, (long long)r.failures);
    return r.failures > 0;
}
