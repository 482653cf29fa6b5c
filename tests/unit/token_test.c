/* SPDX-License-Identifier: MIT */
/* Tokens: what is signed is read again; whatever else is shown, by somebody with or without the key, is refused. */
#include <criterion/criterion.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../libshop/account/token.h"
#include "support.h"

#define NOW (TEST_TIME / 1000000)
#define HS256 "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define ACCESS_REST "\"exp\":1767225900,\"iat\":1767225600,\"jti\":\"00ff\",\"user_id\":7,\"roles\":[\"customer\"]"
#define ACCESS "{\"token_type\":\"access\"," ACCESS_REST "}"
#define REFRESH                                                                                                                \
    "{\"token_type\":\"refresh\",\"exp\":1767225900,\"iat\":1767225600,\"jti\":\"00ff\",\"user_id\":7,\"family\":3,"           \
    "\"generation\":1}"

static const unsigned char key[32] = "0123456789abcdef0123456789abcde";

/* ------------------------------------------------------------------------------------------------ a forger with the key */

static void append_base64(char *token, size_t size, const void *data, size_t length)
{
    size_t used = strlen(token);
    sodium_bin2base64(token + used, size - used, data, length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static void append(char *token, size_t size, const char *text)
{
    size_t used = strlen(token);
    (void)snprintf(token + used, size - used, "%s", text);
}

/* Signs whatever stands there with HMAC-SHA-256. */
static void sign(char *token, size_t size)
{
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key, sizeof key);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)token, strlen(token));
    crypto_auth_hmacsha256_final(&state, mac);
    append(token, size, ".");
    append_base64(token, size, mac, sizeof mac);
}

static void forge(char *token, size_t size, const char *header, const char *body)
{
    token[0] = '\0';
    append_base64(token, size, header, strlen(header));
    append(token, size, ".");
    append_base64(token, size, body, strlen(body));
    sign(token, size);
}

static shop_token_verdict read_as(const char *token, int kind)
{
    shop_token_claims claims;
    return shop_token_read(token, strlen(token), key, sizeof key, kind, NOW, &claims);
}

static shop_token_verdict read_body(const char *body, int kind)
{
    char token[8192];
    forge(token, sizeof token, HS256, body);
    return read_as(token, kind);
}

/* ------------------------------------------------------------------------------------------------ what is good */

Test(token, a_well_made_access_token_is_read)
{
    char token[1024];
    forge(token, sizeof token, HS256, ACCESS);
    shop_token_claims claims;
    cr_assert_eq(shop_token_read(token, strlen(token), key, sizeof key, SHOP_TOKEN_ACCESS, NOW, &claims), SHOP_TOKEN_GOOD);
    cr_assert_eq(claims.user_id, 7);
    cr_assert_eq(claims.expires_at, 1767225900);
    cr_assert_eq(claims.kind, SHOP_TOKEN_ACCESS);
}

Test(token, a_well_made_refresh_token_is_read)
{
    char token[1024];
    forge(token, sizeof token, HS256, REFRESH);
    shop_token_claims claims;
    cr_assert_eq(shop_token_read(token, strlen(token), key, sizeof key, SHOP_TOKEN_REFRESH, NOW, &claims), SHOP_TOKEN_GOOD);
    cr_assert_eq(claims.session_id, 3);
    cr_assert_eq(claims.generation, 1);
}

Test(token, what_is_signed_is_read_again_and_no_two_are_equal)
{
    shop *s = test_shop_open();
    shop_ctx *cx = test_ctx(s, SHOP_ACTOR_NOBODY);
    static const char *const roles[] = {"customer", "staff", NULL};
    shop_token_claims in = {.kind = SHOP_TOKEN_ACCESS, .user_id = 42, .issued_at = NOW, .expires_at = NOW + 1, .roles = roles};
    const char *first = shop_token_sign(cx, &in);
    const char *second = shop_token_sign(cx, &in);
    cr_assert_not_null(first);
    cr_assert_str_neq(first, second);
    shop_token_claims out;
    cr_assert_eq(shop_token_read(first, strlen(first), s->token_key, 32, SHOP_TOKEN_ACCESS, NOW, &out), SHOP_TOKEN_GOOD);
    cr_assert_eq(out.user_id, 42);
    int64_t user = 0;
    cr_assert_eq(shop_token_check(cx, first, &user), SHOP_OK);
    cr_assert_eq(user, 42);
    shop_ctx_free(cx);
    test_shop_close(s);
}

