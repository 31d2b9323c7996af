"""The last place, wanted by many at once: two applications on one database, each with a pool of its own."""

import asyncio
import itertools
from collections import Counter
from typing import Any, Literal, get_args
from uuid import UUID, uuid4

import asyncpg
import httpx
import msgspec
import pytest

from forum.db import Connection, Pool
from forum.permissions import Principal
from forum.registrations import queries
from forum.registrations.admission import Answer, Asked, register
from forum.registrations.types import NewRegistration, Places
from tests.client import Client
from tests.factories import REGISTRATIONS, make_edition, registration_fields

PEOPLE, SEATS = 200, 30
Path = Literal["together", "alone", "mixed"]
PATHS = pytest.mark.parametrize("path", get_args(Path))
"""The two ways of being registered: with all others who come, or alone, as a request with an `Idempotency-Key` is."""


async def frontends(client: Client, twin: Client, **changes: Any) -> list[Client]:
    """The same trusted frontend, speaking to both applications."""
    edition = await make_edition(client, **changes)
    frontend = await client.as_client(edition["id"], "registrations:create")
    return [frontend, twin.with_token(frontend.token)]


def headers(path: Path, number: int) -> dict[str, str]:
    """What has the request with this number go that way."""
    is_alone = path == "alone" or (path == "mixed" and number % 3 == 0)
    return {"Idempotency-Key": f"request-{number}"} if is_alone else {}


async def ask_all(callers: list[Client], people: int, path: Path) -> list[httpx.Response]:
    """Everybody asks for the hall at once."""
    return await asyncio.gather(
        *(
            callers[n % 2].post(REGISTRATIONS, registration_fields(f"p{n}@delegates.example"), headers=headers(path, n))
            for n in range(people)
        )
    )


def outcome(answers: list[httpx.Response]) -> tuple[Counter[int], Counter[str], list[int]]:
    """Statuses of the answers and of the registrations, and the positions of those who wait."""
    bodies = [answer.json() for answer in answers if answer.status_code == 201]
    positions = sorted(body["waitlist_position"] for body in bodies if body["status"] == "waitlisted")
    return Counter(a.status_code for a in answers), Counter(body["status"] for body in bodies), positions


EXACT = (
    Counter({201: PEOPLE}),
    Counter({"approved": SEATS, "waitlisted": PEOPLE - SEATS}),
    list(range(1, PEOPLE - SEATS + 1)),
)


async def recount(conn: Connection) -> tuple[int, int, int]:
    """Places taken by the counter, by the registrations, and by the live badges."""
    row = await conn.fetchrow(
        "SELECT (SELECT taken FROM places WHERE mode = 'in_person'),"
        " (SELECT count(*) FROM registrations WHERE status = 'approved' AND mode = 'in_person'),"
        " (SELECT count(*) FROM badges WHERE revoked_at IS NULL)"
    )
    assert row is not None
    return row[0], row[1], row[2]


@PATHS
async def test_last_places_go_to_exactly_as_many_as_there_are(
    client: Client, twin: Client, conn: Connection, path: Path
) -> None:
    callers = await frontends(client, twin, in_person_capacity=SEATS)

    answers = await ask_all(callers, PEOPLE, path)

    assert outcome(answers) == EXACT
    assert await recount(conn) == (SEATS, SEATS, SEATS)
    transactions = await conn.fetchval("SELECT count(DISTINCT xmin::text) FROM registrations")
    assert (transactions == PEOPLE) if path == "alone" else (transactions < PEOPLE)


