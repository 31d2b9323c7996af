"""Measures of the gate: badges that are shown, in and out, one after the other."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from forum.registrations import badge_queries
from forum.registrations.badges import sign
from tests.bench.load import SERIAL, request
from tests.bench.registrations import BARE_INSERT, register_many
from tests.bench.report import Measure
from tests.bench.rounds import Plan, Side, take_turns
from tests.bench.stage import Stage, make_live_edition

SLUG = "bench-gate"
PEOPLE = 4_200
"""As many as the hall of 2023 held."""


def scan_fields(badge: str, direction: str) -> dict[str, Any]:
    """A good body for a scan. The device's clock goes on with every scan, as the device's own names for them do."""
    number = SERIAL.decode()
    return {
        "badge": badge,
        "gate": "Main entrance",
        "direction": direction,
        "scan_id": f"gate-{number}",
        "occurred_at": f"2023-12-13T09:00:00.{number}Z",
    }


async def _badge_tokens(stage: Stage, edition_id: str) -> list[str]:
    """The signed token of every live badge."""
    async with stage.pool.acquire() as conn:
        keys = {key.id: key for key in await badge_queries.list_badge_keys(conn)}
    rows = await stage.pool.fetch(
        "SELECT id, key_id FROM badges WHERE edition_id = $1 AND revoked_at IS NULL ORDER BY id", UUID(edition_id)
    )
    return [sign(row["id"], keys[row["key_id"]]) for row in rows]


async def measure_scan(stage: Stage, plan: Plan) -> AsyncIterator[Measure]:
    """Everybody of a full hall comes in, goes out and comes in again, at one gate with many scanners."""
    plan.say(f"registering {PEOPLE:,} people")
    edition_id = await make_live_edition(stage, SLUG, PEOPLE)
    await register_many(stage, SLUG, edition_id, PEOPLE, plan)
    device = await stage.admin.as_client(edition_id, "scans:record", kind="device")
    tokens = await _badge_tokens(stage, edition_id)
    path = f"/v1/editions/{SLUG}/scans"
    scans = [
        request("POST", path, device.token, scan_fields(token, direction))
        for direction in ("in", "out")
        for token in tokens
    ]
    forum = Side(stage, scans, 200, marks=['"result":"accepted"'])
    bare = Side(stage, [BARE_INSERT], 201)
    await take_turns(plan, "scan", forum, bare)
    kept = await stage.pool.fetchval("SELECT count(*) FROM scans WHERE edition_id = $1", UUID(edition_id))
    accepted = forum.marks['"result":"accepted"']
    yield Measure(
        name="scan",
        what=f"a scan at the gate, {len(tokens):,} badges in and out",
        against="one INSERT",
        bound=0.5,
        forum=forum.rounds,
        bare=bare.rounds,
        is_exact=forum.answers == accepted == kept,
        notes=[f"{forum.answers:,} answered, {accepted:,} accepted, {kept:,} kept"],
    )
