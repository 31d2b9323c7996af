"""The rules of bookings: who may have a place in a session, and who gets the last one.

Whoever books locks, in this order and each in a statement of its own: the registration, then the places of the session
in its mode; what is then read is decided one by one (`0014_bookings.sql` has the whole order, and what follows when a
session, its room or a registration changes). Nobody waits while a place is free: whoever frees one promotes in the same
transaction. Once a session has begun nobody books it, and nobody is promoted.
"""

from datetime import datetime
from uuid import UUID

from msgspec import structs

from forum.bookings import queries
from forum.bookings.moves import (
    EditionOver,
    NoSeatOffered,
    SessionBegun,
    SessionCancelled,
    SessionNotBookable,
    SessionNotConfirmed,
    accept_offer,
    cancel_booking,
    decline_offer,
    lapse_offers,
    require_open,
)
from forum.bookings.types import (
    BookableSession,
    Booker,
    Booking,
    BookingFilter,
    BookingStatus,
    BookingTransition,
    BookingWarning,
    MadeBooking,
    NewBooking,
    Overlap,
    SessionPlacesList,
)
from forum.codes import Mode
from forum.db import Connection
from forum.errors import Conflict, Forbidden, Invalid, NotFound
from forum.ids import new_id
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal
from forum.registrations import service as registrations

__all__ = [
    "AlreadyBooked",
    "EditionOver",
    "ModeDoesNotFit",
    "NoSeatFree",
    "NoSeatOffered",
    "NotRegistered",
    "RegistrationNotApproved",
    "SessionBegun",
    "SessionCancelled",
    "SessionNotBookable",
    "SessionNotConfirmed",
    "accept_offer",
    "cancel_booking",
    "create_booking",
    "decline_offer",
    "find_booking",
    "lapse_offers",
    "list_own_bookings",
    "list_registration_bookings",
    "list_session_bookings",
    "list_session_places",
    "list_transitions",
]


class AlreadyBooked(Conflict, constraint="bookings_one_active_per_registration_and_session"):
    """This registration has booked this session already"""


class NoSeatFree(Conflict, constraint="session_places_taken_never_exceed_capacity"):
    """No place is free in this session"""


class NotRegistered(Conflict):
    """You are not registered for this edition"""


class RegistrationNotApproved(Conflict):
    """The registration has no place"""


class ModeDoesNotFit(Conflict):
    """The registration and the session do not meet in that mode"""


async def create_booking(
    conn: Connection, principal: Principal, edition_id: UUID, session_id: UUID, new: NewBooking, now: datetime
) -> MadeBooking:
    """Book a session: confirmed with a place, waitlisted without one.

    A person books for their own registration, registrars and trusted frontends for any. What else the registration has
    booked at that time is a warning. Raises `AlreadyBooked` with the id of the booking that there is, and the conflict
    that names what is missing.
    """
    booker = await _lock_booker(conn, principal, edition_id, new)
    mode = booker.mode if booker else "in_person"
    acting = (str(principal.token_id), "")
    places = await queries.lock_session_places(conn, edition_id, session_id, mode, *acting) if booker else None
    session = await queries.find_bookable_session(conn, edition_id, session_id, booker.id if booker else None)
    _require_visible(principal, edition_id, session)
    if booker is None:
        raise NotRegistered("Register first, and book then.")
    require_open(session, session_id, now)
    _require_fitting(booker, session, new.mode)
    if session.booking_id is not None:
        raise AlreadyBooked("The booking is `id`.", id=session.booking_id)
    status = "confirmed" if places and places.is_free else "waitlisted"
    booking = await queries.insert_booking(conn, edition_id, new_id(), session_id, booker.id, booker.mode, status, now)
    overlaps = await queries.list_overlaps(conn, edition_id, session_id, booker.id)
    return MadeBooking(**structs.asdict(booking), warnings=[_warning(overlap) for overlap in overlaps])


async def _lock_booker(conn: Connection, principal: Principal, edition_id: UUID, new: NewBooking) -> Booker | None:
    """The registration to book for, or None for a person who has none; raises `Forbidden` and `Invalid`."""
    books_for_all = principal.may(Permission.BOOKINGS_CREATE, edition_id)
    if principal.kind != "person" and not books_for_all:
        raise Forbidden("This token may not book for anybody at this edition.")
    if principal.kind != "person" and new.registration is None:
        raise Invalid.at("/registration", "missing", "Say for which registration.")
    if new.registration is None:
        own = await registrations.lock_own_registration(conn, edition_id, principal.person_id)
        return Booker(own.id, own.status, own.mode) if own else None
    booker = await queries.lock_booker(conn, edition_id, new.registration, books_for_all, principal.person_id)
    if booker is None:
        detail = "The edition has no such registration, or it is not yours."
        raise Invalid.at("/registration", "unknown_reference", detail)
    return booker