@pytest.fixture
def unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock on the places is taken out, and the first two who read them have both read before either goes on."""
    read_places, both_have_read, reads = queries.lock_places, asyncio.Barrier(2), itertools.count(1)

    async def read_without_lock(*args: Any) -> list[Places]:
        places = await read_places(*args)
        if next(reads) <= 2:
            async with asyncio.timeout(10):  # with the lock, the second never reads
                await both_have_read.wait()
        return places

    monkeypatch.setitem(queries._SQL, "lock_places", queries._SQL["lock_places"].replace("FOR UPDATE OF p", ""))
    monkeypatch.setattr(queries, "lock_places", read_without_lock)


@pytest.mark.usefixtures("unlocked")
async def test_race_is_caught_by_the_constraint_when_the_lock_is_taken_out(
    client: Client, twin: Client, conn: Connection
) -> None:
    callers = await frontends(client, twin, in_person_capacity=1)

    answers = await ask_all(callers, 2, "alone")

    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert await recount(conn) == (1, 1, 1)


BLOCKED = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"


async def until_blocked(conn: Connection) -> None:
    """Wait until some transaction of this database waits for another."""
    async with asyncio.timeout(20):
        while not await conn.fetchval(BLOCKED):  # noqa: ASYNC110 - what is awaited happens in the database
            await asyncio.sleep(0.005)


@pytest.mark.usefixtures("unlocked")
async def test_race_of_two_batches_is_caught_by_the_constraint_when_the_lock_is_taken_out(
    client: Client, pool: Pool, conn: Connection
) -> None:
    edition_id = UUID((await make_edition(client, in_person_capacity=SEATS))["id"])
    frontend = Principal(uuid4(), "client", None, edition_id, "grf-2023", ["registrations:create"], [])

    async def register_batch(batch: int) -> list[Answer]:
        people = [registration_fields(f"p{batch}-{n}@delegates.example") for n in range(SEATS)]
        asked = [
            Asked(uuid4(), frontend, "client", msgspec.convert(fields, NewRegistration), client.clock())
            for fields in people
        ]
        async with pool.acquire() as own, own.transaction():
            answers = await register(own, edition_id, "in_person", asked)
            await until_blocked(conn)  # the other has dealt the same places, and waits to count them
            return answers

    outcomes = await asyncio.gather(register_batch(1), register_batch(2), return_exceptions=True)

    [caught] = [outcome for outcome in outcomes if isinstance(outcome, asyncpg.CheckViolationError)]
    assert caught.constraint_name == "places_taken_never_exceed_capacity"
    assert await recount(conn) == (SEATS, SEATS, SEATS)


@PATHS
async def test_one_person_who_asks_many_times_at_once_is_registered_once(
    client: Client, twin: Client, conn: Connection, path: Path
) -> None:
    callers = await frontends(client, twin, in_person_capacity=SEATS)

    answers = await asyncio.gather(
        *(callers[n % 2].post(REGISTRATIONS, registration_fields(), headers=headers(path, n)) for n in range(40))
    )

    made = [answer.json()["id"] for answer in answers if answer.status_code == 201]
    refused = {(a.status_code, a.json()["id"]) for a in answers if a.status_code != 201}
    assert (len(made), refused) == (1, {(409, made[0])})
    assert await recount(conn) == (1, 1, 1)


async def test_people_who_ask_for_both_modes_at_once_are_registered_once(
    client: Client, twin: Client, conn: Connection
) -> None:
    callers = await frontends(client, twin, in_person_capacity=SEATS)
    modes = ("in_person", "online")

    answers = await asyncio.gather(
        *(
            callers[(n + len(mode)) % 2].post(REGISTRATIONS, registration_fields(f"p{n}@delegates.example", mode=mode))
            for n in range(30)
            for mode in modes
        )
    )

    assert Counter(answer.status_code for answer in answers) == {201: 30, 409: 30}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"already_registered"}
    in_person = sum(answer.json().get("mode") == "in_person" for answer in answers)
    assert await recount(conn) == (in_person, in_person, in_person)


@PATHS
async def test_places_stay_exact_while_people_come_go_and_capacity_changes(
    client: Client, twin: Client, conn: Connection, path: Path
) -> None:
    callers = await frontends(client, twin, in_person_capacity=5)
    organizer = await client.as_role("organizer", (await client.get("/v1/editions/grf-2023")).json()["id"])

    async def come_and_go(number: int) -> list[int]:
        fields = registration_fields(f"p{number}@delegates.example")
        made = await callers[number % 2].post(REGISTRATIONS, fields, headers=headers(path, number))
        one = f"{REGISTRATIONS}/{made.json()['id']}"
        move = ("withdraw", "switch-mode", "stay")[number % 3]
        if move == "stay":
            return [made.status_code]
        gone = await organizer.post(f"{one}/{move}", {"mode": "online"} if move == "switch-mode" else {})
        return [made.status_code, gone.status_code]

    async def change_capacity(capacity: int) -> list[int]:
        answer = await organizer.patch("/v1/editions/grf-2023", {"in_person_capacity": capacity})
        return [answer.status_code]

    steps = [come_and_go(number) for number in range(60)]
    steps += [change_capacity(capacity) for capacity in (8, 3, 12)]
    statuses = Counter(status for answers in await asyncio.gather(*steps) for status in answers)

    assert set(statuses) <= {200, 201}
    taken, approved, badges = await recount(conn)
    assert taken == approved == badges
    capacity, kept = await conn.fetchrow("SELECT capacity, kept_over_capacity FROM places WHERE mode = 'in_person'")
    waiting = await conn.fetchval("SELECT count(*) FROM registrations WHERE status = 'waitlisted'")
    assert taken <= capacity + kept
    assert waiting == 0 or taken >= capacity
