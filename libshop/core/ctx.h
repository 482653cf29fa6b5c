/* SPDX-License-Identifier: MIT */
/* Inside of shop and shop_ctx, and how a service tells an error. */
#ifndef SHOP_CORE_CTX_H
#define SHOP_CORE_CTX_H

#include <pthread.h>
#include <stdarg.h>

#include <shop/base.h>
#include <shop/sys/storage.h>

#include "../storage/trouble.h"
#include "arena.h"
#include "json_write.h"
#include "mem.h"
#include "money.h"

struct shop_ids; /* storage/ids.c */
struct shop_password_pool; /* account/password.c */
struct shop_gateway; /* gateway/gateway.h */

#define SHOP_KEY_BYTES 32

struct shop_positions; /* storage/position.h */

struct shop {
    shop_options options; /* every number set, every text a copy of ours or NULL */
    const shop_currency *currency;
    const shop_storage_vtable *storage;
    void *storage_self;
    shop_storage_host storage_host;
    shop_trouble trouble;
    struct shop_ids *ids;
    struct shop_password_pool *passwords;
    struct shop_gateway *gateway;
    struct shop_positions *positions; /* NULL: there are no replicas */
    /* Keys of one purpose each, derived from options.secret_key. */
    unsigned char token_key[SHOP_KEY_BYTES];
    unsigned char seal_key[SHOP_KEY_BYTES];
    unsigned char request_key[SHOP_KEY_BYTES];
    char default_webhook_secret[80];
};

typedef struct shop_field_error {
    const char *field;
    const char *message;
    struct shop_field_error *next;
} shop_field_error;

struct shop_ctx {
    struct shop *shop;
    shop_arena *arena;
    struct shop_token_cache *tokens; /* access tokens found good before (account/token_cache.h); kept over resets */
    shop_json_writer json; /* its buffer is kept from one answer to the next */
    int64_t actor;
    int64_t deadline; /* until when this call may wait for storage (shop_ctx_deadline); 0: it has not begun to */
    /* the next change */
    const char *idempotency_key;
    unsigned char request_hash[32];
    const char *if_match;
    int replayed;
    uint64_t position; /* of storage: what reads must show at least */
    char position_text[20];
    int changing; /* inside an attempt at a change */
    /* the last error */
    shop_status status;
    const char *code;
    const char *detail;
    int retryable;
    int64_t retry_after; /* seconds; 0: nobody said */
    const char *decline_code; /* NULL: none */
    shop_field_error *first_field;
    shop_field_error *last_field;
    size_t field_count;
};

/* Start of every public call: forgets the last error and replay, and gives it its time. */
void shop_ctx_begin(shop_ctx *cx);
/* Forgets the last error and replay only. */
void shop_ctx_forget(shop_ctx *cx);

/* Until when (monotonic microseconds) this call may wait for storage, all its reads and changes together. */
int64_t shop_ctx_deadline(shop_ctx *cx);

/*
 * Tells an error and returns `status`, so that a service writes: return shop_fail(cx, SHOP_CONFLICT, "cart_empty", "…").
 * `code` must be static text.
 */
shop_status shop_fail(shop_ctx *cx, shop_status status, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Adds what is wrong with a field; the call then ends with shop_fail_fields. `field` must be static or live in the arena. */
void shop_field_fail(shop_ctx *cx, const char *field, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* SHOP_OK when no field was found wrong; else SHOP_INVALID "validation_error". */
shop_status shop_fields_status(shop_ctx *cx);

shop_status shop_fail_no_memory(shop_ctx *cx);

/* Who may go on. */
shop_status shop_require_user(shop_ctx *cx); /* somebody (or SYSTEM) acts */
shop_status shop_require_staff(shop_ctx *cx); /* SYSTEM, or a user who is staff and active right now in storage */

void shop_log(const struct shop *s, int32_t level, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Random bytes as lower-case hex: `bytes` of them, text of 2 * bytes characters in the arena; NULL when memory is out. */
const char *shop_random_hex(shop_ctx *cx, size_t bytes);

#endif
