/* SPDX-License-Identifier: MIT */
/* Predicates, orders, pages, aggregates, and reads that follow from others. */
#include "kit.h"

#include <stdio.h>
#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define NONE INT64_MIN /* NULL, in the tables below */

/* ------------------------------------------------------------------------------------------------ rows to ask about */

typedef struct sample {
    int64_t shelf;
    int64_t balance;
    const char *note;
    const char *words;
} sample;

/* Item n is samples[n - 1]. */
static const sample samples[] = {
    {10, 5, "apple", "red apple fresh"}, {NONE, -5, NULL, "redder apple"},
    {20, 0, "banana", "banana"},         {10, 20, "Apple", ""},
    {NONE, 5, "", "größe rot ältere"},   {30, INT64_MAX, "apple pie", "pie apple red"},
    {-4, INT64_MIN, NULL, "grosse"},     {20, 20, "\xc3\xa9tude", "application re"},
};

static void seed_samples(kit *k)
{
    static const char bytes[] = {'\0', '\xff', '\x01', '\x80'};
    kit_batch *b = batch_new(&k->memory);
    insert_maker(b, 1, "one");
    insert_maker(b, 2, "two");
    for (size_t i = 0; i < LENGTH(samples); i++) {
        char *sku = kit_take(&k->memory, 24);
        (void)snprintf(sku, 24, "sku-%zu", i + 1);
        insert_item(b, (int64_t)i + 1, sku);
        set_int(b, ITEM_MAKER, i < 5 ? 1 : 2);
        if (samples[i].shelf != NONE)
            set_int(b, ITEM_SHELF, samples[i].shelf);
        set_text(b, ITEM_CODE, sku);
        set_int(b, ITEM_BALANCE, samples[i].balance);
        if (samples[i].note)
            set_text(b, ITEM_NOTE, samples[i].note);
        set_text(b, ITEM_WORDS, samples[i].words);
        set_value(b, ITEM_DATA, SHOP_SET_TO, value_blob(&bytes[i % 4], (uint32_t)(4 - i % 4)));
    }
    apply_ok(k, b);
}

typedef struct case_of_one {
    uint16_t column;
    uint16_t op;
    shop_value value;
    const char *ids;
} case_of_one;

#define NUMBER(n)                                                                                                              \
    {                                                                                                                          \
        .type = SHOP_VALUE_INT, .num = (n)                                                                                     \
    }
#define TEXT(s)                                                                                                                \
    {                                                                                                                          \
        .type = SHOP_VALUE_TEXT, .size = sizeof(s) - 1, .data = (s)                                                            \
    }
#define BLOB(s)                                                                                                                \
    {                                                                                                                          \
        .type = SHOP_VALUE_BLOB, .size = sizeof(s) - 1, .data = (s)                                                            \
    }
#define NOTHING                                                                                                                \
    {                                                                                                                          \
        .type = SHOP_VALUE_NULL                                                                                                \
    }

static void check_cases(kit *k, const case_of_one *cases, size_t count)
{
    seed_samples(k);
    for (size_t i = 0; i < count; i++) {
        kit_read *r = read_of(&k->memory, ITEM);
        if (cases[i].op == SHOP_PRED_NULL || cases[i].op == SHOP_PRED_NOT_NULL)
            where_null(&r->where, cases[i].column, cases[i].op);
        else
            where_value(&r->where, cases[i].column, cases[i].op, cases[i].value);
        shop_rows rows = read_rows(k, r);
        if (!expect_ids(k, &rows, true, cases[i].ids))
            expect(k, false, "… for column %u, predicate %u", (unsigned)cases[i].column, (unsigned)cases[i].op);
    }
}

static void numbers_compare(kit *k)
{
    static const case_of_one cases[] = {
        {ITEM_BALANCE, SHOP_PRED_EQ, NUMBER(5), "1 5"},
        {ITEM_BALANCE, SHOP_PRED_NE, NUMBER(5), "2 3 4 6 7 8"},
        {ITEM_BALANCE, SHOP_PRED_LT, NUMBER(0), "2 7"},
        {ITEM_BALANCE, SHOP_PRED_LE, NUMBER(0), "2 3 7"},
        {ITEM_BALANCE, SHOP_PRED_GT, NUMBER(5), "4 6 8"},
        {ITEM_BALANCE, SHOP_PRED_GE, NUMBER(5), "1 4 5 6 8"},
        {ITEM_BALANCE, SHOP_PRED_EQ, NUMBER(INT64_MAX), "6"},
        {ITEM_BALANCE, SHOP_PRED_LE, NUMBER(INT64_MIN), "7"},
        {ITEM_ID, SHOP_PRED_EQ, NUMBER(3), "3"},
        {ITEM_ID, SHOP_PRED_GT, NUMBER(6), "7 8"},
        {ITEM_ID, SHOP_PRED_EQ, NUMBER(99), ""},
    };
    check_cases(k, cases, LENGTH(cases));
}

static void texts_compare_by_bytes(kit *k)
{
    static const case_of_one cases[] = {
        {ITEM_NOTE, SHOP_PRED_EQ, TEXT("apple"), "1"},         {ITEM_NOTE, SHOP_PRED_EQ, TEXT("APPLE"), ""},
        {ITEM_NOTE, SHOP_PRED_EQ, TEXT("apple "), ""},         {ITEM_NOTE, SHOP_PRED_EQ, TEXT(""), "5"},
        {ITEM_NOTE, SHOP_PRED_LT, TEXT("apple"), "4 5"},       {ITEM_NOTE, SHOP_PRED_GT, TEXT("apple"), "3 6 8"},
        {ITEM_NOTE, SHOP_PRED_GE, TEXT("apple"), "1 3 6 8"},   {ITEM_NOTE, SHOP_PRED_GT, TEXT("z"), "8"},
        {ITEM_NOTE, SHOP_PRED_NE, TEXT("apple"), "3 4 5 6 8"}, {ITEM_NOTE, SHOP_PRED_EQ, TEXT("\xc3\xa9tude"), "8"},
        {ITEM_NOTE, SHOP_PRED_EQ, TEXT("e\xcc\x81tude"), ""},  {ITEM_NOTE, SHOP_PRED_LE, TEXT("Apple"), "4 5"},
    };
    check_cases(k, cases, LENGTH(cases));
}

