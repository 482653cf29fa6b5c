/* SPDX-License-Identifier: MIT */
/* Errors as RFC 9457 problem documents: one shape from every layer. */
#include "problem.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "log.h"

/* What a status of the library is in HTTP, and what is said when the library said nothing. */
static const struct status_row {
    shop_status status;
    int http;
    const char *retry_after;
    const char *code;
    const char *detail;
} status_rows[] = {
    {SHOP_INVALID, 400, NULL, "invalid", "The request breaks a rule."},
    {SHOP_UNAUTHENTICATED, 401, NULL, "authentication_required", "This needs a logged-in user."},
    {SHOP_FORBIDDEN, 403, NULL, "forbidden", "This is not allowed."},
    {SHOP_NOT_FOUND, 404, NULL, "not_found", "There is no such thing."},
    {SHOP_CONFLICT, 409, NULL, "conflict", "The state of the shop does not allow it."},
    {SHOP_PRECONDITION, 412, NULL, "precondition_failed", "It was changed meanwhile."},
    {SHOP_KEY_REUSED, 422, NULL, "idempotency_key_reused", "This Idempotency-Key was used for another request."},
    {SHOP_DECLINED, 402, NULL, "declined", "The payment gateway declined."},
    {SHOP_BUSY, 503, "1", "busy", "Too much at once; nothing happened; try again."},
    {SHOP_UNAVAILABLE, 503, "2", "unavailable", "Something that this needs cannot be reached; nothing is lost; try again."},
    {SHOP_GATEWAY, 502, NULL, "gateway_error", "The payment gateway answered something that makes no sense."},
    {SHOP_NO_MEMORY, 503, "2", "no_memory", "The server is short of memory; try again."},
};

static const struct status_row internal_row = {SHOP_INTERNAL, 500, NULL, "internal_error",
                                               "Something went wrong on our side; the log has it under this request_id."};

static const struct title_row {
    int status;
    const char *title;
} titles[] = {
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {409, "Conflict"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

const char *problem_title(int status)
{
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++) {
        if (titles[i].status == status) {
            return titles[i].title;
        }
    }
    return "Error";
}

static const struct status_row *row_of(shop_status status)
{
    for (size_t i = 0; i < sizeof status_rows / sizeof status_rows[0]; i++) {
        if (status_rows[i].status == status) {
            return &status_rows[i];
        }
    }
    return &internal_row;
}

int problem_status(shop_status status)
{
    return status == SHOP_OK ? 200 : row_of(status)->http;
}

static void begin(json_out *out, int http_status, const char *code, const char *detail)
{
    char type[160];
    snprintf(type, sizeof type, "urn:shop:problem:%.100s", code);
    json_out_reset(out);
    json_out_object(out, NULL);
    json_out_text(out, "type", type);
    json_out_text(out, "title", problem_title(http_status));
    json_out_int(out, "status", http_status);
    json_out_text(out, "detail", detail);
    json_out_text(out, "code", code);
}

static void end(http_response *response, json_out *out, int http_status, const char *request_id)
{
    json_out_text(out, "request_id", request_id);
    json_out_end_object(out);
    http_response_status(response, http_status);
    http_response_header(response, "Content-Type", "application/problem+json");
    if (!out->failed) {
        http_response_body(response, out->data, out->length);
    }
}

void problem_fill(http_response *response, json_out *out, int http_status, const char *code, const char *detail,
                  const char *request_id)
{
    begin(out, http_status, code, detail);
    end(response, out, http_status, request_id);
}

void problem_plain(call *c, int http_status, const char *code, const char *detail)
{
    http_response_reset(c->response);
    problem_fill(c->response, &c->worker->text, http_status, code, detail, c->request_id);
}

/* {"field": ["message", …], …}: messages of one field are put together, in the order in which fields first appear. */
static void put_fields(json_out *out, const shop_ctx *cx)
{
    size_t count = shop_ctx_error_field_count(cx);
    if (count == 0) {
        return;
    }
    json_out_object(out, "errors");
    for (size_t i = 0; i < count; i++) {
        const char *field = shop_ctx_error_field(cx, i);
        size_t first = 0;
        while (first < i && strcmp(shop_ctx_error_field(cx, first), field) != 0) {
            first++;
        }
        if (first < i) {
            continue;
        }
        json_out_array(out, field);
        for (size_t j = i; j < count; j++) {
            if (strcmp(shop_ctx_error_field(cx, j), field) == 0) {
                json_out_text(out, NULL, shop_ctx_error_message(cx, j));
            }
        }
        json_out_end_array(out);
    }
    json_out_end_object(out);
}

/* Seconds to wait that an answer names, or "": what somebody asked for, else what the status has, else a moment when it may pass. */
static void choose_retry_after(const shop_ctx *cx, const struct status_row *row, char *text, size_t size)
{
    int64_t asked = cx == NULL ? 0 : shop_ctx_error_retry_after(cx);
    int passes = cx != NULL && row->http == 409 && shop_ctx_error_retryable(cx);
    if (asked > 0) {
        snprintf(text, size, "%" PRId64, asked);
    } else {
        snprintf(text, size, "%s", row->retry_after != NULL ? row->retry_after : passes ? "1" : "");
    }
}

/* What the context knows about the error beyond code and detail. */
static void put_context(json_out *out, const shop_ctx *cx)
{
    if (shop_ctx_error_decline_code(cx)[0] != '\0') {
        json_out_text(out, "decline_code", shop_ctx_error_decline_code(cx));
    }
    put_fields(out, cx);
}

static void log_defect(const call *c, shop_status status)
{
    const char *detail = c->cx == NULL ? "" : shop_ctx_error_detail(c->cx);
    log_write(SHOP_LOG_ERROR, "%s %s: %s: %s (request %s)", http_method_name(c->http->method), c->route->pattern,
              shop_status_name(status), detail, c->request_id);
}

void problem_reply(call *c, shop_status status)
{
    const struct status_row *row = row_of(status);
    const own_error *own = &c->worker->error;
    const char *code = row->code;
    const char *detail = row->detail;
    const char *reason = NULL;
    int from_context = 0;
    if (row == &internal_row) {
        log_defect(c, status);
    } else if (own->status == status) {
        code = own->code;
        detail = own->detail;
        reason = own->reason;
    } else if (c->cx != NULL && shop_ctx_error_status(c->cx) == status && shop_ctx_error_code(c->cx)[0] != '\0') {
        from_context = 1;
        code = shop_ctx_error_code(c->cx);
        detail = shop_ctx_error_detail(c->cx);
    }
    http_response_reset(c->response);
    json_out *out = &c->worker->text;
    begin(out, row->http, code, detail);
    if (reason != NULL) {
        json_out_text(out, "reason", reason);
    }
    if (from_context) {
        put_context(out, c->cx);
    }
    end(c->response, out, row->http, c->request_id);
    char retry_after[24];
    choose_retry_after(from_context ? c->cx : NULL, row, retry_after, sizeof retry_after);
    if (retry_after[0] != '\0') {
        http_response_header(c->response, "Retry-After", retry_after);
    }
    if (row->http == 401) {
        int bad = c->worker->token_was_bad || strcmp(code, "invalid_token") == 0;
        http_response_header(c->response, "WWW-Authenticate",
                             bad ? "Bearer realm=\"shop\", error=\"invalid_token\"" : "Bearer realm=\"shop\"");
    }
}
