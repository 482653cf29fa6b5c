/* SPDX-License-Identifier: MIT */
/* The queue, the writer's thread and group commit. */
#include "writer.h"

#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../../core/mem.h"
#include "../check.h"
#include "schema_sqlite.h"
#include "../wait.h"

#define GROUP_MAX 256u /* batches of one commit */
#define BUSY_PAUSE_MIN INT64_C(500) /* microseconds between tries for the lock that another process holds */
#define BUSY_PAUSE_MAX INT64_C(10000)
#define CHECKPOINT_FRAMES 4000 /* 16 MB in the log: pages written often are then moved into the file once, with few syncs */

/* One caller's work, on the caller's stack. */
typedef struct job {
    struct job *next;
    struct job *previous;
    const shop_op_list *list; /* NULL: ids are wanted */
    shop_sqlite_preview preview;
    const char *table;
    uint32_t count;
    int64_t above; /* ids up to this one are passed over */
    int64_t first;
    shop_fault *fault;
    int32_t outcome;
    bool queued; /* under the writer's lock */
    bool finished; /* atomic: makes what the writer wrote here visible to the caller */
    sem_t done; /* the writer's last touch */
} job;

typedef struct job_list {
    job *first;
    job *last;
} job_list;

struct shop_sqlite_writer {
    shop_sqlite_runner runner;
    const shop_storage_host *host;
    pthread_t thread;
    pthread_mutex_t lock; /* of the queue and the flags below it */
    pthread_cond_t work;
    job_list queue;
    bool asleep;
    bool stop;
    bool busy; /* another process writes: for the detail of those who give up */
    bool broken; /* the last commit failed (atomic) */
    bool logged; /* the last commit wrote to the log */
    int frames; /* in the log after it */
};

static void log_error(const shop_sqlite_writer *w, const char *what, int code)
{
    char message[200];
    if (!w->host || !w->host->log)
        return;
    (void)snprintf(message, sizeof message, "sqlite: %s: %s (%d)", what, sqlite3_errstr(code), code);
    w->host->log(w->host->user, SHOP_LOG_ERROR, message);
}

/* ------------------------------------------------------------------------------------------------ the queue */

static void append(job_list *list, job *j)
{
    j->next = NULL;
    j->previous = list->last;
    if (list->last)
        list->last->next = j;
    else
        list->first = j;
    list->last = j;
}

static void withdraw(job_list *list, job *j)
{
    if (j->previous)
        j->previous->next = j->next;
    else
        list->first = j->next;
    if (j->next)
        j->next->previous = j->previous;
    else
        list->last = j->previous;
}

/* Moves up to `limit` jobs to the end of the group; returns how many. */
static uint32_t take_jobs(shop_sqlite_writer *w, job_list *group, uint32_t limit)
{
    uint32_t taken = 0;
    pthread_mutex_lock(&w->lock);
    w->busy = false;
    for (; taken < limit && w->queue.first; taken++) {
        job *j = w->queue.first;
        withdraw(&w->queue, j);
        j->queued = false;
        append(group, j);
    }
    pthread_mutex_unlock(&w->lock);
    return taken;
}

/* ------------------------------------------------------------------------------------------------ one job */

static int32_t run_allocate(shop_sqlite_writer *w, job *j)
{
    static const char text[] =
        "INSERT INTO \"" SHOP_SQLITE_SEQUENCE "\" VALUES (?1, ?3 + 1 + ?2) ON CONFLICT (\"name\") DO UPDATE"
        " SET \"next\" = max(\"next\", ?3 + 1) + ?2 RETURNING \"next\" - ?2";
    shop_sqlite_connection *c = w->runner.connection;
    uint64_t key = (uint64_t)(uintptr_t)text;
    sqlite3_stmt *statement = shop_sqlite_find(c, key);
    int code = statement ? SQLITE_OK : shop_sqlite_make(c, key, sqlite3_mprintf("%s", text), &statement);
    if (code == SQLITE_OK)
        code = sqlite3_bind_text(statement, 1, j->table, -1, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 2, j->count);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 3, j->above);
    if (code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
        j->first = sqlite3_column_int64(statement, 0);
    if (code == SQLITE_OK) {
        while (sqlite3_step(statement) == SQLITE_ROW)
            continue;
        code = sqlite3_reset(statement);
    }
    if (code == SQLITE_OK)
        return SHOP_STORAGE_OK;
    shop_sqlite_fail(j->fault, code, 0);
    if (j->fault->outcome == SHOP_STORAGE_CONSTRAINT)
        return shop_fault_set(j->fault, SHOP_STORAGE_UNAVAILABLE, 0, "the ids are used up");
    return j->fault->outcome;
}

