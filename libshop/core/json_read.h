/* SPDX-License-Identifier: MIT */
/*
 * Reading JSON: one call guards and parses, typed getters read. A getter never converts: asked for
 * another type than is there it answers false, and its output stays as it was.
 *
 * A document and all of its values belong to one thread at a time, also for reading. Texts and
 * values live as long as their document. JSON's null is the NULL value everywhere here.
 *
 * SHOP_JSON_NO_MEMORY covers memory that we ask for. json-c itself (0.16) does not survive a malloc
 * that fails while it parses: it may crash, or leave members out.
 */
#ifndef SHOP_CORE_JSON_READ_H
#define SHOP_CORE_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json_guard.h"

typedef struct shop_json_value shop_json_value;

typedef enum shop_json_type {
    SHOP_JSON_TYPE_NULL,
    SHOP_JSON_TYPE_BOOL,
    SHOP_JSON_TYPE_INT, /* written without fraction and exponent, fits int64 */
    SHOP_JSON_TYPE_NUMBER, /* any other number */
    SHOP_JSON_TYPE_STRING,
    SHOP_JSON_TYPE_ARRAY,
    SHOP_JSON_TYPE_OBJECT,
} shop_json_type;

/*
 * Parses a document that passes the guard (limits and error as there). SHOP_JSON_OK: *document is
 * to be freed with shop_json_free. Anything else: it is NULL.
 */
shop_json_status shop_json_parse(const char *text, size_t len, const shop_json_limits *limits, shop_json_value **document,
                                 shop_json_error *error);

/* Frees a document. NULL is fine. */
void shop_json_free(shop_json_value *document);

shop_json_type shop_json_type_of(const shop_json_value *value);

bool shop_json_get_bool(const shop_json_value *value, bool *out);
bool shop_json_get_int64(const shop_json_value *value, int64_t *out);

/* UTF-8 without NUL inside, NUL-terminated; len may be NULL. */
bool shop_json_get_string(const shop_json_value *value, const char **out, size_t *len);

/* How many items an array or members an object has; 0 for all others. */
size_t shop_json_count(const shop_json_value *value);

/*
 * The item at an index below shop_json_count of an array; NULL for null, and where there is none.
 */
const shop_json_value *shop_json_at(const shop_json_value *array, size_t index);

/*
 * The member of an object: false when there is none (or no object), true with *out NULL when it is
 * null.
 */
bool shop_json_find(const shop_json_value *object, const char *key, const shop_json_value **out);

/*
 * The members of an object in the order of the text; none for another value.
 *
 *   shop_json_members m = shop_json_members_of(object);
 *   while (shop_json_next_member(&m, &key, &value)) …
 */
typedef struct shop_json_members {
    const void *next;
} shop_json_members;

shop_json_members shop_json_members_of(const shop_json_value *object);
bool shop_json_next_member(shop_json_members *members, const char **key, const shop_json_value **value);

#endif
