/* SPDX-License-Identifier: MIT */
/* What goes in comes out: every type, and every column's own rule. */
#include "kit.h"

#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define MEGABYTE (1024u * 1024u)

/* Stores a value in a column of item 1 (by an insertion, then by an update of another row) and reads it back. */
static void round_trip(kit *k, uint16_t column, shop_value value, const char *what)
{
    kit_batch *b = batch_new(&k->memory);
    batch_op(b, SHOP_OP_DELETE, ITEM, SHOP_EXPECT_ANY);
    batch_op(b, SHOP_OP_DELETE, MAKER, SHOP_EXPECT_ANY);
    insert_maker(b, 1, "one");
    insert_item(b, 1, "sku-1");
    set_value(b, column, SHOP_SET_TO, value);
    insert_item(b, 2, "sku-2");
    update_one(b, ITEM, 2, 1);
    set_value(b, column, SHOP_SET_TO, value);
    if (column == ITEM_SKU) /* unique */
        b->count -= 2;
    if (!apply_ok(k, b))
        return;
    const shop_value *row = read_row(k, ITEM, 1);
    if (expect(k, row != NULL, "%s: the row is not there", what))
        expect_value(k, &row[column], value, what);
    row = column == ITEM_SKU ? NULL : read_row(k, ITEM, 2);
    if (row)
        expect_value(k, &row[column], value, what);
}

static void numbers_return(kit *k)
{
    static const int64_t numbers[] = {
        0, 1, -1, INT64_MAX, INT64_MIN, INT32_MAX, INT32_MIN, INT64_C(1) << 53, -(INT64_C(1) << 53) - 1};
    for (size_t i = 0; i < LENGTH(numbers); i++) {
        round_trip(k, ITEM_BALANCE, value_int(numbers[i]), "an INT");
        round_trip(k, ITEM_MADE, value_int(numbers[i]), "a TIME");
        round_trip(k, ITEM_SOLD, value_int(numbers[i]), "a TIME that may be NULL");
        if (numbers[i] >= 0)
            round_trip(k, ITEM_PRICE, value_int(numbers[i]), "a MONEY");
    }
    round_trip(k, ITEM_ACTIVE, value_int(0), "a BOOL");
    round_trip(k, ITEM_ACTIVE, value_int(1), "a BOOL");
}

static void texts_return(kit *k)
{
    static const char *const texts[] = {"",
                                        " ",
                                        "0",
                                        "007",
                                        "1e3",
                                        "  two  spaces  ",
                                        "a'b\"c\\d%e_f",
                                        "tab\tnew\nline\r\n",
                                        "größer",
                                        "日本語",
                                        "😀👍🏽",
                                        "\xef\xbb\xbf a mark first",
                                        "e\xcc\x81 is not \xc3\xa9",
                                        "\x01\x1f\x7f",
                                        "null",
                                        "NULL",
                                        "x'00'"};
    for (size_t i = 0; i < LENGTH(texts); i++) {
        round_trip(k, ITEM_NOTE, value_text(texts[i]), texts[i]);
        round_trip(k, ITEM_SKU, value_text(texts[i]), texts[i]);
    }
}

static void text_of_a_megabyte_returns(kit *k)
{
    char *text = kit_take(&k->memory, MEGABYTE + 1);
    for (size_t i = 0; i < MEGABYTE; i++)
        text[i] = (char)('a' + i % 26);
    round_trip(k, ITEM_NOTE, value_text(text), "a text of 1 MB");
}

static void blobs_return(kit *k)
{
    unsigned char bytes[256];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)i;
    round_trip(k, ITEM_DATA, value_blob(bytes, sizeof bytes), "a BLOB of every byte");
    round_trip(k, ITEM_DATA, value_blob("\0", 1), "a BLOB of one NUL");
    round_trip(k, ITEM_DATA, value_blob("a\0b", 3), "a BLOB with a NUL");
    round_trip(k, ITEM_EXTRA, value_blob(bytes, sizeof bytes), "a BLOB that may be NULL");
    round_trip(k, ITEM_DATA, value_blob("", 0), "an empty BLOB");
    round_trip(k, ITEM_DATA, value_blob(NULL, 0), "an empty BLOB without data");
    round_trip(k, ITEM_EXTRA, value_blob(NULL, 0), "an empty BLOB in a column that may be NULL");
}

