/* SPDX-License-Identifier: MIT */
/* One request at a time: what is taken, what is refused, and how answers are framed. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "harness.h"

#define HOST "Host: a\r\n"
#define SMUGGLED "GET /smuggled HTTP/1.1\r\n" HOST "\r\n"

/* ---- Answers ---- */

static void answers_have_length_type_and_date(void)
{
    struct toy toy;
    struct reply r;
    char value[128];
    toy_start(&toy, NULL);
    ask(&toy, "GET /echo?a=%20b HTTP/1.1\r\n" HOST "\r\n", &r);
    CHECK(r.status == 200);
    CHECK_FOR(strcmp(r.body, "GET /echo a=%20b 0\n") == 0, r.body);
    CHECK(reply_header(&r, "Content-Type", value, sizeof value) && strcmp(value, "text/plain") == 0);
    CHECK(reply_header(&r, "Date", value, sizeof value) && strlen(value) == 29);
    CHECK(reply_count_header(&r, "Content-Length") == 1 && reply_count_header(&r, "Date") == 1);
    CHECK(!reply_header(&r, "Connection", value, sizeof value));
    reply_free(&r);
    ask(&toy, "GET /plain HTTP/1.1\r\n" HOST "\r\n", &r);
    CHECK(reply_header(&r, "Content-Type", value, sizeof value));
    CHECK(strcmp(value, "application/octet-stream") == 0);
    reply_free(&r);
    toy_stop(&toy);
}

static void head_has_the_length_and_no_body(void)
{
    struct toy toy;
    struct client c;
    struct reply r;
    char value[32];
    toy_start(&toy, NULL);
    client_open(&c, &toy);
    const char *targets[] = {"/size/64", "/size/200000", "/static/500000"};
    const char *lengths[] = {"64", "200000", "500000"};
    for (int i = 0; i < 3; i++) {
        char text[128];
        snprintf(text, sizeof text, "HEAD %s HTTP/1.1\r\n" HOST "\r\n", targets[i]);
        client_say(&c, text);
        client_read(&c, &r, 1);
        CHECK(r.status == 200);
        CHECK(reply_header(&r, "Content-Length", value, sizeof value) && strcmp(value, lengths[i]) == 0);
        CHECK(reply_count_header(&r, "Content-Type") == 1);
        client_say(&c, "GET /echo HTTP/1.1\r\n" HOST "\r\n"); /* still in step */
        client_read(&c, &r, 0);
        CHECK(strcmp(r.body, "GET /echo  0\n") == 0);
        reply_free(&r);
    }
    client_close(&c);
    toy_stop(&toy);
}

static void answers_204_and_304_have_no_body(void)
{
    static const int codes[] = {204, 304};
    struct toy toy;
    struct client c;
    struct reply r;
    toy_start(&toy, NULL);
    client_open(&c, &toy);
    for (int i = 0; i < 2; i++) {
        char text[128];
        snprintf(text, sizeof text, "GET /status/%d HTTP/1.1\r\n" HOST "\r\n" SMUGGLED, codes[i]);
        client_say(&c, text);
        client_read(&c, &r, 1);
        CHECK(r.status == codes[i]);
        CHECK(reply_count_header(&r, "Content-Length") == 0);
        client_read(&c, &r, 0);
        CHECK(strcmp(r.body, "GET /smuggled  0\n") == 0);
        reply_free(&r);
    }
    client_close(&c);
    toy_stop(&toy);
}

static void status_out_of_range_is_500_and_unusual_ones_pass(void)
{
    struct toy toy;
    struct reply r;
    toy_start(&toy, NULL);
    ask(&toy, "GET /status/100 HTTP/1.1\r\n" HOST "\r\n", &r);
    CHECK(r.status == 500);
    reply_free(&r);
    ask(&toy, "GET /status/422 HTTP/1.1\r\n" HOST "\r\n", &r);
    CHECK(r.status == 422 && strstr(r.head, "422 Unprocessable Content\r\n") != NULL);
    reply_free(&r);
    ask(&toy, "GET /status/299 HTTP/1.1\r\n" HOST "\r\n", &r);
    CHECK(r.status == 299);
    reply_free(&r);
    toy_stop(&toy);
}

