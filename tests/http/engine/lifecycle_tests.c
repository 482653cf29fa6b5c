/* SPDX-License-Identifier: MIT */
/* Many requests, many connections: order, deadlines, limits, overload, start and end. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../shopd/http/engine.h"
#include "harness.h"

#define HOST "Host: a\r\n"
#define HOLD "GET /hold HTTP/1.1\r\n" HOST "\r\n"
#define ECHO "GET /echo HTTP/1.1\r\n" HOST "\r\n"
#define SLOW_HOLD "GET /slow/hold HTTP/1.1\r\n" HOST "\r\n"
#define WAITING_POOLS 2 /* the two whose requests may wait */
#define PROBE_SIZE "GET /probe/size/3 HTTP/1.1\r\n" HOST "\r\n"
#define SLOW_SIZE "GET /slow/size/3 HTTP/1.1\r\n" HOST "\r\n"

static void expect_echo(struct client *c)
{
    struct reply r;
    client_read(c, &r, 0);
    CHECK(r.status == 200 && strcmp(r.body, "GET /echo  0\n") == 0);
    reply_free(&r);
}

static void expect_held(struct client *c)
{
    struct reply r;
    client_read(c, &r, 0);
    CHECK(r.status == 200 && strcmp(r.body, "held") == 0);
    reply_free(&r);
}

/* ---- Order ---- */

static void pipelined_requests_are_answered_in_order(void)
{
    enum { COUNT = 200 };
    http_options o = toy_options();
    struct toy toy;
    struct client c;
    static char text[COUNT * 128];
    size_t len = 0;
    o.pools[HTTP_POOL_MAIN].workers = 4;
    toy_start(&toy, &o);
    client_open(&c, &toy);
    for (int i = 0; i < COUNT; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "POST /n/%d HTTP/1.1\r\n" HOST "Content-Length: %d\r\n\r\n%.*s",
                                i, i % 10, i % 10, "0123456789");
    client_send(&c, text, len);
    for (int i = 0; i < COUNT; i++) {
        struct reply r;
        char expected[64];
        client_read(&c, &r, 0);
        snprintf(expected, sizeof expected, "POST /n/%d  %d\n%.*s", i, i % 10, i % 10, "0123456789");
        CHECK_FOR(strcmp(r.body, expected) == 0, r.body);
        reply_free(&r);
    }
    client_close(&c);
    toy_stop(&toy);
}

static void a_second_request_waits_for_the_first(void)
{
    struct toy toy;
    struct client c;
    toy_start(&toy, NULL);
    client_open(&c, &toy);
    client_say(&c, HOLD ECHO);
    WAIT_UNTIL(atomic_load(&toy.handled) == 1);
    CHECK(!client_wait_input(&c, 50));
    CHECK(atomic_load(&toy.handled) == 1);
    toy_open_gates(&toy);
    expect_held(&c);
    expect_echo(&c);
    client_close(&c);
    toy_stop(&toy);
}

/* ---- Deadlines ---- */

static http_options quick(void)
{
    http_options o = toy_options();
    o.header_timeout_ms = o.body_timeout_ms = o.idle_timeout_ms = o.write_timeout_ms = 200;
    return o;
}

/* Sends a byte every 20 ms until the server closes; returns how long that took. */
static int64_t drip(struct client *c, const char *byte)
{
    int64_t start = now_ms();
    while (!client_wait_input(c, 20)) {
        CHECK_FOR(now_ms() - start < 15000, "a slow client is never cut off");
        client_say(c, byte);
    }
    CHECK(client_ended(c));
    return now_ms() - start;
}

struct slow_case {
    const char *start, *drip;
};

static void slow_requests_are_cut_at_their_deadline(void)
{
    static const struct slow_case cases[] = {
        {"GET /echo HTTP/1.1\r\n", "x"},
        {"GET /echo HTTP/1.1\r\n" HOST, "X: y\r\n"},
        {"POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\n", "x"},
        {"POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"},
        {"POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n", "A: b\r\n"},
    };
    http_options o = quick();
    struct toy toy;
    toy_start(&toy, &o);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int second = 0; second <= 1; second++) { /* also on a connection that was good so far */
            struct client c;
            client_open(&c, &toy);
            if (second) {
                client_say(&c, ECHO);
                expect_echo(&c);
            }
            client_say(&c, cases[i].start);
            CHECK_FOR(drip(&c, cases[i].drip) >= 150, cases[i].start);
            client_close(&c);
        }
    }
    CHECK(stats_of(&toy).connections_cut == 10);
    CHECK(atomic_load(&toy.handled) == 5);
    toy_stop(&toy);
}

