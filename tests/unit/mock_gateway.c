/* SPDX-License-Identifier: MIT */
/* A payment gateway for tests: scripted, in memory, and made of nothing but the public header. */
#include "mock_gateway.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OBJECTS_MAX 512
#define KEYS_MAX 4096
#define SCRIPT_MAX 64
#define CURRENCIES_MAX 4
#define ID_SIZE 32
#define WORD_SIZE 32
#define TAG_MAX 64
#define KEY_MAX 255
#define TEXT_SIZE 128
#define PARAMS_SIZE 1024
#define TOLERANCE INT64_C(300000000)

typedef struct mock_intent {
    char id[ID_SIZE];
    char secret[ID_SIZE + 8];
    char status[WORD_SIZE];
    char currency[4];
    char tag[TAG_MAX + 1];
    char message[TEXT_SIZE];
    int64_t amount;
    int64_t order;
} mock_intent;

typedef struct mock_refund {
    char id[ID_SIZE];
    char intent[ID_SIZE];
    char status[WORD_SIZE];
    char tag[TAG_MAX + 1]; /* "": a person's */
    int64_t amount;
} mock_refund;

typedef struct mock_dispute {
    char id[ID_SIZE];
    char intent[ID_SIZE];
    char status[WORD_SIZE];
} mock_dispute;

/* What came of a call: kept under its key as it was. */
typedef struct result {
    int32_t outcome;
    shop_gateway_fault fault;
    mock_intent intent;
    mock_refund refund;
} result;

typedef struct mock_key {
    char key[KEY_MAX + 1];
    char params[PARAMS_SIZE];
    result first;
} mock_key;

typedef struct hook {
    void (*happens)(void *arg);
    void *arg;
} hook;

typedef struct script {
    mock_turn turns[SCRIPT_MAX];
    size_t count;
    size_t next;
    mock_turn always;
    hook meanwhile;
    hook afterwards;
    int calls;
    char last_key[KEY_MAX + 1];
} script;

typedef struct currency_rule {
    char currency[4];
    int is_refused;
    shop_gateway_money money;
} currency_rule;

typedef struct world {
    mock_intent intents[OBJECTS_MAX];
    size_t intent_count;
    mock_refund refunds[OBJECTS_MAX];
    size_t refund_count;
    mock_dispute disputes[OBJECTS_MAX];
    size_t dispute_count;
    mock_key keys[KEYS_MAX];
    size_t key_count;
    script scripts[MOCK_CALLS];
    currency_rule rules[CURRENCIES_MAX];
    size_t rule_count;
    int total;
    int calls_to_live; /* -1: for ever */
    int is_dead;
    mock_turn death;
    char new_refund[WORD_SIZE];
    char open_failure[TEXT_SIZE];
    char problem[PARAMS_SIZE];
} world;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static world w;

static void enter(void)
{
    (void)pthread_mutex_lock(&lock);
}

static void leave(void)
{
    (void)pthread_mutex_unlock(&lock);
}

/* A test that asks for nonsense ends. */
static void die(const char *what, const char *which)
{
    fprintf(stderr, "mock gateway: %s: %s\n", what, which);
    abort();
}

static void set_text(char *to, size_t size, const char *text)
{
    if ((size_t)snprintf(to, size, "%s", text) >= size)
        die("too long", text);
}

static int is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* ------------------------------------------------------------------------------------------------ the world */

void mock_reset(void)
{
    enter();
    memset(&w, 0, sizeof w);
    w.calls_to_live = -1;
    set_text(w.new_refund, sizeof w.new_refund, "succeeded");
    leave();
}

static mock_intent *intent_by_id(const char *id)
{
    for (size_t i = 0; i < w.intent_count; i++)
        if (is(w.intents[i].id, id))
            return &w.intents[i];
    return NULL;
}

static mock_intent *need_intent(const char *id)
{
    mock_intent *intent = id ? intent_by_id(id) : NULL;
    if (!intent)
        die("no such intent", id ? id : "NULL");
    return intent;
}

static int is_counted(const mock_refund *refund)
{
    return !is(refund->status, "failed") && !is(refund->status, "canceled");
}

static int64_t given_back(const char *intent)
{
    int64_t sum = 0;
    for (size_t i = 0; i < w.refund_count; i++)
        if (is(w.refunds[i].intent, intent) && is_counted(&w.refunds[i]))
            sum += w.refunds[i].amount;
    return sum;
}

static int is_held_by_bank(const char *intent)
{
    for (size_t i = 0; i < w.dispute_count; i++)
        if (is(w.disputes[i].intent, intent) && (is(w.disputes[i].status, "needs_response") ||
                                                 is(w.disputes[i].status, "under_review") || is(w.disputes[i].status, "lost")))
            return 1;
    return 0;
}