static void handler_cannot_split_an_answer(void)
{
    struct toy toy;
    struct reply r;
    toy_start(&toy, NULL);
    ask(&toy, "GET /bad HTTP/1.1\r\n" HOST "\r\n", &r);
    CHECK_FOR(strcmp(r.body, "11 of 11") == 0, r.body);
    CHECK(reply_count_header(&r, "X-B") == 0);
    reply_free(&r);
    toy_stop(&toy);
}

static void failed_answer_becomes_500_of_the_app(void)
{
    struct toy toy;
    struct reply r;
    toy_start(&toy, NULL);
    ask(&toy, "GET /huge HTTP/1.1\r\n" HOST "\r\n", &r);
    CHECK(r.status == 500 && strstr(r.body, "\"internal_error\"") != NULL);
    reply_free(&r);
    toy_stop(&toy);
}

static void bodies_of_every_size_arrive_whole(void)
{
    static const long sizes[] = {0, 1, 2047, 2048, 2049, 65536, 65537, 1000000, 12000000};
    struct toy toy;
    struct client c;
    struct reply r;
    toy_start(&toy, NULL);
    client_open(&c, &toy);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0] * 2; i++) {
        char text[128];
        snprintf(text, sizeof text, "GET /%s/%ld HTTP/1.1\r\n" HOST "\r\n", i % 2 ? "static" : "size", sizes[i / 2]);
        client_say(&c, text);
        client_read(&c, &r, 0);
        CHECK(r.status == 200 && r.body_len == (size_t)sizes[i / 2]);
        reply_free(&r);
    }
    client_close(&c);
    toy_stop(&toy);
}

/* ---- Keeping and closing connections ---- */

struct keep_case {
    const char *request;
    int keeps;
};

static void connections_are_kept_and_closed_as_asked(void)
{
    static const struct keep_case cases[] = {
        {"GET /echo HTTP/1.1\r\n" HOST "\r\n", 1},
        {"GET /echo HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", 0},
        {"GET /echo HTTP/1.1\r\n" HOST "Connection: CLOSE\r\n\r\n", 0},
        {"GET /echo HTTP/1.1\r\n" HOST "Connection: te, close\r\n\r\n", 0},
        {"GET /echo HTTP/1.1\r\n" HOST "Connection: te\r\nConnection: close\r\n\r\n", 0},
        {"GET /echo HTTP/1.1\r\n" HOST "Connection: closed\r\n\r\n", 1},
        {"GET /echo HTTP/1.0\r\n" HOST "\r\n", 0},
        {"GET /echo HTTP/1.0\r\n" HOST "Connection: keep-alive\r\n\r\n", 1},
        {"GET /close HTTP/1.1\r\n" HOST "\r\n", 0},
        {"GET /close HTTP/1.0\r\n" HOST "Connection: keep-alive\r\n\r\n", 0},
    };
    struct toy toy;
    toy_start(&toy, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct client c;
        struct reply r;
        client_open(&c, &toy);
        client_say(&c, cases[i].request);
        client_read(&c, &r, 0);
        CHECK_FOR(r.status == 200, cases[i].request);
        CHECK_FOR(reply_count_header(&r, "Connection") <= 1, cases[i].request);
        reply_free(&r);
        if (cases[i].keeps) {
            client_say(&c, "GET /echo HTTP/1.1\r\n" HOST "\r\n");
            client_read(&c, &r, 0);
            reply_free(&r);
        } else {
            CHECK_FOR(client_ended(&c), cases[i].request);
        }
        client_close(&c);
    }
    toy_stop(&toy);
}

static void methods_reach_the_handler(void)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    struct toy toy;
    toy_start(&toy, NULL);
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        struct reply r;
        char text[128], expected[64];
        snprintf(text, sizeof text, "%s /p HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi", methods[i]);
        snprintf(expected, sizeof expected, "%s /p  2\nhi", methods[i]);
        ask(&toy, text, &r);
        CHECK_FOR(strcmp(r.body, expected) == 0, r.body);
        reply_free(&r);
    }
    toy_stop(&toy);
}

/* ---- Refusals ---- */

struct refusal_case {
    const char *request; /* if it could be read as two, the second is SMUGGLED */
    int status;
    int ours; /* the app filled the answer */
};

