"""The mail that asks a speaker to a session: what, when and where, in which role, and the link by which they answer."""

from collections.abc import Iterator
from datetime import datetime

from forum.calendars.types import text_in
from forum.notifications import texts
from forum.notifications.mime import headers_of, in_two_forms
from forum.notifications.types import AskedSpeaker


def render_speaker_mail(
    message_id: str, recipient: str, asked: AskedSpeaker, link: str | None, sent_at: datetime
) -> bytes:
    """The mail, with times by the clocks of the edition."""
    language = texts.known_language(asked.language)
    title, edition = text_in(asked.session_title, language)[0], text_in(asked.title, language)[0]
    head = headers_of((edition, asked.organizer_email), (asked.display_name, recipient), message_id, sent_at)
    lead = texts.phrase(language, "speaker_lead", edition=edition)
    lines = [("", title), ("", lead), *_facts(language, asked), *_answer(language, link)]
    return in_two_forms(head, message_id, texts.phrase(language, "speaker", title=title), lines, language)


def _facts(language: str, asked: AskedSpeaker) -> Iterator[tuple[str, str]]:
    if asked.starts_at:
        yield texts.phrase(language, "when"), texts.moment(language, asked.starts_at, asked.ends_at, asked.timezone)
    elif asked.held_on:
        yield texts.phrase(language, "when"), texts.day(language, asked.held_on)
    if asked.is_online:
        yield texts.phrase(language, "where"), texts.phrase(language, "online")
    elif asked.place:
        yield texts.phrase(language, "where"), asked.place
    yield texts.phrase(language, "speaker_role"), texts.phrase(language, f"speaker_role_{asked.role}")
    if asked.on_behalf_of:
        yield texts.phrase(language, "speaker_behalf"), asked.on_behalf_of
    if asked.allotted_seconds:
        yield texts.phrase(language, "speaker_time"), texts.duration(language, asked.allotted_seconds)


def _answer(language: str, link: str | None) -> Iterator[tuple[str, str]]:
    if link:
        yield texts.phrase(language, "speaker_open"), link
        yield "", texts.phrase(language, "speaker_note")
