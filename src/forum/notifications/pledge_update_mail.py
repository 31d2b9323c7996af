"""The mail that asks those who keep pledges to say how far they are."""

from datetime import datetime

from forum.calendars.types import text_in
from forum.notifications import texts
from forum.notifications.mime import render_news
from forum.notifications.pledge_update_types import PledgesDue
from forum.notifications.texts import STANDARD, Wording


def render_pledge_update(
    message_id: str, sender: str, recipient: str, due: PledgesDue, sent_at: datetime, wording: Wording = STANDARD
) -> bytes:
    """The mail, with every pledge by its reference."""
    language = texts.known_language(due.language)
    edition = text_in(due.edition, language)[0]
    lines = [
        ("", wording.phrase(language, "pledge_update_lead", edition=edition)),
        *wording.note(language, "pledge_update", edition),
        (wording.phrase(language, "pledge_update_due_on"), texts.day(language, due.due_on)),
        *((pledge.reference, text_in(pledge.title, language)[0]) for pledge in due.pledges),
    ]
    if due.more:
        lines.append(("", wording.counted(language, "pledge_update_more", due.more)))
    subject = wording.phrase(language, "pledge_update", edition=edition)
    return render_news(message_id, sender, recipient, subject, lines, language, sent_at)
