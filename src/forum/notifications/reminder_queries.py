"""One function for each statement of `notifications_reminders.sql`."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from forum.db import Connection, execute, find, get
from forum.notifications.reminder_types import Reminders, SessionReminders
from forum.sqlfiles import load_statements

_SQL = load_statements("notifications_reminders")


async def find_plan(conn: Connection, edition_id: UUID) -> Reminders | None:
    """When the people of an edition are reminded."""
    return await find(conn, _SQL["find_plan"], Reminders, edition_id)


async def put_plan(
    conn: Connection, edition_id: UUID, minutes: Sequence[int], registered: bool, version: int, now: datetime
) -> Reminders | None:
    """Decide anew; None when it has another version by now."""
    return await find(conn, _SQL["put_plan"], Reminders, edition_id, minutes, registered, version, now)


async def find_session_plan(conn: Connection, edition_id: UUID, session_id: UUID) -> SessionReminders:
    """When people are reminded of a session; raises `NotFound`."""
    return await get(conn, _SQL["find_session_plan"], SessionReminders, edition_id, session_id)


async def put_session_plan(
    conn: Connection, edition_id: UUID, session_id: UUID, minutes: Sequence[int] | None, version: int, now: datetime
) -> SessionReminders | None:
    """Decide anew for a session; None when it has another version by now."""
    return await find(conn, _SQL["put_session_plan"], SessionReminders, edition_id, session_id, minutes, version, now)


async def queue_reminders(conn: Connection, now: datetime) -> int:
    """Queue the reminders that are due; how many."""
    return await execute(conn, _SQL["queue_reminders"], now)


async def supersede_reminders(conn: Connection, now: datetime) -> int:
    """Take back the reminders that have nothing left to say; how many."""
    return await execute(conn, _SQL["supersede_reminders"], now)


async def copy_plan(conn: Connection, old: UUID, new: UUID, now: datetime) -> int:
    """When the people of an edition are reminded, for those of another; 1, or 0 when nobody has decided."""
    return await execute(conn, _SQL["copy_plan"], old, new, now)


async def copy_session_plans(conn: Connection, old: UUID, new: UUID, ids: dict[str, str], now: datetime) -> int:
    """When people are reminded of sessions, for those that became of them; how many."""
    return await execute(conn, _SQL["copy_session_plans"], old, new, ids, now)
