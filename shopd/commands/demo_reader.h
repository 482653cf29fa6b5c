/* SPDX-License-Identifier: MIT */
/* Reads JSON of our own, the embedded demo shop, from front to back. What it does not expect makes it fail, and stay so. */
#ifndef SHOPD_DEMO_READER_H
#define SHOPD_DEMO_READER_H

#include <stddef.h>
#include <stdint.h>

typedef struct demo_reader {
    const char *at; /* in a text that ends in NUL */
    int failed;
} demo_reader;

/* Goes into an object or array; then demo_member or demo_item until it returns 0. */
void demo_enter(demo_reader *r, char bracket);
int demo_member(demo_reader *r, char *name, size_t size);
int demo_item(demo_reader *r);

void demo_text(demo_reader *r, char *text, size_t size);
void demo_number(demo_reader *r, int64_t *number);
void demo_truth(demo_reader *r, int64_t *truth);
void demo_skip(demo_reader *r);

#endif
