/* SPDX-License-Identifier: MIT */
/*
 * What the gateway says of a payment's refunds, taken in one batch: rows, payment, order and stock agree at every moment. Whoever asked
 * for them: the shop, or a person at the gateway's own site.
 */
#include <string.h>

#include "payment.h"

typedef struct refund_row {
    int64_t id;
    int64_t amount;
    const char *status; /* as it will be */
    const char *was; /* as it is; NULL: a new row */
    const char *gateway_id;
    const char *was_gateway_id;
    const char *tag;
} refund_row;

typedef struct taking {
    int64_t payment_id;
    const shop_gateway_refunds *told;
    const shop_gateway_event *event;
    shop_payment *payment;
    refund_row *rows;
    size_t count;
} taking;

static int is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

const char *shop_refund_tag(shop_ctx *cx, int64_t refund, const char *key)
{
    return shop_arena_printf(cx->arena, "%lld_%s", (long long)refund, key);
}

/* What the gateway's word means here. */
static const char *status_of(const shop_gateway_refund *refund)
{
    if (is(refund->status, "succeeded"))
        return REFUND_SUCCEEDED;
    return is(refund->status, "failed") || is(refund->status, "canceled") ? REFUND_FAILED : REFUND_PENDING;
}

/*
 * Forward only; but a bank may send back later what had gone out, and what was taken for refused may turn out to be there: then the gateway's
 * word counts, because the money is gone.
 */
static int may_become(const refund_row *row, const char *to)
{
    if (is(row->status, REFUND_FAILED))
        return !row->gateway_id && !is(to, REFUND_FAILED);
    return !is(row->status, to) && !is(to, REFUND_PENDING);
}

/* ------------------------------------------------------------------------------------------------ reading */

static shop_status read_rows(shop_ctx *cx, taking *t)
{
    shop_query *q = shop_query_new(cx);
    int read = shop_query_read(q, TABLE_REFUND);
    shop_where_int(q, REFUND_PAYMENT, SHOP_PRED_EQ, t->payment_id);
    shop_status status = shop_query_run(q);
    if (status != SHOP_OK)
        return status;
    const shop_rows *rows = shop_query_rows(q, read);
    t->count = rows->count;
    t->rows = shop_arena_alloc(cx->arena, (rows->count + t->told->count + 1) * sizeof *t->rows);
    if (!t->rows)
        return shop_fail_no_memory(cx);
    for (uint32_t i = 0; i < rows->count; i++) {
        const char *gateway_id = shop_row_text(rows, i, REFUND_GATEWAY_ID);
        t->rows[i] = (refund_row){
            .id = shop_row_int(rows, i, REFUND_ID),
            .amount = shop_row_int(rows, i, REFUND_AMOUNT),
            .status = shop_row_text(rows, i, REFUND_STATUS),
            .was = shop_row_text(rows, i, REFUND_STATUS),
            .gateway_id = gateway_id,
            .was_gateway_id = gateway_id,
            .tag = shop_refund_tag(cx, shop_row_int(rows, i, REFUND_ID), shop_row_text(rows, i, REFUND_GATEWAY_KEY))};
        if (!t->rows[i].tag)
            return shop_fail_no_memory(cx);
    }
    return SHOP_OK;
}

