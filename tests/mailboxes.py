"""A calendar application of our own, for tests: it takes mails in the order in which they come and keeps what they say.

Written from RFC 5545, 5546 and 6047, and not with the library that writes our calendars: mails are read by Python's own
parser, lines and times by the few functions here and by dateutil.
"""

import email
import io
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from email.message import EmailMessage
from email.policy import default
from functools import cache
from typing import cast

from dateutil.tz import tzical
from msgspec import Struct

Moment = datetime | date | None
_PART = re.compile(r'((?:[^":;]|"[^"]*")*)([:;]?)')


class Line(Struct, frozen=True):
    """One property: `NAME;PARAMETER=x:value`."""

    name: str
    parameters: dict[str, str]
    value: str


class Component(Struct):
    """What stands between BEGIN and END."""

    name: str
    lines: list[Line] = []
    parts: "list[Component]" = []

    def all(self, name: str) -> list[Line]:
        """The properties of that name."""
        return [line for line in self.lines if line.name == name]

    def value(self, name: str) -> str:
        """The value of the one property of that name."""
        (line,) = self.all(name)
        return line.value

    def of(self, name: str) -> "list[Component]":
        """The components of that name in it."""
        return [part for part in self.parts if part.name == name]


class Entry(Struct, frozen=True):
    """What a calendar shows of one UID."""

    starts_at: Moment
    ends_at: Moment
    place: str
    status: str


class Held(Struct, frozen=True):
    """The last that was heard of a UID."""

    sequence: int
    stamp: datetime
    entry: Entry | None
    """None: it was cancelled."""

    @property
    def revision(self) -> tuple[int, datetime]:
        """What decides which of two is newer (RFC 5546 section 2.1.5)."""
        return self.sequence, self.stamp


class Mailbox:
    """The calendar of one person."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.held: dict[str, Held] = {}
        self.seen: dict[str, bytes] = {}
        self.faults: list[str] = []
        """What no sender that keeps order would do: older news after newer ones, a withdrawal of what is not there."""

    def entries(self) -> dict[str, Entry]:
        """What the calendar shows."""
        return {uid: held.entry for uid, held in self.held.items() if held.entry is not None}

    def receive(self, content: bytes) -> None:
        """Take one mail; the same a second time says nothing new."""
        mail = cast("EmailMessage", email.message_from_bytes(content, policy=default))
        if (seen := self.seen.setdefault(mail["Message-ID"], content)) is not content:
            assert seen == content  # one Message-ID never stands for two mails
            return
        assert [address.addr_spec for address in mail["To"].addresses] == [self.address]
        for part in calendars_of(mail):
            self._take(part.get_param("method"), read_calendar(part.get_payload(decode=True)))

    def _take(self, method: object, calendar: Component) -> None:
        assert calendar.value("METHOD") == method  # RFC 6047 section 2.4
        for event in calendar.of("VEVENT"):
            (attendee,) = event.all("ATTENDEE")
            assert attendee.value == f"mailto:{self.address}"
            stamp = instant(event.all("DTSTAMP")[0], calendar)
            assert isinstance(stamp, datetime)
            entry = entry_of(event, calendar) if method == "REQUEST" else None
            self._hear(event.value("UID"), Held(int(event.value("SEQUENCE")), stamp, entry))

    def _hear(self, uid: str, news: Held) -> None:
        before = self.held.get(uid)
        if news == before:
            return  # the same in another mail, where nobody knows whether the first has arrived
        if news.entry is None and (before is None or before.entry is None):
            self.faults.append(f"a withdrawal of {uid}, which is not there")
        if before is not None and news.revision <= before.revision:
            self.faults.append(f"{news} came after {before}")
            return
        self.held[uid] = news


def calendars_of(mail: EmailMessage) -> list[EmailMessage]:
    """The calendars in a mail in their order; a copy for applications that only read attachments is the same bytes."""
    parts = [cast("EmailMessage", part) for part in mail.walk()]
    found = [part for part in parts if part.get_content_type() == "text/calendar"]
    told = [part.get_payload(decode=True) for part in found]
    assert all(part.get_payload(decode=True) in told for part in parts if part.get_content_type() == "application/ics")
    return found


def read_calendar(data: bytes) -> Component:
    """A calendar as a tree; every line is as RFC 5545 section 3.1 wants it."""
    assert data.endswith(b"\r\n")
    assert data.count(b"\n") == data.count(b"\r\n") == data.count(b"\r")
    assert max(map(len, data.split(b"\r\n"))) <= 75
    for line in data.split(b"\r\n"):
        line.decode("utf-8")  # no character is cut in two
    stack = [Component("")]
    for text in data.decode("utf-8").replace("\r\n ", "").replace("\r\n\t", "").split("\r\n")[:-1]:
        line = read_line(text)
        if line.name == "BEGIN":
            stack.append(Component(line.value, [], []))
        elif line.name == "END":
            done = stack.pop()
            assert done.name == line.value
            stack[-1].parts.append(done)
        else:
            stack[-1].lines.append(line)
    (calendar,) = stack[0].of("VCALENDAR")
    return calendar


def read_line(text: str) -> Line:
    """A content line: what is quoted separates nothing."""
    pieces: list[str] = []
    at = 0
    while True:
        found = _PART.match(text, at)
        assert found
        assert found[2], text
        pieces.append(found[1])
        at = found.end()
        if found[2] == ":":
            break
    parameters = dict(piece.split("=", 1) for piece in pieces[1:])
    return Line(pieces[0], {name: value.strip('"') for name, value in parameters.items()}, text[at:])


def plain(text: str) -> str:
    """What a text says (RFC 5545 section 3.3.11)."""
    return re.sub(r"\\([\\;,nN])", lambda found: "\n" if found[1] in "nN" else found[1], text)


def entry_of(event: Component, calendar: Component) -> Entry:
    """What an entry shows."""
    start, end = (next((instant(line, calendar) for line in event.all(name)), None) for name in ("DTSTART", "DTEND"))
    place = next((plain(line.value) for line in event.all("LOCATION")), "")
    return Entry(start, end, place, event.value("STATUS"))


def instant(line: Line, calendar: Component) -> Moment:
    """A time, in UTC; the zone is the one that the calendar brings along, whatever it is called."""
    if line.parameters.get("VALUE") == "DATE":
        return datetime.strptime(line.value, "%Y%m%d").replace(tzinfo=UTC).date()
    local = datetime.strptime(line.value.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007 - its zone follows
    if line.value.endswith("Z"):
        return local.replace(tzinfo=UTC)
    (zone,) = [zone for zone in calendar.of("VTIMEZONE") if zone.value("TZID") == line.parameters["TZID"]]
    return local.replace(tzinfo=_zone("\n".join(_written(zone)))).astimezone(UTC)


@cache
def _zone(text: str) -> tzical:
    return tzical(io.StringIO(text)).get()


def _written(component: Component) -> Iterator[str]:
    """A component as it was written, for the reader of zones."""
    yield f"BEGIN:{component.name}"
    for line in component.lines:
        yield ";".join([line.name, *(f"{name}={value}" for name, value in line.parameters.items())]) + f":{line.value}"
    for part in component.parts:
        yield from _written(part)
    yield f"END:{component.name}"
