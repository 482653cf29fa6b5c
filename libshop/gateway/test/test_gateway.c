/* SPDX-License-Identifier: MIT */
/* The test gateway behind the gateways' interface. */
#include "test_gateway.h"

#include <stdio.h>
#include <string.h>

#include "../webhook.h"
#include "test_intents.h"

typedef struct test_gateway {
    shop *shop;
    const shop_gateway_host *host;
} test_gateway;

/* What the shop's storage said, as a gateway says it. */
static int32_t outcome_of(const shop_ctx *cx, shop_gateway_fault *fault)
{
    static const struct {
        shop_status status;
        int32_t outcome;
    } rows[] = {
        {SHOP_OK, SHOP_GATEWAY_OK},
        {SHOP_DECLINED, SHOP_GATEWAY_DECLINED},
        {SHOP_CONFLICT, SHOP_GATEWAY_REFUSED},
        {SHOP_INVALID, SHOP_GATEWAY_REFUSED},
        {SHOP_NOT_FOUND, SHOP_GATEWAY_NOT_FOUND},
        {SHOP_NO_MEMORY, SHOP_GATEWAY_NO_MEMORY},
    };
    fault->outcome = SHOP_GATEWAY_AWAY;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].status == cx->status)
            fault->outcome = rows[i].outcome;
    (void)snprintf(fault->code, sizeof fault->code, "%s", shop_ctx_error_code(cx));
    (void)snprintf(fault->message, sizeof fault->message, "%s", shop_ctx_error_detail(cx));
    return fault->outcome;
}

static int keep(const shop_gateway_call *call, const char **text)
{
    if (!*text)
        return 1;
    size_t size = strlen(*text) + 1;
    char *copy = call->alloc(call->arena, size);
    if (copy)
        memcpy(copy, *text, size);
    *text = copy;
    return copy != NULL;
}

static int keep_intent(const shop_gateway_call *call, const shop_gateway_intent *from, shop_gateway_intent *to)
{
    *to = *from;
    return keep(call, &to->id) && keep(call, &to->client_secret) && keep(call, &to->status) && keep(call, &to->currency) &&
           keep(call, &to->failure_message);
}

static int keep_refund(const shop_gateway_call *call, const shop_gateway_refund *from, shop_gateway_refund *to)
{
    *to = *from;
    return keep(call, &to->id) && keep(call, &to->intent) && keep(call, &to->status) && keep(call, &to->tag);
}

/* A call works in a context of its own: what it returns is copied out before that goes. */
static shop_ctx *begin(const test_gateway *g)
{
    shop_ctx *cx = shop_ctx_new(g->shop);
    if (cx)
        shop_ctx_set_actor(cx, SHOP_ACTOR_SYSTEM);
    return cx;
}

static int32_t end(shop_ctx *cx, const shop_gateway_call *call, const test_call *c, shop_gateway_intent *out,
                   shop_gateway_fault *fault)
{
    int32_t outcome = outcome_of(cx, fault);
    int has_intent = outcome == SHOP_GATEWAY_OK || outcome == SHOP_GATEWAY_DECLINED;
    if (has_intent && !keep_intent(call, &c->found.shown, out))
        outcome = fault->outcome = SHOP_GATEWAY_NO_MEMORY;
    shop_ctx_free(cx);
    return outcome;
}

static int32_t change(void *self, const shop_gateway_call *call, shop_attempt attempt, test_call *c, shop_gateway_intent *out,
                      shop_gateway_fault *fault)
{
    shop_ctx *cx = begin(self);
    if (!cx)
        return fault->outcome = SHOP_GATEWAY_NO_MEMORY;
    (void)shop_change_step(cx, attempt, c);
    return end(cx, call, c, out, fault);
}

static int32_t look_up(void *self, const shop_gateway_call *call, uint16_t column, const char *value, shop_gateway_intent *out,
                       shop_gateway_fault *fault)
{
    test_call c = {.intent = NULL};
    shop_ctx *cx = begin(self);
    if (!cx)
        return fault->outcome = SHOP_GATEWAY_NO_MEMORY;
    (void)shop_test_find_intent(cx, column, value, &c.found);
    return end(cx, call, &c, out, fault);
}