static void silent_connections_are_closed(void)
{
    http_options o = quick();
    struct toy toy;
    toy_start(&toy, &o);
    for (int served = 0; served <= 1; served++) {
        struct client c;
        int64_t start = now_ms();
        client_open(&c, &toy);
        if (served) {
            client_say(&c, ECHO);
            expect_echo(&c);
        }
        CHECK(client_ended(&c));
        CHECK(now_ms() - start >= 150);
        client_close(&c);
    }
    CHECK(stats_of(&toy).connections_cut == 2);
    toy_stop(&toy);
}

static void each_phase_has_its_own_deadline(void)
{
    http_options o = quick();
    struct toy toy;
    struct client c;
    struct reply r;
    o.header_timeout_ms = o.idle_timeout_ms = 20000;
    toy_start(&toy, &o);
    client_open(&c, &toy);
    client_say(&c, "POST /p HTTP/1.1\r\n" HOST);
    CHECK(!client_wait_input(&c, 500)); /* headers may take longer than a body here */
    client_say(&c, "Content-Length: 1\r\n\r\nx");
    client_read(&c, &r, 0);
    CHECK(r.status == 200);
    reply_free(&r);
    CHECK(!client_wait_input(&c, 500)); /* and so may the time between */
    client_say(&c, "POST /p HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nx");
    CHECK(client_ended(&c));
    client_close(&c);
    toy_stop(&toy);
    o.header_timeout_ms = 200;
    o.body_timeout_ms = o.idle_timeout_ms = 20000;
    toy_start(&toy, &o);
    client_open(&c, &toy);
    client_say(&c, "POST /p HTTP/1.1\r\n" HOST);
    CHECK(!client_wait_input(&c, 20));
    client_say(&c, "Content-Length: 2\r\n\r\nx");
    CHECK(!client_wait_input(&c, 500)); /* now the body may take longer */
    client_say(&c, "yGET / HT");
    client_read(&c, &r, 0);
    CHECK(strcmp(r.body, "POST /p  2\nxy") == 0);
    reply_free(&r);
    CHECK(client_ended(&c)); /* what was read ahead is on the clock */
    client_close(&c);
    client_open(&c, &toy);
    client_say(&c, ECHO);
    expect_echo(&c);
    client_say(&c, "GET / HT");
    CHECK(client_ended(&c)); /* the first byte ends the time between */
    client_close(&c);
    toy_stop(&toy);
}

static void a_running_request_has_no_deadline_of_the_client(void)
{
    http_options o = quick();
    struct toy toy;
    struct client c;
    toy_start(&toy, &o);
    client_open(&c, &toy);
    client_say(&c, HOLD);
    CHECK(!client_wait_input(&c, 600));
    toy_open_gates(&toy);
    expect_held(&c);
    client_close(&c);
    toy_stop(&toy);
}

static void slow_readers_are_cut_at_their_deadline(void)
{
    http_options o = quick();
    struct toy toy;
    struct client c;
    toy_start(&toy, &o);
    for (int i = 0; i < 2; i++) {
        client_open(&c, &toy);
        client_say(&c, i ? "GET /static/16000000 HTTP/1.1\r\n" HOST "\r\n" : "GET /size/16000000 HTTP/1.1\r\n" HOST "\r\n");
        WAIT_UNTIL(stats_of(&toy).connections_cut == (uint64_t)i + 1);
        client_close(&c);
    }
    WAIT_UNTIL(stats_of(&toy).requests_in_flight == 0);
    toy_stop(&toy);
}

/* ---- Limits ---- */

static void connections_over_the_cap_are_closed(void)
{
    http_options o = toy_options();
    struct toy toy;
    struct client kept[3], over;
    o.max_connections = 3;
    toy_start(&toy, &o);
    for (int i = 0; i < 3; i++) {
        client_open(&kept[i], &toy);
        client_say(&kept[i], ECHO);
        expect_echo(&kept[i]);
    }
    for (int i = 0; i < 5; i++) {
        client_open(&over, &toy);
        CHECK(client_ended(&over));
        client_close(&over);
    }
    CHECK(stats_of(&toy).connections_refused == 5);
    client_close(&kept[0]);
    WAIT_UNTIL(stats_of(&toy).connections_open == 2);
    client_open(&kept[0], &toy);
    for (int i = 0; i < 3; i++) {
        client_say(&kept[i], ECHO);
        expect_echo(&kept[i]);
        client_close(&kept[i]);
    }
    toy_stop(&toy);
}

