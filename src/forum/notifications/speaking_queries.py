"""One function for each statement of `notifications_speaking.sql`."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from forum.db import Connection, execute, fetch_all, value
from forum.notifications.types import Invited
from forum.sqlfiles import load_statements

_SQL = load_statements("notifications_speaking")


async def list_speaking(conn: Connection, edition_id: UUID) -> list[UUID]:
    """The speakers who should hold an entry of an edition, or may hold one."""
    return await fetch_all(conn, _SQL["list_speaking"], UUID, edition_id)


async def list_speaking_addresses(
    conn: Connection, edition_id: UUID, speaker_ids: Sequence[UUID], registration_ids: Sequence[UUID]
) -> list[str]:
    """Where these speakers, and those near these registrations, are or were written to; in small letters."""
    return await fetch_all(conn, _SQL["list_speaking_addresses"], str, edition_id, speaker_ids, registration_ids)


async def list_read_there(conn: Connection, edition_id: UUID, addresses: Sequence[str]) -> list[UUID]:
    """The registrations of those who are written to at these addresses."""
    return await fetch_all(conn, _SQL["list_read_there"], UUID, edition_id, addresses)


async def settle_entries(conn: Connection, edition_id: UUID, addresses: Sequence[str]) -> None:
    """Have what was mailed to these addresses belong to who should hold it there now."""
    await execute(conn, _SQL["settle_entries"], edition_id, addresses)


async def plan_speaking(conn: Connection, edition_id: UUID, addresses: Sequence[str], now: datetime) -> int:
    """Queue the difference between the entries that should be held at these addresses and those last queued."""
    return int(await value(conn, _SQL["plan_speaking"], edition_id, addresses, now))


async def list_speaking_attendees(conn: Connection, message_ids: Sequence[UUID]) -> list[Invited]:
    """Which speakers the invitations among these messages are for."""
    return await fetch_all(conn, _SQL["list_speaking_attendees"], Invited, message_ids)
