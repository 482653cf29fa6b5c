/* SPDX-License-Identifier: MIT */
/* Exchanges with Stripe over HTTP by libcurl. */
#include "stripe_http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <shop/sys/storage.h>

#include "../../core/mem.h"
#include "../../core/text.h"
#include "stripe_form.h"

#define STRIPE_URL "https://api.stripe.com"
#define URL_MAX 512
#define SECRET_MAX 255
#define KEY_MAX 255
#define HANDLES_KEPT 16
#define REPETITIONS_MAX 2
#define FIRST_PAUSE INT64_C(500000)
#define LONGEST_PAUSE INT64_C(5000000)
#define RETRY_AFTER_MAX 60 /* seconds; who asks for more is not waited for */
#define CONNECT_TIMEOUT_MS INT64_C(5000)
#define SHORTEST_TRY_MS INT64_C(1000)

struct shop_stripe_client {
    char *base; /* the URL, without a slash at its end */
    char *authorization; /* the header with the secret */
    char agent[64];
    int is_loopback;
    int64_t try_ms; /* how long one try may take */
    void (*log)(void *user, int32_t level, const char *message);
    void *user;
    pthread_mutex_t lock;
    CURL *handles[HANDLES_KEPT]; /* free ones, each with its connection; last used, first taken */
    size_t handle_count;
};

/* ------------------------------------------------------------------------------------------------ settings */

static int32_t refuse(shop_gateway_fault *fault, const char *why)
{
    (void)snprintf(fault->message, sizeof fault->message, "%s", why);
    return fault->outcome = SHOP_GATEWAY_MISCONFIGURED;
}

static int is_loopback_host(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    char bare[64];
    size_t length = strlen(host);
    if (strcasecmp(host, "localhost") == 0)
        return 1;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    if (length < 3 || length >= sizeof bare || host[0] != '[' || host[length - 1] != ']')
        return 0;
    memcpy(bare, host + 1, length - 2);
    bare[length - 2] = '\0';
    return inet_pton(AF_INET6, bare, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static int has_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    CURLUcode code = curl_url_get(url, part, &text, 0);
    curl_free(text);
    return code == CURLUE_OK;
}

/* Why a URL will not do; NULL: it does. By curl's own parser, because curl is who will read it. */
static const char *fault_of_url(CURLU *url, const char *text, int *is_loopback)
{
    char *scheme = NULL;
    char *host = NULL;
    const char *why = NULL;
    if (!shop_stripe_is_visible(text, URL_MAX) || curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK) {
        why = "the gateway's URL is none";
    } else {
        *is_loopback = is_loopback_host(host);
        if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD))
            why = "the gateway's URL must not hold a user name or password";
        else if (has_part(url, CURLUPART_QUERY) || has_part(url, CURLUPART_FRAGMENT) || strpbrk(text, "?#"))
            why = "the gateway's URL must not hold a query or fragment";
        else if (strcmp(scheme, "https") != 0 && !(strcmp(scheme, "http") == 0 && *is_loopback))
            why = "the gateway's URL must begin with https:// (http:// only on the loopback interface)";
    }
    curl_free(scheme);
    curl_free(host);
    return why;
}

static int32_t take_url(shop_stripe_client *client, const char *text, shop_gateway_fault *fault)
{
    CURLU *url = curl_url();
    if (!url)
        return fault->outcome = SHOP_GATEWAY_NO_MEMORY;
    const char *why = fault_of_url(url, text, &client->is_loopback);
    curl_url_cleanup(url);
    if (why)
        return refuse(fault, why);
    client->base = shop_mem_strdup(text);
    if (!client->base)
        return fault->outcome = SHOP_GATEWAY_NO_MEMORY;
    for (size_t n = strlen(client->base); client->base[n - 1] == '/'; n--)
        client->base[n - 1] = '\0';
    return SHOP_GATEWAY_OK;
}

