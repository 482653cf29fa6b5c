/* SPDX-License-Identifier: MIT */
/* Lists in pages: by number with a count, or by cursor at a cost that does not grow with depth. */
#include "page.h"

#include <sodium.h>
#include <string.h>

#include "../core/json_read.h"
#include "eval.h"
#include "shape.h"

#define CURSOR_MAX 4096
#define ORDER_COLUMNS 3 /* perhaps a rank, the ordering's own, and the id */

struct shop_page {
    const shop_type *type;
    const void *items;
    size_t count;
    int64_t total;
    int64_t number;
    int has_next;
    int has_previous;
    const char *next_cursor;
    const char *previous_cursor;
};

/* ------------------------------------------------------------------------------------------------ asking */

size_t shop_page_count(const shop_page *page)
{
    return page->count;
}

int64_t shop_page_total(const shop_page *page)
{
    return page->total;
}

int64_t shop_page_number(const shop_page *page)
{
    return page->number;
}

int32_t shop_page_has_next(const shop_page *page)
{
    return page->has_next;
}

int32_t shop_page_has_previous(const shop_page *page)
{
    return page->has_previous;
}

const char *shop_page_next_cursor(const shop_page *page)
{
    return page->next_cursor;
}

const char *shop_page_previous_cursor(const shop_page *page)
{
    return page->previous_cursor;
}

void shop_page_set_items(shop_page *page, const shop_type *type, const void *items)
{
    page->type = type;
    page->items = items;
}

const void *shop_page_item(const shop_page *page, const shop_type *type, size_t i)
{
    if (!page || page->type != type || i >= page->count)
        return NULL;
    return (const char *)page->items + i * type->size;
}

shop_status shop_page_to_json(shop_ctx *cx, const shop_page *page, const char *next, const char *previous, const char **json,
                              size_t *length)
{
    if (!page || !page->type)
        return shop_fail(cx, SHOP_MISUSE, "misuse", "shop_page_to_json needs a page.");
    shop_json_writer *w = &cx->json;
    shop_json_writer_reset(w);
    shop_json_object_begin(w);
    if (page->number > 0) {
        shop_json_key(w, "count");
        shop_json_write_int64(w, page->total);
    }
    shop_json_key(w, "next");
    shop_json_write_string(w, next);
    shop_json_key(w, "previous");
    shop_json_write_string(w, previous);
    shop_json_key(w, "results");
    shop_json_array_begin(w);
    for (size_t i = 0; i < page->count; i++)
        shop_type_write_json(page->type, cx->shop->currency, shop_page_item(page, page->type, i), w);
    shop_json_array_end(w);
    shop_json_object_end(w);
    return shop_json_take(cx, json, length);
}

