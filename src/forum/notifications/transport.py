"""Where mails go: to an SMTP relay over a connection that is kept open, or into a Maildir."""

import asyncio
import contextlib
import hashlib
import os
import re
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from forum.notifications.answers import AnswerKind, read_answer, without_addresses

TIMEOUT_SECONDS = 10.0
"""How long the mail server may take over one mail; well below what a job has."""
_TAKEN = (250, 251)
_ADDRESS = re.compile(r'(?:"[^"\\\x00-\x1f\x7f]+"|[^\s"<>()\[\],:;@\\]+)@[^\s"<>()\\@]+')
Refusal = aiosmtplib.SMTPSenderRefused | aiosmtplib.SMTPRecipientRefused
_LOST = (aiosmtplib.SMTPException, OSError, TimeoutError)


class Deferred(Exception):
    """The mail cannot be handed over now: try later. Holds the server's words, never the address."""

    def __init__(self, words: str, kind: AnswerKind = "busy") -> None:
        super().__init__(words)
        self.kind = kind
        """What the answer was about: see `answers`."""


class Unreachable(Deferred):
    """No mail at all can be handed over now, which is no fault of this one."""


class Refused(Exception):
    """The server will never take this mail. Holds the server's words, never the address."""


class Transport(Protocol):
    """Something that takes mails."""

    async def send(self, message_id: str, sender: str, recipient: str, payload: bytes) -> None:
        """Hand over one mail; raises `Deferred` or `Refused`."""
        ...

    async def probe(self) -> None:
        """Raise `Unreachable` unless mails could be handed over."""
        ...

    async def close(self) -> None:
        """Let go of what is held."""
        ...


class MaildirTransport:
    """One file a mail, named after its Message-ID: a mail that is sent twice is there once."""

    def __init__(self, folder: Path) -> None:
        self._new, self._tmp = folder / "new", folder / "tmp"
        for path in (self._new, self._tmp, folder / "cur"):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def send(self, message_id: str, sender: str, recipient: str, payload: bytes) -> None:
        """Write the mail beside its place, then rename it."""
        name = hashlib.sha256(message_id.encode()).hexdigest()[:32] + ".forum"
        fresh = self._tmp / f"{name}.{os.getpid()}"
        envelope = f"Return-Path: <{sender}>\r\nDelivered-To: {recipient}\r\n".encode()
        try:
            fresh.write_bytes(envelope + payload)
            fresh.replace(self._new / name)
        except OSError as error:
            raise Deferred(f"the mail folder cannot be written: {error.strerror}") from error

    async def probe(self) -> None:
        """Raise `Unreachable` unless the folder can be written."""
        if not os.access(self._new, os.W_OK):
            raise Unreachable(f"{self._new} cannot be written")

    async def close(self) -> None:
        """Nothing is held."""


