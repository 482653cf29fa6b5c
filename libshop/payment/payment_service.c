/* SPDX-License-Identifier: MIT */
/* Paying: each a saga of recorded intention, gateway call, recorded result. */
#include <sodium.h>
#include <string.h>

#include "payment.h"

static const shop_gateway_vtable *gateway(const shop_ctx *cx)
{
    return cx->shop->gateway->calls;
}

/* The gateway's key for one step with a payment: equal for equal steps from the same version. */
static const char *step_key(shop_ctx *cx, const shop_payment *p, const char *step)
{
    return shop_arena_printf(cx->arena, "%s_%s_%lld", p->gateway_key, step, (long long)p->version);
}

/* ------------------------------------------------------------------------------------------------ creating */

typedef struct create_saga {
    const shop_intent_input *in;
    shop_payment *payment;
    shop_gateway_intent made;
    int is_made; /* the gateway was asked */
} create_saga;

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

static shop_status check_open(shop_ctx *cx, const shop_payment *p)
{
    if (p->is_successful)
        return shop_fail(cx, SHOP_CONFLICT, "already_paid", "This order is paid already.");
    if (strcmp(p->status, PAYMENT_CANCELLED) == 0 || strcmp(p->order->status, "pending") != 0)
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
    return SHOP_OK;
}

/* The intention: one payment an order, whoever comes first. */
static shop_status intend_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    create_saga *saga = args;
    shop_order_brief order;
    (void)answer;
    shop_status status = read_order(cx, saga->in->order_id, &order);
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
    return status == SHOP_OK ? insert_payment(cx, b, &order) : status;
}

/* The result: what the gateway made, and the answer. A payment that was cancelled meanwhile keeps the intent, to cancel that too. */
static shop_status made_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    create_saga *saga = args;
    shop_payment *p;
    shop_status status = shop_payment_read(cx, &(payment_key){.order = saga->in->order_id}, &p);
    shop_intent *intent = shop_arena_alloc(cx->arena, sizeof *intent);
    if (status != SHOP_OK)
        return status;
    if (!intent)
        return shop_fail_no_memory(cx);
    if (!p->intent_id) {
        p->intent_id = saga->made.id;
        p->client_secret = saga->made.client_secret;
        p->updated_at = shop_now(cx->shop);
        shop_payment_update(cx, b, p);
        shop_set_text(b, PAYMENT_INTENT, p->intent_id);
        shop_set_text(b, PAYMENT_CLIENT_SECRET, p->client_secret);
    } else {
        shop_batch_check(b, TABLE_PAYMENT, 1); /* nothing new; but the answer is to be kept under the request's key */
        shop_guard_int(b, PAYMENT_ID, SHOP_PRED_EQ, p->id);
    }
    saga->payment = p;
    *intent =
        (shop_intent){.payment = p, .client_secret = p->client_secret, .publishable_key = cx->shop->options.publishable_key};
    *answer = intent;
    return SHOP_OK;
}

static shop_status create_at_gateway(shop_ctx *cx, const shop_payment *p, shop_gateway_intent *made)
{
    return gateway(cx)->create(cx, p->order->id, p->amount, p->currency_code, p->gateway_key, made);
}

static shop_status run_create(shop_ctx *cx, create_saga *saga, const shop_intent **out)
{
    shop_status status = shop_change_step(cx, intend_attempt, saga);
    if (status == SHOP_OK)
        status = shop_payment_read(cx, &(payment_key){.order = saga->in->order_id}, &saga->payment);
    if (status == SHOP_OK && !saga->payment->intent_id)
        status = create_at_gateway(cx, saga->payment, &saga->made);
    if (status != SHOP_OK)
        return status;
    const void *answer = NULL;
    status = shop_change_run(cx, &shop_intent_type, made_attempt, saga, &answer);
    if (status != SHOP_OK)
        return status;
    *out = answer;
    if (strcmp((*out)->payment->status, PAYMENT_CANCELLED) != 0)
        return SHOP_OK;
    shop_gateway_intent ignored;
    (void)gateway(cx)->cancel(cx, (*out)->payment->intent_id, step_key(cx, (*out)->payment, "cancel"), &ignored);
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
    create_saga saga = {.in = in};
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

/* ------------------------------------------------------------------------------------------------ confirming */

/* Keeps the answer under the request's key; everything else was recorded before. */
static shop_status answer_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const int64_t *id = args;
    shop_payment *p;
    shop_status status = shop_payment_read(cx, &(payment_key){.id = *id}, &p);
    if (status != SHOP_OK)
        return status;
    if (cx->idempotency_key) {
        shop_batch_check(b, TABLE_PAYMENT, 1);
        shop_guard_int(b, PAYMENT_ID, SHOP_PRED_EQ, p->id);
        shop_guard_int(b, PAYMENT_VERSION, SHOP_PRED_EQ, p->version);
    }
    *answer = p;
    return SHOP_OK;
}

