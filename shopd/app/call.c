/* SPDX-License-Identifier: MIT */
/* Decoding a request for its handler: body, query, path values. */
#include <string.h>

#include "../http/url.h"
#include "app.h"

#define ID_MAX ((INT64_C(1) << 53) - 1)

shop_status call_fail(call *c, shop_status status, const char *code, const char *detail)
{
    c->worker->error.status = status;
    c->worker->error.code = code;
    c->worker->error.detail = detail;
    c->worker->error.reason = NULL;
    return status;
}

shop_status call_fail_storage(call *c, shop_reason reason)
{
    call_fail(c, SHOP_UNAVAILABLE, "storage_unavailable", "Storage does not answer, or takes no changes; the log has more.");
    c->worker->error.reason = shop_reason_name(reason);
    return SHOP_UNAVAILABLE;
}

const route_types *call_types(const call *c)
{
    return &c->app->types[c->worker->match.index];
}

shop_status call_body(call *c, void *input)
{
    if (c->http->body_len == 0 && (c->route->flags & ROUTE_OPTIONAL_BODY) != 0) {
        return SHOP_OK;
    }
    return shop_from_json(c->cx, call_types(c)->request, c->http->body, c->http->body_len, input);
}

/* The pairs of the query; the strings stand in the worker's buffer. */
static shop_status parse_query(const call *c, http_param *params, size_t *count)
{
    size_t length = strlen(c->http->query);
    int parsed =
        http_query_parse(c->http->query, length, c->worker->query, sizeof c->worker->query, params, HTTP_QUERY_MAX, count);
    return parsed == HTTP_URL_OK ? SHOP_OK : SHOP_INVALID;
}

shop_status call_query(call *c, void *input)
{
    http_param params[HTTP_QUERY_MAX];
    const char *names[HTTP_QUERY_MAX];
    const char *values[HTTP_QUERY_MAX];
    size_t count = 0;
    if (c->http->query[0] == '\0') {
        return shop_from_pairs(c->cx, call_types(c)->query, NULL, NULL, 0, input);
    }
    if (parse_query(c, params, &count) != SHOP_OK) {
        return call_fail(c, SHOP_INVALID, "malformed_query", "The query string is malformed or has too many parameters.");
    }
    for (size_t i = 0; i < count; i++) {
        names[i] = params[i].name;
        values[i] = params[i].value;
    }
    return shop_from_pairs(c->cx, call_types(c)->query, names, values, count, input);
}

int call_use_cookies(const call *c)
{
    http_param params[HTTP_QUERY_MAX];
    size_t count = 0;
    if ((c->route->flags & ROUTE_COOKIES) == 0 || c->http->query[0] == '\0' || parse_query(c, params, &count) != SHOP_OK) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(params[i].name, "use_cookies") == 0) {
            return strcmp(params[i].value, "true") == 0 || strcmp(params[i].value, "1") == 0;
        }
    }
    return 0;
}

shop_status call_path_id(call *c, int i, int64_t *id)
{
    const char *text = call_path_text(c, i);
    int64_t number = 0;
    int good = text[0] >= '1' && text[0] <= '9';
    for (; good && *text != '\0'; text++) {
        good = *text >= '0' && *text <= '9' && number <= ID_MAX / 10;
        number = number * 10 + (*text - '0');
    }
    if (!good || number > ID_MAX) {
        return call_fail(c, SHOP_NOT_FOUND, "not_found", "There is no such thing.");
    }
    *id = number;
    return SHOP_OK;
}

const char *call_path_text(const call *c, int i)
{
    return i >= 0 && i < ROUTER_VALUES && c->path_values[i] != NULL ? c->path_values[i] : "";
}

const char *call_refresh_cookie(const call *c)
{
    const char *value = NULL;
    size_t length = 0;
    struct worker *w = c->worker;
    if (http_cookie(c->http, "refresh_token", &value, &length) != 1 || length == 0 || length >= sizeof w->refresh) {
        return NULL;
    }
    memcpy(w->refresh, value, length);
    w->refresh[length] = '\0';
    return w->refresh;
}
