"""The HTTP side of reminders."""

from datetime import datetime
from uuid import UUID

from litestar import delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from forum.db import Connection
from forum.http import IfMatch
from forum.notifications import reminders as service
from forum.notifications.reminder_types import NewReminders, NewSessionReminders, Reminders, SessionReminders
from forum.permissions import Permission, needs

READ, WRITE = needs(Permission.MESSAGES_READ), needs(Permission.EDITIONS_WRITE)
TAGS = ["notifications"]
REMINDERS = "/editions/{edition:str}/reminders"
OF_SESSION = "/editions/{edition:str}/sessions/{session_id:uuid}/reminders"


@get(REMINDERS, opt=READ, operation_id="get_reminders", tags=TAGS)
async def get_reminders(edition_id: NamedDependency[UUID], conn: NamedDependency[Connection]) -> Reminders:
    """How long before sessions people are reminded of them; never, until an organizer decides."""
    return await service.read_reminders(conn, edition_id)


@put(REMINDERS, opt=WRITE, operation_id="replace_reminders", tags=TAGS)
async def replace_reminders(
    data: JSONBody[NewReminders],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
) -> Reminders:
    """Decide how long before sessions those who booked them are reminded; the first time with the ETag `"0"`.

    What would have been due already is not made up for.
    """
    return await service.replace_reminders(conn, edition_id, data, if_match, now)


@get(OF_SESSION, opt=READ, operation_id="get_session_reminders", tags=TAGS)
async def get_session_reminders(
    session_id: FromPath[UUID], edition_id: NamedDependency[UUID], conn: NamedDependency[Connection]
) -> SessionReminders:
    """How long before this session its people are reminded; null where the edition decides."""
    return await service.read_session_reminders(conn, edition_id, session_id)


@put(OF_SESSION, opt=WRITE, operation_id="replace_session_reminders", tags=TAGS)
async def replace_session_reminders(
    data: JSONBody[NewSessionReminders],
    session_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
) -> SessionReminders:
    """Decide for one session, whatever the edition says; also for one of access `registered`."""
    return await service.replace_session_reminders(conn, edition_id, session_id, data, if_match, now)


@delete(OF_SESSION, opt=WRITE, operation_id="delete_session_reminders", tags=TAGS)
async def delete_session_reminders(
    session_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
) -> None:
    """Leave it to the edition again when people are reminded of this session."""
    await service.replace_session_reminders(conn, edition_id, session_id, None, if_match, now)


HANDLERS = [
    get_reminders,
    replace_reminders,
    get_session_reminders,
    replace_session_reminders,
    delete_session_reminders,
]