/* Each is answered once with its status, closes the connection, and reaches no handler. */
static void check_refused(const struct refusal_case *cases)
{
    struct toy toy;
    int refusals = 0;
    toy_start(&toy, NULL);
    for (; cases->request != NULL; cases++) {
        struct client c;
        struct reply r;
        char type[64];
        client_open(&c, &toy);
        client_say(&c, cases->request);
        client_read(&c, &r, 1);
        CHECK_FOR(r.status == cases->status, cases->request);
        if (strncmp(cases->request, "HEAD", 4) != 0)
            client_read_body(&c, &r);
        CHECK_FOR(client_ended(&c), cases->request);
        refusals += cases->ours;
        CHECK_FOR(atomic_load(&toy.refused) == refusals, cases->request);
        if (cases->ours && r.body != NULL) {
            CHECK(reply_header(&r, "Content-Type", type, sizeof type));
            CHECK_FOR(strcmp(type, "application/problem+json") == 0, cases->request);
            CHECK_FOR(reply_count_header(&r, "Connection") == 1, cases->request);
        }
        reply_free(&r);
        client_close(&c);
    }
    CHECK(atomic_load(&toy.handled) == 0);
    CHECK(stats_of(&toy).requests_refused == (uint64_t)refusals);
    toy_stop(&toy);
}

static void smuggling_is_refused(void)
{
    static const struct refusal_case cases[] = {
        {"HEAD / HTTP/1.1\r\n" HOST "Content-Length: 33\r\n\r\n" SMUGGLED, 400, 1},
        {"HEAD / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, 1},
        {"TRACE / HTTP/1.1\r\n" HOST "Content-Length: 33\r\n\r\n" SMUGGLED, 400, 1},
        {"BREW / HTTP/1.1\r\n" HOST "Content-Length: 33\r\n\r\n" SMUGGLED, 400, 1},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\nContent-Length: 33\r\n\r\n" SMUGGLED, 400, 1},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400, 1},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 33\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, 0},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\n" SMUGGLED, 400, 1},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n" SMUGGLED, 400, 1},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400, 1},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, gzip\r\n\r\n" SMUGGLED, 400, 0},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n", 400, 1},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n" SMUGGLED, 400, 1},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, 1},
        {"POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, 1},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding : chunked\r\n\r\n" SMUGGLED, 400, 1},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\nhello", 400, 1},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n", 400, 0},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n", 400, 0},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 0x5\r\n\r\nhello", 400, 0},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 5, 5\r\n\r\nhello", 400, 0},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\n", 413, 0},
        {NULL, 0, 0},
    };
    check_refused(cases);
}

static void bad_header_names_and_values_are_refused(void)
{
    static const struct refusal_case cases[] = {
        {"GET / HTTP/1.1\r\n" HOST ": x\r\n\r\n", 400, 1},
        {"GET / HTTP/1.1\r\n" HOST "X Y: x\r\n\r\n", 400, 1},
        {"GET / HTTP/1.1\r\n" HOST "X\x01: x\r\n\r\n", 400, 1},
        {"GET / HTTP/1.1\r\n" HOST "X\xC3\xA9: x\r\n\r\n", 400, 1},
        {"GET / HTTP/1.1\r\n" HOST "X(y): x\r\n\r\n", 400, 1},
        {"GET / HTTP/1.1\r\n" HOST "X: a\x01b\r\n\r\n", 400, 1},
        {"GET / HTTP/1.1\r\n" HOST "X: a\x7F\r\n\r\n", 400, 1},
        {"GET / HTTP/1.1\r\n" HOST "no colon\r\n\r\n", 400, 0},
        {NULL, 0, 0},
    };
    check_refused(cases);
}

static void exactly_one_valid_host_is_required(void)
{
    static const struct refusal_case cases[] = {
        {"GET / HTTP/1.1\r\n\r\n", 400, 1},
        {"GET / HTTP/1.0\r\n\r\n", 400, 1},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, 1},
        {"GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", 400, 1},
        {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, 1},
        {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, 1},
        {"GET / HTTP/1.1\r\nHost: user@a\r\n\r\n", 400, 1},
        {"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400, 1},
        {NULL, 0, 0},
    };
    check_refused(cases);
}

