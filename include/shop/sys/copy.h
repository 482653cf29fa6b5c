/* SPDX-License-Identifier: MIT */
/*
 * Copying a whole shop from one place to another, of whatever backends: the way from an SQLite file to PostgreSQL, and back.
 *
 *   shop_copy_input in = SHOP_COPY_INPUT_INIT;
 *   in.from = "sqlite:shop.db";
 *   in.to = "postgresql://shop@db.example/shop";
 *   if (shop_copy(&in, NULL) != SHOP_OK) puts(shop_copy_error());
 *
 * The source must be at rest: no program may change it meanwhile. It is opened for reading only. The target must be empty, or hold an
 * unfinished copy of the same source, which is then continued. While a copy is unfinished no shop_open opens the target.
 */
#ifndef SHOP_SYS_COPY_H
#define SHOP_SYS_COPY_H

#include <stddef.h>
#include <stdint.h>

#include <shop/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SHOP_COPY_ROWS 1 /* rows are copied */
#define SHOP_COPY_REFERENCES 2 /* references that could not be set before all rows were there */
#define SHOP_COPY_VERIFY 3 /* both sides are read again and compared */
#define SHOP_COPY_WAIT 4 /* a place does not answer, or is busy: the same is tried again */

/* How far a copy is. Texts live for the duration of the callback. */
typedef struct shop_copy_progress {
    size_t struct_size;
    int32_t phase;
    const char *from; /* the URLs without their passwords */
    const char *to;
    const char *table;
    int64_t done; /* rows of the table that this phase is through with; before the first one: 0 */
    int64_t total; /* rows of the table that it has to see */
    const char *trouble; /* SHOP_COPY_WAIT: what a place said; else NULL */
    const char *checksum; /* of all rows of the table, in hexadecimal, when both sides were found equal; else NULL */
} shop_copy_progress;

/* Texts are used during the call only. */
typedef struct shop_copy_input {
    size_t struct_size;
    const char *from; /* URL of the source; required */
    const char *to; /* URL of the target; required */
    int64_t patience_ms; /* how long to try again when a place does not answer, 0 to 86400000; default 60000 */
    /* Called from the calling thread after each step; returning other than 0 ends the copy, to be continued later. May be NULL. */
    int32_t (*progress)(void *user, const shop_copy_progress *progress);
    void *user;
    void (*log)(void *user, int32_t level, const char *message); /* what backends say, SHOP_LOG_*; any thread; may be NULL */
    void *log_user;
} shop_copy_input;

#define SHOP_COPY_INPUT_INIT                                                                                                   \
    {                                                                                                                          \
        sizeof(shop_copy_input), NULL, NULL, SHOP_UNSET, NULL, NULL, NULL, NULL                                                \
    }

/* Does what SHOP_COPY_INPUT_INIT does, for languages without macros. */
SHOP_API void shop_copy_input_init(shop_copy_input *in);

typedef struct shop_copy_result {
    int64_t tables;
    int64_t rows; /* that the target holds now */
    int64_t copied; /* of these, by this call; the others were there from an earlier one */
} shop_copy_result;

/*
 * Copies all rows, then the counters of ids, reads both sides again, compares count and checksum of each table, and only then lets the
 * target be opened. *result (may be NULL) is set on SHOP_OK. Called again after it was interrupted at any moment (also by a crash, of
 * either side) it goes on where it stopped; called again after SHOP_OK it only compares.
 * SHOP_OK;
 * SHOP_INVALID: a URL is not one, or both name the same place;
 * SHOP_CONFLICT: refused and left untouched, because the source is no shop of this version, or the target is not empty; or the two
 * sides differ in the end because somebody changed one meanwhile: the target must be emptied then, and remains closed until it is;
 * SHOP_UNAVAILABLE: a place cannot be reached, or `progress` ended the copy: the same call goes on later;
 * SHOP_NO_MEMORY; SHOP_INTERNAL (the target does not take a row of the source); SHOP_MISUSE.
 * On failure shop_copy_error tells why, and shop_last_reason if a place could not be used. Thread-safe; one copy uses the calling thread only.
 */
SHOP_API shop_status shop_copy(const shop_copy_input *in, shop_copy_result *result);

/* Why the last shop_copy of this thread failed, for a person and without passwords; "" when it did not. Valid until the next one. */
SHOP_API const char *shop_copy_error(void);

#ifdef __cplusplus
}
#endif

#endif
