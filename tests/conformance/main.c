/* SPDX-License-Identifier: MIT */
/* The conformance kit on the built-in backends: conformance [BACKEND…] [--seed N] [--rounds N] [--threads N] [--only TEXT] [--verbose] */
#include "conformance.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef SHOP_POSTGRES
#include "postgres_places.h"
#endif
#include "wrappers.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define READING (SHOP_CAN_ORDER | SHOP_CAN_MATCH | SHOP_CAN_AGGREGATE | SHOP_CAN_IN_READ | SHOP_CAN_RANK)

static char folder[256];
static unsigned made_places;

/* ------------------------------------------------------------------------------------------------ places */

static int fresh_memory(void *user, char *url, size_t size)
{
    (void)user;
    return snprintf(url, size, "memory:") < (int)size ? 0 : -1;
}

static int fresh_shared_memory(void *user, char *url, size_t size)
{
    (void)user;
    return snprintf(url, size, "memory:kit-%u", ++made_places) < (int)size ? 0 : -1;
}

static int fresh_file(void *user, char *url, size_t size)
{
    const char *scheme = user;
    return snprintf(url, size, "%s:%s/place-%u.db", scheme, folder, ++made_places) < (int)size ? 0 : -1;
}

static const char *path_of(const char *url)
{
    return strchr(url, ':') + 1;
}

static void remove_file(void *user, const char *url)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    (void)user;
    for (size_t i = 0; i < LENGTH(endings); i++) {
        char path[512];
        if (snprintf(path, sizeof path, "%s%s", path_of(url), endings[i]) < (int)sizeof path)
            (void)unlink(path);
    }
}

static int spoil_file(void *user, const char *url)
{
    (void)user;
    FILE *f = fopen(path_of(url), "wb");
    if (!f)
        return -1;
    for (int i = 0; i < 1000; i++)
        fputs("Dear diary, today I sold nothing.\n", f);
    return fclose(f);
}

static uint64_t fingerprint_of_file(void *user, const char *url)
{
    (void)user;
    FILE *f = fopen(path_of(url), "rb");
    uint64_t print = f ? UINT64_C(0xcbf29ce484222325) : 0;
    for (int c = f ? getc(f) : EOF; c != EOF; c = getc(f))
        print = (print ^ (uint64_t)c) * UINT64_C(0x100000001b3);
    if (f)
        fclose(f);
    return print;
}

/* ------------------------------------------------------------------------------------------------ backends */

static int run(const shop_conformance_options *common, const char *title, const shop_storage_vtable *backend,
               int (*fresh)(void *user, char *url, size_t size))
{
    shop_conformance_options o = *common;
    o.backend = backend;
    o.fresh = fresh;
    printf("== %s (seed %llu)\n", title, (unsigned long long)o.seed);
    return shop_conformance_run(&o);
}

static int run_memory(const shop_conformance_options *common)
{
    return run(common, "memory", shop_storage_find("memory:"), fresh_memory);
}

static int run_shared(const shop_conformance_options *common)
{
    return run(common, "memory, shared by name", shared_memory(), fresh_shared_memory);
}

static int run_masked(const shop_conformance_options *common)
{
    return run(common, "memory, no capability claimed", masked_memory(0), fresh_memory);
}

static int run_emulated(const shop_conformance_options *common)
{
    static const struct {
        const char *title;
        uint32_t capabilities;
    } cases[] = {
        {"emulation of everything", 0},
        {"emulation of orders", READING & ~SHOP_CAN_ORDER},
        {"emulation of matches", READING & ~SHOP_CAN_MATCH},
        {"emulation of ranks", READING & ~SHOP_CAN_RANK},
        {"emulation of aggregates", READING & ~SHOP_CAN_AGGREGATE},
        {"emulation of reads that follow reads", READING & ~SHOP_CAN_IN_READ},
        {"emulation of all but reads that follow reads", SHOP_CAN_IN_READ},
        {"emulation of nothing", READING},
    };
    int failed = 0;
    for (size_t i = 0; i < LENGTH(cases); i++)
        failed += run(common, cases[i].title, emulated_memory(cases[i].capabilities), fresh_memory);
    return failed;
}

