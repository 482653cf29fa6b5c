/* SPDX-License-Identifier: MIT */
/* The Stripe gateway: what each call of the interface asks Stripe for. */
#include "stripe.h"

#include <stdio.h>
#include <string.h>

#include "../../core/mem.h"
#include "../webhook.h"
#include "stripe_form.h"
#include "stripe_http.h"
#include "stripe_money.h"
#include "stripe_read.h"

#define INTENTS "/v1/payment_intents"
#define PAGE_ITEMS 100 /* the most that Stripe gives at once */
#define SMALL_PAGE_ITEMS 10 /* where a hundred do not fit into an answer: other programs keep much with theirs */
#define PAGES_MAX 50
#define CLOCKS_DIFFER INT64_C(300) /* seconds between Stripe's clock and ours; with more no webhook passes either */

/*
 * Confirming here, not in the browser, needs a place to come back to as soon as the intent may be paid by redirecting ("automatic payment
 * methods" without allow_redirects=never, which would take those methods from the browser too). Stripe demands it of every method, also of
 * cards. Cards never go there: use_stripe_sdk lets the browser's Stripe.js do what is left (3-D Secure), in the page where the customer is.
 */
#define DEFAULT_RETURN_URL "https://stripe.com/" /* nowhere of ours, but Stripe insists */
#define RETURN_URL_MAX 1024

typedef struct stripe_gateway {
    shop_stripe_client *client;
    const char *webhook_secrets; /* the host's */
    const char *return_url;
} stripe_gateway;

/* ------------------------------------------------------------------------------------------------ failing */

static int32_t fail(shop_gateway_fault *fault, int32_t outcome, const char *code, const char *text)
{
    (void)snprintf(fault->code, sizeof fault->code, "%s", code);
    (void)snprintf(fault->detail, sizeof fault->detail, "stripe: %s", text);
    if (outcome == SHOP_GATEWAY_REFUSED)
        (void)snprintf(fault->message, sizeof fault->message, "%s", text);
    return fault->outcome = outcome;
}

static int32_t fail_unknown(shop_gateway_fault *fault)
{
    return fail(fault, SHOP_GATEWAY_NOT_FOUND, "resource_missing", "this is no id of Stripe's");
}

static void begin(shop_gateway_fault *fault)
{
    *fault = (shop_gateway_fault){.outcome = SHOP_GATEWAY_OK};
}

/* ------------------------------------------------------------------------------------------------ asking */

/* An answer and what it says; to be dropped in any case. */
typedef struct reply {
    shop_stripe_answer answer;
    shop_json_value *document; /* NULL when it is no JSON */
} reply;

static void drop(reply *r)
{
    shop_json_free(r->document);
    shop_stripe_answer_free(&r->answer);
    r->document = NULL;
}

/* Asks, with a form or without, and fills the fault with what the answer's status means. */
static int32_t ask(const stripe_gateway *g, const shop_gateway_call *call, const shop_stripe_form *path,
                   const shop_stripe_form *form, reply *r, shop_gateway_fault *fault)
{
    *r = (reply){.document = NULL};
    if (path->is_too_long || (form && form->is_too_long))
        return fail(fault, SHOP_GATEWAY_REFUSED, "too_long", "The request is longer than any that makes sense.");
    shop_stripe_request request = {
        .path = path->text,
        .form = form ? form->text : NULL,
        .key = call->key,
        .deadline = call->deadline,
    };
    int32_t outcome = shop_stripe_exchange(g->client, &request, &r->answer);
    if (outcome != SHOP_GATEWAY_OK)
        return fail(fault, outcome, "", r->answer.failure);
    outcome = shop_stripe_read_document(r->answer.body, r->answer.length, &r->document, fault);
    int is_success = r->answer.status >= 200 && r->answer.status <= 299;
    if (is_success || outcome == SHOP_GATEWAY_NO_MEMORY)
        return outcome;
    return shop_stripe_read_error(&r->answer, r->document, fault);
}

