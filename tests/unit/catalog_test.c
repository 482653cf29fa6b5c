/* SPDX-License-Identifier: MIT */
/* What the catalogue promises, through the public API. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "../../libshop/storage/store.h"
#include "support.h"

static shop *s;
static shop_ctx *staff;
static shop_ctx *public_;

static void open_shop(void)
{
    s = test_shop_open();
    staff = test_ctx(s, test_user(s, "staff@example.com", 1));
    public_ = test_ctx(s, SHOP_ACTOR_NOBODY);
}

static void close_shop(void)
{
    shop_ctx_free(staff);
    shop_ctx_free(public_);
    test_shop_close(s);
}

TestSuite(catalog, .init = open_shop, .fini = close_shop, .timeout = 60);

static int64_t make_category(const char *name, const char *slug)
{
    shop_category_input in = SHOP_CATEGORY_INPUT_INIT;
    in.name = name;
    in.slug = slug;
    const shop_category *category = NULL;
    cr_assert_eq(shop_category_create(staff, &in, &category), SHOP_OK, "%s", shop_ctx_error_detail(staff));
    return shop_category_id(category);
}

static shop_product_input product_input(const char *name, const char *slug, int64_t price, int64_t category)
{
    shop_product_input in = SHOP_PRODUCT_INPUT_INIT;
    in.name = name;
    in.slug = slug;
    in.description = "";
    in.price = price;
    in.stock_quantity = 5;
    in.category_id = category;
    return in;
}

static const shop_product *make_product(const char *name, const char *slug, int64_t price, int64_t category)
{
    shop_product_input in = product_input(name, slug, price, category);
    const shop_product *product = NULL;
    cr_assert_eq(shop_product_create(staff, &in, &product), SHOP_OK, "%s", shop_ctx_error_detail(staff));
    return product;
}

static size_t found(const char *search)
{
    shop_product_filter filter = SHOP_PRODUCT_FILTER_INIT;
    filter.search = search;
    const shop_page *page = NULL;
    cr_assert_eq(shop_product_list(public_, &filter, &page), SHOP_OK, "%s", shop_ctx_error_detail(public_));
    cr_assert_eq((int64_t)shop_page_count(page), shop_page_total(page));
    return shop_page_count(page);
}

Test(catalog, a_product_that_was_made_is_read_back_as_it_was_made)
{
    int64_t category = make_category("Cups", "cups");
    make_product("Café cup", "Cafe-Cup", 1999, category);
    const shop_product *p = NULL;
    cr_assert_eq(shop_product_get(public_, "cafe-cup", &p), SHOP_OK);
    cr_assert_str_eq(shop_product_name(p), "Café cup");
    cr_assert_str_eq(shop_product_slug(p), "cafe-cup");
    cr_assert_eq(shop_product_price(p), 1999);
    cr_assert_eq(shop_product_stock_quantity(p), 5);
    cr_assert_eq(shop_product_is_active(p), 1);
    cr_assert_eq(shop_category_id(shop_product_category(p)), category);
    cr_assert_eq(shop_product_created_at(p), TEST_TIME);
    const char *json;
    size_t length;
    cr_assert_eq(shop_to_json(public_, shop_type_find("product"), p, &json, &length), SHOP_OK);
    cr_assert(strstr(json, "\"price\":\"19.99\""), "%s", json);
    cr_assert(strstr(json, "\"created_at\":\"2026-01-01T00:00:00.000000Z\""), "%s", json);
}

Test(catalog, only_staff_may_change_it)
{
    shop_category_input in = SHOP_CATEGORY_INPUT_INIT;
    in.name = "x";
    in.slug = "x";
    const shop_category *category;
    cr_assert_eq(shop_category_create(public_, &in, &category), SHOP_UNAUTHENTICATED);
    shop_ctx *customer = test_ctx(s, test_user(s, "c@example.com", 0));
    cr_assert_eq(shop_category_create(customer, &in, &category), SHOP_FORBIDDEN);
    cr_assert_str_eq(shop_ctx_error_code(customer), "staff_only");
    cr_assert_eq(shop_product_delete(customer, "x"), SHOP_FORBIDDEN);
    cr_assert_eq(shop_image_delete(customer, 1), SHOP_FORBIDDEN);
    shop_ctx_free(customer);
}

Test(catalog, each_wrong_field_is_named)
{
    shop_product_input in = SHOP_PRODUCT_INPUT_INIT;
    in.name = "";
    in.slug = "Not A Slug";
    in.price = -1;
    const shop_product *p;
    cr_assert_eq(shop_product_create(staff, &in, &p), SHOP_INVALID);
    cr_assert_str_eq(shop_ctx_error_code(staff), "validation_error");
    static const char *const wanted[] = {"name", "description", "price", "stock_quantity", "category_id"};
    cr_assert_eq(shop_ctx_error_field_count(staff), sizeof wanted / sizeof wanted[0]);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        cr_assert_str_eq(shop_ctx_error_field(staff, i), wanted[i]);
    in = product_input("ok", "Not A Slug", 1, make_category("c", "c"));
    cr_assert_eq(shop_product_create(staff, &in, &p), SHOP_INVALID);
    cr_assert_str_eq(shop_ctx_error_field(staff, 0), "slug");
    in = product_input("ok", "Categories", 1, make_category("e", "e"));
    cr_assert_eq(shop_product_create(staff, &in, &p), SHOP_INVALID);
    cr_assert_str_eq(shop_ctx_error_field(staff, 0), "slug");
    in = product_input("ok\nnot one line", "ok", 1, make_category("d", "d"));
    cr_assert_eq(shop_product_create(staff, &in, &p), SHOP_INVALID);
    cr_assert_str_eq(shop_ctx_error_field(staff, 0), "name");
    in = product_input("ok", "ok", 1, 999);
    cr_assert_eq(shop_product_create(staff, &in, &p), SHOP_INVALID);
    cr_assert_str_eq(shop_ctx_error_field(staff, 0), "category_id");
}

Test(catalog, a_slug_names_one_product_only)
{
    int64_t category = make_category("c", "c");
    make_product("one", "one", 1, category);
    make_product("two", "two", 1, category);
    shop_product_input in = product_input("three", "ONE", 1, category);
    const shop_product *p;
    cr_assert_eq(shop_product_create(staff, &in, &p), SHOP_INVALID);
    cr_assert_str_eq(shop_ctx_error_field(staff, 0), "slug");
    shop_product_input_init(&in);
    in.slug = "one";
    cr_assert_eq(shop_product_update(staff, "two", &in, 0, &p), SHOP_INVALID);
    cr_assert_eq(shop_product_update(staff, "one", &in, 0, &p), SHOP_OK, "its own slug is no conflict");
}

Test(catalog, a_partial_update_keeps_what_is_not_given_and_a_replacement_needs_everything)
{
    int64_t category = make_category("c", "c");
    make_product("one", "one", 100, category);
    shop_product_input in = SHOP_PRODUCT_INPUT_INIT;
    in.price = 250;
    in.is_active = 0;
    const shop_product *p;
    cr_assert_eq(shop_product_update(staff, "one", &in, 0, &p), SHOP_OK);
    cr_assert_eq(shop_product_price(p), 250);
    cr_assert_str_eq(shop_product_name(p), "one");
    cr_assert_eq(shop_product_is_active(p), 0);
    cr_assert_eq(shop_product_update(staff, "one", &in, 1, &p), SHOP_INVALID);
    in = product_input("uno", "uno", 300, category);
    cr_assert_eq(shop_product_update(staff, "one", &in, 1, &p), SHOP_OK);
    cr_assert_eq(shop_product_is_active(p), 1, "left out of a replacement: the default");
    cr_assert_eq(shop_product_get(public_, "one", &p), SHOP_NOT_FOUND);
}

Test(catalog, the_public_never_sees_an_inactive_product)
{
    int64_t category = make_category("c", "c");
    make_product("hidden", "hidden", 1, category);
    shop_image_input image_in = SHOP_IMAGE_INPUT_INIT;
    image_in.image_url = "/media/x.svg";
    const shop_product *p;
    cr_assert_eq(shop_image_add(staff, "hidden", &image_in, &p), SHOP_OK);
    int64_t image_id = shop_image_id(shop_product_image(p, 0));
    shop_product_input in = SHOP_PRODUCT_INPUT_INIT;
    in.is_active = 0;
    cr_assert_eq(shop_product_update(staff, "hidden", &in, 0, &p), SHOP_OK);
    const shop_image *image;
    cr_assert_eq(shop_product_get(public_, "hidden", &p), SHOP_NOT_FOUND);
    cr_assert_eq(shop_image_get(public_, image_id, &image), SHOP_NOT_FOUND);
    cr_assert_eq(found("hidden"), 0);
    shop_category_view view = SHOP_CATEGORY_VIEW_INIT;
    const shop_category_detail *detail;
    cr_assert_eq(shop_category_get(public_, "c", &view, &detail), SHOP_OK);
    cr_assert_eq(shop_category_detail_product_count(detail), 0);
    shop_product_filter filter = SHOP_PRODUCT_FILTER_INIT;
    filter.is_active = 0;
    const shop_page *page;
    cr_assert_eq(shop_product_list(public_, &filter, &page), SHOP_FORBIDDEN);
    cr_assert_eq(shop_product_get(staff, "hidden", &p), SHOP_OK);
    cr_assert_eq(shop_image_get(staff, image_id, &image), SHOP_OK);
    cr_assert_eq(shop_product_list(staff, &filter, &page), SHOP_OK);
    cr_assert_eq(shop_page_count(page), 1);
}

Test(catalog, search_finds_by_beginnings_of_words_without_case_and_accents)
{
    int64_t category = make_category("c", "c");
    shop_product_input in = product_input("Café Søren", "a", 1, category);
    in.description = "A stoneware cup, 250-ml; dishwasher-safe.";
    const shop_product *p;
    cr_assert_eq(shop_product_create(staff, &in, &p), SHOP_OK);
    make_product("Lamp", "b", 1, category);
    cr_assert_eq(found("cafe"), 1);
    cr_assert_eq(found("CAFÉ"), 1);
    cr_assert_eq(found("soren stone"), 1);
    cr_assert_eq(found("dishwasher"), 1);
    cr_assert_eq(found("ware"), 0, "not a word's beginning");
    cr_assert_eq(found("cafe lamp"), 0, "every word must be met");
    cr_assert_eq(found("\"* AND -"), 0);
    cr_assert_eq(found("!!!"), 0, "a search without a word finds nothing");
    cr_assert_eq(found(""), 2, "no search at all");
    in = (shop_product_input)SHOP_PRODUCT_INPUT_INIT;
    in.name = "Chair";
    cr_assert_eq(shop_product_update(staff, "b", &in, 0, &p), SHOP_OK);
    cr_assert_eq(found("lamp"), 0, "the old words are gone");
    cr_assert_eq(found("chair"), 1);
}

static const shop_product *make_described(const char *name, const char *slug, const char *description, int64_t category)
{
    shop_product_input in = product_input(name, slug, 1, category);
    in.description = description;
    const shop_product *product = NULL;
    cr_assert_eq(shop_product_create(staff, &in, &product), SHOP_OK, "%s", shop_ctx_error_detail(staff));
    return product;
}

/* The slugs of a search, one letter each, page after page: by number, or by cursor there and back again. */
static void expect_found(const char *search, const char *ordering, const char *slugs)
{
    char by_number[32] = "";
    char by_cursor[32] = "";
    char back[32] = "";
    char cursor[512] = "";
    shop_product_filter filter = SHOP_PRODUCT_FILTER_INIT;
    const shop_page *page;
    filter.search = search;
    filter.ordering = ordering;
    filter.page_size = 2;
    for (filter.page = 1; filter.page == 1 || shop_page_has_next(page); filter.page++) {
        cr_assert_eq(shop_product_list(public_, &filter, &page), SHOP_OK, "%s", shop_ctx_error_detail(public_));
        for (size_t i = 0; i < shop_page_count(page); i++)
            strncat(by_number, shop_product_slug(shop_product_at(page, i)), 1);
    }
    filter.page = SHOP_UNSET;
    filter.cursor = cursor;
    do {
        cr_assert_eq(shop_product_list(public_, &filter, &page), SHOP_OK, "%s", shop_ctx_error_detail(public_));
        for (size_t i = 0; i < shop_page_count(page); i++)
            strncat(by_cursor, shop_product_slug(shop_product_at(page, i)), 1);
        if (shop_page_has_next(page))
            (void)snprintf(cursor, sizeof cursor, "%s", shop_page_next_cursor(page));
    } while (shop_page_has_next(page));
    while (shop_page_has_previous(page)) {
        (void)snprintf(cursor, sizeof cursor, "%s", shop_page_previous_cursor(page));
        cr_assert_eq(shop_product_list(public_, &filter, &page), SHOP_OK, "%s", shop_ctx_error_detail(public_));
        for (size_t i = shop_page_count(page); i > 0; i--)
            strncat(back, shop_product_slug(shop_product_at(page, i - 1)), 1);
    }
    size_t on_last = strlen(slugs) ? (strlen(slugs) - 1) % 2 + 1 : 0; /* the last page, from where it went back */
    cr_expect_str_eq(by_number, slugs, "%s by number: %s instead of %s", search, by_number, slugs);
    cr_expect_str_eq(by_cursor, slugs, "%s by cursor: %s instead of %s", search, by_cursor, slugs);
    cr_expect_eq(strlen(back), strlen(slugs) - on_last, "%s: %s on the way back", search, back);
    for (size_t i = 0; i < strlen(back); i++)
        cr_expect_eq(back[i], slugs[strlen(back) - 1 - i], "%s: %s on the way back", search, back);
}

