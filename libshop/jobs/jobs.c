/* SPDX-License-Identifier: MIT */
/* Everything that is due without anybody asking, in bounded portions. */
#include <shop/jobs.h>

#include <stdio.h>
#include <string.h>

#include "../account/account_parts.h"
#include "../catalog/catalog_parts.h"
#include "../order/order_parts.h"
#include "../payment/payment_parts.h"
#include "../storage/store.h"

#define PORTION 100
#define EVENT_LIFE (INT64_C(30) * 86400) /* seconds; a gateway repeats a message for days, not for weeks */

typedef struct job {
    uint32_t kind;
    shop_status (*run)(shop_ctx *cx, int64_t limit, int64_t *done);
} job;

/* Deletes rows of a table whose time column is before `until`: found first, so that a portion is bounded. */
typedef struct sweep {
    uint16_t table;
    uint16_t column;
    int64_t until;
    int64_t limit;
    int64_t done;
} sweep;

static shop_status sweep_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    sweep *s = args;
    (void)answer;
    shop_query *q = shop_query_new(cx);
    int read = shop_query_read(q, s->table);
    shop_where_int(q, s->column, SHOP_PRED_LT, s->until);
    shop_query_limit(q, s->limit, 0);
    shop_query_columns(q, 0);
    shop_status status = shop_query_run(q);
    if (status != SHOP_OK)
        return status;
    const shop_rows *rows = shop_query_rows(q, read);
    for (uint32_t i = 0; i < rows->count; i++) {
        shop_batch_delete(b, s->table, SHOP_EXPECT_ANY);
        shop_guard_int(b, 0, SHOP_PRED_EQ, shop_row_int(rows, i, 0));
        shop_guard_int(b, s->column, SHOP_PRED_LT, s->until);
    }
    s->done = rows->count;
    return SHOP_OK;
}

static shop_status sweep_table(shop_ctx *cx, uint16_t table, uint16_t column, int64_t life, int64_t limit, int64_t *done)
{
    sweep s = {.table = table, .column = column, .until = shop_now(cx->shop) - life * 1000000, .limit = limit};
    shop_status status = shop_change_step(cx, sweep_attempt, &s);
    *done = s.done;
    return status;
}

static shop_status drop_old_keys(shop_ctx *cx, int64_t limit, int64_t *done)
{
    return sweep_table(cx, TABLE_IDEMPOTENCY, IDEMPOTENCY_CREATED_AT, cx->shop->options.idempotency_ttl, limit, done);
}

static shop_status drop_old_marks(shop_ctx *cx, int64_t limit, int64_t *done)
{
    return sweep_table(cx, TABLE_MARK, MARK_CREATED_AT, cx->shop->options.idempotency_ttl, limit, done);
}

static shop_status drop_old_events(shop_ctx *cx, int64_t limit, int64_t *done)
{
    return sweep_table(cx, TABLE_EVENT, EVENT_CREATED_AT, EVENT_LIFE, limit, done);
}

static const job jobs[] = {
    {SHOP_JOBS_STORAGE, shop_order_expire},
    {SHOP_JOBS_GATEWAY, shop_payment_reconcile},
    {SHOP_JOBS_GATEWAY, shop_payment_gateway_work},
    {SHOP_JOBS_STORAGE, shop_account_clean},
    {SHOP_JOBS_STORAGE, drop_old_keys},
    {SHOP_JOBS_STORAGE, drop_old_marks},
    {SHOP_JOBS_STORAGE, drop_old_events},
    {SHOP_JOBS_STORAGE, shop_catalog_upkeep},
};

/* The first failure of several jobs, which the context forgets when the next one runs. */
typedef struct failure {
    shop_status status;
    const char *code;
    char detail[200];
} failure;

static void keep_failure(failure *f, const shop_ctx *cx, shop_status status)
{
    if (f->status != SHOP_OK)
        return;
    *f = (failure){.status = status, .code = shop_ctx_error_code(cx)};
    (void)snprintf(f->detail, sizeof f->detail, "%s", shop_ctx_error_detail(cx));
}

static int is_storage_away(const shop_ctx *cx, shop_status status)
{
    return status == SHOP_UNAVAILABLE && strcmp(shop_ctx_error_code(cx), "storage_unavailable") == 0;
}

shop_status shop_jobs_run_kinds(shop_ctx *cx, uint32_t kinds, int64_t *done)
{
    failure first = {.status = SHOP_OK};
    int64_t total = 0;
    int goes_on = 1;
    for (size_t i = 0; i < sizeof jobs / sizeof jobs[0] && goes_on; i++) {
        int64_t count = 0;
        if (!(jobs[i].kind & kinds))
            continue;
        shop_ctx_reset(cx);
        shop_ctx_set_actor(cx, SHOP_ACTOR_SYSTEM);
        shop_status status = jobs[i].run(cx, PORTION, &count);
        if (status != SHOP_OK)
            keep_failure(&first, cx, status);
        goes_on = !is_storage_away(cx, status); /* the others would find the same */
        total += count;
    }
    if (done)
        *done = total;
    return first.status == SHOP_OK ? SHOP_OK : shop_fail(cx, first.status, first.code, "%s", first.detail);
}

shop_status shop_jobs_run(shop_ctx *cx, int64_t *done)
{
    return shop_jobs_run_kinds(cx, SHOP_JOBS_STORAGE | SHOP_JOBS_GATEWAY, done);
}
