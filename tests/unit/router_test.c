/* SPDX-License-Identifier: MIT */
/* The router of shopd: which route a path and method lead to. */
#include <criterion/criterion.h>
#include <string.h>

#include "../../shopd/app/router.h"

#define ROW(method, pattern, operation)                                                                                        \
    {                                                                                                                          \
        method, pattern, NULL, ACCESS_PUBLIC, 200, 0, "read", "test", operation, "", NULL, NULL, NULL                          \
    }
#define END                                                                                                                    \
    {                                                                                                                          \
        0, NULL, NULL, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL                                                       \
    }

static const route table_one[] = {
    ROW(HTTP_GET, "/products", "list"),
    ROW(HTTP_POST, "/products", "create"),
    ROW(HTTP_GET, "/products/{slug}", "get"),
    ROW(HTTP_DELETE, "/products/{slug}", "delete"),
    ROW(HTTP_POST, "/products/{slug}/images", "image_add"),
    ROW(HTTP_GET, "/products/images/{id}", "image_get"),
    ROW(HTTP_GET, "/products/categories", "categories"),
    ROW(HTTP_GET, "/products/categories/{slug}", "category"),
    END,
};

static const route table_two[] = {
    ROW(HTTP_GET, "/", "index"),
    ROW(HTTP_GET, "/healthz", "health"),
    ROW(HTTP_PATCH, "/orders/{id}/status", "status"),
    ROW(HTTP_POST, "/orders/admin/{id}/status", "admin_status"),
    ROW(HTTP_GET, "/a/{x}/b/{y}/c/{z}", "three"),
    END,
};

static const route *const tables[] = {table_one, table_two, NULL};

static router *routes;

static void make_router(void)
{
    routes = router_new(tables);
    cr_assert_not_null(routes);
}

static void free_router(void)
{
    router_free(routes);
}

TestSuite(router, .init = make_router, .fini = free_router, .timeout = 10);

static route_match match;

static int find(int method, const char *path)
{
    return router_find(routes, method, path, strlen(path), &match);
}

static const char *operation(int method, const char *path)
{
    return find(method, path) == ROUTER_FOUND ? match.route->operation : "-";
}

Test(router, finds_every_row_of_every_table)
{
    cr_assert_eq(router_count(routes), 13);
    for (size_t i = 0; i < router_count(routes); i++) {
        const route *r = router_at(routes, i);
        cr_expect_eq(find(r->method, r->pattern), ROUTER_FOUND, "%s", r->pattern);
    }
    cr_assert_null(router_at(routes, 13));
}

Test(router, prefix_and_trailing_slash_make_no_difference)
{
    static const char *const same[] = {"/products", "/products/", "/api/v1/products", "/api/v1/products/"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        cr_expect_str_eq(operation(HTTP_GET, same[i]), "list", "%s", same[i]);
    }
    cr_expect_str_eq(operation(HTTP_GET, "/"), "index");
    cr_expect_str_eq(operation(HTTP_GET, "/api/v1"), "index");
    cr_expect_str_eq(operation(HTTP_GET, "/api/v1/"), "index");
}

Test(router, prefix_counts_once_and_whole)
{
    cr_expect_eq(find(HTTP_GET, "/api/v1/api/v1/products"), ROUTER_NO_PATH);
    cr_expect_eq(find(HTTP_GET, "/api/products"), ROUTER_NO_PATH);
    cr_expect_eq(find(HTTP_GET, "/api/v1products"), ROUTER_NO_PATH);
}

Test(router, literals_beat_parameters)
{
    cr_expect_str_eq(operation(HTTP_GET, "/products/categories"), "categories");
    cr_expect_str_eq(operation(HTTP_GET, "/products/categoriesx"), "get");
    cr_expect_str_eq(operation(HTTP_GET, "/products/images/7"), "image_get");
}

