"""The post for tests: what a worker plans and sends, through its own code, to a mail server that remembers it."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from email.message import EmailMessage

from forum import outbox
from forum.clock import system_clock
from forum.db import Pool
from forum.notifications.service import Mailers, Postbox, open_transport, send_batches
from forum.settings import Settings
from tests.conftest import Timeline
from tests.sinks import Sink, sink
from workers.content import MailContent
from workers.jobs import invite_registration, invite_speaker
from workers.office import Office, open_queue
from workers.relay import Relay

PLANNING = {"invite_registration": invite_registration, "invite_speaker": invite_speaker}
LINK = re.compile(r"https://\S+#(\S+)")


class Post:
    """A worker without its loop."""

    def __init__(self, office: Office, server: Sink) -> None:
        self.office, self.server = office, server

    async def plan(self) -> None:
        """Do the jobs that wait for people's mails to be planned."""
        async with self.office.pool.acquire() as conn:
            rows = await conn.fetch("SELECT id, kind FROM outbox WHERE done_at IS NULL")
        for kind, job in PLANNING.items():
            await job({"office": self.office, "job_id": "test"}, [row["id"] for row in rows if row["kind"] == kind])

    async def deliver(self) -> list[EmailMessage]:
        """Plan and send all that waits; the mails about registrations that came of it."""
        before = len(self.server.taken)
        await self.plan()
        pool = self.office.pool
        async with pool.acquire() as conn, conn.transaction():
            await outbox.batch_messages(conn, system_clock())
            batches = await conn.fetch("SELECT DISTINCT batch_id FROM messages WHERE status = 'sending'")
        async with pool.acquire() as conn, conn.transaction():
            await send_batches(pool, conn, [row[0] for row in batches], self.office.content, self.office.postbox)
        return [mail for mail in self.server.mails()[before:] if mail.get_content_type() == "multipart/alternative"]

    async def link(self) -> str:
        """The token behind the `#` of the one mail that is delivered now."""
        (mail,) = await self.deliver()
        return link_in(mail)


def text_of(mail: EmailMessage) -> str:
    """What a mail says."""
    body = mail.get_body(("plain",))
    assert body is not None
    text: str = body.get_content()
    return text


def link_in(mail: EmailMessage) -> str:
    """The token behind the `#` of a mail's link."""
    found = LINK.search(text_of(mail))
    assert found, text_of(mail)
    return found[1]


@asynccontextmanager
async def post_office(
    pool: Pool, settings: Settings, clock: Timeline, to: Sink | None = None, connections: int = 1
) -> AsyncIterator[Post]:
    """A worker's means on a test's database, with a mail server of its own."""
    assert settings.database_url
    assert settings.redis_url
    async with sink(to) as server:
        transports = [open_transport(server.url, settings.mail_path) for _ in range(connections)]
        queue = open_queue(settings.redis_url)
        postbox = Postbox(transports, "forum@forum.test", settings.calendar_domain, clock, Mailers(), asyncio.Event())
        relay = Relay(settings.database_url, queue, timedelta(seconds=20))
        office = Office(pool, pool, clock, MailContent(settings), postbox, relay, asyncio.Event())
        try:
            yield Post(office, server)
        finally:
            await asyncio.gather(*(transport.close() for transport in transports))
            await queue.aclose()
