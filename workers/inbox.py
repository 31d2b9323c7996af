"""Takes in the mails that answer invitations: an LMTP and SMTP server (RFC 2033, 5321) inside a worker.

For a mail server that delivers a mailbox here; it relays nothing and serves no strangers. What a mail answers is
lasting before it is taken: while the database is away it is put off with 451, and the mail server sends it again. What
is no answer is taken, too: whose mailbox it is reads it elsewhere.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from aiosmtpd.smtp import SMTP, Envelope, Session, syntax

from forum.calendars.service import MOST_BYTES
from forum.clock import Clock
from forum.db import ACQUIRE_TIMEOUT_SECONDS, Pool, open_pool
from forum.errors import DATABASE_AWAY
from forum.ids import new_id
from forum.logs import describe, request_id
from forum.replies import service as replies
from forum.settings import Settings

CONNECTIONS: Final = 20
AT_ONCE: Final = 4
"""How many mails are read, and how many connections to the database there are for it; the others wait."""
QUIET_SECONDS: Final = 120.0
RECORD_WITHIN_SECONDS: Final = 30.0
LINE_BYTES: Final = 65_536
LISTEN_AGAIN_SECONDS: Final = 5.0
PUT_OFF: Final = "451 4.3.0 Not now; send it again"
log = logging.getLogger("forum")


class _Conversation(SMTP):
    """One connection. LHLO and EHLO mean the same here, for each mail has one recipient and so one answer."""

    line_length_limit = LINE_BYTES

    def __init__(self, inbox: "Inbox") -> None:
        loop = asyncio.get_running_loop()
        limits: dict[str, Any] = {"data_size_limit": MOST_BYTES, "timeout": QUIET_SECONDS}
        super().__init__(inbox, enable_SMTPUTF8=True, hostname=inbox.domain, ident="Forum inbox", loop=loop, **limits)
        self._inbox = inbox
        self._is_refused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if len(self._inbox.conversations) >= CONNECTIONS:
            self._is_refused = True
            assert isinstance(transport, asyncio.WriteTransport)
            transport.write(b"421 4.3.2 Too many connections\r\n")
            transport.close()
            return
        self._inbox.conversations.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if not self._is_refused:
            self._inbox.conversations.discard(self)
            super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        if not self._is_refused:
            super().data_received(data)

    def eof_received(self) -> bool | None:
        return None if self._is_refused else super().eof_received()

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, arg: str) -> None:
        await self.smtp_EHLO(arg)


class Inbox:
    """What every connection shares; aiosmtpd calls the methods by their names."""

    def __init__(self, pool: Pool, clock: Clock, domain: str) -> None:
        self.domain = domain
        self.conversations: set[SMTP] = set()
        self._pool, self._clock = pool, clock
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._readers = ThreadPoolExecutor(AT_ONCE, "inbox")  # of its own: nobody else waits for a mail made to be slow

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Any recipient will do, one for each mail: LMTP would have an answer for each."""
        if envelope.rcpt_tos:
            return "452 4.5.3 One recipient at a time"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Record what the mail answers, and take it when that is lasting."""
        request_id.set(str(new_id()))
        assert isinstance(envelope.content, bytes)
        try:
            await self._record(envelope.content)
        except DATABASE_AWAY as error:
            log.warning("a mail was put off: %s", describe(error))
            return PUT_OFF
        except Exception as error:
            return await self.handle_exception(error)
        return "250 2.0.0 OK"

    async def handle_exception(self, error: Exception) -> str:
        """For faults of our own: the mail is kept for us where it is."""
        log.error("a mail was put off", exc_info=error)
        return PUT_OFF

    async def _record(self, raw: bytes) -> None:
        async with self._turns, asyncio.timeout(RECORD_WITHIN_SECONDS):
            loop = asyncio.get_running_loop()
            mail = await loop.run_in_executor(self._readers, replies.read_mail, raw, self.domain)
            async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT_SECONDS) as conn, conn.transaction():
                await replies.receive_mail(conn, mail, "mail", None, self._clock())

    @contextlib.asynccontextmanager
    async def listen(self, address: str) -> AsyncIterator[str]:
        """Take mails at an address for as long as the block lasts; where that is. Raises `OSError`."""
        loop = asyncio.get_running_loop()
        if address.startswith("/"):
            if await answers(address):
                raise OSError("another worker listens there")
            server = await loop.create_unix_server(lambda: _Conversation(self), address)
            _open_to_group(address)
        else:
            host, _, port = address.rpartition(":")
            server = await loop.create_server(lambda: _Conversation(self), host.strip("[]"), int(port))
            address = f"{host}:{server.sockets[0].getsockname()[1]}"
        try:
            yield address
        finally:
            server.close()
            if address.startswith("/"):
                _remove(address)
            for conversation in list(self.conversations):
                if conversation.transport is not None:
                    conversation.transport.close()
            await asyncio.sleep(0)


def _open_to_group(path: str) -> None:
    Path(path).chmod(0o660)


def _remove(path: str) -> None:
    Path(path).unlink(missing_ok=True)


async def answers(address: str) -> bool:
    """Whether an inbox answers at an address."""
    try:
        async with asyncio.timeout(5):
            if address.startswith("/"):
                reader, writer = await asyncio.open_unix_connection(address)
            else:
                host, _, port = address.rpartition(":")
                reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
            greeting = await reader.readline()
            writer.close()
    except (OSError, TimeoutError):
        return False
    return greeting.startswith(b"220 ")


@contextlib.asynccontextmanager
async def open_inbox(settings: Settings, clock: Clock) -> AsyncIterator[None]:
    """Take mails in for as long as the block lasts, if the settings say where.

    Of several workers on one machine one listens; the others take over when it is gone.
    """
    if settings.inbox_listen is None:
        yield
        return
    assert settings.database_url
    pool = await open_pool(settings.database_url, AT_ONCE)
    inbox = Inbox(pool, clock, settings.calendar_domain)
    listening = asyncio.create_task(_keep_listening(inbox, settings.inbox_listen))
    try:
        yield
    finally:
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening
        pool.terminate()


async def _keep_listening(inbox: Inbox, address: str) -> None:
    is_told = False
    while True:
        try:
            async with inbox.listen(address) as place:
                log.info("mails are taken in at %s", place)
                await asyncio.Event().wait()
        except OSError as error:
            if not is_told:
                log.warning("no mails are taken in at %s: %s", address, describe(error))
            is_told = True
        await asyncio.sleep(LISTEN_AGAIN_SECONDS)
