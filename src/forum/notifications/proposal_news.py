"""The mail that says what became of a proposal."""

from datetime import datetime

from forum.notifications import texts
from forum.notifications.mime import render_news
from forum.notifications.types import ProposalNews


def render_proposal_news(message_id: str, sender: str, recipient: str, news: ProposalNews, sent_at: datetime) -> bytes:
    """The mail, in the contact's language; a reason stands in the words of the staff."""
    key, language = f"proposal_{news.news}", texts.known_language(news.language)
    parts = {"edition": news.edition, "title": news.title}
    lines = [("", texts.phrase(language, f"{key}_lead", **parts))]
    if news.other:
        lines.append((texts.phrase(language, "proposal_other"), news.other))
    if news.reason:
        lines.append((texts.phrase(language, "proposal_reason"), news.reason))
    if news.decides_on:
        lines.append((texts.phrase(language, "proposal_decides_on"), texts.day(language, news.decides_on)))
    subject = texts.phrase(language, key, title=news.title)
    return render_news(message_id, sender, recipient, subject, lines, language, sent_at)
