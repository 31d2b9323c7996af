"""What the pledges slice takes and answers about announcements."""

from datetime import date, datetime
from uuid import UUID

from msgspec import Struct

from forum.codes import Money
from forum.pledges.types import Need, PledgeStatus, Quantity


class NewAnnouncement(Struct, forbid_unknown_fields=True, kw_only=True):
    """A pledge is announced, by one of the edition's speakers or by nobody in particular."""

    pledge: UUID
    speaker: UUID | None = None


class Revision(Struct, frozen=True, kw_only=True):
    """A pledge as it was when it was announced: never changed afterwards."""

    reference: str
    version: int
    """The version that the pledge had; a higher one today means that it was changed since."""
    title: dict[str, str]
    description: dict[str, str] | None
    original_language: str
    lead_entity: UUID
    lead_entity_name: str
    partners: list[UUID]
    """Those that had accepted."""
    contribution_kinds: list[str]
    objectives: list[str]
    focus_areas: list[str]
    multistakeholder_pledges: list[str]
    countries: list[str]
    amount: Money | None
    usd_rate: str | None
    usd_rate_on: date | None
    usd_equivalent: str | None
    quantities: list[Quantity]
    starts_on: date | None
    ends_on: date | None
    need: Need
    source_url: str | None


class Announcement(Struct, kw_only=True):
    """That a pledge was announced in a session, with its text of that moment."""

    id: UUID
    number: int
    """Where it stands among the announcements of the edition: 1, 2, 3 ..."""
    session: UUID
    pledge: UUID
    pledge_status: PledgeStatus
    """What it is today: `withdrawn` marks a promise that was taken back."""
    speaker: UUID | None
    """Who announced it; only where they agreed to be named."""
    announced_at: datetime
    revision: Revision


class NamedByAnnouncement(Struct, frozen=True):
    """What must be known of the things that an announcement names."""

    announcement_id: UUID | None
    is_speaker_known: bool
