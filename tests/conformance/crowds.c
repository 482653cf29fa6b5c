/* SPDX-License-Identifier: MIT */
/* Many threads at once: no lost update, nothing sold twice, snapshots that are one moment. */
#include "kit.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define MOST_THREADS 64u
#define PATIENCE 100000 /* conflicts and lost races of one thread */

typedef struct worker {
    kit *k;
    uint32_t number;
    uint32_t count; /* of workers */
    kit_memory memory;
    void (*work)(struct worker *w);
    pthread_barrier_t *start;
    int64_t tally;
    int64_t ids[64];
    atomic_bool *stop;
} worker;

static void *run_worker(void *argument)
{
    worker *w = argument;
    pthread_barrier_wait(w->start);
    w->work(w);
    return NULL;
}

static uint32_t worker_count(const kit *k)
{
    uint32_t wanted = k->options->threads ? k->options->threads : 8;
    return wanted < MOST_THREADS ? wanted : MOST_THREADS;
}

/* All begin together; returns when all are done. The workers' tallies are left in `workers`. */
static void run_crowd(kit *k, worker *workers, uint32_t count, void (*work)(worker *w))
{
    pthread_t threads[MOST_THREADS];
    pthread_barrier_t start;
    atomic_bool stop;
    atomic_init(&stop, false);
    pthread_barrier_init(&start, NULL, count);
    for (uint32_t i = 0; i < count; i++) {
        workers[i] = (worker){.k = k, .number = i, .count = count, .work = work, .start = &start, .stop = &stop};
        kit_memory_init(&workers[i].memory);
        if (pthread_create(&threads[i], NULL, run_worker, &workers[i]) != 0) {
            fputs("the conformance kit cannot start a thread\n", stderr);
            exit(2);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
        kit_memory_free(&workers[i].memory);
    }
    pthread_barrier_destroy(&start);
}

/* Applies, again as long as there is a conflict. */
static int32_t persist(worker *w, const kit_batch *b, shop_fault *fault)
{
    for (int i = 0; i < PATIENCE; i++) {
        int32_t outcome = kit_apply(w->k->vt, w->k->self, &w->memory, b, fault);
        if (outcome != SHOP_STORAGE_CONFLICT)
            return outcome;
    }
    return SHOP_STORAGE_CONFLICT;
}

static const shop_value *look_up(worker *w, uint16_t table, int64_t id)
{
    kit_read *r = read_of(&w->memory, table);
    where_int(&r->where, 0, SHOP_PRED_EQ, id);
    shop_rows rows = {.count = 0};
    shop_fault fault;
    int32_t outcome = kit_query(w->k->vt, w->k->self, &w->memory, &r, 1, &rows, &fault);
    expect(w->k, outcome == SHOP_STORAGE_OK, "query: %s (%s)", outcome_name(outcome), fault.detail);
    return outcome == SHOP_STORAGE_OK && rows.count ? rows.values : NULL;
}

static int64_t total(const worker *workers, uint32_t count)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += workers[i].tally;
    return sum;
}

static void seed_counter(kit *k, int64_t id, int64_t value, int64_t left)
{
    kit_batch *b = batch_new(&k->memory);
    insert_counter(b, id, value, left, NULL);
    apply_ok(k, b);
}

static void expect_number(kit *k, int64_t id, uint16_t column, int64_t number)
{
    const shop_value *row = read_row(k, COUNTER, id);
    if (expect(k, row != NULL, "the counter is not there"))
        expect_value(k, &row[column], value_int(number), "the counter");
}

/* ------------------------------------------------------------------------------------------------ changes */

enum { TURNS = 40 };

static void count_up(worker *w)
{
    for (int i = 0; i < TURNS; i++) {
        shop_fault fault;
        kit_batch *b = batch_new(&w->memory);
        update_one(b, COUNTER, 1, 1);
        set_add(b, COUNTER_VALUE, 1);
        int32_t outcome = persist(w, b, &fault);
        w->tally += expect(w->k, outcome == SHOP_STORAGE_OK, "apply: %s (%s)", outcome_name(outcome), fault.detail);
        kit_memory_free(&w->memory);
    }
}

static void additions_add_up(kit *k)
{
    worker workers[MOST_THREADS];
    uint32_t count = worker_count(k);
    seed_counter(k, 1, 0, 0);
    run_crowd(k, workers, count, count_up);
    expect_number(k, 1, COUNTER_VALUE, total(workers, count));
}

