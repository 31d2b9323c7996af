"""Section 1 of the contract, proved for every operation of the OpenAPI document: a new route cannot forget a rule."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import msgspec

from forum.app import create_app
from forum.docs import encode_document
from forum.http import Application
from forum.openapi import TAGS
from forum.permissions import Permission
from forum.settings import Settings
from tests.client import Client
from tests.factories import make_edition

METHODS = ("get", "post", "patch", "put", "delete")


def _document() -> dict[str, Any]:
    document: dict[str, Any] = msgspec.json.decode(encode_document(create_app(Settings(database_url="unused"))))
    return document


DOCUMENT = _document()


class Operation:
    """One operation of the document."""

    def __init__(self, path: str, method: str) -> None:
        self.path, self.method = path, method
        self.spec = DOCUMENT["paths"][path][method]
        self.id = self.spec["operationId"]
        self.parameters = {parameter["name"]: parameter for parameter in self.spec.get("parameters", [])}
        self.takes = set(self.spec.get("requestBody", {}).get("content", {}))
        self.has_body = "application/json" in self.takes
        self.public = {} in self.spec["security"]
        self.endless = "text/event-stream" in self.spec["responses"].get("200", {}).get("content", {})

    def url(self, edition: str) -> str:
        """The path with an edition that exists and other things that do not."""
        named = re.sub(r"\{number\}", "999", self.path.replace("{edition}", edition))
        return re.sub(r"\{[^}]+\}", lambda _: str(uuid4()), named)

    def needed(self) -> dict[str, str]:
        """The query parameters without which it cannot be asked."""
        required = [p["name"] for p in self.parameters.values() if p["in"] == "query" and p.get("required")]
        return {name: str(uuid4()) for name in required}


OPERATIONS = [Operation(path, m) for path, item in DOCUMENT["paths"].items() for m in METHODS if m in item]
V1 = [operation for operation in OPERATIONS if operation.path.startswith("/v1")]
ENDING = [operation for operation in V1 if not operation.endless]
"""Those whose answer can be read to its end; streams have tests of their own."""


def assert_problem(answer: Any, status: int, code: str) -> None:
    """The answer is a problem document with a request id, and tells nothing of the inside."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json"), answer.text
    problem = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= problem.keys()
    assert (problem["status"], problem["code"], problem["type"]) == (status, code, f"urn:forum:problem:{code}")
    assert answer.headers["X-Request-Id"]
    assert not re.search(r"Traceback|SELECT |INSERT |/src/", answer.text)


@contextmanager
def telling(operation: Operation) -> Iterator[None]:
    """Name the operation in the failure."""
    try:
        yield
    except AssertionError as error:
        raise AssertionError(f"{operation.id}: {error}") from error


def test_operations_are_described() -> None:
    for operation in OPERATIONS:
        with telling(operation):
            assert re.fullmatch(r"[a-z]+(_[a-z]+)+", operation.id)
            assert len(operation.spec["description"]) > 15
            assert len(operation.spec["tags"]) == 1
            assert operation.spec["tags"][0] in TAGS
            assert any(status.startswith("2") for status in operation.spec["responses"])


def test_operation_ids_are_unique() -> None:
    ids = [operation.id for operation in OPERATIONS]
    assert sorted(set(ids)) == sorted(ids)


def test_every_route_names_a_permission(app: Application) -> None:
    missing = [
        str(handler)
        for route in app.routes
        if route.path.startswith("/v1")
        for handler in getattr(route, "route_handlers", [])
        if "OPTIONS" not in handler.http_methods and not isinstance(handler.opt.get("permission"), Permission)
    ]
    assert missing == []


async def test_without_a_token_it_is_401(client: Client) -> None:
    for operation in V1:
        if not operation.public:
            with telling(operation):
                answer = await client.request(operation.method.upper(), operation.url("grf-2023"))
                assert_problem(answer, 401, "unauthenticated")
                assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_with_a_bad_token_it_is_401(client: Client) -> None:
    stranger = client.with_token("forum_not-a-token")
    for operation in V1:
        with telling(operation):
            answer = await stranger.request(operation.method.upper(), operation.url("grf-2023"))
            assert_problem(answer, 401, "unauthenticated")


async def test_bad_bodies_are_refused_before_anything_is_done(client: Client) -> None:
    await make_edition(client)
    admin = await client.as_role("admin")
    for operation in V1:
        if operation.has_body:
            with telling(operation):
                await _assert_strict(admin, operation)


async def _assert_strict(admin: Client, operation: Operation) -> None:
    async def send(content: bytes, media_type: str = "application/json") -> Any:
        headers = {"Content-Type": media_type, "If-Match": "*"}
        return await admin.request(
            operation.method.upper(), operation.url("grf-2023"), content=content, headers=headers
        )

    unknown = await send(b'{"no_such_field": 1}')
    assert_problem(unknown, 422, "invalid")
    faults = {(fault["pointer"], fault["code"]) for fault in unknown.json()["errors"]}
    assert ("/no_such_field", "unknown_field") in faults
    assert {(f"/{field}", "missing") for field in _required(operation)} <= faults
    for malformed in (b'{"a":', b"\xff\xfe", b"[" * 200_000 + b"]" * 200_000):
        assert_problem(await send(malformed), 400, "malformed")
    if operation.method != "post":
        assert_problem(await send(b""), 400, "malformed")
    elif _required(operation):
        faults = {(fault["pointer"], fault["code"]) for fault in (await send(b"")).json()["errors"]}
        assert faults == {(f"/{field}", "missing") for field in _required(operation)}
    else:
        assert operation.spec["requestBody"].get("required", False) is False
    assert_problem(await send(b"<a/>", "application/xml"), 415, "unsupported_media_type")
    assert_problem(await send(b"[]"), 422, "invalid")


