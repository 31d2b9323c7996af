"""What this slice takes and answers about those who ask for the floor."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Final, Literal, get_args
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from forum.codes import LanguageTag, Line, Prose, Seconds
from forum.errors import Fault
from forum.speakers_lists.types import SpeakersListWarning

Rank = Literal[
    "head_of_state",
    "deputy_head_of_state",
    "head_of_government",
    "deputy_head_of_government",
    "minister",
    "vice_minister",
    "head_of_delegation",
    "other",
]
"""From the first to speak to the last; vice-presidents and crown princes are deputies of a head of State."""
RANKS: Final[tuple[Rank, ...]] = get_args(Rank)
RequestStatus = Literal[
    "requested", "accepted", "started", "paused", "spoke", "absent", "yielded", "declined", "withdrawn"
]
ListFormat = Literal["json", "csv", "xlsx"]
MediaType = Literal["text/plain", "application/pdf"]


class NewSpeakingRequest(Struct, forbid_unknown_fields=True, kw_only=True):
    """Somebody asks for the floor.

    Who is to speak is one of `display_name`, `registration` and `speaker` (or the speaker of `appearance`); for a
    person who asks for themselves it is left out.
    """

    display_name: Line | None = None
    registration: UUID | None = None
    speaker: UUID | None = None
    appearance: UUID | None = None
    """Their appearance in one of the sessions: it is set to `spoke` or `absent` with the request."""
    entity: UUID | None = None
    delegation: UUID | None = None
    rank: Rank
    language: LanguageTag
    """In which the statement is made."""
    on_behalf_of: Line | None = None
    """A group: it has the time of a group."""
    needs_more_time: bool = False

    def faults(self) -> Iterator[Fault]:
        """One person is named, or none."""
        named = [name for name in ("display_name", "registration", "speaker") if getattr(self, name) is not None]
        for name in named[1:]:
            detail = f"Name the person once: {named[0]} does it."
            yield Fault(pointer=f"/{name}", code="more_than_one", detail=detail)
        if self.entity is not None and self.delegation is not None:
            detail = "The delegation is that of an entity: name one of the two."
            yield Fault(pointer="/entity", code="more_than_one", detail=detail)


class SpeakingRequestPatch(Struct, forbid_unknown_fields=True, kw_only=True):
    """Changes of a request by the staff (JSON Merge Patch, RFC 7396)."""

    rank: Rank | UnsetType = UNSET
    language: LanguageTag | UnsetType = UNSET
    on_behalf_of: Line | UnsetType | None = UNSET
    needs_more_time: bool | UnsetType = UNSET
    allotted_seconds: Seconds | UnsetType | None = UNSET
    """null: what the rules of the list give."""


class SpeakingRefusal(Struct, forbid_unknown_fields=True):
    """Why somebody does not have the floor."""

    reason: Prose


class NewPlaceInLine(Struct, forbid_unknown_fields=True, kw_only=True):
    """Where a request goes, one of the three, and why."""

    before: UUID | None = None
    after: UUID | None = None
    position: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    """A place behind the last one is the last."""
    reason: Prose

    def faults(self) -> Iterator[Fault]:
        """One place is named."""
        named = [name for name in ("before", "after", "position") if getattr(self, name) is not None]
        if not named:
            yield Fault(pointer="/position", code="missing", detail="Name one of before, after and position.")
        for name in named[1:]:
            yield Fault(pointer=f"/{name}", code="more_than_one", detail=f"Name the place once: {named[0]} does it.")


class SpeakingRequestMove(Struct, frozen=True):
    """That the staff put a request in another place."""

    id: UUID
    request: UUID
    from_position: int
    to_position: int
    reason: str
    moved_at: datetime
    by_token: UUID


class StatementDetails(Struct, kw_only=True):
    """The text of a statement, without its content."""

    language: str
    media_type: MediaType
    bytes: int
    published: bool
    uploaded_at: datetime
    version: int


class StoredRequest(Struct, kw_only=True):
    """A request as the database has it."""

    id: UUID
    ticket: int
    position: int | None
    status: RequestStatus
    rank: Rank
    language: str
    name: str
    registration: UUID | None
    speaker: UUID | None
    appearance: UUID | None
    entity: UUID | None
    entity_name: str | None
    delegation: UUID | None
    on_behalf_of: str | None
    needs_more_time: bool
    allotted_seconds: int
    spoken_ms: int
    running_since: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    spoke_in: UUID | None
    moved_at: datetime | None
    reason: str | None
    requested_at: datetime
    statement: StatementDetails | None
    version: int
    public_name: str | None


class SpeakingRequest(Struct, kw_only=True):
    """A request for the floor, as the staff and who made it see it."""

    id: UUID
    position: int | None
    """Their place in the order, from 1; null once it is taken out."""
    status: RequestStatus
    rank: Rank
    language: str
    name: str
    public_name: str | None
    """By which name everybody reads of them; null: by none."""
    registration: UUID | None
    speaker: UUID | None
    appearance: UUID | None
    entity: UUID | None
    entity_name: str | None
    delegation: UUID | None
    on_behalf_of: str | None
    needs_more_time: bool
    allotted_seconds: int
    actual_seconds: int | None
    """For how long they have spoken, pauses left out; null until they begin."""
    session: UUID | None
    """In which session they spoke, or will by the present order."""
    projected_at: datetime | None
    """When they have the floor by the present order; null also when no session is long enough."""
    started_at: datetime | None
    ended_at: datetime | None
    moved_at: datetime | None
    reason: str | None
    """Why it was declined."""
    requested_at: datetime
    statement: StatementDetails | None
    version: int


class MadeSpeakingRequest(SpeakingRequest, kw_only=True):
    """A request as it was made, and whether the list is longer than its sessions."""

    warnings: list[SpeakersListWarning]


class RequestFilter(Struct, frozen=True):
    """Which requests to list; in the order of the statement's parameters."""

    status: RequestStatus | None = None
    rank: Rank | None = None
    language: str | None = None
    entity: UUID | None = None
    delegation: UUID | None = None


