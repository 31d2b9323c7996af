"""What the attendance slice takes and answers."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct

from forum.codes import ExternalId, Instant, Mode
from forum.errors import Fault

Direction = Literal["in", "out"]
Result = Literal["accepted", "repeated", "denied"]
FirstResult = Literal["accepted", "denied"]
Reason = Literal[
    "unknown_badge",
    "revoked",
    "wrong_edition",
    "not_approved",
    "wrong_mode",
    "not_admitted",
    "room_full",
    "outside_hours",
]
"""Why somebody is not let in. `room_full` and `outside_hours` are for rules that an edition may set later."""
BadgeToken = Annotated[str, Meta(min_length=1, max_length=500)]
Rows = Annotated[
    list[Any],
    Meta(min_length=1, max_length=500, extra_json_schema={"items": {"$ref": "#/components/schemas/NewScan"}}),
]
"""Each row is read by itself, so that a bad one does not block the others."""


class NewScan(Struct, forbid_unknown_fields=True, kw_only=True):
    """A badge was shown at a gate or at the door of a session."""

    badge: BadgeToken
    """The signed token of the badge, as it was read."""
    gate: ExternalId | None = None
    session: UUID | None = None
    direction: Direction
    scan_id: ExternalId
    """The device's own name for this scan: sent again, it changes nothing."""
    occurred_at: Instant
    """By the clock of the device."""

    def faults(self) -> Iterator[Fault]:
        """The rules that span fields."""
        if self.gate is None and self.session is None:
            yield Fault(pointer="/gate", code="missing", detail="Name a gate or a session.")
        if self.gate is not None and self.session is not None:
            yield Fault(pointer="/session", code="rule_broken", detail="A scan is at a gate or at a session, not both.")


class NewScans(Struct, forbid_unknown_fields=True):
    """Scans that were made offline: up to 500, in any order."""

    scans: Rows


class Holder(Struct, frozen=True):
    """What a steward needs to see of the person who holds a badge."""

    registration: UUID
    display_name: str
    category: str
    represents: str | None


class ScanResult(Struct, frozen=True, kw_only=True):
    """What became of a scan."""

    result: Result
    reason: Reason | None
    first_result: FirstResult | None
    """For a repeated scan: what was answered the first time. `reason` is that of the first time, too."""
    holder: Holder | None


class ScanOutcome(Struct, frozen=True, kw_only=True):
    """What became of one row; a row with errors was not recorded."""

    index: int
    result: Result | None
    reason: Reason | None
    first_result: FirstResult | None
    errors: list[Fault]


class ScanOutcomes(Struct, frozen=True):
    """An outcome for each row, in the order in which they were sent."""

    items: list[ScanOutcome]


class ShownBadge(Struct, frozen=True):
    """A scan as it is recorded: in the order of the statement's parameters."""

    edition_id: UUID
    id: UUID
    device_id: UUID
    scan_id: str
    badge_id: UUID | None
    """Null when the signature is wrong."""
    gate: str | None
    session_id: UUID | None
    direction: Direction
    occurred_at: datetime
    recorded_at: datetime
    valid_at: datetime
    """When the badge must be good."""


class RecordedScan(Struct, frozen=True):
    """What the database answers to a scan."""

    is_new: bool
    is_settled: bool
    registration_id: UUID | None
    display_name: str
    category: str | None
    represents: str | None
    reason: Reason | None


class FoundScan(Struct, frozen=True):
    """A scan that was recorded before."""

    registration_id: UUID | None
    display_name: str
    category: str | None
    represents: str | None
    reason: Reason | None


class ScanRow(Struct, frozen=True):
    """A scan on its way into the database, with the badge that its token was signed for."""

    number: int
    id: UUID
    scan_id: str
    badge_id: UUID | None
    gate: str | None
    session_id: UUID | None
    direction: Direction
    occurred_at: datetime


class InsertedScan(Struct, frozen=True):
    """A scan that was new."""

    id: UUID
    registration_id: UUID | None
    session_id: UUID | None
    direction: Direction
    result: FirstResult


class KnownReason(Struct, frozen=True):
    """What was answered to a scan of a device the first time."""

    scan_id: str
    id: UUID
    reason: Reason | None


class PresenceAction(Struct, forbid_unknown_fields=True):
    """What a delegate online does."""

    action: Literal["join", "heartbeat", "leave"]


class OnlinePresence(Struct, frozen=True, kw_only=True):
    """Whether a delegate is in a session online. Without a heartbeat for `heard_within_seconds` they have left."""

    session: UUID
    is_present: bool
    started_at: datetime | None
    seen_at: datetime | None
    ended_at: datetime | None
    heard_within_seconds: int


class PresenceRow(Struct, frozen=True):
    """From when to when somebody was there."""

    started_at: datetime
    seen_at: datetime
    ended_at: datetime | None


class OnlinePlace(Struct, frozen=True):
    """A session, and a person's latest registration for its edition."""

    session_status: Literal["draft", "confirmed", "cancelled"]
    session_mode: Literal["in_person", "hybrid", "online"]
    edition_status: str
    registration_id: UUID | None
    status: str | None
    mode: Mode | None


class SessionOccupancy(Struct, frozen=True):
    """How many people are in a session."""

    session: UUID
    in_person: int
    online: int


class Occupancy(Struct, frozen=True):
    """How many people are on site, and in each session in which there is anybody."""

    as_of: datetime
    on_site: int
    sessions: list[SessionOccupancy]