static void bad_targets_are_refused(void)
{
    static const struct refusal_case cases[] = {
        {"GET http://evil/x HTTP/1.1\r\n" HOST "\r\n", 400, 1},
        {"GET //evil/x HTTP/1.1\r\n" HOST "\r\n", 400, 1},
        {"GET x HTTP/1.1\r\n" HOST "\r\n", 400, 1},
        {"GET ?a=b HTTP/1.1\r\n" HOST "\r\n", 400, 1},
        {"GET * HTTP/1.1\r\n" HOST "\r\n", 400, 1},
        {"OPTIONS *x HTTP/1.1\r\n" HOST "\r\n", 400, 1},
        {"GET /a b HTTP/1.1\r\n" HOST "\r\n", 400, 1},
        {"GET /a\tb HTTP/1.1\r\n" HOST "\r\n", 400, 1},
        {"GET /a\x01 HTTP/1.1\r\n" HOST "\r\n", 400, 1},
        {"GET /\xC3\xA9 HTTP/1.1\r\n" HOST "\r\n", 400, 1},
        {"GET /a#b HTTP/1.1\r\n" HOST "\r\n", 400, 1},
        {"GET /a\\b HTTP/1.1\r\n" HOST "\r\n", 400, 1},
        {"GET /<a> HTTP/1.1\r\n" HOST "\r\n", 400, 1},
        {"GET  HTTP/1.1\r\n" HOST "\r\n", 400, 0},
        {NULL, 0, 0},
    };
    check_refused(cases);
}

static void other_methods_and_versions_are_refused(void)
{
    static const struct refusal_case cases[] = {
        {"TRACE / HTTP/1.1\r\n" HOST "\r\n", 405, 1},
        {"CONNECT a:80 HTTP/1.1\r\n" HOST "\r\n", 405, 1},
        {"CONNECT a:80 HTTP/1.1\r\n" HOST "\r\n" SMUGGLED, 405, 1},
        {"BREW / HTTP/1.1\r\n" HOST "\r\n", 501, 1},
        {"get / HTTP/1.1\r\n" HOST "\r\n", 501, 1},
        {"PROPFIND / HTTP/1.1\r\n" HOST "\r\n" SMUGGLED, 501, 1},
        {"GET / HTTP/0.9\r\n" HOST "\r\n", 505, 1},
        {"GET / HTTP/1.2\r\n" HOST "\r\n", 505, 1},
        {"GET / HTTP/-1.1\r\n" HOST "\r\n", 505, 1},
        {"GET / HTTP/2.0\r\n" HOST "\r\n", 400, 0},
        {"GET / HTTP/9.9\r\n" HOST "\r\n", 400, 0},
        {"GET / ICAP/1.0\r\n" HOST "\r\n", 400, 0},
        {"\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 400, 0},
        {NULL, 0, 0},
    };
    check_refused(cases);
}

static void a_nul_byte_in_the_headers_is_refused(void)
{
    static const char first[] = "GET / HTTP/1.1\r\n" HOST "X: a\0b\r\n\r\n";
    static const char second[] = "GET /echo HTTP/1.1\r\n" HOST "\r\nGET / HTTP/1.1\r\n" HOST "X: \0\r\n\r\n";
    struct toy toy;
    struct client c;
    struct reply r;
    toy_start(&toy, NULL);
    client_open(&c, &toy);
    client_send(&c, first, sizeof first - 1);
    client_read(&c, &r, 0);
    CHECK(r.status == 400 && strstr(r.body, "NUL") != NULL);
    reply_free(&r);
    client_close(&c);
    client_open(&c, &toy); /* also in a request that was read ahead, and not in the one before it */
    client_send(&c, second, sizeof second - 1);
    client_read(&c, &r, 0);
    CHECK(r.status == 200);
    reply_free(&r);
    client_read(&c, &r, 0);
    CHECK(r.status == 400 && strstr(r.body, "NUL") != NULL);
    reply_free(&r);
    client_close(&c);
    toy_stop(&toy);
}

static void header_count_is_limited(void)
{
    struct toy toy;
    struct reply r;
    toy_start(&toy, NULL);
    for (int extra = 99; extra <= 100; extra++) { /* and Host */
        char text[2048] = "GET /echo HTTP/1.1\r\n" HOST;
        size_t len = strlen(text);
        for (int i = 0; i < extra; i++) {
            memcpy(text + len, "a:\r\n", 4);
            len += 4;
        }
        memcpy(text + len, "\r\n", 3);
        ask(&toy, text, &r);
        CHECK(r.status == (extra == 99 ? 200 : 431));
        reply_free(&r);
    }
    toy_stop(&toy);
}

/* evhttp answers these itself. */
static void header_bytes_are_limited(void)
{
    struct toy toy;
    struct client c;
    struct reply r;
    char *text = malloc(40000);
    CHECK(text != NULL);
    toy_start(&toy, NULL);
    for (int i = 0; i < 3; i++) { /* a long header, a long target, a line that never ends */
        static const char *const starts[] = {"GET / HTTP/1.1\r\n" HOST "X: ", "GET /", "GET / HTTP/1.1\r\nX: "};
        static const char *const ends[] = {"\r\n\r\n", " HTTP/1.1\r\n" HOST "\r\n", ""};
        size_t len = strlen(starts[i]);
        memcpy(text, starts[i], len);
        memset(text + len, 'x', 20000);
        memcpy(text + len + 20000, ends[i], strlen(ends[i]) + 1);
        client_open(&c, &toy);
        client_say(&c, text);
        client_read(&c, &r, 1);
        CHECK(r.status == 400);
        client_close(&c);
    }
    CHECK(atomic_load(&toy.handled) == 0 && atomic_load(&toy.refused) == 0);
    free(text);
    toy_stop(&toy);
}

/* ---- What reaches the handler ---- */

static void path_and_query_stay_raw(void)
{
    static const struct {
        const char *target, *said;
    } cases[] = {
        {"/a%2Fb?x=%00&y=+", "GET /a%2Fb x=%00&y=+ 0\n"},
        {"/a/../b", "GET /a/../b  0\n"},
        {"/a//b?", "GET /a//b  0\n"},
        {"/a?b?c", "GET /a b?c 0\n"},
        {"/admin%00x", "GET /admin%00x  0\n"},
        {"/f[a]={b}|c", "GET /f[a]={b}|c  0\n"},
    };
    struct toy toy;
    struct reply r;
    toy_start(&toy, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, "GET %s HTTP/1.1\r\n" HOST "\r\n", cases[i].target);
        ask(&toy, text, &r);
        CHECK_FOR(strcmp(r.body, cases[i].said) == 0, r.body);
        reply_free(&r);
    }
    ask(&toy, "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", &r);
    CHECK_FOR(strcmp(r.body, "OPTIONS *  0\n") == 0, r.body);
    reply_free(&r);
    toy_stop(&toy);
}