static void blobs_compare_by_bytes(kit *k)
{
    static const case_of_one cases[] = {
        {ITEM_DATA, SHOP_PRED_EQ, BLOB("\0\xff\x01\x80"), "1 5"}, {ITEM_DATA, SHOP_PRED_EQ, BLOB("\x80"), "4 8"},
        {ITEM_DATA, SHOP_PRED_LT, BLOB("\x01"), "1 5"},           {ITEM_DATA, SHOP_PRED_GE, BLOB("\x80"), "2 4 6 8"},
        {ITEM_DATA, SHOP_PRED_GT, BLOB("\x80"), "2 6"},
    };
    check_cases(k, cases, LENGTH(cases));
}

static void null_compares_with_nothing(kit *k)
{
    static const case_of_one cases[] = {
        {ITEM_SHELF, SHOP_PRED_EQ, NOTHING, ""},
        {ITEM_SHELF, SHOP_PRED_NE, NOTHING, ""},
        {ITEM_SHELF, SHOP_PRED_LT, NOTHING, ""},
        {ITEM_SHELF, SHOP_PRED_GE, NOTHING, ""},
        {ITEM_SHELF, SHOP_PRED_NE, NUMBER(10), "3 6 7 8"},
        {ITEM_SHELF, SHOP_PRED_LT, NUMBER(100), "1 3 4 6 7 8"},
        {ITEM_NOTE, SHOP_PRED_NE, TEXT("zzz"), "1 3 4 5 6 8"},
        {ITEM_NOTE, SHOP_PRED_EQ, NOTHING, ""},
        {ITEM_SHELF, SHOP_PRED_NULL, NOTHING, "2 5"},
        {ITEM_SHELF, SHOP_PRED_NOT_NULL, NOTHING, "1 3 4 6 7 8"},
        {ITEM_NOTE, SHOP_PRED_NULL, NOTHING, "2 7"},
        {ITEM_SKU, SHOP_PRED_NULL, NOTHING, ""},
    };
    check_cases(k, cases, LENGTH(cases));
}

static void all_predicates_must_pass(kit *k)
{
    seed_samples(k);
    kit_read *r = read_of(&k->memory, ITEM);
    shop_rows rows = read_rows(k, r);
    expect_ids(k, &rows, true, "1 2 3 4 5 6 7 8");
    where_int(&r->where, ITEM_MAKER, SHOP_PRED_EQ, 1);
    where_int(&r->where, ITEM_BALANCE, SHOP_PRED_GE, 0);
    where_int(&r->where, ITEM_BALANCE, SHOP_PRED_LT, 20);
    rows = read_rows(k, r);
    expect_ids(k, &rows, true, "1 3 5");
    where_null(&r->where, ITEM_SHELF, SHOP_PRED_NOT_NULL);
    where_text(&r->where, ITEM_NOTE, SHOP_PRED_GE, "b");
    rows = read_rows(k, r);
    expect_ids(k, &rows, true, "3");
}

static void columns_compare(kit *k)
{
    static const struct {
        uint16_t op;
        int64_t plus;
        const char *ids;
    } cases[] = {
        {SHOP_PRED_EQ, 0, "8"},         {SHOP_PRED_EQ, -5, "1"},
        {SHOP_PRED_LT, 0, "1 3 7"},     {SHOP_PRED_GE, 0, "4 6 8"},
        {SHOP_PRED_GE, 10, "4 6"},      {SHOP_PRED_NE, -20, "1 4 6 7 8"},
        {SHOP_PRED_LE, INT64_MAX, "7"}, {SHOP_PRED_GE, INT64_MIN, "1 3 4 6 8"},
    };
    seed_samples(k);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        kit_read *r = read_of(&k->memory, ITEM);
        where_column(&r->where, ITEM_BALANCE, cases[i].op, ITEM_SHELF, value_int(cases[i].plus));
        shop_rows rows = read_rows(k, r);
        if (!expect_ids(k, &rows, true, cases[i].ids))
            expect(k, false, "… for balance, predicate %u, shelf + %lld", (unsigned)cases[i].op, (long long)cases[i].plus);
    }
}

static void sums_outside_never_pass(kit *k)
{
    static const uint16_t ops[] = {SHOP_PRED_EQ, SHOP_PRED_NE, SHOP_PRED_LT, SHOP_PRED_LE, SHOP_PRED_GT, SHOP_PRED_GE};
    seed_samples(k);
    for (size_t i = 0; i < LENGTH(ops); i++) {
        kit_read *r = read_of(&k->memory, ITEM);
        where_int(&r->where, ITEM_ID, SHOP_PRED_EQ, 6);
        where_column(&r->where, ITEM_SHELF, ops[i], ITEM_BALANCE, value_int(1));
        shop_rows rows = read_rows(k, r);
        expect_ids(k, &rows, true, "");
        r = read_of(&k->memory, ITEM);
        where_int(&r->where, ITEM_ID, SHOP_PRED_EQ, 7);
        where_column(&r->where, ITEM_SHELF, ops[i], ITEM_BALANCE, value_int(-1));
        rows = read_rows(k, r);
        expect_ids(k, &rows, true, "");
    }
}

static void expect_in(kit *k, uint16_t column, const shop_value *values, uint32_t count, const char *ids)
{
    kit_read *r = read_of(&k->memory, ITEM);
    where_in(&r->where, column, values, count);
    shop_rows rows = read_rows(k, r);
    expect_ids(k, &rows, true, ids);
}

static void in_takes_any_number(kit *k)
{
    seed_samples(k);
    shop_value many[300];
    for (size_t i = 0; i < LENGTH(many); i++)
        many[i] = value_int((int64_t)i + 1000);
    const shop_value seven[] = {NUMBER(8), NUMBER(1), NUMBER(77), NUMBER(3), NUMBER(1), NUMBER(-1), NOTHING};
    const shop_value texts[] = {TEXT("banana"), TEXT(""), TEXT("nothing"), TEXT("Apple")};
    expect_in(k, ITEM_ID, NULL, 0, "");
    expect_in(k, ITEM_ID, seven + 3, 1, "3");
    expect_in(k, ITEM_ID, seven, 7, "1 3 8");
    expect_in(k, ITEM_BALANCE, seven, 7, "");
    expect_in(k, ITEM_NOTE, texts, 4, "3 4 5");
    expect_in(k, ITEM_ID, many, 300, "");
    many[17] = value_int(2);
    many[299] = value_int(7);
    expect_in(k, ITEM_ID, many, 300, "2 7");
    many[3] = value_int(20);
    many[4] = value_int(10);
    expect_in(k, ITEM_SHELF, many, 300, "1 3 4 8");
    const shop_value nothing = NOTHING;
    expect_in(k, ITEM_SHELF, &nothing, 1, "");
}