static int32_t test_create(void *self, const shop_gateway_call *call, const shop_gateway_order *order, shop_gateway_intent *out,
                           shop_gateway_fault *fault)
{
    test_call c = {.key = call->key, .order = order};
    return change(self, call, shop_test_create, &c, out, fault);
}

static int32_t test_find(void *self, const shop_gateway_call *call, const shop_gateway_order *order, shop_gateway_intent *out,
                         shop_gateway_fault *fault)
{
    return look_up(self, call, TEST_INTENT_TAG, order->tag, out, fault);
}

static int32_t test_retrieve(void *self, const shop_gateway_call *call, const char *intent, shop_gateway_intent *out,
                             shop_gateway_fault *fault)
{
    return look_up(self, call, TEST_INTENT_NAME, intent, out, fault);
}

static int32_t test_confirm(void *self, const shop_gateway_call *call, const char *intent, const char *method,
                            shop_gateway_intent *out, shop_gateway_fault *fault)
{
    test_call c = {.intent = intent, .card = shop_test_find_card(method)};
    if (!c.card) {
        (void)snprintf(fault->code, sizeof fault->code, "unknown_payment_method");
        return fault->outcome = SHOP_GATEWAY_REFUSED;
    }
    int32_t outcome = change(self, call, shop_test_confirm, &c, out, fault);
    if (outcome != SHOP_GATEWAY_OK || !out->failure_message[0] || strcmp(out->status, "requires_payment_method") != 0)
        return outcome;
    (void)snprintf(fault->code, sizeof fault->code, "card_declined");
    (void)snprintf(fault->decline_code, sizeof fault->decline_code, "%s", c.card->decline_code);
    (void)snprintf(fault->message, sizeof fault->message, "%s", out->failure_message);
    return fault->outcome = SHOP_GATEWAY_DECLINED;
}

/* Its intents take the money when they are confirmed: there never is anything to capture. */
static int32_t test_capture(void *self, const shop_gateway_call *call, const char *intent, shop_gateway_intent *out,
                            shop_gateway_fault *fault)
{
    int32_t outcome = look_up(self, call, TEST_INTENT_NAME, intent, out, fault);
    if (outcome != SHOP_GATEWAY_OK)
        return outcome;
    (void)snprintf(fault->code, sizeof fault->code, "payment_not_capturable");
    (void)snprintf(fault->message, sizeof fault->message, "This payment is %s and cannot be captured.", out->status);
    return fault->outcome = SHOP_GATEWAY_REFUSED;
}

static int32_t test_cancel(void *self, const shop_gateway_call *call, const char *intent, shop_gateway_intent *out,
                           shop_gateway_fault *fault)
{
    test_call c = {.intent = intent};
    return change(self, call, shop_test_cancel, &c, out, fault);
}

static int32_t test_refund(void *self, const shop_gateway_call *call, const shop_gateway_return *what, shop_gateway_refund *out,
                           shop_gateway_fault *fault)
{
    test_call c = {.key = call->key, .what = what};
    shop_ctx *cx = begin(self);
    if (!cx)
        return fault->outcome = SHOP_GATEWAY_NO_MEMORY;
    (void)shop_change_step(cx, shop_test_refund, &c);
    int32_t outcome = outcome_of(cx, fault);
    if (outcome == SHOP_GATEWAY_OK && !keep_refund(call, &c.refund, out))
        outcome = fault->outcome = SHOP_GATEWAY_NO_MEMORY;
    shop_ctx_free(cx);
    return outcome;
}