Test(catalog, a_search_finds_the_best_first)
{
    int64_t category = make_category("c", "c");
    static const char *const made[][3] = {
        {"Lamp", "a", "For those who wear headphones."},      {"Headphones", "b", "Closed."},
        {"Stand", "c", "Holds a Headphone and other things"}, {"Headphonestand", "d", "Of oak."},
        {"HÉADPHONES, second edition", "e", "Open"},          {"Case", "f", "For wireless headphones"},
        {"Wireless headphones", "g", "Without a wire"},       {"Wireless charger", "h", "For phones, not headphones"},
    };
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        test_clock_advance(1000);
        make_described(made[i][0], made[i][1], made[i][2], category);
    }
    /* A word of the name, the beginning of one, a word of the description; newest first. */
    expect_found("headphones", NULL, "gebdhfa");
    expect_found("headphone", NULL, "gedbhfca");
    expect_found("Wireless HEADPHONES", NULL, "ghf");
    expect_found("headphones", "created_at", "abdefgh");
    expect_found("wire", "-name", "ghf");
}

/* As a version that knew no words of names leaves its products. */
static shop_status forget_name_words(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    (void)cx;
    (void)args;
    (void)answer;
    shop_batch_update(b, TABLE_PRODUCT, SHOP_EXPECT_ANY);
    shop_set_null(b, PRODUCT_NAME_WORDS);
    shop_guard_int(b, PRODUCT_ID, SHOP_PRED_GT, 0);
    return SHOP_OK;
}

