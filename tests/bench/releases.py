"""Measures of publishing: a release of 2,000 sessions, compared and told beforehand, and what readers get of it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from statistics import median
from time import perf_counter
from uuid import UUID

from tests.bench.load import request
from tests.bench.report import Measure, Round
from tests.bench.rounds import Plan, Side, take_turns
from tests.bench.stage import ABSTRACT, NOW, Stage, make_live_edition

SLUG = "bench-releases"
PROGRAMME = f"/v1/editions/{SLUG}/programme"
SESSIONS, ROOMS, PEOPLE = 2_000, 20, 14_000
BOUND_SECONDS = 1.0
DICT = request("GET", "/bare/dict")


async def measure_releases(stage: Stage, plan: Plan) -> AsyncIterator[Measure]:
    """Publishing 2,000 sessions of which all have changed, against a bare copy of the same rows."""
    plan.say(f"making a programme of {SESSIONS:,} sessions")
    edition_id = UUID(await make_live_edition(stage, SLUG, capacity=100_000))
    await _make_sessions(stage, edition_id)
    await _make_people(stage, edition_id)
    await stage.pool.execute("CREATE TABLE bench.copies (LIKE release_sessions INCLUDING INDEXES)")
    forum: list[Round] = []
    bare: list[Round] = []
    dry, counts = [], set()
    for number in range(plan.rounds + 1):  # the first is a warm-up
        await stage.pool.execute(
            "UPDATE sessions SET title = title || jsonb_build_object('es', $2::text) WHERE edition_id = $1",
            edition_id,
            str(number),
        )
        dry.append(await _seconds(lambda: _publish(stage, "?dry_run=true")))
        published = await _seconds(lambda: _publish(stage))
        kept = "SELECT count(*) FROM release_sessions WHERE edition_id = $1 AND number = $2"
        counts.add(await stage.pool.fetchval(kept, edition_id, number + 1))
        copied = await _seconds(lambda: _copy(stage, edition_id))
        if number:
            forum.append(Round(rate=1 / published))
            bare.append(Round(rate=1 / copied))
            plan.say(f"publishing, round {number} of {plan.rounds}: {published:.3f} s against {copied:.3f} s")
    slowest = max(1 / one.rate for one in forum)
    yield Measure(
        name="publish",
        what=f"publishing {SESSIONS:,} sessions, each changed, with the difference in the answer",
        against="an INSERT that copies the rows",
        bound=None,
        forum=forum,
        bare=bare,
        is_exact=slowest < BOUND_SECONDS and counts == {SESSIONS},
        notes=[
            f"{median(1 / one.rate for one in forum):.3f} s, at most {slowest:.3f} s, which must be under"
            f" {BOUND_SECONDS:g} s; the copy {median(1 / one.rate for one in bare):.3f} s",
            f"a dry run, which counts who of {PEOPLE:,} people would be told what: {median(dry):.3f} s",
        ],
    )
    async for measure in _measure_readers(stage, plan):
        yield measure


async def _measure_readers(stage: Stage, plan: Plan) -> AsyncIterator[Measure]:
    """The whole of the last release, kept, compressed as browsers ask for it; and that nothing has changed."""
    whole = await stage.http.get(PROGRAMME, headers={"Accept-Encoding": "gzip"})
    kilobytes = len(whole.content) // 1000, int(whole.headers["content-length"]) // 1000
    etag = whole.headers["etag"]
    kinds = [
        (
            "release_gzip",
            f"{SESSIONS:,} sessions, {kilobytes[0]} kB in {kilobytes[1]}",
            {"Accept-Encoding": "gzip"},
            200,
        ),
        ("release_not_modified", "the same not modified, 304", {"If-None-Match": etag}, 304),
    ]
    for (name, what, headers, status), bound in zip(kinds, (None, 0.8), strict=True):
        forum = Side(stage, [request("GET", PROGRAMME, headers=headers)], status)
        bare = Side(stage, [DICT], 200)
        await take_turns(plan, name, forum, bare)
        yield Measure(
            name=name, what=what, against="a small dict", bound=bound, forum=forum.rounds, bare=bare.rounds
        )  # fmt: skip


async def _seconds(work: Callable[[], Awaitable[None]]) -> float:
    start = perf_counter()
    await work()
    return perf_counter() - start


async def _publish(stage: Stage, query: str = "") -> None:
    await stage.admin.made(f"{PROGRAMME}/publish{query}", {})


async def _copy(stage: Stage, edition_id: UUID) -> None:
    """As many rows of the same content, in one durable statement with nothing to decide."""
    await stage.pool.execute(
        "INSERT INTO bench.copies SELECT s.* FROM release_sessions s WHERE s.edition_id = $1"
        " AND s.number = (SELECT max(number) FROM releases WHERE edition_id = $1)",
        edition_id,
    )


async def _make_sessions(stage: Stage, edition_id: UUID) -> None:
    rooms = [
        (await stage.admin.made(f"/v1/editions/{SLUG}/rooms", {"name": f"Room {n}", "capacity": 200}))["id"]
        for n in range(ROOMS)
    ]
    await stage.pool.execute(
        "INSERT INTO sessions (edition_id, id, title, abstract, type, starts_at, ends_at, room_id, mode, access,"
        " languages, status, created_at, revised_at)"
        " SELECT $1, gen_random_uuid(), jsonb_build_object('en', 'Parallel event ' || n,"
        " 'fr', 'Événement parallèle ' || n,"
        " 'ar', 'الفعالية الموازية ' || n), jsonb_build_object('en', $2::text), 'side_event',"
        " $3::timestamptz + n / $5 * $6::interval, $3::timestamptz + n / $5 * $6::interval + interval '55 min',"
        " ($4::uuid[])[n % $5 + 1], 'hybrid', CASE WHEN n < 10 THEN 'registered' ELSE 'open' END,"
        ' \'{"floor": ["en"], "interpretation": ["fr", "ar"], "sign": [], "captions": []}\', \'confirmed\', $3, $3'
        " FROM generate_series(0, $7::integer - 1) AS n",
        edition_id,
        ABSTRACT,
        NOW,
        rooms,
        ROOMS,
        timedelta(hours=1),
        SESSIONS,
    )


async def _make_people(stage: Stage, edition_id: UUID) -> None:
    await stage.pool.execute(
        "WITH people AS (INSERT INTO persons (id, email, created_at)"
        " SELECT gen_random_uuid(), 'reader' || n || '@delegates.example', $2 FROM generate_series(1, $3::integer) AS n"
        " RETURNING id)"
        " INSERT INTO registrations (edition_id, id, person_id, family_name, language, timezone, category, mode,"
        " status, source, created_at, placed_at) SELECT $1, gen_random_uuid(), id, 'Reader', 'en', 'UTC', 'ngo',"
        " 'online', 'approved', 'client', $2, $2 FROM people",
        edition_id,
        NOW,
        PEOPLE,
    )
    await stage.pool.execute("ANALYZE")
