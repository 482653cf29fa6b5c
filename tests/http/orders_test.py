# SPDX-License-Identifier: MIT
"""Orders: checkout, cancelling, the way of a status, lists, and what happens when nobody pays."""
import shopd

MOVES = {"pending": {"processing", "cancelled"}, "processing": {"shipped", "cancelled"}, "shipped": {"delivered"}, "delivered": set(),
         "cancelled": set()}
WAYS = {"pending": [], "processing": ["processing"], "shipped": ["processing", "shipped"],
        "delivered": ["processing", "shipped", "delivered"], "cancelled": ["cancelled"]}


class Checkout(shopd.ShopTest):
    def setUp(self):
        self.buyer = self.shop.customer()

    def test_both_paths_buy_what_is_in_the_cart(self):
        for path in ("/orders/", "/orders/checkout/"):
            product = self.shop.product(price="2.50", stock=10)
            self.buyer.add(product, 3)
            answer = self.buyer.post(path, {"shipping_address": "1 Test Street\nTown"}).expect(201)
            order = answer.json
            self.assertEqual(set(order), {"id", "user", "status", "shipping_address", "items", "total_price", "total_amount", "currency",
                                          "created_at", "updated_at", "payment"})
            self.assertEqual((order["status"], order["user"], order["payment"]), ("pending", self.buyer.id, None))
            self.assertEqual((order["total_price"], order["total_amount"], order["currency"]), ("7.50", "7.50", "usd"))
            self.assertEqual(order["shipping_address"], "1 Test Street\nTown")
            self.assertEqual([(i["product"]["id"], i["quantity"], i["item_total"]) for i in order["items"]], [(product["id"], 3, "7.50")])
            self.assertEqual(answer.headers["Location"], f"/api/v1/orders/{order['id']}/")
            self.assertEqual(self.buyer.get(f"/orders/{order['id']}/").expect(200).json, order)
            self.assertEqual(self.buyer.get("/cart/").json["items"], [])
            self.assertEqual(self.shop.stock(product), 7)

    def test_an_empty_cart_buys_nothing(self):
        self.buyer.order().expect(400, "cart_empty")
        self.assertEqual(self.buyer.get("/orders/").json["count"], 0)

    def test_an_address_is_needed(self):
        self.buyer.add(self.shop.product())
        for body in [{}, {"shipping_address": ""}, {"shipping_address": "   "}, {"shipping_address": "x" * 1001}, {"shipping_address": None}]:
            with self.subTest(body=str(body)[:40]):
                self.buyer.post("/orders/", body).expect_field("shipping_address")
        self.buyer.post("/orders/", {"shipping_address": "x", "total_price": "0.01"}).expect_field("total_price")
        self.buyer.post("/orders/", {"shipping_address": "é" * 1000}).expect(201)

    def test_the_price_is_the_carts(self):
        product = self.shop.product(price="10.00")
        self.buyer.add(product)
        self.shop.admin.patch(f"/products/{product['slug']}/", {"price": "99.00"}).expect(200)
        self.assertEqual(self.buyer.order().expect(201).json["total_price"], "10.00")

    def test_it_is_all_or_nothing(self):
        plenty, scarce, gone = self.shop.product(stock=9), self.shop.product(stock=5), self.shop.product()
        self.buyer.add(plenty, 2)
        self.buyer.add(scarce, 5)
        self.shop.customer().buy(scarce, 1)
        problem = self.buyer.order().expect(400, "insufficient_stock").json
        self.assertIn("4", problem["detail"])
        self.assertEqual((self.shop.stock(plenty), self.shop.stock(scarce)), (9, 4))
        self.assertEqual(self.buyer.get("/cart/").json["total_items"], 7)
        self.buyer.delete("/cart/clear/")
        self.buyer.add(gone)
        self.buyer.add(plenty)
        self.shop.admin.patch(f"/products/{gone['slug']}/", {"is_active": False}).expect(200)
        self.buyer.order().expect(400, "product_inactive")
        self.assertEqual(self.shop.stock(plenty), 9)
        self.assertEqual(self.buyer.get("/orders/").json["count"], 0)

    def test_an_order_keeps_what_was_bought(self):
        product = self.shop.product(price="5.00", name="As it was")
        order = self.buyer.buy(product)
        self.shop.admin.patch(f"/products/{product['slug']}/", {"name": "Renamed", "price": "6.00"}).expect(200)
        self.shop.admin.delete(f"/products/{product['slug']}/").expect(204)
        item = self.buyer.get(f"/orders/{order['id']}/").expect(200).json["items"][0]
        self.assertEqual((item["product"]["name"], item["product"]["slug"], item["price_snapshot"]), ("As it was", product["slug"], "5.00"))
        self.buyer.post(f"/orders/{order['id']}/cancel/").expect(200)

    def test_something_free_can_be_ordered(self):
        self.assertEqual(self.buyer.buy(self.shop.product(price="0.00"))["total_price"], "0.00")


