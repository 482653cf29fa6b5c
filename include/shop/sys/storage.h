/* SPDX-License-Identifier: MIT */
/*
 * The storage interface: what a backend author implements.
 *
 * A backend stores typed rows of the tables that libshop describes. It knows no shop. It has two verbs:
 *
 *   query  reads one or more row sets in ONE consistent snapshot;
 *   apply  makes ONE guarded batch happen, wholly or not at all, and says which guard failed.
 *
 * Everything else is bookkeeping. There are no interactive transactions: a backend never holds a lock
 * while libshop thinks. The conformance kit (tests/conformance) checks every promise written here.
 *
 * Words: "must" binds every backend; "may" is its freedom. Every function of the table must be safe to call
 * from many threads at once, except open and close.
 *
 * Versions: the table starts with its size and version and grows only at its end. libshop fills a missing
 * optional slot itself and refuses a table that lacks a required one.
 */
#ifndef SHOP_SYS_STORAGE_H
#define SHOP_SYS_STORAGE_H

#include <stddef.h>
#include <stdint.h>

#include <shop/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------ values */

#define SHOP_VALUE_NULL 0u
#define SHOP_VALUE_INT 1u /* num */
#define SHOP_VALUE_TEXT 2u /* data, size bytes of UTF-8 without NUL, and one NUL behind them */
#define SHOP_VALUE_BLOB 3u /* data, size bytes; data may be NULL when size is 0 */
#define SHOP_VALUE_REF 4u /* only inside a batch: column `size` of the row that operation `num` names */

typedef struct shop_value {
    uint32_t type;
    uint32_t size;
    int64_t num;
    const char *data;
} shop_value;

/* ----------------------------------------------------------------------------------- tables, described once */

#define SHOP_COLUMN_INT 1u
#define SHOP_COLUMN_BOOL 2u /* stored as integer 0 or 1 */
#define SHOP_COLUMN_TIME 3u /* stored as integer: microseconds since 1970-01-01T00:00:00Z */
#define SHOP_COLUMN_MONEY 4u /* stored as integer: the currency's minor units */
#define SHOP_COLUMN_TEXT 5u
#define SHOP_COLUMN_BLOB 6u

#define SHOP_COLUMN_NULLABLE 1u /* may be NULL; all others must never be */
#define SHOP_COLUMN_NON_NEGATIVE 2u /* the backend must refuse a value below 0: SHOP_STORAGE_CONSTRAINT */
#define SHOP_COLUMN_POSITIVE 4u /* … below 1 */

#define SHOP_NO_COLUMN 0xFFFFu
#define SHOP_NO_TABLE 0xFFFFu

typedef struct shop_column {
    const char *name; /* [a-z][a-z0-9_]* */
    uint16_t type;
    uint16_t flags;
    uint16_t references; /* table whose `id` this names, or SHOP_NO_TABLE; enforced at the end of a batch or earlier */
    uint16_t at_most; /* 0, or a column of the same table: the backend must refuse a row in which this one is greater than that
                         (both are numbers; NULL is not greater): SHOP_STORAGE_CONSTRAINT */
    const char *const *allowed; /* TEXT: the only words it may hold (NULL-terminated list), or NULL for any */
    int64_t default_num; /* what rows made before this column existed hold (numbers) … */
    const char *default_text; /* … and texts; NULL means NULL (nullable) or "" */
    const char *doc;
} shop_column;

#define SHOP_INDEX_UNIQUE 1u /* no two rows with equal values; a row with a NULL in the key equals none */
#define SHOP_INDEX_WORDS 2u /* one TEXT column of words separated by single spaces; serves SHOP_PRED_MATCH */

typedef struct shop_index {
    const char *name;
    uint16_t flags;
    uint16_t column_count; /* 1..4 */
    uint16_t columns[4];
} shop_index;

/* Column 0 of every table is `id`, INT, the primary key, given by libshop (see allocate), 1..2^53-1. */
typedef struct shop_table {
    const char *name;
    const shop_column *columns;
    uint32_t column_count; /* at most 64 */
    const shop_index *indexes;
    uint32_t index_count;
    const char *doc;
} shop_table;

typedef struct shop_schema {
    uint32_t version; /* rises by one with each change of any table */
    uint32_t table_count;
    const shop_table *tables; /* a table's number is its place here and never changes */
} shop_schema;

/* ------------------------------------------------------------------------------------------------ predicates */

/*
 * A row passes a list of predicates when it passes each. A comparison with NULL on either side is never true
 * (as in SQL). Texts and blobs compare by bytes.
 */
