# SPDX-License-Identifier: MIT
"""Two shopd on one PostgreSQL database under load, while the database, the network or what stands between fails.

postgres_faults.py SCENARIO [--seed N]      one of those in SCENARIOS, on a PostgreSQL server of its own

Every acknowledged order is there, once, and none that no customer knows of; stock adds up; customers saw what makes sense or a clean 503,
and soon; shopd goes on by itself as soon as the database does.
"""
import argparse
import contextlib
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

from shoppers import Shopper, World, check, shopd, wait_settled

CLUSTER = pathlib.Path(__file__).resolve().parents[1] / "postgres" / "cluster"
CLIENTS = 12
SCARCE = 60  # pieces of a product that is sold out soon
PLENTY = 100_000
CALL_TIMEOUT = 1.5
# What a request may take when the database is silent: its time, what the server gets then to speak for itself, and what it takes to learn
# whether a change happened; twice that when the
# payment gateway is called in between, for what comes after it.
LONGEST = CALL_TIMEOUT + 3.0
GATEWAY = re.compile("/payments/|/cancel/")
QUICK = 0.5
RECOVERY = 10.0
PASSWORD = "never-to-be-logged-81c5"
ACCOUNT = f"""
CREATE ROLE clerk LOGIN PASSWORD '{PASSWORD}';
ALTER DATABASE shop OWNER TO clerk;
"""
# Each must find nothing.
INVARIANTS = {
    "stock below zero": "SELECT id FROM product WHERE stock < 0",
    "an order without items": "SELECT id FROM orders o WHERE NOT EXISTS (SELECT 1 FROM order_item i WHERE i.order_id = o.id)",
    "an order's total is not its items'":
        "SELECT o.id FROM orders o WHERE o.total <> (SELECT sum(i.quantity * i.price_snapshot) FROM order_item i WHERE i.order_id = o.id)",
    "a payment's amount is not its order's": "SELECT p.id FROM payment p JOIN orders o ON o.id = p.order_id WHERE p.amount <> o.total",
    "two payments of one order": "SELECT order_id FROM payment GROUP BY order_id HAVING count(*) > 1",
    "an order that waits for its payment, which succeeded":
        "SELECT o.id FROM orders o JOIN payment p ON p.order_id = o.id WHERE p.status = 'succeeded' AND o.status = 'pending'",
    "a charge that is not recorded": "SELECT t.id FROM test_intent t LEFT JOIN payment p ON p.intent = t.name"
                                     " WHERE t.status = 'succeeded' AND (p.id IS NULL OR p.status NOT IN ('succeeded', 'refunded'))",
}


