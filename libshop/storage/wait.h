/* SPDX-License-Identifier: MIT */
/* Conditions that wait by the clock of shop_monotonic_now. */
#ifndef SHOP_STORAGE_WAIT_H
#define SHOP_STORAGE_WAIT_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

struct timespec shop_timespec(int64_t microseconds);

int shop_cond_init(pthread_cond_t *cond); /* 0, or an error number */

/* Waits until woken (0), perhaps for no reason, or until the deadline has passed (not 0). */
int shop_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t deadline);

#endif