static refund_row *find_row(const taking *t, const shop_gateway_refund *told)
{
    for (size_t i = 0; i < t->count; i++) {
        refund_row *row = &t->rows[i];
        if (told->id && row->gateway_id ? is(row->gateway_id, told->id) : told->tag && is(row->tag, told->tag))
            return row;
    }
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ deciding */

static shop_status merge_one(shop_ctx *cx, taking *t, const shop_gateway_refund *told)
{
    const char *status = status_of(told);
    refund_row *row = find_row(t, told);
    if (row) {
        if (may_become(row, status))
            row->status = status;
        if (told->id)
            row->gateway_id = told->id;
        return SHOP_OK;
    }
    if (is(status, REFUND_FAILED))
        return SHOP_OK; /* it never was anything of ours */
    int64_t id = shop_new_id(cx, TABLE_REFUND);
    if (id == SHOP_UNSET)
        return cx->status;
    t->rows[t->count++] = (refund_row){.id = id, .amount = told->amount, .status = status, .gateway_id = told->id};
    return SHOP_OK;
}

static shop_status merge(shop_ctx *cx, taking *t)
{
    shop_status status = SHOP_OK;
    for (size_t i = 0; i < t->told->count && status == SHOP_OK; i++)
        status = merge_one(cx, t, &t->told->items[i]);
    return status;
}

static int has_changed(const refund_row *row)
{
    return !row->was || !is(row->was, row->status) || (row->gateway_id && !row->was_gateway_id);
}

/* What is reserved or gone, and what is gone. */
static shop_status add_up(shop_ctx *cx, const taking *t, int64_t *reserved, int64_t *gone)
{
    *reserved = 0;
    *gone = 0;
    for (size_t i = 0; i < t->count; i++) {
        const refund_row *row = &t->rows[i];
        int64_t counted = is(row->status, REFUND_FAILED) ? 0 : row->amount;
        int64_t sent = is(row->status, REFUND_SUCCEEDED) ? row->amount : 0;
        if (!shop_money_add(*reserved, counted, reserved) || !shop_money_add(*gone, sent, gone))
            return shop_fail(cx, SHOP_GATEWAY, "gateway_contradiction", "The payment gateway speaks of impossible amounts.");
    }
    return SHOP_OK;
}

/* ------------------------------------------------------------------------------------------------ writing */

static void insert_row(shop_ctx *cx, shop_batch *b, const taking *t, const refund_row *row)
{
    int64_t now = shop_now(cx->shop);
    shop_batch_insert(b, TABLE_REFUND, row->id);
    shop_set_int(b, REFUND_PAYMENT, t->payment_id);
    shop_set_int(b, REFUND_AMOUNT, row->amount);
    shop_set_text(b, REFUND_REASON, "");
    shop_set_text(b, REFUND_STATUS, row->status);
    shop_set_text(b, REFUND_GATEWAY_ID, row->gateway_id);
    shop_set_text(b, REFUND_GATEWAY_KEY, row->gateway_id);
    shop_set_int(b, REFUND_CREATED_AT, now);
    shop_set_int(b, REFUND_UPDATED_AT, now);
    shop_set_int(b, REFUND_DUE_AT, is(row->status, REFUND_PENDING) ? shop_payment_due(cx, 0) : SHOP_DUE_NEVER);
    shop_set_int(b, REFUND_LOOKS, 0);
    shop_set_int(b, REFUND_ATTEMPT, 0);
}

static void update_row(shop_ctx *cx, shop_batch *b, const refund_row *row)
{
    shop_batch_update(b, TABLE_REFUND, 1);
    shop_set_text(b, REFUND_STATUS, row->status);
    shop_set_text(b, REFUND_GATEWAY_ID, row->gateway_id);
    shop_set_int(b, REFUND_UPDATED_AT, shop_now(cx->shop));
    shop_set_int(b, REFUND_DUE_AT, is(row->status, REFUND_PENDING) ? shop_payment_due(cx, 0) : SHOP_DUE_NEVER);
    shop_guard_int(b, REFUND_ID, SHOP_PRED_EQ, row->id);
    shop_guard_text(b, REFUND_STATUS, SHOP_PRED_EQ, row->was);
}

static void write_rows(shop_ctx *cx, shop_batch *b, const taking *t)
{
    for (size_t i = 0; i < t->count; i++) {
        if (!has_changed(&t->rows[i]))
            continue;
        if (t->rows[i].was)
            update_row(cx, b, &t->rows[i]);
        else
            insert_row(cx, b, t, &t->rows[i]);
    }
}

/* All is back and nothing was sent out: there is nothing left of the order, and its stock can be sold again. */
static int ends_order(const shop_payment *p)
{
    return is(p->status, PAYMENT_REFUNDED_ALL) && is(p->order->status, "processing");
}

static shop_status write_payment(shop_ctx *cx, shop_batch *b, taking *t, int64_t reserved, int64_t gone)
{
    shop_payment *p = t->payment;
    int has_failed = reserved < p->amount_refunded;
    p->status = gone == 0 ? PAYMENT_SUCCEEDED : gone == p->amount ? PAYMENT_REFUNDED_ALL : PAYMENT_PARTIALLY_REFUNDED;
    p->amount_refunded = reserved;
    int is_end = ends_order(p);
    shop_status status = is_end ? shop_order_part_cancel(cx, b, p->order) : SHOP_OK;
    if (status != SHOP_OK)
        return status;
    if (!is_end)
        shop_order_part_unchanged(b, p->order);
    p->updated_at = shop_payment_update(cx, b, p);
    shop_set_text(b, PAYMENT_STATUS, p->status);
    shop_set_int(b, PAYMENT_REFUNDED, reserved);
    if (has_failed && is(p->order->status, "cancelled")) /* it has to go back some other time */
        shop_set_int(b, PAYMENT_DUE_AT, shop_payment_due(cx, p->looks));
    p->version++;
    shop_payment_derive(p);
    return is_end ? shop_payment_show_order(cx, p, "cancelled") : SHOP_OK;
}

static shop_status write_changes(shop_ctx *cx, shop_batch *b, taking *t)
{
    int64_t reserved = 0;
    int64_t gone = 0;
    size_t changed = 0;
    for (size_t i = 0; i < t->count; i++)
        changed += (size_t)has_changed(&t->rows[i]);
    if (changed == 0)
        return SHOP_OK;
    shop_status status = add_up(cx, t, &reserved, &gone);
    if (status != SHOP_OK)
        return status;
    if (reserved > t->payment->amount) /* a refund of ours is on its way that the gateway will refuse: then there is room */
        return shop_fail(cx, SHOP_UNAVAILABLE, SHOP_REFUNDS_OVERLAP,
                         "Another refund of this payment is under way. Please try again.");
    write_rows(cx, b, t);
    return write_payment(cx, b, t, reserved, gone);
}

static shop_status take_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    taking *t = args;
    int known = 0;
    shop_status status = shop_payment_read(cx, &(payment_key){.id = t->payment_id}, &t->payment);
    if (status == SHOP_OK)
        status = shop_event_is_known(cx, t->event, &known);
    if (status == SHOP_OK)
        *answer = t->payment;
    if (status != SHOP_OK || known)
        return status;
    if (!t->payment->is_successful)
        return shop_fail(cx, SHOP_GATEWAY, "gateway_contradiction", "The payment gateway gives back what it never took.");
    status = read_rows(cx, t);
    if (status == SHOP_OK)
        status = merge(cx, t);
    if (status == SHOP_OK)
        status = shop_event_add(cx, b, t->event);
    return status == SHOP_OK ? write_changes(cx, b, t) : status;
}

shop_status shop_refund_take(shop_ctx *cx, int64_t payment, const shop_gateway_refunds *refunds,
                             const shop_gateway_event *event)
{
    taking t = {.payment_id = payment, .told = refunds, .event = event};
    return shop_change_step(cx, take_attempt, &t);
}

shop_status shop_refund_fetch(shop_ctx *cx, int64_t payment, const char *intent, const shop_gateway_event *event)
{
    shop_gateway_refunds refunds = {.count = 0};
    if (shop_gateway_list_refunds(cx, intent, &refunds) != SHOP_GATEWAY_OK)
        return cx->status;
    return shop_refund_take(cx, payment, &refunds, event);
}
