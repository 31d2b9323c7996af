"""What the staff reads of an edition's mails, sends once more, and takes back.

What is sent once more is a new message with a Message-ID of its own: it is a mail that somebody wants to arrive, where
the same id would have servers drop it as one that they know. It goes to the address that the person has now.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final
from uuid import UUID

from forum import exports
from forum.db import Connection, Pool
from forum.errors import Conflict, Fault, Invalid
from forum.jobs import InviteRegistration, InviteSpeaker
from forum.notifications import digest_queries, fate_queries, queries
from forum.notifications.delivery_types import Fate
from forum.notifications.types import Message, MessageFilter
from forum.outbox import publish
from forum.pagination import Page, Paging

COLUMNS: Final = Message.__struct_fields__
RESENDABLE: Final = ("sent", "failed", "bounced", "suppressed", "cancelled")


class AlreadySent(Conflict):
    """This mail does not wait any more"""


class NotResendable(Conflict):
    """This mail cannot be sent once more"""


class AddressSuppressed(Conflict):
    """Nothing is sent to this address"""


def require_instants(wanted: MessageFilter) -> MessageFilter:
    """The same filter; raises `Invalid` for a time without a zone, or far away."""
    faults = [
        Fault(parameter=name, code="timezone_missing", detail="Say in which zone, such as `Z`.")
        for name, moment in (("since", wanted.since), ("until", wanted.until))
        if moment is not None and moment.tzinfo is None
    ]
    faults += [
        Fault(parameter=name, code="out_of_range", detail="Give a time between 1900 and 2200.")
        for name, moment in (("since", wanted.since), ("until", wanted.until))
        if moment is not None and not 1900 <= moment.year <= 2200
    ]
    if faults:
        raise Invalid(faults)
    return wanted


async def list_messages(conn: Connection, edition_id: UUID, wanted: MessageFilter, paging: Paging) -> Page[Message]:
    """What became of an edition's mails, in the order in which they were queued."""
    rows = await fate_queries.list_messages(conn, edition_id, wanted, paging.after(int), paging.limit + 1)
    total = await fate_queries.count_messages(conn, edition_id, wanted) if paging.count else None
    return paging.page(rows, lambda message: message.number, total)


async def read_rows(conn: Connection, edition_id: UUID, wanted: MessageFilter, after: int | None) -> list[Message]:
    """The next rows of a table; fewer than `ROWS_AT_ONCE` are the last ones."""
    return await fate_queries.list_messages(conn, edition_id, wanted, after, exports.ROWS_AT_ONCE)


def encode_table(pool: Pool, edition_id: UUID, wanted: MessageFilter, rows: list[Message]) -> AsyncIterator[bytes]:
    """The list as CSV, of which the first `rows` were read before."""

    async def read_next(conn: Connection, last: Message) -> list[Message]:
        return await read_rows(conn, edition_id, wanted, last.number)

    return exports.encode_csv_pages(COLUMNS, exports.read_pages(pool, rows, read_next))


async def cancel_message(conn: Connection, edition_id: UUID, message_id: UUID) -> Message:
    """Take back a mail that waits; raises `AlreadySent` when it does not, and `NotFound`.

    A digest takes its entries along; one of which all entries are taken back, one by one, is not sent.
    """
    digests = await digest_queries.lock_digest_of(conn, edition_id, message_id)
    if cancelled := await fate_queries.cancel_message(conn, edition_id, message_id):
        for digest_id in digests:
            await digest_queries.drop_empty_digest(conn, digest_id)
        return cancelled
    message = await fate_queries.find_message(conn, edition_id, message_id)
    raise AlreadySent(f"It is {message.status}: only what is queued can be cancelled.")


async def resend_message(conn: Connection, edition_id: UUID, message_id: UUID, now: datetime) -> Message:
    """Queue a mail once more; raises `NotResendable`, `AddressSuppressed` and `NotFound`.

    A digest brings those of its entries once more of which nothing later was said. Invitations are compared with what
    their person should hold, so that nobody is asked to what they left.
    """
    await queries.lock_invitations(conn, edition_id)
    fate = await fate_queries.lock_fate(conn, edition_id, message_id)
    _require_resendable(fate)
    message = await fate_queries.resend_message(conn, edition_id, message_id, now)
    await digest_queries.resend_entries(conn, edition_id, message_id, message.id, now)
    if fate.registration_id and fate.kind in ("invitation", "revision", "programme_change"):
        await publish(conn, InviteRegistration(edition_id, fate.registration_id, of_release=True))
    if fate.speaker_id and fate.kind == "invitation":
        await publish(conn, InviteSpeaker(edition_id, fate.speaker_id))
    return message


def _require_resendable(fate: Fate) -> None:
    if fate.is_erased:
        raise NotResendable("Its recipient was erased.")
    if fate.status not in RESENDABLE:
        raise NotResendable(f"It is {fate.status}; these can be: {', '.join(RESENDABLE)}.")
    if fate.is_outdated:
        raise NotResendable("A later mail says something else of the same: send that one.")
    if fate.suppressed_for:
        raise AddressSuppressed(f"It {fate.suppressed_for}: lift the suppression first, or correct the address.")
