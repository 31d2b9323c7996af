"""The HTTP side of editions and series."""

from datetime import datetime
from uuid import UUID

from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from forum.db import Connection
from forum.editions import service
from forum.editions.types import (
    Edition,
    EditionFilter,
    EditionPatch,
    EditionStatus,
    NewEdition,
    NewSeries,
    Series,
)
from forum.http import IfMatch
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal, needs


@get("/series", opt=needs(Permission.PUBLIC), operation_id="list_series", tags=["editions"])
async def list_series(conn: NamedDependency[Connection], paging: NamedDependency[Paging]) -> Page[Series]:
    """Every series with its vocabularies."""
    return await service.list_series(conn, paging)


@post("/series", opt=needs(Permission.EDITIONS_CREATE), operation_id="create_series", tags=["editions"])
async def create_series(data: JSONBody[NewSeries], conn: NamedDependency[Connection]) -> Series:
    """Make a series with its vocabularies."""
    return await service.create_series(conn, data)


@get("/series/{code:str}", opt=needs(Permission.PUBLIC), operation_id="get_series", tags=["editions"])
async def get_series(code: FromPath[str], conn: NamedDependency[Connection]) -> Series:
    """One series with its vocabularies."""
    return await service.find_series(conn, code)


@get("/editions", opt=needs(Permission.PUBLIC), operation_id="list_editions", tags=["editions"])
async def list_editions(
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    paging: NamedDependency[Paging],
    series: FromQuery[str | None] = None,
    status: FromQuery[EditionStatus | None] = None,
) -> Page[Edition]:
    """Editions in the order in which they were made; drafts only for their staff."""
    return await service.list_editions(conn, principal, EditionFilter(series, status), paging)


@post("/editions", opt=needs(Permission.EDITIONS_CREATE), operation_id="create_edition", tags=["editions"])
async def create_edition(
    data: JSONBody[NewEdition], conn: NamedDependency[Connection], now: NamedDependency[datetime]
) -> Edition:
    """Make an edition, as a draft."""
    return await service.create_edition(conn, data, now)


@get("/editions/{edition:str}", opt=needs(Permission.PUBLIC), operation_id="get_edition", tags=["editions"])
async def get_edition(
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
) -> Edition:
    """One edition, by id or slug."""
    return await service.find_edition(conn, principal, edition_id)


@patch(
    "/editions/{edition:str}",
    opt=needs(Permission.EDITIONS_WRITE),
    operation_id="update_edition",
    tags=["editions"],
)
async def update_edition(
    data: JSONBody[EditionPatch],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
) -> Edition:
    """Change an edition. A capacity that is raised promotes who waits; one that is lowered drops nobody.

    Once it is announced, its dates and its mode change by `POST /v1/editions/{edition}/revise` only: 409
    `needs_revision`.
    """
    return await service.update_edition(conn, edition_id, data, if_match, now)


def _move_route(move: service.Move) -> HTTPRouteHandler:
    sources, target = service.MOVES[move]

    async def move_edition(edition_id: NamedDependency[UUID], conn: NamedDependency[Connection]) -> Edition:
        return await service.move_edition(conn, edition_id, move)

    return HTTPRouteHandler(
        f"/editions/{{edition:str}}/{move}",
        http_method=HttpMethod.POST,
        opt=needs(Permission.EDITIONS_WRITE),
        status_code=200,
        operation_id=f"{move}_edition",
        description=f"Move an edition from {' or '.join(sorted(sources))} to {target}.",
        tags=["editions"],
    )(move_edition)


HANDLERS = [
    list_series,
    create_series,
    get_series,
    list_editions,
    create_edition,
    get_edition,
    update_edition,
    *(_move_route(move) for move in service.MOVES),
]
