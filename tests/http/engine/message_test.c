/* SPDX-License-Identifier: MIT */
/* Cookies and answers, without a connection. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "../../../shopd/http/engine.h"

/* ---- Reading cookies ---- */

/* Looks a cookie up in up to two Cookie headers; its value is copied to out. */
static int cookie(const char *first, const char *second, const char *name, char *out)
{
    http_header headers[] = {{"Host", "a"}, {"Cookie", first}, {"cookie", second}};
    http_request req = {.headers = headers, .header_count = second != NULL ? 3 : 2};
    const char *value = "";
    size_t len = 0;
    int rc = http_cookie(&req, name, &value, &len);
    if (rc == 1)
        snprintf(out, 64, "%.*s", (int)len, value);
    return rc;
}

Test(cookie, is_found_by_its_exact_name)
{
    static const struct {
        const char *first, *second, *value;
    } cases[] = {
        {"t=abc", NULL, "abc"},
        {"a=1; t=abc; b=2", NULL, "abc"},
        {"a=1;t=abc;b=2", NULL, "abc"},
        {" t=abc ", NULL, "abc"},
        {"t=", NULL, ""},
        {"t=a=b", NULL, "a=b"},
        {"t=\"abc\"", NULL, "abc"},
        {"t=\"\"", NULL, ""},
        {"tt=1; T=2; xt=3; t=4", NULL, "4"},
        {"a=1", "t=5", "5"},
        {"other=\"a b\"; odd; =; t=6;", NULL, "6"},
    };
    char out[64];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert_eq(cookie(cases[i].first, cases[i].second, "t", out), 1, "%s", cases[i].first);
        cr_assert_str_eq(out, cases[i].value, "%s", cases[i].first);
    }
}

Test(cookie, is_absent_when_only_similar_ones_are_there)
{
    static const char *const headers[] = {"", "a=1", "t", "tt=1", "T=1", "a=t=1", "a=1; t"};
    char out[64];
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        cr_assert_eq(cookie(headers[i], NULL, "t", out), 0, "%s", headers[i]);
}

Test(cookie, that_is_ambiguous_or_malformed_is_refused)
{
    static const struct {
        const char *first, *second;
    } cases[] = {
        {"t=1; t=2", NULL}, {"t=1; a=b; t=1", NULL}, {"t=1", "t=2"},       {"t=a b", NULL}, {"t=a,b", NULL},
        {"t=a\\b", NULL},   {"t=\"a", NULL},         {"t=a\"", NULL},      {"t=\"", NULL},  {"t=\xC3\xA9", NULL},
        {"t=a\x7F", NULL},  {"t=a\tb", NULL},        {"a=1; t=a b", NULL},
    };
    char out[64];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_assert_eq(cookie(cases[i].first, cases[i].second, "t", out), -1, "%s", cases[i].first);
}

/* ---- Setting cookies ---- */

static struct http_response res;

static void setup(void)
{
    http_response_recycle(&res);
}

static void teardown(void)
{
    http_response_discard(&res);
}

TestSuite(set_cookie, .init = setup, .fini = teardown);
TestSuite(response, .init = setup, .fini = teardown);

/* The value of the n-th header. */
static const char *field(size_t n)
{
    const char *at = res.fields;
    for (n = 2 * n + 1; n > 0; n--)
        at += strlen(at) + 1;
    return at;
}

Test(set_cookie, writes_the_attributes_asked_for)
{
    http_set_cookie_options o = {.path = "/", .max_age_s = 300, .http_only = 1, .secure = 1};
    cr_assert_eq(http_set_cookie(&res, "__Host-t", "a.b-c=", &o), 0);
    cr_assert_str_eq(field(0), "__Host-t=a.b-c=; Max-Age=300; Path=/; HttpOnly; Secure; SameSite=Strict");
    o = (http_set_cookie_options){.max_age_s = -1, .same_site = HTTP_SAME_SITE_LAX};
    cr_assert_eq(http_set_cookie(&res, "t", "", &o), 0);
    cr_assert_str_eq(field(1), "t=; SameSite=Lax");
    o = (http_set_cookie_options){.path = "/api", .secure = 1, .same_site = HTTP_SAME_SITE_NONE};
    cr_assert_eq(http_set_cookie(&res, "t", "x", &o), 0);
    cr_assert_str_eq(field(2), "t=x; Max-Age=0; Path=/api; Secure; SameSite=None");
}

