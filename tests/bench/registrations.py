"""Measures of registrations: one read by its owner, and the hall of a hot edition."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from msgspec import structs

from forum.accounts import service as accounts
from tests.bench.load import SERIAL, Load, request
from tests.bench.report import Measure, Round
from tests.bench.rounds import Plan, Side, take_turns
from tests.bench.stage import NOW, Stage, another_stage, make_live_edition

OWNERS, OTHERS = 200, 14_000
FEW, MANY = 10_000, 1_000_000
PLACES, ASKING, MANY_CLIENTS, CROWDS = 1_000, 10_000, 200, 3
BARE_INSERT = request("POST", "/bare/rows", body={"name": f"Delegate {SERIAL.decode()}"})


def registration_fields(group: str) -> dict[str, Any]:
    """A good body for a new registration in the hall; each has an address of its own."""
    number = SERIAL.decode()
    person = {
        "given_name": "Amal",
        "family_name": f"Delegate {number}",
        "email": f"{group}.{number}@delegates.example",
        "language": "fr",
        "timezone": "Europe/Zurich",
    }
    return {"person": person, "category": "ngo", "mode": "in_person", "country": "CH", "consents": ["photography"]}


async def register_many(stage: Stage, slug: str, edition_id: str, count: int, plan: Plan) -> float:
    """Register people in the hall through the API, as a trusted frontend does; the seconds that took."""
    frontend = await stage.admin.as_client(edition_id, "registrations:create")
    body = registration_fields(slug)
    one = request("POST", f"/v1/editions/{slug}/registrations", frontend.token, body)
    load = Load(port=stage.port, requests=[one], clients=plan.clients, total=count)
    outcome = await stage.generator.send(load)
    if outcome.statuses != {201: count}:
        raise RuntimeError(f"registering: {outcome.statuses}")
    return outcome.seconds


async def _add_others(stage: Stage, edition_id: str, count: int) -> None:
    """People who take part online, a quarter of them in the line for the hall: small tables are read from end to end.

    What triggers would do about each is left out, but for the length of the line.
    """
    async with stage.pool.acquire() as conn, conn.transaction():
        await conn.execute("SET LOCAL session_replication_role = replica")
        await conn.execute(
            "WITH others AS (SELECT gen_random_uuid() AS id, n, n % 4 = 0 AS waits"
            " FROM generate_series(1, $3::integer) AS n),"
            " people AS (INSERT INTO persons (id, email, created_at)"
            " SELECT id, 'other' || n || '@delegates.example', $2 FROM others),"
            " tokens AS (INSERT INTO tokens (id, sha256, kind, person_id, label, created_at)"
            " SELECT gen_random_uuid(), sha256(id::text::bytea), 'person', id, 'bench', $2 FROM others)"
            " INSERT INTO registrations (edition_id, id, person_id, family_name, language, timezone, category, mode,"
            " status, waits_for, waitlist_priority, waitlist_ticket, source, created_at, placed_at)"
            " SELECT $1, gen_random_uuid(), id, 'Other', 'en', 'UTC', 'ngo', 'online', 'approved',"
            " CASE WHEN waits THEN 'in_person' END, CASE WHEN waits THEN 1 END,"
            " CASE WHEN waits THEN nextval('waitlist_tickets') END, 'client', $2, $2 FROM others",
            UUID(edition_id),
            NOW,
            count,
            timeout=600,
        )
        await conn.execute(
            "INSERT INTO line_blocks (edition_id, mode, priority, block, waiting)"
            " SELECT s.edition_id, s.mode, s.priority, s.block, count(*) FROM registrations r, spot_in_line(r, 1) s"
            " WHERE r.edition_id = $1 GROUP BY 1, 2, 3, 4",
            UUID(edition_id),
            timeout=600,
        )
    await stage.pool.execute("ANALYZE")  # as PostgreSQL does by itself within a minute of so many new rows


async def _own_requests(
    stage: Stage, slug: str, plan: Plan, others: int, capacity: int
) -> tuple[list[bytes], list[bytes]]:
    """What owners send to read their own registration, and who reads one row instead, in an edition with others."""
    edition_id = await make_live_edition(stage, slug, capacity)
    await _add_others(stage, edition_id, others)
    await register_many(stage, slug, edition_id, OWNERS, plan)
    rows = await stage.pool.fetch(
        "SELECT id, person_id FROM registrations WHERE edition_id = $1 AND family_name <> 'Other' ORDER BY id",
        UUID(edition_id),
    )
    forum, bare = [], []
    for row in rows:
        async with stage.pool.acquire() as conn:
            issued = await accounts.issue_token(conn, "person", row["person_id"], None, "bench", [], NOW, None)
        forum.append(request("GET", f"/v1/editions/{slug}/registrations/{row['id']}", issued.token))
        bare.append(request("GET", f"/bare/rows/{row['person_id']}"))
    return forum, bare


async def measure_own_registration(stage: Stage, plan: Plan) -> AsyncIterator[Measure]:
    """A registration, read by its owner with their own token."""
    forum, bare = await _own_requests(stage, "bench-owners", plan, OTHERS, capacity=OWNERS)
    sides = Side(stage, forum, 200), Side(stage, bare, 200)
    await take_turns(plan, "own_registration", *sides)
    yield Measure(
        name="own_registration",
        what="a registration read by its owner, with authentication",
        against="one statement",
        bound=0.5,
        forum=sides[0].rounds,
        bare=sides[1].rounds,
    )


async def measure_own_registration_among_many(stage: Stage, plan: Plan) -> AsyncIterator[Measure]:
    """The same with a million registrations, against ten thousand; a quarter are the last in a long line."""
    async with another_stage(stage, "few") as small, another_stage(stage, "many") as large:
        plan.say(f"adding {FEW:,} and {MANY:,} people")
        few, _ = await _own_requests(small, "bench-few", plan, FEW, capacity=OWNERS * 3 // 4)
        many, _ = await _own_requests(large, "bench-many", plan, MANY, capacity=OWNERS * 3 // 4)
        sides = Side(large, many, 200), Side(small, few, 200)
        await take_turns(plan, "own_registration_among_many", *sides)
    yield Measure(
        name="own_registration_among_many",
        what=f"a registration read by its owner, of {MANY:,}; a quarter are the last in a line of {MANY // 4:,}",
        against=f"the same of {FEW:,}",
        bound=1 / 1.3,
        forum=sides[0].rounds,
        bare=sides[1].rounds,
    )


async def measure_hall(stage: Stage, plan: Plan) -> AsyncIterator[Measure]:
    """Registering in the hall of one edition with all clients at once, and who gets its last places."""
    slug = "bench-hall"
    edition_id = await make_live_edition(stage, slug, capacity=1_000_000)
    frontend = await stage.admin.as_client(edition_id, "registrations:create")
    one = request("POST", f"/v1/editions/{slug}/registrations", frontend.token, registration_fields(slug))
    forum = Side(stage, [one], 201, marks=['"status":"approved"'])
    bare = Side(stage, [BARE_INSERT], 201)
    await take_turns(plan, "hall", forum, bare)
    approved = forum.marks['"status":"approved"']
    counted = await _recount(stage, edition_id)
    yield Measure(
        name="hall",
        what=f"registering in the hall of a hot edition, {plan.clients} clients",
        against="one INSERT",
        bound=None,
        forum=forum.rounds,
        bare=bare.rounds,
        is_exact=forum.answers == approved and counted == _all_there(approved),
        notes=[f"{forum.answers:,} answered with a place; recounted: {counted}"],
    )
    yield await _measure_last_places(stage, structs.replace(plan, clients=MANY_CLIENTS))


def _all_there(count: int) -> dict[str, int]:
    return dict.fromkeys(("registrations", "people", "badges", "jobs", "places taken"), count)


async def _recount(stage: Stage, edition_id: str) -> dict[str, int]:
    """What the database holds of an edition's hall: all these numbers must be one."""
    row = await stage.pool.fetchrow(
        """
        SELECT count(*) FILTER (WHERE r.status = 'approved') AS registrations, count(DISTINCT r.person_id) AS people,
               (SELECT count(*) FROM badges b WHERE b.edition_id = $1 AND b.revoked_at IS NULL) AS badges,
               (SELECT count(*) FROM outbox o WHERE o.payload ->> 'edition_id' = $1::uuid::text) AS jobs,
               (SELECT taken FROM places p WHERE p.edition_id = $1 AND p.mode = 'in_person') AS "places taken"
        FROM registrations r WHERE r.edition_id = $1
        """,
        UUID(edition_id),
    )
    return dict(row)


