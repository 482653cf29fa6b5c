/* SPDX-License-Identifier: MIT */
/*
 * A listener: one thread with its own event_base and evhttp, which nobody else touches. Requests leave it through the
 * pool; answers come back on its done list, announced by one eventfd, written only when the list was empty.
 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "engine.h"

#define SPARE_JOBS 256u /* kept for reuse */
#define COPY_BODY 2048u /* smaller bodies are copied: cheaper than a reference */
#define BLIND_BODY 65536u /* larger bodies are written without listening for the client */
#define STOP_GRACE_MS 1000 /* for clients to take the last answers when draining has failed */
#define ALL_METHODS 0xFFFFu /* also those that evhttp does not know: the refusal is ours then */
#define RETRY_AFTER "1"

/* ---- Answering ---- */

static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {402, "Payment Required"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {422, "Unprocessable Content"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "";
}

static struct job *take_job(struct listener *l)
{
    struct job *job = http_job_list_take(&l->spare);
    if (job == NULL)
        job = http_job_new();
    if (job != NULL)
        job->listener = l;
    return job;
}

static void release_job(struct job *job)
{
    struct listener *l = job->listener;
    if (l->spare.count >= SPARE_JOBS) {
        http_job_free(job);
        return;
    }
    http_job_recycle(job);
    http_job_list_add(&l->spare, job);
}

/* The body of the answer is written, or its connection has gone. */
static void on_body_used(const void *data, size_t len, void *arg)
{
    (void)data;
    (void)len;
    release_job(arg);
}

static const char *date_now(struct listener *l)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec != l->date_s) {
        struct tm tm;
        gmtime_r(&now.tv_sec, &tm);
        evutil_date_rfc1123(l->date, sizeof l->date, &tm);
        l->date_s = now.tv_sec;
    }
    return l->date;
}

static int has_body(int status)
{
    return status != 204 && status != 304;
}

static int add_fields(struct evkeyvalq *headers, const struct http_response *res)
{
    for (size_t at = 0; at < res->fields_len;) {
        const char *name = res->fields + at;
        const char *value = name + strlen(name) + 1;
        if (evhttp_add_header(headers, name, value) != 0)
            return -1;
        at += strlen(name) + strlen(value) + 2;
    }
    return 0;
}

/* Everything but the body. HTTP_HEAD gets the length that GET would have. */
static int add_headers(struct listener *l, struct job *job)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(job->evreq);
    const struct http_response *res = &job->response;
    char length[24];
    if (add_fields(headers, res) != 0 || evhttp_add_header(headers, "Date", date_now(l)) != 0)
        return -1;
    if (has_body(res->status)) {
        snprintf(length, sizeof length, "%zu", res->data_len);
        if (evhttp_add_header(headers, "Content-Length", length) != 0)
            return -1;
        if (!res->has_type && evhttp_add_header(headers, "Content-Type", "application/octet-stream") != 0)
            return -1;
    }
    if (!res->close)
        return 0;
    /* evhttp must not add its own answer to a client's wish to keep the connection. */
    evhttp_remove_header(evhttp_request_get_input_headers(job->evreq), "Connection");
    return evhttp_add_header(headers, "Connection", "close");
}

/* 1: the job is released once the body is written; 0: it is no longer needed; -1: no memory. */
static int add_body(struct job *job)
{
    const struct http_response *res = &job->response;
    struct evbuffer *output = evhttp_request_get_output_buffer(job->evreq);
    if (res->data_len == 0 || job->request.method == HTTP_HEAD || !has_body(res->status))
        return 0;
    if (res->data_len <= COPY_BODY)
        return evbuffer_add(output, res->data, res->data_len);
    if (res->data != res->body)
        return evbuffer_add_reference(output, res->data, res->data_len, NULL, NULL);
    return evbuffer_add_reference(output, res->data, res->data_len, on_body_used, job) == 0 ? 1 : -1;
}