static void headers_arrive_trimmed_and_first_wins(void)
{
    static const struct {
        const char *header, *value;
    } cases[] = {
        {"x-test: a\r\nX-TEST: b\r\n", "a"}, {"X-Test:\t a b \t\r\n", "a b"},      {"X-Test:\r\n", ""},
        {"X-Test: a\r\n b\r\n", "a b"},      {"X-Test: \xC3\xA9\r\n", "\xC3\xA9"}, {"", "(none)"},
    };
    struct toy toy;
    struct reply r;
    toy_start(&toy, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, "GET /header/X-Test HTTP/1.1\r\n" HOST "%s\r\n", cases[i].header);
        ask(&toy, text, &r);
        CHECK_FOR(strcmp(r.body, cases[i].value) == 0, r.body);
        reply_free(&r);
    }
    toy_stop(&toy);
}

static void bodies_arrive_byte_for_byte(void)
{
    static const char request[] = "POST /p HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\na\0b\r\n";
    static const char chunked[] = "POST /p HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n"
                                  "3\r\na\0b\r\n1\r\nc\r\n0\r\nTrailer: x\r\n\r\n"
                                  "GET /next HTTP/1.1\r\n" HOST "\r\n";
    struct toy toy;
    struct client c;
    struct reply r;
    toy_start(&toy, NULL);
    client_open(&c, &toy);
    client_send(&c, request, sizeof request - 1);
    client_read(&c, &r, 0);
    CHECK(r.body_len == 16 && memcmp(r.body, "POST /p  5\na\0b\r\n", 16) == 0);
    reply_free(&r);
    client_send(&c, chunked, sizeof chunked - 1);
    client_read(&c, &r, 0);
    CHECK(r.body_len == 15 && memcmp(r.body, "POST /p  4\na\0bc", 15) == 0);
    reply_free(&r);
    client_read(&c, &r, 0);
    CHECK(strcmp(r.body, "GET /next  0\n") == 0);
    reply_free(&r);
    client_close(&c);
    toy_stop(&toy);
}

