/* SPDX-License-Identifier: MIT */
/* Words between spaces, for FTS5. */
#include "words.h"

#include <stdbool.h>
#include <string.h>

#include "../../core/text.h"
#include "../eval.h"

/* FTS5 cuts longer words, and nests an expression for each. */
#define WORD_SIZE_MAX 4096u
#define WORDS_MAX 64u

/* ------------------------------------------------------------------------------------------------ tokenizer */

static int tokenizer_create(void *context, const char **arguments, int count, Fts5Tokenizer **out)
{
    (void)context;
    (void)arguments;
    (void)count;
    static char no_state; /* FTS5 wants a handle; ours has nothing to hold */
    *out = (Fts5Tokenizer *)&no_state;
    return SQLITE_OK;
}

static void tokenizer_delete(Fts5Tokenizer *tokenizer)
{
    (void)tokenizer;
}

static int tokenize(Fts5Tokenizer *tokenizer, void *context, int flags, const char *text, int size,
                    int (*token)(void *context, int flags, const char *word, int length, int start, int end))
{
    (void)tokenizer;
    (void)flags;
    int code = SQLITE_OK;
    size_t length = 0;
    for (size_t at = 0; code == SQLITE_OK && shop_text_next_word(text, (size_t)size, &at, &length); at += length)
        code = token(context, 0, text + at, (int)length, (int)at, (int)(at + length));
    return code;
}

/* The way to FTS5's interface that its documentation gives. */
static fts5_api *find_fts5(sqlite3 *db)
{
    fts5_api *api = NULL;
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db, "SELECT fts5(?1)", -1, &statement, NULL) == SQLITE_OK) {
        (void)sqlite3_bind_pointer(statement, 1, (void *)&api, "fts5_api_ptr", NULL);
        (void)sqlite3_step(statement);
    }
    (void)sqlite3_finalize(statement);
    return api;
}

/* ------------------------------------------------------------------------------------------------ function */

static shop_value text_value(sqlite3_value *value)
{
    if (sqlite3_value_type(value) == SQLITE_NULL)
        return (shop_value){.type = SHOP_VALUE_NULL};
    const char *data = (const char *)sqlite3_value_text(value);
    return (shop_value){.type = SHOP_VALUE_TEXT, .size = (uint32_t)sqlite3_value_bytes(value), .data = data ? data : ""};
}

static void match_function(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    const shop_value column = text_value(values[0]);
    const shop_value words = text_value(values[1]);
    const shop_pred pred = {.op = SHOP_PRED_MATCH, .other = SHOP_NO_COLUMN, .value_count = 1, .values = &words};
    sqlite3_result_int(context, shop_eval_passes(&column, &pred, 1));
}

static void rank_function(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    const shop_value column = text_value(values[0]);
    const shop_value words = text_value(values[1]);
    sqlite3_result_int64(context, shop_eval_rank(&column, &words));
}

static int install_function(sqlite3 *db, const char *name, void (*function)(sqlite3_context *, int, sqlite3_value **))
{
    return sqlite3_create_function_v2(db, name, 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, NULL, function, NULL,
                                      NULL, NULL);
}

int shop_sqlite_words_install(sqlite3 *db)
{
    fts5_api *api = find_fts5(db);
    if (!api)
        return SQLITE_ERROR;
    fts5_tokenizer tokenizer = {.xCreate = tokenizer_create, .xDelete = tokenizer_delete, .xTokenize = tokenize};
    int code = api->xCreateTokenizer(api, SHOP_SQLITE_TOKENIZER, NULL, &tokenizer, NULL);
    if (code == SQLITE_OK)
        code = install_function(db, SHOP_SQLITE_MATCH_FUNCTION, match_function);
    return code == SQLITE_OK ? install_function(db, SHOP_SQLITE_RANK_FUNCTION, rank_function) : code;
}

/* ------------------------------------------------------------------------------------------------ queries */

shop_sqlite_match shop_sqlite_match_kind(const shop_value *words)
{
    if (words->type == SHOP_VALUE_NULL)
        return SHOP_SQLITE_MATCH_NOTHING;
    if (words->type != SHOP_VALUE_TEXT)
        return SHOP_SQLITE_MATCH_SCAN;
    size_t count = 0;
    size_t length = 0;
    for (size_t at = 0; shop_text_next_word(words->data, words->size, &at, &length); at += length) {
        if (++count > WORDS_MAX || length > WORD_SIZE_MAX)
            return SHOP_SQLITE_MATCH_SCAN;
    }
    if (count == 0)
        return SHOP_SQLITE_MATCH_ALL;
    /* A query ends at a NUL, and prefix indexes count whole characters. */
    if (memchr(words->data, '\0', words->size) || !shop_utf8_valid(words->data, words->size))
        return SHOP_SQLITE_MATCH_SCAN;
    return SHOP_SQLITE_MATCH_INDEX;
}

/* "word" * for each, which FTS5 joins by AND; a quote within is doubled. */
char *shop_sqlite_match_query(const shop_value *words)
{
    sqlite3_str *query = sqlite3_str_new(NULL);
    size_t length = 0;
    for (size_t at = 0; shop_text_next_word(words->data, words->size, &at, &length); at += length) {
        sqlite3_str_appendchar(query, 1, '"');
        for (size_t i = at; i < at + length; i++)
            sqlite3_str_appendchar(query, words->data[i] == '"' ? 2 : 1, words->data[i]);
        sqlite3_str_appendall(query, "\" * ");
    }
    return sqlite3_str_finish(query);
}