#define SHOP_PRED_EQ 1u
#define SHOP_PRED_NE 2u
#define SHOP_PRED_LT 3u
#define SHOP_PRED_LE 4u
#define SHOP_PRED_GT 5u
#define SHOP_PRED_GE 6u
#define SHOP_PRED_IN 7u /* column equals one of `values` (value_count of them; 0: never true) */
#define SHOP_PRED_NULL 8u /* column is NULL */
#define SHOP_PRED_NOT_NULL 9u /* column is not NULL */
#define SHOP_PRED_IN_READ                                                                                                      \
    10u /* in a query only: column equals column `other` of a row that read number `read` returned;
                                 `read` is an earlier one without aggregates */
#define SHOP_PRED_MATCH                                                                                                        \
    11u /* `column` has a WORDS index: each word of the TEXT value (separated by single spaces) is
                                 the beginning of one of the column's words, byte by byte */

typedef struct shop_pred {
    uint16_t column;
    uint16_t op;
    uint16_t other; /* EQ…GE: when not SHOP_NO_COLUMN the right side is column `other` + values[0].num (numbers only,
                       value_count 1; a sum outside int64 never passes); IN_READ: the column of the read */
    uint16_t read;
    uint32_t value_count;
    const shop_value *values;
} shop_pred;

/* ------------------------------------------------------------------------------------------------ query */

/*
 * By rank: not the TEXT column's value decides but how well it meets the words of the read's first MATCH: each of the first
 * SHOP_RANK_WORDS of them counts 2 when it is one of the column's words, 1 when it is the beginning of one, else 0; the rank is the sum.
 * The column needs no index. The words must be UTF-8 without NUL.
 */
#define SHOP_RANK_WORDS 16

typedef struct shop_order_by {
    uint16_t column;
    uint8_t descending; /* 0 or 1; NULLs come first when ascending */
    uint8_t by_rank; /* 0, or 1 (SHOP_CAN_RANK); `after` then holds a rank, an INT */
} shop_order_by;

#define SHOP_AGGREGATE_COUNT 1u /* rows; column ignored */
#define SHOP_AGGREGATE_SUM 2u /* of the non-NULL values; 0 when there are none; beyond int64: SHOP_STORAGE_INVALID */
#define SHOP_AGGREGATE_MIN 3u /* numbers only; NULL when there are none */
#define SHOP_AGGREGATE_MAX 4u

typedef struct shop_aggregate {
    uint16_t fn;
    uint16_t column;
} shop_aggregate;

typedef struct shop_read {
    uint64_t shape; /* two reads with equal shape differ at most in the contents of values (not their types or counts), in
                       limit and in offset: a backend may keep what it prepared under this number */
    uint16_t table;
    uint16_t group_by; /* with aggregates: one row a distinct value of this column, ascending; else SHOP_NO_COLUMN */
    uint16_t pred_count;
    uint16_t order_count; /* 0: any order */
    uint16_t aggregate_count;
    uint16_t reserved;
    uint32_t reserved2;
    uint64_t columns; /* bit c: column c is wanted; others may be returned as NULL. Must name at least what preds of
                         later reads, order and group_by refer to (libshop sees to it) */
    const shop_pred *preds;
    const shop_order_by *order;
    const shop_value *after; /* NULL, or order_count non-NULL values: only rows that come strictly after these in the order */
    int64_t limit; /* -1: all */
    int64_t offset; /* 0 or more rows to pass over first */
    const shop_aggregate *aggregates;
} shop_read;

/*
 * What a read returned: `count` rows of `width` values, row by row. Without aggregates width is the table's column
 * count and values[row * width + column] is a column. With aggregates a row is the group_by value (when grouping)
 * followed by the aggregates in their order. Without group_by there is exactly one row.
 */
typedef struct shop_rows {
    uint32_t count;
    uint32_t width;
    const shop_value *values;
} shop_rows;

/* ------------------------------------------------------------------------------------------------ apply */

#define SHOP_OP_INSERT 1u /* one row; columns not set get their defaults; expects 1 by nature */
#define SHOP_OP_UPDATE 2u
#define SHOP_OP_DELETE 3u
#define SHOP_OP_CHECK 4u /* changes nothing: counts the rows that pass */

#define SHOP_EXPECT_ANY (-1)

#define SHOP_SET_TO 1u /* column = value */
#define SHOP_SET_ADD 2u /* column = column + value.num; outside int64: SHOP_STORAGE_CONSTRAINT */

typedef struct shop_set {
    uint16_t column;
    uint16_t how;
    uint32_t reserved;
    shop_value value;
} shop_set;

/*
 * Operations of a batch see the effects of those before them. A VALUE_REF (in a set or as the value of a predicate)
 * names an earlier INSERT, or an earlier UPDATE or CHECK that has an EQ predicate on `id`: it stands for the value that
 * the row with that id holds in the named column at that moment.
 */
