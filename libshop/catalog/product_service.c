/* SPDX-License-Identifier: MIT */
/* Changing products, and the guards of their stock. */
#include <string.h>

#include "../cart/cart_parts.h"
#include "../core/text.h"
#include "../gateway/gateway.h"
#include "catalog.h"

typedef struct product_change {
    const char *slug; /* of the one that is changed */
    const shop_product_input *in;
    const char *new_slug; /* folded; NULL: stays */
    int replace;
} product_change;

/* Names that mean something else where a product's slug stands in addresses. */
static const char *const reserved_slugs[] = {"categories", "images"};

static int is_reserved(const char *slug)
{
    for (size_t i = 0; i < sizeof reserved_slugs / sizeof reserved_slugs[0]; i++)
        if (strcmp(slug, reserved_slugs[i]) == 0)
            return 1;
    return 0;
}

static shop_status check_input(shop_ctx *cx, const shop_product_input *in, int partial, const char **slug)
{
    shop_status status = shop_input_check(cx, &shop_product_input_type, in, partial);
    if (status != SHOP_OK)
        return status;
    *slug = in->slug ? shop_slug_fold(cx, in->slug) : NULL;
    if (in->slug && !*slug)
        shop_field_fail(cx, "slug", "Must be made of a-z, 0-9 and single hyphens between them.");
    else if (*slug && is_reserved(*slug))
        shop_field_fail(cx, "slug", "Is reserved; please choose another.");
    if (in->price != SHOP_UNSET)
        (void)shop_gateway_check_amount(cx, "price", in->price);
    return shop_fields_status(cx);
}

/* The category must be there, the slug must be free. Sets the product's category. */
static shop_status check_surroundings(shop_ctx *cx, shop_product *p)
{
    shop_query *q = shop_query_new(cx);
    int categories = shop_query_read(q, TABLE_CATEGORY);
    shop_where_int(q, CATEGORY_ID, SHOP_PRED_EQ, p->category_id);
    int slugs = shop_query_read(q, TABLE_PRODUCT);
    shop_where_text(q, PRODUCT_SLUG, SHOP_PRED_EQ, p->slug);
    shop_query_columns(q, UINT64_C(1) << PRODUCT_ID);
    shop_status status = shop_query_run(q);
    if (status != SHOP_OK)
        return status;
    const shop_rows *taken = shop_query_rows(q, slugs);
    if (taken->count > 0 && shop_row_int(taken, 0, PRODUCT_ID) != p->id)
        shop_field_fail(cx, "slug", "Another product has this slug.");
    if (shop_query_rows(q, categories)->count == 0)
        shop_field_fail(cx, "category_id", "There is no such category.");
    status = shop_fields_status(cx);
    if (status != SHOP_OK)
        return status;
    shop_category *category = shop_arena_zalloc(cx->arena, sizeof *category);
    if (!category)
        return shop_fail_no_memory(cx);
    shop_type_load(&shop_category_type, shop_row(shop_query_rows(q, categories), 0), category);
    p->category = category;
    return SHOP_OK;
}

/* What the product is found by. */
static shop_status set_words(shop_ctx *cx, shop_batch *b, const char *name, const char *description)
{
    const char *words = shop_search_words(cx, name, description);
    const char *name_words = shop_search_words(cx, name, "");
    if (!words || !name_words)
        return shop_fail_no_memory(cx);
    shop_set_text(b, PRODUCT_SEARCH_WORDS, words);
    shop_set_text(b, PRODUCT_NAME_WORDS, name_words);
    return SHOP_OK;
}

