/* SPDX-License-Identifier: MIT */
/*
 * The engine's threads against each other, for ThreadSanitizer: several listeners and workers, clients on threads of
 * their own that keep, pipeline, break off and overload, statistics read all the while, and an end in the middle. Then
 * chaos: clients that send pieces of requests in any order while deadlines of a few milliseconds expire.
 *
 *   engine_race [turns of chaos a client] [seed]
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"

#define HOST "Host: a\r\n"
#define CLIENTS 4
#define TURNS 60
#define ROUNDS 3

static atomic_int stopping;

/* Reads until so many answers have come, or the end: while the server drains, either is right. */
static int read_answers(struct client *c, int count)
{
    char buffer[65536];
    size_t len = 0;
    for (;;) {
        ssize_t n = recv(c->fd, buffer + len, sizeof buffer - len, 0);
        if (n <= 0)
            return 0;
        len += (size_t)n;
        int found = 0;
        const char *at = buffer;
        while ((at = memmem(at, len - (size_t)(at - buffer), "HTTP/1.1 ", 9)) != NULL) {
            found++;
            at += 9;
        }
        if (found >= count && len >= 4)
            return 1;
    }
}

static void one_turn(const struct toy *toy, int turn)
{
    static const char *const texts[] = {
        "GET /echo HTTP/1.1\r\n" HOST "\r\n",
        "HEAD /size/64 HTTP/1.1\r\n" HOST "\r\n",
        "POST /p HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc",
        "GET /size/5000 HTTP/1.1\r\n" HOST "\r\n",
        "GET /echo HTTP/1.1\r\n" HOST "\r\nGET /static/9000 HTTP/1.1\r\n" HOST "\r\n",
        "BREW / HTTP/1.1\r\n" HOST "\r\n",
        "GET /slow/echo HTTP/1.1\r\n" HOST "\r\nGET /echo HTTP/1.1\r\n" HOST "\r\n",
    };
    static const int answers[] = {1, 1, 1, 1, 2, 1, 2};
    struct client c;
    client_open(&c, toy);
    for (int i = 0; i < 7; i++) {
        int what = (turn + i) % 7;
        client_say(&c, texts[what]);
        if ((turn + i) % 8 == 7 || !read_answers(&c, answers[what]))
            break; /* leaves while the answer is on its way */
    }
    if (turn % 2)
        client_reset(&c);
    else
        client_close(&c);
}

static void *client_thread(void *arg)
{
    const struct toy *toy = arg;
    for (int turn = 0; turn < TURNS; turn++)
        one_turn(toy, turn);
    return NULL;
}

static void *stats_thread(void *arg)
{
    const struct toy *toy = arg;
    uint64_t before = 0;
    while (!atomic_load(&stopping)) {
        http_stats s = stats_of(toy);
        CHECK(s.requests >= before);
        before = s.requests;
        pause_briefly();
    }
    return NULL;
}

static void round_of(int queue_limit)
{
    http_options o = toy_options();
    struct toy toy;
    pthread_t clients[CLIENTS], watcher;
    struct client late[8];
    o.listeners = 2;
    o.pools[HTTP_POOL_MAIN].workers = 3;
    o.pools[HTTP_POOL_MAIN].queue_limit = (size_t)queue_limit;
    o.pools[HTTP_POOL_SLOW].queue_limit = (size_t)queue_limit;
    toy_start(&toy, &o);
    atomic_store(&stopping, 0);
    CHECK(pthread_create(&watcher, NULL, stats_thread, &toy) == 0);
    for (int i = 0; i < CLIENTS; i++)
        CHECK(pthread_create(&clients[i], NULL, client_thread, &toy) == 0);
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(clients[i], NULL);
    atomic_store(&stopping, 1);
    pthread_join(watcher, NULL);
    CHECK(stats_of(&toy).requests > CLIENTS * TURNS);
    for (int i = 0; i < 8; i++) { /* the end comes while these are served */
        client_open(&late[i], &toy);
        client_say(&late[i], "GET /slow/echo HTTP/1.1\r\n" HOST "\r\nGET /size/9000 HTTP/1.1\r\n" HOST "\r\n");
    }
    toy_stop(&toy);
    for (int i = 0; i < 8; i++) {
        read_answers(&late[i], 1);
        client_close(&late[i]);
    }
}

/* ---- Chaos ---- */

struct chaos {
    const struct toy *toy;
    pthread_t thread;
    uint64_t seed;
    long turns;
};

