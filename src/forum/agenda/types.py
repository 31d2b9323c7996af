"""What the agenda slice takes and answers."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from forum.bookings.types import BookingStatus
from forum.codes import Mode
from forum.programme.release_types import PublishedRoom, PublishedTrack
from forum.programme.types import Access, SessionMode
from forum.speakers.appearance_types import AppearanceRole


class AgendaBooking(Struct, frozen=True):
    """The place that the person has in a session, or the line that they stand in."""

    id: UUID
    mode: Mode
    status: BookingStatus


class AgendaItem(Struct, kw_only=True):
    """A published session that the person has starred or booked, or speaks in."""

    session: UUID
    title: dict[str, str]
    type: str
    track: PublishedTrack | None
    status: Literal["confirmed", "cancelled"]
    starts_at: datetime | None
    ends_at: datetime | None
    held_on: date | None
    room: PublishedRoom | None
    mode: SessionMode
    access: Access
    starred_at: datetime | None
    booking: AgendaBooking | None
    roles: list[AppearanceRole]
    """As what the person speaks in it."""
    overlaps: list[UUID]
    """What else of the agenda takes place at the same time."""


class Star(Struct):
    """A session that is starred. It says nothing about a place."""

    session: UUID
    starred_at: datetime
    overlaps: list[UUID]
    """What of the agenda takes place at the same time: a warning."""


class Interest(Struct):
    """How many people have starred a session; null for fewer than five, who could be told."""

    session: UUID
    stars: int | None
