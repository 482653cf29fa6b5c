/* SPDX-License-Identifier: MIT */
/* Tokens: JWTs with one algorithm and one header, made and read here and nowhere else. All functions are thread-safe. */
#ifndef SHOP_ACCOUNT_TOKEN_H
#define SHOP_ACCOUNT_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "../core/ctx.h"

#define SHOP_TOKEN_MAX 4096 /* bytes; a longer one is not looked at */

#define SHOP_TOKEN_ACCESS 1
#define SHOP_TOKEN_REFRESH 2

typedef struct shop_token_claims {
    int kind; /* SHOP_TOKEN_ACCESS or _REFRESH */
    int64_t user_id;
    int64_t issued_at; /* seconds since 1970 */
    int64_t expires_at; /* seconds since 1970: not good from then on */
    const char *const *roles; /* access, when signing; NULL after reading */
    int64_t session_id; /* refresh */
    int64_t generation; /* refresh */
} shop_token_claims;

typedef enum shop_token_verdict {
    SHOP_TOKEN_GOOD,
    SHOP_TOKEN_EXPIRED, /* ours, of that kind, but its time is over; the claims are set */
    SHOP_TOKEN_BAD,
    SHOP_TOKEN_NO_MEMORY
} shop_token_verdict;

/* A signed token in the context's arena; NULL (and the error told) when it cannot be made. */
const char *shop_token_sign(shop_ctx *cx, const shop_token_claims *claims);

/*
 * Reads a token of that kind signed with the key at the time `now` (seconds since 1970). Anything but exactly what shop_token_sign makes is
 * BAD; then *claims is zeroed.
 */
shop_token_verdict shop_token_read(const char *token, size_t length, const unsigned char *key, size_t key_length, int kind,
                                   int64_t now, shop_token_claims *claims);

#endif