typedef struct shop_op {
    uint64_t shape; /* as in shop_read */
    uint16_t kind;
    uint16_t table;
    uint16_t set_count;
    uint16_t pred_count; /* UPDATE, DELETE and CHECK */
    int64_t expect; /* rows that must pass, or SHOP_EXPECT_ANY */
    const shop_set *sets;
    const shop_pred *preds;
} shop_op;

typedef struct shop_op_list {
    uint64_t shape; /* of the whole list */
    uint32_t count;
    uint32_t reserved;
    const shop_op *ops;
} shop_op_list;

/* ------------------------------------------------------------------------------------------------ outcomes */

#define SHOP_STORAGE_OK 0
#define SHOP_STORAGE_GUARD 1 /* fault.op expected another number of rows than fault.touched; nothing happened */
#define SHOP_STORAGE_UNIQUE 2 /* fault.op met a row with equal key in fault.index (SHOP_NO_COLUMN: the id); nothing happened */
#define SHOP_STORAGE_REFERENCE 3 /* a reference would dangle; nothing happened; op as far as known */
#define SHOP_STORAGE_CONSTRAINT 4 /* a column's own rule: NULL, negative, word not allowed, overflow; nothing happened */
#define SHOP_STORAGE_CONFLICT 5 /* somebody was faster, or the engine asks for it: nothing happened, try the same again */
#define SHOP_STORAGE_UNAVAILABLE 6 /* cannot be reached, deadline passed, disk full or I/O error; nothing happened */
#define SHOP_STORAGE_UNKNOWN 7 /* apply only: the link broke after the commit was sent: it may have happened */
#define SHOP_STORAGE_INVALID 8 /* a malformed call, or a sum beyond int64: a defect of the caller; nothing happened */
#define SHOP_STORAGE_NO_MEMORY 9
#define SHOP_STORAGE_FOREIGN 10 /* open: the place holds something that is not a shop, or is damaged; left untouched */
#define SHOP_STORAGE_NEWER 11 /* open: made by a newer libshop; left untouched */
#define SHOP_STORAGE_OLDER 12 /* open for reading only: made by an older libshop; left untouched */
#define SHOP_STORAGE_ABSENT 13 /* open for reading only: nothing is there yet; left so */

typedef struct shop_fault {
    int32_t outcome;
    uint32_t op; /* of the batch, or read of the query */
    uint32_t index; /* UNIQUE: place in the table's indexes */
    int32_t reason; /* SHOP_REASON_… (base.h), of UNAVAILABLE and of what open refuses; SHOP_REASON_NONE: not known */
    int64_t touched;
    char detail[200]; /* for a log: no secrets, no row contents; always NUL-terminated */
} shop_fault;

/* ------------------------------------------------------------------------------------------------ the table */

#define SHOP_CALL_MAY_BE_STALE 1u /* query: a replica's rows will do, as old as the backend's own bound allows */

#define SHOP_POSITION_LATEST UINT64_MAX /* nothing older than now: not from a replica */

/*
 * How one call gets memory for its results, and how long it may take. It grows at its end: a backend reads only what struct_size covers,
 * and one that has no replicas need not look at what stands behind `deadline`.
 */
typedef struct shop_storage_call {
    size_t struct_size;
    void *(*alloc)(void *arena, size_t size); /* 16-byte aligned; lives until the caller drops its arena; NULL: out of memory */
    void *arena;
    int64_t
        deadline; /* shop_monotonic_now() microseconds after which to give up with UNAVAILABLE; 0: the backend's own limit */
    uint32_t flags; /* SHOP_CALL_… */
    uint32_t reserved;
    /*
     * NULL, or a point in the life of the place, in a unit of the backend's own: later is greater, 0 is nothing known. A query that may be
     * stale must show at least what *position holds; one that no replica has reached (SHOP_POSITION_LATEST among them) is no error. An apply
     * that returned SHOP_STORAGE_OK sets it to one that holds the batch (SHOP_POSITION_LATEST when it cannot tell), or leaves it alone when
     * there are no replicas.
     */
    uint64_t *position;
} shop_storage_call;

/* What a backend may ask of the library. Lives as long as the instance. */
typedef struct shop_storage_host {
    size_t struct_size;
    void (*log)(void *user, int32_t level, const char *message); /* SHOP_LOG_*; any thread */
    void *user;
    uint32_t flags;
    int64_t limit; /* microseconds that a call may take which is given no deadline; 0: the backend chooses */
} shop_storage_host;

#define SHOP_STORAGE_READ_ONLY 1u /* host.flags: open for reading only; no creation, no upgrade */