static mock_refund *add_refund(const char *intent, int64_t amount, const char *tag, const char *status)
{
    if (w.refund_count == OBJECTS_MAX)
        die("too many refunds", intent);
    mock_refund *refund = &w.refunds[w.refund_count++];
    (void)snprintf(refund->id, sizeof refund->id, "re_mock_%zu", w.refund_count);
    set_text(refund->intent, sizeof refund->intent, intent);
    set_text(refund->status, sizeof refund->status, status);
    set_text(refund->tag, sizeof refund->tag, tag);
    refund->amount = amount;
    return refund;
}

/* ------------------------------------------------------------------------------------------------ what libshop must not do */

static void complain_of(const char *what, const char *which)
{
    if (!w.problem[0])
        (void)snprintf(w.problem, sizeof w.problem, "%s: %.500s", what, which);
}

static int is_visible(const char *text, size_t most)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++)
        if (text[i] < 0x21 || text[i] > 0x7e)
            return 0;
    return length >= 1 && length <= most;
}

static int is_change(mock_call call)
{
    return call == MOCK_CREATE || call == MOCK_CONFIRM || call == MOCK_CAPTURE || call == MOCK_CANCEL || call == MOCK_REFUND;
}

static void check_call(mock_call which, const shop_gateway_call *call)
{
    if (!call->alloc || call->struct_size < sizeof *call)
        complain_of("a call without memory", "");
    if (is_change(which) && !call->key)
        complain_of("a change without a key", "");
    if (!is_change(which) && call->key)
        complain_of("a read with a key", call->key);
    if (call->key && !is_visible(call->key, KEY_MAX))
        complain_of("a key that is none", call->key);
}

/* ------------------------------------------------------------------------------------------------ requests */

/* One call: what is asked. */
typedef struct request {
    mock_call which;
    const shop_gateway_call *call;
    const shop_gateway_order *order;
    const shop_gateway_return *what;
    const char *intent;
    const char *method;
    char params[PARAMS_SIZE];
} request;

static void write_params(request *r)
{
    if (r->order)
        (void)snprintf(r->params, sizeof r->params, "%d %lld %s %lld %lld %s", r->which, (long long)r->order->amount,
                       r->order->currency, (long long)r->order->order, (long long)r->order->user, r->order->tag);
    else if (r->what)
        (void)snprintf(r->params, sizeof r->params, "%d %s %lld %s %s %s", r->which, r->what->intent,
                       (long long)r->what->amount, r->what->currency, r->what->reason ? r->what->reason : "-", r->what->tag);
    else
        (void)snprintf(r->params, sizeof r->params, "%d %s %.900s", r->which, r->intent, r->method ? r->method : "-");
}

static mock_turn next_turn(script *sc)
{
    if (w.is_dead)
        return MOCK_AWAY;
    if (w.calls_to_live == 0) {
        w.is_dead = 1;
        return w.death;
    }
    if (w.calls_to_live > 0)
        w.calls_to_live--;
    return sc->next < sc->count ? sc->turns[sc->next++] : sc->always;
}

static hook take_hook(hook *from)
{
    hook taken = *from;
    *from = (hook){NULL, NULL};
    return taken;
}

static void run_hook(mock_call which, int is_after)
{
    enter();
    hook h = take_hook(is_after ? &w.scripts[which].afterwards : &w.scripts[which].meanwhile);
    leave();
    if (h.happens)
        h.happens(h.arg);
}

static mock_turn arrive(mock_call which, const shop_gateway_call *call)
{
    enter();
    script *sc = &w.scripts[which];
    sc->calls++;
    w.total++;
    check_call(which, call);
    if (call->key)
        (void)snprintf(sc->last_key, sizeof sc->last_key, "%s", call->key);
    mock_turn turn = next_turn(sc);
    leave();
    run_hook(which, 0);
    return turn;
}

/* ------------------------------------------------------------------------------------------------ outcomes */

static int32_t fail(result *r, int32_t outcome, const char *code, const char *decline_code, const char *message)
{
    r->outcome = outcome;
    r->fault = (shop_gateway_fault){.outcome = outcome};
    set_text(r->fault.code, sizeof r->fault.code, code);
    set_text(r->fault.decline_code, sizeof r->fault.decline_code, decline_code);
    set_text(r->fault.message, sizeof r->fault.message, message);
    set_text(r->fault.detail, sizeof r->fault.detail, outcome == SHOP_GATEWAY_OK ? "" : "mock " MOCK_SECRET);
    return outcome;
}

/* Turns in which nothing happens and nothing is kept. */
static int is_kept_out(mock_turn turn, result *r)
{
    switch (turn) {
    case MOCK_BUSY:
        (void)fail(r, SHOP_GATEWAY_BUSY, "rate_limit", "", "");
        r->fault.retry_after = 7;
        return 1;
    case MOCK_AWAY:
        (void)fail(r, SHOP_GATEWAY_AWAY, "connection", "", "");
        return 1;
    case MOCK_MISCONFIGURED:
        (void)fail(r, SHOP_GATEWAY_MISCONFIGURED, "invalid_api_key", "", "The key " MOCK_SECRET " is not good.");
        return 1;
    case MOCK_KNOWS_NOTHING:
        (void)fail(r, SHOP_GATEWAY_NOT_FOUND, "resource_missing", "", "");
        return 1;
    default:
        return 0;
    }
}

