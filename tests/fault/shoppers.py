# SPDX-License-Identifier: MIT
"""Customers for fault tests, who send again what was not answered, and what must be true of their orders afterwards."""
import collections
import http.client
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "http"))
import shopd  # noqa: E402

STOCK = 100_000
LOST = (OSError, http.client.HTTPException)


def is_passing(answer):
    """Not now: the same request may be sent again."""
    return answer.status == 503 or (answer.status == 409 and answer.headers["Retry-After"] is not None)


class Shopper(threading.Thread):
    """Buys, pays and cancels until world.over; remembers what it was promised.

    world.shop_for(self): whom to ask. world.was_cut(self, error): a request had no answer. world.was_answered(self, answer, took).
    With world.patient a request is repeated until it is answered even when the test is over.
    """

    def __init__(self, world, seed, buyer, products):
        super().__init__(daemon=True)
        self.world, self.products = world, products
        self.dice = random.Random(seed)
        self.token, self.email = buyer.token, buyer.email
        self.placed, self.cancelled, self.paid = {}, set(), set()
        self.cut = self.replayed = 0
        self.fault = None

    def ask(self, shop, method, path, body, headers):
        client = shop.client(self.token)
        try:
            begun = time.monotonic()
            answer = client.call(method, path, body, headers=headers)
            self.world.was_answered(self, answer, time.monotonic() - begun)
            return answer
        finally:
            client.close()

    def call(self, method, path, body=None):
        """One change, repeated under one key until it is answered: the answer; None when the test is over."""
        headers = {"Idempotency-Key": shopd.unique("fault")} if method != "GET" else {}
        while self.world.patient or not self.world.over:
            shop = self.world.shop_for(self)
            try:
                answer = self.ask(shop, method, path, body, headers)
                if is_passing(answer):
                    time.sleep(self.world.pause)
                    continue
                if answer.status == 401:
                    self.token = shop.login(self.email).token
                    continue
                self.replayed += answer.headers["Idempotency-Replayed"] == "true"
                return answer
            except ConnectionRefusedError as error:
                self.world.was_cut(self, error)
                time.sleep(0.005)
            except LOST as error:
                self.world.was_cut(self, error)
                self.cut += 1
        return None

    def turn(self):
        product = self.dice.choice(self.products)
        quantity = self.dice.randint(1, 3)
        if self.world.reads and (answer := self.call("GET", f"/products/{product['slug']}/")) is not None:
            answer.expect(200)
        answer = self.call("POST", "/cart/items/", {"product_id": product["id"], "quantity": quantity})
        if answer is None or self.was_refused(answer, 200):
            return
        answer = self.call("POST", "/orders/", {"shipping_address": "x"})
        if answer is None or self.was_refused(answer, 201):
            return
        order = answer.json
        if order["id"] in self.placed:
            raise AssertionError(f"two requests were answered with order {order['id']}")
        if [(i["product"]["id"], i["quantity"]) for i in order["items"]] != [(product["id"], quantity)]:
            raise AssertionError(f"{quantity} of product {product['id']} were put into the cart, and order {order['id']} is {order['items']}")
        self.placed[order["id"]] = order
        if self.dice.random() < 0.4:
            self.pay(order)
        if self.dice.random() < 0.3:
            self.cancel(order)

    def was_refused(self, answer, good):
        """Sold out is an answer; the cart is cleared then."""
        if answer.status != 400:
            answer.expect(good)
            return False
        answer.expect(400, "insufficient_stock")
        answer = self.call("POST", "/cart/clear/")
        if answer is not None:
            answer.expect(200)
        return True

    def cancel(self, order):
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
            while not self.world.over:
                self.turn()
        except BaseException as error:  # told by the main thread
            self.fault = error


class World:
    """What shoppers share. A test fills in shop_for."""
    patient = False
    reads = False
    pause = 0.0

    def __init__(self):
        self.over = False
        self.shoppers = []

    def shop_for(self, shopper):
        raise NotImplementedError

    def was_cut(self, shopper, error):
        pass

    def was_answered(self, shopper, answer, took):
        pass

    def placed(self):
        """How many orders were acknowledged; raises what went wrong for a shopper."""
        for shopper in self.shoppers:
            if shopper.fault:
                raise shopper.fault
        return sum(len(s.placed) for s in self.shoppers)

    def live_a_while(self, orders):
        """Until so many more orders were placed: a time that does not depend on how fast the machine is."""
        goal = self.placed() + orders
        shopd.wait_until(lambda: self.placed() >= goal, "orders are placed between two faults", 30)

    def finish(self):
        self.over = True
        for shopper in self.shoppers:
            shopper.join(60 * shopd.SLOW)
            if shopper.is_alive():
                raise AssertionError("a shopper is never answered")
        self.placed()


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
        had = product["stock_quantity"]
        assert left + sold[product["id"]] == had, f"{product['slug']}: {left} left and {sold[product['id']]} sold of {had}"
    return len(orders)
