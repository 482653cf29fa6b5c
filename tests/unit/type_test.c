/* SPDX-License-Identifier: MIT */
/* What the descriptions of handles and inputs promise: strict decoding that names the field, and JSON that says what the table says. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "support.h"

static shop *s;
static shop_ctx *cx;

static void open_shop(void)
{
    s = test_shop_open();
    cx = test_ctx(s, SHOP_ACTOR_SYSTEM);
}

static void close_shop(void)
{
    shop_ctx_free(cx);
    test_shop_close(s);
}

TestSuite(type, .init = open_shop, .fini = close_shop, .timeout = 60);

static shop_status decode(const char *json, shop_product_input *in)
{
    shop_product_input_init(in);
    return shop_from_json(cx, shop_type_find("product_input"), json, strlen(json), in);
}

Test(type, a_good_input_is_taken_as_it_is)
{
    shop_product_input in;
    cr_assert_eq(decode("{\"name\":\"A\\u00e9\",\"price\":\"5.5\",\"stock_quantity\":3,\"is_active\":false}", &in), SHOP_OK);
    cr_assert_str_eq(in.name, "A\xc3\xa9");
    cr_assert_eq(in.price, 550);
    cr_assert_eq(in.stock_quantity, 3);
    cr_assert_eq(in.is_active, 0);
    cr_assert_null(in.slug);
    cr_assert_eq(in.category_id, SHOP_UNSET);
}

typedef struct bad_input {
    const char *json;
    const char *code;
    const char *field; /* NULL: none is named */
} bad_input;

