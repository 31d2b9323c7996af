"""One function for each statement of `programme_replanning.sql`."""

from uuid import UUID

from forum.db import Connection, columns, execute, fetch_all
from forum.programme.replanning_types import ReplannedSession, Replanning
from forum.sqlfiles import load_statements

_SQL = load_statements("programme_replanning")


async def hold_programme(conn: Connection, edition_id: UUID, with_registrations: bool) -> None:
    """Lock everything that moves with an edition."""
    await execute(conn, _SQL["hold_programme"], edition_id, with_registrations)


async def replan_sessions(conn: Connection, edition_id: UUID, wanted: Replanning) -> list[ReplannedSession]:
    """Move sessions with their edition; those that changed."""
    return await fetch_all(conn, _SQL["replan_sessions"], ReplannedSession, edition_id, *columns(wanted))
