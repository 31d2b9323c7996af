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

from forum.codes import Mode
from forum.editions.service import WrongStatus
from forum.errors import ForumError
from forum.permissions import Grant, Principal
from forum.registrations.desk import RegistrationDesk
from forum.registrations.nomination_types import Replacement
from forum.registrations.nominations import replace_person
from forum.registrations.places import NoOffer
from forum.registrations.service import (
    MOVES,
    AlreadyRegistered,
    Move,
    NoPlaceFree,
    accept_offer,
    create_registration,
    decline_offer,
    erase_registration,
    lapse_offers,
    move_registration,
    switch_mode,
)
from forum.registrations.types import NewPerson, NewRegistration, Registration
from tests.factories import make_edition
from tests.properties.conftest import World
from tests.properties.model import ACTIVE, MODES, Model, Person

T = TypeVar("T")
EDITIONS = count(1)
NAMES = tuple("abcdefgh")
NAME, MODE = st.sampled_from(NAMES), st.sampled_from(MODES)
CAPACITY = st.one_of(st.none(), st.integers(0, 5))
ASKED = st.tuples(NAME, MODE, st.sampled_from(("ngo", "refugee_led")), st.booleans(), st.booleans())
"""Who asks: name, mode, category, whether of the delegation, and whether to take part online while waiting."""

STANDINGS = """
SELECT DISTINCT ON (p.email) split_part(p.email, '@', 1) AS name, r.id, h.by_token, r.category,
       r.delegation_id IS NOT NULL AS is_member, r.status, r.mode, r.waits_for,
       r.offer_expires_at IS NOT NULL AS is_offered
FROM registrations r JOIN persons p ON p.id = r.person_id
JOIN registration_transitions h ON h.edition_id = r.edition_id AND h.registration_id = r.id AND h.number = 1
WHERE r.edition_id = $1 AND r.status <> 'erased'
ORDER BY p.email, r.status IN ('submitted', 'approved', 'waitlisted') DESC, r.id DESC
"""
LINES = """
SELECT r.waits_for AS mode, array_agg(split_part(p.email, '@', 1) ORDER BY d.waitlist_position) AS names
FROM registrations r JOIN persons p ON p.id = r.person_id
JOIN registration_details d ON d.edition_id = r.edition_id AND d.id = r.id
WHERE r.edition_id = $1 AND d.waitlist_position IS NOT NULL GROUP BY r.waits_for
"""
PLACES = "SELECT mode, capacity, taken, held_back, kept_over_capacity FROM places WHERE edition_id = $1"
QUOTAS = "SELECT mode, quota, taken, kept_over_quota FROM quotas WHERE edition_id = $1"
BADGES = """
SELECT split_part(p.email, '@', 1) AS name FROM badges b
JOIN registrations r ON r.edition_id = b.edition_id AND r.id = b.registration_id JOIN persons p ON p.id = r.person_id
WHERE b.edition_id = $1 AND b.revoked_at IS NULL ORDER BY name
"""
Asked = tuple[str, Mode, str, bool, bool]