class OwnOrders(shopd.ShopTest):
    def test_the_list_has_the_own_orders_newest_first(self):
        buyer, product = self.shop.customer(), self.shop.product(stock=100)
        orders = [buyer.buy(product)["id"] for _ in range(12)]
        self.shop.customer().buy(product)
        self.assertEqual([o["id"] for o in buyer.pages("/orders/?page_size=5")], orders[::-1])
        self.assertEqual([o["id"] for o in buyer.pages("/orders/?page_size=5&cursor=")], orders[::-1])
        buyer.post(f"/orders/{orders[3]}/cancel/").expect(200)
        self.assertEqual([o["id"] for o in buyer.pages("/orders/?status=cancelled")], [orders[3]])
        self.assertEqual(len(buyer.pages("/orders/?status=pending")), 11)
        buyer.get("/orders/?status=nonsense").expect_field("status")

    def test_staff_see_an_order_of_anybody(self):
        order = self.shop.customer().buy(self.shop.product())
        self.assertEqual(self.shop.admin.get(f"/orders/{order['id']}/").expect(200).json, order)

    def test_cancelling_gives_the_stock_back_once(self):
        buyer, product = self.shop.customer(), self.shop.product(stock=5)
        order = buyer.buy(product, 3)
        self.assertEqual(self.shop.stock(product), 2)
        self.assertEqual(list(buyer.post(f"/orders/{order['id']}/cancel/").expect(200).json), ["message"])
        self.assertEqual(self.shop.stock(product), 5)
        buyer.post(f"/orders/{order['id']}/cancel/").expect(400, "invalid_transition")
        self.assertEqual(self.shop.stock(product), 5)
        self.assertEqual(buyer.get(f"/orders/{order['id']}/").json["status"], "cancelled")

    def test_what_is_shipped_cannot_be_cancelled(self):
        buyer, product = self.shop.customer(), self.shop.product(stock=5)
        order = buyer.buy(product)
        for status in ("processing", "shipped"):
            self.shop.admin.patch(f"/orders/{order['id']}/status/", {"status": status}).expect(200)
        buyer.post(f"/orders/{order['id']}/cancel/").expect(400, "invalid_transition")
        self.assertEqual(self.shop.stock(product), 4)


