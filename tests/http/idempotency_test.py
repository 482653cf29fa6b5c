# SPDX-License-Identifier: MIT
"""Requests that are sent twice: the same key and request give the first answer again, and nothing happens twice."""
import shopd
from shopd import PASSWORD, unique


def key():
    return {"Idempotency-Key": unique("key")}


class Replays(shopd.ShopTest):
    def setUp(self):
        self.buyer = self.shop.customer()

    def twice(self, client, path, body, other):
        """Sends it, again, and again by another spelling of the path: the later answers are the first, byte for byte."""
        headers = key()
        first = client.post(path, body, headers=headers)
        self.assertIn(first.status, (200, 201), first.body)
        self.assertIsNone(first.headers["Idempotency-Replayed"])
        for again in (client.post(path, body, headers=headers), client.post(path.rstrip("/"), body, headers=headers)):
            self.assertEqual((again.status, again.body), (first.status, first.body))
            self.assertEqual(again.headers["Idempotency-Replayed"], "true")
            self.assertEqual(again.headers["Location"], first.headers["Location"])
        client.post(path, other, headers=headers).expect(422, "idempotency_key_reused")
        return first.json

    def test_an_order_is_placed_once(self):
        for path in ("/orders/", "/orders/checkout/"):
            product = self.shop.product(stock=5)
            self.buyer.add(product, 2)
            self.twice(self.buyer, path, {"shipping_address": "x"}, {"shipping_address": "y"})
            self.assertEqual(self.shop.stock(product), 3)
        self.assertEqual(self.buyer.get("/orders/").json["count"], 2)

    def test_the_first_answer_comes_again_after_things_have_changed(self):
        product = self.shop.product()
        self.buyer.add(product)
        headers = key()
        first = self.buyer.order(headers=headers).expect(201)
        self.buyer.post(f"/orders/{first.json['id']}/cancel/").expect(200)
        self.assertEqual(self.buyer.order(headers=headers).expect(201).body, first.body)

    def test_an_item_is_added_once(self):
        product = self.shop.product()
        self.twice(self.buyer, "/cart/items/", {"product_id": product["id"], "quantity": 2}, {"product_id": product["id"], "quantity": 1})
        self.assertEqual(self.buyer.get("/cart/").json["total_items"], 2)

    def test_a_cart_is_cleared_once(self):
        product, headers = self.shop.product(), key()
        self.buyer.add(product)
        first = self.buyer.post("/cart/clear/", headers=headers).expect(200)
        self.buyer.add(product)
        again = self.buyer.post("/cart/clear/", headers=headers).expect(200)
        self.assertEqual((again.body, again.headers["Idempotency-Replayed"]), (first.body, "true"))
        self.assertEqual(self.buyer.get("/cart/").json["total_items"], 1)

    def test_an_order_is_cancelled_once_and_says_so_again(self):
        product = self.shop.product(stock=5)
        order, headers = self.buyer.buy(product, 2), key()
        first = self.buyer.post(f"/orders/{order['id']}/cancel/", headers=headers).expect(200)
        again = self.buyer.post(f"/orders/{order['id']}/cancel/", headers=headers).expect(200)
        self.assertEqual((again.body, again.headers["Idempotency-Replayed"]), (first.body, "true"))
        self.assertEqual(self.shop.stock(product), 5)

    def test_a_status_is_moved_once(self):
        order = self.buyer.buy(self.shop.product())
        self.twice(self.shop.admin, f"/orders/admin/{order['id']}/status/", {"status": "processing"}, {"status": "shipped"})

    def test_things_of_the_catalogue_are_made_once(self):
        slug = unique("once")
        self.twice(self.shop.admin, "/products/categories/", {"name": slug, "slug": slug}, {"name": slug + "2", "slug": slug + "2"})
        body = {"name": slug, "slug": slug, "description": "", "price": "1.00", "stock_quantity": 1, "category_id": self.shop.shelf["id"]}
        product = self.twice(self.shop.admin, "/products/", body, dict(body, slug=slug + "2"))
        self.twice(self.shop.admin, f"/products/{slug}/images/", {"image_url": "/x.png"}, {"image_url": "/y.png"})
        self.assertEqual(len(self.anybody.get(f"/products/{product['slug']}/").json["images"]), 1)

    def test_a_password_is_changed_once(self):
        new = "another horse battery"
        body = {"old_password": PASSWORD, "new_password": new, "new_password2": new}
        self.twice(self.buyer, "/auth/change-password/", body, dict(body, refresh=self.buyer.refresh))
        self.shop.login(self.buyer.email, new)

    def test_a_payment_is_begun_once(self):
        order = self.buyer.buy(self.shop.product())
        self.twice(self.buyer, "/payments/create-intent/", {"order_id": order["id"]}, {"order_id": 999999})
        self.assertEqual(self.buyer.get("/payments/").json["count"], 1)

    def test_money_is_given_back_once(self):
        order = self.buyer.buy(self.shop.product(price="10.00"))
        payment = self.buyer.post("/payments/create-intent/", {"order_id": order["id"]}).expect(201).json["payment"]
        self.buyer.post("/payments/confirm/", {"payment_id": payment["id"], "payment_method": "pm_card_visa"}).expect(200)
        shopd.wait_until(lambda: self.buyer.get(f"/payments/{payment['id']}/").json["is_successful"], "the payment succeeds")
        self.twice(self.shop.admin, "/payments/refund/", {"payment_id": payment["id"], "amount": "3.00"},
                   {"payment_id": payment["id"], "amount": "2.00"})
        self.assertEqual(self.buyer.get(f"/payments/{payment['id']}/").json["amount_refunded"], "3.00")

    def test_an_account_is_made_once(self):
        email = unique("once") + "@shop.example"
        body = {"email": email, "first_name": "A", "last_name": "B", "password": PASSWORD, "password2": PASSWORD}
        headers = key()
        first = self.anybody.post("/auth/register/", body, headers=headers).expect(201)
        again = self.anybody.post("/auth/register/", body, headers=headers).expect(201)
        self.assertEqual((again.body, again.headers["Idempotency-Replayed"]), (first.body, "true"))


