/* SPDX-License-Identifier: MIT */
/* Beginning to pay: a payment recorded with its key, an intent made under that key, the intent recorded. */
#include <string.h>

#include "payment.h"

#define CLOCKS_DIFFER (INT64_C(600) * 1000000)

typedef struct create_saga {
    int64_t order_id;
    const shop_intent_input *in; /* NULL: the reconciler's */
    shop_payment *payment;
    shop_gateway_intent made;
} create_saga;

/* ------------------------------------------------------------------------------------------------ the intention */

static shop_status check_order(shop_ctx *cx, const shop_order_brief *order, const shop_intent_input *in)
{
    if (strcmp(order->status, "pending") != 0)
        return shop_fail(cx, SHOP_CONFLICT, "order_not_payable", "This order is %s: it cannot be paid any more.",
                         order->status);
    if (order->total_amount == 0)
        return shop_fail(cx, SHOP_INVALID, "nothing_to_pay", "There is nothing to pay for this order.");
    const shop_currency *wanted = in->currency ? shop_currency_find(in->currency, strlen(in->currency)) : order->currency;
    if (wanted != order->currency)
        shop_field_fail(cx, "currency", "The order is in %s.", order->currency->code);
    return shop_fields_status(cx);
}

/* Nobody wants it paid any more. */
static int is_given_up(const shop_payment *p)
{
    return strcmp(p->status, PAYMENT_CANCELLED) == 0 || strcmp(p->order->status, "cancelled") == 0;
}

static shop_status check_open(shop_ctx *cx, const shop_payment *p)
{
    if (p->is_successful)
        return shop_fail(cx, SHOP_CONFLICT, "already_paid", "This order is paid already.");
    if (is_given_up(p) || p->is_expiring || strcmp(p->order->status, "pending") != 0)
        return shop_fail(cx, SHOP_CONFLICT, "order_not_payable", "This order cannot be paid any more.");
    return SHOP_OK;
}

static shop_status read_order(shop_ctx *cx, int64_t id, shop_order_brief *order)
{
    shop_query *q = shop_query_new(cx);
    int read = shop_order_part_read(q, id);
    shop_status status = shop_query_run(q);
    if (status != SHOP_OK)
        return status;
    int is_own = shop_order_part_find(cx, q, read, id, order) && (order->user == cx->actor || cx->actor == SHOP_ACTOR_SYSTEM);
    return is_own ? SHOP_OK : shop_fail(cx, SHOP_NOT_FOUND, "order_not_found", "There is no such order.");
}

static shop_status insert_payment(shop_ctx *cx, shop_batch *b, const shop_order_brief *order)
{
    int64_t now = shop_now(cx->shop);
    int64_t id = shop_new_id(cx, TABLE_PAYMENT);
    const char *hex = shop_random_hex(cx, 16);
    const char *key = hex ? shop_arena_printf(cx->arena, "pay_%s", hex) : NULL;
    if (id == SHOP_UNSET || !key)
        return id == SHOP_UNSET ? cx->status : shop_fail_no_memory(cx);
    shop_order_part_unchanged(b, order);
    shop_batch_insert(b, TABLE_PAYMENT, id);
    shop_set_int(b, PAYMENT_ORDER, order->id);
    shop_set_int(b, PAYMENT_USER, order->user);
    shop_set_text(b, PAYMENT_STATUS, PAYMENT_PENDING);
    shop_set_int(b, PAYMENT_AMOUNT, order->total_amount);
    shop_set_int(b, PAYMENT_REFUNDED, 0);
    shop_set_text(b, PAYMENT_CURRENCY, order->currency->code);
    shop_set_null(b, PAYMENT_INTENT);
    shop_set_null(b, PAYMENT_CLIENT_SECRET);
    shop_set_text(b, PAYMENT_GATEWAY_KEY, key);
    shop_set_text(b, PAYMENT_FAILURE_MESSAGE, "");
    shop_set_int(b, PAYMENT_VERSION, 1);
    shop_set_int(b, PAYMENT_CREATED_AT, now);
    shop_set_int(b, PAYMENT_UPDATED_AT, now);
    shop_set_int(b, PAYMENT_DUE_AT, shop_payment_due(cx, 0));
    shop_set_int(b, PAYMENT_LOOKS, 0);
    shop_set_int(b, PAYMENT_IS_EXPIRING, 0);
    shop_set_text(b, PAYMENT_DISPUTE, "");
    return SHOP_OK;
}

