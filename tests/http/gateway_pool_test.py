# SPDX-License-Identifier: MIT
"""A payment gateway that hangs slows nothing else down: its calls wait in a pool and in jobs of their own."""
import concurrent.futures
import re
import time
import unittest

import contract
import shopd
from shopd import wait_until
from stand_in import StandIn

FOREVER = 3600
WORKERS, QUEUE = 8, 12
VISA = "pm_card_visa"


class Setting(unittest.TestCase):
    """A shop with a Stripe that can be made to hang: every test has its own."""

    def setUp(self):
        self.stripe = StandIn()
        self.addCleanup(self.end_stripe)

    def end_stripe(self):
        """Whoever waits for it hears that it is gone."""
        stripe, self.stripe = self.stripe, None
        if stripe:
            stripe.stop()

    def open_shop(self, **settings):
        self.shop = shopd.Shopd(STRIPE_SECRET_KEY=self.stripe.SECRET_KEY, STRIPE_API_BASE=self.stripe.url,
                                STRIPE_PUBLISHABLE_KEY="pk_test_x", **settings)
        self.addCleanup(self.stop_shop)
        self.stripe.endpoint_of(self.shop)

    def stop_shop(self):
        try:
            self.end_stripe()
        finally:
            self.shop.stop()

    def metric(self, name):
        text = self.shop.client(prefix="").get("/metrics").expect(200).body.decode()
        return int(re.search(rf"^shopd_{name} (\d+)$", text, re.M).group(1))

    def customer_with_order(self):
        customer = self.shop.customer()
        customer.bought = customer.buy(self.product)
        return customer

    def create_intent(self, customer):
        return customer.post("/payments/create-intent/", {"order_id": customer.bought["id"]})

    def make_it(self, fault, seconds=FOREVER):
        """From now on the gateway does this with every call. Its messages have all come before: they make the shop call, too."""
        self.stripe.wait_quiet()
        self.stripe.faults([{"match": "*", "fault": fault, "times": None, "seconds": seconds}])

    def calls_with(self, fault):
        return [request for request in self.stripe.requests("/v1/") if request["fault"] == fault]

    def hanging_calls(self):
        return self.calls_with("hang")


class Hanging(Setting):
    def confirm(self, customer):
        return customer.post("/payments/confirm/", {"payment_id": customer.payment, "payment_method": VISA})

    def begin(self, actions):
        """Each action in a thread of its own; returns when the pool is full of them: all workers busy, all others in the queue."""
        pool = concurrent.futures.ThreadPoolExecutor(len(actions))
        self.addCleanup(pool.shutdown)
        self.addCleanup(self.end_stripe)
        waiting = [pool.submit(action) for action in actions[:WORKERS]]
        wait_until(lambda: self.metric("gateway_workers_busy") == WORKERS, "all workers of the gateway wait", 60)
        waiting += [pool.submit(action) for action in actions[WORKERS:]]  # not before: the queue alone would not hold them all
        wait_until(lambda: self.metric("gateway_queue_length") == len(actions) - WORKERS, "the others queue", 60)
        wait_until(lambda: len(self.hanging_calls()) >= WORKERS, "the gateway has their calls", 60)
        return waiting

    def use_the_rest_of_the_shop(self):
        shop, web, anybody = self.shop, self.shop.client(prefix=""), self.shop.client()
        for _ in range(3):
            web.get("/healthz").expect(200)
            web.get("/readyz").expect(200)
            anybody.get("/products/").expect(200)
            anybody.get(f"/products/{self.product['slug']}/").expect(200)
            customer = shop.customer()
            order = customer.buy(self.product, 2)
            customer.get("/cart/").expect(200)
            customer.get("/orders/").expect(200)
            customer.get("/payments/").expect(200)
            customer.get(f"/orders/{order['id']}/").expect(200)
            shop.login(customer.email)
        shop.admin.get("/orders/admin/").expect(200)
        self.assertEqual(self.metric("queue_length"), 0)

    def test_the_rest_of_the_shop_is_served_while_payments_wait(self):
        self.open_shop(SHOP_GATEWAY_QUEUE=str(QUEUE), SHOP_GATEWAY_TIMEOUT_MS="120000", SHOP_WORKERS="2")
        self.product = self.shop.product(stock=1000)
        confirming = [self.customer_with_order() for _ in range(WORKERS)]
        creating = [self.customer_with_order() for _ in range(QUEUE)]
        for customer in confirming:
            customer.payment = self.create_intent(customer).expect(201).json["payment"]["id"]
        over = self.customer_with_order()
        self.make_it("hang")
        pairs = zip(confirming + creating, [self.confirm] * WORKERS + [self.create_intent] * QUEUE)
        waiting = self.begin([lambda customer=customer, action=action: action(customer) for customer, action in pairs])

        self.use_the_rest_of_the_shop()
        refused = self.create_intent(over).expect(503, "overloaded")
        self.assertGreaterEqual(int(refused.headers["Retry-After"]), 1)
        self.use_the_rest_of_the_shop()
        self.assertEqual([future for future in waiting if future.done()], [], "all payments still wait")

        self.end_stripe()
        for future in waiting:
            answer = future.result(60 * shopd.SLOW).expect(503, "gateway_unavailable")
            self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)

    def test_what_can_do_without_the_gateway_is_not_told_that_it_is_away(self):
        """Reads of payments, and orders that were never to be paid, need no answer of the gateway."""
        self.open_shop(SHOP_GATEWAY_TIMEOUT_MS="120000")
        self.product = self.shop.product(stock=1000)
        customer = self.customer_with_order()
        paying = self.customer_with_order()
        payment = self.create_intent(paying).expect(201).json["payment"]
        self.make_it("hang")
        customer.post(f"/orders/{customer.bought['id']}/cancel/").expect(200)
        paying.get("/payments/config/").expect(200)
        for path in (f"/payments/order/{paying.bought['id']}/", f"/payments/{payment['id']}/", f"/payments/{payment['id']}/status/"):
            self.assertEqual(paying.get(path).expect(200).json["id"], payment["id"])
        self.assertEqual(self.hanging_calls(), [])

    def test_jobs_of_the_storage_go_on_while_jobs_of_the_gateway_wait(self):
        self.open_shop(SHOP_GATEWAY_TIMEOUT_MS="120000", SHOP_PAYMENT_RETRY="1", SHOP_ORDER_TTL="3")
        self.product = self.shop.product(stock=1000)
        paying = self.customer_with_order()
        self.create_intent(paying).expect(201)
        self.make_it("hang")
        wait_until(self.hanging_calls, "a job asks the gateway")
        customer = self.customer_with_order()
        wait_until(lambda: customer.get(f"/orders/{customer.bought['id']}/").expect(200).json["status"] == "cancelled", "the order expires")
        self.assertFalse(self.stripe.quiet(), "the job still waits for the gateway")