class Asker(Struct, frozen=True):
    """The registration of somebody who is to speak; it stays so until the transaction ends."""

    id: UUID
    status: str
    entity: UUID | None
    delegation: UUID | None
    is_own: bool
    """Whether it is that of who asks."""


class RequestReferences(Struct, frozen=True):
    """What must be known of the things that a request names."""

    is_entity_known: bool
    delegation_entity: UUID | None
    """Null: the edition has no such delegation."""
    is_speaker_known: bool
    speaker_entity: UUID | None
    appearance_speaker: UUID | None
    """Null: the sessions of the list have no such appearance."""


class RequestToStore(Struct, frozen=True, kw_only=True):
    """A request for the floor, whole; in the order of the statement's parameters."""

    status: RequestStatus
    display_name: str | None
    registration: UUID | None
    speaker: UUID | None
    appearance: UUID | None
    entity: UUID | None
    delegation: UUID | None
    rank: Rank
    language: str
    on_behalf_of: str | None
    needs_more_time: bool


class Standing(Struct, frozen=True):
    """A request in line, as far as the order depends on it."""

    id: UUID
    status: RequestStatus
    rank: Rank
    ticket: int
    moved_at: datetime | None


class Turn(Struct, frozen=True):
    """A request in line, or on the floor, as far as times depend on it."""

    id: UUID
    status: RequestStatus
    allotted_seconds: int
    standard_seconds: int
    """What everybody has: for times that are told to those who must not learn who has more."""
    spoken_ms: int
    running_since: datetime | None


class SessionWindow(Struct, frozen=True):
    """A session in which statements are made; those that have no beginning yet, or are cancelled, are none."""

    session: UUID
    starts_at: datetime
    ends_at: datetime | None
