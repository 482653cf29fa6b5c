# SPDX-License-Identifier: MIT
"""kill -9 of shopd while clients buy, pay and cancel: what it acknowledged is there afterwards, and nothing stays half done.

kill_test.py [--seed N] [--kills N]
"""
import argparse
import random
import sys
import time

from shoppers import STOCK, Shopper, World, check, shopd, wait_settled

CLIENTS = 8
PRODUCTS = 3


class Keeper(World):
    """The shop that is killed and started again."""

    def __init__(self, seed):
        super().__init__()
        self.dice = random.Random(seed)
        self.shop = shopd.Shopd(database="sqlite:", SHOP_ORDER_TTL="0", SHOP_ACCESS_TTL="3600")

    def shop_for(self, shopper):
        return self.shop

    def kill_and_restart(self):
        self.shop.kill()
        self.shop.start()


def run(seed, kills):
    keeper = Keeper(seed)
    try:
        shop = keeper.shop
        products = [shop.product(stock=STOCK) for _ in range(PRODUCTS)]
        keeper.shoppers = shoppers = [Shopper(keeper, seed * 1000 + i, shop.customer(), products) for i in range(CLIENTS)]
        for shopper in shoppers:
            shopper.start()
        for number in range(kills):
            keeper.live_a_while(keeper.dice.randint(1, 60))
            time.sleep(keeper.dice.random() * 0.02)  # at any moment of a request
            keeper.kill_and_restart()
        keeper.live_a_while(20)
        keeper.finish()
        wait_settled(shop, shoppers)
        total = check(shop, shoppers, products)
        acknowledged, paid = sum(len(s.placed) for s in shoppers), sum(len(s.paid) for s in shoppers)
        cut, replayed = sum(s.cut for s in shoppers), sum(s.replayed for s in shoppers)
        print(f"seed {seed}: {kills} kills, {acknowledged} orders acknowledged, {paid} paid, {total} in the shop, {cut} requests cut off, "
              f"{replayed} of them done all the same")
        assert cut > 0, "no request was ever cut off: the test tested nothing"
    finally:
        keeper.over = True
        keeper.shop.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=12)
    chosen = parser.parse_args()
    try:
        run(chosen.seed, chosen.kills)
    except AssertionError as error:
        print(f"BROKEN: {error}\n0 passed, 1 failed")
        sys.exit(1)
    print("1 passed, 0 failed")


if __name__ == "__main__":
    main()
