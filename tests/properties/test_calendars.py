"""Whatever is done to the programme and to people, and however the mails go out: every calendar shows what is true.

A machine does to Forum what Hypothesis thinks of: it changes, publishes and restores, plans mails now or later, and
sends them to a mail server that defers some and is lost after others. Then each person's calendar, which reads their
mails in the order in which they came, is compared with the rows.
"""

import os
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any, TypeVar, cast
from uuid import UUID, uuid4

import pytest
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as Conversation
from asyncpg import IntegrityConstraintViolationError
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from forum import outbox
from forum.bookings.moves import cancel_booking
from forum.bookings.service import create_booking
from forum.bookings.types import NewBooking
from forum.clock import system_clock
from forum.codes import Mode
from forum.errors import ForumError
from forum.http import IfMatch
from forum.permissions import Grant, Principal
from forum.programme.releases import publish_programme
from forum.programme.service import create_room, create_session, move_session, update_session
from forum.programme.types import NewRoom, NewSession, SessionPatch
from forum.registrations.service import create_registration, move_registration, switch_mode
from forum.registrations.types import NewPerson, NewRegistration
from forum.revisions.service import revise_edition
from forum.revisions.types import NewRevision
from forum.settings import Settings
from forum.speakers.appearance_types import NewAppearance
from forum.speakers.service import create_appearance, create_speaker, move_appearance, update_speaker
from forum.speakers.types import NewSpeaker, SpeakerPatch
from tests.factories import make_edition
from tests.mailboxes import Mailbox
from tests.post import Post, post_office
from tests.properties.conftest import World
from tests.properties.truth import read_sequences, read_truth
from tests.sinks import Sink
from workers.jobs import invite_edition, invite_registration, invite_speaker, send_messages

T = TypeVar("T")
EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "15"))
EDITIONS = count(1)
NAMES, SPEAKERS, ROOMS = "abc", "abcd", 2
"""Who may register; who may speak: one of them is never anything else."""
SPEAKER = st.sampled_from(SPEAKERS)
NAME, PICK = st.sampled_from(NAMES), st.integers(0, 99)
MODE = st.sampled_from(("in_person", "online"))
SESSION_MODE = st.sampled_from(("hybrid", "hybrid", "in_person", "online"))
ACCESS = st.sampled_from(("registered", "registered", "booking", "media"))
ROOM = st.sampled_from((None, *range(ROOMS)))
SLOT = st.tuples(st.sampled_from((0, 1)), st.sampled_from(("08", "09", "12")), st.sampled_from((1, 2)))
FATES = st.dictionaries(SPEAKER, st.sampled_from(("deferred", "paused", "lost")), max_size=2)
MOST_DEFERRALS = 4
"""A mail that is deferred too often is given up, and what it says is then not in the calendar."""
BEGINNING = datetime(2023, 11, 1, 9, tzinfo=UTC)
FORGOTTEN = ("DELETE FROM messages", "DELETE FROM outbox", "DELETE FROM mail_domains")
"""What an example that failed leaves is no matter to the next."""
PAUSE_OVER = (
    "UPDATE messages SET next_try_at = now() - interval '1 s' WHERE status = 'queued'",
    "UPDATE mail_domains SET paused_until = now() - interval '1 s'",
)


class Unreliable(Sink):
    """Defers mails for some addresses, and is lost after it took those for others."""

    def __init__(self) -> None:
        super().__init__()
        self.lost: set[str] = set()

    async def handle_DATA(self, server: SMTP, session: Conversation, envelope: Envelope) -> str:
        """Take a mail."""
        answer = await super().handle_DATA(server, session, envelope)
        if envelope.rcpt_tos[0] in self.lost and server.transport is not None:
            server.transport.abort()
        return answer


