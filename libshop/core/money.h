/* SPDX-License-Identifier: MIT */
/*
 * Money: whole minor units of a currency in an int64, never a floating-point number. Currencies and
 * their digits are ISO 4217's. All functions are pure: any thread, any time.
 */
#ifndef SHOP_CORE_MONEY_H
#define SHOP_CORE_MONEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct shop_currency {
    char code[4]; /* ISO 4217, lower case */
    int32_t digits; /* of the minor unit: 0 (JPY) to 4 (CLF) */
} shop_currency;

/* The currency of an ISO 4217 code in any case; NULL when there is none. Static. */
const shop_currency *shop_currency_find(const char *code, size_t len);

/* The active currencies, sorted by code, for tests and documentation. */
const shop_currency *shop_currency_table(size_t *count);

/*
 * *out = a + b, a - b, price * quantity; false (and *out as it was) when the result does not fit.
 */
bool shop_money_add(int64_t a, int64_t b, int64_t *out);
bool shop_money_sub(int64_t a, int64_t b, int64_t *out);
bool shop_money_mul(int64_t price, int64_t quantity, int64_t *out);

#define SHOP_MONEY_SIZE 24 /* room for a sign, 19 digits, a point and the NUL */

/*
 * "99.99", "100", "1.234", "-0.05": exactly the currency's digits, NUL-terminated. Returns the
 * length.
 */
size_t shop_money_format(int64_t minor, const shop_currency *currency, char out[static SHOP_MONEY_SIZE]);

/*
 * Reads an amount that a person or a client wrote: digits, optionally a point and at most the
 * currency's digits ("5" and "5.5" are 500 and 550 cents). No sign, no exponent, no spaces, no
 * grouping, no leading zero but in "0" and "0.5", a digit on both sides of the point. false when it
 * is not so or does not fit.
 */
bool shop_money_parse(const char *s, size_t len, const shop_currency *currency, int64_t *minor);

#endif
