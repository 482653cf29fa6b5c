/* SPDX-License-Identifier: MIT */
/*
 * Sessions: a login makes a family of refresh tokens, whose row says which generation is good. The token names both, so that one that was
 * used before is known from one that was never given out.
 */
#include <sodium.h>
#include <string.h>

#include "../core/text.h"
#include "account.h"
#include "account_parts.h"
#include "password.h"
#include "token.h"
#include "token_cache.h"

#define SESSIONS_MAX 50 /* of a user */
#define EXCESS_MAX 50 /* sessions dropped at one login */
#define LOGIN_TRIES 3

static int64_t now_seconds(const shop_ctx *cx)
{
    return shop_now(cx->shop) / 1000000;
}

static shop_status fail_token(shop_ctx *cx)
{
    return shop_fail(cx, SHOP_UNAUTHENTICATED, "invalid_token", "The token is not valid or has expired. Please log in again.");
}

/* ------------------------------------------------------------------------------------------------ tokens of a session */

/* Signs the pair of that generation. NULL (told) when memory is out. */
static const shop_tokens *sign_pair(shop_ctx *cx, const shop_user *user, int64_t session, int64_t generation)
{
    const shop_options *o = &cx->shop->options;
    int64_t now = now_seconds(cx);
    shop_token_claims access = {.kind = SHOP_TOKEN_ACCESS,
                                .user_id = user->id,
                                .issued_at = now,
                                .expires_at = now + o->access_ttl,
                                .roles = user->roles};
    shop_token_claims refresh = {.kind = SHOP_TOKEN_REFRESH,
                                 .user_id = user->id,
                                 .issued_at = now,
                                 .expires_at = now + o->refresh_ttl,
                                 .session_id = session,
                                 .generation = generation};
    shop_tokens *tokens = shop_arena_alloc(cx->arena, sizeof *tokens);
    if (!tokens) {
        (void)shop_fail_no_memory(cx);
        return NULL;
    }
    tokens->access = shop_token_sign(cx, &access);
    tokens->refresh = tokens->access ? shop_token_sign(cx, &refresh) : NULL;
    return tokens->refresh ? tokens : NULL;
}

/* When the refresh token that is made now expires, as its row tells it. */
static int64_t expiry(const shop_ctx *cx)
{
    return (now_seconds(cx) + cx->shop->options.refresh_ttl) * 1000000;
}

const shop_session *shop_session_begin(shop_ctx *cx, shop_batch *b, const shop_user *user)
{
    int64_t id = shop_new_id(cx, TABLE_SESSION);
    const shop_tokens *tokens = id != SHOP_UNSET ? sign_pair(cx, user, id, 1) : NULL;
    if (!tokens)
        return NULL;
    shop_session *session = shop_arena_alloc(cx->arena, sizeof *session);
    if (!session) {
        (void)shop_fail_no_memory(cx);
        return NULL;
    }
    *session = (shop_session){.user = user, .tokens = tokens};
    shop_batch_insert(b, TABLE_SESSION, id);
    shop_set_int(b, SESSION_USER, user->id);
    shop_set_int(b, SESSION_GENERATION, 1);
    shop_set_int(b, SESSION_IS_REVOKED, 0);
    shop_set_int(b, SESSION_EXPIRES_AT, expiry(cx));
    shop_set_int(b, SESSION_CREATED_AT, shop_now(cx->shop));
    return session;
}

void shop_session_end_all(shop_batch *b, int64_t user_id, int64_t kept)
{
    shop_batch_update(b, TABLE_SESSION, SHOP_EXPECT_ANY);
    shop_set_int(b, SESSION_IS_REVOKED, 1);
    shop_guard_int(b, SESSION_USER, SHOP_PRED_EQ, user_id);
    shop_guard_int(b, SESSION_IS_REVOKED, SHOP_PRED_EQ, 0);
    if (kept)
        shop_guard_int(b, SESSION_ID, SHOP_PRED_NE, kept);
}

shop_status shop_session_bare(shop_ctx *cx, const shop_session *session, const shop_session **out)
{
    /* No shop_ctx_begin: what is known of the call that made the session, whether it was replayed, stays known. */
    if (!session || !out)
        return shop_account_misuse(cx);
    shop_session *bare = shop_arena_alloc(cx->arena, sizeof *bare);
    if (!bare)
        return shop_fail_no_memory(cx);
    *bare = (shop_session){.user = session->user};
    *out = bare;
    return SHOP_OK;
}

