"""One scan, at once: what the steward at the gate is answered."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from forum.attendance import queries
from forum.attendance.badge_reader import BadgeReader
from forum.attendance.types import (
    FirstResult,
    FoundScan,
    Holder,
    NewScan,
    Reason,
    RecordedScan,
    ScanResult,
    ShownBadge,
)
from forum.db import Connection
from forum.errors import Fault, Invalid
from forum.ids import new_id

CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far a device's clock may be ahead of ours."""


def future_fault(occurred_at: datetime, now: datetime) -> list[Fault]:
    """The fault of a scan that has not happened yet."""
    if occurred_at <= now + CLOCK_SKEW:
        return []
    return [Fault(pointer="/occurred_at", code="in_the_future", detail="Set the clock of the device right.")]


def verdict(reason: Reason | None) -> FirstResult:
    """What is answered the first time."""
    return "denied" if reason else "accepted"


async def record_scan(
    conn: Connection, edition_id: UUID, device_id: UUID, scan: NewScan, reader: BadgeReader, now: datetime
) -> ScanResult:
    """Record that a badge was shown, and say whether its holder may pass; raises `Invalid` for an unknown session.

    `device_id` is the token that scanned. The badge must be good at this moment, whenever the device says it was shown.
    """
    if faults := future_fault(scan.occurred_at, now):
        raise Invalid([*faults, *await _session_faults(conn, edition_id, scan)])
    shown = shown_badge(edition_id, device_id, scan, await reader.read(conn, scan.badge), now)
    return await _finish(conn, shown, await queries.record_scan(conn, shown))


async def record_each_scan(conn: Connection, shown: Sequence[ShownBadge]) -> list[ScanResult]:
    """Record several scans, all or none, as if each were recorded by itself in this order."""
    rows = await queries.record_each_scan(conn, shown)
    return [await _finish(conn, one, row) for one, row in zip(shown, rows, strict=True)]


def shown_badge(edition_id: UUID, device_id: UUID, scan: NewScan, badge_id: UUID | None, now: datetime) -> ShownBadge:
    """What is recorded of a scan."""
    place = (badge_id, scan.gate, scan.session, scan.direction)
    return ShownBadge(edition_id, new_id(), device_id, scan.scan_id, *place, scan.occurred_at, now, now)


async def _finish(conn: Connection, shown: ShownBadge, row: RecordedScan) -> ScanResult:
    """What is answered; presences that do not simply follow on what was known are told anew."""
    if not row.is_new:
        first = await queries.find_scan(conn, shown.edition_id, shown.device_id, shown.scan_id)
        return ScanResult(
            result="repeated",
            reason=first.reason,
            first_result=verdict(first.reason),
            holder=_holder(first),
        )
    if not row.is_settled and row.registration_id:
        place = (row.registration_id, shown.session_id)
        await retell(conn, shown.edition_id, [place], shown.recorded_at)
    return ScanResult(result=verdict(row.reason), reason=row.reason, first_result=None, holder=_holder(row))


async def retell(conn: Connection, edition_id: UUID, places: list[tuple[UUID, UUID | None]], now: datetime) -> None:
    """Tell anew, from all their scans, when people were at places. The caller holds their trails.

    Each in a statement of its own: what was recorded before the trails were locked must be seen.
    """
    people, sessions = [person for person, _ in places], [session for _, session in places]
    await queries.insert_attendances(conn, edition_id, people, sessions, now)
    await queries.delete_presences(conn, edition_id, people, sessions)
    await queries.insert_presences(conn, edition_id, people, sessions)


async def _session_faults(conn: Connection, edition_id: UUID, scan: NewScan) -> list[Fault]:
    if scan.session is None or await queries.list_known_sessions(conn, edition_id, [scan.session]):
        return []
    return [Fault(pointer="/session", code="unknown_reference", detail="The edition has no such session.")]


def _holder(row: RecordedScan | FoundScan) -> Holder | None:
    if row.registration_id is None or row.category is None:
        return None
    return Holder(row.registration_id, row.display_name, row.category, row.represents)