static int32_t run_job(shop_sqlite_writer *w, job *j)
{
    if (!j->list)
        return run_allocate(w, j);
    return shop_sqlite_run_batch(&w->runner, j->list, &j->preview, j->fault);
}

static int run_fixed(shop_sqlite_writer *w, const char *text)
{
    return shop_sqlite_step_fixed(w->runner.connection, text, NULL);
}

static bool in_transaction(const shop_sqlite_writer *w)
{
    return !sqlite3_get_autocommit(w->runner.connection->db);
}

/*
 * Runs the job so that its failure leaves no trace. Alone in its transaction it needs no savepoint: the transaction goes with it.
 * False: the transaction is gone.
 */
static bool run_contained(shop_sqlite_writer *w, job *j, bool alone)
{
    int64_t before = sqlite3_total_changes64(w->runner.connection->db);
    int code = alone ? SQLITE_OK : run_fixed(w, "SAVEPOINT batch");
    j->outcome = code == SQLITE_OK ? run_job(w, j) : shop_sqlite_fail(j->fault, code, 0);
    if (code != SQLITE_OK || !in_transaction(w))
        return in_transaction(w);
    bool changed = sqlite3_total_changes64(w->runner.connection->db) != before;
    if (alone)
        return j->outcome == SHOP_STORAGE_OK || !changed;
    if (j->outcome != SHOP_STORAGE_OK && changed)
        code = run_fixed(w, "ROLLBACK TO batch");
    if (code == SQLITE_OK)
        code = run_fixed(w, "RELEASE batch");
    return code == SQLITE_OK && in_transaction(w);
}

/* ------------------------------------------------------------------------------------------------ a group */

/* A job is gone as soon as it is posted. */
static void finish_group(job_list *group)
{
    job *next;
    for (job *j = group->first; j; j = next) {
        next = j->next;
        __atomic_store_n(&j->finished, true, __ATOMIC_RELEASE);
        (void)sem_post(&j->done);
    }
}

/* What had gone well did not happen after all. */
static void fail_group(job_list *group, int code, const char *detail)
{
    for (job *j = group->first; j; j = j->next) {
        if (j->outcome != SHOP_STORAGE_OK)
            continue;
        shop_sqlite_fail(j->fault, code, 0);
        if (j->fault->outcome != SHOP_STORAGE_NO_MEMORY)
            shop_fault_set(j->fault, SHOP_STORAGE_UNAVAILABLE, 0, detail);
        j->outcome = j->fault->outcome;
    }
}

static void roll_back(shop_sqlite_writer *w)
{
    shop_sqlite_counts_forget(w->runner.counts);
    if (in_transaction(w))
        (void)run_fixed(w, "ROLLBACK");
}

static int begin(shop_sqlite_writer *w)
{
    return run_fixed(w, "BEGIN IMMEDIATE");
}

static int run_commit(shop_sqlite_writer *w)
{
    w->logged = false;
    shop_sqlite_counts_begin(w->runner.counts);
    int code = run_fixed(w, "COMMIT");
    shop_sqlite_commit how = w->logged ? SHOP_SQLITE_COMMIT_WROTE : SHOP_SQLITE_COMMIT_EMPTY;
    shop_sqlite_counts_end(w->runner.counts, code == SQLITE_OK ? how : SHOP_SQLITE_COMMIT_FAILED);
    return code;
}

/*
 * A COMMIT that failed at its sync may have left a complete commit in the log, that nobody sees now but that a recovery after a
 * crash would find. The next commit goes to the same place of the log; this makes one at once, if it can be made.
 */
static void overwrite_failed_commit(shop_sqlite_writer *w)
{
    shop_fault fault;
    job probe = {.table = "", .count = 1, .fault = &fault};
    if (begin(w) != SQLITE_OK)
        return;
    if (run_allocate(w, &probe) == SHOP_STORAGE_OK)
        (void)run_commit(w);
    roll_back(w);
}

static void commit(shop_sqlite_writer *w, job_list *group)
{
    int code = run_commit(w);
    __atomic_store_n(&w->broken, code != SQLITE_OK, __ATOMIC_RELAXED);
    if (code == SQLITE_OK)
        return;
    log_error(w, "a commit failed", code);
    fail_group(group, code, "the commit failed: disk full, or an I/O error");
    roll_back(w);
    overwrite_failed_commit(w);
}

