/* SPDX-License-Identifier: MIT */
/* Secrets of the server: judging, making and keeping the key that signs tokens. */
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_BYTES 32
#define KEY_TEXT (2 * KEY_BYTES)

void secret_wipe(void *memory, size_t length)
{
    explicit_bzero(memory, length);
}

void secret_free(char *text)
{
    if (text != NULL) {
        secret_wipe(text, strlen(text));
        free(text);
    }
}

int secret_equal(const char *a, size_t a_length, const char *b, size_t b_length)
{
    if (a_length != b_length) {
        return 0;
    }
    volatile unsigned char difference = 0;
    for (size_t i = 0; i < a_length; i++) {
        difference = (unsigned char)(difference | (a[i] ^ b[i]));
    }
    return difference == 0;
}

/* Words that examples and templates are full of. */
static const char *const known_words[] = {"changeme",    "change-me", "change_me", "change this", "secret",
                                          "password",    "insecure",  "your-",     "your_",       "example",
                                          "placeholder", "replace",   "default",   "0123456789"};

static int has_known_word(const char *key)
{
    for (size_t i = 0; i < sizeof known_words / sizeof known_words[0]; i++) {
        if (strcasestr(key, known_words[i]) != NULL) {
            return 1;
        }
    }
    return 0;
}

const char *secret_weakness(const char *key)
{
    if (key == NULL || key[0] == '\0') {
        return "is missing";
    }
    if (strlen(key) < KEY_BYTES) {
        return "is shorter than 32 bytes";
    }
    unsigned char seen[256] = {0};
    int different = 0;
    for (const char *at = key; *at != '\0'; at++) {
        different += seen[(unsigned char)*at] == 0;
        seen[(unsigned char)*at] = 1;
    }
    if (different < 10) {
        return "repeats too few characters";
    }
    return has_known_word(key) ? "looks like one from an example" : NULL;
}

int secret_random_hex(char *text, size_t size, size_t bytes)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char random[64];
    if (bytes > sizeof random || size <= 2 * bytes || getrandom(random, bytes, 0) != (ssize_t)bytes) {
        return 0;
    }
    for (size_t i = 0; i < bytes; i++) {
        text[2 * i] = digits[random[i] >> 4];
        text[2 * i + 1] = digits[random[i] & 15];
    }
    text[2 * bytes] = '\0';
    secret_wipe(random, sizeof random);
    return 1;
}

static int read_key(const char *path, char *key, size_t size)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) {
        return 0;
    }
    ssize_t length = read(file, key, size - 1);
    int saved = errno;
    close(file);
    errno = saved;
    if (length < KEY_TEXT) {
        errno = length < 0 ? saved : EINVAL;
        return 0;
    }
    key[KEY_TEXT] = '\0';
    return 1;
}

/* Written aside and linked into place, so that of two servers starting at once both use one key. */
static int write_key(const char *path, const char *key)
{
    size_t size = strlen(path) + 32;
    char *aside = malloc(size);
    if (aside == NULL) {
        return 0;
    }
    size_t path_length = strlen(path);
    memcpy(aside, path, path_length);
    memcpy(aside + path_length, ".XXXXXX", sizeof ".XXXXXX");
    int file = mkostemp(aside, O_CLOEXEC);
    int ok = file >= 0 && write(file, key, KEY_TEXT) == KEY_TEXT && fsync(file) == 0;
    if (file >= 0) {
        ok = close(file) == 0 && ok;
        ok = ok && (link(aside, path) == 0 || errno == EEXIST);
        int saved = errno;
        unlink(aside);
        errno = saved;
    }
    free(aside);
    return ok;
}

int secret_load_or_make(const char *path, char **key)
{
    char text[KEY_TEXT + 2];
    *key = NULL;
    int ok = read_key(path, text, sizeof text);
    if (!ok && errno == ENOENT) {
        ok = secret_random_hex(text, sizeof text, KEY_BYTES) && write_key(path, text) && read_key(path, text, sizeof text);
    }
    if (ok) {
        *key = strdup(text);
    }
    secret_wipe(text, sizeof text);
    return *key != NULL;
}
