/* SPDX-License-Identifier: MIT */
/* Handles and inputs from their descriptions: JSON both ways, checks, loading from rows. */
#include "type.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "ctx.h"
#include "json_read.h"
#include "text.h"

#define NAME_SHOWN_MAX 64 /* characters of a client's own member name that an error repeats */

/* ------------------------------------------------------------------------------------------------ asking */

const shop_type *shop_type_at(size_t i)
{
    size_t count = 0;
    while (shop_types[count])
        if (count++ == i)
            return shop_types[i];
    return NULL;
}

const shop_type *shop_type_find(const char *name)
{
    for (size_t i = 0; shop_types[i]; i++)
        if (strcmp(shop_types[i]->name, name) == 0)
            return shop_types[i];
    return NULL;
}

const char *shop_type_name(const shop_type *type)
{
    return type->name;
}

const char *shop_type_doc(const shop_type *type)
{
    return type->doc;
}

size_t shop_type_field_count(const shop_type *type)
{
    return type->field_count;
}

size_t shop_type_size(const shop_type *type)
{
    return type->size;
}

const shop_field *shop_type_field(const shop_type *type, size_t i)
{
    return i < type->field_count ? &type->fields[i] : NULL;
}

const char *shop_field_name(const shop_field *field)
{
    return field->name;
}

int32_t shop_field_kind(const shop_field *field)
{
    return field->kind;
}

int32_t shop_field_flags(const shop_field *field)
{
    return field->flags;
}

const char *shop_field_doc(const shop_field *field)
{
    return field->doc;
}

int64_t shop_field_min(const shop_field *field)
{
    return field->min;
}

int64_t shop_field_max(const shop_field *field)
{
    return field->max;
}

const char *shop_field_word(const shop_field *field, size_t i)
{
    for (size_t n = 0; field->words && field->words[n]; n++)
        if (n == i)
            return field->words[n];
    return NULL;
}

const shop_type *shop_field_of(const shop_field *field)
{
    return field->of;
}

/* ------------------------------------------------------------------------------------------------ members of structs */

static int64_t number_at(const void *object, const shop_field *f)
{
    int64_t value;
    memcpy(&value, (const char *)object + f->offset, sizeof value);
    return value;
}

static const void *pointer_at(const void *object, const shop_field *f)
{
    const void *value;
    memcpy(&value, (const char *)object + f->offset, sizeof value);
    return value;
}

static void put_number(void *object, const shop_field *f, int64_t value)
{
    memcpy((char *)object + f->offset, &value, sizeof value);
}

static void put_pointer(void *object, const shop_field *f, const void *value)
{
    memcpy((char *)object + f->offset, &value, sizeof value);
}

static int is_number(const shop_field *f)
{
    return f->kind == SHOP_KIND_INT || f->kind == SHOP_KIND_BOOL || f->kind == SHOP_KIND_TIME || f->kind == SHOP_KIND_MONEY;
}

static const shop_field *find_field(const shop_type *type, const char *name)
{
    for (uint32_t i = 0; i < type->field_count; i++)
        if (strcmp(type->fields[i].name, name) == 0)
            return &type->fields[i];
    return NULL;
}

void shop_type_load(const shop_type *type, const shop_value *row, void *handle)
{
    for (uint32_t i = 0; i < type->field_count; i++) {
        const shop_field *f = &type->fields[i];
        if (f->column == SHOP_NO_COLUMN)
            continue;
        const shop_value *v = &row[f->column];
        if (is_number(f))
            put_number(handle, f, v->type == SHOP_VALUE_INT ? v->num : SHOP_UNSET);
        else
            put_pointer(handle, f, v->type == SHOP_VALUE_TEXT ? v->data : NULL);
    }
}

/* ------------------------------------------------------------------------------------------------ to JSON */

static const shop_currency *currency_of(const shop_type *type, const shop_currency *inherited, const void *handle)
{
    if (type->currency_offset == 0)
        return inherited;
    const shop_currency *own;
    memcpy(&own, (const char *)handle + type->currency_offset, sizeof own);
    return own ? own : inherited;
}

