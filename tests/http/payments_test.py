# SPDX-License-Identifier: MIT
"""Payments by the test gateway: intents, confirming, declines, refunds, cancelling, and the gateway's webhooks."""
import hashlib
import hmac
import json
import time

import shopd
from shopd import WEBHOOK_SECRET, unique

OTHER_SECRET = "whsec_of_the_next_month_0123456789"
VISA = "pm_card_visa"
REFUSED = (400, 409)


class PaymentTest(shopd.ShopTest):
    settings = {"STRIPE_PUBLISHABLE_KEY": "pk_test_of_the_tests", "STRIPE_WEBHOOK_SECRET": f"{WEBHOOK_SECRET},{OTHER_SECRET}"}

    def setUp(self):
        self.buyer = self.shop.customer()

    def ordered(self, price="10.00", quantity=1, stock=10):
        product = self.shop.product(price=price, stock=stock)
        return product, self.buyer.buy(product, quantity)

    def intent(self, order):
        return self.buyer.post("/payments/create-intent/", {"order_id": order["id"]}).expect(201).json

    def confirm(self, payment, method=VISA, client=None):
        return (client or self.buyer).post("/payments/confirm/", {"payment_id": payment["id"], "payment_method": method})

    def payment(self, payment):
        return self.buyer.get(f"/payments/{payment['id']}/").expect(200).json

    def order_status(self, order):
        return self.buyer.get(f"/orders/{order['id']}/").expect(200).json["status"]

    def wait_status(self, payment, *statuses):
        return shopd.wait_until(lambda: (p := self.payment(payment))["status"] in statuses and p, f"the payment becomes {statuses}", 15)

    def paid(self, price="10.00"):
        """A product, an order of one piece, and its payment: paid, and the shop has heard of it."""
        product, order = self.ordered(price)
        payment = self.intent(order)["payment"]
        self.confirm(payment).expect(200)
        payment = self.wait_status(payment, "succeeded")
        shopd.wait_until(lambda: self.order_status(order) == "processing", "the order is processed", 15)
        return product, order, payment

    def refund(self, payment, client=None, **members):
        return (client or self.shop.admin).post("/payments/refund/", {"payment_id": payment["id"], **members})


class Intents(PaymentTest):
    def test_the_configuration_is_the_publishable_key(self):
        self.assertEqual(self.buyer.get("/payments/config/").expect(200).json, {"publishable_key": "pk_test_of_the_tests"})

    def test_an_intent_is_over_the_orders_amount(self):
        _, order = self.ordered("12.34", 2)
        made = self.intent(order)
        self.assertEqual(set(made), {"payment", "client_secret", "publishable_key"})
        payment = made["payment"]
        self.assertEqual(set(payment), {"id", "order", "stripe_payment_intent_id", "status", "status_display", "amount", "amount_refunded",
                                        "currency", "failure_message", "is_successful", "is_pending", "is_failed", "can_be_refunded",
                                        "created_at", "updated_at"})
        self.assertEqual((payment["amount"], payment["amount_refunded"], payment["currency"]), ("24.68", "0.00", "usd"))
        self.assertEqual((payment["status"], payment["is_pending"], payment["is_successful"], payment["can_be_refunded"]),
                         ("pending", True, False, False))
        self.assertEqual(payment["order"]["id"], order["id"])
        self.assertEqual(payment["order"]["total_amount"], "24.68")
        self.assertTrue(payment["stripe_payment_intent_id"].startswith("pi_"))
        self.assertTrue(made["client_secret"])
        self.assertEqual(self.buyer.get(f"/orders/{order['id']}/").json["payment"], {"id": payment["id"], "status": "pending"})

    def test_an_open_intent_is_used_again(self):
        _, order = self.ordered()
        first, second = self.intent(order), self.intent(order)
        self.assertEqual((first["payment"]["id"], first["client_secret"]), (second["payment"]["id"], second["client_secret"]))
        self.assertEqual(self.buyer.get("/payments/").json["count"], 1)

    def test_the_key_of_the_body_is_taken(self):
        _, order = self.ordered()
        body = {"order_id": order["id"], "currency": "usd", "idempotency_key": unique("key")}
        first = self.buyer.post("/payments/create-intent/", body).expect(201).json
        again = self.buyer.post("/payments/create-intent/", body).expect(201).json
        self.assertEqual(first["payment"]["id"], again["payment"]["id"])

    def test_what_cannot_be_paid_has_no_intent(self):
        create = lambda **body: self.buyer.post("/payments/create-intent/", body)
        create().expect_field("order_id")
        create(order_id=999999999).expect(404)
        stranger = self.shop.customer()
        create(order_id=stranger.buy(self.shop.product())["id"]).expect(404)
        _, cancelled = self.ordered()
        self.buyer.post(f"/orders/{cancelled['id']}/cancel/").expect(200)
        self.assertIn(create(order_id=cancelled["id"]).status, REFUSED)
        _, order, _ = self.paid()
        self.assertIn(create(order_id=order["id"]).status, REFUSED)
        _, other = self.ordered()
        self.assertIn(create(order_id=other["id"], currency="eur").status, REFUSED)
        create(order_id=other["id"], currency="xyzzy").expect_field("currency")