static void words_match(kit *k)
{
    static const case_of_one cases[] = {
        {ITEM_WORDS, SHOP_PRED_MATCH, TEXT("apple"), "1 2 6"},     {ITEM_WORDS, SHOP_PRED_MATCH, TEXT("appl"), "1 2 6 8"},
        {ITEM_WORDS, SHOP_PRED_MATCH, TEXT("red apple"), "1 2 6"}, {ITEM_WORDS, SHOP_PRED_MATCH, TEXT("apple red"), "1 2 6"},
        {ITEM_WORDS, SHOP_PRED_MATCH, TEXT("redd"), "2"},          {ITEM_WORDS, SHOP_PRED_MATCH, TEXT("pple"), ""},
        {ITEM_WORDS, SHOP_PRED_MATCH, TEXT("Apple"), ""},          {ITEM_WORDS, SHOP_PRED_MATCH, TEXT("red nothing"), ""},
        {ITEM_WORDS, SHOP_PRED_MATCH, TEXT("gr\xc3\xb6"), "5"},    {ITEM_WORDS, SHOP_PRED_MATCH, TEXT("gro"), "7"},
        {ITEM_WORDS, SHOP_PRED_MATCH, TEXT("\xc3\xa4"), "5"},      {ITEM_WORDS, SHOP_PRED_MATCH, TEXT("re re re"), "1 2 6 8"},
        {ITEM_WORDS, SHOP_PRED_MATCH, TEXT("r"), "1 2 5 6 8"},     {ITEM_WORDS, SHOP_PRED_MATCH, TEXT("fresh"), "1"},
    };
    check_cases(k, cases, LENGTH(cases));
}

static void expect_match(kit *k, const char *words, const char *ids)
{
    kit_read *r = read_of(&k->memory, ITEM);
    where_text(&r->where, ITEM_WORDS, SHOP_PRED_MATCH, words);
    shop_rows rows = read_rows(k, r);
    expect_ids(k, &rows, true, ids);
}

