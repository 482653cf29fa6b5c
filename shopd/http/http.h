/* SPDX-License-Identifier: MIT */
/*
 * The HTTP/1.1 engine of shopd: listeners that parse, workers that answer, and nothing that knows the shop.
 *
 * The engine is libevent's evhttp (2.1.12-stable-8+deb12u1 or later), but nothing of it shows here, so that another
 * engine can take its place. A listener thread reads a request, checks its framing, copies it and queues it; a worker
 * thread runs the app's handler on the copy; the answer goes back to the thread that owns the connection. Requests that
 * may wait long for somebody else have a pool of workers and a queue of their own, so that they hold up no other.
 *
 * What evhttp refuses before there is a request cannot be hooked; it answers a short HTML page and closes:
 *   400  malformed request line or header; request line or headers over max_header_bytes (not 414 or 431);
 *        Content-Length together with Transfer-Encoding; a Content-Length that is no number; an empty first line
 *   413  a body over max_body_bytes, also before it is sent; a chunked body that is malformed or has extensions
 *   417  an Expect other than 100-continue on a request with a body
 * Connections over max_connections and those past a deadline are closed without an answer. Everything else that the
 * engine refuses is filled in by the app's refuse callback.
 *
 * SIGPIPE: the engine's threads block all signals, so a peer that has gone never raises one here; the program
 * should ignore it all the same, for its other threads.
 */
#ifndef SHOPD_HTTP_HTTP_H
#define SHOPD_HTTP_HTTP_H

#include <stddef.h>
#include <stdint.h>

#define HTTP_OTHER 0 /* a method the engine does not know; never reaches a handler */
#define HTTP_GET 1
#define HTTP_HEAD 2
#define HTTP_POST 3
#define HTTP_PUT 4
#define HTTP_PATCH 5
#define HTTP_DELETE 6
#define HTTP_OPTIONS 7
#define HTTP_TRACE 8 /* never reaches a handler */
#define HTTP_CONNECT 9 /* never reaches a handler */

typedef struct http_server http_server;

typedef struct http_header {
    const char *name; /* as sent: compare without case */
    const char *value; /* without white space around it; "" when empty */
} http_header;

/*
 * One request: a copy that its handler owns until it returns. All strings end in NUL. A handler may rely on: a known
 * method, a target of printable ASCII that begins with one '/' (or is "*", with OPTIONS), exactly one Host header,
 * header names that are tokens, header values without control characters.
 */
typedef struct http_request {
    int method; /* HTTP_GET, … */
    const char *target; /* the request target as sent */
    const char *path; /* raw (undecoded) path, without the query: see url.h */
    size_t path_len;
    const char *query; /* raw query without its '?', "" when there is none */
    const http_header *headers;
    size_t header_count;
    const char *body; /* "" when there is none; may hold NUL bytes */
    size_t body_len;
    const char *peer; /* remote address as text, without port */
    int64_t received_us; /* CLOCK_MONOTONIC, when the last byte had come */
    int64_t deadline_us; /* CLOCK_MONOTONIC, when the answer should be there (request_timeout_ms) */
} http_request;

/* "GET", … ; "OTHER" for HTTP_OTHER and numbers that are no method. Never NULL. Thread-safe. */
const char *http_method_name(int method);

/* Value of the first header of this name (without case), or NULL. Lives as long as the request. */
const char *http_request_header(const http_request *req, const char *name);

/*
 * Looks up a cookie by its exact name in all Cookie headers. *value points into the request and is NOT ended by
 * NUL: it is *len bytes long; quotes around it are left out. Returns 1 when found, 0 when absent, -1 when it cannot
 * be trusted: it is there twice, or its value has bytes that RFC 6265 does not allow. Other cookies do not matter.
 */
int http_cookie(const http_request *req, const char *name, const char **value, size_t *len);

/*
 * The answer, filled by a handler on a worker thread (or by refuse on a listener thread). It starts as 200 with no
 * header and no body. The engine adds Content-Length, Date, Connection, and Content-Type where it is missing; it
 * leaves the body out of answers to HEAD and of 204 and 304. A failure of one of these functions for want of memory
 * is remembered: the app is then asked to refuse with 500 instead.
 */
typedef struct http_response http_response;

/* Sets the status, 200 to 599; anything else becomes 500. */
void http_response_status(http_response *res, int status);

/*
 * Adds a header (never replaces one). Returns 0; -1 when refused: the name is no token or is one that the engine
 * writes itself (Connection, Content-Length, Date, Transfer-Encoding), the value has a control character, all
 * headers together pass 16 KiB, or there is no memory.
 */
int http_response_header(http_response *res, const char *name, const char *value);

/* Sets the body, replacing what was there; the data is copied. Returns 0, or -1: over 64 MiB or no memory. */
int http_response_body(http_response *res, const void *data, size_t len);

/* The same without copying, for data that lives as long as the program (embedded files). */
void http_response_body_static(http_response *res, const void *data, size_t len);

/* Asks for the connection to be closed after this answer. */
void http_response_close(http_response *res);

/* Back to 200 with no header and no body: for an error found half-way. A request to close stays. */
void http_response_reset(http_response *res);

/* What was set so far, for logs and counters. */
int http_response_get_status(const http_response *res);
size_t http_response_get_length(const http_response *res);

#define HTTP_SAME_SITE_STRICT 0
#define HTTP_SAME_SITE_LAX 1
#define HTTP_SAME_SITE_NONE 2 /* needs secure */

