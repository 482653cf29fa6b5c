/* SPDX-License-Identifier: MIT */
/* JSON: what the guard refuses, what the reader gives, what the writer makes. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <shop/base.h>

#include "../../libshop/core/json_guard.h"
#include "../../libshop/core/json_read.h"
#include "../../libshop/core/json_write.h"
#include "../../libshop/core/text.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define S(literal) literal, sizeof(literal) - 1

static const shop_json_limits scalars = {
    .max_bytes = 1 << 20, .max_depth = 16, .max_values = 10000, .max_members = 1000, .allow_scalar = true};

/* -------------------- guard -------------------- */

struct refusal {
    const char *text;
    size_t len;
    shop_json_status status;
    size_t offset;
};

static void expect_refusals(const struct refusal *r, size_t count, const shop_json_limits *limits)
{
    for (size_t i = 0; i < count; i++) {
        shop_json_error error;
        shop_json_status status = shop_json_guard(r[i].text, r[i].len, limits, &error);
        cr_assert_eq(status, r[i].status, "%s: %s", r[i].text, error.message);
        cr_assert_eq(error.status, status);
        cr_assert_eq(error.offset, r[i].offset, "%s: offset %zu", r[i].text, error.offset);
        cr_assert(error.message[0] != '\0');
        shop_json_value *document = (shop_json_value *)&error;
        cr_assert_eq(shop_json_parse(r[i].text, r[i].len, limits, &document, NULL), status);
        cr_assert_null(document);
    }
}

Test(json_guard, refuses_broken_structure)
{
    static const struct refusal cases[] = {
        {S(""), SHOP_JSON_EMPTY, 0},
        {S(" \n\t\r"), SHOP_JSON_EMPTY, 4},
        {S("\xEF\xBB\xBF{}"), SHOP_JSON_BOM, 0},
        {S("{"), SHOP_JSON_TRUNCATED, 1},
        {S("["), SHOP_JSON_TRUNCATED, 1},
        {S("[1"), SHOP_JSON_TRUNCATED, 2},
        {S("[1,"), SHOP_JSON_TRUNCATED, 3},
        {S("{\"a\""), SHOP_JSON_TRUNCATED, 4},
        {S("{\"a\":"), SHOP_JSON_TRUNCATED, 5},
        {S("{\"a"), SHOP_JSON_TRUNCATED, 3},
        {S("[1]]"), SHOP_JSON_TRAILING, 3},
        {S("{}x"), SHOP_JSON_TRAILING, 2},
        {S("{} {}"), SHOP_JSON_TRAILING, 3},
        {S("{}\0"), SHOP_JSON_TRAILING, 2},
        {S("\0{}"), SHOP_JSON_SCALAR, 0},
        {S("[\0]"), SHOP_JSON_SYNTAX, 1},
        {S("[1 2]"), SHOP_JSON_SYNTAX, 3},
        {S("[1,]"), SHOP_JSON_SYNTAX, 3},
        {S("[,1]"), SHOP_JSON_SYNTAX, 1},
        {S("[1}"), SHOP_JSON_SYNTAX, 2},
        {S("{\"a\":1]"), SHOP_JSON_SYNTAX, 6},
        {S("{\"a\":1,}"), SHOP_JSON_SYNTAX, 7},
        {S("{,}"), SHOP_JSON_SYNTAX, 1},
        {S("{a:1}"), SHOP_JSON_SYNTAX, 1},
        {S("{'a':1}"), SHOP_JSON_SYNTAX, 1},
        {S("{1:1}"), SHOP_JSON_SYNTAX, 1},
        {S("{\"a\" 1}"), SHOP_JSON_SYNTAX, 5},
        {S("{\"a\"::1}"), SHOP_JSON_SYNTAX, 5},
        {S("[tru]"), SHOP_JSON_SYNTAX, 1},
        {S("[True]"), SHOP_JSON_SYNTAX, 1},
        {S("[NaN]"), SHOP_JSON_SYNTAX, 1},
        {S("[Infinity]"), SHOP_JSON_SYNTAX, 1},
        {S("[truex]"), SHOP_JSON_SYNTAX, 5},
        {S("[/**/1]"), SHOP_JSON_SYNTAX, 1},
        {S("[1]//x"), SHOP_JSON_TRAILING, 3},
        {S("[\xC2\xA0]"), SHOP_JSON_SYNTAX, 1},
        {S("[\v1]"), SHOP_JSON_SYNTAX, 1},
        {S("1"), SHOP_JSON_SCALAR, 0},
        {S(" null"), SHOP_JSON_SCALAR, 1},
    };
    expect_refusals(cases, COUNT(cases), NULL);
}

