# SPDX-License-Identifier: MIT
"""The published document and the routes that serve: neither has what the other has not."""
import contract
import shopd


class Document(shopd.ShopTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.web = shopd.Client(cls.shop, prefix="")
        cls.document = cls.web.get("/api/schema/").expect(200).json
        cls.operations = [(method.upper(), path, operation) for path, methods in cls.document["paths"].items()
                          for method, operation in methods.items()]

    def test_it_is_openapi_3_1(self):
        self.assertRegex(self.document["openapi"], r"^3\.1\.\d+$")
        self.assertTrue(self.document["info"]["title"] and self.document["info"]["version"])
        self.assertEqual(self.document["servers"], [{"url": "/api/v1"}])

    def test_it_is_what_the_command_prints(self):
        self.assertEqual(self.document, contract.document())

    def test_every_route_of_the_contract_is_in_it(self):
        published = {(method, contract.shape(path)) for method, path, _ in self.operations}
        for method, path, _ in contract.ROUTES:
            self.assertIn((method, contract.shape(path)), published)
        for path in contract.SERVICE:
            self.assertIn(("GET", contract.shape(path)), published)

    def test_it_has_no_route_that_the_contract_has_not(self):
        known = {(method, contract.shape(path)) for method, path, _ in contract.ROUTES}
        known |= {("GET", contract.shape(path)) for path in contract.SERVICE + ["/"]}
        self.assertEqual({(method, contract.shape(path)) for method, path, _ in self.operations} - known, set())

    def test_every_operation_of_it_is_served(self):
        product = self.shop.product()
        image = self.shop.admin.post(f"/products/{product['slug']}/images/", {"image_url": "/x.png"}).expect(201).json["images"][0]
        for method, path, operation in self.operations:
            values = {"slug": self.shop.shelf["slug"] if "categories" in path else product["slug"], "id": image["id"],
                      "order_id": 1, "file": "init.js"}
            with self.subTest(operation=f"{method} {path}"):
                answer = self.anybody.call(method, path.format_map(values))
                self.assertNotIn(answer.status, (404, 405))

    def test_operations_have_names_of_their_own_and_a_summary(self):
        names = [operation["operationId"] for _, _, operation in self.operations]
        self.assertEqual(len(names), len(set(names)))
        for method, path, operation in self.operations:
            self.assertTrue(operation["summary"] and operation["tags"], f"{method} {path}")

    def test_every_parameter_of_a_path_is_described(self):
        for method, path, operation in self.operations:
            named = {p["name"] for p in operation.get("parameters", []) if p.get("in") == "path"}
            self.assertEqual(named, set(contract.re.findall(r"\{(\w+)\}", path)), f"{method} {path}")

    def test_who_may_call_is_told(self):
        access = {(method, contract.shape(path)): who for method, path, who in contract.ROUTES}
        for method, path, operation in self.operations:
            who = access.get((method, contract.shape(path)), "all")
            schemes = [name for one in operation["security"] for name in one]
            with self.subTest(operation=f"{method} {path}"):
                if who in ("user", "staff"):
                    self.assertEqual(schemes, ["bearer", "cookie"])
                    self.assertNotIn({}, operation["security"])
                else:
                    self.assertTrue(not operation["security"] or {} in operation["security"])

    def test_every_reference_leads_somewhere_and_every_schema_is_used(self):
        references = set()

        def walk(value):
            if isinstance(value, dict):
                if "$ref" in value:
                    references.add(value["$ref"])
                for member in value.values():
                    walk(member)
            elif isinstance(value, list):
                for item in value:
                    walk(item)

        walk(self.document)
        for reference in references:
            self.assertIsNotNone(contract.resolve(reference), reference)
        for name in self.document["components"]["schemas"]:
            self.assertIn("#/components/schemas/" + name, references)

    def test_inputs_take_no_other_members(self):
        for name, schema in self.document["components"]["schemas"].items():
            if "_input" in name:
                self.assertIs(schema["additionalProperties"], False, name)

    def test_nothing_can_be_set_that_only_the_shop_sets(self):
        for name, schema in self.document["components"]["schemas"].items():
            if "_input" in name:
                self.assertFalse({"is_staff", "user", "id", "created_at", "amount_refunded", "total_price"} & set(schema["properties"]), name)

    def test_errors_are_problems(self):
        for method, path, operation in self.operations:
            for status, response in operation["responses"].items():
                if status[0] in "45":
                    response = contract.resolve(response["$ref"]) if "$ref" in response else response
                    self.assertEqual(list(response["content"]), ["application/problem+json"], f"{method} {path} {status}")

    def test_there_is_a_yaml_form_with_the_same_operations(self):
        for answer in (self.web.get("/api/schema/?format=yaml"), self.web.get("/api/schema/", headers={"Accept": "application/yaml"})):
            answer.expect(200)
            self.assertIn("yaml", answer.headers["Content-Type"])
            text = answer.body.decode()
            self.assertRegex(text, r'^openapi: ["\']?3\.1\.')
            for _, path, operation in self.operations:
                self.assertIn(path, text)
                self.assertIn(operation["operationId"], text)
        self.assertEqual(self.web.get("/api/schema/?format=json", headers={"Accept": "application/yaml"}).json, self.document)

    def test_it_can_be_kept_in_a_cache(self):
        tag = self.web.get("/api/schema/").headers["ETag"]
        self.web.get("/api/schema/", headers={"If-None-Match": tag}).expect(304)
        self.assertNotEqual(self.web.get("/api/schema/?format=yaml").headers["ETag"], tag)

    def test_every_error_that_the_document_knows_has_its_headers(self):
        responses = self.document["components"]["responses"]
        self.assertIn("WWW-Authenticate", responses["Unauthenticated"]["headers"])
        self.assertIn("Retry-After", responses["Unavailable"]["headers"])


if __name__ == "__main__":
    shopd.main()
