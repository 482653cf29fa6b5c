/* SPDX-License-Identifier: MIT */
/* The PostgreSQL backend where the conformance kit cannot look: refusals, upgrades, what locks hold, round trips, lost connections. */
#include <criterion/criterion.h>

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "../../libshop/storage/check.h"
#include "../../libshop/storage/postgres/address.h"
#include "../../libshop/storage/postgres/connection.h"
#include "../../libshop/storage/postgres/outcome.h"
#include "../../libshop/storage/postgres/pool.h"
#include "../../libshop/storage/postgres/postgres.h"
#include "../../libshop/storage/postgres/words.h"
#define TINY_STORAGE shop_storage_postgresql()
#include "../../libshop/storage/schema.h"
#include "../postgres/place.h"
#include "sqlite_support.h"
#include "support.h"

static char place[512];

static char named[700]; /* the place's URL with a name for the connections made by it: others use the same server */

static void make_place(void)
{
    postgres_place_make(postgres_place_database(), place, sizeof place);
    snprintf(named, sizeof named, "%s&application_name=%s", place, postgres_place_schema(place));
}

static void drop_place(void)
{
    postgres_place_drop(place);
}

static void *open_tiny(const char *url, const shop_schema *schema)
{
    shop_fault fault;
    void *self = tiny_open_as(url, schema, NULL, &fault);
    cr_assert(self != NULL, "open: %s", fault.detail);
    return self;
}

/* How many of those connections wait for a lock; or what is asked of them. */
static int64_t of_waiting(const char *what)
{
    char sql[300];
    snprintf(sql, sizeof sql,
             "SELECT count(%s) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = '%s'", what,
             postgres_place_schema(place));
    return postgres_place_run(place, sql);
}

/* ------------------------------------------------------------------------------------------------ addresses */

static int32_t read_address(const char *url, char *rest, size_t size, shop_pg_address *address)
{
    shop_fault fault;
    int32_t outcome = shop_pg_address_read(url, address, &fault);
    snprintf(rest, size, "%s", address->url);
    shop_pg_address_free(address);
    cr_expect(outcome == SHOP_STORAGE_OK || strncmp(fault.detail, "url: ", 5) == 0, "%s", fault.detail);
    cr_expect(!strstr(fault.detail, "swordfish"), "a password is told");
    return outcome;
}

Test(postgres_address, both_names_of_libpq_s_urls_lead_here)
{
    cr_assert_eq(shop_storage_find("postgresql://h/d"), shop_storage_postgresql());
    cr_assert_eq(shop_storage_find("postgres://h/d"), shop_storage_postgresql());
}

Test(postgres_address, our_parameters_are_taken_out_and_the_rest_is_left)
{
    shop_pg_address a;
    char rest[256];
    cr_assert_eq(read_address("postgresql://u:p@h:1,i:2/d?sslmode=require&shop_pool=5&options=-cx%3Dy&shop_prepare=off", rest,
                              sizeof rest, &a),
                 SHOP_STORAGE_OK);
    cr_expect_str_eq(rest, "postgresql://u:p@h:1,i:2/d?sslmode=require&options=-cx%3Dy");
    cr_expect(a.pool == 5 && !a.prepare);
    cr_assert_eq(read_address("postgres://h/d?shop_pool=1000", rest, sizeof rest, &a), SHOP_STORAGE_OK);
    cr_expect_str_eq(rest, "postgres://h/d");
    cr_expect(a.pool == 1000 && a.prepare);
    cr_assert_eq(read_address("postgresql://h/d", rest, sizeof rest, &a), SHOP_STORAGE_OK);
    cr_expect_eq(a.pool, 16u);
}

