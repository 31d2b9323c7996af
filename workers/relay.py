"""Moves what was published from PostgreSQL to the queue, inside each worker: several may run at once."""

import asyncio
import contextlib
import logging
from datetime import timedelta
from typing import Final

from arq import ArqRedis

from forum import outbox
from forum.clock import system_clock
from forum.db import FIRST_OF_MANY, open_connection
from forum.logs import describe

SWEEP_SECONDS: Final = 1.0
"""A notification is only a hint: whatever happens, the outbox is looked at this often."""
RECONNECT_SECONDS: Final = 0.5
log = logging.getLogger("forum")


class Relay:
    """Hands over what is due whenever PostgreSQL, or the worker itself, says that there may be something."""

    def __init__(
        self, database_url: str, queue: ArqRedis, again_after: timedelta, per_domain: int | None = None
    ) -> None:
        self._database_url, self._queue, self._again_after = database_url, queue, again_after
        self._per_domain = per_domain
        self._hint = asyncio.Event()

    def wake(self) -> None:
        """There may be something to relay."""
        self._hint.set()

    async def run(self) -> None:
        """Relay until cancelled, through every loss of PostgreSQL and of the queue."""
        while True:
            try:
                await self._run_connected()
            except Exception as error:
                log.warning("nothing is relayed for now: %s", describe(error))
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _run_connected(self) -> None:
        connection = await open_connection(self._database_url, FIRST_OF_MANY)
        try:
            await connection.add_listener(outbox.CHANNEL, lambda *_: self._hint.set())
            while True:
                self._hint.clear()
                pace = self._again_after, self._per_domain
                while await outbox.relay(connection, self._queue, system_clock(), *pace):
                    pass
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(SWEEP_SECONDS):  # wait_for can lose a cancellation before Python 3.12
                        await self._hint.wait()
        finally:
            connection.terminate()
