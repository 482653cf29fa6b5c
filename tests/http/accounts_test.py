# SPDX-License-Identifier: MIT
"""Accounts: registration, passwords, tokens and their families."""
import base64
import hashlib
import hmac
import json

import shopd
from shopd import PASSWORD, unique


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def encode(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def someone(**members):
    body = {"email": unique("someone") + "@shop.example", "first_name": "Grace", "last_name": "Hopper", "password": PASSWORD,
            "password2": PASSWORD}
    body.update(members)
    return {name: value for name, value in body.items() if value is not None}


class Registration(shopd.ShopTest):
    def register(self, **members):
        return self.anybody.post("/auth/register/", someone(**members))

    def test_a_new_account_is_logged_in(self):
        body = someone()
        answer = self.anybody.post("/auth/register/", body).expect(201)
        user = answer.json["user"]
        self.assertEqual((user["email"], user["first_name"], user["last_name"]), (body["email"], "Grace", "Hopper"))
        self.assertEqual((user["is_active"], user["is_staff"], user["email_verified"]), (True, False, False))
        self.assertNotIn("password", answer.body.decode())
        client = self.shop.client(answer.json["tokens"]["access"])
        self.assertEqual(client.get(answer.headers["Location"].removeprefix(shopd.PREFIX)).expect(200).json, user)

    def test_an_email_is_trimmed_and_compared_without_case(self):
        name = unique("Mixed")
        user = self.register(email=f"  {name}@Shop.Example ").expect(201).json["user"]
        self.assertEqual(user["email"], f"{name}@shop.example".lower())
        self.register(email=f"{name}@SHOP.example").expect_field("email")
        self.shop.login(f" {name.upper()}@shop.EXAMPLE ")

    def test_what_is_no_email_is_named(self):
        for email in ["", "x", "@shop.example", "a@", "a b@shop.example", "a@b@c.example", "a@shop.example\n", "a@" + "b" * 300 + ".example",
                      "a\u0000@shop.example"]:
            with self.subTest(email=email):
                answer = self.register(email=email).expect(400)
                if "\u0000" not in email and not email.endswith("\n"):
                    answer.expect_field("email")

    def test_each_fault_of_a_password_is_named(self):
        for password, fault in [("short1x", "at least 8"), ("1234567890123", "digits"), ("password123", "common"),
                                ("gracehopper", "similar"), ("x" * 1025, "1024"), ("é" * 513, "1024")]:
            with self.subTest(password=password[:20]):
                answer = self.register(password=password, password2=password).expect_field("password")
                self.assertTrue(any(fault in message for message in answer.json["errors"]["password"]), answer.body)

    def test_several_faults_are_told_at_once(self):
        errors = self.register(email="x", password="1234567", password2="7654321", first_name="").expect(400).json["errors"]
        self.assertLessEqual({"email", "password", "first_name"}, set(errors))

    def test_a_password_like_the_email_is_refused(self):
        name = unique("margaret") + "hamilton"
        self.register(email=f"{name}@shop.example", password=name, password2=name).expect_field("password")

    def test_a_password_of_1024_bytes_is_taken(self):
        password = "aB3 " * 256
        email = self.register(password=password, password2=password).expect(201).json["user"]["email"]
        self.shop.login(email, password)

    def test_two_different_passwords_are_refused(self):
        self.register(password2=PASSWORD + "x").expect_field("password2")

    def test_missing_members_are_named(self):
        self.anybody.post("/auth/register/", {}).expect_field("email", "first_name", "last_name", "password", "password2")

    def test_nobody_makes_himself_staff(self):
        for member in ["is_staff", "is_active", "roles", "id", "is_superuser", "email_verified"]:
            with self.subTest(member=member):
                self.register(**{member: True}).expect_field(member)

    def test_names_are_one_line_and_not_too_long(self):
        self.register(first_name="a" * 151).expect_field("first_name")
        self.register(last_name="a\nb").expect_field("last_name")
        self.register(first_name="é" * 150).expect(201)

    def test_there_is_no_list_of_users(self):
        for path in ["/auth/", "/auth/users/", "/users/", "/auth/me/1/"]:
            self.shop.customer().get(path).expect(404)


class Sessions(shopd.ShopTest):
    def refresh(self, token):
        return self.anybody.post("/auth/token/refresh/", {"refresh": token})

    def test_login_answers_with_user_and_tokens(self):
        buyer = self.shop.customer()
        session = self.anybody.post("/auth/login/", {"email": buyer.email, "password": PASSWORD}).expect(200).json
        self.assertEqual(session["user"]["id"], buyer.id)
        self.assertEqual(set(session["tokens"]), {"access", "refresh"})

    def test_a_wrong_password_and_an_unknown_email_get_the_same_words(self):
        buyer = self.shop.customer()
        wrong = self.anybody.post("/auth/login/", {"email": buyer.email, "password": "wrong password"}).expect(401, "invalid_credentials")
        unknown = self.anybody.post("/auth/login/", {"email": "nobody@shop.example", "password": PASSWORD}).expect(401)
        strip = lambda answer: {name: value for name, value in answer.json.items() if name != "request_id"}
        self.assertEqual(strip(wrong), strip(unknown))
        self.assertEqual(wrong.headers["WWW-Authenticate"], unknown.headers["WWW-Authenticate"])

    def test_tokens_carry_the_promised_claims(self):
        buyer = self.shop.customer()
        access, refresh = claims(buyer.token), claims(buyer.refresh)
        self.assertEqual((access["token_type"], refresh["token_type"]), ("access", "refresh"))
        self.assertEqual((access["exp"] - access["iat"], refresh["exp"] - refresh["iat"]), (300, 7 * 24 * 3600))
        self.assertEqual((access["user_id"], refresh["user_id"]), (buyer.id, buyer.id))
        self.assertNotEqual(access["jti"], refresh["jti"])
        self.assertEqual(access["roles"], ["customer"])
        self.assertIn("staff", claims(self.shop.login(*self.shop.admin_login).token)["roles"])

    def test_refreshing_gives_a_new_pair(self):
        buyer = self.shop.customer()
        pair = self.refresh(buyer.refresh).expect(200).json
        self.assertNotEqual(pair["refresh"], buyer.refresh)
        self.shop.client(pair["access"]).get("/auth/me/").expect(200)
        self.refresh(pair["refresh"]).expect(200)

    def test_a_dead_refresh_token_kills_its_family_only(self):
        buyer = self.shop.customer()
        other = self.shop.login(buyer.email)
        pair = self.refresh(buyer.refresh).expect(200).json
        self.refresh(buyer.refresh).expect(401, "invalid_token")
        self.refresh(pair["refresh"]).expect(401, "invalid_token")
        self.refresh(other.refresh).expect(200)

    def test_logout_kills_the_family(self):
        buyer = self.shop.customer()
        pair = self.refresh(buyer.refresh).expect(200).json
        self.assertIn("detail", buyer.post("/auth/logout/", {"refresh": pair["refresh"]}).expect(200).json)
        self.refresh(pair["refresh"]).expect(401, "invalid_token")
        self.shop.login(buyer.email)

    def test_logout_by_an_old_token_of_the_family_kills_it_too(self):
        buyer = self.shop.customer()
        pair = self.refresh(buyer.refresh).expect(200).json
        buyer.post("/auth/logout/", {"refresh": buyer.refresh}).expect(200)
        self.refresh(pair["refresh"]).expect(401)

    def test_nobody_logs_out_somebody_else(self):
        victim, thief = self.shop.customer(), self.shop.customer()
        thief.post("/auth/logout/", {"refresh": victim.refresh}).expect(401)
        self.refresh(victim.refresh).expect(200)

    def test_logout_needs_a_refresh_token(self):
        self.shop.customer().post("/auth/logout/", {}).expect_field("refresh")
        self.shop.customer().post("/auth/logout/").expect_field("refresh")

    def test_refreshing_needs_a_token(self):
        self.anybody.post("/auth/token/refresh/", {}).expect_field("refresh")
        for wrong in ["", "x", "a.b.c", "x" * 5000]:
            with self.subTest(wrong=wrong[:10]):
                self.assertIn(self.refresh(wrong).status, (400, 401))

    def test_a_token_is_only_good_for_its_own_kind(self):
        buyer = self.shop.customer()
        self.refresh(buyer.token).expect(401, "invalid_token")
        self.shop.client(buyer.refresh).get("/auth/me/").expect(401, "invalid_token")
        self.refresh(buyer.refresh).expect(200)

    def test_changing_the_password_ends_every_other_session(self):
        buyer = self.shop.customer()
        other = self.shop.login(buyer.email)
        new = "another horse battery"
        answer = buyer.post("/auth/change-password/", {"old_password": PASSWORD, "new_password": new, "new_password2": new,
                                                       "refresh": buyer.refresh}).expect(200)
        self.assertIn("detail", answer.json)
        self.refresh(other.refresh).expect(401)
        self.refresh(buyer.refresh).expect(200)
        self.anybody.post("/auth/login/", {"email": buyer.email, "password": PASSWORD}).expect(401)
        self.shop.login(buyer.email, new)

    def test_a_change_of_password_obeys_the_rules(self):
        buyer = self.shop.customer()
        change = lambda old, new, again: buyer.post("/auth/change-password/",
                                                    {"old_password": old, "new_password": new, "new_password2": again})
        change("wrong password", "another horse battery", "another horse battery").expect_field("old_password")
        change(PASSWORD, "another horse battery", "another horse batterx").expect_field("new_password2")
        change(PASSWORD, "12345678", "12345678").expect_field("new_password")
        buyer.post("/auth/change-password/", {}).expect_field("old_password", "new_password", "new_password2")
        self.refresh(buyer.refresh).expect(200)


class OwnAccount(shopd.ShopTest):
    def test_me_is_the_own_profile(self):
        buyer = self.shop.customer()
        me = buyer.get("/auth/me/").expect(200).json
        self.assertLessEqual({"id", "email", "first_name", "last_name", "is_active", "is_staff", "date_joined"}, set(me))
        self.assertEqual((me["id"], me["email"]), (buyer.id, buyer.email))

    def test_names_and_email_can_be_changed(self):
        buyer = self.shop.customer()
        email = unique("moved") + "@shop.example"
        me = buyer.patch("/auth/me/", {"first_name": "Zoë", "email": email.upper()}).expect(200).json
        self.assertEqual((me["first_name"], me["last_name"], me["email"]), ("Zoë", "Byron", email))
        self.shop.login(email)

    def test_nothing_else_can_be_changed(self):
        buyer = self.shop.customer()
        for member in ["is_staff", "is_active", "id", "password", "date_joined", "email_verified", "roles"]:
            with self.subTest(member=member):
                buyer.patch("/auth/me/", {member: True}).expect_field(member)
        self.assertFalse(buyer.get("/auth/me/").json["is_staff"])

    def test_an_email_of_somebody_else_is_refused(self):
        one, two = self.shop.customer(), self.shop.customer()
        one.patch("/auth/me/", {"email": two.email.upper()}).expect_field("email")

    def test_a_stale_change_is_412(self):
        buyer = self.shop.customer()
        tag = buyer.get("/auth/me/").headers["ETag"]
        buyer.patch("/auth/me/", {"first_name": "One"}, headers={"If-Match": tag}).expect(200)
        buyer.patch("/auth/me/", {"first_name": "Two"}, headers={"If-Match": tag}).expect(412, "precondition_failed")
        self.assertEqual(buyer.get("/auth/me/").json["first_name"], "One")

    def test_answers_to_somebody_are_not_for_caches(self):
        self.assertEqual(self.shop.customer().get("/auth/me/").headers["Cache-Control"], "no-store")


class BadTokens(shopd.ShopTest):
    def refused(self, authorization):
        answer = self.anybody.get("/auth/me/", headers={"Authorization": authorization}).expect(401, "invalid_token")
        self.assertIn("invalid_token", answer.headers["WWW-Authenticate"])

    def test_a_tampered_token_is_refused(self):
        token = self.shop.customer().token
        head, body, signature = token.split(".")
        forged = dict(claims(token), user_id=1, roles=["staff"])
        for bad in [f"{head}.{encode(forged)}.{signature}", f"{head}.{body}.{signature[:-4]}AAAA", f"{head}.{body}.", f"{head}.{body}",
                    f".{body}.{signature}", f"{head}..{signature}", token + "A", token + ".x", token[:-1], "x" + token, token + "=", "...",
                    "a.b.c", f"{head}.{body}!.{signature}"]:
            with self.subTest(bad=bad[-40:]):
                self.refused("Bearer " + bad)

    def test_a_token_with_another_algorithm_is_refused(self):
        body = encode(claims(self.shop.customer().token))
        for head, key in [({"alg": "none", "typ": "JWT"}, None), ({"alg": "None"}, None), ({"alg": "HS256", "typ": "JWT"}, b""),
                          ({"alg": "HS256"}, b"secret"), ({"alg": "HS512", "typ": "JWT"}, b"secret"), ({}, None)]:
            with self.subTest(head=head):
                signed = f"{encode(head)}.{body}"
                signature = "" if key is None else encode(hmac.new(key, signed.encode(), hashlib.sha256).digest())
                self.refused(f"Bearer {signed}.{signature}")

    def test_another_scheme_is_refused(self):
        token = self.shop.customer().token
        for header in ["Basic dXNlcjpwYXNz", token, "Bearer", "Bearer ", "Token " + token, "Bearer " + "x" * 5000, "Bearer a b"]:
            with self.subTest(header=header[:20]):
                self.refused(header)

    def test_the_scheme_has_no_case(self):
        self.anybody.get("/auth/me/", headers={"Authorization": "bearer " + self.shop.customer().token}).expect(200)

    def test_a_bad_token_is_refused_on_public_routes_too(self):
        self.anybody.get("/products/", headers={"Authorization": "Bearer x"}).expect(401)

    def test_a_token_of_another_shop_is_refused(self):
        with shopd.Shopd(admin=False) as other:
            token = other.customer().token
        self.refused("Bearer " + token)


class ShortLives(shopd.ShopTest):
    settings = {"SHOP_ACCESS_TTL": "1", "SHOP_REFRESH_TTL": "2"}

    def test_tokens_expire(self):
        buyer = self.shop.customer()
        refresh = buyer.refresh
        self.assertEqual(claims(buyer.token)["exp"] - claims(buyer.token)["iat"], 1)
        shopd.wait_until(lambda: buyer.get("/auth/me/").status == 401, "the access token expires")
        buyer.get("/auth/me/").expect(401, "invalid_token")
        expires = claims(refresh)["exp"]
        shopd.wait_until(lambda: shopd.time.time() > expires + 1, "the refresh token's time is over")
        self.anybody.post("/auth/token/refresh/", {"refresh": refresh}).expect(401, "invalid_token")


if __name__ == "__main__":
    shopd.main()
