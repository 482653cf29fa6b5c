/* SPDX-License-Identifier: MIT */
/*
 * A shop with a replica. SHOP_TEST_POSTGRES is the primary, SHOP_TEST_STANDBY the folder of a streaming standby of it. Both are reached
 * through links in a folder of the test's own: a server goes away when its link does and its connections are ended.
 */
#include <criterion/criterion.h>
#include <criterion/hooks.h>

#include <libpq-fe.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../libshop/storage/postgres/connection.h"
#include "../postgres/place.h"
#include "support.h"

#define LONG 3600 /* seconds that an answer may be old: what is held back stays old */
#define PATIENCE INT64_C(60000000) /* microseconds: the standby replays what all tests before did */

static char place[512];
static char standby[128]; /* its URL */
static char links[2][64]; /* folders */
static char log_text[8192];
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;

static shop *s;
static shop_ctx *chief; /* staff */
static shop_ctx *buyer;
static shop_ctx *passer_by;
static int64_t product;

/* ------------------------------------------------------------------------------------------------ servers */

static const char *setting(const char *name)
{
    const char *value = getenv(name);
    cr_assert(value != NULL, "%s is not set", name);
    return value;
}

static const char *primary_folder(void)
{
    const char *host = strstr(postgres_place_database(), "?host=");
    cr_assert(host != NULL);
    return host + strlen("?host=");
}

static void link_to(int i, const char *folder)
{
    char from[160];
    char to[96];
    snprintf(from, sizeof from, "%s/.s.PGSQL.5432", folder);
    snprintf(to, sizeof to, "%s/.s.PGSQL.5432", links[i]);
    cr_assert_eq(symlink(from, to), 0);
}

static void link_server(int i)
{
    link_to(i, i ? setting("SHOP_TEST_STANDBY") : primary_folder());
}

static void unlink_server(int i)
{
    char path[96];
    snprintf(path, sizeof path, "%s/.s.PGSQL.5432", links[i]);
    (void)unlink(path);
}

/* From now on nobody reaches it; who is connected is cut off. */
static void take_away(int i)
{
    char sql[200];
    unlink_server(i);
    snprintf(sql, sizeof sql, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = '%s'",
             postgres_place_schema(place));
    (void)postgres_place_run(i ? standby : postgres_place_database(), sql);
}

static void hold_back(void)
{
    (void)postgres_place_run(standby, "SELECT pg_wal_replay_pause()");
}

static void let_go(void)
{
    (void)postgres_place_run(standby, "SELECT pg_wal_replay_resume()");
}

static int64_t end_of_patience(void)
{
    return shop_monotonic_now() + PATIENCE;
}

/* Another moment, unless it is too late. */
static void wait_on(int64_t deadline, const char *what)
{
    static const struct timespec moment = {.tv_nsec = 5000000};
    cr_assert(shop_monotonic_now() < deadline, "waited in vain for %s:\n%s", what, log_text);
    (void)nanosleep(&moment, NULL);
}

static void wait_until_used(int64_t count)
{
    int64_t deadline = end_of_patience();
    while (shop_replicas(s, SHOP_REPLICAS_IN_USE) != count)
        wait_on(deadline, count ? "the replica to be used" : "the replica to be left aside");
}

/* ------------------------------------------------------------------------------------------------ the shop */

static void take_log(void *user, int32_t level, const char *message)
{
    (void)user;
    (void)level;
    pthread_mutex_lock(&log_lock);
    size_t used = strlen(log_text);
    snprintf(log_text + used, sizeof log_text - used, "%s\n", message);
    pthread_mutex_unlock(&log_lock);
}

static int count_in_log(const char *what)
{
    int count = 0;
    pthread_mutex_lock(&log_lock);
    for (const char *at = log_text; (at = strstr(at, what)) != NULL; at += strlen(what))
        count++;
    pthread_mutex_unlock(&log_lock);
    return count;
}

