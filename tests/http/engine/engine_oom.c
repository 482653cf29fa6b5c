/* SPDX-License-Identifier: MIT */
/*
 * Fails every allocation of the engine once, at its start and while it serves: it must refuse cleanly, leak nothing
 * and serve again. To be linked with -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc (libevent's own are left alone).
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "harness.h"

#define HOST "Host: a\r\n"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static atomic_long countdown; /* the allocation that fails; below 1: none */
static _Thread_local int exempt; /* the client's own allocations */

static int fails_now(void)
{
    return !exempt && atomic_load(&countdown) > 0 && atomic_fetch_sub(&countdown, 1) == 1;
}

void *__wrap_malloc(size_t size)
{
    return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails_now() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails_now() ? NULL : __real_realloc(old, size);
}

static void *start_worker(void *app)
{
    return app;
}

static void stop_worker(void *state)
{
    (void)state;
}

/* Cares for no failure: the engine must. */
static void handle(void *state, const http_request *req, http_response *res)
{
    static const char data[9000];
    (void)state;
    http_response_header(res, "Content-Type", "text/plain");
    if (req->body_len > 0)
        http_response_body(res, req->body, req->body_len);
    else
        http_response_body(res, data, sizeof data);
}

static int pool_of(void *app, const http_request *req)
{
    (void)app;
    return req->method == HTTP_POST ? HTTP_POOL_SLOW : HTTP_POOL_MAIN;
}

static void refuse(void *app, const http_refusal *why, const http_request *req, http_response *res)
{
    (void)app;
    (void)req;
    http_response_body(res, why->code, strlen(why->code));
}

static int start(struct toy *toy)
{
    http_app app = {.worker_start = start_worker,
                    .worker_stop = stop_worker,
                    .handle = handle,
                    .refuse = refuse,
                    .pool_of = pool_of,
                    .app = toy};
    http_options o = toy_options();
    char err[256];
    *toy = (struct toy){0};
    o.listeners = 2;
    return http_server_start(&o, &app, &toy->server, err, sizeof err);
}

/* How many allocations a start takes: the first that cannot fail any more. */
static long fail_each_of_a_start(void)
{
    for (long n = 1;; n++) {
        struct toy toy;
        atomic_store(&countdown, n);
        int rc = start(&toy);
        long left = atomic_exchange(&countdown, 0);
        if (rc == 0)
            http_server_drain_and_stop(toy.server);
        if (left > 0) {
            CHECK(rc == 0);
            return n - 1;
        }
        CHECK(rc == -1);
    }
}

/* Any answer, or the end of the connection. */
static void try(const struct toy *toy, const char *text)
{
    struct client c;
    char buffer[16384];
    client_open(&c, toy);
    client_say(&c, text);
    while (client_wait_input(&c, 20000) && recv(c.fd, buffer, sizeof buffer, 0) == (ssize_t)sizeof buffer)
        ;
    client_close(&c);
}

static long fail_each_of_serving(void)
{
    static const char post[] = "POST /p HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello";
    for (long n = 1;; n++) {
        struct toy toy;
        struct reply r;
        CHECK(start(&toy) == 0);
        atomic_store(&countdown, n);
        try(&toy, "GET / HTTP/1.1\r\n" HOST "\r\n");
        try(&toy, post);
        try(&toy, "BREW / HTTP/1.1\r\n" HOST "\r\n");
        long left = atomic_exchange(&countdown, 0);
        ask(&toy, post, &r);
        CHECK(r.status == 200 && strcmp(r.body, "hello") == 0);
        reply_free(&r);
        http_server_drain_and_stop(toy.server);
        if (left > 0)
            return n - 1;
    }
}

int main(void)
{
    long starting = fail_each_of_a_start();
    exempt = 1;
    long serving = fail_each_of_serving();
    CHECK(starting >= 6 && serving >= 8);
    printf("%ld allocations of a start and %ld of serving failed, each survived\n", starting, serving);
    return 0;
}
