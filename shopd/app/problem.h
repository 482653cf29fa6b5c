/* SPDX-License-Identifier: MIT */
/* Errors as RFC 9457 problem documents: one shape from every layer. */
#ifndef SHOPD_PROBLEM_H
#define SHOPD_PROBLEM_H

#include "app.h"

/* The HTTP status of a status of the library. */
int problem_status(shop_status status);

/* "Not Found", …; "Error" for a status that has no words here. */
const char *problem_title(int status);

/* Replaces the answer by the problem of `status`: shopd's own error, or the context's. */
void problem_reply(call *c, shop_status status);

/* Replaces the answer by a problem that has no status of the library: 405, 415, … Code and detail are texts for all to see. */
void problem_plain(call *c, int http_status, const char *code, const char *detail);

/* The same before there is a call, on any thread. */
void problem_fill(http_response *response, json_out *out, int http_status, const char *code, const char *detail,
                  const char *request_id);

#endif
