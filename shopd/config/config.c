/* SPDX-License-Identifier: MIT */
/* The settings of shopd: flags beat the environment, which beats --config FILE, which beats .env. One table describes them. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <shop/base.h>
#include <shop/money.h>

#include "secret.h"

#define KIND_TEXT 1
#define KIND_SECRET 2 /* a text that is never shown */
#define KIND_NUMBER 3
#define KIND_SWITCH 4 /* on or off; also true/false, yes/no, 1/0 */
#define KIND_WORD 5 /* one of `words`, space-separated */

typedef struct setting {
    const char *key;
    int kind;
    size_t offset;
    const char *standard; /* NULL: none */
    int64_t least;
    int64_t most;
    const char *words;
    const char *doc;
} setting;

#define AT(member) offsetof(config, member)
#define YEAR INT64_C(31536000)

static const setting settings_table[] = {
    {"DATABASE_URL", KIND_SECRET, AT(database), NULL, 0, 0, NULL,
     "where the shop is kept: sqlite:PATH, memory:, or another backend's URL (default: sqlite:shop.db, or from DB_HOST)"},
    {"DB_HOST", KIND_TEXT, AT(db_host), NULL, 0, 0, NULL, "host of a PostgreSQL server, when DATABASE_URL is not given"},
    {"DB_PORT", KIND_TEXT, AT(db_port), NULL, 0, 0, NULL, "its port (5432)"},
    {"DB_NAME", KIND_TEXT, AT(db_name), NULL, 0, 0, NULL, "its database (shop)"},
    {"DB_USER", KIND_TEXT, AT(db_user), NULL, 0, 0, NULL, "its user"},
    {"DB_PASSWORD", KIND_SECRET, AT(db_password), NULL, 0, 0, NULL, "the user's password"},
    {"SHOP_DATABASE_WAIT", KIND_NUMBER, AT(database_wait), "30", 0, 86400, NULL,
     "seconds to wait at start for a database server that does not answer yet; 0: not at all"},
    {"SECRET_KEY", KIND_SECRET, AT(secret_key), NULL, 0, 0, NULL,
     "signs tokens; at least 32 bytes; required in production (development: one is made and kept beside the database)"},
    {"SHOP_ENV", KIND_WORD, AT(environment), "development", 0, 0, "development production", "what may be lax"},
    {"SHOP_LISTEN", KIND_TEXT, AT(listen), "127.0.0.1:8000", 0, 0, NULL, "ADDRESS:PORT; port 0: a free one; [::1]:8000"},
    {"SHOP_LISTENERS", KIND_NUMBER, AT(listeners), "0", 0, 64, NULL, "threads that speak HTTP; 0: by the number of cores"},
    {"SHOP_WORKERS", KIND_NUMBER, AT(workers), "0", 0, 256, NULL, "threads that answer; 0: by the number of cores"},
    {"SHOP_QUEUE", KIND_NUMBER, AT(queue), "1024", 1, 65536, NULL, "requests that may wait for a worker; beyond: 503"},
    {"SHOP_MAX_CONNECTIONS", KIND_NUMBER, AT(max_connections), "1024", 1, 1000000, NULL, "open connections"},
    {"SHOP_MAX_BODY", KIND_NUMBER, AT(max_body), "262144", 1024, 16777216, NULL, "bytes of a request's body"},
    {"SHOP_DRAIN_SECONDS", KIND_NUMBER, AT(drain_seconds), "10", 0, 3600, NULL,
     "how long a stopping server finishes what runs"},
    {"SHOP_GATEWAY_WORKERS", KIND_NUMBER, AT(gateway_workers), "0", 0, 256, NULL,
     "threads that answer what may call the payment gateway; 0: eight"},
    {"SHOP_GATEWAY_QUEUE", KIND_NUMBER, AT(gateway_queue), "64", 1, 65536, NULL,
     "requests that may wait for such a thread; beyond: 503"},
    {"SHOP_GATEWAY_TIMEOUT_MS", KIND_NUMBER, AT(gateway_timeout_ms), "20000", 100, 120000, NULL,
     "how long one call of the payment gateway may take, repetitions included"},
    {"SHOP_PAYMENT_RETURN_URL", KIND_TEXT, AT(payment_return_url), NULL, 0, 0, NULL,
     "where a customer comes back to who paid at another site (a bank's), when shopd confirmed the payment"},
    {"SHOP_PAYMENT_RETRY", KIND_NUMBER, AT(payment_retry), "60", 1, 3600, NULL,
     "seconds after which a payment that is not finished is looked at again, then ever longer"},
    {"ALLOWED_HOSTS", KIND_TEXT, AT(allowed_hosts), NULL, 0, 0, NULL,
     "comma-separated names this server answers to; .example.com: all below it; checked in production"},
    {"CORS_ALLOWED_ORIGINS", KIND_TEXT, AT(cors_origins), NULL, 0, 0, NULL,
     "comma-separated origins (https://front.example) whose pages may call, with cookies"},
    {"SHOP_TRUST_PROXY", KIND_SWITCH, AT(trust_proxy), "off", 0, 0, NULL,
     "believe X-Forwarded-Proto and X-Forwarded-Host: only behind a proxy that sets them"},
    {"SHOP_COOKIE_SECURE", KIND_WORD, AT(cookie_secure), "auto", 0, 0, "auto on off", "Secure cookies; auto: in production"},
    {"STRIPE_SECRET_KEY", KIND_SECRET, AT(stripe_secret_key), NULL, 0, 0, NULL,
     "key of the Stripe account (sk_… or a restricted rk_…); without it the test gateway serves and no money moves"},
    {"STRIPE_PUBLISHABLE_KEY", KIND_TEXT, AT(stripe_publishable_key), NULL, 0, 0, NULL,
     "the account's pk_… key, handed to clients"},
    {"STRIPE_WEBHOOK_SECRET", KIND_SECRET, AT(stripe_webhook_secret), NULL, 0, 0, NULL,
     "comma-separated secrets of the webhook endpoint (two while one is rolled); required in production with a "
     "STRIPE_SECRET_KEY"},
    {"STRIPE_CURRENCY", KIND_TEXT, AT(currency), "usd", 0, 0, NULL, "the shop's currency, ISO 4217"},
    {"STRIPE_API_BASE", KIND_TEXT, AT(stripe_api_base), NULL, 0, 0, NULL,
     "another address of the Stripe API, such as a stand-in: https, or http on this machine (production: https)"},
    {"EMAIL_HOST", KIND_TEXT, AT(email_host), NULL, 0, 0, NULL, "mail server (accepted; this version sends no mail yet)"},
    {"EMAIL_PORT", KIND_NUMBER, AT(email_port), "587", 1, 65535, NULL, "its port"},
    {"EMAIL_HOST_USER", KIND_TEXT, AT(email_user), NULL, 0, 0, NULL, "its user"},
    {"EMAIL_HOST_PASSWORD", KIND_SECRET, AT(email_password), NULL, 0, 0, NULL, "the user's password"},
    {"EMAIL_USE_TLS", KIND_SWITCH, AT(email_tls), "on", 0, 0, NULL, "speak TLS with it"},
    {"DEFAULT_FROM_EMAIL", KIND_TEXT, AT(email_from), NULL, 0, 0, NULL, "sender of the shop's mail"},
    {"SHOP_RATE_LIMIT", KIND_SWITCH, AT(rate_limit), "on", 0, 0, NULL, "accepted; this version does not limit yet"},
    {"SHOP_ACCESS_TTL", KIND_NUMBER, AT(access_ttl), "300", 1, YEAR, NULL, "seconds an access token lives"},
    {"SHOP_REFRESH_TTL", KIND_NUMBER, AT(refresh_ttl), "604800", 1, YEAR, NULL, "seconds a refresh token lives"},
    {"SHOP_ORDER_TTL", KIND_NUMBER, AT(order_ttl), "1800", 0, YEAR, NULL, "seconds an unpaid order lives; 0: for ever"},
    {"SHOP_IDEMPOTENCY_TTL", KIND_NUMBER, AT(idempotency_ttl), "86400", 60, YEAR, NULL, "seconds an idempotency key is kept"},
    {"SHOP_CALL_TIMEOUT_MS", KIND_NUMBER, AT(call_timeout_ms), "5000", 10, 600000, NULL,
     "how long a request waits for storage"},
    {"SHOP_OWNER_REFUNDS", KIND_SWITCH, AT(owner_refunds), "off", 0, 0, NULL, "customers may refund their own payments"},
    {"SHOP_PASSWORD_MEMORY_KIB", KIND_NUMBER, AT(password_memory_kib), "19456", 8, 4194304, NULL,
     "Argon2id memory; less than 19456 only in development"},
    {"SHOP_PASSWORD_PASSES", KIND_NUMBER, AT(password_passes), "2", 1, 100, NULL,
     "Argon2id passes; less than 2 only in development"},
    {"SHOP_PASSWORD_THREADS", KIND_NUMBER, AT(password_threads), "2", 1, 64, NULL, "how many passwords are hashed at once"},
    {"SHOP_LOG_LEVEL", KIND_WORD, AT(log_level), "warning", 0, 0, "error warning info debug",
     "what is logged to standard error; info has a line for every request"},
    {"SHOP_LOG_FORMAT", KIND_WORD, AT(log_format), "text", 0, 0, "text json", "the form of log lines"},
};