static void read_and_raise(worker *w)
{
    for (int turns = 0, tries = 0; turns < TURNS && tries < PATIENCE; tries++) {
        shop_fault fault;
        const shop_value *row = look_up(w, COUNTER, 1);
        if (!row)
            return;
        int64_t value = row[COUNTER_VALUE].num;
        kit_batch *b = batch_new(&w->memory);
        update_one(b, COUNTER, 1, 1);
        where_int(guard(b), COUNTER_VALUE, SHOP_PRED_EQ, value);
        set_int(b, COUNTER_VALUE, value + 1);
        int32_t outcome = persist(w, b, &fault);
        kit_memory_free(&w->memory);
        if (outcome == SHOP_STORAGE_OK) {
            w->tally++;
            turns++;
        } else if (!expect(w->k, outcome == SHOP_STORAGE_GUARD && fault.touched == 0, "apply: %s, touched %lld",
                           outcome_name(outcome), (long long)fault.touched)) {
            return;
        }
    }
}

static void no_update_is_lost(kit *k)
{
    worker workers[MOST_THREADS];
    uint32_t count = worker_count(k);
    seed_counter(k, 1, 0, 0);
    run_crowd(k, workers, count, read_and_raise);
    expect(k, total(workers, count) == (int64_t)count * TURNS, "not every thread could raise the counter");
    expect_number(k, 1, COUNTER_VALUE, total(workers, count));
}

enum { STOCK = 50 };

/* Takes 1 or 2 of the stock and writes a line about it, in one batch. */
static void buy(worker *w)
{
    int64_t id = 1000 * (int64_t)(w->number + 1);
    for (int i = 0; i < TURNS; i++) {
        shop_fault fault;
        int64_t taken = 1 + (i + (int)w->number) % 2;
        kit_batch *b = batch_new(&w->memory);
        update_one(b, COUNTER, 1, 1);
        where_int(guard(b), COUNTER_LEFT, SHOP_PRED_GE, taken);
        set_add(b, COUNTER_LEFT, -taken);
        insert_counter(b, ++id, taken, 0, NULL);
        int32_t outcome = persist(w, b, &fault);
        kit_memory_free(&w->memory);
        if (outcome == SHOP_STORAGE_OK)
            w->tally += taken;
        else if (!expect(w->k, outcome == SHOP_STORAGE_GUARD && fault.op == 0, "apply: %s at %u (%s)", outcome_name(outcome),
                         (unsigned)fault.op, fault.detail))
            return;
    }
}

static void nothing_is_sold_twice(kit *k)
{
    worker workers[MOST_THREADS];
    uint32_t count = worker_count(k);
    seed_counter(k, 1, 0, STOCK);
    run_crowd(k, workers, count, buy);
    expect(k, total(workers, count) == STOCK, "%lld of %d were sold", (long long)total(workers, count), STOCK);
    expect_number(k, 1, COUNTER_LEFT, 0);
    kit_read *r = read_of(&k->memory, COUNTER);
    where_int(&r->where, COUNTER_ID, SHOP_PRED_GT, 1);
    shop_rows rows = read_rows(k, r);
    int64_t sold = 0;
    for (uint32_t i = 0; i < rows.count; i++)
        sold += rows.values[(size_t)i * rows.width + COUNTER_VALUE].num;
    expect(k, sold == STOCK, "lines are written about %lld of %d", (long long)sold, STOCK);
}

static void claim_keys(worker *w)
{
    for (int i = 0; i < TURNS; i++) {
        shop_fault fault;
        char label[24];
        (void)snprintf(label, sizeof label, "key-%d", i);
        kit_batch *b = batch_new(&w->memory);
        insert_counter(b, 1000 * (int64_t)(w->number + 1) + i, 0, 0, label);
        int32_t outcome = persist(w, b, &fault);
        if (outcome == SHOP_STORAGE_OK)
            w->tally++;
        else
            expect(w->k, outcome == SHOP_STORAGE_UNIQUE && fault.index == COUNTER_BY_LABEL, "apply: %s, index %u",
                   outcome_name(outcome), (unsigned)fault.index);
        kit_memory_free(&w->memory);
    }
}

static void a_key_is_taken_once(kit *k)
{
    worker workers[MOST_THREADS];
    uint32_t count = worker_count(k);
    run_crowd(k, workers, count, claim_keys);
    expect(k, total(workers, count) == TURNS, "%lld threads got one of %d keys", (long long)total(workers, count), TURNS);
    expect(k, count_rows(k, COUNTER) == TURNS, "not a row a key");
}

