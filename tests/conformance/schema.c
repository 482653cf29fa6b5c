/* SPDX-License-Identifier: MIT */
/* The kit's own tables: every column type, flag and kind of index, in two versions. */
#include "kit.h"

static const char *const kinds[] = {"plain", "fancy", "größer", NULL};

#define COLUMN(name, type, flags)                                                                                              \
    {                                                                                                                          \
        name, type, flags, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL                                                               \
    }
#define REFERENCE(name, flags, table)                                                                                          \
    {                                                                                                                          \
        name, SHOP_COLUMN_INT, flags, table, 0, NULL, 0, NULL, NULL                                                            \
    }
#define ID COLUMN("id", SHOP_COLUMN_INT, 0)
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const shop_column maker_columns[] = {
    ID,
    COLUMN("name", SHOP_COLUMN_TEXT, 0),
    COLUMN("rating", SHOP_COLUMN_INT, SHOP_COLUMN_NULLABLE),
};
static const shop_index maker_indexes[] = {
    {"maker_name", SHOP_INDEX_UNIQUE, 1, {MAKER_NAME}},
};

static const shop_column item_columns[] = {
    ID,
    REFERENCE("maker_id", 0, MAKER),
    REFERENCE("parent_id", SHOP_COLUMN_NULLABLE, ITEM),
    COLUMN("sku", SHOP_COLUMN_TEXT, 0),
    COLUMN("shelf", SHOP_COLUMN_INT, SHOP_COLUMN_NULLABLE),
    COLUMN("code", SHOP_COLUMN_TEXT, SHOP_COLUMN_NULLABLE),
    {"kind", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, kinds, 0, "plain", NULL},
    COLUMN("price", SHOP_COLUMN_MONEY, SHOP_COLUMN_NON_NEGATIVE),
    COLUMN("stock", SHOP_COLUMN_INT, SHOP_COLUMN_NON_NEGATIVE),
    COLUMN("active", SHOP_COLUMN_BOOL, 0),
    COLUMN("made", SHOP_COLUMN_TIME, 0),
    COLUMN("sold", SHOP_COLUMN_TIME, SHOP_COLUMN_NULLABLE),
    COLUMN("data", SHOP_COLUMN_BLOB, 0),
    COLUMN("extra", SHOP_COLUMN_BLOB, SHOP_COLUMN_NULLABLE),
    COLUMN("words", SHOP_COLUMN_TEXT, 0),
    COLUMN("note", SHOP_COLUMN_TEXT, SHOP_COLUMN_NULLABLE),
    COLUMN("balance", SHOP_COLUMN_INT, 0),
};
static const shop_index item_indexes[] = {
    {"item_sku", SHOP_INDEX_UNIQUE, 1, {ITEM_SKU}},
    {"item_words", SHOP_INDEX_WORDS, 1, {ITEM_WORDS}},
    {"item_place", SHOP_INDEX_UNIQUE, 2, {ITEM_SHELF, ITEM_CODE}},
    {"item_made", 0, 2, {ITEM_ACTIVE, ITEM_MADE}},
    {"item_maker", 0, 2, {ITEM_MAKER, ITEM_PRICE}},
};

static const shop_column line_columns[] = {
    ID,
    REFERENCE("item_id", 0, ITEM),
    REFERENCE("maker_id", SHOP_COLUMN_NULLABLE, MAKER),
    COLUMN("amount", SHOP_COLUMN_INT, SHOP_COLUMN_NON_NEGATIVE),
    COLUMN("total", SHOP_COLUMN_MONEY, 0),
};
static const shop_index line_indexes[] = {
    {"line_item_maker", SHOP_INDEX_UNIQUE, 2, {LINE_ITEM, LINE_MAKER}},
};

static const shop_column counter_columns[] = {
    ID,
    COLUMN("value", SHOP_COLUMN_INT, 0),
    COLUMN("left_over", SHOP_COLUMN_INT, SHOP_COLUMN_NON_NEGATIVE),
    COLUMN("label", SHOP_COLUMN_TEXT, SHOP_COLUMN_NULLABLE),
    /* version 2 */
    COLUMN("memo", SHOP_COLUMN_TEXT, SHOP_COLUMN_NULLABLE),
    {"mood", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, "it's calm", NULL},
    {"score", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, 0, NULL, -7, NULL, NULL},
    COLUMN("plain", SHOP_COLUMN_TEXT, 0),
};
static const shop_index counter_indexes[] = {
    {"counter_label", SHOP_INDEX_UNIQUE, 1, {COUNTER_LABEL}},
    /* version 2 */
    {"counter_score", 0, 2, {COUNTER_SCORE, COUNTER_VALUE}},
};

