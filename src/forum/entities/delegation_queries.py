"""One function for each statement of `entities.sql` about delegations; `reach` are the ones that the reader sees."""

from datetime import datetime
from uuid import UUID

from forum.db import Connection, columns, execute, fetch_all, find, get, value
from forum.entities.delegation_types import Delegation, DelegationFilter, FocalPoint, PeopleCount
from forum.sqlfiles import load_statements

_SQL = load_statements("entities")


async def insert_delegation(conn: Connection, edition_id: UUID, id: UUID, entity_id: UUID, created_at: datetime) -> int:
    """An entity takes part in an edition; how many delegations that made: none when it does already."""
    return await execute(conn, _SQL["insert_delegation"], edition_id, id, entity_id, created_at)


async def find_entity_delegation(conn: Connection, edition_id: UUID, entity_id: UUID) -> UUID | None:
    """The delegation of an entity in an edition."""
    return await find(conn, _SQL["find_entity_delegation"], UUID, edition_id, entity_id)


async def find_delegation(
    conn: Connection, edition_id: UUID, delegation_id: UUID, reach: list[UUID] | None
) -> Delegation:
    """A delegation by id, or the one that it was merged into; raises `NotFound`."""
    return await get(conn, _SQL["find_delegation"], Delegation, edition_id, delegation_id, reach)


async def lock_delegation(conn: Connection, edition_id: UUID, delegation_id: UUID) -> Delegation:
    """A delegation by id, locked until the transaction ends; raises `NotFound`."""
    return await get(conn, _SQL["lock_delegation"], Delegation, edition_id, delegation_id)


async def is_in_delegation(conn: Connection, edition_id: UUID, registration_id: UUID, delegation_id: UUID) -> bool:
    """Whether a registration is active and of a delegation; it stays so until the transaction ends."""
    return bool(await value(conn, _SQL["is_in_delegation"], edition_id, registration_id, delegation_id))


async def update_delegation(conn: Connection, edition_id: UUID, delegation_id: UUID, head: UUID | None) -> None:
    """Say who leads a delegation; the version rises."""
    await execute(conn, _SQL["update_delegation"], edition_id, delegation_id, head)


async def update_quota(conn: Connection, edition_id: UUID, delegation_id: UUID, mode: str, quota: int | None) -> None:
    """Set how many people a delegation may have in a mode."""
    await execute(conn, _SQL["update_quota"], edition_id, delegation_id, mode, quota)


async def count_people_of_delegation(conn: Connection, edition_id: UUID, delegation_id: UUID) -> int:
    """How many registrations name a delegation, whatever became of them."""
    return int(await value(conn, _SQL["count_people_of_delegation"], edition_id, delegation_id))


async def delete_delegation(conn: Connection, edition_id: UUID, delegation_id: UUID) -> None:
    """A delegation takes part no more."""
    await execute(conn, _SQL["delete_delegation"], edition_id, delegation_id)


async def list_delegation_people(conn: Connection, edition_id: UUID, delegation_id: UUID) -> list[PeopleCount]:
    """How many people a delegation has in each mode and status."""
    return await fetch_all(conn, _SQL["list_delegation_people"], PeopleCount, edition_id, delegation_id)


async def list_focal_points(conn: Connection, edition_id: UUID, delegation_id: UUID) -> list[FocalPoint]:
    """Who looks after a delegation."""
    return await fetch_all(conn, _SQL["list_focal_points"], FocalPoint, edition_id, delegation_id)


async def list_delegations(
    conn: Connection,
    edition_id: UUID,
    reach: list[UUID] | None,
    wanted: DelegationFilter,
    after: UUID | None,
    limit: int,
) -> list[Delegation]:
    """The delegations of an edition, in the order in which they were made."""
    chosen = (edition_id, reach, *columns(wanted), after, limit)
    return await fetch_all(conn, _SQL["list_delegations"], Delegation, *chosen)


async def count_delegations(
    conn: Connection, edition_id: UUID, reach: list[UUID] | None, wanted: DelegationFilter
) -> int:
    """How many delegations the list has."""
    return int(await value(conn, _SQL["count_delegations"], edition_id, reach, *columns(wanted)))
