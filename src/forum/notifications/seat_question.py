"""The mail that asks who has declined in their calendar whether their place in the session may be freed."""

from datetime import datetime

from forum.calendars.types import text_in
from forum.notifications import texts
from forum.notifications.mime import render_news
from forum.notifications.types import Noticed


def render_seat_question(
    message_id: str, recipient: str, noticed: Noticed, title: str, link: str | None, sent_at: datetime
) -> bytes:
    """The mail, with the link by which the place is given back."""
    language = texts.known_language(noticed.language)
    edition = text_in(noticed.title, language)[0]
    lines = [("", title), ("", texts.phrase(language, "seat_lead", edition=edition))]
    lines.append(("", texts.phrase(language, "seat_note")))
    if link:
        lines += [(texts.phrase(language, "open"), link), ("", texts.phrase(language, "open_note"))]
    subject = texts.phrase(language, "seat", title=title)
    return render_news(message_id, noticed.organizer_email, recipient, subject, lines, language, sent_at)
