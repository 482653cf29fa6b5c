/* SPDX-License-Identifier: MIT */
/* The routes about the service itself: health, counters, the API's description, embedded files. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../app/app.h"
#include "../app/metrics.h"
#include "../app/problem.h"
#include "../assets/assets.h"

#define JSON "application/json"

static shop_status service_index(call *c)
{
    json_out *out = &c->worker->text;
    json_out_reset(out);
    json_out_object(out, NULL);
    json_out_text(out, "name", "shopd");
    json_out_text(out, "version", shop_version());
    json_out_text(out, "docs", "/api/docs/");
    json_out_text(out, "schema", "/api/schema/");
    json_out_text(out, "products", "/api/v1/products/");
    json_out_end_object(out);
    return out->failed ? SHOP_NO_MEMORY : reply_json(c, out->data, out->length);
}

static shop_status service_healthz(call *c)
{
    static const char text[] = "{\"status\":\"ok\"}";
    return reply_json(c, text, sizeof text - 1);
}

static shop_status service_readyz(call *c)
{
    static const char text[] = "{\"status\":\"ready\"}";
    if (c->cx == NULL) {
        return call_fail(c, SHOP_UNAVAILABLE, "starting", "The server is starting.");
    }
    shop_reason reason = health_reason(c->app->health);
    return reason == SHOP_REASON_NONE ? reply_json(c, text, sizeof text - 1) : call_fail_storage(c, reason);
}

/* Bytes of memory in use, as the kernel counts them; 0 when it does not tell. */
static uint64_t resident_bytes(void)
{
    unsigned long long size = 0;
    unsigned long long resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL) {
        return 0;
    }
    int fields = fscanf(file, "%llu %llu", &size, &resident);
    fclose(file);
    return fields == 2 ? (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

static void put_value(json_out *out, const char *name, const char *kind, const char *doc, uint64_t value)
{
    json_out_rawf(out, "# HELP shopd_%s %s\n# TYPE shopd_%s %s\nshopd_%s %" PRIu64 "\n", name, doc, name, kind, name, value);
}

static void put_server(json_out *out, const http_server *server)
{
    http_stats stats;
    memset(&stats, 0, sizeof stats);
    http_server_stats(server, &stats);
    const struct stat_row {
        const char *name;
        const char *kind;
        const char *doc;
        uint64_t value;
    } rows[] = {
        {"connections_accepted_total", "counter", "Connections taken.", stats.connections_accepted},
        {"connections_refused_total", "counter", "Connections over the limit.", stats.connections_refused},
        {"connections_cut_total", "counter", "Connections past a deadline.", stats.connections_cut},
        {"connections_open", "gauge", "Connections open now.", stats.connections_open},
        {"requests_refused_total", "counter", "Requests that the engine refused.", stats.requests_refused},
        {"requests_overload_total", "counter", "Requests refused for want of a worker.", stats.requests_overload},
        {"requests_in_flight", "gauge", "Requests read and not yet answered.", stats.requests_in_flight},
        {"queue_length", "gauge", "Requests that wait for an ordinary worker.", stats.queue_length[HTTP_POOL_MAIN]},
        {"workers_busy", "gauge", "Ordinary workers that run a handler.", stats.workers_busy[HTTP_POOL_MAIN]},
        {"gateway_queue_length", "gauge", "Requests that wait for a worker that may call the payment gateway.",
         stats.queue_length[HTTP_POOL_SLOW]},
        {"gateway_workers_busy", "gauge", "Workers that may call the payment gateway and run a handler.",
         stats.workers_busy[HTTP_POOL_SLOW]},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        put_value(out, rows[i].name, rows[i].kind, rows[i].doc, rows[i].value);
    }
}

static void put_replicas(json_out *out, const shop *s)
{
    static const struct replica_row {
        int32_t what;
        const char *name;
        const char *kind;
        const char *doc;
    } rows[] = {
        {SHOP_REPLICAS_IN_USE, "replicas_in_use", "gauge", "Replicas of the database that answer reads now."},
        {SHOP_READS_FROM_REPLICA, "replica_reads_total", "counter", "Reads that may be stale, answered by a replica."},
        {SHOP_READS_FROM_PRIMARY, "replica_misses_total", "counter", "Reads that may be stale, which no replica could answer."},
    };
    if (s == NULL || shop_replicas(s, SHOP_REPLICAS_NAMED) == 0) {
        return;
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        put_value(out, rows[i].name, rows[i].kind, rows[i].doc, (uint64_t)shop_replicas(s, rows[i].what));
    }
}

static shop_status service_metrics(call *c)
{
    json_out *out = &c->worker->text;
    json_out_reset(out);
    metrics_write(c->app->metrics, c->app->routes, out);
    const http_server *server = atomic_load_explicit(&c->app->server, memory_order_acquire);
    if (server != NULL) {
        put_server(out, server);
    }
    put_replicas(out, atomic_load_explicit(&c->app->shop, memory_order_acquire));
    int64_t uptime_us = app_monotonic_us() - c->app->started_us;
    put_value(out, "uptime_seconds", "gauge", "Since the start.", (uint64_t)(uptime_us / 1000000));
    put_value(out, "resident_memory_bytes", "gauge", "Memory in use.", resident_bytes());
    if (out->failed) {
        return SHOP_NO_MEMORY;
    }
    http_response_header(c->response, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    http_response_header(c->response, "Cache-Control", "no-store");
    return http_response_body(c->response, out->data, out->length) == 0 ? SHOP_OK : SHOP_NO_MEMORY;
}

static int wants_yaml(const call *c)
{
    const char *accept = http_request_header(c->http, "Accept");
    if (strstr(c->http->query, "format=yaml") != NULL) {
        return 1;
    }
    return strstr(c->http->query, "format=") == NULL && accept != NULL && strstr(accept, "yaml") != NULL;
}

static shop_status service_schema(call *c)
{
    int yaml = wants_yaml(c);
    const document_text *document = yaml ? &c->app->openapi_yaml : &c->app->openapi_json;
    http_response_header(c->response, "Vary", "Accept");
    return reply_static(c, yaml ? "application/yaml" : "application/json", document->data, document->length, document->etag,
                        "no-cache");
}

static shop_status reply_asset(call *c, const char *folder, const char *name)
{
    char path[256];
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    const asset *found = length > 0 && (size_t)length < sizeof path ? asset_find(path) : NULL;
    if (found == NULL) {
        return call_fail(c, SHOP_NOT_FOUND, "not_found", "There is no such file.");
    }
    return reply_static(c, found->content_type, found->data, found->size, found->etag, "public, max-age=3600");
}

static void add_docs_policy(call *c)
{
    http_response_header(c->response, "Content-Security-Policy",
                         "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
                         "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
}

static shop_status service_docs(call *c)
{
    add_docs_policy(c);
    return reply_asset(c, "swagger", "index.html");
}

static shop_status service_docs_file(call *c)
{
    add_docs_policy(c);
    return reply_asset(c, "swagger", call_path_text(c, 0));
}

static shop_status service_demo_image(call *c)
{
    http_response_header(c->response, "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox");
    return reply_asset(c, "demo/images", call_path_text(c, 0));
}

#define ROW(pattern, handler, operation, summary, response)                                                                    \
    {                                                                                                                          \
        HTTP_GET, pattern, handler, ACCESS_PUBLIC, 200, 0, "read", "service", operation, summary, NULL, NULL, response         \
    }

const route routes_service[] = {
    ROW("/", service_index, "service_index", "Where things are", JSON),
    ROW("/healthz", service_healthz, "service_health", "Is the process alive?", JSON),
    ROW("/readyz", service_readyz, "service_ready", "Does storage answer, and take changes?", JSON),
    ROW("/metrics", service_metrics, "service_metrics", "Counters, as Prometheus reads them", "text/plain"),
    ROW("/api/schema", service_schema, "service_schema", "This document; ?format=yaml as YAML", JSON),
    ROW("/api/docs", service_docs, "service_docs", "The API reference, to read and try", "text/html"),
    ROW("/api/docs/{file}", service_docs_file, NULL, NULL, NULL),
    ROW("/media/demo/{file}", service_demo_image, NULL, NULL, NULL),
    {0, NULL, NULL, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};
