/* SPDX-License-Identifier: MIT */
/* Growing text and parameters. */
#include "sql.h"

#include <endian.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "../../core/mem.h"
#include "../../core/text.h"

#define PARAMS_MAX 65535 /* of the protocol */
#define INT8_ARRAY 1016u
#define TEXT_ARRAY 1009u
#define BYTEA_ARRAY 1001u

void shop_pg_sql_start(shop_pg_sql *sql)
{
    sql->size = 0;
    sql->used = 0;
    sql->count = 0;
    sql->failed = false;
}

void shop_pg_sql_free(shop_pg_sql *sql)
{
    shop_mem_free(sql->text);
    shop_mem_free(sql->bytes);
    shop_mem_free(sql->params);
    shop_mem_free(sql->types);
    shop_mem_free(sql->values);
    shop_mem_free(sql->lengths);
    shop_mem_free(sql->formats);
    *sql = (shop_pg_sql){.text = NULL};
}

/* ------------------------------------------------------------------------------------------------ growing */

/* Room for `more` bytes behind `used`. */
static bool make_room(shop_pg_sql *sql, char **buffer, size_t *room, size_t used, size_t more)
{
    if (sql->failed || more > SIZE_MAX / 4 - used) {
        sql->failed = true;
        return false;
    }
    if (used + more <= *room)
        return true;
    size_t wanted = *room ? *room : 512;
    while (wanted < used + more)
        wanted *= 2;
    char *grown = shop_mem_realloc(*buffer, wanted);
    if (!grown) {
        sql->failed = true;
        return false;
    }
    *buffer = grown;
    *room = wanted;
    return true;
}

static bool grow_array(void **array, int room, size_t size)
{
    void *grown = shop_mem_realloc(*array, (size_t)room * size);
    if (grown)
        *array = grown;
    return grown != NULL;
}

static bool grow_params(shop_pg_sql *sql)
{
    int room = sql->param_room ? sql->param_room * 2 : 32;
    void *arrays[] = {sql->params, sql->types, sql->lengths, sql->formats};
    static const size_t sizes[] = {sizeof *sql->params, sizeof *sql->types, sizeof *sql->lengths, sizeof *sql->formats};
    bool grown = true;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        grown = grow_array(&arrays[i], room, sizes[i]) && grown;
    sql->params = arrays[0];
    sql->types = arrays[1];
    sql->lengths = arrays[2];
    sql->formats = arrays[3];
    const char **values = shop_mem_realloc(sql->values, (size_t)room * sizeof *values);
    if (values)
        sql->values = values;
    if (grown && values)
        sql->param_room = room;
    return grown && values;
}

/* ------------------------------------------------------------------------------------------------ text */

static void put_bytes(shop_pg_sql *sql, const char *data, size_t size)
{
    if (!make_room(sql, &sql->text, &sql->room, sql->size, size + 1))
        return;
    memcpy(sql->text + sql->size, data, size);
    sql->size += size;
    sql->text[sql->size] = '\0';
}

void shop_pg_put(shop_pg_sql *sql, const char *text)
{
    put_bytes(sql, text, strlen(text));
}

static void put_quoted(shop_pg_sql *sql, const char *text, char quote)
{
    put_bytes(sql, &quote, 1);
    for (const char *p = text; *p; p++) {
        if (*p == quote)
            put_bytes(sql, p, 1);
        put_bytes(sql, p, 1);
    }
    put_bytes(sql, &quote, 1);
}

/* Nearly all names need no second look. */
void shop_pg_put_name(shop_pg_sql *sql, const char *name)
{
    if (strchr(name, '"')) {
        put_quoted(sql, name, '"');
        return;
    }
    put_bytes(sql, "\"", 1);
    put_bytes(sql, name, strlen(name));
    put_bytes(sql, "\"", 1);
}

void shop_pg_put_literal(shop_pg_sql *sql, const char *text)
{
    put_quoted(sql, text, '\'');
}

void shop_pg_put_int(shop_pg_sql *sql, int64_t number)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%lld", (long long)number);
    put_bytes(sql, digits, length > 0 ? (size_t)length : 0);
}

/* ------------------------------------------------------------------------------------------------ parameters */

static shop_pg_param *add_param(shop_pg_sql *sql, Oid type)
{
    if (sql->count == PARAMS_MAX || (sql->count == sql->param_room && !grow_params(sql))) {
        sql->failed = true;
        return NULL;
    }
    shop_pg_param *param = &sql->params[sql->count];
    *param = (shop_pg_param){.is_null = true};
    sql->types[sql->count++] = type;
    char name[8];
    int length = snprintf(name, sizeof name, "$%d", sql->count);
    put_bytes(sql, name, length > 0 ? (size_t)length : 0);
    return param;
}