static void write_list(const shop_field *f, const shop_currency *money, const void *handle, shop_json_writer *w)
{
    shop_list list;
    memcpy(&list, (const char *)handle + f->offset, sizeof list);
    shop_json_array_begin(w);
    for (size_t i = 0; i < list.count; i++)
        shop_type_write_json(f->of, money, (const char *)list.items + i * f->of->size, w);
    shop_json_array_end(w);
}

static void write_words(const char *const *words, shop_json_writer *w)
{
    shop_json_array_begin(w);
    for (size_t i = 0; words && words[i]; i++)
        shop_json_write_string(w, words[i]);
    shop_json_array_end(w);
}

static void write_number(const shop_field *f, const shop_currency *money, int64_t value, shop_json_writer *w)
{
    if (value == SHOP_UNSET)
        shop_json_write_null(w);
    else if (f->kind == SHOP_KIND_INT)
        shop_json_write_int64(w, value);
    else if (f->kind == SHOP_KIND_BOOL)
        shop_json_write_bool(w, value != 0);
    else if (f->kind == SHOP_KIND_TIME)
        shop_json_write_time(w, value);
    else
        shop_json_write_money(w, value, money);
}

static int is_null(const shop_field *f, const void *handle)
{
    if (is_number(f))
        return number_at(handle, f) == SHOP_UNSET;
    return f->kind != SHOP_KIND_LIST && f->kind != SHOP_KIND_WORDS && !pointer_at(handle, f);
}

void shop_type_write_json(const shop_type *type, const shop_currency *shop_money, const void *handle, shop_json_writer *w)
{
    const shop_currency *money = currency_of(type, shop_money, handle);
    shop_json_object_begin(w);
    for (uint32_t i = 0; i < type->field_count; i++) {
        const shop_field *f = &type->fields[i];
        if ((f->flags & SHOP_FIELD_OPTIONAL) && is_null(f, handle))
            continue;
        shop_json_key(w, f->name);
        if (is_number(f))
            write_number(f, money, number_at(handle, f), w);
        else if (f->kind == SHOP_KIND_LIST)
            write_list(f, money, handle, w);
        else if (f->kind == SHOP_KIND_WORDS)
            write_words((const char *const *)pointer_at(handle, f), w);
        else if (f->kind == SHOP_KIND_TEXT)
            shop_json_write_string(w, pointer_at(handle, f));
        else if (pointer_at(handle, f))
            shop_type_write_json(f->of, money, pointer_at(handle, f), w);
        else
            shop_json_write_null(w);
    }
    shop_json_object_end(w);
}

shop_status shop_json_take(shop_ctx *cx, const char **json, size_t *length)
{
    const char *text;
    shop_json_write_status status = shop_json_writer_finish(&cx->json, &text, length);
    if (status == SHOP_JSON_WRITE_NO_MEMORY)
        return shop_fail_no_memory(cx);
    if (status != SHOP_JSON_WRITE_OK)
        return shop_fail(cx, SHOP_INTERNAL, "internal_error", "An answer could not be written as JSON.");
    *json = shop_arena_strndup(cx->arena, text, *length);
    return *json ? SHOP_OK : shop_fail_no_memory(cx);
}

shop_status shop_to_json(shop_ctx *cx, const shop_type *type, const void *handle, const char **json, size_t *length)
{
    if (!type || !handle)
        return shop_fail(cx, SHOP_MISUSE, "misuse", "shop_to_json needs a type and a handle.");
    shop_json_writer_reset(&cx->json);
    shop_type_write_json(type, cx->shop->currency, handle, &cx->json);
    return shop_json_take(cx, json, length);
}

void shop_etag(const char *json, size_t length, char etag[SHOP_ETAG_SIZE])
{
    unsigned char hash[16];
    (void)crypto_generichash(hash, sizeof hash, (const unsigned char *)json, length, NULL, 0);
    etag[0] = '"';
    sodium_bin2hex(etag + 1, SHOP_ETAG_SIZE - 1, hash, sizeof hash);
    etag[33] = '"';
    etag[34] = '\0';
}

