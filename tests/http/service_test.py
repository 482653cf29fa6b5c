# SPDX-License-Identifier: MIT
"""The service itself: the API's pages, the demo shop, health and counters."""
import html.parser
import re
import tempfile
import urllib.parse

import shopd


class Links(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found, self.inline = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.found += [given[name] for name in ("src", "href") if given.get(name)]
        self.inline += [name for name in given if name.startswith("on")] + (["script"] if tag == "script" and "src" not in given else [])


class Service(shopd.ShopTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.web = shopd.Client(cls.shop, prefix="")

    def test_the_reference_needs_no_other_host(self):
        index = self.web.get("/api/docs/").expect(200)
        self.assertTrue(index.headers["Content-Type"].startswith("text/html"))
        links = Links(index.body.decode())
        self.assertTrue(links.found)
        self.assertEqual(links.inline, [])
        for link in links.found:
            self.assertNotRegex(link, r"^(\w+:)?//")
        self.assertNotRegex(index.body.decode(), r"https?://")
        self.assertIn("default-src 'none'", index.headers["Content-Security-Policy"])

    def test_everything_that_the_reference_loads_is_there(self):
        kinds = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
        todo, seen = ["/api/docs/"], set()
        while todo:
            page = todo.pop()
            answer = self.web.get(page).expect(200)
            text = answer.body.decode()
            self.assertTrue(len(answer.body) > 0)
            links = Links(text).found if "html" in answer.headers["Content-Type"] else []
            if page.endswith(".css"):
                links = [link for link in re.findall(r"url\(['\"]?([^'\")]+)", text) if not link.startswith(("data:", "#"))]
            for link in links:
                path = urllib.parse.urlparse(urllib.parse.urljoin("http://x" + page, link)).path
                if path not in seen:
                    seen.add(path)
                    todo.append(path)
                    kind = kinds.get(path[path.rfind("."):])
                    if kind:
                        self.assertTrue(self.web.get(path).headers["Content-Type"].startswith(kind), path)
        self.assertGreaterEqual(len(seen), 3)
        self.assertTrue(any(path.endswith(".js") for path in seen) and any(path.endswith(".css") for path in seen))

    def test_the_reference_without_its_slash_finds_its_files(self):
        """A browser resolves relative links against the page's address, with and without the slash."""
        for page in ("/api/docs", "/api/docs/", "/api/v1/api/docs/"):
            for link in Links(self.web.get(page).expect(200).body.decode()).found:
                path = urllib.parse.urlparse(urllib.parse.urljoin("http://x" + page, link)).path
                self.web.get(path).expect(200)

    def test_no_other_file_comes_out(self):
        for name in ["nothing.js", "..%2fdemo%2fdemo.json", "%2e%2e", "....", "index.html%00", "demo.json", "README.md"]:
            with self.subTest(name=name):
                self.assertIn(self.web.get("/api/docs/" + name).status, (400, 404))
                self.assertIn(self.web.get("/media/demo/" + name).status, (400, 404))

    def test_health_and_readiness(self):
        self.assertEqual(self.web.get("/healthz").expect(200).json, {"status": "ok"})
        self.assertEqual(self.web.get("/readyz").expect(200).json, {"status": "ready"})

    def test_metrics_are_prometheus_text_and_count(self):
        sample = re.compile(r'^([a-z_]+)(\{[a-z_]+="[^"\n]*"(,[a-z_]+="[^"\n]*")*\})? ([0-9.e+-]+|\+Inf|NaN)$')

        def read():
            values, kinds = {}, {}
            answer = self.web.get("/metrics").expect(200)
            self.assertTrue(answer.headers["Content-Type"].startswith("text/plain; version=0.0.4"))
            for line in answer.body.decode().splitlines():
                if line.startswith("# TYPE "):
                    _, _, name, kind = line.split()
                    self.assertNotIn(name, kinds)
                    kinds[name] = kind
                elif not line.startswith("# HELP "):
                    found = sample.match(line)
                    self.assertTrue(found, line)
                    name = (found.group(1), found.group(2))
                    self.assertNotIn(name, values)
                    values[name] = float(found.group(4))
                    base = re.sub(r"_(bucket|sum|count)$", "", found.group(1))
                    self.assertTrue(found.group(1) in kinds or base in kinds, line)
            return values, kinds

        before, kinds = read()
        for _ in range(5):
            self.anybody.get("/products/").expect(200)
            self.anybody.get("/no-such-path/").expect(404)
        after, _ = read()
        for name, value in before.items():
            base = re.sub(r"_(bucket|sum|count)$", "", name[0])
            if kinds.get(name[0], kinds.get(base)) in ("counter", "histogram"):
                self.assertGreaterEqual(after[name], value, name)
        total = lambda values: sum(v for (name, _), v in values.items() if name.endswith("requests_total"))
        self.assertGreaterEqual(total(after) - total(before), 10)

    def test_the_root_says_where_things_are(self):
        index = self.web.get("/").expect(200).json
        for link in ("docs", "schema", "products"):
            self.web.get(index[link]).expect(200)


class Demo(shopd.ShopTest):
    @classmethod
    def setUpClass(cls):
        cls.use(shopd.Shopd("--demo", admin=False))

    def test_it_has_goods_with_pictures(self):
        self.assertEqual(self.anybody.get("/products/categories/").json["count"], 8)
        products = self.anybody.pages("/products/?page_size=100")
        self.assertGreaterEqual(len(products), 57)
        web = shopd.Client(self.shop, prefix="")
        for product in products:
            self.assertTrue(product["images"], product["slug"])
            self.assertEqual(sum(image["is_primary"] for image in product["images"]), 1)
            for image in product["images"]:
                answer = web.get(image["image_url"]).expect(200)
                self.assertEqual(answer.headers["Content-Type"], "image/svg+xml")
                self.assertTrue(b"<svg" in answer.body and b"<script" not in answer.body)
                web.get(image["image_url"], headers={"If-None-Match": answer.headers["ETag"]}).expect(304)
        web.close()

    def test_its_administrator_can_log_in(self):
        self.assertTrue(self.shop.admin.get("/auth/me/").expect(200).json["is_staff"])

    def test_something_can_be_found_and_bought(self):
        product = next(p for p in self.anybody.pages("/products/?in_stock=true") if p["stock_quantity"] > 1)
        self.assertTrue(self.anybody.get(self.link("/products/", search=product["name"])).json["count"])
        self.shop.customer().buy(product)

    def test_a_second_start_leaves_it_alone(self):
        if self.shop.in_memory:
            self.skipTest("memory is fresh each time")
        self.shop.customer()
        count = self.anybody.get("/products/").json["count"]
        self.shop.ask_to_stop()
        self.shop.wait_stopped()
        self.shop.start()
        self.anybody = self.shop.client()
        type(self).anybody = self.anybody
        self.assertEqual(self.anybody.get("/products/").json["count"], count)
        self.assertNotIn("demo administrator", self.shop.output())


class LoadDemo(shopd.unittest.TestCase):
    def test_the_command_fills_a_shop_once(self):
        with tempfile.TemporaryDirectory() as folder:
            database = f"sqlite:{folder}/shop.db"
            for _ in range(2):
                code, _, errors = shopd.run("load-demo", "--database", database, folder=folder)
                self.assertEqual(code, 0, errors)
            with shopd.Shopd(database=database, folder=folder) as shop:
                client = shop.client()
                self.assertEqual(client.get("/products/categories/").json["count"], 8)
                products = client.pages("/products/?page_size=100")
                self.assertGreaterEqual(len(products), 57)
                self.assertEqual(len({p["slug"] for p in products}), len(products))
                self.assertTrue(all(1 <= len(p["images"]) <= 5 for p in products))


if __name__ == "__main__":
    shopd.main()
