/* SPDX-License-Identifier: MIT */
/* Batches and queries out of random numbers or of a fuzzer's bytes, and two backends held against each other. */
#ifndef SHOP_CONFORMANCE_RANDOM_H
#define SHOP_CONFORMANCE_RANDOM_H

#include "kit.h"

/* Bytes, or numbers out of a seed when `data` is NULL. */
typedef struct kit_source {
    const uint8_t *data;
    size_t size;
    size_t at;
    uint64_t state;
} kit_source;

/* 0..n-1; 0 when the bytes are used up. */
uint32_t pick(kit_source *s, uint32_t n);
bool is_used_up(const kit_source *s);

/* Both opened with kit_schema on fresh places. */
typedef struct kit_pair {
    const shop_storage_vtable *vt;
    void *self;
    const shop_storage_vtable *model;
    void *model_self;
    FILE *report; /* gets what differs, with the batch or query */
} kit_pair;

/* One batch, followed by a look at all rows, or one query. False when the two differ. */
bool kit_random_step(kit_pair *p, kit_source *s);

#endif
