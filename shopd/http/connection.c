/* SPDX-License-Identifier: MIT */
/*
 * Connections as the engine sees them: a cap on their number, and a deadline for each thing a client does.
 *
 * evhttp has neither: its timeout begins anew with every byte. So the engine makes each connection's bufferevent
 * itself (evhttp_set_bevcb), watches what is read from it, and closes late ones by telling evhttp that their read has
 * timed out: bufferevent_trigger_event runs the very path that evhttp's own timeout takes, in whatever state the
 * connection is. evhttp_set_timeout is not used.
 *
 * A bufferevent is made before evhttp knows it. The newborn is therefore adopted a moment later, still before its
 * socket is first polled: by then its callback argument is the evhttp_connection, whose close callback tells the
 * engine of its end, always. Until then the engine holds a reference, so that it never looks at freed memory should
 * evhttp fail in between.
 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine.h"

#define READ_SLACK 16384u /* over the limits, for line ends and chunk sizes */

#define LINE_TEXT 0 /* inside a line */
#define LINE_START 1 /* after LF */
#define LINE_CR 2 /* after LF CR */

static int64_t clock_of(clockid_t id, int64_t units)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * units + (int64_t)t.tv_nsec / (1000000000 / units);
}

int64_t http_clock_ms(void)
{
    return clock_of(CLOCK_MONOTONIC_COARSE, 1000);
}

int64_t http_clock_us(void)
{
    return clock_of(CLOCK_MONOTONIC, 1000000);
}

void http_connection_phase(struct connection *connection, int phase)
{
    const http_options *o = &connection->listener->server->options;
    const int timeouts[] = {o->header_timeout_ms, o->idle_timeout_ms, o->header_timeout_ms, o->body_timeout_ms, 0,
                            o->write_timeout_ms};
    connection->phase = phase;
    connection->deadline_ms = http_clock_ms() + timeouts[phase];
}

/* Tells evhttp that the connection's read has timed out; it frees it, and on_close follows before this returns. */
static void cut(struct connection *connection)
{
    bufferevent_trigger_event(connection->bev, BEV_EVENT_READING | BEV_EVENT_TIMEOUT, 0);
}

/* ---- The end of a request's headers ---- */

/* Goes on in the next bytes; 1 when the empty line has come. */
static int headers_end_in(struct connection *c, const char *text, size_t len)
{
    size_t i = 0;
    while (i < len) {
        if (c->line_state == LINE_TEXT) {
            const char *lf = memchr(text + i, '\n', len - i);
            size_t end = lf != NULL ? (size_t)(lf - text) : len;
            if (memchr(text + i, '\0', end - i) != NULL)
                c->has_nul = 1;
            if (lf == NULL)
                return 0;
            c->line_state = LINE_START;
            i = end + 1;
        } else if (text[i] == '\n') {
            return 1;
        } else if (text[i] == '\r' && c->line_state == LINE_START) {
            c->line_state = LINE_CR;
            i++;
        } else {
            c->line_state = LINE_TEXT; /* looks at the same byte again */
        }
    }
    return 0;
}

/* Goes through the input from an offset to its end. */
static int headers_end_after(struct connection *c, struct evbuffer *input, size_t offset)
{
    struct evbuffer_ptr at;
    size_t left = evbuffer_get_length(input) - offset;
    if (evbuffer_ptr_set(input, &at, offset, EVBUFFER_PTR_SET) != 0)
        return 0;
    while (left > 0) {
        struct evbuffer_iovec part;
        if (evbuffer_peek(input, (ev_ssize_t)left, &at, &part, 1) < 1)
            return 0;
        size_t len = part.iov_len < left ? part.iov_len : left;
        if (headers_end_in(c, part.iov_base, len))
            return 1;
        left -= len;
        if (left > 0 && evbuffer_ptr_set(input, &at, len, EVBUFFER_PTR_ADD) != 0)
            return 0;
    }
    return 0;
}

static void begin_request(struct connection *c)
{
    c->line_state = LINE_TEXT;
    c->has_nul = 0;
    http_connection_phase(c, PHASE_HEADERS);
}

/* While an answer is written evhttp goes on reading, and nobody takes what comes: stop that when it passes what a
 * request may have. It reads again for the next request. */
static void bound_input(struct connection *c, size_t len)
{
    const http_options *o = &c->listener->server->options;
    if (len > o->max_header_bytes + o->max_body_bytes + READ_SLACK)
        bufferevent_disable(c->bev, EV_READ);
}

static void on_input(struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg)
{
    struct connection *c = arg;
    if (info->n_added == 0)
        return;
    bound_input(c, evbuffer_get_length(input));
    if (c->phase > PHASE_HEADERS)
        return;
    if (c->phase != PHASE_HEADERS)
        begin_request(c);
    if (headers_end_after(c, input, evbuffer_get_length(input) - info->n_added))
        http_connection_phase(c, PHASE_BODY);
}

void http_connection_answered(struct connection *c)
{
    struct evbuffer *input = bufferevent_get_input(c->bev);
    c->job = NULL;
    if (evbuffer_get_length(input) == 0) {
        http_connection_phase(c, PHASE_IDLE);
        return;
    }
    begin_request(c);
    if (headers_end_after(c, input, 0))
        http_connection_phase(c, PHASE_BODY);
}

/* ---- Birth and death ---- */

