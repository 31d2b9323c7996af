"""What the speakers slice takes and answers of speakers themselves; of their appearances see `appearance_types`."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType, field

from forum.codes import Country, Email, ExternalId, Instant, LanguageTag, Line, LocalizedProse, Prose, ProsePatch
from forum.errors import Fault


class Availability(Struct, frozen=True, forbid_unknown_fields=True):
    """A span of time in which a speaker can speak."""

    begins_at: Instant = field(name="from")
    until: Instant


Availabilities = Annotated[list[Availability], Meta(max_length=100)]
"""When somebody can speak; none: nobody has said. Those that overlap or touch become one."""


def availability_faults(spans: object) -> Iterator[Fault]:
    """What is wrong with the spans of a body, if there are any."""
    for index, span in enumerate(spans if isinstance(spans, list) else []):
        if span.until <= span.begins_at:
            detail = "It must be later than `from`."
            yield Fault(pointer=f"/availabilities/{index}/until", code="not_after_from", detail=detail)


class NewSpeaker(Struct, forbid_unknown_fields=True, kw_only=True):
    """A speaker. `published` says that they agreed to be named in public."""

    display_name: Line
    honorific: Line | None = None
    function: Line | None = None
    entity: UUID | None = None
    country: Country | None = None
    biography: LocalizedProse | None = None
    published: bool = False
    external_id: ExternalId | None = None
    registration: UUID | None = None
    """Their registration for this edition; without one they come from outside."""
    email: Email | None = None
    """Where they are written to; without one, at the address of their registration. Never public, as what follows."""
    language: LanguageTag = "en"
    availabilities: Availabilities = []

    def faults(self) -> Iterator[Fault]:
        """Spans of time that end before they begin."""
        return availability_faults(self.availabilities)


class SpeakerPatch(Struct, forbid_unknown_fields=True, kw_only=True):
    """Changes of a speaker (JSON Merge Patch, RFC 7396). Another address ends the link that was mailed before."""

    display_name: Line | UnsetType = UNSET
    honorific: Line | UnsetType | None = UNSET
    function: Line | UnsetType | None = UNSET
    entity: UUID | UnsetType | None = UNSET
    country: Country | UnsetType | None = UNSET
    biography: ProsePatch | UnsetType | None = UNSET
    published: bool | UnsetType = UNSET
    external_id: ExternalId | UnsetType | None = UNSET
    registration: UUID | UnsetType | None = UNSET
    email: Email | UnsetType | None = UNSET
    language: LanguageTag | UnsetType = UNSET
    availabilities: Availabilities | UnsetType = UNSET

    def faults(self) -> Iterator[Fault]:
        """Spans of time that end before they begin."""
        return availability_faults(self.availabilities)


class Speaker(Struct):
    """A speaker as everybody may see them."""

    id: UUID
    display_name: str
    honorific: str | None
    function: str | None
    entity: UUID | None
    country: str | None
    biography: dict[str, str] | None
    published: bool
    external_id: str | None
    photo: str | None
    """Where it is, as a reference that is relative to this answer's address."""
    version: int


class SpeakerForStaff(Speaker):
    """A speaker with what is for those alone who look after speakers."""

    registration: UUID | None
    email: str | None
    language: str
    availabilities: list[Availability]


class SpeakerFilter(Struct, frozen=True):
    """Which speakers to list; in the order of the statement's parameters."""

    entity: UUID | None = None
    external_id: str | None = None


class SpeakerKey(Struct, frozen=True):
    """Which speaker of which edition."""

    edition_id: UUID
    id: UUID


ConsentWay = Literal["link", "staff", "erasure"]


class NewConsent(Struct, forbid_unknown_fields=True):
    """Whether the speaker agrees to be published: said by them, or noted by the staff with how they know."""

    agreed: bool
    note: Prose | None = None


class Consent(Struct, frozen=True):
    """What was said of being published, when, by which way (the speaker's link, the staff) and with which token."""

    number: int
    agreed: bool
    way: ConsentWay
    decided_at: datetime
    by_token: UUID | None
    note: str | None


class ErasedSpeaker(Struct, frozen=True):
    """Out of how many rows of each table it was taken who a speaker is."""

    speakers: int
    appearances: int
    speaker_consents: int
    speaker_photos: int
    speaker_links: int
