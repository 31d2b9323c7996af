"""The HTTP side of the calendars of a programme, and of a registration."""

from datetime import date
from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from forum.calendars import feed_routes, feeds, service
from forum.calendars.service import CalendarAddresses
from forum.db import Connection
from forum.kept import KeptResponse
from forum.parameters import Language, SpokenLanguage
from forum.permissions import Permission, Principal, needs
from forum.programme.release_types import Selection
from forum.programme.service import Keeper
from forum.registrations import service as registrations
from forum.settings import Settings
from forum.transactions import unit_of

PUBLIC = needs(Permission.PUBLIC)


async def _answer(
    request: Request[Any, Any, Any], edition_id: UUID, lang: str | None, selection: Selection
) -> KeptResponse[str]:
    keeper: Keeper = request.app.state.keeper
    settings: Settings = request.app.state.settings
    release = await keeper.read(edition_id, unit_of(request.scope).connection)
    addresses = CalendarAddresses(settings.public_url, settings.calendar_domain)
    kept = service.feed(release, addresses, lang, selection)
    return KeptResponse(kept, request, lambda: keeper.find(edition_id) is release)


@get(
    "/editions/{edition:str}/programme.ics",
    opt=PUBLIC,
    media_type="text/calendar",
    operation_id="get_programme_calendar",
    tags=["calendars"],
)
async def get_programme_calendar(
    request: Request[Any, Any, Any],
    edition_id: NamedDependency[UUID],
    lang: Language = None,
    day: FromQuery[date | None] = None,
    track: FromQuery[UUID | None] = None,
    type: FromQuery[str | None] = None,
    room: FromQuery[UUID | None] = None,
    language: SpokenLanguage = None,
) -> KeptResponse[str]:
    """The published programme to subscribe to (RFC 5545), in one language; sessions without a date are not in it.

    Cancelled sessions stay in it, marked, until the edition is archived.
    """
    selection = Selection(day=day, track=track, type=type, room=room, language=language and language.lower())
    return await _answer(request, edition_id, lang, selection)


@get(
    "/editions/{edition:str}/sessions/{session_id:uuid}/calendar.ics",
    opt=PUBLIC,
    media_type="text/calendar",
    operation_id="get_session_calendar",
    tags=["calendars"],
)
async def get_session_calendar(
    session_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    edition_id: NamedDependency[UUID],
    lang: Language = None,
) -> KeptResponse[str]:
    """One published session as a calendar; 404 while it has no date."""
    return await _answer(request, edition_id, lang, Selection(session=session_id))


@get(
    "/editions/{edition:str}/registrations/{registration_id:uuid}/calendar.ics",
    opt=needs(Permission.REGISTRATIONS_OWN),
    media_type="text/calendar",
    operation_id="get_registration_calendar",
    tags=["calendars"],
)
async def get_registration_calendar(
    registration_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
) -> bytes:
    """The sessions that concern a registration with a place, as a calendar to take away; empty without a place.

    For the person and for registrars. It stands still: what moves later is told by the invitations that are mailed, and
    by the calendars under `/me/calendar`.
    """
    state = request.app.state
    registration = await registrations.find_registration(conn, principal, edition_id, registration_id)
    release = await state.keeper.read(edition_id, unit_of(request.scope).connection)
    addresses = CalendarAddresses(state.settings.public_url, state.settings.calendar_domain)
    return await feeds.take_away(conn, release, addresses, registration)


HANDLERS = [get_programme_calendar, get_session_calendar, get_registration_calendar, *feed_routes.HANDLERS]
