/* SPDX-License-Identifier: MIT */
/* The schema in PostgreSQL: no SQL written by hand breaks a rule of any table; many start at once; upgrades while others work. */
#include <criterion/criterion.h>

#include <libpq-fe.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "../../libshop/storage/postgres/postgres.h"
#define TINY_STORAGE shop_storage_postgresql()
#include "../../libshop/storage/schema.h"
#include "../postgres/place.h"
#include "sqlite_support.h"
#include "support.h"

static char place[512];
static char named[700]; /* the place's URL with a name for the connections made by it */
static PGconn *hand; /* of somebody who writes SQL */

static PGconn *connect_by_hand(void)
{
    PGconn *pg = PQconnectdb(place);
    cr_assert_eq(PQstatus(pg), CONNECTION_OK, "%s", PQerrorMessage(pg));
    PQclear(PQexec(pg, "SET client_min_messages = error"));
    return pg;
}

static void make_place(void)
{
    postgres_place_make(postgres_place_database(), place, sizeof place);
    (void)snprintf(named, sizeof named, "%s&application_name=%s", place, postgres_place_schema(place));
    hand = connect_by_hand();
}

static void drop_place(void)
{
    PQfinish(hand);
    postgres_place_drop(place);
}

static void *open_as(const char *url, const shop_schema *schema)
{
    shop_fault fault;
    void *self = tiny_open_as(url, schema, NULL, &fault);
    cr_assert(self != NULL, "open: %s", fault.detail);
    return self;
}

/* The SQLSTATE of the last statement; "" when it was taken. */
static const char *state_of(PGconn *pg, const char *sql)
{
    static char state[8];
    PGresult *result = PQexec(pg, sql);
    const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    (void)snprintf(state, sizeof state, "%s", code ? code : "");
    PQclear(result);
    return state;
}

/* ------------------------------------------------------------------------------------------------ statements, written by the schema */

typedef struct text {
    char *data;
    size_t size;
} text;

__attribute__((format(printf, 2, 3))) static void put(text *t, const char *format, ...)
{
    char part[512];
    va_list list;
    va_start(list, format);
    int length = vsnprintf(part, sizeof part, format, list);
    va_end(list);
    cr_assert(length >= 0 && (size_t)length < sizeof part);
    t->data = realloc(t->data, t->size + (size_t)length + 1);
    cr_assert(t->data != NULL);
    memcpy(t->data + t->size, part, (size_t)length + 1);
    t->size += (size_t)length;
}

/* A value that the column's rules allow: references name row 1, all else differs from row to row where it can. */
static void put_good(text *t, const shop_column *column, int row)
{
    if (column->references != SHOP_NO_TABLE)
        put(t, "1");
    else if (column->type == SHOP_COLUMN_BOOL)
        put(t, "%d", row % 2);
    else if (column->type == SHOP_COLUMN_BLOB)
        put(t, "'\\x%02x'", row);
    else if (column->type == SHOP_COLUMN_TEXT && column->allowed)
        put(t, "'%s'", column->allowed[0]);
    else if (column->type == SHOP_COLUMN_TEXT)
        put(t, "'text %d'", row);
    else
        put(t, "%d", row);
}

/* `bad` (NULL: nothing) stands in column `at`. */
static void put_insert(text *t, const shop_table *table, int row, uint32_t at, const char *bad)
{
    put(t, "INSERT INTO \"%s\" (", table->name);
    for (uint32_t i = 0; i < table->column_count; i++)
        put(t, "%s\"%s\"", i ? ", " : "", table->columns[i].name);
    put(t, ") VALUES (");
    for (uint32_t i = 0; i < table->column_count; i++) {
        put(t, "%s", i ? ", " : "");
        if (bad && i == at)
            put(t, "%s", bad);
        else
            put_good(t, &table->columns[i], row);
    }
    put(t, ");");
}

static int tried; /* statements that had to be refused */

/* In a transaction that is undone; what is checked at its end is checked now. */
static void expect_state(const text *t, const char *state)
{
    text whole = {NULL, 0};
    put(&whole, "BEGIN;");
    whole.data = realloc(whole.data, whole.size + t->size + 64);
    cr_assert(whole.data != NULL);
    memcpy(whole.data + whole.size, t->data, t->size + 1);
    whole.size += t->size;
    put(&whole, "SET CONSTRAINTS ALL IMMEDIATE");
    const char *got = state_of(hand, whole.data);
    cr_expect_str_eq(got, state, "%s instead of %s: %s", *got ? got : "taken", *state ? state : "taken", t->data);
    PQclear(PQexec(hand, "ROLLBACK"));
    tried += *state != '\0';
    free(whole.data);
}

