/* SPDX-License-Identifier: MIT */
/*
 * A closed-loop HTTP driver on one thread: so many keep-alive connections, each sending its next request when the last one is
 * answered. Prints one line of JSON.
 *
 *   http_load PORT get CONNECTIONS SECONDS PATH [COUNT]      PATH may hold one %u: a random number from 1 to COUNT
 *   http_load PORT flow CONNECTIONS SECONDS FIRST COUNT TOKENS   add, add, read the cart, check out: products FIRST … FIRST+COUNT-1,
 *                                                            a connection a line of the file TOKENS
 * With HTTP_LOAD_ANY=1 the statuses of answers do not matter (for a bare server that gets the same requests).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER 65536
#define REQUEST 2048
#define CONNECTIONS_MAX 1024
#define SAMPLES_MAX 4000000

typedef struct connection {
    int fd;
    int step;
    size_t have;
    int64_t sent_us;
    const char *token;
    char in[BUFFER];
} connection;

static uint16_t port;
static int is_flow;
static int any_status;
static const char *path;
static unsigned first = 1;
static unsigned count = 1;
static connection connections[CONNECTIONS_MAX];
static int32_t samples[SAMPLES_MAX];
static size_t sample_count;
static int64_t failures;
static int64_t body_bytes;
static uint64_t random_state = 88172645463325252ull;

static void die(const char *what)
{
    fprintf(stderr, "http_load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static unsigned random_number(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return first + (unsigned)(random_state % count);
}

static int make_get(char *out)
{
    char target[512];
    const char *place = strstr(path, "%u");
    if (place)
        (void)snprintf(target, sizeof target, "%.*s%u%s", (int)(place - path), path, random_number(), place + 2);
    else
        (void)snprintf(target, sizeof target, "%s", path);
    return snprintf(out, REQUEST, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", target);
}

static int make_post(char *out, const char *target, const char *token, const char *body)
{
    return snprintf(out, REQUEST,
                    "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
                    "Content-Length: %zu\r\n\r\n%s",
                    target, token, strlen(body), body);
}

static int make_flow(const connection *c, char *out)
{
    char body[128];
    switch (c->step % 4) {
    case 0:
    case 1:
        (void)snprintf(body, sizeof body, "{\"product_id\":%u,\"quantity\":%d}", random_number(), c->step % 4 + 1);
        return make_post(out, "/api/v1/cart/items/", c->token, body);
    case 2:
        return snprintf(out, REQUEST, "GET /api/v1/cart/ HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n\r\n",
                        c->token);
    default:
        return make_post(out, "/api/v1/orders/", c->token, "{\"shipping_address\":\"1 Main St\"}");
    }
}

static void send_next(connection *c)
{
    char out[REQUEST];
    int length = is_flow ? make_flow(c, out) : make_get(out);
    c->have = 0;
    c->sent_us = now_us();
    if (length <= 0 || length >= REQUEST || send(c->fd, out, (size_t)length, MSG_NOSIGNAL) != length)
        die("send");
}

/* The whole answer's length when it is there, 0 when not yet. */
static size_t answer_length(connection *c, int *status, size_t *body)
{
    c->in[c->have] = '\0';
    char *end = strstr(c->in, "\r\n\r\n");
    if (!end)
        return 0;
    *status = (int)strtol(c->in + 9, NULL, 10);
    *body = 0;
    for (char *line = strstr(c->in, "\r\n"); line && line < end; line = strstr(line + 2, "\r\n"))
        if (strncasecmp(line + 2, "Content-Length:", 15) == 0)
            *body = strtoul(line + 17, NULL, 10);
    size_t length = (size_t)(end + 4 - c->in) + *body;
    return c->have >= length ? length : 0;
}

static void receive(connection *c)
{
    ssize_t n = recv(c->fd, c->in + c->have, BUFFER - 1 - c->have, 0);
    if (n <= 0) {
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        die("the server closed a connection");
    }
    c->have += (size_t)n;
    int status;
    size_t body;
    if (answer_length(c, &status, &body) == 0)
        return;
    if (sample_count < SAMPLES_MAX)
        samples[sample_count++] = (int32_t)(now_us() - c->sent_us);
    body_bytes += (int64_t)body;
    if (!any_status && (status < 200 || status > 299)) {
        if (failures++ == 0)
            fprintf(stderr, "http_load: %.400s\n", c->in);
    }
    c->step++;
    send_next(c);
}

static void connect_all(int epoll, int connection_count)
{
    for (int i = 0; i < connection_count; i++) {
        connection *c = &connections[i];
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int one = 1;
        c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0)
            die("connect");
        (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        (void)fcntl(c->fd, F_SETFL, O_NONBLOCK);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event) != 0)
            die("epoll_ctl");
    }
}

static void read_tokens(const char *file, int connection_count)
{
    FILE *f = fopen(file, "r");
    if (!f)
        die(file);
    for (int i = 0; i < connection_count; i++) {
        char line[1024];
        if (!fgets(line, sizeof line, f))
            die("not enough tokens");
        line[strcspn(line, "\n")] = '\0';
        connections[i].token = strdup(line);
    }
    (void)fclose(f);
}

static int compare(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a;
    int32_t y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static void report(double seconds)
{
    qsort(samples, sample_count, sizeof samples[0], compare);
    double n = (double)sample_count;
    printf("{\"requests_per_second\": %.1f, \"p50_us\": %d, \"p99_us\": %d, \"mean_body_bytes\": %.0f, \"failures\": %lld}\n",
           n / seconds, sample_count ? samples[sample_count / 2] : 0, sample_count ? samples[sample_count * 99 / 100] : 0,
           sample_count ? (double)body_bytes / n : 0, (long long)failures);
}

int main(int argc, char **argv)
{
    if (argc < 6 || (strcmp(argv[2], "flow") == 0 && argc < 8)) {
        fprintf(
            stderr,
            "usage: http_load PORT get CONNECTIONS SECONDS PATH [COUNT] | PORT flow CONNECTIONS SECONDS FIRST COUNT TOKENS\n");
        return 2;
    }
    port = (uint16_t)strtoul(argv[1], NULL, 10);
    is_flow = strcmp(argv[2], "flow") == 0;
    int connection_count = (int)strtol(argv[3], NULL, 10);
    double seconds = strtod(argv[4], NULL);
    any_status = getenv("HTTP_LOAD_ANY") != NULL;
    if (connection_count < 1 || connection_count > CONNECTIONS_MAX)
        return 2;
    if (is_flow) {
        first = (unsigned)strtoul(argv[5], NULL, 10);
        count = (unsigned)strtoul(argv[6], NULL, 10);
        read_tokens(argv[7], connection_count);
    } else {
        path = argv[5];
        count = argc > 6 ? (unsigned)strtoul(argv[6], NULL, 10) : 1;
    }
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    connect_all(epoll, connection_count);
    int64_t began = now_us();
    int64_t until = began + (int64_t)(seconds * 1e6);
    for (int i = 0; i < connection_count; i++)
        send_next(&connections[i]);
    while (now_us() < until) {
        struct epoll_event events[64];
        int n = epoll_wait(epoll, events, 64, 100);
        for (int i = 0; i < n; i++)
            receive(events[i].data.ptr);
    }
    report((double)(now_us() - began) / 1e6);
    return failures > 0;
}