/* ------------------------------------------------------------------------------------------------ kinds and times */

Test(token, one_kind_is_never_taken_for_the_other)
{
    cr_assert_eq(read_body(REFRESH, SHOP_TOKEN_ACCESS), SHOP_TOKEN_BAD);
    cr_assert_eq(read_body(ACCESS, SHOP_TOKEN_REFRESH), SHOP_TOKEN_BAD);
}

Test(token, it_is_good_until_the_second_that_it_names)
{
    char token[1024];
    shop_token_claims c;
    forge(token, sizeof token, HS256, ACCESS);
    size_t n = strlen(token);
    cr_assert_eq(shop_token_read(token, n, key, 32, SHOP_TOKEN_ACCESS, 1767225899, &c), SHOP_TOKEN_GOOD);
    cr_assert_eq(shop_token_read(token, n, key, 32, SHOP_TOKEN_ACCESS, 1767225900, &c), SHOP_TOKEN_EXPIRED);
    cr_assert_eq(c.user_id, 7, "an expired one still tells whose it was");
    cr_assert_eq(shop_token_read(token, n, key, 32, SHOP_TOKEN_ACCESS, INT64_C(9000000000), &c), SHOP_TOKEN_EXPIRED);
}

Test(token, one_from_the_future_is_refused_beyond_a_minute)
{
    char token[1024];
    shop_token_claims c;
    forge(token, sizeof token, HS256, ACCESS);
    size_t n = strlen(token);
    cr_assert_eq(shop_token_read(token, n, key, 32, SHOP_TOKEN_ACCESS, 1767225600 - 60, &c), SHOP_TOKEN_GOOD);
    cr_assert_eq(shop_token_read(token, n, key, 32, SHOP_TOKEN_ACCESS, 1767225600 - 61, &c), SHOP_TOKEN_BAD);
}

/* ------------------------------------------------------------------------------------------------ headers */

Test(token, no_header_but_ours_is_taken_even_when_signed_with_the_key)
{
    static const char *const headers[] = {
        "{\"alg\":\"none\",\"typ\":\"JWT\"}",
        "{\"alg\":\"None\"}",
        "{\"alg\":\"HS512\",\"typ\":\"JWT\"}",
        "{\"alg\":\"HS384\",\"typ\":\"JWT\"}",
        "{\"alg\":\"RS256\",\"typ\":\"JWT\"}",
        "{\"alg\":\"hs256\",\"typ\":\"JWT\"}",
        "{\"alg\":\"HS256\"}",
        "{\"typ\":\"JWT\",\"alg\":\"HS256\"}",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"crit\":[\"x\"],\"x\":1}",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"../../dev/null\"}",
        "{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}",
        "{\"alg\":\"HS256\",\"alg\":\"none\",\"typ\":\"JWT\"}",
        "{ \"alg\":\"HS256\",\"typ\":\"JWT\"}",
        "{}",
        "[]",
        "",
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        char token[2048];
        forge(token, sizeof token, headers[i], ACCESS);
        cr_expect_eq(read_as(token, SHOP_TOKEN_ACCESS), SHOP_TOKEN_BAD, "header %s", headers[i]);
    }
}

Test(token, alg_none_without_a_signature_is_refused)
{
    char token[1024] = "";
    append_base64(token, sizeof token, "{\"alg\":\"none\"}", 14);
    append(token, sizeof token, ".");
    append_base64(token, sizeof token, ACCESS, strlen(ACCESS));
    append(token, sizeof token, ".");
    cr_assert_eq(read_as(token, SHOP_TOKEN_ACCESS), SHOP_TOKEN_BAD);
}

/* ------------------------------------------------------------------------------------------------ keys */

