"""What became of lists, requests and statements, as the staff reads it."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from forum.speakers_lists.request_types import MediaType, Rank, RequestStatus


class SpeakersListTransition(Struct, frozen=True):
    """The rules that a list had from an instant on."""

    number: int
    """The version that the list had with them."""
    session: UUID
    continued_in: list[UUID]
    opens_at: datetime
    closes_at: datetime
    delegation_seconds: int
    group_seconds: int
    extra_seconds: int
    changeover_seconds: int
    published: bool
    at: datetime
    by_token: UUID | None


class SpeakingRequestTransition(Struct, frozen=True):
    """A status, a rank or a time that a request had from an instant on."""

    number: int
    status: RequestStatus
    rank: Rank
    allotted_seconds: int | None
    """null: what the rules of the list gave."""
    at: datetime
    by_token: UUID | None
    reason: str | None


class StatementTransition(Struct, frozen=True):
    """That the text of a statement was handed in, replaced, published or taken back."""

    number: int
    """The version that the text had then."""
    language: str
    media_type: MediaType
    bytes: int
    sha256: str
    """Of the text, in hexadecimal digits: the same for the same bytes."""
    published: bool
    at: datetime
    by_token: UUID | None
