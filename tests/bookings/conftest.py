from typing import Any

import pytest

from forum.db import Connection
from tests.client import Client
from tests.factories import make_edition, make_registration, make_session

SESSIONS = "/v1/editions/grf-2023/sessions"


@pytest.fixture
async def edition(client: Client) -> dict[str, Any]:
    """The edition `grf-2023`, open, with 100 places in the hall and none counted online."""
    return await make_edition(client)


@pytest.fixture
async def organizer(client: Client, edition: dict[str, Any]) -> Client:
    """An organizer of the edition."""
    return await client.as_role("organizer", edition["id"])


async def bookable(organizer: Client, capacity: int | None = 1, **fields: Any) -> dict[str, Any]:
    """A confirmed session to be booked, with so many places in the hall."""
    return await make_session(organizer, **{"access": "booking", "in_person_capacity": capacity} | fields)


async def register(organizer: Client, *names: str, **fields: Any) -> list[dict[str, Any]]:
    """Approved registrations of people at `@delegates.example`."""
    return [await make_registration(organizer, f"{name}@delegates.example", **fields) for name in names]


async def standing(conn: Connection, session: dict[str, Any]) -> list[tuple[str, str]]:
    """Who booked a session, in order, and where they stand."""
    rows = await conn.fetch(
        "SELECT split_part(p.email, '@', 1) AS name, b.status FROM bookings b "
        "JOIN registrations r ON r.edition_id = b.edition_id AND r.id = b.registration_id "
        "JOIN persons p ON p.id = r.person_id WHERE b.session_id = $1::text::uuid ORDER BY b.id",
        session["id"],
    )
    return [(row["name"], row["status"]) for row in rows]


async def counters(conn: Connection, session: dict[str, Any], mode: str = "in_person") -> tuple[Any, ...]:
    """Capacity, places taken, those kept over the capacity, and a recount."""
    row = await conn.fetchrow(
        "SELECT p.capacity, p.taken, p.kept_over_capacity, (SELECT count(*) FROM bookings b "
        "WHERE b.session_id = p.session_id AND b.mode = p.mode AND b.status = 'confirmed') "
        "FROM session_places p WHERE p.session_id = $1::text::uuid AND p.mode = $2",
        session["id"],
        mode,
    )
    assert row is not None
    return tuple(row)
