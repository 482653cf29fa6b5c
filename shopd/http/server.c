/* SPDX-License-Identifier: MIT */
/* The server as a whole: options, listening sockets, start, orderly end, statistics. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "engine.h"

#define BACKLOG 1024
#define MAX_MS 86400000 /* a day */

void http_options_init(http_options *options)
{
    *options = (http_options){
        .address = "127.0.0.1",
        .port = 0,
        .listeners = 1,
        .pools = {{.workers = 4, .queue_limit = 1024}, {.workers = 4, .queue_limit = 1024}, {.workers = 1, .queue_limit = 64}},
        .max_header_bytes = 16 * 1024,
        .max_header_count = 100,
        .max_body_bytes = 256 * 1024,
        .max_connections = 4096,
        .header_timeout_ms = 10000,
        .body_timeout_ms = 30000,
        .idle_timeout_ms = 60000,
        .write_timeout_ms = 120000,
        .request_timeout_ms = 30000,
        .drain_timeout_ms = 10000,
    };
}

static const char *bad_option(const http_options *o)
{
    const struct {
        const char *name;
        uint64_t value, least, most;
    } rules[] = {
        {"listeners", (uint64_t)o->listeners, 1, 64},
        {"pools[0].workers", (uint64_t)o->pools[0].workers, 1, 1024},
        {"pools[0].queue_limit", o->pools[0].queue_limit, 1, 1 << 20},
        {"pools[1].workers", (uint64_t)o->pools[1].workers, 1, 1024},
        {"pools[1].queue_limit", o->pools[1].queue_limit, 1, 1 << 20},
        {"pools[2].workers", (uint64_t)o->pools[2].workers, 1, 1024},
        {"pools[2].queue_limit", o->pools[2].queue_limit, 1, 1 << 20},
        {"max_header_bytes", o->max_header_bytes, 256, 1 << 20},
        {"max_header_count", o->max_header_count, 1, 1000},
        {"max_body_bytes", o->max_body_bytes, 0, 64 << 20},
        {"max_connections", (uint64_t)o->max_connections, 1, 1 << 20},
        {"header_timeout_ms", (uint64_t)o->header_timeout_ms, 1, MAX_MS},
        {"body_timeout_ms", (uint64_t)o->body_timeout_ms, 1, MAX_MS},
        {"idle_timeout_ms", (uint64_t)o->idle_timeout_ms, 1, MAX_MS},
        {"write_timeout_ms", (uint64_t)o->write_timeout_ms, 1, MAX_MS},
        {"request_timeout_ms", (uint64_t)o->request_timeout_ms, 1, MAX_MS},
        {"drain_timeout_ms", (uint64_t)o->drain_timeout_ms, 1, MAX_MS},
    };
    if (o->address == NULL || strlen(o->address) >= sizeof((http_server *)0)->address)
        return "address";
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].value < rules[i].least || rules[i].value > rules[i].most)
            return rules[i].name;
    return NULL;
}

/* ---- Listening sockets ---- */

static int resolve(const http_options *o, struct addrinfo **out)
{
    struct addrinfo hints = {
        .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    char port[8];
    snprintf(port, sizeof port, "%u", (unsigned)o->port);
    return getaddrinfo(o->address, port, &hints, out);
}

/* Bound, not yet listening; -1 with errno. A connection inherits TCP_NODELAY from it. */
static int bound_socket(const struct sockaddr *address, socklen_t len, int shared)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        (shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) || bind(fd, address, len) != 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

static uint16_t port_of(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } name;
    socklen_t len = sizeof name;
    if (getsockname(fd, &name.any, &len) != 0)
        return 0;
    return ntohs(name.any.sa_family == AF_INET6 ? name.v6.sin6_port : name.v4.sin_port);
}

static void set_port(struct sockaddr *address, uint16_t port)
{
    if (address->sa_family == AF_INET6)
        ((struct sockaddr_in6 *)(void *)address)->sin6_port = htons(port);
    else
        ((struct sockaddr_in *)(void *)address)->sin_port = htons(port);
}

