/* SPDX-License-Identifier: MIT */
/* The catalogue's objects, described once: JSON, inputs, accessors. */
#include <stddef.h>

#include "catalog.h"

#define NO_LIMIT SHOP_UNSET, SHOP_UNSET, NULL, NULL
#define COUNT(fields) (sizeof(fields) / sizeof((fields)[0]))
#define PRICE_MAX INT64_C(1000000000000)
#define STOCK_MAX INT64_C(1000000000)

/* name, kind, flags, column, offset, min, max, words, of, doc */

/* ------------------------------------------------------------------------------------------------ categories */

static const shop_field category_fields[] = {
    {"id", SHOP_KIND_INT, 0, CATEGORY_ID, offsetof(shop_category, id), NO_LIMIT, "the category's id"},
    {"name", SHOP_KIND_TEXT, 0, CATEGORY_NAME, offsetof(shop_category, name), NO_LIMIT, "its name, unique"},
    {"slug", SHOP_KIND_TEXT, 0, CATEGORY_SLUG, offsetof(shop_category, slug), NO_LIMIT, "its name in URLs, unique"},
};

const shop_type shop_category_type = {
    "category", "A category: where products stand.", category_fields, COUNT(category_fields), sizeof(shop_category), 0};

static const shop_field shelf_item_fields[] = {
    {"id", SHOP_KIND_INT, 0, PRODUCT_ID, offsetof(shop_shelf_item, id), NO_LIMIT, "the product's id"},
    {"name", SHOP_KIND_TEXT, 0, PRODUCT_NAME, offsetof(shop_shelf_item, name), NO_LIMIT, "its name"},
    {"slug", SHOP_KIND_TEXT, 0, PRODUCT_SLUG, offsetof(shop_shelf_item, slug), NO_LIMIT, "its name in URLs"},
    {"price", SHOP_KIND_MONEY, 0, PRODUCT_PRICE, offsetof(shop_shelf_item, price), NO_LIMIT, "its price"},
};

const shop_type shop_shelf_item_type = {"category_product",      "A product as its category shows it.",
                                        shelf_item_fields,       COUNT(shelf_item_fields),
                                        sizeof(shop_shelf_item), 0};

static const shop_field category_detail_fields[] = {
    {"id", SHOP_KIND_INT, 0, CATEGORY_ID, offsetof(shop_category_detail, id), NO_LIMIT, "the category's id"},
    {"name", SHOP_KIND_TEXT, 0, CATEGORY_NAME, offsetof(shop_category_detail, name), NO_LIMIT, "its name, unique"},
    {"slug", SHOP_KIND_TEXT, 0, CATEGORY_SLUG, offsetof(shop_category_detail, slug), NO_LIMIT, "its name in URLs, unique"},
    {"products", SHOP_KIND_LIST, 0, SHOP_NO_COLUMN, offsetof(shop_category_detail, products), SHOP_UNSET, SHOP_UNSET, NULL,
     &shop_shelf_item_type, "its products by name, 100 a page"},
    {"product_count", SHOP_KIND_INT, 0, SHOP_NO_COLUMN, offsetof(shop_category_detail, product_count), NO_LIMIT,
     "how many products it has, over all pages"},
    {"next_products_page", SHOP_KIND_INT, SHOP_FIELD_NULLABLE, SHOP_NO_COLUMN,
     offsetof(shop_category_detail, next_products_page), NO_LIMIT,
     "value of products_page for the next 100; null on the last page"},
};

const shop_type shop_category_detail_type = {"category_detail",
                                             "A category with its products.",
                                             category_detail_fields,
                                             COUNT(category_detail_fields),
                                             sizeof(shop_category_detail),
                                             0};

