"""What the revisions slice takes and answers."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from forum.codes import Country, Day, Line, LocalizedLine, TimeZoneName
from forum.editions.types import EditionMode
from forum.programme.replanning_types import ProgrammePlan


class NewRevision(Struct, forbid_unknown_fields=True, kw_only=True):
    """What changes of an announced edition, and why. What is left out stays."""

    starts_on: Day | UnsetType = UNSET
    ends_on: Day | UnsetType = UNSET
    timezone: TimeZoneName | UnsetType = UNSET
    mode: EditionMode | UnsetType = UNSET
    venue: Line | UnsetType | None = UNSET
    city: Line | UnsetType | None = UNSET
    country: Country | UnsetType | None = UNSET
    reason: LocalizedLine
    """Told to everybody, in their language where there is one."""
    sessions: ProgrammePlan = "shift"
    """`shift`: as many days later as the edition begins, at the same time of day; `unschedule`: off their times and
    rooms. What has begun stays as it was."""
    registration: Literal["shift", "keep"] = "keep"
    """Whether the registration windows move along."""


class HeldEdition(Struct, frozen=True):
    """When, where and how an edition is held."""

    starts_on: date
    ends_on: date
    timezone: str
    mode: EditionMode
    venue: str | None
    city: str | None
    country: str | None


class EditionRevision(Struct):
    """A change of an announced edition. It never changes itself."""

    number: int
    before: HeldEdition
    after: HeldEdition
    reason: dict[str, str]
    revised_at: datetime


class SessionTimes(Struct, frozen=True):
    """When and how a session is held."""

    starts_at: datetime | None
    ends_at: datetime | None
    held_on: date | None
    mode: EditionMode


class MovedSession(Struct, frozen=True):
    """A session that changes with its edition."""

    id: UUID
    title: dict[str, str]
    before: SessionTimes
    after: SessionTimes
    loses_room: bool


class MadeRevision(Struct, kw_only=True):
    """A revision and what follows from it, or in a dry run what would."""

    is_dry_run: bool
    revision: EditionRevision
    sessions: list[MovedSession]
    people: int
    """How many are told, each by one mail."""
    switched: int
    """How many of them take part online from now on."""
    badges_revoked: int
    release: int | None
    """The release that readers see; null while nothing of the programme is published."""
