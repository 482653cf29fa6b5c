/* SPDX-License-Identifier: MIT */
/* Queries for words. */
#include "words.h"

#include <string.h>

#include "../../core/mem.h"
#include "../../core/text.h"

#define WORDS_MAX 64u

/* How many words; WORDS_MAX + 1: too many, too long, or not UTF-8, for the index to answer. */
static uint32_t count_words(const shop_value *words)
{
    if (!shop_pg_is_text(words))
        return WORDS_MAX + 1;
    uint32_t count = 0;
    size_t length = 0;
    for (size_t at = 0; shop_text_next_word(words->data, words->size, &at, &length); at += length) {
        if (++count > WORDS_MAX || length > SHOP_PG_WORD_MAX)
            return WORDS_MAX + 1;
    }
    return count;
}

/* 'word':* & 'word':* …; quotes and backslashes within are doubled. */
static void bind_query(shop_pg_sql *sql, const shop_value *words)
{
    size_t offset = shop_pg_bytes_start(sql);
    const char *joint = "'";
    size_t length = 0;
    for (size_t at = 0; shop_text_next_word(words->data, words->size, &at, &length); at += length) {
        shop_pg_bytes_add(sql, joint, strlen(joint));
        for (size_t i = at; i < at + length; i++) {
            bool twice = words->data[i] == '\'' || words->data[i] == '\\';
            shop_pg_bytes_add(sql, words->data + i, 1);
            if (twice)
                shop_pg_bytes_add(sql, words->data + i, 1);
        }
        shop_pg_bytes_add(sql, "':*", 3);
        joint = " & '";
    }
    shop_pg_bytes_bind(sql, SHOP_PG_TEXT, offset);
}

/* For each wanted beginning there is a word; as bytes, because a beginning may end within a character. */
void shop_pg_put_scan_start(shop_pg_sql *sql, const char *column)
{
    shop_pg_put(sql, "(");
    shop_pg_put_name(sql, column);
    shop_pg_put(sql, " IS NOT NULL AND (SELECT coalesce(bool_and(EXISTS (SELECT 1 FROM unnest(string_to_array(");
    shop_pg_put_name(sql, column);
    shop_pg_put(sql, ", ' ')) AS has(word) WHERE substr(convert_to(has.word, 'UTF8'), 1, octet_length(beginning.word)) ="
                     " beginning.word)), true) FROM unnest(");
}

void shop_pg_put_scan_end(shop_pg_sql *sql)
{
    shop_pg_put(sql, ") AS beginning(word) WHERE octet_length(beginning.word) > 0))");
}

/* The words, each a blob, into `list` when that is not NULL; how many. */
static uint32_t split(const shop_value *words, shop_value *list)
{
    uint32_t count = 0;
    size_t length = 0;
    for (size_t at = 0; shop_text_next_word(words->data, words->size, &at, &length); at += length, count++) {
        if (list)
            list[count] = (shop_value){.type = SHOP_VALUE_BLOB, .size = (uint32_t)length, .data = words->data + at};
    }
    return count;
}

static void put_scan(shop_pg_sql *sql, const char *column, const shop_value *words)
{
    shop_pg_put_scan_start(sql, column);
    shop_value *list = NULL;
    uint32_t count = split(words, NULL);
    if (count) {
        list = shop_mem_alloc(count * sizeof *list);
        count = list ? split(words, list) : 0;
        sql->failed = sql->failed || !list;
    }
    shop_pg_bind_list(sql, list, count, SHOP_VALUE_BLOB);
    shop_mem_free(list);
    shop_pg_put_scan_end(sql);
}

void shop_pg_put_match(shop_pg_sql *sql, const char *column, const shop_value *words)
{
    if (words->type != SHOP_VALUE_TEXT) {
        shop_pg_put(sql, "false");
        return;
    }
    uint32_t count = count_words(words);
    if (count == 0) {
        shop_pg_put_name(sql, column);
        shop_pg_put(sql, " IS NOT NULL");
    } else if (count > WORDS_MAX) {
        put_scan(sql, column, words);
    } else {
        shop_pg_put(sql, SHOP_PG_VECTOR "(");
        shop_pg_put_name(sql, column);
        shop_pg_put(sql, ") @@ ");
        bind_query(sql, words);
        shop_pg_put(sql, "::text::tsquery");
    }
}

/* The sought word between spaces, or only after one, within the column between spaces. */
static void put_place(shop_pg_sql *sql, const char *column, const char *word, size_t length, const char *behind)
{
    size_t offset = shop_pg_bytes_start(sql);
    shop_pg_bytes_add(sql, " ", 1);
    shop_pg_bytes_add(sql, word, length);
    shop_pg_bytes_add(sql, behind, strlen(behind));
    shop_pg_put(sql, "strpos(' ' || ");
    shop_pg_put_name(sql, column);
    shop_pg_put(sql, " || ' ', ");
    shop_pg_bytes_bind(sql, SHOP_PG_TEXT, offset);
    shop_pg_put(sql, ") > 0");
}

void shop_pg_put_rank(shop_pg_sql *sql, const char *column, const shop_value *words)
{
    size_t length = 0;
    uint32_t count = 0;
    shop_pg_put(sql, "(0");
    for (size_t at = 0; words->type == SHOP_VALUE_TEXT && count < SHOP_RANK_WORDS &&
                        shop_text_next_word(words->data, words->size, &at, &length);
         at += length, count++) {
        shop_pg_put(sql, " + CASE WHEN ");
        put_place(sql, column, words->data + at, length, " ");
        shop_pg_put(sql, " THEN 2 WHEN ");
        put_place(sql, column, words->data + at, length, "");
        shop_pg_put(sql, " THEN 1 ELSE 0 END");
    }
    shop_pg_put(sql, ")::bigint");
}