Test(router, a_literal_that_leads_nowhere_gives_way)
{
    cr_expect_str_eq(operation(HTTP_PATCH, "/orders/admin/status"), "status");
    cr_expect_str_eq(match.values[0], "admin");
    cr_expect_str_eq(operation(HTTP_POST, "/orders/admin/5/status"), "admin_status");
    cr_expect_str_eq(match.values[0], "5");
}

Test(router, values_come_decoded_and_in_order)
{
    cr_expect_str_eq(operation(HTTP_GET, "/a/1/b/%C3%A4%20x/c/3/"), "three");
    cr_expect_str_eq(match.values[0], "1");
    cr_expect_str_eq(match.values[1], "ä x");
    cr_expect_str_eq(match.values[2], "3");
    cr_expect_null(match.values[3]);
}

Test(router, unknown_paths_lead_nowhere)
{
    cr_expect_eq(find(HTTP_GET, "/nothing"), ROUTER_NO_PATH);
    cr_expect_eq(match.allowed, 0);
    cr_expect_eq(find(HTTP_GET, "/products/a/b/c"), ROUTER_NO_PATH);
    cr_expect_eq(find(HTTP_GET, "/a/1/b"), ROUTER_NO_PATH);
    cr_expect_eq(match.index, router_count(routes));
}

Test(router, another_method_is_told_with_those_allowed)
{
    cr_expect_eq(find(HTTP_PUT, "/products"), ROUTER_NO_METHOD);
    cr_expect_eq(match.allowed, 1u << HTTP_GET | 1u << HTTP_HEAD | 1u << HTTP_POST | 1u << HTTP_OPTIONS);
    cr_expect_eq(find(HTTP_GET, "/products/x/images"), ROUTER_NO_METHOD);
    cr_expect_eq(match.allowed, 1u << HTTP_POST | 1u << HTTP_OPTIONS);
    cr_expect_eq(find(HTTP_OPTIONS, "/products"), ROUTER_NO_METHOD);
    cr_expect_eq(find(HTTP_HEAD, "/products/x/images"), ROUTER_NO_METHOD);
}

Test(router, head_is_served_wherever_get_is)
{
    cr_expect_str_eq(operation(HTTP_HEAD, "/products"), "list");
    cr_expect_str_eq(operation(HTTP_HEAD, "/products/x/"), "get");
}

Test(router, bad_paths_are_refused)
{
    static const char *const bad[] = {"/products/%zz", "/products//x",  "/products/..",
                                      "/products/%00", "/products/%ff", "products"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_eq(find(HTTP_GET, bad[i]), ROUTER_BAD_PATH, "%s", bad[i]);
    }
}

Test(router, long_paths_lead_nowhere)
{
    char path[4 * ROUTER_TEXT];
    memset(path, 'a', sizeof path);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    cr_expect_eq(find(HTTP_GET, path), ROUTER_NO_PATH);
    cr_expect_eq(find(HTTP_GET, "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p"), ROUTER_NO_PATH);
}

Test(router, rows_that_collide_are_refused)
{
    static const route twice[] = {ROW(HTTP_GET, "/x/{a}", "one"), ROW(HTTP_GET, "/x/{b}", "two"), END};
    static const route *const colliding[] = {twice, NULL};
    cr_expect_null(router_new(colliding));
}

Test(router, canonical_path_has_no_variants)
{
    static const char *const same[] = {"/cart/items", "/cart/items/", "/api/v1/cart/items", "/api/v1/cart/items/"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        size_t length = strlen(same[i]);
        const char *canonical = router_canonical(same[i], &length);
        cr_expect_eq(length, strlen("/cart/items"), "%s", same[i]);
        cr_expect_eq(memcmp(canonical, "/cart/items", length), 0, "%s", same[i]);
    }
    size_t other = strlen("/api/v1x");
    router_canonical("/api/v1x", &other);
    cr_expect_eq(other, strlen("/api/v1x"));
}
