/* SPDX-License-Identifier: MIT */
/* Accounts, described once: their JSON, their inputs, their accessors. */
#include <stddef.h>

#include "account.h"
#include "password.h"
#include "token.h"

#define NO_LIMIT SHOP_UNSET, SHOP_UNSET, NULL
#define LENGTH(min, max) (min), (max), NULL
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* ------------------------------------------------------------------------------------------------ handles */

/* name, kind, flags, column, offset, min, max, words, of, doc */
static const shop_field user_fields[] = {
    {"id", SHOP_KIND_INT, 0, USER_ID, offsetof(shop_user, id), NO_LIMIT, NULL, "the account's id"},
    {"email", SHOP_KIND_TEXT, 0, USER_EMAIL, offsetof(shop_user, email), NO_LIMIT, NULL,
     "the e-mail address, which is the login name; in lower case"},
    {"first_name", SHOP_KIND_TEXT, 0, USER_FIRST_NAME, offsetof(shop_user, first_name), NO_LIMIT, NULL, "the first name"},
    {"last_name", SHOP_KIND_TEXT, 0, USER_LAST_NAME, offsetof(shop_user, last_name), NO_LIMIT, NULL, "the last name"},
    {"is_active", SHOP_KIND_BOOL, 0, USER_IS_ACTIVE, offsetof(shop_user, is_active), NO_LIMIT, NULL,
     "whether the account may log in"},
    {"is_staff", SHOP_KIND_BOOL, 0, USER_IS_STAFF, offsetof(shop_user, is_staff), NO_LIMIT, NULL,
     "whether the account belongs to the shop's staff"},
    {"email_verified", SHOP_KIND_BOOL, 0, USER_EMAIL_VERIFIED, offsetof(shop_user, email_verified), NO_LIMIT, NULL,
     "whether the e-mail address was proved to be the user's own"},
    {"roles", SHOP_KIND_WORDS, 0, SHOP_NO_COLUMN, offsetof(shop_user, roles), NO_LIMIT, NULL,
     "what the user may act as: customer, staff"},
    {"date_joined", SHOP_KIND_TIME, 0, USER_DATE_JOINED, offsetof(shop_user, date_joined), NO_LIMIT, NULL,
     "when the account was made"},
};

const shop_type shop_user_type = {
    .name = "user",
    .doc = "An account.",
    .fields = user_fields,
    .field_count = COUNT(user_fields),
    .size = sizeof(shop_user),
};

static const shop_field tokens_fields[] = {
    {"access", SHOP_KIND_TEXT, SHOP_FIELD_OPTIONAL | SHOP_FIELD_SECRET, SHOP_NO_COLUMN, offsetof(shop_tokens, access), NO_LIMIT,
     NULL, "a JWT for the Authorization header, good for minutes; left out when cookies carry it"},
    {"refresh", SHOP_KIND_TEXT, SHOP_FIELD_OPTIONAL | SHOP_FIELD_SECRET, SHOP_NO_COLUMN, offsetof(shop_tokens, refresh),
     NO_LIMIT, NULL, "a JWT that is changed for the next pair, good once; left out when cookies carry it"},
};

const shop_type shop_tokens_type = {
    .name = "tokens",
    .doc = "A pair of tokens.",
    .fields = tokens_fields,
    .field_count = COUNT(tokens_fields),
    .size = sizeof(shop_tokens),
};

static const shop_field session_fields[] = {
    {"user", SHOP_KIND_OBJECT, 0, SHOP_NO_COLUMN, offsetof(shop_session, user), NO_LIMIT, &shop_user_type, "who logged in"},
    {"tokens", SHOP_KIND_OBJECT, SHOP_FIELD_OPTIONAL, SHOP_NO_COLUMN, offsetof(shop_session, tokens), NO_LIMIT,
     &shop_tokens_type, "the session's tokens; left out when cookies carry them"},
};

const shop_type shop_session_type = {
    .name = "session",
    .doc = "A session that has just begun.",
    .fields = session_fields,
    .field_count = COUNT(session_fields),
    .size = sizeof(shop_session),
};

/* ------------------------------------------------------------------------------------------------ inputs */

