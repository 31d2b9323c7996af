"""Wakes those who follow something live when the database tells of it, without a connection of theirs.

What is followed has a key, such as the id of an edition. A bell rings once for all who wait for it; who wants to hear
of the next news takes the next bell before reading, so that nothing falls between.
"""

import asyncio
from typing import ClassVar
from uuid import UUID

from forum.listening import HEARTBEAT_SECONDS


class Following:
    """Who follows what in this process; a subscriber of `forum.listening`."""

    channel: ClassVar[str]

    def __init__(self, heartbeat_seconds: float = HEARTBEAT_SECONDS) -> None:
        self.followers = 0
        self._heartbeat_seconds = heartbeat_seconds
        self._bells: dict[UUID, asyncio.Event] = {}
        self._is_listening = False

    def begin(self) -> None:
        """Everything is heard of from now on; the followers look for what they may have missed."""
        self._is_listening = True
        for key in list(self._bells):
            self.ring(key)

    def hear(self, payload: str) -> None:
        """There is news of what has this key."""
        self.ring(UUID(payload))

    def lose(self) -> None:
        """Nothing is heard of from now on: the followers look at each heartbeat."""
        self._is_listening = False

    def bell(self, key: UUID) -> asyncio.Event:
        """What rings at the next news."""
        return self._bells.setdefault(key, asyncio.Event())

    def ring(self, key: UUID) -> None:
        """Wake all who wait for news."""
        if (bell := self._bells.pop(key, None)) is not None:
            bell.set()

    async def rings(self, bell: asyncio.Event) -> bool:
        """Whether a bell rings before the next heartbeat is due."""
        try:
            async with asyncio.timeout(self._heartbeat_seconds):
                return await bell.wait()
        except TimeoutError:
            return False
