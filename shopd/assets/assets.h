/* SPDX-License-Identifier: MIT
 * assets.h: the files that shopd carries inside itself (API reference, demo shop). */
#ifndef SHOPD_ASSETS_H
#define SHOPD_ASSETS_H

#include <stddef.h>

/* One embedded file. Everything it points to is read-only and lives as long as the program. */
typedef struct asset {
    const char *path; /* "swagger/index.html", "demo/demo.json", "demo/images/x.svg" */
    const char *content_type; /* ready for the Content-Type header */
    const unsigned char *data; /* size bytes; one NUL follows that size does not count */
    size_t size;
    const char *etag; /* strong, quotes included, ready for the ETag header; differs with the content */
} asset;

/* The asset with exactly this path, or NULL if there is none (or path is NULL). Thread-safe. */
const asset *asset_find(const char *path);

/* How many assets there are. Thread-safe. */
size_t asset_count(void);

/* The i-th asset in byte order of the paths, or NULL if i >= asset_count(). Thread-safe. */
const asset *asset_at(size_t i);

#endif
