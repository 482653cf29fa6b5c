/* SPDX-License-Identifier: MIT */
/* The toy app and the raw client of the engine's socket tests. */
#include "harness.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 20000

void check_failed(const char *file, int line, const char *what, const char *detail)
{
    fprintf(stderr, "%s:%d: failed: %s %s\n", file, line, what, detail);
    exit(1);
}

int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void pause_briefly(void)
{
    poll(NULL, 0, 1);
}

/* ---- The toy app ---- */

static char static_data[16 << 20];

static void *toy_worker_start(void *app)
{
    struct toy *toy = app;
    if (atomic_load(&toy->fail_start))
        return NULL;
    atomic_fetch_add(&toy->workers, 1);
    return toy;
}

static void toy_worker_stop(void *state)
{
    struct toy *toy = state;
    atomic_fetch_sub(&toy->workers, 1);
}

static void say(http_response *res, const char *text)
{
    CHECK(http_response_header(res, "Content-Type", "text/plain") == 0);
    CHECK(http_response_body(res, text, strlen(text)) == 0);
}

static void echo(const http_request *req, http_response *res)
{
    size_t size = req->body_len + strlen(req->target) * 2 + 64;
    char *text = malloc(size);
    CHECK(text != NULL);
    int n = snprintf(text, size, "%s %s %s %zu\n", http_method_name(req->method), req->path, req->query, req->body_len);
    memcpy(text + n, req->body, req->body_len);
    CHECK(http_response_header(res, "Content-Type", "text/plain") == 0);
    CHECK(http_response_body(res, text, (size_t)n + req->body_len) == 0);
    free(text);
}

static void try_bad_headers(http_response *res)
{
    static const struct {
        const char *name, *value;
    } bad[] = {{"X-A", "a\r\nX-B: b"},
               {"X-A", "a\nb"},
               {"X-A\r\nX-B", "b"},
               {"X-A:", "b"},
               {"", "b"},
               {"X-A", "a\x01"},
               {"X A", "b"},
               {"Connection", "close"},
               {"content-length", "1"},
               {"Transfer-Encoding", "chunked"},
               {"Date", "now"}};
    char text[32];
    int refused = 0;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refused += http_response_header(res, bad[i].name, bad[i].value) == -1;
    snprintf(text, sizeof text, "%d of %zu", refused, sizeof bad / sizeof bad[0]);
    say(res, text);
}

static void hold(struct toy *toy, int pool, http_response *res)
{
    WAIT_UNTIL(atomic_load(&toy->open[pool]));
    say(res, "held");
}

static long number_after(const char *path, const char *prefix)
{
    size_t len = strlen(prefix);
    return strncmp(path, prefix, len) == 0 ? strtol(path + len, NULL, 10) : -1;
}

/* What the paths of each pool begin with. */
static const char *const beginnings[HTTP_POOLS] = {"", "/slow", "/probe"};

static int toy_pool_of(void *app, const http_request *req)
{
    (void)app;
    int pool = HTTP_POOLS - 1;
    while (strncmp(req->path, beginnings[pool], strlen(beginnings[pool])) != 0)
        pool--;
    return pool;
}

static void toy_handle(void *state, const http_request *req, http_response *res)
{
    struct toy *toy = state;
    int pool = toy_pool_of(toy, req);
    const char *path = req->path + strlen(beginnings[pool]);
    long n;
    atomic_fetch_add(&toy->handled, 1);
    CHECK(req->received_us > 0 && req->deadline_us > req->received_us);
    CHECK(strcmp(req->peer, "127.0.0.1") == 0);
    if ((n = number_after(path, "/size/")) >= 0) {
        CHECK(http_response_body(res, static_data, (size_t)n) == 0);
    } else if ((n = number_after(path, "/static/")) >= 0) {
        http_response_body_static(res, static_data, (size_t)n);
    } else if ((n = number_after(path, "/status/")) >= 0) {
        http_response_status(res, (int)n);
        say(res, "body");
    } else if (strncmp(path, "/header/", 8) == 0) {
        const char *value = http_request_header(req, path + 8);
        say(res, value != NULL ? value : "(none)");
    } else if (strcmp(path, "/plain") == 0) {
        CHECK(http_response_body(res, "plain", 5) == 0);
    } else if (strcmp(path, "/bad") == 0) {
        try_bad_headers(res);
    } else if (strcmp(path, "/close") == 0) {
        http_response_close(res);
        say(res, "closing");
    } else if (strcmp(path, "/huge") == 0) {
        CHECK(http_response_body(res, static_data, (size_t)1 << 30) == -1);
    } else if (strcmp(path, "/hold") == 0) {
        hold(toy, pool, res);
    } else {
        echo(req, res);
    }
}

static void toy_refuse(void *app, const http_refusal *why, const http_request *req, http_response *res)
{
    struct toy *toy = app;
    char text[512];
    atomic_fetch_add(&toy->refused, 1);
    if (toy->on_refuse != NULL)
        toy->on_refuse(toy);
    CHECK(req != NULL && req->target != NULL && req->path != NULL && req->query != NULL);
    snprintf(text, sizeof text, "{\"status\":%d,\"code\":\"%s\",\"detail\":\"%s\"}", why->status, why->code, why->detail);
    CHECK(http_response_header(res, "Content-Type", "application/problem+json") == 0);
    CHECK(http_response_body(res, text, strlen(text)) == 0);
}

void toy_app(struct toy *toy, http_app *app)
{
    *app = (http_app){.worker_start = toy_worker_start,
                      .worker_stop = toy_worker_stop,
                      .handle = toy_handle,
                      .refuse = toy_refuse,
                      .pool_of = toy_pool_of,
                      .app = toy};
}

