/* SPDX-License-Identifier: MIT */
/* Reading the catalogue: each call one query, one snapshot. */
#include <string.h>

#include "../core/text.h"
#include "catalog.h"

/* Everything of a product but the words it is searched by. */
#define PRODUCT_SHOWN                                                                                                          \
    (((UINT64_C(1) << PRODUCT_COLUMNS) - 1) & ~(UINT64_C(1) << PRODUCT_SEARCH_WORDS) & ~(UINT64_C(1) << PRODUCT_NAME_WORDS))

static const shop_ordering product_orderings[] = {
    {"-created_at", PRODUCT_CREATED_AT, 1},
    {"created_at", PRODUCT_CREATED_AT, 0},
    {"price", PRODUCT_PRICE, 0},
    {"-price", PRODUCT_PRICE, 1},
    {"name", PRODUCT_NAME, 0},
    {"-name", PRODUCT_NAME, 1},
    {NULL, 0, 0},
};

/* Of a search that asks for no other order: after how well the name meets its words, newest first. */
static const shop_ordering by_relevance = {"relevance", PRODUCT_CREATED_AT, 1};

static const shop_ordering category_orderings[] = {{"name", CATEGORY_NAME, 0}, {NULL, 0, 0}};

shop_status shop_product_not_found(shop_ctx *cx)
{
    return shop_fail(cx, SHOP_NOT_FOUND, "product_not_found", "There is no such product.");
}

shop_status shop_category_not_found(shop_ctx *cx)
{
    return shop_fail(cx, SHOP_NOT_FOUND, "category_not_found", "There is no such category.");
}

static shop_status image_not_found(shop_ctx *cx)
{
    return shop_fail(cx, SHOP_NOT_FOUND, "image_not_found", "There is no such image.");
}

const char *shop_slug_fold(shop_ctx *cx, const char *slug)
{
    size_t length = strlen(slug);
    char *folded = length <= SLUG_MAX ? shop_arena_strndup(cx->arena, slug, length) : NULL;
    return folded && shop_text_fold_slug(folded, slug, length, SLUG_MAX) ? folded : NULL;
}

shop_status shop_actor_is_staff(shop_ctx *cx, int *is_staff)
{
    *is_staff = 0;
    if (cx->actor == SHOP_ACTOR_NOBODY)
        return SHOP_OK;
    shop_status status = shop_require_staff(cx);
    *is_staff = status == SHOP_OK;
    if (status != SHOP_OK && status != SHOP_FORBIDDEN)
        return status;
    shop_ctx_begin(cx); /* not being staff is no error */
    return SHOP_OK;
}

/*
 * Whether the actor's view must be the latest, because staff looks at what staff has changed. Asked before the catalogue is read, and only
 * where a replica could answer: a right is always read from the primary. *is_staff is SHOP_UNSET when it was not asked.
 */
static shop_status ask_for_staff(shop_ctx *cx, int64_t *is_staff)
{
    int is = 0;
    *is_staff = SHOP_UNSET;
    if (!cx->shop->positions)
        return SHOP_OK;
    shop_status status = shop_actor_is_staff(cx, &is);
    *is_staff = is;
    return status;
}

/* What is not active is there for staff only. */
static shop_status show_inactive(shop_ctx *cx, int64_t is_staff, shop_status (*not_found)(shop_ctx *cx))
{
    int is = is_staff == 1;
    shop_status status = is_staff == SHOP_UNSET ? shop_actor_is_staff(cx, &is) : SHOP_OK;
    return status == SHOP_OK && !is ? not_found(cx) : status;
}

/* A query for what everybody may see. */
static shop_query *new_public_query(shop_ctx *cx, int64_t is_staff)
{
    shop_query *q = shop_query_new(cx);
    if (is_staff == 0)
        shop_query_may_be_stale(q);
    return q;
}

/* ------------------------------------------------------------------------------------------------ products */

void shop_product_reads_add(shop_query *q, int products, shop_product_reads *reads)
{
    reads->products = products;
    shop_query_columns(q, PRODUCT_SHOWN);
    reads->images = shop_query_read(q, TABLE_PRODUCT_IMAGE);
    shop_where_in_read(q, IMAGE_PRODUCT, products, PRODUCT_ID);
    shop_query_order(q, IMAGE_ID, 0);
    reads->categories = shop_query_read(q, TABLE_CATEGORY);
    shop_where_in_read(q, CATEGORY_ID, products, PRODUCT_CATEGORY);
}

