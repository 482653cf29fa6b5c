/* SPDX-License-Identifier: MIT */
/* Finds the route of a request's path: a tree of path segments, compiled once from the tables of routes. */
#ifndef SHOPD_ROUTER_H
#define SHOPD_ROUTER_H

#include <stddef.h>

#include "call.h"

#define ROUTER_VALUES 4 /* {…} in one pattern: as many as call.path_values holds */
#define ROUTER_SEGMENTS 8 /* segments of one pattern */
#define ROUTER_TEXT 1024 /* bytes of all decoded segments of a path; longer paths lead nowhere */

typedef struct router router;

/* Compiles tables, each ended by an empty row; the tables array is ended by NULL. NULL: memory, or two rows collide. */
router *router_new(const route *const *tables);
void router_free(router *r);

size_t router_count(const router *r);
const route *router_at(const router *r, size_t i);

#define ROUTER_FOUND 1
#define ROUTER_NO_METHOD 0 /* there is something at this path, but not for this method: see `allowed` */
#define ROUTER_NO_PATH (-1)
#define ROUTER_BAD_PATH (-2) /* no path that a client should send: bad escapes, "..", empty segments */

typedef struct route_match {
    const route *route;
    size_t index; /* of the route, below router_count */
    unsigned allowed; /* bit HTTP_… of each method at this path, HEAD and OPTIONS included; 0 when there is no such path */
    const char *values[ROUTER_VALUES];
    char text[ROUTER_TEXT]; /* what the values point into */
} route_match;

/*
 * Path is as it came, still percent-encoded, without the query. The prefix /api/v1 and a trailing slash may be there or not.
 * Literal segments beat {…}. HEAD finds the route of GET. Any number of threads at once.
 */
int router_find(const router *r, int method, const char *path, size_t length, route_match *match);

/* The path without prefix and trailing slash: /api/v1/products/ is /products; the root is "" . Points into `path`. */
const char *router_canonical(const char *path, size_t *length);

#endif
