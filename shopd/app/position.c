/* SPDX-License-Identifier: MIT */
/* Reading one's own writes over HTTP: the position of a change goes out with its answer and comes back with the next requests. */
#include "position.h"

#include <string.h>

#define COOKIE "shop_position"

static void take_cookie(const call *c)
{
    const char *value = NULL;
    size_t length = 0;
    char text[sizeof c->worker->position];
    if (http_cookie(c->http, COOKIE, &value, &length) != 1 || length >= sizeof text) {
        return;
    }
    memcpy(text, value, length);
    text[length] = '\0';
    shop_ctx_set_position(c->cx, text);
}

/* A copy of what the context says: its own lives until the next call. */
static void keep(call *c)
{
    const char *position = shop_ctx_position(c->cx);
    size_t length = strlen(position);
    c->worker->position[0] = '\0';
    if (length < sizeof c->worker->position) {
        memcpy(c->worker->position, position, length + 1);
    }
}

void position_take(call *c)
{
    const char *header = http_request_header(c->http, "Shop-Position");
    if (header != NULL) {
        shop_ctx_set_position(c->cx, header);
    } else {
        take_cookie(c);
    }
    keep(c);
}

void position_tell(call *c)
{
    char taken[sizeof c->worker->position];
    if (c->cx == NULL || c->route == NULL || c->route->access == ACCESS_GATEWAY) {
        return;
    }
    memcpy(taken, c->worker->position, sizeof taken);
    keep(c);
    if (c->worker->position[0] != '\0' && strcmp(c->worker->position, taken) != 0) {
        http_response_header(c->response, "Shop-Position", c->worker->position);
        reply_set_position_cookie(c, COOKIE, c->worker->position);
    }
}
