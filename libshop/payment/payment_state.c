/* SPDX-License-Identifier: MIT */
/* How a payment moves: forward only, its order with it, in one batch. */
#include <string.h>

#include "payment.h"

#define LONGEST_WAITS 60 /* times options.payment_retry: an hour, as it comes */

static const struct {
    const char *from;
    const char *to;
} moves[] = {
    {PAYMENT_PENDING, PAYMENT_PROCESSING}, {PAYMENT_PENDING, PAYMENT_SUCCEEDED},    {PAYMENT_PENDING, PAYMENT_FAILED},
    {PAYMENT_PENDING, PAYMENT_CANCELLED},  {PAYMENT_FAILED, PAYMENT_PENDING},       {PAYMENT_FAILED, PAYMENT_PROCESSING},
    {PAYMENT_FAILED, PAYMENT_SUCCEEDED},   {PAYMENT_FAILED, PAYMENT_CANCELLED},     {PAYMENT_PROCESSING, PAYMENT_SUCCEEDED},
    {PAYMENT_PROCESSING, PAYMENT_FAILED},  {PAYMENT_PROCESSING, PAYMENT_CANCELLED},
};

static int may_become(const char *from, const char *to)
{
    for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++)
        if (strcmp(moves[i].from, from) == 0 && strcmp(moves[i].to, to) == 0)
            return 1;
    return 0;
}

/* What the gateway's word means here. */
static const char *status_of(const shop_gateway_intent *intent)
{
    static const char *const words[][2] = {
        {"processing", PAYMENT_PROCESSING},
        {"requires_capture", PAYMENT_PROCESSING},
        {"succeeded", PAYMENT_SUCCEEDED},
        {"canceled", PAYMENT_CANCELLED},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i][0], intent->status) == 0)
            return words[i][1];
    return intent->failure_message[0] ? PAYMENT_FAILED : PAYMENT_PENDING;
}

/* ------------------------------------------------------------------------------------------------ updates */

int64_t shop_payment_due(const shop_ctx *cx, int64_t looks)
{
    int64_t waits = 1;
    while (looks-- > 0 && waits < LONGEST_WAITS)
        waits *= 2;
    if (waits > LONGEST_WAITS)
        waits = LONGEST_WAITS;
    return shop_now(cx->shop) + waits * cx->shop->options.payment_retry * 1000000;
}

int64_t shop_payment_update(shop_ctx *cx, shop_batch *b, const shop_payment *p)
{
    int64_t now = shop_now(cx->shop);
    shop_batch_update(b, TABLE_PAYMENT, 1);
    shop_set_add(b, PAYMENT_VERSION, 1);
    shop_set_int(b, PAYMENT_UPDATED_AT, now);
    shop_guard_int(b, PAYMENT_ID, SHOP_PRED_EQ, p->id);
    shop_guard_int(b, PAYMENT_VERSION, SHOP_PRED_EQ, p->version);
    return now;
}

const char *shop_payment_step_key(shop_ctx *cx, const shop_payment *p, const char *step)
{
    return shop_arena_printf(cx->arena, "%s_%s_%lld", p->gateway_key, step, (long long)p->version);
}

static shop_status touch_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const shop_payment *seen = args;
    shop_payment *p;
    shop_status status = shop_payment_read(cx, &(payment_key){.id = seen->id}, &p);
    if (status != SHOP_OK)
        return status;
    *answer = p;
    if (p->version == seen->version) /* else somebody did it, or something happened: the key is another one anyway */
        (void)shop_payment_update(cx, b, p);
    return SHOP_OK;
}

shop_status shop_payment_touch(shop_ctx *cx, shop_payment **p)
{
    shop_status status = shop_change_step(cx, touch_attempt, *p);
    return status == SHOP_OK ? shop_payment_read(cx, &(payment_key){.id = (*p)->id}, p) : status;
}

/* ------------------------------------------------------------------------------------------------ events */

shop_status shop_event_is_known(shop_ctx *cx, const shop_gateway_event *event, int *known)
{
    *known = 0;
    if (!event)
        return SHOP_OK;
    shop_query *q = shop_query_new(cx);
    int read = shop_query_read(q, TABLE_EVENT);
    shop_where_text(q, EVENT_NAME, SHOP_PRED_EQ, event->id);
    shop_status status = shop_query_run(q);
    if (status == SHOP_OK)
        *known = shop_query_rows(q, read)->count > 0;
    return status;
}

shop_status shop_event_add(shop_ctx *cx, shop_batch *b, const shop_gateway_event *event)
{
    if (!event)
        return SHOP_OK;
    int64_t id = shop_new_id(cx, TABLE_EVENT);
    if (id == SHOP_UNSET)
        return cx->status;
    shop_batch_insert(b, TABLE_EVENT, id);
    shop_set_text(b, EVENT_NAME, event->id);
    shop_set_text(b, EVENT_TYPE, event->type);
    shop_set_int(b, EVENT_CREATED_AT, shop_now(cx->shop));
    return SHOP_OK;
}

