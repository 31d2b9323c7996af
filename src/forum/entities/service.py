"""The rules of entities, and everything that other slices may ask of them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from forum.bodies import check, merge
from forum.db import Connection
from forum.entities import queries
from forum.entities.merges import EntityMerged, list_entity_merges, merge_entity
from forum.entities.types import Entity, EntityFilter, EntityPatch, NewEntity, faults_of
from forum.errors import Conflict, Invalid
from forum.http import IfMatch
from forum.ids import new_id
from forum.pagination import Page, Paging
from forum.references import Named

__all__ = [
    "EntityExists",
    "EntityMerged",
    "create_entity",
    "ensure_entity",
    "find_entity",
    "find_named",
    "list_entities",
    "list_entities_by_external_id",
    "list_entity_merges",
    "merge_entity",
    "update_entity",
]


class EntityExists(Conflict, constraint="entity_names_one_per_category"):
    """An entity of this category goes by this name"""


async def create_entity(conn: Connection, new: NewEntity, now: datetime) -> Entity:
    """A new entity; raises `EntityExists` with the id of the one that goes by one of its names."""
    entity_id = new_id()
    await _require_category(conn, new.category)
    if new.alternative_names:
        await _require_names(conn, entity_id, [new.name, *new.alternative_names], new.category)
    entity = await queries.insert_entity(
        conn, entity_id, new.name, new.alternative_names, new.category, new.country, new.parent, new.external_id, now
    )
    if entity is None:
        raise EntityExists(id=await queries.find_named_entity(conn, new.name, new.category))
    return entity


async def ensure_entity(conn: Connection, name: str, category: str, country: str | None, now: datetime) -> UUID:
    """The id of the entity that goes by a name in a category, made when there is none."""
    if existing := await queries.find_named_entity(conn, name, category):
        return existing
    return (await create_entity(conn, NewEntity(name=name, category=category, country=country), now)).id


async def find_entity(conn: Connection, entity_id: UUID) -> Entity:
    """An entity, or the one that it was merged into; raises `NotFound`."""
    return await queries.find_entity(conn, entity_id)


async def find_named(conn: Connection, name: str) -> Entity | None:
    """The first entity that goes by a name, in any spelling and whatever its category."""
    return await queries.find_any_named_entity(conn, name)


async def update_entity(conn: Connection, entity_id: UUID, patch: EntityPatch, if_match: IfMatch) -> Entity:
    """Change an entity; raises `EntityExists` with the id of another that goes by a name, and `EntityMerged`."""
    if isinstance(patch.parent, UUID):
        await queries.lock_parents(conn)
    locked = await queries.lock_entity(conn, entity_id)
    if locked.merged_into:
        raise EntityMerged(id=locked.merged_into)
    if_match.require(locked.version)
    before = locked.entity()
    after = merge(before, patch)
    check(after, Entity)
    if after.category != before.category:
        await _require_category(conn, after.category)
    if after.parent not in (None, before.parent) and await queries.is_inside_entity(conn, entity_id, after.parent):
        raise Invalid.at("/parent", "cyclic_parent", "That entity is this one, or lies inside it.")
    await _require_names(conn, entity_id, [after.name, *after.alternative_names], after.category)
    row = (after.name, after.alternative_names, after.category, after.country, after.parent, after.external_id)
    return await queries.update_entity(conn, entity_id, *row)


async def _require_category(conn: Connection, category: str) -> None:
    """Raise `Invalid` for a category that no series has: entities are of no edition."""
    if not await queries.is_category_known(conn, category):
        raise Invalid.at("/category", "unknown_value", "No series has such a stakeholder_category.")


async def _require_names(conn: Connection, entity_id: UUID, names: Sequence[str], category: str) -> None:
    """Raise `Invalid` for a name that stands twice, `EntityExists` for one that another entity goes by."""
    taken = await queries.list_taken_names(conn, entity_id, names, category)
    if faults := list(faults_of(taken)):
        raise Invalid(faults)
    if taken:
        raise EntityExists(f"That is {names[taken[0].position]!r}.", id=taken[0].entity)


async def list_entities(conn: Connection, wanted: EntityFilter, paging: Paging) -> Page[Entity]:
    """Entities in the order in which they were made, without those that were merged into others."""
    rows = await queries.list_entities(conn, wanted, paging.after(UUID), paging.limit + 1)
    total = await queries.count_entities(conn, wanted) if paging.count else None
    return paging.page(rows, lambda entity: entity.id, total)


async def list_entities_by_external_id(conn: Connection, names: Sequence[str]) -> list[Named]:
    """The entities that partners call so, or those that they were merged into."""
    return await queries.list_entities_by_external_id(conn, names)