static void on_answered(struct evhttp_request *evreq, void *arg)
{
    struct connection *c = arg;
    (void)evreq;
    http_count(&c->listener->counters.in_flight, -1);
    http_connection_answered(c);
}

/* Frees evreq and its connection without an answer. */
static void drop(struct evhttp_request *evreq)
{
    evhttp_connection_free(evhttp_request_get_connection(evreq));
}

/* Sends job->response and parts with the job. */
static void send_answer(struct listener *l, struct job *job)
{
    struct evhttp_request *evreq = job->evreq;
    struct connection *c = job->connection;
    int status = job->response.status;
    if (c == NULL) { /* the client has gone: this only frees evreq */
        evhttp_send_reply(evreq, status, NULL, NULL);
        release_job(job);
        return;
    }
    struct bufferevent *bev = c->bev;
    size_t length = job->response.data_len;
    if (atomic_load_explicit(&l->stage, memory_order_relaxed) != STAGE_SERVE || http_wants_close(&job->request))
        job->response.close = 1;
    c->job = NULL;
    int kept = add_headers(l, job) == 0 ? add_body(job) : -1;
    if (kept != 1)
        release_job(job);
    if (kept < 0) {
        drop(evreq);
        return;
    }
    http_connection_phase(c, PHASE_WRITING);
    evhttp_request_set_on_complete_cb(evreq, on_answered, c);
    evhttp_send_reply(evreq, status, reason_of(status), NULL);
    /* A client that has sent all it will (half-closed) would end the connection before a long answer is out. */
    if (length > BLIND_BODY)
        bufferevent_disable(bev, EV_READ);
}

static void refuse(struct listener *l, struct job *job, const http_refusal *why)
{
    const http_app *app = &l->server->app;
    struct http_response *res = &job->response;
    http_count(&l->counters.refused, 1);
    http_response_recycle(res);
    http_response_status(res, why->status);
    if (why == &http_refusal_overload) {
        http_count(&l->counters.overload, 1);
        http_response_header(res, "Retry-After", RETRY_AFTER);
    } else if (why != &http_refusal_memory) {
        http_response_close(res); /* what follows may not be a request */
    }
    app->refuse(app->app, why, &job->request, res);
    http_response_status(res, why->status);
    send_answer(l, job);
}

static void finish(struct listener *l, struct job *job)
{
    if (job->refusal == NULL && job->response.failed)
        job->refusal = &http_refusal_memory;
    if (job->refusal != NULL && job->connection != NULL)
        refuse(l, job, job->refusal);
    else
        send_answer(l, job);
}

/* ---- Taking requests ---- */

/* evhttp answers CONNECT as a tunnel that never closes, an absolute URI as a proxy, and echoes any version. */
static void normalise(struct evhttp_request *evreq)
{
    evreq->flags &= ~EVHTTP_PROXY_REQUEST;
    if (evreq->type == EVHTTP_REQ_CONNECT)
        evreq->type = EVHTTP_REQ_GET;
    if (evreq->major != 1 || evreq->minor < 0 || evreq->minor > 1) {
        evreq->major = 1;
        evreq->minor = 1;
    }
}

static int pool_of(const struct listener *l, const http_request *req)
{
    const http_app *app = &l->server->app;
    int which = app->pool_of != NULL ? app->pool_of(app->app, req) : HTTP_POOL_MAIN;
    return which > HTTP_POOL_MAIN && which < HTTP_POOLS ? which : HTTP_POOL_MAIN;
}

