"""Everybody is told once: one mail with old and new, the reason, and every calendar entry that changed."""

from datetime import timedelta
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import icalendar

from forum.db import Connection
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import REGISTRATIONS, make_registration, make_session, publish_programme
from tests.post import link_in, text_of
from tests.revisions.conftest import EDITION, REASON, REVISE, Mailroom

MOVE = {"starts_on": "2024-05-17", "ends_on": "2024-05-20", "reason": REASON}


def entries_of(mail: EmailMessage) -> list[tuple[str, str, int, str]]:
    """What the calendars of a mail ask: method, title, SEQUENCE and when."""
    found = []
    for part in mail.walk():
        if part.get_content_type() == "text/calendar":
            calendar = icalendar.Calendar.from_ical(part.get_content())
            [event] = calendar.walk("VEVENT")
            [attendee] = [event["ATTENDEE"]]
            assert str(attendee) == f"mailto:{mail['To'].addresses[0].addr_spec}"
            assert part["Content-Type"].params["method"] == calendar["METHOD"]
            found.append(
                (str(calendar["METHOD"]), str(event["SUMMARY"]), event["SEQUENCE"], str(event.decoded("DTSTART")))
            )
    return found


def said(mail: EmailMessage) -> list[str]:
    """The lines of a mail's text."""
    return [line for line in text_of(mail).replace("\u202f", " ").splitlines() if line]


async def programme(organizer: Client) -> None:
    """Two sessions to which everybody who is registered is asked, and one that is for all."""
    for title, hour in (("Opening", 8), ("Closing", 14)):
        slot = {"starts_at": f"2023-12-13T{hour:02}:00:00Z", "ends_at": f"2023-12-13T{hour + 2:02}:00:00Z"}
        await make_session(organizer, title={"en": title}, access="registered", **slot)
    await make_session(organizer, title={"en": "Fair"}, access="open")
    await publish_programme(organizer)


async def test_everybody_gets_one_mail_with_all_entries(
    organizer: Client, mailroom: Mailroom, conn: Connection, clock: Timeline
) -> None:
    await programme(organizer)
    amina = await make_registration(organizer, person={"timezone": "Africa/Nairobi"})
    await make_registration(organizer, "paul@delegates.example", mode="online", person={"language": "fr"})
    gone = await make_registration(organizer, "gone@delegates.example")
    await organizer.post(f"{REGISTRATIONS}/{gone['id']}/withdraw")
    await mailroom.deliver()
    clock.forward(days=1)

    answer = await organizer.post(REVISE, MOVE)
    mails = await mailroom.deliver()

    assert answer.json()["people"] == 2
    assert sorted(mail["To"].addresses[0].addr_spec for mail in mails) == [
        "amina@delegates.example", "paul@delegates.example"
    ]  # fmt: skip
    english, french = sorted(mails, key=lambda mail: str(mail["To"]))
    assert english["Subject"] == "Important change: Global Refugee Forum 2023"
    moved = [
        ("REQUEST", "Opening", 1, "2024-05-17 09:00:00+02:00"),
        ("REQUEST", "Closing", 1, "2024-05-17 15:00:00+02:00"),
    ]
    assert entries_of(english) == entries_of(french) == moved
    assert said(english)[:7] == [
        "Global Refugee Forum 2023",
        "The dates, the place or the way in which Global Refugee Forum 2023 is held have changed.",
        "When: Friday, May 17, 2024 – Monday, May 20, 2024 (Europe/Zurich)",
        "Before: Wednesday, December 13, 2023 – Friday, December 15, 2023 (Europe/Zurich)",
        "Where: Palexpo, Geneva",
        "How it is held: In person and online",
        "Why: The hall burnt down.",
    ]
    assert said(english)[-9:-4] == [
        "Opening: Friday, May 17, 2024, 9:00 AM – 11:00 AM (Europe/Zurich)",
        "Your time: Friday, May 17, 2024, 10:00 AM – 12:00 PM (Africa/Nairobi)",
        "Before: Wednesday, December 13, 2023, 9:00 AM – 11:00 AM (Europe/Zurich)",
        "Before, in your time: Wednesday, December 13, 2023, 11:00 AM – 1:00 PM (Africa/Nairobi)",
        "Closing: Friday, May 17, 2024, 3:00 PM – 5:00 PM (Europe/Zurich)",
    ]
    assert "Motif: La salle a brûlé." in text_of(french)
    assert link_in(english)
    assert await mailroom.again() == []
    assert await mailroom.again() == []
    statuses = await conn.fetch("SELECT status, count(*) FROM messages WHERE digest_id IS NOT NULL GROUP BY status")
    assert [tuple(row) for row in statuses] == [("sent", 4)]
    await organizer.post(f"{REGISTRATIONS}/{amina['id']}/withdraw")
    after = await mailroom.deliver()
    assert sorted(entry[0] for mail in after for entry in entries_of(mail)) == ["CANCEL", "CANCEL"]


