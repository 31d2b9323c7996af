"""The jobs: each claims its rows of the outbox, does the work and marks them as done, in one transaction."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from uuid import UUID

from forum import outbox
from forum.clock import system_clock
from forum.db import Connection
from forum.errors import DATABASE_AWAY
from forum.jobs import (
    InviteEdition,
    InviteRegistration,
    InviteSpeaker,
    PushMessage,
    ReportAttendance,
    SendMessages,
)
from forum.logs import describe, request_id
from forum.notifications import service as notifications
from forum.outbox import Claimed
from forum.pushes import service as pushes
from forum.registrations import service as registrations
from workers.office import Office

JOB_SECONDS: Final = 28.0
"""Below arq's own limit, so that a job which takes too long is recorded as failed."""
log = logging.getLogger("forum")

Work = Callable[[Office, Connection, Sequence[Claimed]], Awaitable[None]]


async def invite_registration(ctx: dict[str, Any], ids: list[int]) -> None:
    """Bring some people's invitations in line, and tell them what became of their registrations."""
    await _run(ctx, ids, _invite_registrations)
    ctx["office"].relay.wake()  # the next portion may follow


async def invite_speaker(ctx: dict[str, Any], ids: list[int]) -> None:
    """Bring the entries of some speakers in line with what they are confirmed for."""
    await _run(ctx, ids, _invite_speakers)


async def invite_edition(ctx: dict[str, Any], ids: list[int]) -> None:
    """Bring everybody's invitations in line with a release, and tell them of a revision."""
    await _run(ctx, ids, _invite_editions)


async def send_messages(ctx: dict[str, Any], ids: list[int]) -> None:
    """Send batches of mails."""
    await _run(ctx, ids, _send_messages)
    ctx["office"].relay.wake()  # there is room for further batches


async def report_attendance(ctx: dict[str, Any], ids: list[int]) -> None:
    """Queue reports for the organizers."""
    await _run(ctx, ids, _report_attendance)


async def push_message(ctx: dict[str, Any], ids: list[int]) -> None:
    """Push what people were told to their browsers and phones."""
    await _run(ctx, ids, _push_messages)


async def _invite_registrations(office: Office, conn: Connection, claimed: Sequence[Claimed]) -> None:
    wanted = [job for row in claimed if isinstance(job := row.job(), InviteRegistration)]
    for edition_id in sorted({job.edition_id for job in wanted}):  # sorted: locks in one order
        here = [job for job in wanted if job.edition_id == edition_id]
        people = sorted({job.registration_id for job in here})
        await notifications.plan_invitations(conn, edition_id, people, office.clock())
        changed = {job.registration_id for job in here if not job.of_release}
        if told := sorted(changed.union(await notifications.list_untold(conn, edition_id, people))):
            await registrations.ensure_links(conn, edition_id, told, office.clock())
            await notifications.plan_notices(conn, edition_id, told, office.clock())
        await notifications.gather_entries(conn, edition_id, people, office.clock())


async def _invite_speakers(office: Office, conn: Connection, claimed: Sequence[Claimed]) -> None:
    wanted = [job for row in claimed if isinstance(job := row.job(), InviteSpeaker)]
    for edition_id in sorted({job.edition_id for job in wanted}):  # sorted: locks in one order
        speakers = sorted({job.speaker_id for job in wanted if job.edition_id == edition_id})
        await notifications.plan_speakers(conn, edition_id, speakers, office.clock())


async def _invite_editions(office: Office, conn: Connection, claimed: Sequence[Claimed]) -> None:
    editions = {job.edition_id for row in claimed if isinstance(job := row.job(), InviteEdition)}
    for edition_id in editions:
        await notifications.plan_edition(conn, edition_id)


async def _send_messages(office: Office, conn: Connection, claimed: Sequence[Claimed]) -> None:
    batches: list[UUID] = [job.batch_id for row in claimed if isinstance(job := row.job(), SendMessages)]
    await notifications.send_batches(office.marks, conn, batches, office.content, office.postbox)


async def _push_messages(office: Office, conn: Connection, claimed: Sequence[Claimed]) -> None:
    wanted = [job for row in claimed if isinstance(job := row.job(), PushMessage)]
    await pushes.send_pushes(conn, wanted, office.courier, office.clock(), office.closing)


async def _report_attendance(office: Office, conn: Connection, claimed: Sequence[Claimed]) -> None:
    for row in claimed:
        if isinstance(job := row.job(), ReportAttendance):
            await notifications.queue_report(conn, job.edition_id, job.on, row.id, office.clock())


async def _run(ctx: dict[str, Any], ids: Sequence[int], work: Work) -> None:
    """Do the work of those jobs that nobody else holds; a failure is recorded, and the outbox tries again."""
    office: Office = ctx["office"]
    request_id.set(ctx["job_id"])
    try:
        async with asyncio.timeout(JOB_SECONDS), office.pool.acquire() as conn, conn.transaction():
            if claimed := await outbox.claim_jobs(conn, ids):
                await work(office, conn, claimed)
                await outbox.finish_jobs(conn, [row.id for row in claimed], system_clock())
    except Exception as error:
        log.error("jobs %s failed", ", ".join(map(str, ids)), exc_info=error)
        with contextlib.suppress(*DATABASE_AWAY):
            async with office.marks.acquire() as conn:
                await outbox.record_failure(conn, ids, describe(error))