static const shop_field register_fields[] = {
    {"email", SHOP_KIND_TEXT, SHOP_FIELD_REQUIRED, SHOP_NO_COLUMN, offsetof(shop_register_input, email),
     LENGTH(1, SHOP_EMAIL_MAX), NULL, "the e-mail address, which becomes the login name; unique without regard to case"},
    {"first_name", SHOP_KIND_TEXT, SHOP_FIELD_REQUIRED, SHOP_NO_COLUMN, offsetof(shop_register_input, first_name),
     LENGTH(1, SHOP_NAME_MAX), NULL, "the first name"},
    {"last_name", SHOP_KIND_TEXT, SHOP_FIELD_REQUIRED, SHOP_NO_COLUMN, offsetof(shop_register_input, last_name),
     LENGTH(1, SHOP_NAME_MAX), NULL, "the last name"},
    {"password", SHOP_KIND_TEXT, SHOP_FIELD_REQUIRED | SHOP_FIELD_SECRET, SHOP_NO_COLUMN,
     offsetof(shop_register_input, password), LENGTH(SHOP_PASSWORD_MIN, SHOP_PASSWORD_MAX), NULL,
     "a password: not a common one, not only digits, not similar to the e-mail or names, at most 1024 bytes"},
    {"password2", SHOP_KIND_TEXT, SHOP_FIELD_REQUIRED | SHOP_FIELD_SECRET, SHOP_NO_COLUMN,
     offsetof(shop_register_input, password2), NO_LIMIT, NULL, "the same password again"},
};

const shop_type shop_register_input_type = {
    .name = "register_input",
    .doc = "What makes an account.",
    .fields = register_fields,
    .field_count = COUNT(register_fields),
    .size = sizeof(shop_register_input),
};

static const shop_field login_fields[] = {
    {"email", SHOP_KIND_TEXT, SHOP_FIELD_REQUIRED, SHOP_NO_COLUMN, offsetof(shop_login_input, email), LENGTH(1, SHOP_EMAIL_MAX),
     NULL, "the e-mail address, in any case"},
    {"password", SHOP_KIND_TEXT, SHOP_FIELD_REQUIRED | SHOP_FIELD_SECRET, SHOP_NO_COLUMN, offsetof(shop_login_input, password),
     LENGTH(1, SHOP_PASSWORD_MAX), NULL, "the password"},
};

const shop_type shop_login_input_type = {
    .name = "login_input",
    .doc = "What begins a session.",
    .fields = login_fields,
    .field_count = COUNT(login_fields),
    .size = sizeof(shop_login_input),
};

static const shop_field admin_fields[] = {
    {"email", SHOP_KIND_TEXT, SHOP_FIELD_REQUIRED, SHOP_NO_COLUMN, offsetof(shop_login_input, email), LENGTH(1, SHOP_EMAIL_MAX),
     NULL, "the e-mail address"},
    {"password", SHOP_KIND_TEXT, SHOP_FIELD_REQUIRED | SHOP_FIELD_SECRET, SHOP_NO_COLUMN, offsetof(shop_login_input, password),
     LENGTH(SHOP_PASSWORD_MIN, SHOP_PASSWORD_MAX), NULL, "the password"},
};

const shop_type shop_admin_input_type = {
    .name = "admin_input",
    .doc = "What makes an account that is staff.",
    .fields = admin_fields,
    .field_count = COUNT(admin_fields),
    .size = sizeof(shop_login_input),
};

static const shop_field refresh_fields[] = {
    {"refresh", SHOP_KIND_TEXT, SHOP_FIELD_SECRET, SHOP_NO_COLUMN, offsetof(shop_refresh_input, refresh),
     LENGTH(1, SHOP_TOKEN_MAX), NULL, "the refresh token; may be left out when the refresh_token cookie carries it"},
};

const shop_type shop_refresh_input_type = {
    .name = "refresh_input",
    .doc = "A refresh token.",
    .fields = refresh_fields,
    .field_count = COUNT(refresh_fields),
    .size = sizeof(shop_refresh_input),
};

static const shop_field password_fields[] = {
    {"old_password", SHOP_KIND_TEXT, SHOP_FIELD_REQUIRED | SHOP_FIELD_SECRET, SHOP_NO_COLUMN,
     offsetof(shop_password_input, old_password), LENGTH(1, SHOP_PASSWORD_MAX), NULL, "the password until now"},
    {"new_password", SHOP_KIND_TEXT, SHOP_FIELD_REQUIRED | SHOP_FIELD_SECRET, SHOP_NO_COLUMN,
     offsetof(shop_password_input, new_password), LENGTH(SHOP_PASSWORD_MIN, SHOP_PASSWORD_MAX), NULL,
     "the password from now on: the same rules as at registration"},
    {"new_password2", SHOP_KIND_TEXT, SHOP_FIELD_REQUIRED | SHOP_FIELD_SECRET, SHOP_NO_COLUMN,
     offsetof(shop_password_input, new_password2), NO_LIMIT, NULL, "the new password again"},
    {"refresh", SHOP_KIND_TEXT, SHOP_FIELD_SECRET, SHOP_NO_COLUMN, offsetof(shop_password_input, refresh),
     LENGTH(1, SHOP_TOKEN_MAX), NULL, "a refresh token of the session that shall go on; all others end"},
};

