# SPDX-License-Identifier: MIT
"""Payments through Stripe, seen from outside: its amounts, its absences, its refusals, and what happens at Stripe without the shop."""
import tempfile

import shopd
from shopd import wait_until
from stand_in import StandIn

VISA = "pm_card_visa"
CREATE = "POST /v1/payment_intents"
CONFIRM = "POST /v1/payment_intents/*/confirm"
REFUND = "POST /v1/refunds"


class StripeTest(shopd.unittest.TestCase):
    settings = {}

    def setUp(self):
        self.stripe = StandIn()
        self.addCleanup(self.stripe.stop)
        self.shop = self.open_shop(**self.settings)
        self.buyer = self.shop.customer()

    def open_shop(self, **settings):
        shop = shopd.Shopd(STRIPE_SECRET_KEY=self.stripe.key, STRIPE_API_BASE=self.stripe.url, SHOP_GATEWAY_TIMEOUT_MS="1500",
                           SHOP_PAYMENT_RETRY="1", **settings)
        self.addCleanup(shop.stop)
        self.stripe.endpoint_of(shop)
        return shop

    def ordered(self, price="10.00"):
        return self.buyer.buy(self.shop.product(price=price, stock=10), 1)

    def ask_intent(self, order):
        return self.buyer.post("/payments/create-intent/", {"order_id": order["id"]})

    def intent(self, order):
        return self.ask_intent(order).expect(201).json["payment"]

    def confirm(self, payment, method=VISA):
        return self.buyer.post("/payments/confirm/", {"payment_id": payment["id"], "payment_method": method})

    def paid(self):
        order = self.ordered()
        payment = self.intent(order)
        self.confirm(payment).expect(200)
        return order, payment

    def payment(self, payment):
        return self.buyer.get(f"/payments/{payment['id']}/").expect(200).json

    def order_status(self, order):
        return self.buyer.get(f"/orders/{order['id']}/").expect(200).json["status"]

    def wait_payment(self, payment, status, refunded=None):
        wait_until(lambda: (p := self.payment(payment))["status"] == status and refunded in (None, p["amount_refunded"]),
                   f"the payment becomes {status}", 30)

    def held(self, payment):
        sums = self.stripe.money()[payment["stripe_payment_intent_id"]]
        return sums["received"] - sums["refunded"]


class Amounts(shopd.unittest.TestCase):
    """Stripe's own units: currency, a price, what Stripe is asked for; and a price that it cannot charge."""
    currencies = [("kwd", "1.230", 1230, "1.234"), ("mga", "5.00", 5, "5.50"), ("isk", "60", 6000, None), ("ugx", "5000", 500000, None),
                  ("jpy", "100", 100, None), ("huf", "175.00", 17500, None), ("eur", "0.50", 50, None)]

    def test_each_currency_goes_to_stripe_in_its_unit(self):
        for currency, price, units, impossible in self.currencies:
            with self.subTest(currency=currency), StandIn() as stripe, \
                    shopd.Shopd(STRIPE_SECRET_KEY=stripe.key, STRIPE_API_BASE=stripe.url, STRIPE_CURRENCY=currency) as shop:
                stripe.endpoint_of(shop)
                buyer = shop.customer()
                product = shop.product(price=price, stock=5)
                if impossible:
                    shop.admin.patch(f"/products/{product['slug']}/", {"price": impossible}).expect_field("price")
                order = buyer.buy(product, 1)
                payment = buyer.post("/payments/create-intent/", {"order_id": order["id"]}).expect(201).json["payment"]
                self.assertEqual([(i["amount"], i["currency"]) for i in stripe.state()["intents"]], [(units, currency)])
                paid = buyer.post("/payments/confirm/", {"payment_id": payment["id"], "payment_method": VISA}).expect(200).json
                self.assertEqual((paid["status"], paid["amount"]), ("succeeded", price))
                back = shop.admin.post("/payments/refund/", {"payment_id": payment["id"]}).expect(200).json
                self.assertEqual((back["status"], back["amount_refunded"]), ("refunded", price))

    def test_a_currency_that_stripe_has_not_is_refused_at_the_start(self):
        with tempfile.TemporaryDirectory() as folder, self.assertRaisesRegex(AssertionError, "cannot charge in the shop's currency"):
            shopd.Shopd(folder=folder, STRIPE_SECRET_KEY="sk_test_0123456789", STRIPE_CURRENCY="clf")


