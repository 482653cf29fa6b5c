/* SPDX-License-Identifier: MIT */
/* Reading accounts. */
#include "account.h"

const char *const *shop_account_roles(int64_t is_staff)
{
    static const char *const customer[] = {"customer", NULL};
    static const char *const staff[] = {"customer", "staff", NULL};
    return is_staff ? staff : customer;
}

void shop_account_load(const shop_value *row, shop_account *out)
{
    *out = (shop_account){.password_hash = row[USER_PASSWORD_HASH].data, .version = row[USER_VERSION].num};
    shop_type_load(&shop_user_type, row, &out->user);
    out->user.roles = shop_account_roles(out->user.is_staff);
}

static shop_status run_for_one(shop_query *q, int read, shop_account *out, int *found)
{
    *found = 0;
    shop_status status = shop_query_run(q);
    if (status != SHOP_OK)
        return status;
    const shop_rows *rows = shop_query_rows(q, read);
    if (rows->count > 0) {
        shop_account_load(shop_row(rows, 0), out);
        *found = 1;
    }
    return SHOP_OK;
}

shop_status shop_account_by_id(shop_ctx *cx, int64_t id, shop_account *out, int *found)
{
    shop_query *q = shop_query_new(cx);
    int read = shop_query_read(q, TABLE_USER);
    shop_where_int(q, USER_ID, SHOP_PRED_EQ, id);
    return run_for_one(q, read, out, found);
}

shop_status shop_account_by_email(shop_ctx *cx, const char *email, shop_account *out, int *found)
{
    shop_query *q = shop_query_new(cx);
    int read = shop_query_read(q, TABLE_USER);
    shop_where_text(q, USER_EMAIL, SHOP_PRED_EQ, email);
    return run_for_one(q, read, out, found);
}

shop_status shop_account_acting(shop_ctx *cx, shop_account *out)
{
    if (cx->actor == SHOP_ACTOR_SYSTEM)
        return shop_fail(cx, SHOP_FORBIDDEN, "no_account", "The program itself has no account.");
    shop_status status = shop_require_user(cx);
    int found = 0;
    if (status == SHOP_OK)
        status = shop_account_by_id(cx, cx->actor, out, &found);
    if (status != SHOP_OK)
        return status;
    if (!found)
        return shop_fail(cx, SHOP_UNAUTHENTICATED, "authentication_required", "Please log in first.");
    if (!out->user.is_active)
        return shop_fail(cx, SHOP_FORBIDDEN, "account_disabled", "This account is disabled.");
    return SHOP_OK;
}

shop_status shop_account_misuse(shop_ctx *cx)
{
    return shop_fail(cx, SHOP_MISUSE, "misuse", "The call was given NULL where none may be.");
}

const shop_user *shop_user_keep(shop_ctx *cx, const shop_user *user)
{
    shop_user *kept = shop_arena_alloc(cx->arena, sizeof *kept);
    if (kept)
        *kept = *user;
    else
        (void)shop_fail_no_memory(cx);
    return kept;
}

shop_status shop_account_me(shop_ctx *cx, const shop_user **user)
{
    shop_ctx_begin(cx);
    if (!user)
        return shop_account_misuse(cx);
    shop_account account;
    shop_status status = shop_account_acting(cx, &account);
    if (status != SHOP_OK)
        return status;
    *user = shop_user_keep(cx, &account.user);
    return cx->status;
}

shop_status shop_account_get(shop_ctx *cx, int64_t user_id, const shop_user **user)
{
    shop_ctx_begin(cx);
    if (!user)
        return shop_account_misuse(cx);
    shop_account account;
    int found = 0;
    shop_status status = shop_require_staff(cx);
    if (status == SHOP_OK)
        status = shop_account_by_id(cx, user_id, &account, &found);
    if (status != SHOP_OK)
        return status;
    if (!found)
        return shop_fail(cx, SHOP_NOT_FOUND, "user_not_found", "There is no such account.");
    *user = shop_user_keep(cx, &account.user);
    return cx->status;
}
