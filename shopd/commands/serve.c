/* SPDX-License-Identifier: MIT */
/* serve: the server itself, from binding the address to the last answer. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <shop/account.h>

#include "../app/app.h"
#include "../app/log.h"
#include "../config/secret.h"
#include "commands.h"
#include "job_runner.h"

#define DEMO_ADMIN "admin@lindholt.example"
#define GATEWAY_WORKERS 8 /* they sleep while the gateway thinks */
#define REQUEST_TIMEOUT_MS 30000
#define BESIDE_GATEWAY_MS 10000 /* of a request that calls the gateway: the rest of it */

typedef struct service {
    command_line *line;
    struct app app;
    http_server *server;
    shop *shop;
    job_runner *jobs;
    char url[128]; /* where it listens */
    char webhook[192]; /* where the test gateway finds it */
} service;

static int cores(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : count > 64 ? 64 : (int)count;
}

/* Workers wait for storage more than they compute, and many waiting commits are made in one: more of them than cores. */
static void fill_http_options(http_options *o, const config *settings)
{
    http_options_init(o);
    o->address = settings->listen_address;
    o->port = (uint16_t)settings->listen_port;
    o->listeners = settings->listeners > 0 ? (int)settings->listeners : (cores() + 1) / 2;
    o->pools[HTTP_POOL_MAIN].workers = settings->workers > 0 ? (int)settings->workers : 4 * cores();
    o->pools[HTTP_POOL_MAIN].queue_limit = (size_t)settings->queue;
    o->pools[HTTP_POOL_SLOW].workers = settings->gateway_workers > 0 ? (int)settings->gateway_workers : GATEWAY_WORKERS;
    o->pools[HTTP_POOL_SLOW].queue_limit = (size_t)settings->gateway_queue;
    o->pools[HTTP_POOL_PROBE].workers = 1;
    o->pools[HTTP_POOL_PROBE].queue_limit = (size_t)settings->queue;
    int with_gateway_ms = (int)settings->gateway_timeout_ms + BESIDE_GATEWAY_MS;
    o->request_timeout_ms = with_gateway_ms > REQUEST_TIMEOUT_MS ? with_gateway_ms : REQUEST_TIMEOUT_MS;
    o->max_connections = (int)settings->max_connections;
    o->max_body_bytes = (size_t)settings->max_body;
    o->drain_timeout_ms = settings->drain_seconds > 0 ? (int)settings->drain_seconds * 1000 : 1;
}

static int start_server(service *v)
{
    http_options options;
    char error[256];
    fill_http_options(&options, &v->line->settings);
    http_app callbacks = app_callbacks(&v->app);
    if (http_server_start(&options, &callbacks, &v->server, error, sizeof error) != 0) {
        int code = strncmp(error, "cannot listen", 13) == 0 ? EXIT_ADDRESS : EXIT_FAILED;
        return command_fail(code, "%s", error);
    }
    atomic_store_explicit(&v->app.server, v->server, memory_order_release);
    return EXIT_DONE;
}

/* The address as a client on this machine would write it. */
static void make_urls(service *v)
{
    const char *address = http_server_address(v->server);
    int is_v6 = strchr(address, ':') != NULL;
    unsigned port = http_server_port(v->server);
    const char *near = strcmp(address, "0.0.0.0") == 0 ? "127.0.0.1" : strcmp(address, "::") == 0 ? "::1" : address;
    const char *open = is_v6 ? "[" : "";
    const char *close = is_v6 ? "]" : "";
    snprintf(v->url, sizeof v->url, "http://%s%s%s:%u", open, address, close, port);
    snprintf(v->webhook, sizeof v->webhook, "http://%s%s%s:%u/api/v1/payments/webhook/", open, near, close, port);
}

static int make_demo_admin(shop_ctx *cx)
{
    char password[32];
    const shop_user *user = NULL;
    shop_ctx_reset(cx);
    shop_ctx_set_actor(cx, SHOP_ACTOR_SYSTEM);
    if (!secret_random_hex(password, sizeof password, 12)) {
        return command_fail(EXIT_FAILED, "no random numbers");
    }
    int code = EXIT_DONE;
    if (shop_account_create_admin(cx, DEMO_ADMIN, password, &user) != SHOP_OK) {
        code = command_fail_call(cx, "the demo administrator cannot be made");
    } else {
        printf("demo administrator: %s  password (shown only now): %s\n", DEMO_ADMIN, password);
    }
    secret_wipe(password, sizeof password);
    return code;
}

