"""One function for each statement of `attendance.sql`."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from forum.attendance.types import (
    FoundScan,
    InsertedScan,
    KnownReason,
    Occupancy,
    OnlinePlace,
    PresenceRow,
    RecordedScan,
    ScanRow,
    ShownBadge,
)
from forum.db import Connection, columns, execute, fetch_all, fetch_each, find, get, rows_of
from forum.sqlfiles import load_statements

_SQL = load_statements("attendance")


async def record_scan(conn: Connection, shown: ShownBadge) -> RecordedScan:
    """Record a scan and what follows from it; raises `NotFound` without the edition."""
    return await get(conn, _SQL["record_scan"], RecordedScan, *columns(shown))


async def record_each_scan(conn: Connection, shown: Sequence[ShownBadge]) -> list[RecordedScan]:
    """Record scans one after the other in one round trip; what was answered to each."""
    return await fetch_each(conn, _SQL["record_scan"], RecordedScan, [columns(one) for one in shown])


async def find_scan(conn: Connection, edition_id: UUID, device_id: UUID, scan_id: str) -> FoundScan:
    """A scan that a device sent before; raises `NotFound`."""
    return await get(conn, _SQL["find_scan"], FoundScan, edition_id, device_id, scan_id)


async def list_known_sessions(conn: Connection, edition_id: UUID, session_ids: Sequence[UUID]) -> list[UUID]:
    """Those of these sessions that the edition has."""
    return await fetch_all(conn, _SQL["list_known_sessions"], UUID, edition_id, session_ids)


async def insert_scans(
    conn: Connection, edition_id: UUID, device_id: UUID, rows: Sequence[ScanRow], now: datetime
) -> list[InsertedScan]:
    """Record many scans; those that were new."""
    return await fetch_all(conn, _SQL["insert_scans"], InsertedScan, edition_id, device_id, rows_of(rows), now)


async def list_reasons(
    conn: Connection, edition_id: UUID, device_id: UUID, scan_ids: Sequence[str]
) -> list[KnownReason]:
    """What was answered to these scans the first time."""
    return await fetch_all(conn, _SQL["list_reasons"], KnownReason, edition_id, device_id, scan_ids)


async def lock_trails(conn: Connection, edition_id: UUID, ids: Sequence[UUID]) -> None:
    """Hold the trails of the people whose scans these are until the transaction ends."""
    await execute(conn, _SQL["lock_trails"], edition_id, ids)


async def delete_presences(
    conn: Connection, edition_id: UUID, registration_ids: Sequence[UUID], session_ids: Sequence[UUID | None]
) -> None:
    """Forget the presences in the hall of these people at these places, pair by pair."""
    await execute(conn, _SQL["delete_presences"], edition_id, registration_ids, session_ids)


async def insert_presences(
    conn: Connection, edition_id: UUID, registration_ids: Sequence[UUID], session_ids: Sequence[UUID | None]
) -> None:
    """Tell the presences in the hall of these people at these places, pair by pair, from their scans."""
    await execute(conn, _SQL["insert_presences"], edition_id, registration_ids, session_ids)


async def insert_attendances(
    conn: Connection,
    edition_id: UUID,
    registration_ids: Sequence[UUID],
    session_ids: Sequence[UUID | None],
    now: datetime,
) -> None:
    """Keep that these people attended these places, pair by pair, and on which days."""
    await execute(conn, _SQL["insert_attendances"], edition_id, registration_ids, session_ids, now)


async def find_online_place(
    conn: Connection, edition_id: UUID, session_id: UUID, person_id: UUID | None
) -> OnlinePlace:
    """A session and a person's registration; raises `NotFound` without the session."""
    return await get(conn, _SQL["find_online_place"], OnlinePlace, edition_id, session_id, person_id)


async def join_session(
    conn: Connection, edition_id: UUID, session_id: UUID, registration_id: UUID, id: UUID, now: datetime
) -> PresenceRow:
    """Open a presence online, or find the open one."""
    key = (edition_id, session_id, registration_id, id, now)
    return await get(conn, _SQL["join_session"], PresenceRow, *key)


async def end_stale_presence(
    conn: Connection, edition_id: UUID, session_id: UUID, registration_id: UUID, heard_since: datetime
) -> None:
    """A presence of which nothing was heard ended when it was last heard of."""
    await execute(conn, _SQL["end_stale_presence"], edition_id, session_id, registration_id, heard_since)


async def extend_presence(
    conn: Connection, edition_id: UUID, session_id: UUID, registration_id: UUID, now: datetime, heard_since: datetime
) -> PresenceRow | None:
    """A person is still there; None when they are not."""
    key = (edition_id, session_id, registration_id, now, heard_since)
    return await find(conn, _SQL["extend_presence"], PresenceRow, *key)


async def leave_session(
    conn: Connection, edition_id: UUID, session_id: UUID, registration_id: UUID, now: datetime, heard_since: datetime
) -> PresenceRow | None:
    """A person leaves; None when they were not there."""
    key = (edition_id, session_id, registration_id, now, heard_since)
    return await find(conn, _SQL["leave_session"], PresenceRow, *key)


async def end_stale_presences(conn: Connection, heard_since: datetime) -> int:
    """Everybody of whom nothing was heard has left; how many."""
    return await execute(conn, _SQL["end_stale_presences"], heard_since)


async def get_occupancy(conn: Connection, edition_id: UUID, now: datetime, heard_since: datetime) -> Occupancy:
    """How many people are where; raises `NotFound` without the edition."""
    return await get(conn, _SQL["get_occupancy"], Occupancy, edition_id, now, heard_since)
