"""Records the scans of all requests that wait, together: while one transaction commits, the next scans gather.

At a full gate most of a scan's time is a flush to disk and the round trips around it; here one flush, and one trip,
serves everybody who came meanwhile. Whoever comes alone is recorded at once. Nobody is answered before the commit.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from forum.attendance.badge_reader import BadgeReader
from forum.attendance.scans import future_fault, record_each_scan, record_scan, shown_badge
from forum.attendance.types import NewScan, ScanResult
from forum.db import ACQUIRE_TIMEOUT_SECONDS, Pool
from forum.errors import DEADLOCK, from_exception

BATCHES_AT_ONCE: Final = 2
"""One works while the other waits for the disk."""
MOST_IN_A_BATCH: Final = 64
"""So that nobody waits for long behind others."""


class _Waiting(Struct, frozen=True):
    edition_id: UUID
    device_id: UUID
    scan: NewScan
    now: datetime
    answer: "asyncio.Future[ScanResult]"


class ScanDesk:
    """Where the scans of this process's requests are recorded."""

    def __init__(self, reader: BadgeReader) -> None:
        self._reader = reader
        self._waiting: list[_Waiting] = []
        self._workers: set[asyncio.Task[None]] = set()

    async def record_scan(
        self, pool: Pool, edition_id: UUID, device_id: UUID, scan: NewScan, now: datetime
    ) -> ScanResult:
        """Record a scan, and commit it, with those of others; raises what `scans.record_scan` raises.

        The caller holds no connection of the pool: everybody could, and wait for one.
        """
        answer: asyncio.Future[ScanResult] = asyncio.get_running_loop().create_future()
        waiting = _Waiting(edition_id, device_id, scan, now, answer)
        if future_fault(scan.occurred_at, now):
            return await self._record_alone(pool, waiting)
        self._waiting.append(waiting)
        if len(self._workers) < BATCHES_AT_ONCE:
            worker = asyncio.create_task(self._record_waiting(pool))
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        return await answer

    async def _record_waiting(self, pool: Pool) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST_IN_A_BATCH], self._waiting[MOST_IN_A_BATCH:]
            await self._record_batch(pool, batch)

    async def _record_batch(self, pool: Pool, batch: list[_Waiting]) -> None:
        """Answer everybody in a batch. One that cannot be recorded must not keep others out: then each goes alone."""
        try:
            results: Sequence[ScanResult | BaseException] = await self._record_together(pool, batch)
        except Exception as error:
            if from_exception(error).status >= 500 and not isinstance(error, DEADLOCK):
                results = [error] * len(batch)
            else:
                alone = (self._record_alone(pool, one) for one in batch)
                results = await asyncio.gather(*alone, return_exceptions=True)
        for one, result in zip(batch, results, strict=True):
            if one.answer.done():  # the client is gone
                continue
            if isinstance(result, BaseException):
                one.answer.set_exception(result)
            else:
                one.answer.set_result(result)

    async def _record_together(self, pool: Pool, batch: list[_Waiting]) -> list[ScanResult]:
        """In the order of the badges, and for each in that of arrival, so that no two processes wait in a circle."""
        async with pool.acquire(timeout=ACQUIRE_TIMEOUT_SECONDS) as conn, conn.transaction():
            badges = [await self._reader.read(conn, one.scan.badge) for one in batch]
            order = sorted(range(len(batch)), key=lambda index: str(badges[index]))
            shown = [
                shown_badge(one.edition_id, one.device_id, one.scan, badges[index], one.now)
                for index in order
                for one in [batch[index]]
            ]
            results = dict(zip(order, await record_each_scan(conn, shown), strict=True))
        return [results[index] for index in range(len(batch))]

    async def _record_alone(self, pool: Pool, one: _Waiting) -> ScanResult:
        async with pool.acquire(timeout=ACQUIRE_TIMEOUT_SECONDS) as conn, conn.transaction():
            return await record_scan(conn, one.edition_id, one.device_id, one.scan, self._reader, one.now)
