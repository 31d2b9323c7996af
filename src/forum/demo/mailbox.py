"""Reads mails back from the Maildir with parsers that are not ours: the standard library's, and icalendar's."""

import email
import re
from collections.abc import Iterable
from email.message import Message
from pathlib import Path
from typing import Final

from icalendar import Calendar
from msgspec import Struct

from forum.demo.checks import StepFailed

_FIELD: Final = r"(?m)^{}(?:;[^:\r\n]*)?:(.*?)\r?$"
_PATTERNS: Final = {
    name: re.compile(_FIELD.format(name)) for name in ("METHOD", "UID", "SEQUENCE", "DTSTART", "STATUS")
}


class Mail(Struct, frozen=True):
    """What matters of a mail here."""

    recipient: str
    message_id: str
    subject: str
    parts: tuple[str, ...]
    """The content types, outermost first."""
    text: str
    calendar: str
    """The text/calendar part; empty in a mail without one."""
    method: str
    """As the part's content type has it."""
    table: str
    """The text/csv attachment; empty in a mail without one."""

    def field(self, name: str) -> str:
        """A field of the calendar, such as SEQUENCE: the last one of this name, for the entry comes after the zone."""
        found = _PATTERNS[name].findall(self.calendar)
        return found[-1] if found else ""


class Mailbox:
    """A Maildir, read bit by bit: each mail is new once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "new"
        self._seen: set[str] = set()

    def read_new(self) -> list[Mail]:
        """The mails that came since the last time."""
        fresh = [entry for entry in self._entries() if entry.name not in self._seen]
        self._seen.update(entry.name for entry in fresh)
        return [parse(entry.read_bytes()) for entry in fresh]

    def count(self) -> int:
        """How many mails there are, old and new."""
        return sum(1 for _ in self._entries())

    def _entries(self) -> Iterable[Path]:
        return self._folder.iterdir() if self._folder.exists() else ()


def parse(data: bytes) -> Mail:
    """A mail, by the standard library."""
    message = email.message_from_bytes(data)
    parts = list(message.walk())
    text, calendar, table = (_part(parts, type_) for type_ in ("text/plain", "text/calendar", "text/csv"))
    return Mail(
        recipient=str(message["Delivered-To"] or ""),
        message_id=str(message["Message-ID"] or ""),
        subject=str(message["Subject"] or ""),
        parts=tuple(part.get_content_type() for part in parts),
        text=_content(text),
        calendar=_content(calendar).replace("\r\n ", ""),
        method=str(calendar.get_param("method")) if calendar else "",
        table=_content(table),
    )


def read_calendar(text: bytes | str) -> Calendar:
    """A calendar, by icalendar's own parser; raises `StepFailed`."""
    try:
        calendar = Calendar.from_ical(text)
    except ValueError as error:
        raise StepFailed(f"a calendar cannot be read: {error}") from error
    if not isinstance(calendar, Calendar):
        raise StepFailed("a calendar cannot be read: it is something else")
    return calendar


def _part(parts: list[Message], type_: str) -> Message | None:
    return next((part for part in parts if part.get_content_type() == type_), None)


def _content(part: Message | None) -> str:
    payload = part.get_payload(decode=True) if part else b""
    return payload.decode("utf-8") if isinstance(payload, bytes) else ""
