"""The HTTP side of personal agendas."""

from datetime import date, datetime
from uuid import UUID

from litestar import delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from forum.agenda import service
from forum.agenda.types import AgendaItem, Interest, Star
from forum.db import Connection
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal, needs

OWN = needs(Permission.REGISTRATIONS_OWN)
TAGS = ["agenda"]
SESSION = "/editions/{edition:str}/sessions/{session_id:uuid}"


@put(f"{SESSION}/star", opt=OWN, operation_id="star_session", tags=TAGS)
async def star_session(
    session_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Star:
    """Star a published session for your own registration, signed in or by its link; again, nothing changes.

    What else of your agenda takes place at the same time is named in `overlaps`. A star gives no place: a session of
    access `booking` is booked besides. 409 `not_registered`.
    """
    return await service.star_session(conn, principal, edition_id, session_id, now)


@delete(f"{SESSION}/star", opt=OWN, operation_id="unstar_session", tags=TAGS)
async def unstar_session(
    session_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
) -> None:
    """Take your star back; when there is none, nothing changes. What you have booked stays booked."""
    await service.unstar_session(conn, principal, edition_id, session_id)


@get("/editions/{edition:str}/agenda", opt=OWN, operation_id="list_agenda", tags=TAGS)
async def list_agenda(
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    paging: NamedDependency[Paging],
    day: FromQuery[date | None] = None,
) -> Page[AgendaItem]:
    """Your own agenda by time: what you have starred, booked or speak in of the published programme, cancelled ones
    marked.

    Each names what else of it takes place at the same time. Nobody else can read it. `day` is one in the edition's
    zone. 409 `not_registered`.
    """
    return await service.list_agenda(conn, principal, edition_id, day, paging)


@get(f"{SESSION}/interest", opt=needs(Permission.PROGRAMME_READ), operation_id="get_session_interest", tags=TAGS)
async def get_session_interest(
    session_id: FromPath[UUID], edition_id: NamedDependency[UUID], conn: NamedDependency[Connection]
) -> Interest:
    """How many people have starred a session, and never who; null for fewer than five."""
    return await service.count_interest(conn, edition_id, session_id)


HANDLERS = [star_session, unstar_session, list_agenda, get_session_interest]
