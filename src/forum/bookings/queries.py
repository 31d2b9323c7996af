"""One function for each statement of `bookings.sql`."""

from datetime import datetime
from uuid import UUID

from forum.bookings.types import (
    BookableSession,
    Booker,
    Booking,
    BookingFilter,
    BookingRow,
    BookingTransition,
    LockedPlaces,
    Overlap,
    SessionPlaces,
)
from forum.db import Connection, columns, execute, fetch_all, find, get, value
from forum.sqlfiles import load_statements

_SQL = load_statements("bookings")


async def lock_booker(
    conn: Connection, edition_id: UUID, registration_id: UUID, books_for_all: bool, person_id: UUID | None
) -> Booker | None:
    """Lock the registration for which somebody books; None without one that is theirs to book for."""
    named = (registration_id, books_for_all, person_id)
    return await find(conn, _SQL["lock_booker"], Booker, edition_id, *named)


async def lock_session_places(
    conn: Connection, edition_id: UUID, session_id: UUID, mode: str, token_id: str, reason: str
) -> LockedPlaces | None:
    """Lock the places of a session in a mode, for somebody and a reason; None for one that never was to be booked."""
    key = (edition_id, session_id, mode, token_id, reason)
    return await find(conn, _SQL["lock_session_places"], LockedPlaces, *key)


async def find_bookable_session(
    conn: Connection, edition_id: UUID, session_id: UUID, registration_id: UUID | None
) -> BookableSession:
    """A session, and the active booking of it that a registration has; raises `NotFound`."""
    return await get(conn, _SQL["find_bookable_session"], BookableSession, edition_id, session_id, registration_id)


async def insert_booking(
    conn: Connection,
    edition_id: UUID,
    booking_id: UUID,
    session_id: UUID,
    registration_id: UUID,
    mode: str,
    status: str,
    now: datetime,
) -> Booking:
    """Book a session with this status."""
    row = (edition_id, booking_id, session_id, registration_id, mode, status, now)
    return await get(conn, _SQL["insert_booking"], Booking, *row)


async def list_overlaps(conn: Connection, edition_id: UUID, session_id: UUID, registration_id: UUID) -> list[Overlap]:
    """The other bookings that a registration has at the time of a session."""
    return await fetch_all(conn, _SQL["list_overlaps"], Overlap, edition_id, session_id, registration_id)


async def find_booking(
    conn: Connection, edition_id: UUID, session_id: UUID, booking_id: UUID, reads_all: bool, person_id: UUID | None
) -> Booking:
    """A booking of a session; raises `NotFound` without one that the person may see."""
    named = (session_id, booking_id, reads_all, person_id)
    return await get(conn, _SQL["find_booking"], Booking, edition_id, *named)


async def cancel_booking(conn: Connection, edition_id: UUID, booking_id: UUID, now: datetime) -> None:
    """Give a booking back and pass its place on."""
    await execute(conn, _SQL["cancel_booking"], edition_id, booking_id, now)


async def accept_booking_offer(conn: Connection, edition_id: UUID, booking_id: UUID, now: datetime) -> None:
    """Take the place that is held."""
    await execute(conn, _SQL["accept_booking_offer"], edition_id, booking_id, now)


async def list_lapsing_bookings(conn: Connection, now: datetime) -> list[UUID]:
    """The editions in which offers have expired."""
    return await fetch_all(conn, _SQL["list_lapsing_bookings"], UUID, now)


async def lapse_booking_offers(conn: Connection, edition_id: UUID, now: datetime) -> None:
    """Pass on the places that were offered and not accepted in time."""
    await execute(conn, _SQL["lapse_booking_offers"], edition_id, now)


async def list_booking_transitions(
    conn: Connection, edition_id: UUID, booking_id: UUID, after: int | None, limit: int
) -> list[BookingTransition]:
    """The history of a booking, oldest first."""
    key = (edition_id, booking_id, after, limit)
    return await fetch_all(conn, _SQL["list_booking_transitions"], BookingTransition, *key)


async def list_session_bookings(
    conn: Connection, edition_id: UUID, session_id: UUID, wanted: BookingFilter, after: UUID | None, limit: int
) -> list[Booking]:
    """The bookings of a session in the order in which they were made."""
    chosen = (edition_id, session_id, *columns(wanted), after, limit)
    return await fetch_all(conn, _SQL["list_session_bookings"], Booking, *chosen)


async def count_session_bookings(conn: Connection, edition_id: UUID, session_id: UUID, wanted: BookingFilter) -> int:
    """How many bookings the list has."""
    return int(await value(conn, _SQL["count_session_bookings"], edition_id, session_id, *columns(wanted)))


async def list_booking_rows(
    conn: Connection, edition_id: UUID, session_id: UUID, wanted: BookingFilter, after: UUID | None, limit: int
) -> list[BookingRow]:
    """The bookings of a session as lines of a table."""
    chosen = (edition_id, session_id, *columns(wanted), after, limit)
    return await fetch_all(conn, _SQL["list_booking_rows"], BookingRow, *chosen)


async def list_registration_bookings(
    conn: Connection,
    edition_id: UUID,
    registration_id: UUID,
    reads_all: bool,
    person_id: UUID | None,
    status: str | None,
    after: UUID | None,
    limit: int,
) -> list[Booking]:
    """The bookings of a registration; none of one that the person may not see."""
    chosen = (edition_id, registration_id, reads_all, person_id, status, after, limit)
    return await fetch_all(conn, _SQL["list_registration_bookings"], Booking, *chosen)


async def count_registration_bookings(
    conn: Connection,
    edition_id: UUID,
    registration_id: UUID,
    reads_all: bool,
    person_id: UUID | None,
    status: str | None,
) -> int:
    """How many bookings the list has."""
    chosen = (edition_id, registration_id, reads_all, person_id, status)
    return int(await value(conn, _SQL["count_registration_bookings"], *chosen))


async def list_own_bookings(
    conn: Connection, person_id: UUID, status: str | None, after: UUID | None, limit: int
) -> list[Booking]:
    """A person's bookings in every edition."""
    return await fetch_all(conn, _SQL["list_own_bookings"], Booking, person_id, status, after, limit)


async def count_own_bookings(conn: Connection, person_id: UUID, status: str | None) -> int:
    """How many bookings the list has."""
    return int(await value(conn, _SQL["count_own_bookings"], person_id, status))


async def list_session_places(conn: Connection, edition_id: UUID, session_id: UUID) -> list[SessionPlaces]:
    """The places of a session, mode by mode."""
    return await fetch_all(conn, _SQL["list_session_places"], SessionPlaces, edition_id, session_id)
