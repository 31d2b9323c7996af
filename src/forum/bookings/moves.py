"""What becomes of bookings that were made: given back, or offered and then taken, left or passed on.

Whoever moves a booking locks the places of its session in its mode, and reads it once more then.
"""

from datetime import datetime
from uuid import UUID

from forum.bookings import queries
from forum.bookings.types import BookableSession, Booking
from forum.db import Connection
from forum.editions.service import RUNNING, WrongStatus
from forum.errors import Conflict
from forum.permissions import Permission, Principal


class SessionNotBookable(Conflict):
    """This session need not be booked"""


class SessionNotConfirmed(Conflict):
    """This session is not confirmed"""


class SessionCancelled(Conflict):
    """This session is cancelled"""


class SessionBegun(Conflict):
    """This session has begun"""


class EditionOver(Conflict):
    """Nothing can be booked at this edition any more"""


class NoSeatOffered(Conflict):
    """No place in this session is offered to this booking"""


def require_open(session: BookableSession, session_id: UUID, now: datetime) -> None:
    """Raise what stands in the way of booking a session, whoever asks."""
    if session.edition_status not in RUNNING:
        raise EditionOver(f"The edition is {session.edition_status}.")
    if session.access != "booking":
        raise SessionNotBookable(f"Its access is {session.access}, not booking.", id=session_id)
    if session.status == "cancelled":
        raise SessionCancelled("Nothing is left to be booked.", id=session_id)
    if session.status != "confirmed":
        raise SessionNotConfirmed(f"It is a {session.status}: it must be confirmed first.", id=session_id)
    if session.begins_at is not None and session.begins_at <= now:
        raise SessionBegun("Book before it begins.", id=session_id)


async def cancel_booking(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    session_id: UUID,
    booking_id: UUID,
    reason: str | None,
    now: datetime,
) -> Booking:
    """Give a booking back, as its owner or as a registrar; raises `WrongStatus` when that was done before.

    A place that becomes free goes to who has waited longest, in this transaction.
    """
    booking = await _lock(conn, principal, edition_id, session_id, booking_id, reason)
    if booking.status == "cancelled":
        raise WrongStatus("It is cancelled. Book again instead.")
    await queries.cancel_booking(conn, edition_id, booking_id, now)
    return await _read(conn, booking)


async def accept_offer(
    conn: Connection, principal: Principal, edition_id: UUID, session_id: UUID, booking_id: UUID, now: datetime
) -> Booking:
    """Take the place that is held; raises `NoSeatOffered` when none is, or no longer, and what ends all booking."""
    booking = await _lock(conn, principal, edition_id, session_id, booking_id, None)
    _require_offer(booking, now)
    require_open(await queries.find_bookable_session(conn, edition_id, session_id, None), session_id, now)
    await queries.accept_booking_offer(conn, edition_id, booking_id, now)
    return await _read(conn, booking)


async def decline_offer(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    session_id: UUID,
    booking_id: UUID,
    reason: str | None,
    now: datetime,
) -> Booking:
    """Leave the place to the next in line, and the line; raises `NoSeatOffered`."""
    booking = await _lock(conn, principal, edition_id, session_id, booking_id, reason)
    _require_offer(booking, now)
    await queries.cancel_booking(conn, edition_id, booking_id, now)
    return await _read(conn, booking)


async def lapse_offers(conn: Connection, now: datetime) -> None:
    """Pass on the places that were offered and not accepted in time."""
    for edition_id in await queries.list_lapsing_bookings(conn, now):
        await queries.lapse_booking_offers(conn, edition_id, now)


async def _lock(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    session_id: UUID,
    booking_id: UUID,
    reason: str | None,
) -> Booking:
    """A booking of one's own, or any for registrars, as it stays until the transaction ends; raises `NotFound`."""
    key = (edition_id, session_id, booking_id)
    writes_all = principal.may(Permission.BOOKINGS_WRITE, edition_id)
    mode = (await queries.find_booking(conn, *key, writes_all, principal.person_id)).mode
    await queries.lock_session_places(conn, edition_id, session_id, mode, str(principal.token_id), reason or "")
    return await queries.find_booking(conn, *key, True, None)


async def _read(conn: Connection, booking: Booking) -> Booking:
    return await queries.find_booking(conn, booking.edition_id, booking.session, booking.id, True, None)


def _require_offer(booking: Booking, now: datetime) -> None:
    if booking.offer_expires_at is None or booking.offer_expires_at <= now:
        raise NoSeatOffered("It may have expired; the place goes to the next in line then.")
