/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes the reading of signature headers. A header that we sign is good, and not with a byte of it or of the body changed; set among other
 * members of a header it is as good as a second, slower reading of that header says.
 */
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../libshop/gateway/webhook.h"

#define NOW INT64_C(1767225600)
#define SECRET "whsec_fuzz"
#define SECRETS "whsec_other, " SECRET
#define TEXT_MAX 2048
#define HEX_LENGTH 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int verify(const char *header, const void *body, size_t length, int64_t seconds)
{
    return shop_webhook_verify(SECRETS, header, body, length, seconds * 1000000);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'F' ? (char)(c + 32) : c;
}

/* ------------------------------------------------------------------------------------------------ the second reading */

typedef struct reading {
    int is_bad;
    int times;
    long long time;
    char time_text[32];
    int signatures; /* that are well-formed */
    int matches;
} reading;

static int is_number(const char *text, size_t length)
{
    if (length == 0 || length > 18 || (text[0] == '0' && length > 1))
        return 0;
    return strspn(text, "0123456789") >= length;
}

static void read_time(reading *r, const char *text, size_t length)
{
    if (r->times++ > 0 || !is_number(text, length)) {
        r->is_bad = 1;
        return;
    }
    memcpy(r->time_text, text, length);
    r->time_text[length] = '\0';
    r->time = strtoll(r->time_text, NULL, 10);
}

static void read_members(reading *r, const char *header, const char *wanted)
{
    for (const char *at = header; *at && !r->is_bad;) {
        size_t length = strcspn(at, ",");
        if (!memchr(at, '=', length)) {
            r->is_bad = 1;
        } else if (strncmp(at, "t=", 2) == 0) {
            read_time(r, at + 2, length - 2);
        } else if (strncmp(at, "v1=", 3) == 0 && length == 3 + HEX_LENGTH &&
                   strspn(at + 3, "0123456789abcdefABCDEF") >= HEX_LENGTH && r->signatures < 16) {
            int is_same = 1;
            for (size_t i = 0; i < HEX_LENGTH; i++)
                is_same &= lower(at[3 + i]) == wanted[i];
            r->signatures++;
            r->matches |= is_same;
        }
        at += length;
        at += *at == ',';
    }
}

/* By HMAC's definition, with the time as it is written. */
static void hmac_hex(const char *time, const uint8_t *body, size_t length, char hex[HEX_LENGTH + 1])
{
    static unsigned char message[64 + TEXT_MAX];
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    size_t n = strlen(time);
    memcpy(message, time, n);
    message[n] = '.';
    if (length > 0)
        memcpy(message + n + 1, body, length);
    crypto_auth_hmacsha256_init(&state, (const unsigned char *)SECRET, strlen(SECRET));
    crypto_auth_hmacsha256_update(&state, message, n + 1 + length);
    crypto_auth_hmacsha256_final(&state, mac);
    sodium_bin2hex(hex, HEX_LENGTH + 1, mac, sizeof mac);
}

/* Twice: the time must be known before what it signs. */
static int is_good(const char *header, const uint8_t *body, size_t length)
{
    char hex[HEX_LENGTH + 1] = "";
    reading first = {.time = 0};
    reading second = {.time = 0};
    read_members(&first, header, hex);
    if (first.is_bad || first.times != 1)
        return 0;
    hmac_hex(first.time_text, body, length, hex);
    read_members(&second, header, hex);
    return second.matches && first.time >= NOW - SHOP_WEBHOOK_TOLERANCE && first.time <= NOW + SHOP_WEBHOOK_TOLERANCE;
}

/* ------------------------------------------------------------------------------------------------ properties */

static void check_signed(const char *header, uint8_t *body, size_t length, size_t place, uint8_t change)
{
    char changed[SHOP_WEBHOOK_HEADER_SIZE];
    if (!verify(header, body, length, NOW) || !verify(header, body, length, NOW + SHOP_WEBHOOK_TOLERANCE) ||
        verify(header, body, length, NOW + SHOP_WEBHOOK_TOLERANCE + 1) ||
        verify(header, body, length, NOW - SHOP_WEBHOOK_TOLERANCE - 1) ||
        shop_webhook_verify("whsec_other", header, body, length, NOW * 1000000))
        abort();
    memcpy(changed, header, sizeof changed);
    size_t at = place % strlen(header);
    changed[at] = (char)(changed[at] ^ change);
    if (change && lower(changed[at]) != lower(header[at]) && verify(changed, body, length, NOW))
        abort();
    if (change && length > 0) {
        body[place % length] ^= change;
        if (verify(header, body, length, NOW))
            abort();
        body[place % length] ^= change;
    }
}

/* Input: a place, a change, what stands before the signed header, a NUL, what stands after it, a NUL, the body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t body[TEXT_MAX];
    static char text[3 * TEXT_MAX];
    char header[SHOP_WEBHOOK_HEADER_SIZE];
    if (size < 4 || size > TEXT_MAX || sodium_init() < 0)
        return 0;
    const uint8_t *before = data + 2;
    const uint8_t *end = data + size;
    const uint8_t *nul = memchr(before, 0, size - 2);
    const uint8_t *after = nul ? nul + 1 : NULL;
    const uint8_t *second_nul = after ? memchr(after, 0, (size_t)(end - after)) : NULL;
    if (!second_nul)
        return 0;
    size_t length = (size_t)(end - second_nul - 1);
    if (length > 0)
        memcpy(body, second_nul + 1, length);
    shop_webhook_sign(SECRET, body, length, NOW * 1000000, header);
    check_signed(header, body, length, data[0], data[1]);
    (void)snprintf(text, sizeof text, "%s%s%s", (const char *)before, header, (const char *)after);
    if (verify(text, body, length, NOW) != is_good(text, body, length))
        abort();
    (void)snprintf(text, sizeof text, "%s%s", (const char *)before, (const char *)after);
    if (verify(text, body, length, NOW) != is_good(text, body, length))
        abort();
    return 0;
}