def cluster(*arguments):
    return subprocess.run([CLUSTER, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def sql(folder, text):
    """Runs it as the superuser, straight on the server in the folder: rows of texts."""
    return shopd.psql(f"postgresql://shop@/shop?host={folder}", text)


# ---------------------------------------------------------------------------------------------------- what fails


class Wire:
    """A link to the server that can be held (nothing goes through, nothing is said) and cut."""

    def __init__(self, folder):
        self.target = os.path.join(folder, ".s.PGSQL.5432")
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port = self.listener.getsockname()[1]
        self.open = threading.Event()
        self.open.set()
        self.ends = set()
        self.lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                self._join(self.listener.accept()[0])

    def _join(self, client):
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(self.target)
        except OSError:
            client.close()
            return
        with self.lock:
            self.ends |= {client, server}
        for source, sink in ((client, server), (server, client)):
            threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source, sink):
        try:
            while data := source.recv(65536):
                self.open.wait()
                sink.sendall(data)
            self.open.wait()
        except OSError:
            pass
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        with self.lock:
            self.ends -= {source, sink}

    def hold(self):
        self.open.clear()

    def go_on(self):
        """What was held goes through after all, late."""
        self.open.set()

    def cut(self):
        """Ends every connection with a reset; what was held is lost."""
        with self.lock:
            ends, self.ends = self.ends, set()
        for end in ends:
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.shutdown(socket.SHUT_RDWR)
                end.close()
        self.open.set()


def processes_of(folder):
    """The postmaster and all its children."""
    with open(os.path.join(folder, "data", "postmaster.pid"), encoding="utf-8") as file:
        postmaster = int(file.readline())
    found = [postmaster]
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open(f"/proc/{name}/stat", encoding="utf-8") as file:
                if int(file.read().rsplit(")", 1)[1].split()[1]) == postmaster:
                    found.append(int(name))
    return found


# ---------------------------------------------------------------------------------------------------- the load


class Town(World):
    """Two shops, their customers, and the server both shops are on."""
    patient = True
    reads = True
    pause = 0.05

    def __init__(self, seed, scenario):
        super().__init__()
        self.dice = random.Random(seed)
        self.lock = threading.Lock()
        self.statuses = {}
        self.slowest = 0.0
        self.faults = self.quick_refusals = 0
        self.recoveries = []
        self.shops, self.folders = [], []
        self.wire = None
        self.scenario = scenario

    def open(self):
        self.folders.append(self.new_folder())
        cluster("start", self.folder)
        sql(self.folder, ACCOUNT)
        database = self.scenario.place(self)
        settings = {"SHOP_ORDER_TTL": "0", "SHOP_ACCESS_TTL": "3600", "SHOP_PAYMENT_RETRY": "1",
                    "SHOP_CALL_TIMEOUT_MS": str(int(CALL_TIMEOUT * 1000 * shopd.SLOW))}
        for _ in range(2):
            self.shops.append(shopd.Shopd(database=database, fresh=False, admin=not self.shops, **settings))
        shop = self.shops[0]
        self.shops[1].admin_login = shop.admin_login
        self.products = [shop.product(stock=stock) for stock in (PLENTY, PLENTY, SCARCE)]
        self.shoppers = [Shopper(self, self.dice.randrange(1 << 30), shop.customer(), self.products) for _ in range(CLIENTS)]
        for shopper in self.shoppers:
            shopper.start()

    @staticmethod
    def new_folder():
        folder = tempfile.mkdtemp(prefix="shopfault", dir="/tmp")
        os.rmdir(folder)
        return folder

    @property
    def folder(self):
        return self.folders[0]

    def close(self):
        self.over = True
        self.patient = False
        errors = []
        for shop in self.shops:
            try:
                shop.stop()
            except AssertionError as error:
                errors.append(str(error))
        for folder in self.folders:
            with contextlib.suppress(OSError):
                for process in processes_of(folder):
                    os.kill(process, signal.SIGCONT)
            cluster("stop", folder)
            shutil.rmtree(folder, ignore_errors=True)
        if errors:
            raise AssertionError("; ".join(errors))

    # ------------------------------------------------------------------------------------------------ what customers see

    def shop_for(self, shopper):
        return shopper.dice.choice(self.shops)

    def was_cut(self, shopper, error):
        raise AssertionError(f"a customer's connection was cut: {error!r}")

    def was_answered(self, shopper, answer, took):
        with self.lock:
            self.slowest = max(self.slowest, took)
            self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
            self.quick_refusals += answer.status == 503 and took < QUICK * shopd.SLOW
        if took > LONGEST * shopd.SLOW * (2 if GATEWAY.search(answer.path) else 1):
            raise AssertionError(f"{answer.method} {answer.path} took {took:.1f} s (answer {answer.status})")
        if answer.status == 503 and not (answer.headers["Retry-After"] or "").isdigit():
            raise AssertionError(f"503 without Retry-After: {answer.body!r}")
        if answer.status == 503 and answer.headers["Content-Type"] != "application/problem+json":
            raise AssertionError(f"503 with {answer.headers['Content-Type']}: {answer.body!r}")

    def refusals(self):
        self.placed()
        return self.statuses.get(503, 0)

    # ------------------------------------------------------------------------------------------------ a fault

    def wait_refusals(self, count=CLIENTS):
        """Until the fault is felt."""
        goal = self.refusals() + count
        shopd.wait_until(lambda: self.refusals() >= goal, "customers are refused while the database is away", 20)

    def fault_is_over(self):
        """Both shops must be well again by themselves: the time that took is noted."""
        self.faults += 1
        began = time.monotonic()
        for shop in self.shops:
            client = shop.client(self.shoppers[0].token)
            shopd.wait_until(lambda: shop.client(prefix="").get("/readyz").status == 200, "shopd is ready again", RECOVERY)
            shopd.wait_until(lambda: client.get("/cart/").status == 200, "shopd answers again", RECOVERY)
            client.close()
        self.recoveries.append(time.monotonic() - began)

    # ------------------------------------------------------------------------------------------------ what is promised

    def check(self):
        shop = self.shops[0]
        wait_settled(shop, self.shoppers)
        total = check(shop, self.shoppers, self.products)
        known = self.placed()
        assert total == known, f"{total} orders are there, and customers know of {known}"
        for what, query in INVARIANTS.items():
            found = sql(self.folder, query)
            assert not found, f"{what}: {found[:20]}"
        for shop in self.shops:
            assert shop.process.poll() is None, f"shopd ended with {shop.process.poll()}"
            assert PASSWORD not in shop.errors() + shop.output(), "a password is in the log"
        if self.scenario.is_silent:
            assert 2 * self.quick_refusals > self.refusals(), f"only {self.quick_refusals} of {self.refusals()} refusals came at once"
        return total

    def story(self):
        paid, replayed = (sum(count(s) for s in self.shoppers) for count in (lambda s: len(s.paid), lambda s: s.replayed))
        answers = ", ".join(f"{count} × {status}" for status, count in sorted(self.statuses.items()))
        return (f"{self.faults} faults, {self.placed()} orders, {paid} paid, {replayed} done before their answer; answers {answers}; the slowest"
                f" {self.slowest:.2f} s; well again after {max(self.recoveries):.2f} s at most")


# ---------------------------------------------------------------------------------------------------- scenarios


class Scenario:
    """The server is reached straight; a subclass says what goes wrong."""
    is_felt = True  # customers must have been refused something, or the test tested nothing
    is_silent = False  # nobody says that the database is away: only the first find out by waiting

    def place(self, town):
        return self.url(town.folder)

    @staticmethod
    def url(host, port=5432, more=""):
        return f"postgresql://clerk:{PASSWORD}@/shop?host={host}&port={port}{more}"

    def run(self, town):
        raise NotImplementedError


class Crash(Scenario):
    """pg_ctl restart -m immediate."""

    def run(self, town):
        for _ in range(3):
            cluster("restart", town.folder)
            town.fault_is_over()
            town.live_a_while(60)


class Terminate(Scenario):
    """pg_terminate_backend every 100 ms. Whatever a shop is doing then is made good at once, nearly always."""
    is_felt = False

    def run(self, town):
        goal = town.placed() + 300
        ended = 0
        while town.placed() < goal:
            ended += len(sql(town.folder, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'clerk'"
                                          " ORDER BY random() LIMIT 1"))
            time.sleep(0.1)  # the fault's own rhythm
        town.faults = ended - 1
        town.fault_is_over()


class Promote(Scenario):
    """The primary dies; its synchronous standby takes over."""

    def place(self, town):
        town.folders.append(town.new_folder())
        cluster("standby", town.folders[1], town.folder)
        name = os.path.basename(town.folders[1])
        sql(town.folder, f"ALTER SYSTEM SET synchronous_standby_names = '\"{name}\"'")
        sql(town.folder, "SELECT pg_reload_conf()")
        shopd.wait_until(lambda: sql(town.folder, "SELECT sync_state FROM pg_stat_replication") == [("sync",)], "the standby is synchronous")
        return self.url(",".join(town.folders), "5432,5432", "&target_session_attrs=read-write")

    def run(self, town):
        primary, standby = town.folders
        for process in processes_of(primary)[:1]:
            os.kill(process, signal.SIGKILL)
        town.wait_refusals(4)
        sql(standby, "SELECT pg_promote()")
        town.folders.reverse()
        town.fault_is_over()
        town.live_a_while(100)


class Pooler(Scenario):
    """PgBouncer in transaction pooling is killed and started again."""

    def place(self, town):
        return self.url(town.folder, 6432, "&shop_prepare=off")

    def run(self, town):
        for _ in range(4):
            cluster("pooler", town.folder)
            town.fault_is_over()
            town.live_a_while(50)


class Network(Scenario):
    is_silent = True

    def place(self, town):
        town.wire = Wire(town.folder)
        return f"postgresql://clerk:{PASSWORD}@127.0.0.1:{town.wire.port}/shop"


class Hole(Network):
    """Nothing comes through for a while, then all of it, late: what was given up may still happen."""

    def run(self, town):
        for _ in range(3):
            town.wire.hold()
            town.wait_refusals(3 * CLIENTS)
            town.wire.go_on()
            town.fault_is_over()
            town.live_a_while(50)


class Loss(Network):
    """Nothing comes through for a while, and what was under way is lost."""

    def run(self, town):
        for _ in range(2):
            town.wire.hold()
            town.wait_refusals(3 * CLIENTS)
            town.wire.cut()
            town.fault_is_over()
            town.live_a_while(50)


class Reset(Network):
    """All connections end at once, again and again."""
    is_felt = is_silent = False

    def run(self, town):
        for _ in range(15):
            town.wire.cut()
            town.live_a_while(10)
        town.faults = 14
        town.fault_is_over()


class Freeze(Scenario):
    """The server's processes stand still."""
    is_silent = True

    def run(self, town):
        for _ in range(2):
            processes = processes_of(town.folder)
            for process in processes:
                os.kill(process, signal.SIGSTOP)
            town.wait_refusals(3 * CLIENTS)
            for process in processes:
                os.kill(process, signal.SIGCONT)
            town.fault_is_over()
            town.live_a_while(50)


class Crowded(Scenario):
    """The server takes no more connections (53300), and says of a disk that it is full (53100)."""

    def run(self, town):
        sql(town.folder, "ALTER ROLE clerk CONNECTION LIMIT 1")
        sql(town.folder, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'clerk'")
        town.wait_refusals()
        sql(town.folder, "ALTER ROLE clerk CONNECTION LIMIT -1")
        town.fault_is_over()
        town.live_a_while(50)
        sql(town.folder, "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
                         " 'BEGIN RAISE EXCEPTION ''could not extend file'' USING ERRCODE = ''53100''; END';"
                         " CREATE TRIGGER full_disk BEFORE INSERT ON orders EXECUTE FUNCTION full_disk()")
        town.wait_refusals()
        sql(town.folder, "DROP TRIGGER full_disk ON orders")
        town.fault_is_over()
        town.live_a_while(50)


SCENARIOS = {kind.__name__.lower(): kind for kind in (Crash, Terminate, Promote, Pooler, Hole, Loss, Reset, Freeze, Crowded)}


def run(name, seed):
    scenario = SCENARIOS[name]()
    town = Town(seed, scenario)
    try:
        town.open()
        town.live_a_while(30)
        scenario.run(town)
        town.finish()
        total = town.check()
        print(f"{name}, seed {seed}: {town.story()}")
        assert total > 0 and (town.refusals() > 0 or not scenario.is_felt), "nobody felt anything: the test tested nothing"
    except AssertionError:
        for shop in town.shops:
            print("--- log of a shop, its end ---\n" + "\n".join(shop.errors().splitlines()[-15:]))
        raise
    finally:
        town.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("scenario", choices=SCENARIOS)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    try:
        run(chosen.scenario, chosen.seed)
    except AssertionError as error:
        print(f"BROKEN: {error}\n0 passed, 1 failed")
        sys.exit(1)
    print("1 passed, 0 failed")


if __name__ == "__main__":
    main()