static void words_of_signs_match(kit *k)
{
    seed_items(k, 3);
    kit_batch *b = batch_new(&k->memory);
    update_one(b, ITEM, 1, 1);
    set_text(b, ITEM_WORDS, "c++ or and not a\"b near(x)");
    update_one(b, ITEM, 2, 1);
    set_text(b, ITEM_WORDS, "50% off_white *star* o'neil");
    update_one(b, ITEM, 3, 1);
    set_text(b, ITEM_WORDS, "\xe6\x97\xa5\xe6\x9c\xac x1-2 words:x");
    apply_ok(k, b);
    static const char *const cases[][2] = {
        {"c+", "1"},     {"or", "1"},    {"and not", "1"}, {"a\"b", "1"}, {"near(", "1"},        {"50%", "2"},
        {"5", "2"},      {"off_w", "2"}, {"*st", "2"},     {"o'n", "2"},  {"\xe6\x97\xa5", "3"}, {"x1-", "3"},
        {"words:", "3"}, {"x*", ""},     {"_ff", ""},      {"%", ""},     {"white", ""},         {"2", ""},
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        expect_match(k, cases[i][0], cases[i][1]);
}

static void words_follow_changes(kit *k)
{
    seed_samples(k);
    kit_batch *b = batch_new(&k->memory);
    update_one(b, ITEM, 1, 1);
    set_text(b, ITEM_WORDS, "green");
    delete_one(b, ITEM, 6, 1);
    update_one(b, ITEM, 3, 1);
    set_int(b, ITEM_BALANCE, 9);
    apply_ok(k, b);
    expect_match(k, "apple", "2");
    expect_match(k, "green", "1");
    expect_match(k, "banana", "3");
    b = batch_new(&k->memory);
    delete_one(b, ITEM, 1, 1);
    insert_item(b, 20, "twenty");
    set_text(b, ITEM_WORDS, "greenest");
    delete_one(b, ITEM, 99, 1);
    apply_failing(k, b, SHOP_STORAGE_GUARD, 2, NULL);
    expect_match(k, "green", "1");
}

static void expect_nearest(kit *k, uint32_t table, uint16_t column, const char *word, int32_t wanted, shop_rows *rows)
{
    const shop_value value = {.type = SHOP_VALUE_TEXT, .size = (uint32_t)strlen(word), .data = word};
    shop_fault fault;
    memset(&fault, 0xAA, sizeof fault);
    int32_t outcome = k->vt->nearest(k->self, &k->memory.call, table, column, &value, 1, rows, &fault);
    expect(k, outcome == wanted && fault.outcome == wanted, "nearest to \"%s\": %s", word, outcome_name(outcome));
}

/* Which ones, is the backend's business: but they are words, and no more than were asked for. */
static void nearest_words_are_words(kit *k)
{
    shop_rows rows = {.count = 0};
    if (!has_slot(k, offsetof(shop_storage_vtable, nearest))) {
        skip(k, "nearest is not there");
        return;
    }
    seed_items(k, 1);
    kit_batch *b = batch_new(&k->memory);
    update_one(b, ITEM, 1, 1);
    set_text(b, ITEM_WORDS, "keyboard shirt");
    if (!apply_ok(k, b))
        return;
    expect_nearest(k, ITEM, ITEM_WORDS, "keybaord", SHOP_STORAGE_OK, &rows);
    expect(k, rows.count <= SHOP_NEAREST_WORDS, "%u words", (unsigned)rows.count);
    for (uint32_t i = 0; i < rows.count; i++) {
        const shop_value *word = &rows.values[(size_t)i * rows.width];
        expect(k, word->type == SHOP_VALUE_TEXT && word->size && !memchr(word->data, ' ', word->size), "no word");
    }
    expect_nearest(k, ITEM, ITEM_NOTE, "keybaord", SHOP_STORAGE_INVALID, &rows);
    expect_nearest(k, ITEM, ITEM_WORDS, "two words", SHOP_STORAGE_INVALID, &rows);
    expect_nearest(k, ITEM, ITEM_WORDS, "", SHOP_STORAGE_INVALID, &rows);
    expect_nearest(k, ITEM, ITEM_WORDS, "\xc3", SHOP_STORAGE_INVALID, &rows);
    expect_nearest(k, UINT32_MAX, ITEM_WORDS, "keybaord", SHOP_STORAGE_INVALID, &rows);
}

static void match_goes_with_others(kit *k)
{
    seed_samples(k);
    kit_read *r = read_of(&k->memory, ITEM);
    r->read.columns = 1;
    where_text(&r->where, ITEM_WORDS, SHOP_PRED_MATCH, "apple");
    where_int(&r->where, ITEM_MAKER, SHOP_PRED_EQ, 1);
    shop_rows rows = read_rows(k, r);
    expect_ids(k, &rows, true, "1 2");
    if (!(k->vt->capabilities & SHOP_CAN_ORDER))
        return;
    r = read_of(&k->memory, ITEM);
    where_text(&r->where, ITEM_WORDS, SHOP_PRED_MATCH, "r");
    order_by(r, ITEM_BALANCE, true);
    order_by(r, ITEM_ID, true);
    r->read.limit = 3;
    rows = read_rows(k, r);
    expect_ids(k, &rows, false, "6 8 5");
}

/* ------------------------------------------------------------------------------------------------ order and pages */

static kit_read *ordered(kit *k, uint16_t first, bool first_down, uint16_t second, bool second_down)
{
    kit_read *r = read_of(&k->memory, ITEM);
    order_by(r, first, first_down);
    order_by(r, second, second_down);
    return r;
}

static kit_read *ranked(kit *k, const char *words, uint16_t column, bool best_last)
{
    kit_read *r = read_of(&k->memory, ITEM);
    where_text(&r->where, ITEM_WORDS, SHOP_PRED_MATCH, words);
    order_by_rank(r, column, !best_last);
    order_by(r, ITEM_ID, !best_last);
    return r;
}

static void set_texts(kit *k, int64_t id, const char *words, const char *note)
{
    kit_batch *b = batch_new(&k->memory);
    update_one(b, ITEM, id, 1);
    set_text(b, ITEM_WORDS, words);
    set_text(b, ITEM_NOTE, note);
    apply_ok(k, b);
}

/* Words and a note of each item; ids are by rank, then by id, both descending. */
static void ranks_order(kit *k)
{
    static const struct {
        const char *words;
        uint16_t column;
        const char *ids;
    } cases[] = {
        {"red", ITEM_WORDS, "5 3 2 1 4"}, /* whole words before beginnings */
        {"red", ITEM_NOTE, "4 2 5 3 1"}, /* of another column than the one that is matched */
        {"re re", ITEM_WORDS, "5 4 3 2 1"}, /* each is counted, and only once a text */
        {"app red", ITEM_WORDS, "3 2 1"},     {"apple red", ITEM_WORDS, "2 3 1"}, {"gr\xc3\xb6", ITEM_WORDS, "7 6"},
        {"  red  ", ITEM_WORDS, "5 3 2 1 4"}, {"%_' \\", ITEM_WORDS, "8"},
    };
    seed_items(k, 8);
    set_texts(k, 1, "redder apples red", "");
    set_texts(k, 2, "red apple", "reddish");
    set_texts(k, 3, "apples red", "blue");
    set_texts(k, 4, "redder", "no red");
    set_texts(k, 5, "red", "");
    set_texts(k, 6, "gr\xc3\xb6\xc3\x9f", "");
    set_texts(k, 7, "gr\xc3\xb6", "");
    set_texts(k, 8, "%_' \\", "");
    for (size_t i = 0; i < LENGTH(cases); i++) {
        shop_rows rows = read_rows(k, ranked(k, cases[i].words, cases[i].column, false));
        expect_ids(k, &rows, false, cases[i].ids);
    }
    kit_batch *b = batch_new(&k->memory);
    update_one(b, ITEM, 4, 1);
    set_null(b, ITEM_NOTE);
    apply_ok(k, b);
    shop_rows rows = read_rows(k, ranked(k, "red", ITEM_NOTE, true)); /* NULL meets nothing */
    expect_ids(k, &rows, false, "1 3 4 5 2");
    rows = read_rows(k, ranked(k, "", ITEM_WORDS, false)); /* no words: no ranks */
    expect_ids(k, &rows, false, "8 7 6 5 4 3 2 1");
}

/* Words beyond the sixteenth count nothing. */
static void ranks_count_16_words(kit *k)
{
    seed_items(k, 2);
    set_texts(k, 1, "a b c d e f g h i j k l m n o p q", "");
    set_texts(k, 2, "a b c d e f g h i j k l m n o p qq", "");
    shop_rows rows = read_rows(k, ranked(k, "a b c d e f g h i j k l m n o p q", ITEM_WORDS, true));
    expect_ids(k, &rows, false, "1 2");
    rows = read_rows(k, ranked(k, "q a b c d e f g h i j k l m n o p", ITEM_WORDS, true));
    expect_ids(k, &rows, false, "2 1");
}

static void ranked_pages_go_on(kit *k)
{
    seed_items(k, 4);
    for (int64_t id = 1; id <= 4; id++)
        set_texts(k, id, id % 2 ? "red" : "redder", id < 3 ? "red" : "");
    for (int last = 0; last < 2; last++) {
        kit_read *r = read_of(&k->memory, ITEM);
        where_text(&r->where, ITEM_WORDS, SHOP_PRED_MATCH, "red");
        order_by_rank(r, ITEM_NOTE, true);
        order_by_rank(r, ITEM_WORDS, !last);
        order_by(r, ITEM_ID, true);
        r->after[0] = value_int(2);
        r->after[1] = value_int(last ? 1 : 2);
        r->after[2] = value_int(last ? 2 : 1);
        r->read.after = r->after;
        shop_rows rows = read_rows(k, r);
        expect_ids(k, &rows, false, last ? "1 4 3" : "2 3 4");
        r->read.limit = 2;
        rows = read_rows(k, r);
        expect_ids(k, &rows, false, last ? "1 4" : "2 3");
    }
}

static void rows_come_in_order(kit *k)
{
    static const struct {
        uint16_t first;
        bool first_down;
        bool second_down;
        const char *ids;
    } cases[] = {
        {ITEM_BALANCE, false, false, "7 2 3 1 5 4 8 6"}, {ITEM_BALANCE, true, false, "6 4 8 1 5 3 2 7"},
        {ITEM_BALANCE, false, true, "7 2 3 5 1 8 4 6"},  {ITEM_SHELF, false, false, "2 5 7 1 4 3 8 6"},
        {ITEM_SHELF, true, true, "6 8 3 4 1 7 5 2"},     {ITEM_NOTE, false, false, "2 7 5 4 1 6 3 8"},
        {ITEM_NOTE, true, false, "8 3 6 1 4 5 2 7"},     {ITEM_DATA, false, false, "1 5 3 7 4 8 2 6"},
        {ITEM_ID, true, false, "8 7 6 5 4 3 2 1"},       {ITEM_MAKER, true, true, "8 7 6 5 4 3 2 1"},
    };
    seed_samples(k);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        shop_rows rows = read_rows(k, ordered(k, cases[i].first, cases[i].first_down, ITEM_ID, cases[i].second_down));
        if (!expect_ids(k, &rows, false, cases[i].ids))
            expect(k, false, "… by column %u", (unsigned)cases[i].first);
    }
    kit_read *r = ordered(k, ITEM_MAKER, true, ITEM_SHELF, false);
    order_by(r, ITEM_ID, true);
    shop_rows rows = read_rows(k, r);
    expect_ids(k, &rows, false, "7 8 6 5 2 4 1 3");
}

