# SPDX-License-Identifier: MIT
"""The REST contract as data: every route, and what every answer must look like by the published OpenAPI document."""
import functools
import json
import os
import re
import subprocess
import tempfile

# Method, path (without prefix), who may call.
ROUTES = [
    ("POST", "/auth/register/", "all"),
    ("POST", "/auth/login/", "all"),
    ("POST", "/auth/logout/", "user"),
    ("POST", "/auth/token/refresh/", "all"),
    ("POST", "/auth/change-password/", "user"),
    ("GET", "/auth/me/", "user"),
    ("PATCH", "/auth/me/", "user"),
    ("GET", "/products/", "all"),
    ("POST", "/products/", "staff"),
    ("GET", "/products/{slug}/", "all"),
    ("PUT", "/products/{slug}/", "staff"),
    ("PATCH", "/products/{slug}/", "staff"),
    ("DELETE", "/products/{slug}/", "staff"),
    ("POST", "/products/{slug}/images/", "staff"),
    ("GET", "/products/images/{image}/", "all"),
    ("PUT", "/products/images/{image}/", "staff"),
    ("PATCH", "/products/images/{image}/", "staff"),
    ("DELETE", "/products/images/{image}/", "staff"),
    ("GET", "/products/categories/", "all"),
    ("POST", "/products/categories/", "staff"),
    ("GET", "/products/categories/{category}/", "all"),
    ("PUT", "/products/categories/{category}/", "staff"),
    ("PATCH", "/products/categories/{category}/", "staff"),
    ("DELETE", "/products/categories/{category}/", "staff"),
    ("GET", "/cart/", "user"),
    ("POST", "/cart/items/", "user"),
    ("PUT", "/cart/items/{item}/", "user"),
    ("PATCH", "/cart/items/{item}/", "user"),
    ("DELETE", "/cart/items/{item}/", "user"),
    ("POST", "/cart/clear/", "user"),
    ("DELETE", "/cart/clear/", "user"),
    ("POST", "/orders/", "user"),
    ("POST", "/orders/checkout/", "user"),
    ("GET", "/orders/", "user"),
    ("GET", "/orders/{order}/", "user"),
    ("POST", "/orders/{order}/cancel/", "user"),
    ("GET", "/orders/admin/", "staff"),
    ("PATCH", "/orders/{order}/status/", "staff"),
    ("POST", "/orders/admin/{order}/status/", "staff"),
    ("GET", "/payments/config/", "user"),
    ("POST", "/payments/create-intent/", "user"),
    ("POST", "/payments/confirm/", "user"),
    ("GET", "/payments/", "user"),
    ("GET", "/payments/{payment}/", "user"),
    ("GET", "/payments/{payment}/status/", "user"),
    ("GET", "/payments/order/{order}/", "user"),
    ("POST", "/payments/cancel/", "user"),
    ("POST", "/payments/refund/", "user"),
    ("POST", "/payments/sync-status/", "user"),
    ("GET", "/payments/statistics/", "user"),
    ("POST", "/payments/webhook/", "gateway"),
]

# Outside the API's prefix.
SERVICE = ["/api/schema/", "/api/docs/", "/healthz", "/readyz", "/metrics"]

PROBLEM = {"type": str, "title": str, "status": int, "detail": str, "code": str, "request_id": str}
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")


def shape(path):
    """A path of the contract or of the document, with the names of its parameters left out."""
    return re.sub(r"\{\w+\}", "{}", path).rstrip("/") or "/"


