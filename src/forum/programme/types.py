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

SessionStatus = Literal["draft", "confirmed", "cancelled"]
SessionMode = Literal["in_person", "hybrid", "online"]
Access = Literal["open", "registered", "booking", "invitation", "media"]
Tags = Annotated[list[LanguageTag], Meta(max_length=20)]
EntityIds = Annotated[list[UUID], Meta(max_length=100)]


class NewRoom(Struct, forbid_unknown_fields=True, kw_only=True):
    """A room. What nobody has said about its accessibility stays null."""

    name: Line
    venue: Line | None = None
    capacity: Capacity | None = None
    wheelchair_accessible: bool | None = None
    hearing_loop: bool | None = None
    external_id: ExternalId | None = None


class RoomPatch(Struct, forbid_unknown_fields=True, kw_only=True):
    """Changes of a room (JSON Merge Patch, RFC 7396)."""

    name: Line | UnsetType = UNSET
    venue: Line | UnsetType | None = UNSET
    capacity: Capacity | UnsetType | None = UNSET
    wheelchair_accessible: bool | UnsetType | None = UNSET
    hearing_loop: bool | UnsetType | None = UNSET
    external_id: ExternalId | UnsetType | None = UNSET


class Room(Struct):
    """A room as the staff reads it."""

    id: UUID
    name: str
    venue: str | None
    capacity: int | None
    wheelchair_accessible: bool | None
    hearing_loop: bool | None
    external_id: str | None
    version: int


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


class Session(SessionFields, kw_only=True):
    """A session as the staff reads it. Readers see the last release instead."""

    id: UUID
    status: SessionStatus
    version: int
    calendar_sequence: int
    """SEQUENCE of its calendar entries: rises with start, end, day, room and, once confirmed, status."""


class SessionFilter(Struct, frozen=True, kw_only=True):
    """Which sessions to list; in the order of the statement's parameters."""

    status: SessionStatus | None = None
    type: str | None = None
    room: UUID | None = None
    track: UUID | None = None
    parent: UUID | None = None
    day: date | None = None
    external_id: str | None = None


class SessionReferences(Struct, frozen=True):
    """What is wrong with the things that a session names."""

    is_type_known: bool
    is_track_known: bool
    is_parent_known: bool
    is_room_known: bool
    unknown_organisers: list[UUID]
    is_inside_edition: bool