static int32_t read_refunds(shop_ctx *cx, const shop_gateway_call *call, const char *intent, shop_gateway_refunds *out)
{
    shop_query *q = shop_query_new(cx);
    int read = shop_query_read(q, TABLE_TEST_REFUND);
    shop_where_text(q, TEST_REFUND_INTENT, SHOP_PRED_EQ, intent);
    if (shop_query_run(q) != SHOP_OK)
        return SHOP_GATEWAY_AWAY;
    const shop_rows *rows = shop_query_rows(q, read);
    shop_gateway_refund *items = call->alloc(call->arena, (rows->count + 1) * sizeof *items);
    if (!items)
        return SHOP_GATEWAY_NO_MEMORY;
    for (uint32_t i = 0; i < rows->count; i++) {
        shop_gateway_refund refund;
        shop_test_load_refund(rows, i, &refund);
        if (!keep_refund(call, &refund, &items[i]))
            return SHOP_GATEWAY_NO_MEMORY;
    }
    *out = (shop_gateway_refunds){.items = items, .count = rows->count};
    return SHOP_GATEWAY_OK;
}

static int32_t test_refunds(void *self, const shop_gateway_call *call, const char *intent, shop_gateway_refunds *out,
                            shop_gateway_fault *fault)
{
    shop_ctx *cx = begin(self);
    if (!cx)
        return fault->outcome = SHOP_GATEWAY_NO_MEMORY;
    fault->outcome = read_refunds(cx, call, intent, out);
    shop_ctx_free(cx);
    return fault->outcome;
}

/* Nobody complains here. */
static int32_t test_dispute(void *self, const shop_gateway_call *call, const char *dispute, shop_gateway_dispute *out,
                            shop_gateway_fault *fault)
{
    (void)self;
    (void)call;
    (void)dispute;
    (void)out;
    return fault->outcome = SHOP_GATEWAY_NOT_FOUND;
}

static int32_t test_verify(void *self, const void *body, size_t length, const char *header, int64_t now,
                           shop_gateway_fault *fault)
{
    const test_gateway *g = self;
    int is_good = shop_webhook_verify(g->host->webhook_secrets, header, body, length, now);
    return fault->outcome = is_good ? SHOP_GATEWAY_OK : SHOP_GATEWAY_REFUSED;
}

static int32_t test_decode(void *self, const shop_gateway_call *call, const char *body, size_t length, shop_gateway_event *out,
                           shop_gateway_fault *fault)
{
    (void)self;
    return shop_webhook_decode(call, body, length, out, fault);
}

static int32_t test_work(void *self, const shop_gateway_call *call, int64_t limit, int64_t *done, shop_gateway_fault *fault)
{
    const test_gateway *g = self;
    (void)call;
    shop_ctx *cx = begin(g);
    if (!cx)
        return fault->outcome = SHOP_GATEWAY_NO_MEMORY;
    (void)shop_test_gateway_deliver(cx, g->host->webhook_secrets, limit, done);
    int32_t outcome = outcome_of(cx, fault);
    shop_ctx_free(cx);
    return outcome;
}

/* ------------------------------------------------------------------------------------------------ the table */

static int32_t test_open(const shop_gateway_host *host, void **self, shop_gateway_fault *fault)
{
    test_gateway *g = shop_mem_alloc(sizeof *g);
    if (!g)
        return fault->outcome = SHOP_GATEWAY_NO_MEMORY;
    *g = (test_gateway){.shop = host->owner, .host = host};
    *self = g;
    return fault->outcome = SHOP_GATEWAY_OK;
}

static void test_close(void *self)
{
    shop_mem_free(self);
}

/* It takes every amount of every currency. */
static int32_t test_money(void *self, const char *currency, shop_gateway_money *out, shop_gateway_fault *fault)
{
    (void)self;
    (void)currency;
    *out = (shop_gateway_money){.step = 1, .least = 1, .most = INT64_MAX};
    return fault->outcome = SHOP_GATEWAY_OK;
}

static const shop_gateway_vtable vtable = {
    .struct_size = sizeof vtable,
    .version = SHOP_GATEWAY_VERSION,
    .name = "test",
    .open = test_open,
    .close = test_close,
    .money = test_money,
    .create = test_create,
    .find = test_find,
    .retrieve = test_retrieve,
    .confirm = test_confirm,
    .capture = test_capture,
    .cancel = test_cancel,
    .refund = test_refund,
    .refunds = test_refunds,
    .dispute = test_dispute,
    .verify = test_verify,
    .decode = test_decode,
    .work = test_work,
};

const shop_gateway_vtable *shop_gateway_test(void)
{
    return &vtable;
}