class Confirming(PaymentTest):
    def test_a_good_card_pays_and_the_order_is_processed(self):
        _, order, payment = self.paid()
        self.assertEqual((payment["is_successful"], payment["is_pending"], payment["is_failed"], payment["can_be_refunded"]),
                         (True, False, False, True))
        self.assertEqual(payment["order"]["status"], "processing")

    def test_the_gateways_id_names_the_payment_as_well(self):
        _, order = self.ordered()
        payment = self.intent(order)["payment"]
        self.buyer.post("/payments/confirm/", {"payment_intent_id": payment["stripe_payment_intent_id"], "payment_method": VISA}).expect(200)
        self.wait_status(payment, "succeeded")

    def test_without_a_method_it_is_fetched(self):
        _, order = self.ordered()
        payment = self.intent(order)["payment"]
        fetched = self.buyer.post("/payments/confirm/", {"payment_id": payment["id"]}).expect(200).json
        self.assertEqual((fetched["id"], fetched["is_successful"]), (payment["id"], False))

    def test_a_declined_card_is_402_and_another_may_pay(self):
        _, order = self.ordered()
        payment = self.intent(order)["payment"]
        for method in ("pm_card_chargeDeclined", "pm_card_chargeDeclinedInsufficientFunds"):
            self.assertTrue(self.confirm(payment, method).expect(402).code)
            now = self.payment(payment)
            self.assertFalse(now["is_successful"])
            self.assertTrue(now["failure_message"])
            self.assertEqual(self.order_status(order), "pending")
        self.confirm(payment).expect(200)
        self.wait_status(payment, "succeeded")
        shopd.wait_until(lambda: self.order_status(order) == "processing", "the order is processed", 15)

    def test_a_card_that_wants_more_has_not_paid(self):
        _, order = self.ordered()
        payment = self.intent(order)["payment"]
        self.assertIn(self.confirm(payment, "pm_card_authenticationRequired").status, (200, 402))
        self.assertFalse(self.payment(payment)["is_successful"])
        self.assertEqual(self.order_status(order), "pending")

    def test_confirming_again_changes_nothing(self):
        _, order, payment = self.paid()
        again = self.confirm(payment)
        self.assertIn(again.status, (200,) + REFUSED)
        self.assertEqual(self.payment(payment)["status"], "succeeded")

    def test_what_is_no_payment_is_refused(self):
        self.buyer.post("/payments/confirm/", {}).expect(400)
        self.buyer.post("/payments/confirm/", {"payment_id": 999999999}).expect(404)
        self.buyer.post("/payments/confirm/", {"payment_intent_id": "pi_no_such_thing"}).expect(404)
        _, order = self.ordered()
        payment = self.intent(order)["payment"]
        self.assertIn(self.confirm(payment, "no such method").status, (400, 402))
        self.confirm(payment, client=self.shop.customer()).expect(404)
        self.assertEqual(self.payment(payment)["status"], "pending")


