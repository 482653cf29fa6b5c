# SPDX-License-Identifier: MIT
"""Errors of the PostgreSQL server by class: what is tried again until it succeeds, and what is told as 503 with nothing changed."""
import os
import unittest

import cluster
import shopd

SERVER = shopd.DATABASE  # the one that all tests share

# Counts what it refuses in a sequence, which a rollback does not turn back.
TRAP = """
CREATE SEQUENCE hits;
CREATE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
  IF nextval('{schema}.hits') <= {count} THEN RAISE EXCEPTION 'caught' USING ERRCODE = '{code}'; END IF;
  RETURN NEW;
END$$;
CREATE TRIGGER trap BEFORE UPDATE ON product FOR EACH ROW EXECUTE FUNCTION trap();
"""


class Classes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shop = shopd.Shopd(database=SERVER)
        cls.addClassCleanup(cls.shop.stop)
        cls.schema = cls.shop.database.rsplit("%3D", 1)[1]
        cls.buyer = cls.shop.customer()

    def order(self, code, count):
        """Orders while the server answers the first `count` changes of the product with this code: (the answer, how many changes it saw)."""
        product = self.shop.product(stock=10)
        self.buyer.delete("/cart/clear/")
        self.buyer.add(product)
        cluster.sql(self.shop.database, TRAP.format(schema=self.schema, code=code, count=count))
        try:
            answer = self.buyer.order()
        finally:
            hits = int(cluster.sql(self.shop.database, "DROP TRIGGER trap ON product; DROP FUNCTION trap", "SELECT last_value FROM hits",
                                   "DROP SEQUENCE hits"))
        left = self.shop.stock(product)
        self.assertEqual(left, 9 if answer.status == 201 else 10, "ordered and not taken, or taken and not ordered")
        self.assertEqual(len(self.buyer.get("/cart/").expect(200).json["items"]), 0 if answer.status == 201 else 1)
        return answer, hits

    def test_somebody_was_faster_is_tried_again(self):
        for code in ("40001", "40P01", "55P03"):
            with self.subTest(code=code):
                answer, hits = self.order(code, 5)
                answer.expect(201)
                self.assertEqual(hits, 6)

    def test_not_for_ever(self):
        answer, hits = self.order("40001", 1_000_000)
        answer.expect(503, "contention")
        self.assertTrue(answer.headers["Retry-After"])
        self.assertLess(hits, 100)

    def test_what_passes_is_told_as_such(self):
        """A server that is full, stops, has lost a link or became a standby: 503, once, and nothing happened."""
        for code in ("53300", "53100", "53200", "57P01", "57P03", "57014", "08006", "25006", "58030", "42501", "XX000"):
            with self.subTest(code=code):
                answer, hits = self.order(code, 1)
                answer.expect(503, "storage_unavailable")
                self.assertTrue(answer.headers["Retry-After"])
                self.assertEqual(hits, 1)

    def test_more_connections_than_the_server_gives(self):
        """Requests that get none are shed; the others are served; and it is over when the crowd is."""
        role = f"guest_{os.getpid()}"
        cluster.sql(SERVER, f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 4")
        self.addCleanup(cluster.sql, SERVER, f"REASSIGN OWNED BY {role} TO shop", f"DROP OWNED BY {role}",
                        f"DROP ROLE {role}")
        schema = shopd.fresh_place(SERVER, "").rsplit("%3D", 1)[1]
        cluster.sql(SERVER, f"GRANT ALL ON SCHEMA {schema} TO {role}")
        login = SERVER.replace("shop@", f"{role}@", 1) + f"&options=-csearch_path%3D{schema}"
        with shopd.Shopd(database=login, SHOP_WORKERS="16") as shop:
            product = shop.product()
            clients = [shop.client() for _ in range(32)]
            answers = shopd.at_once(32, lambda i: [clients[i].get(f"/products/{product['slug']}/") for _ in range(20)])
            statuses = shopd.counts(answer.status for row in answers for answer in row)
            self.assertLessEqual(set(statuses), {200, 503})
            self.assertGreater(statuses.get(200, 0), 100, statuses)
            self.assertGreater(statuses.get(503, 0), 0, "the server gave all that were asked for: the test tests nothing")
            self.assertTrue(all(a.headers["Retry-After"] for row in answers for a in row if a.status == 503))
            shop.client().get(f"/products/{product['slug']}/").expect(200)
            self.assertLess(len(shop.errors().splitlines()), 20, "the log is flooded")


if __name__ == "__main__":
    shopd.main()
