"""The mail that asks a speaker to a session: what, when and where, in which role, and the link by which they answer."""

from collections.abc import Iterator
from datetime import datetime

from forum.calendars.types import text_in
from forum.notifications import texts
from forum.notifications.headers import headers_of
from forum.notifications.mime import in_two_forms
from forum.notifications.texts import STANDARD, Wording
from forum.notifications.types import AskedSpeaker


def render_speaker_mail(
    message_id: str,
    recipient: str,
    asked: AskedSpeaker,
    link: str | None,
    sent_at: datetime,
    wording: Wording = STANDARD,
) -> bytes:
    """The mail, with times by the clocks of the edition and, where it is known, of the speaker."""
    language = texts.known_language(asked.language)
    title, edition = text_in(asked.session_title, language)[0], text_in(asked.title, language)[0]
    head = headers_of((edition, asked.organizer_email), (asked.display_name, recipient), message_id, sent_at)
    lead = wording.phrase(language, "speaker_lead", edition=edition)
    lines = [("", title), ("", lead), *wording.note(language, "speaker", edition)]
    lines += [*_facts(language, asked, wording), *_answer(language, link, wording)]
    return in_two_forms(head, message_id, wording.phrase(language, "speaker", title=title), lines, language)


def _facts(language: str, asked: AskedSpeaker, wording: Wording) -> Iterator[tuple[str, str]]:
    if asked.starts_at:
        yield wording.phrase(language, "when"), texts.moment(language, asked.starts_at, asked.ends_at, asked.timezone)
        if asked.own_timezone and asked.own_timezone != asked.timezone:
            own = texts.moment(language, asked.starts_at, asked.ends_at, asked.own_timezone)
            yield wording.phrase(language, "your_time"), own
    elif asked.held_on:
        yield wording.phrase(language, "when"), texts.day(language, asked.held_on)
    if asked.is_online:
        yield wording.phrase(language, "where"), wording.phrase(language, "online")
    elif asked.place:
        yield wording.phrase(language, "where"), asked.place
    yield wording.phrase(language, "speaker_role"), wording.phrase(language, f"speaker_role_{asked.role}")
    if asked.on_behalf_of:
        yield wording.phrase(language, "speaker_behalf"), asked.on_behalf_of
    if asked.allotted_seconds:
        yield wording.phrase(language, "speaker_time"), texts.duration(language, asked.allotted_seconds)


def _answer(language: str, link: str | None, wording: Wording) -> Iterator[tuple[str, str]]:
    if link:
        yield wording.phrase(language, "speaker_open"), link
        yield "", wording.phrase(language, "speaker_note")
