"""Releases: what is frozen, what readers see of it, and what publishing answers."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from forum.codes import Mode, Prose
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
    content_sha256: str
    """Of everything that it holds, in hexadecimal: equal content is not published twice."""
    restored_from: int | None
    """The earlier release that was brought back with it."""


class ChangedSession(Struct):
    """A session in which one release differs from another: each field before and after."""

    id: UUID
    fields: dict[str, Any]


class ToldOfSession(Struct, frozen=True):
    """How many people of a mode would get one kind of calendar message about a session."""

    session: UUID
    message: Literal["request", "update", "cancel"]
    mode: Mode
    people: int


class Told(Struct, frozen=True):
    """Who would be told what by a release: numbers, and never names."""

    people: int
    messages: int
    """Calendar messages; those for one person go out in as few mails as can be."""
    sessions: list[ToldOfSession]


class Publication(Struct, kw_only=True):
    """The release that readers see now, and how it differs, or would differ, from the one before."""

    release: Release | None
    """Null in a dry run before the first release."""
    added: list[UUID]
    removed: list[UUID]
    changed: list[ChangedSession]
    told: Told | UnsetType = UNSET
    """In a dry run only: what the release would send to whom, as far as it can be known now."""


class ReleaseDifference(Struct, kw_only=True, rename={"before": "from", "after": "to"}):
    """How a release differs from another; both are told by their numbers, and 0 is the empty programme."""

    before: int
    after: int
    added: list[UUID]
    removed: list[UUID]
    changed: list[ChangedSession]


class SessionDifference(Struct, frozen=True):
    """One row of the difference of two releases."""

    id: UUID
    change: Literal["added", "removed", "changed"]
    fields: dict[str, Any]


class ToldCount(Struct, frozen=True):
    """One row of the counts of who is told what; the row of the whole names no session."""

    session: UUID | None
    message: str | None
    mode: str | None
    people: int
    messages: int


class SearchedText(Struct, frozen=True):
    """What a search looks through in a session, folded."""

    id: UUID
    text: str


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
    """A room as it was. What nobody has said about its accessibility is null."""

    id: UUID
    name: str
    venue: str | None
    capacity: int | None
    wheelchair_accessible: bool | None
    hearing_loop: bool | None
    equipment: list[str] = []


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
    content_sha256: str
    hidden_speakers: list[UUID]
    """Named in it, and asking not to be named any more."""
    is_archived: bool


class Programme(Struct, frozen=True):
    """A release of the programme, whole or as asked for. With `lang`, texts are in that language where there is one."""

    edition: PublishedEdition
    release: int
    published_at: datetime
    language: str | None
    sessions: list[PublishedSession]
    removed: list[UUID] | UnsetType = UNSET
    """With `?since_release=` only: the sessions of that release that are not in this one."""


class RoomNow(Struct, frozen=True):
    """What goes on in a room: the confirmed session that runs, and the one that starts next, on whatever day."""

    room: PublishedRoom
    now: PublishedSession | None
    next: PublishedSession | None


class NowAndNext(Struct, frozen=True):
    """What goes on in every room that the release names, at an instant; rooms in the order of venue and name."""

    at: datetime
    release: int
    language: str | None
    rooms: list[RoomNow]


class Selection(Struct, frozen=True):
    """Which sessions of a release to read; a day is one in the edition's zone."""

    session: UUID | None = None
    day: date | None = None
    track: UUID | None = None
    type: str | None = None
    room: UUID | None = None
    language: str | None = None
    """Spoken from the floor or interpreted into; `en` is any English."""
    speaker: UUID | None = None
    at: datetime | None = None
    since_release: int | None = None
    q: str | None = None

    @property
    def is_endless(self) -> bool:
        """Whether people can ask in endlessly many ways, so that what they get is not worth keeping."""
        return self.q is not None or self.at is not None

    @property
    def is_common(self) -> bool:
        """Whether many ask just this: all, or by one thing of which there are few."""
        asked = [name for name in self.__struct_fields__ if getattr(self, name) is not None]
        return len(asked) <= 1 and not {"q", "at", "since_release", "speaker"}.intersection(asked)
