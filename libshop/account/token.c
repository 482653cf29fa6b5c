/* SPDX-License-Identifier: MIT */
/*
 * The wrapper of libjwt, with the guards that it needs: it takes the algorithm from the token, accepts unverified tokens without a
 * key, copies tokens to the stack, skips junk inside base64, checks no times, and may report success when memory is out. So only a token
 * that is, byte for byte, what our own signing makes ever reaches it, and the claims are read by our strict JSON reader.
 */
#include "token.h"

#include <errno.h>
#include <jwt.h>
#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "../core/json_read.h"
#include "../core/json_write.h"

#define HEADER "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9" /* {"alg":"HS256","typ":"JWT"} */
#define HEADER_LENGTH (sizeof HEADER - 1)
#define SIGNATURE_LENGTH 43 /* 32 bytes in base64url */
#define SIGNATURE_BYTES 32
#define KEY_LENGTH_MIN 32
#define CLAIMS_MAX 3072 /* bytes of JSON: base64url makes SHOP_TOKEN_MAX of them */
#define JTI_BYTES 16
#define ID_MAX ((INT64_C(1) << 53) - 1)
#define CLOCK_SKEW 60 /* seconds that another server's clock may be ahead of ours */

static const char *const kind_names[] = {[SHOP_TOKEN_ACCESS] = "access", [SHOP_TOKEN_REFRESH] = "refresh"};

/* ------------------------------------------------------------------------------------------------ signing */

static void write_text_claim(shop_json_writer *w, const char *name, const char *value)
{
    shop_json_key(w, name);
    shop_json_write_string(w, value);
}

static void write_number_claim(shop_json_writer *w, const char *name, int64_t value)
{
    shop_json_key(w, name);
    shop_json_write_int64(w, value);
}

static void write_roles(shop_json_writer *w, const char *const *roles)
{
    shop_json_key(w, "roles");
    shop_json_array_begin(w);
    for (size_t i = 0; roles && roles[i]; i++)
        shop_json_write_string(w, roles[i]);
    shop_json_array_end(w);
}

static void write_claims(shop_json_writer *w, const shop_token_claims *c)
{
    unsigned char random[JTI_BYTES];
    char jti[2 * JTI_BYTES + 1];
    randombytes_buf(random, sizeof random);
    sodium_bin2hex(jti, sizeof jti, random, sizeof random);
    shop_json_object_begin(w);
    write_text_claim(w, "token_type", kind_names[c->kind]);
    write_number_claim(w, "exp", c->expires_at);
    write_number_claim(w, "iat", c->issued_at);
    write_text_claim(w, "jti", jti);
    write_number_claim(w, "user_id", c->user_id);
    if (c->kind == SHOP_TOKEN_ACCESS) {
        write_roles(w, c->roles);
    } else {
        write_number_claim(w, "family", c->session_id);
        write_number_claim(w, "generation", c->generation);
    }
    shop_json_object_end(w);
}

/* The token in memory of libjwt's (to be given to free); NULL when it cannot be made. */
static char *encode(const char *claims, const unsigned char *key)
{
    jwt_t *jwt = NULL;
    char *token = NULL;
    if (jwt_new(&jwt) == 0 && jwt && jwt_set_alg(jwt, JWT_ALG_HS256, key, SHOP_KEY_BYTES) == 0 &&
        jwt_get_alg(jwt) == JWT_ALG_HS256 && jwt_add_grants_json(jwt, claims) == 0)
        token = jwt_encode_str(jwt);
    jwt_free(jwt);
    return token;
}

const char *shop_token_sign(shop_ctx *cx, const shop_token_claims *claims)
{
    shop_json_writer w;
    shop_json_writer_init(&w, CLAIMS_MAX);
    write_claims(&w, claims);
    const char *json = NULL;
    char *token = shop_json_writer_finish(&w, &json, NULL) == SHOP_JSON_WRITE_OK ? encode(json, cx->shop->token_key) : NULL;
    shop_json_writer_free(&w);
    size_t length = token ? strlen(token) : 0;
    const char *copy = token ? shop_arena_strndup(cx->arena, token, length) : NULL;
    if (token)
        sodium_memzero(token, length);
    free(token);
    if (!copy)
        (void)shop_fail_no_memory(cx);
    return copy;
}

/* ------------------------------------------------------------------------------------------------ the form of a token */

typedef struct token_parts {
    const char *body;
    size_t body_length;
    const char *signature;
} token_parts;

static int is_base64url(const char *s, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char c = s[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
            return 0;
    }
    return length > 0;
}

/* Decodes, and holds what the bytes would be written as against the text: there is only one spelling. */
static int decode_canonical(const char *text, size_t length, unsigned char *out, size_t room, size_t *written)
{
    char again[SHOP_TOKEN_MAX + 1];
    const int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    if (sodium_base642bin(out, room, text, length, NULL, written, NULL, variant) != 0)
        return 0;
    if (sodium_base64_encoded_len(*written, variant) != length + 1 || length >= sizeof again)
        return 0;
    sodium_bin2base64(again, sizeof again, out, *written, variant);
    int same = memcmp(again, text, length) == 0;
    sodium_memzero(again, length + 1);
    return same;
}

/* header.body.signature with exactly our header, nothing else anywhere. */
static int split(const char *token, size_t length, token_parts *parts)
{
    if (length > SHOP_TOKEN_MAX || length < HEADER_LENGTH + 1 + 1 + 1 + SIGNATURE_LENGTH)
        return 0;
    if (memcmp(token, HEADER ".", HEADER_LENGTH + 1) != 0 || token[length - SIGNATURE_LENGTH - 1] != '.')
        return 0;
    parts->body = token + HEADER_LENGTH + 1;
    parts->body_length = length - HEADER_LENGTH - 1 - 1 - SIGNATURE_LENGTH;
    parts->signature = token + length - SIGNATURE_LENGTH;
    return is_base64url(parts->body, parts->body_length) && is_base64url(parts->signature, SIGNATURE_LENGTH);
}

