"""The running list as everybody reads it.

Names stand there with consent only. Times are reckoned with what everybody has, and rounded down to five minutes, and
what was given to whom is left out: one could tell from it who needs more time. Who has the floor is the exception: the
room sees that clock.
"""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

import msgspec
from msgspec.structs import replace

from forum.db import Connection
from forum.permissions import Principal
from forum.speakers_lists import lists, queries
from forum.speakers_lists import request_queries as requests_of
from forum.speakers_lists.live_types import Floor, LiveList, LiveTurn, PublicStatement
from forum.speakers_lists.planning import Plan, actual_seconds
from forum.speakers_lists.projection import ON_THE_FLOOR, as_others_see, project
from forum.speakers_lists.request_types import StoredRequest
from forum.speakers_lists.types import StoredList

ROUNDED_TO: Final = timedelta(minutes=5)
BEGINNING: Final = datetime.min.replace(tzinfo=UTC)


async def read_live(
    conn: Connection, principal: Principal, edition_id: UUID, session_id: UUID, now: datetime
) -> LiveList:
    """The running list; raises `NotFound` for one that the principal may not see."""
    return await read_running(conn, edition_id, await lists.find_stored(conn, principal, edition_id, session_id), now)


async def read_running(conn: Connection, edition_id: UUID, stored: StoredList, now: datetime) -> LiveList:
    """The same, of a list that was found before."""
    windows = await queries.list_windows(conn, edition_id, stored.id)
    turns = await requests_of.list_turns(conn, edition_id, stored.id)
    rows = await requests_of.list_shown_requests(conn, edition_id, stored.id)
    plan = project(windows, as_others_see(turns), stored.changeover_seconds, now)
    holder = next((row for row in rows if row.status in ON_THE_FLOOR), None)
    return LiveList(
        session=stored.session,
        sessions=windows,
        opens_at=stored.opens_at,
        closes_at=stored.closes_at,
        as_of=now,
        floor=_floor(holder) if holder else None,
        items=[_turn(row, plan, now) for row in rows],
    )


def digest(running: LiveList) -> str:
    """What tells two states of a list apart, whenever they were read: times that pass by themselves are left out."""
    items = [replace(item, projected_at=None, session=None) for item in running.items]
    still = replace(running, as_of=BEGINNING, items=items)
    return sha256(msgspec.json.encode(still)).hexdigest()[:16]


def _floor(row: StoredRequest) -> Floor:
    return Floor(
        request=row.id,
        allotted_seconds=row.allotted_seconds,
        spoken_seconds=row.spoken_ms // 1000,
        running_since=row.running_since,
    )


def _turn(row: StoredRequest, plan: Plan, now: datetime) -> LiveTurn:
    projected, statement = plan.get(row.id), row.statement
    published = statement if statement is not None and statement.published else None
    return LiveTurn(
        request=row.id,
        status=row.status,  # type: ignore[arg-type]
        rank=row.rank,
        language=row.language,
        name=row.public_name,
        entity=row.entity,
        entity_name=row.entity_name,
        on_behalf_of=row.on_behalf_of,
        session=projected.session if projected else row.spoke_in,
        projected_at=_rounded(projected.starts_at) if projected else None,
        started_at=row.started_at,
        actual_seconds=actual_seconds(row, now) if row.status == "spoke" else None,
        statement=PublicStatement(published.language, published.media_type) if published else None,
    )


def _rounded(instant: datetime) -> datetime:
    return instant - (instant - BEGINNING) % ROUNDED_TO