Test(set_cookie, refuses_what_browsers_or_lines_would_break_on)
{
    static const struct {
        const char *name, *value;
        http_set_cookie_options options;
    } cases[] = {
        {"", "v", {.path = "/"}},
        {"a b", "v", {.path = "/"}},
        {"a=b", "v", {.path = "/"}},
        {"a", "v;w", {.path = "/"}},
        {"a", "v w", {.path = "/"}},
        {"a", "v,w", {.path = "/"}},
        {"a", "\"v\"", {.path = "/"}},
        {"a", "v\r\nX: y", {.path = "/"}},
        {"a", "\xC3\xA9", {.path = "/"}},
        {"a", "v", {.path = "relative"}},
        {"a", "v", {.path = "/; Domain=evil"}},
        {"a", "v", {.path = "/\r\nX: y"}},
        {"a", "v", {.path = "/", .same_site = HTTP_SAME_SITE_NONE}},
        {"a", "v", {.path = "/", .same_site = 3}},
        {"a", "v", {.path = "/", .same_site = -1}},
        {"__Secure-a", "v", {.path = "/"}},
        {"__Host-a", "v", {.path = "/"}},
        {"__Host-a", "v", {.path = "/x", .secure = 1}},
        {"__host-a", "v", {.secure = 1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_assert_eq(http_set_cookie(&res, cases[i].name, cases[i].value, &cases[i].options), -1, "case %zu", i);
    cr_assert_eq(res.fields_len, 0);
}

Test(set_cookie, refuses_more_than_4_kib)
{
    char value[5000];
    http_set_cookie_options o = {.path = "/"};
    memset(value, 'x', sizeof value);
    value[4096] = '\0';
    cr_assert_eq(http_set_cookie(&res, "t", value, &o), -1);
    value[4000] = '\0';
    cr_assert_eq(http_set_cookie(&res, "t", value, &o), 0);
}

/* ---- Answers ---- */

Test(response, headers_are_bounded)
{
    char value[4096];
    memset(value, 'x', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    for (int i = 0; i < 3; i++)
        cr_assert_eq(http_response_header(&res, "X-Long", value), 0);
    cr_assert_eq(http_response_header(&res, "X-Long", value), -1);
    cr_assert_not(res.failed, "a header that is refused is no failure");
    cr_assert_eq(http_response_header(&res, "X-Short", "still fits"), 0);
}

Test(response, reset_forgets_all_but_the_wish_to_close)
{
    cr_assert_eq(http_response_header(&res, "Content-Type", "text/plain"), 0);
    cr_assert_eq(http_response_body(&res, "abc", 3), 0);
    http_response_status(&res, 404);
    http_response_close(&res);
    cr_assert_eq(http_response_get_status(&res), 404);
    cr_assert_eq(http_response_get_length(&res), 3);
    http_response_reset(&res);
    cr_assert_eq(http_response_get_status(&res), 200);
    cr_assert_eq(http_response_get_length(&res), 0);
    cr_assert_eq(res.fields_len, 0);
    cr_assert_not(res.has_type);
    cr_assert(res.close);
}

Test(response, the_last_body_counts)
{
    cr_assert_eq(http_response_body(&res, "first", 5), 0);
    http_response_body_static(&res, "second!", 7);
    cr_assert_eq(http_response_get_length(&res), 7);
    cr_assert_eq(http_response_body(&res, "third", 5), 0);
    cr_assert_eq(memcmp(res.data, "third", 5), 0);
    cr_assert_eq(http_response_body(&res, "", 0), 0);
    cr_assert_eq(http_response_get_length(&res), 0);
}

Test(method, has_a_name)
{
    cr_assert_str_eq(http_method_name(HTTP_GET), "GET");
    cr_assert_str_eq(http_method_name(HTTP_PATCH), "PATCH");
    cr_assert_str_eq(http_method_name(HTTP_CONNECT), "CONNECT");
    cr_assert_str_eq(http_method_name(HTTP_OTHER), "OTHER");
    cr_assert_str_eq(http_method_name(-1), "OTHER");
    cr_assert_str_eq(http_method_name(10), "OTHER");
}
