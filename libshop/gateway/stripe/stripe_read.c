/* SPDX-License-Identifier: MIT */
/* Reading Stripe's answers. */
#include "stripe_read.h"

#include <stdio.h>
#include <string.h>

#include "../../core/text.h"
#include "stripe_form.h"
#include "stripe_money.h"

#define STATUS_MAX 63
#define MESSAGE_MAX 1000 /* bytes of a message for the customer that are kept */

/* A page of a hundred payments has some ten thousand values. */
static const shop_json_limits limits = {
    .max_bytes = SHOP_STRIPE_ANSWER_MAX,
    .max_depth = 32,
    .max_values = 60000,
    .max_members = 1000,
};

static int32_t contradict(shop_gateway_fault *fault, const char *what)
{
    (void)snprintf(fault->detail, sizeof fault->detail, "stripe: %s", what);
    return fault->outcome = SHOP_GATEWAY_AWAY;
}

int32_t shop_stripe_read_document(const char *body, size_t length, shop_json_value **document, shop_gateway_fault *fault)
{
    shop_json_status status = shop_json_parse(body ? body : "", length, &limits, document, NULL);
    if (status == SHOP_JSON_NO_MEMORY)
        return fault->outcome = SHOP_GATEWAY_NO_MEMORY;
    if (status != SHOP_JSON_OK)
        return contradict(fault, shop_json_status_message(status));
    return SHOP_GATEWAY_OK;
}

/* ------------------------------------------------------------------------------------------------ members */

/* A text member of at most `max` bytes; NULL when there is none. */
static const char *text_of(const shop_json_value *object, const char *name, size_t max)
{
    const shop_json_value *value;
    const char *text;
    size_t length;
    if (!shop_json_find(object, name, &value) || !shop_json_get_string(value, &text, &length) || length > max)
        return NULL;
    return text;
}

static const shop_json_value *object_of(const shop_json_value *object, const char *name)
{
    const shop_json_value *value;
    if (!shop_json_find(object, name, &value) || shop_json_type_of(value) != SHOP_JSON_TYPE_OBJECT)
        return NULL;
    return value;
}

static const char *id_of(const shop_json_value *object, const char *name)
{
    const char *id = text_of(object, name, 255);
    return id && shop_stripe_is_id(id) ? id : NULL;
}

/* An object is named by its id, or stands there whole. */
static const char *reference_of(const shop_json_value *object, const char *name)
{
    const shop_json_value *whole = object_of(object, name);
    return whole ? id_of(whole, "id") : id_of(object, name);
}

static int is_kind(const shop_json_value *object, const char *kind)
{
    const char *text = text_of(object, "object", STATUS_MAX);
    return text && strcmp(text, kind) == 0;
}

static int read_amount(const shop_json_value *object, int64_t *out)
{
    const shop_json_value *value;
    int64_t units;
    const char *currency = text_of(object, "currency", 3);
    return currency && shop_json_find(object, "amount", &value) && shop_json_get_int64(value, &units) &&
           shop_stripe_minor(currency, units, out);
}

/* ------------------------------------------------------------------------------------------------ copies */

/* Copies texts into the memory of a call, and remembers when there was none. */
typedef struct copier {
    const shop_gateway_call *call;
    int is_out_of_memory;
} copier;

static size_t cut_length(const char *text, size_t max)
{
    size_t length = strnlen(text, max + 1);
    if (length <= max)
        return length;
    for (length = max; length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80;)
        length--; /* not within a character */
    return length;
}

