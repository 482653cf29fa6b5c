/* SPDX-License-Identifier: MIT */
/*
 * The catalogue: categories, products and their images.
 *
 * Everybody may read; only active products are seen, except by staff and SHOP_ACTOR_SYSTEM. Only these two may change.
 * Slugs are [a-z0-9]+(-[a-z0-9]+)*, at most 100 characters, unique among their kind; upper case is folded. A product cannot
 * have the slug "categories" or "images": they stand in the same place of an address.
 *
 * All functions: handles and texts they return live in the context. Besides what is said with each they return SHOP_MISUSE
 * (wrong struct_size), SHOP_NO_MEMORY, SHOP_UNAVAILABLE, SHOP_BUSY. Changes also return SHOP_UNAUTHENTICATED and SHOP_FORBIDDEN
 * (code "staff_only"), take an idempotency key, and changes of an existing object take If-Match (SHOP_PRECONDITION). A context is
 * used by one thread at a time; accessors may be called by any thread.
 */
#ifndef SHOP_CATALOG_H
#define SHOP_CATALOG_H

#include <shop/base.h>
#include <shop/type.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct shop_category shop_category;
typedef struct shop_product shop_product;
typedef struct shop_image shop_image;
typedef struct shop_category_detail shop_category_detail;

/* ------------------------------------------------------------------------------------------------ categories */

SHOP_API int64_t shop_category_id(const shop_category *category);
SHOP_API const char *shop_category_name(const shop_category *category);
SHOP_API const char *shop_category_slug(const shop_category *category);

/* What a category is made of. All required, also when it is replaced. */
typedef struct shop_category_input {
    size_t struct_size;
    const char *name; /* 1..100 characters, unique */
    const char *slug;
} shop_category_input;

#define SHOP_CATEGORY_INPUT_INIT                                                                                               \
    {                                                                                                                          \
        sizeof(shop_category_input), NULL, NULL                                                                                \
    }
SHOP_API void shop_category_input_init(shop_category_input *in);

/* Which page of a list of categories. */
typedef struct shop_category_filter {
    size_t struct_size;
    int64_t page;
    int64_t page_size;
    const char *cursor;
} shop_category_filter;

#define SHOP_CATEGORY_FILTER_INIT                                                                                              \
    {                                                                                                                          \
        sizeof(shop_category_filter), SHOP_UNSET, SHOP_UNSET, NULL                                                             \
    }
SHOP_API void shop_category_filter_init(shop_category_filter *filter);

/* Categories by name. SHOP_INVALID, SHOP_NOT_FOUND ("page_not_found"). */
SHOP_API shop_status shop_category_list(shop_ctx *cx, const shop_category_filter *filter, const shop_page **out);

/* Item i of a page of categories; NULL beyond the end. */
SHOP_API const shop_category *shop_category_at(const shop_page *page, size_t i);

/* Which part of a category's products. */
typedef struct shop_category_view {
    size_t struct_size;
    int64_t products_page; /* from 1, 100 products each; default 1 */
} shop_category_view;

#define SHOP_CATEGORY_VIEW_INIT                                                                                                \
    {                                                                                                                          \
        sizeof(shop_category_view), SHOP_UNSET                                                                                 \
    }
SHOP_API void shop_category_view_init(shop_category_view *view);

/*
 * A category with a page of its products, by name, each {id, name, slug, price}: read as JSON (type "category_detail"), or with the
 * accessors below. SHOP_NOT_FOUND, SHOP_INVALID.
 */
SHOP_API shop_status shop_category_get(shop_ctx *cx, const char *slug, const shop_category_view *view,
                                       const shop_category_detail **out);
SHOP_API int64_t shop_category_detail_id(const shop_category_detail *detail);
SHOP_API const char *shop_category_detail_name(const shop_category_detail *detail);
SHOP_API const char *shop_category_detail_slug(const shop_category_detail *detail);
SHOP_API int64_t shop_category_detail_product_count(const shop_category_detail *detail); /* in all, over every page */

/* SHOP_INVALID (also when name or slug is taken: the field is named). */
SHOP_API shop_status shop_category_create(shop_ctx *cx, const shop_category_input *in, const shop_category **out);

/* Changes what is given; with `replace` 1 everything must be given. As create, and SHOP_NOT_FOUND. */
SHOP_API shop_status shop_category_update(shop_ctx *cx, const char *slug, const shop_category_input *in, int32_t replace,
                                          const shop_category **out);

/* SHOP_NOT_FOUND; SHOP_CONFLICT ("category_in_use") while products are in it. */
SHOP_API shop_status shop_category_delete(shop_ctx *cx, const char *slug);

/* ------------------------------------------------------------------------------------------------ products */

SHOP_API int64_t shop_product_id(const shop_product *product);
SHOP_API const char *shop_product_name(const shop_product *product);
SHOP_API const char *shop_product_slug(const shop_product *product);
SHOP_API const char *shop_product_description(const shop_product *product);
SHOP_API int64_t shop_product_price(const shop_product *product); /* minor units of the shop's currency */
SHOP_API int64_t shop_product_stock_quantity(const shop_product *product);
SHOP_API int32_t shop_product_is_active(const shop_product *product);
SHOP_API const shop_category *shop_product_category(const shop_product *product);
SHOP_API size_t shop_product_image_count(const shop_product *product);
SHOP_API const shop_image *shop_product_image(const shop_product *product, size_t i); /* NULL beyond the end */
SHOP_API int64_t shop_product_created_at(const shop_product *product);
SHOP_API int64_t shop_product_updated_at(const shop_product *product);

