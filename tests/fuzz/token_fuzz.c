/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes the reading of tokens. The first byte says what the rest is: a token, or a body, or a header, a NUL and a body, that a forger
 * signs with the key. Whatever is accepted must carry our header and a right signature, by an HMAC of another library.
 */
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../libshop/account/token.h"

#define NOW INT64_C(1767225600)
#define HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define TEXT_MAX 16384

static const unsigned char key[32] = "0123456789abcdef0123456789abcde";

static size_t put_base64(char *out, size_t room, const void *data, size_t size)
{
    sodium_bin2base64(out, room, data, size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return strlen(out);
}

static void hmac(const char *text, size_t length, char out[64])
{
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256(mac, (const unsigned char *)text, length, key);
    (void)put_base64(out, 64, mac, sizeof mac);
}

static size_t forge(char *out, const void *header, size_t header_size, const void *body, size_t body_size)
{
    size_t n = put_base64(out, TEXT_MAX, header, header_size);
    out[n++] = '.';
    n += put_base64(out + n, TEXT_MAX - n, body, body_size);
    char mac[64];
    hmac(out, n, mac);
    out[n] = '.';
    memcpy(out + n + 1, mac, strlen(mac) + 1);
    return n + 1 + strlen(mac);
}

static size_t make_token(char *out, const uint8_t *data, size_t size)
{
    uint8_t mode = data[0] % 3;
    data++;
    size--;
    if (mode == 1)
        return forge(out, HEADER, sizeof HEADER - 1, data, size);
    const uint8_t *nul = mode == 2 ? memchr(data, 0, size) : NULL;
    if (nul) {
        size_t header_size = (size_t)(nul - data);
        return forge(out, data, header_size, nul + 1, size - header_size - 1);
    }
    memcpy(out, data, size);
    out[size] = '\0';
    return size;
}

/* An accepted token is ours, whole and signed. */
static void check_accepted(const char *token, size_t length, const shop_token_claims *claims, int kind)
{
    char mac[64];
    char header[64];
    size_t n = put_base64(header, sizeof header, HEADER, sizeof HEADER - 1);
    if (length > SHOP_TOKEN_MAX || length < n + 45 || memcmp(token, header, n) != 0 || token[n] != '.')
        abort();
    hmac(token, length - 44, mac);
    if (strlen(mac) != 43 || memcmp(token + length - 43, mac, 43) != 0)
        abort();
    if (claims->kind != kind || claims->user_id < 1)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char token[TEXT_MAX];
    if (size < 1 || size > 5000 || sodium_init() < 0)
        return 0;
    size_t length = make_token(token, data, size);
    for (int kind = SHOP_TOKEN_ACCESS; kind <= SHOP_TOKEN_REFRESH; kind++) {
        shop_token_claims claims;
        shop_token_verdict verdict = shop_token_read(token, length, key, sizeof key, kind, NOW, &claims);
        if (verdict == SHOP_TOKEN_GOOD || verdict == SHOP_TOKEN_EXPIRED)
            check_accepted(token, length, &claims, kind);
        else if (claims.user_id != 0 || claims.session_id != 0)
            abort();
    }
    return 0;
}
