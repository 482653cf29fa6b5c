/* SPDX-License-Identifier: MIT */
/* Money: currencies, checked arithmetic, decimal strings. */
#include <criterion/criterion.h>

#include <string.h>

#include "../../libshop/core/money.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const shop_currency *currency(const char *code)
{
    const shop_currency *found = shop_currency_find(code, strlen(code));
    cr_assert_not_null(found, "%s", code);
    return found;
}

Test(currency, is_found_in_any_case_with_its_digits)
{
    static const struct {
        const char *code;
        int32_t digits;
    } known[] = {
        {"usd", 2}, {"USD", 2}, {"Eur", 2}, {"jpy", 0}, {"KRW", 0}, {"kwd", 3}, {"TND", 3}, {"isk", 0},
        {"ugx", 0}, {"huf", 2}, {"mga", 2}, {"clf", 4}, {"aed", 2}, {"zwg", 2}, {"xof", 0}, {"bhd", 3},
    };
    for (size_t i = 0; i < COUNT(known); i++)
        cr_assert_eq(currency(known[i].code)->digits, known[i].digits, "%s", known[i].code);
    cr_assert_str_eq(currency("USD")->code, "usd");
}

Test(currency, unknown_and_withdrawn_codes_are_not_found)
{
    static const char *const unknown[] = {"", "us", "usdd", "xxx", "xau", "hrk", "bgn", "u d", "123"};
    for (size_t i = 0; i < COUNT(unknown); i++)
        cr_assert_null(shop_currency_find(unknown[i], strlen(unknown[i])), "%s", unknown[i]);
}

Test(currency, table_is_sorted_and_every_row_can_be_found)
{
    size_t count;
    const shop_currency *table = shop_currency_table(&count);
    cr_assert_gt(count, 150);
    for (size_t i = 0; i < count; i++) {
        cr_assert(i == 0 || strcmp(table[i - 1].code, table[i].code) < 0, "%s", table[i].code);
        cr_assert_eq(shop_currency_find(table[i].code, 3), &table[i]);
        cr_assert(table[i].digits >= 0 && table[i].digits <= 4);
    }
}

Test(money, arithmetic_is_exact_and_refuses_overflow)
{
    int64_t out = 99;
    cr_assert(shop_money_add(INT64_MAX - 1, 1, &out));
    cr_assert_eq(out, INT64_MAX);
    cr_assert_not(shop_money_add(INT64_MAX, 1, &out));
    cr_assert_not(shop_money_add(INT64_MIN, -1, &out));
    cr_assert_not(shop_money_sub(INT64_MIN, 1, &out));
    cr_assert_not(shop_money_sub(0, INT64_MIN, &out));
    cr_assert_not(shop_money_mul(INT64_MAX / 2 + 1, 2, &out));
    cr_assert_not(shop_money_mul(INT64_MIN, -1, &out));
    cr_assert_eq(out, INT64_MAX, "a refused sum leaves the output");
    cr_assert(shop_money_sub(5, 7, &out) && out == -2);
    cr_assert(shop_money_mul(1999, 3, &out) && out == 5997);
}

struct amount {
    const char *code;
    const char *text;
    int64_t minor;
};

Test(money, is_written_with_exactly_the_currencys_digits)
{
    static const struct amount amounts[] = {
        {"usd", "99.99", 9999},
        {"usd", "0.00", 0},
        {"usd", "0.05", 5},
        {"usd", "-0.05", -5},
        {"usd", "-12.30", -1230},
        {"usd", "1000.00", 100000},
        {"jpy", "100", 100},
        {"jpy", "0", 0},
        {"jpy", "-7", -7},
        {"kwd", "1.234", 1234},
        {"kwd", "0.001", 1},
        {"clf", "0.0001", 1},
        {"usd", "92233720368547758.07", INT64_MAX},
        {"usd", "-92233720368547758.08", INT64_MIN},
        {"jpy", "-9223372036854775808", INT64_MIN},
        {"clf", "-922337203685477.5808", INT64_MIN},
    };
    for (size_t i = 0; i < COUNT(amounts); i++) {
        char text[SHOP_MONEY_SIZE];
        size_t len = shop_money_format(amounts[i].minor, currency(amounts[i].code), text);
        cr_assert_str_eq(text, amounts[i].text);
        cr_assert_eq(len, strlen(text));
    }
}