class Calls(StripeTest):
    def test_what_is_below_the_minimum_is_refused_before_stripe_is_asked(self):
        self.ask_intent(self.ordered("0.49")).expect(400, "amount_too_small")
        self.assertEqual(self.stripe.requests("/v1/payment_intents"), [])
        self.ask_intent(self.ordered("0.50")).expect(201)

    def test_stripe_knows_order_and_customer_and_the_version_is_pinned(self):
        order = self.ordered()
        self.intent(order)
        intent = self.stripe.state()["intents"][0]
        self.assertEqual(intent["metadata"]["order"], str(order["id"]))
        self.assertIn("user", intent["metadata"])
        headers = {name.lower(): value for name, value in self.stripe.requests("/v1/payment_intents")[0]["headers"].items()}
        self.assertRegex(headers["stripe-version"], r"^\d{4}-\d\d-\d\d\.\w+$")
        self.assertTrue(headers["idempotency-key"])

    def test_a_declined_card_tells_the_banks_word_and_another_may_pay(self):
        order = self.ordered()
        payment = self.intent(order)
        for method, word in (("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"), ("pm_card_chargeDeclinedLostCard", "lost_card")):
            problem = self.confirm(payment, method).expect(402, "card_declined").json
            self.assertEqual(problem["decline_code"], word)
            self.assertTrue(problem["detail"])
        self.assertEqual(self.payment(payment)["status"], "failed")
        self.confirm(payment).expect(200)
        self.assertEqual(self.order_status(order), "processing")

    def test_while_stripe_is_away_nothing_is_lost_and_the_same_request_goes_on(self):
        order = self.ordered()
        for fault in ("refuse", "503", "html", "garbage_json"):
            with self.subTest(fault=fault):
                self.stripe.fault(CREATE, fault, times=None)
                answer = self.ask_intent(order).expect(503, "gateway_unavailable")
                self.assertTrue(answer.headers["Retry-After"])
        self.stripe.fault(CREATE, "drop_after", times=None)
        self.ask_intent(order).expect(503, "gateway_unavailable")
        self.stripe.calm()
        payment = self.intent(order)
        self.assertEqual(len(self.stripe.state()["intents"]), 1)
        self.stripe.fault(CONFIRM, "drop_after", times=None)
        self.confirm(payment).expect(503, "gateway_unavailable")
        self.stripe.calm()
        self.assertEqual(self.confirm(payment).expect(200).json["status"], "succeeded")
        self.assertEqual(self.held(payment), 1000)

    def test_a_fault_that_stripe_keeps_under_the_key_is_overcome(self):
        order = self.ordered()
        for fault in ("500", "500_after"):
            self.stripe.fault(CREATE, fault)
            self.ask_intent(order)
        payment = self.intent(order)
        live = [i for i in self.stripe.state()["intents"] if i["status"] != "canceled"]
        self.assertEqual([i["id"] for i in live], [payment["stripe_payment_intent_id"]])
        self.confirm(payment).expect(200)
        self.stripe.fault(REFUND, "500_after")
        back = self.shop.admin.post("/payments/refund/", {"payment_id": payment["id"], "amount": "4.00"})
        self.assertIn(back.status, (200, 503))
        self.wait_payment(payment, "partially_refunded", "4.00")
        self.assertEqual(self.held(payment), 600)

    def test_a_busy_stripe_is_a_conflict_that_passes(self):
        order = self.ordered()
        self.stripe.fault(CREATE, "429", times=None, should_retry=False)
        answer = self.ask_intent(order).expect(409, "gateway_busy")
        self.assertTrue(answer.headers["Retry-After"])

    def test_a_key_that_stripe_does_not_take_is_the_operators_matter(self):
        order = self.ordered()
        self.stripe.keys("sk_test_of_somebody_else")
        with self.assertRaisesRegex(AssertionError, "502.*gateway_misconfigured|no fault of ours"):
            self.ask_intent(order)
        self.assertIn("secret key is not accepted", self.shop.errors())
        self.assertNotIn(self.stripe.key, self.shop.errors())


