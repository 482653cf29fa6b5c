#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A stand-in for Stripe's API, version 1, with a memory: payments as Stripe makes them, and faults on demand.

    stripe_stand_in.py [--port 0] [--seed N] [--key sk_test_…] [--with-stdin]

It prints "stripe stand-in: listening on http://127.0.0.1:PORT" and serves until SIGTERM. Below /v1/ it is Stripe; below
/_stand_in/ tests say how it is to behave, play the customer, the bank and the person at the dashboard, and look at what there is.
Faults (see Handler.faulty) are rules: {"match": "POST /v1/payment_intents/*/confirm", "fault": "drop_after", "times": 1,
"probability": 0.5, "seconds": 2}; the first rule that matches and has times left decides.
"""
import argparse
import base64
import fnmatch
import hashlib
import heapq
import hmac
import http.client
import http.server
import json
import os
import random
import re
import select
import signal
import socket
import struct
import sys
import threading
import time
import traceback
import urllib.parse

import stand_in_state as state
from stand_in_state import Problem, invalid

DEFAULT_KEY = "sk_test_of_the_stand_in_0123456789"
BODY_MAX = 1 << 20
HUGE = 32 << 20

# ---------------------------------------------------------------------------------------------------- parameters
# What each call takes. "text" may be emptied, "word" not; a tuple lists the words there are; a dict has members of its own;
# "map" takes any members, "list" any number.

INTENT = {"amount": "integer", "currency": "word", "description": "text", "metadata": "map", "payment_method": "word",
          "receipt_email": "text", "expand": "list"}
CREATE_INTENT = {**INTENT, "automatic_payment_methods": {"enabled": "boolean", "allow_redirects": ("always", "never")},
                 "capture_method": ("automatic", "automatic_async", "manual"), "confirm": "boolean", "return_url": "word",
                 "use_stripe_sdk": "boolean", "payment_method_types": "list", "statement_descriptor_suffix": "text"}
CONFIRM = {"payment_method": "word", "return_url": "word", "use_stripe_sdk": "boolean", "expand": "list"}
CAPTURE = {"amount_to_capture": "integer", "expand": "list"}
CANCEL = {"cancellation_reason": ("duplicate", "fraudulent", "requested_by_customer", "abandoned"), "expand": "list"}
REFUND = {"payment_intent": "word", "charge": "word", "amount": "integer", "metadata": "map", "expand": "list",
          "reason": ("duplicate", "fraudulent", "requested_by_customer")}
READ = {"expand": "list"}
MOMENTS = {"gt": "integer", "gte": "integer", "lt": "integer", "lte": "integer"}
LIST = {"limit": "integer", "starting_after": "word", "ending_before": "word", "created": MOMENTS, "expand": "list"}
OF_A_PAYMENT = {**LIST, "payment_intent": "word", "charge": "word"}


def form_pairs(text):
    """Strictly decoded: every text that a sloppy encoder would make is an error."""
    pairs = []
    for part in text.split("&") if text else []:
        name, equals, value = part.partition("=")
        if not equals or re.search(r"%(?![0-9A-Fa-f]{2})|[^\x21-\x7e]", part):
            raise invalid(f"Invalid form encoding: {part!r}")
        try:
            pairs.append(tuple(urllib.parse.unquote_plus(half, errors="strict") for half in (name, value)))
        except UnicodeDecodeError:
            raise invalid("Invalid UTF-8 in a parameter.") from None
    return pairs


def convert(kind, name, value):
    if kind == "text":
        return value
    if value == "":
        raise invalid(f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a parameter; however "
                      f"'{name}' cannot be unset. You should remove '{name}' from your request or supply a non-empty value.", name,
                      "parameter_invalid_empty")
    if kind == "integer":
        if not re.fullmatch(r"-?[0-9]{1,18}", value):
            raise invalid(f"Invalid integer: {value}", name, "parameter_invalid_integer")
        return int(value)
    if kind == "boolean":
        if value not in ("true", "false"):
            raise invalid(f"Invalid boolean: {value}", name)
        return value == "true"
    if isinstance(kind, tuple) and value not in kind:
        raise invalid(f"Invalid {name}: must be one of {', '.join(kind[:-1])}, or {kind[-1]}", name)
    return value


def decode(pairs, known):
    """The parameters as objects, by the call's table."""
    params = {}
    for name, value in pairs:
        shape = re.fullmatch(r"([a-z_]+)(?:\[([^\[\]]*)\])?", name)
        root, member = shape.groups() if shape else (None, None)
        kind = known.get(root)
        nested = kind in ("map", "list") or isinstance(kind, dict)
        whole_map = kind == "map" and member is None and value == ""
        if kind is None or (isinstance(kind, dict) and member not in kind) or (nested != (member is not None) and not whole_map):
            raise invalid(f"Received unknown parameter: {name}", name, "parameter_unknown")
        if whole_map:
            params[root] = ""
        elif kind == "list":
            params.setdefault(root, []).append(value)
        elif nested:
            place = params.setdefault(root, {})
            if member in place:
                raise invalid(f"Received a parameter twice: {name}", name)
            place[member] = value if kind == "map" else convert(kind[member], name, value)
        elif root in params:
            raise invalid(f"Received a parameter twice: {name}", name)
        else:
            params[root] = convert(kind, name, value)
    return params


