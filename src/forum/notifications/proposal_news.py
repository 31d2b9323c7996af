"""The mail that says what became of a proposal."""

from datetime import datetime

from forum.notifications import texts
from forum.notifications.mime import render_news
from forum.notifications.texts import STANDARD, Wording
from forum.notifications.types import ProposalNews


def render_proposal_news(
    message_id: str, sender: str, recipient: str, news: ProposalNews, sent_at: datetime, wording: Wording = STANDARD
) -> bytes:
    """The mail, in the contact's language; a reason stands in the words of the staff."""
    key, language = f"proposal_{news.news}", texts.known_language(news.language)
    parts = {"edition": news.edition, "title": news.title}
    lines = [("", wording.phrase(language, f"{key}_lead", **parts)), *wording.note(language, "proposal", news.edition)]
    if news.other:
        lines.append((wording.phrase(language, "proposal_other"), news.other))
    if news.reason:
        lines.append((wording.phrase(language, "proposal_reason"), news.reason))
    if news.decides_on:
        lines.append((wording.phrase(language, "proposal_decides_on"), texts.day(language, news.decides_on)))
    subject = wording.phrase(language, key, title=news.title)
    return render_news(message_id, sender, recipient, subject, lines, language, sent_at)
