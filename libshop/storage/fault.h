/* SPDX-License-Identifier: MIT */
/* What a backend says when it cannot. */
#ifndef SHOP_STORAGE_FAULT_H
#define SHOP_STORAGE_FAULT_H

#include <shop/base.h>
#include <shop/sys/storage.h>

/* Sets the fault (which may be NULL) and returns the outcome. A detail that begins with a reason's word and ": " sets the reason too. */
int32_t shop_fault_set(shop_fault *fault, int32_t outcome, uint32_t op, const char *detail);
/* Puts where the trouble is into the detail, behind the reason's word. */
void shop_fault_place(shop_fault *fault, const char *where);
int32_t shop_fault_none(shop_fault *fault);

/* What shop_last_reason says to this thread from now on. */
void shop_reason_note(shop_reason reason);
void shop_reason_note_fault(const shop_fault *fault);

#endif
