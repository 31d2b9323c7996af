"""Pure builders of iCalendar bytes: one VEVENT is rendered by the library once, and kept and joined from then on."""

import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress, vDuration, vText

from forum.calendars.types import Attendee, CalendarEdition, CalendarSession, Method, text_in
from forum.calendars.zones import render_zone
from forum.codes import Mode

REFRESH: Final = timedelta(hours=1)
ONLINE: Final = {
    "ar": "عبر الإنترنت",
    "zh": "线上",
    "en": "Online",
    "fr": "En ligne",
    "ru": "Онлайн",
    "es": "En línea",
}
_PRODUCT: Final = "-//Forum//Forum 1//EN"
_END: Final = b"\r\nEND:VEVENT\r\n"
"""The end of an entry. Text can look like it, but is folded: a space stands before it."""
_IN_MAILTO: Final = str.maketrans({character: f"%{ord(character):02X}" for character in '%?#"'})


def render_event(session: CalendarSession, edition: CalendarEdition, language: str, mode: Mode | None = None) -> bytes:
    """One VEVENT of a feed: no attendee, no join link; with `mode`, the place of who takes part in that way.

    Raises ValueError for a session without a date.
    """
    event = _event(session, edition, language, mode)
    event.add("dtstamp", session.revised_at)
    return bytes(event.to_ical())


def render_feed(
    events: Iterable[bytes], edition: CalendarEdition, language: str, name: str, years: tuple[int, int]
) -> bytes:
    """A published calendar (RFC 5546 section 3.2.1) of ready events, with the zone's rules for those years."""
    calendar = _calendar("PUBLISH")
    calendar.add("name", vText(name), parameters={"LANGUAGE": language})
    calendar.add("x-wr-calname", vText(name))
    calendar.add("x-wr-timezone", vText(edition.timezone))
    calendar.add("refresh-interval", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(REFRESH))
    body = b"".join(events)
    return _wrap(calendar, _zone(body, edition.timezone, years), body)


def years_of(sessions: Iterable[CalendarSession]) -> tuple[int, int]:
    """The first and last year that dated sessions touch."""
    years = {moment.year for s in sessions for moment in (s.starts_at, s.ends_at, s.held_on) if moment is not None}
    return (min(years), max(years)) if years else (1970, 1970)


class InvitationTemplate:
    """An invitation (RFC 5546 section 3.2.2) or its withdrawal, rendered once for all who take part in one way."""

    def __init__(
        self,
        method: Method,
        session: CalendarSession,
        edition: CalendarEdition,
        mode: Mode,
        language: str,
        sequence: int,
    ) -> None:
        cancelled = method == "CANCEL"
        event = _event(session, edition, language, mode, cancelled=cancelled, sequence=sequence)
        body = bytes(event.to_ical())
        rendered = _wrap(_calendar(method), _zone(body, edition.timezone, years_of([session])), body)
        self._head, self._tail = rendered.split(_END, 1)

    def render(self, attendee: Attendee, stamp: datetime) -> bytes:
        """The calendar for one person; `stamp` is when their entry last changed."""
        name = _plain(attendee.name).replace("^", "^^").replace('"', "^'")  # RFC 6868
        line = (
            f'ATTENDEE;CN="{name}";CUTYPE=INDIVIDUAL;PARTSTAT=ACCEPTED;ROLE=REQ-PARTICIPANT;RSVP=FALSE'
            f":{_mailto(attendee.email)}"
        )
        at = stamp.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        own = f"\r\nDTSTAMP:{at}\r\n{_folded(line)}".encode()
        return self._head + own + _END + self._tail


