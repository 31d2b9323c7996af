"""What a worker works with: its connections, its clock, and the relay that brings it work."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Final

import msgspec
from arq.connections import ArqRedis, RedisSettings
from arq.constants import default_queue_name, health_check_key_suffix
from redis.exceptions import RedisError

from forum.clock import Clock, clock_of
from forum.db import FRESH_PLANS, Pool, open_pool
from forum.notifications.service import Content, Mailers, Postbox, open_transport
from forum.pushes.service import Courier
from forum.settings import Settings
from workers.content import MailContent
from workers.relay import Relay

JOBS_AT_ONCE: Final = 4
MAIL_CONNECTIONS: Final = 4


QUEUE_AWAY: Final = (RedisError, OSError, TimeoutError)


class QueueAway(Exception):
    """The queue does not answer; the message says why."""


class Office(msgspec.Struct, frozen=True):
    """One worker's means."""

    pool: Pool
    """For the jobs' own transactions."""
    marks: Pool
    """For what is marked while they run, so that neither ever waits for the other."""
    clock: Clock
    content: Content
    postbox: Postbox
    relay: Relay
    closing: asyncio.Event
    courier: Courier = Courier()


def encode(value: Any) -> bytes:
    """A job for the queue, in MessagePack: arq's own pickle would run whatever somebody puts there."""
    return msgspec.msgpack.encode(value, enc_hook=repr)


def queue_settings(redis_url: str) -> RedisSettings:
    """How arq reaches the queue; it is asked again by us, not by arq."""
    settings = RedisSettings.from_dsn(redis_url)
    settings.conn_retries = 0
    return settings


def open_queue(redis_url: str) -> ArqRedis:
    """The queue, to hand jobs to; connections are made when they are needed."""
    wanted = queue_settings(redis_url)
    return ArqRedis(
        job_serializer=encode,
        job_deserializer=msgspec.msgpack.decode,
        host=wanted.host if isinstance(wanted.host, str) else "localhost",
        port=wanted.port,
        unix_socket_path=wanted.unix_socket_path,
        db=wanted.database,
        username=wanted.username,
        password=wanted.password,
        ssl=wanted.ssl,
        socket_connect_timeout=wanted.conn_timeout,
    )


class QueueState(msgspec.Struct, frozen=True):
    """What answers as the queue, and whether a worker is at work on it."""

    server: str
    version: str
    has_worker: bool


async def probe_queue(redis_url: str) -> QueueState:
    """What the queue says of itself; raises `QueueAway`."""
    queue = open_queue(redis_url)
    try:
        info = await queue.info("server")
        server = str(info.get("server_name", "redis"))
        version = str(info.get(f"{server}_version", info.get("redis_version", "0")))
        return QueueState(
            server.capitalize(), version, bool(await queue.exists(default_queue_name + health_check_key_suffix))
        )
    except QUEUE_AWAY as error:
        raise QueueAway(str(error) or type(error).__name__) from error
    finally:
        await queue.aclose()


@contextlib.asynccontextmanager
async def open_office(settings: Settings, closing: asyncio.Event) -> AsyncIterator[Office]:
    """A worker's means, with the relay running, for as long as the block lasts."""
    assert settings.database_url
    assert settings.redis_url
    clock = clock_of(settings)
    queue = open_queue(settings.redis_url)
    again_after = timedelta(seconds=settings.relay_again_seconds)
    relay = Relay(settings.database_url, queue, again_after, settings.mail_per_domain)
    transports = [open_transport(settings.smtp_url, settings.mail_path) for _ in range(MAIL_CONNECTIONS)]
    postbox = Postbox(transports, settings.mail_from, settings.calendar_domain, clock, Mailers(), closing)
    pool = await open_pool(settings.database_url, JOBS_AT_ONCE + 1, FRESH_PLANS)
    marks = await open_pool(settings.database_url, MAIL_CONNECTIONS, FRESH_PLANS)
    relaying = asyncio.create_task(relay.run())
    try:
        courier = Courier(settings.mail_from, settings.push_to_private)
        yield Office(pool, marks, clock, MailContent(settings), postbox, relay, closing, courier)
    finally:
        relaying.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await relaying
        await asyncio.gather(*(transport.close() for transport in transports))
        await queue.aclose()
        pool.terminate()
        marks.terminate()
