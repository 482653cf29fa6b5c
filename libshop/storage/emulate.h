/* SPDX-License-Identifier: MIT */
/* Queries for backends that claim less than all: what is not claimed is done here, over plain reads of the same snapshot. */
#ifndef SHOP_STORAGE_EMULATE_H
#define SHOP_STORAGE_EMULATE_H

#include <shop/sys/storage.h>

/* Works as vt->query, with every capability of reading. Always one query of the backend. Memory comes from call->alloc. */
int32_t shop_emulate_query(const shop_storage_vtable *vt, void *self, const shop_storage_call *call, const shop_schema *schema,
                           const shop_read *reads, uint32_t count, shop_rows *rows, shop_fault *fault);

#endif
