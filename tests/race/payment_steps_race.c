/* SPDX-License-Identifier: MIT */
/*
 * Payments against each other. First one call at a time: before each of its reads and batches in turn somebody else acts, or the
 * process dies: a backend of our own wraps the real one. Then many threads at once. Whatever happens, the shop's books and the
 * gateway's must agree when the jobs have run.
 *
 *   payment_steps_race [DATABASE]      default "memory:"; exit status 0: every promise was kept
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <shop/sys/storage.h>

#include "../../libshop/gateway/gateway.h"
#include "../../libshop/gateway/webhook.h"
#include "../../libshop/storage/store.h"
#include "../unit/support.h"

#define CROWD 16
#define RUNNERS 4
#define ROUNDS 25
#define PRICE 1000
#define STOCK 1000000
#define PART 70 /* does not divide PRICE: the last 20 can be had by none of these refunds */
#define SECOND INT64_C(1000000)
#define QUIET (61 * SECOND) /* after this a half-done payment is nobody's work any more */
#define JOB_RUNS_MAX 50
#define STEPS_MAX 200

static atomic_int failures;
static shop *s;
static shop_ctx *system_cx;
static int64_t product_id;
static char product_slug[64];

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

typedef struct actor actor;

static shop_storage_vtable hook;
static const shop_storage_vtable *inner;
static _Thread_local actor *intruder; /* acts once, before this thread's next call of the storage after … */
static _Thread_local int calls_first; /* … so many */
static _Thread_local int dies; /* the process does: nothing is written any more after … */
static _Thread_local int batches_first; /* … so many batches */

static void act(actor *a);

static int32_t hook_open(const char *url, const shop_schema *schema, const shop_storage_host *host, void **self,
                         shop_fault *fault)
{
    return inner->open(url + strlen("hook:"), schema, host, self, fault);
}

static void let_in(void)
{
    actor *happens = intruder;
    if (!happens || calls_first-- > 0)
        return;
    intruder = NULL;
    act(happens);
}

static int32_t hook_query(void *self, const shop_storage_call *call, const shop_read *reads, uint32_t count, shop_rows *rows,
                          shop_fault *fault)
{
    let_in();
    return inner->query(self, call, reads, count, rows, fault);
}

static int32_t hook_apply(void *self, const shop_storage_call *call, const shop_op_list *list, shop_fault *fault)
{
    let_in();
    if (dies && batches_first-- <= 0)
        return SHOP_STORAGE_UNAVAILABLE;
    return inner->apply(self, call, list, fault);
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
    (void)snprintf(email, sizeof email, "%s@example.com", fresh("payer"));
    return test_user(s, email, 0);
}

static int64_t stock(void)
{
    const shop_product *product;
    need(shop_product_get(system_cx, product_slug, &product), system_cx, "read the product");
    return shop_product_stock_quantity(product);
}

static int64_t place_one(shop_ctx *cx)
{
    shop_order_input in = SHOP_ORDER_INPUT_INIT;
    const shop_order *order;
    in.shipping_address = "1 Main Street";
    need(shop_cart_add(cx, product_id, 1, NULL), cx, "fill a cart");
    need(shop_order_place(cx, &in, &order), cx, "place an order");
    return shop_order_id(order);
}

static shop_status begin(shop_ctx *cx, int64_t order_id, const shop_intent **intent)
{
    shop_intent_input in = SHOP_INTENT_INPUT_INIT;
    in.order_id = order_id;
    return shop_payment_create_intent(cx, &in, intent);
}

static shop_status confirm(shop_ctx *cx, int64_t payment_id)
{
    const shop_payment *payment;
    shop_confirm_input in = SHOP_CONFIRM_INPUT_INIT;
    in.payment_id = payment_id;
    in.payment_method = "pm_card_visa";
    return shop_payment_confirm(cx, &in, &payment);
}