static int assemble_images(shop_ctx *cx, const shop_rows *rows, shop_product *p)
{
    size_t count = 0;
    for (uint32_t i = 0; i < rows->count; i++)
        count += shop_row_int(rows, i, IMAGE_PRODUCT) == p->id;
    shop_image *images = shop_arena_zalloc(cx->arena, count * sizeof *images);
    if (!images)
        return 0;
    p->images = (shop_list){.items = images, .count = count};
    for (uint32_t i = 0; i < rows->count; i++) {
        if (shop_row_int(rows, i, IMAGE_PRODUCT) != p->id)
            continue;
        shop_type_load(&shop_image_type, shop_row(rows, i), images);
        images->is_primary = images->id == p->primary_image;
        images++;
    }
    return 1;
}

static int assemble_category(shop_ctx *cx, const shop_rows *rows, shop_product *p)
{
    for (uint32_t i = 0; i < rows->count; i++) {
        if (shop_row_int(rows, i, CATEGORY_ID) != p->category_id)
            continue;
        shop_category *category = shop_arena_zalloc(cx->arena, sizeof *category);
        if (!category)
            return 0;
        shop_type_load(&shop_category_type, shop_row(rows, i), category);
        p->category = category;
        return 1;
    }
    return 1;
}

int shop_product_assemble(shop_ctx *cx, const shop_query *q, const shop_product_reads *reads, const shop_value *row,
                          shop_product *out)
{
    *out = (shop_product){.currency = cx->shop->currency};
    shop_type_load(&shop_product_type, row, out);
    out->category_id = row[PRODUCT_CATEGORY].num;
    out->primary_image = row[PRODUCT_PRIMARY_IMAGE].type == SHOP_VALUE_INT ? row[PRODUCT_PRIMARY_IMAGE].num : SHOP_UNSET;
    out->version = row[PRODUCT_VERSION].num;
    return assemble_images(cx, shop_query_rows(q, reads->images), out) &&
           assemble_category(cx, shop_query_rows(q, reads->categories), out);
}

static shop_status read_one(shop_ctx *cx, shop_query *q, int products, shop_product *out)
{
    shop_product_reads reads;
    shop_product_reads_add(q, products, &reads);
    shop_status status = shop_query_run(q);
    if (status != SHOP_OK)
        return status;
    const shop_rows *rows = shop_query_rows(q, products);
    if (rows->count == 0)
        return shop_product_not_found(cx);
    return shop_product_assemble(cx, q, &reads, shop_row(rows, 0), out) ? SHOP_OK : shop_fail_no_memory(cx);
}

static shop_status read_product(shop_ctx *cx, const char *slug, shop_query *q, shop_product *out)
{
    const char *folded = shop_slug_fold(cx, slug);
    if (!folded)
        return shop_product_not_found(cx);
    int products = shop_query_read(q, TABLE_PRODUCT);
    shop_where_text(q, PRODUCT_SLUG, SHOP_PRED_EQ, folded);
    return read_one(cx, q, products, out);
}

shop_status shop_product_read(shop_ctx *cx, const char *slug, shop_product *out)
{
    return read_product(cx, slug, shop_query_new(cx), out);
}

shop_status shop_product_get(shop_ctx *cx, const char *slug, const shop_product **out)
{
    shop_ctx_begin(cx);
    if (!slug || !out)
        return shop_fail(cx, SHOP_MISUSE, "misuse", "shop_product_get needs a slug and a place for the product.");
    shop_product *product = shop_arena_alloc(cx->arena, sizeof *product);
    if (!product)
        return shop_fail_no_memory(cx);
    int64_t is_staff;
    shop_status status = ask_for_staff(cx, &is_staff);
    if (status == SHOP_OK)
        status = read_product(cx, slug, new_public_query(cx, is_staff), product);
    if (status == SHOP_OK && !product->is_active)
        status = show_inactive(cx, is_staff, shop_product_not_found);
    if (status == SHOP_OK)
        *out = product;
    return status;
}

/* ------------------------------------------------------------------------------------------------ the list of products */

typedef struct product_list_args {
    const shop_product_filter *filter;
    const char *words; /* of the search; NULL: no search; "": nothing can match */
    const char *category_slug; /* folded; NULL: not asked for */
    int category_read;
    shop_search_scope scope;
    const char *corrected; /* NULL; or the words that were put in the place of the search's */
} product_list_args;

