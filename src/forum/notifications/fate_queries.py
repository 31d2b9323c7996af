"""One function for each statement of `notifications_fates.sql`."""

from datetime import datetime
from uuid import UUID

from forum.db import Connection, columns, fetch_all, find, get, value
from forum.notifications.delivery_types import Fate
from forum.notifications.types import Message, MessageFilter
from forum.sqlfiles import load_statements

_SQL = load_statements("notifications_fates")


async def list_messages(
    conn: Connection, edition_id: UUID, wanted: MessageFilter, after: int | None, limit: int
) -> list[Message]:
    """What became of an edition's mails."""
    return await fetch_all(conn, _SQL["list_messages"], Message, edition_id, *columns(wanted), after, limit)


async def count_messages(conn: Connection, edition_id: UUID, wanted: MessageFilter) -> int:
    """How many mails the list has."""
    return int(await value(conn, _SQL["count_messages"], edition_id, *columns(wanted)))


async def find_message(conn: Connection, edition_id: UUID, message_id: UUID) -> Message:
    """One mail of an edition; raises `NotFound`."""
    return await get(conn, _SQL["find_message"], Message, edition_id, message_id)


async def cancel_message(conn: Connection, edition_id: UUID, message_id: UUID) -> Message | None:
    """Take back a mail that is not under way; None when it is, or was, or there is none."""
    return await find(conn, _SQL["cancel_message"], Message, edition_id, message_id)


async def lock_fate(conn: Connection, edition_id: UUID, message_id: UUID) -> Fate:
    """Lock a mail that somebody wants sent once more; raises `NotFound`."""
    return await get(conn, _SQL["lock_fate"], Fate, edition_id, message_id)


async def resend_message(conn: Connection, edition_id: UUID, message_id: UUID, now: datetime) -> Message:
    """Queue a mail once more, as a new one."""
    return await get(conn, _SQL["resend_message"], Message, edition_id, message_id, now)
