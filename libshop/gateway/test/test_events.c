/* SPDX-License-Identifier: MIT */
/* The test gateway tells what happened: signed events, posted to the webhook until it takes them. */
#include <curl/curl.h>
#include <string.h>

#include <shop/payment.h>

#include "../../storage/store.h"
#include "../webhook.h"
#include "test_gateway.h"

#define TIMEOUT_MS 3000L
#define FIRST_DELAY INT64_C(1000000)
#define LONGEST_DELAY (INT64_C(3600) * 1000000)
#define ATTEMPTS_MAX 40 /* some days, as Stripe does */

typedef struct test_event {
    int64_t id;
    const char *body;
    int64_t attempts;
    int is_taken;
} test_event;

static size_t ignore_answer(char *data, size_t size, size_t count, void *user)
{
    (void)data;
    (void)user;
    return size * count;
}

static int perform(CURL *curl)
{
    long code = 0;
    if (curl_easy_perform(curl) != CURLE_OK || curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code) != CURLE_OK)
        return 0;
    return code >= 200 && code <= 299;
}

static int set_up(CURL *curl, const char *url, struct curl_slist *headers, const char *body)
{
    return curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body)) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore_answer) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TIMEOUT_MS) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK && curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
}

/* 1 when the webhook took it. */
static int post(const char *url, const char *signature, const char *body, shop_ctx *cx)
{
    const char *header = shop_arena_printf(cx->arena, "Stripe-Signature: %s", signature);
    struct curl_slist *headers = header ? curl_slist_append(NULL, header) : NULL;
    struct curl_slist *all = headers ? curl_slist_append(headers, "Content-Type: application/json") : NULL;
    CURL *curl = all ? curl_easy_init() : NULL;
    int taken = curl && set_up(curl, url, all, body) && perform(curl);
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    return taken;
}

static int deliver_one(shop_ctx *cx, const char *secrets, const char *body)
{
    const char *url = cx->shop->options.webhook_url;
    char signature[SHOP_WEBHOOK_HEADER_SIZE];
    shop_webhook_sign(secrets, body, strlen(body), shop_now(cx->shop), signature);
    if (url)
        return post(url, signature, body, cx);
    return shop_payment_webhook(cx, body, strlen(body), signature) == SHOP_OK;
}

/* Taken: forgotten. Not taken: later again, and given up in the end. */
static shop_status settle_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const test_event *e = args;
    (void)answer;
    if (e->is_taken || e->attempts + 1 >= ATTEMPTS_MAX) {
        shop_batch_delete(b, TABLE_TEST_EVENT, SHOP_EXPECT_ANY);
    } else {
        int64_t delay = FIRST_DELAY;
        for (int64_t i = 0; i < e->attempts && delay < LONGEST_DELAY; i++)
            delay *= 2;
        shop_batch_update(b, TABLE_TEST_EVENT, SHOP_EXPECT_ANY);
        shop_set_add(b, TEST_EVENT_ATTEMPTS, 1);
        shop_set_int(b, TEST_EVENT_DUE_AT, shop_now(cx->shop) + delay);
    }
    shop_guard_int(b, TEST_EVENT_ID, SHOP_PRED_EQ, e->id);
    return SHOP_OK;
}

shop_status shop_test_gateway_deliver(shop_ctx *cx, const char *secrets, int64_t limit, int64_t *done)
{
    *done = 0;
    shop_query *q = shop_query_new(cx);
    int read = shop_query_read(q, TABLE_TEST_EVENT);
    shop_where_int(q, TEST_EVENT_DUE_AT, SHOP_PRED_LE, shop_now(cx->shop));
    shop_query_order(q, TEST_EVENT_DUE_AT, 0);
    shop_query_order(q, TEST_EVENT_ID, 0);
    shop_query_limit(q, limit, 0);
    shop_status status = shop_query_run(q);
    if (status != SHOP_OK)
        return status;
    const shop_rows *rows = shop_query_rows(q, read);
    for (uint32_t i = 0; i < rows->count && status == SHOP_OK; i++) {
        test_event e = {.id = shop_row_int(rows, i, TEST_EVENT_ID),
                        .body = shop_row_text(rows, i, TEST_EVENT_BODY),
                        .attempts = shop_row_int(rows, i, TEST_EVENT_ATTEMPTS)};
        e.is_taken = deliver_one(cx, secrets, e.body);
        *done += e.is_taken;
        status = shop_change_step(cx, settle_attempt, &e);
    }
    return status;
}
