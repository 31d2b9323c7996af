"""What the entities slice takes and answers."""

from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from forum.codes import Country, ExternalId, Line, Term


class EntityFields(Struct, forbid_unknown_fields=True, kw_only=True):
    """What is known of an entity."""

    name: Line
    category: Term
    country: Country | None = None
    parent: UUID | None = None
    external_id: ExternalId | None = None


class NewEntity(EntityFields, forbid_unknown_fields=True, kw_only=True):
    """A new entity."""


class EntityPatch(Struct, forbid_unknown_fields=True):
    """Changes of an entity (JSON Merge Patch, RFC 7396)."""

    name: Line | UnsetType = UNSET
    category: Term | UnsetType = UNSET
    country: Country | UnsetType | None = UNSET
    parent: UUID | UnsetType | None = UNSET
    external_id: ExternalId | UnsetType | None = UNSET


class Entity(Struct):
    """A State, UN body, city, organization ... that takes part."""

    id: UUID
    name: Line
    category: Term
    country: Country | None
    parent: UUID | None
    external_id: ExternalId | None
    version: int


class EntityFilter(Struct, frozen=True):
    """Which entities to list."""

    category: str | None
    country: str | None
    name: str | None


class NewDelegation(Struct, forbid_unknown_fields=True):
    """An entity is to take part."""

    entity: UUID


class Delegation(Struct):
    """An entity taking part in an edition."""

    id: UUID
    entity: UUID
    entity_name: str
    version: int