static void move_between(worker *w)
{
    for (int i = 0; i < TURNS; i++) {
        shop_fault fault;
        int64_t from = 1 + (w->number + (uint32_t)i) % 3;
        int64_t to = 1 + (from + (w->number & 1)) % 3;
        kit_batch *b = batch_new(&w->memory);
        update_one(b, COUNTER, from, 1);
        set_add(b, COUNTER_VALUE, -1);
        update_one(b, COUNTER, to, 1);
        set_add(b, COUNTER_VALUE, 1);
        int32_t outcome = persist(w, b, &fault);
        w->tally += expect(w->k, outcome == SHOP_STORAGE_OK, "apply: %s (%s)", outcome_name(outcome), fault.detail);
        kit_memory_free(&w->memory);
    }
}

static void crossing_batches_end(kit *k)
{
    worker workers[MOST_THREADS];
    uint32_t count = worker_count(k);
    for (int64_t i = 1; i <= 3; i++)
        seed_counter(k, i, 1000, 0);
    run_crowd(k, workers, count, move_between);
    kit_read *r = read_of(&k->memory, COUNTER);
    shop_rows rows = read_rows(k, r);
    int64_t sum = 0;
    for (uint32_t i = 0; i < rows.count; i++)
        sum += rows.values[(size_t)i * rows.width + COUNTER_VALUE].num;
    expect(k, sum == 3000, "the counters sum up to %lld", (long long)sum);
}

static void take_ids(worker *w)
{
    for (size_t i = 0; i < LENGTH(w->ids); i++) {
        shop_fault fault;
        int32_t outcome = w->k->vt->allocate(w->k->self, COUNTER, 3, &w->ids[i], &fault);
        for (int tries = 0; outcome == SHOP_STORAGE_CONFLICT && tries < PATIENCE; tries++)
            outcome = w->k->vt->allocate(w->k->self, COUNTER, 3, &w->ids[i], &fault);
        if (!expect(w->k, outcome == SHOP_STORAGE_OK, "allocate: %s (%s)", outcome_name(outcome), fault.detail))
            return;
    }
}