static void uncount(struct listener *listener)
{
    if (atomic_fetch_sub(&listener->server->open, 1) == 1)
        http_server_tell_idle(listener->server);
}

/* evhttp is about to free the connection. A job that is still running is told that nobody waits for it. */
static void on_close(struct evhttp_connection *evcon, void *arg)
{
    struct connection *c = arg;
    struct listener *listener = c->listener;
    (void)evcon;
    if (c->job != NULL)
        c->job->connection = NULL;
    if (c->phase >= PHASE_RUNNING)
        http_count(&listener->counters.in_flight, -1);
    evbuffer_remove_cb_entry(bufferevent_get_input(c->bev), c->on_input);
    listener->by_fd[c->fd] = NULL;
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        listener->connections = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    free(c);
    uncount(listener);
}

static int index_by_fd(struct listener *listener, struct connection *c)
{
    if (c->fd < 0)
        return -1;
    size_t fd = (size_t)c->fd;
    if (fd >= listener->by_fd_size) {
        size_t size = fd + fd / 2 + 64;
        struct connection **bigger = realloc(listener->by_fd, size * sizeof(struct connection *));
        if (bigger == NULL)
            return -1;
        memset(bigger + listener->by_fd_size, 0, (size - listener->by_fd_size) * sizeof *bigger);
        listener->by_fd = bigger;
        listener->by_fd_size = size;
    }
    listener->by_fd[fd] = c;
    return 0;
}

/* evhttp gave up on it before it was adopted. It may have closed the socket: it must not be closed again. */
static void bury(struct connection *c)
{
    bufferevent_setfd(c->bev, -1);
    bufferevent_decref(c->bev);
    uncount(c->listener);
    free(c);
}

static void adopt(struct connection *c)
{
    struct listener *listener = c->listener;
    void *evcon = NULL;
    bufferevent_getcb(c->bev, NULL, NULL, NULL, &evcon);
    if (evcon == NULL) {
        bury(c);
        return;
    }
    bufferevent_decref(c->bev); /* evhttp has its own reference */
    c->fd = bufferevent_getfd(c->bev);
    if (index_by_fd(listener, c) != 0) {
        evbuffer_remove_cb_entry(bufferevent_get_input(c->bev), c->on_input);
        evhttp_connection_free(evcon);
        uncount(listener);
        free(c);
        return;
    }
    c->next = listener->connections;
    if (c->next != NULL)
        c->next->prev = c;
    listener->connections = c;
    evhttp_connection_set_closecb(evcon, on_close, c);
    http_connection_phase(c, PHASE_NEW);
    http_count(&listener->counters.accepted, 1);
    if (c->over_cap) {
        http_count(&listener->counters.refused_connections, 1);
        cut(c);
    }
}

static void on_adopt(evutil_socket_t fd, short what, void *arg)
{
    struct listener *listener = arg;
    (void)fd;
    (void)what;
    while (listener->newborn != NULL) {
        struct connection *c = listener->newborn;
        listener->newborn = c->next;
        c->next = NULL;
        adopt(c);
    }
}

/* evhttp asks for the bufferevent of a connection that was just accepted. On NULL it makes one itself; the engine
 * then does not know the connection and drops its first request. */
static struct bufferevent *on_accept(struct event_base *base, void *arg)
{
    struct listener *listener = arg;
    http_server *server = listener->server;
    struct connection *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    if (c->bev != NULL)
        c->on_input = evbuffer_add_cb(bufferevent_get_input(c->bev), on_input, c);
    if (c->on_input == NULL) {
        if (c->bev != NULL)
            bufferevent_free(c->bev);
        free(c);
        return NULL;
    }
    bufferevent_incref(c->bev);
    c->listener = listener;
    c->over_cap = atomic_fetch_add(&server->open, 1) >= server->options.max_connections;
    c->next = listener->newborn;
    listener->newborn = c;
    event_active(listener->adopt, EV_READ, 0);
    return c->bev;
}

int http_connections_watch(struct listener *listener)
{
    listener->adopt = event_new(listener->base, -1, EV_PERSIST, on_adopt, listener);
    if (listener->adopt == NULL)
        return -1;
    evhttp_set_bevcb(listener->http, on_accept, listener);
    return 0;
}

struct connection *http_connection_of(struct listener *listener, struct evhttp_request *evreq)
{
    struct evhttp_connection *evcon = evhttp_request_get_connection(evreq);
    struct bufferevent *bev = evhttp_connection_get_bufferevent(evcon);
    int fd = bufferevent_getfd(bev);
    if (fd < 0 || (size_t)fd >= listener->by_fd_size)
        return NULL;
    struct connection *c = listener->by_fd[fd];
    return c != NULL && c->bev == bev ? c : NULL;
}

static int is_late(const struct connection *c, int64_t now)
{
    return c->phase != PHASE_RUNNING && now > c->deadline_ms;
}

void http_connections_sweep(struct listener *listener, int idle_too, int all)
{
    int64_t now = http_clock_ms();
    struct connection *next;
    for (struct connection *c = listener->connections; c != NULL; c = next) {
        next = c->next;
        if (is_late(c, now)) {
            http_count(&listener->counters.cut, 1);
            cut(c);
        } else if (all || (idle_too && c->phase <= PHASE_IDLE)) {
            cut(c);
        }
    }
}
