"""Four workers, and a server that defers every third mail: nobody hears the later news first."""

import asyncio
import email
from collections import defaultdict
from contextlib import ExitStack
from email.policy import default
from pathlib import Path
from typing import Any
from uuid import UUID

import icalendar
import msgspec
from aiosmtpd.smtp import SMTP, Envelope, Session

from forum import outbox
from forum.db import Connection, Pool
from forum.notifications.service import plan_invitations
from forum.settings import Settings
from tests.conftest import Timeline
from tests.faults.conftest import invite
from tests.faults.test_workers import until
from tests.processes import command
from tests.sinks import Sink, sink

PEOPLE, WORKERS, MAIL_OF_THREE = 24, 4, 3
STEPS = [("REQUEST", 0), ("REQUEST", 1), ("REQUEST", 2), ("CANCEL", 3)]


class Fickle(Sink):
    """Defers each third mail that it is offered, whoever it is for."""

    offered = 0

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take or defer an address."""
        self.offered += 1
        if self.offered % MAIL_OF_THREE == 0:
            return "451 4.3.0 not just now"
        return await super().handle_RCPT(server, session, envelope, address, options)


async def queue_chains(conn: Connection, edition: dict[str, Any], clock: Timeline) -> int:
    """Everybody's invitation, and three pieces of news of it that are queued behind each other; how many mails."""
    edition_id = UUID(edition["id"])
    people = [row[0] for row in await conn.fetch("SELECT id FROM registrations")]
    async with conn.transaction():
        await plan_invitations(conn, edition_id, people, clock())
        await conn.execute("DELETE FROM outbox")
        for method, sequence in STEPS[1:]:
            await conn.execute(
                "INSERT INTO messages (edition_id, kind, recipient, person_id, session_id, registration_id, payload,"
                " created_at, next_try_at) SELECT edition_id, kind, recipient, person_id, session_id, registration_id,"
                " payload || jsonb_build_object('method', $1::text, 'sequence', $2::integer), created_at, now()"
                " FROM messages WHERE (payload ->> 'sequence')::integer = 0 ORDER BY number DESC",
                method,
                sequence,
            )
    await leave_to_speakers(conn, edition_id)
    return len(people) * 2 * len(STEPS)


async def leave_to_speakers(conn: Connection, edition_id: UUID) -> None:
    """Every second person is no delegate but a speaker from outside."""
    await conn.execute(
        "WITH made AS (INSERT INTO speakers (edition_id, id, display_name, email, created_at)"
        " SELECT $1, p.id, 'Probe', p.email, now() FROM registrations r JOIN persons p ON p.id = r.person_id"
        " ORDER BY p.id LIMIT $2 RETURNING id, email)"
        " UPDATE messages m SET person_id = NULL, registration_id = NULL,"
        " payload = payload || jsonb_build_object('speaker', made.id) FROM made WHERE m.recipient = made.email",
        edition_id,
        PEOPLE // 2,
    )


async def pass_pauses(pool: Pool) -> None:
    """What was deferred is due again at once, as if its pause were over."""
    while True:
        async with pool.acquire() as conn:
            await conn.execute(
                "UPDATE messages SET next_try_at = now() WHERE status = 'queued' AND next_try_at > now()"
            )
            await conn.execute(f"NOTIFY {outbox.CHANNEL}")
        await asyncio.sleep(0.05)


def read(content: bytes) -> tuple[str, tuple[str, int]]:
    """The UID of an invitation, its method and its sequence, as an independent client reads them."""
    mail = email.message_from_bytes(content, policy=default)
    part = next(part for part in mail.walk() if part.get_content_type() == "text/calendar")
    calendar = icalendar.Calendar.from_ical(part.get_payload(decode=True))
    event = calendar.walk("VEVENT")[0]
    return str(event["UID"]), (str(calendar["METHOD"]), int(event["SEQUENCE"]))


async def test_four_workers_bring_each_person_the_news_of_an_entry_in_order(
    conn: Connection,
    pool: Pool,
    edition: dict[str, Any],
    clock: Timeline,
    settings: Settings,
    tmp_path: Path,
) -> None:
    await invite(conn, edition, PEOPLE)
    mails = await queue_chains(conn, edition, clock)
    async with sink(Fickle()) as server:
        wanted = msgspec.structs.replace(settings, smtp_url=server.url, relay_again_seconds=5)
        with ExitStack() as stack:
            for number in range(WORKERS):
                stack.enter_context(command("worker", settings=wanted, log=tmp_path / f"{number}.log"))
            passing = asyncio.create_task(pass_pauses(pool))

            async def all_sent() -> bool:
                return bool(await conn.fetchval("SELECT count(*) = $1 FROM messages WHERE status = 'sent'", mails))

            await until(all_sent, 60)
            passing.cancel()

    arrived: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    for recipient, content in server.taken:
        uid, news = read(content)
        arrived[recipient, uid].append(news)
    assert len(arrived) == PEOPLE * 2
    assert {tuple(news) for news in arrived.values()} == {tuple(STEPS)}
    assert await conn.fetchval("SELECT count(*) FROM messages WHERE attempts > 1") > mails // 5