static int run_sqlite(const shop_conformance_options *common)
{
    const shop_storage_vtable *backend = shop_storage_find("sqlite:");
    if (!backend) {
        puts("== sqlite: not built in");
        return 1;
    }
    char scheme[] = "sqlite";
    shop_conformance_options o = *common;
    o.remove = remove_file;
    o.spoil = spoil_file;
    o.fingerprint = fingerprint_of_file;
    o.user = scheme;
    const char *parent = getenv("TMPDIR");
    if (snprintf(folder, sizeof folder, "%s/conformance-XXXXXX", parent ? parent : "/tmp") >= (int)sizeof folder ||
        !mkdtemp(folder)) {
        puts("== sqlite: no folder for its files");
        return 1;
    }
    int failed = run(&o, "sqlite", backend, fresh_file);
    (void)rmdir(folder);
    return failed;
}

#ifdef SHOP_POSTGRES
static int run_postgres(const shop_conformance_options *common)
{
    char parameters[] = "";
    shop_conformance_options o = *common;
    if (postgres_places(&o, parameters) != 0)
        return 1;
    return run(&o, "postgres", shop_storage_find("postgresql:"), o.fresh);
}

static int run_pooled(const shop_conformance_options *common)
{
    shop_conformance_options o = *common;
    if (postgres_places(&o, NULL) != 0)
        return 1;
    return run(&o, "postgres behind PgBouncer", shop_storage_find("postgresql:"), o.fresh);
}

static int run_unprepared(const shop_conformance_options *common)
{
    char parameters[] = "&shop_prepare=off";
    shop_conformance_options o = *common;
    if (postgres_places(&o, parameters) != 0)
        return 1;
    return run(&o, "postgres, without prepared statements", shop_storage_find("postgresql:"), o.fresh);
}
#endif

static const struct {
    const char *name;
    int (*run)(const shop_conformance_options *common);
    int is_named_only; /* needs a server: run when it is asked for */
} backends[] = {
    {"memory", run_memory, 0},     {"shared", run_shared, 0},         {"masked", run_masked, 0},
    {"emulated", run_emulated, 0}, {"sqlite", run_sqlite, 0},
#ifdef SHOP_POSTGRES
    {"postgres", run_postgres, 1}, {"unprepared", run_unprepared, 1}, {"pooled", run_pooled, 1},
#endif
};

/* ------------------------------------------------------------------------------------------------ the program */

static int usage(void)
{
    fputs("usage: conformance [memory|shared|masked|emulated|sqlite|postgres|unprepared|pooled]… [--seed N] [--rounds N] "
          "[--threads N] [--only TEXT] "
          "[--verbose]\n",
          stderr);
    return 2;
}

static int find_backend(const char *name)
{
    for (size_t i = 0; i < LENGTH(backends); i++) {
        if (strcmp(backends[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}

/* Reads one option; how many arguments it took, or 0 when it is none. */
static int take_option(shop_conformance_options *o, int left, char **arguments)
{
    if (strcmp(arguments[0], "--verbose") == 0) {
        o->verbose = 1;
        return 1;
    }
    if (left < 2)
        return 0;
    if (strcmp(arguments[0], "--only") == 0) {
        o->only = arguments[1];
        return 2;
    }
    char *end;
    unsigned long long number = strtoull(arguments[1], &end, 10);
    if (*end || !*arguments[1])
        return 0;
    if (strcmp(arguments[0], "--seed") == 0)
        o->seed = number;
    else if (strcmp(arguments[0], "--rounds") == 0)
        o->rounds = (uint32_t)number;
    else if (strcmp(arguments[0], "--threads") == 0)
        o->threads = (uint32_t)number;
    else
        return 0;
    return 2;
}

int main(int argc, char **argv)
{
    shop_conformance_options o = {.struct_size = sizeof o, .seed = 1};
    unsigned chosen = 0;
    for (int i = 1; i < argc;) {
        int backend = find_backend(argv[i]);
        int taken = backend >= 0 ? 1 : take_option(&o, argc - i, argv + i);
        if (!taken)
            return usage();
        if (backend >= 0)
            chosen |= 1u << backend;
        i += taken;
    }
    int failed = 0;
    for (size_t i = 0; i < LENGTH(backends); i++) {
        if ((!chosen && !backends[i].is_named_only) || (chosen & (1u << i)))
            failed += backends[i].run(&o);
    }
    return failed ? 1 : 0;
}