static void limits_and_offsets(kit *k)
{
    static const struct {
        int64_t limit;
        int64_t offset;
        const char *ids;
    } cases[] = {
        {3, 0, "7 2 3"},    {0, 0, ""},          {-1, 5, "4 8 6"},
        {2, 3, "1 5"},      {3, 6, "8 6"},       {5, 8, ""},
        {5, INT64_MAX, ""}, {INT64_MAX, 7, "6"}, {INT64_MAX, INT64_MAX, ""},
        {1, 0, "7"},        {0, 3, ""},          {100, 0, "7 2 3 1 5 4 8 6"},
    };
    seed_samples(k);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        kit_read *r = ordered(k, ITEM_BALANCE, false, ITEM_ID, false);
        r->read.limit = cases[i].limit;
        r->read.offset = cases[i].offset;
        shop_rows rows = read_rows(k, r);
        if (!expect_ids(k, &rows, false, cases[i].ids))
            expect(k, false, "… with limit %lld and offset %lld", (long long)cases[i].limit, (long long)cases[i].offset);
    }
    kit_read *r = read_of(&k->memory, ITEM);
    r->read.limit = 3;
    expect(k, read_rows(k, r).count == 3, "a limit without an order is not kept");
    r->read.offset = 6;
    expect(k, read_rows(k, r).count == 2, "an offset without an order is not kept");
}

static void pages_go_on_after(kit *k)
{
    static const struct {
        bool first_down;
        bool second_down;
        int64_t balance;
        int64_t id;
        const char *ids;
    } cases[] = {
        {false, false, 5, 1, "5 4 8 6"},
        {false, true, 5, 5, "1 8 4 6"},
        {true, false, 20, 4, "8 1 5 3 2 7"},
        {true, true, 20, 8, "4 5 1 3 2 7"},
        {false, false, 4, 1000, "1 5 4 8 6"},
        {true, false, INT64_MAX, 6, "4 8 1 5 3 2 7"},
        {false, false, INT64_MAX, 6, ""},
        {true, true, INT64_MIN, 7, ""},
        {false, false, INT64_MIN, 0, "7 2 3 1 5 4 8 6"},
    };
    seed_samples(k);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        kit_read *r = ordered(k, ITEM_BALANCE, cases[i].first_down, ITEM_ID, cases[i].second_down);
        r->after[0] = value_int(cases[i].balance);
        r->after[1] = value_int(cases[i].id);
        r->read.after = r->after;
        shop_rows rows = read_rows(k, r);
        if (!expect_ids(k, &rows, false, cases[i].ids))
            expect(k, false, "… after (%lld, %lld)", (long long)cases[i].balance, (long long)cases[i].id);
    }
}

static void pages_go_on_past_nulls(kit *k)
{
    seed_samples(k);
    kit_read *r = ordered(k, ITEM_SHELF, false, ITEM_ID, false);
    r->after[0] = value_int(10);
    r->after[1] = value_int(1);
    r->read.after = r->after;
    shop_rows rows = read_rows(k, r);
    expect_ids(k, &rows, false, "4 3 8 6");
    r = ordered(k, ITEM_SHELF, true, ITEM_ID, false);
    r->after[0] = value_int(10);
    r->after[1] = value_int(1);
    r->read.after = r->after;
    rows = read_rows(k, r);
    expect_ids(k, &rows, false, "4 7 2 5");
    r = ordered(k, ITEM_NOTE, true, ITEM_ID, true);
    r->after[0] = value_text("apple");
    r->after[1] = value_int(1);
    r->read.after = r->after;
    r->read.limit = 3;
    r->read.offset = 1;
    rows = read_rows(k, r);
    expect_ids(k, &rows, false, "5 7 2");
}

static void pages_cover_all(kit *k)
{
    kit_batch *b = batch_new(&k->memory);
    for (int64_t i = 1; i <= 100; i++)
        insert_counter(b, i, i * 7 % 10, 0, NULL);
    apply_ok(k, b);
    bool seen[101] = {false};
    int64_t value = INT64_MAX;
    int64_t id = 0;
    int total = 0;
    for (int pages = 0; pages < 20; pages++) {
        kit_read *r = read_of(&k->memory, COUNTER);
        order_by(r, COUNTER_VALUE, true);
        order_by(r, COUNTER_ID, false);
        r->after[0] = value_int(value);
        r->after[1] = value_int(id);
        r->read.after = r->after;
        r->read.limit = 9;
        shop_rows rows = read_rows(k, r);
        for (uint32_t i = 0; i < rows.count; i++, total++) {
            id = rows.values[i * rows.width].num;
            value = rows.values[i * rows.width + COUNTER_VALUE].num;
            if (id < 1 || id > 100 || seen[id]) {
                expect(k, false, "row %lld comes twice, or was never made", (long long)id);
                return;
            }
            seen[id] = true;
        }
        if (!rows.count)
            break;
    }
    expect(k, total == 100, "%d rows came in pages instead of 100", total);
}

/* ------------------------------------------------------------------------------------------------ aggregates */

static void aggregates_sum_up(kit *k)
{
    seed_samples(k);
    kit_read *r = read_of(&k->memory, ITEM);
    where_int(&r->where, ITEM_ID, SHOP_PRED_LE, 5);
    aggregate(r, SHOP_AGGREGATE_COUNT, SHOP_NO_COLUMN);
    aggregate(r, SHOP_AGGREGATE_SUM, ITEM_SHELF);
    aggregate(r, SHOP_AGGREGATE_MIN, ITEM_SHELF);
    aggregate(r, SHOP_AGGREGATE_MAX, ITEM_BALANCE);
    aggregate(r, SHOP_AGGREGATE_SUM, ITEM_BALANCE);
    r->read.columns = 0;
    shop_rows rows = read_rows(k, r);
    if (!expect(k, rows.count == 1 && rows.width == 5, "%u rows of %u values", (unsigned)rows.count, (unsigned)rows.width))
        return;
    expect_value(k, &rows.values[0], value_int(5), "COUNT");
    expect_value(k, &rows.values[1], value_int(40), "SUM over NULLs");
    expect_value(k, &rows.values[2], value_int(10), "MIN over NULLs");
    expect_value(k, &rows.values[3], value_int(20), "MAX");
    expect_value(k, &rows.values[4], value_int(25), "SUM");
}