class Statuses(shopd.ShopTest):
    def test_only_the_promised_moves_are_made_and_the_others_named(self):
        buyer, product = self.shop.customer(), self.shop.product(stock=1000)
        for start, way in WAYS.items():
            for target in MOVES:
                order = buyer.buy(product)
                path = f"/orders/{order['id']}/status/"
                for step in way:
                    self.shop.admin.patch(path, {"status": step}).expect(200)
                with self.subTest(start=start, target=target):
                    answer = self.shop.admin.patch(path, {"status": target})
                    if target in MOVES[start]:
                        self.assertEqual(answer.expect(200).json["status"], target)
                    else:
                        detail = answer.expect(400, "invalid_transition").json["detail"]
                        for allowed in MOVES[start]:
                            self.assertIn(allowed, detail)
                        self.assertEqual(buyer.get(f"/orders/{order['id']}/").json["status"], start)

    def test_both_paths_move_an_order(self):
        order = self.shop.customer().buy(self.shop.product())
        self.shop.admin.post(f"/orders/admin/{order['id']}/status/", {"status": "processing"}).expect(200)
        self.assertEqual(self.shop.admin.patch(f"/orders/{order['id']}/status/", {"status": "shipped"}).expect(200).json["status"], "shipped")

    def test_a_status_that_is_none_is_named(self):
        order = self.shop.customer().buy(self.shop.product())
        for body in [{}, {"status": "paid"}, {"status": "PENDING"}, {"status": 1}, {"status": None}]:
            with self.subTest(body=body):
                self.shop.admin.patch(f"/orders/{order['id']}/status/", body).expect_field("status")
        self.shop.admin.patch("/orders/999999999/status/", {"status": "processing"}).expect(404, "order_not_found")

    def test_staff_cancelling_gives_the_stock_back(self):
        product = self.shop.product(stock=5)
        order = self.shop.customer().buy(product, 2)
        self.shop.admin.patch(f"/orders/{order['id']}/status/", {"status": "cancelled"}).expect(200)
        self.assertEqual(self.shop.stock(product), 5)

    def test_a_stale_move_is_412(self):
        order = self.shop.customer().buy(self.shop.product())
        stale = {"If-Match": self.shop.admin.get(f"/orders/{order['id']}/").headers["ETag"]}
        self.shop.admin.patch(f"/orders/{order['id']}/status/", {"status": "processing"}, headers=stale).expect(200)
        self.shop.admin.patch(f"/orders/{order['id']}/status/", {"status": "shipped"}, headers=stale).expect(412)


class EveryonesOrders(shopd.ShopTest):
    def test_staff_filter_by_user_status_and_time(self):
        one, two, product = self.shop.customer(), self.shop.customer(), self.shop.product(stock=100)
        first, second, third = one.buy(product), two.buy(product), one.buy(product)
        one.post(f"/orders/{third['id']}/cancel/").expect(200)
        ids = lambda **query: [o["id"] for o in self.shop.admin.pages(self.link("/orders/admin/", **query))]
        self.assertEqual(ids(user=one.id), [third["id"], first["id"]])
        self.assertEqual(ids(user=one.id, status="cancelled"), [third["id"]])
        self.assertEqual(ids(user=two.id, created_after=second["created_at"]), [second["id"]])
        self.assertEqual(ids(user=two.id, created_before=second["created_at"]), [])
        self.assertEqual(ids(created_after=second["created_at"]), [third["id"], second["id"]])
        self.assertEqual(ids(created_after="2999-01-01T00:00:00Z"), [])
        self.assertLessEqual({first["id"], second["id"], third["id"]}, set(ids(page_size=2)))

    def test_a_filter_that_cannot_be_is_named(self):
        for name, value in [("user", "x"), ("status", "paid"), ("created_after", "yesterday"), ("created_before", "2026-13-01T00:00:00Z")]:
            with self.subTest(name=name, value=value):
                self.shop.admin.get(self.link("/orders/admin/", **{name: value})).expect_field(name)

    def test_it_is_not_for_customers(self):
        self.shop.customer().get("/orders/admin/").expect(403)


class Expiry(shopd.ShopTest):
    settings = {"SHOP_ORDER_TTL": "1"}

    def test_an_order_that_nobody_pays_is_cancelled_and_the_stock_returns(self):
        buyer, product = self.shop.customer(), self.shop.product(stock=5)
        lost, accepted = buyer.buy(product, 2), buyer.buy(product, 1)
        self.shop.admin.patch(f"/orders/{accepted['id']}/status/", {"status": "processing"}).expect(200)
        status = lambda order: buyer.get(f"/orders/{order['id']}/").expect(200).json["status"]
        shopd.wait_until(lambda: status(lost) == "cancelled", "the order expires", 15)
        self.assertEqual(self.shop.stock(product), 4)
        self.assertEqual(status(accepted), "processing")


if __name__ == "__main__":
    shopd.main()
