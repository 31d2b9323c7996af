from typing import Any
from uuid import UUID

import pytest

from forum.db import Connection
from forum.notifications.service import plan_invitations
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import make_edition, make_registration


class Plan:
    """Plans invitations of the edition `grf-2023` and reads what is queued."""

    def __init__(self, conn: Connection, edition_id: str, clock: Timeline) -> None:
        self.conn, self.edition_id, self.clock = conn, UUID(edition_id), clock

    async def __call__(self, *registrations: dict[str, Any]) -> int:
        """Plan for these people; how many mails were queued."""
        ids = [UUID(registration["id"]) for registration in registrations]
        async with self.conn.transaction():
            return await plan_invitations(self.conn, self.edition_id, ids, self.clock())

    async def mails(self) -> list[tuple[str, str, int, str]]:
        """Every invitation in order: whom it is for, its method, its sequence, what became of it."""
        rows = await self.conn.fetch(
            "SELECT recipient, payload ->> 'method', (payload ->> 'sequence')::int, status FROM messages "
            "WHERE kind = 'invitation' ORDER BY number"
        )
        return [tuple(row) for row in rows]

    async def mark(self, status: str) -> None:
        """What is queued becomes something else."""
        await self.conn.execute(
            "UPDATE messages SET status = $1, sent_at = CASE WHEN $1 = 'sent' THEN now() END WHERE status = 'queued'",
            status,
        )


@pytest.fixture
async def edition(client: Client) -> dict[str, Any]:
    """The edition `grf-2023`, open, with 100 places in the hall."""
    return await make_edition(client)


@pytest.fixture
async def manager(client: Client, edition: dict[str, Any]) -> Client:
    """Who makes and publishes the programme."""
    return await client.as_role("organizer", edition["id"])


@pytest.fixture
async def amina(manager: Client) -> dict[str, Any]:
    """Somebody with a place in the hall."""
    return await make_registration(manager)


@pytest.fixture
async def plan(conn: Connection, edition: dict[str, Any], clock: Timeline) -> Plan:
    """Plans invitations."""
    return Plan(conn, edition["id"], clock)
