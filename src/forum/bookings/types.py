"""What the bookings slice takes and answers."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from forum.codes import Mode, Prose

BookingStatus = Literal["confirmed", "waitlisted", "offered", "cancelled"]
"""`offered` is a place that is held until it is taken or expires: where the edition's `promotion` is `offer`."""
ListFormat = Literal["json", "csv", "xlsx"]


class NewBooking(Struct, forbid_unknown_fields=True, kw_only=True):
    """Somebody wants a place in a session."""

    registration: UUID | None = None
    """Whose place it is to be; your own, when it is left out."""
    mode: Mode | None = None
    """How the registration takes part; it says so itself, when this is left out."""


class Booking(Struct):
    """A registration's place in a session, or its place in line for one."""

    id: UUID
    edition_id: UUID
    session: UUID
    registration: UUID
    mode: Mode
    status: BookingStatus
    waitlist_position: int | None
    offer_expires_at: datetime | None
    """Until when a place is held for the person, who has yet to accept it."""
    created_at: datetime
    confirmed_at: datetime | None
    """When the place was given; kept when it is given back."""
    cancelled_at: datetime | None
    version: int


class BookingReason(Struct, forbid_unknown_fields=True):
    """Why a booking is given back, for its history."""

    reason: Prose | None = None


class BookingTransition(Struct):
    """One step in the history of a booking."""

    number: int
    status: BookingStatus
    mode: Mode
    offer_expires_at: datetime | None
    at: datetime
    by_token: UUID | None
    reason: str | None


class BookingWarning(Struct, kw_only=True):
    """What does not stand in the way, but should be known."""

    code: Literal["overlaps"]
    detail: str
    session: UUID
    """The session that takes place at the same time."""
    booking: UUID
    """The person's booking of it."""


class MadeBooking(Booking):
    """A booking that was just made."""

    warnings: list[BookingWarning] = []


class BookingFilter(Struct, frozen=True):
    """Which bookings of a session to list; in the order of the statement's parameters."""

    status: BookingStatus | None = None
    mode: Mode | None = None


class BookingRow(Struct, frozen=True):
    """A booking as a line of a table, with what is needed at the door."""

    id: UUID
    status: str
    mode: str
    waitlist_position: int | None
    registration: UUID
    given_name: str | None
    family_name: str
    email: str
    language: str
    country: str | None
    category: str
    represents: str | None
    created_at: datetime
    confirmed_at: datetime | None
    cancelled_at: datetime | None


class SessionPlaces(Struct):
    """How many places a session has in a mode."""

    mode: Mode
    capacity: int | None
    """In the hall the smaller of what the session and what its room allows; null: no limit."""
    taken: int
    """Those included that are offered to somebody."""
    kept_over_capacity: int
    """People who kept their place when the capacity was lowered below use; nobody comes in until they are fewer."""
    waiting: int


class SessionPlacesList(Struct):
    """The places of a session, mode by mode; none for one that need not be booked."""

    items: list[SessionPlaces]


class LockedPlaces(Struct, frozen=True):
    """The places of a session in a mode; they stay so until the transaction ends. History remembers the last two."""

    mode: Mode
    capacity: int | None
    taken: int
    token_id: str
    reason: str

    @property
    def is_free(self) -> bool:
        """Whether there is a place. Nobody waits while there is one: whoever frees a place promotes."""
        return self.capacity is None or self.taken < self.capacity


class Booker(Struct, frozen=True):
    """The registration for which somebody books; it stays so until the transaction ends."""

    id: UUID
    status: str
    mode: Mode


class BookableSession(Struct, frozen=True):
    """What decides whether a session can be booked."""

    access: str
    status: Literal["draft", "confirmed", "cancelled"]
    mode: Literal["in_person", "hybrid", "online"]
    begins_at: datetime | None
    edition_status: str
    booking_id: UUID | None
    """The active booking that the registration has of it."""


class Overlap(Struct, frozen=True):
    """Another booking of a registration at the same time."""

    id: UUID
    session: UUID
