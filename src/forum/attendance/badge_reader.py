"""Reads badge tokens, and remembers those whose signature was right: checking one takes a tenth of a millisecond.

That a token was signed never changes, so nothing goes stale here. Whether the badge is still good is always asked of
the database. Wrong tokens are not remembered: nobody can push the right ones out with them.
"""

from typing import Final
from uuid import UUID

from forum.db import Connection
from forum.registrations.service import KeyRing, verify

REMEMBERED: Final = 20_000
"""About four megabytes: four times the people in the hall of the largest edition so far."""


class BadgeReader:
    """The badges that the tokens of this process's requests were signed for."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._badges: dict[str, UUID] = {}

    async def read(self, conn: Connection, token: str) -> UUID | None:
        """The badge that a token was signed for, or None for anything else."""
        if (known := self._badges.get(token)) is not None:
            return known
        badge_id = await verify(conn, token, self._ring)
        if badge_id is not None:
            if len(self._badges) >= REMEMBERED:
                del self._badges[next(iter(self._badges))]
            self._badges[token] = badge_id
        return badge_id