Test(catalog, products_of_an_older_version_are_ranked_after_the_next_jobs)
{
    int64_t category = make_category("c", "c");
    int64_t done = 0;
    make_described("Apple", "a", "", category);
    test_clock_advance(1000);
    const shop_product *b = make_described("Basket", "b", "for an apple", category);
    int64_t updated_at = shop_product_updated_at(b);
    cr_assert_eq(shop_change_step(staff, forget_name_words, NULL), SHOP_OK);
    expect_found("apple", NULL, "ba");
    test_clock_advance(1000);
    cr_assert_eq(shop_jobs_run(staff, &done), SHOP_OK);
    cr_expect_eq(done, 2);
    expect_found("apple", NULL, "ab");
    cr_assert_eq(shop_product_get(public_, "b", &b), SHOP_OK);
    cr_expect_eq(shop_product_updated_at(b), updated_at, "nothing that anybody sees has changed");
    cr_assert_eq(shop_jobs_run(staff, &done), SHOP_OK);
    cr_expect_eq(done, 0);
}

/* ------------------------------------------------------------------------------------------------ typing errors */

/* Only one backend knows words that are spelled alike. */
static int corrects(void)
{
    const char *database = getenv("SHOP_TEST_DATABASE");
    return database && strncmp(database, "postgres", 8) == 0;
}

