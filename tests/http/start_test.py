# SPDX-License-Identifier: MIT
"""A database server that cannot be used: shopd ends with one clear line and an exit code of its own, and tells no password."""
import concurrent.futures
import os
import signal
import subprocess
import tempfile
import time
import types
import unittest
import urllib.parse

import cluster
import shopd
from cluster import Pretender

SERVER = shopd.DATABASE  # the one that all tests share
SECRET = "sw0rdfish/@ß"
SECRET_FORMS = [SECRET, urllib.parse.quote(SECRET, safe=""), "sw0rdfish"]


def place(user="shop", secret=None, name="shop", **more):
    """A URL of the shared server."""
    start, end = SERVER.split("?", 1)
    login = user + (":" + urllib.parse.quote(secret, safe="") if secret is not None else "")
    url = f"postgresql://{login}@/{name}?{end}"
    return url + "".join(f"&{key}={urllib.parse.quote(str(value), safe='')}" for key, value in more.items())


def at(port, **more):
    query = urllib.parse.urlencode(more)
    return f"postgresql://shop:{urllib.parse.quote(SECRET, safe='')}@127.0.0.1:{port}/shop" + ("?" + query if query else "")


class Start(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def run_shopd(self, *words, url=None, wait="0", **settings):
        return shopd.run(*words, folder=self.folder, DATABASE_URL=url, SHOP_DATABASE_WAIT=wait, SECRET_KEY=cluster.KEY, **settings)

    def refused(self, code, reason, url, *words, command=("migrate",), says="", **settings):
        """One line: the reason, where, what was said, what to do; the exit code; no password. In the log neither."""
        ended, output, errors = self.run_shopd(*command, url=url, SHOP_LOG_LEVEL="debug", **settings)
        for form in SECRET_FORMS:
            self.assertNotIn(form, output + errors)
        lines = [line for line in errors.splitlines() if not ("payments: " in line or "development mode" in line)]
        self.assertEqual(len(lines), 1, errors)
        self.assertRegex(lines[0], rf"^shopd: the database cannot be opened: {reason}: .+; [a-z].+$")
        self.assertEqual(ended, code, errors)
        self.assertIn(says, lines[0])
        for word in words:
            self.assertIn(word, lines[0])
        return lines[0]


class Urls(Start):
    def test_that_are_wrong(self):
        for url in ("postgresql://shop:{0}@h:1x/shop", "postgresql://shop:{0}@[h/shop", "postgresql://shop:{0}@h/shop?shop_pool=0",
                    "postgresql://shop:{0}@h/shop?shop_pol=5", "postgresql://shop:{0}@h/shop?sslmode=perhaps",
                    "postgresql://shop:{0}@h:99999/shop", "postgresql://shop:{0}@/shop?host=h,i,j&port=1,2", "oracle://shop:{0}@h/shop"):
            with self.subTest(url=url):
                self.refused(20, "url", url.format(urllib.parse.quote(SECRET, safe="")))

    def test_an_unknown_parameter_is_named(self):
        self.refused(20, "url", "postgresql://shop:sw0rdfish@h/shop?sslmod=require", '"sslmod"')

    def test_a_password_that_was_not_encoded_is_not_told(self):
        """What libpq takes for a host, a port or a database then is the password's end, which it would tell."""
        for secret in ("x@sw0rdfish", "x/sw0rdfish", "5/sw0rdfish", "sw0rdfish/5", "x:y@sw0rdfish", "%zzsw0rdfish", "x@y@sw0rdfish"):
            with self.subTest(secret=secret):
                self.refused(20, "url", f"postgresql://shop:{secret}@127.0.0.1/shop")
        self.refused(20, "url", "postgresql://shop:sw0rdfish/shop")  # the host was forgotten

    def test_every_command_tells_it(self):
        for command in (["serve", "--listen", "127.0.0.1:0"], ["create-admin", "a@b.example", "--password-stdin"], ["load-demo"], ["jobs"]):
            with self.subTest(command=command[0]):
                self.refused(20, "url", "postgresql://shop:sw0rdfish@h/shop?nonsense=1", command=command)
                self.refused(10, "unreachable", at(1), command=command)


class Addresses(Start):
    def test_nobody_listens(self):
        self.refused(10, "unreachable", at(1), "shop@127.0.0.1:1/shop", "Connection refused")
        self.refused(10, "unreachable", "postgresql://shop:sw0rdfish@/shop?host=/nowhere/at/all")

    def test_of_several_hosts_none_answers(self):
        self.refused(10, "unreachable", "postgresql://shop:sw0rdfish@127.0.0.1:1,127.0.0.1:2/shop", "127.0.0.1,127.0.0.1:1,2")

    def test_a_name_that_leads_nowhere(self):
        self.refused(11, "address", "postgresql://shop:sw0rdfish@no-such-host.invalid/shop", "no-such-host.invalid")

    def test_the_parts_instead_of_a_url(self):
        self.refused(10, "unreachable", None, "127.0.0.1:1", DB_HOST="127.0.0.1", DB_PORT="1", DB_USER="shop", DB_PASSWORD=SECRET)


class Logins(Start):
    def test_a_wrong_or_missing_password(self):
        self.refused(21, "authentication", place("locked", SECRET), 'user "locked"')
        self.refused(21, "authentication", place("locked"), "no password")
        self.refused(21, "authentication", place("locked", password=SECRET))

    def test_an_unknown_role(self):
        self.refused(21, "authentication", place("nobody_at_all", SECRET), '"nobody_at_all"')

    def test_a_role_that_may_not_connect_again_or_not_write(self):
        role = f"guest_{os.getpid()}"
        cluster.sql(SERVER, f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 0")
        self.addCleanup(cluster.sql, SERVER, f"DROP ROLE {role}")
        self.refused(13, "overload", place(role, SECRET), f'role "{role}"')
        cluster.sql(SERVER, f"ALTER ROLE {role} CONNECTION LIMIT -1", f"ALTER ROLE {role} SET default_transaction_read_only = on")
        self.refused(12, "standby", place(role, SECRET))
        cluster.sql(SERVER, f"ALTER ROLE {role} NOLOGIN")
        self.refused(21, "authentication", place(role, SECRET), "not permitted to log in")

    def password_file(self, mode):
        path = os.path.join(self.folder, "passwords")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"*:*:*:*:{SECRET}\n")
        os.chmod(path, mode)
        return path

    def test_a_password_file_with_a_wrong_password(self):
        self.refused(21, "authentication", place("locked"), PGPASSFILE=self.password_file(0o600))

    def test_a_password_file_that_others_may_read_is_told_in_the_log(self):
        """libpq would print that by itself."""
        code, _, errors = self.run_shopd("migrate", url=place("locked", passfile=self.password_file(0o644)))
        self.assertEqual(code, 21)
        self.assertNotIn("sw0rdfish", errors)
        lines = errors.splitlines()
        self.assertEqual(len(lines), 2, errors)
        self.assertRegex(lines[0], r"^\S+Z warning storage: the password file is not used")

    def test_a_server_that_speaks_another_language(self):
        with Pretender(cluster.error("28P01", "Passwort-Authentifizierung für Benutzer »shop« fehlgeschlagen")) as server:
            self.refused(21, "authentication", at(server.port, sslmode="disable", gssencmode="disable"))
        with Pretender(cluster.error("53300", "tut mir leid, schon zu viele Verbindungen")) as server:
            self.refused(13, "overload", at(server.port, sslmode="disable", gssencmode="disable"))


class Databases(Start):
    def test_that_is_not_there(self):
        self.refused(22, "database", place(name="no_such_shop"), '"no_such_shop"')

    def test_a_schema_that_is_not_there(self):
        self.refused(27, "schema", place(options="-csearch_path=no_such_place"))

    def test_of_another_encoding(self):
        for encoding, collation in (("SQL_ASCII", "C"), ("LATIN1", "C")):
            name = f"other_{encoding.lower()}_{os.getpid()}"
            cluster.sql(SERVER, f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE '{collation}' TEMPLATE template0")
            try:
                self.refused(26, "encoding", place(name=name), encoding)
            finally:
                cluster.sql(SERVER, f"DROP DATABASE {name}")


class Rights(Start):
    def test_to_create(self):
        schema = shopd.fresh_place(SERVER, self.folder).rsplit("%3D", 1)[1]
        cluster.sql(SERVER, f"GRANT USAGE ON SCHEMA {schema} TO locked")
        self.refused(23, "right", place("locked", "opensesame", options=f"-csearch_path={schema}"), f"schema {schema}")

    def test_to_use_the_tables(self):
        """Found at the start, not in the middle of a sale."""
        url = shopd.fresh_place(SERVER, self.folder)
        schema = url.rsplit("%3D", 1)[1]
        self.assertEqual(self.run_shopd("migrate", url=url)[0], 0)
        theirs = place("locked", "opensesame", options=f"-csearch_path={schema}")
        self.refused(27, "schema", theirs)
        cluster.sql(SERVER, f"GRANT USAGE ON SCHEMA {schema} TO locked")
        self.refused(23, "right", theirs, "may not read")
        cluster.sql(SERVER, f"GRANT SELECT, INSERT, DELETE ON ALL TABLES IN SCHEMA {schema} TO locked")
        self.refused(23, "right", theirs, "may not change")
        cluster.sql(SERVER, f"GRANT UPDATE ON ALL TABLES IN SCHEMA {schema} TO locked")
        with shopd.Shopd(database=theirs, folder=self.folder) as shop:
            shop.customer().buy(shop.product())
        cluster.sql(SERVER, f"REVOKE UPDATE ON {schema}.product FROM locked")
        self.refused(23, "right", theirs, "may not change table product")


class Contents(Start):
    def setUp(self):
        super().setUp()
        self.url = shopd.fresh_place(SERVER, self.folder)

    def dump(self):
        words = ["pg_dump", "--inserts", SERVER, "-n", self.url.rsplit("%3D", 1)[1]]
        lines = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
        return [line for line in lines if "restrict" not in line]  # two lines of random words

    def left_alone(self, reason):
        before = self.dump()
        self.refused(3, reason, self.url)
        self.refused(3, reason, self.url, command=("serve", "--listen", "127.0.0.1:0"))
        self.assertEqual(self.dump(), before)

    def test_tables_of_another_program(self):
        cluster.sql(self.url, "CREATE TABLE product (diary text)", "INSERT INTO product VALUES ('mine')")
        self.left_alone("foreign")

    def test_a_newer_shop(self):
        self.assertEqual(self.run_shopd("migrate", url=self.url)[0], 0)
        cluster.sql(self.url, "UPDATE shop_meta SET value = 1000000 WHERE key = 'schema_version'")
        self.left_alone("newer")

    def test_a_damaged_shop(self):
        self.assertEqual(self.run_shopd("migrate", url=self.url)[0], 0)
        cluster.sql(self.url, "ALTER TABLE product DROP COLUMN stock CASCADE")
        self.left_alone("damaged")


class Pretenders(Start):
    """What answers is no server that can be used."""
    plain = {"sslmode": "disable", "gssencmode": "disable"}

    def test_a_server_that_is_too_old(self):
        with Pretender(cluster.hello("9.6.24"), cluster.SHOWS_OFF) as server:
            self.refused(25, "version", at(server.port, **self.plain), "9.6.24", "13")
        with Pretender(cluster.hello("12.99"), cluster.SHOWS_OFF) as server:
            self.refused(25, "version", at(server.port), "12.99")

    def test_no_postgresql_at_all(self):
        with Pretender(b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
            self.refused(25, "protocol", at(server.port))
            self.refused(25, "protocol", at(server.port, **self.plain))

    def test_one_that_hangs_up(self):
        with Pretender(b"") as server:
            server.server.close()
            self.refused(10, "unreachable", at(server.port))

    def test_a_standby(self):
        with Pretender(cluster.hello(standby="on")) as server:
            self.refused(12, "standby", at(server.port, **self.plain))

    def test_one_that_starts_or_is_full(self):
        with Pretender(cluster.error("57P03", "the database system is starting up")) as server:
            self.refused(10, "shutdown", at(server.port))
        with Pretender(cluster.error("53300", "sorry, too many clients already")) as server:
            self.refused(13, "overload", at(server.port))

    def test_one_that_hangs(self):
        """Before it says anything, and when it has let us in: a start ends in bounded time."""
        began = time.monotonic()
        with Pretender(None) as silent, Pretender(cluster.hello()) as deaf, concurrent.futures.ThreadPoolExecutor(2) as pool:
            ends = [pool.submit(self.refused, 10, reason, at(server.port, connect_timeout=2, **self.plain))
                    for server, reason in ((silent, "unreachable"), (deaf, "timeout"))]
            for end in ends:
                end.result()
        self.assertLess(time.monotonic() - began, 10 * shopd.SLOW)


class Waiting(Start):
    def serve(self, url, port, **settings):
        """A shopd that need not come to listen."""
        log = open(os.path.join(self.folder, "log"), "w+", encoding="utf-8")
        self.addCleanup(log.close)
        process = subprocess.Popen([shopd.BINARY, "serve", "--listen", f"127.0.0.1:{port}", "--database", url], cwd=self.folder,
                                   env=shopd.environment(SECRET_KEY=cluster.KEY, **settings), stdout=log, stderr=log)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8") as file:
            return [line for line in file.read().splitlines() if not ("payments: " in line or "development mode" in line)]

    def test_a_server_that_comes_later_is_waited_for(self):
        """As when a machine starts. Meanwhile shopd listens and says that it is not ready."""
        port = cluster.free_port()
        with cluster.Gate(SERVER) as gate:
            url = gate.url(options=shopd.fresh_place(SERVER, self.folder).rsplit("options=", 1)[1].replace("%3D", "="))
            process = self.serve(url, port, SHOP_DATABASE_WAIT="60")
            shopd.wait_until(lambda: any("waiting up to 60 seconds" in line for line in self.log()), "shopd waits")
            client = shopd.Client(types.SimpleNamespace(port=port, url=f"http://127.0.0.1:{port}"), prefix="")
            client.get("/healthz").expect(200)
            client.get("/readyz").expect(503, "starting")
            client.get("/api/v1/products/").expect(503, "starting")
            gate.open()
            shopd.wait_until(lambda: client.get("/readyz").status == 200, "shopd is ready")
            client.get("/api/v1/products/").expect(200)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(30 * shopd.SLOW), 0)
        lines = self.log()
        self.assertEqual(len([line for line in lines if "waiting" in line]), 1, lines)
        self.assertEqual(len([line for line in lines if "the database answers" in line]), 1, lines)

    def test_a_signal_ends_the_wait_gracefully(self):
        process = self.serve(at(1), cluster.free_port(), SHOP_DATABASE_WAIT="600")
        shopd.wait_until(lambda: any("waiting up to" in line for line in self.log()), "shopd waits")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(10 * shopd.SLOW), 0)

    def test_the_wait_ends_with_the_reason(self):
        began = time.monotonic()
        code, _, errors = self.run_shopd("migrate", url=at(1), wait="1")
        self.assertEqual(code, 10)
        self.assertGreaterEqual(time.monotonic() - began, 1)
        lines = errors.splitlines()
        self.assertEqual(len(lines), 2, errors)
        self.assertRegex(lines[0], r"^shopd: waiting up to 1 seconds: the database cannot be opened: unreachable: ")
        self.assertRegex(lines[1], r"^shopd: the database cannot be opened: unreachable: .*; start the server")

    def test_what_a_person_must_do_is_not_waited_for(self):
        began = time.monotonic()
        self.refused(22, "database", place(name="no_such_shop"), wait="60")
        self.assertLess(time.monotonic() - began, 10 * shopd.SLOW)


if __name__ == "__main__":
    shopd.main()