static void aggregates_of_nothing(kit *k)
{
    seed_samples(k);
    static const int64_t last[] = {0, 2};
    for (size_t i = 0; i < LENGTH(last); i++) {
        kit_read *r = read_of(&k->memory, ITEM);
        where_int(&r->where, ITEM_ID, SHOP_PRED_LE, last[i]);
        where_null(&r->where, ITEM_SHELF, SHOP_PRED_NULL);
        aggregate(r, SHOP_AGGREGATE_COUNT, 0);
        aggregate(r, SHOP_AGGREGATE_SUM, ITEM_SHELF);
        aggregate(r, SHOP_AGGREGATE_MIN, ITEM_SHELF);
        aggregate(r, SHOP_AGGREGATE_MAX, ITEM_SHELF);
        shop_rows rows = read_rows(k, r);
        if (!expect(k, rows.count == 1 && rows.width == 4, "%u rows of %u values", (unsigned)rows.count, (unsigned)rows.width))
            return;
        expect_value(k, &rows.values[0], value_int((int64_t)i), "COUNT");
        expect_value(k, &rows.values[1], value_int(0), "SUM of nothing");
        expect_value(k, &rows.values[2], value_null(), "MIN of nothing");
        expect_value(k, &rows.values[3], value_null(), "MAX of nothing");
    }
}

static void groups_ascend(kit *k)
{
    seed_samples(k);
    kit_read *r = read_of(&k->memory, ITEM);
    r->read.group_by = ITEM_SHELF;
    aggregate(r, SHOP_AGGREGATE_COUNT, 0);
    aggregate(r, SHOP_AGGREGATE_MAX, ITEM_ID);
    shop_rows rows = read_rows(k, r);
    static const int64_t wanted[][3] = {{NONE, 2, 5}, {-4, 1, 7}, {10, 2, 4}, {20, 2, 8}, {30, 1, 6}};
    if (!expect(k, rows.count == LENGTH(wanted) && rows.width == 3, "%u groups of %u values", (unsigned)rows.count,
                (unsigned)rows.width))
        return;
    for (uint32_t i = 0; i < rows.count; i++) {
        const shop_value *row = &rows.values[i * rows.width];
        expect_value(k, &row[0], wanted[i][0] == NONE ? value_null() : value_int(wanted[i][0]), "the group");
        expect_value(k, &row[1], value_int(wanted[i][1]), "COUNT of a group");
        expect_value(k, &row[2], value_int(wanted[i][2]), "MAX of a group");
    }
}

static void groups_of_texts(kit *k)
{
    seed_items(k, 5);
    kit_batch *b = batch_new(&k->memory);
    static const char *const notes[] = {"b", "B", "b", "\xc3\xa9"};
    for (int i = 0; i < 4; i++) {
        update_one(b, ITEM, i + 1, 1);
        set_text(b, ITEM_NOTE, notes[i]);
        set_int(b, ITEM_BALANCE, i);
    }
    apply_ok(k, b);
    kit_read *r = read_of(&k->memory, ITEM);
    where_null(&r->where, ITEM_NOTE, SHOP_PRED_NOT_NULL);
    r->read.group_by = ITEM_NOTE;
    aggregate(r, SHOP_AGGREGATE_SUM, ITEM_BALANCE);
    shop_rows rows = read_rows(k, r);
    if (!expect(k, rows.count == 3 && rows.width == 2, "%u groups of %u values", (unsigned)rows.count, (unsigned)rows.width))
        return;
    expect_value(k, &rows.values[0], value_text("B"), "the first group");
    expect_value(k, &rows.values[1], value_int(1), "its sum");
    expect_value(k, &rows.values[2], value_text("b"), "the second group");
    expect_value(k, &rows.values[3], value_int(2), "its sum");
    expect_value(k, &rows.values[4], value_text("\xc3\xa9"), "the third group");
    where_int(&r->where, ITEM_ID, SHOP_PRED_GT, 100);
    rows = read_rows(k, r);
    expect(k, rows.count == 0, "%u groups of no rows", (unsigned)rows.count);
}

static int32_t sum_of_counters(kit *k, uint16_t group_by, shop_rows *rows)
{
    kit_read *reads[2] = {read_of(&k->memory, COUNTER), read_of(&k->memory, COUNTER)};
    aggregate(reads[1], SHOP_AGGREGATE_SUM, COUNTER_VALUE);
    reads[1]->read.group_by = group_by;
    shop_rows both[2];
    shop_fault fault;
    int32_t outcome = kit_query(k->vt, k->self, &k->memory, reads, 2, both, &fault);
    if (outcome != SHOP_STORAGE_OK)
        expect(k, fault.op == 1, "read %u is blamed", (unsigned)fault.op);
    *rows = both[1];
    return outcome;
}

static void great_sums(kit *k)
{
    kit_batch *b = batch_new(&k->memory);
    insert_counter(b, 1, INT64_MAX - 1, 0, NULL);
    insert_counter(b, 2, 1, 0, NULL);
    apply_ok(k, b);
    shop_rows rows;
    int32_t outcome = sum_of_counters(k, SHOP_NO_COLUMN, &rows);
    if (expect(k, outcome == SHOP_STORAGE_OK, "a sum of INT64_MAX: %s", outcome_name(outcome)))
        expect_value(k, rows.values, value_int(INT64_MAX), "SUM");
    b = batch_new(&k->memory);
    insert_counter(b, 3, 1, 0, NULL);
    apply_ok(k, b);
    outcome = sum_of_counters(k, SHOP_NO_COLUMN, &rows);
    expect(k, outcome == SHOP_STORAGE_INVALID, "a sum beyond INT64_MAX: %s", outcome_name(outcome));
    outcome = sum_of_counters(k, COUNTER_LEFT, &rows);
    expect(k, outcome == SHOP_STORAGE_INVALID, "a group's sum beyond INT64_MAX: %s", outcome_name(outcome));
    outcome = sum_of_counters(k, COUNTER_ID, &rows);
    expect(k, outcome == SHOP_STORAGE_OK, "sums of single rows: %s", outcome_name(outcome));
}

