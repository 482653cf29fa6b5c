# SPDX-License-Identifier: MIT
"""What all tests over HTTP share: starts the real shopd, speaks HTTP with it, ends it and asks that it ended well.

Environment: SHOPD (the binary), SHOP_TEST_DATABASE ("sqlite:", the default, "memory:", or "postgresql://…"), SHOP_TEST_GATEWAY ("test", the
default, or "stripe": the Stripe gateway with its stand-in), SHOP_TEST_SLOW (a factor for every time limit: builds with sanitizers are slow).
"""
import collections
import concurrent.futures
import functools
import http.client
import itertools
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

import contract

BINARY = os.environ.get("SHOPD", "shopd")
DATABASE = os.environ.get("SHOP_TEST_DATABASE", "sqlite:")
GATEWAY = os.environ.get("SHOP_TEST_GATEWAY", "test")
SLOW = float(os.environ.get("SHOP_TEST_SLOW", "1"))
PASSWORD = "correct horse battery"
ADMIN = "chief@staff.example"
PREFIX = "/api/v1"
WEBHOOK_SECRET = "whsec_of_the_tests_0123456789"
SANITIZER = re.compile(r"ERROR: (Address|Leak)Sanitizer|runtime error:|WARNING: ThreadSanitizer")
OURS = re.compile(r"^(SHOP_|STRIPE_|DB_|EMAIL_|DATABASE_URL|SECRET_KEY|ALLOWED_HOSTS|CORS_|DEFAULT_FROM)")

_numbers = itertools.count(1)


def unique(stem="x"):
    """A text that no other call in any test returns: a slug as well."""
    return f"{stem}-{os.getpid()}-{next(_numbers)}"


def wait_until(condition, what, seconds=10.0):
    """Polls until the condition is true (its value is returned); fails when that takes too long."""
    deadline = time.monotonic() + seconds * SLOW
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain: {what}")
        time.sleep(0.01)