Test(postgres_address, replicas_are_hosts_with_the_port_of_the_url_or_their_own)
{
    static const struct {
        const char *url;
        const char *names[3];
        const char *ports[3];
    } cases[] = {
        {"postgresql://h:5/d?shop_replicas=a,b:6,[::1]:7", {"a", "b", "::1"}, {"5", "6", "7"}},
        {"postgresql://h:5,i:6/d?shop_replicas=a,[::1]", {"a", "::1"}, {"5432", "5432"}},
        {"postgresql:///d?host=/x&shop_replicas=%2Ftmp%2fa,%2Fb:9&port=8", {"/tmp/a", "/b"}, {"8", "9"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        shop_pg_address a;
        shop_fault fault;
        cr_assert_eq(shop_pg_address_read(cases[i].url, &a, &fault), SHOP_STORAGE_OK, "%s: %s", cases[i].url, fault.detail);
        cr_expect_eq(a.replica_lag, 5u);
        for (uint32_t r = 0; r < a.replica_count; r++) {
            cr_expect_str_eq(a.replicas[r].name, cases[i].names[r]);
            cr_expect_str_eq(a.replicas[r].port, cases[i].ports[r]);
        }
        cr_expect(a.replica_count == 3 || !cases[i].names[a.replica_count], "%s: %u", cases[i].url, (unsigned)a.replica_count);
        cr_expect(!strstr(a.url, "shop_"));
        shop_pg_address_free(&a);
    }
}

Test(postgres_address, a_wrong_one_is_refused_without_telling_it)
{
    static const char *const urls[] = {
        "postgresql://u:swordfish@h/d?shop_pool=0",
        "postgresql://u:swordfish@h/d?shop_pool=1001",
        "postgresql://u:swordfish@h/d?shop_pool=",
        "postgresql://u:swordfish@h/d?shop_pool=4x",
        "postgresql://u:swordfish@h/d?shop_prepare=no",
        "postgresql://u:swordfish@h/d?shop_replicas=",
        "postgresql://u:swordfish@h/d?shop_replicas=a,",
        "postgresql://u:swordfish@h/d?shop_replicas=a,,b",
        "postgresql://u:swordfish@h/d?shop_replicas=:5",
        "postgresql://u:swordfish@h/d?shop_replicas=a:",
        "postgresql://u:swordfish@h/d?shop_replicas=a:0",
        "postgresql://u:swordfish@h/d?shop_replicas=a:65536",
        "postgresql://u:swordfish@h/d?shop_replicas=a:5x",
        "postgresql://u:swordfish@h/d?shop_replicas=[::1",
        "postgresql://u:swordfish@h/d?shop_replicas=[::1]5",
        "postgresql://u:swordfish@h/d?shop_replicas=[]",
        "postgresql://u:swordfish@h/d?shop_replicas=%2",
        "postgresql://u:swordfish@h/d?shop_replicas=a%00",
        "postgresql://u:swordfish@h/d?shop_replicas=1,2,3,4,5,6,7,8,9",
        "postgresql://u:swordfish@h/d?shop_replicas=a&hostaddr=127.0.0.1",
        "postgresql://u:swordfish@h/d?shop_replica_lag=0",
        "postgresql://u:swordfish@h/d?shop_replica_lag=3601",
        "postgresql://u:swordfish@h/d?shop_replica_lag=1s",
        "postgresql://u:swordfish@h/d?shop_pol=4",
        "postgresql://u:swordfish%zz@h/d",
        "postgresql://u:swordfish@h/d?nonsense=1",
        "postgresql://u:swordfish@[h/d",
        "postgresql://u:swordfish@h/d?shop_pool=99999999999999999999",
        "postgresql://u:p@swordfish@h/d", /* the rest of a password is taken for a host, … */
        "postgresql://u:p@q:swordfish@h/d",
        "postgresql://u:5/swordfish@h/d", /* … for a database, … */
        "postgresql://u:swordfish/p@h/d", /* … for a port */
        "postgresql://h:swordfish/d",
    };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        shop_pg_address a;
        char rest[256];
        cr_expect_eq(read_address(urls[i], rest, sizeof rest, &a), SHOP_STORAGE_INVALID, "%s", urls[i]);
    }
}

Test(postgres_outcome, codes_are_told_apart_by_class)
{
    static const struct {
        const char *state;
        int32_t outcome;
    } cases[] = {
        {"40001", SHOP_STORAGE_CONFLICT},    {"40P01", SHOP_STORAGE_CONFLICT},    {"55P03", SHOP_STORAGE_CONFLICT},
        {"57P01", SHOP_STORAGE_UNAVAILABLE}, {"57014", SHOP_STORAGE_UNAVAILABLE}, {"08006", SHOP_STORAGE_UNAVAILABLE},
        {"53300", SHOP_STORAGE_UNAVAILABLE}, {"25006", SHOP_STORAGE_UNAVAILABLE}, {"", SHOP_STORAGE_UNAVAILABLE},
        {"23505", SHOP_STORAGE_UNIQUE},      {"23503", SHOP_STORAGE_REFERENCE},   {"23514", SHOP_STORAGE_CONSTRAINT},
        {"23502", SHOP_STORAGE_CONSTRAINT},  {"22003", SHOP_STORAGE_CONSTRAINT},  {"42703", SHOP_STORAGE_INVALID},
        {"SHP01", SHOP_STORAGE_GUARD},       {"99999", SHOP_STORAGE_UNAVAILABLE}, {"42501", SHOP_STORAGE_UNAVAILABLE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect_eq(shop_pg_outcome(cases[i].state), cases[i].outcome, "%s", cases[i].state);
}

Test(postgres_outcome, classes_have_reasons_that_the_world_knows)
{
    static const struct {
        const char *detail;
        shop_reason reason;
        int32_t passes;
    } cases[] = {
        {"authentication: x", SHOP_REASON_AUTHENTICATION, 0},
        {"overload: x", SHOP_REASON_OVERLOAD, 1},
        {"shutdown: x", SHOP_REASON_SHUTDOWN, 1},
        {"damaged: x", SHOP_REASON_DAMAGED, 0},
        {"other: x", SHOP_REASON_OTHER, 0},
        {"right", SHOP_REASON_NONE, 0},
        {"database disk image: x", SHOP_REASON_NONE, 0},
        {"none: x", SHOP_REASON_NONE, 0},
        {": x", SHOP_REASON_NONE, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        shop_fault fault;
        (void)shop_fault_set(&fault, SHOP_STORAGE_UNAVAILABLE, 0, cases[i].detail);
        cr_expect_eq(fault.reason, cases[i].reason, "%s: %s", cases[i].detail, shop_reason_name(fault.reason));
        cr_expect_eq(shop_reason_passes(fault.reason), cases[i].passes, "%s", cases[i].detail);
    }
    cr_expect_str_eq(shop_reason_name(-1), "other");
    cr_expect_str_eq(shop_reason_name(1000), "other");
    shop_fault fault;
    (void)shop_fault_set(&fault, SHOP_STORAGE_UNAVAILABLE, 0, "right: no");
    shop_fault_place(&fault, "u@h/d");
    cr_expect_str_eq(fault.detail, "right: u@h/d: no");
    (void)shop_fault_set(&fault, SHOP_STORAGE_FOREIGN, 0, "no shop");
    shop_fault_place(&fault, "u@h/d");
    cr_expect_str_eq(fault.detail, "u@h/d: no shop");
}

/* ------------------------------------------------------------------------------------------------ refusals */

TestSuite(postgres_refusal, .init = make_place, .fini = drop_place, .timeout = 120);

/* The database's URL with another beginning: what stands from "?host=" on is kept. */
static const char *with_beginning(const char *beginning)
{
    static char url[512];
    const char *host = strstr(postgres_place_database(), "?host=");
    cr_assert(host != NULL);
    snprintf(url, sizeof url, "%s%s", beginning, host);
    return url;
}

static void expect_refusal(const char *url, int32_t outcome, const char *reason)
{
    shop_fault fault;
    void *self = tiny_open_as(url, &tiny_schema, NULL, &fault);
    cr_expect(self == NULL, "%s was opened", reason);
    cr_expect_eq(fault.outcome, outcome, "%s: outcome %d (%s)", reason, (int)fault.outcome, fault.detail);
    cr_expect(strncmp(fault.detail, reason, strlen(reason)) == 0, "%s: told as \"%s\"", reason, fault.detail);
    cr_expect(!strstr(fault.detail, "swordfish") && !strstr(fault.detail, "opensesame"), "a password: %s", fault.detail);
    cr_expect(!strchr(fault.detail, '\n'), "more than one line: %s", fault.detail);
}

Test(postgres_refusal, says_its_reason_first_and_no_password)
{
    expect_refusal(with_beginning("postgresql://shop@/nowhere"), SHOP_STORAGE_UNAVAILABLE, "database: ");
    expect_refusal(with_beginning("postgresql://nobody:swordfish@/shop"), SHOP_STORAGE_UNAVAILABLE, "authentication: ");
    expect_refusal(with_beginning("postgresql://locked:swordfish@/shop"), SHOP_STORAGE_UNAVAILABLE, "authentication: ");
    expect_refusal(with_beginning("postgresql://locked:opensesame@/shop"), SHOP_STORAGE_UNAVAILABLE, "right: ");
    expect_refusal("postgresql://shop:swordfish@/shop?host=/nowhere", SHOP_STORAGE_UNAVAILABLE, "unreachable: ");
    expect_refusal("postgresql://shop:swordfish@127.0.0.1:1/shop", SHOP_STORAGE_UNAVAILABLE, "unreachable: ");
    expect_refusal("postgresql://shop:swordfish%zz@/", SHOP_STORAGE_INVALID, "url: ");
}

Test(postgres_refusal, of_a_search_path_that_names_no_schema)
{
    char url[600];
    snprintf(url, sizeof url, "%s_gone", place);
    expect_refusal(url, SHOP_STORAGE_UNAVAILABLE, "schema: ");
}

Test(postgres_refusal, of_another_encoding)
{
    char url[256];
    char sql[160];
    snprintf(sql, sizeof sql, "CREATE DATABASE %s ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0",
             postgres_place_schema(place));
    (void)postgres_place_run(postgres_place_database(), sql);
    snprintf(url, sizeof url, "postgresql://shop@/%s", postgres_place_schema(place));
    expect_refusal(with_beginning(url), SHOP_STORAGE_UNAVAILABLE, "encoding: ");
    snprintf(sql, sizeof sql, "DROP DATABASE %s", postgres_place_schema(place));
    (void)postgres_place_run(postgres_place_database(), sql);
}

static void expect_foreign(const char *spoiling, const char *what)
{
    shop_fault fault;
    (void)postgres_place_run(place, spoiling);
    cr_expect(tiny_open_as(place, &tiny_schema, NULL, &fault) == NULL, "opened: %s", what);
    cr_expect_eq(fault.outcome, SHOP_STORAGE_FOREIGN, "%s: %d (%s)", what, (int)fault.outcome, fault.detail);
}

Test(postgres_refusal, of_other_programs_tables_and_functions)
{
    expect_foreign("CREATE TABLE thing (diary text)", "a table of the same name");
    expect_foreign("DROP TABLE thing; CREATE VIEW owner AS SELECT 1", "a view of the same name");
    expect_foreign("DROP VIEW owner; CREATE TABLE shop_meta (diary text)", "a meta table that is none");
    expect_foreign("DROP TABLE shop_meta; CREATE FUNCTION shop_guard(bigint) RETURNS bigint LANGUAGE sql AS 'SELECT 1'",
                   "a function of the same name");
    (void)postgres_place_run(place, "DROP FUNCTION shop_guard; CREATE TABLE diary (entry text)");
    tiny_close(open_tiny(place, &tiny_schema)); /* what has other names is nobody's business */
}

Test(postgres_refusal, of_a_damaged_shop)
{
    tiny_close(open_tiny(place, &tiny_schema));
    expect_foreign("DROP INDEX thing_name", "a lost unique key");
    expect_foreign("CREATE UNIQUE INDEX thing_name ON thing(name); ALTER TABLE thing DROP COLUMN colour", "a lost column");
    expect_foreign("ALTER TABLE thing ADD COLUMN colour bigint", "a column of another type");
    expect_foreign("DELETE FROM shop_meta", "a lost version");
}

/* ------------------------------------------------------------------------------------------------ making and upgrading */

TestSuite(postgres_schema, .init = make_place, .fini = drop_place, .timeout = 120);

enum { STARTS = 8 };

static void *start_one(void *schema)
{
    shop_fault fault;
    void *self = tiny_open_as(place, schema, NULL, &fault);
    if (!self)
        fprintf(stderr, "open: %d %s\n", (int)fault.outcome, fault.detail);
    else
        tiny_close(self);
    return self ? schema : NULL;
}

static int start_many(const shop_schema *schema)
{
    pthread_t threads[STARTS];
    shop_schema copy = *schema;
    int opened = 0;
    for (int i = 0; i < STARTS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, start_one, &copy), 0);
    for (int i = 0; i < STARTS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        opened += result != NULL;
    }
    return opened;
}

Test(postgres_schema, many_start_at_once_on_an_empty_place_and_on_an_older_one)
{
    cr_expect_eq(start_many(&tiny_schema_old), STARTS);
    void *self = open_tiny(place, &tiny_schema_old);
    for (int64_t i = 1; i <= 50; i++)
        cr_assert_eq(tiny_add(self, i, i, "red apple"), SHOP_STORAGE_OK);
    cr_expect_eq(start_many(&tiny_schema), STARTS);
    cr_expect_eq(tiny_add(self, 51, 1, "works on meanwhile"), SHOP_STORAGE_OK); /* with the older schema */
    tiny_close(self);
    self = open_tiny(place, &tiny_schema);
    cr_expect_eq(tiny_count(self, THING, NULL, 0), 51);
    tiny_close(self);
    cr_expect_eq(postgres_place_run(place, "SELECT count(*) FROM pg_index WHERE indrelid = 'thing'::regclass AND indisvalid"),
                 4);
}

Test(postgres_schema, an_interrupted_upgrade_goes_on_at_the_next_start)
{
    void *self = open_tiny(place, &tiny_schema_old);
    cr_assert_eq(tiny_add(self, 1, 1, "red apple"), SHOP_STORAGE_OK);
    tiny_close(self);
    (void)postgres_place_run(place, "ALTER TABLE thing ADD COLUMN colour text COLLATE \"C\" NOT NULL DEFAULT 'red'");
    /* what CREATE INDEX CONCURRENTLY leaves when it is killed */
    (void)postgres_place_run(place, "CREATE INDEX thing_owner ON thing(amount);"
                                    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'thing_owner'::regclass");
    self = open_tiny(place, &tiny_schema);
    cr_expect_eq(tiny_number(self, THING, 1, THING_AMOUNT), 1);
    tiny_close(self);
    cr_expect_eq(postgres_place_run(place,
                                    "SELECT count(*) FROM pg_index WHERE indexrelid = 'thing_owner'::regclass AND indisvalid"
                                    " AND pg_get_indexdef(indexrelid) LIKE '%owner NULLS FIRST)'"),
                 1);
}

Test(postgres_schema, words_that_are_allowed_later_are_taken_after_the_upgrade)
{
    shop_fault fault;
    void *self = open_tiny(place, &tiny_schema_old);
    tiny_close(self);
    self = open_tiny(place, &tiny_schema);
    tiny_batch b = {.count = 0};
    tiny_insert(&b, THING, 1, "one");
    tiny_set_text(&b, THING_KIND, "used");
    cr_expect_eq(tiny_apply(self, &b, &fault), SHOP_STORAGE_OK, "%s", fault.detail);
    tiny_close(self);
}

Test(postgres_schema, hand_written_sql_cannot_break_the_rules)
{
    static const char *const bad[] = {
        "INSERT INTO thing (id, name, amount) VALUES (1, 'a', -1)",
        "INSERT INTO thing (id, name, kind) VALUES (1, 'a', 'odd')",
        "INSERT INTO thing (id, name, owner) VALUES (1, 'a', 77)",
        "INSERT INTO thing (id, name) VALUES (0, 'a')",
        "INSERT INTO thing (id, name) VALUES (1, NULL)",
        "INSERT INTO thing (id, name) VALUES (1, 'a'), (2, 'a')",
    };
    tiny_close(open_tiny(place, &tiny_schema));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        PGconn *pg = PQconnectdb(place);
        PGresult *result = PQexec(pg, bad[i]);
        cr_expect_eq(PQresultStatus(result), PGRES_FATAL_ERROR, "taken: %s", bad[i]);
        cr_expect(strncmp(shop_pg_state(result), "23", 2) == 0, "%s: %s", bad[i], shop_pg_state(result));
        PQclear(result);
        PQfinish(pg);
    }
}

/* ------------------------------------------------------------------------------------------------ what guards hold */

TestSuite(postgres_guard, .init = make_place, .fini = drop_place, .timeout = 120);

enum { CROWD = 6, TURNS = 25 };

typedef struct crowd_member {
    void *self;
    int64_t number;
    int64_t done;
    int32_t odd; /* an outcome that must not be */
    void (*build)(tiny_batch *b, int64_t number, int64_t turn);
} crowd_member;

static void *work(void *argument)
{
    crowd_member *m = argument;
    for (int64_t turn = 0; turn < TURNS; turn++) {
        shop_fault fault;
        int32_t outcome;
        do {
            tiny_batch b = {.count = 0};
            m->build(&b, m->number, turn);
            outcome = tiny_apply(m->self, &b, &fault);
        } while (outcome == SHOP_STORAGE_CONFLICT);
        m->done += outcome == SHOP_STORAGE_OK;
        if (outcome != SHOP_STORAGE_OK && outcome != SHOP_STORAGE_GUARD)
            m->odd = outcome;
    }
    return NULL;
}

/* How many batches of how many threads have happened. */
static int64_t run_crowd(void *self, void (*build)(tiny_batch *b, int64_t number, int64_t turn))
{
    pthread_t threads[CROWD];
    crowd_member members[CROWD];
    int64_t done = 0;
    for (int i = 0; i < CROWD; i++) {
        members[i] = (crowd_member){.self = self, .number = i, .build = build};
        cr_assert_eq(pthread_create(&threads[i], NULL, work, &members[i]), 0);
    }
    for (int i = 0; i < CROWD; i++) {
        pthread_join(threads[i], NULL);
        done += members[i].done;
        cr_expect_eq(members[i].odd, 0, "outcome %d", (int)members[i].odd);
    }
    return done;
}

static void add_thing(tiny_batch *b, int64_t number, int64_t turn, int64_t amount)
{
    static _Thread_local char name[48];
    snprintf(name, sizeof name, "thing %d-%d", (int)number, (int)turn);
    tiny_insert(b, THING, 1000 * (number + 1) + turn, name);
    tiny_set_int(b, THING_AMOUNT, amount);
}

static void add_if_there_is_none(tiny_batch *b, int64_t number, int64_t turn)
{
    tiny_op(b, SHOP_OP_CHECK, THING, 0);
    tiny_guard(b, THING_AMOUNT, SHOP_PRED_EQ, turn);
    add_thing(b, number, turn, turn);
}

Test(postgres_guard, that_counts_none_holds_against_rows_that_others_add)
{
    void *self = open_tiny(place, &tiny_schema);
    cr_expect_eq(run_crowd(self, add_if_there_is_none), TURNS);
    cr_expect_eq(tiny_count(self, THING, NULL, 0), TURNS);
    tiny_close(self);
}

static void add_a_third(tiny_batch *b, int64_t number, int64_t turn)
{
    tiny_op(b, SHOP_OP_CHECK, THING, turn % 3);
    tiny_guard(b, THING_AMOUNT, SHOP_PRED_EQ, 100 + turn / 3);
    add_thing(b, number, turn, 100 + turn / 3);
}

Test(postgres_guard, that_counts_many_holds_against_rows_that_others_add)
{
    void *self = open_tiny(place, &tiny_schema);
    run_crowd(self, add_a_third);
    cr_expect_leq(
        postgres_place_run(place, "SELECT coalesce(max(c), 0) FROM (SELECT count(*) c FROM thing GROUP BY amount) AS n"), 3);
    tiny_close(self);
}

typedef struct one_batch {
    void *self;
    tiny_batch batch;
    int32_t outcome;
    atomic_bool done;
} one_batch;

static void *apply_one(void *argument)
{
    one_batch *one = argument;
    shop_fault fault;
    one->outcome = tiny_apply(one->self, &one->batch, &fault);
    atomic_store(&one->done, true);
    return NULL;
}

/*
 * The first batch ends with an update of thing 99, which somebody holds: it stops between its guard and its commit. The second one, whose
 * guard would pass if it did not know of the first, must wait, and then fail. Exactly one of them happens.
 */
static void expect_one_of_two(void (*build)(tiny_batch *b, int64_t number))
{
    static one_batch two[2];
    pthread_t threads[2];
    void *self = open_tiny(named, &tiny_schema);
    (void)postgres_place_run(place, "INSERT INTO owner VALUES (5, 'five'); INSERT INTO thing (id, name, amount)"
                                    " VALUES (1, 'one', 1), (2, 'two', 1), (99, 'held', 7)");
    PGconn *holder = PQconnectdb(place);
    PQclear(PQexec(holder, "BEGIN; SELECT 1 FROM thing WHERE id = 99 FOR UPDATE"));
    for (int i = 0; i < 2; i++) {
        two[i].self = self;
        build(&two[i].batch, i);
        if (i == 0) {
            tiny_on_id(&two[i].batch, SHOP_OP_UPDATE, THING, 99);
            tiny_set_int(&two[i].batch, THING_AMOUNT, 8);
        }
        cr_assert_eq(pthread_create(&threads[i], NULL, apply_one, &two[i]), 0);
        while (of_waiting("*") <= i && !atomic_load(&two[i].done))
            ;
    }
    cr_expect(!atomic_load(&two[1].done), "the second batch did not wait: outcome %d", (int)two[1].outcome);
    PQclear(PQexec(holder, "COMMIT"));
    PQfinish(holder);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    cr_expect_eq(two[0].outcome, SHOP_STORAGE_OK);
    cr_expect_eq(two[1].outcome, SHOP_STORAGE_GUARD);
    tiny_close(self);
}

static void add_to_an_owner_without(tiny_batch *b, int64_t number)
{
    tiny_op(b, SHOP_OP_CHECK, THING, 0);
    tiny_guard(b, THING_OWNER, SHOP_PRED_EQ, 5);
    add_thing(b, number, 1, 1);
    tiny_set_int(b, THING_OWNER, 5);
}

Test(postgres_guard, that_counts_the_rows_of_a_parent_holds_against_rows_that_others_add)
{
    expect_one_of_two(add_to_an_owner_without);
}

/* Two rows of which at most one may be 0. */
static void empty_one_of_two(tiny_batch *b, int64_t number)
{
    tiny_on_id(b, SHOP_OP_CHECK, THING, 2 - number);
    tiny_guard(b, THING_AMOUNT, SHOP_PRED_EQ, 1);
    tiny_on_id(b, SHOP_OP_UPDATE, THING, 1 + number);
    tiny_set_int(b, THING_AMOUNT, 0);
}

Test(postgres_guard, of_a_row_that_is_only_looked_at_holds_until_the_commit)
{
    expect_one_of_two(empty_one_of_two);
}

/* The first looks at thing 1 and leaves it; the second would change it. */
static void look_or_change(tiny_batch *b, int64_t number)
{
    tiny_on_id(b, number ? SHOP_OP_UPDATE : SHOP_OP_CHECK, THING, 1);
    tiny_guard(b, THING_AMOUNT, SHOP_PRED_EQ, 1);
    if (number) {
        tiny_set_int(b, THING_AMOUNT, 0);
        tiny_on_id(b, SHOP_OP_CHECK, THING, 99); /* as the first one left it: not 7 any more */
        tiny_guard(b, THING_AMOUNT, SHOP_PRED_EQ, 7);
    }
}

Test(postgres_guard, of_a_row_that_is_only_looked_at_makes_others_wait)
{
    expect_one_of_two(look_or_change);
}

/* ------------------------------------------------------------------------------------------------ words */

TestSuite(postgres_words, .init = make_place, .fini = drop_place, .timeout = 120);

static int64_t count_matches(void *self, const char *words, size_t size)
{
    const shop_value value = {.type = SHOP_VALUE_TEXT, .size = (uint32_t)size, .data = words};
    const shop_pred pred = {
        .column = THING_WORDS, .op = SHOP_PRED_MATCH, .other = SHOP_NO_COLUMN, .value_count = 1, .values = &value};
    return tiny_count(self, THING, &pred, 1);
}

Test(postgres_words, are_found_however_long_or_odd_they_are)
{
    char words[3000];
    memset(words, 'x', sizeof words);
    words[2900] = '\0';
    void *self = open_tiny(place, &tiny_schema);
    cr_assert_eq(tiny_add(self, 1, 0, words), SHOP_STORAGE_OK);
    cr_assert_eq(tiny_add(self, 2, 0, "  \xc3\xa4pfel  & | ! ( ) <-> back\\slash quo'te a:b "), SHOP_STORAGE_OK);
    cr_expect_eq(count_matches(self, words, 2900), 1);
    cr_expect_eq(count_matches(self, words, 255), 1);
    cr_expect_eq(count_matches(self, words, 256), 1);
    words[2899] = 'y';
    cr_expect_eq(count_matches(self, words, 2900), 0);
    static const char *const found[] = {"\xc3", "\xc3\xa4", "back\\", "quo'", "& | !", "<-", "a:", ":b", "", " "};
    static const int64_t counts[] = {1, 1, 1, 1, 1, 1, 1, 0, 2, 2};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        cr_expect_eq(count_matches(self, found[i], strlen(found[i])), counts[i], "\"%s\"", found[i]);
    tiny_close(self);
}

Test(postgres_words, are_found_by_the_index)
{
    void *self = open_tiny(place, &tiny_schema);
    (void)postgres_place_run(
        place, "INSERT INTO thing (id, name, words) SELECT i, 'thing ' || i, 'word' || i FROM generate_series(1, 3000) i;"
               "ANALYZE thing");
    cr_expect_eq(count_matches(self, "word1234", 8), 1);
    tiny_close(self);
    PGconn *pg = PQconnectdb(place);
    PGresult *plan =
        PQexec(pg, "EXPLAIN SELECT count(*) FROM thing WHERE shop_vector(\"words\") @@ '''word1234'':*'::text::tsquery");
    int uses = 0;
    for (int i = 0; i < PQntuples(plan); i++)
        uses += strstr(PQgetvalue(plan, i, 0), "thing_words") != NULL;
    cr_expect_gt(uses, 0, "the index is not used");
    PQclear(plan);
    PQfinish(pg);
}

/* ------------------------------------------------------------------------------------------------ round trips */

static shop *s;
static shop_ctx *cx;
static int64_t product;

static void open_shop(void)
{
    shop_options options;
    make_place();
    test_options(&options);
    options.database = named;
    s = test_shop_open_with(&options);
    cx = test_ctx(s, SHOP_ACTOR_SYSTEM);
    product = test_product(s, 1000);
    shop_ctx_set_actor(cx, test_user(s, "buyer@example.com", 0));
}

static void close_shop(void)
{
    shop_ctx_free(cx);
    test_shop_close(s);
    drop_place();
}

TestSuite(postgres_shop, .init = open_shop, .fini = close_shop, .timeout = 120);

static shop_status buy_once(uint64_t *adding, uint64_t *placing)
{
    const shop_cart *cart;
    const shop_order *order;
    shop_order_input in = SHOP_ORDER_INPUT_INIT;
    in.shipping_address = "1 Main St";
    uint64_t before = shop_pg_round_trips();
    shop_status status = shop_cart_add(cx, product, 1, &cart);
    *adding = shop_pg_round_trips() - before;
    before = shop_pg_round_trips();
    if (status == SHOP_OK)
        status = shop_order_place(cx, &in, &order);
    *placing = shop_pg_round_trips() - before;
    return status;
}

Test(postgres_shop, an_addition_is_a_read_and_one_round_trip_and_a_checkout_is_two)
{
    uint64_t adding;
    uint64_t placing;
    cr_assert_eq(buy_once(&adding, &placing), SHOP_OK); /* takes blocks of ids, once in hundreds of orders */
    for (int i = 0; i < 5; i++) {
        cr_assert_eq(buy_once(&adding, &placing), SHOP_OK);
        cr_expect_leq(adding, 2u, "an addition took %u round trips", (unsigned)adding);
        cr_expect_leq(placing, 2u, "a checkout took %u round trips", (unsigned)placing);
    }
}

/* ------------------------------------------------------------------------------------------------ lost connections */

static void end_backends(void)
{
    char sql[300];
    snprintf(sql, sizeof sql,
             "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE application_name = '%s'",
             postgres_place_schema(place));
    cr_expect_gt(postgres_place_run(place, sql), 0);
}

Test(postgres_shop, connections_that_the_server_ended_are_replaced_before_anything_is_sent)
{
    uint64_t adding;
    uint64_t placing;
    cr_assert_eq(buy_once(&adding, &placing), SHOP_OK);
    for (int i = 0; i < 5; i++) {
        end_backends();
        cr_expect_eq(buy_once(&adding, &placing), SHOP_OK, "%s", shop_ctx_error_detail(cx));
        cr_expect_leq(adding, 2u, "a lost call was repeated");
    }
}

static void *add_in_thread(void *status)
{
    const shop_cart *cart;
    *(shop_status *)status = shop_cart_add(cx, product, 1, &cart);
    return NULL;
}

Test(postgres_shop, a_batch_whose_server_ends_while_it_waits_has_not_happened)
{
    PGconn *holder = PQconnectdb(place);
    PQclear(PQexec(holder, "BEGIN; SELECT 1 FROM product FOR UPDATE"));
    pthread_t thread;
    shop_status status = SHOP_OK;
    cr_assert_eq(pthread_create(&thread, NULL, add_in_thread, &status), 0);
    int64_t ended = 0;
    while (!ended)
        ended = of_waiting("pg_terminate_backend(pid)");
    pthread_join(thread, NULL);
    PQclear(PQexec(holder, "COMMIT"));
    PQfinish(holder);
    cr_expect_eq(status, SHOP_UNAVAILABLE, "%s", shop_ctx_error_detail(cx));
    cr_expect_str_eq(shop_ctx_error_code(cx), "storage_unavailable");
    cr_expect_eq(postgres_place_run(place, "SELECT count(*) FROM cart_item"), 0);
    shop_ctx_reset(cx);
    uint64_t adding;
    uint64_t placing;
    shop_ctx_set_actor(cx, postgres_place_run(place, "SELECT id FROM \"user\""));
    cr_expect_eq(buy_once(&adding, &placing), SHOP_OK, "%s", shop_ctx_error_detail(cx));
}

/* A lock that is not released: the server's own limit ends the wait before ours. */
Test(postgres_shop, a_batch_that_waits_too_long_is_stopped_by_the_server)
{
    shop_fault fault;
    void *self = NULL;
    (void)shop_storage_postgresql()->open(place, shop_schema_current(), NULL, &self, &fault);
    cr_assert(self != NULL, "%s", fault.detail);
    PGconn *holder = PQconnectdb(place);
    PQclear(PQexec(holder, "BEGIN; SELECT 1 FROM product FOR UPDATE"));
    tiny_batch b = {.count = 0};
    tiny_on_id(&b, SHOP_OP_UPDATE, TABLE_PRODUCT, product);
    tiny_set_int(&b, PRODUCT_STOCK, 1);
    int64_t before = shop_monotonic_now();
    cr_expect_eq(tiny_apply_until(self, &b, before + 300000, &fault), SHOP_STORAGE_UNAVAILABLE);
    cr_expect(strncmp(fault.detail, "timeout: ", 9) == 0, "%s", fault.detail);
    cr_expect_lt(shop_monotonic_now() - before, 5000000);
    PQfinish(holder);
    cr_expect_eq(tiny_apply(self, &b, &fault), SHOP_STORAGE_OK, "%s", fault.detail);
    tiny_close(self);
}

/* ------------------------------------------------------------------------------------------------ the pool */

TestSuite(postgres_pool, .init = make_place, .fini = drop_place, .timeout = 120);

static void raise(tiny_batch *b, int64_t number, int64_t turn)
{
    (void)number;
    (void)turn;
    tiny_on_id(b, SHOP_OP_UPDATE, THING, 1);
    tiny_set(b, THING_AMOUNT, SHOP_SET_ADD, tiny_int(1));
}

Test(postgres_pool, is_never_larger_than_told_and_serves_all)
{
    char url[600];
    snprintf(url, sizeof url, "%s&shop_pool=2&application_name=pool_test_%s", place, postgres_place_schema(place));
    void *self = open_tiny(url, &tiny_schema);
    cr_assert_eq(tiny_add(self, 1, 0, ""), SHOP_STORAGE_OK);
    cr_expect_eq(run_crowd(self, raise), CROWD * TURNS);
    cr_expect_eq(tiny_number(self, THING, 1, THING_AMOUNT), CROWD * TURNS);
    char sql[200];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM pg_stat_activity WHERE application_name = left('pool_test_%s', 63)",
             postgres_place_schema(place));
    int64_t connections = postgres_place_run(postgres_place_database(), sql);
    cr_expect(connections >= 1 && connections <= 2, "%d connections", (int)connections);
    tiny_close(self);
}

Test(postgres_pool, that_is_busy_until_the_deadline_says_so)
{
    char url[800];
    shop_fault fault;
    snprintf(url, sizeof url, "%s&shop_pool=1", named);
    void *self = open_tiny(url, &tiny_schema);
    cr_assert_eq(tiny_add(self, 1, 0, ""), SHOP_STORAGE_OK);
    PGconn *holder = PQconnectdb(place);
    PQclear(PQexec(holder, "BEGIN; SELECT 1 FROM thing FOR UPDATE"));
    crowd_member waiter = {.self = self, .build = raise};
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, work, &waiter), 0);
    while (!of_waiting("*"))
        ;
    tiny_batch b = {.count = 0};
    raise(&b, 0, 0);
    cr_expect_eq(tiny_apply_until(self, &b, shop_monotonic_now() + 50000, &fault), SHOP_STORAGE_UNAVAILABLE);
    cr_expect(strncmp(fault.detail, "overload: ", 10) == 0, "%s", fault.detail);
    PQclear(PQexec(holder, "COMMIT"));
    PQfinish(holder);
    pthread_join(thread, NULL);
    cr_expect_eq(waiter.done, TURNS);
    tiny_close(self);
}

