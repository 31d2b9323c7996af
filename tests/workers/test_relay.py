"""The relay inside a worker: woken at once, and gone when it is told to go."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
from arq import ArqRedis

from forum import outbox
from forum.clock import system_clock
from forum.db import Connection, open_connection
from forum.jobs import InviteEdition, SendMessages
from forum.settings import Settings
from workers.office import open_queue
from workers.relay import Relay


@pytest.fixture
async def queue(settings: Settings) -> AsyncIterator[ArqRedis]:
    """The queue, empty."""
    assert settings.redis_url
    made = open_queue(settings.redis_url)
    yield made
    await made.aclose()


@pytest.fixture
def relay(settings: Settings, queue: ArqRedis) -> Relay:
    """A relay that hands a job over again after a minute."""
    assert settings.database_url
    return Relay(settings.database_url, queue, timedelta(minutes=1))


async def until_relayed(conn: Connection, queue: ArqRedis, count: int) -> None:
    """Wait for that many jobs in the queue."""
    async with asyncio.timeout(10):
        while len(await queue.queued_jobs()) < count:
            await conn.execute("SELECT pg_sleep(0.01)")


async def test_published_job_is_in_the_queue_at_once(conn: Connection, queue: ArqRedis, relay: Relay) -> None:
    task = asyncio.create_task(relay.run())
    await outbox.publish(conn, InviteEdition(uuid4(), 1))
    await until_relayed(conn, queue, 1)
    await outbox.publish(conn, InviteEdition(uuid4(), 1))
    await until_relayed(conn, queue, 2)
    task.cancel()

    jobs = sorted(await queue.queued_jobs(), key=lambda job: str(job.job_id))
    assert [(job.function, job.args, job.job_id) for job in jobs] == [
        ("invite_edition", [[1]], "outbox:1:1"),
        ("invite_edition", [[2]], "outbox:2:1"),
    ]


async def test_job_that_is_handed_over_again_takes_its_own_place_in_the_queue(
    conn: Connection, queue: ArqRedis
) -> None:
    await outbox.publish(conn, SendMessages(uuid4()), SendMessages(uuid4()))
    minute, now = timedelta(minutes=1), system_clock()
    await outbox.relay(conn, queue, now, minute)
    places = [job.score for job in await queue.queued_jobs()]
    await queue.set("arq:in-progress:outbox:1:1", b"1")  # what is left of a job whose worker was killed

    await outbox.relay(conn, queue, now + 2 * minute, minute)

    waiting = await queue.queued_jobs()
    assert sorted(str(job.job_id) for job in waiting) == ["outbox:1:2", "outbox:2:2"]
    assert [job.score for job in waiting] == places


@pytest.mark.parametrize("steps", range(5))
async def test_relay_that_is_woken_and_stopped_at_once_stops(
    conn: Connection, queue: ArqRedis, relay: Relay, steps: int
) -> None:
    await outbox.publish(conn, InviteEdition(uuid4(), 1))
    task = asyncio.create_task(relay.run())
    await until_relayed(conn, queue, 1)
    await conn.execute("SELECT pg_sleep(0.05)")
    relay.wake()
    for _ in range(steps):
        await asyncio.sleep(0)

    task.cancel()

    done, _ = await asyncio.wait([task], timeout=5)
    assert done == {task}
    assert task.cancelled()


async def test_relay_with_nothing_to_do_wakes_no_relay(conn: Connection, queue: ArqRedis, database_url: str) -> None:
    listener, heard = await open_connection(database_url), asyncio.Queue[str]()
    await listener.add_listener(outbox.CHANNEL, lambda *news: heard.put_nowait(str(news[-1])))

    await outbox.relay(conn, queue, system_clock(), timedelta(minutes=1))
    await conn.execute("SELECT pg_notify($1, 'afterwards')", outbox.CHANNEL)

    assert await heard.get() == "afterwards"
    await listener.close()
