# SPDX-License-Identifier: MIT
"""Many clients at once, over real connections: what must happen once happens once, and nothing is a fault of the server.

races_test.py [--rounds N] [unittest's arguments]
"""
import argparse
import itertools
import random
import sys

import shopd
from shopd import at_once, counts, unique

ROUNDS = 5
BUYERS = 120
PIECES = 50


class Races(shopd.ShopTest):
    settings = {"SHOP_CALL_TIMEOUT_MS": "60000"}

    def refusals(self, answers):
        return counts((a.status, a.code) for a in answers if a.status >= 400)

    def test_a_rush_sells_exactly_what_there_is(self):
        buyers = [self.shop.customer() for _ in range(BUYERS)]
        for _ in range(ROUNDS):
            product = self.shop.product(stock=PIECES)
            for buyer in buyers:
                buyer.delete("/cart/clear/").expect(200)
                buyer.add(product)
            answers = at_once(BUYERS, lambda i: buyers[i].order())
            self.assertEqual(self.refusals(answers), {(400, "insufficient_stock"): BUYERS - PIECES})
            orders = [a.json["id"] for a in answers if a.status == 201]
            self.assertEqual((len(orders), len(set(orders))), (PIECES, PIECES))
            self.assertEqual(self.shop.stock(product), 0)
        for buyer in buyers:
            buyer.close()

    def test_mixed_carts_never_sell_more_than_there_is(self):
        for turn in range(ROUNDS):
            dice = random.Random(turn)
            products = [self.shop.product(stock=20) for _ in range(4)]
            buyers = [self.shop.customer() for _ in range(24)]
            for buyer in buyers:
                for product in dice.sample(products, dice.randint(1, 4)):
                    buyer.add(product, dice.randint(1, 4))
            answers = at_once(len(buyers), lambda i: buyers[i].order())
            self.assertLessEqual(set(self.refusals(answers)), {(400, "insufficient_stock")})
            sold = dict.fromkeys((p["id"] for p in products), 0)
            for answer in answers:
                if answer.status == 201:
                    for item in answer.json["items"]:
                        sold[item["product"]["id"]] += item["quantity"]
            for product in products:
                self.assertEqual(self.shop.stock(product), 20 - sold[product["id"]])

    def test_one_key_from_many_threads_is_one_order(self):
        for _ in range(ROUNDS):
            buyer, product = self.shop.customer(), self.shop.product(stock=100)
            buyer.add(product, 3)
            clients = [self.shop.client(buyer.token) for _ in range(16)]
            headers = {"Idempotency-Key": unique("key")}

            def send(i):
                while True:  # "still running" is an answer as well: try again
                    answer = clients[i].order(headers=headers)
                    if answer.status != 409:
                        return answer

            answers = at_once(16, send)
            self.assertEqual(counts(a.status for a in answers), {201: 16})
            self.assertEqual(len({a.body for a in answers}), 1)
            self.assertEqual(sum(a.headers["Idempotency-Replayed"] == "true" for a in answers), 15)
            self.assertEqual(self.shop.stock(product), 97)
            self.assertEqual(buyer.get("/orders/").json["count"], 1)

    def test_one_cart_is_bought_once(self):
        for _ in range(ROUNDS):
            buyer, product = self.shop.customer(), self.shop.product(stock=100)
            buyer.add(product, 2)
            clients = [self.shop.client(buyer.token) for _ in range(12)]
            answers = at_once(12, lambda i: clients[i].order())
            self.assertEqual(counts(a.status for a in answers), {201: 1, 400: 11})
            self.assertEqual(self.refusals(answers), {(400, "cart_empty"): 11})
            self.assertEqual(self.shop.stock(product), 98)

    def test_one_refresh_token_is_good_once(self):
        for _ in range(ROUNDS):
            buyer = self.shop.customer()
            clients = [self.shop.client() for _ in range(12)]
            answers = at_once(12, lambda i: clients[i].post("/auth/token/refresh/", {"refresh": buyer.refresh}))
            self.assertEqual(counts(a.status for a in answers), {200: 1, 401: 11})
            won = next(a for a in answers if a.status == 200)
            clients[0].post("/auth/token/refresh/", {"refresh": won.json["refresh"]}).expect(401)

    def test_what_many_put_into_one_cart_adds_up(self):
        for _ in range(ROUNDS):
            buyer, product, other = self.shop.customer(), self.shop.product(stock=1000), self.shop.product(stock=1000)
            clients = [self.shop.client(buyer.token) for _ in range(16)]
            answers = at_once(16, lambda i: [clients[i].post("/cart/items/", {"product_id": p["id"], "quantity": 2}).status
                                             for p in (product, other)])
            self.assertEqual(counts(itertools.chain(*answers)), {200: 32})
            cart = buyer.get("/cart/").json
            self.assertEqual(sorted((i["product"]["id"], i["quantity"]) for i in cart["items"]), sorted([(product["id"], 32), (other["id"], 32)]))

    def test_an_order_is_cancelled_once(self):
        for _ in range(ROUNDS):
            buyer, product = self.shop.customer(), self.shop.product(stock=10)
            order = buyer.buy(product, 4)
            clients = [self.shop.client(buyer.token) for _ in range(11)] + [self.shop.login(*self.shop.admin_login)]

            def cancel(i):
                if i == 11:
                    return clients[i].patch(f"/orders/{order['id']}/status/", {"status": "cancelled"})
                return clients[i].post(f"/orders/{order['id']}/cancel/")

            answers = at_once(12, cancel)
            self.assertEqual(counts(a.status for a in answers), {200: 1, 400: 11})
            self.assertEqual(self.shop.stock(product), 10)

    def test_one_email_makes_one_account(self):
        for _ in range(ROUNDS):
            name = unique("twin")
            clients = [self.shop.client() for _ in range(10)]
            answers = at_once(10, lambda i: clients[i].post("/auth/register/", {
                "email": (name.upper() if i % 2 else name) + "@shop.example", "first_name": "A", "last_name": "B",
                "password": shopd.PASSWORD, "password2": shopd.PASSWORD}))
            self.assertEqual(counts(a.status for a in answers), {201: 1, 400: 9})

    def test_one_slug_makes_one_product(self):
        for _ in range(ROUNDS):
            slug = unique("twin")
            clients = [self.shop.client(self.shop.admin.token) for _ in range(10)]
            answers = at_once(10, lambda i: clients[i].post("/products/", {
                "name": "n", "slug": slug, "description": "", "price": "1.00", "stock_quantity": 1, "category_id": self.shop.shelf["id"]}))
            self.assertEqual(counts(a.status for a in answers), {201: 1, 400: 9})

    def test_of_many_changes_to_one_state_one_wins(self):
        for _ in range(ROUNDS):
            product = self.shop.product()
            path = f"/products/{product['slug']}/"
            tag = self.shop.admin.get(path).headers["ETag"]
            clients = [self.shop.client(self.shop.admin.token) for _ in range(10)]
            answers = at_once(10, lambda i: clients[i].patch(path, {"description": str(i)}, headers={"If-Match": tag}))
            self.assertEqual(counts(a.status for a in answers), {200: 1, 412: 9})

    def test_one_image_is_primary_whoever_asks(self):
        for _ in range(ROUNDS):
            product = self.shop.product()
            clients = [self.shop.client(self.shop.admin.token) for _ in range(8)]
            answers = at_once(8, lambda i: clients[i].post(f"/products/{product['slug']}/images/",
                                                           {"image_url": f"/{i}.png", "is_primary": True}))
            self.assertEqual(counts(a.status for a in answers), {201: 8})
            images = self.anybody.get(f"/products/{product['slug']}/").json["images"]
            self.assertEqual((len(images), sum(i["is_primary"] for i in images)), (8, 1))

    def test_money_is_never_given_back_twice(self):
        for _ in range(ROUNDS):
            buyer = self.shop.customer()
            order = buyer.buy(self.shop.product(price="10.00"))
            payment = buyer.post("/payments/create-intent/", {"order_id": order["id"]}).expect(201).json["payment"]
            clients = [self.shop.client(buyer.token) for _ in range(6)]
            confirm = {"payment_id": payment["id"], "payment_method": "pm_card_visa"}
            at_once(6, lambda i: clients[i].post("/payments/confirm/", confirm))
            path = f"/payments/{payment['id']}/"
            shopd.wait_until(lambda: buyer.get(path).json["status"] == "succeeded", "the payment succeeds")
            staff = [self.shop.client(self.shop.admin.token) for _ in range(6)]
            answers = at_once(6, lambda i: staff[i].post("/payments/refund/", {"payment_id": payment["id"], "amount": "4.00"}))
            self.assertEqual(counts(a.status < 300 for a in answers), {True: 2, False: 4})
            self.assertEqual(buyer.get(path).json["amount_refunded"], "8.00")

    def test_many_intents_for_one_order_are_one_payment(self):
        for _ in range(ROUNDS):
            buyer = self.shop.customer()
            order = buyer.buy(self.shop.product())
            clients = [self.shop.client(buyer.token) for _ in range(8)]
            answers = at_once(8, lambda i: clients[i].post("/payments/create-intent/", {"order_id": order["id"]}))
            made = [a for a in answers if a.status == 201]
            self.assertTrue(made)
            self.assertLessEqual({a.status for a in answers}, {201, 409})
            self.assertEqual(len({a.json["payment"]["id"] for a in made}), 1)
            self.assertEqual(buyer.get("/payments/").json["count"], 1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    chosen, sys.argv[1:] = parser.parse_known_args()
    ROUNDS = chosen.rounds
    shopd.main()