static shop_status give_back(shop_ctx *cx, int64_t payment_id, int64_t amount)
{
    const shop_payment *payment;
    shop_refund_input in = SHOP_REFUND_INPUT_INIT;
    in.payment_id = payment_id;
    in.amount = amount;
    return shop_payment_refund(cx, &in, &payment);
}

/* A payment that is begun, or made: everything that the races need to know of it. */
typedef struct deal {
    int64_t user;
    int64_t order_id;
    int64_t payment_id;
    char intent[128];
} deal;

static deal make_deal(int is_paid)
{
    deal d = {.user = fresh_user()};
    const shop_intent *intent;
    shop_ctx *cx = test_ctx(s, d.user);
    d.order_id = place_one(cx);
    need(begin(cx, d.order_id, &intent), cx, "begin to pay");
    d.payment_id = shop_payment_id(shop_intent_payment(intent));
    (void)snprintf(d.intent, sizeof d.intent, "%s", shop_payment_intent_id(shop_intent_payment(intent)));
    if (is_paid)
        need(confirm(cx, d.payment_id), cx, "pay");
    shop_ctx_free(cx);
    return d;
}

/* What a crash left is old enough to be finished, and is. */
static void run_jobs(void)
{
    shop_ctx *cx = test_ctx(s, SHOP_ACTOR_SYSTEM);
    int64_t done = 1;
    test_clock_advance(QUIET);
    for (int i = 0; done > 0 && i < JOB_RUNS_MAX; i++)
        need(shop_jobs_run(cx, &done), cx, "run the jobs");
    check(done == 0, "the jobs come to an end");
    shop_ctx_free(cx);
}

/* ------------------------------------------------------------------------------------------------ both books */

typedef struct books {
    const char *payment;
    const char *order;
    int64_t refunded;
    shop_gateway_intent gateway;
    int64_t refunded_there;
} books;

static void need_gateway(int32_t outcome, const char *what)
{
    if (outcome != SHOP_GATEWAY_OK)
        need(system_cx->status, system_cx, what);
}

static books look(const deal *d)
{
    books b = {.refunded_there = 0};
    shop_gateway_refunds refunds;
    const shop_payment *payment;
    need(shop_payment_get(system_cx, d->payment_id, &payment), system_cx, "read a payment");
    b.payment = shop_payment_status(payment);
    b.order = shop_payment_order_status(payment);
    b.refunded = shop_payment_amount_refunded(payment);
    need_gateway(shop_gateway_retrieve(system_cx, d->intent, &b.gateway), "ask the gateway");
    need_gateway(shop_gateway_list_refunds(system_cx, d->intent, &refunds), "ask the gateway for refunds");
    for (size_t i = 0; i < refunds.count; i++)
        b.refunded_there += refunds.items[i].amount;
    return b;
}

static int are(const books *b, const char *order, const char *payment, const char *gateway, int64_t refunded)
{
    return strcmp(b->order, order) == 0 && strcmp(b->payment, payment) == 0 && strcmp(b->gateway.status, gateway) == 0 &&
           b->refunded == refunded && b->refunded_there == refunded;
}

static int64_t count_rows(uint16_t table)
{
    shop_query *q = shop_query_new(system_cx);
    int read = shop_query_read(q, table);
    shop_query_aggregate(q, SHOP_AGGREGATE_COUNT, 0);
    need(shop_query_run(q), system_cx, "count rows");
    return shop_query_rows(q, read)->values[0].num;
}

/* ------------------------------------------------------------------------------------------------ a crowd */

struct actor {
    shop_ctx *cx;
    const deal *deal;
    void (*act)(struct actor *a);
    pthread_barrier_t *start;
    const char *body; /* of a webhook, */
    const char *signature; /* and its signature */
    shop_status status;
    int64_t made;
    char secret[128];
};

static void act(actor *a)
{
    a->act(a);
}

