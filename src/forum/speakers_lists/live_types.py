"""What everybody reads of a list: nobody's name without their consent, and nothing that tells why somebody has time."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from forum.speakers_lists.request_types import MediaType, Rank, SessionWindow


class PublicStatement(Struct, frozen=True):
    """That the text of a statement can be read."""

    language: str
    media_type: MediaType


class LiveTurn(Struct, frozen=True, kw_only=True):
    """Somebody who spoke, speaks or will speak."""

    request: UUID
    status: Literal["accepted", "started", "paused", "spoke"]
    rank: Rank
    language: str
    name: str | None
    """Only of speakers and registered people who agreed, and of holders of high office."""
    entity: UUID | None
    entity_name: str | None
    on_behalf_of: str | None
    session: UUID | None
    projected_at: datetime | None
    """About: with the time that everybody has, rounded down to five minutes. Nobody can tell who was given more."""
    started_at: datetime | None
    actual_seconds: int | None
    """Of who has spoken."""
    statement: PublicStatement | None


class Floor(Struct, frozen=True, kw_only=True):
    """Who has the floor, and what the clock in the room shows: `spoken_seconds` and the time since `running_since`."""

    request: UUID
    allotted_seconds: int
    spoken_seconds: int
    running_since: datetime | None
    """null: it is paused."""


class LiveList(Struct, frozen=True, kw_only=True):
    """The running list."""

    session: UUID
    sessions: list[SessionWindow]
    opens_at: datetime
    closes_at: datetime
    as_of: datetime
    floor: Floor | None
    items: list[LiveTurn]
