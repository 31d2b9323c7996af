"""What the programme slice takes and answers."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType, field

from forum.codes import (
    Capacity,
    Day,
    ExternalId,
    HttpUrl,
    Instant,
    LanguageTag,
    Line,
    LinePatch,
    LocalizedLine,
    LocalizedProse,
    ProsePatch,
    Term,
)
from forum.errors import Fault
from forum.problems import Clash

SessionStatus = Literal["draft", "confirmed", "cancelled"]
SessionMode = Literal["in_person", "hybrid", "online"]
Access = Literal["open", "registered", "booking", "invitation", "media"]
Tags = Annotated[list[LanguageTag], Meta(max_length=20)]
EntityIds = Annotated[list[UUID], Meta(max_length=100)]
TeamIds = Annotated[list[UUID], Meta(max_length=20)]
RoomIds = Annotated[list[UUID], Meta(max_length=50)]
LocalTime = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""A time of day in the edition's zone, such as 08:30."""
Minutes = Annotated[int, Meta(ge=0, le=1440)]


class OpeningHours(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When a room is open, on one day or on every day that has no hours of its own; local times."""

    on: Day | None = None
    opens_at: LocalTime
    closes_at: LocalTime
    """No later than `opens_at`: on the next day, so that 00:00 is midnight."""


Hours = Annotated[list[OpeningHours], Meta(max_length=100)]
Equipment = Annotated[list[Line], Meta(max_length=50)]


class NewRoom(Struct, forbid_unknown_fields=True, kw_only=True):
    """A room. What nobody has said about its accessibility stays null."""

    name: Line
    venue: Line | None = None
    capacity: Capacity | None = None
    wheelchair_accessible: bool | None = None
    hearing_loop: bool | None = None
    external_id: ExternalId | None = None
    equipment: Equipment = []
    parts: RoomIds = []
    """The rooms that this one is joined from: a session in it blocks them, and a session in one of them blocks it."""
    opening_hours: Hours = []
    """When it is open; without any, always. On a day that none is of, it is closed."""
    setup_minutes: Minutes = 0
    """How long before a session the room must be free."""
    teardown_minutes: Minutes = 0
    """How long after a session the room must be free."""


class RoomPatch(Struct, forbid_unknown_fields=True, kw_only=True):
    """Changes of a room (JSON Merge Patch, RFC 7396)."""

    name: Line | UnsetType = UNSET
    venue: Line | UnsetType | None = UNSET
    capacity: Capacity | UnsetType | None = UNSET
    wheelchair_accessible: bool | UnsetType | None = UNSET
    hearing_loop: bool | UnsetType | None = UNSET
    external_id: ExternalId | UnsetType | None = UNSET
    equipment: Equipment | UnsetType = UNSET
    parts: RoomIds | UnsetType = UNSET
    opening_hours: Hours | UnsetType = UNSET
    setup_minutes: Minutes | UnsetType = UNSET
    teardown_minutes: Minutes | UnsetType = UNSET


class Room(Struct):
    """A room as the staff reads it."""

    id: UUID
    name: str
    venue: str | None
    capacity: int | None
    wheelchair_accessible: bool | None
    hearing_loop: bool | None
    external_id: str | None
    equipment: list[str]
    parts: list[UUID]
    opening_hours: list[OpeningHours]
    setup_minutes: int
    teardown_minutes: int
    version: int


class PartFacts(Struct, frozen=True):
    """What is wrong with a room as a part of another."""

    is_known: bool
    is_around: bool
    """Whether it is the other room, or contains it at any depth."""


class NewTrack(Struct, forbid_unknown_fields=True, kw_only=True):
    """A thread through the programme."""

    name: LocalizedLine
    external_id: ExternalId | None = None


class TrackPatch(Struct, forbid_unknown_fields=True, kw_only=True):
    """Changes of a track."""

    name: LinePatch | UnsetType = UNSET
    external_id: ExternalId | UnsetType | None = UNSET


class Track(Struct):
    """A track as the staff reads it."""

    id: UUID
    name: dict[str, str]
    external_id: str | None
    version: int


class SessionLanguages(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which languages are spoken, interpreted, signed and captioned."""

    floor: Tags = []
    interpretation: Tags = []
    sign: Tags = []
    captions: Tags = []


class SessionLanguagesPatch(Struct, forbid_unknown_fields=True, kw_only=True):
    """Changes of the languages; each list is replaced as a whole."""

    floor: Tags | UnsetType = UNSET
    interpretation: Tags | UnsetType = UNSET
    sign: Tags | UnsetType = UNSET
    captions: Tags | UnsetType = UNSET


class SessionFields(Struct, forbid_unknown_fields=True, kw_only=True):
    """What the staff decides about a session."""

    title: LocalizedLine
    abstract: LocalizedProse | None = None
    type: Term
    track: UUID | None = None
    parent: UUID | None = None
    """The session inside which this one is held, such as a constituency day. Give the room to the children then."""
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    held_on: Day | None = None
    """The day, while only the day is known."""
    room: UUID | None = None
    mode: SessionMode = "in_person"
    in_person_capacity: Capacity | None = None
    """How many may book it for the hall: never more than its room holds. Null: as many as that."""
    online_capacity: Capacity | None = None
    """How many may book it online; null: no limit."""
    access: Access = "registered"
    languages: SessionLanguages = field(default_factory=SessionLanguages)
    organisers: EntityIds = []
    livestream_url: HttpUrl | None = None
    external_id: ExternalId | None = None
    interpretation_teams: TeamIds = []
    """The teams that interpret it: each is in one confirmed session at a time."""

    def faults(self) -> Iterator[Fault]:
        """The rules that span fields."""
        if self.ends_at and not self.starts_at:
            yield Fault(pointer="/starts_at", code="missing", detail="What has an end has a start.")
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            yield Fault(pointer="/ends_at", code="ends_before_start", detail="It ends before it starts.")
        if self.held_on and self.starts_at:
            detail = "Give the day only while the hour is unknown; with `starts_at`, leave it null."
            yield Fault(pointer="/held_on", code="rule_broken", detail=detail)
        for index, entity in enumerate(self.organisers):
            if entity in self.organisers[:index]:
                yield Fault(pointer=f"/organisers/{index}", code="duplicate", detail="This entity stands twice.")
        for index, team in enumerate(self.interpretation_teams):
            if team in self.interpretation_teams[:index]:
                pointer = f"/interpretation_teams/{index}"
                yield Fault(pointer=pointer, code="duplicate", detail="This team stands twice.")


class NewSession(SessionFields, forbid_unknown_fields=True, kw_only=True):
    """A new session; it begins as a draft, which may overlap with others."""


class SessionPatch(Struct, forbid_unknown_fields=True, kw_only=True):
    """Changes of a session (JSON Merge Patch, RFC 7396)."""

    title: LinePatch | UnsetType = UNSET
    abstract: ProsePatch | UnsetType | None = UNSET
    type: Term | UnsetType = UNSET
    track: UUID | UnsetType | None = UNSET
    parent: UUID | UnsetType | None = UNSET
    starts_at: Instant | UnsetType | None = UNSET
    ends_at: Instant | UnsetType | None = UNSET
    held_on: Day | UnsetType | None = UNSET
    room: UUID | UnsetType | None = UNSET
    mode: SessionMode | UnsetType = UNSET
    in_person_capacity: Capacity | UnsetType | None = UNSET
    online_capacity: Capacity | UnsetType | None = UNSET
    access: Access | UnsetType = UNSET
    languages: SessionLanguagesPatch | UnsetType = UNSET
    organisers: EntityIds | UnsetType = UNSET
    livestream_url: HttpUrl | UnsetType | None = UNSET
    external_id: ExternalId | UnsetType | None = UNSET
    interpretation_teams: TeamIds | UnsetType = UNSET


class Session(SessionFields, kw_only=True):
    """A session as the staff reads it. Readers see the last release instead."""

    id: UUID
    status: SessionStatus
    version: int
    calendar_sequence: int
    """SEQUENCE of its calendar entries: rises with start, end, day, room and, once confirmed, status."""


class WrittenSession(Session, kw_only=True):
    """A session as it was written, with the conflicts that the change has, and that the edition's rules let pass."""

    warnings: list[Clash] | UnsetType = UNSET
    """Absent when there are none. A draft, which may overlap, is told of all that confirming it would meet."""


class SessionFilter(Struct, frozen=True, kw_only=True):
    """Which sessions to list; in the order of the statement's parameters."""

    status: SessionStatus | None = None
    type: str | None = None
    room: UUID | None = None
    track: UUID | None = None
    parent: UUID | None = None
    day: date | None = None
    external_id: str | None = None


class SessionFacts(Struct, frozen=True):
    """What is wrong with the things that a session names, and what stands in the way of it where and when it is."""

    is_type_known: bool
    is_track_known: bool
    is_parent_known: bool
    is_room_known: bool
    unknown_organisers: list[UUID]
    unknown_teams: list[UUID]
    clashes: list[Clash]