static void on_request(struct evhttp_request *evreq, void *arg)
{
    struct listener *l = arg;
    const http_options *options = &l->server->options;
    struct connection *c = http_connection_of(l, evreq);
    struct job *job = c != NULL ? take_job(l) : NULL;
    if (job == NULL || http_job_fill(job, evreq) != 0) {
        if (job != NULL)
            release_job(job);
        drop(evreq);
        return;
    }
    struct framing framing = {evreq->major, evreq->minor, c->has_nul, options->max_header_count};
    job->connection = c;
    job->request.received_us = http_clock_us();
    job->request.deadline_us = job->request.received_us + (int64_t)options->request_timeout_ms * 1000;
    c->job = job;
    http_connection_phase(c, PHASE_RUNNING);
    http_count(&l->counters.requests, 1);
    http_count(&l->counters.in_flight, 1);
    normalise(evreq);
    const http_refusal *why = http_check_request(&job->request, &framing);
    if (why != NULL)
        refuse(l, job, why);
    else
        http_job_list_add(&l->fresh[pool_of(l, &job->request)], job);
}

/* Queues what this turn of the loop has read; what finds no room is refused. */
static void queue_fresh(struct listener *l)
{
    for (int i = 0; i < HTTP_POOLS; i++) {
        struct job *job;
        if (l->fresh[i].first == NULL)
            continue;
        http_pool_add(l->server->pools[i], &l->fresh[i]);
        while ((job = http_job_list_take(&l->fresh[i])) != NULL)
            refuse(l, job, &http_refusal_overload);
    }
}

/* ---- The loop ---- */

static void answer_done(struct listener *l)
{
    pthread_mutex_lock(&l->done_lock);
    struct job_list done = l->done;
    l->done = (struct job_list){0};
    pthread_mutex_unlock(&l->done_lock);
    struct job *job;
    while ((job = http_job_list_take(&done)) != NULL)
        finish(l, job);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    uint64_t count;
    (void)what;
    if (read(fd, &count, sizeof count) == (ssize_t)sizeof count) /* before the list is looked at */
        answer_done(arg);
}

static void wake(struct listener *l)
{
    uint64_t one = 1;
    ssize_t n = write(l->wake_fd, &one, sizeof one);
    (void)n; /* fails only when the counter is full: then it is awake */
}

void http_listener_done(struct listener *l, struct job *job)
{
    pthread_mutex_lock(&l->done_lock);
    int was_empty = l->done.first == NULL;
    http_job_list_add(&l->done, job);
    pthread_mutex_unlock(&l->done_lock);
    if (was_empty)
        wake(l);
}

void http_listener_stage(struct listener *l, int stage)
{
    atomic_store(&l->stage, stage);
    wake(l);
}

/* Accepting failed for want of descriptors or memory: pause until the next tick, rather than spin. */
static void on_accept_error(struct evconnlistener *accepting, void *arg)
{
    (void)arg;
    evconnlistener_disable(accepting);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct listener *l = arg;
    (void)fd;
    (void)what;
    if (l->bound != NULL)
        evconnlistener_enable(evhttp_bound_socket_get_listener(l->bound));
    http_connections_sweep(l, 0, 0);
}

static void stop_accepting(struct listener *l)
{
    if (l->bound == NULL)
        return;
    evhttp_del_accept_socket(l->http, l->bound);
    l->bound = NULL;
    if (atomic_fetch_sub(&l->server->accepting, 1) == 1)
        http_server_tell_idle(l->server);
}

/* All workers have ended: what they left is the last to answer. */
static int may_end(struct listener *l, int64_t *give_up_ms)
{
    answer_done(l);
    if (*give_up_ms == 0)
        *give_up_ms = http_clock_ms() + STOP_GRACE_MS;
    return l->connections == NULL || http_clock_ms() > *give_up_ms;
}

static void serve(struct listener *l)
{
    int64_t give_up_ms = 0;
    for (;;) {
        event_base_loop(l->base, EVLOOP_ONCE);
        queue_fresh(l);
        int stage = atomic_load(&l->stage);
        if (stage == STAGE_SERVE)
            continue;
        stop_accepting(l);
        http_connections_sweep(l, 1, 0);
        if (stage == STAGE_STOP && may_end(l, &give_up_ms))
            return;
    }
}

static void close_all(struct listener *l)
{
    http_connections_sweep(l, 1, 1);
    if (l->base != NULL)
        event_base_loop(l->base, EVLOOP_NONBLOCK); /* runs the finalizers of what was closed */
}

