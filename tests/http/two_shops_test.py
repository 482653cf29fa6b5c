# SPDX-License-Identifier: MIT
"""Two shopd on one database: what must happen once happens once, whichever of them is asked, and their jobs do not do each other's work."""
import itertools

import shopd
from shopd import at_once, counts, unique

BUYERS = 120
PIECES = 50


class Both(shopd.ShopTest):
    settings = {"SHOP_CALL_TIMEOUT_MS": "60000", "SHOP_PAYMENT_RETRY": "1"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = shopd.Shopd(database=cls.shop.database, fresh=False, admin=False, **cls.settings)
        cls.addClassCleanup(cls.other.stop)
        cls.other.admin_login = cls.shop.admin_login
        cls.shops = (cls.shop, cls.other)

    def of_both(self, token, count):
        """So many clients with this token, in turn at each shop."""
        return [shop.client(token) for shop in itertools.islice(itertools.cycle(self.shops), count)]

    def stock(self, product):
        """What both shops say."""
        left = {shop.stock(product) for shop in self.shops}
        self.assertEqual(len(left), 1)
        return left.pop()


class Races(Both):
    def test_a_rush_at_both_sells_exactly_what_there_is(self):
        buyers = [shop.customer() for shop in itertools.islice(itertools.cycle(self.shops), BUYERS)]
        for _ in range(2):
            product = self.shop.product(stock=PIECES)
            for buyer in buyers:
                buyer.delete("/cart/clear/").expect(200)
                buyer.add(product)
            answers = at_once(BUYERS, lambda i: buyers[i].order())
            self.assertEqual(counts((a.status, a.code if a.status >= 400 else None) for a in answers),
                             {(201, None): PIECES, (400, "insufficient_stock"): BUYERS - PIECES})
            self.assertEqual(len({a.json["id"] for a in answers if a.status == 201}), PIECES)
            self.assertEqual(self.stock(product), 0)

    def test_one_key_at_both_is_one_order(self):
        for _ in range(3):
            buyer, product = self.shop.customer(), self.shop.product(stock=100)
            buyer.add(product, 3)
            clients = self.of_both(buyer.token, 12)
            headers = {"Idempotency-Key": unique("key")}

            def send(i):
                while True:  # "still running" is an answer as well: try again
                    answer = clients[i].order(headers=headers)
                    if answer.status != 409:
                        return answer

            answers = at_once(len(clients), send)
            self.assertEqual(counts(a.status for a in answers), {201: 12})
            self.assertEqual(len({a.body for a in answers}), 1)
            self.assertEqual(self.stock(product), 97)

    def test_a_session_that_ends_at_one_ends_at_both(self):
        buyer = self.shop.customer()
        self.other.client(buyer.token).get("/auth/me/").expect(200)
        won = self.other.client().post("/auth/token/refresh/", {"refresh": buyer.refresh}).expect(200)
        self.shop.client().post("/auth/token/refresh/", {"refresh": buyer.refresh}).expect(401)
        self.other.client().post("/auth/token/refresh/", {"refresh": won.json["refresh"]}).expect(401)

    def test_a_payment_is_refunded_once_whoever_looks_after_it(self):
        buyer, product = self.shop.customer(), self.shop.product(stock=100, price="10.00")
        payments = []
        for _ in range(8):
            order = buyer.buy(product)
            payment = buyer.post("/payments/create-intent/", {"order_id": order["id"]}).expect(201).json["payment"]
            buyer.post("/payments/confirm/", {"payment_id": payment["id"], "payment_method": "pm_card_visa"}).expect(200)
            payments.append((order, payment))
        for order, payment in payments:
            shopd.wait_until(lambda: buyer.get(f"/payments/{payment['id']}/").json["status"] == "succeeded", "the payment succeeds")
            at_once(4, lambda i: self.of_both(buyer.token, 4)[i].post(f"/orders/{order['id']}/cancel/"))
        for _, payment in payments:
            path = f"/payments/{payment['id']}/"
            shopd.wait_until(lambda: buyer.get(path).json["status"] == "refunded", "the payment is refunded", 20)
            self.assertEqual(buyer.get(path).json["amount_refunded"], "10.00")
        self.assertEqual(self.stock(product), 100)


class Expiry(Both):
    """Both shops look for orders that nobody paid."""
    settings = {**Both.settings, "SHOP_ORDER_TTL": "1"}

    def test_an_order_expires_once(self):
        buyer, product = self.shop.customer(), self.shop.product(stock=100)
        orders = [buyer.buy(product, 2) for _ in range(30)]
        for order in orders[::3]:
            buyer.post("/payments/create-intent/", {"order_id": order["id"]})  # one that expired meanwhile is refused

        def all_expired():
            return {order["status"] for order in buyer.pages("/orders/?page_size=100&cursor=")} == {"cancelled"}

        shopd.wait_until(all_expired, "orders expire", 20)
        self.assertEqual(self.stock(product), 100)


if __name__ == "__main__":
    shopd.main()
