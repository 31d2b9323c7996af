"""What the copies slice takes and answers."""

from typing import Annotated, Literal, get_args
from uuid import UUID

from msgspec import Meta, Struct, field

from forum.codes import Day, LocalizedLine, Slug, TimeZoneName
from forum.editions.types import Edition

Part = Literal[
    "rooms",
    "tracks",
    "interpretation_teams",
    "sessions",
    "questions",
    "reserves",
    "message_texts",
    "reminders",
    "delegations",
]
PARTS: tuple[Part, ...] = tuple(part for part in get_args(Part) if part != "delegations")
"""What is copied unless told otherwise; delegations only when they are asked for."""


class NewCopy(Struct, forbid_unknown_fields=True, kw_only=True):
    """The next edition, and what of this one it begins with."""

    slug: Slug
    title: LocalizedLine
    starts_on: Day
    ends_on: Day
    timezone: TimeZoneName | None = None
    """That of this edition, when it is left out. Sessions keep their time of day."""
    with_: Annotated[list[Part], Meta(max_length=20)] = field(name="with", default_factory=lambda: list(PARTS))
    """Sessions that are copied without rooms, tracks or teams have none."""


class FrameId(Struct, frozen=True):
    """Something of an edition that gets a new id in another."""

    part: Literal["rooms", "tracks", "interpretation_teams", "sessions", "delegations"]
    id: UUID


class Copied(Struct, kw_only=True):
    """How much was copied of each part."""

    rooms: int = 0
    tracks: int = 0
    interpretation_teams: int = 0
    sessions: int = 0
    questions: int = 0
    reserves: int = 0
    message_texts: int = 0
    reminders: int = 0
    """Decisions when people are reminded: that of the edition, and those of single sessions."""
    delegations: int = 0


class EditionCopy(Struct):
    """A new edition, as a draft, and what it has of another."""

    edition: Edition
    copied: Copied
