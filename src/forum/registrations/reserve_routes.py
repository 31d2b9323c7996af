"""The HTTP side of reserves."""

from datetime import datetime
from uuid import UUID

from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from forum.codes import Mode
from forum.db import Connection
from forum.http import IfMatch
from forum.pagination import Page, Paging
from forum.permissions import Permission, needs
from forum.registrations import reserves
from forum.registrations.reserve_types import NewReserve, Reserve, ReserveFilter, ReservePatch

READ, WRITE = needs(Permission.REGISTRATIONS_READ), needs(Permission.EDITIONS_WRITE)
TAGS = ["registrations"]
RESERVES = "/editions/{edition:str}/reserves"


@get(RESERVES, opt=READ, operation_id="list_reserves", tags=TAGS)
async def list_reserves(
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    paging: NamedDependency[Paging],
    mode: FromQuery[Mode | None] = None,
    category: FromQuery[str | None] = None,
    is_released: FromQuery[bool | None] = None,
) -> Page[Reserve]:
    """The places that are reserved for categories, with how many of each are taken."""
    return await reserves.list_reserves(conn, edition_id, ReserveFilter(mode, category, is_released), paging)


@post(RESERVES, opt=WRITE, operation_id="create_reserve", tags=TAGS)
async def create_reserve(
    data: JSONBody[NewReserve],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
) -> Reserve:
    """Reserve places for a category until `release_at`. 409 `no_place_free` when others have them already."""
    return await reserves.create_reserve(conn, edition_id, data, now)


@get(f"{RESERVES}/{{reserve_id:uuid}}", opt=READ, operation_id="get_reserve", tags=TAGS)
async def get_reserve(
    reserve_id: FromPath[UUID], edition_id: NamedDependency[UUID], conn: NamedDependency[Connection]
) -> Reserve:
    """One reserve of an edition."""
    return await reserves.find_reserve(conn, edition_id, reserve_id)


@patch(f"{RESERVES}/{{reserve_id:uuid}}", opt=WRITE, operation_id="update_reserve", tags=TAGS)
async def update_reserve(
    data: JSONBody[ReservePatch],
    reserve_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
) -> Reserve:
    """Reserve more or fewer places, or until another time; who can have a place then gets it."""
    return await reserves.update_reserve(conn, edition_id, reserve_id, data, if_match, now)


@post(f"{RESERVES}/{{reserve_id:uuid}}/release", opt=WRITE, status_code=200, operation_id="release_reserve", tags=TAGS)
async def release_reserve(
    reserve_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
) -> Reserve:
    """Release what is not taken for all, before its time; the first in line get it."""
    return await reserves.release_reserve(conn, edition_id, reserve_id, now)


HANDLERS = [list_reserves, create_reserve, get_reserve, update_reserve, release_reserve]