Test(json_guard, refuses_numbers_that_are_none_or_do_not_fit)
{
    static const struct refusal cases[] = {
        {S("[01]"), SHOP_JSON_NUMBER, 1},
        {S("[-01]"), SHOP_JSON_NUMBER, 1},
        {S("[00]"), SHOP_JSON_NUMBER, 1},
        {S("[1.]"), SHOP_JSON_NUMBER, 1},
        {S("[1.e1]"), SHOP_JSON_NUMBER, 1},
        {S("[-]"), SHOP_JSON_NUMBER, 1},
        {S("[-.5]"), SHOP_JSON_NUMBER, 1},
        {S("[-Infinity]"), SHOP_JSON_NUMBER, 1},
        {S("[1e]"), SHOP_JSON_NUMBER, 1},
        {S("[1e+]"), SHOP_JSON_NUMBER, 1},
        {S("[.5]"), SHOP_JSON_SYNTAX, 1},
        {S("[+1]"), SHOP_JSON_SYNTAX, 1},
        {S("[0x1]"), SHOP_JSON_SYNTAX, 2},
        {S("[1-2]"), SHOP_JSON_SYNTAX, 2},
        {S("[9223372036854775808]"), SHOP_JSON_NUMBER_RANGE, 1},
        {S("[-9223372036854775809]"), SHOP_JSON_NUMBER_RANGE, 1},
        {S("[18446744073709551616]"), SHOP_JSON_NUMBER_RANGE, 1},
        {S("[1e309]"), SHOP_JSON_NUMBER_RANGE, 1},
        {S("[-1e400]"), SHOP_JSON_NUMBER_RANGE, 1},
        {S("[1.1e308]"), SHOP_JSON_NUMBER_RANGE, 1},
        {S("[2e308]"), SHOP_JSON_NUMBER_RANGE, 1},
        {S("[11e307]"), SHOP_JSON_NUMBER_RANGE, 1},
        {S("[10.0001e307]"), SHOP_JSON_NUMBER_RANGE, 1},
        {S("[10.01e307]"), SHOP_JSON_NUMBER_RANGE, 1},
        {S("[0.0011e311]"), SHOP_JSON_NUMBER_RANGE, 1},
        {S("[1e99999999999999999999999]"), SHOP_JSON_NUMBER_RANGE, 1},
    };
    expect_refusals(cases, COUNT(cases), NULL);
}

Test(json_guard, refuses_broken_strings)
{
    static const struct refusal cases[] = {
        {S("[\"a\nb\"]"), SHOP_JSON_CONTROL, 3},
        {S("[\"\x1F\"]"), SHOP_JSON_CONTROL, 2},
        {S("[\"a\0b\"]"), SHOP_JSON_NUL, 3},
        {S("[\"\\u0000\"]"), SHOP_JSON_NUL, 2},
        {S("{\"a\\u0000b\":1}"), SHOP_JSON_NUL, 3},
        {S("[\"\\x\"]"), SHOP_JSON_ESCAPE, 2},
        {S("[\"\\U0041\"]"), SHOP_JSON_ESCAPE, 2},
        {S("[\"\\u004\"]"), SHOP_JSON_ESCAPE, 2},
        {S("[\"\\u00g0\"]"), SHOP_JSON_ESCAPE, 2},
        {S("[\"\\\0\"]"), SHOP_JSON_ESCAPE, 2},
        {S("[\"\\"), SHOP_JSON_TRUNCATED, 2},
        {S("[\"abc"), SHOP_JSON_TRUNCATED, 5},
        {S("[\"\\ud800\"]"), SHOP_JSON_SURROGATE, 2},
        {S("[\"\\udc00\"]"), SHOP_JSON_SURROGATE, 2},
        {S("[\"\\ud800\\ud800\"]"), SHOP_JSON_SURROGATE, 2},
        {S("[\"\\ud800\\n\"]"), SHOP_JSON_SURROGATE, 2},
        {S("[\"\\ud800x\\udc00\"]"), SHOP_JSON_SURROGATE, 2},
        {S("[\"\xED\xA0\x80\"]"), SHOP_JSON_UTF8, 2},
        {S("[\"\xC0\x80\"]"), SHOP_JSON_UTF8, 2},
        {S("[\"\xE0\x80\xAF\"]"), SHOP_JSON_UTF8, 2},
        {S("[\"\xF4\x90\x80\x80\"]"), SHOP_JSON_UTF8, 2},
        {S("[\"ab\x80\"]"), SHOP_JSON_UTF8, 4},
        {S("[\"\xC3\"]"), SHOP_JSON_UTF8, 2},
        {S("{\"\xFF\":1}"), SHOP_JSON_UTF8, 2},
    };
    expect_refusals(cases, COUNT(cases), NULL);
}

Test(json_guard, refuses_a_key_twice_however_it_is_written)
{
    static const struct refusal cases[] = {
        {S("{\"a\":1,\"a\":2}"), SHOP_JSON_DUPLICATE_KEY, 7},
        {S("{\"a\":1,\"\\u0061\":2}"), SHOP_JSON_DUPLICATE_KEY, 7},
        {S("{\"\":1,\"\":2}"), SHOP_JSON_DUPLICATE_KEY, 6},
        {S("{\"a/b\":1,\"a\\/b\":2}"), SHOP_JSON_DUPLICATE_KEY, 9},
        {S("{\"\\n\":1,\"\\u000a\":2}"), SHOP_JSON_DUPLICATE_KEY, 8},
        {S("{\"\xC3\xA9\":1,\"\\u00E9\":2}"), SHOP_JSON_DUPLICATE_KEY, 8},
        {S("{\"\xE2\x82\xAC\":1,\"\\u20ac\":2}"), SHOP_JSON_DUPLICATE_KEY, 9},
        {S("{\"\xF0\x9F\x98\x80\":1,\"\\uD83D\\uDE00\":2}"), SHOP_JSON_DUPLICATE_KEY, 10},
        {S("{\"long_common_prefix_1\":1,\"long_common_prefix_\\u0031\":2}"), SHOP_JSON_DUPLICATE_KEY, 26},
        {S("{\"a\":{\"b\":1,\"c\":{},\"b\":2}}"), SHOP_JSON_DUPLICATE_KEY, 19},
        {S("{\"a\":{\"b\":1},\"a\":2}"), SHOP_JSON_DUPLICATE_KEY, 13},
    };
    expect_refusals(cases, COUNT(cases), NULL);
}

