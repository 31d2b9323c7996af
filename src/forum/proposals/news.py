"""Tells the contact of a proposal what became of it, in their language."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from forum.codes import choose_language
from forum.db import Connection
from forum.outbox import queue_message
from forum.proposals import queries

News = Literal["submitted", "accepted", "rejected", "merged", "joined", "reopened"]


async def tell(
    conn: Connection,
    edition_id: UUID,
    proposal_id: UUID,
    news: News,
    now: datetime,
    reason: str | None = None,
    other: UUID | None = None,
    decides_on: date | None = None,
) -> None:
    """Queue the mail, in the caller's transaction; nobody is told where the contact was forgotten."""
    notice = await queries.find_proposal_notice(conn, edition_id, proposal_id)
    if notice is None:
        return
    beside = await queries.find_proposal_title(conn, edition_id, other) if other else None
    payload = {
        "proposal": str(proposal_id),
        "news": news,
        "language": notice.language,
        "edition": _text(notice.edition_title, notice.language),
        "title": _text(notice.title, notice.language),
        "reason": reason,
        "other": _text(beside, notice.language) if beside else None,
        "decides_on": decides_on.isoformat() if decides_on else None,
    }
    await queue_message(conn, "proposal", notice.recipient, payload, now, edition_id)


def _text(texts: dict[str, str], language: str) -> str:
    return texts[choose_language(texts, language)]
