/* SPDX-License-Identifier: MIT */
/* Writing JSON into a growing, capped buffer. */
#include "json_write.h"

#include <string.h>

#include "json_guard.h"
#include "mem.h"
#include "text.h"

#define FIRST_ROOM ((size_t)1024)

void shop_json_writer_init(shop_json_writer *w, size_t max)
{
    *w = (shop_json_writer){.max = max < SIZE_MAX / 4 ? max : SIZE_MAX / 4};
}

void shop_json_writer_reset(shop_json_writer *w)
{
    *w = (shop_json_writer){.data = w->data, .room = w->room, .max = w->max};
}

void shop_json_writer_free(shop_json_writer *w)
{
    shop_mem_free(w->data);
    *w = (shop_json_writer){.max = w->max};
}

static bool fail(shop_json_writer *w, shop_json_write_status status)
{
    if (w->status == SHOP_JSON_WRITE_OK)
        w->status = status;
    return false;
}

/* Doubles until size more bytes fit, up to the cap. */
static bool grow(shop_json_writer *w, size_t size)
{
    if (size > w->max - w->len)
        return fail(w, SHOP_JSON_WRITE_TOO_LONG);
    size_t room = w->room > 0 ? w->room : FIRST_ROOM;
    while (room - w->len < size)
        room *= 2;
    if (room > w->max)
        room = w->max;
    char *data = shop_mem_realloc(w->data, room + 1);
    if (!data)
        return fail(w, SHOP_JSON_WRITE_NO_MEMORY);
    w->data = data;
    w->room = room;
    return true;
}

/* Where size bytes may be written that count at once; NULL when there is no room. */
static char *take(shop_json_writer *w, size_t size)
{
    if (size > w->room - w->len && !grow(w, size))
        return NULL;
    char *at = w->data + w->len;
    w->len += size;
    return at;
}

static void append(shop_json_writer *w, const char *bytes, size_t size)
{
    char *at = size > 0 ? take(w, size) : NULL;
    if (at)
        memcpy(at, bytes, size);
}

static void append_char(shop_json_writer *w, char c)
{
    char *at = take(w, 1);
    if (at)
        *at = c;
}

static bool in_object(const shop_json_writer *w)
{
    return w->depth > 0 && (w->objects >> (w->depth - 1) & 1);
}

/* The comma before what comes next, if one is due. */
static void separate(shop_json_writer *w)
{
    if (w->after_value)
        append_char(w, ',');
}

/* Whether a value may come here; if so, everything that stands before it is written. */
static bool begin_value(shop_json_writer *w)
{
    if (w->status != SHOP_JSON_WRITE_OK)
        return false;
    if (in_object(w) ? !w->after_key : w->depth == 0 && w->after_value)
        return fail(w, SHOP_JSON_WRITE_MISUSE);
    if (!w->after_key)
        separate(w);
    w->after_key = false;
    w->after_value = true;
    return w->status == SHOP_JSON_WRITE_OK;
}

static void begin_container(shop_json_writer *w, bool is_object)
{
    if (!begin_value(w))
        return;
    if (w->depth == SHOP_JSON_WRITE_DEPTH_MAX) {
        fail(w, SHOP_JSON_WRITE_MISUSE);
        return;
    }
    append_char(w, is_object ? '{' : '[');
    uint64_t bit = UINT64_C(1) << w->depth++;
    w->objects = is_object ? w->objects | bit : w->objects & ~bit;
    w->after_value = false;
}

static void end_container(shop_json_writer *w, bool is_object)
{
    if (w->status != SHOP_JSON_WRITE_OK)
        return;
    if (w->depth == 0 || in_object(w) != is_object || w->after_key) {
        fail(w, SHOP_JSON_WRITE_MISUSE);
        return;
    }
    append_char(w, is_object ? '}' : ']');
    w->depth--;
    w->after_value = true;
}

void shop_json_object_begin(shop_json_writer *w)
{
    begin_container(w, true);
}

void shop_json_object_end(shop_json_writer *w)
{
    end_container(w, true);
}

void shop_json_array_begin(shop_json_writer *w)
{
    begin_container(w, false);
}

void shop_json_array_end(shop_json_writer *w)
{
    end_container(w, false);
}

/* The escape of a control, a quote or a backslash: the short one where there is one, or \u00XX. */
static void append_escape(shop_json_writer *w, unsigned char c)
{
    static const char short_form[0x20] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    char escape[7] = "\\u00";

    if (c < 0x20 && !short_form[c]) {
        shop_hex_encode(escape + 4, &c, 1);
        append(w, escape, 6);
        return;
    }
    escape[1] = c < 0x20 ? short_form[c] : (char)c;
    append(w, escape, 2);
}

