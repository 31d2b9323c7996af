"""One function for each statement of `notifications_delivery.sql`."""

from datetime import datetime, timedelta
from uuid import UUID

from forum.db import Connection, columns, execute, fetch_all, get, value
from forum.notifications.delivery_types import QuietHours, Reported, Suppression, SuppressionFilter
from forum.sqlfiles import load_statements

_SQL = load_statements("notifications_delivery")


async def pause_domain(conn: Connection, domain: str, pause: timedelta, reason: str, words: str) -> None:
    """Nobody at a domain is sent anything for a while."""
    await execute(conn, _SQL["pause_domain"], domain, pause, reason, words)


async def lock_reported(conn: Connection, message_id: UUID) -> Reported:
    """The mail that a report is about, locked; raises `NotFound`."""
    return await get(conn, _SQL["lock_reported"], Reported, message_id)


async def mark_bounced(conn: Connection, message_id: UUID, now: datetime, words: str) -> None:
    """A mail did not reach its recipient after all."""
    await execute(conn, _SQL["mark_bounced"], message_id, now, words)


async def mark_complained(conn: Connection, message_id: UUID, now: datetime, words: str | None) -> None:
    """The recipient of a mail called it unwanted."""
    await execute(conn, _SQL["mark_complained"], message_id, now, words)


async def suppress_address(
    conn: Connection, id: UUID, email: str, reason: str, detail: str | None, now: datetime, edition_id: UUID | None
) -> None:
    """Nothing is sent to an address any more."""
    await execute(conn, _SQL["suppress_address"], id, email, reason, detail, now, edition_id)


async def is_suppressed(conn: Connection, email: str) -> bool:
    """Whether nothing is sent to an address."""
    return bool(await value(conn, _SQL["is_suppressed"], email))


async def list_suppressions(
    conn: Connection, edition_id: UUID, wanted: SuppressionFilter, after: UUID | None, limit: int
) -> list[Suppression]:
    """The addresses of an edition that nothing is sent to."""
    return await fetch_all(conn, _SQL["list_suppressions"], Suppression, edition_id, *columns(wanted), after, limit)


async def count_suppressions(conn: Connection, edition_id: UUID, wanted: SuppressionFilter) -> int:
    """How many addresses the list has."""
    return int(await value(conn, _SQL["count_suppressions"], edition_id, *columns(wanted)))


async def lift_suppression(conn: Connection, edition_id: UUID, suppression_id: UUID) -> Suppression:
    """Write to an address again; raises `NotFound`."""
    return await get(conn, _SQL["lift_suppression"], Suppression, edition_id, suppression_id)


async def find_quiet_hours(conn: Connection, edition_id: UUID) -> QuietHours:
    """When mails of an edition that can wait do."""
    return await get(conn, _SQL["find_quiet_hours"], QuietHours, edition_id)


async def set_quiet_hours(conn: Connection, edition_id: UUID, hours: QuietHours) -> None:
    """Have mails of an edition that can wait do so at other hours."""
    await execute(conn, _SQL["set_quiet_hours"], edition_id, *columns(hours))
