"""Mails are handed to a real SMTP server, whatever it answers, or written into a folder."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from forum.notifications.transport import (
    Deferred,
    MaildirTransport,
    Refused,
    SmtpTransport,
    Unreachable,
    open_transport,
)

SENDER, RECIPIENT = "office@forum.example", "amal.probe@person.example"
MAIL = b"Subject: One\r\n\r\nHello\r\n"


class Server:
    """An SMTP server that answers as it is told, once for each command, and else takes mail."""

    def __init__(self) -> None:
        self.answers: dict[str, list[str]] = {}
        self.mails: list[tuple[str, str, list[str], bytes]] = []
        self.connections = 0
        self.url = ""

    def _answer(self, server: SMTP, command: str) -> str | None:
        planned = self.answers.get(command, [])
        answer = planned.pop(0) if planned else None
        if answer == "drop":
            assert server.transport is not None
            server.transport.close()
            return "421 gone"
        return answer

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Open an envelope."""
        if answer := self._answer(server, "MAIL"):
            return answer
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take an address."""
        if answer := self._answer(server, "RCPT"):
            if answer == "silence":
                await asyncio.Event().wait()
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take a mail."""
        if answer := self._answer(server, "DATA"):
            return answer
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        self.mails.append((str(envelope.mail_from), envelope.rcpt_tos[0], list(envelope.mail_options), content))
        return "250 OK"


