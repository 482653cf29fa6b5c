/* SPDX-License-Identifier: MIT */
/* Inside the conformance kit: its schema, builders of reads and batches, and expectations. */
#ifndef SHOP_CONFORMANCE_KIT_H
#define SHOP_CONFORMANCE_KIT_H

#include <pthread.h>
#include <stdbool.h>

#include "conformance.h"

/* ------------------------------------------------------------------------------------------------ schema */

enum { MAKER, ITEM, LINE, COUNTER, WIDE, KIT_TABLES, NOVELTY = KIT_TABLES, KIT_TABLES_2 };

enum { MAKER_ID, MAKER_NAME, MAKER_RATING, MAKER_COLUMNS };
enum { MAKER_BY_NAME };

enum {
    ITEM_ID,
    ITEM_MAKER,
    ITEM_PARENT,
    ITEM_SKU,
    ITEM_SHELF,
    ITEM_CODE,
    ITEM_KIND,
    ITEM_PRICE,
    ITEM_STOCK,
    ITEM_ACTIVE,
    ITEM_MADE,
    ITEM_SOLD,
    ITEM_DATA,
    ITEM_EXTRA,
    ITEM_WORDS,
    ITEM_NOTE,
    ITEM_BALANCE,
    ITEM_COLUMNS
};
enum { ITEM_BY_SKU, ITEM_BY_WORDS, ITEM_BY_PLACE, ITEM_BY_MADE, ITEM_BY_MAKER };

enum { LINE_ID, LINE_ITEM, LINE_MAKER, LINE_AMOUNT, LINE_TOTAL, LINE_COLUMNS };
enum { LINE_BY_ITEM_AND_MAKER };

enum {
    COUNTER_ID,
    COUNTER_VALUE,
    COUNTER_LEFT,
    COUNTER_LABEL,
    COUNTER_COLUMNS,
    COUNTER_MEMO = COUNTER_COLUMNS, /* from version 2 on */
    COUNTER_MOOD,
    COUNTER_SCORE,
    COUNTER_PLAIN,
    COUNTER_COLUMNS_2
};
enum { COUNTER_BY_LABEL, COUNTER_BY_SCORE };

enum { WIDE_POSITIVE = 61, WIDE_BOUND, WIDE_LAST, WIDE_COLUMNS }; /* BOUND is at most LAST */

enum { NOVELTY_ID, NOVELTY_COUNTER, NOVELTY_NAME, NOVELTY_COLUMNS };

const shop_schema *kit_schema(void);
const shop_schema *kit_schema_2(void); /* the same, grown */

/* ------------------------------------------------------------------------------------------------ memory */

/* What one thread needs for its calls: memory that goes all at once. */
typedef struct kit_memory {
    void *blocks;
    shop_storage_call call;
} kit_memory;

void kit_memory_init(kit_memory *m);
void *kit_take(kit_memory *m, size_t size); /* zeroed; ends the program when there is none */
void kit_memory_free(kit_memory *m);

/* ------------------------------------------------------------------------------------------------ building */

enum { KIT_PREDS = 16, KIT_ORDER = 6, KIT_SETS = 64, KIT_OPS = 512 };

typedef struct kit_where {
    uint16_t count;
    shop_pred preds[KIT_PREDS];
    shop_value values[KIT_PREDS];
} kit_where;

void where_value(kit_where *w, uint16_t column, uint16_t op, shop_value value);
void where_int(kit_where *w, uint16_t column, uint16_t op, int64_t number);
void where_text(kit_where *w, uint16_t column, uint16_t op, const char *text);
void where_null(kit_where *w, uint16_t column, uint16_t op);
void where_in(kit_where *w, uint16_t column, const shop_value *values, uint32_t count);
void where_in_read(kit_where *w, uint16_t column, uint16_t read, uint16_t other);
void where_column(kit_where *w, uint16_t column, uint16_t op, uint16_t other, shop_value plus);
void where_ref(kit_where *w, uint16_t column, uint16_t pred, uint32_t op, uint32_t other);

typedef struct kit_read {
    shop_read read;
    kit_where where;
    shop_order_by order[KIT_ORDER];
    shop_value after[KIT_ORDER];
    shop_aggregate aggregates[KIT_ORDER];
} kit_read;

kit_read *read_of(kit_memory *m, uint16_t table); /* all columns, no limit */
void order_by(kit_read *r, uint16_t column, bool descending);
void order_by_rank(kit_read *r, uint16_t column, bool descending);
void aggregate(kit_read *r, uint16_t fn, uint16_t column);

typedef struct kit_op {
    uint16_t kind;
    uint16_t table;
    uint16_t set_count;
    int64_t expect;
    shop_set sets[KIT_SETS];
    kit_where where;
} kit_op;

typedef struct kit_batch {
    kit_memory *memory;
    uint32_t count;
    kit_op *ops[KIT_OPS];
} kit_batch;

