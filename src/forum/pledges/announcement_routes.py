"""The HTTP side of announcements, and the stream of them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody
from litestar.response import ServerSentEvent

from forum.db import Connection
from forum.http import ForumRequest
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal, needs
from forum.pledges import service
from forum.pledges.announcement_types import Announcement, NewAnnouncement
from forum.transactions import unit_of

PUBLIC, WRITE = needs(Permission.PUBLIC), needs(Permission.PLEDGES_WRITE)
TAGS = ["pledges"]
IN_SESSION = "/editions/{edition:str}/sessions/{session_id:uuid}/announcements"


@post(IN_SESSION, opt=WRITE, operation_id="create_announcement", tags=TAGS)
async def create_announcement(
    data: JSONBody[NewAnnouncement],
    session_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
) -> Announcement:
    """Announce a verified pledge in a confirmed session, live on the public feed; its text of this moment is kept.

    A pledge is announced once: 409 `already_announced` tells the id of the announcement that did it.
    """
    return await service.announce(conn, edition_id, session_id, data, now)


@get(f"{IN_SESSION}/{{announcement_id:uuid}}", opt=PUBLIC, operation_id="get_announcement", tags=TAGS)
async def get_announcement(
    session_id: FromPath[UUID],
    announcement_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
) -> Announcement:
    """One announcement, with the text of that moment, whatever has become of the pledge since."""
    return await service.find_announcement(conn, principal, edition_id, session_id, announcement_id)


@get("/editions/{edition:str}/announcements", opt=PUBLIC, operation_id="list_announcements", tags=TAGS)
async def list_announcements(
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    paging: NamedDependency[Paging],
    session: FromQuery[UUID | None] = None,
) -> Page[Announcement]:
    """The announcements of an edition, newest first, each with the text of its moment."""
    return await service.list_announcements(conn, principal, edition_id, session, paging)


@get(
    "/editions/{edition:str}/announcements/stream",
    opt=PUBLIC,
    media_type="text/event-stream",
    operation_id="stream_announcements",
    tags=TAGS,
)
async def stream_announcements(
    request: ForumRequest,
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
) -> ServerSentEvent:
    """The announcements of an edition as they are made, as Server-Sent Events of type `announcement`.

    Each has its `number` as id and an Announcement as data. With `Last-Event-ID`, which browsers send by themselves,
    the stream goes on after that number; without, it begins with the next announcement.
    """
    number = await service.find_start(conn, principal, edition_id, last_event_id)
    await unit_of(request.scope).close()  # nothing is held while the stream waits
    feed: service.Feed = request.app.state.feed
    return ServerSentEvent(feed.follow(request.app.state.pool, edition_id, number))


HANDLERS = [create_announcement, get_announcement, list_announcements, stream_announcements]