/* It is told once that the replica is left aside, and once that it is back. */
static void expect_news_in_turn(void)
{
    static const char aside[] = ": left aside: ";
    static const char used[] = ": in use";
    bool is_used = false;
    pthread_mutex_lock(&log_lock);
    const char *end = log_text;
    for (const char *line = log_text; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        bool leaves = memmem(line, (size_t)(end - line), aside, strlen(aside)) != NULL;
        if (leaves || memmem(line, (size_t)(end - line), used, strlen(used))) {
            cr_expect(line == log_text || leaves == is_used, "%s", log_text);
            is_used = !leaves;
        }
    }
    pthread_mutex_unlock(&log_lock);
}

static shop *open_at(const char *replicas, int lag)
{
    static char url[1024];
    const char *options_of_place = strstr(place, "&options=");
    snprintf(url, sizeof url,
             "postgresql://shop:opensesame@/shop?host=%s%s&application_name=%s&shop_replicas=%s&shop_replica_lag=%d", links[0],
             options_of_place, postgres_place_schema(place), replicas, lag);
    shop_options options;
    test_options(&options);
    options.database = url;
    options.log = take_log;
    options.clock = NULL;
    return test_shop_open_with(&options);
}

/* One place for all tests; each is a process of its own. */
#define PLACE "SHOP_TEST_REPLICA_PLACE"

ReportHook(PRE_ALL)(struct criterion_test_set *tests)
{
    (void)tests;
    postgres_place_make(postgres_place_database(), place, sizeof place);
    shop_options options;
    test_options(&options);
    options.database = place;
    shop *filled = test_shop_open_with(&options);
    (void)test_product(filled, 1000);
    test_shop_close(filled);
    (void)setenv(PLACE, place, 1);
}

ReportHook(POST_ALL)(struct criterion_global_stats *stats)
{
    (void)stats;
    postgres_place_drop(setting(PLACE));
}

/* The standby has everything when this returns. */
static void catch_up(void)
{
    char sql[200];
    char position[32];
    snprintf(position, sizeof position, "%lld",
             (long long)postgres_place_run(place, "SELECT (pg_current_wal_flush_lsn() - '0/0')::int8"));
    snprintf(sql, sizeof sql, "SELECT ((pg_last_wal_replay_lsn() - '0/0')::int8 >= %s)::int", position);
    int64_t deadline = end_of_patience();
    while (!postgres_place_run(standby, sql))
        wait_on(deadline, "the standby to catch up");
}

/* A new one of this test's. */
static int64_t user(const char *name, int staff)
{
    char email[64];
    snprintf(email, sizeof email, "%s-%ld@example.com", name, (long)getpid());
    return test_user(s, email, staff);
}

static void set_price(int64_t price)
{
    const shop_product *changed;
    shop_product_input in = SHOP_PRODUCT_INPUT_INIT;
    in.price = price;
    cr_assert_eq(shop_product_update(chief, "lamp", &in, 0, &changed), SHOP_OK, "%s", shop_ctx_error_detail(chief));
    product = shop_product_id(changed);
}

static void open_shop_with(const char *parameters, int lag)
{
    char replicas[128];
    snprintf(replicas, sizeof replicas, "%s%s", links[1], parameters);
    s = open_at(replicas, lag);
    chief = test_ctx(s, user("chief", 1));
    buyer = test_ctx(s, user("buyer", 0));
    passer_by = test_ctx(s, SHOP_ACTOR_NOBODY);
    set_price(1000);
    shop_ctx_set_position(chief, NULL);
    catch_up();
    wait_until_used(1);
}

static void open_shop(int lag)
{
    open_shop_with("", lag);
}

static void set_up(void)
{
    snprintf(standby, sizeof standby, "postgresql://shop@/shop?host=%s", setting("SHOP_TEST_STANDBY"));
    let_go();
    snprintf(place, sizeof place, "%s", setting(PLACE));
    for (int i = 0; i < 2; i++) {
        snprintf(links[i], sizeof links[i], "/tmp/shop-link-XXXXXX");
        cr_assert(mkdtemp(links[i]) != NULL);
        link_server(i);
    }
}

