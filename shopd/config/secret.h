/* SPDX-License-Identifier: MIT */
/* Secrets of the server: judging, making and keeping the key that signs tokens. */
#ifndef SHOPD_SECRET_H
#define SHOPD_SECRET_H

#include <stddef.h>

/* Why a SECRET_KEY is not fit for production ("is missing", …); NULL when it is. */
const char *secret_weakness(const char *key);

/*
 * The key kept in the file `path`; made there (mode 0600) when there is none. On success 1 and a text to be freed with
 * secret_free; on failure 0 and errno.
 */
int secret_load_or_make(const char *path, char **key);

/* `bytes` random bytes (at most 64) as URL-safe text with a NUL; `size` must be above 2 * bytes. 1, or 0. */
int secret_random_hex(char *text, size_t size, size_t bytes);

/* Equal texts, in time that depends on the length only. */
int secret_equal(const char *a, size_t a_length, const char *b, size_t b_length);

void secret_wipe(void *memory, size_t length);
void secret_free(char *text); /* wipes first; NULL is fine */

#endif