#define SETTING_COUNT (sizeof settings_table / sizeof settings_table[0])

/* Variables that begin as ours do and are not: test settings, and those that Kubernetes makes for a service named "shop". */
static const char *const foreign_prefixes[] = {"SHOP_TEST_", "SHOP_SERVICE_", "SHOP_PORT"};

static int fail(config *settings, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int fail(config *settings, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(settings->error, sizeof settings->error, format, arguments);
    va_end(arguments);
    return 0;
}

static int is_number(const setting *s)
{
    return s->kind == KIND_NUMBER || s->kind == KIND_SWITCH;
}

static char **text_of(config *settings, const setting *s)
{
    return (char **)(void *)((char *)settings + s->offset);
}

static int64_t *number_of(config *settings, const setting *s)
{
    return (int64_t *)(void *)((char *)settings + s->offset);
}

int config_init(config *settings)
{
    memset(settings, 0, sizeof *settings);
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (is_number(&settings_table[i])) {
            *number_of(settings, &settings_table[i]) = SHOP_UNSET;
        }
    }
    return 1;
}

void config_free(config *settings)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (!is_number(&settings_table[i])) {
            secret_free(*text_of(settings, &settings_table[i]));
            *text_of(settings, &settings_table[i]) = NULL;
        }
    }
    free(settings->listen_address);
    settings->listen_address = NULL;
}

