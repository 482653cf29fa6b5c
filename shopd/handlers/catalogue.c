/* SPDX-License-Identifier: MIT */
/* The catalogue's routes. */
#include "../app/call.h"

static shop_status product_list(call *c)
{
    shop_product_filter filter = SHOP_PRODUCT_FILTER_INIT;
    const shop_page *page = NULL;
    shop_status status = call_query(c, &filter);
    if (status == SHOP_OK)
        status = shop_product_list(c->cx, &filter, &page);
    return status == SHOP_OK ? reply_page(c, page) : status;
}

static shop_status product_create(call *c)
{
    shop_product_input in = SHOP_PRODUCT_INPUT_INIT;
    const shop_product *product = NULL;
    shop_status status = call_body(c, &in);
    if (status == SHOP_OK)
        status = shop_product_create(c->cx, &in, &product);
    return status == SHOP_OK ? reply_created(c, product, "/products/%s/", shop_product_slug(product)) : status;
}

static shop_status product_get(call *c)
{
    const shop_product *product = NULL;
    shop_status status = shop_product_get(c->cx, call_path_text(c, 0), &product);
    return status == SHOP_OK ? reply_object(c, product) : status;
}

static shop_status product_change(call *c, int32_t replace)
{
    shop_product_input in = SHOP_PRODUCT_INPUT_INIT;
    const shop_product *product = NULL;
    shop_status status = call_body(c, &in);
    if (status == SHOP_OK)
        status = shop_product_update(c->cx, call_path_text(c, 0), &in, replace, &product);
    return status == SHOP_OK ? reply_object(c, product) : status;
}

static shop_status product_replace(call *c)
{
    return product_change(c, 1);
}

static shop_status product_update(call *c)
{
    return product_change(c, 0);
}

static shop_status product_delete(call *c)
{
    shop_status status = shop_product_delete(c->cx, call_path_text(c, 0));
    return status == SHOP_OK ? reply_nothing(c) : status;
}

static shop_status image_add(call *c)
{
    shop_image_input in = SHOP_IMAGE_INPUT_INIT;
    const shop_product *product = NULL;
    shop_status status = call_body(c, &in);
    if (status == SHOP_OK)
        status = shop_image_add(c->cx, call_path_text(c, 0), &in, &product);
    return status == SHOP_OK ? reply_created(c, product, "/products/%s/", shop_product_slug(product)) : status;
}

static shop_status image_get(call *c)
{
    int64_t id;
    const shop_image *image = NULL;
    shop_status status = call_path_id(c, 0, &id);
    if (status == SHOP_OK)
        status = shop_image_get(c->cx, id, &image);
    return status == SHOP_OK ? reply_object(c, image) : status;
}

static shop_status image_change(call *c, int32_t replace)
{
    int64_t id;
    shop_image_input in = SHOP_IMAGE_INPUT_INIT;
    const shop_image *image = NULL;
    shop_status status = call_path_id(c, 0, &id);
    if (status == SHOP_OK)
        status = call_body(c, &in);
    if (status == SHOP_OK)
        status = shop_image_update(c->cx, id, &in, replace, &image);
    return status == SHOP_OK ? reply_object(c, image) : status;
}

static shop_status image_replace(call *c)
{
    return image_change(c, 1);
}

static shop_status image_update(call *c)
{
    return image_change(c, 0);
}

static shop_status image_delete(call *c)
{
    int64_t id;
    shop_status status = call_path_id(c, 0, &id);
    if (status == SHOP_OK)
        status = shop_image_delete(c->cx, id);
    return status == SHOP_OK ? reply_nothing(c) : status;
}

static shop_status category_list(call *c)
{
    shop_category_filter filter = SHOP_CATEGORY_FILTER_INIT;
    const shop_page *page = NULL;
    shop_status status = call_query(c, &filter);
    if (status == SHOP_OK)
        status = shop_category_list(c->cx, &filter, &page);
    return status == SHOP_OK ? reply_page(c, page) : status;
}

static shop_status category_create(call *c)
{
    shop_category_input in = SHOP_CATEGORY_INPUT_INIT;
    const shop_category *category = NULL;
    shop_status status = call_body(c, &in);
    if (status == SHOP_OK)
        status = shop_category_create(c->cx, &in, &category);
    return status == SHOP_OK ? reply_created(c, category, "/products/categories/%s/", shop_category_slug(category)) : status;
}

