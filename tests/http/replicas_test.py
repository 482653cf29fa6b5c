# SPDX-License-Identifier: MIT
"""Two shopd on a database with a replica: who sees what, by user, header and cookie; and a replica that dies.

SHOP_TEST_DATABASE is the primary, SHOP_TEST_STANDBY the folder of a streaming standby of it. The answers of a replica may be an hour old:
what is held back stays old.
"""
import http.cookies
import os
import pathlib
import re
import subprocess
import unittest
import urllib.parse

import shopd
from shopd import wait_until

STANDBY = os.environ["SHOP_TEST_STANDBY"]
PATIENCE = 60  # it replays what all tests before did
CLUSTER = pathlib.Path(__file__).resolve().parents[1] / "postgres" / "cluster"


def cluster(*arguments):
    return subprocess.run([CLUSTER, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def ask(url, statement):
    return cluster("ask", url, statement)


STANDBY_URL = f"postgresql://shop@/shop?host={STANDBY}"


def metric(shop, name):
    text = shop.client(prefix="").get("/metrics").body.decode()
    found = re.search(rf"^shopd_{name} (\d+)$", text, re.M)
    return int(found.group(1)) if found else None


def wait_for_replica(shop):
    wait_until(lambda: metric(shop, "replicas_in_use") == 1, "the replica is in use", PATIENCE)


def hold_back():
    ask(STANDBY_URL, "SELECT pg_wal_replay_pause()")


def let_go():
    ask(STANDBY_URL, "SELECT pg_wal_replay_resume()")


class Replicas(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        let_go()
        cls.place = shopd.fresh_place(shopd.DATABASE, "")
        cls.url = f"{cls.place}&shop_replicas={urllib.parse.quote(STANDBY, safe='')}&shop_replica_lag=3600"
        cls.one = shopd.Shopd(database=cls.url)
        cls.two = shopd.Shopd(database=cls.url, admin=False)
        cls.thing = cls.one.product(price="1.00")
        cls.path = f"/products/{cls.thing['slug']}/"

    @classmethod
    def tearDownClass(cls):
        let_go()
        cls.one.stop()
        cls.two.stop()

    def setUp(self):
        let_go()
        self.one.admin.patch(self.path, {"price": "1.00"}).expect(200)
        position = ask(self.place, "SELECT pg_current_wal_flush_lsn()")
        wait_until(lambda: ask(STANDBY_URL, f"SELECT pg_last_wal_replay_lsn() >= '{position}'") == "t", "the standby has all", PATIENCE)
        for shop in (self.one, self.two):
            wait_for_replica(shop)
        hold_back()

    def change(self):
        """The price is 2.00 from now on, and 1.00 on the replica."""
        return self.one.admin.patch(self.path, {"price": "2.00"}).expect(200)

    def price(self, client, **headers):
        return client.get(self.path, headers={name.replace("_", "-"): value for name, value in headers.items()}).expect(200).json["price"]

    def test_the_public_may_see_what_is_old_and_staff_may_not(self):
        self.change()
        for shop in (self.one, self.two):
            before = metric(shop, "replica_reads_total")
            self.assertEqual(self.price(shop.client()), "1.00")
            self.assertEqual(metric(shop, "replica_reads_total") - before, 1)
        self.assertEqual(self.price(self.one.admin), "2.00")
        self.assertEqual(self.price(self.two.client(token=self.one.admin.token)), "2.00")

    def test_a_change_gives_a_position_that_other_servers_take(self):
        answer = self.change()
        position = answer.headers["Shop-Position"]
        self.assertTrue(position)
        cookie = http.cookies.SimpleCookie(answer.headers["Set-Cookie"])["shop_position"]
        self.assertEqual((cookie.value, cookie["max-age"], cookie["path"], cookie["samesite"], bool(cookie["httponly"])),
                         (position, "60", "/", "Lax", True))
        anybody = self.two.client()
        self.assertEqual(self.price(anybody), "1.00")
        self.assertEqual(self.price(anybody, Shop_Position=position), "2.00")
        self.assertEqual(self.price(anybody, Cookie=f"shop_position={position}"), "2.00")
        self.assertEqual(self.price(anybody), "1.00")

    def test_a_read_gives_none(self):
        answer = self.one.client().get(self.path, headers={"Shop-Position": "f" * 16}).expect(200)
        self.assertIsNone(answer.headers["Shop-Position"])
        self.assertIsNone(answer.headers["Set-Cookie"])

    def test_what_is_no_position_does_no_harm(self):
        self.change()
        anybody = self.two.client()
        for text in ["x", "0", "-1", "1" * 15, "f" * 17, "g" * 16, "9" * 4000, "a b", '"', "%00"]:
            with self.subTest(text=text[:20]):
                self.assertEqual(self.price(anybody, Shop_Position=text), "1.00")
                self.assertEqual(self.price(anybody, Cookie=f"shop_position={text}"), "1.00")
        for text in ["f" * 16, "7" + "f" * 15, "8" + "0" * 15]:
            self.assertEqual(self.price(anybody, Shop_Position=text), "2.00")

    def test_a_customer_sees_what_is_written_without_carrying_anything(self):
        self.change()
        buyer = self.one.customer()
        there = self.two.client(token=buyer.token)
        self.assertEqual(self.price(buyer), "1.00")
        answer = buyer.post("/cart/items/", {"product_id": self.thing["id"], "quantity": 1}).expect(200)
        self.assertEqual(self.price(buyer), "2.00")
        self.assertEqual(self.price(there), "1.00")
        self.assertEqual(self.price(there, Shop_Position=answer.headers["Shop-Position"]), "2.00")
        self.assertEqual(len(there.get("/cart/").expect(200).json["items"]), 1)

    def test_the_replica_dies_and_comes_back(self):
        let_go()
        cluster("halt", STANDBY)
        try:
            anybody = self.one.client()
            for _ in range(20):
                self.assertEqual(self.price(anybody), "1.00")
        finally:
            cluster("restart", STANDBY)
        wait_for_replica(self.one)
        wait_for_replica(self.two)
        before = metric(self.one, "replica_reads_total")
        self.assertEqual(self.price(anybody), "1.00")
        self.assertEqual(metric(self.one, "replica_reads_total") - before, 1)
        self.assertRegex(self.one.errors(), r"replica [^ ]*: left aside: ")

    def test_a_replica_of_another_primary_is_not_believed(self):
        schema = self.place.split("%3D")[1]
        folder = f"{STANDBY}-other"
        try:
            other = cluster("start", folder)
            ask(other, f"CREATE SCHEMA {schema}")
            replica = urllib.parse.quote(STANDBY, safe="")
            with shopd.Shopd(database=f"{other}&options=-csearch_path%3D{schema}&shop_replicas={replica}") as shop:
                shop.product(price="9.00", slug=self.thing["slug"])
                wait_until(lambda: "left aside: ahead: " in shop.errors(), "it is left aside", PATIENCE)
                self.assertEqual(self.price(shop.client()), "9.00")
                self.assertEqual(metric(shop, "replicas_in_use"), 0)
        finally:
            cluster("stop", folder)

    def test_the_catalogue_is_read_from_the_replica(self):
        anybody = self.one.client()
        buyer = self.one.customer()
        before = metric(self.one, "replica_reads_total"), metric(self.one, "replica_misses_total")
        for i in range(100):
            anybody.get(self.path if i % 2 else "/products/?search=thing").expect(200)
            if i % 10 == 0:
                buyer.post("/cart/items/", {"product_id": self.thing["id"], "quantity": 1})
        after = metric(self.one, "replica_reads_total"), metric(self.one, "replica_misses_total")
        self.assertEqual((after[0] - before[0], after[1] - before[1]), (100, 0))

    def test_without_replicas_nothing_is_said_of_positions(self):
        with shopd.Shopd(database=self.place, admin=False) as shop:
            answer = shop.client(token=self.one.admin.token).patch(self.path, {"price": "3.00"}).expect(200)
            self.assertIsNone(answer.headers["Shop-Position"])
            self.assertIsNone(answer.headers["Set-Cookie"])
            self.assertEqual(self.price(shop.client(), Shop_Position="f" * 16), "3.00")
            self.assertIsNone(metric(shop, "replicas_in_use"))


if __name__ == "__main__":
    shopd.main()
