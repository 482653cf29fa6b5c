/* SPDX-License-Identifier: MIT */
/* Accounts: every promise of include/shop/account.h, through it. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../libshop/account/account_parts.h"
#include "../../libshop/account/common_passwords.h"
#include "../../libshop/account/password.h"
#include <shop/sys/storage.h>

#include "support.h"

#define SECOND INT64_C(1000000)
#define EMAIL "ada@example.com"

static shop *s;
static shop_ctx *cx;

static void begin(void)
{
    test_clock_set(TEST_TIME);
    s = test_shop_open();
    cx = test_ctx(s, SHOP_ACTOR_NOBODY);
}

static void end(void)
{
    shop_ctx_free(cx);
    test_shop_close(s);
}

TestSuite(account, .init = begin, .fini = end, .timeout = 60);

/* ------------------------------------------------------------------------------------------------ helpers */

static const shop_register_input ada = {.struct_size = sizeof ada,
                                        .email = EMAIL,
                                        .first_name = "Ada",
                                        .last_name = "Lovelace",
                                        .password = TEST_PASSWORD,
                                        .password2 = TEST_PASSWORD};

static const shop_session *register_ada(void)
{
    const shop_session *session = NULL;
    cr_assert_eq(shop_account_register(cx, &ada, &session), SHOP_OK, "%s", shop_ctx_error_detail(cx));
    return session;
}

static shop_status login(shop_ctx *on, const char *email, const char *password, const shop_session **session)
{
    shop_login_input in = SHOP_LOGIN_INPUT_INIT;
    in.email = email;
    in.password = password;
    return shop_account_login(on, &in, session);
}

static const char *login_refresh(void)
{
    const shop_session *session = NULL;
    cr_assert_eq(login(cx, EMAIL, TEST_PASSWORD, &session), SHOP_OK, "%s", shop_ctx_error_detail(cx));
    return shop_tokens_refresh(shop_session_tokens(session));
}

static int64_t id_of(const shop_session *session)
{
    return shop_user_id(shop_session_user(session));
}

/* The message of a field's error that holds the words; NULL when there is none. */
static const char *field_error(const char *field, const char *words)
{
    for (size_t i = 0; shop_ctx_error_field(cx, i); i++)
        if (strcmp(shop_ctx_error_field(cx, i), field) == 0 && strstr(shop_ctx_error_message(cx, i), words))
            return shop_ctx_error_message(cx, i);
    return NULL;
}

static shop_status register_with(const char *email, const char *first, const char *last, const char *password)
{
    shop_register_input in = SHOP_REGISTER_INPUT_INIT;
    in.email = email;
    in.first_name = first;
    in.last_name = last;
    in.password = password;
    in.password2 = password;
    const shop_session *session = NULL;
    return shop_account_register(cx, &in, &session);
}

/* Registers with that password as Zoe Quinn; tells whether the rule that the words name refused it. */
static int refuses_password(const char *password, const char *words)
{
    shop_status status = register_with("zq@example.com", "Zoe", "Quinn", password);
    return status == SHOP_INVALID && strcmp(shop_ctx_error_code(cx), "validation_error") == 0 &&
           field_error("password", words) != NULL;
}

static int is_invalid_token(shop_status status)
{
    return status == SHOP_UNAUTHENTICATED && strcmp(shop_ctx_error_code(cx), "invalid_token") == 0;
}

static shop_status refresh(const char *token, const char **next)
{
    const shop_tokens *tokens = NULL;
    shop_status status = shop_account_refresh(cx, token, &tokens);
    if (status == SHOP_OK && next)
        *next = shop_tokens_refresh(tokens);
    return status;
}

/* ------------------------------------------------------------------------------------------------ registration */

Test(account, registering_makes_an_account_and_a_session)
{
    const shop_session *session = register_ada();
    const shop_user *user = shop_session_user(session);
    cr_assert_gt(shop_user_id(user), 0);
    cr_assert_str_eq(shop_user_email(user), EMAIL);
    cr_assert_str_eq(shop_user_first_name(user), "Ada");
    cr_assert_str_eq(shop_user_last_name(user), "Lovelace");
    cr_assert_eq(shop_user_is_active(user), 1);
    cr_assert_eq(shop_user_is_staff(user), 0);
    cr_assert_eq(shop_user_email_verified(user), 0);
    cr_assert_str_eq(shop_user_role(user, 0), "customer");
    cr_assert_null(shop_user_role(user, 1));
    cr_assert_eq(shop_user_date_joined(user), TEST_TIME);
    int64_t who = 0;
    cr_assert_eq(shop_token_check(cx, shop_tokens_access(shop_session_tokens(session)), &who), SHOP_OK);
    cr_assert_eq(who, shop_user_id(user));
    cr_assert_eq(refresh(shop_tokens_refresh(shop_session_tokens(session)), NULL), SHOP_OK);
}

Test(account, the_json_of_a_session_is_the_contracts)
{
    const shop_session *session = register_ada();
    const char *json;
    size_t length;
    cr_assert_eq(shop_user_to_json(cx, shop_session_user(session), &json, &length), SHOP_OK);
    char expected[512];
    (void)snprintf(
        expected, sizeof expected,
        "{\"id\":%lld,\"email\":\"ada@example.com\",\"first_name\":\"Ada\",\"last_name\":\"Lovelace\",\"is_active\":true,"
        "\"is_staff\":false,\"email_verified\":false,\"roles\":[\"customer\"],"
        "\"date_joined\":\"2026-01-01T00:00:00.000000Z\"}",
        (long long)id_of(session));
    cr_assert_str_eq(json, expected);
    cr_assert_eq(shop_session_to_json(cx, session, &json, &length), SHOP_OK);
    cr_assert_not_null(strstr(json, "\"tokens\":{\"access\":\"eyJ"));
    const shop_session *bare = NULL;
    cr_assert_eq(shop_session_bare(cx, session, &bare), SHOP_OK);
    cr_assert_null(shop_session_tokens(bare));
    cr_assert_eq(shop_session_to_json(cx, bare, &json, &length), SHOP_OK);
    cr_assert_null(strstr(json, "tokens"));
    cr_assert_null(strstr(json, "eyJ"));
}

Test(account, email_is_trimmed_and_unique_without_case)
{
    cr_assert_eq(register_with("  Ada@Example.COM ", "Ada", "Lovelace", TEST_PASSWORD), SHOP_OK, "%s",
                 shop_ctx_error_detail(cx));
    cr_assert_eq(register_with("ADA@example.com", "Ada", "Lovelace", TEST_PASSWORD), SHOP_INVALID);
    cr_assert_str_eq(shop_ctx_error_code(cx), "validation_error");
    cr_assert_not_null(field_error("email", "already"));
    const shop_session *session;
    cr_assert_eq(login(cx, " aDa@eXample.com ", TEST_PASSWORD, &session), SHOP_OK);
    cr_assert_str_eq(shop_user_email(shop_session_user(session)), EMAIL);
}

