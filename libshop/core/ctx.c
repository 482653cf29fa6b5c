/* SPDX-License-Identifier: MIT */
/* The context of one unit of work: its memory, its actor, its last error. */
#include "ctx.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define IDEMPOTENCY_KEY_MAX 255
#define JSON_LENGTH_MAX ((size_t)16 * 1024 * 1024)

static const char *const status_names[] = {
    [SHOP_OK] = "ok",
    [SHOP_INVALID] = "invalid",
    [SHOP_UNAUTHENTICATED] = "unauthenticated",
    [SHOP_FORBIDDEN] = "forbidden",
    [SHOP_NOT_FOUND] = "not_found",
    [SHOP_CONFLICT] = "conflict",
    [SHOP_PRECONDITION] = "precondition",
    [SHOP_KEY_REUSED] = "key_reused",
    [SHOP_DECLINED] = "declined",
    [SHOP_BUSY] = "busy",
    [SHOP_UNAVAILABLE] = "unavailable",
    [SHOP_GATEWAY] = "gateway",
    [SHOP_NO_MEMORY] = "no_memory",
    [SHOP_INTERNAL] = "internal",
    [SHOP_MISUSE] = "misuse",
};

const char *shop_status_name(shop_status status)
{
    if (status < 0 || (size_t)status >= sizeof status_names / sizeof status_names[0])
        return "unknown";
    return status_names[status];
}

/* ------------------------------------------------------------------------------------------------ life */

shop_ctx *shop_ctx_new(shop *s)
{
    shop_ctx *cx = s ? shop_mem_zalloc(1, sizeof *cx) : NULL;
    if (!cx)
        return NULL;
    cx->arena = shop_arena_new();
    if (!cx->arena) {
        shop_mem_free(cx);
        return NULL;
    }
    cx->shop = s;
    shop_json_writer_init(&cx->json, JSON_LENGTH_MAX);
    return cx;
}

void shop_ctx_reset(shop_ctx *cx)
{
    shop_arena *arena = cx->arena;
    shop *s = cx->shop;
    shop_json_writer json = cx->json;
    struct shop_token_cache *tokens = cx->tokens;
    shop_arena_reset(arena);
    *cx = (shop_ctx){.shop = s, .arena = arena, .json = json, .tokens = tokens};
}

void shop_ctx_free(shop_ctx *cx)
{
    if (!cx)
        return;
    shop_json_writer_free(&cx->json);
    shop_mem_free(cx->tokens);
    shop_arena_free(cx->arena);
    shop_mem_free(cx);
}

shop *shop_ctx_shop(const shop_ctx *cx)
{
    return cx->shop;
}

void shop_ctx_set_actor(shop_ctx *cx, int64_t actor)
{
    cx->actor = actor;
}

int64_t shop_ctx_actor(const shop_ctx *cx)
{
    return cx->actor;
}

/* ------------------------------------------------------------------------------------------------ the next change */

static int is_idempotency_key(const char *key)
{
    size_t length = strnlen(key, IDEMPOTENCY_KEY_MAX + 1);
    if (length == 0 || length > IDEMPOTENCY_KEY_MAX)
        return 0;
    for (size_t i = 0; i < length; i++)
        if (key[i] < 0x21 || key[i] > 0x7e)
            return 0;
    return 1;
}

shop_status shop_ctx_set_idempotency_key(shop_ctx *cx, const char *key, const void *request, size_t length)
{
    shop_ctx_begin(cx);
    cx->idempotency_key = NULL;
    if (!key)
        return SHOP_OK;
    if (!is_idempotency_key(key))
        return shop_fail(cx, SHOP_INVALID, "invalid_idempotency_key", "An idempotency key is 1 to %d visible ASCII characters.",
                         IDEMPOTENCY_KEY_MAX);
    /* Keyed, because a request may hold a password: its hash must tell nothing. */
    if (crypto_generichash(cx->request_hash, sizeof cx->request_hash, request, length, cx->shop->request_key,
                           sizeof cx->shop->request_key) != 0)
        return shop_fail(cx, SHOP_INTERNAL, "internal_error", "The request could not be hashed.");
    cx->idempotency_key = shop_arena_strdup(cx->arena, key);
    return cx->idempotency_key ? SHOP_OK : shop_fail_no_memory(cx);
}

int32_t shop_ctx_replayed(const shop_ctx *cx)
{
    return cx->replayed;
}

shop_status shop_ctx_set_if_match(shop_ctx *cx, const char *etags)
{
    shop_ctx_begin(cx);
    cx->if_match = NULL;
    if (!etags)
        return SHOP_OK;
    cx->if_match = shop_arena_strdup(cx->arena, etags);
    return cx->if_match ? SHOP_OK : shop_fail_no_memory(cx);
}

/* ------------------------------------------------------------------------------------------------ errors */

void shop_ctx_begin(shop_ctx *cx)
{
    cx->deadline = 0;
    shop_ctx_forget(cx);
}

int64_t shop_ctx_deadline(shop_ctx *cx)
{
    if (!cx->deadline)
        cx->deadline = shop_monotonic_now() + cx->shop->options.call_timeout_ms * 1000;
    return cx->deadline;
}

