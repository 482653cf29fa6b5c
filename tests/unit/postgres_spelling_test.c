/* SPDX-License-Identifier: MIT */
/* Words that are spelled alike in PostgreSQL: when they are told, how what they need gets there, and that a shop does without. */
#include <criterion/criterion.h>

#include <pthread.h>

#include "../../libshop/storage/postgres/postgres.h"
#define TINY_STORAGE shop_storage_postgresql()
#include "../postgres/place.h"
#include "sqlite_support.h"
#include "support.h"

static char place[512];

static void make_place(void)
{
    postgres_place_make(postgres_place_database(), place, sizeof place);
}

static void drop_place(void)
{
    postgres_place_drop(place);
}

static void *open_as(const char *url, const shop_schema *schema, uint32_t flags)
{
    const shop_storage_host host = {.struct_size = sizeof host, .flags = flags};
    shop_fault fault;
    void *self = tiny_open_as(url, schema, &host, &fault);
    cr_assert(self != NULL, "open: %s", fault.detail);
    return self;
}

/* The words that are told to be near, with a space after each. */
static const char *near(void *self, const char *word)
{
    static char told[4000];
    shop_arena *arena = shop_arena_new();
    const shop_storage_call call = {.struct_size = sizeof call, .alloc = shop_arena_alloc_for_storage, .arena = arena};
    const shop_value values[] = {shop_value_text(word), shop_value_text("no-word-at-all")};
    shop_rows rows[2];
    shop_fault fault;
    cr_assert_eq(TINY_STORAGE->nearest(self, &call, THING, THING_WORDS, values, 2, rows, &fault), SHOP_STORAGE_OK, "%s: %s",
                 word, fault.detail);
    size_t used = 0;
    told[0] = '\0';
    for (uint32_t i = 0; i < rows[0].count; i++) {
        used += (size_t)snprintf(told + used, sizeof told - used, "%s ", rows[0].values[i].data);
        cr_assert_lt(used, sizeof told);
    }
    cr_expect_eq(rows[1].count, 0);
    shop_arena_free(arena);
    return told;
}

static void expect_near(void *self, const char *word, const char *words)
{
    cr_expect_str_eq(near(self, word), words, "%s: \"%s\" instead of \"%s\"", word, near(self, word), words);
}

static void add(void *self, int64_t id, const char *words)
{
    cr_assert_eq(tiny_add(self, id, 0, words), SHOP_STORAGE_OK);
}

TestSuite(postgres_spelling, .init = make_place, .fini = drop_place, .timeout = 120);

Test(postgres_spelling, words_are_told_the_most_alike_first)
{
    void *self = open_as(place, &tiny_schema, 0);
    add(self, 1, "keyboard keyboards key board key2board");
    add(self, 2, "keyboard o'neil back\\slash \xc3\xa4pfelchen xx");
    expect_near(self, "keybaord", "keyboard keyboards ");
    expect_near(self, "keyboardz", "keyboard keyboards ");
    expect_near(self, "o'neill", "o'neil ");
    expect_near(self, "back\\slahs", "back\\slash ");
    expect_near(self, "\xc3\xa4pfelhcen", "\xc3\xa4pfelchen ");
    expect_near(self, "zzzzzz", "");
    cr_expect_eq(postgres_place_run(place, "SELECT count(*) FROM shop_word WHERE word = 'keyboard'"), 1);
    cr_expect_eq(postgres_place_run(place, "UPDATE thing SET words = 'zither' WHERE id = 2; SELECT count(*) FROM thing"), 2);
    expect_near(self, "zihter", "zither ");
    tiny_close(self);
}

/* ------------------------------------------------------------------------------------------------ getting there */

/* As a version that knew nothing of it leaves a shop. */
#define FORGET                                                                                                                 \
    "DROP FUNCTION IF EXISTS shop_near; DROP FUNCTION IF EXISTS shop_learn CASCADE; DROP TABLE IF EXISTS shop_word;"           \
    " DELETE FROM shop_meta WHERE key = 'spelling'"

Test(postgres_spelling, a_shop_of_a_version_before_gets_its_words_while_it_is_in_use)
{
    void *old = open_as(place, &tiny_schema, 0);
    (void)postgres_place_run(place, FORGET);
    add(old, 1, "keyboard");
    void *self = open_as(place, &tiny_schema, SHOP_STORAGE_READ_ONLY);
    expect_near(self, "keybaord", ""); /* one that only reads makes nothing */
    tiny_close(self);
    self = open_as(place, &tiny_schema, 0);
    expect_near(self, "keybaord", "keyboard ");
    add(old, 2, "shirt"); /* by the version before */
    expect_near(self, "shitr", "shirt ");
    tiny_close(self);
    self = open_as(place, &tiny_schema, SHOP_STORAGE_READ_ONLY);
    expect_near(self, "keybaord", "keyboard ");
    tiny_close(self);
    tiny_close(old);
}