static void *play(void *args)
{
    actor *a = args;
    pthread_barrier_wait(a->start);
    act(a);
    return NULL;
}

static void play_all(actor *actors, size_t count)
{
    pthread_t threads[CROWD];
    pthread_barrier_t start;
    if (pthread_barrier_init(&start, NULL, (unsigned)count) != 0)
        exit(2);
    for (size_t i = 0; i < count; i++) {
        actors[i].start = &start;
        if (pthread_create(&threads[i], NULL, play, &actors[i]) != 0)
            exit(2);
    }
    for (size_t i = 0; i < count; i++)
        (void)pthread_join(threads[i], NULL);
    (void)pthread_barrier_destroy(&start);
}

static void free_all(actor *actors, size_t count)
{
    for (size_t i = 0; i < count; i++)
        shop_ctx_free(actors[i].cx);
}

static void set_key(shop_ctx *cx, const char *key)
{
    need(shop_ctx_set_idempotency_key(cx, key, "r", 1), cx, "set a key");
}

/* ------------------------------------------------------------------------------------------------ beginning */

static void act_begin(actor *a)
{
    const shop_intent *intent = NULL;
    a->status = begin(a->cx, a->deal->order_id, &intent);
    if (a->status != SHOP_OK)
        return;
    a->made = shop_payment_id(shop_intent_payment(intent));
    (void)snprintf(a->secret, sizeof a->secret, "%s", shop_intent_client_secret(intent));
}

static void a_crowd_begins_one_payment(int with_key)
{
    actor crowd[CROWD];
    deal d = {.user = fresh_user()};
    shop_ctx *cx = test_ctx(s, d.user);
    d.order_id = place_one(cx);
    int64_t intents = count_rows(TABLE_TEST_INTENT);
    int64_t payments = count_rows(TABLE_PAYMENT);
    for (size_t i = 0; i < CROWD; i++) {
        crowd[i] = (actor){.cx = test_ctx(s, d.user), .deal = &d, .act = act_begin};
        if (with_key)
            set_key(crowd[i].cx, "begin");
    }
    play_all(crowd, CROWD);
    for (size_t i = 0; i < CROWD; i++) {
        need(crowd[i].status, crowd[i].cx, "begin at once");
        check(crowd[i].made == crowd[0].made && strcmp(crowd[i].secret, crowd[0].secret) == 0, "all are given one payment");
    }
    check(count_rows(TABLE_TEST_INTENT) == intents + 1, "the gateway made one intent");
    check(count_rows(TABLE_PAYMENT) == payments + 1, "the order has one payment");
    free_all(crowd, CROWD);
    shop_ctx_free(cx);
}

/* ------------------------------------------------------------------------------------------------ giving back */

/* Until no such part is left. Who is told that it is crowded asks again. */
static void act_refund_parts(actor *a)
{
    do {
        a->status = give_back(a->cx, a->deal->payment_id, PART);
        a->made += a->status == SHOP_OK;
    } while (a->status == SHOP_OK || a->status == SHOP_BUSY);
}

static void a_crowd_never_refunds_more_than_was_paid(void)
{
    actor crowd[CROWD];
    deal d = make_deal(1);
    int64_t given = 0;
    for (size_t i = 0; i < CROWD; i++)
        crowd[i] = (actor){.cx = test_ctx(s, SHOP_ACTOR_SYSTEM), .deal = &d, .act = act_refund_parts};
    play_all(crowd, CROWD);
    for (size_t i = 0; i < CROWD; i++) {
        given += crowd[i].made * PART;
        check(crowd[i].status == SHOP_INVALID, "a refund is refused only because too little is left");
    }
    free_all(crowd, CROWD);
    run_jobs();
    books b = look(&d);
    check(given <= PRICE, "no more is answered than was paid");
    check(are(&b, "processing", "partially_refunded", "succeeded", PRICE / PART * PART), "what fits is given back, no more");
    need(give_back(system_cx, d.payment_id, SHOP_UNSET), system_cx, "give the rest back");
    b = look(&d);
    check(are(&b, "cancelled", "refunded", "succeeded", PRICE), "the rest completes it, and ends the order");
}

