/* SPDX-License-Identifier: MIT */
/*
 * A disk that is full, and one whose sync fails: what apply answered OK to is there afterwards, what it answered UNAVAILABLE to is
 * not, and it works again when there is room again. SQLite's own system calls are replaced, so it needs neither root nor a mount.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "../unit/sqlite_support.h"

#define CHECK(condition)                                                                                                       \
    do {                                                                                                                       \
        if (!(condition)) {                                                                                                    \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                                            \
            exit(1);                                                                                                           \
        }                                                                                                                      \
    } while (0)

static const char words[] =
    "many words that take some room on the disk, so that a page is soon full of them and another is needed "
    "and another and another and another and another and another and another and another and another";

/* ------------------------------------------------------------------------------------------------ the disk */

static atomic_long room = LONG_MAX; /* bytes that may still be written */
static atomic_int failing_syncs;

/* Writes what there is room for, as a file system does. */
static ssize_t limited_pwrite(int file, const void *bytes, size_t size, off_t offset)
{
    long left = atomic_load(&room);
    if (left <= 0) {
        errno = ENOSPC;
        return -1;
    }
    if (left < (long)size)
        size = (size_t)left;
    ssize_t written = pwrite(file, bytes, size, offset);
    if (written > 0 && left != LONG_MAX)
        atomic_fetch_sub(&room, written);
    return written;
}

static sqlite3_vfs disk; /* the system's, but for the syncs of logs */
static int (*open_really)(sqlite3_vfs *, const char *, sqlite3_file *, int, int *);
static sqlite3_io_methods methods;
static int (*sync_really)(sqlite3_file *, int);

static int limited_sync(sqlite3_file *file, int flags)
{
    if (atomic_load(&failing_syncs) > 0) {
        atomic_fetch_sub(&failing_syncs, 1);
        return SQLITE_IOERR_FSYNC;
    }
    return sync_really(file, flags);
}

static int limited_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    int code = open_really(vfs, name, file, flags, out);
    if (code == SQLITE_OK && (flags & SQLITE_OPEN_WAL)) {
        methods = *file->pMethods;
        sync_really = methods.xSync;
        methods.xSync = limited_sync;
        file->pMethods = &methods;
    }
    return code;
}

typedef ssize_t (*pwrite_function)(int, const void *, size_t, off_t);

static void replace_calls(void)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    pwrite_function write_function = limited_pwrite;
    sqlite3_syscall_ptr call;
    memcpy(&call, &write_function, sizeof call);
    int replaced = vfs->xSetSystemCall(vfs, "pwrite", call) == SQLITE_OK;
    replaced += vfs->xSetSystemCall(vfs, "pwrite64", call) == SQLITE_OK;
    CHECK(replaced > 0);
    disk = *vfs;
    disk.zName = "limited";
    open_really = vfs->xOpen;
    disk.xOpen = limited_open;
    CHECK(sqlite3_vfs_register(&disk, 1) == SQLITE_OK);
}

static void check_file(const tiny_place *place)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    CHECK(sqlite3_open(place->path, &db) == SQLITE_OK);
    CHECK(sqlite3_prepare_v2(db, "SELECT * FROM pragma_integrity_check", -1, &statement, NULL) == SQLITE_OK);
    CHECK(sqlite3_step(statement) == SQLITE_ROW);
    CHECK(strcmp((const char *)sqlite3_column_text(statement, 0), "ok") == 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
}

/* ------------------------------------------------------------------------------------------------ one caller */

static void fills_up_and_recovers(void)
{
    tiny_place place;
    shop_fault fault;
    tiny_place_make(&place);
    void *self = tiny_open(&place);
    CHECK(self);
    int64_t added = 0;
    for (int round = 0; round < 5; round++) {
        atomic_store(&room, 40000 + round * 1777);
        int32_t outcome;
        while ((outcome = tiny_add(self, added + 1, 1, words)) == SHOP_STORAGE_OK)
            added++;
        CHECK(outcome == SHOP_STORAGE_UNAVAILABLE);
        CHECK(tiny_add(self, added + 1, 1, words) == SHOP_STORAGE_UNAVAILABLE);
        CHECK(tiny_count(self, THING, NULL, 0) == added);
        CHECK(shop_storage_sqlite()->ping(self, &fault) == SHOP_STORAGE_UNAVAILABLE);
        atomic_store(&room, LONG_MAX);
        CHECK(shop_storage_sqlite()->ping(self, &fault) == SHOP_STORAGE_OK);
        CHECK(tiny_add(self, added + 1, 1, words) == SHOP_STORAGE_OK);
        added++;
    }
    tiny_close(self);
    self = tiny_open(&place);
    CHECK(self);
    CHECK(tiny_count(self, THING, NULL, 0) == added);
    tiny_close(self);
    check_file(&place);
    tiny_place_remove(&place);
}

