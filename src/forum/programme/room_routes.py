"""The HTTP side of rooms and interpretation teams: what sessions share."""

from datetime import datetime
from uuid import UUID

from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from forum.db import Connection
from forum.http import IfMatch
from forum.pagination import Page, Paging
from forum.permissions import Permission, needs
from forum.programme import service
from forum.programme.conflict_types import InterpretationTeam, InterpretationTeamPatch, NewInterpretationTeam
from forum.programme.types import NewRoom, Room, RoomPatch

READ, WRITE = needs(Permission.PROGRAMME_READ), needs(Permission.PROGRAMME_WRITE)
TAGS = ["programme"]
TEAMS = "/editions/{edition:str}/interpretation-teams"


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
    """Add a room. 409 `room_name_taken` when the venue has one of that name.

    A room with `parts` is joined from others: it blocks them, and each of them, and what is in turn joined from them,
    blocks it. 422 `cyclic_parts` when it would contain itself.
    """
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

    Its capacity holds for what is booked there at once: more places go to who waits, and nobody loses one. New `parts`
    hold at once too: 409 `room_occupied` names in `conflicts` the confirmed sessions that would be in one room at a
    time.
    """
    return await service.update_room(conn, edition_id, room_id, data, if_match, now)


@get(TEAMS, opt=READ, operation_id="list_interpretation_teams", tags=TAGS)
async def list_interpretation_teams(
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    paging: NamedDependency[Paging],
    external_id: FromQuery[str | None] = None,
) -> Page[InterpretationTeam]:
    """The interpretation teams of an edition in the order in which they were made."""
    return await service.list_interpretation_teams(conn, edition_id, external_id, paging)


@post(TEAMS, opt=WRITE, operation_id="create_interpretation_team", tags=TAGS)
async def create_interpretation_team(
    data: JSONBody[NewInterpretationTeam],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
) -> InterpretationTeam:
    """Add a team of interpreters. 409 `interpretation_team_name_taken` when the edition has one of that name."""
    return await service.create_interpretation_team(conn, edition_id, data, now)


@get(f"{TEAMS}/{{team_id:uuid}}", opt=READ, operation_id="get_interpretation_team", tags=TAGS)
async def get_interpretation_team(
    team_id: FromPath[UUID], edition_id: NamedDependency[UUID], conn: NamedDependency[Connection]
) -> InterpretationTeam:
    """One interpretation team as the staff sees it."""
    return await service.find_interpretation_team(conn, edition_id, team_id)


@patch(f"{TEAMS}/{{team_id:uuid}}", opt=WRITE, operation_id="update_interpretation_team", tags=TAGS)
async def update_interpretation_team(
    data: JSONBody[InterpretationTeamPatch],
    team_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
) -> InterpretationTeam:
    """Change an interpretation team."""
    return await service.update_interpretation_team(conn, edition_id, team_id, data, if_match)


HANDLERS = [
    list_rooms,
    create_room,
    get_room,
    update_room,
    list_interpretation_teams,
    create_interpretation_team,
    get_interpretation_team,
    update_interpretation_team,
]