/* ------------------------------------------------------------------------------------------------ recording */

typedef struct record {
    int64_t id;
    const shop_gateway_intent *intent;
    const shop_gateway_event *event;
    shop_payment *payment;
} record;

static int is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* Money that is not what was to be paid is nobody's to book: a person must look. */
static shop_status check_same(shop_ctx *cx, const shop_payment *p, const shop_gateway_intent *intent)
{
    if (intent->amount == p->amount && is(intent->currency, p->currency_code))
        return SHOP_OK;
    shop_log(cx->shop, SHOP_LOG_ERROR, "payment %lld is over %lld %s, but the gateway's %s over %lld %s: not booked",
             (long long)p->id, (long long)p->amount, p->currency_code, intent->id, (long long)intent->amount, intent->currency);
    return shop_fail(cx, SHOP_GATEWAY, "gateway_contradiction", "The payment gateway speaks of another amount.");
}

/* The order follows: paid when the money came, cancelled when none can come; else it must still be as it was read. */
static shop_status move_order(shop_ctx *cx, shop_batch *b, const shop_payment *p, const char *status)
{
    if (!is(p->order->status, "pending")) {
        shop_order_part_unchanged(b, p->order);
        return SHOP_OK;
    }
    if (is(status, PAYMENT_SUCCEEDED))
        shop_order_part_paid(b, p->order, shop_now(cx->shop));
    else if (is(status, PAYMENT_CANCELLED))
        return shop_order_part_cancel(cx, b, p->order);
    else
        shop_order_part_unchanged(b, p->order);
    return SHOP_OK;
}

/* Money that came for an order that was cancelled meanwhile is reserved to go back in the batch that says that it came. */
static shop_status reserve_if_cancelled(shop_ctx *cx, shop_batch *b, const shop_payment *p)
{
    shop_payment after = *p;
    if (!is(p->status, PAYMENT_SUCCEEDED) || !is(p->order->status, "cancelled"))
        return SHOP_OK;
    after.version++; /* as it is after the update before it in the batch */
    shop_payment_derive(&after);
    return shop_refund_reserve_rest(cx, b, &after);
}

static int is_live(const char *status)
{
    return is(status, PAYMENT_PENDING) || is(status, PAYMENT_PROCESSING) || is(status, PAYMENT_FAILED);
}

static shop_status move_payment(shop_ctx *cx, shop_batch *b, shop_payment *p, const char *status,
                                const shop_gateway_intent *intent)
{
    shop_status moved = move_order(cx, b, p, status);
    if (moved != SHOP_OK)
        return moved;
    p->updated_at = shop_payment_update(cx, b, p);
    shop_set_text(b, PAYMENT_STATUS, status);
    shop_set_text(b, PAYMENT_FAILURE_MESSAGE, intent->failure_message);
    shop_set_int(b, PAYMENT_DUE_AT, is_live(status) ? shop_payment_due(cx, 0) : SHOP_DUE_NEVER);
    shop_set_int(b, PAYMENT_LOOKS, 0);
    p->status = status;
    p->failure_message = intent->failure_message;
    return reserve_if_cancelled(cx, b, p);
}

shop_status shop_payment_show_order(shop_ctx *cx, shop_payment *p, const char *status)
{
    shop_order_brief *order = shop_arena_alloc(cx->arena, sizeof *order);
    if (!order)
        return shop_fail_no_memory(cx);
    *order = *p->order;
    order->status = status;
    p->order = order;
    return SHOP_OK;
}

/* The payment as it will be, with its order moved. */
static shop_status settle_handle(shop_ctx *cx, shop_payment *p)
{
    p->version++;
    shop_payment_derive(p);
    if (is(p->order->status, "pending") && is(p->status, PAYMENT_SUCCEEDED))
        return shop_payment_show_order(cx, p, "processing");
    if (is(p->order->status, "pending") && is(p->status, PAYMENT_CANCELLED))
        return shop_payment_show_order(cx, p, "cancelled");
    return SHOP_OK;
}

/* Another attempt failed for another reason: the customer is told the last one. */
static int has_failed_anew(const shop_payment *p, const shop_gateway_intent *intent, const char *next)
{
    return is(next, PAYMENT_FAILED) && is(p->status, PAYMENT_FAILED) && !is(p->failure_message, intent->failure_message);
}