static const char *copy_text(copier *c, const char *text)
{
    if (!text)
        return NULL;
    size_t length = cut_length(text, MESSAGE_MAX);
    char *copy = c->call->alloc(c->call->arena, length + 1);
    if (!copy) {
        c->is_out_of_memory = 1;
        return NULL;
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

static int32_t finish(const copier *c, shop_gateway_fault *fault)
{
    return fault->outcome = c->is_out_of_memory ? SHOP_GATEWAY_NO_MEMORY : SHOP_GATEWAY_OK;
}

/* ------------------------------------------------------------------------------------------------ objects */

static const char *failure_message_of(const shop_json_value *intent)
{
    const shop_json_value *error = object_of(intent, "last_payment_error");
    const char *message = error ? text_of(error, "message", SHOP_STRIPE_ANSWER_MAX) : NULL;
    return message ? message : "";
}

int32_t shop_stripe_read_intent(const shop_gateway_call *call, const shop_json_value *object, shop_gateway_intent *out,
                                shop_gateway_fault *fault)
{
    copier c = {.call = call};
    const char *id = id_of(object, "id");
    const char *status = text_of(object, "status", STATUS_MAX);
    *out = (shop_gateway_intent){.id = NULL};
    if (!is_kind(object, "payment_intent") || !id || !status || !read_amount(object, &out->amount))
        return contradict(fault, "what should be a payment_intent is none, or its amount makes no sense");
    out->id = copy_text(&c, id);
    out->client_secret = copy_text(&c, text_of(object, "client_secret", 255));
    out->status = copy_text(&c, status);
    out->currency = copy_text(&c, text_of(object, "currency", 3));
    out->failure_message = copy_text(&c, failure_message_of(object));
    return finish(&c, fault);
}

static const char *tag_of(const shop_json_value *object)
{
    const shop_json_value *metadata = object_of(object, "metadata");
    return metadata ? text_of(metadata, "tag", 255) : NULL;
}

int shop_stripe_has_tag(const shop_json_value *object, const char *tag)
{
    const char *has = tag_of(object);
    return has && strcmp(has, tag) == 0;
}

int32_t shop_stripe_read_refund(const shop_gateway_call *call, const shop_json_value *object, shop_gateway_refund *out,
                                shop_gateway_fault *fault)
{
    copier c = {.call = call};
    const char *id = id_of(object, "id");
    const char *intent = reference_of(object, "payment_intent");
    const char *status = text_of(object, "status", STATUS_MAX);
    *out = (shop_gateway_refund){.id = NULL};
    if (!is_kind(object, "refund") || !id || !intent || !status || !read_amount(object, &out->amount))
        return contradict(fault, "what should be a refund of a payment_intent is none, or its amount makes no sense");
    out->id = copy_text(&c, id);
    out->intent = copy_text(&c, intent);
    out->status = copy_text(&c, status);
    out->tag = copy_text(&c, tag_of(object));
    return finish(&c, fault);
}

/* A complaint about a charge that had no payment intent is nobody's here: its intent is "". */
int32_t shop_stripe_read_dispute(const shop_gateway_call *call, const shop_json_value *object, shop_gateway_dispute *out,
                                 shop_gateway_fault *fault)
{
    copier c = {.call = call};
    const char *id = id_of(object, "id");
    const char *intent = reference_of(object, "payment_intent");
    const char *status = text_of(object, "status", STATUS_MAX);
    *out = (shop_gateway_dispute){.id = NULL};
    if (!is_kind(object, "dispute") || !id || !status || !read_amount(object, &out->amount))
        return contradict(fault, "what should be a dispute is none, or its amount makes no sense");
    out->id = copy_text(&c, id);
    out->intent = copy_text(&c, intent ? intent : "");
    out->status = copy_text(&c, status);
    return finish(&c, fault);
}

int32_t shop_stripe_read_list(const shop_json_value *object, shop_stripe_list *out, shop_gateway_fault *fault)
{
    const shop_json_value *more;
    bool has_more;
    *out = (shop_stripe_list){.data = NULL};
    if (!is_kind(object, "list") || !shop_json_find(object, "data", &out->data) ||
        shop_json_type_of(out->data) != SHOP_JSON_TYPE_ARRAY || !shop_json_find(object, "has_more", &more) ||
        !shop_json_get_bool(more, &has_more))
        return contradict(fault, "what should be a list is none");
    out->count = shop_json_count(out->data);
    out->has_more = has_more;
    out->last = out->count > 0 ? id_of(shop_json_at(out->data, out->count - 1), "id") : NULL;
    if (out->has_more && !out->last)
        return contradict(fault, "a list says that there is more, and not after what");
    return SHOP_GATEWAY_OK;
}

/* ------------------------------------------------------------------------------------------------ errors */

typedef struct stripe_error {
    int is_given; /* 0: the answer holds no error of Stripe's: somebody else speaks */
    const char *type;
    const char *code;
    const char *param;
    const char *message;
    const char *decline_code;
} stripe_error;

static const char *word_of(const shop_json_value *object, const char *name)
{
    const char *text = object ? text_of(object, name, 255) : NULL;
    return text ? text : "";
}

static stripe_error error_of(const shop_json_value *document)
{
    const shop_json_value *error = document ? object_of(document, "error") : NULL;
    const char *message = error ? text_of(error, "message", SHOP_STRIPE_ANSWER_MAX) : NULL;
    return (stripe_error){
        .is_given = error != NULL,
        .type = word_of(error, "type"),
        .code = word_of(error, "code"),
        .param = word_of(error, "param"),
        .decline_code = word_of(error, "decline_code"),
        .message = message ? message : "",
    };
}

/*
 * Which outcome an error is: the first row that fits in all that it names. A status below 100 stands for its hundreds; NULL and 0 fit
 * everything; a word that ends in "*" fits what begins like it.
 */
typedef struct error_row {
    int status;
    const char *type;
    const char *code;
    const char *param;
    int32_t outcome;
} error_row;

static const error_row error_rows[] = {
    {401, NULL, NULL, NULL, SHOP_GATEWAY_MISCONFIGURED},
    {403, NULL, NULL, NULL, SHOP_GATEWAY_MISCONFIGURED},
    {409, NULL, NULL, NULL, SHOP_GATEWAY_BUSY},
    {429, NULL, NULL, NULL, SHOP_GATEWAY_BUSY},
    {0, NULL, "idempotency_key_in_use", NULL, SHOP_GATEWAY_BUSY},
    {0, NULL, "lock_timeout", NULL, SHOP_GATEWAY_BUSY},
    {0, NULL, "rate_limit", NULL, SHOP_GATEWAY_BUSY},
    {4, "idempotency_error", NULL, NULL, SHOP_GATEWAY_KEY_SPENT},
    {4, "card_error", NULL, NULL, SHOP_GATEWAY_DECLINED},
    {402, NULL, NULL, NULL, SHOP_GATEWAY_DECLINED},
    {424, NULL, NULL, NULL, SHOP_GATEWAY_AWAY}, /* somebody whom Stripe needs is away */
    {4, NULL, "resource_missing", "payment_method*", SHOP_GATEWAY_REFUSED},
    {4, NULL, "resource_missing", NULL, SHOP_GATEWAY_NOT_FOUND},
    {404, NULL, NULL, NULL, SHOP_GATEWAY_MISCONFIGURED}, /* no such place: the URL is another API's */
    {4, NULL, "parameter_*", NULL, SHOP_GATEWAY_MISCONFIGURED},
    {4, NULL, "parameters_exclusive", NULL, SHOP_GATEWAY_MISCONFIGURED},
    {4, NULL, "url_invalid", NULL, SHOP_GATEWAY_MISCONFIGURED},
    {4, NULL, "payment_intent_invalid_parameter", "payment_method*", SHOP_GATEWAY_REFUSED}, /* not this kind of method */
    {4, NULL, "payment_intent_invalid_parameter", NULL, SHOP_GATEWAY_MISCONFIGURED},
    {4, NULL, "account_invalid", NULL, SHOP_GATEWAY_MISCONFIGURED},
    {4, NULL, "api_key_expired", NULL, SHOP_GATEWAY_MISCONFIGURED},
    {4, NULL, "secret_key_required", NULL, SHOP_GATEWAY_MISCONFIGURED},
    {4, NULL, "livemode_mismatch", NULL, SHOP_GATEWAY_MISCONFIGURED},
    {4, NULL, "testmode_charges_only", NULL, SHOP_GATEWAY_MISCONFIGURED},
    {4, NULL, "tls_version_unsupported", NULL, SHOP_GATEWAY_MISCONFIGURED},
    {4, NULL, "platform_*", NULL, SHOP_GATEWAY_MISCONFIGURED},
    {4, NULL, NULL, "return_url", SHOP_GATEWAY_MISCONFIGURED},
    {4, NULL, NULL, "currency", SHOP_GATEWAY_MISCONFIGURED},
    {4, "invalid_request_error", NULL, NULL, SHOP_GATEWAY_REFUSED},
};

static int is_like(const char *pattern, const char *word)
{
    if (!pattern)
        return 1;
    size_t length = strlen(pattern);
    if (length > 0 && pattern[length - 1] == '*')
        return strncmp(pattern, word, length - 1) == 0;
    return strcmp(pattern, word) == 0;
}

static int is_status(int wanted, long status)
{
    return wanted == 0 || wanted == status || (wanted < 100 && wanted == status / 100);
}

/* What no row knows, and what Stripe did not say, is no answer that we could act on. */
static int32_t outcome_of(const shop_stripe_answer *answer, const stripe_error *error)
{
    if (answer->status >= 500)
        return answer->is_replay ? SHOP_GATEWAY_KEY_SPENT : SHOP_GATEWAY_AWAY;
    if (!error->is_given)
        return answer->status == 429 ? SHOP_GATEWAY_BUSY : SHOP_GATEWAY_AWAY;
    for (size_t i = 0; i < sizeof error_rows / sizeof error_rows[0]; i++) {
        const error_row *row = &error_rows[i];
        if (is_status(row->status, answer->status) && is_like(row->type, error->type) && is_like(row->code, error->code) &&
            is_like(row->param, error->param))
            return row->outcome;
    }
    return SHOP_GATEWAY_AWAY;
}

/* Stripe's messages show keys with their middle starred out; not even that is for a log. */
static int shows_a_key(const char *text)
{
    static const char *const beginnings[] = {"sk_test_", "sk_live_", "rk_test_", "rk_live_", "whsec_", "_secret_"};
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++)
        if (strstr(text, beginnings[i]))
            return 1;
    return 0;
}

/* One line, cut between characters; nothing when it is not fit to be shown. */
static void keep_text(char *out, size_t size, const char *text)
{
    size_t length = cut_length(text, size - 1);
    if (shows_a_key(text) || !shop_text_is_line(text, length))
        length = 0;
    memcpy(out, text, length);
    out[length] = '\0';
}

static void keep_detail(const shop_stripe_answer *answer, const stripe_error *error, shop_gateway_fault *fault)
{
    char type[64];
    char code[64];
    char param[64];
    char message[256] = "";
    keep_text(type, sizeof type, error->type);
    keep_text(code, sizeof code, error->code);
    keep_text(param, sizeof param, error->param);
    if (answer->status == 401)
        (void)snprintf(message, sizeof message, "the secret key is not accepted");
    else if (answer->status == 403)
        (void)snprintf(message, sizeof message, "the secret key lacks a right");
    else
        keep_text(message, sizeof message, error->message);
    char detail[640];
    (void)snprintf(detail, sizeof detail, "stripe: HTTP %ld %s%s%s%s%s%s%s: %s", answer->status, type, code[0] ? " " : "", code,
                   param[0] ? " param " : "", param, answer->request_id[0] ? " " : "", answer->request_id, message);
    keep_text(fault->detail, sizeof fault->detail, detail);
}

int32_t shop_stripe_read_error(const shop_stripe_answer *answer, const shop_json_value *document, shop_gateway_fault *fault)
{
    stripe_error error = error_of(document);
    int32_t outcome = outcome_of(answer, &error);
    fault->outcome = outcome;
    fault->retry_after = answer->retry_after;
    keep_text(fault->code, sizeof fault->code, error.code[0] ? error.code : error.type);
    if (outcome == SHOP_GATEWAY_DECLINED || outcome == SHOP_GATEWAY_REFUSED)
        keep_text(fault->message, sizeof fault->message, error.message);
    if (outcome == SHOP_GATEWAY_DECLINED)
        keep_text(fault->decline_code, sizeof fault->decline_code, error.decline_code);
    if (outcome == SHOP_GATEWAY_REFUSED && strcmp(error.code, "resource_missing") == 0)
        (void)snprintf(fault->code, sizeof fault->code, "unknown_payment_method");
    keep_detail(answer, &error, fault);
    return outcome;
}