/* Turns in which nothing happens, and that is kept. */
static int is_turned_down(mock_turn turn, result *r)
{
    switch (turn) {
    case MOCK_REFUSES:
        (void)fail(r, SHOP_GATEWAY_REFUSED, "unexpected_state", "", "Not today.");
        return 1;
    case MOCK_DECLINES:
        (void)fail(r, SHOP_GATEWAY_DECLINED, "card_declined", "do_not_honor", "Your bank said no.");
        return 1;
    case MOCK_SPENDS:
        (void)fail(r, SHOP_GATEWAY_KEY_SPENT, "api_error", "", "");
        return 1;
    default:
        return 0;
    }
}

/* Turns that make something else of what happened, the first being what stays under the key. */
static void spoil(mock_turn turn, result *kept, result *told)
{
    if (turn == MOCK_WORKS_AND_SPENDS)
        (void)fail(kept, SHOP_GATEWAY_KEY_SPENT, "api_error", "", "");
    if (turn == MOCK_WORKS_AND_REFUSES)
        (void)fail(kept, SHOP_GATEWAY_REFUSED, "unexpected_state", "", "Not today.");
    *told = *kept;
    if (turn == MOCK_LOSES)
        (void)fail(told, SHOP_GATEWAY_AWAY, "timeout", "", "");
    told->intent.amount += turn == MOCK_OTHER_AMOUNT;
    told->refund.amount += turn == MOCK_OTHER_AMOUNT;
    if (turn == MOCK_OTHER_CURRENCY)
        set_text(told->intent.currency, sizeof told->intent.currency, "xts");
}

/* ------------------------------------------------------------------------------------------------ the work */

static int32_t do_create(const request *q, result *r)
{
    if (w.intent_count == OBJECTS_MAX)
        die("too many intents", q->order->tag);
    if (!is_visible(q->order->tag, TAG_MAX))
        complain_of("a tag that is none", q->order->tag);
    mock_intent *made = &w.intents[w.intent_count++];
    (void)snprintf(made->id, sizeof made->id, "pi_mock_%zu", w.intent_count);
    (void)snprintf(made->secret, sizeof made->secret, "pi_mock_%zu_secret", w.intent_count);
    set_text(made->status, sizeof made->status, "requires_payment_method");
    set_text(made->currency, sizeof made->currency, q->order->currency);
    (void)snprintf(made->tag, sizeof made->tag, "%s", q->order->tag);
    made->amount = q->order->amount;
    made->order = q->order->order;
    r->intent = *made;
    return SHOP_GATEWAY_OK;
}

typedef struct method {
    const char *name;
    const char *status;
    const char *decline_code; /* NULL: not declined */
    const char *message;
} method;

static const method methods[] = {
    {MOCK_PAYS, "succeeded", NULL, ""},
    {MOCK_SLOW, "processing", NULL, ""},
    {MOCK_ASKS, "requires_action", NULL, ""},
    {MOCK_HOLDS, "requires_capture", NULL, ""},
    {MOCK_DECLINED, "requires_payment_method", "generic_decline", "Your card was declined."},
    {MOCK_POOR, "requires_payment_method", "insufficient_funds", "Your card has insufficient funds."},
    {MOCK_LONG, "succeeded", NULL, ""},
};

static const method *find_method(const char *name)
{
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (is(methods[i].name, name) || (is(methods[i].name, MOCK_LONG) && strncmp(name, MOCK_LONG, strlen(MOCK_LONG)) == 0))
            return &methods[i];
    return NULL;
}

/* Money can still be asked for. */
static int is_open(const mock_intent *intent)
{
    return is(intent->status, "requires_payment_method") || is(intent->status, "requires_confirmation") ||
           is(intent->status, "requires_action");
}

static int32_t do_confirm(mock_intent *intent, const request *q, result *r)
{
    const method *m = find_method(q->method);
    if (!m)
        return fail(r, SHOP_GATEWAY_REFUSED, "unknown_payment_method", "", "No such payment method.");
    if (!is_open(intent))
        return fail(r, SHOP_GATEWAY_REFUSED, "unexpected_state", "", "This payment cannot be confirmed any more.");
    set_text(intent->status, sizeof intent->status, m->status);
    set_text(intent->message, sizeof intent->message, m->message);
    r->intent = *intent;
    return m->decline_code ? fail(r, SHOP_GATEWAY_DECLINED, "card_declined", m->decline_code, m->message) : SHOP_GATEWAY_OK;
}

