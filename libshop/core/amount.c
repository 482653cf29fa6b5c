/* SPDX-License-Identifier: MIT */
/* The public face of money.h: amounts as text, by the code of their currency. */
#include <shop/money.h>

#include <string.h>

#include "money.h"

static const shop_currency *find(const char *code)
{
    return code ? shop_currency_find(code, strlen(code)) : NULL;
}

int32_t shop_amount_digits(const char *currency)
{
    const shop_currency *c = find(currency);
    return c ? c->digits : -1;
}

shop_status shop_amount_format(int64_t amount, const char *currency, char *text, size_t size)
{
    const shop_currency *c = find(currency);
    char formatted[SHOP_MONEY_SIZE];
    if (!c || !text)
        return SHOP_INVALID;
    size_t length = shop_money_format(amount, c, formatted);
    if (length >= size)
        return SHOP_INVALID;
    memcpy(text, formatted, length + 1);
    return SHOP_OK;
}

shop_status shop_amount_parse(const char *text, const char *currency, int64_t *amount)
{
    const shop_currency *c = find(currency);
    if (!c || !text || !amount)
        return SHOP_INVALID;
    return shop_money_parse(text, strlen(text), c, amount) ? SHOP_OK : SHOP_INVALID;
}
