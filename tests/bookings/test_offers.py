"""Places of sessions that are offered: held until they are taken, left or expired, and passed on; and their history."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from forum.db import Connection, Pool
from forum.settings import Settings
from tests.bookings.conftest import SESSIONS, bookable, counters, register, standing
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import REGISTRATIONS, bookings_of, make_booking, make_edition
from tests.post import Post, post_office, text_of
from workers.house import keep_house

NAMES = ("amina", "bei", "chidi")
OFFERED_UNTIL = "2023-11-02T09:00:00Z"


@pytest.fixture
async def edition(client: Client) -> dict[str, Any]:
    """An edition that offers the places that become free, for a day."""
    return await make_edition(client, promotion="offer", offer_hours=24)


@pytest.fixture
async def post(pool: Pool, settings: Settings, clock: Timeline) -> AsyncIterator[Post]:
    """A worker, and what it mails."""
    async with post_office(pool, settings, clock) as made:
        yield made


async def offer(organizer: Client, **fields: Any) -> tuple[dict[str, Any], list[str], list[dict[str, Any]]]:
    """A session with one place, which its first holder has given back; three bookings, and whose they are."""
    session = await bookable(organizer, 1, **fields)
    people = await register(organizer, *NAMES)
    bookings = [await make_booking(organizer, session, one) for one in people]
    paths = [f"{bookings_of(session)}/{booking['id']}" for booking in bookings]
    await organizer.made(f"{paths[0]}/cancel", {"reason": "Ill."})
    return session, paths, people


async def histories(organizer: Client, paths: list[str]) -> list[list[tuple[str, str | None]]]:
    """The steps of bookings, with their reasons."""
    items = [(await organizer.get(f"{path}/transitions")).json()["items"] for path in paths]
    return [[(step["status"], step["reason"]) for step in steps] for steps in items]


async def test_place_that_becomes_free_is_held_for_the_first_in_line(
    client: Client, organizer: Client, conn: Connection
) -> None:
    session, paths, _ = await offer(organizer)
    bei, chidi = [await client.as_person(f"{name}@delegates.example") for name in NAMES[1:]]

    offered = (await bei.get(paths[1])).json()
    assert (offered["status"], offered["offer_expires_at"], offered["confirmed_at"]) == ("offered", OFFERED_UNTIL, None)
    assert await counters(conn, session) == (1, 1, 0, 0)
    places = (await bei.get(f"{SESSIONS}/{session['id']}/places")).json()["items"][0]
    assert (places["taken"], places["waiting"]) == (1, 1)
    [zoe] = await register(organizer, "zoe")
    assert (await make_booking(organizer, session, zoe))["waitlist_position"] == 2
    for path in (paths[1], paths[2]):
        assert (await chidi.post(f"{path}/accept-offer")).json()["code"] in ("not_found", "no_seat_offered")

    accepted = await bei.post(f"{paths[1]}/accept-offer")

    assert (accepted.status_code, accepted.json()["status"]) == (200, "confirmed")
    assert accepted.json()["offer_expires_at"] is None
    assert await counters(conn, session) == (1, 1, 0, 1)
    assert (await bei.post(f"{paths[1]}/accept-offer")).json()["code"] == "no_seat_offered"


async def test_declined_and_expired_offers_pass_on_and_end_the_waiting(
    client: Client, organizer: Client, conn: Connection, post: Post, clock: Timeline
) -> None:
    session, paths, _ = await offer(organizer)
    bei = await client.as_person("bei@delegates.example")
    declined = await bei.post(f"{paths[1]}/decline-offer", {"reason": "Another session."})
    assert (declined.status_code, declined.json()["status"]) == (200, "cancelled")
    assert [status for _, status in await standing(conn, session)] == ["cancelled", "cancelled", "offered"]

    clock.forward(hours=24, seconds=-1)
    await keep_house({"office": post.office, "job_id": "test"})
    assert [status for _, status in await standing(conn, session)] == ["cancelled", "cancelled", "offered"]
    clock.forward(seconds=1)
    chidi = await client.as_person("chidi@delegates.example")
    assert (await chidi.post(f"{paths[2]}/accept-offer")).json()["code"] == "no_seat_offered"
    await keep_house({"office": post.office, "job_id": "test"})

    assert [status for _, status in await standing(conn, session)] == ["cancelled", "cancelled", "cancelled"]
    assert await counters(conn, session) == (1, 0, 0, 0)
    assert await histories(organizer, paths) == [
        [("confirmed", None), ("cancelled", "Ill.")],
        [("waitlisted", None), ("offered", "A place became free."), ("cancelled", "Another session.")],
        [("waitlisted", None), ("offered", "A place became free."), ("cancelled", "The offer expired.")],
    ]
    steps = (await chidi.get(f"{paths[2]}/transitions")).json()["items"]
    assert [step["by_token"] is None for step in steps] == [False, False, True]
    assert (steps[1]["at"], steps[1]["offer_expires_at"]) == ("2023-11-01T09:00:00Z", OFFERED_UNTIL)
    assert (await bei.get(f"{paths[2]}/transitions")).status_code == 404


async def test_offer_ends_when_the_session_begins(
    client: Client, organizer: Client, conn: Connection, clock: Timeline
) -> None:
    clock.forward(days=41, hours=20)  # 2023-12-13T05:00:00Z
    session, paths, _ = await offer(organizer)
    bei = await client.as_person("bei@delegates.example")
    assert (await bei.get(paths[1])).json()["offer_expires_at"] == "2023-12-13T08:00:00Z"

    earlier = {"starts_at": "2023-12-13T06:00:00Z"}
    assert (await organizer.patch(f"{SESSIONS}/{session['id']}", earlier)).status_code == 200
    clock.forward(hours=1)

    assert (await bei.post(f"{paths[1]}/accept-offer")).json()["code"] == "session_begun"
    assert await counters(conn, session) == (1, 1, 0, 0)


async def test_offer_goes_with_the_registration_and_with_the_session(organizer: Client, conn: Connection) -> None:
    session, paths, people = await offer(organizer)

    await organizer.made(f"{REGISTRATIONS}/{people[1]['id']}/withdraw", {"reason": "Ill, too."})
    assert [status for _, status in await standing(conn, session)] == ["cancelled", "cancelled", "offered"]
    await organizer.made(f"{SESSIONS}/{session['id']}/cancel", None)

    assert await counters(conn, session) == (1, 0, 0, 0)
    told = await histories(organizer, paths)
    assert told[1][-1] == ("cancelled", "Ill, too.")
    steps = (await organizer.get(f"{REGISTRATIONS}/{people[1]['id']}/transitions")).json()["items"]
    assert [(step["status"], step["reason"]) for step in steps] == [("approved", None), ("withdrawn", "Ill, too.")]


@pytest.mark.parametrize(
    ("language", "subject", "words"),
    [
        ("en", "A place is held for you: Opening plenary", "Held until: Thursday, November 2, 2023, 10:00"),
        ("fr", "Une place vous est réservée : Plénière d'ouverture", "acceptez-la à temps"),
        ("es", "Hay una plaza reservada para usted: Opening plenary", "acéptela a tiempo"),
        ("ru", "За вами закреплено место: Opening plenary", "примите его вовремя"),
        ("zh", "已为您保留席位：Opening plenary", "及时接受"),
        ("ar", "حُجز لكم مقعد: \u2068الجلسة العامة الافتتاحية\u2069", "سجّلوا الدخول واقبلوه"),
    ],
)
async def test_who_is_offered_a_place_is_told_until_when(
    organizer: Client, post: Post, language: str, subject: str, words: str
) -> None:
    session = await bookable(organizer, 1)
    people = await register(organizer, *NAMES[:2], person={"language": language})
    first, _ = [await make_booking(organizer, session, one) for one in people]
    await post.deliver()
    await organizer.made(f"{bookings_of(session)}/{first['id']}/cancel", None)

    (mail,) = [mail for mail in await post.deliver() if "bei" in mail["To"]]

    assert mail["Subject"] == subject
    assert words in text_of(mail)
    assert await post.deliver() == []


async def test_one_offer_is_accepted_once_by_many_at_once_or_expires(
    client: Client, organizer: Client, conn: Connection, post: Post, clock: Timeline
) -> None:
    session, paths, _ = await offer(organizer)
    bei = await client.as_person("bei@delegates.example")
    clock.forward(hours=24, seconds=-1)

    moves = ("accept-offer", "decline-offer") * 6
    answers = await asyncio.gather(*(bei.post(f"{paths[1]}/{move}") for move in moves))

    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 11}
    taken, confirmed = (await counters(conn, session))[1::2]
    statuses = [status for _, status in await standing(conn, session)]
    assert (taken, confirmed) == (1, statuses.count("confirmed"))
    assert statuses in (["cancelled", "confirmed", "waitlisted"], ["cancelled", "cancelled", "offered"])


async def test_booking_cannot_come_back(organizer: Client, conn: Connection) -> None:
    _, paths, _ = await offer(organizer)

    with pytest.raises(Exception, match="cannot change its status"):
        await conn.execute(
            "UPDATE bookings SET status = 'confirmed', confirmed_at = now(), cancelled_at = NULL, version = version + 1"
            " WHERE id = $1::text::uuid",
            paths[0].rpartition("/")[2],
        )
