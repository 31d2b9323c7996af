from datetime import UTC, datetime
from typing import Any

import pytest

from forum.db import Connection
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import make_edition

SCANS = "/v1/editions/grf-2023/scans"
BATCH = "/v1/editions/grf-2023/scans:batch"
OCCUPANCY = "/v1/editions/grf-2023/occupancy"

Told = tuple[str, str | None]


@pytest.fixture
async def edition(client: Client, clock: Timeline) -> dict[str, Any]:
    """The edition `grf-2023`, on its first day at 18:00Z: every scan of the tests has happened."""
    made = await make_edition(client, "live")
    clock.now = datetime(2023, 12, 13, 18, tzinfo=UTC)
    return made


@pytest.fixture
async def organizer(client: Client, edition: dict[str, Any]) -> Client:
    """An organizer of the edition."""
    return await client.as_role("organizer", edition["id"])


@pytest.fixture
async def device(client: Client, edition: dict[str, Any]) -> Client:
    """A scanner of the edition."""
    return await client.as_client(edition["id"], "scans:record", kind="device")


async def presences(conn: Connection, session: str | None = None) -> list[Told]:
    """From when to when there was somebody, at the gates or in a session, in the hall or online; in UTC."""
    rows = await conn.fetch(
        "SELECT to_char(started_at, 'HH24:MI') AS s, to_char(ended_at, 'HH24:MI') AS e FROM presences "
        "WHERE session_id IS NOT DISTINCT FROM $1::text::uuid ORDER BY started_at, registration_id",
        session,
    )
    return [(row["s"], row["e"]) for row in rows]


async def facts(conn: Connection) -> list[tuple[str, str | None, str]]:
    """What is known of who attended: the mode, of a session or of a day (or of the edition), since when."""
    rows = await conn.fetch(
        "SELECT mode, coalesce(session_id::text, held_on::text) AS place, to_char(first_at, 'HH24:MI') AS first "
        "FROM attendances ORDER BY mode, session_id NULLS FIRST, held_on NULLS FIRST, registration_id"
    )
    return [(row["mode"], row["place"], row["first"]) for row in rows]
