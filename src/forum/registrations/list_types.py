"""What registrars' lists are made of: the rows of an export, and counts."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from forum.codes import Mode
from forum.registrations.types import Consent, Registration, RegistrationStatus, Source

ListFormat = Literal["json", "csv", "xlsx"]
CountedBy = Literal["status", "mode", "category", "delegation", "country"]
SortedBy = Literal[
    "created_at", "-created_at", "family_name", "-family_name", "status_changed_at", "-status_changed_at"
]
"""A hyphen stands for the other direction."""


class RegistrationFilter(Struct, frozen=True):
    """Which registrations to list; in the order of the statement's parameters."""

    status: RegistrationStatus | None = None
    mode: Mode | None = None
    category: str | None = None
    country: str | None = None
    delegation: UUID | None = None
    entity: UUID | None = None
    email: str | None = None
    external_id: str | None = None
    source: Source | None = None
    language: str | None = None
    timezone: str | None = None
    consent: Consent | None = None
    waits_for: Mode | None = None
    counts_against_quota: bool | None = None
    has_offer: bool | None = None
    has_accessibility_needs: bool | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None
    question: str | None = None
    """The key of one that was answered."""
    answer: str | None = None
    """What that answer is, or has among its options."""
    q: str | None = None
    """Words that name and address must have, in any order and spelling: see `fold_text` in the database."""


class Position(Struct, frozen=True):
    """After whom a page begins, in which order; in the order of the statement's parameters."""

    sort: SortedBy = "created_at"
    id: UUID | None = None
    name: str | None = None
    at: datetime | None = None


class ListedRegistration(Registration):
    """A registration in a list, with the moment since which it is where it is."""

    status_changed_at: datetime
    """When status, mode or line last changed."""


class RegistrationRow(Struct, frozen=True):
    """A registration as a line of a table, with the names that people know entities and delegations by.

    Accessibility needs are not among them: a file is passed on, and they say something about a person's health.
    """

    id: UUID
    status: str
    mode: str
    waitlist_position: int | None
    given_name: str | None
    family_name: str
    email: str
    language: str
    timezone: str
    country: str | None
    category: str
    entity: UUID | None
    entity_name: str | None
    delegation: UUID | None
    delegation_name: str | None
    consents: list[str]
    source: str
    external_id: str | None
    created_at: datetime
    status_changed_at: datetime
    answers: dict[str, Any]
    """Those to questions that are not sensitive: each question is a column of its own."""


class RegistrationCount(Struct):
    """How many registrations have a value; null counts those that have none."""

    value: str | None
    name: str | None
    """Of a delegation: the name of its entity."""
    count: int


class RegistrationCounts(Struct):
    """Registrations counted by something, the largest number first."""

    by: CountedBy
    items: list[RegistrationCount]
    total: int
