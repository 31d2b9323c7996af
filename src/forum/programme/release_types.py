"""Releases: what is frozen, what readers see of it, and what publishing answers."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from forum.codes import Prose
from forum.programme.types import Access, SessionLanguages, SessionMode


class NewRelease(Struct, forbid_unknown_fields=True, kw_only=True):
    """What to say about a release, if anything."""

    note: Prose | None = None


class Release(Struct):
    """A numbered state of the programme. It never changes."""

    number: int
    published_at: datetime
    note: str | None
    session_count: int


class ChangedSession(Struct):
    """A session in which the next release differs from the last: each field before and after."""

    id: UUID
    fields: dict[str, Any]


class Publication(Struct, kw_only=True):
    """The release that readers see now, and how it differs, or would differ, from the one before."""

    release: Release | None
    """Null in a dry run before the first release."""
    added: list[UUID]
    removed: list[UUID]
    changed: list[ChangedSession]


class SessionDifference(Struct, frozen=True):
    """One row of the difference between the last release and the next."""

    id: UUID
    change: Literal["added", "removed", "changed"]
    fields: dict[str, Any]


class PublishedEdition(Struct, frozen=True):
    """What a release holds of its edition."""

    id: UUID
    slug: str
    title: dict[str, str]
    timezone: str
    starts_on: date | None
    ends_on: date | None
    venue: str | None
    city: str | None
    organizer_email: str


class PublishedTrack(Struct, frozen=True):
    """A track with the name that it had."""

    id: UUID
    name: dict[str, str]


class PublishedRoom(Struct, frozen=True):
    """A room with the name that it had."""

    id: UUID
    name: str
    venue: str | None
    capacity: int | None
    wheelchair_accessible: bool | None
    hearing_loop: bool | None


class PublishedOrganiser(Struct, frozen=True):
    """An organising entity with the name that it had."""

    id: UUID
    name: str


class PublishedAppearance(Struct, frozen=True):
    """Somebody who speaks, and who agreed to be named."""

    speaker: UUID
    display_name: str
    honorific: str | None
    function: str | None
    country: str | None
    role: str
    order: int
    on_behalf_of: str | None


class PublishedSession(Struct, frozen=True):
    """A session in a release: `cancelled` ones stay, so that readers learn of it."""

    id: UUID
    title: dict[str, str]
    abstract: dict[str, str] | None
    type: str
    track: PublishedTrack | None
    parent: UUID | None
    status: Literal["confirmed", "cancelled"]
    starts_at: datetime | None
    ends_at: datetime | None
    held_on: date | None
    room: PublishedRoom | None
    mode: SessionMode
    access: Access
    languages: SessionLanguages
    organisers: list[PublishedOrganiser]
    appearances: list[PublishedAppearance]
    calendar_sequence: int
    revised_at: datetime


class ReleaseHead(Struct, frozen=True):
    """A release, and what decides how it reads today."""

    number: int
    published_at: datetime
    edition: PublishedEdition
    hidden_speakers: list[UUID]
    """Named in it, and asking not to be named any more."""
    is_archived: bool


class Programme(Struct, frozen=True):
    """A release of the programme, whole. With `?lang=`, texts are in that language where there is one."""

    edition: PublishedEdition
    release: int
    published_at: datetime
    language: str | None
    sessions: list[PublishedSession]


class Selection(Struct, frozen=True):
    """Which sessions of a release to read; a day is one in the edition's zone."""

    session: UUID | None = None
    day: date | None = None
    track: UUID | None = None
    type: str | None = None