async def _measure_last_places(stage: Stage, plan: Plan) -> Measure:
    """A crowd asks for the places of one edition after another, in turn with as many INSERTs."""
    forum, bare, outcomes = [], [], []
    for number in range(CROWDS):
        slug = f"bench-last-{number}"
        edition_id = await make_live_edition(stage, slug, PLACES)
        forum.append(Round(rate=ASKING / await register_many(stage, slug, edition_id, ASKING, plan)))
        inserts = Load(port=stage.port, requests=[BARE_INSERT], clients=plan.clients, total=ASKING)
        bare.append(Round(rate=ASKING / (await stage.generator.send(inserts)).seconds))
        rows = await stage.pool.fetch(
            "SELECT status, count(*) AS people FROM registrations WHERE edition_id = $1 GROUP BY status",
            UUID(edition_id),
        )
        outcomes.append({row["status"]: row["people"] for row in rows})
        plan.say(f"last_places, crowd {number + 1} of {CROWDS}: {outcomes[-1]}")
    return Measure(
        name="last_places",
        what=f"{ASKING:,} ask for {PLACES:,} places, {plan.clients} at once",
        against="as many INSERTs",
        bound=0.5,
        forum=forum,
        bare=bare,
        is_exact=all(one == {"approved": PLACES, "waitlisted": ASKING - PLACES} for one in outcomes),
    )
