/* SPDX-License-Identifier: MIT */
/*
 * Carts and orders against each other. Forced interleavings first: a backend of our own wraps the real one and lets
 * somebody else act between what a change has read and what it applies. Then many threads at once.
 *
 *   checkout_race [DATABASE]      default "memory:"; exit status 0: every promise was kept
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <shop/sys/storage.h>

#include "../../libshop/order/order_parts.h"
#include "../unit/support.h"

#define BUYERS 120
#define PIECES 50
#define ROUNDS 20
#define TWINS 8
#define RACES 25
#define ADDS 60
#define SECOND INT64_C(1000000)
#define ORDER_TTL 1800

static atomic_int failures;
static shop *s;
static shop_ctx *system_cx;
static int64_t category;

static void check(int kept, const char *promise)
{
    if (kept)
        return;
    atomic_fetch_add(&failures, 1);
    fprintf(stderr, "BROKEN: %s\n", promise);
}

static void need(shop_status status, const shop_ctx *cx, const char *what)
{
    if (status == SHOP_OK)
        return;
    fprintf(stderr, "%s: %s: %s\n", what, shop_ctx_error_code(cx), shop_ctx_error_detail(cx));
    exit(2);
}

/* ------------------------------------------------------------------------------------------------ letting others in */

typedef void (*interruption)(void *args);

static shop_storage_vtable hook;
static const shop_storage_vtable *inner;
static _Thread_local interruption before_apply; /* happens once, before this thread's next batch */
static _Thread_local void *before_apply_args;
static _Thread_local interruption before_query; /* once, before the query after `queries_first` others */
static _Thread_local void *before_query_args;
static _Thread_local int queries_first;

static int32_t hook_open(const char *url, const shop_schema *schema, const shop_storage_host *host, void **self,
                         shop_fault *fault)
{
    return inner->open(url + strlen("hook:"), schema, host, self, fault);
}

static int32_t hook_apply(void *self, const shop_storage_call *call, const shop_op_list *list, shop_fault *fault)
{
    interruption happens = before_apply;
    before_apply = NULL;
    if (happens)
        happens(before_apply_args);
    return inner->apply(self, call, list, fault);
}

static int32_t hook_query(void *self, const shop_storage_call *call, const shop_read *reads, uint32_t count, shop_rows *rows,
                          shop_fault *fault)
{
    if (before_query && queries_first-- == 0) {
        interruption happens = before_query;
        before_query = NULL;
        happens(before_query_args);
    }
    return inner->query(self, call, reads, count, rows, fault);
}

static void interrupt_query_with(int queries_before, interruption happens, void *args)
{
    queries_first = queries_before;
    before_query = happens;
    before_query_args = args;
}

static void interrupt_with(interruption happens, void *args)
{
    before_apply = happens;
    before_apply_args = args;
}

static void interrupted(void)
{
    check(before_apply == NULL && before_query == NULL, "the interruption took place");
    before_apply = NULL;
    before_query = NULL;
}

/* ------------------------------------------------------------------------------------------------ doing things */

/* A name that no other run on the same database has used. */
static const char *fresh(const char *stem)
{
    static char name[64];
    static int count;
    (void)snprintf(name, sizeof name, "%s-%ld-%lld-%d", stem, (long)getpid(), (long long)shop_monotonic_now(), count++);
    return name;
}

static int64_t fresh_user(void)
{
    char email[96];
    (void)snprintf(email, sizeof email, "%s@example.com", fresh("user"));
    return test_user(s, email, 0);
}

typedef struct goods {
    int64_t id;
    char slug[64];
} goods;

static goods make_goods(int64_t price, int64_t stock)
{
    goods made;
    (void)snprintf(made.slug, sizeof made.slug, "%s", fresh("goods"));
    shop_product_input in = SHOP_PRODUCT_INPUT_INIT;
    in.name = made.slug;
    in.slug = made.slug;
    in.description = "";
    in.price = price;
    in.stock_quantity = stock;
    in.category_id = category;
    const shop_product *product;
    need(shop_product_create(system_cx, &in, &product), system_cx, "make a product");
    made.id = shop_product_id(product);
    return made;
}

