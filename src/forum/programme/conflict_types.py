"""What the programme slice takes and answers about conflicts, and about teams of interpreters."""

from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from forum.codes import ExternalId, Line
from forum.programme.types import Tags

Level = Literal["ignore", "warn", "refuse"]
Rule = Literal[
    "speaker_double_booked",
    "chair_double_booked",
    "interpretation_double_booked",
    "plenary_parallel",
    "capacity_below_bookings",
    "outside_opening_hours",
    "outside_edition",
    "setup_time",
]
"""What an edition can decide. That a room is occupied is no rule: the database does not allow it."""
OverridableRule = Literal["speaker_double_booked", "chair_double_booked", "interpretation_double_booked"]
OVERRIDABLE = frozenset(get_args(OverridableRule))


class ConflictLevels(Struct, forbid_unknown_fields=True):
    """What an edition does about each kind of conflict."""

    speaker_double_booked: Level
    """A speaker is confirmed in two confirmed sessions at a time. A session and those inside it are one place."""
    chair_double_booked: Level
    """The same, of somebody who chairs at least one of them."""
    interpretation_double_booked: Level
    """An interpretation team works in two confirmed sessions at a time."""
    plenary_parallel: Level
    """Something else goes on during a plenary; breaks, logistics, press and what is held outside do not count."""
    capacity_below_bookings: Level
    """More people have booked than there are places."""
    outside_opening_hours: Level
    """The room is not open during the whole of the session."""
    outside_edition: Level
    """Not on the edition's days; linked events, preparatory meetings and press may be. Refused with 422, drafts too."""
    setup_time: Level
    """Between two sessions in a room, or in parts that they share, there is less time than teardown and set-up take."""


class ConflictRules(ConflictLevels):
    """The levels of an edition. It begins with `refuse` for people, teams and its own days, and `warn` for the rest."""

    version: int


class ConflictFilter(Struct, frozen=True, kw_only=True):
    """Which open conflicts to list; in the order of the statement's parameters."""

    rule: Rule | None = None
    level: Level | None = None
    session: UUID | None = None


class NewOverride(Struct, frozen=True):
    """Who goes on in spite of conflicts, and why."""

    reason: str
    token_id: UUID


class ConflictOverride(Struct, frozen=True):
    """That somebody went on in spite of a conflict."""

    id: UUID
    session: UUID
    rule: OverridableRule
    other_session: UUID
    subject: UUID
    """The speaker or the team that is in two places."""
    reason: str
    token: UUID
    """The token that was used."""
    overridden_at: datetime


class NewInterpretationTeam(Struct, forbid_unknown_fields=True, kw_only=True):
    """Interpreters who work together, in one session at a time. Give the team a name, not those of its people."""

    name: Line
    languages: Tags = []
    external_id: ExternalId | None = None


class InterpretationTeamPatch(Struct, forbid_unknown_fields=True, kw_only=True):
    """Changes of an interpretation team."""

    name: Line | UnsetType = UNSET
    languages: Tags | UnsetType = UNSET
    external_id: ExternalId | UnsetType | None = UNSET


class InterpretationTeam(Struct):
    """An interpretation team as the staff reads it."""

    id: UUID
    name: str
    languages: list[str]
    external_id: str | None
    version: int
