"""Shows requests with the time at which they will have the floor: what the database has, and the projection of it."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from msgspec.structs import asdict

from forum.db import Connection
from forum.speakers_lists import queries, request_queries
from forum.speakers_lists.projection import Projected, as_others_see, project, spoken_ms
from forum.speakers_lists.request_types import SpeakingRequest, StoredRequest
from forum.speakers_lists.types import StoredList

Plan = Mapping[UUID, Projected]
"""When the requests that wait will have the floor."""
_SHOWN = [
    name for name in SpeakingRequest.__struct_fields__ if name not in ("actual_seconds", "session", "projected_at")
]


async def read_plan(conn: Connection, edition_id: UUID, stored: StoredList, now: datetime, exact: bool) -> Plan:
    """When everybody who waits will have the floor by the present order.

    Only the staff reads it exactly: from the time between two others, one could tell who needs more.
    """
    windows = await queries.list_windows(conn, edition_id, stored.id)
    turns = await request_queries.list_turns(conn, edition_id, stored.id)
    return project(windows, turns if exact else as_others_see(turns), stored.changeover_seconds, now)


def show(row: StoredRequest, plan: Plan, now: datetime) -> SpeakingRequest:
    """A request as it is answered."""
    fields = asdict(row)
    projected = plan.get(row.id)
    return SpeakingRequest(
        **{name: fields[name] for name in _SHOWN},
        actual_seconds=actual_seconds(row, now),
        session=projected.session if projected else row.spoke_in,
        projected_at=projected.starts_at if projected else None,
    )


def actual_seconds(row: StoredRequest, now: datetime) -> int | None:
    """For how many whole seconds somebody has spoken; None before they begin."""
    return None if row.started_at is None else spoken_ms(row, now) // 1000
