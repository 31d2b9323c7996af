"""The HTTP side of mails that come back, of suppressed addresses, and of links to unsubscribe."""

from datetime import datetime
from uuid import UUID

from litestar import MediaType, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from forum.db import Connection
from forum.notifications import bounces, quiet_hours, unsubscribing
from forum.notifications.delivery_types import (
    Bounced,
    BounceReport,
    QuietHours,
    Suppression,
    SuppressionFilter,
    SuppressionReason,
)
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal, needs

PUBLIC, READ, WRITE = needs(Permission.PUBLIC), needs(Permission.MESSAGES_READ), needs(Permission.MESSAGES_WRITE)
TAGS = ["notifications"]
SUPPRESSIONS = "/editions/{edition:str}/suppressions"
QUIET_HOURS = "/editions/{edition:str}/quiet-hours"
UNSUBSCRIBE = "/unsubscribe/{token:str}"


@post(
    "/inbox/bounces",
    opt=needs(Permission.MESSAGES_REPORT),
    status_code=200,
    operation_id="report_bounce",
    tags=TAGS,
)
async def report_bounce(
    data: JSONBody[BounceReport],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Bounced:
    """Say that a mail came back, or that its recipient called it unwanted: for the webhook of a provider.

    It needs a client token with the scope `messages:report`. After `bounced_permanently` nothing is sent to the
    address, and after `complained` nothing but codes to sign in, until somebody lifts it. Telling it twice changes
    nothing.
    """
    return await bounces.report_bounce(conn, principal, data, now)


@get(SUPPRESSIONS, opt=READ, operation_id="list_suppressions", tags=TAGS)
async def list_suppressions(
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    paging: NamedDependency[Paging],
    reason: FromQuery[SuppressionReason | None] = None,
    email: FromQuery[str | None] = None,
) -> Page[Suppression]:
    """The addresses that nothing is sent to: of the edition's people, and those that its own mails came back from."""
    return await bounces.list_suppressions(conn, edition_id, SuppressionFilter(reason, email), paging)


@post(
    f"{SUPPRESSIONS}/{{suppression_id:uuid}}/lift",
    opt=WRITE,
    status_code=200,
    operation_id="lift_suppression",
    tags=TAGS,
)
async def lift_suppression(
    suppression_id: FromPath[UUID], edition_id: NamedDependency[UUID], conn: NamedDependency[Connection]
) -> Suppression:
    """Write to an address again. What was held back meanwhile stays `suppressed` until somebody resends it."""
    return await bounces.lift_suppression(conn, edition_id, suppression_id)


@get(UNSUBSCRIBE, opt=PUBLIC, media_type=MediaType.HTML, operation_id="get_unsubscribe_page", tags=TAGS)
async def get_unsubscribe_page(token: FromPath[str], state: State, conn: NamedDependency[Connection]) -> str:
    """A page with one button, for the link in a mail. Reading it changes nothing, whatever mail scanners do."""
    return await unsubscribing.show_page(conn, token, state.key_ring)


@post(
    UNSUBSCRIBE,
    opt=PUBLIC,
    status_code=200,
    media_type=MediaType.HTML,
    operation_id="unsubscribe_from_mails",
    tags=TAGS,
)
async def unsubscribe_from_mails(
    token: FromPath[str], state: State, conn: NamedDependency[Connection], now: NamedDependency[datetime]
) -> str:
    """Send a person no more mails of this kind about this edition (RFC 8058); a second time changes nothing.

    What stands in the body is not looked at.
    """
    return await unsubscribing.unsubscribe(conn, token, state.key_ring, now)


@post(
    f"{UNSUBSCRIBE}/undo",
    opt=PUBLIC,
    status_code=200,
    media_type=MediaType.HTML,
    operation_id="subscribe_again",
    tags=TAGS,
)
async def subscribe_again(token: FromPath[str], state: State, conn: NamedDependency[Connection]) -> str:
    """Send a person these mails again; where they had not unsubscribed nothing changes."""
    return await unsubscribing.subscribe_again(conn, token, state.key_ring)


@get(QUIET_HOURS, opt=READ, operation_id="get_quiet_hours", tags=TAGS)
async def get_quiet_hours(edition_id: NamedDependency[UUID], conn: NamedDependency[Connection]) -> QuietHours:
    """When mails that can wait until their reader is awake do: decisions about proposals, and about changes."""
    return await quiet_hours.find_quiet_hours(conn, edition_id)


@post(QUIET_HOURS, opt=needs(Permission.EDITIONS_WRITE), status_code=200, operation_id="set_quiet_hours", tags=TAGS)
async def set_quiet_hours(
    data: JSONBody[QuietHours], edition_id: NamedDependency[UUID], conn: NamedDependency[Connection]
) -> QuietHours:
    """Other quiet hours, from the next mail on; the same hour twice means none."""
    return await quiet_hours.set_quiet_hours(conn, edition_id, data)


HANDLERS = [
    get_quiet_hours,
    set_quiet_hours,
    report_bounce,
    list_suppressions,
    lift_suppression,
    get_unsubscribe_page,
    unsubscribe_from_mails,
    subscribe_again,
]
