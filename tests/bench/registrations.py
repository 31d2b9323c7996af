"""Measures of registrations: one read by its owner, and the hall of a hot edition."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from forum.accounts import service as accounts
from tests.bench.load import SERIAL, Load, request
from tests.bench.report import Measure
from tests.bench.rounds import Plan, Side, take_turns
from tests.bench.stage import NOW, Stage, make_live_edition

OWNERS, OTHERS = 200, 14_000
PLACES, ASKING = 1_000, 10_000
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


async def _add_others(stage: Stage, edition_id: str) -> None:
    """As many people online, each with a token, as an edition has: small tables are read from end to end."""
    await stage.pool.execute(
        "WITH others AS (INSERT INTO persons (id, email, created_at)"
        " SELECT gen_random_uuid(), 'other' || n || '@delegates.example', $2 FROM generate_series(1, $3::integer) AS n"
        " RETURNING id), tokens AS (INSERT INTO tokens (id, sha256, kind, person_id, label, created_at)"
        " SELECT gen_random_uuid(), sha256(id::text::bytea), 'person', id, 'bench', $2 FROM others)"
        " INSERT INTO registrations (edition_id, id, person_id, family_name, language, timezone, category, mode,"
        " status, source, created_at, placed_at) SELECT $1, gen_random_uuid(), id, 'Other', 'en', 'UTC', 'ngo',"
        " 'online', 'approved', 'client', $2, $2 FROM others",
        UUID(edition_id),
        NOW,
        OTHERS,
    )
    await stage.pool.execute("ANALYZE")  # as PostgreSQL does by itself within a minute of so many new rows


async def measure_own_registration(stage: Stage, plan: Plan) -> AsyncIterator[Measure]:
    """A registration, read by its owner with their own token."""
    slug = "bench-owners"
    edition_id = await make_live_edition(stage, slug, OWNERS)
    await register_many(stage, slug, edition_id, OWNERS, plan)
    rows = await stage.pool.fetch(
        "SELECT id, person_id FROM registrations WHERE edition_id = $1 ORDER BY id", UUID(edition_id)
    )
    forum, bare = [], []
    for row in rows:
        async with stage.pool.acquire() as conn:
            issued = await accounts.issue_token(conn, "person", row["person_id"], None, "bench", [], NOW, None)
        forum.append(request("GET", f"/v1/editions/{slug}/registrations/{row['id']}", issued.token))
        bare.append(request("GET", f"/bare/rows/{row['person_id']}"))
    await _add_others(stage, edition_id)
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
    (last, seconds), wanted = await _last_places(stage, plan), {"approved": PLACES, "waitlisted": ASKING - PLACES}
    inserts = Load(port=stage.port, requests=[BARE_INSERT], clients=plan.clients, total=ASKING)
    bare_seconds = (await stage.generator.send(inserts)).seconds
    yield Measure(
        name="hall",
        what=f"registering in the hall of a hot edition, {plan.clients} clients",
        against="one INSERT",
        bound=None,
        forum=forum.rounds,
        bare=bare.rounds,
        is_exact=forum.answers == approved and counted == _all_there(approved) and last == wanted,
        notes=[
            f"{forum.answers:,} answered with a place; recounted: {counted}",
            f"{ASKING:,} asked for {PLACES:,} places: {last}, {bare_seconds / seconds:.2f} of the rate of an INSERT",
        ],
    )


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


async def _last_places(stage: Stage, plan: Plan) -> tuple[dict[str, int], float]:
    """How many of those who ask at once have a place, how many wait, and the seconds that took."""
    slug = "bench-last"
    edition_id = await make_live_edition(stage, slug, PLACES)
    seconds = await register_many(stage, slug, edition_id, ASKING, plan)
    rows = await stage.pool.fetch(
        "SELECT status, count(*) AS people FROM registrations WHERE edition_id = $1 GROUP BY status", UUID(edition_id)
    )
    return {row["status"]: row["people"] for row in rows}, seconds