def _event(
    session: CalendarSession,
    edition: CalendarEdition,
    language: str,
    mode: Mode | None,
    *,
    cancelled: bool = False,
    sequence: int | None = None,
) -> Event:
    """Everything of a VEVENT but DTSTAMP and the person; `mode` None is the public view."""
    cancelled = cancelled or session.status == "cancelled"
    event = Event()
    event.add("uid", f"{session.session_id}@{edition.domain}")
    organizer = vCalAddress(_mailto(edition.organizer_email))
    organizer.params["CN"] = vText(_plain(text_in(edition.title, language)[0]))
    event.add("organizer", organizer)
    _add_times(event, session, edition.timezone)
    _add_text(event, "summary", session.title, language)
    if session.abstract:
        _add_text(event, "description", session.abstract, language)
    if location := _location(session, language, mode):
        event.add("location", vText(_plain(location)))
    if session.track:
        event.add("categories", [_plain(text_in(session.track, language)[0])])
    if session.parent_id:
        event.add("related-to", f"{session.parent_id}@{edition.domain}")
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if cancelled or session.starts_at is None else "OPAQUE")
    event.add("sequence", session.calendar_sequence if sequence is None else sequence)
    event.add("last-modified", session.revised_at)
    event.add("url", session.url)
    return event


def _add_times(event: Event, session: CalendarSession, timezone: str) -> None:
    if session.starts_at is not None:
        moments = [moment.astimezone(ZoneInfo(timezone)) for moment in (session.starts_at, session.ends_at) if moment]
        if any(_is_ambiguous(moment) for moment in moments):
            moments = [moment.astimezone(UTC) for moment in moments]
        for name, moment in zip(("dtstart", "dtend"), moments, strict=False):
            event.add(name, moment)
    elif session.held_on is not None:
        event.add("dtstart", session.held_on)
        event.add("dtend", session.held_on + timedelta(days=1))
    else:
        raise ValueError(f"session {session.session_id} has no date")


def _is_ambiguous(moment: datetime) -> bool:
    """Whether the clock shows this time twice, at the end of summer time: readers then differ on which is meant."""
    return moment.replace(fold=0).utcoffset() != moment.replace(fold=1).utcoffset()


def _add_text(event: Event, name: str, texts: dict[str, str], language: str) -> None:
    text, found = text_in(texts, language)
    event.add(name, vText(_clean(text)), parameters={"LANGUAGE": found})


def _location(session: CalendarSession, language: str, mode: Mode | None) -> str:
    online = ONLINE.get(language.partition("-")[0], ONLINE["en"])
    if mode == "online" or session.mode == "online":
        return online
    place = ", ".join(dict.fromkeys(part for part in (session.room, session.venue, session.city) if part))
    either = mode is None and session.mode == "hybrid"
    return " / ".join(part for part in (place, online) if part) if either else place


def _calendar(method: str) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    return calendar


def _wrap(calendar: Calendar, zone: bytes, events: bytes) -> bytes:
    head, _, tail = bytes(calendar.to_ical()).rpartition(b"END:VCALENDAR")
    return head + zone + events + b"END:VCALENDAR" + tail


def _zone(events: bytes, name: str, years: tuple[int, int]) -> bytes:
    """The zone's rules where entries name it: some are told in UTC or by day only."""
    return render_zone(name, *years) if b";TZID=" in events else b""


def _folded(line: str) -> str:
    """A content line in pieces of at most 75 octets that cut no character (RFC 5545 section 3.1)."""
    data, pieces, start, room = line.encode("utf-8"), [], 0, 75
    while len(data) - start > room:
        end = start + room
        while data[end] & 0xC0 == 0x80:  # inside a character
            end -= 1
        pieces.append(data[start:end])
        start, room = end, 74  # the space that begins each further piece counts
    return b"\r\n ".join([*pieces, data[start:]]).decode("utf-8")


def _mailto(address: str) -> str:
    """An address as a URI: what would end or change it is escaped (RFC 6068 section 2)."""
    return f"mailto:{address.translate(_IN_MAILTO)}"


def _clean(text: str) -> str:
    """Text without control characters; line breaks are kept and become `\\n`."""
    if text.isprintable():
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) != "Cc")


def _plain(text: str) -> str:
    """Text on one line."""
    return " ".join(_clean(text).split())
