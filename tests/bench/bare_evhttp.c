/* SPDX-License-Identifier: MIT */
/*
 * The HTTP limit of the benchmarks: evhttp with nothing behind it. Answers every request with the same JSON body of
 * --body bytes, on --threads threads (each with its own event loop, sharing the port), until SIGTERM or SIGINT. Prints
 * the port it listens on as its first line.
 *
 *   bare_evhttp [--address 127.0.0.1] [--port 0] [--threads 1] [--body 64]
 */
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_THREADS 64

struct arguments {
    const char *address;
    long port, threads, body;
};

static char *body;
static size_t body_len;

static int parse_number(const char *text, long least, long most, long *out)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || value < least || value > most)
        return -1;
    *out = value;
    return 0;
}

static int parse_arguments(int argc, char **argv, struct arguments *a)
{
    for (int i = 1; i < argc; i += 2) {
        int rc = -1;
        if (i + 1 == argc)
            return -1;
        if (strcmp(argv[i], "--address") == 0) {
            a->address = argv[i + 1];
            rc = 0;
        } else if (strcmp(argv[i], "--port") == 0) {
            rc = parse_number(argv[i + 1], 0, 65535, &a->port);
        } else if (strcmp(argv[i], "--threads") == 0) {
            rc = parse_number(argv[i + 1], 1, MAX_THREADS, &a->threads);
        } else if (strcmp(argv[i], "--body") == 0) {
            rc = parse_number(argv[i + 1], 2, 1 << 26, &a->body);
        }
        if (rc != 0)
            return -1;
    }
    return 0;
}

/* A JSON string of exactly so many bytes, quotes included. */
static int make_body(long len)
{
    body_len = (size_t)len;
    body = malloc(body_len);
    if (body == NULL)
        return -1;
    memset(body, 'x', body_len);
    body[0] = '"';
    body[body_len - 1] = '"';
    return 0;
}

static void answer(struct evhttp_request *req, void *arg)
{
    (void)arg;
    evhttp_add_header(evhttp_request_get_output_headers(req), "Content-Type", "application/json");
    evbuffer_add_reference(evhttp_request_get_output_buffer(req), body, body_len, NULL, NULL);
    evhttp_send_reply(req, 200, "OK", NULL);
}

/* *port 0 is replaced by the one picked, so that the next thread shares it. */
static int listen_on(const char *address, long *port)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons((uint16_t)*port)};
    socklen_t len = sizeof name;
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || inet_pton(AF_INET, address, &name.sin_addr) != 1 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 || bind(fd, (struct sockaddr *)&name, len) != 0 ||
        listen(fd, 1024) != 0 || getsockname(fd, (struct sockaddr *)&name, &len) != 0) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    *port = ntohs(name.sin_port);
    return fd;
}

static struct event_base *make_loop(const char *address, long *port)
{
    struct event_base *base = event_base_new();
    struct evhttp *http = base != NULL ? evhttp_new(base) : NULL;
    int fd = listen_on(address, port);
    if (http == NULL || fd < 0 || evhttp_accept_socket(http, fd) != 0)
        return NULL;
    evhttp_set_gencb(http, answer, NULL);
    return base;
}

static void *run(void *base)
{
    event_base_dispatch(base);
    return NULL;
}

int main(int argc, char **argv)
{
    struct arguments a = {.address = "127.0.0.1", .port = 0, .threads = 1, .body = 64};
    struct event_base *bases[MAX_THREADS];
    pthread_t thread;
    sigset_t stop;
    int got = 0;
    if (parse_arguments(argc, argv, &a) != 0) {
        fprintf(stderr, "usage: %s [--address A] [--port N] [--threads N] [--body BYTES]\n", argv[0]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &stop, NULL);
    if (make_body(a.body) != 0)
        return 1;
    for (long i = 0; i < a.threads; i++) {
        bases[i] = make_loop(a.address, &a.port);
        if (bases[i] == NULL || pthread_create(&thread, NULL, run, bases[i]) != 0) {
            fprintf(stderr, "cannot listen on %s port %ld\n", a.address, a.port);
            return 1;
        }
        pthread_detach(thread);
    }
    printf("%ld\n", a.port);
    fflush(stdout);
    sigwait(&stop, &got);
    return 0; /* the process ends with its threads running: there is nothing to save */
}