static void act_refund_some(actor *a)
{
    a->status = give_back(a->cx, a->deal->payment_id, PART);
}

static void one_key_refunds_once(void)
{
    actor crowd[CROWD];
    deal d = make_deal(1);
    for (size_t i = 0; i < CROWD; i++) {
        crowd[i] = (actor){.cx = test_ctx(s, SHOP_ACTOR_SYSTEM), .deal = &d, .act = act_refund_some};
        set_key(crowd[i].cx, d.intent);
    }
    play_all(crowd, CROWD);
    for (size_t i = 0; i < CROWD; i++)
        need(crowd[i].status, crowd[i].cx, "refund under one key");
    free_all(crowd, CROWD);
    books b = look(&d);
    check(are(&b, "processing", "partially_refunded", "succeeded", PART), "one key gives back once");
}

/* ------------------------------------------------------------------------------------------------ cancelling */

static void act_confirm(actor *a)
{
    a->status = confirm(a->cx, a->deal->payment_id);
}

static void act_cancel_payment(actor *a)
{
    const shop_payment *payment;
    shop_payment_cancel_input in = SHOP_PAYMENT_CANCEL_INPUT_INIT;
    in.payment_id = a->deal->payment_id;
    a->status = shop_payment_cancel(a->cx, &in, &payment);
}

static void act_cancel_order(actor *a)
{
    a->status = shop_order_cancel(a->cx, a->deal->order_id, NULL);
}

/* The only ways in which it may end: paid and kept, or nothing sold and no money kept. */
static void check_agreement(const deal *d, int64_t stock_before)
{
    books b = look(d);
    int is_paid = are(&b, "processing", "succeeded", "succeeded", 0);
    int is_off = are(&b, "cancelled", "cancelled", "canceled", 0);
    int is_given_back = are(&b, "cancelled", "refunded", "succeeded", PRICE);
    check(is_paid || is_off || is_given_back, "order, payment and gateway agree");
    check(stock() == stock_before - is_paid, "stock is away exactly when it is sold");
    if (!is_paid && !is_off && !is_given_back)
        fprintf(stderr, "  order %s, payment %s (-%lld), gateway %s (-%lld)\n", b.order, b.payment, (long long)b.refunded,
                b.gateway.status, (long long)b.refunded_there);
}

static void confirming_meets(void (*rival)(actor *a))
{
    int64_t before = stock();
    deal d = make_deal(0);
    actor two[] = {{.cx = test_ctx(s, d.user), .deal = &d, .act = act_confirm},
                   {.cx = test_ctx(s, d.user), .deal = &d, .act = rival}};
    play_all(two, 2);
    int is_somebody_served = two[0].status == SHOP_OK || two[1].status == SHOP_OK;
    check(is_somebody_served, "one of the two is served");
    if (!is_somebody_served)
        fprintf(stderr, "  %s and %s\n", shop_ctx_error_code(two[0].cx), shop_ctx_error_code(two[1].cx));
    free_all(two, 2);
    run_jobs();
    check_agreement(&d, before);
}

static void refunding_meets_cancelling(void)
{
    actor crowd[RUNNERS];
    int64_t before = stock();
    deal d = make_deal(1);
    for (size_t i = 0; i < RUNNERS; i++)
        crowd[i] = (actor){.cx = test_ctx(s, SHOP_ACTOR_SYSTEM), .deal = &d, .act = act_refund_some};
    crowd[0].act = act_cancel_order;
    play_all(crowd, RUNNERS);
    check(crowd[0].status == SHOP_OK, "a paid order can be cancelled while parts of it are given back");
    free_all(crowd, RUNNERS);
    run_jobs();
    books b = look(&d);
    check(are(&b, "cancelled", "refunded", "succeeded", PRICE), "a cancelled order's money goes back whole, and once");
    check(stock() == before, "its stock comes back once");
}