static void expect_meant(const char *search, const char *slugs)
{
    expect_found(search, NULL, corrects() ? slugs : "");
}

static void make_things(int64_t category)
{
    static const char *const made[][2] = {
        {"Mechanical keyboard", "a"}, {"Black shirt", "b"},      {"Keyboard, black", "c"}, {"Shirt of linen", "d"},
        {"Keyboard tray", "e"},       {"Smørrebrød board", "f"}, {"Cup 2000", "g"},
    };
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        test_clock_advance(1000);
        make_product(made[i][0], made[i][1], (int64_t)i + 1, category);
    }
}

Test(catalog, a_search_with_typing_errors_finds_what_the_nearest_words_find)
{
    make_things(make_category("c", "c"));
    expect_meant("keybaord", "eca"); /* changed places */
    expect_meant("keybord", "eca"); /* missing */
    expect_meant("keyboaard", "eca"); /* too many */
    expect_meant("kezboard", "eca"); /* wrong */
    expect_meant("KEYBAORDS", "eca"); /* two */
    expect_meant("kehboarf", "eca");
    expect_meant("shrit", "db");
    expect_meant("hsirt", "db");
    expect_meant("blak", "cb");
    expect_meant("blak shirt", "b");
    expect_meant("sh blak", "b");
    expect_meant("balck keybord", "c");
    expect_meant("blakc black", "cb");
    expect_meant("smorrebrodd", "f");
    expect_found("keyboard", NULL, "eca");
}

