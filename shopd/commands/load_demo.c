/* SPDX-License-Identifier: MIT */
/* load-demo: fills the shop with the demo goods that shopd carries. What is there already stays as it is. */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include <shop/catalog.h>
#include <shop/money.h>

#include "../assets/assets.h"
#include "commands.h"
#include "demo_reader.h"

#define IMAGES_MAX 8

typedef struct demo_product {
    char name[256];
    char slug[128];
    char description[4096];
    char price[32];
    char category[128];
    char images[IMAGES_MAX][128];
    size_t image_count;
    int64_t stock;
    int64_t is_active;
} demo_product;

/* Prices of the demo have two digits; the shop's currency may have another number of them. */
static shop_status price_of(const shop *s, const char *text, int64_t *price)
{
    shop_status status = shop_amount_parse(text, "usd", price);
    for (int32_t digits = shop_currency_digits(s); digits > 2; digits--) {
        *price *= 10;
    }
    for (int32_t digits = shop_currency_digits(s); digits < 2; digits++) {
        *price /= 10;
    }
    return status;
}

static void read_images(demo_reader *r, demo_product *p)
{
    demo_enter(r, '[');
    while (demo_item(r) && !r->failed) {
        if (p->image_count == IMAGES_MAX) {
            r->failed = 1;
            return;
        }
        demo_text(r, p->images[p->image_count++], sizeof p->images[0]);
    }
}

static void read_product(demo_reader *r, demo_product *p)
{
    char name[64];
    memset(p, 0, sizeof *p);
    p->is_active = 1;
    demo_enter(r, '{');
    while (demo_member(r, name, sizeof name)) {
        if (strcmp(name, "name") == 0) {
            demo_text(r, p->name, sizeof p->name);
        } else if (strcmp(name, "slug") == 0) {
            demo_text(r, p->slug, sizeof p->slug);
        } else if (strcmp(name, "description") == 0) {
            demo_text(r, p->description, sizeof p->description);
        } else if (strcmp(name, "price") == 0) {
            demo_text(r, p->price, sizeof p->price);
        } else if (strcmp(name, "category") == 0) {
            demo_text(r, p->category, sizeof p->category);
        } else if (strcmp(name, "stock_quantity") == 0) {
            demo_number(r, &p->stock);
        } else if (strcmp(name, "is_active") == 0) {
            demo_truth(r, &p->is_active);
        } else if (strcmp(name, "images") == 0) {
            read_images(r, p);
        } else {
            demo_skip(r);
        }
    }
}

static void begin_call(shop_ctx *cx)
{
    shop_ctx_reset(cx);
    shop_ctx_set_actor(cx, SHOP_ACTOR_SYSTEM);
}

static shop_status find_category(shop_ctx *cx, const char *slug, int64_t *id)
{
    shop_category_view view = SHOP_CATEGORY_VIEW_INIT;
    const shop_category_detail *detail = NULL;
    shop_status status = shop_category_get(cx, slug, &view, &detail);
    *id = status == SHOP_OK ? shop_category_detail_id(detail) : 0;
    return status;
}

static shop_status load_category(shop_ctx *cx, demo_reader *r)
{
    char member[64];
    char name[128] = "";
    char slug[128] = "";
    int64_t id = 0;
    demo_enter(r, '{');
    while (demo_member(r, member, sizeof member)) {
        if (strcmp(member, "name") == 0) {
            demo_text(r, name, sizeof name);
        } else if (strcmp(member, "slug") == 0) {
            demo_text(r, slug, sizeof slug);
        } else {
            demo_skip(r);
        }
    }
    begin_call(cx);
    shop_status status = find_category(cx, slug, &id);
    if (status == SHOP_NOT_FOUND) {
        shop_category_input in = SHOP_CATEGORY_INPUT_INIT;
        const shop_category *made = NULL;
        in.name = name;
        in.slug = slug;
        status = shop_category_create(cx, &in, &made);
    }
    return status;
}

