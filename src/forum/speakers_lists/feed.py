"""The running list, live, as Server-Sent Events: the whole of it whenever something of it has changed.

A follower holds no connection while it waits, and those of one list share what one of them has read. The id of an event
is a digest of what it shows: who comes back with it is sent nothing that they have seen.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from forum.clock import Clock
from forum.db import ACQUIRE_TIMEOUT_SECONDS, Connection, Pool
from forum.errors import Fault, Invalid, NotFound, Unavailable
from forum.following import Following
from forum.listening import HEARTBEAT_SECONDS, LOST
from forum.permissions import Principal
from forum.speakers_lists import lists
from forum.speakers_lists.live import BEGINNING, digest, read_running

Event = dict[str, str | int | None]
"""What Litestar writes as one event: data, event, id, retry, comment."""

MAX_FOLLOWERS: Final = 500
RETRY_MILLISECONDS: Final = 3000
KEPT_FOR: Final = timedelta(seconds=5)
_ID: Final = re.compile(r"[0-9a-f]{16}")
log = logging.getLogger("forum")


class ListFeed(Following):
    """Who follows which list in this process."""

    channel = "forum_speakers_lists"

    def __init__(self, heartbeat_seconds: float = HEARTBEAT_SECONDS) -> None:
        super().__init__(heartbeat_seconds)
        self._kept: dict[UUID, tuple[datetime, str, str]] = {}
        self._news = 0
        self._reading = asyncio.Lock()

    def ring(self, key: UUID) -> None:
        """Wake all who follow a list; what was read of it before is not shown any more."""
        self._forget()
        super().ring(key)

    def lose(self) -> None:
        """Nothing that was read before can be trusted until there is news again."""
        super().lose()
        self._forget()

    async def follow(
        self,
        conn: Connection,
        principal: Principal,
        edition_id: UUID,
        session_id: UUID,
        last_event_id: str | None,
    ) -> "Follower":
        """Begin to follow a list; raises `NotFound`, `Unavailable` when too many do, and `Invalid` for a bad id."""
        if last_event_id is not None and not _ID.fullmatch(last_event_id):
            detail = "Send the id of the event that you have seen last, unchanged."
            raise Invalid([Fault(parameter="Last-Event-ID", code="bad_parameter", detail=detail)])
        stored = await lists.find_stored(conn, principal, edition_id, session_id)
        if self.followers >= MAX_FOLLOWERS:
            raise Unavailable("Too many follow the lists here. Try again shortly.")
        return Follower(principal, edition_id, session_id, stored.id, last_event_id)

    async def events(self, pool: Pool, clock: Clock, follower: "Follower") -> AsyncIterator[Event]:
        """The list as it is, and again whenever it changes; ends when the follower may see it no more."""
        self.followers += 1
        seen = follower.last_event_id
        try:
            yield {"comment": "the running list of speakers", "data": None, "retry": RETRY_MILLISECONDS}
            while True:
                bell = self.bell(follower.list_id)
                name, data = await self._read(pool, clock, follower)
                if name != seen:
                    seen = name
                    yield {"id": name, "event": "list", "data": data}
                while not await self.rings(bell):
                    yield {"comment": "still here", "data": None}
                    if not self._is_listening:
                        break
        except NotFound:
            log.info("a list is not to be seen any more")
        except LOST as error:  # the follower comes back by itself, with the id that it has seen last
            log.warning("a live list ends: %s", type(error).__name__)
        finally:
            self.followers -= 1

    async def _read(self, pool: Pool, clock: Clock, follower: "Follower") -> tuple[str, str]:
        """The list and the digest of it, read once for all who follow it."""
        async with self._reading, pool.acquire(timeout=ACQUIRE_TIMEOUT_SECONDS) as conn:
            place = (follower.edition_id, follower.session_id)
            stored = await lists.find_stored(conn, follower.principal, *place)
            now, news = clock(), self._news
            as_of, name, data = self._kept.get(stored.id, (BEGINNING, "", ""))
            if now - as_of > KEPT_FOR:
                running = await read_running(conn, follower.edition_id, stored, now)
                name, data = digest(running), msgspec.json.encode(running).decode()
                if self._is_listening and news == self._news:
                    self._kept[stored.id] = (now, name, data)
            return name, data

    def _forget(self) -> None:
        """What was read, or is being read, is shown to nobody who comes later."""
        self._news += 1
        self._kept.clear()


class Follower(msgspec.Struct, frozen=True):
    """Somebody who follows a list."""

    principal: Principal
    edition_id: UUID
    session_id: UUID
    list_id: UUID
    last_event_id: str | None
