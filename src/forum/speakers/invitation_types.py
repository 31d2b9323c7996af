"""What speakers take and give by the link that was mailed to them."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from forum.codes import Line, Prose, ProsePatch
from forum.errors import Fault
from forum.speakers.appearance_types import AppearanceRole, AppearanceStatus
from forum.speakers.types import Availabilities, Availability, availability_faults


class SpeakerLinkToken(Struct, forbid_unknown_fields=True):
    """What stands behind the `#` of a speaker's link."""

    token: Annotated[str, Meta(min_length=1, max_length=300)]


class OpenedSpeakerLink(Struct, frozen=True):
    """A token for one speaker, and where they are."""

    token: str
    """The bearer token; its secret stands in this answer and nowhere else."""
    expires_at: datetime
    edition_id: UUID
    edition: str
    """The slug of the edition."""
    speaker_id: UUID


class LinkedSpeaker(Struct, frozen=True):
    """The speaker that a link leads to, and until when; without an end while the edition has no dates."""

    edition_id: UUID
    edition: str
    speaker_id: UUID
    expires_at: datetime | None


class Addressee(Struct, frozen=True):
    """Where a speaker is written to, if anywhere."""

    email: str | None
    edition_status: str


class InvitedAppearance(Struct, frozen=True):
    """A session that a speaker is asked to, as they see it; it may not be public yet."""

    id: UUID
    title: dict[str, str]
    starts_at: datetime | None
    ends_at: datetime | None
    held_on: date | None
    room: str | None
    venue: str | None
    mode: Literal["in_person", "hybrid", "online"]
    role: AppearanceRole
    on_behalf_of: str | None
    allotted_seconds: int | None
    status: AppearanceStatus
    is_session_cancelled: bool


class SpeakerInvitation(Struct):
    """What a speaker sees of themselves, and of what they are asked to."""

    display_name: str
    honorific: str | None
    function: str | None
    biography: dict[str, str] | None
    published: bool
    """Whether they agree to be named in public."""
    language: str
    availabilities: list[Availability]
    photo: str | None
    version: int
    edition_title: dict[str, str]
    timezone: str
    """Of the edition, in which times are told."""
    appearances: list[InvitedAppearance]


class OwnProfilePatch(Struct, forbid_unknown_fields=True, kw_only=True):
    """What speakers change of themselves (JSON Merge Patch, RFC 7396)."""

    honorific: Line | UnsetType | None = UNSET
    function: Line | UnsetType | None = UNSET
    biography: ProsePatch | UnsetType | None = UNSET
    availabilities: Availabilities | UnsetType = UNSET

    def faults(self) -> Iterator[Fault]:
        """Spans of time that end before they begin."""
        return availability_faults(self.availabilities)


class InvitationAnswer(Struct, forbid_unknown_fields=True):
    """Words for the organizers."""

    note: Prose | None = None
