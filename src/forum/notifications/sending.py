"""Sends batches of mails: what is handed over, what is marked when, and what follows from a mail server's answer.

Sending is idempotent by state: a message is marked the moment the server has taken it, on a connection of its own,
so a worker that is killed repeats at most what was in flight, and under the same Message-ID.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct, field

from forum.clock import Clock
from forum.db import ACQUIRE_TIMEOUT_SECONDS, Connection, Pool
from forum.errors import DATABASE_AWAY
from forum.notifications import delivery_queries, queries
from forum.notifications.answers import OF_DOMAIN, PAUSES, UNREACHABLE_PAUSE, AnswerKind, pause_after
from forum.notifications.mailers import Mailers
from forum.notifications.marking import Marker
from forum.notifications.rendering import Content, Renderer, message_id_of
from forum.notifications.transport import Deferred, Refused, Transport, Unreachable
from forum.notifications.types import Outgoing

SEND_WITHIN_SECONDS: Final = 12.0
"""How long one job goes on taking up mails; well below what it has, so that none is cut off in the middle."""
RECORD_WITHIN_SECONDS: Final = 8.0
"""How long after that a worker goes on trying to tell a database that is away what it has sent."""
_RETRY_SECONDS: Final = 0.2
log = logging.getLogger("forum")

Statement = Callable[[Connection], Awaitable[None]]


class Postbox(Struct, frozen=True):
    """What a worker sends with: several connections to the mail server, and the addresses it signs with."""

    transports: Sequence[Transport]
    sender: str
    domain: str
    clock: Clock
    mailers: Mailers
    closing: asyncio.Event
    """Set when the worker stops: what is in flight is finished, the rest is left to others."""
    marker: Marker = field(default_factory=Marker)


async def send_batches(
    marks: Pool, conn: Connection, batch_ids: Sequence[UUID], content: Content, postbox: Postbox
) -> None:
    """Send what these batches still hold. `conn` is the job's own transaction; marks are made through a pool.

    A mail that cannot be rendered, or that the server does not take, concerns no other, unless the server's answer is
    about the whole domain. What is left when time is up, when the worker stops or when no mail server answers, and what
    is for a domain that makes us wait, is queued again.
    """
    batch = _Batch(marks, conn, postbox)
    await batch.render(await queries.list_batch(conn, batch_ids), content)
    async with asyncio.TaskGroup() as group:
        for transport in postbox.transports:
            group.create_task(batch.send_over(transport))
    await batch.put_back()


class _Batch:
    """The mails of one job, taken up one by one by whichever connection to the mail server is free."""

    def __init__(self, marks: Pool, conn: Connection, postbox: Postbox) -> None:
        self._marks, self._conn, self._postbox = marks, conn, postbox
        self._now = asyncio.get_running_loop().time
        self._deadline = self._now() + SEND_WITHIN_SECONDS
        self._waiting: list[tuple[Outgoing, bytes]] = []
        self._unreachable: str | None = None

    async def render(self, messages: Sequence[Outgoing], content: Content) -> None:
        """Render the mails; those that cannot be are given up."""
        postbox = self._postbox
        renderer = Renderer(self._conn, content, postbox.sender, postbox.domain, postbox.mailers)
        await renderer.prepare(messages)
        for message in messages:
            try:
                self._waiting.append((message, await renderer.render(message)))
            except Exception as error:
                if self._conn.is_closed():
                    raise  # the database is away, which is no fault of the message
                await self._give_up(message, "rendered", error)
        self._waiting.reverse()

    async def send_over(self, transport: Transport) -> None:
        """Send over one connection for as long as there is something to send, and it may be sent."""
        while self._waiting and self._goes_on():
            message, payload = self._waiting.pop()
            try:
                await transport.send(
                    message_id_of(message, self._postbox.domain), self._postbox.sender, message.recipient, payload
                )
            except Unreachable as error:
                self._unreachable = str(error)
                self._waiting.append((message, payload))
            except Deferred as error:
                await self._put_off(message, error)
            except Refused as error:
                await self._fail(message, str(error))
            except Exception as error:
                await self._give_up(message, "sent", error)
            else:
                await self._mark_sent(message)

    async def put_back(self) -> None:
        """Queue again what was not taken up: after a pause when no mail server answers, else for at once."""
        if self._waiting:
            pause = UNREACHABLE_PAUSE if self._unreachable else timedelta(0)
            await self._put_back([message for message, _ in self._waiting], pause, self._unreachable)

    def _goes_on(self) -> bool:
        """Without the job's own transaction another worker may take up the same batch."""
        stopped = self._postbox.closing.is_set() or self._conn.is_closed()
        return not stopped and self._unreachable is None and self._now() < self._deadline

    async def _mark_sent(self, message: Outgoing) -> None:
        sent_at = self._postbox.clock()
        await self._repeat(lambda: self._postbox.marker.mark_sent(self._marks, message.id, sent_at))

    async def _put_off(self, message: Outgoing, error: Deferred) -> None:
        """After a pause by what the answer was about; what is about the domain keeps back everybody there."""
        words, pause = str(error), pause_after(error.kind, message.attempts)
        if error.kind in OF_DOMAIN:
            await self._pause_domain(message, error.kind, words)
        if pause is None:
            await self._fail(message, words)
        else:
            await self._record(lambda conn: queries.defer_message(conn, message.id, pause, words))

    async def _pause_domain(self, message: Outgoing, kind: AnswerKind, words: str) -> None:
        """None of the others there is tried; they are queued only once nobody can take them up at once."""
        domain, pause = message.domain, pause_after(kind, min(message.attempts, len(PAUSES[kind]) - 1))
        assert pause is not None
        held = [other for other, _ in self._waiting if other.domain == domain]
        self._waiting = [entry for entry in self._waiting if entry[0].domain != domain]
        await self._record(lambda conn: delivery_queries.pause_domain(conn, domain, pause, kind, words))
        if held:
            await self._put_back(held, timedelta(0), words)

    async def _put_back(self, messages: Sequence[Outgoing], pause: timedelta, words: str | None) -> None:
        ids = [message.id for message in messages]
        await self._record(lambda conn: queries.release_messages(conn, ids, pause, words))

    async def _give_up(self, message: Outgoing, what: str, error: Exception) -> None:
        """For faults of our own; the message's id and the kind of fault are all that is told of it."""
        log.error("message %s cannot be %s", message.id, what, exc_info=error)
        await self._fail(message, f"it cannot be {what}: {type(error).__name__}")

    async def _fail(self, message: Outgoing, error: str) -> None:
        await self._record(lambda conn: queries.fail_message(conn, message.id, error))

    async def _record(self, statement: Statement) -> None:
        """Run a statement on a connection of its own."""

        async def run() -> None:
            async with self._marks.acquire(timeout=ACQUIRE_TIMEOUT_SECONDS) as conn:
                await statement(conn)

        await self._repeat(run)

    async def _repeat(self, record: Callable[[], Awaitable[None]]) -> None:
        """Try again for a while when the database is away."""
        while True:
            try:
                return await record()
            except DATABASE_AWAY:
                if self._now() > self._deadline + RECORD_WITHIN_SECONDS:
                    raise
                await asyncio.sleep(_RETRY_SECONDS)
