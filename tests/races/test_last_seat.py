"""The last place in a session, wanted by many at once, while sessions, rooms and registrations change."""

import asyncio
import itertools
from collections import Counter
from typing import Any

import httpx
import pytest

from forum.bookings import queries
from forum.bookings.types import LockedPlaces
from forum.db import Connection
from tests.client import Client
from tests.factories import (
    REGISTRATIONS,
    bookings_of,
    make_booking,
    make_edition,
    make_registration,
    make_room,
    make_session,
)

PEOPLE, SEATS = 100, 10
SESSIONS = "/v1/editions/grf-2023/sessions"


@pytest.fixture
async def organizers(client: Client, twin: Client) -> list[Client]:
    """The same organizer, speaking to both applications."""
    edition = await make_edition(client, in_person_capacity=None)
    organizer = await client.as_role("organizer", edition["id"])
    return [organizer, twin.with_token(organizer.token)]


async def register(organizers: list[Client], people: int) -> list[dict[str, Any]]:
    """Approved registrations."""
    return await asyncio.gather(
        *(make_registration(organizers[n % 2], f"p{n}@delegates.example") for n in range(people))
    )


async def make_bookable(organizers: list[Client], seats: int | None = SEATS, **fields: Any) -> dict[str, Any]:
    """A session to be booked."""
    return await make_session(organizers[0], **{"access": "booking", "in_person_capacity": seats} | fields)


async def book(organizers: list[Client], session: dict[str, Any], people: list[dict[str, Any]]) -> list[httpx.Response]:
    """Everybody books at once."""
    return await asyncio.gather(
        *(organizers[n % 2].post(bookings_of(session), {"registration": one["id"]}) for n, one in enumerate(people))
    )


async def recount(conn: Connection) -> list[tuple[int, int | None, int, int]]:
    """Of every session: places taken by the counter, capacity, kept over it, and who waits; proved by a recount."""
    rows = await conn.fetch(
        "SELECT taken, capacity, kept_over_capacity, "
        "(SELECT count(*) FROM bookings b WHERE b.session_id = p.session_id AND b.mode = p.mode "
        "AND b.status = 'confirmed') AS recount, "
        "(SELECT count(*) FROM bookings b WHERE b.session_id = p.session_id AND b.mode = p.mode "
        "AND b.status = 'waitlisted') AS waiting FROM session_places p WHERE mode = 'in_person' ORDER BY session_id"
    )
    assert [row["taken"] for row in rows] == [row["recount"] for row in rows]
    return [(row["taken"], row["capacity"], row["kept_over_capacity"], row["waiting"]) for row in rows]


async def order_is_kept(conn: Connection) -> bool:
    """Whether nobody who waits, or left the line, drew a ticket before somebody who was promoted."""
    return not await conn.fetchval(
        "SELECT EXISTS (SELECT FROM bookings w JOIN bookings c USING (edition_id, session_id, mode) "
        "WHERE w.status = 'waitlisted' AND c.status = 'confirmed' AND c.confirmed_at > c.created_at AND c.id > w.id)"
    )


async def misfits(conn: Connection) -> int:
    """Active bookings whose registration or session does not allow them."""
    count: int = await conn.fetchval(
        "SELECT count(*) FROM bookings b JOIN registrations r ON r.id = b.registration_id "
        "JOIN sessions s ON s.id = b.session_id "
        "WHERE b.status <> 'cancelled' AND (r.status <> 'approved' OR r.mode <> b.mode OR s.status = 'cancelled')"
    )
    return count


async def test_last_seats_go_to_exactly_as_many_as_there_are(organizers: list[Client], conn: Connection) -> None:
    session, people = await make_bookable(organizers), await register(organizers, PEOPLE)

    answers = await book(organizers, session, people)

    bodies = [answer.json() for answer in answers]
    assert Counter(answer.status_code for answer in answers) == {201: PEOPLE}
    assert Counter(body["status"] for body in bodies) == {"confirmed": SEATS, "waitlisted": PEOPLE - SEATS}
    positions = sorted(body["waitlist_position"] for body in bodies if body["status"] == "waitlisted")
    assert positions == list(range(1, PEOPLE - SEATS + 1))
    assert await recount(conn) == [(SEATS, SEATS, 0, PEOPLE - SEATS)]


