# SPDX-License-Identifier: MIT
"""Users, staff, banks, a faulty Stripe and kill -9 of shopd for minutes; then all must be quiet, and every cent and piece where it belongs.

payments_storm.py [--seed N] [--orders N] [--kills N] [--seconds N] [--keep FOLDER]

The shop is a real shopd on SHOP_TEST_DATABASE, Stripe is stripe_stand_in.py. The storm lasts until so many orders were placed, so
many kills were done and so many seconds are over. Then faults end, the shop is killed once more, and within minutes it must come
to rest by itself (Check.open_matters); then everything that was promised is checked. A broken promise is told with the seed and the
whole story of its order.
"""
import argparse
import collections
import concurrent.futures
import datetime
import glob
import http.client
import itertools
import json
import os
import random
import re
import sqlite3
import sys
import tempfile
import threading
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "http"))
import contract  # noqa: E402
import shopd  # noqa: E402
from shopd import SLOW, unique  # noqa: E402
from stand_in import StandIn  # noqa: E402

USERS = 12
PRODUCTS = 5
STOCK = 60
PRICES = ("10.00", "3.99", "0.75", "24.90", "149.00")
WHOLE = 500  # orders of a whole storm; LEAST is for these
ORDER_TTL = 8
FAILED_REFUNDS = 2  # of an order, then banks are content
THINKING = 0.8  # seconds at most between two orders of a user: the storm has time to reach each in many states
QUIET_SECONDS = 100
LONGEST_STORM = 300
CUT = (OSError, http.client.HTTPException)
SETTINGS = {"SHOP_ORDER_TTL": str(ORDER_TTL), "SHOP_PAYMENT_RETRY": "1", "SHOP_GATEWAY_TIMEOUT_MS": "1500", "SHOP_DRAIN_SECONDS": "2",
            "SHOP_ACCESS_TTL": "7200", "SHOP_LOG_LEVEL": "info", "STRIPE_PUBLISHABLE_KEY": "pk_test_of_the_storm"}

# Lines of level error that the shop may log here (a pattern), and why.
EXPECTED_ERRORS = []

# What is asked of the shop: method, path, and the answers that make sense (status: codes). 503 with Retry-After always does.
BUSY = {"gateway_busy"}
ACTIONS = {
    "register": ("POST", "/auth/register/", {201: None, 400: {"validation_error"}, 409: {"email_taken"}}),
    "login": ("POST", "/auth/login/", {200: None}),
    "add": ("POST", "/cart/items/", {200: None, 400: {"insufficient_stock"}}),
    "clear": ("POST", "/cart/clear/", {200: None}),
    "checkout": ("POST", "/orders/checkout/", {201: None, 400: {"insufficient_stock", "cart_empty"}}),
    "read": ("GET", "/orders/{order}/", {200: None}),
    "payment": ("GET", "/payments/order/{order}/", {200: None, 404: {"payment_not_found"}}),
    "intent": ("POST", "/payments/create-intent/", {201: None, 409: {"order_not_payable", "already_paid"} | BUSY}),
    "confirm": ("POST", "/payments/confirm/", {200: None, 402: {"card_declined"},
                                               409: {"payment_not_ready", "gateway_refused"} | BUSY}),
    "sync": ("POST", "/payments/sync-status/", {200: None, 409: BUSY}),
    "cancel payment": ("POST", "/payments/cancel/", {200: None, 409: {"payment_not_cancellable"} | BUSY}),
    "cancel order": ("POST", "/orders/{order}/cancel/", {200: None, 400: {"invalid_transition"}}),
    "refund": ("POST", "/payments/refund/", {200: None, 400: {"validation_error"},
                                              409: {"payment_not_refundable", "payment_disputed", "refund_failed"} | BUSY}),
    "move": ("POST", "/orders/admin/{order}/status/", {200: None, 400: {"invalid_transition"}}),
    "stock": ("GET", "/products/?page_size=100", {200: None}),
    "product": ("POST", "/products/", {201: None}),
}

CARDS = {"pm_card_visa": 12, "pm_card_mastercard": 3, "pm_card_chargeDeclined": 2, "pm_card_chargeDeclinedInsufficientFunds": 2,
         "pm_card_chargeDeclinedExpiredCard": 1, "pm_card_authenticationRequired": 4, "pm_usBankAccount_processing": 3,
         "pm_card_pendingRefund": 3, "pm_card_refundFail": 2, "pm_card_createDispute": 1}

FAULTS = ("refuse", "hang", "hang_after", "slow", "drop_after", "429", "429_lock", "409_lock", "500", "500_after", "503", "html",
          "html_502", "garbage_json", "huge", "trickle", "truncate")
MATCHES = ("*", "*", "*", "POST *", "GET *", "POST /v1/payment_intents", "POST /v1/payment_intents/*/confirm",
           "POST /v1/payment_intents/*/cancel", "POST /v1/refunds")

# How far a status is: an observation that began after another one ended must not be less far.
ORDER_RANKS = {"pending": 0, "processing": 1, "shipped": 2, "delivered": 3, "cancelled": 4}
PAYMENT_RANKS = {"pending": 0, "processing": 0, "failed": 0, "succeeded": 1, "partially_refunded": 1, "refunded": 1, "cancelled": 2}
SUCCESSFUL = ("succeeded", "partially_refunded", "refunded")
FINISHED_INTENTS = ("succeeded", "canceled")


class Broken(AssertionError):
    """A promise that the shop broke; `order` is the one that shows it."""

    def __init__(self, promise, order=None):
        super().__init__(promise)
        self.order = order


def cents(text):
    return int(text.replace(".", ""))


def money(minor):
    return f"{minor // 100}.{minor % 100:02}"


def pick(dice, weights):
    return dice.choices(list(weights), list(weights.values()))[0]


