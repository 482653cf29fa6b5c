/* SPDX-License-Identifier: MIT */
/* The threads that do what is due, every second: one that needs only storage, one that may wait for the payment gateway. */
#ifndef SHOPD_JOB_RUNNER_H
#define SHOPD_JOB_RUNNER_H

#include <shop/base.h>

typedef struct job_runner job_runner;

/* NULL when memory or threads are out. */
job_runner *job_runner_start(shop *s);

/* Begins to end, without waiting. NULL is fine, here and below. */
void job_runner_ask_to_stop(job_runner *r);

/* Waits for what runs, then ends. */
void job_runner_stop(job_runner *r);

#endif
