/* SPDX-License-Identifier: MIT */
/* Changes of accounts: registration, profile, password, staff. */
#include <string.h>

#include "../core/text.h"
#include "account.h"
#include "password.h"

/* ------------------------------------------------------------------------------------------------ inputs */

/* The form in which an e-mail is stored and compared; NULL after telling what is wrong with it, or when memory is out. */
static const char *take_email(shop_ctx *cx, const char *text)
{
    size_t length = strlen(text);
    shop_text_trim(&text, &length);
    if (length == 0)
        return NULL; /* told by the input's check */
    if (!shop_text_is_email(text, length)) {
        shop_field_fail(cx, "email", "Must be an e-mail address such as \"name@example.com\".");
        return NULL;
    }
    char *folded = shop_arena_strndup(cx->arena, text, length);
    if (folded)
        shop_ascii_fold(folded, folded, length);
    else
        (void)shop_fail_no_memory(cx);
    return folded;
}

/* A trimmed name; NULL when nothing is left of it, or memory is out. */
static const char *take_name(shop_ctx *cx, const char *text)
{
    size_t length = strlen(text);
    shop_text_trim(&text, &length);
    if (length == 0)
        return NULL; /* told by the input's check */
    const char *name = shop_arena_strndup(cx->arena, text, length);
    if (!name)
        (void)shop_fail_no_memory(cx);
    return name;
}

static void check_repetition(shop_ctx *cx, const char *field, const char *password, const char *again)
{
    if (password && again && strcmp(password, again) != 0)
        shop_field_fail(cx, field, "Must be the same password.");
}

/* After all fields were looked at: what they amount to. */
static shop_status fields_status(shop_ctx *cx)
{
    return cx->status == SHOP_NO_MEMORY ? SHOP_NO_MEMORY : shop_fields_status(cx);
}

static void fail_email_taken(shop_ctx *cx)
{
    shop_field_fail(cx, "email", "There is an account with this e-mail address already.");
}

static shop_status fail_not_found(shop_ctx *cx)
{
    return shop_fail(cx, SHOP_NOT_FOUND, "user_not_found", "There is no such account.");
}

/* ------------------------------------------------------------------------------------------------ a new account */

typedef struct new_account {
    const char *email;
    const char *first_name;
    const char *last_name;
    int64_t is_staff;
    char password_hash[SHOP_PASSWORD_HASH];
} new_account;

/* Adds the account to the batch. NULL (told) when that is not possible. */
static const shop_user *insert_user(shop_ctx *cx, shop_batch *b, const new_account *n)
{
    int64_t now = shop_now(cx->shop);
    int64_t id = shop_new_id(cx, TABLE_USER);
    if (id == SHOP_UNSET)
        return NULL;
    shop_user user = {.id = id,
                      .email = n->email,
                      .first_name = n->first_name,
                      .last_name = n->last_name,
                      .is_active = 1,
                      .is_staff = n->is_staff,
                      .roles = shop_account_roles(n->is_staff),
                      .date_joined = now};
    shop_batch_insert(b, TABLE_USER, id);
    shop_set_text(b, USER_EMAIL, n->email);
    shop_set_text(b, USER_FIRST_NAME, n->first_name);
    shop_set_text(b, USER_LAST_NAME, n->last_name);
    shop_set_text(b, USER_PASSWORD_HASH, n->password_hash);
    shop_set_int(b, USER_IS_ACTIVE, 1);
    shop_set_int(b, USER_IS_STAFF, n->is_staff);
    shop_set_int(b, USER_EMAIL_VERIFIED, 0);
    shop_set_int(b, USER_VERSION, 1);
    shop_set_int(b, USER_DATE_JOINED, now);
    shop_set_int(b, USER_UPDATED_AT, now);
    return shop_user_keep(cx, &user);
}

/* ------------------------------------------------------------------------------------------------ registration */

static shop_status take_registration(shop_ctx *cx, const shop_register_input *in, new_account *n)
{
    shop_status status = shop_input_check(cx, &shop_register_input_type, in, 0);
    if (status != SHOP_OK && status != SHOP_INVALID)
        return status;
    n->email = in->email ? take_email(cx, in->email) : NULL;
    n->first_name = in->first_name ? take_name(cx, in->first_name) : NULL;
    n->last_name = in->last_name ? take_name(cx, in->last_name) : NULL;
    shop_password_owner owner = {in->email, in->first_name, in->last_name};
    if (in->password)
        shop_password_check(cx, "password", in->password, &owner);
    check_repetition(cx, "password2", in->password, in->password2);
    return fields_status(cx);
}

