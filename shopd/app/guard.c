/* SPDX-License-Identifier: MIT */
/* Who calls and from where: hosts, origins, tokens, and the check against forged requests. */
#include "guard.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "../config/secret.h"

#define CSRF_LEAST 16 /* bytes of a double-submit token */

/* ------------------------------------------------------------------------------------------------ hosts */

/* Length of the name in "name:port" or "[v6]:port". */
static size_t host_name_length(const char *host)
{
    if (host[0] == '[') {
        const char *close = strchr(host, ']');
        return close == NULL ? 0 : (size_t)(close - host) + 1;
    }
    return strcspn(host, ":");
}

static int has_host_form(const char *host)
{
    size_t name = host_name_length(host);
    if (name == 0 || name > 255 ||
        strspn(host, host[0] == '[' ? "[]:.0123456789abcdefABCDEF"
                                    : "-._0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") < name) {
        return 0;
    }
    const char *port = host + name;
    return *port == '\0' || (*port == ':' && strspn(port + 1, "0123456789") == strlen(port + 1) && strlen(port) <= 6);
}

const char *call_host(const call *c)
{
    const char *host = NULL;
    if (c->app->settings->trust_proxy) {
        host = http_request_header(c->http, "X-Forwarded-Host");
    }
    if (host == NULL) {
        host = http_request_header(c->http, "Host");
    }
    return host == NULL ? "" : host;
}

const char *call_scheme(const call *c)
{
    const char *proto = c->app->settings->trust_proxy ? http_request_header(c->http, "X-Forwarded-Proto") : NULL;
    return proto != NULL && strcasecmp(proto, "https") == 0 ? "https" : "http";
}

int guard_host(const call *c)
{
    const char *host = call_host(c);
    if (!has_host_form(host)) {
        return 0;
    }
    return !c->app->is_production || config_list_has_host(c->app->settings->allowed_hosts, host, host_name_length(host));
}

/* ------------------------------------------------------------------------------------------------ who acts */

/* A copy of the access token; NULL: none. *by_cookie tells where it was; a header that is no Bearer token is "". */
static const char *find_token(call *c, int *by_cookie)
{
    struct worker *w = c->worker;
    const char *header = http_request_header(c->http, "Authorization");
    const char *from = NULL;
    size_t length = 0;
    *by_cookie = 0;
    if (header != NULL) {
        int bearer = strncasecmp(header, "Bearer ", 7) == 0;
        from = bearer ? header + 7 + strspn(header + 7, " ") : "";
        length = strlen(from);
    } else {
        int found = http_cookie(c->http, "access_token", &from, &length);
        if (found == 0) {
            return NULL;
        }
        *by_cookie = 1;
        length = found < 0 ? 0 : length;
    }
    if (length >= sizeof w->token) {
        length = 0;
    }
    if (length > 0) {
        memcpy(w->token, from, length);
    }
    w->token[length] = '\0';
    return w->token;
}

static shop_status refuse_token(call *c)
{
    c->worker->token_was_bad = 1;
    return call_fail(c, SHOP_UNAUTHENTICATED, "invalid_token",
                     "The access token is not good: it is malformed, expired, or not ours.");
}

shop_status guard_actor(call *c)
{
    int64_t user = SHOP_ACTOR_NOBODY;
    int by_cookie = 0;
    int is_public = c->route->access == ACCESS_PUBLIC;
    if (c->route->access == ACCESS_GATEWAY || (c->route->flags & ROUTE_COOKIES) != 0) {
        return SHOP_OK;
    }
    const char *token = find_token(c, &by_cookie);
    if (token == NULL) {
        return is_public ? SHOP_OK
                         : call_fail(c, SHOP_UNAUTHENTICATED, "authentication_required", "This needs a logged-in user.");
    }
    shop_status status = token[0] == '\0' ? SHOP_UNAUTHENTICATED : shop_token_check(c->cx, token, &user);
    secret_wipe(c->worker->token, strlen(c->worker->token));
    if (status == SHOP_UNAUTHENTICATED) {
        return is_public && by_cookie ? SHOP_OK : refuse_token(c);
    }
    if (status == SHOP_OK) {
        shop_ctx_set_actor(c->cx, user);
        c->worker->actor_known = 1;
        c->with_cookies = by_cookie;
    }
    return status;
}

/* ------------------------------------------------------------------------------------------------ forged requests */