static void blob_of_a_megabyte_returns(kit *k)
{
    unsigned char *bytes = kit_take(&k->memory, MEGABYTE);
    for (size_t i = 0; i < MEGABYTE; i++)
        bytes[i] = (unsigned char)(i * 7 + (i >> 8));
    round_trip(k, ITEM_DATA, value_blob(bytes, MEGABYTE), "a BLOB of 1 MB");
}

static void null_returns(kit *k)
{
    static const uint16_t columns[] = {ITEM_PARENT, ITEM_SHELF, ITEM_CODE, ITEM_SOLD, ITEM_EXTRA, ITEM_NOTE};
    for (size_t i = 0; i < LENGTH(columns); i++)
        round_trip(k, columns[i], value_null(), "NULL");
    round_trip(k, ITEM_NOTE, value_text(""), "an empty text where NULL could be");
}

static void defaults_fill_in(kit *k)
{
    kit_batch *b = batch_new(&k->memory);
    insert_maker(b, 1, "one");
    insert_row(b, ITEM, 1);
    set_int(b, ITEM_MAKER, 1);
    set_text(b, ITEM_SKU, "a");
    insert_row(b, COUNTER, 1);
    if (!apply_ok(k, b))
        return;
    const shop_value *row = read_row(k, ITEM, 1);
    if (!expect(k, row != NULL, "the row is not there"))
        return;
    expect_value(k, &row[ITEM_KIND], value_text("plain"), "a default text");
    expect_value(k, &row[ITEM_PRICE], value_int(0), "a default number");
    expect_value(k, &row[ITEM_WORDS], value_text(""), "a text without a default");
    expect_value(k, &row[ITEM_DATA], value_blob("", 0), "a blob without a default");
    expect_value(k, &row[ITEM_NOTE], value_null(), "a text that may be NULL");
    expect_value(k, &row[ITEM_EXTRA], value_null(), "a blob that may be NULL");
}

static void every_column_of_64(kit *k)
{
    kit_batch *b = batch_new(&k->memory);
    insert_row(b, WIDE, 7);
    for (uint16_t c = 1; c < WIDE_COLUMNS; c++)
        set_value(b, c, SHOP_SET_TO, c == 2 ? value_text("chosen") : value_int(c * 1000));
    update_one(b, WIDE, 7, 1);
    set_add(b, 1, 1);
    set_add(b, WIDE_COLUMNS - 1, 1);
    where_int(guard(b), WIDE_COLUMNS - 1, SHOP_PRED_EQ, (WIDE_COLUMNS - 1) * 1000);
    if (!apply_ok(k, b))
        return;
    const shop_value *row = read_row(k, WIDE, 7);
    for (uint16_t c = 3; row && c < WIDE_COLUMNS - 1; c++)
        expect_value(k, &row[c], value_int(c * 1000), "a column of many");
    if (expect(k, row != NULL, "the row is not there")) {
        expect_value(k, &row[1], value_int(1001), "a column named order");
        expect_value(k, &row[2], value_text("chosen"), "a column named select");
        expect_value(k, &row[WIDE_COLUMNS - 1], value_int((WIDE_COLUMNS - 1) * 1000 + 1), "the last column");
    }
}

static void greatest_id(kit *k)
{
    kit_batch *b = batch_new(&k->memory);
    insert_counter(b, (INT64_C(1) << 53) - 1, 5, 0, NULL);
    apply_ok(k, b);
    expect(k, read_row(k, COUNTER, (INT64_C(1) << 53) - 1) != NULL, "the row is not there");
}

/* ------------------------------------------------------------------------------------------------ refusals */