/* Fills an empty shop; one that has goods already is left alone. */
static int prepare_demo(service *v)
{
    int64_t made = 0;
    shop_ctx *cx = command_context(v->shop);
    if (cx == NULL) {
        return EXIT_FAILED;
    }
    int code = EXIT_DONE;
    int empty = demo_shop_is_empty(cx);
    if (empty < 0) {
        code = command_fail_call(cx, "the shop cannot be read");
    } else if (empty == 0) {
        puts("demo: the shop has goods already and stays as it is (a new password: shopd create-admin " DEMO_ADMIN ")");
    } else if (demo_load(cx, &made, isatty(STDERR_FILENO) ? stderr : NULL) != SHOP_OK) {
        code = command_fail_call(cx, "the demo shop cannot be loaded");
    } else {
        code = make_demo_admin(cx);
    }
    shop_ctx_free(cx);
    return code;
}

static void say_how_it_runs(const config *settings)
{
    if (config_has_stripe(settings)) {
        fprintf(stderr, "shopd: payments: Stripe serves%s\n",
                settings->stripe_api_base != NULL ? ", at the address of STRIPE_API_BASE" : "");
    } else {
        fputs("shopd: payments: the test gateway serves (no STRIPE_SECRET_KEY); no money moves\n", stderr);
    }
    for (size_t i = 0; config_gateway_warning(settings, i) != NULL; i++) {
        fprintf(stderr, "shopd: warning: %s\n", config_gateway_warning(settings, i));
    }
    if (!config_is_production(settings)) {
        fputs("shopd: development mode; SHOP_ENV=production for the real thing\n", stderr);
    }
}

static int start(service *v)
{
    int code = start_server(v);
    if (code != EXIT_DONE) {
        return code;
    }
    make_urls(v);
    code = command_open_shop(v->line, v->webhook, &v->shop);
    if (code == EXIT_DONE && v->shop != NULL && v->line->settings.demo) {
        code = prepare_demo(v);
    }
    if (code != EXIT_DONE || v->shop == NULL) {
        return code;
    }
    v->jobs = job_runner_start(v->shop);
    v->app.health = health_start(v->shop);
    if (v->jobs == NULL || v->app.health == NULL) {
        return command_fail(EXIT_FAILED, "the threads beside the server cannot be started");
    }
    atomic_store_explicit(&v->app.shop, v->shop, memory_order_release);
    printf("shopd: listening on %s\n", v->url);
    if (v->line->settings.demo) {
        printf("look at %s/api/docs/ and %s/api/v1/products/\n", v->url, v->url);
    }
    fflush(stdout);
    return EXIT_DONE;
}

/* No new work from us; no new requests and the last answers, while what our own work waits for runs out; only then the shop. */
static void stop(service *v)
{
    job_runner_ask_to_stop(v->jobs);
    health_ask_to_stop(v->app.health);
    http_server_drain_and_stop(v->server);
    health_stop(v->app.health);
    job_runner_stop(v->jobs);
    shop_close(v->shop);
    app_close(&v->app);
    log_flush();
}

/* The threads that come inherit the blocked signals: only this one takes them. */
static void block_signals(sigset_t *ends)
{
    sigemptyset(ends);
    sigaddset(ends, SIGTERM);
    sigaddset(ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, ends, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int command_serve(command_line *line)
{
    service v;
    sigset_t ends;
    char error[256];
    int which = 0;
    memset(&v, 0, sizeof v);
    v.line = line;
    if (!config_check_serve(&line->settings)) {
        return command_fail(EXIT_USAGE, "%s", line->settings.error);
    }
    if (!app_open(&v.app, &line->settings, error, sizeof error)) {
        app_close(&v.app);
        return command_fail(EXIT_FAILED, "%s", error);
    }
    block_signals(&ends);
    line->ends = &ends;
    say_how_it_runs(&line->settings);
    int code = start(&v);
    if (code == EXIT_DONE) {
        sigwait(&ends, &which);
        fprintf(stderr, "shopd: %s: finishing what runs\n", which == SIGINT ? "SIGINT" : "SIGTERM");
        pthread_sigmask(SIG_UNBLOCK, &ends, NULL); /* a second signal ends it at once */
    }
    stop(&v);
    return code;
}
