/* SPDX-License-Identifier: MIT */
/*
 * One request being served, and what a handler may do with it: decode, call libshop, encode. A handler returns the
 * status of the library; anything but SHOP_OK becomes problem+json from the context's error.
 */
#ifndef SHOPD_APP_CALL_H
#define SHOPD_APP_CALL_H

#include <shop/shop.h>

#include "../http/http.h"

struct app;
struct route;

typedef struct call {
    const http_request *http;
    http_response *response;
    struct app *app; /* configuration, counters; shared by all threads, constant */
    const struct route *route;
    shop_ctx *cx; /* this worker's; the actor is set */
    const char *path_values[4]; /* decoded values of the pattern's {…}, in order */
    int with_cookies; /* the caller was known by cookie, not by header */
    char request_id[40];
    struct worker *worker; /* of shopd/app itself: buffers of this thread */
} call;

typedef shop_status (*call_handler)(call *c);

/* Who may call. Staff is checked again by libshop; here it only saves work and makes the OpenAPI document. */
#define ACCESS_PUBLIC 0
#define ACCESS_USER 1
#define ACCESS_STAFF 2
#define ACCESS_GATEWAY 3 /* the payment gateway: its own signature; no token, no CSRF check */

#define ROUTE_RAW_BODY 1u /* the handler reads the raw bytes (webhook) */
#define ROUTE_NO_BODY 2u /* POST without a body: none, or an empty object, is taken */
#define ROUTE_COOKIES 4u /* takes ?use_cookies= (accounts) */
#define ROUTE_OPTIONAL_BODY 8u /* the body may be left out: as if it were {} */
#define ROUTE_GATEWAY 16u /* the handler may call the payment gateway: it runs where it can hold up only its like */

/* One row of the route table: routing, checks, 405, OpenAPI and its tests all come from it. */
typedef struct route {
    int method; /* HTTP_GET, … (HEAD is served wherever GET is) */
    const char *pattern; /* "/products/{slug}", without prefix and trailing slash; literals beat {…} */
    call_handler handler;
    int access;
    int status; /* on success */
    unsigned flags;
    const char *rate_class; /* "auth", "read", "write", "payment", "webhook" */
    const char *tag; /* "accounts", "catalogue", … */
    const char *operation; /* OpenAPI operationId: "cart_add"; NULL: served, but not in the document */
    const char *summary;
    const char *query; /* type of the query string's input, or NULL: no parameters are taken */
    const char *request; /* type of the body's input, or NULL */
    const char *
        response; /* type of the answer; "product[]": a page of them; "text/plain": something else; NULL: no body, or {detail}/{message} */
} route;

/* Each domain's rows, ended by an empty one. */
extern const route routes_accounts[];
extern const route routes_catalogue[];
extern const route routes_cart[];
extern const route routes_orders[];
extern const route routes_payments[];
extern const route routes_service[];

/* Decodes body / query string into an input struct made by its _INIT. On failure the error is told in the context. */
shop_status call_body(call *c, void *input);
shop_status call_query(call *c, void *input);

/* Path value i as an id; SHOP_NOT_FOUND when it is not a number from 1. */
shop_status call_path_id(call *c, int i, int64_t *id);
const char *call_path_text(const call *c, int i);

/* Query parameter ?use_cookies=true on routes with ROUTE_COOKIES. */
int call_use_cookies(const call *c);

/* Answers, with the route's status. Each returns SHOP_OK or the error of making the body. GET answers carry an ETag (304 included). */
shop_status reply_object(call *c, const void *handle); /* of the route's response type */
shop_status reply_created(call *c, const void *handle, const char *location_format, ...)
    __attribute__((format(printf, 3, 4))); /* + Location, "/products/%s/" : prefix added */
shop_status reply_page(call *c, const shop_page *page); /* next and previous become URLs of this request */
shop_status reply_words(call *c, const char *member, const char *text); /* {"message": "…"} */
shop_status reply_json(call *c, const char *json, size_t length); /* any JSON document */
shop_status reply_nothing(call *c); /* 204 */

/* Cookies of the account routes: set as the tokens live, or deleted. */
void reply_set_token_cookies(call *c, const char *access, const char *refresh);
void reply_delete_token_cookies(call *c);
const char *call_refresh_cookie(const call *c); /* NULL when there is none */

#endif
