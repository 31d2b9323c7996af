"""Reminders: to whom, when, once; by the clocks of the place and of the reader."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from forum.db import Connection, Pool
from forum.notifications.service import plan_reminders
from forum.settings import Settings
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import bookings_of, make_booking, make_edition, make_registration, make_session, publish_programme
from tests.post import Post, post_office, text_of
from workers.house import keep_house

REMINDERS = "/v1/editions/grf-2023/reminders"
SESSIONS = "/v1/editions/grf-2023/sessions"
ADDRESS = "amina@delegates.example"


@pytest.fixture
async def post(pool: Pool, settings: Settings, clock: Timeline) -> AsyncIterator[Post]:
    """What workers mail."""
    async with post_office(pool, settings, clock) as made:
        yield made


@pytest.fixture
async def organizer(client: Client) -> Client:
    """An organizer of the edition `grf-2023`."""
    edition = await make_edition(client)
    return await client.as_role("organizer", edition["id"])


@pytest.fixture
async def session(organizer: Client) -> dict[str, Any]:
    """A session to be booked, at 08:00 UTC on 13 December, published."""
    made = await make_session(organizer, access="booking", in_person_capacity=10, online_capacity=10)
    await publish_programme(organizer)
    return made


async def decide(caller: Client, path: str, **body: Any) -> dict[str, Any]:
    """Decide when people are reminded."""
    answer = await caller.request("PUT", path, json=body, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def on_december(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant, UTC."""
    return datetime(2023, 12, day, hour, minute, tzinfo=UTC)


class Reminded:
    """Does the housework at an instant and reads what is queued."""

    def __init__(self, pool: Pool, conn: Connection, clock: Timeline) -> None:
        self._pool, self._conn, self._clock = pool, conn, clock

    async def __call__(self, now: datetime) -> list[tuple[str, str, str]]:
        """Everything queued up to now: to whom, by which lead, and what became of it."""
        self._clock.now = now
        async with self._pool.acquire() as conn, conn.transaction():
            await plan_reminders(conn, now)
        rows = await self._conn.fetch(
            "SELECT recipient, payload ->> 'minutes', status FROM messages WHERE kind = 'reminder' ORDER BY number"
        )
        return [(row[0].partition("@")[0], row[1], row[2]) for row in rows]


@pytest.fixture
def reminded(pool: Pool, conn: Connection, clock: Timeline) -> Reminded:
    """What reminds people."""
    return Reminded(pool, conn, clock)


async def test_nobody_is_reminded_until_an_organizer_decides(
    client: Client, organizer: Client, session: dict[str, Any], reminded: Reminded
) -> None:
    await make_booking(organizer, session, await make_registration(organizer))
    before = (await organizer.get(REMINDERS)).json()

    assert before == {"reminder_minutes": [], "registered": False, "version": 0}
    assert await reminded(on_december(13, 7, 30)) == []
    registrar = await client.as_role("registrar", (await client.get("/v1/editions/grf-2023")).json()["id"])
    body = {"json": {"reminder_minutes": [60]}, "headers": {"If-Match": '"0"'}}
    assert (await registrar.get(REMINDERS)).json() == before
    assert (await registrar.request("PUT", REMINDERS, **body)).status_code == 403
    decided = await organizer.request("PUT", REMINDERS, **body)
    assert (decided.json(), decided.headers["ETag"]) == (
        {"reminder_minutes": [60], "registered": False, "version": 1}, '"1"',
    )  # fmt: skip
    assert (await organizer.request("PUT", REMINDERS, **body)).status_code == 412
    assert await reminded(on_december(13, 7, 31)) == []  # what was due before that is not made up for


@pytest.mark.parametrize("minutes", [[4], [20161], [5, 6, 7, 8, 9, 10]])
async def test_leads_that_cannot_be_are_refused(organizer: Client, minutes: list[int]) -> None:
    answer = await organizer.request("PUT", REMINDERS, json={"reminder_minutes": minutes}, headers={"If-Match": "*"})

    assert {pointer.split("/")[1] for pointer, _ in pointers(answer)} == {"reminder_minutes"}