/* Capabilities. What is not claimed libshop does itself over plain reads, and re-checks. */
#define SHOP_CAN_ORDER 1u /* order, after, limit, offset */
#define SHOP_CAN_MATCH 2u /* SHOP_PRED_MATCH */
#define SHOP_CAN_AGGREGATE 4u /* aggregates, group_by */
#define SHOP_CAN_IN_READ 8u /* SHOP_PRED_IN_READ */
#define SHOP_CAN_PERSIST 16u /* rows outlive close */
#define SHOP_CAN_SHARE 32u /* several instances (also processes) on one place see each other's rows */
#define SHOP_CAN_RANK 128u /* order by rank */
#define SHOP_MAY_LOSE_LINK 64u /* apply can end in SHOP_STORAGE_UNKNOWN: libshop puts a mark into every batch */

#define SHOP_STORAGE_VERSION 1u

#define SHOP_NEAREST_WORDS 100
#define SHOP_NEAREST_SIZE 240

/* How the queries that may be stale were answered since open. */
typedef struct shop_storage_replicas {
    size_t struct_size; /* the caller's: the backend fills what it covers */
    uint32_t count; /* replicas that the URL names */
    uint32_t in_use; /* of these, now */
    uint64_t replica_reads;
    uint64_t primary_reads; /* because no replica could answer */
} shop_storage_replicas;

typedef struct shop_storage_vtable {
    size_t struct_size;
    uint32_t version;
    uint32_t capabilities;
    const char *name; /* the scheme of its URLs: "sqlite", "memory" */

    /* Required. Opens the place that `url` names (scheme included), creates or upgrades the tables of `schema` (additive
       only; must leave a place it refuses untouched). `schema` and `host` outlive the instance. On failure *self is not set
       and the fault says why. */
    int32_t (*open)(const char *url, const shop_schema *schema, const shop_storage_host *host, void **self, shop_fault *fault);
    /* Required. Waits for nothing: the caller has no call under way. */
    void (*close)(void *self);
    /* Required. Runs `count` (1..16) reads in one snapshot; fills rows[0..count). Returns fault->outcome. */
    int32_t (*query)(void *self, const shop_storage_call *call, const shop_read *reads, uint32_t count, shop_rows *rows,
                     shop_fault *fault);
    /* Required. Applies the list wholly or not at all; durable when it returns SHOP_STORAGE_OK. */
    int32_t (*apply)(void *self, const shop_storage_call *call, const shop_op_list *list, shop_fault *fault);
    /* Required. Hands out `count` (1..100000) ids of `table` that nobody was ever given: *first … *first+count-1. */
    int32_t (*allocate)(void *self, uint32_t table, uint32_t count, int64_t *first, shop_fault *fault);
    /* Required. OK when query and apply can be expected to work now. */
    int32_t (*ping)(void *self, shop_fault *fault);
    /* Optional. Calls back, from any thread, after another instance changed rows of a table. (libshop keeps no copies of rows, and does not
       ask for it yet.) */
    int32_t (*watch)(void *self, void (*changed)(void *user, uint32_t table), void *user);
    /* Optional. From now on allocate hands out only ids of `table` above `id` (0..2^53-1; 0 changes nothing). *highest becomes the
       highest id that was ever handed out or passed over in this way; 0: none. Opened for reading only: `id` 0 only. */
    int32_t (*reserve)(void *self, uint32_t table, int64_t id, int64_t *highest, shop_fault *fault);
    /* Optional. What there is of replicas; missing: none. */
    void (*replicas)(void *self, shop_storage_replicas *out);
    /* Optional. For each of `count` (1..16) words, TEXT values of 1..SHOP_NEAREST_SIZE bytes of UTF-8 without spaces: up to
       SHOP_NEAREST_WORDS words of `column` (which has a WORDS index) that are spelled much like it, the most alike first: rows[i] gets
       them as rows of one TEXT. A hint: it may be short of some, hold words that are in no row any more, or twice, and all of what it
       gives is judged by libshop. Missing, or where it cannot be told: none. */
    int32_t (*nearest)(void *self, const shop_storage_call *call, uint32_t table, uint32_t column, const shop_value *words,
                       uint32_t count, shop_rows *rows, shop_fault *fault);
    /* ---- end of version 1 ---- */
} shop_storage_vtable;

/*
 * Makes a backend known under its name for every later shop_open in this process. The table must outlive all shops.
 * SHOP_OK; SHOP_INVALID when a required slot is missing, the version is unknown, or the name is taken. Thread-safe.
 */
SHOP_API shop_status shop_storage_register(const shop_storage_vtable *vtable);

/* The backend registered (or built in) under the scheme of `url`, or NULL. Thread-safe. */
SHOP_API const shop_storage_vtable *shop_storage_find(const char *url);

/* Microseconds of a clock that never goes back; for deadlines. Thread-safe. */
SHOP_API int64_t shop_monotonic_now(void);

#ifdef __cplusplus
}
#endif

#endif
