/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes a gateway's messages: a header, a NUL, a body. The header is accepted only when it holds, in its only time's words, the
 * HMAC of time, dot and body, made here once more. An odd first byte lets a forger append the right signature.
 */
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../libshop/core/arena.h"
#include "../../libshop/gateway/webhook.h"

#define NOW INT64_C(1767225600)
#define SECRET "whsec_fuzz"
#define HEADER_MAX 4096
#define BODY_MAX 4096

static shop_arena *arena;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    arena = shop_arena_new();
    return arena && sodium_init() >= 0 ? 0 : -1;
}

static void hmac_hex(const char *time, size_t time_length, const uint8_t *body, size_t length, char hex[65])
{
    static unsigned char message[HEADER_MAX + 1 + BODY_MAX];
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    memcpy(message, time, time_length);
    message[time_length] = '.';
    if (length > 0)
        memcpy(message + time_length + 1, body, length);
    crypto_auth_hmacsha256_init(&state, (const unsigned char *)SECRET, strlen(SECRET));
    crypto_auth_hmacsha256_update(&state, message, time_length + 1 + length);
    crypto_auth_hmacsha256_final(&state, mac);
    sodium_bin2hex(hex, 65, mac, sizeof mac);
}

/* What was accepted holds a time and, case aside, the right signature. */
static void check_accepted(const char *header, const uint8_t *body, size_t length)
{
    char lower[HEADER_MAX + 128];
    char wanted[72] = "v1=";
    const char *time = strncmp(header, "t=", 2) == 0 ? header : strstr(header, ",t=");
    if (!time)
        abort();
    time += *time == ',' ? 3 : 2;
    hmac_hex(time, strcspn(time, ","), body, length, wanted + 3);
    size_t n = strlen(header);
    for (size_t i = 0; i <= n; i++)
        lower[i] = (char)(header[i] >= 'A' && header[i] <= 'F' ? header[i] + 32 : header[i]);
    if (!strstr(lower, wanted))
        abort();
    long long at = strtoll(time, NULL, 10);
    if (at < NOW - SHOP_WEBHOOK_TOLERANCE || at > NOW + SHOP_WEBHOOK_TOLERANCE)
        abort();
}

static void forge(char *header, const uint8_t *body, size_t length)
{
    char hex[65];
    const char *time = strstr(header, "t=");
    if (!time)
        return;
    time += 2;
    hmac_hex(time, strcspn(time, ","), body, length, hex);
    size_t n = strlen(header);
    (void)snprintf(header + n, 128, ",v1=%s", hex);
}

/* What is decoded can be acted on: an event about something says about what. */
static void check_decoding(const char *body, size_t length)
{
    shop_gateway_call call = {.struct_size = sizeof call, .alloc = shop_arena_alloc_for_storage, .arena = arena};
    shop_gateway_fault fault = {.outcome = -1};
    shop_gateway_event event;
    shop_arena_reset(arena);
    int32_t outcome = shop_webhook_decode(&call, body, length, &event, &fault);
    if (outcome != fault.outcome || (outcome != SHOP_GATEWAY_OK && outcome != SHOP_GATEWAY_REFUSED))
        abort();
    if (outcome == SHOP_GATEWAY_REFUSED)
        return;
    int names_intent = event.about == SHOP_GATEWAY_ABOUT_INTENT && event.intent && !event.object;
    int names_refund = event.about == SHOP_GATEWAY_ABOUT_REFUND && (event.intent || event.object);
    int names_dispute = event.about == SHOP_GATEWAY_ABOUT_DISPUTE && event.object;
    int names_nothing = event.about == SHOP_GATEWAY_ABOUT_NOTHING && !event.intent && !event.object;
    if (!event.id[0] || !event.type[0] || !(names_intent || names_refund || names_dispute || names_nothing))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char header[HEADER_MAX + 128];
    const uint8_t *nul = size > 1 ? memchr(data + 1, 0, size - 1) : NULL;
    if (!nul || nul - data > HEADER_MAX || data + size - nul > BODY_MAX)
        return 0;
    const uint8_t *body = nul + 1;
    size_t length = (size_t)(data + size - body);
    memcpy(header, data + 1, (size_t)(nul - data));
    if (data[0] & 1)
        forge(header, body, length);
    if (shop_webhook_verify("other," SECRET, header, body, length, NOW * 1000000)) {
        if (shop_webhook_verify("", header, body, length, NOW * 1000000))
            abort();
        /* "other" has no such signature: only ours can be the reason */
        check_accepted(header, body, length);
    }
    check_decoding((const char *)body, length);
    return 0;
}
