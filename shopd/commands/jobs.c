/* SPDX-License-Identifier: MIT */
/* jobs: does what is due, once or until it is stopped. */
#include <inttypes.h>
#include <signal.h>

#include <shop/jobs.h>

#include "commands.h"
#include "job_runner.h"

static int run_once(shop *s)
{
    int64_t done = 0;
    int64_t total = 0;
    shop_ctx *cx = command_context(s);
    if (cx == NULL) {
        return EXIT_FAILED;
    }
    shop_status status = SHOP_OK;
    do {
        shop_ctx_reset(cx);
        status = shop_jobs_run(cx, &done);
        total += status == SHOP_OK ? done : 0;
    } while (status == SHOP_OK && done > 0);
    int code = status == SHOP_OK ? EXIT_DONE : command_fail_call(cx, "jobs");
    if (code == EXIT_DONE) {
        printf("%" PRId64 " things were due and are done\n", total);
    }
    shop_ctx_free(cx);
    return code;
}

static int watch(shop *s)
{
    sigset_t ends;
    int which = 0;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    job_runner *runner = job_runner_start(s);
    if (runner == NULL) {
        return command_fail(EXIT_FAILED, "the job threads cannot be started");
    }
    sigwait(&ends, &which);
    job_runner_stop(runner);
    return EXIT_DONE;
}

int command_jobs(command_line *line)
{
    shop *s = NULL;
    if (!config_check_gateway(&line->settings)) {
        return command_fail(EXIT_USAGE, "%s", line->settings.error);
    }
    int code = command_open_shop(line, NULL, &s);
    if (code == EXIT_DONE) {
        code = line->watch ? watch(s) : run_once(s);
    }
    shop_close(s);
    return code;
}
