# SPDX-License-Identifier: MIT
"""Starts the Stripe stand-in for a test, and calls its controls."""
import http.client
import json
import os
import re
import subprocess
import sys
import urllib.parse

from shopd import SLOW, WEBHOOK_SECRET, wait_until

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "stripe_stand_in.py")
SECRET_KEY = "sk_test_of_the_stand_in_0123456789"


class StandIn:
    """One stand-in on a free port. Its methods may be called from several threads."""
    SECRET_KEY = SECRET_KEY

    def __init__(self, seed=1, key=SECRET_KEY):
        self.key = key
        self.process = subprocess.Popen([sys.executable, "-B", PROGRAM, "--seed", str(seed), "--key", key, "--with-stdin"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        found = re.match(r"stripe stand-in: listening on (http://127\.0\.0\.1:(\d+))$", line)
        if not found:
            self.stop()
            raise AssertionError(f"the stand-in does not listen: {line!r}")
        self.url, self.port = found[1], int(found[2])

    def stop(self):
        """Ends it, by its id."""
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(timeout=10 * SLOW)
        self.process.stdin.close()
        self.process.stdout.close()
        if code != 0:
            raise AssertionError(f"the stand-in ended with {code}")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stop()

    # ------------------------------------------------------------------------------------------------ calls

    def exchange(self, method, path, body=None, headers=None, connection=None):
        """One request: (status, headers, body as bytes)."""
        own = connection is None
        connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=30 * SLOW)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            if own:
                connection.close()

    def api(self, method, path, params=(), key=None, secret=None, connection=None, headers=None):
        """One call of Stripe's API: (status, headers, body as JSON). params: a dict, or pairs."""
        whole = {"Authorization": f"Bearer {secret or self.key}", **(headers or {})}
        if key:
            whole["Idempotency-Key"] = key
        text = urllib.parse.urlencode(params)
        if method == "GET":
            path, text = (path + "?" + text if text else path), None
        else:
            whole["Content-Type"] = "application/x-www-form-urlencoded"
        status, answered, body = self.exchange(method, path, text, whole, connection)
        return status, answered, json.loads(body)

    def control(self, method, path, body=None):
        """One call below /_stand_in/; what it answers."""
        status, _, answer = self.exchange(method, "/_stand_in/" + path, None if body is None else json.dumps(body))
        if status != 200:
            raise AssertionError(f"{method} {path}: {status}: {answer!r}")
        return json.loads(answer)

    # ------------------------------------------------------------------------------------------------ how it behaves

    def endpoint(self, url, *secrets):
        """Where events go; without a secret they are signed with the one of the test shops."""
        self.control("POST", "endpoint", {"url": url, "secrets": secrets or [WEBHOOK_SECRET]})

    def endpoint_of(self, shop, *secrets):
        self.endpoint(shop.url + "/api/v1/payments/webhook/", *secrets)

    def faults(self, rules=(), events=None, seed=None):
        """Replaces all faults; without arguments it is calm again."""
        wanted = {"rules": list(rules), "events": events or {}}
        self.control("POST", "faults", wanted if seed is None else {**wanted, "seed": seed})

    def fault(self, match, fault, times=1, **more):
        """One rule, in the place of all others."""
        self.faults([{"match": match, "fault": fault, "times": times, **more}])

    def calm(self):
        self.faults()

    def hold(self, held=True):
        self.control("POST", "hold", {"hold": held})

    def keys(self, *secrets):
        """From now on these API keys are taken, and no other."""
        self.control("POST", "keys", {"keys": secrets})

    def forget_keys(self):
        """As if idempotency keys had grown old."""
        self.control("POST", "forget_keys", {})

    # ------------------------------------------------------------------------------------------------ what there is

    def state(self):
        return self.control("GET", "state")

    def money(self):
        return self.control("GET", "money")

    def requests(self, path=""):
        return [request for request in self.state()["requests"] if path in request["path"]]

    def events(self, object_id=None, kind=None):
        return [event for event in self.state()["events"]
                if object_id in (None, event["object_id"]) and kind in (None, event["type"])]

    def quiet(self):
        """Whether every event was taken and no request is at work."""
        return not any(self.control("GET", "quiet").values())

    def wait_quiet(self, seconds=20):
        wait_until(self.quiet, "every event is delivered", seconds)

    # ------------------------------------------------------------------------------------------------ what others do

    def pay(self, intent, method="pm_card_visa"):
        """The customer pays in the browser; the shop is not asked. The intent."""
        return self.control("POST", f"intents/{intent}/pay", {"payment_method": method})

    def act(self, intent, succeed=True):
        return self.control("POST", f"intents/{intent}/action", {"succeed": succeed})

    def settle(self, intent, to="succeeded"):
        return self.control("POST", f"intents/{intent}/settle", {"to": to})

    def refund(self, intent, amount=None):
        """A person at the dashboard gives money back. The refund."""
        return self.control("POST", f"intents/{intent}/refund", {} if amount is None else {"amount": amount})

    def settle_refund(self, refund, to="succeeded"):
        return self.control("POST", f"refunds/{refund}/settle", {"to": to})

    def dispute(self, intent, status="needs_response"):
        return self.control("POST", f"intents/{intent}/dispute", {"status": status})

    def move_dispute(self, dispute, status):
        return self.control("POST", f"disputes/{dispute}", {"status": status})

    def settle_all(self):
        self.control("POST", "settle_all", {})

    def redeliver(self, event):
        self.control("POST", f"events/{event}/redeliver", {})
