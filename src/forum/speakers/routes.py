"""The HTTP side of speakers and appearances."""

from datetime import datetime
from uuid import UUID

from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from forum.db import Connection
from forum.http import ForumRequest, IfMatch
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal, needs
from forum.programme.service import Keeper
from forum.speakers import service
from forum.speakers.types import (
    Appearance,
    AppearancePatch,
    NewAppearance,
    NewSpeaker,
    Speaker,
    SpeakerFilter,
    SpeakerPatch,
)
from forum.transactions import unit_of

PUBLIC, READ, WRITE = (
    needs(Permission.PUBLIC),
    needs(Permission.PROGRAMME_READ),
    needs(Permission.PROGRAMME_WRITE),
)
TAGS = ["speakers"]
APPEARANCES = "/editions/{edition:str}/sessions/{session_id:uuid}/appearances"


@get("/editions/{edition:str}/speakers", opt=PUBLIC, operation_id="list_speakers", tags=TAGS)
async def list_speakers(
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    paging: NamedDependency[Paging],
    entity: FromQuery[UUID | None] = None,
    external_id: FromQuery[str | None] = None,
) -> Page[Speaker]:
    """Speakers in the order in which they were added: those who agreed to be named; all, for who looks after them."""
    return await service.list_speakers(conn, principal, edition_id, SpeakerFilter(entity, external_id), paging)


@post("/editions/{edition:str}/speakers", opt=WRITE, operation_id="create_speaker", tags=TAGS)
async def create_speaker(
    data: JSONBody[NewSpeaker],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
) -> Speaker:
    """Add a speaker. Their name is public only when `published` says that they agreed."""
    return await service.create_speaker(conn, edition_id, data, now)


@get("/editions/{edition:str}/speakers/{speaker_id:uuid}", opt=PUBLIC, operation_id="get_speaker", tags=TAGS)
async def get_speaker(
    speaker_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
) -> Speaker:
    """One speaker who agreed to be named; any, for who looks after speakers."""
    return await service.find_speaker(conn, principal, edition_id, speaker_id)


@patch("/editions/{edition:str}/speakers/{speaker_id:uuid}", opt=WRITE, operation_id="update_speaker", tags=TAGS)
async def update_speaker(
    data: JSONBody[SpeakerPatch],
    request: ForumRequest,
    speaker_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
) -> Speaker:
    """Change a speaker. With `published: false` the name leaves every public answer at once, releases included."""
    keeper: Keeper = request.app.state.keeper
    unit_of(request.scope).after_commit.append(lambda: keeper.forget(edition_id))
    return await service.update_speaker(conn, edition_id, speaker_id, data, if_match)


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
    """Invite a speaker to a session. They appear in the programme once confirmed, if they agreed to be named."""
    return await service.create_appearance(conn, edition_id, session_id, data, now)


@get(f"{APPEARANCES}/{{appearance_id:uuid}}", opt=READ, operation_id="get_appearance", tags=TAGS)
async def get_appearance(
    session_id: FromPath[UUID],
    appearance_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
) -> Appearance:
    """One appearance as the staff sees it."""
    return await service.find_appearance(conn, edition_id, session_id, appearance_id)


@patch(f"{APPEARANCES}/{{appearance_id:uuid}}", opt=WRITE, operation_id="update_appearance", tags=TAGS)
async def update_appearance(
    data: JSONBody[AppearancePatch],
    session_id: FromPath[UUID],
    appearance_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
) -> Appearance:
    """Change the role, order or allotted time of an appearance, or for whom the speaker speaks."""
    return await service.update_appearance(conn, edition_id, session_id, appearance_id, data, if_match)


def _move_route(move: service.Move, description: str) -> HTTPRouteHandler:
    async def move_appearance(
        session_id: FromPath[UUID],
        appearance_id: FromPath[UUID],
        edition_id: NamedDependency[UUID],
        conn: NamedDependency[Connection],
    ) -> Appearance:
        return await service.move_appearance(conn, edition_id, session_id, appearance_id, move)

    return HTTPRouteHandler(
        f"{APPEARANCES}/{{appearance_id:uuid}}/{move}",
        http_method=HttpMethod.POST,
        opt=WRITE,
        status_code=200,
        operation_id=f"{move}_appearance",
        description=description,
        tags=TAGS,
    )(move_appearance)


HANDLERS = [
    list_speakers,
    create_speaker,
    get_speaker,
    update_speaker,
    list_appearances,
    create_appearance,
    get_appearance,
    update_appearance,
    _move_route(
        "confirm",
        "The speaker comes, for the first time or after all. 409 `speaker_double_booked` names, in `id`, the other "
        "confirmed session in which they are confirmed at that time.",
    ),
    _move_route("decline", "The speaker does not accept the invitation."),
    _move_route("withdraw", "The speaker does not come after all."),
]
