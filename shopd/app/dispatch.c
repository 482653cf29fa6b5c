/* SPDX-License-Identifier: MIT */
/* The way of every request: identity, route, checks, handler, headers, counters. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "../config/secret.h"
#include "app.h"
#include "guard.h"
#include "log.h"
#include "openapi.h"
#include "position.h"
#include "problem.h"

int64_t app_monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ------------------------------------------------------------------------------------------------ request id */

/* Ids of a client are taken when they can stand in a header and a log line. */
static int is_good_id(const char *id)
{
    size_t length = strspn(id, "-._:0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    return length > 0 && length < sizeof((call *)NULL)->request_id && id[length] == '\0';
}

static void set_request_id(call *c)
{
    static const char digits[] = "0123456789abcdef";
    const char *given = http_request_header(c->http, "X-Request-Id");
    if (given != NULL && is_good_id(given)) {
        memcpy(c->request_id, given, strlen(given) + 1);
        return;
    }
    struct worker *w = c->worker;
    uint64_t number = ++w->request_count;
    memcpy(c->request_id, w->id_prefix, 16);
    c->request_id[16] = '-';
    for (int i = 0; i < 8; i++) {
        c->request_id[17 + i] = digits[(number >> (28 - 4 * i)) & 15];
    }
    c->request_id[25] = '\0';
}

/* ------------------------------------------------------------------------------------------------ methods */

static const int listed_methods[] = {HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE, HTTP_OPTIONS};

static void list_methods(unsigned allowed, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < sizeof listed_methods / sizeof listed_methods[0]; i++) {
        if ((allowed & 1u << listed_methods[i]) != 0 && used < size) {
            int length = snprintf(text + used, size - used, "%s%s", used == 0 ? "" : ", ", http_method_name(listed_methods[i]));
            used += length > 0 ? (size_t)length : 0;
        }
    }
}

static void answer_other_method(call *c, unsigned allowed)
{
    char methods[80];
    list_methods(allowed, methods, sizeof methods);
    if (c->http->method == HTTP_OPTIONS) {
        http_response_status(c->response, 204);
        guard_preflight(c, methods);
    } else {
        problem_plain(c, 405, "method_not_allowed", "There is something here, but not for this method; see Allow.");
    }
    http_response_header(c->response, "Allow", methods);
}

/* ------------------------------------------------------------------------------------------------ the body */

static int takes_body(const route *r)
{
    return r->request != NULL || (r->flags & ROUTE_OPTIONAL_BODY) != 0;
}

static int is_json_type(const char *type)
{
    static const char json[] = "application/json";
    if (strncasecmp(type, json, sizeof json - 1) != 0) {
        return 0;
    }
    const char *rest = type + sizeof json - 1;
    rest += strspn(rest, " \t");
    if (*rest == '\0') {
        return 1;
    }
    if (*rest != ';') {
        return 0;
    }
    rest++;
    rest += strspn(rest, " \t");
    return *rest == '\0' || strcasecmp(rest, "charset=utf-8") == 0 || strcasecmp(rest, "charset=\"utf-8\"") == 0;
}

/* "{}" or less, for routes that take no body. */
static int is_empty_object(const char *body, size_t length)
{
    char left[3] = "";
    size_t count = 0;
    for (size_t i = 0; i < length; i++) {
        if (strchr(" \t\r\n", body[i]) != NULL && body[i] != '\0') {
            continue;
        }
        if (count == 2) {
            return 0;
        }
        left[count++] = body[i];
    }
    return count == 0 || (count == 2 && left[0] == '{' && left[1] == '}');
}

/* 1, or 0 with the problem told. */
static int check_body(call *c)
{
    const char *type = http_request_header(c->http, "Content-Type");
    if (c->http->body_len == 0 || (c->route->flags & ROUTE_RAW_BODY) != 0) {
        return 1;
    }
    if (takes_body(c->route)) {
        if (type == NULL || !is_json_type(type)) {
            problem_plain(c, 415, "unsupported_media_type", "The body must be application/json in UTF-8.");
            return 0;
        }
        return 1;
    }
    if ((c->route->flags & ROUTE_NO_BODY) != 0 && !is_empty_object(c->http->body, c->http->body_len)) {
        problem_plain(c, 400, "unexpected_body", "This takes no body, or an empty object.");
        return 0;
    }
    return 1;
}

