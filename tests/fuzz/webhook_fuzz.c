/* SPDX-License-Identifier: MIT */
/*
 * What the payment gateway sends: the signature header and the event. The first line of the input is the header, the rest the body.
 * A header is only ever accepted when an independent computation over the very bytes says so.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../libshop/gateway/webhook.h"

#define SECRET "whsec_fuzz"
#define NOW (INT64_C(1700000000) * 1000000)

static shop *s;
static shop_ctx *cx;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    shop_options o = SHOP_OPTIONS_INIT;
    (void)argc;
    (void)argv;
    o.database = "memory:";
    o.password_memory_kib = 8;
    if (shop_open(&o, &s) != SHOP_OK)
        abort();
    cx = shop_ctx_new(s);
    return cx ? 0 : 1;
}

/* Whether the right signature over "time.body" stands anywhere in the header. */
static int has_right_signature(const char *header, const char *body, size_t length)
{
    const char *time = strstr(header, "t=");
    if (!time)
        return 0;
    time += 2;
    crypto_auth_hmacsha256_state state;
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    char hex[2 * sizeof mac + 1];
    crypto_auth_hmacsha256_init(&state, (const unsigned char *)SECRET, strlen(SECRET));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)time, strspn(time, "0123456789"));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)".", 1);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)body, length);
    crypto_auth_hmacsha256_final(&state, mac);
    sodium_bin2hex(hex, sizeof hex, mac, sizeof mac);
    return strcasestr(header, hex) != NULL;
}

/* What we sign is taken; the same with another body is not. */
static void check_own_signature(const char *body, size_t length)
{
    const char *header = shop_webhook_sign(cx, SECRET, body, length, NOW);
    if (!header || !shop_webhook_verify(SECRET, header, body, length, NOW))
        abort();
    if (shop_webhook_verify("whsec_other", header, body, length, NOW))
        abort();
    if (shop_webhook_verify(SECRET, header, body, length, NOW + (SHOP_WEBHOOK_TOLERANCE + 1) * 1000000))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *newline = size ? memchr(data, '\n', size) : NULL;
    size_t header_length = newline ? (size_t)(newline - data) : size;
    shop_ctx_reset(cx);
    char *header = malloc(header_length + 1);
    if (!header)
        return 0;
    if (header_length)
        memcpy(header, data, header_length);
    header[header_length] = '\0';
    const char *body = newline ? (const char *)newline + 1 : "";
    size_t length = newline ? size - header_length - 1 : 0;
    if (shop_webhook_verify(SECRET, header, body, length, NOW) && !has_right_signature(header, body, length))
        abort();
    check_own_signature(body, length);
    shop_gateway_event event;
    if (shop_webhook_decode(cx, body, length, &event) == SHOP_OK && (!event.id[0] || !event.type))
        abort();
    free(header);
    return 0;
}
