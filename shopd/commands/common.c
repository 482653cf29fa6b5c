/* SPDX-License-Identifier: MIT */
/* What several commands do: saying errors, opening the shop. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <shop/sys/storage.h>

#include "../app/log.h"
#include "../config/secret.h"
#include "commands.h"

#define OPEN_PAUSE_MS 250 /* between two attempts at a database that is away */

int command_fail(int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("shopd: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return code;
}

int command_fail_call(const shop_ctx *cx, const char *what)
{
    fprintf(stderr, "shopd: %s: %s\n", what, shop_ctx_error_detail(cx));
    for (size_t i = 0; i < shop_ctx_error_field_count(cx); i++) {
        fprintf(stderr, "  %s: %s\n", shop_ctx_error_field(cx, i), shop_ctx_error_message(cx, i));
    }
    return EXIT_FAILED;
}

/*
 * Development without SECRET_KEY: a file database gets a key of its own beside it, so that tokens outlive the process;
 * others get one that the library makes for the process.
 */
static int find_secret_key(config *settings)
{
    static const char scheme[] = "sqlite:";
    if (settings->secret_key != NULL || strncmp(settings->database, scheme, sizeof scheme - 1) != 0) {
        return 1;
    }
    const char *path = settings->database + sizeof scheme - 1;
    size_t length = strcspn(path, "?");
    if (length == 0 || path[0] == ':') {
        return 1; /* no file */
    }
    char *key_path = malloc(length + sizeof ".key");
    if (key_path == NULL) {
        return 0;
    }
    memcpy(key_path, path, length);
    memcpy(key_path + length, ".key", sizeof ".key");
    int ok = secret_load_or_make(key_path, &settings->secret_key);
    if (!ok) {
        command_fail(EXIT_DATABASE, "the development key %s cannot be read or made: %s", key_path, strerror(errno));
    }
    free(key_path);
    return ok;
}

static void take_log(void *user, int32_t level, const char *message)
{
    (void)user;
    log_write(level, "%s", message);
}

static void fill_options(shop_options *o, const config *settings, const char *webhook_url)
{
    o->database = settings->database;
    o->secret_key = settings->secret_key;
    o->currency = settings->currency;
    o->access_ttl = settings->access_ttl;
    o->refresh_ttl = settings->refresh_ttl;
    o->order_ttl = settings->order_ttl;
    o->idempotency_ttl = settings->idempotency_ttl;
    o->password_memory_kib = settings->password_memory_kib;
    o->password_passes = settings->password_passes;
    o->password_threads = settings->password_threads;
    o->call_timeout_ms = settings->call_timeout_ms;
    o->publishable_key = settings->stripe_publishable_key;
    o->webhook_secret = settings->stripe_webhook_secret;
    o->webhook_url = config_has_stripe(settings) ? NULL : webhook_url;
    o->gateway_secret = settings->stripe_secret_key;
    o->gateway_url = settings->stripe_api_base;
    o->gateway_timeout_ms = settings->gateway_timeout_ms;
    o->payment_retry = settings->payment_retry;
    o->payment_return_url = settings->payment_return_url;
    o->owner_refunds = settings->owner_refunds;
    o->log = take_log;
}

/* Most options were checked with the settings: what is left to be invalid beside the database is what the gateway is given. */
static int fail_open(shop_status status)
{
    shop_reason reason = shop_last_reason();
    if (reason == SHOP_REASON_NONE) {
        return command_fail(status == SHOP_INVALID ? EXIT_USAGE : EXIT_FAILED, "%s", shop_open_error());
    }
    const char *advice = exit_advice(reason);
    return command_fail(exit_code_of(reason), "%s%s%s", shop_open_error(), advice[0] != '\0' ? "; " : "", advice);
}

/* Waits a moment. 0: a signal came that ends the program. */
static int pause_opening(const sigset_t *ends)
{
    const struct timespec moment = {.tv_nsec = OPEN_PAUSE_MS * 1000000L};
    if (ends == NULL) {
        nanosleep(&moment, NULL);
        return 1;
    }
    int which = sigtimedwait(ends, NULL, &moment);
    if (which > 0) {
        raise(which); /* it is blocked: whoever waits for it next gets it */
    }
    return which <= 0;
}

/*
 * A server and its database are often started together: what may pass is tried again for a while, rather than ending and being started
 * again and again. That is said once.
 */
static shop_status open_patiently(const command_line *line, const shop_options *options, shop **out)
{
    int64_t until = shop_monotonic_now() + line->settings.database_wait * 1000000;
    int waited = 0;
    shop_status status = shop_open(options, out);
    while (status != SHOP_OK && shop_reason_passes(shop_last_reason()) && shop_monotonic_now() < until) {
        if (!waited) {
            fprintf(stderr, "shopd: waiting up to %lld seconds: %s\n", (long long)line->settings.database_wait,
                    shop_open_error());
        }
        waited = 1;
        if (!pause_opening(line->ends)) {
            return SHOP_OK;
        }
        status = shop_open(options, out);
    }
    if (waited && status == SHOP_OK) {
        fputs("shopd: the database answers\n", stderr);
    }
    return status;
}

int command_open_shop(command_line *line, const char *webhook_url, shop **out)
{
    shop_options options = SHOP_OPTIONS_INIT;
    *out = NULL;
    if (!config_is_production(&line->settings) && !find_secret_key(&line->settings)) {
        return EXIT_DATABASE;
    }
    fill_options(&options, &line->settings, webhook_url);
    shop_status status = open_patiently(line, &options, out);
    return status == SHOP_OK ? EXIT_DONE : fail_open(status);
}

shop_ctx *command_context(shop *s)
{
    shop_ctx *cx = shop_ctx_new(s);
    if (cx == NULL) {
        command_fail(EXIT_FAILED, "out of memory");
        return NULL;
    }
    shop_ctx_set_actor(cx, SHOP_ACTOR_SYSTEM);
    return cx;
}