Test(postgres_spelling, words_of_an_index_that_comes_later_are_there_too)
{
    void *self = open_as(place, &tiny_schema_old, 0);
    add(self, 1, "keyboard");
    tiny_close(self);
    self = open_as(place, &tiny_schema, 0);
    expect_near(self, "keybaord", "keyboard ");
    tiny_close(self);
}

Test(postgres_spelling, a_filling_that_was_interrupted_is_done_again)
{
    void *self = open_as(place, &tiny_schema, 0);
    add(self, 1, "keyboard shirt");
    tiny_close(self);
    (void)postgres_place_run(place, "DELETE FROM shop_word WHERE word = 'shirt'; DELETE FROM shop_meta WHERE key = 'spelling'");
    self = open_as(place, &tiny_schema, 0);
    expect_near(self, "keybaord", "keyboard ");
    expect_near(self, "shitr", "shirt ");
    cr_expect_eq(postgres_place_run(place, "SELECT count(*) FROM shop_word"), 2);
    tiny_close(self);
}

Test(postgres_spelling, who_may_change_a_product_needs_no_right_on_the_words)
{
    char sql[400];
    const char *schema = postgres_place_schema(place);
    tiny_close(open_as(place, &tiny_schema, 0));
    snprintf(
        sql, sizeof sql,
        "GRANT USAGE ON SCHEMA %s TO locked; GRANT SELECT, INSERT, UPDATE, DELETE ON thing, owner, shop_meta, shop_sequence"
        " TO locked; SET ROLE locked; INSERT INTO thing (id, name, words) VALUES (1, 'a', 'keyboard')",
        schema);
    (void)postgres_place_run(place, sql);
    void *self = open_as(place, &tiny_schema, 0);
    expect_near(self, "keybaord", "keyboard ");
    tiny_close(self);
}

Test(postgres_spelling, learning_looks_words_up_however_few_there_were_at_first)
{
    void *self = open_as(place, &tiny_schema, 0);
    add(self, 2001, "keyboard");
    tiny_close(self);
    (void)postgres_place_run(place, "ANALYZE shop_word; SELECT 1");
    const char *sql =
        "INSERT INTO thing (id, name, words) SELECT i, 'thing ' || i, 'word' || translate(i::text, '0123456789', 'abcdefghij')"
        " FROM generate_series(1, 2000) i;"
        " SELECT seq_scan + (SELECT count(*) - 2001 FROM shop_word) FROM pg_stat_xact_user_tables"
        " WHERE relid = 'shop_word'::regclass";
    cr_expect_eq(postgres_place_run(place, sql), 0, "all words were read for each");
}

/* ------------------------------------------------------------------------------------------------ a database of its own */

static char theirs[600]; /* the URL that leads there */

static void name_database(const char *user)
{
    const char *host = strstr(postgres_place_database(), "?host=");
    cr_assert(host != NULL);
    snprintf(theirs, sizeof theirs, "postgresql://%s@/%s%s", user, postgres_place_schema(place), host);
}

static void on_database(const char *before, const char *after)
{
    char sql[200];
    snprintf(sql, sizeof sql, "%s %s %s", before, postgres_place_schema(place), after);
    (void)postgres_place_run(postgres_place_database(), sql);
}

static void make_database(void)
{
    make_place();
    on_database("CREATE DATABASE", "TEMPLATE template0");
    name_database("shop");
}

static void drop_database(void)
{
    on_database("DROP DATABASE", "WITH (FORCE)");
    drop_place();
}

TestSuite(postgres_extension, .init = make_database, .fini = drop_database, .timeout = 120);

enum { STARTS = 8 };

static void url_of_schema(int number, char *url, size_t size)
{
    snprintf(url, size, "%s&options=-csearch_path%%3Dshop%d", theirs, number);
}

static void *start_one(void *url)
{
    shop_fault fault;
    void *self = tiny_open_as(url, &tiny_schema, NULL, &fault);
    if (!self)
        fprintf(stderr, "open: %d %s\n", (int)fault.outcome, fault.detail);
    return self;
}