/* One answer to `ask` that is an intent. A declined one comes with the error. */
static int32_t ask_intent(const stripe_gateway *g, const shop_gateway_call *call, const shop_stripe_form *path,
                          const shop_stripe_form *form, shop_gateway_intent *out, shop_gateway_fault *fault)
{
    reply r;
    const shop_json_value *error;
    const shop_json_value *intent;
    shop_gateway_fault ignored;
    int is_described = 0;
    *out = (shop_gateway_intent){.id = NULL};
    int32_t outcome = ask(g, call, path, form, &r, fault);
    if (outcome == SHOP_GATEWAY_OK)
        outcome = shop_stripe_read_intent(call, r.document, out, fault);
    else if (outcome == SHOP_GATEWAY_DECLINED && shop_json_find(r.document, "error", &error) &&
             shop_json_find(error, "payment_intent", &intent))
        is_described = shop_stripe_read_intent(call, intent, out, &ignored) == SHOP_GATEWAY_OK;
    if (outcome != SHOP_GATEWAY_OK && !is_described)
        *out = (shop_gateway_intent){.id = NULL};
    drop(&r);
    return outcome;
}

/* The bank says no to who pays; where nobody pays, it is Stripe that will not. */
static int32_t without_decline(int32_t outcome, shop_gateway_fault *fault)
{
    return fault->outcome = outcome == SHOP_GATEWAY_DECLINED ? SHOP_GATEWAY_REFUSED : outcome;
}

static void make_path(shop_stripe_form *path, const char *collection, const char *id, const char *action)
{
    path->length = 0;
    path->is_too_long = 0;
    shop_stripe_form_raw(path, collection);
    shop_stripe_form_raw(path, "/");
    shop_stripe_form_raw(path, id);
    shop_stripe_form_raw(path, action);
}

static void make_form(shop_stripe_form *form)
{
    form->length = 0;
    form->is_too_long = 0;
    form->text[0] = '\0';
}

static void make_list_path(shop_stripe_form *path, const char *collection, int limit, const char *after)
{
    make_form(path);
    shop_stripe_form_raw(path, collection);
    shop_stripe_form_int(path, "limit", limit);
    if (after[0])
        shop_stripe_form_text(path, "starting_after", after);
}

/* ------------------------------------------------------------------------------------------------ lists */

/* What to do with an item of a list. 1: go on; 0: enough. */
typedef int (*item_taker)(void *user, const shop_json_value *item, shop_gateway_fault *fault);

typedef struct listing {
    const char *collection;
    const char *filter; /* a parameter … */
    const char *value; /* … and what it must be */
    item_taker take;
    void *user;
} listing;

typedef struct page_state {
    int limit;
    int is_last;
    char after[256];
} page_state;

/* A page; or, where it is too much for an answer, the news that pages must be smaller. */
static int32_t read_page(const stripe_gateway *g, const shop_gateway_call *call, const listing *l, page_state *p,
                         shop_gateway_fault *fault)
{
    reply r;
    shop_stripe_list list;
    shop_stripe_form path;
    make_list_path(&path, l->collection, p->limit, p->after);
    shop_stripe_form_text(&path, l->filter, l->value);
    int32_t outcome = ask(g, call, &path, NULL, &r, fault);
    if (r.answer.is_too_long && p->limit == PAGE_ITEMS) {
        p->limit = SMALL_PAGE_ITEMS;
        drop(&r);
        begin(fault);
        return SHOP_GATEWAY_OK;
    }
    if (outcome == SHOP_GATEWAY_OK)
        outcome = shop_stripe_read_list(r.document, &list, fault);
    if (outcome == SHOP_GATEWAY_OK) {
        p->is_last = !list.has_more;
        (void)snprintf(p->after, sizeof p->after, "%s", list.last ? list.last : "");
        for (size_t i = 0; i < list.count && fault->outcome == SHOP_GATEWAY_OK; i++)
            if (!l->take(l->user, shop_json_at(list.data, i), fault)) {
                p->is_last = 1;
                break;
            }
        outcome = fault->outcome;
    }
    drop(&r);
    return outcome;
}

static int32_t read_pages(const stripe_gateway *g, const shop_gateway_call *call, const listing *l, shop_gateway_fault *fault)
{
    page_state p = {.limit = PAGE_ITEMS};
    for (int page = 0; page < PAGES_MAX && !p.is_last; page++) {
        int32_t outcome = read_page(g, call, l, &p, fault);
        if (outcome != SHOP_GATEWAY_OK)
            return outcome;
    }
    return p.is_last ? SHOP_GATEWAY_OK : fail(fault, SHOP_GATEWAY_AWAY, "", "a list does not end");
}

/* ------------------------------------------------------------------------------------------------ open and close */

static int is_web_address(const char *url)
{
    int is_web = strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0; /* http: a shop on trial */
    return is_web && shop_stripe_is_visible(url, RETURN_URL_MAX);
}

