/* SPDX-License-Identifier: MIT */
/* The shop's gateway: opened once, called with time limits, its outcomes told as errors of the context. */
#include "gateway.h"

#include <stdio.h>
#include <string.h>

#include <shop/sys/storage.h>

/* ------------------------------------------------------------------------------------------------ open and close */

static void gateway_log(void *user, int32_t level, const char *message)
{
    shop_log(user, level, "gateway: %s", message);
}

static int32_t refuse_open(shop_gateway_fault *fault, const char *why)
{
    fault->outcome = SHOP_GATEWAY_MISCONFIGURED;
    (void)snprintf(fault->message, sizeof fault->message, "%s", why);
    return fault->outcome;
}

/* The test gateway signs its own messages, so it may make its secret itself; nobody else's secret is ours to make. */
static const char *webhook_secrets(const struct shop *s, const char *gateway)
{
    if (s->options.webhook_secret)
        return s->options.webhook_secret;
    return strcmp(gateway, "test") == 0 ? s->default_webhook_secret : "";
}

static int32_t open_gateway(struct shop *s, struct shop_gateway *g, shop_gateway_fault *fault)
{
    const char *name = s->options.gateway ? s->options.gateway : s->options.gateway_secret ? "stripe" : "test";
    g->calls = shop_gateway_find(name);
    if (!g->calls)
        return refuse_open(fault, "no gateway of this name is known");
    g->host = (shop_gateway_host){
        .struct_size = sizeof g->host,
        .owner = s,
        .secret = s->options.gateway_secret,
        .url = s->options.gateway_url,
        .webhook_secrets = webhook_secrets(s, name),
        .return_url = s->options.payment_return_url,
        .timeout_ms = s->options.gateway_timeout_ms,
        .log = gateway_log,
        .user = s,
    };
    int32_t outcome = g->calls->open(&g->host, &g->self, fault);
    if (outcome != SHOP_GATEWAY_OK)
        return outcome;
    outcome = g->calls->money(g->self, s->currency->code, &g->money, fault);
    if (outcome == SHOP_GATEWAY_OK && g->money.step >= 1)
        return outcome;
    g->calls->close(g->self);
    return refuse_open(fault, "it cannot charge in the shop's currency");
}

int32_t shop_gateway_open(struct shop *s, shop_gateway_fault *fault)
{
    struct shop_gateway *g = shop_mem_zalloc(1, sizeof *g);
    if (!g)
        return fault->outcome = SHOP_GATEWAY_NO_MEMORY;
    int32_t outcome = open_gateway(s, g, fault);
    if (outcome == SHOP_GATEWAY_OK)
        s->gateway = g;
    else
        shop_mem_free(g);
    return outcome;
}

void shop_gateway_close(struct shop_gateway *gateway)
{
    if (!gateway)
        return;
    gateway->calls->close(gateway->self);
    shop_mem_free(gateway);
}

/* ------------------------------------------------------------------------------------------------ telling */

typedef struct outcome_row {
    int32_t outcome;
    shop_status status;
    const char *code;
    const char *detail; /* NULL: what the gateway says */
} outcome_row;

static const outcome_row outcome_rows[] = {
    {SHOP_GATEWAY_DECLINED, SHOP_DECLINED, "card_declined", NULL},
    {SHOP_GATEWAY_REFUSED, SHOP_CONFLICT, "gateway_refused", NULL},
    {SHOP_GATEWAY_NOT_FOUND, SHOP_GATEWAY, "gateway_contradiction", "The payment gateway does not know what it should know."},
    {SHOP_GATEWAY_BUSY, SHOP_CONFLICT, "gateway_busy",
     "The payment gateway is busy with this, or with too much else. Please try again."},
    {SHOP_GATEWAY_AWAY, SHOP_UNAVAILABLE, "gateway_unavailable",
     "The payment gateway cannot be reached right now. The same request later goes on where this one stopped."},
    {SHOP_GATEWAY_KEY_SPENT, SHOP_UNAVAILABLE, "gateway_unavailable",
     "The payment gateway had a fault. The same request later goes on where this one stopped."},
    {SHOP_GATEWAY_MISCONFIGURED, SHOP_GATEWAY, "gateway_misconfigured",
     "The shop's payment gateway is not set up rightly; its operator can see why in the log."},
};

