"""Many scans at once: recorded together, as if each were recorded by itself."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx

from forum.db import Connection, Pool
from tests.attendance.conftest import SCANS, presences
from tests.client import Client, pointers
from tests.factories import badge_token, make_registration, scan_fields


async def badges(organizer: Client, count: int) -> list[str]:
    """The badges of so many people."""
    people = [await make_registration(organizer, f"person.{n}@delegates.example") for n in range(count)]
    return [await badge_token(organizer, person) for person in people]


def results(answers: list[httpx.Response]) -> list[str]:
    """What each was answered."""
    return [answer.json()["result"] for answer in answers]


async def test_scans_at_once_share_transactions(organizer: Client, device: Client, conn: Connection) -> None:
    tokens = await badges(organizer, 20)
    scans = [scan_fields(token, f"in-{n}", "07:00") for n, token in enumerate(tokens)]

    answers = await asyncio.gather(*(device.post(SCANS, scan) for scan in scans))

    assert results(answers) == ["accepted"] * 20
    assert len({answer.json()["holder"]["registration"] for answer in answers}) == 20
    assert await presences(conn) == [("07:00", None)] * 20
    assert await conn.fetchval("SELECT count(DISTINCT xmin::text) FROM scans") < 20


async def test_scans_of_one_badge_at_once_are_read_in_the_order_in_which_they_happened(
    organizer: Client, device: Client, conn: Connection
) -> None:
    [token] = await badges(organizer, 1)
    steps = [("07:00", "in"), ("08:00", "out"), ("10:00", "out"), ("09:00", "in"), ("11:00", "in")]
    scans = [scan_fields(token, at, at, direction=direction) for at, direction in steps]

    answers = await asyncio.gather(*(device.post(SCANS, scan) for scan in scans))

    assert results(answers) == ["accepted"] * 5
    assert await presences(conn) == [("07:00", "08:00"), ("09:00", "10:00"), ("11:00", None)]


async def test_scan_sent_many_times_at_once_is_recorded_once(
    organizer: Client, device: Client, conn: Connection
) -> None:
    [token] = await badges(organizer, 1)

    answers = await asyncio.gather(*(device.post(SCANS, scan_fields(token, "a", "07:00")) for _ in range(12)))

    assert sorted(results(answers)) == ["accepted", *["repeated"] * 11]
    assert await conn.fetchval("SELECT count(*) FROM scans") == 1


async def test_bad_scan_among_many_keeps_nobody_out(organizer: Client, device: Client, conn: Connection) -> None:
    tokens = await badges(organizer, 10)
    good = [scan_fields(token, f"good-{n}", "07:00") for n, token in enumerate(tokens)]
    nowhere = scan_fields(tokens[0], "nowhere", "07:01", gate=None, session=str(uuid4()))
    early = scan_fields(tokens[0], "early", "23:00")

    bodies: list[dict[str, Any]] = [*good[:5], nowhere, early, *good[5:]]
    answers = await asyncio.gather(*(device.post(SCANS, body) for body in bodies))

    assert pointers(answers[5]) == {("/session", "unknown_reference")}
    assert pointers(answers[6]) == {("/occurred_at", "in_the_future")}
    assert results(answers[:5] + answers[7:]) == ["accepted"] * 10
    assert await conn.fetchval("SELECT count(*) FROM scans") == 10


async def test_more_scans_than_connections_hold_none_afterwards(
    organizer: Client, device: Client, conn: Connection, pool: Pool
) -> None:
    [token] = await badges(organizer, 1)
    held = pool.get_size() - pool.get_idle_size()

    scans = [scan_fields(token, f"scan-{n}", "07:00") for n in range(5 * pool.get_max_size())]
    answers = await asyncio.gather(*(device.post(SCANS, scan) for scan in scans))

    assert {answer.status_code for answer in answers} == {200}
    assert pool.get_size() - pool.get_idle_size() == held


async def test_scan_with_an_idempotency_key_is_answered_again(
    organizer: Client, device: Client, conn: Connection
) -> None:
    [token] = await badges(organizer, 1)
    key = {"Idempotency-Key": "first-scan"}

    first = await device.post(SCANS, scan_fields(token, "a", "07:00"), headers=key)
    again = await device.post(SCANS, scan_fields(token, "a", "07:00"), headers=key)

    assert results([first, again]) == ["accepted", "accepted"]
    assert again.headers["Idempotency-Replayed"] == "true"