@functools.cache
def document():
    """The published document of the binary under test."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([os.environ.get("SHOPD", "shopd"), "openapi"], capture_output=True, check=True, cwd=folder, timeout=120)
    return json.loads(done.stdout)


# ---------------------------------------------------------------------------------------------------- schemas


def resolve(reference):
    at = document()
    for step in reference.removeprefix("#/").split("/"):
        at = at[step]
    return at


KINDS = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None), "number": (int, float)}


def is_kind(value, kind):
    return isinstance(value, KINDS[kind]) and not (kind in ("integer", "number") and isinstance(value, bool))


def faults(schema, value, where="$"):
    """What a value has against a schema: a list of sentences. Members that the schema does not know are faults as well."""
    found = []
    if "$ref" in schema:
        found += faults(resolve(schema["$ref"]), value, where)
    if "anyOf" in schema and all(faults(one, value, where) for one in schema["anyOf"]):
        found.append(f"{where}: {value!r} is none of what it may be")
    if "oneOf" in schema and sum(not faults(one, value, where) for one in schema["oneOf"]) != 1:
        found.append(f"{where}: {value!r} is not one of what it may be")
    if "type" in schema:
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if not any(is_kind(value, kind) for kind in kinds):
            return found + [f"{where}: {value!r} is not {kinds}"]
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{where}: {value!r} is not in {schema['enum']}")
    if isinstance(value, str):
        if schema.get("format") == "date-time" and not TIME.match(value):
            found.append(f"{where}: {value!r} is no time in UTC")
        if "pattern" in schema and not re.search(schema["pattern"], value):
            found.append(f"{where}: {value!r} does not match {schema['pattern']}")
    if isinstance(value, list) and "items" in schema:
        for i, item in enumerate(value):
            found += faults(schema["items"], item, f"{where}[{i}]")
    if isinstance(value, dict) and "properties" in schema:
        found += object_faults(schema, value, where)
    return found


def object_faults(schema, value, where):
    found = [f"{where}: {name} is missing" for name in schema.get("required", []) if name not in value]
    for name, member in value.items():
        if name in schema["properties"]:
            found += faults(schema["properties"][name], member, f"{where}.{name}")
        elif isinstance(schema.get("additionalProperties"), dict):
            found += faults(schema["additionalProperties"], member, f"{where}.{name}")
        else:
            found.append(f"{where}: {name} is not in the document")
    return found


@functools.cache
def operations():
    """(method, shape of the path as a pattern) of every operation."""
    table = []
    for path, methods in document()["paths"].items():
        literals = path.count("/") - path.count("{")
        pattern = re.compile("^" + re.sub(r"\{\w+\}", "[^/]+", path.rstrip("/")) + "/?$")
        for method, operation in methods.items():
            table.append((literals, method.upper(), pattern, operation))
    return sorted(table, key=lambda row: -row[0])


def operation_of(method, target):
    path = target.split("?")[0].removeprefix("/api/v1")
    for _, its_method, pattern, operation in operations():
        if its_method == ("GET" if method == "HEAD" else method) and pattern.match(path):
            return operation
    return None


# ---------------------------------------------------------------------------------------------------- answers


def require(kept, answer, promise):
    if not kept:
        raise AssertionError(f"{answer.method} {answer.path} -> {answer.status}: {promise}\n{dict(answer.headers)}\n{answer.body[:1000]!r}")


def check_problem(answer):
    require(answer.headers["Content-Type"] == "application/problem+json", answer, "an error is problem+json")
    problem = answer.json
    for member, kind in PROBLEM.items():
        require(isinstance(problem.get(member), kind), answer, f"a problem has {member}")
    require(problem["status"] == answer.status, answer, "the problem's status is the answer's")
    require(re.fullmatch(r"[a-z][a-z0-9_]*", problem["code"]), answer, "the code is snake_case")
    require(problem["request_id"] == answer.headers["X-Request-Id"], answer, "the problem's request_id is the header's")
    others = {402: {"errors", "decline_code"}, 503: {"errors", "reason"}}.get(answer.status, {"errors"})
    require(set(problem) <= set(PROBLEM) | others, answer, "a problem has no other members")
    for messages in problem.get("errors", {}).values():
        require(messages and all(isinstance(m, str) and m for m in messages), answer, "errors are {field: [message, …]}")
    words = problem["detail"].lower()
    require(not any(word in words for word in ("sqlite", "select ", "insert ", "traceback", ".c:")), answer, "no inner matters")


def check_status_headers(answer):
    headers = answer.headers
    if answer.status == 401:
        require(headers["WWW-Authenticate"], answer, "401 has WWW-Authenticate")
    if answer.status == 405:
        require(headers["Allow"], answer, "405 has Allow")
    if answer.status in (429, 503):
        require(headers["Retry-After"], answer, "it says when to try again")
    require(not 300 <= answer.status < 400 or answer.status == 304, answer, "nothing redirects")
    require(answer.status not in (500, 501, 502), answer, "no fault of ours")


def check(answer, request_headers=None):
    """Every answer to a request that was read whole keeps these promises."""
    require(answer.headers["X-Request-Id"], answer, "every answer has a request id")
    require(answer.headers["X-Content-Type-Options"] == "nosniff", answer, "types are not guessed")
    check_status_headers(answer)
    if answer.method == "HEAD" or answer.status in (204, 304):
        require(not answer.body, answer, "there is no body")
        return
    operation = operation_of(answer.method, answer.path)
    if answer.status >= 400:
        check_problem(answer)
        if operation and answer.status not in (405,):
            require(str(answer.status) in operation["responses"], answer, "the document knows this status")
        return
    if answer.status == 201:
        require(answer.headers["Location"], answer, "201 has Location")
    if operation and answer.headers["Content-Type"] == "application/json":
        response = operation["responses"].get(str(answer.status))
        require(response is not None, answer, "the document knows this status")
        wrong = faults(response["content"]["application/json"]["schema"], answer.json)
        require(not wrong, answer, "it is as the document says: " + "; ".join(wrong))
        if answer.method == "GET" and not answer.path.startswith(("/api/schema", "/healthz", "/readyz")):
            require(answer.headers["ETag"], answer, "a resource has an ETag")
