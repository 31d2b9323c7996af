"""One function for each statement of `programme_rooms.sql`."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from forum.db import Connection, columns, execute, fetch_all, get, value
from forum.problems import Clash
from forum.programme.types import NewRoom, PartFacts, Room
from forum.sqlfiles import load_statements

_SQL = load_statements("programme_rooms")


async def lock_rooms(conn: Connection, edition_id: UUID) -> list[UUID]:
    """All rooms of an edition, locked until the transaction ends, always in the same order."""
    return await fetch_all(conn, _SQL["lock_rooms"], UUID, edition_id)


async def insert_room(conn: Connection, edition_id: UUID, room_id: UUID, new: NewRoom, now: datetime) -> Room:
    """A new room."""
    return await get(conn, _SQL["insert_room"], Room, edition_id, room_id, *columns(new), now)


async def find_room(conn: Connection, edition_id: UUID, room_id: UUID) -> Room:
    """One room; raises `NotFound`."""
    return await get(conn, _SQL["find_room"], Room, edition_id, room_id)


async def lock_room(conn: Connection, edition_id: UUID, room_id: UUID) -> Room:
    """Lock a room until the transaction ends; raises `NotFound`."""
    return await get(conn, _SQL["lock_room"], Room, edition_id, room_id)


async def list_rooms(
    conn: Connection, edition_id: UUID, external_id: str | None, after: UUID | None, limit: int
) -> list[Room]:
    """The rooms of an edition in the order in which they were made."""
    return await fetch_all(conn, _SQL["list_rooms"], Room, edition_id, external_id, after, limit)


async def count_rooms(conn: Connection, edition_id: UUID, external_id: str | None) -> int:
    """How many rooms the list has."""
    return int(await value(conn, _SQL["count_rooms"], edition_id, external_id))


async def lock_sessions_in_room(conn: Connection, edition_id: UUID, room_id: UUID) -> None:
    """Lock the sessions of a room until the transaction ends, before the room itself."""
    await execute(conn, _SQL["lock_sessions_in_room"], edition_id, room_id)


async def update_room(conn: Connection, edition_id: UUID, room_id: UUID, fields: NewRoom, now: datetime) -> Room:
    """Write every field that can change; the version rises."""
    return await get(conn, _SQL["update_room"], Room, edition_id, room_id, *columns(fields), now)


async def list_part_facts(conn: Connection, edition_id: UUID, room_id: UUID, parts: Sequence[UUID]) -> list[PartFacts]:
    """What is wrong with each of these rooms as a part of a room, in their order."""
    return await fetch_all(conn, _SQL["list_part_facts"], PartFacts, edition_id, room_id, parts)


async def list_part_clashes(conn: Connection, edition_id: UUID, room_id: UUID, parts: Sequence[UUID]) -> list[Clash]:
    """The confirmed sessions that would be in each other's way if a room were joined from these."""
    return await fetch_all(conn, _SQL["list_part_clashes"], Clash, edition_id, room_id, parts)