/* ------------------------------------------------------------------------------------------------ messages */

static void act_webhook(actor *a)
{
    a->status = shop_payment_webhook(a->cx, a->body, strlen(a->body), a->signature);
}

static void an_event_counts_once(void)
{
    actor crowd[CROWD];
    char body[512];
    shop_gateway_intent intent;
    deal d = make_deal(0);
    need_gateway(shop_gateway_confirm(system_cx, "k", d.intent, "pm_card_visa", &intent), "pay behind the back");
    (void)snprintf(body, sizeof body,
                   "{\"id\":\"evt_%s\",\"type\":\"payment_intent.succeeded\","
                   "\"data\":{\"object\":{\"object\":\"payment_intent\",\"id\":\"%s\"}}}",
                   fresh("race"), d.intent);
    char signature[SHOP_WEBHOOK_HEADER_SIZE];
    shop_webhook_sign(s->gateway->host.webhook_secrets, body, strlen(body), shop_now(s), signature);
    int64_t events = count_rows(TABLE_EVENT);
    for (size_t i = 0; i < CROWD; i++)
        crowd[i] = (actor){.cx = test_ctx(s, 0), .deal = &d, .act = act_webhook, .body = body, .signature = signature};
    play_all(crowd, CROWD);
    for (size_t i = 0; i < CROWD; i++)
        need(crowd[i].status, crowd[i].cx, "take an event");
    free_all(crowd, CROWD);
    books b = look(&d);
    check(count_rows(TABLE_EVENT) == events + 1, "an event is recorded once");
    check(are(&b, "processing", "succeeded", "succeeded", 0), "it pays the order");
}

/* ------------------------------------------------------------------------------------------------ what a crash left */

static const shop_gateway_vtable *real;

/* The gateway did it, and its answer was lost: as far as the shop knows, the process ended here. */
static int32_t lose_answer(shop_gateway_fault *fault, int32_t outcome)
{
    return fault->outcome = outcome == SHOP_GATEWAY_OK ? SHOP_GATEWAY_AWAY : outcome;
}

static int32_t create_and_lose(void *self, const shop_gateway_call *call, const shop_gateway_order *order,
                               shop_gateway_intent *out, shop_gateway_fault *fault)
{
    return lose_answer(fault, real->create(self, call, order, out, fault));
}

static int32_t refund_and_lose(void *self, const shop_gateway_call *call, const shop_gateway_return *what,
                               shop_gateway_refund *out, shop_gateway_fault *fault)
{
    return lose_answer(fault, real->refund(self, call, what, out, fault));
}

static void act_jobs(actor *a)
{
    int64_t done = 1;
    for (int i = 0; done > 0 && i < JOB_RUNS_MAX; i++)
        a->status = shop_jobs_run(a->cx, &done);
}

static void run_jobs_side_by_side(void)
{
    actor runners[RUNNERS];
    test_clock_advance(QUIET);
    for (size_t i = 0; i < RUNNERS; i++)
        runners[i] = (actor){.cx = test_ctx(s, SHOP_ACTOR_SYSTEM), .act = act_jobs};
    play_all(runners, RUNNERS);
    free_all(runners, RUNNERS);
    run_jobs();
}

static void a_lost_intent_is_found_once(void)
{
    deal d = {.user = fresh_user()};
    shop_gateway_vtable losing = *real;
    losing.create = create_and_lose;
    shop_ctx *cx = test_ctx(s, d.user);
    const shop_intent *intent;
    const shop_payment *payment;
    d.order_id = place_one(cx);
    int64_t intents = count_rows(TABLE_TEST_INTENT);
    s->gateway->calls = &losing;
    check(begin(cx, d.order_id, &intent) == SHOP_UNAVAILABLE, "a lost answer is told");
    s->gateway->calls = real;
    run_jobs_side_by_side();
    need(shop_payment_of_order(cx, d.order_id, &payment), cx, "read the payment");
    check(shop_payment_intent_id(payment) != NULL, "the intent is found again");
    check(count_rows(TABLE_TEST_INTENT) == intents + 1, "it was made once");
    shop_ctx_free(cx);
}

