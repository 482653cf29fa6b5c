/* SPDX-License-Identifier: MIT */
/* The catalogue's handles from within, and what its files share. */
#ifndef SHOP_CATALOG_CATALOG_H
#define SHOP_CATALOG_CATALOG_H

#include <shop/catalog.h>

#include "../storage/page.h"
#include "../storage/store.h"
#include "catalog_parts.h"

#define SLUG_MAX 100
#define IMAGES_MAX 20
#define CATEGORY_PRODUCTS_PAGE 100

struct shop_category {
    int64_t id;
    const char *name;
    const char *slug;
    int64_t version;
};

struct shop_image {
    int64_t id;
    int64_t product;
    const char *image_url;
    int64_t is_primary;
};

struct shop_product {
    int64_t id;
    const char *name;
    const char *slug;
    const char *description;
    int64_t price;
    int64_t stock_quantity;
    int64_t is_active;
    const shop_category *category;
    shop_list images; /* of shop_image, oldest first */
    int64_t created_at;
    int64_t updated_at;
    int64_t category_id;
    int64_t primary_image; /* SHOP_UNSET: none */
    int64_t version;
    const shop_currency *currency;
};

typedef struct shop_shelf_item { /* a product as its category shows it */
    int64_t id;
    const char *name;
    const char *slug;
    int64_t price;
} shop_shelf_item;

struct shop_category_detail {
    int64_t id;
    const char *name;
    const char *slug;
    shop_list products; /* of shop_shelf_item */
    int64_t product_count;
    int64_t products_page;
    int64_t next_products_page; /* SHOP_UNSET: none */
    int64_t version;
};

extern const shop_type shop_category_type;
extern const shop_type shop_shelf_item_type;
extern const shop_type shop_category_detail_type;
extern const shop_type shop_category_input_type;
extern const shop_type shop_category_filter_type;
extern const shop_type shop_category_view_type;
extern const shop_type shop_image_type;
extern const shop_type shop_image_input_type;
extern const shop_type shop_product_type;
extern const shop_type shop_product_input_type;
extern const shop_type shop_product_filter_type;

/* A text's words as the catalogue is searched: folded, without accents, each once, separated by single spaces. NULL: no memory. */
const char *shop_search_words(shop_ctx *cx, const char *name, const char *description);

/* Whose words count: those of products that are (1) or are not (0) active, or of all (SHOP_UNSET). */
typedef struct shop_search_scope {
    int64_t is_active;
    int is_public; /* a replica's products will do */
} shop_search_scope;

/*
 * For a search that found nothing: its words, each that no product in the scope has as the beginning of a word replaced by the nearest word
 * that some product has. *corrected is NULL when no word is replaced, or one that would have to be is like no other.
 */
shop_status shop_search_correct(shop_ctx *cx, const shop_search_scope *scope, const char *words, const char **corrected);

/* Reads of products with their images and categories, and the assembling of handles from them. */
typedef struct shop_product_reads {
    int products;
    int images;
    int categories;
} shop_product_reads;

/* `products` is a read of the product table that the caller has begun; adds the other two. */
void shop_product_reads_add(shop_query *q, int products, shop_product_reads *reads);

/* Fills a product from its row and the other reads. 0: no memory. */
int shop_product_assemble(shop_ctx *cx, const shop_query *q, const shop_product_reads *reads, const shop_value *row,
                          shop_product *out);

/* Reads the product with that slug, active or not, in one query. SHOP_NOT_FOUND. */
shop_status shop_product_read(shop_ctx *cx, const char *slug, shop_product *out);

/* Reads the category with that slug, with a page of its products; inactive ones when `all`. SHOP_NOT_FOUND. */
shop_status shop_category_read(shop_ctx *cx, const char *slug, int64_t page, int all, shop_category_detail *out);

/* Folds a client's slug; NULL when it cannot be one (then there is nothing with it). */
const char *shop_slug_fold(shop_ctx *cx, const char *slug);

shop_status shop_product_not_found(shop_ctx *cx);
shop_status shop_category_not_found(shop_ctx *cx);

/* 1 when the actor may see and change everything: SYSTEM or staff. SHOP_OK or storage's error. */
shop_status shop_actor_is_staff(shop_ctx *cx, int *is_staff);

#endif