Test(type, each_bad_input_is_refused_and_its_field_named)
{
    static const bad_input table[] = {
        {"", "malformed_json", NULL},
        {"[]", "malformed_json", NULL},
        {"null", "malformed_json", NULL},
        {"{\"name\":\"a\"} x", "malformed_json", NULL},
        {"{\"name\":NaN}", "malformed_json", NULL},
        {"{\"name\":\"a\nb\"}", "malformed_json", NULL},
        {"{\"name\":\"\xff\"}", "malformed_json", NULL},
        {"{\"name\":\"\\u0000\"}", "malformed_json", NULL},
        {"{\"name\":\"\\ud800\"}", "malformed_json", NULL},
        {"{\"stock_quantity\":99999999999999999999}", "malformed_json", NULL},
        {"{\"name\":\"a\",\"name\":\"b\"}", "validation_error", "name"},
        {"{\"name\":\"a\",\"\\u006eame\":\"b\"}", "validation_error", "name"},
        {"{\"is_staff\":true}", "validation_error", "is_staff"},
        {"{\"name\":1}", "validation_error", "name"},
        {"{\"name\":null}", "validation_error", "name"},
        {"{\"stock_quantity\":\"1\"}", "validation_error", "stock_quantity"},
        {"{\"stock_quantity\":1.0}", "validation_error", "stock_quantity"},
        {"{\"stock_quantity\":true}", "validation_error", "stock_quantity"},
        {"{\"is_active\":1}", "validation_error", "is_active"},
        {"{\"price\":19.99}", "validation_error", "price"},
        {"{\"price\":\"19.999\"}", "validation_error", "price"},
        {"{\"price\":\"-1\"}", "validation_error", "price"},
        {"{\"price\":\"1e3\"}", "validation_error", "price"},
        {"{\"price\":\"99999999999999999999\"}", "validation_error", "price"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        shop_product_input in;
        cr_assert_eq(decode(table[i].json, &in), SHOP_INVALID, "%s", table[i].json);
        cr_assert_str_eq(shop_ctx_error_code(cx), table[i].code, "%s", table[i].json);
        cr_assert_eq(shop_ctx_error_field_count(cx), table[i].field != NULL, "%s", table[i].json);
        if (table[i].field)
            cr_assert_str_eq(shop_ctx_error_field(cx, 0), table[i].field, "%s", table[i].json);
    }
}

Test(type, too_deep_a_document_is_refused)
{
    char json[256] = "{\"name\":";
    for (int i = 0; i < 100; i++)
        strncat(json, "[", sizeof json - strlen(json) - 1);
    shop_product_input in;
    cr_assert_eq(decode(json, &in), SHOP_INVALID);
    cr_assert_str_eq(shop_ctx_error_code(cx), "malformed_json");
}

Test(type, a_long_unknown_name_is_cut_in_the_error)
{
    char json[1100] = "{\"";
    memset(json + 2, 'n', 1000);
    snprintf(json + 1002, sizeof json - 1002, "\":1}");
    shop_product_input in;
    cr_assert_eq(decode(json, &in), SHOP_INVALID);
    cr_assert_lt(strlen(shop_ctx_error_field(cx, 0)), 100);
}

Test(type, query_parameters_are_read_by_the_same_description)
{
    static const char *const names[] = {"price_min", "in_stock", "search", "page"};
    static const char *const values[] = {"1.50", "true", "a b", "2"};
    shop_product_filter filter = SHOP_PRODUCT_FILTER_INIT;
    cr_assert_eq(shop_from_pairs(cx, shop_type_find("product_filter"), names, values, 4, &filter), SHOP_OK);
    cr_assert_eq(filter.price_min, 150);
    cr_assert_eq(filter.in_stock, 1);
    cr_assert_str_eq(filter.search, "a b");
    cr_assert_eq(filter.page, 2);
    static const char *const bad_values[] = {"1,50", "yes", "x", "2.0"};
    cr_assert_eq(shop_from_pairs(cx, shop_type_find("product_filter"), names, bad_values, 4, &filter), SHOP_INVALID);
    cr_assert_eq(shop_ctx_error_field_count(cx), 3);
    static const char *const twice[] = {"page", "page"};
    static const char *const unknown[] = {"pag"};
    cr_assert_eq(shop_from_pairs(cx, shop_type_find("product_filter"), twice, bad_values + 3, 1, &filter), SHOP_INVALID);
    cr_assert_eq(shop_from_pairs(cx, shop_type_find("product_filter"), unknown, values, 1, &filter), SHOP_INVALID);
    cr_assert_str_eq(shop_ctx_error_field(cx, 0), "pag");
}

Test(type, an_input_that_its_init_did_not_make_is_misuse)
{
    shop_product_input in = {0};
    const shop_product *p;
    cr_assert_eq(shop_product_create(cx, &in, &p), SHOP_MISUSE);
}

Test(type, every_description_is_complete)
{
    for (size_t i = 0; shop_type_at(i); i++) {
        const shop_type *type = shop_type_at(i);
        cr_assert_eq(shop_type_find(shop_type_name(type)), type, "%s is there twice", shop_type_name(type));
        cr_assert_gt(strlen(shop_type_doc(type)), 0);
        for (size_t k = 0; k < shop_type_field_count(type); k++) {
            const shop_field *f = shop_type_field(type, k);
            int nested = shop_field_kind(f) == SHOP_KIND_OBJECT || shop_field_kind(f) == SHOP_KIND_LIST;
            cr_assert_gt(strlen(shop_field_doc(f)), 0, "%s.%s", shop_type_name(type), shop_field_name(f));
            cr_assert_eq(shop_field_of(f) != NULL, nested, "%s.%s", shop_type_name(type), shop_field_name(f));
        }
        cr_assert_null(shop_type_field(type, shop_type_field_count(type)));
    }
}

Test(type, an_etag_changes_with_the_bytes_and_only_with_them)
{
    char a[SHOP_ETAG_SIZE];
    char b[SHOP_ETAG_SIZE];
    shop_etag("{}", 2, a);
    shop_etag("{}", 2, b);
    cr_assert_str_eq(a, b);
    cr_assert_eq(strlen(a), 34);
    shop_etag("{ }", 3, b);
    cr_assert_str_neq(a, b);
}

Test(type, every_init_function_does_what_its_macro_does)
{
    shop_options a = SHOP_OPTIONS_INIT;
    shop_options b;
    memset(&b, 0xff, sizeof b);
    shop_options_init(&b);
    cr_assert_eq(memcmp(&a, &b, sizeof a), 0);
    shop_product_filter c = SHOP_PRODUCT_FILTER_INIT;
    shop_product_filter d;
    memset(&d, 0xff, sizeof d);
    shop_product_filter_init(&d);
    cr_assert_eq(memcmp(&c, &d, sizeof c), 0);
}

Test(type, bad_options_are_refused_with_a_reason)
{
    shop *other = NULL;
    shop_options o = SHOP_OPTIONS_INIT;
    cr_assert_eq(shop_open(&o, &other), SHOP_INVALID);
    o.database = "nosuch:thing";
    cr_assert_eq(shop_open(&o, &other), SHOP_INVALID);
    o.database = "memory:";
    o.secret_key = "short";
    cr_assert_eq(shop_open(&o, &other), SHOP_INVALID);
    cr_assert(strstr(shop_open_error(), "secret key"));
    o.secret_key = NULL;
    o.currency = "xyz";
    cr_assert_eq(shop_open(&o, &other), SHOP_INVALID);
    o.currency = NULL;
    o.access_ttl = 0;
    cr_assert_eq(shop_open(&o, &other), SHOP_INVALID);
    o.access_ttl = SHOP_UNSET;
    o.struct_size = 1;
    cr_assert_eq(shop_open(&o, &other), SHOP_MISUSE);
    cr_assert_null(other);
}
