"""Scans of several processes at once: each in a transaction of its own, past the desk of any process."""

import asyncio
from collections.abc import Iterable
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from forum.attendance import service
from forum.attendance.types import NewScan, ScanResult
from forum.db import Connection, Pool
from forum.registrations.service import KeyRing
from tests.attendance.conftest import BATCH, SCANS, facts, presences
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import badge_token, make_registration, scan_fields


@pytest.fixture
def reader() -> service.BadgeReader:
    """What reads badges in a process."""
    return service.BadgeReader(KeyRing())


class Gates:
    """Many processes that record scans."""

    def __init__(self, pool: Pool, edition: dict[str, Any], reader: service.BadgeReader, clock: Timeline) -> None:
        self._pool, self._edition, self._reader, self._clock = pool, UUID(edition["id"]), reader, clock

    async def record(self, device: UUID, body: dict[str, Any]) -> ScanResult:
        """Record a scan in a transaction of its own."""
        scan = msgspec.convert(body, NewScan)
        async with self._pool.acquire() as conn, conn.transaction():
            return await service.record_scan(conn, self._edition, device, scan, self._reader, self._clock.now)

    async def record_all(self, scans: Iterable[tuple[UUID, dict[str, Any]]]) -> list[str]:
        """Record scans at once; the results, sorted."""
        results = await asyncio.gather(*(self.record(device, body) for device, body in scans))
        return sorted(result.result for result in results)


@pytest.fixture
def gates(pool: Pool, edition: dict[str, Any], reader: service.BadgeReader, clock: Timeline) -> Gates:
    """Many processes that record scans."""
    return Gates(pool, edition, reader, clock)


async def test_same_scan_at_fifty_processes_at_once_is_one(gates: Gates, organizer: Client, conn: Connection) -> None:
    body = scan_fields(await badge_token(organizer, await make_registration(organizer)), "a", "07:00")
    device = uuid4()

    results = await gates.record_all((device, body) for _ in range(50))

    assert results == ["accepted"] + ["repeated"] * 49
    assert await conn.fetchval("SELECT count(*) FROM scans") == 1
    assert await presences(conn) == [("07:00", None)]
    assert await facts(conn) == [("in_person", None, "07:00"), ("in_person", "2023-12-13", "07:00")]


@pytest.mark.parametrize("turn", range(3))
async def test_scans_of_a_person_at_once_are_told_as_they_happened(
    gates: Gates, organizer: Client, conn: Connection, turn: int
) -> None:
    badge = await badge_token(organizer, await make_registration(organizer))
    steps = [(f"{hour:02}:{minute}", d) for hour in range(6, 16) for minute, d in (("00", "in"), ("30", "out"))]
    scans = [scan_fields(badge, at, at, direction=direction) for at, direction in steps]

    results = await gates.record_all((uuid4(), scan) for scan in scans)

    assert results == ["accepted"] * 20
    assert await presences(conn) == [(f"{hour:02}:00", f"{hour:02}:30") for hour in range(6, 16)]


async def test_uploads_and_gates_do_not_wait_for_each_other_in_a_circle(
    organizer: Client, device: Client, conn: Connection
) -> None:
    people = [await make_registration(organizer, f"p{index}@delegates.example") for index in range(30)]
    badges = [await badge_token(organizer, person) for person in people]
    uploads = [
        {"scans": [scan_fields(badge, f"u{turn} {badge[-20:]}", f"0{turn}:00") for badge in badges]}
        for turn in range(6)
    ]
    at_the_gate = [
        scan_fields(badge, f"g{turn} {badge[-20:]}", f"0{turn}:30", direction="out")
        for turn in range(6)
        for badge in badges
    ]

    answers = await asyncio.gather(
        *(device.post(BATCH, upload) for upload in uploads), *(device.post(SCANS, scan) for scan in at_the_gate)
    )

    assert [answer.status_code for answer in answers] == [200] * len(answers)
    assert await presences(conn) == sorted((f"0{turn}:00", f"0{turn}:30") for turn in range(6) for _ in people)
