/* SPDX-License-Identifier: MIT */
/* The SQLite backend where the conformance kit cannot look: files it must not touch, upgrades, other processes, what it remembers. */
#include <criterion/criterion.h>

#include <dirent.h>
#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../../libshop/storage/eval.h"
#include "../../libshop/storage/sqlite/counts.h"
#include "../../libshop/storage/sqlite/schema_sqlite.h"
#include "../../libshop/storage/sqlite/statement.h"
#include "../../libshop/storage/sqlite/words.h"
#include "sqlite_support.h"

static tiny_place place;

static void make_place(void)
{
    tiny_place_make(&place);
}

static void remove_place(void)
{
    tiny_place_remove(&place);
}

/* ------------------------------------------------------------------------------------------------ files and their bytes */

static uint64_t hash_bytes(uint64_t h, const void *bytes, size_t size)
{
    const unsigned char *b = bytes;
    for (size_t i = 0; i < size; i++)
        h = (h ^ b[i]) * UINT64_C(1099511628211);
    return h;
}

static uint64_t hash_file(const char *name)
{
    char path[512];
    uint64_t h = hash_bytes(1469598103934665603u, name, strlen(name));
    snprintf(path, sizeof path, "%s/%s", place.folder, name);
    FILE *f = fopen(path, "rb");
    cr_assert(f != NULL);
    char buffer[4096];
    size_t got;
    while ((got = fread(buffer, 1, sizeof buffer, f)) > 0)
        h = hash_bytes(h, buffer, got);
    fclose(f);
    return h;
}

/* All names and bytes of the folder but the -shm files' bytes: locks live there. */
static uint64_t hash_folder(void)
{
    uint64_t h = 0;
    DIR *folder = opendir(place.folder);
    cr_assert(folder != NULL);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        size_t length = strlen(entry->d_name);
        int shared = length > 4 && strcmp(entry->d_name + length - 4, "-shm") == 0;
        h += shared ? hash_bytes(7, entry->d_name, length) : hash_file(entry->d_name);
    }
    closedir(folder);
    return h;
}

static void write_file(const void *bytes, size_t size)
{
    FILE *f = fopen(place.path, "wb");
    cr_assert(f != NULL);
    cr_assert_eq(fwrite(bytes, 1, size, f), size);
    fclose(f);
}

static void overwrite(long offset, const char *byte, size_t count)
{
    FILE *f = fopen(place.path, "r+b");
    cr_assert(f != NULL && fseek(f, offset, SEEK_SET) == 0);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(fwrite(byte, 1, 1, f), 1u);
    fclose(f);
}