kit_batch *batch_new(kit_memory *m);
uint32_t batch_op(kit_batch *b, uint16_t kind, uint16_t table, int64_t expect); /* its number */
kit_where *guard(kit_batch *b); /* of the last operation */
void insert_row(kit_batch *b, uint16_t table, int64_t id);
void set_value(kit_batch *b, uint16_t column, uint16_t how, shop_value value);
void set_int(kit_batch *b, uint16_t column, int64_t number);
void set_add(kit_batch *b, uint16_t column, int64_t number);
void set_text(kit_batch *b, uint16_t column, const char *text);
void set_null(kit_batch *b, uint16_t column);
void set_ref(kit_batch *b, uint16_t column, uint32_t op, uint32_t other);
/* One row by its id. */
void update_one(kit_batch *b, uint16_t table, int64_t id, int64_t expect);
void delete_one(kit_batch *b, uint16_t table, int64_t id, int64_t expect);
void check_one(kit_batch *b, uint16_t table, int64_t id, int64_t expect);

shop_value value_int(int64_t number);
shop_value value_text(const char *text);
shop_value value_blob(const void *data, uint32_t size);
shop_value value_null(void);
shop_value value_ref(uint32_t op, uint32_t column);

/* Shapes are set, then the backend is called. */
int32_t kit_query(const shop_storage_vtable *vt, void *self, kit_memory *m, kit_read *const *reads, uint32_t count,
                  shop_rows *rows, shop_fault *fault);
int32_t kit_apply(const shop_storage_vtable *vt, void *self, kit_memory *m, const kit_batch *b, shop_fault *fault);
const shop_op_list *kit_list(kit_memory *m, const kit_batch *b);

/* ------------------------------------------------------------------------------------------------ a requirement under test */

typedef struct kit {
    const shop_conformance_options *options;
    const shop_storage_vtable *vt;
    FILE *report;
    int passed;
    int failed;
    int skipped;

    const char *requirement;
    pthread_mutex_t lock; /* expectations of many threads */
    bool broken;
    unsigned complaints;
    bool skip;
    char url[512];
    void *self; /* the fresh place, opened with kit_schema; NULL when the requirement opens it itself */
    kit_memory memory;
} kit;

typedef struct kit_requirement {
    const char *name; /* what is promised */
    void (*check)(kit *k);
    uint32_t capabilities; /* skipped unless these are claimed */
    uint32_t flags;
} kit_requirement;

#define KIT_UNOPENED 1u /* the requirement opens the place itself */

typedef struct kit_chapter {
    const char *name;
    const kit_requirement *requirements;
    size_t count;
} kit_chapter;

extern const kit_chapter kit_values;
extern const kit_chapter kit_queries;
extern const kit_chapter kit_batches;
extern const kit_chapter kit_malformed;
extern const kit_chapter kit_places;
extern const kit_chapter kit_crowds;
extern const kit_chapter kit_comparisons;

/* Any thread. Reports and returns false when it does not hold. */
bool expect(kit *k, bool holds, const char *format, ...) __attribute__((format(printf, 3, 4)));
void skip(kit *k, const char *why);

/* Is there this optional slot, which begins at `place` of the table? A table of an older header may end before it. */
bool has_slot(const kit *k, size_t place);
const char *outcome_name(int32_t outcome);

void *open_place(kit *k, const shop_schema *schema, uint32_t flags, int32_t expected); /* NULL when it was not opened */
void close_place(kit *k, void *self);

/* Applies and expects an outcome; the fault (may be NULL) for more. */
bool apply_expecting(kit *k, const kit_batch *b, int32_t outcome, shop_fault *fault);
bool apply_ok(kit *k, const kit_batch *b);
/* Also the operation that is to blame. */
bool apply_failing(kit *k, const kit_batch *b, int32_t outcome, uint32_t op, shop_fault *fault);

/* One read that must work. */
shop_rows read_rows(kit *k, kit_read *r);
const shop_value *read_row(kit *k, uint16_t table, int64_t id); /* NULL: not there */
int64_t count_rows(kit *k, uint16_t table);

/* The ids of the rows as "3 1 2"; `sorted`: ascending whatever their order is. */
bool expect_ids(kit *k, const shop_rows *rows, bool sorted, const char *ids);
bool values_equal(const shop_value *a, const shop_value *b);
bool expect_value(kit *k, const shop_value *got, shop_value wanted, const char *what);

/* Sets every column of an item that has no default worth having; its maker is 1. */
void insert_item(kit_batch *b, int64_t id, const char *sku);
void insert_maker(kit_batch *b, int64_t id, const char *name);
void insert_counter(kit_batch *b, int64_t id, int64_t value, int64_t left, const char *label);
/* Maker 1 and items 1..count with skus "sku-01"…. */
void seed_items(kit *k, int count);

#endif