static int32_t take_secret(shop_stripe_client *client, const char *secret, shop_gateway_fault *fault)
{
    static const char prefix[] = "Authorization: Bearer ";
    if (!secret)
        return refuse(fault, "the gateway's secret key is missing");
    if (strncmp(secret, "sk_", 3) != 0 && strncmp(secret, "rk_", 3) != 0)
        return refuse(fault, "the gateway's secret must be a secret or restricted key: it begins with sk_ or rk_");
    if (!shop_stripe_is_visible(secret, SECRET_MAX))
        return refuse(fault, "the gateway's secret holds characters that no key has");
    size_t size = sizeof prefix + strlen(secret);
    client->authorization = shop_mem_alloc(size);
    if (!client->authorization)
        return fault->outcome = SHOP_GATEWAY_NO_MEMORY;
    (void)snprintf(client->authorization, size, "%s%s", prefix, secret);
    return SHOP_GATEWAY_OK;
}

/* ------------------------------------------------------------------------------------------------ open and close */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int libraries_work;

static void start_libraries(void)
{
    libraries_work = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK && sodium_init() >= 0;
}

int32_t shop_stripe_client_open(const shop_gateway_host *host, shop_stripe_client **out, shop_gateway_fault *fault)
{
    *out = NULL;
    if (pthread_once(&once, start_libraries) != 0 || !libraries_work)
        return refuse(fault, "the HTTP library does not start");
    shop_stripe_client *client = shop_mem_zalloc(1, sizeof *client);
    if (!client)
        return fault->outcome = SHOP_GATEWAY_NO_MEMORY;
    if (pthread_mutex_init(&client->lock, NULL) != 0) {
        shop_mem_free(client);
        return fault->outcome = SHOP_GATEWAY_NO_MEMORY;
    }
    int64_t half = host->timeout_ms / 2; /* one try that hangs leaves time for another */
    client->try_ms = half > SHORTEST_TRY_MS ? half : SHORTEST_TRY_MS;
    client->log = host->log;
    client->user = host->user;
    (void)snprintf(client->agent, sizeof client->agent, "libshop/%s", shop_version());
    int32_t outcome = take_url(client, host->url ? host->url : STRIPE_URL, fault);
    if (outcome == SHOP_GATEWAY_OK)
        outcome = take_secret(client, host->secret, fault);
    if (outcome == SHOP_GATEWAY_OK)
        *out = client;
    else
        shop_stripe_client_close(client);
    return fault->outcome = outcome;
}

void shop_stripe_client_close(shop_stripe_client *client)
{
    if (!client)
        return;
    for (size_t i = 0; i < client->handle_count; i++)
        curl_easy_cleanup(client->handles[i]);
    if (client->authorization)
        sodium_memzero(client->authorization, strlen(client->authorization));
    shop_mem_free(client->authorization);
    shop_mem_free(client->base);
    pthread_mutex_destroy(&client->lock);
    shop_mem_free(client);
}

/* ------------------------------------------------------------------------------------------------ handles */

static CURL *take_handle(shop_stripe_client *client)
{
    CURL *handle = NULL;
    pthread_mutex_lock(&client->lock);
    if (client->handle_count > 0)
        handle = client->handles[--client->handle_count];
    pthread_mutex_unlock(&client->lock);
    return handle ? handle : curl_easy_init();
}

/* It forgets the request, and keeps its connection. */
static void return_handle(shop_stripe_client *client, CURL *handle)
{
    curl_easy_reset(handle);
    pthread_mutex_lock(&client->lock);
    if (client->handle_count < HANDLES_KEPT) {
        client->handles[client->handle_count++] = handle;
        handle = NULL;
    }
    pthread_mutex_unlock(&client->lock);
    curl_easy_cleanup(handle);
}

/* ------------------------------------------------------------------------------------------------ the answer */

typedef struct arrival {
    shop_stripe_answer *answer;
    size_t room;
    int is_out_of_memory;
} arrival;