static int32_t stripe_open(const shop_gateway_host *host, void **self, shop_gateway_fault *fault)
{
    begin(fault);
    stripe_gateway *g = shop_mem_zalloc(1, sizeof *g);
    if (!g)
        return fault->outcome = SHOP_GATEWAY_NO_MEMORY;
    g->webhook_secrets = host->webhook_secrets;
    g->return_url = host->return_url ? host->return_url : DEFAULT_RETURN_URL;
    if (!is_web_address(g->return_url)) {
        shop_mem_free(g);
        (void)snprintf(fault->message, sizeof fault->message,
                       "the address that customers return to must begin with https:// (or http://)");
        return fault->outcome = SHOP_GATEWAY_MISCONFIGURED;
    }
    int32_t outcome = shop_stripe_client_open(host, &g->client, fault);
    if (outcome == SHOP_GATEWAY_OK)
        *self = g;
    else
        shop_mem_free(g);
    return outcome;
}

static void stripe_close(void *self)
{
    stripe_gateway *g = self;
    shop_stripe_client_close(g->client);
    shop_mem_free(g);
}

static int32_t stripe_money(void *self, const char *currency, shop_gateway_money *out, shop_gateway_fault *fault)
{
    (void)self;
    begin(fault);
    if (shop_stripe_money(currency, out))
        return fault->outcome;
    return fail(fault, SHOP_GATEWAY_REFUSED, "currency_not_supported", "Stripe does not charge in this currency.");
}

/* ------------------------------------------------------------------------------------------------ intents */

static int32_t stripe_create(void *self, const shop_gateway_call *call, const shop_gateway_order *order,
                             shop_gateway_intent *out, shop_gateway_fault *fault)
{
    shop_stripe_form path = {.length = 0};
    shop_stripe_form form = {.length = 0};
    int64_t units;
    begin(fault);
    *out = (shop_gateway_intent){.id = NULL};
    if (!shop_stripe_units(order->currency, order->amount, &units))
        return fail(fault, SHOP_GATEWAY_REFUSED, "amount_invalid", "Stripe cannot charge this amount in this currency.");
    shop_stripe_form_raw(&path, INTENTS);
    shop_stripe_form_int(&form, "amount", units);
    shop_stripe_form_text(&form, "currency", order->currency);
    shop_stripe_form_text(&form, "automatic_payment_methods[enabled]", "true");
    shop_stripe_form_int(&form, "metadata[order]", order->order);
    shop_stripe_form_int(&form, "metadata[user]", order->user);
    shop_stripe_form_text(&form, "metadata[tag]", order->tag);
    return ask_intent(self, call, &path, &form, out, fault);
}

typedef struct search {
    const shop_gateway_call *call;
    const char *tag;
    shop_gateway_intent *out;
} search;

static int take_if_tagged(void *user, const shop_json_value *item, shop_gateway_fault *fault)
{
    search *s = user;
    if (!shop_stripe_has_tag(item, s->tag))
        return 1;
    (void)shop_stripe_read_intent(s->call, item, s->out, fault);
    return 0;
}

/* By listing, which is up to date at once; Stripe's search is a minute behind, or more. */
static int32_t stripe_find(void *self, const shop_gateway_call *call, const shop_gateway_order *order, shop_gateway_intent *out,
                           shop_gateway_fault *fault)
{
    char since[32];
    int64_t seconds = order->since / 1000000 - CLOCKS_DIFFER;
    search s = {.call = call, .tag = order->tag, .out = out};
    listing l = {.collection = INTENTS, .filter = "created[gte]", .value = since, .take = take_if_tagged, .user = &s};
    begin(fault);
    *out = (shop_gateway_intent){.id = NULL};
    (void)snprintf(since, sizeof since, "%lld", (long long)(seconds > 0 ? seconds : 0));
    int32_t outcome = read_pages(self, call, &l, fault);
    if (outcome == SHOP_GATEWAY_NOT_FOUND)
        return fail(fault, SHOP_GATEWAY_AWAY, "", "it lists no payment intents");
    if (outcome == SHOP_GATEWAY_OK && !out->id)
        return fail(fault, SHOP_GATEWAY_NOT_FOUND, "resource_missing", "nothing was made under this tag");
    return outcome;
}