static void expect_update_refused(const shop_table *table, uint32_t column, const char *value, const char *state)
{
    text t = {NULL, 0};
    put(&t, "UPDATE \"%s\" SET \"%s\" = %s WHERE id = 1;", table->name, table->columns[column].name, value);
    expect_state(&t, state);
    free(t.data);
}

/* The value is refused in a new row and in an old one. */
static void expect_refused(const shop_table *table, uint32_t column, const char *value, const char *state)
{
    text t = {NULL, 0};
    put_insert(&t, table, 2, column, value);
    expect_state(&t, state);
    free(t.data);
    expect_update_refused(table, column, value, state);
}

/* ------------------------------------------------------------------------------------------------ every rule of every table */

static void try_column(const shop_schema *schema, const shop_table *table, uint32_t c)
{
    const shop_column *column = &table->columns[c];
    bool is_number = column->type <= SHOP_COLUMN_MONEY;
    if (!(column->flags & SHOP_COLUMN_NULLABLE))
        expect_refused(table, c, "NULL", "23502");
    if (column->flags & SHOP_COLUMN_NON_NEGATIVE)
        expect_refused(table, c, "-1", "23514");
    if (column->flags & SHOP_COLUMN_POSITIVE)
        expect_refused(table, c, "0", "23514");
    if (column->at_most) {
        expect_refused(table, c, "1000", "23514");
        expect_refused(table, column->at_most, "0", "23514");
    }
    if (column->type == SHOP_COLUMN_BOOL) {
        expect_refused(table, c, "2", "23514");
        expect_refused(table, c, "-1", "23514");
    }
    if (column->allowed) {
        expect_refused(table, c, "'no such word'", "23514");
        expect_refused(table, c, "''", "23514");
    }
    if (is_number)
        expect_refused(table, c, "9223372036854775808", "22003");
    if (column->references == SHOP_NO_TABLE)
        return;
    expect_update_refused(table, c, "77", "23503");
    text other = {NULL, 0}; /* whose other references are a unique key, and taken */
    put_insert(&other, table, 2, c, "77");
    PQclear(PQexec(hand, "BEGIN"));
    cr_expect(strncmp(state_of(hand, other.data), "23", 2) == 0 || strcmp(state_of(hand, "COMMIT"), "23503") == 0, "taken: %s",
              other.data);
    PQclear(PQexec(hand, "ROLLBACK"));
    free(other.data);
    text deleted = {NULL, 0};
    put(&deleted, "DELETE FROM \"%s\" WHERE id = 1;", schema->tables[column->references].name);
    expect_state(&deleted, "23503");
    free(deleted.data);
}

static void try_id(const shop_table *table)
{
    expect_refused(table, 0, "NULL", "23502");
    expect_refused(table, 0, "0", "23514");
    expect_refused(table, 0, "-1", "23514");
    expect_refused(table, 0, "9007199254740992", "23514");
    text twice = {NULL, 0};
    put_insert(&twice, table, 2, 0, "1");
    expect_state(&twice, "23505");
    free(twice.data);
}

static bool is_in(const shop_index *index, uint32_t column)
{
    for (uint16_t i = 0; i < index->column_count; i++) {
        if (index->columns[i] == column)
            return true;
    }
    return false;
}

/* A second row, whose key alone is that of the first. */
static void try_key(const shop_table *table, const shop_index *index)
{
    text t = {NULL, 0};
    put(&t, "INSERT INTO \"%s\" (", table->name);
    for (uint32_t i = 0; i < table->column_count; i++)
        put(&t, "%s\"%s\"", i ? ", " : "", table->columns[i].name);
    put(&t, ") VALUES (");
    for (uint32_t i = 0; i < table->column_count; i++) {
        put(&t, "%s", i ? ", " : "");
        put_good(&t, &table->columns[i], is_in(index, i) ? 1 : 2);
    }
    put(&t, ");");
    expect_state(&t, "23505");
    free(t.data);
}