static shop_status category_get(call *c)
{
    shop_category_view view = SHOP_CATEGORY_VIEW_INIT;
    const shop_category_detail *detail = NULL;
    shop_status status = call_query(c, &view);
    if (status == SHOP_OK)
        status = shop_category_get(c->cx, call_path_text(c, 0), &view, &detail);
    return status == SHOP_OK ? reply_object(c, detail) : status;
}

static shop_status category_change(call *c, int32_t replace)
{
    shop_category_input in = SHOP_CATEGORY_INPUT_INIT;
    const shop_category *category = NULL;
    shop_status status = call_body(c, &in);
    if (status == SHOP_OK)
        status = shop_category_update(c->cx, call_path_text(c, 0), &in, replace, &category);
    return status == SHOP_OK ? reply_object(c, category) : status;
}

static shop_status category_replace(call *c)
{
    return category_change(c, 1);
}

static shop_status category_update(call *c)
{
    return category_change(c, 0);
}

static shop_status category_delete(call *c)
{
    shop_status status = shop_category_delete(c->cx, call_path_text(c, 0));
    return status == SHOP_OK ? reply_nothing(c) : status;
}

#define TAG "catalogue"

/* method, pattern, handler, access, status, flags, rate class, tag, operation, summary, query, request, response */
const route routes_catalogue[] = {
    {HTTP_GET, "/products", product_list, ACCESS_PUBLIC, 200, 0, "read", TAG, "product_list",
     "Products: filtered, searched, ordered, in pages", "product_filter", NULL, "product[]"},
    {HTTP_POST, "/products", product_create, ACCESS_STAFF, 201, 0, "write", TAG, "product_create", "Make a product", NULL,
     "product_input", "product"},
    {HTTP_GET, "/products/{slug}", product_get, ACCESS_PUBLIC, 200, 0, "read", TAG, "product_get", "One product", NULL, NULL,
     "product"},
    {HTTP_PUT, "/products/{slug}", product_replace, ACCESS_STAFF, 200, 0, "write", TAG, "product_replace", "Replace a product",
     NULL, "product_input", "product"},
    {HTTP_PATCH, "/products/{slug}", product_update, ACCESS_STAFF, 200, 0, "write", TAG, "product_update",
     "Change parts of a product", NULL, "product_input", "product"},
    {HTTP_DELETE, "/products/{slug}", product_delete, ACCESS_STAFF, 204, 0, "write", TAG, "product_delete",
     "Delete a product; orders keep what was bought", NULL, NULL, NULL},
    {HTTP_POST, "/products/{slug}/images", image_add, ACCESS_STAFF, 201, 0, "write", TAG, "product_image_add",
     "Add an image to a product", NULL, "product_image_input", "product"},
    {HTTP_GET, "/products/images/{id}", image_get, ACCESS_PUBLIC, 200, 0, "read", TAG, "product_image_get", "One image", NULL,
     NULL, "product_image"},
    {HTTP_PUT, "/products/images/{id}", image_replace, ACCESS_STAFF, 200, 0, "write", TAG, "product_image_replace",
     "Replace an image", NULL, "product_image_input", "product_image"},
    {HTTP_PATCH, "/products/images/{id}", image_update, ACCESS_STAFF, 200, 0, "write", TAG, "product_image_update",
     "Change parts of an image", NULL, "product_image_input", "product_image"},
    {HTTP_DELETE, "/products/images/{id}", image_delete, ACCESS_STAFF, 204, 0, "write", TAG, "product_image_delete",
     "Delete an image", NULL, NULL, NULL},
    {HTTP_GET, "/products/categories", category_list, ACCESS_PUBLIC, 200, 0, "read", TAG, "category_list",
     "Categories, by name", "category_filter", NULL, "category[]"},
    {HTTP_POST, "/products/categories", category_create, ACCESS_STAFF, 201, 0, "write", TAG, "category_create",
     "Make a category", NULL, "category_input", "category"},
    {HTTP_GET, "/products/categories/{slug}", category_get, ACCESS_PUBLIC, 200, 0, "read", TAG, "category_get",
     "A category with its products", "category_view", NULL, "category_detail"},
    {HTTP_PUT, "/products/categories/{slug}", category_replace, ACCESS_STAFF, 200, 0, "write", TAG, "category_replace",
     "Replace a category", NULL, "category_input", "category"},
    {HTTP_PATCH, "/products/categories/{slug}", category_update, ACCESS_STAFF, 200, 0, "write", TAG, "category_update",
     "Change parts of a category", NULL, "category_input", "category"},
    {HTTP_DELETE, "/products/categories/{slug}", category_delete, ACCESS_STAFF, 204, 0, "write", TAG, "category_delete",
     "Delete a category that no product is in", NULL, NULL, NULL},
    {0},
};