static int32_t do_capture(mock_intent *intent, const request *q, result *r)
{
    (void)q;
    if (!is(intent->status, "requires_capture"))
        return fail(r, SHOP_GATEWAY_REFUSED, "unexpected_state", "", "There is nothing to capture.");
    set_text(intent->status, sizeof intent->status, "succeeded");
    r->intent = *intent;
    return SHOP_GATEWAY_OK;
}

static int32_t do_cancel(mock_intent *intent, const request *q, result *r)
{
    (void)q;
    if (!is_open(intent) && !is(intent->status, "requires_capture"))
        return fail(r, SHOP_GATEWAY_REFUSED, "unexpected_state", "", "This payment cannot be cancelled any more.");
    set_text(intent->status, sizeof intent->status, "canceled");
    intent->message[0] = '\0';
    r->intent = *intent;
    return SHOP_GATEWAY_OK;
}

static int32_t do_refund(mock_intent *intent, const request *q, result *r)
{
    if (!q->what->tag || !is_visible(q->what->tag, TAG_MAX))
        complain_of("a refund's tag that is none", q->what->tag ? q->what->tag : "NULL");
    if (!is(intent->status, "succeeded") || q->what->amount < 1 || q->what->amount > intent->amount - given_back(intent->id))
        return fail(r, SHOP_GATEWAY_REFUSED, "charge_already_refunded", "", "There is not that much left.");
    if (is_held_by_bank(intent->id))
        return fail(r, SHOP_GATEWAY_REFUSED, "charge_disputed", "", "This charge has been charged back.");
    r->refund = *add_refund(intent->id, q->what->amount, q->what->tag ? q->what->tag : "", w.new_refund);
    return SHOP_GATEWAY_OK;
}

static int32_t work(const request *q, result *r)
{
    static int32_t (*const works[MOCK_CALLS])(mock_intent *, const request *, result *) = {
        [MOCK_CONFIRM] = do_confirm,
        [MOCK_CAPTURE] = do_capture,
        [MOCK_CANCEL] = do_cancel,
        [MOCK_REFUND] = do_refund,
    };
    if (q->which == MOCK_CREATE)
        return r->outcome = do_create(q, r);
    mock_intent *intent = intent_by_id(q->which == MOCK_REFUND ? q->what->intent : q->intent);
    if (!intent)
        return fail(r, SHOP_GATEWAY_NOT_FOUND, "resource_missing", "", "");
    return r->outcome = works[q->which](intent, q, r);
}

/* ------------------------------------------------------------------------------------------------ keys */

static mock_key *find_key(const char *key)
{
    for (size_t i = 0; i < w.key_count; i++)
        if (is(w.keys[i].key, key))
            return &w.keys[i];
    return NULL;
}

static void keep(const request *q, const result *first)
{
    if (w.key_count == KEYS_MAX)
        die("too many keys", q->call->key);
    mock_key *key = &w.keys[w.key_count++];
    (void)snprintf(key->key, sizeof key->key, "%s", q->call->key);
    memcpy(key->params, q->params, sizeof key->params);
    key->first = *first;
}

/* The first answer under this key, or the work and its answer. */
static void answer(const request *q, mock_turn turn, result *told)
{
    result kept = {.outcome = SHOP_GATEWAY_OK};
    const mock_key *known = find_key(q->call->key);
    if (known && !is(known->params, q->params)) {
        complain_of("a key that is used for two things", q->params);
        (void)fail(told, SHOP_GATEWAY_MISCONFIGURED, "idempotency_error", "", "");
        return;
    }
    if (known) {
        *told = known->first;
        if (turn == MOCK_LOSES)
            (void)fail(told, SHOP_GATEWAY_AWAY, "timeout", "", "");
        return;
    }
    if (!is_turned_down(turn, &kept))
        (void)work(q, &kept);
    spoil(turn, &kept, told);
    if (kept.outcome != SHOP_GATEWAY_NOT_FOUND)
        keep(q, &kept);
}

/* A call that changes something. */
static int32_t change(request *q, result *told, shop_gateway_fault *fault)
{
    *told = (result){.outcome = SHOP_GATEWAY_OK};
    write_params(q);
    mock_turn turn = arrive(q->which, q->call);
    if (!is_kept_out(turn, told) && q->call->key) {
        enter();
        answer(q, turn, told);
        leave();
    }
    run_hook(q->which, 1);
    *fault = told->fault;
    return told->outcome;
}

/* ------------------------------------------------------------------------------------------------ giving out */

static const char *give_text(const shop_gateway_call *call, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = call->alloc(call->arena, size);
    return copy ? memcpy(copy, text, size) : NULL;
}

static int32_t no_memory(shop_gateway_fault *fault)
{
    return fault->outcome = SHOP_GATEWAY_NO_MEMORY;
}