static void filter_products(shop_query *q, const void *args)
{
    const product_list_args *a = args;
    const shop_product_filter *f = a->filter;
    if (a->scope.is_active != SHOP_UNSET)
        shop_where_int(q, PRODUCT_IS_ACTIVE, SHOP_PRED_EQ, a->scope.is_active);
    if (f->category != SHOP_UNSET)
        shop_where_int(q, PRODUCT_CATEGORY, SHOP_PRED_EQ, f->category);
    if (a->category_slug)
        shop_where_in_read(q, PRODUCT_CATEGORY, a->category_read, CATEGORY_ID);
    if (f->price_min != SHOP_UNSET)
        shop_where_int(q, PRODUCT_PRICE, SHOP_PRED_GE, f->price_min);
    if (f->price_max != SHOP_UNSET)
        shop_where_int(q, PRODUCT_PRICE, SHOP_PRED_LE, f->price_max);
    if (f->in_stock != SHOP_UNSET)
        shop_where_int(q, PRODUCT_STOCK, f->in_stock ? SHOP_PRED_GT : SHOP_PRED_EQ, 0);
    if (a->words && a->words[0])
        shop_where_text(q, PRODUCT_SEARCH_WORDS, SHOP_PRED_MATCH, a->words);
    else if (a->words)
        shop_where_ints(q, PRODUCT_ID, NULL, 0);
}

static int is_blank(const char *text)
{
    size_t length = strlen(text);
    shop_text_trim(&text, &length);
    return length == 0;
}

/* Whose products: the public's, or what staff asks for. */
static shop_status visible_products(shop_ctx *cx, product_list_args *a)
{
    int is_staff;
    shop_status status = shop_actor_is_staff(cx, &is_staff);
    if (status != SHOP_OK)
        return status;
    if (!is_staff && a->filter->is_active == 0)
        return shop_fail(cx, SHOP_FORBIDDEN, "staff_only", "Inactive products are for the shop's staff only.");
    a->scope.is_active = is_staff ? a->filter->is_active : 1;
    a->scope.is_public = !is_staff;
    return SHOP_OK;
}

/* The pages after the first of a corrected search carry its words: they are searched for whatever the catalogue has become. */
static shop_status take_carried_words(shop_ctx *cx, product_list_args *a)
{
    const char *cursor = a->filter->cursor;
    const char *carried = cursor && cursor[0] ? shop_page_carried(cx, cursor) : NULL;
    if (!carried)
        return SHOP_OK;
    const char *words = shop_search_words(cx, carried, "");
    if (!words)
        return shop_fail_no_memory(cx);
    if (words[0] && strcmp(words, carried) == 0)
        a->words = a->corrected = words;
    return SHOP_OK;
}

static shop_status prepare_list(shop_ctx *cx, const shop_product_filter *f, product_list_args *a)
{
    *a = (product_list_args){.filter = f};
    shop_status status = visible_products(cx, a);
    if (status == SHOP_OK && f->search && !is_blank(f->search)) {
        a->words = shop_search_words(cx, f->search, "");
        status = a->words ? take_carried_words(cx, a) : shop_fail_no_memory(cx);
    }
    if (status == SHOP_OK && f->category__slug) {
        a->category_slug = shop_slug_fold(cx, f->category__slug);
        if (!a->category_slug)
            a->category_slug = ""; /* no category has it */
    }
    return status;
}

/* In which order, and which page. */
static const shop_ordering *order_list(const product_list_args *a, shop_page_input *in)
{
    const shop_product_filter *f = a->filter;
    *in = (shop_page_input){.page = f->page, .page_size = f->page_size, .cursor = f->cursor, .carried = a->corrected};
    if (f->ordering || !a->words || !a->words[0])
        return shop_ordering_find(product_orderings, f->ordering);
    in->words = a->words;
    in->rank = PRODUCT_NAME_WORDS;
    return &by_relevance;
}

/* A page that has been read. */
typedef struct product_list_read {
    shop_query *q;
    shop_page_read page;
    shop_product_reads reads;
} product_list_read;

static shop_status read_list(shop_ctx *cx, product_list_args *a, product_list_read *r)
{
    r->q = shop_query_new(cx);
    if (a->scope.is_public)
        shop_query_may_be_stale(r->q);
    if (a->category_slug) {
        a->category_read = shop_query_read(r->q, TABLE_CATEGORY);
        shop_where_text(r->q, CATEGORY_SLUG, SHOP_PRED_EQ, a->category_slug);
    }
    shop_page_input in;
    const shop_ordering *ordering = order_list(a, &in);
    shop_status status = shop_page_begin(cx, r->q, TABLE_PRODUCT, ordering, &in, filter_products, a, &r->page);
    if (status != SHOP_OK)
        return status;
    shop_product_reads_add(r->q, r->page.rows_read, &r->reads);
    return shop_query_run(r->q);
}

