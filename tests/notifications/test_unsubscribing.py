"""The link in a mail that one can do without: one click, no sign-in, and only a POST has an effect."""

import re
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from forum.db import Connection
from forum.notifications.service import queue_report
from tests.client import Client
from tests.conftest import Timeline
from tests.contract.test_every_operation import assert_problem
from tests.factories import make_registration
from tests.notifications.conftest import fates
from tests.post import Post

ONE_CLICK = {"content": b"List-Unsubscribe=One-Click", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}


@pytest.fixture
async def organizer(client: Client, grf: dict[str, Any]) -> Client:
    """Who gets the report of the day."""
    return await client.as_role("organizer", grf["id"])


async def report(conn: Connection, grf: dict[str, Any], clock: Timeline, job: int) -> int:
    """Queue a report; for how many."""
    async with conn.transaction():
        return await queue_report(conn, UUID(grf["id"]), date(2023, 12, 13), job, clock())


async def link(conn: Connection, grf: dict[str, Any], clock: Timeline, post: Post) -> str:
    """The path that a report's header field names."""
    await report(conn, grf, clock, 1)
    await post.deliver()
    (mail,) = post.server.mails()
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    found = re.fullmatch(r"<https://forum\.test(/v1/unsubscribe/[A-Za-z0-9_-]+)>", mail["List-Unsubscribe"])
    assert found, mail["List-Unsubscribe"]
    return found[1]


async def test_one_click_ends_the_reports_and_another_brings_them_back(
    client: Client, organizer: Client, conn: Connection, grf: dict[str, Any], clock: Timeline, post: Post
) -> None:
    path = await link(conn, grf, clock, post)

    page = await client.get(path)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<h1>The daily report of Global Refugee Forum 2023</h1><p>You get these mails.</p>" in page.text
    assert await report(conn, grf, clock, 2) == 1
    for _ in range(2):
        answer = await client.request("POST", path, **ONE_CLICK)
        assert answer.status_code == 200
        assert "<p>You do not get these mails any more.</p>" in answer.text
    assert await report(conn, grf, clock, 3) == 0

    assert (await client.post(f"{path}/undo")).status_code == 200

    assert await report(conn, grf, clock, 4) == 1


async def test_link_that_is_not_ours_or_of_nobody_is_not_found(
    client: Client, organizer: Client, conn: Connection, grf: dict[str, Any], clock: Timeline, post: Post
) -> None:
    path = await link(conn, grf, clock, post)

    for wrong in (path[:-2], f"{path}AA", "/v1/unsubscribe/x"):
        assert_problem(await client.request("POST", wrong, **ONE_CLICK), 404, "not_found")
        assert_problem(await client.get(wrong), 404, "not_found")
    await conn.execute("UPDATE messages SET person_id = NULL")
    assert_problem(await client.post(path), 404, "not_found")
    assert await conn.fetchval("SELECT count(*) FROM unsubscriptions") == 0


async def test_what_one_has_to_know_has_no_such_link(
    desk: Client, conn: Connection, post: Post, client: Client
) -> None:
    await make_registration(desk)
    await client.post("/v1/auth/codes", {"email": "a@x.example"})
    await post.deliver()

    assert sorted(await fates(conn)) == [("registration", "sent"), ("sign_in", "sent")]
    assert [mail["List-Unsubscribe"] for mail in post.server.mails()] == [None, None]


async def test_page_speaks_the_language_of_its_reader(
    client: Client, organizer: Client, conn: Connection, grf: dict[str, Any], clock: Timeline, post: Post
) -> None:
    path = await link(conn, grf, clock, post)
    pages = {}
    for language in ("ar", "zh", "en", "fr", "ru", "es", "de"):
        await conn.execute("UPDATE persons SET language = $1", language)
        pages[language] = (await client.get(path)).text

    assert '<html lang="ar" dir="rtl">' in pages["ar"]
    assert "<p>您会收到这类邮件。</p>" in pages["zh"]
    assert "<button>Ne plus les envoyer</button>" in pages["fr"]
    assert pages["de"] == pages["en"]
    assert len(set(pages.values())) == 6
