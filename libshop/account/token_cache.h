/* SPDX-License-Identifier: MIT */
/*
 * Access tokens that a context has found good already, so that a customer's next request need not verify the same signature again. Kept by
 * keyed hash, never as text; a token's time is checked at each use.
 */
#ifndef SHOP_ACCOUNT_TOKEN_CACHE_H
#define SHOP_ACCOUNT_TOKEN_CACHE_H

#include "token.h"

/* 1 when the token is known to be ours; *claims gets user_id, issued_at and expires_at. */
int shop_token_cache_find(const shop_ctx *cx, const char *token, size_t length, shop_token_claims *claims);

/* Remembers a token that was just verified. Without memory for it nothing is remembered. */
void shop_token_cache_keep(shop_ctx *cx, const char *token, size_t length, const shop_token_claims *claims);

#endif
