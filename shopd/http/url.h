/* SPDX-License-Identifier: MIT */
/*
 * Paths and query strings, decoded strictly: no NUL, no bad percent escape, no bad UTF-8 ever comes out. Pure
 * functions over the caller's memory; thread-safe.
 */
#ifndef SHOPD_HTTP_URL_H
#define SHOPD_HTTP_URL_H

#include <stddef.h>

#define HTTP_URL_OK 0
#define HTTP_URL_MALFORMED (-1) /* not something a client should send: answer 400 */
#define HTTP_URL_TOO_MANY (-2) /* more segments or parameters than there is room for */
#define HTTP_URL_NO_SPACE (-3) /* the buffer is too small */

#define HTTP_QUERY_MAX 64 /* as many parameters as a query may have, in the largest case */

/*
 * Splits a raw path at '/' and decodes each segment. The leading '/' must be there; one at the end is dropped, so
 * that "/a/b" and "/a/b/" give the same; "/" gives no segment. MALFORMED: empty segments, "." and ".." (in any
 * spelling), %2F, control characters (%00 too), bad escapes, bad UTF-8. The strings end in NUL and stand in buffer,
 * which path_len + 1 bytes always suffice for.
 */
int http_path_split(const char *path, size_t path_len, char *buffer, size_t size, const char **segments, size_t max_segments,
                    size_t *count);

typedef struct http_param {
    const char *name; /* decoded, ended by NUL, never empty */
    const char *value; /* decoded, ended by NUL; "" when there is no '=' */
} http_param;

/*
 * Takes a raw query (without '?') apart: pairs at '&', name and value at the first '='; both are decoded, '+' is a
 * space. Empty pairs ("a=1&&b=2") are passed over. Names that occur twice come out twice, in order. MALFORMED: an
 * empty name, %00, bad escapes, bad UTF-8. TOO_MANY: more than max_params or HTTP_QUERY_MAX. The strings stand in buffer,
 * which query_len + 1 bytes always suffice for.
 */
int http_query_parse(const char *query, size_t query_len, char *buffer, size_t size, http_param *params, size_t max_params,
                     size_t *count);

/*
 * Writes text so that it can stand as a name or value in a query or as a path segment: everything but
 * A-Z a-z 0-9 - . _ ~ becomes %XX. Returns the length without the NUL, or -1 when it does not fit size bytes.
 */
long http_url_encode(const char *text, size_t len, char *out, size_t size);

#endif