/* Everything that an input can change, as the product will be. */
static shop_status set_product(shop_ctx *cx, shop_batch *b, const shop_product *p)
{
    shop_set_text(b, PRODUCT_NAME, p->name);
    shop_set_text(b, PRODUCT_SLUG, p->slug);
    shop_set_text(b, PRODUCT_DESCRIPTION, p->description);
    shop_set_int(b, PRODUCT_PRICE, p->price);
    shop_set_int(b, PRODUCT_STOCK, p->stock_quantity);
    shop_set_int(b, PRODUCT_IS_ACTIVE, p->is_active);
    shop_set_int(b, PRODUCT_CATEGORY, p->category_id);
    shop_set_int(b, PRODUCT_VERSION, p->version);
    shop_set_int(b, PRODUCT_UPDATED_AT, p->updated_at);
    return set_words(cx, b, p->name, p->description);
}

static shop_status create_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const product_change *c = args;
    const shop_product_input *in = c->in;
    shop_product *p = shop_arena_zalloc(cx->arena, sizeof *p);
    if (!p)
        return shop_fail_no_memory(cx);
    int64_t now = shop_now(cx->shop);
    *p = (shop_product){.name = in->name,
                        .slug = c->new_slug,
                        .description = in->description,
                        .price = in->price,
                        .stock_quantity = in->stock_quantity,
                        .is_active = in->is_active == SHOP_UNSET ? 1 : in->is_active,
                        .category_id = in->category_id,
                        .created_at = now,
                        .updated_at = now,
                        .version = 1,
                        .currency = cx->shop->currency};
    shop_status status = check_surroundings(cx, p);
    p->id = status == SHOP_OK ? shop_new_id(cx, TABLE_PRODUCT) : SHOP_UNSET;
    if (p->id == SHOP_UNSET)
        return cx->status;
    shop_batch_insert(b, TABLE_PRODUCT, p->id);
    shop_set_null(b, PRODUCT_PRIMARY_IMAGE);
    shop_set_int(b, PRODUCT_CREATED_AT, now);
    *answer = p;
    return set_product(cx, b, p);
}

shop_status shop_product_create(shop_ctx *cx, const shop_product_input *in, const shop_product **out)
{
    shop_ctx_begin(cx);
    product_change c = {.in = in};
    shop_status status = shop_require_staff(cx);
    if (status == SHOP_OK)
        status = check_input(cx, in, 0, &c.new_slug);
    if (status != SHOP_OK)
        return status;
    return shop_change_run(cx, &shop_product_type, create_attempt, &c, (const void **)out);
}

static void apply_input(const product_change *c, shop_product *p)
{
    const shop_product_input *in = c->in;
    if (in->name)
        p->name = in->name;
    if (c->new_slug)
        p->slug = c->new_slug;
    if (in->description)
        p->description = in->description;
    if (in->price != SHOP_UNSET)
        p->price = in->price;
    if (in->stock_quantity != SHOP_UNSET)
        p->stock_quantity = in->stock_quantity;
    if (in->category_id != SHOP_UNSET)
        p->category_id = in->category_id;
    if (in->is_active != SHOP_UNSET)
        p->is_active = in->is_active;
    else if (c->replace)
        p->is_active = 1;
}

/* The update guards the version that was read: whoever changed or sold a piece in between makes us decide again. */
static void guard_version(shop_batch *b, const shop_product *p, int64_t version)
{
    shop_guard_int(b, PRODUCT_ID, SHOP_PRED_EQ, p->id);
    shop_guard_int(b, PRODUCT_VERSION, SHOP_PRED_EQ, version);
}

static shop_status update_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const product_change *c = args;
    shop_product *p = shop_arena_alloc(cx->arena, sizeof *p);
    if (!p)
        return shop_fail_no_memory(cx);
    shop_status status = shop_product_read(cx, c->slug, p);
    if (status == SHOP_OK)
        status = shop_if_match(cx, &shop_product_type, p);
    if (status != SHOP_OK)
        return status;
    int64_t version = p->version++;
    apply_input(c, p);
    p->updated_at = shop_now(cx->shop);
    status = check_surroundings(cx, p);
    if (status != SHOP_OK)
        return status;
    shop_batch_update(b, TABLE_PRODUCT, 1);
    guard_version(b, p, version);
    *answer = p;
    return set_product(cx, b, p);
}

