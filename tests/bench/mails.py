"""Measures of mail: what a worker plans, renders, hands to a mail server and marks as sent when a plenary moves."""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from statistics import median
from time import perf_counter
from typing import IO, Any
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
UPDATES = 14_000
"""In all rounds together: one round tells 14,000 people of one move."""
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
COUNT_SENT = """
SELECT count(DISTINCT (registration_id, payload ->> 'starts_at')) FROM messages
WHERE edition_id = $1 AND status = 'sent'
"""
LANGUAGES = 3
RENDERED = b" rendered: "
"""In the line that a worker writes when the calendar library has rendered an entry."""


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
async def _running(
    *arguments: str, settings: Settings | None = None, log: IO[bytes] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A module of ours in a process of its own, for as long as the block lasts."""
    environment = os.environ | (as_environment(settings) if settings else {})
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *arguments, stdin=pipe, stdout=pipe, stderr=log, env=environment
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


class Post:
    """The worker at work on one session, which everybody is invited to."""

    def __init__(self, stage: Stage, sink: Sink, worker_pid: int, edition_id: UUID, people: int) -> None:
        self._stage, self._sink, self._worker_pid = stage, sink, worker_pid
        self._edition_id, self.people = edition_id, people
        self.forum: list[Round] = []
        self.bare: list[Round] = []
        self.seconds: list[float] = []
        self.mean_bytes = 0

    async def publish(self) -> None:
        """Publish what was changed, wait until everybody was told, and then send as many mails by aiosmtplib alone."""
        arriving = await self._sink.expect(self.people)
        pids = {"worker": (self._worker_pid, False), "database": (self._stage.database_pid, True)}
        usage, begun = Usage(pids), perf_counter()
        await publish_programme(self._stage.admin, SLUG)
        came = await arriving
        self.seconds.append(perf_counter() - begun)
        self.mean_bytes = came.mean_bytes
        self.forum.append(_round(usage, came, self.seconds[-1]))
        await self._wait_until_marked()
        self.bare.append(await _bare_round(self._sink, came))

    async def _wait_until_marked(self) -> None:
        for _ in range(500):
            if await self.count_sent() >= self.people * len(self.forum):
                return
            await asyncio.sleep(0.02)

    async def count_sent(self) -> int:
        """How many mails are marked as sent, each telling somebody of a time that nothing had told them before."""
        return int(await self._stage.pool.fetchval(COUNT_SENT, self._edition_id))

    def measure(self, name: str, what: str, bound: float | None, first: int, last: int, **more: Any) -> Measure:
        """What was measured from one round to another."""
        return Measure(
            name=name,
            what=f"{what} of {self.mean_bytes / 1000:.1f} kB to {self.people:,} people, handed to a mail server",
            against=f"aiosmtplib alone, {MAIL_CONNECTIONS} connections",
            bound=bound,
            forum=self.forum[first:last],
            bare=self.bare[first:last],
            **more,
        )


async def measure_mails(stage: Stage, plan: Plan) -> AsyncIterator[Measure]:
    """Everybody is invited to a plenary, which is then moved in each round: 14,000 updates in all rounds together."""
    people = UPDATES // plan.rounds
    edition_id = UUID(await make_live_edition(stage, SLUG, capacity=0))
    await stage.pool.execute(INSERT_PEOPLE, edition_id, NOW, people)
    await stage.pool.execute("DELETE FROM outbox")  # nothing is told of but what is published here
    plenary = await make_session(stage.admin, edition=SLUG, **_times(0))
    with tempfile.TemporaryFile() as log:
        async with _running("tests.bench.sink") as process:
            sink = await Sink.of(process)
            settings = structs.replace(stage.settings, smtp_url=f"smtp://127.0.0.1:{sink.port}")
            async with _running("forum", "worker", settings=settings, log=log) as worker:
                post = Post(stage, sink, worker.pid, edition_id, people)
                plan.say(f"inviting {people:,} people")
                await post.publish()
                yield post.measure("invitations", "invitations", None, 0, 1)
                for number in range(1, plan.rounds + 1):
                    await stage.admin.patch(f"/v1/editions/{SLUG}/sessions/{plenary['id']}", _times(number))
                    await post.publish()
                    rates = f"{post.forum[-1].rate:,.0f} against {post.bare[-1].rate:,.0f} a second"
                    plan.say(f"mails, round {number} of {plan.rounds}: {rates}")
        log.seek(0)
        rendered = sum(RENDERED in line for line in log)
    sent, versions = await post.count_sent(), plan.rounds + 1
    yield post.measure(
        "mails", "updates after a move", 0.5, 1, versions,
        is_exact=sent == people * versions and rendered == LANGUAGES * versions,
        notes=[
            f"{sent:,} marked as sent, the invitations included; everybody has theirs {median(post.seconds[1:]):.1f} s "
            f"after the release (median), planning included",
            f"1 session in {versions} versions and {LANGUAGES} languages was rendered {rendered} times for them",
        ],
    )  # fmt: skip


def _times(number: int) -> dict[str, str]:
    """When the plenary is, after so many moves."""
    starts_at = NOW + timedelta(hours=number)
    return {"starts_at": starts_at.isoformat(), "ends_at": (starts_at + timedelta(hours=1)).isoformat()}


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