static void a_full_queue_is_answered_503(void)
{
    http_options o = toy_options();
    struct toy toy;
    struct client running, waiting, over;
    struct reply r;
    char value[16];
    o.pools[HTTP_POOL_MAIN].workers = 1;
    o.pools[HTTP_POOL_MAIN].queue_limit = 1;
    toy_start(&toy, &o);
    client_open(&running, &toy);
    client_say(&running, HOLD);
    WAIT_UNTIL(atomic_load(&toy.handled) == 1);
    client_open(&waiting, &toy);
    client_say(&waiting, ECHO);
    WAIT_UNTIL(stats_of(&toy).queue_length[HTTP_POOL_MAIN] == 1);
    client_open(&over, &toy);
    client_say(&over, ECHO);
    client_read(&over, &r, 0);
    CHECK(r.status == 503 && strstr(r.body, "\"overloaded\"") != NULL);
    CHECK(reply_header(&r, "Retry-After", value, sizeof value) && strcmp(value, "1") == 0);
    reply_free(&r);
    http_stats s = stats_of(&toy);
    CHECK(s.requests == 3 && s.requests_overload == 1 && s.requests_refused == 1);
    CHECK(s.workers_busy[HTTP_POOL_MAIN] == 1);
    WAIT_UNTIL(stats_of(&toy).requests_in_flight == 2); /* the client may be faster than the count */
    toy_open_gates(&toy);
    expect_held(&running);
    expect_echo(&waiting);
    client_say(&over, ECHO); /* the connection was kept */
    expect_echo(&over);
    client_close(&running);
    client_close(&waiting);
    client_close(&over);
    toy_stop(&toy);
}

/* ---- Two pools ---- */

static void expect_status(struct client *c, int status)
{
    struct reply r;
    client_read(c, &r, 0);
    CHECK_FOR(r.status == status, r.head);
    reply_free(&r);
}

static void neither_pool_waits_for_the_other(void)
{
    struct toy toy;
    struct client held[2], other;
    toy_start(&toy, NULL); /* with two workers, and one slow one */
    client_open(&other, &toy);
    client_open(&held[HTTP_POOL_SLOW], &toy);
    client_say(&held[HTTP_POOL_SLOW], SLOW_HOLD);
    WAIT_UNTIL(stats_of(&toy).workers_busy[HTTP_POOL_SLOW] == 1);
    for (int i = 0; i < 20; i++) {
        client_say(&other, ECHO);
        expect_echo(&other);
    }
    CHECK(stats_of(&toy).workers_busy[HTTP_POOL_SLOW] == 1);
    toy_open_gate(&toy, HTTP_POOL_SLOW);
    expect_held(&held[HTTP_POOL_SLOW]);
    client_open(&held[HTTP_POOL_MAIN], &toy);
    client_say(&held[HTTP_POOL_MAIN], HOLD);
    client_say(&held[HTTP_POOL_SLOW], HOLD);
    WAIT_UNTIL(stats_of(&toy).workers_busy[HTTP_POOL_MAIN] == 2);
    client_say(&other, SLOW_SIZE);
    expect_status(&other, 200);
    toy_open_gate(&toy, HTTP_POOL_MAIN);
    expect_held(&held[HTTP_POOL_MAIN]);
    expect_held(&held[HTTP_POOL_SLOW]);
    for (int i = 0; i < 2; i++)
        client_close(&held[i]);
    client_close(&other);
    toy_stop(&toy);
}

static void probes_are_answered_while_all_others_wait(void)
{
    struct toy toy;
    struct client held[3], probe;
    toy_start(&toy, NULL); /* with two workers, and one slow one */
    for (int i = 0; i < 3; i++) {
        client_open(&held[i], &toy);
        client_say(&held[i], i == 0 ? SLOW_HOLD : HOLD);
    }
    WAIT_UNTIL(stats_of(&toy).workers_busy[HTTP_POOL_MAIN] == 2 && stats_of(&toy).workers_busy[HTTP_POOL_SLOW] == 1);
    client_open(&probe, &toy);
    client_say(&probe, PROBE_SIZE);
    expect_status(&probe, 200);
    toy_open_gate(&toy, HTTP_POOL_MAIN);
    toy_open_gate(&toy, HTTP_POOL_SLOW);
    for (int i = 0; i < 3; i++) {
        expect_held(&held[i]);
        client_close(&held[i]);
    }
    client_close(&probe);
    toy_stop(&toy);
}

