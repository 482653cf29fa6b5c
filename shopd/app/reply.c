/* SPDX-License-Identifier: MIT */
/* Encoding an answer: bodies, entity tags, page links, cookies. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../config/secret.h"
#include "../http/url.h"
#include "app.h"

#define API_PREFIX "/api/v1"
#define LINK_MAX 8192
#define POSITION_TTL 60 /* seconds */

/* The library forgets at its next call that this answer is a stored one: every reply asks first. */
static void note_replay(const call *c)
{
    if (c->cx != NULL && shop_ctx_replayed(c->cx)) {
        http_response_header(c->response, "Idempotency-Replayed", "true");
    }
}

/* Weak comparison of an If-None-Match header with our tag. */
static int tag_matches(const char *header, const char *etag)
{
    size_t length = strlen(etag);
    while (*header != '\0') {
        header += strspn(header, " \t,");
        if (*header == '*') {
            return 1;
        }
        if (header[0] == 'W' && header[1] == '/') {
            header += 2;
        }
        if (strncmp(header, etag, length) == 0 && strchr(" \t,", header[length]) != NULL) {
            return 1;
        }
        header += strcspn(header, ",");
    }
    return 0;
}

/* Adds the tag; 1 when the client has this already: the answer then is a 304 without a body. */
static int not_modified(const call *c, const char *etag)
{
    http_response_header(c->response, "ETag", etag);
    const char *header = http_request_header(c->http, "If-None-Match");
    if (header == NULL || !tag_matches(header, etag)) {
        return 0;
    }
    http_response_status(c->response, 304);
    return 1;
}

/* Adds what caches need to know: answers to somebody are theirs alone, public ones are asked for again each time. */
static void add_cache_control(const call *c)
{
    if (c->worker->actor_known || c->route->method != HTTP_GET) {
        http_response_header(c->response, "Cache-Control", "no-store");
    } else {
        http_response_header(c->response, "Cache-Control", "no-cache");
        http_response_header(c->response, "Vary", "Authorization, Cookie");
    }
}

static shop_status send_body(call *c, const char *json, size_t length)
{
    char etag[SHOP_ETAG_SIZE];
    http_response_status(c->response, c->route->status);
    add_cache_control(c);
    if (c->route->method == HTTP_GET) {
        shop_etag(json, length, etag);
        if (not_modified(c, etag)) {
            return SHOP_OK;
        }
    }
    http_response_header(c->response, "Content-Type", "application/json");
    return http_response_body(c->response, json, length) == 0 ? SHOP_OK : SHOP_NO_MEMORY;
}

shop_status reply_object(call *c, const void *handle)
{
    const char *json = NULL;
    size_t length = 0;
    note_replay(c);
    shop_status status = shop_to_json(c->cx, call_types(c)->response, handle, &json, &length);
    return status == SHOP_OK ? send_body(c, json, length) : status;
}

shop_status reply_created(call *c, const void *handle, const char *location_format, ...)
{
    char location[1024] = API_PREFIX;
    size_t prefix = sizeof API_PREFIX - 1;
    va_list arguments;
    va_start(arguments, location_format);
    int length = vsnprintf(location + prefix, sizeof location - prefix, location_format, arguments);
    va_end(arguments);
    shop_status status = reply_object(c, handle);
    if (status == SHOP_OK && length > 0 && (size_t)length < sizeof location - prefix) {
        http_response_header(c->response, "Location", location);
    }
    return status;
}

shop_status reply_json(call *c, const char *json, size_t length)
{
    note_replay(c);
    return send_body(c, json, length);
}

shop_status reply_words(call *c, const char *member, const char *text)
{
    json_out *out = &c->worker->text;
    note_replay(c);
    json_out_reset(out);
    json_out_object(out, NULL);
    json_out_text(out, member, text);
    json_out_end_object(out);
    return out->failed ? SHOP_NO_MEMORY : send_body(c, out->data, out->length);
}

shop_status reply_nothing(call *c)
{
    note_replay(c);
    http_response_status(c->response, 204);
    add_cache_control(c);
    return SHOP_OK;
}

shop_status reply_static(call *c, const char *content_type, const void *data, size_t length, const char *etag,
                         const char *cache_control)
{
    http_response_status(c->response, c->route->status);
    http_response_header(c->response, "Cache-Control", cache_control);
    if (etag != NULL && not_modified(c, etag)) {
        return SHOP_OK;
    }
    http_response_header(c->response, "Content-Type", content_type);
    http_response_body_static(c->response, data, length);
    return SHOP_OK;
}

