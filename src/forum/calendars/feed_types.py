"""What personal feeds take and answer."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from forum.codes import Line, Mode


class NewCalendarFeed(Struct, forbid_unknown_fields=True):
    """A calendar to subscribe to, of one's own registration for an edition (its slug or id)."""

    edition: Line
    label: Line | None = None
    """What it is for, such as the phone that reads it."""


class CalendarFeed(Struct):
    """A personal calendar. Its address is told once, when it is made or rotated."""

    id: UUID
    edition: str
    registration: UUID
    label: str | None
    created_at: datetime
    rotated_at: datetime | None
    previous_ends_at: datetime | None
    """Until when the address before the last rotation is good."""


class CalendarFeedAddress(CalendarFeed):
    """A personal calendar with its address, which nobody can read again: who has it reads the calendar."""

    url: str


class PersonalSessions(Struct, frozen=True):
    """The sessions that are somebody's own."""

    sessions: list[UUID]
    booked: list[UUID]


class Subscription(Struct, frozen=True):
    """What a secret address shows."""

    edition_id: UUID
    language: str
    mode: Mode
    has_place: bool
    sessions: list[UUID]
    """Which the person has starred, or in which they speak."""
    booked: list[UUID]
    """In which they have a place: it counts while the session is to be booked, in their way of taking part."""