class Reading(PaymentTest):
    def test_a_payment_is_found_in_every_way(self):
        _, order = self.ordered()
        payment = self.intent(order)["payment"]
        self.assertEqual(self.payment(payment)["id"], payment["id"])
        self.assertEqual(self.buyer.get(f"/payments/{payment['id']}/status/").expect(200).json["status"], "pending")
        self.assertEqual(self.buyer.get(f"/payments/order/{order['id']}/").expect(200).json["id"], payment["id"])
        self.shop.admin.get(f"/payments/{payment['id']}/").expect(200)
        self.buyer.get("/payments/999999999/").expect(404)
        self.buyer.get("/payments/order/999999999/").expect(404)

    def test_an_order_without_a_payment_has_none(self):
        _, order = self.ordered()
        self.buyer.get(f"/payments/order/{order['id']}/").expect(404)

    def test_the_list_has_the_own_payments_by_status(self):
        payments = [self.intent(self.ordered()[1])["payment"]["id"] for _ in range(3)]
        _, _, paid = self.paid()
        self.assertEqual([p["id"] for p in self.buyer.pages("/payments/?page_size=2")], [paid["id"]] + payments[::-1])
        self.assertEqual([p["id"] for p in self.buyer.pages("/payments/?page_size=2&cursor=")], [paid["id"]] + payments[::-1])
        self.assertEqual([p["id"] for p in self.buyer.pages("/payments/?status=succeeded")], [paid["id"]])
        self.buyer.get("/payments/?status=nonsense").expect_field("status")
        self.assertEqual(self.shop.customer().get("/payments/").json["count"], 0)

    def test_statistics_add_up(self):
        nothing = self.buyer.get("/payments/statistics/").expect(200).json
        self.assertEqual((nothing["total_payments"], nothing["total_spent"]), (0, "0.00"))
        self.paid("10.01")
        self.paid("20.00")
        self.intent(self.ordered()[1])
        some = self.buyer.get("/payments/statistics/").expect(200).json
        self.assertEqual((some["total_payments"], some["total_spent"]), (3, "30.01"))
        self.assertEqual((some["succeeded"], some["pending"], some["refunded"]), (2, 1, 0))

    def test_the_gateways_state_is_fetched(self):
        _, order = self.ordered()
        payment = self.intent(order)["payment"]
        sync = lambda client, **body: client.post("/payments/sync-status/", body)
        intent = payment["stripe_payment_intent_id"]
        for client in (self.buyer, self.shop.admin):
            self.assertEqual(sync(client, payment_intent_id=intent).expect(200).json["id"], payment["id"])
        sync(self.shop.customer(), payment_intent_id=intent).expect(404)
        sync(self.buyer, payment_intent_id="pi_no_such_thing").expect(404)
        sync(self.buyer).expect_field("payment_intent_id")


class Refunds(PaymentTest):
    def test_parts_add_up_and_never_exceed_what_was_paid(self):
        _, _, payment = self.paid("10.00")
        part = self.refund(payment, amount="3.00", reason="requested_by_customer")
        self.assertIn(part.status, (200, 201))
        now = self.wait_status(payment, "partially_refunded")
        self.assertEqual((now["amount_refunded"], now["can_be_refunded"]), ("3.00", True))
        self.assertIn(self.refund(payment, amount="7.01").status, REFUSED)
        self.assertEqual(self.payment(payment)["amount_refunded"], "3.00")
        self.refund(payment, amount="6.99")
        self.refund(payment, amount="0.01")
        now = self.wait_status(payment, "refunded")
        self.assertEqual((now["amount_refunded"], now["can_be_refunded"]), ("10.00", False))
        self.assertIn(self.refund(payment, amount="0.01").status, REFUSED)
        self.assertIn(self.refund(payment).status, REFUSED)

    def test_without_an_amount_the_rest_is_given_back(self):
        _, _, payment = self.paid("10.00")
        self.refund(payment, amount="2.50")
        self.refund(payment)
        self.assertEqual(self.wait_status(payment, "refunded")["amount_refunded"], "10.00")

    def test_what_cannot_be_given_back_is_named(self):
        _, _, payment = self.paid("10.00")
        for amount in ["0.00", "-1.00", "1.001", "1e2", 5, ""]:
            with self.subTest(amount=amount):
                self.refund(payment, amount=amount).expect_field("amount")
        self.refund(payment, reason="because").expect_field("reason")
        self.shop.admin.post("/payments/refund/", {}).expect_field("payment_id")
        self.shop.admin.post("/payments/refund/", {"payment_id": 999999999}).expect(404)
        _, order = self.ordered()
        self.assertIn(self.refund(self.intent(order)["payment"]).status, REFUSED)
        self.assertEqual(self.payment(payment)["amount_refunded"], "0.00")

    def test_it_is_for_staff(self):
        _, _, payment = self.paid()
        self.refund(payment, self.buyer).expect(403)
        self.assertIn(self.refund(payment, self.shop.customer()).status, (403, 404))
        self.assertEqual(self.payment(payment)["amount_refunded"], "0.00")