class SmtpTransport:
    """One kept connection to an SMTP relay.

    `smtp://user:password@host:port` or `smtps://...`, with `?starttls=never|always|auto`.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        tls = parse_qs(parts.query).get("starttls", ["auto"])[0]
        self._client = aiosmtplib.SMTP(
            hostname=parts.hostname or "localhost",
            port=parts.port or (465 if parts.scheme == "smtps" else 25),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            use_tls=parts.scheme == "smtps",
            start_tls={"never": False, "always": True}.get(tls),
            timeout=TIMEOUT_SECONDS,
        )
        self._lock = asyncio.Lock()

    async def send(self, message_id: str, sender: str, recipient: str, payload: bytes) -> None:
        """Hand over one mail on the open connection, which is opened when needed."""
        path = _envelope(recipient)
        async with self._lock:
            begun = False
            try:
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    await self._begin(sender, recipient, payload)
                    begun = True
                    await self._say(recipient, aiosmtplib.SMTPRecipientRefused, b"RCPT", b"TO:" + path)
                    await self._client.data(payload, timeout=None)
            except aiosmtplib.SMTPResponseException as error:
                await self._reset()
                raise _verdict(error, recipient) from error
            except _LOST as error:
                self._client.close()
                words = f"the mail server was lost: {type(error).__name__}"
                if not begun:  # who keeps silent from the start takes no mail at all
                    raise Unreachable(words) from error
                raise Deferred(words, "silent" if isinstance(error, TimeoutError) else "busy") from error

    async def probe(self) -> None:
        """Connect, and sign in where the address says so; raises `Unreachable`."""
        try:
            await self._connect()
        except _LOST as error:
            raise Unreachable(str(error) or type(error).__name__) from error

    async def _begin(self, sender: str, recipient: str, payload: bytes) -> None:
        """Open the envelope; once more on a new connection when the server had closed the one that was kept."""
        kept = self._client.is_connected
        try:
            await self._connect()
            options = self._options(sender, recipient, payload)
            await self._say(sender, aiosmtplib.SMTPSenderRefused, b"MAIL", b"FROM:" + _envelope(sender), *options)
        except aiosmtplib.SMTPSenderRefused as error:
            await self._reset()
            if error.code != 421:  # what is wrong with our sender is no fault of the recipient's: never for good
                raise Deferred(_words(error, recipient)) from error
            if not kept:
                raise Unreachable(_words(error, recipient)) from error
            await self._begin(sender, recipient, payload)
        except _LOST as error:
            self._client.close()
            if not kept:
                raise Unreachable(f"no connection to the mail server: {type(error).__name__}") from error
            await self._begin(sender, recipient, payload)

    async def _connect(self) -> None:
        if not self._client.is_connected:
            try:
                await self._client.connect()
                if self._client.is_ehlo_or_helo_needed:
                    await self._client.ehlo()
            except aiosmtplib.SMTPResponseException as error:
                raise Unreachable(_words(error)) from error

    async def _say(self, address: str, refusal: type[Refusal], *words: bytes) -> None:
        """A line of the envelope. aiosmtplib's own would parse each address as if it came from a header."""
        answer = await self._client.execute_command(*words, timeout=None)
        if answer.code not in _TAKEN:
            raise refusal(answer.code, answer.message, address)

    def _options(self, sender: str, recipient: str, payload: bytes) -> list[bytes]:
        options = [] if payload.isascii() or not self._client.supports_extension("8bitmime") else [b"BODY=8BITMIME"]
        head = payload.partition(b"\r\n\r\n")[0]
        if not (sender.isascii() and recipient.isascii() and head.isascii()):
            if not self._client.supports_extension("smtputf8"):
                raise Refused("the mail server takes no addresses outside ASCII (RFC 6531)")
            options.append(b"SMTPUTF8")
        return options

    async def _reset(self) -> None:
        """Leave the envelope, so that the connection serves the next mail."""
        with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
            if self._client.is_connected:
                await self._client.rset()

    async def close(self) -> None:
        """Say goodbye to the server."""
        with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
            if self._client.is_connected:
                await self._client.quit(timeout=1)
        self._client.close()


def _envelope(address: str) -> bytes:
    """An address as it stands in the envelope; nothing in it may end it early."""
    if not _ADDRESS.fullmatch(address):
        raise Refused("the address cannot be written on an envelope (RFC 5321 section 4.1.2)")
    return b"<" + address.encode() + b">"


def _verdict(error: aiosmtplib.SMTPResponseException, recipient: str) -> Deferred | Refused:
    """4xx is for now, 5xx for good (RFC 5321 section 4.2.1)."""
    words, kind = _words(error, recipient), read_answer(error.code, error.message)
    return Refused(words) if kind == "refused" else Deferred(words, kind)


def _words(error: aiosmtplib.SMTPResponseException, recipient: str = "") -> str:
    """What the server said. Addresses in it are left out, and so is the part by which the server knows its user."""
    return f"{error.code} {without_addresses(error.message, recipient)}"[:300]


def open_transport(smtp_url: str | None, maildir: Path) -> Transport:
    """The transport that the settings ask for."""
    return SmtpTransport(smtp_url) if smtp_url else MaildirTransport(maildir)