/* Tries the value by an insertion and by an update; nothing may be left. */
static void refused(kit *k, uint16_t column, shop_value value, int32_t outcome, const char *what)
{
    shop_fault fault;
    kit_batch *b = batch_new(&k->memory);
    insert_item(b, 90, "ninety");
    insert_item(b, 91, "ninety-one");
    set_value(b, column, SHOP_SET_TO, value);
    int32_t got = kit_apply(k->vt, k->self, &k->memory, b, &fault);
    bool loose = outcome == SHOP_STORAGE_INVALID; /* it is malformed, or it breaks the column's rule: both are refusals */
    expect(k, got == outcome || (loose && got == SHOP_STORAGE_CONSTRAINT), "%s inserted: %s instead of %s", what,
           outcome_name(got), outcome_name(outcome));
    expect(k, got == SHOP_STORAGE_OK || fault.op == 1, "%s inserted: operation %u is blamed", what, (unsigned)fault.op);
    b = batch_new(&k->memory);
    update_one(b, ITEM, 1, 1);
    set_value(b, column, SHOP_SET_TO, value);
    got = kit_apply(k->vt, k->self, &k->memory, b, &fault);
    expect(k, got == outcome || (loose && got == SHOP_STORAGE_CONSTRAINT), "%s updated: %s instead of %s", what,
           outcome_name(got), outcome_name(outcome));
    expect(k, !read_row(k, ITEM, 90), "%s: the operation before the refused one has happened", what);
}

static void null_is_refused(kit *k)
{
    seed_items(k, 1);
    static const uint16_t columns[] = {ITEM_MAKER,  ITEM_SKU,  ITEM_KIND, ITEM_PRICE, ITEM_STOCK,
                                       ITEM_ACTIVE, ITEM_MADE, ITEM_DATA, ITEM_WORDS, ITEM_BALANCE};
    for (size_t i = 0; i < LENGTH(columns); i++)
        refused(k, columns[i], value_null(), SHOP_STORAGE_CONSTRAINT, "NULL");
}

static void negative_is_refused(kit *k)
{
    seed_items(k, 1);
    refused(k, ITEM_PRICE, value_int(-1), SHOP_STORAGE_CONSTRAINT, "-1 as MONEY");
    refused(k, ITEM_STOCK, value_int(INT64_MIN), SHOP_STORAGE_CONSTRAINT, "the least INT");
    kit_batch *b = batch_new(&k->memory);
    update_one(b, ITEM, 1, 1);
    set_add(b, ITEM_STOCK, -1);
    apply_failing(k, b, SHOP_STORAGE_CONSTRAINT, 0, NULL);
    b = batch_new(&k->memory);
    update_one(b, ITEM, 1, 1);
    set_add(b, ITEM_BALANCE, -1);
    apply_ok(k, b);
}

/* One column of row 7 of WIDE, by SET_TO or SET_ADD. */
static void change_wide(kit *k, uint16_t column, uint16_t how, int64_t number, int32_t outcome)
{
    kit_batch *b = batch_new(&k->memory);
    update_one(b, WIDE, 7, 1);
    set_value(b, column, how, value_int(number));
    if (outcome == SHOP_STORAGE_OK)
        apply_ok(k, b);
    else
        apply_failing(k, b, outcome, 0, NULL);
}

static void seed_wide(kit *k, int64_t last)
{
    kit_batch *b = batch_new(&k->memory);
    insert_row(b, WIDE, 7);
    set_int(b, WIDE_LAST, last);
    apply_ok(k, b);
}

static void less_than_one_is_refused(kit *k)
{
    seed_wide(k, 5); /* what is not set holds the default, 1 */
    change_wide(k, WIDE_POSITIVE, SHOP_SET_TO, 0, SHOP_STORAGE_CONSTRAINT);
    change_wide(k, WIDE_POSITIVE, SHOP_SET_TO, INT64_MIN, SHOP_STORAGE_CONSTRAINT);
    change_wide(k, WIDE_POSITIVE, SHOP_SET_ADD, -1, SHOP_STORAGE_CONSTRAINT);
    change_wide(k, WIDE_POSITIVE, SHOP_SET_ADD, 1, SHOP_STORAGE_OK);
    change_wide(k, WIDE_POSITIVE, SHOP_SET_ADD, -1, SHOP_STORAGE_OK);
    kit_batch *b = batch_new(&k->memory);
    insert_row(b, WIDE, 8);
    set_int(b, WIDE_POSITIVE, 0);
    apply_failing(k, b, SHOP_STORAGE_CONSTRAINT, 0, NULL);
}

