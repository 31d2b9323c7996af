from collections.abc import AsyncIterator
from email.message import EmailMessage
from typing import Any

import pytest

from forum.db import Connection, Pool
from forum.settings import Settings
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import make_edition
from tests.post import Post, post_office
from workers.jobs import invite_edition

EDITION = "/v1/editions/grf-2023"
REVISE = f"{EDITION}/revise"
REASON = {"en": "The hall burnt down.", "fr": "La salle a brûlé."}


class Mailroom:
    """Does every job that waits, also twice, and reads what arrived at the mail server."""

    def __init__(self, post: Post, conn: Connection) -> None:
        self.post, self.conn = post, conn

    async def deliver(self) -> list[EmailMessage]:
        """Plan for everybody and send what is due; what arrived of it."""
        before = len(self.post.server.taken)
        await self.plan()
        await self.post.deliver()
        return self.post.server.mails()[before:]

    async def plan(self) -> None:
        """Plan for everybody; send nothing."""
        rows = await self.conn.fetch("SELECT id FROM outbox WHERE kind = 'invite_edition' AND done_at IS NULL")
        await invite_edition({"office": self.post.office, "job_id": "test"}, [row[0] for row in rows])
        await self.post.plan()

    async def again(self) -> list[EmailMessage]:
        """All jobs run once more, as after a worker was killed."""
        await self.plan_again()
        return await self.deliver()

    async def plan_again(self) -> None:
        """All that was planned is planned once more; nothing is sent."""
        await self.conn.execute("UPDATE outbox SET done_at = NULL WHERE kind LIKE 'invite%'")
        await self.plan()


@pytest.fixture
async def edition(client: Client) -> dict[str, Any]:
    """The edition `grf-2023`, open, with 100 places in the hall."""
    return await make_edition(client)


@pytest.fixture
async def organizer(client: Client, edition: dict[str, Any]) -> Client:
    """An organizer of the edition."""
    return await client.as_role("organizer", edition["id"])


@pytest.fixture
async def mailroom(pool: Pool, conn: Connection, settings: Settings, clock: Timeline) -> AsyncIterator[Mailroom]:
    """What workers mail."""
    async with post_office(pool, settings, clock) as post:
        yield Mailroom(post, conn)
