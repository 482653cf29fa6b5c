/* SPDX-License-Identifier: MIT */
/* Verified access tokens of one context: a small direct-mapped table. */
#include "token_cache.h"

#include <sodium.h>
#include <string.h>

#define SLOTS 256 /* one byte of the hash chooses */
#define HASH_BYTES 16

typedef struct slot {
    unsigned char hash[HASH_BYTES];
    int64_t user_id; /* 0: empty */
    int64_t issued_at;
    int64_t expires_at;
} slot;

struct shop_token_cache {
    slot slots[SLOTS];
};

static void hash_token(const shop_ctx *cx, const char *token, size_t length, unsigned char hash[HASH_BYTES])
{
    (void)crypto_generichash(hash, HASH_BYTES, (const unsigned char *)token, length, cx->shop->token_key,
                             sizeof cx->shop->token_key);
}

int shop_token_cache_find(const shop_ctx *cx, const char *token, size_t length, shop_token_claims *claims)
{
    unsigned char hash[HASH_BYTES];
    if (!cx->tokens)
        return 0;
    hash_token(cx, token, length, hash);
    const slot *s = &cx->tokens->slots[hash[0]];
    if (s->user_id == 0 || sodium_memcmp(s->hash, hash, HASH_BYTES) != 0)
        return 0;
    *claims = (shop_token_claims){
        .kind = SHOP_TOKEN_ACCESS, .user_id = s->user_id, .issued_at = s->issued_at, .expires_at = s->expires_at};
    return 1;
}

void shop_token_cache_keep(shop_ctx *cx, const char *token, size_t length, const shop_token_claims *claims)
{
    if (!cx->tokens)
        cx->tokens = shop_mem_zalloc(1, sizeof *cx->tokens);
    if (!cx->tokens)
        return;
    unsigned char hash[HASH_BYTES];
    hash_token(cx, token, length, hash);
    slot *s = &cx->tokens->slots[hash[0]];
    memcpy(s->hash, hash, HASH_BYTES);
    s->user_id = claims->user_id;
    s->issued_at = claims->issued_at;
    s->expires_at = claims->expires_at;
}
