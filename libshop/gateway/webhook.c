/* SPDX-License-Identifier: MIT */
/* Stripe's webhook signatures and events. */
#include "webhook.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "../core/json_read.h"
#include "../core/text.h"

#define SIGNATURES_MAX 16
#define TEXT_MAX 255 /* of an id or a type */
#define HEX_LENGTH (2 * crypto_auth_hmacsha256_BYTES)

typedef struct signature_header {
    int64_t time; /* seconds */
    const char *time_text;
    size_t time_length;
    size_t count;
    unsigned char signatures[SIGNATURES_MAX][crypto_auth_hmacsha256_BYTES];
} signature_header;

/* ------------------------------------------------------------------------------------------------ the header */

static int take_time(signature_header *h, const char *value, size_t length)
{
    if (h->time_text || !shop_parse_int64(value, length, &h->time) || h->time < 0)
        return 0; /* twice, or no time */
    h->time_text = value;
    h->time_length = length;
    return 1;
}

/* A signature that is none is passed over, as those of other schemes are. */
static void take_signature(signature_header *h, const char *value, size_t length)
{
    size_t made = 0;
    if (length != HEX_LENGTH || h->count == SIGNATURES_MAX)
        return;
    if (sodium_hex2bin(h->signatures[h->count], crypto_auth_hmacsha256_BYTES, value, length, NULL, &made, NULL) == 0 &&
        made == crypto_auth_hmacsha256_BYTES)
        h->count++;
}

static int parse_header(const char *text, signature_header *h)
{
    while (*text) {
        size_t length = strcspn(text, ",");
        const char *equals = memchr(text, '=', length);
        if (!equals)
            return 0;
        size_t name = (size_t)(equals - text);
        const char *value = equals + 1;
        size_t value_length = length - name - 1;
        if (name == 1 && text[0] == 't' && !take_time(h, value, value_length))
            return 0;
        if (name == 2 && memcmp(text, "v1", 2) == 0)
            take_signature(h, value, value_length);
        text += length;
        text += *text == ',';
    }
    return h->time_text && h->count > 0;
}

/* ------------------------------------------------------------------------------------------------ the signature */

static void make_signature(const char *secret, size_t secret_length, const char *time, size_t time_length, const void *body,
                           size_t length, unsigned char out[crypto_auth_hmacsha256_BYTES])
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, (const unsigned char *)secret, secret_length);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)time, time_length);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)".", 1);
    crypto_auth_hmacsha256_update(&state, body, length);
    crypto_auth_hmacsha256_final(&state, out);
    sodium_memzero(&state, sizeof state);
}

static int matches_any(const signature_header *h, const unsigned char expected[crypto_auth_hmacsha256_BYTES])
{
    int found = 0;
    for (size_t i = 0; i < h->count; i++)
        found |= sodium_memcmp(h->signatures[i], expected, crypto_auth_hmacsha256_BYTES) == 0;
    return found;
}

int shop_webhook_verify(const char *secrets, const char *header, const void *body, size_t length, int64_t now)
{
    signature_header h = {.count = 0};
    if (!header || !parse_header(header, &h))
        return 0;
    int64_t age;
    if (__builtin_sub_overflow(now / 1000000, h.time, &age) || age > SHOP_WEBHOOK_TOLERANCE || age < -SHOP_WEBHOOK_TOLERANCE)
        return 0;
    int found = 0;
    while (*secrets) {
        secrets += strspn(secrets, " ");
        size_t secret_length = strcspn(secrets, ", ");
        unsigned char expected[crypto_auth_hmacsha256_BYTES];
        make_signature(secrets, secret_length, h.time_text, h.time_length, body, length, expected);
        if (secret_length > 0)
            found |= matches_any(&h, expected);
        sodium_memzero(expected, sizeof expected);
        secrets += secret_length;
        secrets += strspn(secrets, " ,");
    }
    return found;
}

void shop_webhook_sign(const char *secrets, const void *body, size_t length, int64_t now,
                       char out[static SHOP_WEBHOOK_HEADER_SIZE])
{
    char time[SHOP_INT64_SIZE];
    unsigned char signature[crypto_auth_hmacsha256_BYTES];
    char hex[HEX_LENGTH + 1];
    secrets += strspn(secrets, " ,");
    size_t time_length = shop_format_int64(now / 1000000, time);
    make_signature(secrets, strcspn(secrets, ", "), time, time_length, body, length, signature);
    shop_hex_encode(hex, signature, sizeof signature);
    (void)snprintf(out, SHOP_WEBHOOK_HEADER_SIZE, "t=%s,v1=%s", time, hex);
}

/* ------------------------------------------------------------------------------------------------ events */

/* Where an event's object names its intent. */
typedef enum intent_place {
    IN_ID, /* it is the intent */
    IN_MEMBER, /* in "payment_intent" */
} intent_place;

typedef struct event_kind {
    const char *type;
    int32_t about;
    intent_place place;
    int names_object; /* its own id counts: a refund's, a dispute's */
} event_kind;

