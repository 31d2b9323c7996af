"""One function for each statement of `programme_imports.sql`."""

from collections.abc import Sequence
from uuid import UUID

from forum.db import Connection, execute, fetch_all
from forum.references import Named
from forum.sqlfiles import load_statements

_SQL = load_statements("programme_imports")


async def lock_imports(conn: Connection, edition_id: UUID) -> None:
    """Only one transaction at a time imports into an edition's programme."""
    await execute(conn, _SQL["lock_imports"], edition_id)


async def list_named_rooms(conn: Connection, edition_id: UUID, names: Sequence[str]) -> list[Named]:
    """The rooms that have these external ids."""
    return await fetch_all(conn, _SQL["list_named_rooms"], Named, edition_id, names)


async def list_named_tracks(conn: Connection, edition_id: UUID, names: Sequence[str]) -> list[Named]:
    """The tracks that have these external ids."""
    return await fetch_all(conn, _SQL["list_named_tracks"], Named, edition_id, names)


async def list_named_sessions(conn: Connection, edition_id: UUID, names: Sequence[str]) -> list[Named]:
    """The sessions that have these external ids."""
    return await fetch_all(conn, _SQL["list_named_sessions"], Named, edition_id, names)


async def lock_sessions(conn: Connection, edition_id: UUID, session_ids: Sequence[UUID]) -> list[UUID]:
    """Lock sessions until the transaction ends, always in the same order; those that are there."""
    return await fetch_all(conn, _SQL["lock_sessions"], UUID, edition_id, session_ids)


async def lock_all_rooms(conn: Connection, edition_id: UUID) -> list[UUID]:
    """Lock every room of an edition until the transaction ends, always in the same order."""
    return await fetch_all(conn, _SQL["lock_all_rooms"], UUID, edition_id)


async def lock_tracks(conn: Connection, edition_id: UUID, track_ids: Sequence[UUID]) -> list[UUID]:
    """Lock tracks until the transaction ends, always in the same order; those that are there."""
    return await fetch_all(conn, _SQL["lock_tracks"], UUID, edition_id, track_ids)


async def lock_speakers_of_sessions(conn: Connection, edition_id: UUID, session_ids: Sequence[UUID]) -> list[UUID]:
    """Lock all who are confirmed to speak in one of these sessions, always in the same order."""
    return await fetch_all(conn, _SQL["lock_speakers_of_sessions"], UUID, edition_id, session_ids)