static void tear_down(void)
{
    shop_ctx_free(chief);
    shop_ctx_free(buyer);
    shop_ctx_free(passer_by);
    test_shop_close(s);
    let_go();
    for (int i = 0; i < 2; i++) {
        unlink_server(i);
        (void)rmdir(links[i]);
    }
}

TestSuite(replica, .init = set_up, .fini = tear_down, .timeout = 120);

/* ------------------------------------------------------------------------------------------------ reading and writing */

static int64_t price_for(shop_ctx *cx)
{
    const shop_product *found;
    cr_assert_eq(shop_product_get(cx, "lamp", &found), SHOP_OK, "%s", shop_ctx_error_detail(cx));
    return shop_product_price(found);
}

static int64_t listed_price_for(shop_ctx *cx)
{
    const shop_page *page;
    shop_product_filter filter = SHOP_PRODUCT_FILTER_INIT;
    cr_assert_eq(shop_product_list(cx, &filter, &page), SHOP_OK, "%s", shop_ctx_error_detail(cx));
    return shop_product_price(shop_product_at(page, 0));
}

static void add_to_cart(shop_ctx *cx)
{
    const shop_cart *cart;
    cr_assert_eq(shop_cart_add(cx, product, 1, &cart), SHOP_OK, "%s", shop_ctx_error_detail(cx));
}

static int64_t replica_reads(void)
{
    return shop_replicas(s, SHOP_READS_FROM_REPLICA);
}

static int64_t primary_reads(void)
{
    return shop_replicas(s, SHOP_READS_FROM_PRIMARY);
}

/* Until both servers have been looked at again, more than once: nobody else asks anything meanwhile. */
static void wait_for_looks(void)
{
    uint64_t enough = shop_pg_round_trips() + 6;
    int64_t deadline = end_of_patience();
    while (shop_pg_round_trips() < enough)
        wait_on(deadline, "somebody to look at the servers");
}

static void wait_for_price(int64_t price)
{
    int64_t deadline = end_of_patience();
    while (price_for(passer_by) != price)
        wait_on(deadline, "the price");
}

/* Until the replica answers, and that price all the while. */
static void wait_for_replica_read(shop_ctx *cx, int64_t price)
{
    int64_t before = replica_reads();
    int64_t deadline = end_of_patience();
    cr_expect_eq(price_for(cx), price);
    while (replica_reads() == before) {
        wait_on(deadline, "an answer of the replica");
        cr_expect_eq(price_for(cx), price);
    }
}

/* ------------------------------------------------------------------------------------------------ who sees what */

Test(replica, serves_the_public_and_customers_what_it_has)
{
    open_shop(LONG);
    hold_back();
    set_price(2000);
    int64_t before = replica_reads();
    cr_expect_eq(price_for(passer_by), 1000);
    cr_expect_eq(listed_price_for(passer_by), 1000);
    cr_expect_eq(price_for(buyer), 1000);
    cr_expect_eq(listed_price_for(buyer), 1000);
    cr_expect_eq(replica_reads() - before, 4);
}

Test(replica, serves_nothing_to_staff_or_to_the_program_itself)
{
    open_shop(LONG);
    hold_back();
    set_price(2000);
    shop_ctx *other = test_ctx(s, shop_ctx_actor(chief));
    shop_ctx *program = test_ctx(s, SHOP_ACTOR_SYSTEM);
    shop_ctx *second = test_ctx(s, user("second", 1)); /* who wrote nothing */
    int64_t before = replica_reads();
    shop_ctx *const readers[] = {chief, other, second, program};
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        cr_expect_eq(price_for(readers[i]), 2000, "reader %u", (unsigned)i);
        cr_expect_eq(listed_price_for(readers[i]), 2000, "reader %u", (unsigned)i);
    }
    cr_expect_eq(replica_reads(), before);
    set_price(3000); /* decided on what the primary has */
    cr_expect_eq(price_for(program), 3000);
    shop_ctx_free(other);
    shop_ctx_free(program);
    shop_ctx_free(second);
}