/* One payment an order, whoever comes first. */
static shop_status intend_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    create_saga *saga = args;
    shop_order_brief order;
    (void)answer;
    shop_status status = read_order(cx, saga->order_id, &order);
    if (status != SHOP_OK)
        return status;
    status = shop_payment_read(cx, &(payment_key){.order = order.id}, &saga->payment);
    if (status == SHOP_OK) {
        status = check_open(cx, saga->payment);
        return status == SHOP_OK ? check_order(cx, &order, saga->in) : status;
    }
    if (status != SHOP_NOT_FOUND)
        return status;
    shop_ctx_begin(cx);
    status = check_order(cx, &order, saga->in);
    if (status == SHOP_OK)
        status = shop_gateway_check_charge(cx, order.currency, order.total_amount);
    return status == SHOP_OK ? insert_payment(cx, b, &order) : status;
}

/* ------------------------------------------------------------------------------------------------ at the gateway */

static shop_gateway_order order_of(const shop_payment *p)
{
    return (shop_gateway_order){
        .amount = p->amount,
        .currency = p->currency_code,
        .order = p->order->id,
        .user = p->user,
        .tag = p->gateway_key,
        .since = p->created_at - CLOCKS_DIFFER,
    };
}

/* A key that may be forgotten, or is bound to an old failure, makes a second intent or none: so what was made is looked for first. */
static int32_t find_or_renew(shop_ctx *cx, shop_payment **p, shop_gateway_intent *made)
{
    shop_gateway_order order = order_of(*p);
    int32_t outcome = shop_gateway_find_made(cx, &order, made);
    if (outcome != SHOP_GATEWAY_NOT_FOUND)
        return outcome;
    shop_ctx_begin(cx);
    if (shop_payment_touch(cx, p) != SHOP_OK)
        return SHOP_GATEWAY_AWAY;
    const char *key = shop_payment_step_key(cx, *p, "create");
    if (key)
        return shop_gateway_create(cx, key, &order, made);
    shop_fail_no_memory(cx);
    return SHOP_GATEWAY_NO_MEMORY;
}

static shop_status make_there(shop_ctx *cx, shop_payment **p, shop_gateway_intent *made)
{
    shop_gateway_order order = order_of(*p);
    int32_t outcome = SHOP_GATEWAY_KEY_SPENT;
    if (shop_now(cx->shop) - (*p)->updated_at < GATEWAY_KEY_LIFE) {
        const char *key = shop_payment_step_key(cx, *p, "create");
        if (!key)
            return shop_fail_no_memory(cx);
        outcome = shop_gateway_create(cx, key, &order, made);
    }
    if (outcome == SHOP_GATEWAY_KEY_SPENT)
        outcome = find_or_renew(cx, p, made);
    if (outcome != SHOP_GATEWAY_OK)
        return cx->status;
    if (made->client_secret && made->amount == (*p)->amount && strcmp(made->currency, (*p)->currency_code) == 0)
        return SHOP_OK;
    shop_log(cx->shop, SHOP_LOG_ERROR, "payment %lld: the gateway made %s over another amount", (long long)(*p)->id, made->id);
    return shop_fail(cx, SHOP_GATEWAY, "gateway_contradiction", "The payment gateway made something else than was asked for.");
}

/* ------------------------------------------------------------------------------------------------ the result */

static void set_intent(shop_ctx *cx, shop_batch *b, shop_payment *p, const shop_gateway_intent *made)
{
    p->updated_at = shop_payment_update(cx, b, p);
    shop_set_text(b, PAYMENT_INTENT, made->id);
    shop_set_text(b, PAYMENT_CLIENT_SECRET, made->client_secret);
    shop_set_int(b, PAYMENT_DUE_AT, is_given_up(p) ? shop_now(cx->shop) : shop_payment_due(cx, 0));
    shop_set_int(b, PAYMENT_LOOKS, 0);
    p->intent_id = made->id;
    p->client_secret = made->client_secret;
    p->version++;
}

static shop_status made_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    create_saga *saga = args;
    shop_payment *p;
    shop_status status = shop_payment_read(cx, &(payment_key){.order = saga->order_id}, &p);
    shop_intent *intent = shop_arena_alloc(cx->arena, sizeof *intent);
    if (status != SHOP_OK)
        return status;
    if (!intent)
        return shop_fail_no_memory(cx);
    if (!p->intent_id) {
        set_intent(cx, b, p, &saga->made);
    } else {
        shop_batch_check(b, TABLE_PAYMENT, 1); /* nothing new; but the answer is to be kept under the request's key */
        shop_guard_int(b, PAYMENT_ID, SHOP_PRED_EQ, p->id);
    }
    if (is_given_up(p))
        cx->idempotency_key = NULL; /* the request is refused: there is no answer to keep */
    saga->payment = p;
    *intent =
        (shop_intent){.payment = p, .client_secret = p->client_secret, .publishable_key = cx->shop->options.publishable_key};
    *answer = intent;
    return SHOP_OK;
}

