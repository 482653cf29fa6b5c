/* SPDX-License-Identifier: MIT */
/* The number of a read's or operation's shape: equal for all that differ only in the contents of their values. */
#ifndef SHOP_STORAGE_SHAPE_H
#define SHOP_STORAGE_SHAPE_H

#include <shop/sys/storage.h>

uint64_t shop_shape_of_read(const shop_read *r);
uint64_t shop_shape_of_op(const shop_op *op);
uint64_t shop_shape_of_list(const shop_op *ops, uint32_t count); /* of operations whose shapes are set */

/* A text as a value; NULL is the NULL value. */
shop_value shop_value_text(const char *text);

#endif
