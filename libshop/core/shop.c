/* SPDX-License-Identifier: MIT */
/* The shop: options, keys, and the parts that live as long as it does. */
#include <shop/shop.h>
#include <shop/sys/storage.h>

#include <pthread.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../account/password.h"
#include "../gateway/gateway.h"
#include "../storage/copy/copy.h"
#include "../storage/fault.h"
#include "../storage/ids.h"
#include "../storage/position.h"
#include "../storage/schema.h"
#include "ctx.h"

#define SECRET_MIN 32

static _Thread_local char open_error[320];

const char *shop_version(void)
{
#define TEXT(n) #n
#define VERSION(a, b, c) TEXT(a) "." TEXT(b) "." TEXT(c)
    return VERSION(SHOP_VERSION_MAJOR, SHOP_VERSION_MINOR, SHOP_VERSION_PATCH);
#undef VERSION
#undef TEXT
}

void shop_options_init(shop_options *options)
{
    *options = (shop_options)SHOP_OPTIONS_INIT;
}

const char *shop_open_error(void)
{
    return open_error;
}

static shop_status fail_open(shop_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

static shop_status fail_open(shop_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(open_error, sizeof open_error, format, args);
    va_end(args);
    return status;
}

/* ------------------------------------------------------------------------------------------------ options */

typedef struct number_option {
    const char *name;
    size_t offset;
    int64_t otherwise; /* when not given */
    int64_t min;
    int64_t max;
} number_option;

static const number_option number_options[] = {
    {"access_ttl", offsetof(shop_options, access_ttl), 300, 1, 86400},
    {"refresh_ttl", offsetof(shop_options, refresh_ttl), 604800, 1, 31536000},
    {"order_ttl", offsetof(shop_options, order_ttl), 1800, 0, 31536000},
    {"idempotency_ttl", offsetof(shop_options, idempotency_ttl), 86400, 1, 31536000},
    {"password_memory_kib", offsetof(shop_options, password_memory_kib), 19456, 8, 4194304},
    {"password_passes", offsetof(shop_options, password_passes), 2, 1, 100},
    {"password_threads", offsetof(shop_options, password_threads), 2, 1, 64},
    {"call_timeout_ms", offsetof(shop_options, call_timeout_ms), 5000, 1, 600000},
    {"owner_refunds", offsetof(shop_options, owner_refunds), 0, 0, 1},
    {"gateway_timeout_ms", offsetof(shop_options, gateway_timeout_ms), 20000, 100, 120000},
    {"payment_retry", offsetof(shop_options, payment_retry), 60, 1, 3600},
};

typedef struct text_option {
    size_t offset;
    const char *otherwise;
} text_option;

static const text_option text_options[] = {
    {offsetof(shop_options, database), NULL},       {offsetof(shop_options, secret_key), NULL},
    {offsetof(shop_options, currency), "usd"},      {offsetof(shop_options, publishable_key), "pk_test_shop"},
    {offsetof(shop_options, webhook_secret), NULL}, {offsetof(shop_options, webhook_url), NULL},
    {offsetof(shop_options, gateway), NULL},        {offsetof(shop_options, gateway_secret), NULL},
    {offsetof(shop_options, gateway_url), NULL},    {offsetof(shop_options, payment_return_url), NULL},
};

static shop_status take_numbers(shop_options *o)
{
    for (size_t i = 0; i < sizeof number_options / sizeof number_options[0]; i++) {
        const number_option *n = &number_options[i];
        int64_t *value = (int64_t *)(void *)((char *)o + n->offset);
        if (*value == SHOP_UNSET)
            *value = n->otherwise;
        if (*value < n->min || *value > n->max)
            return fail_open(SHOP_INVALID, "%s must be from %lld to %lld", n->name, (long long)n->min, (long long)n->max);
    }
    return SHOP_OK;
}

static shop_status take_texts(shop_options *o)
{
    for (size_t i = 0; i < sizeof text_options / sizeof text_options[0]; i++) {
        char **value = (char **)(void *)((char *)o + text_options[i].offset);
        const char *from = *value ? *value : text_options[i].otherwise;
        *value = shop_mem_strdup(from);
        if (from && !*value) {
            for (size_t rest = i + 1; rest < sizeof text_options / sizeof text_options[0]; rest++)
                *(char **)(void *)((char *)o + text_options[rest].offset) = NULL; /* still the caller's */
            return fail_open(SHOP_NO_MEMORY, "out of memory");
        }
    }
    return SHOP_OK;
}

static void free_options(shop_options *o)
{
    for (size_t i = 0; i < sizeof text_options / sizeof text_options[0]; i++) {
        char *value = *(char **)(void *)((char *)o + text_options[i].offset);
        if (value)
            sodium_memzero(value, strlen(value));
        shop_mem_free(value);
    }
}

/* ------------------------------------------------------------------------------------------------ keys */

static void derive_keys(struct shop *s)
{
    unsigned char master[crypto_kdf_KEYBYTES];
    const char *secret = s->options.secret_key;
    if (secret)
        (void)crypto_generichash(master, sizeof master, (const unsigned char *)secret, strlen(secret), NULL, 0);
    else
        randombytes_buf(master, sizeof master);
    crypto_kdf_derive_from_key(s->token_key, sizeof s->token_key, 1, "shoptokn", master);
    crypto_kdf_derive_from_key(s->seal_key, sizeof s->seal_key, 2, "shopseal", master);
    crypto_kdf_derive_from_key(s->request_key, sizeof s->request_key, 3, "shopreqs", master);
    unsigned char webhook[SHOP_KEY_BYTES];
    crypto_kdf_derive_from_key(webhook, sizeof webhook, 4, "shophook", master);
    memcpy(s->default_webhook_secret, "whsec_", 6);
    sodium_bin2hex(s->default_webhook_secret + 6, sizeof s->default_webhook_secret - 6, webhook, sizeof webhook);
    sodium_memzero(webhook, sizeof webhook);
    sodium_memzero(master, sizeof master);
}

/* ------------------------------------------------------------------------------------------------ open and close */

static void storage_log(void *user, int32_t level, const char *message)
{
    shop_log(user, level, "storage: %s", message);
}

static shop_status open_storage(struct shop *s)
{
    s->storage = shop_storage_find(s->options.database);
    if (!s->storage) {
        shop_reason_note(SHOP_REASON_URL);
        return fail_open(SHOP_INVALID, "the database cannot be opened: url: no storage backend is known for it (sqlite:PATH, "
                                       "postgresql://… and memory: are built in)");
    }
    s->storage_host = (shop_storage_host){
        .struct_size = sizeof(shop_storage_host),
        .log = storage_log,
        .user = s,
        .limit = s->options.call_timeout_ms * 1000,
    };
    shop_fault fault = {.outcome = SHOP_STORAGE_OK};
    int32_t outcome = s->storage->open(s->options.database, shop_schema_current(), &s->storage_host, &s->storage_self, &fault);
    if (outcome == SHOP_STORAGE_OK)
        return shop_positions_open(s) ? SHOP_OK : fail_open(SHOP_NO_MEMORY, "out of memory");
    s->storage_self = NULL;
    if (outcome == SHOP_STORAGE_NO_MEMORY)
        return fail_open(SHOP_NO_MEMORY, "out of memory");
    shop_reason_note_fault(&fault);
    shop_reason reason = shop_last_reason();
    bool is_named = fault.reason != SHOP_REASON_NONE || reason == SHOP_REASON_OTHER;
    return fail_open(outcome == SHOP_STORAGE_INVALID ? SHOP_INVALID : SHOP_UNAVAILABLE, "the database cannot be opened: %s%s%s",
                     is_named ? "" : shop_reason_name(reason), is_named ? "" : ": ", fault.detail);
}

/* Half a shop must not be served from. */
static shop_status refuse_unfinished_copy(struct shop *s)
{
    shop_arena *arena = shop_arena_new();
    if (!arena)
        return fail_open(SHOP_NO_MEMORY, "out of memory");
    shop_copy_record record;
    shop_fault fault;
    int32_t outcome = shop_copy_read_record(s->storage, s->storage_self, shop_schema_current(), TABLE_COPY,
                                            s->options.call_timeout_ms * 1000, arena, &record, &fault);
    shop_status status = SHOP_OK;
    if (outcome != SHOP_STORAGE_OK) {
        shop_reason_note_fault(&fault);
        status = fail_open(SHOP_UNAVAILABLE, "the database cannot be opened: %s", fault.detail);
    } else if (record.is_there && !record.is_finished) {
        shop_reason_note(SHOP_REASON_UNFINISHED);
        status = fail_open(SHOP_CONFLICT, "the database cannot be opened: unfinished: it holds part of a copy of %.160s",
                           record.source);
    }
    shop_arena_free(arena);
    return status;
}

static shop_status open_parts(struct shop *s)
{
    s->ids = shop_ids_new();
    s->passwords = shop_password_pool_new(&s->options);
    if (!s->ids || !s->passwords)
        return fail_open(SHOP_NO_MEMORY, "out of memory");
    shop_status status = open_storage(s);
    if (status == SHOP_OK)
        status = refuse_unfinished_copy(s);
    if (status != SHOP_OK)
        return status;
    shop_gateway_fault fault = {.outcome = SHOP_GATEWAY_OK};
    int32_t outcome = shop_gateway_open(s, &fault);
    if (outcome == SHOP_GATEWAY_OK)
        return SHOP_OK;
    if (outcome == SHOP_GATEWAY_NO_MEMORY)
        return fail_open(SHOP_NO_MEMORY, "the payment gateway cannot be set up: out of memory");
    return fail_open(SHOP_INVALID, "the payment gateway cannot be set up: %s", fault.message);
}

static shop_status check_options(const shop_options *o)
{
    if (!o->database)
        return fail_open(SHOP_INVALID, "no database is given");
    if (o->secret_key && strlen(o->secret_key) < SECRET_MIN)
        return fail_open(SHOP_INVALID, "the secret key must have at least %d bytes", SECRET_MIN);
    if (o->currency && !shop_currency_find(o->currency, strlen(o->currency)))
        return fail_open(SHOP_INVALID, "the currency is not known");
    return SHOP_OK;
}

shop_status shop_open(const shop_options *options, shop **out)
{
    open_error[0] = '\0';
    shop_reason_note(SHOP_REASON_NONE);
    if (!out)
        return fail_open(SHOP_MISUSE, "shop_open needs a place for the shop");
    *out = NULL;
    if (!options || options->struct_size != sizeof *options)
        return fail_open(SHOP_MISUSE, "the options were not made by SHOP_OPTIONS_INIT");
    if (sodium_init() < 0)
        return fail_open(SHOP_INTERNAL, "libsodium cannot be initialised");
    shop_status status = check_options(options);
    if (status != SHOP_OK)
        return status;
    struct shop *s = shop_mem_zalloc(1, sizeof *s);
    if (!s)
        return fail_open(SHOP_NO_MEMORY, "out of memory");
    s->options = *options;
    shop_trouble_init(&s->trouble);
    status = take_texts(&s->options);
    if (status == SHOP_OK)
        status = take_numbers(&s->options);
    if (status == SHOP_OK) {
        s->currency = shop_currency_find(s->options.currency, strlen(s->options.currency));
        derive_keys(s);
        status = open_parts(s);
    }
    if (status != SHOP_OK) {
        shop_close(s);
        return status;
    }
    *out = s;
    return SHOP_OK;
}

void shop_close(shop *s)
{
    if (!s)
        return;
    shop_gateway_close(s->gateway);
    if (s->storage_self)
        s->storage->close(s->storage_self);
    shop_positions_free(s->positions);
    shop_password_pool_free(s->passwords);
    shop_ids_free(s->ids);
    shop_trouble_free(&s->trouble);
    free_options(&s->options);
    sodium_memzero(s, sizeof *s);
    shop_mem_free(s);
}

/* ------------------------------------------------------------------------------------------------ asking */

shop_status shop_ping(shop *s)
{
    shop_fault fault = {.outcome = SHOP_STORAGE_OK};
    shop_reason_note(SHOP_REASON_NONE);
    fault.outcome = s->storage->ping(s->storage_self, &fault);
    shop_trouble_note(s, "ping", &fault);
    if (fault.outcome == SHOP_STORAGE_OK)
        return SHOP_OK;
    shop_reason_note_fault(&fault);
    if (fault.outcome != SHOP_STORAGE_UNAVAILABLE)
        shop_log(s, SHOP_LOG_ERROR, "storage: ping failed, outcome %d: %s", (int)fault.outcome, fault.detail);
    return SHOP_UNAVAILABLE;
}

const char *shop_currency_code(const shop *s)
{
    return s->currency->code;
}

int32_t shop_currency_digits(const shop *s)
{
    return s->currency->digits;
}

int64_t shop_now(const shop *s)
{
    if (s->options.clock)
        return s->options.clock(s->options.clock_user);
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}
