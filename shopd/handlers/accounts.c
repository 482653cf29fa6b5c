/* SPDX-License-Identifier: MIT */
/* /auth: accounts and sessions over HTTP. With ?use_cookies=true the tokens travel in cookies and are left out of the body. */
#include "../app/call.h"

/* The session as the client wants its tokens: in the body or in cookies. */
static shop_status take_session(call *c, const shop_session *session, const shop_session **shown)
{
    *shown = session;
    if (!call_use_cookies(c))
        return SHOP_OK;
    const shop_tokens *tokens = shop_session_tokens(session);
    reply_set_token_cookies(c, shop_tokens_access(tokens), shop_tokens_refresh(tokens));
    return shop_session_bare(c->cx, session, shown);
}

/* The refresh token of the body, else of the cookie; NULL when there is none. */
static shop_status take_refresh(call *c, const char **refresh)
{
    shop_refresh_input in = SHOP_REFRESH_INPUT_INIT;
    shop_status status = call_body(c, &in);
    *refresh = in.refresh ? in.refresh : call_refresh_cookie(c);
    return status;
}

static shop_status register_account(call *c)
{
    shop_register_input in = SHOP_REGISTER_INPUT_INIT;
    const shop_session *session = NULL;
    shop_status status = call_body(c, &in);
    if (status == SHOP_OK)
        status = shop_account_register(c->cx, &in, &session);
    if (status == SHOP_OK)
        status = take_session(c, session, &session);
    return status == SHOP_OK ? reply_created(c, session, "/auth/me/") : status;
}

static shop_status login(call *c)
{
    shop_login_input in = SHOP_LOGIN_INPUT_INIT;
    const shop_session *session = NULL;
    shop_status status = call_body(c, &in);
    if (status == SHOP_OK)
        status = shop_account_login(c->cx, &in, &session);
    if (status == SHOP_OK)
        status = take_session(c, session, &session);
    return status == SHOP_OK ? reply_object(c, session) : status;
}

static shop_status logout(call *c)
{
    const char *refresh = NULL;
    shop_status status = take_refresh(c, &refresh);
    if (status == SHOP_OK)
        status = shop_account_logout(c->cx, refresh);
    if (status != SHOP_OK)
        return status;
    reply_delete_token_cookies(c);
    return reply_words(c, "detail", "You are logged out.");
}

static shop_status refresh_tokens(call *c)
{
    const char *refresh = NULL;
    const shop_tokens *tokens = NULL;
    shop_status status = take_refresh(c, &refresh);
    if (status == SHOP_OK)
        status = shop_account_refresh(c->cx, refresh, &tokens);
    if (status != SHOP_OK)
        return status;
    if (!call_use_cookies(c))
        return reply_object(c, tokens);
    reply_set_token_cookies(c, shop_tokens_access(tokens), shop_tokens_refresh(tokens));
    return reply_json(c, "{}", 2);
}

static shop_status change_password(call *c)
{
    shop_password_input in = SHOP_PASSWORD_INPUT_INIT;
    shop_status status = call_body(c, &in);
    if (!in.refresh && c->with_cookies)
        in.refresh = call_refresh_cookie(c); /* the browser's own session goes on */
    if (status == SHOP_OK)
        status = shop_account_change_password(c->cx, &in);
    return status == SHOP_OK ? reply_words(c, "detail", "Your password is changed.") : status;
}

static shop_status me(call *c)
{
    const shop_user *user = NULL;
    shop_status status = shop_account_me(c->cx, &user);
    return status == SHOP_OK ? reply_object(c, user) : status;
}

static shop_status update_me(call *c)
{
    shop_profile_input in = SHOP_PROFILE_INPUT_INIT;
    const shop_user *user = NULL;
    shop_status status = call_body(c, &in);
    if (status == SHOP_OK)
        status = shop_account_update(c->cx, &in, &user);
    return status == SHOP_OK ? reply_object(c, user) : status;
}

const route routes_accounts[] = {
    {HTTP_POST, "/auth/register", register_account, ACCESS_PUBLIC, 201, ROUTE_COOKIES, "auth", "accounts", "account_register",
     "Make an account and log in", NULL, "register_input", "session"},
    {HTTP_POST, "/auth/login", login, ACCESS_PUBLIC, 200, ROUTE_COOKIES, "auth", "accounts", "account_login", "Log in", NULL,
     "login_input", "session"},
    {HTTP_POST, "/auth/logout", logout, ACCESS_USER, 200, ROUTE_OPTIONAL_BODY, "auth", "accounts", "account_logout",
     "End the session of a refresh token", NULL, "refresh_input", NULL},
    {HTTP_POST, "/auth/token/refresh", refresh_tokens, ACCESS_PUBLIC, 200, ROUTE_COOKIES | ROUTE_OPTIONAL_BODY, "auth",
     "accounts", "account_refresh", "Change a refresh token for a new pair of tokens", NULL, "refresh_input", "tokens"},
    {HTTP_POST, "/auth/change-password", change_password, ACCESS_USER, 200, 0, "auth", "accounts", "account_change_password",
     "Change the password and end all other sessions", NULL, "password_input", NULL},
    {HTTP_GET, "/auth/me", me, ACCESS_USER, 200, 0, "read", "accounts", "account_me", "The own profile", NULL, NULL, "user"},
    {HTTP_PATCH, "/auth/me", update_me, ACCESS_USER, 200, 0, "write", "accounts", "account_update",
     "Change names and e-mail of the own profile", NULL, "profile_input", "user"},
    {0, NULL, NULL, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};
