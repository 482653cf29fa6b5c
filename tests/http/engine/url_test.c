/* SPDX-License-Identifier: MIT */
/* Paths and query strings: what is decoded, what is refused. */
#include <criterion/criterion.h>
#include <string.h>

#include "../../../shopd/http/url.h"

#define MAX_SEGMENTS 8

/* Splits and joins again with '|' into out; returns the status. The buffer is as small as the header allows. */
static int split(const char *path, char *out)
{
    char buffer[256];
    const char *segments[MAX_SEGMENTS];
    size_t count = 0;
    int rc = http_path_split(path, strlen(path), buffer, strlen(path) + 1, segments, MAX_SEGMENTS, &count);
    out[0] = '\0';
    for (size_t i = 0; rc == HTTP_URL_OK && i < count; i++) {
        if (i > 0)
            strncat(out, "|", 255 - strlen(out));
        strncat(out, segments[i], 255 - strlen(out));
    }
    return rc;
}

Test(path, segments_are_split_and_decoded)
{
    static const struct {
        const char *path, *segments;
    } cases[] = {
        {"/", ""},
        {"/a", "a"},
        {"/a/", "a"},
        {"/a/b/c", "a|b|c"},
        {"/a/b/c/", "a|b|c"},
        {"/%41%2d%7E", "A-~"},
        {"/a+b", "a+b"},
        {"/a%20b", "a b"},
        {"/%C3%A9", "\xC3\xA9"},
        {"/%e2%82%ac", "\xE2\x82\xAC"},
        {"/%F0%9F%92%B0", "\xF0\x9F\x92\xB0"},
        {"/%F4%8F%BF%BF", "\xF4\x8F\xBF\xBF"},
        {"/.a/..b/c./...", ".a|..b|c.|..."},
        {"/%25", "%"},
        {"/1/2/3/4/5/6/7/8", "1|2|3|4|5|6|7|8"},
    };
    char out[256];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert_eq(split(cases[i].path, out), HTTP_URL_OK, "%s", cases[i].path);
        cr_assert_str_eq(out, cases[i].segments, "%s", cases[i].path);
    }
}

Test(path, what_could_mean_two_things_is_malformed)
{
    static const char *const paths[] = {
        "",
        "a",
        "a/b",
        "//",
        "//a",
        "/a//b",
        "/a//",
        "/.",
        "/..",
        "/a/../b",
        "/a/./b",
        "/%2e",
        "/%2E%2e/a",
        "/.%2e",
        "/a%2Fb",
        "/a%2fb",
        "/%00",
        "/a%00b",
        "/%0A",
        "/%7F",
        "/%1f",
        "/%",
        "/%4",
        "/%4g",
        "/%g4",
        "/a%",
        "/%%41",
        "/%-1",
        "/%80",
        "/%C3",
        "/%C3a",
        "/%C0%80",
        "/%C1%BF",
        "/%E0%80%80",
        "/%E0%9F%BF",
        "/%ED%A0%80",
        "/%F0%80%80%80",
        "/%F0%8F%BF%BF",
        "/%F4%90%80%80",
        "/%F5%80%80%80",
        "/%FF",
        "/%E2%82",
    };
    char out[256];
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        cr_assert_eq(split(paths[i], out), HTTP_URL_MALFORMED, "%s", paths[i]);
}

Test(path, room_is_checked)
{
    char out[256], buffer[8];
    const char *segments[2];
    size_t count;
    cr_assert_eq(split("/1/2/3/4/5/6/7/8/9", out), HTTP_URL_TOO_MANY);
    cr_assert_eq(http_path_split("/a/b", 4, buffer, 4, segments, 2, &count), HTTP_URL_NO_SPACE);
    cr_assert_eq(http_path_split("/a/b", 4, buffer, 5, segments, 1, &count), HTTP_URL_TOO_MANY);
    cr_assert_eq(http_path_split("/a/b?x", 4, buffer, 5, segments, 2, &count), HTTP_URL_OK);
    cr_assert_str_eq(segments[1], "b", "the path ends where its length says");
}