static int compare_numbers(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void ids_are_given_once(kit *k)
{
    worker workers[MOST_THREADS];
    uint32_t count = worker_count(k);
    run_crowd(k, workers, count, take_ids);
    size_t each = LENGTH(workers[0].ids);
    int64_t *all = kit_take(&k->memory, count * each * sizeof *all);
    for (uint32_t i = 0; i < count; i++)
        memcpy(all + i * each, workers[i].ids, each * sizeof *all);
    qsort(all, count * each, sizeof *all, compare_numbers);
    for (size_t i = 1; i < count * each; i++) {
        if (!expect(k, all[i] >= all[i - 1] + 3, "id %lld was given twice", (long long)all[i]))
            return;
    }
}

/* ------------------------------------------------------------------------------------------------ snapshots */

/* Thread 0 writes: an item with a line, and a shift between two counters, in one batch each time. The others read. */
static void write_pairs(worker *w)
{
    for (int64_t i = 1; i <= 150; i++) {
        shop_fault fault;
        char sku[24];
        (void)snprintf(sku, sizeof sku, "pair-%d", (int)i);
        kit_batch *b = batch_new(&w->memory);
        insert_item(b, i, sku);
        update_one(b, COUNTER, 1, 1);
        set_add(b, COUNTER_VALUE, -1);
        insert_row(b, LINE, i);
        set_int(b, LINE_ITEM, i);
        update_one(b, COUNTER, 2, 1);
        set_add(b, COUNTER_VALUE, 1);
        int32_t outcome = persist(w, b, &fault);
        expect(w->k, outcome == SHOP_STORAGE_OK, "apply: %s (%s)", outcome_name(outcome), fault.detail);
        kit_memory_free(&w->memory);
    }
    atomic_store(w->stop, true);
}

static int64_t value_of_only_row(const shop_rows *rows)
{
    return rows->count == 1 ? rows->values[COUNTER_VALUE].num : INT64_MIN / 4;
}

static void read_pairs(worker *w)
{
    for (bool last = false; !last;) {
        last = atomic_load(w->stop);
        kit_read *reads[4] = {read_of(&w->memory, ITEM), read_of(&w->memory, COUNTER), read_of(&w->memory, COUNTER),
                              read_of(&w->memory, LINE)};
        where_int(&reads[1]->where, COUNTER_ID, SHOP_PRED_EQ, 1);
        where_int(&reads[2]->where, COUNTER_ID, SHOP_PRED_EQ, 2);
        shop_rows rows[4];
        shop_fault fault;
        int32_t outcome = kit_query(w->k->vt, w->k->self, &w->memory, reads, 4, rows, &fault);
        if (!expect(w->k, outcome == SHOP_STORAGE_OK, "query: %s (%s)", outcome_name(outcome), fault.detail))
            return;
        int64_t first = value_of_only_row(&rows[1]);
        int64_t second = value_of_only_row(&rows[2]);
        bool whole = expect(w->k, rows[0].count == rows[3].count, "%u items and %u lines in one snapshot",
                            (unsigned)rows[0].count, (unsigned)rows[3].count);
        whole &= expect(w->k, first + second == 0, "%lld and %lld in one snapshot", (long long)first, (long long)second);
        whole &= expect(w->k, second == (int64_t)rows[0].count, "%lld counted and %u there in one snapshot", (long long)second,
                        (unsigned)rows[0].count);
        kit_memory_free(&w->memory);
        if (!whole)
            return;
    }
}

static void write_or_read(worker *w)
{
    if (w->number == 0)
        write_pairs(w);
    else
        read_pairs(w);
}

static void a_query_is_one_moment(kit *k)
{
    worker workers[MOST_THREADS];
    uint32_t count = worker_count(k);
    seed_items(k, 0);
    seed_counter(k, 1, 0, 0);
    seed_counter(k, 2, 0, 0);
    run_crowd(k, workers, count < 2 ? 2 : count, write_or_read);
    expect(k, count_rows(k, ITEM) == 150, "not every batch has happened");
}

/* Half insert parents' children while half delete the parents: never a child without parent. */
static void make_and_break(worker *w)
{
    for (int64_t i = 1; i <= TURNS; i++) {
        shop_fault fault;
        char sku[32];
        kit_batch *b = batch_new(&w->memory);
        if (w->number % 2) {
            delete_one(b, MAKER, i, SHOP_EXPECT_ANY);
        } else {
            (void)snprintf(sku, sizeof sku, "%u-%d", (unsigned)w->number, (int)i);
            insert_item(b, 1000 * (int64_t)(w->number + 1) + i, sku);
            set_int(b, ITEM_MAKER, i);
        }
        int32_t outcome = persist(w, b, &fault);
        expect(w->k, outcome == SHOP_STORAGE_OK || outcome == SHOP_STORAGE_REFERENCE, "apply: %s (%s)", outcome_name(outcome),
               fault.detail);
        kit_memory_free(&w->memory);
    }
}

static bool has_id(const shop_rows *rows, int64_t id)
{
    for (uint32_t i = 0; i < rows->count; i++) {
        if (rows->values[(size_t)i * rows->width].num == id)
            return true;
    }
    return false;
}

static void references_hold_in_a_crowd(kit *k)
{
    worker workers[MOST_THREADS];
    kit_batch *b = batch_new(&k->memory);
    for (int i = 1; i <= TURNS; i++) {
        char *name = kit_take(&k->memory, 24);
        (void)snprintf(name, 24, "maker %d", i);
        insert_maker(b, i, name);
    }
    apply_ok(k, b);
    run_crowd(k, workers, worker_count(k), make_and_break);
    kit_read *makers = read_of(&k->memory, MAKER);
    kit_read *items = read_of(&k->memory, ITEM);
    shop_rows maker_rows = read_rows(k, makers);
    shop_rows item_rows = read_rows(k, items);
    for (uint32_t i = 0; i < item_rows.count; i++) {
        int64_t maker = item_rows.values[(size_t)i * item_rows.width + ITEM_MAKER].num;
        if (!expect(k, has_id(&maker_rows, maker), "an item of maker %lld, who is gone", (long long)maker))
            return;
    }
}

static const kit_requirement requirements[] = {
    {"additions of many threads add up", additions_add_up, 0, 0},
    {"no guarded update of many threads is lost", no_update_is_lost, 0, 0},
    {"many threads sell no more than there is, and no less", nothing_is_sold_twice, 0, 0},
    {"a unique key goes to one of many threads", a_key_is_taken_once, 0, 0},
    {"batches that cross each other end, and keep the sum", crossing_batches_end, 0, 0},
    {"an id is given to one of many threads", ids_are_given_once, 0, 0},
    {"the reads of a query see a batch wholly or not at all", a_query_is_one_moment, 0, 0},
    {"references hold while many threads insert and delete", references_hold_in_a_crowd, 0, 0},
};

const kit_chapter kit_crowds = {"crowds", requirements, LENGTH(requirements)};
