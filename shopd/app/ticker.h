/* SPDX-License-Identifier: MIT */
/* A thread that does something every second until it is told to stop. */
#ifndef SHOPD_TICKER_H
#define SHOPD_TICKER_H

typedef struct ticker ticker;

/* `tick` runs at once, and a second after it returned, again and again. NULL when memory or threads are out. */
ticker *ticker_start(void (*tick)(const ticker *t, void *state), void *state);

/* Begins to end, without waiting. NULL is fine, here and below. */
void ticker_ask_to_stop(ticker *t);

/* Whether a long tick should end. */
int ticker_is_stopping(const ticker *t);

/* Waits for a tick under way, then ends. */
void ticker_stop(ticker *t);

#endif
