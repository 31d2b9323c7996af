"""The rules of reminders: when people are reminded of their sessions, and that each is, once."""

from datetime import datetime
from uuid import UUID

from forum.db import Connection
from forum.errors import Stale
from forum.http import IfMatch
from forum.notifications import reminder_queries as queries
from forum.notifications.reminder_types import NewReminders, NewSessionReminders, Reminders, SessionReminders

_NEVER = Reminders([], False, 0)


async def read_reminders(conn: Connection, edition_id: UUID) -> Reminders:
    """When the people of an edition are reminded of sessions; version 0 while nobody has decided."""
    return await queries.find_plan(conn, edition_id) or _NEVER


async def replace_reminders(
    conn: Connection, edition_id: UUID, new: NewReminders, if_match: IfMatch, now: datetime
) -> Reminders:
    """Decide anew; what would have been due before now is not made up for."""
    version = (await read_reminders(conn, edition_id)).version
    if_match.require(version)
    minutes = sorted(set(new.reminder_minutes))
    if (put := await queries.put_plan(conn, edition_id, minutes, new.registered, version, now)) is None:
        raise Stale((await read_reminders(conn, edition_id)).version)
    return put


async def read_session_reminders(conn: Connection, edition_id: UUID, session_id: UUID) -> SessionReminders:
    """When people are reminded of a session; raises `NotFound`."""
    return await queries.find_session_plan(conn, edition_id, session_id)


async def replace_session_reminders(
    conn: Connection,
    edition_id: UUID,
    session_id: UUID,
    new: NewSessionReminders | None,
    if_match: IfMatch,
    now: datetime,
) -> SessionReminders:
    """Decide anew for a session, or (None) leave it to its edition; raises `NotFound`."""
    version = (await queries.find_session_plan(conn, edition_id, session_id)).version
    if_match.require(version)
    minutes = None if new is None else sorted(set(new.reminder_minutes))
    if (put := await queries.put_session_plan(conn, edition_id, session_id, minutes, version, now)) is None:
        raise Stale((await queries.find_session_plan(conn, edition_id, session_id)).version)
    return put


async def copy_reminders(conn: Connection, old: UUID, new: UUID, ids: dict[str, str], now: datetime) -> int:
    """Have another edition remind its people as this one does; how many decisions, those of sessions included.

    `ids` are pairs of what sessions had and have for an id.
    """
    return await queries.copy_plan(conn, old, new, now) + await queries.copy_session_plans(conn, old, new, ids, now)


async def plan_reminders(conn: Connection, now: datetime) -> int:
    """Take back the reminders that have nothing left to say, and queue those that are due; how many of these."""
    await queries.supersede_reminders(conn, now)
    return await queries.queue_reminders(conn, now)
