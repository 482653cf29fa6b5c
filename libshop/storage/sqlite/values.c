/* SPDX-License-Identifier: MIT */
/* The virtual table shop_values: one row a value of the list that is bound to its hidden column. */
#include "values.h"

#include <stddef.h>
#include <string.h>

#define POINTER_TYPE "shop_values"

typedef struct cursor {
    sqlite3_vtab_cursor base;
    shop_sqlite_list list;
    uint32_t at;
} cursor;

static int connect_table(sqlite3 *db, void *context, int count, const char *const *arguments, sqlite3_vtab **out, char **error)
{
    (void)context;
    (void)count;
    (void)arguments;
    (void)error;
    int code = sqlite3_declare_vtab(db, "CREATE TABLE x(value, list HIDDEN)");
    if (code != SQLITE_OK)
        return code;
    (void)sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS);
    *out = sqlite3_malloc(sizeof **out);
    if (!*out)
        return SQLITE_NOMEM;
    memset(*out, 0, sizeof **out);
    return SQLITE_OK;
}

static int disconnect_table(sqlite3_vtab *table)
{
    sqlite3_free(table);
    return SQLITE_OK;
}

/* The only way to read it is with a list given. */
static int best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
    (void)table;
    for (int i = 0; i < info->nConstraint; i++) {
        if (info->aConstraint[i].iColumn == 1 && info->aConstraint[i].op == SQLITE_INDEX_CONSTRAINT_EQ &&
            info->aConstraint[i].usable) {
            info->aConstraintUsage[i].argvIndex = 1;
            info->aConstraintUsage[i].omit = 1;
            info->estimatedCost = 100;
            info->estimatedRows = 100;
            return SQLITE_OK;
        }
    }
    return SQLITE_CONSTRAINT;
}

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **out)
{
    (void)table;
    cursor *c = sqlite3_malloc(sizeof *c);
    if (!c)
        return SQLITE_NOMEM;
    memset(c, 0, sizeof *c);
    *out = &c->base;
    return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *base)
{
    sqlite3_free(base);
    return SQLITE_OK;
}

static int filter(sqlite3_vtab_cursor *base, int number, const char *text, int count, sqlite3_value **arguments)
{
    (void)number;
    (void)text;
    cursor *c = (cursor *)base;
    const shop_sqlite_list *list = count == 1 ? sqlite3_value_pointer(arguments[0], POINTER_TYPE) : NULL;
    c->list = list ? *list : (shop_sqlite_list){.count = 0};
    c->at = 0;
    return SQLITE_OK;
}

static int next(sqlite3_vtab_cursor *base)
{
    ((cursor *)base)->at++;
    return SQLITE_OK;
}

static int is_at_end(sqlite3_vtab_cursor *base)
{
    const cursor *c = (const cursor *)base;
    return c->at >= c->list.count;
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *context, int number)
{
    const cursor *c = (const cursor *)base;
    const shop_value *value = &c->list.first[(size_t)c->at * c->list.stride];
    if (number != 0 || value->type == SHOP_VALUE_NULL)
        sqlite3_result_null(context);
    else if (value->type == SHOP_VALUE_INT)
        sqlite3_result_int64(context, value->num);
    else if (value->type == SHOP_VALUE_TEXT)
        sqlite3_result_text64(context, value->data, value->size, SQLITE_STATIC, SQLITE_UTF8);
    else
        sqlite3_result_blob64(context, value->size ? value->data : "", value->size, SQLITE_STATIC);
    return SQLITE_OK;
}

static int row_id(sqlite3_vtab_cursor *base, sqlite3_int64 *id)
{
    *id = ((const cursor *)base)->at;
    return SQLITE_OK;
}

static const sqlite3_module module = {
    .xConnect = connect_table, /* and no xCreate: the table exists by itself, in every schema */
    .xBestIndex = best_index,
    .xDisconnect = disconnect_table,
    .xOpen = open_cursor,
    .xClose = close_cursor,
    .xFilter = filter,
    .xNext = next,
    .xEof = is_at_end,
    .xColumn = column,
    .xRowid = row_id,
};

int shop_sqlite_values_install(sqlite3 *db)
{
    return sqlite3_create_module_v2(db, SHOP_SQLITE_VALUES, &module, NULL, NULL);
}

int shop_sqlite_values_bind(sqlite3_stmt *statement, int parameter, const shop_sqlite_list *list)
{
    shop_sqlite_list *copy = sqlite3_malloc(sizeof *copy);
    if (!copy)
        return SQLITE_NOMEM;
    *copy = *list;
    return sqlite3_bind_pointer(statement, parameter, copy, POINTER_TYPE, sqlite3_free);
}