static void change_goods(const goods *g, int64_t price, int64_t stock, int64_t is_active)
{
    shop_ctx *cx = test_ctx(s, SHOP_ACTOR_SYSTEM);
    shop_product_input in = SHOP_PRODUCT_INPUT_INIT;
    in.price = price;
    in.stock_quantity = stock;
    in.is_active = is_active;
    const shop_product *product;
    need(shop_product_update(cx, g->slug, &in, 0, &product), cx, "change a product");
    shop_ctx_free(cx);
}

static int64_t stock_of(const goods *g)
{
    const shop_product *product;
    need(shop_product_get(system_cx, g->slug, &product), system_cx, "read a product");
    return shop_product_stock_quantity(product);
}

static shop_status add(shop_ctx *cx, const goods *g, int64_t quantity)
{
    return shop_cart_add(cx, g->id, quantity, NULL);
}

static int64_t in_cart(shop_ctx *cx)
{
    const shop_cart *cart;
    need(shop_cart_get(cx, &cart), cx, "read a cart");
    return shop_cart_total_items(cart);
}

static shop_status place(shop_ctx *cx, const shop_order **order)
{
    shop_order_input in = SHOP_ORDER_INPUT_INIT;
    in.shipping_address = "1 Main Street";
    return shop_order_place(cx, &in, order);
}

static int64_t place_one(shop_ctx *cx, const goods *g, int64_t quantity)
{
    const shop_order *order;
    need(add(cx, g, quantity), cx, "fill a cart");
    need(place(cx, &order), cx, "place an order");
    return shop_order_id(order);
}

static int64_t order_count(shop_ctx *cx)
{
    const shop_page *page;
    need(shop_order_list(cx, NULL, &page), cx, "list orders");
    return shop_page_total(page);
}

static int has_status(int64_t order_id, const char *status)
{
    const shop_order *order;
    need(shop_order_get(system_cx, order_id, &order), system_cx, "read an order");
    return strcmp(shop_order_status(order), status) == 0;
}

static int failed_with(const shop_ctx *cx, shop_status got, const char *code)
{
    return got != SHOP_OK && strcmp(shop_ctx_error_code(cx), code) == 0;
}

/* ------------------------------------------------------------------------------------------------ forced: carts */

static void double_price(void *args)
{
    change_goods(args, 2000, SHOP_UNSET, SHOP_UNSET);
}

static void sell_out(void *args)
{
    change_goods(args, SHOP_UNSET, 1, SHOP_UNSET);
}

static void withdraw(void *args)
{
    change_goods(args, SHOP_UNSET, SHOP_UNSET, 0);
}

static void product_changes_during_add(void)
{
    goods g = make_goods(1000, 10);
    shop_ctx *cx = test_ctx(s, fresh_user());
    const shop_cart *cart = NULL;
    interrupt_with(double_price, &g);
    need(shop_cart_add(cx, g.id, 2, &cart), cx, "add while the price changes");
    interrupted();
    check(shop_line_price(shop_cart_item(cart, 0)) == 2000, "an item's price is the one at the moment it was put in");
    interrupt_with(sell_out, &g);
    check(failed_with(cx, add(cx, &g, 3), "insufficient_stock"), "stock that goes while adding is noticed");
    interrupted();
    change_goods(&g, SHOP_UNSET, 10, SHOP_UNSET);
    interrupt_with(withdraw, &g);
    check(failed_with(cx, add(cx, &g, 3), "product_inactive"), "a product that is withdrawn while adding is noticed");
    interrupted();
    check(in_cart(cx) == 2, "what was refused is not in the cart");
    change_goods(&g, SHOP_UNSET, SHOP_UNSET, 1);
    int64_t item = shop_line_id(shop_cart_item(cart, 0));
    interrupt_with(sell_out, &g);
    check(failed_with(cx, shop_cart_update_item(cx, item, 3, NULL), "insufficient_stock"),
          "stock that goes while updating is noticed");
    interrupted();
    shop_ctx_free(cx);
}