Test(json_guard, accepts_what_rfc_8259_allows)
{
    static const char *const cases[] = {
        "{}",
        "[]",
        " \t\r\n[ ] \n",
        "[[],{},[{}]]",
        "{\"a\":{\"a\":{\"a\":[{\"a\":1},{\"a\":1}]}}}",
        "[0,-0,1,-1,10,9223372036854775807,-9223372036854775808]",
        "[0.5,-0.0,1.25,1e5,1E-5,1e+05,0e99999999999,0.000e1,1e308,-1e308,9.99e307]",
        "[10e307,0.1e309,0.001000e311,100.00e306,1e-400,12345678901234567890.5]",
        "[true,false,null]",
        "[\"\",\"a\",\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"\\u00e9\\uD83d\\uDe00\",\"\x7F\"]",
        "[\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xEF\xBF\xBF\"]",
        "{\"\":1,\"a\":1,\"A\":1,\"a \":1,\"aaaaaaaa\":1,\"aaaaaaaab\":1,\"aaaaaaaac\":1}",
        "{\"\\u0061b\":1,\"\\u0061\":2,\"b\":3}",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        shop_json_error error;
        shop_json_value *document;
        cr_assert_eq(shop_json_guard(cases[i], strlen(cases[i]), NULL, &error), SHOP_JSON_OK, "%s: %s at %zu", cases[i],
                     error.message, error.offset);
        cr_assert_eq(shop_json_parse(cases[i], strlen(cases[i]), NULL, &document, &error), SHOP_JSON_OK, "%s", cases[i]);
        shop_json_free(document);
    }
}

/* "[[[1]]]", or with members "{"a":{"a":1}}" */
static size_t nest(char *text, size_t depth, bool objects)
{
    const char *open = objects ? "{\"a\":" : "[";
    size_t len = 0;
    for (size_t i = 0; i < depth; i++) {
        memcpy(text + len, open, strlen(open));
        len += strlen(open);
    }
    text[len++] = '1';
    for (size_t i = 0; i < depth; i++)
        text[len++] = objects ? '}' : ']';
    return len;
}

Test(json_guard, depth_is_limited_exactly)
{
    char text[1024];
    for (size_t max = 1; max <= SHOP_JSON_DEPTH_MAX + 1; max++)
        for (int objects = 0; objects <= 1; objects++) {
            shop_json_limits limits = shop_json_default_limits;
            limits.max_depth = max;
            shop_json_value *document;
            size_t allowed = max < SHOP_JSON_DEPTH_MAX ? max : SHOP_JSON_DEPTH_MAX;
            size_t len = nest(text, allowed, objects);
            cr_assert_eq(shop_json_parse(text, len, &limits, &document, NULL), SHOP_JSON_OK);
            shop_json_free(document);
            len = nest(text, allowed + 1, objects);
            cr_assert_eq(shop_json_guard(text, len, &limits, NULL), SHOP_JSON_TOO_DEEP);
        }
}

