"""What the speakers slice takes and answers."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from forum.codes import Country, ExternalId, Line, LocalizedProse, ProsePatch, Seconds

AppearanceRole = Literal["chair", "moderator", "keynote", "panellist", "statement"]
AppearanceStatus = Literal["invited", "confirmed", "declined", "withdrawn", "spoke", "absent"]
Outcome = Literal["spoke", "absent", "confirmed"]
Order = Annotated[int, Meta(ge=1, le=10_000)]


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


class SpeakerPatch(Struct, forbid_unknown_fields=True, kw_only=True):
    """Changes of a speaker (JSON Merge Patch, RFC 7396)."""

    display_name: Line | UnsetType = UNSET
    honorific: Line | UnsetType | None = UNSET
    function: Line | UnsetType | None = UNSET
    entity: UUID | UnsetType | None = UNSET
    country: Country | UnsetType | None = UNSET
    biography: ProsePatch | UnsetType | None = UNSET
    published: bool | UnsetType = UNSET
    external_id: ExternalId | UnsetType | None = UNSET


class Speaker(Struct):
    """A speaker."""

    id: UUID
    display_name: str
    honorific: str | None
    function: str | None
    entity: UUID | None
    country: str | None
    biography: dict[str, str] | None
    published: bool
    external_id: str | None
    version: int


class SpeakerFilter(Struct, frozen=True):
    """Which speakers to list; in the order of the statement's parameters."""

    entity: UUID | None = None
    external_id: str | None = None


class NewAppearance(Struct, forbid_unknown_fields=True, kw_only=True):
    """A speaker in a session, in a role. They are invited, and appear once confirmed."""

    speaker: UUID
    role: AppearanceRole
    order: Order | None = None
    """Their place among those who appear; last when it is left out."""
    on_behalf_of: Line | None = None
    allotted_seconds: Seconds | None = None


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
    version: int