Test(replica, shows_writers_what_they_wrote)
{
    open_shop(LONG);
    hold_back();
    set_price(2000);
    shop_ctx *other = test_ctx(s, shop_ctx_actor(buyer));
    cr_expect_eq(price_for(buyer), 1000);
    cr_expect_eq(price_for(other), 1000);
    add_to_cart(buyer); /* after the new price: it holds that, too */
    cr_expect_eq(price_for(buyer), 2000);
    cr_expect_eq(price_for(other), 2000, "another context of the same user");
    cr_expect_eq(price_for(passer_by), 1000);
    shop_ctx_reset(buyer);
    cr_expect_eq(price_for(buyer), 1000, "a context that was reset is nobody's");
    let_go();
    catch_up();
    wait_for_replica_read(other, 2000);
    shop_ctx_free(other);
}

Test(replica, needs_no_prepared_statements)
{
    open_shop_with("&shop_prepare=off", LONG);
    hold_back();
    set_price(2000);
    cr_expect_eq(price_for(passer_by), 1000);
    shop_ctx_set_position(passer_by, shop_ctx_position(chief));
    cr_expect_eq(price_for(passer_by), 2000);
    cr_expect_eq(primary_reads(), 1);
    shop_ctx_set_position(passer_by, NULL);
    cr_expect_eq(listed_price_for(passer_by), 1000);
}

Test(replica, shows_what_a_position_stands_for)
{
    char position[64];
    open_shop(LONG);
    hold_back();
    cr_expect_str_eq(shop_ctx_position(passer_by), "");
    set_price(2000);
    snprintf(position, sizeof position, "%s", shop_ctx_position(chief));
    cr_expect_str_neq(position, "");
    shop_ctx_set_position(passer_by, position);
    cr_expect_eq(price_for(passer_by), 2000);
    cr_expect_str_eq(shop_ctx_position(passer_by), position);
    shop_ctx_set_position(passer_by, NULL);
    cr_expect_eq(price_for(passer_by), 1000);
}

Test(replica, is_not_kept_from_anybody_by_a_position_that_is_none)
{
    static const char *const none[] = {
        "",        "0", "0000000000000000", "zzzzzzzzzzzzzzzz", "FFFFFFFFFFFFFFFF", "ffffffffffffffff0", "-fffffffffffffff",
        "\xc3\xa4"};
    open_shop(LONG);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        int64_t before = replica_reads();
        shop_ctx_set_position(passer_by, none[i]);
        cr_expect_eq(price_for(passer_by), 1000);
        cr_expect_eq(replica_reads() - before, 1, "\"%s\"", none[i]);
    }
    int64_t before = primary_reads();
    shop_ctx_set_position(passer_by, "ffffffffffffffff");
    cr_expect_eq(price_for(passer_by), 1000);
    shop_ctx_set_position(passer_by, "7fffffffffffffff");
    cr_expect_eq(price_for(passer_by), 1000);
    cr_expect_eq(primary_reads() - before, 2);
}

Test(replica, is_never_asked_for_carts_orders_or_accounts)
{
    open_shop(LONG);
    hold_back();
    const shop_cart *cart;
    const shop_order *order;
    const shop_page *page;
    const shop_user *user;
    shop_order_filter filter = SHOP_ORDER_FILTER_INIT;
    shop_order_input in = SHOP_ORDER_INPUT_INIT;
    in.shipping_address = "1 Main St";
    shop_ctx *other = test_ctx(s, shop_ctx_actor(buyer));
    int64_t before = replica_reads() + primary_reads();
    add_to_cart(buyer);
    cr_expect_eq(shop_cart_get(other, &cart), SHOP_OK);
    cr_expect_eq(shop_cart_item_count(cart), 1);
    cr_expect_eq(shop_order_place(other, &in, &order), SHOP_OK, "%s", shop_ctx_error_detail(other));
    cr_expect_eq(shop_order_list(buyer, &filter, &page), SHOP_OK);
    cr_expect_eq(shop_page_count(page), 1);
    cr_expect_eq(shop_account_me(buyer, &user), SHOP_OK);
    cr_expect_eq(replica_reads() + primary_reads(), before);
    shop_ctx_free(other);
}

