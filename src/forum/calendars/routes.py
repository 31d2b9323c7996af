"""The HTTP side of the public calendar feeds."""

from datetime import date
from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from forum.calendars import service
from forum.calendars.service import CalendarAddresses
from forum.http import Language
from forum.kept import KeptResponse
from forum.permissions import Permission, needs
from forum.programme.release_types import Selection
from forum.programme.service import Keeper
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
) -> KeptResponse[str]:
    """The published programme to subscribe to (RFC 5545), in one language; sessions without a date are not in it.

    Cancelled sessions stay in it, marked, until the edition is archived.
    """
    return await _answer(request, edition_id, lang, Selection(day=day, track=track, type=type))


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


HANDLERS = [get_programme_calendar, get_session_calendar]
