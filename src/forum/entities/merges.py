"""Merges two entities that turned out to be one.

In the order of every transaction that gives places: the places of the editions in which the entity has a delegation,
then what people name, then the people. Whoever names one of the entities meanwhile waits.
"""

from datetime import datetime
from uuid import UUID

from forum.db import Connection
from forum.entities import queries
from forum.entities.types import Entity, EntityMerge, LockedEntity, MergeFilter, Merging
from forum.errors import Conflict, Forbidden, Invalid, NotFound
from forum.ids import new_id
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal


class EntityMerged(Conflict):
    """This entity was merged into another"""


class DifferentCategories(Conflict):
    """These entities are of different categories"""


class EntityInside(Conflict):
    """That entity lies inside this one"""


async def merge_entity(
    conn: Connection, principal: Principal, entity_id: UUID, merging: Merging, now: datetime
) -> Entity:
    """Everything that names an entity names another from now on, which also goes by its names; returns the other.

    Raises `NotFound`, `Invalid` for what is no other entity, `EntityMerged` with the id of the one that it is now,
    `DifferentCategories`, `EntityInside`, and `Forbidden` where it would unite delegations of somebody else's edition.
    """
    if merging.into == entity_id:
        raise Invalid.at("/into", "same_entity", "An entity is merged into another one.")
    await queries.lock_places_of_entity(conn, entity_id)
    await queries.lock_parents(conn)
    await _require_mergeable(conn, entity_id, merging.into)
    for edition_id in await queries.list_united_editions(conn, entity_id, merging.into):
        if not principal.may(Permission.ENTITIES_MERGE, edition_id):
            raise Forbidden("Both have a delegation in an edition that is not yours: ask an administrator.")
    named = (new_id(), entity_id, merging.into, now, principal.token_id, merging.reason)
    await queries.merge_entity(conn, *named)
    return await queries.find_entity(conn, merging.into)


async def _require_mergeable(conn: Connection, gone: UUID, kept: UUID) -> None:
    found = {entity.id: entity for entity in await queries.lock_entities(conn, gone, kept)}
    if gone not in found:
        raise NotFound
    if kept not in found:
        raise Invalid.at("/into", "unknown_reference", "There is no such entity.")
    for entity in (found[gone], found[kept]):
        _require_unmerged(entity)
    if found[gone].category != found[kept].category:
        raise DifferentCategories(
            f"One is {found[gone].category}, the other {found[kept].category}: correct one first."
        )
    if await queries.is_inside_entity(conn, gone, kept):
        raise EntityInside("Merge it the other way round, or give it another parent first.", id=kept)


def _require_unmerged(entity: LockedEntity) -> None:
    if entity.merged_into:
        raise EntityMerged(f"{entity.name!r} is another entity now.", id=entity.merged_into)


async def list_entity_merges(conn: Connection, wanted: MergeFilter, paging: Paging) -> Page[EntityMerge]:
    """Every merge, oldest first."""
    rows = await queries.list_entity_merges(conn, wanted, paging.after(UUID), paging.limit + 1)
    total = await queries.count_entity_merges(conn, wanted) if paging.count else None
    return paging.page(rows, lambda merged: merged.id, total)