static const shop_field category_input_fields[] = {
    {"name", SHOP_KIND_TEXT, SHOP_FIELD_REQUIRED, SHOP_NO_COLUMN, offsetof(shop_category_input, name), 1, 100, NULL, NULL,
     "the category's name, unique"},
    {"slug", SHOP_KIND_TEXT, SHOP_FIELD_REQUIRED, SHOP_NO_COLUMN, offsetof(shop_category_input, slug), 1, SLUG_MAX, NULL, NULL,
     "its name in URLs: a-z, 0-9 and single hyphens; unique"},
};

const shop_type shop_category_input_type = {"category_input",
                                            "What a category is made of.",
                                            category_input_fields,
                                            COUNT(category_input_fields),
                                            sizeof(shop_category_input),
                                            0};

static const shop_field category_filter_fields[] = {
    {"page", SHOP_KIND_INT, 0, SHOP_NO_COLUMN, offsetof(shop_category_filter, page), 1, SHOP_UNSET, NULL, NULL,
     "page number, from 1"},
    {"page_size", SHOP_KIND_INT, 0, SHOP_NO_COLUMN, offsetof(shop_category_filter, page_size), 1, SHOP_PAGE_SIZE_MAX, NULL,
     NULL, "items a page"},
    {"cursor", SHOP_KIND_TEXT, SHOP_FIELD_BLANK, SHOP_NO_COLUMN, offsetof(shop_category_filter, cursor), NO_LIMIT,
     "pages by position instead of number; empty for the first page"},
};

const shop_type shop_category_filter_type = {"category_filter",
                                             "Which page of the categories.",
                                             category_filter_fields,
                                             COUNT(category_filter_fields),
                                             sizeof(shop_category_filter),
                                             0};

static const shop_field category_view_fields[] = {
    {"products_page", SHOP_KIND_INT, 0, SHOP_NO_COLUMN, offsetof(shop_category_view, products_page), 1, INT32_MAX, NULL, NULL,
     "which 100 of its products, from 1"},
};

const shop_type shop_category_view_type = {"category_view",
                                           "Which part of a category's products.",
                                           category_view_fields,
                                           COUNT(category_view_fields),
                                           sizeof(shop_category_view),
                                           0};

/* ------------------------------------------------------------------------------------------------ images */

static const shop_field image_fields[] = {
    {"id", SHOP_KIND_INT, 0, IMAGE_ID, offsetof(shop_image, id), NO_LIMIT, "the image's id"},
    {"product", SHOP_KIND_INT, 0, IMAGE_PRODUCT, offsetof(shop_image, product), NO_LIMIT, "id of the product it shows"},
    {"image_url", SHOP_KIND_TEXT, 0, IMAGE_URL, offsetof(shop_image, image_url), NO_LIMIT, "where it is"},
    {"is_primary", SHOP_KIND_BOOL, 0, SHOP_NO_COLUMN, offsetof(shop_image, is_primary), NO_LIMIT,
     "whether it is the one to show first; at most one a product"},
};

const shop_type shop_image_type = {"product_image",     "A picture of a product.", image_fields,
                                   COUNT(image_fields), sizeof(shop_image),        0};

static const shop_field image_input_fields[] = {
    {"image_url", SHOP_KIND_TEXT, SHOP_FIELD_REQUIRED, SHOP_NO_COLUMN, offsetof(shop_image_input, image_url), 1, 2048, NULL,
     NULL, "http(s) URL, or an absolute path on this server"},
    {"is_primary", SHOP_KIND_BOOL, 0, SHOP_NO_COLUMN, offsetof(shop_image_input, is_primary), NO_LIMIT,
     "true: shown first, instead of the one that was. A product's first image becomes primary by itself"},
};

const shop_type shop_image_input_type = {"product_image_input",     "What an image is made of.", image_input_fields,
                                         COUNT(image_input_fields), sizeof(shop_image_input),    0};

/* ------------------------------------------------------------------------------------------------ products */