/* Answers hold client secrets: no copy of them stays behind where a block moves. */
static int make_room(arrival *a, size_t needed)
{
    if (needed <= a->room)
        return 1;
    size_t room = a->room ? a->room : 4096;
    while (room < needed)
        room *= 2;
    char *body = shop_mem_alloc(room);
    if (!body)
        return 0;
    if (a->answer->body) {
        memcpy(body, a->answer->body, a->answer->length + 1);
        sodium_memzero(a->answer->body, a->answer->length);
        shop_mem_free(a->answer->body);
    }
    a->answer->body = body;
    a->room = room;
    return 1;
}

static size_t take_body(char *data, size_t size, size_t count, void *user)
{
    arrival *a = user;
    size_t length = size * count;
    if (length > SHOP_STRIPE_ANSWER_MAX - a->answer->length) {
        a->answer->is_too_long = 1;
        return 0;
    }
    if (!make_room(a, a->answer->length + length + 1)) {
        a->is_out_of_memory = 1;
        return 0;
    }
    memcpy(a->answer->body + a->answer->length, data, length);
    a->answer->length += length;
    a->answer->body[a->answer->length] = '\0';
    return length;
}

static void take_advice(shop_stripe_answer *answer, const char *value, size_t length)
{
    if (length == 4 && memcmp(value, "true", 4) == 0)
        answer->advice = SHOP_STRIPE_REPEAT;
    else if (length == 5 && memcmp(value, "false", 5) == 0)
        answer->advice = SHOP_STRIPE_DO_NOT_REPEAT;
}

static void take_retry_after(shop_stripe_answer *answer, const char *value, size_t length)
{
    int64_t seconds;
    if (shop_parse_int64(value, length, &seconds) && seconds > 0 && seconds <= INT32_MAX)
        answer->retry_after = (int32_t)seconds;
}

static void take_replay(shop_stripe_answer *answer, const char *value, size_t length)
{
    answer->is_replay = length == 4 && memcmp(value, "true", 4) == 0;
}

static void take_request_id(shop_stripe_answer *answer, const char *value, size_t length)
{
    if (length < sizeof answer->request_id && shop_text_is_line(value, length)) {
        memcpy(answer->request_id, value, length);
        answer->request_id[length] = '\0';
    }
}

typedef struct header_taker {
    const char *name;
    void (*take)(shop_stripe_answer *answer, const char *value, size_t length);
} header_taker;

static const header_taker header_takers[] = {
    {"stripe-should-retry", take_advice},
    {"retry-after", take_retry_after},
    {"idempotent-replayed", take_replay},
    {"request-id", take_request_id},
};

static size_t take_header(char *data, size_t size, size_t count, void *user)
{
    arrival *a = user;
    size_t length = size * count;
    const char *colon = memchr(data, ':', length);
    if (!colon)
        return length;
    size_t name = (size_t)(colon - data);
    const char *value = colon + 1;
    size_t value_length = length - name - 1;
    shop_text_trim(&value, &value_length);
    for (size_t i = 0; i < sizeof header_takers / sizeof header_takers[0]; i++)
        if (strlen(header_takers[i].name) == name && strncasecmp(header_takers[i].name, data, name) == 0)
            header_takers[i].take(a->answer, value, value_length);
    return length;
}

void shop_stripe_answer_free(shop_stripe_answer *answer)
{
    if (answer->body)
        sodium_memzero(answer->body, answer->length);
    shop_mem_free(answer->body);
    *answer = (shop_stripe_answer){.status = 0};
}

/* ------------------------------------------------------------------------------------------------ one try */

/* The headers of a request: the list borrows its texts, so that no copy of the secret is made. */
typedef struct headers {
    struct curl_slist items[5];
    size_t count;
    char key[sizeof "Idempotency-Key: " + KEY_MAX];
} headers;

static char version_header[] = "Stripe-Version: " SHOP_STRIPE_API_VERSION;
static char form_header[] = "Content-Type: application/x-www-form-urlencoded";
static char accept_header[] = "Accept: application/json";

static void add_header(headers *h, char *text)
{
    h->items[h->count] = (struct curl_slist){.data = text};
    if (h->count > 0)
        h->items[h->count - 1].next = &h->items[h->count];
    h->count++;
}