static shop_status register_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const new_account *n = args;
    shop_account other;
    int taken;
    shop_status status = shop_account_by_email(cx, n->email, &other, &taken);
    if (status != SHOP_OK)
        return status;
    if (taken) {
        fail_email_taken(cx);
        return shop_fields_status(cx);
    }
    const shop_user *user = insert_user(cx, b, n);
    if (!user)
        return cx->status;
    *answer = shop_session_begin(cx, b, user);
    return cx->status;
}

shop_status shop_account_register(shop_ctx *cx, const shop_register_input *input, const shop_session **session)
{
    shop_ctx_begin(cx);
    if (!session)
        return shop_account_misuse(cx);
    new_account n = {.is_staff = 0};
    shop_status status = take_registration(cx, input, &n);
    if (status != SHOP_OK)
        return status;
    const void *answer = NULL;
    int replayed = 0;
    status = shop_change_replay(cx, &shop_session_type, &answer, &replayed);
    if (status == SHOP_OK && !replayed) {
        status = shop_password_hash(cx, input->password, n.password_hash);
        if (status == SHOP_OK)
            status = shop_change_run(cx, &shop_session_type, register_attempt, &n, &answer);
    }
    if (status == SHOP_OK)
        *session = answer;
    return status;
}

/* ------------------------------------------------------------------------------------------------ profile */

typedef struct profile {
    const char *email; /* NULL: stays, here and below */
    const char *first_name;
    const char *last_name;
} profile;

static shop_status take_profile(shop_ctx *cx, const shop_profile_input *in, profile *p)
{
    shop_status status = shop_input_check(cx, &shop_profile_input_type, in, 1);
    if (status != SHOP_OK && status != SHOP_INVALID)
        return status;
    p->email = in->email ? take_email(cx, in->email) : NULL;
    p->first_name = in->first_name ? take_name(cx, in->first_name) : NULL;
    p->last_name = in->last_name ? take_name(cx, in->last_name) : NULL;
    return fields_status(cx);
}

static shop_status check_email_free(shop_ctx *cx, const char *email)
{
    shop_account other;
    int taken;
    shop_status status = shop_account_by_email(cx, email, &other, &taken);
    if (status != SHOP_OK || !taken)
        return status;
    fail_email_taken(cx);
    return shop_fields_status(cx);
}

static void apply_profile(shop_user *user, const profile *p)
{
    if (p->email && strcmp(p->email, user->email) != 0) {
        user->email = p->email;
        user->email_verified = 0;
    }
    user->first_name = p->first_name ? p->first_name : user->first_name;
    user->last_name = p->last_name ? p->last_name : user->last_name;
}

static void update_profile(shop_batch *b, const shop_user *user, int64_t version, int64_t now)
{
    shop_batch_update(b, TABLE_USER, 1);
    shop_set_text(b, USER_EMAIL, user->email);
    shop_set_text(b, USER_FIRST_NAME, user->first_name);
    shop_set_text(b, USER_LAST_NAME, user->last_name);
    shop_set_int(b, USER_EMAIL_VERIFIED, user->email_verified);
    shop_set_add(b, USER_VERSION, 1);
    shop_set_int(b, USER_UPDATED_AT, now);
    shop_guard_int(b, USER_ID, SHOP_PRED_EQ, user->id);
    shop_guard_int(b, USER_VERSION, SHOP_PRED_EQ, version);
}

static shop_status profile_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const profile *p = args;
    shop_account account;
    shop_status status = shop_account_acting(cx, &account);
    if (status == SHOP_OK)
        status = shop_if_match(cx, &shop_user_type, &account.user);
    if (status == SHOP_OK && p->email && strcmp(p->email, account.user.email) != 0)
        status = check_email_free(cx, p->email);
    if (status != SHOP_OK)
        return status;
    apply_profile(&account.user, p);
    update_profile(b, &account.user, account.version, shop_now(cx->shop));
    *answer = shop_user_keep(cx, &account.user);
    return cx->status;
}

