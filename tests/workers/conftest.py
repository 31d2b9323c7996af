import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from forum import outbox
from forum.clock import system_clock
from forum.db import Connection, Pool
from forum.notifications.service import Mailers, Postbox, open_transport, plan_invitations, send_batches
from forum.settings import Settings
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import make_edition, make_registration
from tests.sinks import Sink, sink
from workers.content import MailContent


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


@pytest.fixture
async def server() -> AsyncIterator[Sink]:
    """A mail server."""
    async with sink() as made:
        yield made


class Sender:
    """Sends everything that is due, over a few connections."""

    def __init__(self, pool: Pool, settings: Settings, clock: Timeline, smtp_url: str, connections: int = 2) -> None:
        transports = [open_transport(smtp_url, settings.mail_path) for _ in range(connections)]
        self.pool, self.content = pool, MailContent(settings)
        self.postbox = Postbox(
            transports, "forum@forum.test", settings.calendar_domain, clock, Mailers(), asyncio.Event()
        )

    async def __call__(self) -> None:
        """Batch and send."""
        async with self.pool.acquire() as conn, conn.transaction():
            await outbox.batch_messages(conn, system_clock())
            batches = await conn.fetch("SELECT DISTINCT batch_id FROM messages WHERE status = 'sending'")
        async with self.pool.acquire() as conn, conn.transaction():
            await send_batches(self.pool, conn, [row[0] for row in batches], self.content, self.postbox)

    async def close(self) -> None:
        """Close the connections."""
        for transport in self.postbox.transports:
            await transport.close()


@pytest.fixture
async def send(pool: Pool, settings: Settings, clock: Timeline, server: Sink) -> AsyncIterator[Sender]:
    """Sends to the mail server."""
    made = Sender(pool, settings, clock, server.url)
    yield made
    await made.close()


async def queue(conn: Connection, clock: Timeline, *addresses: str, **payload: Any) -> None:
    """One mail with a code for each address."""
    code = {"code": "12345678", "language": "en"} | payload
    for address in addresses:
        await outbox.queue_message(conn, "sign_in", address, code, clock())


async def states(conn: Connection) -> dict[str, tuple[Any, ...]]:
    """What became of the mail to each address."""
    rows = await conn.fetch("SELECT recipient, status, attempts, last_error FROM messages ORDER BY number")
    return {row[0]: tuple(row[1:]) for row in rows}