static int32_t give_intent(const shop_gateway_call *call, const mock_intent *from, shop_gateway_intent *out, int32_t outcome,
                           shop_gateway_fault *fault)
{
    *out = (shop_gateway_intent){.id = give_text(call, from->id),
                                 .client_secret = give_text(call, from->secret),
                                 .status = give_text(call, from->status),
                                 .amount = from->amount,
                                 .currency = give_text(call, from->currency),
                                 .failure_message = give_text(call, from->message)};
    int is_whole = out->id && out->client_secret && out->status && out->currency && out->failure_message;
    return is_whole ? outcome : no_memory(fault);
}

static int give_refund(const shop_gateway_call *call, const mock_refund *from, shop_gateway_refund *out)
{
    *out = (shop_gateway_refund){.id = give_text(call, from->id),
                                 .intent = give_text(call, from->intent),
                                 .status = give_text(call, from->status),
                                 .tag = from->tag[0] ? give_text(call, from->tag) : NULL,
                                 .amount = from->amount};
    return out->id && out->intent && out->status && (out->tag || !from->tag[0]);
}

/* ------------------------------------------------------------------------------------------------ the slots */

static int32_t change_intent(request *q, shop_gateway_intent *out, shop_gateway_fault *fault)
{
    result told;
    int32_t outcome = change(q, &told, fault);
    *out = (shop_gateway_intent){.id = NULL};
    int is_told = outcome == SHOP_GATEWAY_OK || (outcome == SHOP_GATEWAY_DECLINED && told.intent.id[0]);
    return is_told ? give_intent(q->call, &told.intent, out, outcome, fault) : outcome;
}

static int32_t mock_create(void *self, const shop_gateway_call *call, const shop_gateway_order *order, shop_gateway_intent *out,
                           shop_gateway_fault *fault)
{
    (void)self;
    request q = {.which = MOCK_CREATE, .call = call, .order = order};
    return change_intent(&q, out, fault);
}

static int32_t mock_confirm(void *self, const shop_gateway_call *call, const char *intent, const char *name,
                            shop_gateway_intent *out, shop_gateway_fault *fault)
{
    (void)self;
    request q = {.which = MOCK_CONFIRM, .call = call, .intent = intent, .method = name};
    return change_intent(&q, out, fault);
}

static int32_t mock_capture(void *self, const shop_gateway_call *call, const char *intent, shop_gateway_intent *out,
                            shop_gateway_fault *fault)
{
    (void)self;
    request q = {.which = MOCK_CAPTURE, .call = call, .intent = intent};
    return change_intent(&q, out, fault);
}

static int32_t mock_cancel(void *self, const shop_gateway_call *call, const char *intent, shop_gateway_intent *out,
                           shop_gateway_fault *fault)
{
    (void)self;
    request q = {.which = MOCK_CANCEL, .call = call, .intent = intent};
    return change_intent(&q, out, fault);
}

static int32_t mock_give_back(void *self, const shop_gateway_call *call, const shop_gateway_return *what,
                              shop_gateway_refund *out, shop_gateway_fault *fault)
{
    (void)self;
    result told;
    request q = {.which = MOCK_REFUND, .call = call, .what = what};
    int32_t outcome = change(&q, &told, fault);
    if (outcome != SHOP_GATEWAY_OK)
        return outcome;
    return give_refund(call, &told.refund, out) ? outcome : no_memory(fault);
}

/* A call that only reads: turns in which a change happens and is lost, or spends its key, are absences here. */
static int32_t read_turn(mock_call which, const shop_gateway_call *call, mock_turn *turn, shop_gateway_fault *fault)
{
    result told = {.outcome = SHOP_GATEWAY_OK};
    *turn = arrive(which, call);
    if (!is_kept_out(*turn, &told) && !is_turned_down(*turn, &told) && (*turn == MOCK_LOSES || *turn == MOCK_WORKS_AND_SPENDS))
        (void)fail(&told, SHOP_GATEWAY_AWAY, "timeout", "", "");
    *fault = told.fault;
    return told.outcome;
}

static int32_t give_found(mock_call which, const shop_gateway_call *call, const mock_intent *found, mock_turn turn,
                          shop_gateway_intent *out, shop_gateway_fault *fault)
{
    mock_intent shown = {.id = ""};
    if (found)
        shown = *found;
    leave();
    run_hook(which, 1);
    if (!found)
        return fault->outcome = SHOP_GATEWAY_NOT_FOUND;
    result kept = {.intent = shown};
    result told;
    spoil(turn, &kept, &told);
    return give_intent(call, &told.intent, out, SHOP_GATEWAY_OK, fault);
}

static int32_t mock_find(void *self, const shop_gateway_call *call, const shop_gateway_order *order, shop_gateway_intent *out,
                         shop_gateway_fault *fault)
{
    (void)self;
    mock_turn turn;
    int32_t outcome = read_turn(MOCK_FIND, call, &turn, fault);
    if (outcome != SHOP_GATEWAY_OK)
        return outcome;
    const mock_intent *found = NULL;
    enter();
    for (size_t i = 0; i < w.intent_count && !found; i++)
        if (is(w.intents[i].tag, order->tag))
            found = &w.intents[i];
    return give_found(MOCK_FIND, call, found, turn, out, fault);
}