/* A server that takes connections and says nothing. */
static int listen_dumbly(char *folder, size_t size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(folder, size, "/tmp/shop-dumb-XXXXXX");
    cr_assert(mkdtemp(folder) != NULL);
    snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", folder);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 8) == 0);
    return fd;
}

Test(postgres_pool, nobody_waits_for_what_another_just_waited_for_in_vain)
{
    char folder[32];
    char url[128];
    char path[64];
    int fd = listen_dumbly(folder, sizeof folder);
    snprintf(url, sizeof url, "postgresql://shop@/shop?host=%s&connect_timeout=2", folder);
    shop_pg_address address;
    shop_pg_connection *c;
    shop_fault fault;
    cr_assert_eq(shop_pg_address_read(url, &address, &fault), SHOP_STORAGE_OK);
    shop_pg_pool *pool = shop_pg_pool_new(&address);
    int64_t times[3];
    for (int i = 0; i < 3; i++) {
        int64_t before = shop_monotonic_now();
        cr_expect_eq(shop_pg_take(pool, before + 10000000, &c, &fault), SHOP_STORAGE_UNAVAILABLE);
        cr_expect(strncmp(fault.detail, "unreachable: ", 13) == 0, "%s", fault.detail);
        times[i] = shop_monotonic_now() - before;
    }
    cr_expect_gt(times[0], 1000000);
    cr_expect_lt(times[1] + times[2], 500000);
    shop_pg_pool_free(pool);
    shop_pg_address_free(&address);
    snprintf(path, sizeof path, "%s/.s.PGSQL.5432", folder);
    close(fd);
    unlink(path);
    rmdir(folder);
}

