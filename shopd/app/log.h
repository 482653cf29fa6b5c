/* SPDX-License-Identifier: MIT */
/* The log of the server: lines to standard error, as text or JSON. Lines of requests are gathered, others go out at once. */
#ifndef SHOPD_LOG_H
#define SHOPD_LOG_H

#include <stdint.h>

/* Called once, before threads are. `level` is SHOP_LOG_…; `as_json` chooses the form. */
void log_open(int32_t level, int as_json);

/* "error", … as a level; 0 for another word. */
int32_t log_level_of(const char *word);

int log_wants(int32_t level);

/* One line. Thread-safe. Nothing secret is ever handed to it. */
void log_write(int32_t level, const char *format, ...) __attribute__((format(printf, 2, 3)));

typedef struct log_request {
    const char *method;
    const char *path; /* as sent, without the query */
    int path_length;
    int status;
    uint64_t bytes;
    int64_t duration_us;
    const char *peer;
    const char *request_id;
    int64_t actor; /* 0: nobody */
} log_request;

/* One line of level INFO. Thread-safe, cheap: written when many are there, or at log_flush. */
void log_access(const log_request *request);

/* Writes what was gathered. Called every second, and at the end. */
void log_flush(void);

#endif
