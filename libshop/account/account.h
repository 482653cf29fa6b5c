/* SPDX-License-Identifier: MIT */
/* Inside of the handles of accounts, and what the files of this folder share. */
#ifndef SHOP_ACCOUNT_ACCOUNT_H
#define SHOP_ACCOUNT_ACCOUNT_H

#include <shop/account.h>

#include "../storage/store.h"

#define SHOP_EMAIL_MAX 254
#define SHOP_NAME_MAX 150

struct shop_user {
    int64_t id;
    const char *email;
    const char *first_name;
    const char *last_name;
    int64_t is_active;
    int64_t is_staff;
    int64_t email_verified;
    const char *const *roles;
    int64_t date_joined;
};

struct shop_tokens {
    const char *access;
    const char *refresh;
};

struct shop_session {
    const shop_user *user;
    const shop_tokens *tokens;
};

extern const shop_type shop_user_type;
extern const shop_type shop_tokens_type;
extern const shop_type shop_session_type;
extern const shop_type shop_register_input_type;
extern const shop_type shop_login_input_type;
extern const shop_type shop_refresh_input_type;
extern const shop_type shop_password_input_type;
extern const shop_type shop_profile_input_type;
extern const shop_type shop_admin_input_type; /* a shop_login_input with a new password; not for clients */

/* A user's row: what others may see, and what they may not. */
typedef struct shop_account {
    shop_user user;
    const char *password_hash;
    int64_t version;
} shop_account;

/* The roles of a user who is staff, or is not. Static. */
const char *const *shop_account_roles(int64_t is_staff);

/* Takes the row of TABLE_USER; texts are shared with it. */
void shop_account_load(const shop_value *row, shop_account *out);

/* *found: 1 and *out is filled, or 0. `email` is folded. */
shop_status shop_account_by_id(shop_ctx *cx, int64_t id, shop_account *out, int *found);
shop_status shop_account_by_email(shop_ctx *cx, const char *email, shop_account *out, int *found);

/* The account that acts: a user's own, not disabled. Else the error is told. */
shop_status shop_account_acting(shop_ctx *cx, shop_account *out);

/* What a public call answers that was given no place for its result. */
shop_status shop_account_misuse(shop_ctx *cx);

/* A copy of a user in the arena; NULL (told) when memory is out. */
const shop_user *shop_user_keep(shop_ctx *cx, const shop_user *user);

/*
 * Adds to the batch a new session of that user (which lives in the arena) and makes its tokens. NULL (and the error told) when that is not
 * possible.
 */
const shop_session *shop_session_begin(shop_ctx *cx, shop_batch *b, const shop_user *user);

/* Adds to the batch the end of all sessions of a user but `kept` (0: none is kept). */
void shop_session_end_all(shop_batch *b, int64_t user_id, int64_t kept);

/* The session that a refresh token of that user belongs to; 0 when it is not good. Storage is not asked. */
int64_t shop_session_of(const shop_ctx *cx, const char *refresh, int64_t user_id);

#endif