shop_status shop_product_update(shop_ctx *cx, const char *slug, const shop_product_input *in, int32_t replace,
                                const shop_product **out)
{
    shop_ctx_begin(cx);
    if (!slug)
        return shop_fail(cx, SHOP_MISUSE, "misuse", "shop_product_update needs a slug.");
    product_change c = {.slug = slug, .in = in, .replace = replace};
    shop_status status = shop_require_staff(cx);
    if (status == SHOP_OK)
        status = check_input(cx, in, !replace, &c.new_slug);
    if (status != SHOP_OK)
        return status;
    return shop_change_run(cx, &shop_product_type, update_attempt, &c, (const void **)out);
}

static shop_status delete_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const product_change *c = args;
    (void)answer;
    shop_product p;
    shop_status status = shop_product_read(cx, c->slug, &p);
    if (status == SHOP_OK)
        status = shop_if_match(cx, &shop_product_type, &p);
    if (status != SHOP_OK)
        return status;
    shop_cart_part_forget_product(b, p.id);
    shop_batch_delete(b, TABLE_PRODUCT_IMAGE, SHOP_EXPECT_ANY);
    shop_guard_int(b, IMAGE_PRODUCT, SHOP_PRED_EQ, p.id);
    shop_batch_delete(b, TABLE_PRODUCT, 1);
    guard_version(b, &p, p.version);
    return SHOP_OK;
}

shop_status shop_product_delete(shop_ctx *cx, const char *slug)
{
    shop_ctx_begin(cx);
    if (!slug)
        return shop_fail(cx, SHOP_MISUSE, "misuse", "shop_product_delete needs a slug.");
    product_change c = {.slug = slug};
    shop_status status = shop_require_staff(cx);
    return status == SHOP_OK ? shop_change_run(cx, NULL, delete_attempt, &c, NULL) : status;
}

/* ------------------------------------------------------------------------------------------------ upkeep */

typedef struct upkeep {
    int64_t limit;
    int64_t done;
} upkeep;

/* Gives products that an older version made the words of their names. Nothing that anybody sees changes, so versions stay. */
static shop_status upkeep_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    upkeep *u = args;
    (void)answer;
    shop_query *q = shop_query_new(cx);
    int products = shop_query_read(q, TABLE_PRODUCT);
    shop_where_null(q, PRODUCT_NAME_WORDS, SHOP_PRED_NULL);
    shop_query_limit(q, u->limit, 0);
    shop_query_columns(q, UINT64_C(1) << PRODUCT_NAME | UINT64_C(1) << PRODUCT_VERSION);
    shop_status status = shop_query_run(q);
    if (status != SHOP_OK)
        return status;
    const shop_rows *rows = shop_query_rows(q, products);
    for (uint32_t i = 0; i < rows->count; i++) {
        const char *words = shop_search_words(cx, shop_row_text(rows, i, PRODUCT_NAME), "");
        if (!words)
            return shop_fail_no_memory(cx);
        shop_batch_update(b, TABLE_PRODUCT, SHOP_EXPECT_ANY);
        shop_set_text(b, PRODUCT_NAME_WORDS, words);
        shop_guard_int(b, PRODUCT_ID, SHOP_PRED_EQ, shop_row_int(rows, i, PRODUCT_ID));
        shop_guard_int(b, PRODUCT_VERSION, SHOP_PRED_EQ, shop_row_int(rows, i, PRODUCT_VERSION));
    }
    u->done = rows->count;
    return SHOP_OK;
}

shop_status shop_catalog_upkeep(shop_ctx *cx, int64_t limit, int64_t *done)
{
    upkeep u = {.limit = limit};
    shop_status status = shop_change_step(cx, upkeep_attempt, &u);
    *done = u.done;
    return status;
}

/* ------------------------------------------------------------------------------------------------ images */

typedef struct image_change {
    const char *slug; /* adding: of the product */
    int64_t id; /* changing: of the image */
    const shop_image_input *in;
    int replace;
} image_change;