const shop_type shop_password_input_type = {
    .name = "password_input",
    .doc = "A change of password.",
    .fields = password_fields,
    .field_count = COUNT(password_fields),
    .size = sizeof(shop_password_input),
};

static const shop_field profile_fields[] = {
    {"email", SHOP_KIND_TEXT, 0, SHOP_NO_COLUMN, offsetof(shop_profile_input, email), LENGTH(1, SHOP_EMAIL_MAX), NULL,
     "the e-mail address, which is the login name"},
    {"first_name", SHOP_KIND_TEXT, 0, SHOP_NO_COLUMN, offsetof(shop_profile_input, first_name), LENGTH(1, SHOP_NAME_MAX), NULL,
     "the first name"},
    {"last_name", SHOP_KIND_TEXT, 0, SHOP_NO_COLUMN, offsetof(shop_profile_input, last_name), LENGTH(1, SHOP_NAME_MAX), NULL,
     "the last name"},
};

const shop_type shop_profile_input_type = {
    .name = "profile_input",
    .doc = "What a user may change of the own account.",
    .fields = profile_fields,
    .field_count = COUNT(profile_fields),
    .size = sizeof(shop_profile_input),
};

void shop_register_input_init(shop_register_input *input)
{
    *input = (shop_register_input)SHOP_REGISTER_INPUT_INIT;
}

void shop_login_input_init(shop_login_input *input)
{
    *input = (shop_login_input)SHOP_LOGIN_INPUT_INIT;
}

void shop_refresh_input_init(shop_refresh_input *input)
{
    *input = (shop_refresh_input)SHOP_REFRESH_INPUT_INIT;
}

void shop_password_input_init(shop_password_input *input)
{
    *input = (shop_password_input)SHOP_PASSWORD_INPUT_INIT;
}

void shop_profile_input_init(shop_profile_input *input)
{
    *input = (shop_profile_input)SHOP_PROFILE_INPUT_INIT;
}

/* ------------------------------------------------------------------------------------------------ accessors */

int64_t shop_user_id(const shop_user *user)
{
    return user->id;
}

const char *shop_user_email(const shop_user *user)
{
    return user->email;
}

const char *shop_user_first_name(const shop_user *user)
{
    return user->first_name;
}

const char *shop_user_last_name(const shop_user *user)
{
    return user->last_name;
}

int32_t shop_user_is_active(const shop_user *user)
{
    return user->is_active != 0;
}

int32_t shop_user_is_staff(const shop_user *user)
{
    return user->is_staff != 0;
}

int32_t shop_user_email_verified(const shop_user *user)
{
    return user->email_verified != 0;
}

const char *shop_user_role(const shop_user *user, size_t i)
{
    for (size_t n = 0; user->roles[n]; n++)
        if (n == i)
            return user->roles[n];
    return NULL;
}

int64_t shop_user_date_joined(const shop_user *user)
{
    return user->date_joined;
}

const char *shop_tokens_access(const shop_tokens *tokens)
{
    return tokens->access;
}

const char *shop_tokens_refresh(const shop_tokens *tokens)
{
    return tokens->refresh;
}

const shop_user *shop_session_user(const shop_session *session)
{
    return session->user;
}

const shop_tokens *shop_session_tokens(const shop_session *session)
{
    return session->tokens;
}

shop_status shop_user_to_json(shop_ctx *cx, const shop_user *user, const char **json, size_t *length)
{
    return shop_to_json(cx, &shop_user_type, user, json, length);
}

shop_status shop_tokens_to_json(shop_ctx *cx, const shop_tokens *tokens, const char **json, size_t *length)
{
    return shop_to_json(cx, &shop_tokens_type, tokens, json, length);
}

shop_status shop_session_to_json(shop_ctx *cx, const shop_session *session, const char **json, size_t *length)
{
    return shop_to_json(cx, &shop_session_type, session, json, length);
}
