/* SPDX-License-Identifier: MIT */
/*
 * The framing rules that evhttp does not enforce. They matter most where a request could be read as two (request
 * smuggling), so each of them answers and closes the connection.
 */
#include <string.h>
#include <strings.h>

#include "engine.h"

#define BAD(text)                                                                                                              \
    {                                                                                                                          \
        400, "malformed_request", text                                                                                         \
    }

static const http_refusal bad_version = {505, "http_version_not_supported", "The server speaks HTTP/1.1 and HTTP/1.0."};
static const http_refusal bad_method = {501, "method_not_implemented", "The method is not known."};
static const http_refusal bad_tunnel = {405, "method_not_allowed", "TRACE and CONNECT are not served."};
static const http_refusal too_many_headers = {431, "too_many_headers", "The request has too many headers."};
static const http_refusal bad_nul = BAD("A header holds a NUL byte.");
static const http_refusal bad_name = BAD("A header name is empty or has characters that are not allowed.");
static const http_refusal bad_value = BAD("A header value has a control character.");
static const http_refusal bad_host = BAD("The request must have exactly one Host header, with a valid value.");
static const http_refusal bad_length = BAD("Content-Length must be given at most once, in digits.");
static const http_refusal bad_coding = BAD("Transfer-Encoding may only be one \"chunked\", in HTTP/1.1.");
static const http_refusal bad_body = BAD("This method takes no body.");
static const http_refusal bad_target =
    BAD("The request target must begin with one '/' and be printable ASCII without space, \", #, <, > and \\.");

const http_refusal http_refusal_overload = {503, "overloaded", "The server is busy; try again soon."};
const http_refusal http_refusal_memory = {500, "internal_error", "The server could not answer."};

/* What the headers say about where the request ends. */
struct seen {
    size_t hosts, lengths, codings;
    const char *host, *length, *coding;
};

static void see_header(struct seen *seen, const http_header *header)
{
    if (strcasecmp(header->name, "Host") == 0) {
        seen->hosts++;
        seen->host = header->value;
    } else if (strcasecmp(header->name, "Content-Length") == 0) {
        seen->lengths++;
        seen->length = header->value;
    } else if (strcasecmp(header->name, "Transfer-Encoding") == 0) {
        seen->codings++;
        seen->coding = header->value;
    }
}

static int is_digits(const char *text)
{
    return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static int is_host(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%:[]";
    return *text != '\0' && text[strspn(text, allowed)] == '\0';
}

static int is_target(const http_request *req)
{
    const char *target = req->target;
    if (strcmp(target, "*") == 0)
        return req->method == HTTP_OPTIONS;
    if (target[0] != '/' || target[1] == '/')
        return 0;
    for (; *target != '\0'; target++)
        if (*target <= 0x20 || *target >= 0x7F || strchr("\"#<>\\", *target) != NULL)
            return 0;
    return 1;
}

/* These methods have their body read by nobody, so that it would be taken for the next request. */
static int body_is_skipped(int method)
{
    return method == HTTP_HEAD || method == HTTP_TRACE || method == HTTP_OTHER;
}

static const http_refusal *check_framing(const http_request *req, const struct seen *seen, const struct framing *framing)
{
    if (seen->hosts != 1 || !is_host(seen->host))
        return &bad_host;
    if (seen->lengths > 1 || (seen->lengths == 1 && !is_digits(seen->length)))
        return &bad_length;
    if (seen->codings > 1 || (seen->codings == 1 && (framing->minor == 0 || strcasecmp(seen->coding, "chunked") != 0)))
        return &bad_coding;
    if (body_is_skipped(req->method) && seen->lengths + seen->codings > 0)
        return &bad_body;
    return NULL;
}

static const http_refusal *check_headers(const http_request *req, const struct framing *framing)
{
    struct seen seen = {0};
    if (framing->has_nul)
        return &bad_nul;
    if (req->header_count > framing->max_header_count)
        return &too_many_headers;
    for (size_t i = 0; i < req->header_count; i++) {
        if (!http_is_token(req->headers[i].name))
            return &bad_name;
        if (!http_is_field_value(req->headers[i].value))
            return &bad_value;
        see_header(&seen, &req->headers[i]);
    }
    return check_framing(req, &seen, framing);
}

const http_refusal *http_check_request(const http_request *req, const struct framing *framing)
{
    if (framing->major != 1 || framing->minor < 0 || framing->minor > 1)
        return &bad_version;
    const http_refusal *refusal = check_headers(req, framing);
    if (refusal != NULL)
        return refusal;
    if (req->method == HTTP_OTHER)
        return &bad_method;
    if (req->method == HTTP_TRACE || req->method == HTTP_CONNECT)
        return &bad_tunnel;
    return is_target(req) ? NULL : &bad_target;
}

int http_wants_close(const http_request *req)
{
    for (size_t i = 0; i < req->header_count; i++) {
        if (strcasecmp(req->headers[i].name, "Connection") != 0)
            continue;
        const char *at = req->headers[i].value;
        while (*at != '\0') {
            at += strspn(at, " \t,");
            size_t len = strcspn(at, " \t,");
            if (len == 5 && strncasecmp(at, "close", 5) == 0)
                return 1;
            at += len;
        }
    }
    return 0;
}
