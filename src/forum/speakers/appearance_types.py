"""What the speakers slice takes and answers of appearances."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from forum.calendars.reply_types import Answer
from forum.codes import Line, Seconds
from forum.problems import Clash

AppearanceRole = Literal["chair", "moderator", "keynote", "panellist", "statement"]
AppearanceStatus = Literal["invited", "confirmed", "declined", "withdrawn", "spoke", "absent"]
Outcome = Literal["spoke", "absent", "confirmed"]
Order = Annotated[int, Meta(ge=1, le=10_000)]


class NewAppearance(Struct, forbid_unknown_fields=True, kw_only=True):
    """A speaker in a session, in a role. They are invited, and appear once confirmed."""

    speaker: UUID
    role: AppearanceRole
    order: Order | None = None
    """Their place among those who appear; last when it is left out."""
    on_behalf_of: Line | None = None
    allotted_seconds: Seconds | None = None
    invite: bool = False
    """Mail them a link by which they answer."""


class AppearancePatch(Struct, forbid_unknown_fields=True, kw_only=True):
    """Changes of an appearance."""

    role: AppearanceRole | UnsetType = UNSET
    order: Order | UnsetType = UNSET
    on_behalf_of: Line | UnsetType | None = UNSET
    allotted_seconds: Seconds | UnsetType | None = UNSET


class Appearance(Struct):
    """A speaker in a session as the staff sees it."""

    id: UUID
    session: UUID
    speaker: UUID
    role: AppearanceRole
    order: int
    on_behalf_of: str | None
    allotted_seconds: int | None
    status: AppearanceStatus
    invited_at: datetime | None
    """When they were last written to."""
    version: int


class CalendarAnswer(Struct, frozen=True):
    """What a speaker's calendar answered to the invitation to a session; in the order of the columns."""

    answer: Answer
    answered_at: datetime
    sequence: int
    stamped_at: datetime


class WrittenAppearance(Appearance, kw_only=True):
    """An appearance as it was written, with the conflicts that the edition's rules, or an organizer, let pass."""

    warnings: list[Clash] | UnsetType = UNSET
    """Absent when there are none."""


class AppearanceRow(Struct, frozen=True):
    """An appearance among all of an edition, for who looks after speakers."""

    id: UUID
    session: UUID
    session_title: dict[str, str]
    starts_at: datetime | None
    speaker: UUID
    display_name: str
    role: AppearanceRole
    order: int
    on_behalf_of: str | None
    allotted_seconds: int | None
    status: AppearanceStatus
    invited_at: datetime | None
    answered_at: datetime | None
    note: str | None
    """What the speaker wrote with their answer."""
    is_available: bool
    """False when the session lies outside of what the speaker said of their time."""
    calendar_answer: Answer | None
    """What their calendar last answered to the invitation. It moves nothing: ask who is confirmed and declines."""
    calendar_answered_at: datetime | None
    version: int


class AppearanceFilter(Struct, frozen=True):
    """Which appearances to list; in the order of the statement's parameters."""

    status: AppearanceStatus | None = None
    speaker: UUID | None = None
    session: UUID | None = None
    calendar_answer: Answer | None = None
