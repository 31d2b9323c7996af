"""The HTTP side of bookings."""

from datetime import datetime
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from forum.bookings import lists, service
from forum.bookings.types import (
    Booking,
    BookingFilter,
    BookingReason,
    BookingStatus,
    BookingTransition,
    ListFormat,
    MadeBooking,
    NewBooking,
    SessionPlacesList,
)
from forum.codes import Mode
from forum.db import Connection
from forum.http import ForumRequest, ForumResponse, download
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal, needs
from forum.transactions import unit_of

SIGNED_IN, READ = needs(Permission.SIGNED_IN), needs(Permission.BOOKINGS_READ)
TAGS = ["bookings"]
SESSION = "/editions/{edition:str}/sessions/{session_id:uuid}"
BOOKING = f"{SESSION}/bookings/{{booking_id:uuid}}"


@post(f"{SESSION}/bookings", opt=SIGNED_IN, operation_id="create_booking", tags=TAGS)
async def create_booking(
    data: JSONBody[NewBooking],
    session_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> MadeBooking:
    """Book a session of access `booking` for your own registration, or for any as a registrar or a trusted frontend.

    The registration must be approved, and the place is one in its mode. When none is free the answer is 201 with
    status `waitlisted` and the position in line. Another booking at the same time is named in `warnings`. 409:
    `already_booked` (with the booking in `id`), `session_not_bookable`, `session_not_confirmed`, `session_cancelled`,
    `session_begun`, `edition_over`, `not_registered`, `registration_not_approved`, `mode_does_not_fit`.
    """
    return await service.create_booking(conn, principal, edition_id, session_id, data, now)


@get(f"{SESSION}/bookings", opt=READ, operation_id="list_session_bookings", tags=TAGS)
async def list_session_bookings(
    session_id: FromPath[UUID],
    request: ForumRequest,
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    paging: NamedDependency[Paging],
    status: FromQuery[BookingStatus | None] = None,
    mode: FromQuery[Mode | None] = None,
    format: FromQuery[ListFormat] = "json",
) -> Response[Page[Booking]]:
    """The bookings of a session, for registrars, in the order in which they were made.

    With `format=csv` or `format=xlsx` all of them as a table with names, from `cursor` on and whatever the `limit`. In
    text/csv, cells that a spreadsheet would run as a formula begin with an apostrophe.
    """
    wanted = BookingFilter(status, mode)
    if format == "json":
        return ForumResponse(await service.list_session_bookings(conn, edition_id, session_id, wanted, paging))
    rows = await lists.read_rows(conn, edition_id, session_id, wanted, paging.after(UUID))
    await unit_of(request.scope).close()  # nothing is held while the client reads
    pool = request.app.state.pool
    return download(lists.encode_table(pool, edition_id, session_id, wanted, rows, format), "bookings", format)


@get(BOOKING, opt=SIGNED_IN, operation_id="get_booking", tags=TAGS)
async def get_booking(
    session_id: FromPath[UUID],
    booking_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
) -> Booking:
    """One booking: your own, or any as a registrar."""
    return await service.find_booking(conn, principal, edition_id, session_id, booking_id)


@get(f"{BOOKING}/transitions", opt=SIGNED_IN, operation_id="list_booking_transitions", tags=TAGS)
async def list_booking_transitions(
    session_id: FromPath[UUID],
    booking_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    paging: NamedDependency[Paging],
) -> Page[BookingTransition]:
    """Every change of a booking, your own or any as a registrar, oldest first: when, by which token, and why."""
    return await service.list_transitions(conn, principal, edition_id, session_id, booking_id, paging)


@post(
    f"{BOOKING}/cancel",
    opt=SIGNED_IN,
    status_code=200,
    operation_id="cancel_booking",
    tags=TAGS,
)
async def cancel_booking(
    data: JSONBody[BookingReason],
    session_id: FromPath[UUID],
    booking_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Booking:
    """Give your own booking back, or any as a registrar; the place goes to the next in line."""
    return await service.cancel_booking(conn, principal, edition_id, session_id, booking_id, data.reason, now)


@post(
    f"{BOOKING}/accept-offer",
    opt=SIGNED_IN,
    status_code=200,
    operation_id="accept_booking_offer",
    tags=TAGS,
)
async def accept_booking_offer(
    session_id: FromPath[UUID],
    booking_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Booking:
    """Take the place that is held until `offer_expires_at`. 409 `no_seat_offered` when none is, or no longer."""
    return await service.accept_offer(conn, principal, edition_id, session_id, booking_id, now)


@post(
    f"{BOOKING}/decline-offer",
    opt=SIGNED_IN,
    status_code=200,
    operation_id="decline_booking_offer",
    tags=TAGS,
)
async def decline_booking_offer(
    data: JSONBody[BookingReason],
    session_id: FromPath[UUID],
    booking_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Booking:
    """Leave the offered place to the next in line, and the line."""
    return await service.decline_offer(conn, principal, edition_id, session_id, booking_id, data.reason, now)


@get(f"{SESSION}/places", opt=SIGNED_IN, operation_id="list_session_places", tags=TAGS)
async def list_session_places(
    session_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
) -> SessionPlacesList:
    """How many places a session has in each mode, how many are taken, and how many people wait."""
    return await service.list_session_places(conn, principal, edition_id, session_id)


@get("/editions/{edition:str}/bookings", opt=SIGNED_IN, operation_id="list_registration_bookings", tags=TAGS)
async def list_registration_bookings(
    registration: FromQuery[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    paging: NamedDependency[Paging],
    status: FromQuery[BookingStatus | None] = None,
) -> Page[Booking]:
    """The bookings of a registration, your own or any as a registrar, in the order in which they were made."""
    return await service.list_registration_bookings(conn, principal, edition_id, registration, status, paging)


@get("/me/bookings", opt=SIGNED_IN, operation_id="list_own_bookings", tags=TAGS)
async def list_own_bookings(
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    paging: NamedDependency[Paging],
    status: FromQuery[BookingStatus | None] = None,
) -> Page[Booking]:
    """Your own bookings in every edition, in the order in which they were made."""
    return await service.list_own_bookings(conn, principal, status, paging)


HANDLERS = [
    create_booking,
    list_session_bookings,
    get_booking,
    list_booking_transitions,
    cancel_booking,
    accept_booking_offer,
    decline_booking_offer,
    list_session_places,
    list_registration_bookings,
    list_own_bookings,
]