static shop_status give_answer(shop_ctx *cx, int64_t id, const shop_payment **out)
{
    const void *answer = NULL;
    shop_status status = shop_change_run(cx, &shop_payment_type, answer_attempt, &id, &answer);
    if (status == SHOP_OK && out)
        *out = answer;
    return status;
}

/* Records what the gateway says and does what follows. */
static shop_status take_state(shop_ctx *cx, int64_t id, const shop_gateway_intent *intent)
{
    shop_payment *p = NULL;
    shop_status status = shop_payment_record(cx, id, intent, NULL, NULL, &p);
    if (status == SHOP_OK)
        shop_payment_follow_up(cx, p);
    return status;
}

static shop_status fetch_state(shop_ctx *cx, const shop_payment *p)
{
    shop_gateway_intent intent;
    if (!p->intent_id)
        return SHOP_OK; /* not there yet */
    shop_status status = gateway(cx)->retrieve(cx, p->intent_id, &intent);
    return status == SHOP_OK ? take_state(cx, p->id, &intent) : status;
}

static shop_status confirm_with(shop_ctx *cx, const shop_payment *p, const char *method)
{
    if (p->is_successful || strcmp(p->status, PAYMENT_PROCESSING) == 0)
        return SHOP_OK; /* there is nothing to confirm any more */
    if (!p->intent_id || strcmp(p->status, PAYMENT_CANCELLED) == 0)
        return shop_fail(cx, SHOP_CONFLICT, "payment_not_ready", "This payment is %s and cannot be confirmed.", p->status);
    shop_gateway_intent intent = {.id = NULL};
    const char *step = shop_arena_printf(cx->arena, "confirm_%s", method); /* another card is another request */
    const char *key = step ? step_key(cx, p, step) : NULL;
    if (!key)
        return shop_fail_no_memory(cx);
    shop_status status = gateway(cx)->confirm(cx, p->intent_id, method, key, &intent);
    if (status != SHOP_OK && status != SHOP_DECLINED)
        return status;
    const char *code = cx->code;
    const char *detail = cx->detail;
    shop_status recorded = take_state(cx, p->id, &intent);
    if (recorded != SHOP_OK)
        return recorded;
    return status == SHOP_OK ? SHOP_OK : shop_fail(cx, SHOP_DECLINED, code, "%s", detail ? detail : "");
}

static shop_status which_payment(shop_ctx *cx, const shop_confirm_input *in, payment_key *key)
{
    shop_status status = shop_input_check(cx, &shop_confirm_input_type, in, 0);
    if (status != SHOP_OK)
        return status;
    if (in->payment_id == SHOP_UNSET && !in->payment_intent_id)
        shop_field_fail(cx, "payment_id", "Is required, or payment_intent_id.");
    *key = (payment_key){.id = in->payment_id, .intent = in->payment_id == SHOP_UNSET ? in->payment_intent_id : NULL};
    return shop_fields_status(cx);
}

/* Shared beginning: who asks, was it asked before. */
static shop_status begin_change(shop_ctx *cx, const shop_payment **out, int *replayed)
{
    const void *answer = NULL;
    shop_status status = shop_change_replay(cx, &shop_payment_type, &answer, replayed);
    if (*replayed && out)
        *out = answer;
    return status;
}

shop_status shop_payment_confirm(shop_ctx *cx, const shop_confirm_input *in, const shop_payment **out)
{
    shop_ctx_begin(cx);
    payment_key key;
    shop_payment *p = NULL;
    int replayed = 0;
    shop_status status = shop_require_user(cx);
    if (status == SHOP_OK)
        status = which_payment(cx, in, &key);
    if (status == SHOP_OK)
        status = begin_change(cx, out, &replayed);
    if (status != SHOP_OK || replayed)
        return status;
    status = shop_payment_read_visible(cx, &key, &p);
    if (status == SHOP_OK)
        status = in->payment_method ? confirm_with(cx, p, in->payment_method) : fetch_state(cx, p);
    return status == SHOP_OK ? give_answer(cx, p->id, out) : status;
}

