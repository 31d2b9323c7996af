"""One function for each statement of `registrations.sql` about reserves."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from forum.db import Connection, columns, execute, fetch_all, get, value
from forum.registrations.reserve_types import Reserve, ReserveFilter
from forum.sqlfiles import load_statements

_SQL = load_statements("registrations")


async def insert_reserve(
    conn: Connection,
    edition_id: UUID,
    reserve_id: UUID,
    mode: str,
    category: str,
    places: int,
    release_at: datetime | None,
) -> Reserve:
    """Hold places of a mode back for a category."""
    row = (edition_id, reserve_id, mode, category, places, release_at)
    return await get(conn, _SQL["insert_reserve"], Reserve, *row)


async def find_reserve(conn: Connection, edition_id: UUID, reserve_id: UUID) -> Reserve:
    """One reserve of an edition; raises `NotFound`."""
    return await get(conn, _SQL["find_reserve"], Reserve, edition_id, reserve_id)


async def list_reserves(
    conn: Connection, edition_id: UUID, wanted: ReserveFilter, after: UUID | None, limit: int
) -> list[Reserve]:
    """The reserves of an edition."""
    return await fetch_all(conn, _SQL["list_reserves"], Reserve, edition_id, *columns(wanted), after, limit)


async def count_reserves(conn: Connection, edition_id: UUID, wanted: ReserveFilter) -> int:
    """How many reserves the list has."""
    return int(await value(conn, _SQL["count_reserves"], edition_id, *columns(wanted)))


async def update_reserve(
    conn: Connection, edition_id: UUID, reserve_id: UUID, places: int, release_at: datetime | None
) -> None:
    """Hold more or fewer places back, until another time."""
    await execute(conn, _SQL["update_reserve"], edition_id, reserve_id, places, release_at)


async def list_editions_to_release(conn: Connection, now: datetime) -> Sequence[UUID]:
    """The editions that have reserves whose time is up."""
    return await fetch_all(conn, _SQL["list_editions_to_release"], UUID, now)


async def release_reserves(conn: Connection, edition_id: UUID, reserve_id: UUID | None, now: datetime) -> None:
    """Release one reserve, or those whose time is up, for all."""
    await execute(conn, _SQL["release_reserves"], edition_id, reserve_id, now)