/* libpq itself gives a host whole seconds, and goes to the next one only when it is refused. */
Test(postgres_pool, a_connection_is_made_within_its_time_though_a_host_says_nothing)
{
    char folder[32];
    char url[256];
    char path[64];
    int fd = listen_dumbly(folder, sizeof folder);
    shop_pg_address address;
    shop_pg_connection *c = NULL;
    shop_fault fault;
    const char *host = strstr(place, "host=");
    cr_assert(host != NULL);
    snprintf(url, sizeof url, "%.*shost=%s,%s", (int)(host - place), place, folder, host + strlen("host="));
    cr_assert_eq(shop_pg_address_read(url, &address, &fault), SHOP_STORAGE_OK);
    int64_t before = shop_monotonic_now();
    cr_expect_eq(shop_pg_connect(&address, before + 2000000, &c, &fault), SHOP_STORAGE_OK, "%s", fault.detail);
    cr_expect_lt(shop_monotonic_now() - before, 2000000);
    shop_pg_disconnect(c);
    shop_pg_address_free(&address);

    snprintf(url, sizeof url, "postgresql://shop@/shop?host=%s,%s", folder, folder);
    cr_assert_eq(shop_pg_address_read(url, &address, &fault), SHOP_STORAGE_OK);
    before = shop_monotonic_now();
    cr_expect_eq(shop_pg_connect(&address, before + 300000, &c, &fault), SHOP_STORAGE_UNAVAILABLE);
    cr_expect(strncmp(fault.detail, "unreachable: ", 13) == 0, "%s", fault.detail);
    cr_expect_lt(shop_monotonic_now() - before, 1000000);
    shop_pg_address_free(&address);
    snprintf(path, sizeof path, "%s/.s.PGSQL.5432", folder);
    close(fd);
    unlink(path);
    rmdir(folder);
}

