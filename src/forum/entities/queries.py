"""One function for each statement of `entities.sql`."""

from datetime import datetime
from uuid import UUID

from forum.db import Connection, execute, fetch_all, find, get, value
from forum.entities.types import Delegation, Entity
from forum.sqlfiles import load_statements

_SQL = load_statements("entities")


async def insert_entity(
    conn: Connection,
    id: UUID,
    name: str,
    category: str,
    country: str | None,
    parent: UUID | None,
    external_id: str | None,
    created_at: datetime,
) -> Entity | None:
    """A new entity; None when another of its category has its name."""
    row = (id, name, category, country, parent, external_id, created_at)
    return await find(conn, _SQL["insert_entity"], Entity, *row)


async def find_entity(conn: Connection, entity_id: UUID) -> Entity:
    """An entity by id; raises `NotFound`."""
    return await get(conn, _SQL["find_entity"], Entity, entity_id)


async def lock_entity(conn: Connection, entity_id: UUID) -> Entity:
    """An entity by id, locked until the transaction ends; raises `NotFound`."""
    return await get(conn, _SQL["lock_entity"], Entity, entity_id)


async def lock_parents(conn: Connection) -> None:
    """Only one transaction at a time rearranges which entity is inside which."""
    await execute(conn, _SQL["lock_parents"])


async def is_inside_entity(conn: Connection, outer: UUID, inner: UUID) -> bool:
    """Whether entity `inner` is `outer` or lies, at any depth, inside it."""
    return bool(await value(conn, _SQL["is_inside_entity"], outer, inner))


async def find_named_entity(conn: Connection, name: str, category: str) -> UUID | None:
    """The entity that has a name in a category."""
    return await find(conn, _SQL["find_named_entity"], UUID, name, category)


async def update_entity(
    conn: Connection,
    entity_id: UUID,
    name: str,
    category: str,
    country: str | None,
    parent: UUID | None,
    external_id: str | None,
) -> Entity:
    """Write every field; the version rises."""
    return await get(conn, _SQL["update_entity"], Entity, entity_id, name, category, country, parent, external_id)


async def list_entities(
    conn: Connection, category: str | None, country: str | None, name: str | None, after: UUID | None, limit: int
) -> list[Entity]:
    """Entities by id."""
    return await fetch_all(conn, _SQL["list_entities"], Entity, category, country, name, after, limit)


async def count_entities(conn: Connection, category: str | None, country: str | None, name: str | None) -> int:
    """How many entities the list has."""
    return int(await value(conn, _SQL["count_entities"], category, country, name))


async def insert_delegation(conn: Connection, edition_id: UUID, id: UUID, entity_id: UUID, created_at: datetime) -> int:
    """An entity takes part in an edition; how many delegations that made: none when it does already."""
    return await execute(conn, _SQL["insert_delegation"], edition_id, id, entity_id, created_at)


async def find_delegation(conn: Connection, edition_id: UUID, delegation_id: UUID) -> Delegation:
    """A delegation by id; raises `NotFound`."""
    return await get(conn, _SQL["find_delegation"], Delegation, edition_id, delegation_id)


async def list_delegations(
    conn: Connection, edition_id: UUID, entity_id: UUID | None, after: UUID | None, limit: int
) -> list[Delegation]:
    """The delegations of an edition."""
    return await fetch_all(conn, _SQL["list_delegations"], Delegation, edition_id, entity_id, after, limit)


async def count_delegations(conn: Connection, edition_id: UUID, entity_id: UUID | None) -> int:
    """How many delegations the list has."""
    return int(await value(conn, _SQL["count_delegations"], edition_id, entity_id))
