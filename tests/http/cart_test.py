# SPDX-License-Identifier: MIT
"""The cart."""
import shopd


class Cart(shopd.ShopTest):
    def setUp(self):
        self.buyer = self.shop.customer()

    def test_it_is_empty_at_first(self):
        cart = self.buyer.get("/cart/").expect(200).json
        self.assertEqual((cart["user"], cart["items"], cart["total_items"], cart["cart_total"]), (self.buyer.id, [], 0, "0.00"))
        self.assertEqual(set(cart), {"id", "user", "items", "total_items", "cart_total", "created_at", "updated_at"})

    def test_what_is_added_is_in_it(self):
        product = self.shop.product(price="2.50")
        cart = self.buyer.post("/cart/items/", {"product_id": product["id"]}).expect(200).json
        item = cart["items"][0]
        self.assertEqual(set(item), {"id", "product", "quantity", "price_snapshot", "item_total", "created_at"})
        self.assertEqual(set(item["product"]), {"id", "name", "slug", "price", "stock_quantity", "is_active"})
        self.assertEqual((item["quantity"], item["price_snapshot"], item["item_total"]), (1, "2.50", "2.50"))
        self.assertEqual(self.buyer.get("/cart/").json, cart)

    def test_an_item_grows(self):
        product, other = self.shop.product(price="2.50"), self.shop.product(price="0.01")
        self.buyer.add(product, 2)
        self.buyer.add(other)
        cart = self.buyer.add(product, 3)
        self.assertEqual([(i["product"]["id"], i["quantity"]) for i in cart["items"]], [(product["id"], 5), (other["id"], 1)])
        self.assertEqual((cart["total_items"], cart["cart_total"]), (6, "12.51"))

    def test_the_price_is_that_of_the_first_moment(self):
        product = self.shop.product(price="10.00")
        self.buyer.add(product)
        self.shop.admin.patch(f"/products/{product['slug']}/", {"price": "20.00"}).expect(200)
        item = self.buyer.add(product)["items"][0]
        self.assertEqual((item["price_snapshot"], item["item_total"], item["product"]["price"]), ("10.00", "20.00", "20.00"))

    def test_what_cannot_be_bought_cannot_be_added(self):
        add = lambda **body: self.buyer.post("/cart/items/", body)
        add(product_id=999999999).expect(404, "product_not_found")
        add(product_id=self.shop.product(is_active=False)["id"]).expect(400, "product_inactive")
        scarce = self.shop.product(stock=3)
        self.assertIn("3", add(product_id=scarce["id"], quantity=4).expect(400, "insufficient_stock").json["detail"])
        self.buyer.add(scarce, 2)
        add(product_id=scarce["id"], quantity=2).expect(400, "insufficient_stock")
        add(product_id=self.shop.product(stock=0)["id"]).expect(400, "insufficient_stock")
        add(quantity=1).expect_field("product_id")
        for quantity in (0, -1):
            add(product_id=scarce["id"], quantity=quantity).expect_field("quantity")
        self.assertEqual(self.buyer.get("/cart/").json["total_items"], 2)

    def test_a_quantity_is_set(self):
        item = self.buyer.add(self.shop.product(price="1.50", stock=5))["items"][0]
        path = f"/cart/items/{item['id']}/"
        for call in (self.buyer.put, self.buyer.patch):
            changed = call(path, {"quantity": 4}).expect(200).json
            self.assertEqual((changed["id"], changed["quantity"], changed["item_total"]), (item["id"], 4, "6.00"))
            call(path, {"quantity": 6}).expect(400, "insufficient_stock")
            call(path, {}).expect_field("quantity")
            call(path, {"quantity": -1}).expect_field("quantity")
            call(path, {"quantity": 1}).expect(200)

    def test_a_quantity_of_nothing_removes(self):
        for call in (self.buyer.put, self.buyer.patch):
            item = self.buyer.add(self.shop.product())["items"][0]
            call(f"/cart/items/{item['id']}/", {"quantity": 0}).expect(200)
            self.assertEqual(self.buyer.get("/cart/").json["items"], [])

    def test_an_item_is_deleted_once(self):
        item = self.buyer.add(self.shop.product())["items"][0]
        path = f"/cart/items/{item['id']}/"
        self.assertEqual(list(self.buyer.delete(path).expect(200).json), ["message"])
        self.buyer.delete(path).expect(404, "cart_item_not_found")
        self.buyer.patch(path, {"quantity": 1}).expect(404)

    def test_it_is_cleared_by_post_and_by_delete(self):
        for clear in (self.buyer.post, self.buyer.delete):
            self.buyer.add(self.shop.product(), 2)
            self.buyer.add(self.shop.product())
            self.assertEqual(list(clear("/cart/clear/").expect(200).json), ["message"])
            self.assertEqual(self.buyer.get("/cart/").json["total_items"], 0)
            clear("/cart/clear/").expect(200)

    def test_a_deleted_product_leaves_the_cart(self):
        product = self.shop.product()
        self.buyer.add(product)
        self.shop.admin.delete(f"/products/{product['slug']}/").expect(204)
        self.assertEqual(self.buyer.get("/cart/").json["items"], [])

    def test_a_stale_change_of_an_item_is_412(self):
        product = self.shop.product()
        cart_tag = lambda: self.buyer.get("/cart/").headers["ETag"]
        self.buyer.add(product)
        stale = cart_tag()
        self.buyer.add(product)
        self.buyer.delete("/cart/clear/", headers={"If-Match": stale}).expect(412)
        self.assertEqual(self.buyer.get("/cart/").json["total_items"], 2)
        self.buyer.delete("/cart/clear/", headers={"If-Match": cart_tag()}).expect(200)

    def test_each_has_an_own_cart(self):
        self.buyer.add(self.shop.product())
        other = self.shop.customer()
        self.assertEqual(other.get("/cart/").json["items"], [])
        self.assertNotEqual(other.get("/cart/").json["id"], self.buyer.get("/cart/").json["id"])


if __name__ == "__main__":
    shopd.main()