shop_status shop_account_update(shop_ctx *cx, const shop_profile_input *input, const shop_user **user)
{
    shop_ctx_begin(cx);
    if (!user)
        return shop_account_misuse(cx);
    shop_status status = shop_require_user(cx);
    profile p;
    if (status == SHOP_OK)
        status = take_profile(cx, input, &p);
    if (status != SHOP_OK)
        return status;
    const void *answer = NULL;
    status = shop_change_run(cx, &shop_user_type, profile_attempt, &p, &answer);
    if (status == SHOP_OK)
        *user = answer;
    return status;
}

/* ------------------------------------------------------------------------------------------------ password */

typedef struct password_change {
    const char *old_hash; /* that the old password was held against */
    int64_t kept_session;
    char new_hash[SHOP_PASSWORD_HASH];
} password_change;

static void fail_old_password(shop_ctx *cx)
{
    shop_field_fail(cx, "old_password", "Is not the password of this account.");
}

static shop_status password_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const password_change *p = args;
    (void)answer;
    shop_account account;
    shop_status status = shop_account_acting(cx, &account);
    if (status != SHOP_OK)
        return status;
    if (strcmp(account.password_hash, p->old_hash) != 0)
        return shop_fail(cx, SHOP_BUSY, "contention", "The password was changed at the same moment. Please try again.");
    shop_batch_update(b, TABLE_USER, 1);
    shop_set_text(b, USER_PASSWORD_HASH, p->new_hash);
    shop_set_add(b, USER_VERSION, 1);
    shop_set_int(b, USER_UPDATED_AT, shop_now(cx->shop));
    shop_guard_int(b, USER_ID, SHOP_PRED_EQ, account.user.id);
    shop_guard_int(b, USER_IS_ACTIVE, SHOP_PRED_EQ, 1);
    shop_guard_text(b, USER_PASSWORD_HASH, SHOP_PRED_EQ, p->old_hash);
    shop_session_end_all(b, account.user.id, p->kept_session);
    return SHOP_OK;
}

/* The rules of the new password and the rightness of the old one, told together. */
static shop_status check_password_input(shop_ctx *cx, const shop_password_input *in, const shop_account *account)
{
    shop_status status = shop_input_check(cx, &shop_password_input_type, in, 0);
    if (status != SHOP_OK && status != SHOP_INVALID)
        return status;
    shop_password_owner owner = {account->user.email, account->user.first_name, account->user.last_name};
    if (in->new_password)
        shop_password_check(cx, "new_password", in->new_password, &owner);
    check_repetition(cx, "new_password2", in->new_password, in->new_password2);
    int matches = 1;
    if (in->old_password && strlen(in->old_password) > SHOP_PASSWORD_MAX)
        matches = 0;
    else if (in->old_password) {
        status = shop_password_verify(cx, account->password_hash, in->old_password, &matches);
        if (status != SHOP_OK)
            return status;
    }
    if (!matches)
        fail_old_password(cx);
    return fields_status(cx);
}

shop_status shop_account_change_password(shop_ctx *cx, const shop_password_input *input)
{
    shop_ctx_begin(cx);
    shop_account account;
    int replayed = 0;
    shop_status status = shop_account_acting(cx, &account);
    if (status == SHOP_OK)
        status = shop_change_replay(cx, NULL, NULL, &replayed); /* first, for by then the old password is wrong */
    if (status != SHOP_OK || replayed)
        return status;
    status = check_password_input(cx, input, &account);
    if (status != SHOP_OK)
        return status;
    password_change p = {.old_hash = account.password_hash,
                         .kept_session = shop_session_of(cx, input->refresh, account.user.id)};
    status = shop_password_hash(cx, input->new_password, p.new_hash);
    if (status == SHOP_OK)
        status = shop_change_run(cx, NULL, password_attempt, &p, NULL);
    return status;
}

/* ------------------------------------------------------------------------------------------------ active or not */

typedef struct activation {
    int64_t user_id;
    int64_t active;
} activation;

static shop_status activation_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const activation *a = args;
    shop_account account;
    int found;
    shop_status status = shop_account_by_id(cx, a->user_id, &account, &found);
    if (status == SHOP_OK && !found)
        return fail_not_found(cx);
    if (status == SHOP_OK)
        status = shop_if_match(cx, &shop_user_type, &account.user);
    if (status != SHOP_OK)
        return status;
    if (account.user.is_active != a->active) {
        shop_batch_update(b, TABLE_USER, 1);
        shop_set_int(b, USER_IS_ACTIVE, a->active);
        shop_set_add(b, USER_VERSION, 1);
        shop_set_int(b, USER_UPDATED_AT, shop_now(cx->shop));
        shop_guard_int(b, USER_ID, SHOP_PRED_EQ, account.user.id);
        shop_guard_int(b, USER_VERSION, SHOP_PRED_EQ, account.version);
        if (!a->active)
            shop_session_end_all(b, account.user.id, 0);
    }
    account.user.is_active = a->active;
    *answer = shop_user_keep(cx, &account.user);
    return cx->status;
}