#define OUTCOMES (sizeof outcome_rows / sizeof outcome_rows[0])

static const outcome_row *row_of(int32_t outcome)
{
    for (size_t i = 0; i < OUTCOMES; i++)
        if (outcome_rows[i].outcome == outcome)
            return &outcome_rows[i];
    return NULL;
}

static void tell_more(shop_ctx *cx, const shop_gateway_fault *fault)
{
    if (fault->outcome == SHOP_GATEWAY_DECLINED)
        cx->decline_code = shop_arena_strdup(cx->arena, fault->decline_code[0] ? fault->decline_code : fault->code);
    if (fault->outcome == SHOP_GATEWAY_BUSY)
        cx->retryable = 1; /* a conflict that passes */
    if (fault->retry_after > 0)
        cx->retry_after = fault->retry_after;
}

/* The error of a call in the context. Returns the outcome. */
static int32_t told(shop_ctx *cx, const char *call, shop_gateway_fault *fault, int32_t outcome)
{
    if (outcome == SHOP_GATEWAY_OK)
        return outcome;
    fault->outcome = outcome;
    if (outcome == SHOP_GATEWAY_NO_MEMORY) {
        shop_fail_no_memory(cx);
        return outcome;
    }
    const outcome_row *row = row_of(outcome);
    int32_t level = outcome == SHOP_GATEWAY_MISCONFIGURED ? SHOP_LOG_ERROR
                    : outcome == SHOP_GATEWAY_DECLINED    ? SHOP_LOG_INFO
                                                          : SHOP_LOG_WARNING;
    shop_log(cx->shop, level, "gateway: %s: outcome %d %s: %s%s%s", call, (int)outcome, fault->code, fault->message,
             fault->detail[0] && fault->message[0] ? "; " : "", fault->detail);
    if (!row)
        (void)shop_fail(cx, SHOP_GATEWAY, "gateway_contradiction",
                        "The payment gateway answered something that makes no sense.");
    else if (strcmp(fault->code, "unknown_payment_method") == 0)
        (void)shop_fail(cx, SHOP_INVALID, "unknown_payment_method", "The payment gateway knows no such payment method.");
    else if (row->detail)
        (void)shop_fail(cx, row->status, row->code, "%s", row->detail);
    else
        (void)shop_fail(cx, row->status, row->code, "%s",
                        fault->message[0] ? fault->message : "The payment gateway refused without saying why.");
    tell_more(cx, fault);
    return outcome;
}

/* ------------------------------------------------------------------------------------------------ calling */

static shop_gateway_call call_with(shop_ctx *cx, const char *key)
{
    cx->deadline = 0; /* what comes after the call has its own time */
    return (shop_gateway_call){
        .struct_size = sizeof(shop_gateway_call),
        .alloc = shop_arena_alloc_for_storage,
        .arena = cx->arena,
        .deadline = shop_monotonic_now() + cx->shop->options.gateway_timeout_ms * 1000,
        .key = key,
    };
}

int32_t shop_gateway_create(shop_ctx *cx, const char *key, const shop_gateway_order *order, shop_gateway_intent *out)
{
    const struct shop_gateway *g = cx->shop->gateway;
    shop_gateway_fault fault = {.outcome = SHOP_GATEWAY_OK};
    shop_gateway_call call = call_with(cx, key);
    return told(cx, "create", &fault, g->calls->create(g->self, &call, order, out, &fault));
}

