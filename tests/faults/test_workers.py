"""Workers killed, doubled, and robbed of their queue: every person has each mail, and nothing is sent twice."""

import asyncio
import email
import os
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis import Redis

from forum import outbox
from forum.clock import system_clock
from forum.db import Connection
from forum.settings import Settings
from tests.faults.conftest import all_sent, invite, message_ids
from tests.processes import command, wait_until
from tests.sinks import Sink
from workers.office import JOBS_AT_ONCE, MAIL_CONNECTIONS, open_queue

PEOPLE = 120
MAILS = 2 * PEOPLE


async def until(holds: Callable[[], Awaitable[bool]], seconds: float = 30.0) -> None:
    """Look again and again, and fail when it does not come true."""
    deadline = time.monotonic() + seconds
    while not await holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        await asyncio.sleep(0.02)


@pytest.fixture
def worker_settings(settings: Settings, server: Sink) -> Settings:
    """Workers that send to the mail server, and take up what another has left after half a second."""
    return msgspec.structs.replace(settings, smtp_url=server.url, relay_again_seconds=0.5)


async def test_worker_killed_while_sending_repeats_at_most_what_was_in_flight(
    conn: Connection, edition: dict[str, Any], server: Sink, worker_settings: Settings, tmp_path: Path
) -> None:
    await invite(conn, edition, PEOPLE)
    with command("worker", settings=worker_settings, log=tmp_path / "killed.log") as first:
        killed = asyncio.Event()

        def kill() -> None:
            if len(server.taken) == MAILS // 3:
                first.send_signal(signal.SIGKILL)
                killed.set()

        server.on_mail = kill
        await asyncio.wait_for(killed.wait(), 30)
        await asyncio.to_thread(first.wait)
    assert await conn.fetchval("SELECT count(*) FROM messages WHERE status = 'sent'") < MAILS

    with command("worker", settings=worker_settings, log=tmp_path / "second.log"):
        await until(lambda: all_sent(conn, MAILS))

    arrived = server.message_ids()
    assert set(arrived) == await message_ids(conn)
    assert len(arrived) == MAILS
    assert arrived.total() - MAILS <= JOBS_AT_ONCE * MAIL_CONNECTIONS
    assert Counter(address for address, _ in set(server.taken)) == {
        f"person-{number}@delegates.example": 2 for number in range(1, PEOPLE + 1)
    }


async def test_worker_killed_while_writing_a_maildir_leaves_each_mail_once(
    conn: Connection, edition: dict[str, Any], settings: Settings, tmp_path: Path
) -> None:
    people, inbox = 600, settings.mail_path / "new"
    settings = msgspec.structs.replace(settings, relay_again_seconds=0.5)
    await invite(conn, edition, people)
    with command("worker", settings=settings, log=tmp_path / "killed.log") as first:
        await asyncio.to_thread(wait_until, lambda: inbox.exists() and len(os.listdir(inbox)) >= 100)
        first.kill()
        await asyncio.to_thread(first.wait)
    assert await conn.fetchval("SELECT count(*) FROM messages WHERE status = 'sent'") < 2 * people

    with command("worker", settings=settings, log=tmp_path / "second.log"):
        await until(lambda: all_sent(conn, 2 * people))

    mails = [email.message_from_bytes(path.read_bytes()) for path in inbox.iterdir()]
    assert len(mails) == 2 * people
    assert {mail["Message-ID"] for mail in mails} == await message_ids(conn)


async def test_emptied_queue_loses_nothing(
    conn: Connection, edition: dict[str, Any], server: Sink, worker_settings: Settings, tmp_path: Path
) -> None:
    assert worker_settings.redis_url
    await invite(conn, edition, PEOPLE)
    queue = open_queue(worker_settings.redis_url)
    assert await outbox.relay(conn, queue, system_clock(), timedelta(milliseconds=50)) > 0
    await queue.aclose()

    with Redis.from_url(worker_settings.redis_url) as redis:
        assert redis.dbsize() > 0
        redis.flushdb()

        def empty() -> None:
            if len(server.taken) in (MAILS // 4, MAILS // 2):
                redis.flushdb()

        server.on_mail = empty
        with command("worker", settings=worker_settings, log=tmp_path / "worker.log"):
            await until(lambda: all_sent(conn, MAILS))

    assert server.message_ids() == dict.fromkeys(await message_ids(conn), 1)


async def test_two_workers_send_nothing_twice(
    conn: Connection, edition: dict[str, Any], server: Sink, worker_settings: Settings, tmp_path: Path
) -> None:
    await invite(conn, edition, PEOPLE)
    with (
        command("worker", settings=worker_settings, log=tmp_path / "one.log"),
        command("worker", settings=worker_settings, log=tmp_path / "two.log"),
    ):
        await until(lambda: all_sent(conn, MAILS))

    assert server.message_ids() == dict.fromkeys(await message_ids(conn), 1)
    assert len(server.taken) == MAILS


async def test_worker_that_is_asked_to_stop_finishes_what_is_in_flight(
    conn: Connection, edition: dict[str, Any], server: Sink, worker_settings: Settings, tmp_path: Path
) -> None:
    await invite(conn, edition, PEOPLE)
    with command("worker", settings=worker_settings, log=tmp_path / "stopped.log") as worker:
        server.on_mail = worker.terminate
        assert await asyncio.to_thread(worker.wait, 15) == 0
    taken = len(server.taken)
    assert taken < MAILS
    assert await conn.fetchval("SELECT count(*) FROM messages WHERE status = 'sent'") == taken

    server.on_mail = lambda: None
    with command("worker", settings=worker_settings, log=tmp_path / "next.log"):
        await until(lambda: all_sent(conn, MAILS))

    assert server.message_ids() == dict.fromkeys(await message_ids(conn), 1)
