/* SPDX-License-Identifier: MIT */
/*
 * The ground of the public API: statuses, the shop, the context.
 *
 * Ownership is one sentence: what a call returns lives in its context until that is reset or freed.
 *
 *   shop_options o = SHOP_OPTIONS_INIT;
 *   o.database = "sqlite:till.db";
 *   shop *s;
 *   if (shop_open(&o, &s) != SHOP_OK) …
 *   shop_ctx *cx = shop_ctx_new(s);
 *   shop_ctx_set_actor(cx, user_id);
 *   …
 *   shop_ctx_free(cx);
 *   shop_close(s);
 *
 * Units everywhere: money in the currency's minor units (int64), time in microseconds since 1970-01-01T00:00:00Z (int64),
 * ids from 1 to 2^53-1, texts in NUL-terminated UTF-8. No function aborts, exits, prints, or touches a signal.
 */
#ifndef SHOP_BASE_H
#define SHOP_BASE_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define SHOP_API __attribute__((visibility("default")))
#else
#define SHOP_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define SHOP_VERSION_MAJOR 0
#define SHOP_VERSION_MINOR 1
#define SHOP_VERSION_PATCH 0

/* "MAJOR.MINOR.PATCH" of the library that is running. Static text. Thread-safe. */
SHOP_API const char *shop_version(void);

/* ------------------------------------------------------------------------------------------------ status */

typedef int32_t shop_status;

#define SHOP_OK 0
#define SHOP_INVALID 1 /* the input breaks a rule; code, detail and perhaps fields say which */
#define SHOP_UNAUTHENTICATED 2 /* nobody acts, or the token or password is not good */
#define SHOP_FORBIDDEN 3 /* known, but not allowed */
#define SHOP_NOT_FOUND 4 /* not there, or not this actor's */
#define SHOP_CONFLICT 5 /* the state of the shop does not allow it */
#define SHOP_PRECONDITION 6 /* If-Match did not match: it was changed meanwhile */
#define SHOP_KEY_REUSED 7 /* the idempotency key belongs to another request */
#define SHOP_DECLINED 8 /* the payment gateway refused, for a reason that concerns the customer */
#define SHOP_BUSY 9 /* too much at once; nothing happened; try again */
#define SHOP_UNAVAILABLE 10 /* storage or gateway cannot be reached; nothing is lost; try again */
#define SHOP_GATEWAY 11 /* the payment gateway answered something that makes no sense */
#define SHOP_NO_MEMORY 12
#define SHOP_INTERNAL 13 /* a defect of ours; the log has more */
#define SHOP_MISUSE 14 /* a call that breaks the rules of the API: NULL where none may be, wrong struct_size */

/* The name of a status, "not_found"; "unknown" for another number. Static text. Thread-safe. */
SHOP_API const char *shop_status_name(shop_status status);

/* "No value given" for the numbers of an input struct. */
#define SHOP_UNSET INT64_MIN

/*
 * Why storage cannot be had, for a program that acts on it: whether trying again helps (shop_reason_passes), and a word for an
 * answer or a log (shop_reason_name). Numbers and words never change their meaning; later versions may add some.
 */
typedef int32_t shop_reason;

