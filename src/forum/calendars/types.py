"""What calendars are rendered from. Rendering has no clock: equal values give equal bytes."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from forum.codes import Mode, choose_language

Method = Literal["REQUEST", "CANCEL"]


class CalendarEdition(Struct, frozen=True):
    """The edition that entries belong to; `domain` is the right-hand side of every UID."""

    title: dict[str, str]
    timezone: str
    organizer_email: str
    domain: str


class CalendarSession(Struct, frozen=True, kw_only=True):
    """A session of a release. `held_on` is the day, when only the day is known."""

    session_id: UUID
    title: dict[str, str]
    abstract: dict[str, str] | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    held_on: date | None = None
    room: str | None = None
    venue: str | None = None
    city: str | None = None
    track: dict[str, str] | None = None
    parent_id: UUID | None = None
    status: Literal["confirmed", "cancelled"] = "confirmed"
    mode: Literal["in_person", "hybrid", "online"] = "in_person"
    calendar_sequence: int = 0
    revised_at: datetime
    url: str

    @property
    def is_dated(self) -> bool:
        """Whether it can stand in a calendar."""
        return self.starts_at is not None or self.held_on is not None


class Attendee(Struct, frozen=True):
    """Who is invited, and how they take part."""

    email: str
    name: str
    mode: Mode


def text_in(texts: dict[str, str], language: str) -> tuple[str, str]:
    """The text for a reader of a language, and the language that it is in."""
    chosen = choose_language(texts, language)
    return texts[chosen], chosen
