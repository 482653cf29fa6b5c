/* SPDX-License-Identifier: MIT */
/*
 * Two shops on one database, as two shopd would be: buyers of both want the same few pieces. As many are sold as there are, and each
 * shop sees what the other did.
 *
 *   two_shops_race [DATABASE]      default "memory:"; exit status 0: every promise was kept
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/support.h"

#define BUYERS 120
#define PIECES 50

typedef struct buyer {
    shop *s;
    int64_t user;
    int64_t product;
    pthread_barrier_t *start;
    int bought;
    int refused; /* for want of stock */
} buyer;

static void need(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "two_shops_race: %s\n", what);
    exit(2);
}

static void *buy(void *argument)
{
    buyer *b = argument;
    shop_ctx *cx = test_ctx(b->s, b->user);
    const shop_cart *cart;
    const shop_order *order;
    shop_order_input in = SHOP_ORDER_INPUT_INIT;
    in.shipping_address = "1 Main St";
    need(shop_cart_add(cx, b->product, 1, &cart) == SHOP_OK, shop_ctx_error_detail(cx));
    pthread_barrier_wait(b->start);
    shop_status status = SHOP_BUSY;
    for (int tries = 0; status == SHOP_BUSY && tries < 100; tries++) /* as a client does that is told to come again */
        status = shop_order_place(cx, &in, &order);
    b->bought = status == SHOP_OK;
    b->refused = status != SHOP_OK && strcmp(shop_ctx_error_code(cx), "insufficient_stock") == 0;
    if (!b->bought && !b->refused)
        fprintf(stderr, "BROKEN: neither sold nor sold out: %s\n", shop_ctx_error_detail(cx));
    shop_ctx_free(cx);
    return NULL;
}

static int64_t stock_seen_by(shop *s)
{
    shop_ctx *cx = test_ctx(s, SHOP_ACTOR_SYSTEM);
    const shop_product *product;
    need(shop_product_get(cx, "lamp", &product) == SHOP_OK, "the product is gone");
    int64_t stock = shop_product_stock_quantity(product);
    shop_ctx_free(cx);
    return stock;
}

static int sell(shop *const *shops, int64_t product)
{
    static buyer buyers[BUYERS];
    pthread_t threads[BUYERS];
    pthread_barrier_t start;
    int bought = 0;
    int refused = 0;
    pthread_barrier_init(&start, NULL, BUYERS);
    for (int i = 0; i < BUYERS; i++) {
        char email[32];
        snprintf(email, sizeof email, "buyer-%d@example.com", i);
        buyers[i] = (buyer){.s = shops[i % 2], .user = test_user(shops[0], email, 0), .product = product, .start = &start};
    }
    for (int i = 0; i < BUYERS; i++)
        need(pthread_create(&threads[i], NULL, buy, &buyers[i]) == 0, "no thread");
    for (int i = 0; i < BUYERS; i++) {
        pthread_join(threads[i], NULL);
        bought += buyers[i].bought;
        refused += buyers[i].refused;
    }
    pthread_barrier_destroy(&start);
    printf("%d bought, %d refused\n", bought, refused);
    return bought == PIECES && refused == BUYERS - PIECES;
}

int main(int argc, char **argv)
{
    const char *database = argc > 1 ? argv[1] : "memory:";
    shop_options options;
    test_options(&options);
    options.database = strcmp(database, "memory:") == 0 ? "memory:two-shops" : database; /* one place for both */
    shop *shops[] = {test_shop_open_with(&options), test_shop_open_with(&options)};
    int64_t product = test_product(shops[0], PIECES);
    int kept = sell(shops, product);
    for (int i = 0; i < 2; i++) {
        if (stock_seen_by(shops[i]) != 0) {
            fprintf(stderr, "BROKEN: a shop sees %lld pieces left\n", (long long)stock_seen_by(shops[i]));
            kept = 0;
        }
    }
    for (int i = 0; i < 2; i++)
        test_shop_close(shops[i]);
    if (kept)
        puts("two_shops_race: every promise was kept");
    return kept ? 0 : 1;
}
