# SPDX-License-Identifier: MIT
"""Tokens in cookies: their flags and lifetimes, and the check against forged requests."""
import http.cookies

import shopd
from shopd import PASSWORD, unique

EVIL = "https://evil.example"


def cookies_of(answer):
    jar = {}
    for line in answer.headers.get_all("Set-Cookie") or []:
        for name, morsel in http.cookies.SimpleCookie(line).items():
            assert name not in jar, f"{name} is set twice"
            jar[name] = morsel
    return jar


class Browser:
    """A client that keeps cookies, and sends what a browser would when told to."""

    def __init__(self, shop):
        self.client = shop.client()
        self.shop = shop
        self.jar = {}
        self.email = unique("browser") + "@shop.example"

    def call(self, method, path, body=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.jar.items()) or None
        answer = self.client.call(method, path, body, headers=headers)
        for name, morsel in cookies_of(answer).items():
            if morsel["max-age"] == "0":
                self.jar.pop(name, None)
            else:
                self.jar[name] = morsel.value
        return answer

    def register(self, **headers):
        return self.call("POST", "/auth/register/?use_cookies=true",
                         {"email": self.email, "first_name": "Ada", "last_name": "Byron", "password": PASSWORD, "password2": PASSWORD},
                         **headers)

    def login(self, **headers):
        return self.call("POST", "/auth/login/?use_cookies=true", {"email": self.email, "password": PASSWORD}, **headers)


class Cookies(shopd.ShopTest):
    settings = {"SHOP_COOKIE_SECURE": "on", "SHOP_ACCESS_TTL": "77", "SHOP_REFRESH_TTL": "777"}

    def test_tokens_come_in_cookies_and_not_in_the_body(self):
        browser = Browser(self.shop)
        for answer in (browser.register().expect(201), browser.login().expect(200)):
            self.assertEqual(set(answer.json), {"user"})
            jar = cookies_of(answer)
            self.assertLessEqual({"access_token", "refresh_token"}, set(jar))
            for name, lifetime in [("access_token", "77"), ("refresh_token", "777")]:
                morsel = jar[name]
                self.assertTrue(morsel["httponly"] and morsel["secure"], name)
                self.assertIn(morsel["samesite"].lower(), ("lax", "strict"))
                self.assertEqual((morsel["max-age"], morsel["path"]), (lifetime, "/"))
                self.assertEqual(morsel["domain"], "")
                self.assertNotIn(morsel.value, answer.body.decode())

    def test_without_asking_there_are_no_cookies(self):
        buyer = self.shop.customer()
        for query in ["", "?use_cookies=false"]:
            answer = self.anybody.post("/auth/login/" + query, {"email": buyer.email, "password": PASSWORD}).expect(200)
            self.assertEqual(cookies_of(answer), {})
            self.assertIn("tokens", answer.json)

    def test_a_failed_login_sets_no_cookie(self):
        answer = self.anybody.post("/auth/login/?use_cookies=true", {"email": "a@b.example", "password": "x"}).expect(401)
        self.assertEqual(cookies_of(answer), {})


