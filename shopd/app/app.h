/* SPDX-License-Identifier: MIT */
/* The application behind the HTTP engine: what all its threads share, and what each worker has for itself. */
#ifndef SHOPD_APP_H
#define SHOPD_APP_H

#include <stdatomic.h>

#include "../config/config.h"
#include "call.h"
#include "health.h"
#include "json_out.h"
#include "metrics.h"
#include "router.h"

#define QUERY_TEXT 16385 /* bytes of a decoded query */
#define TOKEN_TEXT 4097 /* bytes of a token */

/* A document made once and served as it is. */
typedef struct document_text {
    char *data;
    size_t length;
    char etag[SHOP_ETAG_SIZE];
} document_text;

/* The types that a route names, found once. */
typedef struct route_types {
    const shop_type *query;
    const shop_type *request;
    const shop_type *response;
} route_types;

struct app {
    const config *settings;
    shop *_Atomic shop; /* NULL until it is open: requests are answered 503 */
    http_server *_Atomic server; /* NULL until it runs */
    health *health; /* there as soon as `shop` is */
    router *routes;
    route_types *types; /* by index of the route */
    unsigned gateway_methods; /* bit HTTP_… of each method that has a route with ROUTE_GATEWAY */
    metrics *metrics;
    document_text openapi_json;
    document_text openapi_yaml;
    int64_t started_us; /* CLOCK_MONOTONIC */
    int is_production;
    int secure_cookies;
};

/* Builds routes and documents; 1, or 0 with one sentence in `error`. app_close frees them; fine on a zeroed struct. */
int app_open(struct app *app, const config *settings, char *error, size_t size);
void app_close(struct app *app);

/* The callbacks of the engine. */
http_app app_callbacks(struct app *app);

/* An error that shopd itself found while a handler ran; stands before the context's. */
typedef struct own_error {
    shop_status status; /* SHOP_OK: none */
    const char *code;
    const char *detail;
    const char *reason; /* of storage's trouble; NULL: it is another */
} own_error;

struct worker {
    struct app *app;
    shop_ctx *cx; /* made with the first request */
    json_out text; /* for answers made here */
    own_error error;
    route_match match;
    uint64_t request_count;
    char id_prefix[17];
    int actor_known;
    int token_was_bad;
    char position[64]; /* of storage, as it came with the request; "": none */
    char query[QUERY_TEXT];
    char token[TOKEN_TEXT];
    char refresh[TOKEN_TEXT];
};

/* Tells an error of shopd's own; code and detail are static. Returns the status. */
shop_status call_fail(call *c, shop_status status, const char *code, const char *detail);
shop_status call_fail_storage(call *c, shop_reason reason);

const route_types *call_types(const call *c);

/* "https" or "http" and the host as the client sees them. The host is checked text of the request. */
const char *call_scheme(const call *c);
const char *call_host(const call *c);

/* A document or file that never changes: with its entity tag, 304 included. */
shop_status reply_static(call *c, const char *content_type, const void *data, size_t length, const char *etag,
                         const char *cache_control);

void reply_set_position_cookie(const call *c, const char *name, const char *position);

int64_t app_monotonic_us(void);

#endif
