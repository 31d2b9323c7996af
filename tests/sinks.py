"""An SMTP server for tests: it takes mails, refuses addresses as it is told, and remembers every mail it took."""

import asyncio
import email
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.message import EmailMessage
from email.policy import default
from typing import cast

from aiosmtpd.smtp import SMTP, Envelope, Session


class Sink:
    """What arrived. `answers` holds what is said to an address instead of taking mail for it."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: dict[str, str] = {}
        self.taken: list[tuple[str, bytes]] = []
        self.on_mail: Callable[[], None] = lambda: None
        self.connections: set[SMTP] = set()

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take or refuse an address."""
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take a mail."""
        self.connections.add(server)
        self.taken.append((envelope.rcpt_tos[0], cast("bytes", envelope.content)))
        self.on_mail()
        return "250 OK"

    def mails(self) -> list[EmailMessage]:
        """The mails, read by Python's own parser."""
        return [cast("EmailMessage", email.message_from_bytes(content, policy=default)) for _, content in self.taken]

    def message_ids(self) -> Counter[str]:
        """How often each Message-ID arrived."""
        return Counter(self.message_ids_in_order())

    def message_ids_in_order(self) -> list[str]:
        """The Message-ID of each mail, as they arrived."""
        heads = (content.partition(b"\r\n\r\n")[0] for _, content in self.taken)
        return [
            line.partition(b":")[2].strip().decode()
            for head in heads
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"message-id:")
        ]


@asynccontextmanager
async def sink(made: Sink | None = None) -> AsyncIterator[Sink]:
    """A server on a free port of this machine, in the test's own event loop."""
    made = made or Sink()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(made, enable_SMTPUTF8=True, hostname="sink.example", loop=loop), "127.0.0.1", 0
    )
    made.url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()
        for connection in made.connections:
            if connection.transport is not None:
                connection.transport.close()
        await asyncio.sleep(0)