static void a_full_slow_queue_is_answered_503_while_others_are_served(void)
{
    http_options o = toy_options();
    struct toy toy;
    struct client running, waiting, over;
    struct reply r;
    char value[16];
    o.pools[HTTP_POOL_SLOW].queue_limit = 1;
    toy_start(&toy, &o);
    client_open(&running, &toy);
    client_say(&running, SLOW_HOLD);
    WAIT_UNTIL(stats_of(&toy).workers_busy[HTTP_POOL_SLOW] == 1);
    client_open(&waiting, &toy);
    client_say(&waiting, SLOW_SIZE);
    WAIT_UNTIL(stats_of(&toy).queue_length[HTTP_POOL_SLOW] == 1);
    CHECK(stats_of(&toy).queue_length[HTTP_POOL_MAIN] == 0);
    client_open(&over, &toy);
    client_say(&over, SLOW_SIZE ECHO); /* what follows on the connection is served */
    client_read(&over, &r, 0);
    CHECK(r.status == 503 && strstr(r.body, "\"overloaded\"") != NULL);
    CHECK(reply_header(&r, "Retry-After", value, sizeof value) && strcmp(value, "1") == 0);
    reply_free(&r);
    expect_echo(&over);
    CHECK(stats_of(&toy).requests_overload == 1);
    CHECK(!client_wait_input(&waiting, 0));
    toy_open_gate(&toy, HTTP_POOL_SLOW);
    expect_held(&running);
    expect_status(&waiting, 200);
    client_close(&running);
    client_close(&waiting);
    client_close(&over);
    toy_stop(&toy);
}

static void without_a_choice_all_run_in_the_main_pool(void)
{
    http_options o = toy_options();
    struct toy toy = {0};
    http_app app;
    char err[256] = "";
    struct client c;
    toy_app(&toy, &app);
    app.pool_of = NULL;
    CHECK_FOR(http_server_start(&o, &app, &toy.server, err, sizeof err) == 0, err);
    CHECK(atomic_load(&toy.workers) == o.pools[HTTP_POOL_MAIN].workers);
    client_open(&c, &toy);
    client_say(&c, SLOW_HOLD);
    WAIT_UNTIL(stats_of(&toy).workers_busy[HTTP_POOL_MAIN] == 1);
    CHECK(stats_of(&toy).workers_busy[HTTP_POOL_SLOW] == 0);
    toy_open_gates(&toy);
    expect_held(&c);
    client_close(&c);
    toy_stop(&toy);
}

static void a_request_that_waited_too_long_is_answered_503(void)
{
    http_options o = toy_options();
    struct toy toy;
    struct client running, waiting;
    struct reply r;
    o.pools[HTTP_POOL_MAIN].workers = 1;
    o.request_timeout_ms = 100;
    toy_start(&toy, &o);
    client_open(&running, &toy);
    client_say(&running, HOLD);
    WAIT_UNTIL(atomic_load(&toy.handled) == 1);
    client_open(&waiting, &toy);
    client_say(&waiting, ECHO);
    CHECK(!client_wait_input(&waiting, 300));
    toy_open_gates(&toy);
    expect_held(&running);
    client_read(&waiting, &r, 0);
    CHECK(r.status == 503);
    reply_free(&r);
    CHECK(atomic_load(&toy.handled) == 1);
    client_close(&running);
    client_close(&waiting);
    toy_stop(&toy);
}

