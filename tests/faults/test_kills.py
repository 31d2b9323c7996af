"""Workers die at fifty random moments while two thousand mails go out: all arrive, in order, each under one id."""

import asyncio
import os
import random
import time
from collections import defaultdict
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from aiosmtpd.smtp import SMTP, Envelope, Session

from forum.db import Connection, Pool
from forum.settings import Settings
from tests.conftest import Timeline
from tests.faults.conftest import all_sent, invite, message_ids
from tests.faults.starter import Starter, starter
from tests.faults.test_order import STEPS, queue_chains
from tests.faults.test_workers import until
from tests.sinks import Sink, sink
from workers.office import MAIL_CONNECTIONS

PEOPLE, MAILS = 250, 2000
WORKERS, KILLS = 4, 50
ANSWER_SECONDS = 0.03
"""So slow is the server on average: else the mails are out before their workers are dead."""


class Slow(Sink):
    """Takes its time before and after it has taken a mail: a kill falls on both sides of it."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance
        self._arrived = asyncio.Condition()

    async def until_taken(self, count: int) -> None:
        """Wait until so many mails have arrived."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.taken) >= count)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take a mail."""
        await asyncio.sleep(self._chance.uniform(0, ANSWER_SECONDS))
        answer = await super().handle_DATA(server, session, envelope)
        async with self._arrived:
            self._arrived.notify_all()
        await asyncio.sleep(self._chance.uniform(0, ANSWER_SECONDS))
        return answer


async def shorten_pauses(pool: Pool) -> None:
    """A job that died with many workers is due again within two seconds, too, not after twice as long each time."""
    while True:
        async with pool.acquire() as conn:
            await conn.execute(
                "UPDATE outbox SET next_try_at = now() + interval '1 s' "
                "WHERE done_at IS NULL AND next_try_at > now() + interval '2 s'"
            )
        await asyncio.sleep(0.5)


async def kill_workers(workers: Starter, server: Slow, chance: random.Random) -> None:
    """Kill one or another while mails flow, each time when so many of them have arrived, and replace it."""
    for count in sorted(chance.sample(range(1, MAILS - MAILS // 10), KILLS)):
        async with asyncio.timeout(60):
            await server.until_taken(count)
        await asyncio.sleep(chance.uniform(0, 0.02))
        workers.kill(chance.choice(workers.workers))
        workers.start()


async def test_fifty_killed_workers_lose_no_mail_and_give_none_a_second_id(
    conn: Connection, pool: Pool, edition: dict[str, Any], clock: Timeline, settings: Settings, tmp_path: Path
) -> None:
    seed = int(os.environ.get("FORUM_TEST_SEED", time.time_ns() % 1_000_000))
    chance = random.Random(seed)
    await invite(conn, edition, PEOPLE)
    assert await queue_chains(conn, edition, clock) == MAILS
    await conn.execute("ANALYZE messages")  # as the server itself does after a minute
    async with sink(Slow(chance)) as server:
        wanted = msgspec.structs.replace(settings, smtp_url=server.url, relay_again_seconds=1)
        with starter(wanted, tmp_path) as workers:
            begun = time.monotonic()
            shortening = asyncio.create_task(shorten_pauses(pool))
            for _ in range(WORKERS):
                workers.start()
            await kill_workers(workers, server, chance)
            killed = time.monotonic()
            await until(lambda: all_sent(conn, MAILS), 60)
            shortening.cancel()

    arrived = server.message_ids()
    twice = arrived.total() - MAILS
    print(f"seed {seed}: {KILLS} kills in {killed - begun:.1f} s, all sent {time.monotonic() - killed:.1f} s after")
    print(f"{twice} mails of {MAILS} came twice")
    assert set(arrived) == await message_ids(conn)
    assert len(arrived) == MAILS
    assert 0 < twice <= KILLS * MAIL_CONNECTIONS

    rows = await conn.fetch(
        "SELECT id, coalesce(registration_id, speaker_id), session_id, payload ->> 'method',"
        " (payload ->> 'sequence')::integer FROM messages"
    )
    planned = {f"<{row[0]}@{settings.calendar_domain}>": tuple(row)[1:] for row in rows}
    news: dict[tuple[UUID, UUID], list[tuple[str, int]]] = defaultdict(list)
    for message_id in server.message_ids_in_order():
        person, session, *step = planned[message_id]
        if tuple(step) not in news[person, session][-1:]:
            news[person, session].append((step[0], step[1]))
    assert len(news) == PEOPLE * 2
    assert {tuple(steps) for steps in news.values()} == {tuple(STEPS)}