static void make_headers(const shop_stripe_client *client, const shop_stripe_request *request, headers *h)
{
    h->count = 0;
    add_header(h, client->authorization);
    add_header(h, version_header);
    add_header(h, accept_header);
    if (!request->form)
        return;
    (void)snprintf(h->key, sizeof h->key, "Idempotency-Key: %s", request->key);
    add_header(h, h->key);
    add_header(h, form_header);
}

/* Where curl takes `long`, an option that it refuses is one that protects nobody: every result counts. */
static int set_long(CURL *handle, CURLoption option, long value)
{
    return curl_easy_setopt(handle, option, value) == CURLE_OK;
}

static int set_safety(const shop_stripe_client *client, CURL *handle)
{
    return set_long(handle, CURLOPT_NOSIGNAL, 1) && set_long(handle, CURLOPT_FOLLOWLOCATION, 0) &&
           set_long(handle, CURLOPT_SSL_VERIFYPEER, 1) && set_long(handle, CURLOPT_SSL_VERIFYHOST, 2) &&
           set_long(handle, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2) && set_long(handle, CURLOPT_TCP_NODELAY, 1) &&
           set_long(handle, CURLOPT_TCP_KEEPALIVE, 1) &&
           curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, client->is_loopback ? "http,https" : "https") == CURLE_OK &&
           (!client->is_loopback || curl_easy_setopt(handle, CURLOPT_PROXY, "") == CURLE_OK);
}

static int set_request(const shop_stripe_client *client, CURL *handle, const char *url, const shop_stripe_request *request,
                       headers *h)
{
    make_headers(client, request, h);
    if (curl_easy_setopt(handle, CURLOPT_URL, url) != CURLE_OK ||
        curl_easy_setopt(handle, CURLOPT_USERAGENT, client->agent) != CURLE_OK ||
        curl_easy_setopt(handle, CURLOPT_HTTPHEADER, h->items) != CURLE_OK)
        return 0;
    return !request->form || (set_long(handle, CURLOPT_POSTFIELDSIZE, (long)strlen(request->form)) &&
                              curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request->form) == CURLE_OK);
}

static int set_arrival(CURL *handle, arrival *a)
{
    return curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_WRITEDATA, a) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_HEADERDATA, a) == CURLE_OK;
}

static int64_t least_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int set_timeouts(const shop_stripe_client *client, CURL *handle, int64_t rest_ms)
{
    int64_t total = least_of(rest_ms, client->try_ms);
    return set_long(handle, CURLOPT_TIMEOUT_MS, (long)total) &&
           set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, (long)least_of(total, CONNECT_TIMEOUT_MS));
}

/* Does it, and fills the answer: status 0 when there is no whole one. */
static CURLcode perform(shop_stripe_client *client, const char *url, const shop_stripe_request *request, int64_t rest_ms,
                        shop_stripe_answer *answer)
{
    headers h;
    arrival a = {.answer = answer};
    CURL *handle = take_handle(client);
    if (!handle)
        return CURLE_OUT_OF_MEMORY;
    CURLcode code = CURLE_FAILED_INIT;
    if (set_safety(client, handle) && set_request(client, handle, url, request, &h) && set_arrival(handle, &a) &&
        set_timeouts(client, handle, rest_ms))
        code = curl_easy_perform(handle);
    if (a.is_out_of_memory)
        code = CURLE_OUT_OF_MEMORY;
    if (code == CURLE_OK)
        code = curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &answer->status);
    return_handle(client, handle);
    return code;
}

/* ------------------------------------------------------------------------------------------------ repeating */

/* What is as wrong the next time. */
static const CURLcode hopeless[] = {
    CURLE_OUT_OF_MEMORY,      CURLE_FAILED_INIT, CURLE_UNSUPPORTED_PROTOCOL,
    CURLE_URL_MALFORMAT,      CURLE_WRITE_ERROR, CURLE_PEER_FAILED_VERIFICATION,
    CURLE_SSL_CACERT_BADFILE,
};