shop_status shop_account_set_active(shop_ctx *cx, int64_t user_id, int32_t active, const shop_user **user)
{
    shop_ctx_begin(cx);
    if (!user)
        return shop_account_misuse(cx);
    shop_status status = shop_require_staff(cx);
    if (status != SHOP_OK)
        return status;
    if (active != 0 && active != 1) {
        shop_field_fail(cx, "active", "Must be 0 or 1.");
        return shop_fields_status(cx);
    }
    if (user_id == cx->actor)
        return shop_fail(cx, SHOP_CONFLICT, "own_account",
                         "Your own account can be enabled or disabled only by somebody else.");
    activation a = {.user_id = user_id, .active = active};
    const void *answer = NULL;
    status = shop_change_run(cx, &shop_user_type, activation_attempt, &a, &answer);
    if (status == SHOP_OK)
        *user = answer;
    return status;
}

/* ------------------------------------------------------------------------------------------------ staff */

static shop_status take_admin(shop_ctx *cx, const char *email, const char *password, new_account *n)
{
    shop_login_input in = SHOP_LOGIN_INPUT_INIT;
    in.email = email;
    in.password = password;
    shop_status status = shop_input_check(cx, &shop_admin_input_type, &in, 0);
    if (status != SHOP_OK && status != SHOP_INVALID)
        return status;
    n->email = email ? take_email(cx, email) : NULL;
    shop_password_owner owner = {.email = email};
    if (password)
        shop_password_check(cx, "password", password, &owner);
    return fields_status(cx);
}

/* An operator gets back in: a new password, active, and nothing that was handed out before is good. */
static void restore_admin(shop_batch *b, const shop_account *account, const new_account *n, int64_t now)
{
    shop_batch_update(b, TABLE_USER, 1);
    shop_set_text(b, USER_PASSWORD_HASH, n->password_hash);
    shop_set_int(b, USER_IS_ACTIVE, 1);
    shop_set_add(b, USER_VERSION, 1);
    shop_set_int(b, USER_UPDATED_AT, now);
    shop_guard_int(b, USER_ID, SHOP_PRED_EQ, account->user.id);
    shop_guard_int(b, USER_VERSION, SHOP_PRED_EQ, account->version);
    shop_guard_int(b, USER_IS_STAFF, SHOP_PRED_EQ, 1);
    shop_session_end_all(b, account->user.id, 0);
}

static shop_status admin_attempt(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    const new_account *n = args;
    shop_account account;
    int found;
    shop_status status = shop_account_by_email(cx, n->email, &account, &found);
    if (status != SHOP_OK)
        return status;
    if (!found) {
        *answer = insert_user(cx, b, n);
        return cx->status;
    }
    if (!account.user.is_staff)
        return shop_fail(cx, SHOP_CONFLICT, "email_taken",
                         "This e-mail address belongs to a customer's account, which cannot become staff. Use another one.");
    restore_admin(b, &account, n, shop_now(cx->shop));
    account.user.is_active = 1;
    *answer = shop_user_keep(cx, &account.user);
    return cx->status;
}

shop_status shop_account_create_admin(shop_ctx *cx, const char *email, const char *password, const shop_user **user)
{
    shop_ctx_begin(cx);
    if (!user)
        return shop_account_misuse(cx);
    if (cx->actor != SHOP_ACTOR_SYSTEM)
        return shop_fail(cx, SHOP_FORBIDDEN, "system_only", "Only the program itself makes staff.");
    new_account n = {.first_name = "", .last_name = "", .is_staff = 1};
    shop_status status = take_admin(cx, email, password, &n);
    if (status == SHOP_OK)
        status = shop_password_hash(cx, password, n.password_hash);
    if (status != SHOP_OK)
        return status;
    const void *answer = NULL;
    status = shop_change_run(cx, &shop_user_type, admin_attempt, &n, &answer);
    if (status == SHOP_OK)
        *user = answer;
    return status;
}