# ---------------------------------------------------------------------------------------------------- what is remembered


class Ask:
    """A refund that was asked for under a key; `status`: its last answer's, None while nobody knows."""

    def __init__(self, key, amount):
        self.key, self.amount, self.status = key, amount, None

    @property
    def is_done(self):
        return self.status == 200


def has_gone_back(kind, known, seen):
    return seen < known or (kind == "payment" and 0 < known != seen)  # succeeded and cancelled are ends


class Order:
    """What the world outside knows of an order."""

    def __init__(self, shown):
        self.id = shown["id"]
        self.total = cents(shown["total_price"])
        self.payment = self.intent = None
        self.refunds = []
        self.is_paid = False  # the shop said so
        self.must_be_cancelled = False  # the shop said so
        self.cancel_asked = False
        self.is_disturbed = False  # refunds that nobody can count: at the dashboard, without a key, of all that is left
        self.failed_refunds = 0
        self._seen = {}
        self._lock = threading.Lock()

    def learn_intent(self, made):
        self.payment = made["payment"]["id"]
        self.intent = made["payment"]["stripe_payment_intent_id"]

    def saw(self, kind, ranks, status, begun):
        """A status was read by a request that began then: it must not be less far than what was known at that time."""
        with self._lock:
            known, since = self._seen.get(kind, (None, 0))
            if known is not None and since < begun and has_gone_back(kind, ranks[known], ranks[status]):
                raise Broken(f"the {kind} of order {self.id} went back from {known} to {status}", self.id)
            if known is None or since < begun:
                self._seen[kind] = (status, time.monotonic())


class Journal:
    """Everything that happened, as lines by order; those of None are everybody's."""

    def __init__(self):
        self.began = time.time()
        self.lines = collections.defaultdict(list)
        self.lock = threading.Lock()

    def tell(self, order, text, at=None):
        with self.lock:
            self.lines[order].append((at or time.time(), text))

    def of(self, order):
        with self.lock:
            return list(self.lines[order]) + list(self.lines[None])


# ---------------------------------------------------------------------------------------------------- the shop