def _require_visible(principal: Principal, edition_id: UUID, session: BookableSession) -> None:
    """Drafts are there for the staff only."""
    is_draft = "draft" in (session.status, session.edition_status)
    if is_draft and not principal.may(Permission.PROGRAMME_READ, edition_id):
        raise NotFound


def _require_fitting(booker: Booker, session: BookableSession, asked: Mode | None) -> None:
    """A place is booked in the mode of the registration, in which alone its holder is let in."""
    if booker.status != "approved":
        raise RegistrationNotApproved(f"It is {booker.status}: it must be approved first.", id=booker.id)
    if asked is not None and asked != booker.mode:
        detail = f"The registration is {booker.mode}: switch its mode first, or book it {booker.mode}."
        raise ModeDoesNotFit(detail, id=booker.id)
    if session.mode not in ("hybrid", booker.mode):
        raise ModeDoesNotFit(f"The registration is {booker.mode}, the session {session.mode} only.", id=booker.id)


def _warning(overlap: Overlap) -> BookingWarning:
    detail = "It takes place at the same time, and is booked too."
    return BookingWarning(code="overlaps", detail=detail, session=overlap.session, booking=overlap.id)


async def find_booking(
    conn: Connection, principal: Principal, edition_id: UUID, session_id: UUID, booking_id: UUID
) -> Booking:
    """A booking, for its owner and for registrars; raises `NotFound` for everybody else."""
    reads_all = principal.may(Permission.BOOKINGS_READ, edition_id)
    return await queries.find_booking(conn, edition_id, session_id, booking_id, reads_all, principal.person_id)


async def list_transitions(
    conn: Connection, principal: Principal, edition_id: UUID, session_id: UUID, booking_id: UUID, paging: Paging
) -> Page[BookingTransition]:
    """The history of a booking, for whom `find_booking` finds it."""
    await find_booking(conn, principal, edition_id, session_id, booking_id)
    rows = await queries.list_booking_transitions(conn, edition_id, booking_id, paging.after(int), paging.limit + 1)
    return paging.page(rows, lambda transition: transition.number)


async def list_session_bookings(
    conn: Connection, edition_id: UUID, session_id: UUID, wanted: BookingFilter, paging: Paging
) -> Page[Booking]:
    """The bookings of a session in the order in which they were made; raises `NotFound` without the session."""
    await queries.find_bookable_session(conn, edition_id, session_id, None)
    chosen = (edition_id, session_id, wanted)
    rows = await queries.list_session_bookings(conn, *chosen, paging.after(UUID), paging.limit + 1)
    total = await queries.count_session_bookings(conn, *chosen) if paging.count else None
    return paging.page(rows, lambda booking: booking.id, total)


async def list_registration_bookings(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    registration_id: UUID,
    status: BookingStatus | None,
    paging: Paging,
) -> Page[Booking]:
    """The bookings of a registration, for its owner and for registrars; for everybody else there are none."""
    reads_all = principal.may(Permission.BOOKINGS_READ, edition_id)
    chosen = (edition_id, registration_id, reads_all, principal.person_id, status)
    rows = await queries.list_registration_bookings(conn, *chosen, paging.after(UUID), paging.limit + 1)
    total = await queries.count_registration_bookings(conn, *chosen) if paging.count else None
    return paging.page(rows, lambda booking: booking.id, total)


async def list_own_bookings(
    conn: Connection, principal: Principal, status: BookingStatus | None, paging: Paging
) -> Page[Booking]:
    """The principal's own bookings in every edition; none for a client or a device."""
    after = paging.after(UUID)
    if principal.person_id is None:
        return paging.page([], lambda booking: booking.id, 0 if paging.count else None)
    rows = await queries.list_own_bookings(conn, principal.person_id, status, after, paging.limit + 1)
    total = await queries.count_own_bookings(conn, principal.person_id, status) if paging.count else None
    return paging.page(rows, lambda booking: booking.id, total)


async def list_session_places(
    conn: Connection, principal: Principal, edition_id: UUID, session_id: UUID
) -> SessionPlacesList:
    """How many places a session has, and how many are taken; raises `NotFound` for a draft that is not one's own."""
    _require_visible(principal, edition_id, await queries.find_bookable_session(conn, edition_id, session_id, None))
    return SessionPlacesList(await queries.list_session_places(conn, edition_id, session_id))