static shop_token_verdict read_token(const shop_ctx *cx, const char *token, int kind, shop_token_claims *claims)
{
    return shop_token_read(token, strnlen(token, SHOP_TOKEN_MAX + 1), cx->shop->token_key, sizeof cx->shop->token_key, kind,
                           now_seconds(cx), claims);
}

int64_t shop_session_of(const shop_ctx *cx, const char *refresh, int64_t user_id)
{
    shop_token_claims claims;
    int good = refresh && read_token(cx, refresh, SHOP_TOKEN_REFRESH, &claims) == SHOP_TOKEN_GOOD;
    return good && claims.user_id == user_id ? claims.session_id : 0;
}

/* Verifies a token, or recognises one that this context verified before and whose time is not over. */
static shop_token_verdict check_access(shop_ctx *cx, const char *token, shop_token_claims *claims)
{
    size_t length = strnlen(token, SHOP_TOKEN_MAX + 1);
    int64_t now = now_seconds(cx);
    if (length <= SHOP_TOKEN_MAX && shop_token_cache_find(cx, token, length, claims) && claims->issued_at <= now &&
        now < claims->expires_at)
        return SHOP_TOKEN_GOOD;
    shop_token_verdict verdict = read_token(cx, token, SHOP_TOKEN_ACCESS, claims);
    if (verdict == SHOP_TOKEN_GOOD)
        shop_token_cache_keep(cx, token, length, claims);
    return verdict;
}

shop_status shop_token_check(shop_ctx *cx, const char *access_token, int64_t *user_id)
{
    shop_ctx_begin(cx);
    if (!access_token || !user_id)
        return shop_account_misuse(cx);
    *user_id = SHOP_ACTOR_NOBODY;
    shop_token_claims claims;
    shop_token_verdict verdict = check_access(cx, access_token, &claims);
    if (verdict == SHOP_TOKEN_NO_MEMORY)
        return shop_fail_no_memory(cx);
    if (verdict != SHOP_TOKEN_GOOD)
        return fail_token(cx);
    *user_id = claims.user_id;
    return SHOP_OK;
}

/* ------------------------------------------------------------------------------------------------ login */

typedef struct login {
    const char *email; /* folded */
    const char *password_hash; /* that the password was held against */
    const char *new_hash; /* made at today's cost; NULL: the old one will do */
    int changed; /* another hash took its place meanwhile, perhaps of the same password */
} login;

static shop_status fail_credentials(shop_ctx *cx)
{
    return shop_fail(cx, SHOP_UNAUTHENTICATED, "invalid_credentials", "The e-mail address or the password is wrong.");
}

static shop_status fail_disabled(shop_ctx *cx)
{
    return shop_fail(cx, SHOP_FORBIDDEN, "account_disabled", "This account is disabled.");
}

/* The password that was right is still the account's, and the account may log in. */
static void guard_user(shop_batch *b, const shop_user *user, const login *l)
{
    if (l->new_hash) {
        shop_batch_update(b, TABLE_USER, 1);
        shop_set_text(b, USER_PASSWORD_HASH, l->new_hash);
        shop_set_add(b, USER_VERSION, 1);
    } else {
        shop_batch_check(b, TABLE_USER, 1);
    }
    shop_guard_int(b, USER_ID, SHOP_PRED_EQ, user->id);
    shop_guard_int(b, USER_IS_ACTIVE, SHOP_PRED_EQ, 1);
    shop_guard_text(b, USER_PASSWORD_HASH, SHOP_PRED_EQ, l->password_hash);
}

/* The oldest sessions make room. */
static void drop_excess(shop_batch *b, const shop_rows *excess)
{
    for (uint32_t i = excess->count; i-- > 0;) {
        shop_batch_delete(b, TABLE_SESSION, SHOP_EXPECT_ANY);
        shop_guard_int(b, SESSION_ID, SHOP_PRED_EQ, shop_row_int(excess, i, SESSION_ID));
    }
}

