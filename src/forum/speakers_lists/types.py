"""What this slice takes and answers about a list as a whole."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from forum.codes import Instant, Seconds
from forum.errors import Fault

ExtraSeconds = Annotated[int, Meta(ge=0, le=3600)]
Sessions = Annotated[list[UUID], Meta(max_length=20)]


class SpeakersListFields(Struct, kw_only=True):
    """What the staff decides about a list."""

    opens_at: Instant
    closes_at: Instant
    """From then on only the staff adds requests."""
    delegation_seconds: Seconds | None = None
    """For a statement; the edition's `statement_seconds` when it is left out."""
    group_seconds: Seconds = 300
    """For a statement on behalf of a group."""
    extra_seconds: ExtraSeconds = 60
    """More for who needs more time, such as a person with a disability."""
    changeover_seconds: ExtraSeconds = 30
    """Between two speakers."""
    continued_in: Sessions = []
    """The sessions in which the list goes on, in their order."""
    published: bool = False
    """Whether everybody may follow it."""

    def faults(self) -> Iterator[Fault]:
        """It closes after it opens, and goes on in each session once."""
        if self.closes_at <= self.opens_at:
            yield Fault(pointer="/closes_at", code="not_after_start", detail="It must close after it opens.")
        yield from _repeated(self.continued_in)


class NewSpeakersList(SpeakersListFields, forbid_unknown_fields=True):
    """The list of speakers of a session, whole."""


class SpeakersListPatch(Struct, forbid_unknown_fields=True, kw_only=True):
    """Changes of a list (JSON Merge Patch, RFC 7396)."""

    opens_at: Instant | UnsetType = UNSET
    closes_at: Instant | UnsetType = UNSET
    delegation_seconds: Seconds | UnsetType = UNSET
    group_seconds: Seconds | UnsetType = UNSET
    extra_seconds: ExtraSeconds | UnsetType = UNSET
    changeover_seconds: ExtraSeconds | UnsetType = UNSET
    continued_in: Sessions | UnsetType = UNSET
    published: bool | UnsetType = UNSET


def _repeated(sessions: Sequence[UUID]) -> Iterator[Fault]:
    for index, session in enumerate(sessions):
        if session in sessions[:index]:
            yield Fault(pointer=f"/continued_in/{index}", code="duplicate", detail="This session stands twice.")


class Change(Struct, frozen=True):
    """Who changes a list, or what stands on it, when and why: it stands in the histories from then on."""

    by_token: UUID
    at: datetime
    reason: str | None = None


class SpeakersListWarning(Struct, frozen=True):
    """What is allowed, and likely to end badly."""

    code: Literal["overflows"]
    detail: str
    overflow_seconds: int
    """By how much what is allotted exceeds what the sessions have."""


class StoredList(Struct):
    """A list as the database has it."""

    id: UUID
    session: UUID
    """The first session of the list."""
    continued_in: list[UUID]
    opens_at: datetime
    closes_at: datetime
    delegation_seconds: int
    group_seconds: int
    extra_seconds: int
    changeover_seconds: int
    published: bool
    allotted_seconds: int | None
    """Of all who have spoken or stand in line, together."""
    available_seconds: int | None
    """The length of the sessions, together; null while one has no end."""
    version: int

    @property
    def sessions(self) -> list[UUID]:
        """Every session of the list, in order."""
        return [self.session, *self.continued_in]

    def find_warnings(self) -> list[SpeakersListWarning]:
        """That more is allotted than there is, if so."""
        overflow = (self.allotted_seconds or 0) - self.available_seconds if self.available_seconds is not None else 0
        detail = "More seconds are allotted than the sessions have."
        return [SpeakersListWarning("overflows", detail, overflow)] if overflow > 0 else []

    def is_open(self, now: datetime) -> bool:
        """Whether one may ask for the floor."""
        return self.opens_at <= now < self.closes_at


class SpeakersList(StoredList, kw_only=True):
    """A list of speakers: its rules, how full it is (for its staff only), and whether one may ask for the floor now."""

    open: bool
    warnings: list[SpeakersListWarning]


class SessionOfList(Struct, frozen=True):
    """A session that a list is to have."""

    id: UUID
    list_id: UUID | None
    """The list that has it already."""
    starts_at: datetime | None
