/* SPDX-License-Identifier: MIT */
/*
 * The memory backend: the model that other backends are tested against.
 *
 * "memory:" is a place of one's own, empty at each open and gone at its close. "memory:NAME" is one place for all instances of this
 * process that name it, as long as one of them is open; they must bring the same schema.
 *
 * Where the interface leaves a choice: a VALUE_REF to a row that is not there is NULL; NULL + x is NULL; of several faults of one
 * operation the guard is told before the constraint, and that before the unique key; unique keys hold at the end of an operation.
 */
#ifndef SHOP_STORAGE_MEMORY_H
#define SHOP_STORAGE_MEMORY_H

#include <shop/sys/storage.h>

const shop_storage_vtable *shop_storage_memory(void);

#endif