static shop_status check_image_input(shop_ctx *cx, const shop_image_input *in, int partial)
{
    shop_status status = shop_input_check(cx, &shop_image_input_type, in, partial);
    if (status == SHOP_OK && in->image_url && !shop_text_is_image_url(in->image_url, strlen(in->image_url)))
        shop_field_fail(cx, "image_url", "Must be an http(s) URL or an absolute path.");
    return status == SHOP_OK ? shop_fields_status(cx) : status;
}

/* The product's part of a change of its images: which one is primary, and that it changed. */
static void update_primary(shop_ctx *cx, shop_batch *b, const shop_product *p, int64_t primary)
{
    shop_batch_update(b, TABLE_PRODUCT, 1);
    if (primary == SHOP_UNSET)
        shop_set_null(b, PRODUCT_PRIMARY_IMAGE);
    else
        shop_set_int(b, PRODUCT_PRIMARY_IMAGE, primary);
    shop_set_add(b, PRODUCT_VERSION, 1);
    shop_set_int(b, PRODUCT_UPDATED_AT, shop_now(cx->shop));
    guard_version(b, p, p->version);
}

/* The product as it will be with one more image. */
static shop_product *with_image(shop_ctx *cx, const shop_product *p, const shop_image *added, int64_t primary)
{
    shop_product *after = shop_arena_alloc(cx->arena, sizeof *after);
    shop_image *images = shop_arena_alloc(cx->arena, (p->images.count + 1) * sizeof *images);
    if (!after || !images)
        return NULL;
    if (p->images.count > 0)
        memcpy(images, p->images.items, p->images.count * sizeof *images);
    images[p->images.count] = *added;
    *after = *p;
    after->images = (shop_list){.items = images, .count = p->images.count + 1};
    for (size_t i = 0; i < after->images.count; i++)
        images[i].is_primary = images[i].id == primary;
    after->updated_at = shop_now(cx->shop);
    return after;
}

static shop_status add_image_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const image_change *c = args;
    shop_product p;
    shop_status status = shop_product_read(cx, c->slug, &p);
    if (status != SHOP_OK)
        return status;
    if (p.images.count >= IMAGES_MAX)
        return shop_fail(cx, SHOP_INVALID, "too_many_images", "A product can have %d images.", IMAGES_MAX);
    shop_image image = {.product = p.id, .image_url = c->in->image_url};
    image.id = shop_new_id(cx, TABLE_PRODUCT_IMAGE);
    if (image.id == SHOP_UNSET)
        return cx->status;
    int becomes_primary = c->in->is_primary == 1 || (c->in->is_primary == SHOP_UNSET && p.images.count == 0);
    int64_t primary = becomes_primary ? image.id : p.primary_image;
    const shop_product *after = with_image(cx, &p, &image, primary);
    if (!after)
        return shop_fail_no_memory(cx);
    shop_batch_insert(b, TABLE_PRODUCT_IMAGE, image.id);
    shop_set_int(b, IMAGE_PRODUCT, p.id);
    shop_set_text(b, IMAGE_URL, image.image_url);
    shop_set_int(b, IMAGE_CREATED_AT, shop_now(cx->shop));
    update_primary(cx, b, &p, primary);
    *answer = after;
    return SHOP_OK;
}

shop_status shop_image_add(shop_ctx *cx, const char *product_slug, const shop_image_input *in, const shop_product **out)
{
    shop_ctx_begin(cx);
    if (!product_slug)
        return shop_fail(cx, SHOP_MISUSE, "misuse", "shop_image_add needs a product's slug.");
    image_change c = {.slug = product_slug, .in = in};
    shop_status status = shop_require_staff(cx);
    if (status == SHOP_OK)
        status = check_image_input(cx, in, 0);
    if (status != SHOP_OK)
        return status;
    return shop_change_run(cx, &shop_product_type, add_image_attempt, &c, (const void **)out);
}