Test(token, another_key_a_short_key_and_no_key_are_refused)
{
    char token[1024];
    shop_token_claims c;
    unsigned char other[32];
    memcpy(other, key, sizeof other);
    other[31] ^= 1;
    forge(token, sizeof token, HS256, ACCESS);
    size_t n = strlen(token);
    cr_assert_eq(shop_token_read(token, n, other, 32, SHOP_TOKEN_ACCESS, NOW, &c), SHOP_TOKEN_BAD);
    cr_assert_eq(c.user_id, 0, "nothing of it is told");
    cr_assert_eq(shop_token_read(token, n, key, 31, SHOP_TOKEN_ACCESS, NOW, &c), SHOP_TOKEN_BAD);
    cr_assert_eq(shop_token_read(token, n, key, 0, SHOP_TOKEN_ACCESS, NOW, &c), SHOP_TOKEN_BAD);
    cr_assert_eq(shop_token_read(token, n, NULL, 0, SHOP_TOKEN_ACCESS, NOW, &c), SHOP_TOKEN_BAD);
}

/* ------------------------------------------------------------------------------------------------ the text */

Test(token, no_other_character_in_any_place_is_taken)
{
    char token[1024];
    forge(token, sizeof token, HS256, ACCESS);
    size_t length = strlen(token);
    static const char others[] = "A=+/ .\n_\x80";
    for (size_t i = 0; i < length; i++) {
        char kept = token[i];
        for (size_t k = 0; k < sizeof others; k++) { /* the NUL as well */
            if (others[k] == kept)
                continue;
            token[i] = others[k];
            shop_token_claims c;
            cr_expect_eq(shop_token_read(token, length, key, 32, SHOP_TOKEN_ACCESS, NOW, &c), SHOP_TOKEN_BAD, "byte %zu as %d",
                         i, others[k]);
        }
        token[i] = kept;
    }
    cr_assert_eq(read_as(token, SHOP_TOKEN_ACCESS), SHOP_TOKEN_GOOD);
}

Test(token, no_part_of_it_is_taken_and_nothing_longer)
{
    char token[1024];
    forge(token, sizeof token, HS256, ACCESS);
    size_t length = strlen(token);
    shop_token_claims c;
    for (size_t n = 0; n < length; n++)
        cr_expect_eq(shop_token_read(token, n, key, 32, SHOP_TOKEN_ACCESS, NOW, &c), SHOP_TOKEN_BAD, "length %zu", n);
    append(token, sizeof token, "A");
    cr_assert_eq(read_as(token, SHOP_TOKEN_ACCESS), SHOP_TOKEN_BAD);
    token[length] = '.';
    cr_assert_eq(read_as(token, SHOP_TOKEN_ACCESS), SHOP_TOKEN_BAD);
    cr_assert_eq(read_as("..", SHOP_TOKEN_ACCESS), SHOP_TOKEN_BAD);
    cr_assert_eq(read_as("", SHOP_TOKEN_ACCESS), SHOP_TOKEN_BAD);
}

Test(token, junk_inside_base64_is_refused_even_when_signed)
{
    static const char *const junk[] = {"!", " ", "\n", "=", "*"};
    for (size_t i = 0; i < sizeof junk / sizeof junk[0]; i++) {
        char token[1024] = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.";
        append_base64(token, sizeof token, ACCESS, strlen(ACCESS));
        append(token, sizeof token, junk[i]);
        sign(token, sizeof token);
        cr_expect_eq(read_as(token, SHOP_TOKEN_ACCESS), SHOP_TOKEN_BAD, "junk %zu", i);
    }
}

Test(token, base64_has_one_spelling_only)
{
    /* A body whose length is not a multiple of 3 leaves bits over in its last character; they must be 0. */
    const char *body = ACCESS;
    cr_assert_neq(strlen(body) % 3, 0, "the test needs such a body");
    char token[1024] = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.";
    append_base64(token, sizeof token, body, strlen(body));
    token[strlen(token) - 1]++; /* the next letter: a bit that stands for nothing */
    sign(token, sizeof token);
    cr_assert_eq(read_as(token, SHOP_TOKEN_ACCESS), SHOP_TOKEN_BAD);

    forge(token, sizeof token, HS256, ACCESS);
    token[strlen(token) - 1]++; /* likewise in the signature: 43 characters carry 258 bits for 256 */
    cr_assert_eq(read_as(token, SHOP_TOKEN_ACCESS), SHOP_TOKEN_BAD);
}

