/* SPDX-License-Identifier: MIT */
/* Stripe's webhook signatures and events. */
#include "webhook.h"

#include <sodium.h>
#include <string.h>

#include "../core/json_read.h"
#include "../core/text.h"

#define SIGNATURES_MAX 16
#define HEX_LENGTH (2 * crypto_auth_hmacsha256_BYTES)

typedef struct signature_header {
    int64_t time; /* seconds */
    const char *time_text;
    size_t time_length;
    size_t count;
    unsigned char signatures[SIGNATURES_MAX][crypto_auth_hmacsha256_BYTES];
} signature_header;

const char *shop_webhook_secrets(const struct shop *s)
{
    return s->options.webhook_secret ? s->options.webhook_secret : s->default_webhook_secret;
}

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
    int64_t age = now / 1000000 - h.time;
    if (age > SHOP_WEBHOOK_TOLERANCE || age < -SHOP_WEBHOOK_TOLERANCE)
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

const char *shop_webhook_sign(shop_ctx *cx, const char *secret, const void *body, size_t length, int64_t now)
{
    char time[SHOP_INT64_SIZE];
    unsigned char signature[crypto_auth_hmacsha256_BYTES];
    char hex[HEX_LENGTH + 1];
    size_t time_length = shop_format_int64(now / 1000000, time);
    make_signature(secret, strcspn(secret, ", "), time, time_length, body, length, signature);
    shop_hex_encode(hex, signature, sizeof signature);
    return shop_arena_printf(cx->arena, "t=%s,v1=%s", time, hex);
}

/* ------------------------------------------------------------------------------------------------ events */

static const char *text_member(shop_ctx *cx, const shop_json_value *object, const char *name)
{
    const shop_json_value *value;
    const char *text;
    size_t length;
    if (!shop_json_find(object, name, &value) || !shop_json_get_string(value, &text, &length) || length > 255)
        return NULL;
    return shop_arena_strndup(cx->arena, text, length);
}

/* An object of the gateway names its intent: itself, or in "payment_intent". */
static const char *intent_of(shop_ctx *cx, const shop_json_value *object)
{
    const char *kind = text_member(cx, object, "object");
    if (kind && strcmp(kind, "payment_intent") == 0)
        return text_member(cx, object, "id");
    return text_member(cx, object, "payment_intent");
}

shop_status shop_webhook_decode(shop_ctx *cx, const char *body, size_t length, shop_gateway_event *out)
{
    shop_json_value *document = NULL;
    const shop_json_value *data = NULL;
    const shop_json_value *object = NULL;
    *out = (shop_gateway_event){.id = NULL};
    if (shop_json_parse(body, length, NULL, &document, NULL) == SHOP_JSON_OK) {
        out->id = text_member(cx, document, "id");
        out->type = text_member(cx, document, "type");
        if (shop_json_find(document, "data", &data) && shop_json_find(data, "object", &object))
            out->intent = intent_of(cx, object);
    }
    shop_json_free(document);
    if (out->id && out->id[0] && out->type)
        return SHOP_OK;
    return shop_fail(cx, SHOP_INVALID, "invalid_event", "This is not an event of the payment gateway.");
}