# ---------------------------------------------------------------------------------------------------- the calls


def page(kind, path, *filters):
    """A list call: newest first, a page at a time."""
    def answer(ledger, params):
        items = ledger.list(kind, **{name: params.get(name) for name in filters})
        bounds = params.get("created", {})
        tests = {"gt": lambda at, to: at > to, "gte": lambda at, to: at >= to, "lt": lambda at, to: at < to, "lte": lambda at, to: at <= to}
        items = [item for item in items if all(tests[name](item["created"], bound) for name, bound in bounds.items())]
        limit = params.get("limit", 10)
        if not 1 <= limit <= 100:
            raise invalid("This value must be from 1 to 100.", "limit", "parameter_invalid_integer")
        ids = [item["id"] for item in items]
        place = params.get("starting_after") or params.get("ending_before")
        if place and place not in ids:
            raise state.missing(kind, place, "starting_after" if "starting_after" in params else "ending_before", 400)
        if "starting_after" in params:
            items = items[ids.index(place) + 1:]
        elif place:
            items = items[:ids.index(place)][-limit:]
        return {"object": "list", "data": items[:limit], "has_more": len(items) > limit, "url": path}
    return answer


def read(kind, param="id"):
    return lambda ledger, params, identifier: ledger.find(kind, identifier, param)


def of_intent(move):
    return lambda ledger, params, identifier: move(ledger, ledger.find("payment_intent", identifier, "intent"), params)


def confirm(ledger, intent, params):
    if intent["status"] in state.MAY_CONFIRM:
        ledger.check_return_url(intent, params)
    return ledger.confirm(intent, params)


ID = r"([A-Za-z0-9_]+)"
CALLS = [(method, re.compile(path), known, answer) for method, path, known, answer in [
    ("POST", "/v1/payment_intents", CREATE_INTENT, lambda ledger, params: ledger.create_intent(params)),
    ("GET", "/v1/payment_intents", LIST, page("payment_intent", "/v1/payment_intents")),
    ("GET", f"/v1/payment_intents/{ID}", {**READ, "client_secret": "word"}, read("payment_intent", "intent")),
    ("POST", f"/v1/payment_intents/{ID}", INTENT, of_intent(state.Ledger.update_intent)),
    ("POST", f"/v1/payment_intents/{ID}/confirm", CONFIRM, of_intent(confirm)),
    ("POST", f"/v1/payment_intents/{ID}/capture", CAPTURE, of_intent(state.Ledger.capture)),
    ("POST", f"/v1/payment_intents/{ID}/cancel", CANCEL, of_intent(state.Ledger.cancel)),
    ("POST", "/v1/refunds", REFUND, lambda ledger, params: ledger.create_refund(params)),
    ("GET", "/v1/refunds", OF_A_PAYMENT, page("refund", "/v1/refunds", "payment_intent", "charge")),
    ("GET", f"/v1/refunds/{ID}", READ, read("refund", "refund")),
    ("POST", f"/v1/refunds/{ID}/cancel", READ, lambda ledger, params, identifier: ledger.cancel_refund(ledger.find("refund", identifier))),
    ("GET", "/v1/disputes", OF_A_PAYMENT, page("dispute", "/v1/disputes", "payment_intent", "charge")),
    ("GET", f"/v1/disputes/{ID}", READ, read("dispute", "dispute")),
    ("GET", "/v1/charges", OF_A_PAYMENT, page("charge", "/v1/charges", "payment_intent")),
    ("GET", f"/v1/charges/{ID}", READ, read("charge", "id")),
    ("GET", "/v1/balance", READ, lambda ledger, params: ledger.balance()),
    ("GET", "/v1/events", {**LIST, "type": "word"}, page("event", "/v1/events", "type")),
    ("GET", f"/v1/events/{ID}", READ, read("event", "id")),
]]