/* Row 1 of each table, in one transaction: references are checked at its end. */
static void add_first_rows(const shop_schema *schema)
{
    text t = {NULL, 0};
    put(&t, "BEGIN;");
    for (uint32_t i = 0; i < schema->table_count; i++)
        put_insert(&t, &schema->tables[i], 1, 0, NULL);
    put(&t, "COMMIT");
    const char *state = state_of(hand, t.data);
    cr_assert_str_eq(state, "", "%s: %s", state, t.data);
    free(t.data);
}

TestSuite(postgres_rules, .init = make_place, .fini = drop_place, .timeout = 120);

Test(postgres_rules, of_every_column_and_key_hold_against_sql_written_by_hand)
{
    const shop_schema *schema = shop_schema_current();
    tiny_close(open_as(place, schema));
    add_first_rows(schema);
    for (uint32_t i = 0; i < schema->table_count; i++) {
        const shop_table *table = &schema->tables[i];
        try_id(table);
        for (uint32_t c = 1; c < table->column_count; c++)
            try_column(schema, table, c);
        for (uint32_t k = 0; k < table->index_count; k++) {
            if (table->indexes[k].flags & SHOP_INDEX_UNIQUE)
                try_key(table, &table->indexes[k]);
        }
    }
    cr_expect_gt(tried, 500, "only %d statements were tried", tried);
}

/* What NULL does not break, and what the rules let pass, is taken: the test above refuses for the rule's sake alone. */
Test(postgres_rules, take_what_they_allow)
{
    const shop_schema *schema = shop_schema_current();
    tiny_close(open_as(place, schema));
    add_first_rows(schema);
    for (uint32_t i = 0; i < schema->table_count; i++) {
        const shop_table *table = &schema->tables[i];
        for (uint32_t c = 1; c < table->column_count; c++) {
            const shop_column *column = &table->columns[c];
            text t = {NULL, 0};
            for (const char *const *word = column->allowed; word && *word; word++)
                put(&t, "UPDATE \"%s\" SET \"%s\" = '%s';", table->name, column->name, *word);
            if (column->flags & SHOP_COLUMN_NULLABLE)
                put(&t, "UPDATE \"%s\" SET \"%s\" = NULL;", table->name, column->name);
            if (t.data)
                expect_state(&t, "");
            free(t.data);
        }
    }
}

/* ------------------------------------------------------------------------------------------------ many at once */

enum { STARTS = 8 };

