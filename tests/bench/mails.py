"""Measures of mail: invitations that a worker plans, renders, hands to a mail server and marks as sent."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from statistics import median
from time import perf_counter
from uuid import UUID

import msgspec
from msgspec import structs

from forum.settings import Settings, as_environment
from tests.bench.report import Measure, Round
from tests.bench.rounds import Plan
from tests.bench.sink import Arrivals
from tests.bench.stage import NOW, Stage, make_live_edition
from tests.bench.usage import Usage
from tests.factories import make_session, publish_programme
from workers.office import MAIL_CONNECTIONS

SLUG = "bench-mail"
INVITATIONS = 14_000
INSERT_PEOPLE = """
WITH people AS (
    INSERT INTO persons (id, email, language, timezone, created_at)
    SELECT gen_random_uuid(), 'invited.' || number || '@delegates.example', (ARRAY['en', 'fr', 'ar'])[1 + number % 3],
           'Europe/Zurich', $2
    FROM generate_series(1, $3::integer) AS number
    RETURNING id, language, email
)
INSERT INTO registrations (edition_id, id, person_id, given_name, family_name, language, timezone, category, mode,
                           status, source, created_at, placed_at)
SELECT $1, gen_random_uuid(), id, 'Amal', email, language, 'Europe/Zurich', 'ngo', 'online', 'approved', 'registrar',
       $2, $2
FROM people
"""
"""Straight into the tables: what is measured begins with the release that invites them."""


class Sink:
    """The mail server's process, as the bench drives it."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process, self.port = process, port

    @classmethod
    async def of(cls, process: asyncio.subprocess.Process) -> "Sink":
        """The sink that has just been started."""
        assert process.stdout
        return cls(process, int(await process.stdout.readline()))

    async def expect(self, mails: int) -> asyncio.Task[Arrivals]:
        """Count anew; the task ends when that many mails have come."""
        assert self._process.stdin
        self._process.stdin.write(b"%d\n" % mails)
        await self._line()
        return asyncio.create_task(self._arrivals())

    async def _arrivals(self) -> Arrivals:
        return msgspec.json.decode(await self._line(), type=Arrivals)

    async def _line(self) -> bytes:
        assert self._process.stdout
        if line := await self._process.stdout.readline():
            return line
        raise RuntimeError("the mail sink ended")


@asynccontextmanager
async def _running(*arguments: str, settings: Settings | None = None) -> AsyncIterator[asyncio.subprocess.Process]:
    """A module of ours in a process of its own, for as long as the block lasts."""
    environment = os.environ | (as_environment(settings) if settings else {})
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *arguments, stdin=pipe, stdout=pipe, env=environment
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def measure_mails(stage: Stage, plan: Plan) -> AsyncIterator[Measure]:
    """14,000 invitations: in each round another session is published, to which everybody is invited."""
    people = INVITATIONS // plan.rounds
    plan.say(f"inviting {people:,} people in each round")
    edition_id = await make_live_edition(stage, SLUG, capacity=0)
    await stage.pool.execute(INSERT_PEOPLE, UUID(edition_id), NOW, people)
    await stage.pool.execute("DELETE FROM outbox")  # nothing is told of but what is published here
    forum, bare, waited = [], [], []
    async with _running("tests.bench.sink") as process:
        sink = await Sink.of(process)
        settings = structs.replace(stage.settings, smtp_url=f"smtp://127.0.0.1:{sink.port}")
        async with _running("forum", "worker", settings=settings) as worker:
            for number in range(plan.rounds):
                made, came, seconds = await _worker_round(stage, worker.pid, sink, people, number)
                forum.append(made)
                waited.append(seconds)
                bare.append(await _bare_round(sink, came))
                rates = f"{made.rate:,.0f} against {bare[-1].rate:,.0f} a second"
                plan.say(f"mails, round {number + 1} of {plan.rounds}: {rates}")
    sent = await stage.pool.fetchval(
        "SELECT count(*) FROM messages WHERE edition_id = $1 AND status = 'sent'", UUID(edition_id)
    )
    yield Measure(
        name="mails",
        what=f"invitations of {came.mean_bytes / 1000:.1f} kB rendered, handed to a mail server and marked",
        against=f"aiosmtplib alone, {MAIL_CONNECTIONS} connections",
        bound=None,
        forum=forum,
        bare=bare,
        is_exact=sent == people * plan.rounds,
        notes=[
            f"{sent:,} marked as sent; {people:,} people have theirs {median(waited):.1f} s after the release "
            f"(median), planning included"
        ],
    )


async def _worker_round(
    stage: Stage, worker_pid: int, sink: Sink, mails: int, number: int
) -> tuple[Round, Arrivals, float]:
    """Publish one session more and wait until everybody is invited; also how long that took in all."""
    starts_at = NOW + timedelta(hours=2 * number)
    times = {"starts_at": starts_at.isoformat(), "ends_at": (starts_at + timedelta(hours=1)).isoformat()}
    await make_session(stage.admin, edition=SLUG, **times)
    arriving = await sink.expect(mails)
    usage, begun = Usage({"worker": (worker_pid, False), "database": (stage.database_pid, True)}), perf_counter()
    await publish_programme(stage.admin, SLUG)
    came = await arriving
    seconds = perf_counter() - begun
    await _wait_until_marked(stage, mails * (number + 1))
    return _round(usage, came, seconds), came, seconds


async def _wait_until_marked(stage: Stage, mails: int) -> None:
    for _ in range(500):
        if await stage.pool.fetchval("SELECT count(*) FROM messages WHERE status = 'sent'") >= mails:
            return
        await asyncio.sleep(0.02)


async def _bare_round(sink: Sink, arrivals: Arrivals) -> Round:
    """As many mails of the same size over as many connections, by aiosmtplib alone."""
    arriving = await sink.expect(arrivals.mails)
    numbers = (sink.port, arrivals.mails, MAIL_CONNECTIONS, arrivals.mean_bytes)
    begun = perf_counter()
    async with _running("tests.bench.bare_mails", *map(str, numbers)) as sender:
        usage = Usage({"sender": (sender.pid, False)})
        came = await arriving
        return _round(usage, came, perf_counter() - begun)


def _round(usage: Usage, came: Arrivals, seconds: float) -> Round:
    made = usage.round(came.mails, (came.mails - 1) / came.seconds, seconds)
    made.busy["sink"] = came.cpu_seconds / seconds
    return made