class PlacesMachine(RuleBasedStateMachine):
    """Forum's places of one edition, and what they should be."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.desk = RegistrationDesk()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something in the world."""
        return self.world.runner.run(work)

    @initialize(hall=CAPACITY, online=CAPACITY, is_reviewed=st.booleans(), offers=st.booleans())
    def begin(self, hall: int | None, online: int | None, is_reviewed: bool, offers: bool) -> None:
        """A new edition, with one delegation."""
        self.model = Model({"in_person": hall, "online": online}, is_reviewed=is_reviewed, offers=offers)
        self.slug = f"grf-{next(EDITIONS)}"
        edition = self.run(
            make_edition(
                self.world.client,
                slug=self.slug,
                in_person_capacity=hall,
                online_capacity=online,
                approval="review" if is_reviewed else "automatic",
                promotion="offer" if offers else "automatic",
                priority_classes=[["refugee_led"]],
            )
        )
        self.edition_id = UUID(edition["id"])
        self.organizer = self.run(self.world.client.as_role("organizer", edition["id"]))
        self.delegation = self.run(self._make_delegation())
        grants = [Grant("registrar", self.edition_id, self.slug)]
        self.staff = Principal(uuid4(), "person", None, None, None, [], grants)
        self.machines = [
            Principal(uuid4(), "client", None, self.edition_id, self.slug, ["registrations:create"], [])
            for _ in range(2)
        ]
        self.reserve: dict[str, Any] | None = None

    async def _make_delegation(self) -> UUID:
        fields = {"name": f"Entity of {self.slug}", "category": "ngo"}
        entity = (await self.organizer.post("/v1/entities", fields)).json()
        made = await self.organizer.post(f"/v1/editions/{self.slug}/delegations", {"entity": entity["id"]})
        return UUID(made.json()["id"])

    @rule(people=st.lists(ASKED, min_size=1, max_size=7), mode=MODE, who=st.integers(0, 2))
    def come_together(self, people: list[Asked], mode: Mode, who: int) -> None:
        """People stand in one line at once, some of them twice."""
        together = [(name, mode, *rest) for name, _, *rest in people]
        self.expect(together, self.run(self._ask(together, who)), who)

    async def _ask(self, people: list[Any], who: int) -> list[Any]:
        world = self.world
        requests = (
            self.desk.create_registration(world.pool, self.principal(n, who), self.edition_id, new, world.clock.now)
            for n, new in enumerate(map(self._new, people))
        )
        return await asyncio.gather(*requests, return_exceptions=True)

    @rule(people=st.lists(ASKED, min_size=1, max_size=7), who=st.integers(0, 2))
    def come_one_by_one(self, people: list[Asked], who: int) -> None:
        """People ask one after the other, each in a transaction of their own."""
        answers: list[Any] = []
        for n, new in enumerate(map(self._new, people)):
            answers.append(self.act(create_registration, self.principal(n, who), self.edition_id, new))
        self.expect(people, answers, who)

    def _new(self, asked: Asked) -> NewRegistration:
        name, mode, category, is_member, online_while_waiting = asked
        return NewRegistration(
            person=NewPerson("Probe", f"{name}@delegates.example"),
            category=category,
            mode=mode,
            delegation=self.delegation if is_member else None,
            online_while_waiting=online_while_waiting,
        )

    def principal(self, number: int, who: int) -> Principal:
        """Who asks for the person of that number: staff, a machine, or another at each turn."""
        return [self.staff, self.machines[0], self.machines[number % 2]][who]

    def expect(self, people: list[Any], answers: list[Any], who: int) -> None:
        """Compare answers with what the model says, person by person, in the order in which they came."""
        placed = []
        for number, (asked, answer) in enumerate(zip(people, answers, strict=True)):
            name, mode, category, is_member, meanwhile = asked
            before = self.model.people.get(name)
            if before and before.status in ACTIVE:
                assert isinstance(answer, AlreadyRegistered), answer
                assert answer.id == before.id
                continue
            assert isinstance(answer, Registration), answer
            principal = self.principal(number, who)
            one = Person(answer.id, principal.token_id, category, is_member, "submitted", mode)
            one.online_while_waiting = meanwhile
            self.model.people[name] = one
            if principal is self.staff or not self.model.is_reviewed:
                self.model.place(one)
            placed.append((answer, one))
        for answer, one in placed:
            assert (answer.status, answer.mode, answer.waits_for) == (one.status, one.mode, one.waits_for)

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
        if (one := self.model.people.get(name)) is None:
            return
        answer = self.act(move_registration, self.staff, self.edition_id, one.id, move, None)
        sources, target = MOVES[move]
        if one.status not in sources:
            assert isinstance(answer, WrongStatus), answer
            return
        if move == "approve":
            self.model.place(one)
        else:
            self.model.leave(one, target)
            self.model.promote()
        assert answer.status == one.status

    @rule(name=NAME)
    def erase(self, name: str) -> None:
        """Nothing is known any more of somebody, whatever they had; what they leave goes to the next in line."""
        if (one := self.model.people.pop(name, None)) is None:
            return
        answer = self.act(erase_registration, self.staff, self.edition_id, one.id)
        assert not isinstance(answer, ForumError), answer
        self.model.leave(one, "erased")
        self.model.promote()

    @rule(name=NAME, mode=MODE)
    def switch(self, name: str, mode: Mode) -> None:
        """Somebody takes part that way from now on, or waits for it, or no longer waits for the other."""
        if (one := self.model.people.get(name)) is None:
            return
        answer = self.act(switch_mode, self.staff, self.edition_id, one.id, mode, None)
        if one.status not in ACTIVE:
            assert isinstance(answer, WrongStatus), answer
        elif one.status == "submitted":
            one.mode = mode
        elif one.mode == mode:
            if one.status == "approved":
                self.model.leave(one, "approved")
                self.model.promote()
        elif (one.waits_for == mode and one.is_offered) or self.model.has_room(one, mode):
            self.model.seat(one, mode)
            self.model.promote()
        elif one.status == "waitlisted":
            assert isinstance(answer, NoPlaceFree), answer
        elif one.waits_for is None:
            self.model.wait(one, mode)

    @rule(name=NAME, accepts=st.booleans())
    def answer_offer(self, name: str, accepts: bool) -> None:
        """Somebody takes the place that is held for them, or leaves it."""
        if (one := self.model.people.get(name)) is None:
            return
        answer = self.act(accept_offer if accepts else decline_offer, self.staff, self.edition_id, one.id)
        if not one.is_offered:
            assert isinstance(answer, NoOffer), answer
            return
        if accepts:
            assert one.waits_for
            self.model.seat(one, one.waits_for)
        else:
            self.model.give_up_offer(one)
        self.model.promote()

    @rule()
    def let_offers_expire(self) -> None:
        """Nobody answers for two days."""
        self.world.clock.forward(hours=48)
        self.act(lapse_offers)
        self.model.lapse()

    @rule(mode=MODE, capacity=CAPACITY)
    def change_capacity(self, mode: Mode, capacity: int | None) -> None:
        """There are more places, or fewer: nobody who has one loses it."""
        answer = self.run(self.organizer.patch(f"/v1/editions/{self.slug}", {f"{mode}_capacity": capacity}))
        assert answer.status_code == 200
        self.model.capacity[mode] = capacity
        self.model.promote()

    @rule(mode=MODE, quota=CAPACITY)
    def change_quota(self, mode: Mode, quota: int | None) -> None:
        """The delegation may have more people, or fewer: nobody who has a place loses it."""
        path = f"/v1/editions/{self.slug}/delegations/{self.delegation}"
        assert self.run(self.organizer.patch(path, {f"{mode}_quota": quota})).status_code == 200
        self.model.quota[mode] = quota
        self.model.promote()

    @rule(name=NAME, other=NAME, mode=MODE, category=st.sampled_from(("ngo", "refugee_led")))
    def replace(self, name: str, other: str, mode: Mode, category: str) -> None:
        """One of the delegation leaves for another, who has what they had."""
        one, there = self.model.people.get(name), self.model.people.get(other)
        if one is None or not one.is_member:
            return
        nominate = self._new((other, mode, category, True, False))
        wanted = Replacement(one.id, nominate)
        answer = self.act(replace_person, self.staff, self.edition_id, self.delegation, wanted)
        if one.status not in ACTIVE:
            assert isinstance(answer, WrongStatus), answer
            return
        if other != name and there and there.status in ACTIVE:
            assert isinstance(answer, AlreadyRegistered), answer
            return
        self.model.leave(one, "withdrawn")
        nominated = Person(answer.nominated.id, self.staff.token_id, category, True, "submitted", mode)
        self.model.people[other] = nominated
        self.model.place(nominated)
        self.model.promote()

    @rule(places=st.integers(0, 4))
    def change_reserve(self, places: int) -> None:
        """More or fewer places of the hall are for one category, or none: those that others have cannot be."""
        taken, capacity = self.model.taken("in_person"), self.model.capacity["in_person"]
        before, held_before = self.model.reserved, self.model.held_back("in_person")
        url = f"/v1/editions/{self.slug}/reserves"
        self.model.reserved = places
        held = self.model.held_back("in_person")
        is_refused = capacity is not None and held > held_before and taken + held > capacity
        if self.reserve is None and places:
            fields = {"mode": "in_person", "category": "refugee_led", "places": places}
            answer = self.run(self.organizer.post(url, fields))
        elif self.reserve and places:
            answer = self.run(self.organizer.patch(f"{url}/{self.reserve['id']}", {"places": places}))
        elif self.reserve:
            answer = self.run(self.organizer.post(f"{url}/{self.reserve['id']}/release"))
        else:
            return
        assert (answer.status_code == 409) == is_refused, answer.text
        if is_refused:
            self.model.reserved = before
        else:
            self.reserve = answer.json() if places else None
            self.model.promote()

    @invariant()
    def model_and_database_agree(self) -> None:
        """Every person, both lines, every counter and every badge."""
        model = self.model
        standings, lines, places, quotas, badges = self.run(self._read())
        known = [row for row in standings if row["name"] in model.people or row["status"] in ACTIVE]
        found = {row["name"]: tuple(row)[1:] for row in known}  # who was erased may have left before, under that name
        assert found == {name: one.standing for name, one in model.people.items()}
        told = {mode: list[str]() for mode in MODES} | {row["mode"]: row["names"] for row in lines}
        assert told == {mode: model.line(mode) for mode in MODES}
        for mode, capacity, taken, held_back, kept in places:
            assert (capacity, taken, held_back) == (model.capacity[mode], model.taken(mode), model.held_back(mode))
            assert kept == (0 if capacity is None else max(taken + held_back - capacity, 0))
        for mode, quota, taken, kept in quotas:
            assert (quota, taken) == (model.quota[mode], model.members(mode))
            assert kept == (0 if quota is None else max(taken - quota, 0))
        seated = {name for name, one in model.people.items() if (one.status, one.mode) == ("approved", "in_person")}
        assert [row["name"] for row in badges] == sorted(seated)

    async def _read(self) -> list[list[Any]]:
        async with self.world.pool.acquire() as conn:
            statements = (STANDINGS, LINES, PLACES, QUOTAS, BADGES)
            return [await conn.fetch(sql, self.edition_id) for sql in statements]


def test_places_are_given_once_and_in_order_whatever_is_done(world: World) -> None:
    run_state_machine_as_test(
        lambda: PlacesMachine(world),
        settings=hypothesis_settings(
            max_examples=60,
            stateful_step_count=20,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
