/* SPDX-License-Identifier: MIT */
/* Variants of the memory backend, to try the kit and libshop's emulation on. */
#ifndef SHOP_CONFORMANCE_WRAPPERS_H
#define SHOP_CONFORMANCE_WRAPPERS_H

#include <shop/sys/storage.h>

/* Claims only `capabilities` of the memory backend's, and refuses a query that needs more. One at a time. */
const shop_storage_vtable *masked_memory(uint32_t capabilities);

/* Claims all again: what is masked, libshop's emulation does. One at a time. */
const shop_storage_vtable *emulated_memory(uint32_t capabilities);

/* Claims that instances share a place: within one process they do. */
const shop_storage_vtable *shared_memory(void);

#endif