/* Somebody, and what they do while another acts. */
typedef struct other {
    int64_t user;
    goods goods;
    int64_t id;
    shop_status status;
} other;

static void other_adds(void *args)
{
    other *o = args;
    shop_ctx *cx = test_ctx(s, o->user);
    o->status = add(cx, &o->goods, 1);
    shop_ctx_free(cx);
}

static void other_removes(void *args)
{
    other *o = args;
    shop_ctx *cx = test_ctx(s, o->user);
    o->status = shop_cart_remove_item(cx, o->id);
    shop_ctx_free(cx);
}

static void other_places(void *args)
{
    other *o = args;
    shop_ctx *cx = test_ctx(s, o->user);
    const shop_order *order;
    o->status = place(cx, &order);
    o->id = o->status == SHOP_OK ? shop_order_id(order) : 0;
    shop_ctx_free(cx);
}

static void two_first_adds_make_one_cart(void)
{
    goods g = make_goods(1000, 10);
    other o = {.user = fresh_user(), .goods = make_goods(500, 10)};
    shop_ctx *cx = test_ctx(s, o.user);
    interrupt_with(other_adds, &o);
    need(add(cx, &g, 2), cx, "add first");
    interrupted();
    check(o.status == SHOP_OK && in_cart(cx) == 3, "two first adds at once are both in the cart");
    o.goods = g;
    interrupt_with(other_adds, &o);
    need(add(cx, &g, 2), cx, "grow");
    interrupted();
    check(o.status == SHOP_OK && in_cart(cx) == 6, "two adds of one product at once both count");
    shop_ctx_free(cx);
}

static void an_item_removed_meanwhile_cannot_be_updated(void)
{
    goods g = make_goods(1000, 10);
    other o = {.user = fresh_user()};
    shop_ctx *cx = test_ctx(s, o.user);
    const shop_cart *cart;
    need(shop_cart_add(cx, g.id, 1, &cart), cx, "add");
    o.id = shop_line_id(shop_cart_item(cart, 0));
    interrupt_with(other_removes, &o);
    check(failed_with(cx, shop_cart_update_item(cx, o.id, 5, NULL), "cart_item_not_found"), "a removed item stays removed");
    interrupted();
    check(in_cart(cx) == 0, "a removed item stays removed");
    shop_ctx_free(cx);
}

/* ------------------------------------------------------------------------------------------------ forced: checkout */

static void what_is_added_during_checkout_is_bought_or_kept(void)
{
    other o = {.user = fresh_user(), .goods = make_goods(500, 10)};
    goods g = make_goods(1000, 10);
    shop_ctx *cx = test_ctx(s, o.user);
    const shop_order *order;
    need(add(cx, &g, 2), cx, "add");
    interrupt_with(other_adds, &o);
    need(place(cx, &order), cx, "place while adding");
    interrupted();
    int64_t bought = 0;
    for (size_t i = 0; i < shop_order_item_count(order); i++)
        bought += shop_line_quantity(shop_order_item(order, i));
    check(bought + in_cart(cx) == 3, "what is added during a checkout is bought or still in the cart");
    check(stock_of(&g) + stock_of(&o.goods) == 20 - bought, "what was bought left the stock");
    shop_ctx_free(cx);
}

static void what_is_bought_during_an_add_is_not_in_the_cart_again(void)
{
    goods g = make_goods(1000, 10);
    other o = {.user = fresh_user()};
    shop_ctx *cx = test_ctx(s, o.user);
    need(add(cx, &g, 2), cx, "add");
    interrupt_with(other_places, &o);
    need(add(cx, &g, 3), cx, "grow while the cart is bought");
    interrupted();
    check(o.status == SHOP_OK && in_cart(cx) == 3 && stock_of(&g) == 8, "a cart that is bought meanwhile starts anew");
    shop_ctx_free(cx);
}

