"""Reads what a calendar answers to an invitation by mail: `METHOD:REPLY` (RFC 5546 section 3.2.3, RFC 6047).

Pure, and safe with whatever strangers send. Only the lines that tell the answer are looked at: reading the whole
calendar into objects would also run the rules of its time zones, which can be written to take for ever.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final
from urllib.parse import unquote

from icalendar.parser import Contentline, Contentlines
from msgspec import Struct, field

from forum.calendars.mails import ADDRESS, read_calendar
from forum.calendars.reply_types import Answer, NoReply, Reply
from forum.codes import as_uuid

MOST_LINE_CHARACTERS: Final = 10_000
MOST_COMMENT_CHARACTERS: Final = 2_000
_ANSWERS: Final[dict[str, Answer]] = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "tentative"}
_ONCE: Final = frozenset({"UID", "SEQUENCE", "DTSTAMP"})
_NAME: Final = re.compile(r"[A-Za-z0-9-]+(?=[ \t]*[;:])")
_STAMP: Final = re.compile(r"\d{8}T\d{6}Z?")
_SEQUENCE: Final = re.compile(r"\d{1,9}")


class _Line(Struct, frozen=True):
    """A property: the parameter that matters, and its value."""

    value: str
    partstat: str


class _Content(Struct):
    """What matters of a calendar: its methods, and the properties of its events by name."""

    methods: list[str] = field(default_factory=list)
    events: list[dict[str, list[_Line]]] = field(default_factory=list)


def read_reply(raw: bytes, domain: str) -> Reply:
    """The answer in a mail to an invitation whose UID is of `domain`; raises `NoReply`, and nothing else."""
    try:
        sender, text, method = read_calendar(raw)
        content = _read_content(text)
        methods = {name.upper() for name in content.methods or ([method] if method else [])}
        if methods != {"REPLY"}:
            raise NoReply("not_a_reply")
        if len(content.events) != 1:
            raise NoReply("several_events" if content.events else "malformed")
        return _read_event(content.events[0], sender, domain)
    except NoReply:
        raise
    except Exception as error:  # whatever the parsers of mails and calendars stumble over
        raise NoReply("malformed") from error


def _read_event(event: dict[str, list[_Line]], sender: str, domain: str) -> Reply:
    if any(len(event.get(name, [])) > 1 for name in _ONCE) or "UID" not in event or "DTSTAMP" not in event:
        raise NoReply("malformed")
    session, _, right = event["UID"][0].value.strip().lower().rpartition("@")
    session_id = as_uuid(session)
    if session_id is None or right != domain.lower():
        raise NoReply("unknown_uid")
    attendees = event.get("ATTENDEE", [])
    if len(attendees) > 1:
        raise NoReply("several_attendees")
    address = _address(attendees[0].value) if attendees else ""
    if not address:
        raise NoReply("no_attendee")
    answer = _ANSWERS.get(attendees[0].partstat.upper())
    if answer is None:
        raise NoReply("no_answer")
    comment = "\n".join(line.value for line in event.get("COMMENT", []))[:MOST_COMMENT_CHARACTERS]
    sequence, stamped_at = _sequence(event.get("SEQUENCE", [])), _moment(event["DTSTAMP"][0].value)
    return Reply(sender, session_id, address, answer, sequence, stamped_at, comment or None)


def _read_content(text: str) -> _Content:
    """The properties that matter, each where it belongs; raises `NoReply` for what is no calendar."""
    content, inside = _Content(), list[str]()
    for name, line in _lines(text):
        if name == "BEGIN":
            inside.append(line.partition(":")[2].strip().upper())
            if inside == ["VCALENDAR", "VEVENT"]:
                content.events.append({})
        elif name == "END":
            if not inside or inside.pop() != line.partition(":")[2].strip().upper():
                raise NoReply("malformed")
        elif inside == ["VCALENDAR"] and name == "METHOD":
            content.methods.append(_parts(line).value.strip())
        elif inside == ["VCALENDAR", "VEVENT"] and name in {*_ONCE, "ATTENDEE", "COMMENT"}:
            content.events[-1].setdefault(name, []).append(_parts(line))
    if inside:
        raise NoReply("malformed")
    return content


def _lines(text: str) -> Iterator[tuple[str, Contentline]]:
    """The unfolded lines with their names; what has none is no property."""
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    lines: Contentlines = Contentlines.from_ical(plain)  # type: ignore[no-untyped-call]
    for line in lines:
        if found := _NAME.match(line):
            yield found[0].upper(), line


def _parts(line: Contentline) -> _Line:
    if len(line) > MOST_LINE_CHARACTERS:
        raise NoReply("too_large")
    _, parameters, value = line.parts()
    partstat = parameters.get("PARTSTAT", "")
    return _Line(str(value), partstat if isinstance(partstat, str) else "")


def _address(uri: str) -> str:
    """The address of a `mailto:` URI (RFC 6068), or nothing."""
    scheme, _, rest = uri.strip().partition(":")
    address = unquote(rest.partition("?")[0], errors="strict").strip()
    usable = scheme.lower() == "mailto" and address.isprintable() and len(address) <= 254
    return address if usable and re.fullmatch(ADDRESS, address) else ""


def _sequence(lines: list[_Line]) -> int:
    """SEQUENCE; 0 when it is left out (RFC 5545 section 3.8.7.4)."""
    text = lines[0].value.strip() if lines else "0"
    if not _SEQUENCE.fullmatch(text) or not text.isascii():
        raise NoReply("malformed")
    return int(text)


def _moment(text: str) -> datetime:
    """DTSTAMP, which is in UTC (RFC 5545 section 3.8.7.2); who leaves the Z out means it, too."""
    text = text.strip()
    if not _STAMP.fullmatch(text):
        raise NoReply("malformed")
    stamp = datetime.strptime(text.removesuffix("Z"), "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    if not 1990 <= stamp.year <= 2200:
        raise NoReply("malformed")
    return stamp
