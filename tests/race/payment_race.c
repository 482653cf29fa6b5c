/* SPDX-License-Identifier: MIT */
/*
 * Payments against each other: many begin one, many give one back, one confirms while another cancels.
 *
 *   payment_race [DATABASE]      default "memory:"; exit status 0: every promise was kept
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../libshop/payment/payment.h"
#include "../unit/support.h"

#define THREADS 16
#define REFUNDERS 8
#define ROUNDS 4

static atomic_int failures;
static shop *s;
static shop_ctx *system_cx;
static shop_ctx *cx; /* the customer's */
static int64_t product;

static void check(int kept, const char *promise)
{
    if (kept)
        return;
    atomic_fetch_add(&failures, 1);
    fprintf(stderr, "BROKEN: %s\n", promise);
}

static void need(shop_status status, const shop_ctx *c, const char *what)
{
    if (status == SHOP_OK)
        return;
    fprintf(stderr, "%s: %s: %s\n", what, shop_ctx_error_code(c), shop_ctx_error_detail(c));
    exit(2);
}

typedef struct worker {
    shop_ctx *cx;
    pthread_barrier_t *start;
    shop_status (*act)(struct worker *w);
    int64_t order;
    int64_t payment;
    shop_status status;
} worker;

static void *work(void *args)
{
    worker *w = args;
    pthread_barrier_wait(w->start);
    do
        w->status = w->act(w);
    while (w->status == SHOP_BUSY); /* nothing happened: again */
    return NULL;
}

static void run_all(worker *workers, size_t count)
{
    pthread_t threads[THREADS];
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, (unsigned)count);
    for (size_t i = 0; i < count; i++) {
        workers[i].start = &start;
        if (pthread_create(&threads[i], NULL, work, &workers[i]) != 0)
            exit(2);
    }
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&start);
}

/* ------------------------------------------------------------------------------------------------ what they do */

static shop_status begin(worker *w)
{
    const shop_intent *intent;
    shop_intent_input in = SHOP_INTENT_INPUT_INIT;
    in.order_id = w->order;
    shop_status status = shop_payment_create_intent(w->cx, &in, &intent);
    w->payment = status == SHOP_OK ? shop_payment_id(shop_intent_payment(intent)) : 0;
    return status;
}

static shop_status confirm(worker *w)
{
    const shop_payment *p;
    shop_confirm_input in = SHOP_CONFIRM_INPUT_INIT;
    in.payment_id = w->payment;
    in.payment_method = "pm_card_visa";
    return shop_payment_confirm(w->cx, &in, &p);
}

static shop_status refund(worker *w)
{
    const shop_payment *p;
    shop_refund_input in = SHOP_REFUND_INPUT_INIT;
    in.payment_id = w->payment;
    in.amount = 300;
    return shop_payment_refund(w->cx, &in, &p);
}

static shop_status cancel_order(worker *w)
{
    return shop_order_cancel(w->cx, w->order, NULL);
}

static worker new_worker(int64_t actor, shop_status (*act)(worker *w), int64_t order, int64_t payment)
{
    return (worker){.cx = test_ctx(s, actor), .act = act, .order = order, .payment = payment};
}

static int64_t place_order(void)
{
    const shop_order *order;
    shop_order_input in = SHOP_ORDER_INPUT_INIT;
    in.shipping_address = "1 Main Street";
    need(shop_cart_add(cx, product, 1, NULL), cx, "fill a cart");
    need(shop_order_place(cx, &in, &order), cx, "place an order");
    return shop_order_id(order);
}

static int64_t begun(int64_t order)
{
    worker w = {.cx = cx, .order = order};
    need(begin(&w), cx, "begin to pay");
    return w.payment;
}

/* How the gateway has it. */
typedef struct books {
    const char *status;
    int64_t amount;
    int64_t refunded;
} books;

static const shop_payment *payment_of(int64_t id, books *there)
{
    const shop_payment *p;
    shop_gateway_intent intent;
    shop_gateway_refunds refunds;
    need(shop_payment_get(system_cx, id, &p), system_cx, "read a payment");
    (void)shop_gateway_retrieve(system_cx, shop_payment_intent_id(p), &intent);
    (void)shop_gateway_list_refunds(system_cx, shop_payment_intent_id(p), &refunds);
    need(system_cx->status, system_cx, "ask the gateway");
    *there = (books){.status = intent.status, .amount = intent.amount};
    for (size_t i = 0; i < refunds.count; i++)
        there->refunded += refunds.items[i].amount;
    return p;
}

/* ------------------------------------------------------------------------------------------------ the promises */