/* What a product is made of. All required when it is made or replaced, but is_active (1). */
typedef struct shop_product_input {
    size_t struct_size;
    const char *name; /* 1..200 characters */
    const char *slug;
    const char *description; /* 0..10000 characters */
    int64_t price; /* minor units, 0..10^12 */
    int64_t stock_quantity; /* 0..10^9 */
    int64_t category_id;
    int64_t is_active; /* 0 or 1 */
} shop_product_input;

#define SHOP_PRODUCT_INPUT_INIT                                                                                                \
    {                                                                                                                          \
        sizeof(shop_product_input), NULL, NULL, NULL, SHOP_UNSET, SHOP_UNSET, SHOP_UNSET, SHOP_UNSET                           \
    }
SHOP_API void shop_product_input_init(shop_product_input *in);

/* Which products, in which order, which page. Nothing given: all that the actor may see, newest first. A search without
   an ordering: the best first (words of the name, beginnings of them, then those only the description has), the newest of equals first.
   A search that finds nothing, where the storage tells which words are spelled alike (PostgreSQL with pg_trgm): words of four letters and more
   that no product has are replaced by the nearest that one has; all pages and the count are then those of the corrected search. */
typedef struct shop_product_filter {
    size_t struct_size;
    int64_t category; /* id */
    const char *category__slug; /* (named as the query parameter is) */
    int64_t is_active; /* staff only, for 0 */
    int64_t price_min; /* minor units, inclusive */
    int64_t price_max;
    int64_t in_stock; /* 1: stock above 0; 0: none left */
    const char *search; /* each word must begin a word of name or description; case and accents do not matter */
    const char *ordering; /* price, created_at, name, or one of these after a "-"; default -created_at */
    int64_t page;
    int64_t page_size;
    const char *cursor;
} shop_product_filter;

#define SHOP_PRODUCT_FILTER_INIT                                                                                               \
    {                                                                                                                          \
        sizeof(shop_product_filter), SHOP_UNSET, NULL, SHOP_UNSET, SHOP_UNSET, SHOP_UNSET, SHOP_UNSET, NULL, NULL, SHOP_UNSET, \
            SHOP_UNSET, NULL                                                                                                   \
    }
SHOP_API void shop_product_filter_init(shop_product_filter *filter);

/* SHOP_INVALID, SHOP_NOT_FOUND ("page_not_found"), SHOP_FORBIDDEN (is_active 0 without being staff). */
SHOP_API shop_status shop_product_list(shop_ctx *cx, const shop_product_filter *filter, const shop_page **out);

/* Item i of a page of products; NULL beyond the end. */
SHOP_API const shop_product *shop_product_at(const shop_page *page, size_t i);

/* SHOP_NOT_FOUND. */
SHOP_API shop_status shop_product_get(shop_ctx *cx, const char *slug, const shop_product **out);

/* SHOP_INVALID (also when the slug is taken: the field is named). */
SHOP_API shop_status shop_product_create(shop_ctx *cx, const shop_product_input *in, const shop_product **out);

/* Changes what is given; with `replace` 1 all must be given. As create, and SHOP_NOT_FOUND. */
SHOP_API shop_status shop_product_update(shop_ctx *cx, const char *slug, const shop_product_input *in, int32_t replace,
                                         const shop_product **out);

/* Deletes a product with its images, and takes it out of all carts. Orders keep what was bought. SHOP_NOT_FOUND. */
SHOP_API shop_status shop_product_delete(shop_ctx *cx, const char *slug);

/* ------------------------------------------------------------------------------------------------ images */

SHOP_API int64_t shop_image_id(const shop_image *image);
SHOP_API int64_t shop_image_product(const shop_image *image); /* the product's id */
SHOP_API const char *shop_image_url(const shop_image *image);
SHOP_API int32_t shop_image_is_primary(const shop_image *image);

typedef struct shop_image_input {
    size_t struct_size;
    const char *image_url; /* http(s)://… or an absolute path; at most 2048 characters */
    int64_t is_primary; /* 1 makes it the product's only primary image. A product's first image becomes primary by itself */
} shop_image_input;

#define SHOP_IMAGE_INPUT_INIT                                                                                                  \
    {                                                                                                                          \
        sizeof(shop_image_input), NULL, SHOP_UNSET                                                                             \
    }
SHOP_API void shop_image_input_init(shop_image_input *in);

/* Adds an image to a product; *out is the whole product. SHOP_INVALID ("too_many_images" beyond 20), SHOP_NOT_FOUND. */
SHOP_API shop_status shop_image_add(shop_ctx *cx, const char *product_slug, const shop_image_input *in,
                                    const shop_product **out);

/* SHOP_NOT_FOUND. */
SHOP_API shop_status shop_image_get(shop_ctx *cx, int64_t id, const shop_image **out);

/* Changes what is given; with `replace` 1 the URL must be given and is_primary is 0 unless given. SHOP_INVALID, SHOP_NOT_FOUND. */
SHOP_API shop_status shop_image_update(shop_ctx *cx, int64_t id, const shop_image_input *in, int32_t replace,
                                       const shop_image **out);

/* Deletes an image; when it was the primary one, the oldest of the rest becomes it. SHOP_NOT_FOUND. */
SHOP_API shop_status shop_image_delete(shop_ctx *cx, int64_t id);

#ifdef __cplusplus
}
#endif

#endif
