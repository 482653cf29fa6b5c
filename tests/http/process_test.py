# SPDX-License-Identifier: MIT
"""The process: how it starts and refuses to, how it ends, and how two of them share one shop."""
import os
import re
import socket
import sqlite3
import tempfile
import unittest

import shopd
from shopd import PASSWORD, run

DOCUMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "configuration.md")
GOOD_KEY = "3f9c1a7be24d5608f1c2b3a4958677e0"


class Folder(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.folder = self._folder.name
        self.file = os.path.join(self.folder, "shop.db")

    def run_shopd(self, *arguments, **settings):
        return run(*arguments, "--database", f"sqlite:{self.file}", folder=self.folder, **settings)

    def refused(self, code, *arguments, **settings):
        """Ends with this code and one clear line."""
        ended, output, errors = self.run_shopd(*arguments, **settings)
        self.assertEqual(ended, code, errors)
        self.assertNotIn("listening", output)
        lines = [line for line in errors.splitlines() if not re.search(r"payments: |development mode", line)]
        self.assertEqual(len(lines), 1, errors)
        self.assertTrue(lines[0].startswith("shopd: "), errors)
        return lines[0]


class Databases(Folder):
    def unread(self, content):
        """A file that is not ours is refused by every command and left as it was."""
        with open(self.file, "wb") as file:
            file.write(content)
        before = os.stat(self.file)
        for command in (["serve", "--listen", "127.0.0.1:0"], ["migrate"], ["create-admin", "a@b.example", "--password-stdin"], ["load-demo"],
                        ["jobs"]):
            with self.subTest(command=command[0]):
                line = self.refused(3, *command)
                self.assertNotIn("sqlite3_", line)
        with open(self.file, "rb") as file:
            self.assertEqual(file.read(), content)
        after = os.stat(self.file)
        self.assertEqual((after.st_mtime_ns, after.st_mode), (before.st_mtime_ns, before.st_mode))

    def ours(self, *changes):
        """The bytes of a shop's file, changed by these statements."""
        self.assertEqual(self.run_shopd("migrate")[0], 0)
        database = sqlite3.connect(self.file)
        for change in changes:
            database.execute(change)
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.execute("PRAGMA journal_mode = DELETE")
        database.close()
        with open(self.file, "rb") as file:
            return file.read()

    def test_a_file_that_is_no_database_is_left_alone(self):
        self.unread(b"These are my notes.\n" * 500)
        self.unread(b"xy")

    def test_a_database_of_another_program_is_left_alone(self):
        database = sqlite3.connect(self.file)
        database.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)")
        database.execute("INSERT INTO notes VALUES (1, 'mine')")
        database.commit()
        database.close()
        with open(self.file, "rb") as file:
            content = file.read()
        self.unread(content)

    def test_a_shop_of_a_newer_version_is_left_alone(self):
        self.unread(self.ours("PRAGMA user_version = 1000000"))

    def test_a_truncated_shop_is_left_alone(self):
        whole = self.ours()
        self.unread(whole[:5000])

    def test_a_shop_with_a_damaged_page_is_left_alone(self):
        whole = self.ours()
        self.unread(whole[:100] + b"\xff" * 3996 + whole[4096:])

    def test_a_place_that_is_not_there_is_told(self):
        self.file = os.path.join(self.folder, "no", "such", "folder", "shop.db")
        self.refused(3, "migrate")
        self.file = self.folder
        self.refused(3, "migrate")

    def test_another_backend_is_told(self):
        code, _, errors = run("migrate", "--database", "oracle:x", folder=self.folder)
        self.assertEqual(code, 20, errors)

    def test_migrating_twice_is_fine(self):
        for _ in range(2):
            self.assertEqual(self.run_shopd("migrate")[0], 0)

    def test_the_key_and_the_shop_are_for_the_owner_only(self):
        self.run_shopd("migrate")
        self.assertEqual(os.stat(self.file + ".key").st_mode & 0o077, 0)