#define SHOP_REASON_NONE 0
#define SHOP_REASON_URL 1 /* the database URL is malformed, or says what does not fit together */
#define SHOP_REASON_ADDRESS 2 /* the host's name leads nowhere */
#define SHOP_REASON_UNREACHABLE 3 /* nobody answers there */
#define SHOP_REASON_AUTHENTICATION 4 /* user or password, or the server's rules about who may connect */
#define SHOP_REASON_DATABASE 5 /* there is no such database */
#define SHOP_REASON_SCHEMA 6 /* there is no schema for the tables, or no shop in it that can only be read */
#define SHOP_REASON_RIGHT 7 /* the user may not do what is needed */
#define SHOP_REASON_TLS 8 /* encryption or certificates do not fit */
#define SHOP_REASON_ENCODING 9 /* the database's encoding cannot hold every text */
#define SHOP_REASON_VERSION 10 /* the server is too old */
#define SHOP_REASON_PROTOCOL 11 /* what answers there is no database server */
#define SHOP_REASON_STANDBY 12 /* it takes no changes */
#define SHOP_REASON_OVERLOAD 13 /* too many connections */
#define SHOP_REASON_SHUTDOWN 14 /* it is starting or stopping */
#define SHOP_REASON_CONNECTION 15 /* the link broke */
#define SHOP_REASON_TIMEOUT 16 /* no answer in time */
#define SHOP_REASON_RESOURCES 17 /* it is short of disk or memory */
#define SHOP_REASON_POOLER 18 /* a pooler in between hands out connections that are not prepared */
#define SHOP_REASON_FOREIGN 19 /* what is there is not a shop's */
#define SHOP_REASON_NEWER 20 /* a shop of a newer version */
#define SHOP_REASON_DAMAGED 21 /* a shop that is damaged */
#define SHOP_REASON_OTHER 22 /* the detail says more */
#define SHOP_REASON_UNFINISHED 23 /* a copy of a shop that is not finished (see shop/sys/copy.h) */

/* "authentication", …; "none", "other". Static text. Thread-safe. */
SHOP_API const char *shop_reason_name(shop_reason reason);

/* 1: it may pass by itself, so trying again later helps; 0: a person must act. Thread-safe. */
SHOP_API int32_t shop_reason_passes(shop_reason reason);

/* ------------------------------------------------------------------------------------------------ process */

/*
 * Replaces the memory functions of the library (its own memory; not that of the libraries below it). To be called
 * before any other function, from one thread; all three must be given and behave as malloc, realloc and free.
 * SHOP_OK or SHOP_MISUSE.
 */
SHOP_API shop_status shop_set_allocator(void *(*allocate)(size_t), void *(*reallocate)(void *, size_t),
                                        void (*release)(void *));

#define SHOP_LOG_ERROR 1
#define SHOP_LOG_WARNING 2
#define SHOP_LOG_INFO 3
#define SHOP_LOG_DEBUG 4

/* ------------------------------------------------------------------------------------------------ shop */

typedef struct shop shop;
typedef struct shop_ctx shop_ctx;

/* How a shop is opened. Texts are copied by shop_open. */
typedef struct shop_options {
    size_t struct_size;
    const char *database; /* "memory:", "sqlite:PATH", or a registered backend's URL; required */
    const char *secret_key; /* at least 32 bytes; signs tokens, seals stored answers. NULL: a random one for this process */
    const char *currency; /* ISO 4217, any case; default "usd" */
    int64_t access_ttl; /* seconds an access token lives; default 300 */
    int64_t refresh_ttl; /* seconds a refresh token lives; default 604800 */
    int64_t order_ttl; /* seconds an unpaid order lives; 0: for ever; default 1800 */
    int64_t idempotency_ttl; /* seconds an idempotency key is kept; default 86400 */
    int64_t password_memory_kib; /* Argon2id memory; default 19456, the least that is sound; lower only in tests */
    int64_t password_passes; /* Argon2id passes; default 2 */
    int64_t password_threads; /* how many hashes may run at once; default 2 */
    int64_t call_timeout_ms; /* how long one context may wait for storage; default 5000 */
    const char *publishable_key; /* handed to clients by shop_payment_config; default "pk_test_shop" */
    const char *webhook_secret; /* secrets of the gateway's webhooks, comma-separated; NULL: the test gateway makes its own */
    const char *webhook_url; /* where the test gateway posts its events; NULL: it applies them itself */
    int64_t owner_refunds; /* 1: a customer may refund the own payment; default 0: staff only */
    void (*log)(void *user, int32_t level, const char *message); /* any thread; NULL: nothing is logged */
    void *log_user;
    int64_t (*clock)(void *user); /* now, in microseconds since 1970 UTC; NULL: the system's clock */
    void *clock_user;
    const char *gateway; /* "stripe", "test", or a registered one; NULL: stripe when gateway_secret is given, else test */
    const char *gateway_secret; /* the account's key at the gateway: Stripe's "sk_…" or "rk_…" */
    const char *gateway_url; /* another place of its API (a stand-in); https, or http on loopback; NULL: its own */
    const char *payment_return_url; /* where a customer comes back to who pays at another site; NULL: nowhere of ours */
    int64_t gateway_timeout_ms; /* how long one call of the gateway may take, repetitions included; default 20000 */
    int64_t payment_retry; /* seconds after which an unfinished payment is looked at, then ever longer; default 60 */
} shop_options;

