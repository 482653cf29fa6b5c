# SPDX-License-Identifier: MIT
"""Every route: where it is served, by which methods, and to whom."""
import collections

import contract
import shopd

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
VARIANTS = [(prefix, slash) for prefix in ("/api/v1", "") for slash in ("/", "")]


class Routes(shopd.ShopTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        shop = cls.shop
        cls.customer = shop.customer()
        cls.stranger = shop.customer()
        product = shop.product()
        with_image = shop.admin.post(f"/products/{product['slug']}/images/", {"image_url": "/media/demo/x.svg"}).expect(201).json
        order = cls.customer.buy(product)
        payment = cls.customer.post("/payments/create-intent/", {"order_id": order["id"]}).expect(201).json["payment"]
        cart = cls.customer.add(product)
        cls.values = {"slug": product["slug"], "image": with_image["images"][0]["id"], "category": shop.shelf["slug"],
                      "item": cart["items"][0]["id"], "order": order["id"], "payment": payment["id"]}
        cls.by_path = collections.defaultdict(dict)
        for method, path, access in contract.ROUTES:
            cls.by_path[path][method] = access

    def path(self, pattern):
        return pattern.format_map(self.values)

    def variants(self, pattern):
        for prefix, slash in VARIANTS:
            yield shopd.Client(self.shop, prefix=prefix), self.path(pattern).rstrip("/") + slash

    def test_every_route_is_served_with_and_without_prefix_and_slash(self):
        for method, pattern, access in contract.ROUTES:
            seen = set()
            for client, path in self.variants(pattern):
                answer = client.call(method, path)
                seen.add((answer.status, answer.json.get("code") if answer.status >= 400 else None))
                client.close()
            with self.subTest(route=f"{method} {pattern}"):
                self.assertEqual(len(seen), 1, seen)
                status, code = seen.pop()
                expected = {"all": 200 if method == "GET" else 400, "gateway": 400}.get(access, 401)
                self.assertEqual(status, expected, code)

    def test_a_route_for_users_asks_who_calls(self):
        for method, pattern, access in contract.ROUTES:
            if access in ("user", "staff"):
                with self.subTest(route=f"{method} {pattern}"):
                    answer = self.anybody.call(method, self.path(pattern)).expect(401, "authentication_required")
                    self.assertTrue(answer.headers["WWW-Authenticate"].startswith("Bearer"))

    def test_a_route_for_staff_refuses_customers(self):
        bodies = {"/products/": {"name": "n", "slug": "n", "description": "", "price": "1.00", "stock_quantity": 1, "category_id": 1},
                  "/products/{slug}/": {"name": "n", "slug": "n", "description": "", "price": "1.00", "stock_quantity": 1,
                                        "category_id": 1},
                  "/products/{slug}/images/": {"image_url": "/a.png"}, "/products/images/{image}/": {"image_url": "/a.png"},
                  "/products/categories/": {"name": "n", "slug": "n"}, "/products/categories/{category}/": {"name": "n", "slug": "n"},
                  "/orders/{order}/status/": {"status": "processing"}, "/orders/admin/{order}/status/": {"status": "processing"}}
        for method, pattern, access in contract.ROUTES:
            if access == "staff":
                with self.subTest(route=f"{method} {pattern}"):
                    body = None if method in ("GET", "DELETE") else bodies[pattern]
                    self.customer.call(method, self.path(pattern), body).expect(403)
        self.anybody.get(self.path("/products/{slug}/")).expect(200)

    def test_what_belongs_to_another_is_not_found(self):
        for method, pattern, body in [("GET", "/orders/{order}/", None), ("POST", "/orders/{order}/cancel/", None),
                                      ("GET", "/payments/{payment}/", None), ("GET", "/payments/{payment}/status/", None),
                                      ("GET", "/payments/order/{order}/", None), ("PUT", "/cart/items/{item}/", {"quantity": 1}),
                                      ("PATCH", "/cart/items/{item}/", {"quantity": 1}), ("DELETE", "/cart/items/{item}/", None)]:
            with self.subTest(route=f"{method} {pattern}"):
                self.stranger.call(method, self.path(pattern), body).expect(404)

    def test_another_method_is_405_and_allow_names_those_there_are(self):
        for pattern, methods in self.by_path.items():
            allowed = set(methods) | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
            for method in METHODS:
                if method in methods:
                    continue
                with self.subTest(route=f"{method} {pattern}"):
                    answer = self.anybody.call(method, self.path(pattern)).expect(405, "method_not_allowed")
                    self.assertEqual(set(answer.headers["Allow"].split(", ")), allowed)

    def test_options_answers_everywhere(self):
        for pattern, methods in self.by_path.items():
            with self.subTest(path=pattern):
                answer = self.anybody.call("OPTIONS", self.path(pattern)).expect(204)
                self.assertTrue(set(methods) < set(answer.headers["Allow"].split(", ")))

    def test_head_is_get_without_the_body(self):
        for method, pattern, access in contract.ROUTES:
            if method != "GET":
                continue
            client = self.shop.admin if access == "staff" else self.customer
            with self.subTest(path=pattern):
                whole = client.get(self.path(pattern)).expect(200)
                head = client.head(self.path(pattern)).expect(200)
                for header in ("ETag", "Content-Type", "Content-Length"):
                    self.assertEqual(head.headers[header], whole.headers[header])
                self.assertEqual(int(head.headers["Content-Length"]), len(whole.body))

    def test_head_of_what_is_not_there_is_404_without_a_body(self):
        self.assertEqual(self.anybody.head("/products/no-such-thing/").status, 404)

    def test_the_service_routes_answer(self):
        for path in contract.SERVICE:
            for variant in (path.rstrip("/"), path.rstrip("/") + "/"):
                with self.subTest(path=variant):
                    client = shopd.Client(self.shop, prefix="")
                    client.get(variant).expect(200)
                    client.head(variant).expect(200)
                    client.post(variant).expect(405)
                    client.close()

    def test_other_paths_are_not_found(self):
        client = shopd.Client(self.shop, prefix="")
        for path in ["/nothing/", "/api/", "/api/v2/products/", "/api/v1x/products/", "/api/v1/api/v1/products/", "/api/v1/nothing/",
                     "/products/a/b/c/d/", "/cart/items/", "/cart/items/1/2/", "/orders/1/nothing/", "/payments/1/nothing/",
                     "/auth/", "/auth/token/", "/PRODUCTS/", "/products/" + "a" * 3000]:
            with self.subTest(path=path[:60]):
                answer = client.get(path)
                self.assertIn(answer.status, (404, 405))
                if path != "/cart/items/":
                    answer.expect(404)
        client.close()

    def test_an_id_that_is_no_number_is_not_found(self):
        for wrong in ["0", "-1", "+1", "1.0", "1e3", "abc", "9007199254740992", "99999999999999999999999", "%31x", "0x1", "01"]:
            for client, path in [(self.customer, f"/orders/{wrong}/"), (self.anybody, f"/products/images/{wrong}/"),
                                 (self.customer, f"/payments/{wrong}/")]:
                with self.subTest(path=path):
                    client.get(path).expect(404)

    def test_an_encoded_id_is_the_id(self):
        order = str(self.values["order"])
        encoded = "".join(f"%{ord(c):02x}" for c in order)
        self.assertEqual(self.customer.get(f"/orders/{encoded}/").expect(200).json["id"], self.values["order"])


if __name__ == "__main__":
    shopd.main()