/* What can be done to an intent by its id. */
static int32_t act(void *self, const shop_gateway_call *call, const char *intent, const char *action,
                   const shop_stripe_form *form, shop_gateway_intent *out, shop_gateway_fault *fault)
{
    shop_stripe_form path;
    begin(fault);
    *out = (shop_gateway_intent){.id = NULL};
    if (!shop_stripe_is_id(intent))
        return fail_unknown(fault);
    make_path(&path, INTENTS, intent, action);
    int32_t outcome = ask_intent(self, call, &path, form, out, fault);
    if (!out->id || strcmp(out->id, intent) == 0)
        return outcome;
    *out = (shop_gateway_intent){.id = NULL};
    return outcome == SHOP_GATEWAY_OK ? fail(fault, SHOP_GATEWAY_AWAY, "", "the answer is another payment intent") : outcome;
}

static int32_t stripe_retrieve(void *self, const shop_gateway_call *call, const char *intent, shop_gateway_intent *out,
                               shop_gateway_fault *fault)
{
    return without_decline(act(self, call, intent, "", NULL, out, fault), fault);
}

static int32_t stripe_confirm(void *self, const shop_gateway_call *call, const char *intent, const char *method,
                              shop_gateway_intent *out, shop_gateway_fault *fault)
{
    shop_stripe_form form = {.length = 0};
    begin(fault);
    *out = (shop_gateway_intent){.id = NULL};
    if (!shop_stripe_is_id(method))
        return fail(fault, SHOP_GATEWAY_REFUSED, "unknown_payment_method", "There is no such payment method.");
    shop_stripe_form_text(&form, "payment_method", method);
    shop_stripe_form_text(&form, "return_url", ((const stripe_gateway *)self)->return_url);
    shop_stripe_form_text(&form, "use_stripe_sdk", "true");
    return act(self, call, intent, "/confirm", &form, out, fault);
}

static int32_t stripe_capture(void *self, const shop_gateway_call *call, const char *intent, shop_gateway_intent *out,
                              shop_gateway_fault *fault)
{
    shop_stripe_form nothing = {.length = 0};
    return act(self, call, intent, "/capture", &nothing, out, fault);
}

static int32_t stripe_cancel(void *self, const shop_gateway_call *call, const char *intent, shop_gateway_intent *out,
                             shop_gateway_fault *fault)
{
    shop_stripe_form nothing = {.length = 0};
    return without_decline(act(self, call, intent, "/cancel", &nothing, out, fault), fault);
}

/* ------------------------------------------------------------------------------------------------ refunds */

static int32_t stripe_refund(void *self, const shop_gateway_call *call, const shop_gateway_return *what,
                             shop_gateway_refund *out, shop_gateway_fault *fault)
{
    shop_stripe_form path = {.length = 0};
    shop_stripe_form form = {.length = 0};
    reply r;
    int64_t units;
    begin(fault);
    *out = (shop_gateway_refund){.id = NULL};
    if (!shop_stripe_is_id(what->intent))
        return fail_unknown(fault);
    if (!shop_stripe_units(what->currency, what->amount, &units))
        return fail(fault, SHOP_GATEWAY_REFUSED, "amount_invalid", "Stripe cannot return this amount in this currency.");
    shop_stripe_form_raw(&path, "/v1/refunds");
    shop_stripe_form_text(&form, "payment_intent", what->intent);
    shop_stripe_form_int(&form, "amount", units);
    if (what->reason)
        shop_stripe_form_text(&form, "reason", what->reason);
    shop_stripe_form_text(&form, "metadata[tag]", what->tag);
    int32_t outcome = ask(self, call, &path, &form, &r, fault);
    if (outcome == SHOP_GATEWAY_OK)
        outcome = shop_stripe_read_refund(call, r.document, out, fault);
    if (outcome == SHOP_GATEWAY_OK && strcmp(out->intent, what->intent) != 0)
        outcome = fail(fault, SHOP_GATEWAY_AWAY, "", "the answer is a refund of another payment intent");
    drop(&r);
    if (outcome != SHOP_GATEWAY_OK)
        *out = (shop_gateway_refund){.id = NULL};
    return without_decline(outcome, fault);
}

typedef struct collection {
    const shop_gateway_call *call;
    const char *intent;
    shop_gateway_refund *items; /* ours until they are copied into the call's memory */
    size_t count;
    size_t room;
} collection;

static int make_room(collection *c)
{
    if (c->count < c->room)
        return 1;
    size_t room = c->room ? 2 * c->room : 16;
    shop_gateway_refund *items = shop_mem_realloc(c->items, room * sizeof *items);
    if (!items)
        return 0;
    c->items = items;
    c->room = room;
    return 1;
}

