"""What a message says in a line or two, in the words of its mail: for the person's own feed, and for pushes.

It names nobody, and holds no link and no reason: who reads a lock screen is not always who is meant.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Final

from forum.calendars.types import text_in
from forum.notifications import texts
from forum.notifications.headline_types import Headline, Told
from forum.notifications.texts import STANDARD, Wording

_MINUTE: Final = timedelta(minutes=1)
Lines = tuple[str, str]
"""A title and a text."""


class _Teller:
    """Says what one message tells, in one language and an edition's words."""

    def __init__(self, told: Told, language: str, wording: Wording) -> None:
        self.told, self.payload, self.language, self.wording = told, told.payload, language, wording
        self.edition = text_in(told.edition_title, language)[0] if told.edition_title else ""
        self.session = text_in(told.session_title, language)[0] if told.session_title else self.edition

    def say(self, key: str, **parts: str) -> str:
        """A phrase, with as many of the title and the edition as it takes."""
        given = {"title": self.session, "edition": self.edition} | parts
        return self.wording.phrase(self.language, key, **given)

    def when(self) -> str:
        """When the session is, by the clocks of the edition."""
        zone = self.told.timezone or "UTC"
        if starts_at := self.payload.get("starts_at"):
            ends_at = self.payload.get("ends_at")
            end = datetime.fromisoformat(ends_at) if ends_at else None
            return texts.moment(self.language, datetime.fromisoformat(starts_at), end, zone)
        held_on = self.payload.get("held_on")
        return texts.day(self.language, date.fromisoformat(held_on)) if held_on else ""


def headline(told: Told, language: str | None = None, wording: Wording = STANDARD) -> Headline:
    """The headline of a message in the language asked for, or in that of its mail."""
    known = texts.known_language(language or told.language)
    teller = _Teller(told, known, wording)
    tell = _TELL.get(told.kind)
    return Headline(*(tell(teller) if tell else (teller.edition, "")), known)


def _invitation(teller: _Teller) -> Lines:
    if teller.payload["method"] == "CANCEL":
        return teller.say("cancellation"), teller.say("cancellation_lead")
    key = "update" if teller.told.is_update else "invitation"
    return teller.say(key), " ".join(part for part in (teller.say(f"{key}_lead"), teller.when()) if part)


def _reminder(teller: _Teller) -> Lines:
    starts_at = datetime.fromisoformat(teller.payload["starts_at"])
    told_at = teller.payload.get("told_at")
    at = datetime.fromisoformat(told_at) if told_at else teller.told.created_at
    minutes = max(1, -((at - starts_at) // _MINUTE))
    lead = teller.say("reminder_lead", time=texts.in_future(teller.language, minutes))
    return teller.say("reminder"), f"{lead} {teller.when()}"


def _registration(teller: _Teller) -> Lines:
    key = f"registration_{teller.payload['news']}"
    return teller.say("registration"), teller.say(key if texts.knows(key) else "registration_link")


def _booking(teller: _Teller) -> Lines:
    news, until = teller.payload["news"], teller.payload.get("until")
    text = teller.say(f"registration_{news}")
    if until:
        zone = teller.told.timezone or "UTC"
        end = texts.moment(teller.language, datetime.fromisoformat(until), None, zone)
        text += f" {teller.say('until')}: {end}"
    return teller.say(news), text


def _revision(teller: _Teller) -> Lines:
    return teller.say("revision"), teller.say("revision_lead")


def _programme_change(teller: _Teller) -> Lines:
    return teller.say("programme_change"), teller.say("programme_change_lead")


def _answer(teller: _Teller) -> Lines:
    return teller.say("seat"), teller.say("seat_lead")


def _letter(teller: _Teller) -> Lines:
    key = f"letter_{teller.payload['outcome']}"
    return teller.say(key), teller.say(f"{key}_lead", reference=teller.payload.get("reference") or "")


def _proposal(teller: _Teller) -> Lines:
    key, title = f"proposal_{teller.payload['news']}", teller.payload["title"]
    return teller.say(key, title=title), teller.say(f"{key}_lead", title=title)


def _speaker(teller: _Teller) -> Lines:
    return teller.say("speaker"), teller.say("speaker_lead")


def _report(teller: _Teller) -> Lines:
    return teller.say("report"), texts.day(teller.language, date.fromisoformat(teller.payload["on"]))


def _pledge_update(teller: _Teller) -> Lines:
    due_on = texts.day(teller.language, date.fromisoformat(teller.payload["due_on"]))
    return teller.say("pledge_update"), f"{teller.say('pledge_update_due_on')}: {due_on}"


_TELL: Final[Mapping[str, Callable[[_Teller], Lines]]] = {
    "invitation": _invitation,
    "reminder": _reminder,
    "registration": _registration,
    "change_request": _registration,
    "booking": _booking,
    "revision": _revision,
    "answer": _answer,
    "letter": _letter,
    "proposal": _proposal,
    "speaker": _speaker,
    "attendance_report": _report,
    "pledge_update": _pledge_update,
    "programme_change": _programme_change,
}
