"""What badges are, as they are stored and as they are answered."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct


class BadgeRow(Struct, frozen=True):
    """A badge as it is stored: without its token, which is signed when it is asked for."""

    id: UUID
    registration_id: UUID
    serial: int
    key_id: int
    revoked_at: datetime | None


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