/* The transaction broke in the middle: disk full, an I/O error, memory. */
static void abandon(shop_sqlite_writer *w, job_list *group)
{
    int code = sqlite3_extended_errcode(w->runner.connection->db);
    log_error(w, "a transaction broke", code);
    __atomic_store_n(&w->broken, true, __ATOMIC_RELAXED);
    fail_group(group, code, "the transaction broke: disk full, or an I/O error");
    roll_back(w);
}

/* Runs what is queued, and what comes while it runs, in the transaction that was begun. */
static bool run_group(shop_sqlite_writer *w, job_list *group)
{
    uint32_t size = take_jobs(w, group, GROUP_MAX);
    bool alone = size == 1;
    for (job *j = group->first; j; j = j->next) {
        if (!run_contained(w, j, alone)) {
            if (alone && in_transaction(w)) { /* it failed by itself; nothing else is lost */
                roll_back(w);
                return false;
            }
            abandon(w, group);
            return false;
        }
        alone = false;
        if (!j->next && size < GROUP_MAX)
            size += take_jobs(w, group, GROUP_MAX - size);
    }
    return size > 0;
}

static void checkpoint(shop_sqlite_writer *w)
{
    if (w->frames < CHECKPOINT_FRAMES)
        return;
    int code = sqlite3_wal_checkpoint_v2(w->runner.connection->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY)
        log_error(w, "a checkpoint failed", code);
    w->frames = 0; /* the next commit tells again */
}

/* One transaction. An SQLite result code: BUSY when another process holds the lock, and nothing was taken from the queue. */
static int serve(shop_sqlite_writer *w)
{
    job_list group = {.first = NULL};
    int code = begin(w);
    if ((code & 0xff) == SQLITE_BUSY)
        return code;
    if (code == SQLITE_OK) {
        int64_t before = sqlite3_total_changes64(w->runner.connection->db);
        if (run_group(w, &group) && sqlite3_total_changes64(w->runner.connection->db) != before)
            commit(w, &group);
        else
            roll_back(w); /* nothing to make durable */
    } else {
        log_error(w, "a transaction cannot begin", code);
        (void)take_jobs(w, &group, UINT32_MAX);
        fail_group(&group, code, "the file cannot be written");
        __atomic_store_n(&w->broken, true, __ATOMIC_RELAXED);
    }
    finish_group(&group);
    checkpoint(w);
    return SQLITE_OK;
}

/* ------------------------------------------------------------------------------------------------ the thread */

static int note_frames(void *writer, sqlite3 *db, const char *name, int frames)
{
    (void)db;
    (void)name;
    shop_sqlite_writer *w = writer;
    w->logged = true;
    w->frames = frames;
    return SQLITE_OK;
}

/* Sleeps until there is work. False: it is over. */
static bool wait_for_work(shop_sqlite_writer *w)
{
    pthread_mutex_lock(&w->lock);
    w->asleep = true;
    while (!w->queue.first && !w->stop)
        pthread_cond_wait(&w->work, &w->lock);
    w->asleep = false;
    bool more = w->queue.first != NULL;
    pthread_mutex_unlock(&w->lock);
    return more;
}

/* Another process writes. Those who wait give up by themselves when their deadline passes. */
static void pause_for_others(shop_sqlite_writer *w, int64_t *pause)
{
    int64_t until = shop_monotonic_now() + *pause;
    *pause = *pause * 2 < BUSY_PAUSE_MAX ? *pause * 2 : BUSY_PAUSE_MAX;
    pthread_mutex_lock(&w->lock);
    w->busy = true;
    while (shop_monotonic_now() < until)
        (void)shop_cond_wait(&w->work, &w->lock, until);
    pthread_mutex_unlock(&w->lock);
}

static void *write_until_stopped(void *writer)
{
    shop_sqlite_writer *w = writer;
    int64_t pause = BUSY_PAUSE_MIN;
    while (wait_for_work(w)) {
        if (serve(w) == SQLITE_OK)
            pause = BUSY_PAUSE_MIN;
        else
            pause_for_others(w, &pause);
    }
    return NULL;
}

