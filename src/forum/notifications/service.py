"""The rules of mails: what is planned, how a batch is sent, and what follows from a mail server's answer.

Sending is idempotent by state: a message is marked the moment the server has taken it, on a connection of its
own, so a worker that is killed repeats at most what was in flight, and under the same Message-ID.
"""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from msgspec import Struct

from forum.calendars.types import Attendee, CalendarEdition, CalendarSession
from forum.clock import Clock
from forum.db import Connection, Pool
from forum.jobs import ReportAttendance
from forum.notifications import queries
from forum.notifications.mime import Invitation, InvitationMailer, render_report, render_sign_in
from forum.notifications.transport import Deferred, Refused, Transport
from forum.notifications.types import DueReport, Invited, Message, MessageFilter, Outgoing, ReportMail
from forum.outbox import publish
from forum.pagination import Page, Paging

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 480, 960))
"""How long a message waits after each attempt that was deferred; after the last it is given up."""


class Postbox(Struct, frozen=True):
    """What a worker sends with: several connections to the mail server, and the addresses it signs with."""

    transports: list[Transport]
    sender: str
    domain: str
    clock: Clock


class Content(Protocol):
    """What mails are about; other slices know it."""

    async def session(self, conn: Connection, edition_id: UUID, release: int, session_id: UUID) -> CalendarSession: ...

    async def edition(self, conn: Connection, edition_id: UUID) -> CalendarEdition: ...

    async def report(self, conn: Connection, edition_id: UUID, on: date, as_of: datetime) -> ReportMail: ...


async def plan_invitations(conn: Connection, edition_id: UUID, registration_id: UUID | None, now: datetime) -> int:
    """Queue what brings calendars in line with the last release, for one person or for all; how many mails."""
    await queries.lock_invitations(conn, edition_id)
    return await queries.plan_invitations(conn, edition_id, registration_id, now)


async def queue_report(conn: Connection, edition_id: UUID, on: date, job_id: int, now: datetime) -> int:
    """Queue the report of a day for every organizer of an edition; a job that runs twice queues nothing new."""
    return await queries.queue_report(conn, edition_id, on, now, job_id)


async def publish_due_reports(conn: Connection, now: datetime) -> list[DueReport]:
    """Ask for the reports of the days that are over."""
    due = await queries.list_due_reports(conn, now)
    await publish(conn, *(ReportAttendance(report.edition_id, report.on) for report in due))
    return due


async def list_messages(conn: Connection, edition_id: UUID, wanted: MessageFilter, paging: Paging) -> Page[Message]:
    """What became of an edition's mails, in the order in which they were queued."""
    chosen = (edition_id, wanted.status, wanted.kind, wanted.registration_id, wanted.session_id)
    rows = await queries.list_messages(conn, *chosen, paging.after(int), paging.limit + 1)
    total = await queries.count_messages(conn, *chosen) if paging.count else None
    return paging.page(rows, lambda message: message.number, total)


async def send_batches(
    pool: Pool, conn: Connection, batch_ids: Sequence[UUID], content: Content, postbox: Postbox
) -> None:
    """Send what these batches still hold. `conn` is the job's own transaction; marks are made on others."""
    messages = await queries.list_batch(conn, batch_ids)
    renderer = _Renderer(conn, content, postbox)
    await renderer.prepare(messages)
    waiting = asyncio.Queue[tuple[Outgoing, bytes]]()
    for message in messages:
        waiting.put_nowait((message, await renderer.render(message)))
    async with asyncio.TaskGroup() as group:
        for transport in postbox.transports:
            group.create_task(_send_all(pool, transport, waiting, postbox))


async def _send_all(
    pool: Pool, transport: Transport, waiting: "asyncio.Queue[tuple[Outgoing, bytes]]", postbox: Postbox
) -> None:
    while not waiting.empty():
        message, payload = waiting.get_nowait()
        try:
            await transport.send(_message_id(message, postbox.domain), postbox.sender, message.recipient, payload)
        except Deferred as error:
            await _put_off(pool, message, str(error))
        except Refused as error:
            async with pool.acquire() as conn:
                await queries.fail_message(conn, message.id, str(error))
        else:
            async with pool.acquire() as conn:
                await queries.mark_sent(conn, [message.id], postbox.clock())


async def _put_off(pool: Pool, message: Outgoing, error: str) -> None:
    async with pool.acquire() as conn:
        if message.attempts < len(PAUSES):
            await queries.defer_message(conn, message.id, PAUSES[message.attempts], error)
        else:
            await queries.fail_message(conn, message.id, error)


def _message_id(message: Outgoing, domain: str) -> str:
    return f"<{message.id}@{domain}>"


class _Renderer:
    """Renders the messages of one job, each shared piece once."""

    def __init__(self, conn: Connection, content: Content, postbox: Postbox) -> None:
        self._conn, self._content, self._postbox = conn, content, postbox
        self._invited: dict[UUID, Invited] = {}
        self._mailers: dict[tuple[UUID, int], InvitationMailer] = {}
        self._reports: dict[tuple[UUID, str, str], ReportMail] = {}

    async def prepare(self, messages: Sequence[Outgoing]) -> None:
        """Read whom the invitations are for, all at once."""
        ids = [message.id for message in messages if message.kind == "invitation"]
        self._invited = {row.message_id: row for row in await queries.list_attendees(self._conn, ids)}

    async def render(self, message: Outgoing) -> bytes:
        """The mail."""
        message_id = _message_id(message, self._postbox.domain)
        if message.kind == "invitation":
            return await self._invitation(message_id, message)
        if message.kind == "attendance_report":
            report = await self._report(message)
            sender = (await self._content.edition(self._conn, _edition(message))).organizer_email
            return render_report(message_id, sender, message.recipient, report, message.created_at)
        code, language = message.payload["code"], message.payload["language"]
        return render_sign_in(message_id, self._postbox.sender, message.recipient, code, language, message.created_at)

    async def _invitation(self, message_id: str, message: Outgoing) -> bytes:
        payload, person = message.payload, self._invited[message.id]
        assert message.session_id is not None
        key = (message.session_id, int(payload["release"]))
        if key not in self._mailers:
            session = await self._content.session(self._conn, _edition(message), key[1], key[0])
            edition = await self._content.edition(self._conn, _edition(message))
            self._mailers[key] = InvitationMailer(session, edition)
        name = " ".join(part for part in (person.given_name, person.family_name) if part)
        return self._mailers[key].render(
            Invitation(
                message_id,
                payload["method"],
                Attendee(message.recipient, name, payload["mode"]),
                person.language,
                person.timezone,
                int(payload["sequence"]),
                datetime.fromisoformat(payload["stamp"]),
                message.created_at,
                _previous(person.previous),
            )
        )

    async def _report(self, message: Outgoing) -> ReportMail:
        payload = message.payload
        key = (_edition(message), payload["on"], payload["as_of"])
        if key not in self._reports:
            on, as_of = date.fromisoformat(payload["on"]), datetime.fromisoformat(payload["as_of"])
            self._reports[key] = await self._content.report(self._conn, key[0], on, as_of)
        return self._reports[key]


def _edition(message: Outgoing) -> UUID:
    assert message.edition_id is not None
    return message.edition_id


def _previous(payload: dict[str, Any] | None) -> tuple[datetime, datetime | None] | None:
    """The times that were told before, unless the entry had been withdrawn since."""
    if payload is None or payload["method"] == "CANCEL" or payload["starts_at"] is None:
        return None
    end = payload["ends_at"]
    return datetime.fromisoformat(payload["starts_at"]), datetime.fromisoformat(end) if end else None