@pytest.fixture
def unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock on the places is taken out, and the first two who read them have both read before either goes on."""
    read_places, both_have_read, reads = queries.lock_session_places, asyncio.Barrier(2), itertools.count(1)

    async def read_without_lock(*args: Any) -> LockedPlaces | None:
        places = await read_places(*args)
        if next(reads) <= 2:
            async with asyncio.timeout(10):  # with the lock, the second never reads
                await both_have_read.wait()
        return places

    unlocked_sql = queries._SQL["lock_session_places"].replace("FOR NO KEY UPDATE", "")
    monkeypatch.setitem(queries._SQL, "lock_session_places", unlocked_sql)
    monkeypatch.setattr(queries, "lock_session_places", read_without_lock)


@pytest.mark.usefixtures("unlocked")
async def test_race_is_caught_by_the_constraint_when_the_lock_is_taken_out(
    organizers: list[Client], conn: Connection
) -> None:
    session, people = await make_bookable(organizers, 1), await register(organizers, 2)

    answers = await book(organizers, session, people)

    assert sorted((answer.status_code, answer.json().get("code")) for answer in answers) == [
        (201, None),
        (409, "no_seat_free"),
    ]
    assert await recount(conn) == [(1, 1, 0, 0)]


async def test_person_who_books_many_times_at_once_has_one_booking(organizers: list[Client], conn: Connection) -> None:
    session, people = await make_bookable(organizers), await register(organizers, 1)

    answers = await book(organizers, session, people * 20)

    made = [answer.json()["id"] for answer in answers if answer.status_code == 201]
    refused = {(one.status_code, one.json()["code"], one.json()["id"]) for one in answers if one.status_code != 201}
    assert (len(made), refused) == (1, {(409, "already_booked", made[0])})
    assert await recount(conn) == [(1, SEATS, 0, 0)]


async def test_every_seat_that_is_given_back_goes_to_one_who_waits(organizers: list[Client], conn: Connection) -> None:
    session, people = await make_bookable(organizers), await register(organizers, 60)
    made = [answer.json() for answer in await book(organizers, session, people[:40])]
    holders = [one for one in made if one["status"] == "confirmed"]
    waiting = [one for one in made if one["status"] == "waitlisted"]

    async def cancel(number: int, booking: dict[str, Any]) -> int:
        answer = await organizers[number % 2].post(f"{bookings_of(session)}/{booking['id']}/cancel")
        return answer.status_code

    leaving = [*holders, *waiting[:5], *holders[:5]]  # some of them twice
    newcomers = asyncio.gather(book(organizers, session, people[40:]))
    statuses = Counter(await asyncio.gather(*(cancel(n, one) for n, one in enumerate(leaving))))
    [answers] = await newcomers

    assert statuses == {200: len(holders) + 5, 409: 5}
    assert Counter(answer.status_code for answer in answers) == {201: 20}
    assert await recount(conn) == [(SEATS, SEATS, 0, 60 - len(holders) - 5 - SEATS)]
    assert await order_is_kept(conn)


async def test_who_withdraws_while_booking_keeps_no_seat(organizers: list[Client], conn: Connection) -> None:
    sessions = [await make_bookable(organizers, 5) for _ in range(3)]
    people = await register(organizers, 30)

    async def withdraw(number: int) -> int:
        path = f"{REGISTRATIONS}/{people[number]['id']}/{('withdraw', 'revoke')[number % 2]}"
        return (await organizers[number % 2].post(path, {})).status_code

    booked = asyncio.gather(*(book(organizers, session, people) for session in sessions))
    withdrawn = Counter(await asyncio.gather(*(withdraw(number) for number in range(20))))
    refused = {
        (answer.status_code, answer.json().get("code"))
        for answers in await booked
        for answer in answers
        if answer.status_code != 201
    }

    assert withdrawn == {200: 20}
    assert refused <= {(409, "registration_not_approved")}
    assert await misfits(conn) == 0
    assert await recount(conn) == [(5, 5, 0, 5)] * 3


async def test_session_cancelled_while_many_book_has_no_booking_left(
    organizers: list[Client], conn: Connection
) -> None:
    session, people = await make_bookable(organizers), await register(organizers, 40)

    first, cancelled, second = await asyncio.gather(
        book(organizers, session, people[:20]),
        organizers[1].post(f"{SESSIONS}/{session['id']}/cancel"),
        book(organizers, session, people[20:]),
    )

    assert cancelled.status_code == 200
    answers = [*first, *second]
    assert {(a.status_code, a.json().get("code")) for a in answers} <= {(201, None), (409, "session_cancelled")}
    assert await misfits(conn) == 0
    assert await recount(conn) == [(0, SEATS, 0, 0)]


async def test_seats_stay_exact_and_nobody_waits_in_a_circle_while_everything_changes(
    organizers: list[Client], conn: Connection
) -> None:
    room = await make_room(organizers[0], capacity=8)
    days = ("13", "14", "15")
    sessions = [
        await make_bookable(
            organizers, 6, room=room["id"], starts_at=f"2023-12-{day}T08:00:00Z", ends_at=f"2023-12-{day}T09:00:00Z"
        )
        for day in days
    ]
    people = await register(organizers, 45)
    for one in people[:15]:
        for session in sessions:
            await make_booking(organizers[0], session, one)

    async def patch(number: int, path: str, fields: dict[str, Any]) -> int:
        return (await organizers[number % 2].patch(path, fields)).status_code

    async def post(number: int, path: str, body: dict[str, Any]) -> int:
        return (await organizers[number % 2].post(path, body)).status_code

    steps = [post(n, f"{REGISTRATIONS}/{one['id']}/withdraw", {}) for n, one in enumerate(people[:12])]
    steps += [
        post(n + k, bookings_of(session), {"registration": one["id"]})
        for n, one in enumerate(people[15:])
        for k, session in enumerate(sessions)
    ]
    for n, capacity in enumerate((3, 9, 2, 5)):
        steps.append(patch(n, f"/v1/editions/grf-2023/rooms/{room['id']}", {"capacity": capacity}))
        steps += [patch(n + 1, f"{SESSIONS}/{one['id']}", {"in_person_capacity": capacity + 1}) for one in sessions]
    steps += [
        post(n, f"{REGISTRATIONS}/{one['id']}/switch-mode", {"mode": "online"}) for n, one in enumerate(people[30:36])
    ]
    statuses = Counter(await asyncio.gather(*steps))

    assert set(statuses) <= {200, 201, 409}
    assert statuses[200] == 12 + 4 * 4 + 6
    assert await misfits(conn) == 0
    room_capacity = await conn.fetchval("SELECT capacity FROM rooms")
    for taken, capacity, kept, waiting in await recount(conn):
        assert capacity is not None
        assert capacity <= room_capacity
        assert taken <= capacity + kept
        assert waiting == 0 or taken >= capacity
