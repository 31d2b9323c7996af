"""What the accounts slice takes and answers."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from forum.codes import Email, Instant, LanguageTag, Line
from forum.errors import Fault
from forum.permissions import ClientScope, Grant, Role

TokenKind = Literal["person", "client", "device", "registration", "speaker"]


class CodeRequest(Struct, forbid_unknown_fields=True):
    """Somebody wants to sign in."""

    email: Email
    language: LanguageTag = "en"


class CodeSent(Struct):
    """The same for every address, known or not."""

    detail: str
    expires_in_seconds: int


class SignIn(Struct, forbid_unknown_fields=True):
    """The code that was mailed."""

    email: Email
    code: Annotated[str, Meta(pattern="^[0-9]{8}$")]


class NewToken(Struct, forbid_unknown_fields=True):
    """A token for a frontend (client) or a scanner (device), on one edition."""

    kind: Literal["client", "device"]
    edition: Line
    label: Line
    scopes: Annotated[list[ClientScope], Meta(min_length=1, max_length=10)]
    expires_at: Instant | None = None


class Token(Struct):
    """A token without its secret."""

    id: UUID
    kind: TokenKind
    edition_id: UUID | None
    label: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class IssuedToken(Struct):
    """A new token: the only answer in which the secret ever stands."""

    id: UUID
    token: str
    expires_at: datetime | None


class NewGrant(Struct, forbid_unknown_fields=True):
    """A role for the person of an address: on one edition, on one of its delegations (focal_point) or on the platform
    (admin)."""

    email: Email
    role: Role
    edition: Line | None = None
    delegation: UUID | None = None

    def faults(self) -> Iterator[Fault]:
        """Only `admin` is of the platform, and only `focal_point` of a delegation."""
        if (self.role == "focal_point") != (self.delegation is not None):
            detail = "`focal_point` is on a delegation; no other role is."
            yield Fault(pointer="/delegation", code="rule_broken", detail=detail)
        if (self.role == "admin") != (self.edition is None):
            detail = "Every role but `admin` is on an edition; `admin` is on none."
            yield Fault(pointer="/edition", code="rule_broken", detail=detail)


class GivenRole(Struct):
    """A role that was given."""

    id: UUID
    email: str
    role: Role
    edition_id: UUID | None
    delegation_id: UUID | None
    created_at: datetime


class GrantFilter(Struct, frozen=True):
    """Which roles to list; in the order of the statement's parameters."""

    role: Role | None = None
    delegation: UUID | None = None


class Me(Struct):
    """Who the token says you are."""

    kind: TokenKind
    person_id: UUID | None
    email: str | None
    edition_id: UUID | None
    scopes: list[str]
    grants: list[Grant]


class ErasedPerson(Struct, frozen=True):
    """How many rows were emptied, deleted or ended when a person was erased."""

    persons: int
    grants: int
    sign_in_codes: int
    tokens: int
    idempotency_keys: int
