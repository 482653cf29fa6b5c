/* SPDX-License-Identifier: MIT */
/*
 * Writing JSON: append-only, into a buffer of the writer's own that grows up to a hard cap. Commas
 * and colons come by themselves. What comes out is always well-formed: the first thing that would
 * make it otherwise is remembered, all later calls do nothing, and shop_json_writer_finish reports
 * it. So errors are checked once, at the end.
 *
 *   shop_json_writer w;
 *   shop_json_writer_init(&w, 64 * 1024);
 *   shop_json_object_begin(&w);
 *   shop_json_key(&w, "id");
 *   shop_json_write_int64(&w, 42);
 *   shop_json_object_end(&w);
 *   if (shop_json_writer_finish(&w, &text, &len) != SHOP_JSON_WRITE_OK) …
 *   shop_json_writer_free(&w);
 *
 * That no key stands twice in an object is the caller's care. One thread at a time.
 */
#ifndef SHOP_CORE_JSON_WRITE_H
#define SHOP_CORE_JSON_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "money.h"

typedef enum shop_json_write_status {
    SHOP_JSON_WRITE_OK,
    SHOP_JSON_WRITE_NO_MEMORY,
    SHOP_JSON_WRITE_TOO_LONG, /* the cap was hit */
    SHOP_JSON_WRITE_BAD_VALUE, /* a text with NUL or that is not UTF-8, raw JSON that is none, a
                                  time out of range */
    SHOP_JSON_WRITE_MISUSE, /* a value without its key, a key in an array, an end that matches
                                  nothing, two roots, something left open, too many levels */
} shop_json_write_status;

#define SHOP_JSON_WRITE_DEPTH_MAX 64

/*
 * Made by its caller, on the stack or in another struct; its members are the writer's own business.
 */
typedef struct shop_json_writer {
    char *data; /* room + 1 bytes */
    size_t len;
    size_t room;
    size_t max;
    size_t depth;
    uint64_t objects; /* bit d: the container at depth d + 1 is an object */
    bool after_value; /* a comma is due before what comes next */
    bool after_key; /* a value is due */
    shop_json_write_status status;
} shop_json_writer;

/* Begins; nothing is allocated yet. max: how long the text may become, in bytes. */
void shop_json_writer_init(shop_json_writer *w, size_t max);

/*
 * Back to the beginning, errors forgotten, the buffer kept: a writer that is used again does not
 * allocate.
 */
void shop_json_writer_reset(shop_json_writer *w);

/* Frees the buffer; the writer can be used again as after _init. */
void shop_json_writer_free(shop_json_writer *w);

/*
 * The text, NUL-terminated, owned by the writer until it is written to, reset or freed; len may be
 * NULL. When it is not SHOP_JSON_WRITE_OK, *text is NULL. To be called after one complete value.
 */
shop_json_write_status shop_json_writer_finish(shop_json_writer *w, const char **text, size_t *len);

void shop_json_object_begin(shop_json_writer *w);
void shop_json_object_end(shop_json_writer *w);
void shop_json_array_begin(shop_json_writer *w);
void shop_json_array_end(shop_json_writer *w);

/* Escaped where it must be, so any text will do; it costs nothing where it need not. */
void shop_json_key(shop_json_writer *w, const char *key);

void shop_json_write_null(shop_json_writer *w);
void shop_json_write_bool(shop_json_writer *w, bool value);
void shop_json_write_int64(shop_json_writer *w, int64_t value);

/* UTF-8 without NUL. text NULL writes null. */
void shop_json_write_string(shop_json_writer *w, const char *text);
void shop_json_write_text(shop_json_writer *w, const char *text, size_t len);

/* "99.99" */
void shop_json_write_money(shop_json_writer *w, int64_t minor, const shop_currency *currency);

/* "2026-11-22T21:55:00.123456Z"; SHOP_JSON_WRITE_BAD_VALUE outside 1970 to 9999. */
void shop_json_write_time(shop_json_writer *w, int64_t microseconds);

/*
 * One complete value that is JSON already, a scalar too. It passes the guard first, whose depth of
 * 16 it may have.
 */
void shop_json_write_raw(shop_json_writer *w, const char *json, size_t len);

#endif
