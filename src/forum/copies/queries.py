"""One function for each statement of `copies.sql`. Ids are pairs of an old and a new one, as text for jsonb."""

from datetime import datetime
from uuid import UUID

from forum.copies.types import FrameId
from forum.db import Connection, execute, fetch_all
from forum.sqlfiles import load_statements

_SQL = load_statements("copies")

NewIds = dict[str, str]


async def list_frame_ids(conn: Connection, edition_id: UUID) -> list[FrameId]:
    """What of an edition can be copied under a new id, in the order in which it was made."""
    return await fetch_all(conn, _SQL["list_frame_ids"], FrameId, edition_id)


async def copy_rooms(conn: Connection, old: UUID, new: UUID, ids: NewIds, now: datetime) -> int:
    """Rooms under new ids; how many."""
    return await execute(conn, _SQL["copy_rooms"], old, new, ids, now)


async def copy_levels(conn: Connection, old: UUID, new: UUID) -> None:
    """What is done about each kind of conflict."""
    await execute(conn, _SQL["copy_levels"], old, new)


async def copy_tracks(conn: Connection, old: UUID, new: UUID, ids: NewIds, now: datetime) -> int:
    """Tracks under new ids; how many."""
    return await execute(conn, _SQL["copy_tracks"], old, new, ids, now)


async def copy_teams(conn: Connection, old: UUID, new: UUID, ids: NewIds, now: datetime) -> int:
    """Interpretation teams under new ids; how many."""
    return await execute(conn, _SQL["copy_teams"], old, new, ids, now)


async def copy_sessions(
    conn: Connection, old: UUID, new: UUID, ids: NewIds, now: datetime, days: int, old_zone: str, new_zone: str
) -> int:
    """Sessions as drafts under new ids, days later; how many."""
    return await execute(conn, _SQL["copy_sessions"], old, new, ids, now, days, old_zone, new_zone)


async def copy_questions(conn: Connection, old: UUID, new: UUID, now: datetime) -> int:
    """The questions that are asked now; how many."""
    return await execute(conn, _SQL["copy_questions"], old, new, now)


async def list_reserved(conn: Connection, edition_id: UUID) -> list[str]:
    """The modes and categories for which places are reserved, each as one text."""
    return await fetch_all(conn, _SQL["list_reserved"], str, edition_id)


async def copy_reserves(
    conn: Connection, old: UUID, new: UUID, ids: NewIds, days: int, old_zone: str, new_zone: str
) -> int:
    """Reserves, with nobody in them; how many."""
    return await execute(conn, _SQL["copy_reserves"], old, new, ids, days, old_zone, new_zone)


async def copy_delegations(conn: Connection, old: UUID, new: UUID, ids: NewIds, now: datetime) -> int:
    """Delegations without their people; how many."""
    return await execute(conn, _SQL["copy_delegations"], old, new, ids, now)


async def copy_quotas(conn: Connection, old: UUID, new: UUID, ids: NewIds) -> int:
    """The quotas of copied delegations."""
    return await execute(conn, _SQL["copy_quotas"], old, new, ids)