static void *run(void *arg)
{
    struct listener *l = arg;
    serve(l);
    close_all(l);
    return NULL;
}

/* ---- Making and freeing ---- */

static int smallest(const http_options *o)
{
    const int timeouts[] = {o->header_timeout_ms, o->body_timeout_ms, o->idle_timeout_ms, o->write_timeout_ms};
    int least = timeouts[0];
    for (size_t i = 1; i < sizeof timeouts / sizeof timeouts[0]; i++)
        if (timeouts[i] < least)
            least = timeouts[i];
    return least;
}

/* Deadlines are kept to within an eighth of the shortest. */
static struct timeval tick_of(const http_options *o)
{
    int ms = smallest(o) / 8;
    if (ms < 5)
        ms = 5;
    if (ms > 500)
        ms = 500;
    return (struct timeval){.tv_sec = 0, .tv_usec = ms * 1000};
}

static struct event_base *new_base(void)
{
    struct event_config *config = event_config_new();
    if (config == NULL)
        return NULL;
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV);
    struct event_base *base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

static int new_evhttp(struct listener *l)
{
    const http_options *o = &l->server->options;
    l->base = new_base();
    l->http = l->base != NULL ? evhttp_new(l->base) : NULL;
    if (l->http == NULL)
        return -1;
    evhttp_set_max_headers_size(l->http, (ev_ssize_t)o->max_header_bytes);
    evhttp_set_max_body_size(l->http, (ev_ssize_t)o->max_body_bytes);
    evhttp_set_allowed_methods(l->http, ALL_METHODS);
    evhttp_set_gencb(l->http, on_request, l);
    return http_connections_watch(l);
}

static int new_events(struct listener *l)
{
    struct timeval tick = tick_of(&l->server->options);
    l->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (l->wake_fd < 0)
        return -1;
    l->wake = event_new(l->base, l->wake_fd, EV_READ | EV_PERSIST, on_wake, l);
    l->tick = event_new(l->base, -1, EV_PERSIST, on_tick, l);
    if (l->wake == NULL || l->tick == NULL)
        return -1;
    return event_add(l->wake, NULL) == 0 && event_add(l->tick, &tick) == 0 ? 0 : -1;
}

static int bind_evhttp(struct listener *l, int fd)
{
    struct evconnlistener *accepting =
        evconnlistener_new(l->base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (accepting == NULL) {
        close(fd);
        return -1;
    }
    l->bound = evhttp_bind_listener(l->http, accepting);
    if (l->bound == NULL) {
        evconnlistener_free(accepting); /* closes the socket */
        return -1;
    }
    evconnlistener_set_error_cb(accepting, on_accept_error);
    return 0;
}

int http_listener_init(struct listener *l, http_server *server, int fd)
{
    *l = (struct listener){.server = server, .wake_fd = -1};
    pthread_mutex_init(&l->done_lock, NULL);
    if (new_evhttp(l) != 0 || new_events(l) != 0) {
        close(fd);
        return -1;
    }
    return bind_evhttp(l, fd);
}

int http_listener_run(struct listener *l)
{
    l->running = pthread_create(&l->thread, NULL, run, l) == 0;
    return l->running ? 0 : -1;
}

static void free_event(struct event *event)
{
    if (event != NULL)
        event_free(event);
}

void http_listener_end(struct listener *l)
{
    struct job *job;
    if (l->running)
        pthread_join(l->thread, NULL);
    answer_done(l); /* whose connections have gone */
    if (l->http != NULL)
        evhttp_free(l->http);
    free(l->by_fd);
    free_event(l->adopt);
    free_event(l->wake);
    free_event(l->tick);
    if (l->base != NULL)
        event_base_free(l->base);
    if (l->wake_fd >= 0)
        close(l->wake_fd);
    while ((job = http_job_list_take(&l->spare)) != NULL)
        http_job_free(job);
    pthread_mutex_destroy(&l->done_lock);
}