static int32_t mock_retrieve(void *self, const shop_gateway_call *call, const char *intent, shop_gateway_intent *out,
                             shop_gateway_fault *fault)
{
    (void)self;
    mock_turn turn;
    int32_t outcome = read_turn(MOCK_RETRIEVE, call, &turn, fault);
    if (outcome != SHOP_GATEWAY_OK)
        return outcome;
    enter();
    return give_found(MOCK_RETRIEVE, call, intent_by_id(intent), turn, out, fault);
}

static int32_t mock_list(void *self, const shop_gateway_call *call, const char *intent, shop_gateway_refunds *out,
                         shop_gateway_fault *fault)
{
    (void)self;
    mock_turn turn;
    int32_t outcome = read_turn(MOCK_REFUNDS, call, &turn, fault);
    if (outcome != SHOP_GATEWAY_OK)
        return outcome;
    shop_gateway_refund *items = call->alloc(call->arena, (OBJECTS_MAX + 1) * sizeof *items);
    size_t count = 0;
    int is_whole = items != NULL;
    enter();
    for (size_t i = w.refund_count; i > 0 && is_whole; i--) /* newest first, as gateways list */
        if (is(w.refunds[i - 1].intent, intent))
            is_whole = give_refund(call, &w.refunds[i - 1], &items[count++]);
    leave();
    run_hook(MOCK_REFUNDS, 1);
    *out = (shop_gateway_refunds){.items = items, .count = count};
    return is_whole ? SHOP_GATEWAY_OK : no_memory(fault);
}

static int32_t mock_get_dispute(void *self, const shop_gateway_call *call, const char *dispute, shop_gateway_dispute *out,
                                shop_gateway_fault *fault)
{
    (void)self;
    mock_turn turn;
    int32_t outcome = read_turn(MOCK_DISPUTE, call, &turn, fault);
    if (outcome != SHOP_GATEWAY_OK)
        return outcome;
    outcome = SHOP_GATEWAY_NOT_FOUND;
    enter();
    for (size_t i = 0; i < w.dispute_count && outcome == SHOP_GATEWAY_NOT_FOUND; i++) {
        if (!is(w.disputes[i].id, dispute))
            continue;
        *out = (shop_gateway_dispute){.id = give_text(call, dispute),
                                      .intent = give_text(call, w.disputes[i].intent),
                                      .status = give_text(call, w.disputes[i].status)};
        outcome = out->id && out->intent && out->status ? SHOP_GATEWAY_OK : SHOP_GATEWAY_NO_MEMORY;
    }
    leave();
    return fault->outcome = outcome;
}

/* ------------------------------------------------------------------------------------------------ messages */

/* No real signature: enough to tell a right secret, body and time from wrong ones. */
static uint64_t seal(const char *secret, int64_t now, const char *body, size_t length)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ (uint64_t)now;
    for (size_t i = 0; secret[i]; i++)
        hash = (hash ^ (unsigned char)secret[i]) * UINT64_C(0x100000001b3);
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)body[i]) * UINT64_C(0x100000001b3);
    return hash;
}

void mock_sign(const char *secret, const char *body, int64_t now, char header[static MOCK_HEADER_SIZE])
{
    (void)snprintf(header, MOCK_HEADER_SIZE, "%lld.%016llx", (long long)now,
                   (unsigned long long)seal(secret, now, body, strlen(body)));
}

static int32_t mock_verify(void *self, const void *body, size_t length, const char *header, int64_t now,
                           shop_gateway_fault *fault)
{
    const shop_gateway_host *host = self;
    long long at = 0;
    unsigned long long told = 0;
    fault->outcome = SHOP_GATEWAY_REFUSED;
    if (sscanf(header, "%lld.%16llx", &at, &told) != 2 || at > now || at < now - TOLERANCE)
        return fault->outcome;
    uint64_t difference =
        seal(host->webhook_secrets, at, body, length) ^ told; /* one comparison: no time tells how much is right */
    return fault->outcome = difference == 0 ? SHOP_GATEWAY_OK : SHOP_GATEWAY_REFUSED;
}

void mock_event(const char *id, const char *type, int32_t about, const char *intent, const char *object,
                char body[static MOCK_EVENT_SIZE])
{
    (void)snprintf(body, MOCK_EVENT_SIZE, "mock %s %s %d %s %s", id, type, (int)about, intent ? intent : "-",
                   object ? object : "-");
}

