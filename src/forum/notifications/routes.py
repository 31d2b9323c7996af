"""The HTTP side of notifications."""

from datetime import datetime
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from forum.db import Connection
from forum.http import ForumRequest, ForumResponse, download
from forum.notifications import delivery_routes, fates
from forum.notifications.delivery_types import ListFormat
from forum.notifications.pledge_update_routes import HANDLERS as PLEDGE_UPDATES
from forum.notifications.reminder_routes import HANDLERS as REMINDERS
from forum.notifications.text_routes import HANDLERS as TEXTS
from forum.notifications.types import Message, MessageFilter, MessageKind, MessageStatus
from forum.pagination import Page, Paging
from forum.permissions import Permission, needs
from forum.transactions import unit_of

WRITE = needs(Permission.MESSAGES_WRITE)
TAGS = ["notifications"]
MESSAGES = "/editions/{edition:str}/messages"


@get(MESSAGES, opt=needs(Permission.MESSAGES_READ), operation_id="list_messages", tags=TAGS)
async def list_messages(
    request: ForumRequest,
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    paging: NamedDependency[Paging],
    status: FromQuery[MessageStatus | None] = None,
    kind: FromQuery[MessageKind | None] = None,
    registration: FromQuery[UUID | None] = None,
    session: FromQuery[UUID | None] = None,
    deferred: FromQuery[bool | None] = None,
    since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None,
    speaker: FromQuery[UUID | None] = None,
    format: FromQuery[ListFormat] = "json",
) -> Response[Page[Message]]:
    """What became of an edition's mails: attempts, the next try and the mail server's last words.

    `deferred`: those that wait because a server did not take them. `since` and `until` (not included) are about when
    they were queued. `speaker`: what asks them to speak, and the entries that they hold without a registration.
    With `format=csv` all of them as a table, from `cursor` on and whatever the `limit`.
    """
    wanted = MessageFilter(status, kind, registration, session, deferred, since, until, speaker)
    fates.require_instants(wanted)
    if format == "json":
        return ForumResponse(await fates.list_messages(conn, edition_id, wanted, paging))
    rows = await fates.read_rows(conn, edition_id, wanted, paging.after(int))
    await unit_of(request.scope).close()  # nothing is held while the client reads
    return download(fates.encode_table(request.app.state.pool, edition_id, wanted, rows), "messages", format)


@post(f"{MESSAGES}/{{message_id:uuid}}/resend", opt=WRITE, operation_id="resend_message", tags=TAGS)
async def resend_message(
    message_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
) -> Message:
    """Send a mail once more, as a new message, to the address that its person has now.

    409 `not_resendable` for one that waits or is under way, and where a later one says something else of the same;
    `address_suppressed` while nothing is sent to the address.
    """
    return await fates.resend_message(conn, edition_id, message_id, now)


@post(f"{MESSAGES}/{{message_id:uuid}}/cancel", opt=WRITE, status_code=200, operation_id="cancel_message", tags=TAGS)
async def cancel_message(
    message_id: FromPath[UUID], edition_id: NamedDependency[UUID], conn: NamedDependency[Connection]
) -> Message:
    """Take back a mail that is still queued; 409 `already_sent` for one that is under way, or was."""
    return await fates.cancel_message(conn, edition_id, message_id)


HANDLERS = [
    list_messages,
    resend_message,
    cancel_message,
    *delivery_routes.HANDLERS,
    *TEXTS,
    *REMINDERS,
    *PLEDGE_UPDATES,
]
