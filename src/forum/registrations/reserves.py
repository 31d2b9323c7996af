"""Reserves: places that only one category may take, until they are released for all.

What is reserved and not yet taken is held back in the count of the places themselves, so that one constraint keeps
places from being given twice. Every change here locks the places of both modes first, and then promotes who waits.
"""

from datetime import datetime
from uuid import UUID

from forum.bodies import merge
from forum.db import Connection
from forum.editions.service import UNKNOWN_CATEGORY, list_terms, lock_places, promote_waiting
from forum.errors import Conflict, Invalid
from forum.http import IfMatch
from forum.ids import new_id
from forum.pagination import Page, Paging
from forum.registrations import reserve_queries as queries
from forum.registrations.reserve_types import NewReserve, Reserve, ReserveFilter, ReservePatch


class ReserveExists(Conflict, constraint="reserves_one_per_mode_and_category"):
    """There is a reserve for this category and mode"""


class ReserveReleased(Conflict):
    """This reserve was released"""


async def create_reserve(conn: Connection, edition_id: UUID, new: NewReserve, now: datetime) -> Reserve:
    """Hold places back for a category; raises `NoPlaceFree` when others have them, and `ReserveExists`."""
    if new.category not in await list_terms(conn, edition_id, "stakeholder_category"):
        raise Invalid.at("/category", "unknown_value", UNKNOWN_CATEGORY)
    await lock_places(conn, edition_id)
    reserve_id = new_id()
    row = (new.mode, new.category, new.places, new.release_at)
    await queries.insert_reserve(conn, edition_id, reserve_id, *row)
    await promote_waiting(conn, edition_id, now)
    return await queries.find_reserve(conn, edition_id, reserve_id)


async def find_reserve(conn: Connection, edition_id: UUID, reserve_id: UUID) -> Reserve:
    """One reserve; raises `NotFound`."""
    return await queries.find_reserve(conn, edition_id, reserve_id)


async def list_reserves(conn: Connection, edition_id: UUID, wanted: ReserveFilter, paging: Paging) -> Page[Reserve]:
    """The reserves of an edition in the order in which they were made."""
    rows = await queries.list_reserves(conn, edition_id, wanted, paging.after(UUID), paging.limit + 1)
    total = await queries.count_reserves(conn, edition_id, wanted) if paging.count else None
    return paging.page(rows, lambda reserve: reserve.id, total)


async def update_reserve(
    conn: Connection, edition_id: UUID, reserve_id: UUID, patch: ReservePatch, if_match: IfMatch, now: datetime
) -> Reserve:
    """Hold more or fewer places back; raises `NoPlaceFree` when others have them, and `ReserveReleased`."""
    await lock_places(conn, edition_id)
    before = await queries.find_reserve(conn, edition_id, reserve_id)
    if_match.require(before.version)
    _require_held(before)
    after = merge(before, patch)
    await queries.update_reserve(conn, edition_id, reserve_id, after.places, after.release_at)
    await promote_waiting(conn, edition_id, now)
    return await queries.find_reserve(conn, edition_id, reserve_id)


async def release_reserve(conn: Connection, edition_id: UUID, reserve_id: UUID, now: datetime) -> Reserve:
    """Let everybody have what the category has not taken; raises `ReserveReleased`."""
    await lock_places(conn, edition_id)
    _require_held(await queries.find_reserve(conn, edition_id, reserve_id))
    await queries.release_reserves(conn, edition_id, reserve_id, now)
    await promote_waiting(conn, edition_id, now)
    return await queries.find_reserve(conn, edition_id, reserve_id)


async def release_due_reserves(conn: Connection, now: datetime) -> None:
    """Release the reserves whose time is up, in every edition."""
    for edition_id in await queries.list_editions_to_release(conn, now):
        await lock_places(conn, edition_id)
        await queries.release_reserves(conn, edition_id, None, now)
        await promote_waiting(conn, edition_id, now)


def _require_held(reserve: Reserve) -> None:
    if reserve.released_at is not None:
        raise ReserveReleased("Make another one instead.")