def _required(operation: Operation) -> list[str]:
    schema = operation.spec["requestBody"]["content"]["application/json"]["schema"]
    name = schema["$ref"].rpartition("/")[2]
    component = DOCUMENT["components"]["schemas"][name]
    assert component.get("additionalProperties") is False, f"{name} does not say that unknown fields are refused"
    return list(component.get("required", []))


async def test_files_are_taken_in_the_types_that_the_document_names(client: Client) -> None:
    await make_edition(client)
    admin = await client.as_role("admin")
    for operation in (operation for operation in V1 if operation.takes and not operation.has_body):
        for media_type in ("application/json", "image/svg+xml", ""):
            with telling(operation):
                headers = {"Content-Type": media_type, "If-Match": "*"}
                url = operation.url("grf-2023")
                answer = await admin.request(operation.method.upper(), url, content=b"{}", headers=headers)
                assert_problem(answer, 415, "unsupported_media_type")


async def test_without_if_match_it_is_428(client: Client) -> None:
    """Bodies are read first: those that must say something (PUT) are sent in the tests of their slices."""
    edition = await make_edition(client)
    admin = await client.as_role("admin")
    for operation in V1:
        needs_fields = operation.has_body and _required(operation)  # those are asked for first
        if "If-Match" in operation.parameters and not needs_fields:
            with telling(operation):
                body = {"json": {}} if operation.has_body else {}
                answer = await admin.request(operation.method.upper(), operation.url(edition["slug"]), **body)
                assert_problem(answer, 428, "precondition_required")


def test_changes_are_conditional_and_posts_can_be_repeated() -> None:
    for operation in V1:
        with telling(operation):
            replaces = operation.method == "patch" or (operation.method == "put" and operation.has_body)
            assert not replaces or "If-Match" in operation.parameters  # a PUT without a body overwrites nothing
            assert operation.method != "post" or "Idempotency-Key" in operation.parameters


async def test_bad_paging_is_422(client: Client) -> None:
    edition = await make_edition(client)
    admin = await client.as_role("admin")
    bad = {"limit": ("0", "201", "x"), "cursor": ("!", "W10", "é", "bnVsbA"), "count": ("perhaps",)}
    for operation in V1:
        if "cursor" not in operation.parameters:
            continue
        for name, text in ((name, text) for name, texts in bad.items() for text in texts):
            with telling(operation):
                answer = await admin.get(operation.url(edition["slug"]), params=operation.needed() | {name: text})
                assert answer.status_code in (404, 422), (name, text, answer.text)
                if answer.status_code == 422:
                    assert [fault["parameter"] for fault in answer.json()["errors"]] == [name]


async def test_head_answers_as_get_without_a_body(client: Client) -> None:
    edition = await make_edition(client)
    admin = await client.as_role("admin")
    for operation in ENDING:
        if operation.method == "get":
            with telling(operation):
                url = operation.url(edition["slug"])
                read, head = await admin.get(url), await admin.request("HEAD", url)
                assert (head.status_code, head.content) == (read.status_code, b"")
                assert head.headers.get("Content-Type") == read.headers.get("Content-Type")


async def test_thing_that_is_not_there_is_404_or_refused(client: Client) -> None:
    admin = await client.as_role("admin")
    for operation in V1:
        if "{" in operation.path:
            with telling(operation):
                body = {"json": {}} if operation.has_body else {}
                url = operation.url("no-such-edition")
                answer = await admin.request(operation.method.upper(), url, headers={"If-Match": "*"}, **body)
                assert answer.status_code in (404, 409, 422), answer.text


JUNK: list[Any] = [None, 0, -1, 2**70, 1.5, "", "\u0000", "\ud7ff", "a" * 6000, [], {}, [{}], {"en": 1}, True]
JUNK_QUERY = ("x\u0000y", "9" * 400, "-1", "", "null")


async def test_junk_never_causes_a_5xx(client: Client) -> None:
    edition = await make_edition(client)
    admin = await client.as_role("admin")
    for operation in ENDING:
        fields = _fields(operation)
        queries = [name for name, spec in operation.parameters.items() if spec["in"] == "query"]
        for index, value in enumerate(JUNK):
            with telling(operation):
                answer = await admin.request(
                    operation.method.upper(),
                    operation.url(edition["slug"]),
                    params=dict.fromkeys(queries, JUNK_QUERY[index % 5]),
                    headers={"If-Match": "*"},
                    **({"json": dict.fromkeys(fields, value)} if operation.has_body else {}),
                )
                assert answer.status_code < 500, (value, answer.text)
            if not fields and not queries:
                break


def _fields(operation: Operation) -> list[str]:
    if not operation.has_body:
        return []
    name = operation.spec["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    return list(DOCUMENT["components"]["schemas"][name]["properties"])


async def test_options_and_405_list_every_method(client: Client) -> None:
    for path in sorted({operation.path for operation in V1}):
        operations = [operation for operation in V1 if operation.path == path]
        methods = {operation.method.upper() for operation in operations} | {"OPTIONS"}
        methods |= {"HEAD"} if "GET" in methods else set()
        url = operations[0].url("grf-2023")
        with telling(operations[0]):
            unknown = next(method for method in ("PUT", "PATCH", "DELETE") if method not in methods)
            answer, refused = await client.request("OPTIONS", url), await client.request(unknown, url)
            assert answer.status_code == 204
            assert set(answer.headers["Allow"].split(", ")) == methods
            assert_problem(refused, 405, "method_not_allowed")
            assert set(refused.headers["Allow"].split(", ")) == methods
