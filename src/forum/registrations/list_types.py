"""What registrars' lists are made of: the rows of an export, and counts."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

ListFormat = Literal["json", "csv", "xlsx"]
CountedBy = Literal["status", "mode", "category", "delegation", "country"]


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