static void body_size_is_limited(void)
{
    http_options o = toy_options();
    struct toy toy;
    o.max_body_bytes = 100000;
    toy_start(&toy, &o);
    char *text = malloc(200000);
    CHECK(text != NULL);
    memset(text, 'x', 200000);
    for (int extra = 0; extra <= 1; extra++) {
        struct client c;
        struct reply r;
        char head[128];
        size_t size = 100000 + (size_t)extra;
        snprintf(head, sizeof head, "POST /p HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n", size);
        client_open(&c, &toy);
        client_say(&c, head);
        if (extra == 0)
            client_send(&c, text, size);
        client_read(&c, &r, 0); /* the refusal comes before the body is sent */
        CHECK(r.status == (extra ? 413 : 200));
        reply_free(&r);
        client_close(&c);
    }
    struct client c;
    struct reply r;
    client_open(&c, &toy);
    client_say(&c, "POST /p HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nfff\r\n");
    client_send(&c, text, 0xfff);
    client_say(&c, "\r\n18000\r\n"); /* passes the limit only together with the first */
    client_read(&c, &r, 0);
    CHECK(r.status == 413);
    reply_free(&r);
    client_close(&c);
    CHECK(atomic_load(&toy.handled) == 1);
    free(text);
    toy_stop(&toy);
}

static void expect_continue_is_answered_before_the_body(void)
{
    struct toy toy;
    struct client c;
    struct reply r;
    toy_start(&toy, NULL);
    client_open(&c, &toy);
    client_say(&c, "POST /p HTTP/1.1\r\n" HOST "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    client_read(&c, &r, 1);
    CHECK(r.status == 100);
    client_say(&c, "hi");
    client_read(&c, &r, 0);
    CHECK(r.status == 200 && strcmp(r.body, "POST /p  2\nhi") == 0);
    reply_free(&r);
    client_say(&c, "POST /p HTTP/1.1\r\n" HOST "Content-Length: 999999999\r\nExpect: 100-continue\r\n\r\n");
    client_read(&c, &r, 0);
    CHECK(r.status == 413);
    reply_free(&r);
    client_close(&c);
    client_open(&c, &toy);
    client_say(&c, "POST /p HTTP/1.1\r\n" HOST "Content-Length: 2\r\nExpect: miracles\r\n\r\nhi");
    client_read(&c, &r, 0);
    CHECK(r.status == 417);
    reply_free(&r);
    client_close(&c);
    toy_stop(&toy);
}

static void requests_may_come_byte_by_byte(void)
{
    static const char request[] = "POST /p?q HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc";
    struct toy toy;
    struct client c;
    struct reply r;
    toy_start(&toy, NULL);
    client_open(&c, &toy);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof request - 1; i++) {
            client_send(&c, request + i, 1);
            if (i % 8 == 0)
                CHECK(!client_wait_input(&c, 1)); /* lets the server read */
        }
        client_read(&c, &r, 0);
        CHECK(strcmp(r.body, "POST /p q 3\nabc") == 0);
        reply_free(&r);
    }
    client_close(&c);
    toy_stop(&toy);
}

const struct test framing_tests[] = {
    {"answers have length, type and date", answers_have_length_type_and_date},
    {"HEAD has the length and no body", head_has_the_length_and_no_body},
    {"204 and 304 have no body", answers_204_and_304_have_no_body},
    {"status out of range is 500, unusual ones pass", status_out_of_range_is_500_and_unusual_ones_pass},
    {"a handler cannot split an answer", handler_cannot_split_an_answer},
    {"an answer that failed becomes the app's 500", failed_answer_becomes_500_of_the_app},
    {"bodies of every size arrive whole at the client", bodies_of_every_size_arrive_whole},
    {"connections are kept and closed as asked", connections_are_kept_and_closed_as_asked},
    {"methods reach the handler", methods_reach_the_handler},
    {"smuggling is refused", smuggling_is_refused},
    {"bad header names and values are refused", bad_header_names_and_values_are_refused},
    {"exactly one valid Host is required", exactly_one_valid_host_is_required},
    {"bad targets are refused", bad_targets_are_refused},
    {"other methods and versions are refused", other_methods_and_versions_are_refused},
    {"a NUL byte in the headers is refused", a_nul_byte_in_the_headers_is_refused},
    {"header count is limited", header_count_is_limited},
    {"header bytes are limited", header_bytes_are_limited},
    {"path and query stay raw", path_and_query_stay_raw},
    {"headers arrive trimmed and the first wins", headers_arrive_trimmed_and_first_wins},
    {"bodies arrive byte for byte", bodies_arrive_byte_for_byte},
    {"body size is limited", body_size_is_limited},
    {"Expect: 100-continue is answered before the body", expect_continue_is_answered_before_the_body},
    {"requests may come byte by byte", requests_may_come_byte_by_byte},
    {NULL, NULL},
};
