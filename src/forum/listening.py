"""The one connection of a process on which the database tells it what happened (LISTEN and NOTIFY).

What is told is a hint and never the truth: while the connection is not there nothing is heard, and each subscriber
asks the database instead.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Final, Protocol

import asyncpg

from forum.db import Connection, open_connection, ping

HEARTBEAT_SECONDS: Final = 15.0
RECONNECT_SECONDS: Final = 1.0
LOST: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
"""What a connection that is gone, or a server that does not answer, raises."""
log = logging.getLogger("forum")


class Subscriber(Protocol):
    """Who wants to hear of what is told on a channel."""

    channel: str

    def begin(self) -> None:
        """From now on everything is heard; what happened before may have been missed."""

    def hear(self, payload: str) -> None:
        """Something was told."""

    def lose(self) -> None:
        """From now on nothing is heard."""


@contextlib.asynccontextmanager
async def listening(database_url: str, subscribers: Sequence[Subscriber]) -> AsyncIterator[None]:
    """Let the subscribers hear of what happens while the block runs; a lost connection is made again."""
    task = asyncio.create_task(_listen(database_url, subscribers))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _listen(database_url: str, subscribers: Sequence[Subscriber]) -> None:
    while True:
        try:
            await _listen_once(database_url, subscribers)
        except LOST as error:
            log.warning("not listening, asking the database instead: %s", type(error).__name__)
        await asyncio.sleep(RECONNECT_SECONDS)


async def _listen_once(database_url: str, subscribers: Sequence[Subscriber]) -> None:
    """Listen until the connection is lost, and raise then."""

    lost = asyncio.Event()

    def lose(*_: object) -> None:
        if not lost.is_set():
            lost.set()
            for subscriber in subscribers:
                subscriber.lose()

    connection = await open_connection(database_url)
    connection.add_termination_listener(lose)
    try:
        for subscriber in subscribers:
            await _subscribe(connection, subscriber)
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(lost.wait(), HEARTBEAT_SECONDS)
            await ping(connection)
    finally:
        lose()
        connection.terminate()


async def _subscribe(connection: Connection, subscriber: Subscriber) -> None:
    await connection.add_listener(subscriber.channel, lambda *arguments: subscriber.hear(str(arguments[-1])))
    subscriber.begin()
