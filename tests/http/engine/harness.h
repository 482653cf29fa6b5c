/* SPDX-License-Identifier: MIT */
/* What the engine's socket tests share: checks, a toy app with a gate, and a client that speaks raw bytes. */
#ifndef TESTS_HTTP_ENGINE_HARNESS_H
#define TESTS_HTTP_ENGINE_HARNESS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../../../shopd/http/http.h"

/* ---- Checks: the first that fails ends the test program, saying where ---- */

void check_failed(const char *file, int line, const char *what, const char *detail);
#define CHECK(what) ((what) ? (void)0 : check_failed(__FILE__, __LINE__, #what, ""))
#define CHECK_FOR(what, detail) ((what) ? (void)0 : check_failed(__FILE__, __LINE__, #what, detail))

struct test {
    const char *name;
    void (*run)(void);
};
extern const struct test framing_tests[]; /* each ended by {NULL, NULL} */
extern const struct test lifecycle_tests[];

/* ---- The toy app ----
 * /echo       METHOD path query body-length, then the body
 * /header/N   value of the request's header N
 * /size/N     N bytes        /static/N  the same without copying
 * /status/N   answers N with a body "body"
 * /plain      a body without a Content-Type
 * /bad        tries headers that must be refused, says how many were
 * /close      asks to close
 * /huge       a body over the engine's limit
 * /hold       waits until the gate of its pool opens, then answers "held"
 * /slow/…     any of these, run by the pool HTTP_POOL_SLOW
 * /probe/…    … by HTTP_POOL_PROBE
 */
struct toy {
    http_server *server;
    atomic_int handled; /* handlers entered */
    atomic_int refused; /* refusals */
    atomic_int workers; /* states alive */
    atomic_int fail_start; /* worker_start returns NULL */
    atomic_int open[HTTP_POOLS]; /* the gates */
    void (*on_refuse)(struct toy *toy); /* if any: called on the listener's thread */
};

/* Starts on a free port with the given options, or the defaults with 2 workers when NULL. */
void toy_start(struct toy *toy, const http_options *options);
void toy_app(struct toy *toy, http_app *app);
void toy_stop(struct toy *toy);
void toy_open_gate(struct toy *toy, int pool);
void toy_open_gates(struct toy *toy);
http_options toy_options(void);

/* Waits until a condition holds; fails the test after 20 s. */
#define WAIT_UNTIL(what)                                                                                                       \
    for (int tries_ = 0; !(what); tries_++) {                                                                                  \
        CHECK_FOR(tries_ < 20000, "waited too long for " #what);                                                               \
        pause_briefly();                                                                                                       \
    }
void pause_briefly(void); /* 1 ms, between two looks at a condition */
http_stats stats_of(const struct toy *toy);
int64_t now_ms(void);

/* ---- The client ---- */

struct client {
    int fd;
    char *data; /* read and not yet taken */
    size_t len, size;
    int ended; /* EOF or reset was seen */
};

struct reply {
    int status;
    char head[8192]; /* status line and headers */
    char *body; /* ended by NUL */
    size_t body_len;
};

void client_open(struct client *c, const struct toy *toy);
void client_close(struct client *c);
void client_reset(struct client *c); /* closes with RST */
void client_send(struct client *c, const void *data, size_t len);
void client_say(struct client *c, const char *text);
/* Reads one reply; without_body: of HEAD, 204, 304. Fails the test when none comes. */
void client_read(struct client *c, struct reply *r, int without_body);
void client_read_body(struct client *c, struct reply *r);
int client_ended(struct client *c); /* waits; 1 when the server closed and nothing more had come */
int client_wait_input(struct client *c, int ms); /* 1: something to read (or EOF) within ms */
void reply_free(struct reply *r);
/* Copies the value of a header of the reply; 0 when absent. */
int reply_header(const struct reply *r, const char *name, char *value, size_t size);
int reply_count_header(const struct reply *r, const char *name);

/* Sends text on a new connection and reads one reply with a body. */
void ask(const struct toy *toy, const char *text, struct reply *r);
int open_descriptors(void);

#endif