static shop_status login_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    login *l = args;
    l->changed = 0;
    shop_query *q = shop_query_new(cx);
    int users = shop_query_read(q, TABLE_USER);
    shop_where_text(q, USER_EMAIL, SHOP_PRED_EQ, l->email);
    int sessions = shop_query_read(q, TABLE_SESSION);
    shop_where_in_read(q, SESSION_USER, users, USER_ID);
    shop_query_order(q, SESSION_CREATED_AT, 1);
    shop_query_order(q, SESSION_ID, 1);
    shop_query_limit(q, EXCESS_MAX, SESSIONS_MAX - 1);
    shop_status status = shop_query_run(q);
    if (status != SHOP_OK)
        return status;
    if (shop_query_rows(q, users)->count == 0)
        return fail_credentials(cx);
    shop_account account;
    shop_account_load(shop_row(shop_query_rows(q, users), 0), &account);
    l->changed = strcmp(account.password_hash, l->password_hash) != 0;
    if (l->changed)
        return fail_credentials(cx);
    if (!account.user.is_active)
        return fail_disabled(cx);
    const shop_user *user = shop_user_keep(cx, &account.user);
    if (!user)
        return cx->status;
    guard_user(b, user, l);
    drop_excess(b, shop_query_rows(q, sessions));
    *answer = shop_session_begin(cx, b, user);
    return cx->status;
}

/* A new hash at today's cost for a password that is right. NULL: none is needed. */
static shop_status renew_hash(shop_ctx *cx, const char *hash, const char *password, const char **renewed)
{
    *renewed = NULL;
    if (!shop_password_is_outdated(cx, hash))
        return SHOP_OK;
    char *fresh = shop_arena_alloc(cx->arena, SHOP_PASSWORD_HASH);
    if (!fresh)
        return shop_fail_no_memory(cx);
    *renewed = fresh;
    return shop_password_hash(cx, password, fresh);
}

/* Holds the password against the account's, or nobody's: the same work and words whether there is such an account or not. */
static shop_status check_credentials(shop_ctx *cx, const shop_login_input *in, login *l)
{
    shop_account account = {.password_hash = NULL};
    int found;
    int matches = 0;
    shop_status status = shop_account_by_email(cx, l->email, &account, &found);
    if (status == SHOP_OK)
        status = shop_password_verify(cx, found ? account.password_hash : NULL, in->password, &matches);
    if (status != SHOP_OK)
        return status;
    if (!matches)
        return fail_credentials(cx);
    if (!account.user.is_active)
        return fail_disabled(cx);
    l->password_hash = account.password_hash;
    return renew_hash(cx, account.password_hash, in->password, &l->new_hash);
}

/* Checks and begins; again while the hash that was checked is replaced, as two logins at once do after a change of cost. */
static shop_status begin_login(shop_ctx *cx, const shop_login_input *in, login *l, const void **answer)
{
    const char *key = cx->idempotency_key;
    shop_status status = SHOP_OK;
    for (int i = 0; i < LOGIN_TRIES; i++) {
        cx->idempotency_key = key;
        l->changed = 0;
        status = check_credentials(cx, in, l);
        if (status == SHOP_OK)
            status = shop_change_run(cx, &shop_session_type, login_attempt, l, answer);
        if (!l->changed)
            break;
    }
    return status;
}

static const char *fold_email(shop_ctx *cx, const char *text)
{
    size_t length = strlen(text);
    shop_text_trim(&text, &length);
    char *folded = shop_arena_strndup(cx->arena, text, length);
    if (folded)
        shop_ascii_fold(folded, folded, length);
    else
        (void)shop_fail_no_memory(cx);
    return folded;
}

static shop_status check_login_input(shop_ctx *cx, const shop_login_input *in)
{
    shop_status status = shop_input_check(cx, &shop_login_input_type, in, 0);
    if (status == SHOP_OK && strlen(in->password) > SHOP_PASSWORD_MAX) {
        shop_field_fail(cx, "password", "Must have at most %d bytes.", SHOP_PASSWORD_MAX);
        status = shop_fields_status(cx);
    }
    return status;
}