class Elsewhere(StripeTest):
    settings = {"SHOP_ORDER_TTL": "3600"}

    def test_who_pays_in_the_browser_has_paid_even_when_no_message_comes(self):
        self.stripe.hold()
        order = self.ordered()
        payment = self.intent(order)
        self.stripe.pay(payment["stripe_payment_intent_id"], VISA)
        self.wait_payment(payment, "succeeded")
        self.assertEqual(self.order_status(order), "processing")

    def test_a_refund_made_in_the_dashboard_counts(self):
        order, payment = self.paid()
        self.stripe.refund(payment["stripe_payment_intent_id"], 400)
        self.wait_payment(payment, "partially_refunded", "4.00")
        self.shop.admin.post("/payments/refund/", {"payment_id": payment["id"], "amount": "6.01"}).expect_field("amount")
        self.stripe.refund(payment["stripe_payment_intent_id"], 600)
        self.wait_payment(payment, "refunded", "10.00")
        wait_until(lambda: self.order_status(order) == "cancelled", "nothing is left of the order")

    def test_a_refund_that_the_bank_sends_back_is_free_again(self):
        _, payment = self.paid()
        self.shop.admin.post("/payments/refund/", {"payment_id": payment["id"], "amount": "4.00"}).expect(200)
        refund = self.stripe.state()["refunds"][0]["id"]
        self.stripe.settle_refund(refund, "failed")
        self.wait_payment(payment, "succeeded", "0.00")

    def test_disputed_money_cannot_be_given_back_until_the_dispute_is_won(self):
        _, payment = self.paid()
        self.stripe.dispute(payment["stripe_payment_intent_id"], "needs_response")
        wait_until(lambda: not self.payment(payment)["can_be_refunded"], "the shop hears of the dispute")
        self.shop.admin.post("/payments/refund/", {"payment_id": payment["id"]}).expect(409, "payment_disputed")
        self.stripe.move_dispute(self.stripe.state()["disputes"][0]["id"], "won")
        wait_until(lambda: self.payment(payment)["can_be_refunded"], "the shop hears how it ended")
        self.shop.admin.post("/payments/refund/", {"payment_id": payment["id"]}).expect(200)


class Expiring(StripeTest):
    settings = {"SHOP_ORDER_TTL": "1"}

    def asked(self, payment):
        return len(self.stripe.requests("/v1/payment_intents/" + payment["stripe_payment_intent_id"]))

    def test_a_bank_debit_keeps_its_order_until_the_bank_has_spoken(self):
        order = self.ordered()
        payment = self.intent(order)
        self.confirm(payment, "pm_usBankAccount_processing").expect(200)
        other = self.ordered()
        wait_until(lambda: self.order_status(other) == "cancelled", "an order that nobody pays expires", 30)
        asked = self.asked(payment)
        wait_until(lambda: self.asked(payment) > asked + 1, "the shop asks how the bank decides", 30)
        self.assertEqual((self.order_status(order), self.payment(payment)["status"]), ("pending", "processing"))
        self.stripe.settle(payment["stripe_payment_intent_id"], "succeeded")
        wait_until(lambda: self.order_status(order) == "processing", "it is paid")

    def test_an_order_that_was_paid_in_the_last_moment_is_kept(self):
        self.stripe.hold()
        order = self.ordered()
        payment = self.intent(order)
        self.stripe.pay(payment["stripe_payment_intent_id"], VISA)
        wait_until(lambda: self.order_status(order) != "pending", "the order's time is over", 30)
        self.assertEqual((self.order_status(order), self.held(payment)), ("processing", 1000))

    def test_while_stripe_is_away_an_order_waits_and_then_it_expires(self):
        product = self.shop.product(stock=10)
        order = self.buyer.buy(product, 4)
        payment = self.intent(order)
        self.stripe.fault("*", "refuse", times=None)
        asked = self.asked(payment)
        wait_until(lambda: self.asked(payment) > asked, "the shop asks before it lets the order go", 30)
        self.assertEqual((self.order_status(order), self.shop.stock(product)), ("pending", 6))
        self.stripe.calm()
        wait_until(lambda: self.order_status(order) == "cancelled", "it expires", 30)
        self.assertEqual((self.shop.stock(product), self.stripe.state()["intents"][0]["status"]), (10, "canceled"))


if __name__ == "__main__":
    shopd.main()