static void add_bytes(shop_pg_sql *sql, const void *data, size_t size)
{
    if (size == 0 || !make_room(sql, &sql->bytes, &sql->bytes_room, sql->used, size))
        return;
    memcpy(sql->bytes + sql->used, data, size);
    sql->used += size;
}

size_t shop_pg_bytes_start(const shop_pg_sql *sql)
{
    return sql->used;
}

void shop_pg_bytes_add(shop_pg_sql *sql, const char *data, size_t size)
{
    add_bytes(sql, data, size);
}

void shop_pg_bytes_bind(shop_pg_sql *sql, Oid type, size_t offset)
{
    shop_pg_param *param = add_param(sql, type);
    if (!param)
        return;
    if (sql->used - offset > INT_MAX)
        sql->failed = true;
    else
        *param = (shop_pg_param){.offset = offset, .length = (int)(sql->used - offset)};
}

static void add_int4(shop_pg_sql *sql, uint32_t number)
{
    uint32_t big = htobe32(number);
    add_bytes(sql, &big, sizeof big);
}

static void add_int8(shop_pg_sql *sql, int64_t number)
{
    uint64_t big = htobe64((uint64_t)number);
    add_bytes(sql, &big, sizeof big);
}

void shop_pg_bind_int(shop_pg_sql *sql, int64_t number)
{
    shop_pg_param *param = add_param(sql, SHOP_PG_INT8);
    if (!param)
        return;
    *param = (shop_pg_param){.offset = sql->used, .length = 8};
    add_int8(sql, number);
}

static void bind_bytes(shop_pg_sql *sql, Oid type, const char *data, size_t size)
{
    shop_pg_param *param = add_param(sql, type);
    if (!param)
        return;
    if (size > INT_MAX)
        sql->failed = true;
    else
        *param = (shop_pg_param){.data = size ? data : "", .length = (int)size};
}

void shop_pg_bind_text(shop_pg_sql *sql, const char *data, size_t size)
{
    bind_bytes(sql, SHOP_PG_TEXT, data, size);
}

static Oid type_of(uint32_t kind)
{
    return kind == SHOP_VALUE_INT ? SHOP_PG_INT8 : kind == SHOP_VALUE_TEXT ? SHOP_PG_TEXT : SHOP_PG_BYTEA;
}

void shop_pg_bind_value(shop_pg_sql *sql, const shop_value *value, uint32_t kind)
{
    if (value->type == SHOP_VALUE_INT && kind == SHOP_VALUE_INT)
        shop_pg_bind_int(sql, value->num);
    else if (value->type == SHOP_VALUE_NULL)
        (void)add_param(sql, type_of(kind));
    else
        bind_bytes(sql, type_of(kind), value->data, value->size);
}

bool shop_pg_is_text(const shop_value *value)
{
    return !memchr(value->data, '\0', value->size) && shop_utf8_valid(value->data, value->size);
}

static bool is_element(const shop_value *value)
{
    return value->type == SHOP_VALUE_INT || value->type == SHOP_VALUE_BLOB ||
           (value->type == SHOP_VALUE_TEXT && shop_pg_is_text(value));
}

static void add_element(shop_pg_sql *sql, const shop_value *value)
{
    if (value->type == SHOP_VALUE_INT) {
        add_int4(sql, 8);
        add_int8(sql, value->num);
        return;
    }
    if (value->size > INT_MAX)
        sql->failed = true;
    add_int4(sql, value->size);
    add_bytes(sql, value->data, value->size);
}

/* The binary form of an array: dimensions, has NULLs, element type; length and lower bound; then each element's size and bytes. */
void shop_pg_bind_list(shop_pg_sql *sql, const shop_value *values, uint32_t count, uint32_t kind)
{
    Oid element = type_of(kind);
    Oid array = kind == SHOP_VALUE_INT ? INT8_ARRAY : kind == SHOP_VALUE_TEXT ? TEXT_ARRAY : BYTEA_ARRAY;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++)
        kept += is_element(&values[i]) ? 1u : 0u;
    size_t offset = shop_pg_bytes_start(sql);
    add_int4(sql, kept ? 1 : 0);
    add_int4(sql, 0);
    add_int4(sql, element);
    if (kept) {
        add_int4(sql, kept);
        add_int4(sql, 1);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (is_element(&values[i]))
            add_element(sql, &values[i]);
    }
    shop_pg_bytes_bind(sql, array, offset);
}

bool shop_pg_sql_finish(shop_pg_sql *sql)
{
    if (sql->failed)
        return false;
    for (int i = 0; i < sql->count; i++) {
        const shop_pg_param *param = &sql->params[i];
        sql->values[i] = param->is_null ? NULL : param->data ? param->data : sql->bytes + param->offset;
        sql->lengths[i] = param->length;
        sql->formats[i] = 1;
    }
    return true;
}
