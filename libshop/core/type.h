/* SPDX-License-Identifier: MIT */
/*
 * The description of handles and inputs: one table of fields a type. It makes the JSON (both ways), the checks of inputs,
 * the rows' loading, and shopd's OpenAPI document.
 */
#ifndef SHOP_CORE_TYPE_H
#define SHOP_CORE_TYPE_H

#include <shop/sys/storage.h>
#include <shop/type.h>

#include "json_write.h"
#include "money.h"

/*
 * In handles: INT, BOOL, TIME, MONEY are int64_t; TEXT is const char *; OBJECT is a pointer to the other struct; LIST is a
 * shop_list. A nullable number holds SHOP_UNSET for null. In inputs: numbers SHOP_UNSET and texts NULL when not given; no OBJECT, no LIST.
 */
typedef struct shop_list {
    const void *items; /* an array of structs of the field's `of` */
    size_t count;
} shop_list;

struct shop_field {
    const char *name;
    uint16_t kind;
    uint16_t flags;
    uint16_t column; /* the column of the type's table it is loaded from, or SHOP_NO_COLUMN */
    uint32_t offset;
    int64_t min; /* numbers: least value; texts: least characters; SHOP_UNSET: none */
    int64_t max;
    const char *const *words; /* texts: allowed words, NULL-terminated */
    const shop_type *of;
    const char *doc;
};

struct shop_type {
    const char *name;
    const char *doc;
    const shop_field *fields;
    uint32_t field_count;
    uint32_t size; /* of the struct */
    uint32_t currency_offset; /* handles with money: where the `const shop_currency *` member is; 0: the shop's currency */
};

/* Every type, NULL-terminated: types.c collects them from the domains. */
extern const shop_type *const shop_types[];

/* Fields whose `column` is set get the row's values (texts are shared with the row, not copied). */
void shop_type_load(const shop_type *type, const shop_value *row, void *handle);

void shop_type_write_json(const shop_type *type, const shop_currency *shop_money, const void *handle, shop_json_writer *w);

/* Makes a handle again from the JSON that shop_to_json made of it. */
shop_status shop_type_read_handle(shop_ctx *cx, const shop_type *type, const char *json, size_t length, const void **handle);

/*
 * Checks struct_size and each given field of an input against its description (characters, range, words, UTF-8 without NUL or
 * control characters; required ones present unless `partial`). Adds field errors to the context; SHOP_OK, SHOP_INVALID
 * ("validation_error") or SHOP_MISUSE. Every service calls it first: C callers get the rules that JSON callers get.
 */
shop_status shop_input_check(shop_ctx *cx, const shop_type *type, const void *input, int partial);

/* What was written into the context's writer, copied into its arena; tells what went wrong. */
shop_status shop_json_take(shop_ctx *cx, const char **json, size_t *length);

#endif