def environment(**settings):
    """The process's environment without what would configure shopd, and with the settings of the tests."""
    env = {name: value for name, value in os.environ.items() if not OURS.match(name)}
    env.update({"SHOP_PASSWORD_MEMORY_KIB": "8", "SHOP_PASSWORD_PASSES": "1", "SHOP_RATE_LIMIT": "off",
                "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET})
    env.update({name: value for name, value in settings.items() if value is not None})
    for name in [name for name, value in settings.items() if value is None]:
        env.pop(name, None)
    return env


def run(*arguments, folder, stdin="", **settings):
    """Runs one command of shopd to its end: (exit code, standard output, standard error)."""
    done = subprocess.run([BINARY, *arguments], input=stdin, capture_output=True, text=True, cwd=folder, env=environment(**settings),
                          timeout=60 * SLOW, check=False)
    if SANITIZER.search(done.stderr):
        raise AssertionError(done.stderr)
    return done.returncode, done.stdout, done.stderr


# ---------------------------------------------------------------------------------------------------- the server


def fresh_place(wanted, folder):
    """The URL of a place where nothing is yet, of the backend that is wanted."""
    if wanted == "sqlite:":
        return f"sqlite:{folder}/shop.db"
    if wanted.startswith("postgres") and "search_path" not in wanted:
        cluster = pathlib.Path(__file__).resolve().parents[1] / "postgres" / "cluster"
        return subprocess.run([cluster, "place", wanted], check=True, capture_output=True, text=True).stdout.strip()
    return wanted


def psql(url, text):
    """Runs it at a PostgreSQL server: rows, as tuples of texts."""
    done = subprocess.run(["psql", "-qAtX", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", url, "-c", text], check=True, stdout=subprocess.PIPE,
                          text=True)
    return [tuple(line.split("\x1f")) for line in done.stdout.splitlines()]


class Shopd:
    """One server on a free port, on a fresh database; with fresh=False on the database that is given, as it is."""

    def __init__(self, *arguments, database=None, folder=None, admin=True, fresh=True, **settings):
        self._own = tempfile.TemporaryDirectory(prefix="shopd-test-") if folder is None else None
        self.folder = folder or self._own.name
        wanted = database or DATABASE
        self.database = fresh_place(wanted, self.folder) if fresh else wanted
        self.in_memory = self.database == "memory:"
        self.settings = settings
        self.stripe = None
        if GATEWAY == "stripe" and "STRIPE_API_BASE" not in settings:
            self._start_stripe()
        if self.database.startswith("postgres"):  # no file beside which a key could be kept
            self.settings.setdefault("SECRET_KEY", "a-secret-key-of-the-tests-0123456789abcdef")
        self.arguments = list(arguments)
        self.with_admin = admin
        self.admin_login = None
        self.process = None
        self.port = None
        self._admin = None
        self.start()

    def _start_stripe(self):
        from stand_in import StandIn  # which needs this module itself
        self.stripe = StandIn()
        self.settings = {"STRIPE_SECRET_KEY": self.stripe.key, "STRIPE_API_BASE": self.stripe.url, **self.settings}

    def _make_admin(self):
        if self.in_memory:
            if "--demo" not in self.arguments:
                self.arguments.append("--demo")  # no other process can make one
            return
        code, _, errors = run("create-admin", ADMIN, "--password-stdin", "--database", self.database, folder=self.folder,
                              stdin=PASSWORD + "\n", **self.settings)
        if code != 0:
            raise AssertionError(f"create-admin ended with {code}: {errors}")
        self.admin_login = (ADMIN, PASSWORD)

    def start(self):
        """Starts, and returns when it listens."""
        if self.with_admin and self.admin_login is None:
            self._make_admin()
        name = unique("run")
        self.output_path = os.path.join(self.folder, name + ".out")
        self.errors_path = os.path.join(self.folder, name + ".err")
        with open(self.output_path, "wb") as output, open(self.errors_path, "wb") as errors:
            self.process = subprocess.Popen(
                [BINARY, "serve", "--listen", "127.0.0.1:0", "--database", self.database, *self.arguments], cwd=self.folder,
                env=environment(**self.settings), stdin=subprocess.DEVNULL, stdout=output, stderr=errors)
        self.port = wait_until(self._listening_port, "shopd listens", 20)
        if self.stripe:
            self.stripe.endpoint_of(self)
        demo = re.search(r"^demo administrator: (\S+)  password \(shown only now\): (\S+)$", self.output(), re.M)
        if demo:
            self.admin_login = demo.groups()

    def _listening_port(self):
        found = re.search(r"^shopd: listening on http://127\.0\.0\.1:(\d+)$", self.output(), re.M)
        if not found and self.process.poll() is not None:
            raise AssertionError(f"shopd ended with {self.process.returncode}: {self.errors()}")
        return int(found.group(1)) if found else None

    def output(self):
        with open(self.output_path, encoding="utf-8") as file:
            return file.read()

    def errors(self):
        with open(self.errors_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def ask_to_stop(self):
        self.process.send_signal(signal.SIGTERM)

    def wait_stopped(self):
        """The server was told to end: it does, with 0 and nothing that a sanitizer found."""
        code = self.process.wait(timeout=30 * SLOW)
        errors = self.errors()
        if SANITIZER.search(errors):
            raise AssertionError(errors)
        if code != 0:
            raise AssertionError(f"shopd ended with {code}: {errors}")

    def stop(self):
        """Ends it gracefully and asks that this was clean."""
        if self._admin:
            self._admin.close()
        try:
            if self.process.poll() is None:
                self.ask_to_stop()
            self.wait_stopped()
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            if self.stripe:
                self.stripe.stop()
            if self._own:
                self._own.cleanup()

    def kill(self):
        """kill -9."""
        self.process.kill()
        self.process.wait()
        errors = self.errors()
        if SANITIZER.search(errors):
            raise AssertionError(errors)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stop()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    # ------------------------------------------------------------------------------------------------ who calls

    def client(self, token=None, prefix=PREFIX):
        return Client(self, token, prefix)

    @property
    def admin(self):
        """The one client of the administrator (not for several threads)."""
        if self._admin is None or self._admin.port != self.port:
            self._admin = self.login(*self.admin_login)
        return self._admin

    def login(self, email, password=PASSWORD):
        client = self.client()
        client.take_session(client.post("/auth/login/", {"email": email, "password": password}).expect(200))
        return client

    def customer(self, email=None):
        """A new customer, logged in."""
        client = self.client()
        answer = client.post("/auth/register/", {"email": email or unique("buyer") + "@shop.example", "first_name": "Ada",
                                                 "last_name": "Byron", "password": PASSWORD, "password2": PASSWORD})
        client.take_session(answer.expect(201))
        return client

    # ------------------------------------------------------------------------------------------------ what there is

    def category(self, name=None):
        slug = unique("shelf")
        return self.admin.post("/products/categories/", {"name": name or slug, "slug": slug}).expect(201).json

    @functools.cached_property
    def shelf(self):
        return self.category()

    def product(self, stock=10, price="10.00", category=None, **members):
        slug = unique("thing")
        body = {"name": slug, "slug": slug, "description": "", "price": price, "stock_quantity": stock,
                "category_id": (category or self.shelf)["id"]}
        body.update(members)
        return self.admin.post("/products/", body).expect(201).json

    def stock(self, product):
        return self.admin.get(f"/products/{product['slug']}/").expect(200).json["stock_quantity"]


# ---------------------------------------------------------------------------------------------------- the client


class Answer:
    def __init__(self, method, path, status, headers, body):
        self.method, self.path, self.status, self.headers, self.body = method, path, status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json["code"]

    def expect(self, status, code=None):
        """Asks for this status (and code of the problem); returns the answer."""
        if self.status != status or (code is not None and self.code != code):
            raise AssertionError(f"{self.method} {self.path}: {self.status} instead of {status} {code or ''}: {self.body[:1000]!r}")
        return self

    def expect_field(self, *fields):
        """Asks for a validation error that names exactly these fields."""
        self.expect(400)
        named = sorted(self.json.get("errors", {}))
        if named != sorted(fields):
            raise AssertionError(f"{self.method} {self.path}: names {named} instead of {sorted(fields)}: {self.body!r}")
        return self


class Client:
    """Calls over one kept connection. Every answer is held against the published contract."""

    def __init__(self, shop, token=None, prefix=PREFIX):
        self.shop = shop
        self.port = shop.port
        self.token = token
        self.prefix = prefix
        self.refresh = self.id = self.email = None
        self.connection = http.client.HTTPConnection("127.0.0.1", shop.port, timeout=30 * SLOW)

    def take_session(self, answer):
        session = answer.json
        self.id, self.email = session["user"]["id"], session["user"]["email"]
        self.token, self.refresh = session["tokens"]["access"], session["tokens"]["refresh"]

    def close(self):
        self.connection.close()

    __del__ = close

    def call(self, method, path, body=None, headers=None, raw=None, content_type="application/json"):
        """path is below the prefix, or a whole URL of this server. body: anything JSON; raw: bytes instead."""
        whole = {"Accept": "application/json"}
        if self.token:
            whole["Authorization"] = "Bearer " + self.token
        if raw is None and body is not None:
            raw = json.dumps(body, ensure_ascii=False).encode()
        if raw is not None and content_type:
            whole["Content-Type"] = content_type
        whole.update(headers or {})
        whole = {name: value for name, value in whole.items() if value is not None}
        if path.startswith("http://"):
            if not path.startswith(self.shop.url + "/"):
                raise AssertionError(f"a link to another host: {path}")
            target = path[len(self.shop.url):]
        else:
            target = self.prefix + path
        self.connection.request(method, target, raw, whole)
        reply = self.connection.getresponse()
        answer = Answer(method, target, reply.status, reply.headers, reply.read())
        contract.check(answer, whole)
        return answer

    def get(self, path, **options):
        return self.call("GET", path, **options)

    def head(self, path, **options):
        return self.call("HEAD", path, **options)

    def post(self, path, body=None, **options):
        return self.call("POST", path, body, **options)

    def put(self, path, body=None, **options):
        return self.call("PUT", path, body, **options)

    def patch(self, path, body=None, **options):
        return self.call("PATCH", path, body, **options)

    def delete(self, path, **options):
        return self.call("DELETE", path, **options)

    # ------------------------------------------------------------------------------------------------ everyday things

    def add(self, product, quantity=1):
        return self.post("/cart/items/", {"product_id": product["id"], "quantity": quantity}).expect(200).json

    def order(self, address="1 Test Street", **options):
        return self.post("/orders/", {"shipping_address": address}, **options)

    def buy(self, product, quantity=1):
        """Puts it into the cart and orders: the order."""
        self.add(product, quantity)
        return self.order().expect(201).json

    def pages(self, path):
        """Every item of a list, by following `next`."""
        items = []
        while path:
            page = self.get(path).expect(200).json
            items += page["results"]
            path = page["next"]
        return items


# ---------------------------------------------------------------------------------------------------- raw bytes


class Raw:
    """A socket on which a test says what it likes."""

    def __init__(self, shop):
        self.socket = socket.create_connection(("127.0.0.1", shop.port), timeout=20 * SLOW)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())
        return self

    def _more(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self.buffer += data
        return bool(data)

    def answer(self, method="GET"):
        """The next answer: Answer; or None when the connection was closed without one."""
        while b"\r\n\r\n" not in self.buffer:
            if not self._more():
                if self.buffer:
                    raise AssertionError(f"half an answer: {self.buffer!r}")
                return None
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        headers = http.client.HTTPMessage()
        for line in lines[1:]:
            name, value = line.split(":", 1)
            headers[name] = value.strip()
        status = int(lines[0].split()[1])
        length = 0 if method == "HEAD" or status in (204, 304) or status < 200 else int(headers.get("Content-Length", "0"))
        while len(self.buffer) < length:
            if not self._more():
                raise AssertionError("the body ends too early")
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return Answer(method, "raw", status, headers, body)

    def closed(self):
        """True when the server closes without another byte."""
        return not self.buffer and not self._more()


# ---------------------------------------------------------------------------------------------------- tests


def at_once(count, action):
    """Runs action(i) in so many threads, all let go together; returns their results in order."""
    import threading
    gate = threading.Barrier(count)

    def wait_and_act(i):
        gate.wait(60 * SLOW)
        return action(i)

    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(wait_and_act, range(count)))


def counts(values):
    return dict(collections.Counter(values))


class ShopTest(unittest.TestCase):
    """Tests of one class share one server."""
    arguments = ()
    settings = {}
    database = None

    @classmethod
    def setUpClass(cls):
        cls.use(Shopd(*cls.arguments, database=cls.database, **cls.settings))

    @classmethod
    def use(cls, shop):
        """Takes this server for the class; it is stopped whatever happens."""
        cls.shop = shop
        cls.addClassCleanup(shop.stop)
        cls.anybody = shop.client()

    def link(self, path, **parameters):
        return path + "?" + urllib.parse.urlencode(parameters)


def main():
    """Runs the tests of the calling file. A selection of none is a failure."""
    program = unittest.main(exit=False, verbosity=1, module="__main__")
    result = program.result
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    print(f"{max(0, result.testsRun - failed - len(result.skipped))} passed, {failed} failed", flush=True)
    sys.exit(0 if failed == 0 and result.testsRun > len(result.skipped) else 1)
