# SPDX-License-Identifier: MIT
"""kill -9 of shopd while clients buy, pay and cancel: what it acknowledged is there afterwards, and nothing stays half done.

kill_test.py [--seed N] [--kills N]
"""
import argparse
import collections
import http.client
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "http"))
import shopd  # noqa: E402

CLIENTS = 8
PRODUCTS = 3
STOCK = 100_000
LOST = (OSError, http.client.HTTPException)


class Shopper(threading.Thread):
    """Buys and cancels without end, sends again what got no answer, and remembers what it was promised."""

    def __init__(self, keeper, seed, buyer, products):
        super().__init__(daemon=True)
        self.keeper, self.products = keeper, products
        self.dice = random.Random(seed)
        self.token, self.email = buyer.token, buyer.email
        self.placed, self.cancelled, self.paid = {}, set(), set()
        self.cut = self.replayed = 0
        self.fault = None

    def call(self, method, path, body=None, key=None):
        """One change, repeated under one key until it is answered: the answer; None when the test is over."""
        headers = {"Idempotency-Key": key or shopd.unique("kill")}
        while not self.keeper.over:
            shop = self.keeper.shop
            try:
                client = shop.client(self.token)
                answer = client.call(method, path, body, headers=headers)
                client.close()
                if answer.status == 503:
                    continue
                if answer.status == 401:
                    self.token = shop.login(self.email).token
                    continue
                self.replayed += answer.headers["Idempotency-Replayed"] == "true"
                return answer
            except ConnectionRefusedError:
                time.sleep(0.005)
            except LOST:
                self.cut += 1
        return None

    def turn(self):
        product = self.dice.choice(self.products)
        quantity = self.dice.randint(1, 3)
        if self.call("POST", "/cart/items/", {"product_id": product["id"], "quantity": quantity}) is None:
            return
        answer = self.call("POST", "/orders/", {"shipping_address": "x"})
        if answer is None:
            return
        order = answer.expect(201).json
        self.placed[order["id"]] = order
        if self.dice.random() < 0.4:
            self.pay(order)
        if self.dice.random() < 0.3:
            answer = self.call("POST", f"/orders/{order['id']}/cancel/")
            if answer is not None:
                answer.expect(200)
                self.cancelled.add(order["id"])

    def pay(self, order):
        answer = self.call("POST", "/payments/create-intent/", {"order_id": order["id"]})
        if answer is None:
            return
        payment = answer.expect(201).json["payment"]
        answer = self.call("POST", "/payments/confirm/", {"payment_id": payment["id"], "payment_method": "pm_card_visa"})
        if answer is not None and answer.expect(200).json["status"] == "succeeded":
            self.paid.add(order["id"])

    def run(self):
        try:
            while not self.keeper.over:
                self.turn()
        except BaseException as error:  # told by the main thread
            self.fault = error


class Keeper:
    """The shop that is killed and started again."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.shop = shopd.Shopd(database="sqlite:", SHOP_ORDER_TTL="0", SHOP_ACCESS_TTL="3600")
        self.over = False

    def kill_and_restart(self):
        self.shop.kill()
        self.shop.start()

    def live_a_while(self, shoppers, orders):
        """Until so many more orders were placed: a time that does not depend on how fast the machine is."""
        goal = sum(len(s.placed) for s in shoppers) + orders

        def placed():
            for shopper in shoppers:
                if shopper.fault:
                    raise shopper.fault
            return sum(len(s.placed) for s in shoppers) >= goal

        shopd.wait_until(placed, "orders are placed between two kills", 30)


def unsettled(shop, shoppers):
    """Orders whose payment is not yet what the order's fate asks for."""
    paid = set().union(*(s.paid for s in shoppers))
    wrong = []
    for order in shop.admin.pages("/orders/admin/?page_size=100&cursor="):
        payment = order["payment"]["status"] if order["payment"] else None
        if order["status"] == "cancelled":
            good = payment in (None, "cancelled", "refunded") and not (order["id"] in paid and payment == "cancelled")
        else:
            good = payment in (None, "pending", "succeeded") and (order["status"] == "processing") == (payment == "succeeded")
            good = good and not (order["id"] in paid and payment != "succeeded")
        if not good:
            wrong.append((order["id"], order["status"], payment))
    return wrong


def wait_settled(shop, shoppers):
    """What a kill left half done is finished by the shop itself."""
    left = []

    def settled():
        left[:] = unsettled(shop, shoppers)
        return not left

    try:
        shopd.wait_until(settled, "all is settled", 30)
    except AssertionError as error:
        raise AssertionError(f"{error}: {left[:20]}") from None


def check(shop, shoppers, products):
    """Every promise is kept; returns how many orders there are."""
    orders = {order["id"]: order for order in shop.admin.pages("/orders/admin/?page_size=100&cursor=")}
    for shopper in shoppers:
        for number, promised in shopper.placed.items():
            assert number in orders, f"order {number} was acknowledged and is gone"
            found = dict(orders[number])
            assert found["items"] == [dict(i, product=f["product"]) for i, f in zip(promised["items"], found["items"])], number
            assert found["total_price"] == promised["total_price"], number
            if number in shopper.cancelled:
                assert found["status"] == "cancelled", f"order {number} was cancelled and is not"
    sold = collections.Counter()
    for order in orders.values():
        if order["status"] != "cancelled":
            for item in order["items"]:
                sold[item["product"]["id"]] += item["quantity"]
    for product in products:
        left = shop.stock(product)
        assert left + sold[product["id"]] == STOCK, f"{product['slug']}: {left} left and {sold[product['id']]} sold of {STOCK}"
    return len(orders)


def run(seed, kills):
    keeper = Keeper(seed)
    try:
        shop = keeper.shop
        products = [shop.product(stock=STOCK) for _ in range(PRODUCTS)]
        shoppers = [Shopper(keeper, seed * 1000 + i, shop.customer(), products) for i in range(CLIENTS)]
        for shopper in shoppers:
            shopper.start()
        for number in range(kills):
            keeper.live_a_while(shoppers, keeper.dice.randint(1, 60))
            time.sleep(keeper.dice.random() * 0.02)  # at any moment of a request
            keeper.kill_and_restart()
        keeper.live_a_while(shoppers, 20)
        keeper.over = True
        for shopper in shoppers:
            shopper.join(60 * shopd.SLOW)
            if shopper.fault:
                raise shopper.fault
        wait_settled(shop, shoppers)
        total = check(shop, shoppers, products)
        acknowledged, paid = sum(len(s.placed) for s in shoppers), sum(len(s.paid) for s in shoppers)
        cut, replayed = sum(s.cut for s in shoppers), sum(s.replayed for s in shoppers)
        print(f"seed {seed}: {kills} kills, {acknowledged} orders acknowledged, {paid} paid, {total} in the shop, {cut} requests cut off, "
              f"{replayed} of them done all the same")
        assert cut > 0, "no request was ever cut off: the test tested nothing"
    finally:
        keeper.over = True
        keeper.shop.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=12)
    chosen = parser.parse_args()
    try:
        run(chosen.seed, chosen.kills)
    except AssertionError as error:
        print(f"BROKEN: {error}\n0 passed, 1 failed")
        sys.exit(1)
    print("1 passed, 0 failed")


if __name__ == "__main__":
    main()
