"""Where mails go: to an SMTP relay over a connection that is kept open, or into a Maildir."""

import asyncio
import contextlib
import hashlib
import os
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

TIMEOUT_SECONDS = 20.0


class Deferred(Exception):
    """The mail cannot be handed over now: try later. Holds the server's words, never the address."""


class Refused(Exception):
    """The server will never take this mail. Holds the server's words, never the address."""


class Transport(Protocol):
    """Something that takes mails."""

    async def send(self, message_id: str, sender: str, recipient: str, payload: bytes) -> None:
        """Hand over one mail; raises `Deferred` or `Refused`."""
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

    async def close(self) -> None:
        """Nothing is held."""


class SmtpTransport:
    """An SMTP relay: `smtp://user:password@host:port`, `smtps://...`; `?starttls=never|always|auto`."""

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
        async with self._lock:
            try:
                if not self._client.is_connected:
                    await self._client.connect()
                wide = not (sender.isascii() and recipient.isascii())
                options = ["SMTPUTF8"] if wide else []
                await self._client.sendmail(sender, [recipient], payload, mail_options=options)
            except aiosmtplib.SMTPRecipientsRefused as error:
                raise _verdict(error.recipients[0]) from error
            except aiosmtplib.SMTPResponseException as error:
                raise _verdict(error) from error
            except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
                self._client.close()
                raise Deferred(f"no connection to the mail server: {type(error).__name__}") from error

    async def close(self) -> None:
        """Say goodbye to the server."""
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            if self._client.is_connected:
                await self._client.quit()
        self._client.close()


def _verdict(error: aiosmtplib.SMTPResponseException) -> Deferred | Refused:
    """4xx is for now, 5xx for good (RFC 5321 section 4.2.1). Addresses in the server's words are left out."""
    words = " ".join("<address>" if "@" in word else word for word in error.message.split())
    text = f"{error.code} {words}"[:300]
    return Refused(text) if error.code >= 500 else Deferred(text)


def open_transport(smtp_url: str | None, maildir: Path) -> Transport:
    """The transport that the settings ask for."""
    return SmtpTransport(smtp_url) if smtp_url else MaildirTransport(maildir)
