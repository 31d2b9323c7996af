"""Whatever becomes of bookings, sessions, rooms and registrations: no seat is given twice or left empty.

A machine does to Forum and to a model of a few lines what Hypothesis thinks of, and compares both after every step.
"""

from collections.abc import Coroutine
from itertools import count
from typing import Any, TypeVar
from uuid import UUID, uuid4

from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from msgspec import Struct, field

from forum.bookings.service import (
    AlreadyBooked,
    ModeDoesNotFit,
    NoSeatOffered,
    RegistrationNotApproved,
    SessionCancelled,
    accept_offer,
    cancel_booking,
    create_booking,
    decline_offer,
    lapse_offers,
)
from forum.bookings.types import MadeBooking, NewBooking
from forum.codes import Mode
from forum.editions.service import WrongStatus
from forum.errors import ForumError
from forum.http import IfMatch
from forum.permissions import Grant, Principal
from forum.programme.service import create_room, create_session, move_session, update_room, update_session
from forum.programme.types import NewRoom, NewSession, RoomPatch, SessionPatch
from forum.registrations.service import create_registration, move_registration, switch_mode
from forum.registrations.types import NewPerson, NewRegistration
from tests.factories import make_edition
from tests.properties.conftest import World

T = TypeVar("T")
EDITIONS = count(1)
MODES: tuple[Mode, ...] = ("in_person", "online")
NAME, MODE, NUMBER = st.sampled_from("abcdefgh"), st.sampled_from(MODES), st.integers(0, 1)
CAPACITY = st.sampled_from((1, 2, 0, 3, 4, None))
PICK = st.integers(0, 99)
"""One of those who have booked, the later ones as well."""

PLACES = """
SELECT session_id, mode, capacity, taken, kept_over_capacity FROM session_places WHERE edition_id = $1
"""
BOOKINGS = """
SELECT b.session_id, b.mode, b.status, split_part(p.email, '@', 1) AS name FROM bookings b
JOIN registrations r ON r.edition_id = b.edition_id AND r.id = b.registration_id JOIN persons p ON p.id = r.person_id
WHERE b.edition_id = $1 AND b.status <> 'cancelled' ORDER BY b.waitlist_ticket, name
"""
STRAY = """
SELECT b.id, b.version, b.status, t.status AS told, t.steps FROM bookings b
LEFT JOIN LATERAL (SELECT count(*) AS steps, (array_agg(t.status ORDER BY t.number DESC))[1] AS status
                   FROM booking_transitions t WHERE t.edition_id = b.edition_id AND t.booking_id = b.id) t ON true
WHERE b.edition_id = $1 AND (t.steps, t.status) IS DISTINCT FROM (b.version, b.status)
"""
"""Bookings whose history does not tell each step, up to where they stand."""


class Person(Struct):
    """Somebody with a place at the edition: in the model."""

    id: UUID
    mode: Mode


class Seats(Struct):
    """Who is in a session in a mode, for whom a seat is held, and who waits, in order: in the model."""

    capacity: int | None
    offers: bool
    seated: list[str] = []
    offered: list[str] = []
    line: list[str] = []

    @property
    def taken(self) -> int:
        """How many seats nobody else can have."""
        return len(self.seated) + len(self.offered)

    @property
    def has_room(self) -> bool:
        """Whether there is a seat for one more."""
        return self.capacity is None or self.taken < self.capacity

    def settle(self) -> None:
        """Nobody waits while there is a place."""
        while self.line and self.has_room:
            (self.offered if self.offers else self.seated).append(self.line.pop(0))


class Held(Struct):
    """A session: in the model."""

    id: UUID
    capacities: dict[Mode, int | None]
    seats: dict[Mode, Seats]
    is_cancelled: bool = False
    bookings: dict[str, UUID] = field(default_factory=dict)
    """The last booking of each who booked."""