class Office:
    """Where the machines work: the application, a worker without its loop, and a mail server."""

    def __init__(self, world: World, post: Post, settings: Settings) -> None:
        self.world, self.post, self.settings = world, post, settings
        self.server = cast("Unreliable", post.server)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something in the world."""
        return self.world.runner.run(work)


@pytest.fixture
def office(world: World, settings: Settings) -> Iterator[Office]:
    """The worker's means on this test's database."""
    stack = AsyncExitStack()
    post = world.runner.run(stack.enter_async_context(post_office(world.pool, settings, world.clock, Unreliable(), 3)))
    yield Office(world, post, settings)
    world.runner.run(stack.aclose())


def slot(first: date, value: tuple[int, str, int]) -> dict[str, Any]:
    """Times of a session: the day, counted from the first, then the hour and how long."""
    day, hour, hours = value
    start = datetime(first.year, first.month, first.day + day, int(hour), tzinfo=UTC)
    return {"starts_at": start, "ends_at": start + timedelta(hours=hours), "held_on": None}


class CalendarsMachine(RuleBasedStateMachine):
    """An edition, its people, and their calendars."""

    def __init__(self, office: Office) -> None:
        super().__init__()
        self.office, self.clock = office, office.world.clock
        self.people: dict[str, tuple[UUID, Mode]] = {}
        self.sessions: list[UUID] = []
        self.bookings: dict[tuple[str, UUID], UUID] = {}
        self.appearances: dict[tuple[str, UUID], UUID] = {}
        self.deferrals = 0
        self.first = date(2023, 12, 13)

    def act(self, service: Any, *arguments: Any, timed: bool = True) -> Any:
        """Call a service in a transaction of its own, a while later; what it refuses is no matter."""

        async def call() -> Any:
            async with self.office.world.pool.acquire() as conn, conn.transaction():
                return await service(conn, *arguments, *([self.clock.now] if timed else []))

        try:
            return self.office.run(call())
        except (ForumError, IntegrityConstraintViolationError):
            return None

    @initialize(is_told=st.booleans(), first=ACCESS, is_of_speakers=st.booleans())
    def begin(self, is_told: bool, first: str, is_of_speakers: bool) -> None:
        """A new edition with a room or two, a session for everybody and one to be booked."""
        self.is_of_speakers = is_of_speakers
        slug = f"grf-{next(EDITIONS)}"
        self.clock.now = BEGINNING
        for statement in FORGOTTEN:
            self.query(statement)
        edition = self.office.run(make_edition(self.office.world.client, slug=slug, in_person_capacity=None))
        self.edition_id, self.domain = UUID(edition["id"]), f"{slug}.example"
        grants = [Grant("organizer", self.edition_id, slug)]
        self.staff = Principal(uuid4(), "person", None, None, None, [], grants)
        self.rooms = [self.act(create_room, self.edition_id, NewRoom(name=f"Room {n}")).id for n in range(ROOMS)]
        speakers = [NewSpeaker(display_name=name, email=self.address(name)) for name in SPEAKERS]
        made = [self.act(create_speaker, self.staff, self.edition_id, speaker) for speaker in speakers]
        self.speakers = {name: speaker.id for name, speaker in zip(SPEAKERS, made, strict=True)}
        self.boxes = {self.address(name): Mailbox(self.address(name)) for name in SPEAKERS}
        self.taken = len(self.office.server.taken)
        for access, hour in ((first, "08"), ("booking", "09")):
            self.hold(access, "hybrid", 0, (0, hour, 1))
        self.register("a", "in_person")
        self.register("b", "online")
        if is_told:
            self.publish()
            self.settle()

    def address(self, name: str) -> str:
        """Whose mail server is their own, so that what it says concerns nobody else."""
        return f"{name}@{name}.{self.domain}"

    def pick(self, number: int) -> UUID:
        """One of the sessions."""
        return self.sessions[number % len(self.sessions)]

    @rule(access=ACCESS, mode=SESSION_MODE, room=ROOM, at=SLOT)
    def hold(self, access: str, mode: str, room: int | None, at: tuple[int, str, int]) -> None:
        """A session comes to the programme."""
        if len(self.sessions) < 5:
            place = {"room": None if room is None else self.rooms[room]}
            new = NewSession(
                title={"en": "Session"}, type="plenary", mode=mode, access=access, **place, **slot(self.first, at)
            )  # type: ignore[arg-type]
            made = self.act(create_session, self.edition_id, new)
            assert made
            self.act(move_session, self.edition_id, made.id, "confirm")
            self.sessions.append(made.id)

    def change(self, number: int, publish: bool, **fields: Any) -> None:
        """Change a session; readers see it now or later."""
        self.act(update_session, self.edition_id, self.pick(number), SessionPatch(**fields), IfMatch(None))
        if publish:
            self.publish()

    @rule(number=PICK, at=SLOT, publish=st.booleans())
    def move(self, number: int, at: tuple[int, str, int], publish: bool) -> None:
        """Other times."""
        self.change(number, publish, **slot(self.first, at))

    @rule(number=PICK, is_day_known=st.booleans())
    def loosen(self, number: int, is_day_known: bool) -> None:
        """No time is known any more, or the day only."""
        self.change(number, True, starts_at=None, ends_at=None, held_on=self.first if is_day_known else None)

    @rule(number=PICK, room=ROOM, publish=st.booleans())
    def change_room(self, number: int, room: int | None, publish: bool) -> None:
        """Another room, or none."""
        self.change(number, publish, room=None if room is None else self.rooms[room])

    @rule(number=PICK, mode=SESSION_MODE, publish=st.booleans())
    def change_mode(self, number: int, mode: str, publish: bool) -> None:
        """It is held in another way."""
        self.change(number, publish, mode=mode)

    @rule(number=PICK, access=ACCESS, publish=st.booleans())
    def change_access(self, number: int, access: str, publish: bool) -> None:
        """It is for others."""
        self.change(number, publish, access=access)

    @rule(number=PICK, title=st.sampled_from(("Session", "Another")), publish=st.booleans())
    def retitle(self, number: int, title: str, publish: bool) -> None:
        """It is called something else, which is no news."""
        self.change(number, publish, title={"en": title})

    @rule(number=PICK, what=st.sampled_from(("cancel", "confirm", "confirm")))
    def call_off(self, number: int, what: str) -> None:
        """It is cancelled, or held after all."""
        self.act(move_session, self.edition_id, self.pick(number), what)

    @rule(name=NAME, mode=MODE)
    def register(self, name: str, mode: Mode) -> None:
        """Somebody comes, or comes again."""
        if name not in self.people:
            person = NewPerson("Probe", self.address(name))
            new = NewRegistration(person=person, category="ngo", mode=mode)
            self.people[name] = self.act(create_registration, self.staff, self.edition_id, new).id, mode
            self.identify(name, name)

    @rule(name=NAME, what=st.sampled_from(("withdraw", "revoke")), again=st.booleans())
    def leave(self, name: str, what: str, again: bool) -> None:
        """Somebody does not come after all; or comes another way, by another registration."""
        if one := self.people.pop(name, None):
            self.act(move_registration, self.staff, self.edition_id, one[0], what, None)
            if again:
                self.tick(1)
                self.register(name, one[1])

    @rule(name=NAME)
    def switch(self, name: str) -> None:
        """Somebody takes part the other way from now on."""
        if one := self.people.get(name):
            mode: Mode = "online" if one[1] == "in_person" else "in_person"
            self.act(switch_mode, self.staff, self.edition_id, one[0], mode, None)
            self.people[name] = one[0], mode

    @rule(name=NAME, number=PICK)
    def book(self, name: str, number: int) -> None:
        """Somebody takes a place, or gives it back."""
        session, one = self.pick(number), self.people.get(name)
        if one and (booking := self.bookings.pop((name, session), None)):
            self.act(cancel_booking, self.staff, self.edition_id, session, booking, None)
        elif one and (
            made := self.act(create_booking, self.staff, self.edition_id, session, NewBooking(registration=one[0]))
        ):
            self.bookings[name, session] = made.id

    @rule(name=SPEAKER, number=PICK, what=st.sampled_from(("confirm", "confirm", "decline", "withdraw")))
    def appear(self, name: str, number: int, what: str) -> None:
        """Somebody comes to speak, or does not."""
        key = name, self.pick(number)
        if key not in self.appearances:
            new = NewAppearance(speaker=self.speakers[name], role="panellist")
            self.appearances[key] = self.act(create_appearance, self.edition_id, key[1], new).id
        self.act(move_appearance, self.edition_id, key[1], self.appearances[key], what)

    @rule(name=SPEAKER, holder=st.one_of(NAME, st.none()))
    def identify(self, name: str, holder: str | None) -> None:
        """A speaker turns out to be somebody who is registered, or not to be."""
        one = self.people.get(holder or "")
        patch = SpeakerPatch(registration=one[0] if one else None)
        self.act(update_speaker, self.staff, self.edition_id, self.speakers[name], patch, IfMatch(None))

    @rule(name=SPEAKER, reader=st.one_of(SPEAKER, st.none()))
    def readdress(self, name: str, reader: str | None) -> None:
        """A speaker is written to elsewhere: with somebody else, or nowhere but where they are registered."""
        patch = SpeakerPatch(email=self.address(reader) if reader else None)
        self.act(update_speaker, self.staff, self.edition_id, self.speakers[name], patch, IfMatch(None))

    @rule()
    def publish(self, restored: int | None = None) -> None:
        """Readers see what the staff has."""

        async def release(conn: Any, now: Any) -> Any:
            return await publish_programme(conn, self.edition_id, self.staff.token_id, None, False, now, restored)

        self.act(release)

    @rule(number=st.integers(1, 4))
    def restore(self, number: int) -> None:
        """Readers see what they saw before."""
        self.publish(number)

    @rule(days=st.sampled_from((0, 7, 110)), zone=st.sampled_from(("Europe/Zurich", "America/New_York")))
    def revise(self, days: int, zone: str) -> None:
        """The edition moves by days, or to other clocks."""
        first = date(2023, 12, 13) + timedelta(days=days)
        new = NewRevision(starts_on=first, ends_on=first + timedelta(days=2), timezone=zone, reason={"en": "Why"})
        if self.act(revise_edition, self.staff, self.edition_id, new, False):
            self.first = first

    @rule(seconds=st.sampled_from((1, 60)))
    def tick(self, seconds: int) -> None:
        """Time goes by."""
        self.clock.forward(seconds=seconds)

    @rule(backwards=st.booleans(), alone=st.booleans())
    def plan(self, backwards: bool, alone: bool) -> None:
        """Workers plan what waits to be planned, at once or one by one, in whichever order."""
        ctx = {"office": self.office.post.office, "job_id": "test"}
        jobs = [("invite_registration", invite_registration), ("invite_speaker", invite_speaker)]
        for kind, job in (("invite_edition", invite_edition), *(jobs[::-1] if backwards else jobs)):
            ids = self.waiting(kind)
            for some in [[one] for one in ids] if alone else [ids]:
                self.office.run(job(ctx, some[::-1] if backwards else some))

    def waiting(self, kind: str) -> list[int]:
        """The jobs of a kind that are not done."""
        found = self.query("SELECT id FROM outbox WHERE kind = $1 AND done_at IS NULL ORDER BY id", kind)
        return [row[0] for row in found]

    @rule()
    def batch(self) -> None:
        """What is due is handed out: it cannot be collapsed any more."""

        async def work(conn: Any) -> None:
            await outbox.batch_messages(conn, system_clock())

        self.act(work, timed=False)

    @rule(fates=FATES)
    def send(self, fates: dict[str, str]) -> None:
        """Workers send what was handed out."""
        self.deferrals += len(fates)
        fates = fates if self.deferrals <= MOST_DEFERRALS else {}
        server = self.office.server
        said = {"deferred": "451 4.3.0 not now", "paused": "421 4.7.0 too many"}
        server.answers = {self.address(name): said[fate] for name, fate in fates.items() if fate in said}
        server.lost = {self.address(name) for name, fate in fates.items() if fate == "lost"}
        ctx = {"office": self.office.post.office, "job_id": "test"}
        for job in self.waiting("send_messages"):
            self.office.run(send_messages(ctx, [job]))
        server.answers, server.lost = {}, set()

    @rule(fates=FATES, backwards=st.booleans())
    def work(self, fates: dict[str, str], backwards: bool) -> None:
        """All that workers do, once."""
        self.plan(backwards, False)
        self.batch()
        self.send(fates)

    @rule()
    def wait(self) -> None:
        """The pauses of what was deferred are over."""
        for statement in PAUSE_OVER:
            self.query(statement)

    def query(self, statement: str, *arguments: Any) -> list[Any]:
        """Ask the database."""

        async def ask() -> list[Any]:
            async with self.office.world.pool.acquire() as conn:
                return await conn.fetch(statement, *arguments)

        return self.office.run(ask())

    @rule()
    def settle(self) -> None:
        """Everything goes out, and calendars show what is true."""
        unsettled = "SELECT 1 FROM messages WHERE status IN ('queued', 'sending') LIMIT 1"
        self.plan(False, False)
        while self.query(unsettled):
            self.wait()
            self.batch()
            self.send({})
        for recipient, content in self.office.server.taken[self.taken :]:
            self.boxes[recipient].receive(content)
        self.taken = len(self.office.server.taken)
        shown = {address: box.entries() for address, box in self.boxes.items()}
        faults = [fault for box in self.boxes.values() for fault in box.faults]
        assert not faults, "\n".join(faults)
        assert shown == {address: {} for address in shown} | self.read(read_truth)
        sequences = self.read(read_sequences)
        assert all(held.sequence <= sequences[uid] for box in self.boxes.values() for uid, held in box.held.items())
        assert self.query("SELECT kind, last_error FROM messages WHERE status NOT IN ('sent', 'superseded')") == []

    def read(self, what: Any) -> Any:
        """What the rows say."""

        async def work() -> Any:
            async with self.office.world.pool.acquire() as conn:
                return await what(conn, self.edition_id, self.office.settings.calendar_domain)

        return self.office.run(work())

    def teardown(self) -> None:
        """However it came about; and once more after each of the changes that matter most, as chance may miss them."""
        if hasattr(self, "boxes"):
            self.settle()
            for change in self.changes_of_speakers() if self.is_of_speakers else self.changes_of_programme():
                change()
                self.settle()

    def changes_of_programme(self) -> Iterator[Callable[[], None]]:
        """What befalls everybody."""
        yield self.publish
        yield lambda: self.restore(1)
        yield lambda: self.switch("a")
        yield lambda: self.change_room(0, 1, True)
        yield lambda: self.change_room(0, 0, True)
        yield lambda: self.loosen(0, False)

    def changes_of_speakers(self) -> Iterator[Callable[[], None]]:
        """Who speaks is read elsewhere, comes and goes; and two sessions move while mails of them are under way."""
        for number, mode in ((0, "in_person"), (1, "hybrid")):
            self.call_off(number, "confirm")
            self.change(number, False, access="media", mode=mode, **slot(self.first, (number, "12", 1)))
        for name in SPEAKERS:
            self.identify(name, name)
            self.readdress(name, name)
            self.appear(name, 0, "confirm")
        self.appear("a", 1, "confirm")
        yield self.publish
        yield lambda: self.readdress("d", "c")
        yield lambda: self.register("c", "online")
        yield lambda: self.leave("c", "withdraw", True)
        yield self.move_two
        yield lambda: self.change_mode(0, "online", True)
        yield lambda: self.identify("a", None)
        yield lambda: self.appear("a", 0, "withdraw")

    def move_two(self) -> None:
        """Two move; one moves on, back or is called off while the mail of it is under way or lost."""
        self.move(0, (0, "08", 2), False)
        self.move(1, (1, "08", 2), True)
        self.plan(False, False)
        self.batch()
        self.move(0, (1, "12", 1), False)
        self.call_off(1, "cancel")
        self.publish()
        self.plan(False, False)
        self.batch()
        self.send({"a": "lost"})


def test_every_calendar_shows_what_is_true_whatever_is_done(office: Office) -> None:
    run_state_machine_as_test(
        lambda: CalendarsMachine(office),
        settings=hypothesis_settings(
            max_examples=EXAMPLES,
            stateful_step_count=20,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
