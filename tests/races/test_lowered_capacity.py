"""A session that loses places while somebody books one: where the edition refuses that, one of the two comes first."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from forum.bookings import queries
from forum.db import Connection
from forum.ids import new_id
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import bookings_of, make_booking, make_edition, make_registration, make_room, make_session

EDITION = "/v1/editions/grf-2023"
RULES = f"{EDITION}/programme/conflict-rules"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
async def organizer(client: Client) -> Client:
    """An organizer of an edition that refuses to have more people booked than there are places."""
    edition = await make_edition(client)
    organizer = await client.as_role("organizer", edition["id"])
    levels = (await organizer.get(RULES)).json() | {"capacity_below_bookings": "refuse"}
    levels.pop("version")
    put = await organizer.request("PUT", RULES, json=levels, headers={"If-Match": "*"})
    assert put.status_code == 200, put.text
    return organizer


@pytest.mark.parametrize("lowered", ["places", "room", "hourless"])
async def test_places_that_somebody_is_about_to_take_are_not_taken_away(
    organizer: Client, conn: Connection, clock: Timeline, lowered: str
) -> None:
    small = await make_room(organizer, name="Small", capacity=1)
    hour: dict[str, Any] = {"starts_at": None, "ends_at": None} if lowered == "hourless" else {}
    session = await make_session(organizer, access="booking", mode="in_person", in_person_capacity=5, **hour)
    people = [await make_registration(organizer, f"{name}@delegates.example") for name in "ab"]
    await make_booking(organizer, session, people[0])
    fields = {"in_person_capacity": 1} if lowered == "places" else {"room": small["id"]}
    place = (UUID((await organizer.get(EDITION)).json()["id"]), UUID(session["id"]))

    async with asyncio.timeout(20), organizer.pool.acquire() as other:
        async with conn.transaction():
            await queries.lock_session_places(conn, *place, "in_person", str(new_id()), "")
            lowering = asyncio.create_task(organizer.patch(f"{EDITION}/sessions/{session['id']}", fields))
            while not await other.fetchval(WAITING):  # noqa: ASYNC110 - what is awaited happens in the database
                await asyncio.sleep(0.01)
            booking = (place[0], new_id(), place[1], UUID(people[1]["id"]))
            await queries.insert_booking(conn, *booking, "in_person", "confirmed", clock())
        answer = await lowering

    assert (answer.status_code, answer.json().get("code")) == (409, "capacity_below_bookings")
    assert await conn.fetchval("SELECT sum(kept_over_capacity) FROM session_places") == 0


async def test_everybody_books_while_places_come_and_go_and_none_is_over(organizer: Client, conn: Connection) -> None:
    session = await make_session(organizer, access="booking", mode="in_person", in_person_capacity=20)
    path = f"{EDITION}/sessions/{session['id']}"
    people = await asyncio.gather(*(make_registration(organizer, f"p{n}@delegates.example") for n in range(20)))

    answers = await asyncio.gather(
        *(
            step
            for n, one in enumerate(people)
            for step in (
                organizer.post(bookings_of(session), {"registration": one["id"]}),
                organizer.patch(path, {"in_person_capacity": 3 + n % 4 * 5}),
            )
        )
    )

    assert {(answer.status_code, answer.json().get("code")) for answer in answers} <= {
        (200, None), (201, None), (409, "capacity_below_bookings")
    }  # fmt: skip
    taken, capacity, kept = await conn.fetchrow(
        "SELECT taken, capacity, kept_over_capacity FROM session_places WHERE mode = 'in_person'"
    ) or (0, 0, 0)
    assert 0 < taken <= capacity
    assert kept == 0