static const setting *find_setting(const char *key, size_t length)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const char *name = settings_table[i].key;
        if (strncmp(name, key, length) == 0 && name[length] == '\0') {
            return &settings_table[i];
        }
    }
    return NULL;
}

static int has_word(const char *words, const char *word)
{
    size_t length = strlen(word);
    const char *at = words;
    while (at != NULL && length > 0) {
        if (strncmp(at, word, length) == 0 && (at[length] == ' ' || at[length] == '\0')) {
            return 1;
        }
        at = strchr(at, ' ');
        at = at == NULL ? NULL : at + 1;
    }
    return 0;
}

static int parse_number(const setting *s, const char *value, int64_t *number)
{
    if (!isdigit((unsigned char)value[0])) {
        return 0;
    }
    char *end = NULL;
    errno = 0;
    long long parsed = strtoll(value, &end, 10);
    if (errno != 0 || *end != '\0' || parsed < s->least || parsed > s->most) {
        return 0;
    }
    *number = parsed;
    return 1;
}

static int parse_switch(const char *value, int64_t *number)
{
    if (has_word("on true yes 1 True", value)) {
        *number = 1;
        return 1;
    }
    *number = 0;
    return has_word("off false no 0 False", value);
}

/* Stores a value; a setting that has one already keeps it, but the value is checked all the same. */
static int store(config *settings, const setting *s, const char *value, const char *source)
{
    int64_t number = 0;
    if (s->kind == KIND_NUMBER && !parse_number(s, value, &number)) {
        return fail(settings, "%s (%s) must be a whole number from %" PRId64 " to %" PRId64, s->key, source, s->least, s->most);
    }
    if (s->kind == KIND_SWITCH && !parse_switch(value, &number)) {
        return fail(settings, "%s (%s) must be on or off", s->key, source);
    }
    if (s->kind == KIND_WORD && (strchr(value, ' ') != NULL || !has_word(s->words, value))) {
        return fail(settings, "%s (%s) must be one of: %s", s->key, source, s->words);
    }
    if (is_number(s)) {
        if (*number_of(settings, s) == SHOP_UNSET) {
            *number_of(settings, s) = number;
        }
        return 1;
    }
    if (*text_of(settings, s) != NULL) {
        return 1;
    }
    *text_of(settings, s) = strdup(value);
    return *text_of(settings, s) != NULL ? 1 : fail(settings, "out of memory");
}

