/* SPDX-License-Identifier: MIT */
/* The reference semantics of the storage interface. */
#include "eval.h"

#include <stdlib.h>
#include <string.h>

#include "../core/text.h"
#include "check.h"

__extension__ typedef __int128 wide; /* a sum of 2^32 int64 fits */

/* ------------------------------------------------------------------------------------------------ values */

static int compare_numbers(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_bytes(const shop_value *a, const shop_value *b)
{
    uint32_t common = a->size < b->size ? a->size : b->size;
    int difference = common ? memcmp(a->data, b->data, common) : 0;
    return difference ? difference : compare_numbers(a->size, b->size);
}

int shop_eval_compare(const shop_value *a, const shop_value *b)
{
    if (a->type != b->type)
        return a->type < b->type ? -1 : 1;
    switch (a->type) {
    case SHOP_VALUE_INT:
        return compare_numbers(a->num, b->num);
    case SHOP_VALUE_TEXT:
    case SHOP_VALUE_BLOB:
        return compare_bytes(a, b);
    default:
        return 0;
    }
}

static int compare_for_qsort(const void *a, const void *b)
{
    return shop_eval_compare(a, b);
}

uint32_t shop_eval_sort_values(shop_value *values, uint32_t count)
{
    if (!count)
        return 0;
    qsort(values, count, sizeof *values, compare_for_qsort);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (values[i].type != SHOP_VALUE_NULL && (!kept || shop_eval_compare(&values[i], &values[kept - 1]) != 0))
            values[kept++] = values[i];
    }
    return kept;
}

/* ------------------------------------------------------------------------------------------------ predicates */

static bool holds(uint16_t op, int order)
{
    switch (op) {
    case SHOP_PRED_EQ:
        return order == 0;
    case SHOP_PRED_NE:
        return order != 0;
    case SHOP_PRED_LT:
        return order < 0;
    case SHOP_PRED_LE:
        return order <= 0;
    case SHOP_PRED_GT:
        return order > 0;
    default:
        return order >= 0;
    }
}

static bool passes_comparison(const shop_value *row, const shop_pred *pred)
{
    const shop_value *left = &row[pred->column];
    shop_value right = pred->values[0];
    if (left->type == SHOP_VALUE_NULL || right.type == SHOP_VALUE_NULL)
        return false;
    if (pred->other != SHOP_NO_COLUMN) {
        if (row[pred->other].type == SHOP_VALUE_NULL || __builtin_add_overflow(row[pred->other].num, right.num, &right.num))
            return false;
    }
    return holds(pred->op, shop_eval_compare(left, &right));
}

static bool passes_in_sorted(const shop_value *value, const shop_pred *pred)
{
    return value->type != SHOP_VALUE_NULL && pred->value_count &&
           bsearch(value, pred->values, pred->value_count, sizeof *value, compare_for_qsort);
}

static bool begins_a_word(const shop_value *text, const char *prefix, size_t size)
{
    size_t length = 0;
    for (size_t at = 0; shop_text_next_word(text->data, text->size, &at, &length); at += length) {
        if (length >= size && memcmp(text->data + at, prefix, size) == 0)
            return true;
    }
    return false;
}

static bool passes_match(const shop_value *text, const shop_value *sought)
{
    if (text->type == SHOP_VALUE_NULL || sought->type == SHOP_VALUE_NULL)
        return false;
    size_t length = 0;
    for (size_t at = 0; shop_text_next_word(sought->data, sought->size, &at, &length); at += length) {
        if (!begins_a_word(text, sought->data + at, length))
            return false;
    }
    return true;
}

static bool passes(const shop_value *row, const shop_pred *pred)
{
    switch (pred->op) {
    case SHOP_EVAL_IN_SORTED:
        return passes_in_sorted(&row[pred->column], pred);
    case SHOP_PRED_NULL:
        return row[pred->column].type == SHOP_VALUE_NULL;
    case SHOP_PRED_NOT_NULL:
        return row[pred->column].type != SHOP_VALUE_NULL;
    case SHOP_PRED_MATCH:
        return passes_match(&row[pred->column], &pred->values[0]);
    default:
        return passes_comparison(row, pred);
    }
}