int32_t shop_gateway_find_made(shop_ctx *cx, const shop_gateway_order *order, shop_gateway_intent *out)
{
    const struct shop_gateway *g = cx->shop->gateway;
    shop_gateway_fault fault = {.outcome = SHOP_GATEWAY_OK};
    shop_gateway_call call = call_with(cx, NULL);
    int32_t outcome = g->calls->find(g->self, &call, order, out, &fault);
    return outcome == SHOP_GATEWAY_NOT_FOUND ? outcome : told(cx, "find", &fault, outcome); /* not there is an answer */
}

int32_t shop_gateway_retrieve(shop_ctx *cx, const char *intent, shop_gateway_intent *out)
{
    const struct shop_gateway *g = cx->shop->gateway;
    shop_gateway_fault fault = {.outcome = SHOP_GATEWAY_OK};
    shop_gateway_call call = call_with(cx, NULL);
    return told(cx, "retrieve", &fault, g->calls->retrieve(g->self, &call, intent, out, &fault));
}

int32_t shop_gateway_confirm(shop_ctx *cx, const char *key, const char *intent, const char *method, shop_gateway_intent *out)
{
    const struct shop_gateway *g = cx->shop->gateway;
    shop_gateway_fault fault = {.outcome = SHOP_GATEWAY_OK};
    shop_gateway_call call = call_with(cx, key);
    return told(cx, "confirm", &fault, g->calls->confirm(g->self, &call, intent, method, out, &fault));
}

int32_t shop_gateway_capture(shop_ctx *cx, const char *key, const char *intent, shop_gateway_intent *out)
{
    const struct shop_gateway *g = cx->shop->gateway;
    shop_gateway_fault fault = {.outcome = SHOP_GATEWAY_OK};
    shop_gateway_call call = call_with(cx, key);
    return told(cx, "capture", &fault, g->calls->capture(g->self, &call, intent, out, &fault));
}

int32_t shop_gateway_cancel(shop_ctx *cx, const char *key, const char *intent, shop_gateway_intent *out)
{
    const struct shop_gateway *g = cx->shop->gateway;
    shop_gateway_fault fault = {.outcome = SHOP_GATEWAY_OK};
    shop_gateway_call call = call_with(cx, key);
    return told(cx, "cancel", &fault, g->calls->cancel(g->self, &call, intent, out, &fault));
}

int32_t shop_gateway_refund_ask(shop_ctx *cx, const char *key, const shop_gateway_return *what, shop_gateway_refund *out)
{
    const struct shop_gateway *g = cx->shop->gateway;
    shop_gateway_fault fault = {.outcome = SHOP_GATEWAY_OK};
    shop_gateway_call call = call_with(cx, key);
    return told(cx, "refund", &fault, g->calls->refund(g->self, &call, what, out, &fault));
}

int32_t shop_gateway_list_refunds(shop_ctx *cx, const char *intent, shop_gateway_refunds *out)
{
    const struct shop_gateway *g = cx->shop->gateway;
    shop_gateway_fault fault = {.outcome = SHOP_GATEWAY_OK};
    shop_gateway_call call = call_with(cx, NULL);
    return told(cx, "refunds", &fault, g->calls->refunds(g->self, &call, intent, out, &fault));
}

int32_t shop_gateway_get_dispute(shop_ctx *cx, const char *dispute, shop_gateway_dispute *out)
{
    const struct shop_gateway *g = cx->shop->gateway;
    shop_gateway_fault fault = {.outcome = SHOP_GATEWAY_OK};
    shop_gateway_call call = call_with(cx, NULL);
    return told(cx, "dispute", &fault, g->calls->dispute(g->self, &call, dispute, out, &fault));
}