shop_sqlite_writer *shop_sqlite_writer_start(shop_sqlite_connection *connection, const shop_schema *schema,
                                             shop_sqlite_counts *counts, const shop_storage_host *host)
{
    shop_sqlite_writer *w = shop_mem_zalloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->runner = (shop_sqlite_runner){.connection = connection, .schema = schema, .counts = counts};
    w->host = host;
    if (shop_cond_init(&w->work) != 0) {
        shop_mem_free(w);
        return NULL;
    }
    pthread_mutex_init(&w->lock, NULL);
    (void)sqlite3_wal_hook(connection->db, note_frames, w);
    (void)sqlite3_busy_handler(connection->db, NULL, NULL); /* from here on the queue waits, not SQLite */
    if (pthread_create(&w->thread, NULL, write_until_stopped, w) == 0) {
        (void)pthread_setname_np(w->thread, "shop-writer");
        return w;
    }
    pthread_cond_destroy(&w->work);
    pthread_mutex_destroy(&w->lock);
    shop_mem_free(w);
    return NULL;
}

void shop_sqlite_writer_stop(shop_sqlite_writer *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->lock);
    (void)pthread_join(w->thread, NULL);
    (void)sqlite3_wal_hook(w->runner.connection->db, NULL, NULL);
    shop_sqlite_runner_end(&w->runner);
    pthread_cond_destroy(&w->work);
    pthread_mutex_destroy(&w->lock);
    shop_mem_free(w);
}

/* ------------------------------------------------------------------------------------------------ callers */

static void enqueue(shop_sqlite_writer *w, job *j)
{
    pthread_mutex_lock(&w->lock);
    j->queued = true;
    append(&w->queue, j);
    if (w->asleep)
        pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->lock);
}

/* True when the writer had not begun it, and never will. */
static bool give_up(shop_sqlite_writer *w, job *j)
{
    pthread_mutex_lock(&w->lock);
    bool queued = j->queued;
    if (queued)
        withdraw(&w->queue, j);
    bool busy = w->busy;
    pthread_mutex_unlock(&w->lock);
    if (queued)
        j->outcome = shop_fault_set(j->fault, SHOP_STORAGE_UNAVAILABLE, 0,
                                    busy ? "busy: another process is writing to the file" : "the deadline passed in the queue");
    return queued;
}

static void wait_until_done(shop_sqlite_writer *w, job *j, int64_t deadline)
{
    const struct timespec until = shop_timespec(deadline);
    int code;
    do
        code = sem_clockwait(&j->done, CLOCK_MONOTONIC, &until);
    while (code != 0 && errno == EINTR);
    if (code != 0 && give_up(w, j))
        return;
    while (code != 0) /* it is under way: only its outcome ends it */
        code = sem_wait(&j->done);
    (void)__atomic_load_n(&j->finished, __ATOMIC_ACQUIRE);
}

static int32_t do_job(shop_sqlite_writer *w, job *j, int64_t deadline)
{
    if (shop_monotonic_now() >= deadline)
        return shop_fault_set(j->fault, SHOP_STORAGE_UNAVAILABLE, 0, "the deadline passed");
    if (sem_init(&j->done, 0, 0) != 0)
        return shop_fault_set(j->fault, SHOP_STORAGE_NO_MEMORY, 0, "no semaphore");
    enqueue(w, j);
    wait_until_done(w, j, deadline);
    (void)sem_destroy(&j->done);
    return j->outcome;
}

int32_t shop_sqlite_apply(shop_sqlite_writer *w, const shop_op_list *list, int64_t deadline, shop_fault *fault)
{
    job j = {.list = list, .fault = fault};
    shop_sqlite_preview_batch(w->runner.schema, list, &j.preview);
    return do_job(w, &j, deadline);
}

int32_t shop_sqlite_allocate(shop_sqlite_writer *w, const char *table, uint32_t count, int64_t deadline, int64_t *first,
                             shop_fault *fault)
{
    job j = {.table = table, .count = count, .fault = fault};
    int32_t outcome = do_job(w, &j, deadline);
    if (outcome == SHOP_STORAGE_OK)
        *first = j.first;
    return outcome;
}

int32_t shop_sqlite_reserve(shop_sqlite_writer *w, const char *table, int64_t id, int64_t deadline, shop_fault *fault)
{
    job j = {.table = table, .above = id, .fault = fault};
    return do_job(w, &j, deadline);
}

/* Asks for an id of no table: a small commit that must write (one that sets a row to what it is would not). */
int32_t shop_sqlite_writer_ping(shop_sqlite_writer *w, int64_t deadline, shop_fault *fault)
{
    if (!__atomic_load_n(&w->broken, __ATOMIC_RELAXED))
        return SHOP_STORAGE_OK;
    int64_t ignored;
    return shop_sqlite_allocate(w, "", 1, deadline, &ignored, fault);
}
