from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from forum import outbox
from forum.db import Connection
from forum.jobs import InviteEdition
from tests.client import Client
from tests.factories import make_edition, make_session, publish_programme
from tests.sinks import Sink, sink


@pytest.fixture
async def server() -> AsyncIterator[Sink]:
    """A mail server."""
    async with sink() as made:
        yield made


@pytest.fixture
async def edition(client: Client) -> dict[str, Any]:
    """The edition `grf-2023` with two published sessions that everybody is invited to."""
    edition = await make_edition(client, in_person_capacity=None)
    manager = await client.as_role("organizer", edition["id"])
    for title in ("Opening", "Closing"):
        await make_session(manager, access="registered", title={"en": title})
    await publish_programme(manager)
    return edition


async def invite(conn: Connection, edition: dict[str, Any], people: int) -> None:
    """Register people online, and ask for their invitations."""
    await conn.execute(
        "WITH made AS (INSERT INTO persons (id, email, created_at) SELECT gen_random_uuid(), "
        "'person-' || n || '@delegates.example', now() FROM generate_series(1, $2::integer) n RETURNING id, email) "
        "INSERT INTO registrations (edition_id, id, person_id, family_name, language, timezone, category, mode, "
        "status, source, created_at, placed_at) SELECT $1, gen_random_uuid(), id, 'Probe', 'en', 'Europe/Zurich', "
        "'ngo', 'online', 'approved', 'client', now(), now() FROM made",
        UUID(edition["id"]),
        people,
    )
    await conn.execute("DELETE FROM outbox")  # nobody is told of the registration itself
    await outbox.publish(conn, InviteEdition(UUID(edition["id"]), 1))


async def message_ids(conn: Connection) -> set[str]:
    """The Message-ID of every mail that was planned."""
    rows = await conn.fetch("SELECT id FROM messages")
    return {f"<{row[0]}@calendar.forum.test>" for row in rows}


async def all_sent(conn: asyncpg.Connection, count: int) -> bool:
    """Whether that many mails were planned and all are marked as sent, and no job is left."""
    row = await conn.fetchrow(
        "SELECT count(*), count(*) FILTER (WHERE status = 'sent'), "
        "(SELECT count(*) FROM outbox WHERE done_at IS NULL) FROM messages"
    )
    return tuple(row) == (count, count, 0)
