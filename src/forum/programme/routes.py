"""The HTTP side of tracks and sessions, as the staff edits them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from litestar import Request, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from forum.db import Connection
from forum.http import IfMatch
from forum.pagination import Page, Paging
from forum.parameters import Override, Reason
from forum.permissions import Permission, Principal, needs
from forum.programme import conflict_routes, release_routes, room_routes, service
from forum.programme.types import (
    NewSession,
    NewTrack,
    Session,
    SessionFilter,
    SessionPatch,
    SessionStatus,
    Track,
    TrackPatch,
    WrittenSession,
)
from forum.transactions import unit_of

READ, WRITE = needs(Permission.PROGRAMME_READ), needs(Permission.PROGRAMME_WRITE)
TAGS = ["programme"]


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
) -> WrittenSession:
    """Add a session, as a draft. Drafts may overlap, and may lack a time, a room or both.

    Outside the edition's own days only linked events, preparatory meetings and press are allowed. `warnings` are the
    conflicts that confirming it as it is would meet.
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
    request: Request[Any, Any, Any],
    data: JSONBody[SessionPatch],
    session_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    override: Override = False,
    reason: Reason = None,
) -> WrittenSession:
    """Change or move a session. Readers see it, and calendars follow, with the next release.

    A confirmed session is moved only where its room is free (409 `room_occupied`) and where no rule that the edition
    refuses is broken (409 with the rule as `code`): `id` names the other session, `conflicts` all that is in the way.
    What the edition only warns of is in `warnings`. 412 has both versions of the fields that you sent in `changes`.
    """
    passed = service.override_of(principal, edition_id, override, reason)
    unit, change = unit_of(request.scope), (edition_id, session_id, data, if_match, now)
    if moved := await service.move_if_clear(await unit.reading(), *change):
        return moved
    return await service.update_session(await unit.connection(), *change, passed)


@post(
    "/editions/{edition:str}/sessions/{session_id:uuid}/confirm",
    opt=WRITE,
    status_code=200,
    operation_id="confirm_session",
    tags=TAGS,
)
async def confirm_session(
    session_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    override: Override = False,
    reason: Reason = None,
) -> WrittenSession:
    """Confirm a draft, or a session that was cancelled: it has its room, its speakers and its interpreters from now on.

    409 `room_occupied`, or the rule that the edition refuses to break: `id` names the other session, `conflicts` all
    that is in the way. What the edition only warns of is in `warnings`.
    """
    passed = service.override_of(principal, edition_id, override, reason)
    return await service.move_session(conn, edition_id, session_id, "confirm", now, passed)


@post(
    "/editions/{edition:str}/sessions/{session_id:uuid}/cancel",
    opt=WRITE,
    status_code=200,
    operation_id="cancel_session",
    tags=TAGS,
)
async def cancel_session(
    session_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
) -> WrittenSession:
    """Cancel a confirmed session. It stays in the programme, marked, so that its readers learn of it."""
    return await service.cancel_session(conn, edition_id, session_id, now)


HANDLERS = [
    list_tracks,
    create_track,
    get_track,
    update_track,
    list_sessions,
    create_session,
    get_session,
    update_session,
    confirm_session,
    cancel_session,
    *room_routes.HANDLERS,
    *conflict_routes.HANDLERS,
    *release_routes.HANDLERS,
]
