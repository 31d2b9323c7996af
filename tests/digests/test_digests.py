"""One mail for what changes at once in somebody's calendar: what it brings, what it says, and when entries go alone."""

from datetime import timedelta
from typing import Any

import pytest

from forum.db import Connection
from forum.notifications import digests
from tests.client import Client
from tests.digests.conftest import AMINA, Programme, entries_of, said, subjects
from tests.factories import REGISTRATIONS, make_registration, make_room
from tests.revisions.conftest import EDITION, REVISE, Mailroom
from tests.revisions.test_mails import MOVE

CHANGED = "Programme change: Global Refugee Forum 2023"
GATHERED = "SELECT DISTINCT status, attempts FROM messages WHERE kind = 'programme_change' OR digest_id IS NOT NULL"


@pytest.fixture
async def amina(organizer: Client) -> dict[str, Any]:
    """Somebody who takes part in person and lives elsewhere."""
    return await make_registration(organizer, AMINA, person={"timezone": "Africa/Nairobi"})


async def waiting(conn: Connection) -> list[Any]:
    """The digests that are queued."""
    queued = "SELECT id FROM messages WHERE kind = 'programme_change' AND status = 'queued' ORDER BY number"
    rows = await conn.fetch(queued)
    return [row[0] for row in rows]


async def test_what_a_release_changes_is_one_mail_with_every_entry(
    organizer: Client, programme: Programme, amina: dict[str, Any], mailroom: Mailroom, conn: Connection
) -> None:
    await programme.add("Opening", "Panel", "Closing")
    await programme.publish()
    await mailroom.deliver()
    room = await make_room(organizer)
    await programme.move("Opening", "14", 9, room=room["id"])
    await programme.cancel("Panel")
    await programme.add("Dinner")

    told = (await organizer.made(f"{EDITION}/programme/publish?dry_run=true", {}))["told"]
    await programme.publish()
    [mail] = await mailroom.deliver()

    assert (told["people"], told["messages"]) == (1, 3)
    assert mail["Subject"] == CHANGED
    assert entries_of(mail) == [
        ("CANCEL", "Panel", 1, "2023-12-13 10:00:00+01:00"),
        ("REQUEST", "Dinner", 0, "2023-12-13 12:00:00+01:00"),
        ("REQUEST", "Opening", 1, "2023-12-14 10:00:00+01:00"),
    ]
    assert said(mail)[2:] == [
        "Cancelled: Panel",
        "Before: Wednesday, December 13, 2023, 10:00 AM – 10:50 AM (Europe/Zurich)",
        "Before, in your time: Wednesday, December 13, 2023, 12:00 PM – 12:50 PM (Africa/Nairobi)",
        "Invitation: Dinner",
        "When: Wednesday, December 13, 2023, 12:00 PM – 12:50 PM (Europe/Zurich)",
        "Your time: Wednesday, December 13, 2023, 2:00 PM – 2:50 PM (Africa/Nairobi)",
        "Where: Palexpo, Geneva",
        "Changed: Opening",
        "When: Thursday, December 14, 2023, 10:00 AM – 10:50 AM (Europe/Zurich)",
        "Your time: Thursday, December 14, 2023, 12:00 PM – 12:50 PM (Africa/Nairobi)",
        "Before: Wednesday, December 13, 2023, 9:00 AM – 9:50 AM (Europe/Zurich)",
        "Before, in your time: Wednesday, December 13, 2023, 11:00 AM – 11:50 AM (Africa/Nairobi)",
        "Where: Room K, Palexpo, Geneva",
        "Before: Palexpo, Geneva",
        "The calendar entries of your sessions are attached; your calendar keeps them up to date.",
    ]
    assert "List-Unsubscribe" not in mail
    assert [tuple(row) for row in await conn.fetch(GATHERED)] == [("sent", 1)]
    assert await mailroom.again() == []
    assert await mailroom.again() == []


@pytest.mark.parametrize(("sessions", "mails"), [(3, ["Invitation: 0", "Invitation: 1", "Invitation: 2"]),
                                                 (4, ["Your sessions: Global Refugee Forum 2023"])])  # fmt: skip
async def test_first_invitations_go_alone_while_they_are_few(
    programme: Programme, amina: dict[str, Any], mailroom: Mailroom, sessions: int, mails: list[str]
) -> None:
    await programme.add(*map(str, range(sessions)))
    await mailroom.deliver()
    await programme.publish()

    arrived = await mailroom.deliver()

    assert sorted(subjects(arrived)) == mails
    assert sorted(entry[1] for mail in arrived for entry in set(entries_of(mail))) == list(map(str, range(sessions)))
    await programme.move("1")
    await programme.publish()
    assert subjects(await mailroom.deliver()) == ["Changed: 1"]