/* ------------------------------------------------------------------------------------------------ inputs from JSON */

static const char *shown_name(shop_ctx *cx, const char *name)
{
    size_t length = strlen(name);
    size_t kept = 0;
    for (int n = 0; n < NAME_SHOWN_MAX && kept < length; n++) {
        uint32_t c;
        size_t step = shop_utf8_decode(name + kept, length - kept, &c);
        if (step == 0)
            break;
        kept += step;
    }
    const char *copy = shop_arena_strndup(cx->arena, name, kept);
    return copy ? copy : "";
}

static void fail_kind(shop_ctx *cx, const shop_field *f)
{
    static const char *const expected[] = {
        [SHOP_KIND_INT] = "Must be a whole number.",
        [SHOP_KIND_BOOL] = "Must be true or false.",
        [SHOP_KIND_TIME] = "Must be a time such as \"2026-11-22T21:55:00Z\".",
        [SHOP_KIND_TEXT] = "Must be a text.",
    };
    if (f->kind != SHOP_KIND_MONEY) {
        shop_field_fail(cx, f->name, "%s", expected[f->kind]);
        return;
    }
    char example[SHOP_MONEY_SIZE];
    shop_money_format(1999, cx->shop->currency, example);
    shop_field_fail(cx, f->name, "Must be an amount as text, such as \"%s\", with at most %d digits after the point.", example,
                    (int)cx->shop->currency->digits);
}

/* Text that stands for a number of some kind. */
static int parse_number(const shop_ctx *cx, const shop_field *f, const char *text, size_t length, int64_t *out)
{
    if (f->kind == SHOP_KIND_TIME)
        return shop_rfc3339_parse(text, length, out);
    if (f->kind == SHOP_KIND_MONEY)
        return shop_money_parse(text, length, cx->shop->currency, out);
    if (f->kind == SHOP_KIND_INT)
        return shop_parse_int64(text, length, out) && *out != SHOP_UNSET;
    *out = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
    return *out || strcmp(text, "false") == 0 || strcmp(text, "0") == 0;
}

static void put_text(shop_ctx *cx, const shop_field *f, const char *text, size_t length, void *input)
{
    const char *copy = shop_arena_strndup(cx->arena, text, length);
    if (copy)
        put_pointer(input, f, copy);
    else
        shop_fail_no_memory(cx);
}

static void take_member(shop_ctx *cx, const shop_field *f, const shop_json_value *value, void *input)
{
    int64_t number;
    bool truth;
    const char *text;
    size_t length;
    if (f->kind == SHOP_KIND_INT && shop_json_get_int64(value, &number) && number != SHOP_UNSET)
        put_number(input, f, number);
    else if (f->kind == SHOP_KIND_BOOL && shop_json_get_bool(value, &truth))
        put_number(input, f, truth);
    else if (f->kind == SHOP_KIND_TEXT && shop_json_get_string(value, &text, &length))
        put_text(cx, f, text, length, input);
    else if ((f->kind == SHOP_KIND_MONEY || f->kind == SHOP_KIND_TIME) && shop_json_get_string(value, &text, &length) &&
             parse_number(cx, f, text, length, &number))
        put_number(input, f, number);
    else
        fail_kind(cx, f);
}

static void take_members(shop_ctx *cx, const shop_type *type, const shop_json_value *object, void *input)
{
    shop_json_members members = shop_json_members_of(object);
    const char *name;
    const shop_json_value *value;
    while (cx->status == SHOP_OK && shop_json_next_member(&members, &name, &value)) {
        const shop_field *f = find_field(type, name);
        if (!f)
            shop_field_fail(cx, shown_name(cx, name), "Is not known here.");
        else if (value)
            take_member(cx, f, value, input);
        else if (!(f->flags & SHOP_FIELD_NULLABLE))
            shop_field_fail(cx, f->name, "May not be null.");
    }
}

