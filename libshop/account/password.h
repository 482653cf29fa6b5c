/* SPDX-License-Identifier: MIT */
/* Passwords: hashing them (Argon2id, so many at once), and what a new one must be like. */
#ifndef SHOP_ACCOUNT_PASSWORD_H
#define SHOP_ACCOUNT_PASSWORD_H

#include <stdint.h>

#include "../core/ctx.h"

#define SHOP_PASSWORD_MIN 8 /* characters of a new one */
#define SHOP_PASSWORD_MAX 1024 /* bytes */
#define SHOP_PASSWORD_HASH 128 /* room for a hash and its NUL */

/*
 * The permits to compute a hash, with the cost that options name. A caller computes in its own thread, while it holds a permit. Thread-safe.
 * NULL when memory is out or the options' cost is not possible.
 */
struct shop_password_pool *shop_password_pool_new(const shop_options *options);
void shop_password_pool_free(struct shop_password_pool *pool); /* NULL is fine */

/* How many hashes the pool has computed: the tests' way to see that an unknown e-mail costs as much as a known one. */
uint64_t shop_password_pool_computed(struct shop_password_pool *pool);

/* SHOP_OK; SHOP_BUSY "password_queue_full"; SHOP_NO_MEMORY. */
shop_status shop_password_hash(shop_ctx *cx, const char *password, char hash[static SHOP_PASSWORD_HASH]);

/*
 * *matches: whether the password is the one that was hashed. With hash NULL, or what is no hash, the answer is no, at the same cost.
 * As shop_password_hash.
 */
shop_status shop_password_verify(shop_ctx *cx, const char *hash, const char *password, int *matches);

/* 1 when the hash was made with another cost than the options' of today. */
int shop_password_is_outdated(const shop_ctx *cx, const char *hash);

/* Whom a new password is for; NULL or "" where nothing is known. */
typedef struct shop_password_owner {
    const char *email;
    const char *first_name;
    const char *last_name;
} shop_password_owner;

/* Tells each rule that a new password breaks, under that field's name. Its least length is left to the input's type. */
void shop_password_check(shop_ctx *cx, const char *field, const char *password, const shop_password_owner *owner);

/* 1 when the folded password is in the list of common ones. */
int shop_password_is_common(const char *folded, size_t length);

#endif