static void one_cart_is_bought_once(void)
{
    goods g = make_goods(1000, 10);
    other o = {.user = fresh_user()};
    shop_ctx *cx = test_ctx(s, o.user);
    need(add(cx, &g, 2), cx, "add");
    interrupt_with(other_places, &o);
    check(failed_with(cx, place(cx, NULL), "cart_empty"), "the second checkout of a cart finds it empty");
    interrupted();
    check(o.status == SHOP_OK && order_count(cx) == 1 && stock_of(&g) == 8, "a cart is bought once");
    shop_ctx_free(cx);
}

static void the_last_piece_is_sold_once(void)
{
    goods g = make_goods(1000, 1);
    other o = {.user = fresh_user(), .goods = g};
    shop_ctx *cx = test_ctx(s, fresh_user());
    need(add(cx, &g, 1), cx, "add");
    other_adds(&o);
    interrupt_with(other_places, &o);
    check(failed_with(cx, place(cx, NULL), "insufficient_stock"), "who comes second is told");
    interrupted();
    check(o.status == SHOP_OK && stock_of(&g) == 0 && in_cart(cx) == 1 && order_count(cx) == 0,
          "the last piece is sold once, and the other's cart is kept");
    shop_ctx_free(cx);
}

static void other_places_with_key(void *args)
{
    other *o = args;
    shop_ctx *cx = test_ctx(s, o->user);
    const shop_order *order;
    need(shop_ctx_set_idempotency_key(cx, "same-key", "r", 1), cx, "set a key");
    o->status = place(cx, &order);
    o->id = o->status == SHOP_OK ? shop_order_id(order) : 0;
    shop_ctx_free(cx);
}

/* The twin buys before the first request's batch, or between its look for the key and its look into the cart. */
static void a_request_sent_twice_at_once_is_answered_twice(int before_reading)
{
    goods g = make_goods(1000, 10);
    other o = {.user = fresh_user()};
    shop_ctx *cx = test_ctx(s, o.user);
    const shop_order *order = NULL;
    need(add(cx, &g, 2), cx, "add");
    need(shop_ctx_set_idempotency_key(cx, "same-key", "r", 1), cx, "set a key");
    if (before_reading)
        interrupt_query_with(1, other_places_with_key, &o);
    else
        interrupt_with(other_places_with_key, &o);
    shop_status status = place(cx, &order);
    interrupted();
    check(status == SHOP_OK && shop_order_id(order) == o.id && shop_ctx_replayed(cx), "the twin gets the first answer");
    check(order_count(cx) == 1 && stock_of(&g) == 8, "twins buy once");
    shop_ctx_free(cx);
}

/* ------------------------------------------------------------------------------------------------ forced: an order's life */

static void other_cancels(void *args)
{
    other *o = args;
    shop_ctx *cx = test_ctx(s, o->user);
    o->status = shop_order_cancel(cx, o->id, NULL);
    shop_ctx_free(cx);
}

static void other_ships(void *args)
{
    other *o = args;
    shop_ctx *cx = test_ctx(s, SHOP_ACTOR_SYSTEM);
    o->status = shop_order_set_status(cx, o->id, "shipped", NULL);
    shop_ctx_free(cx);
}

static void two_cancels_restore_once(void)
{
    goods g = make_goods(1000, 10);
    other o = {.user = fresh_user()};
    shop_ctx *cx = test_ctx(s, o.user);
    o.id = place_one(cx, &g, 4);
    interrupt_with(other_cancels, &o);
    check(failed_with(cx, shop_order_cancel(cx, o.id, NULL), "invalid_transition"), "the second cancel is told");
    interrupted();
    check(o.status == SHOP_OK && stock_of(&g) == 10, "two cancels give the stock back once");
    shop_ctx_free(cx);
}

