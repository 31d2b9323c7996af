"""One function for each statement of `notifications_pledge_updates.sql`."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from forum.db import Connection, execute, find
from forum.notifications.pledge_update_types import PledgeUpdatesDue
from forum.sqlfiles import load_statements

_SQL = load_statements("notifications_pledge_updates")


async def find_due_days(conn: Connection, edition_id: UUID) -> PledgeUpdatesDue | None:
    """On which days updates are due."""
    return await find(conn, _SQL["find_due_days"], PledgeUpdatesDue, edition_id)


async def put_due_days(
    conn: Connection, edition_id: UUID, due_on: Sequence[date], remind_days: int, version: int, now: datetime
) -> PledgeUpdatesDue | None:
    """Decide anew; None when it has another version by now."""
    return await find(conn, _SQL["put_due_days"], PledgeUpdatesDue, edition_id, due_on, remind_days, version, now)


async def queue_pledge_updates(conn: Connection, now: datetime, named: int) -> int:
    """Queue the mails that are due, each naming so many pledges at most; how many mails."""
    return await execute(conn, _SQL["queue_pledge_updates"], now, named)
