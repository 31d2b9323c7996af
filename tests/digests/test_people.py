"""Digests are of a person, whichever registration brought what; and what else is news at an address."""

from typing import Any

from forum import outbox
from forum.clock import system_clock
from forum.db import Connection
from tests.client import Client
from tests.conftest import Timeline
from tests.digests.conftest import AMINA, Programme, entries_of
from tests.factories import make_appearance, make_booking, make_registration, make_session, make_speaker
from tests.mailboxes import Mailbox
from tests.revisions.conftest import EDITION, Mailroom

REGISTRATIONS = f"{EDITION}/registrations"
DIGESTS = "SELECT status FROM messages WHERE kind = 'programme_change' ORDER BY number"


def calendar(mailroom: Mailroom) -> Mailbox:
    """Amina's calendar, after all that has arrived."""
    box = Mailbox(AMINA)
    for _, content in mailroom.post.server.taken:
        if b"text/calendar" in content:
            box.receive(content)
    assert box.faults == []
    return box


async def test_who_registers_again_is_told_in_one_mail_after_the_mail_that_is_under_way(
    organizer: Client, programme: Programme, mailroom: Mailroom, conn: Connection, clock: Timeline
) -> None:
    first = await make_registration(organizer, AMINA)
    await programme.add("A", "B", "C", "D")
    await programme.publish()
    await mailroom.plan()
    assert await outbox.batch_messages(conn, system_clock()) == 2  # the notice, and the digest
    clock.forward(hours=1)
    await organizer.made(f"{REGISTRATIONS}/{first['id']}/withdraw", None)
    await make_registration(organizer, AMINA, mode="online")
    await programme.cancel("D")
    await programme.publish()
    await mailroom.plan()

    await outbox.batch_messages(conn, system_clock())
    assert [row[0] for row in await conn.fetch(DIGESTS)] == ["sending", "queued"]
    await mailroom.deliver()
    [last] = [mail for mail in await mailroom.deliver() if entries_of(mail)]

    assert sorted(entry[:2] for entry in entries_of(last)) == [
        ("CANCEL", "D"), ("REQUEST", "A"), ("REQUEST", "B"), ("REQUEST", "C"),
    ]  # fmt: skip
    assert [entry.place for entry in calendar(mailroom).entries().values()] == ["Online"] * 3


async def test_digest_of_cancellations_is_dropped_where_no_invitation_reached_its_person(
    organizer: Client, programme: Programme, mailroom: Mailroom, conn: Connection
) -> None:
    await make_registration(organizer, AMINA)
    await programme.add("A", "B", "C", "D")
    await programme.publish()
    await mailroom.plan()
    await outbox.batch_messages(conn, system_clock())
    for title in programme.ids:
        await programme.cancel(title)
    await programme.publish()
    await mailroom.plan()
    assert [row[0] for row in await conn.fetch(DIGESTS)] == ["sending", "queued"]
    await conn.execute("UPDATE messages SET status = 'failed' WHERE kind = 'programme_change' AND status = 'sending'")

    assert [entries_of(mail) for mail in await mailroom.deliver() if entries_of(mail)] == []

    assert [row[0] for row in await conn.fetch(DIGESTS)] == ["failed", "superseded"]


async def test_entry_that_is_sent_once_more_is_newer_than_before(
    organizer: Client, programme: Programme, mailroom: Mailroom, clock: Timeline
) -> None:
    await make_registration(organizer, AMINA)
    await programme.add("A")
    await programme.publish()
    await mailroom.deliver()
    (before,) = calendar(mailroom).held.values()
    [message] = (await organizer.get(f"{EDITION}/messages", params={"kind": "invitation"})).json()["items"]

    await organizer.made(f"{EDITION}/messages/{message['id']}/resend", None)
    assert len(await mailroom.deliver()) == 1

    (after,) = calendar(mailroom).held.values()
    assert (after.sequence, after.entry, after.stamp > before.stamp) == (before.sequence, before.entry, True)


async def test_who_registers_where_a_speaker_was_withdrawn_from_a_session_hears_of_it_anew(
    organizer: Client, mailroom: Mailroom, programme: Programme, clock: Timeline
) -> None:
    table = await make_session(organizer, access="booking", in_person_capacity=3)
    await programme.publish()
    registration = await make_registration(organizer, AMINA)
    clock.forward(hours=1)
    speaker: dict[str, Any] = await make_speaker(organizer, email=AMINA)
    await make_appearance(organizer, table, speaker)
    await mailroom.deliver()
    answer = await organizer.patch(f"{EDITION}/speakers/{speaker['id']}", {"email": "else@speakers.example"})
    assert answer.status_code == 200, answer.text
    await mailroom.deliver()
    await mailroom.deliver()

    await make_booking(organizer, table, registration)
    await mailroom.deliver()

    box = Mailbox(AMINA)
    for recipient, content in mailroom.post.server.taken:
        if recipient == AMINA and b"text/calendar" in content:
            box.receive(content)
    assert (box.faults, len(box.entries())) == ([], 1)
