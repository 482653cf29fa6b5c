/* SPDX-License-Identifier: MIT */
/* Stripe's own units of money, and its limits. */
#include "stripe_money.h"

#include <string.h>

#include "../../core/money.h"

#define MOST_UNITS INT64_C(999999999999) /* twelve digits: what a card can be charged */

/*
 * Where Stripe differs from "two decimals, any whole number, no least charge". What stands here by its digits alone does so for what ISO
 * 4217 says otherwise. Funds codes and units of account are no money that a card pays.
 */
typedef struct stripe_currency {
    char code[4];
    int8_t digits; /* of Stripe's unit; NOT_MONEY */
    int8_t step; /* units that a charge must be a multiple of */
    int32_t least; /* units to be charged at once */
} stripe_currency;

#define NOT_MONEY (-1)

/* Sorted. */
static const stripe_currency exceptions[] = {
    {"aed", 2, 1, 200},       {"ars", 2, 1, 50},        {"aud", 2, 1, 50},        {"bhd", 3, 10, 0},
    {"bif", 0, 1, 0},         {"bov", NOT_MONEY, 1, 0}, {"brl", 2, 1, 50},        {"cad", 2, 1, 50},
    {"che", NOT_MONEY, 1, 0}, {"chf", 2, 1, 50},        {"chw", NOT_MONEY, 1, 0}, {"clf", NOT_MONEY, 1, 0},
    {"clp", 0, 1, 0},         {"cop", 2, 1, 50},        {"cou", NOT_MONEY, 1, 0}, {"czk", 2, 1, 1500},
    {"djf", 0, 1, 0},         {"dkk", 2, 1, 250},       {"eur", 2, 1, 50},        {"gbp", 2, 1, 30},
    {"gnf", 0, 1, 0},         {"hkd", 2, 1, 400},       {"huf", 2, 1, 17500},     {"idr", 2, 1, 50},
    {"ils", 2, 1, 50},        {"inr", 2, 1, 50},        {"isk", 2, 100, 0},       {"jod", 3, 10, 0},
    {"jpy", 0, 1, 50},        {"kmf", 0, 1, 0},         {"krw", 0, 1, 50},        {"kwd", 3, 10, 0},
    {"mga", 0, 1, 0},         {"mxn", 2, 1, 1000},      {"mxv", NOT_MONEY, 1, 0}, {"myr", 2, 1, 200},
    {"nok", 2, 1, 300},       {"nzd", 2, 1, 50},        {"omr", 3, 10, 0},        {"php", 2, 1, 50},
    {"pln", 2, 1, 200},       {"pyg", 0, 1, 0},         {"ron", 2, 1, 200},       {"rub", 2, 1, 50},
    {"rwf", 0, 1, 0},         {"sek", 2, 1, 300},       {"sgd", 2, 1, 50},        {"thb", 2, 1, 1000},
    {"tnd", 3, 10, 0},        {"ugx", 2, 100, 0},       {"usd", 2, 1, 50},        {"usn", NOT_MONEY, 1, 0},
    {"uyi", NOT_MONEY, 1, 0}, {"uyw", NOT_MONEY, 1, 0}, {"vnd", 0, 1, 0},         {"vuv", 0, 1, 0},
    {"xad", NOT_MONEY, 1, 0}, {"xaf", 0, 1, 0},         {"xof", 0, 1, 0},         {"xpf", 0, 1, 0},
    {"zar", 2, 1, 50},
};

/* How the two units of a currency stand to each other. */
typedef struct conversion {
    int64_t units_of_minor; /* Stripe's units in a minor unit, or 1 */
    int64_t minor_of_unit; /* minor units in one of Stripe's, or 1 */
    int64_t step; /* in units */
    int64_t least; /* in units */
} conversion;

static stripe_currency stripe_currency_of(const char *code)
{
    for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++)
        if (memcmp(exceptions[i].code, code, sizeof exceptions[i].code) == 0)
            return exceptions[i];
    return (stripe_currency){.digits = 2, .step = 1};
}

static int64_t power_of_ten(int exponent)
{
    int64_t power = 1;
    for (int i = 0; i < exponent; i++)
        power *= 10;
    return power;
}

/* An ISO currency of other digits that Stripe says nothing about (IQD, LYD) is one it does not take. */
static int find_conversion(const char *currency, conversion *out)
{
    const shop_currency *iso = shop_currency_find(currency, strlen(currency));
    if (!iso)
        return 0;
    stripe_currency s = stripe_currency_of(iso->code);
    int is_exception = s.code[0] != '\0';
    if (s.digits == NOT_MONEY || (!is_exception && iso->digits != s.digits))
        return 0;
    *out = (conversion){
        .units_of_minor = power_of_ten(s.digits - iso->digits),
        .minor_of_unit = power_of_ten(iso->digits - s.digits),
        .step = s.step,
        .least = s.least,
    };
    return 1;
}

static int64_t round_up(int64_t value, int64_t step)
{
    return (value + step - 1) / step * step;
}

int shop_stripe_money(const char *currency, shop_gateway_money *out)
{
    conversion c;
    if (!find_conversion(currency, &c))
        return 0;
    int64_t step = c.step > c.units_of_minor ? c.step / c.units_of_minor : 1;
    step *= c.minor_of_unit;
    int64_t least = round_up(c.least, c.units_of_minor) / c.units_of_minor * c.minor_of_unit;
    int64_t most = MOST_UNITS / c.units_of_minor * c.minor_of_unit;
    *out = (shop_gateway_money){.step = step, .least = round_up(least, step), .most = most / step * step};
    return 1;
}

int shop_stripe_units(const char *currency, int64_t minor, int64_t *units)
{
    conversion c;
    int64_t made;
    if (!find_conversion(currency, &c) || minor < 0 || minor % c.minor_of_unit != 0 ||
        __builtin_mul_overflow(minor / c.minor_of_unit, c.units_of_minor, &made) || made % c.step != 0)
        return 0;
    *units = made;
    return 1;
}

int shop_stripe_minor(const char *currency, int64_t units, int64_t *minor)
{
    conversion c;
    int64_t made;
    if (!find_conversion(currency, &c) || units < 0 || units % c.units_of_minor != 0 ||
        __builtin_mul_overflow(units / c.units_of_minor, c.minor_of_unit, &made))
        return 0;
    *minor = made;
    return 1;
}