static void an_order_has_one_payment(void)
{
    worker workers[THREADS];
    int64_t order = place_order();
    for (size_t i = 0; i < THREADS; i++)
        workers[i] = new_worker(shop_ctx_actor(cx), begin, order, 0);
    run_all(workers, THREADS);
    for (size_t i = 0; i < THREADS; i++) {
        check(workers[i].status == SHOP_OK, "everybody gets the payment");
        check(workers[i].payment == workers[0].payment, "an order has one payment");
        shop_ctx_free(workers[i].cx);
    }
}

static void refunds_never_exceed_what_was_paid(void)
{
    worker workers[REFUNDERS];
    books there;
    worker payer = {.cx = cx, .payment = begun(place_order())};
    need(confirm(&payer), cx, "pay");
    for (size_t i = 0; i < REFUNDERS; i++)
        workers[i] = new_worker(SHOP_ACTOR_SYSTEM, refund, 0, payer.payment);
    run_all(workers, REFUNDERS);
    int done = 0;
    for (size_t i = 0; i < REFUNDERS; i++) {
        done += workers[i].status == SHOP_OK;
        check(workers[i].status == SHOP_OK || workers[i].status == SHOP_INVALID, "who gets nothing is told why");
        shop_ctx_free(workers[i].cx);
    }
    const shop_payment *p = payment_of(payer.payment, &there);
    check(done == 3, "three times 3.00 fit into 10.00");
    check(shop_payment_amount_refunded(p) == 900 && there.refunded == 900, "shop and gateway agree on what went back");
}

static void an_order_is_paid_or_cancelled(void)
{
    books there;
    int64_t order = place_order();
    int64_t id = begun(order);
    worker two[2] = {new_worker(shop_ctx_actor(cx), confirm, order, id),
                     new_worker(shop_ctx_actor(cx), cancel_order, order, id)};
    run_all(two, 2);
    shop_ctx_free(two[0].cx);
    shop_ctx_free(two[1].cx);
    int64_t done = 1;
    test_clock_advance(INT64_C(61) * 1000000);
    for (int i = 0; i < 100 && done > 0; i++)
        need(shop_jobs_run(system_cx, &done), system_cx, "run the jobs");
    const shop_payment *p = payment_of(id, &there);
    int is_paid = strcmp(there.status, "succeeded") == 0;
    if (strcmp(shop_payment_order_status(p), "cancelled") == 0)
        check(is_paid ? there.refunded == there.amount : strcmp(there.status, "canceled") == 0,
              "a cancelled order keeps no money");
    else
        check(is_paid && there.refunded == 0 && strcmp(shop_payment_order_status(p), "processing") == 0,
              "an order that is not cancelled is paid");
    check(shop_payment_amount_refunded(p) == there.refunded, "shop and gateway agree on what went back");
}

/* ------------------------------------------------------------------------------------------------ all of it */

static void open_shop(const char *database)
{
    char name[64];
    char email[96];
    shop_options options;
    test_options(&options);
    options.database = database;
    options.call_timeout_ms = 60000;
    s = test_shop_open_with(&options);
    system_cx = test_ctx(s, SHOP_ACTOR_SYSTEM);
    (void)snprintf(name, sizeof name, "race-%ld-%lld", (long)getpid(), (long long)shop_monotonic_now());
    (void)snprintf(email, sizeof email, "%s@example.com", name);
    cx = test_ctx(s, test_user(s, email, 0));
    shop_category_input shelf = SHOP_CATEGORY_INPUT_INIT;
    shelf.name = name;
    shelf.slug = name;
    const shop_category *category;
    need(shop_category_create(system_cx, &shelf, &category), system_cx, "make a category");
    shop_product_input in = SHOP_PRODUCT_INPUT_INIT;
    in.name = name;
    in.slug = name;
    in.description = "";
    in.price = 1000;
    in.stock_quantity = 1000;
    in.category_id = shop_category_id(category);
    const shop_product *made;
    need(shop_product_create(system_cx, &in, &made), system_cx, "make a product");
    product = shop_product_id(made);
}

int main(int argc, char **argv)
{
    open_shop(argc > 1 ? argv[1] : "memory:");
    for (int i = 0; i < ROUNDS; i++) {
        an_order_has_one_payment();
        refunds_never_exceed_what_was_paid();
    }
    for (int i = 0; i < 5 * ROUNDS; i++)
        an_order_is_paid_or_cancelled();
    shop_ctx_free(cx);
    shop_ctx_free(system_cx);
    shop_close(s);
    if (atomic_load(&failures) > 0)
        return 1;
    puts("payment_race: every promise was kept");
    return 0;
}