Test(json_guard, length_values_and_members_are_limited_exactly)
{
    shop_json_limits limits = {20, 4, 4, 2, false};
    static const struct {
        const char *text;
        shop_json_status status;
    } cases[] = {
        {"[               123]", SHOP_JSON_OK},
        {"[                123]", SHOP_JSON_TOO_LONG},
        {"[1,2,3]", SHOP_JSON_OK},
        {"[1,2,3,4]", SHOP_JSON_TOO_MANY},
        {"[[],[],{}]", SHOP_JSON_OK},
        {"[[],[],[],[]]", SHOP_JSON_TOO_MANY},
        {"{\"a\":1,\"b\":2}", SHOP_JSON_OK},
        {"{\"a\":{\"c\":1,\"d\":2}}", SHOP_JSON_OK},
        {"{\"a\":1,\"b\":2,\"c\":3}", SHOP_JSON_TOO_WIDE},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        cr_assert_eq(shop_json_guard(cases[i].text, strlen(cases[i].text), &limits, NULL), cases[i].status, "%s",
                     cases[i].text);
}

Test(json_guard, scalars_are_allowed_when_asked_for)
{
    static const struct {
        const char *text;
        shop_json_type type;
    } cases[] = {
        {"null", SHOP_JSON_TYPE_NULL},    {"true", SHOP_JSON_TYPE_BOOL},  {"12", SHOP_JSON_TYPE_INT},
        {" -0 ", SHOP_JSON_TYPE_INT},     {"1e2", SHOP_JSON_TYPE_NUMBER}, {"0.5", SHOP_JSON_TYPE_NUMBER},
        {"\"a\"", SHOP_JSON_TYPE_STRING},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        shop_json_value *document;
        cr_assert_eq(shop_json_parse(cases[i].text, strlen(cases[i].text), &scalars, &document, NULL), SHOP_JSON_OK, "%s",
                     cases[i].text);
        cr_assert_eq(shop_json_type_of(document), cases[i].type);
        shop_json_free(document);
    }
}

/* {"key_0":0,…}, the last key being that of twin. */
static char *wide_object(size_t members, size_t twin, size_t *len)
{
    char *text = malloc(members * 64 + 2);
    cr_assert_not_null(text);
    size_t at = 0;
    for (size_t i = 0; i < members; i++)
        at += (size_t)snprintf(text + at, 64, "%c\"a_key_with_a_common_prefix_%zu\":0", i ? ',' : '{',
                               i + 1 < members ? i : twin);
    text[at++] = '}';
    *len = at;
    return text;
}

Test(json_guard, finds_the_one_duplicate_among_many_keys)
{
    static const size_t sizes[] = {2, 15, 16, 17, 18, 63, 64, 65, 200, 1000};
    for (size_t i = 0; i < COUNT(sizes); i++)
        for (size_t twin = 0; twin + 1 < sizes[i]; twin += sizes[i] / 2) {
            size_t len;
            char *text = wide_object(sizes[i], twin, &len);
            shop_json_error error;
            cr_assert_eq(shop_json_guard(text, len, NULL, &error), SHOP_JSON_DUPLICATE_KEY);
            cr_assert_eq(memcmp(text + error.offset - 1, ",\"", 2), 0);
            cr_assert_null(memchr(text + error.offset, ',', len - error.offset), "the later one");
            free(text);
            text = wide_object(sizes[i], sizes[i], &len);
            cr_assert_eq(shop_json_guard(text, len, NULL, NULL), SHOP_JSON_OK);
            free(text);
        }
}

Test(json_guard, many_keys_take_no_quadratic_time, .timeout = 20)
{
    const shop_json_limits wide = {SIZE_MAX, 16, SIZE_MAX, SIZE_MAX, false};
    size_t len;
    char *text = wide_object(400000, 400000, &len);
    cr_assert_eq(shop_json_guard(text, len, &wide, NULL), SHOP_JSON_OK);
    free(text);
}

Test(json_guard, plain_span_stops_at_the_first_special_byte_wherever_it_stands)
{
    static const char special[] = "\"\\\x1F\n\x80\xFF\x01";
    char text[40];
    for (size_t len = 0; len <= sizeof text; len++) {
        for (size_t i = 0; i < len; i++)
            text[i] = " !#[]~\x7Fz"[i % 8];
        cr_assert_eq(shop_json_plain_span(text, len), len);
        for (size_t at = 0; at < len; at++)
            for (size_t i = 0; i < sizeof special; i++) { /* the NUL at its end too */
                char kept = text[at];
                text[at] = special[i];
                cr_assert_eq(shop_json_plain_span(text, len), at);
                text[at] = kept;
            }
    }
}

/* -------------------- memory -------------------- */

static size_t allocations_left;

static void *failing_alloc(size_t size)
{
    return allocations_left-- > 0 ? malloc(size) : NULL;
}

static void *failing_realloc(void *p, size_t size)
{
    return allocations_left-- > 0 ? realloc(p, size) : NULL;
}

Test(json_guard, reports_that_memory_is_out)
{
    size_t len;
    char *text = wide_object(1000, 1000, &len);
    cr_assert_eq(shop_set_allocator(failing_alloc, failing_realloc, free), SHOP_OK);
    shop_json_status status = SHOP_JSON_NO_MEMORY;
    size_t tries = 0;
    for (; status == SHOP_JSON_NO_MEMORY; tries++) {
        allocations_left = tries;
        status = shop_json_guard(text, len, NULL, NULL);
    }
    cr_assert_eq(status, SHOP_JSON_OK);
    cr_assert_geq(tries, 3, "the key table grew more than once");
    free(text);
}

Test(json_write, reports_that_memory_is_out)
{
    cr_assert_eq(shop_set_allocator(failing_alloc, failing_realloc, free), SHOP_OK);
    shop_json_write_status status = SHOP_JSON_WRITE_NO_MEMORY;
    size_t tries = 0;
    for (; status == SHOP_JSON_WRITE_NO_MEMORY; tries++) {
        shop_json_writer w;
        const char *text;
        allocations_left = tries;
        shop_json_writer_init(&w, 1 << 20);
        shop_json_array_begin(&w);
        for (int i = 0; i < 1000; i++)
            shop_json_write_string(&w, "some text");
        shop_json_array_end(&w);
        status = shop_json_writer_finish(&w, &text, NULL);
        cr_assert_eq(text == NULL, status != SHOP_JSON_WRITE_OK);
        shop_json_writer_free(&w);
    }
    cr_assert_eq(status, SHOP_JSON_WRITE_OK);
    cr_assert_geq(tries, 3, "the buffer grew more than once");
}

/* -------------------- reader -------------------- */

static shop_json_value *parse(const char *text)
{
    shop_json_value *document;
    shop_json_error error;
    cr_assert_eq(shop_json_parse(text, strlen(text), NULL, &document, &error), SHOP_JSON_OK, "%s: %s", text, error.message);
    return document;
}

Test(json_read, getters_give_values_of_their_own_type_only)
{
    static const shop_json_type types[] = {SHOP_JSON_TYPE_NULL,   SHOP_JSON_TYPE_BOOL,   SHOP_JSON_TYPE_INT,
                                           SHOP_JSON_TYPE_NUMBER, SHOP_JSON_TYPE_STRING, SHOP_JSON_TYPE_ARRAY,
                                           SHOP_JSON_TYPE_OBJECT};
    shop_json_value *document = parse("[null,true,12,1.0,\"12\",[1],{\"a\":1}]");
    cr_assert_eq(shop_json_count(document), COUNT(types));
    for (size_t i = 0; i < COUNT(types); i++) {
        const shop_json_value *value = shop_json_at(document, i);
        bool flag = false;
        int64_t number = 99;
        const char *text = "x";
        size_t len = 99;
        const shop_json_value *member = document;
        cr_assert_eq(shop_json_type_of(value), types[i]);
        cr_assert_eq(shop_json_get_bool(value, &flag), types[i] == SHOP_JSON_TYPE_BOOL);
        cr_assert_eq(flag, types[i] == SHOP_JSON_TYPE_BOOL);
        cr_assert_eq(shop_json_get_int64(value, &number), types[i] == SHOP_JSON_TYPE_INT);
        cr_assert_eq(number, types[i] == SHOP_JSON_TYPE_INT ? 12 : 99);
        cr_assert_eq(shop_json_get_string(value, &text, &len), types[i] == SHOP_JSON_TYPE_STRING);
        cr_assert_str_eq(text, types[i] == SHOP_JSON_TYPE_STRING ? "12" : "x");
        cr_assert_eq(len, types[i] == SHOP_JSON_TYPE_STRING ? 2 : 99);
        cr_assert_eq(shop_json_count(value), types[i] >= SHOP_JSON_TYPE_ARRAY ? 1 : 0);
        cr_assert_eq(shop_json_at(value, 0) != NULL, types[i] == SHOP_JSON_TYPE_ARRAY);
        cr_assert_eq(shop_json_find(value, "a", &member), types[i] == SHOP_JSON_TYPE_OBJECT);
    }
    cr_assert_null(shop_json_at(document, COUNT(types)));
    shop_json_free(document);
}

Test(json_read, int64_limits_survive)
{
    shop_json_value *document = parse("[9223372036854775807,-9223372036854775808]");
    int64_t high = 0, low = 0;
    cr_assert(shop_json_get_int64(shop_json_at(document, 0), &high));
    cr_assert(shop_json_get_int64(shop_json_at(document, 1), &low));
    cr_assert_eq(high, INT64_MAX);
    cr_assert_eq(low, INT64_MIN);
    shop_json_free(document);
}

Test(json_read, members_come_in_the_order_of_the_text_with_decoded_keys)
{
    static const char *const keys[] = {"z", "a", "\xC3\xA9", ""};
    shop_json_value *document = parse("{\"z\":0,\"\\u0061\":1,\"\\u00e9\":2,\"\":null}");
    shop_json_members members = shop_json_members_of(document);
    const shop_json_value *value;
    const char *key;
    size_t seen = 0;
    while (shop_json_next_member(&members, &key, &value)) {
        int64_t number = 99;
        cr_assert_str_eq(key, keys[seen]);
        cr_assert_eq(shop_json_get_int64(value, &number), seen < 3);
        cr_assert_eq(number, seen < 3 ? (int64_t)seen : 99);
        seen++;
    }
    cr_assert_eq(seen, COUNT(keys));
    cr_assert(shop_json_find(document, "", &value));
    cr_assert_null(value, "null is there, as the NULL value");
    cr_assert_not(shop_json_find(document, "b", &value));
    shop_json_free(document);

    members = shop_json_members_of(NULL);
    cr_assert_not(shop_json_next_member(&members, &key, &value));
    shop_json_free(NULL);
}

/* -------------------- writer -------------------- */

static void expect_text(shop_json_writer *w, const char *expected)
{
    const char *text;
    size_t len;
    cr_assert_eq(shop_json_writer_finish(w, &text, &len), SHOP_JSON_WRITE_OK);
    cr_assert_str_eq(text, expected);
    cr_assert_eq(len, strlen(expected));
    shop_json_writer_free(w);
}

Test(json_write, commas_come_by_themselves)
{
    shop_json_writer w;
    shop_json_writer_init(&w, 4096);
    shop_json_object_begin(&w);
    shop_json_key(&w, "a");
    shop_json_array_begin(&w);
    shop_json_array_end(&w);
    shop_json_key(&w, "b");
    shop_json_array_begin(&w);
    shop_json_write_int64(&w, INT64_MIN);
    shop_json_write_bool(&w, true);
    shop_json_object_begin(&w);
    shop_json_object_end(&w);
    shop_json_write_bool(&w, false);
    shop_json_write_null(&w);
    shop_json_array_end(&w);
    shop_json_key(&w, "c\"");
    shop_json_write_string(&w, NULL);
    shop_json_key(&w, "d");
    shop_json_write_string(&w, "");
    shop_json_object_end(&w);
    expect_text(&w, "{\"a\":[],\"b\":[-9223372036854775808,true,{},false,null],\"c\\\"\":null,\"d\":\"\"}");
}

Test(json_write, only_what_must_be_is_escaped)
{
    shop_json_writer w;
    shop_json_writer_init(&w, 4096);
    shop_json_write_string(&w, "/<>&'\"\\\b\f\n\r\t\x01\x1F\x7F\xC3\xA9\xE2\x80\xA8\xF0\x9F\x98\x80");
    expect_text(&w, "\"/<>&'\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\x7F\xC3\xA9\xE2\x80\xA8\xF0\x9F\x98\x80\"");
}

Test(json_write, money_and_time_have_their_one_form)
{
    shop_json_writer w;
    shop_json_writer_init(&w, 4096);
    shop_json_array_begin(&w);
    shop_json_write_money(&w, 9999, shop_currency_find("usd", 3));
    shop_json_write_money(&w, -100, shop_currency_find("jpy", 3));
    shop_json_write_time(&w, INT64_C(1795384500123456));
    shop_json_array_end(&w);
    expect_text(&w, "[\"99.99\",\"-100\",\"2026-11-22T21:55:00.123456Z\"]");
}

Test(json_write, raw_takes_one_sound_value)
{
    static const char *const bad[] = {"", "{", "1,2", "{}{}", "{\"a\":1,\"a\":2}", "\xFF", "nul", "[1] x"};
    shop_json_writer w;
    shop_json_writer_init(&w, 4096);
    shop_json_array_begin(&w);
    shop_json_write_raw(&w, S("{\"a\":[1]}"));
    shop_json_write_raw(&w, S("12"));
    shop_json_array_end(&w);
    expect_text(&w, "[{\"a\":[1]},12]");
    for (size_t i = 0; i < COUNT(bad); i++) {
        const char *text;
        shop_json_writer_reset(&w);
        shop_json_write_raw(&w, bad[i], strlen(bad[i]));
        cr_assert_eq(shop_json_writer_finish(&w, &text, NULL), SHOP_JSON_WRITE_BAD_VALUE, "%s", bad[i]);
    }
    shop_json_writer_free(&w);
}

/*
 * Each letter is one call: {}[] begin and end, k a key, v a value, b a text that is not UTF-8, 0
 * one with NUL, K a key that is not UTF-8, t a time before 1970.
 */
static void play(shop_json_writer *w, const char *calls)
{
    for (; *calls; calls++)
        switch (*calls) {
        case '{':
            shop_json_object_begin(w);
            break;
        case '}':
            shop_json_object_end(w);
            break;
        case '[':
            shop_json_array_begin(w);
            break;
        case ']':
            shop_json_array_end(w);
            break;
        case 'k':
            shop_json_key(w, "k");
            break;
        case 'K':
            shop_json_key(w, "\xED\xA0\x80");
            break;
        case 'v':
            shop_json_write_int64(w, 1);
            break;
        case 'b':
            shop_json_write_string(w, "ok until \xC0\x80");
            break;
        case '0':
            shop_json_write_text(w, "a\0b", 3);
            break;
        default:
            shop_json_write_time(w, -1);
        }
}

Test(json_write, misuse_and_bad_values_are_remembered_and_nothing_comes_out)
{
    static const struct {
        const char *calls;
        shop_json_write_status status;
    } cases[] = {
        {"v", SHOP_JSON_WRITE_OK},          {"{kv}", SHOP_JSON_WRITE_OK},         {"", SHOP_JSON_WRITE_MISUSE},
        {"vv", SHOP_JSON_WRITE_MISUSE},     {"{}{}", SHOP_JSON_WRITE_MISUSE},     {"{v}", SHOP_JSON_WRITE_MISUSE},
        {"{k}", SHOP_JSON_WRITE_MISUSE},    {"{kkv}", SHOP_JSON_WRITE_MISUSE},    {"{kvv}", SHOP_JSON_WRITE_MISUSE},
        {"{[]}", SHOP_JSON_WRITE_MISUSE},   {"[kv]", SHOP_JSON_WRITE_MISUSE},     {"kv", SHOP_JSON_WRITE_MISUSE},
        {"[}", SHOP_JSON_WRITE_MISUSE},     {"{]", SHOP_JSON_WRITE_MISUSE},       {"]", SHOP_JSON_WRITE_MISUSE},
        {"[", SHOP_JSON_WRITE_MISUSE},      {"[[v]", SHOP_JSON_WRITE_MISUSE},     {"v]", SHOP_JSON_WRITE_MISUSE},
        {"[b]", SHOP_JSON_WRITE_BAD_VALUE}, {"[0]", SHOP_JSON_WRITE_BAD_VALUE},   {"{Kv}", SHOP_JSON_WRITE_BAD_VALUE},
        {"[t]", SHOP_JSON_WRITE_BAD_VALUE}, {"[b}vv", SHOP_JSON_WRITE_BAD_VALUE},
    };
    shop_json_writer w;
    shop_json_writer_init(&w, 4096);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *text = "x";
        shop_json_writer_reset(&w);
        play(&w, cases[i].calls);
        cr_assert_eq(shop_json_writer_finish(&w, &text, NULL), cases[i].status, "%s", cases[i].calls);
        cr_assert_eq(text == NULL, cases[i].status != SHOP_JSON_WRITE_OK);
    }
    shop_json_writer_free(&w);
}