static void a_lost_refund_is_finished_once(void)
{
    deal d = make_deal(1);
    shop_gateway_vtable losing = *real;
    losing.refund = refund_and_lose;
    int64_t refunds = count_rows(TABLE_TEST_REFUND);
    s->gateway->calls = &losing;
    check(give_back(system_cx, d.payment_id, PART) == SHOP_UNAVAILABLE, "a lost answer is told");
    s->gateway->calls = real;
    run_jobs_side_by_side();
    books b = look(&d);
    check(are(&b, "processing", "partially_refunded", "succeeded", PART), "the refund is recorded as the gateway made it");
    check(count_rows(TABLE_TEST_REFUND) == refunds + 1, "it was made once");
}

/* ------------------------------------------------------------------------------------------------ at every step */

/* What one call does, and what is done to it. */
typedef struct scene {
    const char *name;
    void (*first)(actor *a);
    void (*other)(actor *a); /* NULL: the process dies instead */
    void (*before)(actor *a); /* NULL: nothing */
    void (*after)(actor *a); /* at once, before the jobs find what is half done; NULL: nothing */
    int is_paid; /* to begin with */
} scene;

static void act_events(actor *a)
{
    a->status = shop_jobs_run(a->cx, NULL);
}

/* Staff takes the order on before it is paid. */
static void act_accept(actor *a)
{
    const shop_order *order;
    a->status = shop_order_set_status(system_cx, a->deal->order_id, "processing", &order);
}

/* The order is cancelled, and the process dies before it can see to the payment. */
static void act_cancel_order_and_die(actor *a)
{
    batches_first = 1;
    dies = 1;
    act_cancel_order(a);
    dies = 0;
}

static void act_pay_behind(actor *a)
{
    shop_gateway_intent intent;
    (void)shop_gateway_confirm(a->cx, "behind", a->deal->intent, "pm_card_visa", &intent);
    a->status = a->cx->status;
}

static void act_pay_behind_and_tell(actor *a)
{
    act_pay_behind(a);
    shop_ctx_set_actor(a->cx, SHOP_ACTOR_SYSTEM);
    act_events(a);
}

static void act_refund_with_key(actor *a)
{
    set_key(a->cx, a->deal->intent);
    act_refund_some(a);
}

static void act_refund_all(actor *a)
{
    a->status = give_back(a->cx, a->deal->payment_id, SHOP_UNSET);
}

/* Another process finishes what this one is at: too early, but a slow one is not told from a dead one. */
static void act_jobs_soon(actor *a)
{
    test_clock_advance(QUIET);
    shop_ctx_set_actor(a->cx, SHOP_ACTOR_SYSTEM);
    act_jobs(a);
}

/* The same, and it dies when the gateway has paid and before that is recorded. */
static void act_jobs_soon_and_die(actor *a)
{
    test_clock_advance(QUIET);
    batches_first = 1;
    dies = 1;
    shop_ctx_set_actor(a->cx, SHOP_ACTOR_SYSTEM);
    act_events(a);
    dies = 0;
}

static int is_of_staff(void (*call)(actor *a))
{
    return call == act_refund_some || call == act_refund_all || call == act_refund_with_key || call == act_events;
}

