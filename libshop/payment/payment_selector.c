/* SPDX-License-Identifier: MIT */
/* Reading payments: each call one query. */
#include <string.h>

#include "payment.h"

static const shop_ordering orderings[] = {{"-created_at", PAYMENT_CREATED_AT, 1}, {NULL, 0, 0}};

shop_status shop_payment_not_found(shop_ctx *cx)
{
    return shop_fail(cx, SHOP_NOT_FOUND, "payment_not_found", "There is no such payment.");
}

/* ------------------------------------------------------------------------------------------------ handles */

static int is_one_of(const char *status, const char *const words[])
{
    for (size_t i = 0; words[i]; i++)
        if (strcmp(status, words[i]) == 0)
            return 1;
    return 0;
}

static const char *display(const char *status)
{
    static const char *const names[][2] = {
        {PAYMENT_PENDING, "Pending"},       {PAYMENT_PROCESSING, "Processing"},
        {PAYMENT_SUCCEEDED, "Succeeded"},   {PAYMENT_FAILED, "Failed"},
        {PAYMENT_CANCELLED, "Cancelled"},   {PAYMENT_PARTIALLY_REFUNDED, "Partially refunded"},
        {PAYMENT_REFUNDED_ALL, "Refunded"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i][0], status) == 0)
            return names[i][1];
    return status;
}

int shop_dispute_holds(const char *status)
{
    static const char *const holding[] = {"needs_response", "under_review", "lost", NULL};
    return status && is_one_of(status, holding);
}

void shop_payment_derive(shop_payment *p)
{
    static const char *const captured[] = {PAYMENT_SUCCEEDED, PAYMENT_PARTIALLY_REFUNDED, NULL};
    static const char *const successful[] = {PAYMENT_SUCCEEDED, PAYMENT_PARTIALLY_REFUNDED, PAYMENT_REFUNDED_ALL, NULL};
    static const char *const pending[] = {PAYMENT_PENDING, PAYMENT_PROCESSING, NULL};
    static const char *const failed[] = {PAYMENT_FAILED, PAYMENT_CANCELLED, NULL};
    p->status_display = display(p->status);
    p->is_successful = is_one_of(p->status, successful);
    p->is_pending = is_one_of(p->status, pending);
    p->is_failed = is_one_of(p->status, failed);
    p->can_be_refunded =
        is_one_of(p->status, captured) && p->amount_refunded < p->amount && !shop_dispute_holds(p->dispute_status);
}

static int load(shop_ctx *cx, const shop_query *q, int orders, const shop_value *row, shop_payment *p)
{
    shop_order_brief *order = shop_arena_alloc(cx->arena, sizeof *order);
    if (!order || !shop_order_part_find(cx, q, orders, row[PAYMENT_ORDER].num, order))
        return 0;
    *p = (shop_payment){.order = order};
    shop_type_load(&shop_payment_type, row, p);
    const shop_currency *currency = shop_currency_find(p->currency_code, strlen(p->currency_code));
    p->currency = currency ? currency : cx->shop->currency;
    p->user = row[PAYMENT_USER].num;
    p->version = row[PAYMENT_VERSION].num;
    p->client_secret = row[PAYMENT_CLIENT_SECRET].data;
    p->gateway_key = row[PAYMENT_GATEWAY_KEY].data;
    p->dispute_status = row[PAYMENT_DISPUTE].size > 0 ? row[PAYMENT_DISPUTE].data : NULL;
    p->due_at = row[PAYMENT_DUE_AT].num;
    p->looks = row[PAYMENT_LOOKS].num;
    p->is_expiring = row[PAYMENT_IS_EXPIRING].num;
    shop_payment_derive(p);
    return 1;
}

/* ------------------------------------------------------------------------------------------------ one */