static int take_refund(void *user, const shop_json_value *item, shop_gateway_fault *fault)
{
    collection *c = user;
    if (!make_room(c)) {
        fault->outcome = SHOP_GATEWAY_NO_MEMORY;
        return 0;
    }
    shop_gateway_refund *refund = &c->items[c->count];
    if (shop_stripe_read_refund(c->call, item, refund, fault) != SHOP_GATEWAY_OK)
        return 0;
    if (strcmp(refund->intent, c->intent) != 0) {
        (void)fail(fault, SHOP_GATEWAY_AWAY, "", "a list holds refunds of another payment intent");
        return 0;
    }
    c->count++;
    return 1;
}

static int32_t keep_refunds(const collection *c, shop_gateway_refunds *out, shop_gateway_fault *fault)
{
    if (c->count == 0)
        return SHOP_GATEWAY_OK;
    shop_gateway_refund *items = c->call->alloc(c->call->arena, c->count * sizeof *items);
    if (!items)
        return fault->outcome = SHOP_GATEWAY_NO_MEMORY;
    memcpy(items, c->items, c->count * sizeof *items);
    *out = (shop_gateway_refunds){.items = items, .count = c->count};
    return SHOP_GATEWAY_OK;
}

static int32_t stripe_refunds(void *self, const shop_gateway_call *call, const char *intent, shop_gateway_refunds *out,
                              shop_gateway_fault *fault)
{
    collection c = {.call = call, .intent = intent};
    listing l = {.collection = "/v1/refunds", .filter = "payment_intent", .value = intent, .take = take_refund, .user = &c};
    begin(fault);
    *out = (shop_gateway_refunds){.count = 0};
    if (!shop_stripe_is_id(intent))
        return fail_unknown(fault);
    int32_t outcome = read_pages(self, call, &l, fault);
    if (outcome == SHOP_GATEWAY_OK)
        outcome = keep_refunds(&c, out, fault);
    shop_mem_free(c.items);
    return without_decline(outcome, fault);
}

/* ------------------------------------------------------------------------------------------------ disputes and events */

static int32_t stripe_dispute(void *self, const shop_gateway_call *call, const char *dispute, shop_gateway_dispute *out,
                              shop_gateway_fault *fault)
{
    shop_stripe_form path;
    reply r;
    begin(fault);
    *out = (shop_gateway_dispute){.id = NULL};
    if (!shop_stripe_is_id(dispute))
        return fail_unknown(fault);
    make_path(&path, "/v1/disputes", dispute, "");
    int32_t outcome = ask(self, call, &path, NULL, &r, fault);
    if (outcome == SHOP_GATEWAY_OK)
        outcome = shop_stripe_read_dispute(call, r.document, out, fault);
    drop(&r);
    if (outcome != SHOP_GATEWAY_OK)
        *out = (shop_gateway_dispute){.id = NULL};
    return without_decline(outcome, fault);
}

static int32_t stripe_verify(void *self, const void *body, size_t length, const char *header, int64_t now,
                             shop_gateway_fault *fault)
{
    const stripe_gateway *g = self;
    begin(fault);
    if (shop_webhook_verify(g->webhook_secrets ? g->webhook_secrets : "", header, body, length, now))
        return fault->outcome;
    return fail(fault, SHOP_GATEWAY_REFUSED, "invalid_signature", "The message is not signed as it must be.");
}

static int32_t stripe_decode(void *self, const shop_gateway_call *call, const char *body, size_t length,
                             shop_gateway_event *out, shop_gateway_fault *fault)
{
    (void)self;
    begin(fault);
    return shop_webhook_decode(call, body, length, out, fault);
}

/* ------------------------------------------------------------------------------------------------ the table */

const shop_gateway_vtable *shop_gateway_stripe(void)
{
    static const shop_gateway_vtable table = {
        .struct_size = sizeof table,
        .version = SHOP_GATEWAY_VERSION,
        .name = "stripe",
        .open = stripe_open,
        .close = stripe_close,
        .money = stripe_money,
        .create = stripe_create,
        .find = stripe_find,
        .retrieve = stripe_retrieve,
        .confirm = stripe_confirm,
        .capture = stripe_capture,
        .cancel = stripe_cancel,
        .refund = stripe_refund,
        .refunds = stripe_refunds,
        .dispute = stripe_dispute,
        .verify = stripe_verify,
        .decode = stripe_decode,
    };
    return &table;
}
