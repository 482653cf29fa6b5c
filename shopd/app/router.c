/* SPDX-License-Identifier: MIT */
/* Finds the route of a request's path: a tree of path segments, compiled once from the tables of routes. */
#include "router.h"

#include <stdlib.h>
#include <string.h>

#include "../http/url.h"

#define METHODS (HTTP_OPTIONS + 1)
#define PATH_SEGMENTS (ROUTER_SEGMENTS + 2) /* with the prefix */

static const char prefix[] = "/api/v1";

typedef struct node {
    char *segment; /* the literal; NULL at the root and for {…} */
    struct node **literals; /* sorted */
    size_t literal_count;
    struct node *parameter;
    size_t routes[METHODS]; /* 1 + index of the route; 0: none */
    unsigned allowed;
} node;

struct router {
    node root;
    const route **routes;
    size_t count;
};

/* ------------------------------------------------------------------------------------------------ compiling */

static void clear_node(node *n)
{
    for (size_t i = 0; i < n->literal_count; i++) {
        clear_node(n->literals[i]);
        free(n->literals[i]);
    }
    if (n->parameter != NULL) {
        clear_node(n->parameter);
        free(n->parameter);
    }
    free(n->literals);
    free(n->segment);
}

void router_free(router *r)
{
    if (r != NULL) {
        clear_node(&r->root);
        free(r->routes);
        free(r);
    }
}

/* Where the literal is, or where it belongs. */
static size_t literal_position(const node *n, const char *segment, int *found)
{
    size_t low = 0;
    size_t high = n->literal_count;
    *found = 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(n->literals[middle]->segment, segment);
        if (order == 0) {
            *found = 1;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static node *add_literal(node *parent, const char *segment)
{
    int found = 0;
    size_t position = literal_position(parent, segment, &found);
    if (found) {
        return parent->literals[position];
    }
    node **literals = realloc(parent->literals, (parent->literal_count + 1) * sizeof(node *));
    if (literals == NULL) {
        return NULL;
    }
    parent->literals = literals;
    node *child = calloc(1, sizeof *child);
    char *copy = strdup(segment);
    if (child == NULL || copy == NULL) {
        free(child);
        free(copy);
        return NULL;
    }
    child->segment = copy;
    memmove(literals + position + 1, literals + position, (parent->literal_count - position) * sizeof(node *));
    literals[position] = child;
    parent->literal_count++;
    return child;
}

static node *add_segment(node *parent, const char *segment)
{
    if (segment[0] != '{') {
        return add_literal(parent, segment);
    }
    if (parent->parameter == NULL) {
        parent->parameter = calloc(1, sizeof *parent->parameter);
    }
    return parent->parameter;
}

static int add_route(router *r, const route *added)
{
    char pattern[256];
    size_t length = strlen(added->pattern);
    if (length >= sizeof pattern || added->method <= 0 || added->method >= METHODS) {
        return 0;
    }
    memcpy(pattern, added->pattern, length + 1);
    node *at = &r->root;
    char *rest = NULL;
    int values = 0;
    for (char *segment = strtok_r(pattern, "/", &rest); segment != NULL; segment = strtok_r(NULL, "/", &rest)) {
        values += segment[0] == '{';
        at = add_segment(at, segment);
        if (at == NULL || values > ROUTER_VALUES) {
            return 0;
        }
    }
    if (at->routes[added->method] != 0) {
        return 0;
    }
    r->routes[r->count++] = added;
    at->routes[added->method] = r->count;
    at->allowed |= 1u << added->method | 1u << HTTP_OPTIONS;
    if (added->method == HTTP_GET) {
        at->routes[HTTP_HEAD] = r->count;
        at->allowed |= 1u << HTTP_HEAD;
    }
    return 1;
}

router *router_new(const route *const *tables)
{
    size_t total = 0;
    for (size_t t = 0; tables[t] != NULL; t++) {
        for (const route *row = tables[t]; row->pattern != NULL; row++) {
            total++;
        }
    }
    router *r = calloc(1, sizeof *r);
    if (r == NULL || (r->routes = calloc(total + 1, sizeof *r->routes)) == NULL) {
        free(r);
        return NULL;
    }
    for (size_t t = 0; tables[t] != NULL; t++) {
        for (const route *row = tables[t]; row->pattern != NULL; row++) {
            if (!add_route(r, row)) {
                router_free(r);
                return NULL;
            }
        }
    }
    return r;
}

size_t router_count(const router *r)
{
    return r->count;
}

const route *router_at(const router *r, size_t i)
{
    return i < r->count ? r->routes[i] : NULL;
}

/* ------------------------------------------------------------------------------------------------ finding */

const char *router_canonical(const char *path, size_t *length)
{
    size_t prefix_length = sizeof prefix - 1;
    if (*length >= prefix_length && memcmp(path, prefix, prefix_length) == 0 &&
        (*length == prefix_length || path[prefix_length] == '/')) {
        path += prefix_length;
        *length -= prefix_length;
    }
    while (*length > 0 && path[*length - 1] == '/') {
        *length -= 1;
    }
    return path;
}

/* The node of these segments; `values` counts the {…} passed. A literal that leads nowhere gives way to {…}. */
static const node *descend(const node *n, const char *const *segments, size_t count, const char **values, size_t used)
{
    if (count == 0) {
        return n->allowed != 0 ? n : NULL;
    }
    int found = 0;
    size_t position = literal_position(n, segments[0], &found);
    const node *end = found ? descend(n->literals[position], segments + 1, count - 1, values, used) : NULL;
    if (end == NULL && n->parameter != NULL && used < ROUTER_VALUES) {
        values[used] = segments[0];
        end = descend(n->parameter, segments + 1, count - 1, values, used + 1);
    }
    return end;
}

int router_find(const router *r, int method, const char *path, size_t length, route_match *match)
{
    const char *segments[PATH_SEGMENTS];
    size_t count = 0;
    match->route = NULL;
    match->index = r->count;
    match->allowed = 0;
    memset(match->values, 0, sizeof match->values);
    int split = http_path_split(path, length, match->text, sizeof match->text, segments, PATH_SEGMENTS, &count);
    if (split != HTTP_URL_OK) {
        return split == HTTP_URL_MALFORMED ? ROUTER_BAD_PATH : ROUTER_NO_PATH;
    }
    size_t skipped = count >= 2 && strcmp(segments[0], "api") == 0 && strcmp(segments[1], "v1") == 0 ? 2 : 0;
    const node *end = descend(&r->root, segments + skipped, count - skipped, match->values, 0);
    if (end == NULL) {
        return ROUTER_NO_PATH;
    }
    match->allowed = end->allowed;
    if (method <= 0 || method >= METHODS || end->routes[method] == 0) {
        return ROUTER_NO_METHOD;
    }
    match->index = end->routes[method] - 1;
    match->route = r->routes[match->index];
    return ROUTER_FOUND;
}