# ---------------------------------------------------------------------------------------------------- requests and answers


class Request:
    def __init__(self, method, target, headers, body):
        self.method, self.headers, self.body = method, headers, body
        self.path, _, self.query = target.partition("?")
        self.id = state.new_id("req", 14)
        self.key = headers.get("Idempotency-Key") if method == "POST" else None

    @property
    def pairs(self):
        if self.method == "GET":
            return form_pairs(self.query)
        if self.body and not self.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
            raise invalid("Invalid request: a body must be application/x-www-form-urlencoded.")
        return form_pairs(self.body.decode("latin-1"))

    def secret(self):
        """The API key: Bearer, or Basic with it as the user's name."""
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return value.strip()
        if scheme.lower() == "basic":
            try:
                return base64.b64decode(value, validate=True).decode().partition(":")[0]
            except ValueError:
                return None
        return None

    def shown_headers(self):
        """What tests may look at; never the whole API key."""
        shown = {name: self.headers.get(name) for name in ("Stripe-Version", "Idempotency-Key", "User-Agent", "Content-Type")}
        secret = self.secret()
        shown["Authorization"] = secret and f"{secret[:8]}…{secret[-4:]}"
        return {name.lower(): value for name, value in shown.items() if value is not None}


class Reply:
    def __init__(self, status, body, headers=None, content_type="application/json"):
        self.status, self.content_type, self.headers = status, content_type, dict(headers or {})
        self.object_id = body.get("id") if isinstance(body, dict) else None  # of what it shows, for the log of requests
        self.body = body if isinstance(body, bytes) else state.as_json(body)

    @classmethod
    def of(cls, problem):
        return cls(problem.status, {"error": problem.error}, problem.headers)


BROKEN = Problem(500, "An unknown error occurred. Please try again later.", kind="api_error")
RATE_LIMIT = ("Request rate limit exceeded. You can learn more about rate limits here https://stripe.com/docs/rate-limits.", "rate_limit")
LOCKED = ("This object cannot be accessed right now because another API request or Stripe process is currently accessing it. If you see "
          "this error intermittently, retry the request.", "lock_timeout")
HTML = b"<!DOCTYPE html>\n<html><head><title>Not Stripe</title></head><body><h1>Please log in to the network</h1></body></html>\n"
MADE_UP = {  # answers that come without any work
    "429": lambda: Reply.of(Problem(429, *RATE_LIMIT)),
    "429_lock": lambda: Reply.of(Problem(429, *LOCKED)),
    "409_lock": lambda: Reply.of(Problem(409, *LOCKED)),
    "503": lambda: Reply.of(Problem(503, "Stripe is temporarily unavailable.", kind="api_error")),
    "html": lambda: Reply(200, HTML, content_type="text/html"),
    "html_502": lambda: Reply(502, HTML, content_type="text/html"),
    "garbage_json": lambda: Reply(200, b'{"id": "pi_\xff\x00", "object": [[[{]], "status": succeeded'),
    "huge": lambda: Reply(200, b'{"object": "payment_intent", "id": "' + b"a" * HUGE + b'"}'),
}
FAULTS = {*MADE_UP, "refuse", "hang", "hang_after", "slow", "drop_after", "500", "500_after", "trickle", "truncate"}


class Faults:
    RULE = {"match": "*", "fault": None, "times": None, "probability": 1, "seconds": 1}
    HEADERS = {"should_retry", "retry_after"}
    EVENTS = {"duplicate", "shuffle", "twin", "drop_first"}

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.rules, self.events = [], {}

    def replace(self, wanted):
        """Everything anew; chance goes on as it was seeded, unless there is a new seed."""
        rules, events = wanted.get("rules") or [], wanted.get("events") or {}
        wrong = set(wanted) - {"rules", "events", "seed"} | set(events) - self.EVENTS
        wrong |= {rule.get("fault") for rule in rules} - FAULTS
        wrong |= {name for rule in rules for name in rule} - set(self.RULE) - self.HEADERS
        if wrong:
            raise Problem(400, f"no such fault, or part of one: {wrong}")
        self.rules, self.events = [{**self.RULE, **rule} for rule in rules], events
        if "seed" in wanted:
            self.random = random.Random(wanted["seed"])

    def choose(self, method, path):
        for rule in self.rules:
            fits = rule["match"] == "*" or fnmatch.fnmatchcase(f"{method} {path}", rule["match"])
            if not fits or rule["times"] == 0 or self.random.random() >= rule["probability"]:
                continue
            if rule["times"] is not None:
                rule["times"] -= 1
            return rule
        return None

    def happens(self, name):
        """Whether this fault of events happens now."""
        return self.random.random() < float(self.events.get(name) or 0)


