"""What the links to registrations take and answer."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from forum.codes import Prose


class LinkToken(Struct, forbid_unknown_fields=True):
    """What stands behind the `#` of a link that was mailed."""

    token: Annotated[str, Meta(min_length=1, max_length=300)]


class OpenedLink(Struct, frozen=True):
    """A token for one registration, and where that is."""

    token: str
    """The bearer token; its secret stands in this answer and nowhere else."""
    expires_at: datetime
    edition_id: UUID
    edition: str
    """The slug of the edition."""
    registration_id: UUID


class Linked(Struct, frozen=True):
    """The registration that a link leads to, and until when; without an end while the edition has no dates."""

    edition_id: UUID
    edition: str
    registration_id: UUID
    person_id: UUID
    expires_at: datetime | None


class LinkSent(Struct, frozen=True):
    """A new link is on its way."""

    detail: str


class Objection(Struct, forbid_unknown_fields=True):
    """Somebody does not agree to having been registered by others."""

    reason: Prose | None = None
