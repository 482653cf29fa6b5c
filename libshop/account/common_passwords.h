/* SPDX-License-Identifier: MIT */
/* The common passwords, as blocks of words that end in a line feed: sorted by bytes, within a block and from block to block. */
#ifndef SHOP_ACCOUNT_COMMON_PASSWORDS_H
#define SHOP_ACCOUNT_COMMON_PASSWORDS_H

#include <stddef.h>

#define SHOP_COMMON_PASSWORD_BLOCK 4001 /* a block and its NUL */

extern const size_t shop_common_password_count;
extern const size_t shop_common_password_block_count;
extern const char shop_common_password_blocks[][SHOP_COMMON_PASSWORD_BLOCK];

#endif
