"""What a problem document tells beside its faults: conflicts in a programme, and fields that two people changed."""

from typing import Any
from uuid import UUID

import msgspec


class Clash(msgspec.Struct, frozen=True):
    """One conflict in a programme: the rule, what the edition does about it, and who or what would be in two places."""

    rule: str
    level: str
    """`warn` or `refuse`."""
    sessions: list[UUID]
    """The session that was written first; in a list, the older one. One alone for rules that need no other."""
    speaker: UUID | None = None
    room: UUID | None = None
    team: UUID | None = None
    overridden: bool = False
    """Whether an organizer went on in spite of it, for a reason that is kept."""


class Difference(msgspec.Struct, frozen=True):
    """A field that you wanted to change and that is not as you say: both versions of it."""

    yours: Any
    current: Any