/* Order and payment agree with the gateway, whatever part was given back; nothing is left under way. */
static void check_settled(const scene *sc, int step, const deal *d, int64_t stock_before)
{
    books b = look(d);
    int is_off = strcmp(b.order, "cancelled") == 0;
    int is_captured = strcmp(b.gateway.status, "succeeded") == 0;
    int is_kept = !is_off && (is_captured ? strcmp(b.order, "processing") == 0 && strcmp(b.payment, "pending") != 0
                                          : strcmp(b.payment, "pending") == 0);
    int is_returned =
        is_off && (is_captured ? b.refunded == PRICE && strcmp(b.payment, "refunded") == 0
                               : strcmp(b.gateway.status, "canceled") == 0 && strcmp(b.payment, "cancelled") == 0);
    int is_sound = (is_kept || is_returned) && b.refunded == b.refunded_there && stock() == stock_before - !is_off;
    check(is_sound, "order, payment, stock and gateway agree");
    if (!is_sound)
        fprintf(stderr, "  %s, step %d: order %s, payment %s (-%lld), gateway %s (-%lld), stock %+lld\n", sc->name, step,
                b.order, b.payment, (long long)b.refunded, b.gateway.status, (long long)b.refunded_there,
                (long long)(stock() - stock_before));
}

static actor actor_of(const deal *d, void (*call)(actor *a))
{
    return (actor){.cx = test_ctx(s, is_of_staff(call) ? SHOP_ACTOR_SYSTEM : d->user), .deal = d, .act = call};
}

static void act_once(const deal *d, void (*call)(actor *a))
{
    actor one = actor_of(d, call);
    if (call)
        act(&one);
    shop_ctx_free(one.cx);
}

/* 1 when the call had so many steps that it was interfered with. */
static int play_scene(const scene *sc, int step)
{
    int64_t before = stock();
    deal d = make_deal(sc->is_paid);
    actor two[] = {actor_of(&d, sc->first), actor_of(&d, sc->other)};
    run_jobs(); /* no news of the beginning may heal what goes wrong later */
    act_once(&d, sc->before);
    calls_first = step;
    batches_first = step;
    dies = sc->other == NULL;
    intruder = sc->other ? &two[1] : NULL;
    act(&two[0]);
    int is_met = dies ? batches_first < 0 : intruder == NULL;
    dies = 0;
    intruder = NULL;
    act_once(&d, sc->after);
    free_all(two, 2);
    run_jobs();
    check_settled(sc, step, &d, before);
    if (sc->first == act_refund_with_key)
        check(look(&d).refunded == PART, "one key gives back once, whatever comes between");
    return is_met;
}

static void every_step_may_be_met(void)
{
    static const scene scenes[] = {
        {"confirm, then dead", act_confirm, NULL, NULL, NULL, 0},
        {"cancel the payment, then dead", act_cancel_payment, NULL, NULL, NULL, 0},
        {"cancel the order, then dead", act_cancel_order, NULL, NULL, NULL, 0},
        {"cancel the order, then dead, and paid", act_cancel_order, NULL, NULL, act_pay_behind_and_tell, 0},
        {"cancel the paid order, then dead", act_cancel_order, NULL, NULL, NULL, 1},
        {"refund, then dead", act_refund_some, NULL, NULL, NULL, 1},
        {"refund with a key, then dead, and again", act_refund_with_key, NULL, NULL, act_refund_with_key, 1},
        {"apply news, then dead", act_events, NULL, act_pay_behind, NULL, 0},
        {"confirm meets cancel of the payment", act_confirm, act_cancel_payment, NULL, NULL, 0},
        {"confirm meets cancel of the order", act_confirm, act_cancel_order, NULL, NULL, 0},
        {"confirm meets cancel that dies", act_confirm, act_cancel_order_and_die, NULL, NULL, 0},
        {"confirm of an accepted order meets cancel that dies", act_confirm, act_cancel_order_and_die, act_accept, NULL, 0},
        {"confirm meets confirm", act_confirm, act_confirm, NULL, NULL, 0},
        {"cancel of the payment meets confirm", act_cancel_payment, act_confirm, NULL, NULL, 0},
        {"cancel of the payment meets payment at the gateway", act_cancel_payment, act_pay_behind, NULL, NULL, 0},
        {"cancel of the order meets confirm", act_cancel_order, act_confirm, NULL, NULL, 0},
        {"cancel of the order meets payment at the gateway", act_cancel_order, act_pay_behind, NULL, NULL, 0},
        {"cancel of the paid order meets its job", act_cancel_order, act_jobs_soon, NULL, NULL, 1},
        {"cancel of the paid order meets its job that dies", act_cancel_order, act_jobs_soon_and_die, NULL, NULL, 1},
        {"refund meets its job that dies", act_refund_some, act_jobs_soon_and_die, NULL, NULL, 1},
        {"cancel of the paid order meets refund", act_cancel_order, act_refund_some, NULL, NULL, 1},
        {"refund meets cancel of the paid order", act_refund_some, act_cancel_order, NULL, NULL, 1},
        {"refund meets full refund", act_refund_some, act_refund_all, NULL, NULL, 1},
        {"refund with a key meets itself", act_refund_with_key, act_refund_with_key, NULL, NULL, 1},
        {"news meet cancel of the order", act_events, act_cancel_order, act_pay_behind, NULL, 0},
    };
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
        int step = 0;
        while (step < STEPS_MAX && play_scene(&scenes[i], step))
            step++;
        check(step > 0 && step < STEPS_MAX, "each of a call's steps is met, and they come to an end");
    }
}

