/* SPDX-License-Identifier: MIT */
/* Searches with typing errors: which word is wrong, and which one was meant. */
#include <string.h>

#include "../core/text.h"
#include "catalog.h"

#define WORDS_MAX 8 /* a longer search is taken as it was typed */
#define WRONG_MAX 3 /* one with more wrong words, too */
#define CANDIDATES 5 /* words that are looked up for each wrong one */
#define POPULAR 100 /* a word that so many products have is as good as any */
#define LETTERS_MIN 4 /* a shorter word is too much like too many */
#define LETTERS_MAX 60
#define LETTERS_FOR_TWO 8 /* from here on two errors are corrected, below one */

#define LIST_MAX (WRONG_MAX * CANDIDATES)
_Static_assert(LIST_MAX >= WORDS_MAX, "a list takes all that are typed, or all that may have been meant");

typedef struct word_list {
    const char *words[LIST_MAX];
    uint32_t counts[LIST_MAX]; /* products that have it */
    uint32_t count;
} word_list;

/* ------------------------------------------------------------------------------------------------ distance */

/* Characters of a word; 0: too many, or it is none that is corrected (a number, the name of a model). */
static size_t letters_of(const char *word, size_t size, uint32_t letters[LETTERS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < size; count++) {
        uint32_t c = 0;
        size_t step = shop_utf8_decode(word + i, size - i, &c);
        if (step == 0 || count == LETTERS_MAX || (c >= '0' && c <= '9'))
            return 0;
        letters[count] = c;
        i += step;
    }
    return count;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Letters that are missing, too many, wrong, or changed places with the next: the number of such errors that make one word the other. */
static uint32_t count_errors(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count)
{
    uint32_t rows[3][LETTERS_MAX + 1];
    for (size_t j = 0; j <= b_count; j++)
        rows[0][j] = (uint32_t)j;
    for (size_t i = 1; i <= a_count; i++) {
        uint32_t *row = rows[i % 3];
        const uint32_t *above = rows[(i + 2) % 3];
        row[0] = (uint32_t)i;
        for (size_t j = 1; j <= b_count; j++) {
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], rows[(i + 1) % 3][j - 2] + 1);
        }
    }
    return rows[a_count % 3][b_count];
}

/* ------------------------------------------------------------------------------------------------ words of products */

static int take_words(shop_ctx *cx, const char *words, word_list *list)
{
    const size_t size = strlen(words);
    size_t length = 0;
    list->count = 0;
    for (size_t at = 0; shop_text_next_word(words, size, &at, &length); at += length) {
        if (list->count == WORDS_MAX)
            return 0;
        list->words[list->count] = shop_arena_strndup(cx->arena, words + at, length);
        if (!list->words[list->count++])
            return 0;
    }
    return 1;
}

/* How many products in the scope have a word that begins so, up to a limit: that bounds what it costs. */
static shop_status count_products(shop_ctx *cx, const shop_search_scope *scope, word_list *list, int64_t limit)
{
    shop_query *q = shop_query_new(cx);
    if (scope->is_public)
        shop_query_may_be_stale(q);
    for (uint32_t i = 0; i < list->count; i++) {
        (void)shop_query_read(q, TABLE_PRODUCT);
        if (scope->is_active != SHOP_UNSET)
            shop_where_int(q, PRODUCT_IS_ACTIVE, SHOP_PRED_EQ, scope->is_active);
        shop_where_text(q, PRODUCT_SEARCH_WORDS, SHOP_PRED_MATCH, list->words[i]);
        shop_query_columns(q, 0);
        shop_query_limit(q, limit, 0);
    }
    shop_status status = shop_query_run(q);
    for (uint32_t i = 0; i < list->count && status == SHOP_OK; i++)
        list->counts[i] = shop_query_rows(q, (int)i)->count;
    return status;
}

/* ------------------------------------------------------------------------------------------------ what was meant */

/* A wrong word, and the nearest ones: fewest errors first. */
typedef struct wrong_word {
    uint32_t place; /* among the search's */
    uint32_t letters[LETTERS_MAX];
    size_t letter_count;
    const char *near[CANDIDATES];
    uint32_t errors[CANDIDATES];
    uint32_t near_count;
} wrong_word;

/* The words that nobody has; -1: too many of them, or one that is not corrected. */
static int find_wrong(const word_list *typed, wrong_word *wrong)
{
    int count = 0;
    for (uint32_t i = 0; i < typed->count; i++) {
        if (typed->counts[i] > 0)
            continue;
        if (count == WRONG_MAX)
            return -1;
        wrong_word *w = &wrong[count++];
        *w = (wrong_word){.place = i};
        w->letter_count = letters_of(typed->words[i], strlen(typed->words[i]), w->letters);
        if (w->letter_count < LETTERS_MIN)
            return -1;
    }
    return count;
}

