"""Shows the staff what mails say before any is sent: the real words and the real rendering, about nobody.

A slice of its own, because reports are rendered by the statistics, which know of mails themselves.
"""

import email
import email.policy
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from email.message import EmailMessage
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from forum.calendars.types import CalendarEdition, CalendarSession
from forum.db import Connection
from forum.errors import Invalid
from forum.notifications import service as notifications
from forum.previews import queries
from forum.previews.types import NewPreview, Preview, PreviewedEdition, PreviewedSession
from forum.statistics import service as statistics

SESSION_TIME: Final = time(9), timedelta(minutes=90)
_REPORT: Final = "attendance_report"
VARIANTS: Final[Mapping[str, tuple[str, ...]]] = {**notifications.VARIANTS, _REPORT: ("day",)}


async def preview_message(
    conn: Connection, edition_id: UUID, wanted: NewPreview, domain: str, now: datetime
) -> Preview:
    """The mail; raises `Invalid` for a variant that the kind does not have, and a session that is not there."""
    variant = wanted.variant or VARIANTS[wanted.kind][0]
    if variant not in VARIANTS[wanted.kind]:
        known = ", ".join(VARIANTS[wanted.kind])
        raise Invalid.at("/variant", "unknown_variant", f"A mail of this kind says one of: {known}.")
    edition = await queries.find_previewed_edition(conn, edition_id)
    language = notifications.known_language(wanted.language)
    session = _session(edition, await _find_session(conn, edition_id, wanted.session), now)
    if wanted.kind == _REPORT:
        report = await statistics.sample_report(conn, edition_id, edition.starts_on, now)
        return Preview(_REPORT, variant, "en", "ltr", report.subject, report.text, report.html)
    about = CalendarEdition(edition.title, edition.timezone, edition.organizer_email, domain)
    words = (await notifications.read_wordings(conn, [edition_id])).get(edition_id, notifications.STANDARD)
    sample = notifications.Sample(variant, language, about, session, words, now)
    mail = _read(notifications.render_sample(wanted.kind, sample))
    subject, text, page = str(mail["Subject"]), _part(mail, "plain"), _part(mail, "html")
    return Preview(wanted.kind, variant, language, notifications.direction(language), subject, text, page)


async def _find_session(conn: Connection, edition_id: UUID, session_id: UUID | None) -> PreviewedSession:
    if session_id is None:
        return PreviewedSession(notifications.TITLE, None, None, "hybrid", None, None)
    if (session := await queries.find_previewed_session(conn, edition_id, session_id)) is None:
        raise Invalid.at("/session", "unknown_reference", "There is no such session in this edition.")
    return session


def _session(edition: PreviewedEdition, session: PreviewedSession, now: datetime) -> CalendarSession:
    """The session as calendars have it; one without a time begins at nine on the edition's first day."""
    begins, takes = SESSION_TIME
    starts_at = session.starts_at or datetime.combine(edition.starts_on, begins, ZoneInfo(edition.timezone))
    return CalendarSession(
        session_id=UUID(int=0),
        title=session.title,
        starts_at=starts_at,
        ends_at=session.ends_at if session.starts_at else starts_at + takes,
        room=session.room,
        venue=session.venue or edition.venue,
        city=edition.city,
        mode=session.mode,
        revised_at=now,
        url="",
    )


def _read(mail: bytes) -> EmailMessage:
    return email.message_from_bytes(mail, policy=email.policy.default)


def _part(mail: EmailMessage, subtype: str) -> str:
    found = mail.get_body((subtype,))
    assert found is not None
    return str(found.get_content()).replace("\r\n", "\n")
