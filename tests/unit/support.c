/* SPDX-License-Identifier: MIT */
/* What the tests of domains share. Plain C: race programs use it too. */
#include "support.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef SHOP_POSTGRES
#include "../postgres/place.h"
#endif

static _Atomic int64_t now = TEST_TIME;

#define FOLDERS_MAX 64
#define FOLDER_SIZE 32
#define URL_SIZE 512
static char folders[FOLDERS_MAX][FOLDER_SIZE]; /* each holds one database */
static int folder_count;
static char schemas[FOLDERS_MAX][URL_SIZE]; /* each is the URL of one */
static int schema_count;
static int open_shops;

static void die(const char *what, const char *why)
{
    fprintf(stderr, "test support: %s: %s\n", what, why);
    abort();
}

static int64_t test_clock(void *user)
{
    (void)user;
    return atomic_load(&now);
}

void test_clock_set(int64_t microseconds)
{
    atomic_store(&now, microseconds);
}

void test_clock_advance(int64_t microseconds)
{
    atomic_fetch_add(&now, microseconds);
}

static void log_errors(void *user, int32_t level, const char *message)
{
    (void)user;
    if (level <= SHOP_LOG_ERROR && getenv("SHOP_TEST_VERBOSE"))
        fprintf(stderr, "log: %s\n", message);
}

static void remove_folders(void)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (; folder_count > 0; folder_count--) {
        const char *folder = folders[folder_count - 1];
        for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
            char path[FOLDER_SIZE + 16];
            (void)snprintf(path, sizeof path, "%s/shop.db%s", folder, suffixes[i]);
            (void)unlink(path);
        }
        (void)rmdir(folder);
    }
}

/* Places in a database that the test was given. */
#ifdef SHOP_POSTGRES
static void remove_schemas(void)
{
    while (schema_count > 0)
        postgres_place_drop(schemas[--schema_count]);
}

static const char *fresh_schema(const char *database)
{
    if (schema_count == FOLDERS_MAX)
        die("a test", "opens too many databases");
    if (schema_count == 0)
        (void)atexit(remove_schemas);
    char *url = schemas[schema_count++];
    postgres_place_make(database, url, URL_SIZE);
    return url;
}
#else
static void remove_schemas(void)
{
}

static const char *fresh_schema(const char *database)
{
    die("not built in", database);
    return NULL;
}
#endif

const char *test_fresh_place(const char *wanted)
{
    static char databases[FOLDERS_MAX][FOLDER_SIZE + 16];
    if (!wanted || strcmp(wanted, "memory:") == 0)
        return "memory:";
    if (strncmp(wanted, "postgres", strlen("postgres")) == 0)
        return fresh_schema(wanted);
    if (strcmp(wanted, "sqlite:") != 0)
        die("SHOP_TEST_DATABASE", wanted);
    if (folder_count == FOLDERS_MAX)
        die("a test", "opens too many databases");
    char *folder = folders[folder_count];
    (void)snprintf(folder, FOLDER_SIZE, "/tmp/shop-test-XXXXXX");
    if (!mkdtemp(folder))
        die("mkdtemp", folder);
    if (folder_count == 0)
        (void)atexit(remove_folders);
    char *database = databases[folder_count++];
    (void)snprintf(database, sizeof databases[0], "sqlite:%s/shop.db", folder);
    return database;
}

void test_options(shop_options *options)
{
    shop_options_init(options);
    options->database = test_fresh_place(getenv("SHOP_TEST_DATABASE"));
    options->secret_key = TEST_SECRET;
    options->password_memory_kib = 8;
    options->password_passes = 1;
    options->password_threads = 4;
    options->clock = test_clock;
    options->log = log_errors;
}

shop *test_shop_open_with(const shop_options *options)
{
    shop *s = NULL;
    if (shop_open(options, &s) != SHOP_OK)
        die("shop_open", shop_open_error());
    open_shops++;
    return s;
}

shop *test_shop_open(void)
{
    shop_options options;
    test_options(&options);
    return test_shop_open_with(&options);
}

void test_shop_close(shop *s)
{
    shop_close(s);
    if (--open_shops == 0) {
        remove_folders();
        remove_schemas();
    }
}

shop_ctx *test_ctx(shop *s, int64_t actor)
{
    shop_ctx *cx = shop_ctx_new(s);
    if (!cx)
        die("shop_ctx_new", "no memory");
    shop_ctx_set_actor(cx, actor);
    return cx;
}

static int64_t register_user(shop_ctx *cx, const char *email)
{
    shop_register_input in = SHOP_REGISTER_INPUT_INIT;
    in.email = email;
    in.first_name = "Test";
    in.last_name = "Person";
    in.password = TEST_PASSWORD;
    in.password2 = TEST_PASSWORD;
    const shop_session *session;
    if (shop_account_register(cx, &in, &session) != SHOP_OK)
        die(email, shop_ctx_error_detail(cx));
    return shop_user_id(shop_session_user(session));
}

int64_t test_product(shop *s, int64_t stock)
{
    shop_ctx *cx = test_ctx(s, SHOP_ACTOR_SYSTEM);
    const shop_category *category;
    const shop_product *product;
    shop_category_input shelf = SHOP_CATEGORY_INPUT_INIT;
    shelf.name = shelf.slug = "things";
    if (shop_category_create(cx, &shelf, &category) != SHOP_OK)
        die("things", shop_ctx_error_detail(cx));
    shop_product_input in = SHOP_PRODUCT_INPUT_INIT;
    in.name = in.slug = "lamp";
    in.description = "Sheds light.";
    in.price = 1000;
    in.stock_quantity = stock;
    in.category_id = shop_category_id(category);
    if (shop_product_create(cx, &in, &product) != SHOP_OK)
        die("lamp", shop_ctx_error_detail(cx));
    int64_t id = shop_product_id(product);
    shop_ctx_free(cx);
    return id;
}

int64_t test_user(shop *s, const char *email, int staff)
{
    shop_ctx *cx = test_ctx(s, SHOP_ACTOR_SYSTEM);
    const shop_user *user;
    int64_t id;
    if (!staff) {
        id = register_user(cx, email);
    } else {
        if (shop_account_create_admin(cx, email, TEST_PASSWORD, &user) != SHOP_OK)
            die(email, shop_ctx_error_detail(cx));
        id = shop_user_id(user);
    }
    shop_ctx_free(cx);
    return id;
}