shop_status shop_account_login(shop_ctx *cx, const shop_login_input *input, const shop_session **session)
{
    shop_ctx_begin(cx);
    if (!session)
        return shop_account_misuse(cx);
    shop_status status = check_login_input(cx, input);
    if (status != SHOP_OK)
        return status;
    const void *answer = NULL;
    int replayed = 0;
    status = shop_change_replay(cx, &shop_session_type, &answer, &replayed);
    if (status == SHOP_OK && !replayed) {
        login l = {.email = fold_email(cx, input->email)};
        status = l.email ? begin_login(cx, input, &l, &answer) : cx->status;
    }
    if (status == SHOP_OK)
        *session = answer;
    return status;
}

/* ------------------------------------------------------------------------------------------------ refresh */

typedef struct rotation {
    shop_token_claims claims;
    int reused; /* the token was used before: whoever holds the session's tokens, it is not one alone */
} rotation;

static shop_status end_session_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const shop_token_claims *claims = args;
    (void)cx;
    (void)answer;
    shop_batch_update(b, TABLE_SESSION, SHOP_EXPECT_ANY);
    shop_set_int(b, SESSION_IS_REVOKED, 1);
    shop_guard_int(b, SESSION_ID, SHOP_PRED_EQ, claims->session_id);
    shop_guard_int(b, SESSION_USER, SHOP_PRED_EQ, claims->user_id);
    shop_guard_int(b, SESSION_IS_REVOKED, SHOP_PRED_EQ, 0);
    return SHOP_OK;
}

static int may_rotate(rotation *r, const shop_rows *sessions, int64_t now)
{
    if (sessions->count == 0 || shop_row_int(sessions, 0, SESSION_IS_REVOKED) ||
        shop_row_int(sessions, 0, SESSION_EXPIRES_AT) <= now)
        return 0;
    int64_t generation = shop_row_int(sessions, 0, SESSION_GENERATION);
    r->reused = r->claims.generation < generation;
    return r->claims.generation == generation;
}

static void rotate(shop_ctx *cx, shop_batch *b, const shop_token_claims *claims, int64_t now)
{
    shop_batch_update(b, TABLE_SESSION, 1);
    shop_set_add(b, SESSION_GENERATION, 1);
    shop_set_int(b, SESSION_EXPIRES_AT, expiry(cx));
    shop_guard_int(b, SESSION_ID, SHOP_PRED_EQ, claims->session_id);
    shop_guard_int(b, SESSION_GENERATION, SHOP_PRED_EQ, claims->generation);
    shop_guard_int(b, SESSION_IS_REVOKED, SHOP_PRED_EQ, 0);
    shop_guard_int(b, SESSION_EXPIRES_AT, SHOP_PRED_GT, now);
}

static shop_status refresh_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    rotation *r = args;
    int64_t now = shop_now(cx->shop);
    r->reused = 0;
    shop_query *q = shop_query_new(cx);
    int sessions = shop_query_read(q, TABLE_SESSION);
    shop_where_int(q, SESSION_ID, SHOP_PRED_EQ, r->claims.session_id);
    shop_where_int(q, SESSION_USER, SHOP_PRED_EQ, r->claims.user_id);
    int users = shop_query_read(q, TABLE_USER);
    shop_where_in_read(q, USER_ID, sessions, SESSION_USER);
    shop_status status = shop_query_run(q);
    if (status != SHOP_OK)
        return status;
    if (!may_rotate(r, shop_query_rows(q, sessions), now) || shop_query_rows(q, users)->count == 0)
        return fail_token(cx);
    shop_account account;
    shop_account_load(shop_row(shop_query_rows(q, users), 0), &account);
    if (!account.user.is_active)
        return fail_token(cx);
    rotate(cx, b, &r->claims, now);
    *answer = sign_pair(cx, &account.user, r->claims.session_id, r->claims.generation + 1);
    return cx->status;
}

static shop_status rotate_session(shop_ctx *cx, rotation *r, const shop_tokens **tokens)
{
    const void *answer = NULL;
    shop_status status = shop_change_run(cx, &shop_tokens_type, refresh_attempt, r, &answer);
    if (status == SHOP_OK)
        *tokens = answer;
    if (status != SHOP_UNAUTHENTICATED || !r->reused)
        return status;
    status = shop_change_step(cx, end_session_attempt, &r->claims);
    if (status != SHOP_OK)
        return status;
    shop_log(cx->shop, SHOP_LOG_WARNING, "session %lld of user %lld ended: a refresh token was used twice",
             (long long)r->claims.session_id, (long long)r->claims.user_id);
    return fail_token(cx);
}