# ---------------------------------------------------------------------------------------------------- events to the shop


class Deliveries:
    """POSTs signed events to the endpoint from a few threads, again and again until it says 2xx."""
    THREADS = 4
    FIRST_WAIT, LONGEST_WAIT = 0.05, 1.0

    def __init__(self):
        self.changed = threading.Condition()
        self.waiting = []  # heap of (due, number, event, wait, lose)
        self.number = self.sending = 0
        self.url, self.secrets, self.held = None, [], False
        self.log = {}  # event id -> {"tries", "taken"}
        for _ in range(self.THREADS):
            threading.Thread(target=self._work, daemon=True).start()

    def set_endpoint(self, url, secrets):
        with self.changed:
            self.url, self.secrets = url, list(secrets)
            self.waiting = [(0, number, event, self.FIRST_WAIT, lose) for _, number, event, _, lose in self.waiting]
            heapq.heapify(self.waiting)
            self.changed.notify_all()

    def hold(self, held):
        with self.changed:
            self.held = held
            self.changed.notify_all()

    def put(self, event, delay=0.0, wait=FIRST_WAIT, lose=False):
        with self.changed:
            self.log.setdefault(event["id"], {"tries": 0, "taken": 0})
            if self.url is None:
                return  # an account without an endpoint
            self.number += 1
            heapq.heappush(self.waiting, (time.monotonic() + delay, self.number, event, wait, lose))
            self.changed.notify()

    def undelivered(self):
        with self.changed:
            return len(self.waiting) + self.sending

    def _take(self):
        with self.changed:
            while True:
                due = self.waiting[0][0] - time.monotonic() if self.waiting and not self.held and self.url else None
                if due is not None and due <= 0:
                    self.sending += 1
                    _, _, event, wait, lose = heapq.heappop(self.waiting)
                    return event, wait, lose, self.url, self.secrets
                self.changed.wait(due)

    def _work(self):
        while True:
            event, wait, lose, url, secrets = self._take()
            taken = self._send(event, url, secrets, lose)
            with self.changed:
                self.log[event["id"]]["tries"] += 1
                self.log[event["id"]]["taken"] += taken
                if not taken:
                    self.put(event, wait, min(2 * wait, self.LONGEST_WAIT))
                self.sending -= 1

    def _send(self, event, url, secrets, lose):
        where = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=10)
        try:
            connection.connect()
            if lose:
                return False
            body = state.as_json(event)
            connection.request("POST", where.path or "/", body, {
                "Content-Type": "application/json; charset=utf-8", "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
                "Stripe-Signature": self.sign(body, secrets, int(time.time()))})
            answer = connection.getresponse()
            answer.read()
            return 200 <= answer.status < 300
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    @staticmethod
    def sign(body, secrets, at):
        def mac(secret):
            return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        return ",".join([f"t={at}"] + [f"v1={mac(secret)}" for secret in secrets] + [f"v0={mac('an old scheme')}"])


# ---------------------------------------------------------------------------------------------------- the service