/* A search that finds nothing as it was typed finds what the nearest words find. */
static shop_status read_corrected(shop_ctx *cx, product_list_args *a, product_list_read *r)
{
    if (a->corrected || !a->words || !a->words[0] || !shop_page_is_empty_list(r->q, &r->page))
        return SHOP_OK;
    shop_status status = shop_search_correct(cx, &a->scope, a->words, &a->corrected);
    if (status != SHOP_OK || !a->corrected)
        return status;
    a->words = a->corrected;
    return read_list(cx, a, r);
}

shop_status shop_product_list(shop_ctx *cx, const shop_product_filter *filter, const shop_page **out)
{
    shop_ctx_begin(cx);
    shop_status status = shop_input_check(cx, &shop_product_filter_type, filter, 0);
    product_list_args args;
    product_list_read read;
    if (status == SHOP_OK)
        status = prepare_list(cx, filter, &args);
    if (status == SHOP_OK)
        status = read_list(cx, &args, &read);
    if (status == SHOP_OK)
        status = read_corrected(cx, &args, &read);
    const shop_value *const *rows = NULL;
    size_t count = 0;
    shop_page *page = NULL;
    if (status == SHOP_OK)
        status = shop_page_rows(cx, read.q, &read.page, &rows, &count, &page);
    if (status != SHOP_OK)
        return status;
    shop_product *products = shop_arena_alloc(cx->arena, count * sizeof *products);
    if (!products)
        return shop_fail_no_memory(cx);
    for (size_t i = 0; i < count; i++)
        if (!shop_product_assemble(cx, read.q, &read.reads, rows[i], &products[i]))
            return shop_fail_no_memory(cx);
    shop_page_set_items(page, &shop_product_type, products);
    *out = page;
    return SHOP_OK;
}

/* ------------------------------------------------------------------------------------------------ categories */

static void all_categories(shop_query *q, const void *args)
{
    (void)q;
    (void)args;
}

shop_status shop_category_list(shop_ctx *cx, const shop_category_filter *filter, const shop_page **out)
{
    shop_ctx_begin(cx);
    shop_status status = shop_input_check(cx, &shop_category_filter_type, filter, 0);
    if (status != SHOP_OK)
        return status;
    shop_page_input in = {.page = filter->page, .page_size = filter->page_size, .cursor = filter->cursor};
    int64_t is_staff;
    status = ask_for_staff(cx, &is_staff);
    if (status != SHOP_OK)
        return status;
    shop_query *q = new_public_query(cx, is_staff);
    shop_page_read read;
    status = shop_page_begin(cx, q, TABLE_CATEGORY, category_orderings, &in, all_categories, NULL, &read);
    if (status == SHOP_OK)
        status = shop_query_run(q);
    const shop_value *const *rows = NULL;
    size_t count = 0;
    shop_page *page = NULL;
    if (status == SHOP_OK)
        status = shop_page_rows(cx, q, &read, &rows, &count, &page);
    if (status != SHOP_OK)
        return status;
    shop_category *categories = shop_arena_zalloc(cx->arena, count * sizeof *categories);
    if (!categories)
        return shop_fail_no_memory(cx);
    for (size_t i = 0; i < count; i++)
        shop_type_load(&shop_category_type, rows[i], &categories[i]);
    shop_page_set_items(page, &shop_category_type, categories);
    *out = page;
    return SHOP_OK;
}

/* The products of the category that `categories` found: a count, and one page of rows. */
static void read_shelf(shop_query *q, int categories, int64_t page, int all, int *count_read, int *rows_read)
{
    *count_read = shop_query_read(q, TABLE_PRODUCT);
    shop_where_in_read(q, PRODUCT_CATEGORY, categories, CATEGORY_ID);
    if (!all)
        shop_where_int(q, PRODUCT_IS_ACTIVE, SHOP_PRED_EQ, 1);
    shop_query_aggregate(q, SHOP_AGGREGATE_COUNT, 0);
    *rows_read = shop_query_read(q, TABLE_PRODUCT);
    shop_where_in_read(q, PRODUCT_CATEGORY, categories, CATEGORY_ID);
    if (!all)
        shop_where_int(q, PRODUCT_IS_ACTIVE, SHOP_PRED_EQ, 1);
    shop_query_columns(q, UINT64_C(1) << PRODUCT_NAME | UINT64_C(1) << PRODUCT_SLUG | UINT64_C(1) << PRODUCT_PRICE);
    shop_query_order(q, PRODUCT_NAME, 0);
    shop_query_order(q, PRODUCT_ID, 0);
    shop_query_limit(q, CATEGORY_PRODUCTS_PAGE, (page - 1) * CATEGORY_PRODUCTS_PAGE);
}

