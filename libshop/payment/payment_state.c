/* SPDX-License-Identifier: MIT */
/* How a payment moves: forward only, its order with it, in one batch. */
#include <string.h>

#include "payment.h"

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

void shop_payment_update(shop_ctx *cx, shop_batch *b, const shop_payment *p)
{
    shop_batch_update(b, TABLE_PAYMENT, 1);
    shop_set_add(b, PAYMENT_VERSION, 1);
    shop_set_int(b, PAYMENT_UPDATED_AT, shop_now(cx->shop));
    shop_guard_int(b, PAYMENT_ID, SHOP_PRED_EQ, p->id);
    shop_guard_int(b, PAYMENT_VERSION, SHOP_PRED_EQ, p->version);
}

/* ------------------------------------------------------------------------------------------------ recording */

typedef struct record {
    int64_t id;
    const shop_gateway_intent *intent;
    const char *event;
    const char *event_type;
    shop_payment *payment;
} record;

shop_status shop_event_is_known(shop_ctx *cx, const char *event, int *known)
{
    shop_query *q = shop_query_new(cx);
    int read = shop_query_read(q, TABLE_EVENT);
    shop_where_text(q, EVENT_NAME, SHOP_PRED_EQ, event);
    shop_status status = shop_query_run(q);
    if (status == SHOP_OK)
        *known = shop_query_rows(q, read)->count > 0;
    return status;
}

shop_status shop_event_add(shop_ctx *cx, shop_batch *b, const char *event, const char *type)
{
    int64_t id = shop_new_id(cx, TABLE_EVENT);
    if (id == SHOP_UNSET)
        return cx->status;
    shop_batch_insert(b, TABLE_EVENT, id);
    shop_set_text(b, EVENT_NAME, event);
    shop_set_text(b, EVENT_TYPE, type);
    shop_set_int(b, EVENT_CREATED_AT, shop_now(cx->shop));
    return SHOP_OK;
}

/* The order follows: paid when the money came; else it must still be as it was read, so that a cancelling is never overlooked. */
static void move_order(shop_ctx *cx, shop_batch *b, const shop_payment *p, const char *status)
{
    int is_paid = strcmp(status, PAYMENT_SUCCEEDED) == 0 && strcmp(p->order->status, "pending") == 0;
    if (is_paid)
        shop_order_part_paid(b, p->order, shop_now(cx->shop));
    else
        shop_order_part_unchanged(b, p->order);
}

/* Money that came for an order that was cancelled meanwhile is reserved to go back in the batch that says that it came. */
static shop_status reserve_if_cancelled(shop_ctx *cx, shop_batch *b, const shop_payment *p)
{
    shop_payment after = *p;
    if (strcmp(p->status, PAYMENT_SUCCEEDED) != 0 || strcmp(p->order->status, "cancelled") != 0)
        return SHOP_OK;
    after.version++; /* as it is after the update before it in the batch */
    shop_payment_derive(&after);
    return shop_refund_reserve_rest(cx, b, &after);
}

static shop_status move_payment(shop_ctx *cx, shop_batch *b, shop_payment *p, const char *status,
                                const shop_gateway_intent *intent)
{
    move_order(cx, b, p, status);
    shop_payment_update(cx, b, p);
    shop_set_text(b, PAYMENT_STATUS, status);
    shop_set_text(b, PAYMENT_FAILURE_MESSAGE, intent->failure_message);
    p->status = status;
    p->failure_message = intent->failure_message;
    return reserve_if_cancelled(cx, b, p);
}

/* The payment as it will be, with its order moved. */
static shop_status settle_handle(shop_ctx *cx, shop_payment *p)
{
    shop_order_brief *order = shop_arena_alloc(cx->arena, sizeof *order);
    if (!order)
        return shop_fail_no_memory(cx);
    *order = *p->order;
    if (strcmp(p->status, PAYMENT_SUCCEEDED) == 0 && strcmp(order->status, "pending") == 0)
        order->status = "processing";
    p->order = order;
    p->updated_at = shop_now(cx->shop);
    shop_payment_derive(p);
    return SHOP_OK;
}

/* Another attempt failed for another reason: the customer is told the last one. */
static int has_failed_anew(const record *r, const char *next)
{
    return strcmp(next, PAYMENT_FAILED) == 0 && strcmp(r->payment->status, PAYMENT_FAILED) == 0 &&
           strcmp(r->payment->failure_message, r->intent->failure_message) != 0;
}

static shop_status record_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    record *r = args;
    int known = 0;
    shop_status status = shop_payment_read(cx, &(payment_key){.id = r->id}, &r->payment);
    if (status == SHOP_OK && r->event)
        status = shop_event_is_known(cx, r->event, &known);
    if (status != SHOP_OK)
        return status;
    *answer = r->payment;
    if (known)
        return SHOP_OK;
    status = r->event ? shop_event_add(cx, b, r->event, r->event_type) : SHOP_OK;
    const char *next = status_of(r->intent);
    if (status != SHOP_OK || !(may_become(r->payment->status, next) || has_failed_anew(r, next)))
        return status;
    status = move_payment(cx, b, r->payment, next, r->intent);
    return status == SHOP_OK ? settle_handle(cx, r->payment) : status;
}

shop_status shop_payment_record(shop_ctx *cx, int64_t id, const shop_gateway_intent *intent, const char *event,
                                const char *event_type, shop_payment **out)
{
    record r = {.id = id, .intent = intent, .event = event, .event_type = event_type};
    shop_status status = shop_change_step(cx, record_attempt, &r);
    if (status == SHOP_OK)
        *out = r.payment;
    return status;
}

/* ------------------------------------------------------------------------------------------------ what follows */

void shop_payment_follow_up(shop_ctx *cx, const shop_payment *p)
{
    shop_status status = SHOP_OK;
    int is_cancelled = strcmp(p->order->status, "cancelled") == 0;
    if (strcmp(p->status, PAYMENT_CANCELLED) == 0 && strcmp(p->order->status, "pending") == 0)
        status = shop_order_cancel_any(cx, p->order->id);
    else if (is_cancelled && strcmp(p->status, PAYMENT_SUCCEEDED) == 0)
        status = shop_payment_settle_cancelled(cx, p->order->id);
    if (status != SHOP_OK)
        shop_log(cx->shop, SHOP_LOG_WARNING, "payment %lld: what follows is left to the jobs: %s", (long long)p->id,
                 shop_ctx_error_detail(cx));
    shop_ctx_begin(cx); /* what was asked for is done: the rest is no error of this call */
}
