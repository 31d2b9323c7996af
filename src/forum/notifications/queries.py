"""One function for each statement of `notifications.sql`."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from forum.db import Connection, execute, fetch_all, get, value
from forum.notifications.types import (
    AskedSpeaker,
    DueReport,
    Forgotten,
    Invited,
    Noticed,
    Outgoing,
    Revised,
)
from forum.sqlfiles import load_statements

_SQL = load_statements("notifications")


async def lock_invitations(conn: Connection, edition_id: UUID) -> None:
    """Only one transaction at a time plans an edition's invitations."""
    await execute(conn, _SQL["lock_invitations"], edition_id)


async def list_invitable(conn: Connection, edition_id: UUID) -> list[UUID]:
    """Everybody who should hold an entry of an edition, or may hold one, or is to be told of its revision."""
    return await fetch_all(conn, _SQL["list_invitable"], UUID, edition_id)


async def plan_invitations(conn: Connection, edition_id: UUID, registration_ids: Sequence[UUID], now: datetime) -> int:
    """Queue the difference between the entries that people should hold and those last queued; how many."""
    return int(await value(conn, _SQL["plan_invitations"], edition_id, registration_ids, now))


async def list_untold(conn: Connection, edition_id: UUID, registration_ids: Sequence[UUID]) -> list[UUID]:
    """Of these registrations, those whose people know nothing yet of a revision of their edition."""
    return await fetch_all(conn, _SQL["list_untold"], UUID, edition_id, registration_ids)


async def plan_notices(conn: Connection, edition_id: UUID, registration_ids: Sequence[UUID], now: datetime) -> int:
    """Queue the difference between what people's registrations are and what they were told; how many mails."""
    return int(await value(conn, _SQL["plan_notices"], edition_id, registration_ids, now))


async def queue_change_news(
    conn: Connection, edition_id: UUID, registration_id: UUID, news: str, now: datetime
) -> None:
    """Tell a person what was decided about the change that they asked for."""
    await execute(conn, _SQL["queue_change_news"], edition_id, registration_id, news, now)


async def forget_messages(
    conn: Connection, edition_id: UUID | None, registration_id: UUID | None, person_id: UUID | None
) -> Forgotten:
    """Drop the mails to somebody that are still to be sent, and empty the others."""
    return await get(conn, _SQL["forget_messages"], Forgotten, edition_id, registration_id, person_id)


async def queue_seat_question(
    conn: Connection, edition_id: UUID, registration_id: UUID, session_id: UUID, title: str, now: datetime
) -> None:
    """Queue the mail that asks somebody whether their place in a session may be freed."""
    await execute(conn, _SQL["queue_seat_question"], edition_id, registration_id, session_id, title, now)


async def supersede_seat_question(conn: Connection, edition_id: UUID, registration_id: UUID, session_id: UUID) -> None:
    """That mail is not sent, if it was not yet."""
    await execute(conn, _SQL["supersede_seat_question"], edition_id, registration_id, session_id)


async def queue_report(conn: Connection, edition_id: UUID, on: date, as_of: datetime, job_id: int) -> int:
    """Queue the report of a day for every organizer of an edition; how many."""
    return await execute(conn, _SQL["queue_report"], edition_id, on, as_of, job_id)


async def lock_reports(conn: Connection) -> None:
    """Only one transaction at a time asks for reports."""
    await execute(conn, _SQL["lock_reports"])


async def list_due_reports(conn: Connection, now: datetime) -> list[DueReport]:
    """The editions whose day is over and whose report nobody has asked for yet."""
    return await fetch_all(conn, _SQL["list_due_reports"], DueReport, now)


async def list_batch(conn: Connection, batch_ids: Sequence[UUID]) -> list[Outgoing]:
    """The messages of these batches that are still to be sent."""
    return await fetch_all(conn, _SQL["list_batch"], Outgoing, batch_ids)


async def list_attendees(conn: Connection, message_ids: Sequence[UUID]) -> list[Invited]:
    """Who the invitations among these messages are for."""
    return await fetch_all(conn, _SQL["list_attendees"], Invited, message_ids)


async def list_noticed(conn: Connection, message_ids: Sequence[UUID]) -> list[Noticed]:
    """What the mails about registrations among these messages say."""
    return await fetch_all(conn, _SQL["list_noticed"], Noticed, message_ids)


async def list_asked_speakers(conn: Connection, message_ids: Sequence[UUID]) -> list[AskedSpeaker]:
    """What the mails to speakers among these messages say."""
    return await fetch_all(conn, _SQL["list_asked_speakers"], AskedSpeaker, message_ids)


async def forget_speaker(conn: Connection, edition_id: UUID, speaker_id: UUID) -> Forgotten:
    """Drop the mails to a speaker that are still to be sent, and empty the others."""
    return await get(conn, _SQL["forget_speaker"], Forgotten, edition_id, speaker_id)


async def list_revised(conn: Connection, message_ids: Sequence[UUID]) -> list[Revised]:
    """What the mails about revisions among these messages tell of the edition."""
    return await fetch_all(conn, _SQL["list_revised"], Revised, message_ids)


async def mark_sent(conn: Connection, message_ids: Sequence[UUID], now: datetime) -> None:
    """The mail server has taken these messages."""
    await execute(conn, _SQL["mark_sent"], message_ids, now)


async def defer_message(conn: Connection, message_id: UUID, pause: timedelta, error: str) -> None:
    """A message is tried again after a pause."""
    await execute(conn, _SQL["defer_message"], message_id, pause, error)


async def release_messages(conn: Connection, message_ids: Sequence[UUID], pause: timedelta, error: str | None) -> None:
    """These messages were not tried: they wait for their turn, after a pause."""
    await execute(conn, _SQL["release_messages"], message_ids, pause, error)


async def fail_message(conn: Connection, message_id: UUID, error: str) -> None:
    """A message is given up."""
    await execute(conn, _SQL["fail_message"], message_id, error)