static shop_status fill_shelf(shop_ctx *cx, const shop_rows *rows, shop_category_detail *out)
{
    shop_shelf_item *items = shop_arena_zalloc(cx->arena, rows->count * sizeof *items);
    if (!items)
        return shop_fail_no_memory(cx);
    for (uint32_t i = 0; i < rows->count; i++)
        shop_type_load(&shop_shelf_item_type, shop_row(rows, i), &items[i]);
    out->products = (shop_list){.items = items, .count = rows->count};
    return SHOP_OK;
}

shop_status shop_category_read(shop_ctx *cx, const char *slug, int64_t page, int all, shop_category_detail *out)
{
    const char *folded = shop_slug_fold(cx, slug);
    if (!folded)
        return shop_category_not_found(cx);
    shop_query *q = new_public_query(cx, all);
    int categories = shop_query_read(q, TABLE_CATEGORY);
    shop_where_text(q, CATEGORY_SLUG, SHOP_PRED_EQ, folded);
    int count_read;
    int rows_read;
    read_shelf(q, categories, page, all, &count_read, &rows_read);
    shop_status status = shop_query_run(q);
    if (status != SHOP_OK)
        return status;
    const shop_rows *rows = shop_query_rows(q, categories);
    if (rows->count == 0)
        return shop_category_not_found(cx);
    *out = (shop_category_detail){.products_page = page, .next_products_page = SHOP_UNSET};
    shop_type_load(&shop_category_detail_type, shop_row(rows, 0), out);
    out->version = shop_row_int(rows, 0, CATEGORY_VERSION);
    out->product_count = shop_query_rows(q, count_read)->values[0].num;
    if (out->product_count > page * CATEGORY_PRODUCTS_PAGE)
        out->next_products_page = page + 1;
    return fill_shelf(cx, shop_query_rows(q, rows_read), out);
}

shop_status shop_category_get(shop_ctx *cx, const char *slug, const shop_category_view *view, const shop_category_detail **out)
{
    shop_ctx_begin(cx);
    if (!slug || !out)
        return shop_fail(cx, SHOP_MISUSE, "misuse", "shop_category_get needs a slug and a place for the category.");
    shop_status status = shop_input_check(cx, &shop_category_view_type, view, 0);
    if (status != SHOP_OK)
        return status;
    int64_t page = view->products_page == SHOP_UNSET ? 1 : view->products_page;
    shop_category_detail *detail = shop_arena_alloc(cx->arena, sizeof *detail);
    if (!detail)
        return shop_fail_no_memory(cx);
    int is_staff;
    status = shop_actor_is_staff(cx, &is_staff);
    if (status == SHOP_OK)
        status = shop_category_read(cx, slug, page, is_staff, detail);
    if (status == SHOP_OK)
        *out = detail;
    return status;
}

/* ------------------------------------------------------------------------------------------------ images */

shop_status shop_image_get(shop_ctx *cx, int64_t id, const shop_image **out)
{
    shop_ctx_begin(cx);
    int64_t is_staff;
    shop_status status = ask_for_staff(cx, &is_staff);
    if (status != SHOP_OK)
        return status;
    shop_query *q = new_public_query(cx, is_staff);
    int images = shop_query_read(q, TABLE_PRODUCT_IMAGE);
    shop_where_int(q, IMAGE_ID, SHOP_PRED_EQ, id);
    int products = shop_query_read(q, TABLE_PRODUCT);
    shop_where_in_read(q, PRODUCT_ID, images, IMAGE_PRODUCT);
    shop_query_columns(q, UINT64_C(1) << PRODUCT_IS_ACTIVE | UINT64_C(1) << PRODUCT_PRIMARY_IMAGE);
    status = shop_query_run(q);
    if (status != SHOP_OK)
        return status;
    const shop_rows *rows = shop_query_rows(q, images);
    const shop_rows *owners = shop_query_rows(q, products);
    if (rows->count == 0 || owners->count == 0)
        return image_not_found(cx);
    int64_t primary = shop_row_int(owners, 0, PRODUCT_PRIMARY_IMAGE);
    if (!shop_row_int(owners, 0, PRODUCT_IS_ACTIVE)) {
        status = show_inactive(cx, is_staff, image_not_found);
        if (status != SHOP_OK)
            return status;
    }
    shop_image *image = shop_arena_zalloc(cx->arena, sizeof *image);
    if (!image)
        return shop_fail_no_memory(cx);
    shop_type_load(&shop_image_type, shop_row(rows, 0), image);
    image->is_primary = image->id == primary;
    *out = image;
    return SHOP_OK;
}
