/* SPDX-License-Identifier: MIT */
/* Requests in application/x-www-form-urlencoded, and what may stand in them. */
#include "stripe_form.h"

#include <string.h>

#include "../../core/text.h"

#define ID_MAX 255

static void put(shop_stripe_form *form, char c)
{
    if (form->length + 1 >= sizeof form->text) {
        form->is_too_long = 1;
        return;
    }
    form->text[form->length++] = c;
    form->text[form->length] = '\0';
}

void shop_stripe_form_raw(shop_stripe_form *form, const char *text)
{
    while (*text)
        put(form, *text++);
}

static int is_word_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static void put_encoded(shop_stripe_form *form, const char *text)
{
    for (; *text; text++) {
        if (is_word_character(*text) || *text == '-' || *text == '.') {
            put(form, *text);
            continue;
        }
        unsigned char byte = (unsigned char)*text;
        char hex[3];
        shop_hex_encode(hex, &byte, 1);
        put(form, '%');
        shop_stripe_form_raw(form, hex);
    }
}

void shop_stripe_form_text(shop_stripe_form *form, const char *name, const char *value)
{
    int is_path = form->length > 0 && form->text[0] == '/';
    if (form->length > 0)
        put(form, is_path && !memchr(form->text, '?', form->length) ? '?' : '&');
    put_encoded(form, name);
    put(form, '=');
    put_encoded(form, value);
}

void shop_stripe_form_int(shop_stripe_form *form, const char *name, int64_t value)
{
    char text[SHOP_INT64_SIZE];
    (void)shop_format_int64(value, text);
    shop_stripe_form_text(form, name, text);
}

int shop_stripe_is_id(const char *text)
{
    size_t length = 0;
    while (length <= ID_MAX && is_word_character(text[length]))
        length++;
    return length >= 1 && length <= ID_MAX && text[length] == '\0';
}

int shop_stripe_is_visible(const char *text, size_t max)
{
    size_t length = 0;
    while (length <= max && text[length] > ' ' && text[length] < 0x7f)
        length++;
    return length >= 1 && length <= max && text[length] == '\0';
}