Test(catalog, what_is_found_as_typed_is_never_displaced)
{
    int64_t category = make_category("c", "c");
    make_things(category);
    make_product("Blakü", "x", 99, category);
    expect_found("blak", NULL, "x");
    expect_found("tray shirt", NULL, ""); /* each word is somebody's */
    expect_found("blak shirt", NULL, "");
}

Test(catalog, what_is_too_short_too_different_or_a_number_is_not_corrected)
{
    int64_t category = make_category("c", "c");
    make_things(category);
    make_product("Black keyboard, linen shirt, cup, mug, pot, pan, bed", "h", 1, category);
    expect_found("cpu", NULL, "");
    expect_found("cvp", NULL, "");
    expect_found("2001", NULL, "");
    expect_found("keyb0ard", NULL, "");
    expect_found("shrits", NULL, ""); /* two errors in six letters */
    expect_found("keyvaordz", NULL, ""); /* three */
    expect_found("zither", NULL, "");
    expect_found("keybaord zither", NULL, "");
    expect_found("keybaord mgu", NULL, "");
    expect_found("keybaord shrit balck lnien", NULL, ""); /* more wrong words than are corrected */
    expect_meant("keybaord shrit balck linen cup mug pot pan", "h");
    expect_found("keybaord shirt black linen cup mug pot pan bed", NULL, ""); /* more words */
}

/* How many the filter finds by number, and how many by cursor. */
static void expect_filtered(shop_ctx *cx, shop_product_filter filter, int64_t count, const char *what)
{
    const shop_page *page;
    cr_assert_eq(shop_product_list(cx, &filter, &page), SHOP_OK, "%s: %s", what, shop_ctx_error_detail(cx));
    cr_expect_eq(shop_page_total(page), count, "%s: %d", what, (int)shop_page_total(page));
    filter.cursor = "";
    cr_assert_eq(shop_product_list(cx, &filter, &page), SHOP_OK, "%s: %s", what, shop_ctx_error_detail(cx));
    cr_expect_eq((int64_t)shop_page_count(page), count, "%s: %d by cursor", what, (int)shop_page_count(page));
}

Test(catalog, a_corrected_search_keeps_its_filters)
{
    int64_t category = make_category("c", "c");
    int64_t other = make_category("d", "d");
    make_things(category);
    make_product("Keyboard", "h", 1, other);
    shop_product_filter filter = SHOP_PRODUCT_FILTER_INIT;
    filter.search = "keybaord";
    filter.category = category;
    expect_filtered(public_, filter, corrects() ? 3 : 0, "category");
    filter.category = SHOP_UNSET;
    filter.category__slug = "d";
    expect_filtered(public_, filter, corrects() ? 1 : 0, "category__slug");
    filter.category__slug = NULL;
    filter.price_min = 3;
    expect_filtered(public_, filter, corrects() ? 2 : 0, "price_min");
    filter.in_stock = 0;
    expect_filtered(public_, filter, 0, "in_stock");
    filter = (shop_product_filter)SHOP_PRODUCT_FILTER_INIT;
    filter.search = "keyboard";
    filter.price_min = 1000;
    expect_filtered(public_, filter, 0, "a right word that the filter leaves nothing of");
    expect_found("keybaord", "price", corrects() ? "ahce" : "");
}

