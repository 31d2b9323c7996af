"""The rules of entities and delegations."""

from datetime import datetime
from uuid import UUID

from forum.bodies import check, merge
from forum.db import Connection
from forum.entities import queries
from forum.entities.types import Delegation, Entity, EntityFilter, EntityPatch, NewDelegation, NewEntity
from forum.errors import Conflict, Invalid
from forum.http import IfMatch
from forum.ids import new_id
from forum.pagination import Page, Paging


class EntityExists(Conflict, constraint="entities_one_per_name_and_category"):
    """An entity of this category has this name"""


class DelegationExists(Conflict, constraint="delegations_one_per_entity"):
    """This entity has a delegation already"""


async def create_entity(conn: Connection, new: NewEntity, now: datetime) -> Entity:
    """A new entity; raises `EntityExists` with the id of the one that has its name."""
    row = (new_id(), new.name, new.category, new.country, new.parent, new.external_id, now)
    if (entity := await queries.insert_entity(conn, *row)) is None:
        raise EntityExists(id=await queries.find_named_entity(conn, new.name, new.category))
    return entity


async def ensure_entity(conn: Connection, name: str, category: str, country: str | None, now: datetime) -> UUID:
    """The id of the entity of a name and category, made when there is none."""
    if existing := await queries.find_named_entity(conn, name, category):
        return existing
    return (await create_entity(conn, NewEntity(name=name, category=category, country=country), now)).id


async def find_entity(conn: Connection, entity_id: UUID) -> Entity:
    """An entity; raises `NotFound`."""
    return await queries.find_entity(conn, entity_id)


async def update_entity(conn: Connection, entity_id: UUID, patch: EntityPatch, if_match: IfMatch) -> Entity:
    """Change an entity; raises `EntityExists` with the id of another that has its name."""
    before = await queries.lock_entity(conn, entity_id)
    if_match.require(before.version)
    after = merge(before, patch)
    check(after, Entity)
    if after.parent is not None and after.parent != before.parent:
        await queries.lock_parents(conn)
        if await queries.is_inside_entity(conn, entity_id, after.parent):
            raise Invalid.at("/parent", "cyclic_parent", "That entity is this one, or lies inside it.")
    taken = await queries.find_named_entity(conn, after.name, after.category)
    if taken and taken != entity_id:
        raise EntityExists(id=taken)
    row = (after.name, after.category, after.country, after.parent, after.external_id)
    return await queries.update_entity(conn, entity_id, *row)


async def list_entities(conn: Connection, wanted: EntityFilter, paging: Paging) -> Page[Entity]:
    """Entities in the order in which they were made."""
    chosen = (wanted.category, wanted.country, wanted.name)
    rows = await queries.list_entities(conn, *chosen, paging.after(UUID), paging.limit + 1)
    total = await queries.count_entities(conn, *chosen) if paging.count else None
    return paging.page(rows, lambda entity: entity.id, total)


async def create_delegation(conn: Connection, edition_id: UUID, new: NewDelegation, now: datetime) -> Delegation:
    """An entity takes part in an edition; raises `DelegationExists` with the id of its delegation."""
    delegation_id = new_id()
    if not await queries.insert_delegation(conn, edition_id, delegation_id, new.entity, now):
        (existing,) = await queries.list_delegations(conn, edition_id, new.entity, None, 1)
        raise DelegationExists(id=existing.id)
    return await queries.find_delegation(conn, edition_id, delegation_id)


async def find_delegation(conn: Connection, edition_id: UUID, delegation_id: UUID) -> Delegation:
    """A delegation; raises `NotFound`."""
    return await queries.find_delegation(conn, edition_id, delegation_id)


async def list_delegations(
    conn: Connection, edition_id: UUID, entity_id: UUID | None, paging: Paging
) -> Page[Delegation]:
    """The delegations of an edition."""
    rows = await queries.list_delegations(conn, edition_id, entity_id, paging.after(UUID), paging.limit + 1)
    total = await queries.count_delegations(conn, edition_id, entity_id) if paging.count else None
    return paging.page(rows, lambda delegation: delegation.id, total)
