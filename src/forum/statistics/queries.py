"""One function for each statement of `statistics.sql`."""

from datetime import date, datetime
from uuid import UUID

from forum.db import Connection, fetch_all, get
from forum.sqlfiles import load_statements
from forum.statistics.types import FigureRow, ReportedEdition

_SQL = load_statements("statistics")


async def count_attendance(
    conn: Connection, edition_id: UUID, by: str, as_of: datetime, day: date | None
) -> list[FigureRow]:
    """People by what `by` names, as it was known at `as_of`."""
    return await fetch_all(conn, _SQL["count_attendance"], FigureRow, edition_id, by, as_of, day)


async def count_registrations(
    conn: Connection, edition_id: UUID, by: str, as_of: datetime, status: str | None
) -> list[FigureRow]:
    """Registrations by what `by` names, as they were at `as_of`."""
    return await fetch_all(conn, _SQL["count_registrations"], FigureRow, edition_id, by, as_of, status)


async def find_reported_edition(conn: Connection, edition_id: UUID) -> ReportedEdition:
    """What a report says of its edition; raises `NotFound`."""
    return await get(conn, _SQL["find_reported_edition"], ReportedEdition, edition_id)
