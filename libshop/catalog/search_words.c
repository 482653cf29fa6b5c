/* SPDX-License-Identifier: MIT */
/*
 * Texts as words, the one form in which the catalogue is stored for searching and in which a search is put: letters and digits,
 * without case and accents, separated by single spaces. Backends compare bytes and need to know no language.
 */
#include <string.h>

#include "../core/text.h"
#include "catalog.h"

/* What the accented letters of Latin-1 (from U+00E0) and Latin Extended-A (from U+0100) are without their accents. After
   folding only small ones are met; "" stands for those without a base letter of one byte. */
static const char latin_1[] = "aaaaaa\0ceeeeiiii\0nooooo\0ouuuuy\0y";
static const char latin_a[] =
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii\0\0jjkk\0llllllllllnnnnnn\0\0\0oooooo\0\0rrrrrrssssssss"
    "ttttttuuuuuuuuuuuuwwyyyzzzzzzs";

static char base_letter(uint32_t c)
{
    if (c >= 0xe0 && c < 0xe0 + sizeof latin_1 - 1)
        return latin_1[c - 0xe0];
    if (c >= 0x100 && c < 0x100 + sizeof latin_a - 1)
        return latin_a[c - 0x100];
    return '\0';
}

/* Beyond ASCII everything is a letter but the punctuation and spaces that people use. */
static int is_letter(uint32_t c)
{
    if (c < 0x80)
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return c >= 0xc0 && c != 0xd7 && c != 0xf7 && !(c >= 0x2000 && c <= 0x2bff) && !(c >= 0x3000 && c <= 0x303f) &&
           !(c >= 0xfe00 && c <= 0xfe0f) && !(c >= 0xff00 && c <= 0xff0f);
}

typedef struct word_list {
    char *text;
    size_t length;
} word_list;

static int has_word(const word_list *list, const char *word, size_t length)
{
    for (size_t i = 0; i < list->length;) {
        size_t end = i;
        while (end < list->length && list->text[end] != ' ')
            end++;
        if (end - i == length && memcmp(list->text + i, word, length) == 0)
            return 1;
        i = end + 1;
    }
    return 0;
}

/* The word stands at the end of the list's room already: it stays when it is new. */
static void keep_word(word_list *list, size_t start, size_t end)
{
    if (end == start)
        return;
    word_list before = {.text = list->text, .length = list->length};
    if (has_word(&before, list->text + start, end - start))
        return;
    list->length = end;
}

static void add_words(word_list *list, const char *folded, size_t length)
{
    size_t i = 0;
    while (i < length) {
        size_t start = list->length ? list->length + 1 : 0;
        size_t end = start;
        uint32_t c = 0;
        size_t step = 0;
        for (; i < length; i += step) {
            step = shop_utf8_decode(folded + i, length - i, &c);
            if (step == 0 || !is_letter(c))
                break;
            char base = base_letter(c);
            if (base) {
                list->text[end++] = base;
            } else {
                memcpy(list->text + end, folded + i, step);
                end += step;
            }
        }
        size_t had = list->length;
        keep_word(list, start, end);
        if (had && list->length > had)
            list->text[had] = ' ';
        i += step ? step : 1;
    }
}

const char *shop_search_words(shop_ctx *cx, const char *name, const char *description)
{
    size_t name_length = strlen(name);
    size_t description_length = strlen(description);
    word_list list = {.text = shop_arena_alloc(cx->arena, name_length + description_length + 3), .length = 0};
    char *folded = shop_arena_alloc(cx->arena, name_length + description_length + 1);
    if (!list.text || !folded)
        return NULL;
    add_words(&list, folded, shop_text_fold(folded, name, name_length));
    add_words(&list, folded, shop_text_fold(folded, description, description_length));
    list.text[list.length] = '\0';
    return list.text;
}