static int is_worth_repeating(CURLcode code, const shop_stripe_answer *answer)
{
    if (code != CURLE_OK) {
        for (size_t i = 0; i < sizeof hopeless / sizeof hopeless[0]; i++)
            if (hopeless[i] == code)
                return 0;
        return 1;
    }
    if (answer->advice != SHOP_STRIPE_NO_ADVICE)
        return answer->advice == SHOP_STRIPE_REPEAT;
    if (answer->status >= 500)
        return !answer->is_replay; /* what a key brought back once it brings back always */
    return answer->status == 409;
}

/* Microseconds to wait before the nth repetition. */
static int64_t pause_before(int repetition, const shop_stripe_answer *answer)
{
    int64_t pause = least_of(FIRST_PAUSE << (repetition - 1), LONGEST_PAUSE);
    pause = pause / 2 + (int64_t)randombytes_uniform((uint32_t)(pause / 2) + 1);
    int64_t asked = answer->retry_after <= RETRY_AFTER_MAX ? (int64_t)answer->retry_after * 1000000 : 0;
    return pause > asked ? pause : asked;
}

static void pause_until(int64_t until)
{
    struct timespec at = {.tv_sec = (time_t)(until / 1000000), .tv_nsec = (long)(until % 1000000) * 1000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        continue;
}

static void tell_repetition(const shop_stripe_client *client, const shop_stripe_request *request, CURLcode code,
                            const shop_stripe_answer *answer, int64_t pause)
{
    char message[256];
    char why[64];
    if (!client->log)
        return;
    if (code != CURLE_OK)
        (void)snprintf(why, sizeof why, "%s", curl_easy_strerror(code));
    else
        (void)snprintf(why, sizeof why, "HTTP %ld", answer->status);
    (void)snprintf(message, sizeof message, "stripe: %s %.100s: %s; again in %d ms", request->form ? "POST" : "GET",
                   request->path, why, (int)(pause / 1000));
    client->log(client->user, SHOP_LOG_WARNING, message);
}

static int32_t finish(CURLcode code, shop_stripe_answer *answer)
{
    if (code == CURLE_OK)
        return SHOP_GATEWAY_OK;
    answer->status = 0;
    (void)snprintf(answer->failure, sizeof answer->failure, "%s",
                   answer->is_too_long ? "the answer is too long" : curl_easy_strerror(code));
    return code == CURLE_OUT_OF_MEMORY ? SHOP_GATEWAY_NO_MEMORY : SHOP_GATEWAY_AWAY;
}

static int32_t exchange(shop_stripe_client *client, const char *url, const shop_stripe_request *request,
                        shop_stripe_answer *answer)
{
    for (int repetition = 1;; repetition++) {
        int64_t now = shop_monotonic_now();
        int64_t rest_ms = (request->deadline - now) / 1000;
        shop_stripe_answer_free(answer);
        CURLcode code = CURLE_OPERATION_TIMEDOUT;
        if (rest_ms > 0)
            code = perform(client, url, request, rest_ms, answer);
        if (repetition > REPETITIONS_MAX || !is_worth_repeating(code, answer))
            return finish(code, answer);
        int64_t pause = pause_before(repetition, answer);
        now = shop_monotonic_now();
        if (pause >= request->deadline - now)
            return finish(code, answer);
        tell_repetition(client, request, code, answer, pause);
        pause_until(now + pause);
    }
}

int32_t shop_stripe_exchange(shop_stripe_client *client, const shop_stripe_request *request, shop_stripe_answer *answer)
{
    char url[URL_MAX + SHOP_STRIPE_FORM_MAX];
    *answer = (shop_stripe_answer){.status = 0};
    if (request->form && !shop_stripe_is_visible(request->key ? request->key : "", KEY_MAX)) {
        (void)snprintf(answer->failure, sizeof answer->failure, "there is no idempotency key that a header can hold");
        return SHOP_GATEWAY_MISCONFIGURED;
    }
    (void)snprintf(url, sizeof url, "%s%s", client->base, request->path);
    return exchange(client, url, request, answer);
}