class Keys(shopd.ShopTest):
    def setUp(self):
        self.buyer = self.shop.customer()

    def test_a_request_that_failed_leaves_no_key(self):
        headers = key()
        self.buyer.order(headers=headers).expect(400, "cart_empty")
        self.buyer.post("/orders/", {}, headers=headers).expect_field("shipping_address")
        self.buyer.add(self.shop.product())
        answer = self.buyer.order(headers=headers).expect(201)
        self.assertIsNone(answer.headers["Idempotency-Replayed"])

    def test_the_same_key_on_another_path_is_another_request(self):
        product, headers = self.shop.product(), key()
        self.buyer.add(product)
        self.buyer.order(headers=headers).expect(201)
        self.buyer.add(product)
        self.buyer.post("/orders/checkout/", {"shipping_address": "1 Test Street"}, headers=headers).expect(422, "idempotency_key_reused")
        self.buyer.post("/orders/?x=1", {"shipping_address": "1 Test Street"}, headers=headers).expect(422)
        self.assertEqual(self.buyer.get("/cart/").json["total_items"], 1)

    def test_another_users_key_is_another_key(self):
        product, headers, other = self.shop.product(), key(), self.shop.customer()
        orders = set()
        for client in (self.buyer, other):
            client.add(product)
            answer = client.order(headers=headers).expect(201)
            self.assertIsNone(answer.headers["Idempotency-Replayed"])
            orders.add(answer.json["id"])
        self.assertEqual(len(orders), 2)

    def test_a_key_that_cannot_be_is_refused(self):
        self.buyer.add(self.shop.product())
        for bad in ["", "a" * 256, "a b", "é".encode().decode("latin-1"), "a\tb"]:
            with self.subTest(bad=bad[:10]):
                self.buyer.order(headers={"Idempotency-Key": bad}).expect(400, "invalid_idempotency_key")
        self.buyer.order(headers={"Idempotency-Key": "~" * 255}).expect(201)

    def test_reading_takes_no_notice_of_a_key(self):
        headers = key()
        self.buyer.get("/cart/", headers=headers).expect(200)
        self.buyer.get("/orders/", headers=headers).expect(200)
        self.buyer.add(self.shop.product())
        self.buyer.order(headers=headers).expect(201)


class Restart(shopd.ShopTest):
    def test_a_key_outlives_a_restart(self):
        if self.shop.in_memory:
            self.skipTest("nothing outlives a restart in memory")
        buyer, headers = self.shop.customer(), key()
        buyer.add(self.shop.product())
        first = buyer.order(headers=headers).expect(201)
        self.shop.ask_to_stop()
        self.shop.wait_stopped()
        self.shop.start()
        again = self.shop.client(buyer.token).order(headers=headers).expect(201)
        self.assertEqual((again.body, again.headers["Idempotency-Replayed"]), (first.body, "true"))


if __name__ == "__main__":
    shopd.main()
