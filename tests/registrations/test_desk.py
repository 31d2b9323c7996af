"""Many who ask to be registered at once: admitted together, as if each came alone, in the order in which they came."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx

from forum.db import Connection, Pool
from forum.http import Application
from forum.registrations import queries
from tests.client import Client, pointers
from tests.factories import REGISTRATIONS, make_edition, make_registration, registration_fields

Answers = list[httpx.Response]


def fields(name: str, **changes: Any) -> dict[str, Any]:
    """A good body for somebody of that name."""
    return registration_fields(f"{name}@delegates.example", **changes)


async def until(condition: Callable[[], bool]) -> None:
    """Let the others work until something is so."""
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it does not come about")


@asynccontextmanager
async def held_places(pool: Pool) -> AsyncIterator[Connection]:
    """The halls of all editions are held by somebody else meanwhile."""
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("SELECT FROM places WHERE mode = 'in_person' FOR UPDATE")
        yield conn


async def ask_behind(app: Application, requests: list[Callable[[], Awaitable[httpx.Response]]]) -> list[Any]:
    """Send requests one after the other, none of which can be answered yet: all wait in line."""
    lines: dict[Any, Any] = app.state.registration_desk._lines
    sent = []
    for number, request in enumerate(requests, 1):
        sent.append(asyncio.ensure_future(request()))
        await until(lambda wanted=number: sum(len(line.waiting) for line in lines.values()) == wanted)  # type: ignore[misc]
    return sent


async def ask_together(app: Application, pool: Pool, callers: list[Client], bodies: list[Any]) -> Answers:
    """Everybody asks in this order while the places are held, so that all share a transaction."""
    requests = [
        lambda caller=caller, body=body: caller.post(REGISTRATIONS, body)  # type: ignore[misc]
        for caller, body in zip(callers, bodies, strict=True)
    ]
    async with held_places(pool):
        sent = await ask_behind(app, requests)
    return await asyncio.gather(*sent)


def told(answer: httpx.Response) -> tuple[Any, ...]:
    """What an answer says: status and position, or the code of a refusal."""
    body = answer.json()
    return (body["status"], body["waitlist_position"]) if answer.status_code == 201 else (body["code"],)


async def transactions(conn: Connection) -> list[int]:
    """How many registrations each transaction has made, in the order of the waiting list."""
    rows = await conn.fetch(
        "SELECT count(*) AS made FROM registrations GROUP BY xmin::text ORDER BY min(created_at), 1"
    )
    return [row["made"] for row in rows]


async def test_people_who_come_at_once_share_a_transaction_and_keep_their_order(
    app: Application, client: Client, pool: Pool, conn: Connection
) -> None:
    edition = await make_edition(client, in_person_capacity=5)
    frontend = await client.as_client(edition["id"], "registrations:create")
    names = [f"p{number}" for number in (3, 9, 1, 4, 0, 8, 2, 6, 7, 5)]

    answers = await ask_together(app, pool, [frontend] * 10, [fields(name) for name in names])

    assert [told(a) for a in answers] == [("approved", None)] * 5 + [("waitlisted", n) for n in range(1, 6)]
    assert [a.json()["person"]["email"].partition("@")[0] for a in answers] == names
    assert await transactions(conn) == [10]
    waiting = await conn.fetch("SELECT id FROM registrations WHERE status = 'waitlisted' ORDER BY waitlist_ticket")
    assert [str(row["id"]) for row in waiting] == [a.json()["id"] for a in answers[5:]]
    jobs = await conn.fetch("SELECT payload ->> 'registration_id' AS id FROM outbox ORDER BY id")
    assert sorted(row["id"] for row in jobs) == sorted(a.json()["id"] for a in answers)
    assert await conn.fetchval("SELECT taken FROM places WHERE mode = 'in_person'") == 5


async def test_answer_is_the_registration_that_is_read_afterwards(
    app: Application, client: Client, pool: Pool, edition: dict[str, Any], registrar: Client
) -> None:
    full = fields(
        "Full.Name",
        person={"given_name": None, "family_name": "الأمل", "language": "ar", "timezone": "Asia/Amman"},
        country="JO",
        accessibility_needs="a ramp\nand a seat",
        consents=["photography", "publish_name"],
        external_id="crm-1",
    )

    answers = await ask_together(app, pool, [registrar] * 3, [fields("first"), full, fields("third")])

    for answer in answers:
        read = await registrar.get(f"{REGISTRATIONS}/{answer.json()['id']}")
        assert (answer.json(), answer.headers["etag"]) == (read.json(), read.headers["etag"])
        assert answer.headers["location"].endswith(answer.json()["id"])


async def test_bad_requests_among_good_ones_keep_nobody_out_and_take_nothing(
    app: Application, client: Client, pool: Pool, conn: Connection
) -> None:
    edition = await make_edition(client, in_person_capacity=4)
    frontend = await client.as_client(edition["id"], "registrations:create")
    own, registrar = await client.as_person("own@delegates.example"), await client.as_role("registrar", edition["id"])
    there = await make_registration(registrar, "there@delegates.example", external_id="crm-1")

    answers = await ask_together(
        app,
        pool,
        [frontend, frontend, frontend, own, own, frontend, frontend, frontend, registrar, frontend],
        [
            fields("first"),
            fields("nothing", category="nonsense", entity=str(uuid4()), delegation=str(uuid4())),
            fields("THERE"),
            fields("somebody-else"),
            fields("own"),
            fields("first"),
            fields("Own"),
            fields("namesake", external_id="crm-1"),
            fields("by-staff"),
            fields("last"),
        ],
    )

    codes = ["already_registered", "forbidden", "external_id_taken"]
    assert pointers(answers[1]) == {
        ("/category", "unknown_value"),
        ("/entity", "unknown_reference"),
        ("/delegation", "unknown_reference"),
    }
    assert [told(a) for a in answers[2:]] == [
        (codes[0],),
        (codes[1],),
        ("approved", None),
        (codes[0],),
        (codes[0],),
        (codes[2],),
        ("approved", None),
        ("waitlisted", 1),
    ]
    ids = [answers[n].json()["id"] for n in (2, 5, 6)]
    assert ids == [there["id"], answers[0].json()["id"], answers[4].json()["id"]]
    assert await conn.fetchval("SELECT taken FROM places WHERE mode = 'in_person'") == 4
    assert await transactions(conn) == [1, 4]
    assert await conn.fetchval("SELECT count(*) FROM persons WHERE email LIKE 'namesake%'") == 0


async def test_history_names_who_registered_each(
    app: Application, client: Client, pool: Pool, conn: Connection, edition: dict[str, Any]
) -> None:
    people = [await client.as_person(f"p{number}@delegates.example") for number in range(4)]
    frontend = await client.as_client(edition["id"], "registrations:create")
    callers = [*people, frontend, await client.as_role("registrar", edition["id"])]
    bodies = [fields(f"p{number}") for number in range(6)]

    answers = await ask_together(app, pool, callers, bodies)

    rows = await conn.fetch(
        "SELECT h.registration_id, encode(t.sha256, 'hex') AS sha256, h.number, h.reason"
        " FROM registration_transitions h JOIN tokens t ON t.id = h.by_token"
    )
    found = {str(row["registration_id"]): (row["sha256"], row["number"], row["reason"]) for row in rows}
    tokens = [await conn.fetchval("SELECT encode(sha256(convert_to($1, 'UTF8')), 'hex')", c.token) for c in callers]
    assert found == {a.json()["id"]: (token, 1, None) for a, token in zip(answers, tokens, strict=True)}
    sources = Counter(answer.json()["source"] for answer in answers)
    assert sources == {"self": 4, "client": 1, "registrar": 1}


async def test_edition_that_closes_while_people_wait_binds_them_but_not_registrars(
    app: Application, client: Client, pool: Pool, edition: dict[str, Any], registrar: Client
) -> None:
    frontend = await client.as_client(edition["id"], "registrations:create")

    async with held_places(pool) as other:
        sent = await ask_behind(
            app,
            [
                lambda: frontend.post(REGISTRATIONS, fields("first")),
                lambda: frontend.post(REGISTRATIONS, fields("second")),
                lambda: registrar.post(REGISTRATIONS, fields("third")),
            ],
        )
        await other.execute("UPDATE editions SET status = 'closed'")
    answers = await asyncio.gather(*sent)

    assert [told(a) for a in answers[1:]] == [("registration_closed",), ("approved", None)]


async def test_review_submits_all_but_those_of_registrars(app: Application, client: Client, pool: Pool) -> None:
    edition = await make_edition(client, in_person_capacity=1, approval="review")
    frontend = await client.as_client(edition["id"], "registrations:create")
    registrar = await client.as_role("registrar", edition["id"])
    callers = [frontend, frontend, registrar, frontend, registrar]

    answers = await ask_together(app, pool, callers, [fields(f"p{n}") for n in range(5)])

    submitted = ("submitted", None)
    assert [told(a) for a in answers] == [submitted, submitted, ("approved", None), submitted, ("waitlisted", 1)]


async def test_person_registered_elsewhere_meanwhile_has_each_go_alone_before_who_came_later(
    app: Application, client: Client, pool: Pool, conn: Connection
) -> None:
    edition = await make_edition(client, in_person_capacity=2)
    frontend = await client.as_client(edition["id"], "registrations:create")
    online = registration_fields("b@delegates.example", mode="online")

    async with pool.acquire() as other:
        transaction = other.transaction()
        await transaction.start()
        async with held_places(pool):
            sent = await ask_behind(
                app,
                [lambda name=name: frontend.post(REGISTRATIONS, fields(name)) for name in "zabcd"],  # type: ignore[misc]
            )
            elsewhere = await _insert_elsewhere(other, UUID(edition["id"]), online)
        await _until_blocked(conn)
        sent += await ask_behind(
            app,
            [lambda name=name: frontend.post(REGISTRATIONS, fields(name)) for name in "ef"],  # type: ignore[misc]
        )
        await transaction.commit()
    answers = await asyncio.gather(*sent)

    assert [told(a) for a in answers] == [
        ("approved", None),
        ("approved", None),
        ("already_registered",),
        *(("waitlisted", number) for number in range(1, 5)),
    ]
    assert answers[2].json()["id"] == str(elsewhere)
    assert await conn.fetchval("SELECT taken FROM places WHERE mode = 'in_person'") == 2


async def _insert_elsewhere(conn: Connection, edition_id: UUID, body: dict[str, Any]) -> UUID:
    """Somebody registers online in a transaction that is still open."""
    person: UUID = await conn.fetchval(
        "INSERT INTO persons (id, email, created_at) VALUES (gen_random_uuid(), $1, now()) RETURNING id",
        body["person"]["email"],
    )
    made: UUID = await conn.fetchval(
        "INSERT INTO registrations (edition_id, id, person_id, family_name, language, timezone, category, mode, status,"
        " source, created_at, placed_at) VALUES ($1, gen_random_uuid(), $2, 'Probe', 'en', 'UTC', 'ngo', 'online',"
        " 'approved', 'client', now(), now()) RETURNING id",
        edition_id,
        person,
    )
    return made


BLOCKED = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
)


async def _until_blocked(conn: Connection) -> int:
    """Wait until some transaction of this database waits for another; the process that runs it."""
    for _ in range(5_000):
        if pid := await conn.fetchval(BLOCKED):
            return int(pid)
        await asyncio.sleep(0.002)
    raise AssertionError("nobody waits")


async def test_client_that_goes_away_harms_nobody(
    app: Application, client: Client, pool: Pool, conn: Connection, edition: dict[str, Any], registrar: Client
) -> None:
    async with held_places(pool):
        sent = await ask_behind(
            app,
            [lambda name=name: registrar.post(REGISTRATIONS, fields(name)) for name in "abcd"],  # type: ignore[misc]
        )
        sent[1].cancel()
        await asyncio.wait([sent[1]])
    answers = await asyncio.gather(sent[0], sent[2], sent[3])

    assert [told(a) for a in answers] == [("approved", None), ("approved", None), ("waitlisted", 1)]
    assert await conn.fetchval("SELECT count(*) FROM registrations") == 3


async def test_database_that_ends_a_transaction_is_told_to_all_who_share_it(
    app: Application, client: Client, pool: Pool, conn: Connection, edition: dict[str, Any], registrar: Client
) -> None:
    async with held_places(pool):
        sent = await ask_behind(
            app,
            [lambda name=name: registrar.post(REGISTRATIONS, fields(name)) for name in "abcd"],  # type: ignore[misc]
        )
        await _end_blocked(conn)
        answers = await asyncio.gather(*sent)

    assert {(a.status_code, a.json()["code"], a.headers["retry-after"]) for a in answers} == {(503, "unavailable", "2")}
    assert await conn.fetchval("SELECT count(*) FROM registrations") == 0
    assert (await registrar.post(REGISTRATIONS, fields("a"))).status_code == 201
    assert app.state.registration_desk._lines == {}


async def _end_blocked(conn: Connection) -> None:
    """Have the database end the transaction that waits."""
    await conn.execute("SELECT pg_terminate_backend($1, 5000)", await _until_blocked(conn))


async def test_statement_that_fails_for_all_is_done_one_by_one(
    app: Application, pool: Pool, edition: dict[str, Any], registrar: Client, monkeypatch: Any
) -> None:
    for_one_only = "WHERE 1 / (jsonb_array_length($3) = 1)::integer = 1 AND ("
    failing = queries._SQL["insert_registrations"].replace(
        "WHERE a.offer_expires_at IS NULL OR s.id IS NOT NULL", f"{for_one_only} s.id IS NULL OR s.id IS NOT NULL)"
    )
    assert for_one_only in failing
    monkeypatch.setitem(queries._SQL, "insert_registrations", failing)

    answers = await ask_together(app, pool, [registrar] * 4, [fields(name) for name in "abcd"])

    assert [told(a) for a in answers] == [
        ("approved", None),
        ("approved", None),
        ("waitlisted", 1),
        ("waitlisted", 2),
    ]


async def test_more_requests_than_connections_hold_none_afterwards(
    client: Client, pool: Pool, conn: Connection, edition: dict[str, Any], registrar: Client
) -> None:
    held = pool.get_size() - pool.get_idle_size()
    bodies = [fields(f"p{number}") for number in range(5 * pool.get_max_size())]

    answers = await asyncio.gather(*(registrar.post(REGISTRATIONS, body) for body in bodies))

    assert {answer.status_code for answer in answers} == {201}
    assert pool.get_size() - pool.get_idle_size() == held


async def test_editions_and_modes_do_not_wait_for_each_other(
    app: Application, client: Client, pool: Pool, edition: dict[str, Any], registrar: Client
) -> None:
    async with pool.acquire() as other, other.transaction():
        await other.execute("SELECT FROM places WHERE mode = 'in_person' FOR UPDATE")
        sent = await ask_behind(
            app,
            [lambda name=name: registrar.post(REGISTRATIONS, fields(name)) for name in "ab"],  # type: ignore[misc]
        )
        online = await registrar.post(REGISTRATIONS, fields("c", mode="online"))
    answers = await asyncio.gather(*sent)

    assert [told(a) for a in (online, *answers)] == [("approved", None)] * 3


async def test_request_that_is_the_first_to_name_an_edition_is_answered(
    app: Application, registrar: Client, conn: Connection
) -> None:
    app.state.edition_ids.clear()

    answer = await registrar.post(REGISTRATIONS, fields("a"))

    assert told(answer) == ("approved", None)
    assert await conn.fetchval("SELECT count(*) FROM registrations") == 1