class Ending(Setting):
    DRAIN, TIMEOUT, SLOWNESS, WORKERS = 1, 6, 2, 2

    def end_while(self, fault):
        """Ends a server whose workers and jobs all wait for the gateway; how its payment requests were answered."""
        self.open_shop(SHOP_GATEWAY_WORKERS=str(self.WORKERS), SHOP_GATEWAY_TIMEOUT_MS=str(1000 * self.TIMEOUT),
                       SHOP_DRAIN_SECONDS=str(self.DRAIN), SHOP_PAYMENT_RETRY="1")
        self.product = self.shop.product(stock=1000)
        looked_at = [self.customer_with_order() for _ in range(12)]
        for customer in looked_at:
            self.create_intent(customer).expect(201)
        customers = [self.customer_with_order() for _ in range(6)]
        self.make_it(fault, self.SLOWNESS if fault == "slow" else FOREVER)
        wait_until(lambda: self.calls_with(fault), "a job asks the gateway")
        with concurrent.futures.ThreadPoolExecutor(len(customers)) as pool:
            waiting = [pool.submit(self.create_intent, customer) for customer in customers]
            wait_until(lambda: self.metric("gateway_workers_busy") == self.WORKERS, "the workers of the gateway wait")
            wait_until(lambda: self.metric("gateway_queue_length") == len(customers) - self.WORKERS, "the others queue", 60)
            began = time.monotonic()
            self.shop.ask_to_stop()
            self.shop.wait_stopped()
            took = time.monotonic() - began
            answers = [future.result(60 * shopd.SLOW) for future in waiting]
        self.assertLess(took, (self.DRAIN + 2 * self.TIMEOUT) * shopd.SLOW, "it waits for a second call")
        return shopd.counts((answer.status, answer.json.get("code")) for answer in answers)

    def test_a_server_that_ends_waits_for_one_hanging_call_and_no_more(self):
        self.assertEqual(self.end_while("hang"), {(503, "gateway_unavailable"): 2, (503, "overloaded"): 4})

    def test_a_server_that_ends_waits_for_one_slow_call_and_no_more(self):
        self.assertEqual(self.end_while("slow"), {(201, None): 2, (503, "overloaded"): 4})


