# SPDX-License-Identifier: MIT
"""A database server that goes away while shopd serves: /readyz says why at once, requests are 503, the log stays short, and it comes back."""
import concurrent.futures
import os
import re
import time
import unittest

import cluster
import shopd

SERVER = shopd.DATABASE  # the one that all tests share
SECRET = "sw0rdfish"


class Away(unittest.TestCase):
    """Each test has a role of its own, a schema of its own and a gate before the server."""

    def setUp(self):
        self.role = f"guest_{os.getpid()}_{self._testMethodName[-20:]}"
        cluster.sql(SERVER, f"CREATE ROLE {self.role} LOGIN SUPERUSER")
        self.addCleanup(cluster.sql, SERVER, f"REASSIGN OWNED BY {self.role} TO shop", f"DROP ROLE {self.role}")
        self.gate = cluster.Gate(SERVER)
        self.addCleanup(self.gate.shut)
        self.gate.open()
        self.shop = shopd.Shopd(database=self.gate.url(f"{self.role}:{SECRET}", connect_timeout=2), SHOP_CALL_TIMEOUT_MS="2000",
                                SHOP_LOG_LEVEL="debug")
        self.addCleanup(self.stop)
        self.probe = self.shop.client(prefix="")
        self.probe.get("/readyz").expect(200)
        self.thing = self.shop.product()
        self.buyer = self.shop.customer()

    def stop(self):
        self.shop.ask_to_stop()
        self.shop.process.wait(30 * shopd.SLOW)
        self.assertNotIn(SECRET, self.shop.errors())
        self.shop.stop()

    def terminate(self):
        cluster.sql(SERVER, f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = '{self.role}'")

    def reason(self):
        """What /readyz says: None when it is ready. It never takes long."""
        began = time.monotonic()
        answer = self.probe.get("/readyz")
        self.assertLess(time.monotonic() - began, 1 * shopd.SLOW)
        if answer.status == 200:
            return None
        answer.expect(503, "storage_unavailable")
        self.assertEqual(answer.headers["Retry-After"], "2")
        for inner in (self.role, "127.0.0.1", str(self.gate.port)):
            self.assertNotIn(inner, answer.body.decode())
        return answer.json["reason"]

    def becomes(self, *reasons, seconds=4):
        return shopd.wait_until(lambda: self.reason() in reasons, f"/readyz says {reasons}", seconds)

    def lines(self):
        """What the log says of troubles, whoever had them."""
        return [line for line in self.shop.errors().splitlines() if re.match(r"\S+ (error|warning) ", line)]

    def comes_back(self):
        self.becomes(None, seconds=10)
        self.shop.client().get("/products/").expect(200)
        shopd.wait_until(lambda: any("answers again after" in line for line in self.lines()), "it is told")
        lines = self.lines()
        self.assertEqual(len(lines), 2, lines)
        self.assertRegex(lines[0], r"error storage: (query|batch|ping|allocation of ids) failed: \w+: ")
        self.assertRegex(lines[1], r"warning storage: answers again after \d+\.\d+ seconds, in which \d+ calls failed")
        self.buyer.buy(self.thing)

    def test_nobody_listens(self):
        self.gate.shut()
        self.becomes("unreachable", "connection")
        for _ in range(50):
            answer = self.shop.client().get("/products/").expect(503, "storage_unavailable")
            self.assertTrue(answer.headers["Retry-After"])
        self.becomes("unreachable")
        self.probe.get("/healthz").expect(200)
        self.assertEqual(len(self.lines()), 1, self.lines())
        self.gate.open()
        self.comes_back()

    def test_it_hangs(self):
        """Every worker waits in vain; who asks how it goes does not."""
        self.gate.freeze()
        self.becomes("timeout")
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            calls = [pool.submit(self.shop.client().get, "/products/") for _ in range(24)]
            self.becomes("timeout", "unreachable")
            self.assertFalse(all(call.done() for call in calls))
            for call in calls:
                call.result().expect(503, "storage_unavailable")
        self.reason()
        self.assertEqual(len(self.lines()), 1, self.lines())
        self.gate.thaw()
        self.comes_back()

    def test_the_login_is_refused(self):
        cluster.sql(SERVER, f"ALTER ROLE {self.role} NOLOGIN")
        self.terminate()
        self.becomes("authentication")
        cluster.sql(SERVER, f"ALTER ROLE {self.role} LOGIN")
        self.comes_back()

    def test_it_takes_no_changes(self):
        cluster.sql(SERVER, f"ALTER ROLE {self.role} SET default_transaction_read_only = on")
        self.terminate()
        self.becomes("standby")
        cluster.sql(SERVER, f"ALTER ROLE {self.role} RESET default_transaction_read_only")
        self.comes_back()


if __name__ == "__main__":
    shopd.main()