/*
 * One character that does not simply stand for itself. Returns its length in the source, 0 for a
 * bad one.
 */
static size_t append_special(shop_json_writer *w, const char *text, size_t len)
{
    uint32_t c;
    size_t size = shop_utf8_decode(text, len, &c);

    if (size == 0 || c == 0)
        return 0;
    if (size > 1)
        append(w, text, size);
    else
        append_escape(w, (unsigned char)c);
    return size;
}

/* A text of which the first plain bytes are known to be so. */
static void append_escaped(shop_json_writer *w, const char *text, size_t len, size_t plain)
{
    append_char(w, '"');
    for (size_t at = 0; w->status == SHOP_JSON_WRITE_OK;) {
        append(w, text + at, plain);
        at += plain;
        if (at == len)
            break;
        size_t size = append_special(w, text + at, len - at);
        if (size == 0)
            fail(w, SHOP_JSON_WRITE_BAD_VALUE);
        at += size;
        plain = shop_json_plain_span(text + at, len - at);
    }
    append_char(w, '"');
}

static void append_quoted(shop_json_writer *w, const char *text, size_t len)
{
    size_t plain = shop_json_plain_span(text, len);
    if (plain < len) {
        append_escaped(w, text, len, plain);
        return;
    }
    char *at = take(w, len + 2);
    if (!at)
        return;
    at[0] = '"';
    memcpy(at + 1, text, len);
    at[len + 1] = '"';
}

void shop_json_key(shop_json_writer *w, const char *key)
{
    if (w->status != SHOP_JSON_WRITE_OK)
        return;
    if (!in_object(w) || w->after_key) {
        fail(w, SHOP_JSON_WRITE_MISUSE);
        return;
    }
    separate(w);
    append_quoted(w, key, strlen(key));
    append_char(w, ':');
    w->after_key = true;
}

static void write_token(shop_json_writer *w, const char *token, size_t len)
{
    if (begin_value(w))
        append(w, token, len);
}

void shop_json_write_null(shop_json_writer *w)
{
    write_token(w, "null", 4);
}

void shop_json_write_bool(shop_json_writer *w, bool value)
{
    write_token(w, value ? "true" : "false", value ? 4 : 5);
}

void shop_json_write_int64(shop_json_writer *w, int64_t value)
{
    char digits[SHOP_INT64_SIZE];
    size_t len = shop_format_int64(value, digits);
    write_token(w, digits, len);
}

void shop_json_write_string(shop_json_writer *w, const char *text)
{
    shop_json_write_text(w, text, text ? strlen(text) : 0);
}

void shop_json_write_text(shop_json_writer *w, const char *text, size_t len)
{
    if (!text)
        shop_json_write_null(w);
    else if (begin_value(w))
        append_quoted(w, text, len);
}

void shop_json_write_money(shop_json_writer *w, int64_t minor, const shop_currency *currency)
{
    char amount[SHOP_MONEY_SIZE];
    shop_json_write_text(w, amount, shop_money_format(minor, currency, amount));
}

void shop_json_write_time(shop_json_writer *w, int64_t microseconds)
{
    char time[SHOP_RFC3339_SIZE];
    if (shop_rfc3339_format(microseconds, time))
        shop_json_write_text(w, time, sizeof time - 1);
    else
        fail(w, SHOP_JSON_WRITE_BAD_VALUE);
}

void shop_json_write_raw(shop_json_writer *w, const char *json, size_t len)
{
    shop_json_limits limits = {
        .max_bytes = w->max,
        .max_depth = shop_json_default_limits.max_depth,
        .max_values = SIZE_MAX,
        .max_members = SIZE_MAX,
        .allow_scalar = true,
    };
    shop_json_status status = shop_json_guard(json, len, &limits, NULL);

    if (status == SHOP_JSON_NO_MEMORY)
        fail(w, SHOP_JSON_WRITE_NO_MEMORY);
    else if (status == SHOP_JSON_TOO_LONG)
        fail(w, SHOP_JSON_WRITE_TOO_LONG);
    else if (status != SHOP_JSON_OK)
        fail(w, SHOP_JSON_WRITE_BAD_VALUE);
    else
        write_token(w, json, len);
}

shop_json_write_status shop_json_writer_finish(shop_json_writer *w, const char **text, size_t *len)
{
    if (w->depth > 0 || !w->after_value)
        fail(w, SHOP_JSON_WRITE_MISUSE);
    *text = NULL;
    if (w->status != SHOP_JSON_WRITE_OK)
        return w->status;
    w->data[w->len] = '\0';
    *text = w->data;
    if (len)
        *len = w->len;
    return SHOP_JSON_WRITE_OK;
}