async def test_each_place_is_reminded_once_at_each_lead_with_times_here_and_there(
    organizer: Client, session: dict[str, Any], reminded: Reminded, post: Post
) -> None:
    assert (await decide(organizer, REMINDERS, reminder_minutes=[60, 1440, 60]))["reminder_minutes"] == [60, 1440]
    await make_registration(organizer, "idle@delegates.example")
    person = {"timezone": "Asia/Tokyo", "language": "fr"}
    await make_booking(organizer, session, await make_registration(organizer, ADDRESS, person=person))
    await post.deliver()

    assert await reminded(on_december(12, 7, 59)) == []
    assert await reminded(on_december(12, 8)) == [("amina", "1440", "queued")]
    await keep_house({"office": post.office, "job_id": "test"})
    (mail,) = await post.deliver()
    assert await reminded(on_december(13, 6, 59)) == [("amina", "1440", "sent")]
    assert await reminded(on_december(13, 7)) == [("amina", "1440", "sent"), ("amina", "60", "queued")]
    (last,) = await post.deliver()
    assert await reminded(on_december(13, 9)) == [("amina", "1440", "sent"), ("amina", "60", "sent")]

    assert mail["Subject"] == "Rappel : Plénière d'ouverture"
    assert text_of(mail).splitlines() == [
        "Plénière d'ouverture", "",
        "Cette séance (Global Refugee Forum 2023) commence dans 1 jour.", "",
        "Quand: mercredi 13 décembre 2023, 09:00 – 13:00 (Europe/Zurich)", "",
        "À votre heure: mercredi 13 décembre 2023, 17:00 – 21:00 (Asia/Tokyo)", "",
        "Lieu: Palexpo, Geneva",
    ]  # fmt: skip
    assert "commence dans 1 heure." in text_of(last)


async def test_shortest_lead_alone_is_told_after_a_standstill(
    organizer: Client, session: dict[str, Any], reminded: Reminded, post: Post
) -> None:
    await decide(organizer, REMINDERS, reminder_minutes=[1440, 60])
    await make_booking(organizer, session, await make_registration(organizer))
    await post.deliver()

    assert await reminded(on_december(13, 7, 20)) == [("amina", "60", "queued")]
    assert await reminded(on_december(13, 7, 21)) == [("amina", "60", "queued")]
    (mail,) = await post.deliver()
    assert "begins in 40 minutes." in text_of(mail)


async def test_who_books_after_the_lead_waits_or_gave_it_back_is_not_reminded(
    organizer: Client, session: dict[str, Any], reminded: Reminded, clock: Timeline
) -> None:
    await decide(organizer, REMINDERS, reminder_minutes=[60])
    path = f"{SESSIONS}/{session['id']}"
    small = await make_session(organizer, access="booking", in_person_capacity=1, title={"en": "Small"})
    await publish_programme(organizer)
    people = [await make_registration(organizer, f"{name}@delegates.example") for name in ("a", "b", "late")]
    held = [await make_booking(organizer, small, person) for person in people[:2]]
    await make_booking(organizer, session, people[0])
    gone = await make_booking(organizer, session, people[1])
    await organizer.post(f"{bookings_of(session)}/{gone['id']}/cancel")
    clock.now = on_december(13, 7, 1)
    await make_booking(organizer, session, people[2])

    assert [one["status"] for one in held] == ["confirmed", "waitlisted"]
    assert sorted(await reminded(on_december(13, 7, 2))) == [("a", "60", "queued"), ("a", "60", "queued")]
    assert (await organizer.get(path)).status_code == 200


async def test_moved_session_is_reminded_of_again_and_a_cancelled_one_never(
    organizer: Client, session: dict[str, Any], reminded: Reminded
) -> None:
    await decide(organizer, REMINDERS, reminder_minutes=[60])
    await make_booking(organizer, session, await make_registration(organizer))
    path = f"{SESSIONS}/{session['id']}"

    assert await reminded(on_december(13, 7)) == [("amina", "60", "queued")]
    moved = {"starts_at": "2023-12-13T10:00:00Z", "ends_at": "2023-12-13T12:00:00Z"}
    assert (await organizer.patch(path, moved)).status_code == 200
    assert await reminded(on_december(13, 7, 1)) == [("amina", "60", "queued")]  # nobody knows of it yet
    await publish_programme(organizer)
    assert await reminded(on_december(13, 7, 2)) == [("amina", "60", "superseded")]
    assert await reminded(on_december(13, 9)) == [("amina", "60", "superseded"), ("amina", "60", "queued")]
    assert (await organizer.post(f"{path}/cancel")).status_code == 200
    assert [status for *_, status in await reminded(on_december(13, 9, 1))] == ["superseded", "superseded"]
    assert len(await reminded(on_december(13, 9, 59))) == 2


