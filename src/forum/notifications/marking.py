"""Marks mails as sent, several in one statement: those that are taken in a moment, and while one statement runs."""

import asyncio
from datetime import datetime
from typing import Final
from uuid import UUID

from forum.db import ACQUIRE_TIMEOUT_SECONDS, Pool
from forum.notifications import queries

GATHER_SECONDS: Final = 0.002
"""How long the first waits for others that are taken in the same moment: one statement costs no more for ten."""


class Marker:
    """Shared by all that send in a worker. Whoever marks a mail waits for it, so a killed worker repeats few."""

    def __init__(self) -> None:
        self._taken: list[tuple[UUID, datetime]] = []
        self._running: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

    async def mark_sent(self, marks: Pool, message_id: UUID, sent_at: datetime) -> None:
        """Return once it is marked; raises what kept it, and those marked with it, from being so."""
        self._taken.append((message_id, sent_at))
        if self._next is None:
            self._next = asyncio.create_task(self._mark_taken(marks, self._running))
        await asyncio.shield(self._next)  # others wait for it too

    async def _mark_taken(self, marks: Pool, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        await asyncio.sleep(GATHER_SECONDS)
        taken, self._taken = self._taken, []
        self._running, self._next = self._next, None
        async with marks.acquire(timeout=ACQUIRE_TIMEOUT_SECONDS) as conn:
            await queries.mark_sent(conn, [message_id for message_id, _ in taken], taken[0][1])