/* No detail: it would help a forger. */
int32_t shop_gateway_verify(shop_ctx *cx, const void *body, size_t length, const char *header)
{
    const struct shop_gateway *g = cx->shop->gateway;
    shop_gateway_fault fault = {.outcome = SHOP_GATEWAY_OK};
    int32_t outcome = g->calls->verify(g->self, body, length, header ? header : "", shop_now(cx->shop), &fault);
    if (outcome == SHOP_GATEWAY_OK)
        return outcome;
    if (outcome == SHOP_GATEWAY_NO_MEMORY)
        (void)shop_fail_no_memory(cx);
    else
        (void)shop_fail(cx, SHOP_INVALID, "invalid_signature", "The message is not signed as it must be.");
    return outcome;
}

int32_t shop_gateway_decode(shop_ctx *cx, const char *body, size_t length, shop_gateway_event *out)
{
    const struct shop_gateway *g = cx->shop->gateway;
    shop_gateway_fault fault = {.outcome = SHOP_GATEWAY_OK};
    shop_gateway_call call = call_with(cx, NULL);
    int32_t outcome = g->calls->decode(g->self, &call, body, length, out, &fault);
    if (outcome == SHOP_GATEWAY_OK)
        return outcome;
    if (outcome == SHOP_GATEWAY_NO_MEMORY)
        (void)shop_fail_no_memory(cx);
    else
        (void)shop_fail(cx, SHOP_INVALID, "invalid_event", "This is not an event of the payment gateway.");
    return outcome;
}

int32_t shop_gateway_work(shop_ctx *cx, int64_t limit, int64_t *done)
{
    const struct shop_gateway *g = cx->shop->gateway;
    shop_gateway_fault fault = {.outcome = SHOP_GATEWAY_OK};
    shop_gateway_call call = call_with(cx, NULL);
    *done = 0;
    if (g->calls->struct_size < sizeof *g->calls || !g->calls->work)
        return SHOP_GATEWAY_OK;
    return told(cx, "work", &fault, g->calls->work(g->self, &call, limit, done, &fault));
}

/* ------------------------------------------------------------------------------------------------ amounts */

int shop_gateway_check_amount(shop_ctx *cx, const char *field, int64_t amount)
{
    int64_t step = cx->shop->gateway->money.step;
    char text[SHOP_MONEY_SIZE];
    if (amount % step == 0)
        return 1;
    (void)shop_money_format(step, cx->shop->currency, text);
    shop_field_fail(cx, field, "Must be a multiple of %s %s: the payment gateway cannot charge it otherwise.", text,
                    cx->shop->currency->code);
    return 0;
}

/* The rules of a currency: the shop's are known; an older order may be in another one. */
static int rules_of(shop_ctx *cx, const shop_currency *currency, shop_gateway_money *out)
{
    const struct shop_gateway *g = cx->shop->gateway;
    shop_gateway_fault fault = {.outcome = SHOP_GATEWAY_OK};
    *out = g->money;
    return currency == cx->shop->currency || g->calls->money(g->self, currency->code, out, &fault) == SHOP_GATEWAY_OK;
}

static shop_status fail_amount(shop_ctx *cx, const char *code, const char *rule, int64_t bound, const shop_currency *currency)
{
    char text[SHOP_MONEY_SIZE];
    (void)shop_money_format(bound, currency, text);
    return shop_fail(cx, SHOP_INVALID, code, "%s %s %s.", rule, text, currency->code);
}

shop_status shop_gateway_check_charge(shop_ctx *cx, const shop_currency *currency, int64_t amount)
{
    shop_gateway_money money;
    if (!rules_of(cx, currency, &money))
        return shop_fail(cx, SHOP_INVALID, "currency_not_chargeable", "The payment gateway cannot charge in %s.",
                         currency->code);
    if (amount < money.least)
        return fail_amount(cx, "amount_too_small", "The least that can be paid at once is", money.least, currency);
    if (amount > money.most)
        return fail_amount(cx, "amount_too_large", "The most that can be paid at once is", money.most, currency);
    if (amount % money.step != 0)
        return fail_amount(cx, "amount_not_chargeable", "What is paid must be a multiple of", money.step, currency);
    return SHOP_OK;
}
