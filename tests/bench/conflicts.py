"""Measures of conflicts: a confirmed session that is moved, with every check, and the list of what stands open."""

from collections.abc import AsyncIterator
from datetime import timedelta
from statistics import median
from time import perf_counter
from uuid import UUID

from tests.bench.load import request
from tests.bench.report import Measure
from tests.bench.rounds import Plan, Side, take_turns
from tests.bench.stage import NOW, ROOMS, Stage, make_live_edition, make_programme

MOVED, LISTED = "bench-moves", "bench-conflicts"
MAX_LIST_MS = 50
ADD_SPEAKERS = """
WITH made AS (
    INSERT INTO speakers (edition_id, id, display_name, created_at)
    SELECT edition_id, id, 'Amal Probe', $2 FROM sessions WHERE edition_id = $1 RETURNING id
)
INSERT INTO appearances (edition_id, id, session_id, speaker_id, role, position, status, created_at)
SELECT $1, id, id, id, 'panellist', 1, 'confirmed', $2 FROM made
"""
"""One for each session, with its id."""
LARGE_PROGRAMME = (
    """
    INSERT INTO rooms (edition_id, id, name, opening_hours, setup_minutes, created_at, revised_at)
    SELECT $1, md5('room' || room)::uuid, 'Room ' || room,
           CASE WHEN room < 20 THEN '[{"opens_at": "08:00", "closes_at": "18:00"}]'::jsonb ELSE '[]' END,
           CASE WHEN room < 10 THEN 10 ELSE 0 END, $2, $2
    FROM generate_series(0, 39) AS room
    """,
    """
    INSERT INTO interpretation_teams (edition_id, id, name, languages, created_at)
    SELECT $1, md5('team' || team)::uuid, 'Team ' || team, '{fr,ar}', $2 FROM generate_series(0, 39) AS team
    """,
    """
    INSERT INTO speakers (edition_id, id, display_name, created_at)
    SELECT $1, md5('speaker' || n)::uuid, 'Speaker ' || n, $2 FROM generate_series(0, 1499) AS n
    """,
    """
    INSERT INTO sessions (edition_id, id, title, type, status, starts_at, ends_at, room_id, mode, access, languages,
                          interpretation_team_ids, created_at, revised_at)
    SELECT $1, md5('session' || n)::uuid, '{"en": "Session"}',
           CASE WHEN n % 100 = 0 THEN 'plenary' ELSE 'side_event' END, 'confirmed',
           at.starts_at, at.starts_at + interval '55 minutes', md5('room' || n % 40)::uuid, 'hybrid', 'registered',
           '{}',
           ARRAY[md5('team' || CASE WHEN n % 97 = 0 THEN 0 ELSE n % 40 END)::uuid], $2, $2
    FROM generate_series(0, 1999) AS n,
    LATERAL (
        SELECT $2::timestamptz - interval '1 hour' + make_interval(days => n / 680, hours => n / 40 % 17) AS starts_at
    ) at
    """,
    """
    INSERT INTO appearances (edition_id, id, session_id, speaker_id, role, position, status, created_at)
    SELECT $1, md5(n || 'in' || k)::uuid, md5('session' || n)::uuid, md5('speaker' || (n * 3 + k * 7) % 1500)::uuid,
           CASE WHEN k = 0 THEN 'chair' ELSE 'panellist' END, k + 1, 'confirmed', $2
    FROM generate_series(0, 1999) AS n, generate_series(0, 2) AS k
    """,
)
"""2,000 confirmed sessions in 40 rooms on three days, with 1,500 speakers and 40 teams: some are in two places."""


async def measure_move(stage: Stage, plan: Plan) -> AsyncIterator[Measure]:
    """Confirmed sessions are moved by five minutes and back, each in its room, which is in use all day."""
    plan.say("making 300 sessions with a speaker each")
    edition_id = await make_live_edition(stage, MOVED, capacity=100)
    ids = await make_programme(stage, MOVED)
    await stage.pool.execute(ADD_SPEAKERS, UUID(edition_id), NOW)
    await stage.pool.execute("ANALYZE")
    manager = await stage.admin.as_role("programme_manager", edition_id)
    forum, bare = [], []
    for minutes in (5, 0):
        for number, session in enumerate(ids):
            starts_at = NOW + timedelta(hours=number // ROOMS, minutes=minutes)
            body = {"starts_at": starts_at.isoformat(), "ends_at": (starts_at + timedelta(minutes=55)).isoformat()}
            path = f"/v1/editions/{MOVED}/sessions/{session}"
            forum.append(request("PATCH", path, manager.token, body, {"If-Match": "*"}))
            bare.append(request("PATCH", f"/bare/sessions/{edition_id}/{session}", body=body))
    sides = Side(stage, forum, 200), Side(stage, bare, 200)
    await take_turns(plan, "move", *sides)
    moved = await stage.pool.fetchval(
        "SELECT sum(version - 2) FROM sessions WHERE edition_id = $1 AND version > 2", UUID(edition_id)
    )
    yield Measure(
        name="move",
        what="a confirmed session moved, with every check",
        against="an UPDATE of the same row",
        bound=0.5,
        forum=sides[0].rounds,
        bare=sides[1].rounds,
        is_exact=sides[0].answers == moved,
        notes=[f"{sides[0].answers:,} answered, {moved:,} kept"],
    )


async def measure_conflicts(stage: Stage, plan: Plan) -> AsyncIterator[Measure]:
    """The open conflicts of 2,000 confirmed sessions: a page, by one statement."""
    edition_id = await make_live_edition(stage, LISTED, capacity=100)
    for statement in LARGE_PROGRAMME:
        await stage.pool.execute(statement, UUID(edition_id), NOW)
    await stage.pool.execute("ANALYZE")
    manager = await stage.admin.as_role("programme_manager", edition_id)
    path, headers = f"/v1/editions/{LISTED}/programme/conflicts", {"Authorization": f"Bearer {manager.token}"}
    counted = (await stage.http.get(path, params={"count": "true"}, headers=headers)).json()["total"]
    took = []
    for _ in range(20):
        begun = perf_counter()
        (await stage.http.get(path, headers=headers)).raise_for_status()
        took.append((perf_counter() - begun) * 1000)
    sides = (
        Side(stage, [request("GET", path, manager.token)], 200),
        Side(stage, [request("GET", f"/bare/sessions/{edition_id}")], 200),
    )
    await take_turns(plan, "conflicts", *sides)
    yield Measure(
        name="conflicts",
        what="the open conflicts of 2,000 sessions",
        against="reading the sessions, one statement",
        bound=None,
        forum=sides[0].rounds,
        bare=sides[1].rounds,
        is_exact=median(took) < MAX_LIST_MS,
        notes=[f"{counted:,} conflicts; one list alone takes {median(took):.0f} ms (at most {MAX_LIST_MS})"],
    )
