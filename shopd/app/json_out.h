/* SPDX-License-Identifier: MIT */
/* Writes documents of shopd's own (problems, OpenAPI) from one stream of events: as JSON, or as YAML for people. */
#ifndef SHOPD_JSON_OUT_H
#define SHOPD_JSON_OUT_H

#include <stddef.h>
#include <stdint.h>

#define JSON_OUT_DEPTH 32
#define JSON_OUT_MAX (8u << 20) /* no document grows beyond this */

#define JSON_OUT_COMPACT 0
#define JSON_OUT_YAML 1

/* The text written so far is data[0..length). It may be reset and used again: the room is kept. */
typedef struct json_out {
    char *data;
    size_t length;
    size_t capacity;
    int failed; /* memory or a limit ran out: the text is not whole */
    int format;
    int depth;
    struct json_out_level {
        char is_array;
        char is_empty;
    } levels[JSON_OUT_DEPTH];
} json_out;

void json_out_init(json_out *out, int format);
void json_out_reset(json_out *out);
void json_out_free(json_out *out);

/* `key` is NULL inside arrays and for the document itself. Keys and texts are UTF-8. */
void json_out_object(json_out *out, const char *key);
void json_out_end_object(json_out *out);
void json_out_array(json_out *out, const char *key);
void json_out_end_array(json_out *out);
void json_out_text(json_out *out, const char *key, const char *text);
void json_out_int(json_out *out, const char *key, int64_t number);
void json_out_bool(json_out *out, const char *key, int truth);
void json_out_null(json_out *out, const char *key);

/* Appends bytes as they are (for texts that are not JSON). */
void json_out_raw(json_out *out, const char *bytes, size_t length);

/* Appends formatted text as it is. */
void json_out_rawf(json_out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
