"""What delegations are, as they are taken and answered."""

from datetime import datetime
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from forum.codes import Capacity, Mode


class NewDelegation(Struct, forbid_unknown_fields=True):
    """An entity is to take part."""

    entity: UUID
    in_person_quota: Capacity | None = None
    """How many of its people may have a place in the hall; null: no limit."""
    online_quota: Capacity | None = None


class DelegationPatch(Struct, forbid_unknown_fields=True):
    """Changes of a delegation (JSON Merge Patch, RFC 7396). Its head is one of its own active registrations."""

    head: UUID | UnsetType | None = UNSET
    in_person_quota: Capacity | UnsetType | None = UNSET
    online_quota: Capacity | UnsetType | None = UNSET


class Delegation(Struct):
    """An entity taking part in an edition."""

    id: UUID
    entity: UUID
    entity_name: str
    entity_category: str
    entity_country: str | None
    head: UUID | None
    """The registration of who leads it; nobody once that person is out of it or takes part no more."""
    in_person_quota: Capacity | None
    online_quota: Capacity | None
    version: int


class PeopleCount(Struct):
    """How many people of a delegation have a mode and a status."""

    mode: Mode
    status: str
    count: int


class FocalPoint(Struct):
    """Who looks after a delegation: `grant` is what takes the role back."""

    grant: UUID
    email: str
    created_at: datetime


class DelegationDetails(Delegation):
    """One delegation. Who may not list its people is not told of people and focal points: null."""

    people: list[PeopleCount] | None
    focal_points: list[FocalPoint] | None


class DelegationFilter(Struct, frozen=True):
    """Which delegations to list; in the order of the statement's parameters."""

    entity: UUID | None = None
    category: str | None = None
    """Of the entity, as the country."""
    country: str | None = None
    q: str | None = None
    """Words that one of the entity's names must have."""