bool shop_eval_passes(const shop_value *row, const shop_pred *preds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!passes(row, &preds[i]))
            return false;
    }
    return true;
}

/* ------------------------------------------------------------------------------------------------ order */

/* 2: it is one of the text's words; 1: it begins one; 0: neither. */
static int64_t points_of_word(const shop_value *text, const char *word, size_t size)
{
    int64_t points = 0;
    size_t length = 0;
    for (size_t at = 0; points < 2 && shop_text_next_word(text->data, text->size, &at, &length); at += length) {
        if (length >= size && memcmp(text->data + at, word, size) == 0)
            points = length == size ? 2 : 1;
    }
    return points;
}

int64_t shop_eval_rank(const shop_value *text, const shop_value *words)
{
    int64_t rank = 0;
    if (text->type != SHOP_VALUE_TEXT || words->type != SHOP_VALUE_TEXT)
        return 0;
    uint32_t counted = 0;
    size_t length = 0;
    for (size_t at = 0; counted < SHOP_RANK_WORDS && shop_text_next_word(words->data, words->size, &at, &length);
         at += length, counted++)
        rank += points_of_word(text, words->data + at, length);
    return rank;
}

/* What a row is ordered by. */
static shop_value order_key(const shop_value *row, const shop_read *read, uint16_t place)
{
    const shop_value *value = &row[read->order[place].column];
    if (!read->order[place].by_rank)
        return *value;
    int64_t rank = shop_eval_rank(value, shop_check_ranked_words(read->preds, read->pred_count));
    return (shop_value){.type = SHOP_VALUE_INT, .num = rank};
}

static int compare_rows(const shop_value *a, const shop_value *b, const shop_read *read)
{
    for (uint16_t i = 0; i < read->order_count; i++) {
        const shop_value left = order_key(a, read, i);
        const shop_value right = order_key(b, read, i);
        int difference = shop_eval_compare(&left, &right);
        if (difference)
            return read->order[i].descending ? -difference : difference;
    }
    return 0;
}

static bool comes_after(const shop_value *row, const shop_read *read)
{
    for (uint16_t i = 0; i < read->order_count; i++) {
        const shop_value key = order_key(row, read, i);
        int difference = shop_eval_compare(&key, &read->after[i]);
        if (difference)
            return (difference > 0) != (read->order[i].descending != 0);
    }
    return false;
}

/* A heap with the last row of the order on top. */
static void sift_down(const shop_value **rows, size_t at, size_t count, const shop_read *read)
{
    const shop_value *moved = rows[at];
    for (size_t child = 2 * at + 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && compare_rows(rows[child], rows[child + 1], read) < 0)
            child++;
        if (compare_rows(moved, rows[child], read) >= 0)
            break;
        rows[at] = rows[child];
        at = child;
    }
    rows[at] = moved;
}

/* The first `wanted` rows of the order go to the front, sorted: a heap keeps the best that were seen. */
static void select_first(const shop_read *read, const shop_value **rows, size_t count, size_t wanted)
{
    for (size_t i = wanted / 2; i-- > 0;)
        sift_down(rows, i, wanted, read);
    for (size_t i = wanted; i < count; i++) {
        if (wanted && compare_rows(rows[i], rows[0], read) < 0) {
            rows[0] = rows[i];
            sift_down(rows, 0, wanted, read);
        }
    }
    for (size_t i = wanted; i-- > 1;) {
        const shop_value *last = rows[0];
        rows[0] = rows[i];
        rows[i] = last;
        sift_down(rows, 0, i, read);
    }
}

static size_t drop_not_after(const shop_read *read, const shop_value **rows, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (comes_after(rows[i], read))
            rows[kept++] = rows[i];
    }
    return kept;
}

