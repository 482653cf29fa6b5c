/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes JSON: what the guard accepts, json-c must accept in its strict mode; our getters must show
 * the same document as json-c's own; and written by our writer it must read as the same document
 * again. The bytes also go through the writer as a text and as raw JSON: it must refuse them or
 * make sound JSON.
 */
#include <json-c/json.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../libshop/core/json_guard.h"
#include "../../libshop/core/json_read.h"
#include "../../libshop/core/json_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const shop_json_limits limits = {
    .max_bytes = 1 << 20, .max_depth = 16, .max_values = 10000, .max_members = 1000, .allow_scalar = true};

static void require(bool promise)
{
    if (!promise)
        abort();
}

/* json-c in its strict mode, the text's NUL included so that a scalar ends. */
static struct json_object *parse_strictly(const char *text, size_t len)
{
    struct json_tokener *tokener = json_tokener_new_ex(32);
    require(tokener != NULL);
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    struct json_object *root = json_tokener_parse_ex(tokener, text, (int)len + 1);
    require(json_tokener_get_error(tokener) == json_tokener_success);
    require(json_tokener_get_parse_end(tokener) >= len);
    json_tokener_free(tokener);
    return root;
}

static void copy_value(shop_json_writer *w, const shop_json_value *value, struct json_object *twin);

static void copy_members(shop_json_writer *w, const shop_json_value *value, struct json_object *twin)
{
    shop_json_members members = shop_json_members_of(value);
    const shop_json_value *member, *found;
    const char *key;
    size_t count = 0;

    shop_json_object_begin(w);
    while (shop_json_next_member(&members, &key, &member)) {
        struct json_object *other;
        require(shop_json_find(value, key, &found) && found == member);
        require(json_object_object_get_ex(twin, key, &other));
        shop_json_key(w, key);
        copy_value(w, member, other);
        count++;
    }
    require(count == shop_json_count(value));
    require(count == (size_t)json_object_object_length(twin));
    shop_json_object_end(w);
}

static void copy_items(shop_json_writer *w, const shop_json_value *value, struct json_object *twin)
{
    size_t count = shop_json_count(value);

    require(count == json_object_array_length(twin));
    shop_json_array_begin(w);
    for (size_t i = 0; i < count; i++)
        copy_value(w, shop_json_at(value, i), json_object_array_get_idx(twin, i));
    shop_json_array_end(w);
}

static void copy_text(shop_json_writer *w, const shop_json_value *value, struct json_object *twin)
{
    const char *text;
    size_t len;

    require(shop_json_get_string(value, &text, &len) && strlen(text) == len);
    require(len == (size_t)json_object_get_string_len(twin));
    require(memcmp(text, json_object_get_string(twin), len) == 0);
    shop_json_write_text(w, text, len);
}

/* Writes a value as our getters show it; its twin is the same value in json-c's own tree. */
static void copy_value(shop_json_writer *w, const shop_json_value *value, struct json_object *twin)
{
    bool flag;
    int64_t number;
    const char *text;

    switch (shop_json_type_of(value)) {
    case SHOP_JSON_TYPE_NULL:
        require(twin == NULL);
        shop_json_write_null(w);
        break;
    case SHOP_JSON_TYPE_BOOL:
        require(shop_json_get_bool(value, &flag) && flag == json_object_get_boolean(twin));
        shop_json_write_bool(w, flag);
        break;
    case SHOP_JSON_TYPE_INT:
        require(shop_json_get_int64(value, &number) && number == json_object_get_int64(twin));
        shop_json_write_int64(w, number);
        break;
    case SHOP_JSON_TYPE_NUMBER:
        require(json_object_is_type(twin, json_type_double));
        text = json_object_to_json_string(twin);
        shop_json_write_raw(w, text, strlen(text));
        break;
    case SHOP_JSON_TYPE_STRING:
        copy_text(w, value, twin);
        break;
    case SHOP_JSON_TYPE_ARRAY:
        copy_items(w, value, twin);
        break;
    case SHOP_JSON_TYPE_OBJECT:
        copy_members(w, value, twin);
        break;
    }
}

static void check_accepted(const char *text, size_t len)
{
    struct json_object *original = parse_strictly(text, len);
    shop_json_value *document;
    shop_json_writer w;
    const char *copy;
    size_t copy_len;

    require(shop_json_parse(text, len, &limits, &document, NULL) == SHOP_JSON_OK);
    shop_json_writer_init(&w, SIZE_MAX);
    copy_value(&w, document, original);
    require(shop_json_writer_finish(&w, &copy, &copy_len) == SHOP_JSON_WRITE_OK);
    require(copy[copy_len] == '\0' && strlen(copy) == copy_len);
    require(shop_json_guard(copy, copy_len, &limits, NULL) == SHOP_JSON_OK);
    struct json_object *again = parse_strictly(copy, copy_len);
    require(json_object_equal(original, again));
    json_object_put(again);
    json_object_put(original);
    shop_json_writer_free(&w);
    shop_json_free(document);
}

static void check_refused(const char *text, size_t len, const shop_json_error *error)
{
    shop_json_value *document;

    require(error->offset <= len && error->message[0] != '\0');
    require(shop_json_parse(text, len, &limits, &document, NULL) == error->status && !document);
}

/* Any bytes as a text, and as raw JSON: refused, or sound. */
static void check_writer(const char *bytes, size_t len, bool is_json)
{
    shop_json_writer w;
    const char *text;
    size_t text_len;

    shop_json_writer_init(&w, len + len / 2);
    shop_json_array_begin(&w);
    shop_json_write_text(&w, bytes, len);
    shop_json_array_end(&w);
    if (shop_json_writer_finish(&w, &text, &text_len) == SHOP_JSON_WRITE_OK) {
        shop_json_limits long_enough = limits;
        long_enough.max_bytes = SIZE_MAX;
        require(shop_json_guard(text, text_len, &long_enough, NULL) == SHOP_JSON_OK);
    }
    shop_json_writer_reset(&w);
    shop_json_write_raw(&w, bytes, len);
    require(!is_json || shop_json_writer_finish(&w, &text, &text_len) == SHOP_JSON_WRITE_OK);
    shop_json_writer_free(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1); /* exactly so long, for the sanitizer */
    char *exact = malloc(size > 0 ? size : 1);
    shop_json_error error;

    require(text && exact);
    memcpy(text, data, size);
    memcpy(exact, data, size);
    text[size] = '\0';
    shop_json_status status = shop_json_guard(exact, size, &limits, &error);
    if (status == SHOP_JSON_OK)
        check_accepted(text, size);
    else
        check_refused(exact, size, &error);
    check_writer(exact, size, status == SHOP_JSON_OK);
    free(exact);
    free(text);
    return 0;
}
