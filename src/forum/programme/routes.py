"""The HTTP side of rooms, tracks and sessions, as the staff edits them."""

from datetime import date, datetime
from uuid import UUID

from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from forum.db import Connection
from forum.http import IfMatch
from forum.pagination import Page, Paging
from forum.permissions import Permission, needs
from forum.programme import release_routes, service
from forum.programme.types import (
    NewRoom,
    NewSession,
    NewTrack,
    Room,
    RoomPatch,
    Session,
    SessionFilter,
    SessionPatch,
    SessionStatus,
    Track,
    TrackPatch,
)

READ, WRITE = needs(Permission.PROGRAMME_READ), needs(Permission.PROGRAMME_WRITE)
TAGS = ["programme"]


@get("/editions/{edition:str}/rooms", opt=READ, operation_id="list_rooms", tags=TAGS)
async def list_rooms(
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    paging: NamedDependency[Paging],
    external_id: FromQuery[str | None] = None,
) -> Page[Room]:
    """The rooms of an edition in the order in which they were made."""
    return await service.list_rooms(conn, edition_id, external_id, paging)


@post("/editions/{edition:str}/rooms", opt=WRITE, operation_id="create_room", tags=TAGS)
async def create_room(
    data: JSONBody[NewRoom],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
) -> Room:
    """Add a room. 409 `room_name_taken` when the venue has one of that name."""
    return await service.create_room(conn, edition_id, data, now)


@get("/editions/{edition:str}/rooms/{room_id:uuid}", opt=READ, operation_id="get_room", tags=TAGS)
async def get_room(
    room_id: FromPath[UUID], edition_id: NamedDependency[UUID], conn: NamedDependency[Connection]
) -> Room:
    """One room as the staff sees it."""
    return await service.find_room(conn, edition_id, room_id)


@patch("/editions/{edition:str}/rooms/{room_id:uuid}", opt=WRITE, operation_id="update_room", tags=TAGS)
async def update_room(
    data: JSONBody[RoomPatch],
    room_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
) -> Room:
    """Change a room. Readers see its new name with the next release.

    Its capacity holds for what is booked there at once: more places go to who waits, and nobody loses one.
    """
    return await service.update_room(conn, edition_id, room_id, data, if_match, now)


@get("/editions/{edition:str}/tracks", opt=READ, operation_id="list_tracks", tags=TAGS)
async def list_tracks(
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    paging: NamedDependency[Paging],
    external_id: FromQuery[str | None] = None,
) -> Page[Track]:
    """The tracks of an edition in the order in which they were made."""
    return await service.list_tracks(conn, edition_id, external_id, paging)


@post("/editions/{edition:str}/tracks", opt=WRITE, operation_id="create_track", tags=TAGS)
async def create_track(
    data: JSONBody[NewTrack],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
) -> Track:
    """Add a track: a thread through the programme."""
    return await service.create_track(conn, edition_id, data, now)


@get("/editions/{edition:str}/tracks/{track_id:uuid}", opt=READ, operation_id="get_track", tags=TAGS)
async def get_track(
    track_id: FromPath[UUID], edition_id: NamedDependency[UUID], conn: NamedDependency[Connection]
) -> Track:
    """One track as the staff sees it."""
    return await service.find_track(conn, edition_id, track_id)


@patch("/editions/{edition:str}/tracks/{track_id:uuid}", opt=WRITE, operation_id="update_track", tags=TAGS)
async def update_track(
    data: JSONBody[TrackPatch],
    track_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
) -> Track:
    """Change a track. Readers see its new name with the next release."""
    return await service.update_track(conn, edition_id, track_id, data, if_match)


@get("/editions/{edition:str}/sessions", opt=READ, operation_id="list_sessions", tags=TAGS)
async def list_sessions(
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    paging: NamedDependency[Paging],
    status: FromQuery[SessionStatus | None] = None,
    type: FromQuery[str | None] = None,
    room: FromQuery[UUID | None] = None,
    track: FromQuery[UUID | None] = None,
    parent: FromQuery[UUID | None] = None,
    day: FromQuery[date | None] = None,
    external_id: FromQuery[str | None] = None,
) -> Page[Session]:
    """Sessions as the staff edits them, drafts included, by time; those without a time come last.

    A `day` is one in the edition's zone.
    """
    wanted = SessionFilter(
        status=status, type=type, room=room, track=track, parent=parent, day=day, external_id=external_id
    )
    return await service.list_sessions(conn, edition_id, wanted, paging)


@post("/editions/{edition:str}/sessions", opt=WRITE, operation_id="create_session", tags=TAGS)
async def create_session(
    data: JSONBody[NewSession],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
) -> Session:
    """Add a session, as a draft. Drafts may overlap, and may lack a time, a room or both.

    Outside the edition's own days only linked events, preparatory meetings and press are allowed.
    """
    return await service.create_session(conn, edition_id, data, now)


@get("/editions/{edition:str}/sessions/{session_id:uuid}", opt=READ, operation_id="get_session", tags=TAGS)
async def get_session(
    session_id: FromPath[UUID], edition_id: NamedDependency[UUID], conn: NamedDependency[Connection]
) -> Session:
    """One session as the staff edits it. Readers see the last release instead."""
    return await service.find_session(conn, edition_id, session_id)


@patch("/editions/{edition:str}/sessions/{session_id:uuid}", opt=WRITE, operation_id="update_session", tags=TAGS)
async def update_session(
    data: JSONBody[SessionPatch],
    session_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
) -> Session:
    """Change or move a session. Readers see it, and calendars follow, with the next release.

    A confirmed session is moved only where its room and its confirmed speakers are free: 409 `room_occupied` and
    `speaker_double_booked` name the other session in `id`.
    """
    return await service.update_session(conn, edition_id, session_id, data, if_match, now)


def _move_route(move: service.Move, description: str) -> HTTPRouteHandler:
    async def move_session(
        session_id: FromPath[UUID],
        edition_id: NamedDependency[UUID],
        conn: NamedDependency[Connection],
        now: NamedDependency[datetime],
    ) -> Session:
        return await service.move_session(conn, edition_id, session_id, move, now)

    return HTTPRouteHandler(
        f"/editions/{{edition:str}}/sessions/{{session_id:uuid}}/{move}",
        http_method=HttpMethod.POST,
        opt=WRITE,
        status_code=200,
        operation_id=f"{move}_session",
        description=description,
        tags=TAGS,
    )(move_session)


HANDLERS = [
    list_rooms,
    create_room,
    get_room,
    update_room,
    list_tracks,
    create_track,
    get_track,
    update_track,
    list_sessions,
    create_session,
    get_session,
    update_session,
    _move_route(
        "confirm",
        "Confirm a draft, or a session that was cancelled: it has its room and its confirmed speakers from now on. "
        "409 `room_occupied` and `speaker_double_booked` name the other session in `id`.",
    ),
    _move_route(
        "cancel", "Cancel a confirmed session. It stays in the programme, marked, so that its readers learn of it."
    ),
    *release_routes.HANDLERS,
]
