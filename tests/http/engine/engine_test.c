/* SPDX-License-Identifier: MIT */
/*
 * What the HTTP engine promises, over real sockets with raw bytes. A plain program, so that the sanitizers see all of
 * it. Runs every test, or those whose name contains the argument, or, when that begins with '-', those whose name
 * does not ("-descriptors" under valgrind, which has a limit of its own). Exit status 0 only when some ran and all
 * passed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "harness.h"

static int is_wanted(const char *name, const char *filter)
{
    if (filter == NULL)
        return 1;
    return filter[0] == '-' ? strstr(name, filter + 1) == NULL : strstr(name, filter) != NULL;
}

static int run(const struct test *tests, const char *filter)
{
    int count = 0;
    for (; tests->name != NULL; tests++) {
        if (!is_wanted(tests->name, filter))
            continue;
        printf("%s\n", tests->name);
        fflush(stdout);
        tests->run();
        count++;
    }
    return count;
}

int main(int argc, char **argv)
{
    const char *filter = argc > 1 ? argv[1] : NULL;
    int count = run(framing_tests, filter) + run(lifecycle_tests, filter);
    printf("%d tests passed\n", count);
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
