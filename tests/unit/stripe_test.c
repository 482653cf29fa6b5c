/* SPDX-License-Identifier: MIT */
/* The Stripe gateway against answers that a scripted server on the loopback interface gives, one after the other. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <shop/sys/gateway.h>
#include <shop/sys/storage.h>

#include "../../libshop/core/arena.h"
#include "../../libshop/core/money.h"
#include "../../libshop/gateway/stripe/stripe.h"
#include "../../libshop/gateway/stripe/stripe_form.h"
#include "../../libshop/gateway/stripe/stripe_http.h"
#include "../../libshop/gateway/stripe/stripe_money.h"
#include "../../libshop/gateway/webhook.h"

extern char **environ;

#define SECRET "sk_test_0123456789abcdef"
#define INTENT                                                                                                                 \
    "{\"id\":\"pi_1\",\"object\":\"payment_intent\",\"amount\":1234,\"currency\":\"usd\",\"status\":\"requires_payment_"       \
    "method\","                                                                                                                \
    "\"client_secret\":\"pi_1_secret_x\",\"new_member\":{\"a\":[1.5,null]},\"metadata\":{\"tag\":\"tag-1\"}}"
#define REFUND                                                                                                                 \
    "{\"id\":\"re_1\",\"object\":\"refund\",\"amount\":100,\"currency\":\"usd\",\"status\":\"pending\",\"payment_intent\":"    \
    "\"pi_1\","                                                                                                                \
    "\"metadata\":{\"tag\":\"r-1\"}}"

/* ------------------------------------------------------------------------------------------------ a scripted server */

typedef enum manner {
    ANSWERS,
    DROPS, /* takes the request and closes */
    HANGS, /* takes the request and says nothing more */
    CUTS, /* closes before the body's end */
} manner;

typedef struct scripted {
    int status;
    const char *headers; /* each with its \r\n; NULL: none */
    const char *body;
    manner manner;
} scripted;

#define REQUESTS_MAX 128

static struct {
    int fd;
    int port;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    const scripted *script; /* the last one is given for ever */
    size_t length;
    char *requests[REQUESTS_MAX];
    size_t request_count;
    size_t accepted;
} server = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* One whole request, or NULL at the connection's end. */
static char *read_request(int fd)
{
    size_t room = 16384;
    size_t length = 0;
    char *text = calloc(1, room);
    for (;;) {
        ssize_t n = read(fd, text + length, room - 1 - length);
        if (n <= 0) {
            free(text);
            return NULL;
        }
        length += (size_t)n;
        text[length] = '\0';
        const char *end = strstr(text, "\r\n\r\n");
        const char *size = strcasestr(text, "\r\nContent-Length:");
        size_t wanted = end && size && size < end ? strtoul(size + 17, NULL, 10) : 0;
        if (end && length >= (size_t)(end + 4 - text) + wanted)
            return text;
    }
}

static const scripted *note_request(char *request)
{
    pthread_mutex_lock(&server.lock);
    size_t at = server.request_count < server.length ? server.request_count : server.length - 1;
    if (server.request_count < REQUESTS_MAX)
        server.requests[server.request_count++] = request;
    else
        free(request);
    pthread_mutex_unlock(&server.lock);
    return &server.script[at];
}

static void send_all(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t n = send(fd, text, length, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        text += n;
        length -= (size_t)n;
    }
}

static void send_answer(int fd, const scripted *a)
{
    char head[1024];
    size_t size = strlen(a->body);
    int n = snprintf(head, sizeof head, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\nContent-Type: application/json\r\n%s\r\n",
                     a->status, size, a->headers ? a->headers : "");
    send_all(fd, head, (size_t)n);
    send_all(fd, a->body, a->manner == CUTS ? size / 2 : size);
}

static void *serve_connection(void *argument)
{
    int fd = (int)(intptr_t)argument;
    char *request;
    while ((request = read_request(fd))) {
        const scripted *a = note_request(request);
        if (a->manner == DROPS)
            break;
        if (a->manner == HANGS)
            continue;
        send_answer(fd, a);
        if (a->manner == CUTS)
            break;
    }
    close(fd);
    return NULL;
}

static void *accept_connections(void *unused)
{
    (void)unused;
    for (;;) {
        int fd = accept(server.fd, NULL, NULL);
        pthread_t thread;
        if (fd < 0)
            return NULL;
        pthread_mutex_lock(&server.lock);
        server.accepted++;
        pthread_mutex_unlock(&server.lock);
        if (pthread_create(&thread, NULL, serve_connection, (void *)(intptr_t)fd) == 0)
            pthread_detach(thread);
    }
}

static void start_server(const scripted *script, size_t length)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    pthread_t thread;
    server.script = script;
    server.length = length;
    server.fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert(bind(server.fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(server.fd, 16) == 0);
    cr_assert(getsockname(server.fd, (struct sockaddr *)&at, &size) == 0);
    server.port = ntohs(at.sin_port);
    cr_assert(pthread_create(&thread, NULL, accept_connections, NULL) == 0);
    pthread_detach(thread);
}

#define START(script) start_server(script, sizeof(script) / sizeof((script)[0]))

/* What follows a header's name in a request; "" when it is not there. */
static const char *header_of(size_t request, const char *name)
{
    static char values[8][256];
    static size_t next;
    char start[128];
    char *value = values[next++ % 8];
    (void)snprintf(start, sizeof start, "\r\n%s: ", name);
    cr_assert_lt(request, server.request_count);
    const char *found = strcasestr(server.requests[request], start);
    (void)snprintf(value, 256, "%.*s", found ? (int)strcspn(found + strlen(start), "\r") : 0,
                   found ? found + strlen(start) : "");
    return value;
}

static const char *body_of(size_t request)
{
    cr_assert_lt(request, server.request_count);
    return strstr(server.requests[request], "\r\n\r\n") + 4;
}

static int is_line(size_t request, const char *line)
{
    cr_assert_lt(request, server.request_count);
    return strncmp(server.requests[request], line, strlen(line)) == 0 && server.requests[request][strlen(line)] == '\r';
}

/* ------------------------------------------------------------------------------------------------ the gateway under test */

static const shop_gateway_vtable *stripe;
static void *self;
static shop_arena *arena;
static shop_gateway_fault fault;
static shop_gateway_intent intent;

static shop_gateway_host host_at(const char *url)
{
    return (shop_gateway_host){.struct_size = sizeof(shop_gateway_host),
                               .secret = SECRET,
                               .url = url,
                               .webhook_secrets = "whsec_old, whsec_new",
                               .timeout_ms = 8000};
}

static void open_at(const char *scheme, int64_t timeout_ms)
{
    static char url[64];
    (void)snprintf(url, sizeof url, "%s://127.0.0.1:%d", scheme, server.port);
    static shop_gateway_host host;
    host = host_at(url);
    host.timeout_ms = timeout_ms;
    stripe = shop_gateway_stripe();
    arena = shop_arena_new();
    cr_assert_eq(stripe->open(&host, &self, &fault), SHOP_GATEWAY_OK, "%s", fault.message);
}

#define BEGIN(...)                                                                                                             \
    static const scripted script[] = {__VA_ARGS__};                                                                            \
    START(script);                                                                                                             \
    open_at("http", 8000)

static shop_gateway_call call_within(const char *key, int64_t ms)
{
    return (shop_gateway_call){.struct_size = sizeof(shop_gateway_call),
                               .alloc = shop_arena_alloc_for_storage,
                               .arena = arena,
                               .deadline = shop_monotonic_now() + ms * 1000,
                               .key = key};
}

static const shop_gateway_order order = {
    .amount = 1234, .currency = "usd", .order = 17, .user = 4, .tag = "tag-1", .since = INT64_C(1767225600000000)};

static int32_t create(void)
{
    shop_gateway_call call = call_within("key-1", 8000);
    return stripe->create(self, &call, &order, &intent, &fault);
}

static int32_t retrieve(void)
{
    shop_gateway_call call = call_within(NULL, 8000);
    return stripe->retrieve(self, &call, "pi_1", &intent, &fault);
}

static int32_t confirm(void)
{
    shop_gateway_call call = call_within("key-2", 8000);
    return stripe->confirm(self, &call, "pi_1", "pm_card_visa", &intent, &fault);
}

static int32_t give_back(int64_t amount, shop_gateway_refund *out)
{
    shop_gateway_call call = call_within("key-3", 8000);
    shop_gateway_return what = {
        .intent = "pi_1", .amount = amount, .currency = "usd", .reason = "requested_by_customer", .tag = "r-1"};
    return stripe->refund(self, &call, &what, out, &fault);
}

/* ------------------------------------------------------------------------------------------------ money */

static shop_gateway_money money_of(const char *currency)
{
    shop_gateway_money money = {0};
    cr_assert(shop_stripe_money(currency, &money), "%s", currency);
    return money;
}

