/* SPDX-License-Identifier: MIT */
/* What the engine's own files share; nobody else includes it. */
#ifndef SHOPD_HTTP_ENGINE_H
#define SHOPD_HTTP_ENGINE_H

#include <pthread.h>
#include <stdatomic.h>

#include "http.h"

struct evhttp_request;
struct event_base;
struct connection;
struct listener;

/* ---- text.c: characters and headers ---- */

int http_is_token(const char *text);
int http_is_field_value(const char *text); /* no control character but tab */

/* ---- response.c ---- */

struct http_response {
    int status;
    int close;
    int failed; /* memory ran out while it was filled */
    int has_type; /* a Content-Type was given */
    char *fields; /* "Name\0value\0Name\0value\0" */
    size_t fields_len, fields_size;
    char *body; /* own, reused */
    size_t body_size;
    const char *data; /* what to send: body, or static data */
    size_t data_len;
};

void http_response_recycle(struct http_response *res); /* as new; keeps memory of a usual size */
void http_response_discard(struct http_response *res); /* frees what it holds */

/* ---- check.c: framing rules ---- */

struct framing {
    int major, minor; /* HTTP version */
    int has_nul; /* a NUL byte stood in the header block */
    size_t max_header_count;
};

/* The rule that a request breaks, or NULL. */
const http_refusal *http_check_request(const http_request *req, const struct framing *framing);

/* Whether the client asks, in any Connection header, to close. */
int http_wants_close(const http_request *req);

extern const http_refusal http_refusal_overload; /* 503 */
extern const http_refusal http_refusal_memory; /* 500 */

/* ---- job.c: one request on its way through the threads ---- */

struct job {
    struct job *next;
    struct listener *listener;
    struct evhttp_request *evreq; /* the listener's; a worker never touches it */
    struct connection *connection; /* the listener's; NULL once it has died */
    const http_refusal *refusal; /* set by a worker that did not run it */
    http_request request;
    struct http_response response;
    char *block; /* header array, strings and body of the request */
    size_t block_size;
};

struct job_list {
    struct job *first, *last;
    size_t count;
};

struct job *http_job_new(void);
void http_job_free(struct job *job);
/* Copies the request; 0, or -1 without memory. */
int http_job_fill(struct job *job, struct evhttp_request *evreq);
/* Forgets the request and the answer, keeps memory of a usual size. */
void http_job_recycle(struct job *job);

void http_job_list_add(struct job_list *list, struct job *job);
struct job *http_job_list_take(struct job_list *list);

/* ---- pool.c: a bounded queue and its workers ---- */

struct pool;

/* Starts the workers of pool HTTP_POOL_…; NULL when one does not start (err says why). */
struct pool *http_pool_start(int which, const http_options *options, const http_app *app, char *err, size_t errlen);
/* Queues jobs from the front of the list; those left in it found no room. */
void http_pool_add(struct pool *pool, struct job_list *jobs);
/* Takes no more jobs; the workers finish those queued (abandon: hand them back unrun) and end. Does not wait for that. */
void http_pool_close(struct pool *pool, int abandon);
/* Waits for the workers of a closed pool. */
void http_pool_join(struct pool *pool);
void http_pool_free(struct pool *pool); /* one that is joined */
void http_pool_stats(struct pool *pool, uint64_t *queue_length, uint64_t *workers_busy);

/* ---- listener.c and connection.c: evhttp on one thread ---- */

#define STAGE_SERVE 0
#define STAGE_DRAIN 1 /* no new connection, idle ones are closed, answers close theirs */
#define STAGE_STOP 2 /* ends as soon as all is written, or time is up */

/* Counters with one writer each, read by anybody. */
struct counters {
    _Atomic uint64_t accepted, refused_connections, cut, requests, refused, overload, in_flight;
};

struct http_server {
    http_options options;
    char address[64];
    uint16_t port;
    http_app app;
    struct pool *pools[HTTP_POOLS]; /* NULL: not there */
    struct listener *listeners;
    int listener_count; /* that were made */
    atomic_int open; /* connections of all listeners */
    atomic_int accepting; /* listeners that have not begun to drain */
    pthread_mutex_t lock;
    pthread_cond_t idle; /* with lock: told when open or accepting reaches 0 */
};

void http_server_tell_idle(http_server *server);

struct listener {
    http_server *server;
    pthread_t thread;
    int running;
    struct event_base *base;
    struct evhttp *http;
    struct evhttp_bound_socket *bound;
    struct event *wake, *adopt, *tick;
    int wake_fd; /* eventfd: jobs are done, or the stage has changed */
    atomic_int stage;
    pthread_mutex_t done_lock;
    struct job_list done; /* with done_lock: jobs to answer */
    /* From here on only the listener's thread. */
    struct job_list fresh[HTTP_POOLS]; /* read in this turn of the loop, not yet queued */
    struct job_list spare; /* for reuse */
    struct connection *connections; /* all that are adopted */
    struct connection *newborn; /* made, but not yet known to evhttp */
    struct connection **by_fd;
    size_t by_fd_size;
    char date[32]; /* of the second date_s */
    int64_t date_s;
    struct counters counters;
};

/* Makes base, evhttp and eventfd around a listening socket, which it owns from then on; 0, or -1. */
int http_listener_init(struct listener *listener, http_server *server, int fd);
/* Starts its thread; 0, or -1. */
int http_listener_run(struct listener *listener);
/* Moves a running listener to a later stage. Thread-safe. */
void http_listener_stage(struct listener *listener, int stage);
/* Joins a listener that was told to stop and frees it; also one that never ran, or was made by half. */
void http_listener_end(struct listener *listener);
/* A worker hands a job back. Thread-safe. */
void http_listener_done(struct listener *listener, struct job *job);

static inline void http_count(_Atomic uint64_t *counter, int64_t by)
{
    uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, now + (uint64_t)by, memory_order_relaxed);
}

/* ---- connection.c: deadlines and the cap ---- */

/* What a connection does now, each with a deadline of its own. */
#define PHASE_NEW 0 /* accepted, nothing has come */
#define PHASE_IDLE 1 /* between two requests */
#define PHASE_HEADERS 2 /* part of a request has come */
#define PHASE_BODY 3 /* its headers have, its body has not */
#define PHASE_RUNNING 4 /* the app has it: no deadline here */
#define PHASE_WRITING 5 /* the answer is on its way */

struct connection {
    struct connection *next, *prev;
    struct listener *listener;
    struct bufferevent *bev;
    struct evbuffer_cb_entry *on_input;
    struct job *job; /* RUNNING */
    int64_t deadline_ms; /* of the phase; on http_clock_ms */
    int fd;
    int phase;
    int over_cap;
    int has_nul; /* in the headers now read */
    int line_state; /* of the search for the end of the headers */
};

int64_t http_clock_ms(void); /* monotonic, cheap, a few ms coarse */
int64_t http_clock_us(void); /* monotonic, exact */

/* Makes evhttp tell of every connection. 0, or -1. */
int http_connections_watch(struct listener *listener);
struct connection *http_connection_of(struct listener *listener, struct evhttp_request *evreq);
void http_connection_phase(struct connection *connection, int phase);
/* The answer is written: what comes next? Looks for the next request in what was read ahead. */
void http_connection_answered(struct connection *connection);
/* Closes what is past its deadline; with idle_too also what has no request under way; with all everything. */
void http_connections_sweep(struct listener *listener, int idle_too, int all);

#endif