size_t shop_eval_page(const shop_read *read, const shop_value **rows, size_t count)
{
    if (read->after)
        count = drop_not_after(read, rows, count);
    size_t skipped = (uint64_t)read->offset < count ? (size_t)read->offset : count;
    size_t left = count - skipped;
    if (read->limit >= 0 && (uint64_t)read->limit < left)
        left = (size_t)read->limit;
    if (read->order_count)
        select_first(read, rows, count, skipped + left);
    if (skipped && left)
        memmove(rows, rows + skipped, left * sizeof *rows);
    return left;
}

/* ------------------------------------------------------------------------------------------------ aggregates */

uint32_t shop_eval_width(const shop_read *read)
{
    return read->aggregate_count + (read->group_by == SHOP_NO_COLUMN ? 0u : 1u);
}

static size_t group_size(const shop_read *read, const shop_value **rows, size_t count)
{
    size_t size = 1;
    while (size < count && shop_eval_compare(&rows[0][read->group_by], &rows[size][read->group_by]) == 0)
        size++;
    return size;
}

size_t shop_eval_group_count(const shop_read *read, const shop_value **rows, size_t count)
{
    if (read->group_by == SHOP_NO_COLUMN)
        return 1;
    const shop_order_by by_group = {.column = read->group_by};
    const shop_read order = {.order_count = 1, .order = &by_group};
    select_first(&order, rows, count, count);
    size_t groups = 0;
    for (size_t at = 0; at < count; at += group_size(read, rows + at, count - at))
        groups++;
    return groups;
}

static bool sum_column(uint16_t column, const shop_value **rows, size_t count, shop_value *out)
{
    wide sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (rows[i][column].type == SHOP_VALUE_INT)
            sum += rows[i][column].num;
    }
    if (sum < INT64_MIN || sum > INT64_MAX)
        return false;
    *out = (shop_value){.type = SHOP_VALUE_INT, .num = (int64_t)sum};
    return true;
}

/* sign 1: the least value; -1: the greatest. */
static void extreme_of_column(uint16_t column, int sign, const shop_value **rows, size_t count, shop_value *out)
{
    *out = (shop_value){.type = SHOP_VALUE_NULL};
    for (size_t i = 0; i < count; i++) {
        const shop_value *value = &rows[i][column];
        if (value->type == SHOP_VALUE_INT && (out->type == SHOP_VALUE_NULL || sign * compare_numbers(value->num, out->num) < 0))
            *out = (shop_value){.type = SHOP_VALUE_INT, .num = value->num};
    }
}

static bool aggregate_group(const shop_read *read, const shop_value **rows, size_t count, shop_value *out)
{
    for (uint16_t i = 0; i < read->aggregate_count; i++, out++) {
        uint16_t column = read->aggregates[i].column;
        switch (read->aggregates[i].fn) {
        case SHOP_AGGREGATE_COUNT:
            *out = (shop_value){.type = SHOP_VALUE_INT, .num = (int64_t)count};
            break;
        case SHOP_AGGREGATE_SUM:
            if (!sum_column(column, rows, count, out))
                return false;
            break;
        case SHOP_AGGREGATE_MIN:
            extreme_of_column(column, 1, rows, count, out);
            break;
        default:
            extreme_of_column(column, -1, rows, count, out);
            break;
        }
    }
    return true;
}

bool shop_eval_aggregate(const shop_read *read, const shop_value **rows, size_t count, shop_value *out)
{
    if (read->group_by == SHOP_NO_COLUMN)
        return aggregate_group(read, rows, count, out);
    size_t width = (size_t)read->aggregate_count + 1;
    for (size_t at = 0; at < count; out += width) {
        size_t size = group_size(read, rows + at, count - at);
        out[0] = rows[at][read->group_by];
        if (!aggregate_group(read, rows + at, size, out + 1))
            return false;
        at += size;
    }
    return true;
}
