/* SPDX-License-Identifier: MIT */
/* Decodes paths and query strings; see url.h. */
#include "url.h"

#include <string.h>

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Bytes that follow a lead byte, or -1; *low and *high bound the first of them, which rules out overlong forms,
 * surrogates and code points past U+10FFFF. */
static int utf8_tail(unsigned char lead, unsigned char *low, unsigned char *high)
{
    *low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    *high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (lead < 0x80)
        return 0;
    if (lead >= 0xC2 && lead <= 0xDF)
        return 1;
    if (lead >= 0xE0 && lead <= 0xEF)
        return 2;
    if (lead >= 0xF0 && lead <= 0xF4)
        return 3;
    return -1;
}

static int is_utf8(const char *text, size_t len)
{
    size_t i = 0;
    while (i < len) {
        unsigned char low, high;
        int tail = utf8_tail((unsigned char)text[i++], &low, &high);
        if (tail < 0 || (size_t)tail > len - i)
            return 0;
        for (; tail > 0; tail--, i++) {
            unsigned char c = (unsigned char)text[i];
            if (c < low || c > high)
                return 0;
            low = 0x80;
            high = 0xBF;
        }
    }
    return 1;
}

/* Decodes in[0..len) to out, which may not be shorter, and ends it with NUL. Returns the length, or -1. */
static ptrdiff_t decode(const char *in, size_t len, int plus_is_space, char *out)
{
    size_t used = 0;
    for (size_t i = 0; i < len; i++) {
        char c = in[i];
        if (c == '%') {
            int high = len - i > 2 ? hex_value(in[i + 1]) : -1;
            int low = high >= 0 ? hex_value(in[i + 2]) : -1;
            if (low < 0)
                return -1;
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        if (c == '\0')
            return -1;
        out[used++] = c;
    }
    out[used] = '\0';
    return is_utf8(out, used) ? (ptrdiff_t)used : -1;
}

static int segment_is_allowed(const char *text, size_t len)
{
    if (len == 0 || strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
        return 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c == 0x7F || c == '/')
            return 0;
    }
    return 1;
}

int http_path_split(const char *path, size_t path_len, char *buffer, size_t size, const char **segments, size_t max_segments,
                    size_t *count)
{
    *count = 0;
    if (path_len == 0 || path[0] != '/')
        return HTTP_URL_MALFORMED;
    if (size <= path_len)
        return HTTP_URL_NO_SPACE;
    for (size_t at = 1; at < path_len;) { /* a '/' at the end leaves nothing to look at */
        const char *slash = memchr(path + at, '/', path_len - at);
        size_t len = slash != NULL ? (size_t)(slash - path) - at : path_len - at;
        ptrdiff_t got = decode(path + at, len, 0, buffer);
        if (got < 0 || !segment_is_allowed(buffer, (size_t)got))
            return HTTP_URL_MALFORMED;
        if (*count == max_segments)
            return HTTP_URL_TOO_MANY;
        segments[(*count)++] = buffer;
        buffer += got + 1;
        at += len + 1;
    }
    return HTTP_URL_OK;
}

/* One pair. The NULs fit: that of the name stands in the place of '=', that of the value in the place of '&'. */
static int decode_pair(const char *pair, size_t len, char **buffer, http_param *param)
{
    const char *equals = memchr(pair, '=', len);
    size_t name_len = equals != NULL ? (size_t)(equals - pair) : len;
    ptrdiff_t got = decode(pair, name_len, 1, *buffer);
    if (got <= 0)
        return HTTP_URL_MALFORMED;
    param->name = *buffer;
    param->value = *buffer + got;
    *buffer += got + 1;
    if (equals == NULL)
        return HTTP_URL_OK;
    got = decode(equals + 1, len - name_len - 1, 1, *buffer);
    if (got < 0)
        return HTTP_URL_MALFORMED;
    param->value = *buffer;
    *buffer += got + 1;
    return HTTP_URL_OK;
}

int http_query_parse(const char *query, size_t query_len, char *buffer, size_t size, http_param *params, size_t max_params,
                     size_t *count)
{
    *count = 0;
    if (size <= query_len)
        return HTTP_URL_NO_SPACE;
    for (size_t at = 0; at < query_len;) {
        const char *amp = memchr(query + at, '&', query_len - at);
        size_t len = amp != NULL ? (size_t)(amp - query) - at : query_len - at;
        if (len > 0) {
            if (*count == max_params || *count == HTTP_QUERY_MAX)
                return HTTP_URL_TOO_MANY;
            int rc = decode_pair(query + at, len, &buffer, &params[*count]);
            if (rc != HTTP_URL_OK)
                return rc;
            (*count)++;
        }
        at += len + 1;
    }
    return HTTP_URL_OK;
}

static int is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
           c == '~';
}

long http_url_encode(const char *text, size_t len, char *out, size_t size)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t used = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        size_t need = is_unreserved(text[i]) ? 1 : 3;
        if (size - used <= need)
            return -1;
        if (need == 1) {
            out[used] = text[i];
        } else {
            out[used] = '%';
            out[used + 1] = digits[c >> 4];
            out[used + 2] = digits[c & 15];
        }
        used += need;
    }
    if (size == 0)
        return -1;
    out[used] = '\0';
    return (long)used;
}