/* ------------------------------------------------------------------------------------------------ links of pages */

typedef struct link_text {
    char text[LINK_MAX];
    size_t length;
    int failed;
} link_text;

static void link_raw(link_text *link, const char *text, size_t length)
{
    if (link->failed || length >= sizeof link->text - link->length) {
        link->failed = 1;
        return;
    }
    memcpy(link->text + link->length, text, length);
    link->length += length;
    link->text[link->length] = '\0';
}

static void link_encoded(link_text *link, const char *text)
{
    long length = http_url_encode(text, strlen(text), link->text + link->length, sizeof link->text - link->length);
    if (length < 0) {
        link->failed = 1;
    } else {
        link->length += (size_t)length;
    }
}

static void link_parameter(link_text *link, char mark, const char *name, const char *value)
{
    link_raw(link, &mark, 1);
    link_encoded(link, name);
    link_raw(link, "=", 1);
    link_encoded(link, value);
}

static int is_position(const char *name)
{
    return strcmp(name, "page") == 0 || strcmp(name, "cursor") == 0;
}

/* This request's URL with another page or cursor. NULL when it does not fit. */
static const char *page_link(const call *c, link_text *link, const char *name, const char *value)
{
    http_param params[HTTP_QUERY_MAX];
    size_t count = 0;
    char mark = '?';
    link->length = 0;
    link->failed = 0;
    link_raw(link, call_scheme(c), strlen(call_scheme(c)));
    link_raw(link, "://", 3);
    link_raw(link, call_host(c), strlen(call_host(c)));
    link_raw(link, c->http->path, c->http->path_len);
    if (http_query_parse(c->http->query, strlen(c->http->query), c->worker->query, sizeof c->worker->query, params,
                         HTTP_QUERY_MAX, &count) != HTTP_URL_OK) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        if (!is_position(params[i].name)) {
            link_parameter(link, mark, params[i].name, params[i].value);
            mark = '&';
        }
    }
    link_parameter(link, mark, name, value);
    return link->failed ? NULL : link->text;
}

static const char *number_link(const call *c, link_text *link, int64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, number);
    return page_link(c, link, "page", text);
}

shop_status reply_page(call *c, const shop_page *page)
{
    link_text next;
    link_text previous;
    const char *next_url = NULL;
    const char *previous_url = NULL;
    const char *json = NULL;
    size_t length = 0;
    int64_t number = shop_page_number(page);
    note_replay(c);
    if (number > 0) {
        next_url = shop_page_has_next(page) ? number_link(c, &next, number + 1) : NULL;
        previous_url = shop_page_has_previous(page) ? number_link(c, &previous, number - 1) : NULL;
    } else {
        const char *forward = shop_page_next_cursor(page);
        const char *back = shop_page_previous_cursor(page);
        next_url = forward != NULL ? page_link(c, &next, "cursor", forward) : NULL;
        previous_url = back != NULL ? page_link(c, &previous, "cursor", back) : NULL;
    }
    shop_status status = shop_page_to_json(c->cx, page, next_url, previous_url, &json, &length);
    return status == SHOP_OK ? send_body(c, json, length) : status;
}

/* ------------------------------------------------------------------------------------------------ cookies */

static void set_cookie(const call *c, const char *name, const char *value, int64_t lifetime, int http_only)
{
    http_set_cookie_options options = {
        .path = "/",
        .max_age_s = lifetime,
        .http_only = http_only,
        .secure = c->app->secure_cookies,
        .same_site = HTTP_SAME_SITE_LAX,
    };
    http_set_cookie(c->response, name, value, &options);
}

void reply_set_token_cookies(call *c, const char *access, const char *refresh)
{
    char token[2 * 24 + 1];
    set_cookie(c, "access_token", access, c->app->settings->access_ttl, 1);
    set_cookie(c, "refresh_token", refresh, c->app->settings->refresh_ttl, 1);
    if (secret_random_hex(token, sizeof token, 24)) {
        set_cookie(c, "csrf_token", token, c->app->settings->refresh_ttl, 0); /* for scripts of our own pages: not HttpOnly */
    }
}

/* Lives as long as a replica may be behind, and some. */
void reply_set_position_cookie(const call *c, const char *name, const char *position)
{
    set_cookie(c, name, position, POSITION_TTL, 1);
}

void reply_delete_token_cookies(call *c)
{
    set_cookie(c, "access_token", "", 0, 1);
    set_cookie(c, "refresh_token", "", 0, 1);
    set_cookie(c, "csrf_token", "", 0, 0);
}