int config_set(config *settings, const char *key, const char *value, const char *source)
{
    const setting *s = find_setting(key, strlen(key));
    if (s == NULL) {
        return fail(settings, "%.100s (%s) is not a setting of shopd; `shopd help config` lists them", key, source);
    }
    return value[0] == '\0' ? 1 : store(settings, s, value, source);
}

static int is_foreign(const char *key)
{
    for (size_t i = 0; i < sizeof foreign_prefixes / sizeof foreign_prefixes[0]; i++) {
        if (strncmp(key, foreign_prefixes[i], strlen(foreign_prefixes[i])) == 0) {
            return 1;
        }
    }
    return strncmp(key, "SHOP_", 5) != 0;
}

/* A key of a source that others share: unknown ones matter only when they look like ours. */
static int set_shared(config *settings, const char *key, const char *value, const char *source)
{
    if (find_setting(key, strlen(key)) == NULL && is_foreign(key)) {
        return 1;
    }
    return config_set(settings, key, value, source);
}

int config_read_environment(config *settings, char *const *environment)
{
    for (size_t i = 0; environment[i] != NULL; i++) {
        const char *equals = strchr(environment[i], '=');
        char key[128];
        if (equals == NULL || (size_t)(equals - environment[i]) >= sizeof key) {
            continue;
        }
        memcpy(key, environment[i], (size_t)(equals - environment[i]));
        key[equals - environment[i]] = '\0';
        if (!set_shared(settings, key, equals + 1, "environment")) {
            return 0;
        }
    }
    return 1;
}

static char *trim(char *text)
{
    while (isspace((unsigned char)*text)) {
        text++;
    }
    size_t length = strlen(text);
    while (length > 0 && isspace((unsigned char)text[length - 1])) {
        text[--length] = '\0';
    }
    return text;
}

/* Takes off a pair of quotes, or a comment behind an unquoted value. 0: a quote is not closed. */
static int unquote(char **value)
{
    char *text = *value;
    if (text[0] == '"' || text[0] == '\'') {
        char *end = strrchr(text + 1, text[0]);
        if (end == NULL || end[1] != '\0') {
            return 0;
        }
        *end = '\0';
        *value = text + 1;
        return 1;
    }
    char *comment = strstr(text, " #");
    if (comment != NULL) {
        *comment = '\0';
        *value = trim(text);
    }
    return 1;
}

