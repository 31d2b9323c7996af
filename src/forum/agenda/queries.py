"""One function for each statement of `agenda.sql`."""

from datetime import date, datetime
from uuid import UUID

from forum.agenda.types import AgendaItem
from forum.db import Connection, execute, fetch_all, get, value
from forum.sqlfiles import load_statements

_SQL = load_statements("agenda")


async def is_published(conn: Connection, edition_id: UUID, session_id: UUID) -> bool:
    """Whether the last release has a session."""
    return bool(await value(conn, _SQL["is_published"], edition_id, session_id))


async def insert_star(
    conn: Connection, edition_id: UUID, registration_id: UUID, session_id: UUID, now: datetime
) -> None:
    """Star a session, unless it is starred."""
    await execute(conn, _SQL["insert_star"], edition_id, registration_id, session_id, now)


async def delete_star(conn: Connection, edition_id: UUID, registration_id: UUID, session_id: UUID) -> None:
    """Take a star back, if there is one."""
    await execute(conn, _SQL["delete_star"], edition_id, registration_id, session_id)


async def list_agenda(
    conn: Connection,
    edition_id: UUID,
    registration_id: UUID,
    limit: int,
    after_time: datetime | None = None,
    after_id: UUID | None = None,
    day: date | None = None,
    session_id: UUID | None = None,
) -> list[AgendaItem]:
    """What is starred or booked, by time."""
    chosen = (edition_id, registration_id, limit, after_time, after_id, day, session_id)
    return await fetch_all(conn, _SQL["list_agenda"], AgendaItem, *chosen)


async def count_agenda(conn: Connection, edition_id: UUID, registration_id: UUID, day: date | None) -> int:
    """How many sessions the agenda has."""
    return int(await value(conn, _SQL["count_agenda"], edition_id, registration_id, day))


async def count_stars(conn: Connection, edition_id: UUID, session_id: UUID) -> int:
    """How many people have starred a session; raises `NotFound` without the session."""
    return await get(conn, _SQL["count_stars"], int, edition_id, session_id)