/* ------------------------------------------------------------------------------------------------ how old */

Test(replica, that_is_too_far_behind_is_left_aside_until_it_has_caught_up)
{
    open_shop(1);
    cr_expect_eq(price_for(passer_by), 1000);
    hold_back();
    set_price(2000);
    wait_for_price(2000);
    wait_until_used(0);
    cr_expect_geq(count_in_log("left aside: stale"), 1, "%s", log_text);
    int64_t before = primary_reads();
    for (int i = 0; i < 20; i++)
        cr_expect_eq(price_for(passer_by), 2000);
    cr_expect_eq(primary_reads() - before, 20);
    wait_for_looks();
    let_go();
    wait_until_used(1);
    wait_for_replica_read(passer_by, 2000);
    expect_news_in_turn();
}

/* ------------------------------------------------------------------------------------------------ servers that go */

Test(replica, that_goes_away_is_not_missed_and_is_used_when_it_is_back)
{
    open_shop(LONG);
    cr_expect_eq(price_for(passer_by), 1000);
    int left = count_in_log("left aside: ");
    take_away(1);
    for (int i = 0; i < 20; i++)
        cr_expect_eq(price_for(passer_by), 1000);
    wait_until_used(0);
    link_server(1);
    wait_until_used(1);
    int64_t before = replica_reads();
    cr_expect_eq(price_for(passer_by), 1000);
    cr_expect_eq(replica_reads() - before, 1);
    cr_expect_eq(count_in_log("left aside: ") - left, 1, "%s", log_text);
    cr_expect(!strstr(log_text, "opensesame"), "a password is told: %s", log_text);
}

Test(replica, goes_on_serving_while_the_primary_is_away)
{
    const shop_cart *cart;
    open_shop(1);
    catch_up();
    cr_expect_eq(price_for(passer_by), 1000);
    take_away(0);
    int64_t until = shop_monotonic_now() + 1500000; /* longer than an answer may be old otherwise */
    while (shop_monotonic_now() < until) {
        cr_expect_eq(price_for(passer_by), 1000);
        wait_on(INT64_MAX, "the time");
    }
    cr_expect_eq(shop_cart_add(buyer, product, 1, &cart), SHOP_UNAVAILABLE);
    link_server(0);
    add_to_cart(buyer);
}

Test(replica, must_be_a_standby)
{
    s = open_at(links[0], LONG);
    passer_by = test_ctx(s, SHOP_ACTOR_NOBODY);
    int64_t deadline = end_of_patience();
    while (!count_in_log("left aside: standby"))
        wait_on(deadline, "the server to be left aside");
    cr_expect_eq(count_in_log("left aside: standby"), 1, "%s", log_text);
    (void)price_for(passer_by);
    cr_expect_eq(replica_reads(), 0);
}

/* From now on no product can be read on the replica. The log takes a lock there like all else, and is held back before it is let go. */
static void lock_products(void)
{
    PGconn *holder = PQconnectdb(place);
    PGresult *result = PQexec(holder, "BEGIN; LOCK TABLE product IN ACCESS EXCLUSIVE MODE");
    cr_assert_eq(PQresultStatus(result), PGRES_COMMAND_OK, "%s", PQerrorMessage(holder));
    PQclear(result);
    (void)user("somebody", 0); /* a commit, which makes the log durable up to here */
    catch_up();
    hold_back();
    PQfinish(holder);
}

Test(replica, is_spared_what_it_takes_long_to_answer)
{
    open_shop(LONG);
    int left = count_in_log("left aside: ");
    lock_products();
    int64_t before = primary_reads();
    cr_expect_eq(price_for(passer_by), 1000);
    cr_expect_eq(primary_reads() - before, 1);
    cr_expect_eq(shop_replicas(s, SHOP_REPLICAS_IN_USE), 1, "one slow answer says nothing about the server");
    cr_expect_eq(count_in_log("left aside: ") - left, 0, "%s", log_text);
    let_go();
    catch_up();
    before = replica_reads();
    cr_expect_eq(price_for(passer_by), 1000);
    cr_expect_eq(replica_reads() - before, 1);
}

