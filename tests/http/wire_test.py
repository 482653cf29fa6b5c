# SPDX-License-Identifier: MIT
"""Awkward HTTP, byte by byte: what could be read in two ways is refused, and no client holds up another."""
import json
import socket
import time

import contract
import shopd
from shopd import Raw

HOST = "Host: 127.0.0.1\r\n"
JSON = "Content-Type: application/json\r\n"
LOGIN = json.dumps({"email": "a@b.example", "password": "wrong password"})
SMUGGLED = f"GET /smuggled HTTP/1.1\r\n{HOST}\r\n"


def request(method="GET", target="/healthz", headers="", body=""):
    return f"{method} {target} HTTP/1.1\r\n{HOST}{headers}\r\n{body}"


class Wire(shopd.ShopTest):
    def ask(self, data):
        """One answer to these bytes."""
        with Raw(self.shop) as raw:
            return raw.send(data).answer()

    def refused(self, data, status=400):
        """Refused, and the connection closed: nothing that follows is taken for a request."""
        with Raw(self.shop) as raw:
            raw.send(data)
            answer = raw.answer()
            self.assertIsNotNone(answer, data)
            self.assertEqual(answer.status, status, (data, answer.body))
            self.assertTrue(raw.closed(), data)
            return answer

    def problem(self, data, status=400):
        """The same, in the shape of every error."""
        answer = self.refused(data, status)
        contract.check_problem(answer)
        return answer

    # ------------------------------------------------------------------------------------------------ framing

    def test_a_request_has_one_host(self):
        self.problem("GET /healthz HTTP/1.1\r\n\r\n")
        self.problem(f"GET /healthz HTTP/1.1\r\n{HOST}{HOST}\r\n")
        self.problem("GET /healthz HTTP/1.1\r\nHost:\r\n\r\n")
        self.problem("GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n")

    def test_two_lengths_are_refused(self):
        for first, second in [(0, len(SMUGGLED)), (len(SMUGGLED), 0), (2, 2)]:
            self.problem(request("POST", "/auth/login/", f"{JSON}Content-Length: {first}\r\nContent-Length: {second}\r\n", SMUGGLED))

    def test_a_length_and_chunks_together_are_refused(self):
        for headers in ["Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"]:
            self.refused(request("POST", "/auth/login/", JSON + headers, "0\r\n\r\n" + SMUGGLED))

    def test_other_transfer_codings_are_refused(self):
        for coding in ["gzip", "chunked, gzip", "gzip, chunked", "xchunked", "identity", "chunked\r\nTransfer-Encoding: chunked"]:
            self.refused(request("POST", "/auth/login/", f"{JSON}Transfer-Encoding: {coding}\r\n", "0\r\n\r\n" + SMUGGLED))

    def test_a_length_that_is_no_number_is_refused(self):
        for length in ["-1", "+5", "0x5", "5 5", "", "a"]:
            self.refused(request("POST", "/auth/login/", f"{JSON}Content-Length: {length}\r\n", "{}   " + SMUGGLED))

    def test_a_head_with_a_body_is_refused(self):
        with Raw(self.shop) as raw:
            answer = raw.send(request("HEAD", "/healthz", f"Content-Length: {len(SMUGGLED)}\r\n", SMUGGLED)).answer("HEAD")
            self.assertEqual(answer.status, 400)
            self.assertTrue(raw.closed())

    def test_a_get_with_a_body_does_not_run_into_the_next_request(self):
        with Raw(self.shop) as raw:
            raw.send(request("GET", "/healthz", f"Content-Length: {len(SMUGGLED)}\r\n", SMUGGLED) + request("GET", "/readyz"))
            first = raw.answer()
            if first.status == 200:
                self.assertEqual(json.loads(raw.answer().body), {"status": "ready"})
            else:
                self.assertTrue(raw.closed())

    def test_odd_header_names_are_refused(self):
        for line in [b"Content-Length : 5", b": x", b"A B: x", b"A\x01: x", b"Caf\xc3\xa9: x"]:
            self.refused(f"GET /healthz HTTP/1.1\r\n{HOST}".encode() + line + b"\r\n\r\n")

    def test_control_characters_in_headers_are_refused(self):
        for value in [b"a\x00b", b"a\x01b", b"a\x7fb"]:
            self.refused(f"GET /healthz HTTP/1.1\r\n{HOST}X-Test: ".encode() + value + b"\r\n\r\n")

    def test_chunks_are_read(self):
        middle = len(LOGIN) // 2
        body = "".join(f"{len(part):x}\r\n{part}\r\n" for part in (LOGIN[:middle], LOGIN[middle:])) + "0\r\n\r\n"
        answer = self.ask(request("POST", "/auth/login/", JSON + "Transfer-Encoding: chunked\r\n", body))
        self.assertEqual((answer.status, json.loads(answer.body)["code"]), (401, "invalid_credentials"))

    def test_chunks_over_the_limit_are_413(self):
        with Raw(self.shop) as raw:
            raw.send(request("POST", "/auth/login/", JSON + "Transfer-Encoding: chunked\r\n"))
            chunk = f"{65536:x}\r\n{'x' * 65536}\r\n"
            try:
                for _ in range(8):
                    raw.send(chunk)
            except (BrokenPipeError, ConnectionResetError):
                pass
            try:
                answer = raw.answer()
            except ConnectionResetError:
                answer = None
            self.assertTrue(answer is None or answer.status == 413)

    def test_expect_100_continue_is_answered(self):
        with Raw(self.shop) as raw:
            raw.send(request("POST", "/auth/login/", f"{JSON}Content-Length: {len(LOGIN)}\r\nExpect: 100-continue\r\n"))
            self.assertEqual(raw.answer().status, 100)
            self.assertEqual(raw.send(LOGIN).answer().status, 401)

    # ------------------------------------------------------------------------------------------------ targets

    def test_targets_that_are_no_path_are_refused(self):
        for target in ["http://127.0.0.1/healthz", "//healthz", "//evil.example/healthz", "healthz", "*", "/heal#thz", "/a\\b", "/<b>",
                       '/"', "/é"]:
            self.refused(request("GET", target))

    def test_paths_that_could_be_read_in_two_ways_are_refused(self):
        for path in ["/products%2Fcategories/", "/products%2fcategories/", "/products/%00/", "/products/a%00b/", "/products/%/", "/products/%z1/",
                     "/products/%c3/", "/products/%ff/", "/products/../healthz", "/products/%2e%2e/healthz", "/products/./", "/products//categories/",
                     "/products/a%0ab/"]:
            with self.subTest(path=path):
                answer = self.ask(request("GET", path))
                self.assertIn(answer.status, (400, 404))
                contract.check_problem(answer)

    def test_an_encoded_letter_is_the_letter(self):
        self.assertEqual(self.ask(request("GET", "/%68ealthz")).status, 200)

    def test_options_of_everything_answers(self):
        answer = self.ask(request("OPTIONS", "*"))
        self.assertEqual(answer.status, 204)
        self.assertIn("DELETE", answer.headers["Allow"])

    def test_other_methods_are_refused(self):
        for method in ["TRACE", "CONNECT", "PROPFIND", "get", "FOO", "GETX"]:
            answer = self.ask(request(method))
            self.assertIn(answer.status, (400, 405, 501), method)

    # ------------------------------------------------------------------------------------------------ versions, sizes

    def test_http_1_0_is_answered_and_closed(self):
        with Raw(self.shop) as raw:
            raw.send(f"GET /healthz HTTP/1.0\r\n{HOST}\r\n")
            self.assertEqual(raw.answer().status, 200)
            self.assertTrue(raw.closed())

    def test_other_versions_are_refused(self):
        for version in ["HTTP/2.0", "HTTP/0.9", "HTTP/9.9", "HTTP/1", "HTTPS/1.1", "HTTP/1.1x", ""]:
            with Raw(self.shop) as raw:
                raw.send(f"GET /healthz {version}\r\n{HOST}\r\n")
                answer = raw.answer()
                self.assertTrue(answer is None or answer.status in (400, 505), version)

    def test_giant_headers_are_refused(self):
        self.assertIn(self.ask(request(headers=f"X-Big: {'x' * 100_000}\r\n")).status, (400, 431))
        self.assertIn(self.ask(request(target="/" + "a" * 100_000)).status, (400, 414, 431))

    def test_too_many_headers_are_refused(self):
        self.problem(request(headers="".join(f"A{i}: x\r\n" for i in range(200))), 431)

    def test_headers_that_never_end_are_cut(self):
        with Raw(self.shop) as raw:
            raw.send(f"GET /healthz HTTP/1.1\r\n{HOST}")
            cut = False
            for i in range(100):
                try:
                    raw.send(f"X-{i}: {'x' * 10_000}\r\n")
                except (BrokenPipeError, ConnectionResetError):
                    cut = True
                    break
            try:
                answer = None if cut else raw.answer()
            except ConnectionResetError:
                answer = None
            self.assertTrue(cut or answer is None or answer.status in (400, 431))

    def test_garbage_is_refused(self):
        for data in [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 60 + b"\r\n\r\n", b"GARBAGE\r\n\r\n",
                     b"\r\n\r\n\r\n\r\n", b"\x00" * 300 + b"\r\n\r\n"]:
            with Raw(self.shop) as raw:
                raw.send(data)
                raw.socket.shutdown(socket.SHUT_WR)
                try:
                    answer = raw.answer()
                except (AssertionError, ConnectionResetError):
                    answer = None
                self.assertTrue(answer is None or answer.status >= 400)
        self.anybody.get("/products/").expect(200)

    # ------------------------------------------------------------------------------------------------ connections

    def test_pipelined_requests_are_answered_in_order(self):
        with Raw(self.shop) as raw:
            targets = [("/healthz", "/api/v1/products/?page_size=1", "/nothing", "/readyz")[i % 4] for i in range(40)]
            raw.send("".join(request(target=target, headers=f"X-Request-Id: id-{i}\r\n") for i, target in enumerate(targets)))
            for i, target in enumerate(targets):
                answer = raw.answer()
                self.assertEqual(answer.headers["X-Request-Id"], f"id-{i}")
                self.assertEqual(answer.status, 404 if target == "/nothing" else 200)

    def test_pipelined_changes_happen_in_order(self):
        buyer = self.shop.customer()
        product = self.shop.product(stock=100)
        item = buyer.add(product)["items"][0]["id"]
        with Raw(self.shop) as raw:
            for quantity in range(1, 31):
                body = json.dumps({"quantity": quantity})
                raw.send(request("PUT", f"/cart/items/{item}/",
                                 f"{JSON}Authorization: Bearer {buyer.token}\r\nContent-Length: {len(body)}\r\n", body))
            self.assertEqual([json.loads(raw.answer().body)["quantity"] for _ in range(30)], list(range(1, 31)))
        self.assertEqual(buyer.get("/cart/").json["total_items"], 30)

    def test_a_request_that_comes_byte_by_byte_is_read(self):
        with Raw(self.shop) as raw:
            raw.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in request("POST", "/auth/login/", f"{JSON}Content-Length: {len(LOGIN)}\r\n", LOGIN):
                raw.send(byte)
            self.assertEqual(raw.answer().status, 401)

    def test_half_a_request_changes_nothing(self):
        buyer = self.shop.customer()
        product = self.shop.product(stock=5)
        body = json.dumps({"product_id": product["id"]})
        data = request("POST", "/cart/items/", f"{JSON}Authorization: Bearer {buyer.token}\r\nContent-Length: {len(body)}\r\n", body)
        for cut in (10, len(data) // 2, len(data) - 1):
            with Raw(self.shop) as raw:
                raw.send(data[:cut])
        self.assertEqual(buyer.get("/cart/").expect(200).json["items"], [])

    def test_a_client_that_leaves_harms_nobody(self):
        for _ in range(30):
            with Raw(self.shop) as raw:
                raw.send(request(target="/api/v1/products/?page_size=100") * 5)
        self.anybody.get("/products/").expect(200)

    def test_slow_clients_do_not_hold_up_others(self):
        slow = [Raw(self.shop) for _ in range(50)]
        for i, raw in enumerate(slow):
            raw.send(request("POST", "/auth/login/", f"{JSON}Content-Length: 1000\r\n", "{") if i % 2 else "GET /healthz HTT")
        began = time.monotonic()
        for _ in range(20):
            self.anybody.get("/products/").expect(200)
        self.assertLess(time.monotonic() - began, 5 * shopd.SLOW)
        for raw in slow:
            raw.socket.close()

    def test_a_client_that_does_not_read_holds_up_nobody(self):
        with Raw(self.shop) as raw:
            raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            raw.socket.settimeout(1)
            try:
                for _ in range(200):
                    raw.send(request(target="/api/docs/swagger-ui-bundle.js"))
            except TimeoutError:
                pass
            began = time.monotonic()
            for _ in range(20):
                self.anybody.get("/products/").expect(200)
            self.assertLess(time.monotonic() - began, 5 * shopd.SLOW)

    def test_a_connection_is_kept_and_closed_as_asked(self):
        with Raw(self.shop) as raw:
            for _ in range(3):
                self.assertEqual(raw.send(request()).answer().status, 200)
            answer = raw.send(request(headers="Connection: close\r\n")).answer()
            self.assertEqual(answer.headers["Connection"].lower(), "close")
            self.assertTrue(raw.closed())

    def test_many_connections_at_once_are_served(self):
        many = [Raw(self.shop) for _ in range(300)]
        for raw in many:
            raw.send(request())
        for raw in many:
            self.assertEqual(raw.answer().status, 200)
            raw.socket.close()


class Overload(shopd.ShopTest):
    settings = {"SHOP_MAX_CONNECTIONS": "20", "SHOP_WORKERS": "1", "SHOP_QUEUE": "1", "SHOP_PASSWORD_PASSES": "3",
                "SHOP_PASSWORD_MEMORY_KIB": "30000"}

    def test_what_finds_no_room_is_503_and_told_when_to_come_again(self):
        body = json.dumps({"email": "nobody@shop.example", "password": "wrong password"})
        many = [Raw(self.shop) for _ in range(15)]
        for raw in many:
            raw.send(request("POST", "/auth/login/", f"{JSON}Content-Length: {len(body)}\r\n", body))
        answers = [raw.answer() for raw in many]
        for answer in answers:
            if answer.status == 503:
                contract.check_problem(answer)
                self.assertTrue(answer.headers["Retry-After"].isdigit())
        self.assertEqual(set(shopd.counts(answer.status for answer in answers)), {401, 503})
        for raw in many:
            raw.socket.close()

    def test_connections_have_a_limit_that_frees_itself(self):
        many = []
        try:
            for _ in range(40):
                many.append(Raw(self.shop))
            served = 0
            for raw in many:
                try:
                    raw.send(request())
                    served += raw.answer() is not None
                except OSError:
                    pass
            self.assertTrue(0 < served <= 20, served)
        finally:
            for raw in many:
                raw.socket.close()

        def answered():
            try:
                with Raw(self.shop) as raw:
                    answer = raw.send(request()).answer()
                    return answer and answer.status == 200
            except OSError:
                return False

        shopd.wait_until(answered, "there is room again")


if __name__ == "__main__":
    shopd.main()
