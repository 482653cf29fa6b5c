/* SPDX-License-Identifier: MIT */
/*
 * Accounts: who somebody is, and the sessions that prove it.
 *
 * A session is a family of tokens made by one login. Its access token (a JWT, HS256) proves who acts for a few minutes and is checked
 * without storage. Its refresh token is good once: it is changed for a new pair, and whoever shows a dead one again ends the family, for
 * then two parties hold it.
 *
 * E-mail is the login name: trimmed, compared without case (ASCII), unique. Where it is taken the call says SHOP_INVALID
 * "validation_error" with the field "email", as with every other fault of an input.
 *
 * Passwords are kept as Argon2id only. A new one has at least 8 characters and at most 1024 bytes, is not a common one, not only
 * digits, and not similar to the account's e-mail or names; each failure is told as a field error. At most options.password_threads of
 * them are computed at once: a caller waits its turn for at most options.call_timeout_ms, then SHOP_BUSY.
 *
 * Every function that takes a context may also return SHOP_UNAVAILABLE (storage), SHOP_NO_MEMORY, SHOP_MISUSE (NULL, wrong
 * struct_size) and SHOP_INTERNAL; those that change something also SHOP_BUSY and SHOP_KEY_REUSED. What they return lives in the
 * context. A context is used by one thread at a time; different contexts do not touch each other.
 */
#ifndef SHOP_ACCOUNT_H
#define SHOP_ACCOUNT_H

#include <shop/base.h>
#include <shop/type.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------ handles */

/* An account. Type "user". */
typedef struct shop_user shop_user;

SHOP_API int64_t shop_user_id(const shop_user *user);
SHOP_API const char *shop_user_email(const shop_user *user); /* as stored: folded */
SHOP_API const char *shop_user_first_name(const shop_user *user);
SHOP_API const char *shop_user_last_name(const shop_user *user);
SHOP_API int32_t shop_user_is_active(const shop_user *user); /* 1 or 0; 0: may not log in */
SHOP_API int32_t shop_user_is_staff(const shop_user *user); /* 1 or 0 */
SHOP_API int32_t shop_user_email_verified(const shop_user *user); /* 1 or 0 */
SHOP_API const char *shop_user_role(const shop_user *user, size_t i); /* "customer", "staff"; NULL beyond the end */
SHOP_API int64_t shop_user_date_joined(const shop_user *user); /* microseconds since 1970 UTC */
SHOP_API shop_status shop_user_to_json(shop_ctx *cx, const shop_user *user, const char **json, size_t *length);

/* A pair of tokens. Type "tokens". Secrets: not for logs. */
typedef struct shop_tokens shop_tokens;

SHOP_API const char *shop_tokens_access(const shop_tokens *tokens); /* lives options.access_ttl seconds */
SHOP_API const char *shop_tokens_refresh(const shop_tokens *tokens); /* lives options.refresh_ttl seconds, good once */
SHOP_API shop_status shop_tokens_to_json(shop_ctx *cx, const shop_tokens *tokens, const char **json, size_t *length);

/* A session that has just begun. Type "session". */
typedef struct shop_session shop_session;

SHOP_API const shop_user *shop_session_user(const shop_session *session);
SHOP_API const shop_tokens *shop_session_tokens(const shop_session *session); /* NULL in what shop_session_bare returned */
SHOP_API shop_status shop_session_to_json(shop_ctx *cx, const shop_session *session, const char **json, size_t *length);

/*
 * The same session without its tokens, for answers that carry them elsewhere (in cookies). What shop_ctx_replayed tells stays as it is.
 * SHOP_OK, SHOP_NO_MEMORY, SHOP_MISUSE.
 */
SHOP_API shop_status shop_session_bare(shop_ctx *cx, const shop_session *session, const shop_session **out);

/* ------------------------------------------------------------------------------------------------ inputs */

/* Type "register_input". All are required. */
typedef struct shop_register_input {
    size_t struct_size;
    const char *email; /* at most 254 bytes */
    const char *first_name; /* one line, at most 150 characters */
    const char *last_name; /* one line, at most 150 characters */
    const char *password;
    const char *password2; /* the same again */
} shop_register_input;

#define SHOP_REGISTER_INPUT_INIT                                                                                               \
    {                                                                                                                          \
        sizeof(shop_register_input), NULL, NULL, NULL, NULL, NULL                                                              \
    }
SHOP_API void shop_register_input_init(shop_register_input *input);

/* Type "login_input". Both are required. */
typedef struct shop_login_input {
    size_t struct_size;
    const char *email;
    const char *password;
} shop_login_input;

#define SHOP_LOGIN_INPUT_INIT                                                                                                  \
    {                                                                                                                          \
        sizeof(shop_login_input), NULL, NULL                                                                                   \
    }
SHOP_API void shop_login_input_init(shop_login_input *input);

/* Type "refresh_input": what a client sends to refresh or to log out. */
typedef struct shop_refresh_input {
    size_t struct_size;
    const char *refresh; /* a refresh token; required by the library, left out by clients that hold it in a cookie */
} shop_refresh_input;

#define SHOP_REFRESH_INPUT_INIT                                                                                                \
    {                                                                                                                          \
        sizeof(shop_refresh_input), NULL                                                                                       \
    }
SHOP_API void shop_refresh_input_init(shop_refresh_input *input);

/* Type "password_input". */
typedef struct shop_password_input {
    size_t struct_size;
    const char *old_password; /* required */
    const char *new_password; /* required */
    const char *new_password2; /* required: the same again */
    const char *refresh; /* optional: a refresh token of the session that goes on; one that is not good keeps nothing */
} shop_password_input;