class Settings(Folder):
    production = {"SHOP_ENV": "production", "SECRET_KEY": GOOD_KEY, "ALLOWED_HOSTS": "127.0.0.1", "SHOP_PASSWORD_MEMORY_KIB": None,
                  "SHOP_PASSWORD_PASSES": None}

    def serve(self, code, **settings):
        return self.refused(code, "serve", "--listen", "127.0.0.1:0", **settings)

    def test_production_needs_a_strong_secret_key(self):
        for weak in [None, "", "short", "changeme", "a" * 64, "abcabcabcabcabcabcabcabcabcabcabcabc", "changeme-changeme-changeme-0123456",
                     "your-secret-key-goes-here-please-1234567"]:
            with self.subTest(weak=weak):
                line = self.serve(2, **dict(self.production, SECRET_KEY=weak))
                self.assertIn("SECRET_KEY", line)
                if weak:
                    self.assertNotIn(weak + " ", line)

    def test_production_starts_with_what_it_needs(self):
        with shopd.Shopd(database=f"sqlite:{self.file}", folder=self.folder, **self.production) as shop:
            answer = shop.client().post("/auth/login/?use_cookies=true", {"email": shopd.ADMIN, "password": PASSWORD}).expect(200)
            for line in answer.headers.get_all("Set-Cookie"):
                self.assertIn("Secure", line)
            with shopd.Raw(shop) as raw:
                self.assertEqual(raw.send("GET /api/v1/products/ HTTP/1.1\r\nHost: evil.example\r\n\r\n").answer().status, 400)
        self.assertFalse(os.path.exists(self.file + ".key"))

    def test_a_setting_that_cannot_be_is_named(self):
        for name, value in [("SHOP_ORDER_TTL", "soon"), ("SHOP_WORKERS", "-1"), ("SHOP_ENV", "prod"), ("SHOP_NO_SUCH_THING", "1"),
                            ("SHOP_LISTEN", "here"), ("STRIPE_CURRENCY", "xyzzy"), ("SHOP_ACCESS_TTL", "0"), ("SECRET_KEY", "short")]:
            with self.subTest(name=name):
                self.assertIn(name, self.refused(2, "serve", **{name: value}))

    def test_a_command_line_that_cannot_be_is_refused(self):
        for arguments in [["--no-such-flag"], ["serve", "extra"], ["serve", "--listen"], ["create-admin"], ["no-such-command"],
                          ["migrate", "--listen", "127.0.0.1:0"]]:
            with self.subTest(arguments=arguments):
                code, _, errors = run(*arguments, folder=self.folder)
                self.assertEqual(code, 2)
                self.assertTrue(errors.startswith("shopd: "))

    def test_flags_beat_the_environment_which_beats_files(self):
        with open(os.path.join(self.folder, ".env"), "w", encoding="utf-8") as file:
            file.write("SHOP_ACCESS_TTL=11\nSHOP_REFRESH_TTL=1111\nDATABASE_URL=sqlite:/no/such/folder/x.db\n")
        with shopd.Shopd(database=f"sqlite:{self.file}", folder=self.folder, admin=False, SHOP_ACCESS_TTL="22") as shop:
            answer = shop.client().post("/auth/register/?use_cookies=true",
                                        {"email": "a@b.example", "first_name": "A", "last_name": "B", "password": PASSWORD,
                                         "password2": PASSWORD}).expect(201)
            cookies = " ".join(answer.headers.get_all("Set-Cookie"))
            self.assertIn("Max-Age=22;", cookies + ";")
            self.assertIn("Max-Age=1111;", cookies + ";")

    def test_a_taken_address_is_told(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.refused(4, "serve", "--listen", f"127.0.0.1:{taken.getsockname()[1]}")

    def test_the_document_has_the_exit_codes_that_shopd_tells(self):
        told = re.findall(r"^ +(\d+)  (.+?)(?: \(passes\))?$", run("help", "exit", folder=self.folder)[1], re.M)
        with open(DOCUMENT, encoding="utf-8") as file:
            written = re.findall(r"^\| (\d+) \| (.+?) \| .*\|$", file.read(), re.M)
        self.assertEqual(told, written)
        self.assertGreater(len(told), 10)

    def test_help_and_version_answer(self):
        for arguments in (["help"], ["--help"], ["help", "serve"], ["help", "config"], ["help", "exit"], ["version"], ["--version"]):
            code, output, errors = run(*arguments, folder=self.folder)
            self.assertEqual((code, errors), (0, ""))
            self.assertTrue(output)


class Administrators(Folder):
    def create(self, password, email=shopd.ADMIN):
        return run("create-admin", email, "--password-stdin", "--database", f"sqlite:{self.file}", folder=self.folder, stdin=password + "\n")

    def test_a_forgotten_password_is_replaced_and_old_sessions_end(self):
        self.assertEqual(self.create(PASSWORD)[0], 0)
        with shopd.Shopd(database=f"sqlite:{self.file}", folder=self.folder, admin=False) as shop:
            old = shop.login(shopd.ADMIN)
            self.assertEqual(self.create("another horse battery")[0], 0)
            shop.client().post("/auth/login/", {"email": shopd.ADMIN, "password": PASSWORD}).expect(401)
            shop.login(shopd.ADMIN, "another horse battery")
            shop.client().post("/auth/token/refresh/", {"refresh": old.refresh}).expect(401)
            customer = shop.customer()
            self.assertEqual(self.create(PASSWORD, customer.email)[0], 1)
            self.assertFalse(customer.get("/auth/me/").json["is_staff"])

    def test_a_weak_password_is_refused(self):
        code, _, errors = self.create("12345678")
        self.assertEqual(code, 1)
        self.assertIn("password", errors)
        self.assertNotIn("12345678", errors)


class Ending(unittest.TestCase):
    def test_a_running_request_is_finished(self):
        with shopd.Shopd(admin=False, SHOP_PASSWORD_MEMORY_KIB="65536", SHOP_PASSWORD_PASSES="12") as shop:
            with shopd.Raw(shop) as raw, shopd.Raw(shop) as idle, shopd.Raw(shop) as half:
                body = '{"email": "nobody@shop.example", "password": "wrong password"}'
                metric = lambda: int(re.search(r"^shopd_workers_busy (\d+)$", shop.client(prefix="").get("/metrics").body.decode(), re.M).group(1))
                alone = metric()
                half.send("GET /healthz HTTP/1.1\r\nHo")  # first, so that the server has it when it is asked to stop
                raw.send("POST /auth/login/ HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                         f"Content-Length: {len(body)}\r\n\r\n{body}")
                shopd.wait_until(lambda: metric() > alone, "the login runs")
                shop.ask_to_stop()
                self.assertTrue(idle.closed())
                answer = raw.answer()
                self.assertEqual(answer.status, 401)
                self.assertEqual(answer.headers["Connection"].lower(), "close")
                self.assertTrue(raw.closed())
                half.send("st: a\r\n\r\n")
                self.assertEqual(half.answer().status, 200)
            shop.wait_stopped()
            with self.assertRaises(OSError):
                shopd.Raw(shop)

    def test_an_idle_server_ends_at_once(self):
        with shopd.Shopd(admin=False) as shop:
            client = shop.client()
            client.get("/products/").expect(200)
            began = shopd.time.monotonic()
            shop.ask_to_stop()
            shop.wait_stopped()
            self.assertLess(shopd.time.monotonic() - began, 3 * shopd.SLOW)

    def test_what_was_written_is_there_after_a_restart(self):
        with shopd.Shopd(database="sqlite:") as shop:
            buyer = shop.customer()
            order = buyer.buy(shop.product())
            shop.ask_to_stop()
            shop.wait_stopped()
            shop.start()
            self.assertEqual(shop.client(buyer.token).get(f"/orders/{order['id']}/").expect(200).json, order)


class TwoServers(unittest.TestCase):
    def test_they_see_each_others_writes(self):
        with shopd.Shopd(database="sqlite:") as one:
            with shopd.Shopd(database=one.database, folder=one.folder, admin=False) as two:
                buyer = one.customer()
                there = two.client(buyer.token)
                product = one.product(stock=10)
                cart = there.add(product, 2)
                self.assertEqual(buyer.get("/cart/").json, cart)
                order = buyer.order().expect(201).json
                self.assertEqual(there.get(f"/orders/{order['id']}/").expect(200).json, order)
                self.assertEqual(there.get(f"/products/{product['slug']}/").json["stock_quantity"], 8)
                there.post(f"/orders/{order['id']}/cancel/").expect(200)
                self.assertEqual(one.stock(product), 10)
                two.login(buyer.email)

    def test_they_sell_no_piece_twice(self):
        with shopd.Shopd(database="sqlite:") as one:
            with shopd.Shopd(database=one.database, folder=one.folder, admin=False) as two:
                product = one.product(stock=25)
                buyers = [(one, two)[i % 2].customer() for i in range(40)]
                for buyer in buyers:
                    buyer.add(product)
                answers = shopd.at_once(len(buyers), lambda i: buyers[i].order().status)
                self.assertEqual(shopd.counts(answers), {201: 25, 400: 15})
                self.assertEqual(two.client().get(f"/products/{product['slug']}/").json["stock_quantity"], 0)


if __name__ == "__main__":
    shopd.main()
