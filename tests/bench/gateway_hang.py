#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a hanging payment gateway does to everybody else: latencies beside those with a calm one, as a ratio, taken in turn.

tests/bench/gateway_hang.py [SECONDS]   (a measurement's length; default 3)

Two shops with equal goods; one has 16 payment requests that wait for the gateway all the time. Exits with 1 when a p99 is over twice the
calm one.
"""
import http.client
import json
import os
import pathlib
import re
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("BENCH_BIN", ROOT / "build" / "release" / "bin"))
os.environ["SHOPD"] = str(BIN / "shopd")
os.environ["SHOP_TEST_DATABASE"] = "sqlite:"
sys.path.insert(0, str(ROOT / "tests" / "http"))
import shopd  # noqa: E402

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
ROUNDS = 5
WAITING = 16
CALLERS = 4
PRODUCTS = 500
LIMIT = 2.0
TIMEOUT_MS = 120000  # of the gateway: longer than everything here


class Silence:
    """A gateway that takes connections and never says a word."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.taken = []
        self.thread = threading.Thread(target=self.take, daemon=True)
        self.thread.start()

    def take(self):
        while True:
            try:
                self.taken.append(self.listener.accept()[0])
            except OSError:
                return

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()
        for connection in self.taken:
            connection.close()


class Shop:
    """A shop with goods, and customers for the load."""

    def __init__(self, gateway):
        self.server = shopd.Shopd(STRIPE_SECRET_KEY="sk_test_of_the_benchmark_0123456789", STRIPE_API_BASE=gateway.url,
                                  SHOP_GATEWAY_TIMEOUT_MS=str(TIMEOUT_MS), SHOP_ACCESS_TTL="86400")
        self.port = self.server.port
        self.product = None
        for i in range(1, PRODUCTS + 1):
            made = self.server.product(stock=1000000000, slug=f"product-{i}", name=f"Product {i}")
            self.product = self.product or made
        self.buyer = self.server.customer()
        self.tokens = os.path.join(self.server.folder, "tokens")
        with open(self.tokens, "w", encoding="ascii") as file:
            for _ in range(CALLERS):
                file.write(self.server.customer().token + "\n")

    def let_payments_wait(self, gateway):
        """So many requests are sent and never answered: some at the gateway, the others in the queue."""
        self.waiting = []
        for _ in range(WAITING):
            customer = self.server.customer()
            order = customer.buy(self.product)
            connection = http.client.HTTPConnection("127.0.0.1", self.port)
            connection.request("POST", "/api/v1/payments/create-intent/", json.dumps({"order_id": order["id"]}),
                               {"Authorization": "Bearer " + customer.token, "Content-Type": "application/json"})
            self.waiting.append(connection)
        shopd.wait_until(lambda: self.metric("gateway_workers_busy") + self.metric("gateway_queue_length") == WAITING, "all wait")
        shopd.wait_until(lambda: gateway.taken, "the gateway is called")

    def metric(self, name):
        text = self.server.client(prefix="").get("/metrics").expect(200).body.decode()
        return int(re.search(rf"^shopd_{name} (\d+)$", text, re.M).group(1))

    def still_wait(self):
        readable, _, _ = select.select([connection.sock for connection in self.waiting], [], [], 0)
        return not readable


def load(*arguments):
    done = subprocess.run([str(BIN / "http_load"), *map(str, arguments)], check=True, capture_output=True, text=True)
    told = json.loads(done.stdout)
    return told["p50_us"] / 1000, told["p99_us"] / 1000


def detail(shop):
    return load(shop.port, "get", CALLERS, SECONDS, "/api/v1/products/product-%u/", PRODUCTS)


def flow(shop):
    return load(shop.port, "flow", CALLERS, SECONDS, shop.product["id"], PRODUCTS, shop.tokens)


def cart_add(shop):
    """One caller, one request after the other."""
    took, until = [], time.monotonic() + SECONDS
    connection = http.client.HTTPConnection("127.0.0.1", shop.port)
    bodies = [json.dumps({"product_id": shop.product["id"] + i, "quantity": 1}) for i in range(10)]
    headers = {"Authorization": "Bearer " + shop.buyer.token, "Content-Type": "application/json"}
    while time.monotonic() < until:
        began = time.monotonic()
        connection.request("POST", "/api/v1/cart/items/", bodies[len(took) % len(bodies)], headers)
        answer = connection.getresponse()
        answer.read()
        took.append((time.monotonic() - began) * 1000)
        if answer.status != 200:
            raise SystemExit(f"the cart answers {answer.status}")
    connection.close()
    took.sort()
    return took[len(took) // 2], took[len(took) * 99 // 100]


def compare(name, measure, calm, hanging):
    """A row of the table; whether it is within the limit."""
    pairs = []
    for i in range(ROUNDS):  # in turn, and in either order, so that a slower minute of the machine hits both
        order = (calm, hanging) if i % 2 == 0 else (hanging, calm)
        taken = {id(shop): measure(shop) for shop in order}
        pairs.append((taken[id(calm)], taken[id(hanging)]))
    median = lambda which, what: statistics.median(pair[which][what] for pair in pairs)
    (calm50, calm99), (hang50, hang99) = ((median(which, 0), median(which, 1)) for which in (0, 1))
    good = hang99 <= LIMIT * calm99
    print(f"| {name} | {calm50:.2f} | {hang50:.2f} | {hang50 / calm50:.2f} | {calm99:.2f} | {hang99:.2f} | {hang99 / calm99:.2f} | {LIMIT:g} "
          f"| {'ok' if good else 'OVER'} |", flush=True)
    return good


def main():
    gateway = Silence()
    calm = hanging = None
    try:
        calm, hanging = Shop(gateway), Shop(gateway)
        hanging.let_payments_wait(gateway)
        print(f"{os.cpu_count()} cores; {WAITING} payment requests wait for the gateway; {SECONDS:g} s a measurement, median of {ROUNDS}\n")
        print("| ms | calm p50 | hanging p50 | ratio | calm p99 | hanging p99 | ratio | limit | |\n|---|---|---|---|---|---|---|---|---|")
        good = [compare(name, measure, calm, hanging) for name, measure in
                ((f"product detail, {CALLERS} callers", detail), ("cart add, 1 caller", cart_add),
                 (f"cart and checkout, {CALLERS} callers", flow))]
        if not hanging.still_wait():
            raise SystemExit("the payments did not wait all the time: these figures say nothing")
    finally:
        gateway.close()
        for shop in (calm, hanging):
            if shop:
                shop.server.stop()
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
