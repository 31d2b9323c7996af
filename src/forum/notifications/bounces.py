"""What follows when a mail comes back, or is called unwanted, after a server took it.

Nothing is sent to an address that is not there, nor to one whose owner complained: both harm what reaches everybody
else. A code to sign in is asked for by whoever types the address, so it still goes after a complaint; where mails come
back it would go nowhere. Staff see the addresses, and lift what was a mistake.
"""

from datetime import datetime
from uuid import UUID

from forum.db import Connection
from forum.errors import NotFound
from forum.ids import new_id
from forum.notifications import delivery_queries as queries
from forum.notifications.answers import without_addresses
from forum.notifications.delivery_types import (
    Bounce,
    Bounced,
    BounceKind,
    BounceReport,
    Suppression,
    SuppressionFilter,
    as_message_id,
)
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal

ERASED = "erased@erased.invalid"


async def report_bounce(conn: Connection, principal: Principal, report: BounceReport, now: datetime) -> Bounced:
    """Take down what a provider says; raises `NotFound` for a mail of another edition, or none of ours."""
    return await _take_down(conn, report, principal, Permission.MESSAGES_REPORT, now)


async def record_bounce_mail(conn: Connection, principal: Principal | None, bounce: Bounce, now: datetime) -> Bounced:
    """Take down what a mail that came back says, for whoever hands it in (None: it came to our own door).

    Raises `NotFound` for a mail of another edition, or none of ours.
    """
    return await _take_down(conn, bounce, principal, Permission.INBOX_WRITE, now)


async def _take_down(
    conn: Connection, said: BounceReport | Bounce, principal: Principal | None, permission: Permission, now: datetime
) -> Bounced:
    if (message_id := as_message_id(said.message_id)) is None:
        raise NotFound
    found = await queries.lock_reported(conn, message_id)
    if principal is not None and found.edition_id is not None and not principal.may(permission, found.edition_id):
        raise NotFound
    return await record_bounce(conn, message_id, said.kind, said.detail, now)


async def record_bounce(
    conn: Connection, message_id: UUID, kind: BounceKind, detail: str | None, now: datetime
) -> Bounced:
    """Take down that a mail came back, or was unwanted; a second time changes nothing. Raises `NotFound`.

    What came back for now concerns that mail alone: its address stays good.
    """
    found = await queries.lock_reported(conn, message_id)
    words = without_addresses(detail, found.recipient) if detail else None
    if kind == "complained":
        await queries.mark_complained(conn, message_id, now, words)
    else:
        await queries.mark_bounced(conn, message_id, now, words or kind.replace("_", " "))
    if kind != "bounced_temporarily" and found.recipient != ERASED:
        reason = "complained" if kind == "complained" else "bounced"
        await queries.suppress_address(conn, new_id(), found.recipient, reason, words, now, found.edition_id)
    status = (await queries.lock_reported(conn, message_id)).status
    return Bounced(message_id, status, await queries.is_suppressed(conn, found.recipient))


async def list_suppressions(
    conn: Connection, edition_id: UUID, wanted: SuppressionFilter, paging: Paging
) -> Page[Suppression]:
    """The addresses that nothing is sent to, of an edition's own mails and people, oldest first."""
    rows = await queries.list_suppressions(conn, edition_id, wanted, paging.after(UUID), paging.limit + 1)
    total = await queries.count_suppressions(conn, edition_id, wanted) if paging.count else None
    return paging.page(rows, lambda suppression: suppression.id, total)


async def lift_suppression(conn: Connection, edition_id: UUID, suppression_id: UUID) -> Suppression:
    """Write to an address again; what was held back meanwhile is sent when somebody resends it. Raises `NotFound`."""
    return await queries.lift_suppression(conn, edition_id, suppression_id)
