"""A worker: arq's settings, and the loop that keeps arq running. Started by `forum worker`."""

import asyncio
import contextlib
import logging
import signal
from datetime import UTC
from typing import Any, ClassVar, Final

import msgspec
from arq.cron import cron
from arq.worker import Worker, create_worker

from forum.logs import describe
from forum.settings import Settings
from workers.house import keep_house
from workers.inbox import open_inbox
from workers.jobs import (
    invite_edition,
    invite_registration,
    invite_speaker,
    push_message,
    report_attendance,
    send_messages,
)
from workers.office import JOBS_AT_ONCE, QUEUE_AWAY, Office, encode, open_office, queue_settings

STOP_WITHIN_SECONDS: Final = 25
QUEUE_RECONNECT_SECONDS: Final = 0.5
log = logging.getLogger("forum")


class WorkerSettings:
    """What arq is told beside its means. A job that failed is tried again by the outbox, not by arq."""

    functions: ClassVar[list[Any]] = [
        invite_edition,
        invite_registration,
        invite_speaker,
        push_message,
        report_attendance,
        send_messages,
    ]
    cron_jobs: ClassVar[list[Any]] = [cron(keep_house, second=0, timeout=30, max_tries=1)]
    job_serializer = encode
    job_deserializer = msgspec.msgpack.decode
    timezone = UTC
    max_jobs = JOBS_AT_ONCE
    max_tries = 2  # one for a worker that stops in between
    job_timeout = 30
    keep_result = 0
    poll_delay = 0.05
    job_completion_wait = STOP_WITHIN_SECONDS
    health_check_interval = 10
    handle_signals = False


async def run_worker(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT; then finish what is in flight and leave the rest to others."""
    closing = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, closing.set)
    assert settings.redis_url
    async with open_office(settings, closing) as office, open_inbox(settings, office.clock):
        while not closing.is_set():
            await _run_arq(settings.redis_url, office)
            if not closing.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(QUEUE_RECONNECT_SECONDS):
                        await closing.wait()


async def _run_arq(redis_url: str, office: Office) -> None:
    """Run arq until the worker is to close, or until the queue is lost."""
    worker = create_worker(dict(vars(WorkerSettings)), redis_settings=queue_settings(redis_url), ctx={"office": office})
    stopping = asyncio.create_task(_stop_when_closing(worker, office.closing))
    try:
        await worker.async_run()
    except asyncio.CancelledError:
        if not office.closing.is_set():
            raise
    except QUEUE_AWAY as error:
        log.warning("the queue is away: %s", describe(error))
    finally:
        stopping.cancel()
        await asyncio.gather(*worker.tasks.values(), return_exceptions=True)
        if worker.pool is not None:
            await worker.pool.aclose(close_connection_pool=True)


async def _stop_when_closing(worker: Worker, closing: asyncio.Event) -> None:
    await closing.wait()
    worker.handle_sig_wait_for_completion(signal.SIGTERM)