/* ------------------------------------------------------------------------------------------------ all of it */

static const char *hooked(const char *database)
{
    static char url[512];
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
    if (shop_storage_register(&hook) != SHOP_OK)
        exit(2);
    (void)snprintf(url, sizeof url, "hook:%s", database);
    return url;
}

static void open_shop(const char *database)
{
    shop_options options;
    shop_category_input shelf = SHOP_CATEGORY_INPUT_INIT;
    shop_product_input in = SHOP_PRODUCT_INPUT_INIT;
    const shop_category *category;
    const shop_product *product;
    test_options(&options);
    options.database = hooked(database);
    options.order_ttl = 0;
    options.call_timeout_ms = 60000;
    s = test_shop_open_with(&options);
    real = s->gateway->calls;
    system_cx = test_ctx(s, SHOP_ACTOR_SYSTEM);
    (void)snprintf(product_slug, sizeof product_slug, "%s", fresh("cup"));
    shelf.name = product_slug;
    shelf.slug = product_slug;
    need(shop_category_create(system_cx, &shelf, &category), system_cx, "make a category");
    in.name = product_slug;
    in.slug = product_slug;
    in.description = "";
    in.price = PRICE;
    in.stock_quantity = STOCK;
    in.category_id = shop_category_id(category);
    need(shop_product_create(system_cx, &in, &product), system_cx, "make a product");
    product_id = shop_product_id(product);
}

int main(int argc, char **argv)
{
    open_shop(argc > 1 ? argv[1] : "memory:");
    every_step_may_be_met();
    for (int i = 0; i < ROUNDS; i++) {
        a_crowd_begins_one_payment(i % 2);
        confirming_meets(act_cancel_payment);
        confirming_meets(act_cancel_order);
        confirming_meets(act_confirm);
        refunding_meets_cancelling();
        an_event_counts_once();
        shop_ctx_reset(system_cx);
        shop_ctx_set_actor(system_cx, SHOP_ACTOR_SYSTEM);
    }
    for (int i = 0; i < 5; i++)
        a_crowd_never_refunds_more_than_was_paid();
    one_key_refunds_once();
    a_lost_intent_is_found_once();
    a_lost_refund_is_finished_once();
    shop_ctx_free(system_cx);
    shop_close(s);
    if (atomic_load(&failures) > 0)
        return 1;
    puts("payment_steps_race: every promise was kept");
    return 0;
}