async def test_digest_that_waits_becomes_the_latest_state_and_what_is_known_is_not_told(
    programme: Programme, amina: dict[str, Any], mailroom: Mailroom, conn: Connection
) -> None:
    await programme.add("A", "B", "C")
    await programme.publish()
    await mailroom.deliver()
    for title, hour in (("A", 8), ("B", 9), ("C", 10)):
        await programme.move(title, "14", hour)
    await programme.publish()
    await mailroom.plan_again()
    first = await waiting(conn)
    await mailroom.plan_again()
    assert await waiting(conn) == first
    assert len(first) == 1

    await programme.move("A", "13", 8)
    await programme.move("B", "15", 9)
    await programme.cancel("C")
    told = (await programme.manager.made(f"{EDITION}/programme/publish?dry_run=true", {}))["told"]
    await programme.publish()
    [mail] = await mailroom.deliver()

    assert (told["people"], told["messages"]) == (1, 2)
    assert [entry[:3] for entry in entries_of(mail)] == [("CANCEL", "C", 2), ("REQUEST", "B", 2)]
    assert mail["Message-ID"] != f"<{first[0]}@calendar.forum.test>"
    await programme.move("B", "15", 10)
    await programme.move("A", "15", 12)
    await programme.publish()
    await mailroom.plan_again()
    await programme.move("A", "13", 8)
    await programme.publish()
    assert subjects(await mailroom.deliver()) == ["Changed: B"]
    assert await mailroom.again() == []


async def test_who_leaves_while_a_digest_waits_is_withdrawn_from_what_they_hold(
    organizer: Client, programme: Programme, amina: dict[str, Any], mailroom: Mailroom
) -> None:
    await programme.add("A", "B", "Gone")
    await programme.publish()
    await mailroom.deliver()
    await programme.cancel("Gone")
    await programme.publish()
    await mailroom.deliver()
    await organizer.made(f"{EDITION}/sessions/{programme.ids['Gone']}/confirm", None)
    await programme.move("A")
    await programme.move("B", "15")
    await programme.add("New")
    await programme.publish()
    await mailroom.plan_again()

    await organizer.post(f"{REGISTRATIONS}/{amina['id']}/withdraw")
    mails = await mailroom.deliver()

    assert sorted(subjects(mails)) == [CHANGED, "Your registration: Global Refugee Forum 2023"]
    assert sorted(entry[:2] for mail in mails for entry in entries_of(mail)) == [("CANCEL", "A"), ("CANCEL", "B")]


async def test_digest_that_is_deferred_is_the_same_mail_again(
    programme: Programme, amina: dict[str, Any], mailroom: Mailroom, conn: Connection
) -> None:
    await programme.add("A", "B")
    await programme.publish()
    await mailroom.deliver()
    await programme.move("A")
    await programme.move("B", "15")
    await programme.publish()
    mailroom.post.server.answers = {AMINA: "451 4.7.1 later"}
    assert await mailroom.deliver() == []
    [digest] = await waiting(conn)
    gathered = f"{GATHERED} AND status <> 'sent'"
    assert [tuple(row) for row in await conn.fetch(gathered)] == [("queued", 1)]

    mailroom.post.server.answers = {}
    await conn.execute("UPDATE messages SET next_try_at = next_try_at - $1::interval", timedelta(hours=1))
    [mail] = await mailroom.again()

    assert mail["Message-ID"] == f"<{digest}@calendar.forum.test>"
    assert [entry[:3] for entry in entries_of(mail)] == [("REQUEST", "A", 1), ("REQUEST", "B", 1)]


async def test_more_entries_than_a_mail_takes_are_several_in_order(
    organizer: Client,
    programme: Programme,
    amina: dict[str, Any],
    mailroom: Mailroom,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(digests, "MOST_IN_DIGEST", 2)
    await programme.add("A", "B", "C", "D", "E")
    await mailroom.deliver()
    await programme.publish()

    mails = [mail for _ in range(3) for mail in await mailroom.deliver()]
    await organizer.post(REVISE, MOVE)
    revised = [mail for _ in range(3) for mail in await mailroom.deliver()]

    wanted = [["A", "B"], ["C", "D"], ["E"]]
    assert [[entry[1] for entry in entries_of(mail)] for mail in mails] == wanted
    assert [[entry[1] for entry in entries_of(mail)] for mail in revised] == wanted
    assert subjects(revised) == ["Important change: Global Refugee Forum 2023", CHANGED, CHANGED]
    assert await mailroom.again() == []


async def test_digest_in_arabic_is_read_from_right_to_left(
    organizer: Client, programme: Programme, mailroom: Mailroom
) -> None:
    await make_registration(organizer, AMINA, person={"language": "ar-EG"})
    await programme.add("A", "B", "C", "D")
    await mailroom.deliver()
    await programme.publish()

    [mail] = await mailroom.deliver()

    page = mail.get_body(("html",))
    assert page is not None
    assert '<html lang="ar" dir="rtl">' in page.get_content()
    assert [entry[1] for entry in entries_of(mail)] == ["A", "B", "C", "D"]


async def test_erased_person_leaves_no_digest(
    organizer: Client, programme: Programme, amina: dict[str, Any], mailroom: Mailroom, conn: Connection
) -> None:
    await programme.add("A", "B", "C", "D")
    await mailroom.deliver()
    await programme.publish()
    await mailroom.deliver()
    await programme.move("A")
    await programme.move("B", "15")
    await programme.publish()
    await mailroom.plan_again()
    assert len(await waiting(conn)) == 1

    await organizer.post(f"{REGISTRATIONS}/{amina['id']}/erase", {"reason": "asked_by_the_person"})

    left = "SELECT count(*) FROM messages WHERE num_nonnulls(registration_id, person_id) > 0 OR recipient LIKE 'amina%'"
    assert await conn.fetchval(left) == 0
    assert await conn.fetchval("SELECT count(*) FROM messages WHERE status IN ('queued', 'sending')") == 0
    assert await mailroom.deliver() == []