shop_status shop_payment_read(shop_ctx *cx, const payment_key *key, shop_payment **out)
{
    shop_query *q = shop_query_new(cx);
    int payments = shop_query_read(q, TABLE_PAYMENT);
    if (key->intent)
        shop_where_text(q, PAYMENT_INTENT, SHOP_PRED_EQ, key->intent);
    else if (key->order)
        shop_where_int(q, PAYMENT_ORDER, SHOP_PRED_EQ, key->order);
    else
        shop_where_int(q, PAYMENT_ID, SHOP_PRED_EQ, key->id);
    int orders = shop_order_part_read_in(q, payments, PAYMENT_ORDER);
    shop_status status = shop_query_run(q);
    if (status != SHOP_OK)
        return status;
    const shop_rows *rows = shop_query_rows(q, payments);
    if (rows->count == 0)
        return shop_payment_not_found(cx);
    *out = shop_arena_alloc(cx->arena, sizeof **out);
    return *out && load(cx, q, orders, shop_row(rows, 0), *out) ? SHOP_OK : shop_fail_no_memory(cx);
}

shop_status shop_payment_read_visible(shop_ctx *cx, const payment_key *key, shop_payment **out)
{
    shop_status status = shop_require_user(cx);
    if (status == SHOP_OK)
        status = shop_payment_read(cx, key, out);
    if (status != SHOP_OK || (*out)->user == cx->actor)
        return status;
    status = shop_require_staff(cx);
    return status == SHOP_FORBIDDEN ? shop_payment_not_found(cx) : status;
}

static shop_status get(shop_ctx *cx, const payment_key *key, const shop_payment **out)
{
    shop_payment *payment = NULL;
    shop_ctx_begin(cx);
    if (!out)
        return shop_fail(cx, SHOP_MISUSE, "misuse", "A place for the payment is needed.");
    shop_status status = shop_payment_read_visible(cx, key, &payment);
    if (status == SHOP_OK)
        *out = payment;
    return status;
}

shop_status shop_payment_get(shop_ctx *cx, int64_t id, const shop_payment **out)
{
    return get(cx, &(payment_key){.id = id}, out);
}

shop_status shop_payment_of_order(shop_ctx *cx, int64_t order_id, const shop_payment **out)
{
    return get(cx, &(payment_key){.order = order_id}, out);
}

/* ------------------------------------------------------------------------------------------------ many */

typedef struct list_args {
    const char *status;
    int64_t user; /* SHOP_UNSET: everybody's */
} list_args;

static void filter_payments(shop_query *q, const void *args)
{
    const list_args *a = args;
    if (a->user != SHOP_UNSET)
        shop_where_int(q, PAYMENT_USER, SHOP_PRED_EQ, a->user);
    if (a->status)
        shop_where_text(q, PAYMENT_STATUS, SHOP_PRED_EQ, a->status);
}

/* Staff sees everybody's. */
static shop_status whose(shop_ctx *cx, int64_t *user)
{
    *user = cx->actor;
    shop_status status = shop_require_staff(cx);
    if (status == SHOP_OK)
        *user = SHOP_UNSET;
    if (status == SHOP_FORBIDDEN) {
        shop_ctx_begin(cx);
        status = SHOP_OK;
    }
    return status;
}

shop_status shop_payment_list(shop_ctx *cx, const shop_payment_filter *filter, const shop_page **out)
{
    shop_ctx_begin(cx);
    list_args args = {.status = NULL};
    shop_status status = shop_require_user(cx);
    if (status == SHOP_OK)
        status = shop_input_check(cx, &shop_payment_filter_type, filter, 0);
    if (status == SHOP_OK)
        status = whose(cx, &args.user);
    if (status != SHOP_OK)
        return status;
    args.status = filter->status;
    shop_page_input in = {.page = filter->page, .page_size = filter->page_size, .cursor = filter->cursor};
    shop_query *q = shop_query_new(cx);
    shop_page_read read;
    status = shop_page_begin(cx, q, TABLE_PAYMENT, orderings, &in, filter_payments, &args, &read);
    if (status != SHOP_OK)
        return status;
    int orders = shop_order_part_read_in(q, read.rows_read, PAYMENT_ORDER);
    status = shop_query_run(q);
    const shop_value *const *rows = NULL;
    size_t count = 0;
    shop_page *page = NULL;
    if (status == SHOP_OK)
        status = shop_page_rows(cx, q, &read, &rows, &count, &page);
    if (status != SHOP_OK)
        return status;
    shop_payment *payments = shop_arena_alloc(cx->arena, count * sizeof *payments);
    if (!payments)
        return shop_fail_no_memory(cx);
    for (size_t i = 0; i < count; i++)
        if (!load(cx, q, orders, rows[i], &payments[i]))
            return shop_fail_no_memory(cx);
    shop_page_set_items(page, &shop_payment_type, payments);
    *out = page;
    return SHOP_OK;
}

