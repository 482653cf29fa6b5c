/* SPDX-License-Identifier: MIT */
/* Who calls and from where: hosts, origins, tokens, and the check against forged requests. */
#ifndef SHOPD_GUARD_H
#define SHOPD_GUARD_H

#include "app.h"

/* The Host header has the form of a host, and in production is one of ALLOWED_HOSTS. 1 or 0. */
int guard_host(const call *c);

/*
 * Finds out who acts and tells the context. A user's route without a good token is SHOP_UNAUTHENTICATED. A public route
 * ignores a bad cookie and refuses a bad header; those that hand out tokens (ROUTE_COOKIES) look at neither.
 */
shop_status guard_actor(call *c);

/* SHOP_OK, or SHOP_FORBIDDEN "csrf_failed" for an unsafe method of a caller known by cookie that another site may have sent. */
shop_status guard_forgery(call *c);

/* Adds the CORS headers of an answer. */
void guard_cors(const call *c);

/* Whether this OPTIONS request is a preflight of an allowed origin; then adds what it asks for. */
void guard_preflight(const call *c, const char *methods);

#endif