/* Whether the signature is right. The text has passed split(), so that libjwt meets nothing it is weak at. */
static shop_token_verdict verify(const char *token, size_t length, const unsigned char *key, size_t key_length)
{
    char text[SHOP_TOKEN_MAX + 1];
    memcpy(text, token, length);
    text[length] = '\0';
    jwt_t *jwt = NULL;
    int rc = jwt_decode(&jwt, text, key, (int)key_length);
    sodium_memzero(text, length);
    shop_token_verdict verdict = SHOP_TOKEN_BAD;
    if (rc == 0 && jwt && jwt_get_alg(jwt) == JWT_ALG_HS256)
        verdict = SHOP_TOKEN_GOOD;
    else if (rc == 0 || rc == ENOMEM)
        verdict = SHOP_TOKEN_NO_MEMORY; /* rc 0: the key could not be copied, and nothing was verified */
    jwt_free(jwt);
    return verdict;
}

/* ------------------------------------------------------------------------------------------------ claims */

static int number_claim(const shop_json_value *claims, const char *name, int64_t min, int64_t max, int64_t *out)
{
    const shop_json_value *value;
    return shop_json_find(claims, name, &value) && shop_json_get_int64(value, out) && *out >= min && *out <= max;
}

static int text_claim(const shop_json_value *claims, const char *name, const char **out)
{
    const shop_json_value *value;
    return shop_json_find(claims, name, &value) && shop_json_get_string(value, out, NULL) && **out;
}

static int has_roles(const shop_json_value *claims)
{
    const shop_json_value *roles;
    if (!shop_json_find(claims, "roles", &roles) || shop_json_type_of(roles) != SHOP_JSON_TYPE_ARRAY)
        return 0;
    for (size_t i = 0; i < shop_json_count(roles); i++)
        if (shop_json_type_of(shop_json_at(roles, i)) != SHOP_JSON_TYPE_STRING)
            return 0;
    return 1;
}

static int take_claims(const shop_json_value *json, int kind, int64_t now, shop_token_claims *c)
{
    const char *type;
    const char *jti;
    if (!text_claim(json, "token_type", &type) || strcmp(type, kind_names[kind]) != 0 || !text_claim(json, "jti", &jti))
        return 0;
    if (!number_claim(json, "user_id", 1, ID_MAX, &c->user_id) || !number_claim(json, "exp", 0, ID_MAX, &c->expires_at) ||
        !number_claim(json, "iat", 0, ID_MAX, &c->issued_at) || c->issued_at > now + CLOCK_SKEW)
        return 0;
    c->kind = kind;
    if (kind == SHOP_TOKEN_ACCESS)
        return has_roles(json);
    return number_claim(json, "family", 1, ID_MAX, &c->session_id) &&
           number_claim(json, "generation", 1, ID_MAX, &c->generation);
}

static shop_token_verdict read_claims(const char *text, size_t length, int kind, int64_t now, shop_token_claims *c)
{
    static const shop_json_limits limits = {
        .max_bytes = CLAIMS_MAX, .max_depth = 2, .max_values = 32, .max_members = 16, .allow_scalar = false};
    shop_json_value *json = NULL;
    shop_json_status status = shop_json_parse(text, length, &limits, &json, NULL);
    if (status == SHOP_JSON_NO_MEMORY)
        return SHOP_TOKEN_NO_MEMORY;
    if (status != SHOP_JSON_OK)
        return SHOP_TOKEN_BAD;
    int good = take_claims(json, kind, now, c);
    shop_json_free(json);
    if (!good)
        return SHOP_TOKEN_BAD;
    return now >= c->expires_at ? SHOP_TOKEN_EXPIRED : SHOP_TOKEN_GOOD;
}

/* ------------------------------------------------------------------------------------------------ reading */

shop_token_verdict shop_token_read(const char *token, size_t length, const unsigned char *key, size_t key_length, int kind,
                                   int64_t now, shop_token_claims *claims)
{
    token_parts parts;
    unsigned char body[CLAIMS_MAX];
    size_t body_length;
    unsigned char signature[SIGNATURE_BYTES];
    size_t signature_length;
    memset(claims, 0, sizeof *claims);
    if (key_length < KEY_LENGTH_MIN || key_length > INT_MAX || !split(token, length, &parts) ||
        !decode_canonical(parts.body, parts.body_length, body, sizeof body, &body_length) ||
        !decode_canonical(parts.signature, SIGNATURE_LENGTH, signature, sizeof signature, &signature_length))
        return SHOP_TOKEN_BAD;
    /* Claims first, for libjwt parses before it verifies: its parser shall see nothing that ours refuses. */
    shop_token_verdict verdict = read_claims((const char *)body, body_length, kind, now, claims);
    if (verdict == SHOP_TOKEN_GOOD || verdict == SHOP_TOKEN_EXPIRED) {
        shop_token_verdict signed_by_us = verify(token, length, key, key_length);
        verdict = signed_by_us == SHOP_TOKEN_GOOD ? verdict : signed_by_us;
    }
    if (verdict != SHOP_TOKEN_GOOD && verdict != SHOP_TOKEN_EXPIRED)
        memset(claims, 0, sizeof *claims);
    return verdict;
}
