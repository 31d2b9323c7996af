"""One function for each statement of `pushes_feed.sql`."""

from datetime import datetime
from uuid import UUID

from forum.db import Connection, columns, execute, fetch_all, get, value
from forum.pushes.types import NotificationFilter, NotificationRow
from forum.sqlfiles import load_statements

_SQL = load_statements("pushes_feed")


async def list_notifications(
    conn: Connection,
    person_id: UUID,
    registration_id: UUID | None,
    wanted: NotificationFilter,
    before: int | None,
    limit: int,
) -> list[NotificationRow]:
    """What a person was told, latest first."""
    chosen = (person_id, registration_id, *columns(wanted))
    return await fetch_all(conn, _SQL["list_notifications"], NotificationRow, *chosen, before, limit)


async def count_notifications(
    conn: Connection, person_id: UUID, registration_id: UUID | None, wanted: NotificationFilter
) -> int:
    """How many notifications the list has."""
    return int(await value(conn, _SQL["count_notifications"], person_id, registration_id, *columns(wanted)))


async def find_notification(
    conn: Connection, person_id: UUID, registration_id: UUID | None, message_id: UUID
) -> NotificationRow:
    """One thing that a person was told; raises `NotFound`."""
    return await get(conn, _SQL["find_notification"], NotificationRow, person_id, registration_id, message_id)


async def mark_read(
    conn: Connection,
    person_id: UUID,
    registration_id: UUID | None,
    message_id: UUID | None,
    until: datetime | None,
    now: datetime,
) -> int:
    """Remember what was read now for the first time; how much that is."""
    return await execute(conn, _SQL["mark_read"], person_id, registration_id, message_id, until, now)