static int64_t units_of(const char *currency, int64_t minor)
{
    int64_t units = -1;
    return shop_stripe_units(currency, minor, &units) ? units : -1;
}

static int64_t minor_of(const char *currency, int64_t units)
{
    int64_t minor = -1;
    return shop_stripe_minor(currency, units, &minor) ? minor : -1;
}

Test(stripe_money, zero_decimal_currencies_are_charged_in_whole_units)
{
    static const char *const codes[] = {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw",
                                        "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        cr_expect_eq(units_of(codes[i], 500), 500, "%s", codes[i]);
        cr_expect_eq(minor_of(codes[i], 500), 500, "%s", codes[i]);
        cr_expect_eq(money_of(codes[i]).step, 1, "%s", codes[i]);
    }
}

Test(stripe_money, ariary_has_two_digits_in_iso_and_none_at_stripe)
{
    cr_expect_eq(units_of("mga", 12300), 123);
    cr_expect_eq(units_of("mga", 12345), -1);
    cr_expect_eq(minor_of("mga", 123), 12300);
    cr_expect_eq(money_of("mga").step, 100);
    cr_expect_eq(money_of("mga").most, INT64_C(99999999999900));
}

Test(stripe_money, krona_and_shilling_are_whole_but_charged_in_hundredths)
{
    static const char *const codes[] = {"isk", "ugx"};
    for (size_t i = 0; i < 2; i++) {
        cr_expect_eq(units_of(codes[i], 5), 500, "%s", codes[i]);
        cr_expect_eq(minor_of(codes[i], 500), 5, "%s", codes[i]);
        cr_expect_eq(minor_of(codes[i], 550), -1, "%s", codes[i]);
        cr_expect_eq(money_of(codes[i]).step, 1, "%s", codes[i]);
        cr_expect_eq(money_of(codes[i]).most, INT64_C(9999999999), "%s", codes[i]);
    }
}

Test(stripe_money, three_decimal_amounts_end_in_zero)
{
    static const char *const codes[] = {"bhd", "jod", "kwd", "omr", "tnd"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        cr_expect_eq(units_of(codes[i], 5120), 5120, "%s", codes[i]);
        cr_expect_eq(units_of(codes[i], 5124), -1, "%s", codes[i]);
        cr_expect_eq(money_of(codes[i]).step, 10, "%s", codes[i]);
    }
}

Test(stripe_money, forint_and_new_dollar_keep_two_decimals)
{
    cr_expect_eq(units_of("huf", 17501), 17501);
    cr_expect_eq(units_of("twd", 801), 801);
    cr_expect_eq(money_of("huf").step, 1);
    cr_expect_eq(money_of("huf").least, 17500);
    cr_expect_eq(money_of("twd").step, 1);
}

Test(stripe_money, the_least_charge_is_stripes)
{
    static const struct {
        const char *code;
        int64_t least;
    } rules[] = {{"usd", 50},  {"aed", 200},  {"ars", 50},  {"aud", 50},  {"brl", 50},  {"cad", 50},   {"chf", 50},
                 {"cop", 50},  {"czk", 1500}, {"dkk", 250}, {"eur", 50},  {"gbp", 30},  {"hkd", 400},  {"huf", 17500},
                 {"idr", 50},  {"ils", 50},   {"inr", 50},  {"jpy", 50},  {"krw", 50},  {"mxn", 1000}, {"myr", 200},
                 {"nok", 300}, {"nzd", 50},   {"php", 50},  {"pln", 200}, {"ron", 200}, {"rub", 50},   {"sek", 300},
                 {"sgd", 50},  {"thb", 1000}, {"zar", 50},  {"uah", 0}};
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        cr_expect_eq(money_of(rules[i].code).least, rules[i].least, "%s", rules[i].code);
}

Test(stripe_money, what_stripe_cannot_express_is_refused)
{
    static const char *const codes[] = {"iqd", "lyd", "clf", "uyw", "uyi", "bov", "che", "chw",
                                        "cou", "mxv", "usn", "xad", "xxx", "",    "us",  "dollars"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        shop_gateway_money money;
        cr_expect_not(shop_stripe_money(codes[i], &money), "%s", codes[i]);
        cr_expect_eq(units_of(codes[i], 1000), -1, "%s", codes[i]);
        cr_expect_eq(minor_of(codes[i], 1000), -1, "%s", codes[i]);
    }
    stripe = shop_gateway_stripe();
    shop_gateway_money money;
    cr_expect_eq(stripe->money(NULL, "clf", &money, &fault), SHOP_GATEWAY_REFUSED);
    cr_expect_eq(stripe->money(NULL, "usd", &money, &fault), SHOP_GATEWAY_OK);
}

Test(stripe_money, every_chargeable_amount_comes_back_as_it_was)
{
    size_t count;
    size_t chargeable = 0;
    const shop_currency *table = shop_currency_table(&count);
    for (size_t i = 0; i < count; i++) {
        shop_gateway_money m;
        if (!shop_stripe_money(table[i].code, &m))
            continue;
        chargeable++;
        cr_expect(m.step >= 1 && m.least >= 0 && m.least % m.step == 0 && m.most % m.step == 0 && m.most > m.least, "%s",
                  table[i].code);
        int64_t amounts[] = {0, m.step, m.least, 7 * m.step, 12345 * m.step, m.most};
        for (size_t k = 0; k < sizeof amounts / sizeof amounts[0]; k++)
            cr_expect_eq(minor_of(table[i].code, units_of(table[i].code, amounts[k])), amounts[k], "%s", table[i].code);
        cr_expect_leq(units_of(table[i].code, m.most), INT64_C(999999999999), "%s", table[i].code);
        cr_expect_gt(units_of(table[i].code, m.most + m.step), INT64_C(999999999999), "%s", table[i].code);
    }
    cr_expect_gt(chargeable, 130);
}

Test(stripe_money, overflow_and_negative_amounts_are_refused)
{
    cr_expect_eq(units_of("ugx", INT64_MAX / 100 + 1), -1);
    cr_expect_eq(units_of("ugx", INT64_C(1) << 62), -1, "a hundred times this is 0 in 64 bits");
    cr_expect_eq(units_of("ugx", INT64_MAX / 100), INT64_MAX / 100 * 100);
    cr_expect_eq(minor_of("mga", INT64_MAX / 100 + 1), -1);
    cr_expect_eq(units_of("usd", -1), -1);
    cr_expect_eq(minor_of("usd", -1), -1);
    cr_expect_eq(units_of("usd", INT64_MAX), INT64_MAX);
}

/* ------------------------------------------------------------------------------------------------ forms */

Test(stripe_form, names_and_values_are_encoded)
{
    shop_stripe_form form = {.length = 0};
    shop_stripe_form_int(&form, "amount", 1234);
    shop_stripe_form_text(&form, "metadata[tag]", "a b&c=d+é%\r\n/~");
    cr_expect_str_eq(form.text, "amount=1234&metadata%5btag%5d=a%20b%26c%3dd%2b%c3%a9%25%0d%0a%2f%7e");
}

Test(stripe_form, a_path_gets_a_query)
{
    shop_stripe_form path = {.length = 0};
    shop_stripe_form_raw(&path, "/v1/refunds");
    shop_stripe_form_int(&path, "limit", 100);
    shop_stripe_form_text(&path, "payment_intent", "pi_1");
    cr_expect_str_eq(path.text, "/v1/refunds?limit=100&payment_intent=pi_1");
}

Test(stripe_form, too_much_is_told_not_cut)
{
    static char long_text[SHOP_STRIPE_FORM_MAX];
    shop_stripe_form form = {.length = 0};
    memset(long_text, 'a', sizeof long_text - 1);
    shop_stripe_form_raw(&form, long_text);
    cr_expect_not(form.is_too_long);
    cr_expect_eq(strlen(form.text), sizeof long_text - 1);
    shop_stripe_form_raw(&form, "b");
    cr_expect(form.is_too_long);
    cr_expect_eq(strlen(form.text), sizeof long_text - 1);
}