Test(catalog, words_that_the_actor_cannot_find_are_not_meant)
{
    int64_t category = make_category("c", "c");
    make_things(category);
    shop_product_input in = product_input("Blank", "h", 1, category);
    in.is_active = 0;
    const shop_product *p;
    static const char *const hidden[] = {"h", "i", "j"};
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++) {
        in.slug = hidden[i];
        cr_assert_eq(shop_product_create(staff, &in, &p), SHOP_OK);
    }
    make_product("Keyboarg, keyboarg", "k", 1, category);
    cr_assert_eq(shop_product_delete(staff, "k"), SHOP_OK);
    expect_meant("keyboarh", "eca");
    expect_meant("blanj", "");
    expect_meant("blanck", "cb"); /* "blank" is hidden, though there is more of it */
    shop_product_filter filter = SHOP_PRODUCT_FILTER_INIT;
    filter.search = "blanj";
    expect_filtered(staff, filter, corrects() ? 3 : 0, "staff");
    in = (shop_product_input)SHOP_PRODUCT_INPUT_INIT;
    in.name = "Zither";
    cr_assert_eq(shop_product_update(staff, "g", &in, 0, &p), SHOP_OK);
    expect_meant("zitehr", "g"); /* what a change brought is known */
}

Test(catalog, the_pages_of_a_corrected_search_stay_so)
{
    int64_t category = make_category("c", "c");
    make_things(category);
    if (!corrects())
        return;
    shop_product_filter filter = SHOP_PRODUCT_FILTER_INIT;
    const shop_page *page;
    char cursor[512];
    filter.search = "keybaord";
    filter.page_size = 2;
    filter.cursor = "";
    cr_assert_eq(shop_product_list(public_, &filter, &page), SHOP_OK);
    (void)snprintf(cursor, sizeof cursor, "%s", shop_page_next_cursor(page));
    make_product("Keybaord", "z", 1, category);
    filter.cursor = cursor;
    cr_assert_eq(shop_product_list(public_, &filter, &page), SHOP_OK, "%s", shop_ctx_error_detail(public_));
    cr_assert_eq(shop_page_count(page), 1);
    cr_expect_str_eq(shop_product_slug(shop_product_at(page, 0)), "a");
    expect_found("keybaord", NULL, "z");
    filter.search = NULL;
    cr_expect_eq(shop_product_list(public_, &filter, &page), SHOP_INVALID, "a cursor of another list");
    filter = (shop_product_filter)SHOP_PRODUCT_FILTER_INIT;
    filter.search = "keybord";
    filter.page = 2;
    cr_expect_eq(shop_product_list(public_, &filter, &page), SHOP_NOT_FOUND);
    cr_expect_str_eq(shop_ctx_error_code(public_), "page_not_found");
}

static void expect_order(const char *ordering, const char *slugs)
{
    shop_product_filter filter = SHOP_PRODUCT_FILTER_INIT;
    filter.ordering = ordering;
    const shop_page *page;
    char got[64] = "";
    cr_assert_eq(shop_product_list(public_, &filter, &page), SHOP_OK);
    for (size_t i = 0; i < shop_page_count(page); i++)
        strncat(got, shop_product_slug(shop_product_at(page, i)), sizeof got - strlen(got) - 1);
    cr_assert_str_eq(got, slugs, "%s", ordering ? ordering : "(default)");
}

Test(catalog, lists_are_ordered_and_filtered_as_asked)
{
    int64_t category = make_category("c", "c");
    int64_t other = make_category("o", "o");
    make_product("B", "b", 300, category);
    test_clock_advance(1000000);
    make_product("C", "c", 100, other);
    test_clock_advance(1000000);
    make_product("A", "a", 200, category);
    expect_order(NULL, "acb");
    expect_order("created_at", "bca");
    expect_order("price", "cab");
    expect_order("-price", "bac");
    expect_order("name", "abc");
    expect_order("-name", "cba");
    shop_product_filter filter = SHOP_PRODUCT_FILTER_INIT;
    const shop_page *page;
    filter.price_min = 100;
    filter.price_max = 200;
    cr_assert_eq(shop_product_list(public_, &filter, &page), SHOP_OK);
    cr_assert_eq(shop_page_total(page), 2);
    filter.category = category;
    cr_assert_eq(shop_product_list(public_, &filter, &page), SHOP_OK);
    cr_assert_eq(shop_page_total(page), 1);
    shop_product_filter_init(&filter);
    filter.category__slug = "o";
    cr_assert_eq(shop_product_list(public_, &filter, &page), SHOP_OK);
    cr_assert_str_eq(shop_product_slug(shop_product_at(page, 0)), "c");
    filter.category__slug = "No Such";
    cr_assert_eq(shop_product_list(public_, &filter, &page), SHOP_OK);
    cr_assert_eq(shop_page_total(page), 0);
    shop_product_filter_init(&filter);
    filter.in_stock = 0;
    cr_assert_eq(shop_product_list(public_, &filter, &page), SHOP_OK);
    cr_assert_eq(shop_page_total(page), 0);
    filter.ordering = "stock";
    cr_assert_eq(shop_product_list(public_, &filter, &page), SHOP_INVALID);
    cr_assert_str_eq(shop_ctx_error_field(public_, 0), "ordering");
}