/* A client that only ever sends must be stopped by its own full socket, not fill the server's memory. */
static void input_is_bounded_while_answers_wait(void)
{
    enum { PATIENCE = 30 };
    static const char request[] = "GET /size/60000 HTTP/1.1\r\n" HOST "X-Fill: "
                                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n";
    struct toy toy;
    struct client c;
    size_t sent = 0;
    toy_start(&toy, NULL);
    client_open(&c, &toy);
    for (int stalled = 0; stalled < PATIENCE;) {
        ssize_t n = send(c.fd, request, sizeof request - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        CHECK(n > 0 || errno == EAGAIN);
        sent += n > 0 ? (size_t)n : 0;
        struct pollfd p = {.fd = c.fd, .events = POLLOUT};
        stalled = n > 0 || poll(&p, 1, 10) == 1 ? 0 : stalled + 1;
        CHECK_FOR(sent < (size_t)64 << 20, "the server takes without end");
    }
    client_reset(&c);
    WAIT_UNTIL(stats_of(&toy).connections_open == 0);
    toy_stop(&toy);
}

static void running_out_of_descriptors_is_survived(void)
{
    struct toy toy;
    struct client c;
    struct rlimit before, low;
    int held[256], count = 0;
    toy_start(&toy, NULL);
    CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
    low = before;
    low.rlim_cur = (rlim_t)open_descriptors() + 20;
    CHECK(setrlimit(RLIMIT_NOFILE, &low) == 0);
    while (count < 256 && (held[count] = dup(0)) >= 0)
        count++;
    CHECK(count > 0 && count < 256 && errno == EMFILE);
    close(held[--count]); /* for the client's end: none is left for the server's */
    client_open(&c, &toy);
    client_say(&c, ECHO);
    CHECK(!client_wait_input(&c, 100));
    while (count > 0)
        close(held[--count]);
    expect_echo(&c);
    client_close(&c);
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
    toy_stop(&toy);
}

/* ---- Clients that leave ---- */

static void clients_may_leave_while_their_answer_is_pending(void)
{
    http_options o = toy_options();
    struct toy toy;
    struct client c[4];
    o.pools[HTTP_POOL_MAIN].workers = 4;
    toy_start(&toy, &o);
    for (int i = 0; i < 4; i++) {
        client_open(&c[i], &toy);
        client_say(&c[i], HOLD ECHO);
    }
    WAIT_UNTIL(atomic_load(&toy.handled) == 4);
    client_close(&c[0]);
    client_reset(&c[1]);
    client_reset(&c[2]);
    client_reset(&c[3]);
    toy_open_gates(&toy);
    WAIT_UNTIL(stats_of(&toy).requests_in_flight == 0 && stats_of(&toy).connections_open == 0);
    client_open(&c[0], &toy);
    client_say(&c[0], ECHO);
    expect_echo(&c[0]);
    client_close(&c[0]);
    toy_stop(&toy);
}

static void cut_everything(struct toy *toy)
{
    http_connections_sweep(&toy->server->listeners[0], 1, 1);
}

/* evhttp itself does this only when a "100 Continue" cannot be written: too rare to wait for. */
static void connections_may_die_under_a_running_request(void)
{
    struct toy toy;
    struct client running, refused;
    toy_start(&toy, NULL);
    toy.on_refuse = cut_everything;
    client_open(&running, &toy);
    client_say(&running, HOLD);
    WAIT_UNTIL(atomic_load(&toy.handled) == 1);
    client_open(&refused, &toy);
    client_say(&refused, "TRACE / HTTP/1.1\r\n" HOST "\r\n");
    CHECK(client_ended(&running));
    CHECK(client_ended(&refused));
    CHECK(stats_of(&toy).requests_in_flight == 0);
    toy_open_gates(&toy);
    client_close(&running);
    client_close(&refused);
    toy_stop(&toy);
}

static void clients_may_leave_in_the_middle_of_anything(void)
{
    static const char *const parts[] = {
        "",
        "G",
        "GET /echo HTTP/1.1\r\n",
        "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\nabc",
        "GET /size/8000000 HTTP/1.1\r\n" HOST "\r\n",
        ECHO ECHO ECHO "GET /",
        "BAD\r\n\r\n",
        "TRACE / HTTP/1.1\r\n\r\n",
    };
    struct toy toy;
    toy_start(&toy, NULL);
    for (int i = 0; i < 20; i++) {
        for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++) {
            struct client c;
            client_open(&c, &toy);
            client_say(&c, parts[p]);
            if (i % 2)
                client_reset(&c);
            else
                client_close(&c);
        }
    }
    WAIT_UNTIL(stats_of(&toy).connections_open == 0 && stats_of(&toy).requests_in_flight == 0);
    toy_stop(&toy);
}

static void half_closed_clients_get_their_whole_answer(void)
{
    static const char *const requests[] = {"GET /size/100 HTTP/1.1\r\n" HOST "\r\n",
                                           "GET /size/16000000 HTTP/1.1\r\n" HOST "\r\n",
                                           "GET /static/16000000 HTTP/1.1\r\n" HOST "\r\n"};
    static const size_t sizes[] = {100, 16000000, 16000000};
    struct toy toy;
    toy_start(&toy, NULL);
    for (int i = 0; i < 3; i++) {
        struct client c;
        struct reply r;
        client_open(&c, &toy);
        client_say(&c, requests[i]);
        CHECK(shutdown(c.fd, SHUT_WR) == 0);
        client_read(&c, &r, 0);
        CHECK(r.body_len == sizes[i]);
        CHECK(client_ended(&c));
        reply_free(&r);
        client_close(&c);
    }
    toy_stop(&toy);
}

static void a_thousand_connections_leave_nothing_behind(void)
{
    struct toy toy;
    toy_start(&toy, NULL);
    int before = open_descriptors();
    for (int i = 0; i < 1000; i++) {
        struct client c;
        client_open(&c, &toy);
        client_say(&c, ECHO);
        expect_echo(&c);
        client_close(&c);
    }
    WAIT_UNTIL(stats_of(&toy).connections_open == 0);
    WAIT_UNTIL(open_descriptors() == before);
    http_stats s = stats_of(&toy);
    CHECK(s.connections_accepted == 1000 && s.requests == 1000 && s.requests_refused == 0);
    CHECK(s.connections_cut == 0 && s.connections_refused == 0);
    toy_stop(&toy);
}

