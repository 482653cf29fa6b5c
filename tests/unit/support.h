/* SPDX-License-Identifier: MIT */
/*
 * What the tests of domains share: a shop that is cheap to open, contexts, users, a clock that the test sets.
 * SHOP_TEST_DATABASE names the backend: "memory:" (default), "sqlite:", which gets a fresh file each time, or "postgresql://…", where a
 * fresh schema is made each time.
 */
#ifndef TESTS_UNIT_SUPPORT_H
#define TESTS_UNIT_SUPPORT_H

#include <shop/shop.h>

#define TEST_SECRET "a-secret-key-of-the-tests-0123456789abcdef"
#define TEST_TIME INT64_C(1767225600000000) /* 2026-01-01T00:00:00Z: where the test clock begins */

/* Options as the tests want them: test database, cheap passwords, the test clock; a test may change them before test_shop_open_with. */
void test_options(shop_options *options);

/* The URL of a fresh place of this backend, "memory:", "sqlite:" or "postgresql://…" (NULL: "memory:"). Removed with the last shop, or at
   the end of the process. */
const char *test_fresh_place(const char *wanted);

/* Opens a shop, or ends the test. Files it makes are removed at test_shop_close. */
shop *test_shop_open(void);
shop *test_shop_open_with(const shop_options *options);
void test_shop_close(shop *s);

shop_ctx *test_ctx(shop *s, int64_t actor);

/* Registers a user with the password "correct horse battery" and returns the id; staff when asked. Ends the test on failure. */
#define TEST_PASSWORD "correct horse battery"
int64_t test_user(shop *s, const char *email, int staff);

/* The product "lamp", 10.00 each, in a category of its own, in a shop that has none of them yet; its id. Ends the test on failure. */
int64_t test_product(shop *s, int64_t stock);

/* The test clock: stands still unless told. */
void test_clock_set(int64_t microseconds);
void test_clock_advance(int64_t microseconds);

#endif