Test(json_write, depth_is_limited)
{
    for (size_t depth = SHOP_JSON_WRITE_DEPTH_MAX; depth <= SHOP_JSON_WRITE_DEPTH_MAX + 1; depth++) {
        shop_json_writer w;
        const char *text;
        shop_json_writer_init(&w, 4096);
        for (size_t i = 0; i < depth; i++)
            play(&w, i % 2 ? "{k" : "[");
        play(&w, "v");
        for (size_t i = depth; i-- > 0;)
            play(&w, i % 2 ? "}" : "]");
        cr_assert_eq(shop_json_writer_finish(&w, &text, NULL),
                     depth > SHOP_JSON_WRITE_DEPTH_MAX ? SHOP_JSON_WRITE_MISUSE : SHOP_JSON_WRITE_OK);
        shop_json_writer_free(&w);
    }
}

Test(json_write, the_cap_is_exact_and_never_exceeded)
{
    static const char *const values[] = {"", "plain text", "\n\"\\\x01 and \xC3\xA9", "tail\x02"};
    for (size_t max = 0; max < 3000; max = max < 80 ? max + 1 : max * 2) {
        shop_json_writer w, free_one;
        const char *text;
        size_t needed;
        shop_json_writer_init(&w, max);
        shop_json_writer_init(&free_one, SIZE_MAX);
        for (int round = 0; round < 2; round++) {
            shop_json_writer *each = round ? &w : &free_one;
            shop_json_array_begin(each);
            for (size_t i = 0; i < 40; i++)
                shop_json_write_string(each, values[i % COUNT(values)]);
            shop_json_array_end(each);
        }
        cr_assert_eq(shop_json_writer_finish(&free_one, &text, &needed), SHOP_JSON_WRITE_OK);
        cr_assert_eq(shop_json_writer_finish(&w, &text, NULL), needed <= max ? SHOP_JSON_WRITE_OK : SHOP_JSON_WRITE_TOO_LONG);
        cr_assert_leq(w.room, max);
        shop_json_writer_free(&w);
        shop_json_writer_init(&w, needed);
        shop_json_write_raw(&w, free_one.data, needed);
        cr_assert_eq(shop_json_writer_finish(&w, &text, NULL), SHOP_JSON_WRITE_OK);
        shop_json_writer_free(&w);
        shop_json_writer_init(&w, needed - 1);
        shop_json_write_raw(&w, free_one.data, needed);
        cr_assert_eq(shop_json_writer_finish(&w, &text, NULL), SHOP_JSON_WRITE_TOO_LONG);
        shop_json_writer_free(&w);
        shop_json_writer_free(&free_one);
    }
}

