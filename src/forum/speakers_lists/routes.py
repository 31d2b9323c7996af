"""The HTTP side of a list of speakers as a whole."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import get, patch, put
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, JSONBody
from litestar.response import ServerSentEvent

from forum.db import Connection
from forum.http import ForumRequest, IfMatch
from forum.permissions import Permission, Principal, needs
from forum.speakers_lists import service
from forum.speakers_lists.floor_routes import HANDLERS as FLOOR
from forum.speakers_lists.history_routes import HANDLERS as HISTORY
from forum.speakers_lists.live_types import LiveList
from forum.speakers_lists.request_routes import HANDLERS as REQUESTS
from forum.speakers_lists.statement_routes import HANDLERS as STATEMENTS
from forum.speakers_lists.types import NewSpeakersList, SpeakersList, SpeakersListPatch
from forum.transactions import unit_of

PUBLIC, WRITE = needs(Permission.PUBLIC), needs(Permission.PROGRAMME_WRITE)
TAGS = ["speakers"]
LIST = "/editions/{edition:str}/sessions/{session_id:uuid}/speakers-list"


@put(LIST, opt=WRITE, operation_id="put_speakers_list", tags=TAGS)
async def put_speakers_list(
    data: JSONBody[NewSpeakersList],
    session_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> SpeakersList:
    """Give a session a list of speakers, or its list other rules; requests stay as they are.

    It spreads over the sessions of `continued_in`, and is reached from each of them. With `If-Match: *` there may be
    one or none; a list that is not there yet is at version 0. What is allotted beyond the length of the sessions is
    in `warnings`. 409 `session_has_list` names in `id` the session that belongs to another list.
    """
    return await service.put_list(conn, principal, edition_id, session_id, data, if_match, now)


@get(LIST, opt=PUBLIC, operation_id="get_speakers_list", tags=TAGS)
async def get_speakers_list(
    session_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> SpeakersList:
    """The rules of a list: for everybody when it is published, else for its staff and who may ask for the floor."""
    return await service.find_list(conn, principal, edition_id, session_id, now)


@patch(LIST, opt=WRITE, operation_id="update_speakers_list", tags=TAGS)
async def update_speakers_list(
    data: JSONBody[SpeakersListPatch],
    session_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> SpeakersList:
    """Change the rules of a list. Who has not begun to speak, and was given no time of their own, has the new ones."""
    return await service.update_list(conn, principal, edition_id, session_id, data, if_match, now)


@get(f"{LIST}/live", opt=PUBLIC, operation_id="get_live_speakers_list", tags=TAGS)
async def get_live_speakers_list(
    session_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> LiveList:
    """The running list as everybody reads it: who has spoken, who speaks, and who will, when.

    A name stands there only for speakers and registered people who agreed to be named, and for holders of high office;
    else it is the entity. Times to come are rounded down to five minutes. It is public once the list is published.
    """
    return await service.read_live(conn, principal, edition_id, session_id, now)


@get(
    f"{LIST}/live/stream",
    opt=PUBLIC,
    media_type="text/event-stream",
    operation_id="stream_speakers_list",
    tags=TAGS,
)
async def stream_speakers_list(
    request: ForumRequest,
    session_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
) -> ServerSentEvent:
    """The running list as Server-Sent Events of type `list`: once as it is, and whole again whenever it changes.

    With `Last-Event-ID`, which browsers send by themselves, the first event is left out while nothing has changed.
    """
    state = request.app.state
    feed: service.ListFeed = state.list_feed
    follower = await feed.follow(conn, principal, edition_id, session_id, last_event_id)
    await unit_of(request.scope).close()  # nothing is held while the stream waits
    return ServerSentEvent(feed.events(state.pool, state.clock, follower))


HANDLERS = [
    put_speakers_list,
    get_speakers_list,
    update_speakers_list,
    get_live_speakers_list,
    stream_speakers_list,
    *REQUESTS,
    *FLOOR,
    *STATEMENTS,
    *HISTORY,
]
