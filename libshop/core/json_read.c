/* SPDX-License-Identifier: MIT */
/*
 * Reading JSON: the only file that knows json-c. A shop_json_value is a json_object under another
 * name.
 */
#include "json_read.h"

#include <json-c/json_object.h>
#include <json-c/json_tokener.h>
#include <json-c/linkhash.h>

/* json-c's getters take no const. On a value of the type that was checked before they only read. */
static struct json_object *object_of(const shop_json_value *value)
{
    return (struct json_object *)(uintptr_t)value;
}

static const shop_json_value *value_of(const struct json_object *object)
{
    return (const shop_json_value *)object;
}

/* json-c counts the value inside the innermost container as a level too. */
static int tokener_depth(const shop_json_limits *limits)
{
    size_t depth = limits ? limits->max_depth : shop_json_default_limits.max_depth;
    return (int)(depth < SHOP_JSON_DEPTH_MAX ? depth : SHOP_JSON_DEPTH_MAX) + 1;
}

/*
 * The whole text or nothing. A scalar at the top is over only when json-c sees the text's end as a
 * NUL.
 */
static bool parse_all(struct json_tokener *tokener, const char *text, int len, struct json_object **root)
{
    *root = json_tokener_parse_ex(tokener, text, len);
    bool complete = json_tokener_get_parse_end(tokener) == (size_t)len;
    if (json_tokener_get_error(tokener) == json_tokener_continue)
        *root = json_tokener_parse_ex(tokener, "", 1);
    if (complete && json_tokener_get_error(tokener) == json_tokener_success)
        return true;
    json_object_put(*root);
    *root = NULL;
    return false;
}

static shop_json_status parse_guarded(const char *text, size_t len, const shop_json_limits *limits, shop_json_value **document)
{
    struct json_tokener *tokener = json_tokener_new_ex(tokener_depth(limits));
    struct json_object *root;

    if (!tokener)
        return SHOP_JSON_NO_MEMORY;
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    bool parsed = parse_all(tokener, text, (int)len, &root);
    json_tokener_free(tokener);
    *document = (shop_json_value *)root;
    return parsed ? SHOP_JSON_OK : SHOP_JSON_PARSER;
}

shop_json_status shop_json_parse(const char *text, size_t len, const shop_json_limits *limits, shop_json_value **document,
                                 shop_json_error *error)
{
    *document = NULL;
    shop_json_status status = shop_json_guard(text, len, limits, error);
    if (status != SHOP_JSON_OK)
        return status;
    status = parse_guarded(text, len, limits, document);
    if (error)
        *error = (shop_json_error){status, 0, shop_json_status_message(status)};
    return status;
}

void shop_json_free(shop_json_value *document)
{
    json_object_put(object_of(document));
}

shop_json_type shop_json_type_of(const shop_json_value *value)
{
    static const shop_json_type types[] = {
        [json_type_null] = SHOP_JSON_TYPE_NULL,     [json_type_boolean] = SHOP_JSON_TYPE_BOOL,
        [json_type_double] = SHOP_JSON_TYPE_NUMBER, [json_type_int] = SHOP_JSON_TYPE_INT,
        [json_type_object] = SHOP_JSON_TYPE_OBJECT, [json_type_array] = SHOP_JSON_TYPE_ARRAY,
        [json_type_string] = SHOP_JSON_TYPE_STRING,
    };
    return types[json_object_get_type(object_of(value))];
}

bool shop_json_get_bool(const shop_json_value *value, bool *out)
{
    if (shop_json_type_of(value) != SHOP_JSON_TYPE_BOOL)
        return false;
    *out = json_object_get_boolean(object_of(value)) != 0;
    return true;
}

bool shop_json_get_int64(const shop_json_value *value, int64_t *out)
{
    if (shop_json_type_of(value) != SHOP_JSON_TYPE_INT)
        return false;
    *out = json_object_get_int64(object_of(value));
    return true;
}

bool shop_json_get_string(const shop_json_value *value, const char **out, size_t *len)
{
    if (shop_json_type_of(value) != SHOP_JSON_TYPE_STRING)
        return false;
    *out = json_object_get_string(object_of(value));
    if (len)
        *len = (size_t)json_object_get_string_len(object_of(value));
    return true;
}

size_t shop_json_count(const shop_json_value *value)
{
    switch (shop_json_type_of(value)) {
    case SHOP_JSON_TYPE_ARRAY:
        return json_object_array_length(object_of(value));
    case SHOP_JSON_TYPE_OBJECT:
        return (size_t)json_object_object_length(object_of(value));
    default:
        return 0;
    }
}

const shop_json_value *shop_json_at(const shop_json_value *array, size_t index)
{
    if (shop_json_type_of(array) != SHOP_JSON_TYPE_ARRAY)
        return NULL;
    return value_of(json_object_array_get_idx(object_of(array), index));
}

bool shop_json_find(const shop_json_value *object, const char *key, const shop_json_value **out)
{
    struct json_object *found;

    if (shop_json_type_of(object) != SHOP_JSON_TYPE_OBJECT || !json_object_object_get_ex(object_of(object), key, &found))
        return false;
    *out = value_of(found);
    return true;
}

shop_json_members shop_json_members_of(const shop_json_value *object)
{
    if (shop_json_type_of(object) != SHOP_JSON_TYPE_OBJECT)
        return (shop_json_members){NULL};
    return (shop_json_members){lh_table_head(json_object_get_object(object_of(object)))};
}

bool shop_json_next_member(shop_json_members *members, const char **key, const shop_json_value **value)
{
    const struct lh_entry *entry = members->next;

    if (!entry)
        return false;
    *key = lh_entry_k(entry);
    *value = value_of(lh_entry_v(entry));
    members->next = lh_entry_next(entry);
    return true;
}