static void an_order_is_cancelled_or_shipped(void)
{
    goods g = make_goods(1000, 10);
    other o = {.user = fresh_user()};
    shop_ctx *cx = test_ctx(s, o.user);
    o.id = place_one(cx, &g, 4);
    need(shop_order_set_status(system_cx, o.id, "processing", NULL), system_cx, "accept");
    interrupt_with(other_ships, &o);
    check(failed_with(cx, shop_order_cancel(cx, o.id, NULL), "invalid_transition"), "what was shipped is not cancelled");
    interrupted();
    check(has_status(o.id, "shipped") && stock_of(&g) == 6, "what was shipped keeps its goods");
    o.id = place_one(cx, &g, 4);
    need(shop_order_set_status(system_cx, o.id, "processing", NULL), system_cx, "accept");
    interrupt_with(other_cancels, &o);
    check(failed_with(system_cx, shop_order_set_status(system_cx, o.id, "shipped", NULL), "invalid_transition"),
          "what was cancelled is not shipped");
    interrupted();
    check(has_status(o.id, "cancelled") && stock_of(&g) == 6, "what was cancelled gives its goods back");
    shop_ctx_free(cx);
}

/* What the payment domain does when the money is there: decide from the order as it is, guard it. */
static shop_status pay(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const other *o = args;
    shop_order_brief order;
    (void)answer;
    shop_query *q = shop_query_new(cx);
    int read = shop_order_part_read(q, o->id);
    need(shop_query_run(q), cx, "read an order");
    if (!shop_order_part_find(cx, q, read, o->id, &order) || strcmp(order.status, "pending") != 0)
        return shop_fail(cx, SHOP_CONFLICT, "order_not_pending", "The order is not pending.");
    shop_order_part_paid(b, &order, shop_now(s));
    return SHOP_OK;
}

static void other_pays(void *args)
{
    other *o = args;
    shop_ctx *cx = test_ctx(s, SHOP_ACTOR_SYSTEM);
    o->status = shop_change_step(cx, pay, o);
    shop_ctx_free(cx);
}

static void time_passes_for(void *args)
{
    int64_t *done = args;
    shop_ctx *cx = test_ctx(s, SHOP_ACTOR_SYSTEM);
    need(shop_order_expire(cx, 1000, done), cx, "let orders expire");
    shop_ctx_free(cx);
}

static void an_order_is_paid_or_expires(void)
{
    goods g = make_goods(1000, 10);
    other o = {.user = fresh_user()};
    shop_ctx *cx = test_ctx(s, o.user);
    int64_t done = 0;
    test_clock_advance(ORDER_TTL * SECOND);
    time_passes_for(&done); /* nobody else's order is due any more */
    o.id = place_one(cx, &g, 4);
    test_clock_advance(ORDER_TTL * SECOND);
    interrupt_with(other_pays, &o);
    time_passes_for(&done);
    interrupted();
    check(o.status == SHOP_OK && done == 0 && has_status(o.id, "processing") && stock_of(&g) == 6,
          "a paid order does not expire");
    o.id = place_one(cx, &g, 4);
    test_clock_advance(ORDER_TTL * SECOND);
    interrupt_query_with(1, other_pays, &o); /* after it was found to be due */
    time_passes_for(&done);
    interrupted();
    check(o.status == SHOP_OK && done == 0 && has_status(o.id, "processing") && stock_of(&g) == 2,
          "a paid order does not expire");
    change_goods(&g, SHOP_UNSET, 6, SHOP_UNSET);
    o.id = place_one(cx, &g, 4);
    test_clock_advance(ORDER_TTL * SECOND);
    interrupt_with(time_passes_for, &done);
    other_pays(&o);
    interrupted();
    check(o.status == SHOP_CONFLICT && done == 1 && has_status(o.id, "cancelled") && stock_of(&g) == 6,
          "an expired order is not paid");
    shop_ctx_free(cx);
}

/* ------------------------------------------------------------------------------------------------ many threads */

typedef struct buyer {
    shop_ctx *cx;
    const goods *goods;
    pthread_barrier_t *start;
    int64_t order_id;
    shop_status status;
    int was_short;
    int was_empty;
} buyer;

static void run_all(void *(*body)(void *), buyer *buyers, size_t count)
{
    pthread_t threads[BUYERS];
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, (unsigned)count);
    for (size_t i = 0; i < count; i++) {
        buyers[i].start = &start;
        if (pthread_create(&threads[i], NULL, body, &buyers[i]) != 0)
            exit(2);
    }
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&start);
}

