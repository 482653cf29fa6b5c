/* SPDX-License-Identifier: MIT */
/* What a new password must be like: not too long, not common, not only digits, not like its owner's e-mail and names. */
#include <sodium.h>
#include <string.h>

#include "../core/text.h"
#include "common_passwords.h"
#include "password.h"

#define OWNER_TEXT_MAX 640 /* bytes of an e-mail or a name that are looked at: 150 characters of 4 bytes, and more */

/* ------------------------------------------------------------------------------------------------ common ones */

/* As strcmp, of a text and a word that ends in a line feed. */
static int compare_word(const char *text, size_t length, const char *word)
{
    size_t word_length = strcspn(word, "\n");
    int order = memcmp(text, word, length < word_length ? length : word_length);
    return order != 0 ? order : (length > word_length) - (length < word_length);
}

static int block_has(const char *block, const char *text, size_t length)
{
    for (const char *word = block; *word; word += strcspn(word, "\n") + 1)
        if (compare_word(text, length, word) == 0)
            return 1;
    return 0;
}

int shop_password_is_common(const char *folded, size_t length)
{
    size_t low = 0; /* the last block that begins at or before the text, if any does */
    size_t high = shop_common_password_block_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (compare_word(folded, length, shop_common_password_blocks[middle]) < 0)
            high = middle;
        else
            low = middle;
    }
    return block_has(shop_common_password_blocks[low], folded, length);
}

/* ------------------------------------------------------------------------------------------------ similarity */

/* A folded text as code points. */
typedef struct points {
    uint32_t at[SHOP_PASSWORD_MAX];
    size_t count;
} points;

static void points_of(const char *s, size_t length, points *out)
{
    out->count = 0;
    size_t step;
    while (length > 0 && out->count < SHOP_PASSWORD_MAX && (step = shop_utf8_decode(s, length, &out->at[out->count])) > 0) {
        out->count++;
        s += step;
        length -= step;
    }
}

/* Length of the longest common subsequence: one row of the table, from left to right. */
static size_t common_length(const points *a, const points *b)
{
    uint16_t row[SHOP_PASSWORD_MAX + 1] = {0};
    for (size_t i = 0; i < a->count; i++) {
        uint16_t diagonal = 0;
        for (size_t k = 0; k < b->count; k++) {
            uint16_t above = row[k + 1];
            if (a->at[i] == b->at[k])
                row[k + 1] = (uint16_t)(diagonal + 1);
            else if (row[k] > above)
                row[k + 1] = row[k];
            diagonal = above;
        }
    }
    size_t length = row[b->count];
    sodium_memzero(row, sizeof row);
    return length;
}

/* What they have in common is 7 tenths of what they are, or more. */
static int are_similar(const points *password, const char *text, size_t length)
{
    points other;
    points_of(text, length, &other);
    size_t total = password->count + other.count;
    size_t shorter = password->count < other.count ? password->count : other.count;
    if (10 * 2 * shorter < 7 * total)
        return 0;
    return 10 * 2 * common_length(password, &other) >= 7 * total;
}

static int is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || (unsigned char)c >= 0x80;
}

/* Like the whole of a text, or one of the words in it (the local part of an e-mail, say). */
static int is_like(const points *password, const char *text)
{
    char folded[OWNER_TEXT_MAX];
    size_t length = text ? strnlen(text, sizeof folded) : 0;
    if (length == 0)
        return 0;
    length = shop_text_fold(folded, text, length);
    if (are_similar(password, folded, length))
        return 1;
    for (size_t start = 0; start < length;) {
        size_t end = start;
        while (end < length && is_word_byte(folded[end]))
            end++;
        if (end > start && are_similar(password, folded + start, end - start))
            return 1;
        start = end + 1;
    }
    return 0;
}

/* ------------------------------------------------------------------------------------------------ the rules */

static int is_like_local_part(const points *password, const char *email)
{
    char local[OWNER_TEXT_MAX];
    size_t length = email ? strcspn(email, "@") : 0;
    if (length == 0 || length >= sizeof local)
        return 0;
    memcpy(local, email, length);
    local[length] = '\0';
    return is_like(password, local);
}

static void check_owner(shop_ctx *cx, const char *field, const points *password, const shop_password_owner *owner)
{
    if (is_like(password, owner->email) || is_like_local_part(password, owner->email))
        shop_field_fail(cx, field, "Is too similar to the e-mail address.");
    if (is_like(password, owner->first_name))
        shop_field_fail(cx, field, "Is too similar to the first name.");
    if (is_like(password, owner->last_name))
        shop_field_fail(cx, field, "Is too similar to the last name.");
}

void shop_password_check(shop_ctx *cx, const char *field, const char *password, const shop_password_owner *owner)
{
    size_t length = strlen(password);
    if (length > SHOP_PASSWORD_MAX) {
        shop_field_fail(cx, field, "Must have at most %d bytes.", SHOP_PASSWORD_MAX);
        return;
    }
    char folded[SHOP_PASSWORD_MAX];
    size_t folded_length = shop_text_fold(folded, password, length);
    points characters;
    points_of(folded, folded_length, &characters);
    if (length > 0 && strspn(password, "0123456789") == length)
        shop_field_fail(cx, field, "Must not consist of digits only.");
    if (shop_password_is_common(folded, folded_length))
        shop_field_fail(cx, field, "Is one of the most common passwords.");
    check_owner(cx, field, &characters, owner);
    sodium_memzero(folded, sizeof folded);
    sodium_memzero(&characters, sizeof characters);
}