static void is_refused_when_there_is_no_room_to_begin(void)
{
    tiny_place place;
    shop_fault fault;
    tiny_place_make(&place);
    atomic_store(&room, 20000);
    CHECK(tiny_open_as(place.url, &tiny_schema, NULL, &fault) == NULL);
    CHECK(fault.outcome == SHOP_STORAGE_UNAVAILABLE);
    atomic_store(&room, LONG_MAX);
    void *self = tiny_open(&place);
    CHECK(self);
    CHECK(tiny_add(self, 1, 1, words) == SHOP_STORAGE_OK);
    tiny_close(self);
    tiny_place_remove(&place);
}

/* ------------------------------------------------------------------------------------------------ many callers */

enum { CALLERS = 6, CALLS = 150 };

typedef struct caller {
    void *self;
    int64_t number;
    unsigned char happened[CALLS];
} caller;

static atomic_int calls_made;

static void *add_many(void *argument)
{
    caller *c = argument;
    for (int64_t i = 0; i < CALLS; i++) {
        int32_t outcome = tiny_add(c->self, 1 + c->number * CALLS + i, 1, words);
        CHECK(outcome == SHOP_STORAGE_OK || outcome == SHOP_STORAGE_UNAVAILABLE);
        c->happened[i] = outcome == SHOP_STORAGE_OK;
        atomic_fetch_add(&calls_made, 1);
    }
    return NULL;
}

static void tells_each_of_many_callers_the_truth(void)
{
    tiny_place place;
    pthread_t threads[CALLERS];
    static caller callers[CALLERS];
    tiny_place_make(&place);
    void *self = tiny_open(&place);
    CHECK(self);
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (caller){.self = self, .number = i};
        CHECK(pthread_create(&threads[i], NULL, add_many, &callers[i]) == 0);
    }
    for (int seen = 0, turn = 0; seen < CALLERS * CALLS; turn++) { /* the disk fills and empties as calls are made */
        atomic_store(&room, turn % 2 ? LONG_MAX : 30000);
        while (atomic_load(&calls_made) < seen)
            sched_yield();
        seen += 60;
    }
    for (int i = 0; i < CALLERS; i++)
        pthread_join(threads[i], NULL);
    atomic_store(&room, LONG_MAX);
    tiny_close(self);
    self = tiny_open(&place);
    CHECK(self);
    int lost = 0;
    for (int i = 0; i < CALLERS; i++) {
        for (int64_t call = 0; call < CALLS; call++) {
            int there = tiny_number(self, THING, 1 + i * CALLS + call, THING_AMOUNT) == 1;
            CHECK(there == callers[i].happened[call]);
            lost += !there;
        }
    }
    CHECK(lost > 0); /* else the disk was never full */
    tiny_close(self);
    check_file(&place);
    tiny_place_remove(&place);
}

/* ------------------------------------------------------------------------------------------------ a sync that fails */

/* A complete commit may lie in the log although its sync failed; a crash right after must not bring it to life. */
static void forgets_a_commit_whose_sync_failed(void)
{
    tiny_place place;
    tiny_place_make(&place);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        void *self = tiny_open(&place);
        CHECK(self);
        for (int64_t i = 1; i <= 10; i++)
            CHECK(tiny_add(self, i, 1, words) == SHOP_STORAGE_OK);
        atomic_store(&failing_syncs, 1);
        CHECK(tiny_add(self, 11, 1, words) == SHOP_STORAGE_UNAVAILABLE);
        _exit(0); /* no close: as in a crash */
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    void *self = tiny_open(&place);
    CHECK(self);
    CHECK(tiny_count(self, THING, NULL, 0) == 10);
    CHECK(tiny_add(self, 11, 1, words) == SHOP_STORAGE_OK);
    tiny_close(self);
    tiny_place_remove(&place);
}

int main(void)
{
    replace_calls();
    fills_up_and_recovers();
    is_refused_when_there_is_no_room_to_begin();
    tells_each_of_many_callers_the_truth();
    forgets_a_commit_whose_sync_failed();
    puts("disk_full: all well");
    return 0;
}
