/* SPDX-License-Identifier: MIT */
/*
 * Stripe's own units of money. They are ISO 4217's minor units for most currencies, and a hundred times or a hundredth of them for a few.
 * Currencies are three lower-case letters. Pure functions: any thread, any time.
 */
#ifndef SHOP_GATEWAY_STRIPE_MONEY_H
#define SHOP_GATEWAY_STRIPE_MONEY_H

#include <shop/sys/gateway.h>

/* What can be charged in a currency, in ISO's minor units; 0 when Stripe's units cannot express it. */
int shop_stripe_money(const char *currency, shop_gateway_money *out);

/* Minor units to Stripe's; 0 when the amount is negative, cannot be expressed or does not fit. */
int shop_stripe_units(const char *currency, int64_t minor, int64_t *units);

/* And back; 0 also when it would leave a rest. */
int shop_stripe_minor(const char *currency, int64_t units, int64_t *minor);

#endif