/* The key that stands twice, decoded, so that the error can name it. */
static shop_status fail_duplicate(shop_ctx *cx, const char *json, size_t length, const shop_json_error *error)
{
    static const shop_json_limits one_text = {
        .max_bytes = 1 << 20, .max_depth = 1, .max_values = 1, .max_members = 1, .allow_scalar = true};
    size_t end = error->offset + 1;
    while (end < length && json[end] != '"')
        end += json[end] == '\\' ? 2 : 1;
    shop_json_value *key = NULL;
    const char *name = "";
    if (end < length)
        (void)shop_json_parse(json + error->offset, end + 1 - error->offset, &one_text, &key, NULL);
    (void)shop_json_get_string(key, &name, NULL);
    shop_field_fail(cx, shown_name(cx, name), "Is given twice.");
    shop_json_free(key);
    return shop_fields_status(cx);
}

static shop_status fail_parse(shop_ctx *cx, const char *json, size_t length, const shop_json_error *error)
{
    if (error->status == SHOP_JSON_NO_MEMORY)
        return shop_fail_no_memory(cx);
    if (error->status == SHOP_JSON_DUPLICATE_KEY)
        return fail_duplicate(cx, json, length, error);
    return shop_fail(cx, SHOP_INVALID, "malformed_json", "This is not JSON that we take: %s (at byte %zu).", error->message,
                     error->offset);
}

shop_status shop_from_json(shop_ctx *cx, const shop_type *type, const char *json, size_t length, void *input)
{
    shop_ctx_begin(cx);
    if (!type || !json || !input)
        return shop_fail(cx, SHOP_MISUSE, "misuse", "shop_from_json needs a type, a text and an input.");
    shop_json_value *document = NULL;
    shop_json_error error;
    if (shop_json_parse(json, length, NULL, &document, &error) != SHOP_JSON_OK)
        return fail_parse(cx, json, length, &error);
    if (shop_json_type_of(document) == SHOP_JSON_TYPE_OBJECT)
        take_members(cx, type, document, input);
    else
        shop_fail(cx, SHOP_INVALID, "malformed_json", "A JSON object is wanted here.");
    shop_json_free(document);
    return cx->status != SHOP_OK ? cx->status : shop_fields_status(cx);
}

shop_status shop_from_pairs(shop_ctx *cx, const shop_type *type, const char *const *names, const char *const *values,
                            size_t count, void *input)
{
    shop_ctx_begin(cx);
    uint64_t given = 0;
    for (size_t i = 0; i < count && cx->status == SHOP_OK; i++) {
        const shop_field *f = find_field(type, names[i]);
        int64_t number;
        if (!f) {
            shop_field_fail(cx, shown_name(cx, names[i]), "Is not known here.");
            continue;
        }
        uint64_t bit = UINT64_C(1) << ((size_t)(f - type->fields) % 64);
        if (given & bit)
            shop_field_fail(cx, f->name, "Is given twice.");
        else if (f->kind == SHOP_KIND_TEXT)
            put_text(cx, f, values[i], strlen(values[i]), input);
        else if (parse_number(cx, f, values[i], strlen(values[i]), &number))
            put_number(input, f, number);
        else
            fail_kind(cx, f);
        given |= bit;
    }
    return cx->status != SHOP_OK ? cx->status : shop_fields_status(cx);
}

/* ------------------------------------------------------------------------------------------------ checks of inputs */

static void check_words(shop_ctx *cx, const shop_field *f, const char *text)
{
    char list[256];
    size_t used = 0;
    for (size_t i = 0; f->words[i]; i++) {
        if (strcmp(f->words[i], text) == 0)
            return;
        int n = snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", f->words[i]);
        if (n > 0 && (size_t)n < sizeof list - used)
            used += (size_t)n;
    }
    list[used] = '\0';
    shop_field_fail(cx, f->name, "Must be one of: %s.", list);
}

static int is_clean(const shop_field *f, const char *text, size_t length)
{
    if (f->flags & SHOP_FIELD_SECRET) /* a password may hold anything */
        return shop_utf8_valid(text, length);
    return f->flags & SHOP_FIELD_MULTILINE ? shop_text_is_block(text, length) : shop_text_is_line(text, length);
}