static void *buy(void *args)
{
    buyer *b = args;
    const shop_order *order = NULL;
    pthread_barrier_wait(b->start);
    b->status = place(b->cx, &order);
    b->order_id = b->status == SHOP_OK ? shop_order_id(order) : 0;
    b->was_short = failed_with(b->cx, b->status, "insufficient_stock");
    b->was_empty = failed_with(b->cx, b->status, "cart_empty");
    return NULL;
}

static void rush_round(buyer *buyers, const goods *g)
{
    change_goods(g, SHOP_UNSET, PIECES, SHOP_UNSET);
    for (size_t i = 0; i < BUYERS; i++)
        if (in_cart(buyers[i].cx) == 0)
            need(add(buyers[i].cx, g, 1), buyers[i].cx, "fill a cart");
    run_all(buy, buyers, BUYERS);
    int sold = 0;
    int refusals = 0;
    for (size_t i = 0; i < BUYERS; i++) {
        sold += buyers[i].status == SHOP_OK;
        refusals += buyers[i].was_short;
        check(in_cart(buyers[i].cx) == (buyers[i].status == SHOP_OK ? 0 : 1), "a cart is bought or kept");
    }
    check(sold == PIECES, "as many are sold as there are");
    check(refusals == BUYERS - PIECES, "nobody is refused for another reason than stock");
    check(stock_of(g) == 0, "the stock is sold out, not oversold");
}

static void a_rush_sells_what_there_is(void)
{
    static buyer buyers[BUYERS];
    goods g = make_goods(1000, PIECES);
    for (size_t i = 0; i < BUYERS; i++)
        buyers[i] = (buyer){.cx = test_ctx(s, fresh_user()), .goods = &g};
    for (int i = 0; i < ROUNDS; i++)
        rush_round(buyers, &g);
    int64_t orders = 0;
    for (size_t i = 0; i < BUYERS; i++) {
        orders += order_count(buyers[i].cx);
        shop_ctx_free(buyers[i].cx);
    }
    check(orders == PIECES * ROUNDS, "there are as many orders as were answered");
}

static void twins_share(int with_key)
{
    buyer twins[TWINS];
    goods g = make_goods(1000, 10);
    int64_t user = fresh_user();
    for (size_t i = 0; i < TWINS; i++) {
        twins[i] = (buyer){.cx = test_ctx(s, user)};
        if (with_key)
            need(shop_ctx_set_idempotency_key(twins[i].cx, "twins", "r", 1), twins[i].cx, "set a key");
    }
    shop_ctx *cx = test_ctx(s, user);
    need(add(cx, &g, 2), cx, "add");
    run_all(buy, twins, TWINS);
    int bought = 0;
    int64_t order_id = 0;
    for (size_t i = 0; i < TWINS; i++) {
        bought += twins[i].status == SHOP_OK;
        if (twins[i].status == SHOP_OK) {
            check(order_id == 0 || order_id == twins[i].order_id, "one cart makes one order");
            order_id = twins[i].order_id;
        } else {
            check(twins[i].was_empty, "who comes second finds the cart empty");
        }
        shop_ctx_free(twins[i].cx);
    }
    check(bought == (with_key ? TWINS : 1), with_key ? "one key has one answer for all" : "one cart is bought once");
    check(order_count(cx) == 1 && stock_of(&g) == 8, "stock is taken once");
    shop_ctx_free(cx);
}

static void *cancel(void *args)
{
    buyer *b = args;
    pthread_barrier_wait(b->start);
    b->status = shop_order_cancel(b->cx, b->order_id, NULL);
    return NULL;
}

static void many_cancels_restore_once(void)
{
    buyer twins[TWINS];
    goods g = make_goods(1000, 10);
    shop_ctx *cx = test_ctx(s, fresh_user());
    int64_t id = place_one(cx, &g, 3);
    for (size_t i = 0; i < TWINS; i++)
        twins[i] = (buyer){.cx = test_ctx(s, shop_ctx_actor(cx)), .order_id = id};
    run_all(cancel, twins, TWINS);
    int cancelled = 0;
    for (size_t i = 0; i < TWINS; i++) {
        cancelled += twins[i].status == SHOP_OK;
        shop_ctx_free(twins[i].cx);
    }
    check(cancelled == 1 && stock_of(&g) == 10, "many cancels at once give the stock back once");
    shop_ctx_free(cx);
}