/* Reads an image and its product's other images. */
static shop_status read_image(shop_ctx *cx, int64_t id, shop_image *image, shop_product *p)
{
    shop_query *q = shop_query_new(cx);
    int images = shop_query_read(q, TABLE_PRODUCT_IMAGE);
    shop_where_int(q, IMAGE_ID, SHOP_PRED_EQ, id);
    int products = shop_query_read(q, TABLE_PRODUCT);
    shop_where_in_read(q, PRODUCT_ID, images, IMAGE_PRODUCT);
    shop_product_reads reads;
    shop_product_reads_add(q, products, &reads);
    shop_status status = shop_query_run(q);
    if (status != SHOP_OK)
        return status;
    const shop_rows *rows = shop_query_rows(q, products);
    if (rows->count == 0)
        return shop_fail(cx, SHOP_NOT_FOUND, "image_not_found", "There is no such image.");
    if (!shop_product_assemble(cx, q, &reads, shop_row(rows, 0), p))
        return shop_fail_no_memory(cx);
    shop_type_load(&shop_image_type, shop_row(shop_query_rows(q, images), 0), image);
    image->is_primary = image->id == p->primary_image;
    return SHOP_OK;
}

static shop_status update_image_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const image_change *c = args;
    shop_product p;
    shop_image *image = shop_arena_alloc(cx->arena, sizeof *image);
    if (!image)
        return shop_fail_no_memory(cx);
    shop_status status = read_image(cx, c->id, image, &p);
    if (status == SHOP_OK)
        status = shop_if_match(cx, &shop_image_type, image);
    if (status != SHOP_OK)
        return status;
    int64_t primary = p.primary_image;
    int64_t wanted = c->in->is_primary == SHOP_UNSET && c->replace ? 0 : c->in->is_primary;
    if (wanted == 1)
        primary = image->id;
    else if (wanted == 0 && primary == image->id)
        primary = SHOP_UNSET;
    image->is_primary = primary == image->id;
    if (c->in->image_url)
        image->image_url = c->in->image_url;
    shop_batch_update(b, TABLE_PRODUCT_IMAGE, 1);
    shop_set_text(b, IMAGE_URL, image->image_url);
    shop_guard_int(b, IMAGE_ID, SHOP_PRED_EQ, image->id);
    update_primary(cx, b, &p, primary);
    *answer = image;
    return SHOP_OK;
}

shop_status shop_image_update(shop_ctx *cx, int64_t id, const shop_image_input *in, int32_t replace, const shop_image **out)
{
    shop_ctx_begin(cx);
    image_change c = {.id = id, .in = in, .replace = replace};
    shop_status status = shop_require_staff(cx);
    if (status == SHOP_OK)
        status = check_image_input(cx, in, !replace);
    if (status != SHOP_OK)
        return status;
    return shop_change_run(cx, &shop_image_type, update_image_attempt, &c, (const void **)out);
}

static int64_t oldest_other(const shop_product *p, int64_t id)
{
    const shop_image *images = p->images.items;
    for (size_t i = 0; i < p->images.count; i++)
        if (images[i].id != id)
            return images[i].id;
    return SHOP_UNSET;
}

static shop_status delete_image_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const image_change *c = args;
    (void)answer;
    shop_product p;
    shop_image image;
    shop_status status = read_image(cx, c->id, &image, &p);
    if (status == SHOP_OK)
        status = shop_if_match(cx, &shop_image_type, &image);
    if (status != SHOP_OK)
        return status;
    shop_batch_delete(b, TABLE_PRODUCT_IMAGE, 1);
    shop_guard_int(b, IMAGE_ID, SHOP_PRED_EQ, image.id);
    update_primary(cx, b, &p, image.is_primary ? oldest_other(&p, image.id) : p.primary_image);
    return SHOP_OK;
}

shop_status shop_image_delete(shop_ctx *cx, int64_t id)
{
    shop_ctx_begin(cx);
    image_change c = {.id = id};
    shop_status status = shop_require_staff(cx);
    return status == SHOP_OK ? shop_change_run(cx, NULL, delete_image_attempt, &c, NULL) : status;
}
