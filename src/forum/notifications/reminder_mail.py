"""The mail that reminds somebody of a session that begins soon: in how long, when by which clocks, and where."""

from datetime import datetime, timedelta
from typing import Final

from forum.calendars.types import text_in
from forum.codes import Mode
from forum.notifications import texts
from forum.notifications.headers import headers_of
from forum.notifications.mime import InvitationMailer, in_two_forms
from forum.notifications.types import Invited

_MINUTE: Final = timedelta(minutes=1)


def render_reminder(
    message_id: str, recipient: str, mailer: InvitationMailer, person: Invited, mode: Mode, sent_at: datetime
) -> bytes:
    """The mail; how long it is until the session begins is counted from when it was queued."""
    language, wording = texts.known_language(person.language), mailer.wording
    title, edition = (text_in(it.title, language)[0] for it in (mailer.session, mailer.edition))
    assert mailer.session.starts_at is not None
    minutes = max(1, -((sent_at - mailer.session.starts_at) // _MINUTE))
    lead = wording.phrase(language, "reminder_lead", edition=edition, time=texts.in_future(language, minutes))
    lines = [("", title), ("", lead), *wording.note(language, "reminder", edition)]
    lines += mailer.facts(language, person.timezone, mode)
    name = " ".join(part for part in (person.given_name, person.family_name) if part)
    head = headers_of((edition, mailer.edition.organizer_email), (name, recipient), message_id, sent_at)
    return in_two_forms(head, message_id, wording.phrase(language, "reminder", title=title), lines, language)