static void check_text(shop_ctx *cx, const shop_field *f, const char *text)
{
    size_t length = strlen(text);
    if (!is_clean(f, text, length)) {
        shop_field_fail(cx, f->name, "Must be UTF-8 text without control characters.");
        return;
    }
    const char *trimmed = text;
    size_t left = length;
    shop_text_trim(&trimmed, &left);
    int64_t characters = (int64_t)shop_utf8_count(text, length);
    if (left == 0 && !(f->flags & SHOP_FIELD_BLANK))
        shop_field_fail(cx, f->name, "May not be empty.");
    else if (f->min != SHOP_UNSET && characters < f->min)
        shop_field_fail(cx, f->name, "Must have at least %lld characters.", (long long)f->min);
    else if (f->max != SHOP_UNSET && characters > f->max)
        shop_field_fail(cx, f->name, "Must have at most %lld characters.", (long long)f->max);
    else if (f->words)
        check_words(cx, f, text);
}

static void format_bound(const shop_ctx *cx, const shop_field *f, int64_t bound, char out[static SHOP_MONEY_SIZE])
{
    if (f->kind == SHOP_KIND_MONEY)
        shop_money_format(bound, cx->shop->currency, out);
    else
        shop_format_int64(bound, out);
}

static void check_number(shop_ctx *cx, const shop_field *f, int64_t value)
{
    char bound[SHOP_MONEY_SIZE];
    if (f->kind == SHOP_KIND_BOOL && value != 0 && value != 1) {
        fail_kind(cx, f);
    } else if (f->min != SHOP_UNSET && value < f->min) {
        format_bound(cx, f, f->min, bound);
        shop_field_fail(cx, f->name, "Must be at least %s.", bound);
    } else if (f->max != SHOP_UNSET && value > f->max) {
        format_bound(cx, f, f->max, bound);
        shop_field_fail(cx, f->name, "Must be at most %s.", bound);
    }
}

shop_status shop_input_check(shop_ctx *cx, const shop_type *type, const void *input, int partial)
{
    size_t size = 0;
    if (input)
        memcpy(&size, input, sizeof size);
    if (size != type->size)
        return shop_fail(cx, SHOP_MISUSE, "misuse", "An input of type %s was not made by its _INIT.", type->name);
    for (uint32_t i = 0; i < type->field_count; i++) {
        const shop_field *f = &type->fields[i];
        int given = is_number(f) ? number_at(input, f) != SHOP_UNSET : pointer_at(input, f) != NULL;
        if (!given) {
            if (!partial && (f->flags & SHOP_FIELD_REQUIRED))
                shop_field_fail(cx, f->name, "Is required.");
        } else if (is_number(f)) {
            check_number(cx, f, number_at(input, f));
        } else {
            check_text(cx, f, pointer_at(input, f));
        }
    }
    return shop_fields_status(cx);
}

/* ------------------------------------------------------------------------------------------------ handles from JSON */

static void *read_object(shop_ctx *cx, const shop_type *type, const shop_currency *money, const shop_json_value *json);
static int fill_object(shop_ctx *cx, const shop_type *type, const shop_currency *money, const shop_json_value *json,
                       void *object);

static int read_list(shop_ctx *cx, const shop_field *f, const shop_currency *money, const shop_json_value *json, void *object)
{
    size_t count = shop_json_count(json);
    char *items = shop_arena_zalloc(cx->arena, count * f->of->size);
    if (!items)
        return 0;
    for (size_t i = 0; i < count; i++)
        if (!fill_object(cx, f->of, money, shop_json_at(json, i), items + i * f->of->size))
            return 0;
    shop_list list = {.items = items, .count = count};
    memcpy((char *)object + f->offset, &list, sizeof list);
    return 1;
}

static int read_words(shop_ctx *cx, const shop_field *f, const shop_json_value *json, void *object)
{
    size_t count = shop_json_count(json);
    const char **words = shop_arena_zalloc(cx->arena, (count + 1) * sizeof *words);
    for (size_t i = 0; words && i < count; i++) {
        const char *text;
        size_t length;
        if (!shop_json_get_string(shop_json_at(json, i), &text, &length))
            return 0;
        words[i] = shop_arena_strndup(cx->arena, text, length);
        if (!words[i])
            return 0;
    }
    put_pointer(object, f, words);
    return words != NULL;
}