#define WIDE_8(tens)                                                                                                           \
    COLUMN("n" #tens "0", SHOP_COLUMN_INT, 0), COLUMN("n" #tens "1", SHOP_COLUMN_INT, 0),                                      \
        COLUMN("n" #tens "2", SHOP_COLUMN_INT, 0), COLUMN("n" #tens "3", SHOP_COLUMN_INT, 0),                                  \
        COLUMN("n" #tens "4", SHOP_COLUMN_INT, 0), COLUMN("n" #tens "5", SHOP_COLUMN_INT, 0),                                  \
        COLUMN("n" #tens "6", SHOP_COLUMN_INT, 0), COLUMN("n" #tens "7", SHOP_COLUMN_INT, 0)
static const shop_column wide_columns[] = {
    ID,
    COLUMN("order", SHOP_COLUMN_INT, 0), /* a word that query languages keep for themselves */
    COLUMN("select", SHOP_COLUMN_TEXT, SHOP_COLUMN_NULLABLE),
    COLUMN("group", SHOP_COLUMN_INT, 0),
    COLUMN("where", SHOP_COLUMN_INT, 0),
    COLUMN("table", SHOP_COLUMN_INT, 0),
    COLUMN("user", SHOP_COLUMN_INT, 0),
    COLUMN("value", SHOP_COLUMN_INT, 0),
    WIDE_8(1),
    WIDE_8(2),
    WIDE_8(3),
    WIDE_8(4),
    WIDE_8(5),
    WIDE_8(6),
    COLUMN("n70", SHOP_COLUMN_INT, 0),
    COLUMN("n71", SHOP_COLUMN_INT, 0),
    COLUMN("n72", SHOP_COLUMN_INT, 0),
    COLUMN("n73", SHOP_COLUMN_INT, 0),
    COLUMN("n74", SHOP_COLUMN_INT, 0),
    {"n75", SHOP_COLUMN_INT, SHOP_COLUMN_POSITIVE, SHOP_NO_TABLE, 0, NULL, 1, NULL, NULL},
    {"n76", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, WIDE_LAST, NULL, 0, NULL, NULL},
    COLUMN("n77", SHOP_COLUMN_INT, SHOP_COLUMN_NULLABLE),
};
_Static_assert(LENGTH(wide_columns) == WIDE_COLUMNS, "as many columns as a table may have");

static const shop_column novelty_columns[] = {
    ID,
    REFERENCE("counter_id", 0, COUNTER),
    COLUMN("name", SHOP_COLUMN_TEXT, 0),
};
static const shop_index novelty_indexes[] = {
    {"novelty_name", SHOP_INDEX_UNIQUE, 1, {NOVELTY_NAME}},
};

static const shop_table tables[] = {
    {"maker", maker_columns, MAKER_COLUMNS, maker_indexes, LENGTH(maker_indexes), NULL},
    {"item", item_columns, ITEM_COLUMNS, item_indexes, LENGTH(item_indexes), NULL},
    {"line", line_columns, LINE_COLUMNS, line_indexes, LENGTH(line_indexes), NULL},
    {"counter", counter_columns, COUNTER_COLUMNS, counter_indexes, COUNTER_BY_LABEL + 1, NULL},
    {"wide", wide_columns, WIDE_COLUMNS, NULL, 0, NULL},
};
static const shop_table tables_2[] = {
    {"maker", maker_columns, MAKER_COLUMNS, maker_indexes, LENGTH(maker_indexes), NULL},
    {"item", item_columns, ITEM_COLUMNS, item_indexes, LENGTH(item_indexes), NULL},
    {"line", line_columns, LINE_COLUMNS, line_indexes, LENGTH(line_indexes), NULL},
    {"counter", counter_columns, COUNTER_COLUMNS_2, counter_indexes, LENGTH(counter_indexes), NULL},
    {"wide", wide_columns, WIDE_COLUMNS, NULL, 0, NULL},
    {"novelty", novelty_columns, NOVELTY_COLUMNS, novelty_indexes, LENGTH(novelty_indexes), NULL},
};
_Static_assert(LENGTH(tables) == KIT_TABLES && LENGTH(tables_2) == KIT_TABLES_2, "a number for every table");
_Static_assert(LENGTH(item_columns) == ITEM_COLUMNS && LENGTH(counter_columns) == COUNTER_COLUMNS_2,
               "a number for every column");

static const shop_schema version_1 = {.version = 1, .table_count = KIT_TABLES, .tables = tables};
static const shop_schema version_2 = {.version = 2, .table_count = KIT_TABLES_2, .tables = tables_2};

const shop_schema *kit_schema(void)
{
    return &version_1;
}

const shop_schema *kit_schema_2(void)
{
    return &version_2;
}
