"""The rules of mails: what is planned, what is asked for, and what the staff can read of them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from forum.db import Connection
from forum.jobs import InviteRegistration, InviteSpeaker, ReportAttendance
from forum.notifications import queries, speaking_queries
from forum.notifications.bounce_mails import read_bounce
from forum.notifications.bounces import record_bounce_mail
from forum.notifications.headlines import headline
from forum.notifications.mailers import Mailers
from forum.notifications.message_texts import copy_texts, read_wordings
from forum.notifications.planning import gather_entries, plan_invitations, plan_speakers
from forum.notifications.pledge_updates import plan_pledge_updates
from forum.notifications.reminders import copy_reminders, plan_reminders
from forum.notifications.rendering import Content
from forum.notifications.samples import TITLE, VARIANTS, Sample, render_sample
from forum.notifications.sending import Postbox, send_batches
from forum.notifications.texts import STANDARD, direction, known_language
from forum.notifications.transport import Transport, Unreachable, open_transport
from forum.notifications.types import DueReport, Forgotten, ReportMail
from forum.notifications.unsubscribing import sign_token as sign_unsubscribe
from forum.outbox import publish

__all__ = [
    "STANDARD",
    "TITLE",
    "VARIANTS",
    "Content",
    "Mailers",
    "Postbox",
    "ReportMail",
    "Sample",
    "Transport",
    "Unreachable",
    "ask_about_seat",
    "copy_reminders",
    "copy_texts",
    "direction",
    "forget_messages",
    "forget_speaker",
    "gather_entries",
    "headline",
    "known_language",
    "list_untold",
    "open_transport",
    "plan_edition",
    "plan_invitations",
    "plan_notices",
    "plan_pledge_updates",
    "plan_reminders",
    "plan_speakers",
    "publish_due_reports",
    "queue_change_news",
    "queue_report",
    "read_bounce",
    "read_wordings",
    "record_bounce_mail",
    "render_sample",
    "send_batches",
    "sign_unsubscribe",
    "withdraw_seat_question",
]


async def plan_notices(conn: Connection, edition_id: UUID, registration_ids: Sequence[UUID], now: datetime) -> int:
    """Queue what tells these people what became of their registrations and of the edition since they were last told.

    Each needs a link first: who has none is told nothing. How many mails.
    """
    await queries.lock_invitations(conn, edition_id)
    return await queries.plan_notices(conn, edition_id, registration_ids, now)


async def ask_about_seat(
    conn: Connection, edition_id: UUID, registration_id: UUID, session_id: UUID, title: str, now: datetime
) -> None:
    """Ask somebody who has declined in their calendar whether their place may be freed; they need a link first."""
    await queries.queue_seat_question(conn, edition_id, registration_id, session_id, title, now)


async def withdraw_seat_question(conn: Connection, edition_id: UUID, registration_id: UUID, session_id: UUID) -> None:
    """Do not ask any more, unless it was asked already."""
    await queries.supersede_seat_question(conn, edition_id, registration_id, session_id)


async def queue_change_news(
    conn: Connection,
    edition_id: UUID,
    registration_id: UUID,
    news: Literal["change_approved", "change_declined"],
    now: datetime,
) -> None:
    """Queue what tells a person what was decided about the change of their registration that they asked for."""
    await queries.queue_change_news(conn, edition_id, registration_id, news, now)


async def list_untold(conn: Connection, edition_id: UUID, registration_ids: Sequence[UUID]) -> list[UUID]:
    """Of these registrations, those whose people are still to be told of a revision of the edition."""
    return await queries.list_untold(conn, edition_id, registration_ids)


async def forget_messages(
    conn: Connection, edition_id: UUID | None, registration_id: UUID | None, person_id: UUID | None
) -> Forgotten:
    """Drop the mails about one registration, or to one person, that wait; leave nobody named in the others.

    Nothing is planned for the edition until the transaction ends.
    """
    if edition_id is not None:
        await queries.lock_invitations(conn, edition_id)
    return await queries.forget_messages(conn, edition_id, registration_id, person_id)


async def forget_speaker(conn: Connection, edition_id: UUID, speaker_id: UUID) -> Forgotten:
    """Drop the mails to a speaker that wait, calendar entries among them; leave no address in the others.

    Nothing is planned for the edition until the transaction ends.
    """
    await queries.lock_invitations(conn, edition_id)
    return await queries.forget_speaker(conn, edition_id, speaker_id)


async def plan_edition(conn: Connection, edition_id: UUID) -> int:
    """Ask for everybody's invitations to be planned, in portions that several workers share; how many people."""
    people = await queries.list_invitable(conn, edition_id)
    await publish(conn, *(InviteRegistration(edition_id, one, of_release=True) for one in people))
    speakers = await speaking_queries.list_speaking(conn, edition_id)
    await publish(conn, *(InviteSpeaker(edition_id, one) for one in speakers))
    return len(people) + len(speakers)


async def queue_report(conn: Connection, edition_id: UUID, on: date, job_id: int, now: datetime) -> int:
    """Queue the report of a day for every organizer of an edition; a job that runs twice queues nothing new."""
    return await queries.queue_report(conn, edition_id, on, now, job_id)


async def publish_due_reports(conn: Connection, now: datetime) -> list[DueReport]:
    """Ask for the reports of the days that are over, each once."""
    await queries.lock_reports(conn)
    due = await queries.list_due_reports(conn, now)
    await publish(conn, *(ReportAttendance(report.edition_id, report.on) for report in due))
    return due
