"""What changes to many sessions at once take."""

from collections.abc import Iterator
from typing import Annotated, Any, Final
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from forum.errors import Fault
from forum.programme.types import SessionPatch

MAX_EDITS: Final = 500
_EDIT: Final = {
    "type": "object",
    "description": "The session's `id`, the fields of SessionPatch as `patch`, and the `version` that you read.",
    "required": ["id", "patch"],
}
"""For readers of the document: edits are checked one by one."""
SessionIds = Annotated[list[UUID], Meta(min_length=1, max_length=MAX_EDITS)]
ShiftMinutes = Annotated[int, Meta(ge=-527_040, le=527_040)]
"""Up to a year, back or forth."""


class SessionEdit(Struct, forbid_unknown_fields=True, kw_only=True):
    """Changes of one session among others."""

    id: UUID
    patch: SessionPatch
    version: int | None = None
    """The version that you read; without it, whatever is there is changed."""


class SessionEdits(Struct, forbid_unknown_fields=True):
    """Up to 500 edits, each read by itself: a bad one keeps no good one out."""

    sessions: Annotated[list[Any], Meta(min_length=1, max_length=MAX_EDITS, extra_json_schema={"items": _EDIT})]


class SessionShift(Struct, forbid_unknown_fields=True, kw_only=True):
    """Sessions that are moved together: later, or earlier, by real minutes, and into another room."""

    sessions: SessionIds
    shift_minutes: ShiftMinutes = 0
    """A session of which only the day is known is moved by whole days (1440)."""
    room: UUID | UnsetType | None = UNSET

    def faults(self) -> Iterator[Fault]:
        """Each session once, and something to change."""
        seen: set[UUID] = set()
        for index, session in enumerate(self.sessions):
            if session in seen:
                yield Fault(pointer=f"/sessions/{index}", code="duplicate", detail="This session stands twice.")
            seen.add(session)
        if self.shift_minutes == 0 and self.room is UNSET:
            yield Fault(pointer="/shift_minutes", code="missing", detail="Give minutes, a room or both.")