@asynccontextmanager
async def serving(**options: Any) -> AsyncIterator[Server]:
    """A server on a free port of this machine."""
    made, loop = Server(), asyncio.get_running_loop()
    open_protocols: list[SMTP] = []

    def connect() -> SMTP:
        made.connections += 1
        open_protocols.append(SMTP(made, hostname="sink.example", loop=loop, **({"enable_SMTPUTF8": True} | options)))
        return open_protocols[-1]

    server = await loop.create_server(connect, "127.0.0.1", 0)
    made.url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()
        for protocol in open_protocols:
            if protocol.transport is not None:
                protocol.transport.close()
        await asyncio.sleep(0)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A server that takes everything."""
    async with serving() as made:
        yield made


@pytest.fixture
async def transport(server: Server) -> AsyncIterator[SmtpTransport]:
    """A transport to it."""
    made = SmtpTransport(server.url)
    yield made
    await made.close()


async def send(transport: SmtpTransport, recipient: str = RECIPIENT, mail: bytes = MAIL) -> None:
    """Hand over a mail."""
    await transport.send("<1@x.example>", SENDER, recipient, mail)


async def test_many_mails_go_over_one_connection_as_they_are(server: Server, transport: SmtpTransport) -> None:
    hard = b"Subject: Dots\r\n\r\n.\r\n..\r\n.leading dot\r\n\r\n" + b"x" * 900 + b"\r\n"
    for number in range(40):
        await send(transport, f"p{number}@person.example", hard)

    assert server.connections == 1
    assert [mail[:2] for mail in server.mails] == [(SENDER, f"p{number}@person.example") for number in range(40)]
    assert {mail[3] for mail in server.mails} == {hard}
    assert {tuple(mail[2]) for mail in server.mails} == {()}


async def test_mails_sent_at_once_take_turns(server: Server, transport: SmtpTransport) -> None:
    await asyncio.gather(*(send(transport, f"p{number}@person.example") for number in range(20)))

    assert server.connections == 1
    assert sorted(mail[1] for mail in server.mails) == sorted(f"p{number}@person.example" for number in range(20))


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
async def test_4xx_is_for_now_and_5xx_for_good_and_the_next_mail_goes(
    server: Server, transport: SmtpTransport, command: str
) -> None:
    server.answers[command] = [
        f"451 4.3.0 <{RECIPIENT}>: try later",
        "550 5.1.1 Amal.Probe: no such user here (amal.probe)",
        "552-5.2.2 mailbox of amal.probe@person.example\r\n552 5.2.2 is full",
    ]

    with pytest.raises(Deferred) as deferred:
        await send(transport)
    with pytest.raises(Refused) as refused:
        await send(transport)
    with pytest.raises(Refused) as full:
        await send(transport)
    await send(transport)

    assert str(deferred.value) == "451 4.3.0 <address> try later"
    assert str(refused.value) == "550 5.1.1 <address> no such user here <address>"
    assert str(full.value).startswith("552 5.2.2 mailbox of <address>")
    assert "amal" not in f"{deferred.value}{refused.value}{full.value}".lower()
    assert (len(server.mails), server.connections) == (1, 1)


async def test_sender_that_is_refused_is_no_fault_of_the_recipient(server: Server, transport: SmtpTransport) -> None:
    server.answers["MAIL"] = ["550 5.7.1 authenticate first", "451 later"]

    for words in ("550 5.7.1 authenticate first", "451 later"):
        with pytest.raises(Deferred) as caught:
            await send(transport)
        assert (type(caught.value), str(caught.value)) == (Deferred, words)
    await send(transport)

    assert server.connections == 1


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
async def test_connection_dropped_in_a_mail_defers_it_and_is_made_again(
    server: Server, transport: SmtpTransport, command: str
) -> None:
    await send(transport)
    server.answers[command] = ["drop"]

    with pytest.raises(Deferred) as caught:
        await send(transport)
    await send(transport)

    assert "amal" not in str(caught.value)
    assert (len(server.mails), server.connections) == (2, 2)


async def test_connection_that_was_closed_between_mails_is_made_again_at_once(
    server: Server, transport: SmtpTransport
) -> None:
    await send(transport)
    for gone in ("drop", "421 4.3.2 going down"):
        server.answers["MAIL"] = [gone]
        await send(transport)

    assert (len(server.mails), server.connections) == (3, 3)


async def test_server_that_keeps_silent_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forum.notifications.transport.TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        transport = SmtpTransport(f"smtp://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(Unreachable):
            await send(transport)
        await transport.close()


async def test_server_that_is_away_is_unreachable() -> None:
    async with serving() as server:
        port = server.url
        transport = SmtpTransport(port)
        await send(transport)
    await asyncio.sleep(0)

    for call in (lambda: send(transport), transport.probe):
        with pytest.raises(Unreachable):
            await call()
    await transport.close()


async def test_wrong_password_is_unreachable_and_never_refuses_a_mail() -> None:
    def refuse(*_: Any) -> AuthResult:
        return AuthResult(success=False, handled=False)

    async with serving(authenticator=refuse, auth_require_tls=False) as server:
        transport = SmtpTransport(f"{server.url.replace('//', '//user:wrong%40@')}?starttls=never")
        with pytest.raises(Unreachable) as caught:
            await send(transport)
        await transport.close()

    assert str(caught.value).startswith("535")
    assert "wrong" not in str(caught.value)


async def test_addresses_outside_ascii_go_with_smtputf8_or_not_at_all(server: Server, transport: SmtpTransport) -> None:
    address = "дима@почта.example"
    mail = f"To: <{address}>\r\n\r\nHello\r\n".encode()
    await send(transport, address, mail)

    assert server.mails[0][1] == address
    assert {"SMTPUTF8", "BODY=8BITMIME"} == set(server.mails[0][2])
    async with serving(enable_SMTPUTF8=False) as plain:
        other = SmtpTransport(plain.url)
        for recipient, content in ((address, mail), (RECIPIENT, mail)):
            with pytest.raises(Refused, match="RFC 6531"):
                await send(other, recipient, content)
        await send(other)
        await other.close()
        assert len(plain.mails) == 1


async def test_address_that_would_end_the_envelope_early_is_refused_before_anything_is_sent_to_it(
    server: Server, transport: SmtpTransport
) -> None:
    for address in (
        "a@x.example> NOTIFY=NEVER",
        "a@x.example>\r\nRCPT TO:<b@x.example",
        "<a@x.example>",
        "a",
        "a b@x.example",
    ):
        with pytest.raises(Refused, match="RFC 5321"):
            await send(transport, address)
    for address in ('"a b"@x.example', "a+b/c=d@x.example"):
        await send(transport, address)

    assert [mail[1] for mail in server.mails] == ['"a b"@x.example', "a+b/c=d@x.example"]


async def test_mail_folder_holds_a_mail_once_by_its_message_id(tmp_path: Path) -> None:
    transport = MaildirTransport(tmp_path / "mail")
    for message_id, content in (("<1@x>", MAIL), ("<2@x>", MAIL), ("<1@x>", b"Subject: Again\r\n\r\n")):
        await transport.send(message_id, SENDER, RECIPIENT, content)

    files = sorted(path.read_bytes() for path in (tmp_path / "mail" / "new").iterdir())
    envelope = f"Return-Path: <{SENDER}>\r\nDelivered-To: {RECIPIENT}\r\n".encode()
    assert files == [envelope + b"Subject: Again\r\n\r\n", envelope + MAIL]
    assert list((tmp_path / "mail" / "tmp").iterdir()) == []
    assert (tmp_path / "mail" / "new").stat().st_mode & 0o077 == 0
    await transport.probe()
    await transport.close()


async def test_mail_folder_that_is_gone_defers(tmp_path: Path) -> None:
    transport = MaildirTransport(tmp_path / "mail")
    (tmp_path / "mail" / "tmp").rmdir()

    with pytest.raises(Deferred) as caught:
        await transport.send("<1@x>", SENDER, RECIPIENT, MAIL)
    assert str(tmp_path) not in str(caught.value)


def test_settings_choose_the_transport(tmp_path: Path) -> None:
    assert isinstance(open_transport("smtp://127.0.0.1:2525", tmp_path / "mail"), SmtpTransport)
    assert isinstance(open_transport(None, tmp_path / "mail"), MaildirTransport)