static void more_than_the_bound_is_refused(kit *k)
{
    seed_wide(k, 5);
    change_wide(k, WIDE_BOUND, SHOP_SET_TO, 6, SHOP_STORAGE_CONSTRAINT);
    change_wide(k, WIDE_BOUND, SHOP_SET_TO, 5, SHOP_STORAGE_OK);
    change_wide(k, WIDE_BOUND, SHOP_SET_ADD, 1, SHOP_STORAGE_CONSTRAINT);
    change_wide(k, WIDE_LAST, SHOP_SET_ADD, -1, SHOP_STORAGE_CONSTRAINT);
    change_wide(k, WIDE_LAST, SHOP_SET_TO, INT64_MAX, SHOP_STORAGE_OK);
    kit_batch *b = batch_new(&k->memory);
    update_one(b, WIDE, 7, 1); /* both at once: it is the row that counts */
    set_int(b, WIDE_BOUND, -8);
    set_int(b, WIDE_LAST, -8);
    apply_ok(k, b);
    b = batch_new(&k->memory);
    update_one(b, WIDE, 7, 1); /* no bound is none */
    set_value(b, WIDE_LAST, SHOP_SET_TO, value_null());
    set_int(b, WIDE_BOUND, INT64_MAX);
    apply_ok(k, b);
    b = batch_new(&k->memory);
    insert_row(b, WIDE, 8);
    set_int(b, WIDE_LAST, -1); /* the other holds its default, 0 */
    apply_failing(k, b, SHOP_STORAGE_CONSTRAINT, 0, NULL);
}

static void unknown_word_is_refused(kit *k)
{
    seed_items(k, 1);
    round_trip(k, ITEM_KIND, value_text("größer"), "an allowed word");
    refused(k, ITEM_KIND, value_text("odd"), SHOP_STORAGE_CONSTRAINT, "a word that is not allowed");
    refused(k, ITEM_KIND, value_text(""), SHOP_STORAGE_CONSTRAINT, "no word");
    refused(k, ITEM_KIND, value_text("plainer"), SHOP_STORAGE_CONSTRAINT, "a longer word");
    refused(k, ITEM_KIND, value_text("Plain"), SHOP_STORAGE_CONSTRAINT, "a word in another case");
}

static void truth_is_0_or_1(kit *k)
{
    seed_items(k, 1);
    refused(k, ITEM_ACTIVE, value_int(2), SHOP_STORAGE_CONSTRAINT, "2 as BOOL");
    refused(k, ITEM_ACTIVE, value_int(-1), SHOP_STORAGE_CONSTRAINT, "-1 as BOOL");
    kit_batch *b = batch_new(&k->memory);
    update_one(b, ITEM, 1, 1);
    set_int(b, ITEM_ACTIVE, 1);
    update_one(b, ITEM, 1, 1);
    set_add(b, ITEM_ACTIVE, 1);
    apply_failing(k, b, SHOP_STORAGE_CONSTRAINT, 1, NULL);
}

static void other_types_are_refused(kit *k)
{
    seed_items(k, 1);
    refused(k, ITEM_BALANCE, value_text("12"), SHOP_STORAGE_INVALID, "a text as INT");
    refused(k, ITEM_BALANCE, value_blob("1", 1), SHOP_STORAGE_INVALID, "a blob as INT");
    refused(k, ITEM_NOTE, value_int(12), SHOP_STORAGE_INVALID, "a number as TEXT");
    refused(k, ITEM_NOTE, value_blob("a", 1), SHOP_STORAGE_INVALID, "a blob as TEXT");
    refused(k, ITEM_DATA, value_text("a"), SHOP_STORAGE_INVALID, "a text as BLOB");
    refused(k, ITEM_DATA, value_int(1), SHOP_STORAGE_INVALID, "a number as BLOB");
    refused(k, ITEM_NOTE, (shop_value){.type = 9, .size = 1, .data = "a"}, SHOP_STORAGE_INVALID, "an unknown type");
}