const shop_ordering *shop_ordering_find(const shop_ordering *table, const char *name)
{
    if (!name)
        return table;
    for (; table->name; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ cursors */

/*
 * A cursor is base64url of ["n" or "p", ordering, value, id, and, if there are such, the rank and the carried text]: the row that the page
 * begins after, and in which direction. It holds nothing secret and is checked like any input.
 */
static const char *make_cursor(shop_ctx *cx, const shop_page_read *r, const char *direction, const shop_value *row)
{
    shop_json_writer *w = &cx->json;
    const shop_value *value = &row[r->ordering->column];
    shop_json_writer_reset(w);
    shop_json_array_begin(w);
    shop_json_write_string(w, direction);
    shop_json_write_string(w, r->ordering->name);
    if (value->type == SHOP_VALUE_INT)
        shop_json_write_int64(w, value->num);
    else
        shop_json_write_text(w, value->data, value->size);
    shop_json_write_int64(w, row[0].num);
    if (r->in.words) {
        const shop_value words = shop_value_text(r->in.words);
        shop_json_write_int64(w, shop_eval_rank(&row[r->in.rank], &words));
    }
    if (r->in.carried)
        shop_json_write_string(w, r->in.carried);
    shop_json_array_end(w);
    const char *text;
    size_t length;
    if (shop_json_writer_finish(w, &text, &length) != SHOP_JSON_WRITE_OK)
        return NULL;
    size_t size = sodium_base64_ENCODED_LEN(length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *cursor = shop_arena_alloc(cx->arena, size);
    if (cursor)
        sodium_bin2base64(cursor, size, (const unsigned char *)text, length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return cursor;
}

static int column_is_text(uint16_t table, uint16_t column)
{
    return shop_schema_current()->tables[table].columns[column].type == SHOP_COLUMN_TEXT;
}

static int take_number(const shop_json_value *document, size_t place, shop_value *value)
{
    value->type = SHOP_VALUE_INT;
    return shop_json_get_int64(shop_json_at(document, place), &value->num);
}

/* `after` has the values in the order's own order: rank, value, id. */
static int take_cursor(shop_ctx *cx, shop_page_read *r, const shop_json_value *document, shop_value *after)
{
    const char *direction;
    const char *ordering;
    const char *text;
    size_t length;
    if (shop_json_count(document) != 4u + (r->in.words ? 1 : 0) + (r->in.carried ? 1 : 0) ||
        !shop_json_get_string(shop_json_at(document, 0), &direction, NULL) ||
        !shop_json_get_string(shop_json_at(document, 1), &ordering, NULL) || strcmp(ordering, r->ordering->name) != 0)
        return 0;
    r->backward = strcmp(direction, "p") == 0;
    if (r->in.words && !take_number(document, 4, after++))
        return 0;
    if (!take_number(document, 3, &after[1]))
        return 0;
    if (!column_is_text(r->table, r->ordering->column))
        return take_number(document, 2, &after[0]);
    if (!shop_json_get_string(shop_json_at(document, 2), &text, &length))
        return 0;
    const char *copy = shop_arena_strndup(cx->arena, text, length);
    after[0] = shop_value_text(copy);
    return copy != NULL;
}

/* To be freed; NULL: it is not JSON in base64url. */
static shop_json_value *open_cursor(const char *cursor)
{
    char text[CURSOR_MAX];
    size_t length = 0;
    shop_json_value *document = NULL;
    if (strlen(cursor) >= CURSOR_MAX ||
        sodium_base642bin((unsigned char *)text, sizeof text, cursor, strlen(cursor), NULL, &length, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        shop_json_parse(text, length, NULL, &document, NULL) != SHOP_JSON_OK)
        return NULL;
    return document;
}

const char *shop_page_carried(shop_ctx *cx, const char *cursor)
{
    shop_json_value *document = open_cursor(cursor);
    const char *text;
    size_t length;
    const char *carried = NULL;
    size_t count = document ? shop_json_count(document) : 0;
    if (count > 4 && shop_json_get_string(shop_json_at(document, count - 1), &text, &length))
        carried = shop_arena_strndup(cx->arena, text, length);
    shop_json_free(document);
    return carried;
}

static shop_status read_cursor(shop_ctx *cx, shop_page_read *r, const shop_value **after)
{
    shop_value *values = shop_arena_zalloc(cx->arena, ORDER_COLUMNS * sizeof *values);
    if (!values)
        return shop_fail_no_memory(cx);
    shop_json_value *document = open_cursor(r->in.cursor);
    int good = document && take_cursor(cx, r, document, values);
    shop_json_free(document);
    if (!good) {
        shop_field_fail(cx, "cursor", "Is not a cursor of this list in this order.");
        return shop_fields_status(cx);
    }
    *after = values;
    return SHOP_OK;
}

/* ------------------------------------------------------------------------------------------------ reading */

static shop_status check_page(shop_ctx *cx, shop_page_read *r)
{
    if (r->in.page_size == SHOP_UNSET)
        r->in.page_size = SHOP_PAGE_SIZE_DEFAULT;
    if (r->in.page_size < 1 || r->in.page_size > SHOP_PAGE_SIZE_MAX)
        shop_field_fail(cx, "page_size", "Must be from 1 to %d.", SHOP_PAGE_SIZE_MAX);
    if (r->in.cursor && r->in.page != SHOP_UNSET)
        shop_field_fail(cx, "page", "Cannot be given together with a cursor.");
    if (r->in.page == SHOP_UNSET)
        r->in.page = 1;
    if (r->in.page < 1)
        shop_field_fail(cx, "page", "Must be at least 1.");
    return shop_fields_status(cx);
}

static shop_status page_not_found(shop_ctx *cx)
{
    return shop_fail(cx, SHOP_NOT_FOUND, "page_not_found", "There is no such page.");
}

shop_status shop_page_begin(shop_ctx *cx, shop_query *q, uint16_t table, const shop_ordering *ordering,
                            const shop_page_input *in, void (*filter)(shop_query *q, const void *args), const void *args,
                            shop_page_read *out)
{
    *out = (shop_page_read){.count_read = -1, .in = *in, .ordering = ordering, .table = table};
    shop_status status = check_page(cx, out);
    const shop_value *after = NULL;
    if (status == SHOP_OK && in->cursor && in->cursor[0])
        status = read_cursor(cx, out, &after);
    if (status != SHOP_OK)
        return status;
    int64_t offset = 0;
    if (!in->cursor) {
        if (__builtin_mul_overflow(out->in.page - 1, out->in.page_size, &offset))
            return page_not_found(cx);
        out->count_read = shop_query_read(q, table);
        filter(q, args);
        shop_query_aggregate(q, SHOP_AGGREGATE_COUNT, 0);
    }
    out->rows_read = shop_query_read(q, table);
    filter(q, args);
    int descending = ordering->descending != (out->backward ? 1 : 0);
    if (in->words)
        shop_query_rank(q, in->rank, !out->backward);
    shop_query_order(q, ordering->column, descending);
    shop_query_order(q, 0, descending);
    shop_query_after(q, after);
    shop_query_limit(q, out->in.page_size + (in->cursor ? 1 : 0), offset);
    return SHOP_OK;
}

int shop_page_is_empty_list(const shop_query *q, const shop_page_read *r)
{
    if (r->count_read >= 0)
        return shop_query_rows(q, r->count_read)->values[0].num == 0;
    return r->in.cursor[0] == '\0' && shop_query_rows(q, r->rows_read)->count == 0;
}

static void number_page(const shop_query *q, const shop_page_read *r, shop_page *page)
{
    page->total = shop_query_rows(q, r->count_read)->values[0].num;
    page->number = r->in.page;
    page->has_previous = r->in.page > 1;
    page->has_next = page->total / r->in.page_size + (page->total % r->in.page_size > 0) > r->in.page;
}

static void cursor_page(shop_ctx *cx, const shop_page_read *r, const shop_value *const *rows, int has_more, shop_page *page)
{
    page->total = -1;
    page->has_next = r->backward ? page->count > 0 : has_more;
    page->has_previous = r->backward ? has_more : r->in.cursor[0] != '\0' && page->count > 0;
    if (page->has_next)
        page->next_cursor = make_cursor(cx, r, "n", rows[page->count - 1]);
    if (page->has_previous)
        page->previous_cursor = make_cursor(cx, r, "p", rows[0]);
}

shop_status shop_page_rows(shop_ctx *cx, const shop_query *q, const shop_page_read *r, const shop_value *const **rows,
                           size_t *count, shop_page **out)
{
    const shop_rows *found = shop_query_rows(q, r->rows_read);
    shop_page *page = shop_arena_zalloc(cx->arena, sizeof *page);
    const shop_value **list = shop_arena_alloc(cx->arena, (found->count + 1) * sizeof(const shop_value *));
    if (!page || !list)
        return shop_fail_no_memory(cx);
    int has_more = found->count > (uint64_t)r->in.page_size;
    page->count = has_more ? (size_t)r->in.page_size : found->count;
    for (size_t i = 0; i < page->count; i++)
        list[i] = shop_row(found, (uint32_t)(r->backward ? page->count - 1 - i : i));
    if (r->count_read >= 0)
        number_page(q, r, page);
    else
        cursor_page(cx, r, list, has_more, page);
    if (r->count_read >= 0 && page->count == 0 && page->number > 1)
        return page_not_found(cx);
    *rows = list;
    *count = page->count;
    *out = page;
    return SHOP_OK;
}
