"""What badges are, as they are stored and as they are answered."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from forum.registrations.types import RegistrationStatus


class BadgeRow(Struct, frozen=True):
    """A badge as it is stored: without its token, which is signed when it is asked for."""

    id: UUID
    registration_id: UUID
    serial: int
    key_id: int
    revoked_at: datetime | None


class PrintedBadge(Struct, frozen=True):
    """A live badge with everything that stands on its print."""

    id: UUID
    serial: int
    key_id: int
    created_at: datetime
    given_name: str | None
    family_name: str
    language: str
    country: str | None
    category: str
    category_label: dict[str, str] | None
    entity_name: str | None
    delegation_name: str | None
    edition_title: dict[str, str]
    starts_on: date | None
    ends_on: date | None
    city: str | None


class BadgeFilter(Struct, frozen=True):
    """Which badges to print; in the order of the statement's parameters."""

    status: RegistrationStatus | None = None
    category: str | None = None
    country: str | None = None
    delegation: UUID | None = None
    entity: UUID | None = None


class Badge(Struct):
    """A badge: its token can be verified without the server (see the public badge keys)."""

    id: UUID
    registration: UUID
    serial: int
    status: Literal["live", "revoked"]
    token: str


class RevokedBadge(Struct):
    """A badge that a scanner must not accept any more. Whose it was is nobody's business at a gate."""

    id: UUID
    revoked_at: datetime


class BadgeKey(Struct, frozen=True):
    """A signing key, as it is stored."""

    id: int
    private_key: bytes
    public_key: bytes
    created_at: datetime


class PublicBadgeKey(Struct):
    """An Ed25519 public key, in unpadded base64url."""

    id: int
    algorithm: Literal["Ed25519"]
    public_key: str
