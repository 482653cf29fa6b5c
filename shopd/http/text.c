/* SPDX-License-Identifier: MIT */
/* Header look-up, cookies, method names: the plain-text side of a request. */
#include <string.h>
#include <strings.h>

#include "engine.h"

const char *http_method_name(int method)
{
    static const char *const names[] = {"OTHER", "GET",    "HEAD",    "POST",  "PUT",
                                        "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"};
    size_t count = sizeof names / sizeof names[0];
    return method > 0 && (size_t)method < count ? names[method] : names[HTTP_OTHER];
}

const char *http_request_header(const http_request *req, const char *name)
{
    for (size_t i = 0; i < req->header_count; i++)
        if (strcasecmp(req->headers[i].name, name) == 0)
            return req->headers[i].value;
    return NULL;
}

int http_is_token(const char *text)
{
    static const char allowed[] = "!#$%&'*+-.^_`|~0123456789"
                                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t len = strlen(text);
    return len > 0 && strspn(text, allowed) == len;
}

int http_is_field_value(const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if ((c < 0x20 && c != '\t') || c == 0x7F)
            return 0;
    }
    return 1;
}

/* RFC 6265: printable ASCII without white space, quote, comma, semicolon, backslash. */
static int is_cookie_text(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c <= 0x20 || c >= 0x7F || c == '"' || c == ',' || c == ';' || c == '\\')
            return 0;
    }
    return 1;
}

/* Looks at one pair of a Cookie header: 1 it is the cookie and its value is sound, 0 another one, -1 it is unsound. */
static int match_cookie(const char *pair, size_t len, const char *name, size_t name_len, const char **value, size_t *value_len)
{
    if (len <= name_len || memcmp(pair, name, name_len) != 0 || pair[name_len] != '=')
        return 0;
    const char *text = pair + name_len + 1;
    size_t text_len = len - name_len - 1;
    if (text_len >= 2 && text[0] == '"' && text[text_len - 1] == '"') {
        text++;
        text_len -= 2;
    }
    *value = text;
    *value_len = text_len;
    return is_cookie_text(text, text_len) ? 1 : -1;
}

static int find_in_cookie_header(const char *header, const char *name, const char **value, size_t *len)
{
    size_t name_len = strlen(name);
    int found = 0;
    while (*header != '\0') {
        header += strspn(header, " \t;");
        size_t pair_len = strcspn(header, ";");
        const char *next = header + pair_len;
        while (pair_len > 0 && (header[pair_len - 1] == ' ' || header[pair_len - 1] == '\t'))
            pair_len--;
        int rc = match_cookie(header, pair_len, name, name_len, value, len);
        if (rc < 0 || (rc > 0 && found))
            return -1;
        found |= rc;
        header = next;
    }
    return found;
}

int http_cookie(const http_request *req, const char *name, const char **value, size_t *len)
{
    int found = 0;
    for (size_t i = 0; i < req->header_count; i++) {
        if (strcasecmp(req->headers[i].name, "Cookie") != 0)
            continue;
        int rc = find_in_cookie_header(req->headers[i].value, name, value, len);
        if (rc < 0 || (rc > 0 && found))
            return -1;
        found |= rc;
    }
    return found;
}