static int32_t mock_decode(void *self, const shop_gateway_call *call, const char *body, size_t length, shop_gateway_event *out,
                           shop_gateway_fault *fault)
{
    (void)self;
    char text[MOCK_EVENT_SIZE] = "";
    char id[64];
    char type[64];
    char intent[64];
    char object[64];
    int about;
    if (length < sizeof text)
        memcpy(text, body, length);
    if (sscanf(text, "mock %63s %63s %d %63s %63s", id, type, &about, intent, object) != 5)
        return fault->outcome = SHOP_GATEWAY_REFUSED;
    *out = (shop_gateway_event){.id = give_text(call, id),
                                .type = give_text(call, type),
                                .about = about,
                                .intent = is(intent, "-") ? NULL : give_text(call, intent),
                                .object = is(object, "-") ? NULL : give_text(call, object)};
    int is_whole = out->id && out->type && (out->intent || is(intent, "-")) && (out->object || is(object, "-"));
    return is_whole ? SHOP_GATEWAY_OK : no_memory(fault);
}

/* ------------------------------------------------------------------------------------------------ the table */

/* What a gateway keeps of its host, it may: it lives as long as the instance. */
static int32_t mock_open(const shop_gateway_host *host, void **self, shop_gateway_fault *fault)
{
    enter();
    int is_failing = w.open_failure[0] != '\0';
    if (is_failing)
        memcpy(fault->message, w.open_failure, sizeof w.open_failure);
    leave();
    if (is_failing)
        return fault->outcome = SHOP_GATEWAY_MISCONFIGURED;
    shop_gateway_host *mine = malloc(sizeof *mine);
    if (!mine)
        return no_memory(fault);
    *mine = *host;
    *self = mine;
    return fault->outcome = SHOP_GATEWAY_OK;
}

static void mock_close(void *self)
{
    free(self);
}

static int32_t mock_money(void *self, const char *currency, shop_gateway_money *out, shop_gateway_fault *fault)
{
    (void)self;
    int32_t outcome = SHOP_GATEWAY_OK;
    *out = (shop_gateway_money){.step = 1, .least = 1, .most = INT64_C(999999999999)};
    enter();
    for (size_t i = 0; i < w.rule_count; i++) {
        if (!is(w.rules[i].currency, currency))
            continue;
        *out = w.rules[i].money;
        outcome = w.rules[i].is_refused ? SHOP_GATEWAY_REFUSED : SHOP_GATEWAY_OK;
    }
    leave();
    return fault->outcome = outcome;
}

static const shop_gateway_vtable table = {
    .struct_size = sizeof table,
    .version = SHOP_GATEWAY_VERSION,
    .name = "mock",
    .open = mock_open,
    .close = mock_close,
    .money = mock_money,
    .create = mock_create,
    .find = mock_find,
    .retrieve = mock_retrieve,
    .confirm = mock_confirm,
    .capture = mock_capture,
    .cancel = mock_cancel,
    .refund = mock_give_back,
    .refunds = mock_list,
    .dispute = mock_get_dispute,
    .verify = mock_verify,
    .decode = mock_decode,
};

void mock_register(void)
{
    if (!shop_gateway_find("mock") && shop_gateway_register(&table) != SHOP_OK)
        die("cannot be registered", "mock");
}

/* ------------------------------------------------------------------------------------------------ scripts */

void mock_next(mock_call call, mock_turn turn)
{
    enter();
    script *sc = &w.scripts[call];
    if (sc->count == SCRIPT_MAX)
        die("script", "too long");
    sc->turns[sc->count++] = turn;
    leave();
}

void mock_always(mock_call call, mock_turn turn)
{
    enter();
    w.scripts[call].always = turn;
    leave();
}

void mock_dies_after(int calls, mock_turn turn)
{
    enter();
    w.calls_to_live = calls;
    w.death = turn;
    w.is_dead = 0;
    leave();
}

int mock_is_dead(void)
{
    enter();
    int dead = w.is_dead;
    leave();
    return dead;
}

void mock_revive(void)
{
    mock_dies_after(-1, MOCK_AWAY);
}

void mock_meanwhile(mock_call call, void (*happens)(void *arg), void *arg)
{
    enter();
    w.scripts[call].meanwhile = (hook){happens, arg};
    leave();
}

void mock_afterwards(mock_call call, void (*happens)(void *arg), void *arg)
{
    enter();
    w.scripts[call].afterwards = (hook){happens, arg};
    leave();
}

static currency_rule *rule_of(const char *currency)
{
    for (size_t i = 0; i < w.rule_count; i++)
        if (is(w.rules[i].currency, currency))
            return &w.rules[i];
    if (w.rule_count == CURRENCIES_MAX)
        die("too many currencies", currency);
    currency_rule *rule = &w.rules[w.rule_count++];
    set_text(rule->currency, sizeof rule->currency, currency);
    return rule;
}

void mock_set_money(const char *currency, int64_t step, int64_t least, int64_t most)
{
    enter();
    currency_rule *rule = rule_of(currency);
    rule->is_refused = 0;
    rule->money = (shop_gateway_money){.step = step, .least = least, .most = most};
    leave();
}

void mock_refuse_currency(const char *currency)
{
    enter();
    rule_of(currency)->is_refused = 1;
    leave();
}

void mock_open_fails(const char *message)
{
    enter();
    set_text(w.open_failure, sizeof w.open_failure, message ? message : "");
    leave();
}