Test(money, decimal_strings_are_read_also_with_fewer_digits)
{
    static const struct amount amounts[] = {
        {"usd", "5", 500},
        {"usd", "5.5", 550},
        {"usd", "5.50", 550},
        {"usd", "0", 0},
        {"usd", "0.5", 50},
        {"usd", "0.05", 5},
        {"usd", "99.99", 9999},
        {"jpy", "100", 100},
        {"kwd", "1.234", 1234},
        {"kwd", "1", 1000},
        {"clf", "1.2", 12000},
        {"usd", "92233720368547758.07", INT64_MAX},
        {"jpy", "9223372036854775807", INT64_MAX},
    };
    for (size_t i = 0; i < COUNT(amounts); i++) {
        int64_t minor = -1;
        const char *text = amounts[i].text;
        cr_assert(shop_money_parse(text, strlen(text), currency(amounts[i].code), &minor), "%s", text);
        cr_assert_eq(minor, amounts[i].minor, "%s", text);
    }
}

Test(money, anything_else_is_refused)
{
    static const struct amount amounts[] = {
        {"usd", "", 0},
        {"usd", ".", 0},
        {"usd", "5.", 0},
        {"usd", ".5", 0},
        {"usd", "+5", 0},
        {"usd", "-5", 0},
        {"usd", "-0", 0},
        {"usd", "05", 0},
        {"usd", "00", 0},
        {"usd", "00.5", 0},
        {"usd", "5.555", 0},
        {"usd", "5.550", 0},
        {"usd", "1e2", 0},
        {"usd", "1E2", 0},
        {"usd", "0x5", 0},
        {"usd", " 5", 0},
        {"usd", "5 ", 0},
        {"usd", "5,50", 0},
        {"usd", "1 000", 0},
        {"usd", "1,000.00", 0},
        {"usd", "1.2.3", 0},
        {"usd", "NaN", 0},
        {"usd", "inf", 0},
        {"usd", "$5", 0},
        {"usd", "5.-5", 0},
        {"usd", "5.+5", 0},
        {"jpy", "5.0", 0},
        {"jpy", "5.", 0},
        {"usd", "92233720368547758.08", 0},
        {"usd", "92233720368547759", 0},
        {"usd", "99999999999999999999999999", 0},
        {"jpy", "9223372036854775808", 0},
        {"usd", "\xD9\xA5", 0},
    };
    for (size_t i = 0; i < COUNT(amounts); i++) {
        int64_t minor = 77;
        const char *text = amounts[i].text;
        cr_assert_not(shop_money_parse(text, strlen(text), currency(amounts[i].code), &minor), "%s", text);
        cr_assert_eq(minor, 77);
    }
    int64_t minor;
    cr_assert_not(shop_money_parse("5\0", 2, currency("usd"), &minor));
}

Test(money, what_is_written_reads_back_in_every_currency)
{
    size_t count;
    const shop_currency *table = shop_currency_table(&count);
    uint64_t state = 88172645463325252U;
    for (size_t i = 0; i < count; i++)
        for (int n = 0; n < 200; n++) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            int64_t minor = (int64_t)(state >> (1 + n % 60)), back = -1;
            char text[SHOP_MONEY_SIZE];
            size_t len = shop_money_format(minor, &table[i], text);
            cr_assert(shop_money_parse(text, len, &table[i], &back), "%s %s", text, table[i].code);
            cr_assert_eq(back, minor);
        }
}