http_options toy_options(void)
{
    http_options o;
    http_options_init(&o);
    o.pools[HTTP_POOL_MAIN].workers = 2;
    o.pools[HTTP_POOL_SLOW].workers = 1;
    return o;
}

void toy_start(struct toy *toy, const http_options *options)
{
    http_options defaults = toy_options();
    http_app app;
    char err[256] = "";
    *toy = (struct toy){0};
    toy_app(toy, &app);
    int rc = http_server_start(options != NULL ? options : &defaults, &app, &toy->server, err, sizeof err);
    CHECK_FOR(rc == 0, err);
}

void toy_stop(struct toy *toy)
{
    toy_open_gates(toy);
    http_server_drain_and_stop(toy->server);
    CHECK(atomic_load(&toy->workers) == 0);
}

void toy_open_gate(struct toy *toy, int pool)
{
    atomic_store(&toy->open[pool], 1);
}

void toy_open_gates(struct toy *toy)
{
    for (int i = 0; i < HTTP_POOLS; i++)
        toy_open_gate(toy, i);
}

http_stats stats_of(const struct toy *toy)
{
    http_stats s;
    http_server_stats(toy->server, &s);
    return s;
}

/* ---- The client ---- */

void client_open(struct client *c, const struct toy *toy)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(http_server_port(toy->server))};
    *c = (struct client){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    CHECK(c->fd >= 0);
    CHECK(inet_pton(AF_INET, "127.0.0.1", &name.sin_addr) == 1);
    CHECK(connect(c->fd, (struct sockaddr *)&name, sizeof name) == 0);
}

void client_close(struct client *c)
{
    close(c->fd);
    free(c->data);
}

void client_reset(struct client *c)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    CHECK(setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) == 0);
    client_close(c);
}

/* A server that refuses may close before all is sent: that is no failure of the client. */
void client_send(struct client *c, const void *data, size_t len)
{
    const char *at = data;
    while (len > 0) {
        ssize_t n = send(c->fd, at, len, MSG_NOSIGNAL);
        if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
            return;
        CHECK(n > 0);
        at += n;
        len -= (size_t)n;
    }
}

void client_say(struct client *c, const char *text)
{
    client_send(c, text, strlen(text));
}

int client_wait_input(struct client *c, int ms)
{
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    return c->len > 0 || poll(&p, 1, ms) == 1;
}

/* Reads more; 0 at the end. */
static int more(struct client *c)
{
    if (c->size - c->len < 65536) {
        c->size = c->size * 2 + 65536;
        c->data = realloc(c->data, c->size);
        CHECK(c->data != NULL);
    }
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    CHECK_FOR(poll(&p, 1, PATIENCE_MS) == 1, "nothing came");
    ssize_t n = recv(c->fd, c->data + c->len, c->size - c->len, 0);
    if (n <= 0) {
        c->ended = 1;
        return 0;
    }
    c->len += (size_t)n;
    return 1;
}

static void take(struct client *c, size_t len)
{
    memmove(c->data, c->data + len, c->len - len);
    c->len -= len;
}

static void read_head(struct client *c, struct reply *r)
{
    char *end;
    *r = (struct reply){0};
    while (c->len == 0 || (end = memmem(c->data, c->len, "\r\n\r\n", 4)) == NULL)
        CHECK_FOR(more(c), "the connection ended before a reply had come");
    size_t len = (size_t)(end - c->data) + 4;
    CHECK(len < sizeof r->head);
    memcpy(r->head, c->data, len);
    r->head[len] = '\0';
    take(c, len);
    CHECK(sscanf(r->head, "HTTP/1.%*d %d ", &r->status) == 1);
}

void client_read_body(struct client *c, struct reply *r)
{
    char length[32];
    CHECK_FOR(reply_header(r, "Content-Length", length, sizeof length), r->head);
    r->body_len = (size_t)strtoul(length, NULL, 10);
    while (c->len < r->body_len)
        CHECK_FOR(more(c), "the connection ended inside a body");
    r->body = malloc(r->body_len + 1);
    CHECK(r->body != NULL);
    memcpy(r->body, c->data, r->body_len);
    r->body[r->body_len] = '\0';
    take(c, r->body_len);
}

void client_read(struct client *c, struct reply *r, int without_body)
{
    read_head(c, r);
    if (!without_body)
        client_read_body(c, r);
}

int client_ended(struct client *c)
{
    return c->len == 0 && !more(c);
}

void reply_free(struct reply *r)
{
    free(r->body);
    r->body = NULL;
}

static const char *find_header(const char *head, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line + 2, "\r\n"))
        if (strncasecmp(line + 2, name, len) == 0 && line[2 + len] == ':')
            return line;
    return NULL;
}

int reply_header(const struct reply *r, const char *name, char *value, size_t size)
{
    const char *line = find_header(r->head, name);
    if (line == NULL)
        return 0;
    const char *start = line + 2 + strlen(name) + 1;
    start += strspn(start, " ");
    size_t len = strcspn(start, "\r");
    CHECK(len < size);
    memcpy(value, start, len);
    value[len] = '\0';
    return 1;
}

int reply_count_header(const struct reply *r, const char *name)
{
    int count = 0;
    for (const char *at = find_header(r->head, name); at != NULL; at = find_header(at + 2, name))
        count++;
    return count;
}

void ask(const struct toy *toy, const char *text, struct reply *r)
{
    struct client c;
    client_open(&c, toy);
    client_say(&c, text);
    client_read(&c, r, 0);
    client_close(&c);
}

int open_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = 0;
    CHECK(dir != NULL);
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}