/* ------------------------------------------------------------------------------------------------ repeatable changes */

/* What tells one request from another: method, path without its variants, query, body. */
static shop_status set_idempotency_key(call *c)
{
    const char *key = http_request_header(c->http, "Idempotency-Key");
    if (key == NULL || c->http->method != HTTP_POST || c->route->access == ACCESS_GATEWAY) {
        return SHOP_OK;
    }
    size_t path_length = c->http->path_len;
    const char *path = router_canonical(c->http->path, &path_length);
    json_out *out = &c->worker->text;
    json_out_reset(out);
    json_out_raw(out, "POST ", 5);
    json_out_raw(out, path, path_length);
    json_out_raw(out, "?", 1);
    json_out_raw(out, c->http->query, strlen(c->http->query));
    json_out_raw(out, "\n", 1);
    json_out_raw(out, c->http->body, c->http->body_len);
    return out->failed ? SHOP_NO_MEMORY : shop_ctx_set_idempotency_key(c->cx, key, out->data, out->length);
}

static shop_status set_if_match(call *c)
{
    int method = c->http->method;
    const char *tags = http_request_header(c->http, "If-Match");
    if (tags == NULL || (method != HTTP_PUT && method != HTTP_PATCH && method != HTTP_DELETE)) {
        return SHOP_OK;
    }
    return shop_ctx_set_if_match(c->cx, tags);
}

/* ------------------------------------------------------------------------------------------------ the way */

static shop_status run_checks(call *c)
{
    shop_status status = guard_actor(c);
    if (status == SHOP_OK) {
        status = guard_forgery(c);
    }
    if (status == SHOP_OK) {
        position_take(c);
        status = set_idempotency_key(c);
    }
    return status == SHOP_OK ? set_if_match(c) : status;
}

/* A route of the shop, not about the service: for these the shop must be open and the host be ours. 1, or 0 with the problem told. */
static int check_shop_route(call *c)
{
    if (c->cx == NULL) {
        problem_plain(c, 503, "starting", "The server is starting; try again.");
        http_response_header(c->response, "Retry-After", "1");
        return 0;
    }
    if (!guard_host(c)) {
        problem_plain(c, 400, "invalid_host", "This server does not answer to that host.");
        return 0;
    }
    return check_body(c);
}

static void answer_route(call *c)
{
    c->route = c->worker->match.route;
    memcpy(c->path_values, c->worker->match.values, sizeof c->path_values);
    int is_service = strcmp(c->route->tag, "service") == 0;
    if (!is_service && !check_shop_route(c)) {
        return;
    }
    shop_status status = is_service ? SHOP_OK : run_checks(c);
    if (status == SHOP_OK) {
        status = c->route->handler(c);
    }
    if (status != SHOP_OK) {
        problem_reply(c, status);
    }
}

static void answer(call *c)
{
    const http_request *http = c->http;
    route_match *match = &c->worker->match;
    if (http->method == HTTP_OPTIONS && strcmp(http->target, "*") == 0) {
        answer_other_method(c, ~0u);
        return;
    }
    switch (router_find(c->app->routes, http->method, http->path, http->path_len, match)) {
    case ROUTER_FOUND:
        answer_route(c);
        break;
    case ROUTER_NO_METHOD:
        answer_other_method(c, match->allowed);
        break;
    case ROUTER_BAD_PATH:
        problem_plain(c, 400, "malformed_path", "The path has a bad escape, an empty segment, or text that is not UTF-8.");
        break;
    default:
        problem_plain(c, 404, "not_found", "There is nothing at this path.");
        break;
    }
}

static void add_common_headers(call *c)
{
    http_response *response = c->response;
    guard_cors(c);
    http_response_header(response, "X-Request-Id", c->request_id);
    http_response_header(response, "X-Content-Type-Options", "nosniff");
    http_response_header(response, "X-Frame-Options", "DENY");
    http_response_header(response, "Referrer-Policy", "no-referrer");
    if (http_response_get_status(response) >= 400) {
        http_response_header(response, "Cache-Control", "no-store");
    }
}