void shop_ctx_forget(shop_ctx *cx)
{
    cx->replayed = 0;
    cx->status = SHOP_OK;
    cx->code = NULL;
    cx->detail = NULL;
    cx->retryable = 0;
    cx->retry_after = 0;
    cx->decline_code = NULL;
    cx->first_field = NULL;
    cx->last_field = NULL;
    cx->field_count = 0;
}

static const char *format_text(shop_ctx *cx, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

static const char *format_text(shop_ctx *cx, const char *format, va_list args)
{
    char text[512];
    int length = vsnprintf(text, sizeof text, format, args);
    if (length < 0)
        return NULL;
    size_t kept = (size_t)length < sizeof text ? (size_t)length : sizeof text - 1;
    while (kept > 0 && (size_t)length >= sizeof text && ((unsigned char)text[kept] & 0xc0) == 0x80)
        kept--; /* a cut text must not end inside a character */
    return shop_arena_strndup(cx->arena, text, kept);
}

static int is_retryable(shop_status status)
{
    return status == SHOP_BUSY || status == SHOP_UNAVAILABLE || status == SHOP_NO_MEMORY || status == SHOP_GATEWAY;
}

shop_status shop_fail(shop_ctx *cx, shop_status status, const char *code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    cx->detail = format_text(cx, format, args);
    va_end(args);
    cx->status = status;
    cx->code = code;
    cx->retryable = is_retryable(status);
    return status;
}

shop_status shop_fail_no_memory(shop_ctx *cx)
{
    cx->status = SHOP_NO_MEMORY;
    cx->code = "no_memory";
    cx->detail = "There is not enough memory for this right now.";
    cx->retryable = 1;
    return SHOP_NO_MEMORY;
}

void shop_field_fail(shop_ctx *cx, const char *field, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *message = format_text(cx, format, args);
    va_end(args);
    shop_field_error *e = shop_arena_alloc(cx->arena, sizeof *e);
    cx->field_count++; /* counted even when memory is out: the input still is wrong */
    if (!e || !message)
        return;
    *e = (shop_field_error){.field = field, .message = message};
    if (cx->last_field)
        cx->last_field->next = e;
    else
        cx->first_field = e;
    cx->last_field = e;
}

shop_status shop_fields_status(shop_ctx *cx)
{
    if (cx->field_count == 0)
        return SHOP_OK;
    if (cx->first_field && cx->field_count == 1)
        return shop_fail(cx, SHOP_INVALID, "validation_error", "%s: %s", cx->first_field->field, cx->first_field->message);
    return shop_fail(cx, SHOP_INVALID, "validation_error", "%zu fields are not valid.", cx->field_count);
}

shop_status shop_ctx_error_status(const shop_ctx *cx)
{
    return cx->status;
}

const char *shop_ctx_error_code(const shop_ctx *cx)
{
    return cx->code ? cx->code : "";
}

const char *shop_ctx_error_detail(const shop_ctx *cx)
{
    return cx->detail ? cx->detail : "";
}

int32_t shop_ctx_error_retryable(const shop_ctx *cx)
{
    return cx->retryable;
}

int64_t shop_ctx_error_retry_after(const shop_ctx *cx)
{
    return cx->retry_after;
}

const char *shop_ctx_error_decline_code(const shop_ctx *cx)
{
    return cx->decline_code ? cx->decline_code : "";
}

static const shop_field_error *field_error_at(const shop_ctx *cx, size_t i)
{
    const shop_field_error *e = cx->first_field;
    while (e && i-- > 0)
        e = e->next;
    return e;
}

size_t shop_ctx_error_field_count(const shop_ctx *cx)
{
    size_t count = 0;
    for (const shop_field_error *e = cx->first_field; e; e = e->next)
        count++;
    return count;
}

const char *shop_ctx_error_field(const shop_ctx *cx, size_t i)
{
    const shop_field_error *e = field_error_at(cx, i);
    return e ? e->field : NULL;
}

const char *shop_ctx_error_message(const shop_ctx *cx, size_t i)
{
    const shop_field_error *e = field_error_at(cx, i);
    return e ? e->message : NULL;
}

/* ------------------------------------------------------------------------------------------------ small services */

shop_status shop_require_user(shop_ctx *cx)
{
    if (cx->actor > 0 || cx->actor == SHOP_ACTOR_SYSTEM)
        return SHOP_OK;
    return shop_fail(cx, SHOP_UNAUTHENTICATED, "authentication_required", "Please log in first.");
}

void shop_log(const struct shop *s, int32_t level, const char *format, ...)
{
    if (!s->options.log)
        return;
    char text[512];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (length >= 0)
        s->options.log(s->options.log_user, level, text);
}

const char *shop_random_hex(shop_ctx *cx, size_t bytes)
{
    unsigned char random[64];
    if (bytes > sizeof random)
        return NULL;
    char *text = shop_arena_alloc(cx->arena, 2 * bytes + 1);
    if (!text)
        return NULL;
    randombytes_buf(random, bytes);
    sodium_bin2hex(text, 2 * bytes + 1, random, bytes);
    sodium_memzero(random, sizeof random);
    return text;
}