/* The authority of an origin: "https://a.example:8443" is "a.example:8443"; NULL: it is none ("null"). */
static const char *origin_host(const char *origin)
{
    const char *mark = strstr(origin, "://");
    return mark == NULL || mark == origin || mark[3] == '\0' ? NULL : mark + 3;
}

static int origin_is_ours(const call *c, const char *origin)
{
    const char *host = origin_host(origin);
    if (host == NULL) {
        return 0;
    }
    if (strcasecmp(host, call_host(c)) == 0 || config_list_has(c->app->settings->cors_origins, origin, strlen(origin))) {
        return 1;
    }
    const char *allowed = c->app->settings->allowed_hosts;
    return allowed != NULL && strchr(allowed, '*') == NULL && config_list_has_host(allowed, host, host_name_length(host));
}

static int has_double_token(const call *c)
{
    const char *cookie = NULL;
    size_t length = 0;
    const char *header = http_request_header(c->http, "X-CSRF-Token");
    return header != NULL && http_cookie(c->http, "csrf_token", &cookie, &length) == 1 && length >= CSRF_LEAST &&
           secret_equal(cookie, length, header, strlen(header));
}

static int is_same_origin(const call *c)
{
    const char *origin = http_request_header(c->http, "Origin");
    if (origin != NULL) {
        return origin_is_ours(c, origin);
    }
    const char *site = http_request_header(c->http, "Sec-Fetch-Site");
    if (site != NULL && (strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0)) {
        return 1;
    }
    return has_double_token(c);
}

static int is_unsafe(int method)
{
    return method != HTTP_GET && method != HTTP_HEAD && method != HTTP_OPTIONS;
}

static int shows_other_origin(const call *c)
{
    const char *origin = http_request_header(c->http, "Origin");
    const char *site = http_request_header(c->http, "Sec-Fetch-Site");
    return (origin != NULL && !origin_is_ours(c, origin)) ||
           (origin == NULL && site != NULL && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0);
}

/* Whether another site may have made a browser send this. */
static int may_be_forged(const call *c)
{
    if (c->route->access == ACCESS_GATEWAY || !is_unsafe(c->http->method)) {
        return 0;
    }
    int refreshes = (c->route->flags & ROUTE_OPTIONAL_BODY) != 0 && (c->route->flags & ROUTE_COOKIES) != 0;
    if (c->with_cookies || (refreshes && call_refresh_cookie(c) != NULL)) {
        return !is_same_origin(c); /* cookies speak for the caller: the request must show where it comes from */
    }
    return call_use_cookies(c) && shows_other_origin(c); /* cookies are only about to be set: a browser would show it */
}

shop_status guard_forgery(call *c)
{
    if (!may_be_forged(c)) {
        return SHOP_OK;
    }
    return call_fail(c, SHOP_FORBIDDEN, "csrf_failed",
                     "With cookies, an unsafe request needs an Origin or Sec-Fetch-Site of this site, or X-CSRF-Token equal to "
                     "the csrf_token cookie.");
}

/* ------------------------------------------------------------------------------------------------ other origins */

static const char *allowed_origin(const call *c)
{
    const char *origin = http_request_header(c->http, "Origin");
    return origin != NULL && config_list_has(c->app->settings->cors_origins, origin, strlen(origin)) ? origin : NULL;
}

void guard_cors(const call *c)
{
    if (c->app->settings->cors_origins == NULL) {
        return;
    }
    const char *origin = allowed_origin(c);
    http_response_header(c->response, "Vary", "Origin");
    if (origin == NULL) {
        return;
    }
    http_response_header(c->response, "Access-Control-Allow-Origin", origin);
    http_response_header(c->response, "Access-Control-Allow-Credentials", "true");
    if (c->http->method != HTTP_OPTIONS) {
        http_response_header(c->response, "Access-Control-Expose-Headers",
                             "ETag, Location, Retry-After, Shop-Position, X-Request-Id, Idempotency-Replayed");
    }
}

void guard_preflight(const call *c, const char *methods)
{
    if (allowed_origin(c) == NULL || http_request_header(c->http, "Access-Control-Request-Method") == NULL) {
        return;
    }
    http_response_header(c->response, "Access-Control-Allow-Methods", methods);
    http_response_header(
        c->response, "Access-Control-Allow-Headers",
        "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Shop-Position, X-CSRF-Token, X-Request-Id");
    http_response_header(c->response, "Access-Control-Max-Age", "600");
}
