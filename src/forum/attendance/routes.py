"""The HTTP side of scans, presence and occupancy."""

from datetime import datetime
from uuid import UUID

from litestar import get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from forum.attendance import service
from forum.attendance.types import (
    NewScan,
    NewScans,
    Occupancy,
    OnlinePresence,
    PresenceAction,
    ScanOutcomes,
    ScanResult,
)
from forum.db import Connection
from forum.http import ForumRequest
from forum.permissions import Permission, Principal, needs
from forum.transactions import unit_of

SCAN, SIGNED_IN = needs(Permission.SCANS_RECORD), needs(Permission.SIGNED_IN)
TAGS = ["attendance"]


@post("/editions/{edition:str}/scans", opt=SCAN, status_code=200, operation_id="record_scan", tags=TAGS)
async def record_scan(
    data: JSONBody[NewScan],
    request: ForumRequest,
    edition_id: NamedDependency[UUID],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> ScanResult:
    """A badge was shown at a gate or at the door of a session: may its holder pass?

    Always 200 for a scan that can be read, whatever the badge: `denied` tells why. The same `scan_id` of the same token
    changes nothing and answers `repeated`. Who leaves is out, even with a badge that is denied. `occurred_at` may be
    earlier than other scans; more than five minutes ahead of our clock is 422.
    """
    state, unit, device = request.app.state, unit_of(request.scope), principal.token_id
    if unit.request_key:  # the answer is stored with the scan
        return await service.record_scan(await unit.connection(), edition_id, device, data, state.badge_reader, now)
    await unit.close()  # nothing is held while the desk records it with others
    desk: service.ScanDesk = state.scan_desk
    return await desk.record_scan(state.pool, edition_id, device, data, now)


@post("/editions/{edition:str}/scans:batch", opt=SCAN, status_code=200, operation_id="record_scans", tags=TAGS)
async def record_scans(
    data: JSONBody[NewScans],
    state: State,
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> ScanOutcomes:
    """Up to 500 scans that were made offline, in any order; an outcome for each, in the order in which they stand.

    A row with errors is not recorded and blocks no other. A badge counts as it was when it was shown.
    """
    device = principal.token_id
    return ScanOutcomes(await service.record_scans(conn, edition_id, device, data.scans, state.badge_reader, now))


@post(
    "/editions/{edition:str}/sessions/{session_id:uuid}/presence",
    opt=SIGNED_IN,
    status_code=200,
    operation_id="record_presence",
    tags=TAGS,
)
async def record_presence(
    data: JSONBody[PresenceAction],
    session_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> OnlinePresence:
    """Join a session online, say that you are still there, or leave; with an approved registration for online.

    Send a heartbeat at least every `heard_within_seconds`: without one you have left when you were last heard of, and
    the next heartbeat is 409 `not_joined`. Joining and leaving can be repeated.
    """
    return await service.take_part(conn, principal, edition_id, session_id, data.action, now)


@get("/editions/{edition:str}/occupancy", opt=SIGNED_IN, operation_id="get_occupancy", tags=TAGS)
async def get_occupancy(
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Occupancy:
    """How many people are on site and in each session now, for who may scan or read statistics.

    In the hall: who was let in today, by the edition's clocks, and has not left since.
    """
    return await service.find_occupancy(conn, principal, edition_id, now)


HANDLERS = [record_scan, record_scans, record_presence, get_occupancy]