/* ------------------------------------------------------------------------------------------------ several reads */

static bool query_ok(kit *k, kit_read **reads, uint32_t count, shop_rows *rows)
{
    shop_fault fault;
    memset(rows, 0, count * sizeof *rows);
    int32_t outcome = kit_query(k->vt, k->self, &k->memory, reads, count, rows, &fault);
    return expect(k, outcome == SHOP_STORAGE_OK && fault.outcome == outcome, "query: %s (%s)", outcome_name(outcome),
                  fault.detail);
}

static void sixteen_reads(kit *k)
{
    seed_samples(k);
    kit_read *reads[16];
    shop_rows rows[16];
    for (uint16_t i = 0; i < 16; i++) {
        reads[i] = read_of(&k->memory, i % 2 ? MAKER : ITEM);
        where_int(&reads[i]->where, 0, SHOP_PRED_EQ, i / 2 + 1);
    }
    if (!query_ok(k, reads, 16, rows))
        return;
    for (uint32_t i = 0; i < 16; i++) {
        char id[8];
        (void)snprintf(id, sizeof id, "%u", (unsigned)(i / 2 + 1));
        expect_ids(k, &rows[i], true, i % 2 == 0 || i < 4 ? id : "");
        expect(k, rows[i].width == (i % 2 ? (uint32_t)MAKER_COLUMNS : (uint32_t)ITEM_COLUMNS), "read %u has width %u",
               (unsigned)i, (unsigned)rows[i].width);
    }
}

static void seed_lines(kit *k)
{
    seed_samples(k);
    kit_batch *b = batch_new(&k->memory);
    for (int64_t i = 1; i <= 8; i++) {
        for (int64_t n = 0; n < 2; n++) {
            insert_row(b, LINE, i * 10 + n);
            set_int(b, LINE_ITEM, i);
            set_value(b, LINE_MAKER, SHOP_SET_TO, n ? value_int(1 + i % 2) : value_null());
            set_int(b, LINE_AMOUNT, i);
        }
    }
    apply_ok(k, b);
}

static void reads_follow_reads(kit *k)
{
    seed_lines(k);
    shop_rows rows[3];
    kit_read *reads[3] = {read_of(&k->memory, ITEM), read_of(&k->memory, LINE), read_of(&k->memory, MAKER)};
    where_int(&reads[0]->where, ITEM_BALANCE, SHOP_PRED_EQ, 20);
    where_in_read(&reads[1]->where, LINE_ITEM, 0, ITEM_ID);
    where_in_read(&reads[2]->where, MAKER_ID, 1, LINE_MAKER);
    if (!query_ok(k, reads, 3, rows))
        return;
    expect_ids(k, &rows[0], true, "4 8");
    expect_ids(k, &rows[1], true, "40 41 80 81");
    expect_ids(k, &rows[2], true, "1");
    reads[1] = read_of(&k->memory, LINE);
    where_in_read(&reads[1]->where, LINE_ITEM, 0, ITEM_ID);
    where_null(&reads[1]->where, LINE_MAKER, SHOP_PRED_NULL);
    if (query_ok(k, reads, 3, rows)) {
        expect_ids(k, &rows[1], true, "40 80");
        expect_ids(k, &rows[2], true, "");
    }
    reads[0] = read_of(&k->memory, ITEM);
    where_int(&reads[0]->where, ITEM_ID, SHOP_PRED_GT, 1000);
    if (query_ok(k, reads, 3, rows)) {
        expect_ids(k, &rows[1], true, "");
        expect_ids(k, &rows[2], true, "");
    }
}

static void reads_follow_texts_and_narrow_columns(kit *k)
{
    seed_lines(k);
    shop_rows rows[3];
    kit_read *reads[3] = {read_of(&k->memory, ITEM), read_of(&k->memory, ITEM), read_of(&k->memory, LINE)};
    where_text(&reads[0]->where, ITEM_NOTE, SHOP_PRED_EQ, "apple");
    reads[0]->read.columns = UINT64_C(1) << ITEM_NOTE | UINT64_C(1) << ITEM_BALANCE;
    where_in_read(&reads[1]->where, ITEM_NOTE, 0, ITEM_NOTE);
    where_in_read(&reads[1]->where, ITEM_BALANCE, 0, ITEM_BALANCE);
    where_in_read(&reads[2]->where, LINE_AMOUNT, 0, ITEM_BALANCE);
    reads[1]->read.columns = reads[2]->read.columns = 1;
    if (!query_ok(k, reads, 3, rows))
        return;
    expect_ids(k, &rows[1], true, "1");
    expect_ids(k, &rows[2], true, "50 51");
}

static void reads_follow_pages(kit *k)
{
    seed_lines(k);
    shop_rows rows[3];
    kit_read *reads[3] = {ordered(k, ITEM_BALANCE, true, ITEM_ID, false), read_of(&k->memory, LINE), read_of(&k->memory, LINE)};
    reads[0]->read.limit = 2;
    reads[0]->read.offset = 1;
    where_in_read(&reads[1]->where, LINE_ITEM, 0, ITEM_ID);
    order_by(reads[1], LINE_ID, true);
    reads[1]->read.limit = 3;
    where_in_read(&reads[2]->where, LINE_AMOUNT, 1, LINE_AMOUNT);
    where_in_read(&reads[2]->where, LINE_ITEM, 0, ITEM_ID);
    if (!query_ok(k, reads, 3, rows))
        return;
    expect_ids(k, &rows[0], false, "4 8");
    expect_ids(k, &rows[1], false, "81 80 41");
    expect_ids(k, &rows[2], true, "40 41 80 81");
    reads[0]->after[0] = value_int(20);
    reads[0]->after[1] = value_int(8);
    reads[0]->read.after = reads[0]->after;
    reads[0]->read.offset = 0;
    if (query_ok(k, reads, 3, rows)) {
        expect_ids(k, &rows[0], false, "1 5");
        expect_ids(k, &rows[1], false, "51 50 11");
    }
}