static int read_line(config *settings, char *line, const char *path, int number, int strict)
{
    char source[300];
    snprintf(source, sizeof source, "%.250s line %d", path, number);
    char *text = trim(line);
    if (text[0] == '\0' || text[0] == '#') {
        return 1;
    }
    if (strncmp(text, "export ", 7) == 0) {
        text = trim(text + 7);
    }
    char *equals = strchr(text, '=');
    if (equals == NULL || equals == text) {
        return fail(settings, "%s: expected KEY=VALUE", source);
    }
    *equals = '\0';
    char *key = trim(text);
    char *value = trim(equals + 1);
    if (!unquote(&value)) {
        return fail(settings, "%s: the quote is not closed", source);
    }
    return strict ? config_set(settings, key, value, source) : set_shared(settings, key, value, source);
}

int config_read_file(config *settings, const char *path, int strict, int must_exist)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return !must_exist && errno == ENOENT ? 1 : fail(settings, "%.300s cannot be read: %s", path, strerror(errno));
    }
    char line[4096];
    int ok = 1;
    for (int number = 1; ok && fgets(line, sizeof line, file) != NULL; number++) {
        if (strchr(line, '\n') == NULL && !feof(file)) {
            ok = fail(settings, "%.300s line %d is too long", path, number);
        } else {
            ok = read_line(settings, line, path, number, strict);
        }
    }
    if (ok && ferror(file)) {
        ok = fail(settings, "%.300s cannot be read", path);
    }
    secret_wipe(line, sizeof line);
    fclose(file);
    return ok;
}

#define PLAIN "-._~" /* with letters and digits: what stands for itself in a URL's user, password and name, … */
#define PLAIN_IN_HOSTS PLAIN ",:[]" /* … and in its hosts; a "/" is a socket's directory */

/* Percent-encodes the rest. Returns the length, or 0 when it does not fit. */
static size_t encode_part(char *to, size_t size, const char *text, const char *plain_others)
{
    size_t length = 0;
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        int plain = isalnum(byte) || strchr(plain_others, byte) != NULL;
        if (length + 4 > size) {
            return 0;
        }
        length += (size_t)snprintf(to + length, size - length, plain ? "%c" : "%%%02X", byte);
    }
    return length;
}

static int compose_database(config *settings)
{
    char user[256] = "";
    char password[1024] = "";
    char name[256] = "shop";
    char host[512] = "";
    int is_v6 = strchr(settings->db_host, ':') != NULL && strchr(settings->db_host, '[') == NULL;
    if (encode_part(host, sizeof host, settings->db_host, PLAIN_IN_HOSTS) == 0 ||
        (settings->db_user != NULL && encode_part(user, sizeof user, settings->db_user, PLAIN) == 0) ||
        (settings->db_password != NULL && encode_part(password, sizeof password, settings->db_password, PLAIN) == 0) ||
        (settings->db_name != NULL && encode_part(name, sizeof name, settings->db_name, PLAIN) == 0)) {
        secret_wipe(password, sizeof password);
        return fail(settings, "DB_HOST, DB_USER, DB_PASSWORD or DB_NAME is too long");
    }
    size_t size = strlen(user) + strlen(password) + strlen(name) + strlen(host) + 64;
    settings->database = malloc(size);
    if (settings->database != NULL) {
        snprintf(settings->database, size, "postgresql://%s%s%s%s%s%s%s:%s/%s", user, password[0] != '\0' ? ":" : "", password,
                 user[0] != '\0' || password[0] != '\0' ? "@" : "", is_v6 ? "[" : "", host, is_v6 ? "]" : "",
                 settings->db_port != NULL ? settings->db_port : "5432", name);
    }
    secret_wipe(password, sizeof password);
    return settings->database != NULL ? 1 : fail(settings, "out of memory");
}

static int finish_database(config *settings)
{
    if (settings->database != NULL) {
        return 1;
    }
    if (settings->db_host != NULL) {
        return compose_database(settings);
    }
    settings->database = strdup("sqlite:shop.db");
    return settings->database != NULL ? 1 : fail(settings, "out of memory");
}