static shop_status make_product(shop_ctx *cx, const demo_product *p, const shop_product **product)
{
    shop_product_input in = SHOP_PRODUCT_INPUT_INIT;
    shop_status status = find_category(cx, p->category, &in.category_id);
    if (status == SHOP_OK) {
        status = price_of(shop_ctx_shop(cx), p->price, &in.price);
    }
    in.name = p->name;
    in.slug = p->slug;
    in.description = p->description;
    in.stock_quantity = p->stock;
    in.is_active = p->is_active;
    return status == SHOP_OK ? shop_product_create(cx, &in, product) : status;
}

/* Makes the product, or finds it; then adds the images that an earlier, interrupted run did not come to. */
static shop_status load_product(shop_ctx *cx, const demo_product *p, int64_t *made)
{
    const shop_product *product = NULL;
    begin_call(cx);
    shop_status status = shop_product_get(cx, p->slug, &product);
    if (status == SHOP_NOT_FOUND) {
        status = make_product(cx, p, &product);
        *made += status == SHOP_OK;
    }
    size_t there = status == SHOP_OK ? shop_product_image_count(product) : p->image_count;
    for (size_t i = there; i < p->image_count && status == SHOP_OK; i++) {
        char url[256];
        shop_image_input image = SHOP_IMAGE_INPUT_INIT;
        snprintf(url, sizeof url, "/media/demo/%s", p->images[i]);
        image.image_url = url;
        status = shop_image_add(cx, p->slug, &image, &product);
    }
    return status;
}

static void show_progress(FILE *to, size_t done)
{
    if (to != NULL) {
        fprintf(to, "\rshopd: demo shop: %zu products", done);
        fflush(to);
    }
}

static shop_status load_products(shop_ctx *cx, demo_reader *r, int64_t *made, FILE *progress)
{
    shop_status status = SHOP_OK;
    size_t done = 0;
    demo_enter(r, '[');
    while (status == SHOP_OK && demo_item(r)) {
        demo_product product;
        read_product(r, &product);
        status = r->failed ? SHOP_INTERNAL : load_product(cx, &product, made);
        show_progress(progress, ++done);
    }
    if (progress != NULL) {
        fputc('\n', progress);
    }
    return status;
}

static shop_status load_categories(shop_ctx *cx, demo_reader *r)
{
    shop_status status = SHOP_OK;
    demo_enter(r, '[');
    while (status == SHOP_OK && demo_item(r)) {
        status = load_category(cx, r);
    }
    return status;
}

shop_status demo_load(shop_ctx *cx, int64_t *made, FILE *progress)
{
    const asset *file = asset_find("demo/demo.json");
    char name[64];
    shop_status status = SHOP_OK;
    *made = 0;
    if (file == NULL) {
        return SHOP_INTERNAL;
    }
    demo_reader r = {.at = (const char *)file->data};
    demo_enter(&r, '{');
    while (status == SHOP_OK && demo_member(&r, name, sizeof name)) {
        if (strcmp(name, "categories") == 0) {
            status = load_categories(cx, &r);
        } else if (strcmp(name, "products") == 0) {
            status = load_products(cx, &r, made, progress);
        } else {
            demo_skip(&r);
        }
    }
    return status == SHOP_OK && r.failed ? SHOP_INTERNAL : status;
}

int demo_shop_is_empty(shop_ctx *cx)
{
    shop_product_filter products = SHOP_PRODUCT_FILTER_INIT;
    const shop_page *page = NULL;
    begin_call(cx);
    if (shop_product_list(cx, &products, &page) != SHOP_OK) {
        return -1;
    }
    return shop_page_count(page) == 0;
}

int command_load_demo(command_line *line)
{
    shop *s = NULL;
    int64_t made = 0;
    int code = command_open_shop(line, NULL, &s);
    if (code != EXIT_DONE) {
        return code;
    }
    shop_ctx *cx = command_context(s);
    code = cx == NULL ? EXIT_FAILED : EXIT_DONE;
    if (cx != NULL && demo_load(cx, &made, isatty(STDERR_FILENO) ? stderr : NULL) != SHOP_OK) {
        code = command_fail_call(cx, "the demo shop cannot be loaded");
    } else if (cx != NULL) {
        printf("demo shop: %" PRId64 " products are new; what was there stays as it was\n", made);
    }
    shop_ctx_free(cx);
    shop_close(s);
    return code;
}
