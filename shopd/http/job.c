/* SPDX-License-Identifier: MIT */
/* Jobs: the copy of a request that travels from a listener to a worker and back. */
#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "engine.h"

#define KEEP_BLOCK 32768u /* larger blocks are not kept for the next request */

struct job *http_job_new(void)
{
    struct job *job = calloc(1, sizeof *job);
    if (job != NULL)
        http_response_recycle(&job->response);
    return job;
}

void http_job_free(struct job *job)
{
    http_response_discard(&job->response);
    free(job->block);
    free(job);
}

void http_job_recycle(struct job *job)
{
    if (job->block_size > KEEP_BLOCK) {
        free(job->block);
        job->block = NULL;
        job->block_size = 0;
    }
    job->next = NULL;
    job->evreq = NULL;
    job->connection = NULL;
    job->refusal = NULL;
    http_response_recycle(&job->response);
}

void http_job_list_add(struct job_list *list, struct job *job)
{
    job->next = NULL;
    if (list->last != NULL)
        list->last->next = job;
    else
        list->first = job;
    list->last = job;
    list->count++;
}

struct job *http_job_list_take(struct job_list *list)
{
    struct job *job = list->first;
    if (job == NULL)
        return NULL;
    list->first = job->next;
    if (list->first == NULL)
        list->last = NULL;
    list->count--;
    job->next = NULL;
    return job;
}

static int method_of(enum evhttp_cmd_type type)
{
    switch (type) {
    case EVHTTP_REQ_GET:
        return HTTP_GET;
    case EVHTTP_REQ_HEAD:
        return HTTP_HEAD;
    case EVHTTP_REQ_POST:
        return HTTP_POST;
    case EVHTTP_REQ_PUT:
        return HTTP_PUT;
    case EVHTTP_REQ_PATCH:
        return HTTP_PATCH;
    case EVHTTP_REQ_DELETE:
        return HTTP_DELETE;
    case EVHTTP_REQ_OPTIONS:
        return HTTP_OPTIONS;
    case EVHTTP_REQ_TRACE:
        return HTTP_TRACE;
    case EVHTTP_REQ_CONNECT:
        return HTTP_CONNECT;
    default:
        return HTTP_OTHER;
    }
}

/* The sizes of what has to be copied. */
struct measure {
    size_t headers, target, peer, body, total;
};

static struct measure measure(const struct evkeyvalq *headers, const char *target, const char *peer, size_t body)
{
    struct measure m = {.target = strlen(target), .peer = strlen(peer), .body = body};
    size_t text = 0;
    const struct evkeyval *h;
    TAILQ_FOREACH(h, headers, next)
    {
        m.headers++;
        text += strlen(h->key) + strlen(h->value) + 2;
    }
    /* Twice the target: as sent, and cut into path and query. evhttp bounds every part of this sum. */
    m.total = m.headers * sizeof(http_header) + text + 2 * (m.target + 1) + m.peer + 1 + m.body + 1;
    return m;
}

static int reserve(struct job *job, size_t size)
{
    if (size <= job->block_size)
        return 0;
    char *block = malloc(size);
    if (block == NULL)
        return -1;
    free(job->block);
    job->block = block;
    job->block_size = size;
    return 0;
}

static char *put(char **at, const char *text, size_t len)
{
    char *start = *at;
    memcpy(start, text, len);
    start[len] = '\0';
    *at += len + 1;
    return start;
}

static void put_headers(http_request *r, const struct evkeyvalq *from, http_header *headers, char **at)
{
    r->headers = headers;
    r->header_count = 0;
    const struct evkeyval *h;
    TAILQ_FOREACH(h, from, next)
    {
        http_header *header = &headers[r->header_count++];
        const char *value = h->value + strspn(h->value, " \t"); /* evhttp leaves tabs in front */
        header->name = put(at, h->key, strlen(h->key));
        header->value = put(at, value, strlen(value));
    }
}

static void put_target(http_request *r, const char *target, size_t len, char **at)
{
    r->target = put(at, target, len);
    char *path = put(at, target, len);
    r->path = path;
    r->path_len = strcspn(path, "?");
    r->query = path + r->path_len;
    if (path[r->path_len] == '?') {
        path[r->path_len] = '\0';
        r->query++;
    }
}

int http_job_fill(struct job *job, struct evhttp_request *evreq)
{
    const struct evkeyvalq *headers = evhttp_request_get_input_headers(evreq);
    const char *target = evhttp_request_get_uri(evreq);
    struct evbuffer *input = evhttp_request_get_input_buffer(evreq);
    char *peer = NULL;
    ev_uint16_t peer_port = 0;
    evhttp_connection_get_peer(evhttp_request_get_connection(evreq), &peer, &peer_port);
    struct measure m = measure(headers, target, peer, evbuffer_get_length(input));
    if (reserve(job, m.total) != 0)
        return -1;
    http_request *r = &job->request;
    char *at = job->block + m.headers * sizeof(http_header);
    r->method = method_of(evhttp_request_get_command(evreq));
    put_headers(r, headers, (http_header *)(void *)job->block, &at);
    put_target(r, target, m.target, &at);
    r->peer = put(&at, peer, m.peer);
    r->body = at;
    r->body_len = m.body;
    if (m.body > 0 && evbuffer_remove(input, at, m.body) != (int)m.body)
        return -1;
    at[m.body] = '\0';
    job->evreq = evreq;
    return 0;
}
