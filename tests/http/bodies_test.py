# SPDX-License-Identifier: MIT
"""Bodies and queries that are not as they should be: each is refused, and the answer says what is wrong."""
import json

import shopd

LOGIN = {"email": "a@b.example", "password": "wrong password"}
TEXT = json.dumps(LOGIN)


class Bodies(shopd.ShopTest):
    def login(self, raw, content_type="application/json"):
        raw = raw if isinstance(raw, bytes) else raw.encode()
        return self.anybody.post("/auth/login/", raw=raw, content_type=content_type)

    def test_json_with_any_spelling_of_its_type_is_taken(self):
        for kind in ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8", "application/json ;",
                     'application/json; charset="utf-8"']:
            with self.subTest(kind=kind):
                self.login(TEXT, kind).expect(401)

    def test_another_media_type_is_415(self):
        for kind in [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx",
                     "application/json; charset=latin-1", "application/problem+json", "text/json", ""]:
            with self.subTest(kind=kind):
                self.login(TEXT, kind).expect(415, "unsupported_media_type")

    def test_a_body_over_the_limit_is_413(self):
        with shopd.Raw(self.shop) as raw:
            raw.send(f"POST /auth/login/ HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {300 * 1024}\r\n\r\n")
            self.assertEqual(raw.answer().status, 413)

    def test_a_body_within_the_limit_is_read(self):
        self.login('{"email": "' + "a" * 200_000 + '", "password": "x"}').expect_field("email")

    def test_what_is_not_json_is_refused(self):
        deep = '{"email":' * 100 + "1" + "}" * 100
        for raw in ["", " ", "{", '{"email"', TEXT[:-1], TEXT + "x", TEXT + TEXT, "nul", "{'email': 1}", '{"email": 1,}', "[1,]",
                    '{email: "x"}', '{"email": NaN}', '{"email": Infinity}', '{"email": -Infinity}', '{"email": 01}', '{"email": 1.}',
                    '{"email": .5}', '{"email": +1}', '{"email": 1e}', '{"email": 0x10}', '{"email": "a\nb"}', '{"email": "\\x"}',
                    '{"email": "\\ud800"}', '{"email": "\\udc00\\ud800"}', '{"email": "\\u0000"}', '/* */ ' + TEXT, "\ufeff" + TEXT,
                    '{"email": tru}', '{"email": "x"', deep, "[" * 5000]:
            with self.subTest(raw=raw[:60]):
                self.login(raw).expect(400, "malformed_json")

    def test_bytes_that_are_not_utf8_are_refused(self):
        for bad in [b"\xff", b"\xc3", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\x80", b"\x00"]:
            with self.subTest(bad=bad):
                self.login(b'{"email": "' + bad + b'", "password": "x"}').expect(400, "malformed_json")

    def test_what_is_no_object_is_refused(self):
        for raw in ["[]", '"text"', "1", "true", "null", "[{}]"]:
            with self.subTest(raw=raw):
                self.login(raw).expect(400, "malformed_json")

    def test_a_member_that_is_given_twice_is_named(self):
        for raw in ['{"email": "a@b.example", "email": "c@d.example", "password": "x"}',
                    '{"email": "a@b.example", "\\u0065mail": "c@d.example", "password": "x"}']:
            with self.subTest(raw=raw):
                answer = self.login(raw).expect(400)
                self.assertIn("email", answer.json.get("errors", {}) or answer.json["detail"])

    def test_an_unknown_member_is_named(self):
        self.login('{"email": "a@b.example", "password": "x", "is_staff": true}').expect_field("is_staff")

    def test_many_unknown_members_do_no_harm(self):
        body = dict(LOGIN, **{f"member{i}": i for i in range(900)})
        self.assertIn("member0", self.login(json.dumps(body)).expect(400).json["errors"])

    def test_an_odd_name_of_a_member_comes_back_harmless(self):
        body = dict(LOGIN, **{"<script>\"\\\u2028é": 1})
        self.login(json.dumps(body)).expect(400)
        self.login(json.dumps(dict(LOGIN, **{"": 1}))).expect(400)
        self.login(json.dumps(dict(LOGIN, **{"a" * 50_000: 1}))).expect(400)

    def test_missing_members_are_named(self):
        self.login("{}").expect_field("email", "password")

    def test_a_value_of_the_wrong_kind_is_named(self):
        for value in [1, 1.5, True, None, [], {}, ["a@b.example"]]:
            with self.subTest(value=value):
                self.login(json.dumps({"email": value, "password": "x"})).expect_field("email")

    def test_numbers_are_whole_and_in_range(self):
        buyer = self.shop.customer()
        product = self.shop.product()
        for text in ["1.5", "1.0", "1e2", '"1"', "true", "null", "[1]", "0", "-1", "10001", "2147483648", "9007199254740993"]:
            with self.subTest(quantity=text):
                raw = f'{{"product_id": {product["id"]}, "quantity": {text}}}'.encode()
                buyer.post("/cart/items/", raw=raw).expect_field("quantity")
        for text in ["9223372036854775808", "-9223372036854775809", "1e400"]:
            with self.subTest(quantity=text):
                raw = f'{{"product_id": {product["id"]}, "quantity": {text}}}'.encode()
                buyer.post("/cart/items/", raw=raw).expect(400)
        self.assertEqual(buyer.get("/cart/").json["items"], [])

    def test_money_is_text_with_the_currencys_digits(self):
        for price in [10, 10.5, "10.555", "1e3", "", " 1.00", "1,00", "-1.00", "NaN", "1.", ".5", "0x1", "99999999999999999999", None, True]:
            with self.subTest(price=price):
                slug = shopd.unique("money")
                self.shop.admin.post("/products/", {"name": "n", "slug": slug, "description": "", "price": price, "stock_quantity": 1,
                                                    "category_id": self.shop.shelf["id"]}).expect_field("price")

    def test_texts_have_no_control_characters(self):
        for name in ["a\u0007b", "a\nb", "\u001b[31m", "a\u007fb"]:
            with self.subTest(name=name):
                self.shop.admin.post("/products/categories/", {"name": name, "slug": shopd.unique("c")}).expect_field("name")

    def test_texts_keep_every_other_character(self):
        name = "Grüße 🎂 “x” <b>&amp; \u202e \\ \" / ' 東京 " + shopd.unique("n")
        category = self.shop.category(name)
        self.assertEqual(category["name"], name)
        self.assertEqual(self.anybody.get(f"/products/categories/{category['slug']}/").json["name"], name)

    def test_a_body_where_none_is_taken_is_refused(self):
        buyer = self.shop.customer()
        order = buyer.buy(self.shop.product())
        buyer.post(f"/orders/{order['id']}/cancel/", {"reason": "x"}).expect(400, "unexpected_body")
        buyer.post("/cart/clear/", raw=b"garbage").expect(400, "unexpected_body")
        buyer.post("/cart/clear/", {}).expect(200)
        buyer.post(f"/orders/{order['id']}/cancel/", {}).expect(200)


class Queries(shopd.ShopTest):
    def test_a_page_that_cannot_be_is_named(self):
        for name, value in [("page", "0"), ("page", "-1"), ("page", "x"), ("page", "1.5"), ("page", ""), ("page_size", "0"),
                            ("page_size", "101"), ("page_size", "ten"), ("ordering", "stock"), ("price_min", "1.234"),
                            ("price_max", "much"), ("in_stock", "maybe"), ("category", "x"), ("cursor", "nonsense"), ("cursor", "AAAA")]:
            with self.subTest(name=name, value=value):
                self.anybody.get(self.link("/products/", **{name: value})).expect_field(name)

    def test_an_unknown_parameter_is_named(self):
        self.anybody.get("/products/?colour=red").expect_field("colour")

    def test_a_parameter_given_twice_is_named(self):
        self.anybody.get("/products/?page=1&page=2").expect_field("page")

    def test_page_and_cursor_do_not_go_together(self):
        self.anybody.get("/products/?page=1&cursor=").expect_field("page")

    def test_a_malformed_query_is_refused(self):
        for query in ["search=%zz", "search=%", "search=%ff", "search=%00", "=1", "&".join(f"a{i}=1" for i in range(100))]:
            with self.subTest(query=query[:40]):
                self.anybody.get("/products/?" + query).expect(400)

    def test_empty_pairs_are_passed_over(self):
        self.anybody.get("/products/?&&page=1&").expect(200)
        self.anybody.get("/products/?").expect(200)

    def test_a_page_past_the_end_is_not_found(self):
        self.anybody.get("/products/?page=9999").expect(404, "page_not_found")
        self.anybody.get("/products/?page=9223372036854775807").expect(404, "page_not_found")

    def test_the_first_page_of_nothing_is_empty(self):
        shelf = self.shop.category()
        page = self.anybody.get(self.link("/products/", category=shelf["id"])).expect(200).json
        self.assertEqual(page, {"count": 0, "next": None, "previous": None, "results": []})


class RequestIds(shopd.ShopTest):
    def test_the_clients_own_id_comes_back(self):
        answer = self.anybody.get("/nothing/", headers={"X-Request-Id": "my-id.42:a_b"}).expect(404)
        self.assertEqual(answer.json["request_id"], "my-id.42:a_b")

    def test_an_id_that_could_do_harm_is_replaced(self):
        for bad in ["a b", "<x>", "a" * 100, "é".encode().decode("latin-1"), '"', ""]:
            with self.subTest(bad=bad):
                answer = self.anybody.get("/nothing/", headers={"X-Request-Id": bad}).expect(404)
                self.assertNotEqual(answer.headers["X-Request-Id"], bad)

    def test_ids_differ(self):
        ids = {self.anybody.get("/healthz").headers["X-Request-Id"] for _ in range(50)}
        self.assertEqual(len(ids), 50)


if __name__ == "__main__":
    shopd.main()