void mock_new_refunds_are(const char *status)
{
    enter();
    set_text(w.new_refund, sizeof w.new_refund, status);
    leave();
}

void mock_forget_keys(void)
{
    enter();
    w.key_count = 0;
    leave();
}

/* ------------------------------------------------------------------------------------------------ the other side */

void mock_becomes(const char *intent, const char *status, const char *message)
{
    enter();
    mock_intent *i = need_intent(intent);
    set_text(i->status, sizeof i->status, status);
    set_text(i->message, sizeof i->message, message);
    leave();
}

/* As the gateway itself would: what is cancelled cannot be paid. */
void mock_pay(const char *intent)
{
    enter();
    mock_intent *i = need_intent(intent);
    if (is_open(i))
        set_text(i->status, sizeof i->status, "succeeded");
    i->message[0] = '\0';
    leave();
}

const char *mock_refund_by_hand(const char *intent, int64_t amount)
{
    enter();
    if (amount > need_intent(intent)->amount - given_back(intent))
        die("more than is left", intent);
    const mock_refund *refund = add_refund(intent, amount, "", "succeeded");
    leave();
    return refund->id;
}

void mock_refund_becomes(const char *refund, const char *status)
{
    mock_refund *found = NULL;
    enter();
    for (size_t i = 0; i < w.refund_count; i++)
        if (is(w.refunds[i].id, refund))
            found = &w.refunds[i];
    if (!found)
        die("no such refund", refund);
    set_text(found->status, sizeof found->status, status);
    leave();
}

const char *mock_complain(const char *intent, const char *status)
{
    mock_dispute *dispute = NULL;
    enter();
    for (size_t i = 0; i < w.dispute_count; i++)
        if (is(w.disputes[i].intent, intent))
            dispute = &w.disputes[i];
    if (!dispute && w.dispute_count == OBJECTS_MAX)
        die("too many disputes", intent);
    if (!dispute) {
        dispute = &w.disputes[w.dispute_count++];
        (void)snprintf(dispute->id, sizeof dispute->id, "dp_mock_%zu", w.dispute_count);
        set_text(dispute->intent, sizeof dispute->intent, intent);
    }
    set_text(dispute->status, sizeof dispute->status, status);
    leave();
    return dispute->id;
}

/* ------------------------------------------------------------------------------------------------ looking */

int mock_count(mock_call call)
{
    enter();
    int calls = w.scripts[call].calls;
    leave();
    return calls;
}

int mock_total(void)
{
    enter();
    int total = w.total;
    leave();
    return total;
}

const char *mock_last_key(mock_call call)
{
    return w.scripts[call].last_key;
}

size_t mock_key_count(void)
{
    return w.key_count;
}

const char *mock_key_at(size_t i)
{
    return w.keys[i].key;
}

size_t mock_intents(void)
{
    return w.intent_count;
}

const char *mock_intent_at(size_t i)
{
    return w.intents[i].id;
}

int mock_live_intents(int64_t order)
{
    int count = 0;
    enter();
    for (size_t i = 0; i < w.intent_count; i++)
        count += w.intents[i].order == order && !is(w.intents[i].status, "canceled");
    leave();
    return count;
}

const char *mock_intent_of(int64_t order)
{
    const char *found = NULL;
    enter();
    for (size_t i = 0; i < w.intent_count; i++)
        if (w.intents[i].order == order)
            found = w.intents[i].id;
    leave();
    return found;
}

const char *mock_status(const char *intent)
{
    enter();
    const char *status = need_intent(intent)->status;
    leave();
    return status;
}

int64_t mock_amount(const char *intent)
{
    enter();
    int64_t amount = need_intent(intent)->amount;
    leave();
    return amount;
}

int64_t mock_given_back(const char *intent)
{
    enter();
    int64_t sum = given_back(need_intent(intent)->id);
    leave();
    return sum;
}

int64_t mock_held(int64_t order)
{
    int64_t held = 0;
    enter();
    for (size_t i = 0; i < w.intent_count; i++)
        if (w.intents[i].order == order && is(w.intents[i].status, "succeeded"))
            held += w.intents[i].amount - given_back(w.intents[i].id);
    leave();
    return held;
}

size_t mock_refund_count(const char *intent)
{
    size_t count = 0;
    enter();
    for (size_t i = 0; i < w.refund_count; i++)
        count += (size_t)is(w.refunds[i].intent, intent);
    leave();
    return count;
}

const char *mock_refund_at(const char *intent, size_t i)
{
    const char *found = NULL;
    enter();
    for (size_t k = 0; k < w.refund_count && !found; k++)
        if (is(w.refunds[k].intent, intent) && i-- == 0)
            found = w.refunds[k].id;
    leave();
    if (!found)
        die("no such refund", intent);
    return found;
}

const char *mock_problem(void)
{
    return w.problem[0] ? w.problem : NULL;
}