static void broken_text_is_refused(kit *k)
{
    seed_items(k, 1);
    static const char *const broken[] = {"\xff", "a\x80", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82"};
    for (size_t i = 0; i < LENGTH(broken); i++)
        refused(k, ITEM_NOTE, value_text(broken[i]), SHOP_STORAGE_INVALID, "a text that is not UTF-8");
    shop_value with_nul = {.type = SHOP_VALUE_TEXT, .size = 3, .data = "a\0b"};
    refused(k, ITEM_NOTE, with_nul, SHOP_STORAGE_INVALID, "a text with a NUL");
}

static void sums_stay_in_64_bits(kit *k)
{
    seed_items(k, 1);
    kit_batch *b = batch_new(&k->memory);
    update_one(b, ITEM, 1, 1);
    set_int(b, ITEM_BALANCE, INT64_MAX - 1);
    update_one(b, ITEM, 1, 1);
    set_add(b, ITEM_BALANCE, 1);
    apply_ok(k, b);
    b = batch_new(&k->memory);
    update_one(b, ITEM, 1, 1);
    set_add(b, ITEM_BALANCE, 1);
    apply_failing(k, b, SHOP_STORAGE_CONSTRAINT, 0, NULL);
    b = batch_new(&k->memory);
    update_one(b, ITEM, 1, 1);
    set_int(b, ITEM_BALANCE, INT64_MIN);
    update_one(b, ITEM, 1, 1);
    set_add(b, ITEM_BALANCE, -1);
    apply_failing(k, b, SHOP_STORAGE_CONSTRAINT, 1, NULL);
    b = batch_new(&k->memory);
    update_one(b, ITEM, 1, 1);
    set_add(b, ITEM_BALANCE, INT64_MIN);
    apply_ok(k, b);
    const shop_value *row = read_row(k, ITEM, 1);
    if (expect(k, row != NULL, "the row is not there"))
        expect_value(k, &row[ITEM_BALANCE], value_int(-1), "INT64_MAX + INT64_MIN");
}

static void ids_have_a_range(kit *k)
{
    static const int64_t ids[] = {0, -1, INT64_C(1) << 53, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < LENGTH(ids); i++) {
        kit_batch *b = batch_new(&k->memory);
        insert_counter(b, ids[i], 0, 0, NULL);
        shop_fault fault;
        int32_t got = kit_apply(k->vt, k->self, &k->memory, b, &fault);
        expect(k, got == SHOP_STORAGE_CONSTRAINT || got == SHOP_STORAGE_INVALID, "id %lld: %s", (long long)ids[i],
               outcome_name(got));
    }
    expect(k, count_rows(k, COUNTER) == 0, "a refused row is there");
}

static const kit_requirement requirements[] = {
    {"numbers come back as they were, from INT64_MIN to INT64_MAX", numbers_return, 0, 0},
    {"texts come back byte by byte", texts_return, 0, 0},
    {"a text of 1 MB comes back", text_of_a_megabyte_returns, 0, 0},
    {"blobs come back, NUL bytes and empty ones too", blobs_return, 0, 0},
    {"a blob of 1 MB comes back", blob_of_a_megabyte_returns, 0, 0},
    {"NULL comes back, and is not the empty text", null_returns, 0, 0},
    {"columns that are not set get their defaults", defaults_fill_in, 0, 0},
    {"a table may have 64 columns, named like words of a query language", every_column_of_64, 0, 0},
    {"the greatest id is 2^53-1", greatest_id, 0, 0},
    {"NULL is refused where it may not be", null_is_refused, 0, 0},
    {"a negative value is refused where it may not be", negative_is_refused, 0, 0},
    {"a value below 1 is refused where it must be positive", less_than_one_is_refused, 0, 0},
    {"a value greater than the column that bounds it is refused", more_than_the_bound_is_refused, 0, 0},
    {"a word that is not allowed is refused", unknown_word_is_refused, 0, 0},
    {"a BOOL is 0 or 1", truth_is_0_or_1, 0, 0},
    {"a value of another type is refused", other_types_are_refused, 0, 0},
    {"a text that is not UTF-8 or has a NUL is refused", broken_text_is_refused, 0, 0},
    {"an addition beyond 64 bits is refused", sums_stay_in_64_bits, 0, 0},
    {"an id out of range is refused", ids_have_a_range, 0, 0},
};

const kit_chapter kit_values = {"values", requirements, LENGTH(requirements)};
