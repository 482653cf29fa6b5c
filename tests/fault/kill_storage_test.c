/* SPDX-License-Identifier: MIT */
/*
 * Killed in the middle, again and again: a child applies batches from several threads and tells which were answered OK; it is killed
 * without warning. All that it told must be there, and every batch wholly or not at all.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "../unit/sqlite_support.h"

#define CHECK(condition)                                                                                                       \
    do {                                                                                                                       \
        if (!(condition)) {                                                                                                    \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                                            \
            exit(1);                                                                                                           \
        }                                                                                                                      \
    } while (0)

enum { ROUNDS = 20, THREADS = 4, ACKNOWLEDGED_MAX = 400 };

#define TOTAL INT64_C(1000000000) /* the row whose amount counts the batches */
#define ROUND_IDS INT64_C(1000000)
#define THREAD_IDS INT64_C(100000)

typedef struct worker {
    void *self;
    int64_t next;
    int pipe;
} worker;

/* Three rows of two tables a batch. */
static void *apply_for_ever(void *argument)
{
    worker *w = argument;
    for (;; w->next++) {
        shop_fault fault;
        char name[32];
        tiny_batch b = {.count = 0};
        (void)snprintf(name, sizeof name, "row %lld", (long long)w->next);
        tiny_insert(&b, OWNER, w->next, name);
        tiny_insert(&b, THING, w->next, name);
        tiny_set_int(&b, THING_OWNER, w->next);
        tiny_set_text(&b, THING_WORDS, name);
        tiny_on_id(&b, SHOP_OP_UPDATE, THING, TOTAL);
        tiny_set(&b, THING_AMOUNT, SHOP_SET_ADD, tiny_int(1));
        CHECK(tiny_apply(w->self, &b, &fault) == SHOP_STORAGE_OK);
        CHECK(write(w->pipe, &w->next, sizeof w->next) == (ssize_t)sizeof w->next);
    }
    return NULL;
}

static void run_child(const tiny_place *place, int round, int pipe)
{
    pthread_t threads[THREADS];
    worker workers[THREADS];
    void *self = tiny_open(place);
    CHECK(self);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){.self = self, .next = 1 + round * ROUND_IDS + i * THREAD_IDS, .pipe = pipe};
        CHECK(pthread_create(&threads[i], NULL, apply_for_ever, &workers[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    _exit(1);
}

/* Kills the child after `wanted` acknowledgements; returns all that it told, also those still in the pipe. */
static int kill_after(pid_t child, int pipe, int wanted, int64_t *acknowledged, int max)
{
    int count = 0;
    int killed = 0;
    while (count < max && read(pipe, &acknowledged[count], sizeof *acknowledged) == (ssize_t)sizeof *acknowledged) {
        count++;
        if (count >= wanted && !killed) {
            CHECK(kill(child, SIGKILL) == 0);
            killed = 1;
        }
    }
    CHECK(killed);
    return count;
}

static void check_round(const tiny_place *place, const int64_t *acknowledged, int count, int64_t *batches)
{
    void *self = tiny_open(place);
    CHECK(self);
    for (int i = 0; i < count; i++) {
        CHECK(tiny_number(self, THING, acknowledged[i], THING_OWNER) == acknowledged[i]);
        CHECK(tiny_number(self, OWNER, acknowledged[i], OWNER_ID) == acknowledged[i]);
    }
    *batches = tiny_number(self, THING, TOTAL, THING_AMOUNT);
    const shop_value word = shop_value_text("row");
    const shop_pred match = {
        .column = THING_WORDS, .op = SHOP_PRED_MATCH, .other = SHOP_NO_COLUMN, .value_count = 1, .values = &word};
    CHECK(tiny_count(self, OWNER, NULL, 0) == *batches);
    CHECK(tiny_count(self, THING, NULL, 0) == *batches + 1);
    CHECK(tiny_count(self, THING, &match, 1) == *batches);
    tiny_close(self);
}

int main(void)
{
    static int64_t acknowledged[ACKNOWLEDGED_MAX * 16];
    const int max = (int)(sizeof acknowledged / sizeof *acknowledged);
    tiny_place place;
    int64_t told = 0;
    int64_t batches = 0;
    unsigned seed = 20260101;
    tiny_place_make(&place);
    void *self = tiny_open(&place);
    CHECK(self);
    CHECK(tiny_add(self, TOTAL, 0, "total") == SHOP_STORAGE_OK);
    tiny_close(self);
    for (int round = 0; round < ROUNDS; round++) {
        int ends[2];
        CHECK(pipe(ends) == 0);
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            close(ends[0]);
            run_child(&place, round, ends[1]);
        }
        close(ends[1]);
        seed = seed * 1103515245u + 12345u;
        int count = kill_after(child, ends[0], 1 + (int)((seed >> 16) % ACKNOWLEDGED_MAX), acknowledged, max);
        close(ends[0]);
        int status;
        CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
        check_round(&place, acknowledged, count, &batches);
        told += count;
        CHECK(batches >= told); /* a batch may have been committed but not told any more */
    }
    tiny_place_remove(&place);
    printf("kill_storage: %d rounds, %lld batches told, %lld there\n", ROUNDS, (long long)told, (long long)batches);
    return 0;
}