Test(token, long_ones_are_refused_without_being_looked_at)
{
    size_t size = (size_t)30 * 1024 * 1024;
    char *token = malloc(size + 1);
    cr_assert_not_null(token);
    memset(token, 'A', size);
    memcpy(token, "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.", 37);
    token[size - 44] = '.';
    token[size] = '\0';
    shop_token_claims c;
    cr_assert_eq(shop_token_read(token, size, key, 32, SHOP_TOKEN_ACCESS, NOW, &c), SHOP_TOKEN_BAD);
    shop *s = test_shop_open();
    shop_ctx *cx = test_ctx(s, SHOP_ACTOR_NOBODY);
    int64_t user = 5;
    cr_assert_eq(shop_token_check(cx, token, &user), SHOP_UNAUTHENTICATED);
    cr_assert_eq(user, SHOP_ACTOR_NOBODY);
    cr_assert_str_eq(shop_ctx_error_code(cx), "invalid_token");
    shop_ctx_free(cx);
    test_shop_close(s);
    free(token);
}

Test(token, one_byte_beyond_the_limit_is_refused_and_the_limit_is_not)
{
    char body[4096];
    for (size_t pad = 0; pad < 3000; pad++) {
        (void)snprintf(body, sizeof body, "{\"token_type\":\"access\"," ACCESS_REST ",\"x\":\"%0*d\"}", (int)pad + 1, 0);
        char token[8192];
        forge(token, sizeof token, HS256, body);
        if (strlen(token) > SHOP_TOKEN_MAX) {
            cr_assert_eq(read_as(token, SHOP_TOKEN_ACCESS), SHOP_TOKEN_BAD);
            return;
        }
        if (strlen(token) > SHOP_TOKEN_MAX - 3)
            cr_assert_eq(read_as(token, SHOP_TOKEN_ACCESS), SHOP_TOKEN_GOOD);
    }
    cr_assert_fail("the limit was not reached");
}

/* ------------------------------------------------------------------------------------------------ claims */