shop_status shop_payment_sync(shop_ctx *cx, const shop_sync_input *in, const shop_payment **out)
{
    shop_ctx_begin(cx);
    shop_payment *p = NULL;
    int replayed = 0;
    shop_status status = shop_require_user(cx);
    if (status == SHOP_OK)
        status = shop_input_check(cx, &shop_sync_input_type, in, 0);
    if (status == SHOP_OK)
        status = begin_change(cx, out, &replayed);
    if (status != SHOP_OK || replayed)
        return status;
    status = shop_payment_read_visible(cx, &(payment_key){.intent = in->payment_intent_id}, &p);
    if (status == SHOP_OK)
        status = fetch_state(cx, p);
    return status == SHOP_OK ? give_answer(cx, p->id, out) : status;
}

/* ------------------------------------------------------------------------------------------------ cancelling */

/* A payment that the gateway never heard of needs nobody's consent. */
static shop_status forget_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const int64_t *id = args;
    shop_payment *p;
    (void)answer;
    shop_status status = shop_payment_read(cx, &(payment_key){.id = *id}, &p);
    if (status != SHOP_OK || p->intent_id || !p->is_pending)
        return status;
    shop_payment_update(cx, b, p);
    shop_set_text(b, PAYMENT_STATUS, PAYMENT_CANCELLED);
    return SHOP_OK;
}

/* Cancels at the gateway; when it is too late for that, what the gateway says is recorded. */
static shop_status cancel_at_gateway(shop_ctx *cx, const shop_payment *p, shop_payment **after)
{
    shop_gateway_intent intent;
    shop_status status = gateway(cx)->cancel(cx, p->intent_id, step_key(cx, p, "cancel"), &intent);
    if (status == SHOP_INVALID)
        status = gateway(cx)->retrieve(cx, p->intent_id, &intent);
    return status == SHOP_OK ? shop_payment_record(cx, p->id, &intent, NULL, NULL, after) : status;
}

shop_status shop_payment_part_give_back(shop_ctx *cx, shop_batch *b, int64_t order_id)
{
    shop_payment *p = NULL;
    shop_status status = shop_payment_read(cx, &(payment_key){.order = order_id}, &p);
    return status == SHOP_OK ? shop_refund_reserve_rest(cx, b, p) : status;
}

shop_status shop_payment_settle_cancelled(shop_ctx *cx, int64_t order_id)
{
    shop_payment *p = NULL;
    shop_status status = shop_payment_read(cx, &(payment_key){.order = order_id}, &p);
    if (status == SHOP_NOT_FOUND) {
        shop_ctx_begin(cx);
        return SHOP_OK; /* nothing was ever to be paid */
    }
    if (status != SHOP_OK || strcmp(p->order->status, "cancelled") != 0)
        return status;
    if (!p->is_successful && strcmp(p->status, PAYMENT_CANCELLED) != 0) {
        status = p->intent_id ? cancel_at_gateway(cx, p, &p) : shop_change_step(cx, forget_attempt, &p->id);
        if (status != SHOP_OK)
            return status;
    }
    return p->is_successful ? shop_refund_settle(cx, p) : SHOP_OK;
}

shop_status shop_payment_cancel(shop_ctx *cx, const shop_payment_cancel_input *in, const shop_payment **out)
{
    shop_ctx_begin(cx);
    shop_payment *p = NULL;
    int replayed = 0;
    shop_status status = shop_require_user(cx);
    if (status == SHOP_OK)
        status = shop_input_check(cx, &shop_payment_cancel_input_type, in, 0);
    if (status == SHOP_OK)
        status = begin_change(cx, out, &replayed);
    if (status != SHOP_OK || replayed)
        return status;
    status = shop_payment_read_visible(cx, &(payment_key){.id = in->payment_id}, &p);
    if (status != SHOP_OK)
        return status;
    if (p->user != cx->actor && cx->actor != SHOP_ACTOR_SYSTEM)
        return shop_fail(cx, SHOP_FORBIDDEN, "owner_only", "Only the customer cancels a payment; staff cancels the order.");
    if (p->is_successful || strcmp(p->status, PAYMENT_PROCESSING) == 0)
        return shop_fail(cx, SHOP_CONFLICT, "payment_not_cancellable", "This payment is %s; it can only be refunded.",
                         p->status);
    if (strcmp(p->status, PAYMENT_CANCELLED) != 0 && p->intent_id)
        status = cancel_at_gateway(cx, p, &p);
    if (status == SHOP_OK && p->intent_id && strcmp(p->status, PAYMENT_CANCELLED) != 0)
        return shop_fail(cx, SHOP_CONFLICT, "payment_not_cancellable", "This payment is %s by now; it can only be refunded.",
                         p->status);
    if (status == SHOP_OK && (strcmp(p->order->status, "pending") == 0 || strcmp(p->order->status, "processing") == 0))
        status = shop_order_cancel_any(cx, p->order->id); /* settles the payment too */
    return status == SHOP_OK ? give_answer(cx, p->id, out) : status;
}