async def test_session_of_all_is_reminded_of_when_the_edition_or_the_session_says_so(
    organizer: Client, reminded: Reminded
) -> None:
    plenary = await make_session(organizer, access="registered", mode="online")
    await make_session(organizer, access="open", title={"en": "Open"})
    await publish_programme(organizer)
    await make_registration(organizer, "hall@delegates.example")
    await make_registration(organizer, "screen@delegates.example", mode="online")
    of_session = f"{SESSIONS}/{plenary['id']}/reminders"

    await decide(organizer, REMINDERS, reminder_minutes=[120])
    assert await reminded(on_december(13, 6)) == []
    await decide(organizer, REMINDERS, reminder_minutes=[90], registered=True)
    assert await reminded(on_december(13, 6, 30)) == [("screen", "90", "queued")]
    own = await decide(organizer, of_session, reminder_minutes=[])
    assert own == {"session": plenary["id"], "reminder_minutes": [], "version": 1}
    await decide(organizer, REMINDERS, reminder_minutes=[60], registered=True)
    assert len(await reminded(on_december(13, 7))) == 1
    await decide(organizer, REMINDERS, reminder_minutes=[])
    await decide(organizer, of_session, reminder_minutes=[45])
    assert (await reminded(on_december(13, 7, 15)))[1:] == [("screen", "45", "queued")]
    assert (await organizer.delete(of_session, 2)).status_code == 204
    assert (await organizer.get(of_session)).json() == {
        "session": plenary["id"], "reminder_minutes": None, "version": 3,
    }  # fmt: skip


async def test_workers_at_the_same_time_remind_once(
    organizer: Client, session: dict[str, Any], pool: Pool, conn: Connection, clock: Timeline
) -> None:
    await decide(organizer, REMINDERS, reminder_minutes=[60])
    for number in range(5):
        await make_booking(organizer, session, await make_registration(organizer, f"p{number}@delegates.example"))
    clock.now = on_december(13, 7)

    async def work() -> int:
        async with pool.acquire() as own, own.transaction():
            return await plan_reminders(own, clock())

    made = await asyncio.gather(*(work() for _ in range(4)))

    assert sum(made) == 5
    assert await conn.fetchval("SELECT count(*) FROM messages WHERE kind = 'reminder'") == 5


async def test_reminder_waits_for_the_morning_of_its_reader_if_an_hour_is_left_then(
    organizer: Client, session: dict[str, Any], reminded: Reminded, post: Post, conn: Connection
) -> None:
    await decide(organizer, REMINDERS, reminder_minutes=[60, 1440])
    for name, zone in (("near", "Europe/Zurich"), ("far", "America/New_York"), ("east", "Asia/Tokyo")):
        person = {"timezone": zone}
        made = await make_registration(organizer, f"{name}@delegates.example", person=person)
        await make_booking(organizer, session, made)
    await post.deliver()

    await reminded(on_december(12, 8))  # a day before: 03:00 in New York, which has four hours to wait
    mails = await post.deliver()
    assert {mail["To"].partition("<")[2] for mail in mails} == {"near@delegates.example>", "east@delegates.example>"}
    hours = await conn.fetchval("SELECT round(extract(epoch FROM next_try_at - now()) / 3600) FROM messages"
                                " WHERE kind = 'reminder' AND status = 'queued'")  # fmt: skip
    assert hours == 4
    await conn.execute("UPDATE messages SET next_try_at = now() WHERE status = 'queued'")
    (late,) = await post.deliver()
    assert "begins in 20 hours" in text_of(late)
    await reminded(on_december(13, 7))  # an hour before: 02:00 there, and nobody would read it in time
    assert len(await post.deliver()) == 3


async def test_reminders_can_be_stopped_by_their_link(
    client: Client, organizer: Client, session: dict[str, Any], reminded: Reminded, post: Post
) -> None:
    await decide(organizer, REMINDERS, reminder_minutes=[60, 1440])
    await make_booking(organizer, session, await make_registration(organizer, ADDRESS))
    await post.deliver()
    await reminded(on_december(12, 8))
    (mail,) = await post.deliver()

    page = mail["List-Unsubscribe"].removeprefix("<https://forum.test").removesuffix(">")
    assert (await client.post(page)).status_code == 200

    assert await reminded(on_december(13, 7)) == [("amina", "1440", "sent")]
    assert (await client.post(f"{page}/undo")).status_code == 200
    assert await reminded(on_december(13, 7, 30)) == [("amina", "1440", "sent")]  # what is over is not made up for