/* xorshift: the same seed, the same turns. */
static uint64_t any(struct chaos *chaos, uint64_t below)
{
    chaos->seed ^= chaos->seed << 13;
    chaos->seed ^= chaos->seed >> 7;
    chaos->seed ^= chaos->seed << 17;
    return chaos->seed % below;
}

static void send_piece(struct chaos *chaos, struct client *c)
{
    static const char *const pieces[] = {
        "GET /echo HTTP/1.1\r\n" HOST "\r\n",
        "HEAD /size/3000 HTTP/1.1\r\n" HOST "\r\n",
        "POST /p HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\n",
        "POST /p HTTP/1.1\r\n" HOST "Content-Length: 4\r\nExpect: 100-continue\r\n\r\n",
        "PUT /p HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n",
        "4\r\nabcd\r\n",
        "0\r\n\r\n",
        "0\r\nT: x\r\n\r\n",
        "ab",
        "123456789",
        "\r\n",
        "\n",
        "\r\n\r\n",
        "GET /size/400000 HTTP/1.1\r\n" HOST "\r\n",
        "GET /static/100000 HTTP/1.1\r\n" HOST "\r\n",
        "GET /slow/size/3000 HTTP/1.1\r\n" HOST "\r\n",
        "GET /echo HTTP/1.0\r\n" HOST "Connection: keep-alive\r\n\r\n",
        "GET /echo HTTP/1.1\r\n" HOST,
        "X: y\r\n",
        ": y\r\n",
        "GET /",
        "TRACE / HTTP/1.1\r\n" HOST "\r\n",
        "Connection: close\r\n",
        "CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n",
        "GET http://a/ HTTP/1.1\r\n" HOST "\r\n",
    };
    const char *piece = pieces[any(chaos, sizeof pieces / sizeof pieces[0])];
    size_t len = strlen(piece);
    if (any(chaos, 4) == 0) /* a piece of the piece */
        len = (size_t)any(chaos, len + 1);
    client_send(c, piece, len);
}

static void read_some(struct chaos *chaos, struct client *c)
{
    char buffer[20000];
    if (client_wait_input(c, (int)any(chaos, 12)))
        (void)!recv(c->fd, buffer, sizeof buffer, MSG_DONTWAIT);
}

static void *chaos_thread(void *arg)
{
    struct chaos *chaos = arg;
    for (long turn = 0; turn < chaos->turns; turn++) {
        struct client c;
        client_open(&c, chaos->toy);
        for (uint64_t left = 1 + any(chaos, 12); left > 0; left--) {
            if (any(chaos, 3) == 0)
                read_some(chaos, &c);
            else
                send_piece(chaos, &c);
            if (any(chaos, 30) == 0)
                shutdown(c.fd, SHUT_WR);
        }
        if (any(chaos, 3) == 0)
            client_reset(&c);
        else
            client_close(&c);
    }
    return NULL;
}

/* The server outlives it, loses no count, and still serves. */
static void chaos_round(long turns, uint64_t seed)
{
    http_options o = toy_options();
    struct toy toy;
    struct chaos clients[CLIENTS];
    o.listeners = 2;
    o.pools[HTTP_POOL_MAIN].workers = 2;
    o.pools[HTTP_POOL_MAIN].queue_limit = 2;
    o.max_connections = CLIENTS + 2;
    o.header_timeout_ms = o.body_timeout_ms = o.idle_timeout_ms = o.write_timeout_ms = 8;
    toy_start(&toy, &o);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (struct chaos){.toy = &toy, .seed = seed * 977 + (uint64_t)i + 1, .turns = turns};
        CHECK(pthread_create(&clients[i].thread, NULL, chaos_thread, &clients[i]) == 0);
    }
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(clients[i].thread, NULL);
    WAIT_UNTIL(stats_of(&toy).connections_open == 0 && stats_of(&toy).requests_in_flight == 0);
    struct reply r;
    ask(&toy, "GET /echo HTTP/1.1\r\n" HOST "\r\n", &r);
    CHECK(r.status == 200);
    reply_free(&r);
    toy_stop(&toy);
}

int main(int argc, char **argv)
{
    long turns = argc > 1 ? strtol(argv[1], NULL, 10) : 150;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    for (int i = 0; i < ROUNDS; i++)
        round_of(i == 1 ? 1 : 64);
    chaos_round(turns, seed);
    printf("%d rounds and %ld turns of chaos passed\n", ROUNDS, turns);
    return 0;
}
