/* SPDX-License-Identifier: MIT */
/*
 * The conformance kit: does a storage backend keep what <shop/sys/storage.h> demands and what its capabilities claim?
 *
 *   shop_conformance_options o = {.struct_size = sizeof o, .backend = &my_vtable, .fresh = my_fresh, .remove = my_remove};
 *   return shop_conformance_run(&o) ? 1 : 0;
 *
 * Plain C over the public headers; needs libshop for the memory backend, which is the model. Every broken requirement is reported, not
 * only the first. A capability that is not claimed is skipped; one that is claimed and fails is a failure.
 */
#ifndef SHOP_CONFORMANCE_H
#define SHOP_CONFORMANCE_H

#include <stdio.h>

#include <shop/sys/storage.h>

typedef struct shop_conformance_options {
    size_t struct_size;
    const shop_storage_vtable *backend;

    /* Writes the URL of a place where nothing is yet, another one each time. 0: done. */
    int (*fresh)(void *user, char *url, size_t size);
    /* Removes the place after its use. May be NULL. */
    void (*remove)(void *user, const char *url);
    /* Puts something at the place that is no shop. 0: done. NULL: requirements about foreign places are skipped. */
    int (*spoil)(void *user, const char *url);
    /* A number that changes when the (closed) place changes. NULL: "left untouched" is checked only by what can be read. */
    uint64_t (*fingerprint)(void *user, const char *url);
    void *user;

    uint32_t threads; /* of the requirements about many at once; 0: 8 */
    uint32_t rounds; /* steps of the comparison with the model; 0: 2000 */
    uint64_t seed; /* of the comparison; told when it fails; 0: 1 */
    FILE *report; /* NULL: stdout */
    int verbose; /* 1: tell what passed, too */
    const char *only; /* run requirements whose name contains this; NULL: all */
} shop_conformance_options;

/* Runs all; prints a line a failure and a skip, and at last "N passed, M failed, K skipped". Returns M. */
int shop_conformance_run(const shop_conformance_options *options);

#endif
