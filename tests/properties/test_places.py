"""Whatever people and staff do in whatever order: no place is given twice or left empty, and lines keep their order.

A machine does to Forum and to a model of a few lines what Hypothesis thinks of, and compares both after every step.
"""

import asyncio
from collections.abc import Coroutine
from itertools import count
from typing import Any, TypeVar, get_args
from uuid import UUID, uuid4

from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from msgspec import Struct

from forum.codes import Mode
from forum.editions.service import WrongStatus
from forum.errors import ForumError
from forum.permissions import Grant, Principal
from forum.registrations.desk import RegistrationDesk
from forum.registrations.service import (
    MOVES,
    AlreadyRegistered,
    Move,
    NoPlaceFree,
    create_registration,
    move_registration,
    switch_mode,
)
from forum.registrations.types import NewPerson, NewRegistration, Registration
from tests.factories import make_edition
from tests.properties.conftest import World

T = TypeVar("T")
EDITIONS = count(1)
NAMES = tuple("abcdefghij")
MODES: tuple[Mode, ...] = ("in_person", "online")
ACTIVE = ("submitted", "approved", "waitlisted")
NAME, MODE = st.sampled_from(NAMES), st.sampled_from(MODES)
CAPACITY = st.one_of(st.none(), st.integers(0, 5))
PEOPLE = st.lists(st.tuples(NAME, MODE), min_size=1, max_size=7)

STANDINGS = """
SELECT DISTINCT ON (p.email) split_part(p.email, '@', 1) AS name, r.id, r.status, r.mode, h.by_token
FROM registrations r JOIN persons p ON p.id = r.person_id
JOIN registration_transitions h ON h.edition_id = r.edition_id AND h.registration_id = r.id AND h.number = 1
WHERE r.edition_id = $1 ORDER BY p.email, r.status IN ('submitted', 'approved', 'waitlisted') DESC, r.id DESC
"""
LINES = """
SELECT r.mode, array_agg(split_part(p.email, '@', 1) ORDER BY r.waitlist_ticket) AS names
FROM registrations r JOIN persons p ON p.id = r.person_id
WHERE r.edition_id = $1 AND r.status = 'waitlisted' GROUP BY r.mode
"""
PLACES = """
SELECT l.mode, l.capacity, l.taken, l.kept_over_capacity,
       (SELECT count(*) FROM registrations r
        WHERE r.edition_id = $1 AND r.mode = l.mode AND r.status = 'approved') AS recount
FROM places l WHERE l.edition_id = $1
"""
BADGES = """
SELECT split_part(p.email, '@', 1) AS name FROM badges b
JOIN registrations r ON r.edition_id = b.edition_id AND r.id = b.registration_id JOIN persons p ON p.id = r.person_id
WHERE b.edition_id = $1 AND b.revoked_at IS NULL ORDER BY name
"""


class Standing(Struct):
    """Where somebody stands: in the model."""

    id: UUID
    status: str
    mode: Mode
    by_token: UUID