static void take_count(void *context, uint32_t number, const PGresult *result)
{
    cr_expect(PQresultStatus(result) == PGRES_TUPLES_OK, "%s", shop_pg_state(result));
    if (number == 1 && PQntuples(result) == 1)
        *(int64_t *)context = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
}

static int64_t run_one(shop_pg_connection *c, uint32_t number, const char *text)
{
    int64_t count = -1;
    int64_t deadline = shop_monotonic_now() + 10000000;
    shop_pg_begin(c, deadline, NULL);
    cr_assert(shop_pg_send_text(c, number, text));
    cr_assert_eq(shop_pg_run(c, deadline, take_count, &count), SHOP_PG_DONE);
    return count;
}

/* Many more shapes than a connection keeps: what is forgotten is deallocated, and prepared anew when it comes back. */
Test(postgres_pool, a_connection_keeps_a_bounded_number_of_statements)
{
    shop_pg_address address;
    shop_pg_connection *c = NULL;
    shop_fault fault;
    cr_assert_eq(shop_pg_address_read(place, &address, &fault), SHOP_STORAGE_OK);
    cr_assert_eq(shop_pg_connect(&address, shop_monotonic_now() + 10000000, &c, &fault), SHOP_STORAGE_OK);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 700; i++) {
            char text[32];
            snprintf(text, sizeof text, "SELECT %d", i);
            (void)run_one(c, 0, text);
        }
    }
    int64_t kept = run_one(c, 1, "SELECT count(*)::text FROM pg_prepared_statements");
    cr_expect(kept > 100 && kept <= SHOP_PG_SETS * SHOP_PG_WAYS + SHOP_PG_GARBAGE, "%d statements", (int)kept);
    shop_pg_disconnect(c);
    shop_pg_address_free(&address);
}