static shop_status check_refresh_input(shop_ctx *cx, const char *refresh)
{
    shop_refresh_input in = SHOP_REFRESH_INPUT_INIT;
    in.refresh = refresh;
    if (!refresh) {
        shop_field_fail(cx, "refresh", "Is required.");
        return shop_fields_status(cx);
    }
    return shop_input_check(cx, &shop_refresh_input_type, &in, 0);
}

/*
 * With cookies the token is no part of the request that the idempotency key was given with. It must be, for nobody is logged in yet: else an
 * equal request with an equal key of somebody else would be answered with these tokens.
 */
static void bind_request(shop_ctx *cx, const char *token)
{
    unsigned char key[sizeof cx->request_hash];
    memcpy(key, cx->request_hash, sizeof key);
    if (cx->idempotency_key)
        (void)crypto_generichash(cx->request_hash, sizeof cx->request_hash, (const unsigned char *)token, strlen(token), key,
                                 sizeof key);
}

shop_status shop_account_refresh(shop_ctx *cx, const char *refresh, const shop_tokens **tokens)
{
    shop_ctx_begin(cx);
    if (!tokens)
        return shop_account_misuse(cx);
    shop_status status = check_refresh_input(cx, refresh);
    if (status != SHOP_OK)
        return status;
    rotation r = {.reused = 0};
    shop_token_verdict verdict = read_token(cx, refresh, SHOP_TOKEN_REFRESH, &r.claims);
    if (verdict == SHOP_TOKEN_NO_MEMORY)
        return shop_fail_no_memory(cx);
    if (verdict != SHOP_TOKEN_GOOD)
        return fail_token(cx);
    bind_request(cx, refresh);
    return rotate_session(cx, &r, tokens);
}

/* ------------------------------------------------------------------------------------------------ logout */

shop_status shop_account_logout(shop_ctx *cx, const char *refresh)
{
    shop_ctx_begin(cx);
    shop_status status = shop_require_user(cx);
    if (status == SHOP_OK)
        status = check_refresh_input(cx, refresh);
    if (status != SHOP_OK)
        return status;
    shop_token_claims claims;
    shop_token_verdict verdict = read_token(cx, refresh, SHOP_TOKEN_REFRESH, &claims);
    if (verdict == SHOP_TOKEN_NO_MEMORY)
        return shop_fail_no_memory(cx);
    if (verdict == SHOP_TOKEN_BAD || (cx->actor != SHOP_ACTOR_SYSTEM && claims.user_id != cx->actor))
        return fail_token(cx);
    bind_request(cx, refresh);
    return shop_change_run(cx, NULL, end_session_attempt, &claims, NULL);
}

/* ------------------------------------------------------------------------------------------------ cleaning */

typedef struct cleaning {
    int64_t limit;
    int64_t due;
} cleaning;

static shop_status clean_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    cleaning *c = args;
    (void)answer;
    int64_t now = shop_now(cx->shop);
    shop_query *q = shop_query_new(cx);
    int read = shop_query_read(q, TABLE_SESSION);
    shop_where_int(q, SESSION_EXPIRES_AT, SHOP_PRED_LE, now);
    shop_query_order(q, SESSION_EXPIRES_AT, 0);
    shop_query_limit(q, c->limit, 0);
    shop_status status = shop_query_run(q);
    if (status != SHOP_OK)
        return status;
    const shop_rows *rows = shop_query_rows(q, read);
    c->due = rows->count;
    for (uint32_t i = 0; i < rows->count; i++) {
        shop_batch_delete(b, TABLE_SESSION, SHOP_EXPECT_ANY);
        shop_guard_int(b, SESSION_ID, SHOP_PRED_EQ, shop_row_int(rows, i, SESSION_ID));
        shop_guard_int(b, SESSION_EXPIRES_AT, SHOP_PRED_LE, now);
    }
    return SHOP_OK;
}

shop_status shop_account_clean(shop_ctx *cx, int64_t limit, int64_t *done)
{
    shop_ctx_begin(cx);
    cleaning c = {.limit = limit};
    shop_status status = shop_change_step(cx, clean_attempt, &c);
    *done = status == SHOP_OK ? c.due : 0;
    return status;
}
