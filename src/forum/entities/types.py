"""What entities are, as they are taken and answered."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from forum.codes import Country, ExternalId, Line, Prose, Term
from forum.errors import Fault

Names = Annotated[list[Line], Meta(max_length=50)]


class EntityFields(Struct, forbid_unknown_fields=True, kw_only=True):
    """What is known of an entity."""

    name: Line
    category: Term
    alternative_names: Names = []
    country: Country | None = None
    parent: UUID | None = None
    external_id: ExternalId | None = None


class NewEntity(EntityFields, forbid_unknown_fields=True, kw_only=True):
    """A new entity."""


class EntityPatch(Struct, forbid_unknown_fields=True):
    """Changes of an entity (JSON Merge Patch, RFC 7396)."""

    name: Line | UnsetType = UNSET
    alternative_names: Names | UnsetType = UNSET
    category: Term | UnsetType = UNSET
    country: Country | UnsetType | None = UNSET
    parent: UUID | UnsetType | None = UNSET
    external_id: ExternalId | UnsetType | None = UNSET


class Entity(Struct):
    """A State, UN body, city, organization ... that takes part."""

    id: UUID
    name: Line
    alternative_names: list[Line]
    """Under what other names it is known and found; in its category they are nobody else's."""
    category: Term
    country: Country | None
    parent: UUID | None
    external_id: ExternalId | None
    version: int


class LockedEntity(Struct, frozen=True):
    """An entity that stays as it is until the transaction ends."""

    id: UUID
    name: str
    alternative_names: list[str]
    category: str
    country: str | None
    parent: UUID | None
    external_id: str | None
    version: int
    merged_into: UUID | None

    def entity(self) -> Entity:
        """As it is answered."""
        return Entity(
            self.id, self.name, self.alternative_names, self.category, self.country, self.parent, self.external_id,
            self.version,
        )  # fmt: skip


class EntityFilter(Struct, frozen=True):
    """Which entities to list; in the order of the statement's parameters."""

    category: str | None = None
    country: str | None = None
    name: str | None = None
    q: str | None = None
    """Words that one of its names must have, in any order and spelling: see `fold_text` in the database."""


class TakenName(Struct, frozen=True):
    """A name that cannot be given: which of them it is, counted from 0, and who goes by it; None: it stands twice."""

    position: int
    entity: UUID | None


class Merging(Struct, forbid_unknown_fields=True):
    """Which entity another one turned out to be, and how that is known."""

    into: UUID
    reason: Prose | None = None


class EntityMerge(Struct):
    """An entity that was merged into another."""

    id: UUID
    entity: UUID
    """The one that is gone."""
    name: str
    """What it was called."""
    into: UUID
    """Which one it was merged into then; that one may have been merged into yet another since."""
    merged_at: datetime
    by_token: UUID
    reason: str | None


class MergeFilter(Struct, frozen=True):
    """Which merges to list; in the order of the statement's parameters."""

    entity: UUID | None = None
    """On either side."""
    into: UUID | None = None
    by_token: UUID | None = None


def faults_of(taken: list[TakenName]) -> Iterator[Fault]:
    """The names that stand twice, of a list that begins with the main one."""
    for one in taken:
        if one.entity is None:
            pointer = f"/alternative_names/{one.position - 1}"
            yield Fault(pointer=pointer, code="duplicate", detail="This name stands before, in some spelling.")
