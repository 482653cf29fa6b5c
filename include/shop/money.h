/* SPDX-License-Identifier: MIT */
/* Money: amounts are int64 in a currency's smallest unit of ISO 4217; never a floating point number. */
#ifndef SHOP_MONEY_H
#define SHOP_MONEY_H

#include <shop/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Digits after the point of a currency (any case): 2 for "usd", 0 for "jpy", 3 for "kwd"; -1 when it is not known. Thread-safe. */
SHOP_API int32_t shop_amount_digits(const char *currency);

/*
 * Writes an amount as decimal text with exactly the currency's digits ("99.99"), NUL-terminated, into `text` of `size` bytes (24 always
 * suffice). SHOP_OK; SHOP_INVALID for an unknown currency or when it does not fit. Thread-safe.
 */
SHOP_API shop_status shop_amount_format(int64_t amount, const char *currency, char *text, size_t size);

/* Reads decimal text: at most the currency's digits, no exponent. SHOP_OK; SHOP_INVALID (then *amount is untouched). Thread-safe. */
SHOP_API shop_status shop_amount_parse(const char *text, const char *currency, int64_t *amount);

#ifdef __cplusplus
}
#endif

#endif