Test(stripe_form, ids_cannot_change_a_path)
{
    char text[300];
    cr_expect(shop_stripe_is_id("pi_3Abc_09"));
    static const char *const bad[] = {"", "..", "a/b", "a?b", "a#b", "a%2fb", "a b", "a\r\nb", "pi_\xc3\xa9", "a-b"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_not(shop_stripe_is_id(bad[i]), "%s", bad[i]);
    memset(text, 'a', sizeof text);
    text[255] = '\0';
    cr_expect(shop_stripe_is_id(text));
    text[255] = 'a';
    text[256] = '\0';
    cr_expect_not(shop_stripe_is_id(text));
}

/* ------------------------------------------------------------------------------------------------ settings */

static int32_t try_open(const char *url, const char *secret)
{
    shop_gateway_host host = host_at(url);
    void *made = NULL;
    host.secret = secret;
    stripe = shop_gateway_stripe();
    int32_t outcome = stripe->open(&host, &made, &fault);
    if (outcome == SHOP_GATEWAY_OK)
        stripe->close(made);
    else
        cr_expect(fault.message[0] && !strstr(fault.message, "abcdef"), "%s", fault.message);
    return outcome;
}

Test(stripe_open, takes_https_and_http_on_loopback_only)
{
    static const char *const good[] = {"https://api.stripe.com", "https://proxy.example/stripe/",
                                       "http://127.0.0.1:8080",  "http://127.9.9.9:1/base",
                                       "http://localhost:1",     "http://[::1]:80/"};
    static const char *const bad[] = {"http://api.stripe.com",
                                      "http://127.0.0.1.evil.example",
                                      "http://128.0.0.1",
                                      "http://[::2]",
                                      "http://localhost.evil.example",
                                      "ftp://127.0.0.1",
                                      "file:///etc/passwd",
                                      "api.stripe.com",
                                      "",
                                      "https://",
                                      "https://user@api.stripe.com",
                                      "https://user:word@api.stripe.com",
                                      "http://127.0.0.1@evil.example",
                                      "https://api.stripe.com?x=1",
                                      "https://api.stripe.com?",
                                      "https://api.stripe.com#",
                                      "https://api.stripe.com/\r\nX: y",
                                      "https://api.stripe.com/ a"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        cr_expect_eq(try_open(good[i], SECRET), SHOP_GATEWAY_OK, "%s: %s", good[i], fault.message);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_eq(try_open(bad[i], SECRET), SHOP_GATEWAY_MISCONFIGURED, "%s", bad[i]);
    cr_expect_eq(try_open(NULL, SECRET), SHOP_GATEWAY_OK);
}

Test(stripe_open, takes_secret_and_restricted_keys_only)
{
    cr_expect_eq(try_open(NULL, "rk_live_abcdef"), SHOP_GATEWAY_OK);
    cr_expect_eq(try_open(NULL, NULL), SHOP_GATEWAY_MISCONFIGURED);
    cr_expect_eq(try_open(NULL, "pk_test_abcdef"), SHOP_GATEWAY_MISCONFIGURED);
    cr_expect_eq(try_open(NULL, "sk_test_abcdef\r\nX-Evil: 1"), SHOP_GATEWAY_MISCONFIGURED);
    cr_expect_eq(try_open(NULL, "sk_test_abc def"), SHOP_GATEWAY_MISCONFIGURED);
    cr_expect_eq(try_open(NULL, "sk_test_\xc3\xa9"), SHOP_GATEWAY_MISCONFIGURED);
}

/* ------------------------------------------------------------------------------------------------ requests */

Test(stripe_calls, create_asks_as_stripe_documents_it)
{
    BEGIN({200, NULL, INTENT, ANSWERS});
    cr_assert_eq(create(), SHOP_GATEWAY_OK, "%s", fault.detail);
    cr_expect(is_line(0, "POST /v1/payment_intents HTTP/1.1"));
    cr_expect_str_eq(body_of(0), "amount=1234&currency=usd&automatic_payment_methods%5benabled%5d=true&metadata%5border%5d=17&"
                                 "metadata%5buser%5d=4&metadata%5btag%5d=tag-1");
    cr_expect_str_eq(header_of(0, "Authorization"), "Bearer " SECRET);
    cr_expect_str_eq(header_of(0, "Stripe-Version"), "2026-08-26.dahlia");
    cr_expect_str_eq(header_of(0, "Idempotency-Key"), "key-1");
    cr_expect_str_eq(header_of(0, "Content-Type"), "application/x-www-form-urlencoded");
    cr_expect(strncmp(header_of(0, "User-Agent"), "libshop/", 8) == 0);
    cr_expect_str_eq(header_of(0, "Expect"), "");
    cr_expect_str_eq(intent.id, "pi_1");
    cr_expect_str_eq(intent.client_secret, "pi_1_secret_x");
    cr_expect_str_eq(intent.status, "requires_payment_method");
    cr_expect_str_eq(intent.currency, "usd");
    cr_expect_str_eq(intent.failure_message, "");
    cr_expect_eq(intent.amount, 1234);
}

Test(stripe_calls, reads_carry_no_key_and_no_body)
{
    BEGIN({200, NULL, INTENT, ANSWERS});
    cr_assert_eq(retrieve(), SHOP_GATEWAY_OK, "%s", fault.detail);
    cr_expect(is_line(0, "GET /v1/payment_intents/pi_1 HTTP/1.1"));
    cr_expect_str_eq(header_of(0, "Idempotency-Key"), "");
    cr_expect_str_eq(header_of(0, "Stripe-Version"), SHOP_STRIPE_API_VERSION);
    cr_expect_str_eq(body_of(0), "");
}

Test(stripe_calls, confirm_capture_and_cancel_ask_for_their_intent)
{
    BEGIN({200, NULL, INTENT, ANSWERS});
    shop_gateway_call call = call_within("key-9", 8000);
    cr_assert_eq(confirm(), SHOP_GATEWAY_OK, "%s", fault.detail);
    cr_assert_eq(stripe->capture(self, &call, "pi_1", &intent, &fault), SHOP_GATEWAY_OK);
    cr_assert_eq(stripe->cancel(self, &call, "pi_1", &intent, &fault), SHOP_GATEWAY_OK);
    cr_expect(is_line(0, "POST /v1/payment_intents/pi_1/confirm HTTP/1.1"));
    cr_expect(strncmp(body_of(0), "payment_method=pm_card_visa&return_url=https%3a%2f%2f", 50) == 0);
    cr_expect(is_line(1, "POST /v1/payment_intents/pi_1/capture HTTP/1.1"));
    cr_expect(is_line(2, "POST /v1/payment_intents/pi_1/cancel HTTP/1.1"));
    cr_expect_str_eq(body_of(2), "");
    cr_expect_str_eq(header_of(2, "Idempotency-Key"), "key-9");
}

Test(stripe_calls, refund_asks_and_reads)
{
    BEGIN({200, NULL, REFUND, ANSWERS});
    shop_gateway_refund refund;
    cr_assert_eq(give_back(100, &refund), SHOP_GATEWAY_OK, "%s", fault.detail);
    cr_expect(is_line(0, "POST /v1/refunds HTTP/1.1"));
    cr_expect_str_eq(body_of(0), "payment_intent=pi_1&amount=100&reason=requested_by_customer&metadata%5btag%5d=r-1");
    cr_expect_str_eq(refund.id, "re_1");
    cr_expect_str_eq(refund.intent, "pi_1");
    cr_expect_str_eq(refund.status, "pending");
    cr_expect_str_eq(refund.tag, "r-1");
    cr_expect_eq(refund.amount, 100);
}

Test(stripe_calls, amounts_go_out_and_come_in_by_stripes_table)
{
    BEGIN({200, NULL,
           "{\"id\":\"pi_2\",\"object\":\"payment_intent\",\"amount\":500,\"currency\":\"ugx\",\"status\":\"succeeded\"}",
           ANSWERS});
    shop_gateway_call call = call_within("key-1", 8000);
    shop_gateway_order in_shillings = order;
    in_shillings.currency = "ugx";
    in_shillings.amount = 5;
    cr_assert_eq(stripe->create(self, &call, &in_shillings, &intent, &fault), SHOP_GATEWAY_OK, "%s", fault.detail);
    cr_expect(strncmp(body_of(0), "amount=500&currency=ugx&", 24) == 0);
    cr_expect_eq(intent.amount, 5);
    cr_expect_null(intent.client_secret);
    in_shillings.currency = "kwd";
    in_shillings.amount = 5124;
    cr_expect_eq(stripe->create(self, &call, &in_shillings, &intent, &fault), SHOP_GATEWAY_REFUSED);
    cr_expect_eq(server.request_count, 1);
}

Test(stripe_calls, odd_ids_and_methods_ask_nobody)
{
    BEGIN({200, NULL, INTENT, ANSWERS});
    shop_gateway_call call = call_within("key-1", 8000);
    shop_gateway_refunds refunds;
    shop_gateway_dispute dispute;
    cr_expect_eq(stripe->retrieve(self, &call, "../refunds", &intent, &fault), SHOP_GATEWAY_NOT_FOUND);
    cr_expect_eq(stripe->cancel(self, &call, "pi_1/x", &intent, &fault), SHOP_GATEWAY_NOT_FOUND);
    cr_expect_eq(stripe->refunds(self, &call, "pi_1&limit=1", &refunds, &fault), SHOP_GATEWAY_NOT_FOUND);
    cr_expect_eq(stripe->dispute(self, &call, "", &dispute, &fault), SHOP_GATEWAY_NOT_FOUND);
    cr_expect_eq(stripe->confirm(self, &call, "pi_1", "pm card", &intent, &fault), SHOP_GATEWAY_REFUSED);
    cr_expect_str_eq(fault.code, "unknown_payment_method");
    cr_expect_eq(server.request_count, 0);
}

Test(stripe_calls, a_change_without_a_sound_key_asks_nobody)
{
    BEGIN({200, NULL, INTENT, ANSWERS});
    static const char *const keys[] = {NULL, "", "a b", "a\r\nX-Evil: 1"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        shop_gateway_call call = call_within(keys[i], 8000);
        cr_expect_eq(stripe->create(self, &call, &order, &intent, &fault), SHOP_GATEWAY_MISCONFIGURED);
        cr_expect_null(intent.id);
    }
    cr_expect_eq(server.request_count, 0);
}

/* ------------------------------------------------------------------------------------------------ lists */

#define LIST(items, more) "{\"object\":\"list\",\"has_more\":" more ",\"data\":[" items "]}"
#define OTHER_INTENT                                                                                                           \
    "{\"id\":\"pi_9\",\"object\":\"payment_intent\",\"amount\":1,\"currency\":\"usd\",\"status\":\"canceled\",\"metadata\":{}" \
    "}"

Test(stripe_lists, find_pages_until_it_meets_the_tag)
{
    BEGIN({200, NULL, LIST(OTHER_INTENT, "true"), ANSWERS}, {200, NULL, LIST(OTHER_INTENT "," INTENT, "true"), ANSWERS});
    shop_gateway_call call = call_within(NULL, 8000);
    cr_assert_eq(stripe->find(self, &call, &order, &intent, &fault), SHOP_GATEWAY_OK, "%s", fault.detail);
    cr_expect_str_eq(intent.id, "pi_1");
    cr_expect(is_line(0, "GET /v1/payment_intents?limit=100&created%5bgte%5d=1767225300 HTTP/1.1"), "%s", server.requests[0]);
    cr_expect(is_line(1, "GET /v1/payment_intents?limit=100&starting_after=pi_9&created%5bgte%5d=1767225300 HTTP/1.1"));
    cr_expect_eq(server.request_count, 2);
}

Test(stripe_lists, find_says_not_found_only_at_the_end)
{
    BEGIN({200, NULL, LIST(OTHER_INTENT, "true"), ANSWERS}, {200, NULL, LIST("", "false"), ANSWERS},
          {404, NULL, "{\"error\":{\"type\":\"invalid_request_error\",\"code\":\"resource_missing\"}}", ANSWERS});
    shop_gateway_call call = call_within(NULL, 8000);
    cr_expect_eq(stripe->find(self, &call, &order, &intent, &fault), SHOP_GATEWAY_NOT_FOUND);
    cr_expect_eq(server.request_count, 2);
    cr_expect_eq(stripe->find(self, &call, &order, &intent, &fault), SHOP_GATEWAY_AWAY,
                 "a list that is not there proves nothing");
}

Test(stripe_lists, a_list_without_end_is_given_up)
{
    BEGIN({200, NULL, LIST(OTHER_INTENT, "true"), ANSWERS});
    shop_gateway_call call = call_within(NULL, 20000);
    cr_expect_eq(stripe->find(self, &call, &order, &intent, &fault), SHOP_GATEWAY_AWAY);
    cr_expect_eq(server.request_count, 50);
    cr_expect_null(intent.id);
}

Test(stripe_lists, a_list_that_goes_on_after_nothing_is_no_list)
{
    BEGIN({200, NULL, LIST("", "true"), ANSWERS});
    shop_gateway_call call = call_within(NULL, 8000);
    cr_expect_eq(stripe->find(self, &call, &order, &intent, &fault), SHOP_GATEWAY_AWAY);
    cr_expect_eq(server.request_count, 1);
}

Test(stripe_lists, refunds_are_all_of_them_with_the_tags_they_have)
{
    BEGIN({200, NULL, LIST(REFUND, "true"), ANSWERS},
          {200, NULL,
           LIST("{\"id\":\"re_2\",\"object\":\"refund\",\"amount\":5,\"currency\":\"usd\",\"status\":\"failed\","
                "\"payment_intent\":{\"id\":\"pi_1\",\"object\":\"payment_intent\"}}",
                "false"),
           ANSWERS});
    shop_gateway_call call = call_within(NULL, 8000);
    shop_gateway_refunds refunds;
    cr_assert_eq(stripe->refunds(self, &call, "pi_1", &refunds, &fault), SHOP_GATEWAY_OK, "%s", fault.detail);
    cr_assert_eq(refunds.count, 2);
    cr_expect_str_eq(refunds.items[0].tag, "r-1");
    cr_expect_null(refunds.items[1].tag);
    cr_expect_str_eq(refunds.items[1].intent, "pi_1");
    cr_expect(is_line(0, "GET /v1/refunds?limit=100&payment_intent=pi_1 HTTP/1.1"));
    cr_expect(is_line(1, "GET /v1/refunds?limit=100&starting_after=re_1&payment_intent=pi_1 HTTP/1.1"));
}

Test(stripe_lists, refunds_of_another_intent_are_a_contradiction)
{
    BEGIN({200, NULL, LIST(REFUND, "false"), ANSWERS});
    shop_gateway_call call = call_within(NULL, 8000);
    shop_gateway_refunds refunds;
    cr_expect_eq(stripe->refunds(self, &call, "pi_2", &refunds, &fault), SHOP_GATEWAY_AWAY);
    cr_expect_eq(refunds.count, 0);
}

Test(stripe_lists, pages_that_are_too_long_are_asked_for_again_in_small)
{
    static char huge[SHOP_STRIPE_ANSWER_MAX + 2];
    static scripted script[] = {{200, NULL, huge, ANSWERS}, {200, NULL, LIST(INTENT, "false"), ANSWERS}};
    memset(huge, ' ', sizeof huge - 1);
    START(script);
    open_at("http", 8000);
    shop_gateway_call call = call_within(NULL, 8000);
    cr_assert_eq(stripe->find(self, &call, &order, &intent, &fault), SHOP_GATEWAY_OK, "%s", fault.detail);
    cr_expect(is_line(1, "GET /v1/payment_intents?limit=10&created%5bgte%5d=1767225300 HTTP/1.1"));
}

/* ------------------------------------------------------------------------------------------------ outcomes */

#define ERROR(members) "{\"error\":{" members "}}"

typedef struct error_case {
    int status;
    const char *headers;
    const char *body;
    int32_t outcome;
    const char *code;
} error_case;

/* Without Stripe-Should-Retry each of these would be tried three times. */
#define ONCE "Stripe-Should-Retry: false\r\n"

static const error_case error_cases[] = {
    {402, ONCE, ERROR("\"type\":\"card_error\",\"code\":\"expired_card\",\"message\":\"Your card has expired.\""),
     SHOP_GATEWAY_DECLINED, "expired_card"},
    {402, ONCE, ERROR("\"type\":\"invalid_request_error\",\"code\":\"payment_intent_payment_attempt_failed\""),
     SHOP_GATEWAY_DECLINED, "payment_intent_payment_attempt_failed"},
    {400, ONCE, ERROR("\"type\":\"invalid_request_error\",\"code\":\"payment_intent_unexpected_state\""), SHOP_GATEWAY_REFUSED,
     "payment_intent_unexpected_state"},
    {400, ONCE, ERROR("\"type\":\"invalid_request_error\",\"code\":\"amount_too_small\",\"param\":\"amount\""),
     SHOP_GATEWAY_REFUSED, "amount_too_small"},
    {400, ONCE,
     ERROR("\"type\":\"invalid_request_error\",\"message\":\"Refund is greater than what is left\",\"param\":\"amount\""),
     SHOP_GATEWAY_REFUSED, "invalid_request_error"},
    {400, ONCE, ERROR("\"type\":\"idempotency_error\""), SHOP_GATEWAY_KEY_SPENT, "idempotency_error"},
    {409, ONCE, ERROR("\"type\":\"idempotency_error\",\"code\":\"idempotency_key_in_use\""), SHOP_GATEWAY_BUSY,
     "idempotency_key_in_use"},
    {409, ONCE, ERROR("\"type\":\"invalid_request_error\",\"code\":\"lock_timeout\""), SHOP_GATEWAY_BUSY, "lock_timeout"},
    {429, ONCE, ERROR("\"type\":\"invalid_request_error\",\"code\":\"rate_limit\""), SHOP_GATEWAY_BUSY, "rate_limit"},
    {429, ONCE, "<html>slow down</html>", SHOP_GATEWAY_BUSY, ""},
    {400, ONCE, ERROR("\"type\":\"invalid_request_error\",\"code\":\"parameter_unknown\",\"param\":\"x\""),
     SHOP_GATEWAY_MISCONFIGURED, "parameter_unknown"},
    {400, ONCE, ERROR("\"type\":\"invalid_request_error\",\"code\":\"parameter_missing\""), SHOP_GATEWAY_MISCONFIGURED,
     "parameter_missing"},
    {400, ONCE, ERROR("\"type\":\"invalid_request_error\",\"code\":\"url_invalid\""), SHOP_GATEWAY_MISCONFIGURED,
     "url_invalid"},
    {400, ONCE, ERROR("\"type\":\"invalid_request_error\",\"param\":\"currency\""), SHOP_GATEWAY_MISCONFIGURED,
     "invalid_request_error"},
    {401, ONCE, ERROR("\"type\":\"invalid_request_error\",\"message\":\"Invalid API Key provided: sk_test_****cdef\""),
     SHOP_GATEWAY_MISCONFIGURED, "invalid_request_error"},
    {403, ONCE, ERROR("\"type\":\"invalid_request_error\",\"message\":\"The provided key 'rk_test_**cdef' does not have\""),
     SHOP_GATEWAY_MISCONFIGURED, "invalid_request_error"},
    {404, ONCE, ERROR("\"type\":\"invalid_request_error\",\"code\":\"resource_missing\",\"param\":\"intent\""),
     SHOP_GATEWAY_NOT_FOUND, "resource_missing"},
    {400, ONCE, ERROR("\"type\":\"invalid_request_error\",\"code\":\"resource_missing\",\"param\":\"payment_method\""),
     SHOP_GATEWAY_REFUSED, "unknown_payment_method"},
    {404, ONCE, ERROR("\"type\":\"invalid_request_error\",\"message\":\"Unrecognized request URL\""),
     SHOP_GATEWAY_MISCONFIGURED, "invalid_request_error"},
    {424, ONCE, ERROR("\"type\":\"api_error\""), SHOP_GATEWAY_AWAY, "api_error"},
    {500, ONCE, ERROR("\"type\":\"api_error\""), SHOP_GATEWAY_AWAY, "api_error"},
    {500, ONCE "Idempotent-Replayed: true\r\n", ERROR("\"type\":\"api_error\""), SHOP_GATEWAY_KEY_SPENT, "api_error"},
    {503, ONCE, "<html>away</html>", SHOP_GATEWAY_AWAY, ""},
    {400, ONCE, "<html>who are you</html>", SHOP_GATEWAY_AWAY, ""},
    {403, ONCE, "<html>log in to the network</html>", SHOP_GATEWAY_AWAY, ""},
    {404, ONCE, "{\"status\":\"no\"}", SHOP_GATEWAY_AWAY, ""},
    {400, ONCE, ERROR("\"type\":\"card_error\",\"code\":\"incorrect_cvc\""), SHOP_GATEWAY_DECLINED, "incorrect_cvc"},
    {409, ONCE, ERROR("\"type\":\"invalid_request_error\",\"code\":\"x\""), SHOP_GATEWAY_BUSY, "x"},
    {429, ONCE, ERROR("\"type\":\"invalid_request_error\",\"code\":\"x\""), SHOP_GATEWAY_BUSY, "x"},
    {400, ONCE, ERROR("\"type\":\"invalid_request_error\",\"code\":\"idempotency_key_in_use\""), SHOP_GATEWAY_BUSY,
     "idempotency_key_in_use"},
    {400, ONCE, ERROR("\"type\":\"invalid_request_error\",\"code\":\"lock_timeout\""), SHOP_GATEWAY_BUSY, "lock_timeout"},
    {400, ONCE, ERROR("\"type\":\"invalid_request_error\",\"code\":\"rate_limit\""), SHOP_GATEWAY_BUSY, "rate_limit"},
    {424, ONCE, ERROR("\"type\":\"invalid_request_error\",\"code\":\"x\""), SHOP_GATEWAY_AWAY, "x"},
    {400, ONCE, ERROR("\"type\":\"invalid_request_error\",\"code\":\"parameters_exclusive\""), SHOP_GATEWAY_MISCONFIGURED,
     "parameters_exclusive"},
    {400, ONCE, ERROR("\"type\":\"invalid_request_error\",\"code\":\"account_invalid\""), SHOP_GATEWAY_MISCONFIGURED,
     "account_invalid"},
    {400, ONCE, ERROR("\"type\":\"invalid_request_error\",\"code\":\"api_key_expired\""), SHOP_GATEWAY_MISCONFIGURED,
     "api_key_expired"},
    {400, ONCE, ERROR("\"type\":\"invalid_request_error\",\"code\":\"secret_key_required\""), SHOP_GATEWAY_MISCONFIGURED,
     "secret_key_required"},
    {400, ONCE, ERROR("\"type\":\"invalid_request_error\",\"code\":\"livemode_mismatch\""), SHOP_GATEWAY_MISCONFIGURED,
     "livemode_mismatch"},
    {400, ONCE, ERROR("\"type\":\"invalid_request_error\",\"code\":\"testmode_charges_only\""), SHOP_GATEWAY_MISCONFIGURED,
     "testmode_charges_only"},
    {400, ONCE, ERROR("\"type\":\"invalid_request_error\",\"code\":\"tls_version_unsupported\""), SHOP_GATEWAY_MISCONFIGURED,
     "tls_version_unsupported"},
    {400, ONCE, ERROR("\"type\":\"invalid_request_error\",\"code\":\"platform_api_key_expired\""), SHOP_GATEWAY_MISCONFIGURED,
     "platform_api_key_expired"},
    {400, ONCE,
     ERROR("\"type\":\"invalid_request_error\",\"code\":\"payment_intent_invalid_parameter\",\"param\":\"payment_method\""),
     SHOP_GATEWAY_REFUSED, "payment_intent_invalid_parameter"},
    {400, ONCE, ERROR("\"type\":\"invalid_request_error\",\"code\":\"payment_intent_invalid_parameter\""),
     SHOP_GATEWAY_MISCONFIGURED, "payment_intent_invalid_parameter"},
    {400, ONCE, ERROR("\"type\":\"invalid_request_error\",\"param\":\"return_url\""), SHOP_GATEWAY_MISCONFIGURED,
     "invalid_request_error"},
    {400, ONCE, ERROR("\"type\":\"invalid_request_error\",\"code\":\"parameter_unknown\",\"message\":\"Not sk_live_0123cdef\""),
     SHOP_GATEWAY_MISCONFIGURED, "parameter_unknown"},
    {400, ONCE, ERROR("\"type\":\"invalid_request_error\",\"message\":\"Not pi_1_secret_cdef\""), SHOP_GATEWAY_REFUSED,
     "invalid_request_error"},
    {418, ONCE, ERROR("\"type\":\"teapot\""), SHOP_GATEWAY_AWAY, "teapot"},
};

Test(stripe_outcomes, every_error_has_its_meaning, .timeout = 60)
{
    static scripted script[sizeof error_cases / sizeof error_cases[0]];
    for (size_t i = 0; i < sizeof error_cases / sizeof error_cases[0]; i++)
        script[i] = (scripted){error_cases[i].status, error_cases[i].headers, error_cases[i].body, ANSWERS};
    START(script);
    open_at("http", 8000);
    for (size_t i = 0; i < sizeof error_cases / sizeof error_cases[0]; i++) {
        const error_case *c = &error_cases[i];
        cr_expect_eq(confirm(), c->outcome, "%d %s: %d", c->status, c->body, fault.outcome);
        cr_expect_eq(fault.outcome, c->outcome);
        cr_expect_str_eq(fault.code, c->code, "%d %s: %s", c->status, c->body, fault.code);
        cr_expect_null(intent.id);
        cr_expect_not(strstr(fault.detail, "cdef") || strstr(fault.message, "cdef"), "%s", fault.detail);
        cr_expect(fault.detail[0] != '\0');
    }
    cr_expect_eq(server.request_count, sizeof error_cases / sizeof error_cases[0]);
}

Test(stripe_outcomes, a_decline_tells_the_bank_s_word_and_the_intent)
{
    BEGIN(
        {402, NULL,
         ERROR(
             "\"type\":\"card_error\",\"code\":\"card_declined\",\"decline_code\":\"insufficient_funds\",\"message\":\"Your "
             "card has "
             "insufficient "
             "funds.\",\"payment_intent\":{\"id\":\"pi_1\",\"object\":\"payment_intent\",\"amount\":1234,\"currency\":"
             "\"usd\",\"status\":\"requires_payment_method\",\"last_payment_error\":{\"message\":\"Your card has insufficient "
             "funds.\"}}"),
         ANSWERS});
    cr_assert_eq(confirm(), SHOP_GATEWAY_DECLINED);
    cr_expect_str_eq(fault.code, "card_declined");
    cr_expect_str_eq(fault.decline_code, "insufficient_funds");
    cr_expect_str_eq(fault.message, "Your card has insufficient funds.");
    cr_expect_str_eq(intent.id, "pi_1");
    cr_expect_str_eq(intent.status, "requires_payment_method");
    cr_expect_str_eq(intent.failure_message, "Your card has insufficient funds.");
}

Test(stripe_outcomes, nobody_is_declined_where_nobody_pays)
{
    BEGIN({402, NULL, ERROR("\"type\":\"card_error\",\"code\":\"x\",\"message\":\"No.\""), ANSWERS});
    shop_gateway_refund refund;
    shop_gateway_call call = call_within("key-1", 8000);
    cr_expect_eq(give_back(100, &refund), SHOP_GATEWAY_REFUSED);
    cr_expect_str_eq(fault.message, "No.");
    cr_expect_eq(stripe->cancel(self, &call, "pi_1", &intent, &fault), SHOP_GATEWAY_REFUSED);
}

Test(stripe_outcomes, a_success_that_is_not_what_was_asked_for_is_no_answer)
{
    static const char *const bodies[] = {
        "",
        "null",
        "[]",
        "{}",
        "<html></html>",
        "{\"id\":\"pi_1\"",
        "\xff",
        REFUND,
        "{\"object\":\"payment_intent\",\"amount\":1,\"currency\":\"usd\",\"status\":\"succeeded\"}",
        "{\"id\":\"pi_1\",\"object\":\"charge\",\"amount\":1,\"currency\":\"usd\",\"status\":\"succeeded\"}",
        "{\"id\":\"pi_1\",\"object\":\"payment_intent\",\"currency\":\"usd\",\"status\":\"succeeded\"}",
        "{\"id\":\"pi_1\",\"object\":\"payment_intent\",\"amount\":1,\"currency\":\"usd\"}",
        "{\"id\":\"pi_1\",\"object\":\"payment_intent\",\"amount\":1,\"status\":\"succeeded\"}",
        "{\"id\":\"pi_1\",\"object\":\"payment_intent\",\"amount\":1.5,\"currency\":\"usd\",\"status\":\"succeeded\"}",
        "{\"id\":\"pi_1\",\"object\":\"payment_intent\",\"amount\":\"1\",\"currency\":\"usd\",\"status\":\"succeeded\"}",
        "{\"id\":\"pi_1\",\"object\":\"payment_intent\",\"amount\":-1,\"currency\":\"usd\",\"status\":\"succeeded\"}",
        "{\"id\":\"pi_1\",\"object\":\"payment_intent\",\"amount\":550,\"currency\":\"isk\",\"status\":\"succeeded\"}",
        "{\"id\":\"pi_1/..\",\"object\":\"payment_intent\",\"amount\":1,\"currency\":\"usd\",\"status\":\"succeeded\"}",
        "{\"id\":\"pi_2\",\"object\":\"payment_intent\",\"amount\":1,\"currency\":\"usd\",\"status\":\"succeeded\"}",
    };
    static scripted script[sizeof bodies / sizeof bodies[0]];
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        script[i] = (scripted){200, NULL, bodies[i], ANSWERS};
    START(script);
    open_at("http", 8000);
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        cr_expect_eq(retrieve(), SHOP_GATEWAY_AWAY, "%s", bodies[i]);
        cr_expect_null(intent.id, "%s", bodies[i]);
        cr_expect(fault.detail[0] != '\0');
    }
    cr_expect_eq(server.request_count, sizeof bodies / sizeof bodies[0], "an answer is not asked for again because it is odd");
}

Test(stripe_outcomes, disputes_are_read)
{
    BEGIN({200, NULL,
           "{\"id\":\"du_1\",\"object\":\"dispute\",\"amount\":1500,\"currency\":\"jpy\",\"status\":\"needs_response\","
           "\"payment_intent\":"
           "\"pi_1\"}",
           ANSWERS},
          {200, NULL,
           "{\"id\":\"du_1\",\"object\":\"dispute\",\"amount\":1500,\"currency\":\"jpy\",\"status\":\"won\",\"payment_intent\":"
           "null}",
           ANSWERS});
    shop_gateway_call call = call_within(NULL, 8000);
    shop_gateway_dispute dispute;
    cr_assert_eq(stripe->dispute(self, &call, "du_1", &dispute, &fault), SHOP_GATEWAY_OK, "%s", fault.detail);
    cr_expect_str_eq(dispute.intent, "pi_1");
    cr_expect_str_eq(dispute.status, "needs_response");
    cr_expect_eq(dispute.amount, 1500);
    cr_assert_eq(stripe->dispute(self, &call, "du_1", &dispute, &fault), SHOP_GATEWAY_OK, "%s", fault.detail);
    cr_expect_str_eq(dispute.intent, "");
}

/* ------------------------------------------------------------------------------------------------ the exchange */

static void expect_same_key(size_t requests)
{
    cr_expect_eq(server.request_count, requests, "%zu", server.request_count);
    for (size_t i = 0; i < server.request_count; i++) {
        cr_expect_str_eq(header_of(i, "Idempotency-Key"), "key-1");
        cr_expect_str_eq(body_of(i), body_of(0));
    }
}

Test(stripe_exchange, a_fault_of_the_server_is_repeated_with_the_same_key)
{
    BEGIN({503, NULL, "{}", ANSWERS}, {409, NULL, "{}", ANSWERS}, {200, NULL, INTENT, ANSWERS});
    int64_t start = shop_monotonic_now();
    cr_expect_eq(create(), SHOP_GATEWAY_OK, "%s", fault.detail);
    cr_expect_geq(shop_monotonic_now() - start, 750000, "two pauses: 250 ms and 500 ms at least");
    expect_same_key(3);
}

Test(stripe_exchange, it_gives_up_after_two_repetitions)
{
    BEGIN({500, NULL, "{}", ANSWERS});
    cr_expect_eq(create(), SHOP_GATEWAY_AWAY);
    expect_same_key(3);
}

Test(stripe_exchange, a_dropped_and_a_cut_answer_are_asked_for_again)
{
    BEGIN({0, NULL, "", DROPS}, {200, NULL, INTENT, CUTS}, {200, NULL, INTENT, ANSWERS});
    cr_expect_eq(create(), SHOP_GATEWAY_OK, "%s", fault.detail);
    expect_same_key(3);
}

Test(stripe_exchange, reads_are_repeated_likewise)
{
    BEGIN({502, NULL, "<html>", ANSWERS}, {200, NULL, INTENT, ANSWERS});
    cr_expect_eq(retrieve(), SHOP_GATEWAY_OK, "%s", fault.detail);
    cr_expect_eq(server.request_count, 2);
}

Test(stripe_exchange, nobody_listening_is_away)
{
    static const scripted script[] = {{200, NULL, INTENT, ANSWERS}};
    START(script);
    open_at("http", 8000);
    shutdown(server.fd, SHUT_RDWR);
    close(server.fd);
    cr_expect_eq(create(), SHOP_GATEWAY_AWAY);
    cr_expect(fault.detail[0] != '\0');
}

Test(stripe_exchange, too_many_requests_are_repeated_only_when_told)
{
    BEGIN({429, NULL, ERROR("\"type\":\"x\""), ANSWERS},
          {429, "Stripe-Should-Retry: true\r\n", ERROR("\"type\":\"x\""), ANSWERS}, {200, NULL, INTENT, ANSWERS});
    cr_expect_eq(create(), SHOP_GATEWAY_BUSY);
    cr_expect_eq(server.request_count, 1);
    cr_expect_eq(create(), SHOP_GATEWAY_OK);
    cr_expect_eq(server.request_count, 3);
}

Test(stripe_exchange, stripes_advice_decides)
{
    BEGIN({400, "stripe-should-retry: true\r\n", ERROR("\"type\":\"x\""), ANSWERS}, {200, NULL, INTENT, ANSWERS},
          {500, "Stripe-Should-Retry: false\r\n", "{}", ANSWERS});
    cr_expect_eq(create(), SHOP_GATEWAY_OK);
    cr_expect_eq(server.request_count, 2);
    cr_expect_eq(create(), SHOP_GATEWAY_AWAY);
    cr_expect_eq(server.request_count, 3);
}

Test(stripe_exchange, other_errors_are_not_repeated)
{
    BEGIN({400, NULL, ERROR("\"type\":\"invalid_request_error\""), ANSWERS},
          {402, NULL, ERROR("\"type\":\"card_error\""), ANSWERS},
          {500, "Idempotent-Replayed: true\r\n", ERROR("\"type\":\"api_error\""), ANSWERS});
    cr_expect_eq(create(), SHOP_GATEWAY_REFUSED);
    cr_expect_eq(create(), SHOP_GATEWAY_DECLINED);
    cr_expect_eq(create(), SHOP_GATEWAY_KEY_SPENT);
    cr_expect_eq(server.request_count, 3);
}

Test(stripe_exchange, retry_after_is_waited_for)
{
    BEGIN({503, "Retry-After: 2\r\n", "{}", ANSWERS}, {200, NULL, INTENT, ANSWERS});
    int64_t start = shop_monotonic_now();
    cr_expect_eq(create(), SHOP_GATEWAY_OK, "%s", fault.detail);
    cr_expect_geq(shop_monotonic_now() - start, 2000000);
}

Test(stripe_exchange, retry_after_that_does_not_fit_is_told)
{
    BEGIN({503, "Retry-After: 30\r\n", "{}", ANSWERS}, {429, "Retry-After: 7\r\n", ERROR("\"type\":\"x\""), ANSWERS});
    int64_t start = shop_monotonic_now();
    cr_expect_eq(create(), SHOP_GATEWAY_AWAY);
    cr_expect_eq(fault.retry_after, 30);
    cr_expect_eq(create(), SHOP_GATEWAY_BUSY);
    cr_expect_eq(fault.retry_after, 7);
    cr_expect_eq(server.request_count, 2);
    cr_expect_lt(shop_monotonic_now() - start, 2000000);
}

Test(stripe_exchange, a_try_that_hangs_leaves_time_for_another)
{
    static const scripted script[] = {{0, NULL, "", HANGS}, {200, NULL, INTENT, ANSWERS}};
    START(script);
    open_at("http", 2000);
    shop_gateway_call call = call_within("key-1", 3000);
    int64_t start = shop_monotonic_now();
    cr_expect_eq(stripe->create(self, &call, &order, &intent, &fault), SHOP_GATEWAY_OK, "%s", fault.detail);
    cr_expect_geq(shop_monotonic_now() - start, 1000000, "half of the time that an exchange has");
    expect_same_key(2);
}

Test(stripe_exchange, the_deadline_holds)
{
    static const scripted script[] = {{0, NULL, "", HANGS}};
    START(script);
    open_at("http", 60000);
    shop_gateway_call call = call_within("key-1", 700);
    int64_t start = shop_monotonic_now();
    cr_expect_eq(stripe->create(self, &call, &order, &intent, &fault), SHOP_GATEWAY_AWAY);
    int64_t took = shop_monotonic_now() - start;
    cr_expect(took >= 600000 && took < 1500000, "%lld", (long long)took);
    call = call_within("key-1", -1);
    cr_expect_eq(stripe->create(self, &call, &order, &intent, &fault), SHOP_GATEWAY_AWAY);
    cr_expect_eq(server.request_count, 1, "no time left: nobody is asked");
}

Test(stripe_exchange, redirects_are_not_followed)
{
    static char target[128];
    static scripted script[] = {{302, target, "", ANSWERS}, {200, NULL, INTENT, ANSWERS}};
    START(script);
    (void)snprintf(target, sizeof target, "Location: http://127.0.0.1:%d/elsewhere\r\n", server.port);
    open_at("http", 8000);
    cr_expect_eq(create(), SHOP_GATEWAY_AWAY);
    cr_expect_eq(server.request_count, 1);
}

Test(stripe_exchange, an_answer_may_be_as_long_as_the_cap_and_no_longer)
{
    static char body[SHOP_STRIPE_ANSWER_MAX + 2];
    static scripted script[] = {{200, NULL, body, ANSWERS}};
    memset(body, ' ', SHOP_STRIPE_ANSWER_MAX);
    memcpy(body, INTENT, strlen(INTENT));
    START(script);
    open_at("http", 8000);
    cr_expect_eq(retrieve(), SHOP_GATEWAY_OK, "%s", fault.detail);
    body[SHOP_STRIPE_ANSWER_MAX] = ' ';
    cr_expect_eq(retrieve(), SHOP_GATEWAY_AWAY);
    cr_expect_not_null(strstr(fault.detail, "too long"), "%s", fault.detail);
    cr_expect_eq(server.request_count, 2);
}

Test(stripe_exchange, one_connection_serves_many_calls)
{
    BEGIN({200, NULL, INTENT, ANSWERS}, {402, NULL, ERROR("\"type\":\"card_error\""), ANSWERS}, {200, NULL, INTENT, ANSWERS});
    cr_expect_eq(create(), SHOP_GATEWAY_OK);
    cr_expect_eq(confirm(), SHOP_GATEWAY_DECLINED);
    for (int i = 0; i < 5; i++)
        cr_expect_eq(retrieve(), SHOP_GATEWAY_OK);
    cr_expect_eq(server.request_count, 7);
    cr_expect_eq(server.accepted, 1);
    stripe->close(self);
    shop_arena_free(arena);
}

static void *retrieve_often(void *result)
{
    shop_arena *own = shop_arena_new();
    for (int i = 0; i < 20; i++) {
        shop_gateway_intent got;
        shop_gateway_fault why;
        shop_gateway_call call = call_within(NULL, 8000);
        call.arena = own;
        *(int *)result += stripe->retrieve(self, &call, "pi_1", &got, &why) != SHOP_GATEWAY_OK || strcmp(got.id, "pi_1") != 0;
    }
    shop_arena_free(own);
    return NULL;
}

Test(stripe_exchange, many_threads_share_a_few_connections)
{
    BEGIN({200, NULL, INTENT, ANSWERS});
    pthread_t threads[8];
    int wrong[8] = {0};
    for (size_t i = 0; i < 8; i++)
        cr_assert(pthread_create(&threads[i], NULL, retrieve_often, &wrong[i]) == 0);
    for (size_t i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        cr_expect_eq(wrong[i], 0);
    }
    cr_expect_leq(server.accepted, 8);
}

/* ------------------------------------------------------------------------------------------------ TLS */

Test(stripe_tls, a_server_without_tls_is_no_server)
{
    static const scripted script[] = {{200, NULL, INTENT, ANSWERS}};
    START(script);
    open_at("https", 2000);
    cr_expect_eq(retrieve(), SHOP_GATEWAY_AWAY);
    cr_expect_null(intent.id);
}

static pid_t start_program(char *const arguments[], int *output)
{
    posix_spawn_file_actions_t actions;
    int ends[2];
    pid_t pid = -1;
    cr_assert(pipe(ends) == 0 && posix_spawn_file_actions_init(&actions) == 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    if (posix_spawnp(&pid, arguments[0], &actions, NULL, arguments, environ) != 0)
        pid = -1;
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    *output = ends[0];
    return pid;
}

/* A TLS server with a certificate that it signed itself; its port, or 0. */
static int start_tls_server(pid_t *pid, const char *folder)
{
    char key[128];
    char certificate[128];
    int output;
    int port = 0;
    (void)snprintf(key, sizeof key, "%s/key.pem", folder);
    (void)snprintf(certificate, sizeof certificate, "%s/certificate.pem", folder);
    char *make[] = {(char[]){"openssl"},
                    (char[]){"req"},
                    (char[]){"-x509"},
                    (char[]){"-newkey"},
                    (char[]){"rsa:2048"},
                    (char[]){"-nodes"},
                    (char[]){"-days"},
                    (char[]){"2"},
                    (char[]){"-subj"},
                    (char[]){"/CN=127.0.0.1"},
                    (char[]){"-addext"},
                    (char[]){"subjectAltName=IP:127.0.0.1"},
                    (char[]){"-keyout"},
                    key,
                    (char[]){"-out"},
                    certificate,
                    NULL};
    pid_t maker = start_program(make, &output);
    if (maker < 0)
        return 0;
    cr_assert(waitpid(maker, NULL, 0) == maker);
    close(output);
    char *serve[] = {(char[]){"openssl"},
                     (char[]){"s_server"},
                     (char[]){"-accept"},
                     (char[]){"127.0.0.1:0"},
                     (char[]){"-www"},
                     (char[]){"-key"},
                     key,
                     (char[]){"-cert"},
                     certificate,
                     NULL};
    *pid = start_program(serve, &output);
    FILE *said = fdopen(output, "r");
    char line[256];
    while (port == 0 && fgets(line, sizeof line, said)) {
        const char *colon = strncmp(line, "ACCEPT ", 7) == 0 ? strrchr(line, ':') : NULL;
        port = colon ? (int)strtol(colon + 1, NULL, 10) : 0;
    }
    (void)unlink(key);
    (void)unlink(certificate);
    return port;
}

Test(stripe_tls, a_certificate_that_nobody_vouches_for_is_refused, .timeout = 60)
{
    char folder[] = "/tmp/shop-stripe-test-XXXXXX";
    pid_t pid = -1;
    cr_assert_not_null(mkdtemp(folder));
    server.port = start_tls_server(&pid, folder);
    cr_expect(rmdir(folder) == 0);
    cr_assert_neq(server.port, 0, "the openssl program serves");
    open_at("https", 4000);
    cr_expect_eq(retrieve(), SHOP_GATEWAY_AWAY);
    cr_expect_not_null(strstr(fault.detail, "certificate"), "%s", fault.detail);
    cr_expect(kill(pid, SIGTERM) == 0 && waitpid(pid, NULL, 0) == pid);
}

/* ------------------------------------------------------------------------------------------------ messages */

#define EVENT(type, object) "{\"id\":\"evt_1\",\"object\":\"event\",\"type\":\"" type "\",\"data\":{\"object\":" object "}}"
#define OF_INTENT "{\"id\":\"pi_1\",\"object\":\"payment_intent\"}"
#define OF_REFUND "{\"id\":\"re_1\",\"object\":\"refund\",\"payment_intent\":\"pi_1\"}"
#define OF_CHARGE "{\"id\":\"ch_1\",\"object\":\"charge\",\"payment_intent\":\"pi_1\"}"
#define OF_DISPUTE "{\"id\":\"du_1\",\"object\":\"dispute\",\"payment_intent\":{\"id\":\"pi_1\",\"object\":\"payment_intent\"}}"

typedef struct event_case {
    const char *body;
    int32_t about;
    const char *intent;
    const char *object;
} event_case;

static const event_case event_cases[] = {
    {EVENT("payment_intent.succeeded", OF_INTENT), SHOP_GATEWAY_ABOUT_INTENT, "pi_1", NULL},
    {EVENT("payment_intent.payment_failed", OF_INTENT), SHOP_GATEWAY_ABOUT_INTENT, "pi_1", NULL},
    {EVENT("payment_intent.processing", OF_INTENT), SHOP_GATEWAY_ABOUT_INTENT, "pi_1", NULL},
    {EVENT("payment_intent.canceled", OF_INTENT), SHOP_GATEWAY_ABOUT_INTENT, "pi_1", NULL},
    {EVENT("payment_intent.requires_action", OF_INTENT), SHOP_GATEWAY_ABOUT_INTENT, "pi_1", NULL},
    {EVENT("payment_intent.amount_capturable_updated", OF_INTENT), SHOP_GATEWAY_ABOUT_INTENT, "pi_1", NULL},
    {EVENT("payment_intent.partially_funded", OF_INTENT), SHOP_GATEWAY_ABOUT_INTENT, "pi_1", NULL},
    {EVENT("charge.refunded", OF_CHARGE), SHOP_GATEWAY_ABOUT_REFUND, "pi_1", NULL},
    {EVENT("refund.created", OF_REFUND), SHOP_GATEWAY_ABOUT_REFUND, "pi_1", "re_1"},
    {EVENT("refund.updated", OF_REFUND), SHOP_GATEWAY_ABOUT_REFUND, "pi_1", "re_1"},
    {EVENT("refund.failed", OF_REFUND), SHOP_GATEWAY_ABOUT_REFUND, "pi_1", "re_1"},
    {EVENT("refund.failed", "{\"id\":\"re_1\",\"payment_intent\":null}"), SHOP_GATEWAY_ABOUT_REFUND, NULL, "re_1"},
    {EVENT("charge.dispute.created", OF_DISPUTE), SHOP_GATEWAY_ABOUT_DISPUTE, "pi_1", "du_1"},
    {EVENT("charge.dispute.updated", OF_DISPUTE), SHOP_GATEWAY_ABOUT_DISPUTE, "pi_1", "du_1"},
    {EVENT("charge.dispute.closed", OF_DISPUTE), SHOP_GATEWAY_ABOUT_DISPUTE, "pi_1", "du_1"},
    {EVENT("charge.dispute.funds_withdrawn", OF_DISPUTE), SHOP_GATEWAY_ABOUT_DISPUTE, "pi_1", "du_1"},
    {EVENT("charge.dispute.funds_reinstated", OF_DISPUTE), SHOP_GATEWAY_ABOUT_DISPUTE, "pi_1", "du_1"},
    {EVENT("payment_intent.created", OF_INTENT), SHOP_GATEWAY_ABOUT_NOTHING, NULL, NULL},
    {EVENT("payment_intent.succeeded.v2", OF_INTENT), SHOP_GATEWAY_ABOUT_NOTHING, NULL, NULL},
    {EVENT("customer.created", "{\"id\":\"cus_1\"}"), SHOP_GATEWAY_ABOUT_NOTHING, NULL, NULL},
    {EVENT("charge.refunded", "{\"id\":\"ch_1\",\"payment_intent\":null}"), SHOP_GATEWAY_ABOUT_NOTHING, NULL, NULL},
    {EVENT("payment_intent.succeeded", "[1,2]"), SHOP_GATEWAY_ABOUT_NOTHING, NULL, NULL},
    {EVENT("payment_intent.succeeded", "null"), SHOP_GATEWAY_ABOUT_NOTHING, NULL, NULL},
    {"{\"id\":\"evt_1\",\"type\":\"payment_intent.succeeded\"}", SHOP_GATEWAY_ABOUT_NOTHING, NULL, NULL},
};

static int same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

Test(stripe_events, every_kind_says_what_it_is_about)
{
    stripe = shop_gateway_stripe();
    arena = shop_arena_new();
    shop_gateway_call call = call_within(NULL, 1000);
    for (size_t i = 0; i < sizeof event_cases / sizeof event_cases[0]; i++) {
        const event_case *c = &event_cases[i];
        shop_gateway_event event;
        cr_assert_eq(stripe->decode(NULL, &call, c->body, strlen(c->body), &event, &fault), SHOP_GATEWAY_OK, "%s", c->body);
        cr_expect_str_eq(event.id, "evt_1");
        cr_expect_eq(event.about, c->about, "%s", c->body);
        cr_expect(same(event.intent, c->intent), "%s: %s", c->body, event.intent);
        cr_expect(same(event.object, c->object), "%s: %s", c->body, event.object);
    }
}

Test(stripe_events, what_is_no_event_is_refused)
{
    static const char *const bodies[] = {"",
                                         "null",
                                         "[]",
                                         "{}",
                                         "{\"id\":\"evt_1\"}",
                                         "{\"type\":\"x\"}",
                                         "{\"id\":\"\",\"type\":\"x\"}",
                                         "{\"id\":1,\"type\":\"x\"}",
                                         "{\"id\":\"a\",\"id\":\"b\",\"type\":\"x\"}",
                                         "{\"id\":\"a\",\"type\":\"x\"} {}"};
    stripe = shop_gateway_stripe();
    arena = shop_arena_new();
    shop_gateway_call call = call_within(NULL, 1000);
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        shop_gateway_event event;
        cr_expect_eq(stripe->decode(NULL, &call, bodies[i], strlen(bodies[i]), &event, &fault), SHOP_GATEWAY_REFUSED, "%s",
                     bodies[i]);
    }
}

static void *no_memory(void *unused, size_t size)
{
    (void)unused;
    (void)size;
    return NULL;
}

Test(stripe_events, no_memory_is_told)
{
    stripe = shop_gateway_stripe();
    shop_gateway_call call = {.struct_size = sizeof call, .alloc = no_memory};
    shop_gateway_event event;
    const char *body = event_cases[0].body;
    cr_expect_eq(stripe->decode(NULL, &call, body, strlen(body), &event, &fault), SHOP_GATEWAY_NO_MEMORY);
    BEGIN({200, NULL, INTENT, ANSWERS});
    call = call_within(NULL, 8000);
    call.alloc = no_memory;
    cr_expect_eq(stripe->retrieve(self, &call, "pi_1", &intent, &fault), SHOP_GATEWAY_NO_MEMORY);
    cr_expect_null(intent.id);
}

#define NOW INT64_C(1767225600)

static int32_t verify(const char *header, int64_t seconds)
{
    return stripe->verify(self, "{\"a\":1}", 7, header, seconds * 1000000, &fault);
}

Test(stripe_events, signatures_of_each_secret_are_good_for_five_minutes)
{
    static const scripted script[] = {{200, NULL, INTENT, ANSWERS}};
    char good[SHOP_WEBHOOK_HEADER_SIZE];
    char older[SHOP_WEBHOOK_HEADER_SIZE];
    char strange[SHOP_WEBHOOK_HEADER_SIZE];
    char both[300];
    START(script);
    open_at("http", 8000);
    shop_webhook_sign("whsec_new", "{\"a\":1}", 7, NOW * 1000000, good);
    shop_webhook_sign("whsec_old, whsec_new", "{\"a\":1}", 7, NOW * 1000000, older);
    shop_webhook_sign("whsec_other", "{\"a\":1}", 7, NOW * 1000000, strange);
    cr_expect_str_neq(good, older);
    cr_expect_eq(verify(good, NOW), SHOP_GATEWAY_OK);
    cr_expect_eq(verify(older, NOW + 300), SHOP_GATEWAY_OK);
    cr_expect_eq(verify(good, NOW + 301), SHOP_GATEWAY_REFUSED);
    cr_expect_eq(verify(good, NOW - 301), SHOP_GATEWAY_REFUSED);
    cr_expect_eq(verify(strange, NOW), SHOP_GATEWAY_REFUSED);
    cr_expect_eq(verify("", NOW), SHOP_GATEWAY_REFUSED);
    (void)snprintf(both, sizeof both, "%s%s,v0=abc", strange, strchr(good, ','));
    cr_expect_eq(verify(both, NOW), SHOP_GATEWAY_OK, "any v1 will do, and other schemes are passed over");
    cr_expect_eq(stripe->verify(self, "{\"a\":2}", 7, good, NOW * 1000000, &fault), SHOP_GATEWAY_REFUSED);
}