static void aggregates_follow_reads(kit *k)
{
    seed_lines(k);
    shop_rows rows[2];
    kit_read *reads[2] = {read_of(&k->memory, ITEM), read_of(&k->memory, LINE)};
    where_int(&reads[0]->where, ITEM_MAKER, SHOP_PRED_EQ, 2);
    where_in_read(&reads[1]->where, LINE_ITEM, 0, ITEM_ID);
    reads[1]->read.group_by = LINE_ITEM;
    aggregate(reads[1], SHOP_AGGREGATE_SUM, LINE_AMOUNT);
    if (!query_ok(k, reads, 2, rows) || !expect_ids(k, &rows[1], false, "6 7 8"))
        return;
    expect_value(k, &rows[1].values[5], value_int(16), "the sum of a group");
}

static void columns_that_are_wanted(kit *k)
{
    seed_samples(k);
    kit_read *r = read_of(&k->memory, ITEM);
    where_int(&r->where, ITEM_BALANCE, SHOP_PRED_EQ, 0);
    r->read.columns = UINT64_C(1) << ITEM_SKU | UINT64_C(1) << ITEM_SHELF;
    shop_rows rows = read_rows(k, r);
    if (!expect(k, rows.count == 1 && rows.width == ITEM_COLUMNS, "%u rows of %u values", (unsigned)rows.count,
                (unsigned)rows.width))
        return;
    expect_value(k, &rows.values[ITEM_SKU], value_text("sku-3"), "a column that is wanted");
    expect_value(k, &rows.values[ITEM_SHELF], value_int(20), "a column that is wanted");
}

static void equal_shapes_other_values(kit *k)
{
    seed_samples(k);
    static const int64_t balances[] = {5, 20, 0, 5, 77};
    static const char *const ids[] = {"1 5", "4 8", "3", "1 5", ""};
    for (size_t i = 0; i < LENGTH(balances); i++) {
        kit_read *r = read_of(&k->memory, ITEM);
        where_int(&r->where, ITEM_BALANCE, SHOP_PRED_EQ, balances[i]);
        shop_rows rows = read_rows(k, r);
        expect_ids(k, &rows, true, ids[i]);
    }
}

static void many_rows(kit *k)
{
    for (int64_t n = 0; n < 10; n++) {
        kit_batch *b = batch_new(&k->memory);
        for (int64_t i = 1; i <= 500; i++)
            insert_counter(b, n * 500 + i, i, n, NULL);
        if (!apply_ok(k, b))
            return;
    }
    kit_read *r = read_of(&k->memory, COUNTER);
    shop_rows rows = read_rows(k, r);
    expect(k, rows.count == 5000, "%u rows instead of 5000", (unsigned)rows.count);
    int64_t sum = 0;
    for (uint32_t i = 0; i < rows.count; i++)
        sum += rows.values[(size_t)i * rows.width + COUNTER_VALUE].num;
    expect(k, sum == 1252500, "the rows sum up to %lld", (long long)sum);
}

static const kit_requirement requirements[] = {
    {"numbers compare", numbers_compare, 0, 0},
    {"texts compare byte by byte", texts_compare_by_bytes, 0, 0},
    {"blobs compare byte by byte", blobs_compare_by_bytes, 0, 0},
    {"NULL compares with nothing", null_compares_with_nothing, 0, 0},
    {"a row passes when it passes every predicate", all_predicates_must_pass, 0, 0},
    {"a column compares with another plus a number", columns_compare, 0, 0},
    {"a sum outside 64 bits never passes", sums_outside_never_pass, 0, 0},
    {"IN takes 0, 1, 7 and 300 values, repeated ones and NULL too", in_takes_any_number, 0, 0},
    {"MATCH finds rows by the beginnings of their words", words_match, SHOP_CAN_MATCH, 0},
    {"MATCH takes signs and other scripts by their bytes", words_of_signs_match, SHOP_CAN_MATCH, 0},
    {"MATCH sees what changed, and not what was undone", words_follow_changes, SHOP_CAN_MATCH, 0},
    {"MATCH goes with other predicates", match_goes_with_others, SHOP_CAN_MATCH, 0},
    {"nearest tells words, and takes only one column's", nearest_words_are_words, SHOP_CAN_MATCH, 0},
    {"ranks order rows by how well they match", ranks_order, SHOP_CAN_MATCH | SHOP_CAN_ORDER | SHOP_CAN_RANK, 0},
    {"ranks count 16 words", ranks_count_16_words, SHOP_CAN_MATCH | SHOP_CAN_ORDER | SHOP_CAN_RANK, 0},
    {"a page goes on after a rank", ranked_pages_go_on, SHOP_CAN_MATCH | SHOP_CAN_ORDER | SHOP_CAN_RANK, 0},
    {"rows come in order, NULLs first when ascending", rows_come_in_order, SHOP_CAN_ORDER, 0},
    {"limit and offset choose a page", limits_and_offsets, SHOP_CAN_ORDER, 0},
    {"a page goes on after given values, in mixed directions", pages_go_on_after, SHOP_CAN_ORDER, 0},
    {"a page goes on where NULLs are", pages_go_on_past_nulls, SHOP_CAN_ORDER, 0},
    {"pages one after the other show each row once", pages_cover_all, SHOP_CAN_ORDER, 0},
    {"aggregates sum up the rows that pass", aggregates_sum_up, SHOP_CAN_AGGREGATE, 0},
    {"aggregates of nothing are 0 or NULL", aggregates_of_nothing, SHOP_CAN_AGGREGATE, 0},
    {"groups come in ascending order, NULL first", groups_ascend, SHOP_CAN_AGGREGATE, 0},
    {"groups of texts are told apart by bytes; there is none of no rows", groups_of_texts, SHOP_CAN_AGGREGATE, 0},
    {"a sum beyond 64 bits is INVALID, and its read is named", great_sums, SHOP_CAN_AGGREGATE, 0},
    {"a query may have 16 reads", sixteen_reads, 0, 0},
    {"a read follows from rows of earlier ones", reads_follow_reads, SHOP_CAN_IN_READ, 0},
    {"a read follows from texts, and from a few columns", reads_follow_texts_and_narrow_columns, SHOP_CAN_IN_READ, 0},
    {"a read follows from a page of another", reads_follow_pages, SHOP_CAN_IN_READ | SHOP_CAN_ORDER, 0},
    {"an aggregate follows from a read", aggregates_follow_reads, SHOP_CAN_IN_READ | SHOP_CAN_AGGREGATE, 0},
    {"columns that are wanted are there, whatever the predicates look at", columns_that_are_wanted, 0, 0},
    {"reads of equal shape may have other values", equal_shapes_other_values, 0, 0},
    {"thousands of rows come back from one read", many_rows, 0, 0},
};

const kit_chapter kit_queries = {"queries", requirements, LENGTH(requirements)};