Test(json_write, a_reset_writer_starts_clean_and_does_not_allocate)
{
    shop_json_writer w;
    shop_json_writer_init(&w, 4096);
    play(&w, "[vvv]");
    const char *text;
    cr_assert_eq(shop_json_writer_finish(&w, &text, NULL), SHOP_JSON_WRITE_OK);
    allocations_left = 0;
    cr_assert_eq(shop_set_allocator(failing_alloc, failing_realloc, free), SHOP_OK);
    play(&w, "vbv");
    shop_json_writer_reset(&w);
    play(&w, "[v]");
    expect_text(&w, "[1]");
}

/*
 * ------------------------------------------------------------------------------------ round trip
 */

static uint64_t draw(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* A text of up to 20 characters of all lengths, controls and quotes among them; never NUL. */
static size_t draw_text(uint64_t *state, char *out)
{
    static const uint32_t ranges[][2] = {{1, 0x7F},       {0x20, 0x7E},     {0x80, 0x7FF},
                                         {0x800, 0xD7FF}, {0xE000, 0xFFFF}, {0x10000, 0x10FFFF}};
    size_t count = draw(state) % 21, len = 0;
    for (size_t i = 0; i < count; i++) {
        const uint32_t *range = ranges[draw(state) % COUNT(ranges)];
        uint32_t c = range[0] + (uint32_t)(draw(state) % (range[1] - range[0] + 1));
        static const unsigned lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
        size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        for (size_t j = size; j-- > 1; c >>= 6)
            out[len + j] = (char)(unsigned char)(0x80U | (c & 0x3FU));
        out[len] = (char)(unsigned char)(lead[size] | c);
        len += size;
    }
    out[len] = '\0';
    return len;
}

/* A key that no other member of its object has. */
static void draw_key(uint64_t *state, size_t index, char *out)
{
    size_t len = draw_text(state, out);
    snprintf(out + len, 16, "#%zu", index);
}

static void write_drawn(shop_json_writer *w, uint64_t *state, size_t depth)
{
    char text[128];
    size_t kind = draw(state) % (depth > 0 ? 6 : 4), count = draw(state) % 6;

    if (kind == 0)
        shop_json_write_null(w);
    else if (kind == 1)
        shop_json_write_bool(w, count % 2 == 0);
    else if (kind == 2)
        shop_json_write_int64(w, (int64_t)draw(state) >> 8 * count);
    else if (kind == 3)
        shop_json_write_text(w, text, draw_text(state, text));
    else if (kind == 4) {
        shop_json_array_begin(w);
        for (size_t i = 0; i < count; i++)
            write_drawn(w, state, depth - 1);
        shop_json_array_end(w);
    } else {
        shop_json_object_begin(w);
        for (size_t i = 0; i < count; i++) {
            draw_key(state, i, text);
            shop_json_key(w, text);
            write_drawn(w, state, depth - 1);
        }
        shop_json_object_end(w);
    }
}

/* Draws the same document again and compares. */
static void expect_drawn(const shop_json_value *value, uint64_t *state, size_t depth)
{
    static const shop_json_type types[] = {SHOP_JSON_TYPE_NULL,   SHOP_JSON_TYPE_BOOL,  SHOP_JSON_TYPE_INT,
                                           SHOP_JSON_TYPE_STRING, SHOP_JSON_TYPE_ARRAY, SHOP_JSON_TYPE_OBJECT};
    char expected[128];
    const char *text;
    size_t kind = draw(state) % (depth > 0 ? 6 : 4), count = draw(state) % 6, len;
    bool flag;
    int64_t number;

    cr_assert_eq(shop_json_type_of(value), types[kind]);
    if (kind == 1) {
        cr_assert(shop_json_get_bool(value, &flag));
        cr_assert_eq(flag, count % 2 == 0);
    } else if (kind == 2) {
        cr_assert(shop_json_get_int64(value, &number));
        cr_assert_eq(number, (int64_t)draw(state) >> 8 * count);
    } else if (kind == 3) {
        cr_assert(shop_json_get_string(value, &text, &len));
        cr_assert_eq(len, draw_text(state, expected));
        cr_assert_str_eq(text, expected);
    } else if (kind == 4) {
        cr_assert_eq(shop_json_count(value), count);
        for (size_t i = 0; i < count; i++)
            expect_drawn(shop_json_at(value, i), state, depth - 1);
    } else if (kind == 5) {
        shop_json_members members = shop_json_members_of(value);
        const shop_json_value *member;
        for (size_t i = 0; i < count; i++) {
            draw_key(state, i, expected);
            cr_assert(shop_json_next_member(&members, &text, &member));
            cr_assert_str_eq(text, expected);
            expect_drawn(member, state, depth - 1);
        }
        cr_assert_not(shop_json_next_member(&members, &text, &member));
    }
}

Test(json, random_documents_pass_the_guard_and_read_back_equal)
{
    shop_json_writer w;
    shop_json_writer_init(&w, 1 << 20);
    for (uint64_t seed = 1; seed <= 4000; seed++) {
        uint64_t writing = seed * UINT64_C(0x9E3779B97F4A7C15), reading = writing;
        const char *text;
        size_t len;
        shop_json_error error;
        shop_json_value *document;
        shop_json_writer_reset(&w);
        write_drawn(&w, &writing, 5);
        cr_assert_eq(shop_json_writer_finish(&w, &text, &len), SHOP_JSON_WRITE_OK);
        cr_assert_eq(shop_json_parse(text, len, &scalars, &document, &error), SHOP_JSON_OK, "%s at %zu: %s", error.message,
                     error.offset, text);
        expect_drawn(document, &reading, 5);
        shop_json_free(document);
    }
    shop_json_writer_free(&w);
}

/* Whatever bytes a text holds, the writer makes sound JSON of it or refuses it. */
Test(json, texts_of_random_bytes_are_refused_or_come_back_equal)
{
    shop_json_writer w;
    shop_json_writer_init(&w, 1 << 16);
    uint64_t state = 42;
    size_t refused = 0;
    for (int n = 0; n < 20000; n++) {
        char bytes[8];
        const char *text, *back;
        size_t len = draw(&state) % (sizeof bytes + 1), back_len;
        shop_json_value *document;
        for (size_t i = 0; i < len; i++)
            bytes[i] = (char)(unsigned char)(draw(&state) >> (draw(&state) % 2 ? 57 : 56));
        bool sound = shop_utf8_valid(bytes, len) && !memchr(bytes, '\0', len);
        shop_json_writer_reset(&w);
        shop_json_write_text(&w, bytes, len);
        shop_json_write_status status = shop_json_writer_finish(&w, &text, &back_len);
        cr_assert_eq(status, sound ? SHOP_JSON_WRITE_OK : SHOP_JSON_WRITE_BAD_VALUE);
        refused += !sound;
        if (!sound)
            continue;
        cr_assert_eq(shop_json_parse(text, back_len, &scalars, &document, NULL), SHOP_JSON_OK);
        cr_assert(shop_json_get_string(document, &back, &back_len));
        cr_assert(back_len == len && memcmp(back, bytes, len) == 0);
        shop_json_free(document);
    }
    cr_assert(refused > 1000 && refused < 19000);
    shop_json_writer_free(&w);
}
