/* SPDX-License-Identifier: MIT */
/*
 * The engine's threads against each other, for ThreadSanitizer: several listeners and workers, clients on threads of
 * their own that keep, pipeline, break off and overload, statistics read all the while, and an end in the middle.
 */
#include <pthread.h>
#include <stdio.h>
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
    };
    static const int answers[] = {1, 1, 1, 1, 2, 1};
    struct client c;
    client_open(&c, toy);
    for (int i = 0; i < 6; i++) {
        int what = (turn + i) % 6;
        client_say(&c, texts[what]);
        if ((turn + i) % 7 == 6 || !read_answers(&c, answers[what]))
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
    o.workers = 3;
    o.queue_limit = (size_t)queue_limit;
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
        client_say(&late[i], "GET /echo HTTP/1.1\r\n" HOST "\r\nGET /size/9000 HTTP/1.1\r\n" HOST "\r\n");
    }
    toy_stop(&toy);
    for (int i = 0; i < 8; i++) {
        read_answers(&late[i], 1);
        client_close(&late[i]);
    }
}

int main(void)
{
    for (int i = 0; i < ROUNDS; i++)
        round_of(i == 1 ? 1 : 64);
    printf("%d rounds passed\n", ROUNDS);
    return 0;
}
