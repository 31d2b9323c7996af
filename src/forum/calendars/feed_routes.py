"""The HTTP side of personal calendars."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from forum.calendars import feeds
from forum.calendars.feed_types import CalendarFeed, CalendarFeedAddress, NewCalendarFeed
from forum.calendars.service import CalendarAddresses
from forum.db import Connection
from forum.kept import KeptResponse
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal, needs
from forum.transactions import unit_of

PUBLIC, OWN = needs(Permission.PUBLIC), needs(Permission.REGISTRATIONS_OWN)
TAGS = ["calendars"]


@get("/me/calendar", opt=OWN, operation_id="list_calendar_feeds", tags=TAGS)
async def list_calendar_feeds(
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    paging: NamedDependency[Paging],
    edition: FromQuery[str | None] = None,
) -> Page[CalendarFeed]:
    """Your personal calendars, without their addresses: `edition` is a slug."""
    return await feeds.list_feeds(conn, principal, edition, paging)


@post("/me/calendar", opt=OWN, operation_id="create_calendar_feed", tags=TAGS)
async def create_calendar_feed(
    data: JSONBody[NewCalendarFeed],
    state: State,
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> CalendarFeedAddress:
    """A secret address at which calendar applications read the sessions of your registration for an edition.

    Whoever has the address can read the calendar, so tell it to nobody; it names you nowhere. 409 `not_published`
    before the programme is, and `too_many_feeds` for the eleventh.
    """
    return await feeds.create_feed(conn, principal, data, state.settings.public_url, now)


@post("/me/calendar/{feed_id:uuid}/rotate", opt=OWN, status_code=200, operation_id="rotate_calendar_feed", tags=TAGS)
async def rotate_calendar_feed(
    feed_id: FromPath[UUID],
    state: State,
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> CalendarFeedAddress:
    """Another address for a calendar; the one before is good for fourteen days more, any earlier one no longer."""
    return await feeds.rotate_feed(conn, principal, feed_id, state.settings.public_url, now)


@post("/me/calendar/{feed_id:uuid}/revoke", opt=OWN, status_code=204, operation_id="revoke_calendar_feed", tags=TAGS)
async def revoke_calendar_feed(
    feed_id: FromPath[UUID], conn: NamedDependency[Connection], principal: NamedDependency[Principal]
) -> None:
    """End a calendar: its addresses are not found from now on."""
    await feeds.revoke_feed(conn, principal, feed_id)


@get(
    "/calendars/{secret:str}/calendar.ics",
    opt=PUBLIC,
    media_type="text/calendar",
    operation_id="get_personal_calendar",
    tags=TAGS,
)
async def get_personal_calendar(
    secret: FromPath[str],
    request: Request[Any, Any, Any],
    now: NamedDependency[datetime],
) -> KeptResponse[str]:
    """A personal calendar, for calendar applications: what its person may go to, has booked or starred, or speaks in.

    It follows every release and every booking, in the person's language and for their way of taking part. It is empty
    while they have no place, and ends 90 days after the edition. Send `If-None-Match` to learn cheaply that nothing
    has changed.
    """
    state = request.app.state
    addresses = CalendarAddresses(state.settings.public_url, state.settings.calendar_domain)
    connect = unit_of(request.scope).connection
    return KeptResponse(await state.personal_feeds.read(state.keeper, connect, secret, addresses, now), request)


HANDLERS = [
    list_calendar_feeds,
    create_calendar_feed,
    rotate_calendar_feed,
    revoke_calendar_feed,
    get_personal_calendar,
]
