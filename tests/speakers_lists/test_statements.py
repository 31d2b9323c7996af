"""The texts of statements: what is taken, what is refused, and who reads them."""

from typing import Any

import pytest

from tests.client import Client, pointers
from tests.speakers_lists.conftest import Json, ask, list_of, make_list, move_on

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
TEXT = "Monsieur le Président,\r\nنحن نرحب.\n".encode()


@pytest.fixture
async def requested(manager: Client, delegate: Client, plenary: Json) -> Json:
    """A request of a delegate, accepted, on a published list."""
    await make_list(manager, plenary, published=True)
    made = await delegate.made(f"{list_of(plenary)}/requests", {"rank": "minister", "language": "fr"})
    return await move_on(manager, plenary, made, "accept")


@pytest.fixture
def path(plenary: Json, requested: Json) -> str:
    """Where its statement is."""
    return f"{list_of(plenary)}/requests/{requested['id']}/statement"


async def send(
    caller: Client, path: str, content: bytes, media_type: str = "text/plain", version: int | str = "*", **query: str
) -> Any:
    """The answer to a text that was handed in."""
    etag = version if version == "*" else f'"{version}"'
    headers = {"If-Match": etag, "Content-Type": media_type}
    return await caller.request("PUT", path, content=content, headers=headers, params=query)


async def test_delegate_hands_in_and_the_staff_publishes(
    client: Client, manager: Client, delegate: Client, path: str, plenary: Json
) -> None:
    handed_in = await send(delegate, path, TEXT, version=0)

    assert handed_in.status_code == 200, handed_in.text
    assert handed_in.json()["statement"] == {
        "language": "fr", "media_type": "text/plain", "bytes": len(TEXT), "published": False,
        "uploaded_at": "2023-11-01T09:00:00Z", "version": 1,
    }  # fmt: skip
    assert (await client.get(path)).status_code == 404
    assert (await client.get(f"{list_of(plenary)}/live")).json()["items"][0]["statement"] is None
    assert (await delegate.get(path)).content == TEXT
    assert (await delegate.patch(path, {"published": True})).status_code == 403
    published = await manager.patch(path, {"published": True, "language": "ar"}, 1)
    assert published.json()["statement"]["version"] == 2
    answer = await client.get(path)
    wanted = {
        "Content-Type": "text/plain; charset=utf-8", "Content-Language": "ar", "X-Content-Type-Options": "nosniff",
        "Content-Disposition": f'attachment; filename="statement-{published.json()["id"]}.txt"', "ETag": '"2"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }  # fmt: skip
    assert (answer.content, {name: answer.headers[name] for name in wanted}) == (TEXT, wanted)
    assert (await client.get(f"{list_of(plenary)}/live")).json()["items"][0]["statement"] == {
        "language": "ar", "media_type": "text/plain",
    }  # fmt: skip
    assert (await send(delegate, path, b"Other")).status_code == 403, "what is published is the staff's to change"
    await manager.patch(path, {"published": False}, 2)
    assert (await client.get(path)).status_code == 404


async def test_new_text_takes_the_place_of_the_old_one(manager: Client, path: str) -> None:
    await send(manager, path, TEXT, version=0)

    stale = await send(manager, path, PDF, "application/pdf", version=0)
    made = await send(manager, path, PDF, "application/pdf", version=1, published="true", language="en")
    answer = await manager.get(path)

    assert (stale.status_code, made.status_code) == (412, 200)
    assert (answer.headers["Content-Type"], answer.content) == ("application/pdf", PDF)
    assert answer.headers["Content-Disposition"].endswith('.pdf"')


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        ("application/pdf", TEXT), ("application/pdf", b"%PDF-1.7"), ("application/pdf", b" " + PDF),
        ("application/pdf", PDF[:-7]), ("application/pdf", PDF + b"<script>alert(1)</script>"),
        ("application/pdf", b"%PDF-1.7\n%<html><script>alert(1)</script>" + PDF[9:]),
        ("application/pdf", PDF[:-7] + b"PK\x05\x06" + bytes(18) + b"\n%%EOF\n"), ("application/pdf", b"GIF89a" + PDF),
        ("text/plain", PDF), ("text/plain", b"\xff\xfe"), ("text/plain", b"a\x00b"), ("text/plain", b"\x1b[31m"),
        ("text/plain", b"  <!DOCTYPE html><p>"), ("text/plain", b"Hello <script>alert(1)</script>"),
        ("text/plain", b"\x89PNG\r\n\x1a\n"), ("text/plain", b"Dear %PDF-1.4 reader"),
    ],
)  # fmt: skip
async def test_content_that_is_not_of_its_type_alone_is_refused(
    manager: Client, path: str, media_type: str, content: bytes
) -> None:
    answer = await send(manager, path, content, media_type)

    assert pointers(answer) == {("", "wrong_content")}
    assert (await manager.get(path)).status_code == 404


async def test_type_of_an_octet_stream_is_found_out(manager: Client, path: str) -> None:
    for content, media_type in ((PDF, "application/pdf"), (TEXT, "text/plain; charset=utf-8")):
        assert (await send(manager, path, content, "application/octet-stream")).status_code == 200
        assert (await manager.get(path)).headers["Content-Type"] == media_type


@pytest.mark.parametrize("media_type", ["", "text/html", "image/png", "text/plain; charset=utf-16", "pdf"])
async def test_other_types_are_refused(manager: Client, path: str, media_type: str) -> None:
    assert (await send(manager, path, TEXT, media_type)).status_code == 415


async def test_bad_uploads_are_refused(client: Client, manager: Client, path: str, plenary: Json) -> None:
    at_limit = b"a" * 5_000_000
    empty = await send(manager, path, b"", language="xx-Klingon")
    large = await send(manager, path, at_limit + b"a")
    unconditional = await manager.request("PUT", path, content=TEXT, headers={"Content-Type": "text/plain"})
    stranger = await client.as_person("stranger@else.example")

    assert pointers(empty) == {("", "too_short"), ("language", "unknown_language")}
    assert (large.status_code, unconditional.status_code) == (413, 428)
    assert (await send(stranger, path, TEXT)).status_code == 404
    assert (await client.request("PUT", path, content=TEXT)).status_code == 401
    assert (await manager.patch(path, {"published": True})).status_code == 404
    assert (await send(manager, path, at_limit)).json()["statement"]["bytes"] == 5_000_000


async def test_published_text_of_who_is_not_taken_on_is_read_by_nobody_else(
    client: Client, manager: Client, path: str, plenary: Json, requested: Json
) -> None:
    await send(manager, path, TEXT, published="true")
    assert (await client.get(path)).status_code == 200
    await move_on(manager, plenary, requested, "withdraw")

    assert ((await client.get(path)).status_code, (await manager.get(path)).status_code) == (404, 200)
    other = await ask(manager, plenary, "Other")
    assert (await manager.get(path.replace(requested["id"], other["id"]))).status_code == 404
