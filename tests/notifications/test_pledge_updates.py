"""Updates on pledges: who is asked for them, when, once, in which words."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from forum.db import Connection, Pool
from forum.notifications.service import plan_pledge_updates
from forum.settings import Settings
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import make_delegation, make_edition, make_entity, make_pledge
from tests.post import Post, post_office, text_of

DUE = "/v1/editions/grf-2023/pledge-updates-due"
MAY = {"due_on": ["2024-11-01", "2024-05-01", "2024-05-01"], "remind_days": 14}


@pytest.fixture
async def post(pool: Pool, settings: Settings, clock: Timeline) -> AsyncIterator[Post]:
    """What workers mail."""
    async with post_office(pool, settings, clock) as made:
        yield made


@pytest.fixture
async def edition(client: Client) -> dict[str, Any]:
    """An edition in Geneva."""
    return await make_edition(client)


@pytest.fixture
async def officer(client: Client, edition: dict[str, Any]) -> Client:
    """Who looks after pledges; has entered those of the tests."""
    return await client.as_role("pledge_officer", edition["id"])


async def decide(officer: Client, **changes: Any) -> None:
    """Updates are due on days in May and November."""
    answer = await officer.request("PUT", DUE, json=MAY | changes, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text


async def asked(pool: Pool, conn: Connection, clock: Timeline, day: str) -> list[tuple[str, str, list[str], int]]:
    """Do the housework at noon UTC of a day; to whom mails are queued by then, for which day, about which pledges."""
    clock.now = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=UTC)
    async with pool.acquire() as one, one.transaction():
        await plan_pledge_updates(one, clock())
    rows = await conn.fetch(
        "SELECT recipient, payload FROM messages WHERE kind = 'pledge_update' ORDER BY payload ->> 'due_on', recipient"
    )
    return [
        (
            row["recipient"].partition("@")[0],
            row["payload"]["due_on"],
            [pledge["reference"] for pledge in row["payload"]["pledges"]],
            row["payload"]["more"],
        )
        for row in rows
    ]


async def test_days_are_decided_by_pledge_officers_in_order_once_each(client: Client, officer: Client) -> None:
    before = (await officer.get(DUE)).json()
    answer = await officer.request("PUT", DUE, json=MAY, headers={"If-Match": '"0"'})

    assert before == {"due_on": [], "remind_days": 14, "version": 0}
    assert answer.json() == {"due_on": ["2024-05-01", "2024-11-01"], "remind_days": 14, "version": 1}
    assert answer.json() == (await officer.get(DUE)).json()
    assert (await officer.request("PUT", DUE, json=MAY, headers={"If-Match": '"0"'})).status_code == 412
    assert (await (await client.as_person("any@x.example")).get(DUE)).status_code in (403, 404)
    bad = {"due_on": ["2024-02-30", "soon"], "remind_days": 91, "colour": 1}
    refused = await officer.request("PUT", DUE, json=bad, headers={"If-Match": "*"})
    assert refused.status_code == 422
    assert {pointer for pointer, _ in pointers(refused)} == {"/due_on/0", "/due_on/1", "/remind_days", "/colour"}


async def test_who_keeps_public_pledges_is_asked_once_before_each_day(
    client: Client, officer: Client, edition: dict[str, Any], pool: Pool, conn: Connection, clock: Timeline
) -> None:
    city, company = await make_entity(officer, "City of Geneva"), await make_entity(officer, "A Company")
    delegation = await make_delegation(await client.as_role("registrar", edition["id"]), city)
    await client.as_focal_point(delegation["id"], edition["id"], "focal@city.example")
    for lead, status in ((city, "verified"), (company, "verified"), (city, "verified"), (city, "draft"),
                         (city, "submitted"), (city, "withdrawn")):  # fmt: skip
        await make_pledge(officer, lead, status)
    await conn.execute("UPDATE pledges SET stage = 'fulfilled' WHERE number = 3")
    own, ours = ["GRF-2023-0001", "GRF-2023-0002"], ["GRF-2023-0001"]

    assert await asked(pool, conn, clock, "2024-04-20") == []
    await decide(officer)

    assert await asked(pool, conn, clock, "2024-04-16") == []
    in_may = [("focal", "2024-05-01", ours, 0), ("pledge_officer", "2024-05-01", own, 0)]
    for day in ("2024-04-17", "2024-05-01", "2024-05-02", "2024-10-17"):
        assert await asked(pool, conn, clock, day) == in_may
    await conn.execute(
        "INSERT INTO unsubscriptions SELECT edition_id, person_id, kind, now() FROM messages WHERE recipient ~ '^focal'"
    )
    in_november = [("pledge_officer", "2024-11-01", own, 0)]
    for day in ("2024-10-18", "2024-11-01", "2024-11-02"):
        assert await asked(pool, conn, clock, day) == in_may + in_november


async def test_mail_names_the_first_pledges_and_how_many_more_and_can_be_stopped(
    client: Client, officer: Client, pool: Pool, conn: Connection, clock: Timeline, post: Post
) -> None:
    entity = await make_entity(officer, "City of Geneva")
    for number in range(52):
        title = {"en": f"Pledge {number + 1}", "ar": f"تعهد {number + 1}"}
        await make_pledge(officer, entity, "verified", title=title)
    await decide(officer)
    await conn.execute("UPDATE persons SET language = 'ar'")

    await asked(pool, conn, clock, "2024-04-20")
    await post.deliver()

    (mail,) = post.server.mails()
    text = text_of(mail)
    assert "GRF-2023-0001: تعهد 1\n" in text.replace("\r", "")
    assert "GRF-2023-0050" in text
    assert "GRF-2023-0051" not in text
    assert "وتعهدان آخران" in text
    assert 'dir="rtl"' in mail.get_body(("html",)).get_content()
    page = mail["List-Unsubscribe"].removeprefix("<https://forum.test").removesuffix(">")
    assert (await client.post(page)).status_code == 200
    assert await conn.fetchval("SELECT kind FROM unsubscriptions") == "pledge_update"