typedef struct http_set_cookie_options {
    const char *path; /* NULL: no Path attribute */
    int64_t max_age_s; /* 0 deletes the cookie; below 0: a cookie of the session */
    int http_only;
    int secure;
    int same_site; /* HTTP_SAME_SITE_… */
} http_set_cookie_options;

/*
 * Adds a Set-Cookie header. Returns 0; -1 when refused: the name is no token, the value or the path has bytes that
 * RFC 6265 does not allow, the line would pass 4 KiB, SameSite=None without Secure, a __Secure- name without Secure,
 * a __Host- name without Secure or with a path other than "/"; or when http_response_header refuses it.
 */
int http_set_cookie(http_response *res, const char *name, const char *value, const http_set_cookie_options *options);

/* Why the engine does not pass a request on. */
typedef struct http_refusal {
    int status; /* 400, 405, 431, 500, 501, 503, 505 */
    const char *code; /* a stable snake_case word, such as "malformed_request" */
    const char *detail; /* one sentence for a person */
} http_refusal;

/* Which workers run a request. */
#define HTTP_POOL_MAIN 0
#define HTTP_POOL_SLOW 1 /* for requests that may wait long for somebody else; only there when http_app.pool_of is given */
#define HTTP_POOL_PROBE 2 /* for those that never wait, and must be answered while all others do; likewise */
#define HTTP_POOLS 3

/* The program behind the engine. All members but pool_of must be given. */
typedef struct http_app {
    /* Makes the state of one worker, on its thread. NULL: the server does not start. */
    void *(*worker_start)(void *app);
    /* Frees it, on the same thread, after the worker's last request. */
    void (*worker_stop)(void *state);
    /* Answers one request, on a worker thread. */
    void (*handle)(void *state, const http_request *req, http_response *res);
    /*
     * Fills the answer of a refusal; status and Retry-After are already set. Runs on a listener thread and must be
     * cheap. req is the request as it came: nothing in it was checked; its strings are valid all the same.
     */
    void (*refuse)(void *app, const http_refusal *why, const http_request *req, http_response *res);
    /*
     * Names the pool that runs a request: HTTP_POOL_…. Runs on a listener thread and must be cheap. NULL: all run in
     * HTTP_POOL_MAIN.
     */
    int (*pool_of)(void *app, const http_request *req);
    void *app;
} http_app;

typedef struct http_pool_options {
    int workers; /* threads that run handlers, 1 to 1024; 4 */
    size_t queue_limit; /* requests that may wait for one of them, from 1; more are answered 503; 1024 */
} http_pool_options;

/* Times are in milliseconds and at least 1. A value out of range is refused by http_server_start. */
typedef struct http_options {
    const char *address; /* numeric IPv4 or IPv6 address; "127.0.0.1" */
    uint16_t port; /* 0: the system picks a free one; 0 */
    int listeners; /* threads that accept and parse, 1 to 64; 1 */
    http_pool_options pools[HTTP_POOLS];
    size_t max_header_bytes; /* of the request line and headers, 256 to 1 MiB; 16 KiB */
    size_t max_header_count; /* 1 to 1000; 100 */
    size_t max_body_bytes; /* up to 64 MiB; 256 KiB */
    int max_connections; /* open at once on all listeners, from 1; more are closed at once; 4096 */
    int header_timeout_ms; /* from accept, or a request's first byte, to the end of its headers; 10 s */
    int body_timeout_ms; /* from the end of the headers to the end of the body; 30 s */
    int idle_timeout_ms; /* between two requests; 60 s */
    int write_timeout_ms; /* for the client to take a whole answer; 120 s */
    int request_timeout_ms; /* see http_request.deadline_us; one that waited longer is answered 503; 30 s */
    int drain_timeout_ms; /* see http_server_drain_and_stop; 10 s */
} http_options;

/* Fills in the defaults that stand last in each comment above. */
void http_options_init(http_options *options);

/*
 * Binds, starts the threads and returns 0 with *out set; connections are accepted from then on. On failure returns
 * -1, leaves nothing running and writes one sentence to err. options and app are copied; what app points to, and the
 * address string during the call only, must outlive the server. http_server_drain_and_stop must be called to free it.
 */
int http_server_start(const http_options *options, const http_app *app, http_server **out, char *err, size_t errlen);

/* The port it listens on (the one picked, when 0 was asked for), and the address as it was given. */
uint16_t http_server_port(const http_server *server);
const char *http_server_address(const http_server *server);

/*
 * Ends gracefully, then frees the server: new connections are refused and idle ones closed; requests that have
 * begun are read, run and answered (with Connection: close) for up to drain_timeout_ms; what still waits for a worker
 * then is answered 503; running handlers are waited for; then the rest is closed. Not to be called by a handler, nor
 * twice. NULL is allowed.
 */
void http_server_drain_and_stop(http_server *server);

/* Counters since the start, and gauges. Each is right by itself; together they are no snapshot. */
typedef struct http_stats {
    uint64_t connections_accepted;
    uint64_t connections_refused; /* over max_connections */
    uint64_t connections_cut; /* past a deadline */
    uint64_t connections_open; /* gauge */
    uint64_t requests; /* that reached the app: handed to a worker, or refused */
    uint64_t requests_refused; /* of those, refused by the engine, whatever the reason */
    uint64_t requests_overload; /* of those, 503: a queue was full, the wait too long, or the server ending */
    uint64_t requests_in_flight; /* gauge: read and not yet answered whole */
    uint64_t queue_length[HTTP_POOLS]; /* gauge: waiting for a worker */
    uint64_t workers_busy[HTTP_POOLS]; /* gauge */
} http_stats;

/* Thread-safe while the server runs. */
void http_server_stats(const http_server *server, http_stats *stats);

#endif
