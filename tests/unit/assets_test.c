/* SPDX-License-Identifier: MIT
 * assets_test.c: the files embedded in shopd are whole, findable and complete for the demo shop. */
#include <criterion/criterion.h>
#include <json-c/json.h>
#include <regex.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "assets.h"

static struct json_object *demo;

static void read_demo(void)
{
    const asset *file = asset_find("demo/demo.json");
    cr_assert_not_null(file);
    struct json_tokener *parser = json_tokener_new();
    cr_assert_not_null(parser);
    cr_assert_leq(file->size, (size_t)INT32_MAX);
    demo = json_tokener_parse_ex(parser, (const char *)file->data, (int)file->size);
    cr_assert_eq(json_tokener_get_error(parser), json_tokener_success);
    json_tokener_free(parser);
}

static void drop_demo(void)
{
    json_object_put(demo);
}

static struct json_object *member(struct json_object *object, const char *name)
{
    struct json_object *value = json_object_object_get(object, name);
    cr_assert_not_null(value, "no member %s", name);
    return value;
}

static const char *string_of(struct json_object *object, const char *name)
{
    struct json_object *value = member(object, name);
    cr_assert_eq(json_object_get_type(value), json_type_string, "%s is no string", name);
    return json_object_get_string(value);
}

static bool matches(const char *value, const char *pattern)
{
    regex_t expression;
    cr_assert_eq(regcomp(&expression, pattern, REG_EXTENDED | REG_NOSUB), 0);
    bool found = regexec(&expression, value, 0, NULL, 0) == 0;
    regfree(&expression);
    return found;
}

static bool has_member_equal(struct json_object *list, size_t length, const char *name, const char *value)
{
    for (size_t i = 0; i < length; i++) {
        if (strcmp(string_of(json_object_array_get_idx(list, i), name), value) == 0) {
            return true;
        }
    }
    return false;
}

Test(assets, every_asset_is_found_by_its_path)
{
    cr_assert_gt(asset_count(), 0U);
    for (size_t i = 0; i < asset_count(); i++) {
        cr_expect_eq(asset_find(asset_at(i)->path), asset_at(i), "%s", asset_at(i)->path);
    }
}

Test(assets, paths_ascend_without_duplicates)
{
    for (size_t i = 1; i < asset_count(); i++) {
        cr_expect_lt(strcmp(asset_at(i - 1)->path, asset_at(i)->path), 0);
    }
}

Test(assets, unknown_paths_are_not_found)
{
    cr_expect_null(asset_find(NULL));
    cr_expect_null(asset_find(""));
    cr_expect_null(asset_find("swagger/"));
    cr_expect_null(asset_find("swagger/index.htm"));
    cr_expect_null(asset_find("swagger/../demo/demo.json"));
    cr_expect_null(asset_find("zzz"));
    cr_expect_null(asset_at(asset_count()));
}

Test(assets, etag_is_the_hash_of_the_embedded_bytes)
{
    for (size_t i = 0; i < asset_count(); i++) {
        const asset *file = asset_at(i);
        unsigned char hash[crypto_hash_sha256_BYTES];
        char hex[2 * sizeof hash + 1];
        char etag[2 + 32 + 1];
        crypto_hash_sha256(hash, file->data, file->size);
        sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
        snprintf(etag, sizeof etag, "\"%.32s\"", hex);
        cr_expect_str_eq(file->etag, etag, "%s", file->path);
    }
}

Test(assets, etags_differ)
{
    for (size_t i = 0; i < asset_count(); i++) {
        for (size_t j = i + 1; j < asset_count(); j++) {
            cr_expect_str_neq(asset_at(i)->etag, asset_at(j)->etag, "%s and %s", asset_at(i)->path, asset_at(j)->path);
        }
    }
}

Test(assets, text_ends_in_a_nul_that_size_does_not_count)
{
    for (size_t i = 0; i < asset_count(); i++) {
        cr_expect_eq(asset_at(i)->data[asset_at(i)->size], 0, "%s", asset_at(i)->path);
    }
}

