/* SPDX-License-Identifier: MIT */
/* Requests in application/x-www-form-urlencoded, and what may stand in them. */
#ifndef SHOP_GATEWAY_STRIPE_FORM_H
#define SHOP_GATEWAY_STRIPE_FORM_H

#include <stddef.h>
#include <stdint.h>

/* All that we send is short: a few names, ids and numbers. */
#define SHOP_STRIPE_FORM_MAX 4096

/* Begin with {.length = 0}. After every step: is_too_long, or NUL-terminated text. */
typedef struct shop_stripe_form {
    size_t length;
    int is_too_long;
    char text[SHOP_STRIPE_FORM_MAX];
} shop_stripe_form;

/* Adds as it is: a path. */
void shop_stripe_form_raw(shop_stripe_form *form, const char *text);

/* Adds NAME=VALUE, both encoded, after "?", "&" or nothing, as it fits what stands there. */
void shop_stripe_form_text(shop_stripe_form *form, const char *name, const char *value);
void shop_stripe_form_int(shop_stripe_form *form, const char *name, int64_t value);

/* 1..255 letters, digits and underscores: an id that stays what it is inside a path. */
int shop_stripe_is_id(const char *text);

/* Visible ASCII only, at least one and at most `max` of it: nothing that would end a header. */
int shop_stripe_is_visible(const char *text, size_t max);

#endif
