/* SPDX-License-Identifier: MIT */
/* Money: the currency table, checked arithmetic, decimal strings. */
#include "money.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

/*
 * ISO 4217, list one as of 2026-01-01, sorted. Left out: codes without a minor unit (metals, bond
 * units, XDR, XSU, XUA, XTS, XXX), in which nothing has a price.
 */
static const shop_currency currencies[] = {
    {"aed", 2}, {"afn", 2}, {"all", 2}, {"amd", 2}, {"aoa", 2}, {"ars", 2}, {"aud", 2}, {"awg", 2}, {"azn", 2}, {"bam", 2},
    {"bbd", 2}, {"bdt", 2}, {"bhd", 3}, {"bif", 0}, {"bmd", 2}, {"bnd", 2}, {"bob", 2}, {"bov", 2}, {"brl", 2}, {"bsd", 2},
    {"btn", 2}, {"bwp", 2}, {"byn", 2}, {"bzd", 2}, {"cad", 2}, {"cdf", 2}, {"che", 2}, {"chf", 2}, {"chw", 2}, {"clf", 4},
    {"clp", 0}, {"cny", 2}, {"cop", 2}, {"cou", 2}, {"crc", 2}, {"cup", 2}, {"cve", 2}, {"czk", 2}, {"djf", 0}, {"dkk", 2},
    {"dop", 2}, {"dzd", 2}, {"egp", 2}, {"ern", 2}, {"etb", 2}, {"eur", 2}, {"fjd", 2}, {"fkp", 2}, {"gbp", 2}, {"gel", 2},
    {"ghs", 2}, {"gip", 2}, {"gmd", 2}, {"gnf", 0}, {"gtq", 2}, {"gyd", 2}, {"hkd", 2}, {"hnl", 2}, {"htg", 2}, {"huf", 2},
    {"idr", 2}, {"ils", 2}, {"inr", 2}, {"iqd", 3}, {"irr", 2}, {"isk", 0}, {"jmd", 2}, {"jod", 3}, {"jpy", 0}, {"kes", 2},
    {"kgs", 2}, {"khr", 2}, {"kmf", 0}, {"kpw", 2}, {"krw", 0}, {"kwd", 3}, {"kyd", 2}, {"kzt", 2}, {"lak", 2}, {"lbp", 2},
    {"lkr", 2}, {"lrd", 2}, {"lsl", 2}, {"lyd", 3}, {"mad", 2}, {"mdl", 2}, {"mga", 2}, {"mkd", 2}, {"mmk", 2}, {"mnt", 2},
    {"mop", 2}, {"mru", 2}, {"mur", 2}, {"mvr", 2}, {"mwk", 2}, {"mxn", 2}, {"mxv", 2}, {"myr", 2}, {"mzn", 2}, {"nad", 2},
    {"ngn", 2}, {"nio", 2}, {"nok", 2}, {"npr", 2}, {"nzd", 2}, {"omr", 3}, {"pab", 2}, {"pen", 2}, {"pgk", 2}, {"php", 2},
    {"pkr", 2}, {"pln", 2}, {"pyg", 0}, {"qar", 2}, {"ron", 2}, {"rsd", 2}, {"rub", 2}, {"rwf", 0}, {"sar", 2}, {"sbd", 2},
    {"scr", 2}, {"sdg", 2}, {"sek", 2}, {"sgd", 2}, {"shp", 2}, {"sle", 2}, {"sos", 2}, {"srd", 2}, {"ssp", 2}, {"stn", 2},
    {"svc", 2}, {"syp", 2}, {"szl", 2}, {"thb", 2}, {"tjs", 2}, {"tmt", 2}, {"tnd", 3}, {"top", 2}, {"try", 2}, {"ttd", 2},
    {"twd", 2}, {"tzs", 2}, {"uah", 2}, {"ugx", 0}, {"usd", 2}, {"usn", 2}, {"uyi", 0}, {"uyu", 2}, {"uyw", 4}, {"uzs", 2},
    {"ved", 2}, {"ves", 2}, {"vnd", 0}, {"vuv", 0}, {"wst", 2}, {"xad", 2}, {"xaf", 0}, {"xcd", 2}, {"xcg", 2}, {"xof", 0},
    {"xpf", 0}, {"yer", 2}, {"zar", 2}, {"zmw", 2}, {"zwg", 2},
};

static int compare_code(const void *code, const void *currency)
{
    return memcmp(code, ((const shop_currency *)currency)->code, 3);
}

const shop_currency *shop_currency_find(const char *code, size_t len)
{
    char folded[3];

    if (len != sizeof folded)
        return NULL;
    shop_ascii_fold(folded, code, len);
    return bsearch(folded, currencies, sizeof currencies / sizeof *currencies, sizeof *currencies, compare_code);
}

const shop_currency *shop_currency_table(size_t *count)
{
    *count = sizeof currencies / sizeof *currencies;
    return currencies;
}

bool shop_money_add(int64_t a, int64_t b, int64_t *out)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return false;
    *out = sum;
    return true;
}

bool shop_money_sub(int64_t a, int64_t b, int64_t *out)
{
    int64_t difference;
    if (__builtin_sub_overflow(a, b, &difference))
        return false;
    *out = difference;
    return true;
}

bool shop_money_mul(int64_t price, int64_t quantity, int64_t *out)
{
    int64_t product;
    if (__builtin_mul_overflow(price, quantity, &product))
        return false;
    *out = product;
    return true;
}

size_t shop_money_format(int64_t minor, const shop_currency *currency, char out[static SHOP_MONEY_SIZE])
{
    char reversed[SHOP_MONEY_SIZE];
    uint64_t rest = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor;
    int32_t digits = 0;
    size_t used = 0;
    size_t len = 0;

    do { /* at least one digit stands before the point */
        if (digits > 0 && digits == currency->digits)
            reversed[used++] = '.';
        reversed[used++] = (char)('0' + rest % 10);
        rest /= 10;
        digits++;
    } while (rest > 0 || digits <= currency->digits);
    if (minor < 0)
        out[len++] = '-';
    while (used > 0)
        out[len++] = reversed[--used];
    out[len] = '\0';
    return len;
}

/* Appends the digits of s to an amount. */
static bool append_digits(const char *s, size_t len, int64_t *amount)
{
    for (size_t i = 0; i < len; i++) {
        if (s[i] < '0' || s[i] > '9')
            return false;
        if (!shop_money_mul(*amount, 10, amount) || !shop_money_add(*amount, s[i] - '0', amount))
            return false;
    }
    return true;
}

bool shop_money_parse(const char *s, size_t len, const shop_currency *currency, int64_t *minor)
{
    const char *point = memchr(s, '.', len);
    size_t whole = point ? (size_t)(point - s) : len;
    size_t fraction = point ? len - whole - 1 : 0;
    size_t digits = (size_t)currency->digits;
    int64_t amount = 0;

    if (whole == 0 || (whole > 1 && s[0] == '0') || (point && fraction == 0) || fraction > digits)
        return false;
    if (!append_digits(s, whole, &amount) || !append_digits(s + len - fraction, fraction, &amount) ||
        !append_digits("0000", digits - fraction, &amount))
        return false;
    *minor = amount;
    return true;
}