/* ---- Start and end ---- */

static void listening_sockets_have_nodelay(void)
{
    http_options o = toy_options();
    struct toy toy;
    int listening = 0;
    o.listeners = 3;
    toy_start(&toy, &o);
    for (int fd = 0; fd < 1024; fd++) {
        int yes = 0;
        socklen_t len = sizeof yes;
        if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &len) != 0 || !yes)
            continue;
        listening++;
        CHECK(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, &len) == 0 && yes);
    }
    CHECK(listening == 3);
    toy_stop(&toy);
}

static void listeners_share_one_port(void)
{
    http_options o = toy_options();
    struct toy toy;
    struct client c[64];
    o.listeners = 3;
    toy_start(&toy, &o);
    for (int i = 0; i < 64; i++)
        client_open(&c[i], &toy);
    for (int i = 0; i < 64; i++) {
        client_say(&c[i], ECHO);
        expect_echo(&c[i]);
    }
    CHECK(stats_of(&toy).connections_open == 64);
    for (int i = 0; i < 64; i++)
        client_close(&c[i]);
    WAIT_UNTIL(stats_of(&toy).connections_open == 0);
    toy_stop(&toy);
}

static void start_fails_with_a_reason(http_options o, int fail_start, const char *reason)
{
    struct toy toy = {0};
    http_app app;
    char err[256] = "";
    toy_app(&toy, &app);
    atomic_store(&toy.fail_start, fail_start);
    CHECK(http_server_start(&o, &app, &toy.server, err, sizeof err) == -1);
    CHECK(toy.server == NULL && atomic_load(&toy.workers) == 0);
    CHECK_FOR(strstr(err, reason) != NULL, err);
}

static void a_start_that_fails_says_why_and_leaves_nothing(void)
{
    struct toy toy;
    int before = open_descriptors();
    http_options o = toy_options();
    o.pools[HTTP_POOL_MAIN].workers = 0;
    start_fails_with_a_reason(o, 0, "workers");
    o = toy_options();
    o.pools[HTTP_POOL_SLOW].queue_limit = 0;
    start_fails_with_a_reason(o, 0, "pools[1].queue_limit");
    o = toy_options();
    o.idle_timeout_ms = -1;
    start_fails_with_a_reason(o, 0, "idle_timeout_ms");
    o = toy_options();
    o.address = "localhost.invalid";
    start_fails_with_a_reason(o, 0, "numeric");
    o.address = NULL;
    start_fails_with_a_reason(o, 0, "address");
    o = toy_options();
    o.address = "192.0.2.1"; /* not ours (RFC 5737) */
    start_fails_with_a_reason(o, 0, "192.0.2.1");
    o = toy_options();
    start_fails_with_a_reason(o, 1, "workers");
    CHECK(open_descriptors() == before);
    for (int listeners = 1; listeners <= 2; listeners++) {
        o = toy_options();
        o.listeners = listeners;
        toy_start(&toy, &o);
        for (o.listeners = 1; o.listeners <= 2; o.listeners++) { /* a port is never shared with another server */
            o.port = http_server_port(toy.server);
            start_fails_with_a_reason(o, 0, "in use");
        }
        toy_stop(&toy);
    }
}

static void *stop_in_thread(void *arg)
{
    struct toy *toy = arg;
    http_server_drain_and_stop(toy->server);
    return NULL;
}

/* Connecting is refused once the listening socket is closed. */
static int is_refused(uint16_t port)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int refused = connect(fd, (struct sockaddr *)&name, sizeof name) != 0 && errno == ECONNREFUSED;
    close(fd);
    return refused;
}