Test(assets, documentation_page_is_complete)
{
    static const struct {
        const char *path;
        const char *content_type;
    } wanted[] = {
        {"swagger/index.html", "text/html; charset=utf-8"},
        {"swagger/init.js", "text/javascript; charset=utf-8"},
        {"swagger/page.css", "text/css; charset=utf-8"},
        {"swagger/swagger-ui-bundle.js", "text/javascript; charset=utf-8"},
        {"swagger/swagger-ui.css", "text/css; charset=utf-8"},
        {"swagger/favicon.svg", "image/svg+xml"},
        {"swagger/LICENSE", "text/plain; charset=utf-8"},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        const asset *file = asset_find(wanted[i].path);
        cr_assert_not_null(file, "%s", wanted[i].path);
        cr_expect_str_eq(file->content_type, wanted[i].content_type, "%s", wanted[i].path);
    }
}

Test(assets, documentation_page_has_no_inline_script_and_names_no_host)
{
    static const char *const own[] = {"swagger/index.html", "swagger/init.js", "swagger/page.css"};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        const char *content = (const char *)asset_find(own[i])->data;
        cr_expect_null(strstr(content, "//unpkg"), "%s", own[i]);
        cr_expect_not(matches(content, "https?://"), "%s", own[i]);
        cr_expect_not(matches(content, "<script>|[ \t]on[a-z]+="), "%s", own[i]);
    }
}

Test(assets, no_source_map_is_asked_for)
{
    for (size_t i = 0; i < asset_count(); i++) {
        cr_expect_null(strstr((const char *)asset_at(i)->data, "sourceMappingURL="), "%s", asset_at(i)->path);
    }
}

Test(demo_shop, every_image_named_is_embedded, .init = read_demo, .fini = drop_demo)
{
    struct json_object *products = member(demo, "products");
    for (size_t i = 0; i < json_object_array_length(products); i++) {
        struct json_object *images = member(json_object_array_get_idx(products, i), "images");
        size_t count = json_object_array_length(images);
        cr_expect(count >= 1 && count <= 3);
        for (size_t j = 0; j < count; j++) {
            char path[256];
            const char *name = json_object_get_string(json_object_array_get_idx(images, j));
            snprintf(path, sizeof path, "demo/images/%s", name);
            const asset *file = asset_find(path);
            cr_assert_not_null(file, "%s", path);
            cr_expect_str_eq(file->content_type, "image/svg+xml", "%s", path);
        }
    }
}

Test(demo_shop, products_are_what_the_catalogue_accepts, .init = read_demo, .fini = drop_demo)
{
    struct json_object *products = member(demo, "products");
    struct json_object *categories = member(demo, "categories");
    size_t sold_out = 0;
    size_t inactive = 0;
    cr_assert_eq(json_object_array_length(categories), 8U);
    cr_assert_eq(json_object_array_length(products), 60U);
    for (size_t i = 0; i < json_object_array_length(products); i++) {
        struct json_object *product = json_object_array_get_idx(products, i);
        const char *slug = string_of(product, "slug");
        int64_t stock = json_object_get_int64(member(product, "stock_quantity"));
        cr_expect(matches(slug, "^[a-z0-9]+(-[a-z0-9]+)*$"), "%s", slug);
        cr_expect_not(has_member_equal(products, i, "slug", slug), "%s twice", slug);
        cr_expect(matches(string_of(product, "price"), "^[1-9][0-9]*\\.[0-9]{2}$"), "%s", slug);
        cr_expect(has_member_equal(categories, json_object_array_length(categories), "slug", string_of(product, "category")),
                  "%s", slug);
        cr_expect_gt(strlen(string_of(product, "description")), 40U, "%s", slug);
        cr_expect_geq(stock, 0, "%s", slug);
        sold_out += stock == 0;
        inactive += !json_object_get_boolean(member(product, "is_active"));
    }
    cr_expect(sold_out > 0 && sold_out < 10);
    cr_expect(inactive > 0 && inactive < 10);
}

Test(demo_shop, pictures_are_small_and_refer_to_nothing_outside)
{
    size_t pictures = 0;
    for (size_t i = 0; i < asset_count(); i++) {
        const asset *file = asset_at(i);
        const char *content = (const char *)file->data;
        if (strncmp(file->path, "demo/images/", strlen("demo/images/")) != 0) {
            continue;
        }
        pictures++;
        cr_expect_lt(file->size, 6000U, "%s", file->path);
        cr_expect_not(matches(content, "<script|href|<image|<foreignObject|<style|[ \"']on[a-z]+="), "%s", file->path);
        cr_expect_not(matches(content, "url\\([^#]"), "%s", file->path);
    }
    cr_expect_geq(pictures, 60U);
}