async def test_who_waits_or_is_looked_at_is_told_and_newcomers_are_not(
    client: Client, organizer: Client, mailroom: Mailroom, clock: Timeline
) -> None:
    await organizer.patch(EDITION, {"in_person_capacity": 1})
    await make_registration(organizer, "first@delegates.example")
    await make_registration(organizer, "waits@delegates.example")
    await organizer.patch(EDITION, {"approval": "review"})
    person = await client.as_person("asks@delegates.example")
    body = {"person": {"family_name": "A", "email": "asks@delegates.example"}, "category": "ngo", "mode": "in_person"}
    await person.made(REGISTRATIONS, body)
    await mailroom.deliver()
    await organizer.post(REVISE, MOVE)
    clock.forward(minutes=1)
    await make_registration(organizer, "late@delegates.example", mode="online")

    told = {mail["To"].addresses[0].addr_spec: str(mail["Subject"]) for mail in await mailroom.deliver()}

    change, own = "Important change: Global Refugee Forum 2023", "Your registration: Global Refugee Forum 2023"
    assert told == {
        "first@delegates.example": change,
        "waits@delegates.example": change,
        "asks@delegates.example": change,
        "late@delegates.example": own,
    }


async def test_two_revisions_before_the_first_was_told_are_one_mail(
    organizer: Client, mailroom: Mailroom, conn: Connection
) -> None:
    await programme(organizer)
    await make_registration(organizer)
    await mailroom.deliver()
    await organizer.post(REVISE, MOVE)
    await mailroom.post.plan()
    await organizer.post(REVISE, {"mode": "in_person", "reason": {"en": "No money for streams."}})
    await organizer.post(REVISE, {"starts_on": "2024-05-18", "ends_on": "2024-05-21", "reason": {"en": "A holiday."}})

    [mail] = await mailroom.deliver()

    text = text_of(mail)
    assert "When: Saturday, May 18, 2024" in text
    assert "Before: Wednesday, December 13, 2023 – Friday, December 15, 2023" in text
    assert [line for line in text.splitlines() if line.startswith("Why")] == [
        "Why: The hall burnt down.", "Why: No money for streams.", "Why: A holiday."
    ]  # fmt: skip
    assert [entry[2] for entry in entries_of(mail)] == [2, 2]
    assert await mailroom.again() == []
    assert await conn.fetchval("SELECT count(*) FROM messages WHERE status = 'queued'") == 0


async def test_digest_that_cannot_be_delivered_takes_its_entries_along(
    organizer: Client, mailroom: Mailroom, conn: Connection
) -> None:
    await programme(organizer)
    await make_registration(organizer)
    await mailroom.deliver()
    await organizer.post(REVISE, MOVE)
    address = "amina@delegates.example"
    states = "SELECT DISTINCT status, attempts FROM messages WHERE kind = 'revision' OR digest_id IS NOT NULL"

    mailroom.post.server.answers = {address: "451 4.7.1 later"}
    assert await mailroom.deliver() == []
    assert [tuple(row) for row in await conn.fetch(states)] == [("queued", 1)]
    mailroom.post.server.answers = {}
    await conn.execute("UPDATE messages SET next_try_at = next_try_at - $1::interval", timedelta(hours=1))
    [mail] = await mailroom.deliver()

    assert len(entries_of(mail)) == 2
    assert [tuple(row) for row in await conn.fetch(states)] == [("sent", 2)]


async def test_session_that_moves_after_the_revision_was_told_is_an_update_of_its_own(
    organizer: Client, mailroom: Mailroom
) -> None:
    await programme(organizer)
    await make_registration(organizer)
    await mailroom.deliver()
    made = (await organizer.post(REVISE, MOVE)).json()
    await mailroom.deliver()
    opening = next(one["id"] for one in made["sessions"] if one["title"]["en"] == "Opening")
    await organizer.patch(f"{EDITION}/sessions/{opening}", {"starts_at": "2024-05-17T08:00:00Z"})
    await publish_programme(organizer)

    [mail] = await mailroom.deliver()

    assert mail["Subject"] == "Changed: Opening"
    assert {entry[2] for entry in entries_of(mail)} == {2}


async def test_erased_person_leaves_no_mail_of_a_revision(
    organizer: Client, mailroom: Mailroom, conn: Connection
) -> None:
    await programme(organizer)
    amina: dict[str, Any] = await make_registration(organizer)
    await mailroom.deliver()
    await organizer.post(REVISE, MOVE)
    await mailroom.post.plan()

    answer = await organizer.post(f"{REGISTRATIONS}/{amina['id']}/erase", {"reason": "asked_by_the_person"})

    assert answer.status_code in (200, 201), answer.text
    left = "SELECT count(*) FROM messages WHERE registration_id = $1 OR recipient LIKE 'amina%'"
    assert await conn.fetchval(left, UUID(amina["id"])) == 0
    assert [mail for mail in await mailroom.deliver() if "amina" in str(mail["To"])] == []
