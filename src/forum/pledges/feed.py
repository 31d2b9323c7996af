"""The live feed of announcements, as Server-Sent Events.

A follower holds no connection of the pool while it waits: it borrows one when the database has told of something
new, reads on after the last number that it has sent, and gives it back. Who comes back with the last number that
it has seen misses nothing, because numbers become visible in their order.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

import msgspec

from forum.db import ACQUIRE_TIMEOUT_SECONDS, Pool
from forum.errors import Unavailable
from forum.following import Following
from forum.listening import HEARTBEAT_SECONDS, LOST
from forum.pledges import announcement_queries as queries
from forum.pledges.announcement_types import Announcement

Event = dict[str, str | int | None]
"""What Litestar writes as one event: data, event, id, retry, comment."""

MAX_FOLLOWERS: Final = 500
MAX_READERS: Final = 4
PAGE: Final = 100
RETRY_MILLISECONDS: Final = 3000
log = logging.getLogger("forum")


class Feed(Following):
    """Who follows the announcements of which edition in this process."""

    channel = "forum_announcements"

    def __init__(self, heartbeat_seconds: float = HEARTBEAT_SECONDS) -> None:
        super().__init__(heartbeat_seconds)
        self._reading = asyncio.Semaphore(MAX_READERS)

    def follow(self, pool: Pool, edition_id: UUID, number: int) -> AsyncIterator[Event]:
        """The announcements after a number, as they come; raises `Unavailable` when too many follow already."""
        if self.followers >= MAX_FOLLOWERS:
            raise Unavailable("Too many follow the announcements here. Try again shortly.")
        return self._follow(pool, edition_id, number)

    async def _follow(self, pool: Pool, edition_id: UUID, number: int) -> AsyncIterator[Event]:
        self.followers += 1
        try:
            yield {"comment": "the announcements of this edition", "data": None, "retry": RETRY_MILLISECONDS}
            while True:
                bell = self.bell(edition_id)
                while news := await self._read(pool, edition_id, number):
                    for announcement in news:
                        yield _event(announcement)
                    number = news[-1].number
                while not await self.rings(bell):
                    yield {"comment": "still here", "data": None}
                    if not self._is_listening:
                        break
        except LOST as error:  # the follower comes back by itself, with the last number that it has seen
            log.warning("a live feed ends: %s", type(error).__name__)
        finally:
            self.followers -= 1

    async def _read(self, pool: Pool, edition_id: UUID, number: int) -> list[Announcement]:
        async with self._reading, pool.acquire(timeout=ACQUIRE_TIMEOUT_SECONDS) as conn:
            return await queries.list_announcements_after(conn, edition_id, number, PAGE)


def _event(announcement: Announcement) -> Event:
    data = msgspec.json.encode(announcement).decode()
    return {"id": announcement.number, "event": "announcement", "data": data}