#define SHOP_OPTIONS_INIT                                                                                                      \
    {                                                                                                                          \
        sizeof(shop_options), NULL, NULL, NULL, SHOP_UNSET, SHOP_UNSET, SHOP_UNSET, SHOP_UNSET, SHOP_UNSET, SHOP_UNSET,        \
            SHOP_UNSET, SHOP_UNSET, NULL, NULL, NULL, SHOP_UNSET, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, SHOP_UNSET,  \
            SHOP_UNSET                                                                                                         \
    }

/* Does what SHOP_OPTIONS_INIT does, for languages without macros. */
SHOP_API void shop_options_init(shop_options *options);

/*
 * Opens a shop: storage (created or upgraded), gateway, keys. One a process and database is usual; a shop may be used
 * by any number of threads at once, each with a context of its own.
 * SHOP_OK; SHOP_INVALID (an option is out of range); SHOP_UNAVAILABLE (the database cannot be opened, is damaged, foreign or
 * newer: it is left untouched); SHOP_CONFLICT (it holds an unfinished copy: see shop/sys/copy.h); SHOP_NO_MEMORY; SHOP_MISUSE.
 * On failure *out is NULL and shop_open_error tells why.
 */
SHOP_API shop_status shop_open(const shop_options *options, shop **out);

/* Why the last shop_open of this thread failed, for a person; "" when it did not. Valid until the next shop_open. */
SHOP_API const char *shop_open_error(void);

/* Why the last shop_open, shop_ping or shop_copy of this thread failed, for a program; SHOP_REASON_NONE when it did not, or not for storage. */
SHOP_API shop_reason shop_last_reason(void);

/* Closes a shop whose contexts are all freed. NULL is fine. */
SHOP_API void shop_close(shop *s);

/* SHOP_OK when storage answers and takes changes; SHOP_UNAVAILABLE otherwise (see shop_last_reason). Thread-safe. */
SHOP_API shop_status shop_ping(shop *s);

/* The shop's currency as three lower-case letters, and how many digits its amounts have (0..4). Lives as the shop. Thread-safe. */
SHOP_API const char *shop_currency_code(const shop *s);
SHOP_API int32_t shop_currency_digits(const shop *s);

/* The shop's clock. Thread-safe. */
SHOP_API int64_t shop_now(const shop *s);

#define SHOP_REPLICAS_NAMED 0 /* by the database URL */
#define SHOP_REPLICAS_IN_USE 1 /* of these, now */
#define SHOP_READS_FROM_REPLICA 2 /* reads that may be stale, since the shop was opened … */
#define SHOP_READS_FROM_PRIMARY 3 /* … that no replica could answer */

/* One of these numbers; 0 when there are no replicas, or for another `what`. Thread-safe. */
SHOP_API int64_t shop_replicas(const shop *s, int32_t what);

/* ------------------------------------------------------------------------------------------------ context */

/* A context for one unit of work at a time, used by one thread at a time. NULL when memory is out. */
SHOP_API shop_ctx *shop_ctx_new(shop *s);

/* Drops everything the context returned, the actor, keys and the last error, and keeps its memory for the next use. */
SHOP_API void shop_ctx_reset(shop_ctx *cx);