static shop_status record_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    record *r = args;
    int known = 0;
    shop_status status = shop_payment_read(cx, &(payment_key){.id = r->id}, &r->payment);
    if (status == SHOP_OK)
        status = shop_event_is_known(cx, r->event, &known);
    if (status != SHOP_OK)
        return status;
    shop_payment *p = r->payment;
    *answer = p;
    if (known)
        return SHOP_OK;
    status = shop_event_add(cx, b, r->event);
    const char *next = status_of(r->intent);
    if (status != SHOP_OK || !(may_become(p->status, next) || has_failed_anew(p, r->intent, next)))
        return status;
    status = is(next, PAYMENT_SUCCEEDED) ? check_same(cx, p, r->intent) : SHOP_OK;
    if (status == SHOP_OK)
        status = move_payment(cx, b, p, next, r->intent);
    return status == SHOP_OK ? settle_handle(cx, p) : status;
}

/* ------------------------------------------------------------------------------------------------ what follows */

static shop_status record_state(shop_ctx *cx, int64_t id, const shop_gateway_intent *intent, const shop_gateway_event *event,
                                shop_payment **out)
{
    record r = {.id = id, .intent = intent, .event = event};
    shop_status status = shop_change_step(cx, record_attempt, &r);
    if (status == SHOP_OK)
        *out = r.payment;
    return status;
}

/* What was asked for is done: that the rest is left to the jobs is no error of this call. */
static void leave_to_jobs(shop_ctx *cx, const shop_payment *p)
{
    shop_log(cx->shop, SHOP_LOG_WARNING, "payment %lld: what follows is left to the jobs: %s", (long long)p->id,
             shop_ctx_error_detail(cx));
    shop_ctx_begin(cx);
}

/* Money that came for a cancelled order goes back. */
static void give_back_if_cancelled(shop_ctx *cx, const shop_payment *p)
{
    if (is(p->order->status, "cancelled") && p->is_successful && shop_refund_settle(cx, p) != SHOP_OK)
        leave_to_jobs(cx, p);
}

static shop_status capture(shop_ctx *cx, shop_payment **p)
{
    shop_gateway_intent intent;
    const char *key = shop_payment_step_key(cx, *p, "capture");
    if (!key)
        return shop_fail_no_memory(cx);
    int32_t outcome = shop_gateway_capture(cx, key, (*p)->intent_id, &intent);
    if (outcome == SHOP_GATEWAY_KEY_SPENT) {
        shop_status status = shop_payment_touch(cx, p);
        return status == SHOP_OK ? shop_fail(cx, SHOP_UNAVAILABLE, "gateway_unavailable", "The payment gateway had a fault.")
                                 : status;
    }
    return outcome == SHOP_GATEWAY_OK ? record_state(cx, (*p)->id, &intent, NULL, p) : cx->status;
}

/* Money that waits to be taken: it is, unless nobody wants it any more. */
static void take_waiting(shop_ctx *cx, const shop_gateway_intent *intent, shop_payment **p)
{
    if (!is(intent->status, "requires_capture") || !is((*p)->status, PAYMENT_PROCESSING))
        return;
    int is_unwanted = is((*p)->order->status, "cancelled") || (*p)->is_expiring;
    if ((is_unwanted ? shop_payment_cancel_there(cx, p) : capture(cx, p)) != SHOP_OK)
        leave_to_jobs(cx, *p);
}

shop_status shop_payment_take_state(shop_ctx *cx, int64_t id, const shop_gateway_intent *intent,
                                    const shop_gateway_event *event, shop_payment **out)
{
    shop_payment *p = NULL;
    shop_status status = record_state(cx, id, intent, event, &p);
    if (status != SHOP_OK)
        return status;
    take_waiting(cx, intent, &p);
    give_back_if_cancelled(cx, p);
    if (out)
        *out = p;
    return SHOP_OK;
}

shop_status shop_payment_fetch_state(shop_ctx *cx, const shop_payment *p, const shop_gateway_event *event, shop_payment **out)
{
    shop_gateway_intent intent;
    if (shop_gateway_retrieve(cx, p->intent_id, &intent) != SHOP_GATEWAY_OK)
        return cx->status;
    return shop_payment_take_state(cx, p->id, &intent, event, out);
}

shop_status shop_payment_cancel_there(shop_ctx *cx, shop_payment **p)
{
    shop_gateway_intent intent;
    const char *key = shop_payment_step_key(cx, *p, "cancel");
    if (!key)
        return shop_fail_no_memory(cx);
    int32_t outcome = shop_gateway_cancel(cx, key, (*p)->intent_id, &intent);
    if (outcome == SHOP_GATEWAY_KEY_SPENT || outcome == SHOP_GATEWAY_REFUSED) {
        shop_status status = outcome == SHOP_GATEWAY_KEY_SPENT ? shop_payment_touch(cx, p) : SHOP_OK;
        if (status != SHOP_OK)
            return status;
        outcome = shop_gateway_retrieve(cx, (*p)->intent_id, &intent);
    }
    if (outcome != SHOP_GATEWAY_OK)
        return cx->status;
    shop_status status = record_state(cx, (*p)->id, &intent, NULL, p);
    if (status == SHOP_OK)
        give_back_if_cancelled(cx, *p);
    return status;
}