Test(account, each_missing_or_wrong_field_is_named)
{
    shop_register_input in = SHOP_REGISTER_INPUT_INIT;
    const shop_session *session = NULL;
    cr_assert_eq(shop_account_register(cx, &in, &session), SHOP_INVALID);
    cr_assert_eq(shop_ctx_error_field_count(cx), 5);
    static const char *const emails[] = {"ada", "ada@", "@example.com", "a b@example.com", "ada@example", "ada@@example.com"};
    for (size_t i = 0; i < sizeof emails / sizeof emails[0]; i++) {
        cr_expect_eq(register_with(emails[i], "Ada", "Lovelace", TEST_PASSWORD), SHOP_INVALID, "%s", emails[i]);
        cr_expect_not_null(field_error("email", "address"), "%s", emails[i]);
    }
    cr_assert_eq(register_with(EMAIL, " ", "Love\nlace", TEST_PASSWORD), SHOP_INVALID);
    cr_assert_not_null(field_error("first_name", "empty"));
    cr_assert_not_null(field_error("last_name", "control characters"));
    cr_assert_null(session);
}

Test(account, an_input_not_made_by_its_init_is_misuse)
{
    shop_register_input in = ada;
    in.struct_size = 3;
    const shop_session *session = NULL;
    cr_assert_eq(shop_account_register(cx, &in, &session), SHOP_MISUSE);
    cr_assert_eq(shop_account_register(cx, NULL, &session), SHOP_MISUSE);
    cr_assert_eq(shop_account_register(cx, &ada, NULL), SHOP_MISUSE);
}

Test(account, init_functions_and_macros_agree)
{
    shop_register_input a = SHOP_REGISTER_INPUT_INIT, b;
    shop_register_input_init(&b);
    cr_assert(memcmp(&a, &b, sizeof a) == 0 && a.struct_size == sizeof a);
    shop_login_input c = SHOP_LOGIN_INPUT_INIT, d;
    shop_login_input_init(&d);
    cr_assert(memcmp(&c, &d, sizeof c) == 0 && c.struct_size == sizeof c);
    shop_refresh_input e = SHOP_REFRESH_INPUT_INIT, f;
    shop_refresh_input_init(&f);
    cr_assert(memcmp(&e, &f, sizeof e) == 0 && e.struct_size == sizeof e);
    shop_password_input g = SHOP_PASSWORD_INPUT_INIT, h;
    shop_password_input_init(&h);
    cr_assert(memcmp(&g, &h, sizeof g) == 0 && g.struct_size == sizeof g);
    shop_profile_input i = SHOP_PROFILE_INPUT_INIT, k;
    shop_profile_input_init(&k);
    cr_assert(memcmp(&i, &k, sizeof i) == 0 && i.struct_size == sizeof i);
}

typedef struct racer {
    pthread_barrier_t *start;
    const char *token;
    const char *key; /* idempotency key; NULL: none */
    shop_status status;
} racer;

static void *race_register(void *arg)
{
    racer *r = arg;
    shop_ctx *own = test_ctx(s, SHOP_ACTOR_NOBODY);
    const shop_session *session = NULL;
    (void)shop_ctx_set_idempotency_key(own, r->key, "r", 1);
    pthread_barrier_wait(r->start);
    r->status = shop_account_register(own, &ada, &session);
    shop_ctx_free(own);
    return NULL;
}

static void *race_refresh(void *arg)
{
    racer *r = arg;
    shop_ctx *own = test_ctx(s, SHOP_ACTOR_NOBODY);
    const shop_tokens *tokens = NULL;
    (void)shop_ctx_set_idempotency_key(own, r->key, "r", 1);
    pthread_barrier_wait(r->start);
    r->status = shop_account_refresh(own, r->token, &tokens);
    shop_ctx_free(own);
    return NULL;
}