class BookingsMachine(RuleBasedStateMachine):
    """Forum's bookings of two sessions, the first in a room, and what they should be."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.people: dict[str, Person] = {}
        self.left: dict[str, UUID] = {}

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something in the world."""
        return self.world.runner.run(work)

    def act(self, service: Any, *arguments: Any) -> Any:
        """Call a service in a transaction of its own; the error that a client would read is an answer."""

        async def call() -> Any:
            async with self.world.pool.acquire() as conn, conn.transaction():
                return await service(conn, *arguments, self.world.clock.now)

        try:
            return self.run(call())
        except ForumError as error:
            return error

    @initialize(hall=CAPACITY, online=CAPACITY, room=CAPACITY, offers=st.booleans())
    def begin(self, hall: int | None, online: int | None, room: int | None, offers: bool) -> None:
        """A new edition in which everybody has a place, and two sessions to be booked."""
        slug, self.offers = f"grf-{next(EDITIONS)}", offers
        promotion = {"promotion": "offer" if offers else "automatic"}
        edition = self.run(make_edition(self.world.client, slug=slug, in_person_capacity=None, **promotion))
        self.edition_id = UUID(edition["id"])
        self.staff = Principal(uuid4(), "person", None, None, None, [], [Grant("organizer", self.edition_id, slug)])
        self.room_capacity = room
        self.room_id = self.act(create_room, self.edition_id, NewRoom(name="Room K", capacity=room)).id
        self.sessions = [self.hold(hall, online, self.room_id), self.hold(hall, online, None)]
        for name in "abcdef":
            self.register(name, "in_person")

    def hold(self, hall: int | None, online: int | None, room: UUID | None) -> Held:
        """A confirmed session."""
        fields = {"in_person_capacity": hall, "online_capacity": online, "room": room}
        new = NewSession(title={"en": "Session"}, type="plenary", mode="hybrid", access="booking", **fields)
        made = self.act(create_session, self.edition_id, new)
        self.act(move_session, self.edition_id, made.id, "confirm")
        capacities: dict[Mode, int | None] = {"in_person": hall, "online": online}
        held = Held(made.id, capacities, {mode: Seats(capacities[mode], self.offers) for mode in MODES})
        self.bound(held, has_room=room is not None)
        return held

    def bound(self, held: Held, has_room: bool) -> None:
        """What the session and its room allow holds from now on."""
        for mode in MODES:
            limits = [held.capacities[mode], self.room_capacity if has_room and mode == "in_person" else None]
            known = [limit for limit in limits if limit is not None]
            held.seats[mode].capacity = min(known) if known else None
            held.seats[mode].settle()

    def give_up(self, name: str, held: Held) -> bool:
        """Somebody gives back what they have in a session; whether that was anything."""
        for seats in held.seats.values():
            for place in (seats.seated, seats.offered, seats.line):
                if name in place:
                    place.remove(name)
                    seats.settle()
                    return True
        return False

    @rule(name=NAME, mode=MODE)
    def register(self, name: str, mode: Mode) -> None:
        """Somebody comes, or comes again."""
        if name not in self.people:
            new = NewRegistration(person=NewPerson("Probe", f"{name}@delegates.example"), category="ngo", mode=mode)
            self.people[name] = Person(self.act(create_registration, self.staff, self.edition_id, new).id, mode)

    @rule(names=st.lists(NAME, min_size=2, max_size=6), number=NUMBER, mode=MODE)
    def come(self, names: list[str], number: int, mode: Mode) -> None:
        """People come for a session, one after the other, some of them again."""
        for name in names:
            self.register(name, mode)
            self.book(name, number, None)

    @rule(name=NAME, number=NUMBER, mode=st.sampled_from((None, *MODES)))
    def book(self, name: str, number: int, mode: Mode | None) -> None:
        """Somebody books, or tries to."""
        held, one = self.sessions[number], self.people.get(name)
        registration = one.id if one else self.left.get(name)
        if registration is None:
            return
        new = NewBooking(registration=registration, mode=mode)
        answer = self.act(create_booking, self.staff, self.edition_id, held.id, new)
        if held.is_cancelled:
            assert isinstance(answer, SessionCancelled), answer
        elif one is None:
            assert isinstance(answer, RegistrationNotApproved), answer
        elif mode not in (None, one.mode):
            assert isinstance(answer, ModeDoesNotFit), answer
        elif any(name in (*seats.seated, *seats.offered, *seats.line) for seats in held.seats.values()):
            assert isinstance(answer, AlreadyBooked), answer
            assert answer.id == held.bookings[name]
        else:
            assert isinstance(answer, MadeBooking), answer
            seats, held.bookings[name] = held.seats[one.mode], answer.id
            waits = not seats.has_room
            (seats.line if waits else seats.seated).append(name)
            position = len(seats.line) if waits else None
            assert (answer.status, answer.waitlist_position) == ("waitlisted" if waits else "confirmed", position)

    @rule(pick=PICK, number=NUMBER)
    def cancel(self, pick: int, number: int) -> None:
        """Somebody gives a booking back, perhaps for the second time."""
        held = self.sessions[number]
        if held.bookings:
            name = sorted(held.bookings)[pick % len(held.bookings)]
            answer = self.act(cancel_booking, self.staff, self.edition_id, held.id, held.bookings[name], None)
            if self.give_up(name, held):
                assert answer.status == "cancelled"
            else:
                assert isinstance(answer, WrongStatus), answer

    @rule(pick=PICK, number=NUMBER)
    def accept(self, pick: int, number: int) -> None:
        """Somebody takes the seat that is held for them, if one is."""
        held = self.sessions[number]
        if held.bookings:
            name = self.pick(pick, held)
            answer = self.act(accept_offer, self.staff, self.edition_id, held.id, held.bookings[name])
            if seats := next((seats for seats in held.seats.values() if name in seats.offered), None):
                seats.offered.remove(name)
                seats.seated.append(name)
                assert (answer.status, answer.offer_expires_at) == ("confirmed", None)
            else:
                assert isinstance(answer, NoSeatOffered), answer

    @rule(pick=PICK, number=NUMBER)
    def decline(self, pick: int, number: int) -> None:
        """Somebody leaves it to the next."""
        held = self.sessions[number]
        if held.bookings:
            name = self.pick(pick, held)
            is_offered = any(name in seats.offered for seats in held.seats.values())
            answer = self.act(decline_offer, self.staff, self.edition_id, held.id, held.bookings[name], None)
            if is_offered:
                assert answer.status == "cancelled"
                self.give_up(name, held)
            else:
                assert isinstance(answer, NoSeatOffered), answer

    def pick(self, number: int, held: Held) -> str:
        """One of those for whom a seat is held, while there are any; else one of those who have booked."""
        names = [name for seats in held.seats.values() for name in seats.offered] or held.bookings
        return sorted(names)[number % len(names)]

    @rule()
    def expire(self) -> None:
        """Two days pass, and the worker comes by: whoever has not said yes leaves, and the next are asked."""
        self.world.clock.forward(hours=48)
        self.act(lapse_offers)
        for held in self.sessions:
            for seats in held.seats.values():
                seats.offered = []
                seats.settle()

    @rule(pick=PICK, number=NUMBER)
    def leave_seat(self, pick: int, number: int) -> None:
        """Somebody who has a seat gives it back."""
        held = self.sessions[number]
        if seated := [name for seats in held.seats.values() for name in seats.seated]:
            self.cancel(sorted(held.bookings).index(seated[pick % len(seated)]), number)

    @rule(names=st.permutations("abcdefgh"), number=NUMBER)
    def crowd(self, names: list[str], number: int) -> None:
        """Everybody comes for a session, and somebody who has a seat makes way."""
        self.come(names, number, "in_person")
        self.leave_seat(0, number)

    @rule(name=NAME, move=st.sampled_from(("withdraw", "revoke")))
    def leave(self, name: str, move: str) -> None:
        """Somebody does not come after all."""
        if one := self.people.pop(name, None):
            self.left[name] = one.id
            self.act(move_registration, self.staff, self.edition_id, one.id, move, None)
            for held in self.sessions:
                self.give_up(name, held)

    @rule(name=NAME)
    def switch(self, name: str) -> None:
        """Somebody takes part the other way from now on."""
        if one := self.people.get(name):
            one.mode = MODES[one.mode == "in_person"]
            self.act(switch_mode, self.staff, self.edition_id, one.id, one.mode, None)
            for held in self.sessions:
                self.give_up(name, held)

    @rule(number=NUMBER, mode=MODE, capacity=CAPACITY)
    def change_capacity(self, number: int, mode: Mode, capacity: int | None) -> None:
        """A session has more places, or fewer: nobody who has one loses it."""
        held = self.sessions[number]
        held.capacities[mode] = capacity
        patch = SessionPatch(**{f"{mode}_capacity": capacity})
        self.act(update_session, self.edition_id, held.id, patch, IfMatch(None))
        self.bound(held, has_room=number == 0)

    @rule(capacity=CAPACITY)
    def change_room(self, capacity: int | None) -> None:
        """The room of the first session is larger, or smaller, than was known."""
        self.room_capacity = capacity
        self.act(update_room, self.edition_id, self.room_id, RoomPatch(capacity=capacity), IfMatch(None))
        self.bound(self.sessions[0], has_room=True)

    @rule(number=NUMBER, is_meant=st.sampled_from((False, False, False, True)))
    def call_off(self, number: int, is_meant: bool) -> None:
        """A session is cancelled, which is rare, or held after all."""
        held = self.sessions[number]
        if not (is_meant or held.is_cancelled):
            return
        self.act(move_session, self.edition_id, held.id, "confirm" if held.is_cancelled else "cancel")
        held.is_cancelled = not held.is_cancelled
        for seats in held.seats.values():
            seats.seated, seats.offered, seats.line = [], [], []

    @invariant()
    def model_and_database_agree(self) -> None:
        """Every seat, every line and every counter."""
        places, bookings, stray = self.run(self._read())
        assert stray == []
        by_place: dict[tuple[UUID, str, str], list[str]] = {}
        for session_id, mode, status, name in bookings:
            by_place.setdefault((session_id, mode, status), []).append(name)
        expected, found = {}, {}
        for held in self.sessions:
            for mode, seats in held.seats.items():
                kept = 0 if seats.capacity is None else max(seats.taken - seats.capacity, 0)
                names = (sorted(seats.seated), sorted(seats.offered), seats.line)
                expected[held.id, mode] = (seats.capacity, seats.taken, kept, *names)
        for session_id, mode, capacity, taken, kept in places:
            seated, offered, line = (
                by_place.get((session_id, mode, status), []) for status in ("confirmed", "offered", "waitlisted")
            )
            found[session_id, mode] = (capacity, taken, kept, sorted(seated), sorted(offered), line)
        assert found == expected

    async def _read(self) -> list[list[Any]]:
        async with self.world.pool.acquire() as conn:
            return [await conn.fetch(sql, self.edition_id) for sql in (PLACES, BOOKINGS, STRAY)]


def test_seats_are_given_once_and_in_order_whatever_is_done(world: World) -> None:
    run_state_machine_as_test(
        lambda: BookingsMachine(world),
        settings=hypothesis_settings(
            max_examples=40,
            stateful_step_count=30,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