Test(catalog, pages_by_number_say_what_is_before_and_behind_and_end)
{
    int64_t category = make_category("c", "c");
    for (int i = 0; i < 5; i++) {
        char slug[16];
        snprintf(slug, sizeof slug, "p%d", i);
        make_product(slug, slug, 1, category);
    }
    shop_product_filter filter = SHOP_PRODUCT_FILTER_INIT;
    filter.page_size = 2;
    filter.ordering = "name";
    const shop_page *page;
    cr_assert_eq(shop_product_list(public_, &filter, &page), SHOP_OK);
    cr_assert(shop_page_has_next(page) && !shop_page_has_previous(page));
    filter.page = 3;
    cr_assert_eq(shop_product_list(public_, &filter, &page), SHOP_OK);
    cr_assert(!shop_page_has_next(page) && shop_page_has_previous(page));
    cr_assert_eq(shop_page_count(page), 1);
    cr_assert_eq(shop_page_total(page), 5);
    filter.page = 4;
    cr_assert_eq(shop_product_list(public_, &filter, &page), SHOP_NOT_FOUND);
    filter.page = INT64_MAX;
    cr_assert_eq(shop_product_list(public_, &filter, &page), SHOP_NOT_FOUND);
    filter.page = 0;
    cr_assert_eq(shop_product_list(public_, &filter, &page), SHOP_INVALID);
    filter.page = 1;
    filter.page_size = 101;
    cr_assert_eq(shop_product_list(public_, &filter, &page), SHOP_INVALID);
    cr_assert_str_eq(shop_ctx_error_field(public_, 0), "page_size");
}

Test(catalog, cursors_walk_through_everything_once_in_both_directions)
{
    int64_t category = make_category("c", "c");
    for (int i = 0; i < 7; i++) {
        char slug[16];
        snprintf(slug, sizeof slug, "p%d", i);
        make_product("same name", slug, i / 3, category); /* equal prices: the id decides */
    }
    shop_product_filter filter = SHOP_PRODUCT_FILTER_INIT;
    filter.page_size = 3;
    filter.ordering = "-price";
    filter.cursor = "";
    char walk[64] = "";
    const shop_page *page;
    const char *last_previous = NULL;
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(shop_product_list(public_, &filter, &page), SHOP_OK, "%s", shop_ctx_error_detail(public_));
        cr_assert_eq(shop_page_total(page), -1);
        for (size_t k = 0; k < shop_page_count(page); k++)
            strncat(walk, shop_product_slug(shop_product_at(page, k)), sizeof walk - strlen(walk) - 1);
        cr_assert_eq(shop_page_has_next(page), i < 2);
        cr_assert_eq(shop_page_has_previous(page), i > 0);
        last_previous = shop_page_previous_cursor(page);
        filter.cursor = shop_page_next_cursor(page);
    }
    cr_assert_str_eq(walk, "p6p5p4p3p2p1p0");
    filter.cursor = last_previous;
    cr_assert_eq(shop_product_list(public_, &filter, &page), SHOP_OK);
    cr_assert_str_eq(shop_product_slug(shop_product_at(page, 0)), "p3");
    cr_assert_str_eq(shop_product_slug(shop_product_at(page, 2)), "p1");
    cr_assert(shop_page_has_next(page));
    filter.ordering = "price";
    cr_assert_eq(shop_product_list(public_, &filter, &page), SHOP_INVALID, "a cursor belongs to its order");
    filter.cursor = "%%%";
    cr_assert_eq(shop_product_list(public_, &filter, &page), SHOP_INVALID);
    cr_assert_str_eq(shop_ctx_error_field(public_, 0), "cursor");
}

static int primaries(const shop_product *p)
{
    int count = 0;
    for (size_t i = 0; i < shop_product_image_count(p); i++)
        count += shop_image_is_primary(shop_product_image(p, i));
    return count;
}

