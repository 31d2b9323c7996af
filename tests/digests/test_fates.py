"""What the staff does with a digest and with the entries in it, and who goes before whom."""

from typing import Any
from uuid import UUID

import pytest

from forum import outbox
from forum.clock import system_clock
from forum.db import Connection
from tests.client import Client
from tests.contract.test_every_operation import assert_problem
from tests.digests.conftest import AMINA, Programme, entries_of, subjects
from tests.factories import make_registration
from tests.revisions.conftest import EDITION, Mailroom

MESSAGES = f"{EDITION}/messages"
DIGESTS = {"kind": "programme_change"}


@pytest.fixture
async def changed(organizer: Client, programme: Programme, mailroom: Mailroom) -> Programme:
    """Two sessions that have changed for somebody who holds them; the digest of it waits."""
    await make_registration(organizer, AMINA)
    await programme.add("A", "B")
    await programme.publish()
    await mailroom.deliver()
    await programme.move("A")
    await programme.move("B", "15")
    await programme.publish()
    await mailroom.plan_again()
    return programme


async def listed(organizer: Client, **query: str) -> list[dict[str, Any]]:
    """Mails as the staff sees them."""
    items: list[dict[str, Any]] = (await organizer.get(MESSAGES, params=query)).json()["items"]
    return items


async def test_digest_that_is_taken_back_takes_its_entries_along_and_brings_them_when_it_is_sent_once_more(
    organizer: Client, changed: Programme, mailroom: Mailroom
) -> None:
    [digest] = await listed(organizer, **DIGESTS)
    await organizer.made(f"{MESSAGES}/{digest['id']}/cancel", None)

    assert await mailroom.again() == []
    assert len(await listed(organizer, kind="invitation", status="cancelled")) == 2

    again = (await organizer.post(f"{MESSAGES}/{digest['id']}/resend")).json()
    [mail] = await mailroom.again()
    assert mail["Message-ID"] == f"<{again['id']}@calendar.forum.test>"
    assert [entry[:3] for entry in entries_of(mail)] == [("REQUEST", "A", 1), ("REQUEST", "B", 1)]
    assert [message["status"] for message in await listed(organizer, **DIGESTS)] == ["cancelled", "sent"]

    await changed.move("A", "15", 12)
    await changed.publish()
    assert subjects(await mailroom.deliver()) == ["Changed: A"]
    only = (await organizer.post(f"{MESSAGES}/{again['id']}/resend")).json()
    [mail] = await mailroom.deliver()
    assert mail["Message-ID"] == f"<{only['id']}@calendar.forum.test>"
    assert [entry[:3] for entry in entries_of(mail)] == [("REQUEST", "B", 1)]

    await changed.move("B", "15", 14)
    await changed.publish()
    await mailroom.deliver()
    problem = await organizer.post(f"{MESSAGES}/{again['id']}/resend")
    assert_problem(problem, 409, "not_resendable")


async def test_digest_without_the_last_of_its_entries_is_not_sent(
    organizer: Client, changed: Programme, mailroom: Mailroom
) -> None:
    first, second = await listed(organizer, kind="invitation", status="queued")
    await organizer.made(f"{MESSAGES}/{first['id']}/cancel", None)
    [digest] = await listed(organizer, **DIGESTS)
    assert digest["status"] == "queued"

    await organizer.made(f"{MESSAGES}/{second['id']}/cancel", None)

    assert [message["status"] for message in await listed(organizer, **DIGESTS)] == ["superseded"]
    assert await mailroom.again() == []


async def test_digest_waits_for_the_mail_before_it_about_one_of_its_entries(
    changed: Programme, mailroom: Mailroom, conn: Connection
) -> None:
    assert await outbox.batch_messages(conn, system_clock()) == 1
    await changed.cancel("A")
    await changed.move("B", "15", 14)
    await changed.publish()
    await mailroom.plan_again()
    states = "SELECT status FROM messages WHERE kind = 'programme_change' ORDER BY number"

    assert await outbox.batch_messages(conn, system_clock()) == 0
    assert [row[0] for row in await conn.fetch(states)] == ["sending", "queued"]

    first, second = await mailroom.deliver(), await mailroom.deliver()
    assert [[entry[:3] for entry in entries_of(mail)] for mail in (*first, *second)] == [
        [("REQUEST", "A", 1), ("REQUEST", "B", 1)],
        [("CANCEL", "A", 2), ("REQUEST", "B", 2)],
    ]


async def test_digest_that_could_not_be_sent_gives_way_to_the_next(
    changed: Programme, mailroom: Mailroom, conn: Connection
) -> None:
    await outbox.batch_messages(conn, system_clock())
    await changed.cancel("A")
    await changed.move("B", "15", 14)
    await changed.publish()
    await mailroom.plan_again()
    await conn.execute("UPDATE messages SET status = 'queued', batch_id = NULL WHERE kind = 'programme_change'")

    [mail] = await mailroom.again()

    assert [entry[:3] for entry in entries_of(mail)] == [("CANCEL", "A", 2), ("REQUEST", "B", 2)]
    left = "SELECT count(*) FROM messages WHERE status IN ('queued', 'sending')"
    assert await conn.fetchval(left) == 0
    assert UUID(str(mail["Message-ID"])[1:37])