class Service:
    """The account: its ledger, its idempotency keys, its faults. Everything under one lock."""

    def __init__(self, seed, secrets):
        self.lock = threading.RLock()
        self.faults = Faults(seed)
        self.deliveries = Deliveries()
        self.ledger = state.Ledger(self.publish)
        self.api_keys = set(secrets)
        self.answers = {}  # idempotency key -> (what was asked, status, body, request id)
        self.busy = {}  # idempotency key -> the request that uses it now
        self.log = []  # every request, in their order
        self.in_flight = 0

    # ------------------------------------------------------------------------------------------------ events

    def publish(self, event):
        self.deliver(event)
        if self.faults.happens("twin"):
            self.deliver(self.ledger.twin(event))

    def deliver(self, event):
        spread = lambda: self.faults.random.uniform(0, 0.2) if self.faults.events.get("shuffle") else 0
        self.deliveries.put(event, spread(), lose=self.faults.happens("drop_first"))
        if self.faults.happens("duplicate"):
            self.deliveries.put(event, spread())

    # ------------------------------------------------------------------------------------------------ one request

    def check_key(self, request):
        secret = request.secret()
        if not secret:
            raise Problem(401, "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer "
                               "auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').", validation=True, headers={"WWW-Authenticate": "Bearer"})
        if secret not in self.api_keys:
            raise Problem(401, f"Invalid API Key provided: {secret[:8]}{'*' * 8}{secret[-4:]}", validation=True,
                          headers={"WWW-Authenticate": "Bearer"})

    def claim(self, request):
        """Marks the key as in use; a second request with it is told so."""
        with self.lock:
            if request.key and self.busy.setdefault(request.key, request) is not request:
                raise Problem(409, "There is currently another in-progress request using this Stripe Idempotent Key (that probably means you "
                                   f"submitted twice, and the other request is still going through): {request.key}. Please try again later.",
                              "idempotency_key_in_use", kind="idempotency_error", validation=True)

    def release(self, request):
        with self.lock:
            if request.key and self.busy.get(request.key) is request:
                del self.busy[request.key]

    def work(self, request, instead=None, afterwards=None):
        """Does what is asked, or replays what was answered under the key. Faults: `instead` is answered without doing it, `afterwards`
        when it was done; both are remembered under the key, as Stripe does."""
        with self.lock:
            try:
                self.check_key(request)
                if request.key and len(request.key) > 255:
                    raise invalid("The idempotency key is too long: it may have up to 255 characters.", code="idempotency_key_too_long")
                self.claim(request)
                known = self.recorded(request)
                if known:
                    return known
                reply = Reply.of(instead) if instead else self.perform(request)
            except Problem as problem:
                reply = Reply.of(problem)
                if problem.validation:
                    return reply
            if afterwards:
                reply = Reply.of(afterwards)
            if request.key:
                reply.headers["Idempotency-Key"] = request.key
                self.answers[request.key] = (self.asked(request), reply.status, reply.body, request.id)
            return reply

    @staticmethod
    def asked(request):
        return request.method, request.path, sorted(request.pairs)

    def recorded(self, request):
        if not request.key or request.key not in self.answers:
            return None
        asked, status, body, first = self.answers[request.key]
        if asked != self.asked(request):
            raise Problem(400, "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a "
                               f"key other than '{request.key}' if you meant to execute a different request.", kind="idempotency_error",
                          validation=True)
        return Reply(status, body, {"Idempotent-Replayed": "true", "Idempotency-Key": request.key, "Original-Request": first})

    def perform(self, request):
        for method, path, known, answer in CALLS:
            found = path.fullmatch(request.path)
            if found and method == request.method:
                break
        else:
            raise Problem(404, f"Unrecognized request URL ({request.method}: {request.path}). If you are trying to list objects, remove the "
                               "trailing slash. If you are trying to retrieve an object, make sure you passed a valid (non-empty) identifier "
                               "in your code.", validation=True)
        params = decode(request.pairs, known)
        self.ledger.cause = {"id": request.id, "idempotency_key": request.key}
        try:
            result = state.snapshot(answer(self.ledger, params, *found.groups()))
            for wanted in params.get("expand", []):
                self.ledger.expand(result, wanted)
            return Reply(200, result)
        finally:
            self.ledger.cause = {"id": None, "idempotency_key": None}
            self.ledger.run_afterwards()

    # ------------------------------------------------------------------------------------------------ what tests ask

    def control(self, method, path, body):
        """Calls below /_stand_in/."""
        parts = tuple(path.strip("/").split("/")[1:])
        with self.lock:
            for wanted, shape, action in CONTROLS:
                names = [part for part, place in zip(parts, shape) if place is None]
                if method == wanted and len(parts) == len(shape) and all(place in (None, part) for part, place in zip(parts, shape)):
                    result = action(self, body, *names)
                    self.ledger.run_afterwards()
                    return Reply(200, {} if result is None else result)
        raise Problem(404, f"no such control: {method} {path}")

    def state(self):
        objects = self.ledger.objects
        return {"intents": list(objects["payment_intent"].values()), "charges": list(objects["charge"].values()),
                "refunds": list(objects["refund"].values()), "disputes": list(objects["dispute"].values()),
                "events": [{"id": event["id"], "type": event["type"], "object_id": event["data"]["object"]["id"],
                            **self.deliveries.log[event["id"]]} for event in objects["event"].values()],
                "requests": self.log[-1000:]}

    def intent(self, identifier):
        return self.ledger.find("payment_intent", identifier, "intent")