static void *keep_adding(void *args)
{
    buyer *b = args;
    pthread_barrier_wait(b->start);
    for (int i = 0; i < ADDS; i++)
        need(add(b->cx, b->goods, 1), b->cx, "add while somebody buys");
    return NULL;
}

static void *keep_buying(void *args)
{
    buyer *b = args;
    pthread_barrier_wait(b->start);
    for (int i = 0; i < ADDS; i++)
        if (place(b->cx, NULL) != SHOP_OK)
            check(strcmp(shop_ctx_error_code(b->cx), "cart_empty") == 0, "an order fails only because the cart is empty");
    return NULL;
}

static void *add_or_buy(void *args)
{
    buyer *b = args;
    return b->goods ? keep_adding(b) : keep_buying(b);
}

static void nothing_that_is_added_is_lost(void)
{
    goods g = make_goods(1000, 10 * ADDS);
    int64_t user = fresh_user();
    buyer two[2] = {{.cx = test_ctx(s, user), .goods = &g}, {.cx = test_ctx(s, user)}};
    run_all(add_or_buy, two, 2);
    check(10 * ADDS - stock_of(&g) + in_cart(two[0].cx) == ADDS, "what was added is bought or in the cart, once");
    shop_ctx_free(two[0].cx);
    shop_ctx_free(two[1].cx);
}

/* ------------------------------------------------------------------------------------------------ all of it */

static void open_shop(const char *database)
{
    char url[512];
    inner = shop_storage_find(database);
    if (!inner) {
        fprintf(stderr, "no backend for %s\n", database);
        exit(2);
    }
    hook = *inner;
    hook.name = "hook";
    hook.open = hook_open;
    hook.query = hook_query;
    hook.apply = hook_apply;
    shop_options options;
    test_options(&options);
    (void)snprintf(url, sizeof url, "hook:%s", database);
    options.database = url;
    options.order_ttl = ORDER_TTL;
    options.call_timeout_ms = 60000;
    if (shop_storage_register(&hook) != SHOP_OK)
        exit(2);
    s = test_shop_open_with(&options);
    system_cx = test_ctx(s, SHOP_ACTOR_SYSTEM);
    shop_category_input in = SHOP_CATEGORY_INPUT_INIT;
    char name[64];
    (void)snprintf(name, sizeof name, "%s", fresh("shelf"));
    in.name = name;
    in.slug = name;
    const shop_category *made;
    need(shop_category_create(system_cx, &in, &made), system_cx, "make a category");
    category = shop_category_id(made);
}

int main(int argc, char **argv)
{
    static void (*const forced[])(void) = {
        product_changes_during_add,
        two_first_adds_make_one_cart,
        an_item_removed_meanwhile_cannot_be_updated,
        what_is_added_during_checkout_is_bought_or_kept,
        what_is_bought_during_an_add_is_not_in_the_cart_again,
        one_cart_is_bought_once,
        the_last_piece_is_sold_once,
        two_cancels_restore_once,
        an_order_is_cancelled_or_shipped,
        an_order_is_paid_or_expires,
    };
    open_shop(argc > 1 ? argv[1] : "memory:");
    for (size_t i = 0; i < sizeof forced / sizeof forced[0]; i++)
        forced[i]();
    a_request_sent_twice_at_once_is_answered_twice(0);
    a_request_sent_twice_at_once_is_answered_twice(1);
    a_rush_sells_what_there_is();
    for (int i = 0; i < RACES; i++) {
        twins_share(0);
        twins_share(1);
        many_cancels_restore_once();
    }
    nothing_that_is_added_is_lost();
    shop_ctx_free(system_cx);
    shop_close(s);
    if (atomic_load(&failures) > 0)
        return 1;
    puts("checkout_race: every promise was kept");
    return 0;
}