class Forgery(shopd.ShopTest):
    def setUp(self):
        self.browser = Browser(self.shop)
        self.browser.register().expect(201)
        self.own = {"Origin": self.shop.url}

    def rename(self, **headers):
        return self.browser.call("PATCH", "/auth/me/", {"first_name": "Eve"}, **headers)

    def test_in_development_cookies_travel_without_tls(self):
        for morsel in cookies_of(self.browser.login()).values():
            self.assertFalse(morsel["secure"])

    def test_a_cookie_tells_who_calls(self):
        self.assertEqual(self.browser.call("GET", "/auth/me/").expect(200).json["email"], self.browser.email)
        self.browser.call("GET", "/cart/", Origin=EVIL).expect(200)

    def test_an_unsafe_request_must_show_where_it_comes_from(self):
        self.rename().expect(403, "csrf_failed")
        for headers in [{"Origin": EVIL}, {"Origin": "null"}, {"Origin": ""}, {"Origin": self.shop.url + ".evil.example"},
                        {"Origin": f"http://127.0.0.1:{self.shop.port + 1}"}, {"Origin": EVIL + "/?" + self.shop.url},
                        {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"},
                        {"Sec_Fetch_Site": "same-origin", "Origin": EVIL}, {"Referer": self.shop.url + "/"}]:
            with self.subTest(headers=headers):
                self.rename(**headers).expect(403, "csrf_failed")
        self.assertEqual(self.browser.call("GET", "/auth/me/").json["first_name"], "Ada")

    def test_the_own_origin_passes(self):
        self.rename(**self.own).expect(200)
        self.rename(Sec_Fetch_Site="same-origin").expect(200)
        self.rename(Sec_Fetch_Site="none").expect(200)

    def test_the_double_submit_token_passes(self):
        token = self.browser.jar["csrf_token"]
        self.rename(X_CSRF_Token=token).expect(200)
        for wrong in [token[:-1], token + "x", "", "x" * len(token)]:
            self.rename(X_CSRF_Token=wrong).expect(403, "csrf_failed")
        self.browser.jar["csrf_token"] = ""
        self.rename(X_CSRF_Token="").expect(403, "csrf_failed")

    def test_every_unsafe_method_is_checked(self):
        for method, path, body in [("POST", "/cart/items/", {"product_id": 1}), ("PUT", "/cart/items/1/", {"quantity": 1}),
                                   ("DELETE", "/cart/clear/", None), ("POST", "/orders/", {"shipping_address": "x"}),
                                   ("POST", "/auth/logout/", {}), ("POST", "/payments/create-intent/", {"order_id": 1})]:
            with self.subTest(path=path):
                self.browser.call(method, path, body, Origin=EVIL).expect(403, "csrf_failed")

    def test_a_bearer_token_needs_no_such_check(self):
        buyer = self.shop.customer()
        buyer.patch("/auth/me/", {"first_name": "Eve"}, headers={"Origin": EVIL}).expect(200)

    def test_refreshing_by_cookie_changes_both_cookies(self):
        before = dict(self.browser.jar)
        answer = self.browser.call("POST", "/auth/token/refresh/?use_cookies=true", **self.own).expect(200)
        self.assertNotIn("access", answer.json)
        self.assertNotEqual(self.browser.jar["refresh_token"], before["refresh_token"])
        self.browser.call("GET", "/auth/me/").expect(200)
        self.browser.jar["refresh_token"] = before["refresh_token"]
        self.browser.call("POST", "/auth/token/refresh/?use_cookies=true", **self.own).expect(401)

    def test_refreshing_by_cookie_is_checked_too(self):
        before = self.browser.jar["refresh_token"]
        self.browser.call("POST", "/auth/token/refresh/?use_cookies=true", Origin=EVIL).expect(403, "csrf_failed")
        self.browser.call("POST", "/auth/token/refresh/?use_cookies=true").expect(403, "csrf_failed")
        self.assertEqual(self.browser.jar["refresh_token"], before)
        self.browser.call("POST", "/auth/token/refresh/?use_cookies=true", **self.own).expect(200)

    def test_another_site_logs_nobody_in(self):
        self.browser.jar.clear()
        self.browser.login(Origin=EVIL).expect(403, "csrf_failed")
        self.assertEqual(self.browser.jar, {})

    def test_logout_deletes_the_cookies_and_the_session(self):
        refresh = self.browser.jar["refresh_token"]
        answer = self.browser.call("POST", "/auth/logout/", **self.own).expect(200)
        jar = cookies_of(answer)
        for name in ("access_token", "refresh_token"):
            self.assertEqual((jar[name]["max-age"], jar[name].value, jar[name]["path"]), ("0", "", "/"))
        self.anybody.post("/auth/token/refresh/", {"refresh": refresh}).expect(401)

    def test_a_bad_cookie_is_no_one(self):
        for value in ["x", "a.b.c", ""]:
            self.browser.jar["access_token"] = value
            self.browser.call("GET", "/auth/me/").expect(401)
            self.browser.call("GET", "/products/").expect(200)

    def test_a_cookie_that_is_there_twice_is_not_believed(self):
        token = self.browser.jar["access_token"]
        self.anybody.get("/auth/me/", headers={"Cookie": f"access_token={token}; access_token=x"}).expect(401)

    def test_the_browsers_session_outlives_a_change_of_password(self):
        new = "another horse battery"
        other = self.shop.login(self.browser.email)
        self.browser.call("POST", "/auth/change-password/", {"old_password": PASSWORD, "new_password": new, "new_password2": new},
                          **self.own).expect(200)
        self.browser.call("POST", "/auth/token/refresh/?use_cookies=true", **self.own).expect(200)
        self.anybody.post("/auth/token/refresh/", {"refresh": other.refresh}).expect(401)


class OtherOrigins(shopd.ShopTest):
    front = "https://front.example"
    settings = {"CORS_ALLOWED_ORIGINS": "https://front.example"}

    def test_a_listed_origin_may_call_with_cookies(self):
        browser = Browser(self.shop)
        answer = browser.register(Origin=self.front).expect(201)
        self.assertEqual(answer.headers["Access-Control-Allow-Origin"], self.front)
        self.assertEqual(answer.headers["Access-Control-Allow-Credentials"], "true")
        browser.call("PATCH", "/auth/me/", {"first_name": "Eve"}, Origin=self.front).expect(200)

    def test_another_origin_is_told_nothing(self):
        for origin in [EVIL, self.front + ".evil.example", "http://front.example", "null"]:
            answer = self.anybody.get("/products/", headers={"Origin": origin}).expect(200)
            self.assertIsNone(answer.headers["Access-Control-Allow-Origin"])

    def test_a_preflight_names_methods_and_headers(self):
        answer = self.anybody.call("OPTIONS", "/orders/", headers={"Origin": self.front, "Access-Control-Request-Method": "POST",
                                                                  "Access-Control-Request-Headers": "idempotency-key"}).expect(204)
        self.assertIn("POST", answer.headers["Access-Control-Allow-Methods"])
        self.assertIn("idempotency-key", answer.headers["Access-Control-Allow-Headers"].lower())
        self.assertIn("Origin", answer.headers["Vary"])

    def test_errors_can_be_read_by_the_listed_origin(self):
        answer = self.anybody.get("/auth/me/", headers={"Origin": self.front}).expect(401)
        self.assertEqual(answer.headers["Access-Control-Allow-Origin"], self.front)


if __name__ == "__main__":
    shopd.main()
