/* SPDX-License-Identifier: MIT */
/* Inside a copy: the job, its two places, its record in the target, and how rows are read and written. */
#ifndef SHOP_STORAGE_COPY_H
#define SHOP_STORAGE_COPY_H

#include <stdbool.h>

#include <shop/sys/copy.h>
#include <shop/sys/storage.h>

#include "../../core/arena.h"
#include "../fault.h"

#define SHOP_COPY_DIGEST 32u
#define SHOP_COPY_READ_LIMIT INT64_C(120000000) /* microseconds for one query: counting a large table takes its time */
#define SHOP_COPY_BATCH_LIMIT INT64_C(30000000) /* and for one batch */

typedef struct shop_copy_place {
    const shop_storage_vtable *vt;
    void *self;
    const char *url;
    char *name; /* the URL without passwords, and a file's path in full */
    shop_storage_host host;
} shop_copy_place;

typedef struct shop_copy_job {
    const shop_schema *schema;
    uint16_t record; /* the table that holds the record of a copy (columns as COPY_ID …): is not copied itself */
    const shop_copy_input *in;
    int64_t patience; /* microseconds */
    shop_copy_place from;
    shop_copy_place to;
    shop_copy_progress progress;
    shop_copy_result result;
} shop_copy_job;

/* The whole copy, of any schema. */
shop_status shop_copy_run(const shop_schema *schema, uint16_t record, const shop_copy_input *in, shop_copy_result *result);

/* Keeps the text for shop_copy_error, and returns the status. */
shop_status shop_copy_fail(shop_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));
shop_status shop_copy_fail_no_memory(void);

/* Tells the caller how far it is; SHOP_UNAVAILABLE when the caller ends it. */
shop_status shop_copy_tell(shop_copy_job *job);

/* ------------------------------------------------------------------------------------------------ places */

/* The URL without passwords, and a file's path in full: shop_mem_free it. NULL: memory is out. */
char *shop_copy_name(const char *url);

shop_status shop_copy_open_places(shop_copy_job *job);
void shop_copy_close_places(shop_copy_job *job);

/* ------------------------------------------------------------------------------------------------ the record */

typedef struct shop_copy_record {
    bool is_there;
    bool is_finished;
    const char *source;
} shop_copy_record;

/* Reads the record of a place within `limit` microseconds; texts go into the arena. An outcome of the backend, with the fault set. */
int32_t shop_copy_read_record(const shop_storage_vtable *vt, void *self, const shop_schema *schema, uint16_t table,
                              int64_t limit, shop_arena *arena, shop_copy_record *record, shop_fault *fault);

/* Makes the target this copy's own, or finds that it is already. *finished: there is nothing left to copy. */
shop_status shop_copy_claim(shop_copy_job *job, bool *finished);
shop_status shop_copy_finish(shop_copy_job *job);

/* ------------------------------------------------------------------------------------------------ order */

/* How a table is copied. Bits are columns. */
typedef struct shop_copy_plan {
    uint16_t table;
    uint64_t later; /* references to tables that come later: NULL at first */
    uint64_t own; /* references to rows of the same table: those to a higher id are set afterwards */
} shop_copy_plan;

/* Fills `plans` (room for each table of the schema), so that what a row refers to comes before it. SHOP_INTERNAL: there is no such order. */
shop_status shop_copy_order(const shop_copy_job *job, shop_copy_plan *plans, uint32_t *count);

/* ------------------------------------------------------------------------------------------------ calling backends */

/* A time of trouble with a place; begins with all zero. */
typedef struct shop_copy_trouble {
    int64_t until;
    int64_t pause;
} shop_copy_trouble;

/* After a call failed: waits, and says SHOP_OK when the same may be tried again; else the copy is over. */
shop_status shop_copy_pause(shop_copy_job *job, shop_copy_trouble *trouble, const shop_copy_place *place,
                            const shop_fault *fault);

/* One try on the target. */
int32_t shop_copy_apply(shop_copy_job *job, shop_arena *arena, const shop_op_list *list, shop_fault *fault);

/* Rows of a table in order of their ids, in chunks whose memory is bounded. */
typedef struct shop_copy_cursor {
    shop_copy_job *job;
    const shop_copy_place *place;
    uint16_t table;
    uint64_t columns;
    shop_arena *arena;
    int64_t count; /* rows, when it was opened */
    int64_t highest; /* id */
    int64_t last; /* id up to which all was read */
    int64_t limit; /* rows of a chunk */
    int64_t span; /* ids of a chunk, of a backend that cannot limit */
    bool ended;
    shop_rows rows; /* the chunk; none: there are no more */
} shop_copy_cursor;

/* Begins behind the id `after`; count and highest are set. Close it in any case. */
shop_status shop_copy_cursor_open(shop_copy_cursor *c, shop_copy_job *job, const shop_copy_place *place, uint16_t table,
                                  uint64_t columns, int64_t after);
shop_status shop_copy_cursor_next(shop_copy_cursor *c);
void shop_copy_cursor_close(shop_copy_cursor *c);

/* Rows of a table, and the highest id; 0: none. */
shop_status shop_copy_look(shop_copy_job *job, const shop_copy_place *place, uint16_t table, int64_t *count, int64_t *highest);

/* All columns of a table. */
uint64_t shop_copy_columns(const shop_schema *schema, uint16_t table);

/* ------------------------------------------------------------------------------------------------ steps */

shop_status shop_copy_rows(shop_copy_job *job, const shop_copy_plan *plan);
shop_status shop_copy_references(shop_copy_job *job, const shop_copy_plan *plan);
shop_status shop_copy_ids(shop_copy_job *job, uint16_t table);
shop_status shop_copy_verify(shop_copy_job *job, uint16_t table, int64_t *count);

/* The guard that begins each batch: the record is there and not finished. `preds` and `values` have room for two. */
shop_op shop_copy_guard(const shop_copy_job *job, shop_pred *preds, shop_value *values);

#endif