static const shop_field product_fields[] = {
    {"id", SHOP_KIND_INT, 0, PRODUCT_ID, offsetof(shop_product, id), NO_LIMIT, "the product's id"},
    {"name", SHOP_KIND_TEXT, 0, PRODUCT_NAME, offsetof(shop_product, name), NO_LIMIT, "its name"},
    {"slug", SHOP_KIND_TEXT, 0, PRODUCT_SLUG, offsetof(shop_product, slug), NO_LIMIT, "its name in URLs, unique"},
    {"description", SHOP_KIND_TEXT, 0, PRODUCT_DESCRIPTION, offsetof(shop_product, description), NO_LIMIT, "what it is"},
    {"price", SHOP_KIND_MONEY, 0, PRODUCT_PRICE, offsetof(shop_product, price), NO_LIMIT,
     "price of one piece in the shop's currency"},
    {"stock_quantity", SHOP_KIND_INT, 0, PRODUCT_STOCK, offsetof(shop_product, stock_quantity), NO_LIMIT, "pieces to be had"},
    {"is_active", SHOP_KIND_BOOL, 0, PRODUCT_IS_ACTIVE, offsetof(shop_product, is_active), NO_LIMIT,
     "whether the public sees it"},
    {"category", SHOP_KIND_OBJECT, 0, SHOP_NO_COLUMN, offsetof(shop_product, category), SHOP_UNSET, SHOP_UNSET, NULL,
     &shop_category_type, "where it stands"},
    {"images", SHOP_KIND_LIST, 0, SHOP_NO_COLUMN, offsetof(shop_product, images), SHOP_UNSET, SHOP_UNSET, NULL,
     &shop_image_type, "its pictures, oldest first"},
    {"created_at", SHOP_KIND_TIME, 0, PRODUCT_CREATED_AT, offsetof(shop_product, created_at), NO_LIMIT, "when it was made"},
    {"updated_at", SHOP_KIND_TIME, 0, PRODUCT_UPDATED_AT, offsetof(shop_product, updated_at), NO_LIMIT,
     "when staff last changed it (sales change the stock only)"},
};

const shop_type shop_product_type = {
    "product", "A product.", product_fields, COUNT(product_fields), sizeof(shop_product), offsetof(shop_product, currency)};

static const shop_field product_brief_fields[] = {
    {"id", SHOP_KIND_INT, 0, PRODUCT_ID, offsetof(shop_product_brief, id), NO_LIMIT, "the product's id"},
    {"name", SHOP_KIND_TEXT, 0, PRODUCT_NAME, offsetof(shop_product_brief, name), NO_LIMIT, "its name"},
    {"slug", SHOP_KIND_TEXT, 0, PRODUCT_SLUG, offsetof(shop_product_brief, slug), NO_LIMIT, "its name in URLs"},
    {"price", SHOP_KIND_MONEY, 0, PRODUCT_PRICE, offsetof(shop_product_brief, price), NO_LIMIT, "price of one piece"},
    {"stock_quantity", SHOP_KIND_INT, 0, PRODUCT_STOCK, offsetof(shop_product_brief, stock_quantity), NO_LIMIT,
     "pieces to be had"},
    {"is_active", SHOP_KIND_BOOL, 0, PRODUCT_IS_ACTIVE, offsetof(shop_product_brief, is_active), NO_LIMIT,
     "whether it can be bought"},
};

const shop_type shop_product_brief_type = {"product_brief",
                                           "A product in a cart or order.",
                                           product_brief_fields,
                                           COUNT(product_brief_fields),
                                           sizeof(shop_product_brief),
                                           offsetof(shop_product_brief, currency)};