def to_succeed(body):
    if body.get("to") not in ("succeeded", "failed"):
        raise Problem(400, 'to: "succeeded" or "failed"')
    return body["to"] == "succeeded"


def settle_refund(service, body, identifier):
    if body.get("to") not in ("succeeded", "failed", "requires_action"):
        raise Problem(400, 'to: "succeeded", "failed" or "requires_action"')
    return service.ledger.settle_refund(service.ledger.find("refund", identifier), body["to"])


def set_faults(service, body):
    service.faults.replace(body)


def set_keys(service, body):
    service.api_keys = set(body["keys"])


CONTROLS = [  # None: an id
    ("GET", ("state",), lambda service, body: service.state()),
    ("GET", ("requests", None), lambda service, body, since: service.log[int(since):]),
    ("GET", ("money",), lambda service, body: service.ledger.money()),
    ("GET", ("quiet",), lambda service, body: {"undelivered": service.deliveries.undelivered(), "in_flight": service.in_flight}),
    ("POST", ("endpoint",), lambda service, body: service.deliveries.set_endpoint(body["url"], body.get("secrets", []))),
    ("POST", ("faults",), set_faults),
    ("POST", ("keys",), set_keys),
    ("POST", ("hold",), lambda service, body: service.deliveries.hold(bool(body["hold"]))),
    ("POST", ("forget_keys",), lambda service, body: service.answers.clear()),
    ("POST", ("settle_all",), lambda service, body: service.ledger.settle_all()),
    ("POST", ("intents", None, "settle"), lambda service, body, it: service.ledger.settle_intent(service.intent(it), to_succeed(body))),
    ("POST", ("intents", None, "action"), lambda service, body, it: service.ledger.customer_acts(service.intent(it), bool(body["succeed"]))),
    ("POST", ("intents", None, "pay"), lambda service, body, it: service.ledger.customer_pays(service.intent(it), body["payment_method"])),
    ("POST", ("intents", None, "refund"),
     lambda service, body, it: service.ledger.create_refund({"payment_intent": it, **{k: body[k] for k in ("amount",) if k in body}})),
    ("POST", ("intents", None, "dispute"),
     lambda service, body, it: service.ledger.open_dispute(service.intent(it), body.get("status", "needs_response"))),
    ("POST", ("disputes", None), lambda service, body, it: service.ledger.move_dispute(service.ledger.find("dispute", it), body["status"])),
    ("POST", ("refunds", None, "settle"), settle_refund),
    ("POST", ("events", None, "redeliver"), lambda service, body, it: service.deliveries.put(service.ledger.find("event", it))),
]


