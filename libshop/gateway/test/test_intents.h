/* SPDX-License-Identifier: MIT */
/* The test gateway's side of the world, kept in tables of its own. Each change is an attempt for shop_change_step. */
#ifndef SHOP_GATEWAY_TEST_INTENTS_H
#define SHOP_GATEWAY_TEST_INTENTS_H

#include <shop/sys/gateway.h>

#include "../../storage/store.h"

typedef struct test_card {
    const char *method;
    const char *status; /* what confirming makes of the intent */
    const char *message; /* for the customer, when declined … */
    const char *decline_code; /* … and the bank's word */
} test_card;

typedef struct test_intent {
    int64_t row;
    int64_t version;
    int64_t refunded;
    shop_gateway_intent shown;
} test_intent;

/* What a call is about, and what came of it. */
typedef struct test_call {
    const char *intent;
    const char *key;
    const shop_gateway_order *order;
    const shop_gateway_return *what;
    const test_card *card;
    test_intent found;
    shop_gateway_refund refund;
} test_call;

/* What Stripe's test payment method of that name does; NULL when there is none. */
const test_card *shop_test_find_card(const char *method);

/* Finds an intent by a unique text column; SHOP_NOT_FOUND when there is none. */
shop_status shop_test_find_intent(shop_ctx *cx, uint16_t column, const char *value, test_intent *out);

/* A row of TABLE_TEST_REFUND. */
void shop_test_load_refund(const shop_rows *rows, uint32_t i, shop_gateway_refund *out);

/* Attempts; `args` is a test_call. */
shop_status shop_test_create(shop_ctx *cx, void *args, shop_batch *b, const void **answer);
shop_status shop_test_confirm(shop_ctx *cx, void *args, shop_batch *b, const void **answer);
shop_status shop_test_cancel(shop_ctx *cx, void *args, shop_batch *b, const void **answer);
shop_status shop_test_refund(shop_ctx *cx, void *args, shop_batch *b, const void **answer);

#endif
