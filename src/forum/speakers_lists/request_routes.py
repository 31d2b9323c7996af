"""The HTTP side of requests for the floor."""

from datetime import datetime
from uuid import UUID

from litestar import Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from forum.db import Connection
from forum.http import ForumRequest, ForumResponse, IfMatch, download
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal, needs
from forum.speakers_lists import service, table
from forum.speakers_lists.request_types import (
    ListFormat,
    MadeSpeakingRequest,
    NewPlaceInLine,
    NewSpeakingRequest,
    Rank,
    RequestFilter,
    RequestStatus,
    SpeakingRequest,
    SpeakingRequestMove,
    SpeakingRequestPatch,
)
from forum.transactions import unit_of

SIGNED_IN, WRITE = needs(Permission.SIGNED_IN), needs(Permission.PROGRAMME_WRITE)
TAGS = ["speakers"]
REQUESTS = "/editions/{edition:str}/sessions/{session_id:uuid}/speakers-list/requests"
REQUEST = f"{REQUESTS}/{{request_id:uuid}}"


@post(REQUESTS, opt=SIGNED_IN, operation_id="create_speaking_request", tags=TAGS)
async def create_speaking_request(
    data: JSONBody[NewSpeakingRequest],
    session_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> MadeSpeakingRequest:
    """Ask for the floor: for yourself when your registration is approved, for your delegation, or for any as the staff.

    The staff may at any time, and its requests are accepted; others may while the list is open, and wait to be. A
    delegation, or a person without one, stands on a list once. 409: `list_not_open` tells when it is, `already_on_list`
    names in `id` the request that there is, `registration_not_approved`.
    """
    return await service.create_request(conn, principal, edition_id, session_id, data, now)


@get(REQUESTS, opt=SIGNED_IN, operation_id="list_speaking_requests", tags=TAGS)
async def list_speaking_requests(
    session_id: FromPath[UUID],
    request: ForumRequest,
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    paging: NamedDependency[Paging],
    now: NamedDependency[datetime],
    status: FromQuery[RequestStatus | None] = None,
    rank: FromQuery[Rank | None] = None,
    language: FromQuery[str | None] = None,
    entity: FromQuery[UUID | None] = None,
    delegation: FromQuery[UUID | None] = None,
    format: FromQuery[ListFormat] = "json",
) -> Response[Page[SpeakingRequest]]:
    """The requests in their order: all for the staff, else those of your delegations and your own.

    With `format=csv` or `format=xlsx` all of them as a table. In text/csv, cells that a spreadsheet would run as a
    formula begin with an apostrophe.
    """
    wanted = RequestFilter(status, rank, language, entity, delegation)
    if format == "json":
        page = await service.list_requests(conn, principal, edition_id, session_id, wanted, paging, now)
        return ForumResponse(page)
    read = await table.read_table(conn, principal, edition_id, session_id, wanted, now)
    await unit_of(request.scope).close()  # nothing is held while the client reads
    return download(table.encode_table(request.app.state.pool, read, format), "speakers-list", format)


@get(REQUEST, opt=SIGNED_IN, operation_id="get_speaking_request", tags=TAGS)
async def get_speaking_request(
    session_id: FromPath[UUID],
    request_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> SpeakingRequest:
    """One request: your own, one of your delegation, or any as the staff."""
    return await service.find_request(conn, principal, edition_id, session_id, request_id, now)


@patch(REQUEST, opt=WRITE, operation_id="update_speaking_request", tags=TAGS)
async def update_speaking_request(
    data: JSONBody[SpeakingRequestPatch],
    session_id: FromPath[UUID],
    request_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> SpeakingRequest:
    """Change the rank, language, group or time of a request. With another rank it has the place of that rank."""
    return await service.update_request(conn, principal, edition_id, session_id, request_id, data, if_match, now)


@post(f"{REQUEST}/move", opt=WRITE, status_code=200, operation_id="move_speaking_request", tags=TAGS)
async def move_speaking_request(
    data: JSONBody[NewPlaceInLine],
    session_id: FromPath[UUID],
    request_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> SpeakingRequest:
    """Put a request that waits before or after another one, or in a place; the reason is kept.

    From then on it stays there whatever its rank, and nobody who comes later is placed by it.
    """
    return await service.move_request(conn, principal, edition_id, session_id, request_id, data, now)


@get(f"{REQUEST}/moves", opt=WRITE, operation_id="list_speaking_request_moves", tags=TAGS)
async def list_speaking_request_moves(
    session_id: FromPath[UUID],
    request_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    paging: NamedDependency[Paging],
) -> Page[SpeakingRequestMove]:
    """From where to where the staff has put a request, when and why, oldest first."""
    return await service.list_moves(conn, edition_id, session_id, request_id, paging)


HANDLERS = [
    create_speaking_request,
    list_speaking_requests,
    get_speaking_request,
    update_speaking_request,
    move_speaking_request,
    list_speaking_request_moves,
]