class PlacesMachine(RuleBasedStateMachine):
    """Forum's places of one edition, and what they should be."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.desk = RegistrationDesk()
        self.people: dict[str, Standing] = {}
        self.lines: dict[Mode, list[str]] = {mode: [] for mode in MODES}
        self.capacity: dict[Mode, int | None] = {}
        self.is_reviewed = False

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something in the world."""
        return self.world.runner.run(work)

    @initialize(hall=CAPACITY, online=CAPACITY, is_reviewed=st.booleans())
    def begin(self, hall: int | None, online: int | None, is_reviewed: bool) -> None:
        """A new edition."""
        self.capacity, self.is_reviewed = {"in_person": hall, "online": online}, is_reviewed
        self.slug = f"grf-{next(EDITIONS)}"
        approval = "review" if is_reviewed else "automatic"
        capacities = {"in_person_capacity": hall, "online_capacity": online}
        edition = self.run(make_edition(self.world.client, slug=self.slug, approval=approval, **capacities))
        self.edition_id = UUID(edition["id"])
        self.organizer = self.run(self.world.client.as_role("organizer", edition["id"]))
        grants = [Grant("registrar", self.edition_id, self.slug)]
        self.staff = Principal(uuid4(), "person", None, None, None, [], grants)
        self.machines = [
            Principal(uuid4(), "client", None, self.edition_id, self.slug, ["registrations:create"], [])
            for _ in range(2)
        ]

    def taken(self, mode: Mode) -> int:
        """How many have a place."""
        return sum(one.status == "approved" and one.mode == mode for one in self.people.values())

    def is_free(self, mode: Mode) -> bool:
        """Whether there is a place."""
        capacity = self.capacity[mode]
        return capacity is None or self.taken(mode) < capacity

    def place(self, name: str, mode: Mode) -> None:
        """Give a place, or a place in the line."""
        one = self.people[name]
        one.mode, one.status = mode, "approved" if self.is_free(mode) else "waitlisted"
        if one.status == "waitlisted":
            self.lines[mode].append(name)

    def leave(self, name: str, status: str) -> None:
        """Somebody gives back what they have."""
        one = self.people[name]
        if one.status == "waitlisted":
            self.lines[one.mode].remove(name)
        one.status = status

    def promote(self, mode: Mode) -> None:
        """Nobody waits while there is a place."""
        while self.lines[mode] and self.is_free(mode):
            self.people[self.lines[mode].pop(0)].status = "approved"

    @rule(names=st.lists(NAME, min_size=1, max_size=7), mode=MODE, who=st.integers(0, 2))
    def come_together(self, names: list[str], mode: Mode, who: int) -> None:
        """People stand in one line at once, some of them twice."""
        people = [(name, mode) for name in names]
        self.expect(people, self.run(self._ask(people, who)), who)

    async def _ask(self, people: list[tuple[str, Mode]], who: int) -> list[Any]:
        world = self.world
        requests = (
            self.desk.create_registration(world.pool, self.principal(n, who), self.edition_id, new, world.clock.now)
            for n, new in enumerate(map(_new, people))
        )
        return await asyncio.gather(*requests, return_exceptions=True)

    @rule(people=PEOPLE, who=st.integers(0, 2))
    def come_one_by_one(self, people: list[tuple[str, Mode]], who: int) -> None:
        """People ask one after the other, each in a transaction of their own."""
        answers: list[Any] = []
        for n, new in enumerate(map(_new, people)):
            answers.append(self.act(create_registration, self.principal(n, who), self.edition_id, new))
        self.expect(people, answers, who)

    def principal(self, number: int, who: int) -> Principal:
        """Who asks for the person of that number: staff, a machine, or another at each turn."""
        return [self.staff, self.machines[0], self.machines[number % 2]][who]

    def expect(self, people: list[tuple[str, Mode]], answers: list[Any], who: int) -> None:
        """Compare answers with what the model says, person by person, in the order in which they came."""
        for number, ((name, mode), answer) in enumerate(zip(people, answers, strict=True)):
            before = self.people.get(name)
            if before and before.status in ACTIVE:
                assert isinstance(answer, AlreadyRegistered), answer
                assert answer.id == before.id
                continue
            assert isinstance(answer, Registration), answer
            principal = self.principal(number, who)
            self.people[name] = Standing(answer.id, "submitted", mode, principal.token_id)
            if principal is self.staff or not self.is_reviewed:
                self.place(name, mode)
            line = self.lines[mode]
            position = line.index(name) + 1 if name in line else None
            assert (answer.status, answer.waitlist_position) == (self.people[name].status, position)

    def act(self, service: Any, *arguments: Any) -> Any:
        """Call a service in a transaction of its own; the error that a client would read is an answer."""

        async def call() -> Any:
            async with self.world.pool.acquire() as conn, conn.transaction():
                return await service(conn, *arguments, self.world.clock.now)

        try:
            return self.run(call())
        except ForumError as error:
            return error

    @rule(name=NAME, move=st.sampled_from(get_args(Move)))
    def move(self, name: str, move: Move) -> None:
        """Staff approves, declines, withdraws or revokes."""
        if (one := self.people.get(name)) is None:
            return
        answer = self.act(move_registration, self.staff, self.edition_id, one.id, move, None)
        sources, target = MOVES[move]
        if one.status not in sources:
            assert isinstance(answer, WrongStatus), answer
            return
        if move == "approve":
            self.place(name, one.mode)
        else:
            self.leave(name, target)
            self.promote(one.mode)
        assert answer.status == one.status

    @rule(name=NAME)
    def switch(self, name: str) -> None:
        """Somebody takes part the other way from now on."""
        if (one := self.people.get(name)) is None:
            return
        before, mode = one.mode, MODES[one.mode == "in_person"]
        answer = self.act(switch_mode, self.staff, self.edition_id, one.id, mode, None)
        if one.status not in ACTIVE:
            assert isinstance(answer, WrongStatus), answer
        elif one.status == "submitted":
            one.mode = mode
        elif not self.is_free(mode):
            assert isinstance(answer, NoPlaceFree), answer
        else:
            self.leave(name, "approved")
            one.mode = mode
            self.promote(before)

    @rule(mode=MODE, capacity=CAPACITY)
    def change_capacity(self, mode: Mode, capacity: int | None) -> None:
        """There are more places, or fewer: nobody who has one loses it."""
        answer = self.run(self.organizer.patch(f"/v1/editions/{self.slug}", {f"{mode}_capacity": capacity}))
        assert answer.status_code == 200
        self.capacity[mode] = capacity
        self.promote(mode)

    @invariant()
    def model_and_database_agree(self) -> None:
        """Every person, both lines, both counters and every badge."""
        standings, lines, places, badges = self.run(self._read())
        found = {row["name"]: Standing(row["id"], row["status"], row["mode"], row["by_token"]) for row in standings}
        assert found == self.people
        assert {mode: [] for mode in MODES} | {row["mode"]: row["names"] for row in lines} == self.lines
        for mode, capacity, taken, kept, recount in places:
            assert (mode, capacity, taken, taken) == (mode, self.capacity[mode], recount, self.taken(mode))
            assert kept == (0 if capacity is None else max(taken - capacity, 0))
            assert not (self.lines[mode] and self.is_free(mode))
        seated = {name for name, one in self.people.items() if (one.status, one.mode) == ("approved", "in_person")}
        assert [row["name"] for row in badges] == sorted(seated)

    async def _read(self) -> list[list[Any]]:
        async with self.world.pool.acquire() as conn:
            return [await conn.fetch(sql, self.edition_id) for sql in (STANDINGS, LINES, PLACES, BADGES)]


def _new(asked: tuple[str, Mode]) -> NewRegistration:
    name, mode = asked
    return NewRegistration(person=NewPerson("Probe", f"{name}@delegates.example"), category="ngo", mode=mode)


def test_places_are_given_once_and_in_order_whatever_is_done(world: World) -> None:
    run_state_machine_as_test(
        lambda: PlacesMachine(world),
        settings=hypothesis_settings(
            max_examples=50,
            stateful_step_count=20,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
