"""Everything that other slices may ask of attendance, and who may see how full it is.

Scans may arrive late and in any order, so presences in the hall are what a person's scans say, read in the order in
which they happened: an `in` opens unless the person is inside (and then only tells that they were seen again), the
first `out` closes, an `out` of somebody who is not inside is kept as the scan only. A scan that follows on what is
known is one statement; any other has the presences of that person at that place told anew.
"""

from datetime import datetime
from uuid import UUID

from forum.attendance import queries
from forum.attendance.badge_reader import BadgeReader
from forum.attendance.batches import record_scans
from forum.attendance.desk import ScanDesk
from forum.attendance.online import HEARD_WITHIN, NotJoined, end_stale_presences, take_part
from forum.attendance.scans import record_scan
from forum.attendance.types import Occupancy
from forum.db import Connection
from forum.editions import service as editions
from forum.errors import Forbidden
from forum.permissions import Permission, Principal

__all__ = [
    "BadgeReader",
    "NotJoined",
    "ScanDesk",
    "end_stale_presences",
    "find_occupancy",
    "record_scan",
    "record_scans",
    "take_part",
]


async def find_occupancy(conn: Connection, principal: Principal, edition_id: UUID, now: datetime) -> Occupancy:
    """How many people are where, for who scans and for who reads statistics; raises `Forbidden` for others."""
    await editions.find_edition(conn, principal, edition_id)
    if not any(principal.may(one, edition_id) for one in (Permission.SCANS_RECORD, Permission.STATISTICS_READ)):
        raise Forbidden
    return await queries.get_occupancy(conn, edition_id, now, now - HEARD_WITHIN)