/* "ADDRESS:PORT", "[v6]:PORT", ":PORT" or "PORT". */
static int finish_listen(config *settings)
{
    const char *text = settings->listen;
    const char *colon = strrchr(text, ':');
    const char *port = colon == NULL ? text : colon + 1;
    size_t length = colon == NULL ? 0 : (size_t)(colon - text);
    static const setting port_range = {"port", KIND_NUMBER, 0, NULL, 0, 65535, NULL, NULL};
    int bracketed = length >= 2 && text[0] == '[' && text[length - 1] == ']';
    if (!parse_number(&port_range, port, &settings->listen_port) || (!bracketed && memchr(text, ':', length) != NULL)) {
        return fail(settings, "SHOP_LISTEN must be ADDRESS:PORT, as in 127.0.0.1:8000 or [::1]:8000");
    }
    if (bracketed) {
        text++;
        length -= 2;
    }
    free(settings->listen_address);
    settings->listen_address = length == 0 ? strdup(colon == NULL ? "127.0.0.1" : "0.0.0.0") : strndup(text, length);
    return settings->listen_address != NULL ? 1 : fail(settings, "out of memory");
}

int config_finish(config *settings)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const setting *s = &settings_table[i];
        if (s->standard != NULL && !store(settings, s, s->standard, "default")) {
            return 0;
        }
    }
    if (shop_amount_digits(settings->currency) < 0) {
        return fail(settings, "STRIPE_CURRENCY is not a currency of ISO 4217 that shopd knows");
    }
    if (settings->secret_key != NULL && strlen(settings->secret_key) < 32) {
        return fail(settings, "SECRET_KEY is shorter than 32 bytes");
    }
    return finish_database(settings) && finish_listen(settings);
}

int config_is_production(const config *settings)
{
    return strcmp(settings->environment, "production") == 0;
}

int config_cookies_are_secure(const config *settings)
{
    return strcmp(settings->cookie_secure, "auto") == 0 ? config_is_production(settings)
                                                        : strcmp(settings->cookie_secure, "on") == 0;
}

static int check_origins(config *settings)
{
    const char *at = settings->cors_origins == NULL ? "" : settings->cors_origins;
    while (*at != '\0') {
        size_t length = strcspn(at, ",");
        while (length > 0 && *at == ' ') {
            at++;
            length--;
        }
        size_t scheme = strncmp(at, "https://", 8) == 0 ? 8 : strncmp(at, "http://", 7) == 0 ? 7 : 0;
        if (length > 0 && (scheme == 0 || length == scheme || memchr(at + scheme, '/', length - scheme) != NULL ||
                           memchr(at, '*', length) != NULL)) {
            return fail(settings, "CORS_ALLOWED_ORIGINS must list origins, as in https://front.example (no path, no *)");
        }
        at += length + (at[length] == ',' ? 1 : 0);
    }
    return 1;
}

int config_check_serve(config *settings)
{
    if (!check_origins(settings)) {
        return 0;
    }
    if (!config_is_production(settings)) {
        return 1;
    }
    const char *weakness = secret_weakness(settings->secret_key);
    if (weakness != NULL) {
        return fail(settings, "SECRET_KEY %s; production needs a random one, as `openssl rand -hex 32` makes", weakness);
    }
    if (settings->password_memory_kib < 19456 || settings->password_passes < 2) {
        return fail(settings, "SHOP_PASSWORD_MEMORY_KIB and SHOP_PASSWORD_PASSES are too low for production (19456 and 2)");
    }
    if (settings->allowed_hosts == NULL) {
        return fail(settings, "ALLOWED_HOSTS must name this server's hosts in production");
    }
    return config_check_gateway(settings);
}

/* ------------------------------------------------------------------------------------------------ payments */

int config_has_stripe(const config *settings)
{
    return settings->stripe_secret_key != NULL;
}

