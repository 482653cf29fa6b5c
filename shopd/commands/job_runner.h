/* SPDX-License-Identifier: MIT */
/* The thread that does what is due, every second. */
#ifndef SHOPD_JOB_RUNNER_H
#define SHOPD_JOB_RUNNER_H

#include <shop/base.h>

typedef struct job_runner job_runner;

/* NULL when memory or threads are out. */
job_runner *job_runner_start(shop *s);

/* Waits for what runs, then ends. NULL is fine. */
void job_runner_stop(job_runner *r);

#endif