static void count_and_log(const call *c)
{
    const http_request *http = c->http;
    int status = http_response_get_status(c->response);
    int64_t duration = app_monotonic_us() - http->received_us;
    metrics_count(c->app->metrics, c->worker->match.index, status, duration);
    if (!log_wants(SHOP_LOG_INFO)) {
        return;
    }
    log_request line = {
        .method = http_method_name(http->method),
        .path = http->path,
        .path_length = (int)http->path_len,
        .status = status,
        .bytes = http_response_get_length(c->response),
        .duration_us = duration,
        .peer = http->peer,
        .request_id = c->request_id,
        .actor = c->cx == NULL ? SHOP_ACTOR_NOBODY : shop_ctx_actor(c->cx),
    };
    log_access(&line);
}

/* The context, made when the shop is open; NULL as long as it is not, or when memory is out. */
static shop_ctx *worker_context(struct worker *w)
{
    shop *s = atomic_load_explicit(&w->app->shop, memory_order_acquire);
    if (w->cx == NULL && s != NULL) {
        w->cx = shop_ctx_new(s);
    }
    return w->cx;
}

static void handle(void *state, const http_request *request, http_response *response)
{
    struct worker *w = state;
    call c;
    memset(&c, 0, sizeof c);
    c.http = request;
    c.response = response;
    c.app = w->app;
    c.worker = w;
    c.cx = worker_context(w);
    w->error.status = SHOP_OK;
    w->actor_known = 0;
    w->token_was_bad = 0;
    w->position[0] = '\0';
    w->match.index = router_count(w->app->routes);
    set_request_id(&c);
    answer(&c);
    position_tell(&c);
    add_common_headers(&c);
    count_and_log(&c);
    if (c.cx != NULL) {
        shop_ctx_reset(c.cx);
    }
}

/* ------------------------------------------------------------------------------------------------ the engine's callbacks */

static void *worker_start(void *state)
{
    struct worker *w = calloc(1, sizeof *w);
    if (w != NULL && !secret_random_hex(w->id_prefix, sizeof w->id_prefix, 8)) {
        free(w);
        return NULL;
    }
    if (w != NULL) {
        w->app = state;
        json_out_init(&w->text, JSON_OUT_COMPACT);
    }
    return w;
}

static void worker_stop(void *state)
{
    struct worker *w = state;
    shop_ctx_free(w->cx);
    json_out_free(&w->text);
    free(w);
}

/* What supervisors and load balancers ask: a server that is busy, or waits for its database, is not dead. */
static int is_probe(const http_request *request)
{
    static const char *const paths[] = {"/healthz", "/readyz", "/metrics"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (strlen(paths[i]) == request->path_len && memcmp(paths[i], request->path, request->path_len) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Most requests are told by their method alone. */
static int pool_of(void *state, const http_request *request)
{
    const struct app *app = state;
    route_match match;
    if (is_probe(request)) {
        return HTTP_POOL_PROBE;
    }
    if ((app->gateway_methods & 1u << request->method) == 0 ||
        router_find(app->routes, request->method, request->path, request->path_len, &match) != ROUTER_FOUND) {
        return HTTP_POOL_MAIN;
    }
    return (match.route->flags & ROUTE_GATEWAY) != 0 ? HTTP_POOL_SLOW : HTTP_POOL_MAIN;
}

static void refuse(void *state, const http_refusal *why, const http_request *request, http_response *response)
{
    struct app *app = state;
    json_out out;
    char id[33];
    const char *given = http_request_header(request, "X-Request-Id");
    json_out_init(&out, JSON_OUT_COMPACT);
    if (given != NULL && is_good_id(given)) {
        memcpy(id, given, strlen(given) < sizeof id ? strlen(given) + 1 : 0);
    }
    if (given == NULL || !is_good_id(given) || strlen(given) >= sizeof id) {
        id[0] = '-';
        id[1] = '\0';
        secret_random_hex(id, sizeof id, 12);
    }
    problem_fill(response, &out, why->status, why->code, why->detail, id);
    http_response_header(response, "X-Request-Id", id);
    http_response_header(response, "X-Content-Type-Options", "nosniff");
    http_response_header(response, "Cache-Control", "no-store");
    json_out_free(&out);
    metrics_count(app->metrics, router_count(app->routes), why->status, 0);
}

http_app app_callbacks(struct app *app)
{
    http_app callbacks = {
        .worker_start = worker_start,
        .worker_stop = worker_stop,
        .handle = handle,
        .refuse = refuse,
        .pool_of = pool_of,
        .app = app,
    };
    return callbacks;
}