class Refusals(Setting):
    """What a gateway says, as HTTP."""

    def setUp(self):
        super().setUp()
        self.open_shop()
        self.product = self.shop.product(stock=1000)
        self.customer = self.customer_with_order()

    def test_a_decline_has_the_banks_word(self):
        payment = self.create_intent(self.customer).expect(201).json["payment"]["id"]
        body = {"payment_id": payment, "payment_method": "pm_card_chargeDeclinedInsufficientFunds"}
        answer = self.customer.post("/payments/confirm/", body).expect(402, "card_declined")
        self.assertEqual(answer.json["decline_code"], "insufficient_funds")

    def test_a_busy_gateway_is_told_with_the_time_it_asks_for(self):
        for fault, seconds in (({"fault": "429", "retry_after": 7}, 7), ({"fault": "429", "should_retry": False}, 1)):
            with self.subTest(fault=fault):
                self.stripe.faults([{"match": "POST /v1/payment_intents", "times": None, **fault}])
                answer = self.create_intent(self.customer).expect(409, "gateway_busy")
                self.assertEqual(answer.headers["Retry-After"], str(seconds))
        self.stripe.calm()
        self.create_intent(self.customer).expect(201)


class Document(unittest.TestCase):
    def test_the_routes_that_may_call_the_gateway_are_known(self):
        """They answer 502 and no other does; they run in the gateway's pool."""
        calling = {"payment_create_intent", "payment_confirm", "payment_cancel", "payment_refund", "payment_sync", "payment_webhook",
                   "order_cancel", "order_set_status", "order_admin_set_status"}
        answering = lambda status: {operation["operationId"] for path in contract.document()["paths"].values()
                                    for operation in path.values() if status in operation["responses"]}
        self.assertEqual(answering("502"), calling)
        self.assertEqual(answering("402"), {name for name in calling if name.startswith("payment_")} - {"payment_webhook"})
        for status in ("409", "503"):
            self.assertLessEqual(calling, answering(status))


class Start(unittest.TestCase):
    """Which settings a server starts with, and what it says."""
    KEY = "sk_test_of_this_test_0123456789"
    PRODUCTION = {"SHOP_ENV": "production", "SECRET_KEY": "8f1d3b5a7c9e2460b1d3f5a7c9e8642013579bdfeca86420f0e1d2c3b4a59687",
                  "ALLOWED_HOSTS": "127.0.0.1", "SHOP_PASSWORD_MEMORY_KIB": None, "SHOP_PASSWORD_PASSES": None}

    def said(self, **settings):
        with shopd.Shopd(admin=False, **settings) as shop:
            errors = shop.errors()
        for secret in (settings.get("STRIPE_SECRET_KEY"), settings.get("STRIPE_WEBHOOK_SECRET"), shopd.WEBHOOK_SECRET):
            self.assertTrue(secret is None or secret not in errors, errors)
        return errors

    def refused(self, **settings):
        with shopd.tempfile.TemporaryDirectory() as folder:
            code, _, errors = shopd.run("serve", "--listen", "127.0.0.1:0", "--database", "memory:", folder=folder, **settings)
        self.assertEqual(code, 2, errors)
        key = settings.get("STRIPE_SECRET_KEY")
        self.assertNotIn(key, errors)
        return errors

    def test_it_says_which_gateway_serves(self):
        self.assertIn("the test gateway serves", self.said())
        errors = self.said(STRIPE_SECRET_KEY=self.KEY, STRIPE_PUBLISHABLE_KEY="pk_test_x")
        self.assertIn("payments: Stripe serves", errors)
        self.assertNotIn("warning", errors)
        self.assertIn("STRIPE_API_BASE", self.said(STRIPE_SECRET_KEY=self.KEY, STRIPE_API_BASE="http://127.0.0.1:9"))

    def test_it_warns_of_what_may_be_meant_otherwise(self):
        self.assertIn("warning: there is no STRIPE_WEBHOOK_SECRET", self.said(STRIPE_SECRET_KEY=self.KEY, STRIPE_WEBHOOK_SECRET=None))
        self.assertIn("real money moves", self.said(STRIPE_SECRET_KEY="rk_live_of_this_test_0123456789"))
        self.assertIn("no money moves", self.said(**self.PRODUCTION, STRIPE_SECRET_KEY=self.KEY))

    def test_keys_that_are_none_are_refused(self):
        for key in ("pk_test_0123456789abcdef", "nonsense", "sk_test_0123\x010123456789", "sk_test_0123 0123456789"):
            with self.subTest(key=key):
                self.refused(STRIPE_SECRET_KEY=key)

    def test_production_refuses_half_a_setup(self):
        live = "sk_live_of_this_test_0123456789"
        self.assertIn("STRIPE_WEBHOOK_SECRET", self.refused(**self.PRODUCTION, STRIPE_SECRET_KEY=live, STRIPE_WEBHOOK_SECRET=None))
        self.assertIn("STRIPE_API_BASE", self.refused(**self.PRODUCTION, STRIPE_SECRET_KEY=live, STRIPE_API_BASE="http://127.0.0.1:9"))


if __name__ == "__main__":
    shopd.main()
