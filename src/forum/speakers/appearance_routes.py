"""The HTTP side of appearances."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from litestar import Response, get, patch, post
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from forum.calendars.reply_types import Answer
from forum.db import Connection
from forum.http import ForumRequest, ForumResponse, IfMatch, download
from forum.pagination import Page, Paging
from forum.parameters import Override, Reason
from forum.permissions import Permission, Principal, needs
from forum.programme.service import override_of
from forum.speakers import service
from forum.speakers.appearance_types import (
    Appearance,
    AppearanceFilter,
    AppearancePatch,
    AppearanceRow,
    AppearanceStatus,
    NewAppearance,
    WrittenAppearance,
)
from forum.transactions import unit_of

READ, WRITE = needs(Permission.PROGRAMME_READ), needs(Permission.PROGRAMME_WRITE)
TAGS = ["speakers"]
APPEARANCES = "/editions/{edition:str}/sessions/{session_id:uuid}/appearances"
APPEARANCE = f"{APPEARANCES}/{{appearance_id:uuid}}"


@get("/editions/{edition:str}/appearances", opt=WRITE, operation_id="list_edition_appearances", tags=TAGS)
async def list_edition_appearances(
    request: ForumRequest,
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    paging: NamedDependency[Paging],
    status: FromQuery[AppearanceStatus | None] = None,
    speaker: FromQuery[UUID | None] = None,
    session: FromQuery[UUID | None] = None,
    calendar_answer: FromQuery[Answer | None] = None,
    format: FromQuery[Literal["json", "csv"]] = "json",
) -> Response[Page[AppearanceRow]]:
    """Who appears where in the whole edition, with answers: `status=invited` are those who have not given one.

    `status=confirmed&calendar_answer=declined` are those who were to come, and have declined in their calendar.

    With `format=csv` all of them as a table, from `cursor` on and whatever the `limit`.
    """
    wanted = AppearanceFilter(status, speaker, session, calendar_answer)
    if format == "json":
        return ForumResponse(await service.list_edition_appearances(conn, edition_id, wanted, paging))
    rows = await service.read_rows(conn, edition_id, wanted, paging.after(UUID))
    await unit_of(request.scope).close()  # nothing is held while the client reads
    table = service.encode_table(request.app.state.pool, edition_id, wanted, rows, format)
    return download(table, "appearances", format)


@get(APPEARANCES, opt=READ, operation_id="list_appearances", tags=TAGS)
async def list_appearances(
    session_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    paging: NamedDependency[Paging],
) -> Page[Appearance]:
    """Who appears in a session, in their order, whatever they answered."""
    return await service.list_appearances(conn, edition_id, session_id, paging)


@post(APPEARANCES, opt=WRITE, operation_id="create_appearance", tags=TAGS)
async def create_appearance(
    data: JSONBody[NewAppearance],
    session_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
) -> Appearance:
    """Invite a speaker to a session. They appear in the programme once confirmed, if they agreed to be named.

    With `invite` they are mailed a link by which they answer: 409 `speaker_has_no_address` when nobody knows where to.
    """
    return await service.create_appearance(conn, edition_id, session_id, data, now)


@get(APPEARANCE, opt=READ, operation_id="get_appearance", tags=TAGS)
async def get_appearance(
    session_id: FromPath[UUID],
    appearance_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
) -> Appearance:
    """One appearance as the staff sees it."""
    return await service.find_appearance(conn, edition_id, session_id, appearance_id)


@patch(APPEARANCE, opt=WRITE, operation_id="update_appearance", tags=TAGS)
async def update_appearance(
    data: JSONBody[AppearancePatch],
    session_id: FromPath[UUID],
    appearance_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    override: Override = False,
    reason: Reason = None,
) -> WrittenAppearance:
    """Change the role, order or allotted time of an appearance, or for whom the speaker speaks.

    409 `chair_double_booked` when a confirmed speaker, who is elsewhere at that time, becomes the chair.
    """
    passed = override_of(principal, edition_id, override, reason)
    return await service.update_appearance(conn, edition_id, session_id, appearance_id, data, if_match, now, passed)


@post(f"{APPEARANCE}/invite", opt=WRITE, status_code=200, operation_id="invite_appearance", tags=TAGS)
async def invite_appearance(
    session_id: FromPath[UUID],
    appearance_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
) -> Appearance:
    """Mail the speaker what they are asked to and the link by which they answer; once more, to remind them.

    Who declined or withdrew is invited anew. 429 within a minute of the mail before.
    """
    return await service.invite_appearance(conn, edition_id, session_id, appearance_id, now)


@post(f"{APPEARANCE}/confirm", opt=WRITE, status_code=200, operation_id="confirm_appearance", tags=TAGS)
async def confirm_appearance(
    session_id: FromPath[UUID],
    appearance_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    override: Override = False,
    reason: Reason = None,
) -> WrittenAppearance:
    """The speaker comes, for the first time or after all.

    409 `speaker_double_booked`, or `chair_double_booked`, names in `id` the other confirmed session in which they are
    confirmed at that time; `conflicts` has all of them. What the edition only warns of is in `warnings`.
    """
    passed = override_of(principal, edition_id, override, reason)
    return await service.move_appearance(conn, edition_id, session_id, appearance_id, "confirm", now, passed)


def _move_route(move: service.Move, description: str) -> HTTPRouteHandler:
    async def move_appearance(
        session_id: FromPath[UUID],
        appearance_id: FromPath[UUID],
        edition_id: NamedDependency[UUID],
        conn: NamedDependency[Connection],
        now: NamedDependency[datetime],
    ) -> WrittenAppearance:
        return await service.move_appearance(conn, edition_id, session_id, appearance_id, move, now)

    return HTTPRouteHandler(
        f"{APPEARANCE}/{move}",
        http_method=HttpMethod.POST,
        opt=WRITE,
        status_code=200,
        operation_id=f"{move.replace('-', '_')}_appearance",
        description=description,
        tags=TAGS,
    )(move_appearance)


HANDLERS = [
    list_edition_appearances,
    list_appearances,
    create_appearance,
    get_appearance,
    update_appearance,
    invite_appearance,
    confirm_appearance,
    _move_route("decline", "The speaker does not accept the invitation."),
    _move_route("withdraw", "The speaker does not come after all."),
    _move_route("mark-spoke", "The speaker was there and spoke."),
    _move_route("mark-absent", "The speaker was confirmed and did not come."),
]