#define SHOP_PASSWORD_INPUT_INIT                                                                                               \
    {                                                                                                                          \
        sizeof(shop_password_input), NULL, NULL, NULL, NULL                                                                    \
    }
SHOP_API void shop_password_input_init(shop_password_input *input);

/* Type "profile_input": what somebody may change of the own account. NULL: stays. */
typedef struct shop_profile_input {
    size_t struct_size;
    const char *email; /* a new one is not verified */
    const char *first_name;
    const char *last_name;
} shop_profile_input;

#define SHOP_PROFILE_INPUT_INIT                                                                                                \
    {                                                                                                                          \
        sizeof(shop_profile_input), NULL, NULL, NULL                                                                           \
    }
SHOP_API void shop_profile_input_init(shop_profile_input *input);

/* ------------------------------------------------------------------------------------------------ sessions */

/*
 * Makes an account and its first session. Anybody may. Of two at once with one e-mail exactly one wins.
 * SHOP_OK; SHOP_INVALID "validation_error" (fields: email, first_name, last_name, password, password2).
 */
SHOP_API shop_status shop_account_register(shop_ctx *cx, const shop_register_input *input, const shop_session **session);

/*
 * Begins a session. An unknown e-mail costs the same time and gets the same words as a wrong password. A user keeps at most 50
 * sessions: the oldest ends when one more begins.
 * SHOP_OK; SHOP_INVALID; SHOP_UNAUTHENTICATED "invalid_credentials"; SHOP_FORBIDDEN "account_disabled" (only after the right password).
 */
SHOP_API shop_status shop_account_login(shop_ctx *cx, const shop_login_input *input, const shop_session **session);

/*
 * Changes a refresh token for a new pair; the old one is dead. A dead one shown again ends its session, durably, before this returns.
 * Of two at once with the same token one gets a pair, the other ends the session.
 * SHOP_OK; SHOP_INVALID (no token); SHOP_UNAUTHENTICATED "invalid_token".
 */
SHOP_API shop_status shop_account_refresh(shop_ctx *cx, const char *refresh, const shop_tokens **tokens);

/*
 * Ends the session of a refresh token, which must be the actor's own; it may be dead, expired, or its session over already.
 * SHOP_OK; SHOP_INVALID (no token); SHOP_UNAUTHENTICATED "authentication_required" or "invalid_token".
 */
SHOP_API shop_status shop_account_logout(shop_ctx *cx, const char *refresh);

/*
 * Who an access token speaks for: its user's id in *user_id. Storage is not asked, so a session that ended is noticed when the token
 * expires. A refresh token is never taken.
 * SHOP_OK; SHOP_UNAUTHENTICATED "invalid_token"; then *user_id is SHOP_ACTOR_NOBODY.
 */
SHOP_API shop_status shop_token_check(shop_ctx *cx, const char *access_token, int64_t *user_id);

/* ------------------------------------------------------------------------------------------------ the own account */

/* The actor's account. SHOP_OK; SHOP_UNAUTHENTICATED "authentication_required"; SHOP_FORBIDDEN "account_disabled", "no_account" (SYSTEM). */
SHOP_API shop_status shop_account_me(shop_ctx *cx, const shop_user **user);

/*
 * Changes names and e-mail of the actor's account. Obeys If-Match. SHOP_OK; SHOP_INVALID; SHOP_PRECONDITION; and as shop_account_me.
 */
SHOP_API shop_status shop_account_update(shop_ctx *cx, const shop_profile_input *input, const shop_user **user);

/*
 * Gives the actor's account a new password and ends its sessions, but the one that `refresh` belongs to.
 * SHOP_OK; SHOP_INVALID (fields: old_password when it is wrong, new_password, new_password2); and as shop_account_me.
 */
SHOP_API shop_status shop_account_change_password(shop_ctx *cx, const shop_password_input *input);

/* ------------------------------------------------------------------------------------------------ other accounts */

/* The account with that id. Staff and SYSTEM. SHOP_OK; SHOP_UNAUTHENTICATED; SHOP_FORBIDDEN; SHOP_NOT_FOUND "user_not_found". */
SHOP_API shop_status shop_account_get(shop_ctx *cx, int64_t user_id, const shop_user **user);

/*
 * Allows (active 1) or forbids (0) an account to log in; forbidding ends its sessions (an access token lives on until it expires).
 * Staff, for all but themselves, and SYSTEM. Obeys If-Match.
 * SHOP_OK; SHOP_INVALID (active is neither); SHOP_CONFLICT "own_account"; SHOP_PRECONDITION; and as shop_account_get.
 */
SHOP_API shop_status shop_account_set_active(shop_ctx *cx, int64_t user_id, int32_t active, const shop_user **user);

/*
 * Makes an account that is staff. SYSTEM only. The password obeys the same rules. When the e-mail belongs to staff already, that account
 * gets the password, is active, and all its sessions end: so an operator gets back in. When it belongs to a customer the call is refused:
 * whoever registered it may hold tokens, and must not become staff by them.
 * SHOP_OK; SHOP_INVALID (fields: email, password); SHOP_FORBIDDEN; SHOP_CONFLICT "email_taken".
 */
SHOP_API shop_status shop_account_create_admin(shop_ctx *cx, const char *email, const char *password, const shop_user **user);

#ifdef __cplusplus
}
#endif

#endif
