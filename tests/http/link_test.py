# SPDX-License-Identifier: MIT
"""How shopd reaches its PostgreSQL server: TLS and certificates, several hosts of which one takes changes. On servers of the test's own."""
import os
import time
import unittest
import urllib.parse

import cluster
import shopd

SECRET = "opensesame"


def opened(folder, url):
    return shopd.run("migrate", folder=folder, DATABASE_URL=url, SHOP_DATABASE_WAIT="0", SECRET_KEY=cluster.KEY)


class Own(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cluster.Cluster()
        cls.addClassCleanup(cls.server.stop)

    def sees(self, url, what, application):
        return cluster.sql(url, f"SELECT DISTINCT {what} FROM pg_stat_activity LEFT JOIN pg_stat_ssl USING (pid)"
                                f" WHERE application_name = '{application}'").splitlines()


class OneServer(Own):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.port = cluster.free_port()
        cluster.call("tls", cls.server.folder, cls.port)
        cls.server.url += f"&port={cls.port}"
        cls.files = os.path.join(cls.server.folder, "tls")

    def url(self, host="localhost", user="shop", **more):
        return f"postgresql://{user}@{host}:{self.port}/shop?" + urllib.parse.urlencode(more)

    def file(self, name):
        return os.path.join(self.files, name)

    def refused(self, url, *words, code=24):
        ended, _, errors = opened(self.server.folder, url)
        self.assertEqual(ended, code, errors)
        self.assertEqual(len(errors.splitlines()), 1, errors)
        self.assertNotIn(SECRET, errors)
        for word in words:
            self.assertIn(word, errors)

    def serves(self, url, application):
        with shopd.Shopd(database=url + f"&application_name={application}", folder=self.server.folder) as shop:
            shop.customer().buy(shop.product())
            self.assertEqual(self.sees(self.server.url, "ssl", application), ["t"])

    def test_what_the_server_does_not_show_is_refused(self):
        self.refused(self.url(sslmode="verify-full", sslrootcert=self.file("other.crt")), "tls: ", "certificate verify failed")
        self.refused(self.url("127.0.0.1", sslmode="verify-full", sslrootcert=self.file("ca.crt")), "tls: ", "does not match host name")
        self.refused(self.url(sslmode="verify-ca", sslrootcert=self.file("none.crt")), "tls: ", "does not exist")

    def test_what_the_server_wants_and_does_not_get(self):
        self.refused(self.url(sslmode="disable"), "authentication: ", "no encryption", code=21)
        self.refused(self.url(user="certified", sslmode="require"), "tls: ", "client certificate")
        self.refused(self.url(user="certified", sslcert=self.file("server.crt"), sslkey=self.file("server.key"), sslmode="require"), code=21)
        self.refused(self.url(user="locked:wrong" + SECRET, sslmode="require"), "authentication: ", code=21)

    def test_a_server_without_tls(self):
        with cluster.Gate(self.server.url.rsplit("&", 1)[0], port=self.port) as gate:
            gate.open()
            self.refused(gate.url(sslmode="require"), "tls: ", "server does not support SSL")

    def test_a_server_that_is_told_to_take_no_changes_keeps_its_connections(self):
        with shopd.Shopd(database=self.url(sslmode="require")) as shop:
            web = shop.client(prefix="")
            buyer = shop.customer()
            self.addCleanup(cluster.sql, self.server.url, "ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")
            for setting, status in (("on", 503), ("off", 200)):
                cluster.sql(self.server.url, f"ALTER SYSTEM SET default_transaction_read_only = {setting}", "SELECT pg_reload_conf()")
                shopd.wait_until(lambda: web.get("/readyz").status == status, f"/readyz is {status}")
                if status == 503:
                    self.assertEqual(web.get("/readyz").json["reason"], "standby")
                    buyer.get("/products/").expect(200)
                    buyer.call("PATCH", "/auth/me/", {"first_name": "Augusta"}).expect(503, "storage_unavailable")

    def test_each_mode_serves(self):
        self.serves(self.url(sslmode="require"), "required")
        self.serves(self.url(sslmode="verify-full", sslrootcert=self.file("ca.crt")), "verified")
        self.serves(self.url(user="certified", sslmode="verify-full", sslrootcert=self.file("ca.crt"), sslcert=self.file("client.crt"),
                             sslkey=self.file("client.key")), "certified")

    def test_a_password_over_tls_with_channel_binding(self):
        cluster.sql(self.server.url, "CREATE SCHEMA theirs", "GRANT ALL ON SCHEMA theirs TO locked")
        self.serves(self.url(user=f"locked:{SECRET}", sslmode="require", channel_binding="require", options="-csearch_path=theirs"), "bound")

    def test_shopd_shows_its_name_or_the_one_it_was_given_and_limits_its_statements(self):
        for more, name in (("", "shopd (libshop)"), ("&application_name=till+3", "till 3")):
            with shopd.Shopd(database=shopd.fresh_place(self.server.url, "") + more.replace("+", "%20")) as shop:
                shop.client().get("/products/").expect(200)
                self.assertEqual(self.sees(self.server.url, "datname", name), ["shop"])
        with shopd.Shopd(database=shopd.fresh_place(self.server.url, ""), SHOP_CALL_TIMEOUT_MS="1000") as shop:
            product = shop.product()
            lock = cluster.Session(self.server.url, f"BEGIN; LOCK TABLE {shop.database.rsplit('%3D', 1)[1]}.product;")
            try:
                began = time.monotonic()
                answer = shop.client().get(f"/products/{product['slug']}/")
                self.assertLess(time.monotonic() - began, 2.5 * shopd.SLOW)
                self.assertTrue(answer.expect(503, "storage_unavailable").headers["Retry-After"])
                self.assertIn("timeout: canceling statement due to statement timeout (57014)", shop.errors())
            finally:
                lock.end()
            shop.client().get(f"/products/{product['slug']}/").expect(200)


class Hosts(Own):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = cluster.Cluster(cls.server)
        cls.addClassCleanup(cls.second.stop)

    def url(self, *folders, **more):
        return "postgresql://shop@/shop?" + urllib.parse.urlencode({"host": ",".join(folders), "options": "-csearch_path=public", **more})

    def test_the_one_that_takes_changes_is_found_and_followed(self):
        primary, standby = self.server.folder, self.second.folder
        nowhere = os.path.join(primary, "nowhere")
        code, _, errors = opened(primary, self.url(nowhere, standby))
        self.assertEqual(code, 12, errors)
        self.assertRegex(errors, r"^shopd: the database cannot be opened: standby: shop@.+read-only; name the primary")
        with shopd.Shopd(database=self.url(nowhere, standby, primary, connect_timeout=2), folder=primary) as shop:
            product = shop.product(stock=10)
            buyer = shop.customer()
            first = buyer.buy(product)
            self.assertEqual(len(self.sees(self.server.url, "usename", "shopd (libshop)")), 1)
            self.assertEqual(self.sees(self.second.url, "usename", "shopd (libshop)"), [])
            self.switch_over()
            web = shop.client(prefix="")
            shopd.wait_until(lambda: web.get("/readyz").status == 200, "shopd follows", 15)
            self.assertEqual(buyer.get(f"/orders/{first['id']}/").expect(200).json["id"], first["id"])
            second = buyer.buy(product)
            self.assertGreater(second["id"], first["id"])
            self.assertEqual(shop.stock(product), 8)

    def switch_over(self):
        """The standby has everything; the primary ends; the standby takes its place."""
        end = cluster.sql(self.server.url, "SELECT pg_current_wal_flush_lsn()")
        shopd.wait_until(lambda: cluster.sql(self.second.url, f"SELECT pg_last_wal_replay_lsn() >= '{end}'") == "t", "the standby has all")
        cluster.call("halt", self.server.folder)
        cluster.sql(self.second.url, "SELECT pg_promote()")


if __name__ == "__main__":
    shopd.main()
