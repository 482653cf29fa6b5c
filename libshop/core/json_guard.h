/* SPDX-License-Identifier: MIT */
/*
 * The guard: a strict RFC 8259 validator that every document passes before a JSON library sees a
 * byte of it.
 *
 * One pass over the text, no recursion, memory only for objects with many members. Thread-safe: no
 * shared state.
 */
#ifndef SHOP_CORE_JSON_GUARD_H
#define SHOP_CORE_JSON_GUARD_H

#include <stdbool.h>
#include <stddef.h>

typedef enum shop_json_status {
    SHOP_JSON_OK,
    SHOP_JSON_EMPTY, /* no value at all */
    SHOP_JSON_TOO_LONG, /* more bytes than allowed */
    SHOP_JSON_BOM, /* begins with a byte order mark */
    SHOP_JSON_TRUNCATED, /* ends too early */
    SHOP_JSON_SYNTAX, /* a character that cannot stand there: comments, trailing commas, NaN,
                                Infinity, … */
    SHOP_JSON_TRAILING, /* something follows the document */
    SHOP_JSON_SCALAR, /* neither an object nor an array at the top */
    SHOP_JSON_TOO_DEEP, /* more containers within each other than allowed */
    SHOP_JSON_TOO_MANY, /* more values than allowed */
    SHOP_JSON_TOO_WIDE, /* more members in an object than allowed */
    SHOP_JSON_DUPLICATE_KEY, /* a key twice in an object, however written */
    SHOP_JSON_NUMBER, /* "01", "1.", ".5", "+1", "1e" */
    SHOP_JSON_NUMBER_RANGE, /* a whole number outside int64, or a magnitude above 1e308 */
    SHOP_JSON_CONTROL, /* a raw control character in a string */
    SHOP_JSON_NUL, /* NUL, raw or as \u0000, in a string */
    SHOP_JSON_ESCAPE, /* a backslash with what may not follow it */
    SHOP_JSON_SURROGATE, /* \ud800 to \udfff that do not make a pair */
    SHOP_JSON_UTF8, /* bytes that are not UTF-8 */
    SHOP_JSON_NO_MEMORY,
    SHOP_JSON_PARSER, /* the JSON library refused what the guard accepted: a defect (json_read.h) */
} shop_json_status;

typedef struct shop_json_limits {
    size_t max_bytes; /* of the text; never more than 1 GiB */
    size_t max_depth; /* of containers within each other; never more than SHOP_JSON_DEPTH_MAX */
    size_t max_values; /* in total: what a parser makes of a value is some eighty times its text */
    size_t max_members; /* in one object */
    bool allow_scalar; /* at the top */
} shop_json_limits;

#define SHOP_JSON_DEPTH_MAX 64

/* 1 MiB, 16 levels, 10,000 values, 1,000 members, no scalar. */
extern const shop_json_limits shop_json_default_limits;

typedef struct shop_json_error {
    shop_json_status status;
    size_t offset; /* of the byte at fault; of the second one of two equal keys; the length when
                      TRUNCATED */
    const char *message; /* for a person, in English; static */
} shop_json_error;

/* Checks a document. limits NULL: the defaults. error NULL: only the status is wanted. */
shop_json_status shop_json_guard(const char *text, size_t len, const shop_json_limits *limits, shop_json_error *error);

/* What a status means: the message above. Static; "" for SHOP_JSON_OK. */
const char *shop_json_status_message(shop_json_status status);

/*
 * How many bytes at the start stand for themselves in a JSON string: ASCII but controls, " and \.
 */
size_t shop_json_plain_span(const char *s, size_t len);

#endif
