"""What leaves the system: jobs and messages, stored in the caller's transaction and relayed afterwards.

A job is a row before it is anything else. The relay hands rows to arq in batches, one arq job for all waiting
rows of a kind, and hands them over again until `done_at` is set: a queue that was emptied, or a worker that
was killed, loses nothing. Only this module knows how arq is asked to run something.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any, Final

import msgspec
from arq import ArqRedis
from arq.constants import default_queue_name

from forum.db import Connection, execute, fetch_all, value
from forum.jobs import AnyJob, Job
from forum.sqlfiles import load_statements

_SQL = load_statements("outbox")

CHANNEL: Final = "forum_outbox"
"""PostgreSQL notifies here when something was published."""
BATCH_SIZE: Final = 2000
"""Those of an edition are planned one portion after the other: few large ones leave the worker to its mails."""
MESSAGES_IN_BATCH: Final = 200
MESSAGES_UNDER_WAY: Final = 4000
"""What is not under way yet can still be superseded by news of the same invitation."""
ROOM_WORTH_TAKING: Final = MESSAGES_UNDER_WAY // 4
"""With less room than this nothing more is taken up: each time that one is sent, another would be a batch by itself."""
MESSAGES_WITH_DIGESTS: Final = 200
"""So many are taken up at once while digests wait: each brings many rows along, and codes wait for the statement."""
KEEP_DONE: Final = timedelta(days=7)
_BEFORE_ALL_OTHERS: Final = timedelta(hours=1)


class Relayed(msgspec.Struct, frozen=True):
    """A row that is to be handed to the queue."""

    id: int
    kind: str
    tries: int
    urgent: bool


class Claimed(msgspec.Struct, frozen=True):
    """A job that a worker holds: no other worker runs it until this transaction ends."""

    id: int
    payload: dict[str, Any]

    def job(self) -> AnyJob:
        """The job as a value."""
        job: AnyJob = msgspec.convert(self.payload, AnyJob)
        return job


async def publish(conn: Connection, *jobs: Job) -> None:
    """Store jobs in the caller's transaction: they run if, and only if, it commits."""
    await execute(conn, _SQL["insert_jobs"], [msgspec.to_builtins(job) for job in jobs])


async def publish_later(conn: Connection, jobs: Sequence[tuple[Job, timedelta]]) -> None:
    """The same for jobs that are to run after a pause, each after its own."""
    rows = [{"job": msgspec.to_builtins(job), "seconds": pause.total_seconds()} for job, pause in jobs]
    await execute(conn, _SQL["insert_later_jobs"], rows)


async def queue_message(
    conn: Connection,
    kind: str,
    recipient: str,
    payload: dict[str, Any],
    now: datetime,
    edition_id: Any = None,
) -> None:
    """Store one mail in the caller's transaction."""
    await execute(conn, _SQL["insert_message"], kind, recipient, payload, now, edition_id)


async def claim_waiting(conn: Connection, now: datetime, again_after: timedelta) -> list[Relayed]:
    """The jobs that are due, marked as handed over at `now`."""
    return await fetch_all(conn, _SQL["claim_waiting"], Relayed, now, again_after, BATCH_SIZE)


async def batch_messages(conn: Connection, now: datetime, per_domain: int | None = None) -> int:
    """Put the messages that are due into batches, each with a job that sends it; how many messages that was.

    `per_domain`: how many messages a minute one domain is sent; None for as many as there are.
    """
    room = max(MESSAGES_UNDER_WAY - int(await value(conn, _SQL["count_under_way"])), 0)
    limits = MESSAGES_IN_BATCH, room if room >= ROOM_WORTH_TAKING else 0
    if per_domain is None:
        return await execute(conn, _SQL["batch_messages"], now, *limits, False, MESSAGES_WITH_DIGESTS)
    async with conn.transaction():
        await execute(conn, _SQL["lock_pacing"])
        await execute(conn, _SQL["pace_messages"], now, per_domain)
        return await execute(conn, _SQL["batch_messages"], now, *limits, True, MESSAGES_WITH_DIGESTS)


async def relay(
    conn: Connection, queue: ArqRedis, now: datetime, again_after: timedelta, per_domain: int | None = None
) -> int:
    """Hand every job that is due to the queue; how many. The caller's connection is in no transaction.

    `again_after`: how long a job may take before it is handed over again; doubled with every try, up to a quarter
    of an hour. Nothing is counted as a try while the queue does not answer.
    """
    await queue.ping()
    await batch_messages(conn, now, per_domain)
    rows = await claim_waiting(conn, now, again_after)
    for kind, group in groupby(sorted(rows, key=lambda row: (row.kind, row.id)), key=lambda row: row.kind):
        for batch in _portions(kind, list(group)):
            key = f"outbox:{batch[0].id}:{batch[0].tries}"
            place = now - _BEFORE_ALL_OTHERS if batch[0].urgent else None
            if batch[0].tries > 1:
                place = await _take_earlier(queue, batch[0]) or place
            await queue.enqueue_job(kind, [row.id for row in batch], _job_id=key, _defer_until=place)
    return len(rows)


async def _take_earlier(queue: ArqRedis, row: Relayed) -> datetime | None:
    """Take an earlier hand-over of a job off the queue; the place that the next one has there, None for the last.

    arq leaves it there while a worker is at it. A killed worker's would stand at the head for as long as a job may
    last, and a hundred of them, which is all that arq looks at, would hold up every job behind them.
    """
    key = f"outbox:{row.id}:{row.tries - 1}"
    score = await queue.zscore(default_queue_name, key)
    await queue.zrem(default_queue_name, key)
    return datetime.fromtimestamp(score / 1000, UTC) if score is not None else None


def _portions(kind: str, rows: list[Relayed]) -> list[list[Relayed]]:
    """Mails go one batch a job, so that several workers share them; a job that failed before runs alone."""
    alone = [[row] for row in rows if kind == "send_messages" or row.tries > 2]
    together = [row for row in rows if kind != "send_messages" and row.tries <= 2]
    return [*alone, together] if together else alone


async def claim_jobs(conn: Connection, ids: Sequence[int]) -> list[Claimed]:
    """Of these jobs, those that are not done and that no other worker holds; locked until the transaction ends."""
    return await fetch_all(conn, _SQL["claim_jobs"], Claimed, ids)


async def finish_jobs(conn: Connection, ids: Sequence[int], now: datetime) -> None:
    """These jobs are done."""
    await execute(conn, _SQL["finish_jobs"], ids, now)


async def record_failure(conn: Connection, ids: Sequence[int], error: str) -> None:
    """Keep why these jobs failed, for the operator; they are relayed again when their pause is over."""
    await execute(conn, _SQL["record_failure"], ids, error)


async def count_waiting(conn: Connection, now: datetime) -> dict[str, int]:
    """How many jobs and messages are unfinished, and how many have failed at least once."""
    row = await conn.fetchrow(_SQL["count_waiting"], now)
    return dict(row) if row else {}


async def delete_done_jobs(conn: Connection, now: datetime) -> int:
    """Forget the jobs that were done a week ago; how many."""
    return await execute(conn, _SQL["delete_done_jobs"], now - KEEP_DONE)
