/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the payment sagas share: a shop on the mock gateway, its people, short ways to do things and to say how they must
 * stand, storage that dies, and the comparison of both books. Everything goes through the public API.
 */
#ifndef TESTS_UNIT_PAYMENT_SUPPORT_H
#define TESTS_UNIT_PAYMENT_SUPPORT_H

#include <criterion/criterion.h>

#include "mock_gateway.h"
#include "support.h"

#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define ORDER_TTL 1800
#define PRICE 1000
#define STOCK 100

extern shop *test_shop;
extern shop_ctx *system_cx;
extern shop_ctx *ann; /* the customer */
extern shop_ctx *bob; /* another one */
extern shop_ctx *sue; /* staff */
extern int64_t cup; /* a product at PRICE, STOCK of them */

/* Opens an empty mock world and a shop on it; `change` (may be NULL) sees the options first. */
void payment_shop_open_with(void (*change)(shop_options *options));
void payment_shop_open(void);
/* The same, with orders that never expire. */
void payment_shop_open_patient(void);
/* Closes it; the test fails when libshop asked anything improper of the gateway. */
void payment_shop_close(void);

/* ------------------------------------------------------------------------------------------------ doing */

void ok(const shop_ctx *cx, shop_status got);
void refused(const shop_ctx *cx, shop_status got, shop_status wanted, const char *code);

int64_t place_order(void); /* one cup, for ann */
int64_t place_order_of(int64_t product, int64_t quantity);
int64_t make_product(const char *slug, int64_t price);
shop_status try_create(shop_ctx *cx, int64_t order, const shop_intent **out);
int64_t begin(int64_t order); /* ann begins to pay; the payment's id */
shop_status try_confirm(int64_t payment, const char *method);
int64_t paid(int64_t order); /* ann begins and pays */
shop_status try_cancel(int64_t payment);
shop_status try_refund(int64_t payment, int64_t amount); /* sue does */
void with_key(shop_ctx *cx, const char *key);
shop_status jobs(void); /* once */
void jobs_rest(void); /* until nothing is due; none fails */
void hours_of_jobs(int hours); /* rounds of jobs a minute apart, whatever they say */

shop_status tell(const char *event, int32_t about, const char *intent, const char *object); /* a signed message arrives */

/* ------------------------------------------------------------------------------------------------ saying */

const shop_payment *payment_of(int64_t payment);
const char *intent_of(int64_t payment);
void stands(int64_t payment, const char *status, int64_t refunded);
void order_is(int64_t order, const char *status);
int64_t stock(void); /* of cups */

/* Shop and gateway agree about an order; no order has two intents that live, no cancelled one keeps money. */
void books_agree(int64_t order);

/* ------------------------------------------------------------------------------------------------ storage that dies */

void storage_dies_after(int batches); /* so many are still written; then none any more */
int storage_is_dead(void);
void storage_revives(void);

#endif