/* Parses and writes name=value; for each pair to out. */
static int parse(const char *query, char *out)
{
    char buffer[1024];
    http_param params[HTTP_QUERY_MAX + 8];
    size_t count = 0;
    int rc =
        http_query_parse(query, strlen(query), buffer, strlen(query) + 1, params, sizeof params / sizeof params[0], &count);
    out[0] = '\0';
    for (size_t i = 0; rc == HTTP_URL_OK && i < count; i++) {
        strncat(out, params[i].name, 1023 - strlen(out));
        strncat(out, "=", 1023 - strlen(out));
        strncat(out, params[i].value, 1023 - strlen(out));
        strncat(out, ";", 1023 - strlen(out));
    }
    return rc;
}

Test(query, pairs_are_split_and_decoded)
{
    static const struct {
        const char *query, *pairs;
    } cases[] = {
        {"", ""},
        {"a=1", "a=1;"},
        {"a=1&b=2", "a=1;b=2;"},
        {"a=1&a=2&b=3&a=1", "a=1;a=2;b=3;a=1;"},
        {"flag", "flag=;"},
        {"flag&x=1", "flag=;x=1;"},
        {"flag=", "flag=;"},
        {"&&a=1&&b=2&", "a=1;b=2;"},
        {"a=b=c", "a=b=c;"},
        {"a=b?c/d", "a=b?c/d;"},
        {"filter%5Bx%5D=1", "filter[x]=1;"},
        {"a+b=c+d", "a b=c d;"},
        {"a%2Bb=%2b", "a+b=+;"},
        {"a%3Db=%26", "a=b=&;"},
        {"q=%C3%A9%0A", "q=\xC3\xA9\n;"},
        {"a;b=1", "a;b=1;"},
    };
    char out[1024];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert_eq(parse(cases[i].query, out), HTTP_URL_OK, "%s", cases[i].query);
        cr_assert_str_eq(out, cases[i].pairs, "%s", cases[i].query);
    }
}

Test(query, what_cannot_be_decoded_is_malformed)
{
    static const char *const queries[] = {"=",     "=1",    "a=1&=2", "a=%",         "a=%4",    "a=%zz",   "a=%00",
                                          "%00=1", "a=%C3", "%ff=1",  "a=%ED%A0%80", "a=1&b=%", "a=%C0%AF"};
    char out[1024];
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++)
        cr_assert_eq(parse(queries[i], out), HTTP_URL_MALFORMED, "%s", queries[i]);
}

Test(query, at_most_64_parameters_are_taken)
{
    char query[256], out[1024];
    for (size_t i = 0; i < 65; i++)
        memcpy(query + 2 * i, "a&", 2);
    query[128] = '\0';
    cr_assert_eq(parse(query, out), HTTP_URL_OK);
    query[128] = 'a';
    query[129] = '\0';
    cr_assert_eq(parse(query, out), HTTP_URL_TOO_MANY);
}

Test(query, room_is_checked)
{
    char buffer[8];
    http_param params[2];
    size_t count;
    cr_assert_eq(http_query_parse("a=b&c", 5, buffer, 5, params, 2, &count), HTTP_URL_NO_SPACE);
    cr_assert_eq(http_query_parse("a=b&c", 5, buffer, 6, params, 1, &count), HTTP_URL_TOO_MANY);
    cr_assert_eq(http_query_parse("a=b&c", 3, buffer, 4, params, 1, &count), HTTP_URL_OK);
    cr_assert_eq(count, 1);
}

Test(encode, only_unreserved_characters_stay)
{
    char out[64];
    cr_assert_eq(http_url_encode("aZ09-._~", 8, out, sizeof out), 8);
    cr_assert_str_eq(out, "aZ09-._~");
    cr_assert_eq(http_url_encode("a b&=%/\xC3\xA9", 9, out, sizeof out), 23);
    cr_assert_str_eq(out, "a%20b%26%3D%25%2F%C3%A9");
    cr_assert_eq(http_url_encode("", 0, out, 1), 0);
    cr_assert_eq(http_url_encode("", 0, out, 0), -1);
    cr_assert_eq(http_url_encode("ab", 2, out, 2), -1);
    cr_assert_eq(http_url_encode("ab", 2, out, 3), 2);
    cr_assert_eq(http_url_encode(" ", 1, out, 3), -1);
    cr_assert_eq(http_url_encode(" ", 1, out, 4), 3);
}