class Shop:
    """The shop under test: ended and started again on the same database, on another port each time."""

    def __init__(self, bank, folder, journal):
        self.bank, self.journal = bank, journal
        self.kills = self.stops = self.generation = 0
        self.is_lost = False
        self.changed = threading.Condition()
        self.server = shopd.Shopd(folder=folder, STRIPE_SECRET_KEY=bank.SECRET_KEY, STRIPE_API_BASE=bank.url, **SETTINGS)
        bank.endpoint_of(self.server)

    def check_alive(self):
        code = self.server.process.poll()
        if code is not None:
            raise Broken(f"the shop ended by itself with {code}: {self.server.errors()[-3000:]}")

    def kill(self):
        self.check_alive()
        self.server.kill()
        self.kills += 1
        self._start_again("kill -9")

    def stop_gracefully(self):
        self.check_alive()
        self.server.ask_to_stop()
        self.server.wait_stopped()
        self.stops += 1
        self._start_again("SIGTERM")

    def _start_again(self, how):
        self.journal.tell(None, f"---- {how} ----")
        self.server.start()
        self.bank.endpoint_of(self.server)
        self.journal.tell(None, "---- started again ----")
        with self.changed:
            self.generation += 1
            self.changed.notify_all()

    def wait_for_another(self, generation):
        """It was ended; returns when it is there again."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.generation != generation or self.is_lost, 60 * SLOW):
                raise Broken("the shop refuses connections and is not started again")

    def give_up(self):
        """Nobody will start it again."""
        with self.changed:
            self.is_lost = True
            self.changed.notify_all()

    def log_lines(self):
        for path in sorted(glob.glob(os.path.join(self.server.folder, "*.err"))):
            with open(path, encoding="utf-8", errors="replace") as file:
                for line in file:
                    yield line.rstrip("\n")


class Caller:
    """Somebody who calls the shop, over one kept connection, and does not mind when it is cut."""

    def __init__(self, storm, name, token=None):
        self.storm, self.name, self.token = storm, name, token
        self.client = None
        self.generation = -1

    def twin(self, number):
        return Caller(self.storm, f"{self.name}/{number}", self.token)

    def _connected(self):
        generation = self.storm.shop.generation
        if self.client is None or self.generation != generation:
            self.close()
            self.client, self.generation = self.storm.shop.server.client(self.token), generation
        return self.client

    def close(self):
        if self.client:
            self.client.close()
        self.client = None

    def call(self, action, order=None, body=None, key=None):
        """One request: its answer, or None when the connection was cut and nobody knows what became of it."""
        method, path, allowed = ACTIONS[action]
        target = path.format(order=order.id if order else "")
        begun, at = time.monotonic(), time.time()
        told = f"{self.name}: {method} {target} {json.dumps(body) if body else ''} {'key ' + key if key else ''}"
        try:
            answer = self._connected().call(method, target, body, headers={"Idempotency-Key": key} if key else None)
        except TimeoutError:
            raise Broken(f"no answer within 30 s: {told}", order and order.id) from None
        except CUT as error:
            self._was_cut(order, told, error, at)
            return None
        except AssertionError as error:
            raise Broken(f"{action}: {error}", order and order.id) from None
        took = int((time.monotonic() - begun) * 1000)
        if order:
            self.storm.journal.tell(order.id, f"{told} -> {answer.status} {answer.body[:700].decode()} ({took} ms)", at)
        self._judge(action, allowed, answer, order, key)
        if order and answer.status in (200, 201) and not answer.headers["Idempotency-Replayed"]:
            observe(order, answer.json, begun)
        return answer

    def _was_cut(self, order, told, error, at):
        if order:
            self.storm.journal.tell(order.id, f"{told} -> cut off: {error!r}", at)
        self.storm.count("cut off")
        self.close()
        if isinstance(error, ConnectionRefusedError):
            self.storm.shop.wait_for_another(self.generation)

    def _judge(self, action, allowed, answer, order, key):
        codes = () if answer.status < 400 else {answer.code}
        self.storm.count(f"{action}: {answer.status} {''.join(codes)}")
        if answer.status == 503:
            return
        if answer.status not in allowed or (codes and not codes <= allowed[answer.status]):
            raise Broken(f"{self.name}: {action} was answered with {answer.status}: {answer.body.decode()}", order and order.id)
        if key and answer.status < 300:
            self.storm.check_key(self.token, key, answer, order)

    def insist(self, action, order=None, body=None, key=None, patient=False):
        """The same request until an answer says what became of it; None: it was given up (patient ones are not, when the storm ends)."""
        for turn in itertools.count():
            answer = self.call(action, order, body, key)
            if answer is not None and not is_passing(answer):
                return answer
            if turn > 200 * SLOW or self.storm.failure:
                raise Broken(f"{self.name}: {action} is never answered for good; last: {answer and answer.body}", order and order.id)
            if self.storm.over.wait(0.1) and not patient:
                return None
            if patient and self.storm.over.is_set():
                time.sleep(0.1)  # as the answer asked for; what is waited for is the next one


def is_passing(answer):
    return answer.status == 503 or (answer.status == 409 and answer.headers["Retry-After"])


def observe(order, shown, begun):
    """Takes what an answer shows of the order and its payment."""
    shown = shown.get("payment", shown) if "client_secret" in shown else shown
    if "shipping_address" in shown:
        order.saw("order", ORDER_RANKS, shown["status"], begun)
        if shown["payment"]:
            order.saw("payment", PAYMENT_RANKS, shown["payment"]["status"], begun)
    elif "stripe_payment_intent_id" in shown:
        order.saw("payment", PAYMENT_RANKS, shown["status"], begun)
        order.saw("order", ORDER_RANKS, shown["order"]["status"], begun)
        order.is_paid |= shown["is_successful"]


# ---------------------------------------------------------------------------------------------------- who acts


class Actor(threading.Thread):
    """A thread that takes turns until the storm is over; its first error ends the storm."""

    def __init__(self, storm, name):
        super().__init__(name=name, daemon=True)
        self.storm, self.book, self.bank = storm, storm.book, storm.bank
        self.dice = random.Random(f"{storm.seed}/{name}")

    def run(self):
        try:
            while not self.storm.over.is_set():
                self.turn()
        except BaseException as error:  # told by the main thread
            self.storm.fail(error)

    def at_bank(self, order, path, **body):
        """Something happens at the stand-in without the shop: what it answers; None when it will not."""
        status, _, answer = self.bank.exchange("POST", "/_stand_in/" + path, json.dumps(body))
        refusal = "" if status == 200 else answer[:200].decode()
        self.storm.journal.tell(order.id, f"{self.name}, at the bank: {path} {body} -> {status} {refusal}")
        if status not in (200, 400):
            raise Broken(f"the stand-in failed: {path}: {status} {answer.decode()}", order.id)
        return json.loads(answer) if status == 200 else None


class User(Actor):
    """Buys, pays or not, changes its mind; in the browser or by the shop."""
    DEEDS = {"pay_by_shop": 40, "pay_in_browser": 22, "begin_at_once": 8, "begin_again": 5, "ask": 6, "sync": 6, "look": 6,
             "cancel_payment": 8, "cancel_order": 6}

    def __init__(self, storm, number):
        super().__init__(storm, f"user {number}")
        self.caller = Caller(storm, self.name)
        self.orders = []

    def register(self):
        body = {"email": unique("buyer") + "@shop.example", "first_name": "Ada", "last_name": "Byron", "password": shopd.PASSWORD,
                "password2": shopd.PASSWORD}
        self.caller.token = self.caller.insist("register", body=body).json["tokens"]["access"]
        self.caller.close()

    def turn(self):
        self.storm.over.wait(self.dice.random() * THINKING)
        order = self.place()
        if order:
            self.orders.append(order)
            for _ in range(self.dice.choice((0, 1, 1, 1, 2, 3))):
                self.act(order)
        if self.orders and self.dice.random() < 0.3:
            self.act(self.dice.choice(self.orders[-16:]))  # some are just expiring

    def act(self, order):
        if not self.storm.over.is_set():
            getattr(self, pick(self.dice, self.DEEDS))(order)

    def key(self):
        return unique("key") if self.dice.random() < 0.5 else None

    # ------------------------------------------------------------------------------------------------ buying

    def place(self):
        for product in self.dice.sample(self.book.on_sale(), self.dice.randint(1, 2)):
            self.caller.call("add", body={"product_id": product["id"], "quantity": self.dice.randint(1, 2)})
        key = unique("checkout") if self.dice.random() < 0.9 else None  # without: an order that nobody knows of may be left
        body = {"shipping_address": "1 Storm Street"}
        answer = self.caller.insist("checkout", body=body, key=key) if key else self.caller.call("checkout", body=body)
        if answer is None or answer.status != 201:
            if answer is not None and answer.status == 400:
                self.caller.call("clear")
            return None
        self.storm.journal.tell(answer.json["id"], f"{self.name}: placed: {answer.body.decode()}")
        return self.book.add(answer.json)

    def begin(self, order, key=None):
        """create-intent, sent again a few times when the gateway is away: whether there is an intent."""
        for _ in range(self.dice.randint(1, 4)):
            answer = self.caller.call("intent", order, {"order_id": order.id}, key)
            if answer is not None and answer.status == 201:
                order.learn_intent(answer.json)
            if answer is not None and not is_passing(answer):
                return answer.status == 201
        return False

    def begin_again(self, order):
        self.begin(order, unique("key"))

    def begin_at_once(self, order):
        """Identical requests together, with or without a key: one intent comes of it."""
        key = self.key()
        self.storm.together([lambda twin=self.caller.twin(i): twin.call("intent", order, {"order_id": order.id}, key) for i in range(3)])

    # ------------------------------------------------------------------------------------------------ paying

    def pay_by_shop(self, order):
        if not order.intent and not self.begin(order, self.key()):
            return
        card = pick(self.dice, CARDS)
        answer = self.caller.call("confirm", order, {"payment_id": order.payment, "payment_method": card}, self.key())
        self.finish_paying(order, card)
        if answer is not None and answer.status == 402 and self.dice.random() < 0.5:
            self.caller.call("confirm", order, {"payment_intent_id": order.intent, "payment_method": "pm_card_visa"}, self.key())

    def pay_in_browser(self, order):
        if not order.intent and not self.begin(order, self.key()):
            return
        card = pick(self.dice, CARDS)
        self.at_bank(order, f"intents/{order.intent}/pay", payment_method=card)
        self.finish_paying(order, card)

    def finish_paying(self, order, card):
        if card == "pm_card_authenticationRequired" and self.dice.random() < 0.8:
            self.at_bank(order, f"intents/{order.intent}/action", succeed=self.dice.random() < 0.75)
        if card == "pm_usBankAccount_processing" and self.dice.random() < 0.6:
            self.book.processing.append(order)  # else it takes longer than the storm
        if card == "pm_card_refundFail":
            order.is_disturbed = True
            order.failed_refunds = FAILED_REFUNDS

    # ------------------------------------------------------------------------------------------------ the rest

    def ask(self, order):
        if order.payment:
            self.caller.call("confirm", order, {"payment_id": order.payment}, self.key())

    def sync(self, order):
        if order.intent:
            self.caller.call("sync", order, {"payment_intent_id": order.intent}, self.key())

    def look(self, order):
        self.caller.call(self.dice.choice(("read", "payment")), order)

    def cancel_payment(self, order):
        if not order.payment and not self.begin(order, self.key()):
            return
        order.cancel_asked = True
        answer = self.caller.insist("cancel payment", order, {"payment_id": order.payment}, self.key())
        if answer is not None and answer.status == 200:
            order.must_be_cancelled = True

    def cancel_order(self, order):
        order.cancel_asked = True
        answer = self.caller.insist("cancel order", order, key=self.key())
        if answer is not None and answer.status == 200:
            order.must_be_cancelled = True


class Admin(Actor):
    """The staff, at the shop and at Stripe's dashboard; and what banks do later."""
    DEEDS = {"refund_part": 18, "refund_all": 6, "refund_at_once": 6, "refund_without_key": 3, "refund_at_dashboard": 8, "fail_a_refund": 6,
             "settle_intent": 12, "ship": 8, "cancel": 5, "count_stock": 4}

    def __init__(self, storm, number):
        super().__init__(storm, f"admin {number}")
        self.caller = Caller(storm, self.name, storm.admin_token)

    def turn(self):
        self.storm.over.wait(0.03)
        order = self.book.recent(self.dice)
        if order:
            getattr(self, pick(self.dice, self.DEEDS))(order)

    def paid(self, order):
        """The payment when money came for it, as the shop knows."""
        answer = self.caller.call("payment", order)
        if answer is None or answer.status != 200 or not answer.json["is_successful"]:
            return None
        order.payment, order.intent = answer.json["id"], answer.json["stripe_payment_intent_id"]
        return answer.json

    def some_of(self, payment):
        left = cents(payment["amount"]) - cents(payment["amount_refunded"])
        return self.dice.randint(1, max(1, left // self.dice.choice((1, 2, 3))))

    def refund(self, order, ask, caller=None):
        """Until it is known what became of it, even when the storm is over."""
        body = {"payment_id": order.payment, "reason": self.dice.choice(("requested_by_customer", "duplicate"))}
        if ask.amount is not None:
            body["amount"] = money(ask.amount)
        order.refunds.append(ask)
        answer = (caller or self.caller).insist("refund", order, body, ask.key, patient=True)
        ask.status = answer.status
        if self.dice.random() < 0.3 and answer.status == 200:
            (caller or self.caller).call("refund", order, body, ask.key)  # once more: the same answer, nothing else

    # ------------------------------------------------------------------------------------------------ deeds

    def refund_part(self, order):
        payment = self.paid(order)
        if payment:
            self.refund(order, Ask(unique("refund"), self.some_of(payment)))

    def refund_all(self, order):
        if self.paid(order):
            order.is_disturbed = True
            self.refund(order, Ask(unique("refund"), None))

    def refund_at_once(self, order):
        """Three people: of each their own refund, or all of them the same."""
        payment = self.paid(order)
        if not payment:
            return
        twins = [self.caller.twin(i) for i in range(3)]
        if self.dice.random() < 0.5:
            asks = [Ask(unique("refund"), self.some_of(payment)) for _ in twins]
            self.storm.together([lambda twin=twin, ask=ask: self.refund(order, ask, twin) for twin, ask in zip(twins, asks)])
            return
        ask = Ask(unique("refund"), self.some_of(payment))
        body = {"payment_id": order.payment, "amount": money(ask.amount)}
        order.refunds.append(ask)
        self.storm.together([lambda twin=twin: twin.call("refund", order, body, ask.key) for twin in twins])
        ask.status = self.caller.insist("refund", order, body, ask.key, patient=True).status

    def refund_without_key(self, order):
        payment = self.paid(order)
        if payment:
            order.is_disturbed = True
            self.caller.call("refund", order, {"payment_id": order.payment, "amount": money(self.some_of(payment))})

    def refund_at_dashboard(self, order):
        payment = self.paid(order)
        if payment:
            order.is_disturbed = True
            more = {} if self.dice.random() < 0.3 else {"amount": self.some_of(payment)}
            self.at_bank(order, f"intents/{order.intent}/refund", **more)

    def fail_a_refund(self, order):
        """The bank sends a refund back, also one that had arrived; not for ever."""
        if not order.intent or order.failed_refunds >= FAILED_REFUNDS:
            return
        for refund in self.refunds_of(order):
            if refund["status"] in ("pending", "succeeded"):
                order.is_disturbed = True
                order.failed_refunds += 1
                self.at_bank(order, f"refunds/{refund['id']}/settle", to="failed")
                return

    def refunds_of(self, order):
        try:
            status, _, answer = self.bank.api("GET", "/v1/refunds", {"payment_intent": order.intent})
        except (*CUT, ValueError):
            return []  # a fault
        return answer.get("data", []) if status == 200 and isinstance(answer, dict) else []

    def settle_intent(self, _):
        if self.book.processing:
            order = self.book.processing.popleft()
            self.at_bank(order, f"intents/{order.intent}/settle", to=self.dice.choice(("succeeded", "succeeded", "failed")))

    def ship(self, order):
        payment = self.paid(order)
        if payment and payment["order"]["status"] == "processing":
            self.caller.call("move", order, {"status": "shipped"})

    def cancel(self, order):
        order.cancel_asked = True
        answer = self.caller.insist("move", order, {"status": "cancelled"})
        if answer is not None and answer.status == 200:
            order.must_be_cancelled = True

    def count_stock(self, _):
        """What is nearly sold out is replaced by something new."""
        answer = self.caller.call("stock")
        if answer is None or answer.status != 200:
            return
        for product in answer.json["results"]:
            if product["stock_quantity"] < 0:
                raise Broken(f"there are {product['stock_quantity']} pieces of {product['slug']}")
            if product["stock_quantity"] < 6 and self.book.take_off(product["id"]):
                self.stock_up()

    def stock_up(self):
        slug = unique("thing")
        body = {"name": slug, "slug": slug, "description": "", "price": self.dice.choice(PRICES), "stock_quantity": STOCK,
                "category_id": self.storm.shelf["id"]}
        answer = self.caller.insist("product", body=body, key=slug)
        if answer is not None:
            self.book.put_up(answer.json)


class Gremlin(Actor):
    """Stripe is faulty, events come wrongly, the shop is killed."""

    def __init__(self, storm):
        super().__init__(storm, "gremlin")
        self.deck = []

    def turn(self):
        if self.dice.random() < 0.3:
            self.bank.calm()
            self.bank.hold(False)
            self.storm.journal.tell(None, "---- calm ----")
        else:
            self.make_trouble()
        self.storm.over.wait(self.dice.choice((0.2, 0.5, 1, 2, 3)))  # the shop tries again for 1.5 s: some troubles it must not survive
        self.storm.count_faults()
        self.storm.shop.check_alive()
        if self.storm.kills_are_due():
            self.storm.over.wait(self.dice.random() * 0.1)  # at any moment of any request
            self.storm.shop.kill()
        elif self.dice.random() < 0.04:
            self.storm.shop.stop_gracefully()

    def make_trouble(self):
        rules = [self.rule() for _ in range(self.dice.choice((0, 1, 1, 2, 3)))]
        events = {name: self.dice.choice((0, 0, 0.3, 0.8)) for name in ("duplicate", "twin", "drop_first", "shuffle")}
        self.bank.faults(rules, events, self.dice.randrange(1 << 30))
        held = self.dice.random() < 0.15
        self.bank.hold(held)
        self.storm.count(*(f"events: {name}" for name, is_on in {**events, "hold": held}.items() if is_on))
        self.storm.journal.tell(None, f"---- faults: {rules} {events} {'events are held' if held else ''}")

    def rule(self):
        if not self.deck:
            self.deck = random.Random(self.dice.random()).sample(FAULTS, len(FAULTS))
        fault = self.deck.pop()
        match = self.dice.choice(MATCHES) if self.storm.faults[fault] else "*"
        rule = {"fault": fault, "match": match, "probability": self.dice.choice((0.3, 1, 1)),
                "seconds": self.dice.choice((0.2, 0.8, 3))}
        if fault == "huge":
            rule["times"] = 2  # it is work to make
        if self.dice.random() < 0.3:
            rule["should_retry"] = self.dice.random() < 0.5
        if fault in ("429", "503") and self.dice.random() < 0.3:
            rule["retry_after"] = 1
        return rule


# ---------------------------------------------------------------------------------------------------- the storm


class Book:
    """The orders that somebody knows of, and what is on sale."""

    def __init__(self):
        self.lock = threading.Lock()
        self.orders = {}
        self.products = []
        self._on_sale = {}
        self.processing = collections.deque()

    def put_up(self, product):
        with self.lock:
            self.products.append(product)
            self._on_sale[product["id"]] = product

    def take_off(self, product):
        """Whether it was on sale until now."""
        with self.lock:
            return self._on_sale.pop(product, None) is not None

    def on_sale(self):
        with self.lock:
            return list(self._on_sale.values())

    def add(self, shown):
        order = Order(shown)
        with self.lock:
            return self.orders.setdefault(order.id, order)

    def recent(self, dice):
        with self.lock:
            newest = list(self.orders.values())[-80:]
        return dice.choice(newest) if newest else None


class Storm:
    """All of it: from the first customer until all is quiet."""

    def __init__(self, goal, folder):
        self.goal, self.seed, self.folder = goal, goal.seed, folder
        self.journal, self.book = Journal(), Book()
        self.counts, self.faults, self.keys = collections.Counter(), collections.Counter(), {}
        self.requests = 0  # at the stand-in, that were counted
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.failure = self.shop = None
        self.bank = StandIn(self.seed)
        self.began = time.monotonic()

    # ------------------------------------------------------------------------------------------------ what actors use

    def count(self, *what):
        with self.lock:
            self.counts.update(what)

    def count_faults(self):
        """Takes the stand-in's new requests."""
        news = self.bank.control("GET", f"requests/{self.requests}")
        self.requests += len(news)
        self.faults.update(request["fault"] for request in news if request["fault"])

    def check_key(self, who, key, answer, order):
        with self.lock:
            first = self.keys.setdefault((who, key), answer.body)
        if first != answer.body:
            raise Broken(f"key {key} was answered twice, differently: {first.decode()} and {answer.body.decode()}", order and order.id)
        if answer.headers["Idempotency-Replayed"]:
            self.count("replayed")

    def fail(self, error):
        with self.lock:
            self.failure = self.failure or error
        self.over.set()
        self.shop.give_up()

    @staticmethod
    def together(deeds):
        with concurrent.futures.ThreadPoolExecutor(len(deeds)) as pool:
            for started in [pool.submit(deed) for deed in deeds]:
                started.result()

    # ------------------------------------------------------------------------------------------------ its course

    def progress(self):
        """From 0 to 1: how much of the goal is reached; to a whole one every fault belongs."""
        elapsed = time.monotonic() - self.began
        had = 1 if self.goal.orders < WHOLE else sum(self.faults[fault] > 0 for fault in FAULTS) / len(FAULTS)
        return min(1, had, len(self.book.orders) / self.goal.orders, elapsed / max(1, self.goal.seconds))

    def kills_are_due(self):
        return self.shop.kills < self.goal.kills * self.progress()

    def is_over(self):
        return self.over.is_set() or (self.progress() == 1 and self.shop.kills >= self.goal.kills)

    def run(self):
        self.shop = Shop(self.bank, self.folder, self.journal)
        self.admin_token = self.shop.server.admin.token
        self.shelf = self.shop.server.shelf
        contract.operations()
        users = [User(self, i) for i in range(USERS)]
        admins = [Admin(self, i) for i in range(2)]
        for _ in range(PRODUCTS):
            admins[0].stock_up()
        for user in users:
            user.register()
        self.began = time.monotonic()
        gremlin = Gremlin(self)
        actors = users + admins + [gremlin]
        for actor in actors:
            actor.start()
        try:
            shopd.wait_until(self.is_over, f"enough of a storm: {len(self.book.orders)} orders, {self.shop.kills} kills", LONGEST_STORM)
        finally:
            self.over.set()
            self.end(actors)
        self.seconds = time.monotonic() - self.began
        self.come_to_rest()
        Check(self).all_promises()

    def end(self, actors):
        actors[-1].join(60 * SLOW)  # the gremlin
        self.bank.calm()
        self.bank.hold(False)
        for actor in actors:
            actor.join(60 * SLOW)
        if self.failure:
            raise self.failure
        for actor in actors:
            if actor.is_alive():
                raise Broken(f"{actor.name} does not come to its end")

    def come_to_rest(self):
        """No faults any more; one kill; the banks make up their minds. All the rest the shop must do by itself."""
        began = time.monotonic()
        self.shop.kill()
        for dispute in self.bank.state()["disputes"]:
            if dispute["status"] == "needs_response":
                self.bank.move_dispute(dispute["id"], "won")
        left = []

        def is_quiet():
            self.bank.settle_all()
            left[:] = Check(self).open_matters() if self.bank.quiet() else [(None, "events are not delivered")]
            return not left

        try:
            shopd.wait_until(is_quiet, "all is quiet", QUIET_SECONDS)
        except AssertionError:
            left[:] = Check(self).open_matters() + untaken(self.bank.state())
            whole = "; ".join(f"order {order}: {what}" for order, what in left[:20])
            raise Broken(f"it does not come to rest: {len(left)} matters are open: {whole}", left[0][0] if left else None) from None
        self.rest_seconds = time.monotonic() - began

    def stop(self):
        self.over.set()
        try:
            if self.shop and self.shop.server.process.poll() is None:
                self.shop.server.stop()
        finally:
            self.bank.stop()


# ---------------------------------------------------------------------------------------------------- the promises


class Check:
    """What the shop says beside what the stand-in says, at one moment."""

    def __init__(self, storm):
        self.storm, self.book = storm, storm.book
        admin = storm.shop.server.admin
        self.orders = {order["id"]: order for order in admin.pages("/orders/admin/?page_size=100&cursor=")}
        self.payments = {payment["order"]["id"]: payment for payment in admin.pages("/payments/?page_size=100&cursor=")}
        self.intents = collections.defaultdict(dict)
        for name, sums in storm.bank.money().items():
            self.intents[int(sums["metadata"]["order"])][name] = sums

    def held(self, number):
        return sum(sums["received"] - sums["refunded"] for sums in self.intents[number].values())

    # ------------------------------------------------------------------------------------------------ what time must heal

    def open_matters(self):
        """What the shop has yet to finish: (order, what)."""
        return [(number, what) for number, order in sorted(self.orders.items()) for what in self.open_of(number, order)]

    def open_of(self, number, order):
        payment = self.payments.get(number)
        held = self.held(number)
        if order["status"] == "pending":
            yield "it is neither paid nor expired"
        for name, sums in self.intents[number].items():
            if sums["status"] not in FINISHED_INTENTS:
                yield f"{name} is still {sums['status']}"
        if payment is None:
            if held:
                yield f"{money(held)} are held for it, and it has no payment"
            return
        if payment["status"] in ("pending", "processing", "failed"):
            yield f"its payment is {payment['status']}"
            return
        kept = cents(payment["amount"]) - cents(payment["amount_refunded"]) if payment["status"] in SUCCESSFUL else 0
        if held != kept:
            yield f"{money(held)} are held for it, and the shop says {money(kept)}"
        if order["status"] == "cancelled" and held:
            yield f"it is cancelled and keeps {money(held)}"
        if payment["status"] in SUCCESSFUL:
            back = cents(payment["amount_refunded"])
            wanted = "refunded" if back == cents(payment["amount"]) else "partially_refunded" if back else "succeeded"
            if payment["status"] != wanted:
                yield f"its payment is {payment['status']} with {money(back)} of {payment['amount']} given back"
        elif order["status"] != "cancelled":
            yield f"it is {order['status']} and its payment {payment['status']}"

    # ------------------------------------------------------------------------------------------------ what must hold

    def all_promises(self):
        for promise in (self.open_of, self.check_intents, self.check_amounts, self.check_refunds, self.check_word):
            for number, order in sorted(self.orders.items()):
                for what in promise(number, order):
                    raise Broken(f"order {number}: {what}", number)
        self.check_nothing_unknown()
        self.check_stock()

    def check_intents(self, number, _):
        """One intent takes money, and it is the one that the shop knows."""
        payment = self.payments.get(number)
        known = payment and payment["stripe_payment_intent_id"]
        for name, sums in self.intents[number].items():
            if name != known and (sums["status"] != "canceled" or sums["received"]):
                yield f"{name} ({sums['status']}, {money(sums['received'])}) is not the intent that the shop knows: {known}"
        if known and known not in self.intents[number]:
            yield f"its intent {known} carries another order"

    def check_amounts(self, number, order):
        total, payment = cents(order["total_price"]), self.payments.get(number)
        if total != sum(cents(item["item_total"]) for item in order["items"]):
            yield f"its total {order['total_price']} is not the sum of its items"
        if payment and cents(payment["amount"]) != total:
            yield f"its payment is over {payment['amount']}, and it costs {order['total_price']}"
        for name, sums in self.intents[number].items():
            if sums["received"] not in (0, total) or sums["refunded"] > sums["received"]:
                yield f"{name} received {money(sums['received'])} and gave back {money(sums['refunded'])}; it costs {money(total)}"

    def check_refunds(self, number, order):
        """What was asked for under keys went back once each; nothing went back that nobody asked for."""
        known = self.book.orders.get(number)
        if known is None:
            return
        back = sum(sums["refunded"] for sums in self.intents[number].values())
        asked = sum(ask.amount or 0 for ask in known.refunds if ask.is_done)
        if not known.failed_refunds and back < asked:
            yield f"{money(back)} went back, and {money(asked)} were promised"
        if not known.is_disturbed and order["status"] != "cancelled" and back != asked:
            yield f"{money(back)} went back, and {money(asked)} were asked for: {[(a.key, a.amount, a.status) for a in known.refunds]}"

    def check_word(self, number, order):
        """What clients were told is so."""
        known, received = self.book.orders.get(number), any(sums["received"] for sums in self.intents[number].values())
        if known is None:
            return
        if known.must_be_cancelled and order["status"] != "cancelled":
            yield f"it was cancelled, and is {order['status']}"
        if known.is_paid and not received:
            yield "it was said to be paid, and no money came"
        gone = self.payments.get(number, {}).get("status") == "refunded"
        asked = known.cancel_asked or known.refunds or known.is_disturbed
        if received and order["status"] == "cancelled" and not (asked and gone):
            yield "it was paid, and cancelled although nobody asked for it"
        if order["status"] == "cancelled" and not received and not known.cancel_asked:
            self.storm.count("expired")

    def check_nothing_unknown(self):
        for number in self.book.orders:
            if number not in self.orders:
                raise Broken(f"order {number} was acknowledged and is gone", number)
        for number, intents in self.intents.items():
            if intents and number not in self.orders:
                raise Broken(f"{list(intents)} are for order {number}, which there is not", number)

    def check_stock(self):
        sold = collections.Counter()
        for order in self.orders.values():
            if order["status"] != "cancelled":
                for item in order["items"]:
                    sold[item["product"]["id"]] += item["quantity"]
        for product in self.book.products:
            left = self.storm.shop.server.stock(product)
            if left < 0 or left + sold[product["id"]] != STOCK:
                raise Broken(f"{product['slug']}: {left} left and {sold[product['id']]} sold of {STOCK}")


def untaken(state):
    """Events that the shop would never take: (order, what)."""
    return [(order_of(state, event["object_id"]), f"event {event['id']} ({event['type']}) was tried {event['tries']} times and never taken")
            for event in state["events"] if not event["taken"]]


def check_events(storm, state):
    """Each event of the stand-in was taken, and recorded once."""
    for order, what in untaken(state):
        raise Broken(what, order)
    recorded = collections.Counter(name for name, in rows_of(storm, "SELECT name FROM event"))
    told = {event["id"]: event for event in state["events"]}
    for name, times in recorded.items():
        if times != 1 or name not in told:
            raise Broken(f"event {name} is recorded {times} times; the stand-in knows of {told.get(name)}")
    for name, event in told.items():
        if name not in recorded:
            raise Broken(f"event {name} ({event['type']}) was taken and is not recorded", order_of(state, event["object_id"]))


def check_log(storm):
    for line in storm.shop.log_lines():
        if re.match(r"\S+ error ", line) and not any(re.search(expected, line) for expected, _ in EXPECTED_ERRORS):
            raise Broken(f"the shop logged an error: {line}")


def rows_of(storm, query):
    """What stands in the database; numbers may come as texts."""
    url = storm.shop.server.database
    if url.startswith("postgres"):
        return shopd.psql(url, query)
    database = sqlite3.connect(f"file:{url.removeprefix('sqlite:')}?mode=ro", uri=True)
    try:
        return database.execute(query).fetchall()
    finally:
        database.close()


# ---------------------------------------------------------------------------------------------------- telling


def order_of(state, identifier):
    """The order that an object of the stand-in is about."""
    for kind in ("intents", "charges", "refunds", "disputes"):
        for item in state[kind]:
            if item["id"] == identifier:
                return int(item["metadata"]["order"]) if kind == "intents" else order_of(state, item["payment_intent"])
    return None


def story(storm, number):
    """Everything about one order, in the order in which it happened."""
    state = storm.bank.state()
    intents = [item["id"] for item in state["intents"] if item["metadata"].get("order") == str(number)]
    ids = intents + [item["id"] for kind in ("charges", "refunds", "disputes") for item in state[kind] if item["payment_intent"] in intents]
    lines = storm.journal.of(number)
    names = [rf"\border {number}\b", rf"/orders/(admin/)?{number}/", *ids]
    payments = rows_of(storm, f"SELECT * FROM payment WHERE order_id = {int(number)}")
    names += [rf"\bpayment {row[0]}\b" for row in payments]
    for line in storm.shop.log_lines():
        if re.search("|".join(names), line):
            lines.append((moment(line), "    shop's log: " + line))
    for request in storm.bank.control("GET", "requests/0"):
        if request["object_id"] in ids or any(name in request["path"] for name in ids):
            key = request["headers"].get("idempotency-key", "")
            answer = f"{request['status']}, fault {request['fault']}" if request["fault"] else request["status"]
            lines.append((request["at"], f"    stand-in: {request['method']} {request['path']} {key} -> {answer}"))
    mine = [at for at, text in lines if "----" not in text]
    told = [f"{at - storm.journal.began:9.3f} {text}" for at, text in sorted(lines) if mine and min(mine) - 1 <= at <= max(mine) + 1]
    told += [f"stand-in: {json.dumps(item)}" for kind in ("intents", "charges", "refunds", "disputes") for item in state[kind]
             if item["id"] in ids]
    told += [f"stand-in: {event}" for event in state["events"] if event["object_id"] in ids]
    told += [f"row of payment: {row}" for row in payments]
    for row in payments:
        told += [f"row of refund: {refund}" for refund in rows_of(storm, f"SELECT * FROM refund WHERE payment_id = {int(row[0])}")]
    return "\n".join(told)


def moment(line):
    try:
        return datetime.datetime.fromisoformat(line.split(" ", 1)[0].replace("Z", "+00:00")).timestamp()
    except ValueError:
        return 0


# What a whole storm must have had of everything at least, or it tested nothing.
LEAST = {"refunds": 50, "refunds that failed": 3, "declines": 15, "payments": 150, "cancellations asked for": 20, "expirations": 20,
         "answers 503": 15, "cut off": 5, "replayed": 5, "deliveries beyond the first": 50, "disputes": 1}


def statistics(storm, state):
    counts = storm.counts
    return {
        "orders": len(storm.book.orders), "kills": storm.shop.kills, "graceful restarts": storm.shop.stops,
        "intents": len(state["intents"]), "payments": sum(intent["status"] == "succeeded" for intent in state["intents"]),
        "declines": sum(times for what, times in counts.items() if what.startswith("confirm: 402")),
        "refunds": len(state["refunds"]), "refunds that failed": sum(refund["status"] == "failed" for refund in state["refunds"]),
        "disputes": len(state["disputes"]), "cancellations asked for": sum(order.cancel_asked for order in storm.book.orders.values()),
        "expirations": counts["expired"], "events": len(state["events"]),
        "deliveries beyond the first": sum(max(0, event["tries"] - 1) for event in state["events"]),
        "answers 503": sum(times for what, times in counts.items() if ": 503" in what), "cut off": counts["cut off"],
        "replayed": counts["replayed"]}


def check_enough(storm, numbers):
    part = min(1, storm.goal.orders / WHOLE)
    for name, least in LEAST.items():
        if numbers[name] < int(least * part):
            raise Broken(f"the storm tested too little: {name}: {numbers[name]}, wanted {int(least * part)}")


def tell_numbers(storm, numbers):
    print(f"seed {storm.seed}: {storm.seconds:.0f} s of storm, quiet {storm.rest_seconds:.0f} s later")
    print(", ".join(f"{number} {name}" for name, number in numbers.items()))
    print("faults: " + ", ".join(f"{fault} {storm.faults[fault]}" for fault in FAULTS))
    print("answers: " + ", ".join(f"{what} {times}" for what, times in sorted(storm.counts.items()) if ": " in what), flush=True)


def run(goal, folder):
    storm = Storm(goal, folder)
    try:
        storm.run()
        state = storm.bank.state()
        check_events(storm, state)
        numbers = statistics(storm, state)
        tell_numbers(storm, numbers)
        storm.shop.server.stop()
        check_log(storm)
        check_enough(storm, numbers)
        print("1 passed, 0 failed")
        return 0
    except BaseException as error:
        if not isinstance(error, Broken):
            traceback.print_exc(file=sys.stdout)
        elif error.order:
            print(story(storm, error.order))
        print(f"BROKEN with seed {goal.seed}: {error}\n0 passed, 1 failed", flush=True)
        return 1
    finally:
        storm.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--orders", type=int, default=WHOLE)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--keep", help="a folder that does not exist yet: there the database and the logs are kept")
    goal = parser.parse_args()
    print(f"seed {goal.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="payments-storm-") as folder:
        if goal.keep:
            os.makedirs(goal.keep)
        sys.exit(run(goal, os.path.abspath(goal.keep or folder)))


if __name__ == "__main__":
    main()
