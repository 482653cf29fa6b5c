# SPDX-License-Identifier: MIT
"""Backups made while customers buy, as docs/operations.md tells: the shop that is restored from one serves, and keeps what it had promised."""
import os
import pathlib
import sqlite3
import subprocess
import sys
import types
import unittest

import cluster
import shopd

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fault"))
import shoppers  # noqa: E402

OPERATIONS = pathlib.Path(__file__).resolve().parents[2] / "docs" / "operations.md"


class Load(shoppers.World):
    """Customers who buy, pay and cancel in a shop that nobody kills."""

    def __init__(self, shop):
        super().__init__()
        self.shop = shop
        self.products = [shop.product(stock=shoppers.STOCK, name=shopd.unique("lantern")) for _ in range(3)]
        self.shoppers = [shoppers.Shopper(self, seed, shop.customer(), self.products) for seed in range(4)]
        for shopper in self.shoppers:
            shopper.start()

    def shop_for(self, shopper):
        return self.shop

    def promises(self):
        """What was acknowledged until now."""
        return [types.SimpleNamespace(placed=dict(s.placed), cancelled=set(s.cancelled), paid=set(s.paid)) for s in self.shoppers]


def commands(title):
    """The shell commands of one block of the document: the first below the heading."""
    text = OPERATIONS.read_text(encoding="utf-8").split(f"### {title}\n", 1)[1]
    return text.split("```sh\n", 1)[1].split("```", 1)[0]


class Backups(unittest.TestCase):
    def setUp(self):
        self.settings = {"SECRET_KEY": cluster.KEY, "SHOP_ORDER_TTL": "0"}

    def run_commands(self, title, folder, **names):
        done = subprocess.run(["bash", "-euc", commands(title)], cwd=folder, env=dict(os.environ, **names), capture_output=True, text=True,
                              timeout=60 * shopd.SLOW, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def back_up_under_load(self, shop, back_up):
        """Customers buy before, while and after: (what was promised before, the customers)."""
        load = Load(shop)
        try:
            load.live_a_while(20)
            promised = load.promises()
            back_up()
            shop.kill()  # a start takes new ids: those after the backup are not its own
            shop.start()
            load.live_a_while(20)
        finally:
            load.finish()
        return promised, load

    def check_restored(self, shop, promised, load):
        """`shop` was restored from the backup."""
        shoppers.wait_settled(shop, promised)
        count = shoppers.check(shop, promised, load.products)
        self.assertLess(count, sum(len(s.placed) for s in load.shoppers), "nothing happened after the backup: the test tests nothing")
        shopper = load.shoppers[0]
        shop.client(shopper.token).get("/auth/me/").expect(200)
        buyer = shop.login(shopper.email)
        product = load.products[0]
        found = [p["slug"] for p in buyer.get(f"/products/?search={product['name'][:10]}").expect(200).json["results"]]
        self.assertIn(product["slug"], found)
        buyer.delete("/cart/clear/")
        order = buyer.buy(product)
        self.assertGreater(order["id"], max(number for s in load.shoppers for number in s.placed), "an id that a customer knows is given again")
        made = shop.product(name=shopd.unique("kettle"))
        self.assertEqual([p["slug"] for p in buyer.get("/products/?search=kettle").expect(200).json["results"]], [made["slug"]])

    def test_a_file(self):
        with shopd.Shopd(database="sqlite:", **self.settings) as shop:
            promised, load = self.back_up_under_load(shop, lambda: self.run_commands("One file", shop.folder))
            shop.kill()  # with a log that was not yet moved into the file
            backup, = pathlib.Path(shop.folder).glob("shop-*.db")
            self.assertEqual(backup.stat().st_mode & 0o077, 0, "a backup is for its owner only")
            backup.rename(pathlib.Path(shop.folder, "shop-backup.db"))
            self.assertGreater(os.path.getsize(os.path.join(shop.folder, "shop.db-wal")), 0)
            said = self.run_commands("One file: restoring", shop.folder)
            self.assertEqual(said.split(), ["ok"])
            shop.start()
            self.check_restored(shop, promised, load)

    def test_a_server(self):
        server = cluster.Cluster()
        self.addCleanup(server.stop)
        old = server.url + "&options=-csearch_path%3Dpublic"
        cluster.sql(server.url, "CREATE ROLE clerk LOGIN CREATEDB")  # who restores need not be the server's master
        new = old.replace("shop@/shop?", "clerk@/restored?")
        with shopd.Shopd(database=old, **self.settings) as shop:
            promised, load = self.back_up_under_load(shop, lambda: self.run_commands("PostgreSQL", shop.folder, DATABASE_URL=old))
            dump, = pathlib.Path(shop.folder).glob("shop-*.dump")
            dump.rename(pathlib.Path(shop.folder, "shop-backup.dump"))
            self.run_commands("PostgreSQL: restoring", shop.folder, PGHOST=server.folder, PGUSER="clerk", PGDATABASE="postgres", NEW_URL=new)
            with shopd.Shopd(database=new, admin=False, **self.settings) as restored:
                restored.admin_login = shop.admin_login
                self.check_restored(restored, promised, load)


if __name__ == "__main__":
    shopd.main()
