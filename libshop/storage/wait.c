/* SPDX-License-Identifier: MIT */
/* Conditions that wait by the monotonic clock. */
#include "wait.h"

struct timespec shop_timespec(int64_t microseconds)
{
    return (struct timespec){.tv_sec = (time_t)(microseconds / 1000000), .tv_nsec = (long)(microseconds % 1000000) * 1000};
}

int shop_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attributes;
    int code = pthread_condattr_init(&attributes);
    if (code != 0)
        return code;
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    code = pthread_cond_init(cond, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    return code;
}

int shop_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t deadline)
{
    const struct timespec until = shop_timespec(deadline);
    return pthread_cond_timedwait(cond, lock, &until);
}