static void draining_finishes_what_has_begun(void)
{
    http_options o = toy_options();
    struct toy toy;
    struct client running, queued, half, idle;
    struct reply r;
    pthread_t stopper;
    o.pools[HTTP_POOL_MAIN].workers = 1;
    o.drain_timeout_ms = 20000;
    toy_start(&toy, &o);
    uint16_t port = http_server_port(toy.server);
    client_open(&running, &toy);
    client_say(&running, HOLD);
    WAIT_UNTIL(atomic_load(&toy.handled) == 1);
    client_open(&queued, &toy);
    client_say(&queued, ECHO);
    WAIT_UNTIL(stats_of(&toy).queue_length[HTTP_POOL_MAIN] == 1);
    client_open(&half, &toy);
    client_say(&half, "POST /p HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nh");
    client_open(&idle, &toy);
    WAIT_UNTIL(stats_of(&toy).connections_open == 4);
    int64_t start = now_ms();
    CHECK(pthread_create(&stopper, NULL, stop_in_thread, &toy) == 0);
    CHECK(client_ended(&idle));
    CHECK(now_ms() - start < 5000); /* not by its own deadline */
    WAIT_UNTIL(is_refused(port));
    client_say(&half, "i");
    toy_open_gates(&toy);
    client_read(&running, &r, 0);
    CHECK(strcmp(r.body, "held") == 0 && reply_count_header(&r, "Connection") == 1);
    CHECK(client_ended(&running));
    reply_free(&r);
    client_read(&queued, &r, 0);
    CHECK(r.status == 200 && client_ended(&queued));
    reply_free(&r);
    client_read(&half, &r, 0);
    CHECK(strcmp(r.body, "POST /p  2\nhi") == 0 && client_ended(&half));
    reply_free(&r);
    CHECK(pthread_join(stopper, NULL) == 0);
    CHECK(atomic_load(&toy.workers) == 0);
    client_close(&running);
    client_close(&queued);
    client_close(&half);
    client_close(&idle);
}

static void draining_waits_for_either_pool(void)
{
    http_options o = toy_options();
    o.drain_timeout_ms = 20000;
    for (int last = 0; last < WAITING_POOLS; last++) {
        struct toy toy;
        struct client running[WAITING_POOLS], queued;
        pthread_t stopper;
        toy_start(&toy, &o);
        uint16_t port = http_server_port(toy.server);
        for (int i = 0; i < WAITING_POOLS; i++) {
            client_open(&running[i], &toy);
            client_say(&running[i], i == HTTP_POOL_SLOW ? SLOW_HOLD : HOLD);
        }
        WAIT_UNTIL(atomic_load(&toy.handled) == 2);
        client_open(&queued, &toy);
        client_say(&queued, SLOW_SIZE);
        WAIT_UNTIL(stats_of(&toy).queue_length[HTTP_POOL_SLOW] == 1);
        CHECK(pthread_create(&stopper, NULL, stop_in_thread, &toy) == 0);
        WAIT_UNTIL(is_refused(port));
        toy_open_gate(&toy, !last);
        expect_held(&running[!last]);
        CHECK(client_ended(&running[!last]));
        CHECK(atomic_load(&toy.workers) == 4); /* all: it is not over */
        toy_open_gate(&toy, last);
        expect_held(&running[last]);
        expect_status(&queued, 200);
        CHECK(pthread_join(stopper, NULL) == 0);
        CHECK(atomic_load(&toy.workers) == 0);
        for (int i = 0; i < WAITING_POOLS; i++)
            client_close(&running[i]);
        client_close(&queued);
    }
}

static void draining_gives_up_in_time(void)
{
    http_options o = toy_options();
    struct toy toy;
    struct client running, queued, half, reader;
    struct reply r;
    pthread_t stopper;
    o.pools[HTTP_POOL_MAIN].workers = 1;
    o.drain_timeout_ms = 200;
    toy_start(&toy, &o);
    client_open(&reader, &toy); /* takes nothing of its answer */
    client_say(&reader, "GET /static/16000000 HTTP/1.1\r\n" HOST "\r\n");
    WAIT_UNTIL(atomic_load(&toy.handled) == 1);
    client_open(&running, &toy);
    client_say(&running, HOLD);
    WAIT_UNTIL(atomic_load(&toy.handled) == 2);
    client_open(&queued, &toy);
    client_say(&queued, ECHO);
    WAIT_UNTIL(stats_of(&toy).queue_length[HTTP_POOL_MAIN] == 1);
    client_open(&half, &toy);
    client_say(&half, "POST /p HTTP/1.1\r\n");
    WAIT_UNTIL(stats_of(&toy).connections_open == 4);
    CHECK(pthread_create(&stopper, NULL, stop_in_thread, &toy) == 0);
    CHECK(!client_wait_input(&running, 400)); /* twice the time to drain: a running handler is waited for */
    toy_open_gates(&toy);
    expect_held(&running);
    client_read(&queued, &r, 0);
    CHECK(r.status == 503);
    reply_free(&r);
    CHECK(client_ended(&half));
    CHECK(pthread_join(stopper, NULL) == 0);
    CHECK(atomic_load(&toy.handled) == 2);
    client_close(&running);
    client_close(&queued);
    client_close(&half);
    client_close(&reader);
}