/* ------------------------------------------------------------------------------------------------ counted */

static int64_t *count_of(shop_payment_statistics *s, const char *status)
{
    const struct {
        const char *status;
        int64_t *count;
    } counts[] = {
        {PAYMENT_PENDING, &s->pending},       {PAYMENT_PROCESSING, &s->processing},
        {PAYMENT_SUCCEEDED, &s->succeeded},   {PAYMENT_FAILED, &s->failed},
        {PAYMENT_CANCELLED, &s->cancelled},   {PAYMENT_PARTIALLY_REFUNDED, &s->partially_refunded},
        {PAYMENT_REFUNDED_ALL, &s->refunded},
    };
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        if (strcmp(counts[i].status, status) == 0)
            return counts[i].count;
    return NULL;
}

static int is_captured(const char *status)
{
    static const char *const captured[] = {PAYMENT_SUCCEEDED, PAYMENT_PARTIALLY_REFUNDED, PAYMENT_REFUNDED_ALL, NULL};
    return is_one_of(status, captured);
}

shop_status shop_payment_statistics_get(shop_ctx *cx, const shop_payment_statistics **out)
{
    shop_ctx_begin(cx);
    shop_status status = shop_require_user(cx);
    if (status != SHOP_OK)
        return status;
    shop_query *q = shop_query_new(cx);
    int read = shop_query_read(q, TABLE_PAYMENT);
    shop_where_int(q, PAYMENT_USER, SHOP_PRED_EQ, cx->actor);
    shop_query_group_by(q, PAYMENT_STATUS);
    shop_query_aggregate(q, SHOP_AGGREGATE_COUNT, 0);
    shop_query_aggregate(q, SHOP_AGGREGATE_SUM, PAYMENT_AMOUNT);
    shop_query_aggregate(q, SHOP_AGGREGATE_SUM, PAYMENT_REFUNDED);
    status = shop_query_run(q);
    if (status != SHOP_OK)
        return status;
    shop_payment_statistics *s = shop_arena_zalloc(cx->arena, sizeof *s);
    if (!s)
        return shop_fail_no_memory(cx);
    const shop_rows *rows = shop_query_rows(q, read);
    for (uint32_t i = 0; i < rows->count; i++) {
        const shop_value *row = shop_row(rows, i);
        int64_t *count = count_of(s, row[0].data);
        if (count)
            *count = row[1].num;
        s->total_payments += row[1].num;
        if (is_captured(row[0].data))
            s->total_spent += row[2].num - row[3].num;
    }
    *out = s;
    return SHOP_OK;
}

shop_status shop_payment_config_get(shop_ctx *cx, const shop_payment_config **out)
{
    shop_ctx_begin(cx);
    shop_status status = shop_require_user(cx);
    if (status != SHOP_OK)
        return status;
    shop_payment_config *config = shop_arena_alloc(cx->arena, sizeof *config);
    if (!config)
        return shop_fail_no_memory(cx);
    config->publishable_key = cx->shop->options.publishable_key;
    *out = config;
    return SHOP_OK;
}

/* ------------------------------------------------------------------------------------------------ parts */

int shop_payment_part_read_in(shop_query *q, int read, uint16_t other)
{
    int payments = shop_query_read(q, TABLE_PAYMENT);
    shop_where_in_read(q, PAYMENT_ORDER, read, other);
    shop_query_columns(q, UINT64_C(1) << PAYMENT_ORDER | UINT64_C(1) << PAYMENT_STATUS);
    return payments;
}

const shop_payment_brief *shop_payment_part_find(shop_ctx *cx, const shop_query *q, int read, int64_t order_id)
{
    const shop_rows *rows = shop_query_rows(q, read);
    for (uint32_t i = 0; i < rows->count; i++) {
        if (shop_row_int(rows, i, PAYMENT_ORDER) != order_id)
            continue;
        shop_payment_brief *brief = shop_arena_alloc(cx->arena, sizeof *brief);
        if (brief)
            *brief = (shop_payment_brief){
                .id = shop_row_int(rows, i, PAYMENT_ID), .order = order_id, .status = shop_row_text(rows, i, PAYMENT_STATUS)};
        return brief;
    }
    return NULL;
}