/* Keeps the word in its place among the nearest if it is one of them; of equals the one that came first. */
static void keep_near(wrong_word *w, const char *word, uint32_t errors)
{
    uint32_t at = w->near_count < CANDIDATES ? w->near_count++ : CANDIDATES;
    for (; at > 0 && w->errors[at - 1] > errors; at--) {
        if (at == CANDIDATES)
            continue;
        w->near[at] = w->near[at - 1];
        w->errors[at] = w->errors[at - 1];
    }
    if (at == CANDIDATES)
        return;
    w->near[at] = word;
    w->errors[at] = errors;
}

static int is_kept(const wrong_word *w, const char *word)
{
    for (uint32_t i = 0; i < w->near_count; i++)
        if (strcmp(w->near[i], word) == 0)
            return 1;
    return 0;
}

static void judge_near(wrong_word *w, const shop_rows *rows)
{
    uint32_t letters[LETTERS_MAX];
    uint32_t allowed = w->letter_count >= LETTERS_FOR_TWO ? 2 : 1;
    for (uint32_t i = 0; i < rows->count; i++) {
        const shop_value *word = shop_row(rows, i);
        size_t count = letters_of(word->data, word->size, letters);
        uint32_t errors = count ? count_errors(w->letters, w->letter_count, letters, count) : UINT32_MAX;
        if (errors <= allowed && !is_kept(w, word->data))
            keep_near(w, word->data, errors);
    }
}

/* 0: one of them is like no other word. */
static int find_near(shop_ctx *cx, const shop_search_scope *scope, const word_list *typed, wrong_word *wrong, uint32_t count)
{
    const char *words[WRONG_MAX];
    shop_rows rows[WRONG_MAX];
    for (uint32_t i = 0; i < count; i++)
        words[i] = typed->words[wrong[i].place];
    if (!shop_query_nearest(cx, TABLE_PRODUCT, PRODUCT_SEARCH_WORDS, words, count, scope->is_public, rows))
        return 0;
    for (uint32_t i = 0; i < count; i++) {
        judge_near(&wrong[i], &rows[i]);
        if (wrong[i].near_count == 0)
            return 0;
    }
    return 1;
}

/* Of those with the fewest errors that some product has, the most popular; of equals the one that is most alike. NULL: none has any. */
static const char *choose(const wrong_word *w, const uint32_t *counts)
{
    const char *chosen = NULL;
    uint32_t most = 0;
    for (uint32_t i = 0; i < w->near_count; i++) {
        if (chosen && w->errors[i] > w->errors[i - 1])
            break;
        if (counts[i] > most) {
            chosen = w->near[i];
            most = counts[i];
        }
    }
    return chosen;
}

/* Puts the words that were meant in the place of the wrong ones. *found 0: there are none for one of them. */
static shop_status replace(shop_ctx *cx, const shop_search_scope *scope, word_list *typed, const wrong_word *wrong,
                           uint32_t count, int *found)
{
    word_list near = {.count = 0};
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t n = 0; n < wrong[i].near_count; n++)
            near.words[near.count++] = wrong[i].near[n];
    shop_status status = count_products(cx, scope, &near, POPULAR);
    *found = status == SHOP_OK;
    const uint32_t *counts = near.counts;
    for (uint32_t i = 0; i < count && *found; i++) {
        const char *meant = choose(&wrong[i], counts);
        counts += wrong[i].near_count;
        typed->words[wrong[i].place] = meant;
        *found = meant != NULL;
    }
    return status;
}

static const char *join(shop_ctx *cx, const word_list *list)
{
    size_t size = 1;
    for (uint32_t i = 0; i < list->count; i++)
        size += strlen(list->words[i]) + 1;
    char *text = shop_arena_alloc(cx->arena, size);
    size_t at = 0;
    for (uint32_t i = 0; text && i < list->count; i++) {
        size_t length = strlen(list->words[i]);
        memcpy(text + at, list->words[i], length);
        text[at + length] = i + 1 < list->count ? ' ' : '\0';
        at += length + 1;
    }
    return text;
}

shop_status shop_search_correct(shop_ctx *cx, const shop_search_scope *scope, const char *words, const char **corrected)
{
    *corrected = NULL;
    word_list typed;
    wrong_word wrong[WRONG_MAX];
    if (!shop_query_has_nearest(cx) || !take_words(cx, words, &typed))
        return SHOP_OK;
    shop_status status = count_products(cx, scope, &typed, 1);
    if (status != SHOP_OK)
        return status;
    int count = find_wrong(&typed, wrong);
    if (count <= 0 || !find_near(cx, scope, &typed, wrong, (uint32_t)count))
        return SHOP_OK;
    int found;
    status = replace(cx, scope, &typed, wrong, (uint32_t)count, &found);
    if (status != SHOP_OK || !found)
        return status;
    /* Once more in the form of a search: a word that stands there already is not repeated. */
    const char *text = join(cx, &typed);
    *corrected = text ? shop_search_words(cx, text, "") : NULL;
    return *corrected ? SHOP_OK : shop_fail_no_memory(cx);
}
