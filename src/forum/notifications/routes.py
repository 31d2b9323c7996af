"""The HTTP side of notifications."""

from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from forum.db import Connection
from forum.notifications import service
from forum.notifications.reminder_routes import HANDLERS as REMINDERS
from forum.notifications.text_routes import HANDLERS as TEXTS
from forum.notifications.types import Message, MessageFilter, MessageKind, MessageStatus
from forum.pagination import Page, Paging
from forum.permissions import Permission, needs


@get(
    "/editions/{edition:str}/messages",
    opt=needs(Permission.MESSAGES_READ),
    operation_id="list_messages",
    tags=["notifications"],
)
async def list_messages(
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    paging: NamedDependency[Paging],
    status: FromQuery[MessageStatus | None] = None,
    kind: FromQuery[MessageKind | None] = None,
    registration: FromQuery[UUID | None] = None,
    session: FromQuery[UUID | None] = None,
) -> Page[Message]:
    """What became of an edition's mails: attempts, the next try and the mail server's last words."""
    return await service.list_messages(conn, edition_id, MessageFilter(status, kind, registration, session), paging)


HANDLERS = [list_messages, *TEXTS, *REMINDERS]