Test(token, claims_of_the_wrong_type_or_missing_are_refused_even_when_signed)
{
    static const char *const bodies[] = {
        "",
        "7",
        "null",
        "[]",
        "{}",
        "[" ACCESS "]",
        ACCESS " x",
        "{" ACCESS_REST "}",
        "{\"token_type\":1," ACCESS_REST "}",
        "{\"token_type\":null," ACCESS_REST "}",
        "{\"token_type\":\"ACCESS\"," ACCESS_REST "}",
        "{\"token_type\":\"access\",\"token_type\":\"access\"," ACCESS_REST "}",
        "{\"token_type\":\"refresh\",\"token_type\":\"access\"," ACCESS_REST "}",
        "{\"token_type\":\"access\\u0000\"," ACCESS_REST "}",
        "{\"token_type\":\"access\",\"iat\":1,\"jti\":\"0\",\"user_id\":7,\"roles\":[]}",
        "{\"token_type\":\"access\",\"exp\":\"1767225900\",\"iat\":1,\"jti\":\"0\",\"user_id\":7,\"roles\":[]}",
        "{\"token_type\":\"access\",\"exp\":1767225900.5,\"iat\":1,\"jti\":\"0\",\"user_id\":7,\"roles\":[]}",
        "{\"token_type\":\"access\",\"exp\":1e18,\"iat\":1,\"jti\":\"0\",\"user_id\":7,\"roles\":[]}",
        "{\"token_type\":\"access\",\"exp\":true,\"iat\":1,\"jti\":\"0\",\"user_id\":7,\"roles\":[]}",
        "{\"token_type\":\"access\",\"exp\":null,\"iat\":1,\"jti\":\"0\",\"user_id\":7,\"roles\":[]}",
        "{\"token_type\":\"access\",\"exp\":99999999999999999999,\"iat\":1,\"jti\":\"0\",\"user_id\":7,\"roles\":[]}",
        "{\"token_type\":\"access\",\"exp\":1767225900,\"iat\":\"1\",\"jti\":\"0\",\"user_id\":7,\"roles\":[]}",
        "{\"token_type\":\"access\",\"exp\":1767225900,\"jti\":\"0\",\"user_id\":7,\"roles\":[]}",
        "{\"token_type\":\"access\",\"exp\":1767225900,\"iat\":-1,\"jti\":\"0\",\"user_id\":7,\"roles\":[]}",
        "{\"token_type\":\"access\",\"exp\":1767225900,\"iat\":1,\"jti\":0,\"user_id\":7,\"roles\":[]}",
        "{\"token_type\":\"access\",\"exp\":1767225900,\"iat\":1,\"jti\":\"\",\"user_id\":7,\"roles\":[]}",
        "{\"token_type\":\"access\",\"exp\":1767225900,\"iat\":1,\"jti\":\"0\",\"user_id\":\"7\",\"roles\":[]}",
        "{\"token_type\":\"access\",\"exp\":1767225900,\"iat\":1,\"jti\":\"0\",\"user_id\":7.0,\"roles\":[]}",
        "{\"token_type\":\"access\",\"exp\":1767225900,\"iat\":1,\"jti\":\"0\",\"user_id\":0,\"roles\":[]}",
        "{\"token_type\":\"access\",\"exp\":1767225900,\"iat\":1,\"jti\":\"0\",\"user_id\":-1,\"roles\":[]}",
        "{\"token_type\":\"access\",\"exp\":1767225900,\"iat\":1,\"jti\":\"0\",\"user_id\":9007199254740992,\"roles\":[]}",
        "{\"token_type\":\"access\",\"exp\":1767225900,\"iat\":1,\"jti\":\"0\",\"roles\":[]}",
        "{\"token_type\":\"access\",\"exp\":1767225900,\"iat\":1,\"jti\":\"0\",\"user_id\":7}",
        "{\"token_type\":\"access\",\"exp\":1767225900,\"iat\":1,\"jti\":\"0\",\"user_id\":7,\"roles\":\"staff\"}",
        "{\"token_type\":\"access\",\"exp\":1767225900,\"iat\":1,\"jti\":\"0\",\"user_id\":7,\"roles\":[1]}",
        "{\"token_type\":\"access\",\"exp\":1767225900,\"iat\":1,\"jti\":\"0\",\"user_id\":7,\"roles\":[[]]}",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        cr_expect_eq(read_body(bodies[i], SHOP_TOKEN_ACCESS), SHOP_TOKEN_BAD, "body %s", bodies[i]);
}

Test(token, refresh_claims_of_the_wrong_type_are_refused)
{
    static const char *const rests[] = {"\"generation\":1",
                                        "\"family\":3",
                                        "\"family\":\"3\",\"generation\":1",
                                        "\"family\":3,\"generation\":\"1\"",
                                        "\"family\":0,\"generation\":1",
                                        "\"family\":3,\"generation\":0",
                                        "\"family\":3,\"generation\":1.5"};
    for (size_t i = 0; i < sizeof rests / sizeof rests[0]; i++) {
        char body[512];
        (void)snprintf(body, sizeof body,
                       "{\"token_type\":\"refresh\",\"exp\":1767225900,\"iat\":1,\"jti\":\"0\",\"user_id\":7,%s}", rests[i]);
        cr_expect_eq(read_body(body, SHOP_TOKEN_REFRESH), SHOP_TOKEN_BAD, "rest %s", rests[i]);
    }
}

Test(token, deep_bodies_do_no_harm)
{
    char body[3000];
    memset(body, '[', sizeof body - 1);
    body[sizeof body - 1] = '\0';
    cr_assert_eq(read_body(body, SHOP_TOKEN_ACCESS), SHOP_TOKEN_BAD);
}
