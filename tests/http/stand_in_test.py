# SPDX-License-Identifier: MIT
"""The Stripe stand-in by itself: it must move money, remember keys, fail and send events as Stripe does."""
import hashlib
import hmac
import http.client
import http.server
import json
import re
import socket
import threading
import time
import unittest

import shopd
from shopd import SLOW, wait_until
from stand_in import SECRET_KEY, StandIn

VISA = "pm_card_visa"
DECLINES = {"Declined": ("card_declined", "generic_decline"), "DeclinedInsufficientFunds": ("card_declined", "insufficient_funds"),
            "DeclinedLostCard": ("card_declined", "lost_card"), "DeclinedStolenCard": ("card_declined", "stolen_card"),
            "DeclinedExpiredCard": ("expired_card", None), "DeclinedIncorrectCvc": ("incorrect_cvc", None),
            "DeclinedProcessingError": ("processing_error", None)}
SECRET = "whsec_of_the_stand_ins_tests"


class Receiver:
    """An endpoint for events: keeps what came; answers the statuses that it was given first, then 200."""

    def __init__(self):
        self.got, self.answers, receiver = [], [], self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((self.path, self.headers["Stripe-Signature"], body))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook/"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def ids(self, kind=None):
        return [event["id"] for event in map(json.loads, (body for _, _, body in self.got)) if kind in (None, event["type"])]


class StandInTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stripe = StandIn()
        cls.addClassCleanup(cls.stripe.stop)

    def setUp(self):
        self.stripe.calm()

    def call(self, method, path, params=(), status=200, **options):
        got, headers, body = self.stripe.api(method, path, params, **options)
        self.assertEqual(got, status, body)
        self.assertRegex(headers["Request-Id"], r"^req_\w+$")
        return body

    def refused(self, path, params=(), status=400, code=None, param=None, kind="invalid_request_error", **options):
        error = self.call("POST", path, params, status, **options)["error"]
        self.assertEqual((error["type"], error.get("code"), error.get("param")), (kind, code, param), error)
        self.assertTrue(error["message"])
        return error

    def made(self, amount=1000, currency="usd", **params):
        return self.call("POST", "/v1/payment_intents", {"amount": amount, "currency": currency, "automatic_payment_methods[enabled]": "true",
                                                         "automatic_payment_methods[allow_redirects]": "never", **params})

    def confirm(self, intent, method=VISA, status=200, **options):
        return self.call("POST", f"/v1/payment_intents/{intent['id']}/confirm", {"payment_method": method}, status, **options)

    def paid(self, amount=1000, method=VISA, **params):
        return self.confirm(self.made(amount, **params), method)

    def refund(self, intent, **params):
        return self.call("POST", "/v1/refunds", {"payment_intent": intent["id"], **params})

    def retrieved(self, intent, **params):
        return self.call("GET", f"/v1/payment_intents/{intent['id']}", params)

    def money(self, intent):
        sums = self.stripe.money()[intent["id"]]
        return sums["received"], sums["refunded"], sums["disputed"], sums["held"]

    def types(self, *objects):
        """The types of the events of these objects, in order."""
        ids = [item["id"] for item in objects]
        return [event["type"] for event in self.stripe.events() if event["object_id"] in ids]


