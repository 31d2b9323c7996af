"""Who speaks without a registration is asked, told of changes and told of the end, by mail, as everybody else is."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID

import icalendar
import pytest
from icalendar import Event

from forum.db import Connection, Pool
from forum.settings import Settings
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import (
    make_appearance,
    make_booking,
    make_registration,
    make_room,
    make_session,
    make_speaker,
    publish_programme,
    registration_fields,
)
from tests.post import Post, post_office, text_of
from workers.jobs import invite_edition

AMAL, OTHER = "Amal@speakers.example", "other@speakers.example"
EDITION = "/v1/editions/grf-2023"
MESSAGES = f"{EDITION}/messages"
News = list[tuple[str, str, int]]


class Mailman:
    """What people read in the calendar entries that they are mailed."""

    def __init__(self, post: Post) -> None:
        self.post, self.read = post, 0
        self.events: list[tuple[str, str, Event]] = []

    async def __call__(self) -> News:
        """Do all that waits, and send it: to whom which entries were brought, by method and SEQUENCE."""
        async with self.post.office.pool.acquire() as conn:
            rows = await conn.fetch("SELECT id FROM outbox WHERE kind = 'invite_edition' AND done_at IS NULL")
        await invite_edition({"office": self.post.office, "job_id": "test"}, [row[0] for row in rows])
        for _ in range(3):  # later news of an entry waits for the earlier
            await self.post.deliver()
        self.events = []
        new = [(to, mail) for (to, _), mail in zip(self.post.server.taken, self.post.server.mails(), strict=True)]
        for to, mail in new[self.read :]:
            for part in mail.walk():
                if part.get_content_type() == "text/calendar":
                    calendar = icalendar.Calendar.from_ical(part.get_payload(decode=True))
                    self.events.append((to, str(calendar["METHOD"]), calendar.events[0]))
        self.read = len(new)
        return [(to, method, int(event["SEQUENCE"])) for to, method, event in self.events]

    def stamp(self) -> datetime:
        """DTSTAMP of the one entry that was brought last."""
        ((_, _, event),) = self.events
        return event.DTSTAMP


@pytest.fixture
async def mailman(pool: Pool, settings: Settings, clock: Timeline) -> AsyncIterator[Mailman]:
    """Brings what workers plan and send."""
    async with post_office(pool, settings, clock) as post:
        yield Mailman(post)


@pytest.fixture
async def briefing(manager: Client) -> dict[str, Any]:
    """A published session that no delegate is asked to."""
    made = await make_session(manager, access="media", mode="in_person", type="press")
    await publish_programme(manager)
    return made


@pytest.fixture
async def amal(manager: Client) -> dict[str, Any]:
    """A speaker from outside."""
    return await make_speaker(manager, email=AMAL, language="fr")


async def move(manager: Client, appearance: dict[str, Any], what: str) -> None:
    """Confirm or withdraw an appearance."""
    await manager.made(f"{EDITION}/sessions/{appearance['session']}/appearances/{appearance['id']}/{what}", None)


async def change(manager: Client, path: str, **fields: Any) -> None:
    """Change something of the edition."""
    answer = await manager.patch(f"{EDITION}/{path}", fields)
    assert answer.status_code == 200, answer.text


async def reschedule(manager: Client, session: dict[str, Any], starts_at: str) -> None:
    """The session starts at another time from the next release on."""
    await change(manager, f"sessions/{session['id']}", starts_at=starts_at, ends_at=None)
    await publish_programme(manager)


async def test_speaker_is_asked_once_it_is_published_told_of_time_and_place_and_of_the_end(
    manager: Client, mailman: Mailman, amal: dict[str, Any], conn: Connection
) -> None:
    session = await make_session(manager, access="media", mode="in_person", type="press")
    await make_appearance(manager, session, amal)
    assert await mailman() == []

    await publish_programme(manager)
    assert await mailman() == [(AMAL, "REQUEST", 0)]
    (_, _, entry) = mailman.events[0]
    assert (entry["UID"], entry["ATTENDEE"]) == (f"{session['id']}@calendar.forum.test", f"mailto:{AMAL}")
    assert (entry["ATTENDEE"].params["CN"], entry["ORGANIZER"]) == ("Amal Probe", "mailto:secretariat@forum.example")
    assert str(entry["SUMMARY"]) == session["title"]["fr"]
    assert "Amal Probe" in mailman.post.server.mails()[-1]["To"]
    assert await mailman() == []

    await change(manager, f"sessions/{session['id']}", title={"en": "Opening", "fr": "Ouverture"})
    await publish_programme(manager)
    assert await mailman() == []
    await reschedule(manager, session, "2023-12-14T08:00:00Z")
    assert await mailman() == [(AMAL, "REQUEST", 1)]
    assert "13 décembre 2023" in text_of(mailman.post.server.mails()[-1])  # when it was
    room = await make_room(manager)
    await change(manager, f"sessions/{session['id']}", room=room["id"])
    await publish_programme(manager)
    assert await mailman() == [(AMAL, "REQUEST", 2)]
    await manager.made(f"{EDITION}/sessions/{session['id']}/cancel", None)
    await publish_programme(manager)
    assert await mailman() == [(AMAL, "CANCEL", 3)]
    assert await conn.fetchval("SELECT count(*) FROM outbox WHERE last_error IS NOT NULL") == 0


async def test_withdrawn_speaker_is_told_and_one_who_comes_after_all_is_asked_anew(
    manager: Client, mailman: Mailman, amal: dict[str, Any], briefing: dict[str, Any], clock: Timeline
) -> None:
    appearance = await make_appearance(manager, briefing, amal)
    stamps = []
    for what, method in (("", "REQUEST"), ("withdraw", "CANCEL"), ("confirm", "REQUEST")):
        clock.forward(minutes=1)
        if what:
            await move(manager, appearance, what)
        assert await mailman() == [(AMAL, method, 0)]
        stamps.append(mailman.stamp())
    assert stamps == sorted(set(stamps))  # of the same SEQUENCE the later counts

    speaks_twice = await make_appearance(manager, briefing, amal, role="chair")
    await move(manager, appearance, "withdraw")
    assert await mailman() == []
    await change(manager, f"speakers/{amal['id']}", email=OTHER)
    assert sorted(await mailman()) == [(AMAL, "CANCEL", 0), (OTHER, "REQUEST", 0)]
    await move(manager, speaks_twice, "mark-spoke")
    assert await mailman() == []


async def test_what_was_not_sent_yet_collapses(
    manager: Client, mailman: Mailman, amal: dict[str, Any], briefing: dict[str, Any], conn: Connection
) -> None:
    appearance = await make_appearance(manager, briefing, amal)
    await mailman.post.plan()
    await reschedule(manager, briefing, "2023-12-14T08:00:00Z")
    await move(manager, appearance, "withdraw")
    await mailman.post.plan()
    await move(manager, appearance, "confirm")
    await mailman.post.plan()
    statuses = await conn.fetch("SELECT status FROM messages WHERE kind = 'invitation' ORDER BY number")
    assert [row[0] for row in statuses] == ["superseded", "queued"]
    assert await mailman() == [(AMAL, "REQUEST", 1)]


@pytest.mark.parametrize("is_linked", [False, True])
async def test_registration_takes_the_entry_over_without_a_mail_and_gives_it_back(
    manager: Client, mailman: Mailman, amal: dict[str, Any], is_linked: bool
) -> None:
    plenary = await make_session(manager, access="media" if is_linked else "registered")
    await publish_programme(manager)
    appearance = await make_appearance(manager, plenary, amal)
    assert await mailman() == [(AMAL, "REQUEST", 0)]

    registration = await make_registration(manager, AMAL.lower())
    if is_linked:
        await change(manager, f"speakers/{amal['id']}", registration=registration["id"])
    assert await mailman() == []
    (message,) = (await manager.get(MESSAGES, params={"kind": "invitation"})).json()["items"]
    assert (message["registration_id"], message["speaker_id"]) == (registration["id"], None)
    await reschedule(manager, plenary, "2023-12-14T08:00:00Z")
    assert await mailman() == [(AMAL.lower(), "REQUEST", 1)]

    if is_linked:
        await change(manager, f"speakers/{amal['id']}", registration=None)
    else:
        await manager.made(f"{EDITION}/registrations/{registration['id']}/withdraw", None)
    assert await mailman() == []
    mails = (await manager.get(MESSAGES, params={"speaker": amal["id"]})).json()["items"]
    assert [(mail["method"], mail["status"]) for mail in mails] == [("REQUEST", "sent")] * 2
    await move(manager, appearance, "withdraw")
    assert await mailman() == [(AMAL.lower(), "CANCEL", 1)]


async def test_linked_registration_holds_the_entry_once_it_is_approved_and_ends_it_when_it_ends(
    client: Client, manager: Client, mailman: Mailman, amal: dict[str, Any], briefing: dict[str, Any], conn: Connection
) -> None:
    await make_appearance(manager, briefing, amal)
    await conn.execute("UPDATE editions SET approval = 'review'")
    frontend = await client.as_client((await manager.get(EDITION)).json()["id"], "registrations:create")
    registration = await make_registration(frontend, AMAL)
    assert registration["status"] == "submitted"
    await change(manager, f"speakers/{amal['id']}", registration=registration["id"], email=None)
    assert await mailman() == [(AMAL, "REQUEST", 0)]
    await manager.made(f"{EDITION}/registrations/{registration['id']}/approve", None)
    assert await mailman() == []
    await manager.made(f"{EDITION}/registrations/{registration['id']}/withdraw", None)
    assert await mailman() == [(AMAL, "CANCEL", 0)]


async def test_speakers_who_are_reached_at_one_address_hold_one_entry_of_a_session(
    manager: Client, mailman: Mailman, amal: dict[str, Any], briefing: dict[str, Any]
) -> None:
    colleague = await make_speaker(manager, email=AMAL.lower(), display_name="Bo Second")
    later = {"starts_at": "2023-12-14T12:00:00Z", "ends_at": "2023-12-14T13:00:00Z"}
    another = await make_session(manager, access="media", title={"en": "Another"}, **later)
    await publish_programme(manager)
    first = await make_appearance(manager, briefing, amal)
    second = await make_appearance(manager, briefing, colleague)
    await make_appearance(manager, another, colleague)
    assert sorted(await mailman()) == [(AMAL, "REQUEST", 0), (AMAL.lower(), "REQUEST", 0)]
    await move(manager, first, "withdraw")
    assert await mailman() == []
    await move(manager, second, "withdraw")
    assert [news[1] for news in await mailman()] == ["CANCEL"]


async def test_dry_run_counts_speakers_and_what_they_leave_to_registrations(
    manager: Client, mailman: Mailman, amal: dict[str, Any], briefing: dict[str, Any], conn: Connection
) -> None:
    plenary = await make_session(manager, access="registered", mode="online")
    registered = await make_speaker(manager, email=OTHER)
    for speaker in (amal, registered):
        await make_appearance(manager, briefing, speaker)
    assert len(await mailman()) == 2
    online = registration_fields(OTHER, mode="online")
    registration = await manager.made(f"{EDITION}/registrations", online)
    await change(manager, f"sessions/{briefing['id']}", starts_at="2023-12-14T08:00:00Z", ends_at=None)
    path = f"{EDITION}/programme/publish"
    before = await conn.fetch("SELECT * FROM messages ORDER BY number")

    told = (await manager.made(f"{path}?dry_run=true", {}))["told"]

    assert await conn.fetch("SELECT * FROM messages ORDER BY number") == before
    await publish_programme(manager)
    assert sorted(await mailman()) == [
        (AMAL, "REQUEST", 1), (OTHER, "REQUEST", 0), (OTHER, "REQUEST", 1),
    ]  # fmt: skip
    assert (told["people"], told["messages"]) == (2, 3)
    assert {(row["session"], row["message"], row["mode"], row["people"]) for row in told["sessions"]} == {
        (briefing["id"], "update", "in_person", 2),
        (plenary["id"], "request", "online", 1),
    }
    await change(manager, f"speakers/{registered['id']}", registration=registration["id"])
    told = (await manager.made(f"{path}?dry_run=true", {}))["told"]
    assert (told["people"], told["messages"]) == (1, 1)
    assert await mailman() == [(OTHER, "REQUEST", 1)]  # from now on by the link of who takes part online


async def test_speakers_own_booking_is_the_entry_and_its_end_leaves_what_they_are_confirmed_for(
    manager: Client, mailman: Mailman, amal: dict[str, Any]
) -> None:
    table = await make_session(manager, access="booking", in_person_capacity=3)
    await publish_programme(manager)
    registration = await make_registration(manager, AMAL)
    booking = await make_booking(manager, table, registration)
    appearance = await make_appearance(manager, table, amal)
    assert await mailman() == [(AMAL, "REQUEST", 0)]
    await manager.made(f"{EDITION}/sessions/{table['id']}/bookings/{booking['id']}/cancel", {})
    assert await mailman() == []
    await move(manager, appearance, "withdraw")
    assert await mailman() == [(AMAL, "CANCEL", 0)]


async def test_staff_sees_what_became_of_it_and_sends_it_once_more(
    manager: Client, mailman: Mailman, amal: dict[str, Any], briefing: dict[str, Any]
) -> None:
    await make_appearance(manager, briefing, amal)
    mailman.post.server.answers = {AMAL: "550 5.1.1 no such user"}
    assert await mailman() == []
    (failed,) = (await manager.get(MESSAGES, params={"speaker": amal["id"], "count": "true"})).json()["items"]
    assert (failed["kind"], failed["recipient"], failed["status"]) == ("invitation", AMAL, "failed")
    assert (failed["session_id"], failed["last_error"]) == (briefing["id"], "550 5.1.1 no such user")
    suppressed = (await manager.get(f"{EDITION}/suppressions")).json()["items"]
    for one in suppressed:
        await manager.made(f"{EDITION}/suppressions/{one['id']}/lift", None)
    mailman.post.server.answers = {}

    again = await manager.made(f"{MESSAGES}/{failed['id']}/resend", None)
    assert again["speaker_id"] == amal["id"]
    assert await mailman() == [(AMAL, "REQUEST", 0)]
    await reschedule(manager, briefing, "2023-12-14T08:00:00Z")
    await mailman()
    assert (await manager.post(f"{MESSAGES}/{again['id']}/resend")).status_code == 409


async def test_who_was_never_reached_is_not_told_of_the_end(
    manager: Client, mailman: Mailman, amal: dict[str, Any], briefing: dict[str, Any], conn: Connection
) -> None:
    appearance = await make_appearance(manager, briefing, amal)
    await mailman.post.plan()
    await conn.execute("UPDATE messages SET status = 'sending'")
    await move(manager, appearance, "withdraw")
    await mailman.post.plan()
    methods = await conn.fetch("SELECT payload ->> 'method' FROM messages WHERE kind = 'invitation' ORDER BY number")
    assert [row[0] for row in methods] == ["REQUEST", "CANCEL"]

    await conn.execute("UPDATE messages SET status = 'failed' WHERE status = 'sending'")

    assert await mailman() == []


async def test_erased_speaker_is_sent_nothing_and_is_in_no_mail_any_more(
    client: Client, manager: Client, mailman: Mailman, amal: dict[str, Any], briefing: dict[str, Any], conn: Connection
) -> None:
    await change(manager, f"speakers/{amal['id']}", email=OTHER)
    await make_appearance(manager, briefing, amal)
    later = {"starts_at": "2023-12-14T12:00:00Z", "ends_at": "2023-12-14T13:00:00Z"}
    another = await make_session(manager, access="media", title={"en": "Another"}, **later)
    await publish_programme(manager)
    assert await mailman() == [(OTHER, "REQUEST", 0)]
    await change(manager, f"speakers/{amal['id']}", email=AMAL)
    assert len(await mailman()) == 2
    await make_appearance(manager, another, amal)
    await mailman.post.plan()
    herself = await client.as_person(AMAL.lower())

    shown = (await herself.get("/v1/me/data")).json()
    answer = await herself.post("/v1/me/erasure", {"email": AMAL.lower()})

    assert (answer.status_code, len(shown["tables"]["messages"])) == (200, 2), answer.text
    assert await mailman() == []
    rows = await conn.fetch("SELECT recipient, speaker_id, payload::text FROM messages WHERE kind = 'invitation'")
    assert [(row[0], row[1], amal["id"] in row[2]) for row in rows] == [("erased@erased.invalid", None, False)] * 3
    assert await conn.fetchval("SELECT count(*) FROM speakers WHERE id = $1 AND email IS NULL", UUID(amal["id"])) == 1