class OwnerRefunds(PaymentTest):
    settings = {"SHOP_OWNER_REFUNDS": "on"}

    def test_the_owner_may_where_the_shop_says_so(self):
        _, _, payment = self.paid("10.00")
        self.refund(payment, self.shop.customer(), amount="1.00").expect(404)
        self.assertIn(self.refund(payment, self.buyer, amount="1.00").status, (200, 201))
        self.assertEqual(self.wait_status(payment, "partially_refunded")["amount_refunded"], "1.00")


class Cancelling(PaymentTest):
    def test_cancelling_a_payment_cancels_its_order(self):
        product, order = self.ordered(quantity=3, stock=5)
        payment = self.intent(order)["payment"]
        self.shop.customer().post("/payments/cancel/", {"payment_id": payment["id"]}).expect(404)
        self.buyer.post("/payments/cancel/", {"payment_id": payment["id"]}).expect(200)
        self.wait_status(payment, "cancelled")
        self.assertEqual(self.order_status(order), "cancelled")
        self.assertEqual(self.shop.stock(product), 5)
        self.buyer.post("/payments/cancel/", {"payment_id": payment["id"]})
        self.assertEqual(self.shop.stock(product), 5)
        self.assertNotEqual(self.confirm(payment).status, 200)
        self.buyer.post("/payments/cancel/", {}).expect_field("payment_id")

    def test_what_is_paid_is_not_cancelled(self):
        _, order, payment = self.paid()
        self.assertIn(self.buyer.post("/payments/cancel/", {"payment_id": payment["id"]}).status, REFUSED)
        self.assertEqual((self.payment(payment)["status"], self.order_status(order)), ("succeeded", "processing"))

    def test_cancelling_an_order_cancels_its_payment(self):
        _, order = self.ordered()
        payment = self.intent(order)["payment"]
        self.buyer.post(f"/orders/{order['id']}/cancel/").expect(200)
        self.wait_status(payment, "cancelled")

    def test_cancelling_a_paid_order_gives_the_money_back(self):
        product, order, payment = self.paid("10.00")
        self.buyer.post(f"/orders/{order['id']}/cancel/").expect(200)
        self.assertEqual(self.wait_status(payment, "refunded")["amount_refunded"], "10.00")
        self.assertEqual(self.shop.stock(product), 10)


