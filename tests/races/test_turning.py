"""An edition turns virtual while people register, book, switch and leave: nobody is left in its hall."""

import asyncio
from typing import Any

import pytest

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
    registration_fields,
)
from tests.revisions.conftest import REASON, REVISE
from tests.revisions.test_virtual import require_right_counters


@pytest.mark.parametrize("attempt", range(3))
async def test_edition_turns_virtual_in_the_middle_of_everything(
    client: Client, twin: Client, conn: Connection, attempt: int
) -> None:
    edition = await make_edition(client, in_person_capacity=12, online_capacity=6)
    organizer = await client.as_role("organizer", edition["id"])
    other = twin.with_token(organizer.token)
    room = await make_room(organizer, capacity=3)
    fields = {"access": "booking", "room": room["id"], "online_capacity": 3}
    sessions = []
    for hour in (8, 9):
        slot = {"starts_at": f"2023-12-13T{hour:02}:00:00Z", "ends_at": f"2023-12-13T{hour + 1:02}:00:00Z"}
        sessions.append(await make_session(organizer, **fields, **slot))
    people = [await make_registration(organizer, f"p{n}@x.example") for n in range(14)]
    for person in people[:5]:
        await make_booking(organizer, sessions[0], person)
    online = [await make_registration(organizer, f"o{n}@x.example", mode="online") for n in range(6)]

    def act(number: int) -> list[Any]:
        """What eight callers do at the same time."""
        caller = organizer if number % 2 else other
        return [
            caller.post(REGISTRATIONS, registration_fields(f"new{number}@x.example")),
            caller.post(bookings_of(sessions[number % 2]), {"registration": people[5 + number % 4]["id"]}),
            caller.post(f"{REGISTRATIONS}/{people[number % 3]['id']}/withdraw"),
            caller.post(f"{REGISTRATIONS}/{online[number % 6]['id']}/switch-mode", {"mode": "in_person"}),
        ]

    early = [call for number in range(4) for call in act(number)]
    late = [call for number in range(4, 8) for call in act(number)]
    revise = organizer.post(REVISE, {"mode": "online", "starts_on": "2023-12-12", "reason": REASON})
    answers = await asyncio.gather(*early, revise, *late)

    assert [answer.text for answer in answers if answer.status_code >= 500 and answer.status_code != 503] == []
    revised = answers[len(early)]
    assert revised.status_code == 200, revised.text
    left = (
        "SELECT count(*) FROM registrations WHERE 'in_person' IN (mode, coalesce(waits_for, mode)) "
        "AND status IN ('submitted', 'approved', 'waitlisted')"
    )
    assert await conn.fetchval(left) == 0
    assert await conn.fetchval("SELECT count(*) FROM badges WHERE revoked_at IS NULL") == 0
    assert await conn.fetchval("SELECT count(*) FROM bookings WHERE mode = 'in_person' AND status <> 'cancelled'") == 0
    await require_right_counters(conn)