static void begin_in_both_pools(const struct toy *toy, struct client *running, struct client *queued)
{
    static const char *const holds[WAITING_POOLS] = {HOLD, SLOW_HOLD};
    static const char *const quick[WAITING_POOLS] = {ECHO, SLOW_SIZE};
    for (int i = 0; i < WAITING_POOLS; i++) {
        client_open(&running[i], toy);
        client_say(&running[i], holds[i]);
        WAIT_UNTIL(stats_of(toy).workers_busy[i] == 1);
        client_open(&queued[i], toy);
        client_say(&queued[i], quick[i]);
        WAIT_UNTIL(stats_of(toy).queue_length[i] == 1);
    }
}

/* Whichever pool lasts longer: the other refuses what it has queued, and the end waits. */
static void giving_up_holds_for_both_pools(void)
{
    http_options o = toy_options();
    o.pools[HTTP_POOL_MAIN].workers = 1;
    o.drain_timeout_ms = 1;
    for (int last = 0; last < WAITING_POOLS; last++) {
        struct toy toy;
        struct client running[WAITING_POOLS], queued[WAITING_POOLS];
        pthread_t stopper;
        int order[WAITING_POOLS] = {!last, last};
        toy_start(&toy, &o);
        begin_in_both_pools(&toy, running, queued);
        CHECK(pthread_create(&stopper, NULL, stop_in_thread, &toy) == 0);
        for (int i = 0; i < WAITING_POOLS; i++) {
            CHECK(!client_wait_input(&running[last], 1500)); /* longer than clients are waited for when all workers ended */
            toy_open_gate(&toy, order[i]);
            expect_held(&running[order[i]]);
            expect_status(&queued[order[i]], 503);
        }
        CHECK(pthread_join(stopper, NULL) == 0);
        CHECK(atomic_load(&toy.workers) == 0 && atomic_load(&toy.handled) == 2);
        for (int i = 0; i < WAITING_POOLS; i++) {
            client_close(&running[i]);
            client_close(&queued[i]);
        }
    }
}

static void draining_an_idle_server_takes_no_time(void)
{
    struct toy toy;
    int64_t start = now_ms();
    for (int i = 0; i < 50; i++) {
        http_options o = toy_options();
        o.listeners = 1 + i % 3;
        toy_start(&toy, &o);
        toy_stop(&toy);
    }
    CHECK(now_ms() - start < 10000); /* one drain alone may take that long */
    http_server_drain_and_stop(NULL);
}

const struct test lifecycle_tests[] = {
    {"pipelined requests are answered in order", pipelined_requests_are_answered_in_order},
    {"a second request waits for the first", a_second_request_waits_for_the_first},
    {"slow requests are cut at their deadline", slow_requests_are_cut_at_their_deadline},
    {"silent connections are closed", silent_connections_are_closed},
    {"each phase has its own deadline", each_phase_has_its_own_deadline},
    {"a running request has no deadline of the client", a_running_request_has_no_deadline_of_the_client},
    {"slow readers are cut at their deadline", slow_readers_are_cut_at_their_deadline},
    {"connections over the cap are closed", connections_over_the_cap_are_closed},
    {"a full queue is answered 503", a_full_queue_is_answered_503},
    {"neither pool waits for the other", neither_pool_waits_for_the_other},
    {"probes are answered while all others wait", probes_are_answered_while_all_others_wait},
    {"a full slow queue is answered 503 while others are served", a_full_slow_queue_is_answered_503_while_others_are_served},
    {"without a choice all run in the main pool", without_a_choice_all_run_in_the_main_pool},
    {"a request that waited too long is answered 503", a_request_that_waited_too_long_is_answered_503},
    {"input is bounded while answers wait", input_is_bounded_while_answers_wait},
    {"running out of descriptors is survived", running_out_of_descriptors_is_survived},
    {"clients may leave while their answer is pending", clients_may_leave_while_their_answer_is_pending},
    {"connections may die under a running request", connections_may_die_under_a_running_request},
    {"clients may leave in the middle of anything", clients_may_leave_in_the_middle_of_anything},
    {"half-closed clients get their whole answer", half_closed_clients_get_their_whole_answer},
    {"a thousand connections leave nothing behind", a_thousand_connections_leave_nothing_behind},
    {"listening sockets have TCP_NODELAY", listening_sockets_have_nodelay},
    {"listeners share one port", listeners_share_one_port},
    {"a start that fails says why and leaves nothing", a_start_that_fails_says_why_and_leaves_nothing},
    {"draining finishes what has begun", draining_finishes_what_has_begun},
    {"draining waits for either pool", draining_waits_for_either_pool},
    {"draining gives up in time", draining_gives_up_in_time},
    {"giving up holds for both pools", giving_up_holds_for_both_pools},
    {"draining an idle server takes no time", draining_an_idle_server_takes_no_time},
    {NULL, NULL},
};