# ---------------------------------------------------------------------------------------------------- HTTP


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    service = None

    def log_message(self, *arguments):
        pass

    def do_any(self):
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdigit() or int(length) > BODY_MAX:
            self.close_connection = True
            return self.send(Reply.of(Problem(411, "a body needs a Content-Length, and not such a large one")), "")
        request = Request(self.command, self.path, self.headers, self.rfile.read(int(length)))
        if request.path.startswith("/_stand_in/"):
            return self.control(request)
        return self.api(request)

    do_GET = do_POST = do_DELETE = do_PUT = do_any

    def control(self, request):
        try:
            reply = self.service.control(request.method, request.path, json.loads(request.body or b"{}"))
        except Problem as problem:
            reply = Reply.of(problem)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            reply = Reply.of(Problem(400, f"a control is wrong: {error!r}"))
        self.send(reply, request.id)

    def api(self, request):
        service = self.service
        entry = {"at": time.time(), "method": request.method, "path": request.path, "status": 0, "fault": None, "object_id": None,
                 "headers": request.shown_headers()}
        try:
            with service.lock:
                service.in_flight += 1
                rule = service.faults.choose(request.method, request.path) or {"fault": None}
                entry["fault"] = rule["fault"]
                service.log.append(entry)
                if rule["fault"] in ("hang", "slow"):
                    service.claim(request)
            self.faulty(rule, request, entry)
        except OSError:
            self.close_connection = True
        except Problem as problem:
            self.finish_api(Reply.of(problem), request, entry)
        except Exception:  # an error of the stand-in itself: to be seen, and unlike anything that Stripe says
            traceback.print_exc()
            self.finish_api(Reply(599, {"stand_in": traceback.format_exc()}), request, entry)
        finally:
            with service.lock:
                service.in_flight -= 1
                service.release(request)

    def faulty(self, rule, request, entry):
        """One request, with the fault of this rule:
        refuse: reset, nothing done | hang: wait, close, nothing done | slow: wait, then as usual
        hang_after, drop_after: done, but the answer is lost, after a wait or at once
        429, 429_lock, 409_lock, 503, html, html_502, garbage_json, huge: answered, nothing done
        500: nothing done, and the key remembers the 500 | 500_after: done, and the key remembers a 500
        trickle: a byte at a time | truncate: half the answer
        A rule's should_retry and retry_after become headers of the answer."""
        fault, work = rule["fault"], self.service.work
        if fault == "refuse":
            return self.reset()
        if fault in MADE_UP:
            return self.finish_api(self.decorated(MADE_UP[fault](), rule), request, entry)
        if fault in ("hang", "slow"):
            self.wait(rule["seconds"])
            if fault == "hang":
                return self.drop()
        reply = work(request, BROKEN if fault == "500" else None, BROKEN if fault == "500_after" else None)
        if fault == "hang_after":
            self.service.release(request)
            self.wait(rule["seconds"])
        if fault in ("hang_after", "drop_after"):
            return self.drop()
        return self.finish_api(self.decorated(reply, rule), request, entry, fault, rule.get("seconds"))

    @staticmethod
    def decorated(reply, rule):
        if "should_retry" in rule:
            reply.headers["Stripe-Should-Retry"] = "true" if rule["should_retry"] else "false"
        if "retry_after" in rule:
            reply.headers["Retry-After"] = str(rule["retry_after"])
        return reply

    def finish_api(self, reply, request, entry, how=None, seconds=None):
        with self.service.lock:
            entry["status"], entry["object_id"] = reply.status, reply.object_id
            self.service.release(request)  # before the answer: the client may use its key again at once
        self.send(reply, request.id, how, seconds)

    def send(self, reply, request_id, how=None, seconds=None):
        headers = {"Server": "nginx", "Date": self.date_time_string(), "Content-Type": reply.content_type,
                   "Content-Length": str(len(reply.body)), "Request-Id": request_id, "Stripe-Version": state.API_VERSION, **reply.headers}
        if self.close_connection or how == "truncate":
            headers["Connection"] = "close"
        reason = http.client.responses.get(reply.status, "")
        head = f"HTTP/1.1 {reply.status} {reason}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
        data = head.encode("latin-1") + reply.body
        if how == "truncate":
            data = data[:len(data) - len(reply.body) // 2]
            self.close_connection = True
        if how != "trickle":
            self.connection.sendall(data)
            return
        pause = seconds / len(data)
        for at in range(len(data)):
            self.connection.sendall(data[at:at + 1])
            time.sleep(pause)

    def wait(self, seconds):
        """Waits, but not for a client that has gone."""
        readable, _, _ = select.select([self.connection], [], [], seconds)
        if readable and not self.connection.recv(1, socket.MSG_PEEK):
            self.close_connection = True

    def drop(self):
        self.close_connection = True

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.server.to_reset.add(self.connection)
        self.close_connection = True


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, *arguments):
        self.to_reset = set()
        super().__init__(*arguments)

    def shutdown_request(self, request):
        if request in self.to_reset:  # no FIN before the RST
            self.to_reset.discard(request)
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def end_with_stdin():
    """So that nothing is left of a test that was killed."""
    while os.read(0, 4096):  # not sys.stdin: its lock, held here, would spoil an orderly end
        pass
    os._exit(0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--key", action="append", help=f"a secret key that it takes (default: {DEFAULT_KEY})")
    parser.add_argument("--with-stdin", action="store_true", help="ends also when its standard input does")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if options.with_stdin:
        threading.Thread(target=end_with_stdin, daemon=True).start()
    Handler.service = Service(options.seed, options.key or [DEFAULT_KEY])
    server = Server(("127.0.0.1", options.port), Handler)
    print(f"stripe stand-in: listening on http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
