/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a path, as a query and as a cookie header: nothing is read or written out of bounds, what comes out is
 * clean, and what is encoded decodes to itself.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../shopd/http/http.h"
#include "../../shopd/http/url.h"

#define MAX_INPUT 4096
#define MAX_SEGMENTS 16

static void require(int truth)
{
    if (!truth)
        abort();
}

static void check_path(const char *text, size_t len)
{
    const char *segments[MAX_SEGMENTS];
    size_t count;
    char *buffer = malloc(len + 1);
    require(buffer != NULL);
    int rc = http_path_split(text, len, buffer, len + 1, segments, MAX_SEGMENTS, &count);
    require(rc != HTTP_URL_NO_SPACE);
    for (size_t i = 0; rc == HTTP_URL_OK && i < count; i++) {
        require(segments[i][0] != '\0' && strchr(segments[i], '/') == NULL);
        require(strcmp(segments[i], ".") != 0 && strcmp(segments[i], "..") != 0);
    }
    free(buffer);
}

static void check_round_trip(const char *value)
{
    size_t len = strlen(value);
    char *encoded = malloc(3 * len + 1);
    char *buffer = malloc(3 * len + 1);
    http_param param;
    size_t count;
    require(encoded != NULL && buffer != NULL);
    long size = http_url_encode(value, len, encoded, 3 * len + 1);
    require(size >= 0);
    int rc = http_query_parse(encoded, (size_t)size, buffer, 3 * len + 1, &param, 1, &count);
    require(rc == HTTP_URL_OK && count == (len > 0) && (count == 0 || strcmp(param.name, value) == 0));
    free(encoded);
    free(buffer);
}

static void check_query(const char *text, size_t len)
{
    http_param params[HTTP_QUERY_MAX];
    size_t count;
    char *buffer = malloc(len + 1);
    require(buffer != NULL);
    int rc = http_query_parse(text, len, buffer, len + 1, params, HTTP_QUERY_MAX, &count);
    require(rc != HTTP_URL_NO_SPACE);
    for (size_t i = 0; rc == HTTP_URL_OK && i < count; i++) {
        require(params[i].name[0] != '\0');
        check_round_trip(params[i].value);
    }
    free(buffer);
}

static void check_cookie(const char *text)
{
    http_header header = {"Cookie", text};
    http_request req = {.headers = &header, .header_count = 1};
    const char *value;
    size_t len;
    if (http_cookie(&req, "t", &value, &len) == 1) {
        require(value >= text && len <= strlen(value));
        for (size_t i = 0; i < len; i++)
            require(value[i] > 0x20 && value[i] < 0x7F && value[i] != ';');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > MAX_INPUT)
        return 0;
    char *text = malloc(size + 1); /* exactly as large, so that the sanitizer sees one byte too far */
    require(text != NULL);
    memcpy(text, data, size);
    check_path(text, size);
    check_query(text, size);
    text[size] = '\0';
    check_cookie(text);
    free(text);
    return 0;
}
