"""What people do about the places that they have declined: by the link of their registration, without an account."""

from datetime import datetime
from typing import Final
from uuid import UUID

from forum.bookings import service as bookings
from forum.bookings.types import Booking
from forum.db import Connection
from forum.errors import NotFound
from forum.pagination import Page, Paging
from forum.permissions import Principal
from forum.replies import queries
from forum.replies.types import DeclinedPlace

REASON: Final = "Declined in the person's calendar."


async def list_declined_places(
    conn: Connection, principal: Principal, edition_id: UUID, registration_id: UUID, paging: Paging
) -> Page[DeclinedPlace]:
    """The places of one's own registration that were declined in a calendar; none of a registration of others."""
    after = paging.after(UUID)
    if principal.person_id is None:
        return paging.page([], lambda place: place.session, 0 if paging.count else None)
    whose = (edition_id, registration_id, principal.person_id)
    rows = await queries.list_declined_places(conn, *whose, after, paging.limit + 1)
    total = await queries.count_declined_places(conn, *whose) if paging.count else None
    return paging.page(rows, lambda place: place.session, total)


async def free_declined_place(
    conn: Connection, principal: Principal, edition_id: UUID, registration_id: UUID, session_id: UUID, now: datetime
) -> Booking:
    """Give a declined place back, to the next in line; raises `NotFound` for one that is not one's own."""
    if principal.person_id is None:
        raise NotFound
    whose = (edition_id, registration_id, principal.person_id)
    booking_id = await queries.find_declined_place(conn, *whose, session_id)
    return await bookings.cancel_booking(conn, principal, edition_id, session_id, booking_id, REASON, now)