static const event_kind event_kinds[] = {
    {"payment_intent.succeeded", SHOP_GATEWAY_ABOUT_INTENT, IN_ID, 0},
    {"payment_intent.payment_failed", SHOP_GATEWAY_ABOUT_INTENT, IN_ID, 0},
    {"payment_intent.processing", SHOP_GATEWAY_ABOUT_INTENT, IN_ID, 0},
    {"payment_intent.canceled", SHOP_GATEWAY_ABOUT_INTENT, IN_ID, 0},
    {"payment_intent.requires_action", SHOP_GATEWAY_ABOUT_INTENT, IN_ID, 0},
    {"payment_intent.amount_capturable_updated", SHOP_GATEWAY_ABOUT_INTENT, IN_ID, 0},
    {"payment_intent.partially_funded", SHOP_GATEWAY_ABOUT_INTENT, IN_ID, 0},
    {"charge.refunded", SHOP_GATEWAY_ABOUT_REFUND, IN_MEMBER, 0},
    {"refund.created", SHOP_GATEWAY_ABOUT_REFUND, IN_MEMBER, 1},
    {"refund.updated", SHOP_GATEWAY_ABOUT_REFUND, IN_MEMBER, 1},
    {"refund.failed", SHOP_GATEWAY_ABOUT_REFUND, IN_MEMBER, 1},
    {"charge.dispute.created", SHOP_GATEWAY_ABOUT_DISPUTE, IN_MEMBER, 1},
    {"charge.dispute.updated", SHOP_GATEWAY_ABOUT_DISPUTE, IN_MEMBER, 1},
    {"charge.dispute.closed", SHOP_GATEWAY_ABOUT_DISPUTE, IN_MEMBER, 1},
    {"charge.dispute.funds_withdrawn", SHOP_GATEWAY_ABOUT_DISPUTE, IN_MEMBER, 1},
    {"charge.dispute.funds_reinstated", SHOP_GATEWAY_ABOUT_DISPUTE, IN_MEMBER, 1},
};

typedef struct reading {
    const shop_gateway_call *call;
    int is_out_of_memory;
} reading;

/* A text of 1..255 bytes, copied; NULL when there is none. */
static const char *text_member(reading *r, const shop_json_value *object, const char *name)
{
    const shop_json_value *value;
    const char *text;
    size_t length;
    if (!shop_json_find(object, name, &value) || !shop_json_get_string(value, &text, &length) || length == 0 ||
        length > TEXT_MAX)
        return NULL;
    char *copy = r->call->alloc(r->call->arena, length + 1);
    if (copy)
        memcpy(copy, text, length + 1);
    else
        r->is_out_of_memory = 1;
    return copy;
}

/* An object of the gateway is named by its id, or stands there whole ("expanded"). */
static const char *reference_member(reading *r, const shop_json_value *object, const char *name)
{
    const shop_json_value *value;
    if (shop_json_find(object, name, &value) && shop_json_type_of(value) == SHOP_JSON_TYPE_OBJECT)
        return text_member(r, value, "id");
    return text_member(r, object, name);
}

static void read_object(reading *r, const event_kind *kind, const shop_json_value *object, shop_gateway_event *out)
{
    const char *intent = kind->place == IN_ID ? text_member(r, object, "id") : reference_member(r, object, "payment_intent");
    const char *id = kind->names_object ? text_member(r, object, "id") : NULL;
    if (kind->names_object ? !id : !intent)
        return; /* it does not say whose it is: nothing can follow from it */
    out->about = kind->about;
    out->intent = intent;
    out->object = id;
}

static void read_about(reading *r, const shop_json_value *document, shop_gateway_event *out)
{
    const shop_json_value *data;
    const shop_json_value *object;
    if (!shop_json_find(document, "data", &data) || !shop_json_find(data, "object", &object))
        return;
    for (size_t i = 0; i < sizeof event_kinds / sizeof event_kinds[0]; i++)
        if (strcmp(event_kinds[i].type, out->type) == 0)
            read_object(r, &event_kinds[i], object, out);
}

int32_t shop_webhook_decode(const shop_gateway_call *call, const char *body, size_t length, shop_gateway_event *out,
                            shop_gateway_fault *fault)
{
    reading r = {.call = call};
    shop_json_value *document = NULL;
    *out = (shop_gateway_event){.about = SHOP_GATEWAY_ABOUT_NOTHING};
    shop_json_status status = shop_json_parse(body, length, NULL, &document, NULL);
    if (status == SHOP_JSON_OK) {
        out->id = text_member(&r, document, "id");
        out->type = text_member(&r, document, "type");
        if (out->id && out->type)
            read_about(&r, document, out);
    }
    shop_json_free(document);
    if (r.is_out_of_memory || status == SHOP_JSON_NO_MEMORY)
        return fault->outcome = SHOP_GATEWAY_NO_MEMORY;
    if (out->id && out->type)
        return fault->outcome = SHOP_GATEWAY_OK;
    (void)snprintf(fault->detail, sizeof fault->detail, "no event: %s",
                   status == SHOP_JSON_OK ? "it has no id or no type" : shop_json_status_message(status));
    return fault->outcome = SHOP_GATEWAY_REFUSED;
}
