/* SPDX-License-Identifier: MIT */
/* The answer a handler fills: status, headers, body, cookies. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine.h"

#define MAX_FIELDS 16384u
#define MAX_BODY (64u * 1024u * 1024u)
#define MAX_COOKIE 4096
#define KEEP_BODY 65536u /* larger buffers are not kept for the next answer */

void http_response_recycle(struct http_response *res)
{
    if (res->body_size > KEEP_BODY) {
        free(res->body);
        res->body = NULL;
        res->body_size = 0;
    }
    res->close = 0;
    res->failed = 0;
    http_response_reset(res);
}

void http_response_discard(struct http_response *res)
{
    free(res->fields);
    free(res->body);
    *res = (struct http_response){.status = 200};
}

void http_response_reset(http_response *res)
{
    res->status = 200;
    res->has_type = 0;
    res->fields_len = 0;
    res->data = NULL;
    res->data_len = 0;
}

void http_response_status(http_response *res, int status)
{
    res->status = status >= 200 && status <= 599 ? status : 500;
}

void http_response_close(http_response *res)
{
    res->close = 1;
}

int http_response_get_status(const http_response *res)
{
    return res->status;
}

size_t http_response_get_length(const http_response *res)
{
    return res->data_len;
}

/* Makes room for size bytes at *buffer, at least doubling it; 0, or -1 and the answer counts as failed. */
static int grow(http_response *res, char **buffer, size_t *have, size_t size)
{
    if (size <= *have)
        return 0;
    size_t want = *have * 2 > size ? *have * 2 : size;
    char *bigger = realloc(*buffer, want);
    if (bigger == NULL) {
        res->failed = 1;
        return -1;
    }
    *buffer = bigger;
    *have = want;
    return 0;
}

static int is_engine_header(const char *name)
{
    static const char *const own[] = {"Connection", "Content-Length", "Date", "Transfer-Encoding"};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (strcasecmp(name, own[i]) == 0)
            return 1;
    return 0;
}

int http_response_header(http_response *res, const char *name, const char *value)
{
    if (!http_is_token(name) || is_engine_header(name) || !http_is_field_value(value))
        return -1;
    size_t name_size = strlen(name) + 1;
    size_t value_size = strlen(value) + 1;
    if (name_size > MAX_FIELDS || value_size > MAX_FIELDS || res->fields_len + name_size + value_size > MAX_FIELDS)
        return -1;
    if (grow(res, &res->fields, &res->fields_size, res->fields_len + name_size + value_size) != 0)
        return -1;
    memcpy(res->fields + res->fields_len, name, name_size);
    memcpy(res->fields + res->fields_len + name_size, value, value_size);
    res->fields_len += name_size + value_size;
    if (strcasecmp(name, "Content-Type") == 0)
        res->has_type = 1;
    return 0;
}

int http_response_body(http_response *res, const void *data, size_t len)
{
    res->data = NULL;
    res->data_len = 0;
    if (len > MAX_BODY) {
        res->failed = 1;
        return -1;
    }
    if (len == 0)
        return 0;
    if (grow(res, &res->body, &res->body_size, len) != 0)
        return -1;
    memcpy(res->body, data, len);
    res->data = res->body;
    res->data_len = len;
    return 0;
}

void http_response_body_static(http_response *res, const void *data, size_t len)
{
    res->data = data;
    res->data_len = len;
}

/* ---- Set-Cookie ---- */

/* A path may have spaces and commas, but nothing that ends the attribute or the line. */
static int is_attribute_text(const char *text)
{
    return strchr(text, ';') == NULL && strchr(text, '\t') == NULL && http_is_field_value(text);
}

static int is_cookie_value(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text <= 0x20 || *text >= 0x7F || strchr("\",;\\", *text) != NULL)
            return 0;
    return 1;
}

static int cookie_is_allowed(const char *name, const char *value, const http_set_cookie_options *o)
{
    if (!http_is_token(name) || !is_cookie_value(value))
        return 0;
    if (o->path != NULL && (o->path[0] != '/' || !is_attribute_text(o->path)))
        return 0;
    if (o->same_site < HTTP_SAME_SITE_STRICT || o->same_site > HTTP_SAME_SITE_NONE)
        return 0;
    if (o->same_site == HTTP_SAME_SITE_NONE && !o->secure)
        return 0;
    if (strncasecmp(name, "__Secure-", 9) == 0 && !o->secure)
        return 0;
    if (strncasecmp(name, "__Host-", 7) == 0)
        return o->secure && o->path != NULL && strcmp(o->path, "/") == 0;
    return 1;
}

struct line {
    char text[MAX_COOKIE];
    size_t len;
    int full;
};

__attribute__((format(printf, 2, 3))) static void line_add(struct line *line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line->text + line->len, sizeof line->text - line->len, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof line->text - line->len)
        line->full = 1;
    else
        line->len += (size_t)n;
}

int http_set_cookie(http_response *res, const char *name, const char *value, const http_set_cookie_options *options)
{
    static const char *const same_site[] = {"Strict", "Lax", "None"};
    if (!cookie_is_allowed(name, value, options))
        return -1;
    struct line line = {.len = 0};
    line_add(&line, "%s=%s", name, value);
    if (options->max_age_s >= 0)
        line_add(&line, "; Max-Age=%" PRId64, options->max_age_s);
    if (options->path != NULL)
        line_add(&line, "; Path=%s", options->path);
    if (options->http_only)
        line_add(&line, "; HttpOnly");
    if (options->secure)
        line_add(&line, "; Secure");
    line_add(&line, "; SameSite=%s", same_site[options->same_site]);
    return line.full ? -1 : http_response_header(res, "Set-Cookie", line.text);
}
