/* SPDX-License-Identifier: MIT */
/* What the tests of copies share: places of the backends under test, and a backend that fails when it is told to. */
#ifndef TESTS_UNIT_COPY_SUPPORT_H
#define TESTS_UNIT_COPY_SUPPORT_H

#include <criterion/criterion.h>

#include <stdbool.h>

#include <shop/sys/copy.h>
#include <shop/sys/storage.h>

#include "support.h"

/* A fresh place of the backend that SHOP_TEST_DATABASE names, or of this one. Places in memory live until the process ends. */
const char *copy_place(const shop_schema *schema);
const char *copy_place_of(const char *backend, const shop_schema *schema);

/* ------------------------------------------------------------------------------------------------ a backend that fails */

typedef enum frail_way {
    FRAIL_REFUSES, /* UNAVAILABLE: nothing happened */
    FRAIL_LOSES_BEFORE, /* UNKNOWN: it did not happen */
    FRAIL_LOSES_AFTER, /* UNKNOWN: it happened */
    FRAIL_DIES, /* UNAVAILABLE from then on, for all calls */
} frail_way;

extern struct frail {
    int fail_at; /* the number of the batch, from 1; 0: none fails */
    frail_way way;
    bool has_failed;
    int batches; /* seen since the last reset */
    size_t largest; /* bytes that one query took */
} frail;

/* Nothing fails, and it can do what the inner backend can. */
void frail_reset(void);
/* Claims no more than these capabilities of the inner one, and has no `reserve`: for places that are opened from now on. */
void frail_limit(uint32_t capabilities);
/* The place, through the frail backend; "frail:" and its URL. Static, two at a time. */
const char *frail_url(const char *place);

/* ------------------------------------------------------------------------------------------------ raw places */

void *raw_open(const char *url, const shop_schema *schema);
void raw_close(const char *url, void *self);
int32_t raw_apply(const char *url, void *self, shop_op *ops, uint32_t count, shop_fault *fault);

/* All rows of all tables but `record`, as one text; free it. */
char *raw_dump(const char *url, const shop_schema *schema, uint16_t record);

#endif
