# SPDX-License-Identifier: MIT
"""`shopd migrate --from --to`: a shop with orders moves from SQLite to the backend under test and back, killed on the way, and goes on selling."""
import os
import re
import signal
import sqlite3
import subprocess
import tempfile
import unittest

import shopd
from shopd import DATABASE, SANITIZER, SLOW, Shopd, environment, fresh_place, run

SECRET = "a-secret-key-of-the-tests-0123456789abcdef"
SESSIONS = 20000  # enough that a copy is caught in the middle of a table


class Migration:
    """One run of the command, whose lines are read as they come."""

    def __init__(self, source, target, folder):
        self.process = subprocess.Popen([shopd.BINARY, "migrate", "--from", source, "--to", target], cwd=folder, env=environment(),
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines = []

    def read_until(self, words):
        """Reads up to the first line that has the words; False: it ended before."""
        for line in self.process.stderr:
            self.lines.append(line)
            if words in line:
                return True
        return False

    def end(self):
        """Waits for its end: (exit code, standard output, all lines)."""
        output, errors = self.process.communicate(timeout=60 * SLOW)
        text = "".join(self.lines) + errors
        if SANITIZER.search(text):
            raise AssertionError(text)
        return self.process.returncode, output, text


class Moving(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="shopd-test-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.source = f"sqlite:{self.folder}/old.db"
        self.target = fresh_place(DATABASE, self.folder)

    def serve(self, database):
        return Shopd(database=database, folder=self.folder, SECRET_KEY=SECRET)

    def migrate(self, source, target):
        migration = Migration(source, target, self.folder)
        code, output, errors = migration.end()
        self.assertEqual(code, 0, errors)
        return output

    def fill(self):
        """A shop with a history; what is there to be seen of it."""
        with self.serve(self.source) as shop:
            self.product = shop.product(stock=100, price="12.50")
            buyer = shop.customer("ada@shop.example")
            for quantity in (1, 2, 3):
                buyer.buy(self.product, quantity)
            payment = buyer.post("/payments/create-intent/", {"order_id": buyer.buy(self.product, 4)["id"]}).expect(201).json["payment"]
            buyer.post("/payments/confirm/", {"payment_id": payment["id"], "payment_method": "pm_card_visa"}).expect(200)
            buyer.add(self.product, 5)
            seen = self.look(shop)
        self.add_sessions()
        return seen

    def add_sessions(self):
        """Old sessions of the customer: rows by the thousand, that nothing else depends on."""
        database = sqlite3.connect(f"{self.folder}/old.db")
        database.executemany("INSERT INTO session (id, user_id, generation, is_revoked, expires_at, created_at)"
                             " SELECT ?, max(id), 1, 0, 253402300799000000, 0 FROM user", ((10**6 + i,) for i in range(SESSIONS)))
        database.commit()
        database.close()

    def look(self, shop):
        buyer = shop.login("ada@shop.example")
        return {"orders": buyer.pages("/orders/"), "payments": buyer.pages("/payments/"), "cart": buyer.get("/cart/").expect(200).json,
                "products": shop.client().pages("/products/"), "stock": shop.stock(self.product)}

    def sells_on(self, database, seen):
        """It shows what the other showed, and the next order gets an id of its own."""
        with self.serve(database) as shop:
            now = self.look(shop)
            self.assertEqual(self.without_hosts(now), self.without_hosts(seen))
            buyer = shop.login("ada@shop.example")
            order = buyer.order().expect(201).json
            self.assertGreater(order["id"], max(old["id"] for old in seen["orders"]))
            self.assertEqual(shop.stock(self.product), seen["stock"] - 5)
            shop.customer()
            shop.product()
            return self.look(shop)

    def without_hosts(self, seen):
        """Links name the port."""
        return re.sub(r"127\.0\.0\.1:\d+", "HOST", repr(seen))

    def is_closed(self, database):
        """No command opens half a shop."""
        for command in (["migrate"], ["serve", "--listen", "127.0.0.1:0"], ["jobs"]):
            code, _, errors = run(*command, "--database", database, folder=self.folder, SECRET_KEY=SECRET)
            self.assertEqual(code, 3, errors)
            self.assertIn("unfinished: it holds part of a copy of sqlite:", errors)

    def test_there_and_back_killed_on_the_way(self):
        seen = self.fill()
        killed = 0
        for words in ("to  ", "copied     user", "copied     user", "copied     product ", "copied     orders", "equal      user", "equal      cart "):
            migration = Migration(self.source, self.target, self.folder)
            self.assertTrue(migration.read_until(words), migration.lines)
            os.kill(migration.process.pid, signal.SIGKILL)
            code, output, errors = migration.end()
            if code == -signal.SIGKILL:
                killed += 1
            else:
                self.assertIn("all equal", output, errors)
            if words == "copied     user":
                self.assertEqual(code, -signal.SIGKILL, "it was in the middle of twenty thousand sessions")
                self.is_closed(self.target)
        self.assertGreaterEqual(killed, 2)
        output = self.migrate(self.source, self.target)
        self.assertIn("all equal", output)
        self.assertIn("all equal (0 copied now)", self.migrate(self.source, self.target))
        seen = self.sells_on(self.target, seen)
        back = f"sqlite:{self.folder}/new.db"
        self.migrate(self.target, back)
        self.sells_on_once_more(back, seen)
        code, _, errors = run("migrate", "--from", self.source, "--to", self.target, folder=self.folder)
        self.assertEqual(code, 1)
        self.assertIn("changed since", errors)

    def sells_on_once_more(self, database, seen):
        with self.serve(database) as shop:
            self.assertEqual(self.without_hosts(self.look(shop)), self.without_hosts(seen))
            order = shop.login("ada@shop.example").buy(self.product, 1)
            self.assertGreater(order["id"], max(old["id"] for old in seen["orders"]))

    def test_a_signal_ends_it_cleanly_and_says_how_to_go_on(self):
        self.fill()
        for which in (signal.SIGTERM, signal.SIGINT):
            migration = Migration(self.source, self.target, self.folder)
            self.assertTrue(migration.read_until("copied     user"), migration.lines)
            migration.process.send_signal(which)
            code, _, errors = migration.end()
            self.assertEqual(code, 1, errors)
            self.assertIn("the same command goes on", errors.splitlines()[-1])
        self.is_closed(self.target)
        self.assertIn("all equal", self.migrate(self.source, self.target))

    def test_a_shop_that_sells_meanwhile_is_not_delivered(self):
        self.fill()
        migration = Migration(self.source, self.target, self.folder)
        self.assertTrue(migration.read_until("copied     user"))
        database = sqlite3.connect(f"{self.folder}/old.db")
        database.execute("UPDATE user SET first_name = 'Augusta'")
        database.commit()
        database.close()
        code, _, errors = migration.end()
        self.assertEqual(code, 1, errors)
        self.assertIn("rows of the table user differ", errors)
        self.assertIn("changed during the copy", errors)
        self.is_closed(self.target)

    def refused(self, wanted, words, *arguments):
        code, output, errors = run("migrate", *arguments, folder=self.folder)
        self.assertEqual(code, wanted, errors)
        self.assertIn(words, errors)
        self.assertNotIn("geheim", output + errors)
        self.assertEqual(len(errors.splitlines()), 1, errors)

    def test_what_cannot_be_is_told_in_one_line(self):
        run("migrate", "--database", self.source, folder=self.folder)
        other = f"sqlite:{self.folder}/other.db"
        run("load-demo", "--database", other, folder=self.folder)
        self.refused(2, "both --from and --to", "--from", self.source)
        self.refused(2, "both --from and --to", "--to", self.target)
        self.refused(2, "needs a value", "--from")
        self.refused(20, "no storage backend", "--from", self.source, "--to", "oracle://me:geheim@there/shop")
        self.refused(2, "same place", "--from", self.source, "--to", f"sqlite:{self.folder}/../{os.path.basename(self.folder)}/old.db")
        self.refused(10, "***", "--from", self.source, "--to", "postgresql://me:geheim@127.0.0.1:1/shop?connect_timeout=1")
        self.refused(1, "no shop at", "--from", f"sqlite:{self.folder}/nothing.db", "--to", self.target)
        self.refused(1, "not empty", "--from", self.source, "--to", other)
        self.assertFalse(os.path.exists(f"{self.folder}/nothing.db"))
        code, output, _ = run("help", "migrate", folder=self.folder)
        self.assertEqual(code, 0)
        self.assertIn("--from URL --to URL", output)


if __name__ == "__main__":
    shopd.main()
