/* SPDX-License-Identifier: MIT */
/* Puts the application together once: routes, their types, the published documents, counters. */
#include "app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "openapi.h"

static const route *const tables[] = {routes_accounts, routes_catalogue, routes_cart, routes_orders,
                                      routes_payments, routes_service,   NULL};

/* 1; or 0 when the name is one of no type. No name and media types are no type. */
static int find_type(const char *name, const shop_type **type)
{
    char text[96];
    *type = NULL;
    if (name == NULL || strchr(name, '/') != NULL) {
        return 1;
    }
    size_t length = strcspn(name, "[");
    if (length >= sizeof text) {
        return 0;
    }
    memcpy(text, name, length);
    text[length] = '\0';
    *type = shop_type_find(text);
    return *type != NULL;
}

static int find_types(struct app *app, char *error, size_t size)
{
    app->types = calloc(router_count(app->routes) + 1, sizeof *app->types);
    if (app->types == NULL) {
        snprintf(error, size, "out of memory");
        return 0;
    }
    for (size_t i = 0; i < router_count(app->routes); i++) {
        const route *r = router_at(app->routes, i);
        route_types *types = &app->types[i];
        if (!find_type(r->query, &types->query) || !find_type(r->request, &types->request) ||
            !find_type(r->response, &types->response)) {
            snprintf(error, size, "route %s %s names a type that libshop does not have", http_method_name(r->method),
                     r->pattern);
            return 0;
        }
    }
    return 1;
}

static unsigned gateway_methods(const router *routes)
{
    unsigned methods = 0;
    for (size_t i = 0; i < router_count(routes); i++) {
        const route *r = router_at(routes, i);
        methods |= (r->flags & ROUTE_GATEWAY) != 0 ? 1u << r->method : 0;
    }
    return methods;
}

static int make_document(const struct app *app, int format, document_text *document)
{
    json_out out;
    json_out_init(&out, format);
    if (!openapi_write(&out, app->routes)) {
        json_out_free(&out);
        return 0;
    }
    char *whole = realloc(out.data, out.length + 1);
    document->data = whole != NULL ? whole : out.data;
    document->length = out.length;
    shop_etag(document->data, document->length, document->etag);
    return 1;
}

int app_open(struct app *app, const config *settings, char *error, size_t size)
{
    app->settings = settings;
    app->started_us = app_monotonic_us();
    app->is_production = config_is_production(settings);
    app->secure_cookies = config_cookies_are_secure(settings);
    app->routes = router_new(tables);
    if (app->routes == NULL) {
        snprintf(error, size, "the route tables collide, or memory is out");
        return 0;
    }
    if (!find_types(app, error, size)) {
        return 0;
    }
    app->gateway_methods = gateway_methods(app->routes);
    app->metrics = metrics_new(router_count(app->routes));
    if (app->metrics == NULL || !make_document(app, JSON_OUT_COMPACT, &app->openapi_json) ||
        !make_document(app, JSON_OUT_YAML, &app->openapi_yaml)) {
        snprintf(error, size, "the OpenAPI document cannot be made");
        return 0;
    }
    return 1;
}

void app_close(struct app *app)
{
    router_free(app->routes);
    free(app->types);
    metrics_free(app->metrics);
    free(app->openapi_json.data);
    free(app->openapi_yaml.data);
    memset(app, 0, sizeof *app);
}