class Webhooks(PaymentTest):
    def event(self, kind="customer.created", what=None, event_id=None):
        return json.dumps({"id": event_id or unique("evt"), "object": "event", "type": kind, "created": int(time.time()),
                           "livemode": False, "data": {"object": what or {"id": "cus_1", "object": "customer"}}}).encode()

    def sign(self, body, secret=WEBHOOK_SECRET, at=None):
        at = int(time.time()) if at is None else at
        return f"t={at},v1=" + hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()

    def deliver(self, body, signature):
        headers = {} if signature is None else {"Stripe-Signature": signature}
        return self.anybody.post("/payments/webhook/", raw=body, headers=headers)

    def test_a_signed_event_is_acknowledged(self):
        body = self.event()
        self.deliver(body, self.sign(body)).expect(200)
        self.deliver(body, self.sign(body)).expect(200)
        self.deliver(body, self.sign(body, at=int(time.time()) - 200)).expect(200)

    def test_either_secret_signs_while_one_is_rolled(self):
        for secret in (WEBHOOK_SECRET, OTHER_SECRET):
            body = self.event()
            self.deliver(body, self.sign(body, secret)).expect(200)

    def test_one_good_signature_of_several_is_enough(self):
        body = self.event()
        good = self.sign(body)
        at, value = good.split(",")
        for signature in [f"{at},v1={'0' * 64},{value}", f"{at},v0=abc,{value}", f"{at},{value},v1={'0' * 64}", f"{at}, {value}"]:
            with self.subTest(signature=signature[:30]):
                self.assertIn(self.deliver(body, signature).status, (200,) if ", " not in signature else (200, 400))

    def test_a_bad_signature_is_refused(self):
        body = self.event()
        good = self.sign(body)
        at, value = good.split(",")
        for signature in [None, "", "x", value, at, f"{at},v1=", f"{at},v1={'0' * 64}", f"{at},v0={value[3:]}", good[:-1], good[:-1] + "z",
                          self.sign(body, "whsec_wrong"), self.sign(body, ""), self.sign(body, at=int(time.time()) - 400),
                          self.sign(body, at=0), f"t=now,{value}", f"t=,{value}", f"t={10**30},{value}", self.sign(body + b" ")]:
            with self.subTest(signature=str(signature)[:50]):
                self.deliver(body, signature).expect(400)

    def test_an_altered_body_is_refused(self):
        body = self.event()
        self.deliver(body.replace(b"customer.created", b"customer.deleted"), self.sign(body)).expect(400)
        self.deliver(body + b"\n", self.sign(body)).expect(400)

    def test_a_signed_body_that_is_no_event_is_refused(self):
        for body in [b"", b"{}", b"[]", b"null", b"not json", b'{"id": 1, "type": 2}', b'{"id": "evt_1"}', b"\xff\xfe"]:
            with self.subTest(body=body):
                self.deliver(body, self.sign(body)).expect(400)

    def test_it_needs_no_token_and_no_json_type(self):
        body = self.event()
        self.anybody.post("/payments/webhook/", raw=body, content_type="text/plain",
                          headers={"Stripe-Signature": self.sign(body), "Origin": "https://evil.example", "Authorization": "Bearer x"}).expect(200)

    def test_a_late_event_never_moves_a_payment_backwards(self):
        _, order, payment = self.paid()
        intent = {"id": payment["stripe_payment_intent_id"], "object": "payment_intent", "amount": 1000, "currency": "usd", "metadata": {}}
        for kind, status in [("payment_intent.processing", "processing"), ("payment_intent.payment_failed", "requires_payment_method"),
                             ("payment_intent.succeeded", "succeeded")]:
            body = self.event(kind, dict(intent, status=status))
            for _ in range(2):
                self.deliver(body, self.sign(body)).expect(200)
            self.assertEqual((self.payment(payment)["status"], self.order_status(order)), ("succeeded", "processing"))
            self.assertEqual(self.payment(payment)["amount_refunded"], "0.00")

    def test_an_event_of_an_unknown_payment_is_acknowledged(self):
        body = self.event("payment_intent.succeeded", {"id": "pi_of_somebody_else", "object": "payment_intent", "status": "succeeded",
                                                       "amount": 1000, "amount_received": 1000, "currency": "usd", "metadata": {}})
        self.deliver(body, self.sign(body)).expect(200)

    def test_a_forged_event_pays_nothing(self):
        _, order = self.ordered()
        payment = self.intent(order)["payment"]
        body = self.event("payment_intent.succeeded", {"id": payment["stripe_payment_intent_id"], "object": "payment_intent",
                                                       "status": "succeeded", "amount": 1000, "amount_received": 1000, "currency": "usd"})
        self.deliver(body, self.sign(body, "whsec_guessed")).expect(400)
        self.assertEqual((self.payment(payment)["status"], self.order_status(order)), ("pending", "pending"))


class Expiry(PaymentTest):
    settings = {"SHOP_ORDER_TTL": "2"}

    def test_a_paid_order_does_not_expire(self):
        _, order, _ = self.paid()
        _, lost = self.ordered()
        shopd.wait_until(lambda: self.order_status(lost) == "cancelled", "the unpaid order expires", 15)
        self.assertEqual(self.order_status(order), "processing")


if __name__ == "__main__":
    shopd.main()