static int read_number(const shop_currency *money, const shop_field *f, const shop_json_value *json, void *object)
{
    int64_t number = SHOP_UNSET;
    bool truth;
    const char *text;
    size_t length;
    if (f->kind == SHOP_KIND_INT) {
        if (!shop_json_get_int64(json, &number))
            return 0;
    } else if (f->kind == SHOP_KIND_BOOL) {
        if (!shop_json_get_bool(json, &truth))
            return 0;
        number = truth;
    } else if (!shop_json_get_string(json, &text, &length)) {
        return 0;
    } else if (f->kind == SHOP_KIND_TIME) {
        if (!shop_rfc3339_parse(text, length, &number))
            return 0;
    } else if (!shop_money_parse(text, length, money, &number)) {
        return 0;
    }
    put_number(object, f, number);
    return 1;
}

static int read_field(shop_ctx *cx, const shop_field *f, const shop_currency *money, const shop_json_value *json, void *object)
{
    if (f->kind == SHOP_KIND_LIST)
        return read_list(cx, f, money, json, object);
    if (f->kind == SHOP_KIND_WORDS)
        return read_words(cx, f, json, object);
    if (!json) { /* null or left out */
        if (is_number(f))
            put_number(object, f, SHOP_UNSET);
        return 1;
    }
    if (is_number(f))
        return read_number(money, f, json, object);
    if (f->kind == SHOP_KIND_OBJECT) {
        const void *child = read_object(cx, f->of, money, json);
        put_pointer(object, f, child);
        return child != NULL;
    }
    const char *text;
    size_t length;
    if (!shop_json_get_string(json, &text, &length))
        return 0;
    const char *copy = shop_arena_strndup(cx->arena, text, length);
    put_pointer(object, f, copy);
    return copy != NULL;
}

static int fill_object(shop_ctx *cx, const shop_type *type, const shop_currency *money, const shop_json_value *json,
                       void *object)
{
    const shop_json_value *value;
    const char *code;
    size_t length;
    if (shop_json_find(json, "currency", &value) && shop_json_get_string(value, &code, &length)) {
        const shop_currency *own = shop_currency_find(code, length);
        money = own ? own : money;
    }
    if (type->currency_offset)
        memcpy((char *)object + type->currency_offset, &money, sizeof money);
    for (uint32_t i = 0; i < type->field_count; i++) {
        const shop_field *f = &type->fields[i];
        value = NULL;
        (void)shop_json_find(json, f->name, &value);
        if (!read_field(cx, f, money, value, object))
            return 0;
    }
    return 1;
}

static void *read_object(shop_ctx *cx, const shop_type *type, const shop_currency *money, const shop_json_value *json)
{
    void *object = shop_arena_zalloc(cx->arena, type->size);
    return object && fill_object(cx, type, money, json, object) ? object : NULL;
}

shop_status shop_type_read_handle(shop_ctx *cx, const shop_type *type, const char *json, size_t length, const void **handle)
{
    static const shop_json_limits limits = {.max_bytes = (size_t)16 * 1024 * 1024,
                                            .max_depth = 16,
                                            .max_values = 1000000,
                                            .max_members = 1000,
                                            .allow_scalar = false};
    *handle = NULL;
    if (length == 0)
        return SHOP_OK; /* the change had no answer */
    shop_json_value *document = NULL;
    shop_json_error error;
    if (shop_json_parse(json, length, &limits, &document, &error) == SHOP_JSON_OK)
        *handle = read_object(cx, type, cx->shop->currency, document);
    shop_json_free(document);
    if (*handle)
        return SHOP_OK;
    shop_log(cx->shop, SHOP_LOG_ERROR, "a stored answer of type %s cannot be read", type->name);
    return shop_fail(cx, SHOP_INTERNAL, "internal_error", "The stored answer of this request cannot be read.");
}