static sqlite3 *plain_sqlite(const char *sql)
{
    sqlite3 *db;
    cr_assert_eq(sqlite3_open(place.path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    return db;
}

static void run_plain_sqlite(const char *sql)
{
    cr_assert_eq(sqlite3_close(plain_sqlite(sql)), SQLITE_OK);
}

static void make_shop(const shop_schema *schema)
{
    shop_fault fault;
    void *self = tiny_open_as(place.url, schema, NULL, &fault);
    cr_assert(self != NULL, "%s", fault.detail);
    for (int64_t i = 1; i <= 200 && schema == &tiny_schema; i++)
        cr_assert_eq(tiny_add(self, i, i, "blue sky"), SHOP_STORAGE_OK);
    tiny_close(self);
}

static void expect_refusal(int32_t outcome)
{
    shop_fault fault;
    uint64_t before = hash_folder();
    cr_expect(tiny_open_as(place.url, &tiny_schema, NULL, &fault) == NULL);
    cr_expect_eq(fault.outcome, outcome, "%d: %s", (int)fault.outcome, fault.detail);
    cr_expect_neq(fault.detail[0], '\0');
    cr_expect_eq(hash_folder(), before, "something was changed or made");
}

TestSuite(sqlite_refusal, .init = make_place, .fini = remove_place, .timeout = 60);

Test(sqlite_refusal, of_a_file_that_is_not_sqlite)
{
    static const char diary[] =
        "Dear diary, today I sold nothing, and so it went on for days and days, in this and in other shops, "
        "and I wrote it down here.";
    write_file(diary, sizeof diary);
    expect_refusal(SHOP_STORAGE_FOREIGN);
    write_file("x", 1);
    expect_refusal(SHOP_STORAGE_FOREIGN);
}

Test(sqlite_refusal, of_an_sqlite_file_of_another_program)
{
    run_plain_sqlite("CREATE TABLE diary(text); INSERT INTO diary VALUES ('nothing sold')");
    expect_refusal(SHOP_STORAGE_FOREIGN);
    run_plain_sqlite("PRAGMA application_id = 17; DROP TABLE diary");
    expect_refusal(SHOP_STORAGE_FOREIGN);
}

Test(sqlite_refusal, of_a_foreign_file_with_a_log)
{
    run_plain_sqlite("PRAGMA journal_mode = WAL; CREATE TABLE diary(text)");
    expect_refusal(SHOP_STORAGE_FOREIGN);
    /* in use, and its tables are in the log only */
    remove(place.path);
    sqlite3 *db = plain_sqlite("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE diary(text)");
    expect_refusal(SHOP_STORAGE_FOREIGN);
    cr_assert_eq(sqlite3_close(db), SQLITE_OK);
}

Test(sqlite_refusal, of_a_foreign_log_left_by_a_crash)
{
    pid_t child = fork();
    cr_assert(child >= 0);
    if (child == 0) {
        (void)plain_sqlite("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE diary(text)");
        _exit(0);
    }
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    char shared[128];
    snprintf(shared, sizeof shared, "%s-shm", place.path);
    expect_refusal(SHOP_STORAGE_FOREIGN);
    cr_assert_eq(unlink(shared), 0);
    expect_refusal(SHOP_STORAGE_FOREIGN);
}

Test(sqlite_refusal, of_a_newer_shop)
{
    make_shop(&tiny_schema);
    run_plain_sqlite("PRAGMA user_version = 3");
    expect_refusal(SHOP_STORAGE_NEWER);
}

Test(sqlite_refusal, of_damaged_files)
{
    make_shop(&tiny_schema);
    overwrite(16, "\xff", 40); /* the header behind the magic */
    expect_refusal(SHOP_STORAGE_FOREIGN);

    remove(place.path);
    make_shop(&tiny_schema);
    overwrite(100, "\xff", 3000); /* the table of tables */
    expect_refusal(SHOP_STORAGE_FOREIGN);

    remove(place.path);
    make_shop(&tiny_schema);
    cr_assert_eq(truncate(place.path, 8192), 0);
    expect_refusal(SHOP_STORAGE_FOREIGN);

    remove(place.path);
    make_shop(&tiny_schema);
    run_plain_sqlite("DROP TABLE thing");
    expect_refusal(SHOP_STORAGE_FOREIGN);
}

Test(sqlite_refusal, of_places_that_cannot_be)
{
    shop_fault fault;
    char url[160];
    snprintf(url, sizeof url, "sqlite:%s/no/such/folder/shop.db", place.folder);
    cr_expect(tiny_open_as(url, &tiny_schema, NULL, &fault) == NULL);
    cr_expect_eq(fault.outcome, SHOP_STORAGE_UNAVAILABLE);
    snprintf(url, sizeof url, "sqlite:%s", place.folder);
    cr_expect(tiny_open_as(url, &tiny_schema, NULL, &fault) == NULL);
    cr_expect_eq(fault.outcome, SHOP_STORAGE_FOREIGN);
    cr_expect(tiny_open_as("sqlite:", &tiny_schema, NULL, &fault) == NULL);
    cr_expect_eq(fault.outcome, SHOP_STORAGE_INVALID);
}

Test(sqlite_refusal, to_make_or_upgrade_when_opened_for_reading_only)
{
    const shop_storage_host host = {.struct_size = sizeof host, .flags = SHOP_STORAGE_READ_ONLY};
    shop_fault fault;
    uint64_t before = hash_folder();
    cr_expect(tiny_open_as(place.url, &tiny_schema, &host, &fault) == NULL);
    cr_expect_eq(fault.outcome, SHOP_STORAGE_ABSENT);
    cr_expect_eq(hash_folder(), before);
    make_shop(&tiny_schema_old);
    before = hash_folder();
    cr_expect(tiny_open_as(place.url, &tiny_schema, &host, &fault) == NULL);
    cr_expect_eq(fault.outcome, SHOP_STORAGE_OLDER);
    cr_expect_eq(hash_folder(), before);
}

/* ------------------------------------------------------------------------------------------------ opening */

TestSuite(sqlite_place, .init = make_place, .fini = remove_place, .timeout = 120);

Test(sqlite_place, is_made_for_its_owner_only_and_named_as_a_shop)
{
    make_shop(&tiny_schema);
    struct stat status;
    cr_assert_eq(stat(place.path, &status), 0);
    cr_expect_eq(status.st_mode & 0777, 0600);
    unsigned char header[72];
    FILE *f = fopen(place.path, "rb");
    cr_assert(f && fread(header, 1, sizeof header, f) == sizeof header);
    fclose(f);
    cr_expect_eq(memcmp(header + 68, "shop", 4), 0);
    cr_expect_eq(header[63], 2, "user_version is the schema's");
}

Test(sqlite_place, that_is_an_empty_file_becomes_a_shop)
{
    write_file("", 0);
    make_shop(&tiny_schema);
    void *self = tiny_open(&place);
    cr_assert(self != NULL);
    cr_expect_eq(tiny_count(self, THING, NULL, 0), 200);
    tiny_close(self);
}

Test(sqlite_place, may_have_any_name)
{
    static const char *const names[] = {"a b", "100%", "what?x=1", "a#b", ":memory:", "file:x", "grün"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char old[256];
        cr_assert(getcwd(old, sizeof old) != NULL);
        cr_assert_eq(chdir(place.folder), 0);
        char url[64];
        shop_fault fault;
        snprintf(url, sizeof url, "sqlite:%s", names[i]);
        void *self = tiny_open_as(url, &tiny_schema, NULL, &fault);
        cr_assert(self != NULL, "%s: %s", names[i], fault.detail);
        cr_assert_eq(chdir(old), 0); /* the instance must not care */
        cr_expect_eq(tiny_add(self, 1, 1, ""), SHOP_STORAGE_OK);
        cr_expect_eq(tiny_count(self, THING, NULL, 0), 1);
        tiny_close(self);
        char path[256];
        snprintf(path, sizeof path, "%s/%s", place.folder, names[i]);
        cr_expect_eq(access(path, F_OK), 0, "%s", names[i]);
        cr_expect(tiny_open_as(url, &tiny_schema, &(shop_storage_host){.flags = SHOP_STORAGE_READ_ONLY}, &fault) == NULL);
        unlink(path);
    }
}

Test(sqlite_place, keeps_rows_and_ids_over_a_close)
{
    shop_fault fault;
    int64_t first = 0;
    int64_t later = 0;
    make_shop(&tiny_schema);
    void *self = tiny_open(&place);
    cr_assert(self != NULL);
    cr_expect_eq(tiny_number(self, THING, 77, THING_AMOUNT), 77);
    cr_expect_eq(shop_storage_sqlite()->allocate(self, OWNER, 10, &first, &fault), SHOP_STORAGE_OK);
    tiny_close(self);
    self = tiny_open(&place);
    cr_expect_eq(shop_storage_sqlite()->allocate(self, OWNER, 1, &later, &fault), SHOP_STORAGE_OK);
    cr_expect_eq(first, 1);
    cr_expect_geq(later, 11);
    cr_expect_eq(shop_storage_sqlite()->ping(self, &fault), SHOP_STORAGE_OK);
    tiny_close(self);
}

Test(sqlite_place, is_opened_for_reading_only)
{
    const shop_storage_host host = {.struct_size = sizeof host, .flags = SHOP_STORAGE_READ_ONLY};
    shop_fault fault;
    make_shop(&tiny_schema);
    void *self = tiny_open_as(place.url, &tiny_schema, &host, &fault);
    cr_assert(self != NULL, "%s", fault.detail);
    cr_expect_eq(tiny_count(self, THING, NULL, 0), 200);
    cr_expect_eq(tiny_add(self, 1000, 1, ""), SHOP_STORAGE_INVALID);
    void *other = tiny_open(&place);
    cr_expect_eq(tiny_add(other, 1000, 1, ""), SHOP_STORAGE_OK);
    cr_expect_eq(tiny_count(self, THING, NULL, 0), 201);
    cr_expect_eq(shop_storage_sqlite()->ping(self, &fault), SHOP_STORAGE_OK);
    tiny_close(other);
    tiny_close(self);
}

/* ------------------------------------------------------------------------------------------------ upgrading */

static int64_t count_words(void *self, const char *words)
{
    const shop_value value = shop_value_text(words);
    const shop_pred pred = {
        .column = THING_WORDS, .op = SHOP_PRED_MATCH, .other = SHOP_NO_COLUMN, .value_count = 1, .values = &value};
    return tiny_count(self, THING, &pred, 1);
}

static int32_t set_kind(void *self, int64_t id, const char *kind)
{
    shop_fault fault;
    tiny_batch b = {.count = 0};
    tiny_on_id(&b, SHOP_OP_UPDATE, THING, id);
    tiny_set_text(&b, THING_KIND, kind);
    return tiny_apply(self, &b, &fault);
}

Test(sqlite_place, of_an_older_schema_is_upgraded)
{
    shop_fault fault;
    void *old = tiny_open_as(place.url, &tiny_schema_old, NULL, &fault);
    cr_assert(old != NULL, "%s", fault.detail);
    for (int64_t i = 1; i <= 50; i++)
        cr_assert_eq(tiny_add(old, i, i, i % 2 ? "green tree" : "blue sky"), SHOP_STORAGE_OK);
    tiny_close(old);
    void *self = tiny_open(&place);
    cr_assert(self != NULL);
    cr_expect_eq(tiny_count(self, THING, NULL, 0), 50);
    cr_expect_eq(count_words(self, "gre"), 25, "the new index knows the old rows");
    const shop_value red = shop_value_text("red");
    const shop_pred pred = {
        .column = THING_COLOUR, .op = SHOP_PRED_EQ, .other = SHOP_NO_COLUMN, .value_count = 1, .values = &red};
    cr_expect_eq(tiny_count(self, THING, &pred, 1), 50, "old rows hold the new column's default");
    cr_expect_eq(set_kind(self, 3, "used"), SHOP_STORAGE_OK, "a word that was not allowed before is now");
    cr_expect_eq(set_kind(self, 3, "rotten"), SHOP_STORAGE_CONSTRAINT);
    cr_expect_eq(tiny_count(self, OWNER, NULL, 0), 0, "the new table is there");
    tiny_close(self);
    self = tiny_open(&place);
    cr_expect_eq(tiny_count(self, THING, NULL, 0), 50);
    tiny_close(self);
    cr_expect(tiny_open_as(place.url, &tiny_schema_old, NULL, &fault) == NULL);
    cr_expect_eq(fault.outcome, SHOP_STORAGE_NEWER);
    sqlite3 *db = plain_sqlite("PRAGMA integrity_check");
    sqlite3_close(db);
}

static void *open_and_add(void *number)
{
    int64_t id = (int64_t)(intptr_t)number;
    void *self = tiny_open(&place);
    int32_t outcome = self ? tiny_add(self, id, id, "") : SHOP_STORAGE_UNAVAILABLE;
    return outcome == SHOP_STORAGE_OK ? self : NULL;
}

Test(sqlite_place, is_made_by_many_at_once)
{
    for (int round = 0; round < 5; round++) {
        pid_t children[3];
        pthread_t threads[3];
        void *instances[3];
        for (int i = 0; i < 3; i++) {
            children[i] = fork();
            cr_assert(children[i] >= 0);
            if (children[i] == 0) {
                void *self = open_and_add((void *)(intptr_t)(10 + i));
                if (self)
                    tiny_close(self);
                _exit(self ? 0 : 1);
            }
        }
        for (int i = 0; i < 3; i++)
            cr_assert_eq(pthread_create(&threads[i], NULL, open_and_add, (void *)(intptr_t)(20 + i)), 0);
        for (int i = 0; i < 3; i++) {
            pthread_join(threads[i], &instances[i]);
            cr_assert(instances[i] != NULL);
            int status;
            cr_assert_eq(waitpid(children[i], &status, 0), children[i]);
            cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        }
        cr_expect_eq(tiny_count(instances[0], THING, NULL, 0), 6);
        for (int i = 0; i < 3; i++)
            tiny_close(instances[i]);
        cr_assert_eq(unlink(place.path), 0);
    }
}

/* ------------------------------------------------------------------------------------------------ two on one file */

Test(sqlite_place, shows_one_instance_what_another_wrote)
{
    void *a = tiny_open(&place);
    void *b = tiny_open(&place);
    cr_assert(a && b);
    for (int64_t i = 1; i <= 100; i++) {
        cr_assert_eq(tiny_add(i % 2 ? a : b, i, i, ""), SHOP_STORAGE_OK);
        cr_assert_eq(tiny_count(a, THING, NULL, 0), i);
        cr_assert_eq(tiny_count(b, THING, NULL, 0), i);
    }
    tiny_close(a);
    cr_expect_eq(tiny_count(b, THING, NULL, 0), 100);
    tiny_close(b);
}

Test(sqlite_place, that_another_process_writes_to_is_waited_for_until_the_deadline)
{
    shop_fault fault;
    tiny_batch b = {.count = 0};
    void *self = tiny_open(&place);
    sqlite3 *other = plain_sqlite("BEGIN IMMEDIATE");
    tiny_insert(&b, THING, 1, "late");
    int64_t began = shop_monotonic_now();
    cr_expect_eq(tiny_apply_until(self, &b, began + 100000, &fault), SHOP_STORAGE_UNAVAILABLE);
    cr_expect(shop_monotonic_now() - began >= 100000);
    cr_expect(strstr(fault.detail, "busy") != NULL, "%s", fault.detail);
    cr_expect_eq(tiny_count(self, THING, NULL, 0), 0);
    cr_assert_eq(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    cr_expect_eq(tiny_apply(self, &b, &fault), SHOP_STORAGE_OK);
    cr_expect_eq(tiny_count(self, THING, NULL, 0), 1);
    sqlite3_close(other);
    tiny_close(self);
}

/* ------------------------------------------------------------------------------------------------ words */

Test(sqlite_place, finds_words_byte_by_byte)
{
    static const char *const texts[] = {
        "AND OR NOT",
        "and or not",
        "c++ c# .net",
        "\"quoted\" it's",
        "a* *b ^c",
        "grün größe",
        "grun grosse",
        "NEAR(a b)",
        "colour:red",
        "x",
        "xy xyz",
        "日本語 日",
        "- -- ---",
        "( ) { }",
        "UPPER Upper",
        "upper",
        "",
        "\x01\x02 \x7f",
        "tab\there",
        "a b c d e f g h",
    };
    static const char *const queries[] = {
        "AND",
        "and",
        "a",
        "A",
        "c+",
        "c++",
        "c#",
        ".",
        "\"",
        "\"q",
        "it'",
        "*",
        "a*",
        "^",
        "^c",
        "gr",
        "grü",
        "grün",
        "gru",
        "NEAR(",
        "colour",
        "colour:",
        "colour:r",
        "x",
        "xy",
        "xyz",
        "xyzz",
        "日",
        "日本",
        "-",
        "--",
        "---",
        "(",
        "}",
        "{ }",
        "U",
        "Up",
        "UP",
        "upper",
        "",
        "\x01",
        "\x7f",
        "tab",
        "tab\t",
        "a b",
        "b a",
        "h g f e d c b a",
        "OR NOT",
        "NOT",
        "not and",
        "zzz",
        "x zzz",
    };
    void *self = tiny_open(&place);
    size_t text_count = sizeof texts / sizeof *texts;
    for (size_t i = 0; i < text_count; i++)
        cr_assert_eq(tiny_add(self, (int64_t)i + 1, 0, texts[i]), SHOP_STORAGE_OK);
    for (size_t q = 0; q < sizeof queries / sizeof *queries; q++) {
        int64_t expected = 0;
        for (size_t i = 0; i < text_count; i++) {
            const shop_value row[] = {tiny_int(1), tiny_int(0), tiny_int(0), tiny_int(0), shop_value_text(texts[i])};
            const shop_value value = shop_value_text(queries[q]);
            const shop_pred pred = {
                .column = THING_WORDS, .op = SHOP_PRED_MATCH, .other = SHOP_NO_COLUMN, .value_count = 1, .values = &value};
            expected += shop_eval_passes(row, &pred, 1);
        }
        cr_expect_eq(count_words(self, queries[q]), expected, "\"%s\": %lld instead of %lld", queries[q],
                     (long long)count_words(self, queries[q]), (long long)expected);
    }
    tiny_close(self);
}

Test(sqlite_place, finds_words_after_they_changed)
{
    shop_fault fault;
    void *self = tiny_open(&place);
    cr_assert_eq(tiny_add(self, 1, 0, "old words"), SHOP_STORAGE_OK);
    tiny_batch b = {.count = 0};
    tiny_on_id(&b, SHOP_OP_UPDATE, THING, 1);
    tiny_set_text(&b, THING_WORDS, "new words");
    cr_assert_eq(tiny_apply(self, &b, &fault), SHOP_STORAGE_OK);
    cr_expect_eq(count_words(self, "old"), 0);
    cr_expect_eq(count_words(self, "new wor"), 1);
    tiny_batch gone = {.count = 0};
    tiny_on_id(&gone, SHOP_OP_DELETE, THING, 1);
    cr_assert_eq(tiny_apply(self, &gone, &fault), SHOP_STORAGE_OK);
    cr_expect_eq(count_words(self, "new"), 0);
    cr_assert_eq(tiny_add(self, 1, 0, "third"), SHOP_STORAGE_OK);
    cr_expect_eq(count_words(self, "th"), 1);
    tiny_close(self);
}

Test(sqlite_place, finds_words_that_the_index_cannot)
{
    enum { LONG = 5000, MANY = 100 };
    char word[LONG + 1];
    char many[MANY * 2 + 1];
    void *self = tiny_open(&place);
    memset(word, 'w', LONG);
    word[LONG] = '\0';
    for (size_t i = 0; i < MANY * 2; i++)
        many[i] = i % 2 ? ' ' : 'w';
    many[MANY * 2] = '\0';
    cr_assert_eq(tiny_add(self, 1, 0, word), SHOP_STORAGE_OK);
    cr_assert_eq(tiny_add(self, 2, 0, "ww"), SHOP_STORAGE_OK);
    cr_expect_eq(count_words(self, word), 1);
    cr_expect_eq(count_words(self, many), 2);
    tiny_close(self);
}

/* ------------------------------------------------------------------------------------------------ statements */

static void read_by_id(shop_sqlite_connection *c, int64_t id)
{
    const shop_value value = tiny_int(id);
    const shop_pred pred = {.column = 0, .op = SHOP_PRED_EQ, .other = SHOP_NO_COLUMN, .value_count = 1, .values = &value};
    shop_read read = tiny_read(THING, &pred, 1);
    read.shape = shop_shape_of_read(&read);
    const shop_sqlite_scope scope = {.connection = c, .schema = &tiny_schema};
    sqlite3_stmt *statement;
    cr_assert_eq(shop_sqlite_read_statement(&scope, &read, &statement), SQLITE_OK);
    cr_assert_eq(sqlite3_step(statement), SQLITE_ROW);
    cr_assert_eq(sqlite3_column_int64(statement, 0), id);
    sqlite3_reset(statement);
}

static void read_by_list(shop_sqlite_connection *c, uint32_t count)
{
    shop_value values[200];
    for (uint32_t i = 0; i < count; i++)
        values[i] = tiny_int((int64_t)i + 1);
    const shop_rows earlier = {.count = count, .width = 1, .values = values};
    const shop_pred pred = {.column = 0, .op = SHOP_PRED_IN_READ, .other = 0, .read = 0};
    shop_read read = tiny_read(THING, &pred, 1);
    read.shape = shop_shape_of_read(&read);
    const shop_sqlite_scope scope = {.connection = c, .schema = &tiny_schema, .rows = &earlier};
    sqlite3_stmt *statement;
    cr_assert_eq(shop_sqlite_read_statement(&scope, &read, &statement), SQLITE_OK);
    uint32_t found = 0;
    while (sqlite3_step(statement) == SQLITE_ROW)
        found++;
    sqlite3_reset(statement);
    cr_expect_eq(found, count);
}

Test(sqlite_place, prepares_a_statement_once_a_shape)
{
    shop_fault fault;
    shop_sqlite_connection c;
    make_shop(&tiny_schema);
    cr_assert_eq(shop_sqlite_connect(&c, place.path, SHOP_SQLITE_READS, &fault), SHOP_STORAGE_OK);
    for (int64_t id = 1; id <= 200; id++)
        read_by_id(&c, id);
    cr_expect_eq(c.prepared, 1u);
    for (uint32_t count = 0; count <= 200; count++)
        read_by_list(&c, count);
    cr_expect_eq(c.prepared, 1u + 8u, "none, 1, 2, 4, 8, 16, 32, and a table for more");
    shop_sqlite_disconnect(&c);
}

Test(sqlite_place, keeps_no_more_statements_than_it_may)
{
    shop_fault fault;
    shop_sqlite_connection c;
    make_shop(&tiny_schema);
    cr_assert_eq(shop_sqlite_connect(&c, place.path, SHOP_SQLITE_READS, &fault), SHOP_STORAGE_OK);
    for (uint64_t key = 1; key <= 2000; key++) {
        sqlite3_stmt *statement;
        cr_assert_eq(
            shop_sqlite_make(&c, key * UINT64_C(0x9e3779b97f4a7c15), sqlite3_mprintf("SELECT %d", (int)key), &statement),
            SQLITE_OK);
    }
    unsigned kept = 0;
    for (sqlite3_stmt *s = sqlite3_next_stmt(c.db, NULL); s; s = sqlite3_next_stmt(c.db, s))
        kept++;
    cr_expect_eq(kept, SHOP_SQLITE_SETS * SHOP_SQLITE_WAYS);
    cr_expect(shop_sqlite_find(&c, 2000 * UINT64_C(0x9e3779b97f4a7c15)) != NULL, "the last one is there");
    shop_sqlite_disconnect(&c);
}

/* ------------------------------------------------------------------------------------------------ remembered counts */

static void foreign_change(sqlite3 *db, const char *sql)
{
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
}

/* A commit of "ours", as the writer makes it. */
static void own_change(shop_sqlite_counts *counts, sqlite3 *db, const char *sql, uint16_t table, uint64_t columns)
{
    foreign_change(db, "BEGIN IMMEDIATE");
    foreign_change(db, sql);
    shop_sqlite_counts_touch(counts, table, columns);
    shop_sqlite_counts_begin(counts);
    foreign_change(db, "COMMIT");
    shop_sqlite_counts_end(counts, SHOP_SQLITE_COMMIT_WROTE);
}

static int finds(shop_sqlite_counts *counts, const shop_read *read)
{
    int64_t count;
    const shop_sqlite_stamp stamp = shop_sqlite_counts_stamp(counts, read);
    return shop_sqlite_counts_find(counts, read, &stamp, &count);
}

static void remember(shop_sqlite_counts *counts, const shop_read *read)
{
    const shop_sqlite_stamp stamp = shop_sqlite_counts_stamp(counts, read);
    cr_assert(stamp.settled);
    shop_sqlite_counts_keep(counts, read, &stamp, 42);
    cr_assert(finds(counts, read));
}

Test(sqlite_place, forgets_a_count_when_and_only_when_something_matters)
{
    make_shop(&tiny_schema);
    sqlite3 *ours = plain_sqlite("SELECT * FROM owner");
    sqlite3 *theirs = plain_sqlite("SELECT * FROM owner");
    cr_assert(shop_sqlite_words_install(ours) == SQLITE_OK && shop_sqlite_words_install(theirs) == SQLITE_OK);
    shop_sqlite_counts *counts = shop_sqlite_counts_new(&tiny_schema, ours);
    const shop_value value = tiny_int(5);
    const shop_pred pred = {
        .column = THING_AMOUNT, .op = SHOP_PRED_GT, .other = SHOP_NO_COLUMN, .value_count = 1, .values = &value};
    shop_read read = tiny_counted(THING, &pred, 1);
    read.shape = shop_shape_of_read(&read);
    remember(counts, &read);

    own_change(counts, ours, "UPDATE thing SET kind = 'used' WHERE id = 1", THING, UINT64_C(1) << THING_KIND);
    cr_expect(finds(counts, &read), "another column");
    own_change(counts, ours, "INSERT INTO owner VALUES (1, 'a')", OWNER, 0);
    cr_expect(finds(counts, &read), "another table");
    own_change(counts, ours, "UPDATE thing SET amount = 9 WHERE id = 1", THING, UINT64_C(1) << THING_AMOUNT);
    cr_expect(!finds(counts, &read), "its column");
    remember(counts, &read);
    own_change(counts, ours, "DELETE FROM thing WHERE id = 200", THING, 0);
    cr_expect(!finds(counts, &read), "a row of its table");

    remember(counts, &read);
    foreign_change(theirs, "INSERT INTO owner VALUES (2, 'b')");
    cr_expect(!finds(counts, &read), "a commit of another process");
    remember(counts, &read);
    own_change(counts, ours, "INSERT INTO owner VALUES (3, 'c')", OWNER, 0);
    cr_expect(finds(counts, &read), "ours again, and of no concern");
    foreign_change(theirs, "INSERT INTO owner VALUES (4, 'd')");
    own_change(counts, ours, "INSERT INTO owner VALUES (5, 'e')", OWNER, 0);
    cr_expect(!finds(counts, &read), "theirs, then ours");

    remember(counts, &read);
    foreign_change(ours, "BEGIN IMMEDIATE");
    shop_sqlite_counts_touch(counts, THING, 0);
    shop_sqlite_counts_begin(counts);
    cr_expect(!finds(counts, &read), "a commit is under way");
    foreign_change(ours, "ROLLBACK");
    shop_sqlite_counts_end(counts, SHOP_SQLITE_COMMIT_FAILED);
    foreign_change(theirs, "DELETE FROM thing WHERE id = 199");
    cr_expect(!finds(counts, &read), "a commit that failed, then theirs");
    shop_sqlite_counts_free(counts);
    sqlite3_close(theirs);
    sqlite3_close(ours);
}

static void expect_true_count(void *self, int64_t least)
{
    shop_arena *arena = shop_arena_new();
    const shop_value value = tiny_int(least);
    const shop_pred pred = {
        .column = THING_AMOUNT, .op = SHOP_PRED_GE, .other = SHOP_NO_COLUMN, .value_count = 1, .values = &value};
    shop_read reads[2] = {tiny_counted(THING, &pred, 1), tiny_read(THING, &pred, 1)};
    shop_rows rows[2];
    cr_assert_eq(tiny_query(self, arena, reads, 2, rows), SHOP_STORAGE_OK);
    cr_assert_eq(rows[0].values[0].num, (int64_t)rows[1].count);
    cr_assert_eq(tiny_count(self, THING, &pred, 1), (int64_t)rows[1].count);
    shop_arena_free(arena);
}

Test(sqlite_place, tells_true_counts_whatever_happens)
{
    shop_fault fault;
    unsigned seed = 4711;
    void *instances[2] = {tiny_open(&place), tiny_open(&place)};
    for (int step = 0; step < 1500; step++) {
        seed = seed * 1103515245u + 12345u;
        void *self = instances[(seed >> 8) % 3 == 0];
        int64_t id = 1 + (int64_t)((seed >> 12) % 40);
        tiny_batch b = {.count = 0};
        switch ((seed >> 24) % 5) {
        case 0:
            (void)tiny_add(self, id, id % 7, "");
            break;
        case 1:
            tiny_on_id(&b, SHOP_OP_DELETE, THING, id);
            (void)tiny_apply(self, &b, &fault);
            break;
        case 2:
            tiny_on_id(&b, SHOP_OP_UPDATE, THING, id);
            tiny_set_int(&b, THING_AMOUNT, (int64_t)(seed % 9));
            (void)tiny_apply(self, &b, &fault);
            break;
        case 3:
            tiny_on_id(&b, SHOP_OP_UPDATE, THING, id);
            tiny_set_text(&b, THING_COLOUR, "blue");
            (void)tiny_apply(self, &b, &fault);
            break;
        default:
            break;
        }
        expect_true_count(instances[step % 2], (int64_t)(seed % 5));
    }
    tiny_close(instances[0]);
    tiny_close(instances[1]);
}

/* ------------------------------------------------------------------------------------------------ groups */

enum { CALLERS = 12, CALLS = 60 };

typedef struct caller {
    void *self;
    int64_t number;
    int good;
    int bad;
} caller;

/* Every third batch fails at its second operation. */
static void *apply_many(void *argument)
{
    caller *c = argument;
    for (int64_t i = 0; i < CALLS; i++) {
        shop_fault fault;
        char name[32];
        tiny_batch b = {.count = 0};
        int64_t id = 1 + c->number * CALLS + i;
        snprintf(name, sizeof name, "row %lld", (long long)id);
        tiny_insert(&b, THING, id, name);
        tiny_set_int(&b, THING_AMOUNT, 1);
        tiny_on_id(&b, SHOP_OP_UPDATE, THING, i % 3 == 2 ? 1000000 : id);
        tiny_set(&b, THING_AMOUNT, SHOP_SET_ADD, tiny_int(1));
        int32_t outcome = tiny_apply(c->self, &b, &fault);
        c->good += outcome == SHOP_STORAGE_OK;
        c->bad += outcome == SHOP_STORAGE_GUARD && fault.op == 1 && fault.touched == 0;
    }
    return NULL;
}

Test(sqlite_place, commits_the_good_batches_of_a_group_without_the_bad)
{
    void *self = tiny_open(&place);
    pthread_t threads[CALLERS];
    caller callers[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (caller){.self = self, .number = i};
        cr_assert_eq(pthread_create(&threads[i], NULL, apply_many, &callers[i]), 0);
    }
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(threads[i], NULL);
        cr_expect_eq(callers[i].good, CALLS / 3 * 2);
        cr_expect_eq(callers[i].bad, CALLS / 3);
    }
    const shop_value two = tiny_int(2);
    const shop_pred whole = {
        .column = THING_AMOUNT, .op = SHOP_PRED_EQ, .other = SHOP_NO_COLUMN, .value_count = 1, .values = &two};
    cr_expect_eq(tiny_count(self, THING, NULL, 0), CALLERS * CALLS / 3 * 2);
    cr_expect_eq(tiny_count(self, THING, &whole, 1), CALLERS * CALLS / 3 * 2);
    tiny_close(self);
}

Test(sqlite_place, blames_the_operation_that_left_a_reference_dangling)
{
    shop_fault fault;
    void *self = tiny_open(&place);
    tiny_batch early = {.count = 0};
    tiny_insert(&early, THING, 1, "child");
    tiny_set_int(&early, THING_OWNER, 7);
    tiny_insert(&early, OWNER, 7, "parent");
    cr_expect_eq(tiny_apply(self, &early, &fault), SHOP_STORAGE_OK, "a child may come before its parent in a batch");
    tiny_batch orphan = {.count = 0};
    tiny_insert(&orphan, OWNER, 8, "other");
    tiny_insert(&orphan, THING, 2, "orphan");
    tiny_set_int(&orphan, THING_OWNER, 9);
    tiny_insert(&orphan, THING, 3, "more");
    cr_expect_eq(tiny_apply(self, &orphan, &fault), SHOP_STORAGE_REFERENCE);
    cr_expect_eq(fault.op, 1u);
    cr_expect_eq(tiny_count(self, OWNER, NULL, 0), 1);
    tiny_batch gone = {.count = 0};
    tiny_on_id(&gone, SHOP_OP_DELETE, OWNER, 7);
    cr_expect_eq(tiny_apply(self, &gone, &fault), SHOP_STORAGE_REFERENCE);
    tiny_close(self);
}
