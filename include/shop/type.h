/* SPDX-License-Identifier: MIT */
/*
 * What the shop's objects are made of: each field's name, kind, unit and meaning, described once. The same description
 * makes an object's JSON, checks an input, and fills the OpenAPI document of shopd.
 *
 * Everything here is static, lives for ever, and may be used by any thread.
 */
#ifndef SHOP_TYPE_H
#define SHOP_TYPE_H

#include <shop/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct shop_type shop_type;
typedef struct shop_field shop_field;

#define SHOP_KIND_INT 1 /* int64; JSON integer */
#define SHOP_KIND_BOOL 2 /* int64 0 or 1; JSON true, false */
#define SHOP_KIND_TIME 3 /* int64 microseconds; JSON text, RFC 3339 in UTC */
#define SHOP_KIND_MONEY 4 /* int64 minor units; JSON text, decimal with the currency's digits */
#define SHOP_KIND_TEXT 5 /* const char *; JSON text */
#define SHOP_KIND_OBJECT 6 /* another type; JSON object or null */
#define SHOP_KIND_LIST 7 /* items of another type; JSON array */
#define SHOP_KIND_WORDS 8 /* const char *const *, NULL-terminated; JSON array of texts */

#define SHOP_FIELD_REQUIRED 1 /* inputs: must be given */
#define SHOP_FIELD_NULLABLE 2 /* handles: may be null */
#define SHOP_FIELD_SECRET 4 /* never to be shown or logged: passwords, tokens */
#define SHOP_FIELD_BLANK 8 /* inputs: a text may be empty */
#define SHOP_FIELD_OPTIONAL 16 /* handles: left out of the JSON when null */
#define SHOP_FIELD_MULTILINE 32 /* inputs: a text may have several lines */

/* The type named `name` ("product", "product_input"); NULL when there is none. All types: shop_type_at, NULL beyond the end. */
SHOP_API const shop_type *shop_type_find(const char *name);
SHOP_API const shop_type *shop_type_at(size_t i);

SHOP_API const char *shop_type_name(const shop_type *type);
SHOP_API const char *shop_type_doc(const shop_type *type);
SHOP_API size_t shop_type_field_count(const shop_type *type);
SHOP_API const shop_field *shop_type_field(const shop_type *type, size_t i); /* NULL beyond the end */

SHOP_API const char *shop_field_name(const shop_field *field);
SHOP_API int32_t shop_field_kind(const shop_field *field);
SHOP_API int32_t shop_field_flags(const shop_field *field);
SHOP_API const char *shop_field_doc(const shop_field *field);
SHOP_API int64_t shop_field_min(const shop_field *field); /* least number, or least characters of a text; SHOP_UNSET: none */
SHOP_API int64_t shop_field_max(const shop_field *field); /* likewise the most */
SHOP_API const char *shop_field_word(const shop_field *field,
                                     size_t i); /* the words a text is limited to; NULL beyond the end */
SHOP_API const shop_type *shop_field_of(const shop_field *field); /* of an object's or list's items; else NULL */

/*
 * The JSON of a handle of that type. *json (NUL-terminated) and *length live in the context.
 * SHOP_OK, SHOP_NO_MEMORY, SHOP_MISUSE.
 */
SHOP_API shop_status shop_to_json(shop_ctx *cx, const shop_type *type, const void *handle, const char **json, size_t *length);

/*
 * Fills an input struct (made by its _INIT) from strict JSON: an object whose members all are fields of the type, each once and
 * of the right kind. SHOP_OK; SHOP_INVALID (code "malformed_json" or "validation_error" with the fields); SHOP_NO_MEMORY;
 * SHOP_MISUSE. Texts live in the context.
 */
SHOP_API shop_status shop_from_json(shop_ctx *cx, const shop_type *type, const char *json, size_t length, void *input);

/* The same from decoded name/value pairs, as of a query string. `count` pairs. */
SHOP_API shop_status shop_from_pairs(shop_ctx *cx, const shop_type *type, const char *const *names, const char *const *values,
                                     size_t count, void *input);

/* Bytes of the type's struct: for languages that build an input from its description. */
SHOP_API size_t shop_type_size(const shop_type *type);

/*
 * The entity tag of `length` bytes of an object's JSON: 34 characters, quotes included, and a NUL. What If-Match is held against.
 */
#define SHOP_ETAG_SIZE 35
SHOP_API void shop_etag(const char *json, size_t length, char etag[SHOP_ETAG_SIZE]);

/* ------------------------------------------------------------------------------------------------ pages of lists */

/* One page of a list. Its items are read with the domain's own function: shop_product_at(page, i). */
typedef struct shop_page shop_page;

SHOP_API size_t shop_page_count(const shop_page *page); /* items on this page */
SHOP_API int64_t shop_page_total(const shop_page *page); /* items in all; -1 when paged by cursor */
SHOP_API int64_t shop_page_number(const shop_page *page); /* from 1; 0 when paged by cursor */
SHOP_API int32_t shop_page_has_next(const shop_page *page); /* 1 or 0 */
SHOP_API int32_t shop_page_has_previous(const shop_page *page);
SHOP_API const char *shop_page_next_cursor(const shop_page *page); /* NULL when there is none, or paged by number */
SHOP_API const char *shop_page_previous_cursor(const shop_page *page);

/*
 * {"count":…,"next":…,"previous":…,"results":[…]} with these texts as next and previous (NULL: null); count only when paged by
 * number. SHOP_OK, SHOP_NO_MEMORY, SHOP_MISUSE.
 */
SHOP_API shop_status shop_page_to_json(shop_ctx *cx, const shop_page *page, const char *next, const char *previous,
                                       const char **json, size_t *length);

#ifdef __cplusplus
}
#endif

#endif
