/* SPDX-License-Identifier: MIT */
/* migrate: makes or upgrades the tables, or copies a whole shop from one database into another. */
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <shop/sys/copy.h>
#include <shop/sys/storage.h>

#include "../app/log.h"
#include "commands.h"

#define TELL_EVERY INT64_C(1000000) /* microseconds between two lines about one table */

static volatile sig_atomic_t stop;

static void ask_to_stop(int which)
{
    (void)which;
    stop = 1;
}

/* Once: a second signal ends the process as it would without us. */
static void catch_signals(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = ask_to_stop;
    action.sa_flags = SA_RESTART | (int)SA_RESETHAND;
    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

/* ------------------------------------------------------------------------------------------------ progress */

typedef struct telling {
    int begun; /* the first line was written */
    int waiting;
    int32_t phase; /* what the last line was about … */
    char table[64];
    int64_t told_at;
} telling;

static const char *const phases[] = {
    [SHOP_COPY_ROWS] = "copying", [SHOP_COPY_REFERENCES] = "linking", [SHOP_COPY_VERIFY] = "comparing"};

static int percentage(const shop_copy_progress *p)
{
    return p->done >= p->total ? 100 : (int)((double)p->done * 100 / (double)p->total);
}

static void tell_wait(telling *t, const shop_copy_progress *p)
{
    if (!t->waiting) {
        fprintf(stderr, "waiting    %s\n", p->trouble);
    }
    t->waiting = 1;
}

/* One line when a table is done, and one a second until then. */
static void tell_table(telling *t, const shop_copy_progress *p)
{
    int64_t now = shop_monotonic_now();
    int is_other = p->phase != t->phase || strcmp(p->table, t->table) != 0;
    t->waiting = 0;
    if (is_other) {
        t->phase = p->phase;
        (void)snprintf(t->table, sizeof t->table, "%s", p->table);
        t->told_at = now;
    }
    int is_done = p->phase == SHOP_COPY_VERIFY ? p->checksum != NULL : p->done >= p->total;
    if (p->checksum != NULL) {
        fprintf(stderr, "equal      %-14s %" PRId64 " rows, checksum %.16s\n", p->table, p->total / 2, p->checksum);
    } else if (is_done && p->phase == SHOP_COPY_ROWS) {
        fprintf(stderr, "copied     %-14s %" PRId64 " rows\n", p->table, p->done);
    } else if (!is_done && now - t->told_at >= TELL_EVERY) {
        fprintf(stderr, "%-10s %-14s %3d %%\n", phases[p->phase], p->table, percentage(p));
        t->told_at = now;
    }
}

static int32_t take_progress(void *user, const shop_copy_progress *p)
{
    telling *t = user;
    if (!t->begun) {
        fprintf(stderr, "from %s\nto   %s\n", p->from, p->to);
        t->begun = 1;
    }
    if (p->phase == SHOP_COPY_WAIT) {
        tell_wait(t, p);
    } else {
        tell_table(t, p);
    }
    return stop;
}

/* ------------------------------------------------------------------------------------------------ copying */

static void take_log(void *user, int32_t level, const char *message)
{
    (void)user;
    log_write(level, "storage: %s", message);
}

/* The key of a development shop lies beside its file. */
static void tell_of_key(const char *from)
{
    static const char scheme[] = "sqlite:";
    char path[4096];
    if (strncmp(from, scheme, sizeof scheme - 1) != 0) {
        return;
    }
    int length = snprintf(path, sizeof path, "%s.key", from + sizeof scheme - 1);
    if (length > 0 && (size_t)length < sizeof path && access(path, F_OK) == 0) {
        printf("give the new shopd the SECRET_KEY that is in %s, or everybody must log in again\n", path);
    }
}

static int copy_exit_code(shop_status status)
{
    shop_reason reason = shop_last_reason();
    if (reason != SHOP_REASON_NONE) {
        return exit_code_of(reason);
    }
    return status == SHOP_INVALID ? EXIT_USAGE : EXIT_FAILED;
}

static int copy(const command_line *line)
{
    telling progress;
    memset(&progress, 0, sizeof progress);
    shop_copy_input in = SHOP_COPY_INPUT_INIT;
    shop_copy_result result = {.tables = 0};
    in.from = line->from;
    in.to = line->to;
    in.progress = take_progress;
    in.user = &progress;
    in.log = take_log;
    catch_signals();
    shop_status status = shop_copy(&in, &result);
    if (status != SHOP_OK && stop) {
        return command_fail(EXIT_FAILED, "stopped; the same command goes on where it was");
    }
    if (status != SHOP_OK) {
        return command_fail(copy_exit_code(status), "the shop cannot be copied: %s", shop_copy_error());
    }
    printf("the shop is copied: %" PRId64 " tables, %" PRId64 " rows, all equal (%" PRId64 " copied now)\n", result.tables,
           result.rows, result.copied);
    tell_of_key(line->from);
    return EXIT_DONE;
}

int command_migrate(command_line *line)
{
    if (line->from != NULL && line->to != NULL) {
        return copy(line);
    }
    if (line->from != NULL || line->to != NULL) {
        return command_fail(EXIT_USAGE, "a copy needs both --from and --to; `shopd help migrate` says more");
    }
    shop *s = NULL;
    int code = command_open_shop(line, NULL, &s);
    if (code == EXIT_DONE) {
        puts("the database is ready for this version");
    }
    shop_close(s);
    return code;
}
