"""How the programme follows an edition that is moved, and what is moved of it."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from forum.programme.types import SessionMode

ProgrammePlan = Literal["shift", "keep", "unschedule"]


class Replanning(Struct, frozen=True):
    """How sessions follow their edition; in the order of the statement's parameters."""

    plan: ProgrammePlan
    days: int
    old_zone: str
    new_zone: str
    is_virtual: bool
    """Whether the edition turned virtual: sessions are online then, and leave their rooms."""
    is_elsewhere: bool
    """Whether the edition's own venue changed."""
    now: datetime


class ReplannedSession(Struct):
    """A session that changes with its edition, before and after."""

    id: UUID
    title: dict[str, str]
    old_starts_at: datetime | None
    old_ends_at: datetime | None
    old_held_on: date | None
    old_mode: SessionMode
    starts_at: datetime | None
    ends_at: datetime | None
    held_on: date | None
    mode: SessionMode
    loses_room: bool
