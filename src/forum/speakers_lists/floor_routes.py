"""The HTTP side of what becomes of a request: from accepted to spoken."""

from datetime import datetime
from uuid import UUID

from litestar import post
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from forum.db import Connection
from forum.permissions import Permission, Principal, needs
from forum.speakers_lists import service
from forum.speakers_lists.request_types import SpeakingRefusal, SpeakingRequest

SIGNED_IN, WRITE = needs(Permission.SIGNED_IN), needs(Permission.PROGRAMME_WRITE)
TAGS = ["speakers"]
REQUEST = "/editions/{edition:str}/sessions/{session_id:uuid}/speakers-list/requests/{request_id:uuid}"


@post(f"{REQUEST}/withdraw", opt=SIGNED_IN, status_code=200, operation_id="withdraw_speaking_request", tags=TAGS)
async def withdraw_speaking_request(
    session_id: FromPath[UUID],
    request_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> SpeakingRequest:
    """Take back your own request, one of your delegation, or any as the staff, until it has the floor."""
    return await service.withdraw_request(conn, principal, edition_id, session_id, request_id, now)


@post(f"{REQUEST}/decline", opt=WRITE, status_code=200, operation_id="decline_speaking_request", tags=TAGS)
async def decline_speaking_request(
    data: JSONBody[SpeakingRefusal],
    session_id: FromPath[UUID],
    request_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> SpeakingRequest:
    """Take a request out of the list, and say why to who made it."""
    request = (edition_id, session_id, request_id)
    return await service.change_status(conn, principal, *request, "decline", data.reason, now)


def _move_route(move: service.Move, description: str) -> HTTPRouteHandler:
    async def move_speaking_request(
        session_id: FromPath[UUID],
        request_id: FromPath[UUID],
        edition_id: NamedDependency[UUID],
        conn: NamedDependency[Connection],
        principal: NamedDependency[Principal],
        now: NamedDependency[datetime],
    ) -> SpeakingRequest:
        return await service.change_status(conn, principal, edition_id, session_id, request_id, move, None, now)

    return HTTPRouteHandler(
        f"{REQUEST}/{move}",
        http_method=HttpMethod.POST,
        opt=WRITE,
        status_code=200,
        operation_id="mark_speaking_request_absent" if move == "absent" else f"{move}_speaking_request",
        description=description,
        tags=TAGS,
    )(move_speaking_request)


HANDLERS = [
    withdraw_speaking_request,
    decline_speaking_request,
    _move_route(
        "accept",
        "They will have the floor in their turn: after a request, or after all, placed anew by rank and time. 409 "
        "`already_on_list` names in `id` the request that took their place.",
    ),
    _move_route(
        "start",
        "They begin to speak; what is allotted to them is settled. 409 `floor_taken` names in `id` who has the floor: "
        "nobody is stopped silently.",
    ),
    _move_route("pause", "The clock stands still; they keep the floor."),
    _move_route("resume", "The clock runs on."),
    _move_route(
        "stop", "They have spoken, for the seconds that the clock ran; so has the appearance that it is tied to."
    ),
    _move_route("absent", "They were called and not there; the appearance that it is tied to is `absent`, too."),
    _move_route("yield", "They give up their turn."),
]