/* The replica's processes that serve this test: they take in what they are sent, and say nothing any more. */
static void signal_backends(const char *signal_name)
{
    char sql[300];
    snprintf(sql, sizeof sql,
             "COPY (SELECT pid FROM pg_stat_activity WHERE application_name = '%s') TO PROGRAM 'xargs -r kill -%s'",
             postgres_place_schema(place), signal_name);
    (void)postgres_place_run(standby, sql);
}

Test(replica, that_falls_silent_is_left_aside)
{
    open_shop(LONG);
    cr_expect_eq(price_for(passer_by), 1000);
    int left = count_in_log("left aside: ");
    signal_backends("STOP");
    int64_t before = primary_reads();
    cr_expect_eq(price_for(passer_by), 1000);
    cr_expect_eq(primary_reads() - before, 1);
    cr_expect_eq(count_in_log("left aside: ") - left, 1, "%s", log_text);
    wait_until_used(1); /* by new connections */
    wait_for_replica_read(passer_by, 1000);
    signal_backends("CONT");
}

/* Between two looks: only the answer itself can tell. */
Test(replica, is_not_believed_to_be_what_it_was)
{
    open_shop(LONG);
    cr_expect_eq(price_for(passer_by), 1000);
    int64_t before = replica_reads();
    take_away(1);
    link_to(1, primary_folder());
    cr_expect_eq(price_for(passer_by), 1000);
    cr_expect_eq(replica_reads(), before);
    cr_expect_eq(count_in_log("left aside: standby"), 1, "%s", log_text);
}

/* ------------------------------------------------------------------------------------------------ what it costs */

/* Who looks at the servers counts too: the least of several is the call's own. */
Test(replica, costs_no_round_trip)
{
    uint64_t reading = UINT64_MAX;
    uint64_t adding = UINT64_MAX;
    uint64_t placing = UINT64_MAX;
    const shop_order *order;
    shop_order_input in = SHOP_ORDER_INPUT_INIT;
    in.shipping_address = "1 Main St";
    open_shop(LONG);
    for (int i = 0; i < 6; i++) {
        uint64_t trips = shop_pg_round_trips();
        (void)price_for(passer_by);
        trips = shop_pg_round_trips() - trips;
        reading = trips < reading ? trips : reading;
        trips = shop_pg_round_trips();
        add_to_cart(buyer);
        trips = shop_pg_round_trips() - trips;
        adding = trips < adding ? trips : adding;
        trips = shop_pg_round_trips();
        cr_assert_eq(shop_order_place(buyer, &in, &order), SHOP_OK);
        trips = shop_pg_round_trips() - trips;
        placing = trips < placing ? trips : placing;
    }
    cr_expect_eq(reading, 1u);
    cr_expect_eq(adding, 2u);
    cr_expect_eq(placing, 2u);
}

Test(replica, tells_which_words_are_spelled_alike)
{
    open_shop(LONG);
    const shop_page *page;
    shop_product_filter filter = SHOP_PRODUCT_FILTER_INIT;
    filter.search = "lapm";
    int64_t before = replica_reads();
    cr_assert_eq(shop_product_list(passer_by, &filter, &page), SHOP_OK, "%s", shop_ctx_error_detail(passer_by));
    cr_expect_eq(shop_page_total(page), 1);
    cr_expect_eq(replica_reads() - before,
                 5); /* as typed, which word is wrong, what is like it, which of these is meant, that */
    cr_expect_eq(primary_reads(), 0);
}

enum { VIEWS = 500 };

Test(replica, takes_the_catalogue_off_the_primary)
{
    open_shop(LONG);
    int64_t before = replica_reads();
    for (int i = 0; i < VIEWS; i++) {
        (void)(i % 2 ? price_for(passer_by) : listed_price_for(passer_by));
        if (i % 50 == 0)
            add_to_cart(buyer);
    }
    cr_expect_eq(replica_reads() - before, VIEWS);
    cr_expect_eq(primary_reads(), 0);
}