Test(catalog, a_product_has_at_most_one_primary_image)
{
    make_product("one", "one", 1, make_category("c", "c"));
    shop_image_input in = SHOP_IMAGE_INPUT_INIT;
    in.image_url = "/media/1.svg";
    const shop_product *p;
    cr_assert_eq(shop_image_add(staff, "one", &in, &p), SHOP_OK);
    cr_assert_eq(primaries(p), 1, "the first becomes it by itself");
    in.image_url = "https://example.com/2.png";
    in.is_primary = 1;
    cr_assert_eq(shop_image_add(staff, "one", &in, &p), SHOP_OK);
    cr_assert_eq(primaries(p), 1);
    cr_assert_eq(shop_image_is_primary(shop_product_image(p, 1)), 1);
    int64_t first = shop_image_id(shop_product_image(p, 0));
    int64_t second = shop_image_id(shop_product_image(p, 1));
    shop_image_input_init(&in);
    in.is_primary = 1;
    const shop_image *image;
    cr_assert_eq(shop_image_update(staff, first, &in, 0, &image), SHOP_OK);
    cr_assert_eq(shop_image_is_primary(image), 1);
    cr_assert_eq(shop_product_get(public_, "one", &p), SHOP_OK);
    cr_assert_eq(primaries(p), 1);
    cr_assert_eq(shop_image_delete(staff, first), SHOP_OK);
    cr_assert_eq(shop_product_get(public_, "one", &p), SHOP_OK);
    cr_assert_eq(shop_product_image_count(p), 1);
    cr_assert_eq(shop_image_id(shop_product_image(p, 0)), second);
    cr_assert_eq(primaries(p), 1, "the oldest of the rest takes its place");
    shop_image_input_init(&in);
    in.image_url = "javascript:alert(1)";
    cr_assert_eq(shop_image_add(staff, "one", &in, &p), SHOP_INVALID);
    cr_assert_str_eq(shop_ctx_error_field(staff, 0), "image_url");
}

Test(catalog, a_category_in_use_cannot_be_deleted)
{
    make_product("one", "one", 1, make_category("c", "c"));
    cr_assert_eq(shop_category_delete(staff, "c"), SHOP_CONFLICT);
    cr_assert_str_eq(shop_ctx_error_code(staff), "category_in_use");
    cr_assert_eq(shop_product_delete(staff, "one"), SHOP_OK);
    cr_assert_eq(shop_category_delete(staff, "c"), SHOP_OK);
    cr_assert_eq(shop_category_delete(staff, "c"), SHOP_NOT_FOUND);
}

Test(catalog, category_names_and_slugs_are_unique)
{
    make_category("Cups", "cups");
    shop_category_input in = SHOP_CATEGORY_INPUT_INIT;
    in.name = "Cups";
    in.slug = "other";
    const shop_category *c;
    cr_assert_eq(shop_category_create(staff, &in, &c), SHOP_INVALID);
    cr_assert_str_eq(shop_ctx_error_field(staff, 0), "name");
    in.name = "Other";
    in.slug = "CUPS";
    cr_assert_eq(shop_category_create(staff, &in, &c), SHOP_INVALID);
    cr_assert_str_eq(shop_ctx_error_field(staff, 0), "slug");
}

static void etag_of(const shop_product *p, char etag[SHOP_ETAG_SIZE])
{
    const char *json;
    size_t length;
    cr_assert_eq(shop_to_json(staff, shop_type_find("product"), p, &json, &length), SHOP_OK);
    shop_etag(json, length, etag);
}

Test(catalog, if_match_lets_only_the_version_that_was_read_be_changed)
{
    char etag[SHOP_ETAG_SIZE];
    etag_of(make_product("one", "one", 1, make_category("c", "c")), etag);
    shop_product_input in = SHOP_PRODUCT_INPUT_INIT;
    in.price = 2;
    const shop_product *p;
    shop_ctx_set_if_match(staff, etag);
    cr_assert_eq(shop_product_update(staff, "one", &in, 0, &p), SHOP_OK);
    in.price = 3;
    shop_ctx_set_if_match(staff, etag);
    cr_assert_eq(shop_product_update(staff, "one", &in, 0, &p), SHOP_PRECONDITION);
    shop_ctx_set_if_match(staff, etag);
    cr_assert_eq(shop_product_delete(staff, "one"), SHOP_PRECONDITION);
    shop_ctx_set_if_match(staff, "*");
    cr_assert_eq(shop_product_update(staff, "one", &in, 0, &p), SHOP_OK);
}