Test(postgres_extension, many_start_at_once_and_all_get_it)
{
    pthread_t threads[STARTS];
    char urls[STARTS][700];
    for (int i = 0; i < STARTS; i++) {
        char sql[60];
        snprintf(sql, sizeof sql, "CREATE SCHEMA IF NOT EXISTS shop%d", i / 2);
        (void)postgres_place_run(theirs, sql);
        url_of_schema(i / 2, urls[i], sizeof urls[i]); /* two of each of four shops */
        tiny_close(open_as(urls[i], &tiny_schema, 0));
    }
    (void)postgres_place_run(theirs, "DROP EXTENSION pg_trgm CASCADE"); /* it is the first thing that all of them want */
    for (int i = 0; i < STARTS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, start_one, urls[i]), 0);
    for (int i = 0; i < STARTS; i++) {
        void *self;
        pthread_join(threads[i], &self);
        cr_assert(self != NULL);
        if (i % 2 == 0)
            add(self, 1, "keyboard");
        expect_near(self, "keybaord", "keyboard ");
        tiny_close(self);
    }
}

Test(postgres_extension, that_one_shop_brought_stays_when_it_goes)
{
    char urls[2][700];
    void *self;
    (void)postgres_place_run(theirs, "CREATE SCHEMA shop0; CREATE SCHEMA shop1");
    for (int i = 0; i < 2; i++) {
        url_of_schema(i, urls[i], sizeof urls[i]);
        self = open_as(urls[i], &tiny_schema, 0);
        add(self, 1, "keyboard");
        tiny_close(self);
    }
    (void)postgres_place_run(theirs, "DROP SCHEMA shop0 CASCADE");
    self = open_as(urls[1], &tiny_schema, SHOP_STORAGE_READ_ONLY);
    expect_near(self, "keybaord", "keyboard ");
    tiny_close(self);
}

Test(postgres_extension, that_is_trusted_is_brought_by_the_owner_of_the_database)
{
    on_database("ALTER DATABASE", "OWNER TO locked");
    (void)postgres_place_run(theirs, "CREATE SCHEMA AUTHORIZATION locked");
    name_database("locked:opensesame");
    void *self = open_as(theirs, &tiny_schema, 0);
    add(self, 1, "keyboard");
    expect_near(self, "keybaord", "keyboard ");
    tiny_close(self);
}

/* What the server's log would tell as errors, when all who were connected have gone. */
static int64_t count_failures(void)
{
    int64_t deadline = shop_monotonic_now() + 20000000;
    while (postgres_place_run(theirs, "SELECT numbackends FROM pg_stat_database WHERE datname = current_database()") > 1)
        cr_assert(shop_monotonic_now() < deadline, "somebody stays connected");
    return postgres_place_run(theirs, "SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database()");
}

Test(postgres_extension, that_cannot_be_had_is_done_without)
{
    (void)postgres_place_run(theirs, "REVOKE CREATE ON SCHEMA public FROM public; CREATE SCHEMA AUTHORIZATION locked");
    name_database("locked:opensesame");
    void *self = open_as(theirs, &tiny_schema, 0);
    add(self, 1, "keyboard");
    expect_near(self, "keybaord", "");
    cr_expect_eq(tiny_count(self, THING, NULL, 0), 1);
    tiny_close(self);
    int64_t failures = count_failures();
    tiny_close(open_as(theirs, &tiny_schema, 0));
    cr_expect_eq(count_failures(), failures, "the server was asked for what it refuses");
    cr_expect_eq(postgres_place_run(theirs, "SELECT count(*) FROM pg_class WHERE relname LIKE 'shop_word%'"), 0);
    cr_expect_eq(postgres_place_run(theirs, "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'shop_%'"), 0);
    name_database("shop"); /* who may, brings it; its owner's next start takes it */
    (void)postgres_place_run(theirs, "CREATE EXTENSION pg_trgm SCHEMA public");
    name_database("locked:opensesame");
    self = open_as(theirs, &tiny_schema, 0);
    expect_near(self, "keybaord", "keyboard ");
    tiny_close(self);
}

Test(postgres_extension, that_goes_away_is_done_without_and_made_again_at_the_next_start)
{
    void *self = open_as(theirs, &tiny_schema, 0);
    add(self, 1, "keyboard");
    expect_near(self, "keybaord", "keyboard ");
    (void)postgres_place_run(theirs, "DROP EXTENSION pg_trgm CASCADE");
    expect_near(self, "keybaord", "");
    add(self, 2, "shirt");
    tiny_close(self);
    self = open_as(theirs, &tiny_schema, 0);
    expect_near(self, "keybaord", "keyboard ");
    expect_near(self, "shitr", "shirt ");
    tiny_close(self);
}