/* Sockets that share a port would also share it with another process: ask first whether it is free. */
static int port_is_free(const struct sockaddr *address, socklen_t len)
{
    int fd = bound_socket(address, len, 0);
    if (fd < 0)
        return 0;
    int free_now = listen(fd, 1) == 0;
    int saved = errno;
    close(fd);
    errno = saved;
    return free_now;
}

static int open_listeners(http_server *s, struct sockaddr *address, socklen_t len)
{
    int shared = s->options.listeners > 1;
    if (shared && s->options.port != 0 && !port_is_free(address, len))
        return -1;
    for (int i = 0; i < s->options.listeners; i++) {
        int fd = bound_socket(address, len, shared);
        if (fd < 0)
            return -1;
        if (listen(fd, BACKLOG) != 0) {
            int saved = errno;
            close(fd);
            errno = saved;
            return -1;
        }
        s->port = port_of(fd);
        set_port(address, s->port);
        s->listener_count++;
        errno = ENOMEM;
        if (http_listener_init(&s->listeners[i], s, fd) != 0)
            return -1;
    }
    return 0;
}

static int listen_all(http_server *s, char *err, size_t errlen)
{
    struct addrinfo *found = NULL;
    int rc = resolve(&s->options, &found);
    if (rc != 0) {
        snprintf(err, errlen, "%s is no numeric address: %s", s->options.address, gai_strerror(rc));
        return -1;
    }
    rc = open_listeners(s, found->ai_addr, found->ai_addrlen);
    if (rc != 0)
        snprintf(err, errlen, "cannot listen on %s port %u: %s", s->options.address, (unsigned)s->options.port,
                 strerror(errno));
    freeaddrinfo(found);
    return rc;
}

/* ---- Start ---- */

static void free_server(http_server *s)
{
    for (int i = 0; i < s->listener_count; i++)
        http_listener_end(&s->listeners[i]);
    for (int i = 0; i < HTTP_POOLS; i++)
        if (s->pools[i] != NULL)
            http_pool_free(s->pools[i]);
    pthread_cond_destroy(&s->idle);
    pthread_mutex_destroy(&s->lock);
    free(s->listeners);
    free(s);
}

static http_server *new_server(const http_options *options, const http_app *app)
{
    http_server *s = calloc(1, sizeof *s);
    struct listener *listeners = calloc((size_t)options->listeners, sizeof *listeners);
    if (s == NULL || listeners == NULL) {
        free(s);
        free(listeners);
        return NULL;
    }
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->idle, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&s->lock, NULL);
    s->options = *options;
    s->app = *app;
    s->listeners = listeners;
    return s;
}

static void stop_listeners(http_server *s)
{
    for (int i = 0; i < s->listener_count; i++)
        if (s->listeners[i].running)
            http_listener_stage(&s->listeners[i], STAGE_STOP);
}

static int run_listeners(http_server *s)
{
    for (int i = 0; i < s->listener_count; i++) {
        struct listener *l = &s->listeners[i];
        char name[16];
        if (http_listener_run(l) != 0)
            return -1;
        atomic_fetch_add(&s->accepting, 1);
        snprintf(name, sizeof name, "http-listen-%d", i % 100);
        pthread_setname_np(l->thread, name);
    }
    return 0;
}

static int start_pools(http_server *s, char *err, size_t errlen)
{
    int count = s->app.pool_of != NULL ? HTTP_POOLS : 1;
    for (int i = 0; i < count; i++) {
        s->pools[i] = http_pool_start(i, &s->options, &s->app, err, errlen);
        if (s->pools[i] == NULL)
            return -1;
    }
    return 0;
}

/* All are told before one is waited for: none goes on with its queue meanwhile. */
static void end_pools(http_server *s, int abandon)
{
    for (int i = 0; i < HTTP_POOLS; i++)
        if (s->pools[i] != NULL)
            http_pool_close(s->pools[i], abandon);
    for (int i = 0; i < HTTP_POOLS; i++)
        if (s->pools[i] != NULL)
            http_pool_join(s->pools[i]);
}