/* An intent that nobody was told of, because somebody else's was faster, must not be left open. */
static void cancel_surplus(shop_ctx *cx, const create_saga *saga)
{
    const shop_payment *p = saga->payment;
    shop_gateway_intent ignored;
    if (!saga->made.id || (p->intent_id && strcmp(saga->made.id, p->intent_id) == 0))
        return;
    const char *key = shop_arena_printf(cx->arena, "%s_surplus", saga->made.id);
    if (!key || shop_gateway_cancel(cx, key, saga->made.id, &ignored) != SHOP_GATEWAY_OK)
        shop_log(cx->shop, SHOP_LOG_WARNING, "payment %lld: a second intent %s is left open", (long long)p->id, saga->made.id);
    shop_ctx_begin(cx);
}

shop_status shop_payment_make_intent(shop_ctx *cx, shop_payment **p)
{
    create_saga saga = {.order_id = (*p)->order->id, .payment = *p};
    shop_status status = make_there(cx, &saga.payment, &saga.made);
    if (status == SHOP_OK)
        status = shop_change_step(cx, made_attempt, &saga);
    if (status != SHOP_OK)
        return status;
    cancel_surplus(cx, &saga);
    *p = saga.payment;
    return SHOP_OK;
}

shop_status shop_payment_adopt(shop_ctx *cx, shop_payment **p)
{
    create_saga saga = {.order_id = (*p)->order->id, .payment = *p};
    shop_gateway_order order = order_of(*p);
    int32_t outcome = shop_gateway_find_made(cx, &order, &saga.made);
    if (outcome == SHOP_GATEWAY_NOT_FOUND)
        return SHOP_NOT_FOUND;
    if (outcome != SHOP_GATEWAY_OK)
        return cx->status;
    shop_status status = shop_change_step(cx, made_attempt, &saga);
    if (status == SHOP_OK)
        *p = saga.payment;
    return status;
}

/* ------------------------------------------------------------------------------------------------ the public call */

static shop_status run_create(shop_ctx *cx, create_saga *saga, const shop_intent **out)
{
    const void *answer = NULL;
    shop_status status = shop_change_step(cx, intend_attempt, saga);
    if (status == SHOP_OK)
        status = shop_payment_read(cx, &(payment_key){.order = saga->order_id}, &saga->payment);
    if (status == SHOP_OK && !saga->payment->intent_id)
        status = make_there(cx, &saga->payment, &saga->made);
    if (status == SHOP_OK)
        status = shop_change_run(cx, &shop_intent_type, made_attempt, saga, &answer);
    int is_replay = cx->replayed; /* the same request was faster: what it recorded is to be read */
    if (status == SHOP_OK && is_replay)
        status = shop_payment_read(cx, &(payment_key){.order = saga->order_id}, &saga->payment);
    if (status != SHOP_OK)
        return status;
    *out = answer;
    cancel_surplus(cx, saga);
    cx->replayed = is_replay;
    if (is_replay || !is_given_up(saga->payment))
        return SHOP_OK;
    (void)shop_payment_cancel_there(cx, &saga->payment); /* else the reconciler does */
    return shop_fail(cx, SHOP_CONFLICT, "order_not_payable", "This order was cancelled meanwhile.");
}

static shop_status replay_or_create(shop_ctx *cx, const shop_intent_input *in, const shop_intent **out)
{
    const void *answer = NULL;
    int replayed = 0;
    shop_status status = shop_change_replay(cx, &shop_intent_type, &answer, &replayed);
    if (status != SHOP_OK)
        return status;
    if (replayed) {
        *out = answer;
        return SHOP_OK;
    }
    create_saga saga = {.in = in, .order_id = in->order_id};
    return run_create(cx, &saga, out);
}

shop_status shop_payment_create_intent(shop_ctx *cx, const shop_intent_input *in, const shop_intent **out)
{
    shop_ctx_begin(cx);
    shop_status status = shop_require_user(cx);
    if (status == SHOP_OK)
        status = shop_input_check(cx, &shop_intent_input_type, in, 0);
    if (status != SHOP_OK || !out)
        return status != SHOP_OK ? status : shop_fail(cx, SHOP_MISUSE, "misuse", "A place for the intent is needed.");
    int is_own_key = in->idempotency_key && !cx->idempotency_key;
    if (is_own_key)
        status = shop_ctx_set_idempotency_key(cx, in->idempotency_key, &in->order_id, sizeof in->order_id);
    if (status == SHOP_OK)
        status = replay_or_create(cx, in, out);
    if (is_own_key)
        cx->idempotency_key = NULL; /* it was this call's, and marks no other one */
    return status;
}