/* Frees the context and everything it returned. NULL is fine. */
SHOP_API void shop_ctx_free(shop_ctx *cx);

/* The shop that the context belongs to. */
SHOP_API shop *shop_ctx_shop(const shop_ctx *cx);

#define SHOP_ACTOR_NOBODY INT64_C(0)
#define SHOP_ACTOR_SYSTEM INT64_C(-1) /* the program itself: every right, no cart, no orders of its own */

/* Who acts from now on: a user's id, SHOP_ACTOR_NOBODY or SHOP_ACTOR_SYSTEM. The caller vouches for it. */
SHOP_API void shop_ctx_set_actor(shop_ctx *cx, int64_t actor);
SHOP_API int64_t shop_ctx_actor(const shop_ctx *cx);

/*
 * Marks the next change as one that may be sent twice. `key` (1..255 bytes of visible ASCII) is the client's; `request` (length
 * bytes) is whatever tells one request from another (method, path and body, say). A change with a key that was used by the
 * same actor for an equal request returns the first answer again; for another request SHOP_KEY_REUSED. NULL key: no mark.
 * Copied. SHOP_OK, SHOP_INVALID (code "invalid_idempotency_key"), SHOP_NO_MEMORY.
 */
SHOP_API shop_status shop_ctx_set_idempotency_key(shop_ctx *cx, const char *key, const void *request, size_t length);

/* 1 when the last call returned a stored first answer instead of making a change; else 0. */
SHOP_API int32_t shop_ctx_replayed(const shop_ctx *cx);

/*
 * The next change happens only while the object's entity tag is one of `etags` (the value of an If-Match header; "*": any). Else
 * SHOP_PRECONDITION. NULL: no condition. Copied. SHOP_OK, SHOP_NO_MEMORY.
 */
SHOP_API shop_status shop_ctx_set_if_match(shop_ctx *cx, const char *etags);

/*
 * Reading one's own writes where a database has replicas. What everybody may see of the catalogue may come from a replica that is a little
 * behind (never what staff or the program itself reads, nor anything else of the shop). After a change the context, and every context of
 * this process with the same user as its actor, for a minute, sees at least that change. To carry that on, to another process or
 * another request of somebody who is not logged in, hand over the position:
 *
 * shop_ctx_position: a short text of visible ASCII that stands for all that the context's changes have done; "" when there is nothing to
 * carry. It is no secret and gives no right. Lives until the next call on the context.
 * shop_ctx_set_position: from now on the context sees at least what `position` stands for. NULL or any other text: nothing is asked for. A
 * position that no replica has reached only makes the primary be read. Copied.
 */
SHOP_API const char *shop_ctx_position(shop_ctx *cx);
SHOP_API void shop_ctx_set_position(shop_ctx *cx, const char *position);

/* The last call's error. Texts live until the next call on the context; "" when there is none. */
SHOP_API shop_status shop_ctx_error_status(const shop_ctx *cx);
SHOP_API const char *shop_ctx_error_code(const shop_ctx *cx); /* a stable word: "insufficient_stock" */
SHOP_API const char *shop_ctx_error_detail(const shop_ctx *cx); /* a sentence for a person */
SHOP_API int32_t shop_ctx_error_retryable(const shop_ctx *cx); /* 1: the same call may succeed later */
SHOP_API int64_t shop_ctx_error_retry_after(const shop_ctx *cx); /* seconds somebody asked to wait before that; 0: not said */
SHOP_API const char *shop_ctx_error_decline_code(const shop_ctx *cx); /* SHOP_DECLINED: the bank's word: "insufficient_funds" */
SHOP_API size_t shop_ctx_error_field_count(const shop_ctx *cx);
SHOP_API const char *shop_ctx_error_field(const shop_ctx *cx, size_t i); /* the field's name; NULL beyond the end */
SHOP_API const char *shop_ctx_error_message(const shop_ctx *cx, size_t i); /* what is wrong with it */

#ifdef __cplusplus
}
#endif

#endif