/* ------------------------------------------------------------------------------------------------ what a crash left */

#define LOOKED_THROUGH 1000

static shop_status adopt_made(shop_ctx *cx, shop_payment *p)
{
    shop_intent_input in = SHOP_INTENT_INPUT_INIT;
    in.order_id = p->order->id;
    create_saga saga = {.in = &in, .payment = p};
    shop_status status = create_at_gateway(cx, p, &saga.made);
    return status == SHOP_OK ? shop_change_step(cx, made_attempt, &saga) : status;
}

/* One payment that may be half done: made at the gateway, fetched, or settled. */
static shop_status reconcile_one(shop_ctx *cx, int64_t id)
{
    shop_payment *p = NULL;
    shop_status status = shop_payment_read(cx, &(payment_key){.id = id}, &p);
    if (status != SHOP_OK)
        return status;
    if (strcmp(p->order->status, "cancelled") == 0)
        return shop_payment_settle_cancelled(cx, p->order->id);
    return p->intent_id ? fetch_state(cx, p) : adopt_made(cx, p);
}

/*
 * Which payments may be half done: without an intent; processing for a while; of a cancelled order and not settled. Only live payments
 * are looked through, and they are few: what is to be given back is a refund under way, and found by that.
 */
static shop_status find_half_done(shop_ctx *cx, const char *status_word, const shop_rows **rows, const shop_query **query,
                                  int *orders)
{
    shop_query *q = shop_query_new(cx);
    int read = shop_query_read(q, TABLE_PAYMENT);
    shop_where_text(q, PAYMENT_STATUS, SHOP_PRED_EQ, status_word);
    shop_where_int(q, PAYMENT_UPDATED_AT, SHOP_PRED_LT, shop_now(cx->shop) - QUIET_TIME);
    shop_query_order(q, PAYMENT_UPDATED_AT, 0);
    shop_query_limit(q, LOOKED_THROUGH, 0);
    *orders = shop_order_part_read_in(q, read, PAYMENT_ORDER);
    shop_status status = shop_query_run(q);
    if (status == SHOP_OK) {
        *rows = shop_query_rows(q, read);
        *query = q;
    }
    return status;
}

static int is_half_done(shop_ctx *cx, const shop_query *q, int orders, const shop_value *row)
{
    shop_order_brief order;
    int is_cancelled =
        shop_order_part_find(cx, q, orders, row[PAYMENT_ORDER].num, &order) && strcmp(order.status, "cancelled") == 0;
    int has_intent = row[PAYMENT_INTENT].type == SHOP_VALUE_TEXT;
    return is_cancelled || !has_intent || strcmp(row[PAYMENT_STATUS].data, PAYMENT_PROCESSING) == 0;
}

shop_status shop_payment_reconcile(shop_ctx *cx, int64_t limit, int64_t *done)
{
    static const char *const words[] = {PAYMENT_PENDING, PAYMENT_PROCESSING, PAYMENT_FAILED};
    shop_status first = shop_refund_reconcile(cx, limit, done);
    for (size_t w = 0; w < sizeof words / sizeof words[0]; w++) {
        const shop_rows *rows = NULL;
        const shop_query *q = NULL;
        int orders = 0;
        shop_status status = find_half_done(cx, words[w], &rows, &q, &orders);
        for (uint32_t i = 0; status == SHOP_OK && i < rows->count && *done < limit; i++) {
            if (!is_half_done(cx, q, orders, shop_row(rows, i)))
                continue;
            status = reconcile_one(cx, shop_row_int(rows, i, PAYMENT_ID));
            *done += status == SHOP_OK;
        }
        if (first == SHOP_OK)
            first = status;
    }
    return first;
}

shop_status shop_payment_deliver_test_events(shop_ctx *cx, int64_t limit, int64_t *done)
{
    *done = 0;
    return gateway(cx)->work ? gateway(cx)->work(cx, limit, done) : SHOP_OK;
}
