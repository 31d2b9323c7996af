"""One function for each statement of `entities.sql` about entities."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from forum.db import Connection, columns, execute, fetch_all, find, get, value
from forum.entities.types import Entity, EntityFilter, EntityMerge, LockedEntity, MergeFilter, TakenName
from forum.references import Named
from forum.sqlfiles import load_statements

_SQL = load_statements("entities")


async def insert_entity(
    conn: Connection,
    id: UUID,
    name: str,
    alternative_names: list[str],
    category: str,
    country: str | None,
    parent: UUID | None,
    external_id: str | None,
    created_at: datetime,
) -> Entity | None:
    """A new entity; None when another of its category goes by its name."""
    row = (id, name, alternative_names, category, country, parent, external_id, created_at)
    return await find(conn, _SQL["insert_entity"], Entity, *row)


async def find_entity(conn: Connection, entity_id: UUID) -> Entity:
    """An entity by id, or the one that it was merged into; raises `NotFound`."""
    return await get(conn, _SQL["find_entity"], Entity, entity_id)


async def lock_entity(conn: Connection, entity_id: UUID) -> LockedEntity:
    """An entity by id, locked until the transaction ends; raises `NotFound`."""
    return await get(conn, _SQL["lock_entity"], LockedEntity, entity_id)


async def lock_entities(conn: Connection, one: UUID, other: UUID) -> list[LockedEntity]:
    """Those of two entities that there are; nobody can name them until the transaction ends."""
    return await fetch_all(conn, _SQL["lock_entities"], LockedEntity, one, other)


async def lock_parents(conn: Connection) -> None:
    """Only one transaction at a time rearranges which entity is inside which."""
    await execute(conn, _SQL["lock_parents"])


async def is_inside_entity(conn: Connection, outer: UUID, inner: UUID | None) -> bool:
    """Whether entity `inner` is `outer` or lies, at any depth, inside it; nothing does."""
    return bool(await value(conn, _SQL["is_inside_entity"], outer, inner))


async def is_category_known(conn: Connection, category: str) -> bool:
    """Whether any series has a stakeholder category."""
    return bool(await value(conn, _SQL["is_category_known"], category))


async def list_taken_names(conn: Connection, entity_id: UUID, names: Sequence[str], category: str) -> list[TakenName]:
    """Which of the names of an entity cannot be given to it in a category."""
    return await fetch_all(conn, _SQL["list_taken_names"], TakenName, entity_id, names, category)


async def find_named_entity(conn: Connection, name: str, category: str) -> UUID | None:
    """The entity that goes by a name in a category."""
    return await find(conn, _SQL["find_named_entity"], UUID, name, category)


async def find_any_named_entity(conn: Connection, name: str) -> Entity | None:
    """The first entity that goes by a name, whatever its category."""
    return await find(conn, _SQL["find_any_named_entity"], Entity, name)


async def update_entity(
    conn: Connection,
    entity_id: UUID,
    name: str,
    alternative_names: list[str],
    category: str,
    country: str | None,
    parent: UUID | None,
    external_id: str | None,
) -> Entity:
    """Write every field; the version rises."""
    row = (entity_id, name, alternative_names, category, country, parent, external_id)
    return await get(conn, _SQL["update_entity"], Entity, *row)


async def list_entities(conn: Connection, wanted: EntityFilter, after: UUID | None, limit: int) -> list[Entity]:
    """Entities by id."""
    return await fetch_all(conn, _SQL["list_entities"], Entity, *columns(wanted), after, limit)


async def count_entities(conn: Connection, wanted: EntityFilter) -> int:
    """How many entities the list has."""
    return int(await value(conn, _SQL["count_entities"], *columns(wanted)))


async def lock_places_of_entity(conn: Connection, entity_id: UUID) -> None:
    """The places of the editions in which an entity has a delegation, before its people are moved."""
    await execute(conn, _SQL["lock_places_of_entity"], entity_id)


async def list_united_editions(conn: Connection, gone: UUID, kept: UUID) -> list[UUID]:
    """The editions in which both entities have a delegation."""
    return await fetch_all(conn, _SQL["list_united_editions"], UUID, gone, kept)


async def merge_entity(
    conn: Connection, id: UUID, gone: UUID, kept: UUID, merged_at: datetime, by_token: UUID, reason: str | None
) -> None:
    """Everything that names `gone` names `kept` from now on; `id` is that of the merge, as it is remembered."""
    await execute(conn, _SQL["merge_entity"], id, gone, kept, merged_at, by_token, reason)


async def list_entity_merges(
    conn: Connection, wanted: MergeFilter, after: UUID | None, limit: int
) -> list[EntityMerge]:
    """Which entities were merged, into which, when and why."""
    return await fetch_all(conn, _SQL["list_entity_merges"], EntityMerge, *columns(wanted), after, limit)


async def count_entity_merges(conn: Connection, wanted: MergeFilter) -> int:
    """How many merges the list has."""
    return int(await value(conn, _SQL["count_entity_merges"], *columns(wanted)))


async def list_entities_by_external_id(conn: Connection, names: Sequence[str]) -> list[Named]:
    """The entities that have these external ids, or those that they were merged into."""
    return await fetch_all(conn, _SQL["list_entities_by_external_id"], Named, names)
