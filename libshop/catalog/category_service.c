/* SPDX-License-Identifier: MIT */
/* Changing categories. */
#include <string.h>

#include "catalog.h"

typedef struct category_change {
    const char *slug; /* of the one that is changed, folded */
    const shop_category_input *in;
    const char *new_slug; /* folded; NULL: stays */
} category_change;

/* Checks the input; *slug is the folded slug, NULL when none was given. */
static shop_status check_input(shop_ctx *cx, const shop_category_input *in, int partial, const char **slug)
{
    shop_status status = shop_input_check(cx, &shop_category_input_type, in, partial);
    if (status != SHOP_OK)
        return status;
    *slug = in->slug ? shop_slug_fold(cx, in->slug) : NULL;
    if (in->slug && !*slug)
        shop_field_fail(cx, "slug", "Must be made of a-z, 0-9 and single hyphens between them.");
    return shop_fields_status(cx);
}

/* The unique fields: taken by another category (`own` is the id of the one that is changed, 0 for none)? */
static shop_status check_unique(shop_ctx *cx, const char *name, const char *slug, int64_t own)
{
    shop_query *q = shop_query_new(cx);
    int by_name = shop_query_read(q, TABLE_CATEGORY);
    shop_where_text(q, CATEGORY_NAME, SHOP_PRED_EQ, name);
    int by_slug = shop_query_read(q, TABLE_CATEGORY);
    shop_where_text(q, CATEGORY_SLUG, SHOP_PRED_EQ, slug);
    shop_status status = shop_query_run(q);
    if (status != SHOP_OK)
        return status;
    const shop_rows *names = shop_query_rows(q, by_name);
    const shop_rows *slugs = shop_query_rows(q, by_slug);
    if (slugs->count > 0 && shop_row_int(slugs, 0, CATEGORY_ID) != own)
        shop_field_fail(cx, "slug", "Another category has this slug.");
    if (names->count > 0 && shop_row_int(names, 0, CATEGORY_ID) != own)
        shop_field_fail(cx, "name", "Another category has this name.");
    return shop_fields_status(cx);
}

static shop_status create_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const category_change *c = args;
    shop_status status = check_unique(cx, c->in->name, c->new_slug, 0);
    int64_t id = status == SHOP_OK ? shop_new_id(cx, TABLE_CATEGORY) : SHOP_UNSET;
    shop_category *category = shop_arena_alloc(cx->arena, sizeof *category);
    if (id == SHOP_UNSET)
        return cx->status;
    if (!category)
        return shop_fail_no_memory(cx);
    int64_t now = shop_now(cx->shop);
    *category = (shop_category){.id = id, .name = c->in->name, .slug = c->new_slug, .version = 1};
    shop_batch_insert(b, TABLE_CATEGORY, id);
    shop_set_text(b, CATEGORY_NAME, category->name);
    shop_set_text(b, CATEGORY_SLUG, category->slug);
    shop_set_int(b, CATEGORY_VERSION, category->version);
    shop_set_int(b, CATEGORY_CREATED_AT, now);
    shop_set_int(b, CATEGORY_UPDATED_AT, now);
    *answer = category;
    return SHOP_OK;
}

shop_status shop_category_create(shop_ctx *cx, const shop_category_input *in, const shop_category **out)
{
    shop_ctx_begin(cx);
    category_change c = {.in = in};
    shop_status status = shop_require_staff(cx);
    if (status == SHOP_OK)
        status = check_input(cx, in, 0, &c.new_slug);
    if (status != SHOP_OK)
        return status;
    return shop_change_run(cx, &shop_category_type, create_attempt, &c, (const void **)out);
}

static shop_status update_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const category_change *c = args;
    shop_category_detail old;
    shop_status status = shop_category_read(cx, c->slug, 1, 1, &old);
    if (status == SHOP_OK)
        status = shop_if_match(cx, &shop_category_detail_type, &old);
    if (status != SHOP_OK)
        return status;
    shop_category *category = shop_arena_alloc(cx->arena, sizeof *category);
    if (!category)
        return shop_fail_no_memory(cx);
    *category = (shop_category){.id = old.id,
                                .name = c->in->name ? c->in->name : old.name,
                                .slug = c->new_slug ? c->new_slug : old.slug,
                                .version = old.version + 1};
    status = check_unique(cx, category->name, category->slug, old.id);
    if (status != SHOP_OK)
        return status;
    shop_batch_update(b, TABLE_CATEGORY, 1);
    shop_set_text(b, CATEGORY_NAME, category->name);
    shop_set_text(b, CATEGORY_SLUG, category->slug);
    shop_set_add(b, CATEGORY_VERSION, 1);
    shop_set_int(b, CATEGORY_UPDATED_AT, shop_now(cx->shop));
    shop_guard_int(b, CATEGORY_ID, SHOP_PRED_EQ, old.id);
    shop_guard_int(b, CATEGORY_VERSION, SHOP_PRED_EQ, old.version);
    *answer = category;
    return SHOP_OK;
}

shop_status shop_category_update(shop_ctx *cx, const char *slug, const shop_category_input *in, int32_t replace,
                                 const shop_category **out)
{
    shop_ctx_begin(cx);
    if (!slug)
        return shop_fail(cx, SHOP_MISUSE, "misuse", "shop_category_update needs a slug.");
    category_change c = {.slug = slug, .in = in};
    shop_status status = shop_require_staff(cx);
    if (status == SHOP_OK)
        status = check_input(cx, in, !replace, &c.new_slug);
    if (status != SHOP_OK)
        return status;
    return shop_change_run(cx, &shop_category_type, update_attempt, &c, (const void **)out);
}

static shop_status delete_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const category_change *c = args;
    (void)answer;
    shop_category_detail old;
    shop_status status = shop_category_read(cx, c->slug, 1, 1, &old);
    if (status == SHOP_OK)
        status = shop_if_match(cx, &shop_category_detail_type, &old);
    if (status != SHOP_OK)
        return status;
    if (old.product_count > 0)
        return shop_fail(cx, SHOP_CONFLICT, "category_in_use", "There are still %lld products in this category.",
                         (long long)old.product_count);
    shop_batch_check(b, TABLE_PRODUCT, 0);
    shop_guard_int(b, PRODUCT_CATEGORY, SHOP_PRED_EQ, old.id);
    shop_batch_delete(b, TABLE_CATEGORY, 1);
    shop_guard_int(b, CATEGORY_ID, SHOP_PRED_EQ, old.id);
    shop_guard_int(b, CATEGORY_VERSION, SHOP_PRED_EQ, old.version);
    return SHOP_OK;
}

shop_status shop_category_delete(shop_ctx *cx, const char *slug)
{
    shop_ctx_begin(cx);
    if (!slug)
        return shop_fail(cx, SHOP_MISUSE, "misuse", "shop_category_delete needs a slug.");
    category_change c = {.slug = slug};
    shop_status status = shop_require_staff(cx);
    return status == SHOP_OK ? shop_change_run(cx, NULL, delete_attempt, &c, NULL) : status;
}