int config_check_gateway(config *settings)
{
    if (!config_is_production(settings) || !config_has_stripe(settings)) {
        return 1;
    }
    if (settings->stripe_webhook_secret == NULL) {
        return fail(settings,
                    "STRIPE_SECRET_KEY is set without STRIPE_WEBHOOK_SECRET; production needs the secret of its webhook "
                    "endpoint, to learn of payments at once");
    }
    if (settings->stripe_api_base != NULL && strncasecmp(settings->stripe_api_base, "https://", 8) != 0) {
        return fail(settings, "STRIPE_API_BASE must begin with https:// in production");
    }
    return 1;
}

/* A secret key (sk_) or a restricted one (rk_) of that kind: "live" or "test". */
static int has_key_of(const config *settings, const char *kind)
{
    const char *key = settings->stripe_secret_key;
    return key != NULL && (strncmp(key, "sk_", 3) == 0 || strncmp(key, "rk_", 3) == 0) && strncmp(key + 3, kind, 4) == 0 &&
           key[7] == '_';
}

static int tries_in_production(const config *settings)
{
    return config_is_production(settings) && has_key_of(settings, "test");
}

static int is_live_in_development(const config *settings)
{
    return !config_is_production(settings) && has_key_of(settings, "live");
}

static int hears_of_nothing(const config *settings)
{
    return config_has_stripe(settings) && settings->stripe_webhook_secret == NULL;
}

static int has_no_publishable_key(const config *settings)
{
    return config_has_stripe(settings) && settings->stripe_publishable_key == NULL;
}

static int has_unused_base(const config *settings)
{
    return !config_has_stripe(settings) && settings->stripe_api_base != NULL;
}

static const struct gateway_warning {
    int (*applies)(const config *settings);
    const char *text;
} gateway_warnings[] = {
    {tries_in_production, "STRIPE_SECRET_KEY is a key for trying out: this is production, but no money moves"},
    {is_live_in_development, "STRIPE_SECRET_KEY is a live key: this is development, but real money moves"},
    {hears_of_nothing, "there is no STRIPE_WEBHOOK_SECRET: payments are only found by asking Stripe now and then"},
    {has_no_publishable_key, "there is no STRIPE_PUBLISHABLE_KEY: clients cannot talk to Stripe"},
    {has_unused_base, "STRIPE_API_BASE is not used without a STRIPE_SECRET_KEY"},
};

const char *config_gateway_warning(const config *settings, size_t i)
{
    for (size_t row = 0; row < sizeof gateway_warnings / sizeof gateway_warnings[0]; row++) {
        if (gateway_warnings[row].applies(settings) && i-- == 0) {
            return gateway_warnings[row].text;
        }
    }
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ lists, help */

int config_list_has(const char *list, const char *item, size_t length)
{
    const char *at = list == NULL ? "" : list;
    while (*at != '\0') {
        at += strspn(at, ", ");
        size_t here = strcspn(at, ", ");
        if (here == length && here > 0 && strncasecmp(at, item, length) == 0) {
            return 1;
        }
        at += here;
    }
    return 0;
}

int config_list_has_host(const char *list, const char *host, size_t length)
{
    const char *at = list == NULL ? "" : list;
    while (*at != '\0') {
        at += strspn(at, ", ");
        size_t here = strcspn(at, ", ");
        if (here == 1 && *at == '*') {
            return 1;
        }
        if (here > 1 && *at == '.' &&
            ((length == here - 1 && strncasecmp(at + 1, host, length) == 0) ||
             (length > here && strncasecmp(at, host + length - here, here) == 0))) {
            return 1;
        }
        if (here > 0 && here == length && strncasecmp(at, host, length) == 0) {
            return 1;
        }
        at += here;
    }
    return 0;
}

void config_print_help(FILE *to)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const setting *s = &settings_table[i];
        fprintf(to, "  %-26s %s", s->key, s->doc);
        if (s->words != NULL) {
            fprintf(to, " [%s]", s->words);
        }
        if (s->standard != NULL) {
            fprintf(to, " (default %s)", s->standard);
        }
        fputc('\n', to);
    }
}
