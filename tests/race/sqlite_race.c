/* SPDX-License-Identifier: MIT */
/*
 * Threads that read, write and count at once on two instances of one file, for ThreadSanitizer and for the truth: money moved between
 * rows is neither lost nor made, and a count equals the rows of its snapshot.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "../unit/sqlite_support.h"

#define CHECK(condition)                                                                                                       \
    do {                                                                                                                       \
        if (!(condition)) {                                                                                                    \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                                            \
            exit(1);                                                                                                           \
        }                                                                                                                      \
    } while (0)

enum { WRITERS = 4, READERS = 4, ROWS = 20, STEPS = 300 };

#define EACH INT64_C(100)

static atomic_int writing = WRITERS;

typedef struct worker {
    void *self;
    unsigned seed;
} worker;

static unsigned next_random(worker *w, unsigned range)
{
    w->seed = w->seed * 1103515245u + 12345u;
    return (w->seed >> 12) % range;
}

/* Moves money from one row to another; not when there is too little. */
static void move(worker *w)
{
    shop_fault fault;
    tiny_batch b = {.count = 0};
    int64_t amount = next_random(w, 150);
    tiny_on_id(&b, SHOP_OP_UPDATE, THING, 1 + next_random(w, ROWS));
    tiny_guard(&b, THING_AMOUNT, SHOP_PRED_GE, amount);
    tiny_set(&b, THING_AMOUNT, SHOP_SET_ADD, tiny_int(-amount));
    tiny_on_id(&b, SHOP_OP_UPDATE, THING, 1 + next_random(w, ROWS));
    tiny_set(&b, THING_AMOUNT, SHOP_SET_ADD, tiny_int(amount));
    int32_t outcome = tiny_apply(w->self, &b, &fault);
    CHECK(outcome == SHOP_STORAGE_OK || outcome == SHOP_STORAGE_GUARD);
}

static void come_and_go(worker *w)
{
    shop_fault fault;
    tiny_batch b = {.count = 0};
    int64_t id = 1000 + next_random(w, 10);
    if (next_random(w, 2)) {
        int32_t outcome = tiny_add(w->self, id, 0, "passing by");
        CHECK(outcome == SHOP_STORAGE_OK || outcome == SHOP_STORAGE_UNIQUE);
        return;
    }
    tiny_on_id(&b, SHOP_OP_DELETE, THING, id);
    int32_t outcome = tiny_apply(w->self, &b, &fault);
    CHECK(outcome == SHOP_STORAGE_OK || outcome == SHOP_STORAGE_GUARD);
}

static void repaint(worker *w)
{
    shop_fault fault;
    tiny_batch b = {.count = 0};
    tiny_on_id(&b, SHOP_OP_UPDATE, THING, 1 + next_random(w, ROWS));
    tiny_set_text(&b, THING_COLOUR, next_random(w, 2) ? "red" : "blue");
    CHECK(tiny_apply(w->self, &b, &fault) == SHOP_STORAGE_OK);
}

static void *write_some(void *argument)
{
    worker *w = argument;
    for (int step = 0; step < STEPS; step++) {
        unsigned kind = next_random(w, 8);
        if (kind == 0)
            come_and_go(w);
        else if (kind == 1)
            repaint(w);
        else
            move(w);
    }
    int64_t first;
    shop_fault fault;
    CHECK(shop_storage_sqlite()->allocate(w->self, THING, 5, &first, &fault) == SHOP_STORAGE_OK);
    atomic_fetch_sub(&writing, 1);
    return NULL;
}

static void check_snapshot(worker *w)
{
    static const shop_aggregate sum = {.fn = SHOP_AGGREGATE_SUM, .column = THING_AMOUNT};
    shop_arena *arena = shop_arena_new();
    const shop_value least = tiny_int(next_random(w, 5) * 50);
    const shop_pred pred = {
        .column = THING_AMOUNT, .op = SHOP_PRED_GE, .other = SHOP_NO_COLUMN, .value_count = 1, .values = &least};
    shop_read reads[3] = {tiny_counted(THING, &pred, 1), tiny_read(THING, &pred, 1), tiny_counted(THING, NULL, 0)};
    reads[2].aggregates = &sum;
    reads[2].columns = UINT64_C(1) << THING_AMOUNT;
    shop_rows rows[3];
    CHECK(tiny_query(w->self, arena, reads, 3, rows) == SHOP_STORAGE_OK);
    CHECK(rows[0].values[0].num == (int64_t)rows[1].count);
    CHECK(rows[2].values[0].num == ROWS * EACH);
    shop_arena_free(arena);
}

/* All rows with words never change in number but for those that come and go: the count by itself must be one that was possible. */
static void check_count(worker *w)
{
    int64_t count = tiny_count(w->self, THING, NULL, 0);
    CHECK(count >= ROWS && count <= ROWS + 10);
}

static void *read_while_written(void *argument)
{
    worker *w = argument;
    shop_fault fault;
    do {
        check_snapshot(w);
        check_count(w);
        CHECK(shop_storage_sqlite()->ping(w->self, &fault) == SHOP_STORAGE_OK);
    } while (atomic_load(&writing) > 0);
    return NULL;
}

int main(void)
{
    tiny_place place;
    pthread_t threads[WRITERS + READERS];
    worker workers[WRITERS + READERS];
    tiny_place_make(&place);
    void *instances[2] = {tiny_open(&place), tiny_open(&place)};
    CHECK(instances[0] && instances[1]);
    for (int64_t i = 1; i <= ROWS; i++)
        CHECK(tiny_add(instances[0], i, EACH, "stays here") == SHOP_STORAGE_OK);
    for (unsigned i = 0; i < WRITERS + READERS; i++) {
        workers[i] = (worker){.self = instances[i % 4 == 3], .seed = 77 + i};
        CHECK(pthread_create(&threads[i], NULL, i < WRITERS ? write_some : read_while_written, &workers[i]) == 0);
    }
    for (int i = 0; i < WRITERS + READERS; i++)
        pthread_join(threads[i], NULL);
    tiny_close(instances[0]);
    tiny_close(instances[1]);
    tiny_place_remove(&place);
    puts("sqlite_race: all well");
    return 0;
}
