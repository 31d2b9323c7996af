"""Scans that were made offline and come later, all at once, in any order.

Locks are taken in one order, so that uploads never wait for each other in a circle: the scans by their scan_id, then
the trails by badge. A badge must have been good at the moment of the scan, not at that of the upload.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from forum.attendance import queries
from forum.attendance.badge_reader import BadgeReader
from forum.attendance.scans import future_fault, retell, verdict
from forum.attendance.types import InsertedScan, NewScan, Reason, ScanOutcome, ScanRow
from forum.bodies import decode
from forum.db import Connection
from forum.errors import Fault, Invalid
from forum.ids import new_id


async def record_scans(
    conn: Connection, edition_id: UUID, device_id: UUID, rows: Sequence[Any], reader: BadgeReader, now: datetime
) -> list[ScanOutcome]:
    """Record every row that is right; an outcome for each, in their order. A bad row never blocks a good one."""
    read = [_read(row, now) for row in rows]
    wanted = [scan.session for scan in read if isinstance(scan, NewScan) and scan.session]
    known = set(await queries.list_known_sessions(conn, edition_id, wanted)) if wanted else set()
    scans: dict[int, ScanRow] = {}
    outcomes: dict[int, ScanOutcome] = {}
    for index, scan in enumerate(read):
        faults = scan if isinstance(scan, list) else _session_faults(scan, known)
        if faults or isinstance(scan, list):
            outcomes[index] = _refused(index, faults)
        else:
            scans[index] = _row(index, scan, await reader.read(conn, scan.badge))
    outcomes |= await _record(conn, edition_id, device_id, scans, now)
    return [outcomes[index] for index in range(len(rows))]


async def _record(
    conn: Connection, edition_id: UUID, device_id: UUID, scans: dict[int, ScanRow], now: datetime
) -> dict[int, ScanOutcome]:
    inserted = await queries.insert_scans(conn, edition_id, device_id, list(scans.values()), now)
    if counted := [scan for scan in inserted if _counts(scan)]:
        await queries.lock_trails(conn, edition_id, [scan.id for scan in counted])
        places = sorted({(scan.registration_id, scan.session_id) for scan in counted if scan.registration_id}, key=str)
        await retell(conn, edition_id, places, now)
    names = [row.scan_id for row in scans.values()]
    first = {known.scan_id: known for known in await queries.list_reasons(conn, edition_id, device_id, names)}
    return {
        index: _outcome(index, first[row.scan_id].reason, first[row.scan_id].id == row.id)
        for index, row in scans.items()
    }


def _counts(scan: InsertedScan) -> bool:
    """Whether a scan tells where somebody was: leaving is believed of everybody."""
    return scan.registration_id is not None and (scan.result == "accepted" or scan.direction == "out")


def _read(row: Any, now: datetime) -> NewScan | list[Fault]:
    try:
        scan = decode(msgspec.json.encode(row), NewScan)
    except Invalid as error:
        return error.errors
    return future_fault(scan.occurred_at, now) or scan


def _session_faults(scan: NewScan, known: set[UUID]) -> list[Fault]:
    if scan.session is None or scan.session in known:
        return []
    return [Fault(pointer="/session", code="unknown_reference", detail="The edition has no such session.")]


def _row(index: int, scan: NewScan, badge_id: UUID | None) -> ScanRow:
    place = (scan.gate, scan.session, scan.direction, scan.occurred_at)
    return ScanRow(index, new_id(), scan.scan_id, badge_id, *place)


def _refused(index: int, faults: Sequence[Fault]) -> ScanOutcome:
    errors = [fault.inside(f"/scans/{index}") for fault in faults]
    return ScanOutcome(index=index, result=None, reason=None, first_result=None, errors=errors)


def _outcome(index: int, reason: Reason | None, is_new: bool) -> ScanOutcome:
    if is_new:
        return ScanOutcome(index=index, result=verdict(reason), reason=reason, first_result=None, errors=[])
    return ScanOutcome(index=index, result="repeated", reason=reason, first_result=verdict(reason), errors=[])