/* Workers first: a listener hands requests to them at once. */
static int start_threads(http_server *s, char *err, size_t errlen)
{
    int pools_run = start_pools(s, err, errlen) == 0;
    if (pools_run && run_listeners(s) == 0)
        return 0;
    if (pools_run)
        snprintf(err, errlen, "cannot start the listener threads");
    stop_listeners(s);
    end_pools(s, 1);
    return -1;
}

int http_server_start(const http_options *options, const http_app *app, http_server **out, char *err, size_t errlen)
{
    const char *bad = bad_option(options);
    *out = NULL;
    if (bad != NULL) {
        snprintf(err, errlen, "%s is out of range", bad);
        return -1;
    }
    http_server *s = new_server(options, app);
    if (s == NULL) {
        snprintf(err, errlen, "no memory for the server");
        return -1;
    }
    snprintf(s->address, sizeof s->address, "%s", options->address);
    s->options.address = s->address;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* the new threads inherit it */
    int rc = listen_all(s, err, errlen) == 0 ? start_threads(s, err, errlen) : -1;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0) {
        free_server(s);
        return -1;
    }
    *out = s;
    return 0;
}

uint16_t http_server_port(const http_server *server)
{
    return server->port;
}

const char *http_server_address(const http_server *server)
{
    return server->address;
}

/* ---- End ---- */

void http_server_tell_idle(http_server *server)
{
    pthread_mutex_lock(&server->lock);
    pthread_cond_broadcast(&server->idle);
    pthread_mutex_unlock(&server->lock);
}

/* Waits until no listener accepts and every connection is closed; 0, or -1 when drain_timeout_ms has passed. */
static int wait_until_idle(http_server *s)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += s->options.drain_timeout_ms / 1000;
    until.tv_nsec += (long)(s->options.drain_timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    int rc = 0;
    pthread_mutex_lock(&s->lock);
    while (atomic_load(&s->accepting) + atomic_load(&s->open) > 0 && rc == 0)
        rc = pthread_cond_timedwait(&s->idle, &s->lock, &until);
    pthread_mutex_unlock(&s->lock);
    return rc == 0 ? 0 : -1;
}

/*
 * The order matters. While connections drain, workers still run, so that a request that has begun is answered. The
 * workers are joined before a listener ends, so that each job comes back to a listener that lives. A listener frees
 * its connections only when no job refers to them, on its own thread.
 */
void http_server_drain_and_stop(http_server *server)
{
    if (server == NULL)
        return;
    for (int i = 0; i < server->listener_count; i++)
        http_listener_stage(&server->listeners[i], STAGE_DRAIN);
    int drained = wait_until_idle(server) == 0;
    end_pools(server, !drained);
    stop_listeners(server);
    free_server(server);
}

/* ---- Statistics ---- */

static uint64_t value_of(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void http_server_stats(const http_server *server, http_stats *stats)
{
    *stats = (http_stats){0};
    for (int i = 0; i < server->listener_count; i++) {
        const struct counters *c = &server->listeners[i].counters;
        stats->connections_accepted += value_of(&c->accepted);
        stats->connections_refused += value_of(&c->refused_connections);
        stats->connections_cut += value_of(&c->cut);
        stats->requests += value_of(&c->requests);
        stats->requests_refused += value_of(&c->refused);
        stats->requests_overload += value_of(&c->overload);
        stats->requests_in_flight += value_of(&c->in_flight);
    }
    int open = atomic_load(&server->open);
    stats->connections_open = open > 0 ? (uint64_t)open : 0;
    for (int i = 0; i < HTTP_POOLS; i++)
        if (server->pools[i] != NULL)
            http_pool_stats(server->pools[i], &stats->queue_length[i], &stats->workers_busy[i]);
}