static const shop_field product_input_fields[] = {
    {"name", SHOP_KIND_TEXT, SHOP_FIELD_REQUIRED, SHOP_NO_COLUMN, offsetof(shop_product_input, name), 1, 200, NULL, NULL,
     "the product's name"},
    {"slug", SHOP_KIND_TEXT, SHOP_FIELD_REQUIRED, SHOP_NO_COLUMN, offsetof(shop_product_input, slug), 1, SLUG_MAX, NULL, NULL,
     "its name in URLs: a-z, 0-9 and single hyphens; unique"},
    {"description", SHOP_KIND_TEXT, SHOP_FIELD_REQUIRED | SHOP_FIELD_BLANK | SHOP_FIELD_MULTILINE, SHOP_NO_COLUMN,
     offsetof(shop_product_input, description), 0, 10000, NULL, NULL, "what it is; may be empty"},
    {"price", SHOP_KIND_MONEY, SHOP_FIELD_REQUIRED, SHOP_NO_COLUMN, offsetof(shop_product_input, price), 0, PRICE_MAX, NULL,
     NULL, "price of one piece in the shop's currency"},
    {"stock_quantity", SHOP_KIND_INT, SHOP_FIELD_REQUIRED, SHOP_NO_COLUMN, offsetof(shop_product_input, stock_quantity), 0,
     STOCK_MAX, NULL, NULL, "pieces to be had"},
    {"category_id", SHOP_KIND_INT, SHOP_FIELD_REQUIRED, SHOP_NO_COLUMN, offsetof(shop_product_input, category_id), 1,
     SHOP_UNSET, NULL, NULL, "id of the category it stands in"},
    {"is_active", SHOP_KIND_BOOL, 0, SHOP_NO_COLUMN, offsetof(shop_product_input, is_active), NO_LIMIT,
     "whether the public sees it; true unless said otherwise"},
};

const shop_type shop_product_input_type = {"product_input",
                                           "What a product is made of.",
                                           product_input_fields,
                                           COUNT(product_input_fields),
                                           sizeof(shop_product_input),
                                           0};

static const char *const ordering_words[] = {"price", "-price", "created_at", "-created_at", "name", "-name", NULL};

static const shop_field product_filter_fields[] = {
    {"category", SHOP_KIND_INT, 0, SHOP_NO_COLUMN, offsetof(shop_product_filter, category), NO_LIMIT, "id of a category"},
    {"category__slug", SHOP_KIND_TEXT, 0, SHOP_NO_COLUMN, offsetof(shop_product_filter, category__slug), NO_LIMIT,
     "slug of a category"},
    {"is_active", SHOP_KIND_BOOL, 0, SHOP_NO_COLUMN, offsetof(shop_product_filter, is_active), NO_LIMIT,
     "false is for staff only"},
    {"price_min", SHOP_KIND_MONEY, 0, SHOP_NO_COLUMN, offsetof(shop_product_filter, price_min), NO_LIMIT, "this price or more"},
    {"price_max", SHOP_KIND_MONEY, 0, SHOP_NO_COLUMN, offsetof(shop_product_filter, price_max), NO_LIMIT, "this price or less"},
    {"in_stock", SHOP_KIND_BOOL, 0, SHOP_NO_COLUMN, offsetof(shop_product_filter, in_stock), NO_LIMIT,
     "true: at least one piece to be had; false: none"},
    {"search", SHOP_KIND_TEXT, SHOP_FIELD_BLANK, SHOP_NO_COLUMN, offsetof(shop_product_filter, search), 0, 200, NULL, NULL,
     "each word must begin a word of name or description; case and accents do not matter; on PostgreSQL "
     "typing errors are corrected when nothing is found"},
    {"ordering", SHOP_KIND_TEXT, 0, SHOP_NO_COLUMN, offsetof(shop_product_filter, ordering), SHOP_UNSET, SHOP_UNSET,
     ordering_words, NULL, "default: -created_at; of a search: the best match first, then the newest"},
    {"page", SHOP_KIND_INT, 0, SHOP_NO_COLUMN, offsetof(shop_product_filter, page), 1, SHOP_UNSET, NULL, NULL,
     "page number, from 1"},
    {"page_size", SHOP_KIND_INT, 0, SHOP_NO_COLUMN, offsetof(shop_product_filter, page_size), 1, SHOP_PAGE_SIZE_MAX, NULL, NULL,
     "items a page"},
    {"cursor", SHOP_KIND_TEXT, SHOP_FIELD_BLANK, SHOP_NO_COLUMN, offsetof(shop_product_filter, cursor), NO_LIMIT,
     "pages by position instead of number; empty for the first page"},
};