class Payments(StandInTest):
    def test_a_payment_succeeds(self):
        intent = self.made(**{"metadata[order]": "7"})
        self.assertEqual((intent["status"], intent["amount"], intent["currency"], intent["metadata"]),
                         ("requires_payment_method", 1000, "usd", {"order": "7"}))
        self.assertTrue(intent["client_secret"].startswith(intent["id"] + "_secret_"))
        done = self.confirm(intent)
        self.assertEqual((done["status"], done["amount_received"]), ("succeeded", 1000))
        self.assertEqual(self.retrieved(intent)["latest_charge"], done["latest_charge"])
        charge = self.retrieved(intent, **{"expand[]": "latest_charge"})["latest_charge"]
        self.assertEqual(charge, self.call("GET", f"/v1/charges/{done['latest_charge']}"))
        self.assertEqual((charge["paid"], charge["amount_captured"], charge["metadata"]), (True, 1000, {"order": "7"}))
        self.assertEqual(self.types(intent, charge), ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"])
        self.assertEqual(self.money(intent), (1000, 0, 0, 0))

    def test_a_decline_is_told_and_can_be_followed_by_success(self):
        for name, (code, decline_code) in DECLINES.items():
            with self.subTest(name):
                intent = self.made()
                error = self.refused(f"/v1/payment_intents/{intent['id']}/confirm", {"payment_method": "pm_card_charge" + name}, 402, code,
                                     kind="card_error")
                self.assertEqual(error.get("decline_code"), decline_code)
                now = self.retrieved(intent)
                self.assertEqual(error["payment_intent"], now)
                self.assertEqual((now["status"], now["last_payment_error"]["code"]), ("requires_payment_method", code))
                self.assertEqual((now["latest_charge"], now["last_payment_error"]["charge"]), (error["charge"], error["charge"]))
                self.assertEqual(self.types(intent)[-1], "payment_intent.payment_failed")
                self.assertEqual(self.confirm(intent)["last_payment_error"], None)

    def test_the_customer_is_asked(self):
        for method in ("pm_card_authenticationRequired", "pm_card_threeDSecure2Required"):
            passed, failed = (self.confirm(self.made(), method) for _ in range(2))
            self.assertEqual((passed["status"], passed["next_action"]["type"]), ("requires_action", "use_stripe_sdk"))
            self.assertEqual(self.stripe.act(passed["id"])["status"], "succeeded")
            failed = self.stripe.act(failed["id"], False)
            self.assertEqual((failed["status"], failed["last_payment_error"]["code"]),
                             ("requires_payment_method", "payment_intent_authentication_failure"))

    def test_the_customer_is_asked_by_the_script_or_by_a_redirect(self):
        params = {"payment_method": "pm_card_authenticationRequired", "return_url": "https://shop.example/back"}
        for more, kind in [({}, "redirect_to_url"), ({"use_stripe_sdk": "true"}, "use_stripe_sdk")]:
            intent = self.call("POST", f"/v1/payment_intents/{self.made()['id']}/confirm", {**params, **more})
            self.assertEqual(intent["next_action"]["type"], kind)

    def test_a_bank_debit_takes_its_time(self):
        good, bad = (self.confirm(self.made(), "pm_usBankAccount_processing") for _ in range(2))
        self.assertEqual((good["status"], self.money(good)), ("processing", (0, 0, 0, 0)))
        self.refused(f"/v1/payment_intents/{good['id']}/cancel", code="payment_intent_unexpected_state")
        self.assertEqual(self.stripe.settle(bad["id"], "failed")["status"], "requires_payment_method")
        self.stripe.settle_all()
        self.assertEqual((self.retrieved(good)["status"], self.money(good)), ("succeeded", (1000, 0, 0, 0)))

    def test_what_is_held_is_captured_or_let_go(self):
        part, whole, none = (self.paid(capture_method="manual") for _ in range(3))
        self.assertEqual((part["status"], self.money(part)), ("requires_capture", (0, 0, 0, 1000)))
        self.assertGreater(self.call("GET", f"/v1/charges/{part['latest_charge']}")["payment_method_details"]["card"]["capture_before"],
                           time.time() + 6 * 86400)
        capture = lambda intent, **params: self.call("POST", f"/v1/payment_intents/{intent['id']}/capture", params)
        self.refused(f"/v1/payment_intents/{part['id']}/capture", {"amount_to_capture": 1001}, code="amount_too_large",
                     param="amount_to_capture")
        self.assertEqual(capture(part, amount_to_capture=300)["amount_received"], 300)
        self.assertEqual(capture(whole)["status"], "succeeded")
        self.call("POST", f"/v1/payment_intents/{none['id']}/cancel")
        self.assertEqual([self.money(intent) for intent in (part, whole, none)], [(300, 0, 0, 0), (1000, 0, 0, 0), (0, 0, 0, 0)])
        self.refused(f"/v1/payment_intents/{part['id']}/capture", code="payment_intent_unexpected_state")

    def test_a_final_status_is_final(self):
        canceled = self.call("POST", f"/v1/payment_intents/{self.made()['id']}/cancel", {"cancellation_reason": "abandoned"})
        self.assertEqual((canceled["status"], canceled["cancellation_reason"]), ("canceled", "abandoned"))
        for intent in (canceled, self.paid()):
            for move in ("confirm", "cancel", "capture"):
                error = self.refused(f"/v1/payment_intents/{intent['id']}/{move}", code="payment_intent_unexpected_state")
                self.assertEqual(error["payment_intent"]["status"], intent["status"])

    def test_a_redirect_needs_an_address_to_return_to(self):
        intent = self.call("POST", "/v1/payment_intents", {"amount": 1000, "currency": "usd"})
        path = f"/v1/payment_intents/{intent['id']}/confirm"
        self.assertIn("return_url", self.refused(path, {"payment_method": VISA})["message"])
        self.call("POST", path, {"payment_method": VISA, "return_url": "https://shop.example/back"})

    def test_made_and_confirmed_in_one_call(self):
        self.assertEqual(self.made(confirm="true", payment_method=VISA)["status"], "succeeded")
        self.assertEqual(self.made(payment_method=VISA)["status"], "requires_confirmation")
        self.refused("/v1/payment_intents", {"amount": 1000, "currency": "usd", "confirm": "true", "payment_method": "pm_card_chargeDeclined",
                                             "return_url": "https://shop.example/"}, 402, "card_declined", kind="card_error")

    def test_an_intent_is_changed_until_it_is_paid(self):
        intent = self.made(**{"metadata[a]": "1", "metadata[b]": "2"})
        path = f"/v1/payment_intents/{intent['id']}"
        self.assertEqual(self.call("POST", path, {"metadata[a]": "", "metadata[c]": "3", "amount": 900})["metadata"], {"b": "2", "c": "3"})
        self.assertEqual(self.confirm(intent)["amount_received"], 900)
        self.refused(path, {"amount": 800}, code="payment_intent_unexpected_state")
        self.assertEqual(self.call("POST", path, {"metadata": ""})["metadata"], {})

    def test_the_customer_pays_without_the_shop(self):
        intent = self.made()
        self.assertEqual(self.stripe.pay(intent["id"], "pm_card_chargeDeclined")["status"], "requires_payment_method")
        self.assertEqual(self.stripe.pay(intent["id"])["status"], "succeeded")


class Amounts(StandInTest):
    def test_minimum_and_maximum(self):
        for currency, least in {"usd": 50, "gbp": 30, "jpy": 50, "huf": 17500, "czk": 1500, "krw": 50, "myr": 200}.items():
            with self.subTest(currency):
                self.made(least, currency)
                self.refused("/v1/payment_intents", {"amount": least - 1, "currency": currency}, code="amount_too_small", param="amount")
        self.made(999_999_999_999)
        self.refused("/v1/payment_intents", {"amount": 10 ** 12, "currency": "usd"}, code="amount_too_large", param="amount")

    def test_units_that_do_not_exist_are_refused(self):
        for amount, currency in [(150, "isk"), (1050, "ugx"), (1001, "kwd"), (505, "bhd")]:
            self.refused("/v1/payment_intents", {"amount": amount, "currency": currency}, code="invalid_charge_amount", param="amount")
        for amount, currency in [(200, "isk"), (1000, "ugx"), (1010, "kwd"), (101, "jpy")]:
            self.assertEqual(self.made(amount, currency)["amount"], amount)

    def test_what_is_no_amount_is_refused(self):
        for amount in ("10.00", "1e3", "abc", "0x10", " 5", "0", "-5", "9" * 30):
            self.refused("/v1/payment_intents", {"amount": amount, "currency": "usd"}, code="parameter_invalid_integer", param="amount")
        self.refused("/v1/payment_intents", {"amount": "", "currency": "usd"}, code="parameter_invalid_empty", param="amount")
        self.refused("/v1/payment_intents", {"amount": 1000, "currency": "xxx"}, param="currency")
        self.refused("/v1/payment_intents", {"currency": "usd"}, code="parameter_missing", param="amount")


class Requests(StandInTest):
    def test_an_unknown_parameter_is_refused(self):
        whole = {"amount": 1000, "currency": "usd"}
        for name in ("ammount", "metadata", "automatic_payment_methods[on]", "amount[x]", "automatic_payment_methods", "metadata[a][b]"):
            self.refused("/v1/payment_intents", {**whole, name: "1"}, code="parameter_unknown", param=name)
        self.refused("/v1/payment_intents", [("amount", 1000), ("amount", 1000), ("currency", "usd")], param="amount")

    def test_a_sloppy_form_is_refused(self):
        headers = {"Authorization": f"Bearer {SECRET_KEY}", "Content-Type": "application/x-www-form-urlencoded"}
        for body in ["amount=1000&currency=usd&description=%zz", "amount=1000&currency", "amount=1000&currency=usd&description=%ff",
                     "amount=1000&currency=usd&description=a b", b"amount=1000&currency=usd&description=\xc3\xa4"]:
            self.assertEqual(self.stripe.exchange("POST", "/v1/payment_intents", body, headers)[0], 400, body)
        good = "amount=1000&currency=usd&description=%C3%A4+b%26c"
        self.assertEqual(json.loads(self.stripe.exchange("POST", "/v1/payment_intents", good, headers)[2])["description"], "ä b&c")
        headers["Content-Type"] = "application/json"
        self.assertEqual(self.stripe.exchange("POST", "/v1/payment_intents", '{"amount":1000}', headers)[0], 400)

    def test_the_api_key_is_asked_for(self):
        for headers in ({}, {"Authorization": "Bearer sk_test_of_somebody"}, {"Authorization": SECRET_KEY}, {"Authorization": "Basic %%"}):
            status, _, body = self.stripe.exchange("GET", "/v1/balance", headers=headers)
            self.assertEqual((status, json.loads(body)["error"]["type"]), (401, "invalid_request_error"))
        basic = "c2tfdGVzdF9vZl90aGVfc3RhbmRfaW5fMDEyMzQ1Njc4OTo="
        self.assertEqual(self.stripe.exchange("GET", "/v1/balance", headers={"Authorization": "Basic " + basic})[0], 200)

    def test_the_api_key_can_be_rolled(self):
        self.stripe.keys("sk_test_of_next_month")
        self.call("GET", "/v1/balance", status=401)
        self.call("GET", "/v1/balance", secret="sk_test_of_next_month")
        self.stripe.keys(SECRET_KEY)
        self.call("GET", "/v1/balance")

    def test_what_is_not_there_is_missing(self):
        for path in ("payment_intents/pi_no", "refunds/re_no", "charges/ch_no", "disputes/du_no", "events/evt_no"):
            self.assertEqual(self.call("GET", "/v1/" + path, status=404)["error"]["code"], "resource_missing")
        self.call("GET", "/v1/nonsense", status=404)
        self.refused("/v1/payment_intents/pi_no/confirm", status=404, code="resource_missing", param="intent")
        intent = self.made()
        self.refused(f"/v1/payment_intents/{intent['id']}/confirm", {"payment_method": "pm_card_no"}, 400, "resource_missing", "payment_method")
        self.refused("/v1/refunds", {"payment_intent": "pi_no"}, 404, "resource_missing", "payment_intent")

    def test_lists_are_paged_newest_first(self):
        ids = [self.made()["id"] for _ in range(5)][::-1]
        first = self.call("GET", "/v1/payment_intents", {"limit": 2})
        self.assertEqual((first["object"], first["url"], first["has_more"]), ("list", "/v1/payment_intents", True))
        second = self.call("GET", "/v1/payment_intents", {"limit": 3, "starting_after": first["data"][-1]["id"]})
        self.assertEqual([item["id"] for item in first["data"] + second["data"]], ids)
        back = self.call("GET", "/v1/payment_intents", {"limit": 1, "ending_before": ids[2]})
        self.assertEqual([item["id"] for item in back["data"]], [ids[1]])
        later = int(time.time()) + 1000
        self.assertEqual(self.call("GET", "/v1/payment_intents", {"created[gte]": later})["data"], [])
        self.assertEqual(len(self.call("GET", "/v1/payment_intents", {"created[lt]": later, "limit": 5})["data"]), 5)
        self.call("GET", "/v1/payment_intents", {"limit": 0}, 400)

    def test_tests_see_what_was_asked(self):
        self.call("GET", "/v1/balance", headers={"Stripe-Version": "2020-01-01", "User-Agent": "unit/1"})
        last = self.stripe.requests()[-1]
        self.assertEqual((last["path"], last["status"], last["fault"]), ("/v1/balance", 200, None))
        self.assertEqual((last["headers"]["stripe-version"], last["headers"]["user-agent"]), ("2020-01-01", "unit/1"))
        self.assertEqual(last["headers"]["authorization"], "sk_test_…6789")
        self.assertNotIn(SECRET_KEY, json.dumps(self.stripe.state()))

    def test_many_at_once(self):
        def pay(_):
            connection = http.client.HTTPConnection("127.0.0.1", self.stripe.port, timeout=20 * SLOW)
            try:
                for _ in range(5):
                    status, _, _ = self.stripe.api("POST", "/v1/payment_intents", {"amount": 100, "currency": "eur"}, connection=connection)
                    self.assertEqual(status, 200)
            finally:
                connection.close()

        before = len(self.stripe.money())
        shopd.at_once(30, pay)
        self.assertEqual(len(self.stripe.money()) - before, 150)


class Refunds(StandInTest):
    def test_parts_add_up_to_what_was_captured(self):
        intent = self.paid()
        part = self.refund(intent, amount=300, reason="duplicate", **{"metadata[tag]": "r1"})
        self.assertEqual((part["status"], part["amount"], part["reason"], part["metadata"]), ("succeeded", 300, "duplicate", {"tag": "r1"}))
        error = self.refused("/v1/refunds", {"payment_intent": intent["id"], "amount": 701}, param="amount")
        self.assertEqual(error["message"], "Refund amount ($7.01) is greater than unrefunded amount on charge ($7.00)")
        rest = self.refund(intent)
        self.assertEqual(rest["amount"], 700)
        self.refused("/v1/refunds", {"payment_intent": intent["id"]}, code="charge_already_refunded")
        listed = self.call("GET", "/v1/refunds", {"payment_intent": intent["id"]})["data"]
        self.assertEqual([refund["id"] for refund in listed], [rest["id"], part["id"]])
        charge = self.call("GET", f"/v1/charges/{intent['latest_charge']}")
        self.assertEqual((charge["amount_refunded"], charge["refunded"], "refunds" in charge), (1000, True, False))
        self.assertEqual(self.types(part, rest, charge), ["charge.succeeded"] + ["refund.created", "charge.refunded"] * 2)
        self.assertEqual(self.money(intent), (1000, 1000, 0, 0))

    def test_only_what_was_paid_goes_back(self):
        for intent in (self.made(), self.paid(capture_method="manual"), self.confirm(self.made(), "pm_usBankAccount_processing")):
            self.refused("/v1/refunds", {"payment_intent": intent["id"]})
        self.refused("/v1/refunds", {}, code="parameter_missing")
        self.refused("/v1/refunds", {"payment_intent": self.paid()["id"], "amount": 0}, code="parameter_invalid_integer", param="amount")

    def test_a_pending_refund_is_settled(self):
        intent = self.paid(method="pm_card_pendingRefund")
        good, bad = self.refund(intent, amount=400), self.refund(intent, amount=600)
        self.assertEqual((good["status"], self.money(intent)), ("pending", (1000, 1000, 0, 0)))
        self.stripe.settle_refund(good["id"])
        self.stripe.settle_refund(bad["id"], "failed")
        self.assertEqual(self.money(intent), (1000, 400, 0, 0))
        self.assertEqual(self.types(good), ["refund.created", "refund.updated"])
        self.assertEqual(self.types(bad), ["refund.created", "refund.updated", "refund.failed"])
        self.assertEqual(self.refund(intent)["amount"], 600)

    def test_a_refund_may_fail_after_it_succeeded(self):
        intent = self.paid(method="pm_card_refundFail")
        refund = self.refund(intent)
        self.assertEqual(refund["status"], "succeeded")
        now = self.call("GET", f"/v1/refunds/{refund['id']}")
        self.assertEqual((now["status"], now["failure_reason"]), ("failed", "lost_or_stolen_card"))
        self.assertEqual(self.types(refund)[-1], "refund.failed")
        self.assertEqual(self.money(intent), (1000, 0, 0, 0))

    def test_only_a_refund_that_waits_for_the_customer_is_cancelled(self):
        refund = self.refund(self.paid(method="pm_card_pendingRefund"))
        self.refused(f"/v1/refunds/{refund['id']}/cancel")
        self.stripe.settle_refund(refund["id"], "requires_action")
        self.assertEqual(self.call("POST", f"/v1/refunds/{refund['id']}/cancel")["status"], "canceled")

    def test_a_refund_at_the_dashboard_has_no_metadata(self):
        intent = self.paid(**{"metadata[order]": "1"})
        self.assertEqual(self.stripe.refund(intent["id"], 250)["metadata"], {})
        self.assertEqual(self.money(intent), (1000, 250, 0, 0))


class Disputes(StandInTest):
    def opened(self, intent):
        return self.call("GET", "/v1/disputes", {"payment_intent": intent["id"]})["data"][0]

    def test_a_dispute_takes_the_money_and_gives_it_back_when_won(self):
        intent = self.paid(method="pm_card_createDispute")
        dispute = self.opened(intent)
        self.assertEqual((dispute["status"], self.money(intent)), ("needs_response", (1000, 0, 1000, 0)))
        self.refused("/v1/refunds", {"payment_intent": intent["id"]}, code="charge_disputed")
        self.stripe.move_dispute(dispute["id"], "under_review")
        self.stripe.move_dispute(dispute["id"], "won")
        self.assertEqual(self.money(intent), (1000, 0, 0, 0))
        self.assertEqual(self.types(dispute), ["charge.dispute." + kind for kind in
                                               ("created", "funds_withdrawn", "updated", "closed", "funds_reinstated")])

    def test_a_warning_moves_no_money(self):
        intent = self.paid()
        dispute = self.stripe.dispute(intent["id"], "warning_needs_response")
        self.stripe.move_dispute(dispute["id"], "warning_closed")
        self.assertEqual(self.types(dispute), ["charge.dispute.created", "charge.dispute.closed"])
        self.assertEqual(self.money(intent), (1000, 0, 0, 0))

    def test_a_lost_dispute_keeps_the_money(self):
        intent = self.paid()
        dispute = self.stripe.dispute(intent["id"])
        self.stripe.move_dispute(dispute["id"], "lost")
        self.assertEqual((self.money(intent), self.call("GET", f"/v1/disputes/{dispute['id']}")["status"]), ((1000, 0, 1000, 0), "lost"))


class Keys(StandInTest):
    """Idempotency keys."""
    whole = {"amount": 1000, "currency": "usd"}

    def twice(self, path, params, key):
        return [self.stripe.api("POST", path, params, key=key) for _ in range(2)]

    def test_the_first_answer_is_replayed(self):
        first, second = self.twice("/v1/payment_intents", self.whole, shopd.unique("key"))
        self.assertEqual((first[0], first[2]), (second[0], second[2]))
        self.assertEqual((first[1]["Idempotent-Replayed"], second[1]["Idempotent-Replayed"]), (None, "true"))
        self.assertEqual(second[1]["Original-Request"], first[1]["Request-Id"])

    def test_a_decline_is_replayed(self):
        intent = self.made()
        first, second = self.twice(f"/v1/payment_intents/{intent['id']}/confirm", {"payment_method": "pm_card_chargeDeclined"},
                                   shopd.unique("key"))
        self.assertEqual((first[0], first[2], second[1]["Idempotent-Replayed"]), (402, second[2], "true"))
        self.assertEqual(self.types(intent).count("payment_intent.payment_failed"), 1)

    def test_a_refusal_of_the_state_is_replayed(self):
        intent, key = self.made(), shopd.unique("key")
        path = f"/v1/payment_intents/{intent['id']}/capture"
        self.refused(path, code="payment_intent_unexpected_state", key=key)
        self.confirm(intent)
        self.assertEqual(self.stripe.api("POST", path, key=key)[1]["Idempotent-Replayed"], "true")

    def test_another_use_of_the_key_is_an_error(self):
        key = shopd.unique("key")
        self.call("POST", "/v1/payment_intents", self.whole, key=key)
        self.refused("/v1/payment_intents", {**self.whole, "amount": 2000}, kind="idempotency_error", key=key)
        self.refused("/v1/refunds", self.whole, kind="idempotency_error", key=key)
        self.call("POST", "/v1/payment_intents", list(self.whole.items())[::-1], key=key)
        self.stripe.forget_keys()
        self.call("POST", "/v1/payment_intents", {**self.whole, "amount": 2000}, key=key)

    def test_a_refused_parameter_does_not_use_the_key_up(self):
        key = shopd.unique("key")
        self.refused("/v1/payment_intents", {**self.whole, "amount": 1}, code="amount_too_small", param="amount", key=key)
        self.call("POST", "/v1/payment_intents", self.whole, key=key)
        self.refused("/v1/payment_intents", self.whole, code="idempotency_key_too_long", key="k" * 256)

    def test_a_key_is_used_by_one_request_at_a_time(self):
        key = shopd.unique("key")
        self.stripe.fault("POST /v1/payment_intents", "hang", seconds=600)
        with socket.create_connection(("127.0.0.1", self.stripe.port)) as client:
            client.sendall(f"POST /v1/payment_intents HTTP/1.1\r\nHost: x\r\nIdempotency-Key: {key}\r\n\r\n".encode())
            wait_until(lambda: not self.stripe.quiet(), "the first request is at work")
            self.refused("/v1/payment_intents", self.whole, 409, "idempotency_key_in_use", kind="idempotency_error", key=key)
        wait_until(self.stripe.quiet, "the first request has ended")
        self.call("POST", "/v1/payment_intents", self.whole, key=key)


class Faults(StandInTest):
    params = {"amount": 1000, "currency": "usd"}

    def broken(self, fault, key, **more):
        """One creation with this fault: the status (0: no answer), and how many intents it made."""
        before = len(self.stripe.money())
        self.stripe.fault("POST /v1/payment_intents", fault, **more)
        try:
            status = self.stripe.api("POST", "/v1/payment_intents", self.params, key=key)[0]
        except (OSError, http.client.HTTPException, ValueError):
            status = 0
        self.assertEqual(self.stripe.requests()[-1]["fault"], fault)
        return status, len(self.stripe.money()) - before

    def again(self, key):
        return self.stripe.api("POST", "/v1/payment_intents", self.params, key=key)

    def test_each_fault_does_what_it_says(self):
        table = {  # fault: (status, intents made, status of the same call once more, replayed)
            "refuse": (0, 0, 200, False), "hang": (0, 0, 200, False), "slow": (200, 1, 200, True), "hang_after": (0, 1, 200, True),
            "drop_after": (0, 1, 200, True), "429": (429, 0, 200, False), "429_lock": (429, 0, 200, False), "409_lock": (409, 0, 200, False),
            "503": (503, 0, 200, False), "500": (500, 0, 500, True), "500_after": (500, 1, 500, True), "html": (0, 0, 200, False),
            "html_502": (0, 0, 200, False), "garbage_json": (0, 0, 200, False), "trickle": (200, 1, 200, True),
            "truncate": (0, 1, 200, True), "huge": (200, 0, 200, False)}
        for fault, (status, made, later, replayed) in table.items():
            with self.subTest(fault):
                key = shopd.unique("key")
                self.assertEqual(self.broken(fault, key, seconds=0.05), (status, made))
                got, headers, _ = self.again(key)
                self.assertEqual((got, headers["Idempotent-Replayed"]), (later, "true" if replayed else None))

    def test_a_refused_connection_is_reset(self):
        self.stripe.fault("*", "refuse")
        with socket.create_connection(("127.0.0.1", self.stripe.port)) as client:
            client.sendall(b"GET /v1/balance HTTP/1.1\r\nHost: x\r\n\r\n")
            with self.assertRaises(ConnectionResetError):
                client.recv(1)

    def test_a_hung_request_ends_when_its_client_goes(self):
        self.stripe.fault("*", "hang", seconds=600)
        with socket.create_connection(("127.0.0.1", self.stripe.port)) as client:
            client.sendall(b"GET /v1/balance HTTP/1.1\r\nHost: x\r\n\r\n")
            wait_until(lambda: not self.stripe.quiet(), "the request hangs")
        wait_until(self.stripe.quiet, "the stand-in has noticed")

    def test_a_limit_says_when_to_come_again(self):
        self.stripe.fault("GET *", "429", should_retry=False, retry_after=7)
        status, headers, body = self.stripe.api("GET", "/v1/balance")
        self.assertEqual((status, headers["Stripe-Should-Retry"], headers["Retry-After"]), (429, "false", "7"))
        self.assertEqual(body["error"]["code"], "rate_limit")

    def test_a_wrong_rule_is_refused(self):
        for wanted in ({"rules": [{"fault": "nonsense"}]}, {"rules": [{"fault": "503", "time": 1}]}, {"events": {"lose": 1}}, {"rule": []}):
            self.assertEqual(self.stripe.exchange("POST", "/_stand_in/faults", json.dumps(wanted))[0], 400, wanted)

    def test_rules_are_chosen_by_path_times_and_chance(self):
        self.stripe.fault("POST /v1/payment_intents/*/confirm", "503", times=2)
        intent = self.made()
        for status in (503, 503, 200):
            self.confirm(intent, status=status)

        def flips():
            self.stripe.faults([{"match": "GET /v1/balance", "fault": "503", "probability": 0.5}], seed=3)
            return [self.stripe.api("GET", "/v1/balance")[0] for _ in range(20)]
        first = flips()
        self.assertEqual(set(first), {200, 503})
        self.assertEqual(flips(), first)


class Events(StandInTest):
    def setUp(self):
        super().setUp()
        self.receiver = Receiver()
        self.addCleanup(self.receiver.stop)
        self.stripe.endpoint(self.receiver.url, SECRET, "whsec_of_next_month")

    def tearDown(self):
        self.stripe.calm()
        self.stripe.hold(False)
        self.stripe.wait_quiet()

    def log(self, identifier):
        return next(event for event in self.stripe.events() if event["id"] == identifier)

    def test_an_event_is_a_signed_snapshot(self):
        key = shopd.unique("key")
        intent = self.call("POST", "/v1/payment_intents", {"amount": 1000, "currency": "usd"}, key=key)
        self.stripe.wait_quiet()
        (path, signature, body), = self.receiver.got
        event = json.loads(body)
        self.assertEqual((path, event["type"], event["data"]["object"]), ("/hook/", "payment_intent.created", intent))
        self.assertEqual((event["request"]["idempotency_key"], event["object"]), (key, "event"))
        self.assertEqual(self.call("GET", f"/v1/events/{event['id']}"), event)
        at = int(re.match(r"t=(\d+),", signature)[1])
        self.assertLess(abs(time.time() - at), 60)
        macs = [hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest() for secret in (SECRET, "whsec_of_next_month")]
        self.assertEqual(re.findall(r"v1=([0-9a-f]{64})", signature), macs)

    def test_it_comes_until_it_is_taken(self):
        self.receiver.answers = [500, 302, 404]
        self.made()
        self.stripe.wait_quiet()
        self.assertEqual(len(self.receiver.got), 4)
        one, = set(self.receiver.ids())
        self.assertEqual((self.log(one)["tries"], self.log(one)["taken"]), (4, 1))
        self.assertEqual(len({body for _, _, body in self.receiver.got}), 1)

    def test_it_waits_for_a_shop_that_is_away(self):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            away = closed.getsockname()[1]
        self.stripe.endpoint(f"http://127.0.0.1:{away}/", SECRET)
        intent = self.made()
        wait_until(lambda: self.stripe.events(intent["id"])[0]["tries"] > 1, "it was tried")
        self.stripe.endpoint(self.receiver.url, SECRET)
        self.stripe.wait_quiet()
        self.assertEqual(self.receiver.ids(), [self.stripe.events(intent["id"])[0]["id"]])

    def test_duplicates_and_twins(self):
        self.stripe.faults(events={"duplicate": 1})
        self.made()
        self.stripe.wait_quiet()
        self.assertEqual((len(self.receiver.ids()), len(set(self.receiver.ids()))), (2, 1))
        self.stripe.faults(events={"twin": 1})
        intent = self.made()
        self.stripe.wait_quiet()
        self.assertEqual(len(set(self.receiver.ids())), 3)
        self.assertEqual([event["type"] for event in self.stripe.events(intent["id"])], ["payment_intent.created"] * 2)

    def test_a_lost_first_delivery_is_made_again(self):
        self.stripe.faults(events={"drop_first": 1})
        intent = self.made()
        self.stripe.wait_quiet()
        event, = self.stripe.events(intent["id"])
        self.assertEqual((event["tries"], event["taken"], len(self.receiver.got)), (2, 1, 1))

    def test_any_order(self):
        self.stripe.faults(events={"shuffle": True})
        for _ in range(20):
            self.made()
        self.stripe.wait_quiet()
        order = [event["id"] for event in self.stripe.events()][-20:]
        self.assertEqual(set(self.receiver.ids()), set(order))
        self.assertNotEqual(self.receiver.ids(), order)

    def test_held_back_and_sent_again(self):
        self.stripe.hold()
        intent = self.made()
        event, = self.stripe.events(intent["id"])
        self.assertEqual((self.stripe.quiet(), event["tries"]), (False, 0))
        self.stripe.hold(False)
        self.stripe.wait_quiet()
        self.stripe.redeliver(event["id"])
        self.stripe.wait_quiet()
        self.assertEqual(self.receiver.ids(), [event["id"]] * 2)


if __name__ == "__main__":
    shopd.main()