/* How many of four at once succeeded; the others must have got `loser`. */
static int race(void *(*run)(void *), const char *token, const char *key, shop_status loser)
{
    pthread_barrier_t start;
    pthread_t threads[4];
    racer racers[4];
    int winners = 0;
    pthread_barrier_init(&start, NULL, 4);
    for (int i = 0; i < 4; i++) {
        racers[i] = (racer){.start = &start, .token = token, .key = key};
        cr_assert_eq(pthread_create(&threads[i], NULL, run, &racers[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        winners += racers[i].status == SHOP_OK;
        cr_expect(racers[i].status == SHOP_OK || racers[i].status == loser, "status %d", (int)racers[i].status);
    }
    pthread_barrier_destroy(&start);
    return winners;
}

Test(account, of_registrations_at_once_with_one_email_exactly_one_wins)
{
    cr_assert_eq(race(race_register, NULL, NULL, SHOP_INVALID), 1);
}

/* ------------------------------------------------------------------------------------------------ password rules */

Test(account, a_password_has_eight_characters_at_least)
{
    cr_assert(refuses_password("xK9#qp2", "at least 8"));
    cr_assert(refuses_password("пароль#", "at least 8"), "characters count, not bytes");
    cr_assert_eq(register_with("zq@example.com", "Zoe", "Quinn", "xK9#qp2v"), SHOP_OK);
}

Test(account, a_password_has_1024_bytes_at_most)
{
    char password[1026];
    for (size_t i = 0; i < 1025; i++)
        password[i] = (char)('a' + i * 7 % 26);
    password[1025] = '\0';
    cr_assert(refuses_password(password, "at most 1024"));
    password[1024] = '\0';
    cr_assert_eq(register_with("zq@example.com", "Zoe", "Quinn", password), SHOP_OK, "%s", shop_ctx_error_detail(cx));
    const shop_session *session;
    cr_assert_eq(login(cx, "zq@example.com", password, &session), SHOP_OK);
    password[1023] = '!';
    cr_assert_eq(login(cx, "zq@example.com", password, &session), SHOP_UNAUTHENTICATED, "the last byte counts");
    char wide[1027];
    for (size_t i = 0; i < 1026; i += 2)
        memcpy(wide + i, "\xc3\xa9", 2);
    wide[1026] = '\0';
    cr_assert(refuses_password(wide, "at most 1024 bytes"), "513 characters, 1026 bytes");
}

Test(account, a_common_password_is_refused_in_any_case)
{
    cr_assert(refuses_password("password1", "common"));
    cr_assert(refuses_password("PassWord1", "common"));
    cr_assert(refuses_password("QwertyUiop", "common"));
    cr_assert(refuses_password("\xd0\x9f\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb\xd1\x8c", "common"), "folded beyond ASCII");
    cr_assert(shop_password_is_common("!\n", 1), "the first of the list");
    cr_assert_not(shop_password_is_common("!\n", 2), "a line feed is no part of it");
    cr_assert(shop_password_is_common("zzzzzzzz", 8));
    cr_assert_not(shop_password_is_common("", 0));
    cr_assert_not(shop_password_is_common("password1x7", 11));
    cr_assert_not(shop_password_is_common("passwor", 7 - 1));
}

Test(account, every_word_of_the_list_of_common_passwords_is_found)
{
    size_t count = 0;
    for (size_t block = 0; block < shop_common_password_block_count; block++)
        for (const char *word = shop_common_password_blocks[block]; *word; word += strcspn(word, "\n") + 1) {
            cr_expect(shop_password_is_common(word, strcspn(word, "\n")), "%.*s", (int)strcspn(word, "\n"), word);
            count++;
        }
    cr_assert_eq(count, shop_common_password_count);
    cr_assert_geq(count, 10000);
}

Test(account, a_password_is_not_digits_only)
{
    cr_assert(refuses_password("82649175520384", "digits only"));
    cr_assert_eq(register_with("zq@example.com", "Zoe", "Quinn", "82649175520384x"), SHOP_OK);
}

Test(account, a_password_is_not_like_the_email_or_names)
{
    cr_assert_eq(register_with("margaret@hamilton-labs.org", "Guinevere", "Oppenheimer", "Margaret7"), SHOP_INVALID);
    cr_assert_not_null(field_error("password", "e-mail"), "its local part");
    cr_assert_eq(register_with("m.h@hamilton-labs.org", "Guinevere", "Oppenheimer", "m.h@hamilton-labs.org"), SHOP_INVALID);
    cr_assert_not_null(field_error("password", "e-mail"), "all of it");
    cr_assert_eq(register_with("m.h@hamilton-labs.org", "Guinevere", "Oppenheimer", "xguinevere1"), SHOP_INVALID);
    cr_assert_not_null(field_error("password", "first name"));
    cr_assert_eq(register_with("m.h@hamilton-labs.org", "Guinevere", "van Oppenheimer", "0ppenheimer!"), SHOP_INVALID);
    cr_assert_not_null(field_error("password", "last name"), "a word of it");
    cr_assert_eq(register_with("m.h@hamilton-labs.org", "Guinevere", "Oppenheimer", "walrus-tuba-19"), SHOP_OK, "%s",
                 shop_ctx_error_detail(cx));
}

Test(account, similarity_begins_at_seven_tenths)
{
    /* "abcdefg" in a password of 13: 2*7/20 = 0.7; of 14: 2*7/21 < 0.7. */
    cr_assert_eq(register_with("x@example.com", "Abcdefg", "Quinn", "abcdefg#5!!91"), SHOP_INVALID);
    cr_assert_not_null(field_error("password", "first name"));
    cr_assert_eq(register_with("x@example.com", "Abcdefg", "Quinn", "abcdefg#5!!912"), SHOP_OK, "%s",
                 shop_ctx_error_detail(cx));
}

Test(account, all_failures_of_a_password_are_told_at_once)
{
    cr_assert_eq(register_with("zq@example.com", "Zoe", "Quinn", "123456"), SHOP_INVALID);
    cr_assert_not_null(field_error("password", "at least 8"));
    cr_assert_not_null(field_error("password", "common"));
    cr_assert_not_null(field_error("password", "digits only"));
}

Test(account, the_repetition_must_be_equal)
{
    shop_register_input in = ada;
    in.password2 = "correct horse batterY";
    const shop_session *session = NULL;
    cr_assert_eq(shop_account_register(cx, &in, &session), SHOP_INVALID);
    cr_assert_not_null(field_error("password2", "same"));
}

/* ------------------------------------------------------------------------------------------------ login */

Test(account, a_wrong_password_and_an_unknown_email_get_the_same_words_and_work)
{
    register_ada();
    const shop_session *session = NULL;
    uint64_t before = shop_password_pool_computed(s->passwords);
    cr_assert_eq(login(cx, EMAIL, "wrong horse battery", &session), SHOP_UNAUTHENTICATED);
    uint64_t known = shop_password_pool_computed(s->passwords) - before;
    char code[64], detail[256];
    (void)snprintf(code, sizeof code, "%s", shop_ctx_error_code(cx));
    (void)snprintf(detail, sizeof detail, "%s", shop_ctx_error_detail(cx));
    static const char *const unknown[] = {"nobody@example.com", "not an e-mail"};
    for (size_t i = 0; i < 2; i++) {
        before = shop_password_pool_computed(s->passwords);
        cr_assert_eq(login(cx, unknown[i], "wrong horse battery", &session), SHOP_UNAUTHENTICATED);
        cr_assert_eq(shop_password_pool_computed(s->passwords) - before, known, "as many hashes");
        cr_assert_str_eq(shop_ctx_error_code(cx), code);
        cr_assert_str_eq(shop_ctx_error_detail(cx), detail);
    }
    cr_assert_eq(known, 1);
    cr_assert_str_eq(code, "invalid_credentials");
    cr_assert_null(session);
}

Test(account, a_password_is_compared_exactly)
{
    register_ada();
    const shop_session *session = NULL;
    static const char *const others[] = {"Correct horse battery", "correct horse battery ", " correct horse battery",
                                         "correct horse batter", "correct horse batteryy"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        cr_expect_eq(login(cx, EMAIL, others[i], &session), SHOP_UNAUTHENTICATED, "%s", others[i]);
}

Test(account, a_disabled_account_is_told_only_after_the_right_password)
{
    int64_t id = id_of(register_ada());
    shop_ctx *system = test_ctx(s, SHOP_ACTOR_SYSTEM);
    const shop_user *user = NULL;
    cr_assert_eq(shop_account_set_active(system, id, 0, &user), SHOP_OK);
    cr_assert_eq(shop_user_is_active(user), 0);
    const shop_session *session = NULL;
    cr_assert_eq(login(cx, EMAIL, "wrong horse battery", &session), SHOP_UNAUTHENTICATED);
    cr_assert_str_eq(shop_ctx_error_code(cx), "invalid_credentials");
    cr_assert_eq(login(cx, EMAIL, TEST_PASSWORD, &session), SHOP_FORBIDDEN);
    cr_assert_str_eq(shop_ctx_error_code(cx), "account_disabled");
    cr_assert_eq(shop_account_set_active(system, id, 1, &user), SHOP_OK);
    cr_assert_eq(login(cx, EMAIL, TEST_PASSWORD, &session), SHOP_OK);
    shop_ctx_free(system);
}

Test(account, a_hash_of_another_cost_is_renewed_at_login)
{
    shop_options options;
    test_options(&options);
    options.database = "memory:renewal";
    shop *cheap = test_shop_open_with(&options);
    options.password_memory_kib = 16;
    shop *dear = test_shop_open_with(&options);
    test_user(cheap, EMAIL, 0);
    shop_ctx *on = test_ctx(dear, SHOP_ACTOR_NOBODY);
    const shop_session *session = NULL;
    uint64_t start = shop_password_pool_computed(dear->passwords);
    cr_assert_eq(login(on, EMAIL, TEST_PASSWORD, &session), SHOP_OK);
    cr_assert_eq(shop_password_pool_computed(dear->passwords) - start, 2, "checked, and made anew");
    cr_assert_eq(login(on, EMAIL, TEST_PASSWORD, &session), SHOP_OK);
    cr_assert_eq(shop_password_pool_computed(dear->passwords) - start, 3, "made anew once");
    cr_assert_eq(login(on, EMAIL, "wrong horse battery", &session), SHOP_UNAUTHENTICATED);
    shop_ctx_free(on);
    test_shop_close(dear);
    test_shop_close(cheap);
}

Test(account, too_many_at_once_are_turned_away_and_nothing_is_lost)
{
    shop_options options;
    test_options(&options);
    options.database = "memory:narrow"; /* which is there within the millisecond */
    options.password_threads = 1;
    options.password_memory_kib = 65536;
    options.password_passes = 3;
    options.call_timeout_ms = 1;
    shop *narrow = test_shop_open_with(&options);
    shop *wide = s;
    s = narrow;
    pthread_t threads[4];
    pthread_barrier_t start;
    racer racers[4];
    pthread_barrier_init(&start, NULL, 4);
    for (int i = 0; i < 4; i++) {
        racers[i] = (racer){.start = &start};
        cr_assert_eq(pthread_create(&threads[i], NULL, race_register, &racers[i]), 0);
    }
    int busy = 0;
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        busy += racers[i].status == SHOP_BUSY;
    }
    pthread_barrier_destroy(&start);
    cr_assert_geq(busy, 1);
    cr_assert_lt(busy, 4);
    s = wide;
    test_shop_close(narrow);
}

Test(account, a_user_keeps_fifty_sessions)
{
    register_ada();
    test_clock_advance(SECOND);
    char oldest[4096];
    (void)snprintf(oldest, sizeof oldest, "%s", login_refresh());
    for (int i = 0; i < 49; i++) {
        test_clock_advance(SECOND);
        (void)login_refresh();
    }
    const char *next = NULL;
    cr_assert_eq(refresh(oldest, &next), SHOP_OK, "the fiftieth last is there");
    (void)snprintf(oldest, sizeof oldest, "%s", next);
    test_clock_advance(SECOND);
    const char *newest = login_refresh();
    cr_assert(is_invalid_token(refresh(oldest, NULL)), "and ended by one more");
    cr_assert_eq(refresh(newest, NULL), SHOP_OK);
}

/* ------------------------------------------------------------------------------------------------ refresh */

Test(account, refreshing_gives_a_new_pair_again_and_again)
{
    int64_t id = id_of(register_ada());
    const char *token = login_refresh();
    for (int i = 0; i < 5; i++) {
        const shop_tokens *tokens = NULL;
        cr_assert_eq(shop_account_refresh(cx, token, &tokens), SHOP_OK);
        cr_assert_str_neq(shop_tokens_refresh(tokens), token);
        int64_t who = 0;
        cr_assert_eq(shop_token_check(cx, shop_tokens_access(tokens), &who), SHOP_OK);
        cr_assert_eq(who, id);
        token = shop_tokens_refresh(tokens);
    }
}

Test(account, a_refresh_token_used_twice_ends_its_session_and_no_other)
{
    const char *other = shop_tokens_refresh(shop_session_tokens(register_ada()));
    const char *first = login_refresh();
    const char *second = NULL;
    cr_assert_eq(refresh(first, &second), SHOP_OK);
    cr_assert(is_invalid_token(refresh(first, NULL)));
    cr_assert(is_invalid_token(refresh(second, NULL)), "the family is dead");
    cr_assert(is_invalid_token(refresh(first, NULL)));
    cr_assert_eq(refresh(other, NULL), SHOP_OK);
}

Test(account, of_refreshes_at_once_with_one_token_at_most_one_wins_and_the_session_ends)
{
    register_ada();
    for (int round = 0; round < 20; round++) {
        const char *token = login_refresh();
        cr_assert_eq(race(race_refresh, token, NULL, SHOP_UNAUTHENTICATED), 1);
        cr_assert(is_invalid_token(refresh(token, NULL)));
    }
}

Test(account, access_tokens_and_nonsense_do_not_refresh)
{
    const shop_session *session = register_ada();
    cr_assert(is_invalid_token(refresh(shop_tokens_access(shop_session_tokens(session)), NULL)));
    cr_assert(is_invalid_token(refresh("nonsense", NULL)));
    cr_assert_eq(refresh(NULL, NULL), SHOP_INVALID);
    cr_assert_not_null(field_error("refresh", "required"));
    cr_assert_eq(refresh("", NULL), SHOP_INVALID);
}

Test(account, a_refresh_token_is_no_access_token)
{
    const shop_session *session = register_ada();
    int64_t who = 9;
    cr_assert(is_invalid_token(shop_token_check(cx, shop_tokens_refresh(shop_session_tokens(session)), &who)));
    cr_assert_eq(who, SHOP_ACTOR_NOBODY);
}

Test(account, tokens_live_as_long_as_the_options_say)
{
    const shop_session *session = register_ada();
    const char *access = shop_tokens_access(shop_session_tokens(session));
    int64_t who;
    test_clock_advance(300 * SECOND - 1);
    cr_assert_eq(shop_token_check(cx, access, &who), SHOP_OK);
    test_clock_advance(1);
    cr_assert(is_invalid_token(shop_token_check(cx, access, &who)));
    test_clock_set(TEST_TIME + 604800 * SECOND);
    cr_assert(is_invalid_token(refresh(shop_tokens_refresh(shop_session_tokens(session)), NULL)));
}

Test(account, each_refresh_prolongs_the_session)
{
    const char *token = shop_tokens_refresh(shop_session_tokens(register_ada()));
    for (int i = 0; i < 3; i++) {
        test_clock_advance(600000 * SECOND);
        cr_assert_eq(refresh(token, &token), SHOP_OK);
    }
}

Test(account, tokens_of_another_shops_secret_are_refused)
{
    const char *token = shop_tokens_refresh(shop_session_tokens(register_ada()));
    shop_options options;
    test_options(&options);
    options.database = "memory:";
    options.secret_key = "another-secret-key-of-the-tests-0123456789";
    shop *other = test_shop_open_with(&options);
    test_user(other, EMAIL, 0);
    shop_ctx *on = test_ctx(other, SHOP_ACTOR_NOBODY);
    const shop_tokens *tokens = NULL;
    cr_assert_eq(shop_account_refresh(on, token, &tokens), SHOP_UNAUTHENTICATED);
    shop_ctx_free(on);
    shop_close(other);
}

/* ------------------------------------------------------------------------------------------------ logout */

Test(account, logging_out_ends_the_whole_family)
{
    int64_t id = id_of(register_ada());
    const char *first = login_refresh();
    const char *second = NULL;
    cr_assert_eq(refresh(first, &second), SHOP_OK);
    cr_assert_eq(shop_account_logout(cx, second), SHOP_UNAUTHENTICATED, "somebody must be logged in");
    shop_ctx_set_actor(cx, id);
    cr_assert_eq(shop_account_logout(cx, first), SHOP_OK, "an old token names the family as well");
    cr_assert(is_invalid_token(refresh(second, NULL)));
    cr_assert_eq(shop_account_logout(cx, second), SHOP_OK, "once more does no harm");
    test_clock_advance(604800 * SECOND);
    cr_assert_eq(shop_account_logout(cx, second), SHOP_OK, "nor when it has expired");
    cr_assert_eq(shop_account_logout(cx, NULL), SHOP_INVALID);
    cr_assert(is_invalid_token(shop_account_logout(cx, "nonsense")));
}

Test(account, nobody_ends_the_session_of_another)
{
    const char *token = shop_tokens_refresh(shop_session_tokens(register_ada()));
    shop_ctx_set_actor(cx, test_user(s, "eve@example.com", 0));
    cr_assert(is_invalid_token(shop_account_logout(cx, token)));
    cr_assert_eq(refresh(token, NULL), SHOP_OK);
}

/* ------------------------------------------------------------------------------------------------ password change */

static shop_status change_password(const char *old, const char *fresh, const char *again, const char *kept)
{
    shop_password_input in = SHOP_PASSWORD_INPUT_INIT;
    in.old_password = old;
    in.new_password = fresh;
    in.new_password2 = again;
    in.refresh = kept;
    return shop_account_change_password(cx, &in);
}

Test(account, changing_the_password_ends_every_session_but_the_one_named)
{
    const shop_session *session = register_ada();
    const char *first = shop_tokens_refresh(shop_session_tokens(session));
    const char *kept = login_refresh();
    shop_ctx_set_actor(cx, id_of(session));
    cr_assert_eq(change_password(TEST_PASSWORD, "walrus-tuba-19", "walrus-tuba-19", kept), SHOP_OK, "%s",
                 shop_ctx_error_detail(cx));
    cr_assert(is_invalid_token(refresh(first, NULL)));
    cr_assert_eq(refresh(kept, NULL), SHOP_OK);
    const shop_session *again = NULL;
    cr_assert_eq(login(cx, EMAIL, TEST_PASSWORD, &again), SHOP_UNAUTHENTICATED);
    cr_assert_eq(login(cx, EMAIL, "walrus-tuba-19", &again), SHOP_OK);
}

Test(account, without_a_good_token_named_every_session_ends)
{
    const shop_session *session = register_ada();
    const char *own = shop_tokens_refresh(shop_session_tokens(session));
    shop_ctx *eve = test_ctx(s, SHOP_ACTOR_NOBODY);
    test_user(s, "eve@example.com", 0);
    const shop_session *hers = NULL;
    cr_assert_eq(login(eve, "eve@example.com", TEST_PASSWORD, &hers), SHOP_OK);
    shop_ctx_set_actor(cx, id_of(session));
    cr_assert_eq(
        change_password(TEST_PASSWORD, "walrus-tuba-19", "walrus-tuba-19", shop_tokens_refresh(shop_session_tokens(hers))),
        SHOP_OK);
    cr_assert(is_invalid_token(refresh(own, NULL)));
    cr_assert_eq(refresh(shop_tokens_refresh(shop_session_tokens(hers)), NULL), SHOP_OK, "and nobody else's");
    shop_ctx_free(eve);
}

Test(account, a_password_change_names_each_fault)
{
    cr_assert_eq(change_password(TEST_PASSWORD, "walrus-tuba-19", "walrus-tuba-19", NULL), SHOP_UNAUTHENTICATED);
    shop_ctx_set_actor(cx, id_of(register_ada()));
    cr_assert_eq(change_password("wrong", "lovelace1", "lovelace2", NULL), SHOP_INVALID);
    cr_assert_not_null(field_error("old_password", "not the password"));
    cr_assert_not_null(field_error("new_password", "last name"));
    cr_assert_not_null(field_error("new_password2", "same"));
    cr_assert_eq(change_password(TEST_PASSWORD, "12345", "12345", NULL), SHOP_INVALID);
    cr_assert_null(field_error("old_password", ""));
    cr_assert_not_null(field_error("new_password", "at least 8"));
    cr_assert_eq(change_password(NULL, NULL, NULL, NULL), SHOP_INVALID);
    cr_assert_eq(shop_ctx_error_field_count(cx), 3);
    const shop_session *session = NULL;
    cr_assert_eq(login(cx, EMAIL, TEST_PASSWORD, &session), SHOP_OK, "nothing was changed");
}

/* ------------------------------------------------------------------------------------------------ profile */

Test(account, me_is_the_actor)
{
    const shop_user *user = NULL;
    cr_assert_eq(shop_account_me(cx, &user), SHOP_UNAUTHENTICATED);
    shop_ctx_set_actor(cx, 123456);
    cr_assert_eq(shop_account_me(cx, &user), SHOP_UNAUTHENTICATED, "an account that is gone");
    shop_ctx_set_actor(cx, SHOP_ACTOR_SYSTEM);
    cr_assert_eq(shop_account_me(cx, &user), SHOP_FORBIDDEN);
    cr_assert_str_eq(shop_ctx_error_code(cx), "no_account");
    int64_t id = id_of(register_ada());
    shop_ctx_set_actor(cx, id);
    cr_assert_eq(shop_account_me(cx, &user), SHOP_OK);
    cr_assert_eq(shop_user_id(user), id);
    shop_ctx_set_actor(cx, SHOP_ACTOR_SYSTEM);
    cr_assert_eq(shop_account_set_active(cx, id, 0, &user), SHOP_OK);
    shop_ctx_set_actor(cx, id);
    cr_assert_eq(shop_account_me(cx, &user), SHOP_FORBIDDEN);
    cr_assert_str_eq(shop_ctx_error_code(cx), "account_disabled");
}

static shop_status update(const char *email, const char *first, const char *last, const shop_user **user)
{
    shop_profile_input in = SHOP_PROFILE_INPUT_INIT;
    in.email = email;
    in.first_name = first;
    in.last_name = last;
    return shop_account_update(cx, &in, user);
}

Test(account, a_profile_changes_what_is_given_and_nothing_else)
{
    shop_ctx_set_actor(cx, id_of(register_ada()));
    const shop_user *user = NULL;
    cr_assert_eq(update(NULL, "  Augusta ", NULL, &user), SHOP_OK);
    cr_assert_str_eq(shop_user_first_name(user), "Augusta");
    cr_assert_str_eq(shop_user_last_name(user), "Lovelace");
    cr_assert_eq(update(" Ada@Lovelace.org", NULL, NULL, &user), SHOP_OK);
    cr_assert_eq(shop_account_me(cx, &user), SHOP_OK);
    cr_assert_str_eq(shop_user_email(user), "ada@lovelace.org");
    cr_assert_str_eq(shop_user_first_name(user), "Augusta");
    const shop_session *session = NULL;
    cr_assert_eq(login(cx, "ada@lovelace.org", TEST_PASSWORD, &session), SHOP_OK);
    cr_assert_eq(login(cx, EMAIL, TEST_PASSWORD, &session), SHOP_UNAUTHENTICATED);
    cr_assert_eq(update(NULL, NULL, NULL, &user), SHOP_OK, "nothing is given");
    cr_assert_eq(update("ADA@lovelace.org", NULL, NULL, &user), SHOP_OK, "the own e-mail is not taken");
}

Test(account, a_profile_is_checked)
{
    test_user(s, "eve@example.com", 0);
    shop_ctx_set_actor(cx, id_of(register_ada()));
    const shop_user *user = NULL;
    cr_assert_eq(update("EVE@example.com", NULL, NULL, &user), SHOP_INVALID);
    cr_assert_not_null(field_error("email", "already"));
    cr_assert_eq(update("nonsense", "", " ", &user), SHOP_INVALID);
    cr_assert_not_null(field_error("email", "address"));
    cr_assert_not_null(field_error("first_name", "empty"));
    cr_assert_not_null(field_error("last_name", "empty"));
    shop_ctx_set_actor(cx, SHOP_ACTOR_NOBODY);
    cr_assert_eq(update(NULL, "X", NULL, &user), SHOP_UNAUTHENTICATED);
}

Test(account, a_profile_takes_names_and_email_only)
{
    const shop_type *type = shop_type_find("profile_input");
    cr_assert_not_null(type);
    static const char *const refused[] = {"{\"is_staff\":true}",      "{\"is_active\":true}",      "{\"id\":1}",
                                          "{\"roles\":[\"staff\"]}",  "{\"email_verified\":true}", "{\"password\":\"x\"}",
                                          "{\"password_hash\":\"x\"}"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        shop_profile_input in = SHOP_PROFILE_INPUT_INIT;
        cr_expect_eq(shop_from_json(cx, type, refused[i], strlen(refused[i]), &in), SHOP_INVALID, "%s", refused[i]);
    }
}

Test(account, a_profile_obeys_if_match)
{
    shop_ctx_set_actor(cx, id_of(register_ada()));
    const shop_user *user = NULL;
    const char *json;
    size_t length;
    char etag[SHOP_ETAG_SIZE];
    cr_assert_eq(shop_account_me(cx, &user), SHOP_OK);
    cr_assert_eq(shop_user_to_json(cx, user, &json, &length), SHOP_OK);
    shop_etag(json, length, etag);
    cr_assert_eq(shop_ctx_set_if_match(cx, etag), SHOP_OK);
    cr_assert_eq(update(NULL, "Augusta", NULL, &user), SHOP_OK);
    cr_assert_eq(shop_ctx_set_if_match(cx, etag), SHOP_OK);
    cr_assert_eq(update(NULL, "Byron", NULL, &user), SHOP_PRECONDITION);
}

/* ------------------------------------------------------------------------------------------------ staff */

Test(account, only_the_program_makes_staff)
{
    const shop_user *user = NULL;
    cr_assert_eq(shop_account_create_admin(cx, "root@example.com", TEST_PASSWORD, &user), SHOP_FORBIDDEN);
    shop_ctx_set_actor(cx, test_user(s, "boss@example.com", 1));
    cr_assert_eq(shop_account_create_admin(cx, "root@example.com", TEST_PASSWORD, &user), SHOP_FORBIDDEN);
    shop_ctx_set_actor(cx, SHOP_ACTOR_SYSTEM);
    cr_assert_eq(shop_account_create_admin(cx, " Root@Example.com", TEST_PASSWORD, &user), SHOP_OK);
    cr_assert_eq(shop_user_is_staff(user), 1);
    cr_assert_str_eq(shop_user_email(user), "root@example.com");
    cr_assert_str_eq(shop_user_role(user, 1), "staff");
    cr_assert_eq(shop_account_create_admin(cx, "root2@example.com", "12345678", &user), SHOP_INVALID, "the same rules");
    cr_assert_eq(shop_account_create_admin(cx, NULL, NULL, &user), SHOP_INVALID);
    cr_assert_eq(shop_ctx_error_field_count(cx), 2);
}

Test(account, a_customers_account_never_becomes_staff)
{
    register_ada();
    shop_ctx_set_actor(cx, SHOP_ACTOR_SYSTEM);
    const shop_user *user = NULL;
    cr_assert_eq(shop_account_create_admin(cx, EMAIL, "walrus-tuba-19", &user), SHOP_CONFLICT);
    cr_assert_str_eq(shop_ctx_error_code(cx), "email_taken");
    const shop_session *session = NULL;
    cr_assert_eq(login(cx, EMAIL, TEST_PASSWORD, &session), SHOP_OK, "nothing was changed");
    cr_assert_eq(shop_user_is_staff(shop_session_user(session)), 0);
}

Test(account, an_operator_gets_back_in_and_old_sessions_end)
{
    int64_t id = test_user(s, EMAIL, 1);
    const char *old = login_refresh();
    shop_ctx_set_actor(cx, SHOP_ACTOR_SYSTEM);
    const shop_user *user = NULL;
    cr_assert_eq(shop_account_create_admin(cx, EMAIL, "otter-banjo-31", &user), SHOP_OK);
    cr_assert_eq(shop_user_id(user), id);
    cr_assert(is_invalid_token(refresh(old, NULL)));
    cr_assert_eq(shop_account_set_active(cx, id, 0, &user), SHOP_OK);
    cr_assert_eq(shop_account_create_admin(cx, EMAIL, "walrus-tuba-19", &user), SHOP_OK);
    cr_assert_eq(shop_user_is_active(user), 1);
    const shop_session *session = NULL;
    cr_assert_eq(login(cx, EMAIL, TEST_PASSWORD, &session), SHOP_UNAUTHENTICATED);
    cr_assert_eq(login(cx, EMAIL, "walrus-tuba-19", &session), SHOP_OK);
}

Test(account, disabling_ends_the_sessions)
{
    const shop_session *session = register_ada();
    shop_ctx_set_actor(cx, test_user(s, "boss@example.com", 1));
    const shop_user *user = NULL;
    cr_assert_eq(shop_account_set_active(cx, id_of(session), 0, &user), SHOP_OK);
    cr_assert_eq(shop_account_set_active(cx, id_of(session), 1, &user), SHOP_OK);
    cr_assert(is_invalid_token(refresh(shop_tokens_refresh(shop_session_tokens(session)), NULL)),
              "enabling does not revive them");
}

Test(account, only_staff_sees_and_disables_others_and_nobody_oneself)
{
    int64_t ada_id = id_of(register_ada());
    int64_t boss = test_user(s, "boss@example.com", 1);
    const shop_user *user = NULL;
    cr_assert_eq(shop_account_get(cx, ada_id, &user), SHOP_UNAUTHENTICATED);
    cr_assert_eq(shop_account_set_active(cx, boss, 0, &user), SHOP_UNAUTHENTICATED);
    shop_ctx_set_actor(cx, ada_id);
    cr_assert_eq(shop_account_get(cx, boss, &user), SHOP_FORBIDDEN);
    cr_assert_eq(shop_account_get(cx, ada_id, &user), SHOP_FORBIDDEN);
    cr_assert_eq(shop_account_set_active(cx, boss, 0, &user), SHOP_FORBIDDEN);
    shop_ctx_set_actor(cx, boss);
    cr_assert_eq(shop_account_get(cx, ada_id, &user), SHOP_OK);
    cr_assert_str_eq(shop_user_email(user), EMAIL);
    cr_assert_eq(shop_account_get(cx, 999999, &user), SHOP_NOT_FOUND);
    cr_assert_eq(shop_account_set_active(cx, 999999, 0, &user), SHOP_NOT_FOUND);
    cr_assert_eq(shop_account_set_active(cx, boss, 0, &user), SHOP_CONFLICT);
    cr_assert_str_eq(shop_ctx_error_code(cx), "own_account");
    cr_assert_eq(shop_account_set_active(cx, ada_id, 2, &user), SHOP_INVALID);
    shop_ctx_set_actor(cx, SHOP_ACTOR_SYSTEM);
    cr_assert_eq(shop_account_get(cx, boss, &user), SHOP_OK);
    cr_assert_eq(shop_account_set_active(cx, boss, 0, &user), SHOP_OK);
    shop_ctx_set_actor(cx, boss);
    cr_assert_eq(shop_account_get(cx, ada_id, &user), SHOP_FORBIDDEN, "staff that is disabled is staff no more");
}

/* ------------------------------------------------------------------------------------------------ sent twice */

static void set_key(const char *key, const char *request)
{
    cr_assert_eq(shop_ctx_set_idempotency_key(cx, key, request, strlen(request)), SHOP_OK);
}

static const char *json_of(const shop_session *session)
{
    const char *json;
    size_t length;
    cr_assert_eq(shop_session_to_json(cx, session, &json, &length), SHOP_OK);
    return json;
}

Test(account, a_registration_sent_twice_gets_the_first_answer_byte_for_byte)
{
    const shop_session *session = NULL;
    set_key("k1", "register ada");
    cr_assert_eq(shop_account_register(cx, &ada, &session), SHOP_OK);
    const char *first = json_of(session);
    test_clock_advance(SECOND);
    uint64_t hashes = shop_password_pool_computed(s->passwords);
    set_key("k1", "register ada");
    cr_assert_eq(shop_account_register(cx, &ada, &session), SHOP_OK, "%s", shop_ctx_error_detail(cx));
    const shop_session *bare = NULL;
    cr_assert_eq(shop_session_bare(cx, session, &bare), SHOP_OK);
    cr_assert_eq(shop_ctx_replayed(cx), 1, "taking the tokens off does not hide it");
    cr_assert_str_eq(json_of(session), first);
    cr_assert_eq(shop_password_pool_computed(s->passwords), hashes, "without hashing again");
    set_key("k1", "register somebody else");
    cr_assert_eq(shop_account_register(cx, &ada, &session), SHOP_KEY_REUSED);
}

Test(account, a_login_sent_twice_begins_one_session)
{
    register_ada();
    const shop_session *session = NULL;
    set_key("k2", "login ada");
    cr_assert_eq(login(cx, EMAIL, TEST_PASSWORD, &session), SHOP_OK);
    const char *first = json_of(session);
    set_key("k2", "login ada");
    cr_assert_eq(login(cx, EMAIL, TEST_PASSWORD, &session), SHOP_OK);
    cr_assert_str_eq(json_of(session), first);
    cr_assert_eq(refresh(shop_tokens_refresh(shop_session_tokens(session)), NULL), SHOP_OK);
}

Test(account, a_failed_login_leaves_no_key)
{
    register_ada();
    const shop_session *session = NULL;
    set_key("k3", "login ada");
    cr_assert_eq(login(cx, EMAIL, "wrong horse battery", &session), SHOP_UNAUTHENTICATED);
    set_key("k3", "login ada, cured");
    cr_assert_eq(login(cx, EMAIL, TEST_PASSWORD, &session), SHOP_OK);
}

Test(account, a_refresh_sent_twice_with_a_key_does_not_end_the_session)
{
    register_ada();
    const char *token = login_refresh();
    const char *first = NULL;
    const char *second = NULL;
    set_key("k4", "refresh");
    cr_assert_eq(refresh(token, &first), SHOP_OK);
    set_key("k4", "refresh");
    cr_assert_eq(refresh(token, &second), SHOP_OK);
    cr_assert_str_eq(first, second);
    cr_assert_eq(refresh(second, NULL), SHOP_OK);
}

Test(account, one_request_sent_at_once_with_one_key_gets_one_answer)
{
    cr_assert_eq(race(race_register, NULL, "k6", SHOP_OK), 4);
    for (int round = 0; round < 20; round++) {
        char key[16];
        (void)snprintf(key, sizeof key, "round-%d", round);
        cr_assert_eq(race(race_refresh, login_refresh(), key, SHOP_OK), 4);
    }
}

static void *race_login(void *arg)
{
    racer *r = arg;
    shop_ctx *own = test_ctx(s, SHOP_ACTOR_NOBODY);
    const shop_session *session = NULL;
    pthread_barrier_wait(r->start);
    r->status = login(own, EMAIL, TEST_PASSWORD, &session);
    shop_ctx_free(own);
    return NULL;
}

Test(account, logins_at_once_after_a_change_of_cost_all_succeed)
{
    shop *first = s;
    for (int round = 0; round < 10; round++) {
        char place[32];
        (void)snprintf(place, sizeof place, "memory:cost-%d", round);
        shop_options options;
        test_options(&options);
        options.database = place;
        shop *cheap = test_shop_open_with(&options);
        test_user(cheap, EMAIL, 0);
        options.password_memory_kib = 16;
        s = test_shop_open_with(&options);
        cr_assert_eq(race(race_login, NULL, NULL, SHOP_OK), 4);
        shop_close(s);
        shop_close(cheap);
    }
    s = first;
}

Test(account, an_equal_request_and_key_with_another_token_never_gets_these_tokens)
{
    register_ada();
    const char *hers = login_refresh();
    const char *his = login_refresh();
    const char *next = NULL;
    set_key("1", "POST /auth/token/refresh/ and no body");
    cr_assert_eq(refresh(hers, &next), SHOP_OK);
    set_key("1", "POST /auth/token/refresh/ and no body");
    cr_assert_eq(refresh(his, &next), SHOP_KEY_REUSED);
}

Test(account, a_password_change_sent_twice_succeeds_twice)
{
    shop_ctx_set_actor(cx, id_of(register_ada()));
    set_key("k5", "change");
    cr_assert_eq(change_password(TEST_PASSWORD, "walrus-tuba-19", "walrus-tuba-19", NULL), SHOP_OK);
    set_key("k5", "change");
    cr_assert_eq(change_password(TEST_PASSWORD, "walrus-tuba-19", "walrus-tuba-19", NULL), SHOP_OK);
    cr_assert_eq(shop_ctx_replayed(cx), 1);
}

/* ------------------------------------------------------------------------------------------------ cleaning */

Test(account, sessions_whose_time_is_over_are_deleted_in_portions)
{
    register_ada();
    for (int i = 0; i < 4; i++)
        (void)login_refresh();
    test_clock_advance(604800 * SECOND - 1);
    const char *live = login_refresh();
    int64_t done = -1;
    shop_ctx *system = test_ctx(s, SHOP_ACTOR_SYSTEM);
    cr_assert_eq(shop_account_clean(system, 3, &done), SHOP_OK);
    cr_assert_eq(done, 0, "not a microsecond early");
    test_clock_advance(1);
    cr_assert_eq(shop_account_clean(system, 3, &done), SHOP_OK);
    cr_assert_eq(done, 3);
    cr_assert_eq(shop_account_clean(system, 3, &done), SHOP_OK);
    cr_assert_eq(done, 2);
    cr_assert_eq(shop_account_clean(system, 3, &done), SHOP_OK);
    cr_assert_eq(done, 0);
    cr_assert_eq(refresh(live, NULL), SHOP_OK);
    shop_ctx_free(system);
}

/* ------------------------------------------------------------------------------------------------ forced interleavings */

static shop_storage_vtable hooked;
static const shop_storage_vtable *memory;
static void (*before_apply)(shop_ctx *other); /* happens once, between the decision of a change and its batch */

static int32_t hooked_open(const char *url, const shop_schema *schema, const shop_storage_host *host, void **self,
                           shop_fault *fault)
{
    (void)url;
    return memory->open("memory:", schema, host, self, fault);
}

static int32_t hooked_apply(void *self, const shop_storage_call *call, const shop_op_list *list, shop_fault *fault)
{
    void (*now)(shop_ctx *) = before_apply;
    before_apply = NULL;
    if (now) {
        shop_ctx *other = test_ctx(s, shop_ctx_actor(cx));
        now(other);
        shop_ctx_free(other);
    }
    return memory->apply(self, call, list, fault);
}

static void begin_hooked(void)
{
    memory = shop_storage_find("memory:");
    hooked = *memory;
    hooked.name = "hooked";
    hooked.open = hooked_open;
    hooked.apply = hooked_apply;
    cr_assert_eq(shop_storage_register(&hooked), SHOP_OK);
    shop_options options;
    test_clock_set(TEST_TIME);
    test_options(&options);
    options.database = "hooked:";
    s = test_shop_open_with(&options);
    cx = test_ctx(s, SHOP_ACTOR_NOBODY);
}

TestSuite(account_race, .init = begin_hooked, .fini = end, .timeout = 60);

static void register_same(shop_ctx *other)
{
    const shop_session *session = NULL;
    cr_assert_eq(shop_ctx_set_idempotency_key(other, "k", "same", 4), SHOP_OK);
    cr_assert_eq(shop_account_register(other, &ada, &session), SHOP_OK);
}

static void register_other(shop_ctx *other)
{
    const shop_session *session = NULL;
    cr_assert_eq(shop_account_register(other, &ada, &session), SHOP_OK);
}

static void change_first(shop_ctx *other)
{
    shop_password_input in = SHOP_PASSWORD_INPUT_INIT;
    in.old_password = TEST_PASSWORD;
    in.new_password = in.new_password2 = "otter-banjo-31";
    cr_assert_eq(shop_account_change_password(other, &in), SHOP_OK);
}

static int64_t disabled_id;

static void disable(shop_ctx *other)
{
    const shop_user *user = NULL;
    shop_ctx_set_actor(other, SHOP_ACTOR_SYSTEM);
    cr_assert_eq(shop_account_set_active(other, disabled_id, 0, &user), SHOP_OK);
}

Test(account_race, a_registration_that_was_overtaken_by_itself_gets_that_answer)
{
    const shop_session *session = NULL;
    before_apply = register_same;
    set_key("k", "same");
    cr_assert_eq(shop_account_register(cx, &ada, &session), SHOP_OK);
    cr_assert_eq(shop_ctx_replayed(cx), 1);
    cr_assert_str_eq(shop_user_email(shop_session_user(session)), EMAIL);
}

Test(account_race, a_registration_that_was_overtaken_by_another_is_refused)
{
    const shop_session *session = NULL;
    before_apply = register_other;
    cr_assert_eq(shop_account_register(cx, &ada, &session), SHOP_INVALID);
    cr_assert_not_null(field_error("email", "already"));
}

Test(account_race, of_two_password_changes_the_first_stands)
{
    shop_ctx_set_actor(cx, id_of(register_ada()));
    before_apply = change_first;
    cr_assert_eq(change_password(TEST_PASSWORD, "walrus-tuba-19", "walrus-tuba-19", NULL), SHOP_BUSY);
    const shop_session *session = NULL;
    cr_assert_eq(login(cx, EMAIL, "otter-banjo-31", &session), SHOP_OK);
}

Test(account_race, no_session_begins_with_a_password_that_was_changed_meanwhile)
{
    shop_ctx_set_actor(cx, id_of(register_ada()));
    const shop_session *session = NULL;
    before_apply = change_first;
    cr_assert_eq(login(cx, EMAIL, TEST_PASSWORD, &session), SHOP_UNAUTHENTICATED);
    cr_assert_str_eq(shop_ctx_error_code(cx), "invalid_credentials");
    cr_assert_null(session);
}

Test(account_race, no_session_begins_or_goes_on_for_an_account_that_was_disabled_meanwhile)
{
    const shop_session *session = register_ada();
    disabled_id = id_of(session);
    before_apply = disable;
    cr_assert(is_invalid_token(refresh(shop_tokens_refresh(shop_session_tokens(session)), NULL)));
    const shop_user *user = NULL;
    shop_ctx_set_actor(cx, SHOP_ACTOR_SYSTEM);
    cr_assert_eq(shop_account_set_active(cx, disabled_id, 1, &user), SHOP_OK);
    before_apply = disable;
    cr_assert_eq(login(cx, EMAIL, TEST_PASSWORD, &session), SHOP_FORBIDDEN);
    cr_assert_str_eq(shop_ctx_error_code(cx), "account_disabled");
}

Test(account, a_token_that_was_good_before_is_refused_when_its_time_is_over_and_only_itself_is_recognised)
{
    const shop_session *session = register_ada();
    char token[1024];
    int64_t user = 0;
    (void)snprintf(token, sizeof token, "%s", shop_tokens_access(shop_session_tokens(session)));
    cr_assert_eq(shop_token_check(cx, token, &user), SHOP_OK);
    cr_assert_eq(shop_token_check(cx, token, &user), SHOP_OK);
    cr_assert_eq(user, id_of(session));
    size_t length = strlen(token);
    char last = token[length - 2];
    token[length - 2] = last == 'A' ? 'B' : 'A';
    cr_assert_eq(shop_token_check(cx, token, &user), SHOP_UNAUTHENTICATED, "another signature");
    token[length - 2] = last;
    test_clock_advance(299 * SECOND);
    cr_assert_eq(shop_token_check(cx, token, &user), SHOP_OK);
    test_clock_advance(SECOND);
    cr_assert_eq(shop_token_check(cx, token, &user), SHOP_UNAUTHENTICATED, "its time is over");
    cr_assert_eq(user, SHOP_ACTOR_NOBODY);
}