const shop_type shop_product_filter_type = {"product_filter",
                                            "Which products, in which order.",
                                            product_filter_fields,
                                            COUNT(product_filter_fields),
                                            sizeof(shop_product_filter),
                                            0};

/* ------------------------------------------------------------------------------------------------ inits */

void shop_category_input_init(shop_category_input *in)
{
    *in = (shop_category_input)SHOP_CATEGORY_INPUT_INIT;
}

void shop_category_filter_init(shop_category_filter *filter)
{
    *filter = (shop_category_filter)SHOP_CATEGORY_FILTER_INIT;
}

void shop_category_view_init(shop_category_view *view)
{
    *view = (shop_category_view)SHOP_CATEGORY_VIEW_INIT;
}

void shop_product_input_init(shop_product_input *in)
{
    *in = (shop_product_input)SHOP_PRODUCT_INPUT_INIT;
}

void shop_product_filter_init(shop_product_filter *filter)
{
    *filter = (shop_product_filter)SHOP_PRODUCT_FILTER_INIT;
}

void shop_image_input_init(shop_image_input *in)
{
    *in = (shop_image_input)SHOP_IMAGE_INPUT_INIT;
}

/* ------------------------------------------------------------------------------------------------ accessors */

int64_t shop_category_id(const shop_category *category)
{
    return category->id;
}

const char *shop_category_name(const shop_category *category)
{
    return category->name;
}

const char *shop_category_slug(const shop_category *category)
{
    return category->slug;
}

int64_t shop_category_detail_id(const shop_category_detail *detail)
{
    return detail->id;
}

const char *shop_category_detail_name(const shop_category_detail *detail)
{
    return detail->name;
}

const char *shop_category_detail_slug(const shop_category_detail *detail)
{
    return detail->slug;
}

int64_t shop_category_detail_product_count(const shop_category_detail *detail)
{
    return detail->product_count;
}

int64_t shop_product_id(const shop_product *product)
{
    return product->id;
}

const char *shop_product_name(const shop_product *product)
{
    return product->name;
}

const char *shop_product_slug(const shop_product *product)
{
    return product->slug;
}

const char *shop_product_description(const shop_product *product)
{
    return product->description;
}

int64_t shop_product_price(const shop_product *product)
{
    return product->price;
}

int64_t shop_product_stock_quantity(const shop_product *product)
{
    return product->stock_quantity;
}

int32_t shop_product_is_active(const shop_product *product)
{
    return product->is_active != 0;
}

const shop_category *shop_product_category(const shop_product *product)
{
    return product->category;
}

size_t shop_product_image_count(const shop_product *product)
{
    return product->images.count;
}

const shop_image *shop_product_image(const shop_product *product, size_t i)
{
    return i < product->images.count ? (const shop_image *)product->images.items + i : NULL;
}

int64_t shop_product_created_at(const shop_product *product)
{
    return product->created_at;
}

int64_t shop_product_updated_at(const shop_product *product)
{
    return product->updated_at;
}

int64_t shop_image_id(const shop_image *image)
{
    return image->id;
}

int64_t shop_image_product(const shop_image *image)
{
    return image->product;
}

const char *shop_image_url(const shop_image *image)
{
    return image->image_url;
}

int32_t shop_image_is_primary(const shop_image *image)
{
    return image->is_primary != 0;
}

const shop_category *shop_category_at(const shop_page *page, size_t i)
{
    return shop_page_item(page, &shop_category_type, i);
}

const shop_product *shop_product_at(const shop_page *page, size_t i)
{
    return shop_page_item(page, &shop_product_type, i);
}