/* Processes, as many shopd are; they all go when the pipe is closed. Returns how many opened the place. */
static int start_many(const shop_schema *schema)
{
    int gate[2];
    int opened = 0;
    pid_t children[STARTS];
    cr_assert_eq(pipe(gate), 0);
    for (int i = 0; i < STARTS; i++) {
        children[i] = fork();
        cr_assert_geq(children[i], 0);
        if (children[i] == 0) {
            char byte;
            shop_fault fault;
            (void)close(gate[1]);
            void *self = read(gate[0], &byte, 1) == 0 ? tiny_open_as(place, schema, NULL, &fault) : NULL;
            if (!self)
                fprintf(stderr, "open: %d %s\n", (int)fault.outcome, fault.detail);
            else
                tiny_close(self);
            _exit(self ? 0 : 1);
        }
    }
    (void)close(gate[0]);
    (void)close(gate[1]);
    for (int i = 0; i < STARTS; i++) {
        int status = 0;
        (void)waitpid(children[i], &status, 0);
        opened += WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    return opened;
}

static int64_t count_of(const char *sql)
{
    return postgres_place_run(place, sql);
}

#define CONSTRAINTS                                                                                                            \
    "SELECT count(*) FROM pg_constraint WHERE connamespace = current_schema()::regnamespace AND contype IN ('c', 'f', 'p')"
#define INDEXES                                                                                                                \
    "SELECT count(*) FROM pg_index WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = "                          \
    "current_schema()::regnamespace)"

TestSuite(postgres_starts, .init = make_place, .fini = drop_place, .timeout = 120);

Test(postgres_starts, of_many_processes_make_one_schema_in_an_empty_database)
{
    cr_expect_eq(start_many(shop_schema_current()), STARTS);
    int64_t constraints = count_of(CONSTRAINTS);
    int64_t indexes = count_of(INDEXES " AND indisvalid");
    cr_expect_eq(count_of("SELECT count(*) FROM shop_meta WHERE key = 'schema_version'"), 1);
    drop_place();
    make_place(); /* what one process alone makes */
    tiny_close(open_as(place, shop_schema_current()));
    cr_expect_eq(constraints, count_of(CONSTRAINTS));
    cr_expect_eq(indexes, count_of(INDEXES));
}

typedef struct worker {
    void *self;
    atomic_bool stop;
    atomic_int done;
    atomic_int failed;
} worker;

/* A shop of the older version: adds rows, and counts them. */
static void *work_on_old(void *argument)
{
    worker *w = argument;
    const shop_aggregate counting = {.fn = SHOP_AGGREGATE_COUNT};
    for (int64_t id = 1000; !atomic_load(&w->stop); id++) {
        shop_arena *arena = shop_arena_new();
        shop_read read = {
            .table = THING, .group_by = SHOP_NO_COLUMN, .limit = -1, .aggregate_count = 1, .aggregates = &counting};
        shop_rows rows;
        bool good = tiny_add(w->self, id, id, "green pear") == SHOP_STORAGE_OK &&
                    tiny_query(w->self, arena, &read, 1, &rows) == SHOP_STORAGE_OK && rows.values[0].num >= id - 999;
        (void)atomic_fetch_add(good ? &w->done : &w->failed, 1);
        shop_arena_free(arena);
    }
    return NULL;
}

Test(postgres_starts, of_many_processes_upgrade_once_while_the_older_version_works_on)
{
    worker w = {.self = open_as(place, &tiny_schema_old)};
    pthread_t thread;
    (void)count_of("INSERT INTO thing (id, name, amount, words) SELECT i, 'row ' || i, i, 'red apple' FROM"
                   " generate_series(100001, 120000) i");
    cr_assert_eq(pthread_create(&thread, NULL, work_on_old, &w), 0);
    cr_expect_eq(start_many(&tiny_schema), STARTS);
    int during = atomic_load(&w.done);
    while (atomic_load(&w.done) < during + 3 && atomic_load(&w.failed) == 0) /* and after it */
        sched_yield();
    atomic_store(&w.stop, true);
    pthread_join(thread, NULL);
    cr_expect_eq(atomic_load(&w.failed), 0);
    cr_expect_eq(count_of("SELECT value FROM shop_meta"), 2);
    cr_expect_eq(count_of(INDEXES " AND indrelid = 'thing'::regclass AND indisvalid"), 4);
    cr_expect_eq(count_of(INDEXES " AND NOT indisvalid"), 0);
    cr_expect_eq(count_of("SELECT count(*) FROM thing WHERE colour = 'red'"), 20000 + atomic_load(&w.done));
    tiny_close(w.self);
}

/* The tables of this libshop, robbed of what an older one did not have yet. */
Test(postgres_starts, bring_the_shops_own_tables_up_from_an_older_version)
{
    tiny_close(open_as(place, shop_schema_current()));
    int64_t constraints = count_of(CONSTRAINTS);
    int64_t indexes = count_of(INDEXES);
    add_first_rows(shop_schema_current());
    (void)count_of("ALTER TABLE payment DROP COLUMN looks, DROP COLUMN dispute, DROP CONSTRAINT payment_amount_check;"
                   "DROP INDEX payment_due, product_words, product_created; DROP TABLE test_event;"
                   "UPDATE shop_meta SET value = value - 1");
    cr_expect_eq(start_many(shop_schema_current()), STARTS);
    cr_expect_eq(count_of(CONSTRAINTS), constraints);
    cr_expect_eq(count_of(INDEXES " AND indisvalid"), indexes);
    cr_expect_eq(count_of("SELECT looks FROM payment WHERE dispute = ''"), 0);
}

/* ------------------------------------------------------------------------------------------------ indexes while others work */

#define MAKING                                                                                                                 \
    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE %%INDEX CONCURRENTLY%%' AND state = 'active'"              \
    " AND wait_event_type = 'Lock' AND application_name = '%s'"

typedef struct opening {
    pthread_t thread;
    const shop_schema *schema;
    void *self;
    shop_fault fault;
    atomic_bool over;
} opening;

static void *open_in_thread(void *argument)
{
    opening *o = argument;
    o->self = tiny_open_as(named, o->schema, NULL, &o->fault);
    atomic_store(&o->over, true);
    return NULL;
}

/* Comes back when the index is being made, and waits for somebody's snapshot. */
static void start_opening(opening *o)
{
    char sql[400];
    cr_assert_eq(pthread_create(&o->thread, NULL, open_in_thread, o), 0);
    (void)snprintf(sql, sizeof sql, MAKING, postgres_place_schema(place));
    while (count_of(sql) == 0)
        cr_assert(!atomic_load(&o->over), "it did not wait: %s", o->self ? "opened" : o->fault.detail);
}

/* A reader that takes its time: it holds a snapshot, and no lock on any table of ours. */
static PGconn *start_long_reader(void)
{
    PGconn *pg = connect_by_hand();
    PQclear(PQexec(pg, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_type"));
    return pg;
}

TestSuite(postgres_online, .init = make_place, .fini = drop_place, .timeout = 120);

Test(postgres_online, rows_change_while_an_index_is_made)
{
    opening o = {.schema = &tiny_schema};
    void *old = open_as(place, &tiny_schema_old);
    cr_assert_eq(tiny_add(old, 1, 1, "red apple"), SHOP_STORAGE_OK);
    PGconn *reader = start_long_reader();
    start_opening(&o);
    PQclear(PQexec(hand, "SET lock_timeout = '1s'"));
    cr_expect_eq(tiny_add(old, 2, 2, "green pear"), SHOP_STORAGE_OK);
    cr_expect_str_eq(state_of(hand, "UPDATE thing SET words = 'yellow plum' WHERE id = 1"), "");
    cr_expect_str_eq(state_of(hand, "INSERT INTO thing (id, name, words) VALUES (3, 'third', 'blue plum')"), "");
    cr_expect_str_eq(state_of(hand, "DELETE FROM thing WHERE id = 2"), "");
    cr_expect(!atomic_load(&o.over), "the index was ready before the reader had gone");
    PQfinish(reader);
    pthread_join(o.thread, NULL);
    cr_assert(o.self != NULL, "%s", o.fault.detail);
    const shop_value words = {.type = SHOP_VALUE_TEXT, .size = 2, .data = "pl"};
    const shop_pred pred = {
        .column = THING_WORDS, .op = SHOP_PRED_MATCH, .other = SHOP_NO_COLUMN, .value_count = 1, .values = &words};
    cr_expect_eq(tiny_count(o.self, THING, &pred, 1), 2, "what changed meanwhile is in the index");
    tiny_close(o.self);
    tiny_close(old);
}

Test(postgres_online, an_index_left_half_made_by_a_crash_is_made_anew)
{
    char sql[400];
    opening o = {.schema = &tiny_schema};
    void *old = open_as(place, &tiny_schema_old);
    cr_assert_eq(tiny_add(old, 1, 1, "red apple"), SHOP_STORAGE_OK);
    tiny_close(old);
    PGconn *reader = start_long_reader();
    start_opening(&o);
    (void)snprintf(
        sql, sizeof sql,
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY%%'"
        " AND application_name = '%s'",
        postgres_place_schema(place));
    cr_expect_eq(count_of(sql), 1);
    pthread_join(o.thread, NULL);
    cr_assert(o.self == NULL, "opened without its connection");
    cr_expect_eq(o.fault.outcome, SHOP_STORAGE_UNAVAILABLE, "%d %s", (int)o.fault.outcome, o.fault.detail);
    PQfinish(reader);
    cr_expect_eq(count_of(INDEXES " AND NOT indisvalid"), 1, "the crash left nothing to mend");
    cr_expect_eq(count_of("SELECT value FROM shop_meta"), 1, "the version rises last");
    tiny_close(open_as(place, &tiny_schema));
    cr_expect_eq(count_of(INDEXES " AND NOT indisvalid"), 0);
    cr_expect_eq(count_of(INDEXES " AND indrelid = 'thing'::regclass"), 4);
    cr_expect_eq(count_of("SELECT value FROM shop_meta"), 2);
}

static const shop_index strict_indexes[] = {
    {"thing_name", SHOP_INDEX_UNIQUE, 1, {THING_NAME}},
    {"thing_amount", SHOP_INDEX_UNIQUE, 1, {THING_AMOUNT}},
};
static const shop_table strict_tables[] = {{"thing", tiny_thing_old, 5, strict_indexes, 2, NULL}};
static const shop_schema strict_schema = {2, 1, strict_tables};

Test(postgres_online, a_unique_key_that_rows_break_is_told_by_name_and_the_shop_stays_as_it_is)
{
    shop_fault fault;
    void *old = open_as(place, &tiny_schema_old);
    cr_assert_eq(tiny_add(old, 1, 5, "one"), SHOP_STORAGE_OK);
    cr_assert_eq(tiny_add(old, 2, 5, "the same amount"), SHOP_STORAGE_OK);
    for (int i = 0; i < 2; i++) {
        cr_expect(tiny_open_as(place, &strict_schema, NULL, &fault) == NULL);
        cr_expect_eq(fault.outcome, SHOP_STORAGE_UNAVAILABLE);
        cr_expect_eq(count_of(INDEXES " AND NOT indisvalid"), 0, "what is left of the index would refuse rows");
        cr_expect(strstr(fault.detail, "thing_amount") && strncmp(fault.detail, "schema: ", 8) == 0, "%s", fault.detail);
    }
    cr_expect_eq(tiny_add(old, 3, 5, "the older version goes on"), SHOP_STORAGE_OK, "a key that is not made binds nobody");
    cr_expect_eq(count_of("SELECT value FROM shop_meta"), 1);
    cr_expect_str_eq(state_of(hand, "DELETE FROM thing WHERE id > 1"), "");
    tiny_close(old);
    tiny_close(open_as(place, &strict_schema));
    cr_expect_str_eq(state_of(hand, "INSERT INTO thing (id, name, amount) VALUES (9, 'nine', 5)"), "23505");
}

/* ------------------------------------------------------------------------------------------------ refusals */

/* All that the schema's catalogue knows of the place, and its rows. */
#define FINGERPRINT                                                                                                            \
    "SELECT hashtextextended(string_agg(line, ';' ORDER BY line), 0) FROM ("                                                   \
    "SELECT format('%s %s %s', relname, relkind, c.oid) AS line FROM pg_class c WHERE relnamespace = "                         \
    "current_schema()::regnamespace"                                                                                           \
    " UNION ALL SELECT format('%s %s', conname, oid) FROM pg_constraint WHERE connamespace = current_schema()::regnamespace"   \
    " UNION ALL SELECT format('%s %s', proname, xmin) FROM pg_proc WHERE pronamespace = current_schema()::regnamespace"        \
    " UNION ALL SELECT format('%s %s', attname, a.xmin) FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid"               \
    " WHERE relnamespace = current_schema()::regnamespace) AS lines"

static void expect_untouched_refusal(int32_t outcome, const char *what)
{
    shop_fault fault;
    int64_t before = count_of(FINGERPRINT);
    for (int i = 0; i < 2; i++) {
        cr_expect(tiny_open_as(place, shop_schema_current(), NULL, &fault) == NULL, "opened: %s", what);
        cr_expect_eq(fault.outcome, outcome, "%s: %d %s", what, (int)fault.outcome, fault.detail);
    }
    cr_expect_eq(count_of(FINGERPRINT), before, "touched: %s", what);
}

TestSuite(postgres_strangers, .init = make_place, .fini = drop_place, .timeout = 120);

Test(postgres_strangers, a_newer_shop_is_refused_and_left_untouched)
{
    tiny_close(open_as(place, shop_schema_current()));
    add_first_rows(shop_schema_current());
    (void)count_of("UPDATE shop_meta SET value = value + 1; ALTER TABLE product DROP COLUMN stock, ADD COLUMN future bigint");
    expect_untouched_refusal(SHOP_STORAGE_NEWER, "a newer shop");
}

Test(postgres_strangers, tables_of_our_names_are_refused_and_left_untouched)
{
    (void)count_of("CREATE TABLE product (name text); INSERT INTO product VALUES ('theirs'); CREATE TABLE orders (id int)");
    expect_untouched_refusal(SHOP_STORAGE_FOREIGN, "another program's tables");
    cr_expect_eq(count_of("SELECT count(*) FROM product WHERE name = 'theirs'"), 1);
    (void)count_of("DROP TABLE product, orders; CREATE SEQUENCE product_slug");
    expect_untouched_refusal(SHOP_STORAGE_FOREIGN, "a sequence named as one of our indexes");
}
