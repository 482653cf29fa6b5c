# SPDX-License-Identifier: MIT
"""Runs stripe_client_test.mjs: the official Stripe client against the stand-in, and its signatures against the real shopd.

Environment: STRIPE_NODE_MODULES, a folder in which npm has installed stripe@23.1.0; node. Without them the test fails.
"""
import os
import re
import subprocess
import unittest

import shopd
from shopd import SLOW, WEBHOOK_SECRET
from stand_in import StandIn

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "stripe_client_test.mjs")


class StripeClient(unittest.TestCase):
    def test_the_official_client_agrees(self):
        with StandIn() as stripe, shopd.Shopd() as shop:
            environment = {**os.environ, "STAND_IN_URL": stripe.url, "STAND_IN_KEY": stripe.key, "SHOP_URL": shop.url,
                           "SHOP_WEBHOOK_SECRET": WEBHOOK_SECRET}
            done = subprocess.run(["node", "--test-reporter=tap", SCRIPT], env=environment, capture_output=True, text=True,
                                  timeout=60 * SLOW, check=False)
        said = done.stdout + done.stderr
        counts = dict(re.findall(r"^# (pass|fail|cancelled|skipped|todo) (\d+)$", done.stdout, re.M))
        self.assertEqual((done.returncode, counts.get("fail"), counts.get("cancelled"), counts.get("skipped")), (0, "0", "0", "0"), said)
        self.assertGreater(int(counts["pass"]), 20, said)


if __name__ == "__main__":
    shopd.main()
